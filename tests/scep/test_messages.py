# SPDX-License-Identifier: Apache-2.0
"""Messages as the devices in the field write them: odd, and to be answered all the same."""

import datetime
import os

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from front import CHALLENGE
from wire import asn1, cms, message, pki

CMS_ALGORITHM_PROTECT, RANDOM_NONCE = "1.2.840.113549.1.9.52", "1.2.840.113549.1.9.16.2.99"
MS_OS_VERSION = "1.3.6.1.4.1.311.13.2.3"


@pytest.fixture(scope="module")
def device(front):
    return front.device("wifi")


# -- O1, O2: key transport ----------------------------------------------------------------------
@pytest.mark.parametrize("transport", ["oaep-sha1", "oaep-sha256"])
@pytest.mark.parametrize("cipher", ["aes128", "aes256"])
def test_oaep_is_taken_and_answered_in_kind(device, transport, cipher):
    reply = device.enrol("o1", CHALLENGE, transport=transport, cipher=cipher).success()
    assert reply.opened.transport.startswith("oaep")


def test_the_recipient_may_be_named_by_its_key_identifier(device):
    device.enrol("o1", CHALLENGE, envelope={"by_key_identifier": True}).success()


# -- O3: BER ------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", [asn1.Ber(), asn1.Ber(1000), asn1.Ber(8), asn1.Ber(1000, False)],
                         ids=["indefinite", "pieces", "small", "definite"])
@pytest.mark.parametrize("transport", ["pkcs1", "oaep-sha1"])
def test_ber_is_taken(device, form, transport):
    device.enrol("o3", CHALLENGE, form=form, transport=transport).success()


# -- signers ----------------------------------------------------------------------------------
def signer(device, **options):
    return pki.certificate(device.key, pki.common_name("SCEP device"), **options)


@pytest.mark.parametrize("options", [
    dict(serial=1), dict(serial=0), dict(serial=bytes([0x5A] * 33)),
    dict(serial=-5), dict(generalized=True), dict(digest="sha1"), dict(digest="md5"),
    dict(start=datetime.datetime(1970, 1, 1), end=datetime.datetime(2049, 1, 1)),
    dict(start=datetime.datetime(2020, 1, 1), end=datetime.datetime(2020, 1, 2)),
    dict(end=datetime.datetime(9999, 12, 31, 23, 59, 59)),
    dict(extensions=[pki.key_usage(0, 2), pki.basic_constraints(False)]),
    dict(extensions=[pki.basic_constraints(True)]),
], ids=["one", "zero", "33-octets", "negative", "generalized", "sha1", "md5", "1970",
        "expired", "9999", "usages", "ca"])
def test_a_self_signed_signer_may_be_odd(device, options):
    device.send(device.pkcs_req("signer", challenge=CHALLENGE,
                                signer=signer(device, **options))).success()


def test_a_signer_with_an_empty_subject(device):
    odd = pki.certificate(device.key, asn1.sequence())
    device.send(device.pkcs_req("signer", challenge=CHALLENGE, signer=odd)).success()


def test_the_signer_is_found_by_its_identifier(device):
    """Other certificates beside it, in whatever order."""
    own = signer(device, serial=7)
    others = [signer(device, serial=8), pki.certificate(pki.rsa_key(), pki.common_name("other"))]
    request = device.pkcs_req("signer", challenge=CHALLENGE, signer=own)
    for certificates in ([own, *others], [*others, own]):
        device.send(request.change(signed={"certificates": certificates})).success()


def test_a_signer_that_is_not_there_is_no_message(device):
    request = device.pkcs_req("signer", challenge=CHALLENGE,
                              signed={"certificates": []})
    assert device.exchange(request.build()).status == 400
    other = pki.certificate(pki.rsa_key(), pki.common_name("other"))
    request = device.pkcs_req("signer", challenge=CHALLENGE, signed={"certificates": [other]})
    assert device.exchange(request.build()).status == 400


@pytest.mark.parametrize("signed", [
    dict(digest_parameters=False), dict(signature_oid="1.2.840.113549.1.1.11")],
    ids=["no-parameters", "sha256WithRSA"])
def test_algorithm_identifiers_may_be_written_either_way(device, signed):
    device.send(device.pkcs_req("signer", challenge=CHALLENGE, signed=signed)).success()


def test_a_small_rsa_key_is_refused(front):
    small = front.device("wifi", key=pki.rsa_key(1024))
    small.send(small.pkcs_req("small", challenge=CHALLENGE)).failure("badRequest", "badAlg")


