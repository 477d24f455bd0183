# SPDX-License-Identifier: Apache-2.0
"""What root finds of the account's secrets in the memory of a daemon that has worked with them."""
import time

import pytest

import adcs_kit
from adcs_kit import finish, issued, order
from memory import both_ways, only_locked, places, readable


@readable
def test_the_password_is_in_locked_memory_only(tenant, host, lab):
    adcs_kit.use_ces(host, lab, "password")
    contexts = order(tenant, 4)
    finish(tenant, host)
    issued(tenant, host, contexts)
    time.sleep(1)
    password = (lab.folder / "svc-password").read_bytes().strip()
    assert len(password) >= 8
    assert only_locked(host.process.pid, [password])
    assert password.decode() not in host.log()


@readable
@pytest.mark.parametrize("transport", ["rpc-negotiate", "rpc-kerberos", "ces-kerberos"])
def test_the_keytabs_keys_are_nowhere_in_memory(tenant, host, lab, transport):
    """Connections to the directory and the CA are still open."""
    adcs_kit.use_transport(host, lab, transport)
    contexts = order(tenant, 4)
    finish(tenant, host)
    issued(tenant, host, contexts)
    time.sleep(1)
    keytab = (lab.folder / "conn1.keytab").read_bytes()
    keys = [keytab[key] for key in adcs_kit.keys_in(keytab)]
    assert keys and min(map(len, keys)) >= 16
    assert places(host.process.pid, both_ways(keys)) == []
