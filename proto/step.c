#include "proto/step.h"

#include "proto/field.h"
#include "proto/prescan.h"

/* A step of one kind has its own field, and no other kind has it. */
static enum status take_outcome(const Concordat__Step *s, struct step *step, struct reason *why)
{
    bool is_rejected = s->step == CONCORDAT__STEP_KIND__REJECTED;
    bool is_declined = s->step == CONCORDAT__STEP_KIND__DECLINED;
    bool is_answered = s->step == CONCORDAT__STEP_KIND__ANSWERED;

    if (is_rejected != (s->rejected != CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED))
        return field_refuse(why, "rejected", "goes with REJECTED alone");
    if (is_declined != (s->declined != CONCORDAT__DECLINE_REASON__DECLINE_UNSPECIFIED))
        return field_refuse(why, "declined", "goes with DECLINED alone");
    if (is_answered ? !field_take(&s->reply_id, step->reply_id.bytes, ID_SIZE)
                    : s->reply_id.len != 0)
        return field_refuse(why, "reply_id", "a message id, and with ANSWERED alone");
    step->rejected = s->rejected;
    step->declined = s->declined;
    return ST_OK;
}

static enum status take_step(const Concordat__Step *s, struct step *step, struct reason *why)
{
    if (!field_take(&s->message_id, step->message_id.bytes, ID_SIZE))
        return field_refuse(why, "message_id", "not 16 bytes, or zero");
    if (!field_take(&s->header_digest, step->header_digest.bytes, DIGEST_SIZE))
        return field_refuse(why, "header_digest", "not 32 bytes, or zero");
    if (s->step == CONCORDAT__STEP_KIND__STEP_UNSPECIFIED)
        return field_refuse(why, "step", "missing");
    if (!field_take_optional(&s->previous, step->previous.bytes, DIGEST_SIZE))
        return field_refuse(why, "previous", "neither empty nor 32 bytes");
    if (s->at_ms <= 0)
        return field_refuse(why, "at_ms", "missing or before 1970");
    if (!field_take_agency(s->agency, step->agency))
        return field_refuse(why, "agency", "not an agency id");
    step->kind = s->step;
    step->at_ms = s->at_ms;
    return take_outcome(s, step, why);
}

enum status step_read(struct bytes bytes, struct arena *, struct step *out, struct reason *why)
{
    static const struct prescan rules = {
        .fields_max = 16,
        .heap_max = FIELD_SCRATCH,
        .canonical = true,
    };
    struct field_scratch scratch = {0};
    struct step step = {0};
    ProtobufCMessage *message;

    if (bytes.size > STEP_MAX) {
        reason_set(why, "step: over %d bytes", STEP_MAX);
        return ST_LIMIT;
    }
    enum status status = prescan_unpack(&concordat__step__descriptor, bytes, &rules,
                                        field_scratch_allocator(&scratch), &message, why);
    if (status == ST_OK)
        status = take_step((const Concordat__Step *)message, &step, why);
    if (status == ST_OK)
        *out = step;
    return status;
}

enum status step_write(const struct step *step, uint8_t *out, size_t room, size_t *size)
{
    struct writer w = writer_of(out, room < STEP_MAX ? room : STEP_MAX);

    field_id(&w, 1, &step->message_id);
    field_digest(&w, 2, &step->header_digest);
    field_number(&w, 3, (uint32_t)step->kind);
    field_digest(&w, 4, &step->previous);
    field_number(&w, 5, (uint64_t)step->at_ms);
    field_text(&w, 6, step->agency);
    field_number(&w, 7, (uint32_t)step->rejected);
    field_number(&w, 8, (uint32_t)step->declined);
    field_id(&w, 9, &step->reply_id);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}

const char *step_name(Concordat__StepKind kind)
{
    switch (kind) {
    case CONCORDAT__STEP_KIND__DELIVERED:
        return "delivered";
    case CONCORDAT__STEP_KIND__OPENED:
        return "opened";
    case CONCORDAT__STEP_KIND__REJECTED:
        return "rejected";
    case CONCORDAT__STEP_KIND__ACKNOWLEDGED:
        return "acknowledged";
    case CONCORDAT__STEP_KIND__DECLINED:
        return "declined";
    case CONCORDAT__STEP_KIND__ANSWERED:
        return "answered";
    case CONCORDAT__STEP_KIND__STEP_UNSPECIFIED:
    case _CONCORDAT__STEP_KIND_IS_INT_SIZE:
        break;
    }
    return "?";
}
