#include "agreements/replay.h"

#include <stdlib.h>
#include <string.h>

#include "agreements/flows.h"

#define OFFICERS 2 /* that a charter asks for */
#define CODE(name) CONCORDAT__REFUSAL_CODE__##name

struct replay {
    const struct agreement_set *present; /* borrowed */
    struct agreement *copies;            /* owned; each borrows all that its original owns */
    struct agreement_set *drafted;       /* owned: of the copies */
};

const char *replay_outcome_name(enum replay_outcome outcome)
{
    static const char *const names[REPLAY_OUTCOMES] = {
        "?", "same", "now refused", "now permitted", "refused otherwise", "not judged"};

    return outcome < REPLAY_OUTCOMES ? names[outcome] : "?";
}

static bool is_drafted(const struct agreement *a, struct agreement *const *drafts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(a->id, drafts[i]->id) == 0)
            return true;
    return false;
}

static struct agreement as_if_in_force(const struct agreement *draft)
{
    struct agreement copy = *draft;

    copy.standing = STANDING_ASSUMED;
    copy.from_ms = INT64_MIN;
    copy.until_ms = INT64_MAX;
    return copy;
}

enum status replay_new(const struct agreement_set *present, struct agreement *const *drafts,
                       size_t draft_count, struct replay **out)
{
    OWNED(replay) replay = calloc(1, sizeof *replay);
    size_t room = agreement_set_count(present) + draft_count, count = 0;
    struct agreement **all = calloc(room + 1, sizeof *all);
    enum status st = ST_NOMEM;

    if (replay && all && (replay->copies = calloc(room + 1, sizeof *replay->copies))) {
        for (size_t i = 0; i < agreement_set_count(present); i++)
            if (!is_drafted(agreement_set_at(present, i), drafts, draft_count))
                replay->copies[count++] = *agreement_set_at(present, i);
        for (size_t i = 0; i < draft_count; i++)
            replay->copies[count++] = as_if_in_force(drafts[i]);
        for (size_t i = 0; i < count; i++)
            all[i] = &replay->copies[i];
        st = agreement_set_borrow(all, count, &replay->drafted);
    }
    free(all);
    if (st != ST_OK)
        return st;
    replay->present = present;
    *out = GIVE(replay);
    return ST_OK;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    agreement_set_free(replay->drafted);
    free(replay->copies);
    free(replay);
}

/* Does an agreement give the code, to a question that a header alone asks? */
static bool is_agreements_own(int code)
{
    switch (code) {
    case CODE(NO_AGREEMENT):
    case CODE(AGREEMENT_VERSION_STALE):
    case CODE(AGREEMENT_REVOKED):
    case CODE(AGREEMENT_SUSPENDED):
    case CODE(AGREEMENT_NOT_YET):
    case CODE(AGREEMENT_EXPIRED):
    case CODE(PARTY_NOT_SIGNATORY):
    case CODE(TYPE_NOT_COVERED):
    case CODE(DIRECTION_NOT_ALLOWED):
    case CODE(PURPOSE_NOT_COVERED):
    case CODE(GATEWAY_NOT_AVAILABLE):
    case CODE(REPLY_REQUIRED):
    case CODE(SUBJECT_OUT_OF_SCOPE):
    case CODE(CATEGORY_NOT_COVERED):
    case CODE(CATEGORY_MISSING):
    case CODE(MARKING_TOO_HIGH):
    case CODE(MARKING_TOO_LOW):
    case CODE(RETENTION_TOO_LONG):
    case CODE(ONWARD_NOT_ALLOWED):
        return true;
    default:
        return false;
    }
}

static struct question question_of_past(const struct past *past)
{
    return (struct question){.from = past->from,
                             .to = past->to,
                             .type = past->type,
                             .purpose = past->purpose[0] ? past->purpose : NULL,
                             .gateway = past->gateway[0] ? past->gateway : NULL,
                             .categories = past->categories,
                             .marking = past->marking,
                             .retention_days = past->retention_days,
                             .in_reply = past->in_reply,
                             .capacity = past->capacity,
                             .signer_counts = true,
                             .is_holder = true,
                             .officers = OFFICERS};
}

/* A capacity that is not on record may have been any. */
static int decide_again(const struct agreement_set *set, const struct past *past,
                        struct reason *said)
{
    struct question q = question_of_past(past);
    struct decision d = decide_first(&q, set, past->at_ms);

    for (int capacity = 1; past->capacity == 0 && !d.permitted && capacity < CAPACITIES;
         capacity++) {
        struct question other = question_of_past(past);
        struct decision might;

        other.capacity = capacity;
        might = decide_first(&other, set, past->at_ms);
        if (might.permitted || d.code == CODE(SUBJECT_OUT_OF_SCOPE)) {
            d = might;
            q = other;
        }
    }
    if (said)
        decision_explain(&d, &q, said);
    return d.permitted ? 0 : (int)d.code;
}

struct replayed replay_decide(const struct replay *replay, const struct past *past)
{
    struct replayed r = {.outcome = REPLAY_NOT_JUDGED, .code = past->code};

    if (past->code != 0 && !is_agreements_own(past->code))
        return r;
    r.code = decide_again(replay->drafted, past, &r.said);
    if (r.code == past->code)
        r.outcome = REPLAY_SAME;
    else if (r.code == 0)
        r.outcome = REPLAY_NOW_PERMITTED;
    else
        r.outcome = past->code == 0 ? REPLAY_NOW_REFUSED : REPLAY_OTHER_CODE;
    r.not_by_draft =
        r.outcome != REPLAY_SAME && decide_again(replay->present, past, NULL) == r.code;
    return r;
}
