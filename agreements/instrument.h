/*
 * instrument.h - what a party signs about an agreement: proposal, acceptance, revocation, review.
 *
 *     file of PEM blocks --instrument_load--> signed bytes --instrument_verify--> struct instrument
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
    /* Not of the bytes: what instrument_verify found. */
    struct digest key;                  /* SHA-256 of the governance key's SubjectPublicKeyInfo */
    struct digest digest;               /* SHA-256 of the Instrument's bytes */
    char officer[OFFICER_CODE_MAX + 1]; /* AUTHORISE: whose certificate it was */
};

/* Borrowed parts of a SignedInstrument. */
struct signed_instrument {
    struct bytes instrument, certificate;
    uint8_t signature[SIGNATURE_SIZE];
};

/* Canonical bytes there and back.
 *   ST_INVALID  not canonical, a field that the act wants missing, or one that it has not; `why`
 * names it ST_LIMIT    `room` is too small */
enum status instrument_read(struct bytes bytes, struct instrument *out, struct reason *why);
enum status instrument_write(const struct instrument *instrument, uint8_t *out, size_t room,
                             size_t *size);

/* Signs: `certificate` (DER) must be the key's, of the agency, of the governance profile.
 *   ST_FORGED   it is not; `why` says why */
enum status instrument_sign(const struct instrument *instrument, EVP_PKEY *key,
                            struct bytes certificate, const struct digest *community, uint8_t *out,
                            size_t room, size_t *size, struct reason *why);
/* Takes a SignedInstrument apart. ST_INVALID: not one. */
enum status signed_instrument_read(struct bytes bytes, struct signed_instrument *out,
                                   struct reason *why);
/* Form, certificate's profile and agency, signature. Not: chain and revocation (the caller's
 * trust), pins (the registrar's). About 150 us. ST_INVALID, ST_FORGED   `why` says which */
enum status instrument_verify(const struct signed_instrument *signed_instrument,
                              const struct digest *community, struct instrument *out,
                              struct reason *why);

const char *act_name(Concordat__Act act);   /* "propose" */
Concordat__Act act_parse(const char *name); /* 0: none */

#endif
