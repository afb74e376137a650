/* holds.c - the invariants of the simulation: of the case, of what is kept, of what is delivered.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/town.h"

/* ---- after each batch ---- */

static void check_cases(struct town *t)
{
    for (int i = 0; i < CASES; i++) {
        const struct file *f = &t->files[i];
        if (f->version == 0)
            continue;
        if (!f->is_kept || (int)f->said.holder - 1 != f->holder
            || f->said.is_closed != f->is_closed)
            town_fail(t, "case %d: the broker's holder is %d, it is held by %d", i,
                      (int)f->said.holder - 1, f->holder);
        if (f->said.version != f->version)
            town_fail(t, "case %d: version %" PRIu64 ", not %" PRIu64, i, f->said.version,
                      f->version);
        if ((f->said.transfer.to != 0) != f->is_open
            || (f->is_open
                && (f->said.transfer.accepted != f->accepted
                    || f->said.transfer.rejected != f->rejected
                    || f->said.transfer.offered != f->offered)))
            town_fail(t, "case %d: the broker's transfer is another", i);
    }
}

static void check_talks(struct town *t)
{
    for (int i = 0; i < t->talk_count; i++) {
        struct talk *talk = &t->talks[i];
        const struct file *f = talk->case_number != NONE ? &t->files[talk->case_number] : NULL;
        int asker = (int)talk->said.asker - 1, other = (int)talk->said.other - 1;
        if (talk->ended_with_case
            && (talk->said.state != CONVERSATION_CLOSED
                || (~talk->told_ended & (1u << talk->sides[0] | 1u << talk->sides[1])) != 0))
            town_fail(t, "conversation %d did not end with its case, or somebody was not told", i);
        if (!talk->is_known || talk->is_over)
            continue;
        if (talk->came_to_nobody && talk->opened->pattern != PATTERN_TRANSFER)
            town_fail(t, "conversation %d is open, and its first message has come to nobody", i);
        if (f && f->holder != NONE && (asker == f->holder || other == f->holder)) {
            talk->with_holder = true; /* and goes with the case from now on */
            talk->stays = false;
        }
        if (!talk->is_kept)
            town_fail(t, "conversation %d is open, and not kept", i);
        else if (talk->with_holder && !talk->stays && f->holder != NONE && asker != f->holder
                 && other != f->holder)
            town_fail(t, "conversation %d: the case's holder has no part in it", i);
        else if (asker != talk->sides[0] || other != talk->sides[1])
            town_fail(t, "conversation %d is between %d and %d, not %d and %d", i, asker, other,
                      talk->sides[0], talk->sides[1]);
    }
}

static struct kept_record *kept_as(struct town *t, uint8_t kind, struct bytes key,
                                   const struct writer *w)
{
    for (size_t i = 0; i < t->kept_count; i++) {
        struct kept_record *kept = &t->kept[i];
        if (kept->kind == kind && kept->key_size == key.size
            && memcmp(kept->key, key.data, key.size) == 0 && kept->record_size == w->size
            && memcmp(kept->record, w->start, w->size) == 0)
            return kept;
    }
    town_fail(t, "the broker's memory is not what its records say (kind %d)", (int)kind);
    return NULL;
}

/* What it holds in memory is what a start from its records would give, no more and no less. */
static void check_memory(struct town *t)
{
    struct exchange *x = hub_exchange(t->hub);
    const struct cases_names names = exchange_names(x);
    uint8_t record[KEPT_RECORD_MAX], key[8];
    size_t counts[KEPT_KIND_END] = {0}, kept[KEPT_KIND_END] = {0};
    uint32_t place = 0;

    for (const struct case_held *c; (c = cases_walk(x->cases, &place));) {
        struct writer w = writer_of(record, sizeof record);
        if (c->custody.version == 0)
            continue; /* nobody has opened it: nothing is kept of it */
        case_write(c, &names, &w);
        counts[KEPT_CASE]++;
        (void)kept_as(t, KEPT_CASE, (struct bytes){c->handle.bytes, ID_SIZE}, &w);
    }
    for (const struct conversation_kept *c; (c = conversations_walk(x->cases, &place));) {
        struct writer w = writer_of(record, sizeof record);
        conversation_write(c, &names, &w);
        counts[KEPT_CONVERSATION]++;
        (void)kept_as(t, KEPT_CONVERSATION, (struct bytes){c->conversation.id.bytes, ID_SIZE}, &w);
    }
    for (const struct clock_running *c; (c = clocks_walk(x->clocks, &place));) {
        struct writer w = writer_of(record, sizeof record), k = writer_of(key, sizeof key);
        clock_write(c, &names, &w);
        write_u64(&k, c->number);
        counts[KEPT_CLOCK]++;
        (void)kept_as(t, KEPT_CLOCK, (struct bytes){key, sizeof key}, &w);
    }
    for (size_t i = 0; i < t->kept_count; i++)
        kept[t->kept[i].kind]++;
    for (int kind = KEPT_CASE; kind <= KEPT_CLOCK; kind++)
        if (counts[kind] != kept[kind])
            town_fail(t, "kind %d: %zu records, %zu in memory", kind, kept[kind], counts[kind]);
}

