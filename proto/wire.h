/*
 * wire.h - frame heads as values: session.proto and evidence.proto, read and written.
 *
 * With step.h and statement.h the only place that unpacks or packs session and evidence types, so
 * that the daemons deal in plain structs and take only enumerations from the generated ones.
 * Reading pre-scans, unpacks into an arena and checks every size; what a struct borrows (struct
 * bytes, strings) lives in the frame or the arena until the next read.
 */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/batch.h"
#include "proto/catalogue.h"
#include "proto/evidence.pb-c.h"
#include "proto/refusal.h"
#include "proto/statement.h"
#include "proto/step.h"

struct receipt {
    struct id message_id;
    struct digest header_digest;
    uint64_t sequence;
    int64_t accepted_ms;
    struct digest agreement_hash;
    char clause[CLAUSE_ID_MAX + 1];
};

struct refusal {
    struct id message_id;
    struct digest header_digest;
    Concordat__RefusalCode code;
    category_set offending;
    char agreement_id[AGREEMENT_ID_MAX + 1];
    uint32_t agreement_version;
    char clause[CLAUSE_ID_MAX + 1];
    int64_t refused_ms;
};

/* Accepted, and never handed over. */
struct withheld {
    struct id message_id;
    struct digest header_digest;
    Concordat__RefusalCode code;
    int64_t withheld_ms;
};

enum wire_kind {
    WIRE_HELLO = 1,
    WIRE_WELCOME,
    WIRE_SUBMIT,
    WIRE_RECEIPT,
    WIRE_REFUSAL,
    WIRE_STEP,
    WIRE_DELIVER,
    WIRE_SETTLE,
    WIRE_CREDIT,
    WIRE_DIRECTORY,
    WIRE_WITHHELD,
    WIRE_GAZETTE,
    WIRE_TOLD, /* Evidence: custody, clock, or of a newer release */
    WIRE_CASE,
    WIRE_REFUSE,
    WIRE_PING,
    WIRE_BYE
};

#define DIRECTORY_ENTRIES_MAX 16 /* in one frame */
#define CERTIFICATES_MAX 4       /* of one agency in one entry */
#define KEYS_MAX 8               /* statements of one agency in one entry */
#define SETTLE_MAX 1024          /* sequences in one frame */

struct directory_entry {
    char agency[AGENCY_MAX + 1];
    bool known;
    uint32_t certificate_count, key_count;
    struct bytes certificates[CERTIFICATES_MAX];
    struct signed_statement keys[KEYS_MAX];
};

/* What a head says. Only the member named by `kind` is meaningful. */
struct wire {
    enum wire_kind kind;
    union {
        struct {
            uint32_t version;
            struct bytes community, signing_certificate;
            uint32_t credit, credit_size;
        } hello;
        struct {
            uint32_t version;
            const char *broker;
            int64_t now_ms;
            uint32_t credit, credit_size;
        } welcome;
        struct {
            struct bytes header;
            struct proof proof;
        } submit;
        struct {
            uint64_t sequence; /* queue item to settle; 0 for an answer to submit */
            struct receipt receipt;
        } receipt;
        struct {
            uint64_t sequence;
            struct refusal refusal;
        } refusal;
        struct {
            uint64_t sequence;
            struct bytes step; /* canonical Step bytes */
            struct proof proof;
        } step;
        struct {
            uint64_t sequence;
            bool again;
            int64_t accepted_ms;
            struct bytes header;
            struct proof proof;
        } deliver;
        struct {
            uint32_t count;
            const uint64_t *sequences; /* borrowed */
        } settle;
        struct {
            uint32_t credit, credit_size;
        } credit;
        struct {
            uint64_t request;
            uint32_t wanted_count, entry_count, certificate_count;
            const char *const *wanted;                /* borrowed */
            const struct digest *wanted_certificates; /* borrowed */
            const struct directory_entry *entries;    /* borrowed */
            bool has_publish;
            struct signed_statement publish;
        } directory;
        struct {
            uint64_t sequence;
            struct withheld withheld;
        } withheld;
        struct {
            uint64_t sequence;
            struct bytes told; /* as told.h has it, without the kind: canonical */
            uint8_t kind;      /* enum told_kind, or above it */
        } told;
        struct { /* what is absent has no size */
            uint64_t request;
            struct bytes claim, ask; /* ask: 16 bytes */
            struct digest signer;
            uint8_t signature[SIGNATURE_SIZE];
            bool answered;
            Concordat__RefusalCode code;
            struct bytes custody; /* of an answer: canonical CustodyTold; no size: none */
        } case_frame;
        struct { /* an instrument's text is the frame's body; what is absent has no size */
            uint64_t request, after;
            bool follow, published;
            struct bytes instrument; /* SignedInstrument: to be published, or the entry's */
            uint64_t sequence;       /* of an entry; 0: this is none */
            int64_t at_ms;           /* the entry's */
            struct bytes notice;     /* the entry's Notice */
            const char *why;         /* of a verdict; "" when published */
        } gazette;
        struct {
            const char *code, *advice;
        } refuse;
        struct {
            uint64_t token;
            bool answer;
        } ping;
        struct {
            const char *why;
        } bye;
    };
};

/* Reads a frame's head; resets `arena`. Headers, step bytes and proofs stay good when the arena is
 * reset again (for envelope_read, say): they lie in `head` or in `out`; strings, certificates,
 * statements and lists lie in the arena.
 *   ST_INVALID  not one of ours, not canonical, a size wrong, an unknown enumeration
 *   ST_LIMIT    over its bounds */
enum status wire_read(struct bytes head, struct arena *arena, struct wire *out, struct reason *why);

/* Writes frame prefix and head for a body of `body_size` bytes that the caller appends.
 *   ST_LIMIT    `room` is too small */
enum status wire_write(const struct wire *wire, size_t body_size, uint8_t *out, size_t room,
                       size_t *size);

#endif
