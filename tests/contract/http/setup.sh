#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Installs the npm packages of package-lock.json and prints the folder that holds node_modules.
# Does nothing when they are there. Exit status 77 when this machine has no npm.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
folder=${CERTFERRY_BUILD_ROOT:-$root/build}/node

if ! command -v npm >/dev/null 2>&1 || ! command -v node >/dev/null 2>&1; then
    echo "skipped: Prism and oidc-provider need npm and Node.js 18, which are not installed" >&2
    exit 77
fi
mkdir -p "$folder"
# Two tests may start at once; one of them installs, the other waits for it.
exec 9>"$folder/lock"
flock 9
# The copy of the lock file is written last: it marks an installation that is whole.
if ! cmp -s "$here/package-lock.json" "$folder/installed.json"; then
    rm -f "$folder/installed.json"
    cp "$here/package.json" "$here/package-lock.json" "$folder/"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 9>&-
    cp "$here/package-lock.json" "$folder/installed.json"
fi
cd "$folder" && pwd
