#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh SOURCE BUILD: installs BUILD into a systemd that runs as PID 1 of a container, and tests
# the service there as an administrator has it. The container's root is an overlay over this
# host's: nothing is fetched, and nothing is changed on the host.
set -euo pipefail

skip() {
    echo "SKIPPED: $1"
    exit 77
}

source=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
[ "$(id -u)" = 0 ] || skip "needs root"
command -v systemd-nspawn >/dev/null || skip "systemd-nspawn is missing (package systemd-container)"
unshare --mount true 2>/dev/null || skip "this root may not make a mount namespace"

# systemd-nspawn keeps its control groups under one name: one container at a time.
exec 9<"$(command -v systemd-nspawn)"
flock --timeout 100 9 || { echo "another container is in the way"; exit 1; }

name=certferry-test-$$
work=$(mktemp -d /tmp/$name.XXXXXX)
out=$(mktemp -d /tmp/$name-out.XXXXXX)

# The control groups that systemd-nspawn makes below ours and leaves; only when nobody is in them.
# shellcheck disable=SC2317 # by the trap
remove_cgroups() {
    local own group
    while read -r own; do
        for group in /sys/fs/cgroup{,/unified,/systemd}"${own%/}"/{payload,supervisor}; do
            [ -d "$group" ] || continue
            if [ -z "$(find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null)" ]; then
                find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
            fi
        done
    done < <(sed -n 's/^0:://p; s/^[0-9]*:name=systemd://p' /proc/self/cgroup | sort -u)
}

# shellcheck disable=SC2317
clean() {
    remove_cgroups
    rmdir "$work" "/run/systemd/nspawn/propagate/$name" 2>/dev/null || true
    rm -rf "$out" "/run/systemd/nspawn/unix-export/$name"
}
trap clean EXIT

# The mounts go with the namespace.
code=0
unshare --mount bash "$source/tests/integration/systemd/container.sh" \
    "$name" "$work" "$out" "$source" "$build" >"$out/console" 2>&1 9<&- || code=$?

if [ ! -e "$out/code" ]; then
    tr -d '\r' <"$out/console"
    echo "the tests did not come to their end (systemd-nspawn: $code)"
    exit 1
fi
cat "$out/report"
exit "$(cat "$out/code")"
