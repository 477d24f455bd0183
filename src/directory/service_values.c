/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "certferry/cert.h"
#include "certferry/text.h"

#include "account.h"
#include "template_values.h"
#include "values.h"

static enum cf_rc
add_template_name(struct cf_enrollment_service *service, struct cf_bytes value, struct cf_err *err)
{
    char **more = realloc(service->templates, (service->n_templates + 1) * sizeof *more);

    if (!more)
        return cf_fail_oom(err);
    service->templates = more;
    more[service->n_templates] = NULL;
    CF_TRY(cf_value_text("certificateTemplates", value, CF_PKI_NAME_MAX,
                         &more[service->n_templates], err));
    service->n_templates += more[service->n_templates] != NULL;
    return CF_OK;
}

static enum cf_rc
take_templates(struct cf_enrollment_service *service, const struct cf_bytes *values, size_t n,
               struct cf_err *err)
{
    if (n > CF_ENROLLMENT_TEMPLATES_MAX)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory's certificateTemplates has %zu values, more than %d", n,
                       CF_ENROLLMENT_TEMPLATES_MAX);
    for (size_t i = 0; i < n; i++)
        CF_TRY(add_template_name(service, values[i], err));
    return CF_OK;
}

/* One line, without its end; an empty view after the last. */
static struct cf_bytes
next_line(struct cf_bytes *rest)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    struct cf_bytes line = cf_bytes_of(rest->data, len);

    len += end != NULL;
    *rest = cf_bytes_of(rest->data + len, rest->len - len);
    return line;
}

static bool
is_auth(unsigned number)
{
    return number == CF_CES_ANONYMOUS || number == CF_CES_KERBEROS || number == CF_CES_PASSWORD ||
           number == CF_CES_CERTIFICATE;
}

/* PRIORITY, AUTHENTICATION, RENEWAL ONLY, URL and, from Windows Server 2012 on, KEY-BASED RENEWAL:
 * a line each. */
static enum cf_rc
read_url(struct cf_bytes value, struct cf_ces_url *ret_url, struct cf_err *err)
{
    static const char ATTRIBUTE[] = "msPKI-Enrollment-Servers";
    struct cf_bytes rest = value;
    unsigned number = 0;
    unsigned ignored = 0;

    CF_TRY(cf_value_count(ATTRIBUTE, next_line(&rest), INT32_MAX, &ret_url->priority, err));
    CF_TRY(cf_value_count(ATTRIBUTE, next_line(&rest), CF_CES_CERTIFICATE, &number, err));
    if (!is_auth(number))
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory's %s has the authentication %u, not 1, 2, "
                       "4 or 8",
                       ATTRIBUTE, number);
    ret_url->auth = (enum cf_ces_auth)number;
    CF_TRY(cf_value_count(ATTRIBUTE, next_line(&rest), 1, &number, err));
    ret_url->renewal_only = number == 1;
    CF_TRY(cf_value_text(ATTRIBUTE, next_line(&rest), CF_PKI_URL_MAX, &ret_url->url, err));
    if (!cf_text_starts_with(ret_url->url ? ret_url->url : "", "https://"))
        return cf_fail(err, CF_E_PROTOCOL, "the directory's %s has a URL without https", ATTRIBUTE);
    if (rest.len > 0)
        CF_TRY(cf_value_count(ATTRIBUTE, next_line(&rest), 1, &ignored, err));
    if (rest.len > 0)
        return cf_fail(err, CF_E_PROTOCOL, "the directory's %s has more than 5 lines", ATTRIBUTE);
    return CF_OK;
}

static enum cf_rc
take_urls(struct cf_enrollment_service *service, const struct cf_bytes *values, size_t n,
          struct cf_err *err)
{
    if (n > CF_ENROLLMENT_URLS_MAX)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory's msPKI-Enrollment-Servers has %zu values, more than %d", n,
                       CF_ENROLLMENT_URLS_MAX);
    if (service->urls)
        return cf_fail(err, CF_E_BUG, "msPKI-Enrollment-Servers was read twice");
    service->urls = calloc(n, sizeof *service->urls);
    if (!service->urls)
        return cf_fail_oom(err);
    /* One that makes no sense is none: the CA answers by RPC and at the others. */
    for (size_t i = 0; i < n; i++) {
        struct cf_ces_url url = {0};
        enum cf_rc rc = read_url(values[i], &url, err);
        if (rc == CF_OK) {
            service->urls[service->n_urls++] = url;
            continue;
        }
        free(url.url);
        if (rc != CF_E_PROTOCOL)
            return rc;
    }
    return CF_OK;
}

enum cf_rc
cf_certs_take(struct cf_der_list *certs, const struct cf_bytes *values, size_t n,
              struct cf_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (values[i].len <= 1)
            continue;
        if (values[i].len > CF_CERT_DER_MAX)
            return cf_fail(err, CF_E_PROTOCOL,
                           "the directory's cACertificate has %zu bytes, more than %d",
                           values[i].len, CF_CERT_DER_MAX);
        if (certs->n == CF_ENROLLMENT_CERTS_MAX)
            return cf_fail(err, CF_E_PROTOCOL,
                           "the directory has more than the %d CA certificates that are taken",
                           CF_ENROLLMENT_CERTS_MAX);
        CF_TRY(cf_der_list_add(certs, values[i], err));
    }
    return CF_OK;
}

enum cf_rc
cf_service_take(struct cf_enrollment_service *service, const char *attribute,
                const struct cf_bytes *values, size_t n, struct cf_err *err)
{
    const struct {
        const char *name;
        char **field;
        size_t max_len;
    } texts[] = {
        {"cn", &service->name, CF_PKI_NAME_MAX},
        {"displayName", &service->display_name, CF_PKI_NAME_MAX},
        {"dNSHostName", &service->host, CF_PKI_NAME_MAX},
        {"distinguishedName", &service->dn, CF_ACCOUNT_DN_MAX},
    };

    if (n == 0)
        return CF_OK;
    if (cf_text_equal_nocase(attribute, "certificateTemplates"))
        return take_templates(service, values, n, err);
    if (cf_text_equal_nocase(attribute, "cACertificate"))
        return cf_certs_take(&service->certs, values, n, err);
    if (cf_text_equal_nocase(attribute, "msPKI-Enrollment-Servers"))
        return take_urls(service, values, n, err);
    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        if (!cf_text_equal_nocase(attribute, texts[i].name))
            continue;
        if (n > 1)
            return cf_fail(err, CF_E_PROTOCOL, "the directory has %zu values of %s, not one", n,
                           texts[i].name);
        return cf_value_text(texts[i].name, values[0], texts[i].max_len, texts[i].field, err);
    }
    return CF_OK;
}
