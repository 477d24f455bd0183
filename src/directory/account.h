/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account - values of the directory, each checked before it becomes a fact about an account.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/directory.h"

enum { CF_ACCOUNT_TEXT_MAX = 1024, CF_ACCOUNT_DN_MAX = 4096 };

/*
 * Takes one attribute's only value; names compare without case, other attributes are left alone.
 * CF_E_PROTOCOL names the attribute: not printable UTF-8, too long, no identifier, no number.
 */
CF_MUST_USE enum cf_rc cf_account_take(struct cf_account *account, const char *attribute,
                                       struct cf_bytes value, struct cf_err *err);
/* CF_E_PROTOCOL as above and above CF_ACCOUNT_GROUPS_MAX. */
CF_MUST_USE enum cf_rc cf_account_add_group(struct cf_account *account, struct cf_bytes sid,
                                            struct cf_err *err);
struct cf_account *cf_account_clone(const struct cf_account *account); /* NULL: out of memory */
size_t cf_account_size(const struct cf_account *account);              /* bytes of memory */
