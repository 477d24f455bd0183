/* SPDX-License-Identifier: Apache-2.0 */
/* admin - the administration interfaces of a CA (MS-CSRA), each an object of its own. */
#include <stdlib.h>
#include <string.h>

#include "adcs.h"
#include "csra.h"
#include "dcom.h"

#define CERT_ADMIN_CLASS                                                                           \
    CF_GUID(0xd99e6e73, 0xfc88, 0x11d0, 0xb4, 0x98, 0x00, 0xa0, 0xc9, 0x03, 0x12, 0xf3)

static const struct cf_dcom_class CERT_ADMIN = {
    .id = CERT_ADMIN_CLASS,
    .interface = {.id = CF_GUID(0xd99e6e71, 0xfc88, 0x11d0, 0xb4, 0x98, 0x00, 0xa0, 0xc9, 0x03,
                                0x12, 0xf3),
                  .name = "ICertAdminD"},
};
static const struct cf_dcom_class CERT_ADMIN_2 = {
    .id = CERT_ADMIN_CLASS,
    .interface = {.id = CF_GUID(0x7fe0d935, 0xdda6, 0x443f, 0x85, 0xd0, 0x1c, 0xfb, 0x58, 0xfe,
                                0x41, 0xdd),
                  .name = "ICertAdminD2"},
};

enum { IS_VALID_CERTIFICATE = 7, REVOKE_CERTIFICATE = 10, GET_MY_ROLES = 47 };

struct adcs_admin {
    struct cf_rpc_target target;
    char *host;
    char *authority;
    struct cf_dcom_object *object; /* ICertAdminD */
};

struct adcs_admin *
adcs_admin_free(struct adcs_admin *admin)
{
    if (!admin)
        return NULL;
    cf_dcom_object_free(admin->object);
    free(admin->host);
    free(admin->authority);
    free(admin);
    return NULL;
}

enum cf_rc
adcs_admin_open(const struct cf_rpc_target *target, const char *authority,
                struct adcs_admin **ret_admin, struct cf_err *err)
{
    cf_own(adcs_admin) admin = calloc(1, sizeof *admin);

    if (!admin)
        return cf_fail_oom(err);
    admin->host = strdup(target->host);
    admin->authority = strdup(authority);
    if (!admin->host || !admin->authority)
        return cf_fail_oom(err);
    admin->target = *target;
    admin->target.host = admin->host;
    CF_TRY(cf_dcom_open(&admin->target, &CERT_ADMIN, &admin->object, err));
    *ret_admin = cf_give(admin);
    return CF_OK;
}

enum cf_rc
adcs_admin_revoke(struct adcs_admin *admin, const char *serial, int reason, int64_t revoked_ms,
                  uint32_t *ret_hresult, struct cf_err *err)
{
    cf_own(cf_buf) asked = NULL;
    cf_own(cf_buf) answered = NULL;

    CF_TRY(cf_csra_revoke_write(admin->authority, serial, reason, revoked_ms, &asked, err));
    CF_TRY(cf_dcom_call(admin->object, REVOKE_CERTIFICATE, cf_buf_bytes(asked), &answered, err));
    return cf_csra_revoke_read(cf_buf_bytes(answered), ret_hresult, err);
}

enum cf_rc
adcs_admin_is_valid(struct adcs_admin *admin, const char *serial, uint32_t *ret_disposition,
                    uint32_t *ret_hresult, struct cf_err *err)
{
    cf_own(cf_buf) asked = NULL;
    cf_own(cf_buf) answered = NULL;

    CF_TRY(cf_csra_is_valid_write(admin->authority, serial, &asked, err));
    CF_TRY(cf_dcom_call(admin->object, IS_VALID_CERTIFICATE, cf_buf_bytes(asked), &answered, err));
    return cf_csra_is_valid_read(cf_buf_bytes(answered), ret_disposition, ret_hresult, err);
}

enum cf_rc
adcs_admin_roles(struct adcs_admin *admin, uint32_t *ret_roles, uint32_t *ret_hresult,
                 struct cf_err *err)
{
    cf_own(cf_dcom_object) object = NULL;
    cf_own(cf_buf) asked = NULL;
    cf_own(cf_buf) answered = NULL;

    CF_TRY(cf_csra_roles_write(admin->authority, &asked, err));
    CF_TRY(cf_dcom_open(&admin->target, &CERT_ADMIN_2, &object, err));
    CF_TRY(cf_dcom_call(object, GET_MY_ROLES, cf_buf_bytes(asked), &answered, err));
    return cf_csra_roles_read(cf_buf_bytes(answered), ret_roles, ret_hresult, err);
}
