/*
 * town.h - what the simulation of custody knows: four agencies, three cases, every message that was
 * ever written, and every conversation it opened.
 *
 *     acts.c: agencies write, answer, lose their sessions --> hub.h --> watch.c: what became of it
 *
 * Model agents lose nothing of their own and dedupe nothing: what reaches them is what the broker
 * sends. `letters' and `talks' are the simulation's own word of what happened, put together from
 * durable messages alone; the broker's is compared with it.
 */
#ifndef TESTS_SIM_TOWN_H
#define TESTS_SIM_TOWN_H

#include "tests/sim/brittle.h"
#include "proto/told.h"
#include "tests/sim/hub.h"

#define AGENCIES 4 /* nps.a, nps.b and crc.a may hold cases; csc.a is asked */
#define HOLDERS 3
#define CSC 3
#define CASES 3
#define LETTERS_MAX 1024
#define TALKS_MAX 256
#define CLAIMS_MAX 64
#define FRAMES_MAX 256
#define NONE (-1)
#define TICKS_MAX 4096
#define CLOCK_KINDS 16

#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define START INT64_C(1800000000000) /* 2027-01-15, a Friday, 08:00 */

/* A message as it was written, and what has become of it. */
struct letter {
    const struct message_type *type;
    int from, to, case_number, talk, reply_to; /* NONE: none */
    struct id id;
    struct digest digest; /* of its header */
    uint32_t sequence;
    int64_t created_ms, needed_by_ms, watch_until_ms;
    struct custody_claim custody;
    /* at its sender */
    bool answered;
    /* at the broker: what is durable */
    uint64_t accepted; /* sequence; 0: not */
    int64_t accepted_ms;
    bool refused, withheld;
    int64_t refused_ms;
    bool settled;   /* a step of its recipient is recorded, or it is withheld */
    int side;       /* of its conversation: 0 who opened it, 1 the other; NONE: none */
    bool to_former; /* an answer to who is not the side any more */
    bool passes;    /* it brought an answer to who holds the case */
    bool rejected;  /* or withheld: what it said has not been said */
    /* at its recipient */
    unsigned shown;
    session_id shown_in;
    uint32_t steps; /* bits: recorded */
    int step_sent;  /* on its way; 0: none */
    struct digest last_step, sent_step;
    int passed_on; /* the late answer to whom it belongs; NONE: none */
};

/* A conversation that is kept. */
struct talk {
    struct id id;
    const struct message_type *opened;
    int opening; /* letter */
    int case_number;
    int sides[2];
    uint32_t assigned[2]; /* the last number that the side has used */
    bool with_holder;     /* the case's holder was a side of it when it was opened */
    bool is_known;        /* its first message is durable */
    bool is_kept;         /* the broker keeps it, and says: */
    struct conversation said;
    bool is_over;         /* it was kept as closed, or is kept no more */
    int former;           /* who was its first side before; NONE: nobody */
    int owes_again;       /* whose late answer could not be opened, in this batch; NONE: nobody's */
    bool stays;           /* put to who held the case before, and only that agency can answer it */
    bool ended_with_case; /* its holder asked, and has closed the case */
    unsigned told_ended;  /* agencies, as bits, that heard so */
    bool came_to_nobody;  /* who is asked, or has taken it over, could not open its first message */
    bool is_passed;       /* an answer to who holds the case, or a late one, is durable */
    unsigned word_to;     /* agencies, as bits, still to be told what became of its first message */
    Concordat__ClockKind word;  /* that */
    bool is_missed;             /* its former side was told that the answer waits */
    unsigned waits[2], says[2]; /* of each side: numbers that are held; those of messages */
};

/* A case as durable messages and claims say. */
struct file {
    struct id handle;
    int holder;    /* NONE: nobody yet, or closed */
    unsigned held; /* agencies, as bits, that hold it or held it */
    bool is_closed;
    bool is_open; /* a transfer */
    struct id transfer;
    int to;
    uint32_t count, offered, accepted, rejected;
    struct digest manifest;
    uint64_t version;
    bool is_kept; /* the broker keeps it, and says: */
    struct custody said;
};

