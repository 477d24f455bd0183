/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kerberos_internal.h"

enum { TOKEN_MAX = 64 * 1024, BINDING_MAX = 4096 };

static void *
untyped(const uint8_t *data)
{
    void *same;

    /* The library's buffers are not const, also where it only reads. */
    memcpy(&same, &data, sizeof same);
    return same;
}

enum cf_rc
cf_gss_new(const struct cf_gss_options *options, struct cf_gss **ret_gss, struct cf_err *err)
{
    cf_own(cf_gss) gss = calloc(1, sizeof *gss);

    if (!gss)
        return cf_fail_oom(err);
    gss->kerberos = options->kerberos;
    gss->mech = options->mech;
    gss->needed = GSS_C_MUTUAL_FLAG;
    if (options->wants_privacy)
        gss->needed |= GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG;
    if (options->is_dce_style)
        gss->needed |= GSS_C_DCE_STYLE;
    if (options->delegates)
        gss->needed |= GSS_C_DELEG_FLAG;
    gss->wanted =
        gss->needed | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG;
    gss->service = strdup(options->service);
    if (!gss->service)
        return cf_fail_oom(err);
    if (options->channel_binding.len > BINDING_MAX)
        return cf_fail(err, CF_E_BUG, "channel binding of %zu bytes", options->channel_binding.len);
    if (options->channel_binding.len > 0) {
        gss->binding = cf_buf_copy(options->channel_binding);
        if (!gss->binding)
            return cf_fail_oom(err);
    }
    CF_TRY(cf_kerberos_import_target(gss->service, &gss->target, err));
    *ret_gss = cf_give(gss);
    return CF_OK;
}

static void
drop_context(struct cf_gss *gss)
{
    OM_uint32 minor;

    if (gss->context != GSS_C_NO_CONTEXT)
        (void)gss_delete_sec_context(&minor, &gss->context, GSS_C_NO_BUFFER);
    cf_kerberos_release(gss->credential);
    gss->credential = GSS_C_NO_CREDENTIAL;
}

struct cf_gss *
cf_gss_free(struct cf_gss *gss)
{
    OM_uint32 minor;

    if (!gss)
        return NULL;
    drop_context(gss);
    if (gss->target != GSS_C_NO_NAME)
        (void)gss_release_name(&minor, &gss->target);
    cf_buf_free(gss->binding);
    free(gss->service);
    free(gss);
    return NULL;
}

struct leg {
    OM_uint32 major;
    OM_uint32 granted;
    enum cf_kerberos_cure cure;
};

static enum cf_rc
make_leg(struct cf_gss *gss, struct cf_bytes token, gss_buffer_t ret_answer, struct leg *ret_leg,
         struct cf_err *err)
{
    gss_buffer_desc input = {.length = token.len, .value = untyped(token.data)};
    struct gss_channel_bindings_struct binding = {0};
    OM_uint32 minor = 0;

    if (gss->binding) {
        struct cf_bytes data = cf_buf_bytes(gss->binding);
        binding.application_data.length = data.len;
        binding.application_data.value = untyped(data.data);
    }
    ret_leg->major = gss_init_sec_context(
        &minor, gss->credential, &gss->context, gss->target, cf_kerberos_oid(gss->mech),
        gss->wanted, 0, gss->binding ? &binding : GSS_C_NO_CHANNEL_BINDINGS,
        token.len > 0 ? &input : GSS_C_NO_BUFFER, NULL, ret_answer, &ret_leg->granted, NULL);
    if (GSS_ERROR(ret_leg->major))
        return cf_kerberos_explain(gss->service, cf_kerberos_oid(gss->mech), ret_leg->major, minor,
                                   &ret_leg->cure, err);
    return CF_OK;
}

/*
 * The first leg is where the ticket is got, or taken from the cache. One that has run out, or
 * belongs to a key that has been changed, is got anew once.
 */
