/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ra_document - the registration authority's document of one CA (docs/protocol/scep-socket.md), as
 * data. Nothing is opened here: keys are the texts that stand in it.
 */
#pragma once

#include "certferry/scep.h"

enum { CF_RA_KEY_TEXT_MAX = 16 * 1024, CF_RA_NODE_MAX = 255 };

struct cf_ra_part {
    struct cf_buf *der; /* a certificate, or a CSR */
    char *key;          /* sealed, in base64, or a pkcs11: URI */
};

struct cf_ra_generation {
    int64_t made_ms;
    int64_t active_from_ms;
    int64_t replaced_ms; /* its successor's active_from_ms; 0: it has none */
    bool is_one;         /* one certificate for both: `encryption` is empty */
    struct cf_ra_part sign;
    struct cf_ra_part encryption;
};

struct cf_ra_pending {
    char *by; /* NULL: nothing is under way */
    int64_t until_ms;
    bool is_one;
    struct cf_ra_part sign;
    struct cf_ra_part encryption;
};

struct cf_ra_document {
    struct cf_ra_generation generation[CF_SCEP_GENERATIONS_MAX]; /* oldest first */
    size_t n;
    struct cf_ra_pending pending;
};

struct cf_ra_document *cf_ra_document_new(void); /* empty; NULL when out of memory */
struct cf_ra_document *cf_ra_document_free(struct cf_ra_document *document);
CF_DEFINE_OWN(cf_ra_document);

/* CF_E_ENCODING, CF_E_FIELD, CF_E_RANGE, CF_E_LIMIT. */
CF_MUST_USE enum cf_rc cf_ra_document_parse(struct cf_bytes json,
                                            struct cf_ra_document **ret_document,
                                            struct cf_err *err);
CF_MUST_USE enum cf_rc cf_ra_document_print(const struct cf_ra_document *document,
                                            struct cf_buf **ret_json, struct cf_err *err);

void cf_ra_part_done(struct cf_ra_part *part);
void cf_ra_pending_done(struct cf_ra_pending *pending);
/* The one at index; those after it move up. */
void cf_ra_document_remove(struct cf_ra_document *document, size_t index);
