/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dn_lex - the written form of names: RDNs, attributes, quoting and escapes (RFC 4514 with the
 * double quotes of RFC 2253 and the separators ';' and newline of profile texts).
 */
#pragma once

#include "certferry/dn.h"
#include "expand.h"

enum cf_dn_follow { CF_DN_FOLLOW_END, CF_DN_FOLLOW_RDN, CF_DN_FOLLOW_JOINED };

struct cf_dn_lexer {
    const char *text;
    const char *at;
    bool is_template; /* "{{" begins a variable */
};

struct cf_dn_token {
    char oid[CF_DN_OID_MAX];
    struct cf_pattern *value; /* owned; never empty in a template */
    enum cf_dn_follow follow; /* what comes after */
};

/* CF_E_LIMIT for a text over CF_SUBJECT_TEXT_MAX, CF_E_SYNTAX for one that is not UTF-8. */
CF_MUST_USE enum cf_rc cf_dn_lexer_init(struct cf_dn_lexer *lexer, const char *text,
                                        bool is_template, struct cf_err *err);
/* Whether nothing but blanks is there. */
bool cf_dn_lexer_is_at_end(struct cf_dn_lexer *lexer);
CF_MUST_USE enum cf_rc cf_dn_lex(struct cf_dn_lexer *lexer, struct cf_dn_token *ret_token,
                                 struct cf_err *err);
