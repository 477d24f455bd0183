# SPDX-License-Identifier: Apache-2.0
"""SignedData and EnvelopedData, written with any fault and read without mercy."""

import dataclasses
import hashlib
import os

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from . import asn1, pki
from .asn1 import Malformed

DATA, SIGNED, ENVELOPED = (f"1.2.840.113549.1.7.{number}" for number in (1, 2, 3))
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (f"1.2.840.113549.1.9.{n}" for n in (3, 4, 5))
RSAES_OAEP, MGF1 = "1.2.840.113549.1.1.7", "1.2.840.113549.1.1.8"
# name: (identifier, octets of the key, octets of the IV, cryptography's cipher)
CIPHERS = {
    "aes128": ("2.16.840.1.101.3.4.1.2", 16, 16, algorithms.AES),
    "aes192": ("2.16.840.1.101.3.4.1.22", 24, 16, algorithms.AES),
    "aes256": ("2.16.840.1.101.3.4.1.42", 32, 16, algorithms.AES),
    "des3": ("1.2.840.113549.3.7", 24, 8, algorithms.TripleDES),
    "des": ("1.3.14.3.2.7", 8, 8, algorithms.TripleDES),  # three equal keys are single DES
    "rc2": ("1.2.840.113549.3.2", 16, 8, None),           # written as noise
}
TRANSPORTS = ("pkcs1", "oaep-sha1", "oaep-sha256")


def _name_of(table, identifier, what):
    for name, value in table.items():
        if (value if isinstance(value, str) else value[0]) == identifier:
            return name
    raise Malformed(f"{what}: unknown algorithm {identifier}")


def digest_algorithm(digest, parameters=True):
    return asn1.sequence(asn1.oid(pki.DIGEST_OIDS[digest]), *([asn1.null()] * parameters))


# -- EnvelopedData ----------------------------------------------------------------------------
def _transport(name):
    """(AlgorithmIdentifier, cryptography's padding)."""
    if name == "pkcs1":
        return asn1.sequence(asn1.oid(pki.RSA_ENCRYPTION), asn1.null()), padding.PKCS1v15()
    digest = name.split("-")[1]
    parameters = asn1.sequence()
    if digest != "sha1":  # SHA-1 is the default of both parts
        one = digest_algorithm(digest)
        parameters = asn1.sequence(
            asn1.context(0, one), asn1.context(1, asn1.sequence(asn1.oid(MGF1), one)))
    algorithm = pki.HASHES[digest]()
    return (asn1.sequence(asn1.oid(RSAES_OAEP), parameters),
            padding.OAEP(padding.MGF1(algorithm), algorithm, None))


def _run_cipher(cipher, key, iv, data, decrypt=False):
    algorithm = CIPHERS[cipher][3]
    worker = Cipher(algorithm(key), modes.CBC(iv))
    worker = worker.decryptor() if decrypt else worker.encryptor()
    return worker.update(data) + worker.finalize()


def encrypt(cipher, key, iv, data):
    block = CIPHERS[cipher][2]
    pad = block - len(data) % block
    if CIPHERS[cipher][3] is None:
        return os.urandom(len(data) + pad)
    return _run_cipher(cipher, key, iv, data + bytes([pad]) * pad)


def envelope(content, recipient, *, cipher="aes128", transport="pkcs1", form=asn1.Der(),
             by_key_identifier=False, encrypted_key=None, encrypted=None, recipients=None):
    """ContentInfo. encrypted_key, encrypted: octets to send instead of the right ones."""
    identifier, key_size, iv_size, _ = CIPHERS[cipher]
    key, iv = os.urandom(key_size), os.urandom(iv_size)
    algorithm, pad = _transport(transport)
    if encrypted_key is None:
        encrypted_key = recipient.public_key.encrypt(key, pad)
    if by_key_identifier:
        version, rid = 2, asn1.context(0, recipient.key_identifier, constructed=False)
    else:
        version, rid = 0, recipient.issuer_and_serial
    if recipients is None:
        recipients = [form.constructed(asn1.SEQUENCE, asn1.integer(version), rid, algorithm,
                                       asn1.octets(encrypted_key))]
    parameters = asn1.octets(iv)
    if cipher == "rc2":
        parameters = asn1.sequence(asn1.integer(58), parameters)
    if encrypted is None:
        encrypted = encrypt(cipher, key, iv, content)
    return form.constructed(
        asn1.SEQUENCE, asn1.oid(ENVELOPED), form.constructed(0xA0, form.constructed(
            asn1.SEQUENCE, asn1.integer(version), form.constructed(asn1.SET, *recipients),
            form.constructed(
                asn1.SEQUENCE, asn1.oid(DATA),
                asn1.sequence(asn1.oid(identifier), parameters),
                form.octets(encrypted, 0x80)))))


