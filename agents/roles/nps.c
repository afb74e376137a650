/*
 * nps.c - the probation service's court team: checks, report, allocation, referral. See nps.h.
 *
 *     psr.request             -> acknowledged; checks asked; psr.report when all are answered or at
 *                                their deadline, with what is missing; a late answer is kept
 *     court.sentence.result   -> the score recorded; the case kept, or given to the CRC
 *     case.transfer.*         -> cases that change hands, either way (transfer.h)
 *     refer CASE                 safeguarding.referral.child, and updates while they are wanted
 *
 * --data: docs/examples/story/nps.json, what the officers have written down.
 */
#include "agents/roles/nps.h"

#include <string.h>

#include "agents/roles/event.h"
#include "agents/roles/person.h"
#include "agents/roles/service.h"
#include "agents/roles/store.h"
#include "agents/roles/transfer.h"
#include "agents/roles/wire.h"

json_t *case_of_letter(struct turn *turn, const struct letter *letter)
{
    const char *key = *letter->case_handle ? letter->case_handle : letter->conversation;
    json_t *record = store_object(store_object(turn->book, "cases"), key);

    (void)json_object_set_new(record, "case", wire_made(json_string(letter->case_handle)));
    wire_copy(record, "caseUrn", letter->body, "caseUrn");
    wire_copy(record, "defendant", letter->body, "defendant");
    return record;
}

json_t *known_case(struct turn *turn, const struct letter *letter)
{
    json_t *cases = store_object(turn->book, "cases"), *found = NULL, *record;
    const char *urn = wire_text(letter->body, "caseUrn"), *handle;

    if (json_object_get(cases, letter->case_handle))
        return case_of_letter(turn, letter);
    json_object_foreach(cases, handle, record)
    {
        if (*urn && strcmp(wire_text(record, "caseUrn"), urn) == 0
            && person_numbers_agree(wire_at(letter->body, "defendant"),
                                    wire_at(record, "defendant"), "PNC"))
            found = record;
    }
    return found ? found : case_of_letter(turn, letter);
}

const json_t *assessment_of(const struct turn *turn, const json_t *person)
{
    static const char *const numbers[] = {"PNC", "CRN", NULL};
    const json_t *record = NULL;

    (void)person_find_by_identifier(wire_at(turn->data, "assessments"), person, numbers, &record);
    return record;
}

/* Lists and case packs: kept under the hearing until somebody needs them. */
static void on_notice(struct turn *turn, struct letter *letter)
{
    json_t *hearing =
        store_object(store_object(turn->book, "hearings"), wire_text(letter->body, "hearingId"));

    letter_say(letter, "The court tells of a hearing.");
    (void)json_object_set_new(hearing, letter->item->type, wire_made(json_deep_copy(letter->body)));
    turn_tell(turn, letter_event(letter, "kept", "It is with the hearing's papers."));
}

/* A case may come to us whatever its risk; that is what we are for. */
static void on_offer(struct turn *turn, struct letter *letter)
{
    take_offer(turn, letter, true);
}

static int64_t tend(struct turn *turn)
{
    const int64_t times[] = {tend_checks(turn), tend_followed(turn), tend_transfers(turn)};
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        next = times[i] < next ? times[i] : next;
    return next;
}

int main(int argc, char **argv)
{
    static const struct reaction reactions[] = {
        {"court.hearing.notice", on_notice},
        {"court.case.pack", on_notice},
        {"psr.request", on_psr_request},
        {"psr.withdrawn", on_psr_withdrawn},
        {"check.social_care.children.response", on_check_answer},
        {"check.social_care.adults.response", on_check_answer},
        {"check.police.precons.response", on_check_answer},
        {"check.police.callouts.response", on_check_answer},
        {"check.treatment.response", on_check_answer},
        {"court.sentence.result", on_sentence},
        {"safeguarding.referral.ack", on_referral_ack},
        {"safeguarding.referral.decision", on_referral_decision},
        {"safeguarding.update", on_safeguarding_update},
        {"case.transfer.offer", on_offer},
        {"recall.decision", on_news},
        {"recall.returned", on_news},
        {"police.event.notice", on_news},
        {"custody.received", on_news},
        {"release.notice", on_news},
        {"compliance.report", on_news},
        TRANSFER_REACTIONS,
        {0},
    };
    static const struct act acts[] = {
        {"refer", "CASE", "a concern about the children of this case, to children's social care",
         refer},
        TRANSFER_ACTS,
        {0},
    };
    static const struct service service = {
        .name = "nps",
        .about = "Probation's court team: checks, pre-sentence reports, allocation, referrals.",
        .needs_data = true,
        .reactions = reactions,
        .acts = acts,
        .tend = tend,
    };

    return service_main(&service, argc, argv);
}
