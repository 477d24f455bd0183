/* SPDX-License-Identifier: Apache-2.0 */
/* A page of the cloud: what is taken in, what cannot be answered, what is somebody else's. */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

#include "core/intake.h"

static int
setup(void **state)
{
    core_setup(state);
    core_start_scheduler(*state, 1);
    return 0;
}

static enum cf_rc
download(struct core_kit *kit, struct cf_err *err)
{
    uint64_t next_ms = 0;

    return cf_duty_download(kit->scheduler, kit->site, &next_ms, err);
}

static size_t
count(struct core_kit *kit, enum cf_kind kind)
{
    uint64_t counts[CF_STATE_MAX_];
    size_t n = 0;

    assert_ok(kit->store->ops->count(kit->store, kind, counts, NULL), (struct cf_err){0});
    for (unsigned i = 0; i < CF_STATE_MAX_; i++)
        n += counts[i];
    return n;
}

static void
one_context_twice_in_a_page_counts_once(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    for (int i = 0; i < 3; i++)
        fake_cloud_offer(kit->cloud,
                         i == 1 ? "{\"requestContext\":\"b\"}" : "{\"requestContext\":\"a\"}");
    assert_ok(download(kit, &err), err);
    assert_int_equal(count(kit, CF_KIND_PKCS), 2);
    assert_int_equal(cf_metric_get(CF_M_REQUESTS_RECEIVED), 2);
}

static void
each_request_becomes_an_item_of_its_kind(void **state)
{
    static const char *const page[] = {
        "{\"requestContext\":\"a\",\"requestType\":\"renew\"}",
        "{\"requestContext\":\"b\",\"requestType\":\"reencrypt\"}",
        "{\"requestContext\":\"c\",\"requestType\":\"importPfx\"}",
        "{\"requestContext\":\"d\",\"requestType\":\"replace\"}",
        "{\"requestContext\":\"e\",\"requestType\":{\"requestType\":\"importPfx\"}}",
        "{\"requestContext\":\"f\",\"profile\":{\"requestType\":\"reencrypt\"}}"};
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    for (size_t i = 0; i < CF_COUNT(page); i++)
        fake_cloud_offer(kit->cloud, page[i]);
    assert_ok(download(kit, &err), err);
    assert_int_equal(count(kit, CF_KIND_PKCS), 4);
    assert_int_equal(count(kit, CF_KIND_REENCRYPT), 1);
    assert_int_equal(count(kit, CF_KIND_IMPORT), 1);
    assert_int_equal(cf_metric_get(CF_M_REQUESTS_RECEIVED), 6);
}

static void
a_known_request_is_not_taken_in_again(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    for (int i = 0; i < 2; i++) {
        fake_cloud_offer(kit->cloud, "{\"requestContext\":\"a\"}");
        assert_ok(download(kit, &err), err);
    }
    assert_int_equal(count(kit, CF_KIND_PKCS), 1);
    assert_int_equal(cf_metric_get(CF_M_REQUESTS_RECEIVED), 1);
    assert_int_equal(cf_metric_get(CF_M_REQUESTS_DUPLICATE), 1);
}

static void
what_cannot_be_answered_is_logged_and_the_rest_goes_on(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    fake_cloud_offer(kit->cloud, "{}");
    fake_cloud_offer(kit->cloud, "{\"requestContext\":7}");
    fake_cloud_offer(kit->cloud, "{\"requestContext\":\"a\"}");
    fake_cloud_offer(kit->cloud, "nonsense");
    assert_ok(download(kit, &err), err);
    assert_int_equal(count(kit, CF_KIND_PKCS), 1);
    assert_int_equal(kit->log.n[CF_EV_REQUEST_UNANSWERABLE], 3);
    assert_int_equal(cf_metric_get(CF_M_REQUESTS_MALFORMED), 3);
}

static void
a_page_of_nothing_but_nonsense_is_counted(void **state)
{
    struct core_kit *kit = *state;
    struct cf_cloud_page page = {0};
    struct cf_intake intake = {0};
    struct cf_err err = {0};

    fake_cloud_offer(kit->cloud, "{}");
    assert_ok(kit->site->cloud->ops->download(kit->site->cloud, 10, 0, &page, &err), err);
    assert_ok(cf_intake_page(kit->scheduler, kit->site, CF_KIND_PKCS, &page, NULL, &intake, &err),
              err);
    assert_int_equal(intake.n_unanswerable, 1);
    assert_int_equal(intake.n_new, 0);
    cf_cloud_page_done(&page);
}

static void
a_page_that_the_store_does_not_take_is_an_error(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    fake_cloud_offer(kit->cloud, "{\"requestContext\":\"a\"}");
    cf_fake_store_fail_next_of(kit->store, "receive", CF_E_DISK_FULL);
    assert_rc(download(kit, &err), CF_E_DISK_FULL);
    assert_int_equal(count(kit, CF_KIND_PKCS), 0);
}

static void
no_more_is_asked_for_than_there_is_room_for(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    kit->site->settings->cloud.max_requests = 2;
    for (int i = 0; i < 12; i++) {
        char json[64];

        snprintf(json, sizeof json, "{\"requestContext\":\"r%d\"}", i);
        fake_cloud_offer(kit->cloud, json);
    }
    for (int i = 0; i < 10; i++)
        assert_ok(download(kit, &err), err);
    assert_int_equal(count(kit, CF_KIND_PKCS), 8);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_DOWNLOAD), 4);
}

