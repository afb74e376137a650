/*
 * notices.c - what the broker makes known by itself: refusals past their quota, reviews and ends of
 * agreements that come.
 *
 * Each is recorded in the gazette when it is due, and told once: what stands there already is known
 * after a restart. While the store is full they wait.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define DAY_MS INT64_C(86400000)
#define DATES_LOOK_MS 60000
#define COUNTS_AT_ONCE 1024 /* records in one batch */
#define DATES_AT_ONCE 16    /* the same, and one more: each names up to 256 parties */

/* ---- refusals ---- */

#define BIT(code) (UINT64_C(1) << CONCORDAT__REFUSAL_CODE__##code)

static bool quota_counts(Concordat__RefusalCode code)
{
    /* Of an agreement, and what its text would have told the sender before. */
    const uint64_t counts =
        BIT(NO_AGREEMENT) | BIT(AGREEMENT_EXPIRED) | BIT(AGREEMENT_SUSPENDED)
        | BIT(AGREEMENT_REVOKED) | BIT(AGREEMENT_NOT_YET) | BIT(PARTY_NOT_SIGNATORY)
        | BIT(SIGNER_NOT_PINNED) | BIT(TYPE_NOT_COVERED) | BIT(DIRECTION_NOT_ALLOWED)
        | BIT(PURPOSE_NOT_COVERED) | BIT(GATEWAY_NOT_AVAILABLE) | BIT(REPLY_REQUIRED)
        | BIT(SUBJECT_OUT_OF_SCOPE) | BIT(NOT_CURRENT_HOLDER) | BIT(CATEGORY_NOT_COVERED)
        | BIT(CATEGORY_MISSING) | BIT(MARKING_TOO_HIGH) | BIT(MARKING_TOO_LOW)
        | BIT(RETENTION_TOO_LONG) | BIT(ONWARD_NOT_ALLOWED) | BIT(BREAK_GLASS_OFFICERS)
        | BIT(BREAK_GLASS_QUOTA) | BIT(BREAK_GLASS_SUSPENDED) | BIT(CASE_NOT_YOURS)
        | BIT(STALE_VERSION) | BIT(TRANSFER_UNKNOWN) | BIT(COMPONENTS_WRONG)
        | BIT(CONVERSATION_MISSING) | BIT(CONVERSATION_UNKNOWN) | BIT(SEQUENCE_REUSED);

    return code < 64 && (counts >> code & 1) != 0;
}

/* A queue sealed just before a new version came is nobody's fault, and is sealed anew: by a party,
 * and under a version that was in force. */
static bool went_stale(const struct exchange *x, const struct question *question)
{
    const struct agreement *named = registrar_version(x->registrar, &question->agreement_hash);

    return named && named->standing != STANDING_DRAFT
        && named->version == question->agreement_version
        && strcmp(named->id, question->agreement_id) == 0 && agreement_party(named, question->from);
}

/* Agreements that nobody knows are one, however many names a sender thinks of. */
static const char *id_counted(Concordat__RefusalCode code, const char *agreement_id)
{
    return code == CONCORDAT__REFUSAL_CODE__NO_AGREEMENT ? "" : agreement_id;
}

static void address(const struct agreement *agreement, struct notice *notice)
{
    TEXT_COPY(notice->agreement_id, agreement->id);
    notice->agreement_version = agreement->version;
    if (agreement->owner[0] != '\0') {
        TEXT_COPY(notice->to[0], agreement->owner);
        notice->to_count = 1;
        return;
    }
    for (size_t i = 0; i < agreement->party_count; i++)
        TEXT_COPY(notice->to[notice->to_count++], agreement->parties[i].agency);
}

/* To the agreement's owner, or to all its parties. Of what is no agreement nobody is told; of one
 * that is no party once a day, since it has nothing to lose, and what it causes is kept for ever.
 */
static enum status tell_owner(struct exchange *x, const struct quota *quota)
{
    const struct agreement *agreement =
        agreement_set_find(registrar_set(x->registrar), quota->agreement_id);
    struct notice notice = {.kind = CONCORDAT__NOTICE_KIND__NOTICE_REFUSALS_OVER_QUOTA,
                            .count = quota->recorded};

