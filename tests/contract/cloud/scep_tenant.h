/* SPDX-License-Identifier: Apache-2.0 */
/* scep_tenant - a client of the lab's SCEP service, and requests for it to judge. */
#pragma once

#include "certferry/cert.h"
#include "certferry/cloud.h"

/* A device's request with a challenge, and a certificate as the answer to it. */
struct scep_sample {
    struct cf_scep_action action;
    struct cf_buf *csr;
    struct cf_cert *cert;
    char transaction[40];
};
void scep_sample_done(struct scep_sample *sample);
/* wrong: the code that its challenge leads to; NULL: a good one. */
struct scep_sample scep_sample_new(const char *wrong);

/* What the tests of a group share; opened for each test on a tenant without faults. */
extern struct cf_cloud *scep_cloud;
extern struct cf_err scep_err;
extern struct cf_scep_verdict scep_verdict;
int scep_setup(void **state);
int scep_teardown(void **state); /* asserts that the tenant saw nothing against the protocol */
/* Opens it anew; what is not NULL or 0 replaces a setting. */
void scep_reopen(const char *authority, const char *endpoint, uint64_t timeout_ms);

enum cf_rc scep_validate(const struct scep_sample *sample);
enum cf_rc scep_issued(const struct scep_sample *sample);
enum cf_rc scep_failed(const struct scep_sample *sample, const struct cf_err *failure);

/* How many calls the tenant saw since the test began whose path has this text. */
size_t scep_count(const char *path);
/* The whole of the last one, as JSON text; until the next call to the tenant. */
const char *scep_last(const char *path);
void scep_fault(const char *rules); /* a fault script */

int scep_run_faults(void); /* scep_faults.c; the number of failed tests */
