/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config - a configuration file. Covers cf_config_parse (src/config/ini.c, names.c, build.c,
 * parse_value.c, words.c, cross.c) and that what is accepted can be printed and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/config.h"
#include "certferry/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
take_fault(void *arg, const char *file, unsigned line, const char *text)
{
    size_t *n = arg;

    if (!file || line == 0 || !cf_text_is_printable(text, strlen(text)))
        abort();
    (*n)++;
}

static struct cf_buf *
print(const struct cf_settings *settings)
{
    struct cf_buf *out = cf_buf_new(8 << 20);

    if (!out || cf_config_print(settings, out, NULL) != CF_OK)
        abort();
    return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_err err = {0};
    cf_own(cf_settings) settings = NULL;
    cf_own(cf_settings) again = NULL;
    size_t n_faults = 0;

    enum cf_rc rc =
        cf_config_parse("fuzz", cf_bytes_of(data, size), take_fault, &n_faults, &settings, &err);
    if ((rc == CF_OK) != (settings != NULL) || (rc == CF_OK) != (n_faults == 0) ||
        (rc != CF_OK && (rc != CF_E_CONFIG || err.text[0] == '\0')))
        abort();
    if (!settings)
        return 0;

    cf_own(cf_buf) first = print(settings);
    if (cf_config_parse("again", cf_buf_bytes(first), take_fault, &n_faults, &again, &err) != CF_OK)
        abort();
    cf_own(cf_buf) second = print(again);
    if (!cf_bytes_equal(cf_buf_bytes(first), cf_buf_bytes(second)))
        abort();
    return 0;
}
