# SPDX-License-Identifier: Apache-2.0
"""What a device does with a result: docs/protocol/envelopes.md, read by the openssl command."""

import base64
import binascii
import dataclasses
import datetime
import hashlib
import re

from . import apple, asn1, pfx
from .command import Refused, openssl, private_folder
from .platforms import envelope_of

ARC = "2.25.273467295940240526966020311459324812106"
CONTEXT, RECIPIENT, PASSWORD = (asn1.oid(f"{ARC}.{number}") for number in (1, 2, 3))
PLAIN = {
    "contentType": asn1.oid("1.2.840.113549.1.9.3"),
    "messageDigest": asn1.oid("1.2.840.113549.1.9.4"),
    "signingTime": asn1.oid("1.2.840.113549.1.9.5"),
    "signingCertificateV2": asn1.oid("1.2.840.113549.1.9.16.2.47"),
}
PASSWORD_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
FUTURE = datetime.timedelta(minutes=5)
ENVELOPED, AUTH_ENVELOPED = "pkcs7-envelopedData", "id-smime-ct-authEnvelopedData"


@dataclasses.dataclass
class Opened:
    """What the device found; every check passed when this exists."""

    device: str
    platform: str
    envelope: str
    preset: str
    subject: str
    serial: str
    issuer: str
    not_before: str
    not_after: str
    key: str
    alternative_names: list
    extended_key_usages: list
    iterations: int
    extra_certificates: int
    signed_at: str = ""
    handshake: str = ""


def _decode(result, name):
    try:
        return base64.b64decode(result.get(name) or "", validate=True)
    except binascii.Error as error:
        raise Refused(f"{name} is not base64") from error


def _check_layer(der, authenticated, is_rsa, what):
    """One recipient and the algorithms of the document, before anything is decrypted."""
    root = asn1.parse(der, what)
    wanted = AUTH_ENVELOPED if authenticated else ENVELOPED
    if root[0].text != wanted:
        raise Refused(f"{what}: content type {root[0].text}, not {wanted}")
    body = root[1][0]
    recipients = next((child for child in body.children if child.tag == "SET"), None)
    if recipients is None or len(recipients) != 1:
        raise Refused(f"{what}: not exactly one recipient")
    names = recipients[0].texts()
    if not is_rsa:
        right = {"dhSinglePass-stdDH-sha256kdf-scheme", "id-aes256-wrap"} <= set(names)
    elif authenticated:
        right = recipients[0][2].texts() == ["rsaesOaep", "sha256", "mgf1", "sha256"]
    else:
        right = recipients[0][2].texts() == ["rsaEncryption"]
    if not right:
        raise Refused(f"{what}: key transport {names}")
    if len(body) != (4 if authenticated else 3):
        raise Refused(f"{what}: {len(body)} parts, so there are attributes or originator data")
    content = body[2]
    cipher = "aes-256-gcm" if authenticated else "aes-256-cbc"
    if content.texts() != ["pkcs7-data", cipher]:
        raise Refused(f"{what}: content encryption {content.texts()}, not {cipher}")
    if authenticated:
        sizes = (len(content[1][1][0].value), content[1][1][1].value, len(body[3].value))
        if sizes != (12, b"\x10", 16):
            raise Refused(f"{what}: nonce or tag of a wrong size")


def _decrypt(device, der, authenticated, what):
    is_rsa = "rsa" in type(device.certificate.public_key()).__name__.lower()
    _check_layer(der, authenticated, is_rsa, what)
    with private_folder() as folder:
        certificate = folder / "device.pem"
        certificate.write_bytes(pfx.to_pem(device.certificate_der))
        plain, _ = openssl(
            "cms", "-decrypt", "-binary", "-inform", "DER", "-recip", certificate,
            "-inkey", device.key_path, data=der, what=what,
        )
    return plain


def _attributes(signed):
    """{DER of the OID: the single value node} of the only signer."""
    body = asn1.parse(signed, "SignedData")[1][0]
    if [c.tag for c in body.children[1:]] != ["SET", "SEQUENCE", "cont [ 0 ]", "SET"]:
        raise Refused("SignedData: not digests, content, certificates and signers alone")
    if body[2][0].text != "pkcs7-data" or len(body[3]) != 1 or len(body[4]) != 1:
        raise Refused("SignedData: not id-data with exactly one certificate and one signer")
    signer = body[4][0]
    if len(signer) != 6 or signer[3].tag != "cont [ 0 ]":
        raise Refused("SignedData: no signed attributes, or unsigned ones beside them")
    if signer[2].texts() not in (["sha256"], ["sha384"], ["sha512"]):
        raise Refused(f"SignedData: digest {signer[2].texts()}")
    marked = signer[3]
    found = {}
    for attribute in marked.children:
        if attribute[0].raw in found or len(attribute[1]) != 1:
            raise Refused("SignedData: an attribute is not present exactly once")
        found[attribute[0].raw] = attribute[1][0]
    return found


