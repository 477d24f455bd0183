/* SPDX-License-Identifier: Apache-2.0 */
/* extensions - reading the extensions that requests and certificates have in common. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "certferry/cert.h"
#include "certferry/sid.h"
#include "internal.h"
#include "oids.h"

enum { TEMPLATE_NAME_MAX = 1024, KEY_USAGE_BITS = 9 };

/* The content of the extension with this OID; NULL when it is absent. */
static enum cf_rc
find(const STACK_OF(X509_EXTENSION) * stack, const char *oid, const char *name,
     const ASN1_OCTET_STRING **ret_content, struct cf_err *err)
{
    cf_own_ossl(ASN1_OBJECT) object = OBJ_txt2obj(oid, 1);
    if (!object)
        return cf_fail_oom(err);

    int at = X509v3_get_ext_by_OBJ(stack, object, -1);
    if (at >= 0 && X509v3_get_ext_by_OBJ(stack, object, at) >= 0)
        return cf_fail(err, CF_E_ENCODING, "%s extension present twice", name);
    *ret_content = at >= 0 ? X509_EXTENSION_get_data(X509v3_get_ext(stack, at)) : NULL;
    return CF_OK;
}

/* The decoded content; the caller frees it as an item of the same type. */
static enum cf_rc
decode(struct cf_bytes content, const ASN1_ITEM *item, const char *name, ASN1_VALUE **ret_value,
       struct cf_err *err)
{
    const unsigned char *at = content.data;

    ERR_clear_error();
    ASN1_VALUE *value = content.len > 0 && content.len <= CF_CERT_DER_MAX
                            ? ASN1_item_d2i(NULL, &at, (long)content.len, item)
                            : NULL;
    if (!value || at != content.data + content.len) {
        ASN1_item_free(value, item);
        return cf_fail_openssl(err, CF_E_ENCODING, "%s extension cannot be decoded", name);
    }
    *ret_value = value;
    return CF_OK;
}

static struct cf_bytes
bytes_of(const ASN1_OCTET_STRING *content)
{
    return cf_bytes_of(ASN1_STRING_get0_data(content), (size_t)ASN1_STRING_length(content));
}

enum cf_rc
cf_key_usage_parse_der(struct cf_bytes der, unsigned *ret_key_usage, struct cf_err *err)
{
    ASN1_VALUE *value = NULL;
    unsigned key_usage = 0;

    CF_TRY(decode(der, ASN1_ITEM_rptr(ASN1_BIT_STRING), "key usage", &value, err));
    for (int bit = 0; bit < KEY_USAGE_BITS; bit++) {
        if (ASN1_BIT_STRING_get_bit((ASN1_BIT_STRING *)value, bit))
            key_usage |= 1U << bit;
    }
    ASN1_item_free(value, ASN1_ITEM_rptr(ASN1_BIT_STRING));
    *ret_key_usage = key_usage;
    return CF_OK;
}

static enum cf_rc
read_key_usage(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *out,
               struct cf_err *err)
{
    const ASN1_OCTET_STRING *content = NULL;

    CF_TRY(find(stack, CF_OID_KEY_USAGE, "key usage", &content, err));
    if (!content)
        return CF_OK;
    out->has_key_usage = true;
    return cf_key_usage_parse_der(bytes_of(content), &out->key_usage, err);
}

static enum cf_rc
copy_oid(const ASN1_OBJECT *object, const char *name, char **ret_oid, struct cf_err *err)
{
    char oid[128];

    int len = OBJ_obj2txt(oid, sizeof oid, object, 1);
    if (len <= 0 || (size_t)len >= sizeof oid)
        return cf_fail_openssl(err, CF_E_ENCODING,
                               "%s extension with an identifier that is too long", name);
    *ret_oid = strdup(oid);
    return *ret_oid ? CF_OK : cf_fail_oom(err);
}

static enum cf_rc
add_oid(char ***list, size_t *n, const ASN1_OBJECT *object, const char *name, struct cf_err *err)
{
    if (*n >= CF_EKU_MAX)
        return cf_fail(err, CF_E_LIMIT, "%s extension with more than %d entries", name, CF_EKU_MAX);
    char **grown = reallocarray(*list, *n + 1, sizeof *grown);
    if (!grown)
        return cf_fail_oom(err);
    *list = grown;
    CF_TRY(copy_oid(object, name, &grown[*n], err));
    (*n)++;
    return CF_OK;
}

