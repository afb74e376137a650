/* Messages on their way out: decided, sealed or kept until they can be. What the asker wants is
 * read in draft.c, what it follows from in context.c. See desk_inside.h. */
#include <string.h>

#include "agents/allocated.h"
#include "agents/desk_inside.h"
#include "agents/sections.h"
#include "agents/record.h"
#include "lib/text.h"
#include "proto/field.h"

/* ---- a repeat ---- */

/* Answers now if the verdict is there, else when it is. */
static void answer_sent(struct desk *desk, struct bytes route, const struct draft *draft,
                        const struct track *track)
{
    struct waiting *waiting = NULL;

    if (!track_find(track, RUNG_REFUSED) && !track_find(track, RUNG_ACCEPTED))
        waiting = desk_park(desk, route, draft->wait_ms, &track->message_id);
    if (!waiting) {
        desk_reply_sent(desk, route, track, draft->new_case);
        return;
    }
    waiting->verb = CONCORDAT__REQUEST__KIND_SEND;
    waiting->new_case = draft->new_case;
}

/* A repeat of a message under the same id. True: the asker has been answered. */
static bool is_repeat(struct desk *desk, struct bytes route, const struct draft *draft)
{
    struct track known;
    enum status status;

    if (id_is_zero(&draft->track.message_id))
        return false;
    status = track_get(desk->txn, WAY_OUT, &draft->track.message_id, &known);
    if (status == ST_MORE)
        return false;
    if (status == ST_INVALID)
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "message_id",
                           "its record is damaged");
    else if (!desk_ok(desk, status))
        return true;
    else if (!digest_equal(&known.wish, &draft->track.wish))
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "message_id",
                           "the id was used for another message");
    else if (desk_ok(desk, track_follow(desk->txn, &known)))
        answer_sent(desk, route, draft, &known);
    return true;
}

/* ---- decided, sealed, queued ---- */

/* Names the officer in the body's last field, and hashed in the header (DPA 2018 s.62). */
static bool add_officer(struct desk *desk, struct draft *draft)
{
    const char *officer = draft->kept.officer;
    uint8_t inner[OFFICER_MAX + SALT_SIZE + 16];
    struct writer w = writer_of(inner, sizeof inner);
    struct id salt = id_random();
    size_t room = draft->body.size + sizeof inner + 16;
    uint8_t *body = arena_take(desk->body_arena, room);
    struct writer all = writer_of(body, room);
    const struct bytes parts[] = {{salt.bytes, sizeof salt.bytes},
                                  {(const uint8_t *)officer, strlen(officer)}};

    if (!body)
        return false;
    field_text(&w, 1, officer);
    field_bytes(&w, 2, salt.bytes, sizeof salt.bytes);
    write_bytes(&all, draft->body.data, draft->body.size);
    field_bytes(&all, ON_BEHALF_OF, inner, w.size);
    if (w.failed || all.failed)
        return false;
    draft->body = (struct bytes){body, all.size};
    draft->track.officer_hash = sha256_parts(parts, 2);
    draft->track.shared |= UINT32_C(1) << CONCORDAT__DATA_CATEGORY__DC_STAFF;
    draft->kept.officer_added = true;
    return true;
}

struct bytes desk_without_officer(struct bytes body)
{
    struct reader r = reader_of(body.data, body.size);
    struct field field;
    size_t size = 0;

    while (next_field(&r, &field) && field.tag != ON_BEHALF_OF)
        size += field.whole.size;
    return (struct bytes){body.data, size};
}

enum status desk_judge(struct desk *desk, struct draft *draft, struct question *question,
                       struct decision *decision)
{
    struct track *track = &draft->track;

    *question = desk_question(track, draft->in_reply);
    *decision = desk_decide(desk, track, question);
    if (decision->permitted)
        track->marking = question->marking;
    if (decision->permitted && draft->kept.officer[0] && !field_find(draft->body, ON_BEHALF_OF).data
        && (decision->clause->allowed & UINT32_C(1) << CONCORDAT__DATA_CATEGORY__DC_STAFF)) {
        if (!add_officer(desk, draft))
            return ST_NOMEM;
        *question = desk_question(track, draft->in_reply);
        *decision = desk_decide(desk, track, question);
    }
    if (!decision->permitted)
        log_event(LOG_INFO, "refused_here", "type=%s to=%s code=%s", track->type, track->to,
                  refusal_name(decision->code));
    return ST_OK;
}

static void keep_decision(struct track *track, const struct decision *decision,
                          const struct question *question)
{
    memcpy(track->purpose, question->purpose, strlen(question->purpose) + 1);
    memcpy(track->agreement_id, decision->agreement->id, strlen(decision->agreement->id) + 1);
    memcpy(track->clause, decision->clause->id, strlen(decision->clause->id) + 1);
    track->agreement_version = decision->agreement->version;
}

