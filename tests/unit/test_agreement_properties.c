/* What holds for every agreement: printed it reads the same, in whatever order it was written. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/made_agreement.h"

static struct agreement_set *examples;

static int load_examples(void **)
{
    examples = examples_load();
    return 0;
}

static int free_examples(void **)
{
    agreement_set_free(examples);
    return 0;
}

static struct chance chance_of(uint64_t seed)
{
    const char *given = getenv("SEED");

    return (struct chance){given ? strtoull(given, NULL, 0) : seed};
}

static struct agreement *made(struct chance *chance, size_t parties, size_t clauses)
{
    const struct make make = {parties, clauses, pick(chance, 8) == 0};

    return agreement_make(chance, examples, &make);
}

static struct agreement *parsed(const char *text, size_t size)
{
    struct agreement *a = NULL;
    struct reason why = {""};

    if (agreement_parse("made.yaml", text, size, &a, &why) != ST_OK)
        fail_msg("%s in\n%s", why.text, text);
    return a;
}

static char *printed(const struct agreement *a, size_t *size)
{
    char *text = malloc(AGREEMENT_FILE_MAX + 1);

    assert_non_null(text);
    assert_int_equal(agreement_print(a, text, AGREEMENT_FILE_MAX + 1, size), ST_OK);
    assert_int_equal(strlen(text), *size);
    return text;
}

static void assert_alike(const struct agreement *a, const struct agreement *b, const char *text)
{
    struct reason where = {""};

    if (!agreements_are_alike(a, b, &where))
        fail_msg("they differ in %s:\n%s", where.text, text);
}

/* parse(print(x)) is like x, and prints the same bytes. */
static void assert_prints_as_itself(const struct agreement *a)
{
    size_t size = 0, again_size = 0;
    char *text = printed(a, &size), *again;
    struct agreement *b = parsed(text, size);

    assert_alike(a, b, text);
    again = printed(b, &again_size);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, text, size);
    agreement_free(b);
    free(text);
    free(again);
}

static void an_example_prints_as_itself(void **)
{
    for (size_t i = 0; i < agreement_set_count(examples); i++)
        assert_prints_as_itself(agreement_set_at(examples, i));
    print_message("%zu examples\n", agreement_set_count(examples));
}

static void any_agreement_prints_as_itself(void **)
{
    struct chance chance = chance_of(1);
    size_t clauses = 0;

    for (int i = 0; i < 2000; i++) {
        OWNED(agreement) a = made(&chance, 2 + pick(&chance, 5), 1 + pick(&chance, 8));

        clauses += a->clause_count;
        assert_prints_as_itself(a);
    }
    print_message("2000 agreements with %zu clauses\n", clauses);
}

static void the_order_of_writing_changes_nothing_but_the_hash(void **)
{
    struct chance chance = chance_of(2);

    for (int i = 0; i < 1000; i++) {
        OWNED(agreement) a = made(&chance, 2 + pick(&chance, 5), 1 + pick(&chance, 8));

        for (int j = 0; j < 2; j++) {
            char *text = agreement_spell(&chance, a);
            struct agreement *b = parsed(text, strlen(text));
            struct digest hash = sha256(text, strlen(text));

            assert_alike(a, b, text);
            assert_true(digest_equal(&b->hash, &hash));
            agreement_free(b);
            free(text);
        }
    }
}

