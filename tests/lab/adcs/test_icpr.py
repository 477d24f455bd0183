# SPDX-License-Identifier: Apache-2.0
"""Enrolment by the double, asked by Samba's client."""
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from . import codes, csrs, icpr
from .conftest import Client, Reply, fault_of, populate, request_stub
from .csr import TEMPLATE_NAME, TEMPLATE_OID

DEVICE = "CertificateTemplate:CertferryDevice\n"
ACCESS_DENIED, BAD_STUB_DATA, PROCNUM_OUT_OF_RANGE = 0xC0000022, 0xC003000C, 0xC002002E


def test_a_certificate_is_issued_for_the_key_of_the_request(lab, enroll):
    reply = enroll(csrs.make(), DEVICE)
    assert (reply.result, reply.disposition, reply.message) == (0, codes.ISSUED, "Issued")
    issued = x509.load_der_x509_certificate(reply.cert)
    assert issued.public_key().public_numbers() == csrs.key(2048).public_key().public_numbers()
    usage = issued.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical and usage.value.key_encipherment and not usage.value.key_agreement
    eku = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [oid.dotted_string for oid in eku] == ["1.3.6.1.5.5.7.3.2"]
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["device-1.corp.example"]
    chain = pkcs7.load_der_pkcs7_certificates(reply.response)
    assert {c.subject for c in chain} == {issued.subject, issued.issuer,
                                          lab.root.certificate.subject}
    row = lab.ca1.row(reply.id)
    assert (row["caller"], row["template"]) == ("svc-certferry", "CertferryDevice")


def test_28_kilobytes_go_there_and_back_in_fragments(enroll):
    names = tuple(f"{'x' * 50}-{number}.corp.example" for number in range(400))
    csr = csrs.make(dns=names)
    assert len(csr) > 28000
    reply = enroll(csr, DEVICE)
    issued = x509.load_der_x509_certificate(reply.cert)
    found = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert tuple(found.get_values_for_type(x509.DNSName)) == names


def test_the_template_is_found_in_four_places(lab, enroll):
    oid = lab.ca1.templates["CertferryUser"].oid
    for extensions, attributes in (
            ([(TEMPLATE_NAME, csrs.bmp("CertferryUser"))], ""),
            ([(TEMPLATE_OID, csrs.version_2(oid))], ""),
            ([(TEMPLATE_OID, csrs.version_2(oid, 100, 3))], "CertificateTemplate:certferryuser\n"),
            ([], "rmd:host\nCertificateTemplate:CertferryUser")):
        reply = enroll(csrs.make(extensions=extensions), attributes)
        assert reply.disposition == codes.ISSUED, (extensions, attributes)
        assert lab.ca1.row(reply.id)["template"] == "CertferryUser"


def test_refusals_have_their_codes(lab, enroll):
    user = [(TEMPLATE_OID, csrs.version_2(lab.ca1.templates["CertferryUser"].oid, 101, 0))]
    cases = (
        (csrs.make(), "", codes.CERTSRV_E_NO_CERT_TYPE),
        (csrs.make(), "CertificateTemplate:Nobody\n", codes.CERTSRV_E_UNSUPPORTED_CERT_TYPE),
        (csrs.make(), "CertificateTemplate:CertferryNotPublished",
         codes.CERTSRV_E_UNSUPPORTED_CERT_TYPE),
        (csrs.make(extensions=[(TEMPLATE_NAME, csrs.bmp("CertferryUser"))]), DEVICE,
         codes.CERTSRV_E_TEMPLATE_CONFLICT),
        (csrs.make(extensions=user), "", codes.CERTSRV_E_TEMPLATE_VERSION),
        (csrs.make(), "CertificateTemplate:CertferryDenied", codes.CERTSRV_E_TEMPLATE_DENIED),
        (csrs.make(), "CertificateTemplate:CertferryBadKey", codes.CERTSRV_E_KEY_LENGTH),
        (csrs.make(size=256), DEVICE, codes.CERTSRV_E_KEY_LENGTH),
        (csrs.make(name=None, dns=()), DEVICE, codes.CERTSRV_E_BAD_REQUESTSUBJECT),
        (b"\x30\x03\x02\x01\x00", DEVICE, codes.CRYPT_E_ASN1_BADTAG),
    )
    for csr, attributes, code in cases:
        reply = enroll(csr, attributes)
        assert (reply.result, reply.disposition, reply.cert) == (0, code, None), attributes
        assert reply.message and reply.id
    assert enroll(csrs.make(size=256), "CertificateTemplate:CertferryEC").disposition == codes.ISSUED


