/*
 * case_told.c - what the broker says of a case: evidence for who has part in it, and answers.
 *
 * Each agency hears of its own conversations alone, and of a transfer only who gives or is offered
 * it. Source: docs/custody.md.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"
#include "proto/told.h"

#define LANE_TOLD 1 /* same day */

static const char *name_of(const struct exchange *x, uint32_t agency)
{
    return agency > 0 ? directory_name(x->directory, agency - 1) : "";
}

static bool has_part(const struct conversation *c, uint32_t agency)
{
    return agency == c->asker || agency == c->other || agency == c->before;
}

/* What its first message still waits for, the soonest: who takes the case over cannot know. */
static void add_due(const struct exchange *x, struct told_conversation *out)
{
    const struct clock_running *running;
    uint32_t at = 0;

    while ((running = clocks_next(x->clocks, CLOCKS_BY_CONVERSATION, &out->id, &at))) {
        const Concordat__ClockKind kind = running->clock.kind;

        if ((kind != CONCORDAT__CLOCK_KIND__CLOCK_ACKNOWLEDGE
             && kind != CONCORDAT__CLOCK_KIND__CLOCK_DECIDE
             && kind != CONCORDAT__CLOCK_KIND__CLOCK_ANSWER)
            || !id_equal(&running->message, &out->id)
            || (out->due_ms != 0 && out->due_ms <= running->clock.due_ms))
            continue;
        out->due = kind;
        out->due_ms = running->clock.due_ms;
    }
}

/* Is it told with a case that has moved? */
static bool goes_along(const struct clock_running *running, uint32_t agency)
{
    return running->met_by == 0 && running->owed_by != 0 && running->owed_to != 0
        && (agency == running->owed_by || agency == running->owed_to);
}

/* Is it of the conversation's first message, which may be no message of the holder's own? */
static bool is_of_first(const struct clock_running *running)
{
    const Concordat__ClockKind kind = running->clock.kind;

    return id_equal(&running->message, &running->conversation)
        && (kind == CONCORDAT__CLOCK_KIND__CLOCK_ACKNOWLEDGE
            || kind == CONCORDAT__CLOCK_KIND__CLOCK_DECIDE
            || kind == CONCORDAT__CLOCK_KIND__CLOCK_ANSWER
            || kind == CONCORDAT__CLOCK_KIND__CLOCK_CLOSE
            || kind == CONCORDAT__CLOCK_KIND__CLOCK_OPEN);
}

static struct told_due due_of(const struct exchange *x, const struct clock_running *running)
{
    struct told_due due = {.kind = running->clock.kind,
                           .message_id = running->message,
                           .conversation_id = running->conversation,
                           .due_ms = running->clock.due_ms,
                           .is_shared = running->message_sequence == 0};

    TEXT_COPY(due.type, running->type);
    TEXT_COPY(due.expected, running->expected);
    TEXT_COPY(due.owed_by, name_of(x, running->owed_by));
    TEXT_COPY(due.owed_to, name_of(x, running->owed_to));
    TEXT_COPY(due.role, exchange_role_of(x, running, 0));
    return due;
}

/* The soonest, in order. */
static void put_due(const struct exchange *x, const struct clock_running *running, uint32_t most,
                    struct custody_told *c)
{
    const int64_t due_ms = running->clock.due_ms;
    uint32_t to = c->due_count;

    if (to == most && c->due[to - 1].due_ms <= due_ms)
        return;
    if (to == most)
        to--;
    else
        c->due_count++;
    for (; to > 0 && c->due[to - 1].due_ms > due_ms; to--)
        c->due[to] = c->due[to - 1];
    c->due[to] = due_of(x, running);
}

/* What is expected about the case; and to its holder what is owed in its conversations. */
static void add_dues(const struct exchange *x, const struct case_held *held, uint32_t agency,
                     struct custody_told *c)
{
    const bool is_holder = agency == held->custody.holder;
    const uint32_t most = is_holder ? TOLD_DUE_COUNT : TOLD_DUE_OTHERS;
    const struct clock_running *running;
    uint32_t at = 0;

    while ((running = clocks_next(x->clocks, CLOCKS_BY_CASE, &held->handle, &at)))
        if (running->clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED
            && goes_along(running, agency))
            put_due(x, running, most, c);
    for (uint32_t i = 0; is_holder && i < c->conversation_count; i++) {
        at = 0;
        while ((running =
                    clocks_next(x->clocks, CLOCKS_BY_CONVERSATION, &c->conversations[i].id, &at)))
            if (is_of_first(running) && goes_along(running, agency))
                put_due(x, running, most, c);
    }
}

