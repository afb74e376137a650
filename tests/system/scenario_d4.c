/* Risk escalates, then recall: the police tell of an arrest, each side what it may know; the
 * company asks probation to take the case, which changes hands; recall, revocation, the victim's
 * liaison, and the return to prison, which is missed when it does not come. What a recall may not
 * be, and what nobody may tell the company.
 *
 *     scenario_d4 BIN SOURCE FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/body.h"
#include "lib/arena.h"
#include "lib/limits.h"
#include "proto/bodies/recall.pb-c.h"
#include "tests/system/custodians.h"

#define POLICE "police.35"
#define COMPANY "crc.bench"
#define PROBATION "nps.cambs"
#define CASEWORK "ppcs"
#define PRISON "prison.pbi"
#define LIAISON "vlo.cambs"

#define M                                                                                          \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000002\"}], \"name\": "     \
    "{\"forename\": \"Mo\", \"surname\": \"Example\"}}"

static const struct member members[] = {{POLICE, "POLICE"}, {COMPANY, "CRC"},
                                        {PROBATION, "NPS"}, {CASEWORK, "PPCS"},
                                        {PRISON, "PRISON"}, {LIAISON, "VICTIM_SERVICE"}};
#define COUNT (sizeof members / sizeof *members)
static const char *const agreements[] = {"case.yaml", "event.yaml", "recall.yaml", NULL};

static const char arrest[] = "{" M ", \"kind\": \"ARREST\", \"atMs\": \"1772442000000\", "
                             "\"forceCode\": \"35\", \"offences\": [{\"cjsCode\": \"OF61016\"}]}";
static const char arrest_in_full[] =
    "{" M ", \"kind\": \"ARREST\", \"atMs\": \"1772442000000\", \"offences\": [{\"cjsCode\": "
    "\"OF61016\"}], \"victims\": [{\"text\": \"Lives two streets away.\"}], \"intelligence\": "
    "[{\"text\": \"Said to have kept a key.\"}]}";
static const char escalation[] =
    "{" M ", \"current\": {\"overall\": \"ROSH_MEDIUM\"}, \"proposed\": \"ROSH_HIGH\", "
    "\"imminent\": true, \"trigger\": {\"text\": \"Arrested this morning.\"}}";
static const char escalation_decision[] =
    "{\"requestId\": \"%s\", \"transferId\": \"%s\", \"outcome\": \"ACCEPTED_TRANSFER\", "
    "\"rosh\": \"ROSH_HIGH\"}";
static const char recall[] =
    "{" M ", %s\"kind\": \"STANDARD\", \"sentence\": {\"kind\": "
    "\"IMMEDIATE_CUSTODY\"}, \"why\": \"RISK_INCREASED\", \"risk\": {\"overall\": "
    "\"ROSH_HIGH\"}, \"whatLed\": {\"text\": \"Arrested; believed to have gone near the "
    "victim.\"%s}, \"childrenAtAddress\": true, \"victims\": %s, \"nonDisclosure\": "
    "[{\"objectId\": \"letter-1\"}]}";
static const char decision[] =
    "{\"requestId\": \"%s\", \"recalled\": true, \"kind\": \"STANDARD\"}";
static const char revocation[] =
    "{" M ", \"emergency\": true, \"revokedMs\": \"1772467200000\", \"rosh\": \"ROSH_HIGH\", "
    "\"childrenAtAddress\": true}";
static const char victim[] = "{\"victimToken\": \"AZLwwXpecACAAAAAAAAAAA==\", \"kind\": "
                             "\"RECALL\", \"safeText\": {\"text\": \"Recalled to prison.\"}}";
static const char returned[] = "{" M ", \"prisonCode\": \"PBI\", \"atMs\": \"1772553600000\"}";

#define TELEPHONED "\"emergency\": \"TELEPHONED_FIRST\", "
#define HOME "{\"text\": \"9 High Street.\"}"

struct stage {
    struct scenario s;
    struct handover h;
    struct concordat_id escalation, recall;
    char json[2048];
};

static struct concordat_answer *about(struct stage *t, const char *from, const char *type,
                                      const char *to, const char *json)
{
    return scenario_send(
        &t->s, from,
        (struct concordat_message){
            .type = type, .to = to, .json = json, .case_handle = t->h.case_handle});
}

static struct concordat_answer *reply(struct stage *t, const char *from,
                                      const struct concordat_id *asked, const char *json)
{
    struct concordat_message message = {
        .json = json, .json_size = strlen(json), .in_reply_to = *asked, .wait_ms = WAIT_MS};

    return concordat_reply(scenario_client(&t->s, from), &message);
}

static bool has(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Did the category come with the message, as its recipient has it? */
static bool came_with(struct stage *t, const char *agency, const struct concordat_id *id,
                      const char *category)
{
    struct concordat_answer *opened = concordat_take(scenario_client(&t->s, agency), id);
    bool came = opened->outcome == CONCORDAT_DONE
             && has(opened->items[0].shared, opened->items[0].shared_count, category);

    concordat_answer_free(opened);
    return came;
}

