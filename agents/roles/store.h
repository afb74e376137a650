/*
 * store.h - an agency's own little store: one JSON document in a folder.
 *
 *     struct store *store = store_open("/var/lib/our-system");
 *     json_t *book = store_begin(store);    the document, as the last process left it
 *     ... change it ...
 *     store_save(store);                    on disk; only now tell anybody
 *     store_end(store);
 *
 * Between begin and end the folder is locked (flock), so two processes take turns: the service and
 * a member of staff with a one-shot command do not lose each other's changes. A save writes a new
 * file, syncs it, renames it over the old one and syncs the folder: after a crash the document is
 * the old or the new one, whole.
 *
 * A store that cannot be read or written has told standard error why. Stop then: what goes out
 * after that could not be remembered.
 */
#ifndef AGENTS_ROLES_STORE_H
#define AGENTS_ROLES_STORE_H

#include <jansson.h>
#include <stdbool.h>

struct store;

/* Makes the folder (0700) when it is missing. NULL: told why. */
struct store *store_open(const char *folder);
void store_close(struct store *store); /* NULL is fine */

/* Locks, waiting for whoever has the lock, and reads. The document belongs to the store until
 * store_end. NULL: told why. */
json_t *store_begin(struct store *store);
/* Durable when it says true, as often as wanted before store_end. Nothing is written when nothing
 * has changed. False: told why. */
bool store_save(struct store *store);
/* Unlocks. What was not saved is forgotten. */
void store_end(struct store *store);

/* The object or list under `key` of the document, made when it is missing: borrowed. */
json_t *store_object(json_t *book, const char *key);
json_t *store_list(json_t *book, const char *key);

#endif
