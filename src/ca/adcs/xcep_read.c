/* SPDX-License-Identifier: Apache-2.0 */
/* xcep_read - the answer to GetPolicies (MS-XCEP 3.1.4.1.2.2). */
#include <stdlib.h>
#include <string.h>

#include "xcep.h"

enum {
    NAME_MAX_LEN = 256,
    OID_MAX_LEN = 128,
    URL_MAX_LEN = 2048,
    EXTENSION_MAX_LEN = 16 * 1024,
    OIDS_MAX = 4000
};

/* oIDs: elsewhere in the answer they go by a number. */
struct oids {
    struct oid {
        int64_t reference;
        char *value;
    } * oid;
    size_t n;
};

static void
oids_done(struct oids *oids)
{
    for (size_t i = 0; i < oids->n; i++)
        free(oids->oid[i].value);
    free(oids->oid);
}

static const char *
find_oid(const struct oids *oids, int64_t reference)
{
    for (size_t i = 0; i < oids->n; i++) {
        if (oids->oid[i].reference == reference)
            return oids->oid[i].value;
    }
    return NULL;
}

static enum cf_rc
get_child(const struct soap_node *parent, const char *name, const struct soap_node **ret_node,
          struct cf_err *err)
{
    if (parent)
        return soap_child(parent, SOAP_NS_POLICY, name, ret_node, err);
    *ret_node = NULL;
    return CF_OK;
}

/* A number that is not told is 0, here as in the directory. */
static enum cf_rc
get_number(const struct soap_node *parent, const char *name, int64_t max, int64_t *ret,
           struct cf_err *err)
{
    bool has = false;

    *ret = 0;
    if (!parent)
        return CF_OK;
    return soap_get_integer(parent, SOAP_NS_POLICY, name, INT32_MIN, max, &has, ret, err);
}

static enum cf_rc
get_u32(const struct soap_node *parent, const char *name, uint32_t *ret, struct cf_err *err)
{
    int64_t number = 0;

    CF_TRY(get_number(parent, name, UINT32_MAX, &number, err));
    *ret = (uint32_t)number; /* flags may come with a sign */
    return CF_OK;
}

/* Grows *list by a zeroed element. */
static enum cf_rc
grow(void **list, size_t *n, size_t size, size_t max, const char *what, struct cf_err *err)
{
    if (*n == max)
        return cf_fail(err, CF_E_PROTOCOL, "an answer with more than %zu %s", max, what);
    char *more = reallocarray(*list, *n + 1, size);
    if (!more)
        return cf_fail_oom(err);
    memset(more + *n * size, 0, size);
    *list = more;
    (*n)++;
    return CF_OK;
}

static enum cf_rc
read_oids(const struct soap_node *list, struct oids *oids, struct cf_err *err)
{
    const struct soap_node *node = list ? soap_first(list, SOAP_NS_POLICY, "oID") : NULL;

    for (; node; node = soap_next(node, SOAP_NS_POLICY, "oID")) {
        void *grown = oids->oid;
        enum cf_rc rc =
            grow(&grown, &oids->n, sizeof *oids->oid, OIDS_MAX, "object identifiers", err);
        oids->oid = grown;
        CF_TRY(rc);
        struct oid *oid = &oids->oid[oids->n - 1];
        CF_TRY(get_number(node, "oIDReferenceID", INT32_MAX, &oid->reference, err));
        CF_TRY(soap_get_text(node, SOAP_NS_POLICY, "value", OID_MAX_LEN, &oid->value, err));
    }
    return CF_OK;
}

/* What the directory writes into msPKI-RA-Application-Policies, by the key's identifier. */
static const char *
algorithm_name(const char *oid)
{
    static const struct {
        const char *oid;
        const char *name;
    } NAMES[] = {{"1.2.840.113549.1.1.1", "RSA"},
                 {"1.2.840.10045.3.1.7", "ECDH_P256"},
                 {"1.3.132.0.34", "ECDH_P384"},
                 {"1.3.132.0.35", "ECDH_P521"}};

    for (size_t i = 0; i < CF_COUNT(NAMES); i++) {
        if (strcmp(NAMES[i].oid, oid) == 0)
            return NAMES[i].name;
    }
    return oid;
}

