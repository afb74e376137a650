/*
 * town.h - a town of agencies for tests: the real desks, stores and keys, around a broker that is a
 * few lines long. No threads, no sockets, no clock but the test's.
 *
 * The broker here takes everything, forwards everything, and forgets what the test tells it to; it
 * is not the real one's judge. Any failure aborts through cmocka's asserts.
 */
#ifndef TESTS_UNIT_TOWN_H
#define TESTS_UNIT_TOWN_H

#include "agents/desk.h"
#include "agents/gazette.h"
#include "lib/own.h"
#include "proto/local.pb-c.h"
#include "proto/claim.h"
#include "proto/told.h"
#include "proto/wire.h"

#define TOWN_MAX 3
#define TOWN_SIGNING_DAYS 7 /* signing certificates end so long after the town began */
#define TOWN_CRL_DAYS 20    /* and CRLs */
#define TOWN_DAY_MS ((int64_t)24 * 60 * 60 * 1000)

struct town;

/* The agencies of agreements/examples that are named, all connected, their keys published. */
struct town *town_new(const char *const agencies[], size_t count);
/* The same under the agreements of another folder. */
struct town *town_new_under(const char *agreements, const char *const agencies[], size_t count);
/* The same without any agreement in force: what is signed comes by town_entry. */
struct town *town_new_bare(const char *const agencies[], size_t count);
void town_free(struct town *town);
OWN(town)

/* Turns until nothing moves any more. */
void town_settle(struct town *town);
/* So many turns for each, whatever still moves. */
void town_turns(struct town *town, unsigned count);
/* The clock goes on by so much; then one turn for each. */
void town_wait(struct town *town, int64_t ms);
/* Somebody steps the wall clock. */
void town_jump(struct town *town, int64_t ms);
int64_t town_now(const struct town *town); /* ms since 1970 */

/* Link and broker. While an agency is away its frames are lost and what it is owed stays owed. */
void town_disconnect(struct town *town, size_t agency);
void town_connect(struct town *town, size_t agency);
/* The agent dies without a word and starts again on its store. */
void town_restart(struct town *town, size_t agency);

/* Other agreements than the examples, as texts. */
#define TOWN_AGREEMENTS_MAX 4
void town_agree(struct town *town, size_t agency, const char *texts[], size_t count);

/* Signed agreements. An entry of the gazette comes to an agency, as the broker would show it. */
void town_entry(struct town *town, size_t agency, const struct gazette_entry *entry);
struct mint *town_mint(const struct town *town);
struct digest town_community(const struct town *town);
struct digest town_signing(const struct town *town, size_t agency); /* pin of its signing key */
/* The last follow of an agency: entries after this one are asked for. False: none since asked. */
bool town_followed(struct town *town, size_t agency, uint64_t *after);
/* Has the agency dropped its link, since this was asked last? The link is then gone. */
bool town_dropped(struct town *town, size_t agency, struct reason *why);
/* Its bank holidays, borrowed; NULL: those built in. */
void town_recalendar(struct town *town, size_t agency, const struct calendar_days *days);
/* New CRLs, valid for TOWN_CRL_DAYS from the town's now, are loaded by the agency. */
void town_renew_crls(struct town *town, size_t agency);
const Concordat__Response *town_notices(struct town *town, size_t agency, uint64_t since);
/* An instrument is published by the agency's own system; the broker answers with this verdict. */
const Concordat__Response *town_publish(struct town *town, size_t agency, struct bytes instrument,
                                        const char *text);

/* What the broker does with the next things of a kind. */
struct town_mischief {
    bool lose_receipts;                /* taken, but the answer does not arrive */
    bool lose_settles;                 /* steps are recorded, but the answer does not arrive */
    bool hide_keys, hide_certificates; /* the directory knows the agency, but not these */
    bool hide_agencies;                /* the directory knows nobody */
    Concordat__RefusalCode refuse;     /* submits are refused so */
    const char *refuse_to;             /* and those to this agency as CONVERSATION_UNKNOWN */
    const char *ended;                 /* this agreement has: so many submits under it are */
    unsigned ended_recorded;           /* refused as revoked, the others as RATE_LIMITED */
    bool refuse_nameless;              /* by their digest only, as if they could not be read */
    bool hold;                         /* messages are accepted and stay until the next session */
    bool stray_frame;                  /* before each delivery one that is out of place */
    bool flip_body;                    /* a bit of each delivered body */
    struct id in_reply_to;             /* replies are delivered as if to this, signed anew */
    bool false_custody;                /* acts of custody come with headers of other components */
    bool hide_deadline;                /* headers come without the deadline of their bodies */
    bool watch_longer;                 /* headers say a later end of a watch than their bodies */
    bool misplace;                     /* bodies' last field stands in the first section too */
    bool false_keys;                   /* an impersonated agency's key is the impostor's */
    bool true_keys_too;                /* beside that */
    bool false_steps;                  /* and its steps are signed by the impostor */
    bool flip_step;                    /* a bit of each forwarded step's signature */
    int64_t seal_days;                 /* of keys after a restart; 0: as it should be */
    bool forge_first;                  /* each step comes with a broken signature, then as it is */
    const char *verdict;               /* published instruments are refused so; NULL: published */
    bool no_verdict;                   /* or there is no verdict */
    bool twice;                        /* everything is delivered twice */
    uint32_t active_version;           /* any other is stale, of whatever agreement; 0: none is */
    unsigned lose_submits;             /* so many that come do not arrive */
    bool lose_verdicts;                /* refusals as stale do not arrive */
    uint64_t publish_as;               /* verdict on the next instrument: this entry, which
                                          town_frame brings or nobody */
};
struct town_mischief *town_mischief(struct town *town);

