/* Allocation and transfer to the company: one component refused and offered again, one part of the
 * record altered on its way, and responsibility that moves at completion and at no other moment.
 * Afterwards only the new holder speaks for the case; the breach goes to court by way of probation.
 *
 *     scenario_d3 BIN SOURCE FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/custodians.h"

#define PROBATION "nps.cambs"
#define COMPANY "crc.bench"
#define NEXT_COMPANY "crc.next"
#define CHILDREN "csc.cambs"
#define TREATMENT "tx.cambs"
#define COURT "court.b35cz00"
#define PARTS 9
#define DRUG_REQUIREMENT 4 /* the component that is refused */
#define ALTERED 6          /* the part */

#define K                                                                                          \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], \"name\": "     \
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}"

static const struct member members[] = {{PROBATION, "NPS"},
                                        {COMPANY, "CRC"},
                                        {CHILDREN, "LA_CHILDREN"},
                                        {TREATMENT, "TREATMENT_PROVIDER"},
                                        {COURT, "COURT"},
                                        {NEXT_COMPANY, "CRC"},
                                        {"asc.cambs", "LA_ADULTS"},
                                        {"police.35", "POLICE"},
                                        {"mh.cambs", "NHS_MENTAL_HEALTH"}};
#define WITH_AGENTS 6
static const char *const agreements[] = {"case.yaml",      "safeguarding.yaml", "checks.yaml",
                                         "treatment.yaml", "court.yaml",        NULL};

static const char rsr[] = "{" K ", \"rsr\": {\"tool\": \"RSR\", \"basisPoints\": 240}}";
static const char allocation[] =
    "{" K ", \"rsr\": {\"tool\": \"RSR\", \"basisPoints\": 240}, \"rosh\": \"ROSH_MEDIUM\", "
    "\"targetAgencyId\": \"" COMPANY "\", \"ground\": \"%s\"%s, \"decided\": "
    "{\"ymd\": 20260302}}"; /* by the rule of that day it is the one service's */
static const char override[] =
    ", \"override\": true, \"overrideReason\": \"The companies of before 26 June 2021.\"";
static const char referral[] =
    "{" K ", \"children\": [{\"name\": {\"forename\": \"Ari\", \"surname\": \"Example\"}}], "
    "\"concern\": [\"NEGLECT\"], \"consent\": \"NOT_SOUGHT_UNSAFE\", \"whatHappened\": {\"text\": "
    "\"Left alone in the evening.\"}}";
static const char check[] =
    "{" K ", \"why\": \"PRE_SENTENCE\", \"neededByMs\": \"1772461800000\", \"children\": "
    "[{\"person\": {\"name\": {\"forename\": \"Ari\", \"surname\": \"Example\"}}, "
    "\"relationship\": \"child\"}]}"; /* 14:30 the same day */
static const char officer[] =
    "{" K ", \"agencyId\": \"" COMPANY
    "\", \"from\": {\"ymd\": 20260304}, \"reason\": \"CASE_TRANSFERRED\"}";
static const char contact[] = "{" K ", \"start\": \"TRANSFER_IN\", \"inTime\": true, \"outcome\": "
                              "\"SEEN\"}";
static const char assessment[] = "{" K ", \"completed\": {\"ymd\": 20260313}, \"within10Days\": "
                                 "true, \"risk\": {\"overall\": \"ROSH_MEDIUM\"}}";
static const char update[] = "{" K ", \"asAt\": {\"ymd\": 20260304}, \"addresses\": [{\"line\": "
                             "[\"1 Sample Street\"], \"postcode\": \"CB1 1AA\"}]}";
static const char compliance[] =
    "{" K ", \"periodFrom\": {\"ymd\": 20260401}, \"periodTo\": {\"ymd\": 20260413}, "
    "\"sessions\": [{\"date\": {\"ymd\": 20260407}, \"attended\": \"NO\", \"reason\": "
    "\"UNACCEPTABLE\"}, {\"date\": {\"ymd\": 20260413}, \"attended\": \"NO\", \"reason\": "
    "\"UNACCEPTABLE\"}]}";
static const char breach[] = "{" K ", \"failures\": [{\"date\": {\"ymd\": 20260407}, "
                             "\"requirement\": \"DRR\"}]}";
static const char information[] = "{" K ", \"courtOu\": \"B35CZ00\", \"failures\": [{\"date\": "
                                  "{\"ymd\": 20260407}}]}";
static const char outcome[] = "{" K ", \"date\": {\"ymd\": 20260427}, \"result\": "
                              "\"PROVED_CONTINUE\"}";

