/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_lab - a daemon whose SCEP socket is open and whose loop runs on a thread, and clients of it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/scep_socket.h"
#include "unit/daemon/daemon_kit.h"

enum { SCEP_LAB_ANSWER_SIZE = 64 * 1024, SCEP_LAB_LIMIT_S = 20 };

struct scep_lab {
    struct daemon_kit kit;
    struct cf_scep_socket *socket;
    char path[64];
    char user[64]; /* ours */
};
extern struct scep_lab scep_lab;

#define SCEP_LAB_ENROLL(wait)                                                                      \
    "{\"command\":\"enroll\",\"profile\":\"p\",\"type\":\"PKCSReq\",\"transactionId\":\"t\","      \
    "\"csr\":\"AAAA\",\"signer\":\"AAAA\",\"waitSeconds\":" #wait "}\n"

int scep_lab_set_up(void **state);
int scep_lab_tear_down(void **state);
/* Another socket at the same place. */
enum cf_rc scep_lab_open(const char *socket_user, struct cf_scep_socket **ret, struct cf_err *err);

int scep_lab_connect(void);
void scep_lab_send(int fd, const char *text);
/* One line without its end; false: the daemon has closed. */
bool scep_lab_read(int fd, char answer[SCEP_LAB_ANSWER_SIZE]);
/* The next line has this in it. */
void scep_lab_expect(int fd, const char *part);
