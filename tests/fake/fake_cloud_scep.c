/* SPDX-License-Identifier: Apache-2.0 */
/* fake_cloud_scep - the service that judges devices' challenges. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/cert.h"
#include "fake/fake_cloud_internal.h"

static struct fake_cloud *
of(struct cf_cloud *cloud)
{
    return (struct fake_cloud *)cloud;
}

void
fake_cloud_scep_done(struct fake_cloud_scep *scep)
{
    free(scep->transaction_id);
    cf_buf_free(scep->csr);
    free(scep->thumbprint);
    free(scep->ca);
    *scep = (struct fake_cloud_scep){0};
}

void
fake_cloud_refuse(struct fake_cloud *fake, enum fake_cloud_call call, const char *code)
{
    pthread_mutex_lock(&fake->lock);
    free(fake->refusal[call]);
    fake->refusal[call] = code ? strdup(code) : NULL;
    pthread_mutex_unlock(&fake->lock);
}

void
fake_cloud_last_scep(struct fake_cloud *fake, struct fake_cloud_scep *ret)
{
    pthread_mutex_lock(&fake->lock);
    const struct fake_cloud_scep *last = &fake->scep;
    *ret = (struct fake_cloud_scep){
        .transaction_id = last->transaction_id ? strdup(last->transaction_id) : NULL,
        .csr = last->csr ? cf_buf_copy(cf_buf_bytes(last->csr)) : NULL,
        .thumbprint = last->thumbprint ? strdup(last->thumbprint) : NULL,
        .ca = last->ca ? strdup(last->ca) : NULL,
        .failure = last->failure,
    };
    pthread_mutex_unlock(&fake->lock);
}

/* The lock is held. */
static void
note(struct fake_cloud *fake, const struct cf_scep_action *action)
{
    fake_cloud_scep_done(&fake->scep);
    fake->scep.transaction_id = strdup(action->transaction_id);
    fake->scep.csr = cf_buf_copy(action->csr);
    assert(fake->scep.transaction_id && fake->scep.csr);
}

/* The lock is held. */
static void
judge(struct fake_cloud *fake, enum fake_cloud_call call, struct cf_scep_verdict *verdict)
{
    const char *code = fake->refusal[call];

    *verdict = (struct cf_scep_verdict){.accepted = !code};
    snprintf(verdict->code, sizeof verdict->code, "%s", code ? code : "Success");
    snprintf(verdict->text, sizeof verdict->text, "%s", code ? "as the test wants it" : "");
    cf_text_uuid(verdict->activity);
}

enum cf_rc
fake_cloud_scep_validate(struct cf_cloud *cloud, const struct cf_scep_action *action,
                         uint64_t budget_ms, struct cf_scep_verdict *ret_verdict,
                         struct cf_err *err)
{
    struct fake_cloud *fake = of(cloud);

    (void)budget_ms;
    CF_TRY(fake_cloud_enter(fake, FAKE_CLOUD_SCEP_VALIDATE, err));
    note(fake, action);
    judge(fake, FAKE_CLOUD_SCEP_VALIDATE, ret_verdict);
    return fake_cloud_leave(fake, FAKE_CLOUD_SCEP_VALIDATE, err);
}

enum cf_rc
fake_cloud_scep_issued(struct cf_cloud *cloud, const struct cf_scep_action *action,
                       const struct cf_scep_issued *issued, uint64_t budget_ms,
                       struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    struct fake_cloud *fake = of(cloud);

    (void)budget_ms;
    CF_TRY(fake_cloud_enter(fake, FAKE_CLOUD_SCEP_ISSUED, err));
    note(fake, action);
    fake->scep.thumbprint = strdup(cf_cert_thumbprint(issued->cert));
    fake->scep.ca = strdup(issued->ca);
    judge(fake, FAKE_CLOUD_SCEP_ISSUED, ret_verdict);
    return fake_cloud_leave(fake, FAKE_CLOUD_SCEP_ISSUED, err);
}

enum cf_rc
fake_cloud_scep_failed(struct cf_cloud *cloud, const struct cf_scep_action *action,
                       const struct cf_err *failure, uint64_t budget_ms,
                       struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    struct fake_cloud *fake = of(cloud);

    (void)budget_ms;
    CF_TRY(fake_cloud_enter(fake, FAKE_CLOUD_SCEP_FAILED, err));
    note(fake, action);
    fake->scep.failure = *failure;
    judge(fake, FAKE_CLOUD_SCEP_FAILED, ret_verdict);
    return fake_cloud_leave(fake, FAKE_CLOUD_SCEP_FAILED, err);
}
