/* Everybody dies, nothing is lost: four senders, four receivers, broker and agents killed with
 * SIGKILL while receipts are outstanding. Every message whose sender saw it accepted must be in its
 * recipient's inbox exactly once, and no inbox hands out the same message twice.
 *
 *     crash BIN SOURCE FOLDER [KILLS [PLANTED_BROKER]]
 *
 * PLANTED_BROKER is one that forgets the tail of its journal: a short run with it must lose
 * something, or this harness proves nothing.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/system/community.h"

#define PAIRS 4
#define HANDS 4 /* senders at work at one agency */
#define KILLS 48
#define LEDGER_MAX 200000
#define PAGE 100 /* of the inbox: several, so that an end of one loses nothing */
#define GIVE_UP_MS 120000
#define CONTROL_KILLS 9
#define CONTROL_GIVE_UP_MS 10000
#define CONTROL_CAUGHT 7 /* exit code of a run that lost something */

static const struct member members[2 * PAIRS] = {
    {"court.a", "COURT"}, {"court.b", "COURT"}, {"court.c", "COURT"}, {"court.d", "COURT"},
    {"nps.a", "NPS"},     {"nps.b", "NPS"},     {"nps.c", "NPS"},     {"nps.d", "NPS"},
};

/* What a sender knows of one message: written by its hand, read when all have stopped. */
struct entry {
    struct concordat_id id;
    int to; /* receiver, 0..PAIRS-1 */
    bool accepted;
};

struct hand {
    struct community *community;
    int pair;
    pthread_t thread;
    struct entry *entries;
    size_t count;
};

struct receiver {
    struct community *community;
    int pair;
    pthread_t thread;
    struct concordat_id *taken; /* ids whose content was handed out, in order */
    size_t count;
};

static atomic_bool sending = true, receiving = true;
static bool forgetful;                    /* the broker is a planted one */
static atomic_int outstanding;            /* sends without a verdict */
static atomic_ulong accepted, handed_out; /* so far */
static pthread_mutex_t progress_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress = PTHREAD_COND_INITIALIZER;

static void count_accepted(void)
{
    accepted++;
    (void)pthread_mutex_lock(&progress_lock);
    (void)pthread_cond_broadcast(&progress);
    (void)pthread_mutex_unlock(&progress_lock);
}

/* Until `count` more messages than `since` have been accepted. */
static void await_accepted(unsigned long since, unsigned long count)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += GIVE_UP_MS / 1000;
    (void)pthread_mutex_lock(&progress_lock);
    while (accepted < since + count)
        if (pthread_cond_timedwait(&progress, &progress_lock, &until) != 0)
            fail("nothing was accepted for %d s", GIVE_UP_MS / 1000);
    (void)pthread_mutex_unlock(&progress_lock);
}

static struct concordat_id new_id(unsigned *seed)
{
    struct timespec now;
    struct concordat_id id;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (size_t i = 0; i < sizeof id.bytes; i++)
        id.bytes[i] = (uint8_t)rand_r(seed);
    for (int i = 5; i >= 0; i--, ms >>= 8)
        id.bytes[i] = (uint8_t)ms;
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x70);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
    return id;
}

/* The same id until the broker has spoken: an agent that was killed in between must see one
 * message. */
static bool send_until_verdict(struct concordat *client, const struct concordat_message *message)
{
    for (;;) {
        struct concordat_answer *a = concordat_send(client, message);
        enum concordat_outcome outcome = a->outcome;

        if (outcome == CONCORDAT_REFUSED && forgetful) {
            concordat_answer_free(a); /* a broker that forgot a sealing key, too */
            return false;
        }
        if (outcome == CONCORDAT_BAD_INPUT || outcome == CONCORDAT_REFUSED)
            fail("send: %s %s", a->problem_count ? a->problems[0].where : "",
                 a->problem_count ? a->problems[0].text
                 : a->refusal     ? a->refusal->code
                                  : "");
        concordat_answer_free(a);
        if (outcome == CONCORDAT_DONE)
            return true;
        if (!sending)
            return false; /* sent perhaps, accepted unseen: may arrive once or not at all */
    }
}

static void *send_all(void *context)
{
    struct hand *hand = context;
    struct concordat *client = community_client(hand->community, (size_t)hand->pair);
    unsigned seed = (unsigned)(uintptr_t)hand;

    while (sending && hand->count < LEDGER_MAX / (PAIRS * HANDS)) {
        struct entry *entry = &hand->entries[hand->count];
        char mark[32];

        *entry = (struct entry){new_id(&seed), rand_r(&seed) % PAIRS, false};
        (void)snprintf(mark, sizeof mark, "mark-%zu", hand->count);
        char *body = psr_body(mark, 400 + (size_t)rand_r(&seed) % 4000);
        hand->count++;
        outstanding++;
        entry->accepted = send_until_verdict(
            client, &(struct concordat_message){.type = "psr.request",
                                                .to = members[PAIRS + entry->to].agency,
                                                .json = body,
                                                .json_size = strlen(body),
                                                .message_id = entry->id,
                                                .wait_ms = 1000});
        outstanding--;
        if (entry->accepted)
            count_accepted();
        free(body);
    }
    concordat_close(client);
    return NULL;
}

