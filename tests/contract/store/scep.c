/* SPDX-License-Identifier: Apache-2.0 */
/* scep - a challenge is good for one request, and a document is replaced by whoever read it. */
#include "contract.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 6 };
#define DAY (24 * 60 * MINUTE)

static const uint8_t DIGEST[32] = {1, 0, 3, '\'', 255, 6};
static const uint8_t OTHER[32] = {1, 0, 3, '\'', 255, 7};

static enum cf_rc
add(struct fixture *f, const char *profile, const uint8_t digest[32], const char *subject)
{
    struct cf_scep_challenge_record record = {.profile = profile,
                                              .subject = subject,
                                              .made_by = "root",
                                              .made_ms = NOW,
                                              .expires_ms = NOW + MINUTE};

    memcpy(record.digest, digest, sizeof record.digest);
    return f->store->ops->challenge_add(f->store, &record, &f->err);
}

static enum cf_rc
use(struct fixture *f, const char *profile, const uint8_t digest[32], const char *subject,
    const char *context)
{
    return f->store->ops->challenge_use(f->store, profile, digest, subject, context,
                                        cf_clock_now_ms(f->clock), &f->err);
}

static void
takes_a_challenge_for_one_request(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, add(f, "phones", DIGEST, NULL));
    reopen(f);
    assert_ok(f, use(f, "phones", DIGEST, "CN=a", "phones/k/1"));
    reopen(f);
    assert_ok(f, use(f, "phones", DIGEST, "CN=a", "phones/k/1"));
    assert_int_equal(use(f, "phones", DIGEST, "CN=a", "phones/k/2"), CF_E_CONFLICT);
    assert_non_null(strstr(f->err.text, "phones/k/1"));
    assert_int_equal(f->err.fault, CF_FAULT_REQUEST);
    /* Its own request comes again, however late. */
    cf_clock_fake_advance(f->clock, 10 * MINUTE);
    assert_ok(f, use(f, "phones", DIGEST, NULL, "phones/k/1"));
}

static void
knows_a_challenge_by_profile_and_digest(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, add(f, "phones", DIGEST, NULL));
    assert_int_equal(use(f, "phones", OTHER, NULL, "c"), CF_E_NOT_FOUND);
    assert_int_equal(use(f, "Phones", DIGEST, NULL, "c"), CF_E_NOT_FOUND);
    assert_int_equal(f->err.fault, CF_FAULT_REQUEST);
    assert_int_equal(add(f, "phones", DIGEST, "CN=other"), CF_E_CONFLICT);
    assert_ok(f, add(f, "tablets", DIGEST, NULL));
    assert_ok(f, add(f, "phones", OTHER, NULL));
    assert_ok(f, use(f, "tablets", DIGEST, NULL, "c"));
    assert_ok(f, use(f, "phones", DIGEST, NULL, "c"));
    assert_ok(f, use(f, "phones", OTHER, NULL, "c"));
}

static void
ends_a_challenge_in_time(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, add(f, "phones", DIGEST, NULL));
    assert_ok(f, add(f, "phones", OTHER, NULL));
    cf_clock_fake_advance(f->clock, MINUTE - 1);
    assert_ok(f, use(f, "phones", DIGEST, NULL, "c"));
    cf_clock_fake_advance(f->clock, 1);
    assert_int_equal(use(f, "phones", OTHER, NULL, "c"), CF_E_RANGE);
    assert_int_equal(f->err.fault, CF_FAULT_REQUEST);
}

static void
keeps_a_challenge_for_its_subject(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, add(f, "phones", DIGEST, "CN=a,O=b"));
    assert_int_equal(use(f, "phones", DIGEST, "CN=A,O=b", "c"), CF_E_MISMATCH);
    assert_non_null(strstr(f->err.text, "CN=a,O=b"));
    assert_int_equal(use(f, "phones", DIGEST, NULL, "c"), CF_E_MISMATCH);
    assert_ok(f, use(f, "phones", DIGEST, "CN=a,O=b", "c"));
}

static void
forgets_a_challenge_a_day_after_its_end(void **state)
{
    struct fixture *f = *state;
    uint64_t n = 7;

    assert_ok(f, add(f, "phones", DIGEST, NULL));
    cf_clock_fake_advance(f->clock, MINUTE + DAY - 1);
    assert_ok(f, f->store->ops->prune(f->store, NOW, &n, &f->err));
    assert_int_equal(n, 0);
    assert_int_equal(use(f, "phones", DIGEST, NULL, "c"), CF_E_RANGE);
    cf_clock_fake_advance(f->clock, 1);
    assert_ok(f, f->store->ops->prune(f->store, NOW, &n, &f->err));
    assert_int_equal(use(f, "phones", DIGEST, NULL, "c"), CF_E_NOT_FOUND);
}

