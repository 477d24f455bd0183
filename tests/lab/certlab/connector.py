# SPDX-License-Identifier: Apache-2.0
"""The Connector API behind HTTP: leases, results and heartbeats."""

import base64
import binascii
import hashlib
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from . import pki
from .journal import utc_text

ENVELOPES = {"windows": "windowsCsp", "macOS": "applePayload", "iOS": "applePayload"}
ENVELOPED = bytes.fromhex("06092a864886f70d010703")
AUTH_ENVELOPED = bytes.fromhex("060b2a864886f70d0109100117")
RETRYABLE = {
    "RetryableServiceException", "ServiceUnavailableException", "ServiceTooBusyException",
    "AuthenticationException",
}


def envelope_of(platform):
    return ENVELOPES.get(platform, "agent")


class Work:
    """One request on the service's side of the wire."""

    def __init__(self, request, well_formed=True, expected=None, kind=None):
        self.request = request
        # expected: the error codes that would be right, for a request that is wrong on purpose
        self.well_formed, self.expected, self.kind = well_formed, expected, kind
        self.state = "waiting"  # leased, finished, dropped
        self.not_before = 0.0
        self.lease_until = 0.0
        self.leased_by = None
        self.offers = 0
        self.result = None
        self.history = []  # (time, what) in order
        context = request.get("requestContext")
        self.context = context if isinstance(context, str) and len(context) <= 256 else None

    def describe(self):
        return dict(vars(self))

    @classmethod
    def restore(cls, saved):
        work = cls(saved["request"])
        vars(work).update(saved)
        return work


