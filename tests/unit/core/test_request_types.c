/* SPDX-License-Identifier: Apache-2.0 */
/* Members that came with renewals, re-encryption, imports and the key storage of Windows. */
#include "unit/core/core_kit.h"

#include <string.h>

/* The good request on Windows, with these changes: the error and what it names. */
static void
expect_on_windows(const char *const *changes, enum cf_rc rc, const char *text)
{
    const char *pairs[32] = {"device.platform", "\"windows\"", "profile.platform",
                             "\"windows10AndLater\""};
    size_t n = 4;

    for (; *changes; changes++)
        pairs[n++] = *changes;
    cf_own_str json = core_json_of(pairs);
    cf_own(cf_request) request = NULL;
    struct cf_err err = {0};

    assert_rc(core_parse_request(json, &request, &err), rc);
    if (rc != CF_OK)
        assert_contains(err.text, text);
}

#define KSP "profile.keyStorageProvider"
#define PASSPORT "\"usePassportForWorkKspOtherwiseFail\""

static void
what_windows_could_not_install_is_refused(void **state)
{
    static const char *const without_box[] = {KSP, PASSPORT, NULL};
    static const char *const box_alone[] = {"profile.containerName", "\"box\"", NULL};
    static const char *const good[] = {KSP, PASSPORT, "profile.containerName", "\"box\"", NULL};
    static const char *const in_machine[] = {
        KSP,           PASSPORT, "profile.containerName", "\"box\"", "profile.certificateStore",
        "\"machine\"", NULL};
    static const char *const of_device[] = {
        KSP,          PASSPORT, "profile.containerName", "\"box\"", "profile.certificateType",
        "\"device\"", NULL};
    static const char *const device_in_user[] = {"profile.certificateType", "\"device\"",
                                                 "profile.certificateStore", "\"user\"", NULL};
    static const char *const user_in_machine[] = {"profile.certificateStore", "\"machine\"", NULL};

    (void)state;
    expect_on_windows(without_box, CF_E_FIELD, "profile.containerName");
    expect_on_windows(box_alone, CF_E_FIELD, "profile.containerName");
    expect_on_windows(good, CF_OK, NULL);
    expect_on_windows(in_machine, CF_E_FIELD, KSP);
    expect_on_windows(of_device, CF_E_FIELD, KSP);
    expect_on_windows(device_in_user, CF_E_FIELD, "profile.certificateStore");
    expect_on_windows(user_in_machine, CF_OK, NULL);
    core_expect_request(KSP, PASSPORT, CF_OK); /* another platform has no use for it */
    core_expect_request(KSP, "\"tpm\"", CF_E_UNSUPPORTED);
    core_expect_request("profile.certificateStore", "\"root\"", CF_E_UNSUPPORTED);
}

static void
thumbprints_are_forty_digits(void **state)
{
    static const char upper[] = "\"00112233445566778899AABBCCDDEEFF00112233\"";
    static const char lower[] = "\"00112233445566778899aabbccddeeff00112233\"";
    static const struct {
        const char *text;
        enum cf_rc rc;
    } cases[] = {
        {upper, CF_OK},
        {lower, CF_E_SYNTAX},
        {"\"0011\"", CF_E_SYNTAX},
        {"\"00112233445566778899AABBCCDDEEFF0011223G\"", CF_E_SYNTAX},
        {"7", CF_E_FIELD},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_own_str json =
            core_json("requestType", "\"renew\"", "certificateThumbprint", cases[i].text, NULL);
        cf_own(cf_request) request = NULL;
        struct cf_err err = {0};

        assert_rc(core_parse_request(json, &request, &err), cases[i].rc);
    }
    core_expect_request("profile.rootCertificateThumbprint", lower, CF_OK);
    core_expect_request("profile.rootCertificateThumbprint", "\"0011\"", CF_E_SYNTAX);
}

static void
a_request_says_its_kind_even_when_the_rest_is_wrong(void **state)
{
    static const struct {
        const char *json;
        enum cf_kind kind;
    } cases[] = {
        {"{\"requestType\":\"reencrypt\"}", CF_KIND_REENCRYPT},
        {"{\"requestType\":\"importPfx\",\"profile\":7}", CF_KIND_IMPORT},
        {"{\"requestType\":\"issue\"}", CF_KIND_PKCS},
        {"{\"requestType\":\"ImportPfx\"}", CF_KIND_PKCS},
        {"{\"requestType\":\"reencrypt\"", CF_KIND_PKCS},
        {"[]", CF_KIND_PKCS},
        {"", CF_KIND_PKCS},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++)
        assert_int_equal(cf_request_kind(cf_bytes_of(cases[i].json, strlen(cases[i].json))),
                         cases[i].kind);
}

static void
an_import_needs_its_own_members_and_no_ca(void **state)
{
    static const struct {
        const char *member;
        const char *value;
        enum cf_rc rc;
    } cases[] = {
        {"keyName", "\"PFXKey\"", CF_OK},
        {"keyName", CORE_DROP, CF_E_FIELD},
        {"providerName", "\"\"", CF_E_RANGE},
        {"paddingScheme", "\"oaepSha256\"", CF_OK},
        {"paddingScheme", "\"pkcs1\"", CF_E_UNSUPPORTED},
        {"paddingScheme", "\"oaepSha1\"", CF_E_UNSUPPORTED},
        {"paddingScheme", "\"pss\"", CF_E_UNSUPPORTED},
        {"encryptedPfxPassword", "\"\"", CF_E_RANGE},
        {"encryptedPfxPassword", "\"====\"", CF_E_ENCODING},
        {"encryptedPfxBlob", CORE_DROP, CF_E_FIELD},
        {"encryptedPfxBlob", "\"AAE\"", CF_E_ENCODING},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        const char *pairs[] = {"requestType",
                               "\"importPfx\"",
                               cases[i].member,
                               cases[i].value,
                               "certificationAuthority",
                               "null",
                               "certificationAuthorityName",
                               CORE_DROP,
                               "certificateTemplateName",
                               CORE_DROP,
                               "profile.certificateType",
                               CORE_DROP,
                               "profile.subjectNameFormat",
                               CORE_DROP,
                               "keyName",
                               "\"PFXKey\"",
                               "providerName",
                               "\"Provider\"",
                               "paddingScheme",
                               "\"none\"",
                               "encryptedPfxPassword",
                               "\"AAEC\"",
                               "encryptedPfxBlob",
                               "\"MAA=\"",
                               NULL};
        for (size_t at = 14; at < CF_COUNT(pairs) - 1; at += 2) {
            if (strcmp(pairs[at], cases[i].member) == 0)
                pairs[at] = "unused";
        }
        cf_own_str json = core_json_of(pairs);
        cf_own(cf_request) request = NULL;
        struct cf_err err = {0};
        enum cf_rc rc = core_parse_request(json, &request, &err);

        if (rc != cases[i].rc)
            fail_msg("%s: %s (%s)", cases[i].member, cf_rc_name(rc), err.text);
        if (rc == CF_OK)
            assert_int_equal(request->padding, i == 0 ? CF_OAEP_SHA512 : CF_OAEP_SHA256);
        else
            assert_contains(err.text, cases[i].member);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_windows_could_not_install_is_refused),
        cmocka_unit_test(thumbprints_are_forty_digits),
        cmocka_unit_test(a_request_says_its_kind_even_when_the_rest_is_wrong),
        cmocka_unit_test(an_import_needs_its_own_members_and_no_ca),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