static enum cf_rc
make_first_leg(struct cf_gss *gss, gss_buffer_t ret_answer, struct leg *ret_leg, struct cf_err *err)
{
    struct cf_bytes none = {0};

    CF_TRY(cf_kerberos_acquire_for(gss->kerberos, gss->mech, &gss->credential, err));
    enum cf_rc rc = make_leg(gss, none, ret_answer, ret_leg, err);
    if (rc == CF_OK || ret_leg->cure == CF_KERBEROS_NO_CURE)
        return rc;
    drop_context(gss);
    if (ret_leg->cure == CF_KERBEROS_FORGET)
        cf_kerberos_forget(gss->kerberos);
    CF_TRY(cf_kerberos_acquire_for(gss->kerberos, gss->mech, &gss->credential, err));
    return make_leg(gss, none, ret_answer, ret_leg, err);
}

static enum cf_rc
check_granted(const struct cf_gss *gss, OM_uint32 granted, struct cf_err *err)
{
    OM_uint32 missing = gss->needed & ~granted;

    if (missing & GSS_C_MUTUAL_FLAG)
        return cf_fail(err, CF_E_AUTH, "Kerberos: %s: the server has not proved who it is",
                       gss->service);
    if (missing & GSS_C_DELEG_FLAG)
        return cf_fail(err, CF_E_AUTH,
                       "Kerberos: %s: no ticket to hand over; set forwardable = true in krb5.conf, "
                       "and let the account be delegated",
                       gss->service);
    if (missing != 0)
        return cf_fail(err, CF_E_AUTH,
                       "Kerberos: %s: the server does not seal messages (flags 0x%x missing); see "
                       "its encryption settings",
                       gss->service, (unsigned)missing);
    return CF_OK;
}

static enum cf_rc
step(struct cf_gss *gss, struct cf_bytes token, gss_buffer_t ret_answer, bool *ret_is_complete,
     struct cf_err *err)
{
    struct leg leg = {0};
    bool is_first = gss->context == GSS_C_NO_CONTEXT;

    if (token.len > TOKEN_MAX)
        return cf_fail(err, CF_E_PROTOCOL, "Kerberos: %s: token of %zu bytes", gss->service,
                       token.len);
    if (is_first != (token.len == 0))
        return cf_fail(err, CF_E_PROTOCOL, "Kerberos: %s: %s", gss->service,
                       is_first ? "a token before ours" : "the peer sent no token");
    if (is_first) {
        CF_TRY(make_first_leg(gss, ret_answer, &leg, err));
    } else {
        enum cf_rc rc = make_leg(gss, token, ret_answer, &leg, err);
        /* A ticket that was refused must not be offered again. */
        if (rc != CF_OK && leg.cure == CF_KERBEROS_FORGET)
            cf_kerberos_forget(gss->kerberos);
        CF_TRY(rc);
    }
    *ret_is_complete = (leg.major & GSS_S_CONTINUE_NEEDED) == 0;
    return *ret_is_complete ? check_granted(gss, leg.granted, err) : CF_OK;
}

enum cf_rc
cf_gss_step(struct cf_gss *gss, struct cf_bytes token, struct cf_buf **ret_token,
            bool *ret_is_complete, struct cf_err *err)
{
    gss_buffer_desc answer = GSS_C_EMPTY_BUFFER;
    struct cf_buf *copy = NULL;
    bool is_complete = false;
    OM_uint32 minor;

    if (gss->is_complete || gss->is_lost)
        return cf_fail(err, CF_E_BUG, "Kerberos: %s: a step after the last", gss->service);
    enum cf_rc rc = step(gss, token, &answer, &is_complete, err);
    if (rc == CF_OK) {
        copy = cf_buf_copy(cf_bytes_of(answer.value, answer.length));
        rc = copy ? CF_OK : cf_fail_oom(err);
    }
    (void)gss_release_buffer(&minor, &answer);
    if (rc != CF_OK) {
        gss->is_lost = true;
        return rc;
    }
    gss->is_complete = is_complete;
    *ret_token = copy;
    *ret_is_complete = is_complete;
    return CF_OK;
}
