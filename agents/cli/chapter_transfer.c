/* A case changes hands: one component is refused, one part of the record is not what was offered,
 * and an answer comes for who no longer holds the case. */
#include <stdio.h>

#include "agents/cli/arguments.h"
#include "agents/cli/chapters.h"

#define PROBATION "nps.cambs"
#define COMPANY "crc.bench"
#define CHILDREN "csc.cambs"
#define TREATMENT "tx.cambs"
#define COURT "court.b35cz00"
#define BREACH "enforcement.breach.referral"
#define QUESTION "check.social_care.children.request"
#define WEEKS "story/weeks/"

static const struct member cast[] = {{PROBATION, "NPS"},
                                     {COMPANY, "CRC"},
                                     {CHILDREN, "LA_CHILDREN"},
                                     {TREATMENT, "TREATMENT_PROVIDER"},
                                     {COURT, "COURT"}};
static const char *const agreements[] = {"case.yaml", "checks.yaml", "treatment.yaml", "court.yaml",
                                         NULL};

static char question[CONCORDAT_ID_TEXT];
static char parts[3][PATH_MAX];

static void is_allocated(struct tale *tale)
{
    char body[PATH_MAX];

    play_chapter(&tale->play, "Probation holds K's case; it is allocated to the company");
    tale_open_case(tale, PROBATION);
    tale_say(tale, PROBATION, COMPANY, "case.allocation.decision", WEEKS "allocation.json",
             "low or medium risk, RSR 2.40 %", NULL);
    tale_body(tale, WEEKS "child-check.json", NULL, body);
    tale_send(tale, PROBATION,
              (const char *[]){"send", QUESTION, "--to", CHILDREN, "--case", tale->case_handle,
                               body, NULL},
              question);
    tale_told(tale, PROBATION, question, "delivered", "is the child known to you? By Wednesday",
              NULL);
    tale_due(tale, PROBATION, "answer", QUESTION, true, "concordat due: the answer is owed to it");
}

static void is_offered(struct tale *tale)
{
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];

    play_chapter(&tale->play, "The case is offered; one component is refused, and offered again");
    tale_body(tale, WEEKS "contact-log.json", NULL, parts[0]);
    tale_body(tale, WEEKS "assessment-part.json", NULL, parts[1]);
    tale_body(tale, WEEKS "letters.json", NULL, parts[2]);
    tale_body(tale, WEEKS "offer.json", NULL, body);
    tale_act(tale, PROBATION,
             (const char *[]){"case", "offer", tale->case_handle, "--to", COMPANY, "--part",
                              parts[0], "--part", parts[1], "--part", parts[2], body, NULL},
             id);
    tale_told(tale, PROBATION, id, "delivered",
              "four components, three parts, and a question without its answer", NULL);
    tale_refuse(tale, PROBATION, "case.update", WEEKS "case-update.json",
                &(struct telling_refusal){.agency = COMPANY,
                                          .decided_by = COMPANY,
                                          .code = "NOT_CURRENT_HOLDER",
                                          .what = "who is offered a case does not speak for it"});
    tale_act(tale, COMPANY,
             (const char *[]){"case", "reject", tale->case_handle, "--component", "4", "--reason",
                              "ADDRESS_NOT_VERIFIED", NULL},
             id);
    tale_act(tale, COMPANY, (const char *[]){"case", "accept", tale->case_handle, NULL}, id);
    tale_holder(tale, COMPANY, PROBATION, "three of four accepted: probation holds the case");
    tale_at(tale, "2026-03-03T10:00:00Z");
    tale_body(tale, WEEKS "offer-address.json", NULL, body);
    tale_act(tale, PROBATION,
             (const char *[]){"case", "offer", tale->case_handle, "--to", COMPANY, body, NULL}, id);
    tale_told(tale, PROBATION, id, "delivered", "the fourth again, with the address", NULL);
    tale_act(tale, COMPANY, (const char *[]){"case", "accept", tale->case_handle, NULL}, id);
    tale_holder(tale, COMPANY, PROBATION, "all accepted, and probation still holds it");
}

