/* SPDX-License-Identifier: Apache-2.0 */
#include "thread.h"

void
cf_thread_block_signals(sigset_t *ret_saved)
{
    sigset_t blocked;

    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    sigdelset(&blocked, SIGABRT);
    pthread_sigmask(SIG_BLOCK, &blocked, ret_saved);
}
