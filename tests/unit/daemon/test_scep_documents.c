/* SPDX-License-Identifier: Apache-2.0 */
/* What comes over the SCEP socket is checked first; the registration authority's documents. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certferry/identity.h"
#include "certferry/scep.h"
#include "certferry/text.h"
#include "unit/daemon/scep_fakes.h"
#include "unit/daemon/scep_lab.h"

static void
members_are_checked_before_anything_is_taken_in(void **state)
{
    static const struct {
        const char *request;
        const char *part;
    } cases[] = {
        {SCEP_LAB_ENROLL(61), "waitSeconds: must be from 0 to 60"},
        {SCEP_LAB_ENROLL(-1), "waitSeconds"},
        {"{\"command\":\"enroll\",\"profile\":\"p\",\"type\":\"CertPoll\",\"transactionId\":\"t\","
         "\"csr\":\"AAAA\",\"signer\":\"AAAA\"}\n",
         "type: must be PKCSReq or RenewalReq"},
        {"{\"command\":\"enroll\",\"profile\":\"p\",\"type\":\"PKCSReq\",\"transactionId\":\"\","
         "\"csr\":\"AAAA\",\"signer\":\"AAAA\"}\n",
         "transactionId"},
        {"{\"command\":\"enroll\",\"profile\":\"p\",\"type\":\"PKCSReq\",\"transactionId\":\"t\","
         "\"csr\":\"AA A\",\"signer\":\"AAAA\"}\n",
         "csr: "},
        {"{\"command\":\"poll\",\"profile\":\"p\",\"transactionId\":\"t\"}\n",
         "signer: is missing"},
        {"{\"command\":\"look\",\"context\":7}\n", "context: must be a string"},
        {"{\"command\":\"ra-request\",\"ca\":\"corp\",\"role\":\"none\",\"csr\":\"AAAA\"}\n",
         "role: must be sign, encryption or both"},
        {"{\"command\":\"ra-put\",\"ca\":\"nowhere\",\"version\":0,\"document\":{}}\n",
         "there is no [ca nowhere]"},
        {"{\"command\":\"ra-put\",\"ca\":\"corp\",\"version\":-1,\"document\":{}}\n", "version"},
        {"{\"command\":\"ra-put\",\"ca\":\"corp\",\"version\":0,\"document\":\"x\"}\n",
         "document: must be an object"},
        {"{\"command\":\"status\"}\n", "CF_E_UNSUPPORTED"},
        {"\x00\xff garbage\n", "CF_E_ENCODING"},
        {"[]\n", "CF_E_FIELD"},
    };
    int fd = scep_lab_connect();

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        if (cases[i].request[0] == '\0')
            assert_int_equal(send(fd, cases[i].request, 11, MSG_NOSIGNAL), 11);
        else
            scep_lab_send(fd, cases[i].request);
        scep_lab_expect(fd, cases[i].part);
    }
    assert_int_equal(scep_fakes_enrolls(), 0);
    close(fd);
}

/* The registration authority's document with the kit's one certificate; malloc'd. */
static char *
ra_put_line(int64_t version, const char *replaced)
{
    cf_own_str cert = NULL;
    char *line = NULL;

    assert_int_equal(
        cf_text_base64(cf_cert_der(cf_identity_cert(scep_lab.kit.site->signer)), &cert, NULL),
        CF_OK);
    assert_true(asprintf(&line,
                         "{\"command\":\"ra-put\",\"ca\":\"corp\",\"version\":%d,\"document\":"
                         "{\"generations\":[{\"made\":\"2026-01-01T00:00:00Z\",\"activeFrom\":"
                         "\"2026-01-01T00:00:00Z\",\"replaced\":%s,\"sign\":{\"certificate\":"
                         "\"%s\",\"key\":\"AAAA\"},\"encryption\":{\"certificate\":\"%s\","
                         "\"key\":\"AAAA\"}}],\"pending\":null}}\n",
                         (int)version, replaced, cert, cert) > 0);
    return line;
}

