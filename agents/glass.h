/*
 * glass.h - break-glass as this agency knows it, from its own gazette.
 *
 *     gazette.c: officers' words, reviews, reinstatements --glass_instrument--\
 *                the broker's notices ------------------------glass_notice------> privileges
 *     charter.c: may ours go? glass_now         may theirs come in? glass_when_used
 *
 * What officers, reviewers and owners sign comes to everybody and is verified here; that a message
 * was accepted is the broker's word and comes to those concerned alone. So an agent can judge by
 * itself that two officers authorised the very message that it got, and what it has used itself;
 * how often another agency used a charter towards third parties is the broker's to count.
 * Source: agreements/privilege.h; docs/agreements.md, charters.
 *
 * Threads: the keeper's, inside the gazette.
 */
#ifndef AGENTS_GLASS_H
#define AGENTS_GLASS_H

#include "agreements/instrument.h"
#include "agreements/privilege.h"

struct glass;

/* NULL when memory is out. */
struct glass *glass_new(void);
void glass_free(struct glass *glass); /* NULL is fine */
OWN(glass)

/* An instrument that is verified and that the registrar has counted, published at `at_ms`. Others
 * than a charter's change nothing, nor does the review of a use by the agency that used it.
 * ST_NOMEM. */
enum status glass_instrument(struct glass *glass, const struct instrument *instrument,
                             int64_t at_ms);
/* A notice of the broker's. `tell`: it is new, and what concerns a charter is logged.
 *   ST_INVALID  it cannot be read; `why` says why not
 *   ST_NOMEM */
enum status glass_notice(struct glass *glass, struct bytes notice, int64_t at_ms, bool tell,
                         struct reason *why);

/* What a message of ours rests on that has not gone yet: nothing, if its id was used before. */
struct privilege glass_now(const struct glass *glass, const struct breach_of_glass *use,
                           int64_t now_ms);
/* What a message rested on when the broker accepted it: nothing, when we were not told of it. */
struct privilege glass_when_used(const struct glass *glass, const struct breach_of_glass *use);

#endif
