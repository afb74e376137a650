#include "agents/cli/headers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/command.h"
#include "agents/cli/files.h"
#include "agents/cli/policy.h"
#include "agents/cli/show.h"
#include "agents/cli/tracked.h"
#include "agents/cli/when.h"
#include "proto/refusal.h"

void headers_free(struct headers *headers)
{
    if (!headers)
        return;
    free(headers->items);
    free(headers);
}

static bool add(struct headers *headers, const struct past *past)
{
    if (headers->count == headers->room) {
        size_t room = headers->room ? 2 * headers->room : 256;
        struct past *grown = reallocarray(headers->items, room, sizeof *grown);

        if (!grown)
            return false;
        headers->items = grown;
        headers->room = room;
    }
    headers->items[headers->count++] = *past;
    return true;
}

/* --- one object --- */

static bool take_text(const json_t *object, const char *key, bool required, char *out, size_t room,
                      struct reason *why)
{
    const json_t *value = json_object_get(object, key);

    out[0] = '\0';
    if (!value && !required)
        return true;
    if (!json_is_string(value) || json_string_length(value) == 0
        || json_string_length(value) >= room) {
        reason_set(why, "`%s' is not a text of 1 to %zu bytes", key, room - 1);
        return false;
    }
    (void)snprintf(out, room, "%s", json_string_value(value));
    return true;
}

static bool take_categories(const json_t *object, category_set *out, struct reason *why)
{
    const json_t *list = json_object_get(object, "categories");
    size_t count = json_array_size(list);

    *out = 0;
    if (!json_is_array(list)) {
        reason_set(why, "`categories' is not a list");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        uint32_t category = name ? category_parse(name) : 0;

        if (!category) {
            reason_set(why, "`categories[%zu]' is no category", i);
            return false;
        }
        *out |= 1u << category;
    }
    return true;
}

static int code_of_name(const char *name)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(&concordat__refusal_code__descriptor, name);

    return value ? value->value : 0;
}

static bool take_outcome(const json_t *object, int *out, struct reason *why)
{
    char outcome[16], code[48];

    if (!take_text(object, "outcome", true, outcome, sizeof outcome, why))
        return false;
    *out = 0;
    if (strcmp(outcome, "permitted") == 0) {
        if (!json_object_get(object, "code"))
            return true;
        reason_set(why, "`code' stands in a header that was permitted");
        return false;
    }
    if (strcmp(outcome, "refused") != 0) {
        reason_set(why, "`outcome' is neither permitted nor refused");
        return false;
    }
    if (!take_text(object, "code", true, code, sizeof code, why))
        return false;
    if ((*out = code_of_name(code)) == 0)
        reason_set(why, "`code' is no refusal code");
    return *out != 0;
}

static bool take_rest(const json_t *object, struct past *past, struct reason *why)
{
    const json_t *reply = json_object_get(object, "inReply");
    const json_t *days = json_object_get(object, "retentionDays");
    char marking[24], at[WHEN_SIZE], capacity[32];

    if (!take_text(object, "marking", false, marking, sizeof marking, why)
        || !take_text(object, "capacity", false, capacity, sizeof capacity, why)
        || !take_text(object, "at", true, at, sizeof at, why))
        return false;
    past->marking = marking[0] ? marking_of(marking) : 0;
    past->capacity = capacity[0] ? capacity_of(capacity) : 0;
    past->in_reply = json_is_true(reply);
    past->retention_days = (uint32_t)json_integer_value(days);
    if (marking[0] && !past->marking)
        reason_set(why, "`marking' is neither OFFICIAL nor OFFICIAL-SENSITIVE");
    else if (capacity[0] && !past->capacity)
        reason_set(why, "`capacity' is none of a subject");
    else if (!when_parse(at, &past->at_ms))
        reason_set(why, "`at' is no time");
    else if (reply && !json_is_boolean(reply))
        reason_set(why, "`inReply' is neither true nor false");
    else if (days
             && (!json_is_integer(days) || json_integer_value(days) < 0
                 || json_integer_value(days) > RETENTION_DAYS_MAX))
        reason_set(why, "`retentionDays' is not a number of days");
    else
        return true;
    return false;
}

static bool keys_are_known(const json_t *object, struct reason *why)
{
    static const char *const known[] = {
        "message",       "capacity",        "from",    "to",      "type",
        "purpose",       "gateway",         "marking", "inReply", "at",
        "retentionDays", "outcome",         "code",    "clause",  "agreement",
        "categories",    "agreementVersion"};
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        bool is_known = false;

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known |= strcmp(key, known[i]) == 0;
        if (!is_known) {
            reason_set(why, "unknown key `%s'", key);
            return false;
        }
    }
    return true;
}

