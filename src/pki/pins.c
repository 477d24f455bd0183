/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pins - public keys of devices that an operator vouched for, by their SHA-256.
 */
#include "cert_internal.h"

#include <string.h>

#include "certferry/text.h"

enum { PIN_FILE_MAX = 16 * 1024 * 1024, PIN_MAX = 200000, DEVICE_MAX = 255, HEX_LEN = 64 };

struct pin {
    uint8_t spki_sha256[32];
    char *device; /* NULL: any */
};

struct cf_pins {
    struct pin *pins; /* sorted by hash */
    size_t n_pins;
    size_t n_allocated;
};

struct cf_pins *
cf_pins_free(struct cf_pins *pins)
{
    if (!pins)
        return NULL;
    for (size_t i = 0; i < pins->n_pins; i++)
        free(pins->pins[i].device);
    free(pins->pins);
    free(pins);
    return NULL;
}

size_t
cf_pins_count(const struct cf_pins *pins)
{
    return pins->n_pins;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static enum cf_rc
append_pin(struct cf_pins *pins, struct cf_bytes hash, const char *device, size_t device_len,
           struct cf_err *err)
{
    if (pins->n_pins == PIN_MAX)
        return cf_fail(err, CF_E_LIMIT, "more than %d pins", PIN_MAX);
    if (pins->n_pins == pins->n_allocated) {
        size_t n = pins->n_allocated > 0 ? pins->n_allocated * 2 : 16;
        struct pin *grown = reallocarray(pins->pins, n, sizeof *grown);
        if (!grown)
            return cf_fail_oom(err);
        pins->pins = grown;
        pins->n_allocated = n;
    }

    struct pin *pin = &pins->pins[pins->n_pins];
    memcpy(pin->spki_sha256, hash.data, sizeof pin->spki_sha256);
    pin->device = device_len > 0 ? strndup(device, device_len) : NULL;
    if (device_len > 0 && !pin->device)
        return cf_fail_oom(err);
    pins->n_pins++;
    return CF_OK;
}

static enum cf_rc
parse_line(struct cf_pins *pins, const char *line, size_t len, struct cf_err *err)
{
    char hex[HEX_LEN + 1];
    cf_own(cf_buf) hash = NULL;

    const char *comment = memchr(line, '#', len);
    if (comment)
        len = (size_t)(comment - line);
    while (len > 0 && (is_blank(line[len - 1]) || line[len - 1] == '\r'))
        len--;
    while (len > 0 && is_blank(*line)) {
        line++;
        len--;
    }
    if (len == 0)
        return CF_OK;

    size_t hex_len = 0;
    while (hex_len < len && !is_blank(line[hex_len]))
        hex_len++;
    if (hex_len != HEX_LEN || memchr(line, '\0', hex_len))
        return cf_fail(err, CF_E_SYNTAX, "a SHA-256 of %d hexadecimal digits is expected first",
                       HEX_LEN);
    memcpy(hex, line, HEX_LEN);
    hex[HEX_LEN] = '\0';
    CF_TRY(cf_text_from_hex(hex, &hash, err));

    const char *device = line + hex_len;
    size_t device_len = len - hex_len;
    while (device_len > 0 && is_blank(*device)) {
        device++;
        device_len--;
    }
    for (size_t i = 0; i < device_len; i++) {
        if (is_blank(device[i]))
            return cf_fail(err, CF_E_SYNTAX, "something follows the device id");
    }
    if (device_len > DEVICE_MAX || !cf_text_is_printable(device, device_len))
        return cf_fail(err, CF_E_SYNTAX,
                       "the device id is over %d bytes or holds unprintable characters",
                       DEVICE_MAX);
    return append_pin(pins, cf_buf_bytes(hash), device, device_len, err);
}

static int
compare_pins(const void *a, const void *b)
{
    return memcmp(((const struct pin *)a)->spki_sha256, ((const struct pin *)b)->spki_sha256,
                  sizeof((const struct pin *)a)->spki_sha256);
}

enum cf_rc
cf_pins_parse(struct cf_bytes text, struct cf_pins **ret_pins, struct cf_err *err)
{
    if (text.len > PIN_FILE_MAX)
        return cf_fail(err, CF_E_LIMIT, "pins: over %d bytes", PIN_FILE_MAX);

    cf_own(cf_pins) pins = calloc(1, sizeof *pins);
    if (!pins)
        return cf_fail_oom(err);

    size_t n_line = 0;
    for (size_t at = 0; at < text.len;) {
        const char *line = (const char *)text.data + at;
        const char *newline = memchr(line, '\n', text.len - at);
        size_t len = newline ? (size_t)(newline - line) : text.len - at;
        n_line++;
        enum cf_rc rc = parse_line(pins, line, len, err);
        if (rc != CF_OK) {
            (void)cf_err_prefix(err, "pins: line %zu", n_line);
            return rc;
        }
        at += len + 1;
    }
    if (pins->n_pins > 1)
        qsort(pins->pins, pins->n_pins, sizeof *pins->pins, compare_pins);

    *ret_pins = cf_give(pins);
    return CF_OK;
}

enum cf_pin_match
cf_pins_find(const struct cf_pins *pins, const uint8_t spki_sha256[32],
             const char *const *device_ids, size_t n_device_ids)
{
    enum cf_pin_match match = CF_PIN_NONE;
    size_t low = 0, high = pins->n_pins;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(pins->pins[middle].spki_sha256, spki_sha256, 32) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i < pins->n_pins; i++) {
        const struct pin *pin = &pins->pins[i];
        if (memcmp(pin->spki_sha256, spki_sha256, 32) != 0)
            break;
        for (size_t d = 0; pin->device && d < n_device_ids; d++) {
            if (cf_text_equal_nocase(pin->device, device_ids[d]))
                return CF_PIN_DEVICE;
        }
        if (!pin->device)
            match = CF_PIN_KEY;
        else if (match == CF_PIN_NONE)
            match = CF_PIN_OTHER_DEVICE;
    }
    return match;
}