struct said_claim {
    int agency, case_number;
    Concordat__ClaimKind kind;
    uint64_t version;
    bool answered;
};

enum frame_kind {
    FRAME_SUBMIT = 1,
    FRAME_STEP,
    FRAME_SETTLE,
    FRAME_CLAIM
};

struct frame_out {
    enum frame_kind kind;
    int place;         /* letter or claim */
    int step;          /* FRAME_STEP */
    uint64_t sequence; /* FRAME_SETTLE */
};

struct agency {
    const char *name, *kind, *contact, *out_of_hours; /* NULL: no other desk at night */
    session_id session;                               /* 0: away */
    unsigned generation;
    uint32_t member;
    bool is_welcome;
    struct frame_out frames[FRAMES_MAX]; /* written, and not sent yet */
    size_t frame_count;
    uint64_t told[FRAMES_MAX]; /* items to be settled */
    size_t told_count;
};

struct kept_record {
    uint8_t kind;
    uint8_t key[KEPT_KEY_MAX], *record; /* record: owned */
    size_t key_size, record_size;
};

/* A clock that has to run, by the agreement and docs/clocks.md (clockwork.c). */
struct tick {
    Concordat__ClockKind kind;
    int letter; /* that it belongs to; NONE: to a case or a conversation */
    int talk, case_number;
    int by, to; /* agencies: who owes it, and to whom */
    int64_t start_ms, due_ms;
    const char *const *ladder;
    unsigned rungs;
    unsigned struck;             /* strikes behind it */
    int64_t ladder_ms;           /* OPEN: its next strike */
    uint64_t rungs_at[AGENCIES]; /* OPEN: the item of the last that was told; 0: it is taken */
    bool has_causes;             /* more than one: no one of them ends it */
    bool is_breached, is_over;
    int met_by;                  /* letter under which it rests; NONE */
    Concordat__ClockStage stage; /* that is due now */
    unsigned wanted, late;       /* agencies, as bits, to be told of that; that it comes late */
    unsigned asked;              /* that were to be told of it at first */
    bool may_stop;               /* and need not be, when something stops it in the same batch */
    const char *role;
    unsigned before;            /* strikes behind it, if what is due now is not to be after all */
    int64_t before_ms, fell_ms; /* fell_ms: when that was due */
    bool was_breached;
    bool is_silent;  /* OPEN: nobody is told of it, and it may still be stopped before it strikes */
    uint64_t number; /* the broker's; 0: it has said nothing yet */
};

/* The time by the rules of docs/clocks.md. */
struct own_time {
    bool has_begun, is_behind;
    int64_t ahead_ms, now_ms, monotonic_ms, slow_ms, slow_since_ms, newest_ms;
};

struct town_counts {
    uint64_t runs, batches, letters, accepted, refused, deliveries, opened, transfers, closed;
    uint64_t talks, moved, held, late_answers, words, strikes, deaths, checkpoints, disconnects;
    uint64_t rejected, withheld, resumed, late, slow;
    uint64_t struck[CLOCK_KINDS];
};

struct town {
    uint64_t seed, random;
    struct hub *hub;
    int64_t wall_ms, monotonic_ms;
    struct own_time time;
    struct tick ticks[TICKS_MAX];
    int tick_count;
    bool has_commands; /* of this batch, events have been seen that commands caused */
    int undone;        /* letter that was rejected or withheld just now; NONE */
    bool is_in_batch;
    struct agency agencies[AGENCIES];
    struct file files[CASES];
    struct letter letters[LETTERS_MAX];
    int letter_count;
    struct talk talks[TALKS_MAX];
    int talk_count;
    struct said_claim claims[CLAIMS_MAX];
    int claim_count;
    struct kept_record *kept; /* owned; what EVENT_KEPT has said */
    size_t kept_count, kept_room;
    bool breaks;       /* sessions break on their own */
    bool clocks_alone; /* what the broker keeps is not compared with what it has in memory */
    unsigned rejects;  /* of a hundred messages */
    bool failed;
    char fault[256];
    struct town_counts *counts;
};

