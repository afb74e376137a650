/*
 * desk_inside.h - what the desk's files share: desk.c (turns, submission), request.c (what the
 * local system asks), arrival.c (what the broker brings), delivery.c (messages for us), evidence.c
 * (what is said of ours), reply.c (answers in words). Nobody else's.
 *
 * Errors: a store or memory that fails ends the process (fail-stop), so functions here do not hand
 * status codes up; they note the first in desk->failed through desk_ok and the turn is not
 * committed. Everything after a failure is done in vain and does no harm.
 */
#ifndef AGENTS_DESK_INSIDE_H
#define AGENTS_DESK_INSIDE_H

#include "agents/body.h"
#include "agents/deadline.h"
#include "agents/desk.h"
#include "agents/directory.h"
#include "agents/gazette.h"
#include "agents/inbox.h"
#include "agents/outbox.h"
#include "agents/seal.h"
#include "agents/steps.h"
#include "agents/track.h"
#include "agents/trees.h"
#include "agreements/decide.h"
#include "lib/log.h"
#include "proto/local.pb-c.h"
#include "proto/wire.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define ITEMS_MAX 1000         /* in one reply */
#define ASK_MAX 16             /* names, and fingerprints, asked of the directory in one frame */
#define ASKED_MAX 64           /* agencies remembered as asked */
#define ASK_AGAIN_MS 5000      /* an agency is not asked about more often */
#define KEYLESS_RETRY_MS 30000 /* messages that wait for a key: ask again */
#define RETRY_MS 2000          /* after a refusal that may pass: store full, rate limited */
#define STEPS_FLYING_MAX 1024  /* steps sent and not recorded */
#define ROUTE_MAX 1024         /* bytes of a route */
#define FULL_FOR_SENDS 900     /* thousandths of the store: new messages are refused */
#define FULL_FOR_ARRIVALS 950  /* and deliveries are left with the broker */
#define CLOCK_DIFFERENCE_MS 120000 /* beyond it our clock settles nothing */
#define WAITING_BUCKETS 1024
#define FLYING_BUCKETS 1024

/* Things in TREE_DUE. */
enum due {
    DUE_BODY = 1, /* an inbox body's retention ends */
    DUE_TRACK,    /* nobody can ask about the message any more */
    DUE_LATEST    /* the place is old: the key of its `track' is the place's id */
};

/* A message submitted in this session and not answered, or refused for the time being. */
struct flying {
    struct flying *next;
    struct id id;
    struct digest header;
    size_t size; /* bytes of the credit */
    uint8_t lane;
    uint64_t number; /* in its lane */
    unsigned refusals;
    int64_t retry_at_ms; /* monotonic; 0: in flight. Until then it holds no credit */
};

/* A message or step of this session whose signer's certificate has been asked for. */
struct parked {
    struct parked *next;
    uint64_t request; /* of the directory */
    size_t size;
    uint8_t bytes[]; /* its frame */
};

/* A message of ours in the making, or in the making once more. */
struct draft {
    struct track track;
    const struct message_type *type;
    struct bytes body; /* checked, serialised, in an arena */
    bool in_reply, new_case;
    struct id asked_reply; /* in_reply_to as it was asked: that may have been sent again since */
    uint32_t wait_ms;      /* of the asker */
    struct kept kept;      /* who wanted it and why; desk_post fills in its body */
};

/* What of the inbox is to be listed. */
struct inbox_wish {
    uint32_t limit; /* 0: as usual */
    bool all;
    uint64_t before; /* with all: go on there; 0: with the newest */
};

/* A request that waits for something to happen. */
struct waiting {
    struct waiting *next; /* in its bucket, or among those that wait for the inbox */
    Concordat__Request__KindCase verb;
    struct id id;
    enum rung_kind until; /* track */
    struct inbox_wish inbox;
    bool new_case;       /* send */
    int64_t deadline_ms; /* monotonic */
    size_t route_size;
    uint8_t route[];
};

/* A message sealed in this turn and not signed yet. */
struct unsigned_message {
    struct id id;
    char recipient[AGENCY_MAX + 1];
    uint8_t lane;
    uint64_t number;
    uint8_t *header, *body; /* owned */
    size_t header_size, body_size;
};

