/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "ca/adcs/adcs.h"

struct command_kit {
    struct ca_kit kit;
    struct adcs_ca ca;
    char *command[3];
};

static int
setup(void **state)
{
    struct command_kit *command = calloc(1, sizeof *command);

    assert_non_null(command);
    kit_open(&command->kit, "3650", KIT_EC);
    assert_true(asprintf(&command->command[0], "%s/revoke.sh", command->kit.dir) >= 0);
    command->command[1] = strdup(command->kit.dir);
    command->kit.settings.revoke_transport = CF_ADCS_REVOKE_COMMAND;
    command->kit.settings.revoke_command = command->command;
    command->kit.settings.timeout_ms = 30 * 1000;
    command->kit.settings.host = strdup("ca1.corp.example");
    command->kit.settings.ca_name = strdup("Issuing CA");
    command->ca = (struct adcs_ca){.settings = &command->kit.settings, .env = command->kit.env};
    *state = command;
    return 0;
}

static int
teardown(void **state)
{
    struct command_kit *command = *state;

    free(command->command[0]);
    free(command->command[1]);
    free(command->kit.settings.host);
    free(command->kit.settings.ca_name);
    kit_close(&command->kit);
    free(command);
    return 0;
}

static enum cf_rc
revoke_by(struct command_kit *command, const char *script, struct cf_err *err)
{
    static const struct cf_ca_revocation REVOCATION = {.serial = "6A00:0f", .reason = 4};
    cf_own_str text = NULL;

    assert_true(asprintf(&text, "#!/bin/sh\ncd \"$1\" || exit 99\n%s\n", script) >= 0);
    kit_write(&command->kit, "revoke.sh", cf_bytes_of(text, strlen(text)));
    assert_int_equal(chmod(command->command[0], 0755), 0);
    return adcs_revoke(&command->ca.base, &REVOCATION, err);
}

static void
the_program_learns_serial_reason_and_ca(void **state)
{
    struct command_kit *command = *state;

    assert_int_equal(revoke_by(command, "env > env.txt", NULL), CF_OK);
    cf_own_str env = kit_output(&command->kit, "cat env.txt");
    kit_contains(env, "CERTFERRY_CA_OPERATION=revoke\n");
    kit_contains(env, "CERTFERRY_CA_SERIAL=6A000F\n");
    kit_contains(env, "CERTFERRY_CA_REASON=4\n");
    kit_contains(env, "CERTFERRY_CA_NAME=Issuing CA\n");
    kit_contains(env, "CERTFERRY_CA_HOST=ca1.corp.example\n");
}

static void
its_exit_status_is_the_answer(void **state)
{
    static const struct {
        int status;
        enum cf_rc rc;
    } CASES[] = {{0, CF_OK},          {2, CF_E_REJECTED},    {3, CF_E_CA_DOWN},
                 {4, CF_E_CA_CONFIG}, {6, CF_E_UNSUPPORTED}, {7, CF_E_CONFLICT},
                 {8, CF_E_NOT_FOUND}, {1, CF_E_PROTOCOL},    {77, CF_E_PROTOCOL}};
    struct command_kit *command = *state;

    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        char script[64];
        struct cf_err err = {0};
        (void)snprintf(script, sizeof script, "echo because >&2; exit %d", CASES[i].status);
        assert_int_equal(revoke_by(command, script, &err), CASES[i].rc);
        if (CASES[i].rc != CF_OK)
            kit_contains(err.text, "revoke.sh");
    }
}

static void
a_program_that_is_gone_parks_the_ca(void **state)
{
    struct command_kit *command = *state;
    struct cf_err err = {0};
    const struct cf_ca_revocation revocation = {.serial = "01"};

    assert_int_equal(adcs_revoke(&command->ca.base, &revocation, &err), CF_E_CA_CONFIG);
    kit_contains(err.text, "revoke.sh");
}

static void
no_way_to_revoke_says_so_and_what_to_set(void **state)
{
    struct command_kit *command = *state;
    struct cf_err err = {0};

    command->kit.settings.revoke_transport = CF_ADCS_REVOKE_NONE;
    assert_int_equal(revoke_by(command, "touch ran", &err), CF_E_UNSUPPORTED);
    kit_contains(err.text, "revoke_transport");
    assert_int_not_equal(kit_run(&command->kit, "test -e ran"), 0);
}

/* Configuration, so that the revocation is still done when it is put right. */
static void
a_reason_that_ad_cs_does_not_have_is_not_sent(void **state)
{
    static const int REASONS[] = {-1, 7, 8, 9, 10};
    struct command_kit *command = *state;

    command->kit.settings.revoke_transport = CF_ADCS_REVOKE_RPC;
    for (size_t i = 0; i < CF_COUNT(REASONS); i++) {
        const struct cf_ca_revocation revocation = {.serial = "01", .reason = REASONS[i]};
        struct cf_err err = {0};
        assert_int_equal(adcs_revoke(&command->ca.base, &revocation, &err), CF_E_CA_CONFIG);
        kit_contains(err.text, "[revocation]");
    }
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_program_learns_serial_reason_and_ca),
        CASE(its_exit_status_is_the_answer),
        CASE(a_program_that_is_gone_parks_the_ca),
        CASE(no_way_to_revoke_says_so_and_what_to_set),
        CASE(a_reason_that_ad_cs_does_not_have_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
