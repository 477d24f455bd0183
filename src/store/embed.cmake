# SPDX-License-Identifier: Apache-2.0
# cmake -D OUT=FILE -D DIR=migrations -D NAME=CF -D NUMBERS=0001,0002,0003 -P embed.cmake
# Writes the migrations as C strings, in order.
string(REPLACE "," ";" numbers "${NUMBERS}")
set(rows "")
foreach(number ${numbers})
    file(READ "${DIR}/${number}.sql" text)
    string(REPLACE "\\" "\\\\" text "${text}")
    string(REPLACE "\"" "\\\"" text "${text}")
    string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
    string(REGEX REPLACE "^0+" "" version "${number}")
    string(APPEND rows "    {${version},\n     \"${text}\"},\n")
endforeach()
file(WRITE "${OUT}"
    "/* Written by embed.cmake. */\n#include \"migrate.h\"\n\n"
    "const struct cf_migration ${NAME}_MIGRATIONS[] = {\n${rows}};\n"
    "const size_t ${NAME}_N_MIGRATIONS =\n"
    "    sizeof ${NAME}_MIGRATIONS / sizeof ${NAME}_MIGRATIONS[0];\n")
