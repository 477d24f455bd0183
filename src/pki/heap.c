/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap - where key material lives: OpenSSL's secure heap, and an allocator that wipes.
 *
 * The private numbers of a key stay in the secure heap, but OpenSSL's own encoders and decoders
 * copy the DER of a private key through the normal heap and free some of these copies as they
 * are. So every block that OpenSSL frees is wiped first.
 */
#include "heap.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "certferry/key.h"
#include "certferry/secret.h"
#include "scep_internal.h"

/* The smallest block of the secure heap: about the smallest number of an EC key. */
enum { SECURE_BLOCK_MIN = 32 };

static atomic_size_t heap_size;

static void *
plain_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(len);
}

static void
wiping_free(void *data, const char *file, int line)
{
    (void)file;
    (void)line;
    if (data)
        cf_wipe(data, malloc_usable_size(data));
    free(data);
}

/* realloc(3) may move a block and leave the old one as it was. */
static void *
wiping_realloc(void *data, size_t len, const char *file, int line)
{
    if (!data)
        return malloc(len);
    if (len == 0) {
        wiping_free(data, file, line);
        return NULL;
    }
    size_t old_len = malloc_usable_size(data);
    void *moved = malloc(len);
    if (!moved)
        return NULL;
    memcpy(moved, data, old_len < len ? old_len : len);
    wiping_free(data, file, line);
    return moved;
}

static enum cf_rc
install_wiping_allocator(struct cf_err *err)
{
    static bool is_installed;

    if (is_installed)
        return CF_OK;
    if (!CRYPTO_set_mem_functions(plain_malloc, wiping_realloc, wiping_free))
        return cf_fail(err, CF_E_BUG,
                       "cf_pki_init came after another use of OpenSSL in this process "
                       "(libcurl's set-up is one)");
    is_installed = true;
    return CF_OK;
}

enum cf_rc
cf_pki_init(size_t secure_heap_len, struct cf_err *err)
{
    if (secure_heap_len < 4096 || (secure_heap_len & (secure_heap_len - 1)) != 0)
        return cf_fail(err, CF_E_RANGE,
                       "secure heap size %zu: it has to be a power of two of 4096 bytes or more",
                       secure_heap_len);
    if (CRYPTO_secure_malloc_initialized())
        return cf_fail(err, CF_E_BUG, "the secure heap is set up already");
    CF_TRY(install_wiping_allocator(err));

    int result = CRYPTO_secure_malloc_init(secure_heap_len, SECURE_BLOCK_MIN);
    if (result == 1) {
        atomic_store(&heap_size, secure_heap_len);
        return CF_OK;
    }
    if (result == 0)
        return cf_fail(err, CF_E_OOM, "a secure heap of %zu bytes cannot be mapped",
                       secure_heap_len);
    /* OpenSSL goes on with a heap that may be swapped out. We do not. */
    (void)CRYPTO_secure_malloc_done();
    return cf_fail(err, CF_E_PERMISSION,
                   "the secure heap of %zu bytes cannot be locked in memory: raise "
                   "RLIMIT_MEMLOCK (LimitMEMLOCK= in the unit) or make the heap smaller",
                   secure_heap_len);
}

void
cf_pki_done(void)
{
    cf_scep_cipher_done();
    /* OpenSSL's random number generator has blocks in the heap until the process ends; the heap
     * stays for it then. Keys were wiped when they were freed. */
    if (CRYPTO_secure_malloc_done())
        atomic_store(&heap_size, 0);
}

size_t
cf_pki_secure_heap_used(void)
{
    return CRYPTO_secure_used();
}

size_t
cf_pki_secure_heap_len(void)
{
    return atomic_load(&heap_size);
}
