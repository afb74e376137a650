#include "agreements/clock.h"

#include <string.h>

#define KIND(name) CONCORDAT__CLOCK_KIND__CLOCK_##name
#define STAGE(name) CONCORDAT__CLOCK_STAGE__STAGE_##name
#define STEP(name) CONCORDAT__STEP_KIND__##name

/* ---- what a message starts ---- */

static enum calendar calendar_of(const struct agreement *agreement, const char *agency)
{
    const struct party *party = agreement_party(agreement, agency);

    return party ? party->calendar : CALENDAR_ENGLAND_AND_WALES;
}

/* Does it take the span from where it starts, or was an earlier moment named? */
static bool goes_by_span(const struct clock *clock, const struct calendar_days *days)
{
    return clock->span.minutes > 0
        && (clock->needed_by_ms == 0
            || calendar_add(days, clock->calendar, clock->started_ms, &clock->span)
                   <= clock->needed_by_ms);
}

static bool tells_once(Concordat__ClockKind kind)
{
    return kind == KIND(GAP) || kind == KIND(FORWARD) || kind == KIND(EXPECTED)
        || kind == KIND(VOLUME) || kind == KIND(CLOSE);
}

/* The strikes of a clock: one that warns, one a rung, and the breach. */
static uint32_t strikes_of(const struct clock *clock)
{
    return clock->rungs + 2u;
}

/* When the strike of that number is, from 0: at half the time, then in even steps to the end. */
static int64_t moment(const struct clock *clock, const struct calendar_days *days, uint32_t strike)
{
    uint32_t steps = clock->rungs + 1u;

    if (tells_once(clock->kind) || strike == steps)
        return clock->due_ms;
    if (goes_by_span(clock, days))
        return calendar_part(days, clock->calendar, clock->started_ms, &clock->span, steps + strike,
                             2 * steps);
    return clock->started_ms
         + (clock->due_ms - clock->started_ms) / (2 * (int64_t)steps) * (steps + strike);
}

/* Its due_ms from its span and the moment named, and its first strike. */
static void wind(struct clock *clock, const struct calendar_days *days)
{
    if (goes_by_span(clock, days))
        clock->due_ms = calendar_add(days, clock->calendar, clock->started_ms, &clock->span);
    else if (clock->needed_by_ms != 0)
        clock->due_ms = clock->needed_by_ms;
    clock->next_ms =
        clock->due_ms <= clock->started_ms ? clock->started_ms : moment(clock, days, 0);
}

static void add(struct clock *out, size_t *count, const struct clock *clock,
                const struct calendar_days *days)
{
    out[*count] = *clock;
    wind(&out[*count], days);
    ++*count;
}

/* ---- what is expected ---- */

/* The clauses for what is expected, by who may send it. */
struct senders {
    bool any, recipient, sender;
    bool holder_alone; /* each clause is only-by-holder */
};

static struct senders senders_of(const struct clock_cause *cause, const struct message_type *then)
{
    const struct agreement *agreement = cause->agreement;
    struct senders may = {.holder_alone = true};

    for (size_t i = 0; i < agreement->clause_count; i++) {
        const struct clause *c = &agreement->clauses[i];

        if (c->type != then)
            continue;
        may.any = true;
        may.holder_alone = may.holder_alone && c->only_by_holder;
        may.recipient = may.recipient || agreement_fits(agreement, c->from, cause->recipient);
        may.sender = may.sender || agreement_fits(agreement, c->from, cause->sender);
    }
    may.holder_alone = may.holder_alone && may.any;
    return may;
}

/* A holder speaks by COMPLETE or by a clause that is for holders: then it is the one who owes. One
 * that is no party is as if nobody knew it: the alarm would tell it of the message, and others who
 * it is. */
static enum clock_debtor debtor_of(const struct clock_cause *cause, const struct message_type *then)
{
    const struct senders may = senders_of(cause, then);
    bool by_holder = cause->type->custody == CUSTODY_COMPLETE
                  || (cause->clause->type == cause->type && cause->clause->only_by_holder);

    if (!may.any)
        return DEBTOR_RECIPIENT;
    if (may.holder_alone && cause->holder && agreement_party(cause->agreement, cause->holder))
        return strcmp(cause->holder, cause->recipient) == 0 ? DEBTOR_RECIPIENT
             : strcmp(cause->holder, cause->sender) == 0    ? DEBTOR_SENDER
                                                            : DEBTOR_HOLDER;
    if (may.recipient && !(by_holder && may.sender))
        return DEBTOR_RECIPIENT;
    return may.sender ? DEBTOR_SENDER : DEBTOR_NONE;
}

