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
#include "agents/cli/chapters.h"
#include "agents/cli/place.h"
#include "agents/cli/show.h"
#include "agents/cli/story.h"

#define QUICK_CLOCK_MS 6000 /* from ordering the report until it is needed */
#define FULL_CLOCK_MS 20000
#define PATIENCE 4 /* a system is waited for so many times that long: it takes milliseconds */
#define LEAST_WAIT_MS 8000

/* ---- what chapters share ---- */

json_t *story_await(struct story *story, struct system *system, const char *event, const char *type)
{
    char text[PATH_MAX];
    json_t *found;

    if (story->play.failed)
        return NULL;
    found = system_await(system, event, type, story->wait_ms + story->clock_ms);
    if (!found) {
        (void)snprintf(text, sizeof text, "%s never said '%s' of %s; see systems/%s/log",
                       system->child.name, event, type ? type : "anything", system->name);
        play_fail(&story->play, text);
    }
    return found;
}

void story_await_id(struct story *story, struct system *system, const char *event, const char *type,
                    char id[static CONCORDAT_ID_TEXT])
{
    json_t *found = story_await(story, system, event, type);

    (void)snprintf(id, CONCORDAT_ID_TEXT, "%s", play_text(found, "id"));
    json_decref(found);
}

json_t *story_act(struct story *story, struct system *system, const char *agency,
                  const char *const words[])
{
    struct play *play = &story->play;
    json_t *event;

    if (play->failed)
        return NULL;
    play_show(play, agency, strrchr(system->program, '/') + 1, words);
    event = system_act(system, play->errors, words);
    if (!event)
        play_fail(play, "the system's act failed; see commands.log");
    return event;
}

void story_body(struct story *story, const char *name, int64_t needed_by_ms,
                char path[static PATH_MAX])
{
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    char from[PATH_MAX];
    json_t *body = NULL;

    if (path_print(from, "%s/%s", story->play.examples, name)
        && path_print(path, "%s/%s", story->play.community.folder, base))
        body = json_load_file(from, 0, NULL);
    if (!body
        || json_object_set_new(body, "neededByMs", json_integer((json_int_t)needed_by_ms)) != 0
        || json_dump_file(body, path, 0) != 0)
        play_fail(&story->play, "an example's body cannot be read or written");
    json_decref(body);
}

void story_check_quiet(struct story *story, const char *agency, const char *what)
{
    json_t *inbox =
        play_command(&story->play, agency, EXIT_DONE, (const char *[]){"inbox", "--all", NULL});

    (void)play_check(&story->play, json_array_size(json_object_get(inbox, "messages")) == 0, "%s",
                     what);
    json_decref(inbox);
}

/* ---- the cast ---- */

/* Each agency's own system, ready to start. */
static enum status cast(struct story *story, struct reason *why)
{
    struct {
        struct system *system;
        struct system_part part;
    } roles[] = {
        {&story->court, {"court", "court", NULL, COURT, "court.json"}},
        {&story->probation, {"nps", "nps", NULL, PROBATION, "nps.json"}},
        {&story->crc, {"crc", "crc", NULL, CRC, NULL}},
        {&story->police, {"police", "police", NULL, POLICE, "police.json"}},
        {&story->children, {"children", "social_care", "--children", CHILDREN, "children.json"}},
        {&story->adults, {"adults", "social_care", "--adults", ADULTS, "adults.json"}},
    };
    enum status status = ST_OK;
    char data[PATH_MAX];

    for (size_t i = 0; status == ST_OK && i < LENGTH_OF(roles); i++) {
        struct system_part part = roles[i].part;

        if (part.data && path_print(data, "%s/story/%s", story->play.examples, part.data))
            part.data = data;
        status = system_init(roles[i].system, &part, &story->play.community, why);
    }
    return status;
}

/* All but children's social care, whose desk is empty until after sentence. */
static enum status start_systems(struct story *story, struct reason *why)
{
    struct system *systems[] = {&story->court, &story->probation, &story->crc, &story->police,
                                &story->adults};
    enum status status = ST_OK;

    for (size_t i = 0; status == ST_OK && i < LENGTH_OF(systems); i++)
        status = system_start(systems[i], story->wait_ms, why);
    return status;
}

static void stop_systems(struct story *story)
{
    struct system *systems[] = {&story->court,  &story->probation, &story->crc,
                                &story->police, &story->children,  &story->adults};

    for (size_t i = 0; i < LENGTH_OF(systems); i++)
        system_fini(systems[i]);
}

