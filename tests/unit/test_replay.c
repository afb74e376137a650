/* What a draft would have said: nothing changes under the same text, and every change is told. */
#include "tests/unit/unit.h"

#include "agreements/replay.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/random_agreements.h"

#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define HEADERS 40

/* What a clause of the set permits, or nearly. */
static struct past random_past(struct chance *chance, const struct agreement_set *set)
{
    struct aim aim = aim_random(chance, set);
    struct past past = {.at_ms = POOL_DAY_MS,
                        .in_reply = chance_below(chance, 4) > 0,
                        .categories = aim.clause->required};

    (void)snprintf(past.from, sizeof past.from, "%s", aim.from);
    (void)snprintf(past.to, sizeof past.to, "%s", aim.to);
    (void)snprintf(past.type, sizeof past.type, "%s", aim.clause->type->name);
    if (chance_below(chance, 3) == 0)
        past.categories |= 1u << chance_below(chance, 25);
    return past;
}

static int decide_past(const struct agreement_set *set, const struct past *past)
{
    struct question q = {.from = past->from,
                         .to = past->to,
                         .type = past->type,
                         .categories = past->categories,
                         .in_reply = past->in_reply};

    return (int)decide_first(&q, set, past->at_ms).code;
}

/* What the outcome must be, from the two codes. */
static enum replay_outcome outcome_of(int was, int is)
{
    if (was == is)
        return REPLAY_SAME;
    if (was == 0)
        return REPLAY_NOW_REFUSED;
    return is == 0 ? REPLAY_NOW_PERMITTED : REPLAY_OTHER_CODE;
}

static void a_draft_is_asked_in_its_agreements_place(void **)
{
    struct chance chance = {.state = 12};
    size_t seen[REPLAY_OUTCOMES] = {0};

    for (size_t round = 0; round < 300; round++) {
        OWNED(agreement_set) present = set_random(&chance, 3, false);
        struct agreement *draft =
            agreement_changed(&chance, agreement_set_at(present, round % 3), false);
        struct agreement *all[3];
        OWNED(agreement_set) drafted = NULL;
        OWNED(replay) replay = NULL;

        for (size_t i = 0; i < 3; i++)
            all[i] = i == round % 3 ? draft : (struct agreement *)agreement_set_at(present, i);
        assert_int_equal(agreement_set_borrow(all, 3, &drafted), ST_OK);
        draft->standing = STANDING_DRAFT; /* and of other dates: neither is looked at */
        draft->from_ms = POOL_DAY_MS + 30 * 86400000LL;
        draft->until_ms = POOL_DAY_MS + 60 * 86400000LL;
        assert_int_equal(replay_new(present, &draft, 1, &replay), ST_OK);
        for (size_t i = 0; i < HEADERS; i++) {
            struct past past = random_past(&chance, present);
            struct replayed r;
            int present_code = decide_past(present, &past), drafted_code;

            draft->standing = STANDING_ASSUMED;
            draft->from_ms = 0;
            drafted_code = decide_past(drafted, &past);
            past.code = chance_below(&chance, 2) ? present_code : CODE(TYPE_NOT_COVERED);
            r = replay_decide(replay, &past);
            assert_int_equal(r.code, drafted_code);
            assert_int_equal(r.outcome, outcome_of(past.code, drafted_code));
            assert_int_equal(r.not_by_draft,
                             r.outcome != REPLAY_SAME && present_code == drafted_code);
            seen[r.outcome]++;
        }
        agreement_free(draft);
    }
    for (unsigned outcome = REPLAY_SAME; outcome <= REPLAY_OTHER_CODE; outcome++) {
        print_message("%zu %s\n", seen[outcome], replay_outcome_name(outcome));
        assert_true(seen[outcome] > 20);
    }
}

