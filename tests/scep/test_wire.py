# SPDX-License-Identifier: Apache-2.0
"""The client before it judges anybody: OpenSSL reads what it writes, and Debian's scepserver answers it."""

import os
import subprocess
import time

import pytest
from wire import asn1, cms, http, message, pki
from wire.device import Device

KEY, RA_KEY = pki.rsa_key(), pki.rsa_key()
OWN = pki.certificate(KEY, pki.common_name("device"))
RA = pki.Certificate.read(pki.certificate(RA_KEY, pki.name(("O", "Corp"), ("CN", "RA"))))
CONTENT = os.urandom(5000)


def openssl(*words, data):
    done = subprocess.run(["openssl", *map(str, words)], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture
def ra_files(tmp_path):
    (tmp_path / "ra.pem").write_bytes(RA.pem)
    (tmp_path / "ra.key").write_bytes(pki.key_pem(RA_KEY))
    return ["-recip", tmp_path / "ra.pem", "-inkey", tmp_path / "ra.key"]


@pytest.mark.parametrize("form", [asn1.Der(), asn1.Ber(), asn1.Ber(700), asn1.Ber(700, False)],
                         ids=["der", "indefinite", "pieces", "definite-pieces"])
@pytest.mark.parametrize("cipher", ["aes128", "aes192", "aes256", "des3"])
@pytest.mark.parametrize("transport", cms.TRANSPORTS)
def test_openssl_opens_and_verifies_what_is_written(ra_files, form, cipher, transport):
    request = message.Request(CONTENT, KEY, OWN, RA, cipher=cipher, transport=transport, form=form)
    envelope = openssl("cms", "-verify", "-noverify", "-binary", "-inform", "DER",
                       data=request.build())
    plain = openssl("cms", "-decrypt", "-binary", "-inform", "DER", *ra_files, data=envelope)
    assert plain == CONTENT


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha256", "sha384", "sha512"])
def test_signatures_of_every_digest_verify(digest):
    request = message.Request(CONTENT, KEY, OWN, RA, digest=digest, signing_time=asn1.now())
    openssl("cms", "-verify", "-noverify", "-binary", "-inform", "DER", data=request.build())


def test_an_ec_signer_and_key_identifiers_verify():
    key = pki.ec_key()
    request = message.Request(CONTENT, key, pki.certificate(key, pki.common_name("ec")), RA)
    openssl("cms", "-verify", "-noverify", "-binary", "-inform", "DER", data=request.build())


def test_a_request_is_read_back_by_openssl():
    extensions = [pki.san(dns=["a.corp.example"], upn=["a@corp.example"]), pki.key_usage(0, 2),
                  pki.extended_key_usage("clientAuth")]
    text = openssl("req", "-verify", "-noout", "-text", "-inform", "DER", data=pki.csr(
        KEY, pki.name(("C", "DE"), ("CN", "näme")), challenge="secret", extensions=extensions))
    for part in (b"secret", b"DNS:a.corp.example", b"Digital Signature, Key Encipherment",
                 b"TLS Web Client Authentication"):
        assert part in text


@pytest.mark.parametrize("spoil", [
    lambda der: der[:-1] + bytes([der[-1] ^ 1]),                    # a bit of the signature
    lambda der: der.replace(b"13" + b"\x30", b"13" + b"\x31", 1),   # a tag
    lambda der: der[:-3],
], ids=["signature", "tag", "truncated"])
def test_a_spoiled_reply_is_noticed(spoil):
    good = cms.sign(b"", RA, RA_KEY, attributes=[
        cms.attribute(message.MESSAGE_TYPE, asn1.string("3")),
        cms.attribute(message.PKI_STATUS, asn1.string("3")),
        cms.attribute(message.TRANSACTION, asn1.string("13")),
        cms.attribute(message.RECIPIENT_NONCE, asn1.octets(b"n" * 16)),
        cms.attribute(message.SENDER_NONCE, asn1.octets(os.urandom(16)))])
    request = message.Request(b"", KEY, OWN, RA, transaction="13", nonce=b"n" * 16)
    assert message.read_reply(good, request, [RA]).status == "PENDING"
    spoiled = spoil(good)
    assert spoiled != good
    with pytest.raises(message.Wrong):
        message.read_reply(spoiled, request, [RA])


@pytest.mark.parametrize("change, text", [
    (dict(transaction="14"), "transactionID"), (dict(nonce=b"m" * 16), "recipientNonce"),
    (dict(digest="sha512"), "sha512"),
])
def test_a_reply_to_another_request_is_noticed(change, text):
    good = cms.sign(b"", RA, RA_KEY, attributes=[
        cms.attribute(message.MESSAGE_TYPE, asn1.string("3")),
        cms.attribute(message.PKI_STATUS, asn1.string("3")),
        cms.attribute(message.TRANSACTION, asn1.string("13")),
        cms.attribute(message.RECIPIENT_NONCE, asn1.octets(b"n" * 16)),
        cms.attribute(message.SENDER_NONCE, asn1.octets(os.urandom(16)))])
    request = message.Request(b"", KEY, OWN, RA, transaction="13", nonce=b"n" * 16)
    with pytest.raises(message.Wrong, match=text):
        message.read_reply(good, request.change(**{"nonce": b"n" * 16, **change}), [RA])


@pytest.fixture(scope="module")
def scepserver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scepserver")
    depot = folder / "depot"
    subprocess.run(["scepserver", "ca", "-init", "-keySize", "2048", "-depot", depot], check=True,
                   capture_output=True)
    server = http.Server(http.free_port())
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            ["scepserver", "-depot", depot, "-port", str(server.port), "-challenge", "secret",
             "-allowrenew", "0"], stderr=log, stdout=log)
    try:
        deadline = time.monotonic() + 20
        while not server.is_up():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        yield server
    finally:
        process.kill()
        process.wait()


def test_another_server_enrols_and_renews(scepserver):
    device = Device(scepserver, "/scep", strict=False).discover()
    assert {"AES", "SHA-256", "Renewal"} <= device.caps
    device.enrol("phone-1", "secret").success()
    assert device.certificate.x509.subject.rfc4514_string() == "CN=phone-1"
    new = pki.rsa_key()
    device.keep(device.send(device.renewal("phone-1", challenge="secret", new_key=new)), new)
    assert device.certificate.spki == pki.spki(new)
    device.send(device.pkcs_req("phone-2", challenge="wrong")).failure("badRequest")


@pytest.mark.parametrize("how", ["percent", "plus"])
def test_another_server_takes_a_get(scepserver, how):
    device = Device(scepserver, "/scep", strict=False, method="GET", how=how).discover()
    device.enrol(f"phone-{how}", "secret").success()
