# SPDX-License-Identifier: Apache-2.0
"""The domain with its authorities once for all tests; a tenant and a connector host for each."""
import os

import pytest

import adcs_kit
from adcs import module
from adcs.lab import Lab
from certlab.state import Tenant
from host import Host


def pytest_configure():
    if reason := module.missing():
        pytest.exit(f"skipped: {reason}", 77)


@pytest.fixture(scope="session", autouse=True)
def kept_keys(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("CERTFERRY_LAB_KEYS", str(tmp_path_factory.mktemp("keys")))
    yield
    patch.undo()


@pytest.fixture(scope="session")
def domain():
    lab = Lab("/run/certferry-adcs")
    if "CERTFERRY_SHIFT_CLOCK" in os.environ:
        # For tests in which time passes for all.
        lab.dc.environment.update(LD_PRELOAD=os.environ["CERTFERRY_SHIFT_CLOCK"],
                                  SHIFT_CLOCK_FILE=str(lab.folder / "shift"))
    with lab:
        yield lab


@pytest.fixture
def lab(domain):
    domain.calm()
    domain.ca1.forget()
    domain.ca2.forget()
    domain.activator.objects.clear()
    yield domain
    assert domain.errors == []


@pytest.fixture
def tenant(tmp_path):
    with Tenant(tmp_path / "lab", lease_seconds=30, retry_seconds=0.1) as made:
        yield made
        assert made.lab_errors == []


@pytest.fixture
def host(tmp_path, tenant, lab):
    with Host(tmp_path / "host", tenant) as made:
        adcs_kit.use_domain(made, lab)
        yield made
        if made.process is not None:
            code = made.stop(40)
            assert code == 0, made.log_tail()
        assert "ERROR: AddressSanitizer" not in made.log(), made.log_tail(80)
        assert "runtime error:" not in made.log(), made.log_tail(80)
