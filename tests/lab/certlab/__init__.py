# SPDX-License-Identifier: Apache-2.0
"""A simulated tenant: identity provider, management service and devices in one process."""
