/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>

#include "certferry/config.h"

static void
print_usage(FILE *out)
{
    fputs("Usage: certferryd [OPTION]...\n"
          "Carries certificates from an enterprise CA to managed devices.\n"
          "\n"
          "  -c, --config=FILE   read FILE and FILE.d/*.conf (default " CF_CONFIG_PATH ")\n"
          "      --check         check the configuration and the files it names, then exit\n"
          "      --print-config  print the effective configuration, then exit\n"
          "      --help          this text\n"
          "      --version       the version\n"
          "\n"
          "Exit status: 0 success, 1 failure, 64 wrong usage, 78 faulty configuration.\n",
          out);
}

int
cf_options_parse(int argc, char **argv, struct cf_options *ret_options)
{
    enum { OPT_CHECK = 256, OPT_PRINT, OPT_HELP, OPT_VERSION };
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},       {"check", no_argument, NULL, OPT_CHECK},
        {"print-config", no_argument, NULL, OPT_PRINT}, {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},    {NULL, 0, NULL, 0},
    };
    struct cf_options parsed = {.action = CF_ACTION_RUN, .config_path = CF_CONFIG_PATH};

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    for (int option; (option = getopt_long(argc, argv, "c:", options, NULL)) != -1;) {
        switch (option) {
        case 'c':
            parsed.config_path = optarg;
            break;
        case OPT_CHECK:
            parsed.action = CF_ACTION_CHECK;
            break;
        case OPT_PRINT:
            parsed.action = CF_ACTION_PRINT_CONFIG;
            break;
        case OPT_HELP:
            print_usage(stdout);
            return CF_EXIT_OK;
        case OPT_VERSION:
            puts("certferryd " CERTFERRY_VERSION);
            return CF_EXIT_OK;
        default:
            print_usage(stderr);
            return CF_EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "certferryd: unexpected argument '%s'\n", argv[optind]);
        print_usage(stderr);
        return CF_EXIT_USAGE;
    }
    *ret_options = parsed;
    return -1;
}

static void
print_fault(void *arg, const char *file, unsigned line, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

static int
load(const struct cf_options *options, struct cf_settings **ret_settings)
{
    struct cf_err err = {0};
    enum cf_rc rc = cf_config_load(options->config_path, print_fault, NULL, ret_settings, &err);

    if (rc == CF_OK)
        return CF_EXIT_OK;
    if (rc != CF_E_CONFIG)
        fprintf(stderr, "certferryd: %s\n", err.text);
    return CF_EXIT_CONFIG;
}

int
cf_print_config(const struct cf_options *options)
{
    enum { PRINTED_MAX = 1024 * 1024 };
    cf_own(cf_settings) settings = NULL;
    cf_own(cf_buf) out = cf_buf_new(PRINTED_MAX);
    struct cf_err err = {0};
    int code = load(options, &settings);

    if (code != CF_EXIT_OK)
        return code;
    if (!out || cf_config_print(settings, out, &err) != CF_OK) {
        fprintf(stderr, "certferryd: %s\n", err.text);
        return CF_EXIT_FAILURE;
    }
    fputs(cf_buf_str(out), stdout);
    return CF_EXIT_OK;
}

static void
print_finding(void *arg, const struct cf_finding *finding)
{
    static const char *const words[] = {
        [CF_FINDING_OK] = "ok", [CF_FINDING_WARNING] = "warning", [CF_FINDING_ERROR] = "error"};
    unsigned *n_errors = arg;

    if (finding->severity == CF_FINDING_ERROR)
        (*n_errors)++;
    if (finding->severity == CF_FINDING_OK)
        return;
    fprintf(stderr, "certferryd: %s: %s: %s", words[finding->severity], finding->subject,
            finding->text);
    fprintf(stderr, finding->remedy ? "; %s\n" : "%s\n", finding->remedy ? finding->remedy : "");
}

int
cf_check_config(const struct cf_options *options)
{
    cf_own(cf_settings) settings = NULL;
    struct cf_err err = {0};
    unsigned n_errors = 0;
    int code = load(options, &settings);

    if (code != CF_EXIT_OK)
        return code;
    if (cf_config_check_files(settings, print_finding, &n_errors, &err) != CF_OK) {
        fprintf(stderr, "certferryd: %s\n", err.text);
        return CF_EXIT_FAILURE;
    }
    if (n_errors > 0)
        return CF_EXIT_CONFIG;
    printf("certferryd: %s is in order\n", options->config_path);
    return CF_EXIT_OK;
}