@dataclasses.dataclass
class Opened:
    content: bytes
    cipher: str
    transport: str
    recipient: bytes  # issuerAndSerialNumber


def open_envelope(der, key, primitive=True):
    """primitive off: the encrypted content may come in pieces."""
    root = asn1.read(der)
    if root[0].oid != ENVELOPED:
        raise Malformed(f"content type {root[0].oid}, not enveloped-data")
    body = root[1].want(0xA0, "content")[0]
    recipients = body[1].want(asn1.SET, "recipientInfos")
    if len(recipients) != 1:
        raise Malformed(f"{len(recipients)} recipients")
    one, info = recipients[0], body[2]
    if one[0].number != 0 or body[0].number != 0:
        raise Malformed("versions are not 0")
    if one[2][0].oid == pki.RSA_ENCRYPTION:
        transport = "pkcs1"
    else:
        parameters = one[2][1] if len(one[2]) > 1 else ()
        transport = "oaep-sha1"
        for part in parameters:
            if part.tag == 0xA0:
                transport = "oaep-" + _name_of(pki.DIGEST_OIDS, part[0][0].oid, "OAEP")
    if info[0].oid != DATA:
        raise Malformed("the encrypted content is not data")
    cipher = _name_of(CIPHERS, info[1][0].oid, "content encryption")
    if primitive:
        info[2].want(0x80, "encryptedContent is a primitive octet string")
    encrypted = info[2].octet_string
    secret = key.decrypt(one[3].want(asn1.OCTETS, "encryptedKey").value, _transport(transport)[1])
    plain = _run_cipher(cipher, secret, info[1][1].want(asn1.OCTETS, "IV").value, encrypted, True)
    if not plain or not 1 <= plain[-1] <= CIPHERS[cipher][2] or \
            plain[-plain[-1]:] != bytes([plain[-1]]) * plain[-1]:
        raise Malformed("padding of the content")
    return Opened(plain[:-plain[-1]], cipher, transport, one[1].raw)


# -- SignedData -------------------------------------------------------------------------------
def attribute(identifier, *values):
    return asn1.sequence(asn1.oid(identifier), asn1.set_of(*values))


def sign(content, certificate, key, *, digest="sha256", attributes=(), certificates=None,
         form=asn1.Der(), signing_time=None, signature=None, message_digest=None,
         signature_oid=None, digest_parameters=True, by_key_identifier=False, sid=None,
         content_type=DATA, crls=()):
    """ContentInfo of one signer. content None: no eContent at all. Octets given for signature or
    message_digest are used as they are."""
    if message_digest is None:
        message_digest = hashlib.new(digest, content or b"").digest()
    signed = [attribute(CONTENT_TYPE, asn1.oid(content_type)),
              attribute(MESSAGE_DIGEST, asn1.octets(message_digest)), *attributes]
    if signing_time is not None:
        signed.append(attribute(SIGNING_TIME, asn1.time(signing_time)))
    covered = asn1.set_of(*signed)
    if signature is None:
        signature = pki.sign(key, covered, digest)
    if signature_oid is None:
        signature_oid = pki.RSA_ENCRYPTION if pki.is_rsa(key) else pki.ECDSA_WITH[digest]
    algorithm = asn1.sequence(
        asn1.oid(signature_oid), *([asn1.null()] if pki.is_rsa(key) else []))
    if by_key_identifier:
        version, sid = 3, asn1.context(0, certificate.key_identifier, constructed=False)
    else:
        version, sid = 1, sid or certificate.issuer_and_serial
    hashed = digest_algorithm(digest, digest_parameters)
    signer = form.constructed(
        asn1.SEQUENCE, asn1.integer(version), sid, hashed, b"\xa0" + covered[1:], algorithm,
        asn1.octets(signature))
    inner = [asn1.oid(content_type)]
    if content is not None:
        inner.append(form.constructed(0xA0, form.octets(content)))
    parts = [asn1.integer(version), asn1.set_of(hashed), form.constructed(asn1.SEQUENCE, *inner)]
    certificates = [certificate.der] if certificates is None else certificates
    if certificates:
        parts.append(form.constructed(0xA0, *certificates))
    if crls:
        parts.append(form.constructed(0xA1, *crls))
    parts.append(form.constructed(asn1.SET, signer))
    return form.constructed(asn1.SEQUENCE, asn1.oid(SIGNED), form.constructed(
        0xA0, form.constructed(asn1.SEQUENCE, *parts)))


