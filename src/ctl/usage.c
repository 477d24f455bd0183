/* SPDX-License-Identifier: Apache-2.0 */
/* usage - texts that are made from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

enum { FORM_SIZE = 64, COMMAND_WIDTH = 24, OPTION_WIDTH = 26 };

static void
print_options(FILE *out, const struct cf_tool_option *options)
{
    for (const struct cf_tool_option *option = options; option->name; option++) {
        char form[FORM_SIZE];
        char letter[] = {'-', option->letter, ',', ' ', '\0'};

        snprintf(form, sizeof form, "%s--%s%s%s", option->letter ? letter : "    ", option->name,
                 option->value ? "=" : "", option->value ? option->value : "");
        fprintf(out, "  %-*s %s\n", OPTION_WIDTH, form, option->help);
    }
}

void
cf_tool_usage(FILE *out)
{
    fputs("Usage: certferry [OPTION]... COMMAND [ARGUMENT] [OPTION]...\n"
          "Looks after the certificate connector certferryd.\n\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < cf_tool_n_commands; i++) {
        const struct cf_tool_command *command = &cf_tool_commands[i];
        char form[FORM_SIZE];

        snprintf(form, sizeof form, "%s%s%s", command->name, command->argument ? " " : "",
                 command->argument ? command->argument : "");
        fprintf(out, "  %-*s %s\n", COMMAND_WIDTH, form, command->help);
    }
    fputs("\nOptions for all commands:\n", out);
    print_options(out, cf_tool_global_options);
    fputs("\nExit status: 0 success, 1 refused or failed, 2 not found, 3 the daemon does not\n"
          "answer, 4 check found errors, 64 wrong usage, 78 faulty configuration.\n"
          "`certferry help COMMAND` tells more about a command.\n",
          out);
}

void
cf_tool_describe(struct cf_tool *tool, const struct cf_tool_command *command)
{
    bool has_options = command->options->name != NULL;

    fprintf(tool->out, "Usage: certferry %s%s%s%s\n", command->name, command->argument ? " " : "",
            command->argument ? command->argument : "", has_options ? " [OPTION]..." : "");
    cf_tool_paragraph(tool, 0, command->details);
    if (has_options) {
        fputs("\nOptions:\n", tool->out);
        print_options(tool->out, command->options);
    }
    fputs("\nOptions for all commands:\n", tool->out);
    print_options(tool->out, cf_tool_global_options);
}

static void
print_words(FILE *out, const struct cf_tool_option *options)
{
    for (const struct cf_tool_option *option = options; option->name; option++)
        fprintf(out, " --%s", option->name);
}

/* Of a command of two words only the first is looked at. */
static int
first_len(const struct cf_tool_command *command)
{
    return (int)strcspn(command->name, " ");
}

static bool
is_same_word(size_t i, size_t k)
{
    int len = first_len(&cf_tool_commands[i]);

    return first_len(&cf_tool_commands[k]) == len &&
           strncmp(cf_tool_commands[k].name, cf_tool_commands[i].name, (size_t)len) == 0;
}

/* A group is offered once, for all its commands. */
static bool
is_first_of_word(size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (is_same_word(k, i))
            return false;
    }
    return true;
}

/* One case per option with a value: files, known words, or nothing to offer. */
static void
print_values(FILE *out, const char *command, int len, const struct cf_tool_option *options)
{
    for (const struct cf_tool_option *option = options; option->name; option++) {
        bool is_file = option->value &&
                       (strcmp(option->value, "FILE") == 0 || strcmp(option->value, "PATH") == 0);

        if (!option->value)
            continue;
        fprintf(out, "    %.*s:--%s", len, command, option->name);
        if (option->letter)
            fprintf(out, "|%.*s:-%c", len, command, option->letter);
        if (is_file)
            fputs(") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", out);
        else
            fprintf(out, ") COMPREPLY=($(compgen -W '%s' -- \"$word\")); return ;;\n",
                    option->choices ? option->choices : "");
    }
}

static void
print_first_words(FILE *out, const char *before, const char *between)
{
    for (size_t i = 0; i < cf_tool_n_commands; i++) {
        if (is_first_of_word(i))
            fprintf(out, "%s%.*s", i > 0 ? between : before, first_len(&cf_tool_commands[i]),
                    cf_tool_commands[i].name);
    }
}

/* What can stand behind a command's first word: the second ones, options, values. */
static void
print_case(FILE *out, size_t first)
{
    int len = first_len(&cf_tool_commands[first]);

    fprintf(out, "    %.*s) words+='", len, cf_tool_commands[first].name);
    for (size_t i = first; i < cf_tool_n_commands; i++) {
        const struct cf_tool_command *command = &cf_tool_commands[i];

        if (!is_same_word(first, i))
            continue;
        fputs(command->name + len, out);
        print_words(out, command->options);
        if (command->choices)
            fprintf(out, " %s", command->choices);
        if (command->argument && strcmp(command->argument, "[COMMAND]") == 0)
            print_first_words(out, " ", " ");
    }
    fputs("' ;;\n", out);
}

void
cf_tool_bash_completion(FILE *out)
{
    fputs("# bash completion of certferry; made by `certferry completion bash`\n"
          "_certferry() {\n"
          "  local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
          "  if [[ $word == = ]]; then word=\n"
          "  elif [[ $last == = ]]; then last=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
          "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "    case ${COMP_WORDS[i]} in\n"
          "      ",
          out);
    print_first_words(out, "", "|");
    fputs(") command=${COMP_WORDS[i]}; break ;;\n"
          "    esac\n"
          "  done\n"
          "  case $command:$last in\n",
          out);
    print_values(out, "*", 1, cf_tool_global_options);
    for (size_t i = 0; i < cf_tool_n_commands; i++)
        print_values(out, cf_tool_commands[i].name, first_len(&cf_tool_commands[i]),
                     cf_tool_commands[i].options);
    fputs("  esac\n"
          "  local words='",
          out);
    print_words(out, cf_tool_global_options);
    fputs("'\n"
          "  case $command in\n"
          "    '') words+='",
          out);
    print_first_words(out, " ", " ");
    fputs("' ;;\n", out);
    for (size_t i = 0; i < cf_tool_n_commands; i++) {
        if (is_first_of_word(i))
            print_case(out, i);
    }
    fputs("  esac\n"
          "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
          "}\n"
          "complete -F _certferry certferry\n",
          out);
}

int
cf_tool_help(struct cf_tool *tool, const struct cf_tool_args *args)
{
    if (!args->argument) {
        cf_tool_usage(tool->out);
        return CF_TOOL_OK;
    }

    const struct cf_tool_command *command = cf_tool_find_command(args->argument);
    if (command) {
        cf_tool_describe(tool, command);
        return CF_TOOL_OK;
    }
    unsigned n = 0;
    for (size_t i = 0; i < cf_tool_n_commands; i++) {
        if (!cf_tool_is_of_group(&cf_tool_commands[i], args->argument))
            continue;
        if (n++ > 0)
            fputc('\n', tool->out);
        cf_tool_describe(tool, &cf_tool_commands[i]);
    }
    if (n == 0)
        return cf_tool_misuse(tool, "there is no command '%s'", args->argument);
    return CF_TOOL_OK;
}

int
cf_tool_completion(struct cf_tool *tool, const struct cf_tool_args *args)
{
    if (strcmp(args->argument, "bash") != 0)
        return cf_tool_misuse(tool, "completion: '%s' is not supported; bash is", args->argument);
    cf_tool_bash_completion(tool->out);
    return CF_TOOL_OK;
}
