/* SPDX-License-Identifier: Apache-2.0 */
#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "certferry/config.h"
#include "certferry/ctl.h"
#include "certferry/file.h"
#include "certferry/key.h"
#include "certferry/text.h"

enum {
    SECURE_HEAP_SIZE = 64 * 1024,
    WIDTH_MIN = 40,
    WIDTH_DEFAULT = 80,
    LABEL_WIDTH = 12,
    COMPLAINT_SIZE = 2048
};

enum cf_rc
cf_tool_open_pki(struct cf_err *err)
{
    static bool is_open;

    if (!is_open)
        CF_TRY(cf_pki_init(SECURE_HEAP_SIZE, err));
    is_open = true;
    return CF_OK;
}

void
cf_tool_init(struct cf_tool *tool)
{
    const char *no_colour = getenv("NO_COLOR");
    struct winsize size = {0};

    *tool = (struct cf_tool){.out = stdout, .err = stderr, .config_path = CF_CONFIG_PATH};
    if (!isatty(STDOUT_FILENO))
        return;
    tool->colours = !no_colour || !*no_colour;
    tool->width = WIDTH_DEFAULT;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        tool->width = size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

int
cf_tool_end(struct cf_tool *tool, int code)
{
    if (fflush(tool->out) == 0 && !ferror(tool->out))
        return code;
    cf_tool_complain(tool, "the output could not be written");
    return code == CF_TOOL_OK ? CF_TOOL_REFUSED : code;
}

static void
put_clean(FILE *out, const char *text)
{
    size_t len = strlen(text);
    cf_own_str clean = malloc(len + 1);

    if (!clean)
        return;
    cf_text_sanitize(text, len, clean, len + 1);
    fputs(clean, out);
}

void
cf_tool_put(struct cf_tool *tool, const char *text)
{
    put_clean(tool->out, text && *text ? text : "-");
}

const char *
cf_tool_style(const struct cf_tool *tool, enum cf_tool_style style)
{
    static const char *const codes[] = {
        [CF_STYLE_PLAIN] = "\033[0m", [CF_STYLE_GOOD] = "\033[32m", [CF_STYLE_WARN] = "\033[33m",
        [CF_STYLE_BAD] = "\033[31m",  [CF_STYLE_HEAD] = "\033[1m",
    };

    return tool->colours ? codes[style] : "";
}

void
cf_tool_put_styled(struct cf_tool *tool, enum cf_tool_style style, const char *text)
{
    if (style != CF_STYLE_PLAIN)
        fputs(cf_tool_style(tool, style), tool->out);
    cf_tool_put(tool, text);
    if (style != CF_STYLE_PLAIN)
        fputs(cf_tool_style(tool, CF_STYLE_PLAIN), tool->out);
}

void
cf_tool_line(struct cf_tool *tool, const char *label, const char *text)
{
    fprintf(tool->out, "%-*s ", LABEL_WIDTH - 1, label);
    cf_tool_put(tool, text);
    fputc('\n', tool->out);
}

/* The end of the longest run of whole words of at most `room` characters; at least one word. */
static const char *
line_end(const char *text, size_t room)
{
    const char *end = NULL;
    size_t n = 0;

    for (const char *at = text;; at++) {
        if (*at == ' ' || *at == '\0') {
            if (!end || n <= room)
                end = at;
            if (*at == '\0' || n > room)
                return end;
        }
        n += ((unsigned char)*at & 0xc0) != 0x80; /* characters, not octets */
    }
}

void
cf_tool_paragraph(struct cf_tool *tool, unsigned indent, const char *text)
{
    size_t width = tool->width > 0 ? tool->width : WIDTH_DEFAULT;
    size_t room = width > indent + 20 ? width - indent : 20;
    size_t len = strlen(text);
    cf_own_str clean = malloc(len + 1);

    if (!clean)
        return;
    cf_text_sanitize(text, len, clean, len + 1);
    for (const char *at = clean; *at;) {
        const char *end = line_end(at, room);

        fprintf(tool->out, "%*s%.*s\n", (int)indent, "", (int)(end - at), at);
        at = end + (*end == ' ');
    }
}

void
cf_tool_complain(struct cf_tool *tool, const char *format, ...)
{
    char text[COMPLAINT_SIZE];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    va_end(args);
    fputs("certferry: ", tool->err);
    put_clean(tool->err, text);
    fputc('\n', tool->err);
}

int
cf_tool_fail(struct cf_tool *tool, const struct cf_err *failure)
{
    cf_tool_complain(tool, "%s", failure->text);
    return failure->rc == CF_E_NOT_FOUND ? CF_TOOL_NOT_FOUND : CF_TOOL_REFUSED;
}

/* One character that sanitizing would replace, as JSON escapes it. */
static void
put_escaped(FILE *out, const unsigned char *at, size_t len)
{
    uint32_t code = len == 1 ? at[0] : len == 2 ? at[0] & 0x1f : len == 3 ? at[0] & 0xf : at[0] & 7;

    for (size_t i = 1; i < len; i++)
        code = code << 6 | (at[i] & 0x3f);
    if (code > 0xffff) {
        code -= 0x10000;
        fprintf(out, "\\u%04x", 0xd800 + (code >> 10));
        code = 0xdc00 + (code & 0x3ff);
    }
    fprintf(out, "\\u%04x", code);
}

int
cf_tool_put_json(struct cf_tool *tool, const struct cf_json *json)
{
    cf_own(cf_buf) text = NULL;
    struct cf_err err = {0};

    if (cf_json_print(json, 2 * CF_CTL_ANSWER_MAX, &text, &err) != CF_OK)
        return cf_tool_fail(tool, &err);

    const char *at = cf_buf_str(text), *end = at + cf_buf_len(text);
    while (at < end) {
        unsigned char first = (unsigned char)*at;
        size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        char clean[8];

        if (len > (size_t)(end - at))
            break;
        cf_text_sanitize(at, len, clean, sizeof clean);
        if (memcmp(clean, at, len) == 0)
            (void)fwrite(at, 1, len, tool->out);
        else
            put_escaped(tool->out, (const unsigned char *)at, len);
        at += len;
    }
    return CF_TOOL_OK;
}

enum cf_rc
cf_tool_write(struct cf_tool *tool, const char *path, struct cf_bytes content, struct cf_err *err)
{
    if (path && strcmp(path, "-") != 0)
        return cf_file_publish(path, content, 0644, err);
    if (fwrite(content.data, 1, content.len, tool->out) != content.len)
        return cf_fail(err, CF_E_IO, "the output could not be written");
    return CF_OK;
}
