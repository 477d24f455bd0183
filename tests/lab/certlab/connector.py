# SPDX-License-Identifier: Apache-2.0
"""The Connector API behind HTTP: leases, results and heartbeats."""

import threading
import time

from .accept import Acceptance
from .journal import utc_text

RETRYABLE = {
    "RetryableServiceException", "ServiceUnavailableException", "ServiceTooBusyException",
    "AuthenticationException",
}


class Work:
    """One request on the service's side of the wire."""

    def __init__(self, request, well_formed=True, expected=None, kind=None, thumbprint=None):
        self.request = request
        self.thumbprint = thumbprint  # of the only certificate that may come back
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
        self.acceptance = Acceptance()

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

    def download(self, parameters, rule=None, is_over=None):
        lease = self.lease_seconds
        if rule and rule.fault == "expiredLeases":
            lease = float(rule.args.get("seconds", 0))
        deadline = time.time() + parameters["waitSeconds"]
        with self.changed:
            page = []
            while not (is_over and is_over()):
                page = self._offer(parameters["maxRequests"], parameters["connectorId"], lease)
                left = deadline - time.time()
                if page or left <= 0:
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
            problem = self.acceptance.problem(work, result)
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

    def withdraw(self, context):
        """Takes back what nobody was offered yet."""
        with self.changed:
            work = self.by_context[context]
            if work.state == "waiting" and not work.offers:
                work.state = "dropped"

    def heartbeat(self, body):
        with self.changed:
            self.heartbeats.append(dict(body, receivedUtc=utc_text()))
            self.changed.notify_all()
        return {"value": True, "leaseSeconds": max(1, int(self.lease_seconds))}


def _present(result):
    """Null and absent members are the same thing."""
    return {name: value for name, value in result.items() if value is not None}
