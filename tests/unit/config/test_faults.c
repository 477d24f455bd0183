/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>

/* One line below LAB_BASE in a section; its fault is in line 7. */
static void
expect_at(const char *section, const char *line, const char *fault)
{
    char text[4096];
    char expected[2048];

    (void)snprintf(text, sizeof text, LAB_BASE "[%s]\n%s\n", section, line);
    (void)snprintf(expected, sizeof expected, "conf:7: %s\n", fault);
    lab_expect_faults(text, expected);
}

static void
expect_in_cloud(const char *line, const char *fault)
{
    char text[4096];
    char expected[2048];

    (void)snprintf(text, sizeof text,
                   "[recipient]\ncheck = no\n[cloud]\ntenant = t\nclient_id = c\n%s\n", line);
    (void)snprintf(expected, sizeof expected, "conf:6: %s\n", fault);
    lab_expect_faults(text, expected);
}

static void
unknown_names_come_with_the_nearest_known_one(void **state)
{
    (void)state;
    lab_expect_faults(LAB_BASE "[conector]\n[storage_of_things]\n",
                      "conf:6: there is no section [conector]: did you mean [connector]?\n"
                      "conf:7: there is no section [storage_of_things]: see certferry.conf(5)\n");
    expect_at("keys", "pool_p265 = 1", "[keys] has no key \"pool_p265\": did you mean pool_p256?");
    expect_at("keys", "Pool-P256 = 1", "[keys] has no key \"Pool-P256\": did you mean pool_p256?");
    expect_at("keys", "zebra = 1", "[keys] has no key \"zebra\": see certferry.conf(5)");
    expect_at("retry", "minimum_of_all = 1",
              "[retry] has no key \"minimum_of_all\": see certferry.conf(5)");
}

static void
a_secret_cannot_be_written_down_and_is_not_repeated(void **state)
{
    (void)state;
    expect_in_cloud("client_secret = hunter2",
                    "[cloud] has no key \"client_secret\": secrets are never written into this "
                    "file; put it into a file of its own or a systemd credential and name that "
                    "with client_secret_file, proxy_password_file or tls_key_file");
    expect_in_cloud("password = hunter2",
                    "[cloud] has no key \"password\": secrets are never written into this file; "
                    "put it into a file of its own or a systemd credential and name that with "
                    "client_secret_file, proxy_password_file or tls_key_file");
    expect_at("store", "key = hunter2",
              "[store] has no key \"key\": secrets are never written into this file; put it into "
              "a file of its own or a systemd credential and name that with key_file or "
              "password_file");
    expect_at("store", "key_file = hunter2",
              "[store] key_file: must name the file that holds the secret, never the secret "
              "itself: write an absolute path or credential:NAME");
    expect_at("store", "key_file = credential:../x",
              "[store] key_file: the name of a credential has letters, digits and . _ - (at most "
              "128)");
    expect_in_cloud("proxy = http://user:hunter2@proxy:3128",
                    "[cloud] proxy: a user name or password does not belong into a URL: secrets "
                    "come from files only (proxy_user, proxy_password_file)");
    expect_in_cloud("endpoint = https://user:hunter2@host/",
                    "[cloud] endpoint: a user name or password does not belong into a URL: "
                    "secrets come from files only");
    /* A line of a pasted key. */
    expect_at("store", "MIIEvQIBADANBgkqhkiG9w0BAQ==",
              "[store] has no key \"(not shown)\": see certferry.conf(5)");
}

