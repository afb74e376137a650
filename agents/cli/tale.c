/* What the stories of weeks are told with: the clock, bodies, commands that send something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/base64.h"
#include "agents/cli/chapters.h"
#include "agents/cli/demo_clock.h"
#include "agents/cli/place.h"
#include "agents/cli/when.h"
#include "lib/clock.h"

#define SETTLE_MS 30000 /* until all agents have the broker again: it takes one second */
#define QUIET_MS 5000   /* by then who has not gone was heard in the moment of the jump */
#define NAP_NS 20000000

/* ---- the clock ---- */

/* Has the agent found the broker again since the jump? What was connected before it is not any
 * more: nobody had said anything for days. */
static bool is_back(const struct tale *tale, const char *agency, int64_t jumped_ms)
{
    bool is_quiet = clock_wall_ms() - jumped_ms > QUIET_MS;
    char path[PATH_MAX];
    bool back = false;

    if (!path_print(path, "%s/agents/%s/agent.sock", tale->play.community.folder, agency))
        return false;
    struct concordat *client = concordat_open(path);
    struct concordat_answer *answer = client ? concordat_status(client) : NULL;
    if (answer && answer->status)
        back = answer->status->connected && (answer->status->since_ms >= jumped_ms || is_quiet);
    concordat_answer_free(answer);
    concordat_close(client);
    return back;
}

static void settle(struct tale *tale, int64_t jumped_ms)
{
    struct play *play = &tale->play;
    int64_t end_ms = clock_monotonic_ms() + SETTLE_MS;

    for (size_t i = 0; i < play->community.member_count; i++) {
        const char *agency = play->community.members[i].agency;

        if (play->daemons.agents[i].pid == 0)
            continue; /* the story has killed it */
        while (!is_back(tale, agency, jumped_ms)) {
            if (clock_monotonic_ms() > end_ms) {
                play_fail(play, "an agent does not find the broker again");
                return;
            }
            (void)nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
        }
    }
}

void tale_at(struct tale *tale, const char *moment)
{
    char text[64];
    int64_t ms;
    time_t s;
    struct tm tm;

    if (tale->play.failed)
        return;
    if (!when_parse(moment, &ms) || ms < clock_wall_ms()) {
        play_fail(&tale->play, "the story goes back in time");
        return;
    }
    s = (time_t)(ms / 1000);
    (void)strftime(text, sizeof text, "%A %e %B, %H:%M", gmtime_r(&s, &tm));
    play_say(&tale->play, "-- %s UTC", text);
    demo_clock_to(ms);
    settle(tale, ms);
}

/* ---- bodies ---- */

/* Sets a member, or an array's element, of a value. */
static bool set(json_t *in, const char *key, json_t *value)
{
    return json_is_array(in) ? json_array_set_new(in, (size_t)strtoul(key, NULL, 10), value) == 0
                             : json_object_set_new(in, key, value) == 0;
}

static bool fill(json_t *body, const struct blank *blank)
{
    const char *path = blank->path;
    char key[64], text[BASE64_SIZE(sizeof(struct concordat_id))];
    struct concordat_id id;

    for (const char *dot; body && (dot = strchr(path, '.')); path = dot + 1) {
        (void)snprintf(key, sizeof key, "%.*s", (int)(dot - path), path);
        body = json_is_array(body) ? json_array_get(body, (size_t)strtoul(key, NULL, 10))
                                   : json_object_get(body, key);
    }
    if (!body)
        return false;
    if (!blank->id)
        return set(body, path,
                   blank->text ? json_string(blank->text) : json_integer(blank->number));
    if (!concordat_id_parse(blank->id, &id))
        return false;
    base64_print(id.bytes, sizeof id.bytes, text);
    return set(body, path, json_string(text));
}

void tale_body(struct tale *tale, const char *name, const struct blank blanks[],
               char path[static PATH_MAX])
{
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    char from[PATH_MAX];
    json_t *body = NULL;
    bool fine = false;

    path[0] = '\0';
    if (tale->play.failed)
        return;
    if (path_print(from, "%s/%s", tale->play.examples, name)
        && path_print(path, "%s/%s", tale->folder, base))
        body = json_load_file(from, 0, NULL);
    fine = body != NULL;
    for (size_t i = 0; fine && blanks && blanks[i].path; i++)
        fine = fill(body, &blanks[i]);
    if (!fine || json_dump_file(body, path, 0) != 0)
        play_fail(&tale->play, name);
    json_decref(body);
}

/* ---- messages ---- */

void tale_send(struct tale *tale, const char *agency, const char *const words[],
               char id[static CONCORDAT_ID_TEXT])
{
    json_t *sent = play_command(&tale->play, agency, EXIT_DONE, words);

    (void)snprintf(id, CONCORDAT_ID_TEXT, "%s", play_text(sent, "id"));
    json_decref(sent);
}

void tale_refused(struct tale *tale, const char *const words[],
                  const struct telling_refusal *telling)
{
    json_t *refused = play_command(&tale->play, telling->agency, EXIT_REFUSED, words);

    tell_refusal(&tale->play, refused, telling);
    json_decref(refused);
}

void tale_told(struct tale *tale, const char *agency, const char *id, const char *rung,
               const char *what, const struct fact facts[])
{
    struct telling telling = {.sender = agency, .id = id, .rung = rung, .what = what};

    for (size_t i = 0; facts && i < FACTS_MAX && facts[i].path; i++)
        telling.facts[i] = facts[i];
    tell_message(&tale->play, &telling);
}

void tale_say(struct tale *tale, const char *from, const char *to, const char *type,
              const char *name, const char *what, char *id)
{
    char body[PATH_MAX], sent[CONCORDAT_ID_TEXT];

    tale_body(tale, name, NULL, body);
    tale_send(tale, from,
              (const char *[]){"send", type, "--to", to, "--case", tale->case_handle, body, NULL},
              sent);
    tale_told(tale, from, sent, "delivered", what, NULL);
    if (id)
        memcpy(id, sent, sizeof sent);
}

void tale_refuse(struct tale *tale, const char *to, const char *type, const char *name,
                 const struct telling_refusal *telling)
{
    char body[PATH_MAX];

    tale_body(tale, name, NULL, body);
    tale_refused(
        tale, (const char *[]){"send", type, "--to", to, "--case", tale->case_handle, body, NULL},
        telling);
}

void tale_find(struct tale *tale, const char *agency, const char *type,
               char id[static CONCORDAT_ID_TEXT])
{
    struct play *play = &tale->play;
    json_t *inbox = play_ask(play, agency, EXIT_DONE, (const char *[]){"inbox", "--all", NULL});
    json_t *item;
    size_t i;

    id[0] = '\0';
    json_array_foreach(json_object_get(inbox, "messages"), i, item)
    {
        if (!*id && strcmp(play_text(item, "type"), type) == 0)
            (void)snprintf(id, CONCORDAT_ID_TEXT, "%s", play_text(item, "id"));
    }
    json_decref(inbox);
    if (!*id && !play->failed)
        play_fail(play, type);
}

void tale_set_agent(struct tale *tale, const char *agency, bool is_up)
{
    struct play *play = &tale->play;
    size_t member = daemons_member(&play->daemons, agency);
    struct reason why = {""};

    if (play->failed)
        return;
    if (!is_up)
        child_kill(&play->daemons.agents[member]);
    else if (daemons_start_agent(&play->daemons, member, &why) != ST_OK
             || daemons_await_agent(&play->daemons, member, &why) != ST_OK)
        play_fail(play, why.text);
}
