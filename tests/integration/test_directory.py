# SPDX-License-Identifier: Apache-2.0
"""Facts from the directory in place of a synchronisation to the cloud, and a directory that is down."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

import setups
import slapd as ldap
from certlab import expected, people
from certlab.people import DOMAIN_SID

pytestmark = pytest.mark.skipif(ldap.PROGRAM is None, reason="slapd is not installed")

# The cloud knows nobody's account: no attribute of them is synchronised.
UNSYNCED = {"onPremisesDistinguishedName": None, "onPremisesSamAccountName": None,
            "onPremisesSecurityIdentifier": None}


def user(index):
    return {**people.make_user(index), **UNSYNCED}


@pytest.fixture
def slapd(tmp_path):
    with ldap.Slapd(tmp_path / "slapd") as server:
        server.add(user(11), sid=f"{DOMAIN_SID}-1500")
        server.add(user(1), sid=f"{DOMAIN_SID}-1501", mail="aoife@directory.example")
        yield server.start()


@pytest.fixture
def joined(host, slapd):
    setups.use_directory(host, slapd)
    return host


def order(tenant, index, **profile):
    [device] = tenant.add_devices(1, platforms=["agent"], key_size=256, user=user(index),
                                  with_user=True)
    values = {"subjectNameFormat": "CN={{UserName}}", "subjectAlternativeNames": [], **profile}
    return tenant.add_requests([device], kinds=["user"], profile=values)[0]


def certificate(tenant, host, context):
    result = tenant.work(context).result
    assert result and result["status"] == "issued", (result, host.log_tail())
    tenant.open(context, host.signer(), host.ca_pem(), names=False)
    return x509.load_der_x509_certificate(tenant.certificate_der(context))


def test_names_and_sid_need_no_synchronisation(tenant, joined):
    contexts = [
        order(tenant, 11, subjectNameFormat="CN={{OnPrem_Distinguished_Name}}"),
        order(tenant, 11, subjectNameFormat="CN=CORP\\\\{{onPremisesSamAccountName}}"),
        order(tenant, 11, includeSecurityIdentifier=True),
        order(tenant, 1, subjectNameFormat="CN={{OnPrem_Distinguished_Name}}"),
    ]
    joined.start()
    assert tenant.wait_finished(30), joined.log_tail()
    whole, account, mapped, comma = [certificate(tenant, joined, c) for c in contexts]
    assert whole.subject.rfc4514_string().lower() == "cn=sam smith,dc=corp,dc=example"
    assert account.subject.rfc4514_string() == "CN=CORP\\\\sam.smith"
    extension = mapped.extensions.get_extension_for_oid(
        x509.ObjectIdentifier(expected.SID_EXTENSION))
    assert extension.value.value == expected.sid_extension(f"{DOMAIN_SID}-1500")
    names = comma.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert [name.value for name in names] == [user(1)["userName"]] and "," in names[0].value
    assert tenant.violations == []


def test_the_mail_address_comes_from_the_directory_where_the_cloud_has_none(tenant, joined):
    context = order(tenant, 1, subjectNameFormat="E={{EmailAddress}}")
    work = tenant.work(context)
    work.request["user"]["emailAddress"] = None
    joined.start()
    assert tenant.wait_finished(30), joined.log_tail()
    assert certificate(tenant, joined, context).subject.rfc4514_string().endswith(
        "aoife@directory.example")


def test_a_sid_that_contradicts_the_directory_is_refused(tenant, joined):
    context = order(tenant, 11, includeSecurityIdentifier=True)
    tenant.work(context).request["user"]["onPremisesSecurityIdentifier"] = f"{DOMAIN_SID}-1666"
    joined.start()
    assert tenant.wait_finished(30), joined.log_tail()
    result = tenant.work(context).result
    assert result["status"] == "failed"
    assert "onPremisesSecurityIdentifier" in result["errorMessage"]


def test_an_account_the_directory_does_not_know_is_named(tenant, joined):
    context = order(tenant, 8, includeSecurityIdentifier=True)
    joined.start()
    assert tenant.wait_finished(30), joined.log_tail()
    result = tenant.work(context).result
    assert result["status"] == "failed" and user(8)["userPrincipalName"] in result["errorMessage"]


def test_while_the_directory_is_down_those_who_need_it_wait_and_others_go_on(
        tenant, joined, slapd):
    slapd.stop()
    # Without a rule about groups only the variables need the directory.
    for name in ("policy users", "policy devices"):
        joined.config[name]["refused_groups"] = "none"
    waiting = order(tenant, 11, subjectNameFormat="CN={{OnPrem_Distinguished_Name}}")
    going = order(tenant, 11)
    joined.start()
    assert tenant.wait(lambda t: t.work(going).state == "finished", 30), joined.log_tail()
    certificate(tenant, joined, going)
    assert not tenant.wait(lambda t: t.work(waiting).state == "finished", 2)
    slapd.start()
    assert tenant.wait_finished(30), joined.log_tail()
    certificate(tenant, joined, waiting)


def test_check_tells_what_is_wrong_with_the_directory(host, tenant, slapd):
    setups.use_directory(host, slapd)
    host.start()
    assert host.tool("check", check=False).returncode == 0, host.tool("check", check=False).stdout
    slapd.stop()
    told = host.tool("check", check=False)
    assert told.returncode != 0 and f":{slapd.port}" in told.stdout
