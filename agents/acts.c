/*
 * acts.c - acts of custody and parts of the record: what their bodies say, beside what their
 * headers say and what is known of the case. See desk_inside.h.
 *
 *     body --act_read--> claim --desk_make_act--> header            (ours, when it is sealed)
 *     header, body --desk_act_agrees--> desk_act_came --> holding   (one that has come)
 *
 * The broker keeps custody by the header alone, so a body that says otherwise is rejected. What the
 * broker would say is asked of custody_apply() before anything is sealed, on what is known here:
 * its own answer may still be another, when the case has changed meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/desk_inside.h"
#include "agents/deadline.h"
#include "agents/sections.h"
#include "lib/text.h"
#include "proto/bodies/record.pb-c.h"
#include "proto/bodies/transfer.pb-c.h"
#include "proto/field.h"
#include "proto/prescan.h"

#define RECORD_PART "case.record.part"
#define TRANSFER_ID 1        /* of every act's body */
#define COMPLETE_MANIFEST 2  /* of TransferComplete */
#define OPEN_CONVERSATIONS 7 /* of TransferOffer */
#define OFFER_MANIFEST 8

static const struct prescan body_rules = {
    .depth_max = BODY_DEPTH_MAX, .fields_max = BODY_FIELDS_MAX, .heap_max = BODY_ARENA};

/* ---- reading ---- */

static enum status fault(const char **where, const char *place, struct reason *why,
                         const char *what)
{
    *where = place;
    reason_set(why, "%s", what);
    return ST_INVALID;
}

static void read_transfer_id(struct bytes body, struct act *out)
{
    (void)read_id(field_find(body, TRANSFER_ID), &out->claim.transfer_id);
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, ID_SIZE);
}

static enum status read_conversations(const Concordat__Body__TransferOffer *o, struct act *out,
                                      const char **where, struct reason *why)
{
    struct custody_claim *claim = &out->claim;

    if (o->n_open_conversations > CONVERSATIONS_MAX)
        return fault(where, "open_conversations", why, "more than can go with a case");
    for (size_t i = 0; i < o->n_open_conversations; i++)
        if (o->open_conversations[i].len != ID_SIZE)
            return fault(where, "open_conversations", why, "not an id of 16 bytes");
        else
            memcpy(claim->conversations[i].bytes, o->open_conversations[i].data, ID_SIZE);
    claim->conversation_count = (uint32_t)o->n_open_conversations;
    qsort(claim->conversations, claim->conversation_count, sizeof *claim->conversations,
          compare_ids);
    out->conversations_said = o->n_open_conversations > 0;
    return ST_OK;
}

static enum status read_offer(struct bytes body, struct act *out, const char **where,
                              struct reason *why)
{
    const Concordat__Body__TransferOffer *o = (const void *)out->content;
    struct custody_claim *claim = &out->claim;

    if (o->n_components == 0 || o->n_components > COMPONENTS_MAX)
        return fault(where, "components", why, "there must be from 1 to 32");
    for (size_t i = 0; i < o->n_components; i++)
        if (o->components[i]->number != i + 1)
            return fault(where, "components", why, "must be numbered from 1 without gaps");
    claim->component_count = (uint32_t)o->n_components;
    if (o->n_offered == 0)
        claim->components = (uint32_t)((UINT64_C(1) << o->n_components) - 1);
    for (size_t i = 0; i < o->n_offered; i++)
        if (o->offered[i] == 0 || o->offered[i] > o->n_components)
            return fault(where, "offered", why, "there is no such component");
        else
            claim->components |= UINT32_C(1) << (o->offered[i] - 1);
    for (size_t i = 0; o->manifest && i < o->manifest->n_parts; i++)
        if (o->manifest->parts[i]->number != i + 1
            || o->manifest->parts[i]->sha256.len != DIGEST_SIZE)
            return fault(where, "manifest.parts", why,
                         "must be numbered from 1 without gaps, each with a SHA-256 of 32 bytes");
    if (o->manifest && o->manifest->n_parts > PARTS_MAX)
        return fault(where, "manifest.parts", why, "more than 1024");
    out->manifest = field_find(body, OFFER_MANIFEST);
    claim->manifest = sha256(out->manifest.data, out->manifest.size);
    claim->reply_by_ms = o->reply_by_ms;
    return read_conversations(o, out, where, why);
}

static enum status read_reply(bool is_reject, struct act *out, const char **where,
                              struct reason *why)
{
    const Concordat__Body__TransferReply *r = (const void *)out->content;

