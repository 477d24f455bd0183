/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "scepd.h"

static enum cf_rc
take(struct cf_scep_listeners *listeners, int fd, const char *name, struct cf_err *err)
{
    if (listeners->n == CF_SCEP_LISTENERS_MAX)
        return cf_fail(err, CF_E_CONFIG, "the service manager passed more than %d sockets",
                       CF_SCEP_LISTENERS_MAX);
    listeners->listener[listeners->n++] =
        (struct cf_scep_listener){.fd = fd, .is_tls = strcmp(name, "https") == 0};
    if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
        return cf_fail(err, CF_E_CONFIG,
                       "descriptor %d ('%s') of the service manager is no listening stream socket; "
                       "use ListenStream= in the socket unit",
                       fd, name);
    return CF_OK;
}

enum cf_rc
cf_scepd_take_sockets(struct cf_scep_listeners *listeners, struct cf_err *err)
{
    char **names = NULL;
    int n = sd_listen_fds_with_names(1, &names);
    enum cf_rc rc = CF_OK;

    if (n < 0)
        return cf_fail_errno(err, CF_E_CONFIG, -n, "sockets of the service manager");
    for (int i = 0; i < n; i++) {
        if (rc == CF_OK)
            rc = take(listeners, SD_LISTEN_FDS_START + i, names ? names[i] : "", err);
        if (names)
            free(names[i]);
    }
    free(names);
    return rc;
}
