# SPDX-License-Identifier: Apache-2.0
"""The service's own planning: what administrators do, and the requests, states and removals of it."""

import base64

import pytest

from certlab import imports, orders, pki, platforms, removal, settings, status
from certlab.profiles import OutOfScope, is_applicable
from certlab.remote import Remote
from certlab.settings import BadProfile
from certlab.state import Tenant
from labclient import failed


def device_of(tenant, platform, **options):
    return tenant.add_devices(1, platforms=[platform], key_size=256, with_user=True,
                              **options)[0]


def make(tenant, device, name="WLAN", **given):
    """A PKCS profile assigned to a group with this device; the contexts that follow."""
    profiles = tenant.management.profiles
    profiles.add(name, "pkcs", platforms.family(device.platform), given)
    profiles.add_group(f"{name} group", devices=[device.id])
    profiles.assign(name, [f"{name} group"])
    return tenant.management.sync()


def states(tenant):
    return {(s["profile"], s["device"]): (s["status"], s["reason"])
            for s in status.status(tenant.management)}


def test_a_device_in_an_assigned_group_gets_one_request_and_then_its_status(
        tenant, client, connector):
    device, other = device_of(tenant, "windows"), device_of(tenant, "windows")
    [context] = make(tenant, device)
    assert tenant.management.sync() == []
    assert states(tenant) == {("WLAN", device.id): ("pending", None)}
    request = tenant.work(context).request
    assert request["device"]["id"] == device.id and request["requestType"] == "issue"
    assert other.id not in {w.request["device"]["id"] for w in tenant.connector.work}
    connector.serve(tenant, client)
    assert states(tenant) == {("WLAN", device.id): ("succeeded", None)}
    assert tenant.violations == []


def test_a_user_in_a_group_brings_all_devices_of_the_platform(tenant):
    [user] = tenant.add_users(1)
    mine = [device_of(tenant, "windows", user=user) for _ in range(2)]
    device_of(tenant, "agent", user=user)
    profiles = tenant.management.profiles
    profiles.add("WLAN", "pkcs", "windows")
    profiles.add_group("people", users=[user["userPrincipalName"]])
    profiles.add_group("not these", devices=[mine[1].id])
    profiles.assign("WLAN", ["people"], ["not these"])
    [context] = tenant.management.sync()
    assert tenant.work(context).request["device"]["id"] == mine[0].id


def test_a_failure_is_shown_with_its_reason_and_tried_again_at_check_in(tenant, client, connector):
    device = device_of(tenant, "windows")
    [context] = make(tenant, device)
    client.download()
    client.upload(failed(context))
    kind, reason = states(tenant)["WLAN", device.id]
    assert kind == "error" and "The platform is unknown" in reason
    assert tenant.management.sync() == []
    assert len(tenant.management.check_in(device.id)) == 1
    connector.serve(tenant, client)
    assert states(tenant)["WLAN", device.id] == ("succeeded", None)


@pytest.mark.parametrize("rule, version, edition, meant", [
    (None, "6.3", "Home", True),
    ({"rule": "assignIf", "minVersion": "10.0.22000"}, "10.0.22631.3296", None, True),
    ({"rule": "assignIf", "minVersion": "10.0.22000"}, "10.0.19045", None, False),
    ({"rule": "assignIf", "minVersion": "10.0", "maxVersion": "10.0.19999"}, "10.0.19045", None,
     True),
    ({"rule": "doNotAssignIf", "maxVersion": "10.0.19999"}, "10.0.19045", None, False),
    ({"rule": "assignIf", "editions": ["Enterprise"]}, "10.0", "Enterprise", True),
    ({"rule": "assignIf", "editions": ["Enterprise"]}, "10.0", "Home", False),
    ({"rule": "doNotAssignIf", "editions": ["Home"]}, "10.0", "Pro", True),
])
def test_applicability_rules_look_at_version_and_edition(rule, version, edition, meant):
    assert is_applicable(rule, {"osVersion": version, "osEdition": edition}) == meant


def test_a_device_that_no_rule_means_gets_nothing(tenant):
    device = device_of(tenant, "windows", facts={"osEdition": "Home"})
    profiles = tenant.management.profiles
    profiles.add("WLAN", "pkcs", "windows",
                 applicabilityRule={"rule": "assignIf", "editions": ["Enterprise"]})
    profiles.add_group("all", devices=[device.id])
    profiles.assign("WLAN", ["all"])
    assert tenant.management.sync() == []
    assert states(tenant) == {("WLAN", device.id): ("notApplicable", None)}
    with pytest.raises(BadProfile, match="only for Windows"):
        profiles.add("x", "pkcs", "iOS", applicabilityRule={"rule": "assignIf",
                                                            "minVersion": "1"})


