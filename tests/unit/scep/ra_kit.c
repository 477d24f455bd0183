/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/scep/ra_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/csr.h"
#include "scep/ra_document.h"

#define HOUR_MS (INT64_C(3600) * 1000)

struct ra_world ra_world;
struct ra_node ra_a, ra_b;
struct cf_scep_settings ra_settings;
const struct cf_secret *ra_pin;
unsigned ra_logged[CF_EV_MAX_];
char ra_last_log[CF_EV_MAX_][512];

static char subject[] = "CN=certferry RA";
static char sign_template[] = "ra-sign", encryption_template[] = "ra-encryption";
static struct cf_secret *seal_key, *other_key;
static struct cf_buf *bundle;

static void
note_log(void *arg, enum cf_event event, int priority, const char *message,
         const struct cf_log_fields *fields)
{
    (void)arg;
    (void)priority;
    (void)fields;
    ra_logged[event]++;
    (void)snprintf(ra_last_log[event], sizeof ra_last_log[event], "%s", message);
}

void
ra_use_ca(const char *cn)
{
    const struct lab_spec spec = {.cn = cn,
                                  .extensions = lab_ca,
                                  .pkey = lab_fresh_key("P-256", 0),
                                  .not_after_ms = LAB_NOW_MS + 20 * 365 * LAB_DAY_MS};

    X509_free(ra_world.ca);
    EVP_PKEY_free(ra_world.ca_pkey);
    ra_world.ca_pkey = spec.pkey;
    ra_world.ca = lab_x509(&spec);
}

int
ra_set_up(void **state)
{
    struct cf_err err = {0};

    (void)state;
    ra_world = (struct ra_world){.validity_ms = 365 * LAB_DAY_MS,
                                 .answer = CF_SCEP_ANSWER_ISSUED,
                                 .clock = cf_clock_fake_new(LAB_NOW_MS)};
    assert_non_null(ra_world.clock);
    ra_use_ca("Issuing CA");
    ra_settings = (struct cf_scep_settings){.ra_sign_template = sign_template,
                                            .ra_encryption_template = encryption_template,
                                            .ra_subject = subject,
                                            .ra_key = CF_KEY_RSA_2048,
                                            .ra_renew_before_ms = 30 * (uint64_t)LAB_DAY_MS,
                                            .ra_overlap_ms = 7 * (uint64_t)LAB_DAY_MS};
    assert_ok(cf_secret_random(32, &seal_key, &err), err);
    assert_ok(cf_secret_random(32, &other_key, &err), err);
    memset(ra_logged, 0, sizeof ra_logged);
    memset(ra_last_log, 0, sizeof ra_last_log);
    cf_log_set_sink(note_log, NULL);
    return 0;
}

int
ra_tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < ra_world.n_requests; i++) {
        cf_buf_free(ra_world.request[i].csr);
        cf_buf_free(ra_world.request[i].cert);
    }
    ra_world.document = cf_buf_free(ra_world.document);
    X509_free(ra_world.ca);
    EVP_PKEY_free(ra_world.ca_pkey);
    cf_clock_fake_free(ra_world.clock);
    seal_key = cf_secret_free(seal_key);
    other_key = cf_secret_free(other_key);
    bundle = cf_buf_free(bundle);
    cf_log_set_sink(NULL, NULL);
    return 0;
}

void
ra_node_start(struct ra_node *node, const char *name, bool has_other_key)
{
    struct cf_err err = {0};

    *node = (struct ra_node){.backend = {.calls_left = -1}};
    assert_ok(cf_scep_profile_cache_new(&node->backend, ra_world.clock, &node->profiles, &err),
              err);
    const struct cf_secret *key_file = has_other_key ? other_key : seal_key;
    const struct cf_scep_keyring_options options = {
        .settings = &ra_settings,
        .seal_key = ra_settings.ra_token ? NULL : key_file,
        .pin = ra_pin,
        .node = name,
        .backend = &node->backend,
        .profiles = node->profiles,
        .clock = ra_world.clock,
    };
    assert_ok(cf_scep_keyring_new(&options, &node->keyring, &err), err);
    assert_ok(cf_scep_profile_cache_refresh(node->profiles, 0, &err), err);
}

