/* SPDX-License-Identifier: Apache-2.0 */
/*
 * templates - what is known of a template, by the directory or else by the policy service, and what
 * it says about keys and certificates.
 */
#pragma once

#include "adcs.h"

/* A key kind of ours for it: its algorithm, and the smallest of at least its minimum.
 * CF_E_CA_CONFIG when there is none. Pure. */
CF_MUST_USE enum cf_rc adcs_template_key(const struct cf_ad_template *ad_template,
                                         enum cf_key_kind *ret_kind, struct cf_err *err);

/* Puts what the template says where [template] is silent (given), its object identifier, and that
 * its usages count. On failure nothing is changed. CF_E_CA_CONFIG, CF_E_OOM. Pure. */
CF_MUST_USE enum cf_rc adcs_template_overlay(const struct cf_ad_template *ad_template,
                                             struct cf_template_settings *template_settings,
                                             struct cf_err *err);

/* What is kept is not believed any more. */
void adcs_templates_forget(struct adcs_templates *templates);

/* The template, owned by the caller. From the cache of minutes; else from directory or policy
 * service. CF_E_CA_CONFIG: the CA does not issue by it, or there is none; CF_E_UNSUPPORTED: nobody
 * is configured who could tell; the directory's and the service's errors. */
CF_MUST_USE enum cf_rc adcs_templates_get(struct adcs_ca *ca, const char *name,
                                          struct cf_ad_template **ret_template, struct cf_err *err);
