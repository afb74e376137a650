/* One late answer of a pre-sentence report: the question is opened by nobody in time, the court is
 * told what is missing, the case goes to the company; and when social care answers after all, the
 * answer goes to who holds the case by then. Where no clause lets it, it waits in sight of people.
 *
 *     scenario_d1_late BIN SOURCE FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/late_answer.h"
#include "tests/system/custodians.h"

#define COURT "court.b35cz00"
#define PROBATION "nps.cambs"
#define COMPANY "crc.bench"
#define NEXT_COMPANY "crc.next"
#define CHILDREN "csc.cambs"
#define QUESTION "check.social_care.children.request"
#define ANSWER "check.social_care.children.response"
#define LATE "case.late_answer"

#define K                                                                                          \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], \"name\": "     \
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}"

static const struct member members[] = {
    {PROBATION, "NPS"},    {COMPANY, "CRC"},           {CHILDREN, "LA_CHILDREN"}, {COURT, "COURT"},
    {NEXT_COMPANY, "CRC"}, {"asc.cambs", "LA_ADULTS"}, {"police.35", "POLICE"}};
#define WITH_AGENTS 5
static const char *const agreements[] = {"case.yaml", "checks.yaml", "court.yaml", NULL};

static const char request[] =
    "{\"hearingId\": \"d4a1\", \"courtOu\": \"B35CZ00\", \"neededByMs\": \"%lld\", \"defendant\": "
    "{\"name\": {\"forename\": \"Kit\", \"surname\": \"Example\"}}, \"offences\": [{\"cjsCode\": "
    "\"TH68001\"}], \"requestedFormat\": \"ORAL\"}";
static const char child[] =
    "{" K ", \"why\": \"PRE_SENTENCE\", \"neededByMs\": \"%lld\", \"children\": [{\"person\": "
    "{\"name\": {\"forename\": \"Ari\", \"surname\": \"Example\"}}, \"relationship\": \"child\"}]}";
static const char unlinked[] =
    "{" K ", \"why\": \"PRE_SENTENCE\", \"neededByMs\": \"%lld\", \"children\": [{\"person\": "
    "{\"name\": {\"forename\": \"Noa\", \"surname\": \"Neighbour\"}}}]}";
static const char report[] =
    "{\"hearingId\": \"d4a1\", \"deliveredFormat\": \"ORAL\", \"defendant\": {\"name\": "
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}, \"risk\": {\"overall\": "
    "\"ROSH_MEDIUM\"}, \"checks\": [{\"type\": \"" QUESTION "\", \"requestId\": \"%s\", "
    "\"state\": \"ASKED_NO_REPLY\"}]}";
static const char known[] =
    "{\"outcome\": \"KNOWN_CURRENT\", \"children\": [{\"linkedRef\": \"c1\", \"status\": "
    "\"S47_ENQUIRY\", \"from\": {\"ymd\": 20260224}}]}";

struct stage {
    struct scenario s;
    struct concordat_id handle, report_request, question;
};

static char json[2048];

/* A body with its time; the scenario's day is a Monday. */
static const char *by(const char *format, const char *moment)
{
    (void)snprintf(json, sizeof json, format, (long long)moment_ms(moment)); // NOLINT: ours
    return json;
}

static struct concordat_answer *ask(struct stage *t, const struct concordat_id *handle,
                                    const char *format, const char *moment)
{
    return scenario_send(
        &t->s, PROBATION,
        (struct concordat_message){
            .type = QUESTION, .to = CHILDREN, .json = by(format, moment), .case_handle = *handle});
}

static struct concordat_answer *answer(struct stage *t, const struct concordat_id *question)
{
    struct concordat_message message = {
        .json = known, .json_size = sizeof known - 1, .in_reply_to = *question, .wait_ms = WAIT_MS};

    return concordat_reply(scenario_client(&t->s, CHILDREN), &message);
}

/* ---- the day ---- */

static void is_asked(struct stage *t)
{
    t->report_request = expect_accepted(
        scenario_send(&t->s, COURT,
                      (struct concordat_message){.type = "psr.request",
                                                 .to = PROBATION,
                                                 .json = by(request, "2026-03-02T13:30:00Z"),
                                                 .case_handle = t->handle}),
        "the court orders a report for 13:30");
    t->question = expect_accepted(ask(t, &t->handle, child, "2026-03-02T13:00:00Z"),
                                  "probation asks social care about the child, for 13:00");
    if (!scenario_reaches(&t->s, PROBATION, &t->question, "delivered")
        || !scenario_reaches(&t->s, COURT, &t->report_request, "delivered"))
        fail("questions do not arrive");
    expect_due(&t->s, PROBATION, "answer", QUESTION, "probation sees what is owed to it");
    expect_due(&t->s, CHILDREN, "answer", QUESTION, "and social care what it owes");
    expect_due(&t->s, PROBATION, "answer", "psr.request", "and probation what it owes the court");
    expect_bad_input(ask(t, &t->handle, unlinked, "2026-03-02T13:00:00Z"), "relationship",
                     "a neighbour's child, with no link stated, is asked about by nobody");
}