void
ra_node_stop(struct ra_node *node)
{
    node->keyring = cf_scep_keyring_free(node->keyring);
    node->profiles = cf_scep_profile_cache_free(node->profiles);
}

void
ra_node_tick(struct ra_node *node)
{
    uint64_t delay_ms = UINT64_MAX;

    (void)!cf_scep_profile_cache_refresh(node->profiles, CF_SCEP_REFRESH_MIN_MS, NULL);
    cf_scep_keyring_tick(node->keyring, &delay_ms);
    assert_true(delay_ms <= CF_SCEP_REFRESH_MS);
}

void
ra_advance(int64_t ms)
{
    cf_clock_fake_advance(ra_world.clock, ms);
}

static struct cf_ra_document *
parse_document(void)
{
    struct cf_ra_document *document = NULL;
    struct cf_err err = {0};

    if (ra_world.document)
        assert_ok(cf_ra_document_parse(cf_buf_bytes(ra_world.document), &document, &err), err);
    return document;
}

size_t
ra_generations(void)
{
    cf_own(cf_ra_document) document = parse_document();

    return document ? document->n : 0;
}

bool
ra_is_pending(void)
{
    cf_own(cf_ra_document) document = parse_document();

    return document && document->pending.by;
}

void
ra_revoke_newest(void)
{
    cf_own(cf_ra_document) document = parse_document();
    cf_own(cf_cert) cert = NULL;
    struct cf_err err = {0};

    assert_true(document && document->n > 0);
    const struct cf_ra_part *part = &document->generation[document->n - 1].encryption;
    assert_ok(cf_cert_parse(cf_buf_bytes(part->der), &cert, &err), err);
    strcpy(ra_world.revoked[ra_world.n_revoked++], cf_cert_serial(cert));
}

struct cf_bytes
ra_bundle(struct ra_node *node)
{
    cf_own(cf_scep_keys) keys = NULL;
    cf_own(cf_scep_profiles) profiles = cf_scep_profile_cache_get(node->profiles);
    struct cf_bytes certs[CF_SCEP_BUNDLE_MAX];

    cf_buf_free(bundle);
    bundle = cf_buf_new(CF_SCEP_BUNDLE_MAX * CF_CERT_DER_MAX);
    assert_non_null(bundle);
    if (cf_scep_keyring_keys(node->keyring, "corp", &keys, NULL) == CF_OK) {
        size_t n = cf_scep_keys_bundle(keys, &profiles->cas[0], false,
                                       cf_clock_now_ms(ra_world.clock), certs);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(cf_buf_append(bundle, certs[i].data, certs[i].len, NULL), CF_OK);
    }
    return cf_buf_bytes(bundle);
}

size_t
ra_decrypters(struct ra_node *node)
{
    cf_own(cf_scep_keys) keys = NULL;
    size_t n = 0;

    if (cf_scep_keyring_keys(node->keyring, "corp", &keys, NULL) == CF_OK)
        (void)cf_scep_keys_decrypters(keys, &n);
    return n;
}

bool
ra_can_open(struct ra_node *node, struct cf_bytes cert)
{
    cf_own(cf_scep_keys) keys = NULL;
    size_t n = 0;

    if (cf_scep_keyring_keys(node->keyring, "corp", &keys, NULL) != CF_OK)
        return false;
    const struct cf_scep_ra *ras = cf_scep_keys_decrypters(keys, &n);
    for (size_t i = 0; i < n; i++) {
        if (cf_bytes_equal(cf_cert_der(ras[i].cert), cert))
            return true;
    }
    return false;
}

void
ra_start_both(void)
{
    ra_node_start(&ra_a, "a", false);
    ra_node_start(&ra_b, "b", false);
}

void
ra_stop_both(void)
{
    ra_node_stop(&ra_a);
    ra_node_stop(&ra_b);
}

/* Both nodes look after their keys for a while. */
void
ra_run_both(unsigned n_rounds)
{
    for (unsigned i = 0; i < n_rounds; i++) {
        ra_node_tick(&ra_a);
        ra_node_tick(&ra_b);
        ra_advance(RA_ROUND_MS);
    }
}

void
ra_assert_same_bundle(void)
{
    struct cf_bytes first = ra_bundle(&ra_a);
    cf_own(cf_buf) of_a = cf_buf_copy(first);
    struct cf_bytes of_b = ra_bundle(&ra_b);

    assert_true(of_b.len > 0);
    assert_true(cf_bytes_equal(cf_buf_bytes(of_a), of_b));
}

