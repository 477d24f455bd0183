/* SPDX-License-Identifier: Apache-2.0 */
/* soap_internal - what reading answers is made of. */
#pragma once

#include <libxml/tree.h>

#include "soap.h"

/* Nodes of the library go by another name outside. */
static inline const struct soap_node *
soap_node_of(const xmlNode *node)
{
    return (const struct soap_node *)node;
}

static inline const xmlNode *
soap_xml_of(const struct soap_node *node)
{
    return (const xmlNode *)node;
}

/* soap_fault.c. The detail is read only when it is to be believed. */
CF_MUST_USE enum cf_rc soap_fault_read(const struct soap_node *node, bool is_ours,
                                       struct soap_fault *ret_fault, struct cf_err *err);