    for (size_t i = 0; i < r->n_replies; i++) {
        const uint32_t number = r->replies[i]->component;

        if (number == 0 || number > COMPONENTS_MAX)
            return fault(where, "replies", why, "there is no such component");
        if (out->claim.components & UINT32_C(1) << (number - 1))
            return fault(where, "replies", why, "a component is spoken of twice");
        if (is_reject && r->replies[i]->reject == 0)
            return fault(where, "replies", why, "a rejection needs a reason of the closed list");
        out->claim.components |= UINT32_C(1) << (number - 1);
    }
    return ST_OK;
}

enum status act_read(const struct message_type *type, struct bytes body, struct arena *arena,
                     struct act *out, const char **where, struct reason *why)
{
    struct bytes manifest;
    enum status status;

    *out = (struct act){0};
    *where = "body";
    status =
        prescan_unpack(type->body, body, &body_rules, arena_allocator(arena), &out->content, why);
    if (status != ST_OK)
        return status == ST_NOMEM ? ST_NOMEM : ST_INVALID;
    read_transfer_id(body, out);
    if (id_is_zero(&out->claim.transfer_id))
        return fault(where, "transfer_id", why, "must be an id of 16 bytes");
    switch (type->custody) {
    case CUSTODY_OFFER:
        return read_offer(body, out, where, why);
    case CUSTODY_ACCEPT:
    case CUSTODY_REJECT:
        return read_reply(type->custody == CUSTODY_REJECT, out, where, why);
    case CUSTODY_COMPLETE:
        manifest = field_find(body, COMPLETE_MANIFEST);
        if (manifest.size != DIGEST_SIZE)
            return fault(where, "manifest_sha256", why, "must be a SHA-256 of 32 bytes");
        memcpy(out->claim.manifest.bytes, manifest.data, DIGEST_SIZE);
        return ST_OK;
    case CUSTODY_WITHDRAW:
    case CUSTODY_NONE:
    default:
        return ST_OK;
    }
}

/* ---- what is known ---- */

struct holding desk_holding(struct desk *desk, const struct id *handle)
{
    struct holding holding;
    enum status status = id_is_zero(handle) ? ST_MORE : holding_get(desk->txn, handle, &holding);

    if (status == ST_OK)
        return holding;
    if (status == ST_INVALID)
        log_event(LOG_ERROR, "case_damaged", "tree=custody");
    else if (status != ST_MORE)
        (void)desk_ok(desk, status);
    return (struct holding){.handle = *handle};
}

bool desk_is_holder(const struct desk *desk, const struct id *handle)
{
    struct holding holding;

    return !id_is_zero(handle) && holding_get(desk->txn, handle, &holding) == ST_OK
        && strcmp(holding.holder, desk->setup.agency) == 0;
}

void desk_handover_ended(struct desk *desk, const struct handover *before,
                         const struct holding *holding)
{
    if (id_is_zero(&before->id) || id_equal(&before->id, &holding->transfer.id))
        return;
    desk_forget_offered(desk, &holding->handle, &before->id);
    desk_owed_replied(desk, &before->conversation_id);
    desk_talk_over(desk, &before->conversation_id);
    if (strcmp(holding->holder, before->to) != 0)
        desk_owed_transfer_over(desk, &holding->handle, holding->holder, before->to);
}

static void fold(struct desk *desk, const struct id *case_handle, const struct accepted_act *act)
{
    struct holding holding = desk_holding(desk, case_handle);
    const struct handover before = holding.transfer;

    holding_fold_act(&holding, act);
    (void)desk_ok(desk, holding_put(desk->txn, &holding));
    desk_handover_ended(desk, &before, &holding);
}

/* ---- ours, before it is sealed ---- */

/* The body with these conversations in their field's place. */
static bool add_conversations(struct desk *desk, struct bytes *body,
                              const struct custody_claim *claim)
{
    const size_t room = body->size + claim->conversation_count * (size_t)(ID_SIZE + 2);
    uint8_t *bytes = arena_take(desk->body_arena, room + 1);
    struct reader r = reader_of(body->data, body->size);
    struct writer w = writer_of(bytes, room);
    struct field field;
    bool done = false;

    if (!bytes)
        return false;
    while (next_field(&r, &field)) {
        for (uint32_t i = 0;
             !done && field.tag > OPEN_CONVERSATIONS && i < claim->conversation_count; i++)
            field_bytes(&w, OPEN_CONVERSATIONS, claim->conversations[i].bytes, ID_SIZE);
        done = done || field.tag > OPEN_CONVERSATIONS;
        write_bytes(&w, field.whole.data, field.whole.size);
    }
    *body = (struct bytes){bytes, w.size};
    return !w.failed && !r.failed;
}

