/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "unit/core/core_kit.h"

struct core_ca *core_ca_new(struct cf_ca *take_inner); /* ops->close frees both */
