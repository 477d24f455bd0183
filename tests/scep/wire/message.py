# SPDX-License-Identifier: Apache-2.0
"""pkiMessage: a request with every field open to change, and a CertRep that is taken apart and judged.

`Wrong` says what RFC 8894, or a client that is met in the field, cannot take about a reply.
"""

import dataclasses
import datetime
import os

from . import asn1, cms, pki
from .asn1 import Malformed

ARC = "2.16.840.1.113733.1.9."
MESSAGE_TYPE, PKI_STATUS, FAIL_INFO, SENDER_NONCE, RECIPIENT_NONCE, TRANSACTION = (
    ARC + str(number) for number in (2, 3, 4, 5, 6, 7))
FAIL_INFO_TEXT = "1.3.6.1.5.5.7.24.1"
CERT_REP, RENEWAL, UPDATE, PKCS, POLL, GET_CERT, GET_CRL = 3, 17, 18, 19, 20, 21, 22
STATUS = {"0": "SUCCESS", "2": "FAILURE", "3": "PENDING"}
FAILURES = {"0": "badAlg", "1": "badMessageCheck", "2": "badRequest", "3": "badTime",
            "4": "badCertId"}
NEW = object()


class Wrong(AssertionError):
    """A reply that no device may get."""


def demand(claim, text):
    if not claim:
        raise Wrong(text)


@dataclasses.dataclass
class Request:
    """What build() makes a message of. `signer` is the DER certificate of `key`."""

    content: bytes
    key: object
    signer: bytes
    recipient: pki.Certificate
    type: object = PKCS
    transaction: object = dataclasses.field(default_factory=lambda: os.urandom(16).hex())
    transaction_tag: int = asn1.PRINTABLE
    nonce: bytes = dataclasses.field(default_factory=lambda: os.urandom(16))
    digest: str = "sha256"
    cipher: str = "aes128"
    transport: str = "pkcs1"
    form: asn1.Der = dataclasses.field(default_factory=asn1.Der)
    signing_time: datetime.datetime = None
    extra: tuple = ()          # DER attributes besides
    envelope: dict = dataclasses.field(default_factory=dict)  # options of cms.envelope
    signed: dict = dataclasses.field(default_factory=dict)    # options of cms.sign
    inner: bytes = None        # octets in place of the EnvelopedData
    signing_key: object = None  # the key that really signs

    def attributes(self):
        found = list(self.extra)
        if self.type is not None:
            found.append(cms.attribute(MESSAGE_TYPE, asn1.string(str(self.type))))
        if self.transaction is not None:
            found.append(cms.attribute(
                TRANSACTION, asn1.string(self.transaction, self.transaction_tag)))
        if self.nonce is not None:
            found.append(cms.attribute(SENDER_NONCE, asn1.octets(self.nonce)))
        return found

    def build(self):
        inner = self.inner
        if inner is None:
            inner = cms.envelope(
                self.content, self.recipient, cipher=self.cipher, transport=self.transport,
                form=self.form, **self.envelope)
        return cms.sign(
            inner, pki.Certificate.read(self.signer), self.signing_key or self.key,
            digest=self.digest, attributes=self.attributes(), form=self.form,
            signing_time=self.signing_time, **self.signed)

    def change(self, **members):
        """Another one like this, with its own nonce unless one is given."""
        return dataclasses.replace(self, **{"nonce": os.urandom(16), **members})


@dataclasses.dataclass
class Reply:
    """A CertRep whose form is right."""

    status: str
    fail_info: str
    fail_text: str
    signer: pki.Certificate
    digest: str
    nonce: bytes
    opened: cms.Opened = None
    certificates: list = dataclasses.field(default_factory=list)
    crls: list = dataclasses.field(default_factory=list)

    @property
    def certificate(self):
        return self.certificates[0]

    def success(self):
        demand(self.status == "SUCCESS", f"not SUCCESS: {self}")
        return self

    def pending(self):
        demand(self.status == "PENDING", f"not PENDING: {self}")
        return self

    def failure(self, *infos):
        demand(self.status == "FAILURE" and self.fail_info in infos,
               f"not FAILURE {' or '.join(infos)}: {self}")
        return self

    def __str__(self):
        parts = (self.status, self.fail_info, self.fail_text)
        return " ".join(part for part in parts if part)


def _value(attributes, identifier, tag, what):
    node = attributes.get(identifier)
    demand(node is not None, f"{what} is missing")
    demand(node.tag == tag, f"{what}: tag {node.tag:#04x}, not {tag:#04x}")
    return node.value


def read_reply(der, request, bundle, *, mirror_digest=True, mirror_cipher=True, strict=True):
    """Takes a CertRep to `request` apart. bundle: the certificates of GetCACert, of which the signer
    has to be one. strict off: what other servers lack is not asked for (fresh nonces, content that is
    present and empty, a signer of the bundle, digest and cipher of the request)."""
    try:
        return _read_reply(der, request, bundle, mirror_digest, mirror_cipher, strict)
    except Malformed as error:
        raise Wrong(f"CertRep: {error}") from error


