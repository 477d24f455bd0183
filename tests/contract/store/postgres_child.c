/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres_child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/base/unit.h"

/* The server refuses to run as root, and a changed user forgets PR_SET_PDEATHSIG. */
#define AS_POSTGRES "setpriv --reuid=postgres --regid=postgres --init-groups --pdeathsig=KILL "
#define BIN POSTGRES_BIN "/"

static char directory[] = "/tmp/certferry-pg-XXXXXX";
static pid_t child;
static int port = 5432; /* part of the socket's name, too */

static void run(const char *format, ...) CF_PRINTF(1, 2);
static void
run(const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s failed", command);
}

static const char *
as_postgres(void)
{
    return geteuid() == 0 ? AS_POSTGRES : "";
}

const char *
postgres_directory(void)
{
    return directory;
}

int
postgres_port(void)
{
    return port;
}

void
postgres_prepare(void)
{
    assert_non_null(mkdtemp(directory));
    if (geteuid() == 0)
        run("chown postgres: %s", directory);
    run("cd / && %s" BIN "initdb -D %s/data -U postgres -A trust --no-sync -E UTF8 "
        "--locale=C.UTF-8 >%s.log 2>&1 || { cat %s.log; exit 1; }",
        as_postgres(), directory, directory, directory);
    run("printf '%%s\\n' \"listen_addresses = ''\" \"unix_socket_directories = '%s'\" "
        "'max_connections = 40' 'shared_buffers = 16MB' 'deadlock_timeout = 100ms' "
        ">>%s/data/postgresql.conf",
        directory, directory);
}

static void
exec_server(void)
{
    char data[64];
    int log;

    (void)snprintf(data, sizeof data, "%s.log", directory);
    log = open(data, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 || chdir("/") != 0)
        _exit(126);
    (void)snprintf(data, sizeof data, "%s/data", directory);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (geteuid() == 0)
        execlp("setpriv", "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups",
               "--pdeathsig=KILL", BIN "postgres", "-D", data, (char *)NULL);
    else
        execl(BIN "postgres", "postgres", "-D", data, (char *)NULL);
    _exit(127);
}

static bool
answers(void)
{
    char command[256];

    (void)snprintf(command, sizeof command,
                   BIN "psql -h %s -p %d -U postgres -qAtc 'SELECT 1' >/dev/null 2>&1", directory,
                   port);
    return system(command) == 0;
}

static void
launch(void)
{
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        exec_server();
}

void
postgres_start(void)
{
    launch();
    for (int i = 0; i < 1000; i++) {
        if (answers())
            return;
        /* What is left of a server that was killed keeps the next one from starting for a moment.
         */
        if (waitpid(child, NULL, WNOHANG) != 0)
            launch();
        (void)usleep(20 * 1000);
    }
    fail_msg("the database server does not start; see %s.log", directory);
}

static void
end(int signal_number)
{
    if (child <= 0)
        return;
    (void)kill(child, signal_number);
    (void)waitpid(child, NULL, 0);
    child = 0;
}

void
postgres_kill(void)
{
    end(SIGKILL);
}

void
postgres_stop(void)
{
    end(SIGINT);
}

static void
signal_all(int signal_number)
{
    char name[64];
    int pid = 0;

    assert_int_equal(kill(child, signal_number), 0);
    (void)snprintf(name, sizeof name, "/proc/%d/task/%d/children", (int)child, (int)child);
    FILE *children = fopen(name, "r");
    assert_non_null(children);
    while (fscanf(children, "%d", &pid) == 1)
        assert_int_equal(kill(pid, signal_number), 0);
    (void)fclose(children);
}

void
postgres_freeze(void)
{
    signal_all(SIGSTOP);
}

void
postgres_thaw(void)
{
    signal_all(SIGCONT);
}

void
postgres_clean(void)
{
    postgres_stop();
    run("rm -rf -- %s %s.log", directory, directory);
}

void
postgres_connection(char *text, size_t size, const char *schema)
{
    (void)snprintf(text, size,
                   "host=%s port=%d dbname=postgres user=postgres options=-csearch_path=%s",
                   directory, port, schema);
}

void
postgres_run(const char *sql)
{
    run(BIN "psql -h %s -p %d -U postgres -v ON_ERROR_STOP=1 -qAtc \"%s\" >/dev/null", directory,
        port, sql);
}

void
postgres_ask(const char *sql, char *value, size_t size)
{
    char command[1024];

    (void)snprintf(command, sizeof command, BIN "psql -h %s -p %d -U postgres -qAtc \"%s\"",
                   directory, port, sql);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    value[0] = '\0';
    if (fgets(value, (int)size, out))
        value[strcspn(value, "\n")] = '\0';
    assert_int_equal(pclose(out), 0);
}

void
postgres_make_schema(const char *schema)
{
    char sql[64];

    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA %s", schema);
    postgres_run(sql);
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
postgres_listen(void)
{
    port = free_port();
    run("%sopenssl req -x509 -newkey rsa:2048 -nodes -keyout %s/server.key -out %s/server.pem "
        "-days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>>%s.log",
        as_postgres(), directory, directory, directory);
    run("printf '%%s\\n' \"listen_addresses = '127.0.0.1'\" 'port = %d' 'ssl = on' "
        "\"ssl_cert_file = '%s/server.pem'\" \"ssl_key_file = '%s/server.key'\" "
        ">>%s/data/postgresql.conf",
        port, directory, directory, directory);
}

void
postgres_allow(const char *lines)
{
    run("printf '%%s\\n' '%s' | cat - %s/data/pg_hba.conf >%s/hba.new && "
        "cat %s/hba.new >%s/data/pg_hba.conf",
        lines, directory, directory, directory, directory);
}
