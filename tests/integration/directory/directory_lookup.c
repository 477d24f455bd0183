/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_lookup KEY=VALUE... - [VERB NAME]... - the LDAP client by itself, for tests.
 *
 * Settings: uri (again for more), auth, protection, base, bind_dn, password_file, keytab_file,
 * principal, ca_file. Verbs: user, computer, principal (with groups), group, template, services,
 * certs (ntauth, roots, aia), discover, check. One line "field=value" for
 * each fact, "fault=..." for a failure. Between two lookups "pause -" waits for a line of standard
 * input.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "certferry/ca.h"
#include "certferry/json.h"

enum { URIS_MAX = 8 };

static char *uris[URIS_MAX + 1];
static struct cf_directory_settings settings = {
    .uri = uris, .connect_timeout_ms = 5000, .timeout_ms = 5000, .retry_ms = 0};

static int
add_uri(char *value)
{
    for (size_t i = 0; i < URIS_MAX; i++) {
        if (!uris[i]) {
            uris[i] = value;
            return 0;
        }
    }
    return 64;
}

static int
set(const char *key, char *value)
{
    struct {
        const char *name;
        char **field;
    } texts[] = {
        {"base", &settings.base},
        {"bind_dn", &settings.bind_dn},
        {"password_file", &settings.password_file},
        {"keytab_file", &settings.keytab_file},
        {"principal", &settings.principal},
        {"ca_file", &settings.ca_file},
    };

    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        if (strcmp(key, texts[i].name) == 0) {
            *texts[i].field = value;
            return 0;
        }
    }
    if (strcmp(key, "uri") == 0)
        return add_uri(value);
    if (strcmp(key, "auth") == 0)
        settings.auth = strcmp(value, "simple") == 0 ? CF_DIRECTORY_SIMPLE : CF_DIRECTORY_GSSAPI;
    else if (strcmp(key, "protection") == 0)
        settings.tls = strcmp(value, "signed") == 0     ? CF_DIRECTORY_SIGNED
                       : strcmp(value, "starttls") == 0 ? CF_DIRECTORY_STARTTLS
                                                        : CF_DIRECTORY_LDAPS;
    else
        return 64;
    return 0;
}

static void
print_fact(const char *name, const char *value)
{
    if (value && value[0])
        printf("%s=%s\n", name, value);
}

static void
print_account(const struct cf_account *account)
{
    print_fact("dn", account->dn);
    print_fact("upn", account->upn);
    print_fact("sam", account->sam_account_name);
    print_fact("mail", account->mail);
    print_fact("dns", account->dns_host_name);
    print_fact("sid", account->sid);
    printf("disabled=%d\n", account->is_disabled);
    for (size_t i = 0; i < account->n_groups; i++)
        print_fact("group", account->group_sids[i]);
}

static void
print_template(const struct cf_ad_template *ad_template)
{
    print_fact("name", ad_template->name);
    print_fact("display", ad_template->display_name);
    print_fact("oid", ad_template->oid);
    print_fact("algorithm", ad_template->key_algorithm);
    printf("bits=%u\n", ad_template->min_key_bits);
    printf("versions=%u %u.%u\n", ad_template->schema_version, ad_template->revision,
           ad_template->minor_revision);
    printf("flags=%x %x %x\n", ad_template->name_flags, ad_template->enrollment_flags,
           ad_template->private_key_flags);
    printf("usage=%x\n", ad_template->key_usage);
    printf("days=%u\n", (unsigned)(ad_template->validity_ms / 86400000));
    for (size_t i = 0; i < ad_template->n_eku; i++)
        print_fact("eku", ad_template->eku[i]);
    printf("descriptor=%d\n", ad_template->security_descriptor != NULL);
}

static void
print_services(const struct cf_enrollment_services *services)
{
    for (size_t i = 0; i < services->n; i++) {
        const struct cf_enrollment_service *service = &services->service[i];
        printf("ca=%s on %s, %zu certificates\n", service->name, service->host, service->certs.n);
        for (size_t k = 0; k < service->n_templates; k++)
            printf("template=%s: %s\n", service->name, service->templates[k]);
        for (size_t k = 0; k < service->n_urls; k++)
            printf("url=%s: %d %s\n", service->name, (int)service->urls[k].auth,
                   service->urls[k].url);
    }
}

