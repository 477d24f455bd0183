/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_ra - a registration authority for the fuzz targets of SCEP, made for this; it protects
 * nothing.
 */
#pragma once

#include "certferry/scep_message.h"
#include "certferry/text.h"
#include "fuzz_pki.h"

/* By 32 times 'f', for "fuzz". */
static const char RA_KEY[] =
    "AQB71MH4aC6jKO9Z7A+qm5MjXwjmGxzeKQriZrHM2+aD3qO97S2NCzcINZEH9QmZ0pJv2KSW"
    "/LtQw45+0rn2SUEkLeOIKyi98TUcC/uMZZgYxaK8l2J9pmoh+75vFl2ed1umIfDoSdNuCJQC"
    "/sL0XYZ7dJSDNaXD5C9DbvNuANBp+EqjaGiHyMRw0jNF7iSF4k5sfVoINcpc9sm1iowF3EWO"
    "BxCCV1GXUFAqZlOWKGms3f74sFYnqZ8onrFtSUZ5CEUnGyHxBwL1x3QKasFsieXcWMyB45lo"
    "ZSmvJB4dsUCjf/rSjAxKikFDVrDGTlJNrY8H+JyEm1IcgFgfdVc5rJ25VZwgTo6M5nNybTGW"
    "gg/prM7KMFnSFdMCu852cqGLe3eNkt9uV5sOKzSDxTDa+SGEU0ftmy9ljVPDRNuLW3pCp+LF"
    "GaoBbx+nLuPnnzTQmZRKKY5jkzpdvcd5elQFae22faEJrkglOBYWtQFuAZyTPXRLSRnvZCWC"
    "XGjCSopEugig9lKKL7oAE9398b1cN4RLQmhVFnum2zrPbNWhcDB1Xqr3dD9rJJZMv7Gsfkap"
    "DObf1UJpZNMOwCFTj0PeT3XGbINRm1uY7n6co3GOvDn/qhXu8hFr6oqlBghjOwZFHoftpEWQ"
    "mqGZG3qtRUNII9hAqbmYj4HzjLg7THhtlf2rQkfngqF78vehxFQc3Z0LA4K71RgP5UsIiVQX"
    "5VNQQveo3/PCuGbe2R8d782ihNMvX9Fcem7bc3WBaQDedqCgEWcMDkZL5aFurxQ2FNl7xUZ3"
    "Vz/cWKfmhZaWEnwNJp9TKKuVFdGKm1HCoYdUTmMb8ZmwrilRUEMUvABBml2VOsy/S6fiDsAQ"
    "f0EGgBwni7aBEMszpcQ8M2oHBRlWjbMni4RP9v9al52iBEYtfMRmbaxHTTzupIw3T1H5yN2a"
    "evxxlyEjwNrgTydcH6vo06+3a+NtGd53KvmoLA03XqZP18rWN77rncPsfTtmkgE/k36Vo3MA"
    "bdxOFuxQ+oQeNlG7VGPLYjKFmWs7prnEhGe44esHllucfsEFRNWOeGtvg4mkjn7YDbI0hXDj"
    "IeTtTq1cVAu8QkarnEuTlYBW+v8Y0LB9QxeNmZPQQTXvuZzGyPWjUrLlKnMMEGxwnRhUS6NE"
    "+YZL/bekG0+TpDIZk3akUehuhtcY5NbD1VbGfH9ERPiY+obB99SFiX55K4Wf7LW/IMrOULZn"
    "lxnHFoNRD014COs/is/x1FZLNRCJimxNBWaLvUl2RxX4gEwL+q9RZyFNLbNMB+DF3pQk1GFA"
    "MOFc6BpdfKWkYTFrYalzxww7Juc6/h5k12NOJoJzMvZgiTqpySWMVmSL/3jWO5nnytIAQqML"
    "DI5IA9o/3QkssOUxp9zDBbq578ECMsHiVENJl4jM+r+ETEluyFQ2M0ZUH0yTBBAw997VgwOF"
    "SCdQ8R4m9IWLDQ0YWPgrFyGD0nFA4eXotGW9cchO3yXJZqD3n3Veq8WkfVyEV57BH3KpqhPH"
    "uW/EU0O1QT8mgC6HX/9dTivNgTs0YxeqzODAbBbOPh0zpe5SAg1fmPrzK/hCu5sJu/XomKRW"
    "OoY0z6aGwuS7Gz77rY2S3meyzLZ96aR4Xp6sl2wHCPKAKw==";
static const char RA_CERT[] = "-----BEGIN CERTIFICATE-----\n"
                              "MIICRTCCAeqgAwIBAgIFEjRWeJAwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHRnV6\n"
                              "eiBDQTAgFw0yNjExMjIwODMxMzdaGA8yMTI2MTAyOTA4MzEzN1owEjEQMA4GA1UE\n"
                              "AwwHRnV6eiBSQTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAKpM3pND\n"
                              "fe+uaiWZuYLP2fUjxxqXaeGje7xB1Ox3PIGRT3L9tn4QvmzNslguA3gfgnlBExhR\n"
                              "3N10FdxHIc9XXIwOkWw1DZTbQZy3mcdrFENYa9u/DKeB6cQ7YuPOnmInjeyEZKVn\n"
                              "DG74/DJFR6qjli2+T3+dk6ftrngOhlR32TTZH9EQihq4iCnp7xTq/9vzMWNGplyB\n"
                              "tq2YVGFuxsoFa269fPoQGfQ2l2pvBPibmgneIjOAu+rjJTN5wwQu/d1HRQsXiVxw\n"
                              "UbO2Q7qBGDVfRxuEv1NK7ibu/6FsxJR4El9uIZbXDl6W2geFICUZsFIq7F8Lf9fJ\n"
                              "1aZOqWF1Tw6WHcECAwEAAaNgMF4wDgYDVR0PAQH/BAQDAgWgMB0GA1UdDgQWBBSD\n"
                              "ghvHkEkKTzh7b2+lZaTe6FSR8DAfBgNVHSMEGDAWgBQX0uqjjvqqUqgZ3CLp3Uci\n"
                              "VOzQdjAMBgNVHRMBAf8EAjAAMAoGCCqGSM49BAMCA0kAMEYCIQDXUbUw8SCntPC0\n"
                              "faE7Azc/RgKsJK2TlS0JcADv4BpkkgIhAIaVE4FgWXeA/OtHxzNhZAWSwb9vcpl5\n"
                              "Ra6Rs5jd7GtY\n"
                              "-----END CERTIFICATE-----\n";

/* Made at the first call, kept. */
static inline const struct cf_scep_ra *
the_ra(void)
{
    static struct cf_scep_ra ra;
    static struct cf_key *key;
    static struct cf_chain *chain;
    cf_own(cf_secret) store_key = NULL;
    cf_own(cf_buf) sealed = NULL;

    if (key)
        return &ra;
    must(cf_secret_new(32, &store_key, NULL) == CF_OK);
    memset(cf_secret_edit(store_key), 'f', 32);
    must(cf_text_from_base64(RA_KEY, sizeof RA_KEY, &sealed, NULL) == CF_OK);
    must(cf_key_unseal(cf_buf_bytes(sealed), store_key, cf_bytes_of("fuzz", 4), &key, NULL) ==
         CF_OK);
    must(cf_chain_parse_pem(cf_bytes_of(RA_CERT, sizeof RA_CERT - 1), &chain, NULL) == CF_OK);
    ra = (struct cf_scep_ra){.cert = cf_chain_at(chain, 0), .key = key};
    return &ra;
}
