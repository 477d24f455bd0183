/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/adcs/reply_kit.h"

#include <stdio.h>
#include <stdlib.h>

struct cf_buf *
reply_der(const struct reply_kit *reply, const char *name)
{
    assert_int_equal(
        kit_run(&reply->kit, "openssl x509 -in %s.pem -outform DER -out %s.der", name, name), 0);
    cf_own_str file = NULL;
    assert_true(asprintf(&file, "%s.der", name) >= 0);
    return kit_read(&reply->kit, file);
}

int
reply_setup(void **state)
{
    struct reply_kit *reply = calloc(1, sizeof *reply);

    assert_non_null(reply);
    kit_open(&reply->kit, "3650", KIT_EC);
    assert_int_equal(
        kit_run(&reply->kit,
                "make_ca() { openssl req -new -config ca.cnf -newkey " KIT_EC
                " -nodes -keyout $1.key -subj \"/CN=$2\" -out $1.csr; };"
                "leaf() { openssl req -new -config ca.cnf -newkey " KIT_EC
                " -nodes -keyout /dev/null -subj /CN=device -out l.csr &&"
                " openssl x509 -req -in l.csr -CA $2.pem -CAkey $2.key -CAcreateserial"
                " -extfile ca.cnf -extensions v3_leaf -days 30 -out $1.pem; };"
                "cp ca.pem root.pem && cp ca.key root.key && make_ca sub 'Issuing CA' && "
                "openssl x509 -req -in sub.csr -CA root.pem -CAkey root.key -CAcreateserial "
                "-extfile ca.cnf -extensions v3_ca -days 365 -out sub.pem && "
                "openssl req -x509 -config ca.cnf -extensions v3_ca -newkey " KIT_EC
                " -nodes -keyout evil.key -subj '/CN=Issuing CA' -out evil.pem -days 365 && "
                "leaf leaf sub && leaf stray evil && cat sub.pem root.pem > chain.pem && "
                "cat leaf.pem sub.pem root.pem > all.pem && "
                "openssl crl2pkcs7 -nocrl -certfile all.pem -outform DER -out all.p7b"),
        0);
    reply->kit.settings.host = strdup("ca1.corp.example");
    reply->kit.settings.ca_name = strdup("Issuing CA");
    struct cf_directory_env env = {.clock = reply->kit.clock, .stop_flag = &reply->kit.stop};
    reply->directory = fake_directory_new(&env);
    assert_non_null(reply->directory);
    reply->service.host = reply->kit.settings.host;
    reply->service.name = reply->kit.settings.ca_name;
    reply->directory->services =
        (struct cf_enrollment_services){.service = &reply->service, .n = 1};
    reply->ca = (struct adcs_ca){.settings = &reply->kit.settings, .env = reply->kit.env};
    *state = reply;
    return 0;
}

void
reply_list_done(struct cf_der_list *list)
{
    cf_der_list_done(list);
    *list = (struct cf_der_list){0};
}

int
reply_teardown(void **state)
{
    struct reply_kit *reply = *state;

    reply_list_done(&reply->service.certs);
    for (size_t i = 0; i < CF_COUNT(reply->directory->certs); i++)
        reply_list_done(&reply->directory->certs[i]);
    fake_directory_free(reply->directory);
    cf_chain_free(reply->ca.chain);
    adcs_known_free(reply->ca.known);
    free(reply->kit.settings.host);
    free(reply->kit.settings.ca_name);
    kit_close(&reply->kit);
    free(reply);
    return 0;
}

void
reply_use_chain_file(struct reply_kit *reply, const char *name)
{
    cf_own(cf_buf) pem = kit_read(&reply->kit, name);

    assert_int_equal(cf_chain_parse_pem(cf_buf_bytes(pem), &reply->ca.chain, NULL), CF_OK);
}

void
reply_list_add(struct cf_der_list *list, struct cf_buf *take_der)
{
    list->der = reallocarray(list->der, list->n + 1, sizeof(struct cf_buf *));
    assert_non_null(list->der);
    list->der[list->n++] = take_der;
}

void
reply_use_directory(struct reply_kit *reply)
{
    struct fake_directory *directory = reply->directory;

    reply_list_add(&reply->service.certs, reply_der(reply, "sub"));
    reply_list_add(&directory->certs[CF_AD_ROOTS], reply_der(reply, "root"));
    reply_list_add(&directory->certs[CF_AD_AIA], cf_buf_copy(cf_bytes_of("garbage", 7)));
    reply_list_add(&directory->certs[CF_AD_AIA], reply_der(reply, "sub"));
    reply->ca.env.directory = &directory->base;
    assert_int_equal(adcs_known_new(&reply->ca.known, NULL), CF_OK);
}

enum cf_rc
reply_answer(struct reply_kit *reply, const char *leaf, const char *response, bool is_poll,
             struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    struct adcs_reply said = {.request_id = 7, .disposition = ADCS_ISSUED};

    if (leaf)
        said.cert = reply_der(reply, leaf);
    if (response)
        said.response = kit_read(&reply->kit, response);
    enum cf_rc rc = adcs_answer(&reply->ca, &said, is_poll, ret_answer, err);
    adcs_reply_done(&said);
    return rc;
}

void
reply_expect_issued(struct reply_kit *reply, const char *leaf, const char *response, size_t n_chain)
{
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_buf) wanted = reply_der(reply, "leaf");

    if (reply_answer(reply, leaf, response, false, &answer, &err) != CF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_ISSUED);
    assert_true(cf_bytes_equal(cf_buf_bytes(answer.cert), cf_buf_bytes(wanted)));
    assert_int_equal(cf_chain_parse_der(cf_buf_bytes(answer.chain), &chain, NULL), CF_OK);
    assert_int_equal(cf_chain_count(chain), n_chain);
    cf_ca_answer_done(&answer);
}

void
reply_expect_error(struct reply_kit *reply, const char *leaf, const char *response, enum cf_rc rc,
                   const char *text)
{
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(reply_answer(reply, leaf, response, true, &answer, &err), rc);
    assert_null(answer.cert);
    kit_contains(err.text, text);
}
