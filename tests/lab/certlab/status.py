# SPDX-License-Identifier: Apache-2.0
"""What the console shows: the state of each profile on each device it is assigned to."""

from .platforms import APPLE


def status(management, admin=None):
    """[{device, profile, status, reason}] for every device a profile is assigned to."""
    with management.lock:
        management.take_results()
        shown = []
        for device in management.tenant.fleet.devices.values():
            for profile in management.profiles.visible(admin):
                record = {**device.record, **device.facts}
                if not management.profiles.is_assigned(profile, record, management.user(device)):
                    continue
                status, reason = _of_device(management, profile, device)
                shown.append({"device": device.id, "profile": profile["name"],
                              "status": status, "reason": reason})
        return shown


def _of_device(management, profile, device):
    if device.id in management.ended:
        return "notApplicable", f"{management.ended[device.id]} was done"
    if not management.is_meant(profile, device):
        return "notApplicable", None
    if profile["kind"] == "trustedCertificate":
        return "succeeded", None
    if profile["kind"] in ("wifi", "vpn") and device.platform not in APPLE:
        source = management.profiles.items[profile["certificateProfile"]]
        return _of_device(management, source, device)
    held = management.holding(profile, device)
    if held is None:
        reason = management.obstacle(profile, device) if profile["kind"] == "pkcs" else None
        return "pending", reason
    return {"held": "succeeded", "error": "error"}.get(held["state"], "pending"), held["reason"]
