/*
 * forward.c - answers that came for the holder of a case that we were when we asked: sealed again
 * to who holds it now. See desk_inside.h.
 *
 *     answer in an old conversation of ours -> TREE_FORWARD -> case.late_answer -> delivered: gone
 *                                               ^   | no clause, no key, refused, rejected,
 * withheld
 *                                               +---+ waits, where `concordat due' shows it
 *
 * The message's id follows from the answer's, so that no crash sends two; where one has come to
 * nothing, from the count of tries too. It is tried again when the gazette brings something, the
 * broker tells of another holder, or the session is new. Who holds the case is asked then and every
 * LOOK_MS: who held it before that is not told that it moves on.
 */
#include <string.h>

#include "agents/desk_inside.h"
#include "agents/sections.h"
#include "agreements/clock.h"
#include "lib/text.h"
#include "proto/field.h"

#define FORWARD_VERSION 1
#define FORWARD_MAX 256      /* bytes of a record */
#define FORWARDS_A_TURN 32   /* each is sealed */
#define LOOK_MS 30000        /* how often to look after those that have gone */
#define FIRST_SECTION_TAG 11 /* of LateAnswer */
#define LAST_SECTION_TAG 30

/* One that waits. */
struct forward {
    struct id answer; /* key of its track */
    uint32_t tries;   /* that have come to nothing */
    bool sent;
    uint32_t code; /* why it waits: a refusal; 0: as `sent' says */
    int64_t since_ms;
    char to[AGENCY_MAX + 1]; /* who holds it, as far as was known at the last try */
};

/* ---- records ---- */

static void put(struct desk *desk, const struct forward *f)
{
    uint8_t record[FORWARD_MAX];
    struct writer w = writer_of(record, sizeof record);

    write_u8(&w, FORWARD_VERSION);
    write_u32(&w, f->tries);
    write_u8(&w, f->sent);
    write_u32(&w, f->code);
    write_u64(&w, (uint64_t)f->since_ms);
    write_prefixed_text(&w, f->to);
    (void)desk_ok(desk, store_put(desk->txn, TREE_FORWARD, (struct bytes){f->answer.bytes, ID_SIZE},
                                  (struct bytes){record, w.size}));
}

static bool read_forward(struct bytes key, struct bytes value, struct forward *f)
{
    struct reader r = reader_of(value.data, value.size);

    *f = (struct forward){0};
    if (!read_id(key, &f->answer) || read_u8(&r) != FORWARD_VERSION)
        return false;
    f->tries = read_u32(&r);
    f->sent = read_u8(&r) != 0;
    f->code = read_u32(&r);
    f->since_ms = (int64_t)read_u64(&r);
    read_prefixed_text(&r, f->to, sizeof f->to);
    return reader_done(&r);
}

static void drop(struct desk *desk, const struct forward *f)
{
    (void)desk_ok(desk,
                  store_delete(desk->txn, TREE_FORWARD, (struct bytes){f->answer.bytes, ID_SIZE}));
}

bool desk_is_to_forward(struct desk *desk, const struct id *answer)
{
    struct bytes value;
    enum status status =
        store_get(desk->txn, TREE_FORWARD, (struct bytes){answer->bytes, ID_SIZE}, &value);

    return status != ST_MORE && desk_ok(desk, status);
}

void desk_forward_answer(struct desk *desk, const struct track *answer)
{
    struct forward f = {.answer = answer->key, .since_ms = desk->wall_ms};

    if (desk_is_to_forward(desk, &answer->key) || desk->failed != ST_OK)
        return; /* it is on its way already */
    put(desk, &f);
    desk->forward_due = true;
}

/* ---- the message ---- */

