/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"

#include <string.h>

#include "certferry/config.h"

#define END                                                                                        \
    {                                                                                              \
        NULL, 0, NULL, NULL, NULL                                                                  \
    }
#define OUTPUT                                                                                     \
    {                                                                                              \
        "output", 'o', "FILE", NULL, "write to FILE, not to standard output"                       \
    }

const struct cf_tool_option cf_tool_global_options[] = {
    {"config", 'c', "FILE", NULL, "read FILE and FILE.d (default " CF_CONFIG_PATH ")"},
    {"socket", 's', "PATH", NULL, "the daemon's control socket (default: as configured)"},
    {"json", 0, NULL, NULL, "print the result as one JSON document"},
    {"timeout", 0, "DURATION", NULL, "wait for the daemon (default 30s, revoke 2m, check 3m)"},
    {"help", 'h', NULL, NULL, "this text, or the command's"},
    {"version", 0, NULL, NULL, "the version"},
    END,
};

static const struct cf_tool_option no_options[] = {END};

static const struct cf_tool_option requests_options[] = {
    {"state", 0, "STATE",
     "received admitted keyed submitted issued wrapped delivered failed reported revoked "
     "recorded refused",
     "only those in STATE"},
    {"device", 0, "ID", NULL, "only those of this device"},
    {"limit", 0, "N", NULL, "at most N, 1 to 1000 (default 100)"},
    {"all", 0, NULL, NULL, "all of them, page by page"},
    END,
};

static const struct cf_tool_option ca_cert_options[] = {
    {"der", 0, NULL, NULL, "DER in place of PEM"},
    {"root", 0, NULL, NULL, "the root certificate"},
    {"chain", 0, NULL, NULL, "all certificates, issuing CA first"},
    OUTPUT,
    END,
};

static const struct cf_tool_option recipient_info_options[] = {OUTPUT, END};

static const struct cf_tool_option revoke_options[] = {
    {"issuer", 0, "DN", NULL, "issuer, when several CAs used the serial number"},
    {"reason", 0, "NAME",
     "unspecified keyCompromise cACompromise affiliationChanged superseded cessationOfOperation "
     "certificateHold privilegeWithdrawn aACompromise",
     "CRL reason (RFC 5280); default: as configured"},
    END,
};

static const struct cf_tool_option expiring_options[] = {
    {"days", 0, "N", NULL, "those that end within N days, 1 to 3660 (default 30)"},
    {"due", 0, NULL, NULL, "those whose renewal threshold is reached"},
    {"ended", 0, NULL, NULL, "those that ended within the last N days"},
    {"limit", 0, "N", NULL, "at most N, 1 to 1000 (default 100)"},
    {"all", 0, NULL, NULL, "all of them, page by page"},
    END,
};

static const struct cf_tool_option check_options[] = {
    {"offline", 0, NULL, NULL, "look at configuration and files only, without the daemon"},
    END,
};

static const struct cf_tool_option policy_test_options[] = {
    {"offline", 0, NULL, NULL, "judge by the configuration only, without daemon and directory"},
    END,
};

static const struct cf_tool_option scep_challenge_options[] = {
    {"subject", 0, "DN", NULL, "good for this distinguished name alone"},
    {"lifetime", 0, "DURATION", NULL, "how long it is good, 1m to 30d (default 1h)"},
    END,
};

static const struct cf_tool_option enroll_options[] = {
    {"force", 0, NULL, NULL, "replace an identity that is there"},
    {"lifetime", 0, "DURATION", NULL, "validity of the certificate (default: as configured)"},
    OUTPUT,
    END,
};

static const struct cf_tool_option import_key_options[] = {
    OUTPUT,
    {"force", 0, NULL, NULL, "replace a file that is there"},
    {"public", 0, NULL, NULL, "the public half alone, for whoever encrypts passwords"},
    {"name", 0, "NAME", NULL, "keyName of the imports, for the section that is printed"},
    {"provider", 0, "NAME", NULL, "providerName of the imports, for the same"},
    {"test", 0, "NAME", NULL, "try the key of the section [import-key NAME]"},
    END,
};

