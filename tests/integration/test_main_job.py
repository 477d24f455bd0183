# SPDX-License-Identifier: Apache-2.0
"""The main job: requests in, sealed results out, devices use them, revocation."""

from conftest import assert_all_issued


def open_all(tenant, host, contexts):
    signer = host.signer()
    return [tenant.open(context, signer, host.ca_pem()) for context in contexts]


def test_devices_of_every_platform_open_and_use_what_they_get(tenant, host):
    tenant.add_devices(10)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    found = open_all(tenant, host, contexts)
    assert {f.envelope for f in found} == {"windowsCsp", "applePayload", "agent"}
    assert tenant.violations == []


def test_every_kind_of_key_is_served(tenant, host):
    tenant.add_devices(1)
    contexts = tenant.add_requests(per_device=5, key_sizes=(2048, 3072, 4096, 256, 384))
    host.start()
    assert tenant.wait_finished(120), host.log_tail()
    assert_all_issued(tenant, contexts)
    keys = {f.key for f in open_all(tenant, host, contexts)}
    assert len(keys) == 5


def test_malformed_requests_fail_alone(tenant, host):
    tenant.add_devices(10)
    good = tenant.add_requests()
    tenant.add_malformed()
    good += tenant.add_requests()
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, good)
    assert tenant.malformed_problems() == []
    for work in tenant.connector.work:
        if work.result and work.result["status"] == "failed":
            assert len(work.result["errorMessage"]) > 10
    assert tenant.violations == []


def test_a_renewal_gets_a_new_key(tenant, host):
    device = tenant.add_devices(1)[0]
    first = tenant.add_requests([device])
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    second = tenant.add_requests([device], request_type="renew")
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, first + second)
    open_all(tenant, host, first + second)
    assert tenant.certificate_der(first[0]) != tenant.certificate_der(second[0])


def test_retired_devices_are_revoked_acknowledged_and_on_the_crl(tenant, host):
    devices = tenant.add_devices(4)
    contexts = tenant.add_requests()
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    tenant.retire([device.id for device in devices[:2]])
    assert tenant.wait_revoked(30), host.log_tail()
    serials = {c: tenant.work(c).result["certificateSerialNumber"] for c in contexts}
    revoked = host.revoked()
    assert {s: revoked.get(s) for s in list(serials.values())[:2]} == {
        s: "Cessation Of Operation" for s in list(serials.values())[:2]
    }
    assert not set(list(serials.values())[2:]) & set(revoked)
    # Once more: already revoked is success, and the CRL does not grow.
    tenant.retire([devices[0].id])
    assert tenant.wait_revoked(30), host.log_tail()
    assert all(i["result"]["succeeded"] for i in tenant.revocations.items)
    assert host.revoked() == revoked


def test_an_unknown_serial_is_reported_as_not_found(tenant, host):
    tenant.add_devices(1)
    context = tenant.add_requests()[0]
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    issuer = tenant.work(context).result["issuingCertificateAuthority"]
    tenant.revocations.add("0A1B2C", issuer, "corp")
    assert tenant.wait_revoked(30), host.log_tail()
    result = tenant.revocations.items[-1]["result"]
    assert (result["succeeded"], result["errorCode"]) == (False, "CertificateNotFoundError")


def test_serials_are_compared_as_integers(tenant, host):
    tenant.add_devices(1)
    context = tenant.add_requests()[0]
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    result = tenant.work(context).result
    tenant.revocations.add("00" + result["certificateSerialNumber"].lower(),
                           result["issuingCertificateAuthority"], "corp")
    assert tenant.wait_revoked(30), host.log_tail()
    assert tenant.revocations.items[-1]["result"]["succeeded"]
    assert result["certificateSerialNumber"] in host.revoked()


def test_requests_of_other_connectors_cas_are_left_alone(tenant, host):
    tenant.add_devices(1)
    tenant.add_requests()
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    tenant.revocations.add("0A1B2C", "CN=Somebody Else CA", "elsewhere")
    assert not tenant.wait_revoked(3)
    assert tenant.violations == []
