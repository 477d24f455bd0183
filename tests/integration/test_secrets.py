# SPDX-License-Identifier: Apache-2.0
"""Guarantee 5, attacked from outside: what root finds in the memory and the files of a daemon that
has done its work, and what it says when a check is turned off."""

import time

import setups
from certlab import imports, orders, people, pfx
from certs import files_with, query, secret_numbers
from conftest import assert_all_issued
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from memory import both_ways, places, readable

def keys_and_passwords(monkeypatch):
    """Filled by every result that is opened."""
    keys, passwords = [], []
    inspect = pfx.inspect

    def witness(store, password, *rest):
        passwords.append(password.encode())
        return inspect(store, password, *rest)

    def take(pem):
        pem = pem[pem.index(b"-----BEGIN"):]
        keys.extend(both_ways(secret_numbers(load_pem_private_key(pem, None))))

    monkeypatch.setattr(pfx, "inspect", witness)
    return keys, passwords, take


@readable
def test_nothing_secret_of_a_device_is_left_in_memory_or_on_disk(tenant, host, monkeypatch):
    keys, passwords, take = keys_and_passwords(monkeypatch)
    tenant.add_devices(10)
    contexts = tenant.add_requests(per_device=2, key_sizes=(2048, 256))
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    time.sleep(1)  # the upload's own buffers
    signer = host.signer()
    for context in contexts:
        tenant.open(context, signer, host.ca_pem(), handshake=False, witness=take)
    assert len(passwords) == len(contexts) and len(keys) >= 2 * len(contexts)
    pid = host.process.pid
    assert places(pid, keys) == []
    assert places(pid, passwords) == []
    assert files_with(host.directory, keys + passwords) == []
    assert query(host, "SELECT count(*) FROM item WHERE sealed_key IS NOT NULL") == [(0,)]

    # What stays for as long as the daemon runs is locked and kept out of dumps.
    for path, kept in (("store-key", True), ("client-secret", False)):
        secret = (host.credentials / path).read_bytes().strip()
        found = places(pid, [secret])
        assert bool(found) == kept, path
        assert all({"lo", "dd"} <= set(flags) for flags in found), path
    number = load_pem_private_key((host.credentials / "ca-corp-key").read_bytes(), None)
    exponent = secret_numbers(number)[2]
    found = places(pid, both_ways([exponent]))
    assert found and all({"lo", "dd"} <= set(flags) for flags in found)


@readable
def test_nothing_of_imported_keys_and_of_kept_copies_is_left(tenant, host, monkeypatch):
    keys, passwords, take = keys_and_passwords(monkeypatch)
    user, chosen = people.make_user(11), "the old password, Jörg's own"
    setups.use_recovery(host)
    public = setups.use_import_key(host)
    [device, second] = tenant.add_devices(2, platforms=["agent"], key_size=256, user=user,
                                          with_user=True)
    issued = tenant.add_requests([device], per_device=3, key_sizes=(2048, 256), kinds=("user",))
    imported = []
    for size in (2048, 256, 3072):
        store, _, key = imports.make_pfx(f"Jörg {size}", chosen, size=size)
        item = imports.describe(user["userPrincipalName"], store, chosen, public)
        imported.append(tenant.add_request(orders.make_import(device, item),
                                           item["thumbprint"].upper()))
        wrong = dict(item, encryptedPfxPassword=imports.wrap_password(chosen + "!", public))
        tenant.add_request(orders.make_import(device, wrong))
        keys += both_ways(secret_numbers(key))
    host.start()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, issued + imported)
    again = []
    for context in issued:
        thumbprint = tenant.work(context).result["certificateThumbprint"]
        again.append(tenant.add_request(orders.make_request(
            second, "user", request_type="reencrypt", certificateThumbprint=thumbprint)))
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, again)
    time.sleep(1)  # the upload's own buffers
    signer = host.signer()
    for context in issued + again:
        tenant.open(context, signer, host.ca_pem(), names=False, handshake=False, witness=take)
    assert len(keys) >= 2 * (len(issued + again) + len(imported))
    passwords += [chosen.encode(code) for code in ("utf-8", "latin-1", "utf-16-be", "utf-16-le")]
    pid = host.process.pid
    assert places(pid, keys) == []
    assert places(pid, passwords) == []
    assert files_with(host.directory, keys + passwords) == []
    assert not [line for line in host.log().splitlines() if "Jörg's own" in line]

    for path in ("recovery", "import-office"):
        number = load_pem_private_key((host.credentials / path).read_bytes(), None)
        found = places(pid, both_ways([secret_numbers(number)[2]]))
        assert found and all({"lo", "dd"} <= set(flags) for flags in found), path


def test_a_check_that_is_turned_off_is_said_at_every_start(tenant, host):
    host.config["recipient"] = {"check": "no"}
    for starts in (1, 2):
        host.start()
        warnings = [line for line in host.log().splitlines() if "[recipient] check" in line]
        assert len(warnings) == starts, host.log_tail()
        assert all(line.startswith("<4>") for line in warnings)
        assert host.stop() == 0