static bool is_same_set(const struct custody_claim *claim, const struct id *ids, size_t count)
{
    return claim->conversation_count == count
        && memcmp(claim->conversations, ids, count * sizeof *ids) == 0;
}

static bool fill_conversations(struct desk *desk, const struct track *track, struct act *act,
                               struct bytes *body, struct act_fault *fault)
{
    struct id ids[CONVERSATIONS_MAX];
    size_t count = desk_talks_of_case(desk, &track->case_handle, true, ids);

    fault->where = "open_conversations";
    if (count > CONVERSATIONS_MAX) {
        reason_set(&fault->why, "the case has more than %d: close or answer some first",
                   CONVERSATIONS_MAX);
        return false;
    }
    if (act->conversations_said && !is_same_set(&act->claim, ids, count)) {
        reason_set(
            &fault->why,
            "not those that are open: the case has %zu; leave it out, and they are filled in",
            count);
        return false;
    }
    fault->where = NULL;
    if (act->conversations_said || count == 0)
        return true;
    memcpy(act->claim.conversations, ids, count * sizeof *ids);
    act->claim.conversation_count = (uint32_t)count;
    if (add_conversations(desk, body, &act->claim))
        return true;
    return desk_ok(desk, ST_NOMEM);
}

bool desk_make_act(struct desk *desk, const struct track *track, const struct message_type *type,
                   struct bytes *body, struct custody_claim *claim, struct act_fault *fault)
{
    struct holding holding = desk_holding(desk, &track->case_handle);
    struct act act;
    enum status status;

    *fault = (struct act_fault){0};
    if (id_is_zero(&track->case_handle)) {
        fault->where = "case_handle";
        reason_set(&fault->why, "an act of custody is about a case");
        return false;
    }
    status = act_read(type, *body, desk->body_arena, &act, &fault->where, &fault->why);
    if (status == ST_NOMEM)
        return desk_ok(desk, status);
    if (status != ST_OK)
        return false;
    fault->where = "reply_by_ms";
    if (!deadline_is_near(act.claim.reply_by_ms, desk->wall_ms, &fault->why))
        return false;
    fault->where = NULL;
    act.claim.case_version = holding.version;
    /* Whether an offer's time is over the broker says: a clock that may be wrong says nothing. */
    fault->code = holding_judge(&holding, desk->setup.agency, type->custody, track->to, &act.claim,
                                desk_trusts_clock(desk) ? desk->wall_ms : 0);
    if (fault->code)
        return false;
    if (type->custody == CUSTODY_OFFER && !fill_conversations(desk, track, &act, body, fault))
        return false;
    if (type->custody == CUSTODY_COMPLETE && !desk_has_record(desk, &holding, fault))
        return false;
    *claim = act.claim;
    return true;
}

void desk_reply_act_fault(struct desk *desk, struct bytes route, const struct act_fault *fault,
                          const struct track *track)
{
    struct decision decision = {.code = fault->code};
    struct question question;

    if (fault->where) {
        desk_reply_problem(desk, route, CONCORDAT__OUTCOME__BAD_INPUT, fault->where, "%s",
                           fault->why.text);
        return;
    }
    question = desk_question(track, false);
    desk_reply_refused(desk, route, &decision, &question, &track->message_id);
}

/* ---- ours, sealed and accepted ---- */

static void keep_details(struct desk *desk, const struct message_type *type,
                         const struct id *case_handle, struct bytes body)
{
    const char *where;
    struct reason why;
    struct act act;

    if (strcmp(type->name, RECORD_PART) == 0) {
        desk_see_part(desk, case_handle, body);
        return;
    }
    if ((type->custody != CUSTODY_OFFER && type->custody != CUSTODY_REJECT)
        || act_read(type, body, desk->body_arena, &act, &where, &why) != ST_OK)
        return;
    const struct handover_key of = {*case_handle, act.claim.transfer_id};
    if (type->custody == CUSTODY_OFFER)
        desk_keep_offered(desk, &of, &act);
    else
        desk_keep_reasons(desk, &of, &act);
}

void desk_act_sealed(struct desk *desk, const struct track *track, struct bytes body)
{
    keep_details(desk, catalogue_find(track->type), &track->case_handle, body);
}

