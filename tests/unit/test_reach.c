/* Who can come to hold a category: each chain is permitted hop by hop, none is shorter, and nobody
 * is left out, as a closure over all places says that knows nothing of the search. */
#include "tests/unit/unit.h"

#include "agreements/reach.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/random_agreements.h"

#define ROUNDS 500
#define SETS_MOST 3
#define PLACES (POOL_AGENCIES * (SETS_MOST + 1)) /* agency, and agreement it got it under */
#define FAR 1000

static const char *kind_of(const struct agreement *a, const char *agency)
{
    for (size_t i = 0; i < a->party_count; i++)
        if (strcmp(a->parties[i].agency, agency) == 0)
            return a->parties[i].kind;
    return NULL;
}

static bool clause_lets(const struct agreement *a, const struct clause *c, const char *from,
                        const char *to, uint32_t category)
{
    const char *from_kind = kind_of(a, from), *to_kind = kind_of(a, to);

    return from_kind && to_kind && strcmp(from, to) != 0 && c->allowed >> category & 1
        && (strcmp(c->from, from) == 0 || strcmp(c->from, from_kind) == 0)
        && (strcmp(c->to, to) == 0 || strcmp(c->to, to_kind) == 0);
}

static bool agreement_lets(const struct agreement *a, const char *from, const char *to,
                           uint32_t category)
{
    for (size_t i = 0; i < a->clause_count; i++)
        if (clause_lets(a, &a->clauses[i], from, to, category))
            return true;
    return false;
}

static bool lists_onward(const struct agreement *a, const char *agency)
{
    for (size_t i = 0; i < a->onward_count; i++)
        if (strcmp(a->onward[i], agency) == 0)
            return true;
    return false;
}

/* Hops between any two places; place = agency * 4 + agreement, the last of the four a start. */
static void close_over(const struct agreement_set *set, uint32_t category,
                       unsigned far[static PLACES][PLACES])
{
    for (size_t x = 0; x < PLACES; x++)
        for (size_t y = 0; y < PLACES; y++) {
            const char *from = pool_agencies[x / (SETS_MOST + 1)];
            const char *to = pool_agencies[y / (SETS_MOST + 1)];
            size_t under = y % (SETS_MOST + 1), got = x % (SETS_MOST + 1);
            const struct agreement *a =
                under < agreement_set_count(set) ? agreement_set_at(set, under) : NULL;

            far[x][y] = x == y ? 0 : FAR;
            if (a && x != y
                && (agreement_lets(a, from, to, category) || (got == under && lists_onward(a, to))))
                far[x][y] = 1;
        }
    for (size_t k = 0; k < PLACES; k++) /* Floyd and Warshall, 1962 */
        for (size_t i = 0; i < PLACES; i++)
            for (size_t j = 0; j < PLACES; j++)
                if (far[i][k] + far[k][j] < far[i][j])
                    far[i][j] = far[i][k] + far[k][j];
}

static bool may_send(const struct agreement_set *set, const char *agency, uint32_t category)
{
    for (size_t i = 0; i < agreement_set_count(set); i++)
        for (size_t j = 0; j < POOL_AGENCIES; j++)
            if (agreement_lets(agreement_set_at(set, i), agency, pool_agencies[j], category))
                return true;
    return false;
}

/* Hops from one agency, a sender, to another; FAR: none, or no sender. */
static unsigned distance(const struct agreement_set *set, unsigned far[static PLACES][PLACES],
                         size_t from, size_t to, uint32_t category)
{
    unsigned least = FAR;

    if (from == to || !may_send(set, pool_agencies[from], category))
        return FAR;
    for (size_t under = 0; under <= SETS_MOST; under++) {
        unsigned hops = far[from * (SETS_MOST + 1) + SETS_MOST][to * (SETS_MOST + 1) + under];
        least = hops < least ? hops : least;
    }
    return least;
}

static const struct holding *find_holding(const struct reach *reach, const char *start,
                                          const char *agency)
{
    for (size_t i = 0; i < reach->holding_count; i++)
        if (strcmp(reach->holdings[i].start, start) == 0
            && strcmp(reach->holdings[i].agency, agency) == 0)
            return &reach->holdings[i];
    return NULL;
}

/* Does each hop follow from the one before, and is it permitted? */
static bool chain_holds(const struct reach *reach, const struct holding *holding, uint32_t category)
{
    const char *at = holding->start;
    const struct agreement *under = NULL;

    for (size_t i = 0; i < holding->hop_count; i++) {
        const struct hop *hop = &reach->hops[holding->first_hop + i];
        bool is_permitted =
            hop->flow ? clause_lets(hop->agreement, hop->flow->clause, hop->from, hop->to, category)
                            && hop->flow->agreement == hop->agreement
                      : under == hop->agreement && lists_onward(hop->agreement, hop->to);

        if (strcmp(hop->from, at) != 0 || !is_permitted)
            return false;
        at = hop->to;
        under = hop->agreement;
    }
    return strcmp(at, holding->agency) == 0;
}

static bool reach_is_right(const struct agreement_set *set, const struct reach *reach,
                           uint32_t category)
{
    static unsigned far[PLACES][PLACES];
    size_t pairs = 0;

    close_over(set, category, far);
    for (size_t from = 0; from < POOL_AGENCIES; from++)
        for (size_t to = 0; to < POOL_AGENCIES; to++) {
            unsigned hops = distance(set, far, from, to, category);
            const struct holding *holding =
                find_holding(reach, pool_agencies[from], pool_agencies[to]);

            pairs += hops < FAR;
            if ((holding ? holding->hop_count : FAR) != hops)
                return false;
            if (holding && !chain_holds(reach, holding, category))
                return false;
        }
    return pairs == reach->holding_count;
}