static int remove_entry(const char *path, const struct stat *, int, struct FTW *)
{
    return remove(path);
}

static void tell_story(struct story *story)
{
    story_list_case(story);
    story_order_report(story);
    story_ask_others(story);
    story_report_on_time(story);
    story_sentence(story);
    story_allocate(story);
    story_late_answer(story);
    story_refer_child(story);
    story_intelligence_refused(story);
    story_no_gateway_refused(story);
    story_broker_dies(story);
    story_unsigned_agreement(story);
}

/* The whole story, in its folder. */
static void tell(struct story *story, const char *folder)
{
    struct play *play = &story->play;
    struct reason why = {""};

    if (community_open(folder, NULL, NULL, &play->community, &why) != ST_OK
        || daemons_init(&play->daemons, &play->community, &why) != ST_OK
        || cast(story, &why) != ST_OK) {
        play_fail(play, why.text);
        return;
    }
    if (daemons_start(&play->daemons, NULL, &why) != ST_OK || start_systems(story, &why) != ST_OK)
        play_fail(play, why.text);
    play_say(play, "up: a court, probation, a rehabilitation company, the police, social care for");
    play_say(play, "children and for adults, treatment, a provider; each with its own agent");
    play_say(play, "and keys; one broker, which cannot read what it carries");
    tell_story(story);
    stop_systems(story);
    if (daemons_stop(&play->daemons, &why) != ST_OK)
        play_fail(play, why.text);
    story_search_disk(story);
}

static bool make_folder(char out[static PATH_MAX])
{
    const char *parent = getenv("TMPDIR");

    return path_print(out, "%s/concordat-demo-XXXXXX", parent && *parent ? parent : "/tmp")
        && mkdtemp(out);
}

static enum exit_code run_demo(struct cli *cli, const struct command *self, int argc, char **argv)
{
    static struct story story; /* large, and there is one */
    const char *chapter = NULL;
    bool quick = false;
    const struct option_spec specs[] = {
        {"chapter", OPTION_TEXT, &chapter, "NAME",
         "another story: safeguarding, transfer, recall; of weeks, on a clock that is moved"},
        {"quick", OPTION_FLAG, &quick, NULL, "no pauses for reading"},
        {"clock", OPTION_SECONDS, &story.clock_ms, "S",
         "from ordering the report until it is needed; default 20, quick 6"},
    };
    struct arguments arguments;
    char folder[PATH_MAX];
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (cli->json || (chapter && story.clock_ms)) {
        complain(cli->json ? "a demo is told in words: no --json"
                           : "--clock is of the first story; a chapter's clock is moved");
        return EXIT_BAD_INPUT;
    }
    if (chapter)
        return chapter_play(cli, chapter, quick);
    story.play.cli = cli;
    story.play.slow = !quick && isatty(STDOUT_FILENO);
    if (story.clock_ms == 0)
        story.clock_ms = quick ? QUICK_CLOCK_MS : FULL_CLOCK_MS;
    story.wait_ms = PATIENCE * (int64_t)story.clock_ms;
    if (story.wait_ms < LEAST_WAIT_MS)
        story.wait_ms = LEAST_WAIT_MS;
    if (!place_self(story.play.program)
        || !place_file("share/concordat/examples", story.play.examples)) {
        complain("cannot find share/concordat/examples beside this program");
        return EXIT_FAILED;
    }
    if (!make_folder(folder) || !path_print(story.play.errors, "%s/commands.log", folder)) {
        complain("cannot make a folder for the demo: %s", strerror(errno));
        return EXIT_FAILED;
    }
    printf("Concordat: a demo in %s\n", folder);
    tell(&story, folder);
    if (story.play.failed) {
        printf("\nThe demo FAILED after %d checks; %s is left for inspection.\n", story.play.checks,
               folder);
        return EXIT_FAILED;
    }
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    printf("\nAll %d checks held.\n", story.play.checks);
    return EXIT_DONE;
}

const struct command demo_command = {
    .name = "demo",
    .arguments = "",
    .summary = "the story of one case, told line by line on a throwaway sandbox",
    .about =
        "From the court's own hearing message to police, social care, treatment and probation: a\n"
        "report with one late answer, a child referred while an agent is down, the allocation, "
        "and\n"
        "what is refused. Each line says who sent what to whom, decided under which clause, what\n"
        "its recipient could open and what was not shared with it. Ends with a search of the\n"
        "broker's disk. Exit code 0 only if every step was as expected.\n",
    .run = run_demo,
};
