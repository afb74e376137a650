#include "agents/client_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/client_answer_inside.h"

/* What is said when there is no memory to say more. */
static const struct concordat_problem no_memory = {"client", "out of memory"};
static const struct concordat_answer no_memory_answer = {
    .outcome = CONCORDAT_FAILED, .problem_count = 1, .problems = &no_memory, .json = ""};

void *client_answer_keep(struct whole_answer *whole, size_t count, size_t size)
{
    struct block *block;

    if (count > SIZE_MAX / 2 / size)
        return NULL;
    block = calloc(1, sizeof *block + count * size);
    if (!block)
        return NULL;
    block->next = whole->blocks;
    whole->blocks = block;
    return block->data;
}

void concordat_answer_free(struct concordat_answer *answer)
{
    struct whole_answer *whole = (struct whole_answer *)(void *)answer;

    if (!answer || answer == &no_memory_answer)
        return;
    while (whole->blocks) {
        struct block *block = whole->blocks;
        whole->blocks = block->next;
        free(block);
    }
    if (whole->response)
        concordat__response__free_unpacked(whole->response, NULL);
    free(whole);
}

static struct concordat_answer *out_of_memory(struct whole_answer *whole)
{
    if (whole)
        concordat_answer_free(&whole->answer);
    return (struct concordat_answer *)(uintptr_t)&no_memory_answer;
}

struct concordat_answer *client_answer_no_memory(void)
{
    return out_of_memory(NULL);
}

struct concordat_answer *client_answer_trouble(enum concordat_outcome outcome, const char *where,
                                               const char *text, const char *detail)
{
    struct whole_answer *whole = calloc(1, sizeof *whole);
    struct concordat_problem *problem;
    size_t size = strlen(text) + strlen(detail) + 1;
    char *said;

    if (!whole)
        return out_of_memory(NULL);
    problem = client_answer_keep(whole, 1, sizeof *problem);
    said = client_answer_keep(whole, 1, size);
    if (!problem || !said)
        return out_of_memory(whole);
    (void)snprintf(said, size, "%s%s", text, detail);
    *problem = (struct concordat_problem){where, said};
    whole->answer.outcome = outcome;
    whole->answer.problem_count = 1;
    whole->answer.problems = problem;
    whole->answer.json = "";
    return &whole->answer;
}

struct concordat_id client_answer_id(ProtobufCBinaryData data)
{
    struct concordat_id id = {{0}};

    if (data.len == sizeof id.bytes)
        memcpy(id.bytes, data.data, sizeof id.bytes);
    return id;
}

static const char *name_of(const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);

    return known ? known->name : "UNKNOWN";
}

static const char *const *category_names(struct whole_answer *whole, size_t count,
                                         const Concordat__DataCategory categories[])
{
    const char **names = client_answer_keep(whole, count + 1, sizeof *names);

    for (size_t i = 0; names && i < count; i++)
        names[i] = name_of(&concordat__data_category__descriptor, (int)categories[i]);
    return names;
}

static bool take_problems(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_problem *problems =
        client_answer_keep(whole, r->n_problems + 1, sizeof *problems);

    if (!problems)
        return false;
    for (size_t i = 0; i < r->n_problems; i++)
        problems[i] = (struct concordat_problem){r->problems[i]->where, r->problems[i]->text};
    whole->answer.problems = problems;
    whole->answer.problem_count = r->n_problems;
    return true;
}

static bool take_refusal(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_refusal *refusal = client_answer_keep(whole, 1, sizeof *refusal);

    if (!refusal)
        return false;
    refusal->code = name_of(&concordat__refusal_code__descriptor, (int)r->refusal->code);
    refusal->advice = r->advice;
    refusal->agreement_id = r->refusal->agreement_id;
    refusal->agreement_version = r->refusal->agreement_version;
    refusal->clause = r->refusal->clause;
    refusal->offending_count = r->refusal->n_offending;
    refusal->offending = category_names(whole, r->refusal->n_offending, r->refusal->offending);
    whole->answer.refusal = refusal;
    return refusal->offending != NULL;
}

static bool take_item(struct whole_answer *whole, const Concordat__Item *from,
                      struct concordat_item *to)
{
    struct concordat_rung *rungs = client_answer_keep(whole, from->n_rungs + 1, sizeof *rungs);

