/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl_kit.h"

static char dir[32];
static char key[64], blob[64], pub[64], out[64], config[64];

static void CF_PRINTF(1, 2) shell(const char *format, ...)
{
    char command[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static int
set_up(void **state)
{
    (void)state;
    umask(0022);
    strcpy(dir, "/tmp/certferry-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(key, sizeof key, "%s/key", dir);
    snprintf(blob, sizeof blob, "%s/blob", dir);
    snprintf(pub, sizeof pub, "%s/pub", dir);
    snprintf(out, sizeof out, "%s/out", dir);
    snprintf(config, sizeof config, "%s/certferry.conf", dir);
    shell("cd %s && openssl genrsa 2>/dev/null | openssl pkey -out key && openssl pkey -in key "
          "-pubout -out pub && /usr/bin/python3 -c \"\n"
          "from cryptography.hazmat.primitives import serialization as s\n"
          "import struct\n"
          "k = s.load_pem_private_key(open('key', 'rb').read(), None).private_numbers()\n"
          "n = k.public_numbers\n"
          "b = lambda v, l: v.to_bytes(l, 'big')\n"
          "open('blob', 'wb').write(struct.pack('<4s5I', b'RSA3', 2048, 3, 256, 128, 128) + "
          "b(n.e, 3) + b(n.n, 256) + b(k.p, 128) + b(k.q, 128) + b(k.dmp1, 128) + "
          "b(k.dmq1, 128) + b(k.iqmp, 128) + b(k.d, 256))\n"
          "open('publicblob', 'wb').write(struct.pack('<4s5I', b'RSA1', 2048, 3, 256, 0, 0) + "
          "b(n.e, 3) + b(n.n, 256))\" && chmod 600 blob key",
          dir);
    return 0;
}

static int
tear_down(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void
a_windows_key_becomes_pem_and_a_section(void **state)
{
    struct stat st;

    (void)state;
    kit_expect(KIT_RUN("import-key", blob, "-o", out, "--name", "PFXKey", "--provider", "KSP"),
               CF_TOOL_OK, "[import-key pfx]\nprovider = KSP\nname = PFXKey\nkey_file = ", "");
    assert_int_equal(stat(out, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    shell("cmp %s %s", out, key);
}

static void
the_section_names_the_place_in_full(void **state)
{
    char there[4096], expected[4200];

    (void)state;
    assert_non_null(getcwd(there, sizeof there));
    assert_int_equal(chdir(dir), 0);
    snprintf(expected, sizeof expected, "key_file = %s\n", out);
    kit_expect(KIT_RUN("import-key", key, "-o", "out", "--force"), CF_TOOL_OK, expected, "");
    assert_int_equal(chdir(there), 0);
    shell("rm %s", out);
}

static void
a_file_that_is_there_stays(void **state)
{
    (void)state;
    shell("echo precious >%s", out);
    kit_expect(KIT_RUN("import-key", key, "-o", out), CF_TOOL_REFUSED, "", "exists already");
    shell("grep -q precious %s", out);
    kit_expect(KIT_RUN("import-key", key, "-o", out, "--force"), CF_TOOL_OK, "key_file", "");
    shell("cmp %s %s", out, key);
    shell("rm %s", out);
}

static void
the_public_half_comes_from_either(void **state)
{
    char public_blob[64];

    (void)state;
    snprintf(public_blob, sizeof public_blob, "%s/publicblob", dir);
    const char *const sources[] = {blob, key, public_blob};
    for (size_t i = 0; i < CF_COUNT(sources); i++) {
        kit_expect(KIT_RUN("import-key", sources[i], "--public", "-o", out), CF_TOOL_OK, "", "");
        shell("cmp %s %s", out, pub);
    }
    shell("chmod 600 %s", public_blob);
    kit_expect(KIT_RUN("import-key", public_blob, "--public"), CF_TOOL_OK, "BEGIN PUBLIC KEY", "");
    kit_expect(KIT_RUN("import-key", public_blob, "-o", out, "--force"), CF_TOOL_REFUSED, "",
               "RSAPUBLICBLOB");
}

static void
a_private_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    shell("chmod 644 %s", blob);
    kit_expect(KIT_RUN("import-key", blob, "-o", out, "--force"), CF_TOOL_REFUSED, "", "chmod");
    shell("chmod 600 %s", blob);
}

static void
a_configured_key_is_tried(void **state)
{
    (void)state;
    shell("cd %s && mkdir -p state && printf '[connector]\\nid = node1\\nstate_dir = %s/state\\n"
          "[cloud]\\nendpoint = https://cloud.example/\\ntenant = contoso.example\\nclient_id = "
          "11111111-2222-3333-4444-555555555555\\nclient_secret_file = %s/secret\\n[recipient]\\n"
          "ca_file = %s/devices.pem\\n[store]\\nkey_file = %s/store.key\\n[import-key good]\\n"
          "name = a\\nkey_file = %s/key\\n[import-key bad]\\nname = b\\nkey_file = %s/none\\n' "
          ">certferry.conf",
          dir, dir, dir, dir, dir, dir, dir);
    kit_expect(KIT_RUN("import-key", "-c", config, "--test", "good"), CF_TOOL_OK, "oaepSha512", "");
    struct kit_run run = KIT_RUN("import-key", "-c", config, "--test", "bad");
    assert_int_not_equal(run.code, CF_TOOL_OK);
    kit_run_done(&run);
    kit_expect(KIT_RUN("import-key", "-c", config, "--test", "other"), CF_TOOL_NOT_FOUND, "",
               "[import-key other]");
}

static void
what_is_missing_is_said(void **state)
{
    (void)state;
    kit_expect(KIT_RUN("import-key"), CF_TOOL_USAGE, "", "--test NAME");
    kit_expect(KIT_RUN("import-key", key), CF_TOOL_USAGE, "", "--output");
    kit_expect(KIT_RUN("import-key", key, "-o", "-"), CF_TOOL_USAGE, "", "--output");
    kit_expect(KIT_RUN("import-key", key, "--test", "good"), CF_TOOL_USAGE, "", "takes no file");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_windows_key_becomes_pem_and_a_section),
        cmocka_unit_test(the_section_names_the_place_in_full),
        cmocka_unit_test(a_file_that_is_there_stays),
        cmocka_unit_test(the_public_half_comes_from_either),
        cmocka_unit_test(a_private_key_that_others_may_read_is_refused),
        cmocka_unit_test(a_configured_key_is_tried),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
