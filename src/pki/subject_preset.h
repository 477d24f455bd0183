/* SPDX-License-Identifier: Apache-2.0 */
/* subject_preset - the management service's fixed subject formats. */
#pragma once

#include "certferry/err.h"

/* The template that a fixed format's name (any case) stands for, or `text` itself when it is none.
 * CF_E_SYNTAX and CF_E_UNSUPPORTED for those that stand for nothing, with what to write instead. */
CF_MUST_USE enum cf_rc cf_subject_preset(const char *text, const char **ret_template,
                                         struct cf_err *err);