    to->message_id = client_answer_id(from->message_id);
    to->case_handle = client_answer_id(from->case_handle);
    to->conversation_id = client_answer_id(from->conversation_id);
    to->in_reply_to = client_answer_id(from->in_reply_to);
    to->type = from->type;
    to->from = from->from;
    to->to = from->to;
    to->purpose = from->purpose;
    to->urgency = (int)from->urgency;
    to->marking = (int)from->marking;
    to->created_ms = from->created_ms;
    to->needed_by_ms = from->needed_by_ms;
    to->shared_count = from->n_shared;
    to->shared = category_names(whole, from->n_shared, from->shared);
    to->agreement_id = from->agreement_id;
    to->agreement_version = from->agreement_version;
    to->clause = from->clause;
    to->state = from->state;
    to->sequence = from->sequence;
    to->answer = client_answer_id(from->answer);
    to->late = from->late;
    to->late_ms = from->late_ms;
    to->overdue = from->overdue;
    to->sent_again_as = client_answer_id(from->sent_again_as);
    to->sent_again_agreement = from->sent_again_agreement;
    to->sent_again_version = from->sent_again_version;
    to->sent_again_for = client_answer_id(from->sent_again_for);
    to->lapse = from->lapse;
    to->break_glass = from->break_glass;
    for (size_t i = 0; rungs && i < from->n_rungs; i++) {
        const Concordat__Rung *rung = from->rungs[i];
        rungs[i] = (struct concordat_rung){.name = rung->name,
                                           .at_ms = rung->at_ms,
                                           .by = rung->by,
                                           .detail = rung->detail,
                                           .verified = rung->verified,
                                           .late = rung->late};
    }
    to->rungs = rungs;
    to->rung_count = from->n_rungs;
    return rungs && to->shared;
}

static bool take_items(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_item *items = client_answer_keep(whole, r->n_items + 1, sizeof *items);

    if (!items)
        return false;
    for (size_t i = 0; i < r->n_items; i++) {
        if (!take_item(whole, r->items[i], &items[i]))
            return false;
    }
    whole->answer.items = items;
    whole->answer.item_count = r->n_items;
    return true;
}

static bool take_cases(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_case *cases = client_answer_keep(whole, r->n_cases + 1, sizeof *cases);

    if (!cases)
        return false;
    for (size_t i = 0; i < r->n_cases; i++)
        cases[i] = (struct concordat_case){.handle = client_answer_id(r->cases[i]->case_handle),
                                           .message_count = r->cases[i]->messages,
                                           .last_ms = r->cases[i]->last_ms,
                                           .holder = r->cases[i]->holder,
                                           .closed = r->cases[i]->closed};
    whole->answer.cases = cases;
    whole->answer.case_count = r->n_cases;
    whole->answer.more = r->more;
    whole->answer.more_alarms = r->more_alarms;
    whole->answer.mark = r->mark;
    whole->answer.next = r->next;
    return true;
}

static bool take_refused(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_refused *list = client_answer_keep(whole, r->n_refusals + 1, sizeof *list);

    if (!list)
        return false;
    for (size_t i = 0; i < r->n_refusals; i++) {
        const Concordat__RefusalRecord *from = r->refusals[i];

        list[i] = (struct concordat_refused){
            .at_ms = from->at_ms,
            .by = from->by,
            .message_id = client_answer_id(from->message_id),
            .sent_again_as = client_answer_id(from->sent_again_as),
            .type = from->type,
            .to = from->to,
            .purpose = from->purpose,
            .code = name_of(&concordat__refusal_code__descriptor, (int)from->code),
            .agreement_id = from->agreement_id,
            .clause = from->clause,
            .agreement_version = from->agreement_version,
            .offending_count = from->n_offending,
            .offending = category_names(whole, from->n_offending, from->offending),
            .officer = from->officer,
            .justification = from->justification,
        };
        if (!list[i].offending)
            return false;
    }
    whole->answer.refused = list;
    whole->answer.refused_count = r->n_refusals;
    return true;
}

