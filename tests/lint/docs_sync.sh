#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Files that are generated from tables are as the tables say.
# docs_sync.sh [--write] BUILD_DIR compares them with what certferry-docgen of that build writes;
# --write replaces them.
set -eu

usage() {
    echo "usage: $0 [--write] BUILD_DIR" >&2
    exit 2
}

write=no
if [ "${1:-}" = --write ]; then
    write=yes
    shift
fi
[ $# -eq 1 ] || usage
docgen=$1/src/config/certferry-docgen
[ -x "$docgen" ] || { echo "$docgen is missing: build the target certferry-docgen" >&2; exit 2; }

# Another tree can be named for the self-test.
root=${DOCS_SYNC_ROOT:-$(dirname "$(readlink -f "$0")")/../..}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
differ=0

# sync FILE: FILE of the tree against $work/new
sync() {
    if [ "$write" = yes ]; then
        cmp -s "$work/new" "$root/$1" || { cp "$work/new" "$root/$1"; echo "$1: written"; }
    elif ! diff -u "$root/$1" "$work/new" >"$work/diff" 2>&1; then
        head -n 40 "$work/diff"
        echo "$1: differs; run tests/lint/docs_sync.sh --write BUILD_DIR"
        differ=1
    fi
}

"$docgen" conf >"$work/new"
sync conf/certferry.conf
"$docgen" catalog >"$work/new"
sync systemd/certferry.catalog
"$docgen" states >"$work/new"
sync docs/states.dot

# The page is written by hand around the generated part.
page=docs/man/certferry.conf.5.scd
"$docgen" options >"$work/options"
awk -v options="$work/options" '
    /^; BEGIN GENERATED/ {
        print
        print ""
        while ((getline line < options) > 0) print line
        inside = 1
        n++
    }
    /^; END GENERATED/ { inside = 0; n++ }
    !inside { print }
    END { exit n != 2 }
' "$root/$page" >"$work/new" || { echo "$page: its two marker lines are not there"; exit 1; }
sync "$page"
exit "$differ"