/* One request: waits for the reply, turning the town as long as that takes (at most 60 s of its
 * clock). Freed by the town with the next request of the same agency. */
const Concordat__Response *town_ask(struct town *town, size_t agency,
                                    const Concordat__Request *request);
/* The same without waiting; town_reply gives it later, or NULL. */
void town_ask_later(struct town *town, size_t agency, const Concordat__Request *request);
const Concordat__Response *town_reply(struct town *town, size_t agency);

/* The usual requests. `json` is one of docs/examples, or NULL. */
const Concordat__Response *town_send(struct town *town, size_t agency, const char *type,
                                     const char *to, const char *json, const struct id *id);
/* The same with a body of the test's own. */
const Concordat__Response *town_send_text(struct town *town, size_t agency, const char *type,
                                          const char *to, const char *json);
const Concordat__Response *town_inbox(struct town *town, size_t agency);
const Concordat__Response *town_open(struct town *town, size_t agency, const struct id *id);
const Concordat__Response *town_act(struct town *town, size_t agency, const struct id *id,
                                    Concordat__StepKind step, Concordat__DeclineReason reason);
const Concordat__Response *town_answer(struct town *town, size_t agency, const struct id *to,
                                       const char *json);
/* What `track` says of a message; NULL when it is not known. */
const Concordat__Item *town_track(struct town *town, size_t agency, const struct id *id);
/* The rungs of a message as one line, "queued accepted delivered", with `!' before a
 * recipient's rung whose signature does not hold; "?" when it is not known. */
const char *town_ladder(struct town *town, size_t agency, const struct id *id);
/* Where it stands: the last rung that holds. */
const char *town_state(struct town *town, size_t agency, const struct id *id);
/* What its last rung says besides: a code, a reason. */
const char *town_detail(struct town *town, size_t agency, const struct id *id);
const Concordat__Status *town_status(struct town *town, size_t agency);

/* The authority issues a second signing certificate in the agency's name to somebody else, whom the
 * broker helps; the pin of its key. What comes of it, the mischief says. */
struct digest town_impersonate(struct town *town, size_t agency);

/* Any bytes as a request, or as frames of the broker's, in a turn of their own: fuzzers. What comes
 * of it is dropped. */
void town_raw_request(struct town *town, size_t agency, struct bytes request);
void town_raw_frames(struct town *town, size_t agency, struct bytes frames);

/* A message that has been accepted is never handed over, and its sender told so, again with each
 * call. */
void town_withhold(struct town *town, const struct id *id, Concordat__RefusalCode code);
/* The broker says what has become of a case, or of a clock, unasked; owed until it is settled. With
 * `twice` of the mischief it comes twice. */
void town_tell(struct town *town, size_t agency, const struct told *told);
/* The same of what a broker of another release says: any kind, and any bytes. */
void town_tell_bytes(struct town *town, size_t agency, uint8_t kind, struct bytes bytes);
/* The agency's claims and questions about cases, which the broker has not answered: how many came
 * so far, and the last. */
struct town_case {
    unsigned count;
    uint64_t request;
    bool is_claim;
    struct claim claim; /* read and its signature verified */
    struct id asked;
};
const struct town_case *town_case(const struct town *town, size_t agency);
/* The broker answers the last: `code`, and how the case stands when `custody` is not NULL. */
void town_answer_case(struct town *town, size_t agency, Concordat__RefusalCode code,
                      const struct custody_told *custody);
/* How many records the agency's store has in a tree (agents/trees.h). */
size_t town_entries(struct town *town, size_t agency, int tree);
/* Which message the broker accepted as its how manieth, from 0; SIZE_MAX: it has not. */
size_t town_place(const struct town *town, const struct id *id);

/* One more frame of the broker's, without a body; then all settles. */
void town_frame(struct town *town, size_t agency, const struct wire *wire);

/* How often the broker has seen things. */
struct town_counts {
    unsigned rate_limited;
    unsigned submits, stale, steps, settles, deliveries;
};
struct town_counts town_counts(const struct town *town);

/* The file's text, NUL-terminated; free() it. */
char *town_example(const char *name);

#endif
