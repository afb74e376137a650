/* What a message starts, how each clock goes on, and what stops it. */
#include "agreements/clock.h"
#include "tests/unit/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND(name) CONCORDAT__CLOCK_KIND__CLOCK_##name
#define STAGE(name) CONCORDAT__CLOCK_STAGE__STAGE_##name
#define STEP(name) CONCORDAT__STEP_KIND__##name

static const char text[] = "agreement: ISA-CLOCKS\n"
                           "version: 1\n"
                           "title: What is owed by when\n"
                           "in-force: 2020-01-01\n"
                           "review: 2030-01-01\n"
                           "expires: 2035-01-01\n"
                           "marking:\n"
                           "  floor: OFFICIAL\n"
                           "  ceiling: OFFICIAL_SENSITIVE\n"
                           "retention-days: 365\n"
                           "onward: []\n"
                           "parties:\n"
                           "  - agency: csc.a\n"
                           "    kind: LA_CHILDREN\n"
                           "    contact: front door\n"
                           "    out-of-hours: emergency duty team\n"
                           "  - agency: nps.a\n"
                           "    kind: NPS\n"
                           "    contact: court team\n"
                           "    calendar: always\n"
                           "clauses:\n"
                           "  - id: check\n"
                           "    type: check.social_care.children.request\n"
                           "    from: NPS\n"
                           "    to: LA_CHILDREN\n"
                           "    purpose: safeguard_child\n"
                           "    gateway: CA1989_S17_S47\n"
                           "    required: [DC_IDENTITY, DC_CHILD]\n"
                           "    answer-within: 4wh\n"
                           "    escalation: [Team manager, Head of service]\n"
                           "  - id: closing\n"
                           "    type: safeguarding.close\n"
                           "    from: NPS\n"
                           "    to: LA_CHILDREN\n"
                           "    purpose: safeguard_child\n"
                           "    gateway: CA1989_S17_S47\n"
                           "    required: [DC_IDENTITY, DC_CHILD]\n"
                           "  - id: decision\n"
                           "    type: safeguarding.referral.decision\n"
                           "    from: LA_CHILDREN\n"
                           "    to: NPS\n"
                           "    purpose: safeguard_child\n"
                           "    gateway: CA1989_S17_S47\n"
                           "    only-in-reply: true\n"
                           "    required: [DC_IDENTITY, DC_CHILD]\n"
                           "  - id: referral\n"
                           "    type: safeguarding.referral.child\n"
                           "    from: NPS\n"
                           "    to: LA_CHILDREN\n"
                           "    purpose: safeguard_child\n"
                           "    gateway: CA1989_S17_S47\n"
                           "    required: [DC_IDENTITY, DC_CHILD]\n"
                           "    acknowledge-within: 4h\n"
                           "    decide-within: 1wd\n"
                           "    answer-within: 10wd\n"
                           "    escalation: [Team manager]\n"
                           "expectations:\n"
                           "  - id: closed\n"
                           "    after: safeguarding.referral.child\n"
                           "    expect: safeguarding.close\n"
                           "    within: 2d\n"
                           "    tell: Head of service\n"
                           "  - id: closed-in-time\n"
                           "    after: safeguarding.referral.decision\n"
                           "    expect: safeguarding.close\n"
                           "    within: 5wd\n"
                           "    tell: Head of service\n"
                           "  - id: decided\n"
                           "    after: safeguarding.referral.child\n"
                           "    expect: safeguarding.referral.decision\n"
                           "    within: 2wd\n"
                           "    tell: Head of service\n";

static struct agreement *agreement_of(void)
{
    struct agreement *agreement = NULL;
    struct reason why = {""};

    if (agreement_parse("clocks.yaml", text, sizeof text - 1, &agreement, &why) != ST_OK)
        fail_msg("%s", why.text);
    return agreement;
}

