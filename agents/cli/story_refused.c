/* What is refused, by whom and why; and a broker that dies in between. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/enact.h"
#include "agents/cli/place.h"
#include "agents/cli/show.h"
#include "agents/cli/story.h"
#include "agents/cli/tell.h"
#include "lib/clock.h"

#define HOUR_MS 3600000

/* What nobody else signs: a text that lets the company ask the police for call-outs. */
static const char wanted[] = "agreement: ISA-WANTED\n"
                             "version: 1\n"
                             "title: What the company would like\n"
                             "in-force: 2020-01-01\n"
                             "review: 2030-01-01\n"
                             "expires: 2035-01-01\n"
                             "owner: crc.bench\n"
                             "marking:\n"
                             "  floor: OFFICIAL\n"
                             "  ceiling: OFFICIAL_SENSITIVE\n"
                             "retention-days: 365\n"
                             "onward: []\n"
                             "dpia: none\n"
                             "parties:\n"
                             "  - agency: crc.bench\n"
                             "    kind: CRC\n"
                             "    contact: A desk\n"
                             "  - agency: police.35\n"
                             "    kind: POLICE\n"
                             "    contact: A desk\n"
                             "clauses:\n"
                             "  - id: everything\n"
                             "    type: check.police.callouts.request\n"
                             "    from: crc.bench\n"
                             "    to: police.35\n"
                             "    purpose: supervise_sentence\n"
                             "    gateway: OMA2007_S14\n"
                             "    required: [DC_IDENTITY]\n"
                             "    allowed: [DC_STAFF]\n";

/* `concordat send` that must be refused, and why. */
static void refuse(struct story *story, const char *agency, const char *const words[],
                   const char *code, const char *what)
{
    json_t *refused = play_command(&story->play, agency, EXIT_REFUSED, words);

    tell_refusal(&story->play, refused,
                 &(struct telling_refusal){
                     .agency = agency, .decided_by = agency, .code = code, .what = what});
    json_decref(refused);
}

/* What the police's agent knows to have come from the company, ever. What comes later from the same
 * sender overtakes nothing, so once that is there, what is not there will not come. */
static void check_known(struct story *story, size_t expected, const char *what)
{
    json_t *item, *track = play_ask(&story->play, POLICE, EXIT_DONE,
                                    (const char *[]){"track", "--limit", "1000", NULL});
    size_t known = 0, i;

    json_array_foreach(json_object_get(track, "messages"), i, item) known +=
        strcmp(play_text(item, "from"), CRC) == 0;
    (void)play_check(&story->play, known == expected, "%s", what);
    json_decref(track);
}

/* The company's agent has noted the refusal: what, to whom and why not; of whom it does not say. */
static void check_logged(struct story *story)
{
    static const char line[] = "event=refused_here type=check.police.precons.request to=" POLICE
                               " code=CATEGORY_NOT_COVERED\n";
    size_t member = daemons_member(&story->play.daemons, CRC);
    char path[PATH_MAX], *text = NULL;
    size_t room = 0;
    bool found = false;
    FILE *log;

    if (story->play.failed)
        return;
    log = path_print(path, "%s/log", story->play.daemons.agents[member].folder) ? fopen(path, "re")
                                                                                : NULL;
    while (log && getline(&text, &room, log) > 0)
        found = found || strstr(text, line);
    free(text);
    if (log)
        (void)fclose(log);
    (void)play_check(&story->play, found,
                     "logged there: the type, to whom, and the code; nothing of whom it was about");
}

void story_intelligence_refused(struct story *story)
{
    struct play *play = &story->play;
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];
    int64_t needed_by_ms = clock_wall_ms() + HOUR_MS;
    json_t *sent;

    play_chapter(play, "The company asks the police for more than was agreed");
    story_body(story, "story/check-r.json", needed_by_ms, body);
    refuse(story, CRC,
           (const char *[]){"send", "check.police.callouts.request", "--to", POLICE, "--case",
                            "new", body, NULL},
           "TYPE_NOT_COVERED", "the agreement between them is about convictions only");
    story_body(story, "story/check-r-intelligence.json", needed_by_ms, body);
    refuse(story, CRC,
           (const char *[]){"send", "check.police.precons.request", "--to", POLICE, "--case", "new",
                            body, NULL},
           "CATEGORY_NOT_COVERED",
           "intelligence, and other people, inside a question about convictions");
    check_logged(story);
    story_body(story, "story/check-r.json", needed_by_ms, body);
    sent = play_command(play, CRC, EXIT_DONE,
                        (const char *[]){"send", "check.police.precons.request", "--to", POLICE,
                                         "--case", "new", body, NULL});
    (void)snprintf(id, sizeof id, "%s", play_text(sent, "id"));
    json_decref(sent);
    tell_message(play, &(struct telling){.sender = CRC,
                                         .id = id,
                                         .rung = "opened",
                                         .what = "convictions alone, by identifier",
                                         .facts = {{"why", "RISK_REVIEW"}}});
    sent = play_ask(play, CRC, EXIT_DONE,
                    (const char *[]){"track", id, "--until", "answered", "--wait", "30", NULL});
    (void)play_check(play, play_has_rung(sent, "answered", POLICE), "and answered by %s", POLICE);
    json_decref(sent);
    check_known(story, 1, "the police know of this question alone: not that others were tried");
}

