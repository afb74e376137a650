/*
 * custody.c - custody, conversations and clocks under everything that may happen to them at once.
 *
 *     custody [RUNS [SEED [CONTROL...]]]
 *
 * Each run is a seeded history of four agencies and three cases at the real exchange, with the real
 * state (hub.h): claims, offers that are accepted, rejected and offered again in part, withdrawn,
 * lapsed, completed, stale, second and wrong ones; referrals and enquiries, answers to who asked
 * and has not the case any more, numbers left out. Messages come twice, in another order, or are
 * lost with their session, rejected by who gets them, or withheld from who has no certificate left;
 * the broker dies before and after a batch is durable and comes back from its last checkpoint and
 * the tail; the clock goes forward, and is set back and ahead. At the end everything is
 * carried through. watch.c and holds.c say what must hold throughout:
 *
 *     - a case that is open has one holder, who changes by a claim or a completion and nothing else
 *     - no conversation of a holder stays behind, is forgotten, or loses a side
 *     - what is accepted is delivered, once, and in its conversation's order but for told gaps
 *     - an answer reaches who holds the case, or waits where somebody is told
 *     - each clock that a message starts strikes when it must, once, to both sides (clockwork.c)
 *     - the broker's memory is what its records say, after every batch and every death
 *
 * CONTROL programs are this one with a bug planted (PLANT_*): each must report a fault, or this
 * harness proves nothing. A run that fails prints its seed: custody 1 SEED repeats it, and with
 * TRACE in the environment shows what everybody had written by then.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tests/sim/town.h"
#include "tests/unit/samples.h"

#define STEPS 300
#define CLOCKS_ALONE "CUSTODY_CLOCKS_ALONE" /* set in the environment of some controls */
#define ROUNDS_MAX 400                      /* until nothing is on its way at the end of a run */
#define CONTROL_RUNS "200"
#define FLOOR_RUNS 100 /* in so many each thing must have happened at least once */

uint64_t below(struct town *t, uint64_t bound)
{
    return random_below(&t->random, bound);
}

bool chance(struct town *t, unsigned percent)
{
    return below(t, 100) < percent;
}

/* ---- what the hub says ---- */

static void on_begun(void *context, int64_t now_ms)
{
    clockwork_begun(context, now_ms);
}

static void on_event(void *context, const struct event *event)
{
    watch_event(context, event);
}

static void on_effect(void *context, const struct effect *effect)
{
    struct town *t = context;

    /* The connection breaks between two of them: the rest is not heard. */
    if (effect->kind != EFFECT_WELCOME && effect->session != 0 && t->breaks && chance(t, 1))
        agency_disconnect(t, (int)((effect->session - 1) % 16), false);
    agency_hear(t, effect);
}

static void on_death(void *context)
{
    town_died(context);
}

/* ---- steps ---- */

static void run(struct town *t, enum fate fate)
{
    (void)clockwork_now(t);
    (void)hub_run(t->hub, t->wall_ms, t->monotonic_ms, fate);
    watch_batch(t);
}

static enum fate any_fate(struct town *t)
{
    uint64_t choice = below(t, 100);

    return choice < 1 ? FATE_UNDONE : choice < 2 ? FATE_MUTE : FATE_SEEN;
}

static void let_time_pass(struct town *t)
{
    static const int64_t leaps[] = {
        SECOND,           5 * SECOND, 20 * SECOND, 61 * SECOND,      16 * 60 * SECOND,
        16 * 60 * SECOND, HOUR,       3 * HOUR,    30 * 60 * SECOND, DAY / 2,
    };
    static const int64_t jumps[] = {-SECOND, -20 * 60 * SECOND, -5 * HOUR, 10 * 60 * SECOND,
                                    6 * HOUR};
    const int64_t leap = leaps[below(t, sizeof leaps / sizeof *leaps)];

    t->monotonic_ms += leap;
    t->wall_ms += leap;
    if (chance(t, 12)) /* somebody sets the clock */
        t->wall_ms += jumps[below(t, sizeof jumps / sizeof *jumps)];
}

static void step(struct town *t)
{
    uint64_t choice = below(t, 100);
    int agency = (int)below(t, AGENCIES);

    if (choice < 36)
        town_act(t);
    else if (choice < 62)
        agency_pump(t, agency, 1 + below(t, 12));
    else if (choice < 72)
        agency_read(t, agency, false);
    else if (choice < 79)
        let_time_pass(t);
    else if (choice < 94)
        agency_connect(t, agency);
    else if (choice < 96)
        agency_disconnect(t, agency, chance(t, 15));
    else if (choice < 99 || chance(t, 40)) {
        hub_checkpoint(t->hub, below(t, 3));
        t->counts->checkpoints++;
    } else {
        hub_die(t->hub);
        watch_batch(t);
    }
    for (int i = 0; i < t->letter_count; i++)
        if (t->letters[i].to_former && t->letters[i].shown > 0)
            town_pass_on(t, &t->letters[i]);
    if (hub_turn(t->hub)->count > 0 || chance(t, 30))
        run(t, any_fate(t));
}

