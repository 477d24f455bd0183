/* SPDX-License-Identifier: Apache-2.0 */
#include "sql.h"

/* In the order in which cf_item_row_get reads them. */
#define ITEM_FACTS                                                                                 \
    "id, kind, state, context, received_ms, updated_ms, due_ms, lease_until_ms, attempts, "        \
    "first_failed_ms, submits, claimed_until_ms, claims, device_id, user_name, ca, "               \
    "template_name, subject, serial, cookie, rc, fault, error"
#define ITEM_ALL ITEM_FACTS ", body, csr, sealed_key, cert, chain, result"
#define ITEM_LISTED ITEM_FACTS ", NULL, NULL, NULL, NULL, NULL, NULL"

/* CF_STORE_CA_STATES, written out so that the partial index is used. */
#define ITEM_AT_CA "kind = ?1 AND state = ?2 AND state IN (2, 3)"
#define ITEM_MATCH                                                                                 \
    "AND (?2 = 0 OR ((1 << state) & ?2) <> 0) AND (?3 = 0 OR ((1 << kind) & ?3) <> 0) "            \
    "AND (?5 IS NULL OR device_id = ?5) "
/* Two statements: oldest first, newest first. */
#define ITEM_PAIR(name, where)                                                                     \
    [CF_SQL_ITEM_##name] = "SELECT " ITEM_LISTED " FROM item " where "AND id > ?1 " ITEM_MATCH     \
                           "ORDER BY id LIMIT ?4",                                                 \
    [CF_SQL_ITEM_##name##_NEWEST] =                                                                \
        "SELECT " ITEM_LISTED " FROM item " where                                                  \
        "AND id < CASE WHEN ?1 = 0 THEN 9223372036854775807 ELSE ?1 END " ITEM_MATCH               \
        "ORDER BY id DESC LIMIT ?4"

#define LEDGER_ALL                                                                                 \
    "SELECT id, context, ca, template_name, device_id, user_name, profile_id, subject, issuer, "   \
    "serial, thumbprint, not_before_ms, not_after_ms, issued_ms, renewal_threshold_percent, "      \
    "cert, revoked_ms, revocation_reason, renews_id, renewed_by_id, "                              \
    "EXISTS (SELECT 1 FROM recovery WHERE ledger_id = ledger.id) FROM ledger "
#define LEDGER_MATCH                                                                               \
    "AND (?2 IS NULL OR serial = ?2) AND (?3 IS NULL OR issuer = ?3) "                             \
    "AND (?4 IS NULL OR context = ?4) AND (?5 IS NULL OR ca = ?5) "                                \
    "AND (?6 = 0 OR not_after_ms < ?6) AND (?7 = 0 OR revoked_ms = 0) "                            \
    "AND (?9 IS NULL OR thumbprint = ?9) AND (?10 IS NULL OR device_id = ?10) "                    \
    "AND (?11 IS NULL OR user_name = ?11 COLLATE NOCASE) "                                         \
    "AND (?12 IS NULL OR profile_id = ?12) AND not_after_ms >= ?13 "                               \
    "AND (?14 = 0 OR renewed_by_id = 0) AND (?15 = 0 OR renew_from_ms <= ?16) "
/* As ITEM_PAIR. */
#define LEDGER_PAIR(name, where)                                                                   \
    [CF_SQL_LEDGER_##name] = LEDGER_ALL where "AND id > ?1 " LEDGER_MATCH "ORDER BY id LIMIT ?8",  \
    [CF_SQL_LEDGER_##name##_NEWEST] = LEDGER_ALL where                                             \
        "AND id < CASE WHEN ?1 = 0 THEN 9223372036854775807 ELSE ?1 END " LEDGER_MATCH             \
        "ORDER BY id DESC LIMIT ?8"

#define CA_FACTS                                                                                   \
    "SELECT ca, serial, request_key, status, template_name, subject, requested_ms, validity_ms, "  \
    "not_after_ms, revoked_ms, revocation_reason, "

const char *const CF_SQL_TEXT[CF_SQL_MAX_] = {
    [CF_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [CF_SQL_COMMIT] = "COMMIT",
    [CF_SQL_ROLLBACK] = "ROLLBACK",
    [CF_SQL_SAVEPOINT] = "SAVEPOINT operation",
    [CF_SQL_SAVEPOINT_UNDO] = "ROLLBACK TO operation",
    [CF_SQL_SAVEPOINT_END] = "RELEASE operation",

    [CF_SQL_ITEM_INSERT] =
        "INSERT INTO item (state, due_ms, lease_until_ms, attempts, first_failed_ms, submits, "
        "device_id, user_name, ca, template_name, subject, serial, cookie, rc, fault, error, "
        "body, csr, sealed_key, cert, chain, result, updated_ms, kind, context, received_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [CF_SQL_ITEM_FIND] = "SELECT id, state, claimed_until_ms, result IS NOT NULL, rc, "
                         "csr IS NOT NULL, submits FROM item "
                         "WHERE kind = ? AND context = ?",
    /* What a worker read when it claimed may be older than the lease the cloud gave since. */
    [CF_SQL_ITEM_UPDATE] =
        "UPDATE item SET state = ?, due_ms = ?, "
        "lease_until_ms = CASE WHEN lease_until_ms > ?3 THEN lease_until_ms ELSE ?3 END, "
        "attempts = ?, first_failed_ms = ?, submits = ?, device_id = ?, user_name = ?, ca = ?, "
        "template_name = ?, subject = ?, serial = ?, cookie = ?, rc = ?, fault = ?, error = ?, "
        "body = ?, csr = ?, sealed_key = ?, cert = ?, chain = ?, result = ?, updated_ms = ?, "
        "claimed_by = ?, claimed_until_ms = ? WHERE id = ? AND claimed_by = ? AND claims = ?",
    [CF_SQL_ITEM_MAKE_DUE] =
        "UPDATE item SET due_ms = ?1 WHERE due_ms > ?1 AND state NOT IN (6, 8)",
    [CF_SQL_ITEM_LEASE] = "UPDATE item SET lease_until_ms = ? WHERE kind = ? AND context = ?",
    [CF_SQL_ITEM_LEASE_ID] = "UPDATE item SET lease_until_ms = ? WHERE id = ?",
    [CF_SQL_ITEM_REOPEN] =
        "UPDATE item SET state = ?, due_ms = ?, lease_until_ms = ?, updated_ms = ?, attempts = 0, "
        "first_failed_ms = 0, claimed_by = NULL, claimed_until_ms = 0 WHERE id = ?",
    [CF_SQL_ITEM_ANEW] =
        "UPDATE item SET state = ?, due_ms = ?, lease_until_ms = ?, body = ?, updated_ms = ?, "
        "attempts = 0, first_failed_ms = 0, rc = NULL, fault = NULL, error = NULL, result = NULL, "
        "claimed_by = NULL, claimed_until_ms = 0 WHERE id = ?",
    /* From one name to the next, however many items there are of each. */
    [CF_SQL_ITEM_CAS] =
        "WITH RECURSIVE name (ca) AS (SELECT min(ca) FROM item WHERE " ITEM_AT_CA
        " UNION ALL SELECT (SELECT min(ca) FROM item WHERE " ITEM_AT_CA " AND ca > name.ca) "
        "FROM name WHERE name.ca IS NOT NULL) SELECT ca FROM name",
    [CF_SQL_ITEM_CANDIDATES_OF_CA] =
        "SELECT id, due_ms FROM item WHERE " ITEM_AT_CA " AND ca IS ?3 AND due_ms <= ?4 "
        "AND claimed_until_ms <= ?5 ORDER BY due_ms, id LIMIT ?6",
    [CF_SQL_ITEM_NEXT_DUE_OF_CA] = "SELECT due_ms, claimed_until_ms FROM item WHERE " ITEM_AT_CA
                                   " AND ca IS ?3 ORDER BY due_ms",
    [CF_SQL_ITEM_CANDIDATES] =
        "SELECT id, due_ms FROM item WHERE kind = ? AND state = ? AND due_ms <= ? "
        "AND claimed_until_ms <= ? ORDER BY due_ms, id LIMIT ?",
    [CF_SQL_ITEM_CLAIM] = "UPDATE item SET claimed_by = ?, claimed_until_ms = ?, "
                          "claims = claims + 1 WHERE id = ? RETURNING " ITEM_ALL,
    [CF_SQL_ITEM_RELEASE] = "UPDATE item SET claimed_by = NULL, claimed_until_ms = 0 "
                            "WHERE id = ? AND claimed_by = ?",
    [CF_SQL_ITEM_RENEW] = "UPDATE item SET claimed_until_ms = ? WHERE id = ? AND claimed_by = ?",
    [CF_SQL_ITEM_RELEASE_ALL] = "UPDATE item SET claimed_by = NULL, claimed_until_ms = 0 "
                                "WHERE claimed_by = ?",
    [CF_SQL_ITEM_NEXT_DUE] = "SELECT due_ms, claimed_until_ms FROM item "
                             "WHERE kind = ? AND state = ? ORDER BY due_ms",
    [CF_SQL_ITEM_COUNT] = "SELECT state, count(*) FROM item WHERE kind = ? GROUP BY state",
    ITEM_PAIR(LIST, "WHERE TRUE "),
    ITEM_PAIR(LIST_DEVICE, "INDEXED BY item_device WHERE device_id = ?5 "),
    /* Kind by kind along the index of (kind, context). */
    ITEM_PAIR(LIST_CONTEXT,
              "WHERE kind IN (SELECT id FROM item_kind WHERE ?3 = 0 OR ((1 << id) & ?3) <> 0) "
              "AND context >= ?6 AND context < ?7 "),
    [CF_SQL_ITEM_GET] = "SELECT " ITEM_ALL " FROM item WHERE kind = ? AND context = ?",
    /* The states are written out so that the partial index is used. */
    [CF_SQL_ITEM_PRUNE] =
        "DELETE FROM item WHERE state IN (6, 8) AND updated_ms < ?1 AND claimed_until_ms <= ?2 "
        "AND NOT (kind = 4 AND state = 8 AND EXISTS (SELECT 1 FROM ledger WHERE ledger.context = "
        "item.context AND ledger.revoked_ms = 0 AND ledger.not_after_ms > ?2))",
    [CF_SQL_HISTORY_INSERT] = "INSERT INTO history (item_id, at_ms, from_state, to_state, rc, "
                              "text) VALUES (?, ?, ?, ?, ?, ?)",
    [CF_SQL_HISTORY_LIST] = "SELECT at_ms, from_state, to_state, rc, text FROM history "
                            "WHERE item_id = ? ORDER BY id",

    [CF_SQL_LEDGER_INSERT] =
        "INSERT INTO ledger (context, ca, template_name, device_id, user_name, profile_id, "
        "subject, issuer, serial, thumbprint, not_before_ms, not_after_ms, issued_ms, "
        "renewal_threshold_percent, cert, revoked_ms, revocation_reason, renews_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [CF_SQL_LEDGER_REVOKE] = "UPDATE ledger SET revoked_ms = ?, revocation_reason = ? "
                             "WHERE id = ? AND revoked_ms = 0",
    [CF_SQL_LEDGER_EXISTS] = "SELECT 1 FROM ledger WHERE id = ?",
    [CF_SQL_LEDGER_RENEWED] = "UPDATE ledger SET renewed_by_id = ? WHERE id = ?",
    LEDGER_PAIR(LIST, "WHERE TRUE "),
    LEDGER_PAIR(BY_SERIAL, "INDEXED BY ledger_serial WHERE serial = ?2 "),
    LEDGER_PAIR(BY_THUMBPRINT, "INDEXED BY ledger_thumbprint WHERE thumbprint = ?9 "),
    LEDGER_PAIR(BY_CONTEXT, "INDEXED BY ledger_context WHERE context = ?4 "),
    LEDGER_PAIR(BY_DEVICE, "INDEXED BY ledger_device WHERE device_id = ?10 "),
    LEDGER_PAIR(BY_USER, "INDEXED BY ledger_user WHERE user_name = ?11 COLLATE NOCASE "),
    /* For only_valid, only_current and only_renewal_due together: the partial index has those. */
    LEDGER_PAIR(BY_RENEWAL, "INDEXED BY ledger_renewal WHERE renew_from_ms <= ?16 "
                            "AND revoked_ms = 0 AND renewed_by_id = 0 "),
    LEDGER_PAIR(BY_NOT_AFTER, "INDEXED BY ledger_not_after WHERE not_after_ms < ?6 "),

    [CF_SQL_RECOVERY_INSERT] = "INSERT INTO recovery (ledger_id, end_ms, sealed) VALUES (?, ?, ?)",
    [CF_SQL_RECOVERY_GET] = "SELECT sealed FROM recovery WHERE ledger_id = ?",
    [CF_SQL_RECOVERY_END] = "UPDATE recovery SET end_ms = 0 WHERE ledger_id = ?",
    [CF_SQL_RECOVERY_PRUNE] = "DELETE FROM recovery WHERE end_ms <= ?",

    [CF_SQL_GRANT_FIND] = "SELECT 1 FROM rate_grant WHERE policy = ? AND context = ?",
    [CF_SQL_GRANT_FIRST] =
        "SELECT at_ms, n FROM rate_grant WHERE policy = ? ORDER BY at_ms, n LIMIT 1",
    [CF_SQL_GRANT_LAST] =
        "SELECT at_ms, n FROM rate_grant WHERE policy = ? ORDER BY at_ms DESC, n DESC LIMIT 1",
    /* A row that is there has as many before it as the limit allows without it. */
    [CF_SQL_GRANT_NTH_OF_USER] =
        "SELECT 1 FROM rate_grant INDEXED BY rate_grant_user "
        "WHERE policy = ?1 AND user_name = ?2 COLLATE NOCASE LIMIT 1 OFFSET ?3",
    [CF_SQL_GRANT_NTH_OF_DEVICE] =
        "SELECT 1 FROM rate_grant INDEXED BY rate_grant_device "
        "WHERE policy = ?1 AND device_id = ?2 COLLATE NOCASE LIMIT 1 OFFSET ?3",
    [CF_SQL_GRANT_INSERT] = "INSERT INTO rate_grant (policy, at_ms, n, context, device_id, "
                            "user_name) VALUES (?, ?, ?, ?, ?, ?)",
    [CF_SQL_GRANT_DROP_OLD] = "DELETE FROM rate_grant WHERE policy = ?1 AND at_ms <= ?2",
    [CF_SQL_GRANT_DROP_FUTURE] = "DELETE FROM rate_grant WHERE policy = ?1 AND at_ms > ?2",
    /* Those of policies that nobody asks for any more, too. */
    [CF_SQL_GRANT_PRUNE_OLD] = "DELETE FROM rate_grant WHERE ?1 IS NULL AND at_ms <= ?2",
    [CF_SQL_GRANT_PRUNE_FUTURE] = "DELETE FROM rate_grant WHERE ?1 IS NULL AND at_ms > ?2",

    [CF_SQL_CHALLENGE_INSERT] = "INSERT INTO scep_challenge (profile, digest, subject, made_by, "
                                "made_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?)",
    [CF_SQL_CHALLENGE_USE] =
        "UPDATE scep_challenge SET used_by = ?, used_ms = ? WHERE profile = ? AND digest = ? "
        "AND used_by IS NULL AND expires_ms > ? AND (subject IS NULL OR subject = ?)",
    [CF_SQL_CHALLENGE_FIND] = "SELECT subject, expires_ms, used_by FROM scep_challenge "
                              "WHERE profile = ? AND digest = ?",
    [CF_SQL_CHALLENGE_PRUNE] = "DELETE FROM scep_challenge WHERE expires_ms <= ?",
    [CF_SQL_RA_GET] = "SELECT version, document FROM scep_ra WHERE ca = ?",
    [CF_SQL_RA_INSERT] = "INSERT INTO scep_ra (document, ca, version) VALUES (?, ?, 1)",
    [CF_SQL_RA_UPDATE] = "UPDATE scep_ra SET document = ?, version = version + 1 "
                         "WHERE ca = ? AND version = ?",

    [CF_SQL_CA_INSERT] =
        "INSERT INTO ca_record (ca, serial, request_key, status, template_name, subject, csr, "
        "cert, requested_ms, validity_ms, not_after_ms, revoked_ms, revocation_reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [CF_SQL_CA_BY_SERIAL] = CA_FACTS "csr, cert FROM ca_record WHERE ca = ? AND serial = ?",
    [CF_SQL_CA_BY_REQUEST_KEY] =
        CA_FACTS "csr, cert FROM ca_record WHERE ca = ? AND request_key = ?",
    [CF_SQL_CA_UPDATE] =
        "UPDATE ca_record SET status = ?, cert = coalesce(?, cert), not_after_ms = ?, "
        "revoked_ms = ?, revocation_reason = ? WHERE ca = ? AND serial = ? AND status = ?",
    [CF_SQL_CA_PAGE] =
        CA_FACTS "NULL, NULL FROM ca_record "
                 "WHERE ca = ? AND status = ? AND serial > ? ORDER BY serial LIMIT ?",
    [CF_SQL_CA_CRL_NUMBER] =
        "INSERT INTO ca_crl (ca, number) VALUES (?, 1) "
        "ON CONFLICT (ca) DO UPDATE SET number = ca_crl.number + 1 RETURNING number",

    [CF_SQL_QUICK_CHECK] = "PRAGMA quick_check(1)",
    [CF_SQL_FOREIGN_KEY_CHECK] = "PRAGMA foreign_key_check",
    [CF_SQL_FREE_PAGES] = "PRAGMA freelist_count",
    [CF_SQL_PAGES] = "PRAGMA page_count",
};
