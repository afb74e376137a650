#include "tests/system/scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_VARIABLE "CONCORDAT_TEST_CLOCK"
#define BODY_SIZE 4096 /* bytes of what is composed by hand */
#define STATUS_SIZE 65536

static _Atomic int64_t *moved; /* the clock's file, mapped */
static char clock_path[COMMUNITY_PATH];
static int passed, failures;

/* ---- results ---- */

bool expect(bool holds, const char *format, ...)
{
    va_list args;

    fputs(holds ? "ok   " : "FAIL ", stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    (void)fflush(stdout);
    passed += holds;
    failures += !holds;
    if (!holds && getenv("SCENARIO_FIRST")) /* planted.sh: the daemons go with us */
        exit(1);
    return holds;
}

/* ---- the clock ---- */

int64_t moment_ms(const char *text)
{
    char day[DAY_TEXT_SIZE];
    unsigned hour, minute, second;
    int64_t start_ms;

    (void)snprintf(day, sizeof day, "%.10s", text);
    if (day_parse(day, &start_ms) != true
        || sscanf(text + 10, "T%2u:%2u:%2uZ", &hour, &minute, &second) != 3) // NOLINT: two digits
        fail("%s: not a moment", text);
    return start_ms + (int64_t)((hour * 60 + minute) * 60 + second) * 1000;
}

void scenario_clock_to(int64_t wall_ms)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    atomic_store(moved, wall_ms - ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000));
}

/* Makes the file, and the clock of this program by beginning again; returns the second time. */
static void take_clock(char **argv, const char *moment)
{
    const char *there = getenv(CLOCK_VARIABLE);

    (void)snprintf(clock_path, sizeof clock_path, "%s/clock.%d", argv[3], (int)getpid());
    bool again = there && strcmp(there, clock_path) == 0; /* the process is the same */
    int file = open(clock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof *moved) != 0)
        fail("%s: %s", clock_path, strerror(errno));
    void *page = mmap(NULL, sizeof *moved, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
        fail("%s: %s", clock_path, strerror(errno));
    (void)close(file);
    moved = page;
    if (again)
        return;
    scenario_clock_to(moment_ms(moment));
    (void)setenv(CLOCK_VARIABLE, clock_path, 1);
    (void)execv(argv[0], argv);
    fail("%s: %s", argv[0], strerror(errno));
}

/* ---- life ---- */

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void shell(const char *format, ...)
{
    char command[4 * COMMUNITY_PATH];
    va_list args;

    va_start(args, format);
    int size = vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (size < 0 || size >= (int)sizeof command || system(command) != 0) // NOLINT: our own paths
        fail("%s", command);
}

/* The certificates' script once more, but so that they begin a day before the moment at which the
 * clock stands, and revocation lists outlast it: OpenSSL judges them by the real time, daemons by
 * theirs.
 */
static void backdate(const char *source, const char *folder)
{
    int64_t behind_s = -atomic_load(moved) / 1000;
    long long skew_s = DAY_MS / 1000 + (behind_s > 0 ? behind_s : 0), days = 400;

    shell("mkdir -p '%s' && cp -r '%s/certs' '%s'", folder, source, folder);
    shell("cd '%s/certs' && sed -i 's/^skew=300 /skew=%lld /; s/ crl_days=14$/ crl_days=%lld/' "
          "pki.sh && grep -q '^skew=%lld ' pki.sh && grep -q ' crl_days=%lld$' pki.sh",
          folder, skew_s, days, skew_s, days);
}

static void copy_agreement(const struct scenario *s, const char *name)
{
    char from[2 * COMMUNITY_PATH], to[2 * COMMUNITY_PATH];
    char block[4096];
    size_t size;

    (void)snprintf(from, sizeof from, "%s/agreements/examples/%s", s->source, name);
    (void)snprintf(to, sizeof to, "%s/agreements/%s", s->community.folder, name);
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    if (!in || !out)
        fail("%s: %s", in ? to : from, strerror(errno));
    while ((size = fread(block, 1, sizeof block, in)) > 0)
        if (fwrite(block, 1, size, out) != size)
            fail("%s: %s", to, strerror(errno));
    (void)fclose(in);
    if (fclose(out) != 0)
        fail("%s: %s", to, strerror(errno));
}

