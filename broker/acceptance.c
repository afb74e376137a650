/*
 * acceptance.c - may this message in? The order of the checks is the order of this file's end.
 *
 * A link has checked everything that needs no shared state. What is decided here is recorded with
 * the answer, except retryable refusals, which say nothing about the message.
 * Source: docs/protocol.md, acceptance; RELIABILITY of duplicates: the original answer, always.
 */
#include <string.h>

#include "broker/exchange_inside.h"
#include "lib/id.h"
#include "lib/text.h"

#define DAY_MS INT64_C(86400000)

bool exchange_knows(const struct exchange *x, const char *agency)
{
    uint32_t place = directory_find(x->directory, agency);

    return (place != AGENCY_NONE && directory_certificate_count(x->directory, place) > 0)
        || agreement_set_knows(registrar_set(x->registrar), agency);
}

/* ---- answers ---- */

static enum status answer_receipt(struct exchange *x, const struct command_submit *submit,
                                  const struct receipt *receipt)
{
    struct effect_receipt *effect =
        exchange_answer(x, EFFECT_RECEIPT, &submit->head, sizeof *effect);

    if (!effect)
        return ST_NOMEM;
    effect->receipt = *receipt;
    effect->receipt.message_id = submit->message_id;
    effect->receipt.header_digest = submit->header_digest;
    return ST_OK;
}

static enum status answer_refusal(struct exchange *x, const struct command_submit *submit,
                                  const struct refusal *refusal)
{
    struct effect_refusal *effect =
        exchange_answer(x, EFFECT_REFUSAL, &submit->head, sizeof *effect);

    if (!effect)
        return ST_NOMEM;
    effect->refusal = *refusal;
    effect->refusal.message_id = submit->message_id;
    effect->refusal.header_digest = submit->header_digest;
    return ST_OK;
}

static enum status answer_event(struct exchange *x, const struct command_submit *submit,
                                const struct event *event)
{
    if (event->kind == EVENT_ACCEPTED) {
        struct receipt receipt = {.sequence = event->sequence,
                                  .accepted_ms = event->at_ms,
                                  .agreement_hash = event->agreement_hash};
        TEXT_COPY(receipt.clause, event->clause);
        return answer_receipt(x, submit, &receipt);
    }
    struct refusal refusal = {.code = (Concordat__RefusalCode)event->code,
                              .offending = event->offending,
                              .agreement_version = event->agreement_version,
                              .refused_ms = event->at_ms};
    TEXT_COPY(refusal.agreement_id, event->agreement_id);
    TEXT_COPY(refusal.clause, event->clause);
    return answer_refusal(x, submit, &refusal);
}

static enum status answer_record(struct exchange *x, const struct command_submit *submit,
                                 const struct message_record *record)
{
    if (!record->refused) {
        struct receipt receipt = {.sequence = record->sequence,
                                  .accepted_ms = record->accepted_ms,
                                  .agreement_hash = record->agreement_hash};
        TEXT_COPY(receipt.clause, record->clause);
        return answer_receipt(x, submit, &receipt);
    }
    struct refusal refusal = {.code = (Concordat__RefusalCode)record->code,
                              .offending = record->offending,
                              .agreement_version = record->agreement_version,
                              .refused_ms = record->accepted_ms};
    TEXT_COPY(refusal.agreement_id, record->agreement_id);
    TEXT_COPY(refusal.clause, record->clause);
    return answer_refusal(x, submit, &refusal);
}

/* ---- refusing ---- */

static enum status refuse(struct exchange *x, const struct command_submit *submit,
                          const struct question *question, Concordat__RefusalCode code,
                          category_set offending)
{
    struct event event = {.kind = EVENT_REFUSED,
                          .message_id = submit->message_id,
                          .header_digest = submit->header_digest,
                          .at_ms = x->now_ms,
                          .code = (uint32_t)code,
                          .offending = offending,
                          .agreement_version = question->agreement_version};
    TEXT_COPY(event.sender, question->from);
    TEXT_COPY(event.agreement_id, question->agreement_id);
    TEXT_COPY(event.clause, question->clause);

    /* The id of ID_REUSED is taken by another message; a retryable refusal leaves the id free. */
    if (code == CONCORDAT__REFUSAL_CODE__ID_REUSED || refusal_is_retryable(code)) {
        x->counts.reused += code == CONCORDAT__REFUSAL_CODE__ID_REUSED;
        x->counts.refused_retryable += code != CONCORDAT__REFUSAL_CODE__ID_REUSED;
        return answer_event(x, submit, &event);
    }
    if (messages_reserve(x->messages) != ST_OK)
        return ST_NOMEM;
    struct message message = {.id = submit->message_id,
                              .header_digest = submit->header_digest,
                              .sequence = ledger_sequence(x->ledger) + 1,
                              .touched = ledger_sequence(x->ledger) + 1,
                              .sender = submit->head.member,
                              .refused = true};
    uint32_t place = messages_add(x->messages, &message);
    enum status status = exchange_record(x, &event, place);
    if (status != ST_OK)
        return status;
    x->counts.refused++;
    status = exchange_words_refused(x, submit, event.sequence, code);
    return status == ST_OK ? answer_event(x, submit, &event) : status;
}

