/* SPDX-License-Identifier: Apache-2.0 */
/* explain_advice - from states and errors to what they mean and what a person can do. */
#include "render.h"

static const char *const states[CF_KIND_MAX_][CF_STATE_MAX_] = {
    [CF_KIND_PKCS] =
        {
            [CF_STATE_RECEIVED] = "the request is stored; policy and recipient come next.",
            [CF_STATE_ADMITTED] = "it passed the policy; a key pair comes next.",
            [CF_STATE_KEYED] = "key and certificate request are made; the CA is asked next.",
            [CF_STATE_SUBMITTED] = "the CA has it and has not decided.",
            [CF_STATE_ISSUED] = "the CA issued the certificate; sealing it to the device is next.",
            [CF_STATE_WRAPPED] = "key and certificate are sealed; the cloud gets them next.",
            [CF_STATE_DELIVERED] = "the cloud has taken the result. It is finished.",
            [CF_STATE_FAILED] = "it failed; the cloud has not been told yet.",
            [CF_STATE_REPORTED] = "it failed, and the cloud knows. It is finished.",
        },
    [CF_KIND_REVOCATION] =
        {
            [CF_STATE_RECEIVED] = "the revocation is stored; the CA is told next.",
            [CF_STATE_REVOKED] = "the CA has revoked; the cloud has not been told yet.",
            [CF_STATE_DELIVERED] = "revoked, and the cloud knows. It is finished.",
            [CF_STATE_FAILED] = "it failed; the cloud has not been told yet.",
            [CF_STATE_REPORTED] = "it failed, and the cloud knows. It is finished.",
        },
    [CF_KIND_REENCRYPT] =
        {
            [CF_STATE_RECEIVED] = "the request is stored; the kept copy is sealed anew next.",
            [CF_STATE_WRAPPED] = "key and certificate are sealed; the cloud gets them next.",
            [CF_STATE_DELIVERED] = "the cloud has taken the result. It is finished.",
            [CF_STATE_FAILED] = "it failed; the cloud has not been told yet.",
            [CF_STATE_REPORTED] = "it failed, and the cloud knows. It is finished.",
        },
    [CF_KIND_IMPORT] =
        {
            [CF_STATE_RECEIVED] = "the request is stored; its PFX is opened and sealed next.",
            [CF_STATE_WRAPPED] = "key and certificate are sealed; the cloud gets them next.",
            [CF_STATE_DELIVERED] = "the cloud has taken the result. It is finished.",
            [CF_STATE_FAILED] = "it failed; the cloud has not been told yet.",
            [CF_STATE_REPORTED] = "it failed, and the cloud knows. It is finished.",
        },
    [CF_KIND_SCEP] =
        {
            [CF_STATE_RECEIVED] = "the request is stored; profile and policy come next.",
            [CF_STATE_ADMITTED] = "it passed profile and policy; its challenge comes next.",
            [CF_STATE_KEYED] = "the challenge is good; the CA is asked next.",
            [CF_STATE_SUBMITTED] = "the CA has it and has not decided.",
            [CF_STATE_ISSUED] = "the CA issued the certificate; it is compared with what was "
                                "asked next.",
            [CF_STATE_RECORDED] = "the certificate is in the ledger; the management service hears "
                                  "of it before the device gets it.",
            [CF_STATE_DELIVERED] = "the device gets the certificate when it asks. It is finished.",
            [CF_STATE_REFUSED] = "the management service would not have the certificate; it is "
                                 "revoked next.",
            [CF_STATE_FAILED] = "it failed; the management service has not been told yet.",
            [CF_STATE_REPORTED] = "it failed, and the device is told so when it asks. It is "
                                  "finished.",
        },
};