static void *receive_all(void *context)
{
    struct receiver *r = context;
    struct concordat *client = community_client(r->community, (size_t)(PAIRS + r->pair));

    while (receiving) {
        struct concordat_answer *inbox = concordat_inbox(client, 200, 100, false);

        for (size_t i = 0; inbox->outcome == CONCORDAT_DONE && i < inbox->item_count; i++) {
            struct concordat_answer *a = concordat_take(client, &inbox->items[i].message_id);

            if (a->outcome == CONCORDAT_DONE && r->count < LEDGER_MAX) {
                r->taken[r->count++] = inbox->items[i].message_id;
                handed_out++;
                concordat_answer_free(concordat_acknowledge(client, &inbox->items[i].message_id));
            }
            concordat_answer_free(a);
        }
        concordat_answer_free(inbox);
    }
    concordat_close(client);
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct concordat_id));
}

static size_t count_repeats(struct concordat_id ids[], size_t count)
{
    size_t repeats = 0;

    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 1; i < count; i++)
        repeats += compare_ids(&ids[i - 1], &ids[i]) == 0;
    return repeats;
}

/* Everything the agency ever received, opened or not: page after page. */
static struct concordat_id *everything(struct community *c, int pair, size_t *count)
{
    struct concordat *client = community_client(c, (size_t)(PAIRS + pair));
    struct concordat_id *ids = calloc(LEDGER_MAX, sizeof *ids);
    uint64_t next = 0;

    *count = 0;
    do {
        struct concordat_answer *a = concordat_inbox_older(client, next, PAGE);

        if (a->outcome != CONCORDAT_DONE || !ids || *count + a->item_count > LEDGER_MAX)
            fail("inbox: %s", a->problem_count ? a->problems[0].text : "no room");
        for (size_t i = 0; i < a->item_count; i++)
            ids[(*count)++] = a->items[i].message_id;
        next = a->next;
        concordat_answer_free(a);
    } while (next != 0);
    concordat_close(client);
    return ids;
}

/* What both ends know of a message that should be there. */
static void tell_ladder(struct community *c, size_t member, const struct concordat_id *id)
{
    struct concordat *client = community_client(c, member);
    struct concordat_answer *a = concordat_track(client, id, 1, NULL, 0);

    printf("     %s:", members[member].agency);
    for (size_t i = 0; a->item_count > 0 && i < a->items[0].rung_count; i++)
        printf(" %s %s", a->items[0].rungs[i].name, a->items[0].rungs[i].detail);
    puts(a->item_count > 0 ? "" : " unknown");
    concordat_answer_free(a);
    concordat_close(client);
}

static void tell_lost(struct community *c, int from, const struct entry *entry)
{
    char text[CONCORDAT_ID_TEXT];

    concordat_id_print(&entry->id, text);
    printf("LOST %s\n", text);
    tell_ladder(c, (size_t)from, &entry->id);
    tell_ladder(c, (size_t)(PAIRS + entry->to), &entry->id);
}

/* Until every sender's outbox is empty: what is accepted has been delivered. Gives how many are
 * not. */
static size_t await_drained(struct community *c, int give_up_ms)
{
    size_t undelivered = 0;
    struct timespec start, now;

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = 0; i < PAIRS; i++) {
        struct concordat *client = community_client(c, i);
        uint64_t left = 1;

        do {
            /* Waits for the newest to be delivered, which is when the count can have changed. */
            concordat_answer_free(concordat_track(client, NULL, 1, "delivered", 100));
            struct concordat_answer *a = concordat_status(client);
            left = a->outcome == CONCORDAT_DONE ? a->status->outbox : 1;
            concordat_answer_free(a);
            (void)clock_gettime(CLOCK_MONOTONIC, &now);
        } while (left > 0 && (now.tv_sec - start.tv_sec) * 1000 < give_up_ms);
        undelivered += left;
        concordat_close(client);
    }
    return undelivered;
}

/* What is known at the end: every agency's inbox against every sender's ledger. */
struct verdict {
    size_t checked, lost, repeated, twice, strangers, undelivered;
};

static struct community c;
static struct hand hands[PAIRS * HANDS];
static struct receiver receivers[PAIRS];

