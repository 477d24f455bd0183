/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"

enum { GAP = 2, SHRUNK_MIN = 8, CUT_LEN = 3 };

struct cell {
    char *text;
    enum cf_tool_style style;
};

struct cf_table {
    struct cf_table_column column[CF_TABLE_COLUMNS_MAX];
    size_t n_columns;
    struct cell *cell;
    size_t n_cells;
    size_t n_places;
    bool is_broken;
};

struct cf_table *
cf_table_new(const struct cf_table_column *columns, size_t n_columns)
{
    struct cf_table *table =
        n_columns > 0 && n_columns <= CF_TABLE_COLUMNS_MAX ? calloc(1, sizeof *table) : NULL;

    if (!table)
        return NULL;
    memcpy(table->column, columns, n_columns * sizeof *columns);
    table->n_columns = n_columns;
    return table;
}

struct cf_table *
cf_table_free(struct cf_table *table)
{
    if (!table)
        return NULL;
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cell[i].text);
    free(table->cell);
    free(table);
    return NULL;
}

static bool
make_room(struct cf_table *table)
{
    if (table->n_cells < table->n_places)
        return true;

    size_t n_places = table->n_places ? 2 * table->n_places : 64;
    struct cell *cell = realloc(table->cell, n_places * sizeof *cell);
    if (!cell)
        return false;
    table->cell = cell;
    table->n_places = n_places;
    return true;
}

void
cf_table_cell(struct cf_table *table, enum cf_tool_style style, const char *text)
{
    char clean[CF_TABLE_CELL_MAX];

    if (!text || !*text)
        text = "-";
    cf_text_sanitize(text, strlen(text), clean, sizeof clean);
    char *copy = make_room(table) ? strdup(clean) : NULL;
    if (!copy) {
        table->is_broken = true;
        return;
    }
    table->cell[table->n_cells++] = (struct cell){.text = copy, .style = style};
}

size_t
cf_table_rows(const struct cf_table *table)
{
    return table->n_cells / table->n_columns;
}

/* Characters; each is taken to be one column wide. */
static size_t
width_of(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static size_t
octets_of(const char *text, size_t n_characters)
{
    const char *at = text;

    for (; *at; at++) {
        if (((unsigned char)*at & 0xc0) != 0x80 && n_characters-- == 0)
            break;
    }
    return (size_t)(at - text);
}

static void
measure(const struct cf_table *table, size_t width[CF_TABLE_COLUMNS_MAX])
{
    assert(table->n_columns > 0);
    for (size_t i = 0; i < table->n_columns; i++)
        width[i] = width_of(table->column[i].title);
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t wanted = width_of(table->cell[i].text);

        if (wanted > width[i % table->n_columns])
            width[i % table->n_columns] = wanted;
    }
}

static void
shrink(const struct cf_table *table, size_t width[CF_TABLE_COLUMNS_MAX], size_t room)
{
    size_t total = GAP * (table->n_columns - 1);

    for (size_t i = 0; i < table->n_columns; i++)
        total += width[i];
    while (total > room) {
        size_t widest = table->n_columns;

        for (size_t i = 0; i < table->n_columns; i++) {
            if (table->column[i].may_shrink && width[i] > SHRUNK_MIN &&
                (widest == table->n_columns || width[i] > width[widest]))
                widest = i;
        }
        if (widest == table->n_columns)
            return;
        width[widest]--;
        total--;
    }
}

static void
print_cell(struct cf_tool *tool, const struct cell *cell, size_t width, bool to_right, bool is_last)
{
    size_t wanted = width_of(cell->text);
    bool is_cut = wanted > width;
    size_t shown = is_cut ? width - CUT_LEN : wanted;
    int padding = is_cut ? 0 : (int)(width - wanted);

    if (to_right)
        fprintf(tool->out, "%*s", padding, "");
    if (cell->style != CF_STYLE_PLAIN)
        fputs(cf_tool_style(tool, cell->style), tool->out);
    fprintf(tool->out, "%.*s%s", (int)octets_of(cell->text, shown), cell->text,
            is_cut ? "..." : "");
    if (cell->style != CF_STYLE_PLAIN)
        fputs(cf_tool_style(tool, CF_STYLE_PLAIN), tool->out);
    if (is_last)
        fputc('\n', tool->out);
    else
        fprintf(tool->out, "%*s", (to_right ? 0 : padding) + GAP, "");
}

enum cf_rc
cf_table_print(const struct cf_table *table, struct cf_tool *tool, struct cf_err *err)
{
    size_t width[CF_TABLE_COLUMNS_MAX];
    size_t n = table->n_columns;

    if (table->is_broken)
        return cf_fail_oom(err);
    assert(n > 0);
    measure(table, width);
    if (tool->width > 0)
        shrink(table, width, tool->width);
    for (size_t i = 0; i < n; i++) {
        const struct cf_table_column *column = &table->column[i];
        cf_own_str title = strdup(column->title);

        if (!title)
            return cf_fail_oom(err);
        const struct cell head = {.text = title, .style = CF_STYLE_HEAD};
        print_cell(tool, &head, width[i], column->is_number, i + 1 == n);
    }
    for (size_t i = 0; i < table->n_cells; i++)
        print_cell(tool, &table->cell[i], width[i % n], table->column[i % n].is_number,
                   i % n + 1 == n);
    return CF_OK;
}