const struct cf_tool_command cf_tool_commands[] = {
    {"status", cf_tool_status, NULL, NULL, no_options, "how the connector fares",
     "One screen: the cloud connection, requests and revocations by state, the CAs, keys held "
     "ready, and the standing duties, those that fail first."},
    {"requests", cf_tool_requests, NULL, NULL, requests_options, "list requests",
     "Lists requests and revocations that the store still holds, oldest first."},
    {"explain", cf_tool_explain, "ID", NULL, no_options, "what happened to a request",
     "Shows the history of a request, its state, what it waits for and what to do about it. ID is "
     "the request context that `certferry requests` lists."},
    {"retry", cf_tool_retry, "ID", NULL, no_options, "let a waiting request try again at once",
     "Ends the waiting time of a request. A finished request stays finished."},
    {"cancel", cf_tool_cancel, "ID", NULL, no_options, "end a request as failed",
     "Ends a request that has no certificate yet; the cloud is told that it failed."},
    {"approve", cf_tool_approve, "ID", NULL, no_options, "approve a request that waits for it",
     "For CAs of backend local whose template has approval = yes."},
    {"deny", cf_tool_deny, "ID", NULL, no_options, "deny a request that waits for approval",
     "The request ends as failed, and the cloud is told so."},
    {"ca-cert", cf_tool_ca_cert, "NAME", NULL, ca_cert_options, "print a CA's certificate",
     "NAME is that of the section [ca NAME]. Without an option the issuing CA's certificate is "
     "printed as PEM, for the trusted-certificate profile of the devices."},
    {"recipient-info", cf_tool_recipient_info, NULL, NULL, recipient_info_options,
     "print the certificate that signs the envelopes",
     "For whoever verifies that a PFX envelope came from this connector."},
    {"revoke", cf_tool_revoke, "SERIAL", NULL, revoke_options, "revoke a certificate",
     "Revokes at the CA that issued it. SERIAL is hexadecimal; case, colons and leading zeros do "
     "not matter. A certificate that is revoked already is a success, and the output says so."},
    {"expiring", cf_tool_expiring, NULL, NULL, expiring_options,
     "list certificates that end soon or wait for their renewal",
     "Lists certificates that are neither revoked nor replaced by a newer one, oldest first. With "
     "--due: those whose share of lifetime left has fallen to the renewal threshold of their "
     "profile, but that no device has renewed yet. An iOS or macOS device does not try again once "
     "its certificate has ended; then the profile has to be assigned anew."},
    {"check", cf_tool_check, NULL, NULL, check_options, "look for what is not in order",
     "Asks the daemon to test configuration, files, store, cloud and CAs. When the daemon does "
     "not run, or with --offline, only the configuration and its files are looked at. Exit code 4 "
     "when there are errors, 5 when there are only warnings."},
    {"lint-profile", cf_tool_lint_profile, "FILE", NULL, no_options,
     "find what in a profile will fail later",
     "Reads a PKCS certificate profile, as the Connector API or Microsoft Graph writes it in JSON, "
     "tries its names out, asks the configuration's policy, and tells the known traps of the "
     "platforms. Exit code 4 when there are errors, 5 when there are only warnings."},
    {"policy test", cf_tool_policy_test, "FILE", NULL, policy_test_options,
     "what the policy makes of a request",
     "Explains rule by rule whether a request would be served. FILE is the request as the "
     "Connector API offers it, JSON of up to 1 MiB. The running daemon judges it, with its "
     "directory; when it does not run, or with --offline, the configuration alone does, and rules "
     "that need the directory are not judged. Exit code 0 when it is allowed, 4 when it is "
     "refused, 5 when that hangs on a rule that could not be judged."},
    {"adcs discover", cf_tool_adcs_discover, NULL, NULL, no_options,
     "list the CAs and templates of Active Directory",
     "Asks the directory for its CAs (AD CS), their templates, what speaks against each, and "
     "whether the connector's account may enroll by it, and prints the sections [ca] and "
     "[template] to paste. Needs [directory] and the running daemon."},
    {"scep challenge", cf_tool_scep_challenge, "PROFILE", NULL, scep_challenge_options,
     "make a challenge for one SCEP request",
     "Prints a challenge that one device can use once, within its lifetime, for a profile with "
     "challenge = one-time. The challenge alone goes to standard output, and nothing keeps it: who "
     "loses it makes another."},
    {"scep status", cf_tool_scep_status, NULL, NULL, no_options, "how the SCEP front door fares",
     "Whether certferry-scepd is connected, requests by state, the profiles, and for each CA the "
     "certificates of its registration authority: those that GetCACert shows, those that come "
     "next, and those whose keys still open requests of devices that know the old ones."},
    {"enroll", cf_tool_enroll, NULL, NULL, enroll_options,
     "make the key with which the connector signs in",
     "For [cloud] auth = certificate: makes an RSA key and a self-signed certificate, keeps both "
     "in the assertion_file, prints the certificate, and says what the tenant's administrator has "
     "to do with it. An identity that is there is kept unless --force is given."},
    {"import-key", cf_tool_import_key, "[FILE]", NULL, import_key_options,
     "take over the key for the passwords of imported PFX files",
     "Reads a private RSA key that Windows exported (CNG, RSAFULLPRIVATEBLOB) or a PEM file, "
     "checks it, writes it as PEM (mode 0600) to the file of --output, and prints the section for "
     "the configuration. With --public: the public half of it, or of an RSAPUBLICBLOB, as PEM. "
     "With --test: encrypts and decrypts a trial password with a configured key, wherever it is."},
    {"help", cf_tool_help, "[COMMAND]", NULL, no_options, "describe a command",
     "Without COMMAND: the list of commands."},
    {"completion", cf_tool_completion, "bash", "bash", no_options, "print a completion script",
     "Use it with: source <(certferry completion bash)"},
};
const size_t cf_tool_n_commands = CF_COUNT(cf_tool_commands);

bool
cf_tool_is_of_group(const struct cf_tool_command *command, const char *group)
{
    size_t len = strlen(group);

    return strncmp(command->name, group, len) == 0 && command->name[len] == ' ';
}

const struct cf_tool_command *
cf_tool_find_command(const char *name)
{
    for (size_t i = 0; i < cf_tool_n_commands; i++) {
        if (strcmp(cf_tool_commands[i].name, name) == 0)
            return &cf_tool_commands[i];
    }
    return NULL;
}
