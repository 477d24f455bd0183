/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apple - the payload of a configuration profile that carries one PKCS#12 file.
 *
 * Only the array is made: a profile's EncryptedPayloadContent is the envelope over it.
 */
#include <openssl/evp.h>
#include <string.h>

#include "certferry/cms.h"
#include "certferry/text.h"

/* Writes when there is room and counts always, so that a first run tells the size. */
struct sink {
    uint8_t *data; /* NULL: count */
    size_t len;
};

static void
put(struct sink *sink, const void *data, size_t len)
{
    if (sink->data)
        memcpy(sink->data + sink->len, data, len);
    sink->len += len;
}

static void
put_str(struct sink *sink, const char *text)
{
    put(sink, text, strlen(text));
}

static void
put_escaped(struct sink *sink, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '&':
            put_str(sink, "&amp;");
            break;
        case '<':
            put_str(sink, "&lt;");
            break;
        case '>':
            put_str(sink, "&gt;");
            break;
        default:
            put(sink, text + i, 1);
        }
    }
}

static void
put_string(struct sink *sink, const char *key, const char *text, size_t len)
{
    put_str(sink, "\t\t<key>");
    put_str(sink, key);
    put_str(sink, "</key>\n\t\t<string>");
    put_escaped(sink, text, len);
    put_str(sink, "</string>\n");
}

static void
put_bool(struct sink *sink, const char *key, bool value)
{
    put_str(sink, "\t\t<key>");
    put_str(sink, key);
    put_str(sink, value ? "</key>\n\t\t<true/>\n" : "</key>\n\t\t<false/>\n");
}

static void
put_data(struct sink *sink, const char *key, struct cf_bytes data)
{
    put_str(sink, "\t\t<key>");
    put_str(sink, key);
    put_str(sink, "</key>\n\t\t<data>");
    /* EVP_EncodeBlock ends with a NUL; the text that follows overwrites it. */
    if (sink->data)
        EVP_EncodeBlock(sink->data + sink->len, data.data, (int)data.len);
    sink->len += (data.len + 2) / 3 * 4;
    put_str(sink, "</data>\n");
}

static void
put_plist(struct sink *sink, const struct cf_apple_payload *payload, struct cf_bytes pfx,
          const struct cf_secret *password)
{
    put_str(sink, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
                  "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                  "<plist version=\"1.0\">\n<array>\n\t<dict>\n");
    put_string(sink, "PayloadType", "com.apple.security.pkcs12", 25);
    put_str(sink, "\t\t<key>PayloadVersion</key>\n\t\t<integer>1</integer>\n");
    put_string(sink, "PayloadIdentifier", payload->identifier, strlen(payload->identifier));
    put_string(sink, "PayloadUUID", payload->uuid, strlen(payload->uuid));
    put_string(sink, "PayloadDisplayName", payload->display_name, strlen(payload->display_name));
    put_string(sink, "PayloadCertificateFileName", "identity.p12", 12);
    put_data(sink, "PayloadContent", pfx);
    put_string(sink, "Password", (const char *)cf_secret_data(password), cf_secret_len(password));
    if (payload->is_macos) {
        put_bool(sink, "KeyIsExtractable", false);
        put_bool(sink, "AllowAllAppsAccess", payload->allow_all_apps_access);
    }
    put_str(sink, "\t</dict>\n</array>\n</plist>\n");
}

static enum cf_rc
check_text(const char *field, const char *text, struct cf_err *err)
{
    if (!text || !*text || !cf_text_is_printable(text, strlen(text)))
        return cf_fail(err, CF_E_RANGE,
                       "Apple payload: %s is empty or holds characters that XML cannot", field);
    return CF_OK;
}

enum cf_rc
cf_apple_payload_array(const struct cf_apple_payload *payload, struct cf_bytes pfx,
                       const struct cf_secret *password, struct cf_secret **ret_plist,
                       struct cf_err *err)
{
    struct sink sink = {0};
    cf_own(cf_secret) plist = NULL;

    CF_TRY(check_text("the identifier", payload->identifier, err));
    CF_TRY(check_text("the UUID", payload->uuid, err));
    CF_TRY(check_text("the display name", payload->display_name, err));
    if (!cf_text_is_printable((const char *)cf_secret_data(password), cf_secret_len(password)))
        return cf_fail(err, CF_E_RANGE, "Apple payload: the password holds control characters");
    if (pfx.len == 0 || pfx.len > CF_SECRET_MAX)
        return cf_fail(err, CF_E_LIMIT, "Apple payload: a PFX of %zu bytes, 1 to %d are possible",
                       pfx.len, CF_SECRET_MAX);

    put_plist(&sink, payload, pfx, password);
    if (sink.len > CF_SECRET_MAX)
        return cf_fail(err, CF_E_LIMIT, "Apple payload: %zu bytes, %d are possible", sink.len,
                       CF_SECRET_MAX);
    CF_TRY(cf_secret_new(sink.len, &plist, err));
    sink = (struct sink){.data = cf_secret_edit(plist)};
    put_plist(&sink, payload, pfx, password);

    *ret_plist = cf_give(plist);
    return CF_OK;
}
