/* Everybody dies, nothing is lost: four senders, four receivers, broker and agents killed with
 * SIGKILL while receipts are outstanding. Every message whose sender saw it accepted must be in its
 * recipient's inbox exactly once, and no inbox hands out the same message twice.
 *
 *     crash BIN SOURCE FOLDER [KILLS]
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/system/community.h"

#define PAIRS 4
#define HANDS 4 /* senders at work at one agency */
#define KILLS 48
#define LEDGER_MAX 200000
#define GIVE_UP_MS 120000

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

/* Everything the agency ever received, opened or not. */
static struct concordat_id *everything(struct community *c, int pair, size_t *count)
{
    struct concordat *client = community_client(c, (size_t)(PAIRS + pair));
    struct concordat_answer *a = concordat_inbox(client, 0, LEDGER_MAX, true);
    struct concordat_id *ids;

    if (a->outcome != CONCORDAT_DONE || !(ids = calloc(a->item_count + 1, sizeof *ids)))
        fail("inbox: %s", a->problem_count ? a->problems[0].text : "");
    *count = a->item_count;
    for (size_t i = 0; i < a->item_count; i++)
        ids[i] = a->items[i].message_id;
    concordat_answer_free(a);
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

/* Every agent empty: what is accepted has been delivered. */
static void await_drained(struct community *c)
{
    for (size_t i = 0; i < PAIRS; i++) {
        struct concordat *client = community_client(c, i);
        struct timespec start, now;
        uint64_t left = 1;

        (void)clock_gettime(CLOCK_MONOTONIC, &start);
        while (left > 0) {
            /* Tracking a message that is not there waits for nothing; the newest one does. */
            struct concordat_answer *newest = concordat_track(client, NULL, 1, "delivered", 100);
            struct concordat_answer *a = concordat_status(client);
            left = a->outcome == CONCORDAT_DONE ? a->status->outbox : 1;
            concordat_answer_free(a);
            concordat_answer_free(newest);
            (void)clock_gettime(CLOCK_MONOTONIC, &now);
            if (now.tv_sec - start.tv_sec > GIVE_UP_MS / 1000)
                fail("%s still has %llu undelivered", members[i].agency, (unsigned long long)left);
        }
        concordat_close(client);
    }
}

int main(int argc, char **argv)
{
    static struct community c;
    static struct hand hands[PAIRS * HANDS];
    static struct receiver receivers[PAIRS];
    unsigned seed = 20260101;
    int kills = argc > 4 ? atoi(argv[4]) : KILLS, while_outstanding = 0, broker_kills = 0;
    size_t lost = 0, repeated = 0, twice = 0, strangers = 0, checked = 0;

    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER [KILLS]\n", argv[0]);
        return 2;
    }
    community_make(&c, &(struct places){argv[1], argv[2]}, argv[3], members, 2 * PAIRS);
    community_start(&c);
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

    for (int k = 0; k < kills; k++) {
        int victim = k % 3 == 0 ? -1 : k % (2 * PAIRS);

        await_accepted(accepted, 5 + (unsigned long)rand_r(&seed) % 60);
        while_outstanding += outstanding > 0;
        if (victim < 0) {
            broker_kills++;
            daemon_kill(&c.broker);
            community_start_broker(&c);
        } else {
            daemon_kill(&c.agents[victim]);
            community_start_agent(&c, (size_t)victim);
        }
    }
    await_accepted(accepted, 20);
    sending = false;
    for (int i = 0; i < PAIRS * HANDS; i++)
        (void)pthread_join(hands[i].thread, NULL);
    await_drained(&c);
    receiving = false;
    for (int i = 0; i < PAIRS; i++)
        (void)pthread_join(receivers[i].thread, NULL);

    for (int to = 0; to < PAIRS; to++) {
        size_t count, known = 0;
        struct concordat_id *arrived = everything(&c, to, &count);

        repeated += count_repeats(arrived, count);
        twice += count_repeats(receivers[to].taken, receivers[to].count);
        for (int i = 0; i < PAIRS * HANDS; i++)
            for (size_t j = 0; j < hands[i].count; j++) {
                const struct entry *entry = &hands[i].entries[j];

                if (entry->to != to)
                    continue;
                bool there = bsearch(&entry->id, arrived, count, sizeof *arrived, compare_ids);
                known += there;
                checked += entry->accepted;
                if (entry->accepted && !there) {
                    lost++;
                    tell_lost(&c, hands[i].pair, entry);
                }
            }
        strangers += count - known;
        free(arrived);
    }
    community_stop(&c);
    community_free(&c);
    printf("kill_cycles=%d broker=%d while_receipts_outstanding=%d accepted=%zu lost=%zu "
           "twice_in_inbox=%zu handed_out_twice=%zu never_sent=%zu\n",
           kills, broker_kills, while_outstanding, checked, lost, repeated, twice, strangers);
    if (lost || repeated || twice || strangers || while_outstanding < kills || checked == 0) {
        puts("0 passed, 1 failed");
        return 1;
    }
    puts("1 passed, 0 failed");
    return 0;
}
