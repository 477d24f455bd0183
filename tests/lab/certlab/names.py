# SPDX-License-Identifier: Apache-2.0
"""Subject formats and alternative names, from their text to what the encoding has to hold.

Written from docs/protocol/connector-api.md alone, so that it agrees with the connector only where
both read it in the same way.
"""

import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from .orders import VARIABLES

TYPES = {
    "CN": NameOID.COMMON_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "O": NameOID.ORGANIZATION_NAME, "L": NameOID.LOCALITY_NAME, "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME, "S": NameOID.STATE_OR_PROVINCE_NAME,
    "E": NameOID.EMAIL_ADDRESS, "EMAIL": NameOID.EMAIL_ADDRESS, "DC": NameOID.DOMAIN_COMPONENT,
    "G": NameOID.GIVEN_NAME, "GIVENNAME": NameOID.GIVEN_NAME, "SN": NameOID.SURNAME,
    "SURNAME": NameOID.SURNAME, "SERIALNUMBER": NameOID.SERIAL_NUMBER, "T": NameOID.TITLE,
    "TITLE": NameOID.TITLE, "I": x509.ObjectIdentifier("2.5.4.43"),
    "INITIALS": x509.ObjectIdentifier("2.5.4.43"), "STREET": NameOID.STREET_ADDRESS,
    "UID": NameOID.USER_ID,
}
FIXED = {
    "commonname": "CN={{UserName}}",
    "commonnameincludingemail": "CN={{UserName}},E={{EmailAddress}}",
    "commonnameasemail": "CN={{EmailAddress}}",
    "commonnameasimei": "CN={{IMEINumber}}",
    "commonnameasserialnumber": "CN={{SerialNumber}}",
    "commonnameasaaddeviceid": "CN={{AAD_Device_ID}}",
    "commonnameasintunedeviceid": "CN={{DeviceId}}",
}
SID_URI = "tag:microsoft.com,2022-09-14:sid:"
WHOLE_NAME = "{{onprem_distinguished_name}}"
# Tags of the ASN.1 string types by attribute; the others are UTF8String.
PRINTABLE, IA5, UTF8 = 19, 22, 12
STRINGS = {
    NameOID.COUNTRY_NAME: PRINTABLE, NameOID.SERIAL_NUMBER: PRINTABLE,
    NameOID.EMAIL_ADDRESS: IA5, NameOID.DOMAIN_COMPONENT: IA5,
}


def expand(text, request):
    """The text with all variables replaced; KeyError names one without a value."""
    known = {name.lower(): member for name, member in VARIABLES.items()}

    def value(match):
        member = known[match[1].lower()]
        for source in (request["device"], request.get("user") or {}):
            if source.get(member):
                return source[member]
        raise KeyError(match[1])

    return re.sub(r"\{\{(.*?)\}\}", value, text)


def split_subject(text):
    """[[(type, pattern)...]...] as written: the RDNs, and the attributes of each."""
    parts, current, quoted, index = [[]], "", False, 0
    while index < len(text):
        char = text[index]
        if char == "\\" and not quoted:
            pair = re.match(r"(\\[0-9A-Fa-f]{2})+", text[index:])
            if pair:
                current += bytes.fromhex(pair[0].replace("\\", "")).decode("utf-8")
                index += len(pair[0])
                continue
            index += 1
            current += text[index]
        elif char == '"' and quoted and text[index + 1:index + 2] == '"':
            index += 1
            current += '"'
        elif char == '"':
            quoted = not quoted
        elif char in ",;+\r\n" and not quoted:
            parts[-1].append(current)
            current = ""
            if char != "+":
                parts.append([])
        else:
            current += char
        index += 1
    parts[-1].append(current)
    split = [[item.partition("=") for item in part if item.strip()] for part in parts]
    return [[(name.strip().upper(), value.strip()) for name, _, value in part]
            for part in split if part]


def _type(name):
    name = name.removeprefix("OID.")
    return TYPES[name] if name in TYPES else x509.ObjectIdentifier(name)


def _value(text, request):
    """A value after expansion; #hex is DER of one string."""
    if re.fullmatch(r"#([0-9A-Fa-f]{2})+", text):
        data = bytes.fromhex(text[1:])
        return data[2:].decode("utf-8")
    return expand(text, request)


def subject(request, as_written=False):
    """The RDNs as sets of (type, value); by default the one written last first."""
    text = request["profile"]["subjectNameFormat"]
    written = split_subject(FIXED.get(text.lower(), text))
    found = []
    for part in written:
        if len(part) == 1 and part[0][0] == "CN" and part[0][1].lower() == WHOLE_NAME:
            inner = split_subject(expand(part[0][1], request))
            found += [{(_type(name), value) for name, value in rdn} for rdn in inner]
        else:
            found.append({(_type(name), _value(value, request)) for name, value in part})
    return found if as_written else found[::-1]


def string_types(name):
    """Sentences about attributes whose string is of the wrong type."""
    found = []
    for attribute in name:
        wanted = STRINGS.get(attribute.oid, UTF8)
        if attribute._type.value != wanted:  # the library tells nobody else
            found.append(f"{attribute.oid.dotted_string} is {attribute._type.name}")
    return found


def _domain(text):
    """A-labels of a host name; IDNA 2003 is good enough for what tests use."""
    return text if text.isascii() else text.encode("idna").decode("ascii")


def alternative(kind, value):
    """(kind, value) as it is encoded: A-labels, and SmtpUTF8Mailbox beside rfc822Name."""
    if kind == "domainNameService":
        return kind, _domain(value)
    if kind == "emailAddress":
        local, _, domain = value.rpartition("@")
        if local.isascii():
            return kind, f"{local}@{_domain(domain)}"
        return "smtpUtf8Mailbox", f"{local}@{_domain(domain)}"
    return kind, value
