# SPDX-License-Identifier: Apache-2.0
"""Each independent reader opens each preset, and none opens what it must not."""

import plistlib

import pytest
from cryptography.hazmat.primitives import serialization

from certlab import apple, pki, readers
from certlab.command import Refused
from sealer import apple_payload, make_pfx

PASSWORD = "eV3ry-0nE_oF-th3Se-43_characters-is-base64u"


def octets(key):
    return key.public_bytes(serialization.Encoding.DER,
                            serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def stores():
    name, made = pki.common_name("device"), {}
    for size in (2048, 256):
        key = pki.new_key(size)
        leaf = pki.build(name, name, key.public_key(), key, days=30)
        for preset in ("modern", "legacy"):
            made[preset, size] = key, make_pfx(key, leaf, PASSWORD, preset, 2048)
    return made


@pytest.mark.parametrize("size", [2048, 256])
@pytest.mark.parametrize("reader, preset", readers.OPENS)
def test_the_table_of_readers_is_right(stores, reader, preset, size):
    key, store = stores[preset, size]
    try:
        found = octets(readers.READERS[reader](store, PASSWORD)) == octets(key.public_key())
    except Refused:
        found = False
    assert found == readers.OPENS[reader, preset]


@pytest.mark.parametrize("reader", readers.READERS)
def test_no_reader_takes_another_password(stores, reader):
    with pytest.raises(Refused):
        readers.READERS[reader](stores["modern", 256][1], PASSWORD[::-1])


def test_libplist_reads_what_plistlib_reads(stores):
    payload = apple_payload(
        type("Device", (), {"platform": "macOS"}), {"profile": {"allowAllAppsAccess": True}},
        stores["modern", 256][1], PASSWORD)
    plain = plistlib.dumps([payload])
    assert apple.by_plistutil(plain) == [payload]
    assert apple.read_payload(plain, "macOS", {"allowAllAppsAccess": True}) == payload
    assert apple.as_profile(plain)["PayloadContent"] == [payload]
    for broken in (plain.replace(b"<array>", b"<arrey>"), plain[:-30], b"{}"):
        with pytest.raises(Refused):
            apple.by_plistutil(broken)
