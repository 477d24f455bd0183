# SPDX-License-Identifier: Apache-2.0
"""What a certificate has to say, worked out from the request alone, and where it differs."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtensionOID

from . import asn1, names
from .names import SID_URI, expand, split_subject

UPN = "1.3.6.1.4.1.311.20.2.3"
SMTP_UTF8 = "1.3.6.1.5.5.7.8.9"
SID_EXTENSION, SID_NAME = "1.3.6.1.4.1.311.25.2", "1.3.6.1.4.1.311.25.2.1"
DAYS = {"days": 1, "months": 31, "years": 366}


def subject(request, as_written=False):
    """The RDNs as sets of (type, value) in the order of the encoding."""
    return names.subject(request, as_written)


def alternative_names(request):
    """{(kind, value)} as the names of the certificate have to be after encoding."""
    asked = request["profile"].get("subjectAlternativeNames") or []
    return {names.alternative(name["type"], expand(name["value"], request)) for name in asked}


def sid_extension(sid):
    """DER of the security extension's value: one otherName that holds the SID's text."""
    text = asn1.tlv(4, sid.encode("ascii"))
    return asn1.tlv(0x30, asn1.tlv(0xA0, asn1.oid(SID_NAME) + asn1.tlv(0xA0, text)))


def _extension(certificate, oid):
    try:
        return certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return []


def _utf8_text(der):
    """The text of one UTF8String; None when it is something else."""
    if der[:1] != b"\x0c":
        return None
    length, start = (der[1], 2) if der[1] < 0x80 else (
        int.from_bytes(der[2:2 + der[1] - 0x80], "big"), 2 + der[1] - 0x80)
    if len(der) != start + length:
        return None
    return der[start:].decode("utf-8")


def found_names(certificate):
    """{(kind, value)} of the certificate's alternative names."""
    found = set()
    kinds = {x509.RFC822Name: "emailAddress", x509.DNSName: "domainNameService",
             x509.UniformResourceIdentifier: "universalResourceIdentifier"}
    others = {UPN: "userPrincipalName", SMTP_UTF8: "smtpUtf8Mailbox"}
    for name in _extension(certificate, ExtensionOID.SUBJECT_ALTERNATIVE_NAME):
        if type(name) in kinds:
            found.add((kinds[type(name)], name.value))
        elif isinstance(name, x509.OtherName) and name.type_id.dotted_string in others:
            found.add((others[name.type_id.dotted_string], _utf8_text(name.value)))
        else:
            found.add((type(name).__name__, str(name)))
    return found


def _sid_of(certificate):
    extension = _extension(certificate, x509.ObjectIdentifier(SID_EXTENSION))
    return extension.value if extension else None


def _check_sid(request, certificate, found, form, sid):
    """form: where the connector was told to put it. The names without the SID's URI."""
    told = found_names(certificate)
    uris = {name for name in told if name[1] and name[1].startswith(SID_URI)}
    wanted_uri = form in ("uri", "both")
    wanted = {("universalResourceIdentifier", SID_URI + sid)} if sid and wanted_uri else set()
    if uris != wanted:
        found.append(f"SID in the alternative names {sorted(uris)} instead of {sorted(wanted)}")
    value = _sid_of(certificate)
    right = sid_extension(sid) if sid and form in ("extension", "both") else None
    if value != right:
        found.append(f"security extension {value and value.hex()} instead of "
                     f"{right and right.hex()}")
    return told - uris


def differences(request, certificate, *, as_written=False, sid_form="extension", sid=None):
    """Sentences about what the certificate does not say as the profile asked; [] when all is.

    as_written, sid_form: the connector's options for the CA. sid: where the connector has it from
    a directory or always adds it; otherwise the profile asks for the user's.
    """
    profile, found = request["profile"], []
    got = [{(a.oid, a.value) for a in rdn} for rdn in certificate.subject.rdns]
    wanted = subject(request, as_written)
    if got != wanted:
        found.append(f"subject {certificate.subject.rfc4514_string()} instead of {wanted}")
    found += names.string_types(certificate.subject)
    if sid is None and profile.get("includeSecurityIdentifier"):
        sid = request["user"]["onPremisesSecurityIdentifier"]
    told = _check_sid(request, certificate, found, sid_form, sid)
    asked = alternative_names(request)
    if told != asked:
        found.append(f"alternative names {sorted(told)} instead of {sorted(asked)}")
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
