/* A conversation that nobody ends is forgotten when nothing of it can come due, and both sides have
 * heard that it will be. */
#include "tests/unit/case_desk.h"

#include <string.h>

#include "broker/exchange_inside.h"

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define OPEN CONCORDAT__CLAIM_KIND__CLAIM_OPEN
#define SILENT CONCORDAT__CLOCK_KIND__CLOCK_SILENT

static const char check[] = "check.social_care.children.request";
static const char answer[] = "check.social_care.children.response";

/* Numbers of messages. */
enum {
    CHECK = 1,
    FREE /* from here on */
};

static size_t kept(const struct case_desk *c)
{
    return conversations_count(c->d->x->cases);
}

/* The agency takes all evidence that waits for it. */
static void hear(struct case_desk *c, enum agency by)
{
    struct exchange *x = c->d->x;
    struct queue *queue = &x->members[c->members[by]].queue;
    const struct item *item;

    for (int i = 0; i < 100 && (item = queue_first_flying(x->queues, queue)); i++) {
        desk_settle(c->d, session_of(by), c->members[by], item->sequence);
        desk_run(c->d);
    }
}

/* Mail can be sealed to it again: its key of the beginning has closed. */
static void renew_key(struct case_desk *c, enum agency of)
{
    struct key_statement key = {.from_ms = c->d->now_ms - DAY,
                                .seal_until_ms = c->d->now_ms + 6 * DAY,
                                .open_until_ms = c->d->now_ms + 50 * DAY};
    const struct signed_statement given = {.statement = {(const uint8_t *)"key", 3}};

    strcpy(key.agency, agency_names[of]);
    memcpy(key.key_id, c->d->key_id, KEY_ID_SIZE);
    assert_int_equal(
        directory_add_key(c->d->x->directory, c->members[of], &key, &given, c->d->now_ms), ST_OK);
}

/* A question about a case that nobody holds, delivered: nothing waits for anybody. */
static struct case_desk *asked(void)
{
    struct case_desk *c = case_desk_new();
    struct envelope e = letter(c, CHECK, CRC_A, CSC_A, check);

    (void)accepted(c, &e);
    step(c, &e, CONCORDAT__STEP_KIND__DELIVERED);
    hear(c, CRC_A);
    return c;
}

static bool is_told_silent(const struct case_desk *c, enum agency to)
{
    struct told read;

    for (size_t n = 0; told(c, to, n, &read); n++)
        if (read.kind == TOLD_CLOCK && read.clock.kind == SILENT) {
            assert_int_equal(read.clock.stage, CONCORDAT__CLOCK_STAGE__STAGE_WARNED);
            assert_string_equal(read.clock.type, check);
            assert_string_equal(read.clock.owed_by, "csc.a");
            assert_string_equal(read.clock.owed_to, "crc.a");
            assert_int_equal(read.clock.due_ms, c->d->now_ms + SILENT_MORE_DAYS * DAY);
            return true;
        }
    return false;
}

static void what_nobody_ends_is_told_to_both_and_forgotten_when_they_have_heard(void **)
{
    OWNED(case_desk) c = asked();

    case_desk_wait(c, SILENT_DAYS * DAY - 1000);
    assert_int_equal(told_count(c), 0);
    case_desk_restart(c);
    case_desk_wait(c, DAY);
    assert_true(is_told_silent(c, CRC_A));
    assert_true(is_told_silent(c, CSC_A));
    assert_int_equal(told_count(c), 2);
    case_desk_restart(c);
    case_desk_wait(c, DAY);
    assert_int_equal(told_count(c), 0); /* once */
    hear(c, CRC_A);
    case_desk_wait(c, 2 * SILENT_MORE_DAYS * DAY);
    assert_int_equal(kept(c), 1); /* one of them has not taken it */
    hear(c, CSC_A);
    case_desk_wait(c, DAY);
    assert_int_equal(kept(c), 0);
    assert_int_equal(desk_events(c->d, EVENT_KEPT), 1);
    assert_int_equal(desk_event(c->d, EVENT_KEPT, 0)->record.size, 0);
    assert_int_equal(exchange_counts(c->d->x)->silent_forgotten, 1);
    case_desk_restart(c);
    assert_int_equal(kept(c), 0);
    renew_key(c, CRC_A);
    struct envelope late = reply(c, FREE, CSC_A, CRC_A, answer, CHECK, 1);
    (void)accepted(c, &late); /* it is lost to nobody */
    assert_int_equal(delivered(c, CRC_A), 1);
}

