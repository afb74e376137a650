/* A day's hearings through the released programs: 1,000 of 10 KB, a third of them with a sentence,
 * and 20 of 800 KB are imported by the command line, and each message arrives once at the other
 * agency, whole. Imported again, none does. Prints times and the peak memory of everybody.
 *
 *     hearings BIN SOURCE FOLDER
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/common_platform/hearing.h"
#include "lib/clock.h"
#include "lib/merkle.h"
#include "tests/system/community.h"
#include "tests/unit/hearings.h"

#define SMALL 1000
#define SMALL_SIZE (10 * 1024)
#define LARGE 20
#define LARGE_SIZE (800 * 1024)
#define MESSAGES_MAX 4096
#define LOST_MS 20000 /* nothing has come for so long: the rest is lost */

/* Loose: a machine of two busy cores keeps them many times over. */
#define SECONDS_MAX 60
#define IMPORTER_KIB_MAX (64 * 1024)
#define AGENT_KIB_MAX (512 * 1024)
#define BROKER_KIB_MAX (512 * 1024)

static const struct member members[] = {{"court.b35cz00", "COURT"}, {"nps.a", "NPS"}};

static const char agreement[] = "agreement: ISA-HEARINGS\n"
                                "version: 1\n"
                                "title: What courts list and order\n"
                                "in-force: 2020-01-01\n"
                                "review: 2030-01-01\n"
                                "expires: 2035-01-01\n"
                                "marking:\n"
                                "  floor: OFFICIAL\n"
                                "  ceiling: OFFICIAL_SENSITIVE\n"
                                "retention-days: 365\n"
                                "onward: []\n"
                                "parties:\n"
                                "  - agency: court.b35cz00\n"
                                "    kind: COURT\n"
                                "    contact: Test desk\n"
                                "  - agency: nps.a\n"
                                "    kind: NPS\n"
                                "    contact: Test desk\n"
                                "clauses:\n"
                                "  - id: hearing-notice\n"
                                "    type: court.hearing.notice\n"
                                "    from: COURT\n"
                                "    to: NPS\n"
                                "    purpose: court_advice\n"
                                "    gateway: COURT_TO_PROBATION\n"
                                "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n"
                                "    allowed: [DC_CONTACT_ADDRESS, DC_STAFF]\n"
                                "  - id: sentence-result\n"
                                "    type: court.sentence.result\n"
                                "    from: COURT\n"
                                "    to: NPS\n"
                                "    purpose: supervise_sentence\n"
                                "    gateway: COURT_TO_PROBATION\n"
                                "    required: [DC_IDENTITY, DC_SENTENCE_ORDER]\n"
                                "    allowed: [DC_CONTACT_ADDRESS, DC_OFFENCE_INDEX, DC_STAFF]\n";

/* Hashes of bodies: those that should come, those that came. */
struct hashes {
    size_t count;
    struct digest items[MESSAGES_MAX];
};

static struct hashes wanted, got;
static int failures;

static void expect(bool holds, const char *what)
{
    printf("%s %s\n", holds ? "ok  " : "FAIL", what);
    failures += !holds;
}

static void add_hash(struct hashes *hashes, const uint8_t *data, size_t size)
{
    if (hashes->count == MESSAGES_MAX)
        fail("more than %d messages", MESSAGES_MAX);
    hashes->items[hashes->count++] = sha256(data, size);
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

/* The same hashes, each as often. */
static bool are_same(struct hashes *a, struct hashes *b)
{
    qsort(a->items, a->count, sizeof *a->items, compare_hashes);
    qsort(b->items, b->count, sizeof *b->items, compare_hashes);
    return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof *a->items) == 0;
}

/* ---- files ---- */

static void expect_messages(const char *text, size_t size)
{
    const struct hearing_settings settings = {NULL, "B35CZ00", clock_wall_ms()};
    OWNED(hearing_messages) messages = NULL;
    struct problem problem;

    if (hearing_convert(text, size, &settings, &messages, &problem) != ST_OK)
        fail("%s: %s", problem.where, problem.text);
    for (size_t i = 0; i < messages->count; i++)
        add_hash(&wanted, messages->messages[i].body.data, messages->messages[i].body.size);
}

static void write_hearing(const char *folder, const struct hearing_plan *plan)
{
    char path[COMMUNITY_PATH + 64];
    size_t size;
    char *text = hearing_make(plan, &size);
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%05u.json", folder, plan->number);
    if (!text || !(file = fopen(path, "w")) || fwrite(text, 1, size, file) != size
        || fclose(file) != 0)
        fail("%s: %s", path, strerror(errno));
    expect_messages(text, size);
    free(text);
}

static void write_hearings(const char *folder)
{
    if (mkdir(folder, 0700) != 0)
        fail("%s: %s", folder, strerror(errno));
    for (unsigned i = 0; i < SMALL; i++)
        write_hearing(folder, &(struct hearing_plan){i, 1, SMALL_SIZE, i % 3 == 0});
    for (unsigned i = 0; i < LARGE; i++) /* one defendant, or ten */
        write_hearing(folder, &(struct hearing_plan){SMALL + i, i % 2 ? 10 : 1, LARGE_SIZE, false});
}

/* ---- the import ---- */

struct run {
    double seconds;
    long kib; /* the importer's peak */
};