void scenario_begin(struct scenario *s, int argc, char **argv, const char *moment,
                    const struct cast *cast)
{
    char path[2 * COMMUNITY_PATH];

    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER\n", argv[0]);
        exit(2);
    }
    take_clock(argv, moment);
    (void)snprintf(s->source, sizeof s->source, "%s", argv[2]);
    char backdated[COMMUNITY_PATH];
    (void)snprintf(backdated, sizeof backdated, "%s/backdated.%d", argv[3], (int)getpid());
    backdate(s->source, backdated);
    community_make(&s->community, &(struct places){argv[1], backdated}, argv[3], cast->members,
                   cast->count);
    shell("rm -r '%s'", backdated);
    (void)snprintf(s->pki, sizeof s->pki, "%s/pki", s->community.folder);
    (void)snprintf(path, sizeof path, "%s/agreements/test.yaml", s->community.folder);
    (void)unlink(path); /* that of other tests */
    for (size_t i = 0; cast->agreements[i]; i++)
        copy_agreement(s, cast->agreements[i]);
    community_start_broker(&s->community);
    for (size_t i = 0; i < cast->agents; i++)
        community_start_agent(&s->community, i);
    for (size_t i = 0; i < cast->agents; i++)
        community_await_connected(&s->community, i);
    community_enact(&s->community);
}

int scenario_end(struct scenario *s)
{
    for (size_t i = 0; i < s->community.member_count; i++)
        concordat_close(s->clients[i]);
    community_stop(&s->community);
    community_free(&s->community);
    (void)unlink(clock_path);
    printf("%d passed, %d failed\n", passed, failures);
    return failures > 0;
}

/* ---- agencies ---- */

size_t scenario_member(const struct scenario *s, const char *agency)
{
    for (size_t i = 0; i < s->community.member_count; i++)
        if (strcmp(s->community.members[i].agency, agency) == 0)
            return i;
    fail("%s is not in the cast", agency);
}

struct concordat *scenario_client(struct scenario *s, const char *agency)
{
    size_t i = scenario_member(s, agency);

    if (!s->clients[i])
        s->clients[i] = community_client(&s->community, i);
    return s->clients[i];
}

void scenario_stop_agent(struct scenario *s, const char *agency)
{
    size_t i = scenario_member(s, agency);

    concordat_close(s->clients[i]);
    s->clients[i] = NULL;
    daemon_stop(&s->community.agents[i]);
}

void scenario_start_agent(struct scenario *s, const char *agency)
{
    size_t i = scenario_member(s, agency);

    community_start_agent(&s->community, i);
    community_await_connected(&s->community, i);
}

/* ---- messages ---- */

struct concordat_answer *scenario_send(struct scenario *s, const char *from,
                                       struct concordat_message message)
{
    message.wait_ms = WAIT_MS;
    if (message.json)
        message.json_size = strlen(message.json);
    return concordat_send(scenario_client(s, from), &message);
}

static const char *said(const struct concordat_answer *answer)
{
    if (answer->refusal)
        return answer->refusal->code;
    return answer->problem_count ? answer->problems[0].text : "accepted";
}

struct concordat_id expect_accepted(struct concordat_answer *answer, const char *what)
{
    struct concordat_id id = answer->message_id;

    if (!expect(answer->outcome == CONCORDAT_DONE, "%s", what))
        printf("     outcome %d: %s, %s\n", (int)answer->outcome, said(answer),
               answer->problem_count ? answer->problems[0].where : "");
    concordat_answer_free(answer);
    return id;
}

void expect_refused(struct concordat_answer *answer, const char *code, const char *what)
{
    if (!expect(answer->outcome == CONCORDAT_REFUSED && answer->refusal
                    && strcmp(answer->refusal->code, code) == 0,
                "%s: %s", what, code))
        printf("     outcome %d: %s, %s\n", (int)answer->outcome, said(answer),
               answer->problem_count ? answer->problems[0].where : "");
    concordat_answer_free(answer);
}

bool scenario_reaches(struct scenario *s, const char *sender, const struct concordat_id *message,
                      const char *rung)
{
    struct concordat_answer *answer =
        concordat_track(scenario_client(s, sender), message, 0, rung, WAIT_MS);
    bool found = false;

    for (size_t i = 0; answer->item_count == 1 && i < answer->items[0].rung_count; i++)
        found |= strcmp(answer->items[0].rungs[i].name, rung) == 0;
    concordat_answer_free(answer);
    return found;
}

size_t scenario_arrived(struct scenario *s, const char *agency)
{
    struct concordat_answer *answer = concordat_inbox(scenario_client(s, agency), 0, 1000, true);
    size_t count = answer->item_count;

    if (answer->outcome != CONCORDAT_DONE)
        fail("%s: no inbox", agency);
    concordat_answer_free(answer);
    return count;
}

/* ---- what the broker has ---- */

