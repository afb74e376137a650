/* What our own agreements say of a message of ours: the question, the decision, and whether what it
 * takes for granted holds. See desk_inside.h. */
#include <string.h>

#include "agents/desk_inside.h"

struct question desk_question(const struct track *track, bool in_reply)
{
    return (struct question){
        .from = track->from,
        .to = track->to,
        .type = track->type,
        .purpose = track->purpose[0] ? track->purpose : NULL,
        .agreement_id = track->agreement_named ? track->agreement_id : NULL,
        .categories = track->shared,
        .marking = track->marking,
        .retention_days = track->retention_days,
        .in_reply = in_reply,
    };
}

const struct agreement_set *desk_agreements(const struct desk *desk)
{
    return registrar_set(gazette_registrar(desk->gazette));
}

static bool our_key_counts(const struct desk *desk, const struct agreement *agreement)
{
    struct digest signing;

    memcpy(signing.bytes, desk->identity.spki, DIGEST_SIZE);
    return registrar_signer_counts(gazette_registrar(desk->gazette), agreement, desk->setup.agency,
                                   &signing, SIGNED_NOW);
}

/* Another agreement that permits it, under which our key counts. */
static bool decide_elsewhere(const struct desk *desk, const struct agreement *but,
                             struct question *question, struct decision *out)
{
    const struct agreement_set *set = desk_agreements(desk);

    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);
        struct question asked = *question;

        if (a == but || !our_key_counts(desk, a))
            continue;
        asked.agreement_id = a->id;
        asked.signer_counts = true;
        struct decision decision = decide_first(&asked, set, desk->wall_ms);
        if (!decision.permitted)
            continue;
        *question = asked;
        *out = decision;
        return true;
    }
    return false;
}

/* May it go as decided: does our key count, and under a charter, have its officers spoken? `asked`
 * gets what holds, now that agreement and clause are known. */
static bool holds(const struct desk *desk, const struct track *track,
                  const struct decision *decision, struct question *asked)
{
    asked->signer_counts = our_key_counts(desk, decision->agreement);
    if (!decision->agreement->is_charter)
        return asked->signer_counts;
    asked->officers = desk_officers(desk, track, decision->clause);
    return asked->signer_counts && asked->officers >= OFFICERS_WANTED;
}

/* With all that it says, its marking with it. */
static struct decision decide_as_asked(const struct desk *desk, const struct track *track,
                                       struct question *question)
{
    struct decision decision;
    struct question asked;

    desk_ask_charter(desk, track, question);
    question->is_holder = desk_is_holder(desk, &track->case_handle);
    asked = *question;
    const bool is_named = asked.agreement_id && asked.agreement_id[0];
    question->signer_counts = true;
    decision = decide_first(question, desk_agreements(desk), desk->wall_ms);
    if (!decision.permitted || holds(desk, track, &decision, &asked))
        return decision;
    *question = asked;
    if (!asked.signer_counts && !is_named && !track->break_glass
        && decide_elsewhere(desk, decision.agreement, question, &decision))
        return decision;
    question->agreement_id = decision.agreement->id;
    return decide_first(question, desk_agreements(desk), desk->wall_ms);
}

/* Nobody asks for a marking: a message has its type's, or a higher one that its agreement wants or
 * that it carries on from another message. */
struct decision desk_decide(const struct desk *desk, const struct track *track,
                            struct question *question)
{
    const struct question asked = *question;

    question->marking = 0; /* the least that the clause takes */
    const struct decision decision = decide_as_asked(desk, track, question);
    if (decision.permitted && question->marking >= asked.marking)
        return decision;
    if (!decision.permitted) {
        question->marking = asked.marking;
        return decision;
    }
    *question = asked;
    return decide_as_asked(desk, track, question);
}
