/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_lab - configurations as texts, their faults as lines "FILE:LINE: TEXT".
 */
#pragma once

#include "../base/unit.h"

#include "certferry/config.h"

/* The least that is accepted; five lines. */
#define LAB_BASE                                                                                   \
    "[cloud]\n"                                                                                    \
    "tenant = contoso\n"                                                                           \
    "client_id = app\n"                                                                            \
    "[recipient]\n"                                                                                \
    "ca_file = /etc/device-ca.pem\n"

/* Allows all; four lines. */
#define LAB_POLICY(cas, templates)                                                                 \
    "[policy all]\nca = " cas "\ntemplates = " templates "\ncertificate_type = both\n"

/* Two CAs and their template below it; from line 6 on. */
#define LAB_CAS                                                                                    \
    "[ca corp]\n"                                                                                  \
    "backend = local\n"                                                                            \
    "host = ca.example.com\n"                                                                      \
    "name = Corp CA\n"                                                                             \
    "templates = Device\n"                                                                         \
    "cert_file = /etc/corp.pem\n"                                                                  \
    "[ca partner]\n"                                                                               \
    "backend = exec\n"                                                                             \
    "host = partner.example.com\n"                                                                 \
    "name = Partner CA\n"                                                                          \
    "templates = Device\n"                                                                         \
    "command = /usr/bin/partner --profile 'a b'\n" LAB_POLICY("corp partner",                      \
                                                              "Device") "[template Device]\n"

/* All faults, each with a newline behind it. */
struct lab_faults {
    char text[64 * 1024];
    size_t n;
};
void lab_fault(void *arg, const char *file, unsigned line, const char *text);

/* Parses text as "conf"; *faults is filled, NULL is returned when there was any. */
struct cf_settings *lab_parse(const char *text, struct lab_faults *faults);
struct cf_settings *lab_parse_bytes(struct cf_bytes bytes, struct lab_faults *faults);
/* Fails the test with the faults' texts. */
struct cf_settings *lab_good(const char *text);
/* The faults of a text that has some are exactly these lines. */
void lab_expect_faults(const char *text, const char *faults);
/* There is one fault and its line begins so. */
void lab_expect_fault_begins(const char *text, const char *begin);
char *lab_print(const struct cf_settings *settings); /* owned */
