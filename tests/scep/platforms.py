# SPDX-License-Identifier: Apache-2.0
"""Managed devices: the lab says how each platform's client goes about it, the wire client does it.

    phone = connect("android", ["http://127.0.0.1:8080/scep/wifi", ...], random.Random(1))
    phone.follow(order).success()
"""

import base64
import hashlib
import os
import urllib.parse

from certlab.names import TYPES
from certlab.scep_devices import Walk
from wire import asn1, cms, http, pki
from wire.device import Device

USAGE_BITS = {"digitalSignature": 0, "keyEncipherment": 2}
WINDOWS_CSR = {  # attributes that Windows adds to a message
    "1.3.6.1.4.1.311.13.2.3": asn1.string("10.0.22631.2", asn1.IA5),
    "1.3.6.1.4.1.311.21.20": asn1.sequence(
        asn1.integer(5), asn1.string("PC", asn1.UTF8),
        asn1.string("NT AUTHORITY\\SYSTEM", asn1.UTF8),
        asn1.string("omadmclient.exe", asn1.UTF8)),
}


class Unreachable(Exception):
    """No address answered; the device tries again when it checks in."""


class Managed(Device):
    """One device at one server. `behaviour` is a row of the lab's table."""

    def __init__(self, server, path, behaviour, **options):
        self.behaviour = behaviour
        super().__init__(
            server, path + behaviour.appends, message=urllib.parse.quote(behaviour.message),
            method=behaviour.method, how="equals", agent=behaviour.agent,
            **{"digest": behaviour.digest, "transport": "oaep-sha1" if behaviour.oaep else "pkcs1",
               "form": asn1.Ber(1024) if behaviour.ber else asn1.Der(), **options})

    def discover(self):
        if not self.behaviour.caps_first:
            self.ask("GetCACert")
        super().discover()
        self.options["cipher"] = "aes128" if "AES" in self.caps else "des3"
        if "POSTPKIOperation" not in self.caps:
            self.method = "GET"
        return self

    def transaction(self, key):
        """Android's is that of the key; the others draw one for each request."""
        mark = hashlib.sha1(pki.spki(key) if self.message == "ca" else os.urandom(20))
        return {"hex40": mark.hexdigest().upper(), "hex32": mark.hexdigest()[:32],
                "base64": base64.b64encode(mark.digest()).decode()}[self.behaviour.transaction]

    def pkcs_req(self, cn, **options):
        key = options.get("key") or self.key
        request = super().pkcs_req(cn, **{"transaction": self.transaction(key), **options})
        if self.behaviour.oaep:
            request = request.change(extra=tuple(
                cms.attribute(identifier, value) for identifier, value in WINDOWS_CSR.items()))
        return request

    def follow(self, order, key=None, **options):
        """The request that an order of the lab's service tells a device to make."""
        return self.pkcs_req("", key=key, subject=subject_of(order), challenge=order["challenge"],
                             extensions=extensions_of(order), **options)


def subject_of(order):
    return pki.name(*((TYPES[kind.upper()].dotted_string if kind.upper() in TYPES else kind, value)
                      for kind, value in order["subject"]))


def extensions_of(order):
    kinds = {"universalResourceIdentifier": "uri", "emailAddress": "mail", "dNSName": "dns",
             "domainNameService": "dns", "userPrincipalName": "upn"}
    names = {}
    for kind, value in order["alternativeNames"]:
        names.setdefault(kinds[kind], []).append(value)
    found = [pki.san(**names)] if names else []
    if order["keyUsage"]:
        found.append(pki.key_usage(*(USAGE_BITS[one] for one in order["keyUsage"])))
    if order["extendedKeyUsages"]:
        found.append(pki.extended_key_usage(*order["extendedKeyUsages"]))
    return found


def connect(platform, urls, source, **options):
    """A device at the first address that answers, in the platform's manner."""
    walk = Walk(platform, urls, source)
    for url in walk:
        parts = urllib.parse.urlsplit(url)
        try:
            found = Managed(http.Server(parts.port, timeout=5), parts.path, walk.how,
                            **options).discover()
        except (OSError, http.NoAnswer):
            continue
        walk.answered(url)
        return found
    raise Unreachable(f"{platform}: {len(urls)} addresses")