enum cf_rc
cf_eku_parse_der(struct cf_bytes der, char ***ret_eku, size_t *ret_n_eku, struct cf_err *err)
{
    static const char NAME[] = "extended key usage";
    ASN1_VALUE *value = NULL;
    enum cf_rc rc = CF_OK;
    char **eku = NULL;
    size_t n_eku = 0;

    CF_TRY(decode(der, ASN1_ITEM_rptr(EXTENDED_KEY_USAGE), NAME, &value, err));
    EXTENDED_KEY_USAGE *usages = (EXTENDED_KEY_USAGE *)value;
    for (int i = 0; rc == CF_OK && i < sk_ASN1_OBJECT_num(usages); i++)
        rc = add_oid(&eku, &n_eku, sk_ASN1_OBJECT_value(usages, i), NAME, err);
    ASN1_item_free(value, ASN1_ITEM_rptr(EXTENDED_KEY_USAGE));
    if (rc != CF_OK) {
        while (n_eku > 0)
            free(eku[--n_eku]);
        free(eku);
        return rc;
    }
    *ret_eku = eku;
    *ret_n_eku = n_eku;
    return CF_OK;
}

static enum cf_rc
read_eku(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *out, struct cf_err *err)
{
    const ASN1_OCTET_STRING *content = NULL;

    CF_TRY(find(stack, CF_OID_EKU, "extended key usage", &content, err));
    if (!content)
        return CF_OK;
    return cf_eku_parse_der(bytes_of(content), &out->eku, &out->n_eku, err);
}

static enum cf_rc
read_basic_constraints(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *out,
                       struct cf_err *err)
{
    const ASN1_OCTET_STRING *content = NULL;
    ASN1_VALUE *value = NULL;

    CF_TRY(find(stack, CF_OID_BASIC_CONSTRAINTS, "basic constraints", &content, err));
    if (!content)
        return CF_OK;
    CF_TRY(decode(bytes_of(content), ASN1_ITEM_rptr(BASIC_CONSTRAINTS), "basic constraints", &value,
                  err));
    out->has_basic_constraints = true;
    out->is_ca = ((BASIC_CONSTRAINTS *)value)->ca != 0;
    ASN1_item_free(value, ASN1_ITEM_rptr(BASIC_CONSTRAINTS));
    return CF_OK;
}

static enum cf_rc
read_template(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *out, struct cf_err *err)
{
    const ASN1_OCTET_STRING *content = NULL;
    ASN1_VALUE *value = NULL;

    CF_TRY(find(stack, CF_OID_TEMPLATE_NAME, "template name", &content, err));
    if (!content)
        return CF_OK;
    CF_TRY(decode(bytes_of(content), ASN1_ITEM_rptr(ASN1_PRINTABLE), "template name", &value, err));
    enum cf_rc rc =
        cf_utf8_from_asn1((const ASN1_STRING *)value, TEMPLATE_NAME_MAX, &out->template_name, err);
    ASN1_item_free(value, ASN1_ITEM_rptr(ASN1_PRINTABLE));
    if (rc != CF_OK)
        (void)cf_err_prefix(err, "template name extension");
    return rc;
}

/* MS-WCCE section 2.2.2.7.7.2: the identifier, then two optional version numbers. */
static bool
is_template(STACK_OF(ASN1_TYPE) * fields)
{
    int n = sk_ASN1_TYPE_num(fields);

    for (int i = 1; i < n; i++) {
        if (ASN1_TYPE_get(sk_ASN1_TYPE_value(fields, i)) != V_ASN1_INTEGER)
            return false;
    }
    return n >= 1 && n <= 3 && ASN1_TYPE_get(sk_ASN1_TYPE_value(fields, 0)) == V_ASN1_OBJECT;
}

static enum cf_rc
read_template_oid(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *out,
                  struct cf_err *err)
{
    static const char NAME[] = "certificate template";
    const ASN1_OCTET_STRING *content = NULL;
    ASN1_VALUE *value = NULL;
    enum cf_rc rc;

