/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory_lookup KEY=VALUE... - [VERB NAME]... - the LDAP client by itself, for tests.
 *
 * Settings: uri (again for more), auth, protection, base, bind_dn, password_file, keytab_file,
 * principal, ca_file. Verbs: user, computer (with groups), group, check. One line "field=value" for
 * each fact, "fault=..." for a failure. Between two lookups "pause -" waits for a line of standard
 * input.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "certferry/directory.h"

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

    if (strcmp(verb, "pause") == 0) {
        (void)getchar();
    } else if (strcmp(verb, "check") == 0) {
        CF_TRY(directory->ops->check(directory, print_finding, NULL, err));
    } else if (strcmp(verb, "group") == 0) {
        CF_TRY(directory->ops->find_group(directory, name, sid, err));
        print_fact("sid", sid);
    } else if (strcmp(verb, "computer") == 0) {
        CF_TRY(directory->ops->find_computer(directory, name, true, &account, err));
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
