/* SPDX-License-Identifier: Apache-2.0 */
/* run - all parts of the contract. */
#include "contract.h"
#include "place.h"

int
main(void)
{
    place_start();
    int n_failed = run_receive() + run_claims() + run_shares() + run_commit() + run_views() +
                   run_ledger() + run_renewal() + run_grant() + run_scep() + run_ca();
    place_stop();
    return n_failed;
}
