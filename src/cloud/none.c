/* SPDX-License-Identifier: Apache-2.0 */
/* none - no management service: what needs one is refused, what does not goes on. */
#include "certferry/cloud.h"

static struct cf_cloud the_cloud = {.ops = &cf_cloud_none};

static enum cf_rc
refuse(const char *what, struct cf_err *err)
{
    return cf_fail(err, CF_E_CONFIG,
                   "%s: [cloud] service is none; set it to the management service", what);
}

static enum cf_rc
op_open(const struct cf_cloud_settings *settings, const struct cf_cloud_env *env,
        struct cf_cloud **ret_cloud, struct cf_err *err)
{
    (void)settings;
    (void)env;
    (void)err;
    *ret_cloud = &the_cloud;
    return CF_OK;
}

static void
op_close(struct cf_cloud *cloud)
{
    (void)cloud;
}

static enum cf_rc
op_check(struct cf_cloud *cloud, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    static const struct cf_finding FINDING = {
        .severity = CF_FINDING_OK, .subject = "cloud", .text = "no cloud is configured"};

    (void)cloud;
    (void)err;
    report(arg, &FINDING);
    return CF_OK;
}

static enum cf_rc
op_download(struct cf_cloud *cloud, size_t max, uint64_t wait_ms, struct cf_cloud_page *ret_page,
            struct cf_err *err)
{
    (void)cloud;
    (void)max;
    (void)wait_ms;
    (void)ret_page;
    return refuse("download of requests", err);
}

static enum cf_rc
op_upload(struct cf_cloud *cloud, const struct cf_cloud_result *results, size_t n,
          struct cf_cloud_verdict *ret_verdicts, struct cf_err *err)
{
    (void)cloud;
    (void)results;
    (void)n;
    (void)ret_verdicts;
    return refuse("upload of results", err);
}

static enum cf_rc
op_download_revocations(struct cf_cloud *cloud, size_t max, struct cf_cloud_page *ret_page,
                        struct cf_err *err)
{
    (void)cloud;
    (void)max;
    (void)ret_page;
    return refuse("download of revocations", err);
}

static enum cf_rc
op_upload_revocations(struct cf_cloud *cloud, const struct cf_cloud_result *results, size_t n,
                      struct cf_err *err)
{
    (void)cloud;
    (void)results;
    (void)n;
    return refuse("upload of revocations", err);
}

static enum cf_rc
op_heartbeat(struct cf_cloud *cloud, const struct cf_cloud_heartbeat *heartbeat,
             uint64_t *ret_lease_s, struct cf_err *err)
{
    (void)cloud;
    (void)heartbeat;
    (void)ret_lease_s;
    return refuse("heartbeat", err);
}

static enum cf_rc
op_scep_validate(struct cf_cloud *cloud, const struct cf_scep_action *action, uint64_t budget_ms,
                 struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    (void)cloud;
    (void)action;
    (void)budget_ms;
    (void)ret_verdict;
    return refuse("challenge of a device", err);
}

static enum cf_rc
op_scep_issued(struct cf_cloud *cloud, const struct cf_scep_action *action,
               const struct cf_scep_issued *issued, uint64_t budget_ms,
               struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    (void)cloud;
    (void)action;
    (void)issued;
    (void)budget_ms;
    (void)ret_verdict;
    return refuse("notification of a certificate", err);
}

static enum cf_rc
op_scep_failed(struct cf_cloud *cloud, const struct cf_scep_action *action,
               const struct cf_err *failure, uint64_t budget_ms,
               struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    (void)cloud;
    (void)action;
    (void)failure;
    (void)budget_ms;
    (void)ret_verdict;
    return refuse("notification of a failure", err);
}

const struct cf_cloud_ops cf_cloud_none = {
    .name = "none",
    .abi = CF_CLOUD_ABI,
    .open = op_open,
    .close = op_close,
    .check = op_check,
    .download = op_download,
    .upload = op_upload,
    .download_revocations = op_download_revocations,
    .upload_revocations = op_upload_revocations,
    .heartbeat = op_heartbeat,
    .scep_validate = op_scep_validate,
    .scep_issued = op_scep_issued,
    .scep_failed = op_scep_failed,
};
