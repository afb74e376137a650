/*
 * record.h - keys and values of the state's trees, as bytes.
 *
 * Keys sort as state.h says: an agency's name ends with a NUL, which no name holds, so that no name
 * is the beginning of another; numbers are big-endian. Each value that is not empty ends with a
 * check: the first 8 bytes of SHA-256 over key and value. LMDB has none of its own, and a flipped
 * bit must be refused and reported, never delivered.
 *
 * Threads: any.
 */
#ifndef BROKER_RECORD_H
#define BROKER_RECORD_H

#include "broker/journal.h"
#include "broker/state.h"

#define TREE_KEY_MAX (1 + KEPT_KEY_MAX) /* bytes of the longest: a kept record's */
#define CHECK_SIZE 8                    /* bytes at the end of a value */
#define PUBLISHED "published"           /* in meta: entries of the gazette, u64 */
#define MARK_SIZE (2 * DIGEST_SIZE + 2 * 8 + 4 + 8 + 4 + 8)
#define MESSAGE_RECORD_MAX                                                                         \
    (3 * DIGEST_SIZE + 3 * 8 + 2 + 4 * 4 + 3 + AGENCY_MAX + CLAUSE_ID_MAX + AGREEMENT_ID_MAX)

struct tree_key {
    size_t size;
    uint8_t bytes[TREE_KEY_MAX];
};

static inline struct bytes key_bytes(const struct tree_key *key)
{
    return (struct bytes){key->bytes, key->size};
}

struct tree_key key_of_name(const char *name);
struct tree_key key_of_sequence(uint64_t sequence);
struct tree_key key_of_queued(const char *agency, uint8_t lane, uint64_t sequence);
struct tree_key key_of_message(const char *sender, const struct id *id);
struct tree_key key_of_settled(int64_t settled_ms, const char *sender, const struct id *id);
struct tree_key key_of_certificate(const char *agency, struct bytes der);
struct tree_key key_of_certificate_digest(const char *agency, const struct digest *digest);
struct tree_key key_of_claim(const struct id *case_handle, uint64_t sequence);
struct tree_key key_of_sealing_key(const char *agency, int64_t open_until_ms,
                                   const uint8_t key_id[static KEY_ID_SIZE]);

struct tree_key key_of_kept(uint8_t kind, struct bytes key);

/* The other way, for walks. `agency` has room for AGENCY_MAX + 1.
 *   ST_INVALID  not such a key */
enum status key_read_agency(struct bytes key, char *agency);
enum status key_read_queued(struct bytes key, char *agency, uint8_t *lane, uint64_t *sequence);
/* `inner` lies in `key`. */
enum status key_read_kept(struct bytes key, uint8_t *kind, struct bytes *inner);

void check_write(struct bytes key, struct bytes value, uint8_t out[static CHECK_SIZE]);
/* Takes the check off.
 *   ST_INVALID  it does not hold: the store is damaged */
enum status check_read(struct bytes key, struct bytes stored, struct bytes *value);

/* The same against a tree.
 *   checked_get: ST_MORE nothing is there; ST_INVALID the check does not hold
 *   checked_put: ST_LIMIT the map is full */
enum status checked_get(struct txn *txn, int tree, struct bytes key, struct bytes *value);
enum status checked_put(struct txn *txn, int tree, struct bytes key, struct bytes value);

void mark_write(const struct journal_mark *mark, struct writer *w);
enum status mark_read(struct bytes value, struct journal_mark *out);

/* A message's record. What steps change stands at fixed places in front, so that the fold can
 * change it where it lies. `w` needs MESSAGE_RECORD_MAX bytes at most. */
void message_write(const struct message_record *record, struct writer *w);
/*   ST_INVALID  not such a record */
enum status message_read(struct bytes value, struct message_record *out);
/* The steps, their last digest and the time of settlement, over those in `value`. */
void message_patch(const struct message_record *record, uint8_t *value, size_t size);

#endif
