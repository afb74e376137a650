/* A file that was cut short never permits more than the whole one; and no key is taken that the
 * reader does not know. */
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

static enum status parse(const char *text, size_t size, struct agreement **out, struct reason *why)
{
    /* an allocation of its own size, so that reading past the end is seen */
    char *copy = malloc(size ? size : 1);
    enum status st;

    assert_non_null(copy);
    memcpy(copy, text, size);
    memset(why, 0, sizeof *why);
    st = agreement_parse("cut.yaml", copy, size, out, why);
    free(copy);
    return st;
}

#define NO_MORE(x) ((x) || (reason_set(where, "%s", #x), false))

static bool are_among(const struct digest part[], size_t part_count, const struct digest whole[],
                      size_t whole_count)
{
    for (size_t i = 0; i < part_count; i++) {
        bool found = false;

        for (size_t j = 0; j < whole_count; j++)
            found = found || digest_equal(&part[i], &whole[j]);
        if (!found)
            return false;
    }
    return true;
}

static bool party_says_no_more(const struct party *p, const struct party *w, struct reason *where)
{
    return NO_MORE(w != NULL) && NO_MORE(!strcmp(p->kind, w->kind))
        && NO_MORE(are_among(p->signing, p->signing_count, w->signing, w->signing_count))
        && NO_MORE(
               are_among(p->governance, p->governance_count, w->governance, w->governance_count));
}

static bool clause_says_no_more(const struct clause *p, const struct clause *w,
                                struct reason *where)
{
    return NO_MORE(w != NULL) && NO_MORE(p->type == w->type) && NO_MORE(!strcmp(p->from, w->from))
        && NO_MORE(!strcmp(p->to, w->to)) && NO_MORE(!strcmp(p->purpose, w->purpose))
        && NO_MORE(!strcmp(p->gateway, w->gateway)) && NO_MORE((w->required & ~p->required) == 0)
        && NO_MORE((p->allowed & ~w->allowed) == 0) && NO_MORE(p->only_in_reply == w->only_in_reply)
        && NO_MORE(p->only_by_holder == w->only_by_holder)
        && NO_MORE(w->capacities == 0 || p->capacities != 0)
        && NO_MORE(w->capacities == 0 || (p->capacities & ~w->capacities) == 0)
        && NO_MORE(p->small_number_floor == w->small_number_floor);
}

static bool terms_say_no_more(const struct agreement *p, const struct agreement *w,
                              struct reason *where)
{
    return NO_MORE(!strcmp(p->id, w->id)) && NO_MORE(p->version == w->version)
        && NO_MORE(p->from_ms == w->from_ms) && NO_MORE(p->until_ms == w->until_ms)
        && NO_MORE(p->marking_floor == w->marking_floor)
        && NO_MORE(p->marking_ceiling == w->marking_ceiling)
        && NO_MORE(p->retention_days == w->retention_days)
        && NO_MORE(p->is_charter == w->is_charter) && NO_MORE(p->uses_per_day == w->uses_per_day)
        && NO_MORE(p->review_within.minutes == w->review_within.minutes)
        && NO_MORE(p->review_within.working == w->review_within.working);
}

/* Whatever `part` permits, `whole` permits; else `where` says what is wider. */
static bool says_no_more(const struct agreement *part, const struct agreement *whole,
                         struct reason *where)
{
    bool narrow = terms_say_no_more(part, whole, where);

    for (size_t i = 0; narrow && i < part->onward_count; i++)
        narrow = NO_MORE(agreement_allows_onward(whole, part->onward[i]));
    for (size_t i = 0; narrow && i < part->party_count; i++)
        narrow = party_says_no_more(&part->parties[i],
                                    agreement_party(whole, part->parties[i].agency), where);
    for (size_t i = 0; narrow && i < part->clause_count; i++)
        narrow = clause_says_no_more(&part->clauses[i],
                                     agreement_clause(whole, part->clauses[i].id), where);
    return narrow;
}

struct cuts {
    size_t made, refused;
};

/* Every beginning of the text. */
static void cut_everywhere(const char *text, struct cuts *cuts)
{
    OWNED(agreement) whole = NULL;
    struct reason why = {""}, where;
    size_t size = strlen(text);

    if (parse(text, size, &whole, &why) != ST_OK)
        fail_msg("%s in\n%s", why.text, text);
    for (size_t cut = 0; cut < size; cut++) {
        OWNED(agreement) part = NULL;
        enum status st = parse(text, cut, &part, &why);

        cuts->made++;
        cuts->refused += st != ST_OK;
        assert_true(st == ST_OK || (st == ST_INVALID && strncmp(why.text, "cut.yaml:", 9) == 0));
        assert_true(st != ST_OK || text[cut - 1] == '\n');
        /* What is cut between two clauses is a shorter agreement, of another hash. */
        if (part && !says_no_more(part, whole, &where))
            fail_msg("cut at byte %zu it is wider, not %s:\n%s", cut, where.text, text);
        assert_false(part && digest_equal(&part->hash, &whole->hash));
    }
}

