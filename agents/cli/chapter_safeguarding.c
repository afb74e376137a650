/* An immediate referral of a child, from the quarter of an hour in which nobody opens it to the end
 * of the order: it goes with the case to the company, and is asked for when it was not closed. */
#include <stdio.h>

#include "agents/cli/arguments.h"
#include "agents/cli/chapters.h"

#define PROBATION "nps.cambs"
#define COMPANY "crc.bench"
#define CHILDREN "csc.cambs"
#define REFERRAL "safeguarding.referral.child"
#define HUB "Multi-agency safeguarding hub, Cambridgeshire"
#define WEEKS "story/weeks/"

static const struct member cast[] = {
    {PROBATION, "NPS"}, {COMPANY, "CRC"}, {CHILDREN, "LA_CHILDREN"}};
static const char *const agreements[] = {"case.yaml", "safeguarding.yaml", NULL};

static char referral[CONCORDAT_ID_TEXT];

static void nobody_opens_it(struct tale *tale)
{
    char body[PATH_MAX];

    play_chapter(&tale->play, "A child is referred at once, and nobody opens it");
    tale_open_case(tale, PROBATION);
    play_say(&tale->play, "kill -9: %s's agent is gone", CHILDREN);
    tale_set_agent(tale, CHILDREN, false);
    tale_body(tale, "child-referral.json", NULL, body);
    tale_send(tale, PROBATION,
              (const char *[]){"send", REFERRAL, "--to", CHILDREN, "--case", tale->case_handle,
                               body, NULL},
              referral);
    tale_told(tale, PROBATION, referral, "accepted", "immediate: a child may be in danger", NULL);
    tale_at(tale, "2026-03-02T09:16:00Z");
    tale_alarms(tale, PROBATION, &(struct tale_alarm){.kind = "open", .role = HUB, .count = 1},
                "15 minutes and nobody has opened it: alarm, for the hub, by name");
    tale_at(tale, "2026-03-02T09:31:00Z");
    tale_alarms(tale, PROBATION, &(struct tale_alarm){.kind = "open", .role = HUB, .count = 2},
                "and again every 15 minutes");
    tale_set_agent(tale, CHILDREN, true);
    play_say(&tale->play, "%s's agent is back, and takes what waited", CHILDREN);
    tale_alarms(tale, CHILDREN, &(struct tale_alarm){.kind = "open", .role = HUB, .count = 1},
                "it was told as well: what it missed stands above its inbox");
}

static void is_decided(struct tale *tale)
{
    const struct blank of_referral[] = {{.path = "referralId", .id = referral}, {.path = NULL}};
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];

    play_chapter(&tale->play, "Somebody has it; it is decided; probation keeps social care told");
    tale_find(tale, CHILDREN, REFERRAL, id);
    json_decref(play_command(&tale->play, CHILDREN, EXIT_DONE, (const char *[]){"open", id, NULL}));
    tale_told(tale, PROBATION, referral, "opened", "delivered, and opened by a person",
              (const struct fact[]){{"level", "SIGNIFICANT_HARM"}, {NULL, NULL}});
    tale_body(tale, WEEKS "referral-ack.json", of_referral, body);
    tale_send(tale, CHILDREN,
              (const char *[]){"send", "safeguarding.referral.ack", "--to", PROBATION, "--case",
                               tale->case_handle, "--reply-to", referral, body, NULL},
              id);
    tale_told(tale, CHILDREN, id, "delivered", "by when it is decided", NULL);
    tale_due(tale, PROBATION, "decide", REFERRAL, true, "the decision is owed to probation");
    tale_at(tale, "2026-03-02T15:00:00Z");
    tale_alarms(tale, PROBATION, &(struct tale_alarm){.kind = "open", .count = 2},
                "nobody was called any more");
    tale_body(tale, WEEKS "referral-decision.json", of_referral, body);
    tale_send(tale, CHILDREN, (const char *[]){"answer", referral, body, NULL}, id);
    tale_told(tale, CHILDREN, id, "delivered", "an enquiry under section 47; updates every 28 days",
              NULL);
    tale_due(tale, PROBATION, "decide", REFERRAL, false, "decided within the working day");
    tale_body(tale, WEEKS "update.json", of_referral, body);
    tale_send(tale, PROBATION,
              (const char *[]){"send", "safeguarding.update", "--to", CHILDREN, "--case",
                               tale->case_handle, "--conversation", referral, body, NULL},
              id);
    tale_told(tale, PROBATION, id, "delivered", "update number 1, to the same referral", NULL);
}

