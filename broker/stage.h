/*
 * stage.h - every message between the broker's threads; read this to see how they talk.
 *
 *                  sockets, TLS contexts
 *     main ----------------------------> link N
 *                       turns
 *     link N --------------------------> exchange        exchange --> state    batches
 *     link N <-------------------------- exchange        exchange <-- state    checkpoints
 *                       effects                          admin <--> exchange   status
 *
 * A message is one buffer that begins with its `struct note`. Whoever gives it gives the buffer
 * away; the receiver frees it by zmq_msg_close. What it points to (a TLS context, a descriptor)
 * moves with it and belongs to the receiver from then on. Sessions are named by number:
 * a number may be stale, and is then looked up in vain.
 *
 * | note             | from     | to       | buffer                                             |
 * |------------------|----------|----------|----------------------------------------------------|
 * | NOTE_SOCKET      | main     | link     | struct note_socket: the descriptor moves           |
 * | NOTE_TLS         | main     | link     | struct note_tls: the context moves                 |
 * | NOTE_CALENDAR    | main     | exchange | struct note_calendar: the days move                |
 * | NOTE_DRAIN       | main     | link,    | struct note: stop reading; admin: end              |
 * |                  |          | admin    |                                                    |
 * | NOTE_TURN        | link     | exchange | struct note_turn, records, commands                |
 * | NOTE_LAST        | link     | exchange | struct note: no turn comes after this              |
 * | NOTE_LAST        | exchange | link     | struct note: no effect comes after this            |
 * | NOTE_LAST        | exchange | state    | struct note: last checkpoint, then end             |
 * | NOTE_EFFECTS     | exchange | link     | struct note_effects, effects                       |
 * | NOTE_TURN        | exchange | state    | a turn again, shared by zmq_msg_copy: read only    |
 * | NOTE_RECORDS     | exchange | state    | struct note, records; shared in the same way       |
 * | NOTE_BATCH       | exchange | state    | struct note_batch: which pieces of those before it |
 * | NOTE_HURRY       | exchange | state    | struct note: the ring is nearly full, commit now   |
 * | NOTE_CHECKPOINT  | state    | exchange | struct note_checkpoint                             |
 * | NOTE_ASK_STATUS  | admin    | exchange | struct note                                        |
 * | NOTE_STATUS      | exchange | admin    | struct note_status, members                        |
 */
#ifndef BROKER_STAGE_H
#define BROKER_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "agreements/calendar.h"
#include "agreements/decide.h"
#include "agreements/instrument.h"
#include "broker/event.h"
#include "broker/journal.h"
#include "broker/parcel.h"
#include "lib/tls.h"
#include "proto/claim.h"
#include "proto/wire.h"

#define VERDICT_MAX 255 /* bytes of a verdict's sentence: what the frame carries */

/* A session for as long as it lives: link, place and generation. 0 is none. */
typedef uint64_t session_id;
static inline unsigned session_link(session_id id)
{
    return (unsigned)(id >> 56);
}

enum note_kind {
    NOTE_SOCKET = 1,
    NOTE_TLS,
    NOTE_CALENDAR,
    NOTE_DRAIN,
    NOTE_TURN,
    NOTE_LAST,
    NOTE_EFFECTS,
    NOTE_RECORDS,
    NOTE_BATCH,
    NOTE_HURRY,
    NOTE_CHECKPOINT,
    NOTE_ASK_STATUS,
    NOTE_STATUS
};

/* 8 bytes, so that what follows is aligned. */
struct note {
    enum note_kind kind;
    uint32_t count; /* of what follows */
};

struct note_socket {
    struct note note;
    int socket;
};

struct note_tls {
    struct note note;
    struct tls_context *context;
};

struct note_calendar {
    struct note note;
    struct calendar_days *days; /* NULL: those built in */
};

/* ---- link to exchange: what one turn of the loop yielded ---- */

/* Records come first, back to back, in the form the journal takes them; then `note.count` commands,
 * each on 8 bytes. Of an accepted message nothing is copied after this. */
struct note_turn {
    struct note note;
    uint64_t commands_at; /* from the start of the buffer */
};

enum command_kind {
    COMMAND_HELLO = 1,
    COMMAND_SUBMIT,
    COMMAND_STEP,
    COMMAND_SETTLE,
    COMMAND_CREDIT,
    COMMAND_DIRECTORY,
    COMMAND_PUBLISH,
    COMMAND_FOLLOW,  /* the gazette, from an entry on */
    COMMAND_GAZETTE, /* an instrument to be published */
    COMMAND_CASE,    /* a claim, or who holds a case */
    COMMAND_DRAINED, /* gazette entries sent before are on their way: released by no effect */
    COMMAND_GONE     /* the session ended */
};

