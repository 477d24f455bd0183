# SPDX-License-Identifier: Apache-2.0
"""Revocation: by the administration interface, by a command, and what the CA says against it."""
import pytest

import adcs_kit
from adcs import ca as authority
from adcs import codes


@pytest.fixture
def enrolled(tenant, host, lab):
    """[(device, row of the CA)], issued and delivered."""
    contexts = adcs_kit.order(tenant, 2)
    adcs_kit.finish(tenant, host)
    devices = [tenant.work(context).request["device"]["id"] for context in contexts]
    serials = [f"{c.serial_number:x}".zfill(32) for c in adcs_kit.issued(tenant, host, contexts)]
    return [(device, lab.ca1.rows("serial = ?", serial)[0])
            for device, serial in zip(devices, serials, strict=True)]


def retire(tenant, host, devices, timeout=30):
    before = len(tenant.revocations.items)
    tenant.retire(devices)
    assert tenant.wait_revoked(timeout), host.log_tail()
    return [item["result"] for item in tenant.revocations.items[before:]]


def test_both_kinds_of_serial_number_are_found(tenant, host, lab, enrolled):
    """The CA compares characters: lower case, and no zero before a high bit."""
    results = retire(tenant, host, [device for device, _ in enrolled])
    assert all(result["succeeded"] for result in results), results
    revoked = lab.ca1.revoked()
    assert {row["serial"] for _, row in enrolled} == set(revoked)
    assert {serial[0] for serial in revoked} == {"8", "0"}
    assert all(row["revoked_filetime"] for row in lab.ca1.rows())
    # The server's objects are let go.
    assert tenant.wait(lambda _: lab.activator.objects == {}, 10)


def test_revoked_behind_our_back_counts_as_revoked(tenant, host, lab, enrolled):
    (device, row), _ = enrolled
    lab.ca1.revoke(row["serial"], 1)
    results = retire(tenant, host, [device])
    assert all(result["succeeded"] for result in results), results
    assert lab.ca1.revoked()[row["serial"]] == 1


def test_a_lost_answer_is_asked_for_again(tenant, host, lab, enrolled):
    (device, row), _ = enrolled
    lab.ca1.faults.add("revoke_lose")
    assert all(result["succeeded"] for result in retire(tenant, host, [device], 60))
    assert set(lab.ca1.revoked()) == {row["serial"]}


def test_a_serial_number_that_the_ca_does_not_know(tenant, host, lab, enrolled):
    (device, _), _ = enrolled
    lab.ca1.forget()
    [result] = retire(tenant, host, [device])
    assert not result["succeeded"], result


def test_an_account_that_is_no_officer(tenant, host, lab, enrolled):
    (device, row), _ = enrolled
    lab.ca1.roles["CONN1$"] = authority.ROLE_ENROLL | authority.ROLE_READ
    tenant.retire([device])
    adcs_kit.wait_log(tenant, host, "ERROR_ACCESS_DENIED")
    assert lab.ca1.revoked() == {}
    # Who may not revoke can still enroll.
    contexts = adcs_kit.order(tenant)
    adcs_kit.finish(tenant, host)
    adcs_kit.issued(tenant, host, contexts)
    lab.ca1.roles["CONN1$"] |= authority.ROLE_OFFICER
    assert tenant.wait_revoked(60), host.log_tail()
    assert set(lab.ca1.revoked()) == {row["serial"]}


@pytest.mark.parametrize("fault", [
    ("activation_result", {"code": codes.CLASS_NOT_REGISTERED}), ("garbage_objref", {}),
    ("short_objref", {"size": 100}), ("fault", {"status": 0x1C010014}), ("drop", {})],
    ids=lambda fault: fault[0])
def test_activation_that_fails_is_tried_again(tenant, host, lab, enrolled, fault):
    (device, row), _ = enrolled
    lab.ca1.faults.add(fault[0], times=2, **fault[1])
    assert all(result["succeeded"] for result in retire(tenant, host, [device], 60))
    assert set(lab.ca1.revoked()) == {row["serial"]}
    assert fault[0] in lab.ca1.faults.struck


def test_an_oxid_elsewhere_is_not_followed(tenant, host, lab, enrolled):
    """The address of the answer is the CA's to choose, the host is the administrator's."""
    (device, row), _ = enrolled
    lab.ca1.faults.add("redirect", host="10.66.6.6", times=1000)
    assert all(result["succeeded"] for result in retire(tenant, host, [device]))
    assert set(lab.ca1.revoked()) == {row["serial"]}


def test_a_command_revokes_where_rpc_is_not_allowed(tenant, host, lab, enrolled):
    (device, row), _ = enrolled
    program = host.directory / "revoke"
    program.write_text('#!/bin/sh\n[ "$CERTFERRY_CA_OPERATION" = revoke ] || exit 0\n'
                       f'echo "$CERTFERRY_CA_SERIAL" >>{host.directory}/revoked\n')
    program.chmod(0o755)
    assert host.stop() == 0
    host.config["ca corp"].update(revoke_transport="command", revoke_command=program)
    host.start()
    assert all(result["succeeded"] for result in retire(tenant, host, [device]))
    text = (host.directory / "revoked").read_text().strip().lower()
    assert text == row["serial"]
    assert lab.ca1.revoked() == {}


def test_no_way_to_revoke_is_reported(tenant, host, lab, enrolled):
    (device, _), _ = enrolled
    assert host.stop() == 0
    host.config["ca corp"].update(revoke_transport="none")
    host.start()
    assert not any(result["succeeded"] for result in retire(tenant, host, [device]))
