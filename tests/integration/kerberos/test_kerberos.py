# SPDX-License-Identifier: Apache-2.0
"""Security contexts with a keytab, against Samba's KDC: complete ones, and all that goes wrong. Runs
inside the namespaces of tests/lab/dc/run --alone."""
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import ldb
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab/dc"))
import dc as lab_dc  # noqa: E402
import populate  # noqa: E402
from relay import Relay  # noqa: E402

TALK = os.environ["CERTFERRY_GSS_TALK"]
SERVICE = "host@pc1.corp.example"
needs_clock = pytest.mark.skipif("CERTFERRY_SHIFT_CLOCK" not in os.environ,
                                 reason="a sanitizer build cannot preload a library")


def clock(folder):
    """What makes a program read its clock off by the seconds in folder/shift."""
    if "CERTFERRY_SHIFT_CLOCK" not in os.environ:
        return {}
    return {"LD_PRELOAD": os.environ["CERTFERRY_SHIFT_CLOCK"],
            "SHIFT_CLOCK_FILE": str(folder / "shift")}


def only_aes(dc, account):
    """As a server of these days is; Samba would take RC4."""
    sam = populate.open_sam(str(dc.conf), str(dc.sam))
    message = ldb.Message(sam.search(expression=f"(sAMAccountName={account})")[0].dn)
    message["types"] = ldb.MessageElement("24", ldb.FLAG_MOD_REPLACE,
                                          "msDS-SupportedEncryptionTypes")
    sam.modify(message)


@pytest.fixture(scope="session")
def dc():
    folder = Path("/run/certferry-dc")
    folder.mkdir(mode=0o700)
    controller = lab_dc.DomainController(folder)
    controller.make_network()
    controller.provision()
    controller.tool("spn", "add", "host/pc1.corp.example", "PC1$")
    controller.export_keytab("CONN1$", folder / "conn1.keytab")
    only_aes(controller, "PC1$")
    controller.export_keytab("PC1$", folder / "pc1.keytab")
    controller.export_keytab("DC1$", folder / "dc1.keytab")
    # The controller's clock goes with that of the client under test.
    with pytest.MonkeyPatch.context() as patch:
        for name, value in clock(folder).items():
            patch.setenv(name, value)
        controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def settings(dc):
    return {"keytab": dc.folder / "conn1.keytab", "service": SERVICE,
            "acceptor": dc.folder / "pc1.keytab"}


def start(dc, settings, *verbs, **extra):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KRB5")}
    # Nothing of the environment may count but the configuration file.
    misleading = {"KRB5CCNAME": "FILE:/run/no-such-cache", "KRB5_CLIENT_KTNAME": "/run/no-such"}
    words = [f"{key}={value}" for key, value in settings.items()]
    return subprocess.Popen(
        [TALK, *words, "-", *verbs], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**kept, **misleading, "KRB5_CONFIG": str(dc.krb5_conf), **extra})


def talk(dc, settings, *verbs, **extra):
    client = start(dc, settings, *verbs, **extra)
    out, errors = client.communicate(timeout=120)
    assert (errors, client.returncode) == ("", 0)
    return out.splitlines()


def fault(dc, settings, verb="context", **extra):
    lines = talk(dc, settings, verb, **extra)
    assert len(lines) == 1
    name, _, text = lines[0].removeprefix("fault=").partition(" ")
    return name, text


def test_a_credential_comes_from_the_keytab(dc, settings):
    assert talk(dc, settings, "acquire") == ["acquired=CONN1$@CORP.EXAMPLE"]


@pytest.mark.parametrize("mech, style, legs", [
    ("kerberos", {}, 2), ("kerberos", {"dce": 1, "privacy": 1}, 3),
    ("spnego", {"privacy": 1}, 2), ("spnego", {"dce": 1, "privacy": 1}, 4)])
def test_a_context_completes(dc, settings, mech, style, legs):
    lines = talk(dc, {**settings, "mech": mech, **style}, "context")
    assert lines == [f"legs={legs}"]


