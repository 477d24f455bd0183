/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

enum { SAID_SIZE = CF_ERR_TEXT_MAX + 1, QUOTED_SIZE = SAID_SIZE + 16, SAID_LEAST = 16 };

const struct cf_status_info *
cf_status_find(uint32_t code)
{
    enum { FACILITY_WIN32 = 0x8007 };

    if (code >> 16 == FACILITY_WIN32)
        code &= 0xffff;
    for (size_t i = 0; i < cf_n_statuses; i++) {
        if (cf_status_table[i].code == code)
            return &cf_status_table[i];
    }
    return NULL;
}

static enum cf_rc rc_of_class(enum cf_status_class class)
{
    switch (class) {
    case CF_STATUS_TRANSIENT:
        return CF_E_PROTOCOL;
    case CF_STATUS_CONFIG:
        return CF_E_CA_CONFIG;
    case CF_STATUS_REQUEST:
        break;
    }
    return CF_E_REJECTED;
}

void
cf_words_cut(const char *text, char *ret, size_t size)
{
    static const char MORE[] = "\u2026";
    const size_t room = size - sizeof MORE;

    cf_text_sanitize(text, strlen(text), ret, size);
    if (strlen(text) < size)
        return;
    cf_text_sanitize(text, strlen(text), ret, room + 1);
    char *space = strrchr(ret, ' ');
    if (space && space > ret + room / 2)
        *space = '\0';
    strcat(ret, MORE);
}

/* The CA's words in the room that number, meaning and remedy leave. */
static void
quote(const char *said, size_t used, char quoted[QUOTED_SIZE])
{
    static const char OPEN[] = "; it says \"";
    size_t frame = sizeof OPEN - 1 + sizeof "\"" - 1;
    size_t room = used < CF_ERR_TEXT_MAX ? CF_ERR_TEXT_MAX - used : 0;

    quoted[0] = '\0';
    if (!said || !said[0] || room < frame + SAID_LEAST)
        return;
    room -= frame;
    char cut[SAID_SIZE];
    cf_words_cut(said, cut, room < sizeof cut ? room + 1 : sizeof cut);
    (void)snprintf(quoted, QUOTED_SIZE, "%s%s\"", OPEN, cut);
}

static enum cf_rc
fail_as(struct cf_err *err, enum cf_rc rc, uint32_t code, const struct cf_status_info *info,
        const char *said, const char *what)
{
    char number[sizeof "0x00000000"];
    char quoted[QUOTED_SIZE];

    (void)snprintf(number, sizeof number, "0x%08x", code);
    if (info) {
        size_t used = strlen(what) + strlen(info->name) + strlen(number) + strlen(info->meaning) +
                      strlen(info->remedy) + strlen(":  (): ; ");
        quote(said, used, quoted);
        (void)cf_fail(err, rc, "%s: %s (%s): %s%s; %s", what, info->name, number, info->meaning,
                      quoted, info->remedy);
    } else {
        quote(said, strlen(what) + strlen(number) + sizeof ": error 0x00000000", quoted);
        (void)cf_fail(err, rc, "%s: error %s%s", what, number, quoted);
    }
    if (err)
        err->native = (long)code;
    return rc;
}

/* A number that is not known here: of the CA's machine, or of what it thinks of the request. */
static enum cf_status_class
class_of_unknown(uint32_t hresult)
{
    enum { WIN32 = 0x8007, SMART_CARD = 0x8010, PROVIDER = 0x800900, DATABASE = 0xc800 };
    uint32_t facility = hresult >> 16;

    if (facility == WIN32 || facility == SMART_CARD || facility == DATABASE ||
        hresult >> 8 == PROVIDER)
        return CF_STATUS_TRANSIENT;
    return CF_STATUS_REQUEST;
}

enum cf_rc
cf_hresult_fail(struct cf_err *err, uint32_t hresult, const char *said, const char *what)
{
    const struct cf_status_info *info = cf_status_find(hresult);
    enum cf_status_class class = info ? info->class : class_of_unknown(hresult);

    return fail_as(err, rc_of_class(class), hresult, info, said, what);
}

enum cf_rc
cf_rpc_status_fail(struct cf_err *err, uint32_t status, const char *what)
{
    const struct cf_status_info *info = cf_status_find(status);
    bool is_config = info && info->class == CF_STATUS_CONFIG;

    return fail_as(err, is_config ? CF_E_CA_CONFIG : CF_E_PROTOCOL, status, info, NULL, what);
}
