# SPDX-License-Identifier: Apache-2.0
"""Certification authorities as Microsoft AD CS plays them, for tests without Windows.

lab.py brings all of it up; ca.py is the authority itself, which knows no protocol.
"""
