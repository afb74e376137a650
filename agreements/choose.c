/* choose.c - the sender's side of decide.h: the clause that fits, or the nearest refusal. */
#include <string.h>

#include "agreements/decide.h"
#include "lib/id.h"

/* Everything that can be said against a question, in the order in which it is said. The place in
 * this list is also how near a refusal came to being a permit. */
static const Concordat__RefusalCode order_of_checks[] = {
    CONCORDAT__REFUSAL_CODE__NO_AGREEMENT,        CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE,
    CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED,   CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED,
    CONCORDAT__REFUSAL_CODE__AGREEMENT_NOT_YET,   CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED,
    CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY, CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED,
    CONCORDAT__REFUSAL_CODE__TYPE_NOT_COVERED,    CONCORDAT__REFUSAL_CODE__DIRECTION_NOT_ALLOWED,
    CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED, CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE,
    CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED,      CONCORDAT__REFUSAL_CODE__SUBJECT_OUT_OF_SCOPE,
    CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER,  CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED,
    CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING,    CONCORDAT__REFUSAL_CODE__MARKING_TOO_HIGH,
    CONCORDAT__REFUSAL_CODE__MARKING_TOO_LOW,     CONCORDAT__REFUSAL_CODE__RETENTION_TOO_LONG,
    CONCORDAT__REFUSAL_CODE__ONWARD_NOT_ALLOWED,  CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED,
    CONCORDAT__REFUSAL_CODE__BREAK_GLASS_QUOTA,   CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS,
};

#define CHECKS (sizeof order_of_checks / sizeof *order_of_checks)

struct question question_of(const struct envelope *e)
{
    return (struct question){
        .from = e->sender,
        .to = e->recipient,
        .type = e->type,
        .purpose = e->purpose,
        .gateway = e->gateway,
        .agreement_id = e->agreement_id,
        .clause = e->clause,
        .agreement_version = e->agreement_version,
        .agreement_hash = e->agreement_hash,
        .categories = e->categories,
        .marking = e->marking,
        .retention_days = e->retention_days,
        .in_reply = !id_is_zero(&e->in_reply_to),
        .capacity = e->capacity,
        .onward_count = e->onward_count,
        .onward = e->onward,
    };
}

/* What was asked may be missing, and then it fits nothing. */
static bool same(const char *asked, const char *said)
{
    return asked && strcmp(asked, said) == 0;
}

void question_complete(struct question *q, const struct agreement *a, const struct clause *c)
{
    q->agreement_id = a->id;
    q->agreement_version = a->version;
    q->agreement_hash = a->hash;
    q->clause = c->id;
    if (!q->purpose)
        q->purpose = c->purpose;
    if (!q->gateway)
        q->gateway = c->gateway;
    if (q->marking == 0)
        q->marking = least_marking(a, c);
}

static bool has_party(const struct agreement *a, const char *agency)
{
    return agency && agreement_party(a, agency);
}

/* One candidate of decide_first, and how near it came: above CHECKS when permitted. */
struct candidate {
    struct decision decision;
    size_t nearness;
};

static struct candidate consider(const struct question *q, const struct agreement *a,
                                 const struct clause *c, int64_t now_ms)
{
    struct question whole = *q;

    whole.agreement_version = a->version;
    whole.agreement_hash = a->hash;
    if (c)
        question_complete(&whole, a, c);

    struct decision d = decide_under(&whole, a, c, now_ms);
    if (d.permitted)
        return (struct candidate){d, CHECKS + 1};
    if (d.agreement && judge_clause(&whole, a, c).code == 0) /* but for its dates or its standing */
        return (struct candidate){d, CHECKS};

    size_t place = 0;
    while (place < CHECKS - 1 && order_of_checks[place] != d.code)
        place++;
    return (struct candidate){d, place};
}

static bool is_nearer(const struct candidate *a, const struct candidate *b)
{
    if (a->nearness != b->nearness)
        return a->nearness > b->nearness;
    return __builtin_popcount(a->decision.offending) < __builtin_popcount(b->decision.offending);
}

static void consider_agreement(const struct question *q, const struct agreement *a, int64_t now_ms,
                               struct candidate *best)
{
    struct candidate none = consider(q, a, NULL, now_ms);

    if (is_nearer(&none, best))
        *best = none;
    for (size_t i = 0; i < a->clause_count; i++) {
        if (!same(q->type, a->clauses[i].type->name))
            continue;
        struct candidate one = consider(q, a, &a->clauses[i], now_ms);
        if (is_nearer(&one, best))
            *best = one;
    }
}

struct decision decide_first(struct question *q, const struct agreement_set *set, int64_t now_ms)
{
    struct candidate best = {{.code = CONCORDAT__REFUSAL_CODE__NO_AGREEMENT}, 0};
    bool is_named = q->agreement_id && *q->agreement_id, sender_is_party = false;

    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);
        bool has_sender = has_party(a, q->from);

        sender_is_party |= has_sender;
        /* what others have agreed, or the sender with others, is no way to this recipient */
        if (is_named ? same(q->agreement_id, a->id) : has_sender && has_party(a, q->to))
            consider_agreement(q, a, now_ms, &best);
    }
    if (!best.decision.agreement)
        best.decision.sender_is_party = sender_is_party;
    if (best.decision.permitted)
        question_complete(q, best.decision.agreement, best.decision.clause);
    return best.decision;
}
