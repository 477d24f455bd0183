/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc_probe - calls DRSUAPI (MS-DRSR), which every domain controller has on TCP: its answers are as
 * long as one asks for.
 *
 *     rpc_probe KEYTAB HOST PORT negotiate|kerberos port|names N|operation|interface
 *
 * Prints "ok ..." or "CF_E_... TEXT" and exits with 0 in both cases.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/adcs/ndr.h"
#include "ca/adcs/rpc.h"

enum { BIND = 0, CRACK_NAMES = 12, NO_SUCH_OPERATION = 999, HANDLE_LEN = 20, STUB_MAX = 4 << 20 };

static struct cf_rpc_interface interface = {
    .id = CF_GUID(0xe3514235, 0x4b06, 0x11d1, 0xab, 0x04, 0x00, 0xc0, 0x4f, 0xc2, 0xdc, 0xd2),
    .major = 4,
    .minor = 0,
    .name = "DRSUAPI",
};

static void
write_names(struct cf_writer *writer, uint32_t n_names)
{
    enum { NT4_ACCOUNT = 2, FQDN_1779 = 1 };
    static const char NAME[] = "CORP\\Administrator";

    cf_write_u32(writer, 1);
    cf_write_u32(writer, 1);
    cf_write_zeros(writer, 12);
    cf_write_u32(writer, NT4_ACCOUNT);
    cf_write_u32(writer, FQDN_1779);
    cf_write_u32(writer, n_names);
    cf_write_u32(writer, 1);
    cf_write_u32(writer, n_names);
    for (uint32_t i = 0; i < n_names; i++)
        cf_write_u32(writer, 2 + i);
    for (uint32_t i = 0; i < n_names; i++) {
        cf_write_align(writer, 4);
        cf_write_u32(writer, sizeof NAME);
        cf_write_u32(writer, 0);
        cf_write_u32(writer, sizeof NAME);
        for (size_t j = 0; j < sizeof NAME; j++)
            cf_write_u16(writer, (uint8_t)NAME[j]);
    }
}

static enum cf_rc
crack_names(struct cf_rpc *rpc, uint32_t n_names, struct cf_err *err)
{
    cf_own(cf_buf) question = cf_buf_new(STUB_MAX);
    cf_own(cf_buf) bound = NULL;
    cf_own(cf_buf) answer = NULL;
    static const uint8_t NOBODY[8];

    if (!question)
        return cf_fail_oom(err);
    CF_TRY(cf_rpc_call(rpc, BIND, NULL, cf_bytes_of(NOBODY, sizeof NOBODY), &bound, err));
    struct cf_bytes bytes = cf_buf_bytes(bound);
    if (bytes.len < HANDLE_LEN + 4)
        return cf_fail(err, CF_E_ENCODING, "no handle");
    struct cf_writer writer = cf_writer_to(question);
    cf_write_bytes(&writer, cf_bytes_of(bytes.data + bytes.len - HANDLE_LEN - 4, HANDLE_LEN));
    write_names(&writer, n_names);
    CF_TRY(cf_writer_end(&writer, err));
    CF_TRY(cf_rpc_call(rpc, CRACK_NAMES, NULL, cf_buf_bytes(question), &answer, err));

    struct cf_reader reader = cf_reader_of(cf_buf_bytes(answer));
    (void)cf_read_bytes(&reader, cf_reader_left(&reader) - 4);
    uint32_t status = cf_read_u32(&reader);
    printf("ok status=%u sent=%zu received=%zu\n", status, cf_buf_len(question),
           cf_buf_len(answer));
    return CF_OK;
}

static enum cf_rc
run(const struct cf_rpc_target *target, const char *verb, const char *count, struct cf_err *err)
{
    cf_own(cf_rpc) rpc = NULL;
    cf_own(cf_buf) answer = NULL;
    uint16_t port;

    if (strcmp(verb, "port") == 0) {
        CF_TRY(cf_rpc_find_port(target, &interface, &port, err));
        printf("ok %u\n", port);
        return CF_OK;
    }
    if (strcmp(verb, "interface") == 0)
        interface.id.octet[0] ^= 1;
    CF_TRY(cf_rpc_open(target, &interface, &rpc, err));
    if (strcmp(verb, "names") == 0)
        return crack_names(rpc, (uint32_t)strtoul(count, NULL, 10), err);
    return cf_rpc_call(rpc, NO_SUCH_OPERATION, NULL, cf_bytes_of(NULL, 0), &answer, err);
}

int
main(int argc, char **argv)
{
    cf_own(cf_kerberos) kerberos = NULL;
    struct cf_err err = {0};

    if (argc < 6)
        return 2;
    struct cf_kerberos_options options = {.keytab_file = argv[1], .section = "probe"};
    if (cf_kerberos_new(&options, &kerberos, &err) == CF_OK) {
        struct cf_rpc_target target = {
            .host = argv[2],
            .port = (uint16_t)strtoul(argv[3], NULL, 10),
            .kerberos = kerberos,
            .mech = strcmp(argv[4], "kerberos") == 0 ? CF_GSS_KERBEROS : CF_GSS_SPNEGO,
            .connect_timeout_ms = 20 * 1000,
            .timeout_ms = 60 * 1000,
        };
        if (run(&target, argv[5], argc > 6 ? argv[6] : "1", &err) == CF_OK)
            return 0;
    }
    printf("%s %s\n", cf_rc_name(err.rc), err.text);
    return 0;
}