@pytest.mark.parametrize("mech", ["kerberos", "spnego"])
def test_sealed_messages(dc, settings, mech):
    lines = talk(dc, {**settings, "mech": mech, "dce": 1, "privacy": 1}, "seals")
    assert [line for line in lines if line.startswith("bad=")] == []
    assert "token_len=76" in lines  # MS-KILE's with AES
    assert [line.removeprefix("ok=") for line in lines if line.startswith("ok=")] == [
        "both_ways", "without_head_and_trail", "sealed", "head", "body", "trail", "token",
        "token_length", "intact_after_all", "reflected", "signed", "lost", "late", "twice"]


@pytest.mark.parametrize("mech", ["kerberos", "spnego"])
def test_threads_share_tickets_that_come_and_go(dc, settings, mech):
    assert talk(dc, {**settings, "mech": mech, "dce": 1, "privacy": 1}, "crowd") == ["failed=0"]


def test_misuse_is_a_bug_and_no_crash(dc, settings):
    lines = talk(dc, {**settings, "dce": 1, "privacy": 1}, "misuse")
    assert lines[0] == "before=CF_E_BUG"
    assert lines[-1] == "after=CF_E_BUG"


@pytest.mark.parametrize("mech", ["kerberos", "spnego"])
@pytest.mark.parametrize("style", [{}, {"dce": 1, "privacy": 1}])
def test_a_server_that_cannot_prove_itself(dc, settings, mech, style):
    chosen = {**settings, "mech": mech, **style}
    assert fault(dc, {**chosen, "tamper": 1})[0] in ("CF_E_AUTH", "CF_E_PROTOCOL")
    assert fault(dc, {**chosen, "tamper": 2})[0] in ("CF_E_AUTH", "CF_E_PROTOCOL")


def test_channel_binding(dc, settings):
    ours = {**settings, "binding": "tls-server-end-point:abc"}
    same = talk(dc, {**ours, "their_binding": "tls-server-end-point:abc"}, "context")
    assert same == ["legs=2"]
    for mech in ("kerberos", "spnego"):
        other = {**ours, "mech": mech, "their_binding": "tls-server-end-point:abd"}
        assert fault(dc, other)[0] in ("CF_E_AUTH", "CF_E_REJECTED")


def test_delegation_says_what_it_needs(dc, settings):
    name, text = fault(dc, {**settings, "delegates": 1})
    assert name == "CF_E_AUTH"
    assert "forwardable" in text
    conf = dc.folder / "forwardable-krb5.conf"
    conf.write_text(dc.krb5_conf.read_text().replace("[libdefaults]",
                                                     "[libdefaults]\n forwardable = true"))
    assert talk(dc, {**settings, "delegates": 1}, "context", KRB5_CONFIG=str(conf)) == ["legs=2"]


def test_a_service_without_a_name_in_the_domain(dc, settings):
    for mech in ("kerberos", "spnego"):
        name, text = fault(dc, {**settings, "mech": mech, "service": "host@nowhere.corp.example"})
        assert name == "CF_E_AUTH"
        assert "host/nowhere.corp.example" in text
        assert "setspn" in text


def test_a_service_whose_key_is_another(dc, settings):
    for mech in ("kerberos", "spnego"):
        name, text = fault(dc, {**settings, "mech": mech, "acceptor": dc.folder / "dc1.keytab"})
        assert name == "CF_E_AUTH"
        assert "setspn" in text


@pytest.mark.parametrize("mech", ["kerberos", "spnego"])
def test_the_resolver_does_not_choose_the_account(dc, settings, mech):
    """By itself libkrb5 takes the name that the resolver gives the host."""
    conf = dc.folder / "trusting-krb5.conf"
    conf.write_text(dc.krb5_conf.read_text().replace("canonicalize_hostname = false",
                                                     "canonicalize_hostname = true"))
    hosts = dc.folder / "hosts"
    honest = hosts.read_text()
    hosts.write_text(f"{honest}10.53.0.9 dc1.corp.example pc1.corp.example\n")
    chosen = {**settings, "mech": mech}
    try:
        assert talk(dc, chosen, "context", KRB5_CONFIG=str(conf)) == ["legs=2"]
        other = {**chosen, "acceptor": dc.folder / "dc1.keytab"}
        assert fault(dc, other, KRB5_CONFIG=str(conf))[0] == "CF_E_AUTH"
    finally:
        hosts.write_text(honest)


