/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a KDC that takes connections and never says a word. */
#include "certferry/kerberos.h"

#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/base/unit.h"

enum { CROWD = 12, LEFT_MAX = 8, FOR_EVER_MS = 600 * 1000 };

static struct cf_err err;
static int stop;
static int listener = -1;
static char folder[] = "/tmp/certferry-kerberos-XXXXXX";
static char keytab_file[64];
static char conf_file[64];

/* Version 2, one key of "conn1@CORP.EXAMPLE" with AES-256: what no KDC ever sees. */
static void
write_keytab(void)
{
    static const char head[] = "\x05\x02\0\0\0\x44\0\1\0\x0c"
                               "CORP.EXAMPLE"
                               "\0\5"
                               "conn1"
                               "\0\0\0\1\0\0\0\0\1\0\x12\0\x20";
    static const char key[33] = "thirty-two bytes that are a key.";
    FILE *file = fopen(keytab_file, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(head, sizeof head - 1, 1, file), 1);
    assert_int_equal(fwrite(key, 32, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(keytab_file, 0600), 0);
}

static void
write_conf(unsigned port)
{
    FILE *file = fopen(conf_file, "w");

    assert_non_null(file);
    fprintf(file,
            "[libdefaults]\n default_realm = CORP.EXAMPLE\n udp_preference_limit = 1\n"
            " dns_lookup_kdc = false\n dns_lookup_realm = false\n"
            "[realms]\n CORP.EXAMPLE = {\n  kdc = 127.0.0.1:%u\n }\n"
            "[domain_realm]\n .corp.example = CORP.EXAMPLE\n",
            port);
    assert_int_equal(fclose(file), 0);
}

static int
start_kdc(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;

    (void)state;
    stop = 0;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    write_conf(ntohs(address.sin_port));
    return 0;
}

/* Those that wait are hung up on; each test ends with none left. */
static int
stop_kdc(void **state)
{
    (void)state;
    cf_fdp_close(&listener);
    while (cf_kerberos_is_waiting())
        (void)usleep(10000);
    return 0;
}

static struct cf_kerberos *
open_kerberos(uint64_t timeout_ms)
{
    struct cf_kerberos *kerberos = NULL;
    struct cf_kerberos_options options = {.keytab_file = keytab_file,
                                          .section = "[ca corp]",
                                          .timeout_ms = timeout_ms,
                                          .stop_flag = &stop};

    assert_int_equal(cf_kerberos_new(&options, &kerberos, &err), CF_OK);
    return kerberos;
}

static unsigned
count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    unsigned count = 0;

    assert_non_null(tasks);
    for (struct dirent *task = readdir(tasks); task; task = readdir(tasks)) {
        char path[300], name[32] = "";
        (void)snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (file) {
            count += fgets(name, sizeof name, file) && strcmp(name, "kerberos\n") == 0;
            fclose(file);
        }
    }
    closedir(tasks);
    return count;
}

static void
silence_ends_at_the_limit(void **state)
{
    cf_own(cf_kerberos) kerberos = open_kerberos(150);
    void *credential = NULL;

    (void)state;
    assert_string_equal(cf_kerberos_principal(kerberos), "conn1@CORP.EXAMPLE");
    assert_int_equal(cf_kerberos_acquire(kerberos, NULL, &credential, &err), CF_E_NET);
    assert_string_equal(err.text, "Kerberos: no KDC of CORP.EXAMPLE answered within 150 ms; check "
                                  "krb5.conf, DNS and port 88");
    assert_null(credential);
    assert_true(cf_kerberos_is_waiting());
}

static void
a_context_ends_at_its_own_limit(void **state)
{
    cf_own(cf_kerberos) kerberos = open_kerberos(FOR_EVER_MS);
    struct cf_gss_options options = {
        .kerberos = kerberos, .service = "host@pc1.corp.example", .timeout_ms = 150};
    cf_own(cf_gss) gss = NULL;
    struct cf_buf *token = NULL;
    bool is_complete = false;

    (void)state;
    assert_int_equal(cf_gss_new(&options, &gss, &err), CF_OK);
    assert_int_equal(cf_gss_step(gss, (struct cf_bytes){0}, &token, &is_complete, &err), CF_E_NET);
    assert_null(token);
    assert_true(cf_kerberos_is_waiting());
    /* Its thread has it still: there is no second try. */
    assert_int_equal(cf_gss_step(gss, (struct cf_bytes){0}, &token, &is_complete, &err), CF_E_BUG);
}

