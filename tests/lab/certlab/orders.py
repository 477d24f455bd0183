# SPDX-License-Identifier: Apache-2.0
"""PKCS requests as the service hands them out, made from devices and profiles."""

import base64
import uuid

from . import pki
from .platforms import family

CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
CA_HOST, CA_NAME = "ca1.corp.example", "Corp Issuing CA"
TEMPLATES = {"user": "CertferryWiFi", "device": "CertferryDevice"}
SUBJECTS = {
    "user": "CN={{UserName}},E={{EmailAddress}}",
    "device": "CN={{DeviceName}},OU=Fleet,O=Corp",
}
NAMES = {
    "user": [("userPrincipalName", "{{UserPrincipalName}}"), ("emailAddress", "{{EmailAddress}}")],
    "device": [
        ("domainNameService", "{{DeviceId}}.fleet.corp.example"),
        ("universalResourceIdentifier", "IntuneDeviceId://{{DeviceId}}"),
    ],
}
# A variable's member of `device` or `user`, for whoever has to resolve it in a test.
VARIABLES = {
    "UserName": "userName", "UserPrincipalName": "userPrincipalName",
    "EmailAddress": "emailAddress", "GivenName": "givenName", "SurName": "surname",
    "Department": "department", "OnPrem_Distinguished_Name": "onPremisesDistinguishedName",
    "OnPremisesSamAccountName": "onPremisesSamAccountName",
    "OnPremisesSecurityIdentifier": "onPremisesSecurityIdentifier", "DeviceId": "id",
    "AAD_Device_ID": "azureADDeviceId", "AzureADDeviceId": "azureADDeviceId",
    "DeviceName": "deviceName", "SerialNumber": "serialNumber", "SERIALNUMBER": "serialNumber",
    "Device_Serial": "serialNumber", "IMEI": "imei", "IMEINumber": "imei", "Device_IMEI": "imei",
    "MEID": "meid", "WiFiMacAddress": "wiFiMacAddress",
    "FullyQualifiedDomainName": "fullyQualifiedDomainName",
}


def make_profile(platform, kind, key_size=None, **changes):
    profile = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{platform}.{kind}.{key_size}.corp.example")),
        "name": f"WLAN {kind} {platform}",
        "platform": platform,
        "certificateType": kind,
        "subjectNameFormat": SUBJECTS[kind],
        "subjectAlternativeNames": [
            {"type": name, "value": value} for name, value in NAMES[kind]
        ],
        "extendedKeyUsages": [CLIENT_AUTH],
        "keySize": key_size,
        "validityPeriod": {"value": 1, "scale": "years"},
        "renewalThresholdPercentage": 20,
        "keyStorageProvider": "useTpmKspOtherwiseUseSoftwareKsp" if family(platform) == "windows" else None,
        "allowAllAppsAccess": False if platform == "macOS" else None,
        "includeSecurityIdentifier": None,
    }
    profile.update(changes)
    return profile


def make_request(device, kind=None, key_size=None, request_type="issue", profile=None, **changes):
    """An issue, renew or reencrypt request; `changes` replace top-level members."""
    kind = kind or ("user" if device.user else "device")
    if kind == "user" and device.user is None:
        raise ValueError(f"device {device.id} has no user")
    request = {
        "requestContext": str(uuid.uuid4()),
        "requestType": request_type,
        "leaseExpiresUtc": None,
        "certificationAuthority": CA_HOST,
        "certificationAuthorityName": CA_NAME,
        "certificateTemplateName": TEMPLATES[kind],
        "profile": make_profile(device.platform, kind, key_size, **(profile or {})),
        "device": dict(device.record),
        "user": dict(device.user) if device.user else None,
        "recipientCertificate": base64.b64encode(device.certificate_der).decode(),
    }
    request.update(changes)
    return request


def make_import(device, item, profile=None, **changes):
    """An importPfx request for one userPfxCertificate (imports.py)."""
    request = make_request(device, request_type="importPfx", profile=profile)
    request.update(
        certificationAuthority=None,
        certificationAuthorityName=None,
        certificateTemplateName=None,
        **{name: item[name] for name in (
            "encryptedPfxBlob", "encryptedPfxPassword", "providerName", "keyName", "paddingScheme",
        )},
    )
    request.update(changes)
    return request


def recipient(certificate):
    return base64.b64encode(pki.der(certificate)).decode()
