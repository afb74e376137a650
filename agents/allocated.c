#include "agents/allocated.h"

#include <string.h>

#include "agreements/allocation.h"

#define GROUND(name) CONCORDAT__BODY__ALLOCATION_DECISION__GROUND__##name

static void add(struct problems *problems, const char *field, const char *text)
{
    struct path path = {"", 0};

    (void)path_field(&path, field);
    problem_add(problems, &path, "%s", text);
}

/* What the decision states, and what its ground claims. */
static struct allocation_facts facts_of(const Concordat__Body__AllocationDecision *d)
{
    const Concordat__Body__Score *rsr = d->rsr;
    bool deferred = d->sentence && d->sentence->kind == CONCORDAT__BODY__SENTENCE__KIND__DEFERRED;
    bool is_rsr = rsr->tool == CONCORDAT__BODY__SCORE__TOOL__RSR && rsr->has_basis_points;

    return (struct allocation_facts){
        .decided = d->decided->ymd,
        .mappa_eligible =
            d->ground == GROUND(MAPPA_ELIGIBLE) || (d->mappa && d->mappa->category > 0),
        .rosh = d->rosh,
        .rsr = is_rsr ? rsr->basis_points : RSR_UNKNOWN,
        .deferred_sentence = deferred,
        .public_interest = d->ground == GROUND(DEFERRED_OR_PUBLIC_INTEREST),
        .short_custody = d->ground == GROUND(PSS_OR_SHORT_CUSTODY_TO_CRC),
    };
}

static const char *ground_name(Concordat__Body__AllocationDecision__Ground ground)
{
    return protobuf_c_enum_descriptor_get_value(
               &concordat__body__allocation_decision__ground__descriptor, (int)ground)
        ->name;
}

void check_allocation(const Concordat__Body__AllocationDecision *decision,
                      struct problems *problems)
{
    struct allocation_facts facts = facts_of(decision);
    struct path path = {"", 0};
    struct allocation rule;

    if (decision->has_override && decision->override) {
        if (!decision->override_reason
            || !decision->override_reason[strspn(decision->override_reason, " \t\r\n")])
            add(problems, "overrideReason",
                "is missing: what is decided against the rule says why");
        return;
    }
    if (facts.decided < ALLOCATED_FROM) {
        add(problems, "decided", "before 1 June 2014 no case was allocated");
    } else if (allocate(&facts, &rule) != ST_OK) {
        add(problems, "ground", "what the decision states settles nothing; an override can");
    } else if (rule.ground != decision->ground) {
        (void)path_field(&path, "ground");
        problem_add(problems, &path, "by the rule of that day it is %s, or an override",
                    ground_name(rule.ground));
    }
}

bool allocation_reaches(struct bytes decision, const struct agreement *agreement,
                        struct arena *arena)
{
    const Concordat__Body__AllocationDecision *d = concordat__body__allocation_decision__unpack(
        arena_allocator(arena), decision.size, decision.data);
    const struct party *party = d ? agreement_party(agreement, d->target_agency_id) : NULL;
    bool to_company = d
                   && (d->ground == GROUND(LOW_OR_MEDIUM_TO_CRC)
                       || d->ground == GROUND(PSS_OR_SHORT_CUSTODY_TO_CRC));

    if (!d || !party || (d->has_override && d->override))
        return d != NULL;
    return strcmp(party->kind, agency_kind_name(to_company ? KIND_CRC : KIND_NPS)) == 0;
}
