/* SPDX-License-Identifier: Apache-2.0 */
/* text_name - the nearest known name, fresh unique names, name hashes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "certferry/text.h"

enum { NAME_MAX_LEN = 64 };

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance in which two neighbours that changed places count once; both at most
 * NAME_MAX_LEN bytes. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[3][NAME_MAX_LEN + 1];

    for (size_t j = 0; j <= b_len; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = row[i % 3];
        const size_t *last = row[(i - 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = smaller(change, smaller(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = smaller(now[j], row[(i - 2) % 3][j - 2] + 1);
        }
    }
    return row[a_len % 3][b_len];
}

const char *
cf_text_nearest(const char *text, const char *const *names, size_t n_names)
{
    const char *nearest = NULL;
    size_t nearest_distance = SIZE_MAX;
    size_t len = strlen(text);

    if (len > NAME_MAX_LEN)
        return NULL;
    for (size_t i = 0; i < n_names; i++) {
        size_t name_len = strlen(names[i]);
        if (name_len > NAME_MAX_LEN)
            continue;
        size_t d = distance(text, len, names[i], name_len);
        size_t longer = len > name_len ? len : name_len;
        if (d < nearest_distance && 3 * d <= longer) {
            nearest = names[i];
            nearest_distance = d;
        }
    }
    return nearest;
}

void
cf_text_uuid(char text[CF_UUID_SIZE])
{
    uint8_t bytes[16];
    char hex[2 * sizeof bytes + 1];

    /* Up to 256 bytes come whole once the kernel's generator is seeded; a UUID that repeats
     * would be worse than none, so anything else ends the process. */
    ssize_t got;
    do {
        got = getrandom(bytes, sizeof bytes, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof bytes)
        abort();
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    cf_text_hex(cf_bytes_of(bytes, sizeof bytes), false, hex, sizeof hex);

    for (size_t i = 0, out = 0; i < sizeof hex; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            text[out++] = '-';
        text[out++] = hex[i];
    }
}
