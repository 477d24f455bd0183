/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gss_talk KEY=VALUE... - [VERB]...: security contexts with a keytab, for tests.
 *
 * Settings: keytab, principal, service, acceptor (the service's keytab), mech (spnego, kerberos),
 * dce, privacy, delegates, binding (ours), their_binding, tamper (1: the acceptor's first token is
 * changed at its end; 2: replaced), ticket (a service that acquire gets one for), timeout (in
 * milliseconds, for a KDC). Verbs: acquire, context, seals, misuse, crowd, pause (waits for a line
 * of standard input), settle (waits for threads that were
 * left). One line for each outcome; "fault=..." for a failure of ours.
 */
#include <string.h>
#include <unistd.h>

#include "gss_talk.h"

enum { LEGS_MAX = 8, SETTLE_TENTHS = 900 };

static const char *const NAMES[] = {
    "keytab",    "principal", "service",       "acceptor", "mech",   "dce",     "privacy",
    "delegates", "binding",   "their_binding", "tamper",   "ticket", "timeout",
};
static const char *values[CF_COUNT(NAMES)];

static const char *
value_of(const char *name)
{
    for (size_t i = 0; i < CF_COUNT(NAMES); i++) {
        if (strcmp(NAMES[i], name) == 0)
            return values[i];
    }
    return NULL;
}

static bool
set(char *argument)
{
    char *value = strchr(argument, '=');

    if (!value)
        return false;
    *value++ = '\0';
    for (size_t i = 0; i < CF_COUNT(NAMES); i++) {
        if (strcmp(NAMES[i], argument) == 0) {
            values[i] = value;
            return true;
        }
    }
    return false;
}

static struct cf_bytes
bytes_of(const char *name)
{
    const char *value = value_of(name);

    return value ? cf_bytes_of(value, strlen(value)) : (struct cf_bytes){0};
}

/* What somebody on the way, or a server that is none, makes of the acceptor's token. */
static struct cf_buf *
tamper(struct cf_buf *take_token)
{
    const char *how = value_of("tamper");
    struct cf_bytes bytes = cf_buf_bytes(take_token);
    uint8_t copy[4096];

    if (!how || bytes.len == 0 || bytes.len > sizeof copy)
        return take_token;
    memcpy(copy, bytes.data, bytes.len);
    if (strcmp(how, "1") == 0)
        copy[bytes.len - 1] ^= 1;
    else
        memset(copy, 'x', bytes.len);
    struct cf_buf *changed = cf_buf_copy(cf_bytes_of(copy, bytes.len));
    cf_buf_free(take_token);
    return changed;
}

static enum cf_rc
establish(struct cf_gss *gss, struct acceptor *acceptor, int *ret_legs, struct cf_err *err)
{
    cf_own(cf_buf) theirs = NULL;
    bool is_complete = false, agrees = true;
    int legs = 0;

    while (!is_complete && legs < LEGS_MAX) {
        cf_own(cf_buf) ours = NULL;
        struct cf_bytes none = {0};
        CF_TRY(cf_gss_step(gss, theirs ? cf_buf_bytes(theirs) : none, &ours, &is_complete, err));
        theirs = cf_buf_free(theirs);
        if (cf_buf_len(ours) > 0) {
            legs++;
            agrees = acceptor_step(acceptor, cf_buf_bytes(ours), &theirs);
            theirs = tamper(theirs);
            legs += cf_buf_len(theirs) > 0;
        }
        if (!agrees && cf_buf_len(theirs) == 0)
            return cf_fail(err, CF_E_REJECTED, "the acceptor hung up");
    }
    if (!is_complete || !acceptor->is_complete)
        return cf_fail(err, CF_E_BUG, "no end after %d legs", legs);
    *ret_legs = legs;
    return CF_OK;
}

static enum cf_rc
misuse(struct cf_gss *gss, struct acceptor *acceptor, struct cf_err *err)
{
    struct cf_gss_message message = {0};
    struct cf_buf *token = NULL;
    uint8_t seal[16];
    bool is_complete;
    int legs;

    printf("before=%s\n", cf_rc_name(cf_gss_seal(gss, &message, seal, sizeof seal, NULL)));
    CF_TRY(establish(gss, acceptor, &legs, err));
    printf("after=%s\n",
           cf_rc_name(cf_gss_step(gss, (struct cf_bytes){0}, &token, &is_complete, NULL)));
    return CF_OK;
}

static uint64_t
timeout(void)
{
    const char *text = value_of("timeout");

    return text ? strtoull(text, NULL, 10) : 0;
}

static enum cf_rc
talk(const struct cf_kerberos *kerberos, const char *verb, struct cf_err *err)
{
    const char *mech = value_of("mech");
    struct cf_gss_options options = {
        .kerberos = kerberos,
        .service = value_of("service"),
        .mech = mech && strcmp(mech, "kerberos") == 0 ? CF_GSS_KERBEROS : CF_GSS_SPNEGO,
        .is_dce_style = value_of("dce") != NULL,
        .wants_privacy = value_of("privacy") != NULL,
        .delegates = value_of("delegates") != NULL,
        .channel_binding = bytes_of("binding"),
        .timeout_ms = timeout(),
    };
    int legs = 0;
    struct acceptor acceptor = {.binding = bytes_of("their_binding")};
    cf_own(cf_gss) gss = NULL;

    if (!acceptor_open(&acceptor, value_of("acceptor")))
        return cf_fail(err, CF_E_CONFIG, "no acceptor");
    enum cf_rc rc = cf_gss_new(&options, &gss, err);
    if (rc == CF_OK)
        rc = strcmp(verb, "misuse") == 0 ? misuse(gss, &acceptor, err)
                                         : establish(gss, &acceptor, &legs, err);
    if (rc == CF_OK && strcmp(verb, "context") == 0)
        printf("legs=%d\n", legs);
    if (rc == CF_OK && strcmp(verb, "seals") == 0)
        check_seals(gss, &acceptor);
    acceptor_close(&acceptor);
    return rc;
}

static enum cf_rc
make_one_of_many(const struct cf_kerberos *kerberos, struct cf_err *err)
{
    return talk(kerberos, "one of many", err);
}

static enum cf_rc
act(const struct cf_kerberos *kerberos, const char *verb, struct cf_err *err)
{
    void *credential = NULL;

    if (strcmp(verb, "pause") == 0) {
        (void)getchar();
        return CF_OK;
    }
    if (strcmp(verb, "crowd") == 0) {
        check_crowd(kerberos, make_one_of_many);
        return CF_OK;
    }
    if (strcmp(verb, "settle") == 0) {
        for (int i = 0; i < SETTLE_TENTHS && cf_kerberos_is_waiting(); i++)
            (void)usleep(100000);
        printf("waiting=%d\n", cf_kerberos_is_waiting());
        return CF_OK;
    }
    if (strcmp(verb, "acquire") != 0)
        return talk(kerberos, verb, err);
    CF_TRY(cf_kerberos_acquire(kerberos, value_of("ticket"), &credential, err));
    cf_kerberos_release(credential);
    printf("acquired=%s\n", cf_kerberos_principal(kerberos));
    return CF_OK;
}

int
main(int argc, char **argv)
{
    cf_own(cf_kerberos) kerberos = NULL;
    struct cf_err err = {0};
    int i = 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (; i < argc && strcmp(argv[i], "-") != 0; i++) {
        if (!set(argv[i]))
            return 64;
    }
    struct cf_kerberos_options options = {.keytab_file = value_of("keytab"),
                                          .principal = value_of("principal"),
                                          .section = "[ca corp]",
                                          .timeout_ms = timeout()};
    if (cf_kerberos_new(&options, &kerberos, &err) != CF_OK) {
        printf("fault=%s %s\n", cf_rc_name(err.rc), err.text);
        return 0;
    }
    for (i++; i < argc; i++) {
        if (act(kerberos, argv[i], &err) != CF_OK)
            printf("fault=%s %s\n", cf_rc_name(err.rc), err.text);
    }
    if (cf_kerberos_is_waiting()) {
        (void)fflush(stdout);
        _exit(0);
    }
    return 0;
}
