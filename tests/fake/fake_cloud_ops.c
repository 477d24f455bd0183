/* SPDX-License-Identifier: Apache-2.0 */
/* fake_cloud - the connector's side: the operations of the port. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certferry/json.h"
#include "certferry/stop.h"
#include "certferry/text.h"
#include "fake/fake_cloud_internal.h"

static struct fake_cloud *
of(struct cf_cloud *cloud)
{
    return (struct fake_cloud *)cloud;
}

/* The newest: the same context may be offered again. */
struct element *
fake_cloud_find(struct fake_cloud *fake, const char *context, bool is_revocation)
{
    for (size_t i = fake->n; i-- > 0;) {
        struct element *element = &fake->element[i];

        if (element->is_revocation == is_revocation && element->context &&
            strcmp(element->context, context) == 0)
            return element;
    }
    return NULL;
}

/* Counts the call; the scripted error, if there is one. The lock is held when it is CF_OK. */
enum cf_rc
fake_cloud_enter(struct fake_cloud *fake, enum fake_cloud_call call, struct cf_err *err)
{
    enum cf_rc rc = CF_OK;

    if (cf_stop_is_set(fake->stop_flag))
        return cf_fail(err, CF_E_STOPPED, "the service is stopping");
    pthread_mutex_lock(&fake->lock);
    fake->n_calls[call]++;
    if (fake->n_errors[call] > 0) {
        fake->n_errors[call]--;
        rc = fake->error[call].rc;
        if (err)
            *err = fake->error[call];
        pthread_mutex_unlock(&fake->lock);
    }
    return rc;
}

enum cf_rc
fake_cloud_leave(struct fake_cloud *fake, enum fake_cloud_call call, struct cf_err *err)
{
    bool is_lost = fake->n_lost[call] > 0;

    if (is_lost)
        fake->n_lost[call]--;
    pthread_mutex_unlock(&fake->lock);
    return is_lost ? cf_fail(err, CF_E_NET, "the answer was lost") : CF_OK;
}

static void
hand_out(struct element *element, struct cf_cloud_work *work)
{
    element->is_handed_out = true;
    work->context = element->context ? strdup(element->context) : NULL;
    work->lease_until_ms = element->lease_until_ms;
    work->body = cf_buf_copy(cf_bytes_of(element->json, strlen(element->json)));
    work->err = element->err;
    assert(work->body);
}

static void
fill(struct fake_cloud *fake, bool is_revocation, size_t max, struct cf_cloud_page *page)
{
    page->work = calloc(max, sizeof *page->work);
    assert(page->work);
    for (size_t i = 0; i < fake->n && page->n < max; i++)
        if (!fake->element[i].is_handed_out && fake->element[i].is_revocation == is_revocation)
            hand_out(&fake->element[i], &page->work[page->n++]);
    cf_text_uuid(page->activity);
}

static bool
has_work(struct fake_cloud *fake)
{
    for (size_t i = 0; i < fake->n; i++)
        if (!fake->element[i].is_handed_out && !fake->element[i].is_revocation)
            return true;
    return false;
}

static enum cf_rc
download_kind(struct fake_cloud *fake, enum fake_cloud_call call, size_t max, uint64_t wait_ms,
              struct cf_cloud_page *ret_page, struct cf_err *err)
{
    enum { NAP_MS = 5 };
    bool is_revocation = call == FAKE_CLOUD_DOWNLOAD_REVOCATIONS;
    struct cf_cloud_page page = {0};

    CF_TRY(fake_cloud_enter(fake, call, err));
    for (uint64_t waited = 0; !is_revocation && !has_work(fake) && waited < wait_ms;
         waited += NAP_MS) {
        pthread_mutex_unlock(&fake->lock);
        if (cf_stop_is_set(fake->stop_flag))
            return cf_fail(err, CF_E_STOPPED, "the service is stopping");
        usleep(NAP_MS * 1000);
        pthread_mutex_lock(&fake->lock);
    }
    fill(fake, is_revocation, max < 1 ? 1 : max > 500 ? 500 : max, &page);
    enum cf_rc rc = fake_cloud_leave(fake, call, err);
    if (rc != CF_OK)
        cf_cloud_page_done(&page);
    else
        *ret_page = page;
    return rc;
}

static enum cf_rc
op_download(struct cf_cloud *cloud, size_t max, uint64_t wait_ms, struct cf_cloud_page *ret_page,
            struct cf_err *err)
{
    return download_kind(of(cloud), FAKE_CLOUD_DOWNLOAD, max, wait_ms, ret_page, err);
}

static enum cf_rc
op_download_revocations(struct cf_cloud *cloud, size_t max, struct cf_cloud_page *ret_page,
                        struct cf_err *err)
{
    return download_kind(of(cloud), FAKE_CLOUD_DOWNLOAD_REVOCATIONS, max, 0, ret_page, err);
}

static bool
is_pending(const char *json)
{
    cf_own(cf_json) result = NULL;
    const char *status = NULL;

    return cf_json_parse(cf_bytes_of(json, strlen(json)), 8 << 20, &result, NULL) == CF_OK &&
           cf_json_string(result, "status", 1, 16, &status, NULL) == CF_OK &&
           strcmp(status, "pending") == 0;
}

