/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_lab.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "certferry/csr.h"
#include "certferry/text.h"
#include "config/value.h"

/* The limits as they were decided, independent of the table. */
static const struct limits {
    const char *section, *key, *low, *high;
} LIMITS[] = {
    {"connector", "cpu_workers", "0", "256"},
    {"connector", "io_workers", "4", "256"},
    {"cloud", "assertion_lifetime", "30d", "825d"},
    {"cloud", "assertion_renew_before", "1d", "825d"},
    {"cloud", "connect_timeout", "100ms", "10m"},
    {"cloud", "timeout", "1s", "1h"},
    {"cloud", "poll_wait", "0", "60s"},
    {"cloud", "poll_interval", "100ms", "1h"},
    {"cloud", "max_requests", "1", "500"},
    {"cloud", "upload_batch", "1", "500"},
    {"cloud", "upload_delay", "0", "1m"},
    {"cloud", "revocation_interval", "1s", "1d"},
    {"cloud", "heartbeat_interval", "1s", "1d"},
    {"cloud", "retry_min", "10ms", "1d"},
    {"cloud", "retry_max", "10ms", "1d"},
    {"store", "retain", "0", "10y"},
    {"keys", "pool_rsa2048", "0", "4096"},
    {"keys", "pool_rsa3072", "0", "4096"},
    {"keys", "pool_rsa4096", "0", "4096"},
    {"keys", "pool_p256", "0", "4096"},
    {"keys", "pool_p384", "0", "4096"},
    {"keys", "pool_max_age", "1m", "24h"},
    {"keys", "secure_heap", "64K", "1G"},
    {"pfx", "iterations", "2048", "100000"},
    {"retry", "min", "10ms", "1d"},
    {"retry", "max", "10ms", "1d"},
    {"ca", "crl_lifetime", "1h", "1y"},
    {"ca", "crl_overlap", "1m", "1y"},
    {"ca", "backdate", "0", "1d"},
    {"ca", "timeout", "1s", "1h"},
    {"ca", "output_max", "1K", "16M"},
    {"ca", "max_parallel", "1", "64"},
    {"ca", "breaker_min", "100ms", "1h"},
    {"ca", "breaker_max", "1s", "1d"},
    {"ca", "connect_timeout", "100ms", "10m"},
    {"ca", "rpc_port", "0", "65535"},
    {"template", "min_key", "2048", "4096"},
    {"template", "validity", "1h", "100y"},
    {"directory", "connect_timeout", "100ms", "1m"},
    {"directory", "timeout", "100ms", "10m"},
    {"directory", "cache", "0", "1d"},
    {"directory", "retry", "1s", "1h"},
    {"policy", "min_rsa", "2048", "4096"},
    {"policy", "min_ec", "256", "384"},
    {"policy", "max_validity", "0", "100y"},
    {"policy", "per_user_hour", "0", "1000000"},
    {"policy", "per_device_hour", "0", "1000000"},
    {"policy", "per_hour", "0", "10000000"},
    {"scep", "ra_renew_before", "1h", "5y"},
    {"scep", "ra_overlap", "0", "1y"},
    {"scep", "max_connections", "1", "60000"},
    {"scep", "max_per_address", "0", "60000"},
    {"scep", "max_waiting", "1", "60000"},
    {"scep", "request_timeout", "1s", "5m"},
    {"scep", "answer_timeout", "1s", "1m"},
    {"scep-profile", "renewal_window", "1", "100"},
    {"scep-profile", "renewal_threshold", "0", "99"},
    {"scep-profile", "min_rsa", "2048", "4096"},
    {"scep-profile", "validity", "0", "100y"},
    {"scep-profile", "keep_trying", "1m", "30d"},
    {"scep-profile", "clock_tolerance", "0", "30d"},
};

union object {
    struct cf_settings settings;
    struct cf_ca_settings ca;
    struct cf_template_settings tmpl;
    struct cf_policy_settings policy;
    struct cf_scep_profile_settings scep_profile;
};

static uint64_t
number_of(const struct cf_option *option, const char *text)
{
    uint64_t value = 0;

    if (option->type == OPT_DURATION)
        assert_int_equal(cf_text_duration(text, 0, UINT64_MAX, &value, NULL), CF_OK);
    else
        assert_int_equal(cf_text_size(text, 0, UINT64_MAX, &value, NULL), CF_OK);
    return value;
}

static void
expect_read(const struct cf_option *option, const char *text)
{
    union object object = {0};
    struct cf_err err = {0};

    assert_ok(cf_value_parse(option, text, &object, &err), err);
    assert_int_equal(*cf_member(uint64_t, option, &object), number_of(option, text));
}

static void
expect_refused(const struct cf_option *option, uint64_t value)
{
    union object object = {0};
    struct cf_err err = {0};
    char text[64];
    const char *unit = option->type == OPT_DURATION ? "ms" : "";

    (void)snprintf(text, sizeof text, "%" PRIu64 "%s", value, unit);
    assert_rc(cf_value_parse(option, text, &object, &err), CF_E_RANGE);
    assert_contains(err.text, "out of range: it must be from ");
    assert_int_equal(*cf_member(uint64_t, option, &object), 0);
}

