# SPDX-License-Identifier: Apache-2.0
"""Millions of random bytes: memory stays what it was, and other devices are served."""

import os
import pathlib
import random
import signal
import threading
import time

import pytest
from front import CHALLENGE
from host import BUILD
from wire import asn1, http, message

SECONDS = 5
SANITIZED = any(mark in (BUILD / "src/scepd/certferry-scepd").read_bytes()
                for mark in (b"__asan_init", b"__tsan_init")) \
    if (BUILD / "src/scepd/certferry-scepd").exists() else False
MEBI = 1024 * 1024


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no such process")


class Flood:
    """Threads from another address that send what nobody can read, as fast as it is taken."""

    def __init__(self, port, makers, seed=1):
        self.server = http.Server(port, source="127.0.0.2", timeout=1)
        self.makers, self.source = makers, random.Random(seed)
        self.sent, self.statuses, self.stop = 0, {}, threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(12)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self._threads:
            thread.join(20)

    def _work(self):
        while not self.stop.is_set():
            data = self.source.choice(self.makers)()
            try:
                status = self.server.raw(data).status
            except (OSError, http.NoAnswer, ValueError, IndexError):
                status = None
            with self._lock:
                self.sent += len(data)
                self.statuses[status] = self.statuses.get(status, 0) + 1


def noise():
    return os.urandom(random.choice([10, 1000, 20000, 100000]))


def posted():
    return http.build("POST", "/scep/wifi?operation=PKIOperation",
                      os.urandom(random.choice([1, 4000, 60000, 250000, 400000])))


def almost_cms():
    """Bytes that begin like a message."""
    return http.build("POST", "/scep/wifi?operation=PKIOperation", asn1.sequence(
        asn1.oid("1.2.840.113549.1.7.2"), asn1.context(0, asn1.sequence(os.urandom(20000)))))


def queried():
    return http.build("GET", "/scep/wifi?operation=PKIOperation&message=" + http.encode_query(
        os.urandom(random.choice([100, 9000, 40000]))))


def wrong_path():
    return http.build("GET", "/" + os.urandom(500).hex())


def spoiled(request, octets):
    """A good message with a few octets changed; it is answered as bad as it is."""
    def make():
        data = bytearray(octets)
        for _ in range(random.choice([1, 3, 30])):
            data[random.randrange(len(data))] = random.randrange(256)
        return http.build("POST", "/scep/wifi?operation=PKIOperation", bytes(data))
    return make


@pytest.fixture
def node(nodes):
    made = nodes(max_connections="256", request_timeout="5s")
    made.start()
    return made


def test_a_flood_of_garbage_changes_nothing(node):
    device = node.device("wifi")
    request = device.pkcs_req("flood", challenge="wrong")
    makers = [noise, posted, almost_cms, queried, wrong_path, spoiled(request, request.build())]
    with Flood(node.port, makers) as flood:
        time.sleep(2)
        before, begin, sent = resident(node.scepd.process.pid), time.monotonic(), flood.sent
        served = 0
        while time.monotonic() < begin + SECONDS or flood.sent < sent + SECONDS * 1e6:
            device.enrol(f"beside-{served}", CHALLENGE).success()
            served += 1
        after = resident(node.scepd.process.pid)
    assert served >= 3
    assert 500 not in flood.statuses, flood.statuses
    assert set(flood.statuses) <= {None, 200, 400, 404, 405, 408, 413, 414, 431, 503, 505}, \
        flood.statuses
    if not SANITIZED:
        assert after < before + 8 * MEBI, f"{before / MEBI:.1f} to {after / MEBI:.1f} MiB"
    device.enrol("after", CHALLENGE).success()


def test_a_million_ways_to_spoil_a_message(node):
    """Each changed octet gets an answer that is no success of another request."""
    source = random.Random(7)
    device = node.device("wifi")
    request = device.pkcs_req("spoiled", challenge=CHALLENGE)
    octets = request.build()
    seen = set()
    for _ in range(400):
        data = bytearray(octets)
        at = source.randrange(len(data))
        data[at] ^= 1 << source.randrange(8)
        answer = device.exchange(bytes(data))
        seen.add(answer.status)
        assert answer.status in (200, 400), (at, answer.status)
        if answer.status == 200 and answer.content_type == "application/x-pki-message":
            try:
                reply = message.read_reply(answer.body, request.change(nonce=None), device.bundle,
                                           mirror_digest=False, mirror_cipher=False)
            except message.Wrong:
                continue  # an attribute that is given back was changed
            if reply.status == "SUCCESS":
                # What is not covered by the signature, such as the order of certificates.
                assert reply.certificate.x509.subject.rfc4514_string() == "CN=spoiled"
    assert seen == {200, 400}


def test_one_address_does_not_take_all_connections(nodes):
    node = nodes(max_connections="64", max_per_address="8", request_timeout="30s")
    node.start()
    device = node.device("wifi")
    greedy, held = http.Server(node.port, source="127.0.0.2", timeout=5), []
    try:
        for _ in range(100):
            try:
                held.append(greedy.connect())
                held[-1].sendall(b"GET /scep/wifi?operation=GetCACaps HTTP/1.1\r\n")
            except OSError:
                continue
        for number in range(3):
            device.enrol(f"beside-{number}", CHALLENGE).success()
    finally:
        for connection in held:
            connection.close()


def test_more_requests_than_may_wait_are_told_to_come_again(nodes):
    node = nodes(max_waiting="2")
    node.start()
    device = node.device("wifi")
    messages = [device.pkcs_req(f"crowd-{number}", challenge=CHALLENGE) for number in range(8)]
    answers = {}

    def send(request, octets):
        answers[request.transaction] = device.exchange(octets)

    threads = [threading.Thread(target=send, args=(one, one.build())) for one in messages]
    node.process.send_signal(signal.SIGSTOP)  # those that were let in have to wait
    try:
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while len(answers) < len(messages) - 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        node.process.send_signal(signal.SIGCONT)
    for thread in threads:
        thread.join(60)
    away = [one for one in messages if answers[one.transaction].status == 503]
    assert len(away) == len(messages) - 2
    assert all(int(answers[one.transaction].header("Retry-After")) >= 1 for one in away)
    for one in messages:
        if one not in away:
            device.judge(one, answers[one.transaction]).success()
    for one in away:
        device.send(one).success()
