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
static circumstance_set clause_says(const struct agreement *a, const struct clause *c)
{
    circumstance_set set = 0;

    for (int capacity = 0; capacity <= CONCORDAT__SUBJECT_CAPACITY__ADULT_AT_RISK; capacity++)
        for (int bits = 0; bits < 8; bits++) {
            int officers = bits >> 2, holder = bits >> 1 & 1, reply = bits & 1;

            if ((c->capacities == 0 || c->capacities >> capacity & 1)
                && (!a->is_charter || officers) && (!c->only_by_holder || holder)
                && (!c->only_in_reply || reply))
                set |= CIRCUMSTANCE(officers, capacity, holder, reply);
        }
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
                    row->of[c] |= clause_says(a, &a->clauses[j]);
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
    const struct agreement ordinary = {0}, charter = {.is_charter = true};
    char text[CIRCUMSTANCES_TEXT];

    for (size_t i = 0; i < LENGTH(cases); i++) {
        circumstances_print(clause_circumstances(&ordinary, &cases[i].clause), text);
        assert_string_equal(text, cases[i].text);
    }
    circumstances_print(0, text);
    assert_string_equal(text, "never");
    circumstances_print(clause_circumstances(&charter, &cases[1].clause), text);
    assert_string_equal(text, "with two officers, only in reply");
    circumstances_print(clause_circumstances(&charter, &cases[0].clause)
                            | clause_circumstances(&ordinary, &cases[1].clause),
                        text);
    assert_string_equal(text, "only in reply; with two officers, always");
    circumstances_print(clause_circumstances(&ordinary, &cases[1].clause)
                            | clause_circumstances(&ordinary, &cases[2].clause),
                        text);
    assert_string_equal(text, "only in reply or by the case's holder");
    circumstances_print(clause_circumstances(&ordinary, &cases[1].clause)
                            | clause_circumstances(&ordinary, &cases[4].clause),
                        text);
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

/* Do all clauses that give the flow require it, and by which gateways do they? */
struct said {
    bool required;
    uint32_t gateways;
};

static struct said said_of(const struct agreement_set *set, const struct point *p)
{
    struct said said = {.required = true};

    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);

        for (size_t j = 0; j < a->clause_count; j++) {
            const struct clause *c = &a->clauses[j];

            if (!(c->allowed >> p->category & 1) || !clause_means(a, c, p))
                continue;
            said.required &= c->required >> p->category & 1;
            said.gateways |= strcmp(c->gateway, "OMA2007_S14") == 0 ? 1 : 2;
        }
    }
    return said;
}

static bool says_otherwise(const struct comparison *c, const struct point *p)
{
    struct said b = said_of(c->before, p), a = said_of(c->after, p);

    return b.required != a.required || b.gateways != a.gateways;
}

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
    if (expected == 0 && b != 0 && says_otherwise(c, p))
        expected = FLOW_RESTATED;
    if (!is_here)
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

/* ---- what diff_widens() must not miss ---- */

#define BIT(category) (1u << CONCORDAT__DATA_CATEGORY__DC_##category)

/* Two parties and one clause, from the first to the second, for IDENTITY, CHILD and `more`. */
static struct agreement *plain(const char *id, category_set more)
{
    struct agreement *a = agreement_random(&(struct chance){.state = 12}, id, false);
    struct clause *c = &a->clauses[0];

    a->party_count = 2;
    a->onward_count = 0;
    a->retention_days = 30;
    a->clause_count = 1;
    *c = (struct clause){.type = catalogue_find("safeguarding.referral.child"),
                         .required = BIT(IDENTITY) | BIT(CHILD)};
    assert_non_null(c->type);
    c->allowed = c->required | more;
    strcpy(c->id, "r1");
    strcpy(c->from, a->parties[0].agency);
    strcpy(c->to, a->parties[1].agency);
    strcpy(c->purpose, "safeguard_child");
    strcpy(c->gateway, "CA1989_S17_S47");
    return a;
}

static struct agreement *charter(void)
{
    struct agreement *a = plain("ISA-A", 0);

    a->is_charter = true;
    a->uses_per_day = 3;
    strcpy(a->clauses[0].gateway, "VITAL_INTEREST");
    return a;
}

static struct clause *add_clause(struct agreement *a, const char *id, category_set more)
{
    struct clause *c = &a->clauses[a->clause_count++];

    *c = a->clauses[0];
    strcpy(c->id, id);
    c->allowed = c->required | more;
    return c;
}

static struct agreement_set *set_of_two(struct agreement *first, struct agreement *second)
{
    struct agreement *both[] = {first, second};
    struct agreement_set *set = NULL;

