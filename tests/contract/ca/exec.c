/* SPDX-License-Identifier: Apache-2.0 */
/* The contract held by a program around the openssl command. */
#include <stdlib.h>

#include "contract/ca/contract.h"

static void
open_exec(struct contract *contract)
{
    struct ca_kit *kit = &contract->kit;

    contract->command[0] = strdup(EXEC_CA);
    contract->command[1] = strdup(kit->dir);
    kit->settings.command = contract->command;
    kit->settings.chain_file = strdup(kit->settings.cert_file);
    kit->settings.timeout_ms = 20000;
    kit->settings.output_max = 65536;
    free(kit->settings.backend);
    kit->settings.backend = strdup("exec");
    contract->ca = kit_ca(kit);
}

static void
close_exec(struct contract *contract)
{
    contract->ca->ops->close(contract->ca);
    free(contract->command[0]);
    free(contract->command[1]);
    free(contract->kit.settings.chain_file);
}

static void
rename_template(struct contract *contract, const char *name)
{
    free(contract->kit.tmpl.name);
    contract->kit.tmpl.name = strdup(name);
}

static void
need_approval(struct contract *contract)
{
    rename_template(contract, "by-hand");
}

static void
refuse_all(struct contract *contract)
{
    rename_template(contract, "forbidden");
}

static void
decide(struct contract *contract, const char *cookie, bool approve)
{
    assert_int_equal(
        kit_run(&contract->kit, "echo %s > 'decided/%s'", approve ? "approve" : "deny", cookie), 0);
}

int
main(void)
{
    static const struct contract_impl IMPL = {open_exec, close_exec, need_approval, refuse_all,
                                              .decide = decide};

    return contract_main(&IMPL);
}
