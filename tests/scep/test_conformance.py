# SPDX-License-Identifier: Apache-2.0
"""What a SCEP server has to accept and to refuse, and by which failInfo (RFC 8894 3.2.1.4)."""

import datetime

import pytest
from front import CHALLENGE
from wire import asn1, cms, message, pki

HOURS = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def known(front):
    """Devices by profile, with one key for all."""
    key, made = pki.rsa_key(), {}

    def device(profile="wifi", **options):
        if profile not in made:
            made[profile] = front.device(profile, key=key)
        return front.device_like(made[profile], **options)

    return device


# -- C1, C2: the positive control, before anything is believed to be refused for a reason ------------
def test_a_valid_request_is_certified(known):
    device = known()
    reply = device.enrol("c1", CHALLENGE).success()
    assert reply.certificate.x509.subject.rfc4514_string() == "CN=c1"
    assert len({device.send(device.pkcs_req("c1", challenge="no")).nonce for _ in range(5)}) == 5


# -- C3, C10: algorithms ------------------------------------------------------------------------
@pytest.mark.parametrize("profile", ["wifi", "hard", "old"])
def test_md5_is_refused(known, profile):
    device = known(profile)
    reply = device.send(device.pkcs_req("c3", challenge=CHALLENGE, digest="md5"),
                        mirror_digest=False)
    assert reply.failure("badAlg").digest == "sha256"


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("cipher", ["aes128", "aes192", "aes256"])
def test_digest_and_cipher_are_answered_in_kind(known, digest, cipher):
    device = known("hard")
    reply = device.enrol("c10", CHALLENGE, digest=digest, cipher=cipher).success()
    assert (reply.digest, reply.opened.cipher, reply.opened.transport) == (digest, cipher, "pkcs1")


@pytest.mark.parametrize("options", [
    dict(cipher="des3"), dict(cipher="des"), dict(cipher="rc2"), dict(digest="sha1")],
    ids=["3des", "des", "rc2", "sha1"])
def test_a_hardened_profile_refuses_what_is_weak(known, options):
    device = known("hard")
    reply = device.send(device.pkcs_req("c10", challenge=CHALLENGE, **options),
                        mirror_digest=False)
    assert reply.failure("badAlg").digest == "sha256"


@pytest.mark.parametrize("options", [
    dict(cipher="des3"), dict(cipher="des"), dict(digest="sha1"),
    dict(cipher="des3", digest="sha1")], ids=["3des", "des", "sha1", "both"])
def test_a_profile_for_old_devices_takes_what_is_weak(front, known, options):
    device = known("old")
    device.enrol("c10-old", CHALLENGE, **options).success()


def test_rc2_is_refused_everywhere(known):
    device = known("old")
    device.send(device.pkcs_req("c10", challenge=CHALLENGE, cipher="rc2")).failure("badAlg")


def test_an_unknown_cipher_or_digest_is_refused(known):
    device = known()
    request = device.pkcs_req("c10", challenge=CHALLENGE)
    envelope = cms.envelope(request.content, request.recipient)
    aes, gcm = asn1.oid("2.16.840.1.101.3.4.1.2"), asn1.oid("2.16.840.1.101.3.4.1.6")
    device.send(request.change(inner=envelope.replace(aes, gcm))).failure("badAlg")


# -- C4: signatures -----------------------------------------------------------------------------
def test_a_signature_by_another_key_is_refused(known):
    device = known()
    device.send(device.pkcs_req("c4", challenge=CHALLENGE, signing_key=pki.rsa_key())).failure(
        "badMessageCheck")


@pytest.mark.parametrize("signed", [
    dict(signature=b"\0" * 256), dict(signature=b"\xff" * 256), dict(signature=b""),
    dict(signature=b"\1" * 128), dict(message_digest=b"\0" * 32), dict(message_digest=b"")],
    ids=["zero", "ones", "empty", "short", "digest", "no-digest"])
def test_a_wrong_signature_is_refused(known, signed):
    device = known()
    reply = device.send(device.pkcs_req("c4", challenge=CHALLENGE, signed=signed))
    # A digest of no octets is an attribute that is no good, too.
    reply.failure("badMessageCheck", *["badRequest"] * ("message_digest" in signed))


