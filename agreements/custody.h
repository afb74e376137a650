/*
 * custody.h - who holds a case: one record, and the acts that change it. Read this file first.
 *
 *     OPEN            nobody -> the opener
 *     OFFER           the holder's: opens a transfer of all its components, or offers rejected ones
 *                     of them again, with the manifest and the time that hold from then on
 *     ACCEPT, REJECT  the offered agency's: of some of what is offered and not yet spoken of
 *     WITHDRAW        the holder's, as a message or (RETRACT) as a claim; LAPSE the clock's: the
 *                     transfer is gone, nothing has changed
 *     COMPLETE        the offered agency's, when every component is accepted: it holds the case
 *     CLOSE           the holder's, when no transfer is open: nobody holds it, for good
 *
 * The holder changes at OPEN, COMPLETE and CLOSE and nowhere else, so a case that is open always
 * has exactly one. `version` goes up by one at each of OPEN, OFFER, COMPLETE and CLOSE; an OFFER
 * names the one it was decided on, so that of two at once the second is STALE_VERSION.
 *
 * Pure: the broker applies it to the case's record, agents ask it before they send, and the model
 * in tests/model/custody.pml says the same in Promela. Agencies are numbers of the caller's, 0 is
 * nobody. Plain data.
 * Source: docs/custody.md.
 */
#ifndef AGREEMENTS_CUSTODY_H
#define AGREEMENTS_CUSTODY_H

#include "lib/id.h"
#include "lib/limits.h"
#include "lib/merkle.h"
#include "proto/catalogue.h"
#include "proto/evidence.pb-c.h"

#define CUSTODY_FORMER_MAX 4 /* holders remembered after they held it */

struct transfer {
    struct id id;
    uint32_t to;                          /* 0: no transfer is open */
    uint32_t count;                       /* components, 1..COMPONENTS_MAX */
    uint32_t offered, accepted, rejected; /* bits; offered: not yet spoken of. Disjoint */
    struct digest manifest;
    int64_t reply_by_ms; /* it is over then, unless every component is accepted; 0: never */
};

struct custody {
    uint32_t holder;  /* 0: none yet, or closed */
    uint64_t version; /* 0: it was never opened */
    uint64_t handed;  /* the version when it last changed hands: opened, completed, closed */
    bool is_closed;
    uint32_t former[CUSTODY_FORMER_MAX]; /* the last first; 0: none */
    struct transfer transfer;
};

struct custody_deed {
    enum custody_act act;
    uint32_t by, to; /* sender and recipient of the message */
    struct id transfer;
    uint64_t version; /* as the sender knows it: of OFFER */
    uint32_t count, components;
    struct digest manifest; /* OFFER, COMPLETE */
    int64_t reply_by_ms;
};

/* Applies what a message does; `custody` stays as it was unless the answer is UNSPECIFIED (done).
 * The act is one: never CUSTODY_NONE. A transfer whose time is over takes no OFFER and no reply,
 * also before custody_lapse() has ended it.
 *   CASE_NOT_YOURS      `by` is neither holder, nor offered it, nor a former holder: whatever the
 *                       case is, the answer is the same
 *   NOT_CURRENT_HOLDER  OFFER or WITHDRAW by a former holder, or by who it is offered to
 *   STALE_VERSION       OFFER: another version, or another transfer is open, or its time is over
 *   TRANSFER_UNKNOWN    no transfer of that id between these two is open; OFFER to itself
 *   COMPONENTS_WRONG    none, or not those that are open to the act; COMPLETE before all are
 *                       accepted, or with another manifest */
Concordat__RefusalCode custody_apply(struct custody *custody, const struct custody_deed *deed,
                                     int64_t now_ms);
/* When somebody holds it or it is closed: STALE_VERSION to whom it concerns, CASE_NOT_YOURS to
 * others. */
Concordat__RefusalCode custody_open(struct custody *custody, uint32_t by);
/* CASE_NOT_YOURS, NOT_CURRENT_HOLDER as above; STALE_VERSION: `version` is another, or a transfer
 * is open. That no conversation is open is the caller's to see to. */
Concordat__RefusalCode custody_close(struct custody *custody, uint32_t by, uint64_t version);
/* The holder takes back what it offers, by its own word alone: for when no message of that can go.
 * STALE_VERSION: `version` is another. Done also when nothing is offered: it was made before, or
 * the offer has lapsed. */
Concordat__RefusalCode custody_retract(struct custody *custody, uint32_t by, uint64_t version);
/* The offer's time is over, or its recipient cannot open it. False: no such transfer, or all its
 * components are accepted, so that it does not lapse. */
bool custody_lapse(struct custody *custody, const struct id *transfer);
/* Holder, offered it, or held it before: may be told who holds it. Who has part in one of its
 * conversations may too, which the caller knows. */
bool custody_concerns(const struct custody *custody, uint32_t agency);
/* Held it before, and is remembered. */
bool custody_was_holder(const struct custody *custody, uint32_t agency);

#endif
