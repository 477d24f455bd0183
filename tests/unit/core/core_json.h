/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_json - requests as text: a good one, of which a test changes what it is about.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

/*
 * Pairs of path and JSON text, ended by NULL: "profile.keySize", "2048". A path whose text is
 * CORE_DROP is left out; one that the good request does not have is added to its section.
 */
#define CORE_DROP ((const char *)1)

char *core_json(const char *first, ...); /* malloc'd */
char *core_json_of(const char *const *pairs);
