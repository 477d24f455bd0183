# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates of the lab: its TLS, device and client CAs and what they sign."""

import datetime
import hashlib
import ipaddress
import os
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
CURVES = {256: ec.SECP256R1, 384: ec.SECP384R1}


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def new_key(size):
    """An RSA key for sizes of 1024 and more, a key on a NIST curve below."""
    if size in CURVES:
        return ec.generate_private_key(CURVES[size]())
    return rsa.generate_private_key(65537, size)


def key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def write_private(path, data):
    """Creates or replaces a file only its owner may read."""
    path = pathlib.Path(path)
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    temporary.replace(path)


def key_usage(**wanted):
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    ).split()
    return x509.KeyUsage(**{name: wanted.get(name, False) for name in names})


def build(subject, issuer, public_key, signing_key, *, start=None, days=3650, extensions=()):
    start = start or now() - DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + days * DAY)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signing_key, hashes.SHA256())


class Authority:
    """A CA kept as NAME.key and NAME.pem in a directory; made on first use."""

    def __init__(self, directory, name, title):
        directory = pathlib.Path(directory)
        key_path, cert_path = directory / f"{name}.key", directory / f"{name}.pem"
        if key_path.exists():
            self.key = serialization.load_pem_private_key(key_path.read_bytes(), None)
            self.certificate = x509.load_pem_x509_certificate(cert_path.read_bytes())
        else:
            self.key = new_key(256)
            subject = common_name(title)
            self.certificate = build(
                subject, subject, self.key.public_key(), self.key,
                extensions=[
                    (x509.BasicConstraints(True, 0), True),
                    (key_usage(key_cert_sign=True, crl_sign=True), True),
                    (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False),
                ],
            )
            write_private(key_path, key_pem(self.key))
            cert_path.write_bytes(pem(self.certificate))
        self.path = cert_path

    def issue(self, subject, public_key, *, usage, extra=(), start=None, days=825):
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return build(
            subject, self.certificate.subject, public_key, self.key, start=start, days=days,
            extensions=[
                (x509.BasicConstraints(False, None), True),
                (usage, True),
                (identifier, False),
                *extra,
            ],
        )


def server_certificate(authority, key):
    """For 127.0.0.1 and localhost only: the lab serves nobody else."""
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return authority.issue(
        common_name("certferry lab"), key.public_key(),
        usage=key_usage(digital_signature=True),
        extra=[
            (x509.SubjectAlternativeName(names), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        ],
    )


def client_certificate(authority, name, public_key):
    """What a connector shows when it authenticates by mutual TLS."""
    return authority.issue(
        common_name(name), public_key,
        usage=key_usage(digital_signature=True),
        extra=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)],
    )


def device_certificate(authority, device_id, public_key, *, start=None, days=825):
    """A device's encryption certificate: its id is the CN and a SAN URI."""
    is_rsa = isinstance(public_key, rsa.RSAPublicKey)
    usage = key_usage(key_encipherment=True) if is_rsa else key_usage(key_agreement=True)
    uri = x509.UniformResourceIdentifier(f"IntuneDeviceId://{device_id}")
    return authority.issue(
        common_name(device_id), public_key, usage=usage, start=start, days=days,
        extra=[(x509.SubjectAlternativeName([uri]), False)],
    )


def thumbprint(certificate):
    return hashlib.sha1(der(certificate)).hexdigest().upper()


def serial_hex(certificate):
    text = f"{certificate.serial_number:X}"
    return text if len(text) % 2 == 0 else "0" + text
