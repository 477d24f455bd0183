# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every place where the daemon acts on the world, and at random instants.

strace kills the daemon as a thread of it enters its N-th call of one kind: before a sync of the store,
before a write of it, before a packet to or from the cloud, before the CRL gets its name. N walks through
a range for each kind of call; in between the clock decides. Every request must end exactly once.
"""

import collections
import random
import shutil
import sqlite3
import time

import pytest
import setups
from certlab import imports, orders, people
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certs import certificates_of_ca, files_with, issued_per_context, query, secret_numbers
from conftest import assert_all_issued
from killing import run_killed

REQUESTS = 200
# call: (the values of N, rounds in which it has to have killed at least)
CALLS = {
    "fdatasync": ([1, 2, 3, 4] * 5, 10),
    "pwrite64": (list(range(1, 48, 4)), 6),
    "sendto,write": ([1, 2, 3, 4, 6, 8, 10, 12, 14, 16], 5),
    "recvfrom,read": (list(range(1, 64, 9)), 3),
}
RENAME = "rename,renameat,renameat2"
RECEIVED, KEYED, WRAPPED, DELIVERED, REPORTED = 0, 2, 5, 6, 8
FINAL = (DELIVERED, REPORTED)


def states_on_disk(host):
    try:
        return {state for state, in query(host, "SELECT DISTINCT state FROM item WHERE kind = 0")}
    except sqlite3.OperationalError:
        return set()  # killed before there was a store


def check_ended_once(tenant, host, contexts):
    assert_all_issued(tenant, contexts)
    per_context = issued_per_context(host)
    assert {c: per_context.get(c) for c in contexts} == dict.fromkeys(contexts, 1)
    # The embedded CA issued nothing that nobody knows of.
    assert certificates_of_ca(host) == len(contexts)
    # The tenant has the last page a moment before the store has that it was taken.
    deadline = time.monotonic() + 30
    while states_on_disk(host) != {DELIVERED} and time.monotonic() < deadline:
        time.sleep(0.1)
    states = dict(query(host, "SELECT state, count(*) FROM item WHERE kind = 0 GROUP BY state"))
    assert states == {DELIVERED: len(contexts)}
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
    plan = [(call, number) for call, (numbers, _) in CALLS.items() for number in numbers]
    source.shuffle(plan)
    contexts, died, seen = [], collections.Counter(), set()

    for index, (call, number) in enumerate(plan):
        device = devices[index % len(devices)]
        if len(contexts) < REQUESTS:
            contexts += tenant.add_requests([device], per_device=5, key_sizes=(256, 256, 256, 2048))
        died[call] += run_killed(host, call, number)
        seen |= states_on_disk(host)
        if index % 3 == 2:
            host.start()
            time.sleep(source.uniform(0.01, 0.6))
            host.kill()
            seen |= states_on_disk(host)
    assert {call: died[call] for call, (_, least) in CALLS.items() if died[call] < least} == {}
    # It died in every state that is kept: none of them was an accident of one moment.
    assert seen >= {RECEIVED, KEYED, WRAPPED, DELIVERED}

    tenant.revocations.offer_seconds = 0.5  # a page that died with the daemon comes again soon
    # Retired while the daemon is being killed: each revocation is acknowledged, too.
    tenant.retire([device.id for device in devices[:3]])
    plan = [("fdatasync", 1), (RENAME, 1), ("fdatasync", 2), (RENAME, 2), ("fdatasync", 3), (RENAME, 1)]
    died = [call for call, number in plan if run_killed(host, call, number)]
    assert died.count("fdatasync") >= 2 and died.count(RENAME) >= 1

    host.start()
    assert tenant.wait_finished(120), host.log_tail()
    assert tenant.wait_revoked(60), host.log_tail()
    assert len(contexts) >= REQUESTS
    check_ended_once(tenant, host, contexts)
    check_nothing_readable(tenant, host, contexts)
    assert all(item["result"]["succeeded"] for item in tenant.revocations.items)
    revoked = host.revoked()
    assert {i["request"]["serialNumber"].upper() for i in tenant.revocations.items} == set(revoked)
    assert tenant.violations == []


def plan_kinds(tenant, public, device, second):
    """An import, and a certificate with a renewal and a copy for another device to follow."""
    upn = device.user["userPrincipalName"]
    store, _, _ = imports.make_pfx("Jörg", "chosen", size=256)
    item = imports.describe(upn, store, "chosen", public)
    [issued] = tenant.add_requests([device], key_sizes=(256,), kinds=("user",))
    imported = tenant.add_request(orders.make_import(second, item), item["thumbprint"].upper())
    return issued, imported


def follow(tenant, issued, device, second):
    thumbprint = tenant.work(issued).result["certificateThumbprint"]
    renewed = tenant.add_request(orders.make_request(
        device, "user", 256, "renew", certificateThumbprint=thumbprint))
    sealed = tenant.add_request(orders.make_request(
        second, "user", request_type="reencrypt", certificateThumbprint=thumbprint))
    return renewed, sealed


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_imports_renewals_and_copies_end_once_too(tenant, host):
    source = random.Random(21)
    host.config["cloud"].update(poll_wait="2s", revocation_interval="1s")
    setups.use_recovery(host)
    public = setups.use_import_key(host)
    device, second = tenant.add_devices(2, platforms=["agent"], key_size=256, with_user=True,
                                        user=people.make_user(11))
    plan = [(call, number) for call in ("fdatasync", "pwrite64", "sendto,write")
            for number in (1, 2, 3, 4, 6, 8)]
    source.shuffle(plan)
    issued, others, seen, died = [], [], set(), 0

    for call, number in plan:
        first, imported = plan_kinds(tenant, public, device, second)
        issued, others = issued + [first], others + [imported]
        done = [context for context in issued if tenant.work(context).result
                and tenant.work(context).result["status"] == "issued"]
        for context in done[:2]:
            others += follow(tenant, context, device, second)
        died += run_killed(host, call, number, seconds=1.5)
        seen |= set(query(host, "SELECT DISTINCT kind, state FROM item"))
    assert died >= len(plan) // 4
    host.start()
    assert tenant.wait_finished(120), host.log_tail()
    assert_all_issued(tenant, issued + others)
    # Each kind was on its way when it was cut off.
    assert {kind for kind, state in seen if state not in FINAL} >= {0, 2, 3}, seen

    renewals = [c for c in others if tenant.work(c).request["requestType"] == "renew"]
    assert renewals
    assert issued_per_context(host) == dict.fromkeys(issued + renewals, 1)
    assert certificates_of_ca(host) == len(issued + renewals)
    # Every certificate has its copy, and every renewal its predecessor.
    assert query(host, "SELECT count(*) FROM recovery") == [(len(issued + renewals),)]
    assert query(host, "SELECT count(*) FROM ledger WHERE renews_id > 0") == [(len(renewals),)]
    # The tenant has a result before the store knows that it has.
    assert tenant.wait(lambda _: query(host, "SELECT DISTINCT state FROM item") == [(DELIVERED,)],
                       30), host.log_tail()
    signer = host.signer()
    sealed = [c for c in others if tenant.work(c).request["requestType"] == "reencrypt"]
    for context in sealed:
        tenant.open(context, signer, host.ca_pem(), names=False, handshake=False)
    assert sealed and tenant.violations == []
