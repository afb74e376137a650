/*
 * encapsulation.h - HPKE contexts that serve many messages to one recipient's key.
 *
 * Agreeing on a secret costs as much as sealing a hundred small sections, so a context is kept: for
 * one recipient key, at most an hour, at most ENCAPSULATION_MESSAGES messages, never over a fork.
 *
 * A wrapping key comes from context, message id and category alone and its nonce is zero, so the
 * same id under the same context would use a key and nonce twice and give both messages away. Each
 * context therefore remembers its ids; an id that comes again, for whatever reason, gets a new one.
 *
 * Threads: one owner.
 */
#ifndef AGENTS_ENCAPSULATION_H
#define AGENTS_ENCAPSULATION_H

#include "agents/hpke.h"
#include "lib/own.h"
#include "lib/status.h"
#include "proto/envelope.h"

#define ENCAPSULATION_MS 3600000    /* a context serves at most this long */
#define ENCAPSULATION_MESSAGES 1024 /* and for this many ids: 32 KiB remember them */
#define ENCAPSULATIONS_MAX 64       /* recipient keys at a time; the idlest goes */

struct encapsulation {
    const uint8_t *enc; /* SEALING_KEY_SIZE bytes, for the header */
    const struct hpke_context *hpke;
}; /* borrowed until the next call */

struct encapsulations;

/* For our own signing key, SHA-256 of whose SPKI every context is bound to; NULL when memory is
 * out. */
struct encapsulations *encapsulations_new(const uint8_t signer_spki[static DIGEST_SIZE]);
void encapsulations_free(struct encapsulations *table); /* wipes; NULL is fine */
OWN(encapsulations)

/* A context for this envelope (sender, recipient, recipient_key_id and message_id are set), which
 * from now on has seen its message id.
 *   ST_INVALID  no secret can be agreed with `recipient_key`
 *   ST_NOMEM */
enum status encapsulation_for(struct encapsulations *table, const struct envelope *envelope,
                              const uint8_t recipient_key[static SEALING_KEY_SIZE], int64_t now_ms,
                              struct encapsulation *out);

#endif
