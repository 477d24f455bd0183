# SPDX-License-Identifier: Apache-2.0
"""The clock by which the service plans renewals. It can be moved; leases and tokens use the real one.

Certificates come with the real time in them. One that came when the clock was ahead by B and is
looked at when it is ahead by A is as old as if A - B had really passed.
"""

import datetime


class Clock:
    def __init__(self, offset=0.0):
        self.offset = offset  # seconds

    def move(self, days=0.0, hours=0.0):
        self.offset += days * 86400 + hours * 3600
        return self.offset

    def now(self, since=0.0):
        """The time for something that came when the offset was `since`."""
        ahead = datetime.timedelta(seconds=self.offset - since)
        return datetime.datetime.utcnow() + ahead


def percent_left(not_before, not_after, now):
    """How much of a certificate's life is left, 0 to 100."""
    left = (not_after - now) / (not_after - not_before)
    return max(0.0, min(100.0, 100.0 * left))
