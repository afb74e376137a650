/* What one command does has a bound, and with it one batch of the journal: whatever a case has
 * gathered, it can be handed on, and who keeps to the bounds is never in anybody's way. */
#include "tests/unit/case_desk.h"

#include <stdlib.h>
#include <string.h>

#include "broker/batch_size.h"

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define OK CODE(REFUSAL_UNSPECIFIED)
#define OPEN CONCORDAT__CLAIM_KIND__CLAIM_OPEN
#define CLOSE CONCORDAT__CLAIM_KIND__CLAIM_CLOSE
#define CHANGE(name) CONCORDAT__CUSTODY_CHANGE__CASE_##name
#define CHECK "check.social_care.children.request"
#define CHECKED "check.social_care.children.response"
#define RISK "risk.escalation.request"
#define UPDATE "safeguarding.update"
#define FIRST 1024 /* ids from here on ascend, as they do in an offer */

static struct custody_told custody;

static const struct case_terms terms = {
    .clauses = {{CHECK, "    acknowledge-within: 1h\n    answer-within: 4h\n"}},
    .expectations = "expectations:\n"
                    "  - id: updated\n"
                    "    after: " RISK "\n"
                    "    expect: " UPDATE "\n"
                    "    within: 1d\n"
                    "    tell: Head of service\n"};

static struct case_desk *held(void)
{
    struct case_desk *c = case_desk_with(&terms);

    assert_int_equal(claim(c, NPS_A, OPEN, 0, &custody), OK);
    return c;
}

/* ---- clocks that are there already: as a start reads them ---- */

static const char *name_of(void *, uint32_t agency)
{
    return agency_names[agency - 1];
}

/* Of the agreement when `ours`, else of one that nobody here is party to. */
static void add_clock(struct case_desk *c, uint32_t n, Concordat__ClockKind kind, bool ours)
{
    static const struct cases_names names = {.name = name_of};
    struct clock_running running = {
        .number = 1000000 + n,
        .clock = {.kind = kind,
                  .stage = CONCORDAT__CLOCK_STAGE__STAGE_BREACHED,
                  .started_ms = c->d->now_ms,
                  .due_ms = c->d->now_ms,
                  .next_ms = INT64_MAX,
                  .calendar = CALENDAR_ALWAYS},
        .message = id_of(500000 + n),
        .case_handle = c->handle,
        .owed_by = NPS_A + 1,
        .owed_to = CRC_B + 1,
        .agreement_version = 1,
        .agreement_hash = ours ? c->d->agreement_hash : (struct digest){{7}},
    };
    uint8_t key[8], record[CLOCK_RECORD_MAX];
    struct writer k = writer_of(key, sizeof key), w = writer_of(record, sizeof record);

    strcpy(running.type, RISK);
    strcpy(running.expected, UPDATE);
    snprintf(running.clause, sizeof running.clause, "%0*u", CLAUSE_ID_MAX, n);
    memset(running.agreement_id, 'x', AGREEMENT_ID_MAX);
    write_u64(&k, running.number);
    clock_write(&running, &names, &w);
    assert_false(w.failed);
    assert_int_equal(exchange_restore_kept(c->d->x, KEPT_CLOCK, (struct bytes){key, k.size},
                                           (struct bytes){record, w.size}),
                     ST_OK);
}

static void add_expected(struct case_desk *c, uint32_t first, uint32_t count, bool ours)
{
    for (uint32_t n = first; n < first + count; n++)
        add_clock(c, n, CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED, ours);
}

/* ---- a case moves ---- */

/* The batch of a COMPLETE in bytes: `code` is what becomes of it. */
static size_t complete(struct case_desk *c, uint32_t open, Concordat__RefusalCode code)
{
    struct envelope e = offer(c, 900003, NPS_A, CRC_A, 1, 15, 9);
    for (uint32_t i = 0; i < open; i++)
        name(&e, FIRST + i);
    (void)accepted(c, &e);
    e = act(c, 900004, CRC_A, NPS_A, "case.transfer.accept", 900003, 1, 15);
    (void)accepted(c, &e);
    e = act(c, 900005, CRC_A, NPS_A, "case.transfer.complete", 900003, 2, 0);
    e.custody.manifest.bytes[0] = 9;
    size_t before = c->d->history_size;
    assert_int_equal(send(c, &e), code);
    return c->d->history_size - before;
}

