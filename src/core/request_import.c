/* SPDX-License-Identifier: Apache-2.0 */
/* The members of importPfx. */
#include <string.h>

#include "certferry/pfx.h"
#include "request_parse.h"

enum { PASSWORD_MAX = 2048 /* one block of the largest import key */ };

static enum cf_rc
parse_padding(const char *text, enum cf_oaep *ret, struct cf_err *err)
{
    static const char *const names[] = {"none", "oaepSha256", "oaepSha384", "oaepSha512"};
    static const enum cf_oaep paddings[] = {CF_OAEP_SHA512, CF_OAEP_SHA256, CF_OAEP_SHA384,
                                            CF_OAEP_SHA512};
    size_t index = 0;

    if (strcmp(text, "pkcs1") == 0 || strcmp(text, "oaepSha1") == 0)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "paddingScheme: %s is not safe any more; import the PFX again with "
                       "oaepSha512",
                       text);
    CF_TRY(cf_request_parse_choice("paddingScheme", text, names, CF_COUNT(names), &index, err));
    *ret = paddings[index];
    return CF_OK;
}

enum cf_rc
cf_request_parse_import(struct cf_request *request, struct cf_err *err)
{
    const struct cf_json *json = request->document;
    const char *padding = NULL;

    CF_TRY(
        cf_json_string(json, "providerName", 1, CF_REQUEST_NAME_MAX, &request->provider_name, err));
    CF_TRY(cf_json_string(json, "keyName", 1, CF_REQUEST_NAME_MAX, &request->key_name, err));
    CF_TRY(cf_json_string(json, "paddingScheme", 1, 32, &padding, err));
    CF_TRY(parse_padding(padding, &request->padding, err));
    CF_TRY(cf_json_base64(json, "encryptedPfxPassword", PASSWORD_MAX, &request->encrypted_password,
                          err));
    return cf_json_base64(json, "encryptedPfxBlob", CF_PFX_DER_MAX, &request->encrypted_pfx, err);
}
