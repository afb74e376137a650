/*
 * claim.h - an agency's signed word that it holds a case from now on, that the case is over, or
 * that it is offered to nobody any more.
 *
 * Travels as canonical bytes (session.proto, Claim) in a CaseFrame; the agency's signing key signs
 * "concordat/1 claim" || 0x00 || community || claim, like a key statement (statement.h).
 * Source: docs/protocol.md, custody.
 */
#ifndef PROTO_CLAIM_H
#define PROTO_CLAIM_H

#include <openssl/evp.h>

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/limits.h"
#include "lib/merkle.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/session.pb-c.h"

#define CLAIM_MAX 256 /* bytes */

struct claim {
    char agency[AGENCY_MAX + 1];
    Concordat__ClaimKind kind;
    struct id case_handle;
    uint64_t case_version; /* CLOSE, WITHDRAW; 0: OPEN */
    int64_t at_ms;
};

/* Reads canonical bytes. Copies everything, so `arena` is neither used nor reset.
 *   ST_INVALID  not canonical, or a field missing
 *   ST_LIMIT    over CLAIM_MAX */
enum status claim_read(struct bytes bytes, struct arena *arena, struct claim *out,
                       struct reason *why);
/*   ST_LIMIT    `room` is too small */
enum status claim_write(const struct claim *claim, uint8_t *out, size_t room, size_t *size);
/* ST_NOMEM when the library cannot sign. */
enum status claim_sign(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                       struct bytes claim, uint8_t out[static SIGNATURE_SIZE]);
/* ST_FORGED when the signature does not hold. */
enum status claim_verify(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                         struct bytes claim, const uint8_t signature[static SIGNATURE_SIZE]);

#endif