static void
every_range_includes_its_ends_and_nothing_beyond(void **state)
{
    (void)state;
    size_t n = 0;

    for (size_t i = 0; i < CF_COUNT(LIMITS); i++) {
        const struct cf_option *option = cf_option_find(LIMITS[i].section, LIMITS[i].key);
        uint64_t step = 1;
        assert_non_null(option);
        uint64_t low = number_of(option, LIMITS[i].low);
        uint64_t high = number_of(option, LIMITS[i].high);

        expect_read(option, LIMITS[i].low);
        expect_read(option, LIMITS[i].high);
        if (low > 0)
            expect_refused(option, low - step);
        expect_refused(option, high + step);
    }
    for (size_t i = 0; i < cf_n_sections; i++) {
        for (const struct cf_option *option = cf_sections[i].options; option->key;
             option = cf_option_next(option))
            n += option->min != NULL;
    }
    assert_int_equal(n, CF_COUNT(LIMITS));
}

#define SID_DEFAULTS                                                                               \
    "rdn_order = rfc4514\n"                                                                        \
    "enforce_dn_limits = yes\n"                                                                    \
    "security_identifier = on-request\n"                                                           \
    "security_identifier_form = extension\n"                                                       \
    "require_security_identifier = yes\n"                                                          \
    "max_parallel = 4\n"                                                                           \
    "breaker_min = 5s\n"                                                                           \
    "breaker_max = 5m\n"

static void
the_defaults_are_those_of_the_manual(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    cf_own(cf_settings) settings = lab_good(LAB_BASE LAB_CAS);
    cf_own_str text = lab_print(settings);
    static const char EXPECTED[] =
        "state_dir = /var/lib/certferry\n"
        "log_level = info\n"
        "cpu_workers = 0\n"
        "io_workers = 8\n"
        "\n"
        "[cloud]\n"
        "service = public\n"
        "pkcs = yes\n"
        "authority = https://login.microsoftonline.com/\n"
        "graph = https://graph.microsoft.com/\n"
        "resource = https://api.manage.microsoft.com/\n"
        "service_app_id = 0000000a-0000-0000-c000-000000000000\n"
        "service_name = PkiConnectorFEService\n"
        "scep_service_name = ScepRequestValidationFEService\n"
        "tenant = contoso\n"
        "client_id = app\n"
        "auth = certificate\n"
        "client_secret_file = /run/credentials/certferryd.service/client-secret\n"
        "assertion_file = /var/lib/certferry/assertion.pem\n"
        "assertion_renew = yes\n"
        "assertion_lifetime = 1y\n"
        "assertion_renew_before = 8w 4d\n"
        "connect_timeout = 10s\n"
        "timeout = 1m\n"
        "poll_wait = 30s\n"
        "poll_interval = 10s\n"
        "max_requests = 100\n"
        "upload_batch = 50\n"
        "upload_delay = 200ms\n"
        "revocation_interval = 5m\n"
        "heartbeat_interval = 5m\n"
        "retry_min = 2s\n"
        "retry_max = 5m\n"
        "\n"
        "[store]\n"
        "backend = sqlite\n"
        "path = /var/lib/certferry/certferry.db\n"
        "key_file = /run/credentials/certferryd.service/store-key\n"
        "retain = 4w 2d\n"
        "\n"
        "[keys]\n"
        "pool_rsa2048 = 32\n"
        "pool_rsa3072 = 0\n"
        "pool_rsa4096 = 0\n"
        "pool_p256 = 32\n"
        "pool_p384 = 0\n"
        "pool_max_age = 30m\n"
        "secure_heap = 4M\n"
        "\n"
        "[pfx]\n"
        "iterations = 2048\n"
        "allow_legacy = no\n"
        "\n"
        "[recipient]\n"
        "check = yes\n"
        "ca_file = /etc/device-ca.pem\n"
        "\n"
        "[revocation]\n"
        "reason = cessationOfOperation\n"
        "\n"
        "[retry]\n"
        "min = 5s\n"
        "max = 15m\n"
        "\n"
        "[control]\n"
        "socket = /run/certferry/control.sock\n"
        "group = certferry\n"
        "\n"
        "[directory]\n"
        "auth = gssapi\n"
        "protection = ldaps\n"
        "connect_timeout = 5s\n"
        "timeout = 10s\n"
        "cache = 5m\n"
        "retry = 30s\n"
        "\n"
        "[ca corp]\n"
        "backend = local\n"
        "host = ca.example.com\n"
        "name = Corp CA\n"
        "templates = Device\n" SID_DEFAULTS "cert_file = /etc/corp.pem\n"
        "key_file = /run/credentials/certferryd.service/ca-corp-key\n"
        "crl_file = /var/lib/certferry/corp.crl\n"
        "crl_lifetime = 1w\n"
        "crl_overlap = 1d\n"
        "backdate = 5m\n"
        "\n"
        "[ca partner]\n"
        "backend = exec\n"
        "host = partner.example.com\n"
        "name = Partner CA\n"
        "templates = Device\n" SID_DEFAULTS "command = /usr/bin/partner --profile \"a b\"\n"
        "output_max = 1M\n"
        "timeout = 1m\n"
        "\n"
        "[template Device]\n"
        "key = rsa2048\n"
        "min_key = 2048\n"
        "key_usage = digitalSignature keyEncipherment\n"
        "eku = clientAuth\n"
        "validity = 1y\n"
        "approval = no\n"
        "security_identifier = as-ca\n"
        "security_identifier_form = as-ca\n"
        "\n"
        "[policy all]\n"
        "ca = corp partner\n"
        "templates = Device\n"
        "certificate_type = both\n"
        "refused_groups = privileged\n"
        "min_rsa = 2048\n"
        "min_ec = 256\n"
        "max_validity = 0\n"
        "per_user_hour = 0\n"
        "per_device_hour = 0\n"
        "per_hour = 0\n"
        "\n"
        "[recovery]\n";

    assert_string_equal(strstr(text, "state_dir"), EXPECTED);
    assert_non_null(settings->connector_id);
    assert_int_equal(settings->log_level, 6);
    assert_int_equal(settings->revocation_reason, 5);
    assert_int_equal(settings->templates[0]->key_usage,
                     CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT);
    assert_string_equal(settings->templates[0]->eku[0], "1.3.6.1.5.5.7.3.2");
    assert_ptr_equal(settings->cas[0]->templates[0], settings->templates[0]);
}

