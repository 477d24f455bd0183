/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "cloud/parts.h"
#include "unit/base/unit.h"

enum { N_THREADS = 8 };

struct scene {
    struct cf_flight flight;
    int n_work; /* atomic */
    enum cf_rc outcome;
    int fresh;
    int value; /* under the flight's lock */
};

static enum cf_rc
work(void *arg, struct cf_err *err)
{
    struct scene *scene = arg;

    __atomic_fetch_add(&scene->n_work, 1, __ATOMIC_SEQ_CST);
    usleep(100 * 1000);
    if (scene->outcome != CF_OK)
        return cf_fail(err, scene->outcome, "told to");
    scene->fresh = 42;
    return CF_OK;
}

static void
publish(void *arg)
{
    struct scene *scene = arg;

    scene->value = scene->fresh;
}

static void *
want(void *arg)
{
    struct scene *scene = arg;
    struct cf_err err = {0};
    enum cf_rc rc = CF_OK;

    cf_flight_lock(&scene->flight);
    if (scene->value == 0)
        rc = cf_flight_run(&scene->flight, work, publish, scene, &err);
    bool is_right = rc == scene->outcome && err.rc == rc && (rc != CF_OK || scene->value == 42);
    cf_flight_unlock(&scene->flight);
    return is_right ? arg : NULL;
}

static void
run(struct scene *scene)
{
    pthread_t thread[N_THREADS];
    struct cf_err err;

    assert_ok(cf_flight_init(&scene->flight, &err), err);
    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, want, scene), 0);
    for (size_t i = 0; i < N_THREADS; i++) {
        void *is_right = NULL;

        assert_int_equal(pthread_join(thread[i], &is_right), 0);
        assert_non_null(is_right);
    }
    cf_flight_done(&scene->flight);
}

static void
one_works_and_all_get_the_result(void **state)
{
    struct scene scene = {.outcome = CF_OK};

    (void)state;
    run(&scene);
    assert_int_equal(scene.n_work, 1);
}

static void
all_who_waited_share_the_error(void **state)
{
    struct scene scene = {.outcome = CF_E_NET};

    (void)state;
    run(&scene);
    /* A thread that came late may have flown again; nobody who waited did. */
    assert_true(scene.n_work < N_THREADS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_works_and_all_get_the_result),
        cmocka_unit_test(all_who_waited_share_the_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
