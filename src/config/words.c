/* SPDX-License-Identifier: Apache-2.0 */
/* words - a text as words, and words as a text that gives the same words again. */
#include <stdlib.h>
#include <string.h>

#include "value.h"

/* Printed with all their quotes they still fit into a value and its lines (ini.h). */
enum { WORDS_MAX = 256, WORD_MAX = 1500, TOTAL_MAX = 7000 };

void
cf_words_done(struct cf_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        free(words->word[i]);
    free(words->word);
    *words = (struct cf_words){0};
}

static bool
parts_words(char c, bool is_list)
{
    return c == ' ' || (is_list && c == ',');
}

/* One word at *at, with its quotes taken off; word has room for all of the text. */
static enum cf_rc
take_word(const char **at, bool is_list, char *word, struct cf_err *err)
{
    char quote = '\0';
    const char *p = *at;

    for (; *p && (quote || !parts_words(*p, is_list)); p++) {
        if (quote == '"' && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
            *word++ = *++p;
        else if (quote && *p == quote)
            quote = '\0';
        else if (!quote && (*p == '"' || *p == '\''))
            quote = *p;
        else
            *word++ = *p;
    }
    *word = '\0';
    if (quote)
        return cf_fail(err, CF_E_SYNTAX, "a %c is opened and not closed", quote);
    *at = p;
    return CF_OK;
}

enum cf_rc
cf_words_split(const char *text, bool is_list, struct cf_words *ret_words, struct cf_err *err)
{
    cf_own_words words = {.word = calloc(WORDS_MAX + 1, sizeof(char *))};
    cf_own_str word = malloc(strlen(text) + 1);

    if (!words.word || !word)
        return cf_fail_oom(err);
    size_t total = 0;
    for (const char *at = text;;) {
        while (parts_words(*at, is_list))
            at++;
        if (*at == '\0')
            break;
        if (words.n == WORDS_MAX)
            return cf_fail(err, CF_E_LIMIT, "more than %d words", WORDS_MAX);
        CF_TRY(take_word(&at, is_list, word, err));
        total += strlen(word) + 1;
        if (strlen(word) > WORD_MAX || total > TOTAL_MAX)
            return cf_fail(err, CF_E_LIMIT, "words of more than %d bytes, or %d in all", WORD_MAX,
                           TOTAL_MAX);
        words.word[words.n] = strdup(word);
        if (!words.word[words.n])
            return cf_fail_oom(err);
        words.n++;
    }
    *ret_words = words;
    words = (struct cf_words){0};
    return CF_OK;
}

static enum cf_rc
print_word(const char *word, struct cf_buf *out, struct cf_err *err)
{
    if (*word && !strpbrk(word, " ,'\"\\#;"))
        return cf_buf_append_str(out, word, err);
    CF_TRY(cf_buf_append_str(out, "\"", err));
    for (; *word; word++) {
        if (*word == '"' || *word == '\\')
            CF_TRY(cf_buf_append_str(out, "\\", err));
        CF_TRY(cf_buf_append(out, word, 1, err));
    }
    return cf_buf_append_str(out, "\"", err);
}

enum cf_rc
cf_words_print(char *const *word, size_t n, struct cf_buf *out, struct cf_err *err)
{
    /* A line has a limit; a continuation stands for the blank between two words. */
    enum { LINE_LEN = 1000 };
    size_t begin = cf_buf_len(out);

    for (size_t i = 0; i < n; i++) {
        bool is_long = cf_buf_len(out) - begin + strlen(word[i]) > LINE_LEN;
        if (i > 0)
            CF_TRY(cf_buf_append_str(out, is_long ? "\n  " : " ", err));
        if (i > 0 && is_long)
            begin = cf_buf_len(out);
        CF_TRY(print_word(word[i], out, err));
    }
    return CF_OK;
}
