/*
 * vault.h - a folder of small secret files that can be erased: one key each, named by an id.
 *
 * Files are 0600 in a folder that is 0700, never backed up. Erasing overwrites, syncs, unlinks and
 * syncs the folder. (Overwriting is honest on file systems that write in place; on copy-on-write
 * ones and on flash, erasure is as good as the encryption of the disk below.)
 *
 * Threads: one owner.
 */
#ifndef AGENTS_VAULT_H
#define AGENTS_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/own.h"
#include "lib/reason.h"
#include "lib/status.h"

#define VAULT_KEY_SIZE 32

struct vault;

/* Opens `folder`, or makes it.
 *   ST_IO       the system refused
 *   ST_INVALID  it is not ours, or others can look into it
 *   ST_NOMEM */
enum status vault_open(const char *folder, struct vault **out, struct reason *why);
void vault_close(struct vault *vault); /* NULL is fine */
static inline void vault_free(struct vault *vault)
{
    vault_close(vault);
}
OWN(vault)

/* Writes a key that is not there yet; it is on the disk when this returns. ST_IO: stop. */
enum status vault_put(struct vault *vault, const uint8_t id[static KEY_ID_SIZE],
                      const uint8_t key[static VAULT_KEY_SIZE]);
/*   ST_MORE     it is not there, or its erasure was begun
 *   ST_INVALID  no file of ours: another size or kind, or readable by others
 *   ST_IO */
enum status vault_get(struct vault *vault, const uint8_t id[static KEY_ID_SIZE],
                      uint8_t key[static VAULT_KEY_SIZE]);
/* Gone for good when this returns; ST_OK also when it was not there. ST_IO: stop. */
enum status vault_erase(struct vault *vault, const uint8_t id[static KEY_ID_SIZE]);
/* Erases every key that `keep` says false to; files with other names are left alone. `keep` may
 * fail, which ends it. */
enum status vault_sweep(struct vault *vault,
                        enum status (*keep)(void *context, const uint8_t id[static KEY_ID_SIZE],
                                            bool *kept),
                        void *context);

#endif
