/*
 * guest.h - a broker's session without TLS and without an exchange, for its tests and its fuzzer.
 *
 * The peer is always nps.a. Its signing certificate is the text "certificate of nps.a", its key is
 * computed from a constant, so that a signature found once stays good; both mean nothing anywhere
 * else. Time stands still at GUEST_NOW_MS.
 */
#ifndef TESTS_UNIT_GUEST_H
#define TESTS_UNIT_GUEST_H

#include "broker/session.h"
#include "proto/envelope.h"

#define GUEST_NOW_MS INT64_C(1800000000000)
#define GUEST_ID ((session_id)1 << 32 | 7)

struct guest {
    struct session_rules rules;
    struct session *session;
    struct arena *arena;
    struct batch_cache *cache;
    struct turn turn;
    EVP_PKEY *key;
    unsigned alarms;
    const char *alarm; /* the last one's event */
};

/* A session whose peer is identified, before its hello. Aborts when memory is out. */
void guest_start(struct guest *guest);
void guest_stop(struct guest *guest);

/* Gives bytes as the link would; what session_run said last. */
enum status guest_feed(struct guest *guest, const uint8_t *data, size_t size);
/* Plays the exchange: welcomes hellos, answers every command of the turn. *count, if not NULL: how
 * many there were; *kinds: bit n, one of kind n. */
enum status guest_answer(struct guest *guest, unsigned *count, unsigned *kinds);

/* Frames as bytes; each gives its size. */
size_t guest_frame(const struct wire *wire, struct bytes body, uint8_t *out, size_t room);
size_t guest_hello(uint8_t *out, size_t room);
/* A message that fits in all, to csc.a, of `size` bytes; `change` may spoil its envelope. */
size_t guest_submit(const struct guest *guest, uint32_t number, size_t size,
                    void (*change)(struct envelope *e), uint8_t *out, size_t room);
size_t guest_step(const struct guest *guest, uint64_t sequence, const char *agency, uint8_t *out,
                  size_t room);
size_t guest_publish(const struct guest *guest, const char *agency, uint8_t *out, size_t room);
/* A claim to open a case; `change` may spoil it before it is signed. */
size_t guest_claim(const struct guest *guest, void (*change)(struct claim *claim), uint8_t *out,
                   size_t room);

/* The frames in what the session said; each is read with `arena`. false at the end. */
bool guest_said(struct guest *guest, size_t *at, struct wire *out);

#endif
