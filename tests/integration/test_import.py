# SPDX-License-Identifier: Apache-2.0
"""PFX files of users: opened with the import key, sealed anew to the device in its own form."""

import base64
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import setups
from certlab import imports, orders, people, pki
from certlab.state import Tenant
from certs import files_with, query, secret_numbers
from host import Host, run

USER = people.make_user(0)
UPN = USER["userPrincipalName"]
PASSWORD = "pässword of Jörg"
PLATFORMS = ("windows", "macOS", "iOS", "agent", "androidDeviceAdministrator",
             "androidWorkProfile")


def changed(item, **members):
    return {**item, **members}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("imports")
    with Tenant(folder / "lab", lease_seconds=60, retry_seconds=0.1) as tenant, \
            Host(folder / "host", tenant, key="p256") as host:
        yield Site(tenant, host)
        assert tenant.lab_errors == [] and tenant.violations == []
        assert host.stop() == 0, host.log_tail()


class Site:
    """All imports of this file, queued before the daemon starts."""

    def __init__(self, tenant, host):
        self.tenant, self.host = tenant, host
        self.public = setups.use_import_key(host)
        self.other_public = setups.use_import_key(host, "second", "Second key", "Provider B")
        self.issuer = pki.Authority(host.directory, "mail-ca", "Corp Mail CA")
        self.issuers = pki.pem(self.issuer.certificate)
        self.keys, self.contexts, self.devices = {}, {}, {}
        for platform in PLATFORMS:
            self.devices[platform] = tenant.add_devices(
                1, platforms=[platform], key_size=256, user=USER, with_user=True)[0]
        self._plan()
        self._add_good()
        self._add_bad()
        host.start()
        assert tenant.wait_finished(60), host.log_tail()
        self.signer = host.signer()

    def make(self, label, password=PASSWORD, **options):
        pfx, leaf, key = imports.make_pfx(f"Jörg Müller {label}", password, issuer=self.issuer,
                                          **options)
        self.keys[label] = key, leaf
        return pfx

    def describe(self, label, pfx, password=PASSWORD, **options):
        return imports.describe(UPN, pfx, password, options.pop("public", self.public), **options)

    def add(self, label, item, platform="agent"):
        thumbprint = item.get("thumbprint", "").upper() or None
        self.contexts[label] = self.tenant.add_request(
            orders.make_import(self.devices[platform], item), thumbprint)

    def _plan(self):
        """The administrators' way: one profile for each platform that has imported PFX."""
        management = self.tenant.management
        pfx = self.make("planned")
        management.imports.add(self.describe("planned", pfx))
        management.profiles.add_group("people", users=[UPN])
        for family in ("windows", "macOS", "iOS", "agent", "androidDeviceAdministrator",
                       "androidEnterprise"):
            management.profiles.add(f"mail {family}", "importedPfx", family,
                                    intendedPurpose="smimeEncryption")
            management.profiles.assign(f"mail {family}", ["people"])
        self.planned = management.sync()
        assert len(self.planned) == len(PLATFORMS)

    def _add_good(self):
        for scheme in ("none", "oaepSha256", "oaepSha384", "oaepSha512"):
            self.add(scheme, self.describe(scheme, self.make(scheme, size=256), scheme=scheme))
        self.add("second key", self.describe(
            "second key", self.make("second key", size=256), public=self.other_public,
            key_name="Second key", provider="Provider B"))
        self.add("any provider", self.describe(
            "any provider", self.make("any provider", size=256), provider="Microsoft Software"))
        self.add("large key", self.describe("large key", self.make("large key", size=3072)))
        self.add("P-384", self.describe("P-384", self.make("P-384", size=384)))
        self.add("3DES", self.describe("3DES", self._by_openssl(
            "3DES", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"),
            "ascii only"))

    def _by_openssl(self, label, *options):
        folder = self.host.directory
        key = pki.new_key(2048)
        leaf = self.issuer.issue(pki.common_name(label), key.public_key(),
                                 usage=pki.key_usage(key_encipherment=True))
        self.keys[label] = key, leaf
        pki.write_private(folder / "in.pem", pki.key_pem(key) + pki.pem(leaf))
        run("openssl", "pkcs12", "-export", "-in", folder / "in.pem", "-out", folder / "in.p12",
            "-passout", "pass:ascii only", *options)
        (folder / "in.pem").unlink()
        return (folder / "in.p12").read_bytes()

    def _add_bad(self):
        good = self.describe("bad", self.make("bad", size=256))
        stranger = pki.new_key(2048).public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        wrap = imports.wrap_password
        self.add("wrong password", changed(good, encryptedPfxPassword=wrap("no", self.public)))
        self.add("wrong padding", changed(good, paddingScheme="oaepSha256"))
        self.add("pkcs1", changed(good, paddingScheme="pkcs1", encryptedPfxPassword=wrap(
            PASSWORD, self.public, "pkcs1")))
        self.add("oaepSha1", changed(good, paddingScheme="oaepSha1", encryptedPfxPassword=wrap(
            PASSWORD, self.public, "oaepSha1")))
        self.add("other key", changed(good, encryptedPfxPassword=wrap(PASSWORD, stranger)))
        self.add("unknown key", changed(good, keyName="nobody's"))
        self.add("garbage", changed(good, encryptedPfxBlob=base64.b64encode(
            os.urandom(600)).decode()))
        pfx = bytearray(base64.b64decode(good["encryptedPfxBlob"]))
        pfx[len(pfx) // 2] ^= 1
        self.add("tampered", changed(good, encryptedPfxBlob=base64.b64encode(pfx).decode()))
        self.add("expired", self.describe("expired", self.make(
            "expired", size=256, start=pki.now() - 30 * pki.DAY, days=20)))
        self.add("RSA 1024", self.describe("RSA 1024", self.make("RSA 1024", size=1024)))

    def opened(self, context):
        result = self.tenant.work(context).result
        assert result["status"] == "issued", result
        seen = []
        self.tenant.open(context, self.signer, self.issuers, names=False, witness=seen.append,
                         handshake=False)
        return serialization.load_pem_private_key(seen[0][seen[0].index(b"-----BEGIN"):], None)


@pytest.mark.parametrize("index", range(len(PLATFORMS)))
def test_every_platform_gets_the_users_own_key_in_its_own_form(site, index):
    key, leaf = site.keys["planned"]
    context = site.planned[index]
    assert site.opened(context).private_numbers() == key.private_numbers()
    der = site.tenant.certificate_der(context)
    assert x509.load_der_x509_certificate(der) == leaf


@pytest.mark.parametrize("label", ["none", "oaepSha256", "oaepSha384", "oaepSha512", "second key",
                                   "any provider", "large key", "P-384", "3DES"])
def test_what_administrators_upload_is_read(site, label):
    key, _ = site.keys[label]
    assert site.opened(site.contexts[label]).private_numbers() == key.private_numbers()


@pytest.mark.parametrize("label, code, word", [
    ("wrong password", "CryptographyError", "password"),
    ("wrong padding", "CryptographyError", "encryptedPfxPassword"),
    ("pkcs1", None, "paddingScheme"),
    ("oaepSha1", None, "paddingScheme"),
    ("other key", "CryptographyError", "encryptedPfxPassword"),
    ("unknown key", "NotSupportedError", "nobody's"),
    ("garbage", "DataSerializationError", "encryptedPfxBlob"),
    ("tampered", None, "PFX"),
    ("expired", "ParameterDataInvalidError", "expired"),
    ("RSA 1024", "NotSupportedError", "1024"),
])
def test_what_cannot_be_imported_is_refused_with_its_cause(site, label, code, word):
    result = site.tenant.work(site.contexts[label]).result
    assert result["status"] == "failed"
    assert code is None or result["errorCode"] == code, result
    assert word.lower() in result["errorMessage"].lower()
    assert PASSWORD not in result["errorMessage"]


def test_neither_password_nor_key_is_left_on_the_host(site):
    numbers = secret_numbers(site.keys["planned"][0]) + [PASSWORD.encode(),
                                                         PASSWORD.encode("latin-1")]
    assert files_with(site.host.state, numbers) == []
    assert PASSWORD not in site.host.log()
    assert query(site.host, "SELECT count(*) FROM ca_record WHERE cert IS NOT NULL") == [(0,)]


def test_the_connector_says_that_it_can(site):
    assert "importPfx" in site.tenant.connector.heartbeats[-1]["features"]


def test_without_an_import_key_it_says_that_it_cannot(tenant, host, site):
    [device] = tenant.add_devices(1, platforms=["agent"], key_size=256, user=USER, with_user=True)
    pfx, _, _ = imports.make_pfx("Sam", "pw", size=256)
    context = tenant.add_request(orders.make_import(
        device, imports.describe(UPN, pfx, "pw", site.public)))
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    assert tenant.work(context).result["errorCode"] == "NotSupportedError"
    assert "importPfx" not in tenant.connector.heartbeats[-1]["features"]
