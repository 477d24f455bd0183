# SPDX-License-Identifier: Apache-2.0
"""Devices open what is right and refuse what was changed in any way."""

import base64
import os
import pathlib
import plistlib

import pytest

from certlab import asn1, envelope, orders, pki
from certlab.command import Refused
from certlab.pfx import preset_of
from sealer import apple_payload, make_pfx, seal


def device_of(fleet, platform, key="RSA"):
    """The first device of a platform; agents with either kind of key are made when needed."""
    for device in fleet.fleet.devices.values():
        is_rsa = hasattr(device.certificate.public_key(), "encrypt")
        if device.platform == platform and is_rsa == (key == "RSA"):
            return device
    return fleet.add_devices(1, platforms=[platform], key_size=2048 if key == "RSA" else 256)[0]


def opened(fleet, connector, device, handshake=False, **changes):
    request = orders.make_request(device, "device")
    result = connector.answer(device, request, **changes)
    return envelope.open_result(
        device, request, result, connector.signers, connector.issuers, handshake=handshake
    )


def left_behind():
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    return [p for p in pathlib.Path(base).glob("certlab-*") if p.stat().st_uid == os.getuid()]


def test_every_device_opens_and_uses_its_pfx(fleet, connector):
    for device in list(fleet.fleet.devices.values()):
        found = opened(fleet, connector, device, handshake=True)
        assert found.envelope == envelope.envelope_of(device.platform)
        assert found.preset == preset_of(device.platform, device.record["osVersion"])
        assert found.subject == f"CN={device.record['deviceName']}"
        assert found.handshake.startswith("TLSv1.3")
        assert found.extended_key_usages == ["1.3.6.1.5.5.7.3.2"]


@pytest.mark.parametrize("platform", ["agent", "androidEnterprise"])
def test_an_agent_with_a_curve_key_opens_its_pfx(fleet, connector, platform):
    assert opened(fleet, connector, device_of(fleet, platform, "EC")).envelope == "agent"


@pytest.mark.parametrize("platform, version, preset", [
    ("windows", "10.0.16299", "modern"), ("windows", "10.0.16298.9", "legacy"),
    ("windows", "11.0", "modern"), ("windows", "6.3.9600", "legacy"), ("macOS", "15", "modern"),
    ("macOS", "14.7.1", "legacy"), ("iOS", "18.0", "modern"), ("iOS", "17.9", "legacy"),
    ("androidDeviceAdministrator", "14", "modern"), ("androidDeviceAdministrator", "9", "legacy"),
    ("androidEnterprise", "11", "modern"), ("agent", "1", "modern"),
])
def test_the_preset_follows_platform_and_version(platform, version, preset):
    assert preset_of(platform, version) == preset


