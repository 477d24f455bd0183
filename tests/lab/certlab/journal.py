# SPDX-License-Identifier: Apache-2.0
"""What arrived at the tenant, in order: in memory for tests, as JSON lines for people."""

import datetime
import json
import threading
import time
import urllib.parse

SECRET_HEADERS = {"authorization", "x-lab-token", "proxy-authorization"}
SECRET_FIELDS = {"client_secret", "client_assertion"}


def utc_text(seconds=None):
    moment = datetime.datetime.utcfromtimestamp(time.time() if seconds is None else seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _mask_form(text):
    pairs = urllib.parse.parse_qsl(text, keep_blank_values=True)
    return urllib.parse.urlencode(
        [(name, "***" if name in SECRET_FIELDS else value) for name, value in pairs]
    )


class Journal:
    """Entries get their status when the answer is known; a line is written then."""

    def __init__(self, path=None, echo=None):
        self.entries = []
        self.violations = []
        self._echo = echo
        self._lock = threading.Lock()
        self._file = open(path, "a", encoding="utf-8") if path else None

    def arrived(self, method, path, headers, body):
        text = body.decode("utf-8", "replace")
        if path.endswith("/oauth2/v2.0/token"):
            text = _mask_form(text)
        entry = {
            "time": time.time(),
            "utc": utc_text(),
            "method": method,
            "path": path,
            "headers": {
                name.lower(): "***" if name.lower() in SECRET_HEADERS else value
                for name, value in headers.items()
            },
            "body": text,
            "status": None,
            "fault": None,
            "violations": [],
        }
        with self._lock:
            entry["number"] = len(self.entries) + 1
            self.entries.append(entry)
        return entry

    def violation(self, entry, text):
        with self._lock:
            entry["violations"].append(text)
            self.violations.append(f"#{entry['number']} {entry['path']}: {text}")

    def answered(self, entry, status):
        """A status of 0 means that the connection ended without an answer."""
        entry["status"] = status
        entry["seconds"] = round(time.time() - entry["time"], 3)
        with self._lock:
            if self._file:
                self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                self._file.flush()
        if self._echo:
            self._echo(entry)

    def select(self, path="", since=0):
        """Entries whose path contains the text, after entry number `since`."""
        with self._lock:
            return [e for e in self.entries[since:] if path in e["path"]]

    def close(self):
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None
