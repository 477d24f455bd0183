# SPDX-License-Identifier: Apache-2.0
"""Devices as Intune manages them: each platform from the first call to the renewal."""

import random

import platforms
import pytest
from front import CHALLENGE
from wire import http, pki

PATHS = {"android": "/scep/wifi", "iOS": "/scep/wifi", "macOS": "/scep/wifi",
         "windows": "/certsrv/mscep/mscep.dll"}


def address(front, platform):
    return f"http://127.0.0.1:{front.port}{PATHS[platform]}"


def connect(front, platform, **options):
    return platforms.connect(platform, [address(front, platform)], random.Random(1), **options)


@pytest.mark.parametrize("platform", sorted(PATHS))
def test_a_device_enrols_and_renews_by_a_new_key(front, platform):
    device = connect(front, platform)
    extensions = [pki.key_usage(0, 2), pki.extended_key_usage("clientAuth")]
    serials = set()
    for _ in range(3):  # renewal is a new key and a new challenge
        device.key = pki.rsa_key()
        device.enrol(f"{platform}-1", challenge=CHALLENGE, extensions=extensions).success()
        serials.add(device.certificate.serial)
    assert len(serials) == 3


def test_an_ios_device_has_one_certificate_for_each_linked_profile(front):
    """Wi-Fi, VPN and mail profiles that name one SCEP profile enrol each for itself."""
    found = []
    for _ in range(3):
        device = connect(front, "iOS", key=pki.rsa_key())
        found.append(device.enrol("one-ipad", challenge=CHALLENGE).success().certificate)
    assert len({one.serial for one in found}) == len({one.spki for one in found}) == 3
    assert len({one.subject for one in found}) == 1


def test_windows_tries_a_whole_cycle_three_times(front):
    """With the same challenge and key, each time under another transaction."""
    device = connect(front, "windows")
    for _ in range(device.behaviour.tries):
        device.discover().enrol("windows-3", challenge=CHALLENGE).success()


def test_android_repeats_its_transaction(front):
    """The id is that of the key: the same key asks for the same certificate."""
    device = connect(front, "android")
    request = device.pkcs_req("android-2", challenge=CHALLENGE)
    first = device.send(request).success().certificate
    assert device.send(request.change()).success().certificate.der == first.der


def test_macos_renews_by_a_request_that_its_certificate_signs(front):
    device = platforms.connect("macOS", [f"http://127.0.0.1:{front.port}/scep/renew"],
                               random.Random(1))
    device.enrol("mac", challenge=CHALLENGE).success()
    assert "Renewal" in device.caps
    new = pki.rsa_key()
    device.keep(device.send(device.renewal("mac", new_key=new, type=19)).success(), new)


def test_a_dead_address_is_passed_over_or_given_up(front):
    dead = f"http://127.0.0.1:{http.free_port()}/scep/wifi"
    for platform in ("android", "windows"):
        for seed in range(4):
            device = platforms.connect(
                platform, [dead, address(front, platform)], random.Random(seed))
            device.enrol(f"{platform}-{seed}", challenge=CHALLENGE).success()
    with pytest.raises(platforms.Unreachable):
        platforms.connect("iOS", [dead], random.Random(1))


def test_the_front_door_waits_for_the_daemon_and_says_so(nodes):
    """Without certferryd a device is told to come again; nothing of it is lost."""
    node = nodes()
    node.start()
    device = node.device("wifi")
    request = device.pkcs_req("later", challenge=CHALLENGE)
    node.kill_daemon()
    answer = device.exchange(request.build())
    assert answer.status == 503
    assert int(answer.header("Retry-After")) >= 1
    assert node.server.get("/scep/wifi", "GetCACert").status == 200
    node.start_daemon()
    device.send(request).success()
