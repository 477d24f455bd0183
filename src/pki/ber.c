/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ber - indefinite lengths and strings in pieces, which streaming clients write, taken out before
 * anything else reads a message.
 *
 * An element is written behind its original head; when its content turned out to be another, the
 * head is made anew and the content moved. So bytes that were DER are never written differently.
 */
#include "der.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEPTH_MAX = 40, /* a message has 12, certificates in it 8 more */
    CONSTRUCTED = 0x20,
    HEAD_MAX = 16,
    /* Elements of 64 KiB and more get one octet longer; there are four side by side at most. */
    LEN_MAX = 256 * 1024,
    SLACK = 5 * DEPTH_MAX + 2 * HEAD_MAX
};

struct transcoder {
    const uint8_t *at;
    const uint8_t *end;
    uint8_t *out;
    size_t out_len;
};

struct element {
    const uint8_t *head;
    size_t head_len;
    size_t content_len; /* definite */
    bool is_constructed;
    bool is_indefinite;
    bool is_string; /* of octets, universal: its pieces make one string */
};

static enum cf_rc
fail_syntax(struct cf_err *err)
{
    return cf_fail(err, CF_E_ENCODING, "not the BER or DER of one ASN.1 value");
}

static enum cf_rc
take_head(struct transcoder *coder, const uint8_t *end, struct element *ret, struct cf_err *err)
{
    const unsigned char *at = coder->at;
    long len = 0;
    int tag = 0, class = 0;

    int form = at < end ? ASN1_get_object(&at, &len, &tag, &class, (long)(end - at)) : 0x80;
    if (form & 0x80 || len < 0 || len > end - at || at - coder->at > HEAD_MAX ||
        (class == V_ASN1_UNIVERSAL && tag == V_ASN1_EOC))
        return fail_syntax(err);
    *ret = (struct element){.head = coder->at,
                            .head_len = (size_t)(at - coder->at),
                            .content_len = (size_t)len,
                            .is_constructed = form & CONSTRUCTED,
                            .is_indefinite = form & 1,
                            .is_string = class == V_ASN1_UNIVERSAL && tag == V_ASN1_OCTET_STRING};
    coder->at = at;
    return CF_OK;
}

static bool
take_end_of_contents(struct transcoder *coder, const uint8_t *end)
{
    if (end - coder->at < 2 || coder->at[0] != 0 || coder->at[1] != 0)
        return false;
    coder->at += 2;
    return true;
}

static void
copy_out(struct transcoder *coder, const uint8_t *from, size_t len)
{
    if (len > 0)
        memcpy(coder->out + coder->out_len, from, len);
    coder->out_len += len;
}

/* Puts a new head before the content that begins at `content`. */
static void
renew_head(struct transcoder *coder, const struct element *element, size_t start, size_t content)
{
    size_t len = coder->out_len - content;
    uint8_t head[HEAD_MAX + sizeof len];
    size_t n = 1;

    /* The tag stays, in whatever number of octets; a string is in one piece now. */
    head[0] = element->head[0];
    if ((head[0] & 0x1f) == 0x1f) {
        do
            head[n] = element->head[n];
        while (element->head[n++] & 0x80);
    }
    if (element->is_string)
        head[0] &= (uint8_t)~CONSTRUCTED;

    size_t n_length = 0;
    for (size_t rest = len; len >= 0x80 && rest > 0; rest >>= 8)
        n_length++;
    head[n++] = (uint8_t)(n_length > 0 ? 0x80 | n_length : len);
    for (size_t i = n_length; i > 0; i--)
        head[n++] = (uint8_t)(len >> (8 * (i - 1)));

    memmove(coder->out + start + n, coder->out + content, len);
    memcpy(coder->out + start, head, n);
    coder->out_len = start + n + len;
}

static enum cf_rc transcode(struct transcoder *coder, const uint8_t *end, unsigned depth,
                            bool *ret_is_changed, struct cf_err *err);

/* The pieces of a string without their heads: each has been made one primitive string. */
static enum cf_rc
join_piece(struct transcoder *coder, size_t start, struct cf_err *err)
{
    struct cf_der piece = {.at = coder->out + start, .end = coder->out + coder->out_len};
    struct cf_der content;

    if (coder->out[start] != V_ASN1_OCTET_STRING ||
        !cf_der_take(&piece, V_ASN1_UNIVERSAL, V_ASN1_OCTET_STRING, &content))
        return fail_syntax(err);
    size_t len = (size_t)(content.end - content.at);
    memmove(coder->out + start, content.at, len);
    coder->out_len = start + len;
    return CF_OK;
}

static enum cf_rc
transcode_content(struct transcoder *coder, const struct element *element, const uint8_t *end,
                  unsigned depth, bool *is_changed, struct cf_err *err)
{
    const uint8_t *content_end = element->is_indefinite ? end : coder->at + element->content_len;

    while (element->is_indefinite ? !take_end_of_contents(coder, end) : coder->at < content_end) {
        size_t start = coder->out_len;
        CF_TRY(transcode(coder, content_end, depth + 1, is_changed, err));
        if (element->is_string)
            CF_TRY(join_piece(coder, start, err));
    }
    return CF_OK;
}

static enum cf_rc
transcode(struct transcoder *coder, const uint8_t *end, unsigned depth, bool *ret_is_changed,
          struct cf_err *err)
{
    struct element element = {0};
    size_t start = coder->out_len;

    if (depth > DEPTH_MAX)
        return cf_fail(err, CF_E_LIMIT, "ASN.1 values nested more than %d deep", DEPTH_MAX);
    CF_TRY(take_head(coder, end, &element, err));
    copy_out(coder, element.head, element.head_len);
    size_t content = coder->out_len;
    if (!element.is_constructed) {
        copy_out(coder, coder->at, element.content_len);
        coder->at += element.content_len;
        return CF_OK;
    }
    bool is_changed = element.is_indefinite || element.is_string;
    CF_TRY(transcode_content(coder, &element, end, depth, &is_changed, err));
    if (is_changed)
        renew_head(coder, &element, start, content);
    *ret_is_changed = *ret_is_changed || is_changed;
    return CF_OK;
}

enum cf_rc
cf_ber_to_der(struct cf_bytes ber, struct cf_buf **ret_der, struct cf_err *err)
{
    bool is_changed = false;

    if (ber.len > LEN_MAX)
        return cf_fail(err, CF_E_LIMIT, "%zu bytes; at most %d are read", ber.len, LEN_MAX);
    struct transcoder coder = {.at = ber.data, .end = cf_der_of(ber).end};
    coder.out = calloc(1, ber.len + SLACK);
    if (!coder.out)
        return cf_fail_oom(err);
    enum cf_rc rc = transcode(&coder, coder.end, 1, &is_changed, err);
    if (rc == CF_OK && coder.at != coder.end)
        rc = cf_fail(err, CF_E_ENCODING, "%zu bytes follow the end of the ASN.1 value",
                     (size_t)(coder.end - coder.at));
    struct cf_buf *der = rc == CF_OK ? cf_buf_copy(cf_bytes_of(coder.out, coder.out_len)) : NULL;
    free(coder.out);
    CF_TRY(rc);
    if (!der)
        return cf_fail_oom(err);
    *ret_der = der;
    return CF_OK;
}
