/* Everybody dies, nothing is lost: four senders, four receivers, and cases that two agencies hand
 * to each other (desks.h), broker and agents killed with SIGKILL while receipts are outstanding.
 * Every message whose sender saw it accepted must be in its recipient's inbox exactly once, and no
 * inbox hands out the same message twice; every case has the one holder that the receipts say,
 * every conversation somebody who owes something; what was not answered in time was told, once.
 *
 *     crash BIN SOURCE FOLDER [KILLS [FORGETS_TAIL FORGETS_CASES FORGETS_MOVES]]
 *
 * KILLS 0: the planted brokers alone. What each of them forgets over its death must be seen, or
 * this harness proves nothing (forgetting.h).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/system/cases_agreement.h"
#include "tests/system/desks.h"
#include "tests/system/forgetting.h"
#include "tests/system/inboxes.h"

#define PAIRS 4
#define HANDS 4 /* senders at work at one agency */
#define DESKS 4
#define KEEPERS (2 * PAIRS) /* the first member of who keeps cases */
#define MEMBERS (KEEPERS + DESK_WHO_COUNT)
#define KILLS 48
#define LEDGER_MAX INBOX_MAX
#define GIVE_UP_MS 120000

static const struct member members[MEMBERS] = {
    {"court.a", "COURT"}, {"court.b", "COURT"}, {"court.c", "COURT"},     {"court.d", "COURT"},
    {"nps.a", "NPS"},     {"nps.b", "NPS"},     {"nps.c", "NPS"},         {"nps.d", "NPS"},
    {"nps.e", "NPS"},     {"crc.e", "CRC"},     {"csc.e", "LA_CHILDREN"},
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

static bool is_accepted(struct concordat *client, const struct concordat_message *message)
{
    struct concordat_answer *a = send_until_verdict(client, message, &sending);
    bool is_done = a && a->outcome == CONCORDAT_DONE;

    if (a && !is_done)
        fail("send: %s %s", a->problem_count ? a->problems[0].where : "",
             a->problem_count ? a->problems[0].text
             : a->refusal     ? a->refusal->code
                              : "");
    concordat_answer_free(a);
    return is_done;
}

static void *send_all(void *context)
{
    struct hand *hand = context;
    struct concordat *client = community_client(hand->community, (size_t)hand->pair);
    unsigned seed = (unsigned)(uintptr_t)hand;

    while (sending && hand->count < LEDGER_MAX / (PAIRS * HANDS)) {
        struct entry *entry = &hand->entries[hand->count];
        char mark[32];

        *entry = (struct entry){concordat_id_new(), rand_r(&seed) % PAIRS, false};
        (void)snprintf(mark, sizeof mark, "mark-%zu", hand->count);
        char *body = psr_body(mark, 400 + (size_t)rand_r(&seed) % 4000);
        hand->count++;
        outstanding++;
        entry->accepted =
            is_accepted(client, &(struct concordat_message){.type = "psr.request",
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
static size_t await_drained(struct community *c)
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
        } while (left > 0 && (now.tv_sec - start.tv_sec) * 1000 < GIVE_UP_MS);
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
static struct desk desks[DESKS];
static pthread_t desk_threads[DESKS];

static void *work_at_desk(void *context)
{
    struct desk *desk = context;

    while (sending && desk_turn(desk)) {
    }
    return NULL;
}

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
    for (unsigned i = 0; i < DESKS; i++) {
        desk_open(&desks[i], &c, KEEPERS, &members[KEEPERS], i);
        if (pthread_create(&desk_threads[i], NULL, work_at_desk, &desks[i]) != 0)
            fail("pthread_create");
    }
}

/* Who was killed, and how often while what was said had no verdict. */
struct kills {
    int all, broker, outstanding, acts_outstanding;
};

/* Kills and restarts one after the other. */
static void kill_everybody(struct kills *killed)
{
    unsigned seed = 20260101;

    for (int k = 0; k < killed->all; k++) {
        int victim = k % 3 == 0 ? -1 : k % MEMBERS;

        await_accepted(accepted, 5 + (unsigned long)rand_r(&seed) % 60);
        killed->outstanding += outstanding > 0;
        killed->acts_outstanding += desks_outstanding() > 0;
        if (victim < 0) {
            killed->broker++;
            daemon_kill(&c.broker);
            community_start_broker(&c);
        } else {
            daemon_kill(&c.agents[victim]);
            community_start_agent(&c, (size_t)victim);
        }
    }
    await_accepted(accepted, 20);
}

static void judge(int to, struct verdict *v)
{
    size_t count, known = 0;
    struct concordat *client = community_client(&c, (size_t)(PAIRS + to));
    struct concordat_id *arrived = inbox_everything(client, &count);

    concordat_close(client);
    v->repeated += inbox_repeats(arrived, count);
    v->twice += inbox_repeats(receivers[to].taken, receivers[to].count);
    for (int i = 0; i < PAIRS * HANDS; i++)
        for (size_t j = 0; j < hands[i].count; j++) {
            const struct entry *entry = &hands[i].entries[j];

            if (entry->to != to)
                continue;
            bool there = inbox_count(arrived, count, &entry->id) > 0;
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

static void stop_everybody(struct verdict *v)
{
    sending = false;
    for (int i = 0; i < PAIRS * HANDS; i++)
        (void)pthread_join(hands[i].thread, NULL);
    for (int i = 0; i < DESKS; i++)
        (void)pthread_join(desk_threads[i], NULL);
    v->undelivered = await_drained(&c);
    receiving = false;
    for (int i = 0; i < PAIRS; i++)
        (void)pthread_join(receivers[i].thread, NULL);
}

/* Of the cases: false when anything is wrong with them. */
static bool judge_desks(void)
{
    struct desk_verdict v = {0};

    for (int i = 0; i < DESKS; i++)
        desk_judge(&desks[i], &v);
    desks_judge_alarms(&desks[0], &v);
    for (int i = 0; i < DESKS; i++)
        desk_close(&desks[i]);
    printf("cases=%zu transfers=%zu said=%zu open=%zu breached_once=%zu wrong=%zu lost=%zu "
           "twice_in_inbox=%zu clocks_lost=%zu struck_twice=%zu\n",
           v.cases, v.transfers, v.accepted, v.open, v.breached, v.wrong, v.lost, v.twice_in_inbox,
           v.clocks_lost, v.struck_twice);
    return !v.wrong && !v.lost && !v.twice_in_inbox && !v.clocks_lost && !v.struck_twice
        && v.transfers >= DESKS && v.open > 0 && v.breached > 0;
}

static int run(const char *const arguments[3], int kills)
{
    struct verdict v = {0};
    struct kills killed = {.all = kills};

    community_make(&c, &(struct places){arguments[0], arguments[1]}, arguments[2], members,
                   MEMBERS);
    cases_agreement(&c, &members[KEEPERS]);
    community_start(&c);
    start_everybody();
    kill_everybody(&killed);
    stop_everybody(&v);
    for (int to = 0; to < PAIRS; to++)
        judge(to, &v);
    bool cases_are_right = judge_desks();
    community_free(&c);
    printf("kill_cycles=%d broker=%d while_receipts_outstanding=%d while_acts_outstanding=%d "
           "accepted=%zu lost=%zu twice_in_inbox=%zu handed_out_twice=%zu never_sent=%zu "
           "undelivered=%zu\n",
           kills, killed.broker, killed.outstanding, killed.acts_outstanding, v.checked, v.lost,
           v.repeated, v.twice, v.strangers, v.undelivered);
    return v.lost || v.repeated || v.twice || v.strangers || v.undelivered || v.checked == 0
        || killed.outstanding < kills || !cases_are_right;
}

/* Tells of each, and gives how many went unseen. */
static int try_forgetful(const char *const arguments[3], char **brokers)
{
    const bool seen[] = {forgotten_tail_is_seen(arguments, brokers[0]),
                         forgotten_case_is_seen(arguments, brokers[1]),
                         forgotten_case_is_seen(arguments, brokers[2])};
    int missed = 0;

    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        printf("control_caught=%s (%s)\n", seen[i] ? "yes" : "no", strrchr(brokers[i], '/') + 1);
        missed += !seen[i];
    }
    (void)fflush(stdout);
    return missed;
}

int main(int argc, char **argv)
{
    if (argc < 4 || (argc > 5 && argc != 8)) {
        fprintf(stderr,
                "usage: %s BIN SOURCE FOLDER [KILLS [FORGETS_TAIL FORGETS_CASES FORGETS_MOVES]]\n",
                argv[0]);
        return 2;
    }
    const char *arguments[3] = {argv[1], argv[2], argv[3]};
    int missed = argc > 5 ? try_forgetful(arguments, &argv[5]) : 0;
    int kills = argc > 4 ? atoi(argv[4]) : KILLS;
    int wrong = kills > 0 ? run(arguments, kills) : 0;

    printf("%d passed, %d failed\n", wrong == 0 && missed == 0, wrong != 0 || missed > 0);
    return wrong != 0 || missed > 0;
}
