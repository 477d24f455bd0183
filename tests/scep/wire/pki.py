# SPDX-License-Identifier: Apache-2.0
"""Names, keys, certification requests and device certificates, by hand."""

import dataclasses
import datetime
import hashlib
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from . import asn1

RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
HASHES = {"md5": hashes.MD5, "sha1": hashes.SHA1, "sha224": hashes.SHA224,
          "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
DIGEST_OIDS = {
    "md5": "1.2.840.113549.2.5", "sha1": "1.3.14.3.2.26", "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
RSA_WITH = {"md5": 4, "sha1": 5, "sha256": 11, "sha384": 12, "sha512": 13, "sha224": 14}
ECDSA_WITH = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2",
              "sha384": "1.2.840.10045.4.3.3", "sha512": "1.2.840.10045.4.3.4"}
ML_DSA_44 = "2.16.840.1.101.3.4.3.17"
ATTRIBUTES = {"CN": "2.5.4.3", "SERIALNUMBER": "2.5.4.5", "C": "2.5.4.6", "L": "2.5.4.7",
              "O": "2.5.4.10", "OU": "2.5.4.11", "E": "1.2.840.113549.1.9.1",
              "UID": "0.9.2342.19200300.100.1.1"}
EKU = {"clientAuth": "1.3.6.1.5.5.7.3.2", "serverAuth": "1.3.6.1.5.5.7.3.1",
       "emailProtection": "1.3.6.1.5.5.7.3.4"}
CHALLENGE_PASSWORD = "1.2.840.113549.1.9.7"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
MS_EXTENSION_REQUEST = "1.3.6.1.4.1.311.2.1.14"


# -- keys -------------------------------------------------------------------------------------
def rsa_key(size=2048):
    return rsa.generate_private_key(65537, size)


def ec_key(curve=ec.SECP256R1):
    return ec.generate_private_key(curve())


def spki(key):
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption())


def is_rsa(key):
    return isinstance(key, (rsa.RSAPrivateKey, rsa.RSAPublicKey))


def sign(key, data, digest):
    if is_rsa(key):
        return key.sign(data, padding.PKCS1v15(), HASHES[digest]())
    return key.sign(data, ec.ECDSA(HASHES[digest]()))


def signature_algorithm(key, digest):
    if is_rsa(key):
        return asn1.sequence(asn1.oid(f"1.2.840.113549.1.1.{RSA_WITH[digest]}"), asn1.null())
    return asn1.sequence(asn1.oid(ECDSA_WITH[digest]))


# -- names ------------------------------------------------------------------------------------
def name(*pairs):
    """name(("O", "Corp"), ("CN", "x")). A value may be a pair (text, tag of its string type)."""
    parts = []
    for kind, value in pairs:
        text, tag = value if isinstance(value, tuple) else (value, None)
        if tag is None:
            tag = {"C": asn1.PRINTABLE, "SERIALNUMBER": asn1.PRINTABLE, "E": asn1.IA5}.get(
                kind, asn1.UTF8)
        identifier = asn1.oid(ATTRIBUTES.get(kind, kind))
        parts.append(asn1.set_of(asn1.sequence(identifier, asn1.string(text, tag))))
    return asn1.sequence(*parts)


def common_name(text):
    return name(("CN", text))


# -- extensions -------------------------------------------------------------------------------
def extension(identifier, value, critical=False):
    parts = [asn1.oid(identifier)] + ([asn1.boolean(True)] if critical else [])
    return asn1.sequence(*parts, asn1.octets(value))


def san(*, dns=(), mail=(), upn=(), uri=()):
    names = [asn1.context(2, one if isinstance(one, bytes) else one.encode(), constructed=False)
             for one in dns]
    names += [asn1.context(1, one.encode(), constructed=False) for one in mail]
    names += [asn1.context(6, one.encode(), constructed=False) for one in uri]
    names += [asn1.context(0, asn1.oid("1.3.6.1.4.1.311.20.2.3"),
                           asn1.context(0, asn1.string(one, asn1.UTF8))) for one in upn]
    return extension("2.5.29.17", asn1.sequence(*names))


