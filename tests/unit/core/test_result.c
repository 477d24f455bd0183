/* SPDX-License-Identifier: Apache-2.0 */
/* Results have the members of docs/protocol/connector-api.md, and no other. */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "core/result.h"

/* The names of all members at depth one, in the order of the text, joined by blanks. */
static void
member_names(const char *json, char *names)
{
    int depth = 0;
    bool in_text = false, is_name = false;

    names[0] = '\0';
    for (const char *at = json; *at; at++) {
        if (in_text && *at == '\\') {
            at++;
            continue;
        }
        if (*at == '"') {
            in_text = !in_text;
            if (in_text)
                is_name = depth == 1 && (at[-1] == '{' || at[-1] == ',');
            else if (is_name)
                strcat(names, " ");
            continue;
        }
        if (in_text && is_name)
            strncat(names, at, 1);
        else if (!in_text)
            depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    }
}

static struct cf_json *
parse(const struct cf_buf *json)
{
    struct cf_json *document = NULL;
    struct cf_err err = {0};

    assert_ok(cf_json_parse(cf_buf_bytes(json), CF_RESULT_MAX, &document, &err), err);
    return document;
}

static void
expect_text(const struct cf_json *json, const char *name, const char *value)
{
    const char *text = NULL;
    struct cf_err err = {0};

    assert_ok(cf_json_string(json, name, 0, 1 << 20, &text, &err), err);
    assert_string_equal(text, value);
}

static void
windows_is_told_where_the_key_goes(void **state)
{
    static const char *const pairs[] = {"device.platform",
                                        "\"windows\"",
                                        "profile.platform",
                                        "\"windows\"",
                                        "device.osVersion",
                                        "\"10.0.19045\"",
                                        "profile.keyStorageProvider",
                                        "\"usePassportForWorkKspOtherwiseFail\"",
                                        "profile.containerName",
                                        "\"box \\\"1\\\"\"",
                                        NULL};
    struct core_kit *kit = *state;
    cf_own_str json = core_request(kit, "r1", pairs);

    core_receive(kit, CF_KIND_PKCS, "r1", json);
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_contains(cf_buf_str(item->result), "\"keyLocation\":4,\"containerName\":\"box "
                                              "\\\"1\\\"\",\"pfxKeyExportable\":false,"
                                              "\"certificateStore\":\"user\"}");
}

static void
the_root_has_to_be_the_one_that_devices_trust(void **state)
{
    static const char *const wrong[] = {"profile.rootCertificateThumbprint",
                                        "\"00112233445566778899aabbccddeeff00112233\"", NULL};
    struct core_kit *kit = *state;
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) chain = NULL;
    struct cf_err err = {0};
    char thumbprint[CF_SHA1_TEXT_SIZE + 2];

    assert_ok(kit->ca->base.ops->chain(&kit->ca->base, &der, &err), err);
    assert_ok(cf_chain_parse_der(cf_buf_bytes(der), &chain, &err), err);
    snprintf(thumbprint, sizeof thumbprint, "\"%s\"",
             cf_cert_thumbprint(cf_chain_at(chain, cf_chain_count(chain) - 1)));
    const char *const right[] = {"profile.rootCertificateThumbprint", thumbprint, NULL};
    cf_own_str bad = core_request(kit, "r1", wrong);
    cf_own_str good = core_request(kit, "r2", right);

    core_receive(kit, CF_KIND_PKCS, "r1", bad);
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_FAILED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    assert_rc(item->rc, CF_E_MISMATCH);
    assert_contains(item->error, "00112233445566778899aabbccddeeff00112233");
    thumbprint[CF_SHA1_TEXT_SIZE] = '\0';
    assert_contains(item->error, thumbprint + 1);
    assert_int_equal(kit->ca->n_submits, 0); /* nothing was issued in vain */

    core_receive(kit, CF_KIND_PKCS, "r2", good);
    assert_int_equal(core_run_ok(kit, "r2"), CF_STATE_WRAPPED);
}

static void
an_issued_result_has_exactly_its_members(void **state)
{
    static const char *const names =
        "requestContext succeeded status errorCode errorMessage sealedPfx sealedPfxPassword "
        "envelope certificate certificateThumbprint certificateSerialNumber "
        "certificateNotBeforeUtc certificateExpirationDateUtc issuingCertificateAuthority "
        "caConfiguration rootCertificate ";
    struct core_kit *kit = *state;
    char got[1024];
    bool succeeded = false;
    struct cf_err err = {0};
    const char *text = NULL;

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, "r1");
    member_names(cf_buf_str(item->result), got);
    assert_string_equal(got, names);

    cf_own(cf_json) json = parse(item->result);
    cf_own(cf_cert) cert = NULL;
    cf_own(cf_buf) der = NULL;
    assert_ok(cf_cert_parse(cf_buf_bytes(item->cert), &cert, &err), err);
    expect_text(json, "requestContext", "r1");
    assert_ok(cf_json_bool(json, "succeeded", &succeeded, &err), err);
    assert_true(succeeded);
    expect_text(json, "status", "issued");
    expect_text(json, "errorCode", "None");
    assert_false(cf_json_has(json, "errorMessage"));
    assert_false(cf_json_has(json, "sealedPfxPassword"));
    expect_text(json, "envelope", "agent");
    expect_text(json, "certificateThumbprint", cf_cert_thumbprint(cert));
    expect_text(json, "certificateSerialNumber", item->serial);
    expect_text(json, "issuingCertificateAuthority", "CN=Test CA");
    expect_text(json, "caConfiguration", "corp");
    assert_ok(cf_json_string(json, "certificate", 1, 1 << 20, &text, &err), err);
    assert_ok(cf_text_from_base64(text, 1 << 16, &der, &err), err);
    assert_true(cf_bytes_equal(cf_buf_bytes(der), cf_cert_der(cert)));
    assert_ok(cf_json_string(json, "certificateNotBeforeUtc", 1, 64, &text, &err), err);
    int64_t at = 0;
    assert_ok(cf_text_time(text, &at, &err), err);
    assert_true(at == cf_cert_not_before_ms(cert));
}

