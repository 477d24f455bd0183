# SPDX-License-Identifier: Apache-2.0
"""The running service in the hands of its administrators."""

import grp
import pathlib
import stat

import pytest

import kit

SOCKET = pathlib.Path("/run/certferry/control.sock")


@pytest.fixture(scope="module")
def people():
    """A user in the service's group, and one who is not."""
    kit.run("useradd", "--no-create-home", "--user-group", "--groups", "certferry", "helpdesk")
    kit.run("useradd", "--no-create-home", "--user-group", "stranger")


def revoked(site):
    crl = kit.STATE / "corp.crl"
    kit.run("openssl", "crl", "-inform", "DER", "-in", crl, "-CAfile", site.ca_pem, "-noout",
            "-verify")
    return kit.run("openssl", "crl", "-inform", "DER", "-in", crl, "-noout", "-text").stdout


def test_the_socket_is_open_to_root_and_the_group_alone(people):
    found = SOCKET.stat()
    assert stat.S_IMODE(found.st_mode) == 0o660
    assert grp.getgrgid(found.st_gid).gr_name == "certferry"
    assert "host-1" in kit.tool("status", user="helpdesk").stdout
    refused = kit.tool("status", user="stranger", check=False)
    assert refused.returncode == 3 and "only root and the group" in refused.stderr


def test_what_an_operator_does_is_in_the_journal_under_his_name(site, people):
    serial = site.tenant.connector.work[0].result["certificateSerialNumber"]
    assert serial in kit.tool("revoke", serial, "--reason", "superseded", user="helpdesk").stdout
    entry = kit.journal(f"MESSAGE_ID={kit.event_id('CERTIFICATE_REVOKED')}",
                        f"CERTFERRY_SERIAL={serial}")[0]
    assert entry["MESSAGE"].startswith("helpdesk: revoke")
    text = revoked(site)
    assert serial in text and "Superseded" in text


def test_status_requests_and_explain_tell_the_same(site):
    context = site.issue()[0]
    status = kit.ask("status")
    assert status["connectorId"] == "host-1" and status["cloudConnected"] is True
    assert [ca["name"] for ca in status["cas"] if ca["healthy"]] == ["corp"]
    kit.wait(lambda: kit.ask("explain", context)["final"], "end of the request")
    told = kit.ask("explain", context)
    assert told["state"] == "delivered" and told["history"][0]["from"] == "received"
    listed = kit.ask("requests", "--state", "delivered")["requests"]
    assert context in [item["requestContext"] for item in listed]
    assert context in kit.tool("requests").stdout
    assert told["subject"] in kit.tool("explain", context).stdout
    assert kit.tool("explain", "no-such-request", check=False).returncode == 2


def test_the_ca_certificate_is_handed_out(site):
    printed = kit.tool("ca-cert", "corp").stdout
    wanted = kit.run("openssl", "x509", "-in", site.ca_pem, "-outform", "PEM").stdout
    assert printed.strip() == wanted.strip()


def test_a_check_finds_all_in_order(site):
    findings = kit.ask("check")["findings"]
    assert [f for f in findings if f["severity"] == "error"] == []
    assert {"cloud", "store"} <= {f["subject"].split()[0] for f in findings}
    assert kit.tool("check").returncode == 0


def test_a_retired_device_loses_its_certificates(site):
    device = next(iter(site.tenant.fleet.devices))
    assert site.tenant.retire([device])
    kit.wait(lambda: not site.tenant.unrevoked(), "revocations", 20)
    text = revoked(site)
    for work in site.tenant.connector.work:
        serial = work.result["certificateSerialNumber"]
        assert serial in text
        assert serial in kit.journal(f"MESSAGE_ID={kit.event_id('CERTIFICATE_REVOKED')}",
                                     f"CERTFERRY_SERIAL={serial}")[0]["MESSAGE"]


def test_a_good_configuration_is_taken_over_without_a_restart(site):
    pid, since = kit.main_pid(), kit.now()
    site.write_config(site.config.replace("id = host-1", "id = host-2"))
    kit.systemctl("reload", kit.UNIT)
    kit.wait(lambda: kit.journal(f"MESSAGE_ID={kit.event_id('CONFIG_RELOADED')}", since=since),
             "reload")
    kit.wait(lambda: kit.ask("status")["connectorId"] == "host-2", "new configuration")
    assert kit.main_pid() == pid
    site.issue()


def test_a_bad_configuration_is_refused_and_the_old_one_stays(site):
    pid, since = kit.main_pid(), kit.now()
    site.write_config(site.config.replace("poll_wait = 2s", "pol_wait = 2s"))
    kit.systemctl("reload", kit.UNIT)
    said = kit.wait(
        lambda: kit.journal(f"MESSAGE_ID={kit.event_id('CONFIG_REJECTED')}", since=since),
        "refusal")
    line = site.config.splitlines().index("poll_wait = 2s") + 1
    text = " ".join(entry["MESSAGE"] for entry in said)
    assert f"{kit.CONFIG}:{line}:" in text and "poll_wait" in text
    kit.wait(lambda: kit.show("ActiveState") == "active", "end of the reload")
    assert kit.ask("--socket", SOCKET, "status")["connectorId"] == "host-2"
    assert kit.main_pid() == pid
    site.issue()
    site.write_config()
    kit.systemctl("reload", kit.UNIT)
    kit.wait(lambda: kit.ask("status")["connectorId"] == "host-1", "reload")
