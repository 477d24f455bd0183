/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_kit - a daemon without a network or a disk: real loop, pool, scheduler and key pool, over
 * the fakes of store, cloud and CA. No duty runs by itself.
 */
#pragma once

#include "daemon/command.h"
#include "daemon/control.h"
#include "fake/fake_ca.h"
#include "fake/fake_cloud.h"
#include "fake/fake_store.h"

struct daemon_kit {
    struct cf_daemon daemon;
    struct cf_site *site;
    struct fake_ca *ca;
    char dir[32]; /* holds the control socket */
};

/* Aborts when something fails. One at a time; cf_pki_init is done by the first. */
void daemon_kit_open(struct daemon_kit *kit);
void daemon_kit_close(struct daemon_kit *kit);
/* An item in the store, in state received. */
void daemon_kit_receive(struct daemon_kit *kit, const char *context);
/* The answer line to a request line; malloc'd. */
char *daemon_kit_ask(struct daemon_kit *kit, const void *line, size_t len);