static void
windows_gets_its_password_apart(void **state)
{
    static const char *const windows[] = {
        "device.platform", "\"windows\"", "profile.platform", "\"windows\"", "device.osVersion",
        "\"10.0.22631\"",  NULL};
    static const char *const mac[] = {
        "device.platform", "\"macOS\"", "profile.platform", "\"macOS\"", "device.osVersion",
        "\"15.1\"",        NULL};
    struct core_kit *kit = *state;
    cf_own_str w = core_request(kit, "w", windows);
    cf_own_str m = core_request(kit, "m", mac);

    core_receive(kit, CF_KIND_PKCS, "w", w);
    core_receive(kit, CF_KIND_PKCS, "m", m);
    assert_int_equal(core_run_ok(kit, "w"), CF_STATE_WRAPPED);
    assert_int_equal(core_run_ok(kit, "m"), CF_STATE_WRAPPED);
    cf_own(cf_item) windows_item = core_item(kit, CF_KIND_PKCS, "w");
    cf_own(cf_item) mac_item = core_item(kit, CF_KIND_PKCS, "m");
    cf_own(cf_json) windows_json = parse(windows_item->result);
    cf_own(cf_json) mac_json = parse(mac_item->result);
    expect_text(windows_json, "envelope", "windowsCsp");
    assert_true(cf_json_has(windows_json, "sealedPfxPassword"));
    expect_text(mac_json, "envelope", "applePayload");
    assert_false(cf_json_has(mac_json, "sealedPfxPassword"));
}

static void
a_pending_result_has_exactly_its_members(void **state)
{
    cf_own(cf_buf) json = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_ok(cf_result_pending("r\"1", &json, &err), err);
    assert_string_equal(cf_buf_str(json),
                        "{\"requestContext\":\"r\\\"1\",\"succeeded\":false,\"status\":\"pending\","
                        "\"errorCode\":\"None\",\"errorMessage\":null}");
}

static void
a_failed_result_says_what_and_why(void **state)
{
    cf_own(cf_buf) pkcs = NULL;
    cf_own(cf_buf) revocation = NULL;
    struct cf_err failure = {0}, err = {0};

    (void)state;
    cf_fail(&failure, CF_E_FACT, "{{DeviceName}}: \"none\"");
    assert_ok(cf_result_failed(CF_KIND_PKCS, "r1", &failure, &pkcs, &err), err);
    assert_string_equal(cf_buf_str(pkcs),
                        "{\"requestContext\":\"r1\",\"succeeded\":false,\"status\":\"failed\","
                        "\"errorCode\":\"ParameterDataInvalidError\","
                        "\"errorMessage\":\"{{DeviceName}}: \\\"none\\\"\"}");
    cf_fail(&failure, CF_E_NOT_FOUND, "no such certificate");
    assert_ok(cf_result_failed(CF_KIND_REVOCATION, "v1", &failure, &revocation, &err), err);
    assert_string_equal(cf_buf_str(revocation), "{\"requestContext\":\"v1\",\"succeeded\":false,"
                                                "\"errorCode\":\"CertificateNotFoundError\","
                                                "\"errorMessage\":\"no such certificate\"}");
}

static void
a_failed_result_can_be_written_whatever_the_text(void **state)
{
    static const char *const texts[] = {"", "\xff\xfe", "a\nb\x01", "\xe2\x82"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        cf_own(cf_buf) json = NULL;
        struct cf_err failure = {0}, err = {0};
        const char *message = NULL;

        cf_fail(&failure, CF_E_REJECTED, "%s", "x");
        strcpy(failure.text, texts[i]);
        assert_ok(cf_result_failed(CF_KIND_PKCS, "r1", &failure, &json, &err), err);
        cf_own(cf_json) document = parse(json);
        assert_ok(cf_json_string(document, "errorMessage", 1, 255, &message, &err), err);
    }
}

static void
a_revoked_result_has_exactly_its_members(void **state)
{
    cf_own(cf_buf) json = NULL;
    struct cf_err err = {0};

    (void)state;
    assert_ok(cf_result_revoked("v1", &json, &err), err);
    assert_string_equal(cf_buf_str(json), "{\"requestContext\":\"v1\",\"succeeded\":true,"
                                          "\"errorCode\":\"None\",\"errorMessage\":null}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(an_issued_result_has_exactly_its_members),
        core_test(windows_is_told_where_the_key_goes),
        core_test(the_root_has_to_be_the_one_that_devices_trust),
        core_test(windows_gets_its_password_apart),
        core_test(a_pending_result_has_exactly_its_members),
        core_test(a_failed_result_says_what_and_why),
        core_test(a_failed_result_can_be_written_whatever_the_text),
        core_test(a_revoked_result_has_exactly_its_members),
    };

    return cmocka_run_group_tests(tests, core_group_setup, core_group_teardown);
}
