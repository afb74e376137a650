/*
 * client.h - what an agency's own system needs to talk to its agent: send, take, open, answer.
 *
 *     struct concordat *agent = concordat_open("/run/concordat/nps.cambs/agent.sock");
 *     struct concordat_answer *a = concordat_send(agent, &(struct concordat_message){
 *         .type = "psr.request", .to = "nps.cambs", .json = text, .json_size = size});
 *     if (a->outcome == CONCORDAT_DONE) ...
 *     concordat_answer_free(a);
 *     concordat_close(agent);
 *
 * One request at a time and one answer to each. Every call gives an answer, never NULL: when the
 * agent cannot be reached its outcome is CONCORDAT_FAILED and problems[0].where is "agent". A send
 * that failed so may be repeated with the same id: it stays one message.
 *
 * Nothing here throws, prints or keeps a pointer of yours. Text is UTF-8 and NUL-terminated; times
 * are milliseconds since 1970, UTC. Link with -lconcordat (it brings libzmq and libprotobuf-c).
 *
 * Until version 1.0 the structs below may grow with a minor version: build against the header of
 * the library that you run with.
 *
 * Threads: a connection belongs to one thread at a time; several connections are fine.
 */
#ifndef CONCORDAT_CLIENT_H
#define CONCORDAT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct concordat; /* a connection to one agent */

/* Equal to the command line's exit codes. */
enum concordat_outcome {
    CONCORDAT_DONE = 0,
    CONCORDAT_FAILED = 1,    /* the agent could not, or was not reached: see problems */
    CONCORDAT_BAD_INPUT = 2, /* a field, identifier, type or argument: see problems */
    CONCORDAT_REFUSED = 3,   /* by an agreement, or the recipient is not in the directory */
    CONCORDAT_QUEUED = 4     /* safely in the outbox, no verdict from the broker yet */
};

/* A message, share, case or conversation id; all zeroes: none. */
struct concordat_id {
    uint8_t bytes[16];
};

#define CONCORDAT_ID_TEXT 37 /* bytes of a printed id with its NUL */
void concordat_id_print(const struct concordat_id *id, char out[CONCORDAT_ID_TEXT]);
bool concordat_id_parse(const char *text, struct concordat_id *out); /* exactly 8-4-4-4-12 */
bool concordat_id_is_none(const struct concordat_id *id);
/* A new message id (RFC 9562 version 7). Keep it before the first try to send, and a repeat after a
 * crash is the same message. */
struct concordat_id concordat_id_new(void);

/* What is wrong and where: "defendant.identifiers[0].value", "PNC check character should be P". */
struct concordat_problem {
    const char *where, *text;
};

/* One thing that happened to a message. */
struct concordat_rung {
    const char *name; /* queued accepted refused delivered opened rejected acknowledged declined
                         answered */
    int64_t at_ms;
    const char *by;     /* an agency, or the broker's id */
    const char *detail; /* refusal code, decline reason, id of the reply; "" when none */
    bool verified;      /* the agent checked its signature */
    bool late;          /* answered: after needed_by */
};

/* One message as inbox and track show it: no content. */
struct concordat_item {
    struct concordat_id message_id, case_handle, conversation_id, in_reply_to;
    const char *type, *from, *to, *purpose;
    int urgency;                      /* 0 routine, 1 same day, 2 immediate */
    int marking;                      /* 1 OFFICIAL, 2 OFFICIAL-SENSITIVE */
    int64_t created_ms, needed_by_ms; /* needed_by 0: none */
    size_t shared_count;
    const char *const *shared; /* data categories: "DC_IDENTITY" */
    const char *agreement_id;
    uint32_t agreement_version;
    const char *clause;
    size_t rung_count;
    const struct concordat_rung *rungs; /* in order */
    const char *state;                  /* the last rung's name */
    uint32_t sequence;                  /* in its conversation, from 1 */
    struct concordat_id answer;         /* the message that answers it; none: none is known */
    bool late;        /* an answer that the broker accepted after the question's needed_by; or a
                         question that was answered so */
    int64_t late_ms;  /* by how much; 0 unless late */
    bool overdue;     /* needed_by has passed without an answer, and one may still come */
    bool break_glass; /* under a charter: two officers of the sender answer for it */
    /* Refused because a newer version of the agreement had come into force, and sent again as this
     * message under that one; none: it was not. */
    struct concordat_id sent_again_as;
    const char *sent_again_agreement;
    uint32_t sent_again_version;
    struct concordat_id sent_again_for; /* the message that this one was sent again for */
    const char *lapse; /* "expired", "superseded": what the agreement's version was by the time of
                          hand-over, which is no fault of the message; "" else */
};