bool desk_post(struct desk *desk, struct draft *draft, uint64_t number,
               const struct decision *decision, const struct question *question)
{
    struct track *track = &draft->track;
    uint64_t newest = number ? desk->next_number++ : 0;
    struct sealing_key key;
    struct rung queued = {.kind = RUNG_QUEUED, .at_ms = desk->wall_ms};
    enum status status =
        directory_sealing_key(desk->directory, desk->txn, track->to, desk->wall_ms, &key);

    if (status == ST_OK && !desk_key_counts(desk, decision->agreement, track->to, &key))
        status = ST_MORE;
    if (number == 0)
        number = newest = desk->next_number++;
    memcpy(queued.by, desk->setup.agency, strlen(desk->setup.agency) + 1);
    desk->counters_changed = true;
    /* A second stale verdict is final: what was sent again is not kept for a third time. */
    draft->kept.has_body = status == ST_OK && id_is_zero(&track->resent_of);
    draft->kept.body = draft->kept.has_body ? draft->body : (struct bytes){NULL, 0};
    (void)track_add(track, &queued);
    if (status == ST_OK) {
        status = desk_seal(desk, track, decision, question, draft->body, &key, number);
        if (status == ST_INVALID || status == ST_LIMIT)
            return false;
        (void)desk_ok(desk, status);
    } else if (status == ST_MORE) {
        keep_decision(track, decision, question);
        (void)desk_ok(desk, outbox_put_keyless(desk->txn, &track->message_id, track->to,
                                               desk_lane(track->urgency), number, draft->body));
        desk_ask_agency(desk, track->to);
    } else {
        (void)desk_ok(desk, status);
    }
    (void)desk_ok(desk, outbox_keep(desk->txn, &track->message_id, &draft->kept));
    (void)desk_ok(desk, track_put_new(desk->txn, track, newest));
    desk_due(desk, desk->wall_ms + DUPLICATE_DAYS * DAY_MS, DUE_TRACK, track, newest);
    return true;
}

/* Nothing leaves, and no track is made of it: the record is all that stays. */
static void note_refused_here(struct desk *desk, struct draft *draft,
                              const struct decision *decision)
{
    struct rung rung = {
        .kind = RUNG_REFUSED, .code = (uint32_t)decision->code, .at_ms = desk->wall_ms};

    memcpy(rung.by, desk->setup.agency, strlen(desk->setup.agency) + 1);
    desk_blame(&draft->track, decision);
    desk_note_refusal(desk, &draft->track, &draft->kept, &rung);
}

/* What stands in the way of an act of custody is told before anything is sealed. */
static bool act_goes(struct desk *desk, struct bytes route, struct draft *draft)
{
    struct bytes body = draft->body;
    struct custody_claim claim;
    struct act_fault fault;

    if (draft->type->custody == CUSTODY_NONE
        || desk_make_act(desk, &draft->track, draft->type, &body, &claim, &fault))
        return true;
    if (fault.code)
        note_refused_here(desk, draft, &(struct decision){.code = fault.code});
    desk_reply_act_fault(desk, route, &fault, &draft->track);
    return false;
}

/* An allocation names an agency of the kind that its ground is for. False: the caller is told. */
static bool allocation_goes(struct desk *desk, struct bytes route, const struct draft *draft,
                            const struct decision *decision)
{
    if (draft->type->body != &concordat__body__allocation_decision__descriptor
        || allocation_reaches(draft->body, decision->agreement, desk->body_arena))
        return true;
    desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "targetAgencyId",
                       "not of the kind that the ground is for; an override can name it");
    return false;
}

static void send_draft(struct desk *desk, struct bytes route, struct draft *draft)
{
    struct track *track = &draft->track;
    struct question question;
    struct decision decision;

    track->wish = desk_draft_wish(draft);
    if (is_repeat(desk, route, draft))
        return;
    if (store_fullness(desk->setup.store) >= FULL_FOR_SENDS) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "agent",
                           "its store is nearly full: nothing new is taken");
        return;
    }
    track->way = WAY_OUT;
    track->shared = body_categories(draft->type, draft->body);
    track->urgency = draft->type->urgency;
    track->marking = draft->type->marking;
    track->schema_version = draft->type->schema_version;
    track->created_ms = desk->wall_ms;
    if (id_is_zero(&track->message_id))
        track->message_id = id_new(desk->wall_ms);
    if (draft->new_case)
        track->case_handle = id_random();
    track->key = track->message_id;
    track->share_id = id_random();
    if (id_is_zero(&track->conversation_id))
        track->conversation_id = track->message_id; /* numbers come with the sealing */
    if (track->break_glass && !desk_take_charter(desk, route, track))
        return;
    if (desk_judge(desk, draft, &question, &decision) != ST_OK) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "officer", "out of memory");
        return;
    }
    if (!decision.permitted && draft->instead[0]) {
        TEXT_COPY(track->to, draft->instead);
        if (desk_judge(desk, draft, &question, &decision) != ST_OK) {
            desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "officer", "out of memory");
            return;
        }
    }
    if (!decision.permitted) {
        note_refused_here(desk, draft, &decision);
        desk_reply_refused(desk, route, &decision, &question, &track->message_id);
        return;
    }
    if (!allocation_goes(desk, route, draft, &decision) || !act_goes(desk, route, draft))
        return;
    if (!desk_post(desk, draft, 0, &decision, &question)) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__FAILED, "body", "it cannot be sealed");
        return;
    }
    desk->sent++;
    answer_sent(desk, route, draft, track);
}