static void
bad_values_say_what_is_wrong_and_what_would_be_right(void **state)
{
    (void)state;
    expect_in_cloud("poll_wait = 61s",
                    "[cloud] poll_wait: \"61s\" is out of range: it must be from 0 to 1m");
    expect_in_cloud("poll_wait = 30", "[cloud] poll_wait: \"30\" has no known unit of time: write "
                                      "one of ms, s, m, h, d, w, y");
    expect_in_cloud("max_requests = 501",
                    "[cloud] max_requests: 501 is out of range: it must be from 1 to 500");
    expect_in_cloud("max_requests = many", "[cloud] max_requests: \"many\" is not a number: write "
                                           "decimal digits only");
    expect_in_cloud("max_requests =",
                    "[cloud] max_requests: has no value: write one, or remove the line");
    expect_in_cloud("assertion_renew = perhaps",
                    "[cloud] assertion_renew: \"perhaps\" is neither yes nor no");
    expect_in_cloud("service = publik", "[cloud] service: \"publik\" is none of public, usgov, "
                                        "custom, none: did you mean public?");
    expect_in_cloud("assertion_file = a.pem", "[cloud] assertion_file: \"a.pem\" is not an "
                                              "absolute path: begin it with /");
    expect_in_cloud("assertion_file = /a/../b", "[cloud] assertion_file: the path has a .. in it: "
                                                "write where it leads");
    expect_at("keys", "secure_heap = 3M",
              "[keys] secure_heap: \"3M\" is not a power of two: write 1M, 2M, 4M ...");
    expect_at("keys", "secure_heap = 32K",
              "[keys] secure_heap: \"32K\" is out of range: it must be from 64K to 1G");
    expect_at("keys", "secure_heap = big",
              "[keys] secure_heap: \"big\" is not a number: write "
              "decimal digits only");
    expect_at("connector", "log_level = loud",
              "[connector] log_level: \"loud\" is none of error, warning, notice, info, debug");
    expect_at("connector", "id = two words",
              "[connector] id: \"two words\" must have letters, digits and . _ - only, at most "
              "128, and begin with a letter or digit");
    expect_at("revocation", "reason = certificateHold",
              "[revocation] reason: \"certificateHold\" is none of unspecified, keyCompromise, "
              "affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn");
}

static void
only_https_reaches_the_cloud(void **state)
{
    (void)state;
    expect_in_cloud("endpoint = http://host/",
                    "[cloud] endpoint: must be a URL that begins with https://");
    expect_in_cloud("authority = https://",
                    "[cloud] authority: not a URL with a host name and without blanks");
    expect_in_cloud("graph = https://a b/",
                    "[cloud] graph: not a URL with a host name and without blanks");
    expect_in_cloud("resource = https://a/?x", "[cloud] resource: must end before ? and #");
    expect_in_cloud("proxy = https://p:1", "[cloud] proxy: must be written as http://HOST:PORT");
    expect_in_cloud("proxy = http://p:1/x", "[cloud] proxy: must be written as http://HOST:PORT");
}

static void
lists_and_commands_are_read_word_by_word(void **state)
{
    (void)state;
    expect_at("template T", "eku = clientAuth, 1.2.x",
              "[template T] eku: \"1.2.x\" is neither a known usage such as clientAuth nor a "
              "dotted object identifier");
    expect_at("template T", "eku = 3.1",
              "[template T] eku: \"3.1\" is neither a known usage such as clientAuth nor a dotted "
              "object identifier");
    expect_at("template T", "eku = clientAuth 1.3.6.1.5.5.7.3.2",
              "[template T] eku: 1.3.6.1.5.5.7.3.2 is there twice: remove one");
    expect_at("template T", "eku = ,", "[template T] eku: 0 usages: name from 1 to 32");
    expect_at("template T", "key_usage = keyCertSign",
              "[template T] key_usage: \"keyCertSign\" is none of digitalSignature, "
              "nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement");
    expect_at("template T", "key_usage = keyAgreement keyAgreement",
              "[template T] key_usage: keyAgreement is there twice: remove one");
    expect_at("template T", "key = rsa1024",
              "[template T] key: \"rsa1024\" is none of rsa2048, rsa3072, rsa4096, p256, p384");
    lab_expect_faults(LAB_BASE "[ca c]\nbackend=exec\nhost=h\nname=n\ntemplates=\"T\n"
                               "command = prog x\n[template T]\n" LAB_POLICY("c", "T"),
                      "conf:11: [ca c] command: the program must be an absolute path: begin it "
                      "with / (no shell looks for it)\n"
                      "conf:10: [ca c] templates: a \" is opened and not closed\n");
}

