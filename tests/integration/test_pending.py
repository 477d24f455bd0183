# SPDX-License-Identifier: Apache-2.0
"""Templates that a person has to approve."""

import time

import pytest

from conftest import assert_all_issued


@pytest.fixture
def pending(tenant, host):
    host.config["template CertferryDevice"]["approval"] = "yes"
    tenant.add_devices(2, platforms=["agent"], with_user=False)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait(lambda _: len(waiting(host)) == 2, 20), host.log_tail()
    return contexts


def waiting(host):
    return host.ask("requests", "--state", "submitted")["requests"]


def test_approved_after_a_restart(tenant, host, pending):
    assert host.stop() == 0
    host.start()
    for context in pending:
        host.tool("approve", context)
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, pending)
    for context in pending:
        tenant.open(context, host.signer(), host.ca_pem())


def test_denied_and_cancelled(tenant, host, pending):
    host.tool("deny", pending[0])
    host.tool("cancel", pending[1])
    assert tenant.wait_finished(30), host.log_tail()
    denied, cancelled = (tenant.work(context).result for context in pending)
    assert denied["status"] == cancelled["status"] == "failed"
    assert "cancelled" in cancelled["errorMessage"]
    assert "sealed_key" not in str(host.ask("explain", pending[0]))


def test_the_lease_is_kept_while_the_approver_sleeps(tmp_path):
    from host import Host
    from certlab.state import Tenant

    with Tenant(tmp_path / "lab", lease_seconds=3, retry_seconds=0.1) as tenant, \
            Host(tmp_path / "host", tenant, key="p256") as host:
        host.config["template CertferryDevice"]["approval"] = "yes"
        host.config["cloud"]["heartbeat_interval"] = "1s"
        tenant.add_devices(1, platforms=["agent"], with_user=False)
        context = tenant.add_requests()[0]
        host.start()
        time.sleep(9)
        work = tenant.work(context)
        assert work.offers == 1, work.history
        host.tool("approve", context)
        assert tenant.wait_finished(20), host.log_tail()
        assert work.result["status"] == "issued"
        assert tenant.violations == []
