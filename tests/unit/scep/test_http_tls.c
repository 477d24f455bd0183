/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS as the server's own, seen with the openssl tool. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http_client.h"
#include "unit/base/unit.h"

enum { LINE_SIZE = 4096 };

static char folder[] = "/tmp/scep-tls-XXXXXX";
static struct door door;

/* Runs a shell command in the folder; its output, cut. */
static const char *tell(const char *format, ...) CF_PRINTF(1, 2);
static const char *
tell(const char *format, ...)
{
    static char text[LINE_SIZE * 4];
    char words[LINE_SIZE];
    char command[LINE_SIZE * 2];
    va_list args;

    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    snprintf(command, sizeof command, "cd %s && { %s; } 2>&1", folder, words);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t n = fread(text, 1, sizeof text - 1, pipe);
    text[n] = '\0';
    pclose(pipe);
    return text;
}

static void
make_identity(const char *name)
{
    tell("openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 "
         "-subj /CN=%s -addext subjectAltName=DNS:%s; chmod 600 key.pem",
         name, name);
}

static const char *
fetch(const char *options)
{
    return tell("printf 'GET /scep?operation=GetCACaps HTTP/1.0\\r\\n\\r\\n' | timeout 20 openssl "
                "s_client -connect 127.0.0.1:%u -quiet -ign_eof %s",
                door.port, options);
}

static int
open_tls(void **state)
{
    static char *listen[] = {(char *)(uintptr_t) "127.0.0.1:0", NULL};
    static char cert[64];
    static char key[64];

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(cert, sizeof cert, "%s/cert.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    make_identity("first.example");
    door.settings.tls_listen = listen;
    door.settings.tls_cert_file = cert;
    door.settings.tls_key_file = key;
    door_open(&door);
    return 0;
}

static int
close_tls(void **state)
{
    (void)state;
    door_close(&door);
    tell("rm -f cert.pem key.pem");
    return rmdir(folder);
}

static void
tls_1_2_and_1_3_are_spoken(void **state)
{
    (void)state;
    assert_contains(fetch("-tls1_2"), "GetCACaps 0");
    assert_contains(fetch("-tls1_3"), "GetCACaps 0");
}

static void
old_tls_and_what_has_no_forward_secrecy_are_refused(void **state)
{
    (void)state;
    assert_null(strstr(fetch("-tls1_1 -cipher DEFAULT@SECLEVEL=0"), "GetCACaps"));
    assert_null(strstr(fetch("-tls1_2 -cipher AES256-GCM-SHA384:AES128-SHA"), "GetCACaps"));
}

static void
no_client_certificate_is_asked_for(void **state)
{
    (void)state;
    const char *said = tell("openssl s_client -connect 127.0.0.1:%u -tls1_2 </dev/null", door.port);
    assert_contains(said, "No client certificate CA names sent");
    assert_null(strstr(said, "Client Certificate Types"));
}

static void
plain_http_and_noise_on_the_tls_port_hurt_nobody(void **state)
{
    (void)state;
    int fd = door_connect(&door);
    door_send_text(fd, "GET /scep?operation=GetCACaps HTTP/1.0\r\n\r\n");
    assert_true(door_is_cut(fd));
    close(fd);
    assert_contains(fetch("-tls1_3"), "GetCACaps 0");
}

static void
a_new_certificate_is_taken_and_a_faulty_one_is_not(void **state)
{
    struct cf_err err = {0};

    (void)state;
    assert_contains(fetch("-tls1_2"), "CN = first.example");
    for (int i = 0; i < 40; i++)
        assert_ok(cf_scep_http_reload(door.http, &err), err);
    make_identity("second.example");
    assert_contains(fetch("-tls1_2"), "CN = first.example");
    assert_ok(cf_scep_http_reload(door.http, &err), err);
    assert_contains(fetch("-tls1_2"), "CN = second.example");

    tell("openssl genrsa -out key.pem 2048");
    assert_rc(cf_scep_http_reload(door.http, &err), CF_E_MISMATCH);
    assert_contains(err.text, "tls_key_file");
    tell("echo none >cert.pem");
    assert_true(cf_scep_http_reload(door.http, &err) != CF_OK);
    assert_contains(err.text, "tls_cert_file");
    const char *said = fetch("-tls1_2");
    assert_contains(said, "CN = second.example");
    assert_contains(said, "GetCACaps 0");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_1_2_and_1_3_are_spoken),
        cmocka_unit_test(old_tls_and_what_has_no_forward_secrecy_are_refused),
        cmocka_unit_test(no_client_certificate_is_asked_for),
        cmocka_unit_test(plain_http_and_noise_on_the_tls_port_hurt_nobody),
        cmocka_unit_test(a_new_certificate_is_taken_and_a_faulty_one_is_not),
    };

    return cmocka_run_group_tests(tests, open_tls, close_tls);
}