void story_no_gateway_refused(struct story *story)
{
    struct play *play = &story->play;
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];
    json_t *advised;

    play_chapter(play, "Social care's record, to a provider that is party to nothing");
    (void)path_print(body, "%s/story/record-part.json", play->examples);
    refuse(
        story, CHILDREN,
        (const char *[]){"send", "case.record.part", "--to", WORKLINK, "--case", "new", body, NULL},
        "NO_AGREEMENT", "there is none between these two");
    (void)path_print(body, "%s/child-referral.json", play->examples);
    refuse(story, CHILDREN,
           (const char *[]){"send", "safeguarding.referral.child", "--to", WORKLINK, "--agreement",
                            "ISA-SAFE", "--case", "new", body, NULL},
           "PARTY_NOT_SIGNATORY", "naming an agreement makes nobody party to it");
    story_check_quiet(story, WORKLINK, "nothing of it lies at the provider");
    advised = story_act(story, &story->children, CHILDREN,
                        (const char *[]){"advise", story->case_handle, NULL});
    (void)snprintf(id, sizeof id, "%s", play_text(advised, "id"));
    json_decref(advised);
    tell_message(play, &(struct telling){.sender = CHILDREN,
                                         .id = id,
                                         .rung = "opened",
                                         .what = "what staff must know, to who supervises",
                                         .facts = {{"safeWorkingAdvice.text", NULL}}});
}

void story_broker_dies(struct story *story)
{
    struct play *play = &story->play;
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];
    struct reason why = {""};
    json_t *json;

    play_chapter(play, "The broker is killed; the company asks all the same");
    if (play->failed)
        return;
    child_kill(&play->daemons.broker);
    play_say(play, "kill -9: the broker is gone");
    story_body(story, "story/check-r.json", clock_wall_ms() + HOUR_MS, body);
    json = play_command(play, CRC, EXIT_QUEUED,
                        (const char *[]){"send", "check.police.precons.request", "--to", POLICE,
                                         "--case", "new", "--wait", "1", body, NULL});
    (void)play_check(play, strcmp(play_text(json, "outcome"), "queued") == 0,
                     "exit code 4: safe in its own agent, not yet accepted");
    (void)snprintf(id, sizeof id, "%s", play_text(json, "id"));
    json_decref(json);
    if (play->failed)
        return;
    if (daemons_start_broker(&play->daemons, &why) != ST_OK) {
        play_fail(play, why.text);
        return;
    }
    play_say(play, "the broker is back");
    tell_message(play, &(struct telling){.sender = CRC,
                                         .id = id,
                                         .rung = "answered",
                                         .what = "it went when the broker was back",
                                         .facts = {{"why", "RISK_REVIEW"}}});
}

/* The company proposes its text, with its own signature alone. */
static void propose(struct play *play)
{
    OWNED(agreement) draft = NULL;
    OWNED(enactment) enactment = NULL;
    OWNED_AGENT agent = NULL;
    char pki[PATH_MAX], socket[PATH_MAX];
    struct reason why = {"memory is out"};

    if (path_print(pki, "%s/pki", play->community.folder)
        && path_print(socket, "%s/agents/%s/agent.sock", play->community.folder, CRC))
        agent = concordat_open(socket);
    if (!agent || agreement_parse("wanted.yaml", wanted, sizeof wanted - 1, &draft, &why) != ST_OK
        || enactment_sign(pki, draft, NULL, clock_wall_ms(), &enactment, &why) != ST_OK
        || enactment_publish(enactment, 1, agent, &why) != ST_OK)
        play_fail(play, why.text);
}

/* As the agency's agent has it. */
static void check_proposed(struct story *story, const char *agency)
{
    json_t *row, *list = play_ask(&story->play, agency, EXIT_DONE,
                                  (const char *[]){"agreement", "list", NULL});
    bool found = false;
    size_t i;

    json_array_foreach(json_object_get(list, "agreements"), i, row) found |=
        strcmp(play_text(row, "id"), "ISA-WANTED") == 0
        && strcmp(play_text(row, "state"), "proposed") == 0;
    (void)play_check(&story->play, found, "%s knows it as proposed, not as in force", agency);
    json_decref(list);
}

void story_unsigned_agreement(struct story *story)
{
    struct play *play = &story->play;
    char body[PATH_MAX];

    play_chapter(play, "The company signs an agreement that the police have not signed");
    if (play->failed)
        return;
    propose(play);
    play_say(play, "published to all: its owner's signature is there, the police's is not");
    check_proposed(story, CRC);
    check_proposed(story, POLICE);
    story_body(story, "story/check-r.json", clock_wall_ms() + HOUR_MS, body);
    refuse(story, CRC,
           (const char *[]){"send", "check.police.callouts.request", "--to", POLICE, "--agreement",
                            "ISA-WANTED", "--case", "new", body, NULL},
           "NO_AGREEMENT", "its own agent counts only what every party has signed");
    check_known(story, 2, "nothing of it reached the police");
}
