/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/cloud.h"

#include <stdlib.h>

void
cf_cloud_page_done(struct cf_cloud_page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        free(page->work[i].context);
        cf_buf_free(page->work[i].body);
    }
    free(page->work);
    *page = (struct cf_cloud_page){0};
}