def test_a_call_that_is_wrong_itself_has_no_row(lab, enroll):
    before = len(lab.ca1.rows())
    assert enroll(csrs.make(), DEVICE, name="Corp Second CA").result == codes.E_INVALIDARG
    assert enroll(csrs.make(), DEVICE, number=7).result == codes.E_INVALIDARG
    assert enroll(b"", number=999).result == codes.CERTSRV_E_PROPERTY_EMPTY
    assert enroll(csrs.make(), DEVICE, name="Corp Second CA",
                  host="ca2.corp.example").disposition == codes.ISSUED
    assert len(lab.ca1.rows()) == before


def test_pending_requests_wait_for_a_manager(lab, enroll):
    pending = "CertificateTemplate:CertferryPending\n"
    first, second = (enroll(csrs.make(), pending).id for _ in range(2))
    assert enroll(b"", number=first).disposition == codes.PENDING
    lab.ca1.approve(first)
    lab.ca1.deny(second)
    reply = enroll(b"", number=first)
    assert (reply.disposition, bool(reply.cert)) == (codes.ISSUED, True)
    reply = enroll(b"", number=second)
    assert (reply.disposition, reply.result) == (
        codes.DENIED, codes.CERTSRV_E_ADMIN_DENIED_REQUEST)


def test_less_than_privacy_is_refused(client):
    for options in ("krb5,sign", "krb5,connect"):
        weak = client.connect(icpr.INTERFACE, options=options)
        assert fault_of(weak.request, 0, request_stub(csrs.make(), DEVICE)) == ACCESS_DENIED


def test_somebody_without_rights(lab):
    alice = Client("alice", populate.PASSWORD).connect(icpr.INTERFACE)
    reply = Reply(alice.request(0, request_stub(csrs.make(), DEVICE)))
    assert reply.disposition == codes.CERTSRV_E_TEMPLATE_DENIED
    everyone = "CertificateTemplate:CertferryOpen"
    assert Reply(alice.request(0, request_stub(csrs.make(), everyone))).disposition == codes.ISSUED
    lab.ca1.roles["alice"] = 0
    reply = Reply(alice.request(0, request_stub(csrs.make(), everyone)))
    assert reply.disposition == codes.CERTSRV_E_ENROLL_DENIED


def test_a_lost_reply_is_lost_after_the_certificate_was_issued(lab, client, enroll):
    before = len(lab.ca1.issued())
    for fault in ("lose", "drop"):
        lab.ca1.faults.add(fault)
        one = client.connect(icpr.INTERFACE)
        fault_of(one.request, 0, request_stub(csrs.make(), DEVICE))
    assert len(lab.ca1.issued()) == before + 1
    assert enroll(csrs.make(), DEVICE).disposition == codes.ISSUED


def test_bad_certificates_are_bad_as_ordered(lab, enroll):
    def issued_with(fault):
        lab.ca1.faults.add(fault)
        return x509.load_der_x509_certificate(enroll(csrs.make(), DEVICE).cert)

    assert issued_with("wrong_subject").subject.rfc4514_string() == "CN=somebody else"
    assert issued_with("wrong_key").public_key().public_numbers() != \
        csrs.key(2048).public_key().public_numbers()
    assert issued_with("other_ca").issuer == lab.stranger.certificate.subject
    eku = issued_with("wrong_eku").extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [oid.dotted_string for oid in eku] == ["1.3.6.1.5.5.7.3.1"]
    lab.ca1.faults.add("big", size=10_000_000)
    assert len(enroll(csrs.make(), DEVICE).response) == 10_000_000


def test_a_stub_that_is_no_call_is_a_fault(client):
    connection = client.connect(icpr.INTERFACE)
    assert fault_of(connection.request, 0, b"\1\2\3") == BAD_STUB_DATA
    assert fault_of(client.connect(icpr.INTERFACE).request, 1, b"") == PROCNUM_OUT_OF_RANGE


def test_a_shorter_validity_is_taken_from_requests_by_a_ca_that_was_told_to(lab, enroll):
    def days_of(attributes):
        issued = x509.load_der_x509_certificate(enroll(csrs.make(), DEVICE + attributes).cert)
        return (issued.not_valid_after - issued.not_valid_before).total_seconds() / 86400

    asked = "ValidityPeriod:Days\nValidityPeriodUnits:90\n"
    assert days_of(asked) == 365
    lab.ca1.has_attribute_end_date = True
    try:
        assert [days_of(asked), days_of("ValidityPeriod:Hours\nValidityPeriodUnits:36\n"),
                days_of("ValidityPeriod:Years\nValidityPeriodUnits:2\n"),
                days_of("ValidityPeriod:Days\n"), days_of("")] == [90, 1.5, 365, 365, 365]
    finally:
        lab.ca1.has_attribute_end_date = False
