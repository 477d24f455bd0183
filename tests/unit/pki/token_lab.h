/* SPDX-License-Identifier: Apache-2.0 */
/* token_lab - a PKCS#11 token of SoftHSM's in a directory. */
#pragma once

#include "cert_lab.h"

/* Before anything loads its library. */
void token_lab_configure(const char *dir);
/* False, with a line that says so, when what it takes is not installed. Else there is the token "t"
 * with PIN 1234, and the key of file "key" in it by this label. */
bool token_lab_has_token(const char *dir, const char *label);
struct cf_secret *token_lab_secret(const char *text);
