# SPDX-License-Identifier: Apache-2.0
"""Pieces of a connector's configuration that tests choose: each function changes host.config."""

from certlab import pki
from certlab.imports import read_public
from host import run

CLIENT, MAIL, FILES = (
    "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.10.3.4",
)
TEMPLATES = "CertferryWiFi CertferryDevice"


def allow_everything(host, templates=TEMPLATES, cas="corp"):
    """One policy that is wide in every way it can be."""
    del host.config["policy users"], host.config["policy devices"]
    policy(host, "wide", ca=cas, templates=templates, certificate_type="both",
           eku=f"{CLIENT} {MAIL} {FILES}")


def policy(host, name, **options):
    host.config[f"policy {name}"] = {
        "ca": "corp", "templates": TEMPLATES, "certificate_type": "both", **options}


def add_ca(host, name, ca_name, templates=TEMPLATES):
    """A second CA inside the daemon; the path of its certificate."""
    certificate = host.directory / f"ca-{name}.pem"
    key = host.credentials / f"ca-{name}-key"
    if not certificate.exists():
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-keyout", key, "-out", certificate, "-days", "3650", "-subj",
            f"/O=Corp/CN={ca_name}", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        key.chmod(0o400)
    host.config[f"ca {name}"] = {
        "backend": "local", "host": f"{name}.corp.example", "name": ca_name,
        "templates": templates, "cert_file": certificate, "key_file": f"credential:ca-{name}-key",
        "crl_file": host.state / f"{name}.crl",
    }
    return certificate


def use_import_key(host, name="office", key_name="PFX import", provider=None, size=2048):
    """PEM of the public half, for whoever uploads PFX files."""
    path = host.credentials / f"import-{name}"
    if not path.exists():
        run("openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{size}",
            "-out", path)
        path.chmod(0o400)
    host.config[f"import-key {name}"] = {
        "name": key_name, "provider": provider, "key_file": f"credential:import-{name}"}
    return read_public(run("openssl", "pkey", "-in", path, "-pubout"))


def use_recovery(host):
    """The identity to which copies of issued keys are sealed."""
    path = host.credentials / "recovery"
    if not path.exists():
        key = pki.new_key(2048)
        name = pki.common_name("recovery of the connector")
        certificate = pki.build(name, name, key.public_key(), key, extensions=[
            (pki.key_usage(key_encipherment=True), True)])
        pki.write_private(path, pki.key_pem(key) + pki.pem(certificate))
        path.chmod(0o400)
    host.config["recovery"] = {"identity_file": "credential:recovery"}
    return path


def use_directory(host, slapd, **options):
    """A started slapd of the directory kit."""
    host._secret("directory-password", slapd.password.encode())
    host.config["directory"] = {
        "uri": slapd.uri, "auth": "simple", "protection": slapd.protection, "base": slapd.base,
        "bind_dn": slapd.bind_dn, "password_file": "credential:directory-password",
        "ca_file": slapd.ca_file, "retry": "1s", "cache": "0", "connect_timeout": "1s",
        "timeout": "2s", **options}