static struct id late_id(const struct desk *desk, const struct forward *f, int64_t answered_ms)
{
    static const uint8_t what[] = "concordat late answer 1";
    const uint8_t tries[] = {(uint8_t)(f->tries >> 24), (uint8_t)(f->tries >> 16),
                             (uint8_t)(f->tries >> 8), (uint8_t)f->tries};
    const struct bytes parts[] = {
        {what, sizeof what},
        {(const uint8_t *)desk->setup.agency, strlen(desk->setup.agency) + 1},
        {f->answer.bytes, ID_SIZE},
        {tries, sizeof tries},
    };
    const struct digest digest = sha256_parts(parts, sizeof parts / sizeof *parts);

    return id_from_random(digest.bytes, answered_ms);
}

static uint32_t tag_of(const struct message_type *late, uint32_t category)
{
    for (uint32_t tag = FIRST_SECTION_TAG; tag <= LAST_SECTION_TAG; tag++)
        if (category_of_field(late->body, tag) == category)
            return tag;
    return 0;
}

/* The answer's fields of one category. */
static void add_section(const struct message_type *answered, struct bytes body, uint32_t tag,
                        uint32_t category, struct writer *w)
{
    struct reader r = reader_of(body.data, body.size);
    size_t at = field_begin(w, tag);
    struct field field;

    while (next_field(&r, &field))
        if (category_of_field(answered->body, field.tag) == category)
            write_bytes(w, field.whole.data, field.whole.size);
    field_end(w, at);
}

/* Who answered, and the salt that goes with it, is between those two: it is not passed on. NULL
 * data: memory is out. */
static struct bytes leave_out_officer(struct desk *desk, struct bytes body)
{
    struct reader r = reader_of(body.data, body.size);
    uint8_t *bytes = arena_take(desk->body_arena, body.size + 1);
    struct writer w = writer_of(bytes, body.size);
    struct field field;

    while (bytes && next_field(&r, &field))
        if (field.tag != ON_BEHALF_OF)
            write_bytes(&w, field.whole.data, field.whole.size);
    return (struct bytes){bytes, w.size};
}

/* ST_INVALID: a category of the answer has no place in a late answer. */
static enum status make_body(struct desk *desk, const struct message_type *late,
                             const struct track *answer, const struct track *asked,
                             struct bytes body, struct bytes *out)
{
    const struct message_type *answered = catalogue_find(answer->type);
    const size_t room = body.size + 1024 + (size_t)SECTIONS_MAX * 16;
    uint8_t *bytes = arena_take(desk->body_arena, room);
    struct writer w = writer_of(bytes, room);
    struct sections sections;

    body = leave_out_officer(desk, body);
    if (!bytes || !body.data)
        return ST_NOMEM;
    if (!answered || sections_of(answered, body, &sections) != ST_OK)
        return ST_INVALID;
    field_id(&w, 1, &answer->message_id);
    field_text(&w, 2, answer->type);
    field_id(&w, 3, &asked->message_id);
    field_text(&w, 4, answer->from);
    field_number(&w, 5, (uint64_t)track_find(answer, RUNG_ACCEPTED)->at_ms);
    for (uint32_t tag = FIRST_SECTION_TAG; tag <= LAST_SECTION_TAG; tag++) {
        const uint32_t category = category_of_field(late->body, tag);

        if (category != 0 && tag_of(late, category) == tag && (sections.categories >> category & 1))
            add_section(answered, body, tag, category, &w);
    }
    for (uint32_t category = 1; category <= SECTIONS_MAX; category++)
        if ((sections.categories >> category & 1) && tag_of(late, category) == 0)
            return ST_INVALID;
    *out = (struct bytes){bytes, w.size};
    return w.failed ? ST_LIMIT : ST_OK;
}

static void fill_track(const struct desk *desk, const struct message_type *late,
                       const struct forward *f, const struct track *answer,
                       const struct track *asked, struct track *t)
{
    t->way = WAY_OUT;
    t->message_id = t->key = late_id(desk, f, track_find(answer, RUNG_ACCEPTED)->at_ms);
    t->share_id = id_random();
    t->case_handle = asked->case_handle;
    t->conversation_id = asked->conversation_id;
    t->in_reply_to = asked->message_id;
    t->urgency = late->urgency;
    t->marking = answer->marking > late->marking ? answer->marking : late->marking;
    t->schema_version = late->schema_version;
    t->created_ms = desk->wall_ms;
    TEXT_COPY(t->from, desk->setup.agency);
    TEXT_COPY(t->to, f->to);
    TEXT_COPY(t->type, late->name);
}

