/* SPDX-License-Identifier: Apache-2.0 */
/* parse_value - texts into members, by the type of their option. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "certferry/csr.h"
#include "certferry/dn.h"
#include "certferry/text.h"
#include "value.h"

/* A path with its key has to fit into a line of the printed configuration. */
enum { TEXT_MAX = 255, URL_MAX = 500, LABEL_MAX = 128, PATH_LEN_MAX = 2000, CHOICES_MAX = 16 };

static const char NAME_LETTERS[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

static bool
is_name(const char *text, size_t max)
{
    size_t len = strlen(text);

    return len > 0 && len <= max && strspn(text, NAME_LETTERS) == len && text[0] != '.' &&
           text[0] != '-';
}

static enum cf_rc
keep(const struct cf_option *option, char *take_text, void *base, struct cf_err *err)
{
    if (!take_text)
        return cf_fail_oom(err);
    *cf_member(char *, option, base) = take_text;
    return CF_OK;
}

static enum cf_rc
check_path(const char *text, bool is_secret, struct cf_err *err)
{
    if (text[0] != '/' && is_secret)
        return cf_fail(err, CF_E_SYNTAX,
                       "must name the file that holds the secret, never the secret itself: write "
                       "an absolute path or credential:NAME");
    if (text[0] != '/')
        return cf_fail(err, CF_E_SYNTAX, "\"%s\" is not an absolute path: begin it with /", text);
    if (strlen(text) > PATH_LEN_MAX)
        return cf_fail(err, CF_E_RANGE, "the path is longer than %d bytes", PATH_LEN_MAX);
    if (strstr(text, "/../") || (strlen(text) >= 3 && strcmp(strrchr(text, '/'), "/..") == 0))
        return cf_fail(err, CF_E_SYNTAX, "the path has a .. in it: write where it leads");
    return CF_OK;
}

/* Only the service manager knows the directory; outside of the service its usual place is named,
 * so that the settings read the same everywhere. Another unit's credentials are beside one's own,
 * under that unit's name; only it can read them. */
static char *
find_credential(const struct cf_option *option, const char *name)
{
    bool is_of_front = (option->flags & CF_OPTION_FRONT) != 0;
    const char *unit = is_of_front ? CF_UNIT_OF_FRONT : CF_UNIT_OF_SERVICE;
    const char *other = is_of_front ? CF_UNIT_OF_SERVICE : CF_UNIT_OF_FRONT;
    const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
    char *path = NULL;
    int n;

    if (!directory || directory[0] != '/') {
        n = asprintf(&path, CF_CREDENTIALS "%s.service/%s", unit, name);
        return n < 0 ? NULL : path;
    }
    const char *own = strrchr(directory, '/') + 1;
    const char *rest = cf_text_starts_with(own, other) ? own + strlen(other) : NULL;
    if (rest && (*rest == '.' || *rest == '@'))
        n = asprintf(&path, "%.*s%s%s/%s", (int)(own - directory), directory, unit, rest, name);
    else
        n = asprintf(&path, "%s/%s", directory, name);
    return n < 0 ? NULL : path;
}

static enum cf_rc
parse_secret(const struct cf_option *option, const char *text, void *base, struct cf_err *err)
{
    static const char CREDENTIAL[] = "credential:";

    if (!cf_text_starts_with(text, CREDENTIAL)) {
        CF_TRY(check_path(text, true, err));
        return keep(option, strdup(text), base, err);
    }
    const char *name = text + strlen(CREDENTIAL);
    if (!is_name(name, LABEL_MAX))
        return cf_fail(err, CF_E_SYNTAX,
                       "the name of a credential has letters, digits and . _ - (at most %d)",
                       LABEL_MAX);
    return keep(option, find_credential(option, name), base, err);
}

static bool
is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* The URL is not shown: somebody may have put a password into it. */
static enum cf_rc
check_url(const struct cf_option *option, const char *text, struct cf_err *err)
{
    bool is_https = cf_text_starts_with(text, "https://");
    bool is_http = cf_text_starts_with(text, "http://");

    if (option->type == OPT_HTTPS && !is_https)
        return cf_fail(err, CF_E_SYNTAX, "must be a URL that begins with https://");
    if (option->type == OPT_WEB && !is_https && !is_http)
        return cf_fail(err, CF_E_SYNTAX, "must be a URL that begins with http:// or https://");
    if (option->type == OPT_PROXY && !is_http)
        return cf_fail(err, CF_E_SYNTAX, "must be written as http://HOST:PORT");
    const char *host = strstr(text, "://") + 3;
    const char *path = host + strcspn(host, "/");
    if (memchr(host, '@', (size_t)(path - host)))
        return cf_fail(err, CF_E_SYNTAX,
                       "a user name or password does not belong into a URL: secrets come from "
                       "files only%s",
                       option->type == OPT_PROXY ? " (proxy_user, proxy_password_file)" : "");
    if (path == host || *host == ':' || strpbrk(text, " \"<>\\^`{|}") || strlen(text) > URL_MAX ||
        !is_ascii(text))
        return cf_fail(err, CF_E_SYNTAX, "not a URL with a host name and without blanks");
    if (option->type != OPT_WEB && strpbrk(text, "?#"))
        return cf_fail(err, CF_E_SYNTAX, "must end before ? and #");
    if (option->type == OPT_PROXY && path[0] && strcmp(path, "/") != 0)
        return cf_fail(err, CF_E_SYNTAX, "must be written as http://HOST:PORT");
    return CF_OK;
}

static enum cf_rc
parse_text(const struct cf_option *option, const char *text, void *base, struct cf_err *err)
{
    if (option->type == OPT_TEXT && strlen(text) > TEXT_MAX)
        return cf_fail(err, CF_E_RANGE, "longer than %d bytes", TEXT_MAX);
    /* Taken as it stands it would match no request, in silence. */
    if (option->type == OPT_TEXT && *text == '"')
        return cf_fail(err, CF_E_SYNTAX, "is taken as it stands: leave the quotes out");
    if (option->type == OPT_NAME && !is_name(text, LABEL_MAX))
        return cf_fail(err, CF_E_SYNTAX,
                       "\"%s\" must have letters, digits and . _ - only, at most %d, and begin "
                       "with a letter or digit",
                       text, LABEL_MAX);
    if (option->check)
        CF_TRY(option->check(text, err));
    if (option->type == OPT_PATH)
        CF_TRY(check_path(text, false, err));
    if (option->type == OPT_HTTPS || option->type == OPT_WEB || option->type == OPT_PROXY)
        CF_TRY(check_url(option, text, err));
    return keep(option, strdup(text), base, err);
}

static const struct cf_choice *
find_choice(const struct cf_choice *choices, const char *text)
{
    for (; choices->name; choices++)
        if (strcmp(choices->name, text) == 0)
            return choices;
    return NULL;
}

static enum cf_rc
fail_choice(const struct cf_choice *choices, const char *text, struct cf_err *err)
{
    const char *names[CHOICES_MAX];
    char list[200] = "";
    size_t n = 0;

    for (; n < CHOICES_MAX && choices[n].name; n++) {
        names[n] = choices[n].name;
        size_t len = strlen(list);
        (void)snprintf(list + len, sizeof list - len, "%s%s", n ? ", " : "", names[n]);
    }
    const char *nearest = cf_text_nearest(text, names, n);
    if (nearest)
        return cf_fail(err, CF_E_SYNTAX, "\"%.60s\" is none of %s: did you mean %s?", text, list,
                       nearest);
    return cf_fail(err, CF_E_SYNTAX, "\"%.60s\" is none of %s", text, list);
}

static enum cf_rc
parse_choice(const struct cf_option *option, const char *text, void *base, struct cf_err *err)
{
    const struct cf_choice *choice = find_choice(option->choices, text);

    if (!choice)
        return fail_choice(option->choices, text, err);
    if (option->type == OPT_BACKEND)
        return keep(option, strdup(text), base, err);
    if (option->type == OPT_CHOICE)
        memcpy((char *)base + option->offset, &choice->value, sizeof choice->value);
    return CF_OK;
}

static enum cf_rc
parse_number(const struct cf_option *option, const char *text, uint64_t *ret, struct cf_err *err)
{
    uint64_t low = 0;
    uint64_t high = UINT64_MAX;
    uint64_t value = 0;

    if (option->type == OPT_DURATION) {
        CF_TRY(cf_text_duration(option->min, 0, UINT64_MAX, &low, err));
        CF_TRY(cf_text_duration(option->max, 0, UINT64_MAX, &high, err));
        CF_TRY(cf_text_duration(text, low, high, &value, err));
    } else if (option->type == OPT_SIZE) {
        CF_TRY(cf_text_size(option->min, 0, UINT64_MAX, &low, err));
        CF_TRY(cf_text_size(option->max, 0, UINT64_MAX, &high, err));
        CF_TRY(cf_text_size(text, 0, UINT64_MAX, &value, err));
        if (value < low || value > high)
            return cf_fail(err, CF_E_RANGE, "\"%s\" is out of range: it must be from %s to %s",
                           text, option->min, option->max);
    } else {
        CF_TRY(cf_text_u64(option->min, 0, UINT64_MAX, &low, err));
        CF_TRY(cf_text_u64(option->max, 0, UINT64_MAX, &high, err));
        CF_TRY(cf_text_u64(text, low, high, &value, err));
    }
    if ((option->flags & CF_OPTION_POWER_OF_2) && (value & (value - 1)))
        return cf_fail(err, CF_E_RANGE, "\"%s\" is not a power of two: write 1M, 2M, 4M ...", text);
    *ret = value;
    return CF_OK;
}

static enum cf_rc
parse_usages(const struct cf_option *option, const char *text, unsigned *ret, struct cf_err *err)
{
    cf_own_words words = {0};
    unsigned usages = 0;

    CF_TRY(cf_words_split(text, true, &words, err));
    for (size_t i = 0; i < words.n; i++) {
        const struct cf_choice *choice = find_choice(option->choices, words.word[i]);
        if (!choice)
            return fail_choice(option->choices, words.word[i], err);
        if (usages & (unsigned)choice->value)
            return cf_fail(err, CF_E_SYNTAX, "%s is there twice: remove one", choice->name);
        usages |= (unsigned)choice->value;
    }
    if (usages == 0)
        return cf_fail(err, CF_E_SYNTAX, "the list is empty");
    *ret = usages;
    return CF_OK;
}

/* X.660: the first arc is 0, 1 or 2, the second below 40 unless the first is 2. */
static bool
is_oid(const char *text)
{
    uint64_t arc[2] = {0};
    size_t n = 0;

    if (strlen(text) > CF_DN_OID_MAX)
        return false;
    while (*text) {
        char digits[CF_DN_OID_MAX + 1];
        size_t len = strspn(text, "0123456789");
        memcpy(digits, text, len);
        digits[len] = '\0';
        if (cf_text_u64(digits, 0, UINT32_MAX, &arc[n < 2 ? n : 1], NULL) != CF_OK)
            return false;
        n++;
        if (n == 2 && (arc[0] > 2 || (arc[0] < 2 && arc[1] > 39)))
            return false;
        text += len;
        if (text[0] == '.' && text[1])
            text++;
        else if (*text)
            return false;
    }
    return n >= 2;
}

static enum cf_rc
parse_eku(const struct cf_option *option, const char *text, void *base, struct cf_err *err)
{
    cf_own_words words = {0};

    CF_TRY(cf_words_split(text, true, &words, err));
    if (words.n == 0 || words.n > CF_EKU_MAX)
        return cf_fail(err, CF_E_RANGE, "%zu usages: name from 1 to %d", words.n, CF_EKU_MAX);
    for (size_t i = 0; i < words.n; i++) {
        const char *oid = cf_eku_oid(words.word[i]);
        if (!oid && !is_oid(words.word[i]))
            return cf_fail(err, CF_E_SYNTAX,
                           "\"%.80s\" is neither a known usage such as clientAuth nor a dotted "
                           "object identifier",
                           words.word[i]);
        char *copy = oid ? strdup(oid) : NULL;
        if (oid && !copy)
            return cf_fail_oom(err);
        if (copy) {
            free(words.word[i]);
            words.word[i] = copy;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(words.word[k], words.word[i]) == 0)
                return cf_fail(err, CF_E_SYNTAX, "%.80s is there twice: remove one", words.word[i]);
        }
    }
    *cf_member(char **, option, base) = words.word;
    *(size_t *)(void *)((char *)base + option->count_offset) = words.n;
    words = (struct cf_words){0};
    return CF_OK;
}