def test_a_keytab_that_is_none(dc, settings):
    empty = dc.folder / "empty.keytab"
    empty.write_text("")
    empty.chmod(0o600)
    name, text = fault(dc, {**settings, "keytab": empty})
    assert name == "CF_E_CONFIG"
    assert text.startswith("[ca corp] keytab_file: ")
    open_to_all = dc.folder / "open.keytab"
    shutil.copy(dc.folder / "conn1.keytab", open_to_all)
    open_to_all.chmod(0o644)
    assert fault(dc, {**settings, "keytab": open_to_all})[0] == "CF_E_PERMISSION"
    name, text = fault(dc, {**settings, "principal": "OTHER$"})
    assert name == "CF_E_CONFIG"
    assert "OTHER$" in text


def test_no_kdc_is_for_a_while(dc, settings):
    nowhere = dc.folder / "nowhere-krb5.conf"
    nowhere.write_text(dc.krb5_conf.read_text().replace(lab_dc.ADDRESS, "10.53.0.99"))
    subprocess.run("ip route add unreachable 10.53.0.99/32".split(), check=True)
    for verb in ("acquire", "context"):
        name, text = fault(dc, settings, verb, KRB5_CONFIG=str(nowhere))
        assert name == "CF_E_NET"
        assert "KDC" in text


@pytest.fixture
def silent(dc):
    """krb5.conf with a KDC that takes connections and says nothing. Closing it is its end."""
    with socket.create_server(("127.0.0.1", 0)) as kdc:
        conf = dc.folder / "silent-krb5.conf"
        port = kdc.getsockname()[1]
        conf.write_text(dc.krb5_conf.read_text()
                        .replace("[libdefaults]", "[libdefaults]\n udp_preference_limit = 1")
                        .replace(lab_dc.ADDRESS, f"127.0.0.1:{port}"))
        yield kdc, conf


@pytest.mark.parametrize("verb", ["acquire", "context"])
def test_a_silent_kdc_is_left_at_the_limit(dc, settings, silent, verb):
    kdc, conf = silent
    began = time.monotonic()
    name, text = fault(dc, {**settings, "timeout": 700}, verb, KRB5_CONFIG=str(conf))
    assert 0.7 <= time.monotonic() - began < 4
    assert name == "CF_E_NET"
    assert text == ("Kerberos: no KDC of CORP.EXAMPLE answered within 700 ms; check krb5.conf, DNS "
                    "and port 88")


def test_a_kdc_that_comes_back_is_asked_at_once(dc, settings):
    """The relay is silent at first; what it has swallowed by then stays without an answer."""
    with Relay(lab_dc.ADDRESS) as relay:
        conf = dc.folder / "relay-krb5.conf"
        conf.write_text(dc.krb5_conf.read_text()
                        .replace("[libdefaults]", "[libdefaults]\n udp_preference_limit = 1")
                        .replace(lab_dc.ADDRESS, f"127.0.0.1:{relay.port}"))
        chosen = {**settings, "timeout": 1500, "ticket": SERVICE}
        client = start(dc, chosen, "acquire", "context", "pause", "context", "acquire", "settle",
                       KRB5_CONFIG=str(conf))
        for _ in range(2):
            assert client.stdout.readline().startswith("fault=CF_E_NET ")
        relay.is_silent = False
        client.stdin.write("\n")
        client.stdin.flush()
        assert client.stdout.readline() == "legs=2\n"
        assert client.stdout.readline() == "acquired=CONN1$@CORP.EXAMPLE\n"
        relay.drop_silent()
        out, errors = client.communicate(timeout=120)
    assert (out, errors) == ("waiting=0\n", "")


