/* A case as it is known here, as the local system is shown it. See desk_inside.h. */
#include <string.h>

#include "agents/claimed.h"
#include "agents/desk_inside.h"
#include "proto/bodies/transfer.pb-c.h"

#define CLAIMS_SHOWN 16

static char *copy_text(struct desk *desk, const char *text)
{
    char *copy = arena_take(desk->request_arena, strlen(text) + 1);

    return copy ? memcpy(copy, text, strlen(text) + 1) : (char *)(uintptr_t) "";
}

static ProtobufCBinaryData copy_bytes(struct desk *desk, const void *data, size_t size)
{
    uint8_t *copy = arena_take(desk->request_arena, size);

    if (!copy)
        return (ProtobufCBinaryData){0};
    memcpy(copy, data, size);
    return (ProtobufCBinaryData){.len = size, .data = copy};
}

static char *name_of(const ProtobufCEnumDescriptor *names, uint32_t value)
{
    const ProtobufCEnumValue *known =
        value ? protobuf_c_enum_descriptor_get_value(names, (int)value) : NULL;

    return (char *)(uintptr_t)(known ? known->name : "");
}

static void add_components(struct desk *desk, const struct handover_key *of,
                           const struct handover *t, Concordat__CustodyState *state)
{
    Concordat__TransferComponent *list =
        arena_take(desk->request_arena, (t->count + 1) * sizeof *list);

    state->components = arena_take(desk->request_arena, (t->count + 1) * sizeof(list));
    for (uint32_t n = 0; list && state->components && n < t->count && n < COMPONENTS_MAX; n++) {
        const uint32_t bit = UINT32_C(1) << n;
        struct component c = {0};

        (void)component_get(desk->txn, of, n + 1, &c);
        concordat__transfer_component__init(&list[n]);
        list[n].number = n + 1;
        list[n].kind = name_of(&concordat__body__transfer_component__kind__descriptor, c.kind);
        list[n].label = copy_text(desk, c.label);
        list[n].state = (char *)(uintptr_t)(t->accepted & bit   ? "accepted"
                                            : t->rejected & bit ? "rejected"
                                                                : "offered");
        if (t->rejected & bit)
            list[n].reason =
                name_of(&concordat__body__transfer_reply__reject__descriptor, c.reject);
        state->components[state->n_components++] = &list[n];
    }
}

struct parts_list {
    struct desk *desk;
    Concordat__CustodyState *state;
    size_t most;
    bool ours;
};

static bool add_part(void *context, const struct part *part)
{
    struct parts_list *list = context;
    struct desk *desk = list->desk;
    Concordat__TransferPart *to;

    if (part->number == 0) { /* the manifest's: its id, and how many there are */
        list->most = part->size;
        list->state->manifest_id = copy_bytes(desk, part->sha256.bytes, ID_SIZE);
        list->state->parts =
            arena_take(desk->request_arena, (list->most + 1) * sizeof *list->state->parts);
        return list->state->parts != NULL;
    }
    to = arena_take(desk->request_arena, sizeof *to);
    if (!to || list->state->n_parts == list->most)
        return false;
    concordat__transfer_part__init(to);
    to->number = part->number;
    to->kind = copy_text(desk, part->kind);
    to->size = part->size;
    to->sha256 = copy_bytes(desk, part->sha256.bytes, DIGEST_SIZE);
    to->state = (char *)(uintptr_t)(part->state == PART_DIFFERS ? "differs"
                                    : part->state == PART_HERE  ? (list->ours ? "sent" : "here")
                                    : list->ours                ? "unsent"
                                                                : "missing");
    list->state->parts[list->state->n_parts++] = to;
    return true;
}

static void add_conversations(struct desk *desk, const struct id *handle,
                              Concordat__CustodyState *state)
{
    struct id ids[CONVERSATIONS_MAX];
    size_t count = desk_talks_of_case(desk, handle, false, ids);

    if (count > CONVERSATIONS_MAX)
        count = CONVERSATIONS_MAX;
    state->conversations =
        arena_take(desk->request_arena, (count + 1) * sizeof *state->conversations);
    for (size_t i = 0; state->conversations && i < count; i++) {
        Concordat__Conversation *to = arena_take(desk->request_arena, sizeof *to);
        struct talk talk;

        if (!to || !desk_find_talk(desk, &ids[i], &talk))
            continue;
        concordat__conversation__init(to);
        to->conversation_id = copy_bytes(desk, ids[i].bytes, ID_SIZE);
        to->type = (char *)(uintptr_t)talk.rules.opened->name;
        to->with = copy_text(desk, talk.other);
        to->asked_by_us = talk_is_asked_by_us(&talk);
        to->next = talk.next;
        to->state = (char *)(uintptr_t) "open";
        state->conversations[state->n_conversations++] = to;
    }
}

