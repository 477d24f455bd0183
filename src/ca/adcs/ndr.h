/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ndr - the constructed types that the certificate interfaces use (C706 14.3, MS-WCCE 2.2.2.2).
 */
#pragma once

#include "cursor.h"

/* UTF-8 to UTF-16LE without or with a final NUL unit. CF_E_SYNTAX for text that is not UTF-8. */
CF_MUST_USE enum cf_rc cf_utf16_from_utf8(const char *text, bool with_nul, struct cf_buf **ret,
                                          struct cf_err *err);
/* The other way, for people: ends at a NUL unit, lone surrogates and what is not printable become
 * '?', line breaks a blank; always terminated, cut at size. */
void cf_utf16_to_text(struct cf_bytes utf16, char *ret, size_t size);

/* [unique, string] wchar_t *: pointer, then conformant varying array with its NUL. `referent` is
 * any number that is not 0 and used once. */
void cf_ndr_write_string(struct cf_writer *writer, uint32_t referent, const char *utf8);
/* CERTTRANSBLOB: count, unique pointer, conformant bytes; a NULL pointer when empty. */
void cf_ndr_write_blob(struct cf_writer *writer, uint32_t referent, struct cf_bytes bytes);
/* A borrowed view; counts that contradict each other, and more than max, fail the reader. */
struct cf_bytes cf_ndr_read_blob(struct cf_reader *reader, size_t max);
