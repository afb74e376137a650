#include "broker/stage.h"
#include "lib/text.h"

#include <assert.h>
#include <string.h>

#include "lib/id.h"

#define KEEP_ROOM ((size_t)256 * 1024) /* bytes of commands' room kept from turn to turn */

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

/* Texts behind a command, each with its NUL. */
struct texts {
    uint8_t *base;
    size_t at;
};

static uint16_t put_text(struct texts *texts, const char *text)
{
    size_t size = strlen(text) + 1, at = texts->at;

    memcpy(texts->base + at, text, size);
    texts->at += size;
    return (uint16_t)at;
}

/* Urgency counts up, lanes count down: lane 0 is the immediate one. */
static uint8_t lane_of(const struct envelope *e)
{
    return (uint8_t)(LANES - 1 - e->urgency);
}

static enum status put_command(struct turn *turn, const struct submission *s, uint64_t record_at,
                               uint32_t record_size)
{
    const struct envelope *e = s->envelope;
    size_t onward = e->onward_count * sizeof e->onward[0];
    size_t custody = offsetof(struct custody_claim, conversations)
                   + e->custody.conversation_count * sizeof *e->custody.conversations;
    size_t fixed = offsetof(struct command_submit, custody) + custody;
    size_t size = fixed + strlen(e->recipient) + strlen(e->type) + strlen(e->purpose)
                + strlen(e->gateway) + strlen(e->agreement_id) + strlen(e->clause) + 6 + onward;
    struct command_submit *submit = turn_command(turn, COMMAND_SUBMIT, s->session, size);

    if (!submit)
        return ST_NOMEM;
    submit->head.member = s->member;
    submit->head.charge = record_size;
    submit->message_id = e->message_id;
    submit->header_digest = *s->header_digest;
    submit->agreement_hash = e->agreement_hash;
    submit->signing_key = *s->signing_key;
    submit->created_ms = e->created_ms;
    submit->expires_ms = e->expires_ms;
    submit->record_at = record_at;
    submit->record_size = record_size;
    submit->agreement_version = e->agreement_version;
    submit->retention_days = e->retention_days;
    submit->categories = e->categories;
    submit->marking = e->marking;
    submit->capacity = e->capacity;
    memcpy(submit->recipient_key_id, e->recipient_key_id, KEY_ID_SIZE);
    submit->lane = lane_of(e);
    submit->in_reply = !id_is_zero(&e->in_reply_to);
    submit->case_handle = e->case_handle;
    submit->conversation_id = e->conversation_id;
    submit->in_reply_to = e->in_reply_to;
    submit->sequence = e->sequence;
    submit->needed_by_ms = e->needed_by_ms;
    submit->watch_until_ms = e->watch_until_ms;
    submit->onward_count = (uint16_t)e->onward_count;
    memcpy(&submit->custody, &e->custody, custody);
    struct texts texts = {(uint8_t *)submit, fixed};
    submit->recipient = put_text(&texts, e->recipient);
    submit->type = put_text(&texts, e->type);
    submit->purpose = put_text(&texts, e->purpose);
    submit->gateway = put_text(&texts, e->gateway);
    submit->agreement_id = put_text(&texts, e->agreement_id);
    submit->clause = put_text(&texts, e->clause);
    submit->onward = (uint16_t)texts.at;
    if (onward > 0)
        memcpy(texts.base + texts.at, e->onward, onward);
    return ST_OK;
}

enum status turn_submit(struct turn *turn, const struct submission *s, uint32_t *charge)
{
    const struct envelope *e = s->envelope;
    uint8_t proof[EVENT_PROOF_MAX];
    struct writer packed = writer_of(proof, sizeof proof);
    struct event event = {.kind = EVENT_ACCEPTED, .sequence = 1}; /* any but 0, for now */
    uint64_t at;

    event_pack_proof(s->proof, &packed);
    TEXT_COPY(event.sender, e->sender);
    TEXT_COPY(event.recipient, e->recipient);
    TEXT_COPY(event.clause, e->clause);
    event.message_id = e->message_id;
    event.header_digest = *s->header_digest;
    event.lane = lane_of(e);
    event.agreement_hash = e->agreement_hash;
    event.expires_ms = e->expires_ms;
    event.header = s->header;
    event.proof = (struct bytes){proof, packed.size};
    event.body = s->body;

    size_t size = event_size(&event);
    uint8_t *record = turn_record(turn, size, &at);
    if (!record)
        return ST_NOMEM;
    struct writer w = writer_of(record, size);
    enum status status = event_write(&event, &w);
    assert(status == ST_OK && w.size == size);
    *charge = (uint32_t)size;
    return put_command(turn, s, at, (uint32_t)size);
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
        .capacity = submit->capacity,
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
