# SPDX-License-Identifier: Apache-2.0
"""One tenant per test and one fleet of devices for all: RSA keys are slow to make."""

import pytest

from certlab.state import Tenant
from labclient import Client
from sealer import Connector


@pytest.fixture(scope="session", autouse=True)
def kept_keys(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("CERTFERRY_LAB_KEYS", str(tmp_path_factory.mktemp("keys")))
    yield
    patch.undo()


@pytest.fixture
def tenant(tmp_path):
    with Tenant(tmp_path / "tenant", lease_seconds=30, retry_seconds=0.1) as made:
        yield made
        assert made.lab_errors == []


@pytest.fixture
def client(tenant):
    return Client(tenant).login()


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    """A stopped tenant with ten devices; envelopes need no server."""
    made = Tenant(tmp_path_factory.mktemp("fleet"))
    made.add_devices(10)
    yield made
    made.close()


@pytest.fixture(scope="session")
def connector(tmp_path_factory):
    return Connector(tmp_path_factory.mktemp("connector"))
