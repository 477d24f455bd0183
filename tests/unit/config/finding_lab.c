/* SPDX-License-Identifier: Apache-2.0 */
#include "finding_lab.h"

#include <stdio.h>
#include <string.h>

#include "conf_lab.h"
#include "file_lab.h"

struct findings findings;

static void
take_finding(void *arg, const struct cf_finding *finding)
{
    struct findings *all = arg;
    size_t len = strlen(all->text);

    assert_non_null(finding->subject);
    if (finding->severity == CF_FINDING_OK) {
        assert_null(finding->remedy);
        all->n_ok++;
        return;
    }
    assert_non_null(finding->remedy);
    (void)snprintf(all->text + len, sizeof all->text - len, "%s %s: %s\n",
                   finding->severity == CF_FINDING_ERROR ? "error" : "warning", finding->subject,
                   finding->text);
}

void
lab_check(finding_check_fn *fn, const char *template_text)
{
    static struct lab_faults faults;
    char text[8192] = "";
    struct cf_err err = {0};

    for (; *template_text; template_text++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%.*s", *template_text == '@' ? 64 : 1,
                       *template_text == '@' ? file_lab_dir : template_text);
    }
    cf_own(cf_settings) settings = lab_parse(text, &faults);
    if (!settings)
        fail_msg("%s", faults.text);
    findings = (struct findings){.n_ok = 0};
    assert_ok(fn(settings, take_finding, &findings, &err), err);
    assert_null(strstr(findings.text, "hunter2"));
    assert_null(strstr(findings.text, "0123456789abcdef"));
}

void
check_files(const char *text)
{
    lab_check(cf_config_check_files, text);
}

void
expect_files_clean(const char *text)
{
    check_files(text);
    assert_string_equal(findings.text, "");
    assert_true(findings.n_ok > 5);
}

void
lab_expect_finding(finding_check_fn *fn, const char *text, const char *finding)
{
    lab_check(fn, text);
    if (strncmp(findings.text, finding, strlen(finding)) != 0 ||
        strcspn(findings.text, "\n") + 1 != strlen(findings.text))
        fail_msg("expected: %s\ngot: %s", finding, findings.text);
}

void
expect_file_finding(const char *text, const char *finding)
{
    lab_expect_finding(cf_config_check_files, text, finding);
}
