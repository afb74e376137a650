/* The end: is anything of the case on the broker's disk? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/body.h"
#include "agents/cli/arguments.h"
#include "agents/cli/place.h"
#include "agents/cli/search.h"
#include "agents/cli/story.h"
#include "lib/clock.h"

/* Names, numbers, births, addresses, offences and words of the case. A birth stands in a body as a
 * varint behind its tag. The first ones are in the request that is planted. */
static const struct bytes secrets[] = {
#define SECRET(text)                                                                               \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
    SECRET("Example"), /* the surname of all whom the case is about */
    SECRET("2018/0123456P"),
    SECRET("X000001"),
    SECRET("\x08\x8c\x9e\xbf\x09"), /* 1991-04-12 */
    SECRET("Sample Street"),
    SECRET("TH68010"),
#define PLANTED 6
    SECRET("0123456P"),
    SECRET("1999/7654321V"),
    SECRET("7654321V"),
    SECRET("X000003"),
    SECRET("19910412"),
    SECRET("1991-04-12"),
    SECRET("\x08\xe7\x94\xd2\x09"), /* 2022-05-19 */
    SECRET("\x08\xb0\x96\xb9\x09"), /* 1981-11-20 */
    SECRET("heroin"),
    SECRET("asleep in the next room"),
    SECRET("seen every ten days"),
    SECRET("Any intelligence on associates"),
#undef SECRET
};

/* A whole body beside the broker's own files, as it is in an agent: serialised. */
static bool plant(struct story *story, const char *path)
{
    const struct message_type *type = catalogue_find("psr.request");
    char from[PATH_MAX];
    struct problems problems = {0};
    struct bytes body;
    OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
    json_t *json = path_print(from, "%s/psr.request.json", story->play.examples)
                     ? json_load_file(from, 0, NULL)
                     : NULL;
    char *text = json ? json_dumps(json, 0) : NULL;
    FILE *file = NULL;
    bool planted =
        text && arena
        && body_from_json(type, text, strlen(text), clock_wall_ms(), arena, &body, &problems)
               == ST_OK
        && (file = fopen(path, "we")) && fwrite(body.data, 1, body.size, file) == body.size;

    if (file && fclose(file) != 0)
        planted = false;
    free(text);
    json_decref(json);
    return planted;
}

void story_search_disk(struct story *story)
{
    const uint32_t planted_words = (UINT32_C(1) << PLANTED) - 1;
    struct play *play = &story->play;
    char folder[PATH_MAX], planted[PATH_MAX];
    struct search with = {0}, without = {0};
    struct reason why = {""};

    play_chapter(play, "Is anything of the case on the broker's disk?");
    if (play->failed)
        return;
    if (!path_print(folder, "%s/broker", play->community.folder)
        || !path_print(planted, "%s/planted", folder) || !plant(story, planted)
        || search_folder(folder, secrets, LENGTH_OF(secrets), &with, &why) != ST_OK
        || remove(planted) != 0
        || search_folder(folder, secrets, LENGTH_OF(secrets), &without, &why) != ST_OK) {
        play_fail(play, *why.text ? why.text : "the broker's folder cannot be searched");
        return;
    }
    (void)play_check(play, (with.found & planted_words) == planted_words,
                     "a planted request is found: by name, numbers, birth, address and offence");
    (void)play_check(play, without.found == 0 && without.files == with.files - 1,
                     "without it none of %zu names, numbers, births, addresses, offences and words",
                     LENGTH_OF(secrets));
}
