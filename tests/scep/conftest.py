# SPDX-License-Identifier: Apache-2.0
"""Paths of the lab and of the daemon's host, which the SCEP tests use as they are."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
for folder in ("../lab", "../integration"):
    sys.path.insert(0, str((HERE / folder).resolve()))