struct stage {
    struct scenario s;
    struct handover h;
    struct concordat_id referral, check;
};

static struct concordat_answer *about(struct stage *t, const char *from, const char *type,
                                      const char *to, const char *json)
{
    return scenario_send(
        &t->s, from,
        (struct concordat_message){
            .type = type, .to = to, .json = json, .case_handle = t->h.case_handle});
}

static struct concordat_answer *reply(struct stage *t, const char *from, const char *type,
                                      const struct concordat_id *to_what, const char *to,
                                      const char *json)
{
    return scenario_send(&t->s, from,
                         (struct concordat_message){.type = type,
                                                    .to = to,
                                                    .json = json,
                                                    .case_handle = t->h.case_handle,
                                                    .in_reply_to = *to_what});
}

/* ---- before ---- */

static void is_allocated(struct stage *t)
{
    (void)expect_accepted(about(t, PROBATION, "risk.rsr.result", COMPANY, rsr),
                          "the score goes to who is to take the case: 2.40 %");
    char json[1024];

    (void)snprintf(json, sizeof json, allocation, "LOW_OR_MEDIUM_TO_CRC", ""); // NOLINT: ours
    expect_bad_input(about(t, PROBATION, "case.allocation.decision", COMPANY, json), "ground",
                     "nobody is allocated to a company after 25 June 2021 by the rule");
    (void)snprintf(json, sizeof json, allocation, "UNIFIED_SERVICE", ""); // NOLINT: ours
    expect_bad_input(about(t, PROBATION, "case.allocation.decision", COMPANY, json),
                     "targetAgencyId", "nor is a company the one service");
    (void)snprintf(json, sizeof json, allocation, "LOW_OR_MEDIUM_TO_CRC", override); // NOLINT: ours
    (void)expect_accepted(about(t, PROBATION, "case.allocation.decision", COMPANY, json),
                          "against it, with a reason: low or medium, to the company");
    expect_refused(about(t, COMPANY, "case.update", PROBATION, update), "NOT_CURRENT_HOLDER",
                   "who was only allocated it does not yet speak for it");
    t->referral =
        expect_accepted(about(t, PROBATION, "safeguarding.referral.child", CHILDREN, referral),
                        "a child is referred");
    t->check =
        expect_accepted(about(t, PROBATION, "check.social_care.children.request", CHILDREN, check),
                        "and social care is asked, which has not answered");
    if (!scenario_reaches(&t->s, PROBATION, &t->check, "delivered"))
        fail("the question does not arrive");
}

/* ---- the transfer ---- */

static void is_offered(struct stage *t)
{
    struct concordat_id offer =
        expect_accepted(handover_offer(&t->h, NULL), "the case is offered: four components");

    expect(scenario_reaches(&t->s, PROBATION, &offer, "delivered"), "the offer arrives");
    expect(conversation_is_listed(&t->s, COMPANY, &offer, &t->referral)
               && conversation_is_listed(&t->s, COMPANY, &offer, &t->check),
           "it lists the referral and the unanswered question");
    expect_holder(&t->s, PROBATION, &t->h.case_handle, PROBATION,
                  "an offer changes nothing: probation holds it");

    struct handover twice = t->h;
    twice.offer = (struct concordat_id){{0}};
    handover_prepare(&twice);
    expect_refused(handover_offer(&twice, NULL), "STALE_VERSION", "a second offer of it");
    twice.to = NEXT_COMPANY;
    expect_refused(handover_offer(&twice, NULL), "STALE_VERSION",
                   "nor to another company meanwhile");
    struct handover back = t->h;
    back.from = COMPANY;
    back.to = PROBATION;
    back.offer = (struct concordat_id){{0}};
    handover_prepare(&back);
    expect_refused(handover_offer(&back, NULL), "NOT_CURRENT_HOLDER",
                   "who is offered it does not offer it");
}

static void one_is_refused_and_offered_again(struct stage *t)
{
    (void)expect_accepted(handover_reject(&t->h, DRUG_REQUIREMENT, "ADDRESS_NOT_VERIFIED"),
                          "the company refuses the drug requirement");
    expect_refused(handover_reject(&t->h, DRUG_REQUIREMENT, "ADDRESS_NOT_VERIFIED"),
                   "COMPONENTS_WRONG", "nobody refuses it twice");
    (void)expect_accepted(handover_accept(&t->h, "1, 2, 3"), "and accepts the three others");
    expect_refused_or_bad(handover_complete(&t->h), "COMPONENTS_WRONG",
                          "it cannot complete what it has not accepted");
    expect_component(&t->s, PROBATION, &t->h.case_handle, DRUG_REQUIREMENT, "rejected",
                     "ADDRESS_NOT_VERIFIED", "probation sees which, and why");
    (void)expect_accepted(handover_offer(&t->h, "4"), "it is corrected, and offered again alone");
    (void)expect_accepted(handover_accept(&t->h, "4"), "and accepted");
    expect_holder(&t->s, COMPANY, &t->h.case_handle, PROBATION,
                  "all is accepted, and probation still holds it");
}

