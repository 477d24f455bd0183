/* SPDX-License-Identifier: Apache-2.0 */
/* The contract held by the embedded CA, over the SQLite store. */
#include <stdio.h>

#include "contract/ca/contract.h"

static void
open_local(struct contract *contract)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/store.db", contract->kit.dir);
    struct cf_store_options options = {.path = path, .clock = contract->kit.clock};
    assert_int_equal(cf_store_sqlite.open(&options, &contract->store, NULL), CF_OK);
    contract->kit.env.store = contract->store;
    contract->ca = kit_ca(&contract->kit);
}

static void
close_local(struct contract *contract)
{
    contract->ca->ops->close(contract->ca);
    contract->store->ops->close(contract->store);
}

static void
need_approval(struct contract *contract)
{
    contract->kit.tmpl.approval = true;
}

static void
refuse_all(struct contract *contract)
{
    contract->kit.tmpl.key_usage = CF_KU_KEY_ENCIPHERMENT;
}

static void
decide(struct contract *contract, const char *cookie, bool approve)
{
    assert_int_equal(contract->ca->ops->decide(contract->ca, cookie, approve, NULL), CF_OK);
}

int
main(void)
{
    static const struct contract_impl IMPL = {open_local, close_local, need_approval, refuse_all,
                                              .decide = decide};

    return contract_main(&IMPL);
}