/* The rule that was broken, once; the run is over. */
void town_fail(struct town *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t below(struct town *t, uint64_t bound);
bool chance(struct town *t, unsigned percent);
int agency_of(const char *name); /* NONE: none */
struct letter *letter_of(struct town *t, const struct id *id);
struct talk *talk_of(struct town *t, const struct id *id);
struct file *file_of(struct town *t, const struct id *handle);
/* It is open as far as is durable, in a case: it must go with it. */
bool talk_is_open(const struct talk *talk, int case_number);

/* ---- letters.c ---- */
/* What the clause of a letter gives, in hours; 0: nothing. */
struct spans {
    unsigned acknowledge, decide, answer, close;
    unsigned rungs;
};
extern const char *const town_ladder[];
struct spans letter_spans(const struct town *t, const struct letter *letter);
/* What the agreement gives until the first contact of who takes a case, and who hears of none. */
#define CONTACT_HOURS (5 * 24)
#define CONTACT_TELL "Head of probation"
const char *town_agreement(void);
/* Does the agreement let one send the other such a message? */
bool town_permits(const struct town *t, const char *type, int from, int to);
/* A new letter, with id and time; NULL: there are enough. */
struct letter *letter_new(struct town *t, const char *type, int from, int to, int case_number);
/* It opens a conversation, or is said in one with `sequence'. */
void letter_opens(struct town *t, struct letter *letter);
void letter_in(struct town *t, struct letter *letter, struct talk *talk, uint32_t sequence);
/* It is written: to be submitted whenever there is a session. */
void letter_post(struct town *t, struct letter *letter);
void letter_submit(struct town *t, const struct letter *letter);

/* ---- acts.c ---- */
void town_act(struct town *t); /* an agency does something */
/* Passes on what was answered to who has not the case any more. */
void town_pass_on(struct town *t, struct letter *answer);
/* ---- wires.c ---- */
void agency_connect(struct town *t, int agency);
void agency_disconnect(struct town *t, int agency, bool lost); /* lost: no certificate holds */
void agency_say(struct town *t, int agency, struct frame_out frame);
/* Moves up to `count' frames of the agency into the broker's turn, some of them twice. */
void agency_pump(struct town *t, int agency, size_t count);
/* Steps on what was delivered, settlements of what was told. */
void agency_read(struct town *t, int agency, bool everything);
void agency_hear(struct town *t, const struct effect *effect);
void town_died(struct town *t);
/* acts.c: the broker's answer to a claim, a ready frame. */
void town_answered(struct town *t, int agency, const struct effect_frame *frame);
/* ---- watch.c, holds.c ---- */
void watch_event(struct town *t, const struct event *event);
void watch_batch(struct town *t); /* after each: every invariant */
void watch_end(struct town *t);   /* nothing is on its way any more */
void watch_shown(struct town *t, struct letter *letter, const struct effect_item *item);
void watch_forget(struct town *t);
/* ---- words.c ---- */
/* Before talk->said is what the step or withholding makes of it. */
void words_event(struct town *t, const struct letter *letter, const struct event *event);
void words_told(struct town *t, struct talk *talk, const struct event *event,
                const struct clock_told *told); /* talk: NULL: none */
void words_batch(struct town *t);               /* nobody waits for one any more */
/* ---- clockwork.c: what strikes, and what must ---- */
int64_t clockwork_now(struct town *t); /* the time at the wall clock as it stands */
void clockwork_died(struct town *t);
void clockwork_begun(struct town *t, int64_t now_ms);
/* Each durable event before anything else is made of it. */
void clockwork_event(struct town *t, const struct event *event);
/* After the rest of the simulation knows of it. */
void clockwork_accepted(struct town *t, const struct letter *letter);
void clockwork_step(struct town *t, const struct letter *letter, Concordat__StepKind step);
void clockwork_withheld(struct town *t, const struct letter *letter);
/* Before talk->said is `now'. */
void clockwork_talk(struct town *t, struct talk *talk, const struct conversation_kept *now);
void clockwork_no_transfer(struct town *t, int case_number);
void clockwork_told(struct town *t, const struct event *event, const struct clock_told *told);
void clockwork_batch(struct town *t);
/* ---- trace.c ---- */
void town_trace(struct town *t); /* every letter, conversation and clock, as it stands */

#endif