def test_administrators_see_and_reach_what_their_role_says(tenant):
    profiles = tenant.management.profiles
    profiles.add_role("north", ["US-NC IT Team"], ["staff"])
    profiles.add_group("staff")
    profiles.add_group("board")
    profiles.add("mine", "pkcs", "windows", admin="north")
    profiles.add("theirs", "pkcs", "windows", scopeTags=["HQ"])
    assert [p["name"] for p in profiles.visible("north")] == ["mine"]
    assert profiles.assign("mine", ["staff"], admin="north")
    for action in (lambda: profiles.assign("mine", ["board"], admin="north"),
                   lambda: profiles.edit("theirs", {}, admin="north")):
        with pytest.raises(OutOfScope):
            action()
    assert status.status(tenant.management, "north") == []


def test_android_waits_for_the_trusted_root(tenant, client, connector):
    device = device_of(tenant, "androidWorkProfile")
    profiles = tenant.management.profiles
    root = profiles.add("root", "trustedCertificate", "androidEnterprise",
                        certificate=connector.issuers.decode())
    assert make(tenant, device, rootCertificate="root") == []
    kind, reason = states(tenant)["WLAN", device.id]
    assert kind == "pending" and "root is not assigned" in reason
    profiles.assign("root", ["WLAN group"])
    [context] = tenant.management.sync()
    asked = tenant.work(context).request["profile"]["rootCertificateThumbprint"]
    assert asked == root["thumbprint"] == pki.thumbprint(connector.ca.certificate)
    connector.serve(tenant, client)
    assert states(tenant)["root", device.id] == states(tenant)["WLAN", device.id] == (
        "succeeded", None)


def test_a_trusted_certificate_profile_takes_ca_certificates_only(tenant, connector):
    _, leaf, _ = imports.make_pfx("x", "pw", size=256)
    for text in (pki.pem(leaf).decode(), "%%%"):
        with pytest.raises(ValueError):
            tenant.management.profiles.add("root", "trustedCertificate", "iOS", certificate=text)


@pytest.mark.parametrize("platform", ["iOS", "macOS"])
def test_apple_systems_get_the_same_certificate_for_each_linked_profile(
        tenant, client, connector, platform):
    device = device_of(tenant, platform)
    make(tenant, device)
    profiles = tenant.management.profiles
    for name, kind in (("office", "wifi"), ("tunnel", "vpn")):
        profiles.add(name, kind, platform, certificateProfile="WLAN")
        profiles.assign(name, ["WLAN group"])
    connector.serve(tenant, client)
    kinds = [w.request["requestType"] for w in tenant.connector.work]
    assert kinds == ["issue", "reencrypt", "reencrypt"]
    marks = {w.result["certificateThumbprint"] for w in tenant.connector.work}
    assert len(marks) == 1
    assert tenant.connector.work[1].request["certificateThumbprint"] in marks
    assert {s for s, _ in states(tenant).values()} == {"succeeded"}
    # A renewal goes to the linked profiles too.
    tenant.management.clock.move(days=365)
    tenant.management.sync()
    connector.serve(tenant, client)
    kinds = [w.request["requestType"] for w in tenant.connector.work]
    assert kinds[3:] == ["renew", "reencrypt", "reencrypt"]
    assert tenant.violations == []


def test_other_systems_use_one_certificate_for_all_linked_profiles(tenant, client, connector):
    device = device_of(tenant, "windows")
    make(tenant, device)
    tenant.management.profiles.add("office", "wifi", "windows", certificateProfile="WLAN")
    tenant.management.profiles.assign("office", ["WLAN group"])
    connector.serve(tenant, client)
    assert len(tenant.connector.work) == 1
    assert states(tenant)["office", device.id] == ("succeeded", None)


def test_renewal_starts_at_the_threshold_and_names_the_old_certificate(tenant, client, connector):
    device = device_of(tenant, "agent")
    make(tenant, device, renewalThresholdPercentage=30)
    connector.serve(tenant, client)  # certificates of 30 days, one of them in the past
    first = tenant.connector.work[0].result["certificateThumbprint"]
    tenant.management.clock.move(days=19)
    assert tenant.management.sync() == []
    tenant.management.clock.move(days=2)
    [context] = tenant.management.sync()
    assert tenant.management.sync() == []
    request = tenant.work(context).request
    assert (request["requestType"], request["certificateThumbprint"]) == ("renew", first)
    connector.serve(tenant, client)
    assert tenant.management.sync() == []  # the new one is young by the moved clock
    tenant.management.clock.move(days=25)
    assert len(tenant.management.sync()) == 1