/* ---- the verbs ---- */

/* What was declined is answered no more. True: the asker has been told. */
static bool was_declined(struct desk *desk, struct bytes route, const struct track *original)
{
    if (!track_find(original, RUNG_DECLINED))
        return false;
    desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "in_reply_to",
                       "it was declined");
    return true;
}

/* May an answer to the original go to `to'? To who asked, or to who holds the asker's case now. */
static bool is_asker(const struct context *context, const char *to)
{
    return strcmp(context->original.from, to) == 0
        || (context->has_talk && !talk_is_asked_by_us(&context->talk)
            && strcmp(context->talk.other, to) == 0);
}

static bool check_answer(struct desk *desk, struct bytes route, const struct context *context,
                         const struct draft *draft)
{
    const struct track *original = &context->original;

    if (!catalogue_is_answer(draft->type) || !context->has_original || desk_was_sent(desk, draft))
        return true;
    if (original->way == WAY_IN && is_asker(context, draft->track.to)
        && track_is_replied_to_by(original, draft->type->name))
        return !was_declined(desk, route, original);
    desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "in_reply_to",
                       "%s did not ask for a %s with it", draft->track.to, draft->type->name);
    return false;
}

/* The body may leave out what of a transfer is known. */
static bool take_act(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                     struct draft *draft)
{
    Concordat__SendRequest filled = *r;
    struct id asked, said;

    if (draft->type->custody != CUSTODY_NONE && !desk_fill_act(desk, route, r, draft, &filled))
        return false;
    if (!desk_draft_body(desk, route, &filled, draft))
        return false;
    if (draft->type->custody == CUSTODY_NONE || r->transfer_id.len == 0)
        return true;
    if (desk_take_id(&r->transfer_id, &asked) && read_id(field_find(draft->body, 1), &said)
        && id_equal(&asked, &said))
        return true;
    desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "transfer_id",
                       "the body speaks of another transfer");
    return false;
}

void desk_send(struct desk *desk, struct bytes route, const Concordat__SendRequest *r)
{
    struct draft draft = {0};
    struct context context = {0};

    if (!desk_draft_ids(desk, route, r, &draft)
        || !desk_find_original(desk, route, &draft, &context)
        || !desk_find_named_talk(desk, route, r, &draft, &context)
        || !desk_draft_parties(desk, route, r->type,
                               r->to[0] ? r->to : desk_usual_recipient(&context), &draft)
        || !desk_draft_details(desk, route, r, &draft)
        || !check_answer(desk, route, &context, &draft))
        return;
    TEXT_COPY(draft.asked_to, r->to);
    if (context.has_original)
        desk_continue_from(&context, &draft);
    if (r->conversation_id.len > 0)
        desk_continue_talk(&context, &draft);
    else
        desk_continue_transfer(desk, &draft);
    if (take_act(desk, route, r, &draft))
        send_draft(desk, route, &draft);
}

/* To whom an answer goes when the answerer does not say: to who holds the asker's case by now;
 * where nothing permits that, to who asked, whose agent passes it on. */
static const char *choose_asker(const struct context *context, const char *said,
                                struct draft *draft)
{
    const char *asker = context->original.from;

    if (said[0])
        return said;
    if (!context->has_talk || strcmp(context->talk.other, asker) == 0
        || talk_is_asked_by_us(&context->talk))
        return asker;
    TEXT_COPY(draft->instead, asker);
    return context->talk.other;
}

void desk_answer(struct desk *desk, struct bytes route, const Concordat__SendRequest *r)
{
    struct draft draft = {0};
    struct context context = {.has_original = true};
    const struct track *original = &context.original;
    const struct message_type *asked;

    if (!desk_find_incoming(desk, route, &r->in_reply_to, &context.original))
        return;
    context.has_talk = desk_find_talk(desk, &original->conversation_id, &context.talk);
    asked = catalogue_find(original->type);
    if (!asked || !asked->answered_by) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "in_reply_to",
                           "nothing answers a %s", original->type);
        return;
    }
    if (r->type[0] && strcmp(r->type, asked->answered_by) != 0) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "type",
                           "a %s is answered by %s", original->type, asked->answered_by);
        return;
    }
    if (r->to[0] && !is_asker(&context, r->to)) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, "to",
                           "the answer goes to %s", original->from);
        return;
    }
    if (was_declined(desk, route, original))
        return;
    if (desk_draft_parties(desk, route, asked->answered_by, choose_asker(&context, r->to, &draft),
                           &draft)
        && desk_draft_ids(desk, route, r, &draft) && desk_draft_details(desk, route, r, &draft)) {
        TEXT_COPY(draft.asked_to, r->to[0] ? r->to : original->from);
        desk_continue_from(&context, &draft);
        if (desk_draft_body(desk, route, r, &draft))
            send_draft(desk, route, &draft);
    }
}
