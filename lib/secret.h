/*
 * secret.h - memory for keys: locked, left out of cores, wiped; and comparison in constant time.
 *
 * The room is OpenSSL's secure heap, so that the library's own private keys live there too: guard
 * pages around it, mlock'd, MADV_DONTDUMP. Before secret_start (tests, small tools) it is ordinary
 * memory, still wiped.
 *
 * Threads: secret_start once before any; the others from anywhere.
 */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Once, before threads start: no core files, not dumpable, and room for locked memory. Does what
 * the system allows and says nothing about the rest: a daemon without these is weaker, not wrong.
 */
void secret_start(void);
/* `size` zeroed bytes that are not swapped or dumped where the system allows; NULL when out. */
void *secret_alloc(size_t size);
void secret_free(void *secret, size_t size); /* wipes; NULL is fine */
void secret_wipe(void *data, size_t size);
bool secret_equal(const void *a, const void *b, size_t size);

#endif