/* Is the cause what was expected, from who owes it: would the other's `after' have made it owe? */
static bool is_again(const struct clock_cause *cause, const struct expectation *e)
{
    struct clock_cause after = *cause;

    after.type = e->after;
    after.sender = cause->recipient;
    after.recipient = cause->sender;
    if (agreement_clause_for(cause->agreement, e->after, after.sender, after.recipient)
        && debtor_of(&after, e->then) == DEBTOR_RECIPIENT)
        return true;
    after.sender = cause->sender;
    after.recipient = cause->recipient;
    return agreement_clause_for(cause->agreement, e->after, after.sender, after.recipient)
        && debtor_of(&after, e->then) == DEBTOR_SENDER;
}

/* The expectation names who owes it. If that is neither side, it is owed to the sender, when the
 * agreement lets it be sent there; else to the recipient, when it may go there. */
static enum clock_debtor named_of(const struct clock_cause *cause, const struct expectation *e)
{
    const char *named = agreement_named(cause->agreement, e)->agency;

    if (strcmp(named, cause->recipient) == 0)
        return DEBTOR_RECIPIENT;
    if (strcmp(named, cause->sender) == 0)
        return DEBTOR_SENDER;
    if (agreement_clause_for(cause->agreement, e->then, named, cause->sender))
        return DEBTOR_NAMED;
    return agreement_clause_for(cause->agreement, e->then, named, cause->recipient)
             ? DEBTOR_NAMED_TO_RECIPIENT
             : DEBTOR_NONE;
}

static enum clock_debtor expected_of(const struct clock_cause *cause, const struct expectation *e)
{
    if (e->at_least > 0)
        return DEBTOR_NONE;
    if (e->after == cause->type)
        return e->from[0] != '\0' ? named_of(cause, e) : debtor_of(cause, e->then);
    return e->repeats && e->then == cause->type && is_again(cause, e) ? DEBTOR_SENDER : DEBTOR_NONE;
}

static const char *agency_of(const struct clock_cause *cause, const struct expectation *e,
                             enum clock_debtor debtor)
{
    switch (debtor) {
    case DEBTOR_SENDER:
        return cause->sender;
    case DEBTOR_HOLDER:
        return cause->holder;
    case DEBTOR_NAMED:
    case DEBTOR_NAMED_TO_RECIPIENT:
        return agreement_named(cause->agreement, e)->agency;
    case DEBTOR_RECIPIENT:
    case DEBTOR_NONE:
    default:
        return cause->recipient;
    }
}

static void add_expectations(const struct clock_cause *given, const struct calendar_days *days,
                             struct clock *out, size_t *count)
{
    const struct agreement *agreement = given->agreement;
    struct clock_cause cause = *given;

    if (cause.type->custody == CUSTODY_COMPLETE)
        cause.holder = cause.sender;
    for (size_t i = 0; i < agreement->expectation_count; i++) {
        const struct expectation *e = &agreement->expectations[i];
        enum clock_debtor debtor = expected_of(&cause, e);

        if (debtor == DEBTOR_NONE)
            continue;
        const struct clock clock = {.kind = KIND(EXPECTED),
                                    .started_ms = cause.accepted_ms,
                                    .span = e->within,
                                    .calendar =
                                        calendar_of(agreement, agency_of(&cause, e, debtor)),
                                    .expectation = e->id,
                                    .debtor = debtor};
        add(out, count, &clock, days);
    }
}

/* ---- all of them ---- */

bool clock_close(const struct clock_cause *cause, const struct calendar_days *days,
                 struct clock *out)
{
    struct clock clock = {.kind = KIND(CLOSE),
                          .started_ms = cause->watch_until_ms > cause->accepted_ms
                                          ? cause->watch_until_ms
                                          : cause->accepted_ms,
                          .span = cause->clause->close,
                          .calendar = calendar_of(cause->agreement, cause->sender),
                          .debtor = DEBTOR_SENDER};

    if (clock.span.minutes == 0 || cause->watch_until_ms <= 0)
        return false;
    wind(&clock, days);
    *out = clock;
    return true;
}

