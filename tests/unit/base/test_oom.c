/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets the n-th allocation fail, for every n, and looks for crashes, leaks and clobbered results.
 * Only allocations of our own code are reached; those inside json-c are not.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/clock.h"
#include "certferry/json.h"
#include "certferry/secret.h"
#include "certferry/text.h"

enum { NEVER = -1 };

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);

static int until_failure = NEVER;

static bool
fails_now(void)
{
    return until_failure != NEVER && until_failure-- == 0;
}

void *
__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : __real_calloc(n, size);
}

/* Everything that allocates, once. */
static enum cf_rc
use_all(struct cf_err *err)
{
    struct cf_json_writer writer;
    cf_own(cf_secret) secret = NULL;
    cf_own(cf_json) document = NULL;
    cf_own(cf_buf) bytes = NULL;
    cf_own(cf_buf) printed = NULL;
    cf_own(cf_buf) hex = NULL;
    cf_own(cf_buf) out = cf_buf_new(1000);

    if (!out)
        return cf_fail_oom(err);
    CF_TRY(cf_secret_copy("abc", 3, &secret, err));
    cf_json_writer_begin(&writer, out);
    cf_json_put_array(&writer, NULL);
    cf_json_put_base64(&writer, NULL, cf_bytes_of("abc", 3));
    for (int i = 0; i < 100; i++)
        cf_json_put_int(&writer, NULL, 1234567);
    cf_json_put_array_end(&writer);
    CF_TRY(cf_json_writer_end(&writer, err));
    CF_TRY(cf_json_parse(cf_buf_bytes(out), 1000, &document, err));
    CF_TRY(cf_json_print(document, 1000, &printed, err));
    CF_TRY(cf_text_from_base64("YWJj", 3, &bytes, err));
    return cf_text_from_hex("616263", &hex, err);
}

static void
every_allocation_may_fail(void **state)
{
    (void)state;
    struct cf_err err;
    enum cf_rc rc = CF_E_OOM;
    int n = 0;

    for (; n < 100 && rc != CF_OK; n++) {
        until_failure = n;
        rc = use_all(&err);
        until_failure = NEVER;
        if (rc != CF_OK)
            assert_rc(rc, CF_E_OOM);
    }
    assert_rc(rc, CF_OK);
    assert_in_range(n, 10, 99);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
