/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slapd_child - an OpenLDAP server of this test alone: in a directory of its own, on free ports of
 * 127.0.0.1, as whoever runs the test.
 */
#pragma once

#include "certferry/settings.h"

#define SLAPD_PASSWORD "correct horse 7!"
#define SLAPD_BIND_DN "cn=connector,dc=corp,dc=example"

void slapd_prepare(void); /* directory, certificates, entries */
void slapd_clean(void);

/* certificate: "good", "late", "expired", "other-name", "untrusted" */
void slapd_start(const char *certificate);
void slapd_signal(int signal_number);
void slapd_stop(void); /* kills; starting again takes the same ports */

/* Borrowed until the next call but three. */
const char *slapd_path(const char *name);
/* Settings of a client that works; strings are static. The simple bind's password is right. */
struct cf_directory_settings slapd_settings(enum cf_directory_tls tls);
