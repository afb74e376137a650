#include "agents/cli/tell.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "proto/catalogue.h"

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

void tell_names(const json_t *categories, char out[static TELL_NAMES_MAX])
{
    size_t size = 0, i;
    const json_t *name;

    (void)strcpy(out, "nothing");
    json_array_foreach(categories, i, name)
        add_name(out, &size, json_string_value(name) ? json_string_value(name) : "?");
}

/* What the type could have carried and this message did not. */
static void print_not_shared(const char *type_name, const json_t *shared,
                             char out[static TELL_NAMES_MAX])
{
    const struct message_type *type = catalogue_find(type_name);
    category_set rest = type ? type->allowed : 0;
    size_t size = 0, i;
    const json_t *name;

    (void)strcpy(out, "nothing");
    json_array_foreach(shared, i, name) rest &=
        ~(UINT32_C(1) << category_parse(json_string_value(name)));
    for (uint32_t c = 1; c < 32; c++)
        if (rest >> c & 1)
            add_name(out, &size, category_name(c));
}

void tell_message(struct play *play, const char *sender, const char *id, const char *rung,
                  const char *what)
{
    char shared[TELL_NAMES_MAX], rest[TELL_NAMES_MAX];
    json_t *item = play_ask(play, sender, EXIT_DONE,
                            (const char *[]){"track", id, "--until", rung, "--wait", WAIT, NULL});
    const char *from = play_text(item, "from"), *to = play_text(item, "to");
    const char *type = play_text(item, "type");

    (void)play_check(play,
                     play_has_rung(item, "accepted", "broker")
                         && (strcmp(rung, "accepted") == 0 || play_has_rung(item, rung, to)),
                     "%s -> %s  %s: %s", from, to, type, what);
    tell_names(json_object_get(item, "shared"), shared);
    print_not_shared(type, json_object_get(item, "shared"), rest);
    play_say(play, "    decided by %s's agent, and again by the broker: %s v%d clause %s, for %s",
             from, play_text(item, "agreement"),
             (int)json_integer_value(json_object_get(item, "agreementVersion")),
             play_text(item, "clause"), play_text(item, "purpose"));
    play_say(play, "    %s can open: %s; not shared with it: %s", to, shared, rest);
    json_decref(item);
}

void tell_refusal(struct play *play, const json_t *refused, const char *code, const char *what)
{
    char offending[TELL_NAMES_MAX];
    const json_t *categories = json_object_get(json_object_get(refused, "refusal"), "offending");

    (void)play_check(play,
                     strcmp(play_text(refused, "outcome"), "refused") == 0
                         && strcmp(play_text(refused, "refusal.code"), code) == 0,
                     "refused, %s: %s", play_text(refused, "refusal.code"), what);
    if (json_array_size(categories) > 0) {
        tell_names(categories, offending);
        play_say(play, "    what offends: %s", offending);
    }
    if (*play_text(refused, "refusal.advice"))
        play_say(play, "    %s", play_text(refused, "refusal.advice"));
}
