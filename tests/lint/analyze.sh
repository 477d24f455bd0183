#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# analyze.sh ROOT BUILD_DIR: gcc's -fanalyzer and clang-tidy over src.
#
# Prints the findings and nothing else; exits with 1 when there are any. `tests/run analyze` is how
# it is called; the list of clang-tidy's checks is in .clang-tidy.
set -euo pipefail

root=$(realpath "$1")
build=$2
mkdir -p "$build"
build=$(realpath "$build")

# configure NAME CMAKE-OPTION...
configure() {
    local name=$1
    shift
    cmake -S "$root" -B "$build/$name" -G Ninja -DCERTFERRY_TESTS=OFF "$@" >"$build/$name.log" 2>&1 ||
        { cat "$build/$name.log"; exit 1; }
}

# Not optimised: inlined and joined code makes the analyzer lose its way (gcc 12).
#
# -ftrivial-auto-var-init: locals that are set to zero hide what was forgotten.
# -Wno-analyzer-malloc-leak: gcc 12 forgets an allocation that is stored through a pointer it was
# given, as in `work[i].context = strdup(text)` (read_context in cloud/page_answer.c, get_record in
# store/op_ca.c, cf_loop_post in sys/loop.c). Leaks are looked for by the tests under ASan.
gcc_analyzer() {
    local last=(-fanalyzer -Werror -ftrivial-auto-var-init=uninitialized -Wno-analyzer-malloc-leak)

    configure gcc -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_COMPILE_OBJECT="<CMAKE_C_COMPILER> <DEFINES> <INCLUDES> <FLAGS> ${last[*]} -o <OBJECT> -c <SOURCE>"
    # Always from the start: a finding lies in a file that was not compiled.
    ninja -C "$build/gcc" -t clean >"$build/gcc.log"
    ninja -C "$build/gcc" -k 0 >"$build/gcc.log" 2>&1 && return
    grep -vE '^(\[[0-9]+/[0-9]+\] |ninja: |FAILED: |/usr/bin/)' "$build/gcc.log"
    return 1
}

clang_tidy() {
    configure clang -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug
    # The sources that a build makes are read too.
    ninja -C "$build/clang" --quiet src/store/migrations.c src/store/postgres_migrations.c

    # One file each time: clang-tidy 14 carries what it knows of a va_list into the next.
    find "$root/src" -name '*.c' -print0 | sort -z |
        xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build/clang" --quiet --warnings-as-errors='*' \
            2>"$build/clang-tidy.log" && return
    # What clang-tidy itself could not do.
    grep -vE '^([0-9]+ warnings? |Suppressed |Use -header-filter|$)' "$build/clang-tidy.log"
    return 1
}

status=0
gcc_analyzer || status=1
clang_tidy || status=1
exit "$status"
