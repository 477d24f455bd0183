# SPDX-License-Identifier: Apache-2.0
"""The public key services of the test domain: CAs, certificate templates and who may use them.

Two CAs, "Corp Issuing CA" and "Corp Second CA"; a template that is right for each kind of key, and
one for each thing that can be wrong with a template. CONN1$ and svc-certferry may read and enroll.
"""
import struct
from pathlib import Path

from samba.dcerpc import security
from samba.ndr import ndr_pack

DOMAIN = "corp.example"
ISSUING_CA, SECOND_CA, ROOT_CA = "Corp Issuing CA", "Corp Second CA", "Corp Root CA"
HOSTS = {ISSUING_CA: f"ca1.{DOMAIN}", SECOND_CA: f"ca2.{DOMAIN}"}
ACCOUNTS = ("CONN1$", "svc-certferry")

ENROLL_RIGHT = "0e10c968-78fb-11d2-90d4-00c04f79dc55"
CLIENT_AUTH, EMAIL, EFS = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.10.3.4"
REQUEST_AGENT = "1.3.6.1.4.1.311.20.2.1"
OID_ARC = "1.3.6.1.4.1.311.21.8.1.2.3.4.5.6.7"
SUPPLIES_SUBJECT, PENDS, NO_SID, EXPORTABLE = 0x1, 0x2, 0x80000, 0x10
DAY = 24 * 60 * 60 * 10_000_000

# Per template what differs from a good one: attributes, and who else may enroll.
TEMPLATES = {
    "CertferryDevice": {},
    "CertferryUser": {"eku": (CLIENT_AUTH, EMAIL)},
    "CertferryPending": {"msPKI-Enrollment-Flag": PENDS},
    "CertferryEC": {
        "msPKI-Minimal-Key-Size": 256,
        "msPKI-Template-Schema-Version": 4,
        "msPKI-Private-Key-Flag": 0x5050000 | EXPORTABLE,
        "msPKI-RA-Application-Policies":
            "msPKI-Asymmetric-Algorithm`PZPWSTR`ECDH_P256`msPKI-Hash-Algorithm`PZPWSTR`SHA256`"
            "msPKI-Key-Usage`DWORD`16777215`msPKI-Symmetric-Algorithm`PZPWSTR`3DES`"
            "msPKI-Symmetric-Key-Length`DWORD`168`",
        "pKIKeyUsage": b"\x88\x00",
    },
    "CertferryBadSubject": {"msPKI-Certificate-Name-Flag": -2113929216},
    "CertferryBadKey": {"msPKI-Minimal-Key-Size": 4096},
    "CertferryOpen": {"enrollers": ("DU", "AU")},
    "CertferryDenied": {"accounts": ()},
    "CertferryNotPublished": {},
    "CertferryRaSign": {"eku": (REQUEST_AGENT,), "pKIKeyUsage": b"\x80\x00"},
    "CertferryRaEncryption": {"eku": (REQUEST_AGENT,), "pKIKeyUsage": b"\x20\x00"},
}
PUBLISHED = {
    ISSUING_CA: [name for name in TEMPLATES if name != "CertferryNotPublished"],
    SECOND_CA: ["CertferryDevice", "CertferryUser"],
}
CES_URLS = {
    ISSUING_CA: (
        f"1\n2\n0\nhttps://{HOSTS[ISSUING_CA]}/Corp%20Issuing%20CA_CES_Kerberos/service.svc/CES\n0",
        f"2\n4\n0\nhttps://{HOSTS[ISSUING_CA]}/Corp%20Issuing%20CA_CES_UsernamePassword"
        "/service.svc/CES\n0",
        f"3\n8\n0\nhttps://{HOSTS[ISSUING_CA]}/Corp%20Issuing%20CA_CES_Certificate/service.svc/CES",
    ),
    SECOND_CA: (),
}


def interval(days):
    """A period as Active Directory writes it: negative, in units of 100 ns."""
    return struct.pack("<q", -days * DAY)


def container(sam, name):
    return f"CN={name},CN=Public Key Services,CN=Services,{sam.get_config_basedn()}"


def sid_of(sam, account):
    found = sam.search(expression=f"(sAMAccountName={account})", attrs=["objectSid"])
    return str(sam.schema_format_value("objectSid", found[0]["objectSid"][0]), "ascii")


