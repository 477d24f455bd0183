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

static enum cf_rc
set_binding(struct cf_gss *gss, struct cf_bytes binding, struct cf_err *err)
{
    if (binding.len > BINDING_MAX)
        return cf_fail(err, CF_E_BUG, "channel binding of %zu bytes", binding.len);
    if (binding.len > 0) {
        gss->binding = cf_buf_copy(binding);
        if (!gss->binding)
            return cf_fail_oom(err);
    }
    return CF_OK;
}

static struct cf_gss *
new_gss(const struct cf_kerberos *kerberos, enum cf_gss_mech mech,
        const struct cf_patience *patience)
{
    struct cf_gss *gss = calloc(1, sizeof *gss);

    if (gss) {
        gss->n_refs = 1;
        gss->tickets = cf_tickets_ref(kerberos->tickets);
        gss->patience = *patience;
        gss->mech = mech;
        gss->needed = GSS_C_MUTUAL_FLAG;
    }
    return gss;
}

/* From here on it is only shown: "host/NAME", as setspn and klist write it. */
static void
show_as_principal(struct cf_gss *gss)
{
    char *at = strchr(gss->service, '@');

    if (at)
        *at = '/';
}

enum cf_rc
cf_gss_new(const struct cf_gss_options *options, struct cf_gss **ret_gss, struct cf_err *err)
{
    const struct cf_patience patience = {.timeout_ms = options->timeout_ms,
                                         .stop_flag = options->stop_flag};
    cf_own(cf_gss) gss = new_gss(options->kerberos, options->mech, &patience);

    if (!gss)
        return cf_fail_oom(err);
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
    CF_TRY(set_binding(gss, options->channel_binding, err));
    CF_TRY(cf_kerberos_import_target(gss->service, &gss->target, err));
    show_as_principal(gss);
    *ret_gss = cf_give(gss);
    return CF_OK;
}

struct cf_gss *
cf_gss_ref(struct cf_gss *gss)
{
    (void)__atomic_add_fetch(&gss->n_refs, 1, __ATOMIC_RELAXED);
    return gss;
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

    if (!gss || __atomic_sub_fetch(&gss->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
        return NULL;
    drop_context(gss);
    (void)gss_release_buffer(&minor, &gss->first_leg.answer);
    if (gss->target != GSS_C_NO_NAME)
        (void)gss_release_name(&minor, &gss->target);
    cf_tickets_unref(gss->tickets);
    cf_buf_free(gss->binding);
    free(gss->service);
    free(gss);
    return NULL;
}

static enum cf_rc
make_leg(struct cf_gss *gss, struct cf_bytes token, struct cf_leg *ret_leg, struct cf_err *err)
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
        token.len > 0 ? &input : GSS_C_NO_BUFFER, NULL, &ret_leg->answer, &ret_leg->granted, NULL);
    if (GSS_ERROR(ret_leg->major))
        return cf_kerberos_explain(gss->service, cf_kerberos_oid(gss->mech), ret_leg->major, minor,
                                   &ret_leg->cure, err);
    return CF_OK;
}

static enum cf_rc
try_first_leg(struct cf_gss *gss, struct cf_err *err)
{
    struct cf_bytes none = {0};

    CF_TRY(
        cf_tickets_acquire(gss->tickets, gss->mech, &gss->credential, &gss->first_leg.cure, err));
    return gss->service ? make_leg(gss, none, &gss->first_leg, err) : CF_OK;
}

/*
 * The first leg is where the ticket is got, or taken from the cache. One that has run out, or
 * belongs to a key that has been changed, is got anew once.
 */
static enum cf_rc
make_first_leg(struct cf_gss *gss, struct cf_err *err)
{
    OM_uint32 minor;

    enum cf_rc rc = try_first_leg(gss, err);
    if (rc == CF_OK || gss->first_leg.cure == CF_KERBEROS_NO_CURE)
        return rc;
    drop_context(gss);
    (void)gss_release_buffer(&minor, &gss->first_leg.answer);
    if (gss->first_leg.cure == CF_KERBEROS_FORGET)
        cf_tickets_forget(gss->tickets);
    gss->first_leg = (struct cf_leg){0};
    return try_first_leg(gss, err);
}

