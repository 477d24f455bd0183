# SPDX-License-Identifier: Apache-2.0
"""Crashes, hangs, faults, a second tenant; and that nothing was given away in all of it."""

import base64
import os
import pathlib
import signal
import time

import kit


def restarts():
    return int(kit.show("NRestarts"))


def is_up():
    return kit.show("ActiveState") == "active" and kit.show("SubState") == "running"


def test_a_stop_with_work_in_flight_is_clean_and_loses_nothing(site):
    site.tenant.faults.set([{"match": "uploadPkcsResults", "fault": "timeout", "times": 0}])
    contexts = site.tenant.add_requests(per_device=4)
    kit.wait(lambda: any(entry["fault"] for entry in site.tenant.journal.select("upload", 0)) or
             kit.ask("status")["requests"].get("wrapped"), "upload that hangs")
    started = time.monotonic()
    kit.systemctl("stop", kit.UNIT)
    assert time.monotonic() - started < 10
    assert kit.show("Result") == "success" and kit.show("ExecMainStatus") == "0"
    assert not pathlib.Path("/run/certferry/control.sock").exists()

    site.tenant.faults.set([])
    kit.systemctl("start", kit.UNIT)
    site.wait_finished()
    assert all(site.tenant.work(c).result["status"] == "issued" for c in contexts)


def test_kill_9_is_followed_by_a_restart_that_goes_on(site):
    before, pid = restarts(), kit.main_pid()
    contexts = site.tenant.add_requests(per_device=4)
    os.kill(pid, signal.SIGKILL)
    kit.wait(lambda: restarts() == before + 1 and is_up(), "restart")
    site.wait_finished()
    assert all(site.tenant.work(c).result["status"] == "issued" for c in contexts)


def test_a_hung_service_is_restarted_by_the_watchdog(site):
    kit.drop_in("watchdog", "[Service]\nWatchdogSec=1\n")
    kit.systemctl("restart", kit.UNIT)
    time.sleep(2.2)
    assert is_up() and restarts() == 0, "a healthy service was restarted"
    os.kill(kit.main_pid(), signal.SIGSTOP)
    kit.wait(lambda: restarts() >= 1 and is_up(), "restart by the watchdog")
    kit.drop_in("watchdog", "")
    kit.systemctl("restart", kit.UNIT)
    assert any("Watchdog timeout" in e["MESSAGE"] for e in kit.journal(f"UNIT={kit.UNIT}"))
    site.issue()


def test_a_faulty_configuration_is_reported_whole_and_not_tried_again(site):
    since = kit.now()
    site.write_config(site.config.replace("backend = local", "backend = lokal")
                      .replace("validity = 365d", "validity = soon"))
    assert kit.systemctl("restart", kit.UNIT, check=False).returncode != 0
    time.sleep(0.5)
    assert kit.show("ExecMainStatus") == "78"
    assert kit.show("ActiveState") == "failed" and kit.show("NRestarts") == "0"
    text = " ".join(entry["MESSAGE"] for entry in kit.journal(f"_SYSTEMD_UNIT={kit.UNIT}",
                                                              since=since))
    assert "lokal" in text and "soon" in text
    site.write_config()
    kit.systemctl("start", kit.UNIT)


def test_a_second_tenant_has_its_own_instance(site):
    unit = "certferryd@branch.service"
    config = site.config.replace(
        "id = host-1", "id = branch\nstate_dir = /var/lib/certferry/branch")
    config += "[control]\nsocket = /run/certferry/branch.sock\n"
    (kit.CONFIG.parent / "branch.conf").write_text(config)
    for name in ("store-key", "client-secret"):
        # Each instance has its own; here they are the same.
        os.link(f"/etc/credstore.encrypted/certferry.{name}",
                f"/etc/credstore.encrypted/certferry.branch.{name}")
    folder = pathlib.Path(f"/etc/systemd/system/{unit}.d")
    folder.mkdir()
    (folder / "ca.conf").write_text(f"[Service]\nLoadCredential=ca-corp-key:{site.ca_key}\n")
    kit.systemctl("daemon-reload")

    kit.systemctl("start", unit)
    assert kit.ask("--config=/etc/certferry/branch.conf", "status")["connectorId"] == "branch"
    assert (kit.STATE / "branch/certferry.db").exists()
    kit.systemctl("stop", unit)
    assert kit.show("Result", unit) == "success"
    assert kit.ask("status")["connectorId"] == "host-1", "the other instance took the socket away"


def test_an_enrolled_identity_takes_the_place_of_the_secret(site):
    site.write_config(site.config.replace("auth = secret", "auth = certificate"))
    printed = site.folder / "connector.pem"
    kit.tool("enroll", "--output", printed)
    path = kit.STATE / "assertion.pem"
    assert path.stat().st_mode & 0o077 == 0 and path.owner() == "certferry"
    site.tenant.register_certificate(printed.read_text())
    kit.systemctl("restart", kit.UNIT)
    site.issue()
    last = site.tenant.journal.select("/oauth2/", 0)[-1]
    assert "client_assertion" in str(last) and last["status"] == 200


def test_no_secret_is_in_the_journal_or_the_state_directory(site):
    kit.run("journalctl", "--sync")
    ca_key = "".join(site.ca_key.read_text().splitlines()[1:-1])
    hidden = {
        "client secret": site.client_secret.encode(),
        "store key": site.store_key,
        "store key, hex": site.store_key.hex().encode(),
        "store key, base64": base64.b64encode(site.store_key)[:40],
        "CA key": ca_key[40:80].encode(),
        "CA key, DER": base64.b64decode(ca_key)[40:70],
    }
    places = {"journal": kit.run("journalctl", "--all", "-o", "export").stdout.encode()}
    for path in kit.STATE.rglob("*"):
        if path.is_file():
            places[str(path)] = path.read_bytes()
    assert len(places) > 3
    for place, content in places.items():
        for name, secret in hidden.items():
            assert secret not in content, f"{name} in {place}"
    assert b"PRIVATE KEY" not in places["journal"]


def test_the_connector_kept_to_the_protocol_and_met_no_error_of_its_own(site):
    assert site.tenant.violations == [] and site.tenant.lab_errors == []
    assert kit.journal(f"MESSAGE_ID={kit.event_id('INTERNAL_ERROR')}") == []
    assert all(entry["MESSAGE"] for entry in kit.journal(f"_SYSTEMD_UNIT={kit.UNIT}"))
