/*
 * client_answer.h - what a program holds of one request: the agent's reply, or why there is none.
 *
 *     client.c --> reply's bytes --> client_answer_read --> the caller --> concordat_answer_free
 *
 * An answer and all it points to is one thing, freed together; its texts stay where the reply was
 * unpacked. Whoever has no memory for one gives the answer that says so, which needs none.
 *
 * Private to the client: client.h is what is installed, and client.map hides these names.
 *
 * Threads: none.
 */
#ifndef AGENTS_CLIENT_ANSWER_H
#define AGENTS_CLIENT_ANSWER_H

#include <stddef.h>

#include "agents/client.h"

/* Each is never NULL, and the caller's to free with concordat_answer_free(). */

/* A reply's `size` bytes, a Response, as an answer; nothing of `data` is kept. */
struct concordat_answer *client_answer_read(const void *data, size_t size);
/* An answer made here: the agent was not reached, or spoke nonsense. `text` and `detail` are copied
 * behind one another; `where` is static. */
struct concordat_answer *client_answer_trouble(enum concordat_outcome outcome, const char *where,
                                               const char *text, const char *detail);
/* Memory is out. */
struct concordat_answer *client_answer_no_memory(void);

#endif
