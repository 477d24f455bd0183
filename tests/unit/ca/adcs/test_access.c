/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "ca/adcs/preflight.h"
#include "descriptor.h"
#include "unit/base/unit.h"

enum { OURS = 1104, GROUP = 515, OTHER = 1105 };

static const char *const SIDS[] = {"S-1-5-21-1-2-3-1104", "S-1-5-21-1-2-3-515", "S-1-5-11"};
static struct descriptor descriptor;
static struct cf_err err;

static int
setup(void **state)
{
    (void)state;
    descriptor_begin(&descriptor);
    return 0;
}

static unsigned
access_of(void)
{
    unsigned access = 0xff;

    assert_ok(adcs_access(descriptor_bytes(&descriptor), SIDS, CF_COUNT(SIDS), &access, &err), err);
    return access;
}

static void
an_empty_list_gives_nothing(void **state)
{
    (void)state;
    assert_int_equal(access_of(), 0);
}

static void
no_list_at_all_gives_everything(void **state)
{
    unsigned all = ADCS_ACCESS_READ | ADCS_ACCESS_ENROLL | ADCS_ACCESS_WRITE;

    (void)state;
    descriptor.data[16] = 0; /* a null DACL */
    assert_int_equal(access_of(), all);
    (void)setup(state);
    descriptor.data[2] = 0; /* none present */
    assert_int_equal(access_of(), all);
}

static void
read_and_enroll_come_from_the_account_and_its_groups(void **state)
{
    (void)state;
    descriptor_add(&descriptor, ALLOW, 0, MASK_READ, NULL, RID_AUTHENTICATED);
    assert_int_equal(access_of(), ADCS_ACCESS_READ);
    descriptor_add(&descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_ENROLL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_READ | ADCS_ACCESS_ENROLL);
    (void)setup(state);
    descriptor_add(&descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_ENROLL, GROUP);
    assert_int_equal(access_of(), ADCS_ACCESS_ENROLL);
    (void)setup(state);
    descriptor_add(&descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_ENROLL, OTHER);
    assert_int_equal(access_of(), 0);
}

static void
all_extended_rights_are_the_right_to_enroll_another_one_is_not(void **state)
{
    (void)state;
    descriptor_add(&descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_OTHER, OURS);
    assert_int_equal(access_of(), 0);
    descriptor_add(&descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, NULL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_ENROLL);
    (void)setup(state);
    descriptor_add(&descriptor, ALLOW, 0, MASK_ENROLL, NULL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_ENROLL);
}

static void
the_right_without_its_bit_is_none(void **state)
{
    (void)state;
    descriptor_add(&descriptor, ALLOW_OBJECT, 0, 0x10, DESCRIPTOR_ENROLL, OURS);
    assert_int_equal(access_of(), 0);
}

static void
generic_rights_count(void **state)
{
    (void)state;
    descriptor_add(&descriptor, ALLOW, 0, 0x10000000, NULL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_READ | ADCS_ACCESS_ENROLL | ADCS_ACCESS_WRITE);
    (void)setup(state);
    descriptor_add(&descriptor, ALLOW, 0, 0x80000000, NULL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_READ);
    (void)setup(state);
    descriptor_add(&descriptor, ALLOW, 0, MASK_WRITE_DACL, NULL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_WRITE);
}

static void
what_was_denied_before_is_not_allowed(void **state)
{
    (void)state;
    descriptor_add(&descriptor, DENY_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_ENROLL, GROUP);
    descriptor_add(&descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_ENROLL, OURS);
    assert_int_equal(access_of(), 0);
    (void)setup(state);
    descriptor_add(&descriptor, DENY, 0, MASK_ENROLL, NULL, OURS);
    descriptor_add(&descriptor, ALLOW, 0, MASK_ENROLL | MASK_READ, NULL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_READ);
}

static void
entries_count_in_their_order(void **state)
{
    (void)state;
    descriptor_add(&descriptor, ALLOW, 0, MASK_ENROLL, NULL, OURS);
    descriptor_add(&descriptor, DENY, 0, MASK_ENROLL, NULL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_ENROLL);
}

static void
inherit_only_entries_and_other_kinds_are_left_out(void **state)
{
    (void)state;
    descriptor_add(&descriptor, DENY, 0x08, MASK_ENROLL, NULL, OURS);
    descriptor_add(&descriptor, 2, 0, MASK_ENROLL, NULL, OURS); /* audit */
    descriptor_add(&descriptor, 9, 0, 0x10000000, NULL, OURS);  /* conditional */
    assert_int_equal(access_of(), 0);
    descriptor_add(&descriptor, ALLOW, 0x10, MASK_ENROLL, NULL, OURS); /* inherited */
    assert_int_equal(access_of(), ADCS_ACCESS_ENROLL);
}

static void
a_right_that_is_denied_takes_no_other_with_it(void **state)
{
    (void)state;
    descriptor_add(&descriptor, DENY, 0, 0x80000, NULL, OURS); /* write owner */
    descriptor_add(&descriptor, ALLOW, 0, MASK_WRITE_DACL, NULL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_WRITE);
}

