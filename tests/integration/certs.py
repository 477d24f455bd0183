# SPDX-License-Identifier: Apache-2.0
"""What tests ask of the store and of the disk behind the daemon's back."""

import sqlite3

from cryptography.hazmat.primitives.asymmetric import rsa


def query(host, text, *values):
    database = sqlite3.connect(f"file:{host.state / 'certferry.db'}?mode=ro", uri=True)
    try:
        return database.execute(text, values).fetchall()
    finally:
        database.close()


def issued_per_context(host):
    """{context: number of certificates in the ledger}."""
    rows = query(host, "SELECT context, count(*) FROM ledger GROUP BY context")
    return dict(rows)


def certificates_of_ca(host):
    return query(host, "SELECT count(*) FROM ca_record WHERE cert IS NOT NULL")[0][0]


def secret_numbers(key):
    """Byte strings that only somebody who has the private key can write down."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        values = [numbers.p, numbers.q, numbers.d]
    else:
        values = [key.private_numbers().private_value]
    return [value.to_bytes((value.bit_length() + 7) // 8, "big") for value in values]


def files_with(folder, needles):
    """Files below folder that hold one of the byte strings."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found += [path for needle in needles if needle in data]
    return found