static void arrives(struct stage *t, const char *from, const struct concordat_id *id)
{
    if (!scenario_reaches(&t->s, from, id, "delivered"))
        fail("something does not arrive");
}

/* ---- an arrest ---- */

static void police_tell(struct stage *t)
{
    struct concordat_id id = expect_accepted(
        about(t, POLICE, "police.event.notice", COMPANY, arrest), "the police tell the company");

    arrives(t, POLICE, &id);
    expect(came_with(t, COMPANY, &id, "DC_OFFENCE_INDEX")
               && !came_with(t, COMPANY, &id, "DC_VICTIM"),
           "who, and for what offence");
    expect_refused(about(t, POLICE, "police.event.notice", COMPANY, arrest_in_full),
                   "CATEGORY_NOT_COVERED", "not what they know of a victim, nor how");
    id = expect_accepted(about(t, POLICE, "police.event.notice", PROBATION, arrest_in_full),
                         "and probation the same in full");
    arrives(t, POLICE, &id);
    expect(came_with(t, PROBATION, &id, "DC_VICTIM")
               && came_with(t, PROBATION, &id, "DC_INTELLIGENCE"),
           "which has what the company has not");
}

static void risk_is_escalated(struct stage *t)
{
    char request[ID_BASE64], transfer[ID_BASE64];

    t->escalation =
        expect_accepted(about(t, COMPANY, "risk.escalation.request", PROBATION, escalation),
                        "the company asks probation to take the case");
    arrives(t, COMPANY, &t->escalation);
    expect_due(&t->s, PROBATION, "answer", "risk.escalation.request",
               "probation owes it a decision, within two hours");
    id_as_body(&t->escalation, request);
    id_as_body(&t->h.transfer, transfer);
    (void)snprintf(t->json, sizeof t->json, escalation_decision, request, transfer); // NOLINT
    struct concordat_id decided = expect_accepted(reply(t, PROBATION, &t->escalation, t->json),
                                                  "probation takes it: a transfer follows");
    arrives(t, PROBATION, &decided);
    expect_not_due(&t->s, PROBATION, "risk.escalation.request", "and owes nothing more");
    expect_holder(&t->s, COMPANY, &t->h.case_handle, COMPANY,
                  "a decision moves nothing: the company holds it");
}

static void case_comes_back(struct stage *t)
{
    handover_whole(&t->h);
    expect_holder(&t->s, COMPANY, &t->h.case_handle, PROBATION, "probation holds the case");
    expect_refused(
        about(t, COMPANY, "case.update", PROBATION, "{" M ", \"asAt\": {\"ymd\": 20260302}}"),
        "NOT_CURRENT_HOLDER", "the company speaks for it no more");
}

/* ---- recall ---- */

static const char *recall_body(struct stage *t, const char *emergency, const char *in_narrative)
{
    (void)snprintf(t->json, sizeof t->json, recall, emergency, in_narrative, HOME); // NOLINT: ours
    return t->json;
}

/* By the agency's own agent, of that field and for that reason. Frees the answer. */
static void expect_problem(struct concordat_answer *answer, const char *where, const char *text,
                           const char *what)
{
    bool says = answer->outcome == CONCORDAT_BAD_INPUT && answer->problem_count > 0
             && strcmp(answer->problems[0].where, where) == 0
             && strstr(answer->problems[0].text, text);

    if (!expect(says, "%s", what) && answer->problem_count > 0)
        (void)fprintf(stderr, "  %s: %s\n", answer->problems[0].where, answer->problems[0].text);
    concordat_answer_free(answer);
}

