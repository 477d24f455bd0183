# SPDX-License-Identifier: Apache-2.0
"""What Intune thinks of a SCEP request: the certificate request against the challenge in it.

judge() gives (code, sentence). Names are compared as structures. The order of the checks is that of
the published codes; the first one that fails decides.
"""

import datetime
import hashlib
import re

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtensionOID

from . import expected
from .names import TYPES
from .scep_challenge import BadChallenge

CHALLENGE = x509.ObjectIdentifier("1.2.840.113549.1.9.7")
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
USAGES = {"digitalSignature": "digital_signature", "keyEncipherment": "key_encipherment"}
# The codes of the published calls; an order can be made for each of them. The content of a challenge
# may name its `verdict` where nothing in a request leads to it.
CODES = (
    "CertificateRequestDecodingFailed", "ChallengePasswordMissing", "ChallengeDecodingError",
    "ChallengeDecryptionError", "SignatureValidationFailed", "ChallengeDeserializationError",
    "ChallengeInvalidTimestamp", "ChallengeExpired", "BadCertificateRequestIdInChallenge",
    "BadDeviceIdInChallenge", "BadUserIdInChallenge", "BadTenantIdInChallenge",
    "SubjectNameMissing", "SubjectNameMismatch", "SubjectAltNameMissing",
    "SubjectAltNameMismatch", "KeyUsageMismatch", "KeyLengthMismatch", "EnhancedKeyUsageMissing",
    "EnhancedKeyUsageMismatch", "AadKeyIdentifierListMissing", "RegisteredKeyMismatch",
    "SigningCertThumbprintMismatch", "ScepProfileNoLongerTargetedToTheClient", "Unknown",
)


def utc(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def attribute_type(name):
    return TYPES.get(name.upper()) or x509.ObjectIdentifier(name)


def read(der):
    """The request and the challenge in it; BadChallenge with the service's code."""
    try:
        request = x509.load_der_x509_csr(der)
        sound = request.is_signature_valid
    except Exception as error:  # the library raises what its parsers raise
        raise BadChallenge("CertificateRequestDecodingFailed") from error
    if not sound:
        raise BadChallenge("CertificateRequestDecodingFailed")
    try:
        challenge = request.attributes.get_attribute_for_oid(CHALLENGE).value.decode("utf-8")
    except (x509.AttributeNotFound, UnicodeDecodeError):
        challenge = ""
    if not challenge:
        raise BadChallenge("ChallengePasswordMissing")
    return request, challenge


def _check_ids(content, tenant_id):
    if not GUID.fullmatch(str(content.get("certificateRequestId"))):
        return "BadCertificateRequestIdInChallenge"
    if not GUID.fullmatch(str(content.get("deviceId"))):
        return "BadDeviceIdInChallenge"
    if content.get("userId") is not None and not GUID.fullmatch(str(content["userId"])):
        return "BadUserIdInChallenge"
    if content.get("tenantId") != tenant_id:
        return "BadTenantIdInChallenge"
    return None


def _check_times(content, now):
    try:
        issued, expires = utc(content["issuedUtc"]), utc(content["expiresUtc"])
    except (KeyError, ValueError, TypeError):
        return "ChallengeInvalidTimestamp"
    if expires <= issued or issued > now + datetime.timedelta(minutes=5):
        return "ChallengeInvalidTimestamp"
    return "ChallengeExpired" if expires <= now else None


def _extension(request, oid):
    try:
        return request.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None


def _check_names(content, request):
    wanted = [{(attribute_type(kind), value)} for kind, value in content["subject"]]
    found = [{(a.oid, a.value) for a in rdn} for rdn in request.subject.rdns]
    if wanted and not found:
        return "SubjectNameMissing"
    if found != wanted:
        return "SubjectNameMismatch"
    wanted = {tuple(name) for name in content["alternativeNames"]}
    found = expected.found_names(request)
    if wanted and not found:
        return "SubjectAltNameMissing"
    return "SubjectAltNameMismatch" if found != wanted else None


def _check_key(content, request):
    usage = _extension(request, ExtensionOID.KEY_USAGE)
    found = {name for name, member in USAGES.items() if usage and getattr(usage, member)}
    if found != set(content["keyUsage"]):
        return "KeyUsageMismatch"
    key = request.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != content["keySize"]:
        return "KeyLengthMismatch"
    usages = {u.dotted_string for u in _extension(request, ExtensionOID.EXTENDED_KEY_USAGE) or []}
    if content["extendedKeyUsages"] and not usages:
        return "EnhancedKeyUsageMissing"
    if usages != set(content["extendedKeyUsages"]):
        return "EnhancedKeyUsageMismatch"
    return None


def key_id(request):
    der = request.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _check_registration(content, request):
    """registeredKeys: None where the profile does not ask for keys of the device's registration."""
    keys = content.get("registeredKeys")
    if keys is None:
        return None
    if not keys:
        return "AadKeyIdentifierListMissing"
    return None if key_id(request) in keys else "RegisteredKeyMismatch"


def judge(der, challenger, tenant_id, is_targeted, now):
    """(code, sentence, content of the challenge or None)"""
    content = None
    try:
        request, challenge = read(der)
        content = challenger.open(challenge)
    except BadChallenge as bad:
        return bad.code, "The request or its challenge cannot be read.", None
    code = (
        _check_ids(content, tenant_id) or _check_times(content, now)
        or _check_names(content, request) or _check_key(content, request)
        or _check_registration(content, request) or content.get("verdict")
    )
    if not code and not is_targeted(content):
        code = "ScepProfileNoLongerTargetedToTheClient"
    if code:
        return code, f"Phase 3: request and challenge do not fit: {code}.", content
    return "Success", "", content
