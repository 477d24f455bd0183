/* SPDX-License-Identifier: Apache-2.0 */
/* soap_write - requests. */
#include "soap.h"

#include <stdlib.h>
#include <string.h>

#include <libxml/xmlwriter.h>

enum { TOKEN_LIFE_MS = 5 * 60 * 1000 };

struct soap_writer {
    xmlBufferPtr buffer;
    xmlTextWriterPtr xml;
    const struct cf_secret *password; /* borrowed; NULL: none */
    char id[SOAP_MESSAGE_ID_SIZE];
    char marker[CF_UUID_SIZE]; /* where the password goes */
    struct cf_err error;       /* the first */
};

void
soap_message_done(struct soap_message *message)
{
    cf_buf_free(message->body);
    cf_secret_free(message->secret_body);
    *message = (struct soap_message){0};
}

struct soap_writer *
soap_writer_free(struct soap_writer *writer)
{
    if (!writer)
        return NULL;
    if (writer->xml)
        xmlFreeTextWriter(writer->xml);
    if (writer->buffer)
        xmlBufferFree(writer->buffer);
    free(writer);
    return NULL;
}

static const xmlChar *
xml_text(const char *text)
{
    return (const xmlChar *)text;
}

/* Writing to memory fails only when there is none left. */
static void
note(struct soap_writer *writer, int result)
{
    if (result < 0 && writer->error.rc == CF_OK)
        (void)cf_fail_oom(&writer->error);
}

static bool
is_writable(struct soap_writer *writer, const char *text)
{
    if (cf_text_is_printable(text, strlen(text)))
        return true;
    if (writer->error.rc == CF_OK)
        (void)cf_fail(&writer->error, CF_E_SYNTAX,
                      "a control character or other text that XML cannot hold");
    return false;
}

void
soap_begin(struct soap_writer *writer, const char *name, const char *ns)
{
    note(writer, xmlTextWriterStartElement(writer->xml, xml_text(name)));
    if (ns)
        soap_attribute(writer, "xmlns", ns);
}

void
soap_attribute(struct soap_writer *writer, const char *name, const char *value)
{
    if (is_writable(writer, value))
        note(writer, xmlTextWriterWriteAttribute(writer->xml, xml_text(name), xml_text(value)));
}

void
soap_text(struct soap_writer *writer, const char *text)
{
    if (is_writable(writer, text))
        note(writer, xmlTextWriterWriteString(writer->xml, xml_text(text)));
}

void
soap_end(struct soap_writer *writer)
{
    note(writer, xmlTextWriterEndElement(writer->xml));
}

void
soap_element(struct soap_writer *writer, const char *name, const char *ns, const char *text)
{
    soap_begin(writer, name, ns);
    soap_text(writer, text);
    soap_end(writer);
}

void
soap_nil(struct soap_writer *writer, const char *name, const char *ns)
{
    soap_begin(writer, name, ns);
    soap_attribute(writer, "xsi:nil", "true");
    soap_end(writer);
}

static void
write_understood(struct soap_writer *writer, const char *name, const char *text)
{
    soap_begin(writer, name, NULL);
    soap_attribute(writer, "s:mustUnderstand", "1");
    soap_text(writer, text);
    soap_end(writer);
}

/* WSS UsernameToken profile 1.0, password as text: TLS is around it. */
static void
write_token(struct soap_writer *writer, const struct soap_head *head)
{
    static const char PASSWORD_TYPE[] = "http://docs.oasis-open.org/wss/2004/01/"
                                        "oasis-200401-wss-username-token-profile-1.0#PasswordText";
    char created[CF_TEXT_TIME_SIZE];
    char expires[CF_TEXT_TIME_SIZE];

    cf_text_from_time(head->now_ms, created);
    cf_text_from_time(head->now_ms + TOKEN_LIFE_MS, expires);
    soap_begin(writer, "o:Security", NULL);
    soap_attribute(writer, "xmlns:o", SOAP_NS_SECURITY);
    soap_attribute(writer, "xmlns:u", SOAP_NS_UTILITY);
    soap_attribute(writer, "s:mustUnderstand", "1");
    soap_begin(writer, "u:Timestamp", NULL);
    soap_attribute(writer, "u:Id", "_0");
    soap_element(writer, "u:Created", NULL, created);
    soap_element(writer, "u:Expires", NULL, expires);
    soap_end(writer);
    soap_begin(writer, "o:UsernameToken", NULL);
    soap_attribute(writer, "u:Id", "_1");
    soap_element(writer, "o:Username", NULL, head->username);
    soap_begin(writer, "o:Password", NULL);
    soap_attribute(writer, "Type", PASSWORD_TYPE);
    soap_text(writer, writer->marker);
    soap_end(writer);
    soap_end(writer);
    soap_end(writer);
}