/* Why it cannot go; 0: it goes, sealed or waiting for a key. */
static Concordat__RefusalCode send(struct desk *desk, const struct forward *f,
                                   const struct track *answer, const struct track *asked)
{
    struct draft draft = {.type = catalogue_find(LATE_ANSWER), .in_reply = true};
    struct bytes stored;
    struct question question;
    struct decision decision;
    enum status status = inbox_get(desk->txn, &answer->key, &stored);

    arena_reset(desk->body_arena, true);
    if (status == ST_OK)
        status = make_body(desk, draft.type, answer, asked, stored, &draft.body);
    if (status == ST_MORE || status == ST_INVALID)
        return CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED;
    if (status == ST_LIMIT)
        return CONCORDAT__REFUSAL_CODE__TOO_LARGE;
    if (!desk_ok(desk, status))
        return CONCORDAT__REFUSAL_CODE__TOO_LARGE;
    fill_track(desk, draft.type, f, answer, asked, &draft.track);
    draft.track.shared = body_categories(draft.type, draft.body);
    if (!desk_ok(desk, desk_judge(desk, &draft, &question, &decision)))
        return CONCORDAT__REFUSAL_CODE__NO_AGREEMENT;
    if (!decision.permitted)
        return decision.code;
    if (!desk_post(desk, &draft, 0, &decision, &question))
        return CONCORDAT__REFUSAL_CODE__TOO_LARGE;
    desk->sent++;
    return CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
}

/* ---- those that wait ---- */

/* Who holds it, as we know it: what we were told of the case, else of the conversation. */
static bool find_holder(struct desk *desk, const struct track *asked,
                        char to[static AGENCY_MAX + 1])
{
    const struct holding holding = desk_holding(desk, &asked->case_handle);
    struct talk talk;

    if (holding.holder[0])
        memcpy(to, holding.holder, AGENCY_MAX + 1);
    else if (desk_find_talk(desk, &asked->conversation_id, &talk))
        memcpy(to, talk.holder, AGENCY_MAX + 1);
    else
        return false;
    return to[0] != '\0' && strcmp(to, desk->setup.agency) != 0;
}

/* What has become of the message. False: there is none. */
static bool find_late(struct desk *desk, const struct forward *f, const struct track *answer,
                      struct track *out)
{
    const struct id id = late_id(desk, f, track_find(answer, RUNG_ACCEPTED)->at_ms);
    enum status status = track_get(desk->txn, WAY_OUT, &id, out);

    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
        return false;
    return desk_ok(desk, track_follow(desk->txn, out));
}

/* Why it has not arrived, and will not. The broker undoes what it has accepted. NULL: it may. */
static const struct rung *find_failure(const struct track *late)
{
    const struct rung *rung = track_refusal(late);

    if (!rung)
        rung = track_find(late, RUNG_REJECTED);
    return rung ? rung : track_find(late, RUNG_WITHHELD);
}

/* It may go again, under another id. */
static void on_failure(struct desk *desk, struct forward *f, const struct rung *rung,
                       const struct track *asked)
{
    f->sent = false;
    f->code = rung->code;
    f->tries++;
    if (rung->code == CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN
        || rung->code == CONCORDAT__REFUSAL_CODE__CASE_NOT_YOURS)
        (void)desk_ask_case(desk, &asked->case_handle);
}

/* What was asked. The question itself may be an earlier holder's, and its record is not here then.
 */
static struct track asked_by(struct desk *desk, const struct track *answer)
{
    struct track asked = {.message_id = answer->in_reply_to,
                          .conversation_id = answer->conversation_id,
                          .case_handle = answer->case_handle};
    struct talk talk;

