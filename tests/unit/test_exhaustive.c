/* Every clause of the example agreements, asked by and to every party and a stranger: with every
 * set of categories at most one away from the clause's least and most, in reply or not, by who
 * holds the case and by another, in every standing, at every time, with a signer that counts and
 * one that does not; and with every type and purpose that any example knows. Each dimension is
 * judged alone; what is said first of them all is the answer. And the permits are as many as the
 * clauses' own numbers make them. Under sanitizers, which are slow, the sets near the least alone,
 * and fewer types. */
#include "tests/unit/unit.h"

#include "agreements/decide.h"

#include <stdlib.h>
#include <string.h>

#define EXAMPLES SOURCE_DIR "/agreements/examples"
#define CODE(name) CONCORDAT__REFUSAL_CODE__##name
#define NAMES_MAX 160

/* As the reference says: the first of these that holds is told. */
static const Concordat__RefusalCode told[] = {
    CODE(NO_AGREEMENT),         CODE(AGREEMENT_REVOKED), CODE(AGREEMENT_SUSPENDED),
    CODE(AGREEMENT_NOT_YET),    CODE(AGREEMENT_EXPIRED), CODE(PARTY_NOT_SIGNATORY),
    CODE(SIGNER_NOT_PINNED),    CODE(TYPE_NOT_COVERED),  CODE(DIRECTION_NOT_ALLOWED),
    CODE(PURPOSE_NOT_COVERED),  CODE(REPLY_REQUIRED),    CODE(NOT_CURRENT_HOLDER),
    CODE(CATEGORY_NOT_COVERED), CODE(CATEGORY_MISSING),  CODE(REFUSAL_UNSPECIFIED),
};
enum {
    NO_AGREEMENT,
    REVOKED,
    SUSPENDED,
    NOT_YET,
    EXPIRED,
    NO_PARTY,
    SIGNER,
    TYPE,
    DIRECTION,
    PURPOSE,
    REPLY,
    HOLDER,
    EXTRA,
    MISSING,
    FINE
};

/* Everything that is asked about. */
static const char *types[NAMES_MAX], *purposes[NAMES_MAX];
static size_t type_count, purpose_count;

static void note(const char *names[static NAMES_MAX], size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (!strcmp(names[i], name))
            return;
    assert_true(*count < NAMES_MAX);
    names[(*count)++] = name;
}

static void note_all(const struct agreement_set *set)
{
    type_count = purpose_count = 0;
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);

        for (size_t c = 0; c < a->clause_count; c++) {
            note(types, &type_count, a->clauses[c].type->name);
            note(purposes, &purpose_count, a->clauses[c].purpose);
        }
    }
    note(types, &type_count, "no.such.type");
    note(purposes, &purpose_count, "no_such_purpose");
}

static const struct {
    enum standing standing;
    int against;
} standings[] = {{STANDING_DRAFT, NO_AGREEMENT},
                 {STANDING_ACTIVE, FINE},
                 {STANDING_SUSPENDED, SUSPENDED},
                 {STANDING_REVOKED, REVOKED}};

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SETS ((size_t)33)
#define TYPE_STRIDE 16
#else
#define SETS ((size_t)66)
#define TYPE_STRIDE 1
#endif

/* Where each of many changes of the engine is tried: a part. */
static bool mutating(void)
{
    return getenv("MUTATING") != NULL;
}

struct tally {
    uint64_t decisions, permits, mismatches, codes[64];
};

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Who `side` means among the parties, as bits of their places. */
static uint64_t meant(const struct agreement *a, const char *side)
{
    uint64_t set = 0;

    for (size_t i = 0; i < a->party_count; i++)
        if (!strcmp(a->parties[i].agency, side) || !strcmp(a->parties[i].kind, side))
            set |= 1ull << i;
    return set;
}

static int place_of(const struct agreement *a, const char *agency)
{
    for (size_t i = 0; i < a->party_count; i++)
        if (!strcmp(a->parties[i].agency, agency))
            return (int)i;
    return -1;
}

static int against_pair(const struct agreement *a, const struct clause *c, const char *from,
                        const char *to)
{
    int sender = place_of(a, from), recipient = place_of(a, to);

    if (sender < 0 || recipient < 0)
        return NO_PARTY;
    return sender != recipient && meant(a, c->from) >> sender & 1
                && meant(a, c->to) >> recipient & 1
             ? FINE
             : DIRECTION;
}

static int against_categories(const struct clause *c, category_set set)
{
    for (int i = 0; i < 32; i++)
        if ((set >> i & 1) && !(c->allowed >> i & 1))
            return EXTRA;
    for (int i = 0; i < 32; i++)
        if (!(set >> i & 1) && (c->required >> i & 1))
            return MISSING;
    return FINE;
}

static void ask(const struct question *q, const struct agreement_set *set, int64_t now, int against,
                struct tally *t)
{
    struct decision d = decide(q, set, now);

    t->decisions++;
    t->permits += d.permitted;
    t->codes[d.code]++;
    t->mismatches += d.code != told[against] || d.permitted != (against == FINE)
                  || permit_queues(d.permit) != d.permitted;
}

/* Four standings, three times, two signers. */
static void ask_always(struct question *q, const struct agreement_set *set, struct agreement *a,
                       int against, struct tally *t)
{
    const int64_t times[] = {a->from_ms - 1, a->from_ms, a->until_ms};
    const int against_times[] = {NOT_YET, FINE, EXPIRED};

    for (size_t s = 0; s < LENGTH(standings); s++) {
        a->standing = standings[s].standing;
        for (size_t i = 0; i < LENGTH(times); i++)
            for (int counts = 0; counts < 2; counts++) {
                q->signer_counts = counts;
                ask(q, set, times[i],
                    least(least(against, standings[s].against),
                          least(against_times[i], counts ? FINE : SIGNER)),
                    t);
            }
    }
}