/* Head of each command. Texts and bytes that belong to it lie behind it, within `size`, and are
 * named by their distance from its start. */
struct command {
    uint32_t size; /* with everything behind it; a multiple of 8 */
    enum command_kind kind;
    session_id session;
    uint32_t member; /* its agency's place in the exchange, from EFFECT_WELCOME */
    uint32_t charge; /* bytes held against the session until an effect releases them */
};

struct command_hello {
    struct command head;
    char agency[AGENCY_MAX + 1];
    struct digest certificate; /* SHA-256 of der */
    uint32_t credit, credit_size;
    uint32_t der_size;
    uint8_t der[];
};

/* Everything has been checked that needs no shared state: form, sender, signature, body. */
struct command_submit {
    struct command head;
    struct id message_id;
    struct digest header_digest;
    struct digest agreement_hash;
    struct digest signing_key; /* SHA-256 of the SubjectPublicKeyInfo whose signature holds */
    int64_t created_ms, expires_ms;
    uint64_t record_at;   /* of the ACCEPTED record, from the start of the buffer */
    uint32_t record_size; /* its sequence and time are left to the exchange */
    uint32_t agreement_version, retention_days;
    category_set categories;
    int marking, capacity;
    uint8_t recipient_key_id[KEY_ID_SIZE];
    uint8_t lane;
    bool in_reply;
    struct id case_handle, conversation_id, in_reply_to; /* zero: none */
    uint32_t sequence;                                   /* in the conversation */
    int64_t needed_by_ms, watch_until_ms;
    uint16_t onward_count;
    /* NUL-terminated texts behind the command. */
    uint16_t recipient, type, purpose, gateway, agreement_id, clause, onward;
    struct custody_claim custody; /* ends with its conversation_count: past that lie the texts */
};

struct command_step {
    struct command head;
    uint64_t sequence; /* the sender's number, to be settled */
    struct id message_id;
    struct digest header_digest, previous;
    struct digest step_digest; /* SHA-256 of the step's bytes */
    uint32_t kind;             /* Concordat__StepKind */
    uint32_t step_size, proof_size;
    uint8_t bytes[]; /* step, then packed proof */
};

struct command_settle {
    struct command head;
    uint32_t count;
    uint64_t sequences[];
};

struct command_credit {
    struct command head;
    uint32_t credit, credit_size;
};

/* Wanted agencies, then wanted certificates. */
struct command_directory {
    struct command head;
    uint64_t request;
    uint32_t agency_count, certificate_count;
    char agencies[DIRECTORY_ENTRIES_MAX][AGENCY_MAX + 1];
    struct digest certificates[DIRECTORY_ENTRIES_MAX];
};

struct command_publish {
    struct command head;
    uint64_t request;
    struct key_statement key;
    struct digest signer;
    uint8_t signature[SIGNATURE_SIZE];
    uint32_t statement_size;
    uint8_t statement[];
};

struct command_follow {
    struct command head;
    uint64_t after; /* sequence of the last entry that the agent holds; 0: none */
};

/* The signature holds, and its certificate is the community's; whose word counts is not looked at.
 */
struct command_gazette {
    struct command head;
    uint64_t request;
    struct instrument instrument;
    uint32_t signed_size, text_size;
    uint8_t bytes[]; /* the SignedInstrument, then a proposal's text */
};

/* The claim's signature holds, with this key of the sender's. */
struct command_case {
    struct command head;
    uint64_t request;
    struct id handle;
    bool is_claim;
    struct claim claim;
    struct digest signing_key;
    struct digest signer; /* SHA-256 of the certificate */
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t bytes[CLAIM_MAX]; /* the claim as it was signed */
    uint32_t bytes_size;
};

struct command_drained {
    struct command head;
    uint64_t size; /* bytes of records */
};

struct command_gone {
    struct command head;
    bool lost; /* none of its signing certificates holds any more */
};

/* Fills a turn: a link has one, and gives it at the end of each turn of its loop. */
struct turn {
    struct parcel records;  /* note_turn, then records */
    struct parcel commands; /* appended when it is given */
    uint32_t count;
};

void turn_fini(struct turn *turn);
/* Bytes gathered. */
size_t turn_size(const struct turn *turn);
/* Room for a record of `size` bytes; *at is its place. NULL when memory is out. */
uint8_t *turn_record(struct turn *turn, size_t size, uint64_t *at);
/* Zeroed room for a command of `size` bytes with its tail; head is filled in. NULL: out of memory.
 */
