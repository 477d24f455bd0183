/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/harden.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum cf_rc
cf_process_harden(mode_t mask, struct cf_err *err)
{
    const struct rlimit no_core = {0, 0};

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "prctl(PR_SET_DUMPABLE)");
    if (setrlimit(RLIMIT_CORE, &no_core) < 0)
        return cf_fail_errno(err, CF_E_IO, errno, "setrlimit(RLIMIT_CORE)");
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return cf_fail_errno(err, CF_E_IO, errno, "signal(SIGPIPE)");
    umask(mask);
    return CF_OK;
}
