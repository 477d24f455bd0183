# SPDX-License-Identifier: Apache-2.0
"""Each fault does what its name says, as often as it was told to."""

import email.utils
import time

import pytest

from certlab.faults import NAMES, STATUSES, Faults
from labclient import CALLS, PROBLEMS, Client, failed

DOWNLOAD = "downloadPkcsRequests"


def post(client, wait=0):
    return client.post(DOWNLOAD, {"downloadParameters": {
        "connectorId": "a", "maxRequests": 500, "waitSeconds": wait}})


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_a_status_is_answered_so_often_and_no_more(tenant, client, status):
    tenant.faults.add(match=DOWNLOAD, fault=status, times=2, after=1)
    assert [post(client)[0] for _ in range(4)] == [200, int(status), int(status), 200]
    assert tenant.violations == []


def test_retry_after_is_seconds_or_a_date(tenant, client):
    tenant.faults.set([
        {"match": DOWNLOAD, "fault": "429", "args": {"retryAfter": 7}},
        {"match": DOWNLOAD, "fault": "503", "args": {"retryAfterDate": 60}},
    ])
    assert post(client)[0] == 429 and client.answer_headers["Retry-After"] == "7"
    assert post(client)[0] == 503
    moment = email.utils.parsedate_to_datetime(client.answer_headers["Retry-After"])
    assert 55 < moment.timestamp() - time.time() < 65
    assert post(client)[0] == 200


def test_a_path_has_its_own_faults(tenant):
    tenant.faults.add(match="/oauth2/", fault="500")
    client = Client(tenant)
    assert client.token_form()[0] == 500
    assert client.token_form()[0] == 200


@pytest.mark.parametrize("fault", ["reset", "lostReply", "truncated"])
def test_a_connection_breaks(tenant, client, fault):
    tenant.add_devices(1)
    [context] = tenant.add_requests()
    tenant.faults.add(match=DOWNLOAD, fault=fault)
    with pytest.raises(PROBLEMS):
        post(client)
    # What was carried out before the break stays done.
    assert tenant.work(context).state == ("waiting" if fault == "reset" else "leased")
    assert tenant.wait(lambda t: t.journal.entries[-1]["status"] == 0, 2)


def test_a_library_may_repeat_what_died_with_its_connection(tenant, client):
    mark = {"client_request_id": "6b1f8f5e-2f57-4d6e-9d3c-0b6b6f1f2a11"}
    body = {"downloadParameters": {"connectorId": "a", "maxRequests": 5, "waitSeconds": 0}}
    tenant.faults.add(match=DOWNLOAD, fault="reset")
    with pytest.raises(PROBLEMS):
        client.post(DOWNLOAD, body, **mark)
    assert client.post(DOWNLOAD, body, **mark)[0] == 200
    assert tenant.violations == []
    assert client.post(DOWNLOAD, body, **mark)[0] == 400
    assert len(tenant.violations) == 1


def test_no_answer_comes(tenant):
    client = Client(tenant).login()
    client.timeout = 0.3
    tenant.faults.add(match=DOWNLOAD, fault="timeout", args={"seconds": 2})
    with pytest.raises(PROBLEMS):
        post(client)


def test_an_answer_drips(tenant, client):
    tenant.faults.add(match=DOWNLOAD, fault="drip", args={"delay": 0.05, "chunk": 3})
    start = time.time()
    assert post(client) == (200, {"value": []})
    assert time.time() - start > 0.15


def test_answers_are_nonsense(tenant, client):
    tenant.faults.set([{"match": DOWNLOAD, "fault": name} for name in (
        "garbage", "wrongShape", "oversize", "redirect")])
    assert post(client)[1].startswith(b"<html>")
    assert post(client) == (200, {"value": 42})
    status, value = post(client)
    assert status == 200 and len(value["padding"]) > 8 * 1024 * 1024
    assert post(client)[0] == 302 and "Location" in client.answer_headers


def test_a_page_holds_requests_twice(tenant, client):
    tenant.add_devices(2)
    tenant.add_requests()
    tenant.faults.add(match=DOWNLOAD, fault="duplicate")
    page = post(client)[1]["value"]
    assert len(page) == 4 and page[0] == page[1]


def test_leases_end_at_once(tenant, client):
    tenant.add_devices(1)
    tenant.add_requests()
    tenant.faults.add(match=DOWNLOAD, fault="expiredLeases", times=2)
    assert [len(post(client)[1]["value"]) for _ in range(4)] == [1, 1, 1, 0]


def test_single_items_are_refused(tenant, client):
    tenant.add_devices(2)
    contexts = tenant.add_requests()
    client.download()
    tenant.faults.set([
        {"match": CALLS + "uploadPkcs", "fault": "refuseItems", "args": {"count": 1}},
        {"match": CALLS + "uploadPkcs", "fault": "refuseItems",
         "args": {"contexts": [contexts[1]], "errorCode": "ConflictError"}},
    ])
    answers = client.upload(*map(failed, contexts))
    assert [a["accepted"] for a in answers] == [False, True]
    assert answers[0]["errorCode"] == "ServiceTooBusyException"
    answers = client.upload(*map(failed, contexts))
    assert [a["errorCode"] for a in answers] == ["None", "ConflictError"]


def test_a_script_with_a_mistake_is_refused_whole():
    faults = Faults()
    faults.set([{"fault": "reset"}])
    for wrong in ({"fault": "explode"}, {"fault": "reset", "math": "x"}):
        with pytest.raises(ValueError):
            faults.set([wrong])
    assert faults.describe()[0]["fault"] == "reset"


def test_every_fault_is_described():
    assert all(NAMES.values()) and len(NAMES) == 14


def test_a_large_body_is_refused(tenant, client):
    status, value = client.post(DOWNLOAD, b"x" * (8 * 1024 * 1024 + 1))
    assert (status, value["error"]["code"]) == (413, "PayloadTooLarge")
