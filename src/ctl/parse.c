/* SPDX-License-Identifier: Apache-2.0 */
/* parse - the command line, read by the table of commands. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "commands.h"

enum {
    MISUSE_SIZE = 1024,
    NAMES_MAX = 32,
    COMMAND_SIZE = 64,
    TIMEOUT_MIN_MS = 100,
    TIMEOUT_MAX_MS = 24 * 60 * 60 * 1000
};

struct parse {
    struct cf_tool *tool;
    char *const *word;
    const struct cf_tool_command *command; /* NULL until it was met */
    const char *group;                     /* first word of a command of two; NULL until met */
    struct cf_tool_args global;
    struct cf_tool_args args;
};

int
cf_tool_misuse(struct cf_tool *tool, const char *format, ...)
{
    char text[MISUSE_SIZE];
    va_list list;

    va_start(list, format);
    if (vsnprintf(text, sizeof text, format, list) < 0)
        text[0] = '\0';
    va_end(list);
    cf_tool_complain(tool, "%s; see `certferry help`", text);
    return CF_TOOL_USAGE;
}

const char *
cf_tool_option(const struct cf_tool_args *args, const char *name)
{
    for (size_t i = 0; args->options[i].name; i++) {
        if (strcmp(args->options[i].name, name) == 0)
            return args->value[i];
    }
    abort();
}

/* By long name (name_len octets) or, when name is NULL, by letter. */
static bool
find_option(struct parse *parse, const char *name, size_t name_len, char letter,
            struct cf_tool_args **ret_args, size_t *ret_index)
{
    struct cf_tool_args *places[] = {&parse->global, &parse->args};

    for (size_t k = 0; k < (parse->command ? 2 : 1); k++) {
        const struct cf_tool_option *option = places[k]->options;

        for (size_t i = 0; option[i].name; i++) {
            bool is_it = name ? strlen(option[i].name) == name_len &&
                                    strncmp(option[i].name, name, name_len) == 0
                              : option[i].letter == letter;
            if (is_it) {
                *ret_args = places[k];
                *ret_index = i;
                return true;
            }
        }
    }
    return false;
}

static int
misuse_name(struct parse *parse, const char *name, size_t name_len)
{
    const char *names[NAMES_MAX];
    const struct cf_tool_option *lists[] = {cf_tool_global_options, parse->args.options};
    cf_own_str given = strndup(name, name_len);
    size_t n = 0;

    for (size_t k = 0; k < (parse->command ? 2 : 1); k++) {
        for (const struct cf_tool_option *option = lists[k]; option->name && n < NAMES_MAX;
             option++)
            names[n++] = option->name;
    }
    const char *nearest = given ? cf_text_nearest(given, names, n) : NULL;
    if (nearest)
        return cf_tool_misuse(parse->tool, "unknown option --%s; did you mean --%s?", given,
                              nearest);
    return cf_tool_misuse(parse->tool, "unknown option --%s%s%s", given ? given : "",
                          parse->command ? " for " : "",
                          parse->command ? parse->command->name : "");
}

static int
set_option(struct parse *parse, struct cf_tool_args *args, size_t index, const char *value)
{
    const struct cf_tool_option *option = &args->options[index];

    if (args->value[index])
        return cf_tool_misuse(parse->tool, "--%s is given twice", option->name);
    if (option->value && !value)
        value = *parse->word ? *parse->word++ : NULL;
    else if (!option->value && value)
        return cf_tool_misuse(parse->tool, "--%s takes no value", option->name);
    if (option->value && (!value || !*value))
        return cf_tool_misuse(parse->tool, "--%s needs a value: %s", option->name, option->value);
    args->value[index] = value ? value : "";
    return CF_TOOL_OK;
}

static int
take_long(struct parse *parse, const char *name)
{
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    struct cf_tool_args *args;
    size_t index;

    if (!find_option(parse, name, len, 0, &args, &index))
        return misuse_name(parse, name, len);
    return set_option(parse, args, index, equals ? equals + 1 : NULL);
}

static int
take_short(struct parse *parse, const char *letters)
{
    struct cf_tool_args *args;
    size_t index;

    if (!find_option(parse, NULL, 0, letters[0], &args, &index))
        return cf_tool_misuse(parse->tool, "unknown option -%c", letters[0]);
    return set_option(parse, args, index, letters[1] ? letters + 1 : NULL);
}

/* What could stand in place of a word that names no command: those of the group, or all. */
static size_t
list_names(const char *group, const char *names[NAMES_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < cf_tool_n_commands && n < NAMES_MAX; i++) {
        const struct cf_tool_command *command = &cf_tool_commands[i];

        if (!group)
            names[n++] = command->name;
        else if (cf_tool_is_of_group(command, group))
            names[n++] = command->name + strlen(group) + 1;
    }
    return n;
}