static size_t start(const struct agreement *agreement, const char *clause, const char *at,
                    const char *needed_by, struct clock out[static CLOCKS_OF_MAX])
{
    const struct clause *c = agreement_clause(agreement, clause);
    bool from_nps = strcmp(c->from, "NPS") == 0;
    const struct clock_cause cause = {.agreement = agreement,
                                      .clause = c,
                                      .type = c->type,
                                      .urgency = c->type->urgency,
                                      .sender = from_nps ? "nps.a" : "csc.a",
                                      .recipient = from_nps ? "csc.a" : "nps.a",
                                      .accepted_ms = moment_of(at),
                                      .needed_by_ms = needed_by ? moment_of(needed_by) : 0};
    size_t count = 99;

    clocks_of(&cause, calendar_built_in(), out, &count);
    return count;
}

static const struct clock *of_kind(const struct clock clocks[], size_t count,
                                   Concordat__ClockKind kind)
{
    for (size_t i = 0; i < count; i++)
        if (clocks[i].kind == kind)
            return &clocks[i];
    fail_msg("no clock %d", kind);
    return NULL;
}

static void a_referral_starts_all_that_its_clause_gives(void **)
{
    struct agreement *agreement = agreement_of();
    struct clock clocks[CLOCKS_OF_MAX];
    size_t count = start(agreement, "referral", "2024-06-14 15:59", NULL, clocks);

    assert_int_equal(count, 6);
    assert_moment(of_kind(clocks, count, KIND(OPEN))->next_ms, "2024-06-14 16:14", "open");
    assert_moment(of_kind(clocks, count, KIND(ACKNOWLEDGE))->due_ms, "2024-06-14 19:59", "ack");
    assert_moment(of_kind(clocks, count, KIND(DECIDE))->due_ms, "2024-06-17 15:30", "decide");
    assert_moment(of_kind(clocks, count, KIND(ANSWER))->due_ms, "2024-06-28 15:30", "answer");
    const struct clock *closed = of_kind(clocks, count, KIND(EXPECTED)), *expected = closed + 1;
    assert_string_equal(closed->expectation, "closed"); /* who may close is who referred */
    assert_int_equal(closed->debtor, DEBTOR_SENDER);
    assert_int_equal(closed->calendar, CALENDAR_ALWAYS);
    assert_moment(closed->due_ms, "2024-06-16 15:59", "two days");
    assert_string_equal(expected->expectation, "decided");
    assert_int_equal(expected->debtor, DEBTOR_RECIPIENT);
    assert_moment(expected->due_ms, "2024-06-18 15:30", "expected, in the desk's calendar");
    assert_true(expected->next_ms == expected->due_ms);
    agreement_free(agreement);
}

static void an_expectation_is_owed_by_who_may_send_it(void **)
{
    struct agreement *agreement = agreement_of();
    struct clock clocks[CLOCKS_OF_MAX];
    size_t count = start(agreement, "decision", "2024-06-14 12:00", NULL, clocks);

    assert_int_equal(count, 1); /* from the desk to probation, who is to close it */
    assert_int_equal(clocks[0].kind, KIND(EXPECTED));
    assert_int_equal(clocks[0].debtor, DEBTOR_RECIPIENT);
    assert_moment(clocks[0].due_ms, "2024-06-16 01:30", "probation is always open");
    assert_int_equal(start(agreement, "closing", "2024-06-14 12:00", NULL, clocks), 0);
    agreement_free(agreement);
}

/* Probation and the company may each send what is expected; who has spoken as the holder owes it.
 */
