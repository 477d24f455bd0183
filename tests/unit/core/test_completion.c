/* SPDX-License-Identifier: Apache-2.0 */
/* What the CA knows of a template, in place of what the configuration leaves open. */
#include "unit/core/core_kit.h"

#include <string.h>

#define TEMPLATE_OID "1.3.6.1.4.1.311.21.8.1.2.3"

static char *client_auth[] = {(char[]){KIT_CLIENT_AUTH}};
static char template_oid[] = TEMPLATE_OID;
static struct cf_template_settings known;

static int
setup(void **state)
{
    known = (struct cf_template_settings){.oid = template_oid,
                                          .eku_is_fixed = true,
                                          .key = CF_KEY_P256,
                                          .eku = client_auth,
                                          .n_eku = 1,
                                          .validity_ms = 30ULL * KIT_DAY_MS};
    if (core_setup(state) != 0)
        return -1;
    ((struct core_kit *)*state)->ca->completion = &known;
    return 0;
}

static void
receive(struct core_kit *kit, const char *context, const char *path, const char *value)
{
    cf_own_str json = core_request(kit, context, (const char *const[]){path, value, NULL});

    core_receive(kit, CF_KIND_PKCS, context, json);
}

static void
assert_failed(struct core_kit *kit, const char *context, enum cf_rc rc, const char *part)
{
    assert_int_equal(core_run_ok(kit, context), CF_STATE_FAILED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);
    assert_string_equal(cf_rc_name(item->rc), cf_rc_name(rc));
    assert_contains(item->error, part);
}

/* As far as the CSR: the embedded CA goes by names and would refuse it. */
static struct cf_csr *
csr_of(struct core_kit *kit, const char *context)
{
    struct cf_err err = {0};
    struct cf_csr *csr = NULL;

    kit->ca->fail = CF_E_CA_DOWN;
    assert_int_equal(core_run_ok(kit, context), CF_STATE_KEYED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);
    assert_ok(cf_csr_parse(cf_buf_bytes(item->csr), &csr, &err), err);
    return csr;
}

static void
the_csr_carries_what_the_ca_says(void **state)
{
    struct core_kit *kit = *state;

    known.key = CF_KEY_P384;
    receive(kit, "r1", "profile.keySize", CORE_DROP);
    cf_own(cf_csr) csr = csr_of(kit, "r1");
    assert_string_equal(cf_csr_template_oid(csr), TEMPLATE_OID);
    assert_null(cf_csr_template_name(csr));
    assert_int_equal(cf_csr_n_eku(csr), 1);
    assert_string_equal(cf_csr_eku(csr, 0), KIT_CLIENT_AUTH);
    assert_int_equal(cf_csr_key_bits(csr, NULL), 384);
    assert_int_equal(kit->site->settings->templates[0]->key, CF_KEY_P256);
}

static void
what_is_configured_wins(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->templates[0]->given = CF_TEMPLATE_KEY | CF_TEMPLATE_EKU;
    known.eku_is_fixed = false;
    known.key = CF_KEY_P384;
    receive(kit, "r1", "profile.keySize", CORE_DROP);
    cf_own(cf_csr) csr = csr_of(kit, "r1");
    assert_int_equal(cf_csr_key_bits(csr, NULL), 256);
}

static void
a_usage_that_the_ca_would_not_put_in_is_refused_naming_both(void **state)
{
    struct core_kit *kit = *state;

    receive(kit, "r1", "profile.extendedKeyUsages", "[\"" KIT_SERVER_AUTH "\"]");
    assert_failed(kit, "r1", CF_E_POLICY, KIT_SERVER_AUTH);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_contains(item->error, "(" KIT_CLIENT_AUTH ")");
    assert_int_equal(kit->ca->n_submits, 0);
}

static void
the_policys_usages_judge_what_the_certificate_will_have(void **state)
{
    struct core_kit *kit = *state;
    struct cf_policy_settings *policy = kit->site->settings->policies[0];

    policy->eku = calloc(1, sizeof(char *));
    policy->eku[0] = strdup(KIT_SERVER_AUTH);
    policy->n_eku = 1;
    core_receive_good(kit, "r1");
    assert_failed(kit, "r1", CF_E_POLICY, KIT_CLIENT_AUTH ", from the template");
}

static void
refuses_usages(struct core_kit *kit, const char *context, char *oid, const char *part)
{
    char *ekus[] = {client_auth[0], oid};

    known.eku = ekus;
    known.n_eku = oid ? 2 : 0;
    core_receive_good(kit, context);
    assert_failed(kit, context, CF_E_POLICY, part);
    assert_int_equal(kit->ca->n_submits, 0);
}

