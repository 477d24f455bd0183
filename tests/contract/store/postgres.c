/* SPDX-License-Identifier: Apache-2.0 */
/* postgres - the run of the parts that have a server of their own. */
#include "postgres.h"

#include "place.h"

int
main(void)
{
    place_start();
    int n_failed = run_access() + run_faults() + run_nodes();
    place_stop();
    return n_failed;
}
