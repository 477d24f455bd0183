/* SPDX-License-Identifier: Apache-2.0 */
/* The contract held by a CA that is reached over CMP: the lab's peer. */
#include <stdio.h>
#include <stdlib.h>

#include "certferry/http.h"
#include "contract/ca/contract.h"
#include "unit/ca/cmp/cmp_kit.h"

static char *
format(const char *before, const char *value, const char *after)
{
    char *text = NULL;

    assert_true(asprintf(&text, "%s%s%s", before, value, after) > 0);
    return text;
}

static void
open_cmp(struct contract *contract)
{
    struct ca_kit *kit = &contract->kit;
    struct cf_ca_settings *settings = &kit->settings;
    char port[16];
    int number = 0;

    contract->peer = cmp_peer_start(kit, &number);
    (void)snprintf(port, sizeof port, "%d", number);
    settings->url = format("http://127.0.0.1:", port, "/cmp");
    settings->chain_file = strdup(settings->cert_file);
    settings->secret_file = format("", kit->dir, "/secret");
    settings->reference = strdup("certferry");
    settings->host = strdup("ca.example.com");
    settings->ca_name = strdup("Example CA");
    settings->connect_timeout_ms = settings->timeout_ms = 20000;
    free(settings->backend);
    settings->backend = strdup("cmp");
    contract->ca = kit_ca(kit);
}

static void
close_cmp(struct contract *contract)
{
    struct cf_ca_settings *settings = &contract->kit.settings;

    contract->ca->ops->close(contract->ca);
    cmp_peer_stop(contract->peer);
    free(settings->url);
    free(settings->chain_file);
    free(settings->secret_file);
    free(settings->reference);
    free(settings->host);
    free(settings->ca_name);
}

static void
set_mode(const struct contract *contract, const char *mode)
{
    kit_write(&contract->kit, "mode", cf_bytes_of(mode, strlen(mode)));
}

static void
need_approval(struct contract *contract)
{
    set_mode(contract, "wait 0\n");
}

static void
refuse_all(struct contract *contract)
{
    set_mode(contract, "reject 19 not this name\n");
}

static void
decide(struct contract *contract, const char *cookie, bool approve)
{
    (void)cookie;
    set_mode(contract, approve ? "\n" : "reject 2 the approver said no\n");
}

int
main(void)
{
    static const struct contract_impl IMPL = {open_cmp,   close_cmp, need_approval,
                                              refuse_all, decide,    .issues_anew = true};
    struct cf_err err = {0};

    if (cf_http_global_init(&err) != CF_OK)
        return 1;
    int n_failed = contract_main(&IMPL);
    cf_http_global_done();
    return n_failed;
}
