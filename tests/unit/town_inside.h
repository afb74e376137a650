/*
 * town_inside.h - a town's own insides, shared by town.c (turns and links), town_member.c
 * (agencies), town_broker.c or town_real.c, town_directory.c, town_forger.c and town_requests.c, and by nobody
 * else.
 */
#ifndef TESTS_UNIT_TOWN_INSIDE_H
#define TESTS_UNIT_TOWN_INSIDE_H

#include "tests/unit/unit.h"

#include "tests/unit/town.h"

#include "agents/keyring.h"
#include "lib/sign.h"
#include "tests/unit/mint.h"

#define OWED_MAX 8192
#define REFUSED_MAX 4096

/* What an authority has issued besides, in an agency's name. */
struct impostor {
    EVP_PKEY *key; /* owned; NULL: nobody has */
    uint8_t *der;  /* owned */
    struct bytes certificate;
    uint8_t statement[STATEMENT_MAX]; /* of a sealing key that the agency does not have */
    struct signed_statement published;
};

struct resident {
    char agency[AGENCY_MAX + 1], folder[128];
    struct impostor impostor;
    char paths[4][192];
    struct tls_context *trust;
    const struct calendar_days *calendar; /* borrowed */
    struct agreement_set *agreements;
    EVP_PKEY *key;
    unsigned char *der;
    struct bytes certificate;
    struct store *store;
    struct keyring *keyring;
    struct desk *desk;
    bool connected;
    uint64_t session;
    uint8_t *incoming; /* frames of the session */
    size_t incoming_size;
    uint8_t *statement; /* its published key */
    struct signed_statement published;
    Concordat__Response *response;
    char ladder[256];
    bool followed, dropped;
    uint64_t after;
    struct reason drop_why;
    struct town_case asked;
};

/* Something the broker owes an agency until it is settled: a message or a step. */
struct owed {
    bool live, is_step;
    bool is_note; /* that it is withheld: only here to be settled */
    size_t to, from;
    struct id message;
    int64_t accepted_ms;
    uint8_t *header, *body; /* a step's bytes are its header */
    size_t header_size, body_size;
    struct proof proof;
};

struct town {
    char folder[64];
    const char *terms;   /* folder of the agreements; NULL: none */
    struct real *broker; /* owned by town_real.c; NULL: the one of a few lines */
    struct mint *mint;
    size_t count;
    struct resident members[TOWN_MAX];
    struct owed owed[OWED_MAX];
    size_t owed_count;
    struct town_refused {
        struct id id;
        struct digest header;
        int64_t at_ms;
    } refused[REFUSED_MAX];
    size_t refused_count;
    struct town_mischief mischief;
    struct town_counts counts;
    int64_t wall_ms, now_ms;
    bool moved;
    uint64_t published;
    struct arena *arena;
};

/* town_member.c */
/* Another signing key and certificate in the member's name. */
void town_make_signing(struct town *town, struct resident *m);
/* What it needs to be one: a transport certificate on the disk, and the same. */
void town_make_papers(struct town *town, struct resident *m);
void town_load_agreements(struct resident *m, const char *folder); /* NULL: none */
/* Its desk, on the store that is there; and closed as if it had died. */
void town_open_member(struct town *town, struct resident *m);
void town_close_member(struct resident *m);

/* town.c */
/* One turn of an agency's desk; `request' may be NULL. */
void town_turn(struct town *town, size_t index, const Concordat__Request *request);

/* town_broker.c; or, of a town with the real broker, town_real.c */
void town_broker_opens(struct town *town); /* before anybody connects */
void town_broker_closes(struct town *town);
/* The member's new session; what it is owed goes out. */
void town_broker_meets(struct town *town, size_t index);
void town_broker_loses(struct town *town, size_t index);
size_t town_find(const struct town *town, const char *agency); /* SIZE_MAX: nobody */
uint8_t *town_copy(struct bytes bytes);                        /* from malloc */
/* A frame for an agency; lost while that is away. */
void town_frame_to(struct town *town, size_t to, const struct wire *wire, struct bytes body);
/* What is owed goes out, as the mischief has it. */
void town_hand_over(struct town *town, size_t index, bool again);
/* The frames that an agent gave its link. */
void town_broker_takes(struct town *town, size_t from, const struct stage_frames *frames);

/* town_directory.c */
void town_directory(struct town *town, size_t from, const struct wire *wire);

/* town_forger.c */
/* A message that is to be owed, as the mischief has it. */
void town_falsify(struct town *town, struct owed *o);
/* Signs a step as the impostor of who made it. */
void town_sign_falsely(const struct town *town, const struct owed *o, struct proof *out);

#endif
