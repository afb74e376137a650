/*
 * demo.c - `concordat demo`: the story of one case, played on a throwaway sandbox.
 *
 * Every line with "ok" is a check; the first that does not hold ends the demo with exit code 1 and
 * leaves its folder for inspection. The people are invented, the court's code is real.
 */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/cli/arguments.h"
#include "agents/cli/place.h"
#include "agents/cli/play.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/client.h"
#include "lib/clock.h"

#define COURT "court.b35cz00"
#define PROBATION "nps.cambs"
#define CHILDREN "csc.cambs"
#define POLICE "police.35"
#define BROKER "broker"

#define DAYS_TO_HEARING 3
#define DAY_SECONDS 86400

/* What nobody signed: a text that lets the police ask probation for reports. Only the police's own
 * agent is given it, so that agent permits what no other party knows of. */
static const char forged[] = "agreement: ISA-FORGED\n"
                             "version: 1\n"
                             "title: What the police would like\n"
                             "in-force: 2020-01-01\n"
                             "review: 2030-01-01\n"
                             "expires: 2035-01-01\n"
                             "owner: Nobody\n"
                             "marking:\n"
                             "  floor: OFFICIAL\n"
                             "  ceiling: OFFICIAL_SENSITIVE\n"
                             "retention-days: 365\n"
                             "onward: []\n"
                             "dpia: none\n"
                             "parties:\n"
                             "  - agency: police.35\n"
                             "    kind: POLICE\n"
                             "    contact: A desk\n"
                             "  - agency: nps.cambs\n"
                             "    kind: NPS\n"
                             "    contact: A desk\n"
                             "clauses:\n"
                             "  - id: everything\n"
                             "    type: psr.request\n"
                             "    from: police.35\n"
                             "    to: nps.cambs\n"
                             "    purpose: court_advice\n"
                             "    gateway: SC2020_S30_REQUEST\n"
                             "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n"
                             "    allowed: [DC_CONTACT_ADDRESS, DC_SENTENCE_ORDER, DC_STAFF]\n";

/* Waits for a message at an agency and opens it; its sender's message id is `id`. */
static void receive(struct play *play, const char *agency, const char *from, const char *id)
{
    json_t *inbox, *opened;
    bool found = false;
    const json_t *list;

    inbox = play_command(play, agency, EXIT_DONE, (const char *[]){"inbox", "--wait", "10", NULL});
    list = json_object_get(inbox, "messages");
    for (size_t i = 0; i < json_array_size(list); i++)
        found |= strcmp(play_text(json_array_get(list, i), "id"), id) == 0;
    (void)play_check(play, found, "it has arrived at %s, still sealed to everyone else", agency);
    json_decref(inbox);

    opened = play_command(play, agency, EXIT_DONE, (const char *[]){"open", id, NULL});
    (void)play_check(play, json_is_object(json_object_get(opened, "body")),
                     "opened: the body is readable here; %s sees a signed 'opened'", from);
    json_decref(opened);
}

/* Waits until the sender has the recipient's signed word for it. */
static void await_rung(struct play *play, const char *agency, const char *id, const char *rung,
                       const char *by)
{
    json_t *track =
        play_command(play, agency, EXIT_DONE,
                     (const char *[]){"track", id, "--until", rung, "--wait", "20", NULL});

    (void)play_check(play, play_has_rung(track, rung, by), "%s knows: %s by %s", agency, rung, by);
    json_decref(track);
}

static void ask_for_report(struct play *play, const char *body, char id[static CONCORDAT_ID_TEXT])
{
    char needed_by[WHEN_SIZE];
    json_t *sent;

    when_print(clock_wall_ms() + (int64_t)DAYS_TO_HEARING * DAY_SECONDS * 1000, needed_by);
    sent = play_command(play, COURT, EXIT_DONE,
                        (const char *[]){"send", "psr.request", "--to", PROBATION, "--case", "new",
                                         "--needed-by", needed_by, body, NULL});
    (void)play_check(play, strcmp(play_text(sent, "outcome"), "accepted") == 0,
                     "accepted: the agreement permits it, and it is durable at the broker");
    (void)snprintf(id, CONCORDAT_ID_TEXT, "%s", play_text(sent, "id"));
    json_decref(sent);
}

