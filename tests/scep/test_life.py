# SPDX-License-Identifier: Apache-2.0
"""From the first certificate through waiting and renewing to the list of revoked ones."""

import datetime
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from front import CHALLENGE, PROFILES
from wire import asn1, http, message, pki

DAY = datetime.timedelta(days=1)
LATER = {"challenge": "static", "challenge_file": "credential:challenge", "renewal": "certificate",
         "renewal_window": "10", "renewal_threshold": "10"}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A node with a profile whose certificates a person approves, and one with a renewal window."""
    from front import Node
    slow = {**PROFILES["wifi"], "default": "no", "template": "ScepSlow"}
    with Node(tmp_path_factory.mktemp("life") / "node",
              profiles={**PROFILES, "slow": slow, "late": LATER}) as node:
        node.start()
        yield node
        assert node.stop() == 0
        node.check_logs()


@pytest.fixture
def renewing(own):
    device = own.device("renew")
    device.enrol("renewed", CHALLENGE).success()
    return device


# -- L4: waiting ------------------------------------------------------------------------------------
def waiting(node):
    return node.ask("requests", "--state", "submitted")["requests"]


def decide(node, verb):
    deadline = time.monotonic() + 20
    while not waiting(node):
        assert time.monotonic() < deadline, node.log_tail()
        time.sleep(0.05)
    for one in waiting(node):
        node.tool(verb, one["requestContext"])


def poll_until(device, request, timeout=30):
    deadline = time.monotonic() + timeout
    while True:
        reply = device.send(device.poll_of(request))
        if reply.status != "PENDING" or time.monotonic() > deadline:
            return reply
        time.sleep(0.1)


def test_what_a_person_has_to_approve_is_pending_until_then(own):
    device = own.device("slow")
    request = device.pkcs_req("slow", challenge=CHALLENGE)
    device.send(request).pending()
    device.send(device.poll_of(request)).pending()
    device.send(request.change()).pending()  # the same again is a poll
    decide(own, "approve")
    reply = poll_until(device, request).success()
    assert reply.certificate.spki == pki.spki(device.key)
    assert device.send(request.change()).success().certificate.der == reply.certificate.der


def test_what_a_person_denies_has_failed(own):
    device = own.device("slow")
    request = device.pkcs_req("denied", challenge=CHALLENGE)
    device.send(request).pending()
    decide(own, "deny")
    poll_until(device, request).failure("badRequest")
    device.send(request.change()).failure("badRequest")


def test_pending_is_answered_in_the_digest_of_the_request(own):
    device = own.device("slow")
    request = device.pkcs_req("sha512", challenge=CHALLENGE, digest="sha512")
    device.send(request).pending()
    decide(own, "deny")


def test_a_poll_of_nothing(own):
    device = own.device("wifi")
    request = device.pkcs_req("nothing", challenge=CHALLENGE)
    device.send(device.poll_of(request)).failure("badCertId")


def test_a_poll_by_another_key_learns_nothing(own):
    device = own.device("slow")
    request = device.pkcs_req("mine", challenge=CHALLENGE)
    device.send(request).pending()
    thief = own.device_like(device, key=pki.rsa_key())
    theirs = thief.pkcs_req("mine", challenge=CHALLENGE, transaction=request.transaction)
    thief.send(thief.poll_of(theirs)).failure("badCertId")
    decide(own, "approve")
    thief.send(thief.poll_of(theirs)).failure("badCertId")
    poll_until(device, request).success()


# -- L5, R1-R5: renewing ------------------------------------------------------------------------------
def test_a_renewal_for_a_new_key(renewing):
    new = pki.rsa_key()
    first = renewing.certificate
    renewing.keep(renewing.send(renewing.renewal("renewed", new_key=new)), new)
    assert renewing.certificate.spki == pki.spki(new)
    assert renewing.certificate.serial != first.serial


def test_a_renewal_for_the_same_key(renewing):
    first = renewing.certificate
    renewing.keep(renewing.send(renewing.renewal("renewed")).success())
    assert renewing.certificate.serial != first.serial


def test_a_renewal_by_pkcs_req_that_the_old_certificate_signs(renewing):
    new = pki.rsa_key()
    renewing.send(renewing.renewal("renewed", new_key=new, type=message.PKCS)).success()


def test_a_renewal_for_a_key_to_which_nothing_can_be_encrypted(renewing):
    """E2: the RSA certificate signs for an EC key; that one can ask for nothing afterwards."""
    ec = pki.ec_key()
    reply = renewing.send(renewing.renewal("renewed", new_key=ec)).success()
    assert reply.certificate.spki == pki.spki(ec)
    renewing.key, renewing.certificate = ec, reply.certificate
    for type_ in (message.RENEWAL, message.PKCS):
        renewing.send(renewing.renewal("renewed", new_key=pki.rsa_key(), type=type_)).failure(
            "badRequest", "badAlg")


def test_a_pkcs_req_of_the_same_name_with_a_challenge(renewing):
    renewing.key = pki.rsa_key()
    renewing.enrol("renewed", CHALLENGE).success()


@pytest.mark.parametrize("new_key", [False, True])
def test_renewals_go_on(renewing, new_key):
    for _ in range(3):
        key = pki.rsa_key() if new_key else renewing.key
        renewing.keep(renewing.send(renewing.renewal("renewed", new_key=key)).success(), key)


def forged(node, device, **options):
    """A certificate by the CA's own key, as the CA would have made it at another time."""
    ca_key = load_pem_private_key((node.credentials / "ca-corp-key").read_bytes(), None)
    issuer = device.issuer
    return pki.certificate(
        device.key, options.pop("subject", pki.common_name("renewed")), issuer=issuer.subject,
        issuer_key=options.pop("issuer_key", ca_key),
        extensions=[pki.basic_constraints(False), pki.key_usage(0, 2),
                    pki.extended_key_usage("clientAuth")], **options)