static void the_record_follows(struct stage *t)
{
    for (uint32_t i = 1; i <= PARTS; i++) {
        struct concordat_answer *sent = handover_send_part(&t->h, i, i == ALTERED);
        if (sent->outcome != CONCORDAT_DONE)
            fail("part %u is not accepted", i);
        concordat_answer_free(sent);
    }
    unsigned here = 0;
    for (uint32_t i = 1; i <= PARTS; i++)
        here += i != ALTERED && handover_part_is(&t->h, i, "here");
    expect(here == PARTS - 1, "eight of nine parts are here as the manifest says");
    expect(handover_part_is(&t->h, ALTERED, "differs"), "part 6 is not: one bit is another");
    expect_bad_input(handover_complete(&t->h), "6", "without it the company does not complete");
    expect_holder(&t->s, COMPANY, &t->h.case_handle, PROBATION, "so probation holds it");
    struct concordat_id query =
        expect_accepted(handover_query(&t->h, ALTERED), "it asks for part 6");
    expect(scenario_reaches(&t->s, COMPANY, &query, "delivered"), "which arrives");
    (void)expect_accepted(handover_send_part(&t->h, ALTERED, false), "it is sent again");
    expect(handover_part_is(&t->h, ALTERED, "here"), "and is here as the manifest says");
}

static void responsibility_moves(struct stage *t)
{
    struct concordat_id done = expect_accepted(handover_complete(&t->h), "the company completes");

    expect_holder(&t->s, COMPANY, &t->h.case_handle, COMPANY, "now it holds the case");
    expect(scenario_reaches(&t->s, COMPANY, &done, "delivered"), "probation hears of it");
    expect_holder(&t->s, PROBATION, &t->h.case_handle, COMPANY, "and sees who holds it");
    expect_holder(&t->s, CHILDREN, &t->h.case_handle, COMPANY,
                  "social care, which has part in its conversations, is told too");
    expect_untold(&t->s, TREATMENT, &t->h.case_handle, "who has no part in it is told nothing");
    expect_open(&t->s, COMPANY, &t->h.case_handle, &t->referral, CHILDREN,
                "the referral goes on under the company, by the same id");
    expect_open(&t->s, COMPANY, &t->h.case_handle, &t->check, CHILDREN,
                "and so does the unanswered question");
    expect_refused(about(t, PROBATION, "case.update", COMPANY, update), "NOT_CURRENT_HOLDER",
                   "probation does not speak for it any more");
    struct handover again = t->h;
    again.offer = (struct concordat_id){{0}};
    handover_prepare(&again);
    expect_refused(handover_offer(&again, NULL), "NOT_CURRENT_HOLDER", "nor can it offer it again");
    expect_bad_or_refused(handover_complete(&t->h), "nothing is completed twice");
}

/* ---- after ---- */

static void worker_changed(struct stage *t)
{
    char json[512], id[ID_BASE64];

    id_as_body(&t->referral, id);
    (void)snprintf(json, sizeof json,
                   "{\"referralId\": \"%s\", \"number\": 1, \"childChanges\": "
                   "[\"WORKER_CHANGED\"]}",
                   id);
    (void)expect_accepted(about(t, COMPANY, "case.officer.assigned", PROBATION, officer),
                          "the company says who is responsible");
    struct concordat_id sent =
        expect_accepted(scenario_send(&t->s, COMPANY,
                                      (struct concordat_message){.type = "safeguarding.update",
                                                                 .to = CHILDREN,
                                                                 .json = json,
                                                                 .case_handle = t->h.case_handle,
                                                                 .conversation_id = t->referral}),
                        "and social care, in the same referral: the worker has changed");
    expect(scenario_reaches(&t->s, COMPANY, &sent, "delivered"), "which arrives");
}

