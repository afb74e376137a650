/*
 * replay.h - recorded headers decided again under a draft, before anybody signs it.
 *
 *     recorded header --> decide_first(agreements with the draft in its place) --> what would
 * change
 *
 * The draft stands where the agreement of the same id stands, and its own dates are not looked at:
 * the question is what it would have said, had it been in force. A header is asked about as its
 * sender asked: the clause under which it went is not named again. What no header says is taken as
 * given: that the signature counts, that the sender holds the case, that two officers stand behind
 * a charter's message.
 *
 * Pure. Source: docs/agreements.md, analysis.
 */
#ifndef AGREEMENTS_REPLAY_H
#define AGREEMENTS_REPLAY_H

#include "agreements/decide.h"

/* What is on record of one message: no content and no personal data. */
struct past {
    char from[AGENCY_MAX + 1], to[AGENCY_MAX + 1];
    char type[TYPE_MAX + 1];
    char purpose[PURPOSE_MAX + 1]; /* empty: not on record */
    char gateway[GATEWAY_MAX + 1]; /* the same */
    category_set categories;
    int marking; /* Concordat__Marking; 0: not on record */
    bool in_reply;
    int capacity;            /* Concordat__SubjectCapacity; 0: not on record, and any fits */
    uint32_t retention_days; /* 0: as the agreement said */
    int64_t at_ms;           /* of the decision */
    int code;                /* Concordat__RefusalCode; 0 = permitted */
};

enum replay_outcome {
    REPLAY_SAME = 1,
    REPLAY_NOW_REFUSED,   /* was permitted */
    REPLAY_NOW_PERMITTED, /* was refused */
    REPLAY_OTHER_CODE,    /* was refused for another reason */
    REPLAY_NOT_JUDGED,    /* refused for what no agreement says: a quota, a signature */
    REPLAY_OUTCOMES
};
const char *replay_outcome_name(enum replay_outcome outcome); /* "now refused" */

struct replayed {
    enum replay_outcome outcome;
    int code;           /* under the draft; 0 = permitted */
    struct reason said; /* under the draft, as the sender would read it */
    bool not_by_draft;  /* the agreements without it would answer the same today */
};

struct replay;

/* Both are borrowed, and must outlive the replay. Two drafts of one id are the caller's mistake:
 *   ST_INVALID
 *   ST_NOMEM */
enum status replay_new(const struct agreement_set *present, struct agreement *const *drafts,
                       size_t draft_count, struct replay **out);
void replay_free(struct replay *replay); /* NULL is fine */
OWN(replay)

/* O(clauses). */
struct replayed replay_decide(const struct replay *replay, const struct past *past);

#endif
