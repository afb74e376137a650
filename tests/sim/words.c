/* words.c - what became of a former holder's message: who has its conversation since is told, once,
 * and in the batch of the step that says so. Source: docs/custody.md. */
#include "proto/told.h"
#include "tests/sim/town.h"

#define WORD(name) CONCORDAT__CLOCK_KIND__CLOCK_##name

/* Its first message was declined, rejected or withheld: who asked has the evidence, and who goes on
 * with it since has none. */
static void owe_word(struct town *t, const struct letter *letter, Concordat__ClockKind word)
{
    struct talk *talk = letter->talk != NONE ? &t->talks[letter->talk] : NULL;
    bool is_withheld = word == WORD(WITHHELD);

    if (!talk || talk->opening != (int)(letter - t->letters) || !talk->is_kept
        || talk->opened->pattern == PATTERN_TRANSFER || letter->from == talk->sides[0]
        || (!is_withheld && letter->to != talk->sides[1])
        || (talk->said.state == CONVERSATION_CLOSED && talk->said.ended_in == 0))
        return;
    talk->word_to = 1u << talk->sides[0];
    talk->word = word;
}

static bool is_word(const struct talk *talk, const struct event *event, const struct clock_told *c)
{
    const unsigned to = 1u << agency_of(event->agency);

    return talk && talk->word_to == to && talk->word == c->kind && 1u << agency_of(c->owed_to) == to
        && agency_of(c->owed_by) == talk->sides[1] && id_equal(&c->message_id, &talk->id);
}

void words_event(struct town *t, const struct letter *letter, const struct event *event)
{
    if (event->kind == EVENT_WITHHELD)
        owe_word(t, letter, WORD(WITHHELD));
    else if (event->step_kind == CONCORDAT__STEP_KIND__REJECTED)
        owe_word(t, letter, WORD(REJECTED));
    else if (event->step_kind == CONCORDAT__STEP_KIND__DECLINED)
        owe_word(t, letter, WORD(DECLINED));
}

void words_told(struct town *t, struct talk *talk, const struct event *event,
                const struct clock_told *c)
{
    if (!is_word(talk, event, c))
        town_fail(t, "%s is told that a conversation came to nothing: %s", event->agency,
                  clock_kind_name(c->kind));
    else
        talk->word_to = 0;
    t->counts->words++;
}

void words_batch(struct town *t)
{
    for (int i = 0; i < t->talk_count; i++)
        if (t->talks[i].word_to != 0)
            town_fail(t, "who has conversation %d since is not told what became of it: %s", i,
                      clock_kind_name(t->talks[i].word));
}
