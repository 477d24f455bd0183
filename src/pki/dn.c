/* SPDX-License-Identifier: Apache-2.0 */
/* dn - a name as a flat list of attributes that knows where each RDN begins. */
#include "certferry/dn.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "dn_internal.h"

struct cf_dn *
cf_dn_new(void)
{
    return calloc(1, sizeof(struct cf_dn));
}

struct cf_dn *
cf_dn_free(struct cf_dn *dn)
{
    if (!dn)
        return NULL;
    for (size_t i = 0; i < dn->n_attr; i++)
        free(dn->attr[i].value);
    free(dn->attr);
    free(dn);
    return NULL;
}

size_t
cf_dn_count(const struct cf_dn *dn)
{
    size_t n = 0;

    for (size_t i = 0; i < dn->n_attr; i++)
        n += !dn->attr[i].is_joined;
    return n;
}

enum cf_rc
cf_dn_append_read(struct cf_dn *dn, const char *oid, const char *value, bool is_joined,
                  struct cf_err *err)
{
    size_t len = strlen(value);

    if (len > CF_DN_VALUE_MAX)
        return cf_fail(err, CF_E_LIMIT, "a name with a value of %zu bytes; at most %d are accepted",
                       len, CF_DN_VALUE_MAX);
    if (!cf_text_is_utf8(value, len))
        return cf_fail(err, CF_E_ENCODING, "a name with a value that is not UTF-8");
    if (is_joined && dn->n_attr == 0)
        return cf_fail(err, CF_E_BUG, "an attribute joined to an empty name");
    if (dn->n_attr >= CF_DN_ATTR_MAX || (!is_joined && cf_dn_count(dn) >= CF_DN_RDN_MAX))
        return cf_fail(err, CF_E_LIMIT, "a name of more than %d RDNs or %d attributes",
                       CF_DN_RDN_MAX, CF_DN_ATTR_MAX);

    struct cf_dn_attr *grown = reallocarray(dn->attr, dn->n_attr + 1, sizeof *grown);
    if (!grown)
        return cf_fail_oom(err);
    dn->attr = grown;
    struct cf_dn_attr *attr = &grown[dn->n_attr];
    *attr = (struct cf_dn_attr){.value = strdup(value), .is_joined = is_joined};
    if (!attr->value)
        return cf_fail_oom(err);
    (void)strncpy(attr->oid, oid, sizeof attr->oid - 1);
    dn->n_attr++;
    return CF_OK;
}

static enum cf_rc
append_checked(struct cf_dn *dn, const char *type, const char *value, bool is_joined,
               struct cf_err *err)
{
    char oid[CF_DN_OID_MAX];

    CF_TRY(cf_dn_type_oid(type, oid, err));
    CF_TRY(cf_attr_check_value(oid, value, err));
    return cf_dn_append_read(dn, oid, value, is_joined, err);
}

enum cf_rc
cf_dn_append(struct cf_dn *dn, const char *type, const char *value, struct cf_err *err)
{
    return append_checked(dn, type, value, false, err);
}

enum cf_rc
cf_dn_append_joined(struct cf_dn *dn, const char *type, const char *value, struct cf_err *err)
{
    return append_checked(dn, type, value, true, err);
}

static void
reverse_range(struct cf_dn_attr *attr, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct cf_dn_attr swapped = attr[i];
        attr[i] = attr[n - 1 - i];
        attr[n - 1 - i] = swapped;
    }
}

/* Number of attributes of the RDN that begins at `first`. */
static size_t
rdn_len(const struct cf_dn *dn, size_t first)
{
    size_t n = 1;

    while (first + n < dn->n_attr && dn->attr[first + n].is_joined)
        n++;
    return n;
}

void
cf_dn_reverse(struct cf_dn *dn)
{
    /* Each RDN backwards, then all of it: the RDNs change places, each keeps its own order. */
    for (size_t i = 0; i < dn->n_attr;) {
        size_t n = rdn_len(dn, i);
        reverse_range(dn->attr + i, n);
        dn->attr[i].is_joined = true;
        dn->attr[i + n - 1].is_joined = false;
        i += n;
    }
    reverse_range(dn->attr, dn->n_attr);
}

enum cf_rc
cf_dn_each(const struct cf_dn *dn, cf_dn_attr_fn *fn, void *arg, struct cf_err *err)
{
    for (size_t i = 0; i < dn->n_attr; i++)
        CF_TRY(fn(arg, dn->attr[i].oid, dn->attr[i].value, err));
    return CF_OK;
}

const char *
cf_dn_find(const struct cf_dn *dn, const char *oid)
{
    for (size_t i = 0; i < dn->n_attr; i++) {
        if (strcmp(dn->attr[i].oid, oid) == 0)
            return dn->attr[i].value;
    }
    return NULL;
}

static bool
is_same_attr(const struct cf_dn_attr *a, const struct cf_dn_attr *b)
{
    return strcmp(a->oid, b->oid) == 0 && strcmp(a->value, b->value) == 0;
}

/* The same attributes whatever their order; one of a's is never matched by the same one of b. */
static bool
is_same_rdn(const struct cf_dn_attr *a, const struct cf_dn_attr *b, size_t n)
{
    bool is_used[CF_DN_ATTR_MAX] = {false};

    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < n && (is_used[j] || !is_same_attr(&a[i], &b[j])))
            j++;
        if (j == n)
            return false;
        is_used[j] = true;
    }
    return true;
}

bool
cf_dn_equal(const struct cf_dn *a, const struct cf_dn *b)
{
    if (a->n_attr != b->n_attr)
        return false;
    for (size_t i = 0; i < a->n_attr;) {
        size_t n = rdn_len(a, i);
        if (n != rdn_len(b, i) || !is_same_rdn(a->attr + i, b->attr + i, n))
            return false;
        i += n;
    }
    return true;
}
