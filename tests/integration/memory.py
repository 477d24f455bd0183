# SPDX-License-Identifier: Apache-2.0
"""What root finds in the memory of a process."""

import os
import pathlib
import re

import pytest
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


def only_locked(pid, needles):
    """True when each of them is there, and where it is neither swapped nor dumped."""
    return all(found and all({"lo", "dd"} <= set(flags) for flags in found)
               for found in (places(pid, [needle]) for needle in needles))


def readable(test):
    """Mark of a test that looks into the daemon's memory."""
    test = pytest.mark.skipif(os.geteuid() != 0, reason="reads the memory of another process")(test)
    return pytest.mark.skipif(not WIPES, reason="a sanitizer's allocator does not wipe")(test)
