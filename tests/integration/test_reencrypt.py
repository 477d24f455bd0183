# SPDX-License-Identifier: Apache-2.0
"""The same certificate sealed again: for linked profiles and for other devices of the user."""

import pytest

import setups
from certlab import people
from certs import files_with, query, secret_numbers
from cryptography.hazmat.primitives import serialization


def device_of(tenant, platform, user):
    return tenant.add_devices(1, platforms=[platform], key_size=256, user=user,
                              with_user=True)[0]


def issue(tenant, host, device, name="WLAN", **settings):
    profiles = tenant.management.profiles
    profiles.add(name, "pkcs", device.platform, settings)
    profiles.add_group(name, devices=[device.id])
    with tenant.management.lock:  # an upload that is being answered plans, too
        profiles.assign(name, [name])
        [context] = tenant.management.sync()
    if host.process is None:
        host.start()
    assert tenant.wait_finished(30), host.log_tail()
    assert tenant.work(context).result["status"] == "issued", tenant.work(context).result
    return context


def again(tenant, host, source, target=None, name="WLAN"):
    context = tenant.management.reencrypt(name, source.id, (target or source).id)
    assert tenant.wait_finished(30), host.log_tail()
    return context


@pytest.fixture
def recovering(host):
    setups.use_recovery(host)
    return host


@pytest.mark.parametrize("platform", ["iOS", "macOS"])
def test_apple_systems_get_one_certificate_for_all_linked_profiles(tenant, recovering, platform):
    device = device_of(tenant, platform, people.make_user(11))
    profiles = tenant.management.profiles
    profiles.add("WLAN", "pkcs", platform)
    profiles.add_group("all", devices=[device.id])
    profiles.assign("WLAN", ["all"])
    for name, kind in (("office", "wifi"), ("tunnel", "vpn")):
        profiles.add(name, kind, platform, certificateProfile="WLAN")
        profiles.assign(name, ["all"])
    tenant.management.sync()
    recovering.start()
    assert tenant.wait(lambda t: len(t.results()) == 3, 30), recovering.log_tail()
    signer, keys = recovering.signer(), []
    for context in tenant.results():
        tenant.open(context, signer, recovering.ca_pem(), witness=keys.append)
    assert len(set(keys)) == 1
    assert tenant.violations == []
    assert query(recovering, "SELECT count(*) FROM ca_record WHERE cert IS NOT NULL") == [(1,)]


def test_another_device_of_the_user_may_have_it_too(tenant, recovering):
    user = people.make_user(11)
    first, second = device_of(tenant, "windows", user), device_of(tenant, "agent", user)
    context = issue(tenant, recovering, first)
    sealed = again(tenant, recovering, first, second)
    assert tenant.work(sealed).result["status"] == "issued", tenant.work(sealed).result
    signer, keys = recovering.signer(), []
    for each in (context, sealed):
        tenant.open(each, signer, recovering.ca_pem(), witness=keys.append)
    assert keys[0] == keys[1]


def test_a_device_of_somebody_else_may_not(tenant, recovering):
    first = device_of(tenant, "windows", people.make_user(11))
    other = device_of(tenant, "windows", people.make_user(8))
    issue(tenant, recovering, first)
    result = tenant.work(again(tenant, recovering, first, other)).result
    assert (result["status"], result["errorCode"]) == ("failed", "ParameterDataInvalidError")


def test_an_unknown_and_a_revoked_certificate_are_not_found(tenant, recovering):
    device = device_of(tenant, "windows", people.make_user(11))
    issue(tenant, recovering, device)
    request = tenant.management.request(tenant.management.profiles.items["WLAN"], device,
                                        "reencrypt", certificateThumbprint="AB" * 20)
    unknown = tenant.add_request(request)
    assert tenant.wait_finished(30)
    tenant.retire([device.id])
    assert tenant.wait_revoked(30), recovering.log_tail()
    revoked = again(tenant, recovering, device)
    for context in (unknown, revoked):
        assert tenant.work(context).result["errorCode"] == "CertificateNotFoundError"


def test_a_connector_that_keeps_no_copies_says_so(tenant, host):
    device = device_of(tenant, "windows", people.make_user(11))
    issue(tenant, host, device)
    result = tenant.work(again(tenant, host, device)).result
    assert result["errorCode"] == "NotSupportedError" and "recovery" in result["errorMessage"]
    assert query(host, "SELECT count(*) FROM recovery") == [(0,)]
    assert "reencrypt" not in tenant.connector.heartbeats[-1]["features"]


def test_copies_on_the_disk_show_no_key(tenant, recovering):
    device, keys = device_of(tenant, "agent", people.make_user(11)), []
    context = issue(tenant, recovering, device)
    tenant.open(context, recovering.signer(), recovering.ca_pem(), witness=keys.append)
    recovering.stop()
    start = keys[0].index(b"-----BEGIN")
    numbers = secret_numbers(serialization.load_pem_private_key(keys[0][start:], None))
    assert files_with(recovering.state, numbers) == []
