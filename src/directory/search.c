/* SPDX-License-Identifier: Apache-2.0 */
/* search - one search, page by page, that can be given up at any time. */
#include <string.h>

#include "certferry/stop.h"

#include "explain.h"
#include "parts.h"

enum cf_rc
cf_ldap_await(struct cf_ldap_conn *conn, int msgid, const char *doing, LDAPMessage **ret_message,
              struct cf_err *err)
{
    for (;;) {
        struct timeval slice = {.tv_usec = CF_STOP_POLL_MS * 1000};
        LDAPMessage *message = NULL;
        int code = LDAP_OTHER;

        int kind = ldap_result(conn->ld, msgid, LDAP_MSG_ALL, &slice, &message);
        if (kind > 0) {
            *ret_message = message;
            return CF_OK;
        }
        if (kind == 0 && cf_ldap_may_wait(conn))
            continue;
        conn->is_lost = true;
        CF_TRY(cf_ldap_interrupted(conn, doing, err));
        (void)ldap_get_option(conn->ld, LDAP_OPT_RESULT_CODE, &code);
        return cf_fail(err, CF_E_DIRECTORY_DOWN, "%s: %s: the server hung up (%d %s)", conn->uri,
                       doing, code, ldap_err2string(code));
    }
}

enum cf_rc
cf_ldap_value(LDAP *ld, LDAPMessage *entry, const char *attribute, struct berval ***ret_values,
              struct cf_err *err)
{
    struct berval **values = ldap_get_values_len(ld, entry, attribute);
    int n = ldap_count_values_len(values);

    if (n > 1) {
        ldap_value_free_len(values);
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory has %d values of %s where there should be one", n, attribute);
    }
    *ret_values = values;
    return CF_OK;
}

/* The page's cookie; empty after the last. */
static enum cf_rc
take_cookie(struct cf_ldap_conn *conn, LDAPControl **controls, struct berval *cookie,
            struct cf_err *err)
{
    LDAPControl *page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
    ber_int_t estimate = 0;

    ber_memfree(cookie->bv_val);
    *cookie = (struct berval){0};
    if (page && ldap_parse_pageresponse_control(conn->ld, page, &estimate, cookie) != LDAP_SUCCESS)
        return cf_fail(err, CF_E_PROTOCOL, "%s: search: a page that cannot be read", conn->uri);
    return CF_OK;
}

static enum cf_rc
fail(struct cf_ldap_conn *conn, int code, const char *diagnostic, struct cf_err *err)
{
    CF_TRY(cf_ldap_interrupted(conn, "search", err));
    if (code == LDAP_SERVER_DOWN || code == LDAP_UNAVAILABLE || code == LDAP_OPERATIONS_ERROR)
        conn->is_lost = true;
    return cf_ldap_explain(CF_LDAP_STAGE_SEARCH, conn->uri, code, diagnostic, err);
}

/* The final message of a page; size limits are no failure, what was found counts. */
static enum cf_rc
take_end(struct cf_ldap_conn *conn, LDAPMessage *message, struct berval *cookie, struct cf_err *err)
{
    LDAPControl **controls = NULL;
    char *diagnostic = NULL;
    int answer = LDAP_OTHER;
    enum cf_rc rc = CF_OK;

    int code = ldap_parse_result(conn->ld, message, &answer, NULL, &diagnostic, NULL, &controls, 0);
    if (code != LDAP_SUCCESS)
        rc = fail(conn, code, NULL, err);
    else if (answer == LDAP_NO_SUCH_OBJECT)
        rc = cf_fail(err, CF_E_NOT_FOUND, "%s: search: there is no such entry; check base",
                     conn->uri);
    else if (answer != LDAP_SUCCESS && answer != LDAP_SIZELIMIT_EXCEEDED)
        rc = fail(conn, answer, diagnostic, err);
    else
        rc = take_cookie(conn, controls, cookie, err);
    ldap_memfree(diagnostic);
    ldap_controls_free(controls);
    return rc;
}

