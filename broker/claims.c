/*
 * claims.c - an agency's word that it holds a case, that a case is over, or offered to nobody any
 * more; and who may ask.
 *
 * Who has no part in a case is answered as if there were none: the same code in a frame of the same
 * size. A claim says again what it said before when its answer was lost, and is answered the same.
 * Source: docs/custody.md.
 */
#include <assert.h>
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/text.h"
#include "proto/told.h"

#define DONE CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
#define REFUSED(code) CONCORDAT__REFUSAL_CODE__##code

/* ---- claims ---- */

static bool fits(const char *side, const struct party *party)
{
    return strcmp(side, party->agency) == 0 || strcmp(side, party->kind) == 0;
}

/* May cases be offered by it or to it under this agreement? */
static bool hands_on_cases(const struct agreement *agreement, const struct party *party)
{
    for (size_t i = 0; i < agreement->clause_count; i++) {
        const struct clause *clause = &agreement->clauses[i];
        if (clause->type->custody == CUSTODY_OFFER
            && (fits(clause->from, party) || fits(clause->to, party)))
            return true;
    }
    return false;
}

/* Some agreement in force lets it hold cases, and the key counts for it there. O(clauses) */
static bool can_hold(const struct exchange *x, const struct command_case *given)
{
    const struct agreement_set *set = registrar_set(x->registrar);
    const char *agency = directory_name(x->directory, given->head.member);

    for (size_t i = 0; i < agreement_set_count(set); i++) {
        const struct agreement *agreement = agreement_set_at(set, i);
        const struct party *party = agreement_party(agreement, agency);
        if (party && agreement_state_at(agreement, x->now_ms) == AGREEMENT_STATE_ACTIVE
            && hands_on_cases(agreement, party)
            && (agreement->standing == STANDING_ASSUMED
                || registrar_signer_counts(x->registrar, agreement, agency, &given->signing_key,
                                           x->now_ms)))
            return true;
    }
    return false;
}

/* The agency's signed word for what it changes, for ever: the signature is checked. */
static enum status record_claim(struct exchange *x, const struct command_case *given,
                                const struct custody *custody)
{
    uint8_t proof[DIGEST_SIZE + SIGNATURE_SIZE];
    struct writer w = writer_of(proof, sizeof proof);
    struct event event = {.kind = EVENT_CLAIM,
                          .case_handle = given->handle,
                          .case_version = custody->version,
                          .statement = {given->bytes, given->bytes_size},
                          .statement_proof = {proof, sizeof proof}};

    write_bytes(&w, given->signer.bytes, DIGEST_SIZE);
    write_bytes(&w, given->signature, SIGNATURE_SIZE);
    TEXT_COPY(event.agency, directory_name(x->directory, given->head.member));
    return exchange_record(x, &event, 0);
}

static enum status keep_claim(struct exchange *x, const struct command_case *given,
                              const struct custody *custody)
{
    struct case_held *held = cases_add(x->cases, &given->handle);
    enum status status = held ? record_claim(x, given, custody) : ST_NOMEM;

    if (status != ST_OK)
        return status;
    held->custody = *custody;
    held->changed_ms = x->now_ms;
    if (held->opened_by == 0) {
        held->opened_by = custody->holder;
        x->members[given->head.member].cases_opened++;
    }
    if (custody->transfer.to == 0)
        case_offer_nothing(x->cases, held);
    x->counts.claims++;
    return exchange_keep_case(x, held);
}

/* The store's room is everybody's: one agency does not fill it with cases. */
static Concordat__RefusalCode judge_count(struct exchange *x, uint32_t member)
{
    const uint32_t opened = x->members[member].cases_opened;

    if (opened >= x->cases_most) {
        x->counts.cases_over++;
        exchange_raise(x, ALARM_CASES_FULL, member);
        return REFUSED(TOO_MANY_CASES);
    }
    if (opened == x->cases_most - x->cases_most / 10)
        exchange_raise(x, ALARM_CASES_HIGH, member);
    return DONE;
}

