/* SPDX-License-Identifier: Apache-2.0 */
/* dcom_kit - activation answers as a server writes them, with a place for each lie. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* After the headers it needs. */
#include <cmocka.h>

#include "ca/adcs/dcom.h"
#include "ca/adcs/dcom_properties.h"

extern const struct cf_dcom_class kit_class;
extern const struct cf_guid kit_ipid;
extern const struct cf_guid kit_rem_unknown;

struct dcom_answer {
    const char *const *bindings; /* NULL-terminated texts; each a TCP binding */
    uint16_t tower;              /* of all of them; 0: TCP */
    uint32_t hresult;            /* of the call */
    uint32_t interface_hresult;
    uint32_t objref_form;    /* 0: standard */
    uint32_t n_references;   /* 0: 5 */
    bool has_other_iid;      /* in the reference */
    bool has_extensions;     /* in ORPCTHAT */
    bool has_no_scm_reply;   /* the property is left out */
    bool has_strange_third;  /* a property nobody knows */
    uint32_t n_more_ids;     /* the header claims so many more than there are */
    uint32_t header_len_off; /* added to the header's length */
    uint32_t property_off;   /* added to the first property's length */
};
/* The stub of an answer to RemoteCreateInstance. */
struct cf_buf *kit_activation_answer(const struct dcom_answer *answer);
struct cf_buf *kit_objref(const struct dcom_answer *answer);
/* DUALSTRINGARRAY with its NDR count. */
struct cf_buf *kit_bindings(const struct dcom_answer *answer);