static void play_report(struct play *play)
{
    char request[PATH_MAX], report[PATH_MAX], id[CONCORDAT_ID_TEXT], reply[CONCORDAT_ID_TEXT];
    json_t *json;

    play_chapter(play, "The court asks probation for a pre-sentence report on K");
    (void)path_print(request, "%s/psr.request.json", play->examples);
    (void)path_print(report, "%s/psr.report.json", play->examples);
    ask_for_report(play, request, id);
    receive(play, PROBATION, COURT, id);
    json_decref(play_command(play, PROBATION, EXIT_DONE, (const char *[]){"ack", id, NULL}));
    await_rung(play, COURT, id, "acknowledged", PROBATION);

    play_chapter(play, "Probation answers with the report");
    json = play_command(play, PROBATION, EXIT_DONE, (const char *[]){"answer", id, report, NULL});
    (void)snprintf(reply, sizeof reply, "%s", play_text(json, "id"));
    json_decref(json);
    receive(play, COURT, PROBATION, reply);
    await_rung(play, COURT, id, "answered", PROBATION);
}

static void play_referral(struct play *play)
{
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];
    json_t *sent;

    play_chapter(play, "Probation refers a child to children's social care, immediate");
    (void)path_print(body, "%s/child-referral.json", play->examples);
    sent = play_command(play, PROBATION, EXIT_DONE,
                        (const char *[]){"send", "safeguarding.referral.child", "--to", CHILDREN,
                                         "--case", "new", body, NULL});
    (void)snprintf(id, sizeof id, "%s", play_text(sent, "id"));
    json_decref(sent);
    receive(play, CHILDREN, PROBATION, id);
    json_decref(play_command(play, CHILDREN, EXIT_DONE, (const char *[]){"ack", id, NULL}));
    await_rung(play, PROBATION, id, "acknowledged", CHILDREN);
}

static void play_refusal(struct play *play)
{
    char body[PATH_MAX];
    json_t *refused;

    play_chapter(play, "The police ask for a report too: no clause permits it");
    (void)path_print(body, "%s/psr.request.json", play->examples);
    refused = play_command(
        play, POLICE, EXIT_REFUSED,
        (const char *[]){"send", "psr.request", "--to", PROBATION, "--case", "new", body, NULL});
    (void)play_check(play, strcmp(play_text(refused, "outcome"), "refused") == 0,
                     "refused by their own agent: %s, agreement %s, clause %s",
                     play_text(refused, "refusal.code"), play_text(refused, "refusal.agreement"),
                     play_text(refused, "refusal.clause"));
    if (*play_text(refused, "refusal.advice"))
        play_say(play, "    %s", play_text(refused, "refusal.advice"));
    json_decref(refused);
}

static void play_outage(struct play *play)
{
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];
    struct reason why = {""};
    json_t *json;

    play_chapter(play, "The broker is killed; the court sends all the same");
    if (play->failed)
        return;
    child_kill(&play->daemons.broker);
    play_say(play, "kill -9: the broker is gone");
    (void)path_print(body, "%s/psr.request.json", play->examples);
    json = play_command(play, COURT, EXIT_QUEUED,
                        (const char *[]){"send", "psr.request", "--to", PROBATION, "--case", "new",
                                         "--wait", "1", body, NULL});
    (void)play_check(play, strcmp(play_text(json, "outcome"), "queued") == 0,
                     "exit code 4: safe in the court's own agent, not yet accepted");
    (void)snprintf(id, sizeof id, "%s", play_text(json, "id"));
    json_decref(json);
    if (play->failed)
        return;
    if (daemons_start_broker(&play->daemons, &why) != ST_OK) {
        play_fail(play, why.text);
        return;
    }
    play_say(play, "the broker is back");
    await_rung(play, COURT, id, "delivered", PROBATION);
    json = play_command(play, PROBATION, EXIT_DONE, (const char *[]){"inbox", NULL});
    (void)play_check(play, json_array_size(json_object_get(json, "messages")) == 1,
                     "it arrived once, and nothing that came before came twice");
    json_decref(json);
}

/* Gives the police's agent its own agreements and starts it again. */
static void forge(struct play *play)
{
    size_t police = daemons_member(&play->daemons, POLICE);
    struct child *agent = &play->daemons.agents[police];
    char folder[PATH_MAX], path[PATH_MAX];
    struct reason why = {""};

    (void)path_print(folder, "%s/forged", agent->folder);
    if (!path_print(path, "%s/forged.yaml", folder) || mkdir(folder, 0700) != 0)
        play_fail(play, "cannot make the forged agreement");
    else if (child_stop(agent, 10000) != ST_OK || community_write(path, forged, &why) != ST_OK
             || community_configure_agent(&play->community, police, daemons_port(&play->daemons),
                                          "forged", &why)
                    != ST_OK
             || daemons_start_agent(&play->daemons, police, &why) != ST_OK
             || daemons_await_agent(&play->daemons, police, &why) != ST_OK)
        play_fail(play, why.text);
}