static enum status open_case(struct exchange *x, const struct command_case *given,
                             Concordat__RefusalCode *code)
{
    const struct case_held *held = cases_find(x->cases, &given->handle);
    struct custody custody = held ? held->custody : (struct custody){0};
    uint32_t by = given->head.member + 1;

    if (custody.holder == by && custody.version == 1)
        return ST_OK; /* as it said before */
    *code = x->is_full          ? REFUSED(STORE_FULL)
          : !can_hold(x, given) ? REFUSED(NO_AGREEMENT)
                                : custody_open(&custody, by);
    if (*code == DONE)
        *code = judge_count(x, given->head.member);
    return *code == DONE ? keep_claim(x, given, &custody) : ST_OK;
}

/* Does it end with its case? What the holder asked, nobody needs to answer any more. */
static bool ends_with_case(const struct conversation *c, uint32_t holder)
{
    return c->state != CONVERSATION_CLOSED && c->asker == holder
        && c->opened->pattern == PATTERN_ENQUIRY;
}

/* A referral, or a question that was put to the holder: these it can close or answer itself. */
static bool has_open_conversation(struct exchange *x, const struct case_held *held)
{
    uint32_t holder = held->custody.holder;
    const struct conversation_kept *kept = conversations_first(x->cases, held);

    for (; kept; kept = conversations_next(x->cases, kept)) {
        const struct conversation *c = &kept->conversation;
        if (c->state != CONVERSATION_CLOSED && (c->asker == holder || c->other == holder)
            && !ends_with_case(c, holder))
            return true;
    }
    return false;
}

/* Enquiries of the last holder's: CONVERSATIONS_MAX of them, in `ended'. More stay open with who
 * asked, and wait for their answers. */
static enum status end_enquiries(struct exchange *x, const struct case_held *held, uint32_t holder,
                                 const struct conversation *ended[static CONVERSATIONS_MAX],
                                 uint32_t *count)
{
    struct conversation_kept *kept = conversations_first(x->cases, held);
    enum status status = ST_OK;

    for (*count = 0; kept && status == ST_OK && *count < CONVERSATIONS_MAX;
         kept = conversations_next(x->cases, kept)) {
        if (!ends_with_case(&kept->conversation, holder))
            continue;
        kept->conversation.ended_with_case = true;
        status = exchange_end_conversation(x, kept, 0);
        ended[(*count)++] = &kept->conversation;
    }
    return status;
}

/* The holder, and who need not answer any more; each once. */
static enum status tell_closed(struct exchange *x, const struct case_held *held, uint32_t holder,
                               const struct case_news *news)
{
    enum status status = exchange_tell_case(x, held, holder, news);

    for (uint32_t i = 0; i < news->conversation_count && status == ST_OK; i++) {
        uint32_t other = news->conversations[i]->other, earlier = 0;
        while (news->conversations[earlier]->other != other)
            earlier++;
        if (earlier == i)
            status = exchange_tell_case(x, held, other, news);
    }
    return status;
}

static enum status keep_closed(struct exchange *x, const struct command_case *given,
                               const struct custody *custody)
{
    const struct conversation *ended[CONVERSATIONS_MAX];
    struct case_news news = {.change = CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED,
                             .conversations = ended};
    uint32_t holder = custody->former[0];
    enum status status = keep_claim(x, given, custody);
    const struct case_held *held = cases_find(x->cases, &given->handle);

    if (status == ST_OK)
        status = end_enquiries(x, held, holder, ended, &news.conversation_count);
    if (status != ST_OK || news.conversation_count == 0)
        return status;
    return tell_closed(x, held, holder, &news);
}

static enum status close_case(struct exchange *x, const struct command_case *given,
                              Concordat__RefusalCode *code)
{
    const struct case_held *held = cases_find(x->cases, &given->handle);
    struct custody custody = held ? held->custody : (struct custody){0};
    uint32_t by = given->head.member + 1;

    if (custody.is_closed && custody.former[0] == by
        && custody.version == given->claim.case_version + 1)
        return ST_OK; /* as it said before */
    *code = custody_close(&custody, by, given->claim.case_version);
    if (*code == DONE && has_open_conversation(x, held))
        *code = REFUSED(CONVERSATION_MISSING);
    return *code == DONE ? keep_closed(x, given, &custody) : ST_OK;
}

