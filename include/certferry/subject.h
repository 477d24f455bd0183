/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject - a subject-name template, compiled once and rendered per request.
 *
 * "CN={{DeviceName}},OU=Fleet" is split into RDNs first. Facts are put inside one attribute value
 * afterwards and that text is never parsed again: a device called "x,CN=root" stays one odd
 * common name. A compiled template is immutable; threads may share it without a lock.
 */
#pragma once

#include <stddef.h>

#include "certferry/dn.h"
#include "certferry/err.h"

/* Looks up one fact by the name between the braces (not NUL-terminated, any case). CF_E_FACT
 * when this request has no value for it or the name is unknown, with both cases told apart in the
 * text; the value is borrowed. */
typedef enum cf_rc cf_fact_fn(const void *facts, const char *name, size_t len, const char **ret,
                              struct cf_err *err);

struct cf_subject;

enum { CF_SUBJECT_TEXT_MAX = 4096 };

/* Grammar: RDNs separated by ',' ';' or newline, attributes of one RDN by '+', `type=value`, value
 * with RFC 4514 escapes or in double quotes (a doubled quote is one quote). CF_E_SYNTAX tells the
 * column; nothing is guessed and no unknown attribute passes. A text that is the name of one of the
 * management service's fixed formats (commonName, commonNameIncludingEmail, commonNameAsEmail,
 * commonNameAsIMEI, commonNameAsSerialNumber, commonNameAsAadDeviceId, commonNameAsIntuneDeviceId;
 * any case) stands for that format's template. */
CF_MUST_USE enum cf_rc cf_subject_compile(const char *text, struct cf_subject **ret_subject,
                                          struct cf_err *err);
/* By RFC 4514 the first RDN written becomes the last of the encoding; as_written keeps the order.
 * CF_E_FACT: a variable has no value, named in err. CF_E_RANGE: a value the attribute cannot hold.
 * CN={{OnPrem_Distinguished_Name}} alone is replaced by the RDNs of its value, which is itself a
 * name; anywhere else that variable is CF_E_FACT. */
CF_MUST_USE enum cf_rc cf_subject_render(const struct cf_subject *subject, bool as_written,
                                         cf_fact_fn *fact, const void *facts, struct cf_dn **ret_dn,
                                         struct cf_err *err);
struct cf_subject *cf_subject_free(struct cf_subject *subject);
CF_DEFINE_OWN(cf_subject);

/* Whether the template uses this variable (any case). */
bool cf_subject_uses(const struct cf_subject *subject, const char *variable);

/* One SAN value with {{variables}}: malloc'd result of at most max_len bytes. Text after a variable
 * must not hold { } | ; (CF_E_SYNTAX), the management service's own rule. */
CF_MUST_USE enum cf_rc cf_expand(const char *text, cf_fact_fn *fact, const void *facts,
                                 size_t max_len, char **ret_text, struct cf_err *err);
