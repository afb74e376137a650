/*
 * wire.h - frame heads as values: session.proto and evidence.proto, read and written.
 *
 * The only user of the generated session and evidence types, so that the daemons deal in plain
 * structs. Reading pre-scans, unpacks into an arena and checks every size; what a struct borrows
 * (struct bytes, strings) lives in the frame or the arena until the next read.
 */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/batch.h"
#include "proto/evidence.pb-c.h"

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

/* One rung of the recipient's ladder. */
struct step {
    struct id message_id;
    struct digest header_digest;
    Concordat__StepKind kind;
    struct digest previous; /* zero for the first */
    int64_t at_ms;
    char agency[AGENCY_MAX + 1];
    Concordat__RefusalCode rejected;
    Concordat__DeclineReason declined;
    struct id reply_id;
};

/* A sealing key as its owner states it. */
struct key_statement {
    char agency[AGENCY_MAX + 1];
    uint8_t key_id[KEY_ID_SIZE];
    uint8_t public_key[SEALING_KEY_SIZE];
    int64_t from_ms, seal_until_ms, open_until_ms;
};

struct signed_statement {
    struct bytes statement; /* canonical KeyStatement bytes */
    struct digest signer;
    uint8_t signature[SIGNATURE_SIZE];
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
            const char *const *wanted;                  /* borrowed */
            const struct digest *wanted_certificates;   /* borrowed */
            const struct directory_entry *entries;      /* borrowed */
            bool has_publish;
            struct signed_statement publish;
        } directory;
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

/* Reads a frame's head; resets `arena`.
 *   ST_INVALID  not one of ours, a size wrong, an unknown enumeration
 *   ST_LIMIT    over its bounds */
enum status wire_read(struct bytes head, struct arena *arena, struct wire *out, struct reason *why);

/* Writes frame prefix and head for a body of `body_size` bytes that the caller appends.
 *   ST_LIMIT    `room` is too small */
enum status wire_write(const struct wire *wire, size_t body_size, uint8_t *out, size_t room,
                       size_t *size);

/* Steps and key statements travel as canonical bytes of their own. */
enum status step_read(struct bytes bytes, struct arena *arena, struct step *out, struct reason *why);
enum status step_write(const struct step *step, uint8_t *out, size_t room, size_t *size);
enum status key_statement_read(struct bytes bytes, struct arena *arena, struct key_statement *out,
                               struct reason *why);
enum status key_statement_write(const struct key_statement *k, uint8_t *out, size_t room,
                                size_t *size);
/* The bytes a key statement's signature covers: "concordat/1 key" || 0x00 || community || statement. */
enum status key_statement_sign(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                               struct bytes statement, uint8_t out[static SIGNATURE_SIZE]);
enum status key_statement_verify(EVP_PKEY *key, const uint8_t community[static DIGEST_SIZE],
                                 const struct signed_statement *signed_statement);

const char *step_name(Concordat__StepKind kind);          /* "delivered" */
const char *refusal_name(Concordat__RefusalCode code);    /* "CATEGORY_NOT_COVERED" */
/* Fixed advice for a code; depends on nothing else. */
const char *refusal_advice(Concordat__RefusalCode code);
bool refusal_is_retryable(Concordat__RefusalCode code);

#endif
