/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger - which issued certificate a request means, and whose it is.
 */
#pragma once

#include "work.h"

/* The entry with the request's certificateThumbprint, or the newest one of its profile, device and
 * user that no other has replaced; NULL when there is none. */
CF_MUST_USE enum cf_rc cf_ledger_find_meant(const struct cf_work *work,
                                            struct cf_ledger_entry **ret_entry, struct cf_err *err);
/* Names without case; nobody is the same as nobody. */
bool cf_ledger_is_same_user(const struct cf_ledger_entry *entry, const char *user_name);
bool cf_ledger_is_same_holder(const struct cf_ledger_entry *entry, const char *device_id,
                              const char *user_name);
