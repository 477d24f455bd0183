#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A CA as a program (docs/protocol/ca-exec.md): the openssl command, with a folder for its state.

    exec_ca.py FOLDER     ca.pem and ca.key are there; FOLDER/mode makes it misbehave:
                          down, refuse, hang, wait (pending until FOLDER/approved exists)
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import time


def openssl(*words, data=None):
    done = subprocess.run(["openssl", *map(str, words)], input=data, capture_output=True)
    if done.returncode != 0:
        sys.stderr.write(done.stderr.decode())
        sys.exit(3)
    return done.stdout


def submit(folder, csr):
    name = hashlib.sha256(csr).hexdigest()
    stored = folder / f"{name}.csr"
    stored.write_bytes(csr)
    with open(folder / "submits", "a", encoding="ascii") as file:
        file.write(f"{os.environ['CERTFERRY_CA_REQUEST_ID']} {name}\n")
    if (folder / "mode").exists() and (folder / "mode").read_text().strip() == "wait":
        print(f"1\n{name}")
        sys.exit(5)
    issue(folder, name)


def issue(folder, name):
    certificate = folder / f"{name}.pem"
    if not certificate.exists():
        serial = "0x4" + os.urandom(15).hex()
        made = openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem",
                       "-CAkey", folder / "ca.key", "-set_serial", serial, "-days", "300",
                       "-copy_extensions", "copyall")
        certificate.write_bytes(made)
    sys.stdout.buffer.write(certificate.read_bytes())
    sys.exit(0)


def poll(folder, name):
    if not (folder / "approved").exists():
        print(f"1\n{name}")
        sys.exit(5)
    issue(folder, name)


def revoke(folder, serial):
    record = folder / f"revoked-{serial}"
    if record.exists():
        sys.exit(7)
    record.touch()
    sys.exit(0)


def main():
    folder = pathlib.Path(sys.argv[1])
    mode = (folder / "mode").read_text().strip() if (folder / "mode").exists() else ""
    operation = os.environ["CERTFERRY_CA_OPERATION"]
    if mode == "down":
        sys.exit(3)
    if mode == "hang":
        time.sleep(600)
    if operation == "check":
        sys.exit(0)
    if operation == "submit":
        if mode == "refuse":
            sys.stderr.write("the requester is on leave\n")
            sys.exit(2)
        submit(folder, sys.stdin.buffer.read())
    if operation == "poll":
        poll(folder, os.environ["CERTFERRY_CA_COOKIE"])
    if operation == "revoke":
        revoke(folder, os.environ["CERTFERRY_CA_SERIAL"])
    sys.exit(6)


if __name__ == "__main__":
    main()
