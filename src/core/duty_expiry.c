/* SPDX-License-Identifier: Apache-2.0 */
/* expiry: says when a certificate the connector stands on comes near its end, once per stage. */
#include <stdio.h>

#include "certferry/expiry.h"
#include "certferry/log.h"
#include "certferry/text.h"
#include "duty.h"
#include "scep.h"

enum { EXPIRY_MS = 60 * 60 * 1000 };

struct watch {
    struct cf_scheduler *scheduler;
    int64_t now_ms;
};

/* The place where this certificate's stage is remembered; NULL when all are taken: it is then
 * told of every time. */
static struct cf_expiry_note *
find_note(struct cf_scheduler *scheduler, const struct cf_cert *cert)
{
    const char *thumbprint = cf_cert_thumbprint(cert);

    for (size_t i = 0; i < CF_COUNT(scheduler->expiry); i++) {
        struct cf_expiry_note *note = &scheduler->expiry[i];

        if (note->thumbprint[0] == '\0')
            (void)snprintf(note->thumbprint, sizeof note->thumbprint, "%s", thumbprint);
        if (cf_text_equal_nocase(note->thumbprint, thumbprint))
            return note;
    }
    return NULL;
}

static void
log_stage(const struct watch *watch, enum cf_event event, const char *what,
          const struct cf_cert *cert)
{
    unsigned stage = cf_expiry_stage(cf_cert_not_after_ms(cert) - watch->now_ms);
    char until[CF_TEXT_TIME_SIZE];

    if (stage == 0)
        return;
    struct cf_expiry_note *note = find_note(watch->scheduler, cert);
    if (note && note->stage >= stage)
        return;
    if (note)
        note->stage = stage;
    cf_text_from_time(cf_cert_not_after_ms(cert), until);
    cf_log(event, NULL, "%s: %s %s", what,
           stage == CF_EXPIRY_STAGES - 1 ? "expired on" : "expires on", until);
}

static void
look(void *arg, const char *what, const struct cf_cert *cert)
{
    log_stage(arg, CF_EV_CREDENTIAL_EXPIRING, what, cert);
}

static void
look_at_ra(void *arg, const char *what, const struct cf_cert *cert)
{
    log_stage(arg, CF_EV_RA_EXPIRING, what, cert);
}

enum cf_rc
cf_duty_expiry(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
               struct cf_err *err)
{
    struct watch watch = {scheduler, cf_scheduler_now_ms(scheduler)};

    (void)err;
    cf_expiry_each(site, look, &watch);
    cf_scep_expiry_each(site, look_at_ra, &watch);
    *ret_next_ms = EXPIRY_MS;
    return CF_OK;
}
