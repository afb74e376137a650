/* What agreements permit, and what a version changes, is all there and nothing else: counted out
 * over every agency, type, purpose, category and circumstance by a definition of the test's own. */
#include "tests/unit/unit.h"

#include "agreements/decide.h"
#include "agreements/diff.h"

#include <string.h>

#include "proto/header.pb-c.h"
#include "tests/unit/random_agreements.h"

#define PAIRS_OF_AGREEMENTS 2000
#define SETS 400
#define CATEGORIES 25 /* numbers of DataCategory, with 0 */

/* One point of the space that is counted out. */
struct point {
    const char *from, *to, *type, *purpose;
    uint32_t category;
};

static const char *kind_of(const struct agreement *a, const char *agency)
{
    for (size_t i = 0; i < a->party_count; i++)
        if (strcmp(a->parties[i].agency, agency) == 0)
            return a->parties[i].kind;
    return NULL;
}

/* The test's own definition: does one clause mean these two, this type and this purpose? */
static bool clause_means(const struct agreement *a, const struct clause *c, const struct point *p)
{
    const char *from, *to;

    if (strcmp(c->type->name, p->type) != 0 || strcmp(c->purpose, p->purpose) != 0
        || strcmp(p->from, p->to) == 0)
        return false;
    from = kind_of(a, p->from);
    to = kind_of(a, p->to);
    return from && to && (strcmp(c->from, p->from) == 0 || strcmp(c->from, from) == 0)
        && (strcmp(c->to, p->to) == 0 || strcmp(c->to, to) == 0);
}

/* And under which circumstances? */
static circumstance_set clause_says(const struct clause *c)
{
    circumstance_set set = 0;

    for (int capacity = 0; capacity <= CONCORDAT__SUBJECT_CAPACITY__ADULT_AT_RISK; capacity++)
        for (int holder = 0; holder < 2; holder++)
            for (int reply = 0; reply < 2; reply++)
                if ((c->capacities == 0 || c->capacities >> capacity & 1)
                    && (!c->only_by_holder || holder) && (!c->only_in_reply || reply))
                    set |= CIRCUMSTANCE(capacity, holder, reply);
    return set;
}

/* Of all categories at one (from, to, type, purpose), which come one after another. */
struct row {
    circumstance_set of[CATEGORIES];
};

static circumstance_set by_set(struct row *row, const struct agreement_set *set,
                               const struct point *p)
{
    if (p->category > 0)
        return row->of[p->category];
    *row = (struct row){{0}};
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);

        for (size_t j = 0; j < a->clause_count; j++)
            for (uint32_t c = 0; clause_means(a, &a->clauses[j], p) && c < CATEGORIES; c++)
                if (a->clauses[j].allowed >> c & 1)
                    row->of[c] |= clause_says(&a->clauses[j]);
    }
    return row->of[0];
}

static bool for_each_point(bool (*visit)(void *context, const struct point *p), void *context)
{
    for (size_t f = 0; f < POOL_AGENCIES; f++)
        for (size_t t = 0; t < POOL_AGENCIES; t++)
            for (size_t k = 0; k < POOL_TYPES; k++)
                for (size_t u = 0; u < POOL_PURPOSES; u++)
                    for (uint32_t c = 0; c < CATEGORIES; c++) {
                        struct point p = {pool_agencies[f], pool_agencies[t], pool_types[k],
                                          pool_purposes[u], c};
                        if (!visit(context, &p))
                            return false;
                    }
    return true;
}

static bool is_at(const struct flow *flow, const struct point *p)
{
    return strcmp(flow->from, p->from) == 0 && strcmp(flow->to, p->to) == 0
        && strcmp(flow->type->name, p->type) == 0 && strcmp(flow->purpose, p->purpose) == 0
        && flow->category == p->category;
}

/* ---- flows ---- */

struct listing {
    const struct agreement_set *set;
    const struct flows *flows;
    struct row row;
    size_t next; /* points and flows come in the same order */
};

