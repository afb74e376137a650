/* Cases that change hands under a broker that is killed: two agencies hand cases to each other, ask
 * and refer about them, a third answers, clocks strike, and the broker dies while acts have no
 * verdict. After each start every case has the one holder that the acts with a receipt say; what
 * was held back is held back; every conversation of a case goes on under its holder; no clock of
 * any kind that the acts start is lost, and none has struck twice.
 *
 *     keepers BIN SOURCE FOLDER [KILLS [PLANTED_BROKER...]]
 *
 * BIN's broker goes by a clock that is moved here (demo/moved_clock.c), ours by the real one. Each
 * PLANTED_BROKER forgets something over its death: a short run with it must see that, or this
 * harness proves nothing.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/caseload.h"
#include "tests/system/cases_agreement.h"

#define KILLS 40
#define CONTROL_KILLS 24
#define CONTROL_CAUGHT 7 /* exit code of a run that saw something wrong */
#define MINUTE INT64_C(60000)
#define LAST_MOVE (6 * 24 * 60 * MINUTE) /* a working hour is in it, whatever the day */

static _Atomic int64_t *moved; /* how far the broker's clock is ahead of ours */
static unsigned moves;         /* of it */

static void make_clock(const char *folder)
{
    char path[COMMUNITY_PATH];

    (void)snprintf(path, sizeof path, "%s/keepers_clock.%d", folder, (int)getpid());
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(int64_t)) != 0)
        fail("%s: cannot make it", path);
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
        fail("%s: cannot map it", path);
    (void)close(file);
    moved = page;
    (void)setenv("CONCORDAT_TEST_CLOCK", path, 1);
}

/* ---- clocks ---- */

/* The broker's clock goes on; what strikes is heard, or the broker dies first. */
static void move_clock(int64_t ms)
{
    atomic_fetch_add(moved, ms);
    caseload.ahead_ms += ms;
    moves++;
    if (caseload.kills_left > 0 && caseload_chance(1, 2)) {
        caseload_hear(CARE, 5);
        caseload_kill();
    }
    for (size_t i = 0; i < WHO_COUNT; i++)
        caseload_hear((enum who)i, 20);
}

/* ---- the run ---- */

static void begin(const char *const arguments[3], const char *broker)
{
    struct community *c = &caseload.c;
    char path[COMMUNITY_PATH + 32];

    make_clock(arguments[2]);
    community_make(c, &(struct places){arguments[0], arguments[1]}, arguments[2], keeping,
                   WHO_COUNT);
    (void)snprintf(path, sizeof path, "%s/agreements/test.yaml", c->folder);
    (void)unlink(path); /* its courts are not here */
    cases_agreement_timed(c, keeping);
    community_start_for_peers(c);
    if (broker) { /* what it shall forget is of cases: its agreements are in its store before */
        daemon_stop(&c->broker);
        (void)snprintf(c->broker.program, sizeof c->broker.program, "%s", broker);
        community_start_broker(c);
    }
    caseload_begin();
}

static int run(const char *const arguments[3], const char *broker, int kills)
{
    caseload = (struct caseload){.random = 20260701, .kills_left = kills, .is_timed = true};
    begin(arguments, broker);
    while (caseload.kills_left > 1
           && (!broker || (caseload.wrong == 0 && caseload_count_twice() == 0))) {
        caseload_act();
        if (caseload_chance(1, 25))
            move_clock(130 * MINUTE);
    }
    if (caseload.wrong == 0)
        caseload_last();
    move_clock(LAST_MOVE);
    for (size_t i = 0; i < CASES; i++) /* more than the four hours that an answer may take */
        for (size_t j = 0; j < caseload.files[i].asked_count; j++)
            caseload.files[i].asked[j].is_due = true;
    size_t lost = caseload_await_breaches(broker ? 3000 : WAIT_MS), twice = caseload_count_twice();
    size_t told = 0;
    caseload_kill();
    caseload_check(CASES);
    caseload_answer_all();
    size_t lost_mail = caseload_await(broker ? 3000 : WAIT_MS);
    for (size_t i = 0; i < WHO_COUNT; i++)
        told += caseload.keepers[i].clock_count;
    caseload_end();
    printf("kill_cycles=%d acts=%u transfers=%u held=%u clock_moves=%u strikes_told=%zu wrong=%u "
           "lost=%zu clocks_lost=%zu struck_twice=%zu\n",
           kills, caseload.acts, caseload.transfers, caseload.held, moves, told, caseload.wrong,
           lost_mail, lost, twice);
    if (caseload.wrong > 0 || lost_mail > 0 || lost > 0 || twice > 0)
        return CONTROL_CAUGHT;
    return caseload.transfers == 0 || caseload.held == 0 || told == 0;
}

/* In a process of its own, which says nothing: it is meant to fail. */
static bool control_is_caught(const char *const arguments[3], const char *broker)
{
    int status = 0;

    (void)fflush(stdout);
    pid_t pid = fork();

    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(1);
        exit(run(arguments, broker, CONTROL_KILLS));
    }
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == CONTROL_CAUGHT;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER [KILLS [PLANTED_BROKER...]]\n", argv[0]);
        return 2;
    }
    const char *arguments[3] = {argv[1], argv[2], argv[3]};
    int missed = 0;

    for (int i = 5; i < argc; i++) {
        bool caught = control_is_caught(arguments, argv[i]);
        printf("control_caught=%s (%s)\n", caught ? "yes" : "no", strrchr(argv[i], '/') + 1);
        missed += !caught;
    }
    (void)fflush(stdout);
    int failed = run(arguments, NULL, argc > 4 ? atoi(argv[4]) : KILLS);
    printf("%d passed, %d failed\n", failed == 0 && missed == 0, failed != 0 || missed > 0);
    return failed != 0 || missed > 0;
}
