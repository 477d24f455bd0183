# SPDX-License-Identifier: Apache-2.0
"""A CA that is a program of the site's own."""

import pathlib
import shutil
import time

import pytest

from certs import issued_per_context
from conftest import assert_all_issued

PROGRAM = pathlib.Path(__file__).resolve().parent / "exec_ca.py"


@pytest.fixture
def folder(host):
    made = host.directory / "exec-ca"
    made.mkdir()
    shutil.copy(host.ca_path, made / "ca.pem")
    shutil.copy(host.credentials / "ca-corp-key", made / "ca.key")
    old = host.config["ca corp"]
    host.config["ca corp"] = {
        "backend": "exec", "host": old["host"], "name": old["name"], "templates": old["templates"],
        "command": f"{PROGRAM} {made}", "chain_file": host.ca_path, "timeout": "3s",
    }
    return made


def submissions(folder):
    return [line.split() for line in (folder / "submits").read_text().splitlines()]


def test_requests_are_certified_and_revoked(tenant, host, folder):
    devices = tenant.add_devices(4)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    for context in contexts:
        tenant.open(context, host.signer(), host.ca_pem())
    tenant.retire([devices[0].id])
    assert tenant.wait_revoked(20), host.log_tail()
    assert len(list(folder.glob("revoked-*"))) == 1
    assert len(submissions(folder)) == len(contexts)


@pytest.mark.parametrize("mode", ["down", "hang"])
def test_a_dead_ca_only_delays_and_is_named(tenant, host, folder, mode):
    (folder / "mode").write_text(mode)
    tenant.add_devices(2)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait(lambda _: "CA_UNAVAILABLE" in host.log(), 20), host.log_tail()
    (folder / "mode").unlink()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert "CA_RECOVERED" in host.log()


def test_a_refusal_reaches_the_cloud_with_its_reason(tenant, host, folder):
    (folder / "mode").write_text("refuse")
    tenant.add_devices(1)
    context = tenant.add_requests()[0]
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    result = tenant.work(context).result
    assert result["status"] == "failed" and "on leave" in result["errorMessage"]


def test_a_pending_request_is_polled(tenant, host, folder):
    (folder / "mode").write_text("wait")
    tenant.add_devices(1)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait(lambda _: "REQUEST_PENDING" in host.log(), 20), host.log_tail()
    (folder / "approved").touch()
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, contexts)


def test_a_lost_answer_brings_the_same_csr_again_and_is_logged(tenant, host, folder):
    (folder / "mode").write_text("hang")
    host.config["ca corp"]["timeout"] = "60s"
    tenant.add_devices(1)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait(lambda _: host.ask("requests", "--state", "keyed")["requests"], 20)
    time.sleep(1)
    host.kill()
    (folder / "mode").unlink()
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert "SUBMIT_REPEATED" in host.log()
    assert len({csr for _, csr in submissions(folder)}) == 1
    assert set(issued_per_context(host).values()) == {1}
