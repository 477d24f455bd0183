-- SPDX-License-Identifier: Apache-2.0
-- Renewals, copies for re-encryption, imported PFX files, requests counted for policies.
-- docs/protocol/store-schema.md explains it.

INSERT INTO item_kind (id, name) VALUES (2, 'reencrypt'), (3, 'import');

ALTER TABLE ledger ADD COLUMN renews_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN renewed_by_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN renew_from_ms INTEGER GENERATED ALWAYS AS (
    CASE WHEN renewal_threshold_percent > 0
         THEN not_after_ms - (not_after_ms - not_before_ms) * renewal_threshold_percent / 100
    END) VIRTUAL;
CREATE INDEX ledger_thumbprint ON ledger (thumbprint);
CREATE INDEX ledger_user ON ledger (user_name COLLATE NOCASE);
-- The certificates that nothing has ended or replaced: what the others need is history.
CREATE INDEX ledger_renewal ON ledger (renew_from_ms)
    WHERE renew_from_ms IS NOT NULL AND revoked_ms = 0 AND renewed_by_id = 0;

CREATE TABLE recovery (
    ledger_id INTEGER PRIMARY KEY REFERENCES ledger (id),
    end_ms    INTEGER NOT NULL, -- 0: the certificate is revoked
    sealed    BLOB NOT NULL
) STRICT;
CREATE INDEX recovery_end ON recovery (end_ms);

-- at_ms never falls and n counts without gaps within a policy, so that the number of rows is known
-- from the first and the last one.
CREATE TABLE rate_grant (
    policy    TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    context   TEXT NOT NULL,
    device_id TEXT COLLATE NOCASE,
    user_name TEXT COLLATE NOCASE,
    PRIMARY KEY (policy, at_ms, n),
    UNIQUE (policy, context)
) STRICT, WITHOUT ROWID;
CREATE INDEX rate_grant_device ON rate_grant (policy, device_id) WHERE device_id IS NOT NULL;
CREATE INDEX rate_grant_user ON rate_grant (policy, user_name) WHERE user_name IS NOT NULL;
CREATE INDEX rate_grant_at ON rate_grant (at_ms);

PRAGMA user_version = 2;
