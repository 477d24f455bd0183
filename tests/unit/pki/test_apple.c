/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cert_lab.h"
#include "certferry/cms.h"

static const uint8_t pfx[] = {0x30, 0x00, 0xff, 0x3c, 0x26};

static void
plistlib_reads(const struct cf_apple_payload *payload, const char *expected)
{
    struct cf_err err;
    char dir[64];
    cf_own(cf_secret) password = NULL;
    cf_own(cf_secret) plist = NULL;

    assert_ok(cf_secret_copy("a<&>b", 5, &password, &err), err);
    assert_ok(cf_apple_payload_array(payload, cf_bytes_of(pfx, sizeof pfx), password, &plist, &err),
              err);
    lab_dir(dir);
    lab_write(dir, "plist", cf_bytes_of(cf_secret_data(plist), cf_secret_len(plist)));
    lab_write(dir, "expected", cf_bytes_of(expected, strlen(expected)));
    lab_sh_ok(dir, "/usr/bin/python3 -c \"\n"
                   "import ast, plistlib\n"
                   "got = plistlib.load(open('plist', 'rb'))\n"
                   "assert got == [ast.literal_eval(open('expected').read())], got\n"
                   "\"");
    lab_remove_dir(dir);
}

static void
ios_and_macos_get_their_members(void **state)
{
    struct cf_apple_payload payload = {.identifier = "org.example.p1",
                                       .uuid = "7c9e6679-7425-40de-944b-e07fc1f90ae7",
                                       .display_name = "Wi-Fi <\"x\" & 'y'> \xc3\xa4"};
    (void)state;
    plistlib_reads(&payload,
                   "{'PayloadType': 'com.apple.security.pkcs12', 'PayloadVersion': 1,"
                   "'PayloadIdentifier': 'org.example.p1',"
                   "'PayloadUUID': '7c9e6679-7425-40de-944b-e07fc1f90ae7',"
                   "'PayloadDisplayName': 'Wi-Fi <\\\"x\\\" & \\'y\\'> \\u00e4',"
                   "'PayloadCertificateFileName': 'identity.p12',"
                   "'PayloadContent': b'\\x30\\x00\\xff\\x3c\\x26', 'Password': 'a<&>b'}");
    payload.is_macos = true;
    payload.display_name = "x";
    plistlib_reads(&payload,
                   "{'PayloadType': 'com.apple.security.pkcs12', 'PayloadVersion': 1,"
                   "'PayloadIdentifier': 'org.example.p1',"
                   "'PayloadUUID': '7c9e6679-7425-40de-944b-e07fc1f90ae7',"
                   "'PayloadDisplayName': 'x', 'PayloadCertificateFileName': 'identity.p12',"
                   "'PayloadContent': b'\\x30\\x00\\xff\\x3c\\x26', 'Password': 'a<&>b',"
                   "'KeyIsExtractable': False, 'AllowAllAppsAccess': False}");
}

static void
texts_and_sizes_that_do_not_fit_are_refused(void **state)
{
    static uint8_t big[CF_SECRET_MAX];
    struct cf_err err;
    struct cf_secret *plist = NULL;
    cf_own(cf_secret) password = NULL;
    struct cf_apple_payload payload = {.identifier = "a", .uuid = "b", .display_name = "c\x01"};

    (void)state;
    assert_ok(cf_secret_copy("x", 1, &password, &err), err);
    assert_int_equal(
        cf_apple_payload_array(&payload, cf_bytes_of(pfx, sizeof pfx), password, &plist, &err),
        CF_E_RANGE);
    assert_contains(err.text, "display name");
    payload.display_name = "c";
    payload.identifier = NULL;
    assert_int_equal(
        cf_apple_payload_array(&payload, cf_bytes_of(pfx, sizeof pfx), password, &plist, &err),
        CF_E_RANGE);
    payload.identifier = "a";
    assert_int_equal(
        cf_apple_payload_array(&payload, cf_bytes_of(big, sizeof big), password, &plist, &err),
        CF_E_LIMIT);
    assert_int_equal(cf_apple_payload_array(&payload, cf_bytes_of(big, 0), password, &plist, &err),
                     CF_E_LIMIT);
    assert_null(plist);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ios_and_macos_get_their_members),
        cmocka_unit_test(texts_and_sizes_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
