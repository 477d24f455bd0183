/* SPDX-License-Identifier: Apache-2.0 */
/* err - filling error objects, and the tables behind their codes. */
#include "certferry/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

/* The functions themselves, without what their callers are told about them. */
#undef cf_fail
#undef cf_fail_errno
#undef cf_fail_oom
#undef cf_err_prefix

/* Longer than any error text, so that the cut is made once and at a character boundary. */
enum { SCRATCH_SIZE = 1024 };

struct rc_info {
    const char *name;
    const char *text;
    enum cf_fault fault;
    enum cf_cloud_code cloud_code;
};

static const struct rc_info RC_INFO[CF_E_MAX_] = {
    [CF_OK] = {"CF_OK", "success", CF_FAULT_BUG, CF_CLOUD_NONE},
#define X(name, fault, cloud, text)                                                                \
    [CF_E_##name] = {"CF_E_" #name, text, CF_FAULT_##fault, CF_CLOUD_##cloud},
    CF_ERR_LIST(X)
#undef X
};

/* A code that is none is our own mistake. */
static const struct rc_info *
info_of(enum cf_rc rc)
{
    if ((unsigned)rc >= CF_E_MAX_)
        rc = CF_E_BUG;
    return &RC_INFO[rc];
}

static enum cf_rc
fill(struct cf_err *err, enum cf_rc rc, long native, const char *text)
{
    if (rc == CF_OK || (unsigned)rc >= CF_E_MAX_)
        rc = CF_E_BUG;
    if (!err)
        return rc;
    err->rc = rc;
    err->fault = cf_rc_fault(rc);
    err->native = native;
    err->retry_after_s = 0;
    cf_text_sanitize(text, strlen(text), err->text, sizeof err->text);
    return rc;
}

enum cf_rc
cf_vfail(struct cf_err *err, enum cf_rc rc, const char *format, va_list args)
{
    /* Formatted beside err: an argument may be err->text itself. */
    char scratch[SCRATCH_SIZE];

    if (vsnprintf(scratch, sizeof scratch, format, args) < 0)
        scratch[0] = '\0';
    return fill(err, rc, 0, scratch);
}

enum cf_rc
cf_fail(struct cf_err *err, enum cf_rc rc, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    rc = cf_vfail(err, rc, format, args);
    va_end(args);
    return rc;
}

static enum cf_rc
rc_of_errno(enum cf_rc rc, int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return CF_E_DISK_FULL;
    case EACCES:
    case EPERM:
        return CF_E_PERMISSION;
    case ENOMEM:
        return CF_E_OOM;
    default:
        return rc;
    }
}

enum cf_rc
cf_fail_errno(struct cf_err *err, enum cf_rc rc, int number, const char *format, ...)
{
    char scratch[SCRATCH_SIZE];
    char unknown[32];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(scratch, sizeof scratch, format, args);
    va_end(args);
    if (len < 0)
        len = 0;
    size_t used = (size_t)len < sizeof scratch ? (size_t)len : sizeof scratch - 1;

    /* Not strerror: its text depends on the locale. */
    const char *reason = strerrordesc_np(number);
    if (!reason) {
        (void)snprintf(unknown, sizeof unknown, "error %d", number);
        reason = unknown;
    }
    (void)snprintf(scratch + used, sizeof scratch - used, ": %s", reason);
    return fill(err, rc_of_errno(rc, number), number, scratch);
}

enum cf_rc
cf_fail_oom(struct cf_err *err)
{
    return fill(err, CF_E_OOM, 0, cf_rc_text(CF_E_OOM));
}

enum cf_rc
cf_err_prefix(struct cf_err *err, const char *format, ...)
{
    char scratch[SCRATCH_SIZE];
    va_list args;

    if (!err)
        return CF_E_BUG;
    va_start(args, format);
    int len = vsnprintf(scratch, sizeof scratch, format, args);
    va_end(args);
    if (len < 0)
        len = 0;
    size_t used = (size_t)len < sizeof scratch ? (size_t)len : sizeof scratch - 1;
    (void)snprintf(scratch + used, sizeof scratch - used, ": %s", err->text);
    cf_text_sanitize(scratch, strlen(scratch), err->text, sizeof err->text);
    return err->rc == CF_OK ? CF_E_BUG : err->rc;
}

const char *
cf_rc_name(enum cf_rc rc)
{
    return info_of(rc)->name;
}

const char *
cf_rc_text(enum cf_rc rc)
{
    return info_of(rc)->text;
}

enum cf_rc
cf_rc_from_name(const char *name)
{
    for (unsigned i = 0; name && i < CF_E_MAX_; i++) {
        if (strcmp(RC_INFO[i].name, name) == 0)
            return (enum cf_rc)i;
    }
    return CF_E_BUG;
}

enum cf_fault
cf_rc_fault(enum cf_rc rc)
{
    return info_of(rc)->fault;
}

const char *
cf_fault_name(enum cf_fault fault)
{
    switch (fault) {
    case CF_FAULT_TRANSIENT:
        return "transient";
    case CF_FAULT_REQUEST:
        return "request";
    case CF_FAULT_CONFIG:
        return "config";
    case CF_FAULT_BUG:
        break;
    }
    return "bug";
}

enum cf_cloud_code
cf_rc_cloud_code(enum cf_rc rc)
{
    return info_of(rc)->cloud_code;
}

const char *
cf_cloud_code_name(enum cf_cloud_code code)
{
    switch (code) {
#define X(name, number, text)                                                                      \
    case CF_CLOUD_##name:                                                                          \
        return text;
        CF_CLOUD_CODE_LIST(X)
#undef X
    }
    return cf_cloud_code_name(CF_CLOUD_NON_RETRYABLE);
}

bool
cf_cloud_code_is_retryable(enum cf_cloud_code code)
{
    return code >= CF_CLOUD_RETRYABLE;
}