void watch_batch(struct town *t)
{
    t->counts->batches++;
    clockwork_batch(t);
    check_cases(t);
    check_talks(t);
    if (!t->clocks_alone)
        check_memory(t);
}

/* ---- at a delivery ---- */

/* The number has come, or is refused; or one after it has waited so long that it was passed over.
 */
static bool is_accounted_for(const struct town *t, const struct letter *letter, uint32_t number)
{
    int64_t now_ms = hub_exchange(t->hub)->now_ms;

    for (int i = 0; i < t->letter_count; i++) {
        const struct letter *m = &t->letters[i];
        if (m->talk != letter->talk)
            continue;
        if (m->sequence == number && m->accepted == 0 && m->refused)
            return true;
        /* A number that was refused before its turn has its minute too. */
        if (m->accepted == 0 && m->refused && m->refused_ms > 0 && m->from == letter->from
            && m->sequence > number && now_ms - m->refused_ms >= GAP_MS)
            return true;
        if (m->accepted == 0 || m->side != letter->side)
            continue;
        if (m->sequence == number || (m->sequence > number && now_ms - m->accepted_ms >= GAP_MS))
            return true;
    }
    return false;
}

void watch_shown(struct town *t, struct letter *letter, const struct effect_item *item)
{
    if (letter->accepted == 0)
        town_fail(t, "a message is delivered before it is durable");
    if (letter->settled)
        town_fail(t, "a message is delivered after it was settled");
    if (letter->shown > 0 && (!item->again || letter->shown_in == t->agencies[letter->to].session))
        town_fail(t, "a message is delivered twice");
    /* What waits is handed over when its conversation ends: nothing can come before it any more. */
    if (letter->side != NONE && !t->talks[letter->talk].is_over)
        for (uint32_t number = 1; number < letter->sequence; number++)
            if (!is_accounted_for(t, letter, number))
                town_fail(t, "number %u of conversation %d is delivered without %u",
                          letter->sequence, letter->talk, number);
    letter->shown++;
    letter->shown_in = t->agencies[letter->to].session;
    t->counts->deliveries++;
}

/* ---- at the end ---- */

static void check_letter(struct town *t, const struct letter *letter)
{
    int place = (int)(letter - t->letters);

    if (!letter->answered)
        town_fail(t, "letter %d: neither accepted nor refused", place);
    if (letter->accepted != 0 && letter->shown == 0 && !letter->withheld)
        town_fail(t, "letter %d (%s): accepted, and lost", place, letter->type->name);
    if (letter->accepted == 0)
        t->counts->refused++;
}

/* An answer to who asked and has not the case any more: it is passed on, or waits where somebody is
 * told. */
static void check_answer(struct town *t, const struct letter *letter)
{
    const struct talk *talk = &t->talks[letter->talk];

    if (!letter->to_former || letter->rejected || talk->case_number == NONE)
        return;
    const struct file *f = &t->files[talk->case_number];
    if (letter->shown == 0 || talk->is_passed || talk->is_missed || f->is_closed
        || f->holder == letter->to)
        return;
    town_fail(t, "the answer to conversation %d waits, and nobody is told", letter->talk);
}

void watch_end(struct town *t)
{
    for (int i = 0; i < t->letter_count; i++) {
        check_letter(t, &t->letters[i]);
        if (t->letters[i].talk != NONE)
            check_answer(t, &t->letters[i]);
    }
    for (int i = 0; i < t->claim_count; i++)
        if (!t->claims[i].answered)
            town_fail(t, "claim %d is not answered", i);
}
