/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evp_keygen KIND N - makes N keys by EVP_PKEY_generate and prints the CPU seconds it took.
 * KIND: rsa2048 or p256.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double
cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
    if (argc != 3)
        return 64;

    double begin = cpu_seconds();
    for (long n = strtol(argv[2], NULL, 10); n > 0; n--) {
        EVP_PKEY *key = strcmp(argv[1], "rsa2048") == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
        if (!key)
            return 1;
        EVP_PKEY_free(key);
    }
    printf("%.4f\n", cpu_seconds() - begin);
    return 0;
}