static void the_same_text_changes_nothing(void **)
{
    struct chance chance = {.state = 13};

    for (size_t round = 0; round < 100; round++) {
        OWNED(agreement_set) present = set_random(&chance, 2, false);
        struct agreement *drafts[2] = {(struct agreement *)agreement_set_at(present, 0),
                                       (struct agreement *)agreement_set_at(present, 1)};
        OWNED(replay) replay = NULL;

        assert_int_equal(replay_new(present, drafts, 2, &replay), ST_OK);
        for (size_t i = 0; i < HEADERS; i++) {
            struct past past = random_past(&chance, present);

            past.code = decide_past(present, &past);
            assert_int_equal(replay_decide(replay, &past).outcome, REPLAY_SAME);
            past.code = past.code == 0 ? CODE(PURPOSE_NOT_COVERED) : 0; /* a fault: it is seen */
            assert_int_not_equal(replay_decide(replay, &past).outcome, REPLAY_SAME);
            assert_true(replay_decide(replay, &past).not_by_draft);
        }
    }
}

static void what_no_agreement_says_is_not_judged(void **)
{
    static const int codes[] = {CODE(RATE_LIMITED), CODE(BAD_SIGNATURE),      CODE(KEY_UNKNOWN),
                                CODE(TOO_LARGE),    CODE(NOT_CURRENT_HOLDER), CODE(ID_REUSED)};
    struct chance chance = {.state = 14};
    OWNED(agreement_set) present = set_random(&chance, 1, false);
    struct past past = random_past(&chance, present);
    OWNED(replay) replay = NULL;

    assert_int_equal(replay_new(present, NULL, 0, &replay), ST_OK);
    for (size_t i = 0; i < LENGTH(codes); i++) {
        past.code = codes[i];
        assert_int_equal(replay_decide(replay, &past).outcome, REPLAY_NOT_JUDGED);
        assert_int_equal(replay_decide(replay, &past).code, codes[i]);
    }
}

static void a_capacity_that_is_not_on_record_may_have_been_any(void **)
{
    struct chance chance = {.state = 16};
    struct agreement *a = agreement_random(&chance, "ISA-CAPACITY", false);
    struct clause *c = &a->clauses[0];
    struct past past = {.at_ms = POOL_DAY_MS, .in_reply = true, .categories = c->required};
    OWNED(agreement_set) present = NULL;
    OWNED(replay) replay = NULL;

    a->clause_count = 1;
    c->capacities = 1u << 2 | 1u << 5;
    strcpy(c->from, strcpy(past.from, a->parties[0].agency));
    strcpy(c->to, strcpy(past.to, a->parties[1].agency));
    strcpy(past.type, c->type->name);
    present = set_of_one(a);
    assert_int_equal(replay_new(present, NULL, 0, &replay), ST_OK);
    assert_int_equal(replay_decide(replay, &past).code, 0);
    past.capacity = 5;
    assert_int_equal(replay_decide(replay, &past).code, 0);
    past.capacity = 3;
    assert_int_equal(replay_decide(replay, &past).code, CODE(SUBJECT_OUT_OF_SCOPE));
    past.capacity = 0; /* and what else stands against it is told, not the capacity */
    past.categories |= 1u << 15;
    assert_int_equal(replay_decide(replay, &past).code, CODE(CATEGORY_NOT_COVERED));
}

static void two_drafts_of_one_agreement_are_refused(void **)
{
    struct chance chance = {.state = 15};
    OWNED(agreement_set) present = set_random(&chance, 1, false);
    OWNED(agreement) draft = agreement_random(&chance, "ISA-NEW", false);
    struct agreement *twice[] = {draft, draft};
    OWNED(replay) replay = NULL;

    assert_int_equal(replay_new(present, twice, 2, &replay), ST_INVALID);
    assert_int_equal(replay_new(present, twice, 1, &replay), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draft_is_asked_in_its_agreements_place),
        cmocka_unit_test(the_same_text_changes_nothing),
        cmocka_unit_test(what_no_agreement_says_is_not_judged),
        cmocka_unit_test(a_capacity_that_is_not_on_record_may_have_been_any),
        cmocka_unit_test(two_drafts_of_one_agreement_are_refused),
    };
    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
