#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# lint.sh ROOT PAGE...: the pages are clean roff, and name every event and every command.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 ROOT PAGE..." >&2; exit 2; }
root=$1
shift
status=0

# scdoc writes a paragraph macro more than is needed; the page looks the same.
remarks=$(mandoc -T lint -W warning "$@" 2>&1 | grep -v 'skipping paragraph macro') || true
[ -z "$remarks" ] || { echo "$remarks"; status=1; }

while read -r name id; do
    grep -A1 -F "*$name*" "$root/docs/man/certferryd.8.scd" | grep -q -F "$id" || {
        echo "certferryd.8.scd: event $name with MESSAGE_ID $id is missing"
        status=1
    }
done <<EOF
$(tr -d '\n' <"$root/src/base/event.c" |
    grep -oE 'EVENT\([A-Z_]+, *"[0-9a-f]{32}"' | sed -E 's/EVENT\(([A-Z_]+), *"([0-9a-f]+)"/\1 \2/')
EOF

commands=$(sed -nE 's/^    \{"([a-z -]+)", cf_tool_.*/\1/p' "$root/src/ctl/commands.c")
[ -n "$commands" ] || { echo "src/ctl/commands.c: no commands found"; status=1; }
while read -r command; do
    grep -qE "^\*$command( bash)?\*|, \*$command\*" "$root/docs/man/certferry.1.scd" || {
        echo "certferry.1.scd: command $command is missing"
        status=1
    }
done <<EOF
$commands
EOF
exit $status
