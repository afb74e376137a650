#include "agreements/decide.h"

#include <string.h>

#include "lib/id.h"

/* Everything that can be said against a question, in the order in which it is said. The place in
 * this list is also how near a refusal came to being a permit. */
static const Concordat__RefusalCode order_of_checks[] = {
    CONCORDAT__REFUSAL_CODE__NO_AGREEMENT,
    CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE,
    CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED,
    CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED,
    CONCORDAT__REFUSAL_CODE__AGREEMENT_NOT_YET,
    CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED,
    CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY,
    CONCORDAT__REFUSAL_CODE__TYPE_NOT_COVERED,
    CONCORDAT__REFUSAL_CODE__DIRECTION_NOT_ALLOWED,
    CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED,
    CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE,
    CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED,
    CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED,
    CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING,
    CONCORDAT__REFUSAL_CODE__MARKING_TOO_HIGH,
    CONCORDAT__REFUSAL_CODE__MARKING_TOO_LOW,
    CONCORDAT__REFUSAL_CODE__RETENTION_TOO_LONG,
    CONCORDAT__REFUSAL_CODE__ONWARD_NOT_ALLOWED,
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
        .onward_count = e->onward_count,
        .onward = e->onward,
    };
}

/* What was asked may be missing, and then it fits nothing. */
static bool same(const char *asked, const char *said)
{
    return asked && strcmp(asked, said) == 0;
}

/* A clause's side is an agency id or a kind; the two look different, so no id passes for a kind. */
static bool fits(const char *side, const struct party *party)
{
    return strcmp(side, party->agency) == 0 || strcmp(side, party->kind) == 0;
}

static int least_marking(const struct agreement *a, const struct clause *c)
{
    return c->type->marking > a->marking_floor ? c->type->marking : a->marking_floor;
}

static bool onward_is_allowed(const struct question *q, const struct agreement *a)
{
    for (size_t i = 0; i < q->onward_count; i++)
        if (!agreement_allows_onward(a, q->onward[i]))
            return false;
    return true;
}

static struct decision refused(Concordat__RefusalCode code, category_set offending,
                               const struct agreement *a, const struct clause *c)
{
    return (struct decision){.code = code, .offending = offending, .agreement = a, .clause = c};
}

struct decision judge_flow(const struct question *q, const struct agreement *a,
                           const struct clause *c)
{
    if (!same(q->purpose, c->purpose))
        return refused(CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED, 0, a, c);
    if (!same(q->gateway, c->gateway))
        return refused(CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE, 0, a, c);
    if (c->only_in_reply && !q->in_reply)
        return refused(CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED, 0, a, c);
    if (q->categories & ~c->allowed)
        return refused(CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED, q->categories & ~c->allowed,
                       a, c);
    if (c->required & ~q->categories)
        return refused(CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING, c->required & ~q->categories, a,
                       c);
    if (q->marking > a->marking_ceiling)
        return refused(CONCORDAT__REFUSAL_CODE__MARKING_TOO_HIGH, 0, a, c);
    if (q->marking < least_marking(a, c))
        return refused(CONCORDAT__REFUSAL_CODE__MARKING_TOO_LOW, 0, a, c);
    if (q->retention_days > a->retention_days)
        return refused(CONCORDAT__REFUSAL_CODE__RETENTION_TOO_LONG, 0, a, c);
    if (!onward_is_allowed(q, a))
        return refused(CONCORDAT__REFUSAL_CODE__ONWARD_NOT_ALLOWED, 0, a, c);
    return (struct decision){.permitted = true, .agreement = a, .clause = c};
}

/* Parties, type and direction, then the rest. `c` is NULL when the agreement has no such clause. */
static struct decision judge(const struct question *q, const struct agreement *a,
                             const struct clause *c)
{
    const struct party *from = q->from ? agreement_party(a, q->from) : NULL;
    const struct party *to = q->to ? agreement_party(a, q->to) : NULL;

    if (!from || !to)
        return refused(CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY, 0, a, NULL);
    if (!c || !same(q->type, c->type->name))
        return refused(CONCORDAT__REFUSAL_CODE__TYPE_NOT_COVERED, 0, a, c);
    if (from == to || !fits(c->from, from) || !fits(c->to, to))
        return refused(CONCORDAT__REFUSAL_CODE__DIRECTION_NOT_ALLOWED, 0, a, c);
    return judge_flow(q, a, c);
}

/* `d`, unless the agreement is not in force. */
static struct decision in_force(struct decision d, int64_t now_ms)
{
    switch (agreement_state_at(d.agreement, now_ms)) {
    case AGREEMENT_STATE_ACTIVE:
        return d;
    case AGREEMENT_STATE_EXPIRED:
        return refused(CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED, 0, d.agreement, d.clause);
    case AGREEMENT_STATE_NOT_YET:
        return refused(CONCORDAT__REFUSAL_CODE__AGREEMENT_NOT_YET, 0, d.agreement, d.clause);
    case AGREEMENT_STATE_SUSPENDED:
        return refused(CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED, 0, d.agreement, d.clause);
    case AGREEMENT_STATE_REVOKED:
        return refused(CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED, 0, d.agreement, d.clause);
    case AGREEMENT_STATE_SUPERSEDED:
    case AGREEMENT_STATE_DRAFT:
    default:
        return refused(CONCORDAT__REFUSAL_CODE__NO_AGREEMENT, 0, NULL, NULL);
    }
}

struct decision decide(const struct question *q, const struct agreement_set *set, int64_t now_ms)
{
    const struct agreement *a = q->agreement_id ? agreement_set_find(set, q->agreement_id) : NULL;

    if (!a)
        return refused(CONCORDAT__REFUSAL_CODE__NO_AGREEMENT, 0, NULL, NULL);
    if (q->agreement_version != a->version || !digest_equal(&q->agreement_hash, &a->hash))
        return refused(CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE, 0, a, NULL);
    return in_force(judge(q, a, q->clause ? agreement_clause(a, q->clause) : NULL), now_ms);
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

    if (c)
        question_complete(&whole, a, c);

    struct decision judged = judge(&whole, a, c), d = in_force(judged, now_ms);
    if (d.permitted)
        return (struct candidate){d, CHECKS + 1};
    if (judged.permitted) /* but for its dates */
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
    struct candidate best = {refused(CONCORDAT__REFUSAL_CODE__NO_AGREEMENT, 0, NULL, NULL), 0};
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
