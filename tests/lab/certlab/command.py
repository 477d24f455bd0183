# SPDX-License-Identifier: Apache-2.0
"""The openssl command, run so that passwords and keys stay out of arguments and lasting files."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile


class Refused(Exception):
    """A device does not accept what it got; the text says which check failed."""


@contextlib.contextmanager
def private_folder():
    """A folder of mode 0700, in memory where the system offers that, gone afterwards."""
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    path = pathlib.Path(tempfile.mkdtemp(prefix="certlab-", dir=base))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def openssl(*arguments, data=b"", password=None, what):
    """Standard output and error of a successful run; Refused names `what` otherwise.

    `password` is handed over by a pipe as -passin fd:N.
    """
    command, pipes = ["openssl", *map(str, arguments)], ()
    if password is not None:
        reader, writer = os.pipe()
        os.write(writer, password.encode() + b"\n")
        os.close(writer)
        command += ["-passin", f"fd:{reader}"]
        pipes = (reader,)
    try:
        run = subprocess.run(
            command, input=data, capture_output=True, pass_fds=pipes, timeout=60, check=False
        )
    finally:
        for descriptor in pipes:
            os.close(descriptor)
    if run.returncode != 0:
        reason = run.stderr.decode("utf-8", "replace").strip().splitlines()[-2:]
        raise Refused(f"{what}: {' / '.join(reason) or 'openssl failed'}")
    return run.stdout, run.stderr.decode("utf-8", "replace")
