/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>

#include "certferry/config.h"

#define PROGRAM "certferry-scepd"

static void
print_usage(FILE *out)
{
    fputs("Usage: " PROGRAM " [OPTION]...\n"
          "Answers devices that enrol by SCEP; certferryd decides for it.\n"
          "\n"
          "  -c, --config=FILE   read FILE and FILE.d/*.conf (default " CF_CONFIG_PATH ")\n"
          "      --check         check the configuration and the files of [scep], then exit\n"
          "      --help          this text\n"
          "      --version       the version\n"
          "\n"
          "Exit status: 0 success, 1 failure, 64 wrong usage, 78 faulty configuration.\n",
          out);
}

int
cf_scepd_options_parse(int argc, char **argv, struct cf_scepd_options *ret_options)
{
    enum { OPT_CHECK = 256, OPT_HELP, OPT_VERSION };
    static const struct option words[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, OPT_CHECK},
        {"help", no_argument, NULL, OPT_HELP},
        {"version", no_argument, NULL, OPT_VERSION},
        {NULL, 0, NULL, 0},
    };

    *ret_options = (struct cf_scepd_options){.config_path = CF_CONFIG_PATH};
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    for (int word; (word = getopt_long(argc, argv, "c:", words, NULL)) != -1;) {
        if (word == OPT_HELP) {
            print_usage(stdout);
            return CF_SCEPD_EXIT_OK;
        }
        if (word == OPT_VERSION) {
            puts(PROGRAM " " CERTFERRY_VERSION);
            return CF_SCEPD_EXIT_OK;
        }
        if (word != 'c' && word != OPT_CHECK) {
            print_usage(stderr);
            return CF_SCEPD_EXIT_USAGE;
        }
        if (word == 'c')
            ret_options->config_path = optarg;
        else
            ret_options->is_check = true;
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, PROGRAM ": '%s' is no option\n", argv[optind]);
    return CF_SCEPD_EXIT_USAGE;
}

enum cf_rc
cf_scepd_is_configured(const struct cf_settings *settings, struct cf_err *err)
{
    if (!settings->scep.is_on)
        return cf_fail(err, CF_E_CONFIG,
                       "there is no [scep] section, so there is nothing to serve; write one or "
                       "disable this service");
    return CF_OK;
}

static void
print_fault(void *arg, const char *file, unsigned line, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s:%u: %s\n", file, line, text);
}

static void
print_finding(void *arg, const struct cf_finding *finding)
{
    unsigned *n_errors = arg;
    bool is_error = finding->severity == CF_FINDING_ERROR;

    *n_errors += is_error;
    if (finding->severity != CF_FINDING_OK)
        fprintf(stderr, PROGRAM ": %s: %s: %s%s%s\n", is_error ? "error" : "warning",
                finding->subject, finding->text, finding->remedy ? "; " : "",
                finding->remedy ? finding->remedy : "");
}

int
cf_scepd_check(const struct cf_scepd_options *options)
{
    cf_own(cf_settings) settings = NULL;
    struct cf_err err = {0};
    unsigned n_errors = 0;
    enum cf_rc rc = cf_config_load(options->config_path, print_fault, NULL, &settings, &err);

    if (rc == CF_OK)
        rc = cf_scepd_is_configured(settings, &err);
    if (rc == CF_OK)
        rc = cf_config_check_front(settings, print_finding, &n_errors, &err);
    if (rc != CF_OK)
        fprintf(stderr, PROGRAM ": %s\n", err.text);
    if (rc != CF_OK || n_errors > 0)
        return CF_SCEPD_EXIT_CONFIG;
    printf(PROGRAM ": %s is in order\n", options->config_path);
    return CF_SCEPD_EXIT_OK;
}