static size_t completed_after(uint32_t answered)
{
    OWNED(case_desk) c = held();

    for (uint32_t i = 0; i < answered; i++) {
        struct envelope e = letter(c, FIRST + i, NPS_A, CSC_A, CHECK);
        (void)accepted(c, &e);
        e = reply(c, 20000 + i, CSC_A, NPS_A, CHECKED, FIRST + i, 1);
        (void)accepted(c, &e); /* and is never delivered: its clock rests */
    }
    size_t size = complete(c, 0, OK);
    assert_told(c, CRC_A, CHANGE(TRANSFERRED), &custody);
    return size;
}

static void what_has_ended_does_not_move_with_the_case(void **context)
{
    (void)context;
    assert_int_equal(completed_after(300), completed_after(1));
}

static void the_largest_completion_fits_a_command(void **context)
{
    (void)context;
    OWNED(case_desk) c = held();

    for (uint32_t i = 0; i < CONVERSATIONS_MAX; i++) {
        struct envelope e = letter(c, FIRST + i, NPS_A, CSC_A, CHECK);
        (void)accepted(c, &e);
    }
    /* Of each conversation two clocks go along: acknowledge and answer. */
    add_expected(c, 0, CLOCKS_MOVED_MAX - 2 * CONVERSATIONS_MAX, false);
    size_t size = complete(c, CONVERSATIONS_MAX, OK);
    assert_in_range(size, 100 * 1024, EXCHANGE_STEP_MAX);
    assert_told(c, CSC_A, CHANGE(TRANSFERRED), &custody);
    assert_int_equal(custody.conversation_count, CONVERSATIONS_MAX);
}

static void one_clock_more_waits_and_can_be_withdrawn(void **context)
{
    (void)context;
    OWNED(case_desk) c = held();

    add_expected(c, 0, CLOCKS_MOVED_MAX + 1, false);
    (void)complete(c, 0, CODE(RATE_LIMITED));
    struct envelope e = act(c, 900006, NPS_A, CRC_A, "case.transfer.withdraw", 900003, 2, 0);
    (void)accepted(c, &e);
    assert_string_equal(holder(c, NPS_A), "nps.a");
}

/* ---- what is expected ---- */

static size_t told_late(const struct case_desk *c)
{
    struct told t;
    size_t count = 0;

    for (size_t n = 0; told(c, NPS_A, n, &t); n++)
        count += t.kind == TOLD_CLOCK && t.clock.stage == CONCORDAT__CLOCK_STAGE__STAGE_LATE;
    return count;
}

static void a_message_meets_so_many_and_the_next_the_rest(void **context)
{
    (void)context;
    OWNED(case_desk) c = held();

    add_expected(c, 0, CLOCKS_MET_MAX + 3, true);
    struct envelope e = letter(c, 1, NPS_A, CSC_A, UPDATE);
    size_t before = c->d->history_size;
    (void)accepted(c, &e);
    /* Both sides of each hear that it is late: about 300 bytes each. */
    assert_in_range(c->d->history_size - before, CLOCKS_MET_MAX * 500, EXCHANGE_STEP_MAX);
    e = letter(c, 2, NPS_A, CSC_A, UPDATE);
    (void)accepted(c, &e);
    assert_int_equal(told_late(c), 3);
    e = letter(c, 3, NPS_A, CSC_A, UPDATE);
    (void)accepted(c, &e);
    assert_int_equal(told_late(c), 0);
}

static void of_its_own_agreements_an_agency_expects_so_much(void **context)
{
    (void)context;
    OWNED(case_desk) c = held();
    struct envelope e;

    add_expected(c, 0, CLOCKS_EXPECTED_MAX - 1, true);
    add_expected(c, CLOCKS_EXPECTED_MAX, 100, false); /* of agreements that are not its own */
    e = letter(c, 1, CRC_A, NPS_A, RISK);
    assert_int_equal(send(c, &e), OK);
    e = letter(c, 2, CRC_A, NPS_A, RISK);
    assert_int_equal(send(c, &e), CODE(RATE_LIMITED));
    /* What expects nothing goes, and so does the same message once that has come. */
    struct envelope update = letter(c, 3, NPS_A, CSC_A, UPDATE);
    assert_int_equal(send(c, &update), OK);
    step(c, &update, CONCORDAT__STEP_KIND__DELIVERED); /* till then they rest */
    assert_int_equal(send(c, &e), OK);
}

/* ---- times ---- */

