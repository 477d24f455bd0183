/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status - what the numbers of Windows mean for a request, and what to do about them: HRESULTs of
 * certificate services (MS-ERREF, MS-WCCE 2.2.2.5, MS-CSRA 2.3) and RPC statuses (MS-RPCE, C706
 * appendix N).
 */
#pragma once

#include <stdint.h>

#include "certferry/err.h"

enum cf_status_class {
    CF_STATUS_TRANSIENT, /* the same request may work later */
    CF_STATUS_CONFIG,    /* the administrator has to act: the CA is parked */
    CF_STATUS_REQUEST    /* this request can never work */
};

struct cf_status_info {
    uint32_t code;
    enum cf_status_class class;
    const char *name;    /* "CERTSRV_E_TEMPLATE_DENIED" */
    const char *meaning; /* a clause: "the account may not enroll by this template" */
    const char *remedy;  /* what to do and who can; an imperative clause */
};

/* Copies text as cf_text_sanitize does; what does not fit ends after a word, with an ellipsis. At
 * least 8 bytes. */
void cf_words_cut(const char *text, char *ret, size_t size);

/* NULL for a number that is not known here. 0x8007xxxx and the bare Win32 number are the same. */
const struct cf_status_info *cf_status_find(uint32_t code);
/* Bounds of the table, in the order of the codes: for docs/adcs.md and the test that it is there.
 */
extern const struct cf_status_info cf_status_table[];
extern const size_t cf_n_statuses;

/*
 * Turns a number into an error whose text names it, what it means, the CA's own message (may be
 * NULL or empty; already printable) and the remedy; native is the number. Rc by its class:
 * CF_E_CA_DOWN never (the call has been made) but CF_E_PROTOCOL for transient, CF_E_CA_CONFIG,
 * CF_E_REJECTED. An unknown number is transient as an RPC status; as an HRESULT it is REQUEST, but
 * transient when it is one of Windows itself, of the CA's keys or of its database, which say
 * nothing about the request. An RPC status is never CF_E_REJECTED but CF_E_PROTOCOL: nobody signed
 * it, and it may not end a request for good.
 */
enum cf_rc cf_hresult_fail(struct cf_err *err, uint32_t hresult, const char *said,
                           const char *what);
enum cf_rc cf_rpc_status_fail(struct cf_err *err, uint32_t status, const char *what);

/* The words of `why` and its native number, as another rc. Here for the compilers to see that it
 * is none of success. */
static inline enum cf_rc
cf_fail_as(struct cf_err *err, enum cf_rc rc, const struct cf_err *why)
{
    (void)cf_fail(err, rc, "%s", why->text);
    if (err)
        err->native = why->native;
    return cf_never_ok_(rc);
}