/* One refusal, by the agent itself or the broker. */
struct concordat_refused {
    int64_t at_ms;
    const char *by; /* the agency: nothing left it; else the broker's id */
    struct concordat_id message_id, sent_again_as;
    const char *type, *to, *purpose;   /* purpose "": none was chosen */
    const char *code;                  /* "CATEGORY_NOT_COVERED" */
    const char *agreement_id, *clause; /* "" when none */
    uint32_t agreement_version;
    size_t offending_count;
    const char *const *offending;        /* data categories */
    const char *officer, *justification; /* as the request gave them */
};

/* What is known about one case, without its messages. */
struct concordat_case {
    struct concordat_id handle;
    uint64_t message_count; /* sent and received */
    int64_t last_ms;        /* when the newest of them was sent or accepted; of none, since when it
                               is held so */
    const char *holder;     /* as far as is known here; "": not known, or nobody */
    bool closed;
};

/* Why not. */
struct concordat_refusal {
    const char *code;   /* "CATEGORY_NOT_COVERED" */
    const char *advice; /* the nearest change that would be permitted; "" when none */
    const char *agreement_id, *clause; /* "" when none */
    uint32_t agreement_version;
    size_t offending_count;
    const char *const *offending; /* data categories */
};

struct concordat_agreement {
    const char *id, *title, *state; /* active, not yet in force, expired, proposed, ... */
    uint32_t version, clause_count;
    int64_t from_ms, until_ms, review_ms;
    uint8_t hash[32]; /* SHA-256 of the text */
    size_t party_count;
    const char *const *parties;
    size_t signed_count; /* parties that have signed */
    const char *const *signed_by;
    struct concordat_id proposal_id;
    int64_t proposal_expires_ms;
    bool waits_for_us; /* it is proposed, and this agency has not signed it */
    const char *text;  /* the document; "" unless one was asked for by id */
};

/* What the broker has made known: its word, signed by nobody. Texts are "" when there is none. */
struct concordat_notice {
    uint64_t sequence; /* of its entry in the gazette */
    int64_t at_ms, due_ms;
    const char *kind; /* review-due, refusals-over-quota, break-glass-used, ... */
    const char *agency, *counterpart, *agreement_id, *clause;
    uint32_t agreement_version, count;
    struct concordat_id message_id;
};

/* What is transferred with a case, one by one. Texts are "" when the agent has not seen the offer's
 * content. */
struct concordat_component {
    uint32_t number;    /* from 1 */
    const char *kind;   /* "REQUIREMENT" */
    const char *label;  /* "drug rehabilitation requirement, 6 months" */
    const char *state;  /* offered accepted rejected */
    const char *reason; /* of a rejection: "ADDRESS_NOT_VERIFIED" */
};

/* A part of the record, as the offer's manifest says. */
struct concordat_part {
    uint32_t number; /* from 1 */
    const char *kind;
    uint64_t size; /* bytes */
    uint8_t sha256[32];
    const char
        *state; /* where it is sent to: missing, differs, here; at its sender: unsent, sent */
};

/* One that is open and that this agency has part in. */
struct concordat_conversation {
    struct concordat_id id;
    const char *type; /* that opened it */
    const char *with; /* the agency on its other side */
    bool asked_by_us;
    uint32_t next;     /* the number of our next message in it */
    const char *state; /* open, answered late, closed */
};