static enum cf_rc
read_key(const struct soap_node *attributes, const struct oids *oids, struct cf_ad_template *facts,
         struct cf_err *err)
{
    const struct soap_node *key = NULL;
    const struct soap_node *algorithm = NULL;
    int64_t reference = 0;

    CF_TRY(get_child(attributes, "privateKeyAttributes", &key, err));
    CF_TRY(get_u32(key, "minimalKeyLength", &facts->min_key_bits, err));
    CF_TRY(get_child(key, "algorithmOIDReference", &algorithm, err));
    if (!algorithm)
        return CF_OK;
    CF_TRY(get_number(key, "algorithmOIDReference", INT32_MAX, &reference, err));
    const char *oid = find_oid(oids, reference);
    facts->key_algorithm = oid ? strdup(algorithm_name(oid)) : NULL;
    return oid && !facts->key_algorithm ? cf_fail_oom(err) : CF_OK;
}

static enum cf_rc
read_extension(const struct soap_node *node, const struct oids *oids, struct cf_ad_template *facts,
               struct cf_err *err)
{
    cf_own(cf_buf) value = NULL;
    struct cf_err local = {0};
    int64_t reference = 0;

    CF_TRY(get_number(node, "oIDReference", INT32_MAX, &reference, err));
    const char *oid = find_oid(oids, reference);
    bool is_usage = oid && strcmp(oid, "2.5.29.15") == 0;
    bool is_eku = oid && strcmp(oid, "2.5.29.37") == 0;
    if (!is_usage && !is_eku)
        return CF_OK;
    CF_TRY(soap_get_base64(node, SOAP_NS_POLICY, "value", EXTENSION_MAX_LEN, &value, err));
    if (!value || (is_eku && facts->eku))
        return cf_fail(err, CF_E_PROTOCOL, "an answer with an extension empty or given twice");
    enum cf_rc rc = is_usage
                        ? cf_key_usage_parse_der(cf_buf_bytes(value), &facts->key_usage, &local)
                        : cf_eku_parse_der(cf_buf_bytes(value), &facts->eku, &facts->n_eku, &local);
    if (rc == CF_E_OOM)
        return cf_fail_oom(err);
    return rc == CF_OK ? CF_OK : cf_fail(err, CF_E_PROTOCOL, "an answer: %s", local.text);
}

static enum cf_rc
read_extensions(const struct soap_node *attributes, const struct oids *oids,
                struct cf_ad_template *facts, struct cf_err *err)
{
    const struct soap_node *list = NULL;

    CF_TRY(get_child(attributes, "extensions", &list, err));
    const struct soap_node *node = list ? soap_first(list, SOAP_NS_POLICY, "extension") : NULL;
    for (; node; node = soap_next(node, SOAP_NS_POLICY, "extension"))
        CF_TRY(read_extension(node, oids, facts, err));
    return CF_OK;
}

static enum cf_rc
read_periods(const struct soap_node *attributes, struct cf_ad_template *facts, struct cf_err *err)
{
    const struct soap_node *validity = NULL;
    int64_t seconds = 0;

    CF_TRY(get_child(attributes, "certificateValidity", &validity, err));
    CF_TRY(get_number(validity, "validityPeriodSeconds", INT64_MAX / 1000, &seconds, err));
    facts->validity_ms = seconds > 0 ? (uint64_t)seconds * 1000 : 0;
    CF_TRY(get_number(validity, "renewalPeriodSeconds", INT64_MAX / 1000, &seconds, err));
    facts->overlap_ms = seconds > 0 ? (uint64_t)seconds * 1000 : 0;
    return CF_OK;
}

static enum cf_rc
read_numbers(const struct soap_node *attributes, struct cf_ad_template *facts, struct cf_err *err)
{
    const struct soap_node *revision = NULL;
    const struct soap_node *requirements = NULL;

    CF_TRY(get_u32(attributes, "policySchema", &facts->schema_version, err));
    CF_TRY(get_u32(attributes, "privateKeyFlags", &facts->private_key_flags, err));
    CF_TRY(get_u32(attributes, "subjectNameFlags", &facts->name_flags, err));
    CF_TRY(get_u32(attributes, "enrollmentFlags", &facts->enrollment_flags, err));
    CF_TRY(get_child(attributes, "revision", &revision, err));
    CF_TRY(get_u32(revision, "majorRevision", &facts->revision, err));
    CF_TRY(get_u32(revision, "minorRevision", &facts->minor_revision, err));
    CF_TRY(get_child(attributes, "rARequirements", &requirements, err));
    return get_u32(requirements, "rASignatures", &facts->ra_signatures, err);
}

