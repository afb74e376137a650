#include "agreements/wants.h"

#include <string.h>

/* Does a clause of the agreement let `from` send it to `to`? */
static bool has_clause(const struct agreement *a, const char *type, const char *from,
                       const char *to)
{
    for (size_t i = 0; i < a->clause_count; i++) {
        const struct clause *c = &a->clauses[i];
        if (strcmp(c->type->name, type) == 0 && agreement_fits(a, c->from, from)
            && agreement_fits(a, c->to, to))
            return true;
    }
    return false;
}

static bool may_pass_on(const struct agreement_set *set, const char *from, const char *to)
{
    for (size_t i = 0; i < agreement_set_count(set); i++)
        if (has_clause(agreement_set_at(set, i), "case.late_answer", from, to))
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