    agreement_settle(first);
    agreement_settle(second);
    assert_int_equal(agreement_set_take(both, 2, &set, NULL), ST_OK);
    return set;
}

/* Takes both sets. `wider` is what the only widened clause must be wider in; 0: none is. */
static void compare_and_check(struct agreement_set *taken_before, struct agreement_set *taken_after,
                              uint32_t wider)
{
    OWNED(agreement_set) before = taken_before;
    OWNED(agreement_set) after = taken_after;
    OWNED(diff) diff = NULL;

    assert_int_equal(diff_of(before, after, &diff), ST_OK);
    assert_int_equal(diff->widened_count, wider != 0);
    if (wider)
        assert_int_equal(diff->widened[0].wider, wider);
    assert_int_equal(diff_widens(diff), wider != 0);
}

static void an_ordinary_clause_in_place_of_a_charter_widens(void **)
{
    struct agreement *empty = plain("ISA-B", 0);
    OWNED(agreement_set) before = NULL;
    OWNED(agreement_set) after = NULL;
    OWNED(diff) diff = NULL;

    empty->clause_count = 0;
    before = set_of_two(charter(), empty);
    after = set_of_two(charter(), plain("ISA-B", 0));
    assert_int_equal(diff_of(before, after, &diff), ST_OK);
    assert_int_equal(diff->widened_count, 1);
    assert_int_equal(diff->widened[0].wider, WIDER_GATEWAY | WIDER_WHEN);
    assert_true(diff_count(diff, FLOW_WIDENED) == 2 && diff->change_count == 2);
    assert_true(diff_widens(diff));
}

static void a_charter_of_more_uses_widens(void **)
{
    struct agreement *more = charter(), *more_too = charter();

    more->uses_per_day = more_too->uses_per_day = 5;
    compare_and_check(set_of_one(charter()), set_of_one(more), WIDER_USES);
    compare_and_check(set_of_one(more_too), set_of_one(charter()), 0);
}

static void wanting_fewer_categories_widens(void **)
{
    struct agreement *wants = plain("ISA-A", BIT(STAFF)), *wants_too = plain("ISA-A", BIT(STAFF));

    wants->clauses[0].required |= BIT(STAFF);
    wants_too->clauses[0].required |= BIT(STAFF);
    compare_and_check(set_of_one(wants), set_of_one(plain("ISA-A", BIT(STAFF))), WIDER_REQUIRED);
    compare_and_check(set_of_one(plain("ISA-A", BIT(STAFF))), set_of_one(wants_too), 0);
}

static void loosen(struct agreement *a, uint32_t wider)
{
    if (wider == WIDER_RETENTION)
        a->retention_days = 3650;
    else if (wider == WIDER_ONWARD)
        strcpy(a->onward[a->onward_count++], "zzz.last");
    else if (wider == WIDER_DATES)
        a->until_ms++;
    else if (wider == WIDER_MARKING)
        a->marking_ceiling++;
    else
        a->parties[0].signing[a->parties[0].signing_count++].bytes[0] = 1;
}

/* Only the clause moves: the terms of each agreement stay as they were. */
static void a_clause_that_moves_under_looser_terms_widens(void **)
{
    static const uint32_t cases[] = {WIDER_RETENTION, WIDER_ONWARD, WIDER_DATES, WIDER_MARKING,
                                     WIDER_KEYS};

    for (size_t i = 0; i < LENGTH(cases); i++)
        for (unsigned back = 0; back < 2; back++) {
            struct agreement *here = plain("ISA-A", 0), *there = plain("ISA-B", 0);
            struct agreement *left = plain("ISA-A", 0), *come = plain("ISA-B", 0);

            there->clause_count = left->clause_count = 0;
            loosen(back ? here : there, cases[i]);
            loosen(back ? left : come, cases[i]);
            compare_and_check(set_of_two(here, there), set_of_two(left, come), back ? 0 : cases[i]);
        }
}

static void a_floor_that_goes_with_the_name_of_its_clause_widens(void **)
{
    struct agreement *low = plain("ISA-A", 0), *high = plain("ISA-A", 0);

    low->clauses[0].small_number_floor = 10;
    strcpy(low->clauses[0].id, "other");
    high->clauses[0].small_number_floor = 10;
    compare_and_check(set_of_one(high), set_of_one(plain("ISA-A", 0)), WIDER_FLOOR);
    compare_and_check(set_of_one(plain("ISA-A", 0)), set_of_one(low), 0);
    high = plain("ISA-A", 0);
    low = plain("ISA-A", 0);
    high->clauses[0].small_number_floor = 10;
    strcpy(low->clauses[0].id, "other");
    compare_and_check(set_of_one(high), set_of_one(low), WIDER_FLOOR);
}

