# SPDX-License-Identifier: Apache-2.0
"""The payload array of a configuration profile, read by plistlib and by libplist's plistutil."""

import plistlib
import re
import subprocess
import uuid

from .command import Refused
from .platforms import family


def read_payload(plain, platform, profile):
    """The one dictionary of the array, whose members are exactly those of the document."""
    try:
        payloads = plistlib.loads(plain, fmt=plistlib.FMT_XML)
    except Exception as error:  # plistlib lets errors of expat and of its own parsers through
        raise Refused("applePayload: not an XML property list") from error
    if not isinstance(payloads, list) or len(payloads) != 1 or not isinstance(payloads[0], dict):
        raise Refused("applePayload: the root is not an array of one dictionary")
    payload = payloads[0]
    wanted = {
        "PayloadType": str, "PayloadVersion": int, "PayloadIdentifier": str, "PayloadUUID": str,
        "PayloadDisplayName": str, "PayloadCertificateFileName": str, "Password": str,
        "PayloadContent": bytes,
    }
    if family(platform) == "macOS":
        wanted.update(KeyIsExtractable=bool, AllowAllAppsAccess=bool)
    if set(payload) != set(wanted):
        raise Refused(f"applePayload: members {sorted(set(payload) ^ set(wanted))}")
    for name, kind in wanted.items():
        if type(payload[name]) is not kind:
            raise Refused(f"applePayload: {name} is {type(payload[name]).__name__}")
    if payload["PayloadType"] != "com.apple.security.pkcs12" or payload["PayloadVersion"] != 1:
        raise Refused("applePayload: PayloadType or PayloadVersion")
    if not re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
                        payload["PayloadUUID"]):
        raise Refused("applePayload: PayloadUUID is no UUID")
    if payload.get("KeyIsExtractable") is True:
        raise Refused("applePayload: the key would be extractable")
    if family(platform) == "macOS" and payload["AllowAllAppsAccess"] != bool(
        profile.get("allowAllAppsAccess")
    ):
        raise Refused("applePayload: AllowAllAppsAccess is not the profile's")
    return payload


def as_profile(plain):
    """The configuration profile that a service puts around the array, as a dictionary."""
    return {
        "PayloadType": "Configuration", "PayloadVersion": 1, "PayloadUUID": str(uuid.uuid4()),
        "PayloadIdentifier": "example.corp.profile", "PayloadDisplayName": "WLAN",
        "PayloadContent": plistlib.loads(plain, fmt=plistlib.FMT_XML),
    }


def by_plistutil(plain):
    """The value as libplist understands it: plistutil makes a binary list of the text."""
    done = subprocess.run(["plistutil", "-i", "-", "-o", "-", "-f", "bin"], input=plain,
                          capture_output=True, check=False, timeout=60)
    if done.returncode != 0 or not done.stdout.startswith(b"bplist00"):
        raise Refused(f"plistutil: {done.stderr.decode('utf-8', 'replace').strip() or 'refused'}")
    return plistlib.loads(done.stdout, fmt=plistlib.FMT_BINARY)