/* NULL-terminated; what is there twice is a slip of the hand. */
static enum cf_rc
parse_list(const struct cf_option *option, const char *text, void *base, struct cf_err *err)
{
    cf_own_words words = {0};

    CF_TRY(cf_words_split(text, true, &words, err));
    if (words.n == 0)
        return cf_fail(err, CF_E_SYNTAX, "the list is empty");
    if ((option->flags & CF_OPTION_NONE) && words.n == 1 && strcmp(words.word[0], "none") == 0) {
        free(words.word[0]);
        words.word[0] = NULL;
        words.n = 0;
    }
    for (size_t i = 0; i < words.n; i++) {
        if (option->check)
            CF_TRY(option->check(words.word[i], err));
        for (size_t k = 0; k < i; k++) {
            if (cf_text_equal_nocase(words.word[k], words.word[i]))
                return cf_fail(err, CF_E_SYNTAX, "%.80s is there twice: remove one", words.word[i]);
        }
    }
    *cf_member(char **, option, base) = words.word;
    words = (struct cf_words){0};
    return CF_OK;
}

static enum cf_rc
parse_command(const struct cf_option *option, const char *text, void *base, struct cf_err *err)
{
    cf_own_words words = {0};

    CF_TRY(cf_words_split(text, false, &words, err));
    if (words.n == 0 || words.word[0][0] != '/')
        return cf_fail(err, CF_E_SYNTAX,
                       "the program must be an absolute path: begin it with / (no shell looks for "
                       "it)");
    CF_TRY(check_path(words.word[0], false, err));
    *cf_member(char **, option, base) = words.word;
    words = (struct cf_words){0};
    return CF_OK;
}

