/*
 * gazette.c - what parties sign about agreements: judged, published in order, shown to all.
 *
 *     instrument --registrar_take--> EVENT_GAZETTE --durable--> verdict, entries to followers
 *
 * The gazette is the broker's record of instruments and of its own notices, for ever. Everybody
 * gets the instruments, in their order; a notice goes to those it names. A follower gets every
 * entry that is older than an item of its queue before that item, since entries always go first: so
 * it knows the version that a message was decided under before the message comes. What is on its
 * way to a follower is bounded by GAZETTE_WINDOW, and by its link's word that it has left, as
 * nobody settles entries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define DAY_MS INT64_C(86400000)

/* ---- what has been published ---- */

enum status exchange_add_published(struct exchange *x, const struct published *published)
{
    if (x->published_count == x->published_room) {
        uint32_t room = x->published_room ? 2 * x->published_room : 64;
        struct published *list = reallocarray(x->published, room, sizeof *list);
        if (!list)
            return ST_NOMEM;
        x->published = list;
        x->published_room = room;
    }
    x->published[x->published_count++] = *published;
    return ST_OK;
}

/* The entry of these very bytes by the same key: by another they are somebody else's word. NULL
 * when there is none. O(entries), as most are never asked. */
static const struct published *find_same(const struct exchange *x, const struct instrument *given)
{
    for (uint32_t i = x->published_count; i-- > 0;)
        if (x->published[i].act != 0 && digest_equal(&x->published[i].digest, &given->digest)
            && digest_equal(&x->published[i].key, &given->key))
            return &x->published[i];
    return NULL;
}

/* The last entry with which the agency did the same. */
static const struct published *find_alike(const struct exchange *x, const struct instrument *given)
{
    for (uint32_t i = x->published_count; i-- > 0;)
        if (x->published[i].act == given->act
            && digest_equal(&x->published[i].agreement_hash, &given->agreement_hash)
            && strcmp(directory_name(x->directory, x->published[i].agency), given->agency) == 0)
            return &x->published[i];
    return NULL;
}

/* What the agency did of this within a day. */
struct tally {
    uint32_t count;
    uint64_t size; /* bytes of texts */
};

static struct tally tally_of(const struct exchange *x, const struct instrument *given)
{
    struct tally tally = {0};

    for (uint32_t i = x->published_count; i-- > 0 && x->published[i].at_ms > x->now_ms - DAY_MS;) {
        const struct published *entry = &x->published[i];
        if (entry->act != given->act
            || strcmp(directory_name(x->directory, entry->agency), given->agency) != 0)
            continue;
        tally.count++;
        tally.size += entry->text_size;
    }
    return tally;
}

/* May the agency do more of this within its day? Everything is kept for ever. Who stops sharing
 * never waits.   ST_LIMIT: no; `why` says why */
static enum status check_day(const struct exchange *x, const struct instrument *given,
                             struct bytes text, struct reason *why)
{
    const bool proposes = given->act == CONCORDAT__ACT__PROPOSE;
    const uint32_t most = proposes ? PROPOSALS_A_DAY : INSTRUMENTS_A_DAY;

    if (given->act == CONCORDAT__ACT__REVOKE || given->act == CONCORDAT__ACT__SUSPEND)
        return ST_OK;
    const struct tally tally = tally_of(x, given);
    if (tally.count >= most)
        reason_set(why, "too many of these by this agency in a day: try again later");
    else if (tally.size + text.size > PROPOSAL_BYTES_A_DAY)
        reason_set(why, "the texts of %s's proposals would be over %d bytes in a day: try later",
                   given->agency, PROPOSAL_BYTES_A_DAY);
    else
        return ST_OK;
    return ST_LIMIT;
}

/* Is there room in the store for this? Even a full one has some for what ends sharing that goes on
 * now, or a proposal that is open: once each, as nothing resumes or is proposed meanwhile. */
static bool has_room(const struct exchange *x, const struct instrument *given)
{
    const struct agreement *version = registrar_version(x->registrar, &given->agreement_hash);

    if (given->act == CONCORDAT__ACT__REVOKE || given->act == CONCORDAT__ACT__REJECT
        || given->act == CONCORDAT__ACT__WITHDRAW)
        return true;
    if (given->act == CONCORDAT__ACT__SUSPEND && version && version->standing == STANDING_ACTIVE)
        return true;
    return !x->is_full && !(x->is_high && given->act == CONCORDAT__ACT__PROPOSE);
}

