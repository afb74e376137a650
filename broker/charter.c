/*
 * charter.c - break-glass at the broker: officers' words, uses, reviews, and what follows of them.
 *
 * All of it is folded from the gazette (agreements/privilege.h), so a restart changes nothing and
 * agents come to the same: officers' authorisations, reviews and reinstatements are instruments; a
 * use and a review that is overdue are notices of ours, to both agencies and the charter's owner.
 * Who used it does not review it.
 */
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"

#define MINUTE_MS INT64_C(60000)
#define WORKING_DAY 450   /* minutes: of a span that counts working time */
#define LAPSES_AT_ONCE 16 /* notices in one batch */

/* A span in working time is taken as so many days: what vital interests excused does not wait for a
 * Monday. */
static int64_t span_ms(const struct span *span)
{
    int64_t minutes = span->minutes;

    if (span->working)
        minutes = (minutes + WORKING_DAY - 1) / WORKING_DAY * 24 * 60;

    return minutes * MINUTE_MS;
}

/* ---- deciding ---- */

void exchange_charter_ask(const struct exchange *x, const struct agreement *charter,
                          const struct id *message_id, struct question *question)
{
    const struct breach_of_glass use = {.charter = charter->id,
                                        .clause = question->clause,
                                        .agency = question->from,
                                        .counterpart = question->to,
                                        .message_id = message_id};
    const struct breach_of_glass back = {.charter = charter->id,
                                         .clause = "",
                                         .agency = question->to,
                                         .counterpart = "",
                                         .message_id = message_id};
    struct privilege privilege = privilege_of(x->privileges, &use, x->now_ms);
    struct breach_of_glass other;

    /* A use is known by its message id: one that stands there is another sender's, whose id this
     * one took, since a duplicate has had its answer before. It would hide this use. */
    question->officers = privilege_find(x->privileges, message_id, &other) ? 0 : privilege.officers;
    question->uses_today = privilege.uses_today;
    /* Nor to an agency that has lost it: what it did with the last use has not been cleared. */
    question->privilege_suspended =
        privilege.suspended || privilege_of(x->privileges, &back, x->now_ms).suspended;
}

/* ---- telling ---- */

static void add_recipient(struct notice *notice, const char *agency)
{
    if (agency[0] != '\0' && !notice_is_for(notice, agency))
        TEXT_COPY(notice->to[notice->to_count++], agency);
}

static enum status tell(struct exchange *x, Concordat__NoticeKind kind,
                        const struct breach_of_glass *use, uint32_t count, int64_t due_ms)
{
    const struct agreement *charter = agreement_set_find(registrar_set(x->registrar), use->charter);
    struct notice notice = {
        .kind = kind, .message_id = *use->message_id, .count = count, .due_ms = due_ms};

    TEXT_COPY(notice.agency, use->agency);
    TEXT_COPY(notice.counterpart, use->counterpart);
    TEXT_COPY(notice.agreement_id, use->charter);
    TEXT_COPY(notice.clause, use->clause);
    notice.agreement_version = charter ? charter->version : 0;
    add_recipient(&notice, use->agency);
    add_recipient(&notice, use->counterpart);
    if (charter)
        add_recipient(&notice, charter->owner);
    return exchange_notify(x, &notice);
}

enum status exchange_charter_used(struct exchange *x, const struct agreement *charter,
                                  const struct question *question, const struct id *message_id)
{
    const struct breach_of_glass use = {.charter = charter->id,
                                        .clause = question->clause,
                                        .agency = question->from,
                                        .counterpart = question->to,
                                        .message_id = message_id};
    int64_t due_ms = x->now_ms + span_ms(&charter->review_within);
    uint32_t count = privilege_of(x->privileges, &use, x->now_ms).uses_lately + 1;

    enum status status = privilege_use(x->privileges, &use, x->now_ms, due_ms);
    if (status != ST_OK)
        return status == ST_MORE ? ST_INVALID : status;
    return tell(x, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED, &use, count, due_ms);
}

enum status exchange_charters_due(struct exchange *x)
{
    struct breach_of_glass use;

    for (int n = 0; n < LAPSES_AT_ONCE && exchange_has_room(x)
                    && privilege_next_overdue(x->privileges, x->now_ms, &use);
         n++) {
        struct id message_id = *use.message_id;
        enum status status =
            tell(x, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED, &use, 0, x->now_ms);
        if (status == ST_OK)
            status = privilege_lapse(x->privileges, &message_id);
        if (status != ST_OK)
            return status == ST_MORE ? ST_INVALID : status;
    }
    return ST_OK;
}

/* ---- instruments ---- */

enum status exchange_charter_check(const struct exchange *x, const struct instrument *given,
                                   struct reason *why)
{
    struct breach_of_glass use;

    if (given->act != CONCORDAT__ACT__REVIEW)
        return ST_OK;
    if (!privilege_find(x->privileges, &given->message_id, &use)
        || strcmp(use.charter, given->agreement_id) != 0)
        reason_set(why, "message_id: no use of %s that is known", given->agreement_id);
    else if (strcmp(use.agency, given->agency) == 0)
        reason_set(why, "agency: who used it does not review it");
    else
        return ST_OK;
    return ST_INVALID;
}

/* *failed: a use was not upheld, which was not known before. */
static enum status fold(struct exchange *x, const struct instrument *given, int64_t at_ms,
                        bool *failed)
{
    const struct breach_of_glass use = {.charter = given->agreement_id,
                                        .clause = given->clause,
                                        .agency = given->agency,
                                        .counterpart = given->counterpart,
                                        .message_id = &given->message_id};
    const struct credential signer = {given->officer, &given->key};
    enum status status = ST_OK;

    *failed = false;
    if (given->act == CONCORDAT__ACT__AUTHORISE) {
        status = privilege_authorise(x->privileges, &use, &signer, at_ms);
    } else if (given->act == CONCORDAT__ACT__REVIEW) {
        status = privilege_review(x->privileges, &given->message_id, given->agency, &signer,
                                  given->upheld);
        *failed = status == ST_OK && !given->upheld;
    } else if (given->act == CONCORDAT__ACT__REINSTATE) {
        status = privilege_reinstate(x->privileges, given->agreement_id, given->counterpart);
    }
    return status == ST_MORE || status == ST_INVALID ? ST_OK : status; /* it does not count */
}

enum status exchange_charter_published(struct exchange *x, const struct instrument *given)
{
    struct breach_of_glass use;
    bool failed;

    enum status status = fold(x, given, x->now_ms, &failed);
    if (status != ST_OK || !failed || !privilege_find(x->privileges, &given->message_id, &use))
        return status;
    return tell(x, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_SUSPENDED, &use, 0, 0);
}

/* ---- at start ---- */

enum status exchange_charter_restore(struct exchange *x, const struct instrument *given,
                                     int64_t at_ms)
{
    bool failed;

    return fold(x, given, at_ms, &failed);
}

enum status exchange_charter_restore_notice(struct exchange *x, const struct notice *notice,
                                            int64_t at_ms)
{
    const struct breach_of_glass use = {.charter = notice->agreement_id,
                                        .clause = notice->clause,
                                        .agency = notice->agency,
                                        .counterpart = notice->counterpart,
                                        .message_id = &notice->message_id};
    enum status status = ST_OK;

    if (notice->kind == CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED)
        status = privilege_use(x->privileges, &use, at_ms, notice->due_ms);
    else if (notice->kind == CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED)
        status = privilege_lapse(x->privileges, &notice->message_id);
    return status == ST_MORE ? ST_OK : status;
}
