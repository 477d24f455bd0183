/* SPDX-License-Identifier: Apache-2.0 */
/* slapd_faults, slapd_times - the real client against a server that is not as it should be. */
#pragma once

/* The number of failed tests. */
int slapd_faults_run(void);
int slapd_times_run(void);