static void
the_other_service_has_the_other_addresses_and_each_can_be_replaced(void **state)
{
    (void)state;
    cf_own(cf_settings) usgov = lab_good("[cloud]\nservice = usgov\ngraph = https://g.example/\n"
                                         "tenant=t\nclient_id=c\n[recipient]\ncheck=no\n");

    assert_string_equal(usgov->cloud.authority, "https://login.microsoftonline.us/");
    assert_string_equal(usgov->cloud.graph, "https://g.example/");
    assert_string_equal(usgov->cloud.resource, "https://api.manage.microsoft.us/");

    cf_own(cf_settings) custom = lab_good(
        "[cloud]\nservice = custom\nauthority = https://a.example/\nresource = https://r.example/\n"
        "endpoint = https://e.example/x\nassertion_renew = no\ntenant=t\nclient_id=c\n"
        "[recipient]\ncheck=no\n");
    assert_string_equal(custom->cloud.authority, "https://a.example/");
    assert_null(custom->cloud.graph);
}

static void
each_way_to_authenticate_asks_for_its_own_options_only(void **state)
{
    (void)state;
    cf_own(cf_settings) tls =
        lab_good("[cloud]\nauth = tls\nendpoint = https://e.example/\ntls_cert_file = /a\n"
                 "tls_key_file = credential:tls-key\n[recipient]\ncheck=no\n");

    assert_int_equal(tls->cloud.auth, CF_AUTH_TLS);
    cf_own(cf_settings) secret = lab_good(LAB_BASE "[connector]\nid = a.b_c-1\n");
    assert_int_equal(secret->cloud.auth, CF_AUTH_CERTIFICATE);
}

static void
credentials_are_where_the_service_manager_says(void **state)
{
    (void)state;
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1), 0);
    cf_own(cf_settings) inside =
        lab_good(LAB_BASE "[store]\nkey_file = credential:other\n[control]\nsocket = /s\n");
    assert_string_equal(inside->store_key_file, "/run/credentials/x/other");
    assert_string_equal(inside->cloud.client_secret_file, "/run/credentials/x/client-secret");
    assert_null(inside->cloud.proxy_password_file);

    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "relative", 1), 0);
    cf_own(cf_settings) outside =
        lab_good("[connector]\nstate_dir = /srv/c\n[recipient]\ncheck = no\n[cloud]\ntenant=t\n"
                 "client_id=c\nproxy = http://p:3128\nproxy_user = u\n");
    assert_string_equal(outside->store_key_file, "/run/credentials/certferryd.service/store-key");
    assert_string_equal(outside->cloud.proxy_password_file,
                        "/run/credentials/certferryd.service/proxy-password");
    assert_string_equal(outside->store_path, "/srv/c/certferry.db");
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void
every_option_is_described_and_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < cf_n_sections; i++) {
        for (const struct cf_option *option = cf_sections[i].options; option->key;
             option = cf_option_next(option)) {
            assert_string_equal(option->section, cf_sections[i].type);
            assert_true(strlen(option->help) > 10);
            assert_true(option->preset || option->example);
            assert_true(option->preset || option->when ||
                        (option->flags & (CF_OPTION_REQUIRED | CF_OPTION_NEEDED)));
            assert_ptr_equal(cf_option_find(option->section, option->key), option);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_range_includes_its_ends_and_nothing_beyond),
        cmocka_unit_test(the_defaults_are_those_of_the_manual),
        cmocka_unit_test(the_other_service_has_the_other_addresses_and_each_can_be_replaced),
        cmocka_unit_test(each_way_to_authenticate_asks_for_its_own_options_only),
        cmocka_unit_test(credentials_are_where_the_service_manager_says),
        cmocka_unit_test(every_option_is_described_and_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