static void two_clauses_that_become_one_widen(void **)
{
    struct agreement *two = plain("ISA-A", BIT(SUBSTANCE_MISUSE));
    struct agreement *same = plain("ISA-A", BIT(SUBSTANCE_MISUSE));

    add_clause(two, "r2", BIT(RISK_NARRATIVE));
    add_clause(same, "r2", BIT(RISK_NARRATIVE));
    compare_and_check(set_of_one(two),
                      set_of_one(plain("ISA-A", BIT(SUBSTANCE_MISUSE) | BIT(RISK_NARRATIVE))),
                      WIDER_TOGETHER);
    compare_and_check(set_of_one(plain("ISA-A", BIT(SUBSTANCE_MISUSE) | BIT(RISK_NARRATIVE))),
                      set_of_one(same), 0);
}

static void what_is_wider_reads_as_a_list(void **)
{
    char text[WIDER_TEXT];

    wider_print(WIDER_TOGETHER | WIDER_RETENTION, text);
    assert_string_equal(text, "categories together, longer retention");
    wider_print((WIDER_KEYS << 1) - 1, text);
    assert_non_null(strstr(text, "pinned keys"));
}

/* ---- by decide(), over sets of categories ---- */

static bool permits(const struct agreement_set *set, const struct question *q, int64_t now_ms)
{
    struct question asked = *q;

    return decide_first(&asked, set, now_ms).permitted;
}

struct gain {
    const struct agreement_set *before, *after;
    const struct agreement *a;
    const struct clause *c;
};

/* Every question at the edge of what the clause permits these two, of these categories: permitted
 * after, and refused before? */
static bool is_gained(const struct gain *g, struct question q, category_set categories)
{
    q.categories = categories;
    for (unsigned edge = 0; edge < 4; edge++)
        for (q.capacity = 0; q.capacity < CAPACITIES; q.capacity++) {
            int64_t now_ms = edge & 1 ? g->a->from_ms : g->a->until_ms - 1;

            q.marking = edge & 2 ? least_marking(g->a, g->c) : g->a->marking_ceiling;
            if (permits(g->after, &q, now_ms) && !permits(g->before, &q, now_ms))
                return true;
        }
    return false;
}

/* All that it allows, all that it requires, and that with any one or two more. */
static bool pair_gains(const struct gain *g, const char *from, const char *to)
{
    const struct clause *c = g->c;
    struct question q = {.from = from,
                         .to = to,
                         .type = c->type->name,
                         .purpose = c->purpose,
                         .gateway = c->gateway,
                         .retention_days = g->a->retention_days,
                         .in_reply = c->only_in_reply,
                         .is_holder = c->only_by_holder,
                         .onward_count = g->a->onward_count,
                         .onward = (const char(*)[AGENCY_MAX + 1]) g->a->onward,
                         .officers = g->a->is_charter ? 2 : 0,
                         .uses_today = g->a->is_charter ? g->a->uses_per_day - 1 : 0};

    if (!clause_means(g->a, c, &(struct point){from, to, c->type->name, c->purpose, 0}))
        return false;
    if (is_gained(g, q, c->allowed))
        return true;
    for (uint32_t x = 0; x < CATEGORIES; x++)
        for (uint32_t y = x; y < CATEGORIES; y++) {
            category_set two = 1u << x | 1u << y;

            if (!(two & ~c->allowed) && is_gained(g, q, c->required | two))
                return true;
        }
    return is_gained(g, q, c->required);
}

static bool anything_is_gained(const struct agreement_set *before,
                               const struct agreement_set *after)
{
    for (size_t i = 0; i < agreement_set_count(after); i++)
        for (size_t j = 0; j < agreement_set_at(after, i)->clause_count; j++) {
            const struct agreement *a = agreement_set_at(after, i);
            struct gain g = {before, after, a, &a->clauses[j]};

            for (size_t f = 0; f < a->party_count; f++)
                for (size_t t = 0; t < a->party_count; t++)
                    if (pair_gains(&g, a->parties[f].agency, a->parties[t].agency))
                        return true;
        }
    return false;
}