def test_rsa_keys_of_other_sizes(front):
    for size in (3072, 4096):
        front.device("wifi", key=pki.rsa_key(size)).enrol("large", CHALLENGE).success()


# -- E2, P4: keys to which nothing can be encrypted, or that nobody knows ----------------------------
@pytest.mark.parametrize("curve", [ec.SECP256R1, ec.SECP384R1, ec.SECP521R1])
@pytest.mark.parametrize("profile", ["wifi", "ec"])
def test_an_ec_signer_is_refused_cleanly(front, profile, curve):
    device = front.device(profile, key=pki.ec_key(curve))
    reply = device.send(device.pkcs_req("ec", challenge=CHALLENGE))
    reply.failure("badRequest", "badAlg")


def test_an_ec_key_with_an_rsa_signer_that_it_is_not(front):
    """There is no way to prove a new EC key by a self-signed RSA signer: the keys differ."""
    device = front.device("ec")
    csr = pki.csr(pki.ec_key(), pki.common_name("ec"), challenge=CHALLENGE)
    device.send(device.pkcs_req("ec", csr=csr)).failure("badRequest")


def test_an_ml_dsa_subject_key_is_refused_cleanly(device):
    csr = pki.csr(device.key, pki.common_name("p4"), challenge=CHALLENGE,
                  spki_der=pki.ml_dsa_spki())
    device.send(device.pkcs_req("p4", csr=csr)).failure("badRequest", "badAlg")


def test_an_ml_dsa_signer_is_no_reason_to_fall(device):
    odd = pki.certificate(device.key, pki.common_name("p4"), spki_der=pki.ml_dsa_spki())
    request = device.pkcs_req("p4", challenge=CHALLENGE, signer=odd)
    answer = device.exchange(request.build())
    assert answer.status in (200, 400)
    if answer.status == 200:
        device.judge(request, answer).failure("badAlg", "badMessageCheck", "badRequest")


# -- attributes -----------------------------------------------------------------------------------
@pytest.mark.parametrize("transaction", [
    "A" * 32, "ab" * 20, "9" * 77, "kJ4h+/Zx0Q==", "SSCEP transactionId", "1", "x" * 256],
    ids=["32", "40", "decimal", "base64", "words", "one", "256"])
def test_transaction_ids_are_opaque(device, transaction):
    device.send(device.pkcs_req("id", challenge=CHALLENGE, transaction=transaction)).success()


@pytest.mark.parametrize("tag", [asn1.UTF8, asn1.IA5], ids=["utf8", "ia5"])
def test_transaction_ids_of_other_string_types_are_given_back_as_they_are(device, tag):
    device.send(device.pkcs_req("id", challenge=CHALLENGE, transaction=f"tag{tag}",
                                transaction_tag=tag)).success()


@pytest.mark.parametrize("transaction", ["", "x" * 257, "x" * 5000], ids=["empty", "257", "5000"])
def test_transaction_ids_beyond_the_limits(device, transaction):
    request = device.pkcs_req("id", challenge=CHALLENGE, transaction=transaction)
    answer = device.exchange(request.build())
    if answer.status == 200:
        device.judge(request, answer).failure("badRequest")
    else:
        assert answer.status == 400


@pytest.mark.parametrize("size", [1, 8, 16, 32, 64])
def test_nonces_are_given_back_whatever_their_size(device, size):
    device.send(device.pkcs_req("nonce", challenge=CHALLENGE, nonce=os.urandom(size))).success()


@pytest.mark.parametrize("nonce", [None, b"", b"x" * 65], ids=["absent", "empty", "65"])
def test_nonces_that_are_none(device, nonce):
    request = device.pkcs_req("nonce", challenge=CHALLENGE)
    request.nonce = nonce
    answer = device.exchange(request.build())
    if answer.status == 200:
        request.nonce = None  # whether it is given back is left open
        device.judge(request, answer).failure("badRequest")
    else:
        assert answer.status == 400


@pytest.mark.parametrize("missing", ["type", "transaction"])
def test_what_nobody_can_be_answered_to_is_no_message(device, missing):
    request = device.pkcs_req("missing", challenge=CHALLENGE, **{missing: None})
    assert device.exchange(request.build()).status == 400


