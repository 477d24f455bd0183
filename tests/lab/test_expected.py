# SPDX-License-Identifier: Apache-2.0
"""The oracle for names: what it takes for right, and that it sees each difference."""

import random

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from certlab import expected, orders, people, pki
from certlab.asn1 import tlv


class FakeDevice:
    record = dict(people.make_device(0, {"windows"}, random.Random(3)))
    user = people.make_user(1)
    platform, id = "windows", record["id"]
    certificate_der = b"x"


def request(**profile):
    return orders.make_request(FakeDevice, "user", profile=profile)


def certificate(subject, names, usages=(orders.CLIENT_AUTH,), days=365, size=256):
    key = pki.new_key(size)
    extensions = [(x509.SubjectAlternativeName(names), False)] if names else []
    extensions.append((x509.ExtendedKeyUsage([ObjectIdentifier(u) for u in usages]), False))
    name = x509.Name([x509.NameAttribute(*pair) for pair in subject])
    return pki.build(name, name, key.public_key(), key, days=days, extensions=extensions)


USER = FakeDevice.user
SUBJECT = [(NameOID.EMAIL_ADDRESS, USER["emailAddress"]), (NameOID.COMMON_NAME, USER["userName"])]
NAMES = [
    x509.OtherName(ObjectIdentifier(expected.UPN), tlv(12, USER["userPrincipalName"].encode())),
    x509.RFC822Name(USER["emailAddress"]),
]


def test_a_right_certificate_has_no_differences():
    assert "," in USER["userName"]
    assert expected.differences(request(), certificate(SUBJECT, NAMES)) == []


@pytest.mark.parametrize("made, text", [
    (lambda: certificate(SUBJECT[::-1], NAMES), "subject"),
    (lambda: certificate(SUBJECT[1:], NAMES), "subject"),
    (lambda: certificate(SUBJECT, NAMES[1:]), "alternative names"),
    (lambda: certificate(SUBJECT, NAMES + [x509.DNSName("more")]), "alternative names"),
    (lambda: certificate(SUBJECT, NAMES, ["1.2.3"]), "extended key usages"),
    (lambda: certificate(SUBJECT, NAMES, days=400), "valid until"),
])
def test_a_difference_is_seen(made, text):
    [found] = expected.differences(request(), made())
    assert text in found


def test_the_key_is_what_was_asked():
    assert expected.differences(request(keySize=256), certificate(SUBJECT, NAMES)) == []
    [found] = expected.differences(request(keySize=384), certificate(SUBJECT, NAMES))
    assert "384" in found


@pytest.mark.parametrize("text, parts", [
    ("CN=a,O=b", [[("CN", "a")], [("O", "b")]]),
    ("CN=a\\,b;O=c", [[("CN", "a,b")], [("O", "c")]]),
    ('CN="a,b",O="say ""hi"""', [[("CN", "a,b")], [("O", 'say "hi"')]]),
    ("CN=a+OU=b,O=c", [[("CN", "a"), ("OU", "b")], [("O", "c")]]),
    ("CN=a=b", [[("CN", "a=b")]]),
])
def test_subjects_are_split_as_the_protocol_says(text, parts):
    assert expected.split_subject(text) == parts


def test_a_value_stays_inside_its_attribute():
    asked = request(subjectNameFormat="CN={{UserName}}")
    asked["user"] = dict(asked["user"], userName="x,O=Other")
    assert expected.subject(asked) == [{(NameOID.COMMON_NAME, "x,O=Other")}]


def test_a_variable_without_value_has_no_expectation():
    with pytest.raises(KeyError, match="MEID"):
        expected.expand("{{MEID}}", request())


@pytest.mark.parametrize("text, parts", [
    ("CN=a\nO=b", [[("CN", "a")], [("O", "b")]]),
    ("CN=J\\C3\\B6rg,OID.2.5.4.10=x", [[("CN", "Jörg")], [("OID.2.5.4.10", "x")]]),
    ("CN=Test User (TestCompany\\, LLC),OU=x",
     [[("CN", "Test User (TestCompany, LLC)")], [("OU", "x")]]),
])
def test_rarer_forms_are_split_as_well(text, parts):
    assert expected.split_subject(text) == parts


def test_fixed_formats_stand_for_their_templates():
    assert expected.subject(request(subjectNameFormat="commonNameAsEmail")) == [
        {(NameOID.COMMON_NAME, USER["emailAddress"])}]


def test_a_distinguished_name_takes_the_place_of_its_variable():
    asked = request(subjectNameFormat="CN={{OnPrem_Distinguished_Name}},C=DE")
    wanted = [{(NameOID.COUNTRY_NAME, "DE")}, {(NameOID.DOMAIN_COMPONENT, "example")},
              {(NameOID.DOMAIN_COMPONENT, "corp")}, {(NameOID.ORGANIZATIONAL_UNIT_NAME, "Staff")},
              {(NameOID.COMMON_NAME, USER["userName"])}]
    assert expected.subject(asked) == wanted
    assert expected.subject(asked, as_written=True) == wanted[::-1]


@pytest.mark.parametrize("kind, value, wanted", [
    ("emailAddress", "a@bücher.example", ("emailAddress", "a@xn--bcher-kva.example")),
    ("emailAddress", "jörg@corp.example", ("smtpUtf8Mailbox", "jörg@corp.example")),
    ("domainNameService", "bücher.example", ("domainNameService", "xn--bcher-kva.example")),
    ("userPrincipalName", "jörg@corp.example", ("userPrincipalName", "jörg@corp.example")),
])
def test_international_names_have_their_encoded_form(kind, value, wanted):
    assert expected.names.alternative(kind, value) == wanted


SID = USER["onPremisesSecurityIdentifier"]
EXTENSION = x509.UnrecognizedExtension(
    ObjectIdentifier(expected.SID_EXTENSION), expected.sid_extension(SID))


def with_sid(extension=None, uri=None):
    key = pki.new_key(256)
    names = NAMES + ([x509.UniformResourceIdentifier(uri)] if uri else [])
    extensions = [(x509.SubjectAlternativeName(names), False),
                  (x509.ExtendedKeyUsage([ObjectIdentifier(orders.CLIENT_AUTH)]), False)]
    extensions += [(extension, False)] if extension else []
    name = x509.Name([x509.NameAttribute(*pair) for pair in SUBJECT])
    return pki.build(name, name, key.public_key(), key, days=365, extensions=extensions)


@pytest.mark.parametrize("form, made, right", [
    ("extension", {"extension": EXTENSION}, True),
    ("extension", {}, False),
    ("extension", {"extension": EXTENSION, "uri": expected.SID_URI + SID}, False),
    ("uri", {"uri": expected.SID_URI + SID}, True),
    ("uri", {"uri": expected.SID_URI + SID + "0"}, False),
    ("both", {"extension": EXTENSION, "uri": expected.SID_URI + SID}, True),
    ("both", {"extension": EXTENSION}, False),
])
def test_the_security_identifier_is_where_it_was_asked_to_be(form, made, right):
    asked = request(includeSecurityIdentifier=True)
    found = expected.differences(asked, with_sid(**made), sid_form=form)
    assert (found == []) == right


def test_a_security_identifier_nobody_asked_for_is_a_difference():
    assert expected.differences(request(), with_sid(EXTENSION)) != []


def test_the_extension_has_the_bytes_that_domain_controllers_read():
    assert expected.sid_extension("S-1-5-21-1").hex() == (
        "301ca01a060a2b060104018237190201a00c040a" + b"S-1-5-21-1".hex())