struct racer {
    struct fixture *f;
    int number;
    atomic_int *n_good;
    atomic_int *n_bad;
};

static void
count(const struct racer *racer, enum cf_rc rc)
{
    if (rc == CF_OK)
        atomic_fetch_add(racer->n_good, 1);
    else if (rc != CF_E_CONFLICT)
        atomic_fetch_add(racer->n_bad, 1);
}

static void *
use_and_put(void *arg)
{
    const struct racer *racer = arg;
    struct cf_store *store = racer->f->store;
    char context[16];

    (void)snprintf(context, sizeof context, "%d", racer->number);
    count(racer, store->ops->challenge_use(store, "phones", DIGEST, NULL, context, NOW, NULL));
    count(racer, store->ops->ra_put(store, "corp", 0, cf_bytes_of(context, 1), NULL));
    return NULL;
}

static void
lets_one_of_many_be_first(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    struct racer racers[THREADS];
    atomic_int n_good = 0;
    atomic_int n_bad = 0;

    assert_ok(f, add(f, "phones", DIGEST, NULL));
    for (int i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){f, i, &n_good, &n_bad};
        assert_int_equal(pthread_create(&threads[i], NULL, use_and_put, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&n_bad), 0);
    assert_int_equal(atomic_load(&n_good), 2);
}

static void
assert_document(struct fixture *f, const char *ca, uint64_t version, const char *text)
{
    cf_own(cf_buf) document = NULL;
    uint64_t found = 0;

    assert_ok(f, f->store->ops->ra_get(f->store, ca, &found, &document, &f->err));
    assert_int_equal(found, version);
    assert_buf(document, text);
}

static enum cf_rc
put(struct fixture *f, const char *ca, uint64_t version, const char *text)
{
    return f->store->ops->ra_put(f->store, ca, version, cf_bytes_of(text, strlen(text)), &f->err);
}

static void
keeps_a_document_for_each_ca(void **state)
{
    struct fixture *f = *state;
    struct cf_buf *document = NULL;
    uint64_t version = 7;

    assert_int_equal(f->store->ops->ra_get(f->store, "corp", &version, &document, &f->err),
                     CF_E_NOT_FOUND);
    assert_int_equal(version, 7);
    assert_null(document);
    assert_ok(f, put(f, "corp", 0, "{\"a\":1}"));
    assert_ok(f, put(f, "' OR 1=1 --", 0, "{}"));
    assert_ok(f, put(f, "corp", 1, "{\"a\":2}"));
    reopen(f);
    assert_document(f, "corp", 2, "{\"a\":2}");
    assert_document(f, "' OR 1=1 --", 1, "{}");
}

static void
refuses_to_replace_what_was_not_read(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put(f, "corp", 1, "x"), CF_E_CONFLICT);
    assert_ok(f, put(f, "corp", 0, "a"));
    assert_int_equal(put(f, "corp", 0, "x"), CF_E_CONFLICT);
    assert_int_equal(put(f, "corp", 2, "x"), CF_E_CONFLICT);
    assert_non_null(strstr(f->err.text, "faster"));
    assert_document(f, "corp", 1, "a");
}

static void
limits_the_length_of_a_document(void **state)
{
    struct fixture *f = *state;
    char *text = malloc(CF_STORE_RA_MAX + 1);

    assert_non_null(text);
    memset(text, 'x', CF_STORE_RA_MAX + 1);
    struct cf_bytes document = cf_bytes_of(text, CF_STORE_RA_MAX + 1);
    assert_int_equal(f->store->ops->ra_put(f->store, "corp", 0, document, &f->err), CF_E_LIMIT);
    document.len--;
    assert_ok(f, f->store->ops->ra_put(f->store, "corp", 0, document, &f->err));
    free(text);
}

int
run_scep(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(takes_a_challenge_for_one_request),
        CONTRACT_TEST(knows_a_challenge_by_profile_and_digest),
        CONTRACT_TEST(ends_a_challenge_in_time),
        CONTRACT_TEST(keeps_a_challenge_for_its_subject),
        CONTRACT_TEST(forgets_a_challenge_a_day_after_its_end),
        CONTRACT_TEST(lets_one_of_many_be_first),
        CONTRACT_TEST(keeps_a_document_for_each_ca),
        CONTRACT_TEST(refuses_to_replace_what_was_not_read),
        CONTRACT_TEST(limits_the_length_of_a_document),
    };
    return cmocka_run_group_tests_name("scep", tests, NULL, NULL);
}
