/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_apple - texts of an Apple payload: four lines (identifier, UUID, display name, password),
 * then the PFX. What is written has only the markup that belongs there, and the texts come back.
 * Covers cf_apple_payload_array.
 */
#include <stdio.h>

#include "certferry/cms.h"
#include "fuzz_pki.h"

/* The next line, cut off; the last ends where the input does. */
static char *
take_line(const uint8_t **at, size_t *left)
{
    const uint8_t *end = *left > 0 ? memchr(*at, '\n', *left) : NULL;
    size_t len = end ? (size_t)(end - *at) : *left;
    char *text = text_of(*at, len);

    *at += end ? len + 1 : len;
    *left -= end ? len + 1 : len;
    return text;
}

static size_t
count(const char *text, size_t len, char wanted)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += text[i] == wanted;
    return n;
}

/* The text of <string> after the key, with its references resolved, is the one that was given. */
static void
must_come_back(const char *plist, const char *key, const char *expected)
{
    static const struct {
        const char *reference;
        char character;
    } REFERENCES[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};
    char start[64];

    (void)snprintf(start, sizeof start, "<key>%s</key>\n\t\t<string>", key);
    const char *at = strstr(plist, start);
    must(at != NULL);
    for (at += strlen(start); *expected; expected++) {
        char character = *at;
        size_t len = 1;

        must(character != '<' && character != '\0');
        for (size_t i = 0; character == '&' && i < CF_COUNT(REFERENCES); i++) {
            if (strncmp(at, REFERENCES[i].reference, strlen(REFERENCES[i].reference)) == 0) {
                len = strlen(REFERENCES[i].reference);
                character = REFERENCES[i].character;
                break;
            }
        }
        must(*at != '&' || len > 1);
        must(character == *expected);
        at += len;
    }
    must(strncmp(at, "</string>", 9) == 0);
}

static void
check(const struct cf_apple_payload *payload, const char *password_text, struct cf_bytes pfx)
{
    cf_own(cf_secret) password = NULL;
    cf_own(cf_secret) plist = NULL;

    must(cf_secret_copy(password_text, strlen(password_text), &password, NULL) == CF_OK);
    if (cf_apple_payload_array(payload, pfx, password, &plist, NULL) != CF_OK) {
        must(plist == NULL);
        return;
    }
    const char *data = (const char *)cf_secret_data(plist);
    size_t len = cf_secret_len(plist);
    char *text = text_of((const uint8_t *)data, len);

    must(strlen(text) == len);
    /* XML declaration, type, plist, array and dict, and two elements in each member. */
    must(count(data, len, '<') == (payload->is_macos ? 2 + 6 + 4 * 8 + 2 * 3 : 2 + 6 + 4 * 8));
    must(count(data, len, '<') == count(data, len, '>'));
    must_come_back(text, "PayloadIdentifier", payload->identifier);
    must_come_back(text, "PayloadUUID", payload->uuid);
    must_come_back(text, "PayloadDisplayName", payload->display_name);
    must_come_back(text, "Password", password_text);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t left = size;
    char *identifier = take_line(&data, &left);
    char *uuid = take_line(&data, &left);
    char *display_name = take_line(&data, &left);
    char *password = take_line(&data, &left);
    struct cf_apple_payload payload = {
        .identifier = identifier, .uuid = uuid, .display_name = display_name};

    if (password[0] != '\0') {
        check(&payload, password, cf_bytes_of(data, left));
        payload.is_macos = true;
        payload.allow_all_apps_access = left % 2 == 1;
        check(&payload, password, cf_bytes_of(data, left));
    }
    free(identifier);
    free(uuid);
    free(display_name);
    free(password);
    return 0;
}
