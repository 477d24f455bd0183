# SPDX-License-Identifier: Apache-2.0
"""What happens to a PKCS certificate when something ends: a table, kept as data.

Each cell says what the service does: "revoke" at the CA, "remove" from the device. Android Enterprise
follows the only Android column there is; the agent platform is ours and follows Windows.
"""

from . import platforms

REVOKE_AND_REMOVE, REMOVE, NOTHING = ("revoke", "remove"), ("remove",), ()

EVENTS = {
    "unenroll": {
        "windows": REVOKE_AND_REMOVE, "iOS": REVOKE_AND_REMOVE, "macOS": REVOKE_AND_REMOVE,
        "android": REVOKE_AND_REMOVE,
    },
    "retire": {
        "windows": REVOKE_AND_REMOVE, "iOS": REVOKE_AND_REMOVE, "macOS": REVOKE_AND_REMOVE,
        "android": REVOKE_AND_REMOVE,
    },
    "wipe": {
        "windows": REVOKE_AND_REMOVE, "iOS": REVOKE_AND_REMOVE, "macOS": NOTHING,
        "android": REVOKE_AND_REMOVE,
    },
    "leaveGroup": {"windows": REMOVE, "iOS": REMOVE, "macOS": NOTHING, "android": NOTHING},
    "unassign": {"windows": REMOVE, "iOS": REMOVE, "macOS": NOTHING, "android": NOTHING},
    "editProfile": {"windows": NOTHING, "iOS": NOTHING, "macOS": NOTHING, "android": NOTHING},
    "loseLicence": {"windows": NOTHING, "iOS": NOTHING, "macOS": NOTHING, "android": NOTHING},
    "deleteUser": {"windows": NOTHING, "iOS": NOTHING, "macOS": NOTHING, "android": NOTHING},
    "deleteGroup": {"windows": NOTHING, "iOS": NOTHING, "macOS": NOTHING, "android": NOTHING},
}
# A device that gets one of these is no longer managed.
ENDS = ("unenroll", "retire", "wipe")
# An imported PFX is never revoked; it goes when company data go.
IMPORTED = {event: REMOVE if event in ENDS else NOTHING for event in EVENTS}


def column(platform):
    found = platforms.family(platform)
    if found.startswith("android"):
        return "android"
    return "windows" if found == "agent" else found


def actions(event, platform, is_import=False):
    """The cell for an event; KeyError for an event nobody knows."""
    if is_import:
        return IMPORTED[event]
    return EVENTS[event][column(platform)]