static void
what_is_missing_is_told_where_it_belongs(void **state)
{
    (void)state;
    lab_expect_faults("# nothing\n",
                      "conf:1: [cloud] tenant: is missing: it is needed to ask for a token\n"
                      "conf:1: [cloud] client_id: is missing: it is needed to ask for a token\n"
                      "conf:1: [recipient] check: nothing says which device certificates are "
                      "good: set ca_file to the CA that issues them, or pins_file\n");
    lab_expect_faults("[recipient]\ncheck = no\n[cloud]\nauth = tls\n",
                      "conf:3: [cloud] endpoint: is missing: it is needed with auth = tls\n"
                      "conf:3: [cloud] tls_cert_file: is missing: it is needed with auth = tls\n"
                      "conf:3: [cloud] tls_key_file: is missing: it is needed with auth = tls\n");
    lab_expect_faults(
        "[recipient]\ncheck = no\n[cloud]\ntenant=t\nclient_id=c\nservice = custom\n",
        "conf:3: [cloud] authority: is missing: it is needed with service = custom\n"
        "conf:3: [cloud] resource: is missing: it is needed with service = custom\n"
        "conf:3: [cloud] graph: is missing: it is needed with service = custom, unless endpoint "
        "is set and assertion_renew = no\n");
    lab_expect_faults(
        LAB_BASE
        "[ca x]\n[ca y]\nbackend = local\nhost=h\nname=n\ntemplates=T\n[template T]\n" LAB_POLICY(
            "x y", "T"),
        "conf:6: [ca x] backend: is missing: local is the CA inside certferryd, exec runs a "
        "program for each operation, adcs is Microsoft AD CS, cmp a CA that is spoken to with CMP "
        "(RFC 4210).\n"
        "conf:6: [ca x] host: is missing: The CA's host, as profiles name it (certification "
        "authority).\n"
        "conf:6: [ca x] name: is missing: The CA's name, as profiles name it (certification "
        "authority name).\n"
        "conf:7: [ca y] cert_file: is missing: it is needed with backend = local\n"
        "conf:6: [ca x] templates: is missing: The [template] sections by which this CA issues. "
        "All others are refused.\n");
}

#define EXEC(host) "backend=exec\nhost=" host "\nname=n\ntemplates=T\ncommand=/a\n"

static void
a_name_in_quotes_is_no_name(void **state)
{
    (void)state;
    lab_expect_faults(LAB_BASE "[ca a]\nbackend=exec\nhost=h\nname = \"Corp CA\"\ntemplates=T\n"
                               "command=/a\n[template T]\n" LAB_POLICY("a", "T"),
                      "conf:9: [ca a] name: is taken as it stands: leave the quotes out\n");
}

static void
section_names_are_there_where_they_belong(void **state)
{
    (void)state;
    lab_expect_faults(LAB_BASE "[ca]\n[store x]\n[ca a/b]\n" EXEC("g") "[ca .x]\n" EXEC(
                          "h") "[template a\"b]\n[template T]\n" LAB_POLICY("a/b .x", "T"),
                      "conf:6: [ca] needs a name: write [ca NAME]\n"
                      "conf:7: [store] takes no name: write [store]\n"
                      "conf:8: the name of a CA must have letters, digits and . _ - only and "
                      "begin with a letter or digit\n"
                      "conf:14: the name of a CA must have letters, digits and . _ - only and "
                      "begin with a letter or digit\n"
                      "conf:20: the section's name must be without commas, quotes and "
                      "backslashes\n");
}

static void
options_that_cannot_meet_are_told(void **state)
{
    (void)state;
    expect_in_cloud("proxy_user = u", "[cloud] proxy_user: there is no proxy: set proxy, too");
    expect_in_cloud("proxy_password_file = /p",
                    "[cloud] proxy_password_file: a password without a user: set proxy_user, too");
    expect_in_cloud("retry_min = 6m", "[cloud] retry_min: must not be more than retry_max");
    expect_in_cloud("assertion_renew_before = 365d",
                    "[cloud] assertion_renew_before: must be less than assertion_lifetime: a "
                    "certificate would be renewed again at once");
    expect_at("retry", "min = 16m", "[retry] min: must not be more than max");
    expect_at("template T", "min_key = 3072",
              "[template T] min_key: is more than key = rsa2048 has: choose a larger key");
}

static void
a_ca_takes_the_keys_of_its_own_backend_only(void **state)
{
    (void)state;
    lab_expect_faults(
        LAB_BASE "[ca a]\nbackend = local\nhost=h\nname=a\ntemplates=T\n"
                 "cert_file=/a\ntimeout = 5s\ncrl_overlap = 7d\n"
                 "[ca b]\nbackend = exec\nhost=h\nname=b\ntemplates=T\ncommand=/b\n"
                 "crl_url = http://x/\n[template T]\n" LAB_POLICY("a b", "T"),
        "conf:12: [ca a] timeout: belongs to backend = exec or adcs or cmp, but this CA has "
        "backend = local: remove it\n"
        "conf:20: [ca b] crl_url: belongs to backend = local, but this CA has "
        "backend = exec: remove it\n"
        "conf:13: [ca a] crl_overlap: must be less than crl_lifetime\n");
}