static void
generic_rights_hold_the_extended_one_they_are_written_for(void **state)
{
    (void)state;
    descriptor_add(&descriptor, ALLOW_OBJECT, 0, 0x10000000, DESCRIPTOR_ENROLL, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_ENROLL);
    (void)setup(state);
    descriptor_add(&descriptor, DENY_OBJECT, 0, 0x10000000, DESCRIPTOR_ENROLL, OURS);
    descriptor_add(&descriptor, ALLOW, 0, MASK_ENROLL, NULL, OURS);
    assert_int_equal(access_of(), 0);
}

static void
what_is_denied_on_a_condition_counts_as_denied(void **state)
{
    static const uint8_t KINDS[] = {10, 12};

    for (size_t i = 0; i < CF_COUNT(KINDS); i++) {
        (void)setup(state);
        descriptor_add(&descriptor, KINDS[i], 0, MASK_ENROLL, NULL, OURS);
        descriptor_add(&descriptor, ALLOW, 0, MASK_ENROLL | MASK_READ, NULL, OURS);
        assert_int_equal(access_of(), ADCS_ACCESS_READ);
    }
}

static void
the_owner_may_change_the_rights_unless_that_is_limited(void **state)
{
    (void)state;
    descriptor_add(&descriptor, ALLOW, 0, MASK_READ, NULL, OURS);
    descriptor_own(&descriptor, OTHER);
    assert_int_equal(access_of(), ADCS_ACCESS_READ);
    (void)setup(state);
    descriptor_add(&descriptor, ALLOW, 0, MASK_READ, NULL, OURS);
    descriptor_own(&descriptor, GROUP);
    assert_int_equal(access_of(), ADCS_ACCESS_READ | ADCS_ACCESS_WRITE);
    (void)setup(state);
    descriptor_add(&descriptor, ALLOW, 0, MASK_READ, NULL, RID_OWNER_RIGHTS);
    descriptor_own(&descriptor, OURS);
    assert_int_equal(access_of(), ADCS_ACCESS_READ);
    descriptor.data[4] = 0xff; /* an owner beyond the end */
    descriptor.data[5] = 0xff;
    unsigned access = 0xff;
    assert_rc(adcs_access(descriptor_bytes(&descriptor), SIDS, CF_COUNT(SIDS), &access, &err),
              CF_E_ENCODING);
}

static void
a_group_of_any_domain_is_found(void **state)
{
    static const char *const ANY[] = {"*-515"};
    unsigned access = 0xff;

    (void)state;
    descriptor_add(&descriptor, ALLOW, 0, MASK_READ, NULL, GROUP + 1000);
    assert_ok(adcs_access(descriptor_bytes(&descriptor), ANY, 1, &access, &err), err);
    assert_int_equal(access, 0);
    descriptor_add(&descriptor, ALLOW, 0, MASK_READ, NULL, GROUP);
    assert_ok(adcs_access(descriptor_bytes(&descriptor), ANY, 1, &access, &err), err);
    assert_int_equal(access, ADCS_ACCESS_READ);
}

static void
what_is_cut_off_is_refused_at_every_byte(void **state)
{
    unsigned access = 0xff;

    (void)state;
    descriptor_add(&descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_ENROLL, OURS);
    descriptor_add(&descriptor, ALLOW, 0, MASK_READ, NULL, RID_AUTHENTICATED);
    for (size_t len = 0; len < descriptor.len; len++) {
        /* On the heap and of its exact size: a read beyond it is seen. */
        uint8_t *copy = malloc(len + 1);
        memcpy(copy, descriptor.data, len);
        copy = realloc(copy, len ? len : 1);
        assert_rc(adcs_access(cf_bytes_of(copy, len), SIDS, CF_COUNT(SIDS), &access, &err),
                  CF_E_ENCODING);
        free(copy);
    }
    assert_int_equal(access, 0xff);
}

static void
lengths_that_contradict_each_other_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 2},  {3, 0},  {16, 19}, {17, 0xff}, {20, 3},
               {22, 7}, {24, 2}, {30, 3},  {30, 0xff}, {37, 0xff}};
    unsigned access = 0;

    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        (void)setup(state);
        descriptor_add(&descriptor, ALLOW, 0, MASK_READ, NULL, OURS);
        descriptor.data[bad[i].at] = bad[i].value;
        assert_rc(adcs_access(descriptor_bytes(&descriptor), SIDS, CF_COUNT(SIDS), &access, &err),
                  CF_E_ENCODING);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_list_gives_nothing),
        TEST(no_list_at_all_gives_everything),
        TEST(read_and_enroll_come_from_the_account_and_its_groups),
        TEST(all_extended_rights_are_the_right_to_enroll_another_one_is_not),
        TEST(the_right_without_its_bit_is_none),
        TEST(generic_rights_count),
        TEST(what_was_denied_before_is_not_allowed),
        TEST(entries_count_in_their_order),
        TEST(inherit_only_entries_and_other_kinds_are_left_out),
        TEST(a_right_that_is_denied_takes_no_other_with_it),
        TEST(generic_rights_hold_the_extended_one_they_are_written_for),
        TEST(what_is_denied_on_a_condition_counts_as_denied),
        TEST(the_owner_may_change_the_rights_unless_that_is_limited),
        TEST(a_group_of_any_domain_is_found),
        TEST(what_is_cut_off_is_refused_at_every_byte),
        TEST(lengths_that_contradict_each_other_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
