/* SPDX-License-Identifier: Apache-2.0 */
/* postgres - what only a database server can do to a store. */
#pragma once

int run_nodes(void);
int run_faults(void);
int run_access(void);
