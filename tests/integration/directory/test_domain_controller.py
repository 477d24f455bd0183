# SPDX-License-Identifier: Apache-2.0
"""The LDAP client against a Samba domain controller: every way to bind, nested groups, and what goes
wrong in real domains. Runs inside the namespaces of tests/lab/dc/run --alone."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab/dc"))
import dc as lab_dc  # noqa: E402
import pki  # noqa: E402
import populate  # noqa: E402

LOOKUP = os.environ["CERTFERRY_DIRECTORY_LOOKUP"]
URI = f"ldap://{lab_dc.HOST}"
URIS = f"ldaps://{lab_dc.HOST}"


@pytest.fixture(scope="session")
def dc():
    folder = Path("/run/certferry-dc")
    folder.mkdir(mode=0o700)
    controller = lab_dc.DomainController(folder)
    controller.make_network()
    controller.provision(make_ca_certs(folder))
    controller.export_keytab("CONN1$", folder / "conn1.keytab")
    write_secret(folder / "password", populate.SERVICE_PASSWORD)
    write_secret(folder / "wrong-password", "Wr0ng!of-the-lab")
    controller.start()
    yield controller
    controller.stop()


def make_ca_certs(folder):
    names = (pki.ISSUING_CA, pki.SECOND_CA, pki.ROOT_CA)
    paths = [folder / f"{name.replace(' ', '-')}.der" for name in names]
    for name, path in zip(names, paths, strict=True):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-subj",
                        f"/CN={name}", "-outform", "DER", "-out", str(path)],
                       check=True, capture_output=True)
    return paths


def write_secret(path, text):
    path.write_text(text)
    path.chmod(0o600)


@pytest.fixture
def gssapi(dc):
    return {"uri": URI, "auth": "gssapi", "protection": "signed",
            "keytab_file": dc.folder / "conn1.keytab"}


@pytest.fixture
def simple(dc):
    return {"uri": URIS, "auth": "simple", "protection": "ldaps", "ca_file": dc.ca_file,
            "bind_dn": "svc-certferry@corp.example", "password_file": dc.folder / "password"}


def command(settings, lookups):
    words = [f"{key}={value}" for key, value in settings.items()]
    return [LOOKUP, *words, "-", *(word for lookup in lookups for word in lookup)]


def environment(dc):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("KRB5")}
    return {**kept, "KRB5_CONFIG": str(dc.krb5_conf)}


def facts_of(text):
    facts = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        facts.setdefault(key, []).append(value)
    return facts


def look_up(dc, settings, *lookups, extra=None):
    result = subprocess.run(command(settings, lookups), env={**environment(dc), **(extra or {})},
                            capture_output=True, text=True, timeout=60, check=False)
    assert result.stderr == "", result.stderr
    return facts_of(result.stdout)


SIDS = {}


@pytest.fixture
def groups(dc, simple):
    """The SIDs of groups by name."""
    if not SIDS:
        names = ("Inner", "Outer", "Deputies", "Domain Admins", "Domain Users", "Domain Computers")
        found = look_up(dc, simple, *(("group", name) for name in names))
        SIDS.update(zip(names, found["sid"], strict=True))
    return SIDS


def check_facts(dc, settings, groups):
    alice = look_up(dc, settings, ("user", "Alice@CORP.example"))
    assert alice["dn"] == ["CN=alice,CN=Users,DC=corp,DC=example"]
    assert alice["sam"] == ["alice"]
    assert alice["mail"] == ["alice@mail.example"]
    assert alice["disabled"] == ["0"]
    assert alice["sid"][0].startswith(groups["Domain Users"].rpartition("-")[0] + "-")
    assert {groups["Inner"], groups["Outer"], groups["Domain Users"]} <= set(alice["group"])
    assert groups["Domain Admins"] not in alice["group"]

    boss = look_up(dc, settings, ("user", "boss@corp.example"))
    assert {groups["Deputies"], groups["Domain Admins"]} <= set(boss["group"])

    computer = look_up(dc, settings, ("computer", "pc1.corp.example"))
    assert computer["dn"] == ["CN=PC1,CN=Computers,DC=corp,DC=example"]
    assert computer["sam"] == ["PC1$"]
    assert groups["Domain Computers"] in computer["group"]


def test_gssapi_from_a_keytab_signed(dc, gssapi, groups):
    check_facts(dc, gssapi, groups)


def test_simple_over_ldaps(dc, simple, groups):
    check_facts(dc, simple, groups)


def test_simple_over_starttls(dc, simple, groups):
    check_facts(dc, {**simple, "uri": URI, "protection": "starttls"}, groups)


def test_well_known_groups_are_found_by_name_and_dn(dc, gssapi, groups):
    found = look_up(dc, gssapi, ("group", "Administrators"),
                    ("group", "CN=Domain Admins,CN=Users,DC=corp,DC=example"),
                    ("group", "CN=Ghosts,CN=Users,DC=corp,DC=example"), ("group", "a=b=c"))
    assert found["sid"] == ["S-1-5-32-544", groups["Domain Admins"]]
    assert [text.split()[0] for text in found["fault"]] == ["CF_E_NOT_FOUND"] * 2


def test_a_disabled_account_and_awkward_names(dc, gssapi):
    assert look_up(dc, gssapi, ("user", "gone@corp.example"))["disabled"] == ["1"]
    zoe = look_up(dc, gssapi, ("user", "zoë@corp.example"))
    assert zoe["sam"] == ["zoë"]
    assert zoe["dn"][0].endswith("OU=Pers\\,onnel,DC=corp,DC=example")
    for name in ("*", "alice@corp.example)(cn=*", "nobody@corp.example"):
        assert look_up(dc, gssapi, ("user", name))["fault"][0].startswith("CF_E_NOT_FOUND ")


def test_a_check_finds_all_well(dc, gssapi, simple):
    for settings in (gssapi, simple):
        found = look_up(dc, settings, ("check", "-"))["finding"]
        # Samba's own certificate lasts for two years.
        assert [line for line in found if not line.startswith("0 ")] == []
        assert any("directory search" in line for line in found)


def test_cas_with_their_templates_and_urls(dc, gssapi, simple):
    for settings in (gssapi, simple):
        found = look_up(dc, settings, ("services", "-"))
        assert sorted(found["ca"]) == [
            "Corp Issuing CA on ca1.corp.example, 1 certificates",
            "Corp Second CA on ca2.corp.example, 1 certificates"]
        for name, published in pki.PUBLISHED.items():
            assert {f"{name}: {template}" for template in published} == {
                line for line in found["template"] if line.startswith(f"{name}: ")}
        assert sorted(found["url"])[0] == (
            "Corp Issuing CA: 2 "
            "https://ca1.corp.example/Corp%20Issuing%20CA_CES_Kerberos/service.svc/CES")
        assert len(found["url"]) == 3


def test_templates_with_their_facts(dc, gssapi, simple):
    for settings in (gssapi, simple):
        found = look_up(dc, settings, ("template", "certferrydevice"))
        assert found["name"] == ["CertferryDevice"]
        assert found["oid"] == [f"{pki.OID_ARC}.1"]
        assert found["bits"] == ["2048"]
        assert found["versions"] == ["2 100.3"]
        assert found["flags"] == ["1 0 1010010"]
        assert found["usage"] == ["5"]
        assert found["days"] == ["365"]
        assert found["eku"] == [pki.CLIENT_AUTH]
        assert found["descriptor"] == ["1"]
    found = look_up(dc, gssapi, ("template", "CertferryEC"), ("template", "CertferryBadSubject"),
                    ("template", "Nothing"), ("template", "*"))
    assert found["algorithm"] == ["ECDH_P256"]
    assert found["flags"][1] == "82000000 0 1010010"
    assert [text.split()[0] for text in found["fault"]] == ["CF_E_NOT_FOUND"] * 2


def test_ca_certificates_of_the_forest(dc, gssapi):
    found = look_up(dc, gssapi, ("certs", "ntauth"), ("certs", "roots"), ("certs", "aia"))
    assert found["certs"] == ["2", "1", "2"]


def test_the_account_behind_a_principal(dc, gssapi, groups):
    found = look_up(dc, gssapi, ("principal", "CONN1$@CORP.EXAMPLE"))
    assert found["dn"] == ["CN=CONN1,CN=Computers,DC=corp,DC=example"]
    assert groups["Domain Computers"] in found["group"]
    found = look_up(dc, gssapi, ("principal", "svc-certferry"))
    assert found["sam"] == ["svc-certferry"]


def test_discovery_says_what_can_be_used(dc, gssapi, simple):
    for settings in (gssapi, simple):
        found = json.loads(look_up(dc, settings, ("discover", "-"))["discovery"][0])
        assert found["accountProblem"] is None
        cas = {ca["name"]: ca for ca in found["cas"]}
        templates = {one["name"]: one for one in cas[pki.ISSUING_CA]["templates"]}
        assert set(templates) == set(pki.PUBLISHED[pki.ISSUING_CA])
        assert templates["CertferryDevice"]["mayEnroll"] == "yes"
        assert templates["CertferryEC"]["key"] == "p256"
        assert templates["CertferryBadKey"]["key"] == "rsa4096"
        assert templates["CertferryPending"]["approval"] is True
        assert "subject" in templates["CertferryBadSubject"]["obstacle"]
        assert templates["CertferryDenied"]["mayEnroll"] == "no"
        assert "[ca corp-second-ca]" in cas[pki.SECOND_CA]["configuration"]
        assert "templates = CertferryDevice CertferryUser" in cas[pki.SECOND_CA]["configuration"]


def fault(dc, settings, **options):
    found = look_up(dc, settings, ("user", "alice@corp.example"), **options)
    assert list(found) == ["fault"]
    return found["fault"][0]


def test_a_wrong_password(dc, simple):
    text = fault(dc, {**simple, "password_file": dc.folder / "wrong-password"})
    assert text.startswith("CF_E_AUTH ")
    assert "wrong password" in text
    assert "Wr0ng" not in text


def test_a_certificate_for_another_name(dc, simple):
    text = fault(dc, {**simple, "uri": f"ldaps://{lab_dc.ADDRESS}"})
    assert text.startswith("CF_E_TLS ")
    assert "name" in text


def test_a_name_without_a_service_principal(dc, gssapi):
    text = fault(dc, {**gssapi, "uri": f"ldap://{lab_dc.ADDRESS}"})
    assert text.startswith("CF_E_AUTH ")
    assert f"ldap/{lab_dc.ADDRESS}: no account has this service name" in text


def test_gssapi_inside_tls_is_refused_by_samba_with_a_reason(dc, gssapi):
    text = fault(dc, {**gssapi, "uri": URIS, "protection": "ldaps", "ca_file": dc.ca_file})
    assert text.startswith("CF_E_AUTH ")
    assert "protection" in text


def test_a_principal_that_the_keytab_does_not_have(dc, gssapi):
    text = look_up(dc, {**gssapi, "principal": "OTHER$"})["fault"][0]
    assert text.startswith("CF_E_CONFIG ")
    assert "principal" in text


@pytest.mark.skipif("CERTFERRY_SHIFT_CLOCK" not in os.environ,
                    reason="a sanitizer build cannot preload a library")
def test_a_clock_that_is_off(dc, gssapi):
    shift = dc.folder / "shift"
    shift.write_text("1200\n")
    # By default libkrb5 takes the server's time; where that is switched off, it has to be told.
    strict = dc.folder / "strict-krb5.conf"
    strict.write_text(dc.krb5_conf.read_text().replace("[libdefaults]",
                                                       "[libdefaults]\n kdc_timesync = 0"))
    extra = {"LD_PRELOAD": os.environ["CERTFERRY_SHIFT_CLOCK"], "SHIFT_CLOCK_FILE": str(shift)}
    assert "fault" not in look_up(dc, gssapi, ("user", "alice@corp.example"), extra=extra)
    text = fault(dc, gssapi, extra={**extra, "KRB5_CONFIG": str(strict)})
    assert text.startswith("CF_E_DIRECTORY_DOWN ")
    assert "clock" in text


def test_no_kerberos_server_is_for_a_while(dc, gssapi):
    conf = dc.krb5_conf.read_text()
    dc.krb5_conf.write_text(conf.replace(f"kdc = {lab_dc.ADDRESS}", "kdc = 10.53.0.99"))
    try:
        subprocess.run("ip route add unreachable 10.53.0.99/32".split(), check=True)
        assert fault(dc, gssapi).startswith("CF_E_DIRECTORY_DOWN ")
    finally:
        dc.krb5_conf.write_text(conf)


def test_the_ldap_library_asks_no_kdc(dc, gssapi):
    """It knows no deadline: the ticket is in the cache before it looks for it."""
    trace = dc.folder / "krb5.trace"
    found = look_up(dc, gssapi, ("user", "alice@corp.example"), extra={"KRB5_TRACE": str(trace)})
    assert "fault" not in found
    lines = trace.read_text().splitlines()
    stored = max(i for i, line in enumerate(lines) if "Storing" in line and "ldap/dc1" in line)
    later = lines[stored + 1:]
    assert [line for line in later if "Sending" in line] == []
    assert [line for line in later if "ldap/dc1" in line and "Success" in line] != []


def test_a_killed_controller_is_down_and_comes_back(dc, gssapi):
    lookups = [("user", "alice@corp.example"), ("pause", "-")] * 3
    client = subprocess.Popen(command(gssapi, lookups), env=environment(dc), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answer():
        first = client.stdout.readline()
        while first.startswith("fault=") is False and not first.startswith("disabled="):
            first = client.stdout.readline()
            assert first != ""
        return first

    assert answer().startswith("disabled=")
    dc.stop()
    client.stdin.write("\n")
    client.stdin.flush()
    assert answer().startswith("fault=CF_E_DIRECTORY_DOWN ")
    dc.start()
    client.stdin.write("\n")
    client.stdin.flush()
    assert answer().startswith("disabled=")
    client.communicate("\n", timeout=20)
    assert client.returncode == 0


# The last ones change accounts.
def test_a_changed_machine_password(dc, gssapi):
    old = dc.folder / "old.keytab"
    shutil.copy(dc.folder / "conn1.keytab", old)
    for _ in range(2):  # the last password but one counts for no one
        dc.tool("user", "setpassword", "CONN1$", "--newpassword=An0ther!machine-password")
        dc.tool("user", "setpassword", "CONN1$", "--newpassword=Y3t-another!machine-password")
    text = fault(dc, {**gssapi, "keytab_file": old})
    assert text.startswith("CF_E_AUTH ")
    assert "keytab" in text
    dc.export_keytab("CONN1$", dc.folder / "conn1.keytab")
    assert "fault" not in look_up(dc, gssapi, ("user", "alice@corp.example"))


def test_a_disabled_connector_account(dc, gssapi, simple):
    dc.tool("user", "disable", "CONN1$")
    dc.tool("user", "disable", "svc-certferry")
    assert "disabled" in fault(dc, gssapi)
    text = fault(dc, simple)
    assert text.startswith("CF_E_AUTH ")
