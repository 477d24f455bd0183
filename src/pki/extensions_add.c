/* SPDX-License-Identifier: Apache-2.0 */
/* extensions_add - making extensions. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "certferry/sid.h"
#include "certferry/text.h"
#include "internal.h"
#include "oids.h"

enum { TEMPLATE_NAME_MAX = 128 };

static enum cf_rc
add(STACK_OF(X509_EXTENSION) * *stack, X509_EXTENSION *take_extension, struct cf_err *err)
{
    cf_own_ossl(X509_EXTENSION) extension = take_extension;

    if (!extension)
        return cf_fail_openssl(err, CF_E_ENCODING, "an extension cannot be encoded");
    if (!*stack)
        *stack = sk_X509_EXTENSION_new_null();
    if (!*stack || !sk_X509_EXTENSION_push(*stack, extension))
        return cf_fail_oom(err);
    extension = NULL;
    return CF_OK;
}

/* An extension whose content is DER that we have. */
static enum cf_rc
add_der(STACK_OF(X509_EXTENSION) * *stack, const char *oid, bool critical, struct cf_buf *der,
        struct cf_err *err)
{
    struct cf_bytes bytes = cf_buf_bytes(der);
    cf_own_ossl(ASN1_OBJECT) object = OBJ_txt2obj(oid, 1);
    cf_own_ossl(ASN1_OCTET_STRING) content = ASN1_OCTET_STRING_new();

    if (!object || !content || !ASN1_OCTET_STRING_set(content, bytes.data, (int)bytes.len))
        return cf_fail_oom(err);
    return add(stack, X509_EXTENSION_create_by_OBJ(NULL, object, critical, content), err);
}

enum cf_rc
cf_extensions_add_key_usage(STACK_OF(X509_EXTENSION) * *stack, unsigned bits, struct cf_err *err)
{
    cf_own_ossl(ASN1_STRING) string = ASN1_BIT_STRING_new();

    if (!string)
        return cf_fail_oom(err);
    ERR_clear_error();
    for (int bit = 0; bit < 9; bit++) {
        if ((bits & 1U << bit) && !ASN1_BIT_STRING_set_bit(string, bit, 1))
            return cf_fail_oom(err);
    }
    return add(stack, X509V3_EXT_i2d(NID_key_usage, 1, string), err);
}

static void
usages_freep(EXTENDED_KEY_USAGE **usages)
{
    EXTENDED_KEY_USAGE_free(*usages);
}

enum cf_rc
cf_extensions_add_eku(STACK_OF(X509_EXTENSION) * *stack, const char *const *eku, size_t n_eku,
                      struct cf_err *err)
{
    __attribute__((cleanup(usages_freep))) EXTENDED_KEY_USAGE *usages = EXTENDED_KEY_USAGE_new();

    if (!usages)
        return cf_fail_oom(err);
    if (n_eku > CF_EKU_MAX)
        return cf_fail(err, CF_E_LIMIT, "%zu extended key usages; at most %d are possible", n_eku,
                       CF_EKU_MAX);
    ERR_clear_error();
    for (size_t i = 0; i < n_eku; i++) {
        cf_own_ossl(ASN1_OBJECT) object = cf_object_of_oid(eku[i]);
        if (!object)
            return cf_fail_openssl(err, CF_E_RANGE,
                                   "extended key usage \"%.64s\" is no dotted object identifier",
                                   eku[i]);
        if (!sk_ASN1_OBJECT_push(usages, object))
            return cf_fail_oom(err);
        object = NULL;
    }
    return add(stack, X509V3_EXT_i2d(NID_ext_key_usage, 0, usages), err);
}

enum cf_rc
cf_extensions_add_san(STACK_OF(X509_EXTENSION) * *stack, const struct cf_san *san, bool critical,
                      struct cf_err *err)
{
    cf_own(cf_buf) der = NULL;

    CF_TRY(cf_san_der(san, &der, err));
    return add_der(stack, CF_OID_SAN, critical, der, err);
}

enum cf_rc
cf_extensions_add_template(STACK_OF(X509_EXTENSION) * *stack, const char *template_name,
                           struct cf_err *err)
{
    size_t name_len = strlen(template_name);
    cf_own_ossl(ASN1_STRING) string = NULL;
    unsigned char *data = NULL;
    cf_own(cf_buf) der = NULL;

    if (name_len == 0 || name_len > TEMPLATE_NAME_MAX ||
        !cf_text_is_printable(template_name, name_len))
        return cf_fail(err, CF_E_RANGE,
                       "template name \"%.64s\": 1 to %d bytes of text without control characters "
                       "are expected",
                       template_name, TEMPLATE_NAME_MAX);
    ERR_clear_error();
    /* BMPString, as Windows writes it. */
    if (ASN1_mbstring_copy(&string, (const unsigned char *)template_name, (int)name_len,
                           MBSTRING_UTF8, B_ASN1_BMPSTRING) < 0)
        return cf_fail_openssl(err, CF_E_RANGE, "template name \"%.64s\" does not fit a BMPString",
                               template_name);
    int len = i2d_ASN1_BMPSTRING(string, &data);
    CF_TRY(cf_buf_from_ossl(data, len, &der, err));
    return add_der(stack, CF_OID_TEMPLATE_NAME, false, der, err);
}

enum cf_rc
cf_extensions_add_template_oid(STACK_OF(X509_EXTENSION) * *stack, const char *template_oid,
                               struct cf_err *err)
{
    cf_own(cf_buf) der = NULL;
    unsigned char *data = NULL;

    ERR_clear_error();
    cf_own_ossl(ASN1_OBJECT) object = cf_object_of_oid(template_oid);
    if (!object)
        return cf_fail_openssl(err, CF_E_RANGE,
                               "template identifier \"%.64s\" is no dotted object identifier",
                               template_oid);
    cf_own_ossl(ASN1_TYPE) field = ASN1_TYPE_new();
    STACK_OF(ASN1_TYPE) *fields = sk_ASN1_TYPE_new_null();
    if (!field || !fields || sk_ASN1_TYPE_push(fields, field) <= 0) {
        sk_ASN1_TYPE_free(fields);
        return cf_fail_oom(err);
    }
    ASN1_TYPE_set(field, V_ASN1_OBJECT, cf_give(object));
    int len = i2d_ASN1_SEQUENCE_ANY(fields, &data);
    sk_ASN1_TYPE_free(fields);
    CF_TRY(cf_buf_from_ossl(data, len, &der, err));
    return add_der(stack, CF_OID_TEMPLATE, false, der, err);
}

enum cf_rc
cf_extensions_add_sid(STACK_OF(X509_EXTENSION) * *stack, const char *sid, struct cf_err *err)
{
    cf_own(cf_buf) der = NULL;

    CF_TRY(cf_sid_der(sid, &der, err));
    return add_der(stack, CF_OID_SECURITY_IDENTIFIER, false, der, err);
}
