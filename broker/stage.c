#include "broker/stage.h"

#include <assert.h>
#include <string.h>

#define KEEP_ROOM (256u * 1024) /* bytes of commands' room kept from turn to turn */

void turn_fini(struct turn *turn)
{
    parcel_fini(&turn->records);
    parcel_fini(&turn->commands);
}

size_t turn_size(const struct turn *turn)
{
    return turn->records.size + turn->commands.size;
}

/* The records' buffer begins with the note. */
static bool begin(struct turn *turn)
{
    if (turn->records.size > 0)
        return true;
    struct note_turn *note = parcel_add(&turn->records, sizeof *note);
    return note != NULL;
}

uint8_t *turn_record(struct turn *turn, size_t size, uint64_t *at)
{
    if (!begin(turn))
        return NULL;
    /* Not parcel_add: the records stand back to back, so that a run of them is one write. */
    uint8_t *record = parcel_room(&turn->records, size);
    if (!record)
        return NULL;
    *at = turn->records.size;
    turn->records.size += size;
    return record;
}

void *turn_command(struct turn *turn, enum command_kind kind, session_id session, size_t size)
{
    size_t whole = (size + 7) & ~(size_t)7;
    struct command *command = parcel_add(&turn->commands, whole);

    assert(whole <= UINT32_MAX);
    if (!command)
        return NULL;
    memset(command, 0, whole);
    command->size = (uint32_t)whole;
    command->kind = kind;
    command->session = session;
    turn->count++;
    return command;
}

uint8_t *turn_give(struct turn *turn, size_t *size)
{
    if (!begin(turn))
        return NULL;
    /* Up to the next 8 bytes: nobody reads what lies between. */
    size_t gap = -turn->records.size & 7;
    if (!parcel_room(&turn->records, gap + turn->commands.size + 8))
        return NULL;
    memset(turn->records.data + turn->records.size, 0, gap);
    turn->records.size += gap;
    struct note_turn *note = (struct note_turn *)(void *)turn->records.data;
    *note = (struct note_turn){{NOTE_TURN, turn->count}, turn->records.size};
    if (turn->commands.size > 0)
        memcpy(turn->records.data + turn->records.size, turn->commands.data, turn->commands.size);
    turn->records.size += turn->commands.size;
    parcel_clear(&turn->commands, KEEP_ROOM);
    turn->count = 0;
    return parcel_give(&turn->records, size);
}

struct turn_walk turn_walk_of(void *data, size_t size)
{
    const struct note_turn *note = data;

    assert(size >= sizeof *note && note->commands_at <= size);
    return (struct turn_walk){data, size, note->commands_at, note->note.count};
}

struct command *turn_next(struct turn_walk *walk)
{
    if (walk->left == 0)
        return NULL;
    struct command *command = (struct command *)(void *)(walk->data + walk->at);
    assert(command->size >= sizeof *command && command->size <= walk->size - walk->at);
    walk->at += command->size;
    walk->left--;
    return command;
}

struct question submit_question(const struct command_submit *submit, const char *sender)
{
    const char *base = (const char *)submit;

    return (struct question){
        .from = sender,
        .to = base + submit->recipient,
        .type = base + submit->type,
        .purpose = base + submit->purpose,
        .gateway = base + submit->gateway,
        .agreement_id = base + submit->agreement_id,
        .clause = base + submit->clause,
        .agreement_version = submit->agreement_version,
        .agreement_hash = submit->agreement_hash,
        .categories = submit->categories,
        .marking = submit->marking,
        .retention_days = submit->retention_days,
        .in_reply = submit->in_reply,
        .onward_count = submit->onward_count,
        .onward = (const char(*)[AGENCY_MAX + 1])(const void *)(base + submit->onward),
    };
}

struct effect_walk effect_walk_of(const void *data)
{
    const struct note_effects *note = data;

    return (struct effect_walk){(const uint8_t *)(note + 1), note->note.count};
}

const struct effect *effect_next(struct effect_walk *walk)
{
    if (walk->left == 0)
        return NULL;
    const struct effect *effect = (const struct effect *)(const void *)walk->next;
    walk->next += effect->size;
    walk->left--;
    return effect;
}
