/*
 * dies.c - a reference system that is killed at a chosen call, for the tests of its exactly-once.
 *
 * Linked with --wrap for each call below. DIES_AT=take:2 kills the process when concordat_take has
 * returned for the second time: what the call did is done, and nothing after it is.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/client.h"

/* Counts one call and dies if it is the one. */
static void reached(const char *name)
{
    const char *wanted = getenv("DIES_AT");
    static int calls[8];
    static const char *names[8];
    char here[64];
    int i = 0;

    while (names[i] && strcmp(names[i], name) != 0)
        i++;
    names[i] = name;
    (void)snprintf(here, sizeof here, "%s:%d", name, ++calls[i]);
    if (wanted && strcmp(wanted, here) == 0)
        (void)raise(SIGKILL);
}

/* NOLINTBEGIN: the linker asks for these names */
struct concordat_answer *__real_concordat_take(struct concordat *, const struct concordat_id *);
struct concordat_answer *__wrap_concordat_take(struct concordat *, const struct concordat_id *);
struct concordat_answer *__real_concordat_acknowledge(struct concordat *,
                                                      const struct concordat_id *);
struct concordat_answer *__wrap_concordat_acknowledge(struct concordat *,
                                                      const struct concordat_id *);
struct concordat_answer *__real_concordat_send(struct concordat *,
                                               const struct concordat_message *);
struct concordat_answer *__wrap_concordat_send(struct concordat *,
                                               const struct concordat_message *);
struct concordat_answer *__real_concordat_reply(struct concordat *,
                                                const struct concordat_message *);
struct concordat_answer *__wrap_concordat_reply(struct concordat *,
                                                const struct concordat_message *);
int __real_renameat(int, const char *, int, const char *);
int __wrap_renameat(int, const char *, int, const char *);

struct concordat_answer *__wrap_concordat_take(struct concordat *agent,
                                               const struct concordat_id *message)
{
    struct concordat_answer *answer = __real_concordat_take(agent, message);

    reached("take");
    return answer;
}

struct concordat_answer *__wrap_concordat_acknowledge(struct concordat *agent,
                                                      const struct concordat_id *message)
{
    struct concordat_answer *answer = __real_concordat_acknowledge(agent, message);

    reached("acknowledge");
    return answer;
}

struct concordat_answer *__wrap_concordat_send(struct concordat *agent,
                                               const struct concordat_message *message)
{
    struct concordat_answer *answer = __real_concordat_send(agent, message);

    reached("send");
    return answer;
}

struct concordat_answer *__wrap_concordat_reply(struct concordat *agent,
                                                const struct concordat_message *message)
{
    struct concordat_answer *answer = __real_concordat_reply(agent, message);

    reached("reply");
    return answer;
}

int __wrap_renameat(int from, const char *old, int to, const char *new)
{
    int result = __real_renameat(from, old, to, new);

    reached("save");
    return result;
}
/* NOLINTEND */