static bool is_listed(void *context, const struct point *p)
{
    struct listing *listing = context;
    circumstance_set expected = by_set(&listing->row, listing->set, p);
    size_t run = 0;

    if (listing->next < listing->flows->count && is_at(&listing->flows->items[listing->next], p))
        run = flows_run(listing->flows, listing->next);
    if (flow_circumstances(&listing->flows->items[listing->next], run) != expected)
        return false;
    listing->next += run;
    return true;
}

static bool flows_are_right(const struct agreement_set *set, const struct flows *flows)
{
    struct listing listing = {.set = set, .flows = flows};

    return for_each_point(is_listed, &listing) && listing.next == flows->count;
}

static void flows_are_all_that_is_permitted_and_nothing_else(void **)
{
    struct chance chance = {.state = 20260615};
    size_t seen = 0, caught = 0, planted = 0;

    for (size_t round = 0; round < SETS; round++) {
        OWNED(agreement_set) set = set_random(&chance, 1 + chance_below(&chance, 3), true);
        OWNED(flows) flows = NULL;

        assert_int_equal(flows_of(set, FLOW_ANY_DAY, &flows), ST_OK);
        if (!flows_are_right(set, flows))
            fail_msg("round %zu", round);
        seen += flows->count;
        if (flows->count == 0 || flow_circumstances(flows->items, flows_run(flows, 0)) == 0)
            continue;
        flows->items[0].category++; /* a fault: the comparison must see it */
        planted++;
        caught += !flows_are_right(set, flows);
    }
    assert_true(seen > 1000);
    assert_true(planted > SETS / 2);
    assert_int_equal(caught, planted);
}

static bool passes(const struct agreement_set *set, struct question q)
{
    for (q.capacity = 0; q.capacity < CAPACITIES; q.capacity++) {
        struct question asked = q;

        if (decide_first(&asked, set, POOL_DAY_MS).permitted)
            return true;
    }
    return false;
}

/* Some message with this category passes: with what one of the clauses requires, in reply, from the
 * case's holder, about a subject in some capacity. */
static bool decide_lets_through(const struct agreement_set *set, const struct point *p)
{
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);

        for (size_t j = 0; j < a->clause_count; j++) {
            const struct clause *c = &a->clauses[j];
            struct question q = {.from = p->from,
                                 .to = p->to,
                                 .type = p->type,
                                 .purpose = p->purpose,
                                 .categories = c->required | 1u << p->category,
                                 .in_reply = true,
                                 .is_holder = true};

            if (strcmp(c->type->name, p->type) == 0 && passes(set, q))
                return true;
        }
    }
    return false;
}

static bool decide_agrees(void *context, const struct point *p)
{
    struct listing *listing = context;

    return decide_lets_through(listing->set, p) == (by_set(&listing->row, listing->set, p) != 0);
}

static void a_flow_is_what_decide_lets_through(void **)
{
    struct chance chance = {.state = 7};

    for (size_t round = 0; round < 60; round++) {
        OWNED(agreement_set) set = set_random(&chance, 1 + chance_below(&chance, 2), true);

        struct listing listing = {.set = set};

        if (!for_each_point(decide_agrees, &listing))
            fail_msg("round %zu", round);
    }
}

static void only_agreements_of_the_day_count_when_there_is_one(void **)
{
    struct chance chance = {.state = 11};
    struct agreement *a = agreement_random(&chance, "ISA-DAY", false);
    OWNED(agreement_set) set = NULL;
    const struct {
        int64_t at;
        bool holds;
    } cases[] = {{a->from_ms - 1, false},
                 {a->from_ms, true},
                 {a->until_ms - 1, true},
                 {a->until_ms, false},
                 {FLOW_ANY_DAY, true}};

    strcpy(a->clauses[0].from, a->parties[0].agency);
    strcpy(a->clauses[0].to, a->parties[1].agency);
    set = set_of_one(a);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        OWNED(flows) flows = NULL;

        assert_int_equal(flows_of(set, cases[i].at, &flows), ST_OK);
        assert_int_equal(flows->count > 0, cases[i].holds);
    }
}

