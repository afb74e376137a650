/* trace.c - what everybody had written when a run failed, for whoever looks for the reason. */
#include <inttypes.h>
#include <stdio.h>

#include "proto/told.h"
#include "tests/sim/town.h"

static void show_letters(const struct town *t)
{
    for (int i = 0; i < t->letter_count; i++) {
        const struct letter *l = &t->letters[i];
        printf("letter %d %s %d->%d case %d talk %d number %u side %d%s: ", i, l->type->name,
               l->from, l->to, l->case_number, l->talk, l->sequence, l->side,
               l->to_former ? " to the former" : "");
        if (l->accepted != 0)
            printf("accepted %" PRIu64 " at %" PRId64 " s, shown %u, steps %#x%s\n", l->accepted,
                   (l->accepted_ms - START) / SECOND, l->shown, l->steps,
                   l->settled ? ", settled" : "");
        else
            printf("%s\n", l->refused ? "refused" : "on its way");
    }
}

static void show_talks(const struct town *t)
{
    for (int i = 0; i < t->talk_count; i++) {
        const struct talk *k = &t->talks[i];
        printf(
            "talk %d opened by %d case %d between %d and %d, former %d%s%s; the broker: state %d, "
            "%d and %d, before %d%s, next %u and %u\n",
            i, k->opening, k->case_number, k->sides[0], k->sides[1], k->former,
            k->is_known ? "" : ", not known", k->is_over ? ", over" : "", (int)k->said.state,
            (int)k->said.asker - 1, (int)k->said.other - 1, (int)k->said.before - 1,
            k->said.answered ? ", answered" : "", k->said.next_of_asker, k->said.next_of_other);
    }
}

static void show_cases(const struct town *t)
{
    for (int i = 0; i < CASES; i++) {
        const struct file *f = &t->files[i];
        printf("case %d version %" PRIu64 " held by %d%s%s; the broker: %d\n", i, f->version,
               f->holder, f->is_open ? ", offered" : "", f->is_closed ? ", closed" : "",
               (int)f->said.holder - 1);
    }
}

static void show_ticks(const struct town *t)
{
    for (int i = 0; i < t->tick_count; i++) {
        const struct tick *k = &t->ticks[i];
        printf(
            "tick %d %s of letter %d talk %d case %d, %d owes it to %d, %u told%s%s, at rest under "
            "%d; the broker's %" PRIu64 "\n",
            i, clock_kind_name(k->kind), k->letter, k->talk, k->case_number, k->by, k->to,
            k->struck, k->is_breached ? ", breached" : "", k->is_over ? ", over" : "", k->met_by,
            k->number);
    }
}

static void show_waiting(struct town *t)
{
    struct exchange *x = hub_exchange(t->hub);
    uint32_t place = 0;

    for (const struct clock_running *c; (c = clocks_walk(x->clocks, &place));) {
        const struct talk *k = talk_of(t, &c->conversation);
        printf("clock %" PRIu64 " %s, %s, talk %d, next in %" PRId64 " s\n", c->number,
               clock_kind_name(c->clock.kind), clock_stage_name(c->clock.stage),
               k ? (int)(k - t->talks) : NONE, (c->clock.next_ms - x->now_ms) / SECOND);
    }
    for (const struct conversation_kept *c; (c = conversations_walk(x->cases, &place));)
        for (uint32_t i = 0; i < c->held_count; i++)
            printf("event %" PRIu64 " waits with number %u\n", c->held[i].message,
                   c->held[i].sequence);
}

void town_trace(struct town *t)
{
    show_cases(t);
    show_letters(t);
    show_talks(t);
    show_ticks(t);
    show_waiting(t);
}
