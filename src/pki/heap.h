/* SPDX-License-Identifier: Apache-2.0 */
/* heap - the size of the secure heap, for those who fill it. */
#pragma once

#include <stddef.h>

size_t cf_pki_secure_heap_len(void); /* 0 before cf_pki_init */
