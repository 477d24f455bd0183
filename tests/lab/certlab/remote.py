# SPDX-License-Identifier: Apache-2.0
"""Client of the admin API: Remote(DIR).call("devices", count=3) from another process."""

import json
import pathlib
import ssl
import urllib.error
import urllib.request


class Remote:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self._context = ssl.create_default_context(cafile=self.directory / "tls-ca.pem")

    def call(self, verb, **arguments):
        port = json.loads((self.directory / "tenant.json").read_text())["port"]
        request = urllib.request.Request(
            f"https://127.0.0.1:{port}/lab/{verb}",
            data=json.dumps(arguments).encode(),
            headers={"X-Lab-Token": (self.directory / "admin-token").read_text().strip()},
        )
        try:
            with urllib.request.urlopen(request, context=self._context, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = json.load(error)["error"]["message"]
            raise RuntimeError(f"{verb}: {text}") from None