def test_an_expired_certificate_renews_nothing(own, renewing):
    now = asn1.now()
    old = forged(own, renewing, start=now - 40 * DAY, end=now - DAY)
    renewing.certificate = pki.Certificate.read(old)
    for type_ in (message.RENEWAL, message.PKCS):
        renewing.send(renewing.renewal("renewed", type=type_)).failure("badRequest")


def test_a_certificate_that_is_not_valid_yet_renews_nothing(own, renewing):
    now = asn1.now()
    early = forged(own, renewing, start=now + DAY, end=now + 30 * DAY)
    renewing.certificate = pki.Certificate.read(early)
    renewing.send(renewing.renewal("renewed")).failure("badRequest")


def test_a_certificate_by_another_ca_of_the_same_name_renews_nothing(own, renewing):
    other = forged(own, renewing, issuer_key=pki.rsa_key())
    renewing.certificate = pki.Certificate.read(other)
    renewing.send(renewing.renewal("renewed")).failure("badRequest", "badMessageCheck")


def test_a_self_signed_certificate_renews_nothing(renewing):
    renewing.certificate = pki.Certificate.read(
        pki.certificate(renewing.key, pki.common_name("renewed")))
    renewing.send(renewing.renewal("renewed")).failure("badRequest")


def test_a_revoked_certificate_renews_nothing(own, renewing):
    serial = f"{renewing.certificate.serial_number:X}"
    own.tool("revoke", serial if len(serial) % 2 == 0 else "0" + serial)
    renewing.send(renewing.renewal("renewed")).failure("badRequest")
    renewing.send(renewing.renewal("renewed", type=message.PKCS)).failure("badRequest")


def test_a_registration_authority_is_no_device(own, renewing):
    """Its certificate is of the same CA; whoever had the key could otherwise renew anything."""
    ra = renewing.bundle[0]
    request = renewing.request(
        pki.csr(renewing.key, pki.common_name("renewed")), message.RENEWAL, signer=ra.der)
    renewing.send(request).failure("badMessageCheck", "badRequest")


