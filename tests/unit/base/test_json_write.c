/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "certferry/json.h"

static void
a_document_is_written_without_blanks(void **state)
{
    (void)state;
    struct cf_err err;
    struct cf_json_writer writer;
    cf_own(cf_buf) out = cf_buf_new(1000);

    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_string(&writer, "a", "x");
    cf_json_put_string(&writer, "none", NULL);
    cf_json_put_int(&writer, "n", INT64_MIN);
    cf_json_put_bool(&writer, "b", true);
    cf_json_put_array(&writer, "list");
    cf_json_put_int(&writer, NULL, 1);
    cf_json_put_object(&writer, NULL);
    cf_json_put_object_end(&writer);
    cf_json_put_string(&writer, NULL, "y");
    cf_json_put_array_end(&writer);
    cf_json_put_base64(&writer, "bytes", cf_bytes_of("foob", 4));
    cf_json_put_object_end(&writer);
    assert_ok(cf_json_writer_end(&writer, &err), err);
    assert_string_equal(cf_buf_str(out),
                        "{\"a\":\"x\",\"none\":null,\"n\":-9223372036854775808,\"b\":true,"
                        "\"list\":[1,{},\"y\"],\"bytes\":\"Zm9vYg==\"}");
}

static void
any_text_survives_writing_and_reading(void **state)
{
    (void)state;
    struct cf_err err;
    struct cf_json_writer writer;
    char text[130];
    const char *back;
    cf_own(cf_buf) out = cf_buf_new(2000);
    cf_own(cf_json) document = NULL;

    for (int i = 0; i < 127; i++)
        text[i] = (char)(i + 1);
    memcpy(text + 127, "\xc3\xa4", 3);
    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_string(&writer, "t", text);
    cf_json_put_object_end(&writer);
    assert_ok(cf_json_writer_end(&writer, &err), err);
    assert_ok(cf_json_parse(cf_buf_bytes(out), 2000, &document, &err), err);
    assert_ok(cf_json_string(document, "t", 129, 129, &back, &err), err);
    assert_string_equal(back, text);
}

static void
text_that_is_not_utf8_is_an_error(void **state)
{
    (void)state;
    struct cf_err err;
    struct cf_json_writer writer;
    cf_own(cf_buf) out = cf_buf_new(100);

    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_string(&writer, "name", "\xff");
    cf_json_put_object_end(&writer);
    assert_rc(cf_json_writer_end(&writer, &err), CF_E_ENCODING);
    assert_contains(err.text, "name:");
}

static void
the_first_error_sticks(void **state)
{
    (void)state;
    struct cf_err err;
    struct cf_json_writer writer;
    cf_own(cf_buf) out = cf_buf_new(10);

    cf_json_writer_begin(&writer, out);
    cf_json_put_array(&writer, NULL);
    cf_json_put_string(&writer, NULL, "much too long");
    cf_json_put_string(&writer, NULL, "\xff");
    cf_json_put_array_end(&writer);
    assert_rc(cf_json_writer_end(&writer, &err), CF_E_LIMIT);
    assert_true(cf_buf_len(out) <= 10);
}

static void
brackets_that_do_not_match_are_a_bug(void **state)
{
    (void)state;
    struct cf_json_writer writer;
    cf_own(cf_buf) out = cf_buf_new(10);

    cf_json_writer_begin(&writer, out);
    cf_json_put_array(&writer, NULL);
    assert_rc(cf_json_writer_end(&writer, NULL), CF_E_BUG);

    cf_json_writer_begin(&writer, out);
    cf_json_put_array_end(&writer);
    assert_rc(cf_json_writer_end(&writer, NULL), CF_E_BUG);
}

static void
a_view_is_written_as_it_is(void **state)
{
    static const char text[] = "{\"a\":{\"n\":[1,null,\"\\u0001/\"]},\"b\":true}";
    struct cf_json_writer writer;
    cf_own(cf_buf) out = cf_buf_new(200);
    cf_own(cf_json) document = NULL;
    const struct cf_json *view = NULL;

    (void)state;
    assert_rc(cf_json_parse(cf_bytes_of(text, sizeof text - 1), 200, &document, NULL), CF_OK);
    assert_rc(cf_json_object(document, "a", &view, NULL), CF_OK);
    cf_json_writer_begin(&writer, out);
    cf_json_put_array(&writer, NULL);
    cf_json_put_json(&writer, NULL, document);
    cf_json_put_json(&writer, NULL, NULL);
    cf_json_put_json(&writer, NULL, view);
    cf_json_put_array_end(&writer);
    assert_rc(cf_json_writer_end(&writer, NULL), CF_OK);
    assert_string_equal(cf_buf_str(out), "[{\"a\":{\"n\":[1,null,\"\\u0001/\"]},\"b\":true},null,"
                                         "{\"n\":[1,null,\"\\u0001/\"]}]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_written_without_blanks),
        cmocka_unit_test(any_text_survives_writing_and_reading),
        cmocka_unit_test(text_that_is_not_utf8_is_an_error),
        cmocka_unit_test(the_first_error_sticks),
        cmocka_unit_test(brackets_that_do_not_match_are_a_bug),
        cmocka_unit_test(a_view_is_written_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
