# SPDX-License-Identifier: Apache-2.0
"""Device keys are made once for all tests: RSA keys are slow to make."""

import os
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / "lab"), str(TESTS / "integration")]


@pytest.fixture(scope="session", autouse=True)
def kept_keys(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    if "CERTFERRY_LAB_KEYS" not in os.environ:
        patch.setenv("CERTFERRY_LAB_KEYS", str(tmp_path_factory.mktemp("keys")))
    yield
    patch.undo()
