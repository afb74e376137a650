/*
 * envelope.h - a message header as values: every field checked, nothing that points.
 *
 *     frame head --> envelope_read --> struct envelope --> decide, queue, seal
 *
 * Headers are unpacked from the generated types here and nowhere else; others take only their
 * enumerations from there. Plain data that travels between threads by copy; the exact bytes it came
 * from travel beside it, since they are what was signed.
 * Source: docs/protocol.md §4.
 */
#ifndef PROTO_ENVELOPE_H
#define PROTO_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "lib/limits.h"
#include "lib/merkle.h"
#include "lib/reason.h"
#include "lib/status.h"
#include "proto/catalogue.h"

struct sealed_section {
    uint32_t category;
    uint32_t sealed_size; /* bytes */
    struct digest sealed_sha256;
    uint8_t wrap[WRAP_SIZE];
};

/* What an act of custody tells the broker (header.proto, Custody). */
struct custody_claim {
    struct id transfer_id; /* zero: the message is no act of custody */
    uint64_t case_version;
    uint32_t component_count, components;
    struct digest manifest; /* zero: none */
    int64_t reply_by_ms;
    uint32_t conversation_count;
    struct id conversations[CONVERSATIONS_MAX];
};

struct envelope {
    struct id message_id, share_id, case_handle, conversation_id, in_reply_to; /* zero = none */
    uint32_t leg_count, schema_version, sequence, retention_days, agreement_version;
    char type[TYPE_MAX + 1];
    char sender[AGENCY_MAX + 1], recipient[AGENCY_MAX + 1];
    char agreement_id[AGREEMENT_ID_MAX + 1];
    struct digest agreement_hash;
    char clause[CLAUSE_ID_MAX + 1];
    char purpose[PURPOSE_MAX + 1];
    char gateway[GATEWAY_MAX + 1];
    int marking, capacity, urgency; /* enumerations of header.proto, known values */
    int64_t created_ms, needed_by_ms, expires_ms, watch_until_ms;
    uint32_t onward_count;
    char onward[ONWARD_MAX][AGENCY_MAX + 1];
    struct digest officer_hash;
    uint8_t recipient_key_id[KEY_ID_SIZE];
    uint8_t encapsulation[SEALING_KEY_SIZE];
    struct custody_claim custody;
    category_set categories; /* of the sections */
    uint32_t body_size;      /* bytes of all sealed sections */
    uint32_t section_count;
    struct sealed_section sections[SECTIONS_MAX]; /* ascending category; last, so that a copy may
                                                     end at section_count */
};

/* Bytes of `e` that are in use. */
size_t envelope_size(const struct envelope *e);

/* Reads canonical header bytes. `arena` is reset here.
 *   ST_INVALID  not canonical, a field missing, out of range, or a section over its size
 *   ST_LIMIT    larger than HEADER_MAX or its arena */
enum status envelope_read(struct bytes header, struct arena *arena, struct envelope *out,
                          struct reason *why);

/* Are its deadlines within DEADLINE_AHEAD_DAYS of `created`? Asked of a message that is to be
 * accepted and of no other: what stands in a journal was accepted, by a release that did not ask.
 *   ST_INVALID  one is further ahead */
enum status envelope_check_deadlines(const struct envelope *e, struct reason *why);

/* Writes the canonical bytes; the sender's side. Inverse of envelope_read.
 *   ST_LIMIT    `room` is too small */
enum status envelope_write(const struct envelope *e, uint8_t *out, size_t room, size_t *size);

#endif
