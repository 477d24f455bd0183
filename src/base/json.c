/* SPDX-License-Identifier: Apache-2.0 */
/* json - parsing and printing whole documents. */
#include "certferry/json.h"

#include <json-c/json.h>
#include <limits.h>

#include "json_scan.h"
#include "json_tree.h"

/* Hands out the views of one document while its tree is walked. */
struct builder {
    struct cf_json *views;
    size_t n_views;
    size_t n_members;
};

static void walk(struct builder *builder, struct json_object *node, struct cf_json view);

static void
walk_children(struct builder *builder, struct json_object *node, const struct cf_json *self)
{
    if (json_object_is_type(node, json_type_object)) {
        json_object_object_foreach(node, name, child)
        {
            builder->n_members++;
            walk(builder, child, (struct cf_json){.node = child, .parent = self, .name = name});
        }
        return;
    }
    size_t n = json_object_array_length(node);
    for (size_t i = 0; i < n; i++) {
        struct json_object *child = json_object_array_get_idx(node, i);
        walk(builder, child, (struct cf_json){.node = child, .parent = self, .index = i});
    }
}

/* The depth was bounded by the scan. */
static void
walk(struct builder *builder, struct json_object *node, struct cf_json view)
{
    bool is_container =
        json_object_is_type(node, json_type_object) || json_object_is_type(node, json_type_array);

    if (!is_container)
        return;
    struct cf_json *self = &builder->views[builder->n_views++];
    *self = view;
    json_object_set_userdata(node, self, NULL);
    walk_children(builder, node, self);
}

static enum cf_rc
build_tree(struct cf_bytes text, struct json_object **ret, struct cf_err *err)
{
    struct json_tokener *tokener = json_tokener_new_ex(CF_JSON_DEPTH_MAX + 2);
    if (!tokener)
        return cf_fail_oom(err);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);

    struct json_object *root =
        json_tokener_parse_ex(tokener, (const char *)text.data, (int)text.len);
    enum json_tokener_error state = json_tokener_get_error(tokener);
    if (state == json_tokener_continue) {
        /* A number at the top is only over when something follows it. */
        root = json_tokener_parse_ex(tokener, "", 1);
        state = json_tokener_get_error(tokener);
    }
    json_tokener_free(tokener);
    if (state != json_tokener_success) {
        json_object_put(root);
        return cf_fail(err, CF_E_ENCODING, "JSON text: %s", json_tokener_error_desc(state));
    }
    *ret = root;
    return CF_OK;
}

enum cf_rc
cf_json_parse(struct cf_bytes text, size_t max_len, struct cf_json **ret_document,
              struct cf_err *err)
{
    struct cf_json_counts counts;

    if (text.len > max_len || text.len > INT_MAX)
        return cf_fail(err, CF_E_LIMIT, "JSON text of %zu bytes: at most %zu are allowed", text.len,
                       max_len < INT_MAX ? max_len : INT_MAX);
    CF_TRY(cf_json_scan(text, &counts, err));

    /* One more than there are containers: the root may be none. */
    cf_own(cf_json) views = calloc(counts.n_containers + 1, sizeof *views);
    if (!views)
        return cf_fail_oom(err);
    CF_TRY(build_tree(text, &views[0].node, err));

    struct builder builder = {.views = views};
    walk(&builder, views[0].node, views[0]);
    /* The tree keeps one member per name, so a repeated name leaves it smaller than the text. */
    if (builder.n_members != counts.n_members)
        return cf_fail(err, CF_E_ENCODING, "JSON text: an object has two members of one name");
    *ret_document = cf_give(views);
    return CF_OK;
}

struct cf_json *
cf_json_free(struct cf_json *document)
{
    if (document) {
        json_object_put(document->node);
        free(document);
    }
    return NULL;
}

enum cf_rc
cf_json_print(const struct cf_json *json, size_t max_len, struct cf_buf **ret_text,
              struct cf_err *err)
{
    size_t len;
    const char *text = json_object_to_json_string_length(
        json->node, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (!text)
        return cf_fail_oom(err);
    if (len > max_len)
        return cf_fail(err, CF_E_LIMIT, "JSON text of %zu bytes: at most %zu are allowed", len,
                       max_len);

    cf_own(cf_buf) buf = cf_buf_new(len);
    if (!buf)
        return cf_fail_oom(err);
    CF_TRY(cf_buf_append(buf, text, len, err));
    *ret_text = cf_give(buf);
    return CF_OK;
}
