/*
 * kept_records.c - cases, conversations and clocks as bytes: what EVENT_KEPT holds and the state
 * gives back at a start. Declared in cases.h and clocks.h.
 *
 * A record begins with its form, 1. Big-endian; a text is a byte of length and its bytes; agencies
 * stand by name, empty for nobody. Each is written in one way only, so what is read and written
 * again is the same, byte for byte. That a bit has flipped is for the tree's check to see
 * (record.h); here what does not make sense is refused.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/cases.h"
#include "broker/clocks.h"
#include "broker/event.h"

/* The first byte of each. Older forms are read, and written anew when the record next changes. */
enum {
    CASE_FORM = 2, /* 1 has no handed, opened_by, and no components offered again */
    /* 3 has no second_in; 2 no silent_ms, silent_told either; 1 no answered_in, ended_in */
    CONVERSATION_FORM = 4,
    CLOCK_FORM = 2, /* 1 has no told_by, told_to */
};

static_assert(CASE_RECORD_MAX <= KEPT_RECORD_MAX && CONVERSATION_RECORD_MAX <= KEPT_RECORD_MAX
                  && CLOCK_RECORD_MAX <= KEPT_RECORD_MAX,
              "KEPT_RECORD_MAX has room for each");
#define RUNGS_MAX 32 /* of a ladder: above what any agreement has */

/* ---- texts and names ---- */

static void write_text(struct writer *w, const char *text)
{
    size_t size = strlen(text);

    assert(size <= UINT8_MAX);
    write_u8(w, (uint8_t)size);
    write_bytes(w, text, size);
}

