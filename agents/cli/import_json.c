/* import_json.c - what an import tells, as JSON. See import.h and docs/import.md. */
#include <stdlib.h>

#include "agents/body.h"
#include "agents/cli/import.h"
#include "agents/cli/show.h"

static json_t *json_of_body(const struct court_message *message)
{
    OWNED(arena) arena = arena_new(64 * 1024, BODY_ARENA);
    struct reason why;
    char *text = NULL;
    json_t *json = NULL;

    if (arena && body_to_json(message->type, message->body, arena, &text, &why) == ST_OK)
        json = json_loads(text, 0, NULL);
    free(text);
    return json;
}

static json_t *json_of_parcel(const struct import *import, const struct parcel *parcel)
{
    json_t *json = parcel->answer ? json_of_outcome(parcel->answer, "accepted") : json_object();
    char path[NODE_PATH_MAX];

    node_path(parcel->message->defendant, path);
    (void)json_object_set_new(json, "outcome", json_string(sent_json_name(parcel->sent)));
    (void)json_object_set_new(json, "type", json_string(parcel->message->type->name));
    (void)json_object_set_new(json, "about", json_string(path));
    if (*parcel->to)
        (void)json_object_set_new(json, "to", json_string(parcel->to));
    if (!concordat_id_is_none(&parcel->id))
        (void)json_object_set_new(json, "id", json_of_id(&parcel->id));
    if (!concordat_id_is_none(&parcel->case_handle))
        (void)json_object_set_new(json, "case", json_of_id(&parcel->case_handle));
    if (import->dry_run)
        (void)json_object_set_new(json, "body", json_of_body(parcel->message));
    return json;
}

static json_t *json_of_losses(const struct source *source)
{
    json_t *list = json_array();
    const struct node *leaf;
    size_t at = 0;

    while ((leaf = loss_next(source, &at))) {
        char path[NODE_PATH_MAX];

        node_path(leaf, path);
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s}", "where", path, "text", loss_reason(leaf)));
    }
    return list;
}

static json_t *json_of_warnings(const struct hearing_messages *messages)
{
    json_t *list = json_array();

    for (size_t i = 0; i < messages->warning_count; i++) {
        char path[NODE_PATH_MAX];

        node_path(messages->warnings[i].node, path);
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s}", "where", path, "text", messages->warnings[i].text));
    }
    return list;
}

json_t *json_of_import(const struct import *import, const char *file,
                       const struct hearing_messages *messages, const struct parcel parcels[])
{
    struct tally tally = tally_of(messages->source);
    json_t *list = json_array(), *skipped = json_array();

    for (size_t i = 0; i < messages->count; i++)
        (void)json_array_append_new(list, json_of_parcel(import, &parcels[i]));
    for (size_t i = 0; i < messages->skipped_count; i++) {
        const struct skipped *one = &messages->skipped[i];
        (void)json_array_append_new(skipped,
                                    json_pack("{s:s, s:s, s:b}", "where", one->problem.where,
                                              "text", one->problem.text, "faulty", one->faulty));
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:o}", "file", file, "shape",
                     shape_name(messages->shape), "messages", list, "skipped", skipped, "warnings",
                     json_of_warnings(messages), "values", (json_int_t)tally.leaves, "carried",
                     (json_int_t)tally.carried, "said", (json_int_t)tally.said, "notCarried",
                     json_of_losses(messages->source));
}

json_t *json_of_import_summary(const struct import *import)
{
    json_t *json = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "files", (json_int_t)import->file_number,
        "badFiles", (json_int_t)import->bad_files, "skipped", (json_int_t)import->skipped,
        "warnings", (json_int_t)import->warnings, "values", (json_int_t)import->tally.leaves,
        "carried", (json_int_t)import->tally.carried, "said", (json_int_t)import->tally.said,
        "notCarried", (json_int_t)import->tally.left_out);
    static const char *const names[] = {"notices", "sentenceResults"};

    for (size_t type = 0; type < IMPORT_TYPES; type++) {
        json_t *counts = json_object();

        for (size_t i = 0; i < SENT_KINDS; i++)
            (void)json_object_set_new(counts, sent_json_name((enum sent)i),
                                      json_integer((json_int_t)import->counts[type][i]));
        (void)json_object_set_new(json, names[type], counts);
    }
    return json;
}
