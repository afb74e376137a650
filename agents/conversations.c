#include "agents/conversations.h"

#include <string.h>

#include "agents/trees.h"
#include "lib/text.h"

#define TALK_VERSION 2 /* 1 ends before taken_ms */
#define TALK_MAX 1024  /* bytes of a record */
#define KEY_SIZE (1 + ID_SIZE)
#define PLACE_SIZE (1 + ID_SIZE + ID_SIZE)

struct talk talk_new(const struct message_type *opened, const struct id *id,
                     const struct id *case_handle, const char *other, bool by_us)
{
    struct talk talk = {.rules = {.id = *id,
                                  .case_handle = *case_handle,
                                  .opened = opened,
                                  .state = CONVERSATION_OPEN,
                                  .asker = by_us ? SIDE_US : SIDE_THEM,
                                  .other = by_us ? SIDE_THEM : SIDE_US,
                                  .next_of_asker = 1,
                                  .next_of_other = 1},
                        .next = 1,
                        .is_kept = conversation_is_kept(opened)};

    TEXT_COPY(talk.other, other);
    return talk;
}

bool talk_is_asked_by_us(const struct talk *talk)
{
    return talk->rules.asker == SIDE_US || talk->rules.asker == SIDE_HOLDER;
}

bool talk_goes_on(const struct talk *talk)
{
    return talk->rules.state == CONVERSATION_OPEN && talk->holder[0] == '\0';
}

uint32_t talk_side_of(const struct talk *talk, const char *us, const char *agency)
{
    if (strcmp(agency, us) == 0)
        return SIDE_US;
    if (strcmp(agency, talk->other) == 0)
        return SIDE_THEM;
    if (strcmp(agency, talk->before) == 0)
        return SIDE_BEFORE;
    return strcmp(agency, talk->holder) == 0 ? SIDE_HOLDER : 0;
}

void talk_move_other(struct talk *talk, const char *holder, int64_t now_ms)
{
    if (strcmp(talk->other, holder) == 0)
        return;
    const bool is_other = talk->rules.other == SIDE_THEM;

    talk->rules.changed_ms = now_ms;
    if (talk->before[0] != '\0' && !talk->rules.before_was_other && !is_other) {
        /* As conversation_move has it: who asked first keeps the answer's address. */
        if (strcmp(talk->before, holder) == 0) {
            talk->rules.before = 0;
            talk->before[0] = '\0';
        }
    } else {
        talk->rules.before = SIDE_BEFORE;
        talk->rules.before_was_other = is_other;
        TEXT_COPY(talk->before, talk->other);
    }
    TEXT_COPY(talk->other, holder);
}

void talk_move_ours(struct talk *talk, const char *holder, int64_t now_ms)
{
    const bool is_first = talk->holder[0] == '\0';

    TEXT_COPY(talk->holder, holder);
    if (is_first)
        (void)conversation_move(&talk->rules, SIDE_US, SIDE_HOLDER, now_ms);
}

/* ---- records ---- */

static struct bytes key_of(uint8_t out[static KEY_SIZE], const struct id *id)
{
    out[0] = 'i';
    memcpy(out + 1, id->bytes, ID_SIZE);
    return (struct bytes){out, KEY_SIZE};
}

static struct bytes place_of(uint8_t out[static PLACE_SIZE], const struct id *handle,
                             const struct id *id)
{
    out[0] = 'c';
    memcpy(out + 1, handle->bytes, ID_SIZE);
    memcpy(out + 1 + ID_SIZE, id->bytes, ID_SIZE);
    return (struct bytes){out, PLACE_SIZE};
}

static void write_rules(struct writer *w, const struct conversation *c)
{
    write_bytes(w, c->id.bytes, ID_SIZE);
    write_bytes(w, c->case_handle.bytes, ID_SIZE);
    write_prefixed_text(w, c->opened->name);
    write_u8(w, (uint8_t)c->state);
    write_u8(w, (uint8_t)c->asker);
    write_u8(w, (uint8_t)c->other);
    write_u8(w, (uint8_t)c->before);
    write_u8(w, (uint8_t)(c->before_was_other | c->acknowledged << 1 | c->answered << 2));
    write_u32(w, c->next_of_asker);
    write_u32(w, c->next_of_other);
    write_u64(w, (uint64_t)c->changed_ms);
}

