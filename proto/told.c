#include "proto/told.h"

#include <assert.h>
#include <string.h>

#include "proto/field.h"
#include "proto/prescan.h"

#define CUSTODY_FIELDS_MAX (16 + 12 * CONVERSATIONS_MAX + 10 * TOLD_DUE_COUNT)

static_assert(TOLD_CASE_MAX + CONVERSATIONS_MAX * TOLD_CONVERSATION_MAX
                          + TOLD_DUE_COUNT * TOLD_DUE_MAX
                      <= TOLD_MAX
                  && TOLD_CLOCK_MAX <= TOLD_MAX,
              "TOLD_MAX has room for the longest");

/* ---- reading ---- */

static bool take_optional_agency(const char *from, char to[static AGENCY_MAX + 1])
{
    return from[0] == '\0' || field_take_agency(from, to);
}

static bool take_optional_word(const char *from, char *to, size_t max)
{
    return from[0] == '\0' || field_take_word(from, to, max);
}

/* A role may have spaces: "Duty team manager". */
static bool take_role(const char *from, char to[static ROLE_MAX + 1])
{
    size_t size = strnlen(from, ROLE_MAX + 1);

    if (size > ROLE_MAX)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)from[i] < ' ' || from[i] == 0x7f)
            return false;
    memcpy(to, from, size + 1);
    return true;
}

static enum status take_conversation(const Concordat__ToldConversation *m,
                                     struct told_conversation *out, struct reason *why)
{
    if (!field_take(&m->id, out->id.bytes, ID_SIZE))
        return field_refuse(why, "conversations.id", "not 16 bytes, or zero");
    if (!field_take_word(m->type, out->type, TYPE_MAX))
        return field_refuse(why, "conversations.type", "missing, too long or not printable");
    if (!field_take_agency(m->other, out->other))
        return field_refuse(why, "conversations.other", "not an agency id");
    if (m->next_of_holder == 0)
        return field_refuse(why, "conversations.next_of_holder", "missing");
    if (m->next_of_other == 0)
        return field_refuse(why, "conversations.next_of_other", "missing");
    out->next_of_holder = m->next_of_holder;
    out->next_of_other = m->next_of_other;
    out->asked_by_holder = m->asked_by_holder;
    if ((m->due == CONCORDAT__CLOCK_KIND__CLOCK_UNSPECIFIED) != (m->due_ms == 0) || m->due_ms < 0)
        return field_refuse(why, "conversations.due", "without its time, or a time without it");
    out->due = m->due;
    out->due_ms = m->due_ms;
    if (m->before[0] != '\0' && !field_take_agency(m->before, out->before))
        return field_refuse(why, "conversations.before", "not an agency id");
    out->closed = m->closed;
    if (m->stays && m->asked_by_holder)
        return field_refuse(why, "conversations.stays", "though the holder asked it");
    out->stays = m->stays;
    return ST_OK;
}

static enum status take_due(const Concordat__ToldDue *m, struct told_due *out, struct reason *why)
{
    if (m->kind == CONCORDAT__CLOCK_KIND__CLOCK_UNSPECIFIED)
        return field_refuse(why, "due.kind", "missing");
    if (!field_take(&m->message_id, out->message_id.bytes, ID_SIZE))
        return field_refuse(why, "due.message_id", "not 16 bytes, or zero");
    if (!field_take(&m->conversation_id, out->conversation_id.bytes, ID_SIZE))
        return field_refuse(why, "due.conversation_id", "not 16 bytes, or zero");
    if (!field_take_word(m->type, out->type, TYPE_MAX))
        return field_refuse(why, "due.type", "missing, too long or not printable");
    if (!take_optional_word(m->expected, out->expected, TYPE_MAX))
        return field_refuse(why, "due.expected", "too long or not printable");
    if (!field_take_agency(m->owed_by, out->owed_by))
        return field_refuse(why, "due.owed_by", "not an agency id");
    if (!field_take_agency(m->owed_to, out->owed_to))
        return field_refuse(why, "due.owed_to", "not an agency id");
    if (m->due_ms <= 0)
        return field_refuse(why, "due.due_ms", "missing or before 1970");
    if (!take_role(m->role, out->role))
        return field_refuse(why, "due.role", "too long or not printable");
    out->kind = m->kind; /* pre-scanned: a known value */
    out->due_ms = m->due_ms;
    out->is_shared = m->shared;
    return ST_OK;
}

