/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/directory/slapd_child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit/base/unit.h"

static char directory[] = "/tmp/certferry-slapd-XXXXXX";
static pid_t child;
static int plain_port, tls_port;

const char *
slapd_path(const char *name)
{
    static char texts[4][128];
    static unsigned n;
    char *text = texts[n++ % CF_COUNT(texts)];

    snprintf(text, sizeof texts[0], "%s/%s", directory, name);
    return text;
}

static void
write_file(const char *name, const char *text)
{
    FILE *file = fopen(slapd_path(name), "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(slapd_path(name), 0600), 0);
}

static void
write_config(const char *certificate)
{
    char text[2048];

    snprintf(text, sizeof text,
             "include /etc/ldap/schema/core.schema\n"
             "include /etc/ldap/schema/cosine.schema\n"
             "include %s/ad.schema\n"
             "modulepath /usr/lib/ldap\n"
             "moduleload back_mdb\n"
             "TLSCertificateFile %s/%s.pem\n"
             "TLSCertificateKeyFile %s/%s.pem\n"
             "pidfile %s/slapd.pid\n"
             "rootDSE %s/root.ldif\n"
             "database mdb\n"
             "directory %s/db\n"
             "maxsize 16777216\n"
             "dbnosync\n"
             "suffix dc=corp,dc=example\n"
             "rootdn " SLAPD_BIND_DN "\n"
             "rootpw \"" SLAPD_PASSWORD "\"\n",
             DIRECTORY_DATA, directory, certificate, directory, certificate, directory, directory,
             directory);
    write_file("slapd.conf", text);
}

static void
run(const char *command)
{
    if (system(command) != 0)
        fail_msg("%s failed", command);
}

/* A port that is free now; another program would have to take just this one to disturb. */
static int
free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    cf_own_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

void
slapd_prepare(void)
{
    char command[512];

    assert_non_null(mkdtemp(directory));
    assert_int_equal(mkdir(slapd_path("db"), 0700), 0);
    write_file("password", SLAPD_PASSWORD "\n");
    write_file("wrong-password", "battery staple\n");
    write_file("root.ldif", "dn:\nobjectClass: top\ndefaultNamingContext: dc=corp,dc=example\n");
    write_config("good");
    snprintf(command, sizeof command, DIRECTORY_PYTHON " " DIRECTORY_DATA "/certs.py %s",
             directory);
    run(command);
    snprintf(command, sizeof command,
             "/usr/sbin/slapadd -q -f %s/slapd.conf -l " DIRECTORY_DATA "/entries.ldif", directory);
    run(command);
    plain_port = free_port();
    tls_port = free_port();
}

void
slapd_clean(void)
{
    char command[256];

    slapd_stop();
    snprintf(command, sizeof command, "rm -rf -- '%s'", directory);
    run(command);
}

static void
exec_slapd(void)
{
    char urls[128];
    int log = open(slapd_path("log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

    /* A failed assertion in this program must not leave the server behind. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0)
        _exit(126);
    snprintf(urls, sizeof urls, "ldap://127.0.0.1:%d ldaps://127.0.0.1:%d", plain_port, tls_port);
    execl("/usr/sbin/slapd", "slapd", "-d", "0", "-f", slapd_path("slapd.conf"), "-h", urls,
          (char *)NULL);
    _exit(127);
}

static bool
is_up(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cf_own_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

void
slapd_start(const char *certificate)
{
    write_config(certificate);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        exec_slapd();
    for (int i = 0; i < 1000; i++) {
        if (is_up(plain_port) && is_up(tls_port))
            return;
        if (waitpid(child, NULL, WNOHANG) != 0)
            fail_msg("slapd does not start; see %s", slapd_path("log"));
        usleep(10 * 1000);
    }
    fail_msg("slapd does not answer");
}

void
slapd_signal(int signal_number)
{
    int status = 0;

    assert_int_equal(kill(child, signal_number), 0);
    /* Its threads may run on for a while. */
    if (signal_number == SIGSTOP)
        assert_int_equal(waitpid(child, &status, WUNTRACED), child);
}

void
slapd_stop(void)
{
    if (child <= 0)
        return;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    child = 0;
}

struct cf_directory_settings
slapd_settings(enum cf_directory_tls tls)
{
    static char uri[64], password_file[128], ca_file[128];
    static char *uris[] = {uri, NULL};
    static char bind_dn[] = SLAPD_BIND_DN;

    snprintf(uri, sizeof uri, "%s://127.0.0.1:%d", tls == CF_DIRECTORY_LDAPS ? "ldaps" : "ldap",
             tls == CF_DIRECTORY_LDAPS ? tls_port : plain_port);
    snprintf(password_file, sizeof password_file, "%s/password", directory);
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", directory);
    return (struct cf_directory_settings){
        .uri = uris,
        .auth = CF_DIRECTORY_SIMPLE,
        .tls = tls,
        .bind_dn = bind_dn,
        .password_file = password_file,
        .ca_file = ca_file,
        .connect_timeout_ms = 2000,
        .timeout_ms = 2000,
        .cache_ms = 0,
        .retry_ms = 0,
    };
}
