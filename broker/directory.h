/*
 * directory.h - which agencies there are, their signing certificates and their sealing keys.
 *
 * Grows by recorded events only (EVENT_AGENCY, EVENT_KEY) and is filled from the state at start. An
 * agency is known by its place, which never changes; names come and stay, bounded by the
 * community's authority, which alone makes certificates, and by the agreements.
 *
 * Threads: one owner, the exchange.
 */
#ifndef BROKER_DIRECTORY_H
#define BROKER_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/own.h"
#include "lib/status.h"
#include "proto/wire.h"

#define AGENCY_NONE UINT32_MAX
#define AGENCY_KEYS_MAX 64 /* open statements of one agency: 60 days at one a day and spare */
#define AGENCY_CERTIFICATES_MAX 64 /* of one agency: more than a lifetime of renewals */

struct directory;

struct directory *directory_new(void); /* NULL when memory is out */
void directory_free(struct directory *directory);
OWN(directory)

/* The agency's place; AGENCY_NONE when it is not there. O(1). */
uint32_t directory_find(const struct directory *directory, const char *agency);
/* The same, and makes a place for it if need be.
 *   ST_NOMEM */
enum status directory_enter(struct directory *directory, const char *agency, uint32_t *out);
/* As many more can be entered, and names that were borrowed before stay where they are.
 *   ST_NOMEM */
enum status directory_reserve(struct directory *directory, uint32_t more);
const char *directory_name(const struct directory *directory, uint32_t agency);
uint32_t directory_count(const struct directory *directory);

/* Copies a signing certificate in, as the newest; `digest` is SHA-256 of `der`.
 *   ST_MORE     it is there already
 *   ST_LIMIT    AGENCY_CERTIFICATES_MAX
 *   ST_NOMEM */
enum status directory_add_certificate(struct directory *directory, uint32_t agency,
                                      const struct digest *digest, struct bytes der);
bool directory_has_certificate(const struct directory *directory, uint32_t agency,
                               const struct digest *digest);
/* The agency's `index`-th, newest first; {NULL, 0} when there are fewer. */
struct bytes directory_certificate(const struct directory *directory, uint32_t agency,
                                   uint32_t index);
uint32_t directory_certificate_count(const struct directory *directory, uint32_t agency);

/* Copies a checked statement in; those no longer open at `now_ms` leave.
 *   ST_MORE     the very same is there already
 *   ST_LIMIT    AGENCY_KEYS_MAX are open, or the key id stands there with another statement
 *   ST_NOMEM */
enum status directory_add_key(struct directory *directory, uint32_t agency,
                              const struct key_statement *key,
                              const struct signed_statement *statement, int64_t now_ms);
/* Makes sure that one more has room: of AGENCY_KEYS_MAX the one that closes first leaves. */
void directory_make_room_for_key(struct directory *directory, uint32_t agency);
/* May mail sealed to this key, expiring at `expires_ms`, be accepted at `now_ms`? */
bool directory_key_fits(const struct directory *directory, uint32_t agency,
                        const uint8_t key_id[static KEY_ID_SIZE], int64_t now_ms,
                        int64_t expires_ms);
uint32_t directory_key_count(const struct directory *directory, uint32_t agency);

/* Fills the entry that answers for `agency`: newest certificates and keys open at `now_ms`, as many
 * as an entry holds; all borrowed. */
void directory_entry(const struct directory *directory, uint32_t agency, int64_t now_ms,
                     struct directory_entry *out);
/* Whose certificate is this? Gives place and DER.
 *   ST_MORE     nobody's */
enum status directory_find_certificate(const struct directory *directory,
                                       const struct digest *digest, uint32_t *agency,
                                       struct bytes *der);

#endif
