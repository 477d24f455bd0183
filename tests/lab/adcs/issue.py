# SPDX-License-Identifier: Apache-2.0
"""The keys and certificates of authorities, and certificates as they issue them."""
import datetime
import os

from certlab import asn1, pki
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from . import templates
from .csr import SAN, SID, TEMPLATE_OID

APPLICATION_POLICIES = "1.3.6.1.4.1.311.21.10"
WRONG_EKU = "1.3.6.1.5.5.7.3.1"
PERIODS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86400, "Weeks": 7 * 86400,
           "Months": 30 * 86400, "Years": 365 * 86400}


def authority_name(common_name):
    return x509.Name([
        x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "example"),
        x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "corp"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


class Signer:
    """A CA's key and certificate; issuer None: a root."""

    def __init__(self, common_name, issuer=None):
        self.key, name = pki.new_key(2048), authority_name(common_name)
        self.issuer, identifier = issuer, x509.SubjectKeyIdentifier
        by = issuer or self
        extensions = [
            (x509.BasicConstraints(True, None if issuer is None else 0), True),
            (pki.key_usage(digital_signature=True, key_cert_sign=True, crl_sign=True), True),
            (identifier.from_public_key(self.key.public_key()), False)]
        if issuer:
            extensions.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(
                issuer.key.public_key()), False))
        self.certificate = pki.build(
            name, issuer.certificate.subject if issuer else name, self.key.public_key(), by.key,
            extensions=extensions)

    @property
    def chain(self):
        """Its own certificate first, up to the root."""
        return [self.certificate, *(self.issuer.chain if self.issuer else [])]

    @property
    def der(self):
        return pki.der(self.certificate)

    @property
    def pem(self):
        return b"".join(pki.pem(certificate) for certificate in self.chain).decode()

    def save(self, folder, name):
        pki.write_private(folder / f"{name}.key", pki.key_pem(self.key))
        (folder / f"{name}.pem").write_text(self.pem)
        (folder / f"{name}.der").write_bytes(self.der)

    def server_certificate(self, host):
        """(certificate with chain, key) in PEM for a web server."""
        key = pki.new_key(2048)
        certificate = pki.build(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), self.certificate.subject,
            key.public_key(), self.key, days=90, extensions=[
                (x509.SubjectAlternativeName([x509.DNSName(host)]), False),
                (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False),
                (x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)])
        return pki.pem(certificate).decode() + self.pem, pki.key_pem(key).decode()

    def client_certificate(self, name):
        """(certificate, key) in PEM of one who logs on by it."""
        key = pki.new_key(2048)
        certificate = pki.build(
            pki.common_name(name), self.certificate.subject, key.public_key(), self.key, days=90,
            extensions=[(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]), False)])
        return pki.pem(certificate).decode(), pki.key_pem(key).decode()


def new_serial(number):
    """16 octets as a CA counts; every other one has its highest bit set."""
    first = 0x80 if number % 2 else 0x0A
    return int.from_bytes(bytes([first]) + os.urandom(9) + number.to_bytes(6, "big"), "big")


def serial_text(certificate):
    """As the CA's database has it: lower case, an even count of digits."""
    text = f"{certificate.serial_number:x}"
    return text if len(text) % 2 == 0 else "0" + text


def _template_extension(template):
    numbers = b"".join(asn1.tlv(2, bytes([value])) for value in (templates.MAJOR, templates.MINOR))
    return asn1.tlv(0x30, asn1.oid(template.oid) + numbers)


def _raw(oid, value):
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def _extensions(signer, csr, template, key, take):
    eku = (WRONG_EKU,) if take("wrong_eku") else template.eku
    policies = b"".join(asn1.tlv(0x30, asn1.oid(oid)) for oid in eku)
    yield x509.KeyUsage(*template.usage_bits()), True
    yield x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in eku]), False
    yield _raw(APPLICATION_POLICIES, asn1.tlv(0x30, policies)), False
    yield _raw(TEMPLATE_OID, _template_extension(template)), False
    if take("wrong_san"):
        yield x509.SubjectAlternativeName([x509.DNSName("somebody.else.example")]), False
    elif SAN in csr.extensions and template.supplies_subject:
        critical, value = csr.extensions[SAN]
        yield _raw(SAN, value), critical
    if SID in csr.extensions and template.keeps_sid:
        yield _raw(SID, csr.extensions[SID][1]), False
    yield x509.SubjectKeyIdentifier.from_public_key(key), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), False
    url = x509.UniformResourceIdentifier("http://pki.corp.example/CertEnroll/ca.crl")
    yield x509.CRLDistributionPoints([x509.DistributionPoint([url], None, None, None)]), False


def validity_of(attributes):
    """What ValidityPeriod and ValidityPeriodUnits ask for; None: nothing."""
    period, units = attributes.get("ValidityPeriod"), attributes.get("ValidityPeriodUnits")
    if period not in PERIODS or units is None:
        return None
    return datetime.timedelta(seconds=PERIODS[period] * int(units))


def certificate_for(signer, csr, template, requester, number, take, asked=None):
    """take(kind): a scripted fault of this kind, or None. asked: a validity; the template's is the
    longest."""
    key = pki.new_key(csr.key_bits).public_key() if take("wrong_key") else csr.key
    if take("wrong_subject"):
        subject = pki.common_name("somebody else")
    elif template.supplies_subject:
        subject = csr.request.subject
    else:
        subject = pki.common_name(requester)
    start = datetime.datetime.utcnow().replace(microsecond=0) - datetime.timedelta(minutes=10)
    own = datetime.timedelta(days=template.days)
    builder = (x509.CertificateBuilder().subject_name(subject)
               .issuer_name(signer.certificate.subject).public_key(key)
               .serial_number(new_serial(number)).not_valid_before(start)
               .not_valid_after(start + min(asked or own, own)))
    for extension, is_critical in _extensions(signer, csr, template, key, take):
        builder = builder.add_extension(extension, is_critical)
    return builder.sign(signer.key, hashes.SHA256())


def response_of(certificates):
    """A certificates-only CMS, as pctbCert carries the chain."""
    return pkcs7.serialize_certificates(certificates, serialization.Encoding.DER)
