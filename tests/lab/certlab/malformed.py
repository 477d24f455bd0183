# SPDX-License-Identifier: Apache-2.0
"""Requests that are wrong in one way each, to stand in a page among good ones.

KINDS maps a name to (error codes the connector may answer, maker). No code means that the request
cannot be answered because it has no usable requestContext.
"""

import datetime

from . import orders, pki

INVALID = ("ParameterDataInvalidError",)
UNKNOWN = ("NotSupportedError", "ParameterDataInvalidError")
UNREADABLE = ("DataSerializationError", "CryptographyError")
UNTRUSTED = ("CryptographyError",)


def _drop(name):
    def change(request, tenant, device):
        del request[name]
    return change


def _put(**values):
    def change(request, tenant, device):
        request.update(values)
    return change


def _profile(**values):
    def change(request, tenant, device):
        request["profile"].update(values)
    return change


def _unknown_platform(request, tenant, device):
    request["profile"]["platform"] = request["device"]["platform"] = "palmOS"


def _variable_without_value(request, tenant, device):
    request["profile"]["subjectNameFormat"] = "CN={{DeviceName}},SERIALNUMBER={{MEID}}"
    request["device"]["meid"] = None


def _san_without_value(request, tenant, device):
    request["profile"]["subjectAlternativeNames"] = [
        {"type": "domainNameService", "value": "{{FullyQualifiedDomainName}}"}
    ]
    request["device"]["fullyQualifiedDomainName"] = ""


def _other_ca(request, tenant, device):
    certificate = pki.device_certificate(
        tenant.rogue_ca, device.id, device.certificate.public_key()
    )
    request["recipientCertificate"] = orders.recipient(certificate)


def _other_device(request, tenant, device):
    other = next((d for d in tenant.fleet.devices.values() if d.id != device.id), None)
    if other is None:
        other = tenant.add_devices(1)[0]
    request["recipientCertificate"] = orders.recipient(other.certificate)


def _expired(request, tenant, device):
    certificate = pki.device_certificate(
        tenant.device_ca, device.id, device.certificate.public_key(),
        start=pki.now() - datetime.timedelta(days=30), days=29,
    )
    request["recipientCertificate"] = orders.recipient(certificate)


def _rsa_1024(request, tenant, device):
    certificate = pki.device_certificate(
        tenant.device_ca, device.id, pki.new_key(1024).public_key()
    )
    request["recipientCertificate"] = orders.recipient(certificate)


def _signing_only(request, tenant, device):
    certificate = tenant.device_ca.issue(
        pki.common_name(device.id), device.certificate.public_key(),
        usage=pki.key_usage(digital_signature=True),
    )
    request["recipientCertificate"] = orders.recipient(certificate)


KINDS = {
    "missing-field": (INVALID, _drop("profile")),
    "missing-recipient": (INVALID, _drop("recipientCertificate")),
    "wrong-type": (INVALID, _put(certificateTemplateName=17)),
    "profile-not-an-object": (INVALID, _put(profile="WLAN")),
    "unknown-platform": (UNKNOWN, _unknown_platform),
    "unknown-request-type": (UNKNOWN, _put(requestType="reissue")),
    "unknown-key-size": (UNKNOWN, _profile(keySize=1024)),
    "subject-syntax": (INVALID, _profile(subjectNameFormat="CN={{DeviceName},,=x")),
    "unknown-variable": (INVALID, _profile(subjectNameFormat="CN={{ShoeSize}}")),
    "variable-without-value": (INVALID, _variable_without_value),
    "san-without-value": (INVALID, _san_without_value),
    "recipient-not-base64": (UNREADABLE, _put(recipientCertificate="%%%%")),
    "recipient-garbage": (UNREADABLE, _put(recipientCertificate="AAECAwQFBgc=")),
    "untrusted-recipient": (UNTRUSTED, _other_ca),
    "recipient-of-another-device": (UNTRUSTED, _other_device),
    "expired-recipient": (UNTRUSTED, _expired),
    "rsa-1024-recipient": (UNTRUSTED, _rsa_1024),
    "signing-only-recipient": (UNTRUSTED, _signing_only),
    "forbidden-template": (INVALID, _put(certificateTemplateName="DomainController")),
    "unknown-ca": (INVALID, _put(certificationAuthorityName="Nobody's CA")),
    "over-long-context": ((), _put(requestContext="x" * 257)),
    "non-string-context": ((), _put(requestContext=4711)),
    "missing-context": ((), _drop("requestContext")),
}


def make(kind, tenant, device):
    codes, change = KINDS[kind]
    request = orders.make_request(device, kind="device")
    change(request, tenant, device)
    return request, list(codes)