static void what_follows_a_holder_s_word_is_owed_by_the_holder(void **)
{
    static const struct {
        const char *file, *clause, *expectation, *from, *to;
    } cases[] = {
        {"case", "transfer-complete", "first-contact", "nps.cambs", "crc.bench"},
        {"case", "transfer-complete-crc", "first-contact", "crc.bench", "nps.cambs"},
        {"case", "first-contact", "assessment", "crc.bench", "nps.cambs"},
        {"case", "first-contact-nps", "assessment", "nps.cambs", "crc.bench"},
        {"safeguarding", "case-closed-child-crc", "close", "crc.bench", "csc.cambs"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(agreement) agreement = NULL;
        struct clock clocks[CLOCKS_OF_MAX];
        struct reason why;
        char path[256];
        size_t count = 0;

        (void)snprintf(path, sizeof path, SOURCE_DIR "/agreements/examples/%s.yaml", cases[i].file);
        assert_int_equal(agreement_load(path, &agreement, &why), ST_OK);
        const struct clause *clause = agreement_clause(agreement, cases[i].clause);
        assert_non_null(clause);
        const struct clock_cause cause = {.agreement = agreement,
                                          .clause = clause,
                                          .type = clause->type,
                                          .sender = cases[i].from,
                                          .recipient = cases[i].to,
                                          .accepted_ms = agreement->from_ms};
        clocks_of(&cause, calendar_built_in(), clocks, &count);
        const struct clock *expected = of_kind(clocks, count, KIND(EXPECTED));
        assert_string_equal(expected->expectation, cases[i].expectation);
        assert_int_equal(expected->debtor, DEBTOR_SENDER);
    }
}

/* The clocks of a message of that clause between two, about a case that `holder` holds. */
static size_t start_between(const struct agreement *agreement, const struct clause *clause,
                            const char *const parties[static 2], const char *holder,
                            struct clock out[static CLOCKS_OF_MAX])
{
    const struct clock_cause cause = {.agreement = agreement,
                                      .clause = clause,
                                      .type = clause->type,
                                      .sender = parties[0],
                                      .recipient = parties[1],
                                      .holder = holder,
                                      .accepted_ms = agreement->from_ms};
    size_t count = 0;

    clocks_of(&cause, calendar_built_in(), out, &count);
    return count;
}

static struct agreement *example(const char *name)
{
    struct agreement *agreement = NULL;
    struct reason why = {""};
    char path[256];

    (void)snprintf(path, sizeof path, SOURCE_DIR "/agreements/examples/%s.yaml", name);
    if (agreement_load(path, &agreement, &why) != ST_OK)
        fail_msg("%s", why.text);
    return agreement;
}

/* The prison is no side of a revocation: it owes word of the return to who revoked. */
static void whom_an_expectation_names_owes_it_in_its_own_calendar(void **)
{
    static const char ours[] = "from: prison.pbi\n    within: 2d";
    OWNED(agreement) recall = example("recall");
    struct clock clocks[CLOCKS_OF_MAX];
    const char *const parties[2] = {"ppcs", "police.35"};

    assert_non_null(strstr(recall->text, ours));
    for (size_t i = 0; i < 2; i++) {
        size_t count =
            start_between(recall, agreement_clause(recall, "revocation"), parties, NULL, clocks);
        const struct clock *back = of_kind(clocks, count, KIND(EXPECTED));
        /* Could the section not be told, the force that was to arrest would wait for it. */
        assert_int_equal(back->debtor, i == 0 ? DEBTOR_NAMED : DEBTOR_NAMED_TO_RECIPIENT);
        assert_int_equal(back->calendar, CALENDAR_ALWAYS);
        assert_int_equal(back->due_ms - back->started_ms, 2 * 86400000);
        for (size_t n = 0; n < recall->clause_count; n++)
            if (strcmp(recall->clauses[n].id, "returned-ppcs") == 0)
                strcpy(recall->clauses[n].to, "police.35");
    }
}

/* A release is told to whoever must act; only the case's holder sees who was released. Of a holder
 * that is no party of the agreement nobody hears by it, nor it of them. */
static void what_only_a_holder_may_send_the_holder_owes(void **)
{
    static const struct {
        const char *to, *holder;
        enum clock_debtor debtor;
    } cases[] = {
        {"nps.cambs", "nps.cambs", DEBTOR_RECIPIENT}, {"nps.cambs", "crc.bench", DEBTOR_HOLDER},
        {"crc.bench", "crc.bench", DEBTOR_RECIPIENT}, {"police.35", "crc.bench", DEBTOR_HOLDER},
        {"nps.cambs", NULL, DEBTOR_RECIPIENT},        {"police.35", NULL, DEBTOR_NONE},
        {"nps.cambs", "crc.far", DEBTOR_RECIPIENT},   {"police.35", "crc.far", DEBTOR_NONE},
    };
    OWNED(agreement) agreement = example("release");
    const struct message_type *type = catalogue_find("release.notice");

    for (size_t i = 0; i < LENGTH(cases); i++) {
        const char *const parties[2] = {"prison.pbi", cases[i].to};
        const struct clause *clause = NULL;
        struct clock clocks[CLOCKS_OF_MAX];

        for (size_t n = 0; n < agreement->clause_count; n++)
            if (agreement->clauses[n].type == type
                && (!clause || strcmp(agreement->clauses[n].to, cases[i].to) == 0))
                clause = &agreement->clauses[n];
        assert_non_null(clause);
        size_t count = start_between(agreement, clause, parties, cases[i].holder, clocks);
        if (cases[i].debtor == DEBTOR_NONE) {
            for (size_t n = 0; n < count; n++)
                assert_int_not_equal(clocks[n].kind, KIND(EXPECTED));
            continue;
        }
        const struct clock *seen = of_kind(clocks, count, KIND(EXPECTED));
        assert_int_equal(seen->debtor, cases[i].debtor);
        assert_int_equal(seen->due_ms - seen->started_ms, INT64_C(24) * 60 * 60000);
    }
}

/* The information goes by the court's agreement. */
static void what_goes_by_another_agreement_the_recipient_owes(void **)
{
    static const char *const parties[2] = {"crc.bench", "nps.cambs"};
    OWNED(agreement) agreement = example("case");
    struct clock clocks[CLOCKS_OF_MAX];
    size_t count = start_between(agreement, agreement_clause(agreement, "breach-referral"), parties,
                                 "crc.bench", clocks);
    bool found = false;

    assert_int_equal(of_kind(clocks, count, KIND(ACKNOWLEDGE))->span.minutes, 7 * 24 * 60);
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(clocks[i].kind, KIND(ANSWER)); /* what the court says takes longer */
        if (clocks[i].kind == KIND(EXPECTED) && strcmp(clocks[i].expectation, "breach-laid") == 0) {
            found = true;
            assert_int_equal(clocks[i].debtor, DEBTOR_RECIPIENT);
        }
    }
    assert_true(found);
}