static void wake_followers(struct exchange *x)
{
    for (uint32_t i = 0; i < directory_count(x->directory); i++)
        if (x->members[i].follows)
            exchange_wake(x, i);
}

/* ---- publishing ---- */

static enum status answer(struct exchange *x, const struct command_gazette *given,
                          uint64_t sequence, const char *why)
{
    struct effect_verdict *verdict =
        exchange_answer(x, EFFECT_VERDICT, &given->head, sizeof *verdict);

    if (!verdict)
        return ST_NOMEM;
    verdict->request = given->request;
    verdict->sequence = sequence;
    verdict->why[0] = '\0';
    if (sequence == 0)
        (void)snprintf(verdict->why, sizeof verdict->why, "%.*s", VERDICT_MAX, why);
    x->counts.instruments_refused += sequence == 0;
    return ST_OK;
}

static enum status publish(struct exchange *x, const struct command_gazette *given,
                           struct bytes text)
{
    const struct instrument *instrument = &given->instrument;
    struct event event = {.kind = EVENT_GAZETTE,
                          .instrument = {given->bytes, given->signed_size},
                          .text = text,
                          .governance_key = instrument->key};
    struct published published = {.at_ms = x->now_ms,
                                  .act = instrument->act,
                                  .text_size = (uint32_t)text.size,
                                  .digest = instrument->digest,
                                  .key = instrument->key,
                                  .agreement_hash = instrument->agreement_hash};

    TEXT_COPY(event.officer, instrument->officer);
    enum status status = exchange_enter(x, instrument->agency, &published.agency);
    if (status == ST_OK)
        status = exchange_record(x, &event, 0);
    published.sequence = event.sequence;
    if (status == ST_OK)
        status = exchange_add_published(x, &published);
    if (status != ST_OK)
        return status;
    status = exchange_charter_published(x, instrument);
    if (status != ST_OK)
        return status;
    x->counts.published++;
    x->dates_at_ms = x->now_ms; /* a version may come into force with its review near */
    wake_followers(x);
    return answer(x, given, event.sequence, NULL);
}

static struct attempt attempt_of(const struct exchange *x, const struct command_gazette *given)
{
    return (struct attempt){.agency = given->head.member,
                            .digest =
                                sha256(given->bytes, (size_t)given->signed_size + given->text_size),
                            .entries = x->published_count,
                            .at_ms = x->now_ms};
}

/* Judged and refused: that is counted, as whoever brings such can do so without end. */
static enum status refuse(struct exchange *x, const struct command_gazette *given,
                          const struct attempt *attempt, const char *why)
{
    enum status status = attempts_add(x->attempts, attempt, why);

    return status == ST_OK ? answer(x, given, 0, why) : status;
}

/* Proposals first, which are parsed. Who stops sharing is judged always, which costs little. */
static bool is_over_its_hour(const struct exchange *x, const struct command_gazette *given)
{
    const Concordat__Act act = given->instrument.act;
    const uint32_t most =
        act == CONCORDAT__ACT__PROPOSE ? PROPOSALS_REFUSED_MAX : INSTRUMENTS_REFUSED_MAX;

    return act != CONCORDAT__ACT__REVOKE && act != CONCORDAT__ACT__SUSPEND
        && attempts_count(x->attempts, given->head.member, x->now_ms) >= most;
}

static enum status judge(struct exchange *x, const struct command_gazette *given)
{
    const struct instrument *instrument = &given->instrument;
    const struct bytes text = {given->bytes + given->signed_size, given->text_size};
    const struct attempt attempt = attempt_of(x, given);
    const char *known = attempts_find(x->attempts, &attempt);
    const struct published *before;
    struct reason why = {""};

    if (known)
        return answer(x, given, 0, known);
    if (is_over_its_hour(x, given)) {
        exchange_raise(x, ALARM_INSTRUMENTS_OVER, given->head.member);
        return answer(x, given, 0,
                      "too many that this agency brought were refused in an hour: try again later");
    }
    enum status status = exchange_charter_check(x, instrument, &why);
    if (status == ST_OK)
        status = registrar_take(x->registrar, instrument, text, x->now_ms, &why);
    if (status == ST_OK)
        return publish(x, given, text);
    if (status == ST_MORE && (before = find_alike(x, instrument)))
        return answer(x, given, before->sequence, NULL);
    if (status == ST_MORE)
        reason_set(&why, "%s has done so before", instrument->agency);
    else if (status != ST_INVALID && status != ST_LIMIT && status != ST_FORGED)
        return status;
    return refuse(x, given, &attempt, why.text[0] ? why.text : "refused");
}

