/* What is owed to an agency and by it, as its agent reckons it. */
#include "tests/unit/handover_town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agreements/calendar.h"
#include "lib/text.h"

static void what_is_owed_is_listed_until_it_comes(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), question;
    const Concordat__Response *r;
    size_t before;

    question = said(say(town, NPS,
                        (struct wish){.type = "check.social_care.children.request",
                                      .to = agencies[CSC],
                                      .about = &handle,
                                      .json = check}));
    town_settle(town);
    r = due_of(town, NPS);
    before = r->n_due;
    assert_true(before > 0);
    for (size_t i = 0; i < before; i++) {
        assert_false(r->due[i]->by_us);
        assert_string_equal(r->due[i]->other, agencies[CSC]);
        assert_true(i == 0 || r->due[i - 1]->due_ms <= r->due[i]->due_ms);
    }
    town_restart(town, CSC);
    r = due_of(town, CSC);
    assert_int_equal(r->n_due, before); /* the same clocks, by the same reckoning */
    assert_true(r->due[0]->by_us);
    assert_int_equal(r->due[0]->due_ms, due_of(town, NPS)->due[0]->due_ms);
    (void)said(say(town, CSC,
                   (struct wish){.type = "check.social_care.children.response",
                                 .reply_to = &question,
                                 .json = checked}));
    town_settle(town);
    assert_int_equal(due_of(town, NPS)->n_due, 0);
    assert_int_equal(due_of(town, CSC)->n_due, 0);
}

/* As the broker has it after a move: what is expected, and the decision on a referral. */
static struct told_due due_as_told(Concordat__ClockKind kind, const struct id *message,
                                   const char *expected, const char *by, const char *to,
                                   int64_t due_ms)
{
    struct told_due due = {
        .kind = kind, .message_id = *message, .conversation_id = *message, .due_ms = due_ms};

    TEXT_COPY(due.type, "safeguarding.referral.child");
    TEXT_COPY(due.expected, expected);
    TEXT_COPY(due.owed_by, by);
    TEXT_COPY(due.owed_to, to);
    TEXT_COPY(due.role, "Head of service");
    return due;
}

static void what_is_expected_moves_with_its_case(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const Concordat__ClockKind expected = CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED;
    struct id handle = opened(town), first = referred(town, &handle), other = id_random();
    const int64_t soon_ms = town_now(town) + 1000, later_ms = soon_ms + TOWN_DAY_MS;
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, agencies[CRC], 3);
    const Concordat__Due *due;

    town_settle(town);
    assert_non_null(find_due(town, NPS, "decide", "safeguarding.referral.decision"));
    town_wait(town, 1000);
    told.custody.at_ms = town_now(town);
    TEXT_COPY(told.custody.former, agencies[NPS]);
    told.custody.transfer_id = (struct id){{7}};
    told.custody.conversation_count = 1;
    told.custody.conversations[0] = conversation_of(&first, "safeguarding.referral.child", 2, 1);
    town_tell(town, NPS, &told);
    told.custody.due_count = 2;
    told.custody.due[0] =
        due_as_told(CONCORDAT__CLOCK_KIND__CLOCK_DECIDE, &first, "safeguarding.referral.decision",
                    agencies[CSC], agencies[CRC], soon_ms);
    told.custody.due[1] =
        due_as_told(expected, &other, "case.first_contact", agencies[CRC], agencies[CSC], later_ms);
    town_mischief(town)->twice = true;
    town_tell(town, CRC, &told);
    told.custody.due_count = 1;
    told.custody.due[0] = told.custody.due[1];
    town_tell(town, CSC, &told);
    town_settle(town);
    town_mischief(town)->twice = false;
    assert_int_equal(due_of(town, NPS)->n_due, 0);
    assert_int_equal(due_of(town, CRC)->n_due, 2);
    due = find_due(town, CRC, "decide", "safeguarding.referral.decision");
    assert_false(due->by_us);
    assert_int_equal(due->due_ms, soon_ms);
    due = find_due(town, CRC, "expected", "case.first_contact");
    assert_true(due->by_us);
    assert_string_equal(due->other, agencies[CSC]);
    assert_string_equal(due->role, "Head of service");
    assert_int_equal(due->due_ms, later_ms);
    due = find_due(town, CSC, "expected", "case.first_contact");
    assert_string_equal(due->other, agencies[CRC]);
    assert_string_equal(find_due(town, CSC, "decide", "safeguarding.referral.decision")->other,
                        agencies[CRC]);

    town_wait(town, 1000); /* and on, and back: the debtor is who holds it */
    told.custody.at_ms = town_now(town);
    told.custody.version = 5;
    TEXT_COPY(told.custody.former, agencies[CRC]);
    TEXT_COPY(told.custody.holder, agencies[NPS]);
    TEXT_COPY(told.custody.due[0].owed_by, agencies[NPS]);
    told.custody.conversation_count = 0;
    town_tell(town, CSC, &told);
    town_tell(town, NPS, &told);
    told.custody.due_count = 0;
    town_tell(town, CRC, &told);
    town_settle(town);
    assert_null(find_due(town, CRC, "expected", "case.first_contact"));
    assert_true(find_due(town, NPS, "expected", "case.first_contact")->by_us);
    assert_string_equal(find_due(town, CSC, "expected", "case.first_contact")->other,
                        agencies[NPS]);
}

/* What was due long before an answer waits to be passed on stands before it, and a limit cuts what
 * is due last. */
