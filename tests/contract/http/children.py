# SPDX-License-Identifier: Apache-2.0
"""Programs of Node.js that run beside a test, and what they wrote."""

import os
import pathlib
import socket
import subprocess
import time

NODE_DIR = pathlib.Path(os.environ.get("CERTFERRY_NODE_DIR", "build/node"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """`node SCRIPT WORDS...`; stdout and stderr go to one file."""

    def __init__(self, log_path, script, *words, port, environment=None):
        self.log_path, self.port = pathlib.Path(log_path), port
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["node", str(script), *map(str, words)], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})},
            )
        try:
            self._wait_listening()
        except Exception:
            self.close()
            raise

    def _wait_listening(self, timeout=30.0):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{self.process.args} does not listen:\n{self.log()}")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
