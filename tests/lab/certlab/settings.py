# SPDX-License-Identifier: Apache-2.0
"""The settings of a PKCS certificate profile: which platform has which, and what they may hold.

The table is the administrators' own: a setting that a platform does not offer cannot be given.
"""

import re

from . import platforms

PLATFORMS = ("windows", "macOS", "iOS", "androidEnterprise", "androidDeviceAdministrator", "agent")
ANDROID = ("androidEnterprise", "androidDeviceAdministrator")
OWNERSHIPS = tuple(platforms.OWNERSHIPS.values())
COMPANY_OWNED = ("fullyManaged", "dedicated", "corporateOwned")
STORAGE_PROVIDERS = (
    "useTpmKspOtherwiseUseSoftwareKsp", "useTpmKspOtherwiseFail",
    "usePassportForWorkKspOtherwiseFail", "useSoftwareKsp",
)
# KeyLocation of the Windows ClientCertificateInstall provider.
KEY_LOCATIONS = {
    "useTpmKspOtherwiseFail": 1, "useTpmKspOtherwiseUseSoftwareKsp": 2, "useSoftwareKsp": 3,
    "usePassportForWorkKspOtherwiseFail": 4,
}
NAME_TYPES = (
    "emailAddress", "userPrincipalName", "domainNameService", "universalResourceIdentifier",
)
DAYS = {"days": 1, "months": 31, "years": 366}
SHORTEST, LONGEST = 5, 2 * 366
# The portal refuses this one in PKCS profiles: the SID has a setting of its own.
SID_VARIABLE = "{{onpremisessecurityidentifier}}"


class BadProfile(ValueError):
    """A profile that the administrators' portal would not save; the text names the setting."""


def _text(low, high):
    def check(value):
        if not isinstance(value, str) or not low <= len(value) <= high:
            return f"text of {low} to {high} characters"
        return None
    return check


def _one_of(*values):
    return lambda value: None if value in values else f"one of {list(values)}"


def _flag(value):
    return None if isinstance(value, bool) else "true or false"


def _percent(value):
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 99
    return None if good else "1 to 99"


def _validity(value):
    if not isinstance(value, dict) or value.get("scale") not in DAYS:
        return "{value, scale days, months or years}"
    days = value.get("value", 0) * DAYS[value["scale"]]
    return None if SHORTEST <= days <= LONGEST else "five days to two years"


def _names(value):
    if not isinstance(value, list) or len(value) > 500:
        return "a list of at most 500"
    for name in value:
        if name.get("type") not in NAME_TYPES or not name.get("value"):
            return f"type (one of {list(NAME_TYPES)}) and value in each"
        if SID_VARIABLE in name["value"].lower():
            return "no OnPremisesSecurityIdentifier; includeSecurityIdentifier is for that"
    return None


def _usages(value):
    if not isinstance(value, list) or len(value) > 32:
        return "a list of at most 32"
    right = all(re.fullmatch(r"[0-2](\.(0|[1-9]\d*))+", item) for item in value)
    return None if right else "dotted object identifiers"


def _ownerships(value):
    right = isinstance(value, list) and value and set(value) <= set(OWNERSHIPS)
    return None if right else f"some of {list(OWNERSHIPS)}"


def _access(value):
    if value == "userApproval" or isinstance(value, list) and value:
        return None
    return "userApproval or a list of apps"


