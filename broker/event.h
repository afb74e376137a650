/*
 * event.h - what happened, as it is written to the journal and folded into the state.
 *
 *     exchange --event--> journal (durable) --batch--> state (LMDB)
 *
 * An accepted command becomes one event with its decision recorded in it; the state is the fold of
 * the events. A record:
 *
 *     u32 size of the rest | u8 kind | u64 sequence | i64 at_ms | fields of the kind
 *
 * big-endian; sequences run without gap from 1. Nothing personal: identifiers, hashes, sealed
 * bytes. Times are the broker's, milliseconds since 1970.
 */
#ifndef BROKER_EVENT_H
#define BROKER_EVENT_H

#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/limits.h"
#include "lib/merkle.h"
#include "lib/status.h"
#include "proto/batch.h"

#define EVENT_HEAD 21 /* bytes before the fields: size, kind, sequence, time */
/* Bytes of a packed proof: signer, signature, salt, index, count, length, path. */
#define EVENT_PROOF_MAX                                                                            \
    (DIGEST_SIZE + SIGNATURE_SIZE + SALT_SIZE + 12 + BATCH_PATH_MAX * DIGEST_SIZE)

/* Bytes of records: with a key and a record, or what is told, of so many; of the largest message.
 */
#define EVENT_KEPT_SIZE(key, record) (EVENT_HEAD + 1 + 4 + (key) + 4 + (record))
#define EVENT_TOLD_SIZE(told) (EVENT_HEAD + 1 + AGENCY_MAX + 1 + 4 + (told))
#define EVENT_ACCEPTED_MAX                                                                         \
    (EVENT_HEAD + 1 + AGENCY_MAX + ID_SIZE + DIGEST_SIZE + 1 + AGENCY_MAX + 1 + DIGEST_SIZE + 1    \
     + CLAUSE_ID_MAX + 8 + 4 + HEADER_MAX + 4 + EVENT_PROOF_MAX + 4 + SEALED_MAX)

enum event_kind {
    EVENT_ACCEPTED = 1, /* a message: queued for its recipient */
    EVENT_REFUSED,      /* a message: the answer, recorded */
    EVENT_STEP, /* the recipient's signed step: queued for the sender; the first settles the message
                 */
    EVENT_TAKEN,    /* the sender has this evidence item */
    EVENT_AGENCY,   /* a signing certificate seen and checked */
    EVENT_KEY,      /* a sealing-key statement */
    EVENT_AGED,     /* ids settled before `at` - DUPLICATE_DAYS are forgotten */
    EVENT_GAZETTE,  /* published: an instrument that counts, or a notice of ours */
    EVENT_WITHHELD, /* a message accepted and never handed over: settled, queued for the sender */
    EVENT_COUNTED,  /* refusals past the quota of an hour, which were not recorded one by one */
    EVENT_KEPT,     /* a case, conversation or clock as it is from now on; without record: gone */
    EVENT_TOLD,     /* evidence of ours, queued for one agency: CustodyTold or ClockTold */
    EVENT_CLAIM, /* an agency's signed claim that a case was opened, closed, offered no more by */
    EVENT_KIND_END
};

/* What an EVENT_KEPT is about; each has its key and record in the module named. */
enum kept_kind {
    KEPT_CASE = 1,     /* case handle (cases.h) */
    KEPT_CONVERSATION, /* conversation id (conversations.h) */
    KEPT_CLOCK,        /* u64 number (clocks.h) */
    KEPT_TALLY,        /* counts of what an agency sends in a day (timing.c) */
    KEPT_KIND_END
};

#define KEPT_KEY_MAX 192     /* bytes */
#define KEPT_RECORD_MAX 1024 /* bytes */

/* All kinds in one struct; only the fields of `kind` are meaningful. Bytes are borrowed from the
 * record. */
struct event {
    enum event_kind kind;
    uint64_t sequence;
    int64_t at_ms;
    /* ACCEPTED, REFUSED, STEP, WITHHELD: which message */
    char sender[AGENCY_MAX + 1];
    struct id message_id;
    struct digest header_digest;
    /* ACCEPTED */
    char recipient[AGENCY_MAX + 1];
    uint8_t lane; /* also STEP, TAKEN, WITHHELD; 0 immediate, 1 same day, 2 routine */
    struct digest agreement_hash;
    char clause[CLAUSE_ID_MAX + 1]; /* also REFUSED */
    int64_t expires_ms;
    struct bytes header, proof, body; /* proof: packed struct proof, event_pack_proof */
    /* REFUSED; the code also WITHHELD, the agreement's id also COUNTED */
    uint32_t code, offending, agreement_version;
    char agreement_id[AGREEMENT_ID_MAX + 1];
    /* STEP */
    uint8_t step_kind;
    uint64_t message_sequence; /* also WITHHELD: of the ACCEPTED event */
    struct bytes step, step_proof;
    /* TAKEN: the item's sequence, its owner and lane */
    uint64_t item_sequence;
    char agency[AGENCY_MAX + 1]; /* also AGENCY, KEY, COUNTED, CLAIM */
    /* AGENCY: certificate DER; KEY: statement, signer || signature; CLAIM: the same of the claim */
    struct bytes certificate, statement, statement_proof;
    uint8_t key_id[KEY_ID_SIZE];
    int64_t open_until_ms;
    /* GAZETTE: a SignedInstrument, what its certificate says, and a proposal's text; or a Notice */
    struct bytes instrument, text, notice;
    struct digest governance_key;       /* SHA-256 of its SubjectPublicKeyInfo */
    char officer[OFFICER_CODE_MAX + 1]; /* empty: it is no officer's */
    /* COUNTED: who was refused under agreement_id ("": none that is known), since when */
    int64_t from_ms;
    uint32_t refusals;
    /* KEPT: the state holds exactly `record` under (kind, key) from now on */
    uint8_t kept_kind;
    struct bytes key, record;
    /* CLAIM: the case, and its version after it */
    struct id case_handle;
    uint64_t case_version;
    /* TOLD: `agency` and `lane` name the queue; `told`: 1 byte, 1 custody, 2 clock, then the
     * message */
    struct bytes told;
};

/* Bytes that the record of `event` takes. */
size_t event_size(const struct event *event);
/* Appends the record. Names must be valid, lane < LANES, sequence > 0: the exchange made them so.
 *   ST_LIMIT    the writer is full */
enum status event_write(const struct event *event, struct writer *w);
/* Reads the next record of a batch; `out` points into it. Fields of other kinds are zero.
 *   ST_MORE     none is left
 *   ST_INVALID  it does not parse; the reader stands where it stood */
enum status event_read(struct reader *r, struct event *out);

/* A proof as the journal and the trees hold it; `w` needs EVENT_PROOF_MAX bytes at most. */
void event_pack_proof(const struct proof *proof, struct writer *w);
/*   ST_INVALID  not a packed proof, or its path is too long */
enum status event_unpack_proof(struct bytes packed, struct proof *out);

#endif