/* As the source has them: days, not working days. */
static void first_contact_and_plan_are_due_in_days_as_the_calendar_has_them(void **)
{
    static const struct {
        const char *file, *clause, *from, *to, *expectation;
        int days;
    } cases[] = {
        {"court", "sentence-result", "court.b35cz00", "nps.cambs", "first-contact", 5},
        {"case", "transfer-complete", "nps.cambs", "crc.bench", "first-contact", 5},
        {"case", "first-contact", "crc.bench", "nps.cambs", "assessment", 10},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(agreement) agreement = example(cases[i].file);
        const char *const parties[2] = {cases[i].from, cases[i].to};
        struct clock clocks[CLOCKS_OF_MAX];
        size_t count = start_between(agreement, agreement_clause(agreement, cases[i].clause),
                                     parties, cases[i].from, clocks);
        const struct clock *expected = NULL;

        for (size_t n = 0; n < count; n++)
            if (clocks[n].expectation && strcmp(clocks[n].expectation, cases[i].expectation) == 0)
                expected = &clocks[n];
        assert_non_null(expected);
        const int64_t due_ms = agreement->from_ms + cases[i].days * INT64_C(86400000);
        struct clock clock = *expected;
        Concordat__ClockStage told;
        uint32_t rung;
        assert_false(clock_strike(&clock, calendar_built_in(), due_ms - 1, &told, &rung));
        assert_true(clock_strike(&clock, calendar_built_in(), due_ms, &told, &rung));
        assert_int_equal(told, STAGE(BREACHED));
    }
}

static const char *party_of(const struct agreement *agreement, const char *side, const char *other)
{
    for (size_t i = 0; i < agreement->party_count; i++)
        if (agreement_fits(agreement, side, agreement->parties[i].agency)
            && strcmp(agreement->parties[i].agency, other) != 0)
            return agreement->parties[i].agency;
    return NULL;
}