static enum status take_dues(const Concordat__CustodyTold *m, struct custody_told *c,
                             struct reason *why)
{
    if (m->n_due > TOLD_DUE_COUNT)
        return field_refuse(why, "due", "too many");
    if (m->n_due > 0 && m->change != CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED)
        return field_refuse(why, "due", "with TRANSFERRED alone");
    for (size_t i = 0; i < m->n_due; i++) {
        enum status status = take_due(m->due[i], &c->due[i], why);
        if (status != ST_OK)
            return status;
    }
    c->due_count = (uint32_t)m->n_due;
    return ST_OK;
}

/* Is the change one of a transfer's? */
static bool is_of_transfer(Concordat__CustodyChange change)
{
    return change >= CONCORDAT__CUSTODY_CHANGE__CASE_OFFERED
        && change <= CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED;
}

static enum status take_change(const Concordat__CustodyTold *m, struct custody_told *c,
                               struct reason *why)
{
    const bool is_answer = m->change == CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED;
    const bool is_closed = m->change == CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED;

    if (!take_optional_agency(m->holder, c->holder)
        || (!is_answer && is_closed != (m->holder[0] == '\0')))
        return field_refuse(why, "holder", "not an agency id, or not as the change has it");
    if (!field_take_optional(&m->transfer_id, c->transfer_id.bytes, ID_SIZE)
        || (is_of_transfer(m->change) && m->transfer_id.len == 0))
        return field_refuse(why, "transfer_id", "missing, or not 16 bytes");
    if (!take_optional_agency(m->offered_to, c->offered_to))
        return field_refuse(why, "offered_to", "not an agency id");
    if (!take_optional_agency(m->former, c->former)
        || (m->change == CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED) != (m->former[0] != '\0'))
        return field_refuse(why, "former", "an agency id, and with TRANSFERRED alone");
    c->change = m->change; /* pre-scanned: a known value */
    c->components = m->components;
    return ST_OK;
}

static enum status take_custody(const ProtobufCMessage *message, struct told *out,
                                struct reason *why)
{
    const Concordat__CustodyTold *m = (const Concordat__CustodyTold *)message;
    struct custody_told *c = &out->custody;

    if (!field_take(&m->case_handle, c->case_handle.bytes, ID_SIZE))
        return field_refuse(why, "case_handle", "not 16 bytes, or zero");
    enum status status = take_change(m, c, why);
    if (status != ST_OK)
        return status;
    if (m->version == 0)
        return field_refuse(why, "version", "missing");
    if (m->at_ms <= 0)
        return field_refuse(why, "at_ms", "missing or before 1970");
    if (!field_take_optional(&m->message_id, c->message_id.bytes, ID_SIZE))
        return field_refuse(why, "message_id", "neither empty nor 16 bytes");
    if (m->n_conversations > CONVERSATIONS_MAX)
        return field_refuse(why, "conversations", "too many");
    for (size_t i = 0; i < m->n_conversations; i++) {
        status = take_conversation(m->conversations[i], &c->conversations[i], why);
        if (status != ST_OK)
            return status;
    }
    c->version = m->version;
    c->at_ms = m->at_ms;
    c->conversation_count = (uint32_t)m->n_conversations;
    return take_dues(m, c, why);
}

static enum status take_subject(const Concordat__ClockTold *m, struct clock_told *c,
                                struct reason *why)
{
    if (!field_take_optional(&m->message_id, c->message_id.bytes, ID_SIZE))
        return field_refuse(why, "message_id", "neither empty nor 16 bytes");
    if (!field_take_optional(&m->case_handle, c->case_handle.bytes, ID_SIZE))
        return field_refuse(why, "case_handle", "neither empty nor 16 bytes");
    if (!field_take_optional(&m->conversation_id, c->conversation_id.bytes, ID_SIZE))
        return field_refuse(why, "conversation_id", "neither empty nor 16 bytes");
    if (!take_optional_word(m->type, c->type, TYPE_MAX))
        return field_refuse(why, "type", "too long or not printable");
    if (!take_optional_word(m->expected, c->expected, TYPE_MAX))
        return field_refuse(why, "expected", "too long or not printable");
    if (!take_optional_word(m->agreement_id, c->agreement_id, AGREEMENT_ID_MAX))
        return field_refuse(why, "agreement_id", "too long or not printable");
    if ((m->agreement_version != 0) != (m->agreement_id[0] != '\0'))
        return field_refuse(why, "agreement_version", "goes with agreement_id");
    if (!take_optional_word(m->clause, c->clause, CLAUSE_ID_MAX))
        return field_refuse(why, "clause", "too long or not printable");
    c->agreement_version = m->agreement_version;
    return ST_OK;
}

