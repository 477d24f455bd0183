/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_ca_store - the issued list of the store port in memory, which fails when told to.
 *
 * Only the ca_ operations are there; every other one is NULL.
 */
#pragma once

#include "certferry/store.h"

struct fake_ca_store {
    struct cf_store base;
    struct cf_ca_record **record; /* by order of adding */
    size_t n;
    uint64_t crl_number;

    unsigned n_adds;
    unsigned add_conflicts;     /* so many adds find their serial taken */
    enum cf_rc fail_after_add;  /* the next add is kept, and its caller sees this failure */
    enum cf_rc fail_crl_number; /* while set */
    enum cf_rc fail_update;     /* while set */
};

struct fake_ca_store *fake_ca_store_new(void);
struct fake_ca_store *fake_ca_store_free(struct fake_ca_store *store);
struct cf_ca_record *fake_ca_store_find(struct fake_ca_store *store, const char *serial);