void *turn_command(struct turn *turn, enum command_kind kind, session_id session, size_t size);
/* A checked message: its ACCEPTED record, and the command that puts it. All borrowed. */
struct submission {
    session_id session;
    uint32_t member;
    const struct envelope *envelope;
    const struct digest *header_digest;
    struct bytes header, body;
    const struct proof *proof;
    const struct digest *signing_key;
};
/* *charge: bytes held against the session.
 *   ST_NOMEM */
enum status turn_submit(struct turn *turn, const struct submission *submission, uint32_t *charge);

/* The whole turn as one buffer, to be given away; NULL when memory is out. The turn is empty then.
 */
uint8_t *turn_give(struct turn *turn, size_t *size);

/* Walks the commands of a turn. */
struct turn_walk {
    uint8_t *data;
    size_t size, at;
    uint32_t left;
};
struct turn_walk turn_walk_of(void *data, size_t size);
struct command *turn_next(struct turn_walk *walk); /* NULL at the end */
/* The question a submission puts; strings borrowed from the command. */
struct question submit_question(const struct command_submit *submit, const char *sender);

/* ---- exchange to link: what became visible ---- */

struct note_effects {
    struct note note;
};

enum effect_kind {
    EFFECT_WELCOME = 1, /* the session is open; its agency's place and certificates follow */
    EFFECT_RECEIPT,
    EFFECT_REFUSAL,
    EFFECT_DELIVER, /* a message: its ACCEPTED record follows */
    EFFECT_STEP,    /* an evidence item: its STEP, WITHHELD or TOLD record follows */
    EFFECT_SETTLE,  /* the session's step with that number is recorded */
    EFFECT_GAZETTE, /* an entry: its GAZETTE record follows */
    EFFECT_VERDICT, /* on an instrument */
    EFFECT_FRAME,   /* ready bytes follow: a directory answer */
    EFFECT_RELEASE, /* nothing to say, but the charge is released */
    EFFECT_CLOSE    /* refuse the session with this word and end it */
};

struct effect {
    uint32_t size; /* with everything behind it; a multiple of 8 */
    enum effect_kind kind;
    session_id session;
    uint32_t released; /* commands this answers: 0 or 1 */
    uint32_t charge;   /* bytes released with it */
};

struct effect_receipt {
    struct effect head;
    struct receipt receipt;
};

struct effect_refusal {
    struct effect head;
    struct refusal refusal;
};

struct effect_item {
    struct effect head;
    uint64_t sequence;
    bool again;
    uint32_t record_size;
    uint8_t record[];
};

struct effect_verdict {
    struct effect head;
    uint64_t request;
    uint64_t sequence; /* of its entry; 0: refused for `why` */
    char why[VERDICT_MAX + 1];
};

struct effect_settle {
    struct effect head;
    uint64_t sequence;
};

struct effect_welcome {
    struct effect head;
    uint32_t member; /* to be named in every command */
    uint32_t bytes_size;
    uint8_t bytes[]; /* certificates, newest first: u32 size, DER (bytes.h) */
};

struct effect_frame {
    struct effect head;
    uint32_t bytes_size;
    uint8_t bytes[];
};

struct effect_close {
    struct effect head;
    char code[16], advice[64]; /* of the Refuse frame */
};

/* The effects in a buffer that begins with note_effects. */
struct effect_walk {
    const uint8_t *next;
    uint32_t left;
};
struct effect_walk effect_walk_of(const void *data);
const struct effect *effect_next(struct effect_walk *walk); /* NULL at the end */

/* ---- exchange and state ---- */

/* A stretch of records in one of the shared buffers given since the last batch, in their order. */
struct piece {
    uint32_t buffer; /* 0: the first given */
    uint32_t size;
    uint64_t at; /* from the start of the buffer */
};

struct note_batch {
    struct note note; /* count: pieces */
    struct journal_mark mark;
    struct piece pieces[];
};

struct note_checkpoint {
    struct note note;
    uint64_t sequence;  /* the store holds everything up to it, on the disk */
    uint32_t fullness;  /* of the store's map, in 1/1000 */
    uint32_t commit_ms; /* how long it took */
};

/* ---- exchange and admin ---- */

struct member_status {
    char agency[AGENCY_MAX + 1];
    bool connected;
    uint32_t waiting[LANES], in_flight;
    uint32_t certificates, keys;
};

struct note_status {
    struct note note; /* count: members */
    uint64_t sequence, checkpoint;
    uint64_t items, recent; /* unsettled items; messages in memory */
    uint32_t store_fullness, agreements;
    struct member_status members[];
};

#endif
