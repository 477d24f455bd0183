# SPDX-License-Identifier: Apache-2.0
"""The administrators' console: verbs of /lab/... for profiles, groups, imports, status and events.

`admin` is the name of a role made by the verb role; without it everything may be seen and done.
"""

import base64

from . import imports, status as states


def role(tenant, name, scopeTags, scopeGroups=None):
    return tenant.management.profiles.add_role(name, scopeTags, scopeGroups)


def profile(tenant, name, kind, platform, settings=None, admin=None, **options):
    """Makes a profile: trustedCertificate (certificate: PEM of the root), pkcs (settings of
    settings.TABLE), wifi or vpn (certificateProfile), importedPfx (intendedPurpose)."""
    return tenant.management.profiles.add(name, kind, platform, settings, admin=admin, **options)


def profiles(tenant, admin=None):
    return tenant.management.profiles.visible(admin)


def edit_profile(tenant, name, settings, admin=None):
    """The contexts of the requests that the change leads to; nothing is revoked."""
    return tenant.events.edit(name, settings, admin)


def group(tenant, name, users=(), devices=()):
    return tenant.management.profiles.add_group(name, users, devices)


def leave_group(tenant, name, users=(), devices=()):
    return tenant.events.leave(name, users, devices)


def delete_group(tenant, name):
    return tenant.events.delete_group(name)


def assign(tenant, name, include=(), exclude=(), admin=None):
    """Assigns a profile to groups; the contexts of the requests that follow."""
    tenant.management.profiles.assign(name, include, exclude, admin)
    return tenant.management.sync()


def unassign(tenant, name):
    return tenant.events.unassign(name)


def end(tenant, event, devices):
    """event: retire, wipe or unenroll. What was done with the certificates of each device."""
    return tenant.events.happens(event, devices)


def delete_user(tenant, user):
    return tenant.events.delete_user(user)


def lose_licence(tenant, user):
    return tenant.events.lose_licence(user)


def check_in(tenant, device):
    return tenant.management.check_in(device)


def delete_on_device(tenant, device, name):
    return tenant.management.delete_on_device(device, name)


def reencrypt(tenant, name, source, target=None):
    """Asks for the certificate of a profile on one device, sealed once more or to another."""
    return tenant.management.reencrypt(name, source, target)


def clock(tenant, days=0, hours=0):
    """Moves the clock of the planning; the contexts of the renewals that are due now."""
    tenant.management.clock.move(days, hours)
    return tenant.management.sync()


def status(tenant, admin=None):
    return states.status(tenant.management, admin)


def holdings(tenant):
    tenant.management.sync()
    return tenant.management.holdings


def import_pfx(tenant, user, pfx, password, publicKey, purpose="smimeEncryption",
               providerName="certferry", keyName="PFX import", paddingScheme="oaepSha512"):
    """Uploads a PFX (base64) of a user; publicKey is the PEM of the connector's import key."""
    item = imports.describe(
        user, base64.b64decode(pfx), password, imports.read_public(publicKey), purpose,
        providerName, keyName, paddingScheme)
    tenant.management.imports.add(item)
    tenant.management.sync()
    return {name: value for name, value in item.items() if name != "encryptedPfxBlob"}


VERBS = (
    role, profile, profiles, edit_profile, group, leave_group, delete_group, assign, unassign, end,
    delete_user, lose_licence, check_in, delete_on_device, reencrypt, clock, status, holdings,
    import_pfx,
)