static int
misuse_command(struct parse *parse, const char *word)
{
    const char *names[NAMES_MAX];
    size_t n = list_names(parse->group, names);
    const char *nearest = cf_text_nearest(word, names, n);

    return cf_tool_misuse(parse->tool, "there is no command '%s%s%s'%s%s%s",
                          parse->group ? parse->group : "", parse->group ? " " : "", word,
                          nearest ? "; did you mean " : "", nearest ? nearest : "",
                          nearest ? "?" : "");
}

/* The first word of a command, or the second when the first was a group. */
static int
take_name(struct parse *parse, const char *word)
{
    char name[COMMAND_SIZE];
    int len = snprintf(name, sizeof name, "%s%s%s", parse->group ? parse->group : "",
                       parse->group ? " " : "", word);

    if (len >= 0 && (size_t)len < sizeof name)
        parse->command = cf_tool_find_command(name);
    if (parse->command) {
        parse->args.options = parse->command->options;
        return CF_TOOL_OK;
    }
    for (size_t i = 0; i < cf_tool_n_commands && !parse->group; i++) {
        if (cf_tool_is_of_group(&cf_tool_commands[i], word)) {
            parse->group = word;
            return CF_TOOL_OK;
        }
    }
    return misuse_command(parse, word);
}

static int
take_plain(struct parse *parse, const char *word)
{
    if (parse->command) {
        if (!parse->command->argument)
            return cf_tool_misuse(parse->tool, "%s takes no argument, but '%s' is given",
                                  parse->command->name, word);
        if (parse->args.argument)
            return cf_tool_misuse(parse->tool, "%s takes one argument, but '%s' is a second",
                                  parse->command->name, word);
        parse->args.argument = word;
        return CF_TOOL_OK;
    }

    return take_name(parse, word);
}

static int
parse_words(struct parse *parse)
{
    bool only_plain = false;

    while (*parse->word) {
        const char *word = *parse->word++;
        int code;

        if (!only_plain && strcmp(word, "--") == 0) {
            only_plain = true;
            continue;
        }
        if (!only_plain && strncmp(word, "--", 2) == 0)
            code = take_long(parse, word + 2);
        else if (!only_plain && word[0] == '-' && word[1])
            code = take_short(parse, word + 1);
        else
            code = take_plain(parse, word);
        if (code != CF_TOOL_OK)
            return code;
    }
    return CF_TOOL_OK;
}

static int
apply_global(struct parse *parse)
{
    struct cf_tool *tool = parse->tool;
    const char *config = cf_tool_option(&parse->global, "config");
    const char *timeout = cf_tool_option(&parse->global, "timeout");
    struct cf_err err = {0};

    if (config)
        tool->config_path = config;
    tool->socket_path = cf_tool_option(&parse->global, "socket");
    tool->json = cf_tool_option(&parse->global, "json") != NULL;
    if (timeout &&
        cf_text_duration(timeout, TIMEOUT_MIN_MS, TIMEOUT_MAX_MS, &tool->timeout_ms, &err) != CF_OK)
        return cf_tool_misuse(tool, "--timeout: %s", err.text);
    return CF_TOOL_OK;
}

int
cf_tool_main(struct cf_tool *tool, int argc, char *const *argv)
{
    struct parse parse = {
        .tool = tool,
        .word = argv + (argc > 0),
        .global = {.options = cf_tool_global_options},
    };
    int code = parse_words(&parse);

    if (code == CF_TOOL_OK)
        code = apply_global(&parse);
    if (code != CF_TOOL_OK)
        return code;
    if (cf_tool_option(&parse.global, "version")) {
        fputs("certferry " CERTFERRY_VERSION "\n", tool->out);
        return CF_TOOL_OK;
    }
    if (cf_tool_option(&parse.global, "help")) {
        if (parse.command)
            cf_tool_describe(tool, parse.command);
        else
            cf_tool_usage(tool->out);
        return CF_TOOL_OK;
    }
    if (!parse.command && parse.group) {
        const char *names[NAMES_MAX] = {NULL};

        (void)list_names(parse.group, names);
        return cf_tool_misuse(tool, "%s needs another word, as in `certferry %s %s`", parse.group,
                              parse.group, names[0]);
    }
    if (!parse.command) {
        cf_tool_usage(tool->err);
        return CF_TOOL_USAGE;
    }
    if (parse.command->argument && parse.command->argument[0] != '[' && !parse.args.argument)
        return cf_tool_misuse(tool, "%s needs an argument: %s", parse.command->name,
                              parse.command->argument);
    return parse.command->run(tool, &parse.args);
}
