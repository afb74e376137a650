/* Social care's records to a party with no gateway: neither a type that no agreement covers, nor an
 * agreement that somebody else signed, lets them through, and nothing of the attempt is left where
 * they should have gone. What the people at risk need goes another way, and passes.
 *
 *     scenario_d7 BIN SOURCE FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/scenario.h"

#define CHILDREN "csc.cambs"
#define NEXT_BOROUGH "csc.peterborough"
#define PROBATION "nps.cambs"
#define WORKLINK "prv.worklink"
#define HOUSING "hou.cambridge"

#define SUBJECT                                                                                    \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], \"name\": "     \
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}"

static const struct member members[] = {{CHILDREN, "LA_CHILDREN"},
                                        {WORKLINK, "INTERVENTION_PROVIDER"},
                                        {PROBATION, "NPS"},
                                        {HOUSING, "LA_HOUSING"},
                                        {NEXT_BOROUGH, "LA_CHILDREN"},
                                        {"crc.bench", "CRC"},
                                        {"police.35", "POLICE"},
                                        {"prison.pbi", "PRISON"},
                                        {"mh.cambs", "NHS_MENTAL_HEALTH"},
                                        {"asc.cambs", "LA_ADULTS"}};
static const char *const agreements[] = {"safeguarding.yaml", "safeguarding-moves.yaml",
                                         "provider.yaml", "mappa.yaml", NULL};

static const char chronology[] =
    "{\"manifestId\": \"AZLwwXpecACAAAAAAAAAAA==\", \"number\": 1, \"child\": {\"kind\": "
    "\"chronology\", \"text\": {\"text\": \"The full chronology of Ari Example, so that the child "
    "is kept safe at the family course.\", \"basis\": \"FACT\"}}, \"thirdParty\": {\"kind\": "
    "\"chronology\", \"text\": {\"text\": \"What is recorded of others.\"}}}";
static const char child[] =
    "{" SUBJECT ", \"children\": [{\"name\": {\"forename\": \"Ari\", \"surname\": \"Example\"}, "
    "\"relationshipToSubject\": \"child\"}], \"concern\": [\"NEGLECT\"], \"consent\": "
    "\"NOT_SOUGHT_UNSAFE\", \"whatHappened\": {\"text\": \"Left alone in the evening.\"}}";
static const char advice[] =
    "{\"referralId\": \"AZLwwXpecACAAAAAAAAAAA==\", \"number\": 1, \"safeWorkingAdvice\": "
    "{\"text\": \"No home visits; two workers at every session.\", \"basis\": "
    "\"ASSESSMENT_OR_OPINION\"}}";
static const char course[] = "{" SUBJECT ", \"consent\": true, \"safeWorking\": "
                             "[\"ARRANGE_THROUGH_OFFICER\", \"NO_HOME_VISITS\"]}";
static const char meeting[] = "{\"meetingId\": \"AZLwwXpecACAAAAAAAAAAA==\", " SUBJECT
                              ", \"neededByMs\": \"1781100000000\", \"wanted\": [\"DC_CHILD\"]}";
static const char held[] = "{\"meetingId\": \"AZLwwXpecACAAAAAAAAAAA==\", \"held\": true}";

/* Everything that the bodies above say of people. */
static const char *const people[] = {"Kit", "Ari", "Example", "X000001", "chronology", "evening"};

static bool names_somebody(const char *text)
{
    for (size_t i = 0; i < sizeof people / sizeof *people; i++)
        if (text && strstr(text, people[i]))
            return true;
    return false;
}

/* Nothing that the answer says. */
static bool answer_names_somebody(const struct concordat_answer *a)
{
    const struct concordat_refusal *r = a->refusal;
    bool found = names_somebody(a->json);

    for (size_t i = 0; i < a->problem_count; i++)
        found |= names_somebody(a->problems[i].text) || names_somebody(a->problems[i].where);
    return found
        || (r
            && (names_somebody(r->advice) || names_somebody(r->agreement_id)
                || names_somebody(r->clause)));
}

/* A refusal here, at the sender's own agent. */
static void is_refused(struct scenario *s, struct concordat_message message, const char *code,
                       const char *what)
{
    struct concordat_answer *answer = scenario_send(s, CHILDREN, message);
    struct concordat_id id = answer->message_id;

    expect(!answer_names_somebody(answer) && answer->refusal && answer->refusal->advice[0],
           "the refusal says why, and names nobody");
    expect_refused(answer, code, what);
    expect(!scenario_holds(s, "agents/" WORKLINK, id.bytes, sizeof id.bytes)
               && !scenario_holds(s, "broker", id.bytes, sizeof id.bytes),
           "it is neither at the provider nor at the broker");
}