/* The comparison sees a change of any one member: else nothing above means anything. */
static void a_planted_difference_is_seen(void **)
{
    struct chance chance = chance_of(3);
    struct agreement *a = NULL, *b;
    struct reason where;
    size_t size, seen = 0;
    char *text;

    do {
        agreement_free(a);
        a = made(&chance, 6, 8);
    } while (a->onward_count == 0 || a->role_count == 0 || a->expectation_count == 0
             || a->trial_count == 0 || a->parties[0].signing_count == 0
             || a->parties[0].governance_count == 0 || a->clauses[0].ladder_count == 0);
    text = printed(a, &size);
    b = parsed(text, size);
    assert_true(agreements_are_alike(a, b, &where));

#define PLANT(member)                                                                              \
    do {                                                                                           \
        uint8_t *byte = (uint8_t *)&b->member;                                                     \
        *byte ^= 1;                                                                                \
        assert_false(agreements_are_alike(a, b, &where));                                          \
        *byte ^= 1;                                                                                \
        seen++;                                                                                    \
    } while (0)
    PLANT(id);
    PLANT(version);
    PLANT(title);
    PLANT(owner);
    PLANT(dpia);
    PLANT(subject_access);
    PLANT(foi);
    PLANT(breach_contact);
    PLANT(breach_report_hours);
    PLANT(from_ms);
    PLANT(review_ms);
    PLANT(until_ms);
    PLANT(marking_floor);
    PLANT(marking_ceiling);
    PLANT(retention_days);
    PLANT(is_charter);
    PLANT(uses_per_day);
    PLANT(review_within.minutes);
    PLANT(review_within.working);
    PLANT(onward[0]);
    PLANT(roles[0]);
    PLANT(parties[0].agency);
    PLANT(parties[0].kind);
    PLANT(parties[0].contact);
    PLANT(parties[0].dpo);
    PLANT(parties[0].out_of_hours);
    PLANT(parties[0].calendar);
    PLANT(parties[0].signing[0]);
    PLANT(parties[0].governance[0]);
    PLANT(clauses[0].id);
    PLANT(clauses[0].from);
    PLANT(clauses[0].to);
    PLANT(clauses[0].purpose);
    PLANT(clauses[0].gateway);
    PLANT(clauses[0].required);
    PLANT(clauses[0].allowed);
    PLANT(clauses[0].only_in_reply);
    PLANT(clauses[0].only_by_holder);
    PLANT(clauses[0].capacities);
    PLANT(clauses[0].acknowledge.minutes);
    PLANT(clauses[0].decide.working);
    PLANT(clauses[0].answer.minutes);
    PLANT(clauses[0].ladder[0]);
    PLANT(clauses[0].small_number_floor);
    PLANT(expectations[0].id);
    PLANT(expectations[0].within.minutes);
    PLANT(expectations[0].tell);
    PLANT(trials[0].name);
    PLANT(trials[0].from);
    PLANT(trials[0].to);
    PLANT(trials[0].type);
    PLANT(trials[0].purpose);
    PLANT(trials[0].categories);
    PLANT(trials[0].in_reply);
    PLANT(trials[0].capacity);
    PLANT(trials[0].on_ms);
    PLANT(trials[0].expected);
#undef PLANT
    assert_true(agreements_are_alike(a, b, &where));
    print_message("%zu members\n", seen);
    agreement_free(a);
    agreement_free(b);
    free(text);
}

static void what_does_not_fit_is_not_printed(void **)
{
    const struct agreement *a = agreement_set_at(examples, 0);
    size_t size = 0, untouched = 7;
    char *text = printed(a, &size), *small = malloc(size + 1);

    assert_non_null(small);
    for (size_t room = 0; room <= size; room++)
        assert_int_equal(agreement_print(a, small, room, &untouched), ST_LIMIT);
    assert_int_equal(untouched, 7);
    assert_int_equal(agreement_print(a, small, size + 1, &untouched), ST_OK);
    assert_string_equal(small, text);
    free(text);
    free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_difference_is_seen),
        cmocka_unit_test(an_example_prints_as_itself),
        cmocka_unit_test(any_agreement_prints_as_itself),
        cmocka_unit_test(the_order_of_writing_changes_nothing_but_the_hash),
        cmocka_unit_test(what_does_not_fit_is_not_printed),
    };
    return cmocka_run_group_tests_name("agreement properties", tests, load_examples, free_examples);
}
