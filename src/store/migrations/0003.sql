-- SPDX-License-Identifier: Apache-2.0
-- What waits for one CA is passed by without being looked at.
-- docs/protocol/store-schema.md explains it.

CREATE INDEX item_ca ON item (kind, state, ca, due_ms, id, claimed_until_ms)
    WHERE state IN (2, 3);

PRAGMA user_version = 3;
