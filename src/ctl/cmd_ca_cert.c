/* SPDX-License-Identifier: Apache-2.0 */
/* ca-cert - a CA's certificates, to hand on to devices and relying parties. */
#include <string.h>

#include "ask.h"
#include "certferry/cert.h"
#include "commands.h"
#include "pem.h"

enum { OUTPUT_MAX = 4 * 1024 * 1024 };

/* A root is its own issuer; a chain that ends below one has none to give. */
static enum cf_rc
find_root(const struct cf_json *certificates, size_t *ret_index, struct cf_err *err)
{
    size_t last = cf_json_length(certificates) - 1;
    const struct cf_json *entry = NULL;
    const char *subject = NULL, *issuer = NULL;

    CF_TRY(cf_json_at_object(certificates, last, &entry, err));
    CF_TRY(cf_tool_text(entry, "subject", &subject, err));
    CF_TRY(cf_tool_text(entry, "issuer", &issuer, err));
    if (!subject || !issuer || strcmp(subject, issuer) != 0)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "the chain of this CA ends below its root (at %s); add the root to its "
                       "certificate file",
                       subject ? subject : "a certificate without a name");
    *ret_index = last;
    return CF_OK;
}

static enum cf_rc
write_certificates(struct cf_tool *tool, const struct cf_tool_args *args,
                   const struct cf_json *result, struct cf_err *err)
{
    cf_own(cf_buf) out = cf_buf_new(OUTPUT_MAX);
    const struct cf_json *certificates = NULL;
    size_t first = 0, n = 1;

    if (!out)
        return cf_fail_oom(err);
    CF_TRY(cf_json_array(result, "certificates", CF_CERT_CHAIN_MAX, &certificates, err));
    if (cf_json_length(certificates) == 0)
        return cf_fail(err, CF_E_NOT_FOUND, "the CA gave no certificate");
    if (cf_tool_option(args, "root"))
        CF_TRY(find_root(certificates, &first, err));
    if (cf_tool_option(args, "chain"))
        n = cf_json_length(certificates);
    for (size_t i = first; i < first + n; i++) {
        const struct cf_json *entry = NULL;

        CF_TRY(cf_json_at_object(certificates, i, &entry, err));
        CF_TRY(cf_pem_append(entry, cf_tool_option(args, "der") != NULL, out, err));
    }
    return cf_tool_write(tool, cf_tool_option(args, "output"), cf_buf_bytes(out), err);
}

int
cf_tool_ca_cert(struct cf_tool *tool, const struct cf_tool_args *args)
{
    bool as_der = cf_tool_option(args, "der") != NULL;
    bool chain = cf_tool_option(args, "chain") != NULL;
    const struct cf_ask ask = {.command = "ca-cert",
                               .member = {{.name = "name", .text = args->argument}}};
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;
    struct cf_err err = {0};

    if (chain && cf_tool_option(args, "root"))
        return cf_tool_misuse(tool, "--chain and --root exclude each other");
    if (as_der && !cf_tool_option(args, "output") && tool->width > 0)
        return cf_tool_misuse(tool, "--der would write bytes to the terminal; add -o FILE");

    int code = cf_tool_ask(tool, &ask, &answer, &result, NULL);
    if (code != CF_TOOL_OK)
        return code;
    if (tool->json)
        return cf_tool_show(tool, result, NULL);
    if (write_certificates(tool, args, result, &err) == CF_OK)
        return CF_TOOL_OK;
    return cf_tool_fail(tool, &err);
}
