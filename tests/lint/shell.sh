#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All shell scripts pass shellcheck.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 ROOT" >&2; exit 2; }
here=$(dirname "$(readlink -f "$0")")
"${PYTHON3:-/usr/bin/python3}" "$here/tree.py" "$1" shell |
    xargs -0 --no-run-if-empty shellcheck --external-sources
