/* SPDX-License-Identifier: Apache-2.0 */
/* The contract held by the fake CA, so that tests built on it mean something. */
#include "contract/ca/contract.h"
#include "fake/fake_ca.h"

/* Called under the fake's lock: one file name does. */
static enum cf_rc
issue(void *arg, struct cf_bytes csr, struct cf_buf **ret_cert, struct cf_buf **ret_chain,
      struct cf_err *err)
{
    struct ca_kit *kit = arg;

    kit_write(kit, "fake.csr", csr);
    if (kit_run(kit, "openssl x509 -req -inform DER -in fake.csr -CA ca.pem -CAkey ca.key "
                     "-set_serial 0x$(openssl rand -hex 16) -days 365 -copy_extensions copy "
                     "-outform DER -out fake.der && openssl x509 -in ca.pem -outform DER -out "
                     "ca.der") != 0)
        return cf_fail(err, CF_E_CA_DOWN, "openssl failed");
    *ret_cert = kit_read(kit, "fake.der");
    *ret_chain = kit_read(kit, "ca.der");
    return CF_OK;
}

static void
open_fake(struct contract *contract)
{
    contract->ca = &fake_ca_new(&contract->kit.env, issue, &contract->kit)->base;
}

static void
close_fake(struct contract *contract)
{
    contract->ca->ops->close(contract->ca);
}

static void
need_approval(struct contract *contract)
{
    ((struct fake_ca *)contract->ca)->needs_approval = true;
}

static void
refuse_all(struct contract *contract)
{
    ((struct fake_ca *)contract->ca)->reject_reason = "not today";
}

static void
decide(struct contract *contract, const char *cookie, bool approve)
{
    assert_int_equal(contract->ca->ops->decide(contract->ca, cookie, approve, NULL), CF_OK);
}

int
main(void)
{
    static const struct contract_impl IMPL = {open_fake, close_fake, need_approval, refuse_all,
                                              .decide = decide};

    return contract_main(&IMPL);
}
