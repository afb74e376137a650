/*
 * signers.h - the signing certificates under which one session's agency may sign.
 *
 * The one its hello showed, and the newest that were recorded for it before: mail that was signed
 * under an old certificate is still good while that certificate is.
 *
 * Threads: one owner, the session.
 */
#ifndef BROKER_SIGNERS_H
#define BROKER_SIGNERS_H

#include <openssl/evp.h>

#include "broker/stage.h"
#include "lib/identity.h"

/* Is this a signing certificate of the community, in date and not revoked? Gives its key.
 *   ST_FORGED   it is not; `why` says why
 *   ST_NOMEM    it cannot be said */
typedef enum status signer_check(void *context, struct bytes der, struct identity *out,
                                 EVP_PKEY **key, struct reason *why);

struct signer {
    struct digest digest; /* of der */
    struct digest spki;   /* of its key: what agreements pin */
    int64_t from_ms, until_ms;
    EVP_PKEY *key; /* owned */
    uint8_t *der;  /* owned */
    size_t der_size;
};

/* Zeroes are none. */
struct signers {
    struct signer list[CERTIFICATES_MAX];
    uint32_t count;
};

void signers_fini(struct signers *signers);
/* Checks a certificate of `agency` and adds it; one that is there already, or one too many, is left
 * out.
 *   ST_FORGED   it does not hold, or is another agency's; `why` says which
 *   ST_NOMEM */
enum status signers_add(struct signers *signers, const char *agency, struct bytes der,
                        signer_check *check, void *context, struct reason *why);
/* In date at `wall_ms`; NULL when there is none. */
const struct signer *signers_find(const struct signers *signers, const struct digest *digest,
                                  int64_t wall_ms);
/* Checks all again and drops those that no longer hold.
 *   ST_FORGED   none is left, and some were
 *   ST_NOMEM    of some it cannot be said: they stay, so the session must not go on with them */
enum status signers_recheck(struct signers *signers, signer_check *check, void *context,
                            struct reason *why);

#endif
