#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""certs.py DIR: a CA and server certificates, good and bad, for a directory on 127.0.0.1."""
import datetime
import ipaddress
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)


def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def certify(subject, key, issuer, issuer_key, until, extensions):
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 10 * DAY)
        .not_valid_after(until)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def write(path, cert, key=None):
    pem = cert.public_bytes(serialization.Encoding.PEM)
    if key:
        pem += key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    path.write_bytes(pem)


def main():
    folder = Path(sys.argv[1])
    authority = x509.BasicConstraints(ca=True, path_length=None)
    keys = {issuer: ec.generate_private_key(ec.SECP256R1()) for issuer in ("ca", "stranger")}
    for issuer, key in keys.items():
        write(folder / f"{issuer}.pem",
              certify(issuer, key, issuer, key, NOW + 365 * DAY, [authority]))

    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    elsewhere = x509.DNSName("dc9.corp.example")
    for kind, issuer, alternative, until in (
        ("good", "ca", here, NOW + 365 * DAY),
        ("late", "ca", here, NOW + 5 * DAY),
        ("expired", "ca", here, NOW - DAY),
        ("other-name", "ca", elsewhere, NOW + 365 * DAY),
        ("untrusted", "stranger", here, NOW + 365 * DAY),
    ):
        key = ec.generate_private_key(ec.SECP256R1())
        cert = certify("127.0.0.1", key, issuer, keys[issuer], until,
                       [x509.SubjectAlternativeName([alternative])])
        write(folder / f"{kind}.pem", cert, key)


if __name__ == "__main__":
    main()
