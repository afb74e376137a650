/*
 * exchange_inside.h - the exchange's own insides, shared by exchange.c, restore.c, acceptance.c,
 * ladder.c, registry.c, gazette.c, notices.c, charter.c, withholding.c, kept.c, judging.c,
 * conversing.c, custody.c, claims.c, forgetting.c, case_told.c, timing.c, striking.c, tally.c and
 * delivery.c and by nobody else.
 */
#ifndef BROKER_EXCHANGE_INSIDE_H
#define BROKER_EXCHANGE_INSIDE_H

#include "agreements/conversation.h"
#include "agreements/privilege.h"
#include "agreements/registrar.h"
#include "broker/attempts.h"
#include "broker/batch_size.h"
#include "broker/cases.h"
#include "broker/clocks.h"
#include "broker/directory.h"
#include "broker/draft.h"
#include "broker/exchange.h"
#include "broker/idmap.h"
#include "broker/ledger.h"
#include "broker/messages.h"
#include "broker/queue.h"
#include "broker/quota.h"
#include "proto/notice.h"
#include "proto/told.h"

/* An agency as the exchange serves it; by the directory's places. */
struct member {
    session_id session; /* 0: away */
    uint32_t credit;    /* items it takes before it has settled any */
    uint32_t credit_size;
    struct queue queue;
    bool is_ready;      /* stands in exchange.ready */
    int64_t lost_at_ms; /* its signing certificates were gone when its session ended; 0: were not */
    bool follows;       /* the gazette */
    uint32_t cases_opened;   /* that are kept: by its claims, whoever holds them */
    uint32_t gazette_at;     /* the next entry it gets: a place in exchange.published */
    uint64_t gazette_flying; /* bytes of entries that its link has not reported sent */
};

/* An entry of the gazette; the record is in the ledger or the state. */
struct published {
    uint64_t sequence;
    int64_t at_ms;
    Concordat__Act act;                        /* 0: a notice */
    uint32_t agency;                           /* who signed: its place */
    uint32_t text_size;                        /* a proposal's; bytes */
    struct digest digest, key, agreement_hash; /* key: that signed */
};

/* A review or an end that has been announced. */
struct announced {
    char agreement_id[AGREEMENT_ID_MAX + 1];
    uint32_t version, days;
    Concordat__NoticeKind kind;
    int64_t due_ms;
};

/* Decided at hand-over, to be recorded with the next batch. */
struct withholding {
    uint64_t sequence; /* of the message; 0: it is recorded */
    char sender[AGENCY_MAX + 1];
    struct id message_id;
    struct digest header_digest;
    uint8_t lane;
    Concordat__RefusalCode code;
};

#define WITHHOLDINGS_MAX 1024 /* in one batch: their records are a part of it */

#define ALARMS_MAX 16
#define CLOCKS_A_BATCH 1024  /* strikes in one batch: each is up to three records */
#define RECKONED_A_BATCH 256 /* clocks looked at anew in one, when the calendar is another */
#define TALLIES_A_BATCH 256  /* days judged in one */

/* What one agency has sent under one expectation in a day of London's. */
struct day_tally {
    char agreement[AGREEMENT_ID_MAX + 1], expectation[CLAUSE_ID_MAX + 1];
    uint32_t agency;    /* its place + 1 */
    int64_t day_end_ms; /* the midnight that ends the day */
    uint32_t count;     /* so far, and no further than what is expected */
    bool whole;         /* it was counted from the day's beginning: it can be judged */
};

struct tallies {
    struct day_tally *all; /* owned */
    uint32_t count, room;
    struct idmap by_name; /* a hash of the names: place + 1 */
    int64_t look_ms;      /* when something is due, or expectations may be others */
};

struct exchange {
    struct registrar *registrar;   /* owned: what is in force */
    struct privileges *privileges; /* owned: of those who broke the glass */
    struct exchange_reader reader;
    struct directory *directory; /* owned, as all of these */
    struct queues *queues;
    struct messages *messages;
    struct ledger *ledger;
    struct arena *arena; /* for statements at start */

    struct member *members; /* owned; member_room >= directory_count */
    uint32_t *ready;        /* owned; members that may have something to get; member_room */
    uint32_t member_room, ready_count;

