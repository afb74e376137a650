/* Break-glass privileges: two officers, uses of a day, reviews, suspension; and the same fold
 * twice. */
#include "agreements/privilege.h"
#include "tests/unit/unit.h"

#define HOUR INT64_C(3600000)

static const struct id first = {{1}}, second = {{2}}, third = {{3}}, fourth = {{4}};

static const struct digest keys[] = {{{0}}, {{1}}, {{2}}, {{3}}, {{4}}, {{5}}};
static const struct credential duty_1 = {"duty-1", &keys[1]}, duty_2 = {"duty-2", &keys[2]},
                               duty_9 = {"duty-9", &keys[3]};
/* A governance key says of no officer whose it is. */
static const struct credential desk = {"", &keys[4]};

static struct breach_of_glass use_of(const struct id *message)
{
    return (struct breach_of_glass){"CHARTER-CAMBS", "danger", "nps.cambs", "police.35", message};
}

static void only_two_different_officers_authorise_exactly_this_message(void **)
{
    OWNED(privileges) p = privileges_new();
    struct breach_of_glass use = use_of(&first), other = use_of(&second);

    assert_int_equal(privilege_of(p, &use, HOUR).officers, 0);
    assert_int_equal(privilege_authorise(p, &use, &duty_1, HOUR), ST_OK);
    assert_int_equal(privilege_authorise(p, &use, &duty_1, HOUR + 1), ST_OK);
    assert_int_equal(privilege_of(p, &use, HOUR + 2).officers, 1);
    assert_int_equal(privilege_authorise(p, &use, &duty_2, HOUR + 2), ST_OK);
    assert_int_equal(privilege_of(p, &use, HOUR + 2).officers, 2);
    assert_int_equal(privilege_of(p, &other, HOUR + 2).officers, 0);
    other = use_of(&first);
    other.counterpart = "csc.cambs";
    assert_int_equal(privilege_of(p, &other, HOUR + 2).officers, 0);
    other = use_of(&first);
    other.agency = "crc.bench";
    assert_int_equal(privilege_of(p, &other, HOUR + 2).officers, 0);
    other = use_of(&first);
    other.charter = "CHARTER-OTHER";
    assert_int_equal(privilege_of(p, &other, HOUR + 2).officers, 0);
    other = use_of(&first);
    other.clause = "routine";
    assert_int_equal(privilege_of(p, &other, HOUR + 2).officers, 0);
    /* each stands an hour, to the millisecond */
    assert_int_equal(privilege_of(p, &use, 2 * HOUR).officers, 2);     /* the second "duty-1" */
    assert_int_equal(privilege_of(p, &use, 2 * HOUR + 1).officers, 1); /* "duty-2" alone */
    assert_int_equal(privilege_of(p, &use, 2 * HOUR + 2).officers, 0);
}

static void a_flood_takes_nobody_else_s_room(void **)
{
    OWNED(privileges) p = privileges_new();
    struct breach_of_glass use = use_of(&first), flood = use_of(&second);

    assert_int_equal(privilege_authorise(p, &use, &duty_1, 1), ST_OK);
    flood.agency = "crc.bench";
    for (int i = 0; i < 10 * AUTHORISATIONS_EACH; i++)
        assert_int_equal(privilege_authorise(p, &flood, &duty_9, 2), ST_OK);
    assert_int_equal(privilege_authorise(p, &use, &duty_2, 3), ST_OK);
    assert_int_equal(privilege_of(p, &use, 4).officers, 2);
    assert_int_equal(privilege_of(p, &flood, 4).officers, 1);
}

static void a_day_is_any_24_hours(void **)
{
    OWNED(privileges) p = privileges_new();
    struct breach_of_glass a = use_of(&first), b = use_of(&second);

    assert_int_equal(privilege_use(p, &a, HOUR, 25 * HOUR), ST_OK);
    assert_int_equal(privilege_use(p, &a, HOUR, 25 * HOUR), ST_MORE);
    assert_int_equal(privilege_use(p, &b, 2 * HOUR, 26 * HOUR), ST_OK);
    assert_int_equal(privilege_of(p, &a, 3 * HOUR).uses_today, 2);
    assert_int_equal(privilege_of(p, &a, 25 * HOUR - 1).uses_today, 2);
    assert_int_equal(privilege_of(p, &a, 25 * HOUR).uses_today, 1);
    assert_int_equal(privilege_of(p, &a, 26 * HOUR).uses_today, 0);
    b.agency = "crc.bench";
    assert_int_equal(privilege_of(p, &b, 3 * HOUR).uses_today, 0);
}

