# SPDX-License-Identifier: Apache-2.0
"""The load: messages that are made before the clock runs, threads that send them, replies that are
judged when it has stopped."""

import concurrent.futures
import multiprocessing
import pathlib
import subprocess
import threading
import time

from wire import http, pki
from wire.message import Request, Wrong, read_reply

BATCH = 50


def _make(arguments):
    """A batch of requests with their octets; runs in a process of its own."""
    key_pem, signer, recipient, challenge, names = arguments
    key = pki.serialization.load_pem_private_key(key_pem, None)
    made = []
    for name in names:
        csr = pki.csr(key, pki.common_name(name), challenge=challenge)
        request = Request(csr, None, signer, pki.Certificate.read(recipient))
        request.key = key
        octets = request.build()
        request.key = None  # a key does not travel between processes
        made.append((request, octets))
    return made


class Messages:
    """count requests for one device key, made with all processors."""

    def __init__(self, device, challenge, count, prefix):
        self.device = device
        signer = pki.certificate(device.key, pki.common_name("bench"))
        names = [f"{prefix}-{number}" for number in range(count)]
        batches = [(pki.key_pem(device.key), signer, device.recipient.der, challenge,
                    names[at:at + BATCH]) for at in range(0, count, BATCH)]
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(mp_context=context) as pool:
            self.made = [one for batch in pool.map(_make, batches) for one in batch]


class Run:
    """What came of sending messages at one concurrency: seconds in all, seconds of each, and the
    serial numbers."""

    def __init__(self, messages, concurrency):
        self.device, self.answers = messages.device, []
        self._todo = iter(messages.made)
        self._lock, self._failed = threading.Lock(), []
        threads = [threading.Thread(target=self._work) for _ in range(concurrency)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.wall = time.monotonic() - begin
        if self._failed:
            raise self._failed[0]

    def _work(self):
        server, path = self.device.server, self.device.path
        while not self._failed:
            with self._lock:
                request, octets = next(self._todo, (None, None))
            if request is None:
                return
            try:
                begin = time.monotonic()
                answer = server.post(path, octets)
                while answer.status == 503:
                    time.sleep(0.01)
                    answer = server.post(path, octets)
                self.answers.append((request, answer, time.monotonic() - begin))
            except (OSError, http.NoAnswer) as error:
                self._failed.append(error)

    @property
    def rate(self):
        return len(self.answers) / self.wall

    def percentile(self, share):
        ordered = sorted(seconds for _, _, seconds in self.answers)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def serials(self, strict):
        """Each reply is opened; the serial numbers of those with a certificate."""
        found = []
        for request, answer, _ in self.answers:
            request.key = self.device.key
            if answer.status != 200:
                raise Wrong(f"HTTP {answer.status} {answer.body[:200]!r}")
            reply = read_reply(answer.body, request, self.device.bundle, strict=strict)
            if reply.status == "SUCCESS":
                found.append(reply.certificate.serial_number)
        return found


class ScepServer:
    """Debian's micromdm scepserver with an own CA."""

    def __init__(self, folder, challenge):
        depot = pathlib.Path(folder) / "depot"
        subprocess.run(["scepserver", "ca", "-init", "-keySize", "2048", "-depot", depot],
                       check=True, capture_output=True)
        self.server = http.Server(http.free_port())
        with open(pathlib.Path(folder) / "scepserver.log", "wb") as log:
            self.process = subprocess.Popen(
                ["scepserver", "-depot", depot, "-port", str(self.server.port), "-challenge",
                 challenge, "-allowrenew", "0"], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not self.server.is_up():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("scepserver did not start")
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
