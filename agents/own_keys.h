/*
 * own_keys.h - the keys that this agency signs with or has signed with: what an agreement that pins
 * one of them means by us.
 *
 *     the key of today --own_keys_load--> those in the store, and it --> registrar_rules
 *
 * A key that is renewed stands in no agreement yet, and what stands there is the one before. An
 * agent that forgot it would take every agreement for somebody else's on the day of its renewal.
 * In TREE_META; kept for ever, 32 bytes each.
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_OWN_KEYS_H
#define AGENTS_OWN_KEYS_H

#include "lib/merkle.h"
#include "lib/store.h"

#define OWN_KEYS_MAX 256 /* one a year for longer than anybody plans */

struct own_keys {
    size_t count;
    struct digest list[OWN_KEYS_MAX]; /* of SubjectPublicKeyInfo, the oldest first */
};

/* Of one `use`, a word. `today`, unless zero, is added when it is new.
 *   ST_LIMIT    they would be over OWN_KEYS_MAX
 *   ST_INVALID  the record is damaged
 *   ST_IO, ST_NOMEM */
enum status own_keys_load(struct store *store, const char *use, const struct digest *today,
                          struct own_keys *out);

#endif