/* This agency's claim that it holds a case, or that it is over, as the broker has answered it. */
struct concordat_claimed {
    const char *kind; /* open close withdraw */
    int64_t at_ms, answered_ms;
    const char *code;                  /* why not; "": it is so */
    const uint8_t *claim, *answer;     /* as signed; as the broker's answer came, NULL when not */
    size_t claim_size, answer_size;    /* bytes */
    uint8_t signer[32], signature[64]; /* SHA-256 of the certificate; docs/protocol.md, custody */
};

/* Who holds a case, and the transfer of it that is open. */
struct concordat_custody {
    struct concordat_id case_handle;
    const char *holder; /* "": nobody, or it is closed */
    uint64_t version;   /* it changes when the case is opened, offered, transferred, closed; 0: the
                           broker has no such case, or none that concerns this agency */
    bool closed;
    int64_t since_ms;
    bool from_broker;                /* its answer just now; else what it told this agent last */
    struct concordat_id transfer_id; /* none: no transfer is open */
    const char *offered_to;          /* "" when none is */
    int64_t reply_by_ms;             /* the offer lapses then; 0: never */
    uint32_t offered, accepted, rejected; /* bit n: component n + 1; offered: not yet spoken of */
    size_t component_count;
    const struct concordat_component *components;
    struct concordat_id manifest_id; /* none: the offer has not been seen here */
    uint8_t manifest_sha256[32];     /* what its completion names */
    size_t part_count;
    const struct concordat_part *parts;
    size_t conversation_count;
    const struct concordat_conversation *conversations;
    size_t claim_count;
    const struct concordat_claimed *claims; /* this agency's, in order of time */
};

/* Something that is to come by a time. Texts are "" when there is none. */
struct concordat_due {
    int64_t due_ms;
    const char *what;     /* acknowledge decide answer open expected forward reply complete close */
    bool by_us;           /* this agency owes it; else it is owed to this agency */
    const char *other;    /* the other agency */
    const char *type;     /* of the message that it is about */
    const char *expected; /* the type that is to come; "": a step */
    struct concordat_id message_id, case_handle;
    bool overdue;
    const char *role; /* whom the agreement tells */
    const char *note; /* forward: why it waits here */
};

/* The broker's word that something has not come, as it told both sides. Texts are "" when there is
 * none. */
struct concordat_alarm {
    uint64_t number; /* the agent's, for concordat_seen */
    int64_t at_ms, due_ms;
    const char *kind;  /* acknowledge decide answer open expected volume gap reply forward
                        * complete close */
    const char *stage; /* warned escalated breached; late: it has come after that */
    const char *role;  /* whom it is for; "": the desk */
    const char *owed_by, *owed_to;
    const char *type, *expected;
    struct concordat_id message_id, case_handle, conversation_id;
    const char *agreement_id, *clause;
    uint32_t agreement_version;
    uint32_t count; /* open: the so manyth time; volume: how many came; gap: the missing number */
    bool seen;
};

struct concordat_status {
    const char *agency;
    bool connected;   /* to the broker */
    int64_t since_ms; /* connected, or not, since */
    uint64_t outbox;  /* messages not yet delivered */
    uint64_t inbox;   /* messages not yet opened */
    uint64_t sent, received;
    uint8_t key_id[16]; /* our sealing key */
    int64_t key_seal_until_ms;
    const char *last_error;  /* why there is no connection; "" when there is */
    int64_t holidays_end_ms; /* from there on bank holidays count as working days, as far as the
                                agent knows; 0: an earlier agent's */
};

