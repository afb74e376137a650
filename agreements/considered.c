#include "agreements/considered.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/mend.h"

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name

/* The whole question, as a header under this clause would put it. */
static struct question name_clause(const struct question *asked, const struct agreement *a,
                                   const struct clause *c)
{
    static const struct digest unsaid;
    struct question q = *asked;

    if (c)
        question_complete(&q, a, c);
    q.agreement_id = a->id;
    q.agreement_version = asked->agreement_version ? asked->agreement_version : a->version;
    q.agreement_hash =
        digest_equal(&asked->agreement_hash, &unsaid) ? a->hash : asked->agreement_hash;
    return q;
}

static struct decision ask(const struct attempt *attempt, const struct agreement_set *set,
                           const struct agreement *a, const struct clause *c)
{
    struct question q = name_clause(&attempt->question, a, c);
    struct objection objection;

    if (!attempt->standing_aside)
        return decide(&q, set, attempt->now_ms);
    objection = judge_clause(&q, a, c);
    return (struct decision){
        .code = objection.code, .offending = objection.offending, .agreement = a, .clause = c};
}

/* Adds a remedy to those that are there. */
static void add_remedy(struct candidate_clause *out, const struct reason *remedy)
{
    struct reason before = out->remedy;

    if (*remedy->text && *before.text)
        reason_set(&out->remedy, "%s; and %s", before.text, remedy->text);
    else if (*remedy->text)
        out->remedy = *remedy;
}

/* Decides and sets aside, or mends, until nothing stands against it. */
static void follow(struct attempt *attempt, const struct agreement_set *set,
                   const struct agreement *a, const struct clause *c, struct candidate_clause *out)
{
    struct decision d = ask(attempt, set, a, c);
    bool is_mine = true, is_last; /* the sender alone can see to it; nothing more can be judged */

    while (d.code && out->change_count < CHANGES_MAX) {
        struct change *change = &out->changes[out->change_count];

        if (mend(attempt, a, c, &d, change)) {
            out->weight += change->weight;
            out->change_count++;
            out->changed = attempt->question;
            out->changed_on_ms = attempt->now_ms;
        } else {
            struct reason remedy = {{0}};

            is_mine = false;
            is_last = !set_aside(attempt, a, &d, &remedy);
            if (is_last)
                say_not_agreed(&attempt->question, &d, &remedy);
            add_remedy(out, &remedy);
            if (is_last)
                return;
        }
        d = ask(attempt, set, a, c);
    }
    out->is_reachable = d.permitted && is_mine;
}

/* decision_explain, and what it is not told: why an agreement is as if it were not there. */
static void say(const struct decision *d, const struct question *q, const struct agreement *a,
                struct reason *out)
{
    if (d->agreement || !a)
        decision_explain(d, q, out);
    else if (a->standing == STANDING_SUPERSEDED)
        reason_set(out, "%s v%u is superseded by a later version", a->id, a->version);
    else
        reason_set(out, "%s v%u is a draft that not every party has signed", a->id, a->version);
}

static void consider(const struct question *q, const struct agreement_set *set,
                     const struct agreement *a, const struct clause *c, int64_t now_ms,
                     struct candidate_clause *out)
{
    struct attempt attempt = {.question = *q, .now_ms = now_ms};
    struct question whole = name_clause(q, a, c);

    *out = (struct candidate_clause){.agreement = a,
                                     .clause = c,
                                     .decision = ask(&attempt, set, a, c),
                                     .changed = *q,
                                     .changed_on_ms = now_ms};
    say(&out->decision, &whole, a, &out->said);
    follow(&attempt, set, a, c, out);
    out->changed.clause = NULL;
}

/* Which clause it is to name, where the order of checks has it: what is about the whole agreement
 * comes first. */
static void note_name(struct candidate_clause *out, const struct clause *c)
{
    size_t at = 0;

    assert(out->change_count < CHANGES_MAX); /* too high and too low, say, are never both there */
    while (at < out->change_count
           && (out->changes[at].code == CODE(AGREEMENT_VERSION_STALE)
               || out->changes[at].code == CODE(AGREEMENT_NOT_YET)
               || out->changes[at].code == CODE(PARTY_NOT_SIGNATORY)
               || out->changes[at].code == CODE(SIGNER_NOT_PINNED)))
        at++;
    memmove(&out->changes[at + 1], &out->changes[at],
            (out->change_count - at) * sizeof *out->changes);
    out->changes[at] = (struct change){.code = CODE(TYPE_NOT_COVERED), .weight = 1};
    reason_set(&out->changes[at].advice, "name the clause %s", c->id);
    out->change_count++;
    out->weight++;
}