static void play_forgery(struct play *play)
{
    char body[PATH_MAX], id[CONCORDAT_ID_TEXT];
    json_t *json;

    play_chapter(play, "The police forge an agreement for their own agent");
    if (play->failed)
        return;
    forge(play);
    play_say(play, "their agent now permits what the others never agreed to");
    (void)path_print(body, "%s/psr.request.json", play->examples);
    json = play_command(
        play, POLICE, EXIT_REFUSED,
        (const char *[]){"send", "psr.request", "--to", PROBATION, "--case", "new", body, NULL});
    (void)snprintf(id, sizeof id, "%s", play_text(json, "id"));
    (void)play_check(play, *id && *play_text(json, "refusal.code"),
                     "refused by the broker, which decides for itself: %s",
                     play_text(json, "refusal.code"));
    json_decref(json);
    json = play_command(play, POLICE, EXIT_DONE, (const char *[]){"track", id, NULL});
    (void)play_check(play, play_has_rung(json, "refused", BROKER),
                     "the refusal is recorded, by the broker");
    json_decref(json);
    json = play_command(play, PROBATION, EXIT_DONE, (const char *[]){"inbox", NULL});
    (void)play_check(play, json_array_size(json_object_get(json, "messages")) == 1,
                     "nothing of it reached probation");
    json_decref(json);
}

static int remove_entry(const char *path, const struct stat *, int, struct FTW *)
{
    return remove(path);
}

/* The whole story, in its folder. */
static void tell(struct play *play, const char *folder)
{
    struct reason why = {""};

    if (community_open(folder, NULL, NULL, &play->community, &why) != ST_OK
        || daemons_init(&play->daemons, &play->community, &why) != ST_OK) {
        play_fail(play, why.text);
        return;
    }
    if (daemons_start(&play->daemons, &why) != ST_OK)
        play_fail(play, why.text);
    play_say(play, "up: a court, probation, children's social care, the police; each with its own");
    play_say(play, "agent and keys; one broker, which cannot read what it carries");
    play_report(play);
    play_referral(play);
    play_refusal(play);
    play_outage(play);
    play_forgery(play);
    if (daemons_stop(&play->daemons, &why) != ST_OK)
        play_fail(play, why.text);
}

static bool make_folder(char out[static PATH_MAX])
{
    const char *parent = getenv("TMPDIR");

    return path_print(out, "%s/concordat-demo-XXXXXX", parent && *parent ? parent : "/tmp")
        && mkdtemp(out);
}

static enum exit_code run_demo(struct cli *cli, const struct command *self, int argc, char **argv)
{
    bool quick = false;
    const struct option_spec specs[] = {
        {"quick", OPTION_FLAG, &quick, NULL, "no pauses for reading"},
    };
    static struct play play; /* large, and there is one */
    struct arguments arguments;
    char folder[PATH_MAX];
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    play.cli = cli;
    play.slow = !quick && isatty(STDOUT_FILENO);
    if (!place_self(play.program) || !place_file("share/concordat/examples", play.examples)) {
        complain("cannot find share/concordat/examples beside this program");
        return EXIT_FAILED;
    }
    if (!make_folder(folder) || !path_print(play.errors, "%s/commands.log", folder)) {
        complain("cannot make a folder for the demo: %s", strerror(errno));
        return EXIT_FAILED;
    }
    printf("Concordat: a demo in %s\n", folder);
    tell(&play, folder);
    if (play.failed) {
        printf("\nThe demo FAILED after %d checks; %s is left for inspection.\n", play.checks,
               folder);
        return EXIT_FAILED;
    }
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    printf("\nAll %d checks held.\n", play.checks);
    return EXIT_DONE;
}

const struct command demo_command = {
    .name = "demo",
    .arguments = "",
    .summary = "a story played on a throwaway sandbox, told line by line",
    .about =
        "Two messages go through and are opened, acknowledged and answered; one is refused by the\n"
        "sender's agent, one by the broker; the broker is killed in between. Exit code 0 only if\n"
        "every step was as expected.\n",
    .run = run_demo,
};
