/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults - what is wrong with a configuration: each fault with its place, counted and passed on.
 */
#pragma once

#include <stddef.h>

#include "certferry/config.h"

struct cf_place {
    const char *file;
    unsigned line; /* 1 where the fault is of the file as a whole */
};

struct cf_faults {
    cf_config_fault_fn *report; /* may be NULL */
    void *arg;
    size_t n;
    struct cf_err first;
};

/* A file of garbage has a fault in every line; after so many of them the rest is not told. */
enum { CF_FAULTS_TOLD_MAX = 1000 };

void cf_faults_add(struct cf_faults *faults, struct cf_place place, const char *format, ...)
    CF_PRINTF(3, 4);