@dataclasses.dataclass
class Signed:
    """A SignedData as it was found. content: None where eContent is absent."""

    content: bytes
    certificates: list
    crls: list
    digest: str = None
    signature_oid: str = None
    signer: pki.Certificate = None
    attributes: dict = None  # {identifier: the single value}


def _signer(info, content, certificates):
    serial = info[1].want(asn1.SEQUENCE, "sid is issuerAndSerialNumber").raw
    signer = next((c for c in certificates if c.issuer_and_serial == serial), None)
    if signer is None:
        raise Malformed("the signer's certificate is not among the certificates")
    digest = _name_of(pki.DIGEST_OIDS, info[2][0].oid, "digest")
    marked = info[3].want(0xA0, "signedAttrs")
    attributes = {}
    for one in marked:
        if one[0].oid in attributes or len(one[1].want(asn1.SET, "attribute")) != 1:
            raise Malformed(f"attribute {one[0].oid} is there twice")
        attributes[one[0].oid] = one[1][0]
    covered = bytes([asn1.SET]) + marked.raw[1:]
    raws = [one.raw for one in marked]
    if raws != sorted(raws):
        raise Malformed("signedAttrs are not a DER SET")
    if attributes[CONTENT_TYPE].oid != DATA:
        raise Malformed("the contentType attribute is not data")
    if attributes[MESSAGE_DIGEST].value != hashlib.new(digest, content or b"").digest():
        raise Malformed("messageDigest is wrong")
    algorithm, signature = info[4], info[5].want(asn1.OCTETS, "signature").value
    public = signer.public_key
    try:
        if pki.is_rsa(public):
            public.verify(signature, covered, padding.PKCS1v15(), pki.HASHES[digest]())
        else:
            public.verify(signature, covered, ec.ECDSA(pki.HASHES[digest]()))
    except InvalidSignature:
        raise Malformed("the signature is wrong") from None
    if len(info) != 6:
        raise Malformed("unsigned attributes")
    return digest, algorithm[0].oid, signer, attributes


def open_signed(der):
    """Everything is checked but whose the signer is. Degenerate ones have no signer."""
    root = asn1.read(der)
    if root[0].oid != SIGNED:
        raise Malformed(f"content type {root[0].oid}, not signed-data")
    body = root[1].want(0xA0, "content")[0]
    if body[0].number != 1:
        raise Malformed(f"SignedData version {body[0].number}")
    body[1].want(asn1.SET, "digestAlgorithms")
    inner = body[2]
    if inner[0].oid != DATA:
        raise Malformed("encapsulated content is not data")
    content = None
    if len(inner) > 1:
        content = inner[1].want(0xA0, "eContent")[0].want(asn1.OCTETS, "eContent").value
    rest = list(body)[3:]
    certificates, crls = [], []
    if rest and rest[0].tag == 0xA0:
        certificates = [pki.Certificate.read(one.raw) for one in rest.pop(0)]
    if rest and rest[0].tag == 0xA1:
        crls = [one.raw for one in rest.pop(0)]
    if len(rest) != 1:
        raise Malformed("signerInfos")
    signers = rest[0].want(asn1.SET, "signerInfos")
    found = Signed(content, certificates, crls)
    if len(signers) > 1:
        raise Malformed("more than one signer")
    for info in signers:
        found.digest, found.signature_oid, found.signer, found.attributes = _signer(
            info, content, certificates)
    return found