static void *
set_stop(void *arg)
{
    (void)arg;
    while (count_threads() == 0)
        (void)usleep(1000);
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void
the_stop_ends_the_wait(void **state)
{
    cf_own(cf_kerberos) kerberos = open_kerberos(FOR_EVER_MS);
    void *credential = NULL;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, set_stop, NULL), 0);
    assert_int_equal(cf_kerberos_acquire(kerberos, NULL, &credential, &err), CF_E_STOPPED);
    pthread_join(thread, NULL);
    assert_true(cf_kerberos_is_waiting());
    assert_int_equal(cf_kerberos_acquire(kerberos, "host@pc1.corp.example", &credential, &err),
                     CF_E_STOPPED);
    assert_int_equal(count_threads(), 1);
}

static void *
acquire(void *arg)
{
    void *credential = NULL;
    struct cf_err own = {0};

    /* Not asserted here: cmocka's failures belong to the main thread. */
    return cf_kerberos_acquire(arg, NULL, &credential, &own) == CF_E_NET ? arg : NULL;
}

static void
a_crowd_shares_calls_and_their_failure(void **state)
{
    cf_own(cf_kerberos) kerberos = open_kerberos(1500);
    pthread_t threads[CROWD];

    (void)state;
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, acquire, kerberos), 0);
    for (int i = 0; i < CROWD; i++) {
        void *outcome = NULL;
        pthread_join(threads[i], &outcome);
        assert_ptr_equal(outcome, kerberos);
    }
    assert_in_range(count_threads(), 1, LEFT_MAX);
}

static void
forgetting_waits_for_nobody(void **state)
{
    cf_own(cf_kerberos) kerberos = open_kerberos(20);
    void *credential = NULL;

    (void)state;
    assert_int_equal(cf_kerberos_acquire(kerberos, NULL, &credential, &err), CF_E_NET);
    for (int i = 0; i < 20; i++)
        cf_kerberos_forget(kerberos);
    assert_true(cf_kerberos_is_waiting());
}

static void
threads_do_not_pile_up(void **state)
{
    void *credential = NULL;

    (void)state;
    for (int i = 0; i < 3 * LEFT_MAX; i++) {
        cf_own(cf_kerberos) kerberos = open_kerberos(20);
        assert_int_equal(cf_kerberos_acquire(kerberos, NULL, &credential, &err), CF_E_NET);
    }
    assert_int_equal(count_threads(), LEFT_MAX);
    cf_own(cf_kerberos) patient = open_kerberos(FOR_EVER_MS);
    assert_int_equal(cf_kerberos_acquire(patient, NULL, &credential, &err), CF_E_NET);
    stop_kdc(NULL);
    start_kdc(NULL);
    cf_own(cf_kerberos) later = open_kerberos(20);
    assert_int_equal(cf_kerberos_acquire(later, NULL, &credential, &err), CF_E_NET);
    assert_int_equal(count_threads(), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(silence_ends_at_the_limit, start_kdc, stop_kdc),
        cmocka_unit_test_setup_teardown(a_context_ends_at_its_own_limit, start_kdc, stop_kdc),
        cmocka_unit_test_setup_teardown(the_stop_ends_the_wait, start_kdc, stop_kdc),
        cmocka_unit_test_setup_teardown(a_crowd_shares_calls_and_their_failure, start_kdc,
                                        stop_kdc),
        cmocka_unit_test_setup_teardown(forgetting_waits_for_nobody, start_kdc, stop_kdc),
        cmocka_unit_test_setup_teardown(threads_do_not_pile_up, start_kdc, stop_kdc),
    };

    if (!mkdtemp(folder))
        return 1;
    (void)snprintf(keytab_file, sizeof keytab_file, "%s/keytab", folder);
    (void)snprintf(conf_file, sizeof conf_file, "%s/krb5.conf", folder);
    setenv("KRB5_CONFIG", conf_file, 1);
    write_keytab();
    int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(keytab_file);
    (void)unlink(conf_file);
    (void)rmdir(folder);
    return n_failed;
}
