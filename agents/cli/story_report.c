/* A pre-sentence report on the day: the court's own message, five checks, one late answer. */
#include <stdio.h>
#include <string.h>

#include "agents/cli/place.h"
#include "agents/cli/story.h"
#include "agents/cli/tell.h"
#include "agents/cli/when.h"
#include "lib/clock.h"

#define CHILD_CHECK "check.social_care.children"
#define ADULT_CHECK "check.social_care.adults"
#define CONVICTIONS "check.police.precons"
#define CALLOUTS "check.police.callouts"
#define TREATMENT_CHECK "check.treatment"

/* Imports a hearing; gives the id of its message of this type. */
static void import_hearing(struct story *story, const char *file, const char *type,
                           char id[static CONCORDAT_ID_TEXT])
{
    struct play *play = &story->play;
    char path[PATH_MAX];
    json_t *imported;
    const json_t *file_read, *message = NULL, *one;
    size_t i;

    id[0] = '\0';
    (void)path_print(path, "%s/%s", play->examples, file);
    imported = play_command(play, COURT, EXIT_DONE,
                            (const char *[]){"import", "common-platform", path, NULL});
    file_read = json_array_get(json_object_get(imported, "files"), 0);
    json_array_foreach(json_object_get(file_read, "messages"), i, one)
    {
        if (strcmp(play_text(one, "type"), type) == 0)
            message = one;
    }
    (void)play_check(play, message != NULL,
                     "read as the courts' system writes it: %s, and %d places that no body carries",
                     type, (int)json_array_size(json_object_get(file_read, "notCarried")));
    (void)snprintf(id, CONCORDAT_ID_TEXT, "%s", play_text(message, "id"));
    if (!*story->case_handle)
        (void)snprintf(story->case_handle, sizeof story->case_handle, "%s",
                       play_text(message, "case"));
    (void)play_check(play, strcmp(play_text(message, "case"), story->case_handle) == 0,
                     "its case handle follows from the court's case: one for all that comes");
    json_decref(imported);
}

void story_list_case(struct story *story)
{
    char id[CONCORDAT_ID_TEXT];

    play_chapter(&story->play,
                 "The court lists K's case: its own system's message goes to probation");
    import_hearing(story, "hearing-listed.json", "court.hearing.notice", id);
    tell_message(&story->play, &(struct telling){.sender = COURT,
                                                 .id = id,
                                                 .rung = "opened",
                                                 .what = "the first hearing is listed",
                                                 .facts = {{"event", "CONFIRMED_OR_UPDATED"}}});
}

void story_order_report(struct story *story)
{
    struct play *play = &story->play;
    char needed_by[WHEN_SIZE];
    json_t *event;

    play_chapter(play, "The court orders a report for the same day");
    when_print(clock_wall_ms() + story->clock_ms, needed_by);
    event = story_act(story, &story->court, COURT,
                      (const char *[]){"order-report", "K", "--needed-by", needed_by, "--case",
                                       story->case_handle, NULL});
    (void)snprintf(story->report_request, sizeof story->report_request, "%s",
                   play_text(event, "id"));
    json_decref(event);
    event = story_await(story, &story->probation, "received", "psr.request");
    json_decref(event);
    tell_message(play, &(struct telling){.sender = COURT,
                                         .id = story->report_request,
                                         .rung = "acknowledged",
                                         .what = "an oral report, the same day",
                                         .facts = {{"requestedFormat", "ORAL"}}});
}

/* Probation's question and what it is about. */
static void tell_question(struct story *story, const char *type, const char *what,
                          char id[static CONCORDAT_ID_TEXT])
{
    story_await_id(story, &story->probation, "asked", type, id);
    tell_message(
        &story->play,
        &(struct telling){.sender = PROBATION, .id = id, .rung = "delivered", .what = what});
}

/* An answer, once probation has it; `telling` without id and rung. */
static void tell_answer(struct story *story, const char *type, struct telling telling)
{
    char id[CONCORDAT_ID_TEXT];

    story_await_id(story, &story->probation, "received", type, id);
    telling.id = id;
    telling.rung = "opened";
    tell_message(&story->play, &telling);
}