static void is_supervised(struct stage *t)
{
    expect_due(&t->s, PROBATION, "expected", "case.first_contact",
               "first contact is expected of the company");
    scenario_later(&t->s, "2026-03-06T11:00:00Z");
    (void)expect_accepted(about(t, COMPANY, "case.first_contact", PROBATION, contact),
                          "first contact, in time");
    expect_not_due(&t->s, PROBATION, "case.first_contact", "and is owed no more");
    expect_due(&t->s, PROBATION, "expected", "case.assessment.completed",
               "the assessment is expected next");
    scenario_later(&t->s, "2026-03-13T15:00:00Z");
    (void)expect_accepted(about(t, COMPANY, "case.assessment.completed", PROBATION, assessment),
                          "the assessment, within ten days");
    expect_not_due(&t->s, PROBATION, "case.assessment.completed", "and is owed no more");
    expect(alarms_of(&t->s, PROBATION,
                     &(struct alarms){.kind = "expected", .expected = "case.first_contact"})
                   + alarms_of(&t->s, PROBATION,
                               &(struct alarms){.kind = "expected",
                                                .expected = "case.assessment.completed"})
               == 0,
           "nothing of it was alarmed");
}

static void order_is_not_kept(struct stage *t)
{
    scenario_later(&t->s, "2026-04-14T09:30:00Z"); /* past Easter, and past the clocks' change */
    (void)expect_accepted(about(t, TREATMENT, "compliance.report", COMPANY, compliance),
                          "week 6: treatment tells the company of two absences");
    struct concordat_id referred =
        expect_accepted(about(t, COMPANY, "enforcement.breach.referral", PROBATION, breach),
                        "the company refers the breach to probation");
    if (!scenario_reaches(&t->s, COMPANY, &referred, "delivered"))
        fail("the referral of the breach does not arrive");
    struct concordat_answer *replied =
        concordat_acknowledge(scenario_client(&t->s, PROBATION), &referred);
    expect(replied->outcome == CONCORDAT_DONE, "probation replies that it has it");
    concordat_answer_free(replied);
    expect_refused(about(t, COMPANY, "enforcement.breach.information", COURT, information),
                   "NO_AGREEMENT", "and cannot lay it before the court itself");
    expect_refused(
        scenario_send(&t->s, COMPANY,
                      (struct concordat_message){.type = "enforcement.breach.information",
                                                 .to = COURT,
                                                 .json = information,
                                                 .agreement = "ISA-COURT",
                                                 .case_handle = t->h.case_handle}),
        "PARTY_NOT_SIGNATORY", "nor under an agreement that it has not signed");
    struct concordat_id laid =
        expect_accepted(about(t, PROBATION, "enforcement.breach.information", COURT, information),
                        "probation does");
    if (!scenario_reaches(&t->s, PROBATION, &laid, "delivered"))
        fail("the information does not arrive");
    scenario_later(&t->s, "2026-04-27T10:00:00Z");
    (void)expect_accepted(reply(t, COURT, "enforcement.breach.outcome", &laid, PROBATION, outcome),
                          "the court decides");
    (void)expect_accepted(
        reply(t, PROBATION, "enforcement.breach.outcome", &referred, COMPANY, outcome),
        "and the company hears of it from probation");
    expect(alarms_of(&t->s, PROBATION, &(struct alarms){.expected = "enforcement.breach.outcome"})
                   + alarms_of(&t->s, PROBATION,
                               &(struct alarms){.expected = "enforcement.breach.information"})
                   + alarms_of(&t->s, COMPANY,
                               &(struct alarms){.expected = "enforcement.breach.outcome"})
               == 0,
           "and nothing of the breach was alarmed");
}

int main(int argc, char **argv)
{
    static struct stage t;

    scenario_begin(
        &t.s, argc, argv, "2026-03-02T09:00:00Z",
        &(struct cast){members, sizeof members / sizeof *members, WITH_AGENTS, agreements});
    community_agreement(&t.s.community, "next.yaml",
                        agreement_of_next(&t.s, COMPANY, NEXT_COMPANY, 1));
    t.h = (struct handover){.s = &t.s,
                            .from = PROBATION,
                            .to = COMPANY,
                            .reason = "INITIAL_ALLOCATION",
                            .subject = K,
                            .components = 4,
                            .part_count = PARTS,
                            .case_handle = open_case(&t.s, PROBATION)};
    handover_prepare(&t.h);
    is_allocated(&t);
    is_offered(&t);
    scenario_later(&t.s, "2026-03-03T10:00:00Z");
    one_is_refused_and_offered_again(&t);
    the_record_follows(&t);
    scenario_later(&t.s, "2026-03-04T10:00:00Z");
    responsibility_moves(&t);
    worker_changed(&t);
    is_supervised(&t);
    order_is_not_kept(&t);
    return scenario_end(&t.s);
}
