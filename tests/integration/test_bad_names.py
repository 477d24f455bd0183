# SPDX-License-Identifier: Apache-2.0
"""Names that nobody should be able to put into a certificate: refused, named, and work goes on."""

import pytest
from cryptography import x509

from certlab import orders
from certlab.connector import Work
from conftest import assert_all_issued

BAD_VALUES = {
    "nul": "a\0b",
    "line break": "a\nb",
    "escape": "a\x1b[2Jb",
    "delete": "a\x7fb",
    "C1 control": "a\x85b",
    "right-to-left override": "a\u202eb",
    "isolate": "a\u2066b",
    "Arabic letter mark": "a\u061cb",
    "zero width space": "a\u200bb",
    "64 KiB": "x" * 65536,
}
# What is odd and yet a name: one common name, whatever it looks like.
ODD_VALUES = ["a,CN=administrator", "a+CN=b", 'a"b', "a=b;c", "a\\2Cb", "#0401", " a ", "Ωμέγα 数",
              "{{UserName}}"]
BAD_FORMATS = {
    "a thousand RDNs": ",".join(f"OU=u{n}" for n in range(1000)),
    "a direction mark": "CN={{DeviceId}},OU=\u202eabc",
    "a control character": "CN={{DeviceId}},OU=a\tb",
    "a missing brace": "CN={{DeviceId}",
    "an unknown variable": "CN={{Shoe_Size}}",
    "an unknown keyword": "CN={{DeviceId}},XY=1",
    "a country of three letters": "CN={{DeviceId}},C=DEU",
    "an e-mail address beyond ASCII": "CN={{DeviceId}},E=ü@example.com",
    "64 KiB": "CN=" + "x" * 65536,
}
BAD_ALTERNATIVES = [
    ("domainNameService", "a b.example.com"),
    ("domainNameService", "xn--\u0000.example.com"),
    ("emailAddress", "nobody"),
    ("emailAddress", "a\u202eb@example.com"),
    ("universalResourceIdentifier", "no scheme"),
    ("universalResourceIdentifier", "https://exämple.com/"),
    ("userPrincipalName", "x" * 2000),
    ("domainNameService", "{{DeviceId}};{{DeviceName}}"),
    ("domainNameService", "{{DeviceId}}|x"),
]


def make(device, profile=None, **record):
    request = orders.make_request(device, kind="device", profile=profile)
    request["device"].update(record)
    return request


def put(tenant, device, profile=None, **record):
    """Past the lab's own check of what it hands out."""
    request = make(device, profile, **record)
    tenant.connector.add(Work(request, well_formed=False, expected=[], kind="bad name"))
    return request["requestContext"]


def failures(tenant, contexts):
    return {name: tenant.work(context).result for name, context in contexts.items()}


@pytest.fixture
def device(tenant):
    return tenant.add_devices(1)[0]


def test_values_that_hide_or_break_something_are_refused_and_named(tenant, host, device):
    bad = {name: put(tenant, device, deviceName=value) for name, value in BAD_VALUES.items()}
    good = tenant.add_requests([device])
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, good)
    for name, result in failures(tenant, bad).items():
        assert result["status"] == "failed", name
        named = [word in result["errorMessage"] for word in ("deviceName", "DeviceName", "CN")]
        assert any(named), (name, result["errorMessage"])
        assert result["errorMessage"].isprintable(), name


def test_values_that_look_like_syntax_stay_one_common_name(tenant, host, device):
    profile = {"subjectNameFormat": "CN={{DeviceName}},OU=Fleet"}
    contexts = [tenant.add_request(make(device, profile, deviceName=value)) for value in ODD_VALUES]
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    for context, value in zip(contexts, ODD_VALUES):
        subject = x509.load_der_x509_certificate(tenant.certificate_der(context)).subject
        names = [a.value for a in subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
        assert names == [value]
        assert len(subject.rdns) == 2


def test_formats_that_cannot_be_a_name_are_refused_and_named(tenant, host, device):
    bad = {name: put(tenant, device, {"subjectNameFormat": text})
           for name, text in BAD_FORMATS.items()}
    for index, (kind, value) in enumerate(BAD_ALTERNATIVES):
        bad[f"{kind} {index}"] = put(
            tenant, device, {"subjectAlternativeNames": [{"type": kind, "value": value}]})
    good = tenant.add_requests([device])
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, good)
    for name, result in failures(tenant, bad).items():
        assert result["status"] == "failed", name
        assert "subject" in result["errorMessage"], (name, result["errorMessage"])
        assert result["errorMessage"].isprintable(), name