static void moves(struct tale *tale)
{
    char body[PATH_MAX], part[PATH_MAX], id[CONCORDAT_ID_TEXT];
    const struct blank of_referral[] = {{.path = "referralId", .id = referral}, {.path = NULL}};

    play_chapter(&tale->play, "The case goes to the company, and the referral with it");
    tale_at(tale, "2026-03-09T10:00:00Z");
    tale_body(tale, WEEKS "offer.json", NULL, body);
    tale_body(tale, WEEKS "contact-log.json", NULL, part);
    tale_act(tale, PROBATION,
             (const char *[]){"case", "offer", tale->case_handle, "--to", COMPANY, "--part", part,
                              body, NULL},
             id);
    tale_told(tale, PROBATION, id, "delivered", "it lists the referral that is open", NULL);
    tale_act(tale, COMPANY, (const char *[]){"case", "accept", tale->case_handle, NULL}, id);
    json_decref(
        play_command(&tale->play, PROBATION, EXIT_DONE,
                     (const char *[]){"case", "send-parts", tale->case_handle, part, NULL}));
    tale_part(tale, COMPANY, 1, "here", "the record is here, as the manifest says");
    tale_act(tale, COMPANY, (const char *[]){"case", "complete", tale->case_handle, NULL}, id);
    tale_holder(tale, CHILDREN, COMPANY, "social care asks: the company holds the case");
    tale_conversation(tale, CHILDREN, referral, COMPANY,
                      "its referral is with the company now, under the same id");
    tale_body(tale, WEEKS "update-worker.json", of_referral, body);
    tale_send(tale, COMPANY,
              (const char *[]){"send", "safeguarding.update", "--to", CHILDREN, "--case",
                               tale->case_handle, "--conversation", referral, body, NULL},
              id);
    tale_told(tale, COMPANY, id, "delivered", "update number 2: the worker has changed", NULL);
    tale_send(tale, COMPANY,
              (const char *[]){"send", "safeguarding.update", "--to", CHILDREN, "--case",
                               tale->case_handle, "--conversation", referral, "--id", id, body,
                               NULL},
              id);
    (void)play_check(&tale->play, *id != '\0', "sent again by mistake, it is the same message");
    tale_body(tale, WEEKS "update-plan.json", of_referral, body);
    tale_send(tale, CHILDREN,
              (const char *[]){"send", "safeguarding.update", "--to", COMPANY, "--case",
                               tale->case_handle, "--conversation", referral, body, NULL},
              id);
    tale_told(tale, CHILDREN, id, "delivered", "social care's own go to who holds the case", NULL);
}

static void ends(struct tale *tale)
{
    const struct blank of_referral[] = {{.path = "referralId", .id = referral}, {.path = NULL}};
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];

    play_chapter(&tale->play, "The order ends, and the referral is not closed");
    tale_at(tale, "2026-06-02T10:00:00Z");
    tale_body(tale, WEEKS "case-closed.json", NULL, body);
    tale_send(tale, COMPANY,
              (const char *[]){"send", "case.closed", "--to", CHILDREN, "--case", tale->case_handle,
                               body, NULL},
              id);
    tale_told(tale, COMPANY, id, "delivered", "the order is completed", NULL);
    tale_due(tale, CHILDREN, "expected", "safeguarding.close", true,
             "within three days the referral is to be closed");
    (void)play_check(&tale->play,
                     play_comes_to(&tale->play, COMPANY, EXIT_REFUSED,
                                   (const char *[]){"case", "close", tale->case_handle, NULL}),
                     "refused: a case is not over while a child is watched");
    tale_at(tale, "2026-06-05T10:05:00Z");
    tale_alarms(
        tale, COMPANY,
        &(struct tale_alarm){
            .kind = "expected", .stage = "breached", .expected = "safeguarding.close", .count = 1},
        "three days: the company is told that it has not closed it");
    tale_alarms(
        tale, CHILDREN,
        &(struct tale_alarm){
            .kind = "expected", .stage = "breached", .expected = "safeguarding.close", .count = 1},
        "and so is social care");
    tale_body(tale, WEEKS "referral-close.json", of_referral, body);
    tale_send(tale, COMPANY,
              (const char *[]){"send", "safeguarding.close", "--to", CHILDREN, "--case",
                               tale->case_handle, "--conversation", referral, body, NULL},
              id);
    tale_told(tale, COMPANY, id, "delivered", "the order has ended", NULL);
    tale_conversation(tale, CHILDREN, referral, NULL, "the referral is over");
    json_decref(play_command(&tale->play, COMPANY, EXIT_DONE,
                             (const char *[]){"case", "close", tale->case_handle, NULL}));
    tale_holder(tale, PROBATION, "",
                "the case is over: nobody holds it, and it had a holder on "
                "every day before");
}

static void tell(struct tale *tale)
{
    nobody_opens_it(tale);
    is_decided(tale);
    moves(tale);
    ends(tale);
}

const struct chapter safeguarding_chapter = {
    .name = "safeguarding",
    .summary = "a child is referred, and watched to the end of the order",
    .begins = "2026-03-02T09:00:00Z",
    .cast = cast,
    .count = LENGTH_OF(cast),
    .agreements = agreements,
    .tell = tell,
};