/* One card under two names, or one name with two cards, is one officer. */
static void one_credential_is_one_officer(void **)
{
    OWNED(privileges) p = privileges_new();
    struct breach_of_glass use = use_of(&first);
    const struct credential other_name = {"duty-2", &keys[1]}, other_card = {"duty-1", &keys[2]};

    assert_int_equal(privilege_authorise(p, &use, &duty_1, HOUR), ST_OK);
    assert_int_equal(privilege_authorise(p, &use, &other_name, HOUR), ST_OK);
    assert_int_equal(privilege_authorise(p, &use, &other_card, HOUR), ST_OK);
    assert_int_equal(privilege_of(p, &use, HOUR).officers, 1);
    assert_int_equal(privilege_authorise(p, &use, &duty_9, HOUR), ST_OK);
    assert_int_equal(privilege_of(p, &use, HOUR).officers, 2);
}

static void nobody_reviews_what_they_authorised(void **)
{
    OWNED(privileges) p = privileges_new();
    struct breach_of_glass use = use_of(&first), other = use_of(&second), later = use_of(&third);
    const struct credential new_card = {"duty-1", &keys[5]}, governance = {"", &keys[2]};
    const int64_t due = 25 * HOUR;

    assert_int_equal(privilege_authorise(p, &use, &duty_1, HOUR), ST_OK);
    assert_int_equal(privilege_authorise(p, &use, &duty_2, HOUR), ST_OK);
    assert_int_equal(privilege_authorise(p, &other, &duty_9, HOUR), ST_OK);
    assert_int_equal(privilege_use(p, &use, HOUR + 1, due), ST_OK);
    assert_int_equal(privilege_use(p, &other, HOUR + 1, due), ST_OK);
    /* long after the authorisations stand no more */
    assert_int_equal(privilege_authorise(p, &later, &duty_9, 20 * HOUR), ST_OK);
    assert_int_equal(privilege_review(p, &first, "nps.cambs", &duty_1, true), ST_INVALID);
    assert_int_equal(privilege_review(p, &first, "nps.cambs", &new_card, true), ST_INVALID);
    assert_int_equal(privilege_review(p, &first, "nps.cambs", &governance, true), ST_INVALID);
    assert_int_equal(privilege_review(p, &first, "police.35", &governance, true), ST_INVALID);
    assert_int_equal(privilege_review(p, &first, "nps.cambs", &duty_1, false), ST_INVALID);
    assert_false(privilege_of(p, &use, 21 * HOUR).suspended);
    /* another agency's officer of the same name, another message's, and a desk */
    assert_int_equal(privilege_review(p, &first, "police.35", &new_card, true), ST_OK);
    assert_int_equal(privilege_review(p, &second, "nps.cambs", &duty_1, true), ST_OK);
    assert_int_equal(privilege_use(p, &later, 20 * HOUR, 44 * HOUR), ST_OK);
    assert_int_equal(privilege_review(p, &third, "nps.cambs", &duty_9, true), ST_INVALID);
    assert_int_equal(privilege_review(p, &third, "nps.cambs", &desk, false), ST_OK);
    assert_true(privilege_of(p, &use, 21 * HOUR).suspended);
}

static void what_is_not_reviewed_or_not_upheld_suspends(void **)
{
    OWNED(privileges) p = privileges_new();
    struct breach_of_glass a = use_of(&first), b = use_of(&second), c = use_of(&third), found;

    assert_int_equal(privilege_use(p, &a, HOUR, 25 * HOUR), ST_OK);
    assert_int_equal(privilege_use(p, &b, 2 * HOUR, 26 * HOUR), ST_OK);
    assert_false(privilege_next_overdue(p, 25 * HOUR - 1, &found));
    assert_int_equal(privilege_review(p, &first, "police.35", &desk, true), ST_OK);
    assert_int_equal(privilege_review(p, &first, "police.35", &desk, false), ST_MORE); /* once */
    assert_int_equal(privilege_review(p, &fourth, "police.35", &desk, false), ST_MORE);
    assert_false(privilege_of(p, &c, 3 * HOUR).suspended);
    assert_false(privilege_next_overdue(p, 26 * HOUR - 1, &found));
    assert_true(privilege_next_overdue(p, 26 * HOUR, &found));
    assert_true(id_equal(found.message_id, &second));
    assert_string_equal(found.counterpart, "police.35");
    assert_int_equal(privilege_lapse(p, &second), ST_OK);
    assert_int_equal(privilege_lapse(p, &second), ST_MORE);
    assert_false(privilege_next_overdue(p, 99 * HOUR, &found));
    assert_true(privilege_of(p, &c, 27 * HOUR).suspended);
    c.agency = "crc.bench"; /* nobody else is */
    assert_false(privilege_of(p, &c, 27 * HOUR).suspended);
    c = use_of(&third);
    /* a late review does not lift it: the owner does */
    assert_int_equal(privilege_review(p, &second, "police.35", &desk, true), ST_OK);
    assert_true(privilege_of(p, &c, 27 * HOUR).suspended);
    assert_int_equal(privilege_reinstate(p, "CHARTER-OTHER", "nps.cambs"), ST_MORE);
    assert_int_equal(privilege_reinstate(p, "CHARTER-CAMBS", "nps.cambs"), ST_OK);
    assert_int_equal(privilege_reinstate(p, "CHARTER-CAMBS", "nps.cambs"), ST_MORE);
    assert_false(privilege_of(p, &c, 27 * HOUR).suspended);
    assert_int_equal(privilege_use(p, &c, 28 * HOUR, 52 * HOUR), ST_OK);
    assert_int_equal(privilege_review(p, &third, "police.35", &desk, false), ST_OK);
    assert_true(privilege_of(p, &c, 29 * HOUR).suspended);
}

