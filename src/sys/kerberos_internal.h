/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kerberos_internal - what the files of Kerberos share: credentials, targets, contexts, what
 * failures mean.
 */
#pragma once

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include "certferry/kerberos.h"

/* A credential for contexts of mech, which may only ever be Kerberos' underneath. Release it with
 * cf_kerberos_release. Errors as of cf_kerberos_acquire. */
CF_MUST_USE enum cf_rc cf_kerberos_acquire_for(const struct cf_kerberos *kerberos,
                                               enum cf_gss_mech mech, gss_cred_id_t *ret_credential,
                                               struct cf_err *err);
gss_OID cf_kerberos_oid(enum cf_gss_mech mech);

/* The name of "host@ca1.corp.example", which no name server has a part in. CF_E_CONFIG: krb5.conf;
 * CF_E_AUTH. */
CF_MUST_USE enum cf_rc cf_kerberos_import_target(const char *service, gss_name_t *ret_target,
                                                 struct cf_err *err);

/* What to do with the tickets after a failure before anybody tries again. */
enum cf_kerberos_cure {
    CF_KERBEROS_NO_CURE,
    CF_KERBEROS_ACQUIRE, /* the cache was being filled anew by another thread */
    CF_KERBEROS_FORGET   /* a ticket is of no more use */
};

/* explain: who is the principal or the service it was about; mech that of the failing call. The
 * library keeps its texts by thread: call it right after the failure. */
enum cf_rc cf_kerberos_explain(const char *who, gss_OID mech, OM_uint32 major, OM_uint32 minor,
                               enum cf_kerberos_cure *ret_cure, struct cf_err *err);

struct cf_gss {
    const struct cf_kerberos *kerberos;
    char *service;
    enum cf_gss_mech mech;
    OM_uint32 wanted; /* flags of the request, */
    OM_uint32 needed; /* and those without which the context is not taken */
    gss_name_t target;
    gss_cred_id_t credential;
    gss_ctx_id_t context;
    struct cf_buf *binding; /* NULL: none */
    bool is_complete;
    bool is_lost; /* a step failed */
};
