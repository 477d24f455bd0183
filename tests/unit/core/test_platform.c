/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <string.h>

static const struct {
    const char *platform;
    const char *version;
    enum cf_envelope envelope;
    enum cf_transport transport;
    enum cf_pfx_preset preset;
} known[] = {
    {"windows", "10.0.16298", CF_ENVELOPE_WINDOWS_CSP, CF_TRANSPORT_NATIVE, CF_PFX_LEGACY},
    {"windows", "10.0.16299", CF_ENVELOPE_WINDOWS_CSP, CF_TRANSPORT_NATIVE, CF_PFX_MODERN},
    {"windows", "10.0.22631.3007", CF_ENVELOPE_WINDOWS_CSP, CF_TRANSPORT_NATIVE, CF_PFX_MODERN},
    {"windows", "10", CF_ENVELOPE_WINDOWS_CSP, CF_TRANSPORT_NATIVE, CF_PFX_LEGACY},
    {"windows", "11", CF_ENVELOPE_WINDOWS_CSP, CF_TRANSPORT_NATIVE, CF_PFX_MODERN},
    {"macOS", "14.9", CF_ENVELOPE_APPLE_PAYLOAD, CF_TRANSPORT_NATIVE, CF_PFX_LEGACY},
    {"macOS", "15", CF_ENVELOPE_APPLE_PAYLOAD, CF_TRANSPORT_NATIVE, CF_PFX_MODERN},
    {"macOS", "15.0.1 (24A348)", CF_ENVELOPE_APPLE_PAYLOAD, CF_TRANSPORT_NATIVE, CF_PFX_MODERN},
    {"iOS", "17.5.1 (21F90)", CF_ENVELOPE_APPLE_PAYLOAD, CF_TRANSPORT_NATIVE, CF_PFX_LEGACY},
    {"iOS", "18.0", CF_ENVELOPE_APPLE_PAYLOAD, CF_TRANSPORT_NATIVE, CF_PFX_MODERN},
    {"androidDeviceAdministrator", "13", CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_LEGACY},
    {"androidDeviceAdministrator", "14", CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_MODERN},
    {"androidEnterprise", "8.1", CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_MODERN},
    {"androidEnterprise", NULL, CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_MODERN},
    {"agent", NULL, CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_MODERN},
    {"agent", "garbage", CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_MODERN},
    {"iPadOS", "17.0", CF_ENVELOPE_APPLE_PAYLOAD, CF_TRANSPORT_NATIVE, CF_PFX_LEGACY},
    {"windows10AndLater", "10.0.1", CF_ENVELOPE_WINDOWS_CSP, CF_TRANSPORT_NATIVE, CF_PFX_LEGACY},
    {"androidWorkProfile", NULL, CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_MODERN},
    {"androidFullyManaged", NULL, CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_MODERN},
    {"androidDedicated", NULL, CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_MODERN},
    {"androidCorporateOwned", NULL, CF_ENVELOPE_AGENT, CF_TRANSPORT_MODERN, CF_PFX_MODERN},
    {"WINDOWS", "10.0.19045", CF_ENVELOPE_WINDOWS_CSP, CF_TRANSPORT_NATIVE, CF_PFX_MODERN},
};

static void
platform_and_version_choose_what_the_device_can_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < CF_COUNT(known); i++) {
        struct cf_delivery delivery;
        struct cf_err err = {0};

        assert_ok(cf_platform_delivery(known[i].platform, known[i].version, &delivery, &err), err);
        assert_int_equal(delivery.envelope, known[i].envelope);
        assert_int_equal(delivery.transport, known[i].transport);
        if (delivery.preset != known[i].preset)
            fail_msg("%s %s: preset %d", known[i].platform, known[i].version, (int)delivery.preset);
        assert_int_equal(delivery.is_macos, strcmp(delivery.platform, "macOS") == 0);
    }
}

static void
a_profile_fits_devices_of_its_family(void **state)
{
    static const struct {
        const char *profile;
        const char *device;
        bool fits;
    } pairs[] = {
        {"iOS", "iPadOS", true},
        {"ipados", "iOS", true},
        {"windows10AndLater", "windows", true},
        {"androidEnterprise", "androidDedicated", true},
        {"androidWorkProfile", "androidEnterprise", true},
        {"androidWorkProfile", "ANDROIDWORKPROFILE", true},
        {"androidWorkProfile", "androidFullyManaged", false},
        {"androidEnterprise", "androidDeviceAdministrator", false},
        {"macOS", "iOS", false},
        {"plan9", "windows", false},
        {"plan9", "plan9", true}, /* the device's platform is refused later, by its own name */
        {"plan9", "plan10", false},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(pairs); i++) {
        if (cf_platform_fits(pairs[i].profile, pairs[i].device) != pairs[i].fits)
            fail_msg("%s and %s", pairs[i].profile, pairs[i].device);
    }
}

static void
a_version_that_is_none_is_refused(void **state)
{
    static const char *const garbage[] = {
        "",   " ",      " 15",  "x",          "15.",         ".15", "15..1",
        "-1", "15beta", "15,1", "1234567890", "15.99999999", "1e3", "15\t(x)",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(garbage); i++) {
        struct cf_delivery delivery = {.platform = "untouched"};
        struct cf_err err = {0};

        assert_rc(cf_platform_delivery("macOS", garbage[i], &delivery, &err), CF_E_SYNTAX);
        assert_contains(err.text, "device.osVersion");
        assert_string_equal(delivery.platform, "untouched");
    }
}

static void
a_missing_version_is_refused_where_it_decides(void **state)
{
    static const char *const platforms[] = {"windows", "macOS", "iOS",
                                            "androidDeviceAdministrator"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(platforms); i++) {
        struct cf_delivery delivery;
        struct cf_err err = {0};

        assert_rc(cf_platform_delivery(platforms[i], NULL, &delivery, &err), CF_E_FIELD);
        assert_contains(err.text, "device.osVersion");
        assert_contains(err.text, platforms[i]);
    }
}

static void
an_unknown_platform_is_answered_with_the_nearest(void **state)
{
    struct cf_delivery delivery;
    struct cf_err err = {0};

    (void)state;
    assert_rc(cf_platform_delivery("windos", "10", &delivery, &err), CF_E_UNSUPPORTED);
    assert_contains(err.text, "'windows'");
    assert_rc(cf_platform_delivery("plan9", "4", &delivery, &err), CF_E_UNSUPPORTED);
    assert_contains(err.text, "androidEnterprise");
    assert_rc(cf_platform_delivery("", "4", &delivery, &err), CF_E_UNSUPPORTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(platform_and_version_choose_what_the_device_can_read),
        cmocka_unit_test(a_profile_fits_devices_of_its_family),
        cmocka_unit_test(a_version_that_is_none_is_refused),
        cmocka_unit_test(a_missing_version_is_refused_where_it_decides),
        cmocka_unit_test(an_unknown_platform_is_answered_with_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
