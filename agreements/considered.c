#include "agreements/considered.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/day.h"
#include "proto/header.pb-c.h"

#define OFFICERS 2 /* that a charter asks for */
#define CODE(name) CONCORDAT__REFUSAL_CODE__##name

/* A question on its way to a permit: what is changed in it, and when it is asked. */
struct attempt {
    struct question question;
    int64_t now_ms;
};

static void print_names(category_set set, char *out, size_t room)
{
    size_t size = 0;

    out[0] = '\0';
    for (uint32_t c = 0; c < 32; c++) {
        const char *name = category_name(c);

        if (!(set & (1u << c)) || size >= room)
            continue;
        int n = snprintf(out + size, room - size, "%s%s", size ? ", " : "",
                         name ? name : "an unknown category");
        size += n > 0 ? (size_t)n : 0;
    }
}

#define CAPACITIES_TEXT 128 /* bytes: all six together have fewer */

/* "SUSPECT or CONVICTED" */
static void print_capacities(uint32_t capacities, char out[static CAPACITIES_TEXT])
{
    size_t size = 0;

    out[0] = '\0';
    for (int i = 0; i < 32; i++) {
        const ProtobufCEnumValue *value =
            protobuf_c_enum_descriptor_get_value(&concordat__subject_capacity__descriptor, i);

        if (!(capacities & (1u << i)) || !value || size >= CAPACITIES_TEXT)
            continue;
        int n =
            snprintf(out + size, CAPACITIES_TEXT - size, "%s%s", size ? " or " : "", value->name);
        size += n > 0 ? (size_t)n : 0;
    }
}

static const char *marking_text(int marking)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&concordat__marking__descriptor, marking);

    return value ? value->name : "none";
}

/* A party that the side means, other than `not`; the one asked for when it does. */
static const char *party_for(const struct agreement *a, const char *side, const char *asked,
                             const char * not )
{
    const struct party *party = asked ? agreement_party(a, asked) : NULL;

    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < a->party_count; i++) {
            const struct party *p = &a->parties[i];

            if ((pass == 1 || p == party) && (!not || strcmp(p->agency, not ) != 0)
                && (strcmp(side, p->agency) == 0 || strcmp(side, p->kind) == 0))
                return p->agency;
        }
    return NULL;
}

/* Sender and recipient as the clause has them, as many kept as can be. */
static bool turn(struct attempt *attempt, const struct agreement *a, const struct clause *c,
                 struct change *change)
{
    struct question *q = &attempt->question;
    const char *from = party_for(a, c->from, q->from, NULL), *to;

    to = from ? party_for(a, c->to, q->to, from) : NULL;
    if (!to) { /* its only recipient is whom we chose to send it */
        to = party_for(a, c->to, q->to, NULL);
        from = to ? party_for(a, c->from, q->from, to) : NULL;
    }
    if (!from || !to)
        return false;
    reason_set(&change->advice, "let %s send it to %s", from, to);
    change->weight = 0;
    change->weight += !q->from || strcmp(from, q->from) != 0;
    change->weight += !q->to || strcmp(to, q->to) != 0;
    q->from = from;
    q->to = to;
    return true;
}

static void mend_categories(struct question *q, category_set offending, bool is_missing,
                            struct change *change)
{
    char names[384];

    print_names(offending, names, sizeof names);
    reason_set(&change->advice, "%s %s", is_missing ? "add" : "leave out", names);
    change->weight = (uint32_t)__builtin_popcount(offending);
    q->categories = is_missing ? q->categories | offending : q->categories & ~offending;
}

static void mend_day(struct attempt *attempt, int64_t day_ms, struct change *change)
{
    char day[DAY_TEXT_SIZE];

    day_print(day_ms, day);
    reason_set(&change->advice, "wait until %s", day);
    attempt->now_ms = day_ms;
}

static void mend_onward(struct question *q, const struct agreement *a, struct change *change)
{
    change->weight = 0;
    for (size_t i = 0; i < q->onward_count; i++)
        change->weight += !agreement_allows_onward(a, q->onward[i]);
    reason_set(&change->advice, "leave out %u of the onward agencies", change->weight);
    q->onward_count = 0; /* those that are allowed raise no objection */
}

/* The first capacity that the clause names. Who the subject is cannot be chosen, but a message that
 * left it unsaid can say it. */
static void mend_capacity(struct question *q, const struct clause *c, struct change *change)
{
    char names[CAPACITIES_TEXT];

    print_capacities(c->capacities, names);
    reason_set(&change->advice, "for a subject who is %s", names);
    q->capacity = __builtin_ctz(c->capacities);
}

static void mend_marking(struct question *q, int marking, struct change *change)
{
    reason_set(&change->advice, "mark it %s", marking_text(marking));
    q->marking = marking;
}

