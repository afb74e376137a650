/* Lint sees where an answer that comes late could not follow its case. */
#include "tests/unit/unit.h"

#include <string.h>

#include "agreements/wants.h"

#define EXAMPLES SOURCE_DIR "/agreements/examples"

/* The agreement in which cases move, with every clause of `type` become one for something else. */
static struct agreement *moves_without(const char *type)
{
    struct agreement *agreement = NULL;
    struct reason why = {""};

    if (agreement_load(EXAMPLES "/case.yaml", &agreement, &why) != ST_OK)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < agreement->clause_count; i++)
        if (strcmp(agreement->clauses[i].type->name, type) == 0)
            agreement->clauses[i].type = catalogue_find("case.update");
    return agreement;
}

static size_t wants_of(struct agreement *const agreements[], size_t count, bool whole,
                       struct want out[static WANTS_MAX])
{
    OWNED(agreement_set) set = NULL;

    assert_int_equal(agreement_set_borrow(agreements, count, &set), ST_OK);
    return wants_late_answer(set, whole, out);
}

static void the_examples_want_nothing(void **)
{
    OWNED(agreement_set) set = NULL;
    struct reason why = {""};
    struct want wants[WANTS_MAX];

    if (agreement_set_load(EXAMPLES, &set, &why) != ST_OK)
        fail_msg("%s", why.text);
    if (wants_late_answer(set, true, wants) != 0)
        fail_msg("%s: %s to %s", wants[0].agreement->id, wants[0].from, wants[0].to);
}

static void each_pair_without_a_clause_is_named_once(void **)
{
    OWNED(agreement) moves = moves_without("case.late_answer");
    struct want wants[WANTS_MAX];
    size_t count = wants_of(&moves, 1, false, wants);

    assert_true(count > 0 && count < WANTS_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(wants[i].transfer->type->name, "case.transfer.offer");
        assert_true(agreement_fits(moves, wants[i].transfer->from, wants[i].from));
        assert_true(agreement_fits(moves, wants[i].transfer->to, wants[i].to));
        for (size_t j = 0; j < i; j++)
            assert_false(strcmp(wants[i].from, wants[j].from) == 0
                         && strcmp(wants[i].to, wants[j].to) == 0);
    }
}

static void who_cannot_ask_needs_none(void **)
{
    OWNED(agreement) moves = moves_without("case.late_answer");
    OWNED(agreement) checks = NULL;
    struct want wants[WANTS_MAX];

    for (size_t i = 0; i < moves->clause_count; i++)
        if (moves->clauses[i].type->pattern == PATTERN_ENQUIRY)
            moves->clauses[i].type = catalogue_find("case.update");
    assert_int_equal(wants_of(&moves, 1, true, wants), 0);
    assert_int_equal(agreement_load(EXAMPLES "/checks.yaml", &checks, NULL), ST_OK);
    struct agreement *const both[] = {moves, checks};
    assert_true(wants_of(both, 2, true, wants) > 0);
}

static void without_a_transfer_there_is_none(void **)
{
    OWNED(agreement) moves = moves_without("case.transfer.offer");
    struct want wants[WANTS_MAX];

    assert_int_equal(wants_of(&moves, 1, false, wants), 0);
}

/* In none of the examples is something expected that neither side of the message can send. */
static void what_the_examples_expect_can_come(void **)
{
    OWNED(agreement_set) set = NULL;
    struct reason why = {""};
    struct unmet unmet[WANTS_MAX];

    if (agreement_set_load(EXAMPLES, &set, &why) != ST_OK)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);
        size_t count = wants_expected(a, unmet);

        for (size_t j = 0; j < count; j++)
            print_error("%s: %s: %s, %s to %s\n", a->id, unmet[j].expectation->id,
                        unmet[j].clause->id, unmet[j].from, unmet[j].to);
        assert_int_equal(count, 0);
    }
}

/* Released people are seen by probation; of what goes to it, nobody else is expected to. */
static void what_neither_can_send_is_named_with_its_clause(void **)
{
    OWNED(agreement) release = NULL;
    struct reason why = {""};
    struct unmet unmet[WANTS_MAX];
    size_t count;

    if (agreement_load(EXAMPLES "/release.yaml", &release, &why) != ST_OK)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < release->clause_count; i++)
        if (strcmp(release->clauses[i].id, "seen-crc") == 0)
            release->clauses[i].type = catalogue_find("case.update");
    count = wants_expected(release, unmet);
    assert_int_equal(count, 1);
    assert_string_equal(unmet[0].expectation->id, "seen");
    assert_string_equal(unmet[0].clause->id, "notice-crc");
    assert_string_equal(unmet[0].from, "prison.pbi");
    assert_string_equal(unmet[0].to, "crc.bench");
}

/* A third agency alone may say it, and is not named: nothing would be watched. */
static void what_a_third_agency_owes_wants_its_name(void **)
{
    OWNED(agreement) recall = NULL;
    struct reason why = {""};
    struct unmet unmet[WANTS_MAX];

    if (agreement_load(EXAMPLES "/recall.yaml", &recall, &why) != ST_OK)
        fail_msg("%s", why.text);
    recall->expectations[0].from[0] = '\0';
    assert_int_equal(wants_expected(recall, unmet), 1);
    assert_string_equal(unmet[0].clause->id, "revocation");
}

/* Who is named cannot tell either of the two: nothing would be watched. */
static void what_who_is_named_cannot_send_there_is_named(void **)
{
    OWNED(agreement) recall = NULL;
    struct reason why = {""};
    struct unmet unmet[WANTS_MAX];

    if (agreement_load(EXAMPLES "/recall.yaml", &recall, &why) != ST_OK)
        fail_msg("%s", why.text);
    assert_int_equal(wants_expected(recall, unmet), 0);
    for (size_t i = 0; i < recall->clause_count; i++)
        if (strcmp(recall->clauses[i].id, "returned-ppcs") == 0)
            recall->clauses[i].type = catalogue_find("case.update");
    assert_int_equal(wants_expected(recall, unmet), 1);
    assert_string_equal(unmet[0].expectation->id, "back-in-custody");
    assert_string_equal(unmet[0].clause->id, "revocation");
    assert_string_equal(unmet[0].from, "ppcs");
    assert_string_equal(unmet[0].to, "police.35");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_want_nothing),
        cmocka_unit_test(each_pair_without_a_clause_is_named_once),
        cmocka_unit_test(who_cannot_ask_needs_none),
        cmocka_unit_test(without_a_transfer_there_is_none),
        cmocka_unit_test(what_the_examples_expect_can_come),
        cmocka_unit_test(what_neither_can_send_is_named_with_its_clause),
        cmocka_unit_test(what_a_third_agency_owes_wants_its_name),
        cmocka_unit_test(what_who_is_named_cannot_send_there_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
