# SPDX-License-Identifier: Apache-2.0
"""The store's disk is full, its file locked or damaged; the clock jumps."""

import contextlib
import os
import sqlite3
import subprocess
import time

import pytest

from certs import issued_per_context
from conftest import assert_all_issued
from host import BUILD, Host


@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a small tmpfs needs root")
    folder = tmp_path / "host" / "state"
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_only_delays(tenant, small_disk, host):
    host.start()
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 4096) == 4096:
            pass
    tenant.add_devices(3)
    contexts = tenant.add_requests(per_device=10)
    assert tenant.wait(lambda _: "STORE_FAILED" in host.log(), 20), host.log_tail()
    assert "no space" in host.log().lower() or "full" in host.log().lower()
    filler.unlink()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)
    assert "STORE_RECOVERED" in host.log()
    assert set(issued_per_context(host).values()) == {1}


def test_a_locked_store_only_delays(tenant, host):
    host.start()
    locker = sqlite3.connect(host.state / "certferry.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    tenant.add_devices(2)
    contexts = tenant.add_requests()
    assert tenant.wait(lambda _: "STORE_FAILED" in host.log(), 30), host.log_tail()
    assert "locked" in host.log()
    locker.execute("ROLLBACK")
    locker.close()
    assert tenant.wait_finished(60), host.log_tail()
    assert_all_issued(tenant, contexts)


def test_a_damaged_store_is_named_and_not_replaced(tenant, host):
    host.start()
    host.stop()
    path = host.state / "certferry.db"
    path.write_bytes(b"this is not a database" * 400)
    for name in ("certferry.db-wal", "certferry.db-shm"):
        (host.state / name).unlink(missing_ok=True)
    done = host.program()
    assert done.returncode == 78
    assert "certferry.db" in done.stderr
    assert path.read_bytes().startswith(b"this is not a database")


@pytest.mark.parametrize("jump", [-7200, 7200], ids=["backwards", "forwards"])
def test_a_jump_of_the_clock_loses_nothing(tmp_path, tenant, jump):
    library = (BUILD / "tests/integration/libshift_clock.so").resolve()
    if not library.exists():
        pytest.skip("a sanitizer build cannot preload a library")
    control = tmp_path / "shift"
    control.write_text("0")
    environment = {"LD_PRELOAD": str(library), "SHIFT_CLOCK_FILE": str(control)}
    with Host(tmp_path / "host", tenant, key="p256", environment=environment) as host:
        tenant.add_devices(2)
        first = tenant.add_requests()
        host.start()
        assert tenant.wait_finished(30), host.log_tail()
        tenant.faults.add(match="uploadPkcsResults", fault="503", times=3)
        second = tenant.add_requests()
        time.sleep(0.3)
        control.write_text(str(jump))
        assert tenant.wait_finished(90), host.log_tail()
        assert_all_issued(tenant, first + second)
        assert tenant.wait(lambda _: "CLOCK_JUMPED" in host.log(), 40), host.log_tail()
        assert host.stop() == 0
