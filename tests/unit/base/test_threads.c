/* SPDX-License-Identifier: Apache-2.0 */
/* What several threads may use at once; of most worth under ThreadSanitizer. */
#include "unit.h"

#include <pthread.h>

#include "certferry/clock.h"
#include "certferry/log.h"
#include "certferry/metrics.h"

enum { N_THREADS = 4, N_ROUNDS = 200 };

static void
count(void *arg, enum cf_event event, int priority, const char *message,
      const struct cf_log_fields *fields)
{
    (void)event, (void)priority, (void)message, (void)fields;
    (*(unsigned *)arg)++;
}

static void *
work(void *arg)
{
    for (int i = 0; i < N_ROUNDS; i++) {
        cf_metric_add(CF_M_KEYS_GENERATED, 1);
        cf_clock_fake_advance(arg, 1);
        cf_log(CF_EV_DAEMON_STARTED, NULL, "round %d", i);
    }
    return NULL;
}

static void
nothing_is_lost_between_threads(void **state)
{
    (void)state;
    struct cf_clock *clock = cf_clock_fake_new(0);
    pthread_t thread[N_THREADS];
    unsigned n_entries = 0;

    cf_metric_reset_all();
    cf_log_set_sink(count, &n_entries);
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, clock), 0);
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(thread[i], NULL);
    cf_log_set_sink(NULL, NULL);
    assert_int_equal(n_entries, N_THREADS * N_ROUNDS);
    assert_int_equal(cf_metric_get(CF_M_KEYS_GENERATED), N_THREADS * N_ROUNDS);
    assert_int_equal(cf_clock_now_ms(clock), N_THREADS * N_ROUNDS);
    cf_clock_fake_free(clock);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost_between_threads)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
