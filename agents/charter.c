/* Messages under a charter: which one, whether officers stand behind them, and whether they did
 * behind one that has come. See desk_inside.h and glass.h. */
#include <string.h>

#include "agents/desk_inside.h"
#include "agreements/gateways.h"

/* ---- ours ---- */

static bool say(struct desk *desk, struct bytes route, const char *text)
{
    desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "agreement", "%s", text);
    return false;
}

/* The only charter of both; NULL: there is none, or *several. */
static const struct agreement *find_charter(const struct desk *desk, const struct track *track,
                                            bool *several)
{
    const struct agreement_set *set = desk_agreements(desk);
    const struct agreement *found = NULL;

    *several = false;
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);

        if (!a->is_charter || !agreement_party(a, track->from) || !agreement_party(a, track->to))
            continue;
        *several = *several || found;
        found = a;
    }
    return *several ? NULL : found;
}

bool desk_take_charter(struct desk *desk, struct bytes route, struct track *track)
{
    const struct agreement *charter = NULL;
    bool several = false;

    if (track->agreement_named) {
        charter = agreement_set_find(desk_agreements(desk), track->agreement_id);
        if (charter && !charter->is_charter)
            return say(desk, route, "it is no charter: break-glass goes under one alone");
        return true; /* one that is not here is refused as such */
    }
    charter = find_charter(desk, track, &several);
    if (several)
        return say(desk, route, "there are several charters of the two: say which");
    if (!charter) {
        const struct question question = desk_question(track, false);
        const struct decision none = {.code = CONCORDAT__REFUSAL_CODE__NO_AGREEMENT};

        desk_reply_refused(desk, route, &none, &question, &track->message_id);
        return false;
    }
    memcpy(track->agreement_id, charter->id, strlen(charter->id) + 1);
    track->agreement_named = true;
    return true;
}

static struct privilege rests_on(const struct desk *desk, const struct track *track,
                                 const char *clause)
{
    const struct breach_of_glass use = {.charter = track->agreement_id,
                                        .clause = clause,
                                        .agency = track->from,
                                        .counterpart = track->to,
                                        .message_id = &track->message_id};

    return glass_now(gazette_glass(desk->gazette), &use, desk->wall_ms);
}

uint32_t desk_officers(const struct desk *desk, const struct track *track,
                       const struct clause *clause)
{
    return rests_on(desk, track, clause->id).officers;
}

void desk_ask_charter(const struct desk *desk, const struct track *track, struct question *question)
{
    if (!track->break_glass || !track->agreement_named)
        return; /* nobody asked for a charter, so that none permits */
    const struct privilege privilege = rests_on(desk, track, "");

    question->officers = OFFICERS_WANTED;
    question->uses_today = privilege.uses_today;
    question->privilege_suspended = privilege.suspended;
}

/* ---- theirs ---- */

bool desk_is_break_glass(const struct envelope *e)
{
    const struct gateway *gateway = gateway_find(e->gateway);

    return gateway && gateway->charter_only;
}

void desk_judge_charter(const struct desk *desk, const struct envelope *e,
                        struct question *question)
{
    const struct breach_of_glass use = {.charter = e->agreement_id,
                                        .clause = e->clause,
                                        .agency = e->sender,
                                        .counterpart = e->recipient,
                                        .message_id = &e->message_id};
    const struct privilege privilege = glass_when_used(gazette_glass(desk->gazette), &use);

    question->officers = privilege.officers;
    question->uses_today = privilege.uses_today;
    question->privilege_suspended = privilege.suspended;
}
