/*
 * desk.h - the agent's core: requests and frames in, replies and frames out; read this file first.
 *
 *     local request --> desk_request  --\                       /--> replies
 *     broker frames --> desk_frames   ---> one transaction ----+
 *     the clock     --> desk_tick     --/  (desk_end_of_turn)   \--> frames
 *
 * All that a turn brings is one transaction, and one signature for each kind of thing signed. What
 * the turn produced is handed out by desk_take_* only after that transaction is on the disk: no
 * reply and no frame says anything that a power cut could undo. Does no I/O but the store's, so
 * that a test, or a simulation, can run many agents in one process.
 *
 * The way of a message out:   request.c -> seal -> outbox -> submit -> receipt -> steps -> gone
 * The way of a message in:    arrival.c -> verify -> decide -> open -> inbox -> signed `delivered`
 *
 * Threads: one owner, the keeper.
 */
#ifndef AGENTS_DESK_H
#define AGENTS_DESK_H

#include <openssl/evp.h>

#include "agents/keyring.h"
#include "agents/stage.h"
#include "agreements/calendar.h"
#include "agreements/registrar.h"
#include "lib/bytes.h"
#include "lib/own.h"
#include "lib/store.h"
#include "lib/tls.h"

#define WAITING_MAX                                                                                \
    4096 /* requests that may wait at a time: each holds its route and 200 bytes                   \
          */

struct desk;

/* All borrowed for the desk's life, but what desk_reload replaces. */
struct desk_setup {
    const char *agency;
    struct store *store;
    struct keyring *keyring;
    EVP_PKEY *signing_key;
    struct bytes signing_certificate; /* DER */
    const struct tls_context *trust;
    struct digest governance;      /* of our governance key's SubjectPublicKeyInfo; zero: unknown */
    const struct known_key *known; /* governance keys of the join pack; NULL: none */
    size_t known_count;
    const struct calendar_days *calendar; /* of bank holidays; NULL: those built in */
    struct agreement_set *agreements;     /* assumed as signed, for tests; NULL: none */
};

/*   ST_IO       the store
 *   ST_FORGED   the signing certificate does not hold, or is not this agency's */
enum status desk_new(const struct desk_setup *setup, int64_t now_ms, struct desk **out,
                     struct reason *why);
void desk_free(struct desk *desk); /* what is not committed is forgotten */
OWN(desk)
/* Between turns: other trust, other assumed agreements (the same ones: nothing changes). */
void desk_reload(struct desk *desk, const struct tls_context *trust,
                 struct agreement_set *agreements);
/* Between turns: other bank holidays. What is owed and still to come is reckoned anew, bounded in a
 * turn. The old ones are not used any more. */
void desk_recalendar(struct desk *desk, const struct calendar_days *calendar);

/* A turn begins: `wall_ms` since 1970, `now_ms` monotonic. Makes a new sealing key when one is due
 * and erases those whose time is over.
 *   ST_IO, ST_NOMEM   stop */
enum status desk_begin_turn(struct desk *desk, int64_t wall_ms, int64_t now_ms);
/* One request of the local system; the answer may come in a later turn. */
void desk_request(struct desk *desk, struct bytes route, struct bytes request);
/* The broker has welcomed us; `link` as in stage.h. */
void desk_open(struct desk *desk, const struct stage_link *link);
void desk_shut(struct desk *desk, const struct stage_link *link);
/* Whole frames of the session. */
void desk_frames(struct desk *desk, uint64_t session, struct bytes frames);
/* Several times a second: what waits too long, what is due. */
void desk_tick(struct desk *desk);
/* Signs, stores, commits.
 *   ST_IO, ST_LIMIT, ST_NOMEM   stop the process: nothing of this turn may leave */
enum status desk_end_of_turn(struct desk *desk);

/* After a good end of turn: the next reply, malloc'd, to be given to the local thread; NULL when
 * there is none. */
struct stage_local *desk_take_reply(struct desk *desk, size_t *size);
/* Frames gathered so far for the session, malloc'd; NULL when there are none. */
struct stage_frames *desk_take_frames(struct desk *desk, size_t *size);
/* Should the link be dropped (STAGE_DROP)? Answers true once. */
bool desk_take_drop(struct desk *desk, struct stage_link *out);

/* Is `request` a well-formed Request, safe to unpack? Any thread.
 *   ST_INVALID  `why` says what is wrong */
enum status desk_check_request(struct bytes request, struct reason *why);

#endif