# setting: (platforms that offer it, default, check)
TABLE = {
    "certificationAuthority": (PLATFORMS, "ca1.corp.example", _text(1, 253)),
    "certificationAuthorityName": (PLATFORMS, "Corp Issuing CA", _text(1, 256)),
    "certificateTemplateName": (PLATFORMS, "CertferryWiFi", _text(1, 128)),
    "certificateType": (PLATFORMS, "user", _one_of("user", "device")),
    "subjectNameFormat": (PLATFORMS, "CN={{UserName}},E={{EmailAddress}}", _text(1, 1024)),
    "subjectAlternativeNames": (PLATFORMS, (), _names),
    "keySize": (PLATFORMS, None, _one_of(2048, 3072, 4096, 256, 384)),
    "validityPeriod": (PLATFORMS, {"value": 1, "scale": "years"}, _validity),
    "renewalThresholdPercentage": (PLATFORMS, 20, _percent),
    "includeSecurityIdentifier": (PLATFORMS, None, _flag),
    # iOS and macOS take it from the template
    "extendedKeyUsages": (("windows", "agent", *ANDROID), (), _usages),
    "keyStorageProvider": (("windows",), "useTpmKspOtherwiseUseSoftwareKsp",
                           _one_of(*STORAGE_PROVIDERS)),
    "containerName": (("windows",), None, _text(1, 256)),
    "certificateStore": (("windows",), None, _one_of("user", "machine")),
    "allowAllAppsAccess": (("macOS",), False, _flag),
    # the name of a trusted certificate profile
    "rootCertificate": (("windows", *ANDROID), None, _text(1, 128)),
    "ownerships": (("androidEnterprise",), OWNERSHIPS, _ownerships),
    "certificateAccess": (("androidEnterprise",), "userApproval", _access),
}
# What ends up in the certificate or in how its key is kept. An edit of one of them makes devices
# get a new certificate; an edit of the others changes what the service does by itself.
CERTIFIED = (
    "certificationAuthority", "certificationAuthorityName", "certificateTemplateName",
    "certificateType", "subjectNameFormat", "subjectAlternativeNames", "keySize",
    "validityPeriod", "includeSecurityIdentifier", "extendedKeyUsages", "keyStorageProvider",
    "containerName", "certificateStore", "allowAllAppsAccess", "rootCertificate",
)


def complete(platform, given):
    """All settings of the platform: those given, checked, and the defaults of the others."""
    if platform not in PLATFORMS:
        raise BadProfile(f"platform {platform}: one of {list(PLATFORMS)}")
    for name in given:
        if name not in TABLE:
            raise BadProfile(f"{name}: no such setting; {sorted(TABLE)}")
        if platform not in TABLE[name][0]:
            raise BadProfile(f"{name}: not a setting of {platform}")
    settings = {}
    for name, (platforms, default, check) in TABLE.items():
        if platform not in platforms:
            continue
        value = given.get(name)
        if value is None:
            value = list(default) if isinstance(default, tuple) else default
        elif wanted := check(value):
            raise BadProfile(f"{name}: {wanted}, not {value!r}")
        settings[name] = value
    _check_together(platform, settings)
    return settings


def _check_together(platform, settings):
    store = settings.get("keyStorageProvider")
    is_hello = store == "usePassportForWorkKspOtherwiseFail"
    is_device = settings["certificateType"] == "device"
    if bool(settings.get("containerName")) != is_hello:
        raise BadProfile("containerName: with usePassportForWorkKspOtherwiseFail, and only then")
    if is_hello and (is_device or settings["certificateStore"] == "machine"):
        raise BadProfile("keyStorageProvider: Windows Hello is for user certificates of a user")
    if is_device and settings.get("certificateStore") == "user":
        raise BadProfile("certificateStore: a device certificate belongs to the machine")
    if platform == "iOS" and settings["keySize"] == 4096:
        raise BadProfile("keySize: 4096 is for Windows and Android")
    if settings["keySize"] == 4096 and store in ("useTpmKspOtherwiseFail",
                                                 "usePassportForWorkKspOtherwiseFail"):
        raise BadProfile("keySize: 4096 does not fit a TPM")
    company = set(settings.get("ownerships", ())) & set(COMPANY_OWNED)
    if settings.get("certificateAccess", "userApproval") != "userApproval" and not company:
        raise BadProfile("certificateAccess: only for company-owned Android Enterprise")
    if settings["includeSecurityIdentifier"] and is_device and platform != "windows":
        raise BadProfile("includeSecurityIdentifier: device certificates only on Windows")
