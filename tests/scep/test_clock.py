# SPDX-License-Identifier: Apache-2.0
"""What happens when a year goes by: authorities get new keys, certificates and challenges end."""

import datetime
import re
import time

import pytest
from front import CHALLENGE, PROFILES
from host import BUILD
from wire import asn1, message, pki

DAY = datetime.timedelta(days=1)
LIBRARY = (BUILD / "tests/integration/libshift_clock.so").resolve()
pytestmark = pytest.mark.skipif(not LIBRARY.exists(), reason="a sanitizer does not let libraries in")


class Moved:
    """A node whose clock is moved while it is stopped; the device's clock goes with it."""

    def __init__(self, node):
        self.node, self.path = node, node.directory / "shift"
        node.environment.update(LD_PRELOAD=str(LIBRARY), SHIFT_CLOCK_FILE=str(self.path))
        self.offset = datetime.timedelta()
        self._write()

    def _write(self):
        self.path.write_text(f"{int(self.offset.total_seconds())}\n")
        asn1.clock_offset = self.offset

    def move(self, step):
        assert self.node.stop() == 0
        self.offset += step
        self._write()
        self.node.start()


@pytest.fixture
def moved(nodes):
    late = {"challenge": "static", "challenge_file": "credential:challenge",
            "renewal": "certificate", "renewal_window": "10", "renewal_threshold": "10"}
    node = nodes(profiles={**PROFILES, "late": late}, ra_renew_before="30d", ra_overlap="7d")
    made = Moved(node)
    node.start()
    yield made
    asn1.clock_offset = datetime.timedelta()


def bundle_of(node):
    return message.read_bundle(node.server.get("/scep/wifi", "GetCACert"))


def wait_for_new_bundle(node, old, timeout=20):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if [one.der for one in bundle_of(node)] != [one.der for one in old]:
            return True
        time.sleep(0.2)
    return False


def test_the_authority_gets_new_keys_in_time_and_the_old_ones_decrypt_for_a_while(moved):
    node = moved.node
    old = node.device("wifi")
    moved.move(334 * DAY)
    assert [one.der for one in bundle_of(node)] == [one.der for one in old.bundle]
    moved.move(2 * DAY)  # within ra_renew_before
    for _ in range(3):   # all nodes are to learn of it before it is shown
        if wait_for_new_bundle(node, old.bundle, 10):
            break
        moved.move(DAY)
    new = node.device("wifi")
    assert new.bundle[0].der != old.bundle[0].der and new.bundle[1].der != old.bundle[1].der
    assert new.bundle[0].spki != old.bundle[0].spki and new.bundle[1].spki != old.bundle[1].spki
    new.enrol("new", CHALLENGE).success()
    late = node.device_like(old)  # one that asked for the certificates before
    request = late.pkcs_req("late", challenge=CHALLENGE)
    late.bundle = new.bundle + late.bundle  # either may sign the answer
    late.send(request).success()
    moved.move(8 * DAY)
    late.send(late.pkcs_req("too-late", challenge=CHALLENGE)).failure("badMessageCheck")
    node.device("wifi").enrol("still", CHALLENGE).success()


def test_an_expired_certificate_of_ours_renews_nothing(moved):
    device = moved.node.device("late")
    device.enrol("expires", CHALLENGE).success()
    moved.move(28 * DAY)
    device.discover()
    new = pki.rsa_key()
    renewed = device.send(device.renewal("expires", new_key=new)).success()
    assert renewed.certificate.x509.not_valid_after > device.certificate.x509.not_valid_after
    moved.move(3 * DAY)
    for type_ in (message.RENEWAL, message.PKCS):
        device.send(device.renewal("expires", type=type_)).failure("badRequest")


def test_a_one_time_challenge_ends(moved):
    device = moved.node.device("once")
    short = moved.node.new_challenge("once", "--lifetime", "1h")
    other = moved.node.new_challenge("once", "--lifetime", "3d")
    moved.move(DAY)
    device.send(device.pkcs_req("late", challenge=short)).failure("badRequest")
    device.send(device.pkcs_req("in-time", challenge=other)).success()


def test_an_authority_that_cannot_be_renewed_is_named_before_and_after_its_end(moved):
    """K3: somebody has to approve its certificate, and nobody does."""
    node = moved.node
    for name in ("ScepSign", "ScepEncrypt"):
        node.config[f"template {name}"]["approval"] = "yes"
    moved.move(350 * DAY)
    for step, word in ((0, "ends|days"), (20, "ended|expired")):
        moved.move(step * DAY)
        done = node.tool("check", check=False)
        lines = [line for line in done.stdout.splitlines()
                 if line.startswith(("error", "warning")) and "registration authority" in line]
        assert lines and re.search(word, " ".join(lines)), done.stdout