static void
a_template_that_is_good_for_all_needs_a_policy_that_says_so(void **state)
{
    static char any[] = "2.5.29.37.0", agent[] = "1.3.6.1.4.1.311.20.2.1";
    struct core_kit *kit = *state;
    struct cf_policy_settings *policy = kit->site->settings->policies[0];

    refuses_usages(kit, "r1", NULL, "names no usage");
    refuses_usages(kit, "r2", any, any);
    refuses_usages(kit, "r3", agent, agent);
    policy->eku = calloc(2, sizeof(char *));
    policy->eku[policy->n_eku++] = strdup(client_auth[0]);
    policy->eku[policy->n_eku++] = strdup(agent);
    known.eku = (char *[]){client_auth[0], agent};
    known.n_eku = 2;
    receive(kit, "r4", "profile.keySize", CORE_DROP);
    cf_own(cf_csr) csr = csr_of(kit, "r4");
    assert_int_equal(cf_csr_n_eku(csr), 2);
}

static void
a_certificate_valid_longer_than_the_ca_says_is_refused(void **state)
{
    struct core_kit *kit = *state;

    known = (struct cf_template_settings){.key = CF_KEY_P256, .validity_ms = KIT_DAY_MS};
    kit->site->settings->templates[0]->given = CF_TEMPLATE_KEY | CF_TEMPLATE_EKU;
    kit->ca->issues_by = kit->site->settings->templates[0];
    kit->ca->ops.validity_remedy = "teach the CA";
    core_receive_good(kit, "r1");
    assert_failed(kit, "r1", CF_E_MISMATCH, "notAfter");
    core_receive_good(kit, "r2");
    assert_failed(kit, "r2", CF_E_MISMATCH, "'; teach the CA");
}

static void
without_the_directory_a_request_waits(void **state)
{
    struct core_kit *kit = *state;

    kit->ca->fail_completion = CF_E_DIRECTORY_DOWN;
    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_RECEIVED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_int_equal(item->rc, CF_E_DIRECTORY_DOWN);
    assert_contains(item->error, "[ca corp]");
    struct cf_err told = {0};
    cf_ca_slot_last_error(&kit->site->cas[0], &told);
    assert_int_equal(told.rc, CF_E_DIRECTORY_DOWN);
    assert_false(atomic_load(&kit->site->cas[0].unhealthy));
}

static void
what_no_policy_allows_is_not_worth_a_question(void **state)
{
    struct core_kit *kit = *state;

    kit->site->settings->policies[0]->types = CF_TYPES_DEVICE;
    core_receive_good(kit, "r1");
    kit->site->settings->policies[0]->templates[0][0] = 'x';
    assert_failed(kit, "r1", CF_E_POLICY, "[policy]");
    assert_int_equal(kit->ca->n_completions, 0);
}

static void
the_policy_test_of_the_daemon_asks_too(void **state)
{
    struct core_kit *kit = *state;
    const struct cf_policy_completer completer = cf_site_completer(kit->site);
    cf_own(cf_buf) text = cf_buf_new(1 << 16);
    cf_own_str json = core_request(
        kit, "r1",
        (const char *const[]){"profile.extendedKeyUsages", "[\"" KIT_SERVER_AUTH "\"]", NULL});
    struct cf_json_writer writer;
    struct cf_err err = {0};

    cf_json_writer_begin(&writer, text);
    cf_json_put_object(&writer, NULL);
    assert_ok(cf_policy_test(kit->site->settings, NULL, &completer, cf_bytes_of(json, strlen(json)),
                             &writer, &err),
              err);
    cf_json_put_object_end(&writer);
    assert_contains(cf_buf_str(text), "\"refused\"");
    assert_contains(cf_buf_str(text), TEMPLATE_OID);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_csr_carries_what_the_ca_says),
        TEST(what_is_configured_wins),
        TEST(a_usage_that_the_ca_would_not_put_in_is_refused_naming_both),
        TEST(the_policys_usages_judge_what_the_certificate_will_have),
        TEST(a_template_that_is_good_for_all_needs_a_policy_that_says_so),
        TEST(a_certificate_valid_longer_than_the_ca_says_is_refused),
        TEST(without_the_directory_a_request_waits),
        TEST(what_no_policy_allows_is_not_worth_a_question),
        TEST(the_policy_test_of_the_daemon_asks_too),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
