/*
 * prison.c - a prison: tells who supervises, or will, of receptions, returns and releases.
 *
 *     received NAME --case CASE    custody.received
 *     returned NAME --case CASE    recall.returned, after a recall
 *     released NAME --case CASE    release.notice
 *     release.plan, case.first_contact  -> kept with the prisoner's case
 *
 * To whom each goes stands in the file. --data: docs/examples/story/prison.json.
 */
#include <stdio.h>
#include <string.h>

#include "agents/roles/event.h"
#include "agents/roles/service.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

/* To every agency that the file names for this type. Takes `body`. */
static void tell_all(struct turn *turn, const char *type, const char *handle, json_t *body)
{
    json_t *to;
    size_t i;
    char id[CONCORDAT_ID_TEXT];

    json_array_foreach(json_object_get(wire_at(turn->data, "tell"), type), i, to)
        post_parcel(turn->book,
                    &(struct parcel){.type = type,
                                     .to = json_string_value(to),
                                     .case_handle = handle,
                                     .body = wire_made(json_deep_copy(body)),
                                     .event = "sent",
                                     .text = "Who has to know is told."},
                    id);
    json_decref(body);
}

/* What every notice says: who. NULL after telling how the act is used. */
static json_t *notice_of(struct turn *turn, int *argc, char **argv, const char **handle)
{
    const json_t *person;
    struct concordat_id id;
    json_t *body;

    *handle = option_take(argc, argv, "--case");
    person = *argc == 1 ? json_object_get(wire_at(turn->data, "prisoners"), argv[0]) : NULL;
    if (!person || !*handle || !concordat_id_parse(*handle, &id)) {
        (void)fputs("NAME --case CASE: a prisoner of our file, and the case's handle\n", stderr);
        return NULL;
    }
    body = wire_made(json_pack("{s:O}", "subject", person));
    wire_copy(body, "prisonCode", turn->data, "prisonCode");
    return body;
}

static int receive(struct turn *turn, int argc, char **argv)
{
    const char *handle;
    json_t *body = notice_of(turn, &argc, argv, &handle);

    if (!body)
        return 2;
    (void)json_object_set_new(body, "kind", wire_made(json_string("RECEIVED")));
    (void)json_object_set_new(body, "atMs", wire_time(turn->now_ms));
    tell_all(turn, "custody.received", handle, body);
    return 0;
}

static int take_back(struct turn *turn, int argc, char **argv)
{
    const char *handle;
    json_t *body = notice_of(turn, &argc, argv, &handle);

    if (!body)
        return 2;
    (void)json_object_set_new(body, "atMs", wire_time(turn->now_ms));
    tell_all(turn, "recall.returned", handle, body);
    return 0;
}

static int release(struct turn *turn, int argc, char **argv)
{
    const char *handle;
    json_t *body = notice_of(turn, &argc, argv, &handle);

    if (!body)
        return 2;
    (void)json_object_set_new(body, "releaseMs", wire_time(turn->now_ms));
    tell_all(turn, "release.notice", handle, body);
    return 0;
}

static void on_case_word(struct turn *turn, struct letter *letter)
{
    const char *key = *letter->case_handle ? letter->case_handle : letter->conversation;
    json_t *record = store_object(store_object(turn->book, "cases"), key);

    letter_say(letter, "Who supervises says how it goes.");
    (void)json_object_set_new(record, letter->item->type, wire_made(json_deep_copy(letter->body)));
    turn_tell(turn, letter_event(letter, "recorded", "It is with the prisoner's case."));
}

int main(int argc, char **argv)
{
    static const struct reaction reactions[] = {
        {"release.plan", on_case_word},
        {"case.first_contact", on_case_word},
        {0},
    };
    static const struct act acts[] = {
        {"received", "NAME --case CASE", "a prisoner has come in", receive},
        {"returned", "NAME --case CASE", "a prisoner is back after a recall", take_back},
        {"released", "NAME --case CASE", "a prisoner leaves", release},
        {0},
    };
    static const struct service service = {
        .name = "prison",
        .about = "A prison: receptions, returns and releases.",
        .needs_data = true,
        .reactions = reactions,
        .acts = acts,
    };

    return service_main(&service, argc, argv);
}
