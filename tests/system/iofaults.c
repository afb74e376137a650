/* Every storage call of one fixed scenario made to fail once: the broker stops or refuses, never
 * acknowledges what it cannot keep, and never tries a failed sync again.
 *
 *     iofaults BIN SOURCE FOLDER LIBFAULTIO [RETRIES_SYNC [FORGETFUL_BROKER...]]
 *
 * The scenario: a caseload's story (caseload.h), a transfer with open conversations and clocks that
 * strike, then mail. Clean runs count the points. Then for each k: a store in which nothing has
 * happened, and the k-th call fails. A broker that stops in the story is started without fault, and
 * the story goes on. At the end it is started once more: every message that had a receipt must be
 * delivered, every case be whose the receipts say, what is open in it go on there, what was not
 * answered in time be breached once, and nothing else.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agreements/agreement.h"
#include "tests/system/caseload.h"
#include "tests/system/cases_agreement.h"
#include "tests/system/community.h"
#include "tests/system/peer.h"

#define CLEAN_RUNS 3
#define MESSAGES 12
#define CONFIRMED 6 /* of them are confirmed by the recipient before the stop */
#define SIZE 2048
#define LINES_MAX 20000
#define SOON_MS 250
#define SOON_MAX_MS (64 * SOON_MS)

static const struct member members[] = {{"court.a", "COURT"},
                                        {"nps.m", "NPS"},
                                        {"nps.a", "NPS"}, /* the rest: as `keeping' */
                                        {"crc.b", "CRC"},
                                        {"csc.c", "LA_CHILDREN"}};

struct stage {
    struct community *community; /* the caseload's */
    char report[COMMUNITY_PATH + 16], library[COMMUNITY_PATH];
    struct digest agreement_hash;
    struct peer *court, *nps;
    uint8_t key_id[KEY_ID_SIZE];
};

/* What one run of the scenario showed. */
struct outcome {
    bool ready;      /* the broker came up */
    int status;      /* of waitpid: of the run with the fault */
    bool revived;    /* it stopped in the story, and goes on without fault */
    size_t receipts; /* messages accepted */
    struct id accepted[MESSAGES];
    bool arrived[MESSAGES]; /* at the recipient, before or after the restart */
    size_t said;            /* of cases, and accepted */
};

/* One line of the report. */
struct call {
    long number;
    char name[16], path[400];
    int error;
};

static void in_folder(const struct stage *s, const char *what)
{
    char command[3 * COMMUNITY_PATH];

    (void)snprintf(command, sizeof command, "cd %s && %s", s->community->folder, what);
    if (system(command) != 0) // NOLINT(cert-env33-c): a test's own folder
        fail("%s", command);
}

/* The store as it was with the agreements in force and no mail yet. */
static void renew_store(const struct stage *s)
{
    in_folder(s, "rm -r broker && cp -a enacted broker");
    (void)unlink(s->report);
}

