# SPDX-License-Identifier: Apache-2.0
"""Renewal: asked for at the threshold, a new key pair, and a ledger that knows old and new."""

from certs import query


def assign(tenant, device, **settings):
    profiles = tenant.management.profiles
    profiles.add("WLAN", "pkcs", device.platform, settings)
    profiles.add_group("all", devices=[device.id])
    profiles.assign("WLAN", ["all"])
    return tenant.management.sync()


def thumbprint(tenant, context):
    result = tenant.work(context).result
    assert result["status"] == "issued", result
    return result["certificateThumbprint"]


def link(host, new):
    """The old certificate's thumbprint of a new one, by both links of the ledger."""
    rows = query(host, "SELECT lower(hex(old.thumbprint)), old.thumbprint FROM ledger new JOIN "
                 "ledger old ON old.id = new.renews_id AND old.renewed_by_id = new.id "
                 "WHERE new.context = ?", new)
    return [as_hex for as_hex, _ in rows], [plain for _, plain in rows]


def is_linked(host, context, old):
    as_hex, plain = link(host, context)
    return old in plain or old.lower() in as_hex


def test_a_renewal_at_the_threshold_is_linked_with_what_it_replaces(tenant, host):
    [device] = tenant.add_devices(1, platforms=["agent"], key_size=256, with_user=True)
    [first] = assign(tenant, device, renewalThresholdPercentage=20)
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    tenant.management.clock.move(days=280)
    assert tenant.management.sync() == []
    with tenant.management.lock:  # an upload that is being answered plans, too
        tenant.management.clock.move(days=20)
        [second] = tenant.management.sync()
    assert tenant.wait_finished(30), host.log_tail()
    old, new = thumbprint(tenant, first), thumbprint(tenant, second)
    assert tenant.work(second).request["certificateThumbprint"] == old != new
    signer = host.signer()
    keys = {tenant.open(c, signer, host.ca_pem()).serial for c in (first, second)}
    assert len(keys) == 2 and is_linked(host, second, old)
    assert tenant.revocations.items == [] and tenant.violations == []


def test_without_a_thumbprint_the_newest_certificate_is_meant(tenant, host):
    [device] = tenant.add_devices(1, platforms=["agent"], key_size=256, with_user=True)
    [first] = assign(tenant, device)
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    profile = tenant.management.profiles.items["WLAN"]
    contexts = [first]
    for _ in range(2):
        contexts.append(tenant.add_request(tenant.management.request(profile, device, "renew")))
        assert tenant.wait_finished(30), host.log_tail()
    for old, new in zip(contexts, contexts[1:]):
        assert is_linked(host, new, thumbprint(tenant, old))


def test_a_certificate_of_another_connector_is_renewed_as_well(tenant, host):
    [device] = tenant.add_devices(1, platforms=["windows"], key_size=256, with_user=True)
    [first] = assign(tenant, device)
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    profile = tenant.management.profiles.items["WLAN"]
    context = tenant.add_request(tenant.management.request(
        profile, device, "renew", certificateThumbprint="AB" * 20))
    assert tenant.wait_finished(30), host.log_tail()
    assert thumbprint(tenant, context) != thumbprint(tenant, first)
    tenant.open(context, host.signer(), host.ca_pem())


def test_expiring_tells_who_waits_for_a_renewal(tenant, host):
    [device] = tenant.add_devices(1, platforms=["agent"], key_size=256, with_user=True)
    host.config["template CertferryWiFi"]["validity"] = "5d"
    [context] = assign(tenant, device, renewalThresholdPercentage=99)
    host.start()
    assert tenant.wait_finished(30), host.log_tail()
    serial = tenant.work(context).result["certificateSerialNumber"]
    told = host.tool("expiring", check=False)
    assert serial.lower() in told.stdout.lower(), told.stdout + told.stderr