static bool has_rung(struct stage *t, const char *agency, const struct concordat_id *id,
                     const char *rung)
{
    struct concordat_answer *tracked =
        concordat_track(scenario_client(&t->s, agency), id, 0, NULL, 0);
    bool found = false;

    for (size_t i = 0; tracked->item_count == 1 && i < tracked->items[0].rung_count; i++)
        found |= strcmp(tracked->items[0].rungs[i].name, rung) == 0;
    concordat_answer_free(tracked);
    return found;
}

static void time_is_over(struct stage *t)
{
    char id[ID_BASE64], body[1024];

    scenario_later(&t->s, "2026-03-02T13:00:30Z");
    expect_alarms(&t->s, PROBATION, &(struct alarms){.kind = "answer", .stage = "breached"}, 1,
                  "13:00: probation is told that there is no answer, once");
    expect_alarms(&t->s, CHILDREN, &(struct alarms){.kind = "answer", .stage = "breached"}, 1,
                  "and so is social care");
    expect(has_rung(t, PROBATION, &t->question, "delivered")
               && !has_rung(t, PROBATION, &t->question, "opened"),
           "it sees why: delivered, and opened by nobody");
    expect_due(&t->s, PROBATION, "answer", QUESTION, "the question stays live");
    id_as_body(&t->question, id);
    (void)snprintf(body, sizeof body, report, id); // NOLINT: ours
    struct concordat_id sent = expect_accepted(
        concordat_reply(scenario_client(&t->s, PROBATION),
                        &(struct concordat_message){.json = body,
                                                    .json_size = strlen(body),
                                                    .in_reply_to = t->report_request,
                                                    .wait_ms = WAIT_MS}),
        "the report goes with what there is");
    if (!scenario_reaches(&t->s, PROBATION, &sent, "delivered"))
        fail("the report does not arrive");
    struct concordat_answer *read = concordat_take(scenario_client(&t->s, COURT), &sent);
    expect(strstr(read->json, "ASKED_NO_REPLY") && strstr(read->json, QUESTION),
           "the court reads what is missing");
    concordat_answer_free(read);
    expect_not_due(&t->s, PROBATION, "psr.request", "and is owed nothing more");
}

/* ---- the case goes to the company, and the answer after it ---- */

static struct handover handover_of(struct stage *t, const char *to,
                                   const struct concordat_id *handle)
{
    struct handover h = {.s = &t->s,
                         .from = PROBATION,
                         .to = to,
                         .reason = "INITIAL_ALLOCATION",
                         .subject = K,
                         .components = 2,
                         .part_count = 1,
                         .case_handle = *handle};

    handover_prepare(&h);
    return h;
}

struct arrival {
    struct stage *t;
    const char *agency;
    struct concordat_id conversation, message;
};

/* A late answer of that conversation in the agency's inbox. */
static bool has_late_answer(struct arrival *a)
{
    struct concordat_answer *inbox =
        concordat_inbox(scenario_client(&a->t->s, a->agency), 0, 1000, true);
    bool found = false;

    for (size_t i = 0; i < inbox->item_count; i++) {
        if (strcmp(inbox->items[i].type, LATE) != 0
            || memcmp(&inbox->items[i].conversation_id, &a->conversation, sizeof a->conversation)
                   != 0)
            continue;
        a->message = inbox->items[i].message_id;
        found = true;
    }
    concordat_answer_free(inbox);
    return found;
}

static bool is_shared(const struct concordat_item *item, const char *category)
{
    for (size_t i = 0; i < item->shared_count; i++)
        if (strcmp(item->shared[i], category) == 0)
            return true;
    return false;
}

/* It carries what social care answered, to what, and who did: not a seal around nothing. */
static void it_says_what_was_answered(struct stage *t, const struct concordat_answer *read)
{
    struct late_answer late = {0};
    const char *why = "";

    if (!expect(late_answer_read(read->body, read->body_size, &late, &why),
                "and reads the answer in it %s", why))
        return;
    expect(strcmp(late.by, CHILDREN) == 0 && strcmp(late.type, ANSWER) == 0
               && memcmp(&late.asked, &t->question, sizeof late.asked) == 0,
           "social care's, to that question");
    expect(is_shared(&read->items[0], "DC_IDENTITY") && is_shared(&read->items[0], "DC_CHILD")
               && strstr(late.json, "\"KNOWN_CURRENT\"") && strstr(late.json, "\"c1\"")
               && strstr(late.json, "\"S47_ENQUIRY\"") && strstr(late.json, "20260224"),
           "with all that it says: the child is known, by an enquiry under section 47 since then");
    late_answer_fini(&late);
}

