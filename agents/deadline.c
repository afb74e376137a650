#include "agents/deadline.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agents/trees.h"
#include "lib/day.h"
#include "lib/day.h"
#include "proto/field.h"

#define TIME_TEXT_SIZE 48 /* bytes with the NUL: years of 64 bits of milliseconds have 9 digits */

bool deadline_in_body(const struct message_type *type, struct bytes body, int64_t *out)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(type->body, "needed_by_ms");
    uint64_t value;

    if (!field || field->type != PROTOBUF_C_TYPE_INT64
        || !field_find_number(body, field->id, &value))
        return false;
    *out = (int64_t)value;
    return true;
}

int64_t watch_in_body(const struct message_type *type, struct bytes body)
{
    const ProtobufCFieldDescriptor *field =
        type->watched_until
            ? protobuf_c_message_descriptor_get_field_by_name(type->body, type->watched_until)
            : NULL;
    struct bytes date = field ? field_find(body, field->id) : (struct bytes){NULL, 0};
    char text[16];
    uint64_t ymd;
    int64_t start_ms;

    if (!date.data || !field_find_number(date, 1, &ymd) || ymd > UINT32_MAX
        || !day_is_real((uint32_t)ymd))
        return 0;
    (void)snprintf(text, sizeof text, "%04u-%02u-%02u", (unsigned)ymd / 10000 % 10000,
                   (unsigned)ymd / 100 % 100, (unsigned)ymd % 100);
    return day_parse(text, &start_ms) && start_ms > 0 && start_ms + DAY_MS <= WATCH_UNTIL_MAX_MS
             ? start_ms + DAY_MS
             : 0;
}

/* "2026-12-11T10:00:00Z", with thousandths where there are any: two times that differ look so. */
static void print_time(int64_t ms, char out[static TIME_TEXT_SIZE])
{
    time_t seconds = (time_t)(ms / 1000);
    size_t size = 0;
    struct tm tm;

    if (gmtime_r(&seconds, &tm))
        size = strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    if (ms % 1000 != 0)
        (void)snprintf(out + size, TIME_TEXT_SIZE - size, ".%03dZ", (int)(ms % 1000));
    else
        (void)snprintf(out + size, TIME_TEXT_SIZE - size, "Z");
}

enum status deadline_settle(const struct message_type *type, struct bytes body, int64_t asked_ms,
                            int64_t *out, struct reason *why)
{
    char text[TIME_TEXT_SIZE];
    int64_t said_ms;

    if (!deadline_in_body(type, body, &said_ms)) {
        *out = asked_ms;
        return ST_OK;
    }
    if (said_ms <= 0) {
        reason_set(why, "the body's is not after 1970");
        return ST_INVALID;
    }
    if (asked_ms != 0 && asked_ms != said_ms) {
        print_time(said_ms, text);
        reason_set(why, "the body says %s", text);
        return ST_INVALID;
    }
    *out = said_ms;
    return ST_OK;
}

bool deadline_is_near(int64_t at_ms, int64_t now_ms, struct reason *why)
{
    if (at_ms >= 0 && at_ms - now_ms <= DEADLINE_AHEAD_DAYS * (int64_t)DAY_MS)
        return true;
    reason_set(why, "not within %d days from now", DEADLINE_AHEAD_DAYS);
    return false;
}

/* Accepted, and the asker does not have it and never will. */
static bool is_lost(const struct track *reply)
{
    return track_find(reply, RUNG_REJECTED)
        || (track_find(reply, RUNG_WITHHELD) && !track_find(reply, RUNG_DELIVERED));
}

/* What answers the enquiry, as far as is known here; none when nothing does. */
static enum status find_answer(struct txn *txn, const struct track *track, struct id *answer)
{
    const struct rung *rung = track_find(track, RUNG_ANSWERED);
    char other = track->way == WAY_OUT ? WAY_IN : WAY_OUT;
    struct id id = rung && id_is_zero(&track->answer) ? rung->reply : track->answer;
    struct track reply;
    enum status status = ST_MORE;

    *answer = (struct id){{0}};
    if (id_is_zero(&id))
        return ST_OK;
    status = track_get(txn, other, &id, &reply);
    if (status != ST_OK && status != ST_MORE && status != ST_INVALID)
        return status;
    if (status != ST_OK || !is_lost(&reply))
        *answer = id;
    return ST_OK;
}

/* Before the broker's time is known: as the answerer's signed step says, to the asker alone. */
static int64_t answered_at(const struct track *track)
{
    const struct rung *rung = track_find(track, RUNG_ANSWERED);

    if (track->answered_ms > 0)
        return track->answered_ms;
    return rung && track->way == WAY_OUT ? rung->at_ms : 0;
}

static void judge_enquiry(const struct track *track, int64_t now_ms, struct deadline *out)
{
    const struct message_type *type = catalogue_find(track->type);
    int64_t at_ms = answered_at(track);

    if (!type || !type->answered_by || track->needed_by_ms == 0)
        return;
    if (!id_is_zero(&out->answer)) {
        out->late = at_ms > track->needed_by_ms;
        out->late_ms = out->late ? at_ms - track->needed_by_ms : 0;
    } else {
        out->overdue = now_ms > track->needed_by_ms && !track_find(track, RUNG_REFUSED)
                    && !track_find(track, RUNG_REJECTED) && !track_find(track, RUNG_DECLINED)
                    && !track_find(track, RUNG_WITHHELD);
    }
}

/* Is `track` an answer to `asked`, and the broker took it? When, or 0. What we rejected answers
 * nothing. */
static int64_t accepted_as_answer(const struct track *track, const struct track *asked)
{
    const struct rung *accepted = track_find(track, RUNG_ACCEPTED);

    if (!accepted || is_lost(track) || !track_is_answered_by(asked, track->type)
        || strcmp(asked->from, track->to) != 0 || strcmp(asked->to, track->from) != 0)
        return 0;
    return accepted->at_ms;
}

enum status deadline_of(struct txn *txn, const struct track *track, int64_t now_ms,
                        struct deadline *out)
{
    struct deadline d = {0};
    struct track asked;
    int64_t accepted_ms;
    enum status status = find_answer(txn, track, &d.answer);

    if (status != ST_OK)
        return status;
    judge_enquiry(track, now_ms, &d);
    status = ST_MORE;
    if (!id_is_zero(&track->in_reply_to))
        status =
            track_get(txn, track->way == WAY_IN ? WAY_OUT : WAY_IN, &track->in_reply_to, &asked);
    if (status != ST_OK && status != ST_MORE && status != ST_INVALID)
        return status;
    accepted_ms = status == ST_OK ? accepted_as_answer(track, &asked) : 0;
    if (accepted_ms > 0 && asked.needed_by_ms > 0 && accepted_ms > asked.needed_by_ms) {
        d.late = true;
        d.late_ms = accepted_ms - asked.needed_by_ms;
    }
    *out = d;
    return ST_OK;
}
