/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samba's DCE/RPC client, to judge the doubles by: samba_peer ACCOUNT PASSWORD. Orders come by
 * line:
 *
 *   bind BINDING UUID                   -> "ok NUMBER"
 *   call NUMBER OPNUM OBJECT|- HEX|-    -> "ok HEX"
 *   either, when it fails               -> "error STATUS TEXT"
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <talloc.h>
#define TEVENT_DEPRECATED 1 /* tevent_loop_allow_nesting, which blocking calls need */
#include <tevent.h>

#include <core/ntstatus.h>
#include <credentials.h>
#include <dcerpc.h>
#include <ndr.h>
#include <param.h>
#include <util/tevent_ntstatus.h>

enum { CONNECTIONS_MAX = 256, WORD_SIZE = 256, LINE_SIZE = 8 * 1024 * 1024 };

struct peer {
    TALLOC_CTX *mem;
    struct tevent_context *events;
    struct loadparm_context *lp;
    struct cli_credentials *credentials;
    struct dcerpc_pipe *pipes[CONNECTIONS_MAX];
    int n_pipes;
};

static void
tell_error(NTSTATUS status)
{
    printf("error %08x %s\n", NT_STATUS_V(status), nt_errstr(status));
}

static const struct ndr_interface_table *
table_of(TALLOC_CTX *mem, const char *uuid)
{
    static const char *const hosts[] = {"host"};
    static const struct ndr_interface_string_array services = {1, hosts}, endpoints = {0, NULL};
    struct ndr_interface_table *table = talloc_zero(mem, struct ndr_interface_table);
    table->name = "judged";
    table->helpstring = table->name;
    table->endpoints = &endpoints;
    table->authservices = &services;
    if (!NT_STATUS_IS_OK(GUID_from_string(uuid, &table->syntax_id.uuid)))
        return NULL;
    return table;
}

static void
do_bind(struct peer *peer, const char *binding, const char *uuid)
{
    const struct ndr_interface_table *table = table_of(peer->mem, uuid);
    struct dcerpc_pipe *pipe = NULL;
    if (!table || peer->n_pipes == CONNECTIONS_MAX) {
        tell_error(NT_STATUS_INVALID_PARAMETER);
        return;
    }
    NTSTATUS status = dcerpc_pipe_connect(peer->mem, &pipe, binding, table, peer->credentials,
                                          peer->events, peer->lp);
    if (!NT_STATUS_IS_OK(status)) {
        tell_error(status);
        return;
    }
    peer->pipes[peer->n_pipes] = pipe;
    printf("ok %d\n", peer->n_pipes++);
}

static uint8_t *
from_hex(TALLOC_CTX *mem, const char *text, size_t *ret_len)
{
    *ret_len = strlen(text) / 2;
    uint8_t *data = talloc_zero_array(mem, uint8_t, *ret_len + 1);
    for (size_t i = 0; i < *ret_len; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
        data[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return data;
}

static void
do_call(struct peer *peer, int number, uint32_t opnum, const char *object, const char *hex)
{
    struct GUID guid;
    bool is_object = strcmp(object, "-") != 0;
    if (number < 0 || number >= peer->n_pipes ||
        (is_object && !NT_STATUS_IS_OK(GUID_from_string(object, &guid)))) {
        tell_error(NT_STATUS_INVALID_PARAMETER);
        return;
    }
    TALLOC_CTX *mem = talloc_new(peer->mem);
    size_t in_len = 0, out_len = 0;
    uint32_t flags = 0;
    uint8_t *out = NULL, *in = from_hex(mem, strcmp(hex, "-") == 0 ? "" : hex, &in_len);
    NTSTATUS status = dcerpc_binding_handle_raw_call(peer->pipes[number]->binding_handle,
                                                     is_object ? &guid : NULL, opnum, 0, in, in_len,
                                                     mem, &out, &out_len, &flags);
    if (!NT_STATUS_IS_OK(status)) {
        tell_error(status);
    } else {
        printf("ok ");
        for (size_t i = 0; i < out_len; i++)
            printf("%02x", out[i]);
        printf("\n");
    }
    talloc_free(mem);
}

static void
start(struct peer *peer, const char *account, const char *password)
{
    peer->mem = talloc_new(NULL);
    peer->events = tevent_context_init(peer->mem);
    tevent_loop_allow_nesting(peer->events);
    peer->lp = loadparm_init(peer->mem);
    lpcfg_set_cmdline(peer->lp, "realm", "CORP.EXAMPLE");
    lpcfg_set_cmdline(peer->lp, "workgroup", "CORP");
    dcerpc_init();
    peer->credentials = cli_credentials_init(peer->mem);
    cli_credentials_guess(peer->credentials, peer->lp);
    cli_credentials_set_username(peer->credentials, account, CRED_SPECIFIED);
    cli_credentials_set_password(peer->credentials, password, CRED_SPECIFIED);
    cli_credentials_set_domain(peer->credentials, "CORP", CRED_SPECIFIED);
    cli_credentials_set_realm(peer->credentials, "CORP.EXAMPLE", CRED_SPECIFIED);
    cli_credentials_set_kerberos_state(peer->credentials, CRED_USE_KERBEROS_REQUIRED,
                                       CRED_SPECIFIED);
}

int
main(int argc, char **argv)
{
    struct peer peer = {0};
    if (argc != 3)
        return 2;
    start(&peer, argv[1], argv[2]);
    char *line = talloc_zero_array(peer.mem, char, LINE_SIZE);
    while (fgets(line, LINE_SIZE, stdin)) {
        char first[WORD_SIZE], second[WORD_SIZE];
        int number, at = 0;
        unsigned opnum;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "bind %255s %255s", first, second) == 2)
            do_bind(&peer, first, second);
        else if (sscanf(line, "call %d %u %255s %n", &number, &opnum, first, &at) == 3 && at > 0)
            do_call(&peer, number, opnum, first, line + at);
        else
            tell_error(NT_STATUS_INVALID_PARAMETER);
        fflush(stdout);
    }
    talloc_free(peer.mem);
    return 0;
}
