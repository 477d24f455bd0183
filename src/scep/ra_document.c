/* SPDX-License-Identifier: Apache-2.0 */
#include "ra_document.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/csr.h"
#include "certferry/json.h"
#include "certferry/text.h"

struct cf_ra_document *
cf_ra_document_new(void)
{
    return calloc(1, sizeof(struct cf_ra_document));
}

void
cf_ra_part_done(struct cf_ra_part *part)
{
    cf_buf_free(part->der);
    free(part->key);
    *part = (struct cf_ra_part){0};
}

static void
generation_done(struct cf_ra_generation *generation)
{
    cf_ra_part_done(&generation->sign);
    cf_ra_part_done(&generation->encryption);
}

void
cf_ra_pending_done(struct cf_ra_pending *pending)
{
    free(pending->by);
    cf_ra_part_done(&pending->sign);
    cf_ra_part_done(&pending->encryption);
    *pending = (struct cf_ra_pending){0};
}

struct cf_ra_document *
cf_ra_document_free(struct cf_ra_document *document)
{
    if (!document)
        return NULL;
    for (size_t i = 0; i < document->n; i++)
        generation_done(&document->generation[i]);
    cf_ra_pending_done(&document->pending);
    free(document);
    return NULL;
}

void
cf_ra_document_remove(struct cf_ra_document *document, size_t index)
{
    generation_done(&document->generation[index]);
    document->n--;
    memmove(&document->generation[index], &document->generation[index + 1],
            (document->n - index) * sizeof document->generation[0]);
    document->generation[document->n] = (struct cf_ra_generation){0};
}

static enum cf_rc
parse_time(const struct cf_json *object, const char *name, int64_t *ret_ms, struct cf_err *err)
{
    const char *text = NULL;

    CF_TRY(cf_json_string(object, name, 1, 64, &text, err));
    if (cf_text_time(text, ret_ms, err) != CF_OK)
        return cf_err_prefix(err, "%s", name);
    return CF_OK;
}

static enum cf_rc
parse_part(const struct cf_json *in, const char *role, const char *what, size_t max,
           struct cf_ra_part *part, struct cf_err *err)
{
    const struct cf_json *object = NULL;
    const char *key = NULL;

    CF_TRY(cf_json_object(in, role, &object, err));
    CF_TRY(cf_json_base64(object, what, max, &part->der, err));
    CF_TRY(cf_json_string(object, "key", 1, CF_RA_KEY_TEXT_MAX, &key, err));
    part->key = strdup(key);
    return part->key ? CF_OK : cf_fail_oom(err);
}

static enum cf_rc
parse_parts(const struct cf_json *in, const char *what, size_t max, struct cf_ra_part *sign,
            struct cf_ra_part *encryption, bool *ret_is_one, struct cf_err *err)
{
    CF_TRY(parse_part(in, "sign", what, max, sign, err));
    CF_TRY(parse_part(in, "encryption", what, max, encryption, err));
    *ret_is_one = strcmp(sign->key, encryption->key) == 0;
    if (!*ret_is_one)
        return CF_OK;
    if (!cf_bytes_equal(cf_buf_bytes(sign->der), cf_buf_bytes(encryption->der)))
        return cf_fail(err, CF_E_FIELD, "sign and encryption have one key and differ all the same");
    cf_ra_part_done(encryption);
    return CF_OK;
}

static enum cf_rc
parse_generation(const struct cf_json *object, struct cf_ra_generation *generation,
                 struct cf_err *err)
{
    CF_TRY(parse_time(object, "made", &generation->made_ms, err));
    CF_TRY(parse_time(object, "activeFrom", &generation->active_from_ms, err));
    if (cf_json_has(object, "replaced"))
        CF_TRY(parse_time(object, "replaced", &generation->replaced_ms, err));
    return parse_parts(object, "certificate", CF_CERT_DER_MAX, &generation->sign,
                       &generation->encryption, &generation->is_one, err);
}

