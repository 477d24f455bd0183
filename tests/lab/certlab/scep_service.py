# SPDX-License-Identifier: Apache-2.0
"""The SCEP side of the tenant: profiles, orders with a challenge, verdicts and the ledger of calls.

An order is what a device is told to get: where, with which names, key and challenge. The service judges
requests by their challenge alone; the ledger knows in which order a connector called, and whether the
certificate it told of is the one that a device got.
"""

import base64
import datetime
import hashlib
import threading
import time
import uuid

from cryptography import x509

from . import pki
from .names import expand, split_subject
from .orders import CLIENT_AUTH
from .platforms import family
from .scep_challenge import BROKEN, Challenger
from .scep_judge import judge

LIFE = 60 * 60
KEY_USAGE = ("digitalSignature", "keyEncipherment")
# What a profile holds besides its name and platform, and what it holds when nothing is said.
SETTINGS = {
    "urls": (), "certificateType": "device",
    "subjectNameFormat": "O=Corp,CN={{DeviceName}}",
    "alternativeNames": (("universalResourceIdentifier", "IntuneDeviceId://{{DeviceId}}"),),
    "keySize": 2048, "keyUsage": KEY_USAGE, "hash": "SHA-256",
    "extendedKeyUsages": (CLIENT_AUTH,), "renewalThresholdPercentage": 20, "validityDays": 30,
    # Wi-Fi and VPN profiles that use its certificate
    "linked": 0,
}


