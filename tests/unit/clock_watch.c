#include "tests/unit/clock_watch.h"

#include <stdlib.h>
#include <string.h>

static const struct case_terms terms = {
    .head = "owner: police.a\n",
    .party = {[CSC_A] = "    out-of-hours: emergency duty team\n"},
    .clauses = {{CHECK_REQUEST, "    acknowledge-within: 1h\n"
                                "    answer-within: 4h\n"
                                "    escalation: [Team manager, Head of service]\n"},
                {REFERRAL_CHILD, "    decide-within: 1wd\n"}},
    .expectations = "expectations:\n"
                    "  - id: checks-come\n"
                    "    from: NPS\n"
                    "    type: " CHECK_REQUEST "\n"
                    "    at-least: 2\n"
                    "    tell: Head of service\n"
                    "  - id: updated\n"
                    "    after: " DECISION "\n"
                    "    expect: " UPDATE "\n"
                    "    within: 1wd\n"
                    "    tell: Team manager\n"};

struct watch *watch_with(const struct case_terms *agreed)
{
    struct watch *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->c = case_desk_with(agreed);
    w->stride_ms = MINUTE;
    return w;
}

struct watch *watch_new(void)
{
    return watch_with(&terms);
}

void watch_free(struct watch *w)
{
    case_desk_free(w->c);
    free(w);
}

static uint64_t sequence_of(const struct watch *w, enum agency to, size_t n)
{
    for (size_t i = 0; i < desk_events(w->c->d, EVENT_TOLD); i++) {
        const struct event *event = desk_event(w->c->d, EVENT_TOLD, i);
        if (strcmp(event->agency, agency_names[to]) == 0 && n-- == 0)
            return event->sequence;
    }
    return 0;
}

static void take(struct watch *w)
{
    uint64_t taken[EFFECTS_MAX];
    size_t count = 0;

    for (enum agency a = NPS_A; a < AGENCIES; a++)
        for (size_t i = 0; i < desk_events(w->c->d, EVENT_TOLD); i++) {
            const struct event *event = desk_event(w->c->d, EVENT_TOLD, i);
            if (strcmp(event->agency, agency_names[a]) == 0 && w->takes >> a & 1)
                taken[count++] = event->sequence;
        }
    for (size_t i = 0; i < count; i++)
        for (enum agency a = NPS_A; a < AGENCIES; a++)
            desk_settle(w->c->d, session_of(a), w->c->members[a], taken[i]);
    if (count == 0)
        return;
    desk_run(w->c->d);
    assert_int_equal(desk_events(w->c->d, EVENT_TAKEN), count);
}

void look(struct watch *w)
{
    struct told read;
    size_t before = w->count;

    for (enum agency a = NPS_A; a < AGENCIES; a++)
        for (size_t n = 0; told(w->c, a, n, &read); n++)
            if (read.kind == TOLD_CLOCK) {
                assert_true(w->count < ALARMS_SEEN_MAX);
                w->seen[w->count++] = (struct seen){read.clock.at_ms, a, read.clock};
                w->told_last[a] = sequence_of(w, a, n);
            }
    take(w);
    if (w->restarts && w->count > before)
        case_desk_restart(w->c);
}

void run_until(struct watch *w, int64_t until_ms)
{
    while (w->c->d->now_ms < until_ms) {
        case_desk_wait(w->c, w->stride_ms);
        look(w);
    }
}

void say(struct watch *w, struct envelope e)
{
    (void)accepted(w->c, &e);
    look(w);
}

const struct clock_told *nth(const struct watch *w, enum agency to, Concordat__ClockKind kind,
                             size_t n)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->seen[i].to == to && w->seen[i].told.kind == kind && n-- == 0)
            return &w->seen[i].told;
    fail_msg("%s was not told so often of a clock %d", agency_names[to], kind);
    return NULL;
}

size_t told_of(const struct watch *w, enum agency to, Concordat__ClockKind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < w->count; i++)
        count += w->seen[i].to == to && w->seen[i].told.kind == kind;
    return count;
}
