/* SPDX-License-Identifier: Apache-2.0 */
/* soap_read - answers: the envelope, and what its headers have to say. */
#include "soap.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/SAX2.h>

#include "soap_internal.h"

/* Why the parser was stopped. */
struct guard {
    const char *reason;
    unsigned n_nodes;
};

static void
stop(xmlParserCtxtPtr parser, const char *reason)
{
    struct guard *guard = parser->_private;

    if (!guard->reason)
        guard->reason = reason;
    xmlStopParser(parser);
}

static void
refuse_dtd(void *arg, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    stop(arg, "a document type definition, which SOAP forbids");
}

static void
start_element(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
              int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
              const xmlChar **attributes)
{
    xmlParserCtxtPtr parser = arg;
    struct guard *guard = parser->_private;

    guard->n_nodes += 1 + (unsigned)n_namespaces + (unsigned)n_attributes;
    if (parser->nodeNr >= SOAP_DEPTH_MAX)
        stop(parser, "elements nested too deep");
    else if (guard->n_nodes > SOAP_NODES_MAX)
        stop(parser, "too many elements");
    else
        xmlSAX2StartElementNs(arg, name, prefix, uri, n_namespaces, namespaces, n_attributes,
                              n_defaulted, attributes);
}

/* The library compares each attribute of an element with all before it. */
static bool
has_crowded_tag(struct cf_bytes text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '<')
            n = 0;
        else if (text.data[i] == '=' && ++n > SOAP_ATTRIBUTES_MAX)
            return true;
    }
    return false;
}

static enum cf_rc
parse(struct cf_bytes answer, xmlDocPtr *ret_document, struct cf_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct guard guard = {0};

    (void)pthread_once(&once, xmlInitParser);
    if (answer.len == 0 || answer.len > INT_MAX || has_crowded_tag(answer))
        return cf_fail(err, CF_E_PROTOCOL, "an answer that is not XML, or with a tag too long");
    xmlParserCtxtPtr parser = xmlNewParserCtxt();
    if (!parser)
        return cf_fail_oom(err);
    parser->_private = &guard;
    parser->sax->internalSubset = refuse_dtd;
    parser->sax->startElementNs = start_element;
    xmlDocPtr document = xmlCtxtReadMemory(
        parser, (const char *)answer.data, (int)answer.len, NULL, "UTF-8",
        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    bool is_good = document && parser->wellFormed && !guard.reason && !document->intSubset;
    int code = parser->lastError.code;
    int line = parser->lastError.line;
    xmlFreeParserCtxt(parser);
    if (is_good) {
        *ret_document = document;
        return CF_OK;
    }
    xmlFreeDoc(document);
    if (code == XML_ERR_NO_MEMORY)
        return cf_fail_oom(err);
    if (guard.reason)
        return cf_fail(err, CF_E_PROTOCOL, "an answer that is not to be trusted: %s", guard.reason);
    return cf_fail(err, CF_E_PROTOCOL, "an answer that is not well-formed XML (line %d, error %d)",
                   line, code);
}

static enum cf_rc
check_relation(const struct soap_node *header, const char *message_id, bool *ret_has,
               struct cf_err *err)
{
    cf_own_str relates_to = NULL;

    CF_TRY(soap_get_text(header, SOAP_NS_ADDRESSING, "RelatesTo", 256, &relates_to, err));
    if (relates_to && strcmp(relates_to, message_id) != 0)
        return cf_fail(err, CF_E_PROTOCOL, "an answer to another request (RelatesTo is %.60s)",
                       relates_to);
    *ret_has = relates_to != NULL;
    return CF_OK;
}

static enum cf_rc
check_action(const struct soap_node *header, const char *action, struct cf_err *err)
{
    cf_own_str said = NULL;

    CF_TRY(soap_get_text(header, SOAP_NS_ADDRESSING, "Action", 512, &said, err));
    if (!said)
        return cf_fail(err, CF_E_PROTOCOL, "an answer without a wsa:Action");
    if (strcmp(said, action) != 0)
        return cf_fail(err, CF_E_PROTOCOL, "an answer of another kind (Action is %.100s)", said);
    return CF_OK;
}

static enum cf_rc
read_envelope(const struct soap_node *root, const char *message_id, const char *action,
              struct soap_reply *reply, struct cf_err *err)
{
    const struct soap_node *header = NULL;
    const struct soap_node *body = NULL;
    bool has_relation = false;

    if (!soap_is(root, SOAP_NS_ENVELOPE, "Envelope"))
        return cf_fail(err, CF_E_PROTOCOL, "an answer that is no SOAP 1.2 envelope");
    CF_TRY(soap_child(root, SOAP_NS_ENVELOPE, "Header", &header, err));
    CF_TRY(soap_child(root, SOAP_NS_ENVELOPE, "Body", &body, err));
    const struct soap_node *content = body ? soap_first(body, NULL, NULL) : NULL;
    if (!content || soap_next(content, NULL, NULL))
        return cf_fail(err, CF_E_PROTOCOL, "an answer without exactly one element in its body");
    if (header)
        CF_TRY(check_relation(header, message_id, &has_relation, err));
    reply->is_fault = soap_is(content, SOAP_NS_ENVELOPE, "Fault");
    if (reply->is_fault)
        return soap_fault_read(content, has_relation, &reply->fault, err);
    if (!has_relation)
        return cf_fail(err, CF_E_PROTOCOL, "an answer that does not say what it relates to");
    CF_TRY(check_action(header, action, err));
    reply->body = content;
    return CF_OK;
}

enum cf_rc
soap_read(struct cf_bytes answer, const char *message_id, const char *action,
          struct soap_reply *ret_reply, struct cf_err *err)
{
    struct soap_reply reply = {0};
    xmlDocPtr document = NULL;

    CF_TRY(parse(answer, &document, err));
    reply.document = document;
    enum cf_rc rc = read_envelope(soap_node_of(xmlDocGetRootElement(document)), message_id, action,
                                  &reply, err);
    if (rc == CF_OK)
        *ret_reply = reply;
    else
        soap_reply_done(&reply);
    return rc;
}

void
soap_reply_done(struct soap_reply *reply)
{
    xmlFreeDoc(reply->document);
    cf_buf_free(reply->fault.response);
    *reply = (struct soap_reply){0};
}
