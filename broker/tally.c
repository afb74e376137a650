/*
 * tally.c - "this agency normally sends at least n a day": counted from message to message, judged
 * at the end of each working day.
 *
 * One tally an agency and expectation. It is kept (EVENT_KEPT) with each message until enough have
 * come, so a day costs n records at most; it is judged in the batch that begins the next day, with
 * its alarm, so it alarms once. A day is London's. One of which the beginning was not seen (the
 * agreement came into force in the middle of it) is not judged; nor are days on which the broker
 * was down from end to end: nobody could send. Source: docs/clocks.md.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define LOOK_EVERY_MS 3600000 /* agreements may have come into force */

/* ---- the table ---- */

static struct id id_of_names(const char *agreement, const char *expectation, uint32_t agency)
{
    uint8_t bytes[AGREEMENT_ID_MAX + CLAUSE_ID_MAX + 2 + sizeof agency];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct id id;

    write_bytes(&w, agreement, strlen(agreement) + 1);
    write_bytes(&w, expectation, strlen(expectation) + 1);
    write_u32(&w, agency);
    struct digest digest = sha256(bytes, w.size);
    memcpy(id.bytes, digest.bytes, ID_SIZE);
    return id;
}

static struct id hash_of(const struct day_tally *tally)
{
    return id_of_names(tally->agreement, tally->expectation, tally->agency);
}

static struct day_tally *find(struct exchange *x, const char *agreement, const char *expectation,
                              uint32_t agency)
{
    struct id id = id_of_names(agreement, expectation, agency);
    uint32_t place = idmap_get(&x->tallies.by_name, &id);

    return place ? &x->tallies.all[place - 1] : NULL;
}

/* NULL: memory is out. */
static struct day_tally *add(struct exchange *x, const struct day_tally *tally)
{
    struct tallies *t = &x->tallies;
    struct id id = hash_of(tally);

    if (t->count == t->room) {
        uint32_t room = t->room ? 2 * t->room : 16;
        struct day_tally *all = reallocarray(t->all, room, sizeof *all);
        if (!all)
            return NULL;
        t->all = all;
        t->room = room;
    }
    if (idmap_put(&t->by_name, &id, t->count + 1) != ST_OK)
        return NULL;
    t->all[t->count] = *tally;
    return &t->all[t->count++];
}

/* The last one takes its place. */
static void drop(struct exchange *x, struct day_tally *tally)
{
    struct tallies *t = &x->tallies;
    struct id id = hash_of(tally);

    idmap_remove(&t->by_name, &id);
    if (tally != &t->all[--t->count]) {
        *tally = t->all[t->count];
        id = hash_of(tally);
        idmap_replace(&t->by_name, &id, (uint32_t)(tally - t->all) + 1);
    }
}

/* ---- the record: i64 end of the day, u32 count, u8 whole; the key: the three names, each with
 * its NUL ---- */

static enum status keep(struct exchange *x, const struct day_tally *tally, bool gone)
{
    const char *agency = directory_name(x->directory, tally->agency - 1);
    uint8_t key[KEPT_KEY_MAX], record[16];
    struct writer k = writer_of(key, sizeof key), w = writer_of(record, sizeof record);

    write_bytes(&k, tally->agreement, strlen(tally->agreement) + 1);
    write_bytes(&k, tally->expectation, strlen(tally->expectation) + 1);
    write_bytes(&k, agency, strlen(agency) + 1);
    write_u64(&w, (uint64_t)tally->day_end_ms);
    write_u32(&w, tally->count);
    write_u8(&w, tally->whole);
    return exchange_keep(x, KEPT_TALLY, (struct bytes){key, k.size},
                         (struct bytes){record, gone ? 0 : w.size});
}

static bool read_name(struct reader *r, char *out, size_t room)
{
    size_t size = strnlen((const char *)r->next, r->left);

    if (r->failed || size == 0 || size == r->left || size >= room)
        return false;
    read_into(r, (uint8_t *)out, size + 1);
    return true;
}

