/* SPDX-License-Identifier: Apache-2.0 */
/* subject_preset - the management service's fixed subject formats. */
#include "subject_preset.h"

#include "certferry/text.h"

static const struct {
    const char *name;
    const char *text;
} PRESETS[] = {
    {"commonName", "CN={{UserName}}"},
    {"commonNameIncludingEmail", "CN={{UserName}},E={{EmailAddress}}"},
    {"commonNameAsEmail", "CN={{EmailAddress}}"},
    {"commonNameAsIMEI", "CN={{IMEI}}"},
    {"commonNameAsSerialNumber", "CN={{SerialNumber}}"},
    {"commonNameAsAadDeviceId", "CN={{AAD_Device_ID}}"},
    {"commonNameAsIntuneDeviceId", "CN={{DeviceId}}"},
};

enum cf_rc
cf_subject_preset(const char *text, const char **ret_template, struct cf_err *err)
{
    if (cf_text_equal_nocase(text, "custom"))
        return cf_fail(err, CF_E_SYNTAX,
                       "\"custom\" says that there is a text of one's own; write that text, as in "
                       "CN={{UserName}},E={{EmailAddress}}");
    if (cf_text_equal_nocase(text, "commonNameAsDurableDeviceId"))
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "\"%s\": no variable holds a durable device id; write CN={{AAD_Device_ID}} "
                       "or CN={{DeviceId}}",
                       text);
    const char *found = text;
    for (size_t i = 0; i < CF_COUNT(PRESETS); i++) {
        if (cf_text_equal_nocase(text, PRESETS[i].name))
            found = PRESETS[i].text;
    }
    *ret_template = found;
    return CF_OK;
}
