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
#include "agents/conversations.h"
#include "agents/custody.h"
#include "agents/deadline.h"
#include "agents/desk.h"
#include "agents/directory.h"
#include "agents/gazette.h"
#include "agents/inbox.h"
#include "agents/outbox.h"
#include "agents/owed.h"
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
#define FULL_FOR_ARRIVALS 950  /* what comes, and what is told, is left with the broker */
#define CASE_QUESTIONS_MAX 256 /* about cases, that the broker has not answered */
#define CLOCK_DIFFERENCE_MS 120000 /* beyond it our clock settles nothing */
#define WAITING_BUCKETS 1024
#define FLYING_BUCKETS 1024

/* Things in TREE_DUE. */
enum due {
    DUE_BODY = 1, /* an inbox body's retention ends */
    DUE_TRACK,    /* nobody can ask about the message any more */
    DUE_LATEST,   /* the place is old: the key of its `track' is the place's id */
    DUE_TALK      /* nothing is said any more in a conversation: the same with its id */
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
    char instead[AGENCY_MAX
                 + 1];     /* where it goes if nothing permits it to `track.to'; empty: nowhere */
    struct id asked_reply; /* in_reply_to as it was asked: that may have been sent again since */
    struct id asked_talk;  /* conversation_id as it was asked */
    char
        asked_to[AGENCY_MAX + 1]; /* the recipient as it was asked: the case may have moved since */
    uint32_t wait_ms;             /* of the asker */
    struct kept kept;             /* who wanted it and why; desk_post fills in its body */
};

/* The place of a message of ours in its conversation (talking.c). */
struct placed {
    bool is_kept, is_new; /* is_kept: `talk' is to be stored with it */
    struct talk talk;
};

/* An act of custody, as its body says it; borrows from the body's arena (acts.c). */
struct act {
    struct custody_claim claim; /* without the case's version */
    ProtobufCMessage *content;  /* the body */
    bool conversations_said;    /* an offer's: also when it says that there are none */
    struct bytes manifest;      /* an offer's, serialised */
};

/* What is replied to, and the conversation that is to go on. */
struct context {
    bool has_original, has_talk;
    struct track original;
    struct talk talk;
};

/* What stands in the way of an act of ours: a code, or a fault in what was asked. */
struct act_fault {
    Concordat__RefusalCode code; /* UNSPECIFIED with `where': bad input */
    const char *where;           /* NULL: see code */
    struct reason why;
};

/* Which alarms are to be listed: the newest `limit' (0: as usual) of those numbered after `after'.
 */
struct alarms_wish {
    uint32_t limit;
    bool all; /* also those that have been seen */
    uint64_t after;
};

/* What of the inbox is to be listed. */
struct inbox_wish {
    uint32_t limit; /* 0: as usual */
    bool all;
    uint64_t before; /* with all: go on there; 0: with the newest */
};

/* A request that waits for something to happen. */
struct waiting {
    struct waiting *next; /* in its bucket, or among those that wait for no message */
    Concordat__Request__KindCase verb;
    struct id id;
    enum rung_kind until; /* track */
    struct inbox_wish inbox;
    struct alarms_wish alarms;
    struct case_wish { /* of the case `id' */
        uint32_t limit;
        uint64_t mark; /* of its custody, which is to become another */
    } of_case;
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
    struct waiting *waiting_any; /* for the inbox, an alarm, a case's custody, the broker */
    size_t waiting_count;
    size_t waiting_cases; /* of them, for custody */
    bool stirred;         /* since it was looked at for them, something was asked or came */
    int64_t sweep_at_ms;  /* monotonic: when to look for what is due */

    /* cases (holding.c, forward.c) */
    struct case_question {
        uint64_t request; /* 0: answered, or none */
        struct id handle;
        bool is_claim;
    } case_questions[CASE_QUESTIONS_MAX]; /* of this session, by number */
    uint64_t next_case_request;
    bool claims_due;        /* claims may go now */
    int64_t claims_at_ms;   /* monotonic: when they may go again */
    struct id forward_from; /* where the next look at them goes on */
    bool reread_due;        /* evidence that an older release could not read */
    bool forward_due;       /* answers owed to holders may go now */
    int64_t forward_at_ms;  /* monotonic: when to look again at those that wait */

    /* what is owed, by other bank holidays (owing.c) */
    struct owed reckoned; /* as far as this one */
    bool reckon_due;

    /* messages set aside (resend.c) */
    bool resend_due;     /* some may go now */
    int64_t stale_at_ms; /* monotonic: when to look again at those that wait for the gazette */
    int64_t aside_at_ms; /* monotonic: when the last of them was set aside */
};