/* Belongs to you; everything it points to belongs to it. */
struct concordat_answer {
    enum concordat_outcome outcome;
    size_t problem_count;
    const struct concordat_problem *problems;
    struct concordat_id message_id;          /* send, answer, derive */
    struct concordat_id case_handle;         /* send with new_case, derive, hold */
    const struct concordat_refusal *refusal; /* NULL unless REFUSED */
    size_t item_count;
    const struct concordat_item *items; /* inbox, track, case; open: the message opened */
    const uint8_t *body;                /* open: what was shared, as one serialised protobuf body */
    size_t body_size;
    const char *json; /* open: the same as JSON; "" otherwise */
    size_t not_shared_count;
    const char *const *not_shared; /* open: categories of this type that did not come */
    size_t agreement_count;
    const struct concordat_agreement *agreements;
    size_t notice_count;
    const struct concordat_notice *notices;
    const struct concordat_status *status; /* NULL unless asked for */
    size_t case_count;
    const struct concordat_case *cases; /* case without a handle */
    /* of its custody as it is here: another when that is; 0: an earlier agent's */
    uint64_t mark; /* case with a handle */
    /* case: there are older ones than the limit let through; notices, due: later ones;
     * alarms: older ones; inbox: others that nobody has opened */
    bool more;
    bool more_alarms;  /* inbox: there are older alarms than these */
    uint64_t sequence; /* publish: the gazette's entry */
    /* send: asked for under this id, refused as stale, and sent again as `message_id`; none: it was
     * not */
    struct concordat_id sent_again_for;
    const char *sent_again_agreement;
    uint32_t sent_again_version;
    size_t refused_count;
    const struct concordat_refused *refused; /* refusals: the newest first */
    uint64_t next; /* where concordat_inbox_older or _track_older goes on; 0: that was all */
    const struct concordat_custody *custody; /* hold, holder, case with a handle; NULL: not known */
    size_t due_count;
    const struct concordat_due *due; /* the soonest first */
    size_t alarm_count;
    const struct concordat_alarm *alarms; /* alarms: the newest first; inbox: those nobody has seen
                                           */
};

void concordat_answer_free(struct concordat_answer *answer); /* NULL is fine */

/* A connection to the agent whose socket is at `socket` (a path of at most 107 bytes). Connects in
 * the background: an agent that is not there shows in the first answer. NULL when memory is out or
 * the path is too long. */
struct concordat *concordat_open(const char *socket);
void concordat_close(struct concordat *agent); /* NULL is fine */
/* From now on a call that waits ends at once when `fd` can be read (a signalfd, a pipe), FAILED
 * with problems[0].where "stop". `fd` stays yours; -1: nothing ends a call early. A send that ended
 * so may have gone or not: repeat it with the same id. */
void concordat_stop_on(struct concordat *agent, int fd);

/* What to send. Zero or NULL means what the comment says. */
struct concordat_message {
    const char
        *type; /* "psr.request"; an answer may leave it NULL: it follows from what is answered */
    const char *to;   /* an agency id; an answer may leave it NULL */
    const char *json; /* the body in protobuf's JSON mapping; NULL: see `protobuf` */
    size_t json_size;
    const uint8_t *protobuf; /* the body as serialised protobuf */
    size_t protobuf_size;
    const char *purpose;             /* NULL: the one the agreement permits */
    struct concordat_id case_handle; /* none: about no case, or see new_case */
    bool new_case;                   /* make a handle and say it in the answer */
    struct concordat_id in_reply_to;
    const char *officer;  /* on whose behalf; NULL: nobody named */
    int64_t needed_by_ms; /* 0: as the body says, if it does; a time other than the body's is bad
                             input */
    struct concordat_id
        message_id;            /* a repeat with the same id is the same message; none: a new one */
    uint32_t wait_ms;          /* for the broker's verdict; 0: 5 seconds; 1: hardly at all */
    uint32_t expires_days;     /* 0: as long as the recipient's key lives */
    const char *agreement;     /* id of the only agreement to be judged under; NULL: any of the two
                                  parties' */
    const char *justification; /* why; at most 500 bytes, kept with a refusal and never sent; NULL:
                                  none */
    bool break_glass; /* under a charter, for which two officers have authorised message_id;
                          `agreement` NULL: the only one of the two parties' */
    /* Of an act of custody: the transfer; an offer with one offers what was rejected again. None:
     * the one that is open. */
    struct concordat_id transfer_id;
    struct concordat_id conversation_id; /* goes on in it, whoever is on its other side by now;
                                            none: as in_reply_to says */
};

