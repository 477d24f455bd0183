# SPDX-License-Identifier: Apache-2.0
"""Configurations of a connector in the domain, and what its tests ask again and again."""
import shutil
import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "lab"), str(HERE.parents[1] / "lab/dc")]

import dc as domain_controller  # noqa: E402
from cryptography import x509  # noqa: E402

TEMPLATES = "CertferryDevice CertferryUser CertferryPending CertferryEC"
CES_WAYS = {"kerberos": "Kerberos", "password": "UsernamePassword", "certificate": "Certificate"}


def use_domain(host, lab):
    """CA by RPC with SPNEGO, templates from the directory; everything as a site would have it."""
    host.environment["KRB5_CONFIG"] = str(lab.dc.krb5_conf)
    host.ca_path = lab.folder / "ca/issuing.pem"
    host._secret("keytab", (lab.folder / "conn1.keytab").read_bytes())
    host.config["directory"] = {
        "uri": f"ldap://{domain_controller.HOST}", "auth": "gssapi", "protection": "signed",
        "keytab_file": "credential:keytab", "retry": "1s", "connect_timeout": "2s",
        "timeout": "5s"}
    for section in [name for name in host.config if name.split()[0] in ("ca", "policy", "template")]:
        del host.config[section]
    host.config["ca corp"] = ca_section(lab.ca1)
    for name in TEMPLATES.split():
        host.config[f"template {name}"] = {}
    host.config["policy wide"] = {
        "ca": "corp", "templates": TEMPLATES, "certificate_type": "both", "eku": "clientAuth",
        "max_validity": "400d"}


def ca_section(authority, templates=TEMPLATES, **options):
    return {
        "backend": "adcs", "host": authority.host, "name": authority.name, "templates": templates,
        "rpc_auth": "negotiate", "timeout": "5s", "connect_timeout": "2s", "breaker_min": "200ms",
        "breaker_max": "1s", **options}


def without_directory(host):
    """As for a CA whose templates are written in the configuration."""
    del host.config["directory"]
    host.config["ca corp"].update(keytab_file="credential:keytab", chain_file=host.ca_path)
    for name in TEMPLATES.split():
        host.config[f"template {name}"] = {"key": "rsa2048", "eku": "clientAuth",
                                           "validity": "365d"}


def use_ces(host, lab, way):
    """way: kerberos (with extended protection), password or certificate."""
    section = host.config["ca corp"]
    del section["rpc_auth"]
    section.update(transport="ces", auth=way, ces_url=lab.ces.url(CES_WAYS[way]),
                   tls_ca_file=lab.folder / "ca/root.pem")
    if way == "kerberos":
        lab.ces.requires_binding = True
    elif way == "password":
        host._secret("ces-password", (lab.folder / "svc-password").read_bytes())
        section.update(username="svc-certferry@corp.example",
                       password_file="credential:ces-password")
    else:
        shutil.copy(lab.folder / "client.pem", host.directory / "client.pem")
        host._secret("ces-key", (lab.folder / "client.key").read_bytes())
        section.update(tls_cert_file=host.directory / "client.pem",
                       tls_key_file="credential:ces-key")


def use_transport(host, lab, name):
    if name.startswith("ces-"):
        use_ces(host, lab, name[4:])
    else:
        host.config["ca corp"]["rpc_auth"] = name[4:]


TRANSPORTS = ("rpc-negotiate", "rpc-kerberos", "ces-kerberos", "ces-password", "ces-certificate")


def order(tenant, count=1, template="CertferryDevice", **options):
    """Requests for new devices; their contexts."""
    devices = tenant.add_devices(count, platforms=["agent"], key_size=256, with_user=False)
    return tenant.add_requests(devices, kinds=["device"], certificateTemplateName=template,
                               **options)


def finish(tenant, host, timeout=60):
    if host.process is None:
        host.start()
    assert tenant.wait_finished(timeout), host.log_tail()


def issued(tenant, host, contexts):
    """The certificates, each opened by its device first."""
    found = []
    for context in contexts:
        result = tenant.work(context).result
        assert result and result["status"] == "issued", (result, host.log_tail())
        tenant.open(context, host.signer(), host.ca_pem(), names=False, handshake=False)
        found.append(x509.load_der_x509_certificate(tenant.certificate_der(context)))
    return found


def refused(tenant, host, context):
    """The sentence of one that had to fail."""
    result = tenant.work(context).result
    assert result and result["status"] == "failed", (result, host.log_tail())
    return result["errorMessage"]


def wait_log(tenant, host, text, timeout=30):
    assert tenant.wait(lambda _: text in host.log(), timeout), host.log_tail()


def keys_in(keytab):
    """Where the keys lie in a keytab (version 2), as slices."""
    at = 2
    while at < len(keytab):
        [size] = struct.unpack_from(">i", keytab, at)
        place, [count] = at + 6, struct.unpack_from(">H", keytab, at + 4)
        for _ in range(count + 1):
            place += 2 + struct.unpack_from(">H", keytab, place)[0]
        place += 4 + 4 + 1 + 2
        [length] = struct.unpack_from(">H", keytab, place)
        yield slice(place + 2, place + 2 + length)
        at += 4 + abs(size)
