# SPDX-License-Identifier: Apache-2.0
"""The SCEP front door as its unit runs it, on a socket that the service manager opened."""

import os
import pathlib
import pwd
import secrets
import stat
import sys

import pytest

import kit

sys.path.insert(0, str(kit.SOURCE / "tests/scep"))

from wire import http  # noqa: E402
from wire.device import Device  # noqa: E402

UNIT = "certferry-scepd.service"
SOCKET = "certferry-scepd.socket"
CHALLENGE = "in-the-container"
SECTIONS = """\
[scep]
listen = 127.0.0.1:8880
ra_key_file = credential:scep-ra-key
ra_sign_template = CertferryRa
ra_encryption_template = CertferryRa
[scep-profile wifi]
default = yes
ca = corp
template = CertferryScep
certificate_type = device
challenge = static
challenge_file = credential:scep-challenge
[template CertferryScep]
key_usage = digitalSignature keyEncipherment
eku = clientAuth
validity = 30d
[template CertferryRa]
key_usage = digitalSignature keyEncipherment
eku = 1.3.6.1.4.1.311.20.2.1
validity = 365d
[policy scep]
ca = corp
templates = CertferryScep
certificate_type = device
subject_allow = CN=*
"""


def main_pid():
    return int(kit.show("MainPID", UNIT))


def tail():
    return kit.run("journalctl", "-u", UNIT, "-u", kit.UNIT, "-n", "60").stdout


@pytest.fixture(scope="module")
def device():
    return Device(http.Server(80), "/certsrv/mscep/mscep.dll")


@pytest.fixture(scope="module", autouse=True)
def configured(site):
    config = site.config.replace("templates = CertferryWiFi CertferryDevice\ncert_file",
                                 "templates = CertferryWiFi CertferryDevice CertferryScep "
                                 "CertferryRa\ncert_file")
    site.write_config(config + SECTIONS)
    site.encrypt("scep-ra-key", secrets.token_bytes(32))
    (site.folder / "scep-challenge").write_text(CHALLENGE + "\n")
    kit.drop_in("scep", f"[Service]\nLoadCredential=scep-challenge:{site.folder}/scep-challenge\n")
    kit.systemctl("restart", kit.UNIT)
    folder = pathlib.Path(f"/etc/systemd/system/{SOCKET}.d")
    folder.mkdir()
    (folder / "http.conf").write_text(
        "[Socket]\nListenStream=\nListenStream=80\nFileDescriptorName=http\n")
    folder = pathlib.Path(f"/etc/systemd/system/{UNIT}.d")
    folder.mkdir()
    (folder / "network.conf").write_text("[Service]\nPrivateNetwork=yes\n")
    kit.systemctl("daemon-reload")
    kit.systemctl("start", SOCKET)


def test_a_device_that_comes_starts_the_service_and_gets_a_certificate(device):
    assert kit.show("ActiveState", UNIT) == "inactive"
    assert device.server.get(device.path, "GetCACaps").status in (200, 503), tail()
    kit.wait(lambda: device.server.get(device.path, "GetCACert").status == 200, "RA certificates")
    reply = device.discover().enrol("phone-1", CHALLENGE)
    assert reply.status == "SUCCESS", tail()
    assert kit.show("ActiveState", UNIT) == "active"
    issued = kit.journal(f"MESSAGE_ID={kit.event_id('SCEP_ISSUED')}")
    assert issued[-1]["_SYSTEMD_UNIT"] == UNIT and issued[-1]["CERTFERRY_PROFILE"] == "wifi"


def test_it_runs_as_a_user_of_its_own_and_sees_nothing_else():
    text = pathlib.Path(f"/proc/{main_pid()}/status").read_text()
    status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(pwd.getpwnam("certferry-scep").pw_uid)] * 4
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    assert pathlib.Path(f"/proc/{main_pid()}/maps").owner() == "root"
    for namespace in ("net", "user", "mnt"):
        assert os.readlink(f"/proc/{main_pid()}/ns/{namespace}") != \
            os.readlink(f"/proc/1/ns/{namespace}")


def test_only_it_may_ask_certferryd():
    folder = pathlib.Path("/run/certferry-scep")
    assert (folder.owner(), folder.group()) == ("certferry", "certferry-scep")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o2750
    found = (folder / "scep.sock").stat()
    assert stat.S_IMODE(found.st_mode) == 0o660
    assert (folder / "scep.sock").group() == "certferry-scep"


def test_it_has_no_credential_but_its_own():
    folder = pathlib.Path(f"/run/credentials/{UNIT}")
    assert {path.name for path in folder.iterdir()} == {"scep-ra-key"}


def test_a_refusal_is_in_the_journal_with_its_fields(device):
    reply = device.enrol("phone-2", "wrong")
    assert reply.fail_info == "badRequest"
    entry = kit.journal(f"MESSAGE_ID={kit.event_id('SCEP_REFUSED')}")[-1]
    assert entry["CERTFERRY_REMOTE"] == "127.0.0.1" and entry["CERTFERRY_TRANSACTION"]
    assert CHALLENGE not in str(kit.journal(f"_SYSTEMD_UNIT={UNIT}"))


def test_a_restart_of_either_service_loses_no_device(device):
    pid = main_pid()
    kit.systemctl("restart", kit.UNIT)
    assert device.enrol("phone-3", CHALLENGE).status == "SUCCESS", tail()
    assert main_pid() == pid
    bundle = device.server.get(device.path, "GetCACert").body
    kit.systemctl("restart", UNIT)
    kit.wait(lambda: device.server.get(device.path, "GetCACert").body == bundle, "same bundle")
    assert device.enrol("phone-4", CHALLENGE).status == "SUCCESS", tail()
    kit.systemctl("reload", UNIT)
    kit.wait(lambda: kit.show("StatusText", UNIT), "status")


def test_it_stops_and_comes_again_with_the_next_device(device):
    kit.systemctl("stop", UNIT)
    assert kit.show("Result", UNIT) == "success" and kit.show("ExecMainStatus", UNIT) == "0"
    kit.wait(lambda: device.server.get(device.path, "GetCACert").status == 200, "start by a device")
    assert kit.journal(f"MESSAGE_ID={kit.event_id('INTERNAL_ERROR')}") == []
