/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err - what went wrong, and what is to be done about it.
 *
 * `rc` says what failed, `fault` says who has to act: it is the only thing the scheduler looks
 * at. The text is for the administrator: it names the thing, its fault and the remedy, and never
 * holds a secret. An error object is filled, never allocated; every function takes NULL for it.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#include "certferry/own.h"

enum cf_fault {
    CF_FAULT_BUG,       /* our mistake: logged as an error, the request fails safe */
    CF_FAULT_TRANSIENT, /* the same thing may work later: back-off and try again */
    CF_FAULT_REQUEST,   /* this request can never work: reported to the cloud as failed */
    CF_FAULT_CONFIG     /* the administrator has to act: parked and retried slowly */
};

/*
 * name, default fault, error name reported to the cloud, short text.
 * The cloud's names are those of the published revocation codes (see cf_cloud_code).
 */
#define CF_ERR_LIST(X)                                                                             \
    X(BUG, BUG, NON_RETRYABLE, "internal error")                                                   \
    X(OOM, TRANSIENT, RETRYABLE, "out of memory")                                                  \
    X(STOPPED, TRANSIENT, RETRYABLE, "the service is stopping")                                    \
    X(SYNTAX, REQUEST, PARAMETER_INVALID, "text cannot be parsed")                                 \
    X(FIELD, REQUEST, PARAMETER_INVALID, "field missing or of the wrong type")                     \
    X(RANGE, REQUEST, PARAMETER_INVALID, "value out of range")                                     \
    X(FACT, REQUEST, PARAMETER_INVALID, "variable without a value")                                \
    X(ENCODING, REQUEST, DATA_SERIALIZATION, "bytes cannot be decoded")                            \
    X(LIMIT, REQUEST, PAYLOAD_TOO_LARGE, "too large")                                              \
    X(UNSUPPORTED, REQUEST, NOT_SUPPORTED, "not supported")                                        \
    X(POLICY, REQUEST, PARAMETER_INVALID, "not allowed by this connector's policy")                \
    X(RECIPIENT, REQUEST, CRYPTOGRAPHY, "recipient certificate not trusted")                       \
    X(CRYPTO, REQUEST, CRYPTOGRAPHY, "cryptographic operation failed")                             \
    X(MISMATCH, REQUEST, CRYPTOGRAPHY, "issued certificate differs from what was asked")           \
    X(NOT_FOUND, REQUEST, CERTIFICATE_NOT_FOUND, "not found")                                      \
    X(CONFLICT, REQUEST, CONFLICT, "conflicts with what was done before")                          \
    X(CANCELLED, REQUEST, NON_RETRYABLE, "cancelled by the operator")                              \
    X(REJECTED, REQUEST, NON_RETRYABLE, "refused by the certification authority")                  \
    X(CA_DOWN, TRANSIENT, SERVICE_UNAVAILABLE, "certification authority not reachable")            \
    X(CA_BUSY, TRANSIENT, SERVICE_BUSY, "as many calls to the certification authority as allowed") \
    X(CA_CONFIG, CONFIG, SERVICE_UNAVAILABLE, "certification authority not usable as configured")  \
    X(NET, TRANSIENT, SERVICE_UNAVAILABLE, "network failure")                                      \
    X(TLS, CONFIG, SERVICE_UNAVAILABLE, "TLS failure")                                             \
    X(TIMEOUT, TRANSIENT, SERVICE_UNAVAILABLE, "deadline passed")                                  \
    X(HTTP, TRANSIENT, SERVICE_UNAVAILABLE, "HTTP error answer")                                   \
    X(THROTTLED, TRANSIENT, SERVICE_BUSY, "asked to slow down")                                    \
    X(AUTH, CONFIG, AUTHENTICATION, "authentication refused")                                      \
    X(PROTOCOL, TRANSIENT, SERVICE_UNAVAILABLE, "answer violates the protocol")                    \
    X(IO, TRANSIENT, RETRYABLE, "input or output failed")                                          \
    X(DISK_FULL, TRANSIENT, RETRYABLE, "no space left on device")                                  \
    X(PERMISSION, CONFIG, RETRYABLE, "permission refused or too wide")                             \
    X(STORE, TRANSIENT, RETRYABLE, "store failure")                                                \
    X(STORE_BUSY, TRANSIENT, RETRYABLE, "store is locked")                                         \
    X(STORE_CORRUPT, CONFIG, RETRYABLE, "store is damaged")                                        \
    X(LEASE, TRANSIENT, RETRYABLE, "lease is held by another worker")                              \
    X(CONFIG, CONFIG, NON_RETRYABLE, "configuration")                                              \
    X(DIRECTORY_DOWN, TRANSIENT, SERVICE_UNAVAILABLE, "directory not reachable")                   \
    X(RATE, REQUEST, SERVICE_BUSY, "more requests than this connector's policy allows")            \
    X(CHALLENGE, REQUEST, PARAMETER_INVALID, "challenge not accepted")