static struct cf_cloud_verdict
refused(const char *text)
{
    struct cf_cloud_verdict verdict = {.accepted = false, .retryable = false};

    (void)snprintf(verdict.text, sizeof verdict.text, "%s", text);
    return verdict;
}

static struct cf_cloud_verdict
judge(struct element *element, const char *json)
{
    if (!element || !element->is_handed_out)
        return refused("ParameterDataInvalidError: requestContext is unknown");
    element->n_uploads++;
    if (element->has_verdict) {
        element->has_verdict = false;
        return element->verdict;
    }
    if (element->is_final && strcmp(element->result, json) != 0)
        return refused("ConflictError: the request is finished with another result");
    free(element->result);
    element->result = strdup(json);
    assert(element->result);
    element->is_final = element->is_final || !is_pending(json);
    return (struct cf_cloud_verdict){.accepted = true};
}

static struct cf_cloud_verdict
take(struct fake_cloud *fake, const struct cf_cloud_result *result, bool is_revocation)
{
    cf_own_str json = strndup((const char *)result->json.data, result->json.len);

    assert(json);
    return judge(fake_cloud_find(fake, result->context, is_revocation), json);
}

static enum cf_rc
op_upload(struct cf_cloud *cloud, const struct cf_cloud_result *results, size_t n,
          struct cf_cloud_verdict *ret_verdicts, struct cf_err *err)
{
    struct fake_cloud *fake = of(cloud);

    CF_TRY(fake_cloud_enter(fake, FAKE_CLOUD_UPLOAD, err));
    for (size_t i = 0; i < n; i++)
        ret_verdicts[i] = take(fake, &results[i], false);
    return fake_cloud_leave(fake, FAKE_CLOUD_UPLOAD, err);
}

static enum cf_rc
op_upload_revocations(struct cf_cloud *cloud, const struct cf_cloud_result *results, size_t n,
                      struct cf_err *err)
{
    struct fake_cloud *fake = of(cloud);
    bool is_known = true;

    CF_TRY(fake_cloud_enter(fake, FAKE_CLOUD_UPLOAD_REVOCATIONS, err));
    for (size_t i = 0; i < n; i++)
        is_known = is_known && fake_cloud_find(fake, results[i].context, true);
    for (size_t i = 0; is_known && i < n; i++)
        (void)take(fake, &results[i], true);
    CF_TRY(fake_cloud_leave(fake, FAKE_CLOUD_UPLOAD_REVOCATIONS, err));
    return is_known ? CF_OK : cf_fail(err, CF_E_PROTOCOL, "the service did not record it");
}

static enum cf_rc
op_heartbeat(struct cf_cloud *cloud, const struct cf_cloud_heartbeat *heartbeat,
             uint64_t *ret_lease_s, struct cf_err *err)
{
    (void)heartbeat;
    CF_TRY(fake_cloud_enter(of(cloud), FAKE_CLOUD_HEARTBEAT, err));
    CF_TRY(fake_cloud_leave(of(cloud), FAKE_CLOUD_HEARTBEAT, err));
    *ret_lease_s = LEASE_S;
    return CF_OK;
}

static enum cf_rc
op_upkeep(struct cf_cloud *cloud, cf_credential_fn *news, void *arg, int64_t *ret_next_ms,
          struct cf_err *err)
{
    struct fake_cloud *fake = of(cloud);

    CF_TRY(fake_cloud_enter(fake, FAKE_CLOUD_UPKEEP, err));
    int64_t again_in_ms = fake->again_in_ms > 0 ? fake->again_in_ms : 3600 * 1000;
    if (fake->has_news)
        news(arg, fake->news, fake->news_text, NULL);
    fake->has_news = false;
    *ret_next_ms = cf_clock_now_ms(cf_clock_real()) + again_in_ms;
    return fake_cloud_leave(fake, FAKE_CLOUD_UPKEEP, err);
}

static enum cf_rc
op_check(struct cf_cloud *cloud, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    struct cf_finding finding = {
        .severity = CF_FINDING_OK, .subject = "cloud service", .text = "the fake answers"};

    (void)cloud;
    (void)err;
    report(arg, &finding);
    return CF_OK;
}

static enum cf_rc
op_open(const struct cf_cloud_settings *settings, const struct cf_cloud_env *env,
        struct cf_cloud **ret_cloud, struct cf_err *err)
{
    (void)settings;
    (void)err;
    *ret_cloud = fake_cloud_port(fake_cloud_new(env->stop_flag));
    return CF_OK;
}

static void
op_close(struct cf_cloud *cloud)
{
    fake_cloud_free(of(cloud));
}

const struct cf_cloud_ops fake_cloud_ops = {
    .name = "fake",
    .abi = CF_CLOUD_ABI,
    .open = op_open,
    .close = op_close,
    .check = op_check,
    .download = op_download,
    .upload = op_upload,
    .download_revocations = op_download_revocations,
    .upload_revocations = op_upload_revocations,
    .heartbeat = op_heartbeat,
    .scep_validate = fake_cloud_scep_validate,
    .scep_issued = fake_cloud_scep_issued,
    .scep_failed = fake_cloud_scep_failed,
    .upkeep = op_upkeep,
};