def test_tickets_that_are_there_need_no_kdc(dc, settings):
    with Relay(lab_dc.ADDRESS) as relay:
        conf = dc.folder / "relay-krb5.conf"
        conf.write_text(dc.krb5_conf.read_text()
                        .replace("[libdefaults]", "[libdefaults]\n udp_preference_limit = 1")
                        .replace(lab_dc.ADDRESS, f"127.0.0.1:{relay.port}"))
        relay.is_silent = False
        chosen = {**settings, "ticket": SERVICE}
        client = start(dc, chosen, "acquire", "pause", "context", KRB5_CONFIG=str(conf))
        assert client.stdout.readline() == "acquired=CONN1$@CORP.EXAMPLE\n"
        relay.is_silent = True
        out, errors = client.communicate("\n", timeout=60)
    assert (out, errors) == ("legs=2\n", "")


@needs_clock
def test_a_clock_that_is_off_is_for_a_while(dc, settings):
    strict = dc.folder / "strict-krb5.conf"
    strict.write_text(dc.krb5_conf.read_text().replace("[libdefaults]",
                                                       "[libdefaults]\n kdc_timesync = 0"))
    own = dc.folder / "own"
    own.mkdir()
    (own / "shift").write_text("1200\n")
    name, text = fault(dc, settings, KRB5_CONFIG=str(strict), **clock(own))
    assert name == "CF_E_NET"
    assert "synchronise" in text


@needs_clock
def test_tickets_that_have_run_out_are_got_anew(dc, settings):
    """One process, one cache: the clocks of everybody go on by a day."""
    client = start(dc, settings, "context", "pause", "context", **clock(dc.folder))
    assert client.stdout.readline() == "legs=2\n"
    try:
        (dc.folder / "shift").write_text("86400\n")
        out, errors = client.communicate("\n", timeout=120)
    finally:
        (dc.folder / "shift").unlink()
    assert errors == ""
    assert out.splitlines() == ["legs=2"]


# The last ones change accounts.
def change_password(dc, account):
    for word in ("An0ther", "Y3t-another"):  # the last password but one counts for no one
        dc.tool("user", "setpassword", account, f"--newpassword={word}!machine-password")


def test_a_changed_key_of_the_service_gets_a_new_ticket(dc, settings):
    client = start(dc, {**settings, "mech": "kerberos"}, "context", "pause", "context", "context")
    assert client.stdout.readline() == "legs=2\n"
    change_password(dc, "PC1$")
    dc.export_keytab("PC1$", dc.folder / "pc1.keytab")
    out, errors = client.communicate("\n", timeout=120)
    assert errors == ""
    lines = out.splitlines()
    assert lines[0].startswith("fault=CF_E_AUTH ")
    assert "host/pc1.corp.example" in lines[0]
    assert lines[1:] == ["legs=2"]


def test_a_changed_key_of_ours(dc, settings):
    old = dc.folder / "old.keytab"
    shutil.copy(dc.folder / "conn1.keytab", old)
    change_password(dc, "CONN1$")
    name, text = fault(dc, {**settings, "keytab": old})
    assert name == "CF_E_AUTH"
    assert "CONN1$@CORP.EXAMPLE" in text
    assert "export a new keytab_file" in text
    dc.export_keytab("CONN1$", dc.folder / "conn1.keytab")
    assert talk(dc, settings, "context") == ["legs=2"]


@needs_clock
def test_a_keytab_that_is_replaced_is_read_without_a_restart(dc, settings):
    """As msktutil --auto-update does it; the ticket got with the former key has run out by then."""
    client = start(dc, settings, "context", "pause", "context", **clock(dc.folder))
    assert client.stdout.readline() == "legs=2\n"
    change_password(dc, "CONN1$")
    dc.export_keytab("CONN1$", dc.folder / "conn1.keytab")
    try:
        (dc.folder / "shift").write_text("86400\n")
        out, errors = client.communicate("\n", timeout=120)
    finally:
        (dc.folder / "shift").unlink()
    assert errors == ""
    assert out.splitlines() == ["legs=2"]


def test_a_disabled_account(dc, settings):
    dc.tool("user", "disable", "CONN1$")
    name, text = fault(dc, settings)
    assert name == "CF_E_AUTH"
    assert "disabled" in text