/* Past its quota an agency gets a retryable answer that is counted and not recorded. What is
 * permitted is never counted, so nothing lawful waits. Cases and conversations are judged the same
 * way, so that nobody finds handles by trying. */
static enum status refuse_counted(struct exchange *x, const struct command_submit *submit,
                                  const struct question *question, Concordat__RefusalCode code,
                                  category_set offending)
{
    bool record;

    if (exchange_count_refusal(x, submit->head.member, code, question, &record) != ST_OK)
        return ST_NOMEM;
    if (record)
        return refuse(x, submit, question, code, offending);
    x->counts.rate_limited++;
    return refuse(x, submit, question, CONCORDAT__REFUSAL_CODE__RATE_LIMITED, 0);
}

/* ---- accepting ---- */

/* The link wrote the record but for sequence and time: event.h has the layout. */
static void stamp(uint8_t *record, uint64_t sequence, int64_t now_ms)
{
    struct writer w = writer_of(record + 5, 16);

    write_u64(&w, sequence);
    write_u64(&w, (uint64_t)now_ms);
}

/* What follows of it for its conversation, its case and the clocks, in the same batch. */
static enum status follow(struct exchange *x, const struct acceptance *accepted)
{
    enum status status = exchange_clocks_met(x, accepted);
    if (status == ST_OK)
        status = exchange_watch_moves(x, accepted);

    if (status == ST_OK)
        status = exchange_say(x, accepted);
    if (status == ST_OK)
        status = exchange_do_deed(x, accepted);
    return status == ST_OK ? exchange_clocks_message(x, accepted) : status;
}

static enum status accept(struct exchange *x, uint8_t *turn, const struct command_submit *submit,
                          const struct question *question, const struct decision *decision)
{
    uint64_t sequence = ledger_sequence(x->ledger) + 1;
    uint8_t *record = turn + submit->record_at;
    uint32_t recipient;

    if (exchange_enter(x, question->to, &recipient) != ST_OK
        || messages_reserve(x->messages) != ST_OK || queues_reserve(x->queues) != ST_OK
        || ledger_reserve(x->ledger) != ST_OK)
        return ST_NOMEM;
    stamp(record, sequence, x->now_ms);
    if (draft_add(&x->draft, record, submit->record_size) != ST_OK)
        return ST_NOMEM;

    struct message message = {.id = submit->message_id,
                              .header_digest = submit->header_digest,
                              .sequence = sequence,
                              .touched = sequence,
                              .sender = submit->head.member,
                              .recipient = recipient,
                              .lane = submit->lane};
    uint32_t place = messages_add(x->messages, &message);
    ledger_add(x->ledger, record, submit->record_size, place);
    queue_put(x->queues, &x->members[recipient].queue,
              &(struct item){.sequence = sequence,
                             .size = submit->record_size,
                             .agency = recipient,
                             .lane = submit->lane},
              decision->permit);
    exchange_wake(x, recipient);
    x->counts.accepted++;

    enum status status =
        follow(x, &(struct acceptance){submit, question, decision, sequence, recipient});
    if (status != ST_OK)
        return status;
    struct receipt receipt = {
        .sequence = sequence, .accepted_ms = x->now_ms, .agreement_hash = submit->agreement_hash};
    TEXT_COPY(receipt.clause, question->clause);
    return answer_receipt(x, submit, &receipt);
}

/* ---- duplicates ---- */

/* The original answer, from memory or from the checkpoint.
 *   ST_MORE     the id is new */
