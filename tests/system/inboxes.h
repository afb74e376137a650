/*
 * inboxes.h - messages through the client library while agents are killed: ids that are chosen
 * before the first try, sends that go on until there is a verdict, and what an agency ever
 * received.
 *
 * Threads: any, each with a client of its own.
 */
#ifndef TESTS_SYSTEM_INBOXES_H
#define TESTS_SYSTEM_INBOXES_H

#include "tests/system/community.h"

#define INBOX_MAX 200000 /* messages of one agency */

/* The same id until the broker has spoken, so that an agent that was killed in between sees one
 * message. NULL: `*go_on` became false before; it may arrive once or not at all. Free it. */
struct concordat_answer *send_until_verdict(struct concordat *client,
                                            const struct concordat_message *message,
                                            const _Atomic bool *go_on);

/* Everything the agency ever received, opened or not, in the order of ids; free() it. */
struct concordat_id *inbox_everything(struct concordat *client, size_t *count);
/* How often is it there? */
size_t inbox_count(const struct concordat_id ids[], size_t count, const struct concordat_id *id);
/* Ids that are there more than once; sorts them. */
size_t inbox_repeats(struct concordat_id ids[], size_t count);

#endif