static bool start(struct stage *s, long fail_at)
{
    char folder[COMMUNITY_PATH + 16], at[24];

    if (fail_at >= 0) {
        (void)snprintf(folder, sizeof folder, "%s/broker", s->community->folder);
        (void)snprintf(at, sizeof at, "%ld", fail_at);
        (void)setenv("FAULT_FOLDER", folder, 1);
        (void)setenv("FAULT_REPORT", s->report, 1);
        (void)setenv("FAULT_AT", at, 1);
        (void)setenv("LD_PRELOAD", s->library, 1);
        (void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
    }
    bool ready = daemon_try_start(&s->community->broker);
    (void)unsetenv("LD_PRELOAD");
    (void)unsetenv("FAULT_AT");
    return ready;
}

static void compose(struct stage *s, struct envelope *e, uint8_t body[static SIZE])
{
    struct mail mail = mail_request("nps.m", s->key_id, &s->agreement_hash, SIZE);

    peer_compose(s->court, &mail, e, body);
}

static void note_arrival(struct outcome *o, const struct wire *wire)
{
    for (size_t i = 0; i < o->receipts; i++)
        if (memcmp(o->accepted[i].bytes, wire->deliver.header.data + 4, ID_SIZE) == 0)
            o->arrived[i] = true;
}

static void confirm(struct peer *peer, const struct wire *wire)
{
    struct taken taken;

    memcpy(taken.message_id.bytes, wire->deliver.header.data + 4, ID_SIZE);
    taken.header_digest = sha256(wire->deliver.header.data, wire->deliver.header.size);
    peer_confirm(peer, &taken, 1);
    (void)peer_flush(peer, 2000);
}

/* ---- cases ---- */

static struct stage *playing;
static struct outcome *playing_to;

static bool is_gone(struct daemon *broker)
{
    (void)daemon_said(broker, "nothing says this", 10000); /* returns when it has ended */
    (void)pthread_mutex_lock(&broker->lock);
    bool ended = broker->ended;
    (void)pthread_mutex_unlock(&broker->lock);
    return ended;
}

/* The broker has stopped, in the story's midst: it starts without fault, and all are back. */
static void revive(void)
{
    if (playing_to->revived || !is_gone(&playing->community->broker))
        fail("a connection went without cause; see %s", playing->community->broker.log);
    playing_to->status = daemon_wait(&playing->community->broker);
    playing_to->revived = true;
    if (!start(playing, -1))
        fail("the broker does not start after the fault; see %s", playing->community->broker.log);
    caseload_connect();
}

static void connect_keepers(void)
{
    for (size_t i = 0; i < WHO_COUNT; i++)
        if (!keeper_try_connect(&caseload.keepers[i], caseload.c.port)) {
            revive();
            return;
        }
}

static void tell_story(struct stage *s, struct outcome *o)
{
    playing = s;
    playing_to = o;
    connect_keepers();
    caseload_story();
    (void)caseload_await(WAIT_MS);
    caseload_part();
    o->said = caseload.sent_count;
}

/* After a start without fault. Gives how much is not as the receipts say. */
static size_t judge_story(const struct outcome *o)
{
    if (!o->ready)
        return 0;
    caseload_connect();
    caseload_check(CASES);
    caseload_go_on();
    size_t lost = caseload_await(WAIT_MS);
    lost += caseload_await_breaches(caseload.is_quiet ? caseload.soon_ms + 3000 : WAIT_MS);
    if (caseload.wrong == 0 && lost == 0)
        caseload_answer_all();
    lost += caseload_count_twice() + caseload_count_early() + caseload.wrong;
    caseload_part();
    return lost;
}

/* ---- mail ---- */

/* Sends until something goes wrong; what goes wrong is the broker's end or a refusal. */
static void play(struct stage *s, struct outcome *o)
{
    uint8_t body[SIZE];
    struct envelope e;
    struct wire wire;
    struct bytes ignored;

    if (peer_connect(s->nps, s->community->port, 10000) != ST_OK
        || peer_hello(s->nps, 64, 1 << 20, 10000) != ST_OK)
        return;
    peer_publish_key(s->nps, s->key_id);
    if (peer_flush(s->nps, 2000) != ST_OK
        || peer_connect(s->court, s->community->port, 10000) != ST_OK
        || peer_hello(s->court, 64, 1 << 20, 10000) != ST_OK)
        return;
    for (int tries = 0; o->receipts < MESSAGES && tries < 20 * MESSAGES; tries++) {
        compose(s, &e, body);
        if (peer_submit_and_wait(s->court, &e, (struct bytes){body, SIZE}, &wire, 10000) != ST_OK)
            return;
        if (wire.kind == WIRE_RECEIPT)
            o->accepted[o->receipts++] = e.message_id;
    }
    for (int confirmed = 0; confirmed < CONFIRMED;) {
        if (peer_next(s->nps, &wire, &ignored, 2000) != ST_OK)
            return;
        if (wire.kind != WIRE_DELIVER)
            continue;
        note_arrival(o, &wire);
        confirm(s->nps, &wire);
        confirmed++;
    }
}

/* After a start without fault: everything accepted arrives. */
static size_t count_lost(struct stage *s, struct outcome *o)
{
    size_t lost = 0;
    struct wire wire;
    struct bytes ignored;

    if (!start(s, -1))
        fail("the broker does not start after the fault; see %s", s->community->broker.log);
    peer_open(s->nps, s->community->port, 64);
    for (;;) {
        size_t missing = 0;
        for (size_t i = 0; i < o->receipts; i++)
            missing += !o->arrived[i];
        if (missing == 0 || peer_next(s->nps, &wire, &ignored, 3000) != ST_OK)
            break;
        if (wire.kind == WIRE_DELIVER) {
            note_arrival(o, &wire);
            confirm(s->nps, &wire);
        }
    }
    for (size_t i = 0; i < o->receipts; i++)
        lost += !o->arrived[i];
    lost += judge_story(o);
    peer_disconnect(s->nps);
    daemon_stop(&s->community->broker);
    return lost;
}

static void run(struct stage *s, long fail_at, struct outcome *o)
{
    *o = (struct outcome){0};
    renew_store(s);
    caseload_anew();
    o->ready = start(s, fail_at);
    if (o->ready)
        tell_story(s, o);
    if (o->revived) {
        daemon_stop(&s->community->broker);
        return;
    }
    if (o->ready) {
        play(s, o);
        peer_disconnect(s->court);
        peer_disconnect(s->nps);
        (void)kill(s->community->broker.pid, SIGTERM);
    }
    o->status = daemon_wait(&s->community->broker);
}

static size_t read_report(const struct stage *s, struct call calls[LINES_MAX])
{
    FILE *file = fopen(s->report, "r");
    size_t count = 0;

    while (file && count < LINES_MAX
           && fscanf(file, "%ld %15s %399s %d\n", &calls[count].number, calls[count].name,
                     calls[count].path, &calls[count].error)
                  == 4)
        count++;
    if (file)
        (void)fclose(file);
    return count;
}

static bool is_sync(const struct call *call)
{
    return strcmp(call->name, "fdatasync") == 0 || strcmp(call->name, "fsync") == 0;
}

/* Judges the run in which call `k` failed; the first thing wrong, or NULL. */
static const char *judge(const struct outcome *o, const struct call calls[], size_t count, long k)
{
    const struct call *failed = NULL;

    for (size_t i = 0; i < count; i++)
        if (calls[i].error != 0)
            failed = &calls[i];
    if (!failed)
        return "the fault was not reached";
    if (failed->number != k)
        return "another call failed";
    bool stopped = !WIFEXITED(o->status) || WEXITSTATUS(o->status) != 0;
    bool writes = strstr(failed->name, "write") || is_sync(failed);
    bool stored = strstr(failed->path, "/store/") || strstr(failed->path, "/journal/");
    if (writes && stored && !stopped)
        return "the broker went on after a failed write or sync";
    for (const struct call *call = failed + 1; is_sync(failed) && call < calls + count; call++)
        if (is_sync(call) && strcmp(call->path, failed->path) == 0)
            return "a failed sync was tried again";
    return NULL;
}

/* The run in which call `k` fails; again while it had fewer calls than that, since timers and
 * threads shift a few at the end. NULL when all is well. */
static const char *try_point(struct stage *s, long k, struct outcome *o, struct call *failed)
{
    static struct call calls[LINES_MAX];
    const char *fault = NULL;

    for (int tries = 0; tries < 8; tries++) {
        run(s, k, o);
        size_t count = read_report(s, calls);
        fault = judge(o, calls, count, k);
        *failed = k <= (long)count ? calls[k - 1] : (struct call){k, "none", "none", 0};
        if ((long)count >= k)
            break;
    }
    return fault;
}

/* Syncs of the running broker, not of its start: those the planted one tries again. */
static bool control_is_caught(struct stage *s, const char *broker, long points)
{
    char right[COMMUNITY_PATH];
    bool caught = false;

    memcpy(right, s->community->broker.program, sizeof right);
    (void)snprintf(s->community->broker.program, sizeof s->community->broker.program, "%s", broker);
    for (long k = points; k > points / 2 && !caught; k--) {
        struct outcome o;
        struct call failed;
        caught =
            try_point(s, k, &o, &failed) && strstr(failed.path, "/journal/") && is_sync(&failed);
    }
    memcpy(s->community->broker.program, right, sizeof right);
    return caught;
}

/* One that forgets something over its death, and no fault: that is seen after its start. A clock
 * that struck before the death is not forgotten: on a slow machine it is set for later. */
static bool forgetting_is_seen(struct stage *s, const char *broker)
{
    char right[COMMUNITY_PATH];
    struct outcome o;

    memcpy(right, s->community->broker.program, sizeof right);
    (void)snprintf(s->community->broker.program, sizeof s->community->broker.program, "%s", broker);
    caseload.is_quiet = true;
    bool seen = false;
    for (; !seen && caseload.soon_ms <= SOON_MAX_MS; caseload.soon_ms *= 4) {
        run(s, 0, &o);
        seen = o.receipts == MESSAGES && caseload.wrong == 0 && count_lost(s, &o) > 0;
    }
    caseload.soon_ms = SOON_MS;
    caseload.is_quiet = false;
    memcpy(s->community->broker.program, right, sizeof right);
    return seen;
}

/* The broker's store as the runs begin from: agreements in force, keys known, nothing said. */
static void begin(struct stage *s, char **argv)
{
    OWNED(agreement) agreement = NULL;
    struct reason why;
    char path[COMMUNITY_PATH + 32];

    s->community = &caseload.c;
    community_make(s->community, &(struct places){argv[1], argv[2]}, argv[3], members,
                   sizeof members / sizeof *members);
    (void)snprintf(s->library, sizeof s->library, "%s", argv[4]);
    (void)snprintf(s->report, sizeof s->report, "%s/report", s->community->folder);
    cases_agreement(s->community, keeping);
    community_start_for_peers(s->community);
    (void)snprintf(path, sizeof path, "%s/pinned/test.yaml", s->community->folder);
    if (agreement_load(path, &agreement, &why) != ST_OK)
        fail("%s", why.text);
    s->agreement_hash = agreement->hash;
    (void)snprintf(path, sizeof path, "%s/pki", s->community->folder);
    s->court = peer_new(path, "court.a");
    s->nps = peer_new(path, "nps.m");
    caseload_begin();
    caseload.soon_ms = SOON_MS;
    caseload.on_loss = revive;
    caseload_part();
    daemon_stop(&s->community->broker);
    in_folder(s, "cp -a broker enacted");
}

static void end(struct stage *s)
{
    for (size_t i = 0; i < WHO_COUNT; i++)
        keeper_fini(&caseload.keepers[i]);
    peer_free(s->court);
    peer_free(s->nps);
    community_free(s->community);
}

/* How many points each run has, at least: a slow one has a checkpoint more, and so more calls. */
static long count_points(struct stage *s)
{
    static struct call calls[LINES_MAX];
    struct outcome o;
    long points = LONG_MAX;

    for (int i = 0; i < CLEAN_RUNS; i++) {
        run(s, 0, &o);
        long found = (long)read_report(s, calls);
        if (!o.ready || o.receipts != MESSAGES || caseload.wrong || found == 0 || o.status != 0)
            fail("a clean run failed: ready %d, receipts %zu, points %ld, status %#x", o.ready,
                 o.receipts, found, (unsigned)o.status);
        if (count_lost(s, &o) != 0)
            fail("a clean run lost something");
        points = found < points ? found : points;
    }
    return points;
}

/* Tells of each, and gives how many went unseen. */
static int try_planted(struct stage *s, int count, char **brokers, long points)
{
    int missed = 0;

    for (int i = 0; i < count; i++) {
        bool seen =
            i == 0 ? control_is_caught(s, brokers[i], points) : forgetting_is_seen(s, brokers[i]);
        printf("control_caught=%s (%s)\n", seen ? "yes" : "no", strrchr(brokers[i], '/') + 1);
        missed += !seen;
    }
    (void)fflush(stdout);
    return missed;
}

/* Each point in turn; gives how many went wrong. */
static long try_all(struct stage *s, long points)
{
    long tested = 0, revived = 0, wrong = 0, cut_short = 0, stopped = 0, lost_all = 0;

    for (long k = 1; k <= points; k++) {
        struct outcome o;
        struct call failed;
        const char *fault = try_point(s, k, &o, &failed);
        size_t lost = count_lost(s, &o);

        tested += failed.error != 0;
        stopped += !WIFEXITED(o.status) || WEXITSTATUS(o.status) != 0;
        cut_short += o.ready && !o.revived && o.receipts < MESSAGES;
        revived += o.revived;
        lost_all += (long)lost;
        if (fault || lost) {
            wrong++;
            printf("point %ld: %s %s: %s, receipts %zu, said of cases %zu, lost %zu\n", k,
                   failed.name, failed.path, fault ? fault : "", o.receipts, o.said, lost);
        }
    }
    printf("io_fault_points tested=%ld of %ld stopped=%ld in_the_story=%ld in_the_mail=%ld "
           "lost=%ld wrong=%ld\n",
           tested, points, stopped, revived, cut_short, lost_all, wrong);
    return wrong + (tested == 0) + (revived == 0);
}

int main(int argc, char **argv)
{
    static struct stage s;

    if (argc < 5) {
        fprintf(stderr,
                "usage: %s BIN SOURCE FOLDER LIBFAULTIO [RETRIES_SYNC [FORGETFUL_BROKER...]]\n",
                argv[0]);
        return 2;
    }
    begin(&s, argv);
    long points = count_points(&s);
    int missed = try_planted(&s, argc - 5, &argv[5], points);
    long wrong = try_all(&s, points);
    end(&s);
    printf("%d passed, %d failed\n", wrong == 0 && missed == 0, wrong != 0 || missed != 0);
    return wrong != 0 || missed != 0;
}