@pytest.mark.parametrize("platform", ["agent", "windows", "macOS"])
def test_a_flipped_bit_is_refused_wherever_it_is(fleet, connector, platform):
    device = device_of(fleet, platform)
    request = orders.make_request(device, "device")
    result = connector.answer(device, request)
    sealed = base64.b64decode(result["sealedPfx"])
    for place in range(4, len(sealed), len(sealed) // 12):
        changed = bytearray(sealed)
        changed[place] ^= 1
        spoiled = dict(result, sealedPfx=base64.b64encode(changed).decode())
        with pytest.raises(Refused):
            envelope.open_result(device, request, spoiled, connector.signers, connector.issuers)


@pytest.mark.parametrize("platform", ["agent", "windows"])
@pytest.mark.parametrize("changes, text", [
    ({"context": "another"}, "A.1"),
    ({"drop": ("context",)}, "A.1"),
    ({"drop": ("recipient",)}, "A.2"),
    ({"drop": ("signingTime",)}, "signingTime"),
    ({"drop": ("signingCertificateV2",)}, "signature"),
    ({"key": pki.new_key(256)}, "signature"),
    ({"ahead": 3600}, "future"),
    ({"extra": asn1.tlv(0xA1, asn1.tlv(0x30, asn1.oid("1.2.3.4") + asn1.tlv(0x31, b"\5\0")))},
     "unsigned"),
    ({"add": [(envelope.CONTEXT, asn1.tlv(12, b"twice"))]}, "exactly once"),
])
def test_wrong_signed_attributes_are_refused(fleet, connector, platform, changes, text):
    with pytest.raises(Refused, match=text):
        opened(fleet, connector, device_of(fleet, platform), **changes)


def test_the_hash_of_another_recipient_is_refused(fleet, connector):
    device, other = device_of(fleet, "agent"), device_of(fleet, "windows")
    with pytest.raises(Refused, match="A.2"):
        opened(fleet, connector, device, recipient=other)


def test_another_signer_is_refused(fleet, connector, tmp_path):
    device = device_of(fleet, "agent")
    request = orders.make_request(device, "device")
    stranger = type(connector)(tmp_path)
    with pytest.raises(Refused, match="signature"):
        envelope.open_result(device, request, stranger.answer(device, request),
                             connector.signers, stranger.issuers)


def test_another_issuer_is_refused(fleet, connector, tmp_path):
    device = device_of(fleet, "macOS")
    request = orders.make_request(device, "device")
    stranger = type(connector)(tmp_path)
    with pytest.raises(Refused, match="chain"):
        envelope.open_result(device, request, connector.answer(device, request),
                             connector.signers, stranger.issuers)


def test_a_device_cannot_open_what_is_for_another(fleet, connector):
    one, other = device_of(fleet, "agent"), device_of(fleet, "androidEnterprise")
    request = orders.make_request(one, "device")
    with pytest.raises(Refused):
        envelope.open_result(other, request, connector.answer(one, request),
                             connector.signers, connector.issuers)


def test_a_result_for_another_request_is_refused(fleet, connector):
    device = device_of(fleet, "macOS")
    request = orders.make_request(device, "device")
    result = dict(connector.answer(device, request), requestContext="another")
    with pytest.raises(Refused, match="another request"):
        envelope.open_result(device, request, result, connector.signers, connector.issuers)


@pytest.mark.parametrize("platform, changes, text", [
    ("agent", {"transport": []}, "key transport"),
    ("agent", {"preset": "legacy"}, "preset modern"),
    ("agent", {"iterations": 1000}, "iterations"),
    ("agent", {"password": "short"}, "password"),
    ("windows", {"sent_password": "A" * 43}, "PFX"),
    ("windows", {"transport": ["-keyopt", "rsa_padding_mode:oaep"]}, "key transport"),
    ("macOS", {"plist": {"KeyIsExtractable": True}}, "extractable"),
    ("macOS", {"plist": {"AllowAllAppsAccess": True}}, "AllowAllAppsAccess"),
    ("iOS", {"plist": {"KeyIsExtractable": False}}, "members"),
    ("iOS", {"plist": {"Password": b"bytes"}}, "Password"),
])
def test_what_breaks_the_envelope_page_is_refused(fleet, connector, platform, changes, text):
    with pytest.raises(Refused, match=text):
        opened(fleet, connector, device_of(fleet, platform), **changes)


def test_a_password_in_a_windows_envelope_is_refused(fleet, connector):
    device = device_of(fleet, "windows")
    add = [(envelope.PASSWORD, asn1.tlv(12, b"x" * 43))]
    with pytest.raises(Refused, match="A.3"):
        opened(fleet, connector, device, add=add)


def test_an_agent_envelope_without_password_is_refused(fleet, connector):
    with pytest.raises(Refused, match="A.3"):
        opened(fleet, connector, device_of(fleet, "agent"), drop=("password",))


def test_the_key_of_another_certificate_is_refused(fleet, connector):
    device = device_of(fleet, "iOS")
    request = orders.make_request(device, "device")
    result = connector.answer(device, request)
    key, certificate = connector.issue(device)
    store = make_pfx(key, certificate, "B" * 43, preset_of("iOS", device.record["osVersion"]), 2048)
    payload = plistlib.dumps([apple_payload(device, request, store, "B" * 43)])
    result["sealedPfx"] = base64.b64encode(seal(device, payload, False)).decode()
    with pytest.raises(Refused, match="not the one the result names"):
        envelope.open_result(device, request, result, connector.signers, connector.issuers)


def test_nothing_is_left_on_disk(fleet, connector):
    before = left_behind()
    opened(fleet, connector, device_of(fleet, "agent"), handshake=True)
    with pytest.raises(Refused):
        opened(fleet, connector, device_of(fleet, "agent"), iterations=1000)
    assert left_behind() == before
