/* SPDX-License-Identifier: Apache-2.0 */
/* files_ca - the files of each CA. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"

static void
check_is_ca(const struct cf_check *check, const char *key, const struct cf_chain *chain)
{
    for (size_t i = 0; i < cf_chain_count(chain); i++) {
        if (!cf_cert_is_ca(cf_chain_at(chain, i)))
            cf_check_fail(check, "put the CA's own certificate first, then those above it",
                          "%s: certificate %zu is not that of a CA", key, i + 1);
    }
}

void
cf_check_ca_chain(const struct cf_check *check, const char *key, const char *path)
{
    cf_own(cf_chain) chain = cf_check_chain(check, key, path);

    if (!chain)
        return;
    check_is_ca(check, key, chain);
    cf_check_validity(check, key, cf_chain_at(chain, 0));
}

static void
check_local(const struct cf_check *check, const struct cf_ca_settings *ca)
{
    cf_own(cf_chain) chain = cf_check_chain(check, "cert_file", ca->cert_file);
    cf_own(cf_secret) key = cf_check_secret(check, "key_file", ca->key_file);
    struct cf_err err = {0};

    if (chain) {
        check_is_ca(check, "cert_file", chain);
        cf_check_validity(check, "cert_file", cf_chain_at(chain, 0));
    }
    if (chain && key) {
        if (cf_cert_check_key(cf_chain_at(chain, 0), key, &err) == CF_OK)
            cf_check_ok(check, "key_file: the key is that of the certificate");
        else
            cf_check_fail(check, "name the key of the first certificate in cert_file",
                          "key_file: %s", err.text);
    }
    cf_check_directory_of(check, "crl_file", ca->crl_file);
}

void
cf_check_program(const struct cf_check *check, const char *key, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        cf_check_fail(check, "install the program, or correct the option", "%s: %s: %s", key, path,
                      strerrordesc_np(errno));
    else if (!S_ISREG(st.st_mode) || access(path, X_OK) != 0)
        cf_check_fail(check, "name a program that the service's user may run",
                      "%s: %s cannot be run", key, path);
    else if (st.st_mode & S_IWOTH)
        cf_check_fail(check, "chmod o-w the program", "%s: everybody may change %s", key, path);
    else
        cf_check_ok(check, "%s: %s can be run", key, path);
}

static void
check_exec(const struct cf_check *check, const struct cf_ca_settings *ca)
{
    cf_check_program(check, "command", ca->command[0]);
    if (!ca->chain_file) {
        cf_check_warn(check, "set chain_file to the issuing CA's certificate and those above it",
                      "chain_file is not set: the program's own chain is believed");
        return;
    }
    cf_check_ca_chain(check, "chain_file", ca->chain_file);
}

static bool
is_used(const struct cf_settings *settings, const struct cf_template_settings *tmpl)
{
    for (size_t i = 0; i < settings->n_cas; i++) {
        if (cf_ca_settings_template(settings->cas[i], tmpl->name))
            return true;
    }
    return false;
}

void
cf_check_cas(struct cf_check *check)
{
    const struct cf_settings *settings = check->settings;

    for (size_t i = 0; i < settings->n_cas; i++) {
        const struct cf_ca_settings *ca = settings->cas[i];
        cf_check_begin(check, "ca %s", ca->name);
        if (strcmp(ca->backend, "local") == 0)
            check_local(check, ca);
        else if (strcmp(ca->backend, "exec") == 0)
            check_exec(check, ca);
        else if (strcmp(ca->backend, "adcs") == 0)
            cf_check_adcs(check, ca);
        else
            cf_check_cmp(check, ca);
    }
    cf_check_begin(check, "ca");
    if (settings->n_cas == 0)
        cf_check_warn(check, "write a section [ca NAME]",
                      "there is no CA: every request is refused");
    for (size_t i = 0; i < settings->n_templates; i++) {
        cf_check_begin(check, "template %s", settings->templates[i]->name);
        if (!is_used(settings, settings->templates[i]))
            cf_check_warn(check, "name it in templates of a [ca] section, or remove it",
                          "no CA issues by this template");
    }
}