/* Our clock agreed with the broker's, and has not been stepped since. What there is no way back
 * from, erasing above all, is done by no other. */
bool desk_trusts_clock(const struct desk *desk);
/* Notes a failure. True when all is well. */
bool desk_ok(struct desk *desk, enum status status);

/* ---- dispatch.c ---- */

/* Seals `body` for `track` to `key` and queues it for this turn's signature; sets what the sealing
 * settles in `track`, which the caller stores.
 *   ST_INVALID  the body cannot be sealed */
enum status desk_seal(struct desk *desk, struct track *track, const struct decision *decision,
                      const struct question *question, struct bytes body,
                      const struct sealing_key *key, uint64_t number);
/* One signature over all that was sealed since the last; these are in the outbox then. */
void desk_sign_messages(struct desk *desk);
/* What is sealed and not signed goes. */
void desk_forget_sealed(struct desk *desk);
/* The lane of an urgency: immediate 0, same day 1, routine 2. */
uint8_t desk_lane(int urgency);

/* ---- desk.c ---- */

/* Adds a step of ours to an incoming message, and stores the track. */
void desk_add_step(struct desk *desk, struct track *track, const struct step *step);

/* ---- deciding.c ---- */

/* Fills a question from what is known about a message of ours. */
struct question desk_question(const struct track *track, bool in_reply);

/* The agreements in force; until the next entry of the gazette. */
const struct agreement_set *desk_agreements(const struct desk *desk);
/* decide_first for a message of ours, and whether our signing key counts under what permits it; if
 * not, whether another agreement permits it under which it counts. The question is as desk_question
 * makes it; its marking is the least that the message may have, and becomes what it has. */
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
/* Does what is due, bounded; no message goes while the clock is not to be trusted. */
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

/* Is there room for what comes? False: the link is dropped, so that all of it comes again. */
bool desk_has_room(struct desk *desk);
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

/* ---- draft.c ---- */

/* Each fills its part of the draft from the request. False: the asker has been told which field
 * does not hold. */
bool desk_draft_parties(struct desk *desk, struct bytes route, const char *type, const char *to,
                        struct draft *draft);
bool desk_draft_ids(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                    struct draft *draft);
bool desk_draft_details(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                        struct draft *draft);
/* The body, checked and serialised in the body arena, and the deadline that it gives. After type
 * and details. */
bool desk_draft_body(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                     struct draft *draft);
/* What was asked, as one digest: a repeat under the same id must ask the same. A deadline that the
 * body gives is in the body, whether the sender gave it too or not; and what could not be asked in
 * former versions is left out when it is not asked. */
struct digest desk_draft_wish(const struct draft *draft);

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

/* ---- context.c ---- */

/* Finds what is replied to. False: the asker has been told. */
bool desk_find_original(struct desk *desk, struct bytes route, const struct draft *draft,
                        struct context *context);
/* Finds the conversation that is named, or that of what is replied to. False: as above. */
bool desk_find_named_talk(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                          const struct draft *draft, struct context *context);
/* Was something sent under its id? A repeat is answered as before: what has become of its
 * conversation since, by itself above all, does not stand in its way. */
bool desk_was_sent(struct desk *desk, const struct draft *draft);
/* To whom, when the sender does not say: the other side as it is by now; "": nobody knows. */
const char *desk_usual_recipient(const struct context *context);
/* What follows for the draft from what is replied to, from the conversation that is named, from the
 * transfer of its case that is open. */
void desk_continue_from(const struct context *context, struct draft *draft);
void desk_continue_talk(const struct context *context, struct draft *draft);
void desk_continue_transfer(struct desk *desk, struct draft *draft);

/* ---- resend.c ---- */

/* One of ours is refused as `code' because the version is stale, or because its conversation's case
 * may have moved: sets it aside to be decided about and sealed once more. False: it cannot go
 * again, so the refusal is final. */
bool desk_set_aside(struct desk *desk, const struct track *track, Concordat__RefusalCode code,
                    int64_t refused_ms);
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

/* ---- talking.c ---- */

/* The conversation of that id, or of what its first message was sent again as. False: nothing is
 * kept of it. */
bool desk_find_talk(struct desk *desk, const struct id *id, struct talk *out);
/* Where a message of ours that is being sealed stands: gives `track' its conversation and number.
 * It opens one of its own when that which it asks for has ended, is somebody else's now, or is with
 * another agency. */
