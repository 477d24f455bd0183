/* SPDX-License-Identifier: Apache-2.0 */
/* check_templates - finds what is known of each template of the section, and has it judged. */
#include "check.h"

static enum cf_rc
find_template(const struct adcs_checking *checking, const char *name,
              struct cf_ad_template **ret_template, bool *ret_may_enroll, bool *ret_is_told,
              struct cf_err *err)
{
    struct adcs_ca *ca = checking->ca;
    enum cf_rc rc;

    if (ca->env.directory) {
        rc = ca->env.directory->ops->find_template(ca->env.directory, name, ret_template, err);
    } else {
        rc = adcs_xcep_template(ca, name, ret_template, ret_may_enroll, err);
        *ret_is_told = rc == CF_OK;
    }
    return rc == CF_E_NOT_FOUND ? CF_OK : rc; /* that there is none is a finding of the preflight */
}

static void
check_template(const struct adcs_checking *checking, const struct cf_template_settings *settings,
               cf_finding_fn *report, void *arg)
{
    const struct cf_ca_settings *ca = checking->ca->settings;
    struct cf_template_settings configured = *settings; /* its texts stay borrowed */
    cf_own(cf_ad_template) ad_template = NULL;
    bool may_enroll = false;
    bool is_told = false;
    struct cf_err why = {0};

    if (configured.sid_mode == CF_SID_AS_CA)
        configured.sid_mode = ca->sid_mode;
    if (configured.sid_form == CF_SID_FORM_AS_CA)
        configured.sid_form = ca->sid_form;
    struct adcs_preflight preflight = {
        .ca = ca->name,
        .service = checking->service,
        .configured = &configured,
        .account = checking->account,
        .account_name = checking->account_name,
    };
    if (find_template(checking, settings->name, &ad_template, &may_enroll, &is_told, &why) !=
        CF_OK) {
        struct preflight_report of_template;
        preflight_begin(&of_template, &preflight, report, arg);
        cf_report_say(&of_template.to, CF_FINDING_ERROR, "see the findings about directory and CA",
                      "%s", why.text);
        return;
    }
    preflight.ad_template = ad_template;
    preflight.may_enroll = is_told ? &may_enroll : NULL;
    adcs_preflight_template(&preflight, report, arg);
}

void
adcs_check_templates(const struct adcs_checking *checking, cf_finding_fn *report, void *arg)
{
    const struct cf_ca_settings *settings = checking->ca->settings;

    if (!checking->ca->env.directory && !settings->cep_url) {
        cf_report_say(
            &checking->report.to, CF_FINDING_WARNING,
            "set [directory], or cep_url of a policy service: then templates complete the "
            "configuration, and are checked",
            "nobody is configured who tells of templates: what [template] says is "
            "believed");
        return;
    }
    for (size_t i = 0; i < settings->n_templates; i++)
        check_template(checking, settings->templates[i], report, arg);
}
