/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_commands - what the commands of the SCEP socket have in common.
 */
#pragma once

#include "certferry/scep.h"
#include "command.h"

/* Writes an outcome; crl, when there is one, in place of the certificate. What is being worked on
 * is left to the call's hold for the request's waitSeconds. */
CF_MUST_USE enum cf_rc cf_scep_command_put(const struct cf_command_call *call,
                                           const struct cf_scep_answer *answer,
                                           const struct cf_buf *crl, struct cf_json_writer *out,
                                           struct cf_err *err);