void desk_place(struct desk *desk, const struct message_type *type, struct track *track,
                struct placed *out);
/* It is sealed: its number is taken. */
void desk_placed(struct desk *desk, const struct message_type *type, const struct track *track,
                 struct placed *placed);
/* It was refused; `is_recorded': by the broker, under its number. */
void desk_unsaid(struct desk *desk, const struct track *track, bool is_recorded);
/* It was rejected or withheld after it was accepted: what it ended goes on, as at the broker. */
void desk_talk_undone(struct desk *desk, const struct track *track);
/* A message has come; before desk_owe. True: it answers what is another's by now, and is owed to
 * it.
 */
bool desk_heard(struct desk *desk, const struct message_type *type, const struct track *track);
/* Is a message of this type an answer in a conversation that our side has opened? */
bool desk_is_of_talk(struct desk *desk, const struct id *conversation, const char *sender,
                     const char *type);
/* It is over, since the transfer that it was about is. */
void desk_talk_over(struct desk *desk, const struct id *id);
/* One that another asked and that is ours since: its first message was declined, rejected or
 * withheld, as `how' says, and the evidence is who sent it's. */
void desk_talk_refused(struct desk *desk, const struct id *id, Concordat__ClockKind how);
/* Its first message was declined, rejected or withheld. */
void desk_talk_ended(struct desk *desk, const struct track *track);
/* The broker's word on a conversation of a case. */
void desk_talk_told(struct desk *desk, const struct custody_told *told,
                    const struct told_conversation *t);
/* Ids of a case's open conversations whose side is ours, ascending; how many there are, which may
 * be one more than CONVERSATIONS_MAX. */
size_t desk_talks_of_case(struct desk *desk, const struct id *case_handle, bool without_transfers,
                          struct id ids[static CONVERSATIONS_MAX]);
/* Deletes what is old and over. False: not yet. */
bool desk_forget_talk(struct desk *desk, const struct id *id);

/* ---- offered.c ---- */

/* Keeps what an offer names; a part that is the same as before is as far as it was. */
void desk_keep_offered(struct desk *desk, const struct handover_key *of, const struct act *act);
void desk_keep_reasons(struct desk *desk, const struct handover_key *of, const struct act *act);
/* A part of the record, ours or theirs, against the manifest of the open transfer. */
void desk_see_part(struct desk *desk, const struct id *case_handle, struct bytes body);
/* What is kept of a transfer goes. */
void desk_forget_offered(struct desk *desk, const struct id *case_handle,
                         const struct id *transfer);
/* Every part of the manifest is here, as it says. False: `fault' says what is not. */
bool desk_has_record(struct desk *desk, const struct holding *holding, struct act_fault *fault);

/* ---- acts.c ---- */

/* Reads the body of an act of custody; `arena' holds what `out' borrows.
 *   ST_INVALID  `where' and `why' say what does not hold
 *   ST_NOMEM */
enum status act_read(const struct message_type *type, struct bytes body, struct arena *arena,
                     struct act *out, const char **where, struct reason *why);
/* What is known of a case; all zero but its handle when nothing is. */
struct holding desk_holding(struct desk *desk, const struct id *handle);
/* Do we hold the case, as far as we know? */
bool desk_is_holder(const struct desk *desk, const struct id *handle);
/* Fills what the sender left out and the agent knows: transfer and manifest of an act's body.
 * Before the body is checked. False: the asker has been told. */
bool desk_fill_act(struct desk *desk, struct bytes route, const Concordat__SendRequest *r,
                   const struct draft *draft, Concordat__SendRequest *filled);
/* What goes out: the claim for the header, and `body' with the conversations that go with the case.
 * False: `fault' says what stands in the way. */
bool desk_make_act(struct desk *desk, const struct track *track, const struct message_type *type,
                   struct bytes *body, struct custody_claim *claim, struct act_fault *fault);
/* An act, or a part of the record, of ours is sealed: keeps what the offer names. */
void desk_act_sealed(struct desk *desk, const struct track *track, struct bytes body);
/* One of ours was accepted by the broker, and its header says what it was. `accepted_ms' 0: when is
 * not known. */
void desk_act_accepted(struct desk *desk, const struct track *track, int64_t accepted_ms);
/* One of ours was refused, and is still in the outbox: what a new offer named goes. */
void desk_act_unsaid(struct desk *desk, const struct track *track);
/* Does the header of one that has come say what its body says? False: `why'. */
bool desk_act_agrees(struct desk *desk, const struct envelope *e, struct bytes body,
                     struct reason *why);