/* At the treatment provider a person reads and answers. */
static void answer_by_hand(struct story *story, const char *id)
{
    struct play *play = &story->play;
    char body[PATH_MAX];

    json_decref(
        play_command(play, TREATMENT, EXIT_DONE, (const char *[]){"inbox", "--wait", "20", NULL}));
    json_decref(play_command(play, TREATMENT, EXIT_DONE, (const char *[]){"open", id, NULL}));
    (void)path_print(body, "%s/story/treatment-response.json", play->examples);
    json_decref(
        play_command(play, TREATMENT, EXIT_DONE, (const char *[]){"answer", id, body, NULL}));
    tell_answer(story, TREATMENT_CHECK ".response",
                (struct telling){.sender = TREATMENT,
                                 .what = "suitable, and willing",
                                 .facts = {{"result", "SUITABLE"}, {"subjectWilling", "true"}}});
}

void story_ask_others(struct story *story)
{
    struct play *play = &story->play;
    char id[CONCORDAT_ID_TEXT], treatment[CONCORDAT_ID_TEXT];

    play_chapter(play, "Probation asks the others what the court should know");
    tell_question(story, CHILD_CHECK ".request", "are the children known to you?",
                  story->child_check);
    tell_question(story, ADULT_CHECK ".request", "is the adult known to you?", id);
    tell_question(story, CONVICTIONS ".request", "previous convictions?", id);
    tell_question(story, CALLOUTS ".request", "call-outs for domestic abuse?", id);
    tell_question(story, TREATMENT_CHECK ".request", "would drug treatment be suitable?",
                  treatment);

    play_chapter(play, "Four of five answer");
    tell_answer(story, ADULT_CHECK ".response",
                (struct telling){
                    .sender = ADULTS, .what = "not known", .facts = {{"outcome", "NOT_KNOWN"}}});
    tell_answer(story, CONVICTIONS ".response",
                (struct telling){
                    .sender = POLICE,
                    .what = "traced, with convictions",
                    .facts = {{"outcome", "TRACED"}, {"cases.0.convictions.0.offence", NULL}}});
    tell_answer(story, CALLOUTS ".response",
                (struct telling){.sender = POLICE,
                                 .what = "one is held, without its victim",
                                 .facts = {{"outcome", "HELD"},
                                           {"incident.0.date", NULL},
                                           {"withheldSensitive", "true"}}});
    answer_by_hand(story, treatment);
}

/* The state that the report gives a check of this type. */
static const char *check_state(const json_t *report, const char *type)
{
    const json_t *check, *checks = json_object_get(json_object_get(report, "body"), "checks");
    size_t i;

    json_array_foreach(checks, i, check)
    {
        if (strcmp(play_text(check, "type"), type) == 0)
            return play_text(check, "state");
    }
    return "";
}

void story_report_on_time(struct story *story)
{
    struct play *play = &story->play;
    char id[CONCORDAT_ID_TEXT];
    json_t *json;

    play_chapter(play, "The time has come, and children's social care has not answered");
    json =
        play_ask(play, PROBATION, EXIT_DONE, (const char *[]){"track", story->child_check, NULL});
    (void)play_check(
        play, play_has_rung(json, "delivered", CHILDREN) && !play_has_rung(json, "opened", NULL),
        "probation sees why: the question lies in %s's agent, opened by nobody", CHILDREN);
    json_decref(json);
    story_await_id(story, &story->probation, "reported", "psr.report", id);
    tell_message(play, &(struct telling){.sender = PROBATION,
                                         .id = id,
                                         .rung = "opened",
                                         .what = "the report is written with what there is",
                                         .facts = {{"proposedSentence", "COMMUNITY_ORDER"}}});
    json = play_ask(play, COURT, EXIT_DONE, (const char *[]){"open", id, NULL});
    (void)play_check(play,
                     strcmp(check_state(json, CHILD_CHECK ".request"), "ASKED_NO_REPLY") == 0
                         && strcmp(check_state(json, CONVICTIONS ".request"), "REPLIED") == 0,
                     "the court reads what is missing: the children's check, asked, no reply");
    json_decref(json);
    json = play_ask(play, COURT, EXIT_DONE,
                    (const char *[]){"track", story->report_request, "--until", "answered", NULL});
    (void)play_check(play,
                     play_has_rung(json, "answered", PROBATION)
                         && json_is_false(json_object_get(json, "late")),
                     "%s knows: its request is answered in time, signed by %s", COURT, PROBATION);
    json_decref(json);
    json =
        play_ask(play, PROBATION, EXIT_DONE, (const char *[]){"track", story->child_check, NULL});
    (void)play_check(play, json_is_true(json_object_get(json, "overdue")),
                     "the question stays open, and is marked overdue");
    json_decref(json);
}