static void it_follows_the_case(struct stage *t)
{
    struct handover h = handover_of(t, COMPANY, &t->handle);
    struct arrival arrival = {t, COMPANY, t->question, {{0}}};

    handover_whole(&h);
    expect_holder(&t->s, COMPANY, &t->handle, COMPANY, "the company holds the case");
    expect_open(&t->s, COMPANY, &t->handle, &t->question, CHILDREN,
                "and the question is the company's, by the same id");
    scenario_later(&t->s, "2026-03-02T17:40:00Z");
    (void)expect_accepted(answer(t, &t->question), "17:40: social care answers after all");
    expect_not_open(
        &t->s, COMPANY, &t->handle, &t->question,
        "probation's agent has sealed it to the company by itself: the question is over");
    expect(has_late_answer(&arrival), "and the company has the answer");
    struct concordat_answer *read =
        concordat_take(scenario_client(&t->s, COMPANY), &arrival.message);
    expect(read->outcome == CONCORDAT_DONE && strcmp(read->items[0].from, PROBATION) == 0,
           "which opens it");
    it_says_what_was_answered(t, read);
    concordat_answer_free(read);
    expect_not_due(&t->s, COMPANY, QUESTION, "it is answered");
    expect_not_due(&t->s, PROBATION, LATE, "probation owes nobody anything");
    expect(alarms_of(&t->s, PROBATION, &(struct alarms){.kind = "forward"}) == 0,
           "nobody had to be told");
}

/* ---- where no clause permits it ---- */

/* The agreement with the next company, which forgets late answers. */
static const char *without_late_answers(struct stage *t)
{
    static char text[1 << 17];
    const char *at = agreement_of_next(&t->s, COMPANY, NEXT_COMPANY, 1), *clause;
    size_t size = 0;

    for (; (clause = strstr(at, "  - id: late-answer"));
         at = strstr(clause + 1, "\n  - id: ") + 1) {
        memcpy(text + size, at, (size_t)(clause - at));
        size += (size_t)(clause - at);
    }
    (void)snprintf(text + size, sizeof text - size, "%s", at);
    return text;
}

static void it_waits_in_sight(struct stage *t)
{
    struct concordat_id handle = open_case(&t->s, PROBATION);
    struct handover h = handover_of(t, NEXT_COMPANY, &handle);
    struct concordat_id question = expect_accepted(ask(t, &handle, child, "2026-03-03T13:00:00Z"),
                                                   "another case, another question");
    struct arrival arrival = {t, NEXT_COMPANY, question, {{0}}};

    if (!scenario_reaches(&t->s, PROBATION, &question, "delivered"))
        fail("the question does not arrive");
    handover_whole(&h);
    (void)expect_accepted(answer(t, &question), "it is answered to who asked");
    expect_due(&t->s, PROBATION, "forward", ANSWER,
               "no clause lets it go on: it waits with probation, in sight");
    scenario_later(&t->s, "2026-03-03T11:30:00Z");
    expect_alarms(&t->s, PROBATION, &(struct alarms){.kind = "forward"}, 1,
                  "an hour of work later probation is told, once");
    expect_alarms(&t->s, NEXT_COMPANY, &(struct alarms){.kind = "forward"}, 1,
                  "and so is the case's holder");
    expect(!has_late_answer(&arrival), "nothing has gone that no clause permits");
    community_agreement(&t->s.community, "next.yaml",
                        agreement_of_next(&t->s, COMPANY, NEXT_COMPANY, 2));
    expect_not_open(&t->s, NEXT_COMPANY, &handle, &question,
                    "with a version that permits it, the question's conversation is over");
    expect(has_late_answer(&arrival), "since the answer has gone by itself");
    expect_not_due(&t->s, PROBATION, ANSWER, "and waits no more");
}

int main(int argc, char **argv)
{
    static struct stage t;

    scenario_begin(
        &t.s, argc, argv, "2026-03-02T09:00:00Z",
        &(struct cast){members, sizeof members / sizeof *members, WITH_AGENTS, agreements});
    community_agreement(&t.s.community, "next.yaml", without_late_answers(&t));
    t.handle = open_case(&t.s, PROBATION);
    is_asked(&t);
    time_is_over(&t);
    it_follows_the_case(&t);
    it_waits_in_sight(&t);
    return scenario_end(&t.s);
}
