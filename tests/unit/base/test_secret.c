/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certferry/secret.h"

/* Sanitizers take over mlock and SIGSEGV. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { HAS_SANITIZER = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { HAS_SANITIZER = 1 };
#else
enum { HAS_SANITIZER = 0 };
#endif
#else
enum { HAS_SANITIZER = 0 };
#endif

static void
a_new_secret_is_zeroed_and_terminated(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_secret) secret = NULL;

    assert_ok(cf_secret_new(33, &secret, &err), err);
    assert_int_equal(cf_secret_len(secret), 33);
    for (size_t i = 0; i <= 33; i++)
        assert_int_equal(cf_secret_data(secret)[i], 0);
    assert_int_equal((uintptr_t)cf_secret_data(secret) % 16, 0);
}

static void
lengths_outside_the_limits_are_refused(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_secret) secret = NULL;

    assert_rc(cf_secret_new(0, &secret, &err), CF_E_RANGE);
    assert_rc(cf_secret_new(CF_SECRET_MAX + 1, &secret, &err), CF_E_RANGE);
    assert_null(secret);
    assert_ok(cf_secret_new(CF_SECRET_MAX, &secret, &err), err);
    cf_secret_edit(secret)[CF_SECRET_MAX - 1] = 1;
}

static void
a_copy_can_be_compared_and_truncated(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_secret) a = NULL;
    cf_own(cf_secret) b = NULL;

    assert_ok(cf_secret_copy("password", 8, &a, &err), err);
    assert_ok(cf_secret_copy("passw0rd", 8, &b, &err), err);
    assert_false(cf_secret_equal(a, b));
    assert_true(cf_secret_is(a, "password", 8));
    assert_false(cf_secret_is(a, "passwor", 7));
    assert_false(cf_secret_is(a, "passworD", 8));
    cf_secret_truncate(a, 5);
    assert_false(cf_secret_equal(a, b));
    cf_secret_truncate(b, 5);
    assert_true(cf_secret_equal(a, b));
    assert_memory_equal(cf_secret_data(a), "passw\0\0\0", 9);
}

static void
random_secrets_differ(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_secret) a = NULL;
    cf_own(cf_secret) b = NULL;

    assert_ok(cf_secret_random(32, &a, &err), err);
    assert_ok(cf_secret_random(32, &b, &err), err);
    assert_false(cf_secret_equal(a, b));
}

static void
an_echoed_secret_is_starred_out_of_a_text(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_secret) secret = NULL;
    cf_own(cf_secret) brief = NULL;
    char text[] = "bad tok-0123456789, cut tok-01234, near tok-012, not tok";

    assert_ok(cf_secret_copy("tok-0123456789", 14, &secret, &err), err);
    cf_secret_mask(secret, text);
    assert_string_equal(text, "bad **************, cut *********, near tok-012, not tok");
    assert_ok(cf_secret_copy("pw", 2, &brief, &err), err);
    char other[] = "pw: pw";
    cf_secret_mask(brief, other);
    assert_string_equal(other, "**: **");

    cf_secret_truncate(brief, 0);
    cf_secret_mask(brief, other);
    assert_string_equal(other, "**: **");
}

/* The VmFlags line that the kernel shows for the mapping at `address`. */
static void
read_flags(const void *address, char *ret, size_t size)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    char line[512];
    bool is_ours = false;

    ret[0] = '\0';
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        unsigned long low;
        unsigned long high;
        if (sscanf(line, "%lx-%lx ", &low, &high) == 2)
            is_ours = (uintptr_t)address >= low && (uintptr_t)address < high;
        if (is_ours && strncmp(line, "VmFlags:", 8) == 0)
            (void)snprintf(ret, size, "%s", line);
    }
    fclose(file);
}

static void
the_kernel_locks_the_pages_and_keeps_them_out_of_dumps_and_children(void **state)
{
    (void)state;
    struct cf_err err;
    char flags[512];
    cf_own(cf_secret) secret = NULL;

    assert_ok(cf_secret_new(100, &secret, &err), err);
    read_flags(cf_secret_data(secret), flags, sizeof flags);
    assert_contains(flags, " dd");
    assert_contains(flags, " wf");
    if (!HAS_SANITIZER)
        assert_contains(flags, " lo");
}

/* Runs fn in a child; returns its wait status. */
static int
in_child(int (*fn)(struct cf_secret *), struct cf_secret *secret)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(fn(secret));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int
is_zero(struct cf_secret *secret)
{
    for (size_t i = 0; i < cf_secret_len(secret); i++) {
        if (cf_secret_data(secret)[i] != 0)
            return 1;
    }
    return 0;
}

static void
a_child_sees_zeros(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_secret) secret = NULL;

    assert_ok(cf_secret_copy("password", 8, &secret, &err), err);
    assert_int_equal(in_child(is_zero, secret), 0);
    assert_memory_equal(cf_secret_data(secret), "password", 8);
}

static int
write_past_the_end(struct cf_secret *secret)
{
    volatile uint8_t *data = cf_secret_edit(secret);

    signal(SIGSEGV, SIG_DFL);
    for (size_t i = 0; i < 64; i++)
        data[cf_secret_len(secret) + i] = 1;
    return 0;
}

static void
writing_past_the_end_meets_the_guard_page(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_secret) secret = NULL;

    assert_ok(cf_secret_new(47, &secret, &err), err);
    int status = in_child(write_past_the_end, secret);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static int
allocate_without_lockable_memory(struct cf_secret *unused)
{
    (void)unused;
    const struct rlimit none = {0, 0};
    struct cf_secret *secret = NULL;
    struct cf_err err = {0};

    if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 || (geteuid() == 0 && setuid(65534) < 0))
        return 2;
    enum cf_rc rc = cf_secret_new(10, &secret, &err);
    return rc == CF_E_PERMISSION && !secret && strstr(err.text, "RLIMIT_MEMLOCK") ? 0 : 1;
}

static void
memory_that_cannot_be_locked_is_an_error_that_names_the_limit(void **state)
{
    (void)state;
    if (HAS_SANITIZER)
        skip();
    assert_int_equal(in_child(allocate_without_lockable_memory, NULL), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_secret_is_zeroed_and_terminated),
        cmocka_unit_test(lengths_outside_the_limits_are_refused),
        cmocka_unit_test(a_copy_can_be_compared_and_truncated),
        cmocka_unit_test(random_secrets_differ),
        cmocka_unit_test(an_echoed_secret_is_starred_out_of_a_text),
        cmocka_unit_test(the_kernel_locks_the_pages_and_keeps_them_out_of_dumps_and_children),
        cmocka_unit_test(a_child_sees_zeros),
        cmocka_unit_test(writing_past_the_end_meets_the_guard_page),
        cmocka_unit_test(memory_that_cannot_be_locked_is_an_error_that_names_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