static void no_beginning_of_an_example_says_more_than_the_whole(void **)
{
    struct cuts cuts = {0};

    for (size_t i = 0; i < agreement_set_count(examples); i++)
        cut_everywhere(agreement_set_at(examples, i)->text, &cuts);
    assert_true(cuts.refused > 0 && cuts.refused < cuts.made);
    print_message("%zu beginnings of examples, %zu refused\n", cuts.made, cuts.refused);
}

static void no_beginning_of_any_spelling_says_more_than_the_whole(void **)
{
    struct chance chance = {4};
    struct cuts cuts = {0};

    for (int i = 0; i < 30; i++) {
        const struct make make = {2 + pick(&chance, 2), 1 + pick(&chance, 3), i % 8 == 0};
        OWNED(agreement) a = agreement_make(&chance, examples, &make);
        char *text = agreement_spell(&chance, a);

        cut_everywhere(text, &cuts);
        free(text);
    }
    assert_true(cuts.refused > 0 && cuts.refused < cuts.made);
    print_message("%zu beginnings of texts at random, %zu refused\n", cuts.made, cuts.refused);
}

/* One that says something of everything. */
static struct agreement *full_agreement(void)
{
    struct chance chance = {5};
    const struct make make = {4, 4, true};

    for (;;) {
        OWNED(agreement) a = agreement_make(&chance, examples, &make);
        const struct clause *c = &a->clauses[0];
        const struct party *p = &a->parties[0];

        if (a->onward_count > 1 && c->only_by_holder && c->capacities && c->ladder_count > 1
            && p->signing_count > 1 && p->governance_count > 0 && a->expectation_count > 0
            && a->trial_count > 0 && c->allowed != c->required)
            return GIVE(a);
    }
}

static char *full_text(void)
{
    OWNED(agreement) a = full_agreement();
    char *text = malloc(AGREEMENT_FILE_MAX);
    size_t size;

    assert_non_null(text);
    assert_int_equal(agreement_print(a, text, AGREEMENT_FILE_MAX, &size), ST_OK);
    return text;
}

static void a_planted_widening_is_seen(void **)
{
    OWNED(agreement) whole = NULL;
    OWNED(agreement) part = NULL;
    struct reason why;
    char *text = full_text();

    assert_int_equal(parse(text, strlen(text), &whole, &why), ST_OK);
    assert_int_equal(parse(text, strlen(text), &part, &why), ST_OK);
    free(text);
    assert_true(says_no_more(part, whole, &why));

#define WIDEN(member, wider)                                                                       \
    do {                                                                                           \
        __typeof__(part->member) before = part->member;                                            \
        part->member = (wider);                                                                    \
        assert_false(says_no_more(part, whole, &why));                                             \
        part->member = before;                                                                     \
        assert_true(says_no_more(part, whole, &why));                                              \
    } while (0)
    WIDEN(is_charter, false);
    WIDEN(uses_per_day, whole->uses_per_day + 1);
    WIDEN(review_within.minutes, 0);
    WIDEN(retention_days, whole->retention_days + 1);
    WIDEN(until_ms, whole->until_ms + 1);
    WIDEN(clauses[0].only_by_holder, false);
    WIDEN(clauses[0].capacities, 0);
    WIDEN(clauses[0].capacities, whole->clauses[0].capacities | 1u << 9);
    WIDEN(clauses[0].required, 0);
    WIDEN(clauses[0].allowed, whole->clauses[0].allowed | 1u << 30);
    WIDEN(clauses[0].only_in_reply, !whole->clauses[0].only_in_reply);
    WIDEN(parties[0].signing[0].bytes[0], whole->parties[0].signing[0].bytes[0] ^ 1);
    WIDEN(parties[0].governance[0].bytes[0], whole->parties[0].governance[0].bytes[0] ^ 1);
    WIDEN(onward[0][0], whole->onward[0][0] ^ 1);
    WIDEN(parties[0].agency[0], whole->parties[0].agency[0] ^ 1);
    WIDEN(clauses[0].id[0], whole->clauses[0].id[0] ^ 1);
#undef WIDEN
}