/* The same past its own agent, by a sender who asks the broker all the same. */
static void is_refused_by_broker(struct scenario *s, struct peer *children, struct mail mail,
                                 Concordat__RefusalCode code, const char *what)
{
    char folder[96];
    uint8_t key_id[KEY_ID_SIZE];
    struct envelope e;

    (void)snprintf(folder, sizeof folder, "agents/%s", mail.to);
    mail.section_size = 512;
    mail.urgency = CONCORDAT__URGENCY__ROUTINE;
    mail.marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE;
    scenario_address(s, PROBATION, &mail, key_id);
    struct wire verdict = scenario_submit(children, &mail, NULL, &e);
    expect(verdict.kind == WIRE_REFUSAL && verdict.refusal.refusal.code == code, "%s", what);
    expect(scenario_queued(s, mail.to) == 0
               && scenario_holds(s, "broker", e.message_id.bytes, ID_SIZE)
               && !scenario_holds(s, folder, e.message_id.bytes, ID_SIZE),
           "the broker has recorded it and queued nothing");
}

static void past_its_agent(struct scenario *s)
{
    static const uint32_t record[] = {CONCORDAT__DATA_CATEGORY__DC_IDENTITY,
                                      CONCORDAT__DATA_CATEGORY__DC_CHILD,
                                      CONCORDAT__DATA_CATEGORY__DC_THIRD_PARTY};
    struct peer *children = peer_new(s->pki, CHILDREN);

    scenario_stop_agent(s, CHILDREN);
    peer_open(children, s->community.port, 64);
    is_refused_by_broker(s, children,
                         (struct mail){.type = "case.record.part",
                                       .to = WORKLINK,
                                       .agreement_id = "ISA-CASE",
                                       .clause = "record",
                                       .purpose = "supervise_sentence",
                                       .gateway = "OMA2007_S14",
                                       .agreement_version = 5,
                                       .agreement_hash = {{1}}, /* of a text that nobody has */
                                       .categories = record,
                                       .category_count = 3},
                         CONCORDAT__REFUSAL_CODE__NO_AGREEMENT,
                         "by the broker too: NO_AGREEMENT, whatever agreement it names");
    is_refused_by_broker(s, children,
                         (struct mail){.type = "safeguarding.referral.child",
                                       .to = WORKLINK,
                                       .agreement_id = "ISA-SAFE",
                                       .clause = "referral-child",
                                       .purpose = "safeguard_child",
                                       .gateway = "CA1989_S17_S47",
                                       .categories = record,
                                       .category_count = 2},
                         CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY,
                         "by the broker too: PARTY_NOT_SIGNATORY");
    struct mail to_meeting = {.type = "mappa.info.response",
                              .to = HOUSING,
                              .agreement_id = "ISA-MAPPA",
                              .clause = "info-response-children",
                              .purpose = "mappa",
                              .gateway = "CJA2003_S325",
                              .categories = record,
                              .category_count = 2};
    is_refused_by_broker(s, children, to_meeting, CONCORDAT__REFUSAL_CODE__DIRECTION_NOT_ALLOWED,
                         "what was for the meeting, to housing: DIRECTION_NOT_ALLOWED");
    to_meeting.to = PROBATION;
    is_refused_by_broker(s, children, to_meeting, CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED,
                         "to probation, but in reply to nothing: REPLY_REQUIRED");
    to_meeting.gateway = "CDA1998_S115"; /* not what the meeting's agreement rests on */
    is_refused_by_broker(s, children, to_meeting, CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE,
                         "by another gateway than the meeting's: GATEWAY_NOT_AVAILABLE");
    peer_free(children);
    scenario_start_agent(s, CHILDREN);
}