enum status exchange_restore_tally(struct exchange *x, struct bytes key, struct bytes record)
{
    struct reader k = reader_of(key.data, key.size), r = reader_of(record.data, record.size);
    struct day_tally tally = {.day_end_ms = (int64_t)read_u64(&r), .count = read_u32(&r)};
    uint8_t whole = read_u8(&r);
    char agency[AGENCY_MAX + 1];
    uint32_t member;

    tally.whole = whole == 1;
    if (!reader_done(&r) || whole > 1 || !read_name(&k, tally.agreement, sizeof tally.agreement)
        || !read_name(&k, tally.expectation, sizeof tally.expectation)
        || !read_name(&k, agency, sizeof agency) || !reader_done(&k) || !agency_is_valid(agency))
        return ST_INVALID;
    enum status status = exchange_enter(x, agency, &member);
    if (status != ST_OK)
        return status;
    tally.agency = member + 1;
    if (find(x, tally.agreement, tally.expectation, tally.agency))
        return ST_INVALID;
    return add(x, &tally) ? ST_OK : ST_NOMEM;
}

/* ---- counting ---- */

static enum status begin_tally(struct exchange *x, const struct agreement *agreement,
                               const struct expectation *e, uint32_t agency, struct day_tally **out)
{
    struct day_tally tally = {.agency = agency, .day_end_ms = calendar_day_end(x->now_ms)};

    TEXT_COPY(tally.agreement, agreement->id);
    TEXT_COPY(tally.expectation, e->id);
    *out = add(x, &tally);
    return *out ? keep(x, *out, false) : ST_NOMEM;
}

enum status exchange_tally(struct exchange *x, const struct acceptance *accepted)
{
    const struct agreement *agreement = accepted->decision->agreement;
    uint32_t sender = accepted->submit->head.member + 1;

