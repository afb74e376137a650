/* Which chapters there are, and what each begins and ends with. */
#include "agents/cli/chapters.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/cli/arguments.h"
#include "agents/cli/demo_clock.h"
#include "agents/cli/place.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "lib/clock.h"
#include "lib/day.h"

#define SPAN_DAYS 120 /* at most between a chapter's begin and its end */

static const struct chapter *const chapters[] = {&safeguarding_chapter, &transfer_chapter,
                                                 &recall_chapter};

static const struct chapter *find(const char *name)
{
    for (size_t i = 0; i < LENGTH_OF(chapters); i++)
        if (strcmp(chapters[i]->name, name) == 0)
            return chapters[i];
    complain("no chapter '%s'; there are:", name);
    for (size_t i = 0; i < LENGTH_OF(chapters); i++)
        (void)fprintf(stderr, "  %-13s %s\n", chapters[i]->name, chapters[i]->summary);
    return NULL;
}

static int remove_entry(const char *path, const struct stat *, int, struct FTW *)
{
    return remove(path);
}

/* ---- before: the folder, its clock, and the program that goes by it ---- */

static bool set_number(const char *name, int64_t number)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    return setenv(name, text, 1) == 0;
}

/* Certificates begin before the story, and revocation lists outlast it, whenever that is. */
static bool set_times(int64_t begins_ms)
{
    int64_t behind_ms = clock_wall_ms() - begins_ms;
    int64_t skew_ms = DAY_MS + (behind_ms > 0 ? behind_ms : 0);
    int64_t ahead_ms = SPAN_DAYS * (int64_t)DAY_MS - (behind_ms < 0 ? behind_ms : 0);

    return set_number("CONCORDAT_SKEW", skew_ms / 1000)
        && set_number("CONCORDAT_CRL_DAYS", ahead_ms / DAY_MS);
}

static enum exit_code begin(const struct chapter *chapter, bool is_quick)
{
    const char *parent = getenv("TMPDIR");
    char folder[PATH_MAX], program[PATH_MAX], name[32];
    int64_t begins_ms;

    if (!place_file("libexec/concordat-demo/concordat", program)) {
        complain("cannot find libexec/concordat-demo beside this program");
        return EXIT_FAILED;
    }
    (void)snprintf(name, sizeof name, "%s", chapter->name);
    char *words[] = {program, "demo", "--chapter", name, is_quick ? "--quick" : NULL, NULL};
    if (!when_parse(chapter->begins, &begins_ms)
        || !path_print(folder, "%s/concordat-demo-XXXXXX", parent && *parent ? parent : "/tmp")
        || !mkdtemp(folder) || !demo_clock_make(folder, begins_ms) || !set_times(begins_ms)) {
        complain("cannot make a folder for the demo: %s", strerror(errno));
        return EXIT_FAILED;
    }
    (void)execv(program, words);
    complain("cannot run %s: %s", program, strerror(errno));
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return EXIT_FAILED;
}

/* ---- the sandbox ---- */

static bool write_cast(const struct chapter *chapter, const char *path)
{
    FILE *file = fopen(path, "we");

    for (size_t i = 0; file && i < chapter->count; i++)
        (void)fprintf(file, "%s %s\n", chapter->cast[i].agency, chapter->cast[i].kind);
    return file && fclose(file) == 0;
}

/* The chapter's agreements alone, by links: what is not in them is refused. */
static bool link_agreements(const struct chapter *chapter, const char *folder)
{
    char from[PATH_MAX], to[PATH_MAX], examples[PATH_MAX];

    if (!place_file("share/concordat/agreements", examples) || mkdir(folder, 0700) != 0)
        return false;
    for (size_t i = 0; chapter->agreements[i]; i++)
        if (!path_print(from, "%s/%s", examples, chapter->agreements[i])
            || !path_print(to, "%s/%s", folder, chapter->agreements[i]) || symlink(from, to) != 0)
            return false;
    return true;
}

static enum status make(struct tale *tale, const struct chapter *chapter, struct reason *why)
{
    char cast[PATH_MAX], laws[PATH_MAX], town[PATH_MAX];

    if (!path_print(cast, "%s/cast", tale->folder) || !path_print(laws, "%s/laws", tale->folder)
        || !path_print(town, "%s/town", tale->folder) || !write_cast(chapter, cast)
        || !link_agreements(chapter, laws)) {
        reason_set(why, "%s: %s", tale->folder, strerror(errno));
        return ST_IO;
    }
    enum status status = community_open(town, cast, laws, &tale->play.community, why);
    return status == ST_OK ? daemons_init(&tale->play.daemons, &tale->play.community, why) : status;
}

static void tell(struct tale *tale, const struct chapter *chapter)
{
    struct play *play = &tale->play;
    struct reason why = {""};

    if (make(tale, chapter, &why) != ST_OK || daemons_start(&play->daemons, NULL, &why) != ST_OK)
        play_fail(play, why.text);
    play_say(play, "up: one broker and %zu agencies, each with its own agent and keys, on a clock",
             chapter->count);
    play_say(play, "that is moved: it is %.10s, and weeks pass in seconds", chapter->begins);
    if (!play->failed)
        chapter->tell(tale);
    if (daemons_stop(&play->daemons, &why) != ST_OK)
        play_fail(play, why.text);
}

static enum exit_code play_here(const struct cli *cli, const struct chapter *chapter, bool is_quick)
{
    static struct tale tale; /* large, and there is one */
    struct play *play = &tale.play;

    play->cli = cli;
    play->slow = !is_quick && isatty(STDOUT_FILENO);
    (void)snprintf(tale.folder, sizeof tale.folder, "%s", getenv(DEMO_CLOCK));
    *strrchr(tale.folder, '/') = '\0';
    if (!place_self(play->program) || !place_file("share/concordat/examples", play->examples)
        || !path_print(play->errors, "%s/commands.log", tale.folder)) {
        complain("cannot find share/concordat/examples beside this program");
        return EXIT_FAILED;
    }
    printf("Concordat: %s, in %s\n", chapter->summary, tale.folder);
    tell(&tale, chapter);
    if (play->failed) {
        printf("\nThe demo FAILED after %d checks; %s is left for inspection.\n", play->checks,
               tale.folder);
        return EXIT_FAILED;
    }
    (void)nftw(tale.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    printf("\nAll %d checks held.\n", play->checks);
    return EXIT_DONE;
}

enum exit_code chapter_play(const struct cli *cli, const char *name, bool is_quick)
{
    const struct chapter *chapter = find(name);

    if (!chapter)
        return EXIT_BAD_INPUT;
    return demo_clock_is_ours() && demo_clock_open() ? play_here(cli, chapter, is_quick)
                                                     : begin(chapter, is_quick);
}
