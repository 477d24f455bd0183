/* SPDX-License-Identifier: Apache-2.0 */
/* enroll - makes the identity with which the connector signs in, and says what to do with it. */
#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "certferry/clock.h"
#include "certferry/text.h"
#include "commands.h"
#include "identity_place.h"

enum { SHA256_LEN = 32, JSON_MAX = 64 * 1024 };

static const uint64_t DAY_MS = UINT64_C(24) * 60 * 60 * 1000;

struct enrollment {
    const struct cf_settings *settings;
    const char *config_path;
    const char *output; /* NULL: standard output */
    bool force;
    uint64_t lifetime_ms;
};

static int
say_not_needed(struct cf_tool *tool, const struct cf_settings *settings)
{
    bool is_secret = settings->cloud.auth == CF_AUTH_SECRET;

    if (tool->json) {
        fputs("{\"enrolled\":false}\n", tool->out);
        return CF_TOOL_OK;
    }
    cf_tool_paragraph(tool, 0,
                      is_secret
                          ? "No enrolment is needed: [cloud] auth = secret. The tenant's "
                            "administrator makes a client secret for the app registration "
                            "(Certificates & secrets); put it into the file named by "
                            "client_secret_file, readable by the service only, and reload."
                          : "No enrolment is needed: [cloud] auth = tls. The connector signs in "
                            "with the TLS client certificate of tls_cert_file and tls_key_file; "
                            "whoever runs the service issues it.");
    cf_tool_paragraph(tool, 0,
                      "To sign in with a certificate of the connector's own, set auth = "
                      "certificate and run this again.");
    return CF_TOOL_OK;
}

static enum cf_rc
refuse_overwrite(const struct enrollment *enrollment, const struct cf_identity_place *place,
                 struct cf_err *err)
{
    const char *path = enrollment->settings->cloud.assertion_file;
    char time[CF_TEXT_TIME_SIZE];
    int64_t not_after_ms = 0;
    bool exists = false;

    CF_TRY(cf_identity_place_look(place, &exists, &not_after_ms, err));
    if (!exists || enrollment->force)
        return CF_OK;
    if (not_after_ms == 0)
        return cf_fail(err, CF_E_CONFLICT,
                       "%s exists but is no identity; look at it, and replace it with --force",
                       path);
    cf_text_from_time(not_after_ms, time);
    return cf_fail(err, CF_E_CONFLICT,
                   "%s holds an identity already, valid until %.10s; --force replaces it, and the "
                   "tenant has to know the new one before it works",
                   path, time);
}

static enum cf_rc
make(const struct enrollment *enrollment, struct cf_identity **ret_identity, struct cf_err *err)
{
    const struct cf_settings *settings = enrollment->settings;
    cf_own(cf_identity_place) place = NULL;
    cf_own(cf_identity) identity = NULL;

    CF_TRY(
        cf_identity_place_open(settings->cloud.assertion_file, settings->state_dir, &place, err));
    CF_TRY(refuse_overwrite(enrollment, place, err));
    CF_TRY(cf_identity_generate(CF_KEY_RSA_2048, settings->connector_id,
                                cf_clock_now_ms(cf_clock_real()), enrollment->lifetime_ms,
                                &identity, err));
    CF_TRY(cf_identity_place_write(place, identity, err));
    *ret_identity = cf_give(identity);
    return CF_OK;
}

static void
sha256_of(const struct cf_cert *cert, char text[2 * SHA256_LEN + 1])
{
    uint8_t digest[SHA256_LEN];

    cf_cert_sha256(cert, digest);
    cf_text_hex(cf_bytes_of(digest, sizeof digest), true, text, 2 * SHA256_LEN + 1);
}

