/* SPDX-License-Identifier: Apache-2.0 */
#include "fake/fake_directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/stop.h"
#include "certferry/text.h"

/* CF_OK when no failure is due. */
static enum cf_rc
scripted(struct fake_directory *directory, struct cf_err *err)
{
    if (cf_stop_is_set(directory->env.stop_flag))
        return cf_fail(err, CF_E_STOPPED, "stopping");
    enum cf_rc rc = directory->fail;
    if (rc == CF_OK)
        return CF_OK;
    if (directory->fail_times > 0 && --directory->fail_times == 0)
        directory->fail = CF_OK;
    return cf_fail(err, rc, "as the test wants it");
}

static char *
copy(const char *text)
{
    char *result = text ? strdup(text) : NULL;

    if (text && !result)
        abort();
    return result;
}

static void
copy_groups(const struct fake_directory_entry *entry, struct cf_account *account)
{
    account->group_sids = calloc(FAKE_DIRECTORY_MEMBERSHIPS_MAX, sizeof *account->group_sids);
    if (!account->group_sids)
        abort();
    for (size_t i = 0; i < CF_COUNT(entry->groups) && entry->groups[i]; i++)
        (void)snprintf(account->group_sids[account->n_groups++], CF_SID_TEXT_SIZE, "%s",
                       entry->groups[i]);
    account->has_groups = true;
}

static struct cf_account *
account_of(const struct fake_directory_entry *entry, bool wants_groups)
{
    struct cf_account *account = calloc(1, sizeof *account);

    if (!account)
        abort();
    account->dn = copy(entry->dn);
    account->upn = copy(entry->upn);
    account->sam_account_name = copy(entry->sam_account_name);
    account->mail = copy(entry->mail);
    account->dns_host_name = copy(entry->dns_host_name);
    if (entry->sid)
        (void)snprintf(account->sid, sizeof account->sid, "%s", entry->sid);
    account->is_disabled = entry->is_disabled;
    if (wants_groups)
        copy_groups(entry, account);
    return account;
}

enum name_kind { BY_UPN, BY_HOST, BY_SAM };

static const char *
name_of(const struct fake_directory_entry *entry, enum name_kind kind)
{
    switch (kind) {
    case BY_UPN:
        return entry->upn;
    case BY_HOST:
        return entry->dns_host_name;
    default:
        return entry->sam_account_name;
    }
}

static enum cf_rc
find_locked(struct fake_directory *directory, enum name_kind kind, const char *name,
            bool wants_groups, struct cf_account **ret_account, struct cf_err *err)
{
    static const char *const WHAT[] = {"user", "computer", "account"};
    const char *what = WHAT[kind];
    const struct fake_directory_entry *found = NULL;

    directory->n_wanted_groups += wants_groups;
    CF_TRY(scripted(directory, err));
    for (size_t i = 0; i < directory->n_accounts; i++) {
        const struct fake_directory_entry *entry = &directory->account[i];
        if (!cf_text_equal_nocase(name_of(entry, kind), name))
            continue;
        if (found)
            return cf_fail(err, CF_E_CONFLICT, "several %ss are called %s", what, name);
        found = entry;
    }
    if (!found)
        return cf_fail(err, CF_E_NOT_FOUND, "no %s is called %s", what, name);
    if (wants_groups && directory->has_no_groups)
        return cf_fail(err, CF_E_UNSUPPORTED, "the directory does not tell groups");
    *ret_account = account_of(found, wants_groups);
    return CF_OK;
}

static enum cf_rc
fake_find_user(struct cf_directory *base, const char *upn, bool wants_groups,
               struct cf_account **ret_account, struct cf_err *err)
{
    struct fake_directory *directory = (struct fake_directory *)base;

    pthread_mutex_lock(&directory->lock);
    directory->n_find_user++;
    enum cf_rc rc = find_locked(directory, BY_UPN, upn, wants_groups, ret_account, err);
    pthread_mutex_unlock(&directory->lock);
    return rc;
}

