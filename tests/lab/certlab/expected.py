# SPDX-License-Identifier: Apache-2.0
"""What a certificate has to say, worked out from the request alone, and where it differs."""

import datetime
import re

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from .orders import VARIABLES

TYPES = {
    "CN": NameOID.COMMON_NAME, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "O": NameOID.ORGANIZATION_NAME, "L": NameOID.LOCALITY_NAME, "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME, "S": NameOID.STATE_OR_PROVINCE_NAME,
    "E": NameOID.EMAIL_ADDRESS, "DC": NameOID.DOMAIN_COMPONENT, "G": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME, "SERIALNUMBER": NameOID.SERIAL_NUMBER, "T": NameOID.TITLE,
    "UID": NameOID.USER_ID,
}
UPN = "1.3.6.1.4.1.311.20.2.3"
SID = "tag:microsoft.com,2022-09-14:sid:"
DAYS = {"days": 1, "months": 31, "years": 366}


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
            index += 1
            current += text[index]
        elif char == '"' and quoted and text[index + 1:index + 2] == '"':
            index += 1
            current += '"'
        elif char == '"':
            quoted = not quoted
        elif char in ",;+" and not quoted:
            parts[-1].append(current)
            current = ""
            if char != "+":
                parts.append([])
        else:
            current += char
        index += 1
    parts[-1].append(current)
    split = [[item.partition("=") for item in part] for part in parts]
    return [[(name.strip().upper(), value.strip()) for name, _, value in part] for part in split]


def subject(request):
    """The RDNs as sets of (type, value), the one written last first: the order of the encoding."""
    written = split_subject(request["profile"]["subjectNameFormat"])
    return [
        {(TYPES[name], expand(value, request)) for name, value in part}
        for part in reversed(written)
    ]


def alternative_names(request):
    return {
        (name["type"], expand(name["value"], request))
        for name in request["profile"]["subjectAlternativeNames"]
    }


def _extension(certificate, oid):
    try:
        return certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return []


def _found_names(certificate):
    found = set()
    for name in _extension(certificate, ExtensionOID.SUBJECT_ALTERNATIVE_NAME):
        if isinstance(name, x509.RFC822Name):
            found.add(("emailAddress", name.value))
        elif isinstance(name, x509.DNSName):
            found.add(("domainNameService", name.value))
        elif isinstance(name, x509.UniformResourceIdentifier):
            found.add(("universalResourceIdentifier", name.value))
        elif isinstance(name, x509.OtherName) and name.type_id.dotted_string == UPN:
            # UTF8String with a length of one octet, or of two from 128 characters on
            skip = 2 if name.value[1] < 0x80 else 3
            found.add(("userPrincipalName", name.value[skip:].decode("utf-8")))
        else:
            found.add((type(name).__name__, str(name)))
    return found


def differences(request, certificate):
    """Sentences about what the certificate does not say as the profile asked; [] when all is."""
    profile, found = request["profile"], []
    got = [{(a.oid, a.value) for a in rdn} for rdn in certificate.subject.rdns]
    wanted = subject(request)
    if got != wanted:
        found.append(f"subject {certificate.subject.rfc4514_string()} instead of {wanted}")
    names, asked = _found_names(certificate), alternative_names(request)
    if profile.get("includeSecurityIdentifier"):
        names = {name for name in names if not name[1].startswith(SID)}
    if names != asked:
        found.append(f"alternative names {sorted(names)} instead of {sorted(asked)}")
    usages = {u.dotted_string for u in _extension(certificate, ExtensionOID.EXTENDED_KEY_USAGE)}
    if profile["extendedKeyUsages"] and usages != set(profile["extendedKeyUsages"]):
        found.append(f"extended key usages {sorted(usages)}")
    key = certificate.public_key()
    size = key.key_size
    is_rsa = isinstance(key, rsa.RSAPublicKey)
    if profile.get("keySize") and (size, is_rsa) != (profile["keySize"], profile["keySize"] > 1000):
        found.append(f"key of {size} bits instead of {profile['keySize']}")
    wish = profile.get("validityPeriod")
    if wish:
        longest = datetime.timedelta(days=wish["value"] * DAYS[wish["scale"]] + 2)
        if certificate.not_valid_after - certificate.not_valid_before > longest:
            found.append(f"valid until {certificate.not_valid_after}, longer than {wish}")
    return found
