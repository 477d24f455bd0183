# SPDX-License-Identifier: Apache-2.0
"""Devices that make their own keys, with AD CS behind the SCEP front door."""
import sys
import time

import pytest

import adcs_kit

sys.path.insert(0, str(adcs_kit.HERE.parents[1] / "scep"))

from front import CHALLENGE, Node  # noqa: E402

DEVICE, PENDING = "CertferryDevice", "CertferryPending"
RA_SIGN, RA_ENCRYPTION = "CertferryRaSign", "CertferryRaEncryption"
STATIC = {"challenge": "static", "challenge_file": "credential:challenge"}
PROFILES = {
    "wifi": {"template": DEVICE, "default": "yes", **STATIC},
    "slow": {"template": PENDING, **STATIC},
}


@pytest.fixture
def node(tmp_path, lab):
    with Node(tmp_path / "node", profiles=PROFILES, ra_sign_template=RA_SIGN,
              ra_encryption_template=RA_ENCRYPTION) as made:
        adcs_kit.use_domain(made, lab)
        made.config["ca corp"]["templates"] = f"{adcs_kit.TEMPLATES} {RA_SIGN} {RA_ENCRYPTION}"
        for name in (RA_SIGN, RA_ENCRYPTION):
            made.config[f"template {name}"] = {}
        yield made
        made.check_logs()


@pytest.mark.parametrize("transport", ["rpc-negotiate", "ces-kerberos"])
def test_a_device_enrolls_and_its_certificate_is_on_record_at_the_ca(node, lab, transport):
    adcs_kit.use_transport(node, lab, transport)
    node.start()
    device = node.device("wifi")
    reply = device.enrol("phone-1", CHALLENGE).success()
    rows = {row["template"]: row for row in lab.ca1.rows()}
    assert set(rows) == {DEVICE, RA_SIGN, RA_ENCRYPTION}
    assert len(lab.ca1.rows()) == 3
    serials = {one.serial_number for one in lab.ca1.certificates()}
    assert reply.certificate.x509.serial_number in serials
    assert node.stop() == 0


def test_a_request_that_the_manager_takes_time_for_is_polled(node, lab):
    node.start()
    device = node.device("slow")
    request = device.pkcs_req("phone-2", challenge=CHALLENGE)
    device.send(request).pending()
    device.send(device.poll_of(request)).pending()
    [row] = [row for row in lab.ca1.rows() if row["template"] == PENDING]
    lab.ca1.approve(row["id"])
    deadline = time.monotonic() + 120
    reply = device.send(device.poll_of(request))
    while reply.status == "PENDING" and time.monotonic() < deadline:
        time.sleep(1)
        reply = device.send(device.poll_of(request))
    device.keep(reply.success())
    assert [row["template"] for row in lab.ca1.rows()].count(PENDING) == 1
    assert node.stop() == 0
