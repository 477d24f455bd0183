/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>

void
lab_fault(void *arg, const char *file, unsigned line, const char *text)
{
    struct lab_faults *faults = arg;
    size_t len = strlen(faults->text);

    (void)snprintf(faults->text + len, sizeof faults->text - len, "%s:%u: %s\n", file, line, text);
    faults->n++;
}

struct cf_settings *
lab_parse_bytes(struct cf_bytes bytes, struct lab_faults *faults)
{
    struct cf_settings *settings = NULL;
    struct cf_err err = {0};

    *faults = (struct lab_faults){.n = 0};
    enum cf_rc rc = cf_config_parse("conf", bytes, lab_fault, faults, &settings, &err);
    if (rc == CF_OK) {
        assert_non_null(settings);
        assert_int_equal(faults->n, 0);
        return settings;
    }
    assert_rc(rc, CF_E_CONFIG);
    assert_null(settings);
    assert_true(faults->n > 0);
    /* The error is the first fault, as far as it has room. */
    assert_true(strlen(err.text) > 10);
    assert_memory_equal(err.text, faults->text, strlen(err.text));
    return NULL;
}

struct cf_settings *
lab_parse(const char *text, struct lab_faults *faults)
{
    return lab_parse_bytes(cf_bytes_of(text, strlen(text)), faults);
}

struct cf_settings *
lab_good(const char *text)
{
    static struct lab_faults faults;
    struct cf_settings *settings = lab_parse(text, &faults);

    if (!settings)
        fail_msg("%s", faults.text);
    return settings;
}

void
lab_expect_faults(const char *text, const char *expected)
{
    static struct lab_faults faults;
    struct cf_settings *settings = lab_parse(text, &faults);

    cf_settings_free(settings);
    if (strcmp(faults.text, expected) != 0)
        fail_msg("of:\n%s\nexpected:\n%s\ngot:\n%s", text, expected, faults.text);
}

void
lab_expect_fault_begins(const char *text, const char *begin)
{
    static struct lab_faults faults;
    struct cf_settings *settings = lab_parse(text, &faults);

    cf_settings_free(settings);
    if (faults.n != 1 || strncmp(faults.text, begin, strlen(begin)) != 0)
        fail_msg("of:\n%s\nexpected:\n%s...\ngot:\n%s", text, begin, faults.text);
}

char *
lab_print(const struct cf_settings *settings)
{
    cf_own(cf_buf) out = cf_buf_new(1 << 20);
    struct cf_err err = {0};

    assert_ok(cf_config_print(settings, out, &err), err);
    return strdup(cf_buf_str(out));
}
