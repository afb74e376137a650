/*
 * quota.h - how often each agency was refused under each agreement within an hour.
 *
 * The hour begins with its first refusal. The first REFUSALS_QUOTA are recorded one by one; those
 * after them are only counted, and the count is given once the hour is over. What is permitted is
 * never counted. A restart knows what was recorded and what was told; those only counted since the
 * hour began are forgotten with the process, as they were answered with "try again later".
 *
 * Bounded: an entry is made by a refusal that is recorded, and goes with its hour; what was told
 * goes after its day, when the next is told; agreements that
 * nobody knows are one, "".
 *
 * Threads: one owner, the exchange.
 */
#ifndef BROKER_QUOTA_H
#define BROKER_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"
#include "lib/own.h"
#include "lib/status.h"

struct quota {
    uint32_t agency; /* its place in the directory */
    char agreement_id[AGREEMENT_ID_MAX + 1];
    int64_t from_ms;
    uint32_t recorded, counted;
    bool told; /* the agreement's owner */
};

struct quotas;

struct quotas *quotas_new(void); /* NULL when memory is out */
void quotas_free(struct quotas *quotas);
OWN(quotas)

/* The agency's hour under the agreement that has not ended at `now_ms`, new if need be; valid until
 * the next call. O(agreements it was refused under in this hour).
 *   ST_NOMEM */
enum status quotas_find(struct quotas *quotas, uint32_t agency, const char *agreement_id,
                        int64_t now_ms, struct quota **out);
/* The owner was told at `at_ms`: marks the hour that holds that time, if it is there, and remembers
 * it for OUTSIDER_TOLD_MS.
 *   ST_NOMEM */
enum status quotas_tell(struct quotas *quotas, uint32_t agency, const char *agreement_id,
                        int64_t at_ms);
/* Was the owner told within OUTSIDER_TOLD_MS before `now_ms`? O(told of the agency in it). */
bool quotas_told(const struct quotas *quotas, uint32_t agency, const char *agreement_id,
                 int64_t now_ms);
/* Takes one hour out that has ended at `now_ms`.
 *   ST_MORE     there is none */
enum status quotas_end(struct quotas *quotas, int64_t now_ms, struct quota *out);

#endif