static void
put_instructions(struct cf_tool *tool, const struct enrollment *enrollment,
                 const struct cf_cert *cert)
{
    const struct cf_cloud_settings *cloud = &enrollment->settings->cloud;
    char sha256[2 * SHA256_LEN + 1], time[CF_TEXT_TIME_SIZE];
    const bool to_file = enrollment->output && strcmp(enrollment->output, "-") != 0;

    sha256_of(cert, sha256);
    cf_text_from_time(cf_cert_not_after_ms(cert), time);
    cf_tool_line(tool, "Key kept in", cloud->assertion_file);
    cf_tool_line(tool, "Certificate", to_file ? enrollment->output : "printed above");
    cf_tool_line(tool, "SHA-1", cf_cert_thumbprint(cert));
    cf_tool_line(tool, "SHA-256", sha256);
    cf_tool_line(tool, "Valid until", time);

    fputs("\nWhat the tenant's administrator has to do:\n", tool->out);
    cf_tool_paragraph(tool, 2,
                      "1. In the app registration of this connector, Certificates & secrets, "
                      "Certificates: upload the certificate and compare the thumbprint. Only the "
                      "certificate leaves this host; the key stays.");
    cf_tool_paragraph(tool, 2,
                      "2. Under API permissions add these application permissions and grant admin "
                      "consent: Intune, scep_challenge_provider (SCEP challenge validation); "
                      "Microsoft Graph, Application.Read.All (to find the service's address).");
    fputs("\nWhat is left to do here:\n", tool->out);
    fputs("  3. In ", tool->out);
    cf_tool_put(tool, enrollment->config_path);
    fputs(", section [cloud]:\n       tenant = ", tool->out);
    cf_tool_put(tool, cloud->tenant ? cloud->tenant : "the tenant's id or domain");
    fputs("\n       client_id = ", tool->out);
    cf_tool_put(tool, cloud->client_id ? cloud->client_id : "the application (client) id");
    fputs("\n  4. systemctl reload-or-restart certferryd, then `certferry check`.\n", tool->out);
    cf_tool_paragraph(tool, 0,
                      cloud->assertion_renew
                          ? "The daemon renews the key in good time and keeps both valid meanwhile."
                          : "assertion_renew is off: run this again with --force before it "
                            "expires.");
}

static enum cf_rc
put_document(struct cf_tool *tool, const struct enrollment *enrollment,
             const struct cf_identity *identity, const char *pem, struct cf_err *err)
{
    const struct cf_cert *cert = cf_identity_cert(identity);
    cf_own(cf_buf) text = cf_buf_new(JSON_MAX);
    cf_own(cf_json) document = NULL;
    struct cf_json_writer writer;
    char sha256[2 * SHA256_LEN + 1], time[CF_TEXT_TIME_SIZE];

    if (!text)
        return cf_fail_oom(err);
    sha256_of(cert, sha256);
    cf_text_from_time(cf_cert_not_after_ms(cert), time);
    cf_json_writer_begin(&writer, text);
    cf_json_put_object(&writer, NULL);
    cf_json_put_bool(&writer, "enrolled", true);
    cf_json_put_string(&writer, "assertionFile", enrollment->settings->cloud.assertion_file);
    cf_json_put_string(&writer, "sha1", cf_cert_thumbprint(cert));
    cf_json_put_string(&writer, "sha256", sha256);
    cf_json_put_string(&writer, "notAfterUtc", time);
    cf_json_put_string(&writer, "pem", pem);
    cf_json_put_object_end(&writer);
    CF_TRY(cf_json_writer_end(&writer, err));
    CF_TRY(cf_json_parse(cf_buf_bytes(text), JSON_MAX, &document, err));
    (void)cf_tool_put_json(tool, document);
    fputc('\n', tool->out);
    return CF_OK;
}

static enum cf_rc
enroll(struct cf_tool *tool, const struct enrollment *enrollment, struct cf_err *err)
{
    cf_own(cf_identity) identity = NULL;
    cf_own(cf_buf) pem = NULL;

    CF_TRY(make(enrollment, &identity, err));
    CF_TRY(cf_identity_cert_pem(identity, &pem, err));
    if (enrollment->output || !tool->json)
        CF_TRY(cf_tool_write(tool, enrollment->output, cf_buf_bytes(pem), err));
    if (tool->json)
        return put_document(tool, enrollment, identity, cf_buf_str(pem), err);
    put_instructions(tool, enrollment, cf_identity_cert(identity));
    return CF_OK;
}

int
cf_tool_enroll(struct cf_tool *tool, const struct cf_tool_args *args)
{
    cf_own(cf_settings) settings = NULL;
    const char *lifetime = cf_tool_option(args, "lifetime");
    struct enrollment enrollment = {
        .config_path = tool->config_path,
        .output = cf_tool_option(args, "output"),
        .force = cf_tool_option(args, "force") != NULL,
    };
    struct cf_err err = {0};

    if (lifetime &&
        cf_text_duration(lifetime, DAY_MS, 3650 * DAY_MS, &enrollment.lifetime_ms, &err) != CF_OK)
        return cf_tool_misuse(tool, "--lifetime: %s", err.text);
    int code = cf_tool_load(tool, &settings);
    if (code != CF_TOOL_OK)
        return code;
    if (settings->cloud.auth != CF_AUTH_CERTIFICATE)
        return say_not_needed(tool, settings);
    if (!settings->cloud.assertion_file) {
        cf_tool_complain(tool, "[cloud] assertion_file: name the file that is to hold the key");
        return CF_TOOL_CONFIG;
    }
    enrollment.settings = settings;
    if (!lifetime)
        enrollment.lifetime_ms = settings->cloud.assertion_lifetime_ms;
    if (cf_tool_open_pki(&err) != CF_OK || enroll(tool, &enrollment, &err) != CF_OK)
        return cf_tool_fail(tool, &err);
    return CF_TOOL_OK;
}
