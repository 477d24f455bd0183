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
