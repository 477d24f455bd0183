# SPDX-License-Identifier: Apache-2.0
"""A SCEP device written from the wire up: every octet it sends can be chosen, and so be wrong."""