/* Runs the command line; its report goes to `report`. */
static struct run import(const struct community *c, const char *bin, const char *folder,
                         const char *report)
{
    char program[COMMUNITY_PATH + 32], socket[COMMUNITY_PATH + 64];
    int64_t start_ns = clock_monotonic_ns();
    struct rusage usage;
    int status;
    pid_t pid;

    (void)snprintf(program, sizeof program, "%s/agents/concordat", bin);
    (void)snprintf(socket, sizeof socket, "%s/agents/court.b35cz00", c->folder);
    pid = fork();
    if (pid == 0) {
        int out = open(report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        (void)dup2(out, STDOUT_FILENO);
        (void)execl(program, program, "import", "common-platform", folder, "--agent", socket,
                    "--wait", "30", (char *)NULL);
        _exit(127);
    }
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("import: status %#x; see %s", (unsigned)status, report);
    return (struct run){(double)(clock_monotonic_ns() - start_ns) / 1e9, usage.ru_maxrss};
}

static bool report_says(const char *report, const char *what)
{
    size_t size;
    char *text = hearing_load(report, &size);
    bool says = text && strstr(text, what);

    free(text);
    return says;
}

/* ---- what arrives ---- */

static void take_all(struct community *c)
{
    struct concordat *agent = community_client(c, 1);

    for (;;) {
        struct concordat_answer *inbox = concordat_inbox(agent, LOST_MS, 100, false);

        if (inbox->outcome != CONCORDAT_DONE)
            fail("the inbox cannot be read");
        for (size_t i = 0; i < inbox->item_count; i++) {
            struct concordat_answer *one = concordat_take(agent, &inbox->items[i].message_id);

            if (one->outcome != CONCORDAT_DONE)
                fail("a message cannot be opened");
            add_hash(&got, one->body, one->body_size);
            concordat_answer_free(one);
        }
        bool nothing = inbox->item_count == 0;
        concordat_answer_free(inbox);
        if (nothing || got.count >= wanted.count)
            break;
    }
    concordat_close(agent);
}

/* Is there anything that has not been taken? */
static bool is_empty(struct community *c)
{
    struct concordat *agent = community_client(c, 1);
    struct concordat_answer *inbox = concordat_inbox(agent, 0, 1, false);
    bool empty = inbox->outcome == CONCORDAT_DONE && inbox->item_count == 0;

    concordat_answer_free(inbox);
    concordat_close(agent);
    return empty;
}

static long peak_kib(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (!(file = fopen(path, "r")))
        fail("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, file))
        (void)sscanf(line, "VmHWM: %ld", &kib);
    (void)fclose(file);
    return kib;
}

/* The control: a comparison that one lost, one doubled or one altered message passes is none. */
static bool control_catches(void)
{
    static struct hashes altered;
    bool caught;

    altered = got;
    altered.count--;
    caught = !are_same(&altered, &wanted);
    altered = got;
    altered.items[0] = altered.items[1];
    caught &= !are_same(&altered, &wanted);
    altered = got;
    altered.items[7].bytes[0] ^= 1;
    return caught && !are_same(&altered, &wanted);
}

static void judge_memory(struct community *c, long importer_kib)
{
    long broker = peak_kib(c->broker.pid), court = peak_kib(c->agents[0].pid),
         nps = peak_kib(c->agents[1].pid);

    printf("peak memory: broker %ld MiB, court's agent %ld MiB, probation's agent %ld MiB, "
           "importer %ld MiB\n",
           broker / 1024, court / 1024, nps / 1024, importer_kib / 1024);
    expect(broker < BROKER_KIB_MAX, "the broker's peak is bounded");
    expect(court < AGENT_KIB_MAX && nps < AGENT_KIB_MAX, "so are the agents'");
    expect(importer_kib < IMPORTER_KIB_MAX, "and the importer's");
}

int main(int argc, char **argv)
{
    static struct community c;
    char folder[COMMUNITY_PATH + 16], report[COMMUNITY_PATH + 16];
    struct run first, second;

    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER\n", argv[0]);
        return 2;
    }
    community_make(&c, &(struct places){argv[1], argv[2]}, argv[3], members, 2);
    community_agreement(&c, "hearings.yaml", agreement);
    (void)snprintf(folder, sizeof folder, "%s/hearings", c.folder);
    (void)snprintf(report, sizeof report, "%s/report", c.folder);
    write_hearings(folder);
    community_start(&c);

    int64_t start_ns = clock_monotonic_ns();
    first = import(&c, argv[1], folder, report);
    take_all(&c);
    double total = (double)(clock_monotonic_ns() - start_ns) / 1e9;
    printf("%d hearings, %zu messages: imported in %.1f s, all arrived after %.1f s\n",
           SMALL + LARGE, wanted.count, first.seconds, total);
    expect(are_same(&wanted, &got) && is_empty(&c), "each message arrives once, and whole");
    expect(total < SECONDS_MAX, "within a minute");

    second = import(&c, argv[1], folder, report);
    printf("imported again in %.1f s\n", second.seconds);
    expect(report_says(report, "already sent: 1110 notices, 334 sentence results") && is_empty(&c),
           "imported again, none is sent");
    bool caught = control_catches();
    printf("control_caught=%s\n", caught ? "yes" : "no");
    expect(caught, "one lost, doubled or altered would be seen");
    judge_memory(&c, first.kib > second.kib ? first.kib : second.kib);

    community_stop(&c);
    community_free(&c);
    printf("%d failed\n", failures);
    return failures > 0;
}
