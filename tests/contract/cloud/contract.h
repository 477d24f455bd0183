/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract - what every implementation of the cloud port has to keep, whatever is behind it.
 */
#pragma once

#include "certferry/cloud.h"

enum contract_fault {
    CONTRACT_THROTTLED,  /* refused with "come again in 7 s" */
    CONTRACT_UNWELL,     /* a server error */
    CONTRACT_LOST_ANSWER /* carried out, but the answer does not arrive */
};

enum contract_call { CONTRACT_DOWNLOAD, CONTRACT_UPLOAD };

struct contract_impl {
    const char *name;
    struct cf_cloud *(*open)(void); /* for one test; ends soon after contract_stop is set */
    void (*close)(struct cf_cloud *cloud);
    /* More work for the connector: n good requests, one revocation. */
    void (*offer)(size_t n);
    void (*offer_revocation)(const char *serial);
    /* The next call of this kind goes wrong. */
    void (*go_wrong)(enum contract_call call, enum contract_fault fault);
    /* Asserts that the service saw nothing against the protocol. */
    void (*check_service)(void);
};

extern int contract_stop;

/* The number of failed tests. */
int contract_run(const struct contract_impl *impl);