def test_a_renewal_that_fails_keeps_the_old_certificate_and_comes_again(tenant, client, connector):
    device = device_of(tenant, "agent")
    make(tenant, device)
    connector.serve(tenant, client)
    tenant.management.clock.move(days=28)
    [context] = tenant.management.sync()
    client.download()
    client.upload(failed(context))
    assert states(tenant)["WLAN", device.id][0] == "succeeded"
    assert tenant.management.sync() == []
    tenant.management.clock.move(hours=8)
    assert len(tenant.management.sync()) == 1


def test_an_edit_of_what_is_certified_leads_to_new_requests_and_no_revocation(
        tenant, client, connector):
    device = device_of(tenant, "agent")
    make(tenant, device)
    connector.serve(tenant, client)
    assert tenant.events.edit("WLAN", {"renewalThresholdPercentage": 10}) == []
    [context] = tenant.events.edit("WLAN", {"subjectNameFormat": "CN={{DeviceName}}"})
    request = tenant.work(context).request
    assert request["requestType"] == "issue"
    assert request["profile"]["subjectNameFormat"] == "CN={{DeviceName}}"
    assert tenant.revocations.items == []


def test_what_is_deleted_on_the_device_comes_again(tenant, client, connector):
    device = device_of(tenant, "agent")
    make(tenant, device)
    connector.serve(tenant, client)
    tenant.management.delete_on_device(device.id, "WLAN")
    assert len(tenant.management.check_in(device.id)) == 1


ROWS = [(event, platform) for event in removal.EVENTS
        for platform in ("windows", "iOS", "macOS", "androidDeviceAdministrator")]


@pytest.mark.parametrize("event, platform", ROWS)
def test_the_table_of_removals_is_what_happens(tenant, client, connector, event, platform):
    device = device_of(tenant, platform)
    make(tenant, device)
    connector.serve(tenant, client)
    upn, events = device.user["userPrincipalName"], tenant.events
    {
        "unenroll": lambda: events.happens("unenroll", [device.id]),
        "retire": lambda: events.happens("retire", [device.id]),
        "wipe": lambda: events.happens("wipe", [device.id]),
        "leaveGroup": lambda: events.leave("WLAN group", devices=[device.id]),
        "unassign": lambda: events.unassign("WLAN"),
        "editProfile": lambda: events.edit("WLAN", {"renewalThresholdPercentage": 5}),
        "loseLicence": lambda: events.lose_licence(upn),
        "deleteUser": lambda: events.delete_user(upn),
        "deleteGroup": lambda: events.delete_group("WLAN group"),
    }[event]()
    wanted = removal.actions(event, platform)
    asked = [i["request"]["serialNumber"] for i in tenant.revocations.items]
    serial = tenant.connector.work[0].result["certificateSerialNumber"]
    assert asked == ([serial] if "revoke" in wanted else [])
    [held] = tenant.management.holdings
    assert (held["state"] == "removed") == ("remove" in wanted)
    assert tenant.management.sync() == []


def test_nothing_is_revoked_when_the_user_is_deleted_before_the_device(tenant, client, connector):
    device = device_of(tenant, "windows")
    make(tenant, device)
    connector.serve(tenant, client)
    tenant.events.delete_user(device.user["userPrincipalName"])
    assert tenant.events.happens("retire", [device.id]) == {device.id: ["remove"]}
    assert tenant.revocations.items == []


def test_a_request_nobody_took_is_withdrawn_when_the_device_leaves(tenant, client):
    device = device_of(tenant, "windows")
    make(tenant, device)
    tenant.events.leave("WLAN group", devices=[device.id])
    assert client.download() == []


def test_imported_pfx_files_reach_the_users_devices_and_are_never_revoked(
        tenant, client, connector):
    [user] = tenant.add_users(1)
    device = device_of(tenant, "iOS", user=user)
    upn, profiles = user["userPrincipalName"], tenant.management.profiles
    profiles.add("mail", "importedPfx", "iOS", intendedPurpose="smimeEncryption")
    profiles.add_group("people", users=[upn])
    profiles.assign("mail", ["people"])
    for days_ago, purpose in ((40, "smimeEncryption"), (5, "smimeEncryption"), (1, "wifi")):
        pfx, leaf, _ = imports.make_pfx(
            "Jörg Müller", "pässword", size=256, start=pki.now() - days_ago * pki.DAY)
        item = imports.describe(upn, pfx, "pässword", connector.import_public, purpose)
        tenant.management.imports.add(item)
        if days_ago == 5:
            newest = pki.thumbprint(leaf)
    [context] = tenant.management.sync()
    assert tenant.work(context).thumbprint == newest
    # the password goes over the wire as its low octets
    sealed = base64.b64decode(tenant.work(context).request["encryptedPfxPassword"])
    assert len(sealed) == 256
    tenant.events.happens("retire", [device.id])
    assert tenant.revocations.items == []


