/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential - renews the connector's own key in good time.
 *
 * The successor is made and kept first, made known to the tenant next, used for a token then, and
 * only when that worked does it replace the current key. A restart goes on from what lies on disk.
 */
#include <stdio.h>

#include "certferry/file.h"

#include "parts.h"

static const int64_t MINUTE_MS = 60LL * 1000;
static const int64_t HOUR_MS = 60LL * 60 * 1000;
static const int64_t DAY_MS = 24LL * 60 * 60 * 1000;

enum { NAME_SIZE = 65, CHAIN_FILE_MAX = 256 * 1024 };

struct upkeep {
    struct cf_connector *connector;
    cf_credential_fn *news;
    void *arg;
    int64_t now_ms;
    int64_t next_ms;
};

static void
come_again(struct upkeep *upkeep, int64_t in_ms)
{
    upkeep->next_ms = upkeep->now_ms + in_ms;
}

/* What is told is not an error of the call: the caller need not know the difference. */
static enum cf_rc
tell(struct upkeep *upkeep, enum cf_credential_news news, const char *text,
     const struct cf_err *cause, int64_t again_in_ms)
{
    come_again(upkeep, again_in_ms);
    if (cause && cause->rc == CF_E_STOPPED)
        return CF_OK;
    upkeep->news(upkeep->arg, news, text, cause);
    return CF_OK;
}

static enum cf_rc
tell_expiring(struct upkeep *upkeep, int64_t not_after_ms, const char *what,
              const struct cf_err *cause)
{
    char when[CF_TEXT_TIME_SIZE];
    char text[1024];

    cf_text_from_time(not_after_ms, when);
    (void)snprintf(text, sizeof text, "the connector's certificate expires at %s; %s", when, what);
    return tell(upkeep, CF_CREDENTIAL_EXPIRING, text, cause, DAY_MS);
}

static bool
is_due(const struct upkeep *upkeep, int64_t not_after_ms)
{
    uint64_t before_ms = upkeep->connector->settings.assertion_renew_before_ms;

    return not_after_ms - upkeep->now_ms < (int64_t)before_ms;
}

static void
sleep_until_due(struct upkeep *upkeep, int64_t not_after_ms)
{
    int64_t due_in_ms = not_after_ms - upkeep->now_ms -
                        (int64_t)upkeep->connector->settings.assertion_renew_before_ms;

    come_again(upkeep, due_in_ms < DAY_MS ? due_in_ms + MINUTE_MS : DAY_MS);
}

/* Entra takes RSA signatures only. */
static enum cf_rc
make_successor(struct upkeep *upkeep, const struct cf_identity *current,
               struct cf_identity **ret_next, struct cf_err *err)
{
    struct cf_connector *connector = upkeep->connector;
    const char *name = cf_dn_find(cf_cert_subject(cf_identity_cert(current)), "2.5.4.3");
    cf_own(cf_identity) next = NULL;

    CF_TRY(cf_identity_generate(CF_KEY_RSA_2048, name ? name : connector->connector_id,
                                upkeep->now_ms, connector->settings.assertion_lifetime_ms, &next,
                                err));
    CF_TRY(cf_identity_files_publish_next(connector->files, next, err));
    connector->was_refused = false;
    *ret_next = cf_give(next);
    return CF_OK;
}

/* A refusal is about us, and asking again soon will not change it. */
static bool
is_refusal(const struct cf_err *err)
{
    return err->rc == CF_E_AUTH ||
           (err->native >= 400 && err->native < 500 && err->native != 408 && err->native != 429);
}

static enum cf_rc
tell_refused(struct upkeep *upkeep, const struct cf_identity *current,
             const struct cf_identity *next, const struct cf_err *cause)
{
    struct cf_connector *connector = upkeep->connector;
    struct cf_err own = {0};
    char what[768];

    connector->was_refused = true;
    connector->refused_ms = cf_clock_monotonic_ms(connector->clock);
    if (cf_identity_files_publish_next_cert(connector->files, next, &own) != CF_OK)
        return tell(upkeep, CF_CREDENTIAL_FAILED,
                    "the new certificate cannot be written for the tenant's administrator", &own,
                    HOUR_MS);
    (void)snprintf(what, sizeof what,
                   "the directory did not take the new one in, so the tenant's administrator has "
                   "to upload %s to the application %s; it is used from then on",
                   cf_identity_files_next_cert_path(connector->files),
                   connector->settings.client_id);
    (void)tell_expiring(upkeep, cf_cert_not_after_ms(cf_identity_cert(current)), what, cause);
    come_again(upkeep, HOUR_MS);
    return CF_OK;
}

static enum cf_rc
make_known(struct upkeep *upkeep, const struct cf_identity *current, const struct cf_identity *next)
{
    struct cf_connector *connector = upkeep->connector;
    struct cf_err own = {0};

    if (connector->was_refused &&
        cf_clock_monotonic_ms(connector->clock) - connector->refused_ms < DAY_MS) {
        come_again(upkeep, HOUR_MS);
        return CF_OK;
    }
    if (cf_register_key(connector, current, next, &own) != CF_OK) {
        if (is_refusal(&own))
            return tell_refused(upkeep, current, next, &own);
        return tell(upkeep, CF_CREDENTIAL_FAILED,
                    "the new certificate could not be registered; it is tried again", &own,
                    15 * MINUTE_MS);
    }
    if (cf_identity_files_set_registered(connector->files, next, &own) != CF_OK)
        return tell(upkeep, CF_CREDENTIAL_FAILED, "the registration cannot be noted on disk", &own,
                    HOUR_MS);
    return tell(upkeep, CF_CREDENTIAL_RENEWED,
                "a new certificate is registered; it is used from the next token on", NULL,
                2 * MINUTE_MS);
}