    if (!agreement)
        return ST_OK;
    TEXT_COPY(notice.agency, directory_name(x->directory, quota->agency));
    if (!agreement_party(agreement, notice.agency)
        && quotas_told(x->quotas, quota->agency, quota->agreement_id, x->now_ms))
        return ST_OK;
    if (quotas_tell(x->quotas, quota->agency, quota->agreement_id, x->now_ms) != ST_OK)
        return ST_NOMEM;
    address(agreement, &notice);
    return exchange_notify(x, &notice);
}

static enum status find_quota(struct exchange *x, uint32_t member, Concordat__RefusalCode code,
                              const char *agreement_id, int64_t at_ms, struct quota **out)
{
    return quotas_find(x->quotas, member, id_counted(code, agreement_id), at_ms, out);
}

enum status exchange_count_refusal(struct exchange *x, uint32_t member, Concordat__RefusalCode code,
                                   const struct question *question, bool *record)
{
    const bool is_stale = code == CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE;
    struct quota *quota;

    *record = true;
    if (is_stale ? went_stale(x, question) : !quota_counts(code))
        return ST_OK;
    if (find_quota(x, member, code, question->agreement_id, x->now_ms, &quota) != ST_OK)
        return ST_NOMEM;
    if (quota->recorded < REFUSALS_QUOTA) {
        quota->recorded++;
        return ST_OK;
    }
    *record = false;
    quota->counted++;
    if (quota->told)
        return ST_OK;
    quota->told = true;
    return tell_owner(x, quota);
}

/* In the order of their time: hours that are over by then make room. Of versions that were never in
 * force no record says so: those are forgotten. */
enum status exchange_recount_refusal(struct exchange *x, uint32_t member,
                                     const struct event *refused)
{
    Concordat__RefusalCode code = (Concordat__RefusalCode)refused->code;
    struct quota over, *quota;

    while (quotas_end(x->quotas, refused->at_ms, &over) == ST_OK)
        continue;
    if (!quota_counts(code))
        return ST_OK;
    enum status status = find_quota(x, member, code, refused->agreement_id, refused->at_ms, &quota);
    if (status == ST_OK && quota->recorded < REFUSALS_QUOTA)
        quota
            ->recorded++; /* hours may begin elsewhere than they did, when old ones are forgotten */
    return status;
}

static enum status record_counts(struct exchange *x)
{
    struct quota quota;

    for (int n = 0; n < COUNTS_AT_ONCE && exchange_has_room(x)
                    && quotas_end(x->quotas, x->now_ms, &quota) == ST_OK;
         n++) {
        struct event event = {
            .kind = EVENT_COUNTED, .from_ms = quota.from_ms, .refusals = quota.counted};
        if (quota.counted == 0)
            continue;
        TEXT_COPY(event.agency, directory_name(x->directory, quota.agency));
        TEXT_COPY(event.agreement_id, quota.agreement_id);
        enum status status = exchange_record(x, &event, 0);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

/* ---- reviews and ends that come ---- */

/* A day of an agreement that its parties are told of before. */
struct date {
    Concordat__NoticeKind kind;
    int64_t at_ms;
};

/* One in each minute looks at few: what is past is let go (announce_dates). */
static bool is_announced(const struct exchange *x, const struct agreement *agreement,
                         const struct date *date, uint32_t days)
{
    for (uint32_t i = 0; i < x->announced_count; i++)
        if (x->announced[i].kind == date->kind && x->announced[i].days == days
            && x->announced[i].version == agreement->version
            && strcmp(x->announced[i].agreement_id, agreement->id) == 0)
            return true;
    return false;
}

static enum status add_announced(struct exchange *x, const struct notice *notice)
{
    if (x->announced_count == x->announced_room) {
        uint32_t room = x->announced_room ? 2 * x->announced_room : 64;
        struct announced *list = reallocarray(x->announced, room, sizeof *list);
        if (!list)
            return ST_NOMEM;
        x->announced = list;
        x->announced_room = room;
    }
    struct announced *announced = &x->announced[x->announced_count++];
    announced->kind = notice->kind;
    announced->version = notice->agreement_version;
    announced->days = notice->count;
    announced->due_ms = notice->due_ms;
    TEXT_COPY(announced->agreement_id, notice->agreement_id);
    return ST_OK;
}

static void forget_past(struct exchange *x)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < x->announced_count; i++)
        if (x->announced[i].due_ms > x->now_ms)
            x->announced[kept++] = x->announced[i];
    x->announced_count = kept;
}