static enum cf_rc
fake_find_computer(struct cf_directory *base, const char *dns_host_name, bool wants_groups,
                   struct cf_account **ret_account, struct cf_err *err)
{
    struct fake_directory *directory = (struct fake_directory *)base;

    pthread_mutex_lock(&directory->lock);
    directory->n_find_computer++;
    enum cf_rc rc = find_locked(directory, BY_HOST, dns_host_name, wants_groups, ret_account, err);
    pthread_mutex_unlock(&directory->lock);
    return rc;
}

static enum cf_rc
find_group_locked(struct fake_directory *directory, const char *name,
                  char ret_sid[CF_SID_TEXT_SIZE], struct cf_err *err)
{
    CF_TRY(scripted(directory, err));
    for (size_t i = 0; i < directory->n_groups; i++) {
        const struct fake_directory_entry *group = &directory->group[i];
        if (cf_text_equal_nocase(group->sam_account_name, name) ||
            cf_text_equal_nocase(group->dn, name)) {
            (void)snprintf(ret_sid, CF_SID_TEXT_SIZE, "%s", group->sid);
            return CF_OK;
        }
    }
    return cf_fail(err, CF_E_NOT_FOUND, "no group is called %s", name);
}

static enum cf_rc
fake_find_group(struct cf_directory *base, const char *name, char ret_sid[CF_SID_TEXT_SIZE],
                struct cf_err *err)
{
    struct fake_directory *directory = (struct fake_directory *)base;

    pthread_mutex_lock(&directory->lock);
    directory->n_find_group++;
    enum cf_rc rc = find_group_locked(directory, name, ret_sid, err);
    pthread_mutex_unlock(&directory->lock);
    return rc;
}

static enum cf_rc
fake_find_principal(struct cf_directory *base, const char *principal, bool wants_groups,
                    struct cf_account **ret_account, struct cf_err *err)
{
    struct fake_directory *directory = (struct fake_directory *)base;
    const char *realm = strchr(principal, '@');
    cf_own_str name = strndup(principal, realm ? (size_t)(realm - principal) : strlen(principal));

    if (!name)
        abort();
    pthread_mutex_lock(&directory->lock);
    directory->n_find_principal++;
    enum cf_rc rc = find_locked(directory, BY_SAM, name, wants_groups, ret_account, err);
    pthread_mutex_unlock(&directory->lock);
    return rc;
}

static enum cf_rc
fake_find_enrollment_services(struct cf_directory *base,
                              struct cf_enrollment_services *ret_services, struct cf_err *err)
{
    struct fake_directory *directory = (struct fake_directory *)base;

    pthread_mutex_lock(&directory->lock);
    directory->n_find_services++;
    enum cf_rc rc = scripted(directory, err);
    if (rc == CF_OK)
        rc = cf_enrollment_services_copy(&directory->services, ret_services, err);
    pthread_mutex_unlock(&directory->lock);
    return rc;
}

static enum cf_rc
find_template_locked(struct fake_directory *directory, const char *name,
                     struct cf_ad_template **ret_template, struct cf_err *err)
{
    CF_TRY(scripted(directory, err));
    for (size_t i = 0; i < directory->n_templates; i++) {
        if (!cf_text_equal_nocase(directory->ad_template[i]->name, name))
            continue;
        *ret_template = cf_ad_template_clone(directory->ad_template[i]);
        return *ret_template ? CF_OK : cf_fail_oom(err);
    }
    return cf_fail(err, CF_E_NOT_FOUND, "no template is called %s", name);
}

static enum cf_rc
fake_find_template(struct cf_directory *base, const char *name,
                   struct cf_ad_template **ret_template, struct cf_err *err)
{
    struct fake_directory *directory = (struct fake_directory *)base;

    pthread_mutex_lock(&directory->lock);
    directory->n_find_template++;
    enum cf_rc rc = find_template_locked(directory, name, ret_template, err);
    pthread_mutex_unlock(&directory->lock);
    return rc;
}

