/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "certferry/file.h"
#include "cloud/parts.h"
#include "unit/base/unit.h"

static struct cf_err err;
static char directory[] = "/tmp/certferry-identity-XXXXXX";
static char path[128];
static struct cf_clock *now;
static struct cf_identity_files *files;
static struct cf_identity *made[3]; /* the second outlives the first */

static int
start(void **state)
{
    (void)state;
    if (cf_pki_init(32768, &err) != CF_OK || !mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/identity", directory);
    for (unsigned i = 0; i < CF_COUNT(made); i++)
        if (cf_identity_generate(CF_KEY_P256, "c", 1000000000000, 100000000 * (i + 1), &made[i],
                                 &err) != CF_OK)
            return -1;
    return 0;
}

static int
end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CF_COUNT(made); i++)
        cf_identity_free(made[i]);
    rmdir(directory);
    cf_pki_done();
    return 0;
}

static void
publish(const char *name, const struct cf_identity *identity)
{
    cf_own(cf_secret) pem = NULL;

    assert_ok(cf_identity_pem(identity, &pem, &err), err);
    assert_ok(cf_file_publish_secret(name, pem, &err), err);
}

static const char *
slot_path(enum cf_identity_slot slot)
{
    return cf_identity_files_path(files, slot);
}

static int
setup(void **state)
{
    (void)state;
    now = cf_clock_fake_new(1000000000000);
    if (cf_identity_files_new(path, now, &files, &err) != CF_OK)
        return -1;
    publish(path, made[0]);
    return 0;
}

static int
teardown(void **state)
{
    char marker[160];

    (void)state;
    snprintf(marker, sizeof marker, "%s.next.registered", path);
    (void)unlink(marker);
    (void)unlink(cf_identity_files_next_cert_path(files));
    for (int slot = 0; slot <= CF_IDENTITY_OLD; slot++)
        (void)unlink(slot_path((enum cf_identity_slot)slot));
    files = cf_identity_files_free(files);
    now = cf_clock_fake_free(now);
    return 0;
}

static bool
holds(enum cf_identity_slot slot, const struct cf_identity *wanted)
{
    cf_own(cf_identity) found = NULL;
    uint8_t a[32], b[32];

    if (cf_identity_files_load(files, slot, &found, &err) != CF_OK)
        return false;
    cf_cert_sha256(cf_identity_cert(found), a);
    cf_cert_sha256(cf_identity_cert(wanted), b);
    return memcmp(a, b, sizeof a) == 0;
}

static void
promotion_moves_both(void **state)
{
    (void)state;
    assert_ok(cf_identity_files_publish_next(files, made[1], &err), err);
    assert_ok(cf_identity_files_publish_next_cert(files, made[1], &err), err);
    assert_ok(cf_identity_files_set_registered(files, made[1], &err), err);
    assert_ok(cf_identity_files_promote(files, made[1], &err), err);
    assert_true(holds(CF_IDENTITY_CURRENT, made[1]));
    assert_true(holds(CF_IDENTITY_OLD, made[0]));
    assert_false(holds(CF_IDENTITY_NEXT, made[1]));
    assert_int_equal(access(cf_identity_files_next_cert_path(files), F_OK), -1);
    assert_false(cf_identity_files_is_registered(files, made[1]));
    assert_true(cf_identity_files_take_promoted(files));
    assert_false(cf_identity_files_take_promoted(files));
}