static void a_use_remembers_what_it_rested_on(void **)
{
    OWNED(privileges) p = privileges_new();
    struct breach_of_glass a = use_of(&first), b = use_of(&second), c = use_of(&third), other;
    struct privilege then = {.officers = 9};

    assert_false(privilege_when_used(p, &a, &then));
    assert_int_equal(then.officers, 9);
    assert_int_equal(privilege_authorise(p, &b, &duty_1, HOUR), ST_OK);
    assert_int_equal(privilege_authorise(p, &b, &duty_2, HOUR), ST_OK);
    assert_int_equal(privilege_use(p, &a, HOUR, 25 * HOUR), ST_OK);
    assert_int_equal(privilege_use(p, &b, 2 * HOUR - 1, 26 * HOUR), ST_OK);
    assert_int_equal(privilege_review(p, &second, "police.35", &desk, false), ST_OK);
    assert_int_equal(privilege_use(p, &c, 3 * HOUR, 27 * HOUR), ST_OK);
    /* however long ago, and whatever came after it */
    assert_int_equal(privilege_authorise(p, &c, &duty_1, 9 * HOUR), ST_OK);
    assert_true(privilege_when_used(p, &a, &then));
    assert_int_equal(then.officers, 0);
    assert_true(privilege_when_used(p, &b, &then));
    assert_int_equal(then.officers, 2);
    assert_int_equal(then.uses_today, 1);
    assert_int_equal(then.uses_lately, 1);
    assert_false(then.suspended);
    assert_true(privilege_when_used(p, &c, &then));
    assert_int_equal(then.officers, 0);
    assert_int_equal(then.uses_today, 2);
    assert_int_equal(then.uses_lately, 0);
    assert_true(then.suspended);
    other = use_of(&second); /* the same id, and not the same message */
    other.clause = "routine";
    assert_false(privilege_when_used(p, &other, &then));
}

static void what_is_settled_is_forgotten_and_what_is_open_never(void **)
{
    OWNED(privileges) p = privileges_new();
    struct breach_of_glass a = use_of(&first), b = use_of(&second), c = use_of(&third), found;
    int64_t later = PRIVILEGE_DAYS * 24 * HOUR + 2 * HOUR;

    assert_int_equal(privilege_use(p, &a, HOUR, 25 * HOUR), ST_OK);
    assert_int_equal(privilege_use(p, &b, HOUR, 25 * HOUR), ST_OK);
    assert_int_equal(privilege_review(p, &first, "police.35", &desk, true), ST_OK);
    assert_int_equal(privilege_use(p, &c, later, later + HOUR), ST_OK);
    assert_false(privilege_find(p, &first, &found));
    assert_true(privilege_find(p, &second, &found));
    assert_true(privilege_next_overdue(p, later, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_two_different_officers_authorise_exactly_this_message),
        cmocka_unit_test(a_flood_takes_nobody_else_s_room),
        cmocka_unit_test(a_day_is_any_24_hours),
        cmocka_unit_test(one_credential_is_one_officer),
        cmocka_unit_test(nobody_reviews_what_they_authorised),
        cmocka_unit_test(what_is_not_reviewed_or_not_upheld_suspends),
        cmocka_unit_test(a_use_remembers_what_it_rested_on),
        cmocka_unit_test(what_is_settled_is_forgotten_and_what_is_open_never),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