/* Enters it in the ledger, as a certificate of CA corp that was revoked. */
static void
revoke_signer(void)
{
    struct cf_store *store = scep_lab.kit.daemon.store;
    const struct cf_cert *cert = cf_identity_cert(scep_lab.kit.site->signer);
    cf_own(cf_item) item = cf_item_new(CF_KIND_SCEP, "ra");
    cf_own(cf_item) claimed = NULL;
    struct cf_item *items[] = {item};
    enum cf_reception reception;
    int64_t now = cf_clock_now_ms(cf_clock_real());
    char ca[] = "corp", context[] = "ra", name[] = "CN=x", serial[CF_SERIAL_TEXT_SIZE], thumb[64];
    struct cf_ledger ledger = {0};

    assert_non_null(item);
    item->body = cf_buf_copy(cf_bytes_of("{}", 2));
    item->lease_until_ms = now + 1000000;
    assert_int_equal(store->ops->receive(store, items, 1, &reception, NULL), CF_OK);
    assert_int_equal(store->ops->claim_one(store, "node1", CF_KIND_SCEP, "ra", now, now + 100000,
                                           &claimed, NULL),
                     CF_OK);
    (void)snprintf(serial, sizeof serial, "%s", cf_cert_serial(cert));
    (void)snprintf(thumb, sizeof thumb, "%s", cf_cert_thumbprint(cert));
    struct cf_ledger_entry entry = {.context = context,
                                    .ca = ca,
                                    .subject = name,
                                    .issuer = name,
                                    .serial = serial,
                                    .thumbprint = thumb,
                                    .not_after_ms = cf_cert_not_after_ms(cert),
                                    .issued_ms = now};
    entry.cert = cf_buf_copy(cf_cert_der(cert));
    claimed->state = CF_STATE_DELIVERED;
    const struct cf_change change = {.item = claimed, .from = CF_STATE_RECEIVED, .issued = &entry};
    assert_int_equal(store->ops->commit(store, "node1", &change, 1, NULL), CF_OK);
    cf_buf_free(entry.cert);
    assert_int_equal(store->ops->ledger(store,
                                        &(struct cf_ledger_filter){.serial = serial, .limit = 1},
                                        &ledger, NULL),
                     CF_OK);
    assert_int_equal(ledger.n, 1);
    assert_int_equal(store->ops->ledger_revoke(store, ledger.entry[0]->id, now, 1, NULL), CF_OK);
    cf_ledger_done(&ledger);
}

static void
a_document_is_kept_and_tells_what_was_revoked(void **state)
{
    static const char ra_get[] = "{\"command\":\"ra-get\",\"ca\":\"corp\"}\n";
    cf_own_str first = ra_put_line(0, "null");
    cf_own_str second = ra_put_line(1, "\"2026-02-01T00:00:00Z\"");
    char revoked[256];
    int fd = scep_lab_connect();

    (void)state;
    scep_lab_send(fd, ra_get);
    scep_lab_expect(fd, "{\"version\":0,\"document\":null,\"revoked\":[]}}");
    scep_lab_send(fd, first);
    scep_lab_expect(fd, "{\"ok\":true,\"result\":{\"version\":1}}");
    scep_lab_send(fd, first);
    scep_lab_expect(fd, "CF_E_CONFLICT");
    scep_lab_send(fd, second);
    scep_lab_expect(fd, "{\"version\":2}");
    scep_lab_send(fd, ra_get);
    scep_lab_expect(fd, "\"replaced\":\"2026-02-01T00:00:00Z\"");
    revoke_signer();
    (void)snprintf(revoked, sizeof revoked, "\"pending\":null},\"revoked\":[\"%s\"]}}",
                   cf_cert_serial(cf_identity_cert(scep_lab.kit.site->signer)));
    scep_lab_send(fd, ra_get);
    scep_lab_expect(fd, revoked);
    close(fd);
}

static void
a_document_that_is_none_is_not_kept(void **state)
{
    enum { DOCUMENT_LEN = CF_SCEP_RA_DOCUMENT_MAX + 100 };
    cf_own_str line = malloc(DOCUMENT_LEN + 200);
    int fd = scep_lab_connect();

    (void)state;
    scep_lab_send(fd, "{\"command\":\"ra-put\",\"ca\":\"corp\",\"version\":0,\"document\":"
                      "{\"generations\":[{\"made\":7}],\"pending\":null}}\n");
    scep_lab_expect(fd, "{\"ok\":false,");
    assert_non_null(line);
    size_t len = (size_t)sprintf(line, "{\"command\":\"ra-put\",\"ca\":\"corp\",\"version\":0,"
                                       "\"document\":{\"generations\":[],\"note\":\"");
    memset(line + len, 'x', DOCUMENT_LEN);
    strcpy(line + len + DOCUMENT_LEN, "\"}}\n");
    scep_lab_send(fd, line);
    scep_lab_expect(fd, "CF_E_LIMIT");
    scep_lab_send(fd, "{\"command\":\"ra-get\",\"ca\":\"corp\"}\n");
    scep_lab_expect(fd, "{\"version\":0,");
    close(fd);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, scep_lab_set_up, scep_lab_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(members_are_checked_before_anything_is_taken_in),
        TEST(a_document_is_kept_and_tells_what_was_revoked),
        TEST(a_document_that_is_none_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
