/* A clause is compared with few others, however many were read before it, and its double is found.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "agreements/clause_index.h"

static struct clause clauses[CLAUSES_MAX + 1];

/* Ids and agencies as they are written: alike but for a number. */
static struct clause clause_of(size_t number)
{
    struct clause c = {.type = catalogue_find("psr.request"), .purpose = "pre_sentence_report"};

    assert_non_null(c.type);
    (void)snprintf(c.id, sizeof c.id, "psr-request-%zu", number);
    (void)snprintf(c.from, sizeof c.from, "court.c%zu", number / 32);
    (void)snprintf(c.to, sizeof c.to, "nps.n%zu", number % 32);
    (void)snprintf(c.gateway, sizeof c.gateway, "CJA2003_S157");
    return c;
}

/* As read_clauses() does: two finds, then in. How many clauses were looked at. */
static uint64_t fill(struct clause_index *index, size_t count)
{
    *index = (struct clause_index){0};
    for (size_t i = 0; i < count; i++) {
        clauses[i] = clause_of(i);
        assert_null(clause_index_id(index, clauses, &clauses[i]));
        assert_null(clause_index_flow(index, clauses, &clauses[i]));
        clause_index_add(index, clauses, i);
    }
    return index->compared;
}

/* 50 of the largest agreements are 50,000 clauses: what one costs, each costs. */
static void comparisons_grow_no_faster_than_clauses(void **)
{
    static struct clause_index index;

    for (size_t count = 64; count <= CLAUSES_MAX; count *= 2) {
        uint64_t compared = fill(&index, count);

        if (compared > count)
            fail_msg("%zu clauses were read with %ju comparisons", count, (uintmax_t)compared);
    }
}

static void every_clause_is_found_by_id_and_by_flow(void **)
{
    static struct clause_index index;

    (void)fill(&index, CLAUSES_MAX);
    for (size_t i = 0; i < CLAUSES_MAX; i++) {
        struct clause same_id = clause_of(CLAUSES_MAX + i), same_flow = clause_of(i);

        memcpy(same_id.id, clauses[i].id, sizeof same_id.id);
        (void)snprintf(same_flow.id, sizeof same_flow.id, "other");
        assert_ptr_equal(clause_index_id(&index, clauses, &same_id), &clauses[i]);
        assert_null(clause_index_flow(&index, clauses, &same_id));
        assert_ptr_equal(clause_index_flow(&index, clauses, &same_flow), &clauses[i]);
        assert_null(clause_index_id(&index, clauses, &same_flow));
    }
}

static void each_part_of_a_flow_tells_flows_apart(void **)
{
    static struct clause_index index;
    struct clause others[6];

    (void)fill(&index, 1);
    for (size_t i = 0; i < LENGTH(others); i++)
        others[i] = clauses[0];
    others[0].type = catalogue_find("psr.report");
    (void)snprintf(others[1].from, sizeof others[1].from, "court.other");
    (void)snprintf(others[2].to, sizeof others[2].to, "nps.other");
    (void)snprintf(others[3].purpose, sizeof others[3].purpose, "other");
    (void)snprintf(others[4].gateway, sizeof others[4].gateway, "OTHER");
    others[5].only_in_reply = true;
    for (size_t i = 0; i < LENGTH(others); i++)
        assert_null(clause_index_flow(&index, clauses, &others[i]));
    assert_ptr_equal(clause_index_flow(&index, clauses, &clauses[0]), &clauses[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons_grow_no_faster_than_clauses),
        cmocka_unit_test(every_clause_is_found_by_id_and_by_flow),
        cmocka_unit_test(each_part_of_a_flow_tells_flows_apart),
    };
    return cmocka_run_group_tests_name("clause index", tests, NULL, NULL);
}