def _read_reply(der, request, bundle, mirror_digest, mirror_cipher, strict):
    signed = cms.open_signed(der)
    demand(signed.attributes is not None, "the CertRep is not signed")
    attributes = signed.attributes
    demand(_value(attributes, MESSAGE_TYPE, asn1.PRINTABLE, "messageType") == b"3",
           "messageType is not CertRep")
    status = STATUS.get(
        _value(attributes, PKI_STATUS, asn1.PRINTABLE, "pkiStatus").decode(), "unknown")
    demand(status != "unknown", "pkiStatus is none of 0, 2, 3")
    tag = request.transaction_tag
    wanted = asn1.read(asn1.string(request.transaction, tag)).value
    demand(_value(attributes, TRANSACTION, tag, "transactionID") == wanted,
           "transactionID is not the request's")
    if request.nonce is not None:
        demand(_value(attributes, RECIPIENT_NONCE, asn1.OCTETS, "recipientNonce")
               == request.nonce, "recipientNonce is not the request's senderNonce")
    nonce = _value(attributes, SENDER_NONCE, asn1.OCTETS, "senderNonce")
    if strict:
        demand(len(nonce) == 16 and nonce != request.nonce, "senderNonce is not 16 fresh octets")
        demand(signed.signer.der in [one.der for one in bundle],
               "the signer's certificate is not of GetCACert")
        demand(pki.is_rsa(signed.signer.public_key) and
               signed.signature_oid == pki.RSA_ENCRYPTION,
               f"signatureAlgorithm {signed.signature_oid} is not rsaEncryption")
        _check_signing_time(signed)
    if strict and mirror_digest:
        demand(signed.digest == request.digest,
               f"signed with {signed.digest}, the request with {request.digest}")
    fail_info = fail_text = None
    if status == "FAILURE":
        fail_info = FAILURES.get(
            _value(attributes, FAIL_INFO, asn1.PRINTABLE, "failInfo").decode())
        demand(fail_info is not None, "failInfo is none of 0 to 4")
        if FAIL_INFO_TEXT in attributes:
            fail_text = _value(attributes, FAIL_INFO_TEXT, asn1.UTF8, "failInfoText").decode()
    else:
        demand(FAIL_INFO not in attributes, f"failInfo beside {status}")
    found = Reply(status, fail_info, fail_text, signed.signer, signed.digest, nonce)
    if status != "SUCCESS":
        if strict:
            demand(signed.content is not None, f"eContent is absent with {status}")
        demand(not signed.content, f"eContent is not empty with {status}")
        return found
    _open_success(found, signed, request, strict, mirror_cipher)
    return found


def _check_signing_time(signed):
    """BouncyCastle wants it inside the signer's validity."""
    node = signed.attributes.get(cms.SIGNING_TIME)
    if node is not None:
        certificate = signed.signer.x509
        demand(certificate.not_valid_before <= node.moment <= certificate.not_valid_after,
               "signingTime is outside the signer's validity")
        demand(abs(node.moment - asn1.now()) < datetime.timedelta(minutes=5),
               "signingTime is not now")


def _open_success(found, signed, request, strict, mirror_cipher):
    demand(signed.content, "no content with SUCCESS")
    found.opened = cms.open_envelope(signed.content, request.key, primitive=strict)
    mine = pki.Certificate.read(request.signer)
    demand(found.opened.recipient == mine.issuer_and_serial,
           "the envelope is for another certificate than the request's signer")
    if strict and mirror_cipher:
        demand(found.opened.cipher == request.cipher,
               f"encrypted with {found.opened.cipher}, the request with {request.cipher}")
        oaep = request.transport != "pkcs1"
        demand((found.opened.transport != "pkcs1") == oaep,
               f"key transport {found.opened.transport}, the request's is {request.transport}")
    bundle = cms.open_signed(found.opened.content)
    demand(bundle.attributes is None, "the certificates are signed: not degenerate")
    found.certificates, found.crls = bundle.certificates, bundle.crls
    demand(found.certificates or found.crls, "SUCCESS without certificate or CRL")


def read_bundle(answer):
    """The certificates of a GetCACert, in their order."""
    if answer.content_type == "application/x-x509-ca-cert":
        return [pki.Certificate.read(answer.body)]
    demand(answer.content_type == "application/x-x509-ca-ra-cert",
           f"GetCACert has the type {answer.content_type}")
    try:
        signed = cms.open_signed(answer.body)
    except Malformed as error:
        raise Wrong(f"GetCACert: {error}") from error
    demand(signed.attributes is None and signed.content is None, "GetCACert is not degenerate")
    return signed.certificates


def issuer_and_subject(issuer, subject):
    return asn1.sequence(issuer, subject)


def issuer_and_serial(issuer, serial):
    return asn1.sequence(issuer, asn1.integer(serial))
