/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain - from an issued certificate up to what is known. Signatures are verified by who compares
 * the certificate with its request (cf_cert_check_issued), along this same chain to its end.
 */
#include "chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/dn.h"
#include "certferry/text.h"

enum { NAME_SIZE = 70, LOOSE_MAX = CF_ENROLLMENT_CERTS_MAX };

struct loose {
    struct cf_bytes der[LOOSE_MAX];
    size_t n;
    int64_t now_ms;
};

static struct loose *
loose_new(const struct adcs_ca *ca)
{
    struct loose *loose = calloc(1, sizeof *loose);

    if (loose)
        loose->now_ms = cf_clock_now_ms(ca->env.clock);
    return loose;
}

/* Most certificates of a forest are in several of its containers. A CA that was renewed with its
 * key has two that fit: the one that is not valid now must not stand before the other. */
static void
add(struct loose *loose, const struct cf_cert *cert, struct cf_bytes der)
{
    if (loose->now_ms < cf_cert_not_before_ms(cert) || loose->now_ms > cf_cert_not_after_ms(cert))
        return;
    for (size_t i = 0; i < loose->n; i++) {
        if (cf_bytes_equal(loose->der[i], der))
            return;
    }
    if (loose->n < LOOSE_MAX)
        loose->der[loose->n++] = der;
}

static void
add_list(struct loose *loose, const struct cf_der_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        cf_own(cf_cert) cert = NULL;
        if (cf_cert_parse(cf_buf_bytes(list->der[i]), &cert, NULL) == CF_OK)
            add(loose, cert, cf_buf_bytes(list->der[i]));
    }
}

static void
add_chain(struct loose *loose, const struct cf_chain *chain)
{
    for (size_t i = 0; chain && i < cf_chain_count(chain); i++)
        add(loose, cf_chain_at(chain, i), cf_cert_der(cf_chain_at(chain, i)));
}

static bool
is_in_list(const struct cf_cert *cert, const struct cf_der_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        if (cf_bytes_equal(cf_cert_der(cert), cf_buf_bytes(list->der[i])))
            return true;
    }
    return false;
}

static bool
is_in_chain(const struct cf_cert *cert, const struct cf_chain *chain)
{
    for (size_t i = 0; chain && i < cf_chain_count(chain); i++) {
        if (cf_bytes_equal(cf_cert_der(cert), cf_cert_der(cf_chain_at(chain, i))))
            return true;
    }
    return false;
}

static void
name_of(const struct cf_dn *dn, char ret[NAME_SIZE])
{
    cf_own_str text = NULL;

    if (cf_dn_text(dn, &text, NULL) != CF_OK)
        (void)snprintf(ret, NAME_SIZE, "(a name that cannot be shown)");
    else
        cf_text_sanitize(text, strlen(text), ret, NAME_SIZE);
}

static enum cf_rc
issuer_unknown(const struct adcs_ca *ca, const struct cf_cert *cert, struct cf_err *err)
{
    char issuer[NAME_SIZE];

    name_of(cf_cert_issuer(cert), issuer);
    return cf_fail(err, CF_E_MISMATCH,
                   "issuer '%s' is no certificate, valid now, that CA %s is known by; put it into "
                   "chain_file, or see that Active Directory has it in the enrollment service",
                   issuer, ca->settings->ca_name);
}

static enum cf_rc
end_unknown(const struct adcs_ca *ca, const struct cf_chain *chain, struct cf_err *err)
{
    char issuer[NAME_SIZE], end[NAME_SIZE];

    name_of(cf_cert_subject(cf_chain_at(chain, 0)), issuer);
    name_of(cf_cert_subject(cf_chain_at(chain, cf_chain_count(chain) - 1)), end);
    return cf_fail(err, CF_E_MISMATCH, "chain of '%s' ends in '%s', which %s", issuer, end,
                   ca->chain ? "is not in chain_file"
                             : "is neither a root nor in NTAuth of Active Directory");
}

/* `known` may be NULL: chain_file alone decides. */
static enum cf_rc
check(const struct adcs_ca *ca, const struct adcs_known_certs *known, const struct cf_cert *cert,
      const struct cf_chain *chain, struct cf_err *err)
{
    if (cf_chain_count(chain) == 0)
        return issuer_unknown(ca, cert, err);
    const struct cf_cert *issuer = cf_chain_at(chain, 0);
    if (!is_in_chain(issuer, ca->chain) && !(known && is_in_list(issuer, &known->service)))
        return issuer_unknown(ca, cert, err);
    for (size_t i = 0; i < cf_chain_count(chain); i++) {
        const struct cf_cert *above = cf_chain_at(chain, i);
        if (ca->chain
                ? is_in_chain(above, ca->chain)
                : known && (is_in_list(above, &known->roots) || is_in_list(above, &known->ntauth)))
            return CF_OK;
    }
    return end_unknown(ca, chain, err);
}

static enum cf_rc
build(const struct adcs_ca *ca, const struct adcs_known_certs *known, const struct cf_cert *cert,
      const struct cf_chain *sent, struct cf_chain **ret_chain, struct cf_err *err)
{
    cf_own(cf_chain) chain = NULL;
    struct loose *loose = loose_new(ca);

    if (!loose)
        return cf_fail_oom(err);
    add_chain(loose, ca->chain);
    add_chain(loose, sent);
    if (known) {
        add_list(loose, &known->service);
        add_list(loose, &known->roots);
        add_list(loose, &known->ntauth);
        add_list(loose, &known->aia);
    }
    enum cf_rc rc = cf_chain_build(loose->der, loose->n, cert, &chain, err);
    free(loose);
    CF_TRY(rc);
    CF_TRY(check(ca, known, cert, chain, err));
    *ret_chain = cf_give(chain);
    return CF_OK;
}

