/* SPDX-License-Identifier: Apache-2.0 */
/* choices - the words that options take, and what each of them stands for. */
#include <string.h>

#include "certferry/csr.h"
#include "certferry/text.h"
#include "schema.h"

enum { SERVICE_PUBLIC, SERVICE_USGOV, SERVICE_CUSTOM, SERVICE_NONE };

const struct cf_choice cf_choices_service[] = {{"public", SERVICE_PUBLIC},
                                               {"usgov", SERVICE_USGOV},
                                               {"custom", SERVICE_CUSTOM},
                                               {"none", SERVICE_NONE},
                                               {NULL, 0}};

const struct cf_preset_urls cf_preset_urls[] = {
    {"public", "https://login.microsoftonline.com/", "https://graph.microsoft.com/",
     "https://api.manage.microsoft.com/"},
    {"usgov", "https://login.microsoftonline.us/", "https://graph.microsoft.us/",
     "https://api.manage.microsoft.us/"},
};
const size_t cf_n_preset_urls = CF_COUNT(cf_preset_urls);

const struct cf_choice cf_choices_auth[] = {{"certificate", CF_AUTH_CERTIFICATE},
                                            {"secret", CF_AUTH_SECRET},
                                            {"tls", CF_AUTH_TLS},
                                            {NULL, 0}};

/* The values are syslog's. */
const struct cf_choice cf_choices_log_level[] = {{"error", 3}, {"warning", 4}, {"notice", 5},
                                                 {"info", 6},  {"debug", 7},   {NULL, 0}};

/* The values are those of CRLReason (RFC 5280, 5.3.1). */
const struct cf_choice cf_choices_reason[] = {
    {"unspecified", 0}, {"keyCompromise", 1},        {"affiliationChanged", 3},
    {"superseded", 4},  {"cessationOfOperation", 5}, {"privilegeWithdrawn", 9},
    {NULL, 0}};

const struct cf_choice cf_choices_backend[] = {
    {"local", 0}, {"exec", 1}, {"adcs", 2}, {"cmp", 3}, {NULL, 0}};

const struct cf_choice cf_choices_key[] = {
    {"rsa2048", CF_KEY_RSA_2048}, {"rsa3072", CF_KEY_RSA_3072}, {"rsa4096", CF_KEY_RSA_4096},
    {"p256", CF_KEY_P256},        {"p384", CF_KEY_P384},        {NULL, 0}};

/* Those of a CA are left out on purpose. */
const struct cf_choice cf_choices_usage[] = {
    {"digitalSignature", CF_KU_DIGITAL_SIGNATURE}, {"nonRepudiation", CF_KU_NON_REPUDIATION},
    {"keyEncipherment", CF_KU_KEY_ENCIPHERMENT},   {"dataEncipherment", CF_KU_DATA_ENCIPHERMENT},
    {"keyAgreement", CF_KU_KEY_AGREEMENT},         {NULL, 0}};

const struct cf_choice cf_choices_rdn_order[] = {
    {"rfc4514", CF_RDN_RFC4514}, {"as-written", CF_RDN_AS_WRITTEN}, {NULL, 0}};

const struct cf_choice cf_choices_sid_mode[] = {
    {"off", CF_SID_OFF}, {"on-request", CF_SID_ON_REQUEST}, {"always", CF_SID_ALWAYS}, {NULL, 0}};

const struct cf_choice cf_choices_template_sid_mode[] = {{"as-ca", CF_SID_AS_CA},
                                                         {"off", CF_SID_OFF},
                                                         {"on-request", CF_SID_ON_REQUEST},
                                                         {"always", CF_SID_ALWAYS},
                                                         {NULL, 0}};

const struct cf_choice cf_choices_sid_form[] = {{"extension", CF_SID_FORM_EXTENSION},
                                                {"uri", CF_SID_FORM_URI},
                                                {"both", CF_SID_FORM_BOTH},
                                                {NULL, 0}};

const struct cf_choice cf_choices_template_sid_form[] = {{"as-ca", CF_SID_FORM_AS_CA},
                                                         {"extension", CF_SID_FORM_EXTENSION},
                                                         {"uri", CF_SID_FORM_URI},
                                                         {"both", CF_SID_FORM_BOTH},
                                                         {NULL, 0}};

const struct cf_choice cf_choices_directory_auth[] = {
    {"gssapi", CF_DIRECTORY_GSSAPI}, {"simple", CF_DIRECTORY_SIMPLE}, {NULL, 0}};

const struct cf_choice cf_choices_directory_tls[] = {{"ldaps", CF_DIRECTORY_LDAPS},
                                                     {"starttls", CF_DIRECTORY_STARTTLS},
                                                     {"signed", CF_DIRECTORY_SIGNED},
                                                     {NULL, 0}};

