# SPDX-License-Identifier: Apache-2.0
"""The account's SID in certificates: by extension, by URI or both, for a CA or a template."""

import stat

import pytest

import setups
from cases import Cases
from certlab import expected, people
from certlab.state import Tenant
from host import Host

USER = people.make_user(11)
SID = USER["onPremisesSecurityIdentifier"]
# case: (CA, template, includeSecurityIdentifier, where it has to be, None: nowhere)
ROWS = {
    "asked for, as extension": ("corp", "CertferryWiFi", True, "extension"),
    "not asked for": ("corp", "CertferryWiFi", None, None),
    "asked for, as URI": ("uri", "CertferryWiFi", True, "uri"),
    "asked for, both": ("both", "CertferryWiFi", True, "both"),
    "always": ("always", "CertferryWiFi", None, "extension"),
    "always by the template": ("corp", "Always", None, "uri"),
    "off by the template": ("always", "Never", None, None),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mapping")
    with Tenant(folder / "lab", lease_seconds=60, retry_seconds=0.1) as tenant, \
            Host(folder / "host", tenant, key="p256") as host:
        templates = "CertferryWiFi CertferryDevice Always Never"
        setups.allow_everything(host, templates, "corp uri both always dropping lenient")
        cases = Cases(tenant, host)
        for name in ("uri", "both", "always"):
            cases.issuers += setups.add_ca(host, name, f"{name} CA", templates).read_text()
        host.config["ca corp"]["templates"] = templates
        host.config["ca uri"]["security_identifier_form"] = "uri"
        host.config["ca both"]["security_identifier_form"] = "both"
        host.config["ca always"]["security_identifier"] = "always"
        base = host.config["template CertferryWiFi"]
        host.config["template Always"] = {
            **base, "security_identifier": "always", "security_identifier_form": "uri"}
        host.config["template Never"] = {**base, "security_identifier": "off"}
        add_dropping_ca(host)
        cases.devices["windows", ()] = tenant.add_devices(
            1, platforms=["windows"], key_size=256, user=USER, with_user=True)[0]
        for name, (ca, template, wanted, _) in ROWS.items():
            cases.add(name, "windows", profile(ca, template, wanted))
        cases.add("dropped", "windows", profile("dropping", "CertferryWiFi", True))
        cases.add("dropped and let pass", "windows", profile("lenient", "CertferryWiFi", True))
        cases.add("refused by template", "windows", profile("corp", "Never", True))
        cases.add("no SID", "windows", profile("corp", "CertferryWiFi", True),
                  members={"user": {"onPremisesSecurityIdentifier": None}})
        cases.add("no SID but a broken one", "windows", profile("corp", "CertferryWiFi", True),
                  members={"user": {"onPremisesSecurityIdentifier": "S-1-5-21-x"}})
        cases.run()
        yield cases
        assert tenant.lab_errors == [] and tenant.violations == []
        assert host.stop() == 0, host.log_tail()


def profile(ca, template, wanted):
    host, name = f"{ca}.corp.example", f"{ca} CA"
    if ca == "corp":
        host, name = "ca1.corp.example", "Corp Issuing CA"
    return {"certificationAuthority": host, "certificationAuthorityName": name,
            "certificateTemplateName": template, "includeSecurityIdentifier": wanted}


def add_dropping_ca(host):
    """A program that issues everything but the security extension."""
    folder = host.directory / "dropping"
    folder.mkdir(mode=0o700)
    program = folder / "ca.sh"
    program.write_text(
        "#!/bin/sh\n"
        '[ "$CERTFERRY_CA_OPERATION" = submit ] || exit 0\n'
        f"exec openssl x509 -req -CA {host.ca_path} -CAkey {host.credentials / 'ca-corp-key'}"
        " -days 30 -extfile " + str(folder / "extensions") + "\n")
    (folder / "extensions").write_text(
        "extendedKeyUsage=clientAuth\nkeyUsage=critical,digitalSignature\n"
        "authorityKeyIdentifier=keyid\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for name in ("dropping", "lenient"):
        host.config[f"ca {name}"] = {
            "backend": "exec", "host": f"{name}.corp.example", "name": f"{name} CA",
            "templates": "CertferryWiFi", "command": program, "chain_file": host.ca_path}
    host.config["ca lenient"]["require_security_identifier"] = "no"


@pytest.mark.parametrize("name", ROWS)
def test_the_sid_is_where_the_administrator_wants_it(site, name):
    form = ROWS[name][3]
    certificate = site.issued(name, sid_form=form or "extension", sid=SID if form else None)
    assert (expected.SID_EXTENSION in {e.oid.dotted_string for e in certificate.extensions}) == (
        form in ("extension", "both"))


def test_a_ca_that_drops_it_is_an_error(site):
    told = site.refused("dropped", "CryptographyError")
    assert "security" in told.lower() or "SID" in told
    assert site.result("dropped and let pass")["status"] == "issued"


def test_a_template_without_it_refuses_who_asks(site):
    assert "includeSecurityIdentifier" in site.refused("refused by template")


@pytest.mark.parametrize("name", ["no SID", "no SID but a broken one"])
def test_a_user_without_a_good_sid_is_refused_by_name(site, name):
    assert "SecurityIdentifier" in site.refused(name)
