/* SPDX-License-Identifier: Apache-2.0 */
/* import: a PFX that the cloud brings, for one device in the form that it reads. */
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "seal.h"

enum { PASSWORD_MAX = 2048 };

static enum cf_rc
find_key(const struct cf_work *work, const struct cf_import_key **ret_key, struct cf_err *err)
{
    const struct cf_settings *settings = work->site->settings;
    const struct cf_request *request = work->ask.request;

    if (work->site->n_import_keys == 0)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "requestType: importPfx needs an [import-key] section; this connector has "
                       "none");
    for (size_t i = 0; i < work->site->n_import_keys; i++) {
        const struct cf_import_key_settings *key = settings->import_keys[i];

        if ((!key->provider || cf_text_equal_nocase(key->provider, request->provider_name)) &&
            cf_text_equal_nocase(key->key_name, request->key_name)) {
            *ret_key = work->site->import_keys[i];
            return CF_OK;
        }
    }
    return cf_fail(err, CF_E_UNSUPPORTED,
                   "keyName: no [import-key] section has name = %.60s and provider = %.80s",
                   request->key_name, request->provider_name);
}

static size_t
put_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | (c >> 6));
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    to[0] = (char)(0xe0 | (c >> 12));
    to[1] = (char)(0x80 | ((c >> 6) & 0x3f));
    to[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

/*
 * The readings of the decrypted octets, likeliest first. Windows' own importer keeps the low byte
 * of each UTF-16 unit, which is ISO 8859-1; others send UTF-8 or the units themselves. A reading
 * that the octets do not allow, or that is the same as an earlier one, is passed over.
 */
enum reading { READ_UTF8, READ_LATIN1, READ_UTF16LE, READINGS };

static bool
read_password(enum reading reading, const uint8_t *octets, size_t len, char *ret, size_t *ret_len)
{
    bool is_ascii = true;
    size_t used = 0;

    for (size_t i = 0; i < len; i++)
        is_ascii &= octets[i] < 0x80;
    if (reading == READ_UTF8) {
        if (!cf_text_is_utf8((const char *)octets, len))
            return false;
        memcpy(ret, octets, len);
        used = len;
    } else if (reading == READ_LATIN1) {
        if (is_ascii)
            return false;
        for (size_t i = 0; i < len; i++)
            used += put_utf8(ret + used, octets[i]);
    } else {
        if (len % 2 != 0)
            return false;
        for (size_t i = 0; i < len; i += 2) {
            unsigned unit = octets[i] | (unsigned)octets[i + 1] << 8;

            if (unit >= 0xd800 && unit < 0xe000)
                return false; /* no character of a PFX password */
            used += put_utf8(ret + used, unit);
        }
    }
    *ret_len = used;
    return used > 0 && !memchr(ret, '\0', used);
}

/* Whatever goes wrong with a wrong password is worth another reading; anything else is not. */
static enum cf_rc
open_pfx(const struct cf_request *request, const struct cf_secret *octets,
         struct cf_pfx_content **ret_content, struct cf_err *err)
{
    cf_own(cf_secret) text = NULL;
    enum cf_rc rc = CF_E_CRYPTO;

    CF_TRY(cf_secret_new(3 * PASSWORD_MAX, &text, err));
    cf_fail(err, CF_E_CRYPTO, "encryptedPfxBlob: its password is in no known encoding");
    for (unsigned reading = 0; reading < READINGS && rc == CF_E_CRYPTO; reading++) {
        cf_own(cf_secret) password = NULL;
        size_t len = 0;

        if (!read_password((enum reading)reading, cf_secret_data(octets), cf_secret_len(octets),
                           (char *)cf_secret_edit(text), &len))
            continue;
        CF_TRY(cf_secret_copy(cf_secret_data(text), len, &password, err));
        rc = cf_pfx_open(cf_buf_bytes(request->encrypted_pfx), password, ret_content, err);
    }
    return rc == CF_OK ? CF_OK : cf_err_prefix(err, "encryptedPfxBlob");
}

static enum cf_rc
check_certificate(const struct cf_work *work, const struct cf_cert *cert, struct cf_err *err)
{
    char text[CF_TEXT_TIME_SIZE];

    if (cf_cert_not_after_ms(cert) > cf_clock_now_ms(work->site->clock))
        return CF_OK;
    cf_text_from_time(cf_cert_not_after_ms(cert), text);
    return cf_fail(err, CF_E_RANGE,
                   "encryptedPfxBlob: certificate %s expired at %s; import its successor",
                   cf_cert_serial(cert), text);
}

enum cf_rc
cf_step_import(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;
    const struct cf_import_key *key = NULL;
    cf_own(cf_secret) octets = NULL;
    cf_own(cf_pfx_content) content = NULL;
    cf_own_str subject = NULL;

    (void)ret_outcome;
    CF_TRY(cf_work_note_request(work, err));
    CF_TRY(cf_work_need_recipient(work, err));
    CF_TRY(find_key(work, &key, err));

    const struct cf_request *request = work->ask.request;
    if (cf_import_key_decrypt(key, request->padding, cf_buf_bytes(request->encrypted_password),
                              &octets, err) != CF_OK)
        return cf_err_prefix(err, "encryptedPfxPassword");
    CF_TRY(open_pfx(request, octets, &content, err));

    const struct cf_cert *cert = cf_pfx_content_cert(content);
    CF_TRY(cf_dn_text(cf_cert_subject(cert), &subject, err));
    CF_TRY(cf_replace_text(&item->subject, subject, err));
    CF_TRY(cf_replace_text(&item->serial, cf_cert_serial(cert), err));
    CF_TRY(check_certificate(work, cert, err));
    CF_TRY(cf_seal_content(work, content, NULL, NULL, err));
    snprintf(work->note, sizeof work->note, "certificate %s of the PFX sealed to the device (%s)",
             item->serial, cf_envelope_name(work->ask.delivery.envelope));
    return CF_OK;
}
