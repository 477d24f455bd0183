/* SPDX-License-Identifier: Apache-2.0 */
/* discover - cf_ca_ops.discover of AD CS. */
#pragma once

#include "adcs.h"
#include "certferry/json.h"

enum cf_rc adcs_discover(const struct cf_settings *settings, struct cf_directory *directory,
                         struct cf_json_writer *out, struct cf_err *err);