struct ready_reply {
    struct ready_reply *next;
    size_t size;
    struct stage_local *message; /* owned */
};

struct desk {
    struct desk_setup setup;
    struct digest signer;     /* fingerprint of our signing certificate */
    struct identity identity; /* of our signing certificate */
    uint8_t community[DIGEST_SIZE];
    enum status failed; /* the first failure: nothing is committed after it */
    int64_t wall_ms, now_ms;
    struct txn *txn;    /* of this turn; NULL between turns */
    struct epoch_view { /* our sealing key, as status tells it */
        uint8_t key_id[KEY_ID_SIZE];
        int64_t seal_until_ms;
    } key;

    /* instruments without a verdict (publish.c) */
    struct publishing *publishing; /* owned */
    uint64_t last_publishing;

    /* parts, owned */
    struct steps *steps;
    struct directory *directory;
    struct gazette *gazette; /* which agreements are in force */
    struct sealer *sealer;
    struct batch_cache *batches;
    struct arena *request_arena; /* a request, its body, its reply */
    struct arena *body_arena;    /* bodies on their way to JSON or from it */
    struct arena *frame_arena;   /* a frame's head */
    struct arena *header_arena;  /* a message header */
    uint8_t *opened;             /* BODY_MAX + 1: where bodies are opened */

    /* counters, in TREE_META */
    uint64_t next_number, sent, received;
    bool counters_changed;

    /* this turn's messages, to be signed together */
    struct unsigned_message sealed[BATCH_LEAVES_MAX];
    size_t sealed_count;

    /* the session with the broker */
    bool connected;
    uint64_t session;
    char broker[AGENCY_MAX + 1];
    int64_t since_ms; /* wall: connected or not since */
    struct reason last_error;
    uint64_t credit, credit_size; /* how much may be unanswered */
    uint64_t flying_count, flying_size;
    struct flying *flying[FLYING_BUCKETS];
    int64_t postponed_until_ms;  /* monotonic: when the first of them may go again */
    uint64_t submit_from[LANES]; /* numbers from here on have not been submitted in this session */
    uint64_t step_from, steps_flying;
    int64_t retry_at_ms;     /* monotonic: the store is full, nothing is submitted before */
    bool retry;              /* then all that is unanswered goes once more */
    int64_t keyless_at_ms;   /* monotonic: when to ask again */
    uint64_t next_request;   /* of the directory */
    uint64_t wanted_request; /* number of the question that is being gathered */
    struct parked *parked, **parked_end;
    size_t parked_size;    /* bytes */
    bool clock_agrees;     /* with the broker's, at the last welcome */
    int64_t clock_base_ms; /* wall less monotonic, then */
    struct asked {
        char agency[AGENCY_MAX + 1];
        int64_t at_ms; /* monotonic */
    } asked[ASKED_MAX];
    size_t asked_next;
    char wanted[ASK_MAX][AGENCY_MAX + 1];
    struct digest wanted_prints[ASK_MAX];
    size_t wanted_count, print_count;
    uint64_t settled[SETTLE_MAX];
    size_t settled_count;
    bool publish;  /* our current key */
    bool is_stale; /* our CRLs are out of date: nothing is sent */
    bool drop;     /* the link must go: the uplink is to be told */
    bool dropped;  /* since something of this session was not taken: nothing behind it is */
    struct reason drop_why;

    /* what leaves after the commit */
    struct stage_frames *frames;
    size_t frames_room;
    struct ready_reply *replies, **replies_end;   /* of this turn */
    struct ready_reply *released, **released_end; /* committed */

    /* who waits */
    struct waiting *waiting[WAITING_BUCKETS];
    struct waiting *waiting_inbox;
    size_t waiting_count;
    int64_t sweep_at_ms; /* monotonic: when to look for what is due */

    /* messages set aside (resend.c) */
    bool resend_due;     /* some may go now */
    int64_t stale_at_ms; /* monotonic: when to look again at those that wait for the gazette */
};