/* ---- the end of a run ---- */

/* What is on its way; NULL: nothing. */
static const char *find_noise(const struct town *t)
{
    for (int i = 0; i < AGENCIES; i++) {
        if (!t->agencies[i].is_welcome)
            return "an agency is not welcome";
        if (t->agencies[i].frame_count > 0 || t->agencies[i].told_count > 0)
            return "an agency has something to say";
    }
    for (int i = 0; i < t->letter_count; i++) {
        const struct letter *letter = &t->letters[i];
        if (!letter->answered)
            return "a message has no answer";
        if (letter->step_sent != 0)
            return "a step has no answer";
        if (letter->accepted != 0 && !letter->settled)
            return "a message is not settled";
    }
    return hub_turn(t->hub)->count > 0 ? "the turn is not empty" : NULL;
}

/* Everybody is there and does what is owed, hour by hour; what is lost now is lost for good. */
static void finish(struct town *t)
{
    const char *noise = NULL;
    unsigned quiet = 0;

    t->breaks = false;
    t->rejects = 1;
    t->wall_ms = t->time.now_ms; /* the wall clock is put right */
    for (int i = 0; i < AGENCIES; i++)
        agency_disconnect(t, i, false);
    for (unsigned round = 0; round < ROUNDS_MAX && quiet < 60 && !t->failed; round++) {
        for (int i = 0; i < AGENCIES; i++) {
            if (!t->agencies[i].is_welcome && t->agencies[i].session == 0)
                agency_connect(t, i);
            agency_read(t, i, true);
            agency_pump(t, i, FRAMES_MAX);
        }
        for (int i = 0; i < t->letter_count; i++)
            if (t->letters[i].to_former && t->letters[i].shown > 0)
                town_pass_on(t, &t->letters[i]);
        run(t, FATE_SEEN);
        noise = find_noise(t);
        quiet = noise ? 0 : quiet + 1;
        int64_t leap = quiet > 4 ? 3 * HOUR : 30 * SECOND;
        t->wall_ms += leap;
        t->monotonic_ms += leap;
    }
    if (quiet < 60)
        town_fail(t, "the end does not come: %s", noise ? noise : "there was too much to do");
    watch_end(t);
}

static void town_init(struct town *t, uint64_t seed, struct town_counts *counts)
{
    static const char *const kinds[AGENCIES] = {"NPS", "NPS", "CRC", "LA_CHILDREN"};
    static const char *const names[AGENCIES] = {"nps.a", "nps.b", "crc.a", "csc.a"};
    struct kept_record *kept = t->kept;
    size_t room = t->kept_room;

    memset(t, 0, sizeof *t);
    t->kept = kept;
    t->kept_room = room;
    t->seed = t->random = seed;
    t->wall_ms = START;
    t->counts = counts;
    t->breaks = true;
    t->clocks_alone = getenv(CLOCKS_ALONE) != NULL;
    t->rejects = 4;
    t->undone = NONE;
    t->monotonic_ms = DAY;
    for (int i = 0; i < AGENCIES; i++) {
        t->agencies[i].name = names[i];
        t->agencies[i].kind = kinds[i];
        t->agencies[i].contact = i == CSC ? "Hub" : "Duty desk";
        t->agencies[i].out_of_hours = i == CSC ? "Emergency team" : i == 0 ? "Night desk" : NULL;
    }
    for (int i = 0; i < CASES; i++) {
        t->files[i].handle.bytes[0] = (uint8_t)(0xc0 + i);
        t->files[i].holder = NONE;
    }
}

static bool play(const char *scratch, uint64_t seed, struct town_counts *counts)
{
    static struct town town;
    struct town *t = &town;
    const struct hub_watch watch = {t, on_begun, on_event, on_effect, on_death};
    char folder[SCRATCH_SIZE + 32];
    unsigned steps = 0;

    (void)snprintf(folder, sizeof folder, "%s/%" PRIu64, scratch, seed);
    town_init(t, seed, counts);
    (void)clockwork_now(t);
    t->hub = hub_new(folder, town_agreement(), t->wall_ms, t->monotonic_ms, &watch);
    for (int i = 0; i < AGENCIES; i++)
        agency_connect(t, i);
    run(t, FATE_SEEN);
    for (; steps < STEPS && !t->failed; steps++)
        step(t);
    if (!t->failed)
        finish(t);
    if (t->failed)
        printf("custody: seed=%" PRIu64 " step=%u: %s\n", seed, steps, t->fault);
    if (t->failed && getenv("TRACE"))
        town_trace(t);
    hub_free(t->hub);
    watch_forget(t);
    scratch_remove(folder);
    counts->runs++;
    return !t->failed;
}

/* ---- controls ---- */

