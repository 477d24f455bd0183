/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres_sql.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEM_AT_CA "kind = ?1 AND state = ?2 AND state IN (2, 3)"
/* The claimed ones are few; of the others the first is enough. */
#define NEXT_DUE(where)                                                                            \
    "(SELECT due_ms, claimed_until_ms FROM item WHERE " where                                      \
    " AND claimed_until_ms <= due_ms ORDER BY due_ms LIMIT 1) "                                    \
    "UNION ALL (SELECT due_ms, claimed_until_ms FROM item WHERE " where                            \
    " AND claimed_by IS NOT NULL AND claimed_until_ms > due_ms) ORDER BY due_ms"

/* What no translation gives. */
static const char *const OWN[CF_SQL_MAX_] = {
    /* No index serves "IS ?": no CA is '' there, which no CA's name is. */
    [CF_SQL_ITEM_CAS] =
        "WITH RECURSIVE name (ca) AS (SELECT ''::text COLLATE \"C\" UNION ALL "
        "SELECT (SELECT coalesce(ca, '') FROM item WHERE " ITEM_AT_CA
        " AND coalesce(ca, '') > name.ca ORDER BY coalesce(ca, '') LIMIT 1) "
        "FROM name WHERE name.ca IS NOT NULL) SELECT ca FROM name WHERE ca IS DISTINCT FROM ''",
    [CF_SQL_ITEM_CANDIDATES_OF_CA] =
        "SELECT id, due_ms FROM item WHERE " ITEM_AT_CA
        " AND coalesce(ca, '') = coalesce(?3, '') AND due_ms <= ?4 AND claimed_until_ms <= ?5 "
        "ORDER BY due_ms, id LIMIT ?6 FOR UPDATE SKIP LOCKED",
    [CF_SQL_ITEM_NEXT_DUE] = NEXT_DUE("kind = ?1 AND state = ?2"),
    [CF_SQL_ITEM_NEXT_DUE_OF_CA] = NEXT_DUE(ITEM_AT_CA " AND coalesce(ca, '') = coalesce(?3, '')"),
};

/* What is added to the translation. */
static const char *const END[CF_SQL_MAX_] = {
    /* Whoever looks in order to write keeps others from writing first. */
    [CF_SQL_ITEM_FIND] = " FOR UPDATE",
    /* What another node is claiming is left to it, without waiting for it. */
    [CF_SQL_ITEM_CANDIDATES] = " FOR UPDATE SKIP LOCKED",
    [CF_SQL_LEDGER_INSERT] = " RETURNING id",
};

struct output {
    char *text;
    size_t len;
    int n; /* the highest number of a value so far */
    bool is_full;
};

static void
append(struct output *out, const char *text, size_t len)
{
    if (out->len + len >= CF_PG_SQL_MAX) {
        out->is_full = true;
        return;
    }
    memcpy(out->text + out->len, text, len);
    out->len += len;
    out->text[out->len] = '\0';
}

/* Gives how much of `at` it has read. */
static size_t
put_value(struct output *out, const char *at)
{
    char text[16];
    char *end = NULL;
    long n = strtol(at + 1, &end, 10);

    if (end == at + 1)
        n = out->n + 1;
    if (n > out->n)
        out->n = (int)n;
    (void)snprintf(text, sizeof text, "$%ld", n);
    append(out, text, strlen(text));
    return (size_t)(end - at);
}

static size_t
put_word(struct output *out, const char *at)
{
    char name[64];
    char number[8];
    char text[192];
    int len = 0;

    if (sscanf(at, "INDEXED BY %63[a-z_]%n", name, &len) == 1 && len > 0)
        return (size_t)len;
    if (sscanf(at, "%63[a-z_] = ?%7[0-9] COLLATE NOCASE%n", name, number, &len) == 2 && len > 0) {
        int n = (int)strtol(number, NULL, 10);

        (void)snprintf(text, sizeof text, "lower(%s) = lower($%d COLLATE \"C\")", name, n);
        append(out, text, strlen(text));
        if (n > out->n)
            out->n = n;
        return (size_t)len;
    }
    size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    append(out, at, n);
    return n;
}

enum cf_rc
cf_pg_translate(const char *from, char text[CF_PG_SQL_MAX], struct cf_err *err)
{
    struct output out = {.text = text};

    text[0] = '\0';
    for (const char *at = from; *at;) {
        if (*at == '?') {
            at += put_value(&out, at);
        } else if (isalpha((unsigned char)*at) || *at == '_') {
            at += put_word(&out, at);
        } else {
            append(&out, at++, 1);
        }
    }
    return out.is_full ? cf_fail(err, CF_E_BUG, "a statement of the store is too long") : CF_OK;
}

static enum cf_rc
add(char text[CF_PG_SQL_MAX], const char *end, struct cf_err *err)
{
    size_t len = strlen(text);

    if (len + strlen(end) >= CF_PG_SQL_MAX)
        return cf_fail(err, CF_E_BUG, "a statement of the store is too long");
    memcpy(text + len, end, strlen(end) + 1);
    return CF_OK;
}

enum cf_rc
cf_pg_sql(enum cf_sql sql, bool is_insert, char text[CF_PG_SQL_MAX], struct cf_err *err)
{
    CF_TRY(cf_pg_translate(OWN[sql] ? OWN[sql] : CF_SQL_TEXT[sql], text, err));
    /* A violated constraint would end the transaction. */
    if (is_insert)
        CF_TRY(add(text, " ON CONFLICT DO NOTHING", err));
    return END[sql] ? add(text, END[sql], err) : CF_OK;
}