static void it_is_not_forgotten_before_its_days_are_over(void **)
{
    OWNED(case_desk) c = asked();

    case_desk_wait(c, SILENT_DAYS * DAY);
    assert_true(is_told_silent(c, CSC_A));
    hear(c, CRC_A);
    hear(c, CSC_A);
    case_desk_wait(c, SILENT_MORE_DAYS * DAY - 1000);
    assert_int_equal(kept(c), 1);
    case_desk_wait(c, DAY);
    assert_int_equal(kept(c), 0);
}

static void what_is_said_in_it_begins_it_anew(void **)
{
    OWNED(case_desk) c = asked();

    case_desk_wait(c, SILENT_DAYS * DAY);
    assert_true(is_told_silent(c, CSC_A));
    hear(c, CRC_A);
    hear(c, CSC_A);
    renew_key(c, CRC_A);
    struct envelope e = reply(c, FREE, CSC_A, CRC_A, answer, CHECK, 2);
    (void)accepted(c,
                   &e); /* held, since its first has not come: for a minute, and then it is said */
    case_desk_wait(c, DAY);
    case_desk_wait(c, SILENT_MORE_DAYS * DAY);
    assert_int_equal(kept(c), 1);
    case_desk_wait(c, DUPLICATE_DAYS * DAY); /* the answer has ended it */
    assert_int_equal(kept(c), 0);
    assert_int_equal(exchange_counts(c->d->x)->silent_forgotten, 0);
}

/* The holder has to see to it, and finds it in every offer. */
static void an_open_case_holds_it_open(void **)
{
    OWNED(case_desk) c = asked();
    struct custody_told custody;

    assert_int_equal(claim(c, CRC_A, OPEN, 0, &custody), CODE(REFUSAL_UNSPECIFIED));
    for (int i = 0; i < 3; i++) {
        case_desk_wait(c, SILENT_DAYS * DAY);
        assert_int_equal(told_count(c), 0);
        assert_int_equal(kept(c), 1);
    }
}

/* A clock of it runs, is breached, and rests for its days; only then it is silent. */
static void a_clock_of_it_holds_it_open(void **)
{
    OWNED(case_desk) c = case_desk_new();
    struct envelope e = letter(c, CHECK, CRC_A, CSC_A, check);

    e.needed_by_ms = c->d->now_ms + (SILENT_DAYS + 200) * DAY;
    (void)accepted(c, &e);
    step(c, &e, CONCORDAT__STEP_KIND__DELIVERED);
    for (int days = 0; days < SILENT_DAYS + 280; days += 20) {
        case_desk_wait(c, 20 * DAY);
        assert_false(is_told_silent(c, CSC_A));
        hear(c, CRC_A);
        hear(c, CSC_A);
    }
    for (int i = 0; i < 5 && !is_told_silent(c, CSC_A); i++)
        case_desk_wait(c, 10 * DAY); /* it is forgotten in one batch, the silence seen in another */
    assert_true(is_told_silent(c, CSC_A));
    assert_true(is_told_silent(c, CRC_A));
}

/* The question itself was never delivered. */
static void what_waits_for_a_side_holds_it_open(void **)
{
    OWNED(case_desk) c = case_desk_new();
    struct envelope e = letter(c, CHECK, CRC_A, CSC_A, check);

    (void)accepted(c, &e);
    case_desk_wait(c, SILENT_DAYS * DAY);
    assert_true(is_told_silent(c, CRC_A));
    hear(c, CRC_A);
    case_desk_wait(c, 2 * SILENT_MORE_DAYS * DAY);
    assert_int_equal(kept(c), 1);
    step(c, &e, CONCORDAT__STEP_KIND__DELIVERED);
    hear(c, CRC_A);
    hear(c, CSC_A);
    case_desk_wait(c, DAY);
    assert_int_equal(kept(c), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_ends_is_told_to_both_and_forgotten_when_they_have_heard),
        cmocka_unit_test(it_is_not_forgotten_before_its_days_are_over),
        cmocka_unit_test(what_is_said_in_it_begins_it_anew),
        cmocka_unit_test(an_open_case_holds_it_open),
        cmocka_unit_test(a_clock_of_it_holds_it_open),
        cmocka_unit_test(what_waits_for_a_side_holds_it_open),
    };
    return cmocka_run_group_tests_name("forgetting", tests, NULL, NULL);
}