static void
revocations(struct core_kit *kit)
{
    uint64_t next_ms = 0;
    struct cf_err err = {0};

    assert_ok(cf_duty_revocations(kit->scheduler, kit->site, &next_ms, &err), err);
}

static void
offer_revocation(struct core_kit *kit, const char *context, const char *serial, const char *issuer,
                 const char *configuration)
{
    char json[512];

    snprintf(json, sizeof json,
             "{\"requestContext\":\"%s\",\"serialNumber\":\"%s\",\"issuerName\":%s%s%s,"
             "\"caConfiguration\":%s%s%s}",
             context, serial, issuer ? "\"" : "", issuer ? issuer : "null", issuer ? "\"" : "",
             configuration ? "\"" : "", configuration ? configuration : "null",
             configuration ? "\"" : "");
    fake_cloud_offer_revocation(kit->cloud, json);
}

static void
revocations_of_other_connectors_are_left_alone(void **state)
{
    struct core_kit *kit = *state;

    offer_revocation(kit, "theirs-1", "77", "CN=Their CA", NULL);
    offer_revocation(kit, "theirs-2", "78", NULL, "their-section");
    offer_revocation(kit, "theirs-3", "79", "CN=Their CA", "their-section");
    offer_revocation(kit, "ours-1", "77", NULL, "CORP");
    offer_revocation(kit, "ours-2", "77", "CN=Test CA", NULL);
    offer_revocation(kit, "ours-3", "77", "Example CA", NULL);
    offer_revocation(kit, "ours-4", "77", NULL, NULL);
    offer_revocation(kit, "ours-5", "not a number", "CN=Their CA", NULL);
    revocations(kit);
    assert_int_equal(count(kit, CF_KIND_REVOCATION), 5);
    assert_int_equal(cf_metric_get(CF_M_REVOCATIONS_RECEIVED), 5);
}

static char *
serial_of(struct core_kit *kit, const char *context)
{
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);

    return strdup(item->serial);
}

static void
an_equal_serial_of_another_ca_is_not_ours(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own_str serial = serial_of(kit, "r1");
    offer_revocation(kit, "theirs", serial, "CN=Their CA", "their-section");
    revocations(kit);
    assert_int_equal(count(kit, CF_KIND_REVOCATION), 0);
}

static void
a_certificate_of_ours_is_ours_when_its_ca_has_left_the_configuration(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own_str serial = serial_of(kit, "r1");
    kit->site->n_cas = 0;
    offer_revocation(kit, "ours", serial, "CN=Test CA", NULL);
    revocations(kit);
    kit->site->n_cas = 1;
    assert_int_equal(count(kit, CF_KIND_REVOCATION), 1);
}

static void
a_revocation_that_names_another_section_does_not_hit_ours(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};
    char json[256];

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own_str serial = serial_of(kit, "r1");
    snprintf(json, sizeof json,
             "{\"requestContext\":\"v1\",\"serialNumber\":\"%s\",\"caConfiguration\":\"other\"}",
             serial);
    core_receive(kit, CF_KIND_REVOCATION, "v1", json);
    assert_ok(core_run(kit, CF_KIND_REVOCATION, "v1", &err), err);
    cf_own(cf_item) item = core_item(kit, CF_KIND_REVOCATION, "v1");
    assert_int_equal(item->state, CF_STATE_FAILED);
    assert_rc(item->rc, CF_E_NOT_FOUND);
    assert_int_equal(kit->ca->n_revokes, 0);
}

static void
revoking_twice_is_a_success_both_times(void **state)
{
    struct core_kit *kit = *state;
    struct cf_err err = {0};

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    for (int i = 0; i < 2; i++) {
        cf_own_str json = core_revocation(kit, i ? "v2" : "v1", "r1");
        core_receive(kit, CF_KIND_REVOCATION, i ? "v2" : "v1", json);
        assert_ok(core_run(kit, CF_KIND_REVOCATION, i ? "v2" : "v1", &err), err);
        cf_own(cf_item) item = core_item(kit, CF_KIND_REVOCATION, i ? "v2" : "v1");
        assert_int_equal(item->state, CF_STATE_REVOKED);
    }
    assert_int_equal(kit->ca->n_revokes, 1);
    assert_int_equal(kit->log.n[CF_EV_CERTIFICATE_REVOKED], 2);
}

#define intake_test(name) cmocka_unit_test_setup_teardown(name, setup, core_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        intake_test(one_context_twice_in_a_page_counts_once),
        intake_test(a_known_request_is_not_taken_in_again),
        intake_test(each_request_becomes_an_item_of_its_kind),
        intake_test(what_cannot_be_answered_is_logged_and_the_rest_goes_on),
        intake_test(a_page_of_nothing_but_nonsense_is_counted),
        intake_test(a_page_that_the_store_does_not_take_is_an_error),
        intake_test(no_more_is_asked_for_than_there_is_room_for),
        intake_test(revocations_of_other_connectors_are_left_alone),
        intake_test(an_equal_serial_of_another_ca_is_not_ours),
        intake_test(a_certificate_of_ours_is_ours_when_its_ca_has_left_the_configuration),
        intake_test(a_revocation_that_names_another_section_does_not_hit_ours),
        intake_test(revoking_twice_is_a_success_both_times),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