static enum status take_clock(const ProtobufCMessage *message, struct told *out, struct reason *why)
{
    const Concordat__ClockTold *m = (const Concordat__ClockTold *)message;
    struct clock_told *c = &out->clock;

    if (m->clock == 0)
        return field_refuse(why, "clock", "missing");
    if (m->kind == CONCORDAT__CLOCK_KIND__CLOCK_UNSPECIFIED)
        return field_refuse(why, "kind", "missing");
    if (m->stage == CONCORDAT__CLOCK_STAGE__STAGE_UNSPECIFIED)
        return field_refuse(why, "stage", "missing");
    enum status status = take_subject(m, c, why);
    if (status != ST_OK)
        return status;
    if (!take_role(m->role, c->role))
        return field_refuse(why, "role", "too long or not printable");
    if (!take_optional_agency(m->owed_by, c->owed_by)
        || !take_optional_agency(m->owed_to, c->owed_to))
        return field_refuse(why, "owed_by, owed_to", "not an agency id");
    if (m->owed_by[0] == '\0' && m->owed_to[0] == '\0')
        return field_refuse(why, "owed_by, owed_to", "both missing");
    if (m->due_ms <= 0)
        return field_refuse(why, "due_ms", "missing or before 1970");
    if (m->at_ms <= 0)
        return field_refuse(why, "at_ms", "missing or before 1970");
    c->clock = m->clock;
    c->kind = m->kind; /* pre-scanned: known values */
    c->stage = m->stage;
    c->count = m->count;
    c->due_ms = m->due_ms;
    c->at_ms = m->at_ms;
    return ST_OK;
}

static const struct {
    const ProtobufCMessageDescriptor *type;
    enum status (*take)(const ProtobufCMessage *message, struct told *out, struct reason *why);
} kinds[] = {
    [TOLD_CUSTODY] = {&concordat__custody_told__descriptor, take_custody},
    [TOLD_CLOCK] = {&concordat__clock_told__descriptor, take_clock},
};

enum status told_read_message(enum told_kind kind, struct bytes message, struct arena *arena,
                              struct told *out, struct reason *why)
{
    static const struct prescan rules = {
        .depth_max = 1, /* conversations, what is due */
        .fields_max = CUSTODY_FIELDS_MAX,
        .heap_max = HEAD_ARENA,
        .canonical = true,
    };
    ProtobufCMessage *unpacked;

    if (kind != TOLD_CUSTODY && kind != TOLD_CLOCK)
        return field_refuse(why, "told", "of no known kind");
    if (message.size > TOLD_MAX - 1) {
        reason_set(why, "told: over %d bytes", TOLD_MAX);
        return ST_LIMIT;
    }
    arena_reset(arena, false);
    enum status status =
        prescan_unpack(kinds[kind].type, message, &rules, arena_allocator(arena), &unpacked, why);
    if (status != ST_OK)
        return status;
    struct told told;
    memset(&told, 0, sizeof told);
    told.kind = kind;
    status = kinds[kind].take(unpacked, &told, why);
    if (status == ST_OK)
        *out = told;
    return status;
}

enum status told_read(struct bytes bytes, struct arena *arena, struct told *out, struct reason *why)
{
    if (bytes.size == 0)
        return field_refuse(why, "told", "empty");
    return told_read_message((enum told_kind)bytes.data[0],
                             (struct bytes){bytes.data + 1, bytes.size - 1}, arena, out, why);
}

/* ---- writing ---- */

