# SPDX-License-Identifier: Apache-2.0
"""The bodies of the published SCEP calls, checked member by member as strictly as they are written."""

import base64
import binascii
import datetime
import re

from cryptography import x509

SERVICE = "ScepRequestValidationFEService"
API_VERSION = "2018-02-20"
ROOTS = {"validateRequest": "request", "successNotification": "notification",
         "failureNotification": "notification"}
AGENT = re.compile(r"certferry/[0-9A-Za-z.+~_-]+")


def _text(low, high):
    return lambda value: isinstance(value, str) and low <= len(value) <= high


def _base64(value):
    """Standard alphabet, padded, one line."""
    try:
        data = base64.b64decode(value, validate=True)
    except (ValueError, TypeError, binascii.Error):
        return False
    return bool(data) and base64.b64encode(data).decode() == value


def _pattern(text):
    return lambda value: isinstance(value, str) and re.fullmatch(text, value)


def _serial(value):
    """Upper hex of whole octets without a sign octet."""
    return _pattern(r"([0-9A-F]{2}){1,20}")(value) and not value.startswith("00")


def _time(value):
    if not _pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")(value):
        return False
    try:
        datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError:
        return False
    return True


def _name(value):
    try:
        return bool(x509.Name.from_rfc4514_string(value).rdns)
    except (ValueError, TypeError):
        return False


def _hresult(value):
    """A failure as a signed number of 32 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and -2**31 <= value < 0


COMMON = {"transactionId": _text(1, 256), "certificateRequest": _base64,
          "callerInfo": _pattern(AGENT.pattern)}
# call: members and their checks; those in OPTIONAL may be absent or null
MEMBERS = {
    "validateRequest": COMMON,
    "successNotification": {
        **COMMON, "certificateThumbprint": _pattern(r"[0-9A-F]{40}"),
        "certificateSerialNumber": _serial, "certificateExpirationDateUtc": _time,
        "issuingCertificateAuthority": _name, "caConfiguration": _text(1, 256),
        "certificateAuthority": _text(1, 256)},
    "failureNotification": {**COMMON, "hResult": _hresult, "errorDescription": _text(1, 255)},
}
OPTIONAL = {"caConfiguration", "certificateAuthority"}


def body_problems(call, value):
    """(sentences, the object inside the root)"""
    root, members = ROOTS[call], MEMBERS[call]
    if not isinstance(value, dict) or set(value) != {root} or not isinstance(value[root], dict):
        return [f"body: not an object with the one member {root}"], None
    inner, problems = value[root], []
    for name in set(inner) - set(members):
        problems.append(f"{root}: unknown member {name}")
    for name, check in members.items():
        if inner.get(name) is None:
            if name not in OPTIONAL:
                problems.append(f"{root}.{name} is missing")
        elif not check(inner[name]):
            problems.append(f"{root}.{name}: {str(inner[name])[:60]!r}")
    return problems, inner


def header_problems(headers):
    problems = []
    if headers.get("Content-Type", "").lower() != "application/json; charset=utf-8":
        problems.append(f"Content-Type {headers.get('Content-Type')!r}")
    if headers.get("api-version") != API_VERSION:
        problems.append(f"api-version {headers.get('api-version')!r}, not {API_VERSION}")
    if not AGENT.fullmatch(headers.get("UserAgent", "")):
        problems.append(f"UserAgent {headers.get('UserAgent')!r}")
    if headers.get("UserAgent") != headers.get("User-Agent"):
        problems.append("UserAgent and User-Agent differ")
    return problems
