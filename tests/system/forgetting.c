#include "tests/system/forgetting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/cases_agreement.h"
#include "tests/system/desks.h"
#include "tests/system/inboxes.h"

#define TRIES 20         /* the store may be written in between: once a second, for milliseconds */
#define GIVE_UP_MS 30000 /* what has not come by then does not */
#define SEEN 7           /* exit code of a process that saw something forgotten */

enum who {
    COURT,
    NPS,
    CRC,
    CARE,
    WHO_COUNT
};

static const struct member members[WHO_COUNT] = {
    {"court.a", "COURT"}, {"nps.a", "NPS"}, {"crc.b", "CRC"}, {"csc.c", "LA_CHILDREN"}};

static struct community c;

/* What it shall forget comes later: its agreements are in its store before. */
static void begin(const char *const arguments[3], const char *broker)
{
    community_make(&c, &(struct places){arguments[0], arguments[1]}, arguments[2], members,
                   WHO_COUNT);
    cases_agreement(&c, &members[NPS]);
    community_start(&c);
    daemon_stop(&c.broker);
    (void)snprintf(c.broker.program, sizeof c.broker.program, "%s", broker);
    community_start_broker(&c);
}

static bool is_seen(int (*run)(const char *const arguments[3], const char *broker),
                    const char *const arguments[3], const char *broker)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(1);
        exit(run(arguments, broker));
    }
    (void)waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == SEEN;
}

/* ---- the journal's tail ---- */

static struct concordat_id send_one(struct concordat *court)
{
    static const _Atomic bool go_on = true;
    char *body = psr_body("control", 400);
    struct concordat_message message = {.type = "psr.request",
                                        .to = members[NPS].agency,
                                        .json = body,
                                        .json_size = strlen(body),
                                        .message_id = concordat_id_new(),
                                        .wait_ms = 1000};
    struct concordat_answer *a = send_until_verdict(court, &message, &go_on);

    if (a->outcome != CONCORDAT_DONE)
        fail("it is not accepted: %s", a->refusal ? a->refusal->code : "bad input");
    concordat_answer_free(a);
    free(body);
    return message.message_id;
}

/* The broker alone has a message, and dies. What is accepted after its start is handed over after
 * that message: when it has come and the other has not, that is lost. */
static bool loses_one(struct concordat *court)
{
    size_t count;

    daemon_stop(&c.agents[NPS]);
    const struct concordat_id only = send_one(court);
    daemon_kill(&c.broker);
    community_start_broker(&c);
    community_start_agent(&c, NPS);
    const struct concordat_id later = send_one(court);
    concordat_answer_free(concordat_track(court, &later, 1, "delivered", GIVE_UP_MS));
    struct concordat *nps = community_client(&c, NPS);
    struct concordat_id *ids = inbox_everything(nps, &count);
    if (inbox_count(ids, count, &later) == 0)
        fail("what was sent after the start does not come");
    bool is_lost = inbox_count(ids, count, &only) == 0;
    concordat_close(nps);
    free(ids);
    return is_lost;
}

static int see_lost_tail(const char *const arguments[3], const char *broker)
{
    bool is_lost = false;

    begin(arguments, broker);
    struct concordat *court = community_client(&c, COURT);
    for (int i = 0; i < TRIES && !is_lost; i++)
        is_lost = loses_one(court);
    concordat_close(court);
    community_free(&c);
    return is_lost ? SEEN : 0;
}

bool forgotten_tail_is_seen(const char *const arguments[3], const char *broker)
{
    return is_seen(see_lost_tail, arguments, broker);
}

/* ---- a case ---- */

static int see_forgotten_case(const char *const arguments[3], const char *broker)
{
    static struct desk desk;
    struct desk_verdict v = {0};

    begin(arguments, broker);
    desk_open(&desk, &c, NPS, &members[NPS], 0);
    if (!desk_turn(&desk))
        fail("it goes wrong before the broker dies");
    daemon_kill(&c.broker);
    community_start_broker(&c);
    desk_judge(&desk, &v);
    desk_close(&desk);
    community_free(&c);
    return v.wrong > 0 ? SEEN : 0;
}

bool forgotten_case_is_seen(const char *const arguments[3], const char *broker)
{
    return is_seen(see_forgotten_case, arguments, broker);
}
