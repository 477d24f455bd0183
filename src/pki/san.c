/* SPDX-License-Identifier: Apache-2.0 */
/* san - a list of typed names. */
#include "certferry/san.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "san_internal.h"

struct cf_san *
cf_san_new(void)
{
    return calloc(1, sizeof(struct cf_san));
}

struct cf_san *
cf_san_free(struct cf_san *san)
{
    if (!san)
        return NULL;
    for (size_t i = 0; i < san->n_name; i++)
        free(san->name[i].value);
    free(san->name);
    free(san);
    return NULL;
}

size_t
cf_san_count(const struct cf_san *san)
{
    return san->n_name;
}

enum cf_san_type
cf_san_type_at(const struct cf_san *san, size_t index)
{
    return san->name[index].type;
}

const char *
cf_san_value_at(const struct cf_san *san, size_t index)
{
    return san->name[index].value;
}

const char *
cf_san_type_name(enum cf_san_type type)
{
    switch (type) {
    case CF_SAN_EMAIL:
        return "e-mail";
    case CF_SAN_UPN:
        return "UPN";
    case CF_SAN_DNS:
        return "DNS";
    case CF_SAN_URI:
        return "URI";
    }
    return "unknown";
}

enum cf_rc
cf_san_append_read(struct cf_san *san, enum cf_san_type type, const char *value, struct cf_err *err)
{
    if (san->n_name >= CF_SAN_MAX)
        return cf_fail(err, CF_E_LIMIT, "more than %d alternative names", CF_SAN_MAX);
    struct cf_san_name *grown = reallocarray(san->name, san->n_name + 1, sizeof *grown);
    if (!grown)
        return cf_fail_oom(err);
    san->name = grown;
    char *copy = strdup(value);
    if (!copy)
        return cf_fail_oom(err);
    grown[san->n_name++] = (struct cf_san_name){type, copy};
    return CF_OK;
}

enum cf_rc
cf_san_append(struct cf_san *san, enum cf_san_type type, const char *value, struct cf_err *err)
{
    cf_own_str normal = NULL;

    CF_TRY(cf_san_normalize(type, value, &normal, err));
    return cf_san_append_read(san, type, normal, err);
}

/* DNS names know no case (RFC 5280 section 7.2); everything else is taken as it is. */
static bool
is_same(const struct cf_san_name *a, const struct cf_san_name *b)
{
    if (a->type != b->type)
        return false;
    return a->type == CF_SAN_DNS ? cf_text_equal_nocase(a->value, b->value)
                                 : strcmp(a->value, b->value) == 0;
}

bool
cf_san_equal(const struct cf_san *a, const struct cf_san *b)
{
    bool is_used[CF_SAN_MAX] = {false};

    if (a->n_name != b->n_name)
        return false;
    for (size_t i = 0; i < a->n_name; i++) {
        size_t j = 0;
        while (j < b->n_name && (is_used[j] || !is_same(&a->name[i], &b->name[j])))
            j++;
        if (j == b->n_name)
            return false;
        is_used[j] = true;
    }
    return true;
}
