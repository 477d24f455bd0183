/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcom - an object of the server's, by name of its class: as much of MS-DCOM as it takes to make
 * one, call it and let it go.
 *
 * Of where the object is, the peer is believed the port only: every connection goes to the host
 * that was configured, with a context for that host's own account.
 */
#pragma once

#include "rpc.h"

enum {
    CF_DCOM_BLOB_MAX = 64 * 1024,   /* of activation properties */
    CF_DCOM_PROPERTIES_MAX = 16,    /* in them */
    CF_DCOM_EXTENSIONS_MAX = 16,    /* of ORPCTHAT */
    CF_DCOM_REFERENCES_MAX = 0xffff /* that an activation hands out */
};

struct cf_dcom_class {
    struct cf_guid id;
    struct cf_rpc_interface interface;
};

/* dcom_call.c: ORPCTHIS without extensions, with a causality id of its own; ORPCTHAT, whose
 * extensions are skipped (MS-DCOM 2.2.13). */
void cf_dcom_write_this(struct cf_writer *writer);
void cf_dcom_read_that(struct cf_reader *reader);

/* dcom_objref.c: OBJREF_STANDARD (MS-DCOM 2.2.18.4) and the bindings of 2.2.19. Pure functions. */
struct cf_dcom_reference {
    struct cf_guid ipid;
    uint32_t n_references; /* given to us */
};
/* A reference to another interface, and one of another form, fail the reader. */
struct cf_dcom_reference cf_dcom_read_objref(struct cf_reader *reader,
                                             const struct cf_guid *interface);
/* The port of the first TCP binding (DUALSTRINGARRAY with its NDR count); fails the reader when
 * there is none, or when a TCP binding has no port, or one that cannot be an exporter's. */
uint16_t cf_dcom_read_bindings(struct cf_reader *reader);

/* dcom_activation.c, dcom_activated.c: IRemoteSCMActivator::RemoteCreateInstance
 * (MS-DCOM 3.1.2.5.2.3.3), the whole stub both ways. Pure functions but for the causality id. */
CF_MUST_USE enum cf_rc cf_dcom_activation_write(const struct cf_dcom_class *class,
                                                struct cf_buf **ret_stub, struct cf_err *err);
struct cf_dcom_activation {
    struct cf_dcom_reference reference;
    struct cf_guid rem_unknown; /* IPID of the exporter's IRemUnknown */
    uint16_t port;
};
/* An HRESULT becomes what cf_hresult_fail makes of it; CF_E_PROTOCOL. */
CF_MUST_USE enum cf_rc cf_dcom_activation_read(struct cf_bytes stub,
                                               const struct cf_dcom_class *class,
                                               struct cf_dcom_activation *ret_activation,
                                               struct cf_err *err);

/* dcom.c: a live object; one thread at a time. */
struct cf_dcom_object;
/* `target`: its port is not used; its texts and `class` outlive the object. Errors as
 * cf_rpc_open's, and those of the activation: nothing has been changed at the server then. */
CF_MUST_USE enum cf_rc cf_dcom_open(const struct cf_rpc_target *target,
                                    const struct cf_dcom_class *class,
                                    struct cf_dcom_object **ret_object, struct cf_err *err);
/* RemRelease, which may fail: the server then drops the object after minutes without a ping. */
struct cf_dcom_object *cf_dcom_object_free(struct cf_dcom_object *object);
CF_DEFINE_OWN(cf_dcom_object);
/* `stub` begins with cf_dcom_write_this, *ret_stub with what cf_dcom_read_that reads. Errors as
 * cf_rpc_call's. */
CF_MUST_USE enum cf_rc cf_dcom_call(struct cf_dcom_object *object, uint16_t opnum,
                                    struct cf_bytes stub, struct cf_buf **ret_stub,
                                    struct cf_err *err);
