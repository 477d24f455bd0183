/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - strict JSON (RFC 8259) behind typed getters.
 *
 * Documents come from outside: size, depth (32), duplicate member names and invalid UTF-8 are
 * refused at parse time; every getter says which member was missing, of the wrong type or out of
 * its limits, by its full path ("profile.keySize"). No private key and no PFX password may enter.
 *
 * A struct cf_json is either a document (owned) or a view into one (borrowed, valid as long as
 * the document). Documents are not shared between threads.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/err.h"

struct cf_json;

/* A tree takes many times the memory of its text: the number of values is bounded, too. */
enum { CF_JSON_DEPTH_MAX = 32, CF_JSON_VALUES_MAX = 256 * 1024 };

/* CF_E_ENCODING tells line and column; CF_E_LIMIT for text over max_len bytes, nesting over
 * DEPTH_MAX, more than VALUES_MAX values. */
CF_MUST_USE enum cf_rc cf_json_parse(struct cf_bytes text, size_t max_len,
                                     struct cf_json **ret_document, struct cf_err *err);
struct cf_json *cf_json_free(struct cf_json *document); /* documents only, never views */
CF_DEFINE_OWN(cf_json);

/*
 * Getters of an object's members. The plain form fails with CF_E_FIELD when the member is missing
 * or null; the _opt form returns CF_OK and leaves *ret as it was. A wrong type is CF_E_FIELD
 * in both, a value outside the limits CF_E_RANGE. Strings are borrowed, NUL-terminated and never
 * hold an embedded NUL; min and max count bytes.
 */
CF_MUST_USE enum cf_rc cf_json_string(const struct cf_json *object, const char *name, size_t min,
                                      size_t max, const char **ret, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_string_opt(const struct cf_json *object, const char *name,
                                          size_t min, size_t max, const char **ret,
                                          struct cf_err *err);
/* A string that is base64 (cf_text_from_base64) of 1 to max_len bytes. Also CF_E_ENCODING,
 * CF_E_LIMIT. */
CF_MUST_USE enum cf_rc cf_json_base64(const struct cf_json *object, const char *name,
                                      size_t max_len, struct cf_buf **ret, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_int(const struct cf_json *object, const char *name, int64_t min,
                                   int64_t max, int64_t *ret, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_int_opt(const struct cf_json *object, const char *name, int64_t min,
                                       int64_t max, int64_t *ret, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_bool(const struct cf_json *object, const char *name, bool *ret,
                                    struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_bool_opt(const struct cf_json *object, const char *name, bool *ret,
                                        struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_object(const struct cf_json *object, const char *name,
                                      const struct cf_json **ret, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_object_opt(const struct cf_json *object, const char *name,
                                          const struct cf_json **ret, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_array(const struct cf_json *object, const char *name, size_t max_n,
                                     const struct cf_json **ret, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_array_opt(const struct cf_json *object, const char *name,
                                         size_t max_n, const struct cf_json **ret,
                                         struct cf_err *err);

/* Elements of an array view. */
size_t cf_json_length(const struct cf_json *array); /* 0 for NULL */
CF_MUST_USE enum cf_rc cf_json_at_object(const struct cf_json *array, size_t index,
                                         const struct cf_json **ret, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_json_at_string(const struct cf_json *array, size_t index, size_t min,
                                         size_t max, const char **ret, struct cf_err *err);
bool cf_json_has(const struct cf_json *object, const char *name); /* present and not null */

/* The compact text of a document or view, up to max_len bytes (CF_E_LIMIT). */
CF_MUST_USE enum cf_rc cf_json_print(const struct cf_json *json, size_t max_len,
                                     struct cf_buf **ret_text, struct cf_err *err);

/*
 * Writing: a writer appends compact JSON to a cf_buf, so that a document is built without a tree.
 * Errors stick: the first one is kept and returned by cf_json_writer_end. Names are not escaped
 * and must be plain ASCII literals; NULL for name inside arrays. A NULL string writes null.
 */
struct cf_json_writer {
    struct cf_buf *out; /* borrowed */
    struct cf_err err;
    unsigned depth;
    bool need_comma;
};

void cf_json_writer_begin(struct cf_json_writer *writer, struct cf_buf *out);
void cf_json_put_object(struct cf_json_writer *writer, const char *name);
void cf_json_put_object_end(struct cf_json_writer *writer);
void cf_json_put_array(struct cf_json_writer *writer, const char *name);
void cf_json_put_array_end(struct cf_json_writer *writer);
void cf_json_put_string(struct cf_json_writer *writer, const char *name, const char *value);
void cf_json_put_int(struct cf_json_writer *writer, const char *name, int64_t value);
void cf_json_put_bool(struct cf_json_writer *writer, const char *name, bool value);
void cf_json_put_base64(struct cf_json_writer *writer, const char *name, struct cf_bytes bytes);
/* A view or document as it is; NULL: null. */
void cf_json_put_json(struct cf_json_writer *writer, const char *name, const struct cf_json *value);
/* CF_E_BUG when objects or arrays are still open. */
CF_MUST_USE enum cf_rc cf_json_writer_end(struct cf_json_writer *writer, struct cf_err *err);
