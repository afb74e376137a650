/*
 * enact.h - an agreement put in force by one hand: for a community whose governance keys all lie in
 * one folder.
 *
 *     draft --pin--> text --sign, every party--> instruments --one agent--> gazette --> in force
 *
 * For sandboxes, tests and rehearsals. Instruments prove themselves, so one agent publishes them
 * all. Between real agencies each signs at its own desk: `concordat agreement sign`.
 *
 * Threads: none; each call waits for the agent.
 */
#ifndef AGENTS_CLI_ENACT_H
#define AGENTS_CLI_ENACT_H

#include "agents/client.h"
#include "agreements/instrument.h"

/* A proposal that broke off half-way is in the way of the same text for so long. */
#define ENACT_PROPOSAL_MS (10 * 60 * 1000)

struct enact_item {
    size_t size;
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
};

/* One text and what its parties signed of it. */
struct enactment {
    struct agreement *agreement; /* owned; pinned: its text is what was signed */
    size_t count;                /* one a party; the first is the proposal */
    struct enact_item *items;    /* owned */
};

/* Pins and signs; `pki` has trust.pem and agencies/ID/{signing.pem,governance.pem,governance.key}.
 * `predecessor` NULL: none is in force. The owner proposes, or the first party where the owner is
 * none; with a predecessor the first of these that is its party too.
 *   ST_INVALID, ST_FORGED, ST_IO   a key or certificate is missing or wrong; `why` names the file
 *   ST_NOMEM */
enum status enactment_sign(const char *pki, const struct agreement *draft,
                           const struct agreement *predecessor, int64_t now_ms,
                           struct enactment **out, struct reason *why);
void enactment_free(struct enactment *enactment); /* NULL is fine */
OWN(enactment)

/* Publishes the first `count` of its instruments, in order.
 *   ST_INVALID  one was not taken; `why` says whose and why
 *   ST_IO       the agent was not reached */
enum status enactment_publish(const struct enactment *enactment, size_t count,
                              struct concordat *agent, struct reason *why);

/* Do two texts agree but for the keys that they pin? ST_LIMIT, ST_NOMEM when it cannot be said. */
enum status enact_compare(const struct agreement *a, const struct agreement *b, bool *equal,
                          struct reason *why);

struct enacted {
    struct digest hash; /* of the text in force */
    bool before;        /* it was in force already; nothing was published */
};

/* All of it. Not yet: that the agent has it in force; enact_await.
 *   ST_INVALID  the same or a higher version is in force with other content; and as above */
enum status enact(const char *pki, const struct agreement *draft, struct concordat *agent,
                  struct enacted *out, struct reason *why);

/* Until the agent has the text with this hash in force. ST_LIMIT: not in `wait_ms`; ST_IO. */
enum status enact_await(struct concordat *agent, const char *id, const struct digest *hash,
                        int64_t wait_ms, struct reason *why);

#endif
