/* SPDX-License-Identifier: Apache-2.0 */
/* scep_names - the words of docs/protocol/scep-socket.md. */
#include <string.h>

#include "certferry/scep.h"

static const char *const states[] = {
    [CF_SCEP_ANSWER_ISSUED] = "issued", [CF_SCEP_ANSWER_PENDING] = "pending",
    [CF_SCEP_ANSWER_FAILED] = "failed", [CF_SCEP_ANSWER_WORKING] = "working",
    [CF_SCEP_ANSWER_LATER] = "later",
};
static const char *const roles[] = {
    [CF_SCEP_RA_SIGN] = "sign",
    [CF_SCEP_RA_ENCRYPTION] = "encryption",
    [CF_SCEP_RA_BOTH] = "both",
};

static bool
find(const char *const *names, size_t n, const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < n; i++) {
        if (names[i] && strcmp(names[i], name) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

const char *
cf_scep_answer_state_name(enum cf_scep_answer_state state)
{
    return states[state];
}

bool
cf_scep_answer_state_parse(const char *name, enum cf_scep_answer_state *ret)
{
    size_t index = 0;

    if (!find(states, CF_COUNT(states), name, &index))
        return false;
    *ret = (enum cf_scep_answer_state)index;
    return true;
}

const char *
cf_scep_ra_role_name(enum cf_scep_ra_role role)
{
    return roles[role];
}

bool
cf_scep_ra_role_parse(const char *name, enum cf_scep_ra_role *ret)
{
    size_t index = 0;

    if (!find(roles, CF_COUNT(roles), name, &index))
        return false;
    *ret = (enum cf_scep_ra_role)index;
    return true;
}
