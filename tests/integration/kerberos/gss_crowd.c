/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "gss_talk.h"

enum { N_THREADS = 8, ROUNDS = 20 };

struct member {
    const struct cf_kerberos *kerberos;
    make_context_fn *make_context;
    int number;
    int n_failed;
    struct cf_err err;
};

static void *
run(void *arg)
{
    struct member *member = arg;

    for (int i = 0; i < ROUNDS; i++) {
        struct cf_err err = {0};
        if ((i + member->number) % N_THREADS == 0)
            cf_kerberos_forget(member->kerberos);
        if (member->make_context(member->kerberos, &err) != CF_OK) {
            member->n_failed++;
            member->err = err;
        }
    }
    return NULL;
}

void
check_crowd(const struct cf_kerberos *kerberos, make_context_fn *make_context)
{
    pthread_t threads[N_THREADS];
    struct member members[N_THREADS];
    int n_failed = 0;

    for (int i = 0; i < N_THREADS; i++) {
        members[i] =
            (struct member){.kerberos = kerberos, .make_context = make_context, .number = i};
        if (pthread_create(&threads[i], NULL, run, &members[i]) != 0)
            abort();
    }
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        n_failed += members[i].n_failed;
        if (members[i].n_failed > 0)
            printf("fault=%s\n", members[i].err.text);
    }
    printf("failed=%d\n", n_failed);
}