/* It is delivered. */
void desk_act_came(struct desk *desk, const struct envelope *e, struct bytes body,
                   int64_t accepted_ms);
/* The transfer that was open before is over: what is kept of it goes, and its conversation ends. */
void desk_handover_ended(struct desk *desk, const struct handover *before,
                         const struct holding *holding);
/* Tells the asker. */
void desk_reply_act_fault(struct desk *desk, struct bytes route, const struct act_fault *fault,
                          const struct track *track);

/* ---- holding.c ---- */

void desk_hold(struct desk *desk, struct bytes route, const Concordat__HoldRequest *r);
void desk_holder(struct desk *desk, struct bytes route, const Concordat__HolderRequest *r);
/* The broker's answer to a claim or a question. */
void desk_case_frame(struct desk *desk, const struct wire *wire);
/* The broker's word, unasked: CustodyTold or ClockTold; settles the item. */
void desk_told(struct desk *desk, const struct wire *wire);
/* What an older release could not read is read again: in the first turn. */
void desk_reread(struct desk *desk);
/* Claims that have no answer go again: with a session, and from time to time. */
void desk_send_claims(struct desk *desk);
/* Asks who holds it; whoever waits is told, and what is owed to the holder goes there. The
 * question's number; 0: there is no session. */
uint64_t desk_ask_case(struct desk *desk, const struct id *handle);
/* One who has waited long enough for either. */
void desk_waited_case(struct desk *desk, const struct waiting *waiting);
/* A case as it is known here, in the request arena; NULL: nothing is, or that is full. */
Concordat__CustodyState *desk_custody_state(struct desk *desk, const struct id *handle);

/* ---- alarming.c ---- */

/* A strike of a clock that the broker has told. */
void desk_clock_told(struct desk *desk, const struct clock_told *told, struct bytes bytes);
/* What this release cannot read of what the broker has told. */
void desk_told_unreadable(struct desk *desk, uint8_t kind, struct bytes bytes);
void desk_alarms(struct desk *desk, struct bytes route, const Concordat__AlarmsRequest *r);
/* Answers with the alarms wished for. False: there are none, and nobody was answered. What is in
 * the request arena goes; of desk_reply_case too. */
bool desk_reply_alarms(struct desk *desk, struct bytes route, const struct alarms_wish *wish,
                       bool even_if_empty);
/* Puts them into the response, the newest first; they lie in the request arena. Are there older
 * ones? */
bool desk_list_alarms(struct desk *desk, const struct alarms_wish *wish,
                      Concordat__Response *response);

/* ---- owing.c ---- */

/* A message was accepted, ours or one for us: what is owed from now on, and what is not any more.
 */
void desk_owe(struct desk *desk, const struct track *track, int64_t accepted_ms);
/* Is the same expected already, by another message? */
bool desk_owed_is_known(struct desk *desk, const struct owed *owed);
/* The message that it is owed for. False: what was taken over with a case is no message of ours. */
bool desk_owed_cause(struct desk *desk, const struct owed *owed, struct track *out);
/* The version of the agreement under which the message went; NULL: not known here. */
const struct agreement *desk_agreement_of(const struct desk *desk, const struct track *track);
/* What is to come, by kind and type. */
void owed_name_expected(struct owed *owed, const struct message_type *type);
/* The bank holidays that count. */
const struct calendar_days *desk_calendar(const struct desk *desk);
/* Reckons anew what is still to come, bounded, when the bank holidays may be others. */
void desk_reckon(struct desk *desk);

/* ---- discharge.c ---- */

/* What an accepted message meets, or ends with its conversation. */
void desk_owed_met(struct desk *desk, const struct track *track, int64_t accepted_ms);
/* We have rejected it: what it has ended all the same. */
void desk_owed_rejected(struct desk *desk, const struct track *track, int64_t accepted_ms);
/* Ours was rejected or withheld: what it met goes on, as its conversation does. After
 * desk_talk_undone. */
void desk_owed_undone(struct desk *desk, const struct track *track);
/* Is it expected in its conversation alone? */
bool desk_owed_is_there(struct desk *desk, const struct owed *owed);
/* A step was signed, by us or by the recipient of ours. */
void desk_owed_step(struct desk *desk, const struct track *track, Concordat__StepKind step);
/* The first message of a conversation, another's, was declined, rejected or withheld. */
void desk_owed_refused(struct desk *desk, const struct talk *talk, Concordat__ClockKind how);
/* A transfer of the case from the one to the other has ended otherwise than by its completion. */
void desk_owed_transfer_over(struct desk *desk, const struct id *case_handle, const char *giver,
                             const char *taker);