/* Its status, one line of JSON. */
static void ask_broker(const struct scenario *s, char out[static STATUS_SIZE])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t size = 0;
    ssize_t got = 0;

    if (snprintf(address.sun_path, sizeof address.sun_path, "%s/broker/control.sock",
                 s->community.folder)
            >= (int)sizeof address.sun_path
        || fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0
        || send(fd, "status\n", 7, MSG_NOSIGNAL) != 7)
        fail("the broker's control socket: %s", strerror(errno));
    while (size < STATUS_SIZE - 1 && (got = recv(fd, out + size, STATUS_SIZE - 1 - size, 0)) > 0)
        size += (size_t)got;
    out[size] = '\0';
    (void)close(fd);
}

static unsigned long number_after(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

unsigned scenario_queued(struct scenario *s, const char *agency)
{
    static char status[STATUS_SIZE];
    char name[96];

    ask_broker(s, status);
    (void)snprintf(name, sizeof name, "{\"id\":\"%s\"", agency);
    const char *at = strstr(status, name);
    if (!at)
        return 0; /* nothing was ever heard of it */
    return (unsigned)(number_after(at, "\"immediate\":") + number_after(at, "\"same_day\":")
                      + number_after(at, "\"routine\":") + number_after(at, "\"in_flight\":"));
}

unsigned long scenario_counter(struct scenario *s, const char *name)
{
    static char status[STATUS_SIZE];
    char key[96];

    ask_broker(s, status);
    (void)snprintf(key, sizeof key, "\"%s\":", name);
    if (!strstr(status, key))
        fail("the broker has no counter %s", name);
    return number_after(status, key);
}

static const void *wanted; /* nftw has no context */
static size_t wanted_size;

static int look_into(const char *path, const struct stat *about, int kind, struct FTW *)
{
    if (kind != FTW_F || !S_ISREG(about->st_mode) || about->st_size == 0)
        return 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    void *all = mmap(NULL, (size_t)about->st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (file < 0 || all == MAP_FAILED)
        fail("%s: %s", path, strerror(errno));
    bool found = memmem(all, (size_t)about->st_size, wanted, wanted_size);
    (void)munmap(all, (size_t)about->st_size);
    (void)close(file);
    return found;
}

bool scenario_holds(const struct scenario *s, const char *folder, const void *bytes, size_t size)
{
    char path[2 * COMMUNITY_PATH];

    (void)snprintf(path, sizeof path, "%s/%s", s->community.folder, folder);
    wanted = bytes;
    wanted_size = size;
    int found = nftw(path, look_into, 16, FTW_PHYS);
    if (found < 0)
        fail("%s: %s", path, strerror(errno));
    return found > 0;
}

/* ---- by hand ---- */

void scenario_address(struct scenario *s, const char *knows, struct mail *mail,
                      uint8_t key_id[static KEY_ID_SIZE])
{
    struct concordat_answer *status = concordat_status(scenario_client(s, mail->to));
    struct concordat_answer *all = concordat_agreements(scenario_client(s, knows), NULL);

    if (!status->status || all->outcome != CONCORDAT_DONE)
        fail("%s has no key, or %s no agreements", mail->to, knows);
    memcpy(key_id, status->status->key_id, KEY_ID_SIZE);
    mail->key_id = key_id;
    for (size_t i = 0; i < all->agreement_count; i++) {
        const struct concordat_agreement *a = &all->agreements[i];
        if (strcmp(a->id, mail->agreement_id) != 0 || strcmp(a->state, "superseded") == 0)
            continue;
        mail->agreement_version = a->version;
        memcpy(mail->agreement_hash.bytes, a->hash, DIGEST_SIZE);
    }
    concordat_answer_free(status);
    concordat_answer_free(all);
}

struct wire scenario_submit(struct peer *peer, const struct mail *mail,
                            const struct id *case_handle, struct envelope *envelope)
{
    static uint8_t body[BODY_SIZE];
    struct envelope composed;
    struct wire verdict = {.kind = WIRE_BYE};

    if (mail->section_size * mail->category_count > sizeof body)
        fail("too large a body");
    peer_compose(peer, mail, &composed, body);
    if (case_handle)
        composed.case_handle = *case_handle;
    if (envelope)
        *envelope = composed;
    if (peer_submit_and_wait(peer, &composed,
                             (struct bytes){body, mail->section_size * mail->category_count},
                             &verdict, WAIT_MS)
        != ST_OK)
        fail("no verdict on what %s submitted", peer_agency(peer));
    return verdict;
}

void scenario_follow(struct peer *peer)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    wire.gazette.follow = true;
    peer_say(peer, &wire, (struct bytes){NULL, 0});
    if (peer_flush(peer, WAIT_MS) != ST_OK)
        fail("%s cannot follow", peer_agency(peer));
}
