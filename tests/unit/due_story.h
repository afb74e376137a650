/*
 * due_story.h - what three agencies say to each other about a few cases, through their real agents
 * and the real broker: for the test that holds their lists of what is due against its clocks.
 *
 * One agreement with every kind of time in it. Each act is tried, and may be refused; what is said
 * is remembered, so that later acts can be about it. Then everything settles.
 */
#ifndef TESTS_UNIT_DUE_STORY_H
#define TESTS_UNIT_DUE_STORY_H

#include "tests/unit/town_real.h"

#define STORY_CASES 2
#define STORY_SAID_MAX 512

enum {
    NPS,
    CRC,
    CSC,
    STORY_AGENCIES
};
extern const char *const story_agencies[STORY_AGENCIES];

struct story {
    struct town *town; /* owned */
    char folder[64];
    struct id cases[STORY_CASES], manifests[STORY_CASES];
    struct said {
        struct id id, conversation;
        const char *type;
        size_t from, to, about; /* about: the case */
    } said[STORY_SAID_MAX];
    size_t count;
    unsigned done; /* acts that were not refused */
};

/* Nothing said yet; probation holds each case. */
struct story *story_new(void);
void story_free(struct story *story);
OWN(story)

/* Who holds the case, as its agent knows; STORY_AGENCIES: nobody. */
size_t story_holder(struct story *s, size_t about);
/* The last of that type that was said about the case; NULL: none. */
const struct said *story_last(const struct story *s, const char *type, size_t about);

/* The holder's; `watched': until when it is named, some days on. What was said, or NULL. */
const struct said *story_refer(struct story *s, size_t about, bool watched);
/* `needed_in_ms' 0: no time is named. */
const struct said *story_enquire(struct story *s, size_t about, int64_t needed_in_ms);
/* In what another has opened: an answer, an update, a close. */
const struct said *story_reply(struct story *s, size_t by, const char *type,
                               const struct said *first);
/* A notice about the case, of one half of probation to the other; who the officer is, to social
 * care. */
const struct said *story_notice(struct story *s, size_t by, const char *type, size_t about);
/* Acts of custody: the holder's, or the other half's. `components' are bits. */
const struct said *story_offer(struct story *s, size_t about, unsigned components,
                               int64_t reply_in_ms);
const struct said *story_accept(struct story *s, size_t about, unsigned components);
const struct said *story_reject(struct story *s, size_t about, unsigned components);
const struct said *story_withdraw(struct story *s, size_t about);
const struct said *story_send_part(struct story *s, size_t about);
/* Who is offered it asks for the part, in the transfer's conversation while that is open. */
const struct said *story_ask_part(struct story *s, size_t about);
const struct said *story_complete(struct story *s, size_t about);
/* All of that, from the offer on. */
void story_hand_over(struct story *s, size_t about);
void story_claim(struct story *s, size_t by, size_t about, Concordat__ClaimKind kind);
/* A step of the recipient. */
void story_step(struct story *s, const struct said *of, Concordat__StepKind step);
void story_open(struct story *s, const struct said *of);
/* Time passes; clocks strike. */
void story_wait(struct story *s, int64_t ms);
void story_settle(struct story *s);

#endif
