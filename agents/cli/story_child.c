/* A child is referred while social care's agent is down; the case goes to who is to supervise it.
 */
#include <stdio.h>
#include <string.h>

#include "agents/cli/story.h"
#include "agents/cli/tell.h"

/* Stops an agency's agent, or starts it again. */
static void set_agent(struct story *story, const char *agency, bool up)
{
    struct play *play = &story->play;
    size_t member = daemons_member(&play->daemons, agency);
    struct reason why = {""};

    if (play->failed)
        return;
    if (!up)
        child_kill(&play->daemons.agents[member]);
    else if (daemons_start_agent(&play->daemons, member, &why) != ST_OK
             || daemons_await_agent(&play->daemons, member, &why) != ST_OK)
        play_fail(play, why.text);
}

/* The referral while nobody can take it. */
static void refer(struct story *story, char id[static CONCORDAT_ID_TEXT])
{
    struct play *play = &story->play;
    json_t *event, *item;

    play_say(play, "kill -9: %s's agent is gone", CHILDREN);
    set_agent(story, CHILDREN, false);
    event = story_act(story, &story->probation, PROBATION, (const char *[]){"refer", "K", NULL});
    (void)snprintf(id, CONCORDAT_ID_TEXT, "%s", play_text(event, "id"));
    json_decref(event);
    tell_message(play, &(struct telling){.sender = PROBATION,
                                         .id = id,
                                         .rung = "accepted",
                                         .what = "immediate: a child may be in danger"});
    item = play_ask(play, PROBATION, EXIT_DONE, (const char *[]){"track", id, NULL});
    (void)play_check(play,
                     strcmp(play_text(item, "state"), "accepted") == 0
                         && strcmp(play_text(item, "urgency"), "immediate") == 0,
                     "the broker has it, durable, and nobody at %s has: probation sees that",
                     CHILDREN);
    json_decref(item);
    set_agent(story, CHILDREN, true);
    play_say(play, "%s's agent is back, and takes what waited", CHILDREN);
}

/* What comes back, and what follows. */
static void tell_reply(struct story *story, const char *type, struct telling telling)
{
    char id[CONCORDAT_ID_TEXT];

    story_await_id(story, &story->probation, "received", type, id);
    telling.sender = CHILDREN;
    telling.id = id;
    telling.rung = "opened";
    tell_message(&story->play, &telling);
}

void story_refer_child(struct story *story)
{
    struct play *play = &story->play;
    char id[CONCORDAT_ID_TEXT], update[CONCORDAT_ID_TEXT];
    json_t *item;

    play_chapter(play, "Probation refers the child, while social care's agent is down");
    refer(story, id);
    tell_message(play, &(struct telling){.sender = PROBATION,
                                         .id = id,
                                         .rung = "acknowledged",
                                         .what = "delivered, opened, taken on",
                                         .facts = {{"level", "SIGNIFICANT_HARM"}}});
    tell_reply(story, "safeguarding.referral.ack",
               (struct telling){.what = "somebody has it, and by when it is decided",
                                .facts = {{"localRef", NULL}, {"decisionDueMs", NULL}}});
    tell_reply(
        story, "safeguarding.referral.decision",
        (struct telling){.what = "an enquiry under section 47; updates every 28 days",
                         .facts = {{"outcome", "S47_ENQUIRY"}, {"updateIntervalDays", "28"}}});
    item = play_ask(play, PROBATION, EXIT_DONE,
                    (const char *[]){"track", id, "--until", "answered", NULL});
    (void)play_check(play, play_has_rung(item, "answered", CHILDREN),
                     "the referral is decided: signed by %s", CHILDREN);
    json_decref(item);
    story_await_id(story, &story->probation, "updated", "safeguarding.update", update);
    tell_message(play, &(struct telling){.sender = PROBATION,
                                         .id = update,
                                         .rung = "acknowledged",
                                         .what = "update number 1, to the same referral",
                                         .facts = {{"number", "1"}, {"referralId", NULL}}});
}

void story_allocate(struct story *story)
{
    struct play *play = &story->play;
    char id[CONCORDAT_ID_TEXT];
    json_t *event;

    play_chapter(play, "The case is allocated by risk of serious recidivism, of harm, and MAPPA");
    event = story_await(story, &story->probation, "recorded", "risk.rsr.result");
    (void)play_check(play,
                     event && !json_object_get(event, "id")
                         && strcmp(play_text(event, "case"), story->case_handle) == 0,
                     "risk.rsr.result: scored, in probation's own record of the case; no message");
    json_decref(event);
    story_await_id(story, &story->probation, "sent", "risk.rsr.result", id);
    tell_message(play, &(struct telling){.sender = PROBATION,
                                         .id = id,
                                         .rung = "acknowledged",
                                         .what = "2.40 %, to who takes the case",
                                         .facts = {{"rsr.basisPoints", "240"}}});
    story_await_id(story, &story->probation, "allocated", "case.allocation.decision", id);
    tell_message(play, &(struct telling){
                           .sender = PROBATION,
                           .id = id,
                           .rung = "acknowledged",
                           .what = "low or medium, so to the company",
                           .facts = {{"ground", "LOW_OR_MEDIUM_TO_CRC"}, {"targetAgencyId", CRC}}});
}
