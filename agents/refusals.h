/*
 * refusals.h - what was refused, by this agent or the broker, for whom and why: for those who
 * oversee the agency's disclosures.
 *
 *     refused.c --refusals_put--> TREE_REFUSALS --refusals_each--> `concordat refusals`
 *
 * A record holds what a header holds, and officer and justification as the request gave them; no
 * content, and nobody the message was about. Kept REFUSALS_DAYS, and REFUSALS_MAX of them: beyond
 * that the oldest go, which is told (refusals_put).
 *
 * Threads: the keeper's.
 */
#ifndef AGENTS_REFUSALS_H
#define AGENTS_REFUSALS_H

#include "agents/outbox.h"
#include "lib/id.h"
#include "lib/limits.h"
#include "proto/catalogue.h"
#include "proto/envelope.h"

#define REFUSALS_DAYS 365
#define REFUSALS_MAX 10000 /* of at most REFUSAL_SIZE_MAX bytes: 15 MB */
#define REFUSAL_SIZE_MAX 1536

struct refused {
    int64_t at_ms;
    char by[AGENCY_MAX + 1]; /* this agency: nothing left it; else the broker */
    struct id message_id;
    struct id resent_as; /* zero: it was not sent again */
    char type[TYPE_MAX + 1], to[AGENCY_MAX + 1], purpose[PURPOSE_MAX + 1];
    uint32_t code;                           /* Concordat__RefusalCode */
    char agreement_id[AGREEMENT_ID_MAX + 1]; /* empty: none */
    uint32_t agreement_version;
    char clause[CLAUSE_ID_MAX + 1];
    category_set offending;
    char officer[OFFICER_MAX + 1], justification[JUSTIFICATION_MAX + 1];
};

/* Adds the `number`th, greater than any before. *pushed_out: the oldest had to go before its time.
 */
enum status refusals_put(struct txn *txn, uint64_t number, const struct refused *refused,
                         bool *pushed_out);
/* Deletes what is older than REFUSALS_DAYS, at most `most` of them. */
enum status refusals_trim(struct txn *txn, int64_t now_ms, unsigned most);

/* Calls `visit` for the newest `limit` of those at or after `since_ms` and before `before_ms`, the
 * oldest of them first, until it says false. Records that cannot be read are passed over. O(those
 * kept) */
enum status refusals_each(struct txn *txn, int64_t since_ms, int64_t before_ms, size_t limit,
                          bool (*visit)(void *context, const struct refused *refused),
                          void *context);

/* The record's bytes; public for the fuzzer and the test. */
enum status refused_write(const struct refused *refused, uint8_t *out, size_t room, size_t *size);
enum status refused_read(struct bytes record, struct refused *out);

#endif
