#include "tests/unit/random_agreements.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/header.pb-c.h"

const char *const pool_agencies[POOL_AGENCIES] = {"asc.one",  "court.one", "csc.one",
                                                  "nps.east", "nps.west",  "police.one"};
static const char *const kinds[POOL_AGENCIES] = {"LA_ADULTS", "COURT", "LA_CHILDREN",
                                                 "NPS",       "NPS",   "POLICE"};
const char *const pool_types[POOL_TYPES] = {"psr.report", "psr.request",
                                            "safeguarding.referral.child", "safeguarding.update"};
const char *const pool_purposes[POOL_PURPOSES] = {"court_advice", "safeguard_child"};
static const char *const gateways[] = {"CA1989_S17_S47", "OMA2007_S14"};

/* xorshift64*, Vigna 2016 */
uint32_t chance_below(struct chance *chance, uint32_t end)
{
    chance->state ^= chance->state >> 12;
    chance->state ^= chance->state << 25;
    chance->state ^= chance->state >> 27;
    return (uint32_t)((chance->state * 0x2545F4914F6CDD1DULL) >> 33) % end;
}

static void put(char *out, size_t room, const char *text)
{
    (void)snprintf(out, room, "%s", text);
}

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    assert(memory);
    return memory;
}

static void set_parties(struct agreement *a, uint32_t members)
{
    a->party_count = 0;
    for (size_t i = 0; i < POOL_AGENCIES; i++) {
        struct party *party = &a->parties[a->party_count];

        if (!(members & (1u << i)))
            continue;
        *party = (struct party){.calendar = CALENDAR_ALWAYS};
        put(party->agency, sizeof party->agency, pool_agencies[i]);
        put(party->kind, sizeof party->kind, kinds[i]);
        put(party->contact, sizeof party->contact, "Desk");
        a->party_count++;
    }
}

static uint32_t random_members(struct chance *chance)
{
    uint32_t members;

    do
        members = chance_below(chance, 1u << POOL_AGENCIES);
    while (__builtin_popcount(members) < 2 || __builtin_popcount(members) > 5);
    return members;
}

static category_set some_of(struct chance *chance, category_set set)
{
    return set & (chance_below(chance, 1u << 30) | chance_below(chance, 4) << 30);
}

static void set_clause(struct chance *chance, struct clause *c, size_t number, bool conditions)
{
    *c = (struct clause){.type = catalogue_find(pool_types[chance_below(chance, POOL_TYPES)]),
                         .line = (uint32_t)number + 1};
    assert(c->type);
    (void)snprintf(c->id, sizeof c->id, "c%zu", number);
    for (size_t side = 0; side < 2; side++) {
        uint32_t which = chance_below(chance, POOL_AGENCIES);
        bool is_kind = chance_below(chance, 3) == 0;

        put(side ? c->to : c->from, sizeof c->to, is_kind ? kinds[which] : pool_agencies[which]);
    }
    put(c->purpose, sizeof c->purpose, pool_purposes[chance_below(chance, POOL_PURPOSES)]);
    put(c->gateway, sizeof c->gateway, gateways[chance_below(chance, 2)]);
    c->required = c->type->required | some_of(chance, some_of(chance, c->type->allowed));
    c->allowed = c->required | some_of(chance, c->type->allowed);
    c->only_in_reply = chance_below(chance, 3) == 0;
    c->only_by_holder = conditions && chance_below(chance, 3) == 0;
    if (conditions && chance_below(chance, 3) == 0)
        c->capacities = chance_below(chance, 1u << 6) << 1;
}

static void set_onward(struct chance *chance, struct agreement *a)
{
    a->onward_count = 0;
    for (size_t i = 0; i < POOL_AGENCIES; i++)
        if (chance_below(chance, 6) == 0)
            put(a->onward[a->onward_count++], sizeof *a->onward, pool_agencies[i]);
}

void agreement_settle(struct agreement *a)
{
    enum status st;

    names_free(&a->by_agency);
    names_free(&a->by_id);
    st = names_build(a->parties, sizeof *a->parties, a->party_count, &a->by_agency);
    assert(st == ST_OK);
    st = names_build(a->clauses, sizeof *a->clauses, a->clause_count, &a->by_id);
    assert(st == ST_OK);
}

static struct agreement *blank(const char *id)
{
    struct agreement *a = zeroed(1, sizeof *a);