/* Notes a failure. True when all is well. */
bool desk_ok(struct desk *desk, enum status status);

/* ---- desk.c ---- */

/* Seals `body` for `track` to `key` and queues it for this turn's signature; sets what the sealing
 * settles in `track`, which the caller stores.
 *   ST_INVALID  the body cannot be sealed */
enum status desk_seal(struct desk *desk, struct track *track, const struct decision *decision,
                      const struct question *question, struct bytes body,
                      const struct sealing_key *key, uint64_t number);
/* Adds a step of ours to an incoming message, and stores the track. */
void desk_add_step(struct desk *desk, struct track *track, const struct step *step);
/* The lane of an urgency: immediate 0, same day 1, routine 2. */
uint8_t desk_lane(int urgency);

/* ---- deciding.c ---- */

/* Fills a question from what is known about a message of ours. */
struct question desk_question(const struct track *track, bool in_reply);

/* The agreements in force; until the next entry of the gazette. */
const struct agreement_set *desk_agreements(const struct desk *desk);
/* decide_first for a message of ours, and whether our signing key counts under what permits it; if
 * not, whether another agreement permits it under which it counts. The question is as desk_question
 * makes it. */
struct decision desk_decide(const struct desk *desk, const struct track *track,
                            struct question *question);

/* ---- charter.c ---- */

/* A message that is to go under a charter: which one, when the sender named none. False: the asker
 * has been told. */
bool desk_take_charter(struct desk *desk, struct bytes route, struct track *track);
/* Fills in what a charter asks of a message of ours; its officers, who authorise under one clause,
 * are taken to be there until the clause is found. */
void desk_ask_charter(const struct desk *desk, const struct track *track,
                      struct question *question);
/* The officers who have authorised it under this clause. */
uint32_t desk_officers(const struct desk *desk, const struct track *track,
                       const struct clause *clause);
/* What a charter asks of one that has come: what it rested on when it was accepted. */
void desk_judge_charter(const struct desk *desk, const struct envelope *e,
                        struct question *question);
/* Does the header claim that it went under a charter? */
bool desk_is_break_glass(const struct envelope *e);

/* ---- due.c ---- */

/* Notes that `what` is to be deleted at `at_ms`. */
void desk_due(struct desk *desk, int64_t at_ms, enum due what, const struct track *track,
              uint64_t number);
/* Does what is due, bounded. */
void desk_sweep(struct desk *desk);

/* ---- submit.c ---- */

/* At the end of a turn: all that there is to say, as far as the credit goes. */
void desk_speak(struct desk *desk);
/* Asks about every agency whose key some message waits for. */
void desk_ask_for_keyless(struct desk *desk);
void desk_forget_session(struct desk *desk);
/* Asks the broker about an agency, unless it was asked just now. */
void desk_ask_agency(struct desk *desk, const char *agency);
/* Asks about a signing certificate; the request's number. */
uint64_t desk_ask_certificate(struct desk *desk, const struct digest *fingerprint);
/* Appends a frame for the broker; nothing when there is no session. */
void desk_frame(struct desk *desk, const struct wire *wire, struct bytes body);
void desk_settle(struct desk *desk, uint64_t sequence);
/* The link must go. Nothing of this session is taken from here on: what was not taken comes again,
 * and what is behind it must not come before it. */
void desk_drop_link(struct desk *desk, const char *why);

/* ---- flight.c ---- */

/* May it be submitted now? False: it is in flight, or postponed; or over, since our own agreements
 * refuse by now what the broker had put off. */
bool desk_may_take_off(struct desk *desk, const struct id *id);
/* It is submitted: takes its credit. False: that is not there. */
bool desk_take_off(struct desk *desk, const struct id *id, const struct outbox_entry *entry);
/* A message was answered: its credit comes back. False: it was not in flight. */
bool desk_landed(struct desk *desk, const struct id *id);
/* Refused for the time being: it alone is tried again later, each time later, until
 * POSTPONE_MOST_MS after the last. */