/* The sets that a clause is asked about: its least, its most, and every neighbour of these. */
static category_set set_at(const struct clause *c, size_t i)
{
    category_set from = i < 33 ? c->required : c->allowed;

    return i % 33 == 32 ? from : from ^ 1u << i % 33;
}

static void ask_pair(struct question q, const struct agreement_set *set, struct agreement *a,
                     const struct clause *c, struct tally *t)
{
    int pair = against_pair(a, c, q.from, q.to);

    for (size_t i = 0; i < SETS; i++)
        for (int way = 0; way < 4; way++) {
            q.categories = set_at(c, i);
            q.in_reply = way & 1;
            q.is_holder = way & 2;
            if (!q.is_holder && !c->only_by_holder)
                continue; /* the same question again */
            ask_always(&q, set, a,
                       least(least(pair, against_categories(c, q.categories)),
                             least(c->only_in_reply && !q.in_reply ? REPLY : FINE,
                                   q.is_holder ? FINE : HOLDER)),
                       t);
        }
    a->standing = STANDING_ACTIVE;
    q.in_reply = q.is_holder = q.signer_counts = true;
    for (size_t k = 0; k < type_count; k++) {
        if (k % TYPE_STRIDE != 0 && strcmp(types[k], c->type->name) != 0)
            continue;
        for (size_t p = 0; p < purpose_count; p++) {
            int type = strcmp(types[k], c->type->name) != 0 ? TYPE : FINE;
            int purpose = strcmp(purposes[p], c->purpose) != 0 ? PURPOSE : FINE;

            q.type = types[k];
            q.purpose = purposes[p];
            for (int most = 0; most < 2; most++) {
                q.categories = most ? c->allowed : c->required;
                ask(&q, set, a->from_ms, least(pair, least(type, purpose)), t);
            }
        }
    }
}

/* How many of those questions the clause permits, by its own numbers: with one signer, at one time
 * and in one standing of each. */
static uint64_t permits_of(const struct agreement *a, const struct clause *c)
{
    uint64_t from = meant(a, c->from), to = meant(a, c->to);
    uint64_t pairs = (uint64_t)__builtin_popcountll(from) * (uint64_t)__builtin_popcountll(to)
                   - (uint64_t)__builtin_popcountll(from & to);
    uint64_t optional = (uint64_t)__builtin_popcount(c->allowed & ~c->required);
    uint64_t replies = c->only_in_reply ? 1 : 2;

    /* least and most (or the least alone), and what lies one step inside of each; then least and
     * most again, with the one right type and purpose */
    return pairs * (replies * (SETS / 33) * (1 + optional) + 2);
}

/* All senders and recipients of one clause. */
static void ask_clause(const struct agreement_set *set, struct agreement *a, const struct clause *c,
                       struct tally *t)
{
    struct question q = {.type = c->type->name,
                         .purpose = c->purpose,
                         .gateway = c->gateway,
                         .agreement_id = a->id,
                         .clause = c->id,
                         .agreement_version = a->version,
                         .agreement_hash = a->hash,
                         .marking = a->marking_ceiling,
                         .capacity = c->capacities ? __builtin_ctz(c->capacities) : 0,
                         .officers = 2};

    for (size_t from = 0; from <= a->party_count; from++)
        for (size_t to = 0; to <= a->party_count; to++) {
            q.from = from < a->party_count ? a->parties[from].agency : "stranger.agency";
            q.to = to < a->party_count ? a->parties[to].agency : "stranger.agency";
            ask_pair(q, set, a, c, t);
        }
}

static void every_question_is_answered_as_its_parts_say(void **)
{
    struct agreement_set *loaded = NULL;
    struct tally t = {0};
    struct reason why;
    uint64_t expected = 0;

    if (agreement_set_load(EXAMPLES, &loaded, &why) != ST_OK)
        fail_msg("%s", why.text);
    OWNED(agreement_set) set = loaded;
    note_all(set);
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        /* ours: we loaded it */
        struct agreement *a = (struct agreement *)(uintptr_t)agreement_set_at(set, i);

        for (size_t c = 0; c < a->clause_count; c += mutating() ? 5 : 1) {
            expected += permits_of(a, &a->clauses[c]);
            ask_clause(set, a, &a->clauses[c], &t);
        }
        a->standing = STANDING_ASSUMED;
    }
    print_message("%llu decisions, %llu permits of %llu expected, %llu mismatches\n",
                  (unsigned long long)t.decisions, (unsigned long long)t.permits,
                  (unsigned long long)expected, (unsigned long long)t.mismatches);
    for (size_t i = 0; i < FINE; i++)
        print_message("  code %-3d %llu\n", (int)told[i], (unsigned long long)t.codes[told[i]]);
    assert_true(mutating() || t.decisions >= 5000000);
    assert_int_equal(t.mismatches, 0);
    assert_int_equal(t.permits, expected);
    for (size_t i = 0; i < FINE; i++)
        assert_true(told[i] == CODE(REPLY_REQUIRED) || t.codes[told[i]] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_question_is_answered_as_its_parts_say),
    };
    return cmocka_run_group_tests_name("exhaustive", tests, NULL, NULL);
}