    struct published *published; /* owned; ascending */
    uint32_t published_count, published_room;
    struct announced *announced; /* owned */
    uint32_t announced_count, announced_room;
    struct quotas *quotas;     /* owned */
    struct attempts *attempts; /* owned */
    struct cases *cases;       /* owned */
    uint32_t cases_most;       /* that one agency may have opened */
    struct clocks *clocks;     /* owned */
    enum {
        FORGET_NOTHING = 0,
        FORGET_CONVERSATIONS,
        FORGET_CASES
    } forgetting;       /* what is looked at, whether it can be forgotten */
    uint32_t looked_at; /* the place of the last */
    struct tallies tallies;
    struct calendar_days *calendar; /* owned; NULL: the one built in */
    uint32_t reckoned;              /* place of the last clock looked at, while `is_reckoning` */
    uint32_t meets, meets_expected; /* clocks that this message may still meet (batch_size.h) */
    bool is_reckoning, clocks_wait;
    struct withholding *withholding; /* owned; WITHHOLDINGS_MAX */
    uint32_t withholding_count;

    struct draft draft;
    struct parcel *effects;  /* owned; one a link */
    uint32_t *effect_counts; /* owned; the same */
    unsigned links;
    bool is_open;          /* between begin and durable: effects stay in */
    bool is_full, is_high; /* the store; high: no more proposals */
    int64_t now_ms, age_at_ms, dates_at_ms;
    int64_t lost_look_ms; /* when the next that is lost has been so for its grace */
    struct exchange_counts counts;
    struct exchange_alarm alarms[ALARMS_MAX];
    uint32_t alarm_first, alarm_count;
};

/* May more be begun that is due by itself? (batch_size.h) What then waits is for the next batch. */
static inline bool exchange_has_room(const struct exchange *x)
{
    return x->draft.size < EXCHANGE_BEGIN_MAX;
}

/* A member for the agency, new if need be. */
enum status exchange_enter(struct exchange *x, const char *agency, uint32_t *member);
/* The member may have something to get: delivery looks. */
void exchange_wake(struct exchange *x, uint32_t member);
/* Has it been without a certificate for LOST_GRACE_MS? A renewed certificate takes some time to be
 * put in place; until then its mail waits. */
bool exchange_is_lost(const struct exchange *x, const struct member *member);
/* Writes the event with the next sequence and this batch's time, and notes which message it touched
 * (place in messages.h, 0 = none). */
enum status exchange_record(struct exchange *x, struct event *event, uint32_t message);
/* An effect of `size` bytes with its tail for the command's session, zeroed but for its tail, that
 * releases the command; NULL when memory is out. */
void *exchange_answer(struct exchange *x, enum effect_kind kind, const struct command *command,
                      size_t size);
/* The command needs no answer but its release. */
enum status exchange_release(struct exchange *x, const struct command *command);
/* An effect of its own for a session. */
void *exchange_effect(struct exchange *x, enum effect_kind kind, session_id session, size_t size);
void exchange_raise(struct exchange *x, enum exchange_alarm_kind kind, uint32_t member);

/* acceptance.c */
enum status exchange_submit(struct exchange *x, uint8_t *turn, const struct command_submit *submit);
bool exchange_knows(const struct exchange *x, const char *agency);
/* ladder.c */
enum status exchange_step(struct exchange *x, const struct command_step *given);
enum status exchange_settle(struct exchange *x, const struct command_settle *settle);
/* registry.c */
enum status exchange_look_up(struct exchange *x, const struct command_directory *asked);
enum status exchange_publish(struct exchange *x, const struct command_publish *publish);
/* gazette.c */
enum status exchange_gazette(struct exchange *x, const struct command_gazette *given);
enum status exchange_follow(struct exchange *x, const struct command_follow *follow);
enum status exchange_drained(struct exchange *x, const struct command_drained *drained);
/* Publishes a notice of ours; it is for those it names. */
enum status exchange_notify(struct exchange *x, const struct notice *notice);
/* What has been published: also at start.   ST_NOMEM */
enum status exchange_add_published(struct exchange *x, const struct published *published);
/* The member has entries before it that it does not hold. */
bool exchange_has_entries(const struct exchange *x, const struct member *member);
/* Sends the next one, which must be there; *size: bytes, 0 when it may not have more now. */
enum status exchange_send_entry(struct exchange *x, uint32_t member, size_t *size);
/* notices.c */
/* Counts a refusal that agreements decided. *record: it is within the quota. */
enum status exchange_count_refusal(struct exchange *x, uint32_t member, Concordat__RefusalCode code,
                                   const struct question *question, bool *record);