static const char *const waits[CF_KIND_MAX_][CF_STATE_MAX_] = {
    [CF_KIND_PKCS] =
        {
            [CF_STATE_RECEIVED] = "Nothing: it goes on by itself as soon as a worker is free.",
            [CF_STATE_ADMITTED] = "Nothing: it goes on by itself as soon as a key is ready.",
            [CF_STATE_KEYED] = "Nothing: it goes on by itself as soon as a worker is free.",
            [CF_STATE_SUBMITTED] = "If the template wants an approval: for the embedded CA give it "
                                   "with `certferry approve ID` or refuse with `certferry deny "
                                   "ID`; at other CAs decide there (AD CS: Pending Requests, by "
                                   "the number above). Otherwise nothing: the CA is asked again.",
            [CF_STATE_ISSUED] = "Nothing: it goes on by itself as soon as a worker is free.",
            [CF_STATE_WRAPPED] = "Nothing while the cloud is connected (see `certferry status`).",
            [CF_STATE_FAILED] = "Nothing while the cloud is connected (see `certferry status`).",
        },
    [CF_KIND_REVOCATION] =
        {
            [CF_STATE_RECEIVED] = "Nothing: it goes on by itself as soon as a worker is free.",
            [CF_STATE_REVOKED] = "Nothing while the cloud is connected (see `certferry status`).",
            [CF_STATE_FAILED] = "Nothing while the cloud is connected (see `certferry status`).",
        },
    [CF_KIND_REENCRYPT] =
        {
            [CF_STATE_RECEIVED] = "Nothing: it goes on by itself as soon as a worker is free.",
            [CF_STATE_WRAPPED] = "Nothing while the cloud is connected (see `certferry status`).",
            [CF_STATE_FAILED] = "Nothing while the cloud is connected (see `certferry status`).",
        },
    [CF_KIND_IMPORT] =
        {
            [CF_STATE_RECEIVED] = "Nothing: it goes on by itself as soon as a worker is free.",
            [CF_STATE_WRAPPED] = "Nothing while the cloud is connected (see `certferry status`).",
            [CF_STATE_FAILED] = "Nothing while the cloud is connected (see `certferry status`).",
        },
    [CF_KIND_SCEP] =
        {
            [CF_STATE_RECEIVED] = "Nothing: it goes on by itself as soon as a worker is free.",
            [CF_STATE_ADMITTED] = "Nothing while the cloud is connected (see `certferry status`).",
            [CF_STATE_KEYED] = "Nothing: it goes on by itself as soon as a worker is free.",
            [CF_STATE_SUBMITTED] = "If the template wants an approval: for the embedded CA give it "
                                   "with `certferry approve ID` or refuse with `certferry deny "
                                   "ID`; at other CAs decide there. Otherwise nothing: the CA is "
                                   "asked again, and so is this connector by the device.",
            [CF_STATE_ISSUED] = "Nothing: it goes on by itself as soon as a worker is free.",
            [CF_STATE_RECORDED] = "Nothing while the cloud is connected (see `certferry status`).",
            [CF_STATE_REFUSED] = "Nothing while the CA can be reached: the certificate reaches no "
                                 "device.",
            [CF_STATE_FAILED] = "Nothing while the cloud is connected (see `certferry status`).",
        },
};

