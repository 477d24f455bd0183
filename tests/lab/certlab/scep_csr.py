# SPDX-License-Identifier: Apache-2.0
"""The certification request that a device makes of an order, for tests that have no device."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from . import pki
from .scep_judge import CHALLENGE, USAGES, attribute_type

KINDS = {"universalResourceIdentifier": x509.UniformResourceIdentifier,
         "domainNameService": x509.DNSName, "emailAddress": x509.RFC822Name}


def _extensions(order):
    found = []
    if order["keyUsage"]:
        usage = pki.key_usage(**{USAGES[name]: True for name in order["keyUsage"]})
        found.append((usage, True))
    if order["alternativeNames"]:
        names = [KINDS[kind](value) for kind, value in order["alternativeNames"]]
        found.append((x509.SubjectAlternativeName(names), False))
    if order["extendedKeyUsages"]:
        usages = [x509.ObjectIdentifier(oid) for oid in order["extendedKeyUsages"]]
        found.append((x509.ExtendedKeyUsage(usages), False))
    return found


def make_csr(order, key, **changes):
    """changes: to the order, as by a device that does not do what it is told."""
    order = {**order, **changes}
    name = x509.Name([
        x509.NameAttribute(attribute_type(kind), value) for kind, value in order["subject"]])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for extension, critical in _extensions(order):
        builder = builder.add_extension(extension, critical)
    if order["challenge"] is not None:
        builder = builder.add_attribute(CHALLENGE, order["challenge"].encode())
    return builder.sign(key, hashes.SHA256())


def issue(authority, csr, days=30):
    """A certificate that answers a request, for the ledger's sake."""
    return authority.issue(csr.subject, csr.public_key(),
                           usage=pki.key_usage(digital_signature=True), days=days)