/* Sends. DONE: the broker has accepted it; QUEUED: it is safe with the agent and will go. */
struct concordat_answer *concordat_send(struct concordat *agent,
                                        const struct concordat_message *message);
/* Answers the message `message->in_reply_to`. */
struct concordat_answer *concordat_reply(struct concordat *agent,
                                         const struct concordat_message *message);
/* What has come, immediate first. Waits up to `wait_ms` when there is nothing. `limit` 0: 100.
 * With `all` also what was opened before, newest first. */
struct concordat_answer *concordat_inbox(struct concordat *agent, uint32_t wait_ms, uint32_t limit,
                                         bool all);
/* Goes on with the list of all, before an earlier answer's `next`. `limit` as there. */
struct concordat_answer *concordat_inbox_older(struct concordat *agent, uint64_t next,
                                               uint32_t limit);
/* Takes a message's content; the sender is told `opened` the first time. */
struct concordat_answer *concordat_take(struct concordat *agent,
                                        const struct concordat_id *message);
struct concordat_answer *concordat_acknowledge(struct concordat *agent,
                                               const struct concordat_id *message);

enum concordat_decline {
    CONCORDAT_NOT_FOR_US = 1,
    CONCORDAT_DUPLICATE_OF_EARLIER = 2,
    CONCORDAT_INSUFFICIENT_INFORMATION = 3,
    CONCORDAT_NO_CAPACITY = 4,
    CONCORDAT_OUT_OF_AREA = 5
};
struct concordat_answer *concordat_decline(struct concordat *agent,
                                           const struct concordat_id *message,
                                           enum concordat_decline reason);
/* What is known about one message (sent or received), or with `message` NULL about the newest
 * `limit` (0: 20). With `until` ("accepted", "delivered", "opened", ...) waits up to `wait_ms` for
 * that rung or for one that ends the message; of a message that was sent again it tells of the new
 * one, unless the old one has that rung. */
struct concordat_answer *concordat_track(struct concordat *agent,
                                         const struct concordat_id *message, uint32_t limit,
                                         const char *until, uint32_t wait_ms);
/* Goes on with the list of the newest, before an earlier answer's `next`. `limit` as there, at most
 * 1000. */
struct concordat_answer *concordat_track_older(struct concordat *agent, uint64_t next,
                                               uint32_t limit);
/* What is known about one case: its messages, conversation by conversation, each in order, the
 * conversation that began last, last; with no message of that case an empty list. With `handle`
 * NULL the cases themselves, the one that went on last first. The newest `limit` of either (0: 100,
 * at most 1000); `more` says that older ones were left out. */
struct concordat_answer *concordat_case(struct concordat *agent, const struct concordat_id *handle,
                                        uint32_t limit);
/* The same of one case, once its custody is another than an earlier answer's `mark` says (0: than
 * it is now), or after `wait_ms`: its holder, its transfer, components and parts, its
 * conversations, our claims. With the mark of what was last seen no change is missed. */
struct concordat_answer *concordat_case_await(struct concordat *agent,
                                              const struct concordat_id *handle, uint32_t limit,
                                              uint64_t mark, uint32_t wait_ms);
enum concordat_claim {
    CONCORDAT_HOLDS = 1,         /* this agency holds the case from now on; nobody does yet */
    CONCORDAT_IS_OVER = 2,       /* its holder's: the case is closed, nothing of it is open */
    CONCORDAT_IS_NOT_OFFERED = 3 /* its holder's: nobody is offered it any more. A message
                                    case.transfer.withdraw says why; this is for when none can go */
};
/* Signs and sends that claim about a case, and waits `wait_ms` (0: 5 seconds) for the broker's
 * answer. `handle` NULL with CONCORDAT_HOLDS: the agent makes one and says it. DONE: so it is, and
 * `custody` says how; REFUSED: `refusal` says why; QUEUED: no answer yet; the agent keeps the claim
 * and sends it until there is one. */
