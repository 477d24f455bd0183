/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "gss_talk.h"

enum { HEAD_LEN = 24, BODY_LEN = 48, TRAIL_LEN = 8, TOKEN_SIZE = 256 };

/* A message as it goes over the wire. */
struct sealed {
    uint8_t head[HEAD_LEN];
    uint8_t body[BODY_LEN];
    uint8_t trail[TRAIL_LEN];
    uint8_t token[TOKEN_SIZE];
    size_t token_len;
};

static const char PLAIN[BODY_LEN + 1] = "forty-eight bytes that nobody on the way may read";

static struct sealed
new_message(void)
{
    struct sealed sealed = {.head = "head", .trail = "trail"};

    memcpy(sealed.body, PLAIN, BODY_LEN);
    return sealed;
}

static struct cf_gss_message
parts_of(struct sealed *sealed)
{
    return (struct cf_gss_message){.head = cf_bytes_of(sealed->head, HEAD_LEN),
                                   .body = sealed->body,
                                   .body_len = BODY_LEN,
                                   .trail = cf_bytes_of(sealed->trail, TRAIL_LEN)};
}

static void
tell(const char *name, bool holds)
{
    printf("%s=%s\n", holds ? "ok" : "bad", name);
}

static bool
seal(struct cf_gss *gss, struct sealed *ret)
{
    *ret = new_message();
    struct cf_gss_message message = parts_of(ret);

    return cf_gss_token_len(gss, &message, &ret->token_len, NULL) == CF_OK &&
           ret->token_len <= TOKEN_SIZE &&
           cf_gss_seal(gss, &message, ret->token, ret->token_len, NULL) == CF_OK &&
           memcmp(ret->body, PLAIN, BODY_LEN) != 0;
}

static bool
seal_there(struct cf_gss *gss, struct acceptor *acceptor, bool seals, struct sealed *ret)
{
    *ret = new_message();
    struct cf_gss_message message = parts_of(ret);

    return cf_gss_token_len(gss, &message, &ret->token_len, NULL) == CF_OK &&
           acceptor_wrap(acceptor, &message, seals, ret->token, ret->token_len);
}

/* A copy is opened, so that the same message can be tried in many ways. */
static enum cf_rc
unseal(struct cf_gss *gss, const struct sealed *sealed, struct cf_err *err)
{
    struct sealed copy = *sealed;
    struct cf_gss_message message = parts_of(&copy);

    enum cf_rc rc = cf_gss_unseal(gss, &message, cf_bytes_of(copy.token, copy.token_len), err);
    return rc == CF_OK && memcmp(copy.body, PLAIN, BODY_LEN) != 0 ? CF_E_BUG : rc;
}

static bool
is_refused(struct cf_gss *gss, const struct sealed *sealed, const char *why)
{
    struct cf_err err = {0};

    return unseal(gss, sealed, &err) == CF_E_PROTOCOL && strstr(err.text, why);
}

static bool
refuses_each_flipped_bit(struct cf_gss *gss, struct sealed *sealed, uint8_t *part, size_t len)
{
    for (size_t i = 0; i < len * 8; i++) {
        part[i / 8] ^= (uint8_t)(1u << i % 8);
        bool is_fine = is_refused(gss, sealed, "");
        part[i / 8] ^= (uint8_t)(1u << i % 8);
        if (!is_fine)
            return false;
    }
    return true;
}

static void
check_both_ways(struct cf_gss *gss, struct acceptor *acceptor)
{
    struct sealed sealed;
    bool holds = true;

    for (int i = 0; i < 5; i++) {
        holds = holds && seal(gss, &sealed);
        struct cf_gss_message message = parts_of(&sealed);
        holds = holds && acceptor_unwrap(acceptor, &message, sealed.token, sealed.token_len) &&
                memcmp(sealed.body, PLAIN, BODY_LEN) == 0;
        holds = holds && seal_there(gss, acceptor, true, &sealed) &&
                unseal(gss, &sealed, NULL) == CF_OK;
    }
    tell("both_ways", holds);

    sealed = new_message();
    struct cf_gss_message bare = {.body = sealed.body, .body_len = BODY_LEN};
    holds = cf_gss_token_len(gss, &bare, &sealed.token_len, NULL) == CF_OK &&
            cf_gss_seal(gss, &bare, sealed.token, sealed.token_len, NULL) == CF_OK &&
            acceptor_unwrap(acceptor, &bare, sealed.token, sealed.token_len) &&
            memcmp(sealed.body, PLAIN, BODY_LEN) == 0;
    tell("without_head_and_trail", holds);
}

static void
check_changes(struct cf_gss *gss, struct acceptor *acceptor)
{
    struct sealed sealed, shorter;

    tell("sealed", seal_there(gss, acceptor, true, &sealed));
    printf("token_len=%zu\n", sealed.token_len);
    tell("head", refuses_each_flipped_bit(gss, &sealed, sealed.head, HEAD_LEN));
    tell("body", refuses_each_flipped_bit(gss, &sealed, sealed.body, BODY_LEN));
    tell("trail", refuses_each_flipped_bit(gss, &sealed, sealed.trail, TRAIL_LEN));
    tell("token", refuses_each_flipped_bit(gss, &sealed, sealed.token, sealed.token_len));
    bool holds = true;
    for (size_t len = 0; len < TOKEN_SIZE; len++) {
        shorter = sealed;
        shorter.token_len = len;
        holds = holds && (len == sealed.token_len || is_refused(gss, &shorter, ""));
    }
    tell("token_length", holds);
    tell("intact_after_all", unseal(gss, &sealed, NULL) == CF_OK);
}

static void
check_order(struct cf_gss *gss, struct acceptor *acceptor)
{
    struct sealed first, second, reflected, merely_signed;

    tell("reflected", seal(gss, &reflected) && is_refused(gss, &reflected, ""));
    tell("signed",
         seal_there(gss, acceptor, false, &merely_signed) && is_refused(gss, &merely_signed, ""));
    if (!seal_there(gss, acceptor, true, &first) || !seal_there(gss, acceptor, true, &second))
        tell("two_messages", false);
    tell("lost", is_refused(gss, &second, "out of order"));
    tell("late", is_refused(gss, &first, ""));
    tell("twice", is_refused(gss, &second, "twice"));
}

void
check_seals(struct cf_gss *gss, struct acceptor *acceptor)
{
    check_both_ways(gss, acceptor);
    check_changes(gss, acceptor);
    check_order(gss, acceptor);
}