enum cf_rc
cf_value_parse(const struct cf_option *option, const char *text, void *base, struct cf_err *err)
{
    if (*text == '\0')
        return cf_fail(err, CF_E_SYNTAX, "has no value: write one, or remove the line");

    switch (option->type) {
    case OPT_TEXT:
    case OPT_NAME:
    case OPT_PATH:
    case OPT_HTTPS:
    case OPT_WEB:
    case OPT_PROXY:
        return parse_text(option, text, base, err);
    case OPT_SECRET:
        return parse_secret(option, text, base, err);
    case OPT_CHOICE:
    case OPT_BACKEND:
    case OPT_PRESET:
        return parse_choice(option, text, base, err);
    case OPT_DURATION:
    case OPT_SIZE:
    case OPT_UNSIGNED:
        return parse_number(option, text, cf_member(uint64_t, option, base), err);
    case OPT_BOOL:
        return cf_text_bool(text, cf_member(bool, option, base), err);
    case OPT_COMMAND:
        return parse_command(option, text, base, err);
    case OPT_USAGES:
        return parse_usages(option, text, cf_member(unsigned, option, base), err);
    case OPT_EKU:
        return parse_eku(option, text, base, err);
    case OPT_LIST:
        return parse_list(option, text, base, err);
    case OPT_TEMPLATES:
        break;
    }
    return cf_fail(err, CF_E_BUG, "option %s has no type of its own", option->key);
}