static void read_rules(struct reader *r, struct conversation *c)
{
    char type[TYPE_MAX + 1];
    uint8_t state, flags;

    read_into(r, c->id.bytes, ID_SIZE);
    read_into(r, c->case_handle.bytes, ID_SIZE);
    read_prefixed_text(r, type, sizeof type);
    state = read_u8(r);
    c->asker = read_u8(r);
    c->other = read_u8(r);
    c->before = read_u8(r);
    flags = read_u8(r);
    c->next_of_asker = read_u32(r);
    c->next_of_other = read_u32(r);
    c->changed_ms = (int64_t)read_u64(r);
    c->opened = r->failed ? NULL : catalogue_find(type);
    if (!c->opened || state < CONVERSATION_OPEN || state > CONVERSATION_CLOSED)
        r->failed = true;
    c->state = r->failed ? CONVERSATION_CLOSED : (enum conversation_state)state;
    c->before_was_other = flags & 1;
    c->acknowledged = flags >> 1 & 1;
    c->answered = flags >> 2 & 1;
}

enum status talks_get(struct txn *txn, const struct id *id, struct talk *out)
{
    uint8_t key[KEY_SIZE];
    struct talk talk = {0};
    struct bytes value;
    struct reader r;
    uint8_t version;
    enum status status = store_get(txn, TREE_TALKS, key_of(key, id), &value);

    if (status != ST_OK)
        return status;
    r = reader_of(value.data, value.size);
    version = read_u8(&r);
    if (version != TALK_VERSION && version != 1)
        return ST_INVALID;
    read_rules(&r, &talk.rules);
    read_prefixed_text(&r, talk.other, sizeof talk.other);
    read_prefixed_text(&r, talk.before, sizeof talk.before);
    read_prefixed_text(&r, talk.holder, sizeof talk.holder);
    talk.next = read_u32(&r);
    read_into(&r, talk.ended_by.bytes, ID_SIZE);
    talk.is_kept = read_u8(&r) != 0;
    talk.taken_ms = version == 1 ? 0 : (int64_t)read_u64(&r);
    if (!reader_done(&r))
        return ST_INVALID;
    *out = talk;
    return ST_OK;
}

enum status talks_put(struct txn *txn, const struct talk *talk)
{
    uint8_t key[KEY_SIZE], place[PLACE_SIZE], record[TALK_MAX];
    struct writer w = writer_of(record, sizeof record);
    const struct conversation *c = &talk->rules;
    enum status status;

    write_u8(&w, TALK_VERSION);
    write_rules(&w, c);
    write_prefixed_text(&w, talk->other);
    write_prefixed_text(&w, talk->before);
    write_prefixed_text(&w, talk->holder);
    write_u32(&w, talk->next);
    write_bytes(&w, talk->ended_by.bytes, ID_SIZE);
    write_u8(&w, talk->is_kept);
    write_u64(&w, (uint64_t)talk->taken_ms);
    if (w.failed)
        return ST_LIMIT;
    status = store_put(txn, TREE_TALKS, key_of(key, &c->id), (struct bytes){record, w.size});
    if (status != ST_OK || !talk->is_kept || id_is_zero(&c->case_handle))
        return status;
    if (talk_goes_on(talk))
        return store_put(txn, TREE_TALKS, place_of(place, &c->case_handle, &c->id),
                         (struct bytes){place, 1});
    return store_delete(txn, TREE_TALKS, place_of(place, &c->case_handle, &c->id));
}

enum status talks_delete(struct txn *txn, const struct id *id)
{
    uint8_t key[KEY_SIZE], place[PLACE_SIZE];
    struct talk talk;
    enum status status = talks_get(txn, id, &talk);

    if (status == ST_MORE)
        return ST_OK;
    if (status == ST_OK)
        status = store_delete(txn, TREE_TALKS, place_of(place, &talk.rules.case_handle, id));
    if (status != ST_OK && status != ST_INVALID)
        return status;
    return store_delete(txn, TREE_TALKS, key_of(key, id));
}

enum status talks_of_case(struct txn *txn, const struct id *case_handle,
                          bool (*visit)(void *context, const struct id *id), void *context)
{
    uint8_t from[1 + ID_SIZE] = {'c'};
    struct bytes key, value;
    struct walk *walk;
    bool going = true;
    enum status status;

    memcpy(from + 1, case_handle->bytes, ID_SIZE);
    status = walk_open(txn, TREE_TALKS, (struct bytes){from, sizeof from}, &walk);
    if (status != ST_OK)
        return status;
    while (going && (status = walk_next(walk, &key, &value)) == ST_OK) {
        struct id id;

        if (key.size != PLACE_SIZE || memcmp(key.data, from, sizeof from) != 0)
            break;
        memcpy(id.bytes, key.data + 1 + ID_SIZE, ID_SIZE);
        going = visit(context, &id);
    }
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}