/* The nearest of 60, 30 and 7 days that has come; 0: none has, or the day itself is past. */
static uint32_t days_due(const struct date *date, int64_t now_ms)
{
    static const uint32_t stages[] = {7, 30, 60};

    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (date->at_ms - stages[i] * DAY_MS <= now_ms && now_ms < date->at_ms)
            return stages[i];
    return 0;
}

/* To every party. */
static enum status announce(struct exchange *x, const struct agreement *agreement,
                            const struct date *date, uint32_t days)
{
    struct notice notice = {.kind = date->kind,
                            .agreement_version = agreement->version,
                            .count = days,
                            .due_ms = date->at_ms};

    TEXT_COPY(notice.agreement_id, agreement->id);
    for (size_t i = 0; i < agreement->party_count; i++)
        TEXT_COPY(notice.to[notice.to_count++], agreement->parties[i].agency);
    enum status status = add_announced(x, &notice);
    return status == ST_OK ? exchange_notify(x, &notice) : status;
}

/* *made: notices so far in this batch. */
static enum status announce_agreement(struct exchange *x, const struct agreement *agreement,
                                      int *made)
{
    const struct date dates[] = {
        {CONCORDAT__NOTICE_KIND__NOTICE_REVIEW_DUE, agreement->review_ms},
        {CONCORDAT__NOTICE_KIND__NOTICE_EXPIRY_DUE, agreement->until_ms},
    };

    if (agreement_state_at(agreement, x->now_ms) != AGREEMENT_STATE_ACTIVE)
        return ST_OK;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        uint32_t days = days_due(&dates[i], x->now_ms);
        if (days == 0 || is_announced(x, agreement, &dates[i], days))
            continue;
        enum status status = announce(x, agreement, &dates[i], days);
        if (status != ST_OK)
            return status;
        ++*made;
    }
    return ST_OK;
}

/* A version that was superseded is not in the set: of its dates nobody hears any more. */
static enum status announce_dates(struct exchange *x)
{
    const struct agreement_set *set = registrar_set(x->registrar);
    int made = 0;

    x->dates_at_ms = x->now_ms + DATES_LOOK_MS;
    forget_past(x);
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        if (made >= DATES_AT_ONCE || !exchange_has_room(x)) {
            x->dates_at_ms = x->now_ms; /* the rest with the next batch */
            break;
        }
        enum status status = announce_agreement(x, agreement_set_at(set, i), &made);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

enum status exchange_notices_due(struct exchange *x)
{
    if (x->is_full)
        return ST_OK;
    enum status status = record_counts(x);
    if (status == ST_OK)
        status = exchange_charters_due(x);
    return status != ST_OK || x->now_ms < x->dates_at_ms ? status : announce_dates(x);
}

enum status exchange_restore_notice(struct exchange *x, const struct notice *notice, int64_t at_ms)
{
    if (notice->kind == CONCORDAT__NOTICE_KIND__NOTICE_REVIEW_DUE
        || notice->kind == CONCORDAT__NOTICE_KIND__NOTICE_EXPIRY_DUE)
        return add_announced(x, notice);
    if (notice->kind == CONCORDAT__NOTICE_KIND__NOTICE_REFUSALS_OVER_QUOTA) {
        uint32_t place = directory_find(x->directory, notice->agency);
        if (place != AGENCY_NONE
            && quotas_tell(x->quotas, place, notice->agreement_id, at_ms) != ST_OK)
            return ST_NOMEM;
    }
    return exchange_charter_restore_notice(x, notice, at_ms);
}
