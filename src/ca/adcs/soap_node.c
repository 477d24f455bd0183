/* SPDX-License-Identifier: Apache-2.0 */
/* soap_node - elements of an answer and their values. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "soap_internal.h"

static bool
has_name(const xmlNode *node, const char *ns, const char *name)
{
    if (node->type != XML_ELEMENT_NODE)
        return false;
    if (!name)
        return true;
    return node->ns && node->ns->href && strcmp((const char *)node->ns->href, ns) == 0 &&
           strcmp((const char *)node->name, name) == 0;
}

bool
soap_is(const struct soap_node *node, const char *ns, const char *name)
{
    return node && has_name(soap_xml_of(node), ns, name);
}

static const struct soap_node *
find(const xmlNode *node, const char *ns, const char *name)
{
    while (node && !has_name(node, ns, name))
        node = node->next;
    return soap_node_of(node);
}

const struct soap_node *
soap_first(const struct soap_node *parent, const char *ns, const char *name)
{
    return find(soap_xml_of(parent)->children, ns, name);
}

const struct soap_node *
soap_next(const struct soap_node *node, const char *ns, const char *name)
{
    return find(soap_xml_of(node)->next, ns, name);
}

bool
soap_is_nil(const struct soap_node *node)
{
    for (const xmlAttr *at = soap_xml_of(node)->properties; at; at = at->next) {
        if (at->ns && strcmp((const char *)at->ns->href, SOAP_NS_INSTANCE) == 0 &&
            strcmp((const char *)at->name, "nil") == 0 && at->children && at->children->content) {
            const char *value = (const char *)at->children->content;
            return strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
        }
    }
    return false;
}

enum cf_rc
soap_child(const struct soap_node *parent, const char *ns, const char *name,
           const struct soap_node **ret_node, struct cf_err *err)
{
    const struct soap_node *node = soap_first(parent, ns, name);

    if (node && soap_next(node, ns, name))
        return cf_fail(err, CF_E_PROTOCOL, "an answer with two elements %s where one belongs",
                       name);
    *ret_node = node && !soap_is_nil(node) ? node : NULL;
    return CF_OK;
}

/* All text of an element; NULL when there is no such element. */
static enum cf_rc
raw_text(const struct soap_node *parent, const char *ns, const char *name, xmlChar **ret_text,
         struct cf_err *err)
{
    const struct soap_node *node = NULL;

    CF_TRY(soap_child(parent, ns, name, &node, err));
    *ret_text = node ? xmlNodeGetContent(soap_xml_of(node)) : NULL;
    if (node && !*ret_text)
        return cf_fail_oom(err);
    return CF_OK;
}

static void
xml_charp_free(xmlChar **text)
{
    xmlFree(*text);
}
#define own_xml_text __attribute__((cleanup(xml_charp_free))) xmlChar *

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static enum cf_rc
trimmed_copy(const xmlChar *raw, const char *name, size_t max, char **ret_text, struct cf_err *err)
{
    const char *begin = (const char *)raw;
    size_t len = strlen(begin);

    while (len > 0 && is_space(*begin)) {
        begin++;
        len--;
    }
    while (len > 0 && is_space(begin[len - 1]))
        len--;
    if (len > max || !cf_text_is_printable(begin, len))
        return cf_fail(err, CF_E_PROTOCOL, "an answer whose %s is too long or not printable", name);
    char *text = strndup(begin, len);
    if (!text)
        return cf_fail_oom(err);
    *ret_text = text;
    return CF_OK;
}

enum cf_rc
soap_get_text(const struct soap_node *parent, const char *ns, const char *name, size_t max,
              char **ret_text, struct cf_err *err)
{
    own_xml_text raw = NULL;

    CF_TRY(raw_text(parent, ns, name, &raw, err));
    if (!raw) {
        *ret_text = NULL;
        return CF_OK;
    }
    return trimmed_copy(raw, name, max, ret_text, err);
}

