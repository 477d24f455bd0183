/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - one journal entry per event, with a MESSAGE_ID and fields an administrator can filter by.
 *
 * Library folders do not log; the step runner, the duties, the daemon and the tools do. Each event
 * has a row in src/base/event.c: its MESSAGE_ID, priority, catalog subject and the text that
 * says what happened, what it means and what to do. The catalog file is generated from it.
 *
 * Under systemd (JOURNAL_STREAM names our stderr) entries go to the journal with native fields;
 * otherwise one line each to stderr: "<priority> EVENT message key=value ...".
 * Thread-safe. Field values and messages are made safe for a terminal first.
 */
#pragma once

#include <stdint.h>

#include "certferry/err.h"

#define CF_EVENT_LIST(X)                                                                           \
    X(DAEMON_STARTED)                                                                              \
    X(DAEMON_STOPPING)                                                                             \
    X(DAEMON_STOPPED)                                                                              \
    X(CONFIG_RELOADED)                                                                             \
    X(CONFIG_REJECTED)                                                                             \
    X(CONFIG_WARNING)                                                                              \
    X(CLOUD_CONNECTED)                                                                             \
    X(CLOUD_UNREACHABLE)                                                                           \
    X(CLOUD_AUTH_REFUSED)                                                                          \
    X(CLOUD_NONSENSE)                                                                              \
    X(REQUEST_RECEIVED)                                                                            \
    X(REQUEST_UNANSWERABLE)                                                                        \
    X(REQUEST_WAITING)                                                                             \
    X(REQUEST_PENDING)                                                                             \
    X(REQUEST_FAILED)                                                                              \
    X(REQUEST_PARKED)                                                                              \
    X(POLICY_REFUSED)                                                                              \
    X(POLICY_RATE)                                                                                 \
    X(RECIPIENT_REFUSED)                                                                           \
    X(CERTIFICATE_ISSUED)                                                                          \
    X(CERTIFICATE_RESEALED)                                                                        \
    X(PFX_IMPORTED)                                                                                \
    X(CERTIFICATE_MISMATCH)                                                                        \
    X(SUBMIT_REPEATED)                                                                             \
    X(RESULT_DELIVERED)                                                                            \
    X(RESULT_REFUSED)                                                                              \
    X(CERTIFICATE_REVOKED)                                                                         \
    X(REVOCATION_FAILED)                                                                           \
    X(CA_UNAVAILABLE)                                                                              \
    X(CA_RECOVERED)                                                                                \
    X(CA_PREFLIGHT_FAILED)                                                                         \
    X(CA_PREFLIGHT_WARNING)                                                                        \
    X(CRL_FAILED)                                                                                  \
    X(STORE_FAILED)                                                                                \
    X(STORE_RECOVERED)                                                                             \
    X(CLOCK_JUMPED)                                                                                \
    X(CREDENTIAL_EXPIRING)                                                                         \
    X(CREDENTIAL_RENEWED)                                                                          \
    X(CREDENTIAL_FAILED)                                                                           \
    X(OPERATOR_ACTION)                                                                             \
    X(SCEP_STARTED)                                                                                \
    X(SCEP_STOPPED)                                                                                \
    X(SCEP_ISSUED)                                                                                 \
    X(SCEP_REFUSED)                                                                                \
    X(SCEP_LATER)                                                                                  \
    X(SCEP_WEAK_ALGORITHM)                                                                         \
    X(SCEP_UNKNOWN_RECIPIENT)                                                                      \
    X(SCEP_PEER_REFUSED)                                                                           \
    X(SCEP_BACKEND_AWAY)                                                                           \
    X(SCEP_BACKEND_BACK)                                                                           \
    X(RA_OBTAINED)                                                                                 \
    X(RA_RETIRED)                                                                                  \
    X(RA_PENDING)                                                                                  \
    X(RA_FAILED)                                                                                   \
    X(RA_KEY_UNREADABLE)                                                                           \
    X(ENROLLMENT_ISSUED)                                                                           \
    X(ENROLLMENT_RENEWED)                                                                          \
    X(ENROLLMENT_REFUSED)                                                                          \
    X(ENROLLMENT_DELAYED)                                                                          \
    X(ENROLLMENT_FAILED)                                                                           \
    X(ENROLLMENT_WITHDRAWN)                                                                        \
    X(RA_EXPIRING)                                                                                 \
    X(INTERNAL_ERROR)

enum cf_event {
#define X(name) CF_EV_##name,
    CF_EVENT_LIST(X)
#undef X
        CF_EV_MAX_
};

/* Optional fields; NULL or zero members are left out. Texts are borrowed for the call. */
struct cf_log_fields {
    const char *request;       /* CERTFERRY_REQUEST: the request context */
    const char *kind;          /* CERTFERRY_KIND: cf_kind_name */
    const char *state;         /* CERTFERRY_STATE */
    const char *device;        /* CERTFERRY_DEVICE: the device id */
    const char *ca;            /* CERTFERRY_CA: name of the [ca NAME] section */
    const char *backend;       /* CERTFERRY_BACKEND: local, exec */
    const char *template_name; /* CERTFERRY_TEMPLATE */
    const char *serial;        /* CERTFERRY_SERIAL: upper-case hex */
    const char *subject;       /* CERTFERRY_SUBJECT */
    const char *activity;      /* CERTFERRY_ACTIVITY: client-request-id of the cloud call */
    const char *transaction;   /* CERTFERRY_TRANSACTION: SCEP's transaction id */
    const char *profile;       /* CERTFERRY_PROFILE: name of the [scep-profile NAME] section */
    const char *remote;        /* CERTFERRY_REMOTE: the device's address, or its proxy's */
    const struct cf_err *err;  /* CERTFERRY_ERROR (name), CERTFERRY_FAULT, CERTFERRY_NATIVE; its
                                  text is appended to the message after ": " */
};

struct cf_event_info {
    const char *name;        /* "CERTIFICATE_ISSUED" */
    const char *message_id;  /* 32 lower-case hex digits */
    int priority;            /* syslog: 3 error .. 7 debug */
    unsigned burst_per_min;  /* entries per minute before suppression; 0 = never suppressed */
    const char *subject;     /* catalog subject */
    const char *explanation; /* catalog body, wrapped at 76 columns; may use @FIELD@ references */
};
const struct cf_event_info *cf_event_info(enum cf_event event);

/* The one call that logs. Entries over the event's burst are counted; the next entry that passes
 * says how many were left out. */
void cf_log(enum cf_event event, const struct cf_log_fields *fields, const char *format, ...)
    CF_PRINTF(3, 4);

/* Below this priority nothing is written (default 6, info). */
void cf_log_set_level(int priority);
/* For tests: takes each formatted entry instead of journal and stderr; NULL restores. */
typedef void cf_log_sink_fn(void *arg, enum cf_event event, int priority, const char *message,
                            const struct cf_log_fields *fields);
void cf_log_set_sink(cf_log_sink_fn *sink, void *arg);
/* Writes the journal catalog (English) built from the event table. */
struct cf_buf;
CF_MUST_USE enum cf_rc cf_log_catalog(struct cf_buf *out, struct cf_err *err);