static bool is_ever_owed(const struct agreement *agreement, const struct expectation *e)
{
    struct clock clocks[CLOCKS_OF_MAX];

    for (size_t n = 0; n < agreement->clause_count; n++) {
        const struct clause *clause = &agreement->clauses[n];
        const char *from = clause->type == e->after ? party_of(agreement, clause->from, "") : NULL;
        const char *to = from ? party_of(agreement, clause->to, from) : NULL;

        if (!to)
            continue;
        const char *const parties[2] = {from, to};
        size_t count = start_between(agreement, clause, parties, NULL, clocks);
        for (size_t i = 0; i < count; i++)
            if (clocks[i].expectation && strcmp(clocks[i].expectation, e->id) == 0)
                return true;
    }
    return false;
}

static void somebody_owes_what_each_example_expects(void **)
{
    static const char *const names[] = {"barnet-offender-management",
                                        "case",
                                        "checks",
                                        "checks-crc",
                                        "court",
                                        "families",
                                        "iom",
                                        "mappa",
                                        "provider",
                                        "plymouth-reoffending",
                                        "recall",
                                        "release",
                                        "statistics",
                                        "safeguarding",
                                        "safeguarding-moves",
                                        "treatment"};

    for (size_t i = 0; i < LENGTH(names); i++) {
        OWNED(agreement) agreement = example(names[i]);

        for (size_t n = 0; n < agreement->expectation_count; n++)
            if (agreement->expectations[n].at_least == 0
                && !is_ever_owed(agreement, &agreement->expectations[n]))
                fail_msg("%s: nobody owes %s", names[i], agreement->expectations[n].id);
    }
}

static void the_sooner_of_answer_within_and_needed_by_counts(void **)
{
    static const struct {
        const char *needed_by, *due, *warned;
    } cases[] = {
        {NULL, "2024-06-14 12:00", "2024-06-14 10:00"},
        {"2024-06-14 13:00", "2024-06-14 12:00", "2024-06-14 10:00"},
        {"2024-06-14 12:00", "2024-06-14 12:00", "2024-06-14 10:00"},
        {"2024-06-14 09:00", "2024-06-14 09:00", "2024-06-14 08:30"},
    };
    struct agreement *agreement = agreement_of();
    struct clock clocks[CLOCKS_OF_MAX];

    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_int_equal(start(agreement, "check", "2024-06-14 08:00", cases[i].needed_by, clocks),
                         1);
        assert_moment(clocks[0].due_ms, cases[i].due, "due");
        assert_moment(clocks[0].next_ms, cases[i].warned, "warned");
    }
    agreement_free(agreement);
}

static void what_is_late_at_its_start_is_breached_once(void **)
{
    struct agreement *agreement = agreement_of();
    struct clock clocks[CLOCKS_OF_MAX];
    Concordat__ClockStage told;
    uint32_t rung;

    assert_int_equal(start(agreement, "check", "2024-06-14 08:00", "2024-06-14 07:00", clocks), 1);
    assert_moment(clocks[0].next_ms, "2024-06-14 08:00", "at once");
    assert_true(
        clock_strike(&clocks[0], calendar_built_in(), moment_of("2024-06-14 08:00"), &told, &rung));
    assert_int_equal(told, STAGE(BREACHED));
    assert_true(clocks[0].next_ms == INT64_MAX);
    assert_false(
        clock_strike(&clocks[0], calendar_built_in(), moment_of("2034-06-14 08:00"), &told, &rung));
    agreement_free(agreement);
}