void desk_postpone(struct desk *desk, const struct id *id);
/* Submission goes back to those whose time has come. O(those in flight), when there is one. */
void desk_retry_postponed(struct desk *desk);
/* The message in flight whose header has this digest. False: none has. */
bool desk_find_flying(const struct desk *desk, const struct digest *header, struct id *out);
void desk_forget_flying(struct desk *desk);

/* ---- arrival.c ---- */

/* A frame of the broker's, on its way to who judges it. */
struct arrival {
    struct wire wire;
    struct bytes body;
    struct bytes frame; /* all of it, to be parked */
    bool last_chance;   /* the broker has been asked for the certificate and had none */
};

/* Whose certificate this proof names; `claimed` is for the log.
 *   ST_MORE     not to be had now: the frame is parked, or stays the broker's and comes again
 *   ST_FORGED   it does not hold */
enum status desk_find_signer(struct desk *desk, const struct arrival *arrival,
                             const struct proof *proof, const char *claimed,
                             const struct signer **out);

/* ---- delivery.c ---- */

void desk_deliver(struct desk *desk, const struct arrival *arrival);
/* What the version that a delivered message was accepted under had become when it was handed over,
 * as far as is known now: the entry that superseded it may come behind the message. */
enum lapse desk_lapse(const struct desk *desk, const struct track *track);
/* Where agreements are assumed, a version that another took the place of is not remembered: what it
 * is at hand-over is noted in the track. */
void desk_note_assumed_lapse(const struct desk *desk, struct track *track);

/* ---- evidence.c ---- */

void desk_receipt(struct desk *desk, const struct receipt *receipt);
void desk_refusal(struct desk *desk, const struct refusal *refusal);
/* An accepted message will never be handed over; settles the item `sequence'. */
void desk_withheld(struct desk *desk, uint64_t sequence, const struct withheld *withheld);
void desk_step(struct desk *desk, const struct arrival *arrival);

/* ---- send.c ---- */

void desk_send(struct desk *desk, struct bytes route, const Concordat__SendRequest *r);
void desk_answer(struct desk *desk, struct bytes route, const Concordat__SendRequest *r);
/* Decides about a draft by the agreements in force, with what the header needs in `question`; names
 * the officer in the body where the clause has room for it. Logs a refusal.
 *   ST_NOMEM   there is no decision */
enum status desk_judge(struct desk *desk, struct draft *draft, struct question *question,
                       struct decision *decision);
/* Seals a permitted draft when the recipient's key is here, else keeps it until it is. `number`:
 * its place in its lane; 0: the last. False: the body cannot be sealed. */
bool desk_post(struct desk *desk, struct draft *draft, uint64_t number,
               const struct decision *decision, const struct question *question);
/* The body without the officer that desk_judge named in it. */
struct bytes desk_without_officer(struct bytes body);

/* ---- resend.c ---- */

/* The broker refused one of ours because the version is stale: sets it aside to be decided about
 * and sealed once more. False: it cannot go again, so the refusal is final. */
bool desk_set_aside(struct desk *desk, const struct track *track, int64_t refused_ms);
/* Sends again what was set aside and can go now, bounded; gives up what has waited too long. */
void desk_resend(struct desk *desk);

/* ---- derive.c ---- */

void desk_derive(struct desk *desk, struct bytes route, const Concordat__DeriveRequest *r);

/* ---- notices.c ---- */

/* What the broker has made known to us, as it stands in the store. */
void desk_reply_notices(struct desk *desk, struct bytes route, const Concordat__NoticesRequest *r);

/* ---- publish.c ---- */

void desk_publish(struct desk *desk, struct bytes route, const Concordat__PublishRequest *r);
/* The broker's verdict on an instrument. */
void desk_verdict(struct desk *desk, const struct wire *wire);
/* The gazette has come to `sequence`: whose instrument it holds now is told. */
void desk_published(struct desk *desk, uint64_t sequence);
/* Who has waited until then (monotonic; INT64_MAX: all) is told that there is no verdict. */
void desk_give_up_publishing(struct desk *desk, int64_t until_ms);

/* ---- refused.c ---- */

/* What a refusing decision says, into the track. */
void desk_blame(struct track *track, const struct decision *decision);
/* Notes that a message was refused as `rung` says, for the reasons that `track` has. `kept`: who
 * wanted it and why. */