static void record_follows(struct tale *tale)
{
    char altered[PATH_MAX], body[PATH_MAX], id[CONCORDAT_ID_TEXT];

    play_chapter(&tale->play, "The record follows, but one part is not what was offered");
    json_decref(play_command(
        &tale->play, PROBATION, EXIT_DONE,
        (const char *[]){"case", "send-parts", tale->case_handle, parts[0], parts[2], NULL}));
    tale_body(tale, WEEKS "assessment-part.json",
              (const struct blank[]){{.path = "riskScore.text.text", .text = "RSR 12.40 %."},
                                     {.path = NULL}},
              altered);
    (void)play_check(
        &tale->play,
        play_comes_to(&tale->play, PROBATION, EXIT_BAD_INPUT,
                      (const char *[]){"case", "send-parts", tale->case_handle, altered, NULL}),
        "somebody has edited the second: it is not sent, its hash is another");
    (void)play_check(&tale->play,
                     play_comes_to(&tale->play, COMPANY, EXIT_BAD_INPUT,
                                   (const char *[]){"case", "complete", tale->case_handle, NULL}),
                     "and without it the company does not take the case");
    tale_act(tale, COMPANY,
             (const char *[]){"case", "query", tale->case_handle, "--missing", "2", NULL}, id);
    tale_told(tale, COMPANY, id, "delivered", "part 2 is missing", NULL);
    tale_body(tale, WEEKS "assessment-part.json", NULL, body);
    json_decref(
        play_command(&tale->play, PROBATION, EXIT_DONE,
                     (const char *[]){"case", "send-parts", tale->case_handle, body, NULL}));
    tale_part(tale, COMPANY, 2, "here", "the part that was offered is here, by its hash");
}

static void responsibility_moves(struct tale *tale)
{
    char id[CONCORDAT_ID_TEXT];

    play_chapter(&tale->play, "The company completes: now, and only now, responsibility moves");
    tale_at(tale, "2026-03-04T10:00:00Z");
    tale_act(tale, COMPANY, (const char *[]){"case", "complete", tale->case_handle, NULL}, id);
    tale_told(tale, COMPANY, id, "delivered", "everything is here: it takes the case", NULL);
    tale_holder(tale, PROBATION, COMPANY, "probation asks: the company holds the case");
    tale_conversation(tale, COMPANY, question, CHILDREN,
                      "the unanswered question is the company's now, under the same id");
    tale_refuse(tale, COMPANY, "case.update", WEEKS "case-update.json",
                &(struct telling_refusal){.agency = PROBATION,
                                          .decided_by = PROBATION,
                                          .code = "NOT_CURRENT_HOLDER",
                                          .what = "probation speaks for it no more"});
    tale_say(tale, COMPANY, PROBATION, "case.officer.assigned", WEEKS "officer.json",
             "who is responsible from now on", NULL);
}

static void late_answer(struct tale *tale)
{
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];

    play_chapter(&tale->play, "Social care answers late, to who asked: it follows the case");
    tale_at(tale, "2026-03-05T17:40:00Z");
    tale_alarms(tale, COMPANY,
                &(struct tale_alarm){.kind = "answer", .stage = "breached", .count = 1},
                "it was due on Wednesday: the company, to whom it was owed by then, was told");
    tale_body(tale, WEEKS "child-check-answer.json", NULL, body);
    tale_send(tale, CHILDREN, (const char *[]){"answer", question, body, NULL}, id);
    tale_told(tale, CHILDREN, id, "delivered", "known: an enquiry under section 47 is open", NULL);
    tale_due(tale, COMPANY, "answer", QUESTION, false, "the question is answered");
    tale_find(tale, COMPANY, "case.late_answer", id);
    tale_told(tale, PROBATION, id, "delivered",
              "sealed again to the company, by probation's agent alone", NULL);
    tale_conversation(tale, COMPANY, question, NULL, "its conversation is over");
}