def key_usage(*bit_numbers, critical=True):
    """0 digitalSignature, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign."""
    value = sum(0x80 >> bit for bit in bit_numbers)
    unused = 7 - max(bit_numbers)
    return extension("2.5.29.15", asn1.bits(bytes([value]), unused), critical)


def extended_key_usage(*names):
    return extension("2.5.29.37", asn1.sequence(*(asn1.oid(EKU.get(n, n)) for n in names)))


def basic_constraints(ca):
    return extension("2.5.29.19", asn1.sequence(*([asn1.boolean(True)] if ca else [])), True)


# -- PKCS#10 ----------------------------------------------------------------------------------
def csr(key, subject, *, challenge=None, challenge_tag=asn1.PRINTABLE, extensions=(),
        extensions_oid=EXTENSION_REQUEST, digest="sha256", spki_der=None, signature=None):
    """DER. signature: other octets than the right ones; spki_der: another public key."""
    attributes = []
    if challenge is not None:
        attributes.append(asn1.sequence(
            asn1.oid(CHALLENGE_PASSWORD), asn1.set_of(asn1.string(challenge, challenge_tag))))
    if extensions:
        attributes.append(asn1.sequence(
            asn1.oid(extensions_oid), asn1.set_of(asn1.sequence(*extensions))))
    info = asn1.sequence(
        asn1.integer(0), subject, spki_der or spki(key),
        asn1.tlv(0xA0, *sorted(attributes)))
    value = sign(key, info, digest) if signature is None else signature
    return asn1.sequence(info, signature_algorithm(key, digest), asn1.bits(value))


def ml_dsa_spki():
    """A public key of ML-DSA-44 as far as its size goes."""
    return asn1.sequence(asn1.sequence(asn1.oid(ML_DSA_44)), asn1.bits(os.urandom(1312)))


# -- certificates -----------------------------------------------------------------------------
def certificate(key, subject, *, issuer=None, issuer_key=None, serial=None, start=None, end=None,
                extensions=(), digest="sha256", generalized=None, spki_der=None):
    """A certificate of a device's own making, or of a CA that the test is."""
    start = start or asn1.now() - datetime.timedelta(hours=1)
    end = end or start + datetime.timedelta(days=7)
    signer = issuer_key or key
    algorithm = signature_algorithm(signer, digest)
    parts = [
        asn1.context(0, asn1.integer(2)),
        asn1.integer(int.from_bytes(os.urandom(8), "big") >> 1 if serial is None else serial),
        algorithm, issuer or subject,
        asn1.sequence(asn1.time(start, generalized), asn1.time(end, generalized)),
        subject, spki_der or spki(key),
    ]
    if extensions:
        parts.append(asn1.context(3, asn1.sequence(*extensions)))
    body = asn1.sequence(*parts)
    return asn1.sequence(body, algorithm, asn1.bits(sign(signer, body, digest)))


@dataclasses.dataclass(frozen=True)
class Certificate:
    """What the protocol needs of a certificate, as it is encoded."""

    der: bytes
    serial: bytes
    issuer: bytes
    subject: bytes
    spki: bytes

    @classmethod
    def read(cls, der):
        body = asn1.read(der)[0]
        first = 1 if body[0].tag == 0xA0 else 0
        return cls(der, body[first].raw, body[first + 2].raw, body[first + 4].raw,
                   body[first + 5].raw)

    @property
    def x509(self):
        return x509.load_der_x509_certificate(self.der)

    @property
    def public_key(self):
        return serialization.load_der_public_key(self.spki)

    @property
    def issuer_and_serial(self):
        return asn1.sequence(self.issuer, self.serial)

    @property
    def key_identifier(self):
        return self.x509.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier).value.digest

    @property
    def is_ca(self):
        try:
            return self.x509.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            return False

    def usage(self, bit):
        """keyUsage's bit by its name in cryptography; true where there is no such extension."""
        try:
            value = self.x509.extensions.get_extension_for_class(x509.KeyUsage).value
        except x509.ExtensionNotFound:
            return True
        return getattr(value, bit)

    @property
    def thumbprint(self):
        return hashlib.sha1(self.der).hexdigest().upper()

    @property
    def serial_number(self):
        return asn1.read(self.serial).number

    @property
    def pem(self):
        return self.x509.public_bytes(serialization.Encoding.PEM)
