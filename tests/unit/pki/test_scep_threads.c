/* SPDX-License-Identifier: Apache-2.0 */
/* test_scep_threads - one message and one registration authority under several threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "scep_kit.h"

enum { N_THREADS = 4, N_ROUNDS = 4 };

static struct cf_scep_message *messages[2]; /* good, and with a key that does not decrypt */
static atomic_uint n_done;

static void
flip_key(uint8_t *envelope, size_t len)
{
    static const uint8_t head[] = {0x04, 0x82, 0x01, 0x00};
    uint8_t *at = memmem(envelope, len, head, sizeof head);

    assert_non_null(at);
    at[100] ^= 1;
}

static bool
is_as_expected(const struct cf_scep_message *message, bool is_good)
{
    enum cf_scep_fail_info fail_info;
    cf_own(cf_secret) content = NULL;
    cf_own(cf_buf) der = NULL;
    const struct cf_scep_reply reply = {.status = CF_SCEP_SUCCESS,
                                        .certs = cf_cert_der(kit_ras()[KIT_SIGNING].cert),
                                        .now_ms = LAB_NOW_MS};

    bool is_opened = cf_scep_message_open(message, kit_ras(), KIT_RAS, &content, NULL) == CF_OK &&
                     strcmp((const char *)cf_secret_data(content), KIT_CONTENT) == 0;
    return cf_scep_message_check(message, &fail_info, NULL) == CF_OK && is_opened == is_good &&
           cf_scep_reply_build(message, &kit_ras()[KIT_SIGNING], &reply, &der, NULL) == CF_OK;
}

static void *
work(void *arg)
{
    (void)arg;
    for (int i = 0; i < N_ROUNDS; i++) {
        for (int k = 0; k < 2; k++)
            atomic_fetch_add(&n_done, is_as_expected(messages[k], k == 0));
    }
    return NULL;
}

static void
messages_and_keys_are_shared(void **state)
{
    pthread_t threads[N_THREADS];

    (void)state;
    messages[0] = kit_parsed(&(struct kit_spec){0});
    messages[1] = kit_parsed(&(struct kit_spec){.edit = flip_key});
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (int i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(n_done, 2 * N_THREADS * N_ROUNDS);
    for (int k = 0; k < 2; k++)
        messages[k] = cf_scep_message_free(messages[k]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_and_keys_are_shared),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