static enum cf_rc
take_page(struct cf_ldap_conn *conn, LDAPMessage *chain, cf_ldap_entry_fn *take_entry, void *arg,
          struct berval *cookie, struct cf_err *err)
{
    for (LDAPMessage *message = ldap_first_message(conn->ld, chain); message;
         message = ldap_next_message(conn->ld, message)) {
        int kind = ldap_msgtype(message);
        if (kind == LDAP_RES_SEARCH_ENTRY)
            CF_TRY(take_entry(arg, conn->ld, message, err));
        else if (kind == LDAP_RES_SEARCH_RESULT)
            return take_end(conn, message, cookie, err);
        /* References to other servers are not followed. */
    }
    conn->is_lost = true;
    return cf_fail(err, CF_E_PROTOCOL, "%s: search: an answer without an end", conn->uri);
}

struct question {
    const char *base;
    int scope;
    const char *filter;
    char **attributes;
    bool wants_dacl;
};

/* SEQUENCE { INTEGER 5 }: OWNER_ and DACL_SECURITY_INFORMATION, which the same right shows. */
static LDAPControl *
dacl_control(void)
{
    static char oid[] = "1.2.840.113556.1.4.801";
    static char flags[] = {0x30, 0x03, 0x02, 0x01, 0x05};
    static LDAPControl control = {.ldctl_oid = oid,
                                  .ldctl_value = {.bv_len = sizeof flags, .bv_val = flags}};

    return &control;
}

static enum cf_rc
ask_page(struct cf_ldap_conn *conn, const struct question *question, struct berval *cookie,
         LDAPMessage **ret_chain, struct cf_err *err)
{
    uint64_t timeout_ms = conn->ldap->settings->timeout_ms;
    /* The server counts in seconds; it may give up a little later than we do. */
    struct timeval limit = {.tv_sec = (time_t)(timeout_ms / 1000 + 1)};
    LDAPControl *page = NULL;
    int msgid = 0;

    if (ldap_create_page_control(conn->ld, CF_LDAP_PAGE_SIZE, cookie->bv_val ? cookie : NULL, 0,
                                 &page) != LDAP_SUCCESS)
        return cf_fail_oom(err);
    LDAPControl *controls[] = {page, question->wants_dacl ? dacl_control() : NULL, NULL};
    int code =
        ldap_search_ext(conn->ld, question->base, question->scope, question->filter,
                        question->attributes, 0, controls, NULL, &limit, LDAP_NO_LIMIT, &msgid);
    ldap_control_free(page);
    if (code != LDAP_SUCCESS)
        return fail(conn, code, NULL, err);
    return cf_ldap_await(conn, msgid, "search", ret_chain, err);
}

static enum cf_rc
search(struct cf_ldap_conn *conn, const struct question *question, struct berval *cookie,
       cf_ldap_entry_fn *take_entry, void *arg, struct cf_err *err)
{
    for (unsigned n = 0; n < CF_LDAP_PAGES_MAX; n++) {
        LDAPMessage *chain = NULL;
        CF_TRY(ask_page(conn, question, cookie, &chain, err));
        enum cf_rc rc = take_page(conn, chain, take_entry, arg, cookie, err);
        ldap_msgfree(chain);
        if (rc != CF_OK)
            return rc;
        if (cookie->bv_len == 0)
            return CF_OK;
    }
    return cf_fail(err, CF_E_PROTOCOL, "%s: search: more than %d pages", conn->uri,
                   CF_LDAP_PAGES_MAX);
}

static enum cf_rc
search_all(struct cf_ldap_conn *conn, struct question *question, const char *const *attributes,
           cf_ldap_entry_fn *take_entry, void *arg, struct cf_err *err)
{
    struct berval cookie = {0};

    /* libldap's type wants a pointer to what it does not change. */
    memcpy(&question->attributes, &attributes, sizeof question->attributes);
    enum cf_rc rc = search(conn, question, &cookie, take_entry, arg, err);
    ber_memfree(cookie.bv_val);
    return rc;
}

enum cf_rc
cf_ldap_search(struct cf_ldap_conn *conn, const char *base, int scope, const char *filter,
               const char *const *attributes, cf_ldap_entry_fn *take_entry, void *arg,
               struct cf_err *err)
{
    struct question question = {.base = base, .scope = scope, .filter = filter};

    return search_all(conn, &question, attributes, take_entry, arg, err);
}

enum cf_rc
cf_ldap_search_dacl(struct cf_ldap_conn *conn, const char *base, int scope, const char *filter,
                    const char *const *attributes, cf_ldap_entry_fn *take_entry, void *arg,
                    struct cf_err *err)
{
    struct question question = {.base = base, .scope = scope, .filter = filter, .wants_dacl = true};

    return search_all(conn, &question, attributes, take_entry, arg, err);
}
