/* SPDX-License-Identifier: Apache-2.0 */
/* json_write - compact JSON, appended member by member. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

/* The calls below fill writer->err themselves; this only keeps rc and err of one mind. */
static void
stick(struct cf_json_writer *writer, enum cf_rc rc)
{
    if (rc != CF_OK)
        writer->err.rc = rc;
}

/* Nothing is written after the first error, so one check at the end is enough. */
static void
raw(struct cf_json_writer *writer, const char *text)
{
    if (writer->err.rc == CF_OK)
        stick(writer, cf_buf_append_str(writer->out, text, &writer->err));
}

static void
raw_bytes(struct cf_json_writer *writer, const void *data, size_t len)
{
    if (writer->err.rc == CF_OK)
        stick(writer, cf_buf_append(writer->out, data, len, &writer->err));
}

static void
lead(struct cf_json_writer *writer, const char *name)
{
    if (writer->need_comma)
        raw(writer, ",");
    writer->need_comma = true;
    if (name) {
        raw(writer, "\"");
        raw(writer, name);
        raw(writer, "\":");
    }
}

static void
open_container(struct cf_json_writer *writer, const char *name, const char *bracket)
{
    lead(writer, name);
    raw(writer, bracket);
    writer->depth++;
    writer->need_comma = false;
}

static void
close_container(struct cf_json_writer *writer, const char *bracket)
{
    if (writer->depth == 0) {
        if (writer->err.rc == CF_OK)
            (void)cf_fail(&writer->err, CF_E_BUG, "JSON writer: more ends than beginnings");
        return;
    }
    raw(writer, bracket);
    writer->depth--;
    writer->need_comma = true;
}

/* Runs of plain characters are copied whole. */
static void
escaped(struct cf_json_writer *writer, const char *text)
{
    const char *run = text;

    for (const char *at = text;; at++) {
        unsigned char c = (unsigned char)*at;
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        raw_bytes(writer, run, (size_t)(at - run));
        if (c == '\0')
            return;
        run = at + 1;
        if (c == '"' || c == '\\') {
            raw_bytes(writer, (const char[]){'\\', (char)c}, 2);
        } else if (c == '\n') {
            raw(writer, "\\n");
        } else if (writer->err.rc == CF_OK) {
            stick(writer, cf_buf_appendf(writer->out, &writer->err, "\\u%04x", c));
        }
    }
}

void
cf_json_writer_begin(struct cf_json_writer *writer, struct cf_buf *out)
{
    *writer = (struct cf_json_writer){.out = out};
}

void
cf_json_put_object(struct cf_json_writer *writer, const char *name)
{
    open_container(writer, name, "{");
}

void
cf_json_put_object_end(struct cf_json_writer *writer)
{
    close_container(writer, "}");
}

void
cf_json_put_array(struct cf_json_writer *writer, const char *name)
{
    open_container(writer, name, "[");
}

void
cf_json_put_array_end(struct cf_json_writer *writer)
{
    close_container(writer, "]");
}

void
cf_json_put_string(struct cf_json_writer *writer, const char *name, const char *value)
{
    lead(writer, name);
    if (!value) {
        raw(writer, "null");
        return;
    }
    if (writer->err.rc == CF_OK && !cf_text_is_utf8(value, strlen(value)))
        (void)cf_fail(&writer->err, CF_E_ENCODING, "%s: text is not valid UTF-8",
                      name ? name : "array element");
    raw(writer, "\"");
    escaped(writer, value);
    raw(writer, "\"");
}

void
cf_json_put_int(struct cf_json_writer *writer, const char *name, int64_t value)
{
    lead(writer, name);
    if (writer->err.rc == CF_OK)
        stick(writer, cf_buf_appendf(writer->out, &writer->err, "%" PRId64, value));
}

void
cf_json_put_bool(struct cf_json_writer *writer, const char *name, bool value)
{
    lead(writer, name);
    raw(writer, value ? "true" : "false");
}

void
cf_json_put_base64(struct cf_json_writer *writer, const char *name, struct cf_bytes bytes)
{
    cf_own_str text = NULL;

    lead(writer, name);
    if (writer->err.rc != CF_OK || cf_text_base64(bytes, &text, &writer->err) != CF_OK)
        return;
    raw(writer, "\"");
    raw(writer, text);
    raw(writer, "\"");
}

void
cf_json_put_json(struct cf_json_writer *writer, const char *name, const struct cf_json *value)
{
    cf_own(cf_buf) text = NULL;

    lead(writer, name);
    if (!value) {
        raw(writer, "null");
        return;
    }
    if (writer->err.rc != CF_OK || cf_json_print(value, SIZE_MAX, &text, &writer->err) != CF_OK)
        return;
    struct cf_bytes bytes = cf_buf_bytes(text);
    raw_bytes(writer, bytes.data, bytes.len);
}

enum cf_rc
cf_json_writer_end(struct cf_json_writer *writer, struct cf_err *err)
{
    if (writer->err.rc == CF_OK && writer->depth > 0)
        (void)cf_fail(&writer->err, CF_E_BUG, "JSON writer: %u objects or arrays are still open",
                      writer->depth);
    if (writer->err.rc == CF_OK)
        return CF_OK;
    if (err)
        *err = writer->err;
    return writer->err.rc;
}
