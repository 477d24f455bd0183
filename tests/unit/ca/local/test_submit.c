/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdlib.h>

static void
the_same_request_gets_the_same_certificate(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) first = kit_issue(kit, ca, "r1", csr);
    cf_own(cf_cert) again = kit_issue(kit, ca, "r1", csr);

    assert_true(cf_bytes_equal(cf_cert_der(first), cf_cert_der(again)));
    assert_int_equal(kit->store->n, 1);
    /* The length of the context is part of the key: no two pairs run together. */
    cf_own(cf_cert) other = kit_issue(kit, ca, "r", csr);
    assert_string_not_equal(cf_cert_serial(first), cf_cert_serial(other));
    ca->ops->close(ca);
}

static void
a_crash_between_record_and_answer_gives_the_recorded_certificate(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_submission submission = kit_submission(kit, "r1", csr);
    struct cf_ca_answer answer = {0};

    kit->store->fail_after_add = CF_E_IO;
    assert_int_equal(ca->ops->submit(ca, &submission, &answer, NULL), CF_E_IO);
    assert_null(answer.cert);
    ca->ops->close(ca);

    ca = kit_ca(kit);
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", csr);
    assert_int_equal(kit->store->n, 1);
    assert_string_equal(kit->store->record[0]->serial, cf_cert_serial(cert));
    ca->ops->close(ca);
}

static char *
submit_pending(struct ca_kit *kit, struct cf_ca *ca, const char *context, const struct cf_buf *csr)
{
    struct cf_ca_submission submission = kit_submission(kit, context, csr);
    struct cf_ca_answer answer = {0};

    assert_int_equal(ca->ops->submit(ca, &submission, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    assert_non_null(answer.cookie);
    char *cookie = strdup(answer.cookie);
    cf_ca_answer_done(&answer);
    return cookie;
}

static void
a_pending_request_is_issued_when_approved(void **state)
{
    struct ca_kit *kit = *state;
    cf_own(cf_buf) csr = kit_csr("a");

    kit->tmpl.approval = true;
    struct cf_ca *ca = kit_ca(kit);
    cf_own_str cookie = submit_pending(kit, ca, "r1", csr);
    cf_own_str same = submit_pending(kit, ca, "r1", csr);
    struct cf_ca_answer answer = {0};

    assert_string_equal(cookie, same);
    assert_int_equal(ca->ops->poll(ca, cookie, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    cf_ca_answer_done(&answer);
    ca->ops->close(ca);

    ca = kit_ca(kit);
    assert_int_equal(ca->ops->decide(ca, cookie, true, NULL), CF_OK);
    assert_int_equal(ca->ops->decide(ca, cookie, false, NULL), CF_E_CONFLICT);
    assert_int_equal(ca->ops->poll(ca, cookie, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_ISSUED);
    cf_own(cf_cert) cert = NULL;
    assert_int_equal(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, NULL), CF_OK);
    assert_string_equal(cf_cert_serial(cert), kit->store->record[0]->serial);
    assert_int_equal(cf_cert_not_after_ms(cert), kit->store->record[0]->not_after_ms);
    cf_ca_answer_done(&answer);
    ca->ops->close(ca);
}

static void
a_pending_request_is_rejected_when_denied(void **state)
{
    struct ca_kit *kit = *state;
    cf_own(cf_buf) csr = kit_csr("a");

    kit->tmpl.approval = true;
    struct cf_ca *ca = kit_ca(kit);
    cf_own_str cookie = submit_pending(kit, ca, "r1", csr);
    struct cf_ca_answer answer = {0};

    assert_int_equal(ca->ops->decide(ca, cookie, false, NULL), CF_OK);
    assert_int_equal(ca->ops->poll(ca, cookie, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
    kit_contains(answer.reason, "denied");
    cf_ca_answer_done(&answer);
    kit_expect_rejected(kit, ca, "r1", csr, "denied");
    ca->ops->close(ca);
}

static void
approval_asks_the_template_as_it_is_now(void **state)
{
    struct ca_kit *kit = *state;
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_err err = {0};

    kit->tmpl.approval = true;
    struct cf_ca *ca = kit_ca(kit);
    cf_own_str cookie = submit_pending(kit, ca, "r1", csr);

    kit->tmpl.key_usage = CF_KU_KEY_ENCIPHERMENT;
    assert_int_equal(ca->ops->decide(ca, cookie, true, &err), CF_E_REJECTED);
    kit_contains(err.text, "key usage");
    kit->settings.n_templates = 0;
    assert_int_equal(ca->ops->decide(ca, cookie, true, &err), CF_E_CA_CONFIG);
    assert_int_equal(kit->store->record[0]->status, CF_CA_PENDING);
    ca->ops->close(ca);
}

static void
an_unknown_cookie_is_not_found(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    struct cf_ca_answer answer = {0};

    assert_int_equal(ca->ops->poll(ca, "nothing", &answer, NULL), CF_E_NOT_FOUND);
    assert_int_equal(ca->ops->decide(ca, "nothing", true, NULL), CF_E_NOT_FOUND);
    ca->ops->close(ca);
}

static void
a_revoked_certificate_is_not_handed_out_again(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", csr);

    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 4, NULL), CF_OK);
    kit_expect_rejected(kit, ca, "r1", csr, "revoked");
    ca->ops->close(ca);
}

static void
nothing_happens_while_stopping(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_submission submission = kit_submission(kit, "r1", csr);
    struct cf_ca_answer answer = {0};
    int64_t next = 0;

    kit->stop = 1;
    assert_int_equal(ca->ops->submit(ca, &submission, &answer, NULL), CF_E_STOPPED);
    assert_int_equal(ca->ops->poll(ca, "x", &answer, NULL), CF_E_STOPPED);
    assert_int_equal(kit_revoke(ca, "01", 0, NULL), CF_E_STOPPED);
    assert_int_equal(ca->ops->upkeep(ca, &next, NULL), CF_E_STOPPED);
    assert_int_equal(kit->store->n, 0);
    ca->ops->close(ca);
}

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, kit_setup, kit_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(the_same_request_gets_the_same_certificate),
        WITH_KIT(a_crash_between_record_and_answer_gives_the_recorded_certificate),
        WITH_KIT(a_pending_request_is_issued_when_approved),
        WITH_KIT(a_pending_request_is_rejected_when_denied),
        WITH_KIT(approval_asks_the_template_as_it_is_now),
        WITH_KIT(an_unknown_cookie_is_not_found),
        WITH_KIT(a_revoked_certificate_is_not_handed_out_again),
        WITH_KIT(nothing_happens_while_stopping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
