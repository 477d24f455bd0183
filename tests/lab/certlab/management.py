# SPDX-License-Identifier: Apache-2.0
"""The service's own work: from profiles, groups and devices it derives requests and a status.

sync() compares what every device should have with what it has and asks for what is missing. It runs
after each change by an administrator and after each upload of results, and never asks twice.
"""

import datetime
import threading

from . import orders
from .clock import Clock, percent_left
from .imports import Imports
from .profiles import Profiles, generation, wire_profile
from .platforms import APPLE
from .settings import ANDROID

LIVE = ("requested", "held", "error")


class Management:
    def __init__(self, tenant, saved=None):
        saved = saved or {}
        self.tenant = tenant
        self.profiles = Profiles(saved.get("directory"))
        self.imports = Imports(saved.get("imports"))
        self.clock = Clock(saved.get("clock", 0.0))
        # one for each certificate a device was to get: profile, device, state, what is held
        self.holdings = saved.get("holdings", [])
        self.ended = saved.get("ended", {})  # device: event
        self.unlicensed = saved.get("unlicensed", [])
        self.deleted_users = saved.get("deletedUsers", [])
        self.lock = threading.RLock()

    def save(self):
        with self.lock:
            return {
                "directory": self.profiles.describe(), "imports": self.imports.items,
                "clock": self.clock.offset, "holdings": self.holdings, "ended": self.ended,
                "unlicensed": self.unlicensed, "deletedUsers": self.deleted_users,
            }

    # -- who should have what -----------------------------------------------------------------------
    def user(self, device):
        user = device.user
        gone = self.deleted_users
        return None if user is None or user["userPrincipalName"] in gone else user

    def is_meant(self, profile, device):
        if device.id in self.ended:
            return False
        user = self.user(device)
        if profile["kind"] == "importedPfx" and (
            not user or device.platform == "androidDedicated"
        ):
            return False
        if user and user["userPrincipalName"] in self.unlicensed:
            return False
        return self.profiles.is_meant(profile, {**device.record, **device.facts}, user)

    def _of_kind(self, *kinds):
        return [p for p in self.profiles.items.values() if p["kind"] in kinds]

    def holding(self, profile, device):
        """The live holding of a profile on a device, or None."""
        for held in reversed(self.holdings):
            if (held["profile"], held["device"]) == (profile["name"], device.id):
                return held if held["state"] in LIVE else None
        return None

    def obstacle(self, profile, device):
        """Why nothing can be asked for yet; None when nothing is in the way."""
        if profile["settings"]["certificateType"] == "user" and self.user(device) is None:
            return "the device has no user"
        root = profile["settings"].get("rootCertificate")
        if root and profile["platform"] in ANDROID and not self.is_meant(
            self.profiles.items[root], device
        ):
            return f"the trusted certificate profile {root} is not assigned to the device"
        return None

    # -- the plan -----------------------------------------------------------------------------------
    def sync(self):
        """Takes in what was uploaded and queues what is missing; the new contexts."""
        with self.lock:
            self.take_results()
            made = []
            for device in list(self.tenant.fleet.devices.values()):
                for profile in self._of_kind("pkcs"):
                    if self.is_meant(profile, device) and not self.obstacle(profile, device):
                        made += self._want_certificate(profile, device)
                for profile in self._of_kind("wifi", "vpn"):
                    if device.platform in APPLE and self.is_meant(profile, device):
                        made += self._want_copy(profile, device)
                for profile in self._of_kind("importedPfx"):
                    if self.is_meant(profile, device):
                        made += self._want_import(profile, device)
            return made

    def take_results(self):
        for held in self.holdings:
            if not held["context"]:
                continue
            work = self.tenant.connector.by_context[held["context"]]
            if work.state != "finished":
                continue
            held["context"] = None
            result = work.result
            if result["status"] == "issued":
                held.update(
                    state="held", reason=None, thumbprint=result["certificateThumbprint"],
                    notBefore=result["certificateNotBeforeUtc"], offset=self.clock.offset,
                    notAfter=result["certificateExpirationDateUtc"], last=work.context,
                    generation=held["asked"],
                )
            elif held["state"] == "requested":
                held.update(state="error", last=work.context,
                            reason=f"{result['errorCode']}: {result['errorMessage']}")
            else:  # a renewal that failed: the old certificate is still there
                held.update(reason=f"{result['errorCode']}: {result['errorMessage']}",
                            last=work.context, failedRenewal=self.clock.offset)

    def _ask(self, profile, device, request, asked, held=None):
        thumbprint = asked.upper() if request["requestType"] == "importPfx" else None
        context = self.tenant.add_request(request, thumbprint)
        if held is None:
            held = {"profile": profile["name"], "device": device.id, "state": "requested",
                    "thumbprint": None, "reason": None, "generation": None}
            self.holdings.append(held)
        held.update(context=context, asked=asked)
        return [context]

    def request(self, profile, device, request_type="issue", **changes):
        """The request for a PKCS profile on a device, as it goes over the wire."""
        values = profile["settings"]
        roots = {p["name"]: p for p in self._of_kind("trustedCertificate")}
        return orders.make_request(
            device, values["certificateType"], request_type=request_type,
            profile=wire_profile(profile, roots),
            certificationAuthority=values["certificationAuthority"],
            certificationAuthorityName=values["certificationAuthorityName"],
            certificateTemplateName=values["certificateTemplateName"], **changes,
        )

    def _want_certificate(self, profile, device):
        held, now = self.holding(profile, device), generation(profile)
        if held is None:
            return self._ask(profile, device, self.request(profile, device), now)
        if held["context"]:
            return []
        if held["asked"] != now:  # edited since; what is held stays until the new one is there
            held["state"] = "superseded"
            return self._ask(profile, device, self.request(profile, device), now)
        if held["state"] == "held" and self._is_due(profile, held):
            return self._ask(profile, device, self.request(
                profile, device, "renew", certificateThumbprint=held["thumbprint"]), now, held)
        return []

    def percent_left(self, held):
        start, end = (
            datetime.datetime.fromisoformat(held[name].removesuffix("Z").removesuffix(".000"))
            for name in ("notBefore", "notAfter")
        )
        return percent_left(start, end, self.clock.now(held["offset"]))

    def _is_due(self, profile, held):
        # A renewal that failed is asked for again when the clock has moved on.
        if held.get("failedRenewal") == self.clock.offset:
            return False
        return self.percent_left(held) <= profile["settings"]["renewalThresholdPercentage"]

    def _want_copy(self, profile, device):
        """Wi-Fi and VPN profiles of Apple systems bring the same certificate once more."""
        source = self.profiles.items[profile["certificateProfile"]]
        original, held = self.holding(source, device), self.holding(profile, device)
        if not original or original["state"] != "held" or (held and held["context"]):
            return []
        if held and held["asked"] == original["thumbprint"]:
            return []
        if held:
            held["state"] = "superseded"
        return self._ask(profile, device, self.request(
            source, device, "reencrypt", certificateThumbprint=original["thumbprint"],
        ), original["thumbprint"])

    def _want_import(self, profile, device):
        item = self.imports.newest(device.user["userPrincipalName"], profile["intendedPurpose"])
        held = self.holding(profile, device)
        if not item or held and (held["context"] or held["asked"] == item["thumbprint"]):
            return []
        if held:
            held["state"] = "superseded"
        request = orders.make_import(device, item, profile={
            "id": profile["id"], "name": profile["name"]})
        return self._ask(profile, device, request, item["thumbprint"])

    # -- what devices and people do -------------------------------------------------------------------
    def check_in(self, device_id):
        """A device reports: what failed is tried again, what was deleted there comes again."""
        with self.lock:
            for held in self.holdings:
                if held["device"] == device_id and held["state"] == "error":
                    held["state"] = "superseded"
            return self.sync()

    def delete_on_device(self, device_id, profile_name):
        """Somebody deletes a certificate by hand; the next check-in brings a new one."""
        with self.lock:
            held = self.holding(self.profiles.items[profile_name],
                                self.tenant.fleet.devices[device_id])
            held["state"] = "deletedOnDevice"

    def reencrypt(self, profile_name, source_id, target_id=None):
        """The certificate of one device once more, for itself or another device of its user."""
        with self.lock:
            self.take_results()
            profile = self.profiles.items[profile_name]
            source = self.tenant.fleet.devices[source_id]
            target = self.tenant.fleet.devices[target_id or source_id]
            held = self.holding(profile, source)
            if not held or not held["thumbprint"]:
                raise ValueError(f"{source_id} holds no certificate of {profile_name}")
            return self.tenant.add_request(self.request(
                profile, target, "reencrypt", certificateThumbprint=held["thumbprint"]))