/* What each must report: another fault, or a crash, proves nothing. */
static const struct control {
    const char *name, *fault;
    bool by_clocks; /* the broker's records are not compared: its clocks must show it */
} controls[] = {
    {"custody_holder_at_accept", "the broker's holder is", false},
    {"custody_drop_conversations", "the case's holder has no part in it", false},
    {"custody_clock_forgotten", "has not struck", true},
    {"custody_struck_twice", "what is not due, or again", true},
    {"custody_rejected_silent", "has not struck", true},
    {"custody_gap_silent", "has not struck: gap, breached", true},
    {"custody_reply_silent", "has not struck: reply, breached", true},
};

static const struct control *control_of(const char *name)
{
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (strcmp(controls[i].name, name) == 0)
            return &controls[i];
    return NULL;
}

static bool says(int from, const char *fault)
{
    FILE *in = fdopen(from, "r");
    char line[512];
    bool said = false;

    while (in && fgets(line, sizeof line, in))
        said = said || strstr(line, fault);
    if (in)
        (void)fclose(in);
    return said;
}

static bool is_caught(const char *program, const char *name)
{
    const struct control *control = control_of(name);
    int ends[2], status;

    if (!control || pipe(ends) != 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        if (control->by_clocks)
            (void)setenv(CLOCKS_ALONE, "1", 1);
        execl(program, program, CONTROL_RUNS, "1", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    bool said = says(ends[0], control->fault);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    return said && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE;
}

/* A simulation in which nothing of a kind happened has shown nothing of it. */
static bool has_happened(const struct town_counts *c)
{
    const struct {
        const char *what;
        uint64_t count;
    } floors[] = {
        {"transferred", c->transfers},
        {"closed", c->closed},
        {"moved", c->moved},
        {"late_answers", c->late_answers},
        {"words", c->words},
        {"held", c->held},
        {"strikes", c->strikes},
        {"late", c->late},
        {"rejected", c->rejected},
        {"withheld", c->withheld},
        {"resumed", c->resumed},
        {"slow", c->slow},
        {"acknowledge", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_ACKNOWLEDGE]},
        {"decide", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_DECIDE]},
        {"answer", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_ANSWER]},
        {"open", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_OPEN]},
        {"expected", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED]},
        {"gap", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_GAP]},
        {"reply", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_REPLY]},
        {"forward", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_FORWARD]},
        {"complete", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_COMPLETE]},
        {"close", c->struck[CONCORDAT__CLOCK_KIND__CLOCK_CLOSE]},
        {"deaths", c->deaths},
    };
    bool all = true;

    for (size_t i = 0; c->runs >= FLOOR_RUNS && i < sizeof floors / sizeof *floors; i++)
        if (floors[i].count < c->runs / FLOOR_RUNS) {
            printf("custody: %s=%" PRIu64 " in %" PRIu64 " runs: too seldom to show anything\n",
                   floors[i].what, floors[i].count, c->runs);
            all = false;
        }
    return all;
}

/* In memory where the system has that: nothing here is about the disk. */
static void make_folder(char out[static SCRATCH_SIZE])
{
    (void)snprintf(out, SCRATCH_SIZE, "/dev/shm/custody.XXXXXX");
    if (!mkdtemp(out))
        scratch_make(out);
}

int main(int argc, char **argv)
{
    uint64_t runs = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct town_counts c = {0};
    char scratch[SCRATCH_SIZE];
    bool sound = true;

    for (int i = 3; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/'), *name = slash ? slash + 1 : argv[i];
        bool caught = is_caught(argv[i], name);
        printf("custody: control=%s caught=%s\n", name, caught ? "yes" : "NO");
        sound = sound && caught;
    }
    (void)fflush(stdout);
    int64_t start = clock_monotonic_ns();
    make_folder(scratch);
    for (uint64_t n = 0; n < runs && sound; n++)
        sound = play(scratch, seed + n, &c);
    scratch_remove(scratch);
    sound = sound && has_happened(&c);
    printf("custody: seed=%" PRIu64 " runs=%" PRIu64 " batches=%" PRIu64 " letters=%" PRIu64
           " accepted=%" PRIu64 " refused=%" PRIu64 " deliveries=%" PRIu64 " held=%" PRIu64
           "\ncustody: cases_opened=%" PRIu64 " transferred=%" PRIu64 " closed=%" PRIu64
           " conversations=%" PRIu64 " moved=%" PRIu64 " late_answers=%" PRIu64 " words=%" PRIu64
           " strikes=%" PRIu64 "\ncustody: rejected=%" PRIu64 " withheld=%" PRIu64
           " resumed=%" PRIu64 " late=%" PRIu64 " slow=%" PRIu64 "\ncustody: deaths=%" PRIu64
           " checkpoints=%" PRIu64 " disconnects=%" PRIu64 " seconds=%" PRId64 " faults=%d\n",
           seed, c.runs, c.batches, c.letters, c.accepted, c.refused, c.deliveries, c.held,
           c.opened, c.transfers, c.closed, c.talks, c.moved, c.late_answers, c.words, c.strikes,
           c.rejected, c.withheld, c.resumed, c.late, c.slow, c.deaths, c.checkpoints,
           c.disconnects, (clock_monotonic_ns() - start) / 1000000000, !sound);
    return sound ? EXIT_SUCCESS : EXIT_FAILURE;
}
