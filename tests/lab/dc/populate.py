#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""populate.py SMB_CONF SAM_LDB [ISSUING_CA_DER [SECOND_CA_DER [ROOT_CA_DER]]]

Accounts, groups, CAs and certificate templates of the test domain, with Samba's own library.
"""
import sys

import ldb
import pki
from samba.auth import system_session
from samba.credentials import Credentials
from samba.param import LoadParm
from samba.samdb import SamDB

PASSWORD = "Us3r!of-the-lab"
MACHINE_PASSWORD = "Mach!ne-0f-the-lab"
SERVICE_PASSWORD = "Serv!ce-0f-the-lab"


def open_sam(conf, path):
    lp = LoadParm()
    lp.load(conf)
    credentials = Credentials()
    credentials.guess(lp)
    return SamDB(url=path, session_info=system_session(), credentials=credentials, lp=lp)


def add_users(sam):
    for name in ("alice", "boss", "gone"):
        sam.newuser(name, PASSWORD, mailaddress=f"{name}@mail.example", useusernameascn=True)
    sam.newuser("svc-certferry", SERVICE_PASSWORD, useusernameascn=True)
    sam.disable_account("(sAMAccountName=gone)")
    base = sam.domain_dn()
    sam.add({"dn": f"OU=Pers\\,onnel,{base}", "objectClass": "organizationalUnit"})
    sam.add({
        "dn": f'CN=Zoë O\\"Brien\\, Jr,OU=Pers\\,onnel,{base}',
        "objectClass": "user",
        "sAMAccountName": "zoë",
        "userPrincipalName": "zoë@corp.example",
    })


def add_groups(sam):
    """alice is in Inner, which is in Outer; boss in Deputies, which are in Domain Admins."""
    for name in ("Inner", "Outer", "Deputies"):
        sam.newgroup(name)
    for group, member in (("Inner", "alice"), ("Outer", "Inner"), ("Deputies", "boss"),
                          ("Domain Admins", "Deputies")):
        sam.add_remove_group_members(group, [member])


def add_computers(sam):
    for name in ("CONN1", "PC1"):
        sam.newcomputer(name)
        sam.setpassword(f"(sAMAccountName={name}$)", MACHINE_PASSWORD)
        message = ldb.Message(sam.search(expression=f"(sAMAccountName={name}$)")[0].dn)
        message["dNSHostName"] = ldb.MessageElement(
            f"{name.lower()}.corp.example", ldb.FLAG_MOD_REPLACE, "dNSHostName")
        sam.modify(message)


def add_service_names(sam):
    """What the service dnsupdate would do, which does not run here; the CAs' hosts are names of
    this one."""
    message = ldb.Message(sam.search(expression="(sAMAccountName=DC1$)")[0].dn)
    names = ["ldap/dc1.corp.example"] + [
        f"{service}/{host}" for host in pki.HOSTS.values() for service in ("host", "HTTP")]
    message["servicePrincipalName"] = ldb.MessageElement(
        names, ldb.FLAG_MOD_ADD, "servicePrincipalName")
    sam.modify(message)


def main():
    sam = open_sam(*sys.argv[1:3])
    add_service_names(sam)
    add_users(sam)
    add_groups(sam)
    add_computers(sam)
    pki.populate(sam, *sys.argv[3:6])


if __name__ == "__main__":
    main()
