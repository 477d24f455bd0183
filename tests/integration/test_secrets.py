# SPDX-License-Identifier: Apache-2.0
"""Guarantee 5, attacked from outside: what root finds in the memory and the files of a daemon that
has done its work, and what it says when a check is turned off."""

import os
import pathlib
import re
import time

import pytest
from certlab import pfx
from certs import files_with, query, secret_numbers
from conftest import assert_all_issued
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from host import BUILD

# Sanitizers bring an allocator of their own, which does not wipe.
WIPES = b"__asan_init" not in (BUILD / "src/daemon/certferryd").read_bytes() \
    and b"__tsan_init" not in (BUILD / "src/daemon/certferryd").read_bytes()


def mappings(pid):
    """(begin, end, flags) of what can be read."""
    head = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)")
    begin = end = None
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        found = head.match(line)
        if found:
            begin, end = int(found[1], 16), int(found[2], 16)
            readable = "r" in found[3] and found[4] not in ("[vvar]", "[vsyscall]")
        elif line.startswith("VmFlags:") and readable:
            yield begin, end, line.split()[1:]


def places(pid, needles):
    """The flags of each mapping that holds one of the byte strings."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for begin, end, flags in mappings(pid):
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except OSError:
                continue
            found += [flags for needle in needles if needle in data]
    return found


def both_ways(numbers):
    """As written and as OpenSSL keeps them."""
    return [form for number in numbers for form in (number, number[::-1])]


@pytest.mark.skipif(os.geteuid() != 0, reason="reads the memory of another process")
@pytest.mark.skipif(not WIPES, reason="a sanitizer's allocator does not wipe")
def test_nothing_secret_of_a_device_is_left_in_memory_or_on_disk(tenant, host, monkeypatch):
    passwords, keys = [], []
    inspect = pfx.inspect

    def witness(store, password, *rest):
        passwords.append(password.encode())
        return inspect(store, password, *rest)

    monkeypatch.setattr(pfx, "inspect", witness)
    tenant.add_devices(10)
    contexts = tenant.add_requests(per_device=2, key_sizes=(2048, 256))
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    time.sleep(1)  # the upload's own buffers
    signer = host.signer()
    for context in contexts:
        tenant.open(context, signer, host.ca_pem(), handshake=False,
                    witness=lambda pem: keys.extend(
                        both_ways(secret_numbers(load_pem_private_key(pem, None)))))
    assert len(passwords) == len(contexts) and len(keys) >= 2 * len(contexts)
    pid = host.process.pid
    assert places(pid, keys) == []
    assert places(pid, passwords) == []
    assert files_with(host.directory, keys + passwords) == []
    assert query(host, "SELECT count(*) FROM item WHERE sealed_key IS NOT NULL") == [(0,)]

    # What stays for as long as the daemon runs is locked and kept out of dumps.
    for path, kept in (("store-key", True), ("client-secret", False)):
        secret = (host.credentials / path).read_bytes().strip()
        found = places(pid, [secret])
        assert bool(found) == kept, path
        assert all({"lo", "dd"} <= set(flags) for flags in found), path
    number = load_pem_private_key((host.credentials / "ca-corp-key").read_bytes(), None)
    exponent = secret_numbers(number)[2]
    found = places(pid, both_ways([exponent]))
    assert found and all({"lo", "dd"} <= set(flags) for flags in found)


def test_a_check_that_is_turned_off_is_said_at_every_start(tenant, host):
    host.config["recipient"] = {"check": "no"}
    for starts in (1, 2):
        host.start()
        warnings = [line for line in host.log().splitlines() if "[recipient] check" in line]
        assert len(warnings) == starts, host.log_tail()
        assert all(line.startswith("<4>") for line in warnings)
        assert host.stop() == 0