/* A holding left out, a chain one hop too long to be named so, another's hop: each is seen. */
static void plant(const struct agreement_set *set, struct reach *reach, uint32_t category)
{
    struct holding *last = &reach->holdings[reach->holding_count - 1];
    struct hop *hop = &reach->hops[last->first_hop];
    const char *to = hop->to;

    hop->to = hop->from;
    assert_false(reach_is_right(set, reach, category));
    hop->to = to;
    last->hop_count++;
    assert_false(reach_is_right(set, reach, category));
    last->hop_count--;
    reach->holding_count--;
    assert_false(reach_is_right(set, reach, category));
    reach->holding_count++;
}

static void the_search_agrees_with_a_closure_over_all_places(void **)
{
    struct chance chance = {.state = 1962};
    size_t longest = 0, onward = 0;

    for (size_t round = 0; round < ROUNDS; round++) {
        OWNED(agreement_set) set = set_random(&chance, 1 + chance_below(&chance, 3), true);
        OWNED(reach) reach = NULL;
        uint32_t category = 1 + chance_below(&chance, 20);

        assert_int_equal(reach_of(set, category, FLOW_ANY_DAY, &reach), ST_OK);
        if (!reach_is_right(set, reach, category))
            fail_msg("round %zu", round);
        for (size_t i = 0; i < reach->holding_count; i++)
            if (reach->holdings[i].hop_count > longest)
                longest = reach->holdings[i].hop_count;
        for (size_t i = 0; i < reach->hop_count; i++)
            onward += reach->hops[i].flow == NULL;
        if (reach->holding_count > 0 && round % 5 == 0)
            plant(set, reach, category);
    }
    print_message("the longest chain has %zu hops; %zu hops onward\n", longest, onward);
    assert_true(longest > 2);
    assert_true(onward > 100);
}

static void starts_say_whether_others_may_send_to_them(void **)
{
    struct chance chance = {.state = 3};

    for (size_t round = 0; round < 100; round++) {
        OWNED(agreement_set) set = set_random(&chance, 2, true);
        OWNED(reach) reach = NULL;
        size_t senders = 0;

        assert_int_equal(reach_of(set, 1, FLOW_ANY_DAY, &reach), ST_OK);
        for (size_t i = 0; i < POOL_AGENCIES; i++)
            senders += may_send(set, pool_agencies[i], 1);
        assert_int_equal(reach->start_count, senders);
        for (size_t i = 0; i < reach->start_count; i++) {
            bool may_receive = false;

            for (size_t j = 0; j < POOL_AGENCIES; j++)
                may_receive |=
                    find_holding(reach, pool_agencies[j], reach->starts[i].agency) != NULL;
            assert_int_equal(reach->starts[i].may_receive, may_receive);
            assert_true(may_send(set, reach->starts[i].agency, 1));
        }
    }
}

static void a_category_that_no_clause_names_goes_nowhere(void **)
{
    struct chance chance = {.state = 4};
    OWNED(agreement_set) set = set_random(&chance, 3, false);
    OWNED(agreement_set) none = set_random(&chance, 0, false);
    OWNED(reach) reach = NULL;
    OWNED(reach) empty = NULL;

    assert_int_equal(reach_of(set, 24, FLOW_ANY_DAY, &reach), ST_OK);
    assert_int_equal(reach->start_count + reach->holding_count, 0);
    assert_int_equal(reach_of(none, 1, FLOW_ANY_DAY, &empty), ST_OK);
    assert_int_equal(empty->start_count + empty->holding_count, 0);
}

/* Under one agreement it goes to the second, who may pass it to the third by an onward list of
 * that agreement, and not by one of another. */
static void onward_lists_open_to_who_got_it_under_their_agreement(void **)
{
    for (size_t way = 0; way < 2; way++) {
        struct chance chance = {.state = 9};
        struct agreement *two[] = {agreement_random(&chance, "ISA-A", false),
                                   agreement_random(&chance, "ISA-B", false)};
        OWNED(agreement_set) set = NULL;
        OWNED(reach) reach = NULL;

        for (size_t i = 0; i < 2; i++) {
            two[i]->onward_count = 0;
            two[i]->clause_count = i == 0;
            strcpy(two[i]->parties[0].agency, "court.one");
            strcpy(two[i]->parties[1].agency, "nps.east");
            two[i]->party_count = 2;
        }
        strcpy(two[0]->clauses[0].from, "court.one");
        strcpy(two[0]->clauses[0].to, "nps.east");
        two[way]->onward_count = 1;
        strcpy(two[way]->onward[0], "police.one");
        agreement_settle(two[0]);
        agreement_settle(two[1]);
        assert_int_equal(agreement_set_take(two, 2, &set, NULL), ST_OK);
        assert_int_equal(reach_of(set, 1, FLOW_ANY_DAY, &reach), ST_OK);
        assert_int_equal(reach->holding_count, way == 0 ? 2 : 1);
        assert_string_equal(reach->holdings[0].agency, "nps.east");
        if (way == 0) {
            assert_string_equal(reach->holdings[1].agency, "police.one");
            assert_int_equal(reach->holdings[1].hop_count, 2);
            assert_null(reach->hops[reach->holdings[1].first_hop + 1].flow);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_agrees_with_a_closure_over_all_places),
        cmocka_unit_test(starts_say_whether_others_may_send_to_them),
        cmocka_unit_test(a_category_that_no_clause_names_goes_nowhere),
        cmocka_unit_test(onward_lists_open_to_who_got_it_under_their_agreement),
    };
    return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
