#include "agents/cli/tell.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TELL_NAMES_MAX 512
#define WAIT "30" /* seconds for evidence: it is there in milliseconds, or something is wrong */

static void add_name(char *out, size_t *size, const char *name)
{
    const char *bare = strncmp(name, "DC_", 3) == 0 ? name + 3 : name;
    int n = snprintf(out + *size, TELL_NAMES_MAX - *size, "%s%s", *size > 0 ? ", " : "", bare);

    if (n < 0 || (size_t)n >= TELL_NAMES_MAX - *size)
        return;
    for (char *c = out + *size; *c; c++)
        *c = *c == '_' ? ' ' : (char)tolower((unsigned char)*c);
    *size += (size_t)n;
}

/* "identity, offence index" for {"DC_IDENTITY", "DC_OFFENCE_INDEX"}; "nothing" for none. */
static void print_names(const json_t *categories, char out[static TELL_NAMES_MAX])
{
    size_t size = 0, i;
    const json_t *name;

    (void)strcpy(out, "nothing");
    json_array_foreach(categories, i, name)
        add_name(out, &size, json_string_value(name) ? json_string_value(name) : "?");
}

/* Does the JSON say so at this path? Numbers and truth values as they are written. */
static bool says(const json_t *json, const char *path, const char *expected)
{
    char key[64], number[32];
    const char *text;

    while (json && *path) {
        size_t size = strcspn(path, ".");

        (void)snprintf(key, sizeof key, "%.*s", (int)size, path);
        json = json_is_array(json) ? json_array_get(json, (size_t)strtoul(key, NULL, 10))
                                   : json_object_get(json, key);
        path += size + (path[size] == '.');
    }
    if (!json || !expected)
        return json != NULL;
    (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json));
    text = json_is_string(json)  ? json_string_value(json)
         : json_is_boolean(json) ? (json_is_true(json) ? "true" : "false")
                                 : number;
    return strcmp(text, expected) == 0;
}

/* The message as its recipient has it, with its facts checked. NULL: it has not opened it. */
static json_t *opened_at(struct play *play, const char *recipient, const struct telling *telling,
                         bool *holds)
{
    json_t *opened;

    if (strcmp(telling->rung, "accepted") == 0 || strcmp(telling->rung, "delivered") == 0)
        return NULL;
    opened = play_ask(play, recipient, EXIT_DONE, (const char *[]){"open", telling->id, NULL});
    for (size_t i = 0; i < FACTS_MAX && telling->facts[i].path; i++)
        *holds = *holds
              && says(json_object_get(opened, "body"), telling->facts[i].path,
                      telling->facts[i].expected);
    return opened;
}

void tell_message(struct play *play, const struct telling *telling)
{
    char shared[TELL_NAMES_MAX], rest[TELL_NAMES_MAX];
    json_t *item = play_ask(
        play, telling->sender, EXIT_DONE,
        (const char *[]){"track", telling->id, "--until", telling->rung, "--wait", WAIT, NULL});
    const char *from = play_text(item, "from"), *to = play_text(item, "to");
    bool by_broker = strcmp(telling->rung, "accepted") == 0;
    bool holds = play_has_rung(item, "accepted", "broker")
              && (by_broker || play_has_rung(item, telling->rung, to));
    json_t *opened = item ? opened_at(play, to, telling, &holds) : NULL;

    (void)play_check(play, holds, "%s -> %s  %s: %s", from, to, play_text(item, "type"),
                     telling->what);
    play_say(play, "    decided by %s's agent, and again by the broker: %s v%d clause %s, for %s",
             from, play_text(item, "agreement"),
             (int)json_integer_value(json_object_get(item, "agreementVersion")),
             play_text(item, "clause"), play_text(item, "purpose"));
    print_names(json_object_get(item, "shared"), shared);
    if (opened) {
        print_names(json_object_get(opened, "notShared"), rest);
        play_say(play, "    %s has opened: %s; not shared with it: %s", to, shared, rest);
    } else {
        play_say(play, "    sealed for %s alone: %s", to, shared);
    }
    json_decref(opened);
    json_decref(item);
}

/* Who refused it? The broker, when the agency's agent has its word for it; the agent itself, when
 * it keeps no such message. */
static bool was_decided_by(struct play *play, const json_t *refused,
                           const struct telling_refusal *telling)
{
    const char *id = play_text(refused, "id");
    json_t *item, *track = play_ask(play, telling->agency, EXIT_DONE,
                                    (const char *[]){"track", "--limit", "1000", NULL});
    bool known = false, by_broker = false;
    size_t i;

    json_array_foreach(json_object_get(track, "messages"), i, item)
    {
        if (strcmp(play_text(item, "id"), id) != 0)
            continue;
        known = true;
        by_broker = play_has_rung(item, "refused", "broker");
    }
    json_decref(track);
    return *id && (strcmp(telling->decided_by, "broker") == 0 ? by_broker : !known);
}

void tell_refusal(struct play *play, const json_t *refused, const struct telling_refusal *telling)
{
    char offending[TELL_NAMES_MAX];
    const json_t *categories = json_object_get(json_object_get(refused, "refusal"), "offending");
    bool holds = refused && strcmp(play_text(refused, "outcome"), "refused") == 0
              && strcmp(play_text(refused, "refusal.code"), telling->code) == 0
              && was_decided_by(play, refused, telling);

    (void)play_check(play, holds, "refused, %s: %s", play_text(refused, "refusal.code"),
                     telling->what);
    if (strcmp(telling->decided_by, "broker") == 0)
        play_say(play, "    decided by the broker, against what %s's agent would permit",
                 telling->agency);
    else
        play_say(play, "    decided by %s's own agent: nothing was sealed, nothing has left",
                 telling->agency);
    if (json_array_size(categories) > 0) {
        print_names(categories, offending);
        play_say(play, "    what offends: %s", offending);
    }
    if (*play_text(refused, "refusal.advice"))
        play_say(play, "    %s", play_text(refused, "refusal.advice"));
}
