-- SPDX-License-Identifier: Apache-2.0
-- What an SQLite store has at the same version, in PostgreSQL's words.
-- docs/protocol/store-schema.md explains it. Names and texts are compared by bytes everywhere.

CREATE TABLE certferry_schema (
    version integer NOT NULL
);
INSERT INTO certferry_schema (version) VALUES (4);

CREATE TABLE item_kind (
    id   integer PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);
INSERT INTO item_kind (id, name) VALUES
    (0, 'pkcs'), (1, 'revocation'), (2, 'reencrypt'), (3, 'import'), (4, 'scep');

CREATE TABLE item_state (
    id   integer PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);
INSERT INTO item_state (id, name) VALUES
    (0, 'received'), (1, 'admitted'), (2, 'keyed'), (3, 'submitted'), (4, 'issued'),
    (5, 'wrapped'), (6, 'delivered'), (7, 'failed'), (8, 'reported'), (9, 'revoked'),
    (10, 'recorded'), (11, 'refused');

CREATE TABLE item (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind             integer NOT NULL REFERENCES item_kind (id),
    state            integer NOT NULL REFERENCES item_state (id),
    context          text COLLATE "C" NOT NULL,
    received_ms      bigint NOT NULL,
    updated_ms       bigint NOT NULL,
    due_ms           bigint NOT NULL,
    lease_until_ms   bigint NOT NULL,
    attempts         bigint NOT NULL,
    first_failed_ms  bigint NOT NULL,
    submits          bigint NOT NULL,
    claimed_by       text COLLATE "C",
    claimed_until_ms bigint NOT NULL DEFAULT 0,
    claims           bigint NOT NULL DEFAULT 0,
    device_id        text COLLATE "C",
    user_name        text COLLATE "C",
    ca               text COLLATE "C",
    template_name    text COLLATE "C",
    subject          text COLLATE "C",
    serial           text COLLATE "C",
    cookie           text COLLATE "C",
    rc               text COLLATE "C",
    fault            text COLLATE "C",
    error            text COLLATE "C",
    body             bytea,
    csr              bytea,
    sealed_key       bytea,
    cert             bytea,
    chain            bytea,
    result           bytea,
    UNIQUE (kind, context)
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX item_due ON item (kind, state, due_ms, id);
CREATE INDEX item_ca ON item (kind, state, (coalesce(ca, '')), due_ms, id)
    WHERE state IN (2, 3);
CREATE INDEX item_device ON item (device_id) WHERE device_id IS NOT NULL;
CREATE INDEX item_claimed_by ON item (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX item_finished ON item (updated_ms) WHERE state IN (6, 8);

CREATE TABLE history (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id    bigint NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    at_ms      bigint NOT NULL,
    from_state integer NOT NULL REFERENCES item_state (id),
    to_state   integer NOT NULL REFERENCES item_state (id),
    rc         text COLLATE "C",
    text       text COLLATE "C" NOT NULL
);
CREATE INDEX history_item ON history (item_id);

-- Stands alone on purpose: items are pruned, the ledger is not.
CREATE TABLE ledger (
    id                        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    context                   text COLLATE "C",
    ca                        text COLLATE "C",
    template_name             text COLLATE "C",
    device_id                 text COLLATE "C",
    user_name                 text COLLATE "C",
    profile_id                text COLLATE "C",
    subject                   text COLLATE "C",
    issuer                    text COLLATE "C" NOT NULL,
    serial                    text COLLATE "C" NOT NULL,
    thumbprint                text COLLATE "C",
    not_before_ms             bigint NOT NULL,
    not_after_ms              bigint NOT NULL,
    issued_ms                 bigint NOT NULL,
    renewal_threshold_percent bigint NOT NULL,
    cert                      bytea,
    revoked_ms                bigint NOT NULL DEFAULT 0,
    revocation_reason         bigint NOT NULL DEFAULT 0,
    renews_id                 bigint NOT NULL DEFAULT 0,
    renewed_by_id             bigint NOT NULL DEFAULT 0,
    renew_from_ms             bigint GENERATED ALWAYS AS (
        CASE WHEN renewal_threshold_percent > 0
             THEN not_after_ms - (not_after_ms - not_before_ms) * renewal_threshold_percent / 100
        END) STORED,
    UNIQUE (issuer, serial)
);
CREATE INDEX ledger_serial ON ledger (serial);
CREATE INDEX ledger_context ON ledger (context);
CREATE INDEX ledger_not_after ON ledger (not_after_ms);
CREATE INDEX ledger_device ON ledger (device_id);
CREATE INDEX ledger_thumbprint ON ledger (thumbprint);
CREATE INDEX ledger_user ON ledger (lower(user_name));
CREATE INDEX ledger_renewal ON ledger (renew_from_ms)
    WHERE renew_from_ms IS NOT NULL AND revoked_ms = 0 AND renewed_by_id = 0;

CREATE TABLE recovery (
    ledger_id bigint PRIMARY KEY REFERENCES ledger (id),
    end_ms    bigint NOT NULL, -- 0: the certificate is revoked
    sealed    bytea NOT NULL
);
CREATE INDEX recovery_end ON recovery (end_ms);

-- at_ms never falls and n counts without gaps within a policy, so that the number of rows is known
-- from the first and the last one.
CREATE TABLE rate_grant (
    policy    text COLLATE "C" NOT NULL,
    at_ms     bigint NOT NULL,
    n         bigint NOT NULL,
    context   text COLLATE "C" NOT NULL,
    device_id text COLLATE "C",
    user_name text COLLATE "C",
    PRIMARY KEY (policy, at_ms, n),
    UNIQUE (policy, context)
);
CREATE INDEX rate_grant_device ON rate_grant (policy, lower(device_id))
    WHERE device_id IS NOT NULL;
CREATE INDEX rate_grant_user ON rate_grant (policy, lower(user_name)) WHERE user_name IS NOT NULL;
CREATE INDEX rate_grant_at ON rate_grant (at_ms);

CREATE TABLE ca_record (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ca                text COLLATE "C" NOT NULL,
    serial            text COLLATE "C" NOT NULL,
    request_key       text COLLATE "C" NOT NULL,
    status            integer NOT NULL CHECK (status BETWEEN 0 AND 3),
    template_name     text COLLATE "C",
    subject           text COLLATE "C",
    csr               bytea,
    cert              bytea,
    requested_ms      bigint NOT NULL,
    validity_ms       bigint NOT NULL,
    not_after_ms      bigint NOT NULL,
    revoked_ms        bigint NOT NULL,
    revocation_reason bigint NOT NULL,
    UNIQUE (ca, serial),
    UNIQUE (ca, request_key)
);
CREATE INDEX ca_record_status ON ca_record (ca, status, serial);

CREATE TABLE ca_crl (
    ca     text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL
);

CREATE TABLE scep_challenge (
    profile    text COLLATE "C" NOT NULL,
    digest     bytea NOT NULL,
    subject    text COLLATE "C",
    made_by    text COLLATE "C",
    made_ms    bigint NOT NULL,
    expires_ms bigint NOT NULL,
    used_by    text COLLATE "C", -- the request's context
    used_ms    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (profile, digest)
);
CREATE INDEX scep_challenge_expires ON scep_challenge (expires_ms);

CREATE TABLE scep_ra (
    ca       text COLLATE "C" PRIMARY KEY,
    version  bigint NOT NULL,
    document bytea NOT NULL
);

-- The last transaction of each connection, for when the answer to a commit is lost.
CREATE TABLE commit_mark (
    name text COLLATE "C" PRIMARY KEY,
    n    bigint NOT NULL,
    at   timestamptz NOT NULL
);
