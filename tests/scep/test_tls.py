# SPDX-License-Identifier: Apache-2.0
"""HTTPS of its own: who it is, when that changes, and what Apple's devices would not take of it."""

import datetime
import re
import signal
import ssl
import time

import pytest
from front import CHALLENGE
from wire import asn1, http, pki

DAY = datetime.timedelta(days=1)
KEY, CA_KEY = pki.rsa_key(), pki.rsa_key()
CA_NAME = pki.common_name("TLS CA of a test")
LOCAL = asn1.tlv(0x87, bytes([127, 0, 0, 1]))


def authority():
    return pki.Certificate.read(pki.certificate(
        CA_KEY, CA_NAME, end=asn1.now() + 3650 * DAY,
        extensions=[pki.basic_constraints(True), pki.key_usage(5, 6)]))


def server_certificate(*, key=KEY, days=90, dns=("localhost", "scep.corp.example"),
                       eku=("serverAuth",), digest="sha256", start=None):
    start = start or asn1.now() - datetime.timedelta(hours=1)
    names = asn1.sequence(*(asn1.context(2, one.encode(), constructed=False) for one in dns), LOCAL)
    extensions = [pki.basic_constraints(False), pki.key_usage(0, 2),
                  pki.extension("2.5.29.17", names)]
    if eku:
        extensions.append(pki.extended_key_usage(*eku))
    return pki.Certificate.read(pki.certificate(
        key, pki.common_name("scep.corp.example"), issuer=CA_NAME, issuer_key=CA_KEY, start=start,
        end=start + days * DAY, digest=digest, extensions=extensions))


def install(node, certificate, key=KEY):
    path = node.directory / "tls.pem"
    path.write_bytes(certificate.pem + authority().pem)
    key_path = node.credentials / "tls-key"
    key_path.unlink(missing_ok=True)
    key_path.write_bytes(pki.key_pem(key))
    key_path.chmod(0o400)
    return path


@pytest.fixture
def node(nodes):
    made = nodes()
    made.tls_port = http.free_port()
    made.config["scep"].update(
        tls_listen=f"127.0.0.1:{made.tls_port}", tls_key_file="credential:tls-key",
        tls_cert_file=install(made, server_certificate()))
    return made


def context():
    made = ssl.create_default_context(cadata=authority().pem.decode())
    made.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    return made


def over_tls(node, **options):
    return http.Server(node.tls_port, context=context(), **options)


def test_a_device_enrols_over_https(node):
    node.start()
    from wire.device import Device
    device = Device(over_tls(node), "/scep/wifi").discover()
    device.enrol("tls", CHALLENGE).success()
    assert device.bundle[0].der == node.device("wifi").bundle[0].der  # plain HTTP goes on


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_not_spoken(node, version):
    node.start()
    old = context()
    old.minimum_version = old.maximum_version = version
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, OSError, http.NoAnswer)):
        http.Server(node.tls_port, context=old).get("/scep/wifi", "GetCACaps")


def test_no_client_certificate_is_asked_for(node):
    """Windows gives up when it is (0x80072f78)."""
    node.start()
    answer = over_tls(node).get("/scep/wifi", "GetCACaps")
    assert answer.status == 200


def test_plain_http_on_the_tls_port_hurts_nobody(node):
    node.start()
    with pytest.raises((http.NoAnswer, OSError, ValueError, IndexError)):
        http.Server(node.tls_port, timeout=5).get("/scep/wifi", "GetCACaps")
    assert over_tls(node).get("/scep/wifi", "GetCACaps").status == 200


def served(node):
    with over_tls(node).connect() as connection:
        return connection.getpeercert(binary_form=True)


def test_a_new_certificate_is_taken_without_a_restart(node):
    node.start()
    new = server_certificate(days=100)
    install(node, new)
    assert served(node) != new.der
    node.scepd.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while served(node) != new.der:
        assert time.monotonic() < deadline, node.scepd.log()[-2000:]
        time.sleep(0.1)


def test_a_bad_new_certificate_leaves_the_old_one(node):
    node.start()
    before = served(node)
    install(node, server_certificate(), key=pki.rsa_key())
    node.scepd.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert served(node) == before
    assert node.device("wifi").enrol("still", CHALLENGE).success()


@pytest.mark.parametrize("options, text", [
    (dict(days=900), "825"), (dict(eku=()), "server authentication"), (dict(dns=()), "DNS"),
    (dict(digest="sha1"), "SHA"), (dict(days=1, start=asn1.now() - 3 * DAY), "ended on"),
    (dict(days=5), "5 days|4 days|ends|expires")],
    ids=["long", "usage", "name", "sha1", "expired", "soon"])
def test_what_devices_would_not_take_is_named(node, options, text):
    install(node, server_certificate(**options))
    node.start()
    done = node.tool("check", check=False)
    output = done.stdout + done.stderr
    assert re.search(text, output, re.IGNORECASE), output


def test_a_small_key_of_the_server_is_named(node):
    small = pki.rsa_key(1024)
    install(node, server_certificate(key=small), key=small)
    try:
        node.start()
    except RuntimeError as error:
        assert "tls" in str(error)
        return
    done = node.tool("check", check=False)
    assert "2048" in done.stdout + done.stderr