def test_a_flipped_bit_of_the_envelope_is_refused(known):
    device = known()
    request = device.pkcs_req("c4", challenge=CHALLENGE)
    good = bytearray(request.build())
    # Somewhere within the encrypted content, which is the largest part of the message.
    good[len(good) // 4] ^= 1
    answer = device.exchange(bytes(good))
    assert answer.status == 200
    device.judge(request, answer).failure("badMessageCheck")


# -- C5: time -----------------------------------------------------------------------------------
@pytest.mark.parametrize("offset", [2, -2, 24 * 400])
def test_a_clock_that_is_far_off_is_refused(known, offset):
    device = known()
    device.send(device.pkcs_req(
        "c5", challenge=CHALLENGE, signing_time=asn1.now() + offset * HOURS)).failure("badTime")


@pytest.mark.parametrize("profile, offset", [("wifi", 0.5), ("wifi", -0.5), ("clock", 2),
                                             ("clock", -2)])
def test_a_clock_within_the_tolerance_is_taken(known, profile, offset):
    device = known(profile)
    device.enrol("c5", CHALLENGE, signing_time=asn1.now() + offset * HOURS).success()


# -- C6: challenges -----------------------------------------------------------------------------
@pytest.mark.parametrize("challenge", [
    None, "", "wrong", CHALLENGE + "x", CHALLENGE[:-1], CHALLENGE + "\n", " " + CHALLENGE,
    "x" * 255, "x" * 16384], ids=["absent", "empty", "wrong", "longer", "shorter", "line", "blank",
                                  "255", "16K"])
@pytest.mark.parametrize("profile", ["wifi", "once"])
def test_a_wrong_challenge_is_refused(known, profile, challenge):
    device = known(profile)
    device.send(device.pkcs_req("c6", challenge=challenge)).failure("badRequest")


@pytest.mark.parametrize("tag", [asn1.UTF8, asn1.IA5, asn1.PRINTABLE, asn1.TELETEX, asn1.BMP],
                         ids=["utf8", "ia5", "printable", "teletex", "bmp"])
def test_a_challenge_may_be_of_any_string_type(known, tag):
    device = known()
    device.enrol("c6", CHALLENGE, csr_options={"challenge_tag": tag}).success()


# -- C7, C8: content ----------------------------------------------------------------------------
@pytest.mark.parametrize("serial", [0xDEADBEEF, 0, (1 << 158) + 1],
                         ids=["deadbeef", "zero", "long"])
def test_get_cert_of_an_unknown_serial(known, serial):
    device = known("lists")
    device.send(device.get_cert(device.issuer.subject, serial)).failure("badCertId")


@pytest.mark.parametrize("serial", [-1, 1 << 400])
def test_get_cert_of_a_serial_that_is_none(known, serial):
    device = known("lists")
    device.send(device.get_cert(device.issuer.subject, serial)).failure("badCertId", "badRequest")


def test_get_cert_of_another_issuer(known):
    device = known("lists")
    device.send(device.get_cert(pki.common_name("nobody"), 1)).failure("badCertId")


def test_get_cert_and_get_crl_are_refused_where_they_are_off(known):
    device = known("hard")
    device.send(device.get_cert(device.issuer.subject, 1)).failure("badRequest")
    device.send(device.get_crl(device.issuer.subject, 1)).failure("badRequest")


@pytest.mark.parametrize("content", [
    b"", b"\0", b"not a request", asn1.sequence(), asn1.octets(b"x"), asn1.sequence(asn1.null()) * 2],
    ids=["empty", "zero", "text", "sequence", "octets", "two"])
@pytest.mark.parametrize("type_", [message.PKCS, message.RENEWAL])
def test_content_that_is_no_pkcs10(known, content, type_):
    device = known()
    device.send(device.request(content, type_)).failure("badRequest")


@pytest.mark.parametrize("type_", [message.POLL, message.GET_CERT, message.GET_CRL])
def test_content_that_is_not_of_its_type(known, type_):
    device = known("lists")
    device.send(device.request(b"nothing", type_)).failure("badRequest", "badCertId")


def test_a_request_not_signed_by_its_own_key(known):
    device = known()
    csr = pki.csr(device.key, pki.common_name("c8"), challenge=CHALLENGE, signature=b"\1" * 256)
    device.send(device.pkcs_req("c8", csr=csr)).failure("badRequest")
    other = pki.spki(pki.rsa_key())
    csr = pki.csr(device.key, pki.common_name("c8"), challenge=CHALLENGE, spki_der=other)
    device.send(device.pkcs_req("c8", csr=csr)).failure("badRequest")


def test_a_self_signed_signer_of_another_key_than_the_request(known):
    device = known()
    csr = pki.csr(pki.rsa_key(), pki.common_name("c8"), challenge=CHALLENGE)
    device.send(device.pkcs_req("c8", csr=csr)).failure("badRequest")


def test_a_self_signed_signer_may_have_another_subject(known):
    device = known()
    device.send(device.request(pki.csr(device.key, pki.common_name("c8"), challenge=CHALLENGE),
                               subject=pki.name(("O", "SCEP"), ("CN", "anything")))).success()


# -- C9: a renewal without what it needs ----------------------------------------------------------
def test_a_renewal_without_a_challenge_is_refused_unless_the_profile_says_so(known):
    device = known()
    assert "Renewal" in device.caps
    device.enrol("c9", CHALLENGE).success()
    device.send(device.renewal("c9", new_key=pki.rsa_key())).failure("badRequest")
    device.send(device.renewal("c9", new_key=pki.rsa_key(), challenge=CHALLENGE)).success()


# -- C11: whom it is for --------------------------------------------------------------------------
@pytest.mark.parametrize("subject", [
    pki.name(("CN", "admin"), ("O", "Spoofed Corp")), pki.name(("CN", "admin1")),
    pki.name(("O", "Spoofed Corp"), ("CN", "x")), pki.name(("CN", " ADMIN")),
    pki.name(("CN", "x"), ("CN", "admin")), pki.name(("UID", "x"))],
    ids=["both", "cn", "o", "blank", "two", "type"])
def test_names_that_the_policy_does_not_allow(known, subject):
    device = known()
    device.send(device.pkcs_req("", subject=subject, challenge=CHALLENGE)).failure("badRequest")


# -- C12: the same again ----------------------------------------------------------------------------
def test_a_replay_gives_the_same_certificate(known):
    device = known()
    request = device.pkcs_req("c12", challenge=CHALLENGE)
    octets = request.build()
    first = device.send(request, octets).success()
    for _ in range(3):
        again = device.send(request, octets).success()
        assert again.certificate.der == first.certificate.der
        assert again.nonce != first.nonce


def test_the_same_request_under_a_new_nonce_gives_the_same_certificate(known):
    device = known()
    request = device.pkcs_req("c12", challenge=CHALLENGE)
    first = device.send(request).success()
    again = device.send(request.change(digest="sha512", cipher="aes256")).success()
    assert again.certificate.der == first.certificate.der


def test_another_request_under_the_same_transaction_does_not_touch_the_first(known):
    """Clients that make the id from their key use it for all that they ever ask with that key."""
    device = known()
    request = device.pkcs_req("c12", challenge="wrong")
    device.send(request).failure("badRequest")
    right = request.change(content=pki.csr(
        device.key, pki.common_name("c12"), challenge=CHALLENGE))
    first = device.send(right).success().certificate
    other = request.change(content=pki.csr(
        device.key, pki.common_name("c12-other"), challenge=CHALLENGE))
    second = device.send(other).success().certificate
    assert second.serial != first.serial
    assert device.send(right.change()).success().certificate.der == first.der
    device.send(request.change()).failure("badRequest")


def test_a_replay_of_a_refused_request_is_refused_again(known):
    device = known()
    request = device.pkcs_req("c12", challenge="wrong")
    octets = request.build()
    for _ in range(2):
        device.send(request, octets).failure("badRequest")


# -- one-time challenges ------------------------------------------------------------------------------
def test_a_one_time_challenge_is_good_once(front, known):
    device = known("once")
    challenge = front.new_challenge("once")
    request = device.pkcs_req("once", challenge=challenge)
    first = device.send(request).success()
    assert device.send(request.change()).success().certificate.der == first.certificate.der
    device.send(device.pkcs_req("once", challenge=challenge)).failure("badRequest")
    device.send(device.pkcs_req("twice", challenge=challenge)).failure("badRequest")


def test_a_one_time_challenge_is_for_its_profile_and_subject(front, known):
    device = known("once")
    challenge = front.new_challenge("once", "--subject", "CN=right")
    device.send(device.pkcs_req("wrong", challenge=challenge)).failure("badRequest")
    wifi = known("wifi")
    wifi.send(wifi.pkcs_req("right", challenge=challenge)).failure("badRequest")
    device.send(device.pkcs_req("right", challenge=challenge)).success()


# -- message types --------------------------------------------------------------------------------
@pytest.mark.parametrize("type_", [message.CERT_REP, 0, 1, 16, 23, 99])
def test_types_that_are_not_for_servers(known, type_):
    device = known()
    device.send(device.pkcs_req("type", challenge=CHALLENGE, type=type_)).failure("badRequest")


@pytest.mark.parametrize("type_", ["x", "", "19 ", "-3", "9" * 40])
def test_types_that_are_no_number(known, type_):
    device = known()
    assert device.exchange(device.pkcs_req("type", challenge=CHALLENGE, type=type_).build()) \
        .status in (200, 400)