/* Every key there is, by the place where it may stand: written here once more. */
static const char *const known[][24] = {
    {"agreement",    "version",        "title",         "in-force",       "review",
     "expires",      "owner",          "marking",       "retention-days", "onward",
     "dpia",         "subject-access", "foi",           "breach-contact", "breach-report-hours",
     "charter",      "uses-per-day",   "review-within", "parties",        "clauses",
     "expectations", "tests"},
    {"floor", "ceiling"},
    {"agency", "kind", "contact", "dpo", "out-of-hours", "calendar", "signing-keys",
     "governance-keys"},
    {"id", "type", "from", "to", "only-by-holder", "capacities", "purpose", "gateway", "required",
     "allowed", "only-in-reply", "acknowledge-within", "decide-within", "answer-within", "close-within",
     "escalation", "small-number-floor"},
    {"id", "after", "expect", "within", "every", "from", "type", "at-least", "tell"},
    {"name", "from", "to", "type", "purpose", "categories", "in-reply", "capacity", "on", "expect"},
};

static bool stands_in(size_t place, const char *key)
{
    for (size_t i = 0; i < LENGTH(known[place]) && known[place][i]; i++)
        if (strcmp(known[place][i], key) == 0)
            return true;
    return false;
}

/* The text with one more line behind line `number` must be refused with that line's number. */
static void refuse_with_line(const char *text, const char *after, uint32_t number, size_t indent,
                             const char *key, const char *reason)
{
    struct agreement *a = NULL;
    struct reason why;
    char *with = NULL, *expected = NULL;

    assert_true(
        asprintf(&with, "%.*s%*s%s: 1\n%s", (int)(after - text), text, (int)indent, "", key, after)
        > 0);
    assert_true(asprintf(&expected, "cut.yaml:%u: %s `%s' ", number + 1, reason, key) > 0);
    if (parse(with, strlen(with), &a, &why) != ST_INVALID
        || strncmp(why.text, expected, strlen(expected)) != 0)
        fail_msg("expected `%s', got `%s' in\n%s", expected, why.text, with);
    free(with);
    free(expected);
}

/* The mapping that a line's key stands in, by the section and the indentation. */
static size_t place_of(const char *line, size_t section)
{
    return line[0] != ' ' ? 0 : section;
}

static void every_unknown_key_is_refused_wherever_it_stands(void **)
{
    static const char *const sections[] = {
        "", "marking:", "parties:", "clauses:", "expectations:", "tests:"};
    char *text = full_text();
    size_t section = 0, count = 0, places = 0;
    uint32_t number = 0;

    for (const char *line = text, *next; *line; line = next) {
        number++;
        next = strchr(line, '\n') + 1;
        for (size_t i = 1; i < LENGTH(sections); i++)
            if (strncmp(line, sections[i], strlen(sections[i])) == 0)
                section = i;
        if (next[-2] == ':' || strncmp(line, "      - ", 8) == 0)
            continue; /* its value stands below; no mapping */

        size_t place = place_of(line, section);
        size_t indent = place == 0 ? 0 : place == 1 ? 2 : 4;
        places |= 1u << place;
        refuse_with_line(text, next, number, indent, "zz-unheard", "unknown key");
        for (size_t i = 0; i < LENGTH(known); i++)
            for (size_t j = 0; j < LENGTH(known[i]) && known[i][j]; j++)
                if (!stands_in(place, known[i][j])) {
                    refuse_with_line(text, next, number, indent, known[i][j], "unknown key");
                    count++;
                }
    }
    assert_int_equal(places, 0x3f);
    print_message("%zu unknown keys refused on %u lines\n", count, number);
    free(text);
}

/* Every key of the table is one: the table knows no more than the reader. */
static void every_known_key_is_known(void **)
{
    static const size_t indents[] = {0, 2, 4, 4, 4, 4};
    static const char *const starts[] = {
        "agreement:", "  floor:", "  - agency:", "  - id:", "    after:", "  - name:"};
    char *text = full_text();

    for (size_t i = 0; i < LENGTH(known); i++)
        for (size_t j = 0; j < LENGTH(known[i]) && known[i][j]; j++) {
            OWNED(agreement) a = NULL;
            struct reason why;
            const char *after = strchr(strstr(text, starts[i]), '\n') + 1;
            char *with = NULL;

            assert_true(asprintf(&with, "%.*s%*s%s: x\n%s", (int)(after - text), text,
                                 (int)indents[i], "", known[i][j], after)
                        > 0);
            (void)parse(with, strlen(with), &a, &why); /* it may well be refused, but as itself */
            if (strstr(why.text, "unknown key"))
                fail_msg("%s", why.text);
            free(with);
        }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_widening_is_seen),
        cmocka_unit_test(no_beginning_of_an_example_says_more_than_the_whole),
        cmocka_unit_test(no_beginning_of_any_spelling_says_more_than_the_whole),
        cmocka_unit_test(every_unknown_key_is_refused_wherever_it_stands),
        cmocka_unit_test(every_known_key_is_known),
    };
    return cmocka_run_group_tests_name("agreement, cut short", tests, load_examples, free_examples);
}
