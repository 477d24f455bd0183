/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_fakes - what core does for the SCEP socket, linked in its place (--wrap): one item, whose
 * outcome and rest the test decides.
 */
#pragma once

#include "certferry/scep.h"

enum { SCEP_FAKE_ITEM = 7 };

void scep_fakes_reset(void);
/* What enroll, poll, look and ra-request answer from now on. */
void scep_fakes_set_state(enum cf_scep_answer_state state);
/* Watchers are called as soon as they come: another node works on it. */
void scep_fakes_rest_at_once(bool at_once);
/* Lets all who watch know; on this thread. */
void scep_fakes_rest(void);
unsigned scep_fakes_watchers(void);
unsigned scep_fakes_looks(void);
unsigned scep_fakes_enrolls(void);
