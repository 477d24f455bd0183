/* SPDX-License-Identifier: Apache-2.0 */
#include "xcep.h"

enum cf_rc
xcep_write(const struct soap_head *head, struct soap_message *ret_message, struct cf_err *err)
{
    cf_own(soap_writer) writer = NULL;

    CF_TRY(soap_writer_new(head, &writer, err));
    soap_begin(writer, "GetPolicies", SOAP_NS_POLICY);
    soap_begin(writer, "client", NULL);
    soap_element(writer, "lastUpdate", NULL, "0001-01-01T00:00:00");
    soap_nil(writer, "preferredLanguage", NULL);
    soap_end(writer);
    soap_nil(writer, "requestFilter", NULL);
    soap_end(writer);
    return soap_writer_end(writer, ret_message, err);
}
