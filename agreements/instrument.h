/*
 * instrument.h - what a party signs about an agreement: proposal, acceptance, revocation, review.
 *
 *     file of PEM blocks --instrument_file_read--> signed bytes --instrument_verify--> struct
 * instrument
 *
 * Signed with the party's offline governance key, over agreement hash, predecessor hash, proposal
 * id and expiry: bytes that no other act, proposal, version or community shares. Certificates are
 * only carriers of the key: which key counts for a party is what the agreement's text pins
 * (registrar.h). Source: proto/governance.proto; docs/protocol.md, instruments.
 */
#ifndef AGREEMENTS_INSTRUMENT_H
#define AGREEMENTS_INSTRUMENT_H

#include <openssl/evp.h>

#include "agreements/agreement.h"
#include "lib/bytes.h"
#include "lib/id.h"
#include "proto/governance.pb-c.h"

#define INSTRUMENT_MAX 1024                   /* bytes of an Instrument */
#define SIGNED_INSTRUMENT_MAX 4096            /* bytes with certificate and signature */
#define PROPOSAL_DAYS_MAX 90                  /* a proposal stands open no longer */
#define INSTRUMENT_PEM "CONCORDAT INSTRUMENT" /* the armour's label */
#define INSTRUMENTS_EACH_MAX 512              /* in one file */
#define INSTRUMENT_ARMOUR_MAX 8192            /* characters of one, with the NUL */

struct instrument {
    Concordat__Act act;
    char agency[AGENCY_MAX + 1];
    char agreement_id[AGREEMENT_ID_MAX + 1];
    uint32_t agreement_version;
    struct digest agreement_hash, predecessor_hash;
    struct id proposal_id;
    int64_t proposal_expires_ms, signed_ms;
    struct digest signing_key;        /* ROLL, RETIRE */
    struct id message_id;             /* REVIEW, AUTHORISE */
    bool upheld;                      /* REVIEW */
    char counterpart[AGENCY_MAX + 1]; /* AUTHORISE, REINSTATE */
    char clause[CLAUSE_ID_MAX + 1];   /* AUTHORISE */
    /* AUTHORISE: whose word it is. In the bytes, so that no two officers' are the same; and
     * instrument_verify found it in the certificate. */
    char officer[OFFICER_CODE_MAX + 1];
    /* Not of the bytes: what instrument_verify found. */
    struct digest key;    /* SHA-256 of the governance key's SubjectPublicKeyInfo */
    struct digest digest; /* SHA-256 of the Instrument's bytes */
};

/* Borrowed parts of a SignedInstrument. */
struct signed_instrument {
    struct bytes instrument, certificate;
    uint8_t signature[SIGNATURE_SIZE];
};

/* Canonical bytes there and back.
 *   ST_INVALID  not canonical, a field that the act wants missing, or one that it has not; `why`
 * names it
 *   ST_LIMIT    `room` is too small */
enum status instrument_read(struct bytes bytes, struct instrument *out, struct reason *why);
enum status instrument_write(const struct instrument *instrument, uint8_t *out, size_t room,
                             size_t *size);

/* Signs: `certificate` (DER) must be the key's, of the agency, of the governance profile; for
 * AUTHORISE of the officer's.
 *   ST_FORGED   it is not; `why` says why
 *   ST_INVALID  a field that the act wants missing, or one that it has not
 *   ST_LIMIT    `room` is too small */
enum status instrument_sign(const struct instrument *instrument, EVP_PKEY *key,
                            struct bytes certificate, const struct digest *community, uint8_t *out,
                            size_t room, size_t *size, struct reason *why);
/* Takes a SignedInstrument apart. ST_INVALID: not one. */
enum status signed_instrument_read(struct bytes bytes, struct signed_instrument *out,
                                   struct reason *why);
/* Form, certificate's profile and agency, signature. Not: chain and revocation (the caller's
 * trust), pins (the registrar's). About 150 us.
 *   ST_INVALID, ST_FORGED   `why` says which
 *   ST_NOMEM    nothing is said of it */
enum status instrument_verify(const struct signed_instrument *signed_instrument,
                              const struct digest *community, struct instrument *out,
                              struct reason *why);

/* Instruments as text: PEM blocks labelled INSTRUMENT_PEM, between them nothing but empty lines and
 * comments that begin with '#'. Each is a SignedInstrument by its form; nothing is verified.
 * (instrument_file.c) */
struct instrument_file {
    size_t count;
    struct bytes items[INSTRUMENTS_EACH_MAX]; /* SignedInstrument each, borrowed from `memory` */
    uint8_t *memory[INSTRUMENTS_EACH_MAX];    /* owned */
};
/*   ST_INVALID  not that, or nothing in it; `why` has name and line
 *   ST_NOMEM */
enum status instrument_file_parse(const char *name, const char *text, size_t size,
                                  struct instrument_file **out, struct reason *why);
/* The same from a file; ST_IO when it cannot be read (`why` says so). */
enum status instrument_file_read(const char *path, struct instrument_file **out,
                                 struct reason *why);
void instrument_file_free(struct instrument_file *file); /* NULL is fine */
OWN(instrument_file)
/* One SignedInstrument as such a block, NUL-terminated, which `size` does not count.
 *   ST_LIMIT    `room` is too small; INSTRUMENT_ARMOUR_MAX is enough
 *   ST_NOMEM */
enum status instrument_armour(struct bytes signed_instrument, char *out, size_t room, size_t *size);

const char *act_name(Concordat__Act act);   /* "propose" */
Concordat__Act act_parse(const char *name); /* 0: none */

#endif
