/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "certferry/file.h"
#include "scepd.h"

enum { RA_KEY_LEN = 32, PIN_MAX = 256 };

static enum cf_rc
read_ra_key(const char *path, struct cf_secret **ret_key, struct cf_err *err)
{
    cf_own(cf_secret) key = NULL;

    CF_TRY(cf_file_read_secret(path, RA_KEY_LEN + 1, &key, err));
    if (cf_secret_len(key) != RA_KEY_LEN)
        return cf_fail(err, CF_E_CONFIG,
                       "[scep] ra_key_file: %s has %zu bytes in place of %d; make one with "
                       "'head -c 32 /dev/urandom' and give it to every node",
                       path, cf_secret_len(key), RA_KEY_LEN);
    *ret_key = cf_give(key);
    return CF_OK;
}

enum cf_rc
cf_scepd_read_secrets(struct cf_scepd *scepd, struct cf_err *err)
{
    const struct cf_scep_settings *settings = &scepd->settings->scep;

    if (settings->ra_key_file)
        CF_TRY(read_ra_key(settings->ra_key_file, &scepd->ra_key, err));
    if (!settings->ra_pin_file)
        return CF_OK;
    CF_TRY(cf_file_read_secret(settings->ra_pin_file, PIN_MAX, &scepd->ra_pin, err));
    cf_file_trim_newline(scepd->ra_pin);
    return CF_OK;
}