    for (size_t i = 0; i < agreement->expectation_count; i++) {
        const struct expectation *e = &agreement->expectations[i];
        enum status status = ST_OK;

        if (e->at_least == 0 || (e->type && e->type != accepted->decision->clause->type)
            || !agreement_fits(agreement, e->from, accepted->question->from))
            continue;
        struct day_tally *tally = find(x, agreement->id, e->id, sender);
        if (!tally)
            status = begin_tally(x, agreement, e, sender, &tally);
        if (status == ST_OK && tally->count < e->at_least) {
            tally->count++;
            status = keep(x, tally, false);
        }
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

/* ---- judging ---- */

/* To who owes it, and to the agreement's owner; without one, to every party. */
static enum status alarm(struct exchange *x, const struct agreement *agreement,
                         const struct expectation *e, const struct day_tally *tally)
{
    struct clock_running running = {.number = ledger_sequence(x->ledger) + 1,
                                    .clock = {.kind = CONCORDAT__CLOCK_KIND__CLOCK_VOLUME,
                                              .due_ms = tally->day_end_ms,
                                              .count = tally->count},
                                    .owed_by = tally->agency,
                                    .agreement_version = agreement->version};
    enum status status = ST_OK;

    TEXT_COPY(running.type, e->type ? e->type->name : "");
    TEXT_COPY(running.agreement_id, agreement->id);
    TEXT_COPY(running.clause, e->id);
    for (size_t i = 0; status == ST_OK && i < agreement->party_count; i++) {
        const char *agency = agreement->parties[i].agency;
        uint32_t member = 0;

        if (agreement->owner[0] != '\0' && strcmp(agreement->owner, agency) != 0)
            continue;
        status = exchange_enter(x, agency, &member);
        running.owed_to = member + 1;
        if (status == ST_OK && running.owed_to != tally->agency)
            status = exchange_tell_clock_to(x, running.owed_to, &running,
                                            CONCORDAT__CLOCK_STAGE__STAGE_BREACHED,
                                            agreement->roles[e->tell]);
    }
    x->counts.clocks_breached++;
    return status == ST_OK ? exchange_tell_clock_to(x, tally->agency, &running,
                                                    CONCORDAT__CLOCK_STAGE__STAGE_BREACHED,
                                                    agreement->roles[e->tell])
                           : status;
}

/* Is the day that has ended one on which the agency sends? */
static bool is_its_day(const struct exchange *x, const struct agreement *agreement,
                       const struct day_tally *tally)
{
    const struct party *party =
        agreement_party(agreement, directory_name(x->directory, tally->agency - 1));

    return (party && party->calendar == CALENDAR_ALWAYS)
        || calendar_is_working_day(exchange_calendar(x), tally->day_end_ms - 1);
}

static enum status judge(struct exchange *x, struct day_tally *tally)
{
    const struct agreement *agreement =
        agreement_set_find(registrar_set(x->registrar), tally->agreement);
    const struct expectation *e = NULL;
    enum status status = ST_OK;

    if (agreement && agreement_state_at(agreement, x->now_ms) == AGREEMENT_STATE_ACTIVE)
        e = agreement_expectation(agreement, tally->expectation);
    if (!e || e->at_least == 0
        || !agreement_fits(agreement, e->from, directory_name(x->directory, tally->agency - 1))) {
        status = keep(x, tally, true); /* nobody expects it any more */
        drop(x, tally);
        return status;
    }
    if (tally->whole && tally->count < e->at_least && is_its_day(x, agreement, tally))
        status = alarm(x, agreement, e, tally);
    tally->day_end_ms = calendar_day_end(x->now_ms);
    tally->count = 0;
    tally->whole = true;
    return status == ST_OK ? keep(x, tally, false) : status;
}

static enum status judge_some(struct exchange *x, bool *more)
{
    uint32_t judged = 0;

    for (uint32_t i = x->tallies.count; i-- > 0;) { /* backwards: one that is dropped moves none */
        if (x->tallies.all[i].day_end_ms > x->now_ms)
            continue;
        if (judged++ == TALLIES_A_BATCH || !exchange_has_room(x)) {
            *more = true;
            return ST_OK;
        }
        enum status status = judge(x, &x->tallies.all[i]);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

static bool may_begin(const struct exchange *x, uint32_t begun)
{
    return begun < TALLIES_A_BATCH && exchange_has_room(x);
}

/* A tally for each agency that is expected to send, also one that sends nothing. */
static enum status begin_some(struct exchange *x, const struct agreement *agreement,
                              uint32_t *begun)
{
    for (size_t i = 0; i < agreement->expectation_count; i++)
        for (size_t j = 0; j < agreement->party_count && may_begin(x, *begun); j++) {
            const struct expectation *e = &agreement->expectations[i];
            const char *agency = agreement->parties[j].agency;
            struct day_tally *tally;
            uint32_t member;

            if (e->at_least == 0 || !agreement_fits(agreement, e->from, agency))
                continue;
            enum status status = exchange_enter(x, agency, &member);
            if (status == ST_OK && !find(x, agreement->id, e->id, member + 1)) {
                status = begin_tally(x, agreement, e, member + 1, &tally);
                ++*begun;
            }
            if (status != ST_OK)
                return status;
        }
    return ST_OK;
}

enum status exchange_tallies_due(struct exchange *x, bool *more)
{
    const struct agreement_set *set = registrar_set(x->registrar);
    uint32_t begun = 0;

    *more = false;
    if (x->now_ms < x->tallies.look_ms)
        return ST_OK;
    enum status status = judge_some(x, more);
    for (size_t i = 0; status == ST_OK && !*more && i < agreement_set_count(set); i++) {
        const struct agreement *agreement = agreement_set_at(set, i);

        if (agreement_state_at(agreement, x->now_ms) != AGREEMENT_STATE_ACTIVE)
            continue;
        status = begin_some(x, agreement, &begun);
        *more = !may_begin(x, begun);
    }
    if (status != ST_OK || *more)
        return status;
    x->tallies.look_ms = calendar_day_end(x->now_ms);
    if (x->tallies.look_ms > x->now_ms + LOOK_EVERY_MS)
        x->tallies.look_ms = x->now_ms + LOOK_EVERY_MS;
    return ST_OK;
}
