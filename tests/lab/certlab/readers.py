# SPDX-License-Identifier: Apache-2.0
"""Independent readers of PFX files. Each gives the key it found, or Refused.

None shares code with another: OpenSSL, the JDK's keytool, NSS, GnuTLS, and python3-cryptography's own
binding. keytool and NSS hand a key out only in a PFX of their own, which openssl reads then: by that
time they have decrypted the one in question and checked its MAC.
"""

import os
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from .command import Refused, openssl, private_folder

OWN = "between-readers"


def _run(what, *words, data=None, environment=None):
    done = subprocess.run(list(map(str, words)), input=data, capture_output=True, check=False,
                          timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8",
                                           **(environment or {})})
    if done.returncode != 0:
        text = (done.stderr + done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise Refused(f"{what}: {' / '.join(text[-2:])}")
    return done.stdout


def _public(pem):
    start = pem.index(b"-----BEGIN")
    return serialization.load_pem_private_key(pem[start:], None).public_key()


def by_openssl(store, password):
    pem, _ = openssl("pkcs12", "-nocerts", "-nodes", data=store, password=password, what="openssl")
    return _public(pem)


def by_keytool(store, password):
    with private_folder() as folder:
        (folder / "in.p12").write_bytes(store)
        _run("keytool", "keytool", "-importkeystore", "-noprompt", "-srckeystore",
             folder / "in.p12", "-srcstoretype", "PKCS12", "-srcstorepass:env", "IN_PASSWORD",
             "-destkeystore", folder / "out.p12", "-deststoretype", "PKCS12",
             "-deststorepass:env", "OUT_PASSWORD",
             environment={"IN_PASSWORD": password, "OUT_PASSWORD": OWN})
        return by_openssl((folder / "out.p12").read_bytes(), OWN)


def by_nss(store, password):
    with private_folder() as folder:
        for name, data in (("in.p12", store), ("in", password.encode()), ("out", OWN.encode()),
                           ("none", b"")):
            (folder / name).write_bytes(data)
        base = f"sql:{folder}"
        _run("certutil", "certutil", "-N", "-d", base, "--empty-password")
        _run("pk12util", "pk12util", "-i", folder / "in.p12", "-d", base, "-w", folder / "in",
             "-k", folder / "none")
        listed = _run("certutil", "certutil", "-K", "-d", base).decode()
        nickname = listed.splitlines()[-1].split(maxsplit=4)
        name = listed.splitlines()[-1][listed.splitlines()[-1].index(nickname[4]):].strip()
        _run("pk12util", "pk12util", "-o", folder / "out.p12", "-n", name, "-d", base,
             "-w", folder / "out", "-k", folder / "none", "-c", "AES-256-CBC", "-C", "AES-256-CBC")
        return by_openssl((folder / "out.p12").read_bytes(), OWN)


def _block(text, label):
    begin, end = f"-----BEGIN {label}-----".encode(), f"-----END {label}-----".encode()
    if begin not in text:
        raise Refused(f"certtool: no {label}")
    return text[text.index(begin):text.index(end) + len(end)] + b"\n"


def by_gnutls(store, password):
    # certtool takes passwords as an option only; these are of tests. After a bad MAC it goes on
    # with a warning, so that is looked for.
    words = ["certtool", "--password", password]
    done = subprocess.run([*words, "--inder", "--p12-info"], input=store, capture_output=True,
                          check=False, timeout=60)
    if done.returncode != 0 or b"verification failed" in done.stderr:
        raise Refused(f"certtool: {done.stderr.decode('utf-8', 'replace').strip()[-200:]}")
    with private_folder() as folder:
        (folder / "key.pem").write_bytes(_block(done.stdout, "ENCRYPTED PRIVATE KEY"))
        told = _run("certtool", *words, "--pubkey-info", "--load-privkey", folder / "key.pem")
    return serialization.load_pem_public_key(_block(told, "PUBLIC KEY"))


def by_cryptography(store, password):
    try:
        key, _, _ = pkcs12.load_key_and_certificates(store, password.encode())
    except ValueError as error:
        raise Refused(f"cryptography: {error}") from error
    return key.public_key()


READERS = {
    "openssl": by_openssl, "keytool": by_keytool, "nss": by_nss, "gnutls": by_gnutls,
    "cryptography": by_cryptography,
}
# Which reader opens which preset. A reader that opens none of a system's presets would be named
# here; so far all of them open both.
OPENS = {(reader, preset): True for reader in READERS for preset in ("modern", "legacy")}
