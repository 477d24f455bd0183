/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes over the control socket gets one line of JSON, and leaves no claim behind. */
#include <stdlib.h>
#include <string.h>

#include "certferry/ctl.h"
#include "certferry/log.h"
#include "unit/daemon/daemon_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* There under LeakSanitizer only, which cannot see what the secure heap points to. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

static struct daemon_kit kit;

static void
close_kit(void)
{
    daemon_kit_close(&kit);
}

static void
drop(void *arg, enum cf_event event, int priority, const char *message,
     const struct cf_log_fields *fields)
{
    (void)arg;
    (void)event;
    (void)priority;
    (void)message;
    (void)fields;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_open;
    cf_own(cf_json) document = NULL;
    cf_own(cf_item) item = NULL;

    if (!is_open) {
        cf_log_set_sink(drop, NULL);
        if (__lsan_disable)
            __lsan_disable();
        daemon_kit_open(&kit);
        if (__lsan_enable)
            __lsan_enable();
        atexit(close_kit);
        daemon_kit_receive(&kit, "r1");
        is_open = true;
    }
    cf_own_str answer = daemon_kit_ask(&kit, data, size);
    size_t len = strlen(answer);
    if (len == 0 || strchr(answer, '\n') != answer + len - 1 ||
        cf_json_parse(cf_bytes_of(answer, len - 1), CF_CTL_ANSWER_MAX, &document, NULL) != CF_OK)
        abort();
    if (kit.daemon.store->ops->get(kit.daemon.store, CF_KIND_PKCS, "r1", &item, NULL) != CF_OK ||
        item->claimed_until_ms > 0)
        abort();
    return 0;
}