static const char *const errors[CF_E_MAX_] = {
    [CF_E_BUG] = "This is a fault of certferry. Keep the output of `journalctl -u certferryd -x` "
                 "and report it.",
    [CF_E_OOM] = "Give the host or the service (MemoryMax=) more memory, or lower the pools of "
                 "[keys] and [connector] cpu_workers.",
    [CF_E_STOPPED] = "The daemon was stopped meanwhile; it goes on after the next start.",
    [CF_E_SYNTAX] = "Correct the value named above in the profile; the next request takes it.",
    [CF_E_FIELD] = "The cloud sent a request without a needed member or of the wrong shape: "
                   "correct the profile, or the service that makes the requests.",
    [CF_E_RANGE] = "Correct the value named above in the profile; the next request takes it.",
    [CF_E_FACT] = "Give the variable named above a value for this user or device in the "
                  "directory, or take it out of the profile.",
    [CF_E_ENCODING] = "The cloud sent bytes that cannot be decoded; correct what the text above "
                      "names.",
    [CF_E_LIMIT] = "Make the profile's value named above smaller.",
    [CF_E_UNSUPPORTED] = "The profile asks for something that this connector or CA cannot do; "
                         "choose another setting in the profile.",
    [CF_E_POLICY] = "Allow it in the configuration ([policy NAME], [ca NAME] templates, [template "
                    "NAME]) and reload, if it is to be allowed; or correct the profile.",
    [CF_E_RECIPIENT] = "The device's encryption certificate is not trusted. Put its CA into "
                       "[recipient] ca_file, pin the key, or find out who sent it.",
    [CF_E_CRYPTO] = "Cryptography failed on the data named above; if the store key was changed, "
                    "put the old one back.",
    [CF_E_MISMATCH] = "The CA issued something else than was asked. Correct the template at the "
                      "CA, and revoke the certificate that it issued.",
    [CF_E_NOT_FOUND] = "The certificate is unknown to the CA. Check issuer and serial number.",
    [CF_E_CONFLICT] = "The same was asked for differently before. The text above names both.",
    [CF_E_CANCELLED] = "An operator ended it. The device gets a certificate when the cloud offers "
                       "a new request.",
    [CF_E_REJECTED] = "The CA refused. Its reason is above: correct the profile, the template or "
                      "the connector's rights at the CA.",
    [CF_E_CA_DOWN] = "Bring the CA back, or its network. `certferry check` tests it.",
    [CF_E_CA_BUSY] = "Nothing is to be done: as many requests as [ca NAME] max_parallel allows are "
                     "at the CA, and this one is next in turn.",
    [CF_E_CA_CONFIG] = "Do what the text above says, at the CA, its template or its account; or "
                       "correct the section [ca NAME] and reload. `certferry check` tells more.",
    [CF_E_NET] = "Check network, DNS, proxy and firewall between this host and the peer named "
                 "above.",
    [CF_E_TLS] = "Check the certificates on both sides of the connection, [cloud] ca_file, and "
                 "the clock of this host.",
    [CF_E_TIMEOUT] = "The peer named above is slow or the network loses packets; if it is always "
                     "slow, raise the timeout in its section.",
    [CF_E_HTTP] = "The service answered with an error; its text is above.",
    [CF_E_THROTTLED] = "The service asked to slow down. It is obeyed.",
    [CF_E_AUTH] = "A credential of the connector is refused; the text above says where. In the "
                  "domain: the account and its keytab or password. In the tenant: client_id, "
                  "consent, and the expiry of secret or certificate. `certferry check` tries each.",
    [CF_E_PROTOCOL] = "The peer sent an answer that the protocol does not allow. Check that a "
                      "proxy does not answer in its place.",
    [CF_E_IO] = "Reading or writing failed; the text above names the file.",
    [CF_E_DISK_FULL] = "Make room on the file system of the store.",
    [CF_E_PERMISSION] = "Correct owner or mode of what the text above names.",
    [CF_E_STORE] = "The store failed; see `certferry check` and the journal.",
    [CF_E_STORE_BUSY] = "Another process holds the database; find and end it.",
    [CF_E_STORE_CORRUPT] =
        "The database is damaged: stop the daemon, keep a copy, restore a backup.",
    [CF_E_LEASE] = "Another worker has it in hand. Try again in a moment.",
    [CF_E_CONFIG] = "Correct the configuration as the text above says, check it with `certferryd "
                    "--check`, and reload.",
    [CF_E_DIRECTORY_DOWN] = "Bring the directory back, or the way to it ([directory] uri). "
                            "`certferry check` tests it.",
    [CF_E_RATE] = "Find out why this user or device asks so often. If it is to be allowed, raise "
                  "the limit named above in its [policy NAME] and reload.",
    [CF_E_CHALLENGE] = "The device has to get another challenge and ask anew: of the management "
                       "service by checking in, or from `certferry scep challenge`. Where all "
                       "devices share one, compare it with the profile's challenge_file.",
};

static const char *const faults[] = {
    [CF_FAULT_BUG] = "The request was stopped so that nothing wrong is issued.",
    [CF_FAULT_TRANSIENT] = "It is tried again by itself; `certferry retry ID` does so at once.",
    [CF_FAULT_REQUEST] = "This request is not tried again: the cloud has to offer a new one.",
    [CF_FAULT_CONFIG] =
        "Once corrected it goes on by itself; `certferry retry ID` does so at once.",
};

const char *
cf_explain_state(enum cf_kind kind, enum cf_state state)
{
    const char *text = states[kind][state];

    return text ? text : "a state that this kind does not have.";
}

const char *
cf_explain_wait(enum cf_kind kind, enum cf_state state)
{
    return waits[kind][state];
}

const char *
cf_explain_error(enum cf_rc rc)
{
    const char *text = (unsigned)rc < CF_E_MAX_ ? errors[rc] : NULL;

    return text ? text : errors[CF_E_BUG];
}

const char *
cf_explain_fault(enum cf_kind kind, enum cf_fault fault)
{
    if (kind == CF_KIND_SCEP && fault == CF_FAULT_REQUEST)
        return "This request is not tried again: the device has to ask anew.";
    return faults[fault];
}
