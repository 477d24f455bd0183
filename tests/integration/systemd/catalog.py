#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""catalog.py SOURCE: systemd's own catalog holds a text for every event of the event table."""

import pathlib
import re
import subprocess
import sys
import tempfile


def journalctl(root, *words):
    done = subprocess.run(
        ["journalctl", f"--root={root}", "--no-pager", *words],
        capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr:
        sys.exit(f"journalctl {' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout


def events(source):
    """{name: MESSAGE_ID}, each of CF_EVENT_LIST."""
    names = re.findall(r"X\(([A-Z_]+)\)", (source / "include/certferry/log.h").read_text())
    text = (source / "src/base/event.c").read_text()
    found = dict(re.findall(r'EVENT\(([A-Z_]+),\s*"([0-9a-f]{32})"', text))
    if sorted(names) != sorted(found):
        sys.exit(f"log.h and event.c differ: {sorted(set(names) ^ set(found))}")
    return found


def main():
    source = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as root:
        folder = pathlib.Path(root) / "usr/lib/systemd/catalog"
        folder.mkdir(parents=True)
        catalog = (source / "systemd/certferry.catalog").read_bytes()
        (folder / "certferry.catalog").write_bytes(catalog)
        journalctl(root, "--update-catalog")
        listed = journalctl(root, "--list-catalog")
        wanted = events(source)
        for name, message_id in wanted.items():
            if message_id not in listed:
                sys.exit(f"{name}: {message_id} is not in the catalog")
            text = journalctl(root, "--dump-catalog", message_id)
            if "Subject:" not in text or len(text.splitlines()) < 5:
                sys.exit(f"{name}: no text:\n{text}")
        print(f"{len(wanted)} events, each with its text")


main()
