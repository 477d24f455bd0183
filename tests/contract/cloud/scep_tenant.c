/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/cloud/scep_tenant.h"

#include <stdio.h>
#include <string.h>

#include "contract/cloud/tenant_child.h"
#include "unit/base/unit.h"

enum { BUDGET_MS = 8000 };

struct cf_cloud *scep_cloud;
struct cf_err scep_err;
struct cf_scep_verdict scep_verdict;

static int stop;
static size_t n_before; /* entries of the journal when the test began */

static struct cf_buf *
bytes_of(const struct cf_json *json, const char *name)
{
    const char *text = NULL;
    struct cf_buf *bytes = NULL;

    assert_ok(cf_json_string(json, name, 1, 1 << 20, &text, &scep_err), scep_err);
    assert_ok(cf_text_from_base64(text, 1 << 20, &bytes, &scep_err), scep_err);
    return bytes;
}

struct scep_sample
scep_sample_new(const char *wrong)
{
    static unsigned n;
    struct scep_sample sample = {0};
    cf_own(cf_json) json = NULL;
    cf_own(cf_buf) der = NULL;
    char arguments[128] = "{\"profile\":\"wifi\"}";

    if (wrong)
        snprintf(arguments, sizeof arguments, "{\"profile\":\"wifi\",\"wrong\":\"%s\"}", wrong);
    const char *text = tenant_call("scep-sample", arguments);
    assert_ok(cf_json_parse(cf_bytes_of(text, strlen(text)), 1 << 20, &json, &scep_err), scep_err);
    sample.csr = bytes_of(json, "csr");
    der = bytes_of(json, "certificate");
    assert_ok(cf_cert_parse(cf_buf_bytes(der), &sample.cert, &scep_err), scep_err);
    snprintf(sample.transaction, sizeof sample.transaction, "SCEP \"%u\"=", ++n);
    sample.action.csr = cf_buf_bytes(sample.csr);
    return sample;
}

void
scep_sample_done(struct scep_sample *sample)
{
    cf_buf_free(sample->csr);
    cf_cert_free(sample->cert);
}

/* The sample may have been copied: its own text is where it is now. */
static struct cf_scep_action
action_of(const struct scep_sample *sample)
{
    return (struct cf_scep_action){.transaction_id = sample->transaction,
                                   .csr = sample->action.csr};
}

enum cf_rc
scep_validate(const struct scep_sample *sample)
{
    const struct cf_scep_action action = action_of(sample);

    return scep_cloud->ops->scep_validate(scep_cloud, &action, BUDGET_MS, &scep_verdict, &scep_err);
}

enum cf_rc
scep_issued(const struct scep_sample *sample)
{
    const struct cf_scep_action action = action_of(sample);
    const struct cf_scep_issued issued = {.cert = sample->cert, .ca = "corp"};

    return scep_cloud->ops->scep_issued(scep_cloud, &action, &issued, BUDGET_MS, &scep_verdict,
                                        &scep_err);
}

enum cf_rc
scep_failed(const struct scep_sample *sample, const struct cf_err *failure)
{
    const struct cf_scep_action action = action_of(sample);

    return scep_cloud->ops->scep_failed(scep_cloud, &action, failure, BUDGET_MS, &scep_verdict,
                                        &scep_err);
}

static void
replace(char **setting, const char *text)
{
    if (!text)
        return;
    free(*setting);
    *setting = strdup(text);
}

void
scep_reopen(const char *authority, const char *endpoint, uint64_t timeout_ms)
{
    struct cf_cloud_settings settings = tenant_settings(CF_AUTH_SECRET);
    const struct cf_cloud_env env = {.clock = cf_clock_real(),
                                     .stop_flag = &stop,
                                     .connector_id = "contract-1",
                                     .host_name = "host.example",
                                     .uses_scep = true};

    if (scep_cloud)
        scep_cloud->ops->close(scep_cloud);
    replace(&settings.authority, authority);
    replace(&settings.endpoint, endpoint);
    if (timeout_ms > 0)
        settings.timeout_ms = timeout_ms;
    assert_ok(cf_cloud_connector.open(&settings, &env, &scep_cloud, &scep_err), scep_err);
    tenant_settings_done(&settings);
}

static struct cf_json *
journal(const char *path, size_t since)
{
    struct cf_json *json = NULL;
    cf_own_str wrapped = NULL;
    char arguments[200];

    snprintf(arguments, sizeof arguments, "{\"path\":\"%s\",\"since\":%zu}", path, since);
    assert_true(asprintf(&wrapped, "{\"list\":%s}", tenant_call("journal", arguments)) > 0);
    assert_ok(cf_json_parse(cf_bytes_of(wrapped, strlen(wrapped)), 64 << 20, &json, &scep_err),
              scep_err);
    return json;
}

size_t
scep_count(const char *path)
{
    cf_own(cf_json) json = journal(path, n_before);
    const struct cf_json *list = NULL;

    assert_ok(cf_json_array(json, "list", 100000, &list, &scep_err), scep_err);
    return cf_json_length(list);
}

const char *
scep_last(const char *path)
{
    static struct cf_buf *text;
    cf_own(cf_json) json = journal(path, n_before);
    const struct cf_json *list = NULL;
    const struct cf_json *entry = NULL;

    assert_ok(cf_json_array(json, "list", 100000, &list, &scep_err), scep_err);
    assert_true(cf_json_length(list) > 0);
    assert_ok(cf_json_at_object(list, cf_json_length(list) - 1, &entry, &scep_err), scep_err);
    cf_buf_free(text);
    text = NULL;
    assert_ok(cf_json_print(entry, 1 << 20, &text, &scep_err), scep_err);
    return cf_buf_str(text);
}

void
scep_fault(const char *rules)
{
    cf_own_str arguments = NULL;

    assert_true(asprintf(&arguments, "{\"script\":%s}", rules) > 0);
    (void)tenant_call("faults", arguments);
}

int
scep_setup(void **state)
{
    (void)state;
    n_before = 0;
    n_before = scep_count("");
    scep_reopen(NULL, NULL, 0);
    return 0;
}

int
scep_teardown(void **state)
{
    (void)state;
    scep_cloud->ops->close(scep_cloud);
    scep_cloud = NULL;
    scep_fault("[]");
    assert_string_equal(tenant_call("violations", "{}"), "[]");
    return 0;
}
