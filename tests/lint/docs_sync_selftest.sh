#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs_sync.sh can fail: a changed copy of each generated file is noticed, and --write mends it.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 BUILD_DIR" >&2; exit 2; }

here=$(dirname "$(readlink -f "$0")")
DOCS_SYNC_ROOT=$(mktemp -d)
export DOCS_SYNC_ROOT
trap 'rm -rf "$DOCS_SYNC_ROOT"' EXIT
files="conf/certferry.conf systemd/certferry.catalog docs/states.dot docs/man/certferry.conf.5.scd"
for file in $files; do
    mkdir -p "$DOCS_SYNC_ROOT/$(dirname "$file")"
    cp "$here/../../$file" "$DOCS_SYNC_ROOT/$file"
done

"$here/docs_sync.sh" --write "$1"
for file in $files; do
    case $file in
    *.scd) sed -i '/BEGIN GENERATED/a changed' "$DOCS_SYNC_ROOT/$file" ;;
    *) echo changed >>"$DOCS_SYNC_ROOT/$file" ;;
    esac
    if "$here/docs_sync.sh" "$1" >/dev/null; then
        echo "a change of $file is not noticed"
        exit 1
    fi
    "$here/docs_sync.sh" --write "$1" >/dev/null
    if ! "$here/docs_sync.sh" "$1"; then
        echo "--write does not mend $file"
        exit 1
    fi
done