const struct cf_choice cf_choices_certificate_types[] = {
    {"user", CF_TYPES_USER}, {"device", CF_TYPES_DEVICE}, {"both", CF_TYPES_BOTH}, {NULL, 0}};

const struct cf_choice cf_choices_transport[] = {
    {"rpc", CF_ADCS_RPC}, {"ces", CF_ADCS_CES}, {NULL, 0}};

const struct cf_choice cf_choices_revoke_transport[] = {{"rpc", CF_ADCS_REVOKE_RPC},
                                                        {"command", CF_ADCS_REVOKE_COMMAND},
                                                        {"none", CF_ADCS_REVOKE_NONE},
                                                        {NULL, 0}};

const struct cf_choice cf_choices_rpc_auth[] = {
    {"negotiate", CF_RPC_NEGOTIATE}, {"kerberos", CF_RPC_KERBEROS}, {NULL, 0}};

const struct cf_choice cf_choices_ces_auth[] = {{"kerberos", CF_ADCS_KERBEROS},
                                                {"password", CF_ADCS_PASSWORD},
                                                {"certificate", CF_ADCS_CERTIFICATE},
                                                {NULL, 0}};

const struct cf_choice cf_choices_cmp_request[] = {
    {"p10cr", CF_CMP_P10CR}, {"cr", CF_CMP_CR}, {"ir", CF_CMP_IR}, {NULL, 0}};

const struct cf_choice cf_choices_cmp_protection[] = {
    {"secret", CF_CMP_SECRET}, {"certificate", CF_CMP_CERTIFICATE}, {NULL, 0}};

const struct cf_choice cf_choices_store[] = {
    {"sqlite", CF_STORE_SQLITE}, {"postgres", CF_STORE_POSTGRES}, {NULL, 0}};

const struct cf_choice cf_choices_rsa_key[] = {{"rsa2048", CF_KEY_RSA_2048},
                                               {"rsa3072", CF_KEY_RSA_3072},
                                               {"rsa4096", CF_KEY_RSA_4096},
                                               {NULL, 0}};

const struct cf_choice cf_choices_scep_types[] = {
    {"user", CF_TYPES_USER}, {"device", CF_TYPES_DEVICE}, {NULL, 0}};

const struct cf_choice cf_choices_scep_challenge[] = {{"static", CF_SCEP_STATIC},
                                                      {"one-time", CF_SCEP_ONE_TIME},
                                                      {"intune", CF_SCEP_INTUNE},
                                                      {NULL, 0}};

const struct cf_choice cf_choices_scep_renewal[] = {{"challenge", CF_SCEP_RENEWAL_CHALLENGE},
                                                    {"certificate", CF_SCEP_RENEWAL_CERTIFICATE},
                                                    {NULL, 0}};

static const struct eku {
    const char *name;
    const char *oid;
} EKU[] = {
    {"serverAuth", "1.3.6.1.5.5.7.3.1"},
    {"clientAuth", "1.3.6.1.5.5.7.3.2"},
    {"codeSigning", "1.3.6.1.5.5.7.3.3"},
    {"emailProtection", "1.3.6.1.5.5.7.3.4"},
    {"ipsecEndSystem", "1.3.6.1.5.5.7.3.5"},
    {"ipsecTunnel", "1.3.6.1.5.5.7.3.6"},
    {"ipsecUser", "1.3.6.1.5.5.7.3.7"},
    {"timeStamping", "1.3.6.1.5.5.7.3.8"},
    {"eapOverPpp", "1.3.6.1.5.5.7.3.13"},
    {"eapOverLan", "1.3.6.1.5.5.7.3.14"},
    {"ipsecIke", "1.3.6.1.5.5.7.3.17"},
    {"pkinitClientAuth", "1.3.6.1.5.2.3.4"},
    {"smartcardLogon", "1.3.6.1.4.1.311.20.2.2"},
    {"encryptedFileSystem", "1.3.6.1.4.1.311.10.3.4"},
    {"documentSigning", "1.3.6.1.4.1.311.10.3.12"},
};

const char *
cf_eku_oid(const char *name)
{
    for (size_t i = 0; i < CF_COUNT(EKU); i++) {
        if (cf_text_equal_nocase(EKU[i].name, name))
            return EKU[i].oid;
    }
    return NULL;
}

const char *
cf_eku_name(const char *oid)
{
    for (size_t i = 0; i < CF_COUNT(EKU); i++) {
        if (strcmp(EKU[i].oid, oid) == 0)
            return EKU[i].name;
    }
    return NULL;
}