void clocks_of(const struct clock_cause *cause, const struct calendar_days *days,
               struct clock out[static CLOCKS_OF_MAX], size_t *count)
{
    const struct clause *clause = cause->clause;
    struct clock clock = {.started_ms = cause->accepted_ms,
                          .calendar = calendar_of(cause->agreement, cause->recipient),
                          .rungs = clause->ladder_count};
    int64_t needed_by_ms = cause->type->answered_by ? cause->needed_by_ms : 0;

    *count = 0;
    if (cause->type->pattern == PATTERN_REFERRAL
        && cause->urgency == CONCORDAT__URGENCY__IMMEDIATE) {
        out[*count] = clock;
        out[*count].kind = KIND(OPEN);
        out[*count].rungs = 0;
        out[*count].due_ms = out[*count].next_ms = cause->accepted_ms + OPEN_EVERY_MS;
        ++*count;
    }
    clock.kind = KIND(ACKNOWLEDGE);
    clock.span = clause->acknowledge;
    if (clock.span.minutes > 0)
        add(out, count, &clock, days);
    clock.kind = KIND(DECIDE);
    clock.span = clause->decide;
    if (clock.span.minutes > 0)
        add(out, count, &clock, days);
    clock.kind = KIND(ANSWER);
    clock.span = clause->answer;
    clock.needed_by_ms = needed_by_ms;
    if (clock.span.minutes > 0 || needed_by_ms != 0)
        add(out, count, &clock, days);
    add_expectations(cause, days, out, count);
    *count += clock_close(cause, days, &out[*count]); /* last: a later message may be the first to
                                                         say when */
}

/* The clause under which the case was offered to who accepts it. */
static const struct clause *offers_to(const struct clock_cause *accept)
{
    const struct agreement *agreement = accept->agreement;

    for (size_t i = 0; i < agreement->clause_count; i++) {
        const struct clause *clause = &agreement->clauses[i];
        if (clause->type->custody == CUSTODY_OFFER
            && agreement_fits(agreement, clause->from, accept->recipient)
            && agreement_fits(agreement, clause->to, accept->sender))
            return clause;
    }
    return NULL;
}

struct clock clock_complete(const struct clock_cause *cause, const struct calendar_days *days,
                            const struct clause **clause)
{
    const struct clause *offer = offers_to(cause);
    struct clock clock = {.kind = KIND(COMPLETE),
                          .started_ms = cause->accepted_ms,
                          .span = {COMPLETE_MINUTES, true},
                          .calendar = CALENDAR_ENGLAND_AND_WALES,
                          .rungs = offer ? offer->ladder_count : 0};

    if (offer && offer->decide.minutes > 0) {
        clock.span = offer->decide;
        clock.calendar = calendar_of(cause->agreement, cause->sender);
    }
    wind(&clock, days);
    *clause = offer;
    return clock;
}

struct clock clock_until(Concordat__ClockKind kind, int64_t now_ms, int64_t due_ms)
{
    struct clock clock = {
        .kind = kind, .started_ms = now_ms, .due_ms = due_ms, .calendar = CALENDAR_ALWAYS};

    clock.next_ms = due_ms <= now_ms ? now_ms : moment(&clock, NULL, 0);
    return clock;
}

/* ---- how it goes on ---- */

static bool strike_open(struct clock *clock, int64_t now_ms, Concordat__ClockStage *told,
                        uint32_t *rung)
{
    int64_t passed = (now_ms - clock->started_ms) / OPEN_EVERY_MS;

    clock->stage = STAGE(ESCALATED);
    clock->count++;
    clock->next_ms = clock->started_ms + (passed + 1) * OPEN_EVERY_MS;
    *told = clock->stage;
    *rung = CLOCK_RUNG_NONE;
    return true;
}

bool clock_strike(struct clock *clock, const struct calendar_days *days, int64_t now_ms,
                  Concordat__ClockStage *told, uint32_t *rung)
{
    uint32_t strikes = strikes_of(clock), next = clock->count + 1;

    if (now_ms < clock->next_ms)
        return false;
    if (clock->kind == KIND(OPEN))
        return strike_open(clock, now_ms, told, rung);
    *rung = CLOCK_RUNG_NONE;
    if (tells_once(clock->kind)) {
        *told = clock->stage = STAGE(BREACHED);
        clock->next_ms = INT64_MAX;
        return true;
    }
    while (next < strikes && moment(clock, days, next) <= now_ms)
        next++;
    clock->count = next;
    clock->next_ms = next < strikes ? moment(clock, days, next) : INT64_MAX;
    clock->stage = next == strikes ? STAGE(BREACHED) : next == 1 ? STAGE(WARNED) : STAGE(ESCALATED);
    if (clock->rungs > 0 && next > 1)
        *rung = next == strikes ? clock->rungs - 1u : next - 2;
    *told = clock->stage;
    return true;
}

