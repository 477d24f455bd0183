/* SPDX-License-Identifier: Apache-2.0 */
/* ca_cmp - what src/ca/registry.c knows of this backend. */
#pragma once

#include "certferry/ca.h"

extern const struct cf_ca_ops cf_ca_cmp_ops;