static enum status answer_again(struct exchange *x, const struct command_submit *submit,
                                const struct question *question)
{
    const struct message *message =
        messages_find(x->messages, submit->head.member, &submit->message_id);
    struct message_record stored;
    struct event event;

    if (message) {
        if (!digest_equal(&message->header_digest, &submit->header_digest))
            return refuse(x, submit, question, CONCORDAT__REFUSAL_CODE__ID_REUSED, 0);
        struct bytes record = ledger_record(x->ledger, message->sequence);
        if (record.data) {
            struct reader r = reader_of(record.data, record.size);
            if (event_read(&r, &event) != ST_OK)
                return ST_INVALID;
            x->counts.duplicates++;
            return answer_event(x, submit, &event);
        }
    }
    enum status status =
        x->reader.message(x->reader.context, question->from, &submit->message_id, &stored);
    /* A step touched it while its time ran out: the state has forgotten it, so nothing here may
     * remember it. */
    if (status == ST_MORE && message)
        messages_expire(x->messages, messages_place(x->messages, message), UINT64_MAX);
    if (status != ST_OK)
        return status;
    if (!digest_equal(&stored.header_digest, &submit->header_digest))
        return refuse(x, submit, question, CONCORDAT__REFUSAL_CODE__ID_REUSED, 0);
    x->counts.duplicates++;
    return answer_record(x, submit, &stored);
}

/* ---- the order of the checks ---- */

/* What the submission does not say: does its key count under the agreement it names, and does the
 * sender hold the case? */
static void complete(const struct exchange *x, const struct command_submit *submit,
                     struct question *question)
{
    const struct agreement *agreement =
        agreement_set_find(registrar_set(x->registrar), question->agreement_id);

    question->signer_counts = agreement
                           && registrar_signer_counts(x->registrar, agreement, question->from,
                                                      &submit->signing_key, x->now_ms);
    question->is_holder = exchange_is_holder(x, submit->head.member + 1, &submit->case_handle);
    if (agreement && agreement->is_charter)
        exchange_charter_ask(x, agreement, &submit->message_id, question);
}

/* What the agreement permits, its case, its conversation and the clocks may not. */
static Concordat__RefusalCode judge_case(struct exchange *x, const struct command_submit *submit,
                                         const struct question *question,
                                         const struct decision *decision)
{
    Concordat__RefusalCode code = exchange_judge_deed(x, submit, question);

    if (code == CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED)
        code = exchange_judge_words(x, submit, question);
    return code == CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
             ? exchange_judge_clocks(x, submit, question, decision)
             : code;
}

enum status exchange_submit(struct exchange *x, uint8_t *turn, const struct command_submit *submit)
{
    /* Whom its expectations name, whose word nobody has heard yet, is entered on the way. */
    if (directory_reserve(x->directory, EXPECTATIONS_MAX) != ST_OK)
        return ST_NOMEM;
    const char *sender = directory_name(x->directory, submit->head.member);
    struct question question = submit_question(submit, sender);

    /* First of all, so that a message whose answer was lost gets that answer, however late. */
    enum status status = answer_again(x, submit, &question);
    if (status != ST_MORE)
        return status;
    /* Before all that would be recorded: a refusal takes room too. */
    if (x->is_full)
        return refuse(x, submit, &question, CONCORDAT__REFUSAL_CODE__STORE_FULL, 0);

    if (submit->created_ms < x->now_ms - CREATED_PAST_DAYS * DAY_MS
        || submit->created_ms > x->now_ms + CREATED_AHEAD_MS || submit->expires_ms <= x->now_ms)
        return refuse(x, submit, &question, CONCORDAT__REFUSAL_CODE__TIME_OUT_OF_RANGE, 0);
    if (!exchange_knows(x, question.to))
        return refuse(x, submit, &question, CONCORDAT__REFUSAL_CODE__RECIPIENT_UNKNOWN, 0);
    uint32_t recipient = directory_find(x->directory, question.to);
    if (recipient == AGENCY_NONE
        || !directory_key_fits(x->directory, recipient, submit->recipient_key_id, x->now_ms,
                               submit->expires_ms))
        return refuse(x, submit, &question, CONCORDAT__REFUSAL_CODE__KEY_UNKNOWN, 0);
    complete(x, submit, &question);
    struct decision decision = decide(&question, registrar_set(x->registrar), x->now_ms);
    if (!decision.permitted)
        return refuse_counted(x, submit, &question, decision.code, decision.offending);
    Concordat__RefusalCode code = judge_case(x, submit, &question, &decision);
    if (code != CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED)
        return refuse_counted(x, submit, &question, code, 0);
    status = accept(x, turn, submit, &question, &decision);
    return status == ST_OK && decision.agreement->is_charter
             ? exchange_charter_used(x, decision.agreement, &question, &submit->message_id)
             : status;
}