/* What was sent is used where the rest does not do, so that it cannot lead away from it. */
static enum cf_rc
try_build(const struct adcs_ca *ca, const struct adcs_known_certs *known,
          const struct cf_cert *cert, const struct cf_chain *sent, struct cf_chain **ret_chain,
          struct cf_err *err)
{
    enum cf_rc rc = build(ca, known, cert, NULL, ret_chain, err);

    if (rc == CF_E_MISMATCH && sent)
        rc = build(ca, known, cert, sent, ret_chain, err);
    return rc;
}

/* By the directory as it is remembered; by one as it is now when that does not know the CA. */
static enum cf_rc
by_directory(struct adcs_ca *ca, const struct cf_cert *cert, const struct cf_chain *sent,
             struct cf_chain **ret_chain, struct cf_err *err)
{
    static const uint64_t AGES_MS[] = {ADCS_KNOWN_KEPT_MS, ADCS_KNOWN_SOON_MS};
    enum cf_rc rc = CF_E_BUG;

    for (size_t i = 0; i < CF_COUNT(AGES_MS); i++) {
        const struct adcs_known_certs *known = NULL;
        if (i > 0)
            ca->env.directory->ops->forget(ca->env.directory);
        CF_TRY(adcs_known_begin(ca, AGES_MS[i], &known, err));
        rc = try_build(ca, known, cert, sent, ret_chain, err);
        adcs_known_end(ca, known);
        if (rc != CF_E_MISMATCH)
            return rc;
    }
    return rc;
}

enum cf_rc
cf_adcs_chain(struct adcs_ca *ca, const struct cf_cert *cert, const struct cf_buf *response,
              struct cf_chain **ret_chain, struct cf_err *err)
{
    cf_own(cf_chain) sent = NULL;

    /* It is help only: where nothing can be read from it, the rest may do. */
    if (response && cf_chain_parse_cms(cf_buf_bytes(response), cert, &sent, err) == CF_E_OOM)
        return CF_E_OOM;
    if (!ca->chain)
        return by_directory(ca, cert, sent, ret_chain, err);

    enum cf_rc rc = try_build(ca, NULL, cert, sent, ret_chain, err);
    if (rc != CF_E_MISMATCH || !ca->known)
        return rc;
    /* That chain_file does not know the CA stays what is wrong, whatever ails the directory: a
     * certificate has been issued, and asking for another would not help. */
    struct cf_err other = {0};
    enum cf_rc other_rc = by_directory(ca, cert, sent, ret_chain, &other);
    return other_rc == CF_OK || other_rc == CF_E_STOPPED ? other_rc : rc;
}

/* Of a renewed CA the last one signs. */
static enum cf_rc
newest(const struct cf_der_list *certs, struct cf_cert **ret_cert, struct cf_err *err)
{
    cf_own(cf_cert) best = NULL;

    for (size_t i = 0; i < certs->n; i++) {
        cf_own(cf_cert) cert = NULL;
        if (cf_cert_parse(cf_buf_bytes(certs->der[i]), &cert, err) != CF_OK)
            continue;
        if (!best || cf_cert_not_before_ms(cert) > cf_cert_not_before_ms(best)) {
            cf_cert_free(best);
            best = cf_give(cert);
        }
    }
    if (!best)
        return cf_fail(err, CF_E_NOT_FOUND, "no certificate");
    *ret_cert = cf_give(best);
    return CF_OK;
}

/* `own` and what is above it. */
static enum cf_rc
join(const struct adcs_ca *ca, const struct cf_cert *own, const struct adcs_known_certs *known,
     struct cf_chain **ret_chain, struct cf_err *err)
{
    cf_own(cf_chain) above = NULL;
    cf_own(cf_buf) der = cf_buf_new((size_t)(CF_CERT_CHAIN_MAX + 1) * CF_CERT_DER_MAX);
    struct loose *loose = loose_new(ca);

    if (!loose || !der) {
        free(loose);
        return cf_fail_oom(err);
    }
    add_list(loose, &known->roots);
    add_list(loose, &known->aia);
    enum cf_rc rc = cf_chain_build(loose->der, loose->n, own, &above, err);
    free(loose);
    CF_TRY(rc);
    CF_TRY(cf_buf_append(der, cf_cert_der(own).data, cf_cert_der(own).len, err));
    for (size_t i = 0; i < cf_chain_count(above); i++) {
        struct cf_bytes one = cf_cert_der(cf_chain_at(above, i));
        CF_TRY(cf_buf_append(der, one.data, one.len, err));
    }
    return cf_chain_parse_der(cf_buf_bytes(der), ret_chain, err);
}

enum cf_rc
adcs_known_chain(struct adcs_ca *ca, struct cf_chain **ret_chain, struct cf_err *err)
{
    const struct adcs_known_certs *known = NULL;
    cf_own(cf_cert) own = NULL;
    cf_own(cf_buf) der = NULL;

    if (ca->chain) {
        CF_TRY(cf_chain_der(ca->chain, &der, err));
        return cf_chain_parse_der(cf_buf_bytes(der), ret_chain, err);
    }
    CF_TRY(adcs_known_begin(ca, ADCS_KNOWN_KEPT_MS, &known, err));
    enum cf_rc rc = newest(&known->service, &own, NULL);
    if (rc == CF_OK)
        rc = join(ca, own, known, ret_chain, err);
    else
        rc = cf_fail(err, CF_E_CA_CONFIG,
                     "CA %s at %s: Active Directory has no certificate of it; set chain_file to "
                     "the issuing CA's certificate and those above it",
                     ca->settings->ca_name, ca->settings->host);
    adcs_known_end(ca, known);
    return rc;
}
