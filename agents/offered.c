/*
 * offered.c - what the offer of a transfer names, as it comes here: its components with their
 * answers, its manifest, and which parts of the record are here and the same. See desk_inside.h.
 *
 *     offer --desk_keep_offered--> components, parts <--desk_see_part-- case.record.part
 *                                       desk_has_record --> may it be completed?
 *
 * Kept by case and transfer, in the turn of what named it, and gone with the transfer
 * (desk_forget_offered). Threads: the keeper's.
 */
#include <string.h>

#include "agents/desk_inside.h"
#include "agents/manifest.h"
#include "proto/bodies/transfer.pb-c.h"
#include "proto/field.h"

#define PART_MANIFEST 1 /* of RecordPart: its manifest's id */
#define PART_NUMBER 2

/* Bytes of the text, `max' at most, and no part of a character: what others write is shown. */
static size_t cut(const char *text, size_t max)
{
    size_t size = strnlen(text, max + 1);

    if (size <= max)
        return size;
    for (size = max; size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80;)
        size--;
    return size;
}

static const char *or_nothing(const char *text)
{
    return text ? text : "";
}

void desk_keep_offered(struct desk *desk, const struct handover_key *of, const struct act *act)
{
    const Concordat__Body__TransferOffer *o = (const void *)act->content;
    const size_t parts = o->manifest ? o->manifest->n_parts : 0;
    struct part head = {.number = 0, .size = parts};

    for (size_t i = 0; i < o->n_components; i++) {
        struct component c = {0};
        const char *label = or_nothing(o->components[i]->label);

        (void)component_get(desk->txn, of, (uint32_t)i + 1, &c); /* or there is none yet */
        c.number = (uint32_t)i + 1;
        c.kind = o->components[i]->kind;
        memset(c.label, 0, sizeof c.label);
        memcpy(c.label, label, cut(label, LABEL_MAX));
        (void)desk_ok(desk, component_put(desk->txn, of, &c));
    }
    if (o->manifest && o->manifest->manifest_id.len == ID_SIZE)
        memcpy(head.sha256.bytes, o->manifest->manifest_id.data, ID_SIZE);
    (void)desk_ok(desk, part_put(desk->txn, of, &head));
    for (size_t i = 0; i < parts; i++) {
        const Concordat__Body__ManifestPart *m = o->manifest->parts[i];
        struct part part = {.number = (uint32_t)i + 1, .size = m->size}, before;
        const char *kind = or_nothing(m->kind);

        memcpy(part.kind, kind, cut(kind, PART_KIND_MAX));
        memcpy(part.sha256.bytes, m->sha256.data, DIGEST_SIZE);
        if (part_get(desk->txn, of, part.number, &before) == ST_OK
            && digest_equal(&before.sha256, &part.sha256))
            part.state = before.state;
        (void)desk_ok(desk, part_put(desk->txn, of, &part));
    }
    (void)desk_ok(desk,
                  handover_cut(desk->txn, of, (uint32_t)o->n_components + 1, (uint32_t)parts + 1));
}

void desk_keep_reasons(struct desk *desk, const struct handover_key *of, const struct act *act)
{
    const Concordat__Body__TransferReply *r = (const void *)act->content;

    for (size_t i = 0; i < r->n_replies; i++) {
        struct component c;
        enum status status = component_get(desk->txn, of, r->replies[i]->component, &c);

        if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status))
            continue;
        c.reject = r->replies[i]->reject;
        (void)desk_ok(desk, component_put(desk->txn, of, &c));
    }
}

/* A part of the record, ours or theirs, against the manifest of the open transfer. */
void desk_see_part(struct desk *desk, const struct id *case_handle, struct bytes body)
{
    struct holding holding = desk_holding(desk, case_handle);
    const struct handover_key key = {*case_handle, holding.transfer.id}, *of = &key;
    const struct part_measure came = manifest_measure(body);
    struct bytes manifest = field_find(body, PART_MANIFEST);
    struct part head, part;
    uint64_t number;
    enum status status;

    if (id_is_zero(&key.transfer) || !field_find_number(body, PART_NUMBER, &number) || number == 0
        || number > PARTS_MAX || manifest.size != ID_SIZE)
        return;
    status = part_get(desk->txn, of, 0, &head);
    if (status == ST_OK && memcmp(head.sha256.bytes, manifest.data, ID_SIZE) == 0)
        status = part_get(desk->txn, of, (uint32_t)number, &part);
    else if (status == ST_OK)
        status = ST_MORE; /* of another manifest */
    if (status == ST_MORE || status == ST_INVALID || !desk_ok(desk, status)
        || part.state == PART_HERE)
        return;
    part.state = part.size == came.size && digest_equal(&came.sha256, &part.sha256) ? PART_HERE
                                                                                    : PART_DIFFERS;
    if (part.state == PART_DIFFERS)
        log_event(LOG_WARN, "part_differs", "part=%u", part.number);
    (void)desk_ok(desk, part_put(desk->txn, of, &part));
}

/* What is kept of a transfer goes. */
void desk_forget_offered(struct desk *desk, const struct id *case_handle, const struct id *transfer)
{
    const struct handover_key of = {*case_handle, *transfer};

    (void)desk_ok(desk, handover_cut(desk->txn, &of, 1, 0));
}

struct record_count {
    bool has_head; /* the manifest is known */
    uint64_t owed; /* by the manifest */
    uint64_t here;
    struct part lacking; /* the first; number 0: none */
};

static bool count_part(void *context, const struct part *part)
{
    struct record_count *count = context;

    if (part->number == 0) {
        count->has_head = true;
        count->owed = part->size;
    } else if (part->state == PART_HERE) {
        count->here++;
    } else {
        count->lacking = *part;
    }
    return count->lacking.number == 0;
}

/* Every part of the manifest is here, as it says. */
bool desk_has_record(struct desk *desk, const struct holding *holding, struct act_fault *fault)
{
    const struct handover_key of = {holding->handle, holding->transfer.id};
    struct record_count count = {0};
    enum status status = parts_each(desk->txn, &of, count_part, &count);

    if (status != ST_INVALID && !desk_ok(desk, status))
        return false;
    if (status == ST_OK && count.has_head && count.here == count.owed)
        return true;
    fault->where = "manifest";
    if (status == ST_INVALID || (count.has_head && count.lacking.number == 0))
        reason_set(&fault->why, "what is known of its parts is damaged");
    else if (!count.has_head)
        reason_set(&fault->why, "it is not known here");
    else
        reason_set(&fault->why, "part %u %s", count.lacking.number,
                   count.lacking.state == PART_DIFFERS ? "differs from the manifest"
                                                       : "is missing");
    return false;
}
