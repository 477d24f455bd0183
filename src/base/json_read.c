/* SPDX-License-Identifier: Apache-2.0 */
/* json_read - typed getters whose errors tell the full path of what is wrong. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"
#include "json_tree.h"

enum { PATH_SIZE = 192 };

/* What a getter looks at: a member, or an element when name is NULL. */
struct place {
    const struct cf_json *in;
    const char *name;
    size_t index;
    struct json_object *node; /* NULL when missing or null */
};

static void
add_step(char path[PATH_SIZE], const char *name, size_t index)
{
    size_t used = strlen(path);

    if (name)
        (void)snprintf(path + used, PATH_SIZE - used, "%s%s", used ? "." : "", name);
    else
        (void)snprintf(path + used, PATH_SIZE - used, "[%zu]", index);
}

/* The depth was bounded when the document was parsed. */
static void
add_path(char path[PATH_SIZE], const struct cf_json *view)
{
    if (!view || !view->parent)
        return;
    add_path(path, view->parent);
    add_step(path, view->name, view->index);
}

static enum cf_rc
refuse(const struct place *place, enum cf_rc rc, const char *fault, struct cf_err *err)
{
    char path[PATH_SIZE] = "";

    add_path(path, place->in);
    add_step(path, place->name, place->index);
    return cf_fail(err, rc, "%s: %s", path, fault);
}

static enum cf_rc
find_member(const struct cf_json *object, const char *name, struct place *ret, struct cf_err *err)
{
    *ret = (struct place){.in = object, .name = name};
    if (!object || !json_object_is_type(object->node, json_type_object))
        return refuse(ret, CF_E_FIELD, "is wanted from what is no object", err);
    json_object_object_get_ex(object->node, name, &ret->node);
    return CF_OK;
}

static enum cf_rc
find_element(const struct cf_json *array, size_t index, struct place *ret, struct cf_err *err)
{
    *ret = (struct place){.in = array, .index = index};
    if (!array || !json_object_is_type(array->node, json_type_array))
        return refuse(ret, CF_E_FIELD, "is wanted from what is no array", err);
    if (index >= json_object_array_length(array->node))
        return refuse(ret, CF_E_FIELD, "the array is shorter", err);
    ret->node = json_object_array_get_idx(array->node, index);
    return CF_OK;
}

static enum cf_rc
missing(const struct place *place, struct cf_err *err)
{
    return refuse(place, CF_E_FIELD, "is missing", err);
}

static enum cf_rc
take_string(const struct place *place, size_t min, size_t max, const char **ret, struct cf_err *err)
{
    if (!json_object_is_type(place->node, json_type_string))
        return refuse(place, CF_E_FIELD, "must be a string", err);
    const char *text = json_object_get_string(place->node);
    size_t len = (size_t)json_object_get_string_len(place->node);
    if (strlen(text) != len)
        return refuse(place, CF_E_FIELD, "must not hold the character U+0000", err);
    if (len < min || len > max) {
        char fault[96];
        (void)snprintf(fault, sizeof fault, "has %zu bytes, but must have %zu to %zu", len, min,
                       max);
        return refuse(place, CF_E_RANGE, fault, err);
    }
    *ret = text;
    return CF_OK;
}

static enum cf_rc
take_int(const struct place *place, int64_t min, int64_t max, int64_t *ret, struct cf_err *err)
{
    if (!json_object_is_type(place->node, json_type_int))
        return refuse(place, CF_E_FIELD, "must be a whole number", err);
    int64_t value = json_object_get_int64(place->node);
    /* json-c holds what is too large or too small at these ends; neither is ever a real value. */
    bool is_held = value == INT64_MIN || json_object_get_uint64(place->node) > INT64_MAX;
    if (is_held || value < min || value > max) {
        char fault[96];
        (void)snprintf(fault, sizeof fault, "must be from %" PRId64 " to %" PRId64, min, max);
        return refuse(place, CF_E_RANGE, fault, err);
    }
    *ret = value;
    return CF_OK;
}

static enum cf_rc
take_container(const struct place *place, json_type type, const struct cf_json **ret,
               struct cf_err *err)
{
    if (!json_object_is_type(place->node, type))
        return refuse(place, CF_E_FIELD,
                      type == json_type_object ? "must be an object" : "must be an array", err);
    *ret = json_object_get_userdata(place->node);
    return CF_OK;
}

