/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/ca.h"

#include <stdlib.h>

void
cf_ca_answer_done(struct cf_ca_answer *answer)
{
    cf_buf_free(answer->cert);
    cf_buf_free(answer->chain);
    free(answer->cookie);
    *answer = (struct cf_ca_answer){0};
}
