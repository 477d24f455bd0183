/* SPDX-License-Identifier: Apache-2.0 */
/* known - CA certificates that the directory has, kept for minutes and beyond its outages. */
#include <stdlib.h>

#include "chain.h"

struct adcs_known {
    pthread_mutex_t lock;
    bool has_certs;
    int64_t read_ms; /* monotonic */
    struct adcs_known_certs certs;
};

static void
certs_done(struct adcs_known_certs *certs)
{
    cf_der_list_done(&certs->service);
    cf_der_list_done(&certs->roots);
    cf_der_list_done(&certs->ntauth);
    cf_der_list_done(&certs->aia);
    *certs = (struct adcs_known_certs){0};
}

enum cf_rc
adcs_known_new(struct adcs_known **ret_known, struct cf_err *err)
{
    struct adcs_known *known = calloc(1, sizeof *known);

    if (!known)
        return cf_fail_oom(err);
    pthread_mutex_init(&known->lock, NULL);
    *ret_known = known;
    return CF_OK;
}

struct adcs_known *
adcs_known_free(struct adcs_known *known)
{
    if (!known)
        return NULL;
    certs_done(&known->certs);
    pthread_mutex_destroy(&known->lock);
    free(known);
    return NULL;
}

/* A value that is no certificate is somebody's mistake and must not hide the others. */
static void
drop_unreadable(struct cf_der_list *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        cf_own(cf_cert) cert = NULL;
        if (cf_cert_parse(cf_buf_bytes(list->der[i]), &cert, NULL) == CF_OK)
            list->der[n++] = list->der[i];
        else
            cf_buf_free(list->der[i]);
    }
    list->n = n;
}

/* Moves the certificates of the one service out of all of them. */
static enum cf_rc
read_service(const struct adcs_ca *ca, struct cf_der_list *ret_certs, struct cf_err *err)
{
    struct cf_directory *directory = ca->env.directory;
    struct cf_enrollment_services services = {0};

    CF_TRY(directory->ops->find_enrollment_services(directory, &services, err));
    const struct cf_enrollment_service *found =
        cf_enrollment_service_find(&services, ca->settings->host, ca->settings->ca_name);
    for (size_t i = 0; found && i < services.n; i++) {
        struct cf_enrollment_service *service = &services.service[i];
        if (service == found) {
            *ret_certs = service->certs;
            service->certs = (struct cf_der_list){0};
        }
    }
    cf_enrollment_services_done(&services);
    return CF_OK;
}

static enum cf_rc
read_certs(const struct adcs_ca *ca, struct adcs_known_certs *certs, struct cf_err *err)
{
    struct cf_directory *directory = ca->env.directory;
    const struct cf_directory_ops *ops = directory->ops;

    CF_TRY(read_service(ca, &certs->service, err));
    CF_TRY(ops->find_ca_certs(directory, CF_AD_ROOTS, &certs->roots, err));
    CF_TRY(ops->find_ca_certs(directory, CF_AD_NTAUTH, &certs->ntauth, err));
    CF_TRY(ops->find_ca_certs(directory, CF_AD_AIA, &certs->aia, err));
    drop_unreadable(&certs->service);
    drop_unreadable(&certs->roots);
    drop_unreadable(&certs->ntauth);
    drop_unreadable(&certs->aia);
    return CF_OK;
}

static enum cf_rc
refresh(const struct adcs_ca *ca, int64_t now_ms, struct cf_err *err)
{
    struct adcs_known *known = ca->known;
    struct adcs_known_certs certs = {0};

    enum cf_rc rc = read_certs(ca, &certs, err);
    if (rc == CF_OK) {
        certs_done(&known->certs);
        known->certs = certs;
        known->has_certs = true;
        known->read_ms = now_ms;
    } else {
        certs_done(&certs);
    }
    return rc;
}

enum cf_rc
adcs_known_begin(struct adcs_ca *ca, uint64_t max_age_ms, const struct adcs_known_certs **ret_certs,
                 struct cf_err *err)
{
    struct adcs_known *known = ca->known;
    struct cf_err local = {0};
    enum cf_rc rc = CF_OK;

    if (!known)
        return cf_fail(err, CF_E_CA_CONFIG,
                       "CA %s: its certificates are not known: set chain_file, or a [directory]",
                       ca->settings->ca_name);
    pthread_mutex_lock(&known->lock);
    int64_t now = cf_clock_monotonic_ms(ca->env.clock);
    if (!known->has_certs || now - known->read_ms >= (int64_t)max_age_ms)
        rc = refresh(ca, now, &local);
    if (rc != CF_OK && !known->has_certs) {
        pthread_mutex_unlock(&known->lock);
        return cf_fail(err, rc, "certificates of CA %s: %s", ca->settings->ca_name, local.text);
    }
    *ret_certs = &known->certs;
    return CF_OK;
}

void
adcs_known_end(struct adcs_ca *ca)
{
    pthread_mutex_unlock(&ca->known->lock);
}
