/* SPDX-License-Identifier: Apache-2.0 */
/* other_name - GeneralName's otherName with a string in it. */
#include <string.h>

#include "internal.h"

enum { OID_TEXT_SIZE = 64 };

enum cf_rc
cf_other_name_new(const char *oid, int string_type, const char *text, GENERAL_NAME **ret_name,
                  struct cf_err *err)
{
    cf_own_ossl(GENERAL_NAME) name = GENERAL_NAME_new();
    cf_own_ossl(ASN1_OBJECT) type = OBJ_txt2obj(oid, 1);
    cf_own_ossl(ASN1_STRING) string = ASN1_STRING_type_new(string_type);
    cf_own_ossl(ASN1_TYPE) any = ASN1_TYPE_new();

    if (!name || !type || !string || !any || !ASN1_STRING_set(string, text, -1))
        return cf_fail_openssl(err, CF_E_OOM, "no memory for a name");
    ASN1_TYPE_set(any, string_type, cf_give(string));
    if (!GENERAL_NAME_set0_othername(name, type, any))
        return cf_fail_openssl(err, CF_E_OOM, "no memory for a name");
    type = NULL;
    any = NULL;
    *ret_name = cf_give(name);
    return CF_OK;
}

const ASN1_TYPE *
cf_other_name_value(const GENERAL_NAME *name, const char *oid)
{
    char text[OID_TEXT_SIZE];

    if (name->type != GEN_OTHERNAME)
        return NULL;
    int len = OBJ_obj2txt(text, sizeof text, name->d.otherName->type_id, 1);
    bool is_same = len > 0 && (size_t)len < sizeof text && strcmp(text, oid) == 0;
    return is_same ? name->d.otherName->value : NULL;
}
