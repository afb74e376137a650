#include "agreements/decide.h"

#include <string.h>

/* ---- permits ---- */

struct permit {
    bool queues, hands_over;
};

static const struct permit to_queue = {.queues = true};
static const struct permit to_hand_over = {.hands_over = true};

bool permit_queues(const struct permit *permit)
{
    return permit && permit->queues;
}

bool permit_hands_over(const struct permit *permit)
{
    return permit && permit->hands_over;
}

const struct permit *permit_of_record(void)
{
    return &to_queue;
}

/* ---- the clause ---- */

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

int least_marking(const struct agreement *a, const struct clause *c)
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

/* A subject whose capacity is unsaid is in no clause that asks for one. */
static bool is_in_scope(const struct clause *c, int capacity)
{
    return c->capacities == 0 || (capacity > 0 && capacity < 32 && c->capacities >> capacity & 1);
}

static struct objection against(Concordat__RefusalCode code)
{
    return (struct objection){.code = code};
}

/* Vital interests: two officers, a few times a day, reviewed each time. */
static struct objection judge_charter(const struct question *q, const struct agreement *a)
{
    if (q->privilege_suspended)
        return against(CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED);
    if (q->uses_today >= a->uses_per_day)
        return against(CONCORDAT__REFUSAL_CODE__BREAK_GLASS_QUOTA);
    if (q->officers < OFFICERS_WANTED)
        return against(CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS);
    return (struct objection){0};
}

struct objection judge_flow(const struct question *q, const struct agreement *a,
                            const struct clause *c)
{
    category_set extra = q->categories & ~c->allowed, missing = c->required & ~q->categories;

    if (!same(q->purpose, c->purpose))
        return against(CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED);
    if (!same(q->gateway, c->gateway))
        return against(CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE);
    if (c->only_in_reply && !q->in_reply)
        return against(CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED);
    if (!is_in_scope(c, q->capacity))
        return against(CONCORDAT__REFUSAL_CODE__SUBJECT_OUT_OF_SCOPE);
    if (c->only_by_holder && !q->is_holder)
        return against(CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER);
    if (extra)
        return (struct objection){CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED, extra};
    if (missing)
        return (struct objection){CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING, missing};
    if (q->marking > a->marking_ceiling)
        return against(CONCORDAT__REFUSAL_CODE__MARKING_TOO_HIGH);
    if (q->marking < least_marking(a, c))
        return against(CONCORDAT__REFUSAL_CODE__MARKING_TOO_LOW);
    if (q->retention_days > a->retention_days)
        return against(CONCORDAT__REFUSAL_CODE__RETENTION_TOO_LONG);
    if (!onward_is_allowed(q, a))
        return against(CONCORDAT__REFUSAL_CODE__ONWARD_NOT_ALLOWED);
    return a->is_charter ? judge_charter(q, a) : (struct objection){0};
}

struct objection judge_clause(const struct question *q, const struct agreement *a,
                              const struct clause *c)
{
    const struct party *from = q->from ? agreement_party(a, q->from) : NULL;
    const struct party *to = q->to ? agreement_party(a, q->to) : NULL;

    if (!from || !to)
        return against(CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY);
    if (a->standing != STANDING_ASSUMED && !q->signer_counts)
        return against(CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED);
    if (!c || !same(q->type, c->type->name))
        return against(CONCORDAT__REFUSAL_CODE__TYPE_NOT_COVERED);
    if (from == to || !fits(c->from, from) || !fits(c->to, to))
        return against(CONCORDAT__REFUSAL_CODE__DIRECTION_NOT_ALLOWED);
    return judge_flow(q, a, c);
}

/* ---- the agreement ---- */

/* Why the agreement permits nothing now; 0 when it is in force. */
static Concordat__RefusalCode judge_standing(const struct agreement *a, int64_t now_ms)
{
    switch (agreement_state_at(a, now_ms)) {
    case AGREEMENT_STATE_ACTIVE:
        return CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    case AGREEMENT_STATE_REVOKED:
        return CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED;
    case AGREEMENT_STATE_SUSPENDED:
        return CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED;
    case AGREEMENT_STATE_NOT_YET:
        return CONCORDAT__REFUSAL_CODE__AGREEMENT_NOT_YET;
    case AGREEMENT_STATE_EXPIRED:
        return CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED;
    case AGREEMENT_STATE_SUPERSEDED:
    case AGREEMENT_STATE_DRAFT:
    default:
        return CONCORDAT__REFUSAL_CODE__NO_AGREEMENT;
    }
}

static struct decision refused(Concordat__RefusalCode code, const struct agreement *a,
                               const struct clause *c)
{
    return (struct decision){.code = code, .agreement = a, .clause = c};
}

struct decision decide_under(const struct question *q, const struct agreement *a,
                             const struct clause *c, int64_t now_ms)
{
    Concordat__RefusalCode standing = judge_standing(a, now_ms);

    if (standing == CONCORDAT__REFUSAL_CODE__NO_AGREEMENT)
        return refused(standing, NULL, NULL); /* as if it were not there */
    if (q->agreement_version != a->version || !digest_equal(&q->agreement_hash, &a->hash))
        return refused(CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE, a, NULL);
    if (standing)
        return refused(standing, a, c);

    struct objection objection = judge_clause(q, a, c);
    if (objection.code == CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY
        || objection.code == CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED)
        return refused(objection.code, a, NULL); /* whatever the clause says */
    if (objection.code)
        return (struct decision){
            .code = objection.code, .offending = objection.offending, .agreement = a, .clause = c};
    return (struct decision){.permitted = true, .permit = &to_queue, .agreement = a, .clause = c};
}

struct decision decide(const struct question *q, const struct agreement_set *set, int64_t now_ms)
{
    const struct agreement *a = q->agreement_id ? agreement_set_find(set, q->agreement_id) : NULL;

    if (!a)
        return refused(CONCORDAT__REFUSAL_CODE__NO_AGREEMENT, NULL, NULL);
    return decide_under(q, a, q->clause ? agreement_clause(a, q->clause) : NULL, now_ms);
}

/* ---- hand-over ---- */

struct decision decide_handover(const struct agreement *under, bool recipient_lost)
{
    switch (under ? under->standing : STANDING_DRAFT) {
    case STANDING_ACTIVE:
    case STANDING_ASSUMED:
    case STANDING_SUPERSEDED:
        break;
    case STANDING_REVOKED:
        return refused(CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED, under, NULL);
    case STANDING_SUSPENDED:
        return refused(CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED, under, NULL);
    case STANDING_DRAFT:
    default:
        return refused(CONCORDAT__REFUSAL_CODE__NO_AGREEMENT, NULL, NULL);
    }
    if (recipient_lost)
        return refused(CONCORDAT__REFUSAL_CODE__RECIPIENT_LOST, under, NULL);
    return (struct decision){.permitted = true, .permit = &to_hand_over, .agreement = under};
}
