/*
 * notice.h - what the broker itself makes known in the gazette: proto/governance.proto, Notice.
 *
 * Names agencies, agreements and counts, never a person. Canonical bytes there and back.
 */
#ifndef PROTO_NOTICE_H
#define PROTO_NOTICE_H

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/governance.pb-c.h"

#define NOTICE_MAX (20 * 1024) /* bytes: every party named, 65 bytes each, and the rest */
#define NOTICE_TO_MAX 256      /* agencies: the parties of an agreement */

struct notice {
    Concordat__NoticeKind kind;
    char agency[AGENCY_MAX + 1];      /* whom it is about; empty: nobody alone */
    char counterpart[AGENCY_MAX + 1]; /* the other one; empty: there is none */
    char agreement_id[AGREEMENT_ID_MAX + 1];
    uint32_t agreement_version;
    char clause[CLAUSE_ID_MAX + 1];
    struct id message_id;
    uint32_t count;
    int64_t due_ms;
    uint32_t to_count;
    char to[NOTICE_TO_MAX][AGENCY_MAX + 1]; /* who gets it */
};

/* Resets `arena`, in which nothing of `out` lies.
 *   ST_INVALID  not canonical, no kind, or a name that is none
 *   ST_LIMIT    over NOTICE_MAX or NOTICE_TO_MAX */
enum status notice_read(struct bytes bytes, struct arena *arena, struct notice *out,
                        struct reason *why);
/*   ST_LIMIT    `room` is too small */
enum status notice_write(const struct notice *notice, uint8_t *out, size_t room, size_t *size);
bool notice_is_for(const struct notice *notice, const char *agency);

#endif