/* A header that names a clause of another type, or none that there is: the nearest of the clauses
 * that it could have named instead. Where there is none the item stays as it is. */
static void rename_clause(const struct question *q, const struct agreement_set *set, int64_t now_ms,
                          struct candidate_clause *item)
{
    const struct agreement *a = item->agreement;
    struct candidate_clause best = {0};

    for (size_t i = 0; i < a->clause_count; i++) {
        struct candidate_clause other = {.agreement = a, .clause = item->clause};
        struct attempt attempt = {.question = *q, .now_ms = now_ms};
        const struct clause *c = &a->clauses[i];

        if (strcmp(c->type->name, q->type) != 0)
            continue;
        other.decision = item->decision;
        other.said = item->said;
        other.changed = *q;
        other.changed_on_ms = now_ms;
        follow(&attempt, set, a, c, &other);
        other.changed.clause = NULL;
        note_name(&other, c);
        if (!best.agreement || other.is_reachable > best.is_reachable
            || (other.is_reachable == best.is_reachable && other.weight < best.weight))
            best = other;
    }
    if (best.agreement)
        *item = best;
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

    if (q->clause) {
        struct candidate_clause *item = &considered->items[considered->count++];

        consider(q, set, a, agreement_clause(a, q->clause), now_ms, item);
        if (!item->clause || strcmp(item->clause->type->name, q->type) != 0)
            rename_clause(q, set, now_ms, item);
        return;
    }
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

/* One that names a clause is judged as a header is. */
static struct decision judge(struct question *q, const struct agreement_set *set, int64_t now_ms)
{
    const struct agreement *a = q->agreement_id ? agreement_set_find(set, q->agreement_id) : NULL;

    if (!q->clause)
        return decide_first(q, set, now_ms);
    if (a)
        *q = name_clause(q, a, agreement_clause(a, q->clause));
    return decide(q, set, now_ms);
}

/* With room for `room` items; NULL when memory is out. */
static struct considered *considered_new(size_t room)
{
    struct considered *considered = calloc(1, sizeof *considered);

    if (considered && !(considered->items = calloc(room, sizeof *considered->items))) {
        free(considered);
        return NULL;
    }
    return considered;
}

enum status considered_of(const struct question *question, const struct agreement_set *set,
                          int64_t now_ms, struct considered **out)
{
    OWNED(considered) considered = NULL;
    struct question q = *question;
    size_t room = 1;

    if (!q.clause) { /* decide_first looks at neither */
        q.agreement_version = 0;
        q.agreement_hash = (struct digest){0};
    }
    for (size_t i = 0; i < agreement_set_count(set); i++)
        if (is_considered(&q, agreement_set_at(set, i)))
            room += 1 + clauses_of_type(agreement_set_at(set, i), q.type);
    if (!(considered = considered_new(room)))
        return ST_NOMEM;
    for (size_t i = 0; i < agreement_set_count(set); i++)
        if (is_considered(&q, agreement_set_at(set, i)))
            consider_agreement(considered, &q, set, agreement_set_at(set, i), now_ms);
    considered->nearest = find_nearest(considered);
    considered->verdict = judge(&q, set, now_ms);
    say(&considered->verdict, &q, considered->count ? considered->items[0].agreement : NULL,
        &considered->said);
    *out = GIVE(considered);
    return ST_OK;
}

/* What others would have to do for a message that waits; nobody sends it again. */
static void say_withheld(const struct decision *d, const struct agreement *a, struct reason *remedy)
{
    if (d->code == CODE(RECIPIENT_LOST))
        reason_set(remedy, "the recipient would have to have a certificate that is in force");
    else if (d->code == CODE(AGREEMENT_SUSPENDED))
        reason_set(remedy, "each party that suspended it would have to resume it");
    else if (d->code == CODE(AGREEMENT_REVOKED))
        reason_set(remedy, "it would have to be sent again under a version that its parties sign");
    else if (a && d->code)
        reason_set(remedy, "every party would have to sign it");
}

enum status considered_handover(const struct question *q, const struct agreement_set *set,
                                bool recipient_lost, struct considered **out)
{
    const struct agreement *a = agreement_set_find(set, q->agreement_id);
    OWNED(considered) considered = considered_new(1);
    struct decision d = decide_handover(a, recipient_lost);

    if (!considered)
        return ST_NOMEM;
    considered->verdict = d;
    say(&d, q, a, &considered->said);
    if (a) {
        considered->items[considered->count++] =
            (struct candidate_clause){.agreement = a,
                                      .decision = d,
                                      .said = considered->said,
                                      .changed = *q,
                                      .is_reachable = d.permitted};
        say_withheld(&d, a, &considered->items[0].remedy);
    }
    considered->nearest = find_nearest(considered);
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
