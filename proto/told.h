/*
 * told.h - evidence of the broker's own, for an agency: what has become of a case, and what has not
 * come in time. evidence.proto, CustodyTold and ClockTold, as values.
 *
 *     exchange --told_write--> EVENT_TOLD --> Evidence frame --> agent --told_read--> desk
 *
 * As bytes: one byte of `enum told_kind`, then the message in canonical form. Names agencies,
 * types, handles and times; never a person. Source: docs/protocol.md, custody and clocks.
 */
#ifndef PROTO_TOLD_H
#define PROTO_TOLD_H

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/evidence.pb-c.h"

#define TOLD_DUE_COUNT 16    /* the soonest of what is due with a case that moves, to its holder */
#define TOLD_DUE_OTHERS 8    /* and to each of the others */
#define TOLD_MAX (25 * 1024) /* bytes: CONVERSATIONS_MAX of them, 260 bytes each, and the rest */
#define ROLE_MAX 127         /* bytes before the NUL: a role of an agreement */

/* Bytes of the longest: a clock; a case without its conversations, and each of these. A field is
 * its tag (2 bytes from 16 on), its length when it is sized, and 10 bytes at most when it is a
 * number, 9 when that is a time. */
#define TOLD_SIZED(max) (2 + (max))
#define TOLD_CLOCK_MAX                                                                             \
    (1 + 3 * TOLD_SIZED(ID_SIZE) + 2 * TOLD_SIZED(TYPE_MAX) + TOLD_SIZED(AGREEMENT_ID_MAX)         \
     + TOLD_SIZED(CLAUSE_ID_MAX) + TOLD_SIZED(ROLE_MAX) + 2 * TOLD_SIZED(AGENCY_MAX) + 2 * 2 + 11  \
     + 6 + 10 + 11 + 7)
#define TOLD_CASE_MAX (1 + 3 * TOLD_SIZED(ID_SIZE) + 3 * TOLD_SIZED(AGENCY_MAX) + 2 + 2 * 11 + 6)
#define TOLD_CONVERSATION_MAX                                                                      \
    (3 + TOLD_SIZED(ID_SIZE) + TOLD_SIZED(TYPE_MAX) + 2 * TOLD_SIZED(AGENCY_MAX) + 2 * 6 + 4 * 2   \
     + 11)

#define TOLD_DUE_MAX                                                                               \
    (3 + 2 * TOLD_SIZED(ID_SIZE) + 2 * TOLD_SIZED(TYPE_MAX) + 2 * TOLD_SIZED(AGENCY_MAX)           \
     + TOLD_SIZED(ROLE_MAX) + 2 + 10 + 2)

enum told_kind {
    TOLD_CUSTODY = 1,
    TOLD_CLOCK
};

struct told_conversation {
    struct id id;
    char type[TYPE_MAX + 1];
    char other[AGENCY_MAX + 1];
    uint32_t next_of_holder, next_of_other;
    bool asked_by_holder, closed;
    bool stays; /* with who held the case before, to whom `other' put it: `holder' is that agency */
    char before[AGENCY_MAX + 1]; /* empty: none */
    Concordat__ClockKind due; /* owed next by the side that did not open it; UNSPECIFIED: nothing */
    int64_t due_ms;
};

struct told_due {
    Concordat__ClockKind kind;
    struct id message_id, conversation_id;
    char type[TYPE_MAX + 1], expected[TYPE_MAX + 1]; /* expected: empty: a step */
    char owed_by[AGENCY_MAX + 1], owed_to[AGENCY_MAX + 1];
    int64_t due_ms;
    char role[ROLE_MAX + 1]; /* empty: the desk */
    bool is_shared;          /* several messages expect it, so that no one of them undoes it */
};

struct custody_told {
    struct id case_handle, transfer_id, message_id; /* the latter two: zero for none */
    Concordat__CustodyChange change;                /* UNSPECIFIED: an answer to who asked */
    char holder[AGENCY_MAX + 1], offered_to[AGENCY_MAX + 1], former[AGENCY_MAX + 1];
    uint64_t version;
    uint32_t components;
    int64_t at_ms;
    uint32_t conversation_count;
    struct told_conversation conversations[CONVERSATIONS_MAX];
    uint32_t due_count; /* as many as can be: there may be more, due later */
    struct told_due due[TOLD_DUE_COUNT];
};

struct clock_told {
    uint64_t clock;
    Concordat__ClockKind kind;
    Concordat__ClockStage stage;
    struct id message_id, case_handle, conversation_id; /* zero: none */
    char type[TYPE_MAX + 1], expected[TYPE_MAX + 1];
    char agreement_id[AGREEMENT_ID_MAX + 1], clause[CLAUSE_ID_MAX + 1];
    uint32_t agreement_version, count;
    char role[ROLE_MAX + 1];
    char owed_by[AGENCY_MAX + 1], owed_to[AGENCY_MAX + 1];
    int64_t due_ms, at_ms;
};

struct told {
    enum told_kind kind;
    union {
        struct custody_told custody;
        struct clock_told clock;
    };
};

/* Resets `arena`, in which nothing of `out` lies.
 *   ST_INVALID  not canonical, a name that is none, an unknown enumeration
 *   ST_LIMIT    over TOLD_MAX */
enum status told_read(struct bytes bytes, struct arena *arena, struct told *out,
                      struct reason *why);
/* The same of a message whose kind stands apart from it (wire.h). */
enum status told_read_message(enum told_kind kind, struct bytes message, struct arena *arena,
                              struct told *out, struct reason *why);
/*   ST_LIMIT    `room` is too small */
enum status told_write(const struct told *told, uint8_t *out, size_t room, size_t *size);

const char *custody_change_name(Concordat__CustodyChange change); /* "transferred" */
const char *clock_kind_name(Concordat__ClockKind kind);           /* "acknowledge" */
const char *clock_stage_name(Concordat__ClockStage stage);        /* "breached" */

#endif
