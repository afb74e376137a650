/*
 * catalogue.h - every message type: its body, its pattern, its categories, its life.
 *
 * One table in catalogue.c; a new type is a row there and a body in proto/bodies. Which field has
 * which category is generated from the bodies (build: proto/categories.c), never listed by hand.
 * Source: the flows of A.1 to A.6, the attributes of B.1.
 */
#ifndef PROTO_CATALOGUE_H
#define PROTO_CATALOGUE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/limits.h"

/* A set of data categories: bit n is DataCategory n. */
typedef uint32_t category_set; /* a plain number with a name; the only typedef of the product */

enum pattern {
    PATTERN_NOTICE = 1,
    PATTERN_ENQUIRY,
    PATTERN_REFERRAL,
    PATTERN_TRANSFER,
    PATTERN_SHARE,
    PATTERN_RETURN
};

/* What a message does to the custody of its case. */
enum custody_act {
    CUSTODY_NONE = 0,
    CUSTODY_OFFER,
    CUSTODY_ACCEPT,
    CUSTODY_REJECT,
    CUSTODY_WITHDRAW,
    CUSTODY_COMPLETE
};

struct message_type {
    const char *name;                       /* "psr.request" */
    const ProtobufCMessageDescriptor *body; /* generated */
    uint32_t schema_version;
    enum pattern pattern;
    category_set required, allowed; /* allowed includes required */
    int urgency;                    /* Concordat__Urgency: the lane */
    int marking;                    /* Concordat__Marking: the least */
    const char *acknowledged_by;    /* type name; NULL when no message acknowledges it */
    const char *answered_by;        /* type name; NULL when nothing answers it */
    const char *updated_by;         /* type name; NULL when nothing updates it */
    const char *closed_by; /* type name: ends its conversation, which the answer ends too when it is
                            * an enquiry's; NULL: the answer alone does, or it ends at once */
    const char *watched_until; /* a body's field, a Date: until the end of that day what is referred
                                * is watched, and then to be closed. The header says it too (UTC).
                                * Of what updates a referral: from now on until that day. NULL: of
                                * no such type */
    enum custody_act custody;
    const char *ends_with; /* the rung that ends the sender's waiting: "opened", "answered" */
};

/* NULL when there is none. O(log n). */
const struct message_type *catalogue_find(const char *name);
/* Does a message of this type answer or acknowledge another? */
bool catalogue_is_answer(const struct message_type *type);
/* Does a message of this type keep up to date what another opened? */
bool catalogue_is_update(const struct message_type *type);
/* Does a message of this type close what another opened? */
bool catalogue_is_close(const struct message_type *type);
/* Is `reply` what answers, or acknowledges, a message of type `asked`? */
bool catalogue_replies_to(const char *reply, const struct message_type *asked);
/* All of them in order of name. */
const struct message_type *catalogue_all(size_t *count);

/* Category of a body's top-level field; 0 for a tag the body does not have. */
uint32_t category_of_field(const ProtobufCMessageDescriptor *body, uint32_t tag);
/* Is the field `required`, and which check does it carry (enum Concordat__Check)? Any message. */
bool field_is_required(const ProtobufCMessageDescriptor *message, uint32_t tag);
int field_check(const ProtobufCMessageDescriptor *message, uint32_t tag);

/* "DC_IDENTITY" and back; NULL / 0 for what is none. */
const char *category_name(uint32_t category);
uint32_t category_parse(const char *name);

bool purpose_is_known(const char *purpose); /* the closed list of C.2 */

/* Kinds of agency ("NPS", "LA_CHILDREN"): what agreements name. In order of name. */
enum agency_kind {
    KIND_APPROVED_PREMISES,
    KIND_COURT,
    KIND_CPS,
    KIND_CRC,
    KIND_CSP,
    KIND_DWP,
    KIND_EM_PROVIDER,
    KIND_FAMILIES_TEAM,
    KIND_INTERVENTION_PROVIDER,
    KIND_LA_ADULTS,
    KIND_LA_CHILDREN,
    KIND_LA_HOUSING,
    KIND_MOJ_CONTRACT,
    KIND_NHS_MENTAL_HEALTH,
    KIND_NHS_OTHER,
    KIND_NPS,
    KIND_OPCC,
    KIND_PAROLE_BOARD,
    KIND_POLICE,
    KIND_PPCS,
    KIND_PRISON,
    KIND_TREATMENT_PROVIDER,
    KIND_VICTIM_SERVICE,
    KIND_YOT,
    AGENCY_KINDS /* how many there are: each fits a bit of 32 */
};
bool agency_kind_is_known(const char *kind);
/* False, and `out` untouched, when there is none of that name. O(log n). */
bool agency_kind_parse(const char *name, enum agency_kind *out);
const char *agency_kind_name(enum agency_kind kind);

#endif
