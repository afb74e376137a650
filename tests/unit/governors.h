/*
 * governors.h - agencies with governance keys, texts that pin them, and what they sign: for tests.
 *
 * A failure aborts: a test without its keys has nothing to say.
 */
#ifndef TESTS_UNIT_GOVERNORS_H
#define TESTS_UNIT_GOVERNORS_H

#include "agreements/instrument.h"
#include "tests/unit/mint.h"

#define OUR_PURPOSES "2.25.146622499544378802514740566792507863618"
#define GOVERNORS_MAX 6

struct governor {
    char agency[AGENCY_MAX + 1];
    EVP_PKEY *key;        /* the mint's */
    uint8_t *certificate; /* owned, DER */
    size_t certificate_size;
    struct digest pin; /* of the governance key */
    struct digest signing;
};

/* `purpose` is ".2" for governance, ".1" for signing; officers with a URI of their own. */
struct governor governor_new(struct mint *mint, const char *agency, const char *purpose);
struct governor governor_at(struct mint *mint, const char *agency, const char *uri,
                            const char *purpose);
void governor_fini(struct governor *governor);

/* A text of an agreement in which `count` agencies pin their keys, NUL-terminated; `note` makes
 * texts of the same version differ. */
#define TEXT_MAX 8192
size_t governors_text(const struct governor *list, size_t count, const char *id, uint32_t version,
                      const char *note, char out[static TEXT_MAX]);

#endif