def test_attributes_that_nobody_knows_are_passed_over(device):
    protect = asn1.sequence(cms.digest_algorithm("sha256"),
                            asn1.context(1, asn1.oid(pki.RSA_ENCRYPTION), asn1.null()))
    extra = (cms.attribute(CMS_ALGORITHM_PROTECT, protect),
             cms.attribute(RANDOM_NONCE, asn1.octets(os.urandom(16))),
             cms.attribute(MS_OS_VERSION, asn1.string("10.0.19045.2", asn1.IA5)),
             cms.attribute("1.2.3.4", asn1.sequence()))
    device.send(device.pkcs_req("extra", challenge=CHALLENGE, extra=extra)).success()


def test_an_attribute_that_is_there_twice_is_no_good(device):
    twice = (cms.attribute(message.SENDER_NONCE, asn1.octets(b"x" * 16)),)
    request = device.pkcs_req("twice", challenge=CHALLENGE, extra=twice)
    answer = device.exchange(request.build())
    assert answer.status in (200, 400)
    if answer.status == 200:
        demanded = message.read_reply(answer.body, request.change(nonce=None), device.bundle)
        demanded.failure("badRequest", "badMessageCheck")


# -- envelopes --------------------------------------------------------------------------------------
def test_an_envelope_for_somebody_else(device):
    stranger = pki.Certificate.read(pki.certificate(pki.rsa_key(), pki.common_name("RA")))
    device.send(device.pkcs_req("other", challenge=CHALLENGE).change(recipient=stranger)).failure(
        "badMessageCheck")


@pytest.mark.parametrize("transport", cms.TRANSPORTS)
def test_every_failure_of_decryption_is_the_same_to_the_device(device, transport):
    """Nothing may tell which step failed (RFC 3218): not the key, not the padding, and not that what
    came out is no request."""
    request = device.pkcs_req("bleichenbacher", challenge=CHALLENGE, transport=transport)
    size = (request.recipient.public_key.key_size + 7) // 8
    spoiled = [
        {"encrypted_key": b"\0" * size}, {"encrypted_key": os.urandom(size - 1)},
        {"encrypted_key": b""}, {"encrypted_key": b"\xff" * size},
        {"encrypted_key": b"\0" + os.urandom(size - 1)},
        {"encrypted_key": request.recipient.public_key.encrypt(
            b"short", cms._transport(transport)[1])},
        {"encrypted": os.urandom(1024)}, {"encrypted": b""}, {"encrypted": os.urandom(33)},
    ]
    seen = set()
    for envelope in spoiled:
        reply = device.send(request.change(envelope=envelope))
        seen.add((reply.status, reply.fail_info, reply.fail_text))
    reply = device.send(request.change(content=b"no request"))
    seen.add((reply.status, reply.fail_info, reply.fail_text))
    assert {one[:2] for one in seen} == {("FAILURE", "badRequest")} and len(seen) == 1


@pytest.mark.parametrize("inner", [b"", b"\x30\x00", b"not an envelope"],
                         ids=["empty", "sequence", "text"])
def test_content_that_is_no_envelope(device, inner):
    request = device.pkcs_req("inner", challenge=CHALLENGE).change(inner=inner)
    answer = device.exchange(request.build())
    assert answer.status in (200, 400)
    if answer.status == 200:
        device.judge(request, answer).failure("badMessageCheck", "badRequest", "badAlg")


def test_two_recipients_of_which_one_is_right(device):
    """Some clients encrypt to every certificate of the bundle."""
    request = device.pkcs_req("two", challenge=CHALLENGE)
    right = request.recipient
    key, iv = os.urandom(16), os.urandom(16)
    stranger = pki.Certificate.read(pki.certificate(pki.rsa_key(), pki.common_name("RA")))
    algorithm, pad = cms._transport("pkcs1")
    recipients = [
        asn1.sequence(asn1.integer(0), one.issuer_and_serial, algorithm,
                      asn1.octets(one.public_key.encrypt(key, pad))) for one in (stranger, right)]
    envelope = asn1.sequence(asn1.oid(cms.ENVELOPED), asn1.context(0, asn1.sequence(
        asn1.integer(0), asn1.tlv(asn1.SET, *recipients), asn1.sequence(
            asn1.oid(cms.DATA),
            asn1.sequence(asn1.oid(cms.CIPHERS["aes128"][0]), asn1.octets(iv)),
            asn1.tlv(0x80, cms.encrypt("aes128", key, iv, request.content))))))
    device.send(request.change(inner=envelope)).success()