static enum cf_rc
fake_find_ca_certs(struct cf_directory *base, enum cf_ad_certs which, struct cf_der_list *ret_certs,
                   struct cf_err *err)
{
    struct fake_directory *directory = (struct fake_directory *)base;

    pthread_mutex_lock(&directory->lock);
    directory->n_find_certs++;
    enum cf_rc rc = scripted(directory, err);
    if (rc == CF_OK)
        rc = cf_der_list_copy(&directory->certs[which], ret_certs, err);
    pthread_mutex_unlock(&directory->lock);
    return rc;
}

static enum cf_rc
fake_check(struct cf_directory *base, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    struct fake_directory *directory = (struct fake_directory *)base;
    struct cf_finding finding = {.subject = "directory", .text = "works"};

    (void)err;
    pthread_mutex_lock(&directory->lock);
    if (directory->fail != CF_OK) {
        finding.severity = CF_FINDING_ERROR;
        finding.text = "as the test wants it";
        finding.remedy = "change the test";
    }
    pthread_mutex_unlock(&directory->lock);
    report(arg, &finding);
    return CF_OK;
}

static void
fake_close(struct cf_directory *base)
{
    (void)fake_directory_free((struct fake_directory *)base);
}

/* Nothing is kept here. */
static void
fake_forget(struct cf_directory *base)
{
    struct fake_directory *directory = (struct fake_directory *)base;

    pthread_mutex_lock(&directory->lock);
    directory->n_forget++;
    pthread_mutex_unlock(&directory->lock);
}

static const struct cf_directory_ops OPS = {
    .name = "fake",
    .abi = CF_DIRECTORY_ABI,
    .close = fake_close,
    .check = fake_check,
    .find_user = fake_find_user,
    .find_computer = fake_find_computer,
    .find_group = fake_find_group,
    .find_principal = fake_find_principal,
    .find_enrollment_services = fake_find_enrollment_services,
    .find_template = fake_find_template,
    .find_ca_certs = fake_find_ca_certs,
    .forget = fake_forget,
};

struct fake_directory *
fake_directory_new(const struct cf_directory_env *env)
{
    struct fake_directory *directory = calloc(1, sizeof *directory);

    if (!directory)
        abort();
    directory->base.ops = &OPS;
    directory->env = *env;
    pthread_mutex_init(&directory->lock, NULL);
    return directory;
}

struct fake_directory *
fake_directory_free(struct fake_directory *directory)
{
    if (!directory)
        return NULL;
    pthread_mutex_destroy(&directory->lock);
    free(directory);
    return NULL;
}

void
fake_directory_add_account(struct fake_directory *directory,
                           const struct fake_directory_entry *entry)
{
    pthread_mutex_lock(&directory->lock);
    if (directory->n_accounts == FAKE_DIRECTORY_ENTRIES_MAX)
        abort();
    directory->account[directory->n_accounts++] = *entry;
    pthread_mutex_unlock(&directory->lock);
}

void
fake_directory_add_group(struct fake_directory *directory, const char *name, const char *dn,
                         const char *sid)
{
    pthread_mutex_lock(&directory->lock);
    if (directory->n_groups == FAKE_DIRECTORY_ENTRIES_MAX)
        abort();
    directory->group[directory->n_groups++] =
        (struct fake_directory_entry){.sam_account_name = name, .dn = dn, .sid = sid};
    pthread_mutex_unlock(&directory->lock);
}

void
fake_directory_add_template(struct fake_directory *directory,
                            const struct cf_ad_template *ad_template)
{
    pthread_mutex_lock(&directory->lock);
    if (directory->n_templates == FAKE_DIRECTORY_ENTRIES_MAX)
        abort();
    directory->ad_template[directory->n_templates++] = ad_template;
    pthread_mutex_unlock(&directory->lock);
}

void
fake_directory_set_failure(struct fake_directory *directory, enum cf_rc failure, unsigned times)
{
    pthread_mutex_lock(&directory->lock);
    directory->fail = failure;
    directory->fail_times = times;
    pthread_mutex_unlock(&directory->lock);
}
