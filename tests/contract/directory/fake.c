/* SPDX-License-Identifier: Apache-2.0 */
/* The fake keeps the contract, or tests that rely on it prove nothing. */
#include "fake/fake_directory.h"

#include "contract/directory/contract.h"

static struct cf_directory *
fake_open(void)
{
    struct cf_directory_env env = {.clock = cf_clock_real(), .stop_flag = &contract_stop};
    struct fake_directory *directory = fake_directory_new(&env);
    const struct fake_directory_entry accounts[] = {
        {.upn = "alice@corp.example",
         .dn = "cn=alice," CONTRACT_BASE,
         .sam_account_name = "alice",
         .mail = "alice@mail.example",
         .sid = CONTRACT_DOMAIN "-1101",
         .groups = {CONTRACT_DOMAIN "-513", CONTRACT_DOMAIN "-1201"}},
        {.upn = "bob@corp.example", .dn = "cn=bob," CONTRACT_BASE, .is_disabled = true},
        {.upn = "twin@corp.example", .dn = "cn=twin1," CONTRACT_BASE},
        {.upn = "twin@corp.example", .dn = "cn=twin2," CONTRACT_BASE},
        {.dns_host_name = "pc1.corp.example",
         .dn = "cn=PC1," CONTRACT_BASE,
         .sam_account_name = "PC1$",
         .sid = CONTRACT_DOMAIN "-1301",
         .groups = {CONTRACT_DOMAIN "-515"}},
    };

    for (size_t i = 0; i < CF_COUNT(accounts); i++)
        fake_directory_add_account(directory, &accounts[i]);
    fake_directory_add_group(directory, "admins", "cn=admins," CONTRACT_BASE,
                             CONTRACT_DOMAIN "-1201");
    return &directory->base;
}

static void
fake_close(struct cf_directory *directory)
{
    directory->ops->close(directory);
}

int
main(void)
{
    const struct contract_impl impl = {.name = "fake", .open = fake_open, .close = fake_close};

    return contract_run(&impl);
}
