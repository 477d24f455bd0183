# SPDX-License-Identifier: Apache-2.0
"""The tenant's main job with AD CS as its CA, by each transport."""
import pytest

import adcs_kit
from adcs import codes
from certs import issued_per_context


@pytest.mark.parametrize("transport", adcs_kit.TRANSPORTS)
def test_the_main_job(tenant, host, lab, transport):
    adcs_kit.use_transport(host, lab, transport)
    devices = tenant.add_devices(6, with_user=False)
    contexts = tenant.add_requests(devices, kinds=["device"])
    adcs_kit.finish(tenant, host, 120)
    certificates = adcs_kit.issued(tenant, host, contexts)
    assert {c.serial_number for c in certificates} == \
        {c.serial_number for c in lab.ca1.certificates()}
    assert set(issued_per_context(host).values()) == {1}
    assert all(len(ids) == 1 for ids in lab.ca1.issued_per_csr().values())
    rows = lab.ca1.rows()
    assert {row["way"] for row in rows} == {transport[:3]}
    assert {row["template"] for row in rows} == {"CertferryDevice"}

    tenant.retire([devices[0].id])
    assert tenant.wait_revoked(30), host.log_tail()
    assert all(item["result"]["succeeded"] for item in tenant.revocations.items), host.log_tail()
    assert len(lab.ca1.revoked()) == 1
    assert tenant.violations == []


@pytest.mark.parametrize("transport", ["rpc-negotiate", "ces-kerberos"])
def test_an_elliptic_key_by_a_template_of_its_own(tenant, host, lab, transport):
    adcs_kit.use_transport(host, lab, transport)
    contexts = adcs_kit.order(tenant, template="CertferryEC")
    adcs_kit.finish(tenant, host)
    [certificate] = adcs_kit.issued(tenant, host, contexts)
    assert certificate.public_key().key_size == 256


@pytest.mark.parametrize("transport", ["rpc-negotiate", "rpc-kerberos", "ces-kerberos"])
def test_many_names_make_a_large_request(tenant, host, lab, transport):
    """Fragmented there and back."""
    adcs_kit.use_transport(host, lab, transport)
    names = [{"type": "universalResourceIdentifier",
              "value": f"https://device.corp.example/{number}/{'x' * 180}"} for number in range(130)]
    contexts = adcs_kit.order(tenant, profile={"subjectAlternativeNames": names})
    adcs_kit.finish(tenant, host)
    adcs_kit.issued(tenant, host, contexts)
    [row] = lab.ca1.rows()
    assert len(row["csr"]) > 28000


@pytest.mark.parametrize("transport", ["rpc-negotiate", "ces-kerberos"])
def test_a_shorter_validity_is_asked_of_the_ca(tenant, host, lab, transport):
    """Of a profile, and of a policy where the profile has none."""
    adcs_kit.use_transport(host, lab, transport)
    lab.ca1.has_attribute_end_date = True
    host.config["policy wide"]["max_validity"] = "90d"
    wishes = [{"value": 30, "scale": "days"}, None]
    contexts = [context for wish in wishes
                for context in adcs_kit.order(tenant, profile={"validityPeriod": wish})]
    adcs_kit.finish(tenant, host)
    certificates = adcs_kit.issued(tenant, host, contexts)
    assert [(c.not_valid_after - c.not_valid_before).days for c in certificates] == [30, 90]


def test_a_ca_that_takes_no_validity_from_requests_is_told_how_to(tenant, host, lab):
    [context] = adcs_kit.order(tenant, profile={"validityPeriod": {"value": 30, "scale": "days"}})
    adcs_kit.finish(tenant, host)
    sentence = adcs_kit.refused(tenant, host, context)
    assert "notAfter" in sentence and "+EDITF_ATTRIBUTEENDDATE" in sentence


@pytest.mark.parametrize("transport,restarts", [
    ("rpc-negotiate", False), ("rpc-kerberos", True), ("ces-kerberos", True)])