/* The same for one that was recorded before, at start. */
enum status exchange_recount_refusal(struct exchange *x, uint32_t member,
                                     const struct event *refused);
/* What is due by the clock: hours of refusals that are over, dates that come. */
enum status exchange_notices_due(struct exchange *x);
/* A notice that stands in the gazette already, at start. */
enum status exchange_restore_notice(struct exchange *x, const struct notice *notice, int64_t at_ms);
/* charter.c */
/* Fills in what the question does not say, for a charter. */
void exchange_charter_ask(const struct exchange *x, const struct agreement *charter,
                          const struct id *message_id, struct question *question);
/* It was accepted: counts it and tells everybody concerned. */
enum status exchange_charter_used(struct exchange *x, const struct agreement *charter,
                                  const struct question *question, const struct id *message_id);
/* Reviews that are overdue. */
enum status exchange_charters_due(struct exchange *x);
/* What the registrar cannot know about a review.
 *   ST_INVALID  no such use, or its own agency's; `why` says which */
enum status exchange_charter_check(const struct exchange *x, const struct instrument *given,
                                   struct reason *why);
/* It is published: what follows of it. */
enum status exchange_charter_published(struct exchange *x, const struct instrument *given);
/* The same for what stands in the gazette already, at start. */
enum status exchange_charter_restore(struct exchange *x, const struct instrument *given,
                                     int64_t at_ms);
enum status exchange_charter_restore_notice(struct exchange *x, const struct notice *notice,
                                            int64_t at_ms);
/* withholding.c */
/* The item is not handed over: takes it out of its queue, to be recorded with the next batch. */
void exchange_withhold(struct exchange *x, struct member *member, struct item *item,
                       const struct event *accepted, Concordat__RefusalCode code);
/* In their order, as many as the batch has room for. */
enum status exchange_record_withheld(struct exchange *x);
/* timing.c: clocks. Each function records what it changes in the batch at hand (EVENT_KEPT, and
 * EVENT_TOLD where somebody hears of it); agencies are places + 1, as in cases.h.   ST_NOMEM */
/* A message as it is accepted. */
struct acceptance {
    const struct command_submit *submit;
    const struct question *question;
    const struct decision *decision; /* its agreement and clause */
    uint64_t sequence;               /* of its event */
    uint32_t recipient;              /* its place */
};
/* Stops what waits for the message, and tells what was waited for in vain: of the message it
 * replies to, of its conversation, of its case; CLOCKS_MET_MAX at most of what is owed, and as many
 * expectations, the oldest first. Before it does anything to these. */
enum status exchange_clocks_met(struct exchange *x, const struct acceptance *accepted);
/* What its clause's clocks are reckoned from. */
struct clock_cause exchange_clock_cause(const struct exchange *x,
                                        const struct acceptance *accepted);
/* A clock runs from now on, under a number of its own; or no more. `met': what was owed has come,
 * which is told when it is late; else it can come no more. */
enum status exchange_clock_start(struct exchange *x, struct clock_running *running);
enum status exchange_clock_stop(struct exchange *x, struct clock_running *running, bool met);
/* RATE_LIMITED: it would be expected anew about its case, and CLOCKS_EXPECTED_MAX of the sender's
 * agreements are waited for there already. */
Concordat__RefusalCode exchange_judge_clocks(struct exchange *x,
                                             const struct command_submit *submit,
                                             const struct question *question,
                                             const struct decision *decision);
/* Starts the clocks that the message starts. After all else. */
enum status exchange_clocks_message(struct exchange *x, const struct acceptance *accepted);
/* The recipient's step on `message` is recorded: what it stops. */
enum status exchange_clocks_step(struct exchange *x, const struct message *message,
                                 Concordat__StepKind step);
/* The message will never be handed over: none of its clocks goes on. */
enum status exchange_clocks_withheld(struct exchange *x, const struct id *message_id,
                                     uint64_t sequence);
/* What came with that message is undone, since it was rejected or withheld: what it met, or ended,
 * is owed again, where its conversation is open (again): due when it was, and what was missed is
 * told at once. After exchange_words_undone. */
enum status exchange_clocks_undone(struct exchange *x, const struct id *message_id,
                                   uint64_t sequence);
