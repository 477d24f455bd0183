# SPDX-License-Identifier: Apache-2.0
"""What root finds of the account's password in the memory of a daemon that has worked with them."""
import time

import adcs_kit
from adcs_kit import finish, issued, order
from memory import only_locked, readable


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