/* The side's next number that is free: what is missing may still come, and what waits has one. */
static uint32_t next_free(struct exchange *x, const struct conversation *c, uint32_t side)
{
    const struct conversation_kept *kept = conversations_find(x->cases, &c->id);
    uint32_t next = side == c->asker ? c->next_of_asker : c->next_of_other;

    for (uint32_t i = 0; kept && i < kept->held_count; i++)
        if (kept->held[i].from == side && kept->held[i].sequence >= next)
            next = kept->held[i].sequence + 1;
    return next;
}

/* As `holder' has it, of which it is a side. */
static void describe(struct exchange *x, const struct conversation *c, uint32_t holder,
                     struct told_conversation *out)
{
    bool asked = c->asker == holder;

    *out = (struct told_conversation){
        .id = c->id,
        .next_of_holder = next_free(x, c, asked ? c->asker : c->other),
        .next_of_other = asked ? c->next_of_other : c->next_of_asker,
        .asked_by_holder = asked,
        .closed = c->state == CONVERSATION_CLOSED,
    };
    add_due(x, out);
    if (c->before_was_other != asked)
        TEXT_COPY(out->before, name_of(x, c->before));
    TEXT_COPY(out->type, c->opened->name);
    TEXT_COPY(out->other, name_of(x, asked ? c->other : c->asker));
}

/* It was put to who held the case before, and stays with it. */
static bool stays(const struct case_held *held, const struct case_news *news,
                  const struct conversation *c)
{
    return news->former != 0 && c->other == news->former && c->asker != held->custody.holder;
}

/* Who has part in it hears of it; of what stays where it is, who has it. */
static bool hears_of(const struct case_held *held, const struct case_news *news, uint32_t agency,
                     const struct conversation *c)
{
    return agency == news->former || (has_part(c, agency) && !stays(held, news, c));
}

/* An offer shows in the version. Who gives or is offered it hears of that; to all others the case
 * is as it last changed hands. */
static uint64_t version_for(const struct case_held *held, uint32_t agency,
                            const struct case_news *news)
{
    const bool is_party =
        agency == held->custody.holder || (news->transfer && news->transfer->to == agency);

    return is_party ? held->custody.version : held->custody.handed;
}

static size_t write_told(struct exchange *x, const struct case_held *held, uint32_t agency,
                         const struct case_news *news, uint8_t out[static TOLD_MAX])
{
    struct told told = {.kind = TOLD_CUSTODY};
    struct custody_told *c = &told.custody;
    uint32_t holder = held->custody.is_closed ? held->custody.former[0] : held->custody.holder;
    size_t size = 0;

    c->case_handle = held->handle;
    c->change = news->change;
    c->version = version_for(held, agency, news);
    c->at_ms = x->now_ms;
    c->message_id = news->message;
    c->components = news->components;
    TEXT_COPY(c->holder, name_of(x, held->custody.holder));
    TEXT_COPY(c->former, name_of(x, news->former));
    if (news->transfer) {
        c->transfer_id = news->transfer->id;
        TEXT_COPY(c->offered_to, name_of(x, news->transfer->to));
    }
    for (uint32_t i = 0; i < news->conversation_count; i++) {
        const struct conversation *said = news->conversations[i];
        if (!hears_of(held, news, agency, said))
            continue;
        struct told_conversation *one = &c->conversations[c->conversation_count++];
        describe(x, said, stays(held, news, said) ? news->former : holder, one);
        one->stays = stays(held, news, said);
    }
    if (news->change == CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED)
        add_dues(x, held, agency, c);
    enum status status = told_write(&told, out, TOLD_MAX, &size);
    assert(status == ST_OK); /* TOLD_MAX is made for it */
    return size;
}

enum status exchange_tell_case(struct exchange *x, const struct case_held *held, uint32_t agency,
                               const struct case_news *news)
{
    uint8_t bytes[TOLD_MAX];
    size_t size = write_told(x, held, agency, news, bytes);

    return exchange_tell(x, agency, LANE_TOLD, (struct bytes){bytes, size});
}

void exchange_write_case(struct exchange *x, const struct case_held *held, uint32_t agency,
                         const struct case_news *news, uint8_t out[static TOLD_MAX], size_t *size)
{
    uint8_t bytes[TOLD_MAX];
    size_t whole = write_told(x, held, agency, news, bytes);

    *size = whole - 1; /* without the kind */
    memcpy(out, bytes + 1, *size);
}

void exchange_open_between(struct exchange *x, const struct case_held *held, uint32_t agency,
                           const struct conversation *out[static CONVERSATIONS_MAX],
                           uint32_t *count)
{
    uint32_t holder = held->custody.holder;
    const struct conversation_kept *kept = conversations_first(x->cases, held);

    for (*count = 0; kept && *count < CONVERSATIONS_MAX;
         kept = conversations_next(x->cases, kept)) {
        const struct conversation *c = &kept->conversation;
        if (c->state != CONVERSATION_CLOSED && has_part(c, agency)
            && (c->asker == holder || c->other == holder))
            out[(*count)++] = c;
    }
}
