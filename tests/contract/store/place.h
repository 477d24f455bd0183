/* SPDX-License-Identifier: Apache-2.0 */
/* place - where the stores of the tests are: what differs between implementations. */
#pragma once

#include "certferry/store.h"

/* Around all tests. */
void place_start(void);
void place_stop(void);
/* A place where no store is yet; options borrow from it. */
void place_make(struct cf_store_options *options);
/* A place that is damaged, or in use, is better left as it is. */
void place_remove(void);