static enum cf_rc
read_facts(const struct soap_node *policy, const struct soap_node *attributes,
           const struct oids *oids, struct cf_ad_template *facts, struct cf_err *err)
{
    int64_t reference = 0;

    CF_TRY(
        soap_get_text(attributes, SOAP_NS_POLICY, "commonName", NAME_MAX_LEN, &facts->name, err));
    if (!facts->name || !facts->name[0])
        return cf_fail(err, CF_E_PROTOCOL, "an answer with a template without a name");
    CF_TRY(read_numbers(attributes, facts, err));
    CF_TRY(read_periods(attributes, facts, err));
    CF_TRY(read_key(attributes, oids, facts, err));
    CF_TRY(read_extensions(attributes, oids, facts, err));
    CF_TRY(get_number(policy, "policyOIDReference", INT32_MAX, &reference, err));
    const char *oid = facts->schema_version > 1 ? find_oid(oids, reference) : NULL;
    facts->oid = oid ? strdup(oid) : NULL;
    return oid && !facts->oid ? cf_fail_oom(err) : CF_OK;
}

static enum cf_rc
read_references(const struct soap_node *policy, struct xcep_template *entry, struct cf_err *err)
{
    const struct soap_node *list = NULL;
    struct cf_err local = {0};

    CF_TRY(get_child(policy, "cAs", &list, err));
    const struct soap_node *node = list ? soap_first(list, SOAP_NS_POLICY, "cAReference") : NULL;
    for (; node; node = soap_next(node, SOAP_NS_POLICY, "cAReference")) {
        char text[16];
        void *grown = entry->cas;
        enum cf_rc rc = grow(&grown, &entry->n_cas, sizeof *entry->cas, XCEP_REFERENCES_MAX,
                             "CAs of one template", err);
        entry->cas = grown;
        CF_TRY(rc);
        CF_TRY(soap_node_words(node, text, sizeof text, err));
        if (cf_text_u64(text, 0, INT32_MAX, &entry->cas[entry->n_cas - 1], &local) != CF_OK)
            return cf_fail(err, CF_E_PROTOCOL, "an answer whose cAReference is no number");
    }
    return CF_OK;
}

static enum cf_rc
read_template(const struct soap_node *policy, const struct oids *oids, struct xcep_template *entry,
              struct cf_err *err)
{
    const struct soap_node *attributes = NULL;
    const struct soap_node *permission = NULL;

    entry->facts = calloc(1, sizeof *entry->facts);
    if (!entry->facts)
        return cf_fail_oom(err);
    CF_TRY(get_child(policy, "attributes", &attributes, err));
    if (!attributes)
        return cf_fail(err, CF_E_PROTOCOL, "an answer with a policy without attributes");
    CF_TRY(read_facts(policy, attributes, oids, entry->facts, err));
    CF_TRY(get_child(attributes, "permission", &permission, err));
    if (permission)
        CF_TRY(soap_get_bool(permission, SOAP_NS_POLICY, "enroll", &entry->may_enroll, err));
    return read_references(policy, entry, err);
}

static enum cf_rc
read_templates(const struct soap_node *response, const struct oids *oids,
               struct xcep_policies *policies, struct cf_err *err)
{
    const struct soap_node *list = NULL;

    CF_TRY(get_child(response, "policies", &list, err));
    const struct soap_node *node = list ? soap_first(list, SOAP_NS_POLICY, "policy") : NULL;
    for (; node; node = soap_next(node, SOAP_NS_POLICY, "policy")) {
        void *grown = policies->templates;
        enum cf_rc rc = grow(&grown, &policies->n_templates, sizeof *policies->templates,
                             CF_ENROLLMENT_TEMPLATES_MAX, "templates", err);
        policies->templates = grown;
        CF_TRY(rc);
        CF_TRY(read_template(node, oids, &policies->templates[policies->n_templates - 1], err));
    }
    return CF_OK;
}

