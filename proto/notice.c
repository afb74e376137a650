#include "proto/notice.h"

#include <string.h>

#include "proto/field.h"
#include "proto/prescan.h"

static bool take_agency(const char *from, char to[static AGENCY_MAX + 1])
{
    return from[0] == '\0' || field_take_agency(from, to);
}

static bool take_word(const char *from, char *to, size_t max)
{
    return from[0] == '\0' || field_take_word(from, to, max);
}

static enum status take_notice(const Concordat__Notice *m, struct notice *n, struct reason *why)
{
    if (m->kind == CONCORDAT__NOTICE_KIND__NOTICE_UNSPECIFIED)
        return field_refuse(why, "notice.kind", "missing");
    if (!take_agency(m->agency, n->agency) || !take_agency(m->counterpart, n->counterpart))
        return field_refuse(why, "notice.agency, counterpart", "not an agency id");
    if (!take_word(m->agreement_id, n->agreement_id, AGREEMENT_ID_MAX)
        || !take_word(m->clause, n->clause, CLAUSE_ID_MAX))
        return field_refuse(why, "notice.agreement_id, clause", "too long or not printable");
    if (!field_take_optional(&m->message_id, n->message_id.bytes, ID_SIZE))
        return field_refuse(why, "notice.message_id", "not 16 bytes");
    if (m->n_to > NOTICE_TO_MAX) {
        (void)field_refuse(why, "notice.to", "too many");
        return ST_LIMIT;
    }
    for (size_t i = 0; i < m->n_to; i++)
        if (!field_take_agency(m->to[i], n->to[i]))
            return field_refuse(why, "notice.to", "not an agency id");
    n->kind = m->kind;
    n->agreement_version = m->agreement_version;
    n->count = m->count;
    n->due_ms = m->due_ms;
    n->to_count = (uint32_t)m->n_to;
    return ST_OK;
}

enum status notice_read(struct bytes bytes, struct arena *arena, struct notice *out,
                        struct reason *why)
{
    static const struct prescan rules = {
        .fields_max = HEADER_FIELDS_MAX,
        .heap_max = HEAD_ARENA,
        .canonical = true,
    };
    struct notice notice = {0};
    ProtobufCMessage *message;

    if (bytes.size > NOTICE_MAX) {
        reason_set(why, "notice: over %d bytes", NOTICE_MAX);
        return ST_LIMIT;
    }
    arena_reset(arena, false);
    enum status status = prescan_unpack(&concordat__notice__descriptor, bytes, &rules,
                                        arena_allocator(arena), &message, why);
    if (status == ST_OK)
        status = take_notice((const Concordat__Notice *)message, &notice, why);
    if (status == ST_OK)
        *out = notice;
    return status;
}

enum status notice_write(const struct notice *n, uint8_t *out, size_t room, size_t *size)
{
    struct writer w = writer_of(out, room < NOTICE_MAX ? room : NOTICE_MAX);

    field_number(&w, 1, (uint64_t)n->kind);
    field_text(&w, 2, n->agency);
    field_text(&w, 3, n->counterpart);
    field_text(&w, 4, n->agreement_id);
    field_number(&w, 5, n->agreement_version);
    field_text(&w, 6, n->clause);
    field_id(&w, 7, &n->message_id);
    field_number(&w, 8, n->count);
    field_number(&w, 9, (uint64_t)n->due_ms);
    for (uint32_t i = 0; i < n->to_count; i++)
        field_text(&w, 10, n->to[i]);
    if (w.failed)
        return ST_LIMIT;
    *size = w.size;
    return ST_OK;
}

bool notice_is_for(const struct notice *notice, const char *agency)
{
    for (uint32_t i = 0; i < notice->to_count; i++)
        if (strcmp(notice->to[i], agency) == 0)
            return true;
    return false;
}