/* One line of JSON. */
static enum cf_rc
discover(struct cf_directory *directory, struct cf_err *err)
{
    const struct cf_settings all = {.directory = settings};
    cf_own(cf_buf) text = cf_buf_new(1 << 20);
    struct cf_json_writer writer;

    if (!text)
        return cf_fail_oom(err);
    cf_json_writer_begin(&writer, text);
    cf_json_put_object(&writer, NULL);
    CF_TRY(cf_ca_find_backend("adcs")->discover(&all, directory, &writer, err));
    cf_json_put_object_end(&writer);
    CF_TRY(cf_json_writer_end(&writer, err));
    print_fact("discovery", cf_buf_str(text));
    return CF_OK;
}

static enum cf_rc
look_up_pki(struct cf_directory *directory, const char *verb, const char *name, struct cf_err *err)
{
    struct cf_enrollment_services services = {0};
    struct cf_der_list certs = {0};
    cf_own(cf_ad_template) ad_template = NULL;

    if (strcmp(verb, "template") == 0) {
        CF_TRY(directory->ops->find_template(directory, name, &ad_template, err));
        print_template(ad_template);
    } else if (strcmp(verb, "services") == 0) {
        CF_TRY(directory->ops->find_enrollment_services(directory, &services, err));
        print_services(&services);
        cf_enrollment_services_done(&services);
    } else {
        enum cf_ad_certs which = strcmp(name, "ntauth") == 0  ? CF_AD_NTAUTH
                                 : strcmp(name, "roots") == 0 ? CF_AD_ROOTS
                                                              : CF_AD_AIA;
        CF_TRY(directory->ops->find_ca_certs(directory, which, &certs, err));
        printf("certs=%zu\n", certs.n);
        cf_der_list_done(&certs);
    }
    return CF_OK;
}

static bool
is_pki(const char *verb)
{
    return strcmp(verb, "template") == 0 || strcmp(verb, "services") == 0 ||
           strcmp(verb, "certs") == 0;
}

static void
print_finding(void *arg, const struct cf_finding *finding)
{
    (void)arg;
    printf("finding=%d %s: %s\n", (int)finding->severity, finding->subject, finding->text);
}

static enum cf_rc
look_up(struct cf_directory *directory, const char *verb, const char *name, struct cf_err *err)
{
    cf_own(cf_account) account = NULL;
    char sid[CF_SID_TEXT_SIZE] = "";

    if (strcmp(verb, "discover") == 0)
        return discover(directory, err);
    if (is_pki(verb))
        return look_up_pki(directory, verb, name, err);
    if (strcmp(verb, "pause") == 0) {
        (void)getchar();
    } else if (strcmp(verb, "check") == 0) {
        CF_TRY(directory->ops->check(directory, print_finding, NULL, err));
    } else if (strcmp(verb, "group") == 0) {
        CF_TRY(directory->ops->find_group(directory, name, sid, err));
        print_fact("sid", sid);
    } else if (strcmp(verb, "computer") == 0) {
        CF_TRY(directory->ops->find_computer(directory, name, true, &account, err));
    } else if (strcmp(verb, "principal") == 0) {
        CF_TRY(directory->ops->find_principal(directory, name, true, &account, err));
    } else {
        CF_TRY(directory->ops->find_user(directory, name, true, &account, err));
    }
    if (account)
        print_account(account);
    return CF_OK;
}

int
main(int argc, char **argv)
{
    struct cf_directory_env env = {.clock = cf_clock_real()};
    struct cf_directory *directory = NULL;
    struct cf_err err = {0};
    int i = 1;

    (void)signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (; i < argc && strcmp(argv[i], "-") != 0; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            return 64;
        *value = '\0';
        if (set(argv[i], value + 1) != 0)
            return 64;
    }
    if (cf_directory_ldap.open(&settings, &env, &directory, &err) != CF_OK) {
        printf("fault=%s %s\n", cf_rc_name(err.rc), err.text);
        return 1;
    }
    for (i++; i + 1 < argc; i += 2) {
        if (look_up(directory, argv[i], argv[i + 1], &err) != CF_OK)
            printf("fault=%s %s\n", cf_rc_name(err.rc), err.text);
    }
    directory->ops->close(directory);
    return 0;
}