/* The message is settled for good without an answer. */
void desk_owed_gone(struct desk *desk, const struct track *track);
/* A conversation has ended, and nothing undoes it: what its first message asked for. */
void desk_owed_over(struct desk *desk, const struct talk *talk);
/* The transfer that the conversation was about is over: no reply is owed. */
void desk_owed_replied(struct desk *desk, const struct id *conversation);
/* Every component of the offer has been spoken of, or it is made again. */
void desk_owed_no_reply(struct desk *desk, const struct id *conversation);

/* ---- owed_moves.c ---- */

/* Of what was sent to who held the case: it alone can acknowledge or open that. */
bool owed_stays_behind(const struct owed *owed);
/* A conversation has been taken over, in which this is owed next. */
void desk_owed_taken(struct desk *desk, const struct talk *talk, Concordat__ClockKind kind,
                     int64_t due_ms);
/* The conversation's other side is another now. */
void desk_owed_moved(struct desk *desk, const struct talk *talk);
/* Its case has moved: what is expected about it, and what goes with its conversations, is as the
 * broker says. Nothing of what started since. */
void desk_owed_told(struct desk *desk, const struct custody_told *told);
/* Our side of it has moved with its case: we owe it what only we can do. */
void desk_owed_left(struct desk *desk, const struct id *conversation);

/* ---- watched.c ---- */

/* The message has come, or ours was accepted: an update of a referral may say another end of its
 * watch, by which its close is due. */
void desk_watch_moves(struct desk *desk, const struct track *track);
/* Its recipient could not open ours, or never gets it. */
void desk_watch_undone(struct desk *desk, const struct track *track);
/* Until when what it refers is watched by now; 0: nobody said. O(messages of its case) */
int64_t desk_watched_until(struct desk *desk, const struct track *first);

/* ---- due_list.c ---- */

void desk_due_list(struct desk *desk, struct bytes route, const Concordat__DueRequest *r);

/* ---- forward.c ---- */

/* Does this answer wait to be passed on? */
bool desk_is_to_forward(struct desk *desk, const struct id *answer);
/* An answer has come whose question is the case's holder's now: it is owed there. */
void desk_forward_answer(struct desk *desk, const struct track *answer);
/* Passes on what can go, bounded; looks after what has gone. At the end of a turn. */
void desk_forward(struct desk *desk);
/* Those of those that wait which are due first, `most' of them (not 0), in the request arena and in
 * order: *count, from 0, of `list'. O(those that wait) */
void desk_list_forwards(struct desk *desk, Concordat__Due **list, size_t *count, size_t most);

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
/* Answers with one case. False: its custody is as `wish->mark' says (0: none is), and nobody was
 * answered. */
bool desk_reply_case(struct desk *desk, struct bytes route, const struct id *handle,
                     const struct case_wish *wish);

/* ---- waiting.c ---- */

/* Parks a request that waits for something about message `id`, or for none (NULL). NULL when too
 * many wait or memory is out: answer at once. The caller fills in verb and conditions. */
struct waiting *desk_park(struct desk *desk, struct bytes route, uint32_t wait_ms,
                          const struct id *id);
/* Something happened to a message: those who wait for it are answered. */
void desk_touched(struct desk *desk, const struct track *track);
/* A message was sent again as `track`: those who wait for the old one wait for that, but who waits
 * for its refusal. */
void desk_moved(struct desk *desk, const struct track *old, const struct track *track);
/* Those who wait for something about `id': `answer' says whether it has answered. */
void desk_answer_waiting(struct desk *desk, const struct id *id,
                         bool (*answer)(struct desk *desk, const struct waiting *waiting,
                                        void *context),
                         void *context);
/* Something new is in the inbox. */
void desk_inbox_changed(struct desk *desk);
/* A new alarm stands above it: whoever waits for the inbox is told, and who waits for alarms. */
void desk_alarmed(struct desk *desk);
/* There is a session with the broker: whoever waits for that is told. */
void desk_connected(struct desk *desk);
/* Parks who waits for a case's custody to become another than `wish->mark'. False: see desk_park.
 */
bool desk_park_case(struct desk *desk, struct bytes route, uint32_t wait_ms,
                    const struct id *handle, const struct case_wish *wish);
/* At the end of a turn: those are answered whose case's custody has changed in it. O(those that
 * wait for custody), nothing when nothing was asked or came. */
void desk_custody_stirred(struct desk *desk);
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