/* Named as libraries name it, which may ask the resolver. */
static enum cf_rc
get_ticket(struct cf_gss *gss, struct cf_err *err)
{
    gss_buffer_desc text = {0};
    OM_uint32 minor = 0;

    if (gss->service) {
        text = (gss_buffer_desc){.length = strlen(gss->service), .value = gss->service};
        OM_uint32 major = gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &gss->target);
        if (GSS_ERROR(major))
            return cf_kerberos_explain(gss->service, GSS_C_NO_OID, major, minor, NULL, err);
        show_as_principal(gss);
    }
    return make_first_leg(gss, err);
}

enum cf_rc
cf_kerberos_acquire(const struct cf_kerberos *kerberos, const char *service, void **ret_credential,
                    struct cf_err *err)
{
    cf_own(cf_gss) gss = new_gss(kerberos, CF_GSS_KERBEROS, &kerberos->patience);

    if (!gss)
        return cf_fail_oom(err);
    gss->wanted = gss->needed;
    if (service) {
        gss->service = strdup(service);
        if (!gss->service)
            return cf_fail_oom(err);
    }
    CF_TRY(cf_tickets_ask(gss->tickets, &gss->patience, gss, get_ticket, err));
    *ret_credential = gss->credential;
    gss->credential = GSS_C_NO_CREDENTIAL;
    return CF_OK;
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

/* Only the first leg asks for tickets: the others are between the peer and us. */
static enum cf_rc
make_later_leg(struct cf_gss *gss, struct cf_bytes token, struct cf_leg *ret_leg,
               struct cf_err *err)
{
    enum cf_rc rc = make_leg(gss, token, ret_leg, err);

    /* A ticket that was refused must not be offered again. */
    if (rc != CF_OK && ret_leg->cure == CF_KERBEROS_FORGET)
        cf_tickets_forget(gss->tickets);
    return rc;
}

/* The first answer stays in gss, which somebody else may have a share in. */
static enum cf_rc
finish(const struct cf_gss *gss, const struct cf_leg *leg, struct cf_buf **ret_token,
       bool *ret_is_complete, struct cf_err *err)
{
    bool is_complete = (leg->major & GSS_S_CONTINUE_NEEDED) == 0;

    if (is_complete)
        CF_TRY(check_granted(gss, leg->granted, err));
    struct cf_buf *token = cf_buf_copy(cf_bytes_of(leg->answer.value, leg->answer.length));
    if (!token)
        return cf_fail_oom(err);
    *ret_token = token;
    *ret_is_complete = is_complete;
    return CF_OK;
}

static enum cf_rc
step(struct cf_gss *gss, struct cf_bytes token, struct cf_buf **ret_token, bool *ret_is_complete,
     struct cf_err *err)
{
    bool is_first = gss->context == GSS_C_NO_CONTEXT;
    struct cf_leg leg = {0};
    OM_uint32 minor;

    if (token.len > TOKEN_MAX)
        return cf_fail(err, CF_E_PROTOCOL, "Kerberos: %s: token of %zu bytes", gss->service,
                       token.len);
    if (is_first != (token.len == 0))
        return cf_fail(err, CF_E_PROTOCOL, "Kerberos: %s: %s", gss->service,
                       is_first ? "a token before ours" : "the peer sent no token");
    if (is_first) {
        CF_TRY(cf_tickets_ask(gss->tickets, &gss->patience, gss, make_first_leg, err));
        return finish(gss, &gss->first_leg, ret_token, ret_is_complete, err);
    }
    enum cf_rc rc = make_later_leg(gss, token, &leg, err);
    if (rc == CF_OK)
        rc = finish(gss, &leg, ret_token, ret_is_complete, err);
    (void)gss_release_buffer(&minor, &leg.answer);
    return rc;
}

enum cf_rc
cf_gss_step(struct cf_gss *gss, struct cf_bytes token, struct cf_buf **ret_token,
            bool *ret_is_complete, struct cf_err *err)
{
    if (gss->is_complete || gss->is_lost)
        return cf_fail(err, CF_E_BUG, "Kerberos: %s: a step after the last", gss->service);
    enum cf_rc rc = step(gss, token, ret_token, ret_is_complete, err);
    gss->is_lost = rc != CF_OK;
    gss->is_complete = rc == CF_OK && *ret_is_complete;
    return rc;
}
