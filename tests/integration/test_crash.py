# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every place where the daemon acts on the world, and at random instants.

strace kills the daemon as it enters the N-th call of one kind: before each sync of the store, before each
write of it, before each packet to the cloud, before each rename of the CRL. N walks through all of
them over the rounds; between these rounds the clock decides. Every request must end exactly once.
"""

import random
import shutil
import time

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certs import certificates_of_ca, files_with, issued_per_context, query, secret_numbers
from conftest import assert_all_issued

REQUESTS = 200
CALLS = ["fdatasync", "pwrite64", "sendto,write", "renameat,rename,renameat2", "recvfrom,read"]


def strace(call, number):
    return [
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
        "-e", f"inject={call}:signal=SIGKILL:when={number}",
    ]


def start_killed(host, wrapper):
    """Starts the daemon; it may be dead before it is ready, which is the point."""
    host.wrapper = wrapper
    try:
        host.start(timeout=15)
    except RuntimeError:
        host.kill()


def wait_dead_or(host, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and host.process and host.process.poll() is None:
        time.sleep(0.02)
    host.kill()


def check_ended_once(tenant, host, contexts):
    assert_all_issued(tenant, contexts)
    per_context = issued_per_context(host)
    assert {c: per_context.get(c) for c in contexts} == dict.fromkeys(contexts, 1)
    # The embedded CA issued nothing that nobody knows of.
    assert certificates_of_ca(host) == len(contexts)
    states = dict(query(host, "SELECT state, count(*) FROM item WHERE kind = 0 GROUP BY state"))
    assert states == {6: len(contexts)}
    assert query(host, "SELECT count(*) FROM item WHERE sealed_key IS NOT NULL") == [(0,)]


def check_nothing_readable(tenant, host, contexts):
    signer = host.signer()
    for context in contexts[:: max(1, len(contexts) // 40)]:
        seen = []
        tenant.open(context, signer, host.ca_pem(), handshake=False, witness=seen.append)
        numbers = secret_numbers(load_pem_private_key(seen[0], None))
        assert files_with(host.directory, numbers) == []


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_every_request_ends_once_whenever_the_daemon_is_killed(tenant, host):
    source = random.Random(20)
    host.config["cloud"].update(poll_wait="2s", revocation_interval="1s")
    tenant.add_devices(10)
    devices = list(tenant.fleet.devices.values())
    contexts, kills, rounds = [], 0, 0

    while len(contexts) < REQUESTS or rounds < 60:
        device = devices[rounds % len(devices)]
        if len(contexts) < REQUESTS:
            contexts += tenant.add_requests([device], per_device=4, key_sizes=(256, 256, 256, 2048))
        if rounds % 4 == 3:
            host.wrapper = []
            host.start()
            time.sleep(source.uniform(0.01, 0.6))
            host.kill()
        else:
            call = CALLS[rounds % len(CALLS)]
            start_killed(host, strace(call, 1 + (rounds * 7) % 60))
            wait_dead_or(host, 1.5)
        kills += 1
        rounds += 1

    # Retired while the daemon is being killed: each revocation is acknowledged, too.
    tenant.retire([device.id for device in devices[:3]])
    for round_number in range(6):
        start_killed(host, strace("fdatasync", 2 + round_number))
        wait_dead_or(host, 1.5)
        kills += 1

    host.wrapper = []
    host.start()
    assert tenant.wait_finished(120), host.log_tail()
    assert tenant.wait_revoked(60), host.log_tail()
    assert len(contexts) >= REQUESTS and kills >= 66
    check_ended_once(tenant, host, contexts)
    check_nothing_readable(tenant, host, contexts)
    assert all(item["result"]["succeeded"] for item in tenant.revocations.items)
    revoked = host.revoked()
    assert {i["request"]["serialNumber"].upper() for i in tenant.revocations.items} == set(revoked)
    assert tenant.violations == []
