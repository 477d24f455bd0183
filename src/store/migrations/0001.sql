-- SPDX-License-Identifier: Apache-2.0
-- The first schema. docs/protocol/store-schema.md explains it.

PRAGMA application_id = 1128682073; -- "CFRY"

CREATE TABLE item_kind (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO item_kind (id, name) VALUES (0, 'pkcs'), (1, 'revocation');

CREATE TABLE item_state (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO item_state (id, name) VALUES
    (0, 'received'), (1, 'admitted'), (2, 'keyed'), (3, 'submitted'), (4, 'issued'),
    (5, 'wrapped'), (6, 'delivered'), (7, 'failed'), (8, 'reported'), (9, 'revoked');

CREATE TABLE item (
    id               INTEGER PRIMARY KEY AUTOINCREMENT, -- an id is never given twice
    kind             INTEGER NOT NULL REFERENCES item_kind (id),
    state            INTEGER NOT NULL REFERENCES item_state (id),
    context          TEXT NOT NULL,
    received_ms      INTEGER NOT NULL,
    updated_ms       INTEGER NOT NULL,
    due_ms           INTEGER NOT NULL,
    lease_until_ms   INTEGER NOT NULL,
    attempts         INTEGER NOT NULL,
    first_failed_ms  INTEGER NOT NULL,
    submits          INTEGER NOT NULL,
    claimed_by       TEXT,
    claimed_until_ms INTEGER NOT NULL DEFAULT 0,
    claims           INTEGER NOT NULL DEFAULT 0,
    device_id        TEXT,
    user_name        TEXT,
    ca               TEXT,
    template_name    TEXT,
    subject          TEXT,
    serial           TEXT,
    cookie           TEXT,
    rc               TEXT,
    fault            TEXT,
    error            TEXT,
    body             BLOB,
    csr              BLOB,
    sealed_key       BLOB,
    cert             BLOB,
    chain            BLOB,
    result           BLOB,
    UNIQUE (kind, context)
) STRICT;
CREATE INDEX item_due ON item (kind, state, due_ms, id, claimed_until_ms);
CREATE INDEX item_device ON item (device_id) WHERE device_id IS NOT NULL;
CREATE INDEX item_claimed_by ON item (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX item_finished ON item (updated_ms) WHERE state IN (6, 8);

CREATE TABLE history (
    id         INTEGER PRIMARY KEY,
    item_id    INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    at_ms      INTEGER NOT NULL,
    from_state INTEGER NOT NULL REFERENCES item_state (id),
    to_state   INTEGER NOT NULL REFERENCES item_state (id),
    rc         TEXT,
    text       TEXT NOT NULL
) STRICT;
CREATE INDEX history_item ON history (item_id);

-- Stands alone on purpose: items are pruned, the ledger is not.
CREATE TABLE ledger (
    id                        INTEGER PRIMARY KEY AUTOINCREMENT,
    context                   TEXT,
    ca                        TEXT,
    template_name             TEXT,
    device_id                 TEXT,
    user_name                 TEXT,
    profile_id                TEXT,
    subject                   TEXT,
    issuer                    TEXT NOT NULL,
    serial                    TEXT NOT NULL,
    thumbprint                TEXT,
    not_before_ms             INTEGER NOT NULL,
    not_after_ms              INTEGER NOT NULL,
    issued_ms                 INTEGER NOT NULL,
    renewal_threshold_percent INTEGER NOT NULL,
    cert                      BLOB,
    revoked_ms                INTEGER NOT NULL DEFAULT 0,
    revocation_reason         INTEGER NOT NULL DEFAULT 0,
    UNIQUE (issuer, serial)
) STRICT;
CREATE INDEX ledger_serial ON ledger (serial);
CREATE INDEX ledger_context ON ledger (context);
CREATE INDEX ledger_not_after ON ledger (not_after_ms);
CREATE INDEX ledger_device ON ledger (device_id);

CREATE TABLE ca_record (
    id                INTEGER PRIMARY KEY,
    ca                TEXT NOT NULL,
    serial            TEXT NOT NULL,
    request_key       TEXT NOT NULL,
    status            INTEGER NOT NULL CHECK (status BETWEEN 0 AND 3),
    template_name     TEXT,
    subject           TEXT,
    csr               BLOB,
    cert              BLOB,
    requested_ms      INTEGER NOT NULL,
    validity_ms       INTEGER NOT NULL,
    not_after_ms      INTEGER NOT NULL,
    revoked_ms        INTEGER NOT NULL,
    revocation_reason INTEGER NOT NULL,
    UNIQUE (ca, serial),
    UNIQUE (ca, request_key)
) STRICT;
CREATE INDEX ca_record_status ON ca_record (ca, status, serial);

CREATE TABLE ca_crl (
    ca     TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