void clock_resume(struct clock *clock, const struct calendar_days *days)
{
    if (clock->stage == STAGE(BREACHED)) {
        clock->next_ms = INT64_MAX;
        return;
    }
    if (clock->kind == KIND(OPEN)) {
        clock->next_ms = clock->started_ms + ((int64_t)clock->count + 1) * OPEN_EVERY_MS;
        return;
    }
    wind(clock, days);
    if (clock->count > 0 && !tells_once(clock->kind))
        clock->next_ms = moment(clock, days, clock->count);
}

bool clock_reckon(struct clock *clock, const struct calendar_days *days)
{
    int64_t due_ms = clock->due_ms, next_ms = clock->next_ms;

    if (clock->next_ms == INT64_MAX || !clock->span.working || clock->calendar == CALENDAR_ALWAYS)
        return false;
    clock_resume(clock, days);
    return clock->due_ms != due_ms || clock->next_ms != next_ms;
}

/* ---- what stops it ---- */

static bool names(const char *name, const char *type)
{
    return name && strcmp(name, type) == 0;
}

bool clock_is_stopped_by_type(Concordat__ClockKind kind, const struct message_type *asked,
                              const char *type)
{
    if (kind == KIND(FORWARD))
        return strcmp(type, "case.late_answer") == 0;
    if (!asked)
        return false;
    if (kind == KIND(CLOSE))
        return names(asked->closed_by, type);
    if (kind == KIND(ACKNOWLEDGE) || kind == KIND(OPEN))
        return names(asked->acknowledged_by, type) || names(asked->answered_by, type);
    return (kind == KIND(DECIDE) || kind == KIND(ANSWER)) && names(asked->answered_by, type);
}

bool clock_is_stopped_by_step(Concordat__ClockKind kind, const struct message_type *asked,
                              Concordat__StepKind step)
{
    static const struct {
        Concordat__ClockKind kind;
        uint32_t steps;
    } table[] = {
        {KIND(OPEN), 1u << STEP(OPENED) | 1u << STEP(ACKNOWLEDGED) | 1u << STEP(DECLINED)
                         | 1u << STEP(ANSWERED) | 1u << STEP(REJECTED)},
        {KIND(ACKNOWLEDGE), 1u << STEP(ACKNOWLEDGED) | 1u << STEP(DECLINED) | 1u << STEP(ANSWERED)
                                | 1u << STEP(REJECTED)},
        {KIND(DECIDE), 1u << STEP(DECLINED) | 1u << STEP(ANSWERED) | 1u << STEP(REJECTED)},
        {KIND(ANSWER), 1u << STEP(DECLINED) | 1u << STEP(ANSWERED) | 1u << STEP(REJECTED)},
        {KIND(EXPECTED), 1u << STEP(REJECTED)},
        {KIND(CLOSE), 1u << STEP(DECLINED) | 1u << STEP(REJECTED)},
        {KIND(FORWARD), 1u << STEP(REJECTED)},
    };

    if (step == STEP(ANSWERED) && (kind == KIND(DECIDE) || kind == KIND(ANSWER)) && asked
        && asked->answered_by)
        return false; /* the answer itself does, by its type */
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].kind == kind)
            return table[i].steps >> step & 1;
    return false;
}

bool clock_is_of_transfer(const struct message_type *after, const struct message_type *expected,
                          bool by_holder)
{
    if (!after || !expected || after->pattern != PATTERN_TRANSFER
        || expected->pattern != PATTERN_TRANSFER || after->custody == CUSTODY_WITHDRAW
        || after->custody == CUSTODY_COMPLETE)
        return false;
    switch (expected->custody) {
    case CUSTODY_NONE: /* of its record */
    case CUSTODY_WITHDRAW:
        return by_holder;
    case CUSTODY_ACCEPT:
    case CUSTODY_REJECT:
    case CUSTODY_COMPLETE:
        return !by_holder;
    case CUSTODY_OFFER:
        break;
    }
    return false;
}