struct claims_list {
    struct desk *desk;
    Concordat__CustodyState *state;
};

static const char *name_of_claim(Concordat__ClaimKind kind)
{
    return kind == CONCORDAT__CLAIM_KIND__CLAIM_OPEN  ? "open"
         : kind == CONCORDAT__CLAIM_KIND__CLAIM_CLOSE ? "close"
                                                      : "withdraw";
}

static bool add_claim(void *context, const struct claimed *claimed)
{
    struct claims_list *list = context;
    struct desk *desk = list->desk;
    Concordat__Claimed *to = arena_take(desk->request_arena, sizeof *to);
    struct reason why = {""};
    struct claim claim;

    if (!to || claim_read(claimed->claim, desk->frame_arena, &claim, &why) != ST_OK)
        return true;
    concordat__claimed__init(to);
    to->claim = copy_bytes(desk, claimed->claim.data, claimed->claim.size);
    to->signer = copy_bytes(desk, claimed->signer.bytes, DIGEST_SIZE);
    to->signature = copy_bytes(desk, claimed->signature, SIGNATURE_SIZE);
    to->kind = (char *)(uintptr_t)name_of_claim(claim.kind);
    to->at_ms = claim.at_ms;
    to->answered_ms = claimed->answered_ms;
    if (claimed->code)
        to->code = (char *)(uintptr_t)refusal_name((Concordat__RefusalCode)claimed->code);
    if (claimed->answer.size > 0)
        to->answer = copy_bytes(desk, claimed->answer.data, claimed->answer.size);
    list->state->claims[list->state->n_claims++] = to;
    return list->state->n_claims < CLAIMS_SHOWN;
}

static void add_claims(struct desk *desk, const struct id *handle, Concordat__CustodyState *state)
{
    struct claims_list list = {desk, state};

    state->claims = arena_take(desk->request_arena, CLAIMS_SHOWN * sizeof *state->claims);
    if (state->claims)
        (void)desk_ok(desk, claimed_each(desk->txn, handle, add_claim, &list));
}

Concordat__CustodyState *desk_custody_state(struct desk *desk, const struct id *handle)
{
    struct holding h = desk_holding(desk, handle);
    const struct handover *t = &h.transfer;
    struct handover_key of = {.case_handle = *handle};
    struct parts_list parts = {.desk = desk};
    Concordat__CustodyState *state;

    if (h.version == 0)
        return NULL;
    state = arena_take(desk->request_arena, sizeof *state);
    if (!state)
        return NULL;
    concordat__custody_state__init(state);
    state->case_handle = copy_bytes(desk, handle->bytes, ID_SIZE);
    state->holder = copy_text(desk, h.holder);
    state->version = h.version;
    state->closed = h.is_closed;
    state->since_ms = h.changed_ms;
    add_conversations(desk, handle, state);
    add_claims(desk, handle, state);
    if (id_is_zero(&t->id))
        return state;
    of.transfer = t->id;
    state->transfer_id = copy_bytes(desk, t->id.bytes, ID_SIZE);
    state->offered_to = copy_text(desk, t->to);
    state->reply_by_ms = t->reply_by_ms;
    if (t->count > 0)
        state->manifest_sha256 = copy_bytes(desk, t->manifest.bytes, DIGEST_SIZE);
    state->offered = t->offered;
    state->accepted = t->accepted;
    state->rejected = t->rejected;
    add_components(desk, &of, t, state);
    state->manifest_sha256 = copy_bytes(desk, t->manifest.bytes, DIGEST_SIZE);
    parts.state = state;
    parts.ours = strcmp(t->to, desk->setup.agency) != 0;
    (void)parts_each(desk->txn, &of, add_part, &parts); /* what is damaged is not shown */
    return state;
}