/* CF_OK: it is in use now. CF_E_NOT_FOUND: the tenant does not know it yet. */
static enum cf_rc
try_successor(struct cf_connector *connector, struct cf_err *err)
{
    const char *scope = connector->tokens.slot[CF_TOKEN_SERVICE].scope;
    cf_own(cf_secret) token = NULL;
    uint64_t life_s = 0;

    return cf_oauth_token_by_successor(&connector->oauth, scope, &token, &life_s, err);
}

static enum cf_rc
introduce(struct upkeep *upkeep, const struct cf_identity *current, const struct cf_identity *next)
{
    struct cf_connector *connector = upkeep->connector;
    struct cf_err own = {0};

    enum cf_rc rc = try_successor(connector, &own);
    if (rc == CF_OK && cf_identity_files_take_promoted(connector->files))
        return tell(upkeep, CF_CREDENTIAL_RENEWED, "the new certificate is in use", NULL,
                    MINUTE_MS);
    if (rc == CF_OK)
        return tell(upkeep, CF_CREDENTIAL_FAILED,
                    "the new certificate works, but its file cannot replace the old one", NULL,
                    HOUR_MS);
    if (rc != CF_E_NOT_FOUND)
        return tell(upkeep, CF_CREDENTIAL_FAILED, "the new certificate could not be tried", &own,
                    15 * MINUTE_MS);
    if (cf_identity_files_is_registered(connector->files, next)) {
        come_again(upkeep, 11 * MINUTE_MS);
        return CF_OK;
    }
    return make_known(upkeep, current, next);
}

static enum cf_rc
renew(struct upkeep *upkeep, const struct cf_identity *current)
{
    struct cf_connector *connector = upkeep->connector;
    int64_t not_after_ms = cf_cert_not_after_ms(cf_identity_cert(current));
    cf_own(cf_identity) next = NULL;
    struct cf_err own = {0};

    enum cf_rc rc = cf_identity_files_load(connector->files, CF_IDENTITY_NEXT, &next, &own);
    if (rc != CF_OK && rc != CF_E_NOT_FOUND)
        return tell(upkeep, CF_CREDENTIAL_FAILED,
                    "the new certificate's file cannot be used; remove it to have another made",
                    &own, HOUR_MS);
    bool is_usable = next && cf_cert_not_after_ms(cf_identity_cert(next)) > upkeep->now_ms;
    if (is_usable)
        return introduce(upkeep, current, next);
    if (!is_due(upkeep, not_after_ms)) {
        sleep_until_due(upkeep, not_after_ms);
        return CF_OK;
    }
    if (!connector->settings.assertion_renew)
        return tell_expiring(upkeep, not_after_ms,
                             "run `certferry enroll` and upload the new one, or set "
                             "assertion_renew",
                             NULL);
    next = cf_identity_free(next);
    if (make_successor(upkeep, current, &next, &own) != CF_OK)
        return tell(upkeep, CF_CREDENTIAL_FAILED,
                    "a new key and certificate could not be made; assertion_file has to lie where "
                    "the service may write",
                    &own, HOUR_MS);
    return make_known(upkeep, current, next);
}

static enum cf_rc
keep_identity(struct upkeep *upkeep)
{
    struct cf_connector *connector = upkeep->connector;
    cf_own(cf_identity) current = NULL;
    struct cf_err own = {0};

    cf_identity_files_tidy(connector->files);
    if (cf_identity_files_take_promoted(connector->files))
        (void)tell(upkeep, CF_CREDENTIAL_RENEWED, "the new certificate is in use", NULL, DAY_MS);
    if (cf_identity_files_load(connector->files, CF_IDENTITY_CURRENT, &current, &own) != CF_OK)
        return tell(upkeep, CF_CREDENTIAL_FAILED, "the connector's certificate cannot be used",
                    &own, HOUR_MS);
    return renew(upkeep, current);
}

/* A certificate for mutual TLS comes from elsewhere; all we can do is tell in time. */
static enum cf_rc
watch_tls_certificate(struct upkeep *upkeep)
{
    const struct cf_cloud_settings *settings = &upkeep->connector->settings;
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_chain) chain = NULL;
    struct cf_err own = {0};

    if (cf_file_read(settings->tls_cert_file, CHAIN_FILE_MAX, &pem, &own) != CF_OK ||
        cf_chain_parse_pem(cf_buf_bytes(pem), &chain, &own) != CF_OK)
        return tell(upkeep, CF_CREDENTIAL_FAILED, "tls_cert_file cannot be used", &own, HOUR_MS);
    int64_t not_after_ms = cf_cert_not_after_ms(cf_chain_at(chain, 0));
    if (is_due(upkeep, not_after_ms))
        return tell_expiring(upkeep, not_after_ms, "put a new one into tls_cert_file", NULL);
    sleep_until_due(upkeep, not_after_ms);
    return CF_OK;
}

enum cf_rc
cf_credential_upkeep(struct cf_connector *connector, cf_credential_fn *news, void *arg,
                     int64_t *ret_next_ms, struct cf_err *err)
{
    struct upkeep upkeep = {.connector = connector,
                            .news = news,
                            .arg = arg,
                            .now_ms = cf_clock_now_ms(connector->clock)};
    enum cf_rc rc = CF_OK;

    (void)err; /* what goes wrong is told as news */
    come_again(&upkeep, DAY_MS);
    if (connector->settings.auth == CF_AUTH_CERTIFICATE)
        rc = keep_identity(&upkeep);
    else if (connector->settings.auth == CF_AUTH_TLS)
        rc = watch_tls_certificate(&upkeep);
    *ret_next_ms = upkeep.next_ms;
    return rc;
}
