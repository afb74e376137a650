#include "agents/cli/late_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/body.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/sections.h"
#include "lib/arena.h"
#include "lib/limits.h"
#include "proto/bodies/transfer.pb-c.h"

#define FIRST_SECTION 11 /* tags of the answer's sections (transfer.proto, LateAnswer) */
#define LAST_SECTION 99

void late_answer_fini(struct late_answer *late)
{
    free(late->type);
    free(late->by);
    free(late->json);
    *late = (struct late_answer){0};
}

/* The sections merged, in room of `arena`. */
static enum status merge(const Concordat__Body__LateAnswer *carrier, struct arena *arena,
                         struct bytes *out)
{
    const ProtobufCMessageDescriptor *type = &concordat__body__late_answer__descriptor;
    struct bytes parts[SECTIONS_MAX];
    uint32_t count = 0;
    uint8_t *room = arena_take(arena, BODY_MAX);
    struct writer w = writer_of(room, room ? BODY_MAX : 0);

    for (unsigned i = 0; i < type->n_fields && count < SECTIONS_MAX; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const ProtobufCBinaryData *section = (const void *)((const char *)carrier + field->offset);

        if (field->id >= FIRST_SECTION && field->id <= LAST_SECTION
            && field->type == PROTOBUF_C_TYPE_BYTES && section->len > 0)
            parts[count++] = (struct bytes){section->data, section->len};
    }
    if (!room || sections_merge(parts, count, &w) != ST_OK)
        return ST_INVALID;
    *out = (struct bytes){room, w.size};
    return ST_OK;
}

static struct concordat_id id_of(ProtobufCBinaryData data)
{
    struct concordat_id id = {{0}};

    if (data.len == sizeof id.bytes)
        memcpy(id.bytes, data.data, sizeof id.bytes);
    return id;
}

bool late_answer_read(const uint8_t *body, size_t size, struct late_answer *out, const char **why)
{
    OWNED(arena) arena = arena_new(BODY_MAX, BODY_ARENA);
    OWNED(arena) scratch = arena_new(BODY_MAX, BODY_ARENA);
    Concordat__Body__LateAnswer *carrier =
        arena && scratch ? concordat__body__late_answer__unpack(arena_allocator(arena), size, body)
                         : NULL;
    const struct message_type *type =
        carrier && carrier->answer_type ? catalogue_find(carrier->answer_type) : NULL;
    struct late_answer late = {0};
    struct bytes merged;
    struct reason reason;

    if (!type) {
        *why = "it names no answer of a type that is known";
        return false;
    }
    if (merge(carrier, arena, &merged) != ST_OK
        || body_to_json(type, merged, scratch, &late.json, &reason) != ST_OK) {
        *why = "the answer in it cannot be read";
        return false;
    }
    late.answer = id_of(carrier->answer_id);
    late.asked = id_of(carrier->asked_id);
    late.at_ms = carrier->answered_ms;
    late.type = strdup(carrier->answer_type);
    late.by = strdup(carrier->answered_by ? carrier->answered_by : "");
    if (!late.type || !late.by) {
        late_answer_fini(&late);
        *why = "memory is out";
        return false;
    }
    *out = late;
    return true;
}

void late_answer_show(const struct cli *cli, const struct late_answer *late)
{
    char id[CONCORDAT_ID_TEXT], when[WHEN_SIZE];

    printf("\nit carries an answer that came for the case's former holder\n");
    show_fact(cli, "answer type", late->type);
    show_fact(cli, "answered by", late->by);
    when_print(late->at_ms, when);
    show_fact(cli, "answered", when);
    concordat_id_print(&late->asked, id);
    show_fact(cli, "to message", id);
    concordat_id_print(&late->answer, id);
    show_fact(cli, "its id", id);
    show_clean(stdout, late->json);
    printf("\n");
}

json_t *json_of_late_answer(const struct late_answer *late)
{
    json_t *body = json_loads(late->json, 0, NULL), *object;

    if (!body)
        return NULL;
    object = json_object();
    json_put(object, "id", json_of_id(&late->answer));
    json_put(object, "type", json_string(late->type));
    json_put(object, "by", json_string(late->by));
    json_put(object, "at", json_of_time(late->at_ms));
    json_put(object, "inReplyTo", json_of_id(&late->asked));
    json_put(object, "body", body);
    return object;
}
