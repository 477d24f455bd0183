# SPDX-License-Identifier: Apache-2.0
"""The cloud misbehaves; requests only wait, the log stays short, the protocol is kept."""

import time

import pytest

from certs import issued_per_context
from conftest import assert_all_issued

CALLS = ["oauth2", "endpoints", "downloadPkcsRequests", "uploadPkcsResults"]
FAULTS = [
    ("timeout", {"seconds": 3}), ("reset", {}), ("401", {}), ("403", {}), ("408", {}),
    ("429", {"retryAfter": 1}), ("500", {}), ("503", {}), ("garbage", {}), ("wrongShape", {}),
    ("truncated", {}), ("oversize", {}), ("redirect", {}), ("drip", {"chunk": 20, "delay": 0.5}),
]


@pytest.mark.parametrize("fault,args", FAULTS, ids=[f[0] for f in FAULTS])
def test_a_fault_of_any_call_only_delays(tenant, host, fault, args):
    tenant.add_devices(4)
    host.config["cloud"].update(timeout="2s", poll_wait="1s")
    for call in CALLS:
        tenant.faults.add(match=call, fault=fault, times=1, args=args)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert set(issued_per_context(host).values()) == {1}
    assert tenant.violations == []


def test_hours_of_nonsense_cost_a_bounded_number_of_lines(tenant, host):
    host.config["cloud"].update(retry_min="10ms", retry_max="20ms", poll_interval="100ms")
    tenant.faults.add(match="downloadPkcsRequests", fault="garbage", times=100000)
    host.start()
    time.sleep(8)
    calls = len(tenant.journal.select("downloadPkcsRequests"))
    lines = len(host.log().splitlines())
    assert calls > 100
    assert lines < 40, host.log_tail()
    # ... and it is not a one-way street.
    tenant.faults.clear()
    tenant.add_devices(1)
    tenant.add_requests()
    assert tenant.wait_finished(30), host.log_tail()


def test_duplicates_in_a_page_get_one_certificate_each(tenant, host):
    tenant.add_devices(3)
    tenant.faults.add(match="downloadPkcsRequests", fault="duplicate", times=5)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert set(issued_per_context(host).values()) == {1}


def test_leases_that_end_at_once_bring_no_second_certificate(tenant, host):
    tenant.add_devices(5)
    tenant.faults.add(match="downloadPkcsRequests", fault="expiredLeases", times=20)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert set(issued_per_context(host).values()) == {1}


def test_a_lost_reply_to_an_upload_is_sent_again_with_the_same_bytes(tenant, host):
    tenant.add_devices(3)
    tenant.faults.add(match="uploadPkcsResults", fault="lostReply", times=3)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert tenant.violations == []


def test_a_refused_item_does_not_hold_up_its_batch(tenant, host):
    tenant.add_devices(4)
    tenant.faults.add(match="uploadPkcsResults", fault="refuseItems", times=2,
                      args={"count": 1, "errorCode": "ServiceTooBusyException"})
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert tenant.violations == []