    if (id_is_zero(&asked.message_id))
        asked.message_id = answer->conversation_id; /* its first message has its id */
    if (id_is_zero(&asked.case_handle) && desk_find_talk(desk, &asked.conversation_id, &talk))
        asked.case_handle = talk.rules.case_handle;
    return asked;
}

/* Not sealed yet, and to one who holds the case no more. */
static bool is_misaddressed(struct desk *desk, const struct track *late, const struct track *asked)
{
    static const struct digest unsealed = {{0}};
    char to[AGENCY_MAX + 1];

    return digest_equal(&late->header_digest, &unsealed)
        && (!find_holder(desk, asked, to) || strcmp(to, late->to) != 0);
}

/* The answer comes as custody_told does. */
static void ask_holder(struct desk *desk, const struct track *asked)
{
    const struct case_question *slot =
        &desk->case_questions[desk->next_case_request % CASE_QUESTIONS_MAX];

    if (!id_is_zero(&asked->case_handle) && slot->request == 0)
        (void)desk_ask_case(desk, &asked->case_handle);
}

/* `ask': who holds the case. */
static void settle(struct desk *desk, struct forward *f, bool try, bool ask)
{
    const struct forward before = *f;
    struct track answer, asked, late;
    enum status status = track_get(desk->txn, WAY_IN, &f->answer, &answer);

    if (status != ST_OK || !track_find(&answer, RUNG_ACCEPTED)) {
        if (status == ST_OK || status == ST_MORE || status == ST_INVALID) {
            log_event(LOG_ERROR, "late_answer_lost", "what=\"its record is gone or damaged\"");
            drop(desk, f);
        } else {
            (void)desk_ok(desk, status);
        }
        return;
    }
    asked = asked_by(desk, &answer);
    if (f->sent && find_late(desk, f, &answer, &late)) {
        const struct rung *failure = find_failure(&late);

        if (track_find(&late, RUNG_DELIVERED)) {
            drop(desk, f);
            return;
        }
        if (ask)
            ask_holder(desk, &asked);
        ask = false;
        if (!failure && is_misaddressed(desk, &late, &asked)) {
            desk_refuse_here(desk, &late, CONCORDAT__REFUSAL_CODE__CASE_NOT_YOURS, 0);
            failure = find_failure(&late);
        }
        if (!failure)
            return;
        on_failure(desk, f, failure, &asked);
        if (strcmp(late.to, f->to) == 0)
            try = false; /* the same again would be refused again */
    }
    if (!find_holder(desk, &asked, f->to)) {
        drop(desk, f); /* it is ours again, or closed: the answer lies in our inbox */
        return;
    }
    if (ask)
        ask_holder(desk, &asked);
    if (!f->sent && (try || strcmp(before.to, f->to) != 0)) {
        f->code = send(desk, f, &answer, &asked);
        f->sent = f->code == 0;
    }
    if (memcmp(&before, f, sizeof before) != 0)
        put(desk, f);
}

/* Those that are there, FORWARDS_A_TURN at most, from `after' on. */
static size_t gather(struct desk *desk, struct id *after,
                     struct forward list[static FORWARDS_A_TURN])
{
    struct bytes key, value;
    struct walk *walk;
    size_t count = 0;
    enum status status =
        walk_open(desk->txn, TREE_FORWARD,
                  (struct bytes){after->bytes, id_is_zero(after) ? 0 : ID_SIZE}, &walk);

    if (!desk_ok(desk, status))
        return 0;
    while (count < FORWARDS_A_TURN && (status = walk_next(walk, &key, &value)) == ST_OK)
        if (read_forward(key, value, &list[count]))
            count++;
    walk_close(walk);
    if (status != ST_MORE)
        (void)desk_ok(desk, status);
    return count;
}

