# SPDX-License-Identifier: Apache-2.0
"""Paths of the lab and of the daemon's host, which the SCEP tests use as they are."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
for folder in ("../lab", "../integration"):
    sys.path.insert(0, str((HERE / folder).resolve()))

import pytest  # noqa: E402

from front import Node  # noqa: E402


@pytest.fixture(scope="session")
def front(tmp_path_factory):
    """One node for all tests of a file that need nothing special; it has to end well."""
    with Node(tmp_path_factory.mktemp("front") / "node") as node:
        node.start()
        yield node
        assert node.process.poll() is None, node.log_tail()
        assert node.scepd.process.poll() is None, node.scepd.log()[-4000:]
        assert node.stop() == 0, node.log_tail()
        node.check_logs()


@pytest.fixture
def nodes(tmp_path):
    """Makes nodes that one test needs for itself."""
    made = []

    def make(name="node", *arguments, **options):
        made.append(Node(tmp_path / name, *arguments, **options))
        return made[-1]

    yield make
    for node in made:
        node.kill()
        node.check_logs()