static void
two_cas_must_be_told_apart(void **state)
{
    (void)state;
    lab_expect_faults(LAB_BASE "[ca a]\nbackend=exec\nhost=ca.example\nname=N\ntemplates=T\n"
                               "command=/a\n"
                               "[ca b]\nbackend=exec\nhost=CA.Example\nname=n\ntemplates=T\n"
                               "command=/b\n[template T]\n" LAB_POLICY("a b", "T"),
                      "conf:14: [ca b] host: host and name are those of [ca a], too: requests "
                      "could not tell them apart\n");
    lab_expect_faults(LAB_BASE
                      "[ca a]\nbackend=local\nhost=h\nname=a\ntemplates=T\ncert_file=/a\n"
                      "[ca b]\nbackend=local\nhost=h\nname=b\ntemplates=T\ncert_file=/b\n"
                      "crl_file = /var/lib/certferry/a.crl\n[template T]\n" LAB_POLICY("a b", "T"),
                      "conf:18: [ca b] crl_file: is that of [ca a], too: each CA needs its own\n");
}

static void
templates_of_a_ca_must_be_there_and_once(void **state)
{
    (void)state;
    lab_expect_faults(
        LAB_BASE
        "[ca a]\nbackend=exec\nhost=h\nname=N\ncommand=/a\n"
        "templates = Device, Devise, Other device\n[template Device]\n" LAB_POLICY("a", "Device"),
        "conf:11: [ca a] templates: there is no section [template Devise]: did you "
        "mean Device?\n"
        "conf:11: [ca a] templates: there is no section [template Other]: write "
        "one\n"
        "conf:11: [ca a] templates: Device is there twice: remove one\n");
}

static void
what_could_not_be_printed_and_read_again_is_refused(void **state)
{
    (void)state;
    static struct lab_faults faults;
    static char text[16 * 1024];

    (void)snprintf(text, sizeof text, LAB_BASE "[connector]\nstate_dir = /%02000d\n", 0);
    assert_null(lab_parse(text, &faults));
    assert_string_equal(faults.text,
                        "conf:7: [connector] state_dir: the path is longer than 2000 bytes\n");
    (void)snprintf(text, sizeof text, LAB_BASE "[connector]\nstate_dir = /%01999d\n", 0);
    assert_null(lab_parse(text, &faults));
    assert_contains(faults.text, "conf:1: [cloud] assertion_file: its default cannot be used: the "
                                 "path is longer than 2000 bytes\n");
    (void)snprintf(text, sizeof text,
                   LAB_BASE "[ca c]\nbackend=exec\nhost=h\nname=n\ntemplates=T\n"
                            "command = /c %01501d\n[template T]\n" LAB_POLICY("c", "T"),
                   0);
    assert_null(lab_parse(text, &faults));
    assert_string_equal(faults.text, "conf:11: [ca c] command: words of more than 1500 bytes, or "
                                     "7000 in all\n");
    expect_in_cloud("endpoint = https://h\xc3\xb6st/",
                    "[cloud] endpoint: not a URL with a host name and without blanks");
}

static void
one_wrong_line_is_one_fault(void **state)
{
    (void)state;
    expect_in_cloud("retry_max = 1", "[cloud] retry_max: \"1\" has no known unit of time: write "
                                     "one of ms, s, m, h, d, w, y");
    expect_at("connector", "state_dir = x",
              "[connector] state_dir: \"x\" is not an absolute path: begin it with /");
    lab_expect_faults("[cloud]\ntenant = a b\nclient_id = c\n[recipient]\nca_file = x\n",
                      "conf:2: [cloud] tenant: \"a b\" must have letters, digits and . _ - only, "
                      "at most 128, and begin with a letter or digit\n"
                      "conf:5: [recipient] ca_file: \"x\" is not an absolute path: begin it with "
                      "/\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_names_come_with_the_nearest_known_one),
        cmocka_unit_test(a_secret_cannot_be_written_down_and_is_not_repeated),
        cmocka_unit_test(bad_values_say_what_is_wrong_and_what_would_be_right),
        cmocka_unit_test(only_https_reaches_the_cloud),
        cmocka_unit_test(lists_and_commands_are_read_word_by_word),
        cmocka_unit_test(what_is_missing_is_told_where_it_belongs),
        cmocka_unit_test(a_name_in_quotes_is_no_name),
        cmocka_unit_test(section_names_are_there_where_they_belong),
        cmocka_unit_test(options_that_cannot_meet_are_told),
        cmocka_unit_test(a_ca_takes_the_keys_of_its_own_backend_only),
        cmocka_unit_test(two_cas_must_be_told_apart),
        cmocka_unit_test(templates_of_a_ca_must_be_there_and_once),
        cmocka_unit_test(what_could_not_be_printed_and_read_again_is_refused),
        cmocka_unit_test(one_wrong_line_is_one_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
