/* SPDX-License-Identifier: Apache-2.0 */
/* dcom - activation, calls and release of one object. */
#include "dcom.h"

#include <stdlib.h>

#include "dcom_properties.h"

static const struct cf_rpc_interface ACTIVATOR = {
    .id = CF_COM_GUID(0x1a0),
    .name = "IRemoteSCMActivator",
};
static const struct cf_rpc_interface REM_UNKNOWN = {
    .id = CF_COM_GUID(0x131),
    .name = "IRemUnknown",
};

enum { REMOTE_CREATE_INSTANCE = 4, REM_RELEASE = 5, RELEASE_MAX = 128 };

/* Politeness is not worth more: what was asked for is done by then. */
enum { RELEASE_TIMEOUT_MS = 3000 };

struct cf_dcom_object {
    struct cf_rpc_target target; /* with the exporter's port */
    struct cf_dcom_activation activation;
    struct cf_rpc *rpc;
    bool has_failed; /* nobody may be there (any more): connecting, or a call */
};

static enum cf_rc
activate(const struct cf_rpc_target *target, const struct cf_dcom_class *class,
         struct cf_dcom_activation *ret_activation, struct cf_err *err)
{
    struct cf_rpc_target activator = *target;
    cf_own(cf_rpc) rpc = NULL;
    cf_own(cf_buf) asked = NULL;
    cf_own(cf_buf) answered = NULL;

    activator.port = CF_EPM_PORT;
    CF_TRY(cf_dcom_activation_write(class, &asked, err));
    CF_TRY(cf_rpc_open(&activator, &ACTIVATOR, &rpc, err));
    CF_TRY(cf_rpc_call(rpc, REMOTE_CREATE_INSTANCE, NULL, cf_buf_bytes(asked), &answered, err));
    return cf_dcom_activation_read(cf_buf_bytes(answered), class, ret_activation, err);
}

static enum cf_rc
release(const struct cf_dcom_object *object)
{
    const struct cf_dcom_activation *activation = &object->activation;
    struct cf_rpc_target target = object->target;
    cf_own(cf_rpc) rpc = NULL;
    cf_own(cf_buf) asked = cf_buf_new(RELEASE_MAX);
    cf_own(cf_buf) answered = NULL;

    if (!asked)
        return CF_E_OOM;
    struct cf_writer writer = cf_writer_to(asked);
    cf_dcom_write_this(&writer);
    cf_write_u16(&writer, 1);
    cf_write_align(&writer, 4);
    cf_write_u32(&writer, 1);
    cf_write_guid(&writer, &activation->reference.ipid);
    cf_write_u32(&writer, activation->reference.n_references);
    cf_write_u32(&writer, 0); /* private references */
    CF_TRY(cf_writer_end(&writer, NULL));
    if (target.connect_timeout_ms > RELEASE_TIMEOUT_MS)
        target.connect_timeout_ms = RELEASE_TIMEOUT_MS;
    if (target.timeout_ms > RELEASE_TIMEOUT_MS)
        target.timeout_ms = RELEASE_TIMEOUT_MS;
    CF_TRY(cf_rpc_open(&target, &REM_UNKNOWN, &rpc, NULL));
    return cf_rpc_call(rpc, REM_RELEASE, &activation->rem_unknown, cf_buf_bytes(asked), &answered,
                       NULL);
}

struct cf_dcom_object *
cf_dcom_object_free(struct cf_dcom_object *object)
{
    if (!object)
        return NULL;
    if (object->activation.reference.n_references > 0 && !object->has_failed)
        (void)release(object);
    cf_rpc_free(object->rpc);
    free(object);
    return NULL;
}

enum cf_rc
cf_dcom_open(const struct cf_rpc_target *target, const struct cf_dcom_class *class,
             struct cf_dcom_object **ret_object, struct cf_err *err)
{
    cf_own(cf_dcom_object) object = calloc(1, sizeof *object);

    if (!object)
        return cf_fail_oom(err);
    object->target = *target;
    CF_TRY(activate(target, class, &object->activation, err));
    object->target.port = object->activation.port;
    enum cf_rc rc = cf_rpc_open(&object->target, &class->interface, &object->rpc, err);
    object->has_failed = rc != CF_OK;
    CF_TRY(rc);
    *ret_object = cf_give(object);
    return CF_OK;
}

enum cf_rc
cf_dcom_call(struct cf_dcom_object *object, uint16_t opnum, struct cf_bytes stub,
             struct cf_buf **ret_stub, struct cf_err *err)
{
    enum cf_rc rc =
        cf_rpc_call(object->rpc, opnum, &object->activation.reference.ipid, stub, ret_stub, err);
    object->has_failed = object->has_failed || rc != CF_OK;
    return rc;
}
