/* SPDX-License-Identifier: Apache-2.0 */
/* PFX files that the cloud brings. */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

static struct cf_import_key *import_key; /* one for all tests: RSA takes its time */

static struct cf_import_key_settings key_settings = {
    .name = (char[]){"pfx"}, .provider = (char[]){"Provider"}, .key_name = (char[]){"PFXKey"}};
static struct cf_import_key_settings *key_list[] = {&key_settings};

/* The site borrows key and settings; drop() takes them back before it is freed. */
static void
give_key(struct core_kit *kit)
{
    struct cf_err err = {0};

    if (!import_key) {
        cf_own(cf_secret) pem = NULL;

        assert_int_equal(kit_run(&kit->ca_kit, "openssl genpkey -algorithm RSA -pkeyopt "
                                               "rsa_keygen_bits:2048 -out import.key"),
                         0);
        cf_own(cf_buf) text = kit_read(&kit->ca_kit, "import.key");
        assert_ok(cf_secret_copy(cf_buf_bytes(text).data, cf_buf_len(text), &pem, &err), err);
        assert_ok(cf_import_key_parse(pem, &import_key, &err), err);
    }
    kit->site->import_keys = calloc(1, sizeof *kit->site->import_keys);
    kit->site->import_keys[0] = import_key;
    kit->site->n_import_keys = 1;
    kit->site->settings->import_keys = key_list;
    kit->site->settings->n_import_keys = 1;
}

static int
drop(void **state)
{
    struct core_kit *kit = *state;

    kit->site->n_import_keys = 0; /* the key stays for the next test */
    kit->site->settings->import_keys = NULL;
    kit->site->settings->n_import_keys = 0;
    return core_teardown(state);
}

static char *
base64_of(struct cf_bytes bytes)
{
    char *text = NULL;
    char *quoted = NULL;
    struct cf_err err = {0};

    assert_ok(cf_text_base64(bytes, &text, &err), err);
    assert_true(asprintf(&quoted, "\"%s\"", text) > 0);
    free(text);
    return quoted;
}

/* A PFX of the device's certificate under this password (as the shell writes it). */
static char *
pfx(struct core_kit *kit, const char *password, int days)
{
    assert_int_equal(kit_run(&kit->ca_kit,
                             "openssl req -x509 -newkey rsa:2048 -nodes -keyout imp.key -out "
                             "imp.pem -days %d -subj /CN=Imported 2>/dev/null && openssl pkcs12 "
                             "-export -inkey imp.key -in imp.pem -passout 'pass:%s' -out imp.p12",
                             days, password),
                     0);
    cf_own(cf_buf) der = kit_read(&kit->ca_kit, "imp.p12");
    return base64_of(cf_buf_bytes(der));
}

static char *
encrypted(const void *password, size_t len, enum cf_oaep oaep)
{
    cf_own(cf_buf) cipher = NULL;
    struct cf_err err = {0};

    assert_ok(cf_import_key_encrypt(import_key, oaep, cf_bytes_of(password, len), &cipher, &err),
              err);
    return base64_of(cf_buf_bytes(cipher));
}

static struct cf_item *
import(struct core_kit *kit, const char *blob, const char *password, const char *padding,
       const char *const *more)
{
    static unsigned count;
    char context[32];
    struct cf_err err = {0};
    const char *pairs[48] = {"requestType",
                             "\"importPfx\"",
                             "certificationAuthority",
                             CORE_DROP,
                             "certificationAuthorityName",
                             CORE_DROP,
                             "certificateTemplateName",
                             CORE_DROP,
                             "providerName",
                             "\"Provider\"",
                             "keyName",
                             "\"PFXKey\"",
                             "paddingScheme",
                             padding,
                             "encryptedPfxBlob",
                             blob,
                             "encryptedPfxPassword",
                             password,
                             "profile.subjectNameFormat",
                             CORE_DROP};
    size_t n = 20;

    for (; more && *more; more++)
        pairs[n++] = *more;
    snprintf(context, sizeof context, "import-%u", count++);
    cf_own_str json = core_request(kit, context, pairs);
    assert_int_equal(cf_request_kind(cf_bytes_of(json, strlen(json))), CF_KIND_IMPORT);
    core_receive(kit, CF_KIND_IMPORT, context, json);
    assert_ok(core_run(kit, CF_KIND_IMPORT, context, &err), err);
    return core_item(kit, CF_KIND_IMPORT, context);
}

static void
expect_state(const struct cf_item *item, enum cf_state state)
{
    if (item->state != state)
        fail_msg("%s, not %s: %s", cf_state_name(item->state), cf_state_name(state),
                 item->error ? item->error : "");
}

static void
expect_failure(struct core_kit *kit, const char *blob, const char *password, const char *padding,
               enum cf_rc rc, const char *text)
{
    cf_own(cf_item) item = import(kit, blob, password, padding, NULL);

    expect_state(item, CF_STATE_FAILED);
    assert_rc(item->rc, rc);
    assert_contains(item->error, text);
}