static void start_everybody(void)
{
    for (int i = 0; i < PAIRS; i++) {
        receivers[i] = (struct receiver){
            .community = &c, .pair = i, .taken = calloc(LEDGER_MAX, sizeof(struct concordat_id))};
        if (pthread_create(&receivers[i].thread, NULL, receive_all, &receivers[i]) != 0)
            fail("pthread_create");
    }
    for (int i = 0; i < PAIRS * HANDS; i++) {
        hands[i] = (struct hand){
            .community = &c,
            .pair = i % PAIRS,
            .entries = calloc(LEDGER_MAX / (PAIRS * HANDS) + 1, sizeof(struct entry))};
        if (pthread_create(&hands[i].thread, NULL, send_all, &hands[i]) != 0)
            fail("pthread_create");
    }
}

/* Kills and restarts one after the other; gives how many were killed while a send had no verdict.
 */
static int kill_everybody(int kills, int *broker_kills)
{
    unsigned seed = 20260101;
    int while_outstanding = 0;

    for (int k = 0; k < kills; k++) {
        int victim = k % 3 == 0 ? -1 : k % (2 * PAIRS);

        await_accepted(accepted, 5 + (unsigned long)rand_r(&seed) % 60);
        while_outstanding += outstanding > 0;
        if (victim < 0) {
            (*broker_kills)++;
            daemon_kill(&c.broker);
            community_start_broker(&c);
        } else {
            daemon_kill(&c.agents[victim]);
            community_start_agent(&c, (size_t)victim);
        }
    }
    await_accepted(accepted, 20);
    return while_outstanding;
}

static void judge(int to, struct verdict *v)
{
    size_t count, known = 0;
    struct concordat_id *arrived = everything(&c, to, &count);

    v->repeated += count_repeats(arrived, count);
    v->twice += count_repeats(receivers[to].taken, receivers[to].count);
    for (int i = 0; i < PAIRS * HANDS; i++)
        for (size_t j = 0; j < hands[i].count; j++) {
            const struct entry *entry = &hands[i].entries[j];

            if (entry->to != to)
                continue;
            bool there = bsearch(&entry->id, arrived, count, sizeof *arrived, compare_ids);
            known += there;
            v->checked += entry->accepted;
            if (entry->accepted && !there) {
                v->lost++;
                tell_lost(&c, hands[i].pair, entry);
            }
        }
    v->strangers += count - known;
    free(arrived);
}

static int run(const char *const arguments[3], const char *broker, int kills, int give_up_ms)
{
    struct verdict v = {0};
    int broker_kills = 0;

    community_make(&c, &(struct places){arguments[0], arguments[1]}, arguments[2], members,
                   2 * PAIRS);
    forgetful = broker;
    if (broker)
        (void)snprintf(c.broker.program, sizeof c.broker.program, "%s", broker);
    community_start(&c);
    if (broker) { /* what it shall lose is mail: its agreements are in its store before */
        daemon_stop(&c.broker);
        community_start_broker(&c);
    }
    start_everybody();
    int while_outstanding = kill_everybody(kills, &broker_kills);
    sending = false;
    for (int i = 0; i < PAIRS * HANDS; i++)
        (void)pthread_join(hands[i].thread, NULL);
    v.undelivered = await_drained(&c, give_up_ms);
    receiving = false;
    for (int i = 0; i < PAIRS; i++)
        (void)pthread_join(receivers[i].thread, NULL);
    for (int to = 0; to < PAIRS; to++)
        judge(to, &v);
    community_free(&c);
    printf("kill_cycles=%d broker=%d while_receipts_outstanding=%d accepted=%zu lost=%zu "
           "twice_in_inbox=%zu handed_out_twice=%zu never_sent=%zu undelivered=%zu\n",
           kills, broker_kills, while_outstanding, v.checked, v.lost, v.repeated, v.twice,
           v.strangers, v.undelivered);
    if (v.lost > 0)
        return CONTROL_CAUGHT;
    return v.repeated || v.twice || v.strangers || v.undelivered || v.checked == 0
        || while_outstanding < kills;
}

/* In a process of its own, which says nothing: it is meant to fail. */
static bool control_is_caught(const char *const arguments[3], const char *broker)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(1);
        exit(run(arguments, broker, CONTROL_KILLS, CONTROL_GIVE_UP_MS));
    }
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == CONTROL_CAUGHT;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER [KILLS [PLANTED_BROKER]]\n", argv[0]);
        return 2;
    }
    const char *arguments[3] = {argv[1], argv[2], argv[3]};
    bool caught = argc < 6 || control_is_caught(arguments, argv[5]);
    int wrong = run(arguments, NULL, argc > 4 ? atoi(argv[4]) : KILLS, GIVE_UP_MS);

    if (argc > 5)
        printf("control_caught=%s (a broker that forgets its tail)\n", caught ? "yes" : "no");
    printf("%d passed, %d failed\n", wrong == 0 && caught, wrong != 0 || !caught);
    return wrong != 0 || !caught;
}