/* Of a plain clock of 12 hours from noon, with so many rungs: each strike at its time. */
static void a_ladder_of_any_length_is_climbed_in_even_steps(void **)
{
    static const char *const table[][6] = {
        {"18:00", "24:00"},
        {"18:00", "21:00", "24:00"},
        {"18:00", "20:00", "22:00", "24:00"},
        {"18:00", "19:30", "21:00", "22:30", "24:00"},
        {"18:00", "19:12", "20:24", "21:36", "22:48", "24:00"},
    };

    for (uint8_t rungs = 0; rungs <= LADDER_MAX; rungs++) {
        struct clock clock =
            clock_until(KIND(REPLY), moment_of("2024-06-14 12:00"), moment_of("2024-06-15 00:00"));
        clock.rungs = rungs;
        for (uint32_t n = 0; n < rungs + 2u; n++) {
            char at[24];
            Concordat__ClockStage told = STAGE(UNSPECIFIED);
            uint32_t rung = 77;
            (void)snprintf(at, sizeof at, "2024-06-14 %s",
                           strcmp(table[rungs][n], "24:00") == 0 ? "23:60" : table[rungs][n]);
            assert_moment(clock.next_ms, at, "strike");
            assert_false(clock_strike(&clock, NULL, clock.next_ms - 1, &told, &rung));
            assert_int_equal(rung, 77);
            assert_true(clock_strike(&clock, NULL, clock.next_ms, &told, &rung));
            assert_int_equal(told, n == 0       ? STAGE(WARNED)
                                   : n <= rungs ? STAGE(ESCALATED)
                                                : STAGE(BREACHED));
            assert_int_equal(rung, n == 0 || rungs == 0 ? CLOCK_RUNG_NONE
                                   : n <= rungs         ? n - 1
                                                        : rungs - 1u);
            assert_int_equal(clock.count, n + 1);
        }
        assert_true(clock.next_ms == INT64_MAX);
    }
}

static void missed_strikes_are_told_as_one(void **)
{
    static const struct {
        const char *at;
        Concordat__ClockStage told;
        uint32_t rung, count;
    } cases[] = {
        {"2024-06-14 18:00", STAGE(WARNED), CLOCK_RUNG_NONE, 1},
        {"2024-06-14 21:59", STAGE(ESCALATED), 0, 2},
        {"2024-06-14 23:59", STAGE(ESCALATED), 1, 3},
        {"2024-06-20 00:00", STAGE(BREACHED), 1, 4},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct clock clock =
            clock_until(KIND(REPLY), moment_of("2024-06-14 12:00"), moment_of("2024-06-15 00:00"));
        Concordat__ClockStage told;
        uint32_t rung;
        clock.rungs = 2;
        assert_true(clock_strike(&clock, NULL, moment_of(cases[i].at), &told, &rung));
        assert_int_equal(told, cases[i].told);
        assert_int_equal(rung, cases[i].rung);
        assert_int_equal(clock.count, cases[i].count);
        /* the clock was set back: nothing again */
        assert_false(clock_strike(&clock, NULL, moment_of("2024-06-14 12:00"), &told, &rung));
        assert_false(clock_strike(&clock, NULL, moment_of(cases[i].at), &told, &rung));
    }
}

static void an_unopened_referral_is_told_every_quarter_of_an_hour(void **)
{
    struct agreement *agreement = agreement_of();
    struct clock clocks[CLOCKS_OF_MAX];
    size_t count = start(agreement, "referral", "2024-06-14 12:00", NULL, clocks);
    struct clock clock = *of_kind(clocks, count, KIND(OPEN));
    Concordat__ClockStage told;
    uint32_t rung;

    for (uint32_t n = 1; n <= 100; n++) {
        assert_true(clock.next_ms == moment_of("2024-06-14 12:00") + n * OPEN_EVERY_MS);
        assert_true(clock_strike(&clock, calendar_built_in(), clock.next_ms, &told, &rung));
        assert_int_equal(told, STAGE(ESCALATED));
        assert_int_equal(clock.count, n);
    }
    /* an hour of them was missed: one, and the next in its time */
    assert_true(clock_strike(&clock, calendar_built_in(), clock.next_ms + 4 * OPEN_EVERY_MS + 1,
                             &told, &rung));
    assert_int_equal(clock.count, 101);
    assert_true(clock.next_ms == moment_of("2024-06-14 12:00") + 106 * OPEN_EVERY_MS);
    /* it rested, and goes on: what was missed at once, and then in its time again */
    clock.next_ms = INT64_MAX;
    clock_resume(&clock, calendar_built_in());
    assert_true(clock_strike(&clock, calendar_built_in(),
                             moment_of("2024-06-14 12:00") + 107 * OPEN_EVERY_MS + 1, &told,
                             &rung));
    assert_true(clock.next_ms == moment_of("2024-06-14 12:00") + 108 * OPEN_EVERY_MS);
    agreement_free(agreement);
}