/* A report as its schema has it, spoilt, and sent as serialised protobuf: no JSON is read. */
static struct concordat_answer *send_spoilt(struct stage *t,
                                            void (*spoil)(Concordat__Body__RecallRequest *report))
{
    static uint8_t spoilt[4096];
    OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
    const char *json = recall_body(t, TELEPHONED, "");
    struct problems problems;
    struct bytes body;

    if (!arena
        || body_from_json(catalogue_find("recall.request"), json, strlen(json),
                          moment_ms("2026-03-02T10:00:00Z"), arena, &body, &problems)
               != ST_OK)
        fail("the report itself is wrong");
    Concordat__Body__RecallRequest *report =
        concordat__body__recall_request__unpack(arena_allocator(arena), body.size, body.data);
    if (!report)
        fail("the report cannot be unpacked");
    spoil(report);
    if (concordat__body__recall_request__get_packed_size(report) > sizeof spoilt)
        fail("the report is too large");
    return scenario_send(&t->s, PROBATION,
                         (struct concordat_message){
                             .type = "recall.request",
                             .to = CASEWORK,
                             .protobuf = spoilt,
                             .protobuf_size = concordat__body__recall_request__pack(report, spoilt),
                             .case_handle = t->h.case_handle});
}

static void of_no_known_emergency(Concordat__Body__RecallRequest *report)
{
    report->emergency = (Concordat__Body__RecallRequest__Emergency)7;
}

/* `victims` of the report, tag 26, as a member of the narrative: "9 High St". */
static void with_victims_in_the_narrative(Concordat__Body__RecallRequest *report)
{
    static uint8_t victims[] = {11, 0x0a, 9, '9', ' ', 'H', 'i', 'g', 'h', ' ', 'S', 't'};
    static ProtobufCMessageUnknownField hidden = {26, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
                                                  sizeof victims, victims};

    report->what_led->base.n_unknown_fields = 1;
    report->what_led->base.unknown_fields = &hidden;
}

/* No message of these is made: probation's own agent finds what is wrong, and names it. */
static void is_not_recalled_so(struct stage *t)
{
    size_t before = scenario_arrived(&t->s, CASEWORK);

    expect_problem(about(t, PROBATION, "recall.request", CASEWORK, recall_body(t, "", "")),
                   "emergency", "is missing",
                   "whether it is an emergency, telephoned first, cannot be left out");
    expect_problem(about(t, PROBATION, "recall.request", CASEWORK,
                         recall_body(t, "\"emergency\": \"EMERGENCY_UNSPECIFIED\", ", "")),
                   "emergency", "is empty", "nor be left unsaid");
    expect_problem(send_spoilt(t, of_no_known_emergency), "emergency", "7 is not a known value",
                   "nor be an emergency of another kind: one that was not telephoned has no word");
    expect_problem(about(t, PROBATION, "recall.request", CASEWORK,
                         recall_body(t, TELEPHONED, ", \"victims\": {\"text\": \"9 High St\"}")),
                   "whatLed.victims", "unknown field", "the narrative has no field for a victim");
    expect_problem(send_spoilt(t, with_victims_in_the_narrative), "", "an unknown field",
                   "also where no JSON is read");
    expect(scenario_arrived(&t->s, CASEWORK) == before && scenario_queued(&t->s, CASEWORK) == 0,
           "nothing of these has left probation");
}

static void is_recalled(struct stage *t)
{
    t->recall = expect_accepted(
        about(t, PROBATION, "recall.request", CASEWORK, recall_body(t, TELEPHONED, "")),
        "an emergency recall, telephoned first, is asked for");
    arrives(t, PROBATION, &t->recall);
    expect(came_with(t, CASEWORK, &t->recall, "DC_VICTIM")
               && came_with(t, CASEWORK, &t->recall, "DC_NON_DISCLOSURE"),
           "victims, and what is not disclosed, each in a section of its own");
    char id[ID_BASE64];
    id_as_body(&t->recall, id);
    (void)snprintf(t->json, sizeof t->json, decision, id); // NOLINT: ours
    (void)expect_accepted(reply(t, CASEWORK, &t->recall, t->json), "casework decides: recalled");
    expect_not_due(&t->s, PROBATION, "recall.request", "the request is answered");
}