static bool take_agreements(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_agreement *list = client_answer_keep(whole, r->n_agreements + 1, sizeof *list);

    if (!list)
        return false;
    for (size_t i = 0; i < r->n_agreements; i++) {
        const Concordat__Agreement *from = r->agreements[i];
        struct concordat_agreement *to = &list[i];

        to->id = from->id;
        to->title = from->title;
        to->state = from->state;
        to->version = from->version;
        to->clause_count = from->clauses;
        to->from_ms = from->from_ms;
        to->until_ms = from->until_ms;
        to->review_ms = from->review_ms;
        if (from->hash.len == sizeof to->hash)
            memcpy(to->hash, from->hash.data, sizeof to->hash);
        to->party_count = from->n_parties;
        to->parties = (const char *const *)from->parties;
        to->text = from->text;
        to->signed_count = from->n_signed_by;
        to->signed_by = (const char *const *)from->signed_by;
        to->proposal_id = client_answer_id(from->proposal_id);
        to->proposal_expires_ms = from->proposal_expires_ms;
        to->waits_for_us = from->waits_for_us;
    }
    whole->answer.agreements = list;
    whole->answer.agreement_count = r->n_agreements;
    return true;
}

static bool take_notices(struct whole_answer *whole)
{
    const Concordat__Response *r = whole->response;
    struct concordat_notice *list = client_answer_keep(whole, r->n_notices + 1, sizeof *list);

    if (!list)
        return false;
    for (size_t i = 0; i < r->n_notices; i++) {
        const Concordat__ShownNotice *from = r->notices[i];

        list[i] = (struct concordat_notice){.sequence = from->sequence,
                                            .at_ms = from->at_ms,
                                            .due_ms = from->due_ms,
                                            .kind = from->kind,
                                            .agency = from->agency,
                                            .counterpart = from->counterpart,
                                            .agreement_id = from->agreement_id,
                                            .clause = from->clause,
                                            .agreement_version = from->agreement_version,
                                            .count = from->count,
                                            .message_id = client_answer_id(from->message_id)};
    }
    whole->answer.notices = list;
    whole->answer.notice_count = r->n_notices;
    return true;
}

static bool take_status(struct whole_answer *whole)
{
    const Concordat__Status *from = whole->response->status;
    struct concordat_status *to = client_answer_keep(whole, 1, sizeof *to);

    if (!to)
        return false;
    to->agency = from->agency;
    to->connected = from->connected;
    to->since_ms = from->since_ms;
    to->outbox = from->outbox;
    to->inbox = from->inbox;
    to->sent = from->sent;
    to->received = from->received;
    if (from->key_id.len == sizeof to->key_id)
        memcpy(to->key_id, from->key_id.data, sizeof to->key_id);
    to->key_seal_until_ms = from->key_seal_until_ms;
    to->last_error = from->last_error;
    to->holidays_end_ms = from->holidays_end_ms;
    whole->answer.status = to;
    return true;
}

struct concordat_answer *client_answer_read(const void *data, size_t size)
{
    struct whole_answer *whole = calloc(1, sizeof *whole);
    struct concordat_answer *a;
    const Concordat__Response *r;

    if (!whole)
        return out_of_memory(NULL);
    whole->response = concordat__response__unpack(NULL, size, data);
    if (!whole->response) {
        concordat_answer_free(&whole->answer);
        return client_answer_trouble(CONCORDAT_FAILED, "agent", "its reply could not be read", "");
    }
    r = whole->response;
    a = &whole->answer;
    a->outcome = r->outcome <= CONCORDAT__OUTCOME__QUEUED ? (enum concordat_outcome)r->outcome
                                                          : CONCORDAT_FAILED;
    a->message_id = client_answer_id(r->message_id);
    a->case_handle = client_answer_id(r->case_handle);
    a->body = r->body.data;
    a->body_size = r->body.len;
    a->json = r->json;
    a->sequence = r->sequence;
    a->sent_again_for = client_answer_id(r->sent_again_for);
    a->sent_again_agreement = r->sent_again_agreement;
    a->sent_again_version = r->sent_again_version;
    a->not_shared_count = r->n_not_shared;
    a->not_shared = category_names(whole, r->n_not_shared, r->not_shared);
    if (!a->not_shared || !take_problems(whole) || !take_items(whole) || !take_agreements(whole)
        || !take_notices(whole) || !take_cases(whole) || !take_refused(whole)
        || !client_answer_take_custody(whole) || !client_answer_take_clocks(whole)
        || (r->refusal && !take_refusal(whole)) || (r->status && !take_status(whole)))
        return out_of_memory(whole);
    return a;
}
