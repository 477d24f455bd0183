# SPDX-License-Identifier: Apache-2.0
"""Invented employees and machines: names with umlauts, commas, apostrophes and other alphabets."""

import uuid

from .platforms import envelope_of, family

# given name, surname, ASCII account name, department; "comma" accounts show "Surname, Given".
NAMES = [
    ("Jörg", "Müller", "joerg.mueller", "Vertrieb"),
    ("Aoife", "O'Brien", "aoife.obrien", "Finance, Payroll"),
    ("Łukasz", "Żółć", "lukasz.zolc", "R&D"),
    ("María José", "García Núñez", "mariajose.garcia", "Legal"),
    ("Ngọc", "Nguyễn", "ngoc.nguyen", "Field + Service"),
    ("Søren", "Ågård", "soren.agard", "Drift"),
    ("太郎", "山田", "taro.yamada", "営業"),
    ("Дарья", "Иванова", "darya.ivanova", "Support"),
    ("Zoë", "van der Berg", "zoe.vanderberg", "IT"),
    ("Anne-Marie", "Lefèvre", "annemarie.lefevre", "Qualité"),
    ("Ines", "Kovač", "ines.kovac", "Produktion <3>"),
    ("Sam", "Smith", "sam.smith", "Sales"),
]
DOMAIN = "corp.example"
DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"


def escape_rdn(text):
    return "".join("\\" + char if char in ',+"\\<>;=#' else char for char in text)


def make_user(index):
    given, surname, account, department = NAMES[index % len(NAMES)]
    turn = index // len(NAMES)
    if turn:
        account, surname = f"{account}{turn + 1}", f"{surname} {turn + 1}"
    shown = f"{surname}, {given}" if index % 3 == 1 else f"{given} {surname}"
    return {
        "userName": shown,
        "userPrincipalName": f"{account}@{DOMAIN}",
        "emailAddress": f"{account}@mail.{DOMAIN}",
        "givenName": given,
        "surname": surname,
        "department": department,
        "onPremisesDistinguishedName": f"CN={escape_rdn(shown)},OU=Staff,DC=corp,DC=example",
        "onPremisesSamAccountName": account[:20],
        "onPremisesSecurityIdentifier": f"{DOMAIN_SID}-{1100 + index}",
    }


# platform, OS version, prefix of the machine's name
MACHINES = [
    ("windows", "10.0.22631.3296", "DESKTOP"),
    ("macOS", "15.1", "MacBook"),
    ("iOS", "18.1", "iPhone"),
    ("androidEnterprise", "14.0", "Pixel"),
    ("agent", "12.7", "node"),
    ("androidDeviceAdministrator", "14.0", "Tablet"),
    ("windows", "10.0.14393.0", "LTSB"),
    ("macOS", "14.6", "iMac"),
    ("iOS", "17.5.1 (21F90)", "iPad"),
    ("androidDeviceAdministrator", "12.0", "Scanner"),
]
PLATFORMS = sorted({machine[0] for machine in MACHINES})
# The finer names of platforms: given only when they are asked for.
FINER = [
    ("windows10AndLater", "10.0.26100.1742", "DESKTOP"),
    ("iPadOS", "18.2", "iPad"),
    ("androidWorkProfile", "13.0", "Pixel"),
    ("androidFullyManaged", "14.0", "Handy"),
    ("androidDedicated", "15.0", "Kiosk"),
    ("androidCorporateOwned", "12.0", "Fold"),
]
ALL_PLATFORMS = sorted({machine[0] for machine in MACHINES + FINER})
# These read the envelope with our own code, so their certificate may hold an EC key.
AGENT_PLATFORMS = {name for name in ALL_PLATFORMS if envelope_of(name) == "agent"}


def make_device(index, platforms, random):
    """The wire record of a device, without keys."""
    machines = [machine for machine in MACHINES + FINER if machine[0] in platforms]
    platform, version, prefix = machines[index % len(machines)]
    name = f"{prefix}-{random.getrandbits(24):06X}"
    has_host_name = family(platform) in ("windows", "macOS", "agent")
    is_mobile = family(platform) in ("iOS", "androidDeviceAdministrator")
    return {
        "id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
        "platform": platform,
        "osVersion": version,
        "azureADDeviceId": str(uuid.UUID(int=random.getrandbits(128), version=4)),
        "deviceName": name,
        "serialNumber": f"SN{random.getrandbits(32):08X}",
        "imei": f"35{random.randrange(10**13):013d}" if is_mobile else None,
        "meid": None,
        "wiFiMacAddress": f"02{random.getrandbits(40):010X}",
        "fullyQualifiedDomainName": f"{name.lower()}.{DOMAIN}" if has_host_name else None,
    }
