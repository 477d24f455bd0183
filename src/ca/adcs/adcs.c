/* SPDX-License-Identifier: Apache-2.0 */
/* adcs - the port's functions over the transports. */
#include "adcs.h"

#include "ca_adcs.h"
#include "chain.h"
#include "discover.h"
#include "open.h"

#define own_reply __attribute__((cleanup(adcs_reply_done))) struct adcs_reply

static enum cf_rc
open_ca(const struct cf_ca_settings *settings, const struct cf_ca_env *env, struct cf_ca **ret_ca,
        struct cf_err *err)
{
    struct adcs_ca *ca = NULL;

    CF_TRY(adcs_ca_open(settings, env, &ca, err));
    ca->base.ops = &cf_ca_adcs_ops;
    *ret_ca = &ca->base;
    return CF_OK;
}

static void
close_ca(struct cf_ca *base)
{
    adcs_ca_free((struct adcs_ca *)base);
}

/* The CA makes a new certificate of each submission: what will be needed to believe it is there
 * before. That it is not is told as a CA that is down, so that the next try is no repetition. */
static enum cf_rc
need_known(struct adcs_ca *ca, struct cf_err *err)
{
    cf_own(cf_chain) chain = NULL;
    struct cf_err local = {0};

    if (ca->chain)
        return CF_OK;
    enum cf_rc rc = adcs_known_chain(ca, &chain, &local);
    if (rc == CF_OK)
        return CF_OK;
    if (cf_rc_fault(rc) == CF_FAULT_TRANSIENT && rc != CF_E_STOPPED)
        rc = CF_E_CA_DOWN;
    return cf_fail(err, rc, "%s", local.text);
}

static enum cf_rc
submit(struct cf_ca *base, const struct cf_ca_submission *submission,
       struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    struct adcs_ca *ca = (struct adcs_ca *)base;
    own_reply reply = {0};

    ret_answer->nothing_issued = true;
    CF_TRY(need_known(ca, err));
    enum cf_rc rc = ca->settings->transport == CF_ADCS_RPC
                        ? adcs_rpc_submit(ca, submission, &reply, err)
                        : adcs_ces_submit(ca, submission, &reply, err);
    ret_answer->nothing_issued = reply.nothing_issued;
    CF_TRY(rc);
    return adcs_answer(ca, &reply, false, ret_answer, err);
}

static enum cf_rc
poll_ca(struct cf_ca *base, const char *cookie, struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    struct adcs_ca *ca = (struct adcs_ca *)base;
    own_reply reply = {0};
    uint32_t request_id = 0;

    CF_TRY(adcs_cookie_read(ca->settings, cookie, &request_id, err));
    if (ca->settings->transport == CF_ADCS_RPC)
        CF_TRY(adcs_rpc_poll(ca, request_id, &reply, err));
    else
        CF_TRY(adcs_ces_poll(ca, request_id, &reply, err));
    if (reply.request_id == 0)
        reply.request_id = request_id;
    if (reply.request_id != request_id)
        return cf_fail(err, CF_E_PROTOCOL, "CA %s: asked about request %u, it answered about %u",
                       ca->settings->ca_name, request_id, reply.request_id);
    return adcs_answer(ca, &reply, true, ret_answer, err);
}

static enum cf_rc
chain(struct cf_ca *base, struct cf_buf **ret_chain, struct cf_err *err)
{
    cf_own(cf_chain) known = NULL;

    CF_TRY(adcs_known_chain((struct adcs_ca *)base, &known, err));
    return cf_chain_der(known, ret_chain, err);
}

const struct cf_ca_ops cf_ca_adcs_ops = {
    .name = "adcs",
    .abi = CF_CA_ABI,
    .open = open_ca,
    .close = close_ca,
    .check = adcs_check,
    .submit = submit,
    .poll = poll_ca,
    .revoke = adcs_revoke,
    .chain = chain,
    .complete_template = adcs_complete_template,
    .discover = adcs_discover,
    .validity_remedy = "let the CA take the validity from requests (certutil -setreg "
                       "policy\\EditFlags +EDITF_ATTRIBUTEENDDATE, restart certsvc) or shorten "
                       "that of the template",
};