static bool past_of(const json_t *object, struct past *out, struct reason *why)
{
    *out = (struct past){0};
    if (!json_is_object(object)) {
        reason_set(why, "not an object");
        return false;
    }
    return keys_are_known(object, why)
        && take_text(object, "from", true, out->from, sizeof out->from, why)
        && take_text(object, "to", true, out->to, sizeof out->to, why)
        && take_text(object, "type", true, out->type, sizeof out->type, why)
        && take_text(object, "purpose", false, out->purpose, sizeof out->purpose, why)
        && take_text(object, "gateway", false, out->gateway, sizeof out->gateway, why)
        && take_categories(object, &out->categories, why) && take_outcome(object, &out->code, why)
        && take_rest(object, out, why);
}

/* --- lines --- */

static enum status add_line(struct headers *headers, const char *line, size_t size,
                            struct reason *why)
{
    struct past past;
    json_error_t error;
    json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
    bool is_sound = object && past_of(object, &past, why);

    if (!object)
        reason_set(why, "no JSON: %s", error.text);
    json_decref(object);
    if (!is_sound)
        return ST_INVALID;
    return add(headers, &past) ? ST_OK : ST_NOMEM;
}

enum status headers_parse(const char *name, const char *text, size_t size, struct headers **out,
                          struct reason *why)
{
    OWNED(headers) headers = calloc(1, sizeof *headers);
    size_t at = 0;

    if (!headers)
        return ST_NOMEM;
    for (size_t number = 1; at < size; number++) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        struct reason inside = {""};
        enum status st = ST_OK;

        if (headers->count == HEADERS_MAX) {
            reason_set(why, "%s:%zu: more than %d headers", name, number, HEADERS_MAX);
            return ST_LIMIT;
        }
        if (length > 0)
            st = add_line(headers, text + at, length, &inside);
        if (st != ST_OK) {
            reason_set(why, "%s:%zu: %.300s", name, number, inside.text);
            return st;
        }
        at += length + (end != NULL);
    }
    *out = GIVE(headers);
    return ST_OK;
}

struct headers *headers_read(const char *path)
{
    struct headers *headers = NULL;
    struct reason reason = {"memory is out"};
    char why[256] = "memory is out", *text;
    size_t size;

    if (!(text = file_read(path, HEADERS_FILE_MAX, &size, why))) {
        complain("cannot read %s: %s", path, why);
        return NULL;
    }
    if (headers_parse(path, text, size, &headers, &reason) != ST_OK)
        complain("%s", reason.text);
    free(text);
    return headers;
}

/* --- what an agent tracks --- */

/* The last of this name: a refusal under the version in force follows the one as stale. */
static const struct concordat_rung *rung_of(const struct concordat_item *item, const char *name)
{
    for (size_t i = item->rung_count; i > 0; i--)
        if (strcmp(item->rungs[i - 1].name, name) == 0)
            return &item->rungs[i - 1];
    return NULL;
}

json_t *header_of_item(const struct concordat_item *item)
{
    const struct concordat_rung *accepted = rung_of(item, "accepted");
    const struct concordat_rung *refused = rung_of(item, "refused");
    const struct concordat_rung *verdict = refused ? refused : accepted;
    json_t *object;

    if (!verdict && strcmp(item->state, "queued") == 0)
        return NULL;
    object = json_pack("{s:o, s:s, s:s, s:s, s:o, s:b, s:o, s:s}", "message",
                       json_of_id(&item->message_id), "from", item->from, "to", item->to, "type",
                       item->type, "categories", json_of_names(item->shared, item->shared_count),
                       "inReply", !concordat_id_is_none(&item->in_reply_to), "at",
                       json_of_time(verdict ? verdict->at_ms : item->created_ms), "outcome",
                       refused ? "refused" : "permitted");
    if (*item->purpose)
        (void)json_object_set_new(object, "purpose", json_string(item->purpose));
    if (item->marking)
        (void)json_object_set_new(object, "marking", json_string(marking_name(item->marking)));
    if (refused)
        (void)json_object_set_new(object, "code", json_string(refused->detail));
    if (*item->agreement_id) {
        (void)json_object_set_new(object, "agreement", json_string(item->agreement_id));
        (void)json_object_set_new(object, "agreementVersion",
                                  json_integer(item->agreement_version));
    }
    if (*item->clause)
        (void)json_object_set_new(object, "clause", json_string(item->clause));
    return object;
}

static enum exit_code add_item(void *context, const struct concordat_item *item)
{
    struct headers *headers = context;
    json_t *object = header_of_item(item);
    struct reason why = {"memory is out"};
    struct past past;
    bool taken = !object;

    if (object && headers->count == HEADERS_MAX)
        reason_set(&why, "more than %d headers", HEADERS_MAX);
    else if (object)
        taken = past_of(object, &past, &why) && add(headers, &past);
    json_decref(object);
    if (taken)
        return EXIT_DONE;
    complain("the agent's header %zu: %s", headers->count + 1, why.text);
    return EXIT_FAILED;
}

struct headers *headers_of_agent(const struct cli *cli, struct concordat *agent)
{
    OWNED(headers) headers = calloc(1, sizeof *headers);

    if (!headers) {
        complain("memory is out");
        return NULL;
    }
    if (tracked_each(cli, agent, 0, add_item, headers) != EXIT_DONE)
        return NULL;
    return GIVE(headers);
}
