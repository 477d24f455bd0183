/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract - what every implementation of the directory port has to keep, whatever is behind it.
 *
 * Behind it are the entries of entries.ldif: Alice in two groups, a disabled Bob, two of the name
 * twin@, a computer, two groups.
 */
#pragma once

#include "certferry/directory.h"

#define CONTRACT_DOMAIN "S-1-5-21-1111111111-2222222222-3333333333"
#define CONTRACT_BASE "dc=corp,dc=example"

struct contract_impl {
    const char *name;
    struct cf_directory *(*open)(void); /* for one test; looks at contract_stop */
    void (*close)(struct cf_directory *directory);
};

extern int contract_stop;

/* The number of failed tests. */
int contract_run(const struct contract_impl *impl);