static void is_supervised(struct tale *tale)
{
    play_chapter(&tale->play, "What is expected comes in time");
    tale_due(tale, PROBATION, "expected", "case.first_contact", true,
             "first contact is owed, five working days after the transfer");
    tale_at(tale, "2026-03-06T11:00:00Z");
    tale_say(tale, COMPANY, PROBATION, "case.first_contact", WEEKS "first-contact.json", "seen",
             NULL);
    tale_due(tale, PROBATION, "expected", "case.first_contact", false, "and is owed no more");
    tale_at(tale, "2026-03-13T15:00:00Z");
    tale_say(tale, COMPANY, PROBATION, "case.assessment.completed", WEEKS "assessment.json",
             "assessed, within ten days", NULL);
    tale_alarms(
        tale, PROBATION,
        &(struct tale_alarm){.kind = "expected", .expected = "case.first_contact", .count = 0},
        "nobody had to be told");
}

static void is_referred(struct tale *tale, char referred[static CONCORDAT_ID_TEXT])
{
    char body[PATH_MAX];

    play_chapter(&tale->play, "Week 6: the order is not kept");
    tale_at(tale, "2026-04-14T09:30:00Z");
    tale_say(tale, TREATMENT, COMPANY, "compliance.report", WEEKS "compliance.json",
             "two absences without excuse", NULL);
    tale_body(tale, WEEKS "breach.json", NULL, body);
    tale_send(tale, COMPANY,
              (const char *[]){"send", BREACH, "--to", PROBATION, "--case", tale->case_handle, body,
                               NULL},
              referred);
    tale_told(tale, COMPANY, referred, "delivered", "to who lays it before the court", NULL);
    tale_due(tale, PROBATION, "acknowledge", BREACH, true,
             "probation is to say within seven days that it acts on it");
    json_decref(
        play_command(&tale->play, PROBATION, EXIT_DONE, (const char *[]){"ack", referred, NULL}));
    tale_due(tale, COMPANY, "acknowledge", BREACH, false, "and has said so, signed");
}

static void is_breached(struct tale *tale)
{
    char body[PATH_MAX], referred[CONCORDAT_ID_TEXT], laid[CONCORDAT_ID_TEXT],
        id[CONCORDAT_ID_TEXT];

    is_referred(tale, referred);
    tale_refuse(tale, COURT, "enforcement.breach.information", WEEKS "breach-court.json",
                &(struct telling_refusal){.agency = COMPANY,
                                          .decided_by = COMPANY,
                                          .code = "NO_AGREEMENT",
                                          .what = "the company has no agreement with the court"});
    tale_body(tale, WEEKS "breach-court.json", NULL, body);
    tale_send(tale, PROBATION,
              (const char *[]){"send", "enforcement.breach.information", "--to", COURT, "--case",
                               tale->case_handle, body, NULL},
              laid);
    tale_told(tale, PROBATION, laid, "delivered", "probation lays the information", NULL);
    tale_at(tale, "2026-04-27T10:00:00Z");
    tale_body(tale, WEEKS "breach-outcome.json", NULL, body);
    tale_send(tale, COURT, (const char *[]){"answer", laid, body, NULL}, id);
    tale_told(tale, COURT, id, "delivered", "proved; the order goes on", NULL);
    tale_send(tale, PROBATION, (const char *[]){"answer", referred, body, NULL}, id);
    tale_told(tale, PROBATION, id, "delivered", "and the company hears of it", NULL);
    tale_alarms(tale, COMPANY, &(struct tale_alarm){.kind = "acknowledge", .count = 0},
                "nobody had to be told of a referral without an answer");
}

static void tell(struct tale *tale)
{
    is_allocated(tale);
    is_offered(tale);
    record_follows(tale);
    responsibility_moves(tale);
    late_answer(tale);
    is_supervised(tale);
    is_breached(tale);
}

const struct chapter transfer_chapter = {
    .name = "transfer",
    .summary = "a case changes hands, and what waits for it follows",
    .begins = "2026-03-02T09:00:00Z",
    .cast = cast,
    .count = LENGTH_OF(cast),
    .agreements = agreements,
    .tell = tell,
};