def test_an_imported_certificate_must_be_the_one_that_comes_back(tenant, client, connector):
    device = device_of(tenant, "agent")
    pfx, _, _ = imports.make_pfx("Sam", "pw", size=256)
    item = imports.describe(device.user["userPrincipalName"], pfx, "pw", connector.import_public)
    context = tenant.add_request(orders.make_import(device, item), item["thumbprint"].upper())
    [request] = client.download()
    answer = connector.answer(device, request)
    wrong = connector.answer(device, dict(request, requestType="issue"))
    wrong["caConfiguration"] = wrong["rootCertificate"] = None
    assert "instead of" in client.upload(wrong)[0]["errorMessage"]
    assert client.upload(answer)[0]["accepted"]
    assert tenant.work(context).state == "finished"


@pytest.mark.parametrize("platform, given, text", [
    ("iOS", {"keyStorageProvider": "useSoftwareKsp"}, "not a setting of iOS"),
    ("iOS", {"extendedKeyUsages": ["1.2.3"]}, "not a setting of iOS"),
    ("windows", {"allowAllAppsAccess": True}, "not a setting of windows"),
    ("macOS", {"rootCertificate": "root"}, "not a setting of macOS"),
    ("windows", {"renewalThresholdPercentage": 0}, "1 to 99"),
    ("windows", {"validityPeriod": {"value": 4, "scale": "days"}}, "five days"),
    ("windows", {"validityPeriod": {"value": 25, "scale": "months"}}, "two years"),
    ("windows", {"certificateStore": "user", "certificateType": "device"}, "machine"),
    ("windows", {"containerName": "x"}, "usePassport"),
    ("windows", {"keyStorageProvider": "usePassportForWorkKspOtherwiseFail"}, "containerName"),
    ("iOS", {"keySize": 4096}, "4096"),
    ("androidDeviceAdministrator", {"certificateAccess": ["app"]}, "not a setting"),
    ("androidEnterprise", {"certificateAccess": ["app"], "ownerships": ["workProfile"]},
     "company-owned"),
    ("windows", {"shoeSize": 44}, "no such setting"),
    ("windows", {"subjectAlternativeNames": [
        {"type": "universalResourceIdentifier", "value": "x:{{OnPremisesSecurityIdentifier}}"}]},
     "includeSecurityIdentifier"),
    ("windows", {"rootCertificate": "nobody"}, "no trusted certificate profile"),
    ("macOS", {"includeSecurityIdentifier": True, "certificateType": "device"}, "only on Windows"),
])
def test_the_portal_refuses_what_a_platform_does_not_have(tenant, platform, given, text):
    with pytest.raises(BadProfile, match=text):
        tenant.management.profiles.add("WLAN", "pkcs", platform, given)
    assert tenant.management.profiles.items == {}


def test_every_setting_has_a_default_where_it_exists():
    for platform in settings.PLATFORMS:
        made = settings.complete(platform, {})
        assert set(made) == {n for n, row in settings.TABLE.items() if platform in row[0]}


def test_the_console_is_reached_from_other_processes_and_survives_a_restart(tmp_path, connector):
    with Tenant(tmp_path / "lab") as tenant:
        device = device_of(tenant, "agent")
        remote = Remote(tmp_path / "lab")
        remote.call("profile", name="WLAN", kind="pkcs", platform="agent",
                    settings={"certificateType": "device",
                              "subjectNameFormat": "CN={{DeviceName}}"})
        remote.call("group", name="all", devices=[device.id])
        assert len(remote.call("assign", name="WLAN", include=["all"])) == 1
        assert remote.call("status")[0]["status"] == "pending"
        assert remote.call("clock", days=3) == []
        with pytest.raises(RuntimeError, match="not a setting"):
            remote.call("profile", name="x", kind="pkcs", platform="iOS",
                        settings={"certificateStore": "user"})
    with Tenant(tmp_path / "lab") as tenant:
        assert tenant.management.clock.offset == 3 * 86400
        assert status.status(tenant.management)[0]["status"] == "pending"
        assert tenant.management.sync() == []