def test_pending_requests_wait_for_the_manager(tenant, host, lab, transport, restarts):
    """One poll for all: the first comes after half a minute."""
    adcs_kit.use_transport(host, lab, transport)
    contexts = adcs_kit.order(tenant, 3, template="CertferryPending")
    host.start()
    assert tenant.wait(lambda _: host.log().count("REQUEST_PENDING") == 3, 20), host.log_tail()
    if restarts:
        assert host.stop() == 0
    denied, *approved = lab.ca1.rows()
    lab.ca1.deny(denied["id"])
    for row in approved:
        lab.ca1.approve(row["id"])
    adcs_kit.finish(tenant, host, 90)
    failed = [c for c in contexts if tenant.work(c).result["status"] == "failed"]
    assert len(failed) == 1
    assert "Denied by the certificate manager" in adcs_kit.refused(tenant, host, failed[0])
    adcs_kit.issued(tenant, host, [c for c in contexts if c not in failed])
    assert len(lab.ca1.rows()) == 3


# What ends a request at once, with the words its report has to hold.
REFUSALS = {
    codes.CERTSRV_E_BAD_REQUESTSUBJECT: "CERTSRV_E_BAD_REQUESTSUBJECT",
    codes.CERTSRV_E_KEY_LENGTH: "CERTSRV_E_KEY_LENGTH",
    codes.CERTSRV_E_ADMIN_DENIED_REQUEST: "CERTSRV_E_ADMIN_DENIED_REQUEST",
    codes.CRYPT_E_ASN1_BADTAG: "CRYPT_E_ASN1_BADTAG",
    0x8009480E: "CERTSRV_E_SUBJECT_DIRECTORY_GUID_REQUIRED",
    0x80099999: "0x80099999",
}
# What the administrator has to put right: the request waits.
PARKED = {
    codes.CERTSRV_E_UNSUPPORTED_CERT_TYPE: "CERTSRV_E_UNSUPPORTED_CERT_TYPE",
    codes.CERTSRV_E_TEMPLATE_CONFLICT: "CERTSRV_E_TEMPLATE_CONFLICT",
    codes.CERTSRV_E_TEMPLATE_DENIED: "CERTSRV_E_TEMPLATE_DENIED",
    codes.CERTSRV_E_ENROLL_DENIED: "CERTSRV_E_ENROLL_DENIED",
}
TRANSIENT = (0x80094006, 0x8009400F, 0x80092013, 0x800706BA)


@pytest.mark.parametrize("transport", ["rpc-negotiate", "ces-kerberos"])
def test_refusals_have_their_names(tenant, host, lab, transport):
    adcs_kit.use_transport(host, lab, transport)
    host.config["ca corp"]["max_parallel"] = "1"
    host.start()
    for code, name in REFUSALS.items():
        lab.ca1.faults.add("refuse", code=code, message="The CA's own words")
        [context] = adcs_kit.order(tenant)
        adcs_kit.finish(tenant, host, 20)
        sentence = adcs_kit.refused(tenant, host, context)
        assert name in sentence and "The CA's own words" in sentence, sentence


@pytest.mark.parametrize("transport", ["rpc-negotiate", "ces-kerberos"])
@pytest.mark.parametrize("code", PARKED, ids=PARKED.values())
def test_what_the_administrator_has_to_change_only_delays(tenant, host, lab, transport, code):
    adcs_kit.use_transport(host, lab, transport)
    lab.ca1.faults.add("refuse", times=2, code=code)
    contexts = adcs_kit.order(tenant)
    adcs_kit.finish(tenant, host)
    adcs_kit.issued(tenant, host, contexts)
    assert PARKED[code] in host.log()


@pytest.mark.parametrize("transport", ["rpc-negotiate", "ces-kerberos"])
@pytest.mark.parametrize("code", TRANSIENT, ids=hex)
def test_what_passes_is_tried_again(tenant, host, lab, transport, code):
    adcs_kit.use_transport(host, lab, transport)
    lab.ca1.faults.add("result", times=2, code=code)
    contexts = adcs_kit.order(tenant)
    adcs_kit.finish(tenant, host)
    adcs_kit.issued(tenant, host, contexts)
