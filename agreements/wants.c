#include "agreements/wants.h"

#include <string.h>

static bool may_pass_on(const struct agreement_set *set, const char *from, const char *to)
{
    const struct message_type *late_answer = catalogue_find("case.late_answer");

    for (size_t i = 0; i < agreement_set_count(set); i++)
        if (agreement_clause_for(agreement_set_at(set, i), late_answer, from, to))
            return true;
    return false;
}

static bool may_ask(const struct agreement_set *set, const char *agency)
{
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);
        for (size_t j = 0; j < a->clause_count; j++)
            if (a->clauses[j].type->pattern == PATTERN_ENQUIRY
                && agreement_fits(a, a->clauses[j].from, agency))
                return true;
    }
    return false;
}

static bool is_listed(const struct want out[], size_t count, const char *from, const char *to)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(out[i].from, from) == 0 && strcmp(out[i].to, to) == 0)
            return true;
    return false;
}

/* Every pair of the clause's that has none. */
static void look(const struct agreement_set *set, bool whole, const struct want *clause,
                 struct want out[static WANTS_MAX], size_t *count)
{
    const struct agreement *a = clause->agreement;

    for (size_t i = 0; i < a->party_count; i++)
        for (size_t j = 0; j < a->party_count && *count < WANTS_MAX; j++) {
            const char *from = a->parties[i].agency, *to = a->parties[j].agency;

            if (i == j || !agreement_fits(a, clause->transfer->from, from)
                || !agreement_fits(a, clause->transfer->to, to) || (whole && !may_ask(set, from))
                || may_pass_on(set, from, to) || is_listed(out, *count, from, to))
                continue;
            out[*count] = *clause;
            out[*count].from = from;
            out[(*count)++].to = to;
        }
}

size_t wants_late_answer(const struct agreement_set *set, bool whole,
                         struct want out[static WANTS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);
        for (size_t j = 0; j < a->clause_count; j++) {
            const struct want clause = {.agreement = a, .transfer = &a->clauses[j]};
            if (strcmp(a->clauses[j].type->name, "case.transfer.offer") == 0)
                look(set, whole, &clause, out, &count);
        }
    }
    return count;
}

/* Does some clause of the agreement let the agency send it, to whomever? As agreements/clock.c
 * asks.
 */
static bool may_send(const struct agreement *a, const char *agency, const struct message_type *type)
{
    for (size_t i = 0; i < a->clause_count; i++)
        if (a->clauses[i].type == type && agreement_fits(a, a->clauses[i].from, agency))
            return true;
    return false;
}

/* Can what is expected after such a message come: from one of its two, or to one from who is named?
 */
static bool can_come(const struct agreement *a, const struct expectation *e, const char *from,
                     const char *to)
{
    const struct party *named = agreement_named(a, e);

    if (!named)
        return may_send(a, from, e->then) || may_send(a, to, e->then);
    return strcmp(named->agency, from) == 0 || strcmp(named->agency, to) == 0
        || agreement_clause_for(a, e->then, named->agency, from)
        || agreement_clause_for(a, e->then, named->agency, to);
}

/* The pairs of all clauses for its `after' that can meet it, or that cannot; `out' gets the latter,
 * as far as there is room. */
static size_t count_pairs(const struct agreement *a, const struct expectation *e, bool met,
                          struct unmet *out, size_t room)
{
    size_t count = 0;

    for (size_t c = 0; c < a->clause_count; c++)
        for (size_t i = 0; i < a->party_count && a->clauses[c].type == e->after; i++)
            for (size_t j = 0; j < a->party_count; j++) {
                const char *from = a->parties[i].agency, *to = a->parties[j].agency;

                if (i == j || !agreement_fits(a, a->clauses[c].from, from)
                    || !agreement_fits(a, a->clauses[c].to, to) || can_come(a, e, from, to) != met)
                    continue;
                if (out && count < room)
                    out[count] = (struct unmet){e, &a->clauses[c], from, to};
                count++;
            }
    return count;
}

/* Who owes it where no side of any pair can send it: the recipient what goes by another agreement,
 * and a case's holder what is for holders alone; else nobody, and nothing would be watched. */
static bool is_anothers(const struct agreement *a, const struct message_type *type)
{
    for (size_t i = 0; i < a->clause_count; i++)
        if (a->clauses[i].type == type && !a->clauses[i].only_by_holder)
            return false;
    return true;
}

size_t wants_expected(const struct agreement *a, struct unmet out[static WANTS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < a->expectation_count && count < WANTS_MAX; i++) {
        const struct expectation *e = &a->expectations[i];

        if (e->at_least > 0
            || (e->from[0] == '\0' && is_anothers(a, e->then)
                && count_pairs(a, e, true, NULL, 0) == 0))
            continue;
        count += count_pairs(a, e, false, out + count, WANTS_MAX - count);
    }
    return count < WANTS_MAX ? count : WANTS_MAX;
}
