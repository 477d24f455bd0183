# SPDX-License-Identifier: Apache-2.0
"""The published revocation calls: requests offered until a final result is recorded."""

import threading
import time
import uuid

from .connector import RETRYABLE


class Revocations:
    def __init__(self, offer_seconds=30.0):
        self.offer_seconds = offer_seconds
        self.items, self.by_context = [], {}
        self.changed = threading.Condition()

    def add(self, serial_number, issuer_name, ca_configuration=None, context=None, device=None):
        """Asks for one revocation; texts are passed on as they are, odd spellings included."""
        item = {
            "request": {
                "requestContext": context or f"revoke-{uuid.uuid4()}",
                "serialNumber": serial_number,
                "issuerName": issuer_name,
                "caConfiguration": ca_configuration,
            },
            "device": device, "state": "waiting", "not_before": 0.0, "offers": 0,
            "result": None, "history": [],
        }
        with self.changed:
            self.items.append(item)
            self.by_context[item["request"]["requestContext"]] = item
            self.changed.notify_all()
        return item["request"]["requestContext"]

    def restore(self, items):
        self.items = items
        self.by_context = {item["request"]["requestContext"]: item for item in items}

    def download(self, parameters):
        now, page = time.time(), []
        with self.changed:
            for item in self.items:
                if len(page) == parameters["maxRequests"]:
                    break
                if item["state"] != "finished" and item["not_before"] <= now:
                    page.append(item)
            # The service truncates first and filters then, comparing with caConfiguration.
            wanted = parameters["issuerName"]
            if wanted is not None:
                page = [i for i in page if i["request"]["caConfiguration"] == wanted]
            for item in page:
                item["offers"] += 1
                item["not_before"] = now + self.offer_seconds
                item["history"].append([now, "offered"])
        return {"value": [item["request"] for item in page]}

    def upload(self, results, violation):
        now = time.time()
        with self.changed:
            unknown = [
                result["requestContext"] for result in results
                if not self.by_context.get(result["requestContext"], {}).get("offers")
            ]
            if unknown:
                violation(f"revocation result for a context never offered: {unknown[0]}")
                return {"value": False}
            for result in results:
                item = self.by_context[result["requestContext"]]
                item["history"].append([now, result["errorCode"]])
                if item["state"] == "finished":
                    if item["result"]["succeeded"] != result["succeeded"]:
                        violation(f"another revocation result for {result['requestContext']}")
                    continue
                item["result"] = result
                if result["errorCode"] in RETRYABLE:
                    item["not_before"] = now
                else:
                    item["state"] = "finished"
            self.changed.notify_all()
        return {"value": True}