class Connector:
    """The queue of the tenant. `changed` wakes long polls and whoever waits in a test."""

    def __init__(self, lease_seconds=300, retry_seconds=2.0):
        self.lease_seconds, self.retry_seconds = lease_seconds, retry_seconds
        self.work, self.by_context = [], {}
        self.heartbeats = []
        self.changed = threading.Condition()
        self._keys_seen, self._serials_seen = {}, {}

    def add(self, work):
        with self.changed:
            self.work.append(work)
            if work.context:
                if work.context in self.by_context:
                    raise ValueError(f"requestContext {work.context} exists")
                self.by_context[work.context] = work
            self.changed.notify_all()

    def _offer(self, limit, who, lease_seconds):
        now, page = time.time(), []
        for work in self.work:
            if len(page) == limit:
                break
            if work.state == "leased" and work.lease_until <= now:
                work.state = "waiting"
                work.history.append([now, "lease expired"])
            if work.state != "waiting" or work.not_before > now:
                continue
            # What cannot be answered is shown once; nobody could take it off the queue.
            work.state = "leased" if work.context else "dropped"
            work.lease_until, work.leased_by = now + lease_seconds, who
            work.offers += 1
            work.history.append([now, f"leased to {who}"])
            page.append(dict(work.request, leaseExpiresUtc=utc_text(work.lease_until)))
        return page

    def download(self, parameters, rule=None, stop=None):
        lease = self.lease_seconds
        if rule and rule.fault == "expiredLeases":
            lease = float(rule.args.get("seconds", 0))
        deadline = time.time() + parameters["waitSeconds"]
        with self.changed:
            while True:
                page = self._offer(parameters["maxRequests"], parameters["connectorId"], lease)
                left = deadline - time.time()
                if page or left <= 0 or (stop and stop.is_set()):
                    break
                # Leases and delays end without a notification, hence the short naps.
                self.changed.wait(min(left, 0.2))
        if rule and rule.fault == "duplicate":
            page = [request for request in page for _ in range(2)][:500]
        return {"value": page}

    def is_well_formed(self, request):
        work = self.by_context.get(request.get("requestContext"))
        return bool(work) and work.well_formed

    def upload(self, results, violation, rule=None):
        answers = []
        refusals = rule.args if rule and rule.fault == "refuseItems" else None
        with self.changed:
            for index, result in enumerate(results):
                context = result["requestContext"]
                if refusals is not None and (
                    context in refusals["contexts"] if "contexts" in refusals
                    else index < refusals.get("count", 1)
                ):
                    refused = (refusals.get("errorCode", "ServiceTooBusyException"), "told to")
                else:
                    refused = self._take(result, violation)
                code, text = refused or ("None", None)
                answers.append({
                    "requestContext": context, "accepted": refused is None,
                    "errorCode": code, "errorMessage": text,
                })
            self.changed.notify_all()
        return {"value": answers}

    def _take(self, result, violation):
        """Records one result; a refusal is (code, sentence)."""
        work, now = self.by_context.get(result["requestContext"]), time.time()
        if work is None or not work.offers:
            violation(f"result for a requestContext never offered: {result['requestContext']}")
            return "ParameterDataInvalidError", "requestContext is unknown"
        if work.state == "finished":
            if _present(result) == _present(work.result):
                work.history.append([now, "same result again"])
                return None
            work.history.append([now, f"conflicting {result['status']}"])
            return "ConflictError", "the request is finished with another result"
        if result["status"] == "pending":
            if work.state == "leased":
                work.lease_until = now + self.lease_seconds
            work.history.append([now, "pending"])
            return None
        if result["status"] == "issued":
            problem = self._check_issued(work, result)
            if problem:
                violation(f"result of {work.context}: {problem}")
                return "ParameterDataInvalidError", problem[:255]
        work.history.append([now, f"{result['status']} {result['errorCode']}"])
        if result["errorCode"] in RETRYABLE:
            work.state, work.not_before = "waiting", now + self.retry_seconds
            work.result = result
            return None
        work.state, work.result = "finished", result
        return None

    def _check_issued(self, work, result):
        """What the service can see without the device's key; None when all of it is right."""
        if not work.well_formed:
            return "issued for a malformed request"
        platform = work.request["profile"]["platform"]
        envelope = envelope_of(platform)
        if result["envelope"] != envelope:
            return f"envelope {result['envelope']} for {platform}, not {envelope}"
        if bool(result.get("sealedPfxPassword")) != (envelope == "windowsCsp"):
            return f"sealedPfxPassword is wrong for {envelope}"
        for name in ("sealedPfx", "sealedPfxPassword"):
            if result.get(name) and not _is_enveloped(result[name], envelope):
                return f"{name} is no CMS content of the right type"
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(result["certificate"]))
        except ValueError:
            return "certificate is not DER"
        facts = {
            "certificateThumbprint": pki.thumbprint(certificate),
            "certificateSerialNumber": pki.serial_hex(certificate),
            "certificateNotBeforeUtc": certificate.not_valid_before,
            "certificateExpirationDateUtc": certificate.not_valid_after,
            "issuingCertificateAuthority": certificate.issuer.rfc4514_string(),
        }
        for name, value in facts.items():
            told = result[name]
            if name.endswith("Utc"):
                value, told = value.strftime("%Y-%m-%dT%H:%M:%S"), told.removesuffix("Z")
                told = told.removesuffix(".000")
            if told != value:
                return f"{name} is {told}, the certificate says {value}"
        if work.request["requestType"] in ("issue", "renew"):
            return self._check_unique(work, certificate)
        return None

    def _check_unique(self, work, certificate):
        spki = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        mark = hashlib.sha256(spki).hexdigest()
        serial = (certificate.issuer.rfc4514_string(), certificate.serial_number)
        if self._keys_seen.setdefault(mark, work.context) != work.context:
            return f"the key pair was used for {self._keys_seen[mark]}"
        if self._serials_seen.setdefault(serial, work.context) != work.context:
            return f"the certificate was delivered for {self._serials_seen[serial]}"
        return None

    def heartbeat(self, body):
        with self.changed:
            self.heartbeats.append(dict(body, receivedUtc=utc_text()))
            self.changed.notify_all()
        return {"value": True, "leaseSeconds": max(1, int(self.lease_seconds))}


def _present(result):
    """Null and absent members are the same thing."""
    return {name: value for name, value in result.items() if value is not None}


def _is_enveloped(text, envelope):
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    wanted = AUTH_ENVELOPED if envelope == "agent" else ENVELOPED
    return data[:1] == b"\x30" and wanted in data[2:20]
