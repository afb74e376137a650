/* clockwork_talks.c - what becomes of the clocks of a conversation when its record changes: it has
 * another side, is answered to who asked before, waits for a number, or ends. See clockwork.c. */
#include <string.h>

#include "tests/sim/ticks.h"

static bool is_of_conversation(const struct tick *k, const struct talk *talk)
{
    return k->kind == CLOCK(GAP) || k->kind == CLOCK(FORWARD) || k->met_by != NONE
        || k->letter == talk->opening;
}

/* One of its sides is another agency: what it owed and was owed goes with it, but for what only the
 * recipient of a message can do, and what the former holder passes on. */
static void hand_on(struct town *t, const struct talk *talk, int from, int to)
{
    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (k->is_over || k->talk != (int)(talk - t->talks) || !is_of_conversation(k, talk))
            continue;
        if (k->by == from && k->kind != CLOCK(ACKNOWLEDGE) && k->kind != CLOCK(OPEN)
            && k->kind != CLOCK(FORWARD))
            k->by = to;
        if (k->to == from)
            k->to = to;
        if (k->by == k->to)
            tick_stop(k);
    }
}

static void end_talk(struct town *t, const struct talk *talk, const struct conversation *now)
{
    const bool owed = now->answered && now->before != 0 && !now->before_was_other;

    for (int i = 0; i < t->tick_count; i++) {
        struct tick *k = &t->ticks[i];
        if (k->is_over || k->met_by != NONE || k->talk != (int)(talk - t->talks))
            continue;
        if (k->kind == CLOCK(GAP) || (k->kind == CLOCK(FORWARD) && !owed))
            tick_stop(k);
        else if (k->kind != CLOCK(FORWARD))
            tick_end(t, k, now->ended_in);
    }
}

/* The first of the answers to who asked before that have just been said. */
static const struct letter *find_said(const struct town *t, const struct talk *talk,
                                      const struct conversation *now)
{
    const struct letter *first = NULL;

    for (int i = 0; i < t->letter_count; i++) {
        const struct letter *letter = &t->letters[i];
        if (letter->talk == (int)(talk - t->talks) && letter->accepted != 0 && letter->side == 1
            && tick_is_named(talk->opened->answered_by, letter)
            && letter->to == (int)now->before - 1 && letter->sequence >= talk->said.next_of_other
            && letter->sequence < now->next_of_other
            && (!first || letter->sequence < first->sequence))
            first = letter;
    }
    return first;
}

/* An answer has come for who asked before and has not the case any more; or what it has passed on
 * could not be opened. */
static void owe_forward(struct town *t, const struct talk *talk, const struct conversation *now)
{
    const struct conversation *was = &talk->said;
    const int place = (int)(talk - t->talks);
    const struct letter *first = tick_letter(t, now->answered_in);
    /* A referral goes on when it is answered, and then its next answer is owed as well; one command
     * may say both. */
    const bool goes_on =
        was->answered
        || (now->state == CONVERSATION_FORWARDING && first && first->to != (int)now->before - 1);
    const struct letter *second =
        goes_on && was->state == CONVERSATION_OPEN && now->before == was->before
            ? find_said(t, talk, now)
            : NULL;
    const struct letter *answer = second ? second : first;
    const bool comes =
        second || (now->answered && !was->answered && answer && answer->to == (int)now->before - 1);
    /* What it passed on could not be opened; or what it was to pass on, and another had come. */
    const bool again = now->answered && talk->owes_again == (int)now->before - 1;
    const bool other = was->answered && was->second_in != 0 && now->second_in == 0
                    && now->answered_in == was->second_in;

    if (!talk->is_kept || now->before == 0 || now->before_was_other || (!comes && !again && !other)
        || tick_find(t, CLOCK(FORWARD), place, NONE))
        return;
    struct tick *k = tick_start(t, CLOCK(FORWARD), (int)now->before - 1, (int)now->asker - 1,
                                t->time.now_ms, tick_working_hour(t, t->time.now_ms));
    k->talk = place;
    k->letter = (comes || other) && answer ? (int)(answer - t->letters) : NONE;
}

static unsigned count_held(const struct conversation_kept *kept, int agency, bool messages)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < kept->held_count; i++)
        count += (int)kept->held[i].from - 1 == agency
              && (!messages || kept->held[i].what != HELD_REFUSED);
    return count;
}

/* A minute runs for a side while a number of it waits; each time that the next one is another, and
 * when the first message waits that is not refused, it is another minute. */
static void watch_gap(struct town *t, struct talk *talk, const struct conversation_kept *now,
                      int side)
{
    const struct conversation *c = &now->conversation, *was = &talk->said;
    const int agency = (int)(side == 0 ? c->asker : c->other) - 1;
    const int other = (int)(side == 0 ? c->other : c->asker) - 1;
    const uint32_t next = side == 0 ? c->next_of_asker : c->next_of_other;
    const uint32_t next_was = side == 0 ? was->next_of_asker : was->next_of_other;
    const int agency_was = (int)(side == 0 ? was->asker : was->other) - 1;
    const unsigned held = count_held(now, agency, false), said = count_held(now, agency, true);
    const bool anew = talk->waits[side] == 0 || next != next_was || agency != agency_was
                   || (talk->says[side] == 0 && said > 0);

    talk->waits[side] = held;
    talk->says[side] = said;
    for (int i = 0; i < t->tick_count && (anew || held == 0); i++) {
        struct tick *k = &t->ticks[i];
        if (!k->is_over && k->kind == CLOCK(GAP) && k->talk == (int)(talk - t->talks)
            && k->by == agency)
            tick_stop(k);
    }
    if (held == 0 || !anew)
        return;
    tick_start(t, CLOCK(GAP), agency, other, t->time.now_ms, t->time.now_ms + MINUTE)->talk =
        (int)(talk - t->talks);
}

void clockwork_talk(struct town *t, struct talk *talk, const struct conversation_kept *now)
{
    const struct conversation *c = &now->conversation, *was = &talk->said;
    const bool ends =
        c->state == CONVERSATION_CLOSED && (!talk->is_kept || was->state != CONVERSATION_CLOSED);

    if (talk->is_kept && c->state != CONVERSATION_CLOSED && c->asker != was->asker)
        hand_on(t, talk, (int)was->asker - 1, (int)c->asker - 1);
    if (talk->is_kept && c->state != CONVERSATION_CLOSED && c->other != was->other)
        hand_on(t, talk, (int)was->other - 1, (int)c->other - 1);
    if (ends)
        end_talk(t, talk, c);
    owe_forward(t, talk, c);
    for (int side = 0; side < 2; side++)
        watch_gap(t, talk, now, side);
}
