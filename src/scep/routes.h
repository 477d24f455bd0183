/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes - which paths are SCEP's, in any case.
 *
 * Those of NDES, and others that clients are configured with by habit, are the default profile's;
 * /scep/PROFILE is a profile's own. Windows puts pkiclient.exe after whatever it is given.
 */
#pragma once

#include "backend.h"
#include "certferry/err.h"

struct cf_scep_route {
    bool is_known;
    char profile[CF_SCEP_NAME_MAX + 1]; /* as written; empty: the default one */
};
/* path: as in struct cf_scep_query. */
struct cf_scep_route cf_scep_route(const char *path);
