# SPDX-License-Identifier: Apache-2.0
"""/lab/scep-...: SCEP profiles, orders with challenges, and what became of them."""

import base64

from . import pki
from .scep_csr import issue, make_csr
from .scep_devices import certificates


def scep_profile(tenant, name, platform="windows", **settings):
    return tenant.scep.add_profile(name, platform, **settings)


def scep_target(tenant, name, targeted=True):
    """Assigns a profile again, or not any more."""
    tenant.scep.target(name, targeted)
    return tenant.scep.profiles[name]


def scep_order(tenant, profile, device=None, **options):
    """What one device (the first, when none is named) is told to get; see ScepService.order."""
    found = tenant.fleet.devices[device] if device else next(iter(tenant.fleet.devices.values()))
    return tenant.scep.order(profile, found, **options)


def scep_orders(tenant, profile, device=None):
    """As many orders as the device's platform makes requests for the profile."""
    found = tenant.fleet.devices[device] if device else next(iter(tenant.fleet.devices.values()))
    count = certificates(found.platform, tenant.scep.profiles[profile]["linked"])
    return [tenant.scep.order(profile, found) for _ in range(count)]


def scep_installed(tenant, certificate, requestId=None):
    return tenant.scep.installed(certificate, requestId)


def scep_retire(tenant, device=None):
    return tenant.scep.retire(tenant.revocations, device)


def scep_ledger(tenant, since=0):
    return tenant.scep.ledger[since:]


def scep_sample(tenant, profile, **options):
    """An order, its certification request and a certificate for it (both DER in base64)."""
    order = scep_order(tenant, profile, **options)
    csr = make_csr(order, pki.new_key(2048))
    der = csr.public_bytes(pki.serialization.Encoding.DER)
    certificate = pki.der(issue(tenant.rogue_ca, csr))
    return {"order": order, "csr": base64.b64encode(der).decode(),
            "certificate": base64.b64encode(certificate).decode()}


VERBS = (scep_sample, scep_profile, scep_target, scep_order, scep_orders, scep_installed,
         scep_retire, scep_ledger)