def utc_second(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class ScepService:
    def __init__(self, directory, tenant_id, saved=None):
        saved = saved or {}
        self.tenant_id, self.challenger = tenant_id, Challenger(directory)
        self.profiles = saved.get("profiles", {})
        self.orders = saved.get("orders", {})  # by the request's id
        self.ledger = saved.get("ledger", [])  # every call that was understood, in order
        self.lock = threading.RLock()

    def save(self):
        with self.lock:
            return {"profiles": self.profiles, "orders": self.orders, "ledger": self.ledger}

    # -- administrators and devices -----------------------------------------------------------------
    def add_profile(self, name, platform, **settings):
        strange = set(settings) - set(SETTINGS)
        if strange:
            raise ValueError(f"SCEP profile: unknown setting {sorted(strange)}")
        family(platform)
        if not set(settings.get("keyUsage", KEY_USAGE)) <= set(KEY_USAGE):
            raise ValueError(f"keyUsage: some of {KEY_USAGE}")
        with self.lock:
            self.profiles[name] = {
                "id": str(uuid.uuid4()), "name": name, "platform": platform, "isTargeted": True,
                **SETTINGS, **settings}
            return self.profiles[name]

    def target(self, name, is_targeted):
        with self.lock:
            self.profiles[name]["isTargeted"] = is_targeted

    def order(self, name, device, life=LIFE, wrong=None, registered_keys=None, changes=None,
              age=0):
        """What a device gets for a profile. wrong: the code that its challenge has to lead to.

        changes: to the content of the challenge, which the device does not hear of. age: of the
        challenge, in seconds.
        """
        profile = self.profiles[name]
        facts = {"device": device.record, "user": device.user}
        subject = [[kind, expand(value, facts)]
                   for rdn in split_subject(profile["subjectNameFormat"]) for kind, value in rdn]
        names = [[kind, expand(value, facts)] for kind, value in profile["alternativeNames"]]
        issued = datetime.datetime.utcnow() - datetime.timedelta(seconds=age)
        content = {
            "certificateRequestId": str(uuid.uuid4()), "tenantId": self.tenant_id,
            "deviceId": device.id, "userId": str(uuid.uuid4()) if device.user else None,
            "profile": name, "issuedUtc": utc_second(issued),
            "expiresUtc": utc_second(issued + datetime.timedelta(seconds=life)),
            "subject": subject, "alternativeNames": names, "keyUsage": list(profile["keyUsage"]),
            "keySize": profile["keySize"],
            "extendedKeyUsages": list(profile["extendedKeyUsages"]),
            "registeredKeys": registered_keys,
        }
        told = {
            "requestId": content["certificateRequestId"], "profile": name, "device": device.id,
            "platform": device.platform, "urls": list(profile["urls"]), "subject": subject,
            "alternativeNames": names, "keySize": profile["keySize"], "hash": profile["hash"],
            "keyUsage": list(profile["keyUsage"]),
            "extendedKeyUsages": list(profile["extendedKeyUsages"]),
        }
        content.update(changes or {})
        told["challenge"] = self._challenge(wrong, content)
        with self.lock:
            self.orders[told["requestId"]] = {**told, "certificate": None}
        return told

    def _challenge(self, wrong, content):
        """Made wrong where the challenge alone can do it; what the request decides stays right."""
        if wrong is None:
            return self.challenger.seal(content)
        changes = {
            "ChallengePasswordMissing": None,
            "ChallengeInvalidTimestamp": {"expiresUtc": "2001-01-01T00:00:00Z"},
            "ChallengeExpired": {"issuedUtc": "2001-01-01T00:00:00Z",
                                 "expiresUtc": "2001-01-01T01:00:00Z"},
            "BadCertificateRequestIdInChallenge": {"certificateRequestId": "4711"},
            "BadDeviceIdInChallenge": {"deviceId": "phone"},
            "BadUserIdInChallenge": {"userId": "joerg"},
            "BadTenantIdInChallenge": {"tenantId": str(uuid.uuid4())},
            "SubjectNameMismatch": {"subject": [["CN", "somebody else"]]},
            "SubjectAltNameMismatch": {"alternativeNames": [["emailAddress", "x@corp.example"]]},
            "KeyUsageMismatch": {"keyUsage": []},
            "KeyLengthMismatch": {"keySize": 4096},
            "EnhancedKeyUsageMismatch": {"extendedKeyUsages": ["1.3.6.1.5.5.7.3.4"]},
            "AadKeyIdentifierListMissing": {"registeredKeys": []},
            "RegisteredKeyMismatch": {"registeredKeys": ["00" * 32]},
            "ScepProfileNoLongerTargetedToTheClient": {"profile": "none"},
        }
        if wrong in BROKEN:
            return self.challenger.broken(wrong, content)
        if wrong not in changes:
            changes[wrong] = {"verdict": wrong}
        if changes[wrong] is None:
            return None
        return self.challenger.seal({**content, **changes[wrong]})

    # -- the published calls ------------------------------------------------------------------------
    def call(self, name, body, violation, forced=None):
        """The answer's code and words. forced: a code in place of the service's own judgement."""
        csr = base64.b64decode(body["certificateRequest"])
        key = [body["transactionId"], hashlib.sha256(csr).hexdigest()]
        with self.lock:
            before = [entry for entry in self.ledger if entry["key"] == key]
            if name == "validateRequest":
                code, words, content = judge(
                    csr, self.challenger, self.tenant_id, self._is_targeted,
                    datetime.datetime.utcnow())
            else:
                content = None
                code, words = self._notified(name, body, before, violation)
            if forced:
                code, words = forced, "The lab was told to answer this."
            self.ledger.append({
                "number": len(self.ledger) + 1, "time": time.time(), "call": name, "key": key,
                "code": code, "requestId": content and content.get("certificateRequestId"),
                "body": {k: v for k, v in body.items() if k != "certificateRequest"},
            })
        return code, words

    def _is_targeted(self, content):
        return self.profiles.get(content.get("profile"), {}).get("isTargeted", False)

    @staticmethod
    def _good(entries, call):
        return [e for e in entries if e["call"] == call and e["code"] == "Success"]

    def _notified(self, name, body, before, violation):
        validated = [e for e in before if e["call"] == "validateRequest"]
        told = self._good(before, "successNotification")
        if not validated or validated[-1]["code"] != "Success":
            violation(f"{name} of {body['transactionId']} without an accepted validation")
            return "Unknown", "The request was not validated."
        if name == "failureNotification" and told:
            violation(f"{name} of {body['transactionId']} after a certificate was accepted")
        if name == "successNotification" and any(
            entry["body"]["certificateThumbprint"] != body["certificateThumbprint"]
            for entry in told
        ):
            violation(f"a second certificate for {body['transactionId']}")
        return "Success", ""

    # -- what became of it --------------------------------------------------------------------------
    def installed(self, certificate, request_id=None):
        """A device got this certificate (PEM); sentences about what is not in order."""
        found = x509.load_pem_x509_certificate(certificate.encode())
        with self.lock:
            told = [e for e in self._good(self.ledger, "successNotification")
                    if e["body"]["certificateThumbprint"] == pki.thumbprint(found)]
            if request_id:
                self.orders[request_id]["certificate"] = certificate
        if not told:
            return ["delivered before its notification was accepted"]
        problems, body = [], told[-1]["body"]
        if request_id and request_id not in [
            e["requestId"] for e in self._good(self.ledger, "validateRequest")
            if e["key"] == told[-1]["key"]
        ]:
            problems.append("notified for another request than the device's")
        if body["certificateSerialNumber"] != pki.serial_hex(found):
            problems.append(f"serial {body['certificateSerialNumber']}")
        expiry = found.not_valid_after.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        if body["certificateExpirationDateUtc"] != expiry:
            problems.append(f"expiry {body['certificateExpirationDateUtc']} instead of {expiry}")
        if body["issuingCertificateAuthority"] != found.issuer.rfc4514_string():
            problems.append(f"issuer {body['issuingCertificateAuthority']}")
        return problems

    def retire(self, revocations, device=None):
        """Asks for the revocation of each certificate that was told of; their contexts."""
        contexts, seen = [], set()
        with self.lock:
            owners = {e["requestId"]: e["key"] for e in self._good(self.ledger, "validateRequest")}
            keys = [owners.get(i) for i, o in self.orders.items() if o["device"] == device]
            for entry in self._good(self.ledger, "successNotification"):
                body = entry["body"]
                if (device and entry["key"] not in keys) or body["certificateThumbprint"] in seen:
                    continue
                seen.add(body["certificateThumbprint"])
                contexts.append(revocations.add(
                    body["certificateSerialNumber"], body["issuingCertificateAuthority"],
                    body.get("caConfiguration"), device=device))
        return contexts
