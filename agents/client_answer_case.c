/*
 * client_answer_case.c - of an answer, what is said of a case and its times: custody, due, alarms.
 */
#include <string.h>

#include "agents/client_answer_inside.h"

static bool take_components(struct whole_answer *whole, struct concordat_custody *to)
{
    const Concordat__CustodyState *from = whole->response->custody;
    struct concordat_component *list =
        client_answer_keep(whole, from->n_components + 1, sizeof *list);

    for (size_t i = 0; list && i < from->n_components; i++) {
        const Concordat__TransferComponent *one = from->components[i];

        list[i] = (struct concordat_component){.number = one->number,
                                               .kind = one->kind,
                                               .label = one->label,
                                               .state = one->state,
                                               .reason = one->reason};
    }
    to->components = list;
    to->component_count = from->n_components;
    return list != NULL;
}

static bool take_parts(struct whole_answer *whole, struct concordat_custody *to)
{
    const Concordat__CustodyState *from = whole->response->custody;
    struct concordat_part *list = client_answer_keep(whole, from->n_parts + 1, sizeof *list);

    for (size_t i = 0; list && i < from->n_parts; i++) {
        const Concordat__TransferPart *one = from->parts[i];

        list[i] = (struct concordat_part){
            .number = one->number, .kind = one->kind, .size = one->size, .state = one->state};
        if (one->sha256.len == sizeof list[i].sha256)
            memcpy(list[i].sha256, one->sha256.data, sizeof list[i].sha256);
    }
    to->parts = list;
    to->part_count = from->n_parts;
    return list != NULL;
}

static bool take_conversations(struct whole_answer *whole, struct concordat_custody *to)
{
    const Concordat__CustodyState *from = whole->response->custody;
    struct concordat_conversation *list =
        client_answer_keep(whole, from->n_conversations + 1, sizeof *list);

    for (size_t i = 0; list && i < from->n_conversations; i++) {
        const Concordat__Conversation *one = from->conversations[i];

        list[i] = (struct concordat_conversation){.id = client_answer_id(one->conversation_id),
                                                  .type = one->type,
                                                  .with = one->with,
                                                  .asked_by_us = one->asked_by_us,
                                                  .next = one->next,
                                                  .state = one->state};
    }
    to->conversations = list;
    to->conversation_count = from->n_conversations;
    return list != NULL;
}

static bool take_claims(struct whole_answer *whole, struct concordat_custody *to)
{
    const Concordat__CustodyState *from = whole->response->custody;
    struct concordat_claimed *list = client_answer_keep(whole, from->n_claims + 1, sizeof *list);

    for (size_t i = 0; list && i < from->n_claims; i++) {
        const Concordat__Claimed *one = from->claims[i];

        list[i] = (struct concordat_claimed){.kind = one->kind,
                                             .at_ms = one->at_ms,
                                             .answered_ms = one->answered_ms,
                                             .code = one->code,
                                             .claim = one->claim.data,
                                             .claim_size = one->claim.len,
                                             .answer = one->answer.data,
                                             .answer_size = one->answer.len};
        if (one->signer.len == sizeof list[i].signer)
            memcpy(list[i].signer, one->signer.data, sizeof list[i].signer);
        if (one->signature.len == sizeof list[i].signature)
            memcpy(list[i].signature, one->signature.data, sizeof list[i].signature);
    }
    to->claims = list;
    to->claim_count = from->n_claims;
    return list != NULL;
}

bool client_answer_take_custody(struct whole_answer *whole)
{
    const Concordat__CustodyState *from = whole->response->custody;
    struct concordat_custody *to;

    if (!from)
        return true;
    to = client_answer_keep(whole, 1, sizeof *to);
    if (!to)
        return false;
    to->case_handle = client_answer_id(from->case_handle);
    to->holder = from->holder;
    to->version = from->version;
    to->closed = from->closed;
    to->since_ms = from->since_ms;
    to->from_broker = from->from_broker;
    to->transfer_id = client_answer_id(from->transfer_id);
    to->offered_to = from->offered_to;
    to->reply_by_ms = from->reply_by_ms;
    to->offered = from->offered;
    to->accepted = from->accepted;
    to->rejected = from->rejected;
    to->manifest_id = client_answer_id(from->manifest_id);
    if (from->manifest_sha256.len == sizeof to->manifest_sha256)
        memcpy(to->manifest_sha256, from->manifest_sha256.data, sizeof to->manifest_sha256);
    whole->answer.custody = to;
    return take_components(whole, to) && take_parts(whole, to) && take_conversations(whole, to)
        && take_claims(whole, to);
}

static bool take_due(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_due *list = client_answer_keep(whole, r->n_due + 1, sizeof *list);

    for (size_t i = 0; list && i < r->n_due; i++) {
        const Concordat__Due *from = r->due[i];

        list[i] = (struct concordat_due){.due_ms = from->due_ms,
                                         .what = from->what,
                                         .by_us = from->by_us,
                                         .other = from->other,
                                         .type = from->type,
                                         .expected = from->expected,
                                         .message_id = client_answer_id(from->message_id),
                                         .case_handle = client_answer_id(from->case_handle),
                                         .overdue = from->overdue,
                                         .role = from->role,
                                         .note = from->note};
    }
    whole->answer.due = list;
    whole->answer.due_count = r->n_due;
    return list != NULL;
}

static bool take_alarms(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_alarm *list = client_answer_keep(whole, r->n_alarms + 1, sizeof *list);

    for (size_t i = 0; list && i < r->n_alarms; i++) {
        const Concordat__Alarm *from = r->alarms[i];

        list[i] = (struct concordat_alarm){
            .number = from->number,
            .at_ms = from->at_ms,
            .due_ms = from->due_ms,
            .kind = from->kind,
            .stage = from->stage,
            .role = from->role,
            .owed_by = from->owed_by,
            .owed_to = from->owed_to,
            .type = from->type,
            .expected = from->expected,
            .message_id = client_answer_id(from->message_id),
            .case_handle = client_answer_id(from->case_handle),
            .conversation_id = client_answer_id(from->conversation_id),
            .agreement_id = from->agreement_id,
            .clause = from->clause,
            .agreement_version = from->agreement_version,
            .count = from->count,
            .seen = from->seen,
        };
    }
    whole->answer.alarms = list;
    whole->answer.alarm_count = r->n_alarms;
    return list != NULL;
}

bool client_answer_take_clocks(struct whole_answer *whole)
{
    return take_due(whole) && take_alarms(whole);
}
