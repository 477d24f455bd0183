/* SPDX-License-Identifier: Apache-2.0 */
/* unit - cmocka with the headers it wants, and assertions on results. */
#pragma once

/* cmocka needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "certferry/err.h"

/* On failure the error's text is shown. */
#define assert_ok(expr, err)                                                                       \
    do {                                                                                           \
        if ((expr) != CF_OK)                                                                       \
            fail_msg("%s: %s", #expr, (err).text);                                                 \
    } while (0)
#define assert_rc(expr, rc) assert_string_equal(cf_rc_name(expr), cf_rc_name(rc))
#define assert_contains(text, part)                                                                \
    do {                                                                                           \
        if (!strstr((text), (part)))                                                               \
            fail_msg("\"%s\" does not contain \"%s\"", (text), (part));                            \
    } while (0)