static void what_was_needed_long_ago_is_missed_and_stays_owed(void **context)
{
    (void)context;
    OWNED(case_desk) c = case_desk_new();
    struct envelope e = letter(c, 1, NPS_A, CSC_A, CHECK);
    struct told t;

    e.needed_by_ms = 1;
    (void)accepted(c, &e);
    case_desk_wait(c, 1);
    assert_true(told(c, CSC_A, 0, &t));
    assert_int_equal(t.clock.stage, CONCORDAT__CLOCK_STAGE__STAGE_BREACHED);
    for (int hours = 0; hours < 5; hours++)
        case_desk_wait(c, DAY / 24);
    assert_int_equal(exchange_counts(c->d->x)->clocks, 1);
    e = reply(c, 2, CSC_A, NPS_A, CHECKED, 1, 1);
    (void)accepted(c, &e);
    assert_true(told(c, NPS_A, 0, &t));
    assert_int_equal(t.clock.stage, CONCORDAT__CLOCK_STAGE__STAGE_LATE);
}

/* ---- conversations of a case ---- */

static void who_has_no_part_in_a_case_cannot_fill_it(void **context)
{
    (void)context;
    OWNED(case_desk) c = held();
    struct envelope e;

    for (uint32_t i = 0; i < CONVERSATIONS_APART_MAX; i++) {
        e = letter(c, FIRST + i, CRC_B, NPS_A, RISK);
        assert_int_equal(send(c, &e), OK);
    }
    e = letter(c, 2000, CRC_B, NPS_A, RISK);
    assert_int_equal(send(c, &e), CODE(RATE_LIMITED));
    /* Others may still ask, the holder too; and the case can be handed on. */
    struct envelope other = letter(c, 2001, CRC_A, NPS_A, RISK);
    assert_int_equal(send(c, &other), OK);
    step(c, &other, CONCORDAT__STEP_KIND__DELIVERED);
    step(c, &other, CONCORDAT__STEP_KIND__DECLINED);
    (void)complete(c, CONVERSATIONS_APART_MAX, OK);
    /* It is about who holds the case: the new holder has them now. */
    case_desk_restart(c);
    e = letter(c, 2002, CRC_B, NPS_A, RISK);
    assert_int_equal(send(c, &e), OK);
}

static void one_that_ends_makes_room(void **context)
{
    (void)context;
    OWNED(case_desk) c = held();
    struct envelope first = letter(c, FIRST, CRC_B, NPS_A, RISK), e;

    (void)accepted(c, &first);
    for (uint32_t i = 1; i < CONVERSATIONS_APART_MAX; i++) {
        e = letter(c, FIRST + i, CRC_B, NPS_A, RISK);
        (void)accepted(c, &e);
    }
    e = letter(c, 2000, CRC_B, NPS_A, RISK);
    assert_int_equal(send(c, &e), CODE(RATE_LIMITED));
    step(c, &first, CONCORDAT__STEP_KIND__DELIVERED);
    step(c, &first, CONCORDAT__STEP_KIND__DECLINED);
    assert_int_equal(send(c, &e), OK);
}

static void a_holder_opens_as_many_as_go_with_the_case(void **context)
{
    (void)context;
    OWNED(case_desk) c = held();
    struct envelope e;

    for (uint32_t i = 0; i < CONVERSATIONS_MAX; i++) {
        e = letter(c, FIRST + i, NPS_A, CSC_A, CHECK);
        assert_int_equal(send(c, &e), OK);
    }
    e = letter(c, 2000, NPS_A, CSC_A, CHECK);
    assert_int_equal(send(c, &e), CODE(RATE_LIMITED));
    e = letter(c, 2001, CRC_B, NPS_A, RISK);
    assert_int_equal(send(c, &e), CODE(RATE_LIMITED));
    /* Nobody holds this one, so nothing has to be named. */
    e = letter(c, 2002, NPS_A, CSC_A, CHECK);
    e.case_handle.bytes[1] = 0x55;
    assert_int_equal(send(c, &e), OK);
    (void)complete(c, CONVERSATIONS_MAX, OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_ended_does_not_move_with_the_case),
        cmocka_unit_test(the_largest_completion_fits_a_command),
        cmocka_unit_test(one_clock_more_waits_and_can_be_withdrawn),
        cmocka_unit_test(a_message_meets_so_many_and_the_next_the_rest),
        cmocka_unit_test(of_its_own_agreements_an_agency_expects_so_much),
        cmocka_unit_test(what_was_needed_long_ago_is_missed_and_stays_owed),
        cmocka_unit_test(who_has_no_part_in_a_case_cannot_fill_it),
        cmocka_unit_test(one_that_ends_makes_room),
        cmocka_unit_test(a_holder_opens_as_many_as_go_with_the_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
