-- SPDX-License-Identifier: Apache-2.0
-- Requests that devices make themselves, by SCEP. docs/protocol/store-schema.md explains it.

INSERT INTO item_kind (id, name) VALUES (4, 'scep');
INSERT INTO item_state (id, name) VALUES (10, 'recorded'), (11, 'refused');

CREATE TABLE scep_challenge (
    profile    TEXT NOT NULL,
    digest     BLOB NOT NULL,
    subject    TEXT,
    made_by    TEXT,
    made_ms    INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_by    TEXT, -- the request's context
    used_ms    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (profile, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX scep_challenge_expires ON scep_challenge (expires_ms);

CREATE TABLE scep_ra (
    ca       TEXT PRIMARY KEY,
    version  INTEGER NOT NULL,
    document BLOB NOT NULL
) STRICT;

PRAGMA user_version = 4;
