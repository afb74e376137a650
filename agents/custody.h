/*
 * custody.h - who holds a case, as far as this agency knows, and the transfer of it that is open.
 *
 *     the broker's word (told.h), acts of ours that it accepted, acts that came --> struct holding
 *
 * All three say the same, in any order and more than once: what is older than what is known changes
 * nothing. The broker knows no labels and no parts; they are the offer's, kept by transfer, and say
 * nothing about who holds the case.
 *
 * Threads: the keeper's. Source: docs/custody.md.
 */
#ifndef AGENTS_CUSTODY_H
#define AGENTS_CUSTODY_H

#include "agreements/custody.h"
#include "lib/store.h"
#include "proto/envelope.h"
#include "proto/told.h"

#define TENURES_MAX 4     /* holders that are remembered, the present one with them */
#define LABEL_MAX 255     /* bytes; a longer one is cut */
#define PARTS_MAX 1024    /* of one manifest */
#define PART_KIND_MAX 127 /* bytes */

/* A transfer as it is known here. */
struct handover {
    struct id id; /* zero: none is open */
    char to[AGENCY_MAX + 1];
    uint32_t count; /* components; 0: the offer has not been seen */
    uint32_t offered, accepted, rejected;
    struct digest manifest; /* zero: the offer has not been seen */
    int64_t reply_by_ms;
    struct id conversation_id;          /* of its first offer */
    int64_t changed_ms[COMPONENTS_MAX]; /* when each was last spoken of */
};

struct holding {
    struct id handle;
    char holder[AGENCY_MAX + 1]; /* empty: nobody, or it is closed */
    uint64_t version;            /* 0: nothing is known */
    bool is_closed;
    int64_t changed_ms; /* the last change of holder */
    int64_t ended_ms;   /* when the last transfer ended */
    int64_t told_ms;    /* of the last transfer that the broker told of, with what is due */
    struct tenure {
        char holder[AGENCY_MAX + 1];
        int64_t from_ms;
    } tenures[TENURES_MAX]; /* the last first; behind it, an empty holder is one not known */
    struct handover transfer;
};

/* An act that the broker has accepted. */
struct accepted_act {
    enum custody_act act;
    const char *by, *to;
    const struct custody_claim *claim;
    struct id conversation_id;
    int64_t at_ms; /* the broker's */
};

void holding_fold_told(struct holding *holding, const struct custody_told *told);
void holding_fold_act(struct holding *holding, const struct accepted_act *act);
/* What the broker would say of an act of `us' (agreements/custody.h), as far as is known. */
Concordat__RefusalCode holding_judge(const struct holding *holding, const char *us,
                                     enum custody_act act, const char *to,
                                     const struct custody_claim *claim, int64_t now_ms);

/*   ST_MORE     nothing is known of it
 *   ST_INVALID  the record is damaged */
enum status holding_get(struct txn *txn, const struct id *handle, struct holding *out);
enum status holding_put(struct txn *txn, const struct holding *holding);
/* Calls `visit` for each case of which something is known, in no order that means anything, until
 * it says false. O(those visited) */
enum status holdings_each(struct txn *txn, bool (*visit)(void *context, const struct id *handle),
                          void *context);

/* ---- what the offer names ---- */

/* A transfer's id is its sender's choice: two cases may have the same. */
struct handover_key {
    struct id case_handle, transfer;
};

struct component {
    uint32_t number; /* from 1 */
    uint32_t kind;   /* TransferComponent.Kind */
    uint32_t reject; /* TransferReply.Reject, of its last rejection; 0: none */
    char label[LABEL_MAX + 1];
};

enum part_state {
    PART_OWED = 0, /* missing; at the sender: unsent */
    PART_DIFFERS,
    PART_HERE /* at the sender: sent */
};

struct part {
    uint32_t number; /* from 1 */
    char kind[PART_KIND_MAX + 1];
    uint64_t size; /* bytes */
    struct digest sha256;
    enum part_state state;
};

enum status component_put(struct txn *txn, const struct handover_key *of,
                          const struct component *c);
enum status component_get(struct txn *txn, const struct handover_key *of, uint32_t number,
                          struct component *out);
enum status part_put(struct txn *txn, const struct handover_key *of, const struct part *part);
enum status part_get(struct txn *txn, const struct handover_key *of, uint32_t number,
                     struct part *out);
/* Forgets both kinds from the numbers on: what a new offer of the transfer names no more. */
enum status handover_cut(struct txn *txn, const struct handover_key *of, uint32_t components,
                         uint32_t parts);
/* Calls `visit` for each part in order until it says false; it must not write. */
enum status parts_each(struct txn *txn, const struct handover_key *of,
                       bool (*visit)(void *context, const struct part *part), void *context);

#endif
