/* SPDX-License-Identifier: Apache-2.0 */
/* known - CA certificates that the directory has, kept for minutes and beyond its outages. */
#include <stdlib.h>

#include "chain.h"
#include "service.h"

struct adcs_known {
    pthread_mutex_t lock; /* not held while the directory is asked */
    pthread_cond_t was_read;
    struct adcs_known_certs *certs; /* NULL: never read */
    int64_t read_ms;                /* monotonic */
    bool is_reading;
    uint64_t n_readings;
    struct cf_err failure; /* of the last reading */
};

static struct adcs_known_certs *
certs_free(struct adcs_known_certs *certs)
{
    if (!certs)
        return NULL;
    cf_der_list_done(&certs->service);
    cf_der_list_done(&certs->roots);
    cf_der_list_done(&certs->ntauth);
    cf_der_list_done(&certs->aia);
    free(certs);
    return NULL;
}

enum cf_rc
adcs_known_new(struct adcs_known **ret_known, struct cf_err *err)
{
    struct adcs_known *known = calloc(1, sizeof *known);

    if (!known)
        return cf_fail_oom(err);
    (void)pthread_mutex_init(&known->lock, NULL);
    (void)pthread_cond_init(&known->was_read, NULL);
    *ret_known = known;
    return CF_OK;
}

struct adcs_known *
adcs_known_free(struct adcs_known *known)
{
    if (!known)
        return NULL;
    certs_free(known->certs);
    (void)pthread_cond_destroy(&known->was_read);
    (void)pthread_mutex_destroy(&known->lock);
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
    const struct cf_enrollment_service *found = adcs_service_find(ca, &services);
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

/* Lock held at both ends. */
static void
unuse(const struct adcs_known *known, struct adcs_known_certs *certs)
{
    if (certs && --certs->n_users == 0 && certs != known->certs)
        certs_free(certs);
}

/* Lock held at both ends. */
static void
refresh(const struct adcs_ca *ca, int64_t now_ms)
{
    struct adcs_known *known = ca->known;
    struct cf_err failure = {0};

    known->is_reading = true;
    (void)pthread_mutex_unlock(&known->lock);
    struct adcs_known_certs *certs = calloc(1, sizeof *certs);
    enum cf_rc rc = certs ? read_certs(ca, certs, &failure) : cf_fail_oom(&failure);
    if (rc != CF_OK)
        certs = certs_free(certs);
    (void)pthread_mutex_lock(&known->lock);
    known->failure = failure;
    if (certs) {
        struct adcs_known_certs *former = known->certs;
        known->certs = certs;
        known->read_ms = now_ms;
        if (former && former->n_users == 0)
            certs_free(former);
    }
    known->is_reading = false;
    known->n_readings++;
    (void)pthread_cond_broadcast(&known->was_read);
}

/* Lock held at both ends. */
static void
wait_for_reader(struct adcs_known *known)
{
    uint64_t n_readings = known->n_readings;

    while (known->n_readings == n_readings)
        (void)pthread_cond_wait(&known->was_read, &known->lock);
}

enum cf_rc
adcs_known_begin(struct adcs_ca *ca, uint64_t max_age_ms, const struct adcs_known_certs **ret_certs,
                 struct cf_err *err)
{
    struct adcs_known *known = ca->known;
    enum cf_rc rc = CF_OK;

    if (!known)
        return cf_fail(err, CF_E_CA_CONFIG,
                       "CA %s: its certificates are not known: set chain_file, or a [directory]",
                       ca->settings->ca_name);
    int64_t now = cf_clock_monotonic_ms(ca->env.clock);
    (void)pthread_mutex_lock(&known->lock);
    bool is_good = known->certs && now - known->read_ms < (int64_t)max_age_ms;
    if (!is_good && !known->is_reading)
        refresh(ca, now);
    else if (!is_good && !(known->certs && max_age_ms >= ADCS_KNOWN_KEPT_MS))
        wait_for_reader(known);
    if (known->certs) {
        known->certs->n_users++;
        *ret_certs = known->certs;
    } else {
        rc = cf_fail(err, known->failure.rc, "certificates of CA %s: %s", ca->settings->ca_name,
                     known->failure.text);
    }
    (void)pthread_mutex_unlock(&known->lock);
    return rc;
}

void
adcs_known_end(struct adcs_ca *ca, const struct adcs_known_certs *certs)
{
    (void)pthread_mutex_lock(&ca->known->lock);
    unuse(ca->known, (struct adcs_known_certs *)(uintptr_t)certs);
    (void)pthread_mutex_unlock(&ca->known->lock);
}
