/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hresult - why there is no certificate, in the numbers that the management service shows.
 *
 * A CA of Microsoft's says its own number; everything else is told by the nearest one that
 * administrators can look up. docs/protocol/scep-validation.md has the same table.
 */
#include "wire.h"

static const uint32_t E_FAIL_ = 0x80004005;

static const uint32_t NUMBER[CF_E_MAX_] = {
    [CF_E_BUG] = 0x8000ffff,            /* E_UNEXPECTED */
    [CF_E_OOM] = 0x8007000e,            /* E_OUTOFMEMORY */
    [CF_E_STOPPED] = 0x80004004,        /* E_ABORT */
    [CF_E_SYNTAX] = 0x80070057,         /* E_INVALIDARG */
    [CF_E_FIELD] = 0x80070057,          /* E_INVALIDARG */
    [CF_E_RANGE] = 0x80070057,          /* E_INVALIDARG */
    [CF_E_FACT] = 0x80094001,           /* CERTSRV_E_BAD_REQUESTSUBJECT */
    [CF_E_ENCODING] = 0x8007000d,       /* ERROR_INVALID_DATA */
    [CF_E_LIMIT] = 0x80070057,          /* E_INVALIDARG */
    [CF_E_UNSUPPORTED] = 0x80094800,    /* CERTSRV_E_UNSUPPORTED_CERT_TYPE */
    [CF_E_POLICY] = 0x80094012,         /* CERTSRV_E_TEMPLATE_DENIED */
    [CF_E_CRYPTO] = 0x80090020,         /* NTE_FAIL */
    [CF_E_NOT_FOUND] = 0x80070490,      /* ERROR_NOT_FOUND */
    [CF_E_CONFLICT] = 0x800700b7,       /* ERROR_ALREADY_EXISTS */
    [CF_E_CANCELLED] = 0x800704c7,      /* ERROR_CANCELLED */
    [CF_E_REJECTED] = 0x80094011,       /* CERTSRV_E_ENROLL_DENIED */
    [CF_E_CA_DOWN] = 0x800706ba,        /* RPC_S_SERVER_UNAVAILABLE */
    [CF_E_CA_BUSY] = 0x800706bb,        /* RPC_S_SERVER_TOO_BUSY */
    [CF_E_CA_CONFIG] = 0x8007064a,      /* ERROR_BAD_CONFIGURATION */
    [CF_E_NET] = 0x800706ba,            /* RPC_S_SERVER_UNAVAILABLE */
    [CF_E_TLS] = 0x80072f8f,            /* ERROR_INTERNET_DECODING_FAILED: TLS */
    [CF_E_TIMEOUT] = 0x800705b4,        /* ERROR_TIMEOUT */
    [CF_E_HTTP] = 0x800706ba,           /* RPC_S_SERVER_UNAVAILABLE */
    [CF_E_THROTTLED] = 0x800706bb,      /* RPC_S_SERVER_TOO_BUSY */
    [CF_E_AUTH] = 0x80070005,           /* E_ACCESSDENIED */
    [CF_E_PROTOCOL] = 0x8007000d,       /* ERROR_INVALID_DATA */
    [CF_E_IO] = 0x8007045d,             /* ERROR_IO_DEVICE */
    [CF_E_DISK_FULL] = 0x80070070,      /* ERROR_DISK_FULL */
    [CF_E_PERMISSION] = 0x80070005,     /* E_ACCESSDENIED */
    [CF_E_CONFIG] = 0x8007064a,         /* ERROR_BAD_CONFIGURATION */
    [CF_E_DIRECTORY_DOWN] = 0x800706ba, /* RPC_S_SERVER_UNAVAILABLE */
    [CF_E_RATE] = 0x800706bb,           /* RPC_S_SERVER_TOO_BUSY */
};

/* A number that says of itself that it is a failure; callers keep it with and without its sign. */
static bool
is_hresult(long native)
{
    return (native >= INT32_MIN && native < -0xffff) ||
           (native >= 0x80000000L && native <= 0xffffffffL);
}

int32_t
cf_wire_hresult(const struct cf_err *failure)
{
    uint32_t number = 0;

    if (is_hresult(failure->native))
        number = (uint32_t)failure->native;
    else if (failure->rc > CF_OK && failure->rc < CF_E_MAX_)
        number = NUMBER[failure->rc];
    return (int32_t)(number != 0 ? number : E_FAIL_);
}