static void
write_head(struct soap_writer *writer, const struct soap_head *head)
{
    soap_begin(writer, "s:Envelope", NULL);
    soap_attribute(writer, "xmlns:s", SOAP_NS_ENVELOPE);
    soap_attribute(writer, "xmlns:a", SOAP_NS_ADDRESSING);
    soap_begin(writer, "s:Header", NULL);
    write_understood(writer, "a:Action", head->action);
    soap_element(writer, "a:MessageID", NULL, writer->id);
    soap_begin(writer, "a:ReplyTo", NULL);
    soap_element(writer, "a:Address", NULL, SOAP_NS_ADDRESSING "/anonymous");
    soap_end(writer);
    write_understood(writer, "a:To", head->url);
    if (head->username)
        write_token(writer, head);
    soap_end(writer);
    soap_begin(writer, "s:Body", NULL);
    soap_attribute(writer, "xmlns:xsi", SOAP_NS_INSTANCE);
}

enum cf_rc
soap_writer_new(const struct soap_head *head, struct soap_writer **ret_writer, struct cf_err *err)
{
    cf_own(soap_writer) writer = calloc(1, sizeof *writer);

    if (!writer)
        return cf_fail_oom(err);
    writer->buffer = xmlBufferCreate();
    writer->xml = writer->buffer ? xmlNewTextWriterMemory(writer->buffer, 0) : NULL;
    if (!writer->xml)
        return cf_fail_oom(err);
    cf_text_uuid(writer->marker);
    memcpy(writer->id, "urn:uuid:", sizeof "urn:uuid:" - 1);
    cf_text_uuid(writer->id + sizeof "urn:uuid:" - 1);
    writer->password = head->username ? head->password : NULL;
    write_head(writer, head);
    *ret_writer = cf_give(writer);
    return CF_OK;
}

static const char *
escape_of(uint8_t byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    default:
        return NULL;
    }
}

/* Writes the escaped password to `out`, when there is one, and says how long it is. */
static size_t
escape(const struct cf_secret *password, uint8_t *out)
{
    const uint8_t *data = cf_secret_data(password);
    size_t n = 0;

    for (size_t i = 0; i < cf_secret_len(password); i++) {
        const char *text = escape_of(data[i]);
        struct cf_bytes piece = text ? cf_bytes_of(text, strlen(text)) : cf_bytes_of(&data[i], 1);
        if (out)
            memcpy(out + n, piece.data, piece.len);
        n += piece.len;
    }
    return n;
}

static enum cf_rc
splice(const struct soap_writer *writer, struct cf_bytes text, struct cf_secret **ret_body,
       struct cf_err *err)
{
    const struct cf_secret *password = writer->password;
    size_t marker_len = strlen(writer->marker);
    const uint8_t *at = memmem(text.data, text.len, writer->marker, marker_len);

    if (!at)
        return cf_fail(err, CF_E_BUG, "a SOAP request without a place for its password");
    if (!cf_text_is_printable((const char *)cf_secret_data(password), cf_secret_len(password)))
        return cf_fail(err, CF_E_CONFIG,
                       "password_file: a control character or something that is not UTF-8");
    size_t before = (size_t)(at - text.data);
    size_t after = text.len - before - marker_len;
    size_t len = escape(password, NULL);
    if (before + len + after > CF_SECRET_MAX)
        return cf_fail(err, CF_E_LIMIT, "a request with a password of more than %d bytes",
                       CF_SECRET_MAX);
    cf_own(cf_secret) body = NULL;
    CF_TRY(cf_secret_new(before + len + after, &body, err));
    uint8_t *out = cf_secret_edit(body);
    memcpy(out, text.data, before);
    (void)escape(password, out + before);
    memcpy(out + before + len, at + marker_len, after);
    *ret_body = cf_give(body);
    return CF_OK;
}

enum cf_rc
soap_writer_end(struct soap_writer *writer, struct soap_message *ret_message, struct cf_err *err)
{
    struct soap_message message = {0};

    note(writer, xmlTextWriterEndDocument(writer->xml));
    note(writer, xmlTextWriterFlush(writer->xml));
    if (writer->error.rc != CF_OK) {
        if (err)
            *err = writer->error;
        return writer->error.rc;
    }
    struct cf_bytes text =
        cf_bytes_of(xmlBufferContent(writer->buffer), (size_t)xmlBufferLength(writer->buffer));
    if (writer->password) {
        CF_TRY(splice(writer, text, &message.secret_body, err));
    } else {
        message.body = cf_buf_copy(text);
        if (!message.body)
            return cf_fail_oom(err);
    }
    memcpy(message.id, writer->id, sizeof message.id);
    *ret_message = message;
    return CF_OK;
}
