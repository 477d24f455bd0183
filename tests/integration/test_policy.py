# SPDX-License-Identifier: Apache-2.0
"""Default deny: each rule of a policy refuses what it has to, is reported and is a security event."""

import pytest

import setups
import slapd as ldap
from cases import Cases
from certlab import people
from certlab.people import DOMAIN_SID
from certlab.state import Tenant
from certs import issued_per_context
from conftest import assert_all_issued
from host import Host

SAM, ANNE = people.make_user(11), people.make_user(8)
UPN = [{"type": "userPrincipalName", "value": "{{UserPrincipalName}}"}]
DNS = [{"type": "domainNameService", "value": "dc1.corp.example"}]
# rule: (its policy's options, what is refused, what is let pass, a word of the refusal)
RULES = {
    "certificate_type": ({"certificate_type": "device"}, {}, None, "certificateType"),
    "eku": ({"eku": setups.CLIENT}, {"extendedKeyUsages": [setups.MAIL]},
            {"extendedKeyUsages": [setups.CLIENT]}, "eku"),
    "subject_allow": ({"subject_allow": "CN=*Smith O=Corp"},
                      {"subjectNameFormat": "CN={{UserName}},OU=Else"},
                      {"subjectNameFormat": "CN={{UserName}},O=Corp"}, "subject_allow"),
    "subject_refuse": ({"subject_refuse": "CN=admin*"}, {"subjectNameFormat": "CN=ADMINistrator"},
                       {"subjectNameFormat": "CN={{UserName}}"}, "subject_refuse"),
    "san_allow": ({"san_allow": "upn:*@corp.example"}, {"subjectAlternativeNames": DNS},
                  {"subjectAlternativeNames": UPN}, "san_allow"),
    "san_refuse": ({"san_refuse": "dns:dc*.corp.example"}, {"subjectAlternativeNames": DNS},
                   {"subjectAlternativeNames": UPN}, "san_refuse"),
    "upn_suffixes": ({"upn_suffixes": "else.example"}, {"subjectAlternativeNames": UPN}, None,
                     "upn_suffixes"),
    "refused_accounts": ({"refused_accounts": SAM["userPrincipalName"]}, {}, None,
                         "refused_accounts"),
    "min_ec": ({"min_ec": "384"}, {"keySize": 256}, {"keySize": 384}, "min_ec"),
    "min_rsa": ({"min_rsa": "3072"}, {"keySize": 2048}, {"keySize": 256}, "min_rsa"),
    "max_validity": ({"max_validity": "10d"}, {"validityPeriod": {"value": 11, "scale": "days"}},
                     {"validityPeriod": {"value": 9, "scale": "days"}}, "max_validity"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A CA and a policy for each rule, in one daemon."""
    folder = tmp_path_factory.mktemp("policy")
    with Tenant(folder / "lab", lease_seconds=60, retry_seconds=0.1) as tenant, \
            Host(folder / "host", tenant, key="p256") as host:
        del host.config["policy users"], host.config["policy devices"]
        host.config["template CertferryWiFi"]["eku"] = "clientAuth emailProtection"
        cases = Cases(tenant, host)
        cases.devices["agent", ()] = tenant.add_devices(
            1, platforms=["agent"], key_size=256, user=SAM, with_user=True)[0]
        setups.policy(host, "of corp")
        for rule, (options, refused, passing, _) in RULES.items():
            name = rule.replace("_", "-")
            cases.issuers += setups.add_ca(host, name, f"{name} CA").read_text()
            setups.policy(host, name, **{"ca": name, **options})
            place = {"certificationAuthority": f"{name}.corp.example",
                     "certificationAuthorityName": f"{name} CA"}
            cases.add(f"{rule} refuses", "agent", {**place, **refused})
            if passing is not None:
                cases.add(f"{rule} lets pass", "agent", {**place, **passing})
        cases.add("template", "agent", {"certificateTemplateName": "DomainController"})
        cases.add("CA", "agent", {"certificationAuthorityName": "Nobody's CA"})
        cases.run()
        yield cases
        assert tenant.lab_errors == [] and tenant.violations == []
        assert host.stop() == 0, host.log_tail()


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_refuses_by_name(site, rule):
    told = site.refused(f"{rule} refuses")
    assert RULES[rule][3].lower() in told.lower() or rule in told


@pytest.mark.parametrize("rule", [rule for rule, row in RULES.items() if row[2] is not None])
def test_a_rule_lets_the_rest_pass(site, rule):
    site.issued(f"{rule} lets pass", opened=False)


@pytest.mark.parametrize("name", ["template", "CA"])
def test_what_nobody_allowed_is_refused(site, name):
    assert site.refused(name)


def test_every_refusal_is_an_event_of_its_own(site):
    log = site.host.log()
    for rule in RULES:
        context = site.contexts[f"{rule} refuses"]
        lines = [line for line in log.splitlines() if context in line and "POLICY_REFUSED" in line]
        assert len(lines) == 1, (rule, lines)


def test_more_than_the_rate_is_told_to_come_later(tenant, host):
    tenant.connector.retry_seconds = 60
    host.config["policy users"]["per_user_hour"] = "3"
    host.config["policy devices"]["per_device_hour"] = "1"
    [device] = tenant.add_devices(1, platforms=["agent"], key_size=256, user=SAM, with_user=True)
    [other] = tenant.add_devices(1, platforms=["agent"], key_size=256, user=ANNE, with_user=True)
    contexts = tenant.add_requests([device], per_device=5, kinds=["user"])
    others = tenant.add_requests([other], kinds=["user"])
    devices = tenant.add_requests([device], per_device=2, kinds=["device"])
    host.start()

    def answered(asked):
        return tenant.wait(lambda t: all(t.work(c).result for c in asked), 30)

    def outcomes(asked):
        return sorted(tenant.work(context).result["errorCode"] for context in asked)

    assert answered(contexts + others + devices), host.log_tail()
    late = "ServiceTooBusyException"
    assert outcomes(contexts) == ["None"] * 3 + [late] * 2
    assert outcomes(others) == ["None"]
    assert outcomes(devices) == ["None", late]
    told = [tenant.work(c).result["errorMessage"] or "" for c in contexts + devices]
    assert sum("per_user_hour" in text for text in told) == 2
    assert sum("per_device_hour" in text for text in told) == 1
    assert host.log().count("POLICY_RATE") == 3
    # Counted in the store: a restart forgets nothing.
    host.stop()
    again = tenant.add_requests([device], kinds=["user"])
    host.start()
    assert answered(again), host.log_tail()
    assert outcomes(again) == [late]


def test_what_was_too_much_is_judged_again_when_it_is_offered_again(tenant, host):
    host.config["policy devices"]["per_device_hour"] = "1"
    [device] = tenant.add_devices(1, platforms=["agent"], key_size=256)
    contexts = tenant.add_requests([device], per_device=2, kinds=["device"])
    host.start()
    assert tenant.wait(lambda t: host.log().count("POLICY_RATE") >= 2, 30), host.log_tail()
    del host.config["policy devices"]["per_device_hour"]
    host.reload()
    assert tenant.wait_finished(30), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert set(issued_per_context(host).values()) == {1}


@pytest.mark.skipif(ldap.PROGRAM is None, reason="slapd is not installed")
def test_members_of_privileged_groups_get_nothing(tmp_path, tenant, host):
    """Nested or not: the directory tells of all groups an account is in."""
    with ldap.Slapd(tmp_path / "slapd") as slapd:
        sid, vip = f"{DOMAIN_SID}-1500", f"{DOMAIN_SID}-1700"
        slapd.add(SAM, sid=sid, groups=[f"{DOMAIN_SID}-513", f"{DOMAIN_SID}-512"])
        slapd.add(ANNE, sid=f"{DOMAIN_SID}-1501", groups=[f"{DOMAIN_SID}-513"])
        slapd.add(people.make_user(4), sid=f"{DOMAIN_SID}-1502", groups=[vip])
        slapd.add_group("VIP users", vip)
        slapd.start()
        setups.use_directory(host, slapd)
        host.config["policy users"]["refused_groups"] = 'privileged "VIP users"'
        contexts = {}
        for index in (11, 8, 4):
            user = {**people.make_user(index), "onPremisesSecurityIdentifier": None}
            [device] = tenant.add_devices(1, platforms=["agent"], key_size=256, user=user,
                                          with_user=True)
            [contexts[index]] = tenant.add_requests([device], kinds=["user"])
        host.start()
        assert tenant.wait_finished(30), host.log_tail()
        found = {i: tenant.work(c).result for i, c in contexts.items()}
        assert {i: r["status"] for i, r in found.items()} == {
            11: "failed", 8: "issued", 4: "failed"}, found
        assert all("refused_groups" in found[i]["errorMessage"] for i in (11, 4))
