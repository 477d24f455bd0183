/* SPDX-License-Identifier: Apache-2.0 */
/* fake_cloud - the test's side. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"
#include "fake/fake_cloud_internal.h"

struct fake_cloud *
fake_cloud_new(const volatile int *stop_flag)
{
    struct fake_cloud *fake = calloc(1, sizeof *fake);

    assert(fake);
    fake->base.ops = &fake_cloud_ops;
    fake->stop_flag = stop_flag;
    pthread_mutex_init(&fake->lock, NULL);
    return fake;
}

struct fake_cloud *
fake_cloud_free(struct fake_cloud *fake)
{
    if (!fake)
        return NULL;
    for (size_t i = 0; i < fake->n; i++) {
        free(fake->element[i].json);
        free(fake->element[i].context);
        free(fake->element[i].result);
    }
    pthread_mutex_destroy(&fake->lock);
    for (unsigned call = 0; call < FAKE_CLOUD_CALL_MAX_; call++)
        free(fake->refusal[call]);
    fake_cloud_scep_done(&fake->scep);
    free(fake);
    return NULL;
}

struct cf_cloud *
fake_cloud_port(struct fake_cloud *fake)
{
    return &fake->base;
}

/* As the real client reads it: a context of 1..256 printable characters, a lease if it can. */
static void
read_identity(struct element *element)
{
    cf_own(cf_json) json = NULL;
    const char *context = NULL;
    const char *lease = NULL;

    if (cf_json_parse(cf_bytes_of(element->json, strlen(element->json)), 8 << 20, &json,
                      &element->err) != CF_OK ||
        cf_json_string(json, "requestContext", 1, 256, &context, &element->err) != CF_OK)
        return;
    if (!cf_text_is_printable(context, strlen(context))) {
        (void)cf_fail(&element->err, CF_E_RANGE,
                      "requestContext holds control or invisible characters");
        return;
    }
    element->context = strdup(context);
    if (cf_json_string_opt(json, "leaseExpiresUtc", 1, 64, &lease, NULL) != CF_OK || !lease ||
        cf_text_time(lease, &element->lease_until_ms, NULL) != CF_OK)
        element->lease_until_ms = 0;
}

static void
offer(struct fake_cloud *fake, const char *json, bool is_revocation)
{
    pthread_mutex_lock(&fake->lock);
    assert(fake->n < ELEMENTS_MAX);
    struct element *element = &fake->element[fake->n];
    *element = (struct element){.json = strdup(json), .is_revocation = is_revocation};
    assert(element->json);
    read_identity(element);
    fake->n++;
    pthread_mutex_unlock(&fake->lock);
}

void
fake_cloud_offer(struct fake_cloud *fake, const char *json)
{
    offer(fake, json, false);
}

void
fake_cloud_offer_revocation(struct fake_cloud *fake, const char *json)
{
    offer(fake, json, true);
}

void
fake_cloud_fail(struct fake_cloud *fake, enum fake_cloud_call call, const struct cf_err *err,
                unsigned times)
{
    pthread_mutex_lock(&fake->lock);
    fake->error[call] = *err;
    fake->n_errors[call] = times;
    pthread_mutex_unlock(&fake->lock);
}

void
fake_cloud_lose_answers(struct fake_cloud *fake, enum fake_cloud_call call, unsigned times)
{
    pthread_mutex_lock(&fake->lock);
    fake->n_lost[call] = times;
    pthread_mutex_unlock(&fake->lock);
}

void
fake_cloud_judge(struct fake_cloud *fake, const char *context,
                 const struct cf_cloud_verdict *verdict)
{
    pthread_mutex_lock(&fake->lock);
    struct element *element = fake_cloud_find(fake, context, false);
    assert(element);
    element->has_verdict = true;
    element->verdict = *verdict;
    pthread_mutex_unlock(&fake->lock);
}

void
fake_cloud_set_news(struct fake_cloud *fake, enum cf_credential_news news, const char *text,
                    int64_t again_in_ms)
{
    pthread_mutex_lock(&fake->lock);
    fake->has_news = true;
    fake->news = news;
    fake->again_in_ms = again_in_ms;
    (void)snprintf(fake->news_text, sizeof fake->news_text, "%s", text);
    pthread_mutex_unlock(&fake->lock);
}

unsigned
fake_cloud_calls(struct fake_cloud *fake, enum fake_cloud_call call)
{
    pthread_mutex_lock(&fake->lock);
    unsigned n = fake->n_calls[call];
    pthread_mutex_unlock(&fake->lock);
    return n;
}

/* Whatever its kind: tests do not use one context for two. */
static struct element *
find_any(struct fake_cloud *fake, const char *context)
{
    struct element *element = fake_cloud_find(fake, context, false);

    return element ? element : fake_cloud_find(fake, context, true);
}

unsigned
fake_cloud_uploads(struct fake_cloud *fake, const char *context)
{
    pthread_mutex_lock(&fake->lock);
    const struct element *element = find_any(fake, context);
    unsigned n = element ? element->n_uploads : 0;
    pthread_mutex_unlock(&fake->lock);
    return n;
}

char *
fake_cloud_result(struct fake_cloud *fake, const char *context)
{
    pthread_mutex_lock(&fake->lock);
    const struct element *element = find_any(fake, context);
    char *result = element && element->result ? strdup(element->result) : NULL;
    pthread_mutex_unlock(&fake->lock);
    return result;
}

unsigned
fake_cloud_waiting(struct fake_cloud *fake)
{
    unsigned n = 0;

    pthread_mutex_lock(&fake->lock);
    for (size_t i = 0; i < fake->n; i++)
        n += !fake->element[i].is_handed_out;
    pthread_mutex_unlock(&fake->lock);
    return n;
}
