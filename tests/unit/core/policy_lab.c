/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/policy_lab.h"

#include <stdio.h>
#include <string.h>

int
lab_setup(void **state)
{
    static const char *const none[] = {NULL};
    struct policy_lab *lab = calloc(1, sizeof *lab);

    assert_non_null(lab);
    lab->policy = (struct cf_policy_settings){.name = strdup("staff"), .types = CF_TYPES_BOTH};
    lab->grant.policy = &lab->policy;
    lab_no_names(lab);
    lab_request(lab, none);
    *state = lab;
    return 0;
}

int
lab_teardown(void **state)
{
    struct policy_lab *lab = *state;

    cf_facts_done(&lab->facts);
    cf_request_free(lab->request);
    cf_dn_free(lab->subject);
    cf_san_free(lab->san);
    fake_directory_free(lab->directory);
    free(lab->policy.name);
    for (size_t i = 0; i < lab->n_lists; i++) {
        for (char **word = lab->lists[i]; *word; word++)
            free(*word);
    }
    free(lab);
    return 0;
}

char **
lab_list(struct policy_lab *lab, const char *const *words)
{
    assert_true(lab->n_lists < LAB_LIST_MAX);
    char **list = lab->lists[lab->n_lists++];

    for (size_t i = 0; words[i]; i++) {
        assert_true(i + 1 < LAB_LIST_MAX);
        list[i] = strdup(words[i]);
    }
    return list;
}

void
lab_request(struct policy_lab *lab, const char *const *pairs)
{
    cf_own_str json = core_json_of(pairs);

    cf_facts_done(&lab->facts);
    lab->request = cf_request_free(lab->request);
    assert_ok(cf_request_parse(cf_bytes_of(json, strlen(json)), &lab->request, &lab->err),
              lab->err);
}

void
lab_no_names(struct policy_lab *lab)
{
    cf_dn_free(lab->subject);
    cf_san_free(lab->san);
    lab->subject = cf_dn_new();
    lab->san = cf_san_new();
    assert_true(lab->subject && lab->san);
}

void
lab_subject(struct policy_lab *lab, const char *type, const char *value)
{
    assert_ok(cf_dn_append(lab->subject, type, value, &lab->err), lab->err);
}

void
lab_san(struct policy_lab *lab, enum cf_san_type type, const char *value)
{
    assert_ok(cf_san_append(lab->san, type, value, &lab->err), lab->err);
}

static void
hear(void *arg, const struct cf_policy_rule *rule)
{
    struct policy_lab *lab = arg;
    char mark = (char)(!rule->applies ? '-' : !rule->is_judged ? '?' : rule->is_met ? 'm' : 'r');

    assert_true(rule->text[0] != '\0');
    lab->marks[strlen(lab->marks)] = mark;
    if (mark != '-')
        snprintf(lab->text, sizeof lab->text, "%s", rule->text);
}

static enum cf_rc
judge(struct policy_lab *lab, cf_policy_rule_fn *explain)
{
    const struct cf_policy_names names = {
        .subject = lab->subject, .san = lab->san, .facts = &lab->facts};

    cf_facts_done(&lab->facts);
    lab->facts.request = lab->request;
    lab->facts.directory = lab->directory ? &lab->directory->base : NULL;
    memset(&lab->err, 0, sizeof lab->err);
    return cf_policy_judge_names(&lab->grant, &names, explain, lab, &lab->err);
}

enum cf_rc
lab_judge(struct policy_lab *lab)
{
    return judge(lab, NULL);
}

enum cf_rc
lab_explain(struct policy_lab *lab)
{
    memset(lab->marks, 0, sizeof lab->marks);
    lab->text[0] = '\0';
    return judge(lab, hear);
}
