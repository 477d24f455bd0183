/* SPDX-License-Identifier: Apache-2.0 */
/* config - the file and its drop-ins, read in their order. */
#include "certferry/config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "build.h"
#include "certferry/file.h"
#include "certferry/text.h"
#include "ini.h"

enum { DROP_INS_MAX = 200 };

struct drop_ins {
    char *path[DROP_INS_MAX];
    size_t n;
};

static void
drop_ins_done(struct drop_ins *drop_ins)
{
    for (size_t i = 0; i < drop_ins->n; i++)
        free(drop_ins->path[i]);
}

/* Whoever can write the configuration decides what is certified: a file or directory that
 * everybody can write is refused, not read with a warning. */
static void
check_writers(const char *path, struct cf_faults *faults)
{
    struct stat st;

    if (stat(path, &st) == 0 && (st.st_mode & S_IWOTH))
        cf_faults_add(faults, (struct cf_place){path, 1},
                      "everybody may write it (mode %04o): chmod o-w %s",
                      (unsigned)(st.st_mode & 07777), path);
}

/* By bytes: the order must not depend on the language of whoever starts the service. */
static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum cf_rc
take_drop_in(struct drop_ins *drop_ins, const char *directory, const char *name,
             struct cf_faults *faults, struct cf_err *err)
{
    size_t len = strlen(name);

    if (name[0] == '.' || len <= 5 || strcmp(name + len - 5, ".conf") != 0)
        return CF_OK;
    if (drop_ins->n == DROP_INS_MAX) {
        cf_faults_add(faults, (struct cf_place){directory, 1}, "more than %d drop-ins",
                      DROP_INS_MAX);
        return CF_OK;
    }
    if (asprintf(&drop_ins->path[drop_ins->n], "%s/%s", directory, name) < 0)
        return cf_fail_oom(err);
    drop_ins->n++;
    return CF_OK;
}

static enum cf_rc
find_drop_ins(const char *directory, struct drop_ins *drop_ins, struct cf_faults *faults,
              struct cf_err *err)
{
    DIR *stream = opendir(directory);
    enum cf_rc rc = CF_OK;

    if (!stream && errno == ENOENT)
        return CF_OK;
    if (!stream)
        return cf_fail_errno(err, CF_E_IO, errno, "%s", directory);
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry && errno != 0)
            rc = cf_fail_errno(err, CF_E_IO, errno, "%s", directory);
        if (entry)
            rc = take_drop_in(drop_ins, directory, entry->d_name, faults, err);
        if (!entry || rc != CF_OK)
            break;
    }
    (void)closedir(stream);
    qsort(drop_ins->path, drop_ins->n, sizeof drop_ins->path[0], compare_paths);
    return rc;
}

static enum cf_rc
add_file(struct cf_ini *ini, const char *path, struct cf_faults *faults, struct cf_err *err)
{
    cf_own(cf_buf) text = NULL;
    struct cf_err own = {0};

    enum cf_rc rc = cf_file_read(path, CF_INI_FILE_MAX, &text, &own);
    if (rc == CF_E_LIMIT) {
        cf_faults_add(faults, (struct cf_place){path, 1}, "the file is larger than %d bytes",
                      CF_INI_FILE_MAX);
        return CF_OK;
    }
    if (rc != CF_OK) {
        if (err)
            *err = own;
        return rc;
    }
    check_writers(path, faults);
    return cf_ini_add(ini, path, cf_buf_bytes(text), faults, err);
}

static enum cf_rc
finish(const struct cf_ini *ini, const char *top, struct cf_faults *faults,
       struct cf_settings **ret_settings, struct cf_err *err)
{
    cf_own(cf_settings) settings = cf_settings_new();
    struct cf_build build = {.ini = ini, .faults = faults, .settings = settings, .top = {top, 1}};

    if (!settings)
        return cf_fail_oom(err);
    CF_TRY(cf_build_settings(&build, err));
    if (faults->n > 0) {
        if (err)
            *err = faults->first;
        return CF_E_CONFIG;
    }
    *ret_settings = cf_give(settings);
    return CF_OK;
}

enum cf_rc
cf_config_load(const char *path, cf_config_fault_fn *report, void *arg,
               struct cf_settings **ret_settings, struct cf_err *err)
{
    __attribute__((cleanup(drop_ins_done))) struct drop_ins drop_ins = {.n = 0};
    struct cf_faults faults = {.report = report, .arg = arg};
    cf_own(cf_ini) ini = calloc(1, sizeof *ini);
    cf_own_str directory = NULL;

    if (asprintf(&directory, "%s.d", path) < 0) {
        directory = NULL;
        return cf_fail_oom(err);
    }
    if (!ini)
        return cf_fail_oom(err);
    CF_TRY(add_file(ini, path, &faults, err));
    CF_TRY(find_drop_ins(directory, &drop_ins, &faults, err));
    check_writers(directory, &faults);
    for (size_t i = 0; i < drop_ins.n; i++)
        CF_TRY(add_file(ini, drop_ins.path[i], &faults, err));
    return finish(ini, path, &faults, ret_settings, err);
}

enum cf_rc
cf_config_parse(const char *name, struct cf_bytes text, cf_config_fault_fn *report, void *arg,
                struct cf_settings **ret_settings, struct cf_err *err)
{
    struct cf_faults faults = {.report = report, .arg = arg};
    cf_own(cf_ini) ini = calloc(1, sizeof *ini);

    if (!ini)
        return cf_fail_oom(err);
    CF_TRY(cf_ini_add(ini, name, text, &faults, err));
    return finish(ini, name, &faults, ret_settings, err);
}
