# SPDX-License-Identifier: Apache-2.0
"""A daemon that strace kills at the n-th call of a kind."""

import time


def strace(call, number):
    return [
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
        "-e", f"inject={call}:signal=SIGKILL:when={number}",
    ]


def run_killed(host, call, number, seconds=2.5):
    """Starts the daemon, which may be dead before it is ready; true if the call was its end."""
    host.wrapper = strace(call, number)
    try:
        host.start(timeout=15)
    except RuntimeError:
        assert host.process.poll() is not None, host.log_tail()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and host.process.poll() is None:
        time.sleep(0.02)
    died = host.process.poll() is not None
    host.kill()
    host.wrapper = []
    return died
