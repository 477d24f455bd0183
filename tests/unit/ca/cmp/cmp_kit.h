/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmp_kit - a CA kit whose CA is reached over CMP: the lab's peer, started for each test.
 */
#pragma once

#include "unit/ca/ca_kit.h"

struct cmp_kit {
    struct ca_kit kit;
    struct cf_ca *ca; /* opened by cmp_kit_open */
    pid_t peer;
    int port;
    char url[64];
};

/* The peer in the kit's directory; makes the secret when there is none. */
pid_t cmp_peer_start(const struct ca_kit *kit, int *ret_port);
void cmp_peer_stop(pid_t peer);

int cmp_kit_setup(void **state); /* the peer runs; settings: protection by the right secret */
int cmp_kit_teardown(void **state);
/* Of a file in the kit's directory; malloc'd. */
char *cmp_kit_path(const struct cmp_kit *cmp, const char *name);
/* Opens the CA with the settings as they are now, and closes the one before. */
void cmp_kit_open(struct cmp_kit *cmp);
void cmp_kit_mode(const struct cmp_kit *cmp, const char *mode);
/* Fills url. */
void cmp_kit_start_peer(struct cmp_kit *cmp);
/* It forgets its transactions and reads its files again; the port is another one. */
void cmp_kit_restart_peer(struct cmp_kit *cmp);
void cmp_kit_stop_peer(struct cmp_kit *cmp);
/* The peer's log since it was last read. */
char *cmp_kit_log(const struct cmp_kit *cmp);

/* Whatever happens; *ret_answer is the caller's. */
enum cf_rc cmp_kit_submit(const struct cmp_kit *cmp, const struct cf_buf *csr,
                          struct cf_ca_answer *ret_answer, struct cf_err *err);
/* The submission fails so, with `text` in the error; whether it says that nothing was issued. */
bool cmp_kit_expect_error(const struct cmp_kit *cmp, enum cf_rc rc, const char *text);
/* A certificate for a new request, checked as the core does. */
struct cf_cert *cmp_kit_issue(const struct cmp_kit *cmp);
void cmp_kit_check(const struct cmp_kit *cmp, const struct cf_ca_answer *answer,
                   const struct cf_buf *csr);
