# SPDX-License-Identifier: Apache-2.0
# cmake -D OUT=FILE -D DIR=migrations -D NUMBERS=0001,0002,0003 -P embed.cmake
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
    "const struct cf_migration CF_MIGRATIONS[] = {\n${rows}};\n"
    "const size_t CF_N_MIGRATIONS = sizeof CF_MIGRATIONS / sizeof CF_MIGRATIONS[0];\n")