static void circumstances_read_as_sentences(void **)
{
    static const struct {
        struct clause clause;
        const char *text;
    } cases[] = {
        {{.only_in_reply = false}, "always"},
        {{.only_in_reply = true}, "only in reply"},
        {{.only_by_holder = true}, "only by the case's holder"},
        {{.only_by_holder = true, .only_in_reply = true}, "only in reply by the case's holder"},
        {{.capacities = 1u << 1 | 1u << 2}, "always, of SUSPECT or CONVICTED"},
        {{.capacities = 1u << 3, .only_in_reply = true}, "only in reply, of VICTIM"},
    };
    char text[CIRCUMSTANCES_TEXT];

    for (size_t i = 0; i < LENGTH(cases); i++) {
        circumstances_print(clause_circumstances(&cases[i].clause), text);
        assert_string_equal(text, cases[i].text);
    }
    circumstances_print(0, text);
    assert_string_equal(text, "never");
    circumstances_print(
        clause_circumstances(&cases[1].clause) | clause_circumstances(&cases[2].clause), text);
    assert_string_equal(text, "only in reply or by the case's holder");
    circumstances_print(
        clause_circumstances(&cases[1].clause) | clause_circumstances(&cases[4].clause), text);
    assert_string_equal(text, "always, of SUSPECT or CONVICTED; only in reply, of a subject of "
                              "unsaid capacity or VICTIM or WITNESS_OR_OTHER or CHILD_OF_SUBJECT "
                              "or ADULT_AT_RISK");
}

/* ---- diff ---- */

struct comparison {
    const struct agreement_set *before, *after;
    const struct diff *diff;
    struct row b, a;
    size_t next;
};

static bool is_told(void *context, const struct point *p)
{
    struct comparison *c = context;
    const struct flow_change *change = &c->diff->changes[c->next];
    circumstance_set b = by_set(&c->b, c->before, p), a = by_set(&c->a, c->after, p);
    enum flow_change_kind expected = b == a    ? 0
                                   : b == 0    ? FLOW_GAINED
                                   : a == 0    ? FLOW_LOST
                                   : !(b & ~a) ? FLOW_WIDENED
                                   : !(a & ~b) ? FLOW_NARROWED
                                               : FLOW_SHIFTED;
    bool is_here =
        c->next < c->diff->change_count && is_at(change->after ? change->after : change->before, p);

    c->next += is_here;
    if (!is_here || change->kind == FLOW_RESTATED)
        return expected == 0;
    return change->kind == expected && (change->before != NULL) == (b != 0)
        && (change->after != NULL) == (a != 0);
}

static bool diff_is_right(const struct agreement_set *before, const struct agreement_set *after,
                          const struct diff *diff)
{
    struct comparison c = {.before = before, .after = after, .diff = diff};

    return for_each_point(is_told, &c) && c.next == diff->change_count;
}

/* The comparison sees a flow that the diff leaves out, and one that it calls by another name. */
static void plant(const struct agreement_set *before, const struct agreement_set *after,
                  struct diff *diff, struct chance *chance)
{
    size_t at = chance_below(chance, (uint32_t)diff->change_count);
    struct flow_change kept = diff->changes[at];

    if (kept.kind == FLOW_RESTATED)
        return;
    diff->changes[at].kind = kept.kind == FLOW_LOST ? FLOW_NARROWED : FLOW_LOST;
    assert_false(diff_is_right(before, after, diff));
    diff->changes[at] = kept;
    memmove(&diff->changes[at], &diff->changes[at + 1],
            (diff->change_count - at - 1) * sizeof *diff->changes);
    diff->change_count--;
    assert_false(diff_is_right(before, after, diff));
}