static void
private_files_are_private(void **state)
{
    struct stat info;

    (void)state;
    assert_ok(cf_identity_files_publish_next(files, made[1], &err), err);
    assert_int_equal(stat(slot_path(CF_IDENTITY_NEXT), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_ok(cf_identity_files_promote(files, made[1], &err), err);
    for (int slot = 0; slot <= CF_IDENTITY_OLD; slot += CF_IDENTITY_OLD) {
        assert_int_equal(stat(slot_path((enum cf_identity_slot)slot), &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

static void
promoting_twice_does_not_lose_the_old_key(void **state)
{
    (void)state;
    assert_ok(cf_identity_files_publish_next(files, made[1], &err), err);
    assert_ok(cf_identity_files_promote(files, made[1], &err), err);
    assert_ok(cf_identity_files_promote(files, made[1], &err), err);
    assert_true(holds(CF_IDENTITY_CURRENT, made[1]));
    assert_true(holds(CF_IDENTITY_OLD, made[0]));
}

static void
only_the_successor_that_worked_is_promoted(void **state)
{
    (void)state;
    assert_ok(cf_identity_files_publish_next(files, made[2], &err), err);
    assert_ok(cf_identity_files_promote(files, made[1], &err), err);
    assert_true(holds(CF_IDENTITY_CURRENT, made[0]));
    assert_true(holds(CF_IDENTITY_NEXT, made[2]));
    assert_false(cf_identity_files_take_promoted(files));
}

static void
a_crash_between_the_steps_is_made_good(void **state)
{
    (void)state;
    /* before the rename: the old copy is there, the successor still waits */
    publish(slot_path(CF_IDENTITY_OLD), made[0]);
    assert_ok(cf_identity_files_publish_next(files, made[1], &err), err);
    assert_ok(cf_identity_files_promote(files, made[1], &err), err);
    assert_true(holds(CF_IDENTITY_CURRENT, made[1]));
    assert_true(holds(CF_IDENTITY_OLD, made[0]));
    /* after the rename: what belonged to the successor is left over */
    assert_ok(cf_identity_files_publish_next_cert(files, made[1], &err), err);
    assert_ok(cf_identity_files_set_registered(files, made[1], &err), err);
    cf_identity_files_tidy(files);
    assert_int_equal(access(cf_identity_files_next_cert_path(files), F_OK), -1);
    assert_false(cf_identity_files_is_registered(files, made[1]));
}

static void
the_old_key_stays_until_it_expires(void **state)
{
    (void)state;
    publish(slot_path(CF_IDENTITY_OLD), made[0]);
    cf_identity_files_tidy(files);
    assert_true(holds(CF_IDENTITY_OLD, made[0]));
    cf_clock_fake_advance(now, 100000001);
    cf_identity_files_tidy(files);
    assert_int_equal(access(slot_path(CF_IDENTITY_OLD), F_OK), -1);
}

static void
a_postponed_successor_is_tried_again_later(void **state)
{
    (void)state;
    assert_null(cf_identity_files_candidate(files));
    assert_ok(cf_identity_files_publish_next(files, made[1], &err), err);
    struct cf_identity *candidate = cf_identity_files_candidate(files);
    assert_non_null(candidate);
    cf_identity_free(candidate);
    cf_identity_files_postpone(files);
    assert_null(cf_identity_files_candidate(files));
    cf_clock_fake_advance(now, 10 * 60 * 1000);
    candidate = cf_identity_files_candidate(files);
    assert_non_null(candidate);
    cf_identity_free(candidate);
}

static void
registration_belongs_to_one_certificate(void **state)
{
    (void)state;
    assert_false(cf_identity_files_is_registered(files, made[1]));
    assert_ok(cf_identity_files_set_registered(files, made[1], &err), err);
    assert_true(cf_identity_files_is_registered(files, made[1]));
    assert_false(cf_identity_files_is_registered(files, made[2]));
}

static void
damage_is_told_and_names_the_file(void **state)
{
    cf_own(cf_identity) found = NULL;

    (void)state;
    assert_ok(cf_file_publish(path, cf_bytes_of("nonsense", 8), 0600, &err), err);
    assert_rc(cf_identity_files_load(files, CF_IDENTITY_CURRENT, &found, &err), CF_E_CONFIG);
    assert_contains(err.text, path);
    (void)unlink(path);
    assert_rc(cf_identity_files_load(files, CF_IDENTITY_CURRENT, &found, &err), CF_E_NOT_FOUND);
    assert_contains(err.text, "certferry enroll");
    publish(path, made[0]);
    assert_int_equal(chmod(path, 0644), 0);
    assert_rc(cf_identity_files_load(files, CF_IDENTITY_CURRENT, &found, &err), CF_E_PERMISSION);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(promotion_moves_both, setup, teardown),
        cmocka_unit_test_setup_teardown(private_files_are_private, setup, teardown),
        cmocka_unit_test_setup_teardown(promoting_twice_does_not_lose_the_old_key, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_successor_that_worked_is_promoted, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_crash_between_the_steps_is_made_good, setup, teardown),
        cmocka_unit_test_setup_teardown(the_old_key_stays_until_it_expires, setup, teardown),
        cmocka_unit_test_setup_teardown(a_postponed_successor_is_tried_again_later, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(registration_belongs_to_one_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_told_and_names_the_file, setup, teardown),
    };

    return cmocka_run_group_tests(tests, start, end);
}