static enum cf_rc
read_urls(const struct soap_node *node, struct xcep_ca *ca, struct cf_err *err)
{
    const struct soap_node *list = NULL;

    CF_TRY(get_child(node, "uris", &list, err));
    const struct soap_node *uri = list ? soap_first(list, SOAP_NS_POLICY, "cAURI") : NULL;
    for (; uri; uri = soap_next(uri, SOAP_NS_POLICY, "cAURI")) {
        void *grown = ca->urls;
        uint32_t auth = 0;
        enum cf_rc rc = grow(&grown, &ca->n_urls, sizeof *ca->urls, CF_ENROLLMENT_URLS_MAX,
                             "URLs of one CA", err);
        ca->urls = grown;
        CF_TRY(rc);
        struct cf_ces_url *url = &ca->urls[ca->n_urls - 1];
        CF_TRY(get_u32(uri, "clientAuthentication", &auth, err));
        url->auth = (enum cf_ces_auth)auth;
        CF_TRY(get_u32(uri, "priority", &url->priority, err));
        CF_TRY(soap_get_bool(uri, SOAP_NS_POLICY, "renewalOnly", &url->renewal_only, err));
        CF_TRY(soap_get_text(uri, SOAP_NS_POLICY, "uri", URL_MAX_LEN, &url->url, err));
    }
    return CF_OK;
}

static enum cf_rc
read_cas(const struct soap_node *list, struct xcep_policies *policies, struct cf_err *err)
{
    const struct soap_node *node = list ? soap_first(list, SOAP_NS_POLICY, "cA") : NULL;

    for (; node; node = soap_next(node, SOAP_NS_POLICY, "cA")) {
        void *grown = policies->cas;
        int64_t reference = 0;
        enum cf_rc rc =
            grow(&grown, &policies->n_cas, sizeof *policies->cas, XCEP_REFERENCES_MAX, "CAs", err);
        policies->cas = grown;
        CF_TRY(rc);
        struct xcep_ca *ca = &policies->cas[policies->n_cas - 1];
        CF_TRY(get_number(node, "cAReferenceID", INT32_MAX, &reference, err));
        ca->reference = (uint64_t)reference;
        CF_TRY(soap_get_bool(node, SOAP_NS_POLICY, "enrollPermission", &ca->may_enroll, err));
        CF_TRY(
            soap_get_base64(node, SOAP_NS_POLICY, "certificate", CF_CERT_DER_MAX, &ca->cert, err));
        CF_TRY(read_urls(node, ca, err));
    }
    return CF_OK;
}

static enum cf_rc
read_all(const struct soap_node *body, struct oids *oids, struct xcep_policies *policies,
         struct cf_err *err)
{
    const struct soap_node *response = NULL;
    const struct soap_node *list = NULL;

    if (!soap_is(body, SOAP_NS_POLICY, "GetPoliciesResponse"))
        return cf_fail(err, CF_E_PROTOCOL, "an answer that is no GetPoliciesResponse");
    CF_TRY(get_child(body, "oIDs", &list, err));
    CF_TRY(read_oids(list, oids, err));
    CF_TRY(get_child(body, "cAs", &list, err));
    CF_TRY(read_cas(list, policies, err));
    CF_TRY(get_child(body, "response", &response, err));
    return read_templates(response, oids, policies, err);
}

enum cf_rc
xcep_read(struct cf_bytes answer, const char *message_id, struct xcep_policies *ret_policies,
          struct cf_err *err)
{
    __attribute__((cleanup(soap_reply_done))) struct soap_reply soap = {0};
    __attribute__((cleanup(oids_done))) struct oids oids = {0};
    struct xcep_policies policies = {0};

    CF_TRY(soap_read(answer, message_id, XCEP_ACTION "Response", &soap, err));
    if (soap.is_fault)
        return soap_fault_fail(&soap.fault, err);
    enum cf_rc rc = read_all(soap.body, &oids, &policies, err);
    if (rc == CF_OK)
        *ret_policies = policies;
    else
        xcep_policies_done(&policies);
    return rc;
}