    CF_TRY(find(stack, CF_OID_TEMPLATE, NAME, &content, err));
    if (!content)
        return CF_OK;
    CF_TRY(decode(bytes_of(content), ASN1_ITEM_rptr(ASN1_SEQUENCE_ANY), NAME, &value, err));
    STACK_OF(ASN1_TYPE) *fields = (STACK_OF(ASN1_TYPE) *)value;
    if (is_template(fields))
        rc = copy_oid(sk_ASN1_TYPE_value(fields, 0)->value.object, NAME, &out->template_oid, err);
    else
        rc = cf_fail(err, CF_E_ENCODING,
                     "%s extension that is no identifier with two version numbers", NAME);
    ASN1_item_free(value, ASN1_ITEM_rptr(ASN1_SEQUENCE_ANY));
    return rc;
}

/* Windows takes these for the usages when both are there, so they are as good as usages. */
static enum cf_rc
read_application_policies(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *out,
                          struct cf_err *err)
{
    static const char NAME[] = "application policies";
    const ASN1_OCTET_STRING *content = NULL;
    ASN1_VALUE *value = NULL;
    enum cf_rc rc = CF_OK;

    CF_TRY(find(stack, CF_OID_APPLICATION_POLICIES, NAME, &content, err));
    if (!content)
        return CF_OK;
    CF_TRY(decode(bytes_of(content), ASN1_ITEM_rptr(CERTIFICATEPOLICIES), NAME, &value, err));
    CERTIFICATEPOLICIES *policies = (CERTIFICATEPOLICIES *)value;
    for (int i = 0; rc == CF_OK && i < sk_POLICYINFO_num(policies); i++)
        rc = add_oid(&out->application_policy, &out->n_application_policy,
                     sk_POLICYINFO_value(policies, i)->policyid, NAME, err);
    ASN1_item_free(value, ASN1_ITEM_rptr(CERTIFICATEPOLICIES));
    return rc;
}

/* A directory takes it for the account that logs on, whatever the names say. */
static enum cf_rc
read_security_identifier(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *out,
                         struct cf_err *err)
{
    const ASN1_OCTET_STRING *content = NULL;

    CF_TRY(find(stack, CF_OID_SECURITY_IDENTIFIER, "security identifier", &content, err));
    if (!content)
        return CF_OK;
    return cf_sid_parse_der(bytes_of(content), &out->sid, err);
}

static enum cf_rc
read_san(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *out, struct cf_err *err)
{
    const ASN1_OCTET_STRING *content = NULL;

    CF_TRY(find(stack, CF_OID_SAN, "subject alternative name", &content, err));
    if (content)
        return cf_san_parse_der(bytes_of(content), &out->san, &out->n_other_san, err);
    out->san = cf_san_new();
    return out->san ? CF_OK : cf_fail_oom(err);
}

static enum cf_rc
read_all(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *out, struct cf_err *err)
{
    CF_TRY(read_san(stack, out, err));
    CF_TRY(read_key_usage(stack, out, err));
    CF_TRY(read_eku(stack, out, err));
    CF_TRY(read_basic_constraints(stack, out, err));
    CF_TRY(read_application_policies(stack, out, err));
    CF_TRY(read_security_identifier(stack, out, err));
    CF_TRY(read_template_oid(stack, out, err));
    return read_template(stack, out, err);
}

enum cf_rc
cf_extensions_read(const STACK_OF(X509_EXTENSION) * stack, struct cf_extensions *ret_extensions,
                   struct cf_err *err)
{
    struct cf_extensions out = {0};

    enum cf_rc rc = read_all(stack, &out, err);
    if (rc == CF_OK)
        *ret_extensions = out;
    else
        cf_extensions_done(&out);
    return rc;
}

void
cf_extensions_done(struct cf_extensions *extensions)
{
    extensions->san = cf_san_free(extensions->san);
    for (size_t i = 0; i < extensions->n_eku; i++)
        free(extensions->eku[i]);
    free(extensions->eku);
    for (size_t i = 0; i < extensions->n_application_policy; i++)
        free(extensions->application_policy[i]);
    free(extensions->application_policy);
    free(extensions->template_name);
    free(extensions->template_oid);
    free(extensions->sid);
    *extensions = (struct cf_extensions){0};
}
