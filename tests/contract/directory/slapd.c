/* SPDX-License-Identifier: Apache-2.0 */
/* The real client against OpenLDAP: the contract over each kind of TLS, then its faults. */
#include <signal.h>

#include "contract/directory/contract.h"
#include "contract/directory/slapd_child.h"
#include "contract/directory/slapd_faults.h"
#include "unit/base/unit.h"

static enum cf_directory_tls tls;
static struct cf_directory_settings settings;

static struct cf_directory *
slapd_open(void)
{
    struct cf_directory_env env = {.clock = cf_clock_real(), .stop_flag = &contract_stop};
    struct cf_directory *directory = NULL;
    struct cf_err err = {0};

    settings = slapd_settings(tls);
    assert_ok(cf_directory_ldap.open(&settings, &env, &directory, &err), err);
    return directory;
}

int
main(void)
{
    struct contract_impl impl = {.open = slapd_open, .close = cf_directory_ldap.close};
    int n_failed = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    slapd_prepare();
    slapd_start("good");
    tls = CF_DIRECTORY_LDAPS;
    impl.name = "LDAPS";
    n_failed += contract_run(&impl);
    tls = CF_DIRECTORY_STARTTLS;
    impl.name = "StartTLS";
    n_failed += contract_run(&impl);
    slapd_stop();
    n_failed += slapd_faults_run();
    n_failed += slapd_times_run();
    slapd_clean();
    return n_failed;
}
