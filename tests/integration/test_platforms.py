# SPDX-License-Identifier: Apache-2.0
"""What devices of every platform and age get, opened by readers that share no code with us."""

import plistlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from certlab import apple, envelope, people, pfx, readers
from certlab.state import Tenant
from host import Host

MACHINES = people.MACHINES + people.FINER


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """{(platform, version): (device, request, result, Unsealed)} of one run."""
    folder = tmp_path_factory.mktemp("platforms")
    with Tenant(folder / "lab", lease_seconds=60, retry_seconds=0.1) as tenant, \
            Host(folder / "host", tenant, key="p256") as host:
        devices = {
            (platform, version): tenant.add_devices(
                1, platforms=[platform], os_version=version, with_user=True)[0]
            for platform, version, _ in MACHINES
        }
        contexts = {
            key: tenant.add_requests([device], kinds=["user"], profile=(
                {"allowAllAppsAccess": True} if key == ("macOS", "15.1") else None))[0]
            for key, device in devices.items()
        }
        host.start()
        assert tenant.wait_finished(60), host.log_tail()
        signer, found = host.signer(), {}
        for key, context in contexts.items():
            work = tenant.work(context)
            assert work.result["status"] == "issued", work.result
            tenant.open(context, signer, host.ca_pem(), handshake=False)
            found[key] = (devices[key], work.request, work.result, envelope.unseal(
                devices[key], work.request, work.result, signer))
        yield found
        assert tenant.lab_errors == [] and tenant.violations == []


def leaf_key(site, key):
    device, request, result, _ = site[key]
    der = envelope._decode(result, "certificate")
    return octets(x509.load_der_x509_certificate(der).public_key())


def octets(key):
    return key.public_bytes(serialization.Encoding.DER,
                            serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("reader", readers.READERS)
@pytest.mark.parametrize("key", [machine[:2] for machine in people.MACHINES], ids=" ".join)
def test_a_reader_finds_the_key_of_the_certificate(site, key, reader):
    opened = site[key][3]
    preset = pfx.preset_of(*key)
    try:
        found = octets(readers.READERS[reader](opened.store, opened.password))
    except envelope.Refused:
        found = None
    assert (found == leaf_key(site, key)) == readers.OPENS[reader, preset]


@pytest.mark.parametrize("key", [m[:2] for m in people.FINER], ids=" ".join)
def test_the_finer_names_of_platforms_get_what_their_family_gets(site, key):
    opened = site[key][3]
    assert octets(readers.by_openssl(opened.store, opened.password)) == leaf_key(site, key)


@pytest.mark.parametrize("key", [m[:2] for m in MACHINES if m[0] in ("macOS", "iOS", "iPadOS")],
                         ids=" ".join)
def test_the_payload_is_what_a_configuration_profile_carries(site, key):
    device, request, _, opened = site[key]
    payloads = plistlib.loads(opened.payload, fmt=plistlib.FMT_XML)
    assert apple.by_plistutil(opened.payload) == payloads
    whole = plistlib.dumps(apple.as_profile(opened.payload))
    assert apple.by_plistutil(whole)["PayloadContent"] == payloads
    assert opened.payload.startswith(b"<?xml")
    if key[0] == "macOS":
        assert payloads[0]["KeyIsExtractable"] is False
        assert payloads[0]["AllowAllAppsAccess"] is (key[1] == "15.1")
    else:
        assert not {"KeyIsExtractable", "AllowAllAppsAccess"} & set(payloads[0])


def test_payloads_have_identifiers_of_their_own(site):
    payloads = [plistlib.loads(opened.payload)[0] for *_, opened in site.values()
                if opened.payload]
    for member in ("PayloadUUID", "PayloadIdentifier"):
        assert len({payload[member] for payload in payloads}) == len(payloads)