static void gaps_and_forwards_are_breached_at_once(void **)
{
    static const Concordat__ClockKind kinds[] = {KIND(GAP), KIND(FORWARD), KIND(EXPECTED),
                                                 KIND(VOLUME)};

    for (size_t i = 0; i < LENGTH(kinds); i++) {
        struct clock clock = clock_until(kinds[i], 1000, 1000 + GAP_MS);
        Concordat__ClockStage told;
        uint32_t rung;
        clock.count = 7; /* what is missing, or how many came */
        assert_int_equal(clock.next_ms, 1000 + GAP_MS);
        assert_true(clock_strike(&clock, NULL, 1000 + GAP_MS, &told, &rung));
        assert_int_equal(told, STAGE(BREACHED));
        assert_int_equal(clock.count, 7);
        assert_true(clock.next_ms == INT64_MAX);
    }
}

static struct calendar_days *load(const char *days)
{
    char path[] = "/tmp/clock-XXXXXX";
    int file = mkstemp(path);
    struct calendar_days *out = NULL;

    assert_true(file >= 0);
    FILE *f = fdopen(file, "w");
    assert_non_null(f);
    assert_true(fputs(days, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(calendar_load(path, &out, NULL), ST_OK);
    (void)remove(path);
    return out;
}

/* Wednesday is proclaimed a bank holiday while clocks run. */
static void a_bank_holiday_added_moves_what_is_to_come(void **)
{
    struct calendar_days *less = load("2024-05-27  Spring bank holiday\n");
    struct calendar_days *more = load("2024-05-27  Spring bank holiday\n2024-06-12  Proclaimed\n");
    struct agreement *agreement = agreement_of();
    const struct clause *clause = agreement_clause(agreement, "check");
    struct clause two_days = *clause;
    const struct clock_cause cause = {.agreement = agreement,
                                      .clause = &two_days,
                                      .type = clause->type,
                                      .sender = "nps.a",
                                      .recipient = "csc.a",
                                      .accepted_ms = moment_of("2024-06-11 08:00")};
    struct clock clocks[CLOCKS_OF_MAX];
    Concordat__ClockStage told;
    uint32_t rung;
    size_t count;

    assert_true(span_parse("2wd", &two_days.answer));
    clocks_of(&cause, less, clocks, &count);
    assert_moment(clocks[0].due_ms, "2024-06-12 15:30", "before");
    assert_true(clock_strike(&clocks[0], less, clocks[0].next_ms, &told, &rung));
    assert_moment(clocks[0].next_ms, "2024-06-12 10:30", "first rung before");
    assert_true(clock_reckon(&clocks[0], more));
    assert_moment(clocks[0].due_ms, "2024-06-13 15:30", "after");
    assert_moment(clocks[0].next_ms, "2024-06-13 10:30", "first rung after");
    assert_int_equal(clocks[0].stage, STAGE(WARNED)); /* what was told is told */
    assert_false(clock_reckon(&clocks[0], more));
    assert_true(clock_reckon(&clocks[0], less)); /* and back */
    assert_moment(clocks[0].due_ms, "2024-06-12 15:30", "back");
    while (clocks[0].next_ms != INT64_MAX)
        assert_true(clock_strike(&clocks[0], less, clocks[0].next_ms, &told, &rung));
    assert_false(clock_reckon(&clocks[0], more)); /* breached is breached */
    struct clock plain = clock_until(KIND(REPLY), 0, 1000);
    assert_false(clock_reckon(&plain, more));
    agreement_free(agreement);
    calendar_free(less);
    calendar_free(more);
}

static void each_kind_is_stopped_by_what_it_waits_for(void **)
{
    static const struct {
        Concordat__ClockKind kind;
        const char *type;
        bool stops;
    } types[] = {
        {KIND(ACKNOWLEDGE), "safeguarding.referral.ack", true},
        {KIND(ACKNOWLEDGE), "safeguarding.referral.decision", true},
        {KIND(ACKNOWLEDGE), "safeguarding.update", false},
        {KIND(OPEN), "safeguarding.referral.ack", true},
        {KIND(DECIDE), "safeguarding.referral.ack", false},
        {KIND(DECIDE), "safeguarding.referral.decision", true},
        {KIND(ANSWER), "safeguarding.referral.decision", true},
        {KIND(ANSWER), "check.social_care.children.response", false},
        {KIND(EXPECTED), "safeguarding.referral.decision", false},
        {KIND(GAP), "safeguarding.referral.decision", false},
        {KIND(FORWARD), "case.late_answer", true},
        {KIND(ANSWER), "case.late_answer", false},
    };
    static const struct {
        Concordat__ClockKind kind;
        Concordat__StepKind steps[6]; /* that stop it */
    } steps[] = {
        {KIND(OPEN),
         {STEP(OPENED), STEP(REJECTED), STEP(ACKNOWLEDGED), STEP(DECLINED), STEP(ANSWERED)}},
        {KIND(ACKNOWLEDGE), {STEP(REJECTED), STEP(ACKNOWLEDGED), STEP(DECLINED), STEP(ANSWERED)}},
        {KIND(DECIDE), {STEP(REJECTED), STEP(DECLINED)}}, /* the decision does, no word of one */
        {KIND(ANSWER), {STEP(REJECTED), STEP(DECLINED)}},
        {KIND(EXPECTED), {STEP(REJECTED)}},
        {KIND(GAP), {0}},
        {KIND(FORWARD), {STEP(REJECTED)}}, /* nothing came that could be passed on */
        {KIND(REPLY), {0}},
        {KIND(VOLUME), {0}},
    };
    const struct message_type *asked = catalogue_find("safeguarding.referral.child");

    for (size_t i = 0; i < LENGTH(types); i++)
        if (clock_is_stopped_by_type(types[i].kind, asked, types[i].type) != types[i].stops)
            fail_msg("type case %zu", i);
    for (size_t i = 0; i < LENGTH(steps); i++)
        for (int step = STEP(DELIVERED); step <= (int)STEP(ANSWERED); step++) {
            bool wanted = false;
            for (size_t k = 0; k < LENGTH(steps[i].steps); k++)
                wanted = wanted || (int)steps[i].steps[k] == step;
            if (clock_is_stopped_by_step(steps[i].kind, asked, (Concordat__StepKind)step) != wanted)
                fail_msg("kind %d, step %d", steps[i].kind, step);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referral_starts_all_that_its_clause_gives),
        cmocka_unit_test(an_expectation_is_owed_by_who_may_send_it),
        cmocka_unit_test(whom_an_expectation_names_owes_it_in_its_own_calendar),
        cmocka_unit_test(what_follows_a_holder_s_word_is_owed_by_the_holder),
        cmocka_unit_test(what_only_a_holder_may_send_the_holder_owes),
        cmocka_unit_test(what_goes_by_another_agreement_the_recipient_owes),
        cmocka_unit_test(first_contact_and_plan_are_due_in_days_as_the_calendar_has_them),
        cmocka_unit_test(somebody_owes_what_each_example_expects),
        cmocka_unit_test(the_sooner_of_answer_within_and_needed_by_counts),
        cmocka_unit_test(what_is_late_at_its_start_is_breached_once),
        cmocka_unit_test(a_ladder_of_any_length_is_climbed_in_even_steps),
        cmocka_unit_test(missed_strikes_are_told_as_one),
        cmocka_unit_test(an_unopened_referral_is_told_every_quarter_of_an_hour),
        cmocka_unit_test(gaps_and_forwards_are_breached_at_once),
        cmocka_unit_test(a_bank_holiday_added_moves_what_is_to_come),
        cmocka_unit_test(each_kind_is_stopped_by_what_it_waits_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