enum cf_rc
soap_get_attribute(const struct soap_node *node, const char *name, char **ret_value,
                   struct cf_err *err)
{
    enum { VALUE_MAX = 1024 };
    const xmlNode *xml = soap_xml_of(node);

    *ret_value = NULL;
    for (const xmlAttr *at = xml->properties; at; at = at->next) {
        if (at->ns || strcmp((const char *)at->name, name) != 0)
            continue;
        own_xml_text raw = xmlNodeListGetString(xml->doc, at->children, 1);
        return raw ? trimmed_copy(raw, name, VALUE_MAX, ret_value, err) : CF_OK;
    }
    return CF_OK;
}

enum cf_rc
soap_get_integer(const struct soap_node *parent, const char *ns, const char *name, int64_t min,
                 int64_t max, bool *ret_has, int64_t *ret, struct cf_err *err)
{
    enum { DIGITS_MAX = 20 };
    cf_own_str text = NULL;

    CF_TRY(soap_get_text(parent, ns, name, DIGITS_MAX, &text, err));
    *ret_has = text != NULL;
    if (!text)
        return CF_OK;
    const char *digits = text[0] == '-' ? text + 1 : text;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (!digits[0] || strspn(digits, "0123456789") != strlen(digits) || errno != 0 || value < min ||
        value > max)
        return cf_fail(err, CF_E_PROTOCOL, "an answer whose %s, %s, is no number in its range",
                       name, text);
    *ret = value;
    return CF_OK;
}

enum cf_rc
soap_get_bool(const struct soap_node *parent, const char *ns, const char *name, bool *ret,
              struct cf_err *err)
{
    enum { WORD_MAX = 5 };
    cf_own_str text = NULL;

    CF_TRY(soap_get_text(parent, ns, name, WORD_MAX, &text, err));
    if (!text)
        return CF_OK;
    bool is_true = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!is_true && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return cf_fail(err, CF_E_PROTOCOL, "an answer whose %s is neither true nor false", name);
    *ret = is_true;
    return CF_OK;
}

enum cf_rc
soap_get_base64(const struct soap_node *parent, const char *ns, const char *name, size_t max,
                struct cf_buf **ret, struct cf_err *err)
{
    own_xml_text raw = NULL;
    struct cf_err local = {0};

    CF_TRY(raw_text(parent, ns, name, &raw, err));
    if (!raw)
        return CF_OK;
    char *text = (char *)raw;
    size_t n = 0;
    for (const char *at = text; *at; at++) {
        if (!is_space(*at))
            text[n++] = *at;
    }
    text[n] = '\0';
    if (cf_text_from_base64(text, max, ret, &local) == CF_OK)
        return CF_OK;
    if (local.rc == CF_E_OOM)
        return cf_fail_oom(err);
    return cf_fail(err, CF_E_PROTOCOL, "an answer whose %s is no base64: %s", name, local.text);
}

enum cf_rc
soap_node_words(const struct soap_node *node, char *ret, size_t size, struct cf_err *err)
{
    own_xml_text raw = xmlNodeGetContent(soap_xml_of(node));

    if (!raw)
        return cf_fail_oom(err);
    char *text = (char *)raw;
    size_t len = strlen(text);
    while (len > 0 && is_space(text[len - 1]))
        len--;
    while (len > 0 && is_space(*text)) {
        text++;
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (is_space(text[i]))
            text[i] = ' ';
    }
    cf_text_sanitize(text, len, ret, size);
    return CF_OK;
}

enum cf_rc
soap_get_words(const struct soap_node *parent, const char *ns, const char *name, char *ret,
               size_t size, struct cf_err *err)
{
    const struct soap_node *node = NULL;

    CF_TRY(soap_child(parent, ns, name, &node, err));
    if (node)
        return soap_node_words(node, ret, size, err);
    ret[0] = '\0';
    return CF_OK;
}
