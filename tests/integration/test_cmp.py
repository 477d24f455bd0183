# SPDX-License-Identifier: Apache-2.0
"""A CA that is spoken to with CMP: the lab's peer."""

import os
import pathlib
import shutil
import subprocess
import time

import pytest

from certs import issued_per_context
from conftest import assert_all_issued
from memory import only_locked, readable

BUILD = pathlib.Path(os.environ.get("CERTFERRY_BUILD_DIR", "build"))
PROGRAM = BUILD / "tests/lab/cmp/certferry-cmp-peer"


class Peer:
    def __init__(self, folder):
        self.folder, self.process = folder, None

    def start(self):
        """Its port."""
        self.process = subprocess.Popen([PROGRAM, self.folder], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not (self.folder / "port").exists():
            assert time.monotonic() < deadline and self.process.poll() is None
            time.sleep(0.01)
        return int((self.folder / "port").read_text())

    def stop(self):
        self.process.kill()
        self.process.wait()

    def mode(self, text):
        new = self.folder / "mode.new"
        new.write_text(text + "\n")
        new.rename(self.folder / "mode")

    def log(self):
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def peer(host):
    folder = host.directory / "cmp-ca"
    folder.mkdir()
    shutil.copy(host.ca_path, folder / "ca.pem")
    shutil.copy(host.credentials / "ca-corp-key", folder / "ca.key")
    (folder / "secret").write_text("a secret shared\n")
    (folder / "secret").chmod(0o600)
    made = Peer(folder)
    port = made.start()
    old = host.config["ca corp"]
    host.config["ca corp"] = {
        "backend": "cmp", "host": old["host"], "name": old["name"], "templates": old["templates"],
        "url": f"http://127.0.0.1:{port}/cmp", "reference": "certferry",
        "secret_file": folder / "secret", "chain_file": host.ca_path, "timeout": "5s",
        "breaker_min": "100ms", "breaker_max": "1s",
    }
    yield made
    made.stop()


@pytest.mark.parametrize("request_kind", ["p10cr", "cr", "ir"])
def test_the_main_job_and_revocation(tenant, host, peer, request_kind):
    host.config["ca corp"]["request"] = request_kind
    devices = tenant.add_devices(4)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    for context in contexts:
        tenant.open(context, host.signer(), host.ca_pem())
    tenant.retire([devices[0].id])
    assert tenant.wait_revoked(20), host.log_tail()
    assert len(list(peer.folder.glob("revoked-*"))) == 1
    assert peer.log().count("issued") == len(contexts)


def test_a_transaction_goes_on_after_a_restart(tenant, host, peer):
    # Long enough that no poll is under way at the kill: its lost answer would end the transaction.
    peer.mode("wait 60")
    tenant.add_devices(2)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait(
        lambda _: len(host.ask("requests", "--state", "submitted")["requests"]) == len(contexts), 20
    ), host.log_tail()
    host.kill()
    peer.mode("")
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert set(issued_per_context(host).values()) == {1}
    assert peer.log().count("issued") == len(contexts)


def test_a_refusal_reaches_the_cloud_with_the_words_of_the_ca(tenant, host, peer):
    peer.mode("reject 19 the subject is not ours")
    tenant.add_devices(1)
    context = tenant.add_requests()[0]
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    result = tenant.work(context).result
    assert result["status"] == "failed" and "the subject is not ours" in result["errorMessage"]


def test_a_dead_ca_only_delays_and_is_named(tenant, host, peer):
    peer.mode("reject 24 closed for the night")
    tenant.add_devices(2)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait(lambda _: "CA_UNAVAILABLE" in host.log(), 20), host.log_tail()
    peer.mode("")
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)


@pytest.mark.parametrize("mode", ["big", "garbage", "badmac", "otherkey"])
def test_nothing_of_a_strange_answer_is_delivered(tenant, host, peer, mode):
    peer.mode(mode)
    tenant.add_devices(1)
    context = tenant.add_requests()[0]
    host.start()
    assert tenant.wait(lambda _: "message" in peer.log(), 20), host.log_tail()
    time.sleep(1)
    result = tenant.work(context).result
    assert result is None or result["status"] == "failed"
    peer.mode("")
    assert tenant.wait_finished(60), host.log_tail()
    assert "a secret shared" not in host.log()


@readable
def test_the_shared_secret_is_in_locked_memory_only(tenant, host, peer):
    tenant.add_devices(4)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    time.sleep(1)
    assert only_locked(host.process.pid, [b"a secret shared"])
    assert "a secret shared" not in host.log()