/* Up to the time of the renewal. */
void
ra_live_until_renewal(void)
{
    ra_start_both();
    ra_run_both(2);
    ra_advance(ra_world.validity_ms - 30 * LAB_DAY_MS);
}

/* False: the node is dead. *ret_is_lost: it dies of this call, which is done all the same. */
static bool
begin_call(struct cf_scep_backend *node, bool *ret_is_lost, struct cf_err *err)
{
    *ret_is_lost = false;
    if (node->calls_left < 0)
        return true;
    if (node->calls_left == 0) {
        (void)cf_fail(err, CF_E_STOPPED, "dead");
        return false;
    }
    *ret_is_lost = --node->calls_left == 0 && node->loses_answer;
    return true;
}

static struct cf_buf *
issue(struct cf_bytes der, enum cf_scep_ra_role role)
{
    cf_own(cf_csr) csr = NULL;
    struct cf_err err = {0};
    const struct lab_extension extensions[] = {
        {"keyUsage", role == CF_SCEP_RA_BOTH   ? "critical,digitalSignature,keyEncipherment"
                     : role == CF_SCEP_RA_SIGN ? "critical,digitalSignature"
                                               : "critical,keyEncipherment"},
        {"authorityKeyIdentifier", "keyid:always"},
        {NULL, NULL}};

    assert_ok(cf_csr_parse(der, &csr, &err), err);
    assert_int_equal(cf_csr_key_usage(csr),
                     (role & CF_SCEP_RA_SIGN ? CF_KU_DIGITAL_SIGNATURE : 0) |
                         (role & CF_SCEP_RA_ENCRYPTION ? CF_KU_KEY_ENCIPHERMENT : 0));
    struct cf_bytes spki = cf_csr_spki(csr);
    const unsigned char *at = spki.data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.len);
    assert_non_null(pkey);
    int64_t now = cf_clock_now_ms(ra_world.clock);
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "certferry RA",
                                             .extensions = extensions,
                                             .pkey = pkey,
                                             .issuer = ra_world.ca,
                                             .issuer_pkey = ra_world.ca_pkey,
                                             .not_before_ms = now - HOUR_MS,
                                             .not_after_ms = now + ra_world.validity_ms});
    struct cf_buf *cert = lab_to_der(x509);
    X509_free(x509);
    EVP_PKEY_free(pkey);
    return cert;
}

static struct ra_request *
find_request(struct cf_bytes csr, enum cf_scep_ra_role role)
{
    for (size_t i = 0; i < ra_world.n_requests; i++) {
        if (cf_bytes_equal(cf_buf_bytes(ra_world.request[i].csr), csr))
            return &ra_world.request[i];
    }
    assert_true(ra_world.n_requests < RA_REQUESTS_MAX);
    struct ra_request *request = &ra_world.request[ra_world.n_requests++];
    *request = (struct ra_request){.csr = cf_buf_copy(csr), .role = role};
    return request;
}

/* The linker's names. */
enum cf_rc __wrap_cf_scep_backend_profiles(struct cf_scep_backend *backend,
                                           struct cf_scep_profiles **ret_profiles,
                                           struct cf_err *err);
enum cf_rc __wrap_cf_scep_backend_ra_get(struct cf_scep_backend *backend, const char *ca,
                                         struct cf_scep_ra_state *ret_state, struct cf_err *err);
enum cf_rc __wrap_cf_scep_backend_ra_put(struct cf_scep_backend *backend, const char *ca,
                                         uint64_t version, struct cf_bytes document,
                                         uint64_t *ret_version, struct cf_err *err);
enum cf_rc __wrap_cf_scep_backend_ra_request(struct cf_scep_backend *backend, const char *ca,
                                             enum cf_scep_ra_role role, struct cf_bytes csr,
                                             unsigned wait_s, struct cf_scep_answer *ret_answer,
                                             struct cf_err *err);
enum cf_rc __wrap_cf_key_generate(enum cf_key_kind kind, struct cf_key **ret_key,
                                  struct cf_err *err);
enum cf_rc __real_cf_key_generate(enum cf_key_kind kind, struct cf_key **ret_key,
                                  struct cf_err *err);

