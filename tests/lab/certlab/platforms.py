# SPDX-License-Identifier: Apache-2.0
"""The platforms of the protocol by family, and what the family decides."""

WINDOWS = ("windows", "windows10AndLater")
APPLE = ("iOS", "iPadOS", "macOS")
# How an Android Enterprise device is owned, by the finer name of its platform.
OWNERSHIPS = {
    "androidWorkProfile": "workProfile", "androidFullyManaged": "fullyManaged",
    "androidDedicated": "dedicated", "androidCorporateOwned": "corporateOwned",
}
FAMILIES = {
    **{name: "windows" for name in WINDOWS}, "macOS": "macOS", "iOS": "iOS", "iPadOS": "iOS",
    "androidDeviceAdministrator": "androidDeviceAdministrator",
    "androidEnterprise": "androidEnterprise",
    **{name: "androidEnterprise" for name in OWNERSHIPS}, "agent": "agent",
}
ENVELOPES = {"windows": "windowsCsp", "macOS": "applePayload", "iOS": "applePayload"}


def family(platform):
    """The family of a name; letter case does not matter. KeyError names a platform nobody has."""
    for name, found in FAMILIES.items():
        if name.lower() == platform.lower():
            return found
    raise KeyError(f"platform {platform}")


def envelope_of(platform):
    return ENVELOPES.get(family(platform), "agent")