def descriptor(sam, accounts, enrollers):
    domain_sid = security.dom_sid(sam.get_domain_sid())
    sids = [*(sid_of(sam, name) for name in accounts), *enrollers]
    sddl = "O:DAG:DAD:PAI" + "".join(
        [f"(OA;;CR;{ENROLL_RIGHT};;{sid})(A;;LCRPLORC;;;{sid})" for sid in sids] +
        ["(A;;LCRPLORC;;;AU)", "(A;;CCDCLCSWRPWPDTLOSDRCWDWO;;;DA)"])
    return ndr_pack(security.descriptor.from_sddl(sddl, domain_sid))


def add_template(sam, number, name, differs):
    differs = dict(differs)
    ekus = differs.pop("eku", (CLIENT_AUTH,))
    accounts = differs.pop("accounts", ACCOUNTS)
    enrollers = differs.pop("enrollers", ())
    attributes = {
        "displayName": name.replace("Certferry", "Certferry "),
        "flags": 131642,
        "revision": 100,
        "pKIDefaultKeySpec": 1,
        "pKIMaxIssuingDepth": 0,
        "pKICriticalExtensions": "2.5.29.15",
        "pKIKeyUsage": b"\xa0\x00",
        "pKIExpirationPeriod": interval(365),
        "pKIOverlapPeriod": interval(42),
        "pKIExtendedKeyUsage": ekus,
        "msPKI-Certificate-Application-Policy": ekus,
        "msPKI-RA-Signature": 0,
        "msPKI-Enrollment-Flag": 0,
        "msPKI-Private-Key-Flag": 0x1010000 | EXPORTABLE,
        "msPKI-Certificate-Name-Flag": SUPPLIES_SUBJECT,
        "msPKI-Minimal-Key-Size": 2048,
        "msPKI-Template-Schema-Version": 2,
        "msPKI-Template-Minor-Revision": 3,
        "msPKI-Cert-Template-OID": f"{OID_ARC}.{number}",
        "nTSecurityDescriptor": descriptor(sam, accounts, enrollers),
        **differs,
    }
    sam.add({"dn": f"CN={name},{container(sam, 'Certificate Templates')}",
             "objectClass": "pKICertificateTemplate", **as_values(attributes)})


def as_values(attributes):
    def value(one):
        return one if isinstance(one, bytes) else str(one)

    return {name: [value(one) for one in given] if isinstance(given, (tuple, list))
            else value(given) for name, given in attributes.items() if given != ()}


def add_service(sam, name, certs):
    sam.add({"dn": f"CN={name},{container(sam, 'Enrollment Services')}",
             "objectClass": "pKIEnrollmentService",
             **as_values({"displayName": name, "dNSHostName": HOSTS[name], "flags": 10,
                          "cACertificateDN": f"CN={name},DC=corp,DC=example",
                          "certificateTemplates": PUBLISHED[name],
                          "msPKI-Enrollment-Servers": CES_URLS[name],
                          "cACertificate": certs})})


def add_certs(sam, dn, certs):
    """A certificationAuthority: it has to have a certificate and revocation lists."""
    if certs:
        sam.add({"dn": dn, "objectClass": "certificationAuthority",
                 **as_values({"cACertificate": certs, "authorityRevocationList": b"\0",
                              "certificateRevocationList": b"\0"})})


def populate(sam, issuing=None, second=None, root=None):
    """Each argument: a file with the CA's certificate in DER, or None."""
    certs = {name: (Path(path).read_bytes(),) if path else ()
             for name, path in ((ISSUING_CA, issuing), (SECOND_CA, second), (ROOT_CA, root))}
    for number, (name, differs) in enumerate(TEMPLATES.items(), start=1):
        add_template(sam, number, name, differs)
    for name in (ISSUING_CA, SECOND_CA):
        add_service(sam, name, certs[name])
        add_certs(sam, f"CN={name},{container(sam, 'AIA')}", certs[name])
    add_certs(sam, f"CN={ROOT_CA},{container(sam, 'Certification Authorities')}", certs[ROOT_CA])
    trusted = tuple(dict.fromkeys(certs[ISSUING_CA] + certs[SECOND_CA]))
    add_certs(sam, f"CN=NTAuthCertificates,CN=Public Key Services,CN=Services,"
                   f"{sam.get_config_basedn()}", trusted)
