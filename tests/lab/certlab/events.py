# SPDX-License-Identifier: Apache-2.0
"""What ends: devices, memberships, assignments, users; each acts by the table of removal.py."""

from . import removal
from .management import LIVE


class Events:
    def __init__(self, management):
        self.management, self.tenant = management, management.tenant

    def happens(self, event, devices=(), profile=None):
        """Applies the table of removals; {device: [what was done]}.

        retire, wipe and unenroll end the devices; the others are about holdings that are no longer
        wanted, and are called by the methods below.
        """
        done = {}
        with self.management.lock:
            if event in removal.ENDS:
                for device_id in devices:
                    done[device_id] = self._end(self.tenant.fleet.devices[device_id], event)
                return done
            for held in self.management.holdings:
                device = self.tenant.fleet.devices[held["device"]]
                owner = self.management.profiles.items[held["profile"]]
                if held["state"] not in LIVE or (profile and held["profile"] != profile):
                    continue
                if event != "editProfile" and not self.management.is_meant(owner, device):
                    done.setdefault(device.id, []).extend(self._let_go(held, owner, device, event))
            self.management.sync()
        return done

    def _let_go(self, held, profile, device, event):
        actions = removal.actions(event, device.platform, profile["kind"] == "importedPfx")
        held["state"] = "removed" if "remove" in actions else "left"
        if held["context"]:
            self.tenant.connector.withdraw(held["context"])
            held["context"] = None
        if "revoke" in actions and held["thumbprint"]:
            self.tenant.retire([device.id], [held["thumbprint"]])
        return list(actions)

    def _end(self, device, event):
        actions = removal.actions(event, device.platform)
        user = device.user
        if user and user["userPrincipalName"] in self.management.deleted_users:
            actions = removal.REMOVE if "remove" in actions else ()
        self.management.ended[device.id] = event
        for held in self.management.holdings:
            if held["device"] == device.id and held["state"] in LIVE:
                held["state"] = "removed" if "remove" in actions else "left"
                if held["context"]:
                    self.tenant.connector.withdraw(held["context"])
                    held["context"] = None
        if "revoke" in actions:
            self.tenant.retire([device.id])
        return list(actions)

    def leave(self, group, users=(), devices=()):
        with self.management.lock:
            found = self.management.profiles.groups[group]
            found["users"] = [u for u in found["users"] if u not in users]
            found["devices"] = [d for d in found["devices"] if d not in devices]
            return self.happens("leaveGroup")

    def delete_group(self, group):
        with self.management.lock:
            del self.management.profiles.groups[group]
            return self.happens("deleteGroup")

    def unassign(self, profile):
        with self.management.lock:
            self.management.profiles.items[profile]["include"] = []
            return self.happens("unassign", profile=profile)

    def delete_user(self, upn):
        with self.management.lock:
            self.management.deleted_users.append(upn)
            return self.happens("deleteUser")

    def lose_licence(self, upn):
        with self.management.lock:
            self.management.unlicensed.append(upn)
            return self.happens("loseLicence")

    def edit(self, name, given, admin=None):
        """New settings; the contexts of the requests that follow from them. Nothing is revoked."""
        with self.management.lock:
            self.management.profiles.edit(name, given, admin)
            self.happens("editProfile", profile=name)
            return [h["context"] for h in self.management.holdings
                    if h["profile"] == name and h["context"]]
