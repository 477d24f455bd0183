/* SPDX-License-Identifier: Apache-2.0 */
/* ra-get, ra-put: the registration authority's documents. */
#include "scep_commands.h"

/* Names of CAs that no [ca] section has would fill the store. */
static enum cf_rc
parse_ca(const struct cf_command_call *call, const char **ret_ca, struct cf_err *err)
{
    CF_TRY(cf_json_string(call->request, "ca", 1, CF_SCEP_NAME_MAX, ret_ca, err));
    if (!cf_site_ca(call->site, *ret_ca))
        return cf_fail(err, CF_E_NOT_FOUND, "ca: there is no [ca %s]", *ret_ca);
    return CF_OK;
}

static enum cf_rc
put_revoked(const struct cf_command_call *call, const char *ca, const struct cf_cert *cert,
            struct cf_json_writer *out, struct cf_err *err)
{
    struct cf_store *store = call->site->store;
    const struct cf_ledger_filter filter = {.serial = cf_cert_serial(cert),
                                            .ca = ca,
                                            .thumbprint = cf_cert_thumbprint(cert),
                                            .limit = 1};
    struct cf_ledger ledger = {0};

    CF_TRY(store->ops->ledger(store, &filter, &ledger, err));
    if (ledger.n > 0 && ledger.entry[0]->revoked_ms > 0)
        cf_json_put_string(out, NULL, cf_cert_serial(cert));
    cf_ledger_done(&ledger);
    return CF_OK;
}

static enum cf_rc
put_all_revoked(const struct cf_command_call *call, const char *ca,
                const struct cf_scep_ra_generations *generations, struct cf_json_writer *out,
                struct cf_err *err)
{
    for (size_t i = 0; i < generations->n; i++) {
        const struct cf_scep_ra_generation *generation = &generations->generation[i];

        CF_TRY(put_revoked(call, ca, generation->sign, out, err));
        if (generation->encryption != generation->sign)
            CF_TRY(put_revoked(call, ca, generation->encryption, out, err));
    }
    return CF_OK;
}

enum cf_rc
cf_scep_command_ra_get(const struct cf_command_call *call, struct cf_json_writer *out,
                       struct cf_err *err)
{
    struct cf_store *store = call->site->store;
    cf_own(cf_buf) text = NULL;
    cf_own(cf_json) document = NULL;
    struct cf_scep_ra_generations generations = {0};
    const char *ca = NULL;
    uint64_t version = 0;

    CF_TRY(parse_ca(call, &ca, err));
    enum cf_rc rc = store->ops->ra_get(store, ca, &version, &text, err);
    if (rc != CF_OK && rc != CF_E_NOT_FOUND)
        return rc;
    if (text) {
        CF_TRY(cf_json_parse(cf_buf_bytes(text), CF_SCEP_RA_DOCUMENT_MAX, &document, err));
        CF_TRY(cf_scep_ra_read(cf_buf_bytes(text), &generations, err));
    }
    cf_json_put_int(out, "version", (int64_t)version);
    cf_json_put_json(out, "document", document);
    cf_json_put_array(out, "revoked");
    rc = put_all_revoked(call, ca, &generations, out, err);
    cf_json_put_array_end(out);
    cf_scep_ra_generations_done(&generations);
    return rc;
}

enum cf_rc
cf_scep_command_ra_put(const struct cf_command_call *call, struct cf_json_writer *out,
                       struct cf_err *err)
{
    struct cf_store *store = call->site->store;
    cf_own(cf_buf) text = NULL;
    const struct cf_json *document = NULL;
    struct cf_scep_ra_generations generations = {0};
    const char *ca = NULL;
    int64_t version = 0;

    CF_TRY(parse_ca(call, &ca, err));
    CF_TRY(cf_json_int(call->request, "version", 0, INT64_MAX - 1, &version, err));
    CF_TRY(cf_json_object(call->request, "document", &document, err));
    CF_TRY(cf_json_print(document, CF_SCEP_RA_DOCUMENT_MAX, &text, err));
    CF_TRY(cf_scep_ra_read(cf_buf_bytes(text), &generations, err));
    cf_scep_ra_generations_done(&generations);
    CF_TRY(store->ops->ra_put(store, ca, (uint64_t)version, cf_buf_bytes(text), err));
    cf_json_put_int(out, "version", version + 1);
    return CF_OK;
}
