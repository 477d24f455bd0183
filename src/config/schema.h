/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema - every option there is: where it is kept, what it may be, and the words about it.
 *
 * The parser, the range checks, --print-config, the sample file and the manual all come from
 * these tables (schema_*.c, by theme; each section names its own); what holds between options is in
 * cross*.c.
 */
#pragma once

#include <limits.h>
#include <stddef.h>

#include "certferry/settings.h"

enum cf_option_type {
    OPT_TEXT,    /* printable, with blanks; char * */
    OPT_NAME,    /* letters, digits and . _ -; char * */
    OPT_CHOICE,  /* one of choices; int */
    OPT_BACKEND, /* one of choices, kept as text; char * */
    OPT_PRESET,  /* one of choices, kept nowhere: it gives other options their defaults */
    OPT_PATH,    /* absolute; char * */
    OPT_SECRET,  /* absolute path or credential:NAME; char *, resolved */
    OPT_HTTPS,   /* URL; char * */
    OPT_WEB,     /* http or https URL; char * */
    OPT_PROXY,   /* http://HOST:PORT; char * */
    OPT_DURATION,
    OPT_SIZE,
    OPT_UNSIGNED, /* these three: uint64_t */
    OPT_BOOL,
    OPT_COMMAND,   /* words; char **, NULL-terminated */
    OPT_TEMPLATES, /* names of [template] sections; resolved by cross.c */
    OPT_USAGES,    /* of choices; unsigned, or-ed; 0: not set */
    OPT_EKU,       /* dotted OIDs or names; char ** with a count */
    OPT_LIST       /* words; char **, NULL-terminated */
};

enum {
    CF_OPTION_REQUIRED = 1 << 0,
    CF_OPTION_RESTART = 1 << 1, /* a reload does not change it */
    CF_OPTION_POWER_OF_2 = 1 << 2,
    CF_OPTION_NONE = 1 << 3,   /* of OPT_LIST: "none" is a list without words, unlike no list */
    CF_OPTION_NEEDED = 1 << 4, /* with backend and only, where it belongs at all */
    CF_OPTION_FRONT = 1 << 5   /* OPT_SECRET: a credential of certferry-scepd's unit */
};

#define CF_NO_OFFSET SIZE_MAX

/* A table of them ends with name NULL. */
struct cf_choice {
    const char *name;
    int value;
};

/* Says what is wrong with a text or with one word of a list. */
typedef enum cf_rc cf_word_check_fn(const char *word, struct cf_err *err);

/* A table of them ends with key NULL and, where it goes on elsewhere, `more`. */
struct cf_option {
    const char *section;
    const char *key;
    enum cf_option_type type;
    unsigned flags;
    size_t offset;
    size_t count_offset;   /* OPT_EKU, OPT_TEMPLATES */
    const char *preset;    /* default, as one would write it; {state_dir} and {name} are replaced */
    const char *min, *max; /* limits, as one would write them */
    const struct cf_choice *choices;
    cf_word_check_fn *check; /* OPT_TEXT, OPT_LIST */
    const char *backend;     /* only for these, with blanks between them; NULL: for all */
    const char *only;        /* "KEY = WORD": only with this choice of an earlier option, if the
                                backend has that option; NULL: with all */
    unsigned given;          /* of a template: its bit of `given` */
    const char *when;        /* manual: when it is needed, or what the default is in words */
    const char *example;     /* sample, where there is no preset */
    const char *help;
    const struct cf_option *more; /* of the last entry: the rest of the table */
};

struct cf_section {
    const char *type;
    bool has_name;
    bool is_optional;    /* without it, nothing of it holds */
    const char *example; /* name in the sample */
    const struct cf_option *options;
    const char *help;
};

extern const struct cf_option cf_options_connector[], cf_options_cloud[], cf_options_store[],
    cf_options_keys[], cf_options_pfx[], cf_options_recipient[], cf_options_revocation[],
    cf_options_retry[], cf_options_control[], cf_options_directory[], cf_options_ca[],
    cf_options_ca_adcs[], cf_options_ca_cmp[], cf_options_template[], cf_options_policy[],
    cf_options_import_key[], cf_options_recovery[], cf_options_scep[], cf_options_scep_profile[];
extern const struct cf_section cf_sections[];
extern const size_t cf_n_sections;

extern const struct cf_choice cf_choices_service[], cf_choices_auth[], cf_choices_log_level[],
    cf_choices_reason[], cf_choices_backend[], cf_choices_key[], cf_choices_usage[],
    cf_choices_rdn_order[], cf_choices_sid_mode[], cf_choices_sid_form[],
    cf_choices_template_sid_mode[], cf_choices_template_sid_form[], cf_choices_directory_auth[],
    cf_choices_directory_tls[], cf_choices_certificate_types[], cf_choices_transport[],
    cf_choices_revoke_transport[], cf_choices_rpc_auth[], cf_choices_ces_auth[],
    cf_choices_cmp_request[], cf_choices_cmp_protection[], cf_choices_store[], cf_choices_rsa_key[],
    cf_choices_scep_types[], cf_choices_scep_challenge[], cf_choices_scep_renewal[];

/* NULL when there is none. */
const struct cf_section *cf_section_find(const char *type);
const struct cf_option *cf_option_find(const char *section, const char *key);
/* The entry behind it; the very last has no key. */
const struct cf_option *cf_option_next(const struct cf_option *option);
/* Whether it belongs to CAs of this backend; backend NULL: to any section. */
bool cf_option_is_of(const struct cf_option *option, const char *backend);
/* The backends it belongs to, as one writes them: "exec or adcs". */
enum { CF_BACKENDS_SIZE = 64 };
void cf_option_backends(const struct cf_option *option, char text[CF_BACKENDS_SIZE]);
/* As cf_option_is_of, and that what it depends on (only) is chosen in base. */
bool cf_option_applies(const struct cf_option *option, const char *backend, const void *base);

/* What a name, a rule or an address must look like (check_word.c). */
cf_word_check_fn cf_check_ldap_uri, cf_check_dn, cf_check_principal, cf_check_upn_suffix,
    cf_check_account, cf_check_group, cf_check_key_uri;
/* Of the store and of SCEP (check_address.c). */
cf_word_check_fn cf_check_connection, cf_check_listen, cf_check_token_uri, cf_check_key_kind;

/* Object identifiers of extended key usages by their usual names; NULL when there is none. */
const char *cf_eku_oid(const char *name);
const char *cf_eku_name(const char *oid);

/* Where the URLs of [cloud] point for a service; none for "custom" and "none". */
struct cf_preset_urls {
    const char *service, *authority, *graph, *resource;
};
extern const struct cf_preset_urls cf_preset_urls[];
extern const size_t cf_n_preset_urls;
