# SPDX-License-Identifier: Apache-2.0
"""K1-K3, S1: the registration authority's certificates, and what is told of bad ones."""

import subprocess

from certs import query
from front import CHALLENGE
from host import BUILD
from wire import message




def check(node):
    """certferry check: (exit status, text)."""
    done = node.tool("check", check=False)
    return done.returncode, done.stdout + done.stderr


def refused(node):
    """What certferryd --check says of a configuration that it does not take."""
    done = node.program("--check")
    return done.returncode, done.stdout + done.stderr


def test_one_certificate_for_both_uses(nodes):
    node = nodes()
    both = {**node.config["template ScepSign"], "key_usage": "digitalSignature keyEncipherment"}
    node.config["template ScepBoth"] = both
    del node.config["template ScepSign"], node.config["template ScepEncrypt"]
    node.config["ca corp"]["templates"] = "Scep ScepSlow ScepBoth"
    node.config["scep"].update(ra_sign_template="ScepBoth", ra_encryption_template="ScepBoth")
    node.start()
    device = node.device("wifi")
    assert [one.is_ca for one in device.bundle] == [False, True]
    assert device.recipient is device.bundle[0]
    device.enrol("both", CHALLENGE).success()
    status, text = check(node)
    assert status == 0, text


def test_answers_are_signed_by_the_signing_certificate(front):
    device = front.device("wifi")
    for challenge in (CHALLENGE, "wrong"):
        reply = device.enrol("s1", challenge)
        assert reply.signer.der == device.bundle[0].der
        assert reply.signer.usage("digital_signature")
        assert reply.digest == "sha256"


def test_a_sound_node_has_nothing_to_tell(front):
    status, text = check(front)
    assert status == 0, text


def test_an_authority_that_cannot_decrypt_is_named(nodes):
    """K1: the certificate that devices encrypt to lacks keyEncipherment."""
    node = nodes()
    node.config["template ScepEncrypt"]["key_usage"] = "digitalSignature"
    status, text = refused(node)
    if status == 0:
        node.start()
        status, text = check(node)
    assert status != 0
    assert "keyEncipherment" in text


def test_an_authority_that_cannot_sign_is_named(nodes):
    node = nodes()
    node.config["template ScepSign"]["key_usage"] = "keyEncipherment"
    status, text = refused(node)
    if status == 0:
        node.start()
        status, text = check(node)
    assert status != 0
    assert "digitalSignature" in text


def test_an_authority_with_an_ec_key_is_named(nodes):
    """K2: nothing can be encrypted to it."""
    node = nodes(ra_key="p256")
    status, text = refused(node)
    assert status != 0
    assert "rsa" in text.lower()


def test_a_missing_ra_key_is_named(nodes):
    node = nodes()
    (node.credentials / "ra-key").unlink()
    done = subprocess.run([BUILD / "src/scepd/certferry-scepd", "--config", node.config_path],
                          env=node._environment, capture_output=True, text=True, timeout=20) \
        if node.write_config() is None else None
    assert done.returncode != 0
    assert "ra-key" in done.stdout + done.stderr or "ra_key_file" in done.stdout + done.stderr


def test_the_keys_survive_a_restart(nodes):
    node = nodes()
    node.start()
    before = [one.der for one in message.read_bundle(node.server.get("/scep/wifi", "GetCACert"))]
    assert node.stop() == 0
    node.start()
    after = [one.der for one in message.read_bundle(node.server.get("/scep/wifi", "GetCACert"))]
    assert before == after


def files_of(node):
    """(path, octets) of what the services wrote."""
    for path in [node.log_path, node.scepd.log_path, *node.state.glob("certferry.db*")]:
        yield path, path.read_bytes()


def test_no_private_key_of_the_authority_lies_on_the_disk(front):
    """Only sealed ones: neither the store nor a log has what a PEM or PKCS#8 begins with."""
    front.device("wifi").enrol("disk", CHALLENGE).success()
    for path, data in files_of(front):
        assert b"PRIVATE KEY" not in data, path
        # rsaEncryption with NULL, then an OCTET STRING: PrivateKeyInfo of PKCS#8.
        assert bytes.fromhex("2a864886f70d0101010500" "0482") not in data, path


def test_no_challenge_stays_when_a_request_is_done(front):
    """It is within the CSR, which is kept for as long as somebody may have to see it again."""
    wrong = CHALLENGE[::-1]
    front.device("wifi").enrol("secret", CHALLENGE).success()
    front.device("wifi").enrol("secret", wrong).failure("badRequest")
    tables = [name for name, in query(front, "SELECT name FROM sqlite_master WHERE type='table'")]
    assert "item" in tables
    for table in tables:
        for row in query(front, f"SELECT * FROM {table}"):
            for value in row:
                data = value.encode() if isinstance(value, str) else bytes(
                    value) if isinstance(value, bytes) else b""
                assert CHALLENGE.encode() not in data and wrong.encode() not in data, table
    for log in (front.log(), front.scepd.log()):
        assert CHALLENGE not in log and wrong not in log