    put(a->id, sizeof a->id, id);
    put(a->title, sizeof a->title, "By chance");
    a->version = 1;
    a->from_ms = POOL_DAY_MS - 86400000;
    a->until_ms = POOL_DAY_MS + 86400000;
    a->marking_floor = CONCORDAT__MARKING__OFFICIAL;
    a->marking_ceiling = CONCORDAT__MARKING__OFFICIAL_SENSITIVE;
    a->retention_days = 100;
    a->standing = STANDING_ASSUMED;
    a->parties = zeroed(POOL_AGENCIES, sizeof *a->parties);
    a->clauses = zeroed(10, sizeof *a->clauses);
    a->onward = zeroed(POOL_AGENCIES, sizeof *a->onward);
    a->name = strdup(id);
    assert(a->name);
    return a;
}

struct agreement *agreement_random(struct chance *chance, const char *id, bool conditions)
{
    struct agreement *a = blank(id);

    set_parties(a, random_members(chance));
    set_onward(chance, a);
    a->clause_count = 1 + chance_below(chance, 5);
    for (size_t i = 0; i < a->clause_count; i++)
        set_clause(chance, &a->clauses[i], i, conditions);
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        a->hash.bytes[i] = (uint8_t)chance_below(chance, 256);
    agreement_settle(a);
    return a;
}

struct agreement *agreement_changed(struct chance *chance, const struct agreement *agreement,
                                    bool conditions)
{
    struct agreement *a = agreement_random(chance, agreement->id, conditions);

    a->version = agreement->version + 1;
    if (chance_below(chance, 4) > 0) {
        memcpy(a->parties, agreement->parties, agreement->party_count * sizeof *a->parties);
        a->party_count = agreement->party_count;
    }
    for (size_t i = 0; i < agreement->clause_count; i++) {
        if (chance_below(chance, 4) == 0) /* another in its place */
            set_clause(chance, &a->clauses[i], i, conditions);
        else
            a->clauses[i] = agreement->clauses[i];
        if (chance_below(chance, 4) == 0)
            a->clauses[i].only_in_reply = !a->clauses[i].only_in_reply;
        if (conditions && chance_below(chance, 4) == 0)
            a->clauses[i].capacities = chance_below(chance, 1u << 6) << 1;
        if (conditions && chance_below(chance, 4) == 0)
            a->clauses[i].only_by_holder = !a->clauses[i].only_by_holder;
        if (chance_below(chance, 6) == 0)
            put(a->clauses[i].gateway, sizeof a->clauses[i].gateway,
                gateways[chance_below(chance, 2)]);
        if (chance_below(chance, 4) == 0)
            a->clauses[i].allowed =
                a->clauses[i].required | some_of(chance, a->clauses[i].type->allowed);
    }
    a->clause_count = agreement->clause_count;
    if (a->clause_count > 1 && chance_below(chance, 4) == 0)
        a->clause_count--;
    agreement_settle(a);
    return a;
}

struct agreement_set *set_of_one(struct agreement *taken)
{
    struct agreement_set *set = NULL;
    enum status st;

    agreement_settle(taken);
    st = agreement_set_take(&taken, 1, &set, NULL);
    assert(st == ST_OK);
    return set;
}

struct agreement_set *set_random(struct chance *chance, size_t count, bool conditions)
{
    struct agreement *all[8] = {0};
    struct agreement_set *set = NULL;
    enum status st;

    assert(count <= 8);
    for (size_t i = 0; i < count; i++) {
        char id[32];

        (void)snprintf(id, sizeof id, "ISA-%zu", i);
        all[i] = agreement_random(chance, id, conditions);
    }
    st = agreement_set_take(all, count, &set, NULL);
    assert(st == ST_OK);
    return set;
}

static const char *meant(struct chance *chance, const struct agreement *a, const char *side)
{
    size_t first = chance_below(chance, (uint32_t)a->party_count);

    for (size_t i = 0; i < a->party_count; i++) {
        const struct party *party = &a->parties[(first + i) % a->party_count];

        if (strcmp(side, party->agency) == 0 || strcmp(side, party->kind) == 0)
            return party->agency;
    }
    return pool_agencies[chance_below(chance, POOL_AGENCIES)];
}

struct aim aim_random(struct chance *chance, const struct agreement_set *set)
{
    const struct agreement *a =
        agreement_set_at(set, chance_below(chance, (uint32_t)agreement_set_count(set)));
    const struct clause *c = &a->clauses[chance_below(chance, (uint32_t)a->clause_count)];

    return (struct aim){c, meant(chance, a, c->from), meant(chance, a, c->to)};
}