def _text(node, what):
    if node.tag != "UTF8STRING":
        raise Refused(f"{what} is {node.tag}, not UTF8String")
    try:
        return node.value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{what} is not UTF-8") from error


def _time(node):
    """signingTime as text; a device has a clock too."""
    text = node.value.decode("latin-1")
    shape = "%y%m%d%H%M%SZ" if node.tag == "UTCTIME" else "%Y%m%d%H%M%SZ"
    try:
        moment = datetime.datetime.strptime(text, shape)
    except ValueError as error:
        raise Refused(f"signingTime {text} is no time") from error
    if moment > datetime.datetime.utcnow() + FUTURE:
        raise Refused(f"signingTime {text} is in the future")
    return moment.isoformat() + "Z"


def _verify(device, signed, context, signers, with_password):
    """The PFX out of SignedData; also the password (agent) and the time of signing."""
    with private_folder() as folder:
        trusted = folder / "signers.pem"
        trusted.write_bytes(signers)
        content, _ = openssl(
            "cms", "-verify", "-binary", "-inform", "DER", "-cades", "-purpose", "any",
            "-CAfile", trusted, "-no-CApath", "-no-CAstore", "-partial_chain",
            data=signed, what="signature of the connector",
        )
    found = _attributes(signed)
    for name, identifier in PLAIN.items():
        if identifier not in found:
            raise Refused(f"signed attribute {name} is missing")
    if CONTEXT not in found or _text(found[CONTEXT], "A.1") != context:
        raise Refused("signed attribute A.1 is not the request context")
    mark = hashlib.sha256(device.certificate_der).digest()
    if RECIPIENT not in found or found[RECIPIENT].raw != asn1.tlv(4, mark):
        raise Refused("signed attribute A.2 is not the hash of this device's certificate")
    if (PASSWORD in found) != with_password:
        raise Refused("signed attribute A.3 belongs into agent envelopes, and only there")
    password = _text(found[PASSWORD], "A.3") if with_password else None
    return content, password, _time(found[PLAIN["signingTime"]])


@dataclasses.dataclass
class Unsealed:
    """What lay in the envelope, before anybody looks into the PFX."""

    store: bytes
    password: str
    signed_at: str = ""
    payload: bytes = b""  # the property list of an applePayload


def unseal(device, request, result, signers):
    """Takes the envelope off as the device would; Refused with the reason."""
    signers = signers.encode() if isinstance(signers, str) else signers
    kind = envelope_of(device.platform)
    if not result or result.get("envelope") != kind:
        raise Refused(f"envelope {result and result.get('envelope')} instead of {kind}")
    if result["requestContext"] != request["requestContext"]:
        raise Refused("the result is for another request")
    plain = _decrypt(device, _decode(result, "sealedPfx"), kind == "agent", "sealedPfx")
    if kind == "applePayload":
        payload = apple.read_payload(plain, device.platform, request["profile"])
        opened = Unsealed(payload["PayloadContent"], payload["Password"], payload=plain)
    else:
        opened = Unsealed(*_verify(
            device, plain, request["requestContext"], signers, kind == "agent"
        ))
    if kind == "windowsCsp":
        sealed = _decode(result, "sealedPfxPassword")
        try:
            opened.password = _decrypt(device, sealed, False, "sealedPfxPassword").decode("ascii")
        except UnicodeDecodeError as error:
            raise Refused("sealedPfxPassword: not ASCII") from error
    elif result.get("sealedPfxPassword"):
        raise Refused(f"sealedPfxPassword is of no use to {kind}")
    if not PASSWORD_SHAPE.fullmatch(opened.password):
        raise Refused("the password is not 43 base64url characters")
    return opened


def open_result(device, request, result, signers, issuers, handshake=True, witness=None):
    """Opens and checks everything as the device would; Opened, or Refused with the reason.

    signers: PEM of the connector's signing certificates. issuers: PEM of the CA certificates
    trusted for what is inside. handshake: also use the key in a TLS handshake. witness: see
    pfx.inspect.
    """
    issuers = issuers.encode() if isinstance(issuers, str) else issuers
    opened = unseal(device, request, result, signers)
    facts = pfx.inspect(
        opened.store, opened.password, pfx.preset_of(device.platform, device.record["osVersion"]),
        _decode(result, "certificate"), issuers, handshake, envelope_of(device.platform) == "applePayload",
        witness,
    )
    return Opened(device=device.id, platform=device.platform, envelope=result["envelope"],
                  signed_at=opened.signed_at, **facts)
