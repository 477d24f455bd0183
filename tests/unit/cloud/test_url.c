/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud/parts.h"
#include "unit/base/unit.h"

static void
joins_with_one_slash(void **state)
{
    static const char *const BASES[] = {"https://h/x", "https://h/x/", "https://h/x//"};
    struct cf_err err;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BASES); i++) {
        cf_own_str url = NULL;

        assert_ok(cf_url_join(BASES[i], "a/b", &url, &err), err);
        assert_string_equal(url, "https://h/x/a/b");
    }
}

static void
encodes_all_but_unreserved_characters(void **state)
{
    static const char TEXT[] = "aZ09-._~ &=+%/\xff";
    char out[3 * sizeof TEXT] = {0};
    struct cf_bytes bytes = cf_bytes_of(TEXT, sizeof TEXT - 1);

    (void)state;
    size_t len = cf_url_encode(bytes, NULL);
    assert_int_equal(cf_url_encode(bytes, out), len);
    assert_string_equal(out, "aZ09-._~%20%26%3D%2B%25%2F%FF");
    assert_int_equal(len, strlen(out));
    assert_int_equal(cf_url_encode(cf_bytes_of("", 1), out), 3); /* a NUL byte */
    assert_memory_equal(out, "%00", 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_with_one_slash),
        cmocka_unit_test(encodes_all_but_unreserved_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
