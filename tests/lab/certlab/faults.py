# SPDX-License-Identifier: Apache-2.0
"""A script of misbehaviour: which call fails, how, and how often.

One rule is {"match": TEXT, "fault": NAME, "times": N, "after": M, "args": {...}}. TEXT is a part of
the request path ("" matches all but /lab). The rule lets M matching calls pass, then hits N calls
(0: for ever). Of several rules that match, the first with calls left is used. NAMES explains each.
"""

import email.utils
import threading
import time

NAMES = {
    "timeout": "read the request, never answer; args.seconds limits the wait",
    "reset": "close with TCP RST before the request is looked at",
    "lostReply": "carry the request out, then close with TCP RST",
    "status": "answer args.status, do nothing; Retry-After from args.retryAfter (seconds) or "
    "args.retryAfterDate (a date so many seconds ahead), args.body in place of an error object; "
    "401 429 ... alone mean the same",
    "drip": "the right answer, args.chunk bytes every args.delay seconds",
    "garbage": "200 with HTML instead of JSON",
    "wrongShape": '200 with JSON of another shape; args.body replaces {"value": 42}',
    "truncated": "the right answer, cut in half under its full Content-Length",
    "oversize": "200 with args.bytes (default 9 MiB) of JSON",
    "redirect": "302 to args.location",
    "duplicate": "a download page that holds each of its requests twice",
    "expiredLeases": "requests leased for args.seconds (default 0)",
    "scepCode": "a SCEP call answered with args.code; the request is not judged by it",
    "refuseItems": "uploaded items refused: args.contexts or the first args.count, args.errorCode",
}
STATUSES = {"401", "403", "408", "429", "500", "502", "503"}
AFTER = {"lostReply", "drip", "truncated"}
SEMANTIC = {"duplicate", "expiredLeases", "refuseItems", "scepCode"}


class Rule:
    def __init__(self, spec):
        strange = set(spec) - {"match", "fault", "times", "after", "args"}
        if strange:
            raise ValueError(f"fault rule: unknown member {sorted(strange)}")
        self.match = spec.get("match", "")
        self.fault = str(spec["fault"])
        self.args = dict(spec.get("args") or {})
        self.times = int(spec.get("times", 1))
        self.after = int(spec.get("after", 0))
        if self.fault in STATUSES:
            self.args["status"] = int(self.fault)
            self.fault = "status"
        if self.fault not in NAMES:
            raise ValueError(f"fault {self.fault}: one of {sorted(NAMES) + sorted(STATUSES)}")
        self.hits = 0
        self._endless = self.times == 0

    @property
    def is_spent(self):
        return not self._endless and self.times <= 0

    def take(self):
        if self.after > 0:
            self.after -= 1
            return False
        self.hits += 1
        self.times -= 1
        return True

    def describe(self):
        return {
            "match": self.match, "fault": self.fault, "args": self.args, "hits": self.hits,
            "left": None if self._endless else max(self.times, 0),
        }

    def retry_after(self):
        """The value of Retry-After: seconds, or with retryAfterDate an HTTP date."""
        if "retryAfterDate" in self.args:
            moment = time.time() + float(self.args["retryAfterDate"])
            return email.utils.formatdate(moment, usegmt=True)
        value = self.args.get("retryAfter")
        return None if value is None else str(value)


class Faults:
    def __init__(self):
        self._rules = []
        self._lock = threading.Lock()

    def set(self, specs):
        rules = [Rule(spec) for spec in specs]
        with self._lock:
            self._rules = rules

    def add(self, **spec):
        rule = Rule(spec)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self):
        self.set([])

    def pick(self, path):
        """The rule that hits this call, or None."""
        if path.startswith("/lab/"):
            return None
        with self._lock:
            for rule in self._rules:
                if rule.match in path and not rule.is_spent:
                    return rule if rule.take() else None
        return None

    def describe(self):
        with self._lock:
            return [rule.describe() for rule in self._rules]