static void what_is_due_first_is_listed_first(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    const Concordat__Response *r;
    size_t all, forwards = 0;
    struct late late;

    (void)referred(town, &handle);
    town_settle(town);
    town_wait(town, 6 * TOWN_DAY_MS);
    late = moved_on(town);
    town_mischief(town)->hide_keys = true;
    town_restart(town, NPS);
    late_answer(town, &late);
    town_settle(town);
    (void)referred(town, &handle);
    town_settle(town);
    r = due_of(town, NPS);
    all = r->n_due;
    assert_false(r->more);
    for (size_t i = 0; i < all; i++) {
        forwards += strcmp(r->due[i]->what, "forward") == 0;
        assert_true(i == 0 || r->due[i - 1]->due_ms <= r->due[i]->due_ms);
    }
    assert_int_equal(forwards, 1);
    assert_string_not_equal(r->due[0]->what, "forward");
    assert_true(r->due[0]->overdue);
    for (uint32_t limit = 1; limit <= all + 1; limit++) {
        r = due_first(town, NPS, limit);
        assert_int_equal(r->n_due, limit < all ? limit : all);
        assert_int_equal(r->more, limit < all);
        assert_string_not_equal(r->due[0]->what, "forward");
        for (size_t i = 1; i < r->n_due; i++)
            assert_true(r->due[i - 1]->due_ms <= r->due[i]->due_ms);
    }
}

static void what_is_overdue_is_listed_however_old(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    const Concordat__Response *r;
    size_t before;

    (void)referred(town, &handle);
    town_settle(town);
    before = due_of(town, NPS)->n_due;
    assert_true(before > 0);
    town_wait(town, 200 * TOWN_DAY_MS);
    r = due_of(town, NPS);
    assert_int_equal(r->n_due, before);
    assert_true(r->due[0]->overdue);
}

/* A file in which each of the next days is a bank holiday. */
static struct calendar_days *closed_for(const struct town *town, int days)
{
    char path[] = "/tmp/concordat-days-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    struct calendar_days *out = NULL;
    struct reason why = {""};

    assert_non_null(file);
    for (int day = 0; day < days; day++) {
        const time_t at = (time_t)((town_now(town) + day * TOWN_DAY_MS) / 1000);
        struct tm tm;

        assert_non_null(gmtime_r(&at, &tm));
        (void)fprintf(file, "%04d-%02d-%02d  closed\n", tm.tm_year + 1900, tm.tm_mon + 1,
                      tm.tm_mday);
    }
    assert_int_equal(fclose(file), 0);
    if (calendar_load(path, &out, &why) != ST_OK)
        fail_msg("%s", why.text);
    assert_int_equal(remove(path), 0);
    return out;
}

static int64_t decided_by(struct town *town, size_t agency)
{
    const Concordat__Response *r = due_of(town, agency);

    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, "decide") == 0)
            return r->due[i]->due_ms;
    return 0;
}

/* Bank holidays are proclaimed: what is owed by working days is owed later, also by a message that
 * is there already, over a restart, and on both sides. */
static void what_is_owed_goes_by_the_bank_holidays(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct calendar_days *days = closed_for(town, 20);
    struct id handle = opened(town);
    int64_t before_ms, after_ms;

    (void)referred(town, &handle);
    town_settle(town);
    before_ms = decided_by(town, NPS);
    assert_true(before_ms > town_now(town) && before_ms < town_now(town) + 7 * TOWN_DAY_MS);
    town_recalendar(town, NPS, days);
    town_turns(town, 1);
    after_ms = decided_by(town, NPS);
    assert_true(after_ms >= town_now(town) + 19 * TOWN_DAY_MS);
    assert_int_equal(decided_by(town, CSC), before_ms);
    town_recalendar(town, CSC, days); /* and one that starts with it */
    town_restart(town, CSC);
    town_turns(town, 1);
    assert_int_equal(decided_by(town, CSC), after_ms);
    assert_int_equal(town_status(town, CSC)->holidays_end_ms, calendar_ends_ms(days));
    town_recalendar(town, NPS, NULL);
    town_recalendar(town, CSC, NULL);
    town_turns(town, 1);
    assert_int_equal(decided_by(town, NPS), before_ms);
    assert_int_equal(town_status(town, CSC)->holidays_end_ms,
                     calendar_ends_ms(calendar_built_in()));
    calendar_free(days);
}

/* More of them than a turn looks at, due at one moment. */
static void all_that_is_owed_is_reckoned(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct calendar_days *days = closed_for(town, 20);
    struct id handle = opened(town);
    const Concordat__Response *r;

    for (int i = 0; i < 100; i++)
        (void)referred(town, &handle);
    town_settle(town);
    town_recalendar(town, NPS, days);
    town_turns(town, 20);
    r = due_of(town, NPS);
    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, "decide") == 0)
            assert_true(r->due[i]->due_ms >= town_now(town) + 19 * TOWN_DAY_MS);
    calendar_free(days);
}

int handover_due_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_owed_is_listed_until_it_comes),
        cmocka_unit_test(what_is_expected_moves_with_its_case),
        cmocka_unit_test(what_is_due_first_is_listed_first),
        cmocka_unit_test(what_is_overdue_is_listed_however_old),
        cmocka_unit_test(what_is_owed_goes_by_the_bank_holidays),
        cmocka_unit_test(all_that_is_owed_is_reckoned),
    };
    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
