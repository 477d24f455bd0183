# SPDX-License-Identifier: Apache-2.0
"""N1, E1: the certificates themselves, as OpenSSL and RFC 5280 see them."""

import pytest
from cryptography import x509
from front import CHALLENGE
from wire import asn1, pki

CLIENT = x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH


@pytest.fixture(scope="module")
def device(front):
    return front.device("wifi")


def extension(certificate, kind):
    return certificate.x509.extensions.get_extension_for_class(kind)


def test_a_certificate_is_as_it_was_asked_for(front, device):
    extensions = [
        pki.san(dns=["a.corp.example"], mail=["a@corp.example"], uri=["tag:corp.example,2026:a"],
                upn=["a@corp.example"]),
        pki.key_usage(0, 2), pki.extended_key_usage("clientAuth")]
    subject = pki.name(("C", "DE"), ("O", "Corp"), ("OU", "Fleet"), ("CN", "n1"))
    certificate = device.enrol("n1", CHALLENGE, subject=subject,
                               extensions=extensions).success().certificate
    assert certificate.subject == subject
    names = extension(certificate, x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.corp.example"]
    assert names.get_values_for_type(x509.RFC822Name) == ["a@corp.example"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["tag:corp.example,2026:a"]
    [upn] = names.get_values_for_type(x509.OtherName)
    assert upn.value == asn1.string("a@corp.example", asn1.UTF8)
    usage = extension(certificate, x509.KeyUsage)
    assert usage.critical and usage.value.digital_signature and usage.value.key_encipherment
    assert not usage.value.key_cert_sign
    assert list(extension(certificate, x509.ExtendedKeyUsage).value) == [CLIENT]
    assert not certificate.is_ca
    assert "OK" in front.verify(certificate, "-purpose", "sslclient")


def test_the_serial_number_is_of_rfc_5280(device):
    seen = set()
    for number in range(5):
        serial = device.enrol(f"serial-{number}", CHALLENGE).success().certificate.serial
        value = asn1.read(serial).value
        assert 8 <= len(value) <= 20 and value[0] < 0x80 and any(value)
        seen.add(value)
    assert len(seen) == 5


def test_extensions_may_be_asked_for_as_microsoft_does(device):
    certificate = device.enrol(
        "ms", CHALLENGE, extensions=[pki.san(dns=["ms.corp.example"])],
        csr_options={"extensions_oid": pki.MS_EXTENSION_REQUEST}).success().certificate
    names = extension(certificate, x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ms.corp.example"]


@pytest.mark.parametrize("extensions", [
    [pki.basic_constraints(True)], [pki.key_usage(5, 6)],
    [pki.extended_key_usage("serverAuth")], [pki.extended_key_usage("2.5.29.37.0")],
    [pki.extended_key_usage("clientAuth", "1.3.6.1.4.1.311.20.2.1")]],
    ids=["ca", "signs", "server", "any", "agent"])
def test_nobody_becomes_more_than_the_profile_allows(device, extensions):
    reply = device.enrol("more", CHALLENGE, extensions=extensions)
    if reply.status == "FAILURE":
        reply.failure("badRequest")
        return
    certificate = reply.certificate
    assert not certificate.is_ca
    assert not certificate.usage("key_cert_sign") and not certificate.usage("crl_sign")
    assert list(extension(certificate, x509.ExtendedKeyUsage).value) == [CLIENT]


def test_unknown_extensions_are_not_copied(device):
    odd = [pki.extension("1.2.3.4", asn1.null()), pki.extension("2.5.29.36", asn1.sequence(), True)]
    reply = device.enrol("odd", CHALLENGE, extensions=odd)
    if reply.status == "SUCCESS":
        oids = {one.oid.dotted_string for one in reply.certificate.x509.extensions}
        assert "1.2.3.4" not in oids and "2.5.29.36" not in oids


@pytest.mark.parametrize("text", ["Jörg Müller", "设备-1", "emoji 😀", "a,b+c=d;e\\f\"g<h>#i"])
@pytest.mark.parametrize("tag", [asn1.UTF8, asn1.BMP], ids=["utf8", "bmp"])
def test_names_of_any_letters_are_kept(device, text, tag):
    if tag == asn1.BMP and any(ord(one) > 0xFFFF for one in text):
        pytest.skip("no BMPString can hold it")
    certificate = device.enrol("e1", CHALLENGE, subject=pki.name(("CN", (text, tag)))) \
        .success().certificate
    assert certificate.x509.subject.get_attributes_for_oid(
        x509.oid.NameOID.COMMON_NAME)[0].value == text


@pytest.mark.parametrize("value", ["gerät.corp.example".encode(), b"xn--gert-loa.corp.example",
                                   b"a b", b"a\0b.corp.example", b"", b"*.corp.example"],
                         ids=["utf8", "idn", "blank", "nul", "empty", "wildcard"])
def test_odd_host_names_are_kept_or_refused(device, value):
    reply = device.enrol("e1", CHALLENGE, extensions=[pki.san(dns=[value])])
    if reply.status == "FAILURE":
        reply.failure("badRequest")
        return
    raw = extension(reply.certificate, x509.SubjectAlternativeName)
    assert value.isascii() and raw.value.get_values_for_type(x509.DNSName) == [value.decode()]


def test_an_empty_subject_with_a_name_beside_it(front, device):
    reply = device.enrol("", CHALLENGE, subject=asn1.sequence(),
                         extensions=[pki.san(dns=["only.corp.example"])])
    if reply.status == "FAILURE":
        reply.failure("badRequest")
        return
    assert extension(reply.certificate, x509.SubjectAlternativeName).critical
    assert "OK" in front.verify(reply.certificate)


def test_a_request_without_any_name(device):
    device.enrol("", CHALLENGE, subject=asn1.sequence()).failure("badRequest")


@pytest.mark.parametrize("subject", [
    asn1.sequence(asn1.set_of(asn1.sequence(asn1.oid("2.5.4.3")))), asn1.octets(b"x"),
    pki.name(("CN", ("a\0b", asn1.UTF8))), pki.name(("CN", (b"\xff\xfe", asn1.UTF8))),
    pki.name(("CN", "x" * 5000)), pki.name(*[("CN", "x")] * 300)],
    ids=["value", "type", "nul", "utf8", "long", "many"])
def test_a_subject_that_is_none(device, subject):
    device.send(device.request(pki.csr(device.key, subject, challenge=CHALLENGE))).failure(
        "badRequest")


def test_the_usage_of_a_profile_is_asked_for_exactly(front):
    device = front.device("usage")
    signing = [pki.key_usage(0)]
    reply = device.enrol("usage", CHALLENGE, extensions=signing).success()
    assert not reply.certificate.usage("key_encipherment")
    both = [pki.key_usage(0, 2)]
    device.send(device.pkcs_req("usage", challenge=CHALLENGE, extensions=both)).failure(
        "badRequest")
    only = [pki.key_usage(2)]
    device.send(device.pkcs_req("usage", challenge=CHALLENGE, extensions=only)).failure(
        "badRequest")
