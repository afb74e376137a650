/* What holds of every agreement, seen on all permits of the examples: nothing unknown passes,
 * removing an agreement removes its permits and no other, and names are found whatever they are. */
#include "tests/unit/unit.h"

#include "agreements/decide.h"
#include "agreements/names.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLES SOURCE_DIR "/agreements/examples"
#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define PERMITS_MAX 1024

static struct agreement_set *examples(void)
{
    struct agreement_set *set = NULL;
    struct reason why;

    if (agreement_set_load(EXAMPLES, &set, &why) != ST_OK)
        fail_msg("%s", why.text);
    return set;
}

/* All but the one at `left_out`, each read again from its text. */
static struct agreement_set *examples_but(const struct agreement_set *all, size_t left_out)
{
    struct agreement *rest[64];
    struct agreement_set *set = NULL;
    struct reason why;
    size_t count = 0;

    assert_true(agreement_set_count(all) <= LENGTH(rest));
    for (size_t i = 0; i < agreement_set_count(all); i++) {
        const struct agreement *a = agreement_set_at(all, i);

        if (i == left_out)
            continue;
        if (agreement_parse(a->name, a->text, strlen(a->text), &rest[count], &why) != ST_OK)
            fail_msg("%s", why.text);
        count++;
    }
    assert_int_equal(agreement_set_take(rest, count, &set, &why), ST_OK);
    return set;
}

/* For every clause and every pair of parties, what would have to be permitted if it is about them.
 */
static size_t each_permit(const struct agreement_set *set, struct question out[static PERMITS_MAX],
                          int64_t when[static PERMITS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);

        for (size_t k = 0; k < a->clause_count * a->party_count * a->party_count; k++) {
            const struct clause *c = &a->clauses[k / a->party_count / a->party_count];
            struct question q = {.from = a->parties[k / a->party_count % a->party_count].agency,
                                 .to = a->parties[k % a->party_count].agency,
                                 .type = c->type->name,
                                 .purpose = c->purpose,
                                 .gateway = c->gateway,
                                 .agreement_id = a->id,
                                 .clause = c->id,
                                 .agreement_version = a->version,
                                 .agreement_hash = a->hash,
                                 .categories = c->allowed,
                                 .marking = a->marking_ceiling,
                                 .is_holder = true,
                                 .officers = 2,
                                 .in_reply = true};

            while (c->capacities && !(c->capacities >> q.capacity & 1))
                q.capacity++;
            if (!decide(&q, set, a->from_ms).permitted)
                continue;
            assert_true(count < PERMITS_MAX);
            when[count] = a->from_ms;
            out[count++] = q;
        }
    }
    return count;
}

/* Change `n` of a question to something unknown; false when there is no such change. */
static bool make_unknown(struct question *q, size_t n)
{
    static const char onward[2][AGENCY_MAX + 1] = {"no.such.agency", ""};
    static const char *const words[] = {NULL, "", "no.such.word", "NPS", "POLICE", "DC_CHILD", "*"};
    const char **texts[] = {&q->from,    &q->to,           &q->type,  &q->purpose,
                            &q->gateway, &q->agreement_id, &q->clause};
    static const int markings[] = {INT_MIN, -1, 0, 3, INT_MAX};

    if (n < LENGTH(words) * LENGTH(texts)) {
        *texts[n / LENGTH(words)] = words[n % LENGTH(words)];
        return true;
    }
    n -= LENGTH(words) * LENGTH(texts);
    if (n < LENGTH(markings)) {
        q->marking = markings[n];
        return true;
    }
    n -= LENGTH(markings);
    if (n < 32) { /* a category that the type cannot have, be it in the schema or not */
        const struct message_type *type = catalogue_find(q->type);

        if (!(type->allowed >> n & 1))
            q->categories |= 1u << n;
        else
            q->type = "no.such.type";
        return true;
    }
    n -= 32;
    if (n < LENGTH(onward)) {
        q->onward = &onward[n];
        q->onward_count = 1;
        return true;
    }
    n -= LENGTH(onward);
    if (n < 8 * DIGEST_SIZE) {
        q->agreement_hash.bytes[n / 8] ^= (uint8_t)(1u << n % 8);
        return true;
    }
    n -= 8 * DIGEST_SIZE;
    q->agreement_version = n == 0 ? 0 : n == 1 ? q->agreement_version + 1 : UINT32_MAX;
    return n < 3;
}