/* One edit such as a new version has; of a clause, or of the whole. */
static void edit(struct chance *chance, struct agreement *a)
{
    struct clause *c = &a->clauses[chance_below(chance, (uint32_t)a->clause_count)];
    struct clause *other = &a->clauses[chance_below(chance, (uint32_t)a->clause_count)];
    category_set some = chance_below(chance, 1u << 30);

    switch (chance_below(chance, 11)) {
    case 0:
        c->required &= some;
        break;
    case 1:
        c->required |= c->allowed & some;
        break;
    case 2:
        c->allowed = c->required | (c->allowed & some);
        break;
    case 3: /* two become one */
        c->allowed |= other->allowed & c->type->allowed;
        break;
    case 4:
        c->only_in_reply = !c->only_in_reply;
        break;
    case 5:
        c->only_by_holder = !c->only_by_holder;
        break;
    case 6:
        a->is_charter = !a->is_charter;
        break;
    case 7:
        a->retention_days = 50 + chance_below(chance, 100);
        break;
    case 8:
        a->until_ms += (int64_t)chance_below(chance, 3) - 1;
        break;
    case 9:
        if (a->onward_count > 0)
            a->onward_count--;
        break;
    default: /* other names for the clauses */
        for (size_t i = 0; i < a->clause_count; i++)
            a->clauses[i].id[0] = 'd';
        break;
    }
}

/* Two agreements of one making, the second edited as `edits` says. */
static struct agreement_set *version(uint64_t seed, struct chance *edits, uint32_t count)
{
    struct chance first = {.state = seed}, second = {.state = seed + 1};
    struct agreement *both[] = {agreement_random(&first, "ISA-A", true),
                                agreement_random(&second, "ISA-B", true)};

    for (size_t i = 0; i < 2; i++) {
        both[i]->is_charter = (seed + i) % 3 == 0;
        both[i]->uses_per_day = 3;
        for (uint32_t k = 0; k < count; k++)
            edit(edits, both[i]);
    }
    if (count > 0 && chance_below(edits, 3) == 0) { /* one takes over the clauses of the other */
        char id[AGREEMENT_ID_MAX + 1];

        strcpy(id, both[0]->id);
        strcpy(both[0]->id, both[1]->id);
        strcpy(both[1]->id, id);
    }
    return set_of_two(both[0], both[1]);
}

/* No question that was refused before and is permitted after goes without a word. */
static void nothing_that_decide_newly_permits_is_missed(void **)
{
    struct chance edits = {.state = 20261126};
    size_t gains = 0, quiet = 0, by_clauses_alone = 0;

    for (size_t round = 0; round < 400; round++) {
        OWNED(agreement_set) before = version(2 * round + 9, &edits, 0);
        OWNED(agreement_set) after = version(2 * round + 9, &edits, 1 + round % 2);
        OWNED(diff) diff = NULL;
        bool is_gain = anything_is_gained(before, after);

        assert_int_equal(diff_of(before, after, &diff), ST_OK);
        if (is_gain && !diff_widens(diff))
            fail_msg("pair %zu: a gain is not told", round);
        gains += is_gain;
        quiet += !diff_widens(diff);
        diff->widened_count = 0; /* a fault: without the clauses gains must be seen to be missed */
        by_clauses_alone += is_gain && !diff_widens(diff);
    }
    print_message("%zu gains, %zu of them by clauses alone; %zu quiet\n", gains, by_clauses_alone,
                  quiet);
    assert_true(gains > 50 && quiet > 50 && by_clauses_alone > 5);
}

static void a_set_differs_in_nothing_from_itself(void **)
{
    struct chance chance = {.state = 5};
    OWNED(agreement_set) set = set_random(&chance, 3, true);
    OWNED(diff) diff = NULL;

    assert_int_equal(diff_of(set, set, &diff), ST_OK);
    assert_int_equal(diff->change_count, 0);
    assert_int_equal(diff->terms->count, 0);
    assert_int_equal(diff->widened_count, 0);
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
        cmocka_unit_test(an_ordinary_clause_in_place_of_a_charter_widens),
        cmocka_unit_test(a_charter_of_more_uses_widens),
        cmocka_unit_test(wanting_fewer_categories_widens),
        cmocka_unit_test(a_clause_that_moves_under_looser_terms_widens),
        cmocka_unit_test(a_floor_that_goes_with_the_name_of_its_clause_widens),
        cmocka_unit_test(two_clauses_that_become_one_widen),
        cmocka_unit_test(what_is_wider_reads_as_a_list),
        cmocka_unit_test(nothing_that_decide_newly_permits_is_missed),
        cmocka_unit_test(a_set_differs_in_nothing_from_itself),
        cmocka_unit_test(one_agreement_in_two_tells_one_flow_once),
    };
    return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