static void read_text(struct reader *r, char *out, size_t room)
{
    struct bytes text = read_bytes(r, read_u8(r));

    if (r->failed || text.size >= room || (text.size > 0 && memchr(text.data, 0, text.size))) {
        r->failed = true;
        return;
    }
    if (text.size > 0)
        memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

static void write_name(struct writer *w, const struct cases_names *names, uint32_t agency)
{
    write_text(w, agency > 0 ? names->name(names->context, agency) : "");
}

/* A reader of a record with names: `status` is ST_NOMEM when a name could not be entered. */
struct record_reader {
    struct reader r;
    const struct cases_names *names;
    enum status status;
    uint8_t form;
};

static uint32_t read_name(struct record_reader *rr)
{
    char name[AGENCY_MAX + 1] = "";
    uint32_t agency = 0;

    read_text(&rr->r, name, sizeof name);
    if (rr->r.failed || rr->status != ST_OK || name[0] == '\0')
        return 0;
    if (!agency_is_valid(name)) {
        rr->r.failed = true;
        return 0;
    }
    rr->status = rr->names->number(rr->names->context, name, &agency);
    return agency;
}

static bool read_flag(struct reader *r)
{
    uint8_t flag = read_u8(r);

    if (flag > 1)
        r->failed = true;
    return flag == 1;
}

static void read_id(struct reader *r, struct id *out)
{
    read_into(r, out->bytes, ID_SIZE);
}

static struct record_reader open_record(struct bytes record, const struct cases_names *names,
                                        uint8_t newest_form)
{
    struct record_reader rr = {
        .r = reader_of(record.data, record.size), .names = names, .status = ST_OK};

    rr.form = read_u8(&rr.r);
    if (rr.form == 0 || rr.form > newest_form)
        rr.r.failed = true;
    return rr;
}

static enum status close_record(const struct record_reader *rr, bool is_sound)
{
    if (rr->status != ST_OK)
        return rr->status;
    return reader_done(&rr->r) && is_sound ? ST_OK : ST_INVALID;
}

static bool key_is_id(struct bytes key, struct id *out)
{
    struct reader r = reader_of(key.data, key.size);

    read_id(&r, out);
    return reader_done(&r) && !id_is_zero(out);
}

/* ---- cases: holder | u64 version, handed | closed | former holders | i64 changed | opened by | is
 * one open: transfer
 *
 * transfer: id | to | u32 count, offered, accepted, rejected | manifest | i64 reply by | u8 offered
 * again: u8 component | u64 event each */

static void write_again(const struct case_held *held, struct writer *w)
{
    uint8_t count = 0;

    for (uint32_t i = 0; held->again && i < COMPONENTS_MAX; i++)
        if (held->again[i] != 0)
            count++;
    write_u8(w, count);
    for (uint32_t i = 0; held->again && i < COMPONENTS_MAX; i++) {
        if (held->again[i] == 0)
            continue;
        write_u8(w, (uint8_t)i);
        write_u64(w, held->again[i]);
    }
}

void case_write(const struct case_held *held, const struct cases_names *names, struct writer *w)
{
    const struct custody *c = &held->custody;
    const struct transfer *t = &c->transfer;

    write_u8(w, CASE_FORM);
    write_name(w, names, c->holder);
    write_u64(w, c->version);
    write_u64(w, c->handed);
    write_u8(w, c->is_closed);
    for (size_t i = 0; i < CUSTODY_FORMER_MAX; i++)
        write_name(w, names, c->former[i]);
    write_u64(w, (uint64_t)held->changed_ms);
    write_name(w, names, held->opened_by);
    write_u8(w, t->to != 0);
    if (t->to == 0)
        return;
    write_bytes(w, t->id.bytes, ID_SIZE);
    write_name(w, names, t->to);
    write_u32(w, t->count);
    write_u32(w, t->offered);
    write_u32(w, t->accepted);
    write_u32(w, t->rejected);
    write_bytes(w, t->manifest.bytes, DIGEST_SIZE);
    write_u64(w, (uint64_t)t->reply_by_ms);
    write_again(held, w);
}

static void read_transfer(struct record_reader *rr, struct transfer *t)
{
    read_id(&rr->r, &t->id);
    t->to = read_name(rr);
    t->count = read_u32(&rr->r);
    t->offered = read_u32(&rr->r);
    t->accepted = read_u32(&rr->r);
    t->rejected = read_u32(&rr->r);
    read_into(&rr->r, t->manifest.bytes, DIGEST_SIZE);
    t->reply_by_ms = (int64_t)read_u64(&rr->r);
}

/* In order of component. */
static bool read_again(struct record_reader *rr, uint32_t count,
                       uint64_t again[static COMPONENTS_MAX], bool *any)
{
    uint8_t listed = read_u8(&rr->r);
    int last = -1;

    for (uint8_t i = 0; i < listed && !rr->r.failed; i++) {
        uint8_t at = read_u8(&rr->r);
        uint64_t sequence = read_u64(&rr->r);

        if (at <= last || at >= count || at >= COMPONENTS_MAX || sequence == 0)
            return false;
        again[at] = sequence;
        last = at;
    }
    *any = listed > 0;
    return true;
}

/* Of a record of form 1, which does not say it: whom it was with first, as far as is remembered. */
static uint32_t oldest_holder(const struct custody *c)
{
    uint32_t oldest = c->holder;

    for (size_t i = 0; i < CUSTODY_FORMER_MAX; i++)
        if (c->former[i] != 0)
            oldest = c->former[i];
    return oldest;
}

static bool case_is_sound(const struct case_held *held)
{
    const struct custody *c = &held->custody;

    return c->version > 0 && (c->holder == 0) == c->is_closed && c->handed > 0
        && c->handed <= c->version && held->opened_by != 0;
}

static bool transfer_is_sound(const struct custody *c)
{
    const struct transfer *t = &c->transfer;
    uint32_t spoken = t->offered | t->accepted | t->rejected;

    return c->holder != 0 && t->to != 0 && t->to != c->holder && !id_is_zero(&t->id)
        && t->count >= 1 && t->count <= COMPONENTS_MAX
        && (t->count == 32 || spoken >> t->count == 0) && (t->offered & t->accepted) == 0
        && (t->offered & t->rejected) == 0 && (t->accepted & t->rejected) == 0;
}

enum status case_read(struct bytes key, struct bytes record, const struct cases_names *names,
                      struct case_held *out)
{
    struct record_reader rr = open_record(record, names, CASE_FORM);
    struct case_held held = {0};
    struct custody *c = &held.custody;
    uint64_t again[COMPONENTS_MAX] = {0};
    bool is_sound = true, any_again = false;

    c->holder = read_name(&rr);
    c->version = read_u64(&rr.r);
    c->handed = rr.form >= 2 ? read_u64(&rr.r) : c->version;
    c->is_closed = read_flag(&rr.r);
    for (size_t i = 0; i < CUSTODY_FORMER_MAX; i++)
        c->former[i] = read_name(&rr);
    held.changed_ms = (int64_t)read_u64(&rr.r);
    held.opened_by = rr.form >= 2 ? read_name(&rr) : oldest_holder(c);
    bool has_transfer = read_flag(&rr.r);
    if (has_transfer) {
        read_transfer(&rr, &c->transfer);
        is_sound = rr.form < 2 || read_again(&rr, c->transfer.count, again, &any_again);
    }
    enum status status =
        close_record(&rr, is_sound && key_is_id(key, &held.handle) && case_is_sound(&held)
                              && (!has_transfer || transfer_is_sound(c)));
    if (status == ST_OK && any_again) {
        held.again = calloc(COMPONENTS_MAX, sizeof *held.again);
        if (!held.again)
            return ST_NOMEM;
        memcpy(held.again, again, sizeof again);
    }
    if (status == ST_OK)
        *out = held;
    return status;
}

/* ---- conversations: case | type | u8 state | asker, other, before | u8 bits | u32 next of asker,
 * of other | u64 answered in, ended in, second in | i64 changed | u64 first | i64 silent, u64 told
 * | u8 senders held of, their names | u8 held: u64 message | u8 sender | u32 sequence | u8 what
 * each */

enum {
    BIT_BEFORE_WAS_OTHER = 1,
    BIT_ACKNOWLEDGED = 2,
    BIT_ANSWERED = 4,
    BIT_ENDED_WITH_CASE = 8,
    BITS_ALL = 15
};

/* Who sent what is held, each once. */
static uint8_t senders_of(const struct conversation_kept *kept,
                          uint32_t senders[static HELD_SENDERS_MAX])
{
    uint8_t count = 0;

    for (uint32_t i = 0; i < kept->held_count; i++) {
        uint8_t at = 0;
        while (at < count && senders[at] != kept->held[i].from)
            at++;
        if (at < count)
            continue;
        assert(count < HELD_SENDERS_MAX);
        senders[count++] = kept->held[i].from;
    }
    return count;
}

static void write_held(const struct conversation_kept *kept, const struct cases_names *names,
                       struct writer *w)
{
    uint32_t senders[HELD_SENDERS_MAX];
    uint8_t count = senders_of(kept, senders);

    write_u8(w, count);
    for (uint8_t i = 0; i < count; i++)
        write_name(w, names, senders[i]);
    write_u8(w, (uint8_t)kept->held_count);
    for (uint32_t i = 0; i < kept->held_count; i++) {
        uint8_t at = 0;
        while (senders[at] != kept->held[i].from)
            at++;
        write_u64(w, kept->held[i].message);
        write_u8(w, at);
        write_u32(w, kept->held[i].sequence);
        write_u8(w, (uint8_t)kept->held[i].what);
    }
}

void conversation_write(const struct conversation_kept *kept, const struct cases_names *names,
                        struct writer *w)
{
    const struct conversation *c = &kept->conversation;

    write_u8(w, CONVERSATION_FORM);
    write_bytes(w, c->case_handle.bytes, ID_SIZE);
    write_text(w, c->opened->name);
    write_u8(w, (uint8_t)c->state);
    write_name(w, names, c->asker);
    write_name(w, names, c->other);
    write_name(w, names, c->before);
    write_u8(w,
             (uint8_t)((c->before_was_other ? BIT_BEFORE_WAS_OTHER : 0)
                       | (c->acknowledged ? BIT_ACKNOWLEDGED : 0) | (c->answered ? BIT_ANSWERED : 0)
                       | (c->ended_with_case ? BIT_ENDED_WITH_CASE : 0)));
    write_u32(w, c->next_of_asker);
    write_u32(w, c->next_of_other);
    write_u64(w, c->answered_in);
    write_u64(w, c->ended_in);
    write_u64(w, c->second_in);
    write_u64(w, (uint64_t)c->changed_ms);
    write_u64(w, kept->first);
    write_u64(w, (uint64_t)kept->silent_ms);
    write_u64(w, kept->silent_told);
    write_held(kept, names, w);
}

static bool read_held(struct record_reader *rr, struct held held[static HELD_ALL_MAX],
                      uint32_t *count)
{
    uint32_t senders[HELD_SENDERS_MAX] = {0};
    uint8_t sender_count = read_u8(&rr->r), known = 0;
    bool is_sound = sender_count <= HELD_SENDERS_MAX;

    for (uint8_t i = 0; is_sound && i < sender_count; i++) {
        senders[i] = read_name(rr);
        is_sound = senders[i] != 0;
        for (uint8_t j = 0; j < i; j++)
            is_sound = is_sound && senders[i] != senders[j];
    }
    *count = read_u8(&rr->r);
    is_sound = is_sound && *count <= HELD_ALL_MAX;
    for (uint32_t i = 0; is_sound && i < *count; i++) {
        held[i].message = read_u64(&rr->r);
        uint8_t at = read_u8(&rr->r);
        held[i].sequence = read_u32(&rr->r);
        held[i].what = (enum held_what)read_u8(&rr->r);
        /* Senders stand in the order in which they come up. */
        is_sound = at < sender_count && at <= known && held[i].message > 0
                && held[i].what < HELD_WHAT_END
                && (i == 0 || held[i - 1].message < held[i].message);
        held[i].from = is_sound ? senders[at] : 0;
        if (at == known)
            known++;
    }
    return is_sound && known == sender_count;
}

enum status conversation_read(struct bytes key, struct bytes record,
                              const struct cases_names *names, struct conversation_kept *out)
{
    struct record_reader rr = open_record(record, names, CONVERSATION_FORM);
    struct conversation_kept kept = {0};
    struct conversation *c = &kept.conversation;
    struct held held[HELD_ALL_MAX];
    char type[TYPE_MAX + 1] = "";

    read_id(&rr.r, &c->case_handle);
    read_text(&rr.r, type, sizeof type);
    c->opened = catalogue_find(type);
    uint8_t state = read_u8(&rr.r);
    c->asker = read_name(&rr);
    c->other = read_name(&rr);
    c->before = read_name(&rr);
    uint8_t bits = read_u8(&rr.r);
    c->next_of_asker = read_u32(&rr.r);
    c->next_of_other = read_u32(&rr.r);
    if (rr.form >= 2) {
        c->answered_in = read_u64(&rr.r);
        c->ended_in = read_u64(&rr.r);
    }
    if (rr.form >= 4)
        c->second_in = read_u64(&rr.r);
    c->changed_ms = (int64_t)read_u64(&rr.r);
    kept.first = read_u64(&rr.r);
    if (rr.form >= 3) {
        kept.silent_ms = (int64_t)read_u64(&rr.r);
        kept.silent_told = read_u64(&rr.r);
    }
    bool is_sound = read_held(&rr, held, &kept.held_count);
    enum status status =
        close_record(&rr, is_sound && key_is_id(key, &c->id) && c->opened
                              && state >= CONVERSATION_OPEN && state <= CONVERSATION_CLOSED
                              && c->asker != 0 && c->other != 0 && bits <= BITS_ALL);
    if (status != ST_OK)
        return status;
    c->state = (enum conversation_state)state;
    c->before_was_other = (bits & BIT_BEFORE_WAS_OTHER) != 0;
    c->acknowledged = (bits & BIT_ACKNOWLEDGED) != 0;
    c->answered = (bits & BIT_ANSWERED) != 0;
    if (rr.form == 1) {
        c->answered_in = c->answered ? CONVERSATION_BY_ANY : 0;
        c->ended_in = c->state == CONVERSATION_CLOSED ? CONVERSATION_BY_ANY : 0;
    }
    c->ended_with_case = (bits & BIT_ENDED_WITH_CASE) != 0;
    if (kept.held_count > 0) {
        kept.held = calloc(HELD_ALL_MAX, sizeof *kept.held);
        if (!kept.held)
            return ST_NOMEM;
        memcpy(kept.held, held, kept.held_count * sizeof *held);
    }
    *out = kept;
    return ST_OK;
}

/* ---- clocks: u8 kind, stage | u32 count | i64 started, due, next, needed | u32 minutes | working
 * | u8 calendar, rungs | message, conversation, case | u64 message's sequence, met by | type,
 * expected | owed by, to | u64 told by, to | agreement: id, u32 version, clause, hash */

void clock_write(const struct clock_running *running, const struct cases_names *names,
                 struct writer *w)
{
    const struct clock *c = &running->clock;

    write_u8(w, CLOCK_FORM);
    write_u8(w, (uint8_t)c->kind);
    write_u8(w, (uint8_t)c->stage);
    write_u32(w, c->count);
    write_u64(w, (uint64_t)c->started_ms);
    write_u64(w, (uint64_t)c->due_ms);
    write_u64(w, (uint64_t)c->next_ms);
    write_u64(w, (uint64_t)c->needed_by_ms);
    write_u32(w, c->span.minutes);
    write_u8(w, c->span.working);
    write_u8(w, (uint8_t)c->calendar);
    write_u8(w, c->rungs);
    write_bytes(w, running->message.bytes, ID_SIZE);
    write_bytes(w, running->conversation.bytes, ID_SIZE);
    write_bytes(w, running->case_handle.bytes, ID_SIZE);
    write_u64(w, running->message_sequence);
    write_u64(w, running->met_by);
    write_text(w, running->type);
    write_text(w, running->expected);
    write_name(w, names, running->owed_by);
    write_name(w, names, running->owed_to);
    write_u64(w, running->told_by);
    write_u64(w, running->told_to);
    write_text(w, running->agreement_id);
    write_u32(w, running->agreement_version);
    write_text(w, running->clause);
    write_bytes(w, running->agreement_hash.bytes, DIGEST_SIZE);
}

static bool read_clock(struct reader *r, struct clock *c)
{
    uint8_t kind = read_u8(r), stage = read_u8(r), calendar;

    c->count = read_u32(r);
    c->started_ms = (int64_t)read_u64(r);
    c->due_ms = (int64_t)read_u64(r);
    c->next_ms = (int64_t)read_u64(r);
    c->needed_by_ms = (int64_t)read_u64(r);
    c->span.minutes = read_u32(r);
    c->span.working = read_flag(r);
    calendar = read_u8(r);
    c->rungs = read_u8(r);
    c->kind = (Concordat__ClockKind)kind;
    c->stage = (Concordat__ClockStage)stage;
    c->calendar = (enum calendar)calendar;
    return kind > 0
        && protobuf_c_enum_descriptor_get_value(&concordat__clock_kind__descriptor, kind)
        && protobuf_c_enum_descriptor_get_value(&concordat__clock_stage__descriptor, stage)
        && calendar <= CALENDAR_ALWAYS && c->rungs <= RUNGS_MAX;
}

enum status clock_read(struct bytes key, struct bytes record, const struct cases_names *names,
                       struct clock_running *out)
{
    struct record_reader rr = open_record(record, names, CLOCK_FORM);
    struct reader k = reader_of(key.data, key.size);
    struct clock_running running = {.number = read_u64(&k)};
    bool is_sound = reader_done(&k) && running.number > 0 && read_clock(&rr.r, &running.clock);

    read_id(&rr.r, &running.message);
    read_id(&rr.r, &running.conversation);
    read_id(&rr.r, &running.case_handle);
    running.message_sequence = read_u64(&rr.r);
    running.met_by = read_u64(&rr.r);
    read_text(&rr.r, running.type, sizeof running.type);
    read_text(&rr.r, running.expected, sizeof running.expected);
    running.owed_by = read_name(&rr);
    running.owed_to = read_name(&rr);
    if (rr.form >= 2) {
        running.told_by = read_u64(&rr.r);
        running.told_to = read_u64(&rr.r);
    }
    read_text(&rr.r, running.agreement_id, sizeof running.agreement_id);
    running.agreement_version = read_u32(&rr.r);
    read_text(&rr.r, running.clause, sizeof running.clause);
    read_into(&rr.r, running.agreement_hash.bytes, DIGEST_SIZE);
    enum status status = close_record(&rr, is_sound);
    if (status == ST_OK)
        *out = running;
    return status;
}