static void all_are_told(struct stage *t)
{
    struct concordat_id id = expect_accepted(
        about(t, CASEWORK, "recall.revocation", POLICE, revocation), "the police are to arrest");

    arrives(t, CASEWORK, &id);
    expect(came_with(t, POLICE, &id, "DC_CHILD") && !came_with(t, POLICE, &id, "DC_VICTIM"),
           "they are warned of children at the door, and told of no victim");
    expect_due(&t->s, CASEWORK, "expected", "recall.returned",
               "the prison is to say within two days that the person is back");
    (void)expect_accepted(about(t, PROBATION, "victim.event.notice", LIAISON, victim),
                          "the victim's liaison is told what may be said");
    expect_refused(about(t, PROBATION, "victim.event.notice", COMPANY, victim), "TYPE_NOT_COVERED",
                   "the company is told of no victim");
    expect_refused(scenario_send(&t->s, PROBATION,
                                 (struct concordat_message){.type = "victim.event.notice",
                                                            .to = COMPANY,
                                                            .json = victim,
                                                            .agreement = "ISA-RECALL",
                                                            .case_handle = t->h.case_handle}),
                   "PARTY_NOT_SIGNATORY", "nor under the agreement with liaison");
    scenario_later(&t->s, "2026-03-03T16:00:00Z");
    (void)expect_accepted(about(t, PRISON, "recall.returned", PROBATION, returned),
                          "the prison tells probation of the return");
    (void)expect_accepted(about(t, PRISON, "recall.returned", CASEWORK, returned), "and casework");
    expect(alarms_of(&t->s, PROBATION, &(struct alarms){.stage = "breached"}) == 0
               && alarms_of(&t->s, CASEWORK, &(struct alarms){.stage = "breached"}) == 0,
           "nothing was late");
}

/* ---- the return ---- */

#define BACK "recall.returned"
static const struct alarms missed = {.kind = "expected", .stage = "breached", .expected = BACK};
static const struct alarms to_its_head = {
    .kind = "expected",
    .stage = "breached",
    .expected = BACK,
    .role = "Head of casework, Public Protection Casework Section"};
static const struct alarms late = {.kind = "expected", .stage = "late", .expected = BACK};

static void came_back_in_time(struct stage *t)
{
    expect_not_due(&t->s, CASEWORK, BACK, "what the prison has said is not to come any more");
    scenario_later(&t->s, "2026-03-05T10:00:00Z");
    expect_alarms(&t->s, CASEWORK, &missed, 0, "who came back in time is not missed");
    expect_alarms(&t->s, PRISON, &missed, 0, "nor is the prison told so");
}

/* Neither casework nor the police, between whom the revocation went, can say that the person is in
 * prison again. */
static void does_not_come_back(struct stage *t)
{
    struct concordat_id id =
        expect_accepted(about(t, CASEWORK, "recall.revocation", POLICE, revocation),
                        "the licence is revoked again");

    arrives(t, CASEWORK, &id);
    scenario_later(&t->s, "2026-03-07T09:30:00Z");
    expect_alarms(&t->s, CASEWORK, &missed, 0, "two days are not over");
    scenario_later(&t->s, "2026-03-07T10:30:00Z");
    expect_alarms(&t->s, CASEWORK, &to_its_head, 1, "who does not come back is missed, by name");
    expect_alarms(&t->s, PRISON, &to_its_head, 1, "and the prison is told so");
    expect_alarms(&t->s, POLICE, &missed, 0, "the police owe no word of it");
    scenario_later(&t->s, "2026-03-10T10:00:00Z");
    (void)expect_accepted(about(t, PRISON, BACK, PROBATION, returned),
                          "word of the return to probation");
    expect_alarms(&t->s, CASEWORK, &late, 0, "is none to casework");
    (void)expect_accepted(about(t, PRISON, BACK, CASEWORK, returned), "which is told late");
    expect_alarms(&t->s, CASEWORK, &late, 1, "and hears that it was");
    expect_alarms(&t->s, CASEWORK, &missed, 1, "after one alarm in all");
    expect_not_due(&t->s, CASEWORK, BACK, "and waits no more");
}

int main(int argc, char **argv)
{
    static struct stage t;

    scenario_begin(&t.s, argc, argv, "2026-03-02T10:00:00Z",
                   &(struct cast){members, COUNT, COUNT, agreements});
    t.h = (struct handover){.s = &t.s,
                            .from = COMPANY,
                            .to = PROBATION,
                            .reason = "RISK_ESCALATION",
                            .subject = M,
                            .components = 3,
                            .part_count = 2,
                            .case_handle = open_case(&t.s, COMPANY)};
    handover_prepare(&t.h);
    police_tell(&t);
    risk_is_escalated(&t);
    case_comes_back(&t);
    is_not_recalled_so(&t);
    is_recalled(&t);
    all_are_told(&t);
    came_back_in_time(&t);
    does_not_come_back(&t);
    return scenario_end(&t.s);
}
