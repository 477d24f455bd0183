# SPDX-License-Identifier: Apache-2.0
"""kill -9 for both processes at random instants while devices enrol: each transaction ends with one
certificate, and nobody has two."""

import collections
import contextlib
import itertools
import random
import shutil
import signal
import threading
import time

import pytest
from certs import certificates_of_ca, query
from front import CHALLENGE
from killing import strace
from wire import http, pki
from wire.message import Wrong

ROUNDS, DEVICES, KEYS = 24, 6, 4


class Fleet:
    """Threads that enrol one device after another, each until it has its certificate."""

    def __init__(self, node, device):
        self.node, self.device = node, device
        self.keys = [pki.rsa_key() for _ in range(KEYS)]
        self.stop, self.numbers = threading.Event(), itertools.count()
        self.done, self.faults = {}, []  # {(transaction, name): DER}
        self.retries = collections.Counter()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(DEVICES)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def finish(self, timeout=120):
        self.stop.set()
        for thread in self._threads:
            thread.join(timeout)
            assert not thread.is_alive(), "a device never got its certificate"
        assert self.faults == []

    def _work(self):
        while not self.stop.is_set():
            number = next(self.numbers)
            try:
                self._enrol(f"crash-{number}", self.keys[number % KEYS])
            except BaseException as error:  # all of it is shown by finish()
                self.faults.append(repr(error))
                return

    def _enrol(self, name, key):
        device = self.node.device_like(self.device, key=key)
        request = device.pkcs_req(name, challenge=CHALLENGE)
        octets = request.build()
        answers = []
        deadline = time.monotonic() + 90
        while len(answers) < 2:  # the second one is a replay
            assert time.monotonic() < deadline, f"{name}: {self.retries}"
            reply = self._try(device, request, octets)
            if reply is None:
                time.sleep(0.05)
            elif reply.status == "PENDING":
                time.sleep(0.1)
            else:
                answers.append(reply.success().certificate.der)
        assert answers[0] == answers[1]
        self.done[request.transaction] = answers[0]

    def _try(self, device, request, octets):
        """None: nobody was there, or said to come again."""
        try:
            answer = device.exchange(octets)
        except (OSError, http.NoAnswer) as error:
            self.retries[type(error).__name__] += 1
            return None
        if answer.status == 503:
            assert int(answer.header("Retry-After")) >= 1
            self.retries[503] += 1
            return None
        if answer.status != 200:
            raise Wrong(f"HTTP {answer.status} {answer.body[:100]!r}")
        return device.judge(request, answer)


def run_rounds(source, node, fleet):
    for _ in range(ROUNDS):
        time.sleep(source.uniform(0.05, 0.5))
        victim = source.choice(["daemon", "front", "both"])
        if victim != "front":
            node.kill_daemon()
        if victim != "daemon":
            node.scepd.end(signal.SIGKILL)
        time.sleep(source.uniform(0.0, 0.2))
        if victim != "front":
            node.start_daemon()
        if victim != "daemon":
            node.scepd.start()
        assert fleet.faults == []


def run_killed(node, call, number, seconds=2.0):
    """A daemon that dies in its N-th call of a kind; true if it did."""
    node.kill_daemon()
    node.wrapper = strace(call, number)
    try:
        node.start_daemon(timeout=15)
    except RuntimeError:
        assert node.process.poll() is not None, node.log_tail()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and node.process.poll() is None:
        time.sleep(0.02)
    died = node.process.poll() is not None
    node.kill_daemon()
    node.wrapper = []
    node.start_daemon()
    return died


def check_ledger(node, fleet):
    rows = query(node, "SELECT context, count(*) FROM ledger WHERE context LIKE 'wifi/%' "
                       "GROUP BY context")
    assert len(rows) == len(fleet.done)
    assert {count for _, count in rows} == {1}
    others = query(node, "SELECT count(*) FROM ledger WHERE context NOT LIKE 'wifi/%'")[0][0]
    assert certificates_of_ca(node) == len(fleet.done) + others
    serials = [pki.Certificate.read(der).serial for der in fleet.done.values()]
    assert len(set(serials)) == len(serials)


def test_every_device_has_one_certificate_whoever_is_killed(nodes):
    node = nodes()
    node.start()
    bundle = node.server.get("/scep/wifi", "GetCACert").body
    fleet = Fleet(node, node.device("wifi"))
    fleet.start()
    with contextlib.ExitStack() as stack:
        stack.callback(fleet.stop.set)
        run_rounds(random.Random(31), node, fleet)
    fleet.finish()
    assert len(fleet.done) >= ROUNDS
    assert fleet.retries, "nobody was ever away"
    check_ledger(node, fleet)
    # The registration authority did not get new keys by dying.
    assert node.server.get("/scep/wifi", "GetCACert").body == bundle
    assert node.stop() == 0


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_there_is_no_place_where_dying_makes_a_second_certificate(nodes):
    """Before a sync, before a write of the store, before an answer to the front door."""
    node = nodes()
    node.start()
    fleet = Fleet(node, node.device("wifi"))
    fleet.start()
    died = 0
    with contextlib.ExitStack() as stack:
        stack.callback(fleet.stop.set)
        for call, numbers in (("fdatasync", range(1, 13)), ("pwrite64", range(1, 40, 7)),
                              ("sendto,write", range(1, 30, 5))):
            for number in numbers:
                died += run_killed(node, call, number)
                assert fleet.faults == []
    fleet.finish()
    assert died >= 12
    check_ledger(node, fleet)
    assert node.stop() == 0