void desk_forward(struct desk *desk)
{
    struct forward list[FORWARDS_A_TURN];
    const bool try = desk->forward_due, ask = desk->now_ms >= desk->forward_at_ms;
    size_t count;

    if (desk->failed != ST_OK || (!try && !ask))
        return;
    desk->forward_at_ms = desk->now_ms + LOOK_MS;
    desk->forward_due = false;
    count = gather(desk, &desk->forward_from, list);
    for (size_t i = 0; i < count; i++)
        settle(desk, &list[i], try, ask);
    desk->forward_from = (struct id){{0}};
    if (count == FORWARDS_A_TURN) {
        desk->forward_from = list[count - 1].answer; /* that one again: no harm */
        desk->forward_due = try;
        if (ask)
            desk->forward_at_ms = desk->now_ms;
    }
}

/* ---- shown ---- */

static const char *note_of(const struct forward *f)
{
    if (f->sent)
        return "it waits for the holder's sealing key, or has not arrived there yet";
    return f->code ? refusal_advice((Concordat__RefusalCode)f->code) : "not tried yet";
}

static char *copy_text(struct desk *desk, const char *text)
{
    char *copy = arena_take(desk->request_arena, strlen(text) + 1);

    return copy ? memcpy(copy, text, strlen(text) + 1) : (char *)(uintptr_t) "";
}

static int64_t due_of(const struct desk *desk, const struct forward *f)
{
    const struct span span = {.minutes = FORWARD_MINUTES, .working = true};

    return calendar_add(desk_calendar(desk), CALENDAR_ENGLAND_AND_WALES, f->since_ms, &span);
}

static Concordat__Due *show(struct desk *desk, const struct forward *f, int64_t due_ms)
{
    Concordat__Due *to = arena_take(desk->request_arena, sizeof *to);
    struct track *answer = arena_take(desk->request_arena, sizeof *answer);

    if (!to || !answer || track_get(desk->txn, WAY_IN, &f->answer, answer) != ST_OK)
        return NULL;
    concordat__due__init(to);
    to->due_ms = due_ms;
    to->what = (char *)(uintptr_t) "forward";
    to->by_us = true;
    to->other = copy_text(desk, f->to);
    to->type = answer->type;
    to->expected = (char *)(uintptr_t)LATE_ANSWER;
    to->message_id = (ProtobufCBinaryData){.len = ID_SIZE, .data = answer->message_id.bytes};
    if (!id_is_zero(&answer->case_handle))
        to->case_handle = (ProtobufCBinaryData){.len = ID_SIZE, .data = answer->case_handle.bytes};
    to->overdue = to->due_ms < desk->wall_ms;
    to->note = (char *)(uintptr_t)note_of(f);
    return to;
}

/* The `*count' that stand there are in order, and stay so; of more than `most' the last goes. */
static void put_in(Concordat__Due **list, size_t *count, size_t most, Concordat__Due *one)
{
    size_t at = *count < most ? (*count)++ : most - 1;

    for (; at > 0 && list[at - 1]->due_ms > one->due_ms; at--)
        list[at] = list[at - 1];
    list[at] = one;
}

void desk_list_forwards(struct desk *desk, Concordat__Due **list, size_t *count, size_t most)
{
    struct bytes key, value;
    struct walk *walk;
    enum status status = walk_open(desk->txn, TREE_FORWARD, (struct bytes){NULL, 0}, &walk);

    if (!desk_ok(desk, status))
        return;
    while ((status = walk_next(walk, &key, &value)) == ST_OK) {
        Concordat__Due *one;
        struct forward f;
        int64_t due_ms;

        if (!read_forward(key, value, &f))
            continue;
        due_ms = due_of(desk, &f);
        if (*count == most && due_ms >= list[most - 1]->due_ms)
            continue;
        one = show(desk, &f, due_ms);
        if (one)
            put_in(list, count, most, one);
    }
    walk_close(walk);
    (void)(status == ST_MORE || desk_ok(desk, status));
}
