/* SPDX-License-Identifier: Apache-2.0 */
/* der - the cursor. */
#include "der.h"

#include <string.h>

#include <openssl/objects.h>

struct head {
    int class;
    int tag;
    const uint8_t *content;
    size_t len;
};

static bool
look(const struct cf_der *der, struct head *ret)
{
    const unsigned char *at = der->at;
    long len = 0;

    if (at >= der->end)
        return false;
    /* 1: indefinite length, 0x80: an error; 0x20: made of other elements. */
    int form = ASN1_get_object(&at, &len, &ret->tag, &ret->class, (long)(der->end - at));
    if (form & 0x81 || len > der->end - at)
        return false;
    ret->content = at;
    ret->len = (size_t)len;
    return true;
}

bool
cf_der_is_next(const struct cf_der *der, int class, int tag)
{
    struct head head;

    return look(der, &head) && head.class == class && head.tag == tag;
}

bool
cf_der_take(struct cf_der *der, int class, int tag, struct cf_der *ret_content)
{
    struct head head;

    if (!look(der, &head) || head.class != class || head.tag != tag)
        return false;
    *ret_content = (struct cf_der){.at = head.content, .end = head.content + head.len};
    der->at = ret_content->end;
    return true;
}

bool
cf_der_take_any(struct cf_der *der, struct cf_bytes *ret_element)
{
    struct head head;

    if (!look(der, &head))
        return false;
    const uint8_t *end = head.content + head.len;
    *ret_element = cf_bytes_of(der->at, (size_t)(end - der->at));
    der->at = end;
    return true;
}

bool
cf_der_take_whole(struct cf_der *der, int class, int tag, struct cf_bytes *ret_element)
{
    return cf_der_is_next(der, class, tag) && cf_der_take_any(der, ret_element);
}

bool
cf_der_take_exactly(struct cf_der *der, int tag, const void *value, size_t len)
{
    struct cf_der content;

    return cf_der_take(der, V_ASN1_UNIVERSAL, tag, &content) &&
           cf_bytes_equal(cf_der_rest(content), cf_bytes_of(value, len));
}

bool
cf_der_take_nid(struct cf_der *der, int *ret_nid)
{
    struct cf_bytes element;

    if (!cf_der_take_whole(der, V_ASN1_UNIVERSAL, V_ASN1_OBJECT, &element))
        return false;
    const unsigned char *at = element.data;
    ASN1_OBJECT *object = d2i_ASN1_OBJECT(NULL, &at, (long)element.len);
    if (!object)
        return false;
    *ret_nid = OBJ_obj2nid(object);
    ASN1_OBJECT_free(object);
    return true;
}

bool
cf_der_take_algorithm(struct cf_der *der, int *ret_nid, struct cf_der *ret_params)
{
    return cf_der_take(der, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, ret_params) &&
           cf_der_take_nid(ret_params, ret_nid);
}

/* Octets of the length field. */
static size_t
length_size(size_t len)
{
    size_t n = 1;

    if (len < 0x80)
        return n;
    for (; len > 0; len >>= 8)
        n++;
    return n;
}

size_t
cf_der_size(size_t len)
{
    return 1 + length_size(len) + len;
}

enum cf_rc
cf_der_append_head(struct cf_buf *buf, uint8_t tag, size_t len, struct cf_err *err)
{
    uint8_t head[2 + sizeof len] = {tag, (uint8_t)len};
    size_t n = length_size(len);

    if (n > 1) {
        head[1] = (uint8_t)(0x80 | (n - 1));
        for (size_t i = 1; i < n; i++)
            head[1 + i] = (uint8_t)(len >> (8 * (n - 1 - i)));
    }
    return cf_buf_append(buf, head, 1 + n, err);
}
