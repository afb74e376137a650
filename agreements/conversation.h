/*
 * conversation.h - an enquiry, a referral or a transfer from its first message to its end: two
 * sides, their numbers, and what is still owed.
 *
 * Which types open, acknowledge, answer, update and close a conversation is the catalogue's. A
 * notice opens none: it has an id and number 1, and nothing is kept of it. Each side numbers its
 * own messages from 1 without gaps. A side follows the case: at COMPLETE the holder's side becomes
 * the new holder's, with numbers and all; `before` may still be sent the answer to what it asked,
 * and owes it to the holder as `case.late_answer`. A late answer has no place in the numbers of
 * either side, which belong to the holder: its number is not looked at.
 *
 * A conversation whose two sides are the old and the new holder stays between them: neither can be
 * both of its sides. One that was put to the holder is moved only when the new holder can answer
 * it, which the caller knows; else it stays with who was asked.
 *
 * A case that is closed ends the enquiries that its holder asked. An answer that comes after that
 * is accepted, outside the numbers, and changes nothing else.
 *
 * Pure, like custody.h. Source: docs/custody.md.
 */
#ifndef AGREEMENTS_CONVERSATION_H
#define AGREEMENTS_CONVERSATION_H

#include "lib/id.h"
#include "proto/catalogue.h"
#include "proto/evidence.pb-c.h"

enum conversation_state {
    CONVERSATION_OPEN = 1,
    CONVERSATION_FORWARDING, /* answered to `before`, which owes the answer to the asker now */
    CONVERSATION_CLOSED
};

#define LATE_ANSWER "case.late_answer"
#define SEQUENCE_AHEAD_MAX                                                                         \
    1024 /* a number that is further ahead of the next is none of the side's */

#define CONVERSATION_BY_ANY UINT64_MAX
#define CONVERSATION_BY_MANY (UINT64_MAX - 1)

struct conversation {
    struct id id, case_handle;         /* case: zero for none */
    const struct message_type *opened; /* the type of its first message */
    enum conversation_state state;
    uint32_t asker, other; /* agencies, numbers of the caller's: who opened it, and to whom */
    uint32_t before;       /* was the asker (or other) when it was asked, and is not now; 0 */
    bool before_was_other; /* `before` stands for the other side */
    uint32_t
        next_of_asker; /* the number of each side's next message; what is held is not counted */
    uint32_t next_of_other;
    bool acknowledged, answered;
    bool ended_with_case; /* closed since its case was: its answer may come all the same */
    /* The message that answered it, and the one that ended it, as the caller numbers them; 0: none,
     * or it has ended for good. */
    uint64_t answered_in, ended_in; /* CONVERSATION_BY_ANY: not recorded, whichever is undone */
    /* Another answer that came for `before', and counts when the first is undone; 0: none.
     * CONVERSATION_BY_MANY: several, which are not undone. */
    uint64_t second_in;
    int64_t changed_ms;
};

bool conversation_has_side(const struct conversation *c, uint32_t agency);
/* Does a message of this type open a conversation that is kept? */
bool conversation_is_kept(const struct message_type *type);

/* Does a message of type `name` keep up to date, or close, what one of type `opened` opened? */
bool conversation_goes_on_by(const struct message_type *opened, const char *name);
/* Does it close that? */
bool conversation_is_closed_by(const struct message_type *opened, const char *name);

/* What a message is to a conversation. */
struct utterance {
    const struct message_type *type;
    uint32_t from, to;
    uint32_t sequence;
    uint64_t message; /* the caller's number of it, so that it can be undone; 0: it never is */
};

/* May it be said now?
 *   CONVERSATION_UNKNOWN  it is closed; or the two are not its sides, but for an answer to `before`
 *                         and, once it has that, a late answer from it
 *   SEQUENCE_REUSED       the number is below the next, or over SEQUENCE_AHEAD_MAX above it, so
 * that nobody uses up the numbers of who holds the case after it; or UINT32_MAX UNSPECIFIED: yes;
 * *ahead: numbers before it are missing, so it is held. */
Concordat__RefusalCode conversation_judge(const struct conversation *c, const struct utterance *u,
                                          bool *ahead);
/* It is said, with the side's next number or, after a gap, a later one: the number after it is
 * next, and what follows for the state. An answer closes an enquiry, and a referral that no type
 * closes. What was permitted when it was accepted and would not be now (it was held) is counted,
 * and no more. */
void conversation_apply(struct conversation *c, const struct utterance *u, int64_t now_ms);
/* An answer for `before' has been said beside the one that counts. 0: without effect. */
void conversation_add_second(struct conversation *c, uint64_t message);
/* Has another message than that answered it? */
bool conversation_answered_by_other(const struct conversation *c, uint64_t message);
/* The side's next message was refused for good: its number will not come. Without effect when it
 * is not the next number, or `from` is no side. */
void conversation_skip(struct conversation *c, uint32_t from, uint32_t sequence);
/* A step or an end without words: declined, rejected, withheld, expired. True: it is closed by it,
 * since `message` opened it; for good, also when a message that can be undone had closed it. */
bool conversation_ended(struct conversation *c, const struct id *message);
/* Its recipient could not open what was said, or it was withheld: what it did is undone, so that it
 * can be said again. A conversation that this very message ended is open again, and none that
 * another did. When a second answer came for `before', that counts from now on, and is owed by it.
 * Without effect on numbers. True: something changed. Not for a late answer. */
bool conversation_undo(struct conversation *c, const struct utterance *u, int64_t now_ms);
/* The same of a late answer: its sender owes it again, to `holder', who is to have it by now. One
 * that has ended stays so when it has another asker by that. */
bool conversation_undo_late(struct conversation *c, const struct utterance *u, uint32_t holder,
                            int64_t now_ms);
/* The case has moved. True: a side of it has. What was answered to `before` is owed by it to the
 * newest holder. */
bool conversation_move(struct conversation *c, uint32_t from, uint32_t to, int64_t now_ms);

#endif