/* The conversation has ended: nothing is owed to its first message any more, and no number of it;
 * an answer that came for who asked before is still to be passed on to the holder. What ended by a
 * message that is not delivered yet may be undone: till then its clocks rest. */
enum status exchange_clocks_ended(struct exchange *x, const struct conversation *conversation);
/* watching.c: until when what is referred is watched, and then to be closed. */
/* The message may say another end of it: its close is due by that from now on. */
enum status exchange_watch_moves(struct exchange *x, const struct acceptance *accepted);
/* Is it an end that an update has put another in the place of? It rests till that is delivered. */
bool exchange_is_former_end(const struct clock_running *running);
/* That update will not be opened: the end is what it was. Stops the clock given. */
enum status exchange_watch_undone(struct exchange *x, struct clock_running *former);
/* rule_clocks.c */
/* `missing', the next number of the side `from', has not come, and something after it has: 60 s
 * from now both sides are told and exchange_gap_over is called. Nothing when that clock runs. */
enum status exchange_clock_gap(struct exchange *x, const struct conversation *conversation,
                               uint32_t from, uint32_t missing);
/* The numbers have come, or are known not to come. */
enum status exchange_clock_gap_stop(struct exchange *x, const struct id *conversation,
                                    uint32_t from);
/* An offer is open until `reply_by_ms'; then exchange_offer_lapsed is called. One a case. */
enum status exchange_clock_reply(struct exchange *x, const struct id *case_handle,
                                 const struct id *offer, uint32_t from, uint32_t to,
                                 int64_t reply_by_ms);
enum status exchange_clock_reply_stop(struct exchange *x, const struct id *case_handle);
/* The message was the last acceptance: its sender owes the completion. One a case. */
enum status exchange_clock_complete(struct exchange *x, const struct acceptance *accepted);
/* It is complete, or withdrawn (not `met'). */
enum status exchange_clock_complete_stop(struct exchange *x, const struct id *case_handle,
                                         bool met);
/* An answer, event `sequence' (0: of before), came for who asked before, who owes it to the holder:
 * an hour of working time. Stopped when the late answer is accepted, or when the answer cannot be
 * opened or handed over. Nothing when that clock runs. */
enum status exchange_clock_forward(struct exchange *x, const struct conversation *conversation,
                                   const struct id *answer, uint64_t sequence);
/* striking.c: the role that hears of it at that rung, by the version that the message was accepted
 * under. */
const char *exchange_role_of(const struct exchange *x, const struct clock_running *running,
                             uint32_t rung);
/* clocks_moved.c */
/* The case has moved, with its conversations: what `from' owed in it, or was owed, `to' does now.
 */
enum status exchange_clocks_moved(struct exchange *x, const struct case_held *held, uint32_t from,
                                  uint32_t to);
/* How many clocks that would be at most, before anything moves. */
uint32_t exchange_clocks_moving(struct exchange *x, const struct case_held *held, uint32_t from,
                                uint32_t to);
/* expecting.c */
/* Is what the clock expects to be said in its conversation, and not anywhere about the case? */
bool exchange_is_expected_there(struct exchange *x, const struct clock_running *running);
/* Does its expectation name who owes it? Then that does not go with the case. */
bool exchange_is_named(const struct exchange *x, const struct clock_running *running);
/* Does the clock's agreement let that party send what is expected to the agency? True of all else.
 */
bool exchange_may_be_sent(const struct exchange *x, const struct clock_running *running,
                          uint32_t agency);
/* Is the message what is expected, or the end of its conversation? `by`: what it and the clock have
 * in common. */
bool exchange_meets_expected(struct exchange *x, const struct clock_running *running,
                             enum clocks_by by, const struct acceptance *accepted);
/* Another that runs for the same; NULL: none. */
struct clock_running *exchange_find_expected(struct exchange *x,
                                             const struct clock_running *wanted);
/* `wanted' has the message and its two sides. */
/* The transfer to `to` has ended, and the case is its holder's still: what was expected in it comes
 * no more. */
enum status exchange_transfer_over(struct exchange *x, const struct case_held *held, uint32_t to);
enum status exchange_start_expected(struct exchange *x, const struct clock *clock,
                                    struct clock_running *wanted,
                                    const struct agreement *agreement);
