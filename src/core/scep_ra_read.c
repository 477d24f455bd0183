/* SPDX-License-Identifier: Apache-2.0 */
/* scep_ra_read - the registration authority's document, as far as it is not secret. */
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"
#include "scep.h"

enum { TEXT_MAX = 2 * CF_CERT_DER_MAX };

static void
generation_done(struct cf_scep_ra_generation *generation)
{
    if (generation->encryption != generation->sign)
        cf_cert_free(generation->encryption);
    cf_cert_free(generation->sign);
    *generation = (struct cf_scep_ra_generation){0};
}

void
cf_scep_ra_generations_done(struct cf_scep_ra_generations *generations)
{
    for (size_t i = 0; i < generations->n; i++)
        generation_done(&generations->generation[i]);
    generations->n = 0;
}

static enum cf_rc
read_cert(const struct cf_json *generation, const char *role, struct cf_cert **ret_cert,
          struct cf_err *err)
{
    const struct cf_json *object = NULL;
    const char *text = NULL;
    cf_own(cf_buf) der = NULL;

    CF_TRY(cf_json_object(generation, role, &object, err));
    CF_TRY(cf_json_string(object, "certificate", 1, TEXT_MAX, &text, err));
    if (cf_text_from_base64(text, CF_CERT_DER_MAX, &der, err) != CF_OK ||
        cf_cert_parse(cf_buf_bytes(der), ret_cert, err) != CF_OK)
        return cf_err_prefix(err, "%s.certificate", role);
    return CF_OK;
}

static enum cf_rc
read_time(const struct cf_json *generation, const char *name, bool is_needed, int64_t *ret_ms,
          struct cf_err *err)
{
    const char *text = NULL;

    if (is_needed)
        CF_TRY(cf_json_string(generation, name, 1, CF_TEXT_TIME_SIZE + 16, &text, err));
    else
        CF_TRY(cf_json_string_opt(generation, name, 1, CF_TEXT_TIME_SIZE + 16, &text, err));
    return !text || cf_text_time(text, ret_ms, NULL) == CF_OK
               ? CF_OK
               : cf_fail(err, CF_E_FIELD, "%s: is not a time", name);
}

static enum cf_rc
read_generation(const struct cf_json *object, struct cf_scep_ra_generation *generation,
                struct cf_err *err)
{
    CF_TRY(read_time(object, "activeFrom", true, &generation->active_from_ms, err));
    CF_TRY(read_time(object, "replaced", false, &generation->replaced_ms, err));
    CF_TRY(read_cert(object, "sign", &generation->sign, err));
    CF_TRY(read_cert(object, "encryption", &generation->encryption, err));
    /* One certificate for both uses is one object. */
    if (cf_bytes_equal(cf_cert_der(generation->sign), cf_cert_der(generation->encryption))) {
        cf_cert_free(generation->encryption);
        generation->encryption = generation->sign;
    }
    return CF_OK;
}

static enum cf_rc
read_generations(struct cf_bytes text, struct cf_scep_ra_generations *generations,
                 struct cf_err *err)
{
    cf_own(cf_json) document = NULL;
    const struct cf_json *array = NULL;

    CF_TRY(cf_json_parse(text, CF_SCEP_RA_DOCUMENT_MAX, &document, err));
    CF_TRY(cf_json_array(document, "generations", CF_SCEP_GENERATIONS_MAX, &array, err));
    for (size_t i = 0; i < cf_json_length(array); i++) {
        const struct cf_json *object = NULL;

        CF_TRY(cf_json_at_object(array, i, &object, err));
        struct cf_scep_ra_generation *generation = &generations->generation[generations->n++];
        if (read_generation(object, generation, err) != CF_OK)
            return cf_err_prefix(err, "generations[%zu]", i);
    }
    return CF_OK;
}

enum cf_rc
cf_scep_ra_read(struct cf_bytes document, struct cf_scep_ra_generations *ret_generations,
                struct cf_err *err)
{
    struct cf_scep_ra_generations generations = {0};
    struct cf_err fault = {0};
    enum cf_rc rc = read_generations(document, &generations, &fault);

    if (rc == CF_OK) {
        *ret_generations = generations;
        return CF_OK;
    }
    cf_scep_ra_generations_done(&generations);
    if (err)
        *err = fault;
    return rc;
}
