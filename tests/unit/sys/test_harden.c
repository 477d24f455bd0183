/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "certferry/harden.h"

static void
a_hardened_process_leaves_no_core_and_cannot_be_traced(void **state)
{
    struct rlimit core = {1, 1};
    struct cf_err err;

    (void)state;
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
    assert_int_equal(cf_process_harden(0027, &err), CF_OK);
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
    assert_int_equal(core.rlim_max, 0);
    assert_int_equal(umask(0), 0027);
    assert_int_equal(raise(SIGPIPE), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hardened_process_leaves_no_core_and_cannot_be_traced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