/* Needs no clause, and no key of who is offered it: so an offer never binds the holder to an agency
 * that has gone, or under an agreement that is over. */
static enum status withdraw_offer(struct exchange *x, const struct command_case *given,
                                  Concordat__RefusalCode *code)
{
    struct case_held *held = cases_find(x->cases, &given->handle);
    struct custody custody = held ? held->custody : (struct custody){0};
    const struct transfer transfer = custody.transfer;

    *code = custody_retract(&custody, given->head.member + 1, given->claim.case_version);
    if (*code != DONE || transfer.to == 0)
        return ST_OK;
    enum status status = keep_claim(x, given, &custody);
    return status == ST_OK ? exchange_offer_retracted(x, held, &transfer) : status;
}

/* ---- answers ---- */

static enum status send_answer(struct exchange *x, const struct command_case *given,
                               Concordat__RefusalCode code, struct bytes custody)
{
    size_t room = FRAME_PREFIX + 64 + custody.size, size;
    struct wire wire = {.kind = WIRE_CASE};
    struct effect_frame *frame =
        exchange_answer(x, EFFECT_FRAME, &given->head, sizeof *frame + room);

    if (!frame)
        return ST_NOMEM;
    memset(&wire.case_frame, 0, sizeof wire.case_frame);
    wire.case_frame.request = given->request;
    wire.case_frame.answered = true;
    wire.case_frame.code = code;
    wire.case_frame.custody = custody;
    enum status status = wire_write(&wire, 0, frame->bytes, room, &size);
    assert(status == ST_OK);
    frame->bytes_size = (uint32_t)size;
    return ST_OK;
}

/* Counted like what is sent and refused, so that nobody finds a case by trying handles. */
static enum status send_refusal(struct exchange *x, const struct command_case *given,
                                Concordat__RefusalCode code)
{
    const struct question question = {.from = directory_name(x->directory, given->head.member),
                                      .agreement_id = ""};
    bool within;

    if (exchange_count_refusal(x, given->head.member, code, &question, &within) != ST_OK)
        return ST_NOMEM;
    x->counts.rate_limited += !within;
    return send_answer(x, given, within ? code : REFUSED(RATE_LIMITED), (struct bytes){NULL, 0});
}

/* With the case as it stands, when the agency has part in it. */
static enum status answer(struct exchange *x, const struct command_case *given,
                          Concordat__RefusalCode code)
{
    const struct case_held *held = cases_find(x->cases, &given->handle);
    const struct conversation *open[CONVERSATIONS_MAX];
    struct case_news news = {.conversations = open};
    uint32_t by = given->head.member + 1;
    uint8_t custody[TOLD_MAX];
    size_t size;

    if (held && held->custody.version > 0)
        exchange_open_between(x, held, by, open, &news.conversation_count);
    bool concerns = held && custody_concerns(&held->custody, by);
    if (!concerns && news.conversation_count == 0)
        return send_refusal(x, given, code == DONE ? REFUSED(CASE_NOT_YOURS) : code);
    if (held->custody.transfer.to != 0
        && (by == held->custody.holder || by == held->custody.transfer.to))
        news.transfer = &held->custody.transfer;
    exchange_write_case(x, held, by, &news, custody, &size);
    return send_answer(x, given, code, (struct bytes){custody, size});
}

static enum status take_claim(struct exchange *x, const struct command_case *given,
                              Concordat__RefusalCode *code)
{
    if (given->claim.kind == CONCORDAT__CLAIM_KIND__CLAIM_OPEN)
        return open_case(x, given, code);
    return given->claim.kind == CONCORDAT__CLAIM_KIND__CLAIM_CLOSE ? close_case(x, given, code)
                                                                   : withdraw_offer(x, given, code);
}

enum status exchange_case(struct exchange *x, const struct command_case *given)
{
    Concordat__RefusalCode code = DONE;
    enum status status = given->is_claim ? take_claim(x, given, &code) : ST_OK;

    x->counts.claims_refused += code != DONE;
    return status == ST_OK ? answer(x, given, code) : status;
}
