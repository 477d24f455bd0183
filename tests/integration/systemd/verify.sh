#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# verify.sh DIR: systemd has nothing to say about the units in DIR. A word about an unknown key
# leaves its exit status at 0, so every word counts.
set -euo pipefail

units=("$1"/certferry*.service "$1/certferry-scepd.socket")
[ ${#units[@]} = 4 ]

said=$(systemd-analyze verify --man=no --recursive-errors=no "${units[@]}" 2>&1) || { echo "$said"; exit 1; }
if grep -i certferry <<<"$said"; then
    exit 1
fi

# What that check would not notice.
for file in "${units[@]}"; do
    if grep -n '@[A-Z_]*@' "$file"; then
        echo "$file: a name of CMake was left in it"
        exit 1
    fi
done
