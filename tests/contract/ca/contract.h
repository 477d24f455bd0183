/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract - what every implementation of the CA port has to keep, whatever is behind it.
 */
#pragma once

#include "unit/ca/ca_kit.h"

struct contract;

struct contract_impl {
    void (*open)(struct contract *contract); /* kit is there; sets ca */
    void (*close)(struct contract *contract);
    /* Later requests wait for a person; are refused with a reason. */
    void (*need_approval)(struct contract *contract);
    void (*refuse_all)(struct contract *contract);
    void (*decide)(struct contract *contract, const char *cookie, bool approve);
    bool issues_anew; /* what is submitted twice has two certificates */
};

struct contract {
    const struct contract_impl *impl;
    struct ca_kit kit;
    struct cf_ca *ca;
    struct cf_store *store; /* local */
    char *command[3];       /* exec */
    pid_t peer;             /* cmp */
};

int contract_main(const struct contract_impl *impl);
