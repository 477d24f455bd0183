# SPDX-License-Identifier: Apache-2.0
"""From the installed files to a service that issues certificates."""

import grp
import os
import pathlib
import pwd
import stat

import pytest

import kit
from conftest import CREDENTIALS, FILES


def mode_of(path):
    return stat.S_IMODE(pathlib.Path(path).stat().st_mode)


def owner_of(path):
    found = pathlib.Path(path).stat()
    return pwd.getpwuid(found.st_uid).pw_name, grp.getgrgid(found.st_gid).gr_name


def process_status():
    text = pathlib.Path(f"/proc/{kit.main_pid()}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_the_installed_files_make_user_directories_and_catalog():
    with pytest.raises(KeyError):
        pwd.getpwnam("certferry")
    kit.run("systemd-sysusers")
    kit.run("systemd-tmpfiles", "--create")
    kit.run("journalctl", "--update-catalog")
    kit.systemctl("daemon-reload")

    user = pwd.getpwnam("certferry")
    assert user.pw_uid < 1000 and user.pw_shell == "/usr/sbin/nologin"
    assert mode_of("/run/certferry") == 0o750 and mode_of(kit.STATE) == 0o700
    assert owner_of("/run/certferry") == owner_of(kit.STATE) == ("certferry", "certferry")
    assert owner_of(CREDENTIALS) == ("root", "root") and mode_of(CREDENTIALS) == 0o700


def test_the_installed_configuration_is_the_sample():
    assert kit.CONFIG.read_bytes() == (kit.SOURCE / "conf/certferry.conf").read_bytes()


def test_a_missing_credential_is_named_and_not_tried_again(site):
    for name, source in (("cloud-ca", "tls-ca"), ("device-ca", "device-ca")):
        (FILES / f"{name}.pem").write_bytes(
            (site.tenant.directory / f"{source}.pem").read_bytes())
    site.make_ca()
    site.write_config()
    kit.drop_in("quick", "[Service]\nRestartSec=100ms\n")

    assert kit.systemctl("start", kit.UNIT, check=False).returncode != 0
    assert kit.show("ExecMainStatus") == "78"
    assert kit.show("ActiveState") == "failed" and kit.show("NRestarts") == "0"
    said = kit.journal("-p", "err", f"MESSAGE_ID={kit.event_id('CONFIG_REJECTED')}")
    assert any("store-key" in entry["MESSAGE"] for entry in said), kit.tail()


def test_the_start_waits_until_the_service_is_ready(site):
    site.encrypt("store-key", site.store_key)
    site.encrypt("client-secret", (site.client_secret + "\n").encode())
    kit.drop_in("ca", f"[Service]\nLoadCredential=ca-corp-key:{site.ca_key}\n")

    kit.systemctl("start", kit.UNIT)
    assert kit.show("ActiveState") == "active" and kit.show("SubState") == "running"
    # At once, for the control socket is there before READY=1.
    assert kit.ask("status")["pid"] == kit.main_pid()
    assert kit.journal(f"MESSAGE_ID={kit.event_id('DAEMON_STARTED')}")


def test_the_status_line_tells_how_it_fares():
    kit.wait(lambda: kit.show("StatusText").startswith("cloud connected;"), "status line", 12)


def test_it_runs_as_its_own_user_without_any_privilege():
    status, user = process_status(), pwd.getpwnam("certferry")
    assert status["Uid"].split() == [str(user.pw_uid)] * 4
    assert status["Gid"].split() == [str(user.pw_gid)] * 4
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"


def test_its_memory_is_closed_and_leaves_no_core():
    pid = kit.main_pid()
    # A process that may not be dumped belongs to root in /proc.
    assert owner_of(f"/proc/{pid}/maps")[0] == "root"
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    assert int(process_status()["VmLck"].split()[0]) > 0


def test_keys_are_made_ahead_at_idle_priority():
    threads = os.listdir(f"/proc/{kit.main_pid()}/task")
    assert os.SCHED_IDLE in {os.sched_getscheduler(int(thread)) for thread in threads}


def test_credentials_come_decrypted_and_only_to_the_service(site):
    folder = pathlib.Path(f"/run/credentials/{kit.UNIT}")
    assert (folder / "store-key").read_bytes() == site.store_key
    assert (folder / "client-secret").read_text().strip() == site.client_secret
    assert (folder / "ca-corp-key").read_bytes() == site.ca_key.read_bytes()
    assert kit.run("setpriv", "--reuid=nobody", "--clear-groups", "ls", folder,
                   check=False).returncode != 0
    on_disk = (CREDENTIALS / "certferry.client-secret").read_bytes()
    assert site.client_secret.encode() not in on_disk


def test_a_device_gets_a_certificate_and_can_use_it(site):
    signer = kit.ask("recipient-info")["pem"]
    for context in site.issue():
        assert site.tenant.work(context).result["status"] == "issued"
        opened = site.tenant.open(context, signer, site.ca_pem.read_text(), handshake=True)
        assert opened
    assert kit.show("NRestarts") == "0"


def test_the_journal_has_the_request_in_its_own_fields(site):
    work = site.tenant.connector.work[0]
    entries = kit.journal(f"CERTFERRY_REQUEST={work.context}",
                          f"MESSAGE_ID={kit.event_id('CERTIFICATE_ISSUED')}")
    assert len(entries) == 1
    entry = entries[0]
    assert entry["CERTFERRY_SERIAL"] == work.result["certificateSerialNumber"]
    assert entry["CERTFERRY_DEVICE"] == work.request["device"]["id"]
    assert entry["CERTFERRY_CA"] == "corp" and entry["CERTFERRY_BACKEND"] == "local"
    assert entry["_SYSTEMD_UNIT"] == kit.UNIT and entry["_TRANSPORT"] == "journal"
    assert entry["PRIORITY"] == "5"
    assert kit.journal(f"CERTFERRY_REQUEST={work.context}",
                       f"MESSAGE_ID={kit.event_id('RESULT_DELIVERED')}")


def test_the_catalog_explains_the_entry_with_its_values(site):
    work = site.tenant.connector.work[0]
    text = kit.run("journalctl", "-x", f"CERTFERRY_REQUEST={work.context}",
                   f"MESSAGE_ID={kit.event_id('CERTIFICATE_ISSUED')}").stdout
    assert "Subject: A certificate was issued" in text
    assert work.result["certificateSerialNumber"] in text.split("Subject:")[1]
    assert "Nothing is to be done." in text
