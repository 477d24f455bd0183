# SPDX-License-Identifier: Apache-2.0
"""Each setting of a PKCS profile on each platform that has it, through one daemon."""

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

import setups
from cases import Cases
from certlab import pki, settings
from certlab.state import Tenant
from certs import query
from host import Host

UPN = {"type": "userPrincipalName", "value": "{{UserPrincipalName}}"}
NAMES = [
    UPN,
    {"type": "emailAddress", "value": "{{EmailAddress}}"},
    {"type": "domainNameService", "value": "{{DeviceId}}.fleet.corp.example"},
    {"type": "universalResourceIdentifier", "value": "IntuneDeviceId://{{DeviceId}}"},
]
MANY = [{"type": "domainNameService", "value": f"n{i}.corp.example"} for i in range(200)]

# setting: {label: value}; None in place of values leaves the row to a test of its own
ROWS = {
    "certificationAuthority": {"partner": "partner.corp.example"},
    "certificationAuthorityName": None,  # together with the row before
    "certificateTemplateName": {"device": "CertferryDevice"},
    "certificateType": {"device": "device", "user": "user"},
    "subjectNameFormat": {
        "text": "CN={{DeviceName}}Device1,OU=Mobile,O=Finance Group,L=Redmond,ST=Washington,C=US",
        "fixed": "commonNameIncludingEmail"},
    "subjectAlternativeNames": {"upn": [UPN], "all": NAMES, "many": MANY},
    "keySize": {"p256": 256, "p384": 384, "rsa2048": 2048},
    "validityPeriod": {
        "shortest": {"value": 5, "scale": "days"}, "months": {"value": 2, "scale": "months"},
        "longest": {"value": 2, "scale": "years"}},
    "renewalThresholdPercentage": {"1": 1, "99": 99},
    "includeSecurityIdentifier": None,  # test_strong_mapping.py
    "extendedKeyUsages": {"one": [setups.CLIENT], "two": [setups.CLIENT, setups.MAIL]},
    "keyStorageProvider": {name: name for name in settings.STORAGE_PROVIDERS},
    "containerName": None,  # together with Windows Hello
    "certificateStore": {"user": "user", "machine": "machine"},
    "allowAllAppsAccess": {"yes": True, "no": False},
    "rootCertificate": {"root": "root"},
    "ownerships": {name: [name] for name in settings.OWNERSHIPS},
    "certificateAccess": {"approval": "userApproval", "apps": ["com.corp.mail"]},
}
# What changes the sealed content, and not the certificate alone.
SEALED = ("certificateType", "keySize", "keyStorageProvider", "allowAllAppsAccess", "ownerships")
FINER = {
    "workProfile": "androidWorkProfile", "fullyManaged": "androidFullyManaged",
    "dedicated": "androidDedicated", "corporateOwned": "androidCorporateOwned",
}
TABLE = [
    (f"{setting} {label} {platform}", setting, value, platform)
    for setting, values in ROWS.items() if values
    for label, value in values.items()
    for platform in settings.TABLE[setting][0]
]


def given(setting, value, platform):
    """The profile's settings: the one in question and what it needs beside it."""
    chosen = {setting: value}
    if setting == "certificationAuthority":
        chosen["certificationAuthorityName"] = "Partner CA"
    if chosen.get("certificateType") == "device":
        chosen.update(subjectNameFormat="CN={{DeviceName}}", subjectAlternativeNames=NAMES[2:],
                      certificateTemplateName="CertferryDevice")
    if value == "usePassportForWorkKspOtherwiseFail":
        chosen["containerName"] = "WLAN of {{nobody}}"
    if setting == "rootCertificate":
        chosen[setting] = f"root {platform}"
    return chosen


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("settings")
    with Tenant(folder / "lab", lease_seconds=60, retry_seconds=0.1) as tenant, \
            Host(folder / "host", tenant, key="p256") as host:
        partner = setups.add_ca(host, "partner", "Partner CA")
        setups.allow_everything(host, cas="corp partner")
        host.config["template CertferryWiFi"]["eku"] = "clientAuth emailProtection"
        cases = Cases(tenant, host)
        cases.issuers += partner.read_text()
        host.start()
        for name, setting, value, platform in TABLE:
            wire = FINER[value[0]] if setting == "ownerships" else platform
            device = cases.device(wire)
            if setting == "rootCertificate":
                assign_root(tenant, host, platform, device)
            cases.add(name, wire, given(setting, value, platform), device)
        cases.run()
        yield cases
        assert tenant.lab_errors == [] and tenant.violations == []
        assert host.stop() == 0, host.log_tail()
        assert "runtime error:" not in host.log()
        assert "ERROR: AddressSanitizer" not in host.log()


def assign_root(tenant, host, platform, device):
    """The trusted certificate profile, from what `certferry ca-cert` exports."""
    exported = host.tool("ca-cert", "corp").stdout
    profiles = tenant.management.profiles
    profiles.add(f"root {platform}", "trustedCertificate", platform, certificate=exported)
    profiles.add_group(f"root {platform}", devices=[device.id])
    profiles.assign(f"root {platform}", [f"root {platform}"])


def check(setting, value, site, name, certificate):
    """What this setting alone says about the result."""
    result = site.result(name)
    if setting == "certificationAuthority":
        assert certificate.issuer.rfc4514_string() == "CN=Partner CA,O=Corp"
        assert result["caConfiguration"] == "partner"
    elif setting == "validityPeriod":
        life = certificate.not_valid_after - certificate.not_valid_before
        longest = {"shortest": 5, "months": 62, "longest": 365}[name.split()[1]]
        assert datetime.timedelta(days=longest - 4) < life <= datetime.timedelta(days=longest + 1)
    elif setting == "renewalThresholdPercentage":
        rows = query(site.host, "SELECT renewal_threshold_percent FROM ledger WHERE context = ?",
                     site.contexts[name])
        assert rows == [(value,)]
    elif setting == "keyStorageProvider":
        assert result["keyLocation"] == settings.KEY_LOCATIONS[value]
        assert (result.get("containerName") is None) == (result["keyLocation"] != 4)
        assert result["pfxKeyExportable"] is False
    elif setting == "certificateStore":
        assert result["certificateStore"] == value
    elif setting == "rootCertificate":
        root = x509.load_der_x509_certificate(base64.b64decode(result["rootCertificate"]))
        profile = site.request(name)["profile"]
        assert pki.thumbprint(root) == profile["rootCertificateThumbprint"]
    elif setting == "ownerships":
        assert site.request(name)["profile"]["platform"] == FINER[value[0]]


@pytest.mark.parametrize("name, setting, value, platform", TABLE, ids=[row[0] for row in TABLE])
def test_a_setting_reaches_the_device(site, name, setting, value, platform):
    certificate = site.issued(name, opened=setting in SEALED)
    check(setting, value, site, name, certificate)


def test_apple_systems_take_the_usages_of_the_template(site):
    for platform in ("iOS", "macOS"):
        certificate = site.issued(f"subjectNameFormat text {platform}", opened=False)
        usages = certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE)
        assert {u.dotted_string for u in usages.value} == {setups.CLIENT, setups.MAIL}


def test_every_row_of_the_table_is_walked():
    assert set(ROWS) == set(settings.TABLE)


def test_the_console_shows_success_for_every_profile(site):
    from certlab.status import status
    shown = [s for s in status(site.tenant.management) if not s["profile"].startswith("root ")]
    assert len(shown) == len(TABLE)
    assert [s for s in shown if s["status"] != "succeeded"] == []