enum cf_rc {
    CF_OK = 0,
#define X(name, fault, cloud, text) CF_E_##name,
    CF_ERR_LIST(X)
#undef X
        CF_E_MAX_
};

/* The published result codes of the management service: number and name on the wire. */
#define CF_CLOUD_CODE_LIST(X)                                                                      \
    X(NONE, 0, "None")                                                                             \
    X(NON_RETRYABLE, 4000, "NonRetryableServiceException")                                         \
    X(DATA_SERIALIZATION, 4001, "DataSerializationError")                                          \
    X(PARAMETER_INVALID, 4002, "ParameterDataInvalidError")                                        \
    X(CRYPTOGRAPHY, 4003, "CryptographyError")                                                     \
    X(CERTIFICATE_NOT_FOUND, 4004, "CertificateNotFoundError")                                     \
    X(CONFLICT, 4005, "ConflictError")                                                             \
    X(NOT_SUPPORTED, 4006, "NotSupportedError")                                                    \
    X(PAYLOAD_TOO_LARGE, 4007, "PayloadTooLargeError")                                             \
    X(RETRYABLE, 4100, "RetryableServiceException")                                                \
    X(SERVICE_UNAVAILABLE, 4101, "ServiceUnavailableException")                                    \
    X(SERVICE_BUSY, 4102, "ServiceTooBusyException")                                               \
    X(AUTHENTICATION, 4103, "AuthenticationException")

enum cf_cloud_code {
#define X(name, number, text) CF_CLOUD_##name = (number),
    CF_CLOUD_CODE_LIST(X)
#undef X
};

enum { CF_ERR_TEXT_MAX = 255 };

struct cf_err {
    enum cf_rc rc;
    enum cf_fault fault;
    long native;        /* HTTP status, errno, HRESULT, SQLite code; 0 when there is none */
    long retry_after_s; /* what the peer asked for; 0 when it did not */
    char text[CF_ERR_TEXT_MAX + 1]; /* UTF-8, cut at a character boundary */
};

/* Fills err (may be NULL) with rc, its default fault and the text; returns rc. */
enum cf_rc cf_fail(struct cf_err *err, enum cf_rc rc, const char *format, ...) CF_PRINTF(3, 4);
enum cf_rc cf_vfail(struct cf_err *err, enum cf_rc rc, const char *format, va_list args)
    CF_PRINTF(3, 0);

/* As cf_fail with errno's text appended; ENOSPC, EACCES, ENOMEM choose their own rc over `rc`. */
enum cf_rc cf_fail_errno(struct cf_err *err, enum cf_rc rc, int number, const char *format, ...)
    CF_PRINTF(4, 5);
enum cf_rc cf_fail_oom(struct cf_err *err);

/* Puts "PREFIX: " before the text that is there; returns err->rc (CF_E_BUG for NULL). */
enum cf_rc cf_err_prefix(struct cf_err *err, const char *format, ...) CF_PRINTF(2, 3);

const char *cf_rc_name(enum cf_rc rc);        /* "CF_E_NET"; "CF_OK" */
const char *cf_rc_text(enum cf_rc rc);        /* "network failure" */
enum cf_rc cf_rc_from_name(const char *name); /* CF_E_BUG for an unknown name */
enum cf_fault cf_rc_fault(enum cf_rc rc);
const char *cf_fault_name(enum cf_fault fault); /* "bug", "transient", "request", "config" */
enum cf_cloud_code cf_rc_cloud_code(enum cf_rc rc);
const char *cf_cloud_code_name(enum cf_cloud_code code); /* "CertificateNotFoundError" */
bool cf_cloud_code_is_retryable(enum cf_cloud_code code);

/* None of the four ever returns CF_OK; said to the compilers, whose analysis sees one file. */
static inline enum cf_rc
cf_never_ok_(enum cf_rc rc)
{
    if (rc == CF_OK)
        __builtin_unreachable();
    return rc;
}

#define cf_fail(...) cf_never_ok_(cf_fail(__VA_ARGS__))
#define cf_fail_errno(...) cf_never_ok_(cf_fail_errno(__VA_ARGS__))
#define cf_fail_oom(err) cf_never_ok_(cf_fail_oom(err))
#define cf_err_prefix(...) cf_never_ok_(cf_err_prefix(__VA_ARGS__))

#define CF_TRY(expr)                                                                               \
    do {                                                                                           \
        enum cf_rc try_rc_ = (expr);                                                               \
        if (try_rc_ != CF_OK)                                                                      \
            return try_rc_;                                                                        \
    } while (0)
