# SPDX-License-Identifier: Apache-2.0
"""Subject formats and alternative names: every variable, every way of quoting, and what must fail."""

import pytest
from cryptography.x509.oid import NameOID

import setups
from cases import Cases
from certlab import orders, people
from certlab.state import Tenant
from host import Host

USER_VARIABLES = (
    "UserName", "UserPrincipalName", "EmailAddress", "GivenName", "SurName", "Department",
    "onPremisesSamAccountName",
)
DEVICE_VARIABLES = tuple(
    name for name, member in orders.VARIABLES.items()
    if member in ("id", "azureADDeviceId", "deviceName", "serialNumber", "wiFiMacAddress"))
MOBILE_VARIABLES = ("IMEI", "IMEINumber", "Device_IMEI")
COMPANY = "Test User (TestCompany, LLC)"

# label: (platform, subject format, changes of the user, what the CN must be or None)
GOOD = {
    **{f"{name} around": ("windows", f"CN=a-{{{{{name}}}}}-b,O=Corp", {}, None)
       for name in (*USER_VARIABLES, *DEVICE_VARIABLES, "FullyQualifiedDomainName")},
    **{f"{name} around": ("iOS", f"CN=a-{{{{{name}}}}}-b", {}, None)
       for name in MOBILE_VARIABLES},
    "MEID around": ("agent", "CN=a-{{MEID}}-b", {}, None),
    "any case": ("windows", "cn={{USERNAME}},e={{emailaddress}}", {}, None),
    "escaped comma": ("windows", "CN=Test User (TestCompany\\, LLC),OU=UserAccounts,DC=corp,"
                      "DC=contoso,DC=com", {}, COMPANY),
    "quoted comma": ("windows", 'CN="Test User (TestCompany, LLC)",OU=UserAccounts,DC=corp,'
                     "DC=contoso,DC=com", {}, COMPANY),
    "no comma": ("windows", "CN=Test User (TestCompany LLC),OU=UserAccounts,DC=corp,DC=contoso,"
                 "DC=com", {}, "Test User (TestCompany LLC)"),
    "escaped others": ("windows", "CN=a\\+b\\;c\\=d,O=x", {}, "a+b;c=d"),
    "doubled quotes": ("windows", 'CN="say ""hi""",O=x', {}, 'say "hi"'),
    "hex pairs": ("windows", "CN=J\\C3\\B6rg,O=x", {}, "Jörg"),
    "semicolons": ("windows", "CN={{UserName}};O=x;C=DE", {}, None),
    "lines": ("windows", "CN={{UserName}}\nO=x\nC=DE", {}, None),
    "several in one RDN": ("windows", "CN={{UserName}}+OU=Mobile,O=x", {}, None),
    "all keywords": ("windows", "CN=a,E=a@b.example,OU=b,O=c,L=d,S=e,C=DE,DC=f,G=g,SN=h,I=i,T=j,"
                     "STREET=k,SERIALNUMBER=l", {}, "a"),
    "long keywords": ("windows", "CN=a,Email=a@b.example,ST=e,GivenName=g,SurName=h,Initials=i,"
                      "Title=j", {}, "a"),
    "object identifiers": ("windows", "CN=a,2.5.4.11=b,OID.2.5.4.10=c", {}, "a"),
    "of the document": ("windows", "CN={{UserName}},E={{EmailAddress}},OU=Mobile,O=Finance Group,"
                        "L=Redmond,ST=Washington,C=US", {}, None),
    "value like a name": ("windows", "CN={{UserName}},O=Corp", {"userName": "x,CN=root"},
                          "x,CN=root"),
    "value like a variable": ("windows", "CN={{UserName}}", {"userName": "{{DeviceName}}"},
                              "{{DeviceName}}"),
    "value with a plus": ("windows", "CN={{UserName}}", {"userName": "a+OU=b"}, "a+OU=b"),
    "distinguished name": ("windows", "CN={{OnPrem_Distinguished_Name}}", {
        "onPremisesDistinguishedName": "CN=Smith\\, Sam,OU=UserAccounts,DC=corp,DC=example"},
                           "Smith, Sam"),
    **{f"fixed {name}": ("iOS", name, {}, None) for name in (
        "commonName", "commonNameIncludingEmail", "commonNameAsEmail", "commonNameAsIMEI",
        "commonNameAsSerialNumber", "commonNameAsAadDeviceId", "commonNameAsIntuneDeviceId")},
}
LONG = "x" * 65
# label: (platform, profile, changes of request members, words the error must have)
BAD = {
    "unknown variable": ("windows", {"subjectNameFormat": "CN={{ShoeSize}}"}, {}, ["ShoeSize"]),
    "missing brace": ("windows", {"subjectNameFormat": "CN={{UserName}"}, {}, ["subjectNameFormat"]),
    "no value": ("windows", {"subjectNameFormat": "CN={{Department}}"},
                 {"user": {"department": None}}, ["Department"]),
    "empty value": ("windows", {"subjectNameFormat": "CN={{UserName}}"},
                    {"user": {"userName": ""}}, ["UserName"]),
    "no IMEI": ("windows", {"subjectNameFormat": "CN={{IMEI}}"}, {}, ["IMEI"]),
    "FQDN outside Windows": ("macOS", {"subjectNameFormat": "CN={{FullyQualifiedDomainName}}"}, {},
                             ["FullyQualifiedDomainName", "Windows"]),
    **{f"{name} for a device": ("windows", {
        "certificateType": "device", "certificateTemplateName": "CertferryDevice",
        "subjectNameFormat": f"CN={{{{{name}}}}}"}, {}, [name]) for name in USER_VARIABLES},
    "DN for a device": ("windows", {
        "certificateType": "device", "subjectNameFormat": "CN={{OnPrem_Distinguished_Name}}"}, {},
                        ["OnPrem_Distinguished_Name"]),
    "too long": ("windows", {"subjectNameFormat": f"CN={LONG}"}, {}, ["64"]),
    "country": ("windows", {"subjectNameFormat": "CN=a,C=DEU"}, {}, ["C"]),
    "unknown keyword": ("windows", {"subjectNameFormat": "CN=a,OG=b"}, {}, ["OG"]),
    "control character": ("windows", {"subjectNameFormat": "CN={{DeviceName}}"},
                          {"device": {"deviceName": "a\u202eb"}}, []),
    "DN with text": ("windows", {"subjectNameFormat": "CN=x{{OnPrem_Distinguished_Name}}"}, {},
                     ["OnPrem_Distinguished_Name"]),
    "SAN without value": ("windows", {"subjectAlternativeNames": [
        {"type": "emailAddress", "value": "{{EmailAddress}}"}]}, {"user": {"emailAddress": None}},
                          ["EmailAddress"]),
    **{f"SAN with {char} after a variable": ("windows", {"subjectAlternativeNames": [
        {"type": "userPrincipalName", "value": "{{UserName}}" + char}]}, {}, [])
       for char in "{}|;"},
    "DNS name that is none": ("windows", {"subjectAlternativeNames": [
        {"type": "domainNameService", "value": "a b.example"}]}, {}, ["DNS"]),
}
NAMES = {
    "text around": [("userPrincipalName", "x.{{UserPrincipalName}}.y"),
                    ("universalResourceIdentifier", "urn:x:{{DeviceId}}:y")],
    "international": [("emailAddress", "a@bücher.example"), ("emailAddress", "jörg@corp.example"),
                      ("domainNameService", "bücher.example")],
    "upn of another script": [("userPrincipalName", "太郎@corp.example")],
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("subjects")
    with Tenant(folder / "lab", lease_seconds=60, retry_seconds=0.1) as tenant, \
            Host(folder / "host", tenant, key="p256") as host:
        setups.allow_everything(host, cas="corp written")
        setups.add_ca(host, "written", "As Written CA")
        host.config["ca written"].update(rdn_order="as-written", enforce_dn_limits="no")
        cases = Cases(tenant, host)
        cases.issuers += (host.directory / "ca-written.pem").read_text()
        sam = {**people.make_user(11), "userName": "Sam Smith"}
        for name in ("windows", "iOS", "macOS", "agent"):
            cases.devices[name, ()] = tenant.add_devices(
                1, platforms=[name], key_size=256, user=sam, with_user=True)[0]
        cases.device("agent").record["meid"] = "35689901234567"
        for label, (platform, text, user, _) in GOOD.items():
            cases.add(label, platform, {"subjectNameFormat": text},
                      members={"user": user})
        for label, names in NAMES.items():
            cases.add(label, "windows", {"subjectAlternativeNames": [
                {"type": kind, "value": value} for kind, value in names]})
        cases.add("as written", "windows", {
            "subjectNameFormat": f"CN={LONG},OU=b,O=c",
            "certificationAuthority": "written.corp.example",
            "certificationAuthorityName": "As Written CA"})
        for label, (platform, profile, members, _) in BAD.items():
            cases.add(label, platform, profile, members=members)
        cases.run()
        yield cases
        assert tenant.lab_errors == [] and tenant.violations == []
        assert host.stop() == 0, host.log_tail()


@pytest.mark.parametrize("label", GOOD)
def test_a_subject_format_gives_the_right_rdns(site, label):
    certificate = site.issued(label, opened=False)
    if GOOD[label][3]:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert [name.value for name in names] == [GOOD[label][3]]


@pytest.mark.parametrize("label", NAMES)
def test_alternative_names_are_encoded_by_the_book(site, label):
    site.issued(label, opened=False)


def test_a_ca_may_want_the_order_as_written_and_no_limits(site):
    certificate = site.issued("as written", opened=False, as_written=True)
    assert certificate.subject.rdns[0].get_attributes_for_oid(NameOID.COMMON_NAME)


@pytest.mark.parametrize("label", BAD)
def test_what_cannot_be_done_fails_and_names_itself(site, label):
    told = site.refused(label)
    for word in BAD[label][3]:
        assert word.lower() in told.lower()
    assert len(told) > 20
