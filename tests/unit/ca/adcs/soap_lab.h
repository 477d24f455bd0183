/* SPDX-License-Identifier: Apache-2.0 */
/* soap_lab - answers as text, put together as WCF does. */
#pragma once

#include "ca/adcs/soap.h"

#define LAB_ID "urn:uuid:00000000-0000-4000-8000-000000000001"

/* An envelope for answers to LAB_ID; the caller frees it. */
static inline char *
lab_envelope(const char *action, const char *relates_to, const char *body)
{
    char *text = NULL;

    if (asprintf(&text,
                 "<s:Envelope xmlns:s=\"" SOAP_NS_ENVELOPE "\" xmlns:a=\"" SOAP_NS_ADDRESSING "\">"
                 "<s:Header><a:Action s:mustUnderstand=\"1\">%s</a:Action>%s"
                 "<x:Unknown s:mustUnderstand=\"1\" xmlns:x=\"urn:x\"/></s:Header>"
                 "<s:Body xmlns:xsi=\"" SOAP_NS_INSTANCE "\">%s</s:Body></s:Envelope>",
                 action, relates_to, body) < 0)
        abort();
    return text;
}

#define LAB_RELATES "<a:RelatesTo>" LAB_ID "</a:RelatesTo>"

static inline struct cf_bytes
lab_bytes(const char *text)
{
    return cf_bytes_of(text, strlen(text));
}