static void write_conversation(struct writer *w, const struct told_conversation *c)
{
    size_t at = field_begin(w, 9);

    field_id(w, 1, &c->id);
    field_text(w, 2, c->type);
    field_text(w, 3, c->other);
    field_number(w, 4, c->next_of_holder);
    field_number(w, 5, c->next_of_other);
    field_number(w, 6, c->asked_by_holder);
    field_number(w, 7, (uint64_t)c->due);
    field_number(w, 8, (uint64_t)c->due_ms);
    field_text(w, 9, c->before);
    field_number(w, 10, c->closed);
    field_number(w, 11, c->stays);
    field_end(w, at);
}

static void write_due(struct writer *w, const struct told_due *d)
{
    size_t at = field_begin(w, 12);

    field_number(w, 1, (uint32_t)d->kind);
    field_id(w, 2, &d->message_id);
    field_id(w, 3, &d->conversation_id);
    field_text(w, 4, d->type);
    field_text(w, 5, d->expected);
    field_text(w, 6, d->owed_by);
    field_text(w, 7, d->owed_to);
    field_number(w, 8, (uint64_t)d->due_ms);
    field_text(w, 9, d->role);
    field_number(w, 10, d->is_shared);
    field_end(w, at);
}

static void write_custody(struct writer *w, const struct custody_told *c)
{
    field_id(w, 1, &c->case_handle);
    field_number(w, 2, (uint32_t)c->change);
    field_text(w, 3, c->holder);
    field_number(w, 4, c->version);
    field_id(w, 5, &c->transfer_id);
    field_text(w, 6, c->offered_to);
    field_number(w, 7, c->components);
    field_number(w, 8, (uint64_t)c->at_ms);
    for (uint32_t i = 0; i < c->conversation_count; i++)
        write_conversation(w, &c->conversations[i]);
    field_id(w, 10, &c->message_id);
    field_text(w, 11, c->former);
    for (uint32_t i = 0; i < c->due_count; i++)
        write_due(w, &c->due[i]);
}

static void write_clock(struct writer *w, const struct clock_told *c)
{
    field_number(w, 1, c->clock);
    field_number(w, 2, (uint32_t)c->kind);
    field_number(w, 3, (uint32_t)c->stage);
    field_id(w, 4, &c->message_id);
    field_text(w, 5, c->type);
    field_text(w, 6, c->expected);
    field_id(w, 7, &c->case_handle);
    field_id(w, 8, &c->conversation_id);
    field_text(w, 9, c->agreement_id);
    field_number(w, 10, c->agreement_version);
    field_text(w, 11, c->clause);
    field_text(w, 12, c->role);
    field_text(w, 13, c->owed_by);
    field_text(w, 14, c->owed_to);
    field_number(w, 15, (uint64_t)c->due_ms);
    field_number(w, 16, (uint64_t)c->at_ms);
    field_number(w, 17, c->count);
}

enum status told_write(const struct told *told, uint8_t *out, size_t room, size_t *size)
{
    struct writer w = writer_of(out, room < TOLD_MAX ? room : TOLD_MAX);

    write_u8(&w, (uint8_t)told->kind);
    if (told->kind == TOLD_CUSTODY)
        write_custody(&w, &told->custody);
    else
        write_clock(&w, &told->clock);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}

/* ---- names ---- */

const char *custody_change_name(Concordat__CustodyChange change)
{
    static const char *const names[] = {
        "as it stands",
        "opened",
        "offered",
        "components accepted",
        "components rejected",
        "offer withdrawn",
        "offer lapsed",
        "transferred",
        "closed",
    };

    return (size_t)change < sizeof names / sizeof *names ? names[change] : "unknown";
}

const char *clock_kind_name(Concordat__ClockKind kind)
{
    static const char *const names[] = {
        "none",  "acknowledge", "decide",   "answer", "open",   "expected", "volume",   "gap",
        "reply", "forward",     "complete", "close",  "silent", "declined", "rejected", "withheld",
    };

    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

const char *clock_stage_name(Concordat__ClockStage stage)
{
    static const char *const names[] = {"none", "warned", "escalated", "breached", "late"};

    return (size_t)stage < sizeof names / sizeof *names ? names[stage] : "unknown";
}
