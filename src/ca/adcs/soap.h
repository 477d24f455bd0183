/* SPDX-License-Identifier: Apache-2.0 */
/*
 * soap - SOAP 1.2 messages with WS-Addressing, as WCF wants and gives them.
 *
 * What comes from outside is read without a network, without a DTD and its entities, and within
 * limits. Errors of answers are CF_E_PROTOCOL, which names what is wrong with them.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/secret.h"
#include "certferry/text.h"

#include "adcs.h"

#define SOAP_NS_ENVELOPE "http://www.w3.org/2003/05/soap-envelope"
#define SOAP_NS_ADDRESSING "http://www.w3.org/2005/08/addressing"
#define SOAP_NS_TRUST "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
#define SOAP_NS_SECURITY                                                                           \
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
#define SOAP_NS_UTILITY                                                                            \
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
#define SOAP_NS_ENROLLMENT "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"
#define SOAP_NS_POLICY "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy"
#define SOAP_NS_CONTEXT "http://schemas.xmlsoap.org/ws/2006/12/authorization"
#define SOAP_NS_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"

enum {
    SOAP_MESSAGE_ID_SIZE = sizeof "urn:uuid:" - 1 + CF_UUID_SIZE,
    SOAP_DEPTH_MAX = 64,
    SOAP_NODES_MAX = 100000, /* elements and attributes */
    SOAP_ATTRIBUTES_MAX = 1000
};

/* What the header of a request says. */
struct soap_head {
    const char *action;
    const char *url;
    const char *username; /* NULL: no UsernameToken */
    const struct cf_secret *password;
    int64_t now_ms;
};

/* A request ready to be sent; one of the two bodies is there. */
struct soap_message {
    struct cf_buf *body;
    struct cf_secret *secret_body; /* when there is a password in it */
    char id[SOAP_MESSAGE_ID_SIZE];
    bool was_heard; /* by sending it: what it asks for may have been done */
};
void soap_message_done(struct soap_message *message);

/* Writes what is inside of the body. A failure is remembered and told at the end, as is text that
 * XML cannot hold (CF_E_SYNTAX). Names are "prefix:name" or, with `ns`, of that default namespace,
 * which holds for what is inside, too. */
struct soap_writer;
CF_MUST_USE enum cf_rc soap_writer_new(const struct soap_head *head,
                                       struct soap_writer **ret_writer, struct cf_err *err);
struct soap_writer *soap_writer_free(struct soap_writer *writer);
CF_DEFINE_OWN(soap_writer);
void soap_begin(struct soap_writer *writer, const char *name, const char *ns);
void soap_attribute(struct soap_writer *writer, const char *name, const char *value);
void soap_text(struct soap_writer *writer, const char *text);
void soap_end(struct soap_writer *writer);
void soap_element(struct soap_writer *writer, const char *name, const char *ns, const char *text);
void soap_nil(struct soap_writer *writer, const char *name, const char *ns);
CF_MUST_USE enum cf_rc soap_writer_end(struct soap_writer *writer, struct soap_message *ret_message,
                                       struct cf_err *err);

/* A fault, with what certificate enrollment adds to it (MS-WSTEP 3.1.4.1.2.7). */
struct soap_fault {
    char subcode[64]; /* the innermost one's local name; empty: none */
    char reason[ADCS_MESSAGE_SIZE];
    bool has_detail;
    bool has_error_code;
    int32_t error_code; /* an HRESULT */
    bool is_invalid_request;
    uint32_t request_id;     /* 0: none */
    struct cf_buf *response; /* BinaryResponse; NULL: none */
};

struct soap_node; /* an element of a reply, borrowed from it */

struct soap_reply {
    void *document;
    const struct soap_node *body; /* the element in the body; of a fault NULL */
    bool is_fault;
    struct soap_fault fault;
};
void soap_reply_done(struct soap_reply *reply);

/* Reads an answer to the message with this id. `action` is that of a good answer; a fault may have
 * any, and one that does not say what it relates to is taken without its detail. */
CF_MUST_USE enum cf_rc soap_read(struct cf_bytes answer, const char *message_id, const char *action,
                                 struct soap_reply *ret_reply, struct cf_err *err);
/* What a fault without an HRESULT means: CF_E_AUTH, CF_E_CA_CONFIG, or CF_E_PROTOCOL. */
enum cf_rc soap_fault_fail(const struct soap_fault *fault, struct cf_err *err);

bool soap_is(const struct soap_node *node, const char *ns, const char *name);
bool soap_is_nil(const struct soap_node *node);
/* The first child element, and the one after this, of that name; NULL: none. */
const struct soap_node *soap_first(const struct soap_node *parent, const char *ns,
                                   const char *name);
const struct soap_node *soap_next(const struct soap_node *node, const char *ns, const char *name);
/* The one child of that name; NULL when there is none or when it is nil. Two are an error. */
CF_MUST_USE enum cf_rc soap_child(const struct soap_node *parent, const char *ns, const char *name,
                                  const struct soap_node **ret_node, struct cf_err *err);
/* An attribute without namespace, owned by the caller; NULL: none. */
CF_MUST_USE enum cf_rc soap_get_attribute(const struct soap_node *node, const char *name,
                                          char **ret_value, struct cf_err *err);
/* The one child's text without white space around it, owned by the caller; NULL when there is no
 * such child or when it is nil. Text of more than max bytes, and what is not printable, is an
 * error. */
CF_MUST_USE enum cf_rc soap_get_text(const struct soap_node *parent, const char *ns,
                                     const char *name, size_t max, char **ret_text,
                                     struct cf_err *err);
/* The same for other types; what is not there leaves *ret alone. */
CF_MUST_USE enum cf_rc soap_get_integer(const struct soap_node *parent, const char *ns,
                                        const char *name, int64_t min, int64_t max, bool *ret_has,
                                        int64_t *ret, struct cf_err *err);
CF_MUST_USE enum cf_rc soap_get_bool(const struct soap_node *parent, const char *ns,
                                     const char *name, bool *ret, struct cf_err *err);
/* Line ends inside are no error. */
CF_MUST_USE enum cf_rc soap_get_base64(const struct soap_node *parent, const char *ns,
                                       const char *name, size_t max, struct cf_buf **ret,
                                       struct cf_err *err);
/* Text for people: printable, cut at size; empty when there is none. */
CF_MUST_USE enum cf_rc soap_get_words(const struct soap_node *parent, const char *ns,
                                      const char *name, char *ret, size_t size, struct cf_err *err);
/* ... of the element itself. */
CF_MUST_USE enum cf_rc soap_node_words(const struct soap_node *node, char *ret, size_t size,
                                       struct cf_err *err);
