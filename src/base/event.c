/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event - what certferry says, and what each of its sentences means to an administrator.
 *
 * A MESSAGE_ID is part of the interface: it never changes and is never used for another event.
 * Texts are wrapped at 76 columns. A burst of 0 is for entries that each count, as for the audit.
 */
#include "certferry/buf.h"
#include "certferry/log.h"

#define EVENT(event, id, priority_, burst, subject_, text)                                         \
    [CF_EV_##event] = {.name = #event,                                                             \
                       .message_id = (id),                                                         \
                       .priority = (priority_),                                                    \
                       .burst_per_min = (burst),                                                   \
                       .subject = (subject_),                                                      \
                       .explanation = (text)}

static const struct cf_event_info EVENTS[CF_EV_MAX_] = {
    EVENT(DAEMON_STARTED, "668252da8ba943f993d5e03309aea42f", 6, 0, "certferryd has started",
          "The configuration was read, the store and the CA backends are open and the\n"
          "service has begun to ask the management service for work.\n\n"
          "Nothing is to be done. `certferry status` shows what it works with.\n"),
    EVENT(DAEMON_STOPPING, "1203dbeac8f54ee3b9602f5646192009", 6, 0, "certferryd is stopping",
          "The service was told to stop. Steps under way are finished or given back;\n"
          "what is unfinished stays in the store and goes on after the next start.\n\n"
          "Nothing is to be done.\n"),
    EVENT(DAEMON_STOPPED, "fcc2a05c94c5423bb709c0b5e2e62c34", 6, 0, "certferryd has stopped",
          "All workers have ended and the store is closed.\n\n"
          "Nothing is to be done, unless the message names an error: then correct its\n"
          "cause and start the unit again.\n"),
    EVENT(CONFIG_RELOADED, "f68a3bd8210d41ad8762a54f2c58a5e1", 6, 0,
          "The configuration was read again",
          "The new configuration holds from now on; steps under way finish with the old\n"
          "one. Options that only hold from a start on are named in the message.\n\n"
          "`certferryd --print-config` shows the values in use.\n"),
    EVENT(CONFIG_REJECTED, "398a8730717d43dea40b10aa4291b07a", 3, 0,
          "The configuration has an error and is not used",
          "The message names file, line and option. A running service goes on with the\n"
          "configuration it has; a starting one ends with exit status 78 and is not\n"
          "restarted.\n\n"
          "Correct the file, try it with `certferryd --check`, then reload or start the\n"
          "unit.\n"),
    EVENT(CONFIG_WARNING, "57c57f160ae6492ca57b3e6274996fc3", 4, 0,
          "The configuration is allowed but risky",
          "The message names an option whose value weakens a protection or is likely\n"
          "not meant, such as a recipient check that is turned off.\n\n"
          "Change the option in /etc/certferry/certferry.conf or the file named, or\n"
          "accept that this warning comes at each start.\n"),
    EVENT(CLOUD_CONNECTED, "5387994e882b402b8ee61bdad693b31c", 5, 10,
          "The management service answers",
          "A call succeeded, for the first time since the start or after failures.\n\n"
          "Nothing is to be done. Results that waited are being delivered.\n"),
    EVENT(CLOUD_UNREACHABLE, "597a4160cf7e463d8e3c8ec32367b3e6", 4, 5,
          "The management service cannot be reached",
          "The call named in the message failed and is tried again with growing pauses.\n"
          "No request is lost meanwhile: results stay in the store, and requests that\n"
          "were not answered in time are offered again.\n\n"
          "Look at name resolution, proxy, firewall and the service's own health;\n"
          "`certferry check` tries each part and says which one fails.\n"
          "@CERTFERRY_ACTIVITY@ is the call's client-request-id, which the operator of\n"
          "the service can search for.\n"),
    EVENT(CLOUD_AUTH_REFUSED, "b3811945b33e4c6baaacdd0e246a1c22", 3, 5,
          "The management service refused our credentials",
          "The token or the client certificate was not accepted, even after a fresh one\n"
          "was fetched. No work is fetched or delivered until this is solved.\n\n"
          "Check tenant, application and credential in section [cloud], whether the\n"
          "credential has expired and whether the application still has its permission.\n"
          "`certferry check` repeats the sign-in and shows the answer. If the\n"
          "certificate was replaced, run `certferry enroll` and upload what it prints.\n"),
    EVENT(CLOUD_NONSENSE, "24779cda54d24240aa5c487b2acdb42d", 3, 5,
          "The management service gave an answer that breaks the protocol",
          "The answer was too large, not JSON or of the wrong shape, and was refused\n"
          "whole. It is asked for again later.\n\n"
          "Check that the endpoint in section [cloud] is right and that no proxy puts\n"
          "its own pages in between. If the answer stays wrong, report it to the\n"
          "operator of the service with the client-request-id @CERTFERRY_ACTIVITY@.\n"),
    EVENT(REQUEST_RECEIVED, "515a63eb5ef248ecb739c8df3aac36a8", 7, 0, "A request was received",
          "Request @CERTFERRY_REQUEST@ for device @CERTFERRY_DEVICE@ is in the store\n"
          "and will be worked on.\n\n"
          "`certferry explain @CERTFERRY_REQUEST@` shows its steps.\n"),
    EVENT(REQUEST_UNANSWERABLE, "5a55c1fbcd784cff991cdc700d3781ef", 4, 10,
          "An item of a page carries no usable request context",
          "Without its context the item can neither be worked on nor answered. It was\n"
          "left out; the rest of the page goes on. The service will offer it again.\n\n"
          "Report it to the operator of the management service with the\n"
          "client-request-id @CERTFERRY_ACTIVITY@.\n"),
    EVENT(REQUEST_WAITING, "fbb2e1b9536246c6be92a644ff1f9668", 6, 60,
          "A step failed for now and is tried again",
          "A step of request @CERTFERRY_REQUEST@ met an error that may pass: the\n"
          "message names it and the time of the next attempt.\n\n"
          "Nothing is to be done, unless the same error stays. `certferry explain\n"
          "@CERTFERRY_REQUEST@` shows all attempts; `certferry retry\n"
          "@CERTFERRY_REQUEST@` makes the next one now.\n"),
    EVENT(REQUEST_PENDING, "453335d171604062ba23aff10c3e947a", 6, 60,
          "The certification authority holds a request for approval",
          "CA @CERTFERRY_CA@ took request @CERTFERRY_REQUEST@ but wants a person to\n"
          "approve it. It is asked again from time to time, over restarts, and the\n"
          "management service is told that the request is pending.\n\n"
          "Decide it at the CA; with the embedded CA by `certferry approve\n"
          "@CERTFERRY_REQUEST@` or `certferry deny @CERTFERRY_REQUEST@`.\n"
          "`certferry cancel @CERTFERRY_REQUEST@` gives it up.\n"),
    EVENT(REQUEST_FAILED, "4f99427d8c0f4c799f0c89fd8466f902", 4, 120, "A request failed for good",
          "Request @CERTFERRY_REQUEST@ of device @CERTFERRY_DEVICE@ cannot be fulfilled\n"
          "as it is; the management service is told the reason in the message.\n\n"
          "The message names the field and what is wrong with it. Correct the\n"
          "certificate profile, the device or user data behind it, or the template; the\n"
          "device then asks again. `certferry explain @CERTFERRY_REQUEST@` shows the\n"
          "steps.\n"),
    EVENT(REQUEST_PARKED, "ca95263beed6454d80124d4816c6681d", 3, 30,
          "A request waits for the administrator",
          "Request @CERTFERRY_REQUEST@ met an error that only a change of\n"
          "configuration, permission or credential can solve. It is kept and tried\n"
          "again slowly.\n\n"
          "Solve what the message names, then run `certferry retry\n"
          "@CERTFERRY_REQUEST@`, or wait. `certferry requests` lists what else is\n"
          "waiting; `certferry check` tests the configuration.\n"),
    EVENT(POLICY_REFUSED, "bf7a051c260b4abc9a428aed1cbccc90", 4, 60,
          "A request asked for what the local policy does not allow",
          "Request @CERTFERRY_REQUEST@ for device @CERTFERRY_DEVICE@ asked for a\n"
          "certificate of template @CERTFERRY_TEMPLATE@ that this connector's policy\n"
          "forbids. The message names the part of the request, its value and the rule.\n"
          "No key was made and no CA was asked; the management service is told.\n\n"
          "This is a security event. If the request is legitimate, allow it in the\n"
          "section that the message names and reload. If it is not, find out in the\n"
          "tenant's audit log who changed the certificate profile, the user or the\n"
          "device, and when: someone who has taken over the tenant, and asks for\n"
          "another name or usage than the profile had, looks like this.\n"
          "`certferry explain @CERTFERRY_REQUEST@` shows the request's history;\n"
          "`journalctl MESSAGE_ID=bf7a051c260b4abc9a428aed1cbccc90` lists all refusals.\n"),
    EVENT(POLICY_RATE, "fae091df32134542990baa74eb568dae", 4, 30,
          "More certificates were asked for than the local policy allows in an hour",
          "Request @CERTFERRY_REQUEST@ of device @CERTFERRY_DEVICE@ was refused: the\n"
          "limit that the message names (per_user_hour, per_device_hour or per_hour of\n"
          "the [policy] section) is used up. No key was made and no CA was asked; the\n"
          "management service is told, and the device may ask again later.\n\n"
          "This is a security event. A new profile that is assigned to many devices, or\n"
          "one that asks again and again because its certificates do not install, are\n"
          "harmless causes: spread the assignment or raise the limit and reload. When\n"
          "nothing was assigned, look in the tenant's audit log for who asks: a tenant\n"
          "that was taken over is emptied fast.\n"),
    EVENT(RECIPIENT_REFUSED, "fbf75b7f145f4490845ac9781929ea9e", 3, 60,
          "A device's encryption certificate is not trusted",
          "The recipient certificate of request @CERTFERRY_REQUEST@ neither chains to\n"
          "[recipient] ca_file nor is pinned, or is expired, does not allow encryption\n"
          "or belongs to another device than @CERTFERRY_DEVICE@. Nothing was sealed to\n"
          "it.\n\n"
          "The message says which. If devices got certificates from a new CA, add it to\n"
          "the file that [recipient] ca_file names and reload. Otherwise treat it as an\n"
          "attempt to obtain a key that belongs to another device.\n"),
    EVENT(CERTIFICATE_ISSUED, "f09d65c3e9664e95ad822188caf2ba10", 5, 0, "A certificate was issued",
          "CA @CERTFERRY_CA@ issued certificate @CERTFERRY_SERIAL@ for\n"
          "@CERTFERRY_SUBJECT@. It passed the comparison with what was asked and is\n"
          "being delivered to device @CERTFERRY_DEVICE@.\n\n"
          "Nothing is to be done.\n"),
    EVENT(CERTIFICATE_RESEALED, "542e434193f843e8a42dccd47c8018a4", 5, 0,
          "A certificate was sealed to one more device",
          "Key and certificate @CERTFERRY_SERIAL@ were taken from the copy that\n"
          "[recovery] keeps and sealed to the device named, because the management\n"
          "service asked for it. From now on that device can use the key too.\n\n"
          "Nothing is to be done if the device is its user's. If it is not, revoke the\n"
          "certificate and find out who enrolled the device.\n"),
    EVENT(PFX_IMPORTED, "d909ba07b1ac48868e417341ab66ef80", 5, 0,
          "An imported PFX was sealed to a device",
          "The PFX of a request was opened with an import key and sealed to the device\n"
          "named, in the form that its platform reads.\n\n"
          "Nothing is to be done.\n"),
    EVENT(CERTIFICATE_MISMATCH, "32b0515a3bb34c3a9efbb341ec622b76", 3, 60,
          "The issued certificate is not what was asked for",
          "CA @CERTFERRY_CA@ issued certificate @CERTFERRY_SERIAL@ with another key,\n"
          "subject, name, usage or validity than request @CERTFERRY_REQUEST@ asked for;\n"
          "the message has both values. It was not delivered.\n\n"
          "Compare the template @CERTFERRY_TEMPLATE@ at the CA with the certificate\n"
          "profile: most often the template builds the subject itself or caps the\n"
          "validity. Revoke the certificate with `certferry revoke @CERTFERRY_SERIAL@`.\n"),
    EVENT(SUBMIT_REPEATED, "0e06e79a28174aa0af299c012f6cd1f9", 4, 0,
          "A request was submitted to the certification authority again",
          "The answer to the first submission of @CERTFERRY_REQUEST@ was lost and CA\n"
          "@CERTFERRY_CA@ cannot be asked for it, so the same certificate request was\n"
          "submitted once more. The CA may have issued two certificates for one key.\n\n"
          "Search the CA's list for two certificates of this subject and time; revoke\n"
          "the one that `certferry explain @CERTFERRY_REQUEST@` does not name.\n"),
    EVENT(RESULT_DELIVERED, "d48ad512f9db405dae3b22ae9ac31240", 6, 0, "A result was delivered",
          "The management service accepted the result of request @CERTFERRY_REQUEST@.\n\n"
          "Nothing is to be done; the device fetches it at its next check-in.\n"),
    EVENT(RESULT_REFUSED, "ca5e1928672e46bd8d370c1883eb583f", 3, 60,
          "The management service refused a result",
          "The service did not take the result of request @CERTFERRY_REQUEST@ and will\n"
          "not take it later; the message has its reason. A certificate that was issued\n"
          "for it will not reach the device.\n\n"
          "Read the reason: a request that was already answered elsewhere is harmless.\n"
          "Otherwise revoke the certificate with `certferry revoke @CERTFERRY_SERIAL@`\n"
          "and let the device ask again.\n"),
    EVENT(CERTIFICATE_REVOKED, "cdcbb39c3fbc409798cf30dfbaeffbae", 5, 0,
          "A certificate was revoked",
          "CA @CERTFERRY_CA@ revoked certificate @CERTFERRY_SERIAL@; the message names\n"
          "the reason.\n\n"
          "Nothing is to be done. Relying parties learn of it from the next CRL or OCSP\n"
          "answer.\n"),
    EVENT(REVOCATION_FAILED, "329557dd78594f9ca664fd6533350b99", 3, 60,
          "A certificate could not be revoked",
          "Certificate @CERTFERRY_SERIAL@ is still valid. The message says why, and\n"
          "whether the revocation is tried again.\n\n"
          "If the CA is unknown, add a [ca NAME] section for the issuer; if permission\n"
          "is missing, give the connector the right to revoke at the CA. In urgent\n"
          "cases revoke at the CA itself: the connector counts a certificate that is\n"
          "already revoked as done.\n"),
    EVENT(CA_UNAVAILABLE, "3cb873d53dd84408aee312e1fe6f4fc1", 3, 10,
          "A certification authority cannot be used",
          "CA @CERTFERRY_CA@ (backend @CERTFERRY_BACKEND@) failed as the message says.\n"
          "Its requests wait in the store; those for other CAs go on.\n\n"
          "Check that the CA runs, that its host is reachable and that key, certificate\n"
          "or program in section [ca @CERTFERRY_CA@] are right. `certferry check` tests\n"
          "it at once.\n"),
    EVENT(CA_RECOVERED, "834c91e9b67e4f15945633f515599070", 5, 10,
          "A certification authority can be used again",
          "CA @CERTFERRY_CA@ answers again; the requests that waited for it are being\n"
          "worked on.\n\n"
          "Nothing is to be done.\n"),
    EVENT(CA_PREFLIGHT_FAILED, "4cc54f2c0a764980b21febdb53bce836", 3, 50,
          "A certification authority will refuse requests",
          "CA @CERTFERRY_CA@ (backend @CERTFERRY_BACKEND@) was checked, as at every\n"
          "start and every six hours, and something is not as requests need it: they\n"
          "will fail or wait.\n\n"
          "Do what the message says. `certferry check` looks again at once and tells\n"
          "all it finds; here each thing is told once, until it was in order.\n"),
    EVENT(CA_PREFLIGHT_WARNING, "0f93f8e3032e4856be8873d5a6c04a5a", 4, 50,
          "Something about a certification authority should be looked at",
          "CA @CERTFERRY_CA@ (backend @CERTFERRY_BACKEND@) was checked. Requests are\n"
          "served, but what the message says is unsafe, or will be in the way later.\n\n"
          "Do what the message says. `certferry check` looks again at once; here each\n"
          "thing is told once, until it was in order.\n"),
    EVENT(CRL_FAILED, "f1cce6bea113468b95879e21cbcb4ad7", 3, 10,
          "The revocation list could not be published",
          "The CRL of CA @CERTFERRY_CA@ could not be written. The old list stays in\n"
          "place; once its nextUpdate has passed, relying parties may refuse every\n"
          "certificate of this CA.\n\n"
          "Check the directory named in the message: does it exist, has it space, may\n"
          "the user certferry write there? It is tried again by itself;\n"
          "`certferry status` tells whether CA @CERTFERRY_CA@ is well.\n"),
    EVENT(STORE_FAILED, "8997122b995446649b9ca4ac5091d124", 2, 5,
          "The store cannot be written or read",
          "No new work is fetched while this lasts. What was committed is safe, and the\n"
          "management service offers the rest again.\n\n"
          "Disk full: make room below /var/lib/certferry. Locked: find the process that\n"
          "holds the database. Damaged: stop the service, keep a copy of the files and\n"
          "restore the last backup. `certferry check` examines the store.\n"),
    EVENT(STORE_RECOVERED, "3334f144b3f744c9a52f23ea845aa561", 5, 5, "The store works again",
          "Reading and writing succeed again; work goes on where it stopped.\n\n"
          "Nothing is to be done.\n"),
    EVENT(CLOCK_JUMPED, "ae88583b0ba4439ea1af5db7303304a7", 4, 5, "The system clock was set",
          "The wall clock moved against the time that has really passed, by the amount\n"
          "in the message. Leases, tokens and validity times were computed with the old\n"
          "time and are checked again.\n\n"
          "Make sure that time synchronisation runs (`timedatectl`). A clock that is\n"
          "wrong by hours yields certificates that are not valid yet, or no longer.\n"),
    EVENT(CREDENTIAL_EXPIRING, "23a12a3fe81745e4aa50b49f60978504", 4, 20,
          "A credential expires soon",
          "The certificate or key named in the message expires at the time it gives and\n"
          "is not renewed by the service itself.\n\n"
          "Replace it before then, or run `certferry enroll` where the message says so,\n"
          "and reload. The warning comes again as the end comes near, until it is done.\n"),
    EVENT(CREDENTIAL_RENEWED, "2840f0e3a7954462b13ba68c1593f47b", 5, 0, "A credential was renewed",
          "A new key and certificate are in use. The former one stays valid for a\n"
          "while, so that both are accepted.\n\n"
          "Nothing is to be done, unless the message asks for the new certificate to be\n"
          "uploaded to the tenant.\n"),
    EVENT(CREDENTIAL_FAILED, "eed17d4294544531a13c127bc9eda007", 3, 5,
          "A credential could not be read or renewed",
          "The file or systemd credential named in the message is missing, unreadable,\n"
          "readable by others, or does not fit its certificate.\n\n"
          "Correct the file or the LoadCredential= line of the unit. `certferryd\n"
          "--check` examines all files that the configuration names.\n"),
    EVENT(OPERATOR_ACTION, "b9d9f0f459fc49bc8ca60fe4b89b02c5", 5, 0, "An operator gave a command",
          "A command that changes something came in over the control socket; the\n"
          "message names it and the user who sent it.\n\n"
          "Nothing is to be done. The entry is kept for the audit.\n"),
    EVENT(SCEP_STARTED, "9a50928bd37841f4803a19488ecb532f", 6, 0, "certferry-scepd has started",
          "The SCEP front door listens. What it may hand out it learns from certferryd;\n"
          "until that answers, devices are told to come again.\n\n"
          "Nothing is to be done.\n"),
    EVENT(SCEP_STOPPED, "8550365918214c3bb3cf723223119b3e", 6, 0, "certferry-scepd has stopped",
          "Requests under way were answered, or their devices told to come again.\n\n"
          "Nothing is to be done, unless the message names an error: then correct its\n"
          "cause and start the unit again.\n"),
    EVENT(SCEP_ISSUED, "6eefe2fe158d4b2b914d26799380f7ac", 6, 0,
          "A device was given its certificate by SCEP",
          "Transaction @CERTFERRY_TRANSACTION@ of profile @CERTFERRY_PROFILE@ ended\n"
          "with a certificate, which was handed to the device at @CERTFERRY_REMOTE@.\n\n"
          "Nothing is to be done. certferryd's own entry for @CERTFERRY_REQUEST@ tells\n"
          "what was issued.\n"),
    EVENT(SCEP_REFUSED, "6245a2306a2a4df28e57d9b821f59d0f", 4, 60, "A SCEP request was refused",
          "The device at @CERTFERRY_REMOTE@ was answered with the failure in the\n"
          "message (RFC 8894 section 3.2.1.4.5: badAlg, badMessageCheck, badRequest,\n"
          "badTime or badCertId). The device is not told more than that name; the\n"
          "reason follows it here.\n\n"
          "For badTime look at the clocks, for badAlg at the allow_ options of the\n"
          "profile, for badMessageCheck at what lies between device and server. With\n"
          "CERTFERRY_REQUEST, `certferry explain @CERTFERRY_REQUEST@` shows each step.\n"),
    EVENT(SCEP_LATER, "5e4f1c04166c4ed7b6c7849ba2597a48", 4, 10,
          "Devices are told to come again later",
          "A request got HTTP status 503: certferryd does not answer or could not\n"
          "finish in time, or more requests wait than [scep] max_waiting allows.\n"
          "Nothing is lost: the same request later gets the certificate that was made\n"
          "for it.\n\n"
          "Look at certferryd (`certferry status`, `systemctl status certferryd`) and\n"
          "at the CA behind it. Under mere load, raise max_waiting or add a node.\n"),
    EVENT(SCEP_WEAK_ALGORITHM, "44087c41462643848180aaa718adc60d", 5, 120,
          "A device uses a weak algorithm that the profile allows",
          "The message names it: triple or single DES, or SHA-1. The request was taken\n"
          "because profile @CERTFERRY_PROFILE@ says so.\n\n"
          "Bring the device up to date. When none is left that needs it, set\n"
          "allow_3des, allow_single_des or allow_sha1 of the profile to no.\n"),
    EVENT(SCEP_UNKNOWN_RECIPIENT, "4b0ce731710f4a17b04c819d98288f8f", 4, 20,
          "A SCEP request is encrypted to a certificate that is not ours",
          "The device at @CERTFERRY_REMOTE@ has encrypted its request to the\n"
          "certificate in the message (issuer and serial number), for which there is no\n"
          "key here.\n\n"
          "Most often a proxy or the device has kept an old answer to GetCACert: it\n"
          "must not be cached. Otherwise the device was given the RA certificate of\n"
          "another server, or of a CA's former certificate; or this node does not share\n"
          "its store with the others.\n"),
    EVENT(SCEP_PEER_REFUSED, "25f8154cf2034921a6e776431bc5242f", 4, 5,
          "A user who may not has connected to the SCEP socket",
          "Only the user that [scep] socket_user names, certferryd's own user and root\n"
          "may ask there; the connection was closed. Who can ask can have certificates\n"
          "made within the limits of the SCEP profiles.\n\n"
          "This is a security event, unless certferry-scepd runs as another user than\n"
          "[scep] socket_user says: then correct one of the two and restart. Otherwise\n"
          "find out why the named user is in the socket's group.\n"),
    EVENT(SCEP_BACKEND_AWAY, "917f9b2a32ae4c67b4a63ab588d95810", 3, 5,
          "certferryd does not answer certferry-scepd",
          "The front door cannot reach certferryd on [scep] socket; the message says\n"
          "why. Devices still get capabilities and certificates; those that ask for a\n"
          "certificate are told to come again later.\n\n"
          "Look at `systemctl status certferryd` and its journal. Both services have to\n"
          "read the same [scep] section, and the socket's directory has to let the\n"
          "user of certferry-scepd in.\n"),
    EVENT(SCEP_BACKEND_BACK, "c8e941857edb49e38724a7e5236bc169", 5, 5,
          "certferryd answers certferry-scepd",
          "Profiles and certificates were learnt, for the first time since the start or\n"
          "after certferryd was away.\n\n"
          "Nothing is to be done. Devices that were turned away come again by\n"
          "themselves.\n"),
    EVENT(RA_OBTAINED, "895599d9faa84651bdc4d2ee9e08a8f4", 5, 0,
          "The registration authority has new certificates",
          "CA @CERTFERRY_CA@ issued the certificates to which devices encrypt their\n"
          "SCEP requests and with which answers are signed. The message says from when\n"
          "on devices are shown them: all nodes change at the same time, and the keys\n"
          "before them decrypt for [scep] ra_overlap longer.\n\n"
          "Nothing is to be done, unless a proxy keeps answers to GetCACert: it must\n"
          "not.\n"),
    EVENT(RA_RETIRED, "159c0174ea34498cbfb172f77cabadf6", 6, 0,
          "Replaced keys of the registration authority were removed",
          "[scep] ra_overlap is over since new certificates of CA @CERTFERRY_CA@ took\n"
          "their place, or they were revoked. What was encrypted to them can no longer\n"
          "be read.\n\n"
          "Nothing is to be done. A device that still uses them asks for the new ones\n"
          "at its next attempt.\n"),
    EVENT(RA_PENDING, "52e71fd19a76412395d8610b4c430baa", 4, 10,
          "A certificate of the registration authority waits for approval",
          "CA @CERTFERRY_CA@ wants a person to approve the registration authority's own\n"
          "certificate. It is asked again until then; keys that are in use stay so.\n\n"
          "Approve the request at the CA, with the embedded CA by `certferry approve\n"
          "@CERTFERRY_REQUEST@`. Without usable certificates no device can enroll.\n"),
    EVENT(RA_FAILED, "6e26c2f3be0e49aeb8b92c2aed8690a4", 3, 10,
          "The registration authority gets no certificates",
          "What keeps CA @CERTFERRY_CA@ from issuing the registration authority's\n"
          "certificates stands in the message, and how many days those in use are still\n"
          "good for. It is tried again. When they have expired, or while there are\n"
          "none, no device can enroll by SCEP at this CA.\n\n"
          "Check the templates that [scep] ra_sign_template and ra_encryption_template\n"
          "name, whether the CA's section lists them, and the CA itself; `certferry\n"
          "check` tries them.\n"),
    EVENT(RA_KEY_UNREADABLE, "b543d2c1f041487e9aa41a0f30aec583", 3, 10,
          "A key of the registration authority cannot be opened",
          "The store has a key for CA @CERTFERRY_CA@ that this node cannot open: the\n"
          "file that [scep] ra_key_file names is not the one that it was sealed with,\n"
          "or the token does not have the key. Requests that come to this node and are\n"
          "encrypted to it fail.\n\n"
          "Give all nodes the same ra_key_file, or access to the same token, and\n"
          "restart certferry-scepd. When the file is lost the keys are: new ones are\n"
          "made once `certferry revoke` has revoked the certificates.\n"),
    EVENT(ENROLLMENT_ISSUED, "e1aa494c997043679a96f41afb2ecb69", 6, 0,
          "A certificate was issued for a key that a device made",
          "The certificate with serial number @CERTFERRY_SERIAL@ was issued by CA\n"
          "@CERTFERRY_CA@ and may be handed out by SCEP. Where the management service\n"
          "judged the challenge, it knows of it.\n\n"
          "Nothing is to be done. `certferry explain @CERTFERRY_REQUEST@` shows the\n"
          "steps.\n"),
    EVENT(ENROLLMENT_RENEWED, "b168aa10fd6f4b948c572ec256b359de", 6, 0,
          "A certificate of a device's own key was renewed",
          "The device signed its request with the certificate that it replaces, which\n"
          "was issued here and names the same subject and alternative names.\n\n"
          "Nothing is to be done. The old certificate stays valid until it ends or is\n"
          "revoked.\n"),
    EVENT(ENROLLMENT_REFUSED, "237d6efe69734cd0a3ae76653b9fd187", 4, 60,
          "What a device wants certified was refused",
          "No CA has heard of request @CERTFERRY_REQUEST@; the device learns no more\n"
          "than that it was bad. The message names the rule: the profile, the policy or\n"
          "the challenge. The same request is judged again when it comes again.\n\n"
          "Codes of the management service, and what they ask for:\n"
          "ChallengePasswordMissing: not a request of a managed device; look at which\n"
          "URL it used. ChallengeDecodingError, ChallengeDeserializationError: a\n"
          "challenge of another kind; the profile on the device is not Intune's.\n"
          "ChallengeDecryptionError, SignatureValidationFailed: another tenant's, or a\n"
          "damaged challenge. ChallengeExpired, ChallengeInvalidTimestamp: older than\n"
          "an hour, or a wrong clock; let the device sync again.\n"
          "BadTenantIdInChallenge: app registration and profile are of different\n"
          "tenants; correct [cloud] tenant. BadCertificateRequestIdInChallenge,\n"
          "BadDeviceIdInChallenge, BadUserIdInChallenge: tell the service's operator.\n"
          "SubjectName, SubjectAltName, KeyUsage, KeyLength and EnhancedKeyUsage with\n"
          "Missing or Mismatch: the CSR is not what the profile says; after a change of\n"
          "the profile let the device sync again. AadKeyIdentifierListMissing,\n"
          "RegisteredKeyMismatch: the device has to be registered anew.\n"
          "SigningCertThumbprintMismatch: a renewal signed with another certificate.\n"
          "ScepProfileNoLongerTargetedToTheClient: the profile was taken from the\n"
          "device since; nothing is to be done. CertificateRequestDecodingFailed: the\n"
          "CSR was changed on its way; look at proxies in front of certferry-scepd.\n"),
    EVENT(ENROLLMENT_DELAYED, "9341106b2af348fc8755761cfbcbe62d", 4, 30,
          "A device has to ask again",
          "Request @CERTFERRY_REQUEST@ could not be judged now, by no fault of its own:\n"
          "the management service, the directory or the CA does not answer, or a limit\n"
          "of the policy is reached. Nothing is done in the background; the device's\n"
          "next message begins anew.\n\n"
          "If it stays, solve what the message names. `certferry check` tries each\n"
          "part.\n"),
    EVENT(ENROLLMENT_FAILED, "4dc7b0a167a4455d87d6223c9a7da6d2", 3, 60,
          "A device's request failed after its challenge was accepted",
          "The CA refused request @CERTFERRY_REQUEST@, or did not answer for as long as\n"
          "the profile's keep_trying allows. The management service is told, and shows\n"
          "the error with the device.\n\n"
          "Correct what the message names: the CA, its template, or the profile. The\n"
          "device asks again by its own plan.\n"),
    EVENT(ENROLLMENT_WITHDRAWN, "3622329f373340c19fa377261c383e96", 3, 60,
          "The management service does not want a certificate",
          "The certificate with serial number @CERTFERRY_SERIAL@ was issued, but the\n"
          "management service refused the notification of it, or could not be reached\n"
          "for as long as the profile's keep_trying allows. The device does not get the\n"
          "certificate, and it is being revoked at CA @CERTFERRY_CA@.\n\n"
          "The message has the service's code; its operator finds the call by\n"
          "client-request-id @CERTFERRY_ACTIVITY@. The device asks again by its own\n"
          "plan.\n"),
    EVENT(RA_EXPIRING, "775b7a7c502b4c3ca3b030a818964f75", 3, 0,
          "A certificate of the SCEP registration authority ends soon",
          "certferry-scepd renews its registration authority's certificates long\n"
          "before they end, so something keeps it from doing so. When they have ended,\n"
          "no device can enroll.\n\n"
          "See that certferry-scepd runs and what its journal says, that the templates\n"
          "of [scep] ra_sign_template and ra_encryption_template are in the CA's\n"
          "templates, and that the CA issues by them: `certferry check`.\n"),
    EVENT(INTERNAL_ERROR, "e117e04bc1a34d03bb63d16765eb5aa8", 2, 10,
          "certferry met an error of its own",
          "Something happened that the program holds to be impossible. The request\n"
          "concerned was stopped without being answered wrongly; the rest goes on.\n\n"
          "Please report it with this entry, the output of `certferry explain\n"
          "@CERTFERRY_REQUEST@` and the version that `certferryd --version` prints.\n"),
};

const struct cf_event_info *
cf_event_info(enum cf_event event)
{
    if ((unsigned)event >= CF_EV_MAX_)
        event = CF_EV_INTERNAL_ERROR;
    return &EVENTS[event];
}

enum cf_rc
cf_log_catalog(struct cf_buf *out, struct cf_err *err)
{
    CF_TRY(cf_buf_append_str(out, "# SPDX-License-Identifier: Apache-2.0\n", err));
    for (unsigned i = 0; i < CF_EV_MAX_; i++) {
        const struct cf_event_info *info = &EVENTS[i];
        CF_TRY(cf_buf_appendf(out, err,
                              "\n-- %s\n"
                              "Subject: %s\n"
                              "Defined-By: certferry\n"
                              "Documentation: man:certferryd(8)\n"
                              "\n%s",
                              info->message_id, info->subject, info->explanation));
    }
    return CF_OK;
}