@pytest.mark.parametrize("type_", [message.RENEWAL, message.PKCS])
def test_a_renewal_is_for_the_same_name(renewing, type_):
    renewing.send(renewing.renewal("somebody-else", type=type_)).failure("badRequest")


def test_a_renewal_does_not_gain_other_names(own):
    device = own.device("renew")
    device.enrol("named", CHALLENGE, extensions=[pki.san(dns=["a.corp.example"])]).success()
    more = [pki.san(dns=["a.corp.example", "b.corp.example"])]
    device.send(device.renewal("named", extensions=more)).failure("badRequest")
    same = [pki.san(dns=["a.corp.example"])]
    device.send(device.renewal("named", extensions=same)).success()


def test_a_certificate_of_one_profile_renews_none_of_another(own, renewing):
    other = own.device("late")
    other.key, other.certificate = renewing.key, renewing.certificate
    other.send(other.renewal("renewed")).failure("badRequest")


def test_a_renewal_before_its_time(own):
    device = own.device("late")
    device.enrol("early", CHALLENGE).success()
    device.send(device.renewal("early", new_key=pki.rsa_key())).failure("badRequest")


def test_an_update_request_is_a_renewal_or_refused(renewing):
    reply = renewing.send(renewing.renewal("renewed", type=message.UPDATE))
    assert reply.status == "SUCCESS" or reply.failure("badRequest")


# -- C7, L6: looking things up ------------------------------------------------------------------------
def test_get_cert_gives_what_was_issued(own):
    device = own.device("lists")
    device.enrol("kept", CHALLENGE).success()
    serial = device.certificate.serial_number
    reply = device.send(device.get_cert(device.issuer.subject, serial)).success()
    assert [one.der for one in reply.certificates[:1]] == [device.certificate.der]


def test_get_crl_gives_the_list(own):
    device = own.device("lists")
    device.enrol("listed", CHALLENGE).success()
    serial = device.certificate.serial_number
    text = f"{serial:X}"
    own.tool("revoke", text if len(text) % 2 == 0 else "0" + text)
    deadline = time.monotonic() + 20
    while True:
        reply = device.send(device.get_crl(device.issuer.subject, serial)).success()
        assert reply.certificates == [] and len(reply.crls) == 1
        crl = x509.load_der_x509_crl(reply.crls[0])
        if crl.get_revoked_certificate_by_serial_number(serial) is not None:
            break
        assert time.monotonic() < deadline, "not in the list"
        time.sleep(0.2)
    assert crl.is_signature_valid(device.issuer.public_key)


# -- P3: the CA's next certificate ----------------------------------------------------------------------
def test_the_coming_certificate_is_signed_by_the_authority_of_today(nodes):
    coming = pki.rsa_key()
    node = nodes(profiles={"wifi": {**PROFILES["wifi"], "next_ca_file": "next-ca.pem"}})
    certificate = pki.Certificate.read(pki.certificate(
        coming, pki.name(("O", "Corp"), ("CN", "Corp Issuing CA 2")),
        end=asn1.now() + 3650 * DAY,
        extensions=[pki.basic_constraints(True), pki.key_usage(5, 6)]))
    path = node.directory / "next-ca.pem"
    path.write_bytes(certificate.pem)
    node.config["scep-profile wifi"]["next_ca_file"] = path
    node.start()
    device = node.device("wifi")
    assert "GetNextCACert" in device.caps
    answer = node.server.get("/scep/wifi", "GetNextCACert")
    assert (answer.status, answer.content_type) == (200, "application/x-x509-next-ca-cert")
    from wire import cms
    signed = cms.open_signed(answer.body)
    assert signed.signer.der in [one.der for one in device.bundle]
    inner = cms.open_signed(signed.content)
    assert [one.der for one in inner.certificates] == [certificate.der]
    assert http.Server(node.port).get("/scep/wifi", "GetCACert").body