static enum cf_rc
take_array(const struct place *place, size_t max_n, const struct cf_json **ret, struct cf_err *err)
{
    const struct cf_json *array = NULL;

    CF_TRY(take_container(place, json_type_array, &array, err));
    size_t n = json_object_array_length(array->node);
    if (n > max_n) {
        char fault[96];
        (void)snprintf(fault, sizeof fault, "has %zu elements, but at most %zu are allowed", n,
                       max_n);
        return refuse(place, CF_E_RANGE, fault, err);
    }
    *ret = array;
    return CF_OK;
}

static enum cf_rc
take_bool(const struct place *place, bool *ret, struct cf_err *err)
{
    if (!json_object_is_type(place->node, json_type_boolean))
        return refuse(place, CF_E_FIELD, "must be true or false", err);
    *ret = json_object_get_boolean(place->node);
    return CF_OK;
}

enum cf_rc
cf_json_string(const struct cf_json *object, const char *name, size_t min, size_t max,
               const char **ret, struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_string(&place, min, max, ret, err) : missing(&place, err);
}

enum cf_rc
cf_json_string_opt(const struct cf_json *object, const char *name, size_t min, size_t max,
                   const char **ret, struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_string(&place, min, max, ret, err) : CF_OK;
}

enum cf_rc
cf_json_base64(const struct cf_json *object, const char *name, size_t max_len, struct cf_buf **ret,
               struct cf_err *err)
{
    const char *text = NULL;
    struct cf_err fault = {0};
    struct place place;

    CF_TRY(cf_json_string(object, name, 1, (max_len + 2) / 3 * 4, &text, err));
    enum cf_rc rc = cf_text_from_base64(text, max_len, ret, &fault);
    if (rc == CF_OK)
        return CF_OK;
    CF_TRY(find_member(object, name, &place, err));
    return refuse(&place, rc, fault.text, err);
}

enum cf_rc
cf_json_int(const struct cf_json *object, const char *name, int64_t min, int64_t max, int64_t *ret,
            struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_int(&place, min, max, ret, err) : missing(&place, err);
}

enum cf_rc
cf_json_int_opt(const struct cf_json *object, const char *name, int64_t min, int64_t max,
                int64_t *ret, struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_int(&place, min, max, ret, err) : CF_OK;
}

enum cf_rc
cf_json_bool(const struct cf_json *object, const char *name, bool *ret, struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_bool(&place, ret, err) : missing(&place, err);
}

enum cf_rc
cf_json_bool_opt(const struct cf_json *object, const char *name, bool *ret, struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_bool(&place, ret, err) : CF_OK;
}

enum cf_rc
cf_json_object(const struct cf_json *object, const char *name, const struct cf_json **ret,
               struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_container(&place, json_type_object, ret, err) : missing(&place, err);
}

enum cf_rc
cf_json_object_opt(const struct cf_json *object, const char *name, const struct cf_json **ret,
                   struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_container(&place, json_type_object, ret, err) : CF_OK;
}

enum cf_rc
cf_json_array(const struct cf_json *object, const char *name, size_t max_n,
              const struct cf_json **ret, struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_array(&place, max_n, ret, err) : missing(&place, err);
}

enum cf_rc
cf_json_array_opt(const struct cf_json *object, const char *name, size_t max_n,
                  const struct cf_json **ret, struct cf_err *err)
{
    struct place place;

    CF_TRY(find_member(object, name, &place, err));
    return place.node ? take_array(&place, max_n, ret, err) : CF_OK;
}

size_t
cf_json_length(const struct cf_json *array)
{
    if (!array || !json_object_is_type(array->node, json_type_array))
        return 0;
    return json_object_array_length(array->node);
}

enum cf_rc
cf_json_at_object(const struct cf_json *array, size_t index, const struct cf_json **ret,
                  struct cf_err *err)
{
    struct place place;

    CF_TRY(find_element(array, index, &place, err));
    return take_container(&place, json_type_object, ret, err);
}

enum cf_rc
cf_json_at_string(const struct cf_json *array, size_t index, size_t min, size_t max,
                  const char **ret, struct cf_err *err)
{
    struct place place;

    CF_TRY(find_element(array, index, &place, err));
    return take_string(&place, min, max, ret, err);
}

bool
cf_json_has(const struct cf_json *object, const char *name)
{
    struct place place;

    return find_member(object, name, &place, NULL) == CF_OK && place.node;
}