/* striking.c */
/* The working calendar of now. */
const struct calendar_days *exchange_calendar(const struct exchange *x);
/* From the next batch on, and over several, every clock is looked at again: by the calendar of now,
 * and whether it may be forgotten. */
void exchange_clocks_look(struct exchange *x);
/* What is due strikes: CLOCKS_A_BATCH at most, the rest with the next batch. */
enum status exchange_clocks_due(struct exchange *x);
/* Both sides hear of the clock's stage. An empty role: the desk. */
enum status exchange_tell_clock(struct exchange *x, const struct clock_running *running,
                                Concordat__ClockStage stage, const char *role);
/* The same for one agency (its place + 1). */
enum status exchange_tell_clock_to(struct exchange *x, uint32_t agency,
                                   const struct clock_running *running, Concordat__ClockStage stage,
                                   const char *role);
/* tally.c: what an agency sends in a day, where an agreement expects so many. */
enum status exchange_tally(struct exchange *x, const struct acceptance *accepted);
/* Days that have ended are judged: TALLIES_A_BATCH at most, then *more. */
enum status exchange_tallies_due(struct exchange *x, bool *more);
/* The same at start. (The clocks' own records: restore.c.)
 *   ST_INVALID  not such a record */
enum status exchange_restore_tally(struct exchange *x, struct bytes key, struct bytes record);
/* conversing.c, custody.c: what follows when those clocks strike. The clock is gone by then. */
enum status exchange_gap_over(struct exchange *x, const struct id *conversation, uint32_t from);
enum status exchange_offer_lapsed(struct exchange *x, const struct id *case_handle);
/* The conversation that it names is its own to open. */
static inline bool exchange_opens_own(const struct command_submit *submit)
{
    return id_equal(&submit->conversation_id, &submit->message_id)
        && !id_is_zero(&submit->message_id);
}
/* judging.c */
/* May it be said in the conversation that it names? decide() permits it. Besides the codes of
 * conversation_judge: CONVERSATION_UNKNOWN when it would open one and does not, or under an id that
 * is taken; RATE_LIMITED when HELD_MAX of its side wait already, or when it would open one with the
 * holder of its case and CONVERSATIONS_MAX of the case are open with that, or
 * CONVERSATIONS_APART_MAX that the sender opened, who has no part in the case. */
Concordat__RefusalCode exchange_judge_words(struct exchange *x, const struct command_submit *submit,
                                            const struct question *question);
/* conversing.c: agencies are places + 1.   ST_NOMEM, ST_INVALID, ST_IO */
/* It is accepted and queued: opens a conversation, goes on with it, ends it, or is held. */
enum status exchange_say(struct exchange *x, const struct acceptance *accepted);
/* It was refused for good, as event `sequence`: nothing waits for its number. */
enum status exchange_words_refused(struct exchange *x, const struct command_submit *submit,
                                   uint64_t sequence, Concordat__RefusalCode code);
/* A message, event `sequence` of `from`, that was declined or rejected by `by`, or withheld (`by`
 * is 0). */
struct words_end {
    struct id message;
    uint64_t sequence;
    uint32_t from, by;
    Concordat__ClockKind how; /* DECLINED, REJECTED, WITHHELD */
};
/* What it opened ends, unless it is another's by now to answer. The evidence of that is the
 * sender's: who has its side of the conversation since is told of it besides. */
enum status exchange_words_ended(struct exchange *x, const struct words_end *end);
/* The message, event `sequence`, was rejected or withheld: what it did to its conversation is
 * undone, and it can be said again; a late answer is owed again to who holds the case by now.
 * Before what settles it is forgotten. */
enum status exchange_words_undone(struct exchange *x, uint64_t sequence);
/* Ends it by the message that is event `by', 0: for good. What was held is handed over, and its
 * clocks stop. */
enum status exchange_end_conversation(struct exchange *x, struct conversation_kept *kept,
                                      uint64_t by);
/* Does it go with its case? Not the transfer's own, nor one between the two, nor one that was put
 * to `from' and that `to' cannot answer. O(clauses) when it was. */
bool exchange_moves_conversation(struct exchange *x, const struct conversation *c, uint32_t from,
                                 uint32_t to);
/* Is it open, and the last of these? */
bool exchange_leaves_conversation(struct exchange *x, const struct conversation *c, uint32_t from,
                                  uint32_t to);
enum status exchange_move_conversation(struct exchange *x, struct conversation_kept *kept,
                                       uint32_t from, uint32_t to);
