# SPDX-License-Identifier: Apache-2.0
"""A tenant and a connector host for each test; device keys are made once for all."""

import pytest

from host import Host
from certlab.state import Tenant


@pytest.fixture(scope="session", autouse=True)
def kept_keys(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("CERTFERRY_LAB_KEYS", str(tmp_path_factory.mktemp("keys")))
    yield
    patch.undo()


@pytest.fixture
def tenant(tmp_path):
    with Tenant(tmp_path / "lab", lease_seconds=30, retry_seconds=0.1) as made:
        yield made
        assert made.lab_errors == []


@pytest.fixture
def host(tmp_path, tenant):
    with Host(tmp_path / "host", tenant, key="p256") as made:
        yield made
        if made.process is not None:
            code = made.stop()
            assert code == 0, made.log_tail()
        assert "ERROR: AddressSanitizer" not in made.log(), made.log_tail(80)
        assert "runtime error:" not in made.log(), made.log_tail(80)


def results(tenant, contexts):
    return {context: tenant.work(context).result for context in contexts}


def assert_all_issued(tenant, contexts):
    failed = {c: r for c, r in results(tenant, contexts).items() if not r or r["status"] != "issued"}
    assert failed == {}
