/* SPDX-License-Identifier: Apache-2.0 */
/* thread - what the threads of this folder have in common. */
#pragma once

#include <signal.h>

/* Threads that are started now take no signals: those belong to the event loop. The ones a thread
 * raises itself stay open. Give the mask back with pthread_sigmask afterwards. */
void cf_thread_block_signals(sigset_t *ret_saved);