struct concordat_answer *concordat_hold(struct concordat *agent, const struct concordat_id *handle,
                                        enum concordat_claim claim, uint32_t wait_ms);
/* Who holds a case, asked of the broker, who tells only those with part in it; what it told this
 * agent last when it does not answer within `wait_ms` (0: 5 seconds). */
struct concordat_answer *concordat_holder(struct concordat *agent,
                                          const struct concordat_id *handle, uint32_t wait_ms);
/* What is owed to this agency and by it, what is overdue too, however long: the `limit` that are
 * due first (0: 100, at most 1000). `more`: there are others. */
struct concordat_answer *concordat_due(struct concordat *agent, uint32_t limit);
/* The newest `limit` (0: 100, at most 1000) alarms that nobody has seen; with `all` every one. */
struct concordat_answer *concordat_alarms(struct concordat *agent, uint32_t limit, bool all);
/* Those of them that are numbered after `after` (0: all); when there is none, once there is, or
 * after `wait_ms` an empty list. With the number of what was last seen no alarm is missed. */
struct concordat_answer *concordat_alarms_await(struct concordat *agent, uint32_t limit, bool all,
                                                uint64_t after, uint32_t wait_ms);
/* A person has seen alarm `number`: it is no longer shown above the inbox. BAD_INPUT: there is no
 * such alarm. */
struct concordat_answer *concordat_seen(struct concordat *agent, uint64_t number);
/* All agreements, or with `id` that one and its text. */
struct concordat_answer *concordat_agreements(struct concordat *agent, const char *id);
/* The broker's notices after entry `since`, in order; 0: from the first. */
struct concordat_answer *concordat_notices(struct concordat *agent, uint64_t since);
/* Hands an instrument (a SignedInstrument's bytes) to the broker's gazette, with a proposal's text,
 * else NULL. DONE: it is published as the entry `sequence`; REFUSED or BAD_INPUT: problems say why;
 * FAILED with problems[0].where "broker": no verdict. A repeat is the same entry. */
struct concordat_answer *concordat_publish(struct concordat *agent, const void *instrument,
                                           size_t size, const char *text);
struct concordat_answer *concordat_status(struct concordat *agent);
/* The same once the agent is connected to the broker, or after `wait_ms`. */
struct concordat_answer *concordat_status_await(struct concordat *agent, uint32_t wait_ms);
/* What was refused at or after `since_ms` (0: all that is kept, a year of it at most) and before
 * `before_ms` (0: until now), the newest `limit` of it (0: 100, at most 1000). */
struct concordat_answer *concordat_refusals(struct concordat *agent, int64_t since_ms,
                                            int64_t before_ms, uint32_t limit);

/* Ids that follow from content: give what a message is made of (its record's number, a hash of it),
 * send under the id that comes back, and the same record handed over twice is one message. Likewise
 * a case: the same words, the same handle. The agent derives them under a key of its own, so that
 * the broker, who sees ids and handles, learns nothing from them and cannot try guesses. `about`
 * or `message` may be NULL. DONE: message_id and case_handle of the answer. */
struct concordat_seed {
    const void *message; /* at most 1024 bytes */
    size_t message_size;
    const void *about; /* the case; at most 1024 bytes */
    size_t about_size;
    int64_t at_ms; /* the time that the message id claims; the broker can read it */
    /* What the message is a version of, a record that may change, at most 1024 bytes; NULL: of
     * nothing. A version that is not the last one sent gets a new id, though it was sent before
     * that, and so does one that was refused, or rejected by the recipient's agent. */
    const void *place;
    size_t place_size;
};
struct concordat_answer *concordat_derive(struct concordat *agent,
                                          const struct concordat_seed *seed);

#ifdef __cplusplus
}
#endif

#endif
