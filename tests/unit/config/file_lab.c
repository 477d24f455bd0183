/* SPDX-License-Identifier: Apache-2.0 */
#include "file_lab.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "../pki/cert_lab.h"

char file_lab_dir[64];

int
file_lab_setup(void **state)
{
    return lab_setup(state);
}

int
file_lab_teardown(void **state)
{
    return lab_teardown(state);
}

void
file_lab_begin(void)
{
    lab_dir(file_lab_dir);
}

void
file_lab_end(void)
{
    lab_remove_dir(file_lab_dir);
}

int64_t
file_lab_now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static void
full_path(const char *name, char path[128])
{
    (void)snprintf(path, 128, "%s/%s", file_lab_dir, name);
}

void
file_lab_mode(const char *name, mode_t mode)
{
    char path[128];

    full_path(name, path);
    assert_int_equal(chmod(path, mode), 0);
}

void
file_lab_write(const char *name, const void *data, size_t len, mode_t mode)
{
    lab_write(file_lab_dir, name, cf_bytes_of(data, len));
    file_lab_mode(name, mode);
}

void
file_lab_remove(const char *name)
{
    char path[128];

    full_path(name, path);
    assert_int_equal(remove(path), 0);
}

void
file_lab_cert(const char *name, const char *kind, bool is_ca, int from_days, int until_days)
{
    struct lab_spec spec = {.cn = "check",
                            .extensions = is_ca ? lab_ca : lab_device,
                            .pkey = lab_key(kind),
                            .not_before_ms = file_lab_now_ms() + from_days * LAB_DAY,
                            .not_after_ms = file_lab_now_ms() + until_days * LAB_DAY};
    X509 *x509 = lab_x509(&spec);
    cf_own(cf_buf) pem = lab_pem(&x509, 1);

    file_lab_write(name, cf_buf_bytes(pem).data, cf_buf_len(pem), 0644);
    X509_free(x509);
}

void
file_lab_key(const char *name, const char *kind)
{
    lab_write_key(file_lab_dir, name, lab_key(kind));
    file_lab_mode(name, 0600);
}