static enum cf_rc
parse_pending(const struct cf_json *object, struct cf_ra_pending *pending, struct cf_err *err)
{
    const char *by = NULL;

    CF_TRY(cf_json_string(object, "by", 1, CF_RA_NODE_MAX, &by, err));
    pending->by = strdup(by);
    if (!pending->by)
        return cf_fail_oom(err);
    CF_TRY(parse_time(object, "until", &pending->until_ms, err));
    return parse_parts(object, "csr", CF_CSR_DER_MAX, &pending->sign, &pending->encryption,
                       &pending->is_one, err);
}

enum cf_rc
cf_ra_document_parse(struct cf_bytes json, struct cf_ra_document **ret_document, struct cf_err *err)
{
    cf_own(cf_ra_document) document = cf_ra_document_new();
    cf_own(cf_json) tree = NULL;
    const struct cf_json *generations = NULL, *pending = NULL;

    if (!document)
        return cf_fail_oom(err);
    CF_TRY(cf_json_parse(json, CF_SCEP_RA_DOCUMENT_MAX, &tree, err));
    CF_TRY(cf_json_array(tree, "generations", CF_SCEP_GENERATIONS_MAX, &generations, err));
    for (size_t i = 0; i < cf_json_length(generations); i++) {
        const struct cf_json *object = NULL;

        CF_TRY(cf_json_at_object(generations, i, &object, err));
        document->n = i + 1;
        CF_TRY(parse_generation(object, &document->generation[i], err));
    }
    CF_TRY(cf_json_object_opt(tree, "pending", &pending, err));
    if (pending)
        CF_TRY(parse_pending(pending, &document->pending, err));

    *ret_document = cf_give(document);
    return CF_OK;
}

static void
put_time(struct cf_json_writer *out, const char *name, int64_t ms)
{
    char text[CF_TEXT_TIME_SIZE];

    cf_text_from_time(ms, text);
    cf_json_put_string(out, name, text);
}

static void
put_part(struct cf_json_writer *out, const char *role, const char *what,
         const struct cf_ra_part *part)
{
    cf_json_put_object(out, role);
    cf_json_put_base64(out, what, cf_buf_bytes(part->der));
    cf_json_put_string(out, "key", part->key);
    cf_json_put_object_end(out);
}

static void
put_generation(struct cf_json_writer *out, const struct cf_ra_generation *generation)
{
    cf_json_put_object(out, NULL);
    put_time(out, "made", generation->made_ms);
    put_time(out, "activeFrom", generation->active_from_ms);
    if (generation->replaced_ms > 0)
        put_time(out, "replaced", generation->replaced_ms);
    else
        cf_json_put_string(out, "replaced", NULL);
    put_part(out, "sign", "certificate", &generation->sign);
    put_part(out, "encryption", "certificate",
             generation->is_one ? &generation->sign : &generation->encryption);
    cf_json_put_object_end(out);
}

static void
put_pending(struct cf_json_writer *out, const struct cf_ra_pending *pending)
{
    if (!pending->by) {
        cf_json_put_string(out, "pending", NULL);
        return;
    }
    cf_json_put_object(out, "pending");
    cf_json_put_string(out, "by", pending->by);
    put_time(out, "until", pending->until_ms);
    put_part(out, "sign", "csr", &pending->sign);
    put_part(out, "encryption", "csr", pending->is_one ? &pending->sign : &pending->encryption);
    cf_json_put_object_end(out);
}

enum cf_rc
cf_ra_document_print(const struct cf_ra_document *document, struct cf_buf **ret_json,
                     struct cf_err *err)
{
    cf_own(cf_buf) json = cf_buf_new(CF_SCEP_RA_DOCUMENT_MAX);
    struct cf_json_writer out;

    if (!json)
        return cf_fail_oom(err);
    cf_json_writer_begin(&out, json);
    cf_json_put_object(&out, NULL);
    cf_json_put_array(&out, "generations");
    for (size_t i = 0; i < document->n; i++)
        put_generation(&out, &document->generation[i]);
    cf_json_put_array_end(&out);
    put_pending(&out, &document->pending);
    cf_json_put_object_end(&out);
    CF_TRY(cf_json_writer_end(&out, err));

    *ret_json = cf_give(json);
    return CF_OK;
}