/* What is tested here is not arithmetic: a curve's key is made in no time. */
enum cf_rc
__wrap_cf_key_generate(enum cf_key_kind kind, struct cf_key **ret_key, struct cf_err *err)
{
    assert_true(cf_key_kind_is_rsa(kind));
    return __real_cf_key_generate(CF_KEY_P256, ret_key, err);
}

enum cf_rc
__wrap_cf_scep_backend_profiles(struct cf_scep_backend *backend,
                                struct cf_scep_profiles **ret_profiles, struct cf_err *err)
{
    struct cf_scep_profiles *profiles = calloc(1, sizeof *profiles);
    cf_own(cf_buf) der = lab_to_der(ra_world.ca);

    (void)backend;
    assert_non_null(profiles);
    profiles->refs = 1;
    profiles->cas = calloc(1, sizeof *profiles->cas);
    profiles->cas[0].name = strdup("corp");
    assert_ok(cf_chain_parse_der(cf_buf_bytes(der), &profiles->cas[0].chain, err), *err);
    profiles->n_cas = 1;
    *ret_profiles = profiles;
    return CF_OK;
}

enum cf_rc
__wrap_cf_scep_backend_ra_get(struct cf_scep_backend *backend, const char *ca,
                              struct cf_scep_ra_state *ret_state, struct cf_err *err)
{
    bool is_lost;

    assert_string_equal(ca, "corp");
    if (!begin_call(backend, &is_lost, err))
        return CF_E_STOPPED;
    ra_world.n_gets++;
    *ret_state =
        (struct cf_scep_ra_state){.version = ra_world.version, .n_revoked = ra_world.n_revoked};
    memcpy(ret_state->revoked, ra_world.revoked, sizeof ra_world.revoked);
    if (ra_world.document)
        ret_state->document = cf_buf_copy(cf_buf_bytes(ra_world.document));
    return CF_OK;
}

enum cf_rc
__wrap_cf_scep_backend_ra_put(struct cf_scep_backend *backend, const char *ca, uint64_t version,
                              struct cf_bytes document, uint64_t *ret_version, struct cf_err *err)
{
    void (*hook)(void) = ra_world.before_put;
    bool is_lost;

    assert_string_equal(ca, "corp");
    ra_world.before_put = NULL;
    if (hook)
        hook();
    if (!begin_call(backend, &is_lost, err))
        return CF_E_STOPPED;
    if (version != ra_world.version)
        return cf_fail(err, CF_E_CONFLICT, "version %u", (unsigned)ra_world.version);
    cf_buf_free(ra_world.document);
    ra_world.document = cf_buf_copy(document);
    *ret_version = ++ra_world.version;
    ra_world.n_puts++;
    return is_lost ? cf_fail(err, CF_E_STOPPED, "dead") : CF_OK;
}

enum cf_rc
__wrap_cf_scep_backend_ra_request(struct cf_scep_backend *backend, const char *ca,
                                  enum cf_scep_ra_role role, struct cf_bytes csr, unsigned wait_s,
                                  struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    bool is_lost;

    (void)wait_s;
    assert_string_equal(ca, "corp");
    if (!begin_call(backend, &is_lost, err))
        return CF_E_STOPPED;
    struct ra_request *request = find_request(csr, role);
    assert_int_equal(request->role, role);
    if (!request->cert && ra_world.answer == CF_SCEP_ANSWER_ISSUED)
        request->cert = issue(csr, role);
    *ret_answer =
        (struct cf_scep_answer){.state = request->cert ? CF_SCEP_ANSWER_ISSUED : ra_world.answer,
                                .retry_after_ms = 60 * 1000,
                                .fail_info = CF_SCEP_BAD_REQUEST};
    (void)snprintf(ret_answer->text, sizeof ret_answer->text, "the CA says no");
    (void)snprintf(ret_answer->context, sizeof ret_answer->context, "ra/%zu",
                   (size_t)(request - ra_world.request));
    if (is_lost)
        return cf_fail(err, CF_E_STOPPED, "dead");
    if (request->cert) {
        ret_answer->cert = cf_buf_copy(cf_buf_bytes(request->cert));
        ret_answer->chain = lab_to_der(ra_world.ca);
    }
    return CF_OK;
}