/* Does what the objection asks for; false when nothing that the sender does would answer it. */
static bool mend(struct attempt *attempt, const struct agreement *a, const struct clause *c,
                 const struct decision *d, struct change *change)
{
    struct question *q = &attempt->question;

    *change = (struct change){.code = d->code, .weight = 1};
    switch ((int)d->code) {
    case CODE(AGREEMENT_NOT_YET):
        mend_day(attempt, a->from_ms, change);
        return true;
    case CODE(PARTY_NOT_SIGNATORY):
    case CODE(DIRECTION_NOT_ALLOWED):
        return turn(attempt, a, c, change);
    case CODE(PURPOSE_NOT_COVERED):
        reason_set(&change->advice, "send it for the purpose %s", c->purpose);
        q->purpose = c->purpose;
        return true;
    case CODE(GATEWAY_NOT_AVAILABLE):
        reason_set(&change->advice, "rest it on the gateway %s", c->gateway);
        q->gateway = c->gateway;
        return true;
    case CODE(REPLY_REQUIRED):
        reason_set(&change->advice, "send it in reply to a message");
        q->in_reply = true;
        return true;
    case CODE(SUBJECT_OUT_OF_SCOPE):
        mend_capacity(q, c, change);
        return true;
    case CODE(NOT_CURRENT_HOLDER):
        reason_set(&change->advice, "let the case's holder send it");
        q->is_holder = true;
        return true;
    case CODE(BREAK_GLASS_OFFICERS):
        reason_set(&change->advice, "let two officers stand behind it");
        q->officers = OFFICERS;
        return true;
    case CODE(CATEGORY_NOT_COVERED):
    case CODE(CATEGORY_MISSING):
        mend_categories(q, d->offending, d->code == CODE(CATEGORY_MISSING), change);
        return true;
    case CODE(MARKING_TOO_HIGH):
        mend_marking(q, a->marking_ceiling, change);
        return true;
    case CODE(MARKING_TOO_LOW):
        mend_marking(q, least_marking(a, c), change);
        return true;
    case CODE(RETENTION_TOO_LONG):
        reason_set(&change->advice, "ask to keep it at most %u days", a->retention_days);
        q->retention_days = a->retention_days;
        return true;
    case CODE(ONWARD_NOT_ALLOWED):
        mend_onward(q, a, change);
        return true;
    default: /* expired, suspended, no clause of the type: not the sender's to mend */
        return false;
    }
}

static struct decision ask(const struct attempt *attempt, const struct agreement_set *set,
                           const struct agreement *a, const struct clause *c)
{
    struct question q = attempt->question;

    if (c) {
        question_complete(&q, a, c);
        return decide(&q, set, attempt->now_ms);
    }
    q.agreement_id = a->id;
    q.agreement_version = a->version;
    q.agreement_hash = a->hash;
    q.clause = NULL;
    return decide(&q, set, attempt->now_ms);
}

static void consider(const struct question *q, const struct agreement_set *set,
                     const struct agreement *a, const struct clause *c, int64_t now_ms,
                     struct candidate_clause *out)
{
    struct attempt attempt = {*q, now_ms};
    struct decision d = ask(&attempt, set, a, c);

    *out = (struct candidate_clause){
        .agreement = a, .clause = c, .decision = d, .changed = *q, .changed_on_ms = now_ms};
    if (c)
        question_complete(&attempt.question, a, c);
    decision_explain(&d, &attempt.question, &out->said);
    attempt.question = *q;
    while (c && !d.permitted && out->change_count < CHANGES_MAX) {
        struct change *change = &out->changes[out->change_count];

        if (!mend(&attempt, a, c, &d, change))
            return;
        out->weight += change->weight;
        out->change_count++;
        out->changed = attempt.question;
        out->changed_on_ms = attempt.now_ms;
        d = ask(&attempt, set, a, c);
    }
    out->is_reachable = d.permitted;
}

static bool is_considered(const struct question *q, const struct agreement *a)
{
    if (q->agreement_id && *q->agreement_id)
        return strcmp(q->agreement_id, a->id) == 0;
    return q->from && q->to && agreement_party(a, q->from) && agreement_party(a, q->to);
}

static size_t clauses_of_type(const struct agreement *a, const char *type)
{
    size_t count = 0;

    for (size_t i = 0; type && i < a->clause_count; i++)
        count += strcmp(a->clauses[i].type->name, type) == 0;
    return count;
}

static void consider_agreement(struct considered *considered, const struct question *q,
                               const struct agreement_set *set, const struct agreement *a,
                               int64_t now_ms)
{
    size_t count = clauses_of_type(a, q->type);

    if (count == 0)
        consider(q, set, a, NULL, now_ms, &considered->items[considered->count++]);
    for (size_t i = 0; count > 0 && i < a->clause_count; i++)
        if (strcmp(a->clauses[i].type->name, q->type) == 0)
            consider(q, set, a, &a->clauses[i], now_ms, &considered->items[considered->count++]);
}

static const struct candidate_clause *find_nearest(const struct considered *considered)
{
    const struct candidate_clause *best = NULL;

    for (size_t i = 0; i < considered->count; i++) {
        const struct candidate_clause *item = &considered->items[i];

        if (item->is_reachable && (!best || item->weight < best->weight))
            best = item;
    }
    return best;
}

enum status considered_of(const struct question *question, const struct agreement_set *set,
                          int64_t now_ms, struct considered **out)
{
    OWNED(considered) considered = calloc(1, sizeof *considered);
    struct question q = *question;
    size_t room = 1;

    if (!considered)
        return ST_NOMEM;
    for (size_t i = 0; i < agreement_set_count(set); i++)
        if (is_considered(question, agreement_set_at(set, i)))
            room += 1 + clauses_of_type(agreement_set_at(set, i), q.type);
    if (!(considered->items = calloc(room, sizeof *considered->items)))
        return ST_NOMEM;
    for (size_t i = 0; i < agreement_set_count(set); i++)
        if (is_considered(question, agreement_set_at(set, i)))
            consider_agreement(considered, question, set, agreement_set_at(set, i), now_ms);
    considered->nearest = find_nearest(considered);
    considered->verdict = decide_first(&q, set, now_ms);
    decision_explain(&considered->verdict, &q, &considered->said);
    *out = GIVE(considered);
    return ST_OK;
}

void considered_free(struct considered *considered)
{
    if (!considered)
        return;
    free(considered->items);
    free(considered);
}
