#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# container.sh NAME WORK OUT SOURCE BUILD: the part of run.sh that has its own mount namespace.
set -euo pipefail

name=$1 work=$2 out=$3 source=$4 build=$5

mount -t tmpfs -o size=1g tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" "$work/root"
root=$work/root

# None of the host's services, and no trace of a certferry of its own.
rm -rf "$root"/etc/systemd/system/*.wants "$root"/etc/rc?.d/* "$root"/etc/credstore* \
    "$root"/etc/systemd/system/certferry* "$root"/etc/certferry "$root"/var/lib/certferry \
    "$root"/var/log/journal
for file in passwd shadow group gshadow; do
    sed -i '/^certferry:/d' "$root/etc/$file"
done
rm -f "$root/etc/machine-id"
touch "$root/etc/machine-id"

# The tests do this themselves, as one does after an installation.
ln -s /dev/null "$root/etc/systemd/system/systemd-sysusers.service"

DESTDIR=$root cmake --install "$build" >"$out/install"
cp "$source/tests/integration/systemd/certferry-test.service" "$root/etc/systemd/system/"
mkdir "$root/source" "$root/out"

# --register=no --keep-unit: this host need not have been booted with systemd. Containers may not
# lock memory by default; a host's services may.
timeout --kill-after=5 100 systemd-nspawn --quiet --directory="$root" --machine="$name" \
    --register=no --keep-unit --private-network --system-call-filter=@memlock \
    --bind-ro="$source:/source" --bind="$out:/out" \
    --boot -- --unit=certferry-test.service --log-level=warning --show-status=false </dev/null