static void a_diff_is_every_flow_that_changes_and_no_other(void **)
{
    struct chance chance = {.state = 42};
    size_t kinds[FLOW_CHANGE_KINDS] = {0};

    for (size_t round = 0; round < PAIRS_OF_AGREEMENTS; round++) {
        struct agreement *old = agreement_random(&chance, "ISA-PAIR", true);
        struct agreement *new = round % 4 ? agreement_changed(&chance, old, true)
                                          : agreement_random(&chance, "ISA-PAIR", true);
        OWNED(agreement_set) before = set_of_one(old);
        OWNED(agreement_set) after = set_of_one(new);
        OWNED(diff) diff = NULL;

        assert_int_equal(diff_of(before, after, &diff), ST_OK);
        if (!diff_is_right(before, after, diff))
            fail_msg("pair %zu", round);
        for (unsigned kind = 1; kind < FLOW_CHANGE_KINDS; kind++)
            kinds[kind] += diff_count(diff, kind);
        if (diff->change_count > 0 && round % 10 == 0)
            plant(before, after, diff, &chance);
    }
    for (unsigned kind = 1; kind < FLOW_CHANGE_KINDS; kind++) {
        print_message("%zu %s\n", kinds[kind], flow_change_name(kind));
        assert_true(kinds[kind] > 20); /* each kind was met */
    }
}

static void sets_differ_by_what_all_their_agreements_permit(void **)
{
    struct chance chance = {.state = 99};

    for (size_t round = 0; round < SETS; round++) {
        OWNED(agreement_set) before = set_random(&chance, chance_below(&chance, 4), true);
        OWNED(agreement_set) after = set_random(&chance, chance_below(&chance, 4), true);
        OWNED(diff) diff = NULL;

        assert_int_equal(diff_of(before, after, &diff), ST_OK);
        if (!diff_is_right(before, after, diff))
            fail_msg("round %zu", round);
    }
}

static void a_set_differs_in_nothing_from_itself(void **)
{
    struct chance chance = {.state = 5};
    OWNED(agreement_set) set = set_random(&chance, 3, true);
    OWNED(diff) diff = NULL;

    assert_int_equal(diff_of(set, set, &diff), ST_OK);
    assert_int_equal(diff->change_count, 0);
    assert_int_equal(diff->terms->count, 0);
    assert_false(diff_widens(diff));
}

static void one_agreement_in_two_tells_one_flow_once(void **)
{
    struct chance chance = {.state = 6};
    struct agreement *one = agreement_random(&chance, "ISA-A", false);
    struct agreement *same = agreement_changed(&(struct chance){.state = 1}, one, false);
    OWNED(agreement_set) set = NULL;
    OWNED(flows) flows = NULL;
    struct agreement *both[] = {one, same};

    strcpy(same->id, "ISA-B");
    memcpy(same->parties, one->parties, one->party_count * sizeof *one->parties);
    same->party_count = one->party_count;
    for (size_t i = 0; i < 2; i++) {
        both[i]->clause_count = 1;
        both[i]->clauses[0] = one->clauses[0];
        strcpy(both[i]->clauses[0].from, one->parties[0].agency);
        strcpy(both[i]->clauses[0].to, one->parties[1].agency);
        agreement_settle(both[i]);
    }
    assert_int_equal(agreement_set_take(both, 2, &set, NULL), ST_OK);
    assert_int_equal(flows_of(set, FLOW_ANY_DAY, &flows), ST_OK);
    assert_true(flows->count > 0);
    for (size_t i = 0; i < flows->count; i += 2) {
        assert_int_equal(flows_run(flows, i), 2);
        assert_string_equal(flows->items[i].agreement->id, "ISA-A");
        assert_string_equal(flows->items[i + 1].agreement->id, "ISA-B");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_are_all_that_is_permitted_and_nothing_else),
        cmocka_unit_test(a_flow_is_what_decide_lets_through),
        cmocka_unit_test(only_agreements_of_the_day_count_when_there_is_one),
        cmocka_unit_test(circumstances_read_as_sentences),
        cmocka_unit_test(a_diff_is_every_flow_that_changes_and_no_other),
        cmocka_unit_test(sets_differ_by_what_all_their_agreements_permit),
        cmocka_unit_test(a_set_differs_in_nothing_from_itself),
        cmocka_unit_test(one_agreement_in_two_tells_one_flow_once),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