static void nothing_unknown_passes(void **)
{
    static struct question permits[PERMITS_MAX];
    static int64_t when[PERMITS_MAX];
    OWNED(agreement_set) set = examples();
    size_t count = each_permit(set, permits, when), refused = 0;

    assert_true(count > 50);
    for (size_t i = 0; i < count; i++) {
        struct question q = permits[i];

        for (size_t n = 0; make_unknown(&q, n); n++) {
            struct decision d = decide(&q, set, when[i]);

            if (d.permitted || d.permit || !d.code)
                fail_msg("change %zu of clause %s passes", n, permits[i].clause);
            q = permits[i];
            refused++;
        }
    }
    print_message("%zu permits, each refused in %zu ways when something in it is unknown\n", count,
                  refused / count);
}

static void removing_an_agreement_removes_its_permits_and_no_other(void **)
{
    static struct question permits[PERMITS_MAX];
    static int64_t when[PERMITS_MAX];
    OWNED(agreement_set) set = examples();
    size_t count = each_permit(set, permits, when), removed = 0;

    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const char *id = agreement_set_at(set, i)->id;
        OWNED(agreement_set) rest = examples_but(set, i);

        for (size_t k = 0; k < count; k++) {
            bool was_its = strcmp(permits[k].agreement_id, id) == 0;
            struct decision d = decide(&permits[k], rest, when[k]);

            assert_int_equal(d.permitted, !was_its);
            assert_int_equal(d.code, was_its ? CODE(NO_AGREEMENT) : CODE(REFUSAL_UNSPECIFIED));
            removed += was_its;
        }
    }
    assert_int_equal(removed, count); /* each permit is one agreement's */
}

static void names_of_every_length_are_found(void **)
{
    enum {
        COUNT = 4096
    };
    char(*all)[64] = calloc(COUNT, sizeof *all);
    const char **objects = calloc(COUNT, sizeof *objects);
    struct names names = {0}, of = {0};

    assert_true(all && objects);
    for (unsigned i = 0; i < COUNT; i++) { /* alike but at one end, or in the middle */
        (void)snprintf(all[i], sizeof all[i], "%s%u%s", i % 3 == 1 ? "aaaaaaaaaaaa" : "", i,
                       i % 3 == 2 ? "zzzzzzzzzzzzzzzzzzzzzzzzz" : "");
        objects[i] = all[i];
    }
    assert_null(names_find(&names, all, sizeof *all, "1"));
    assert_null(names_find_of(&names, (const void *const *)objects, "1"));
    assert_int_equal(names_build(all, sizeof *all, COUNT, &names), ST_OK);
    assert_int_equal(names_build_of((const void *const *)objects, COUNT, &of), ST_OK);
    for (unsigned i = 0; i < COUNT; i++) {
        char near[66];

        assert_ptr_equal(names_find(&names, all, sizeof *all, all[i]), all[i]);
        assert_ptr_equal(names_find_of(&of, (const void *const *)objects, all[i]), all[i]);
        (void)snprintf(near, sizeof near, "%s.", all[i]);
        assert_null(names_find(&names, all, sizeof *all, near));
    }
    assert_null(names_find(&names, all, sizeof *all, ""));
    assert_int_equal(names_build(all, sizeof *all, 0, &names), ST_OK); /* instead of the older */
    assert_null(names_find(&names, all, sizeof *all, all[0]));
    names_free(&names);
    names_free(&of);
    names_free(&of);
    free(all);
    free(objects);
}

/* Names that a byte in their last place tells apart spread: a look-up compares two at most, as a
 * rule. */
static void like_names_spread(void **)
{
    char name[32];
    unsigned used[4096] = {0}, crowded = 0;

    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "referral-child-%03u", i);
        crowded += used[name_hash(name) % LENGTH(used)]++ > 0;
    }
    assert_true(crowded < 250); /* chance alone makes it 115 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_unknown_passes),
        cmocka_unit_test(removing_an_agreement_removes_its_permits_and_no_other),
        cmocka_unit_test(names_of_every_length_are_found),
        cmocka_unit_test(like_names_spread),
    };
    return cmocka_run_group_tests_name("properties", tests, NULL, NULL);
}
