/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes over the SCEP socket gets one line of JSON; what is held has an item and a
 * context. */
#include <stdlib.h>
#include <string.h>

#include "certferry/log.h"
#include "certferry/scep.h"
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

static char *
copy(const char *text)
{
    char *made = strdup(text);

    if (!made)
        abort();
    return made;
}

static void
add_profile(struct cf_settings *settings)
{
    struct cf_scep_profile_settings *profile = calloc(1, sizeof *profile);

    if (!profile)
        abort();
    profile->name = copy("p");
    profile->ca = copy("corp");
    profile->template_name = copy("user");
    profile->types = CF_TYPES_USER;
    profile->challenge = CF_SCEP_ONE_TIME;
    profile->get_cert = true;
    profile->get_crl = true;
    free(settings->scep_profiles);
    settings->scep_profiles = calloc(1, sizeof(void *));
    if (!settings->scep_profiles)
        abort();
    settings->scep_profiles[0] = profile;
    settings->n_scep_profiles = 1;
    settings->scep.is_on = true;
    free(settings->scep.ra_sign_template);
    free(settings->scep.ra_encryption_template);
    free(settings->scep.ra_subject);
    settings->scep.ra_sign_template = copy("user");
    settings->scep.ra_encryption_template = copy("user");
    settings->scep.ra_subject = copy("CN=RA");
}

static void
open_kit(void)
{
    static bool is_open;

    if (is_open)
        return;
    cf_log_set_sink(drop, NULL);
    if (__lsan_disable)
        __lsan_disable();
    daemon_kit_open(&kit);
    if (!kit.site->store_key &&
        cf_secret_copy("0123456789abcdef0123456789abcdef", 32, &kit.site->store_key, NULL) != CF_OK)
        abort();
    if (__lsan_enable)
        __lsan_enable();
    add_profile(kit.site->settings);
    atexit(close_kit);
    is_open = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_buf) answer = NULL;
    cf_own(cf_json) document = NULL;
    struct cf_command_hold hold = {0};

    open_kit();
    if (cf_command_answer(&kit.daemon, &cf_scep_commands, cf_bytes_of(data, size), "fuzz", &hold,
                          &answer, NULL) != CF_OK)
        abort();
    const char *text = cf_buf_str(answer);
    size_t len = cf_buf_len(answer);
    if (len == 0 || strchr(text, '\n') != text + len - 1 ||
        cf_json_parse(cf_bytes_of(text, len - 1), CF_SCEP_LINE_MAX, &document, NULL) != CF_OK)
        abort();
    if ((hold.item_id != 0 && hold.context[0] == '\0') || hold.wait_ms > CF_SCEP_WAIT_MAX_S * 1000)
        abort();
    return 0;
}
