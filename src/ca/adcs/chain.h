/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain - which certificates a CA is known by, and the way from an issued one up to them.
 *
 * Known as the CA itself are the certificates of chain_file and those the directory has of the
 * enrollment service of this host and name; as what a chain may lead to, those of chain_file, or
 * without one, the directory's roots and NTAuth store. The rest helps to get there: what the
 * response carries, and the directory's AIA container.
 */
#pragma once

#include "adcs.h"

/* known.c: the directory's part, kept for some minutes. */
struct adcs_known_certs {
    unsigned n_users;           /* under known.c's lock */
    struct cf_der_list service; /* of the CA itself */
    struct cf_der_list roots;
    struct cf_der_list ntauth;
    struct cf_der_list aia;
};
CF_MUST_USE enum cf_rc adcs_known_new(struct adcs_known **ret_known, struct cf_err *err);
struct adcs_known *adcs_known_free(struct adcs_known *known);
CF_DEFINE_OWN(adcs_known);
enum {
    ADCS_KNOWN_KEPT_MS = 10 * 60 * 1000,
    ADCS_KNOWN_SOON_MS = 30 * 1000 /* a CA that is not known may have been renewed just now */
};
/* *ret_certs stay as they are until adcs_known_end, which has to follow when it was CF_OK. What is
 * older than max_age_ms is read anew, by one thread at a time; meanwhile the others get what was
 * read last, or wait for it when it has to be newer than ADCS_KNOWN_KEPT_MS. When reading fails,
 * what was read last is as good. An error only when nothing has ever been read. */
CF_MUST_USE enum cf_rc adcs_known_begin(struct adcs_ca *ca, uint64_t max_age_ms,
                                        const struct adcs_known_certs **ret_certs,
                                        struct cf_err *err);
void adcs_known_end(struct adcs_ca *ca, const struct adcs_known_certs *certs);

/* Issuer of `cert` first. `response`: CMS or NULL. CF_E_MISMATCH: its issuer is not this CA, or
 * leads to nothing that is known; the text has both names. */
CF_MUST_USE enum cf_rc cf_adcs_chain(struct adcs_ca *ca, const struct cf_cert *cert,
                                     const struct cf_buf *response, struct cf_chain **ret_chain,
                                     struct cf_err *err);
