# SPDX-License-Identifier: Apache-2.0
"""Requests for tests of the doubles."""
import functools

from certlab import asn1, pki
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization


@functools.lru_cache(None)
def key(size):
    return pki.new_key(size)


def bmp(text):
    return asn1.tlv(0x1E, text.encode("utf-16-be"))


def version_2(oid, *numbers):
    return asn1.tlv(0x30, asn1.oid(oid) + b"".join(asn1.tlv(2, bytes([n])) for n in numbers))


def make(name="device-1", dns=("device-1.corp.example",), size=2048, extensions=()):
    """DER; extensions: (oid, value) that nobody here understands."""
    subject = pki.common_name(name) if name else x509.Name([])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if dns:
        names = [x509.DNSName(one) for one in dns]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    for oid, value in extensions:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), False)
    return builder.sign(key(size), hashes.SHA256()).public_bytes(serialization.Encoding.DER)