/* The header of an act of ours that is still in the outbox: what it claims. */
static bool read_own_act(struct desk *desk, const struct track *track, struct envelope *out)
{
    const struct message_type *type = catalogue_find(track->type);
    struct outbox_entry entry;
    struct reason why;
    enum status status;

    if (!type || type->custody == CUSTODY_NONE)
        return false;
    status = outbox_get(desk->txn, &track->message_id, &entry);
    return status != ST_MORE && status != ST_INVALID && desk_ok(desk, status) && entry.sealed
        && envelope_read(entry.header, desk->header_arena, out, &why) == ST_OK;
}

/* What an offer names is kept while its transfer is open. */
static void forget_unless_open(struct desk *desk, const struct track *track,
                               const struct envelope *e)
{
    const struct holding holding = desk_holding(desk, &track->case_handle);

    if (catalogue_find(track->type)->custody == CUSTODY_OFFER
        && !id_equal(&holding.transfer.id, &e->custody.transfer_id))
        desk_forget_offered(desk, &track->case_handle, &e->custody.transfer_id);
}

void desk_act_accepted(struct desk *desk, const struct track *track, int64_t accepted_ms)
{
    struct accepted_act act = {.by = track->from,
                               .to = track->to,
                               .conversation_id = track->conversation_id,
                               .at_ms = accepted_ms};
    struct envelope e;

    if (!read_own_act(desk, track, &e))
        return; /* the broker tells the same */
    act.act = catalogue_find(track->type)->custody;
    act.claim = &e.custody;
    if (accepted_ms == 0 && act.act != CUSTODY_OFFER)
        return;           /* and when it was */
    if (accepted_ms == 0) /* what it names nobody else tells: as early as it can have been */
        act.at_ms = desk_holding(desk, &track->case_handle).ended_ms;
    fold(desk, &track->case_handle, &act);
    forget_unless_open(desk, track, &e);
}

void desk_act_unsaid(struct desk *desk, const struct track *track)
{
    struct envelope e;

    if (read_own_act(desk, track, &e))
        forget_unless_open(desk, track, &e);
}

/* ---- one that has come ---- */

static bool is_same_claim(const struct custody_claim *a, const struct custody_claim *b)
{
    return id_equal(&a->transfer_id, &b->transfer_id) && a->component_count == b->component_count
        && a->components == b->components && digest_equal(&a->manifest, &b->manifest)
        && a->reply_by_ms == b->reply_by_ms
        && is_same_set(a, b->conversations, b->conversation_count);
}

bool desk_act_agrees(struct desk *desk, const struct envelope *e, struct bytes body,
                     struct reason *why)
{
    const struct message_type *type = catalogue_find(e->type);
    const char *where;
    struct act act;
    enum status status;

    if (type->custody == CUSTODY_NONE && strcmp(e->type, RECORD_PART) != 0)
        return true;
    if (type->custody == CUSTODY_NONE)
        return prescan(type->body, body, &body_rules, why) == ST_OK;
    arena_reset(desk->body_arena, true);
    status = act_read(type, body, desk->body_arena, &act, &where, why);
    if (status == ST_NOMEM)
        return desk_ok(desk, status);
    if (status != ST_OK)
        return false;
    reason_set(why, "its body speaks of another transfer, other components or another manifest");
    return is_same_claim(&act.claim, &e->custody);
}

/* Does what it names hold: is its transfer not over, and no later offer of it here? */
static bool is_last_offer(struct desk *desk, const struct envelope *e, int64_t accepted_ms)
{
    const struct holding holding = desk_holding(desk, &e->case_handle);

    if (id_equal(&holding.transfer.id, &e->custody.transfer_id))
        return digest_equal(&holding.transfer.manifest, &e->custody.manifest);
    return accepted_ms >= holding.ended_ms;
}

void desk_act_came(struct desk *desk, const struct envelope *e, struct bytes body,
                   int64_t accepted_ms)
{
    const struct message_type *type = catalogue_find(e->type);
    const struct accepted_act act = {.act = type->custody,
                                     .by = e->sender,
                                     .to = e->recipient,
                                     .claim = &e->custody,
                                     .conversation_id = e->conversation_id,
                                     .at_ms = accepted_ms};

    if (type->custody != CUSTODY_NONE)
        fold(desk, &e->case_handle, &act);
    if (type->custody != CUSTODY_OFFER || is_last_offer(desk, e, accepted_ms))
        keep_details(desk, type, &e->case_handle, body);
}
