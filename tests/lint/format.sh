#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All C is as clang-format writes it with the tree's .clang-format.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 ROOT" >&2; exit 2; }
[ -f "$1/.clang-format" ] || { echo ".clang-format is missing"; exit 1; }
here=$(dirname "$(readlink -f "$0")")
"${PYTHON3:-/usr/bin/python3}" "$here/tree.py" "$1" c |
    xargs -0 --no-run-if-empty clang-format --dry-run -Werror --style=file