void desk_note_refusal(struct desk *desk, const struct track *track, const struct kept *kept,
                       const struct rung *rung);
/* The same for a message of the outbox, before it leaves there. */
void desk_note_kept_refusal(struct desk *desk, const struct track *track, const struct rung *rung);
/* One of the outbox is refused by ourselves: it ends. */
void desk_refuse_here(struct desk *desk, struct track *track, Concordat__RefusalCode code,
                      category_set offending);
void desk_refusals(struct desk *desk, struct bytes route, const Concordat__RefusalsRequest *r);

/* ---- keyless.c ---- */

/* May a message under this agreement be sealed to this key? Only if the agreement's pins count who
 * states it for the recipient. False: the log says so; the message waits as without a key. */
bool desk_key_counts(struct desk *desk, const struct agreement *agreement, const char *recipient,
                     const struct sealing_key *key);
/* Do the pins of any agreement count who states it? For directory_prefer; `context` is the desk. */
bool desk_key_counts_somewhere(void *context, const char *agency, const struct digest *stated_by);
/* Messages that waited for `agency`'s sealing key; `known` false: there is no such agency. */
void desk_keyless(struct desk *desk, const char *agency, bool known);

/* ---- request.c ---- */

/* 16 bytes or none; false for anything else. */
bool desk_take_id(const ProtobufCBinaryData *data, struct id *out);
void desk_say_bad_id(struct desk *desk, struct bytes route, const char *where);
/* The track of a message that has come. False: the asker has been told. */
bool desk_find_incoming(struct desk *desk, struct bytes route, const ProtobufCBinaryData *data,
                        struct track *track);
/* Answers with what is in the inbox. False: nothing is, and nobody was answered. */
bool desk_reply_inbox(struct desk *desk, struct bytes route, const struct inbox_wish *wish,
                      bool even_if_empty);
void desk_reply_track(struct desk *desk, struct bytes route, const struct track *track);

/* ---- dossier.c ---- */

void desk_cases(struct desk *desk, struct bytes route, const Concordat__CaseRequest *r);

/* ---- waiting.c ---- */

/* Parks a request that waits for something about message `id`, or for the inbox (NULL). NULL when
 * too many wait or memory is out: answer at once. The caller fills in verb and conditions. */
struct waiting *desk_park(struct desk *desk, struct bytes route, uint32_t wait_ms,
                          const struct id *id);
/* Something happened to a message: those who wait for it are answered. */
void desk_touched(struct desk *desk, const struct track *track);
/* A message was sent again as `track`: those who wait for the old one wait for that, but who waits
 * for its refusal. */
void desk_moved(struct desk *desk, const struct track *old, const struct track *track);
/* Something new is in the inbox. */
void desk_inbox_changed(struct desk *desk);
/* Those who have waited long enough are answered as things stand. */
void desk_waited(struct desk *desk);
void desk_forget_waiting(struct desk *desk);

/* ---- reply.c ---- */

/* Queues the reply; packs `response` now, so that it may borrow anything. */
void desk_reply(struct desk *desk, struct bytes route, Concordat__Response *response);
/* A reply that only says what is wrong and where. */
void desk_reply_problem(struct desk *desk, struct bytes route, Concordat__Outcome outcome,
                        const char *where, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void desk_reply_problems(struct desk *desk, struct bytes route, const struct problems *problems);
void desk_reply_refused(struct desk *desk, struct bytes route, const struct decision *decision,
                        const struct question *question, const struct id *id);
/* How a send stands: done, refused or queued. */
void desk_reply_sent(struct desk *desk, struct bytes route, const struct track *track,
                     bool new_case);
/* One message as inbox and track show it, in the request arena; NULL when that is full. */
Concordat__Item *desk_item(struct desk *desk, const struct track *track);
/* Categories of a set, in the request arena. */
size_t desk_categories(struct desk *desk, category_set set, Concordat__DataCategory **out);
void desk_reply_status(struct desk *desk, struct bytes route);
void desk_reply_agreements(struct desk *desk, struct bytes route, const char *id);

#endif
