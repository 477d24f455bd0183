# SPDX-License-Identifier: Apache-2.0
"""What the administrator asks: check, adcs discover, ca-cert."""
import pytest
from cryptography import x509

import adcs_kit
from adcs import ca as authority


def check(host, code=None):
    done = host.tool("check", check=False)
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("transport", adcs_kit.TRANSPORTS)
def test_a_check_of_what_is_right_finds_no_error(host, lab, transport):
    adcs_kit.use_transport(host, lab, transport)
    del host.config["template CertferryPending"]
    for section in ("ca corp", "policy wide"):
        host.config[section]["templates"] = "CertferryDevice CertferryUser CertferryEC"
    host.start()
    text = check(host)
    assert not [line for line in text.splitlines() if line.lower().startswith("error")], text


def test_a_check_names_what_is_wrong(host, lab):
    bad = "CertferryBadSubject CertferryBadKey CertferryDenied CertferryNotPublished CertferryOpen"
    for name in bad.split():
        host.config[f"template {name}"] = {}
    host.config["ca corp"]["templates"] = host.config["policy wide"]["templates"] = \
        f"CertferryDevice {bad}"
    for name in ("CertferryUser", "CertferryPending", "CertferryEC"):
        del host.config[f"template {name}"]
    lab.ca1.roles["CONN1$"] = authority.ROLE_ENROLL
    host.start()
    text = check(host)
    found = "\n".join(line for line in text.splitlines() if not line.startswith("ok"))
    for line in (
            "error ca corp template CertferryBadSubject: the subject does not come from the request",
            "error ca corp template CertferryDenied: CONN1$@CORP.EXAMPLE has no Enroll",
            "error ca corp template CertferryNotPublished:", "warning ca corp template CertferryOpen:"):
        assert line in " ".join(found.split()), found
    assert "Issue and Manage Certificates" in text


def spoil_keytab(host, lab):
    keytab = bytearray((lab.folder / "conn1.keytab").read_bytes())
    for key in adcs_kit.keys_in(keytab):
        keytab[key] = bytes(len(keytab[key]))
    (host.credentials / "keytab").unlink()
    host._secret("keytab", bytes(keytab))


def name_another(host, lab):
    host.config["ca corp"]["name"] = "Corp Issuing CA 9"


def stop_ca(host, lab):
    lab.hosts[lab.ca1.host].stop()


@pytest.mark.parametrize("damage,words,skipped", [
    (spoil_keytab, "keytab", ("its entry in the directory", "its chain", "the way to it",
                              "the account's roles", "its templates")),
    (name_another, "the directory knows no CA Corp Issuing CA 9 on",
     ("its chain", "the account's roles", "its templates")),
    (stop_ca, "check the CA service (certsvc)", ("the account's roles",)),
])
def test_a_check_names_the_cause_and_not_what_follows_from_it(host, lab, damage, words, skipped):
    damage(host, lab)
    host.start()
    lines = " ".join(check(host).split())
    if damage is stop_ca:
        lab.hosts[lab.ca1.host].start()
    assert lines.count("error ca corp:") == 1, lines
    assert words in lines, lines
    assert "DCOM" not in lines and "chain_file" not in lines, lines
    assert f"not looked at before the errors are mended: {', '.join(skipped)}" in lines, lines


def test_discovery_shows_cas_and_templates(host, lab):
    host.start()
    text = host.tool("adcs", "discover").stdout
    for word in (lab.ca1.name, lab.ca2.name, lab.ca1.host, "CertferryDevice", "[ca ",
                 "CES_Kerberos"):
        assert word in text, text


def test_ca_certificates_are_printed(host, lab):
    host.start()
    issuing = x509.load_pem_x509_certificate(host.tool("ca-cert", "corp").stdout.encode())
    assert issuing == lab.ca1.signer.certificate
    text = host.tool("ca-cert", "corp", "--chain").stdout
    assert text.count("BEGIN CERTIFICATE") == 2
    root = x509.load_pem_x509_certificate(
        host.tool("ca-cert", "corp", "--root").stdout.encode())
    assert root == lab.root.certificate
