/* SPDX-License-Identifier: Apache-2.0 */
/* A SID that a device writes into its CSR is its account's, or is refused. */
#include "unit/core/scep_kit.h"

#include <string.h>

#include <openssl/evp.h>

#include "fake/fake_directory.h"

#define ADA "S-1-5-21-1-2-3-1104"
#define SID_URI "tag:microsoft.com,2022-09-14:sid:"
#define PC "S-1-5-21-1-2-3-2001"

static struct fake_directory *
give_directory(struct core_kit *kit)
{
    static const struct fake_directory_entry pc = {
        .dns_host_name = "pc1.example.com", .sam_account_name = "PC1$", .sid = PC};
    static const struct fake_directory_entry ada = {
        .upn = "ada@example.com", .sam_account_name = "ada", .sid = ADA};
    const struct cf_directory_env env = {.clock = kit->clock};
    struct fake_directory *directory = fake_directory_new(&env);

    fake_directory_add_account(directory, &pc);
    fake_directory_add_account(directory, &ada);
    kit->site->directory = &directory->base;
    return directory;
}

static enum cf_scep_answer_state
ask(struct core_kit *kit, const char *cn, const char *uri, struct cf_scep_answer *answer)
{
    own_device device = scep_device();
    cf_own(cf_buf) csr =
        scep_csr(device.key, &(struct scep_csr){.cn = cn, .uri = uri, .challenge = SCEP_CHALLENGE});

    cf_scep_answer_done(answer);
    return scep_settle(kit, &device, csr, answer);
}

static void
without_a_directory_nobody_vouches_for_it(void **state)
{
    struct core_kit *kit = *state;
    own_answer answer = {0};

    assert_int_equal(ask(kit, "pc1.example.com", SID_URI PC, &answer), CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "[directory]");
    /* But the service that compares the names with its profile. */
    scep_profile(kit)->challenge = CF_SCEP_INTUNE;
    assert_int_equal(ask(kit, "pc1.example.com", SID_URI PC, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
the_directory_decides_where_there_is_one(void **state)
{
    static const enum cf_scep_challenge challenges[] = {CF_SCEP_STATIC, CF_SCEP_INTUNE};
    struct core_kit *kit = *state;

    give_directory(kit);
    for (size_t i = 0; i < CF_COUNT(challenges); i++) {
        own_answer answer = {0};

        scep_profile(kit)->challenge = challenges[i];
        assert_int_equal(ask(kit, "pc1.example.com", SID_URI PC, &answer), CF_SCEP_ANSWER_ISSUED);
        assert_int_equal(ask(kit, "pc1.example.com", SID_URI ADA, &answer), CF_SCEP_ANSWER_FAILED);
        assert_contains(answer.text, PC);
        assert_int_equal(ask(kit, "pc2.example.com", SID_URI PC, &answer), CF_SCEP_ANSWER_FAILED);
        assert_int_equal(ask(kit, "nothing", SID_URI PC, &answer), CF_SCEP_ANSWER_FAILED);
    }
}

static void
a_user_is_the_one_of_the_csr(void **state)
{
    struct core_kit *kit = *state;
    own_answer answer = {0};

    give_directory(kit);
    scep_profile(kit)->types = CF_TYPES_USER;
    assert_int_equal(ask(kit, "ada@example.com", SID_URI ADA, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_int_equal(ask(kit, "bob@example.com", SID_URI ADA, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(ask(kit, "ada@example.com", SID_URI PC, &answer), CF_SCEP_ANSWER_FAILED);
}

static void
a_template_may_forbid_all(void **state)
{
    struct core_kit *kit = *state;
    own_answer answer = {0};

    give_directory(kit);
    kit->site->settings->templates[0]->sid_mode = CF_SID_OFF;
    assert_int_equal(ask(kit, "pc1.example.com", SID_URI PC, &answer), CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "security_identifier = off");
    assert_int_equal(ask(kit, "pc1.example.com", NULL, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
while_the_directory_is_away_the_device_comes_again(void **state)
{
    struct core_kit *kit = *state;
    struct fake_directory *directory = give_directory(kit);
    own_answer answer = {0};

    fake_directory_set_failure(directory, CF_E_DIRECTORY_DOWN, 0);
    assert_int_equal(ask(kit, "pc1.example.com", SID_URI PC, &answer), CF_SCEP_ANSWER_LATER);
    assert_int_equal(kit->log.n[CF_EV_ENROLLMENT_DELAYED], 1);
    fake_directory_set_failure(directory, CF_OK, 0);
    assert_int_equal(ask(kit, "pc1.example.com", SID_URI PC, &answer), CF_SCEP_ANSWER_ISSUED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scep_test(without_a_directory_nobody_vouches_for_it),
        scep_test(the_directory_decides_where_there_is_one),
        scep_test(a_user_is_the_one_of_the_csr),
        scep_test(a_template_may_forbid_all),
        scep_test(while_the_directory_is_away_the_device_comes_again),
    };

    return cmocka_run_group_tests(tests, scep_group_setup, scep_group_teardown);
}
