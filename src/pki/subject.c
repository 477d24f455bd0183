/* SPDX-License-Identifier: Apache-2.0 */
/* subject - templates of names: cut apart first, filled in afterwards. */
#include "certferry/subject.h"

#include <stdlib.h>
#include <string.h>

#include "dn_internal.h"
#include "dn_lex.h"
#include "subject_preset.h"

#define NAME_VARIABLE "OnPrem_Distinguished_Name"
#define NAME_ALIAS "OnPremisesDistinguishedName"
#define OID_CN "2.5.4.3"

struct attr {
    char oid[CF_DN_OID_MAX];
    struct cf_pattern *value;
    bool is_joined;
};

struct cf_subject {
    struct attr *attr; /* as written: first to last */
    size_t n_attr;
};

struct cf_subject *
cf_subject_free(struct cf_subject *subject)
{
    if (!subject)
        return NULL;
    for (size_t i = 0; i < subject->n_attr; i++)
        cf_pattern_free(subject->attr[i].value);
    free(subject->attr);
    free(subject);
    return NULL;
}

static enum cf_rc
add_token(struct cf_subject *subject, struct cf_dn_token *token, bool is_joined, struct cf_err *err)
{
    if (subject->n_attr >= CF_DN_ATTR_MAX)
        return cf_fail(err, CF_E_LIMIT, "more than %d attributes", CF_DN_ATTR_MAX);
    struct attr *grown = reallocarray(subject->attr, subject->n_attr + 1, sizeof *grown);
    if (!grown)
        return cf_fail_oom(err);
    subject->attr = grown;
    struct attr *attr = &grown[subject->n_attr++];
    for (size_t i = 0; i < sizeof attr->oid; i++)
        attr->oid[i] = token->oid[i];
    attr->value = cf_give(token->value);
    attr->is_joined = is_joined;
    return CF_OK;
}

static enum cf_rc
compile(struct cf_subject *subject, const char *text, struct cf_err *err)
{
    struct cf_dn_lexer lexer;
    struct cf_dn_token token = {.follow = CF_DN_FOLLOW_RDN};

    CF_TRY(cf_subject_preset(text, &text, err));
    CF_TRY(cf_dn_lexer_init(&lexer, text, true, err));
    if (cf_dn_lexer_is_at_end(&lexer))
        return CF_OK; /* the empty name, for certificates with a SAN only */
    while (token.follow != CF_DN_FOLLOW_END) {
        bool is_joined = token.follow == CF_DN_FOLLOW_JOINED;
        CF_TRY(cf_dn_lex(&lexer, &token, err));
        enum cf_rc rc = add_token(subject, &token, is_joined, err);
        token.value = cf_pattern_free(token.value);
        CF_TRY(rc);
    }
    return CF_OK;
}

enum cf_rc
cf_subject_compile(const char *text, struct cf_subject **ret_subject, struct cf_err *err)
{
    cf_own(cf_subject) subject = calloc(1, sizeof *subject);
    if (!subject)
        return cf_fail_oom(err);

    enum cf_rc rc = compile(subject, text, err);
    if (rc != CF_OK)
        return (void)cf_err_prefix(err, "subject name format"), rc;
    *ret_subject = cf_give(subject);
    return CF_OK;
}

bool
cf_subject_uses(const struct cf_subject *subject, const char *variable)
{
    for (size_t i = 0; i < subject->n_attr; i++) {
        if (cf_pattern_uses(subject->attr[i].value, variable))
            return true;
    }
    return false;
}

static const char *
name_of(const struct attr *attr)
{
    const struct cf_attr_type *row = cf_attr_type_of_oid(attr->oid);

    return row ? row->keyword : attr->oid;
}

static enum cf_rc
render_attr(struct cf_dn *dn, const struct attr *attr, cf_fact_fn *fact, const void *facts,
            struct cf_err *err)
{
    cf_own_str value = NULL;

    enum cf_rc rc = cf_pattern_expand(attr->value, fact, facts, CF_DN_VALUE_MAX, &value, err);
    if (rc != CF_OK)
        return (void)cf_err_prefix(err, "subject %s", name_of(attr)), rc;
    rc = attr->is_joined ? cf_dn_append_joined(dn, attr->oid, value, err)
                         : cf_dn_append(dn, attr->oid, value, err);
    if (rc != CF_OK)
        (void)cf_err_prefix(err, "subject");
    return rc;
}

/* The variable whose value is a whole name. */
static bool
uses_name(const struct attr *attr)
{
    return cf_pattern_uses(attr->value, NAME_VARIABLE) || cf_pattern_uses(attr->value, NAME_ALIAS);
}

/* Only as the one value of an RDN CN=... can other RDNs take its place. */
static enum cf_rc
check_name_place(const struct cf_subject *subject, size_t i, struct cf_err *err)
{
    const struct attr *attr = &subject->attr[i];
    bool is_alone =
        !attr->is_joined && (i + 1 == subject->n_attr || !subject->attr[i + 1].is_joined);

    if (is_alone && cf_pattern_is_variable(attr->value) && strcmp(attr->oid, OID_CN) == 0)
        return CF_OK;
    return cf_fail(err, CF_E_FACT,
                   "subject %s: {{" NAME_VARIABLE "}} is a whole name; it can only be written as "
                   "CN={{" NAME_VARIABLE "}}, without other text or attributes in that place",
                   name_of(attr));
}

/* `name` in the order it was written in. */
static enum cf_rc
append_all(struct cf_dn *dn, const struct cf_dn *name, struct cf_err *err)
{
    for (size_t i = 0; i < name->n_attr; i++) {
        const struct cf_dn_attr *attr = &name->attr[i];
        CF_TRY(attr->is_joined ? cf_dn_append_joined(dn, attr->oid, attr->value, err)
                               : cf_dn_append(dn, attr->oid, attr->value, err));
    }
    return CF_OK;
}

static enum cf_rc
render_name(struct cf_dn *dn, const struct attr *attr, cf_fact_fn *fact, const void *facts,
            struct cf_err *err)
{
    cf_own_str text = NULL;
    cf_own(cf_dn) name = NULL;

    enum cf_rc rc = cf_pattern_expand(attr->value, fact, facts, CF_SUBJECT_TEXT_MAX, &text, err);
    if (rc != CF_OK)
        return (void)cf_err_prefix(err, "subject"), rc;
    rc = cf_dn_parse_text(text, &name, err);
    if (rc == CF_OK && cf_dn_count(name) == 0)
        rc = cf_fail(err, CF_E_FACT, "the value is an empty name");
    if (rc == CF_OK) {
        cf_dn_reverse(name);
        rc = append_all(dn, name, err);
    }
    if (rc != CF_OK)
        (void)cf_err_prefix(err, "subject {{" NAME_VARIABLE "}}");
    return rc;
}

enum cf_rc
cf_subject_render(const struct cf_subject *subject, bool as_written, cf_fact_fn *fact,
                  const void *facts, struct cf_dn **ret_dn, struct cf_err *err)
{
    cf_own(cf_dn) dn = cf_dn_new();
    if (!dn)
        return cf_fail_oom(err);

    for (size_t i = 0; i < subject->n_attr; i++) {
        const struct attr *attr = &subject->attr[i];
        if (uses_name(attr)) {
            CF_TRY(check_name_place(subject, i, err));
            CF_TRY(render_name(dn, attr, fact, facts, err));
        } else {
            CF_TRY(render_attr(dn, attr, fact, facts, err));
        }
    }
    if (!as_written)
        cf_dn_reverse(dn);
    *ret_dn = cf_give(dn);
    return CF_OK;
}
