/* SPDX-License-Identifier: Apache-2.0 */
/* tenant_child - the lab's tenant as a child process, steered through its admin API. */
#pragma once

#include "certferry/json.h"
#include "certferry/settings.h"

/* Starts it; asserts that it comes up. */
void tenant_start(void);
void tenant_stop(void);

/* "DIRECTORY/NAME"; valid until the fourth next call. */
const char *tenant_path(const char *name);
/* Settings that reach it with this credential, for tenant_settings_done. */
struct cf_cloud_settings tenant_settings(enum cf_auth auth);
void tenant_settings_done(struct cf_cloud_settings *settings);

/* POST /lab/VERB; the answer as text until the next call. */
const char *tenant_call(const char *verb, const char *arguments);