/* What the records were wanted for, by who may have it, to who may get it. */
static void goes_another_way(struct scenario *s)
{
    struct concordat_id id = expect_accepted(
        scenario_send(s, CHILDREN,
                      (struct concordat_message){
                          .type = "safeguarding.update", .to = PROBATION, .json = advice}),
        "safe working advice goes to probation");
    expect(scenario_reaches(s, CHILDREN, &id, "delivered"), "and arrives");
    id = expect_accepted(
        scenario_send(s, PROBATION,
                      (struct concordat_message){.type = "service.referral.family_support",
                                                 .to = WORKLINK,
                                                 .json = course}),
        "probation refers to the provider: what staff must do, not why");
    expect(scenario_reaches(s, PROBATION, &id, "delivered"), "and it arrives");
    struct concordat_answer *answer = concordat_take(scenario_client(s, WORKLINK), &id);
    expect(answer->item_count == 1 && answer->items[0].shared_count == 1
               && strcmp(answer->items[0].shared[0], "DC_IDENTITY") == 0
               && strstr(answer->json, "NO_HOME_VISITS") && !strstr(answer->json, "Ari"),
           "with identity alone, and nothing of a child");
    concordat_answer_free(answer);
    expect(scenario_holds(s, "agents/" WORKLINK, id.bytes, sizeof id.bytes)
               && scenario_arrived(s, WORKLINK) == 1,
           "it is all that the provider has; control_caught=yes");
    id = expect_accepted(
        scenario_send(s, CHILDREN,
                      (struct concordat_message){.type = "safeguarding.referral.child",
                                                 .to = NEXT_BOROUGH,
                                                 .json = child}),
        "a child who moves is referred to the next borough");
    expect(scenario_reaches(s, CHILDREN, &id, "delivered"), "and arrives there");
}

/* Social care answers for a meeting's sake only whom the responsible authority asked through. */
static void answers_no_meeting_but_the_authoritys(struct scenario *s)
{
    struct concordat_id asked = expect_accepted(
        scenario_send(s, PROBATION,
                      (struct concordat_message){
                          .type = "mappa.info.request", .to = CHILDREN, .json = meeting}),
        "probation asks for a meeting's sake");
    expect(scenario_reaches(s, PROBATION, &asked, "delivered"), "social care has the question");
    struct concordat_id sent =
        expect_accepted(concordat_reply(scenario_client(s, CHILDREN),
                                        &(struct concordat_message){.json = held,
                                                                    .json_size = sizeof held - 1,
                                                                    .in_reply_to = asked,
                                                                    .wait_ms = WAIT_MS}),
                        "its answer to the meeting goes");
    expect(scenario_reaches(s, CHILDREN, &sent, "delivered"), "and arrives");
    struct concordat_answer *answer = scenario_send(
        s, CHILDREN,
        (struct concordat_message){
            .type = "mappa.info.response", .to = HOUSING, .json = held, .in_reply_to = asked});
    expect(answer->outcome == CONCORDAT_BAD_INPUT && answer->problem_count == 1
               && strcmp(answer->problems[0].where, "in_reply_to") == 0,
           "probation's question is no reason to tell housing");
    concordat_answer_free(answer);
    expect_refused(scenario_send(s, CHILDREN,
                                 (struct concordat_message){
                                     .type = "mappa.info.response", .to = HOUSING, .json = held}),
                   "DIRECTION_NOT_ALLOWED", "and housing has opened no meeting");
    expect(scenario_arrived(s, HOUSING) == 0 && scenario_queued(s, HOUSING) == 0,
           "housing has nothing of it");
}

int main(int argc, char **argv)
{
    static struct scenario s;

    scenario_begin(&s, argc, argv, "2026-06-09T10:00:00Z",
                   &(struct cast){members, sizeof members / sizeof *members, 5, agreements});
    expect(names_somebody(child) && names_somebody(chronology) && !names_somebody(advice),
           "what is looked for is in what was sent; control_caught=yes");
    is_refused(
        &s,
        (struct concordat_message){.type = "case.record.part", .to = WORKLINK, .json = chronology},
        "NO_AGREEMENT", "the chronology, to a provider");
    is_refused(&s,
               (struct concordat_message){.type = "safeguarding.referral.child",
                                          .to = WORKLINK,
                                          .json = child,
                                          .agreement = "ISA-SAFE"},
               "PARTY_NOT_SIGNATORY", "a referral, naming what others have signed");
    expect(scenario_arrived(&s, WORKLINK) == 0 && scenario_queued(&s, WORKLINK) == 0,
           "nothing of either is on the provider's queue");
    goes_another_way(&s);
    answers_no_meeting_but_the_authoritys(&s);
    past_its_agent(&s);
    expect(scenario_arrived(&s, WORKLINK) == 1 && scenario_queued(&s, WORKLINK) == 0,
           "and still nothing but the course");
    bool logged = false; /* of both runs of its agent */
    for (size_t i = 0; i < sizeof people / sizeof *people; i++)
        logged |= scenario_holds(&s, "agents/" CHILDREN "/log", people[i], strlen(people[i]))
               || scenario_holds(&s, "agents/" CHILDREN "/log.1", people[i], strlen(people[i]));
    expect(!logged, "its agent's log names nobody");
    return scenario_end(&s);
}