static void
a_pfx_is_opened_and_sealed_to_the_device(void **state)
{
    static const char *const windows[] = {"device.platform",
                                          "\"windows\"",
                                          "profile.platform",
                                          "\"windows\"",
                                          "device.osVersion",
                                          "\"10.0.19045\"",
                                          "user",
                                          "null",
                                          NULL};
    struct core_kit *kit = *state;

    give_key(kit);
    cf_own_str blob = pfx(kit, "secret", 30);
    cf_own_str password = encrypted("secret", 6, CF_OAEP_SHA512);
    cf_own(cf_item) item = import(kit, blob, password, "\"none\"", NULL);
    expect_state(item, CF_STATE_WRAPPED);
    assert_string_equal(item->subject, "CN=Imported");
    assert_null(item->ca);
    assert_contains(cf_buf_str(item->result), "\"caConfiguration\":null");
    assert_null(strstr(cf_buf_str(item->result), "keyLocation"));
    assert_int_equal(kit->log.n[CF_EV_PFX_IMPORTED], 1);
    assert_int_equal(core_ledger(kit, item->context), 0);
    assert_int_equal(kit->ca->n_submits, 0);

    cf_own(cf_item) on_windows = import(kit, blob, password, "\"oaepSha512\"", windows);
    expect_state(on_windows, CF_STATE_WRAPPED);
    assert_contains(cf_buf_str(on_windows->result), "\"keyLocation\":2");
    assert_contains(cf_buf_str(on_windows->result), "\"pfxKeyExportable\":false");
    assert_contains(cf_buf_str(on_windows->result), "\"certificateStore\":\"user\"");
}

static void
a_password_is_read_in_each_of_its_encodings(void **state)
{
    static const struct {
        const char *octets;
        size_t len;
        const char *padding;
        enum cf_oaep oaep;
    } readings[] = {
        {"gr\xc3\xbc\xc3\x9f", 6, "\"oaepSha256\"", CF_OAEP_SHA256},
        {"gr\xfc\xdf", 4, "\"oaepSha384\"", CF_OAEP_SHA384},
        {"g\0r\0\xfc\0\xdf\0", 8, "\"oaepSha512\"", CF_OAEP_SHA512},
    };
    struct core_kit *kit = *state;

    give_key(kit);
    cf_own_str blob = pfx(kit, "gr\xc3\xbc\xc3\x9f", 30);
    for (size_t i = 0; i < CF_COUNT(readings); i++) {
        cf_own_str password = encrypted(readings[i].octets, readings[i].len, readings[i].oaep);
        cf_own(cf_item) item = import(kit, blob, password, readings[i].padding, NULL);

        expect_state(item, CF_STATE_WRAPPED);
    }
}

static void
what_cannot_be_opened_says_which_part(void **state)
{
    struct core_kit *kit = *state;

    give_key(kit);
    cf_own_str blob = pfx(kit, "secret", 30);
    cf_own_str right = encrypted("secret", 6, CF_OAEP_SHA512);
    cf_own_str wrong = encrypted("sesame", 6, CF_OAEP_SHA512);
    cf_own_str nul = encrypted("sec\0ret", 7, CF_OAEP_SHA512);

    expect_failure(kit, blob, wrong, "\"none\"", CF_E_CRYPTO, "encryptedPfxBlob");
    expect_failure(kit, blob, nul, "\"none\"", CF_E_CRYPTO, "encryptedPfxBlob");
    expect_failure(kit, blob, right, "\"oaepSha256\"", CF_E_CRYPTO, "encryptedPfxPassword");
    expect_failure(kit, "\"MAA=\"", right, "\"none\"", CF_E_ENCODING, "encryptedPfxBlob");
    expect_failure(kit, blob, right, "\"pkcs1\"", CF_E_UNSUPPORTED, "paddingScheme");
    expect_failure(kit, blob, right, "\"oaepSha1\"", CF_E_UNSUPPORTED, "paddingScheme");
}

static void
an_expired_certificate_is_not_brought_out(void **state)
{
    struct core_kit *kit = *state;

    give_key(kit);
    cf_own_str blob = pfx(kit, "secret", 1);
    cf_own_str password = encrypted("secret", 6, CF_OAEP_SHA512);
    cf_clock_fake_advance(kit->clock, 2 * (int64_t)KIT_DAY_MS);
    expect_failure(kit, blob, password, "\"none\"", CF_E_RANGE, "expired");
}

static void
the_key_is_chosen_by_provider_and_name(void **state)
{
    struct core_kit *kit = *state;

    give_key(kit);
    cf_own_str password = encrypted("secret", 6, CF_OAEP_SHA512);
    cf_own(cf_item) item = import(kit, "\"MAA=\"", password, "\"none\"", NULL);
    assert_rc(item->rc, CF_E_ENCODING);
    key_settings.key_name[0] = 'Q';
    expect_failure(kit, "\"MAA=\"", password, "\"none\"", CF_E_UNSUPPORTED, "keyName");
    key_settings.key_name[0] = 'p';
    key_settings.provider[0] = 'Q';
    expect_failure(kit, "\"MAA=\"", password, "\"none\"", CF_E_UNSUPPORTED, "keyName");
    key_settings.provider[0] = 'P';
    kit->site->n_import_keys = 0;
    expect_failure(kit, "\"MAA=\"", password, "\"none\"", CF_E_UNSUPPORTED, "[import-key]");
}

#define import_test(name) cmocka_unit_test_setup_teardown(name, core_setup, drop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        import_test(a_pfx_is_opened_and_sealed_to_the_device),
        import_test(a_password_is_read_in_each_of_its_encodings),
        import_test(what_cannot_be_opened_says_which_part),
        import_test(an_expired_certificate_is_not_brought_out),
        import_test(the_key_is_chosen_by_provider_and_name),
    };
    int rc = cmocka_run_group_tests(tests, core_group_setup, NULL);

    cf_import_key_free(import_key);
    core_group_teardown(NULL);
    return rc;
}