/* custody.c */
/* What it would do to its case. CONVERSATION_MISSING: an offer that does not name every open
 * conversation of the holder's in the case, or more than CONVERSATIONS_MAX would move.
 * RATE_LIMITED: more than CLOCKS_MOVED_MAX clocks would. */
Concordat__RefusalCode exchange_judge_deed(struct exchange *x, const struct command_submit *submit,
                                           const struct question *question);
/* It is accepted, and said: the case changes, and who has part in it is told. */
enum status exchange_do_deed(struct exchange *x, const struct acceptance *accepted);
bool exchange_is_holder(const struct exchange *x, uint32_t agency, const struct id *case_handle);
/* Has some agreement in force a clause for that type between the two? No charter. O(clauses) */
bool exchange_may_send(const struct exchange *x, const struct message_type *type, uint32_t from,
                       uint32_t to);
/* The message, event `sequence`, will not be opened: if it is an offer that is open, it lapses. */
enum status exchange_offer_undone(struct exchange *x, uint64_t sequence, const struct id *message,
                                  uint32_t sender);
/* The holder's claim has ended `transfer', which the case has no more: both are told. */
enum status exchange_offer_retracted(struct exchange *x, struct case_held *held,
                                     const struct transfer *transfer);
/* claims.c */
enum status exchange_case(struct exchange *x, const struct command_case *given);
/* forgetting.c */
/* Conversations and cases that ended DUPLICATE_DAYS ago are forgotten, and conversations that are
 * open and silent: each hour all are looked at, some in each batch. */
enum status exchange_forget_cases(struct exchange *x);
/* case_told.c */
/* What has become of a case, for one agency: `change' UNSPECIFIED is the answer to a question. */
struct case_news {
    Concordat__CustodyChange change;
    const struct transfer *transfer; /* that the change is about; NULL: none */
    struct id message;               /* zero: the clock did it */
    uint32_t former;                 /* TRANSFERRED: who held it */
    uint32_t components;
    uint32_t conversation_count;
    const struct conversation *const *conversations; /* borrowed; CONVERSATIONS_MAX at most */
};
/* Tells `agency'; of the conversations those in which it has part. */
enum status exchange_tell_case(struct exchange *x, const struct case_held *held, uint32_t agency,
                               const struct case_news *news);
/* The same as canonical CustodyTold, for an answer. *size: TOLD_MAX at most. */
void exchange_write_case(struct exchange *x, const struct case_held *held, uint32_t agency,
                         const struct case_news *news, uint8_t out[static TOLD_MAX], size_t *size);
/* The case's open conversations between the agency and its holder: *count of them. */
void exchange_open_between(struct exchange *x, const struct case_held *held, uint32_t agency,
                           const struct conversation *out[static CONVERSATIONS_MAX],
                           uint32_t *count);
/* kept.c */
/* How records of cases, conversations and clocks name agencies: places in the directory + 1. */
struct cases_names exchange_names(struct exchange *x);
/* Keeps it as it stands.   ST_NOMEM */
enum status exchange_keep_case(struct exchange *x, const struct case_held *held);
enum status exchange_keep_conversation(struct exchange *x, const struct conversation_kept *kept);
enum status exchange_keep_clock(struct exchange *x, const struct clock_running *running);
/* Keeps nothing of it from now on. */
enum status exchange_keep_no_clock(struct exchange *x, uint64_t number);
enum status exchange_keep_no(struct exchange *x, enum kept_kind kind, const struct id *id);
/* The state holds `record` under (kind, key) from this batch on; an empty one: nothing.
 *   ST_NOMEM */
enum status exchange_keep(struct exchange *x, enum kept_kind kind, struct bytes key,
                          struct bytes record);
/* Evidence of ours for the agency (its place + 1, as in cases.h), written by told_write: it stands
 * in its queue until it has settled it. EXCHANGE_STEP_MAX bounds what one command may tell.
 *   ST_NOMEM */
enum status exchange_tell(struct exchange *x, uint32_t agency, uint8_t lane, struct bytes told);
/* delivery.c */
/* The event of an item that is owed, or is younger than the checkpoint.
 *   ST_MORE     neither */
enum status exchange_event(struct exchange *x, uint64_t sequence, struct event *out);
enum status exchange_deliver(struct exchange *x, bool *more);

#endif