enum status exchange_gazette(struct exchange *x, const struct command_gazette *given)
{
    const struct instrument *instrument = &given->instrument;
    const struct bytes text = {given->bytes + given->signed_size, given->text_size};
    const struct published *before = find_same(x, instrument);
    struct reason why = {""};

    if (before)
        return answer(x, given, before->sequence, NULL);
    if (!has_room(x, instrument)) {
        exchange_raise(x, ALARM_GAZETTE_FULL, given->head.member);
        return answer(x, given, 0,
                      x->is_full ? "the broker's store is full: try again later"
                                 : "the broker's store has no room for proposals: try again later");
    }
    if (check_day(x, instrument, text, &why) != ST_OK)
        return answer(x, given, 0, why.text);
    return judge(x, given);
}

enum status exchange_notify(struct exchange *x, const struct notice *notice)
{
    uint8_t bytes[NOTICE_MAX];
    size_t size;
    enum status status = notice_write(notice, bytes, sizeof bytes, &size);
    struct event event = {.kind = EVENT_GAZETTE};

    if (status != ST_OK)
        return ST_INVALID; /* its fields are ours */
    event.notice = (struct bytes){bytes, size};
    status = exchange_record(x, &event, 0);
    if (status == ST_OK)
        status = exchange_add_published(
            x, &(struct published){.sequence = event.sequence, .at_ms = x->now_ms});
    if (status != ST_OK)
        return status;
    x->counts.notices++;
    wake_followers(x);
    return ST_OK;
}

/* ---- following ---- */

enum status exchange_follow(struct exchange *x, const struct command_follow *follow)
{
    struct member *member = &x->members[follow->head.member];
    uint32_t low = 0, high = x->published_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (x->published[middle].sequence <= follow->after)
            low = middle + 1;
        else
            high = middle;
    }
    member->follows = true;
    member->gazette_at = low;
    exchange_wake(x, follow->head.member);
    return exchange_release(x, &follow->head);
}

enum status exchange_drained(struct exchange *x, const struct command_drained *drained)
{
    struct member *member = &x->members[drained->head.member];

    member->gazette_flying -=
        drained->size < member->gazette_flying ? drained->size : member->gazette_flying;
    exchange_wake(x, drained->head.member);
    return ST_OK;
}

bool exchange_has_entries(const struct exchange *x, const struct member *member)
{
    return member->session != 0 && member->follows && member->gazette_at < x->published_count;
}

static enum status entry_record(struct exchange *x, uint64_t sequence, struct bytes *record)
{
    *record = ledger_record(x->ledger, sequence);
    if (record->data)
        return ST_OK;
    enum status status = x->reader.gazette(x->reader.context, sequence, record);
    return status == ST_MORE ? ST_INVALID : status; /* published, so it must be there */
}

/* Is the entry shown to the member? */
static enum status is_for(struct exchange *x, uint32_t member, struct bytes record, bool *out)
{
    struct reader r = reader_of(record.data, record.size);
    struct notice notice;
    struct event event;

    if (event_read(&r, &event) != ST_OK || event.kind != EVENT_GAZETTE)
        return ST_INVALID;
    *out = true;
    if (event.notice.size == 0)
        return ST_OK;
    if (notice_read(event.notice, x->arena, &notice, NULL) != ST_OK)
        return ST_INVALID;
    *out = notice_is_for(&notice, directory_name(x->directory, member));
    return ST_OK;
}

enum status exchange_send_entry(struct exchange *x, uint32_t place, size_t *size)
{
    struct member *member = &x->members[place];
    const struct published *entry = &x->published[member->gazette_at];
    struct bytes record;
    bool shown;

    enum status status = entry_record(x, entry->sequence, &record);
    if (status == ST_OK)
        status = is_for(x, place, record, &shown);
    if (status != ST_OK)
        return status;
    *size = 0;
    if (member->gazette_flying > 0 && member->gazette_flying + record.size > GAZETTE_WINDOW)
        return ST_OK;
    *size = record.size;
    member->gazette_at++;
    if (!shown)
        return ST_OK;
    struct effect_item *effect =
        exchange_effect(x, EFFECT_GAZETTE, member->session, sizeof *effect + record.size);
    if (!effect)
        return ST_NOMEM;
    effect->sequence = entry->sequence;
    effect->again = false;
    effect->record_size = (uint32_t)record.size;
    memcpy(effect->record, record.data, record.size);
    member->gazette_flying += record.size;
    return ST_OK;
}