void story_sentence(struct story *story)
{
    char id[CONCORDAT_ID_TEXT];

    play_chapter(&story->play,
                 "Sentence: a community order with treatment and rehabilitation activity");
    import_hearing(story, "hearing-sentenced.json", "court.sentence.result", id);
    tell_message(
        &story->play,
        &(struct telling){.sender = COURT,
                          .id = id,
                          .rung = "acknowledged",
                          .what = "community order: activity 25 days, drug treatment 6 months",
                          .facts = {{"sentence.kind", "COMMUNITY_ORDER"},
                                    {"sentence.requirements.0.kind", "RAR"},
                                    {"sentence.requirements.0.length.count", "25"},
                                    {"sentence.requirements.1.kind", "DRR"},
                                    {"sentence.requirements.1.length.count", "6"}}});
}

/* How many messages the case's conversations have, and how many conversations. */
static size_t count_messages(const json_t *shown, size_t *conversations)
{
    const json_t *conversation, *list = json_object_get(shown, "conversations");
    size_t count = 0, i;

    *conversations = json_array_size(list);
    json_array_foreach(list, i, conversation) count +=
        json_array_size(json_object_get(conversation, "messages"));
    return count;
}

void story_late_answer(struct story *story)
{
    struct play *play = &story->play;
    struct reason why = {""};
    char id[CONCORDAT_ID_TEXT];
    size_t conversations = 0, messages;
    json_t *json;

    play_chapter(play, "After sentence, children's social care comes back to its desk");
    if (!play->failed && system_start(&story->children, story->wait_ms, &why) != ST_OK)
        play_fail(play, why.text);
    json = story_await(story, &story->probation, "received", CHILD_CHECK ".response");
    (void)play_check(play,
                     json_is_true(json_object_get(json, "late"))
                         && strcmp(play_text(json, "case"), story->case_handle) == 0,
                     "late, and not lost: it is with the case it was asked for");
    (void)snprintf(id, sizeof id, "%s", play_text(json, "id"));
    json_decref(json);
    tell_message(play, &(struct telling){.sender = CHILDREN,
                                         .id = id,
                                         .rung = "opened",
                                         .what = "known: an enquiry under section 47 is open",
                                         .facts = {{"outcome", "KNOWN_CURRENT"},
                                                   {"children.0.status", "S47_ENQUIRY"}}});
    json = play_ask(play, PROBATION, EXIT_DONE,
                    (const char *[]){"track", story->child_check, "--until", "answered", NULL});
    (void)play_check(play,
                     play_has_rung(json, "answered", CHILDREN)
                         && json_is_true(json_object_get(json, "late")),
                     "the question is answered, and marked late");
    json_decref(json);
    json = play_command(play, PROBATION, EXIT_DONE,
                        (const char *[]){"case", "show", story->case_handle, NULL});
    messages = count_messages(json, &conversations);
    (void)play_check(play, conversations == 11 && messages == 17,
                     "the case has its conversations together: %zu, with %zu messages",
                     conversations, messages);
    json_decref(json);
}
