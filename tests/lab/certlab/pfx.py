# SPDX-License-Identifier: Apache-2.0
"""Checks of a PFX and use of the key inside: all by the openssl command and a TLS handshake."""

import base64
import re
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtensionOID

from . import pki, platforms
from .command import Refused, openssl, private_folder

MODERN_BAG = re.compile(r"PBES2, PBKDF2, AES-256-CBC, Iteration (\d+), PRF hmacWithSHA256")
LEGACY_BAG = re.compile(r"pbeWithSHA1And3-KeyTripleDES-CBC, Iteration (\d+)")
MAC = re.compile(r"MAC: (\w+), Iteration (\d+)\s+MAC length: \d+, salt length: (\d+)")
LEAST, MOST = 2048, 100000
CERTIFICATES = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.S)


def preset_of(platform, version):
    """"modern" or "legacy" by what the system's own importer reads."""
    parts = [int(part) for part in version.split(" ")[0].split(".")] + [0, 0, 0]
    platform = platforms.family(platform)
    if platform == "windows":
        return "modern" if parts[:3] >= [10, 0, 16299] else "legacy"
    first = {"macOS": 15, "iOS": 18, "androidDeviceAdministrator": 14}.get(platform, 0)
    return "modern" if parts[0] >= first else "legacy"


def to_pem(der):
    text = base64.encodebytes(der).replace(b"\n", b"")
    lines = [text[start:start + 64] for start in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])


def _check_algorithms(store, password, preset, short_salt):
    _, notes = openssl("pkcs12", "-info", "-nokeys", "-nocerts", data=store, password=password,
                       what="PFX")
    mac = MAC.search(notes)
    if not mac:
        raise Refused("PFX: no MAC")
    wanted, digest = (MODERN_BAG, "sha256") if preset == "modern" else (LEGACY_BAG, "sha1")
    if mac[1] != digest:
        raise Refused(f"PFX: MAC by {mac[1]}, the preset {preset} is {digest}")
    if short_salt and mac[3] != "8":
        raise Refused(f"PFX: MAC salt of {mac[3]} bytes; Apple systems read 8")
    bags = [line for line in notes.splitlines()
            if line.startswith(("PKCS7 Encrypted data:", "Shrouded Keybag:"))]
    keys = sum(line.startswith("Shrouded") for line in bags)
    counts = [int(mac[2])]
    for line in bags:
        found = wanted.search(line)
        if not found:
            raise Refused(f"PFX: {line!r} is not of the preset {preset}")
        counts.append(int(found[1]))
    if keys != 1 or len(bags) < 2 or "Key bag" in notes:
        raise Refused("PFX: not exactly one encrypted key beside encrypted certificates")
    if not all(LEAST <= count <= MOST for count in counts):
        raise Refused(f"PFX: iterations {counts} outside {LEAST}..{MOST}")
    return max(counts)


def _names(certificate):
    try:
        names = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        ).value
    except x509.ExtensionNotFound:
        return []
    found = []
    for name in names:
        if isinstance(name, x509.OtherName):
            length = name.value[1]
            text = name.value[2:] if length < 128 else name.value[3:]
            found.append(f"{name.type_id.dotted_string}:{text.decode('utf-8')}")
        else:
            found.append(f"{type(name).__name__}:{name.value}")
    return found


def _usages(certificate):
    try:
        usages = certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE)
    except x509.ExtensionNotFound:
        return []
    return [usage.dotted_string for usage in usages.value]


def _sign_and_verify(folder, key, certificate):
    public, _ = openssl("x509", "-in", certificate, "-noout", "-pubkey", what="certificate")
    own, _ = openssl("pkey", "-in", key, "-pubout", what="private key")
    if public != own:
        raise Refused("PFX: the private key does not belong to the certificate")
    (folder / "public.pem").write_bytes(public)
    message = b"a device was here"
    signature, _ = openssl("dgst", "-sha256", "-sign", key, data=message, what="signing")
    (folder / "signature").write_bytes(signature)
    openssl("dgst", "-sha256", "-verify", folder / "public.pem", "-signature",
            folder / "signature", data=message, what="signature made with the new key")


def _handshake(folder, key, chain, issuers):
    """A TLS connection through memory in which the server asks for the client's certificate."""
    server_key = pki.new_key(256)
    name = pki.common_name("certlab")
    server_cert = pki.build(
        name, name, server_key.public_key(), server_key, days=2,
        extensions=[(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)],
    )
    path = folder / "server.pem"
    path.write_bytes(pki.key_pem(server_key) + pki.pem(server_cert))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    server.load_verify_locations(cadata=issuers.decode())
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_cert_chain(chain, key)
    client.load_verify_locations(cadata=pki.pem(server_cert).decode())
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(down, up, server_hostname="localhost"),
        server.wrap_bio(up, down, server_side=True),
    ]
    try:
        waiting = list(sides)
        for _ in range(20):
            for side in list(waiting):
                try:
                    side.do_handshake()
                    waiting.remove(side)
                except ssl.SSLWantReadError:
                    pass
            if not waiting:
                return f"{sides[1].version()} {sides[1].getpeercert()['serialNumber']}"
    except ssl.SSLError as error:
        raise Refused(f"TLS handshake with the new key: {error}") from error
    raise Refused("TLS handshake with the new key does not end")


def inspect(store, password, preset, expected_der, issuers, handshake, short_salt, witness=None):
    """The facts for Opened, or Refused. witness, for tests, is shown the private key's PEM."""
    iterations = _check_algorithms(store, password, preset, short_salt)

    def read(*options):
        return openssl("pkcs12", *options, data=store, password=password, what="PFX")[0]

    leaves = CERTIFICATES.findall(read("-nokeys", "-clcerts"))
    others = CERTIFICATES.findall(read("-nokeys", "-cacerts"))
    if len(leaves) != 1:
        raise Refused(f"PFX: {len(leaves)} certificates for the key")
    certificate = x509.load_pem_x509_certificate(leaves[0])
    if pki.der(certificate) != expected_der:
        raise Refused("PFX: its certificate is not the one the result names")
    with private_folder() as folder:
        key, leaf, trusted = folder / "key.pem", folder / "leaf.pem", folder / "issuers.pem"
        pki.write_private(key, read("-nocerts", "-nodes"))
        if witness:
            witness(key.read_bytes())
        leaf.write_bytes(leaves[0] + b"".join(others))
        trusted.write_bytes(issuers)
        openssl("verify", "-partial_chain", "-no-CApath", "-no-CAstore", "-trusted", trusted, leaf,
                what="chain to the issuing CA")
        _sign_and_verify(folder, key, leaf)
        outcome = _handshake(folder, key, leaf, issuers) if handshake else ""
    public = certificate.public_key()
    is_rsa = isinstance(public, rsa.RSAPublicKey)
    return {
        "preset": preset,
        "subject": certificate.subject.rfc4514_string(),
        "serial": pki.serial_hex(certificate),
        "issuer": certificate.issuer.rfc4514_string(),
        "not_before": certificate.not_valid_before.isoformat() + "Z",
        "not_after": certificate.not_valid_after.isoformat() + "Z",
        "key": f"RSA {public.key_size}" if is_rsa else f"EC {public.curve.name}",
        "alternative_names": _names(certificate),
        "extended_key_usages": _usages(certificate),
        "iterations": iterations,
        "extra_certificates": len(others),
        "handshake": outcome,
    }
