/*
 * sandbox.c - `concordat sandbox DIR`: a whole community on one machine, until ^C.
 *
 * For trying things out and for tests: its keys lie beside it, unprotected.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/daemons.h"
#include "agents/cli/show.h"

static void show_ready(const struct cli *cli, const struct community *community)
{
    printf("%-16s %-12s %s\n", "agency", "kind", "agent");
    for (size_t i = 0; i < community->member_count; i++)
        printf("%-16s %-12s %s/agents/%s/agent.sock\n", community->members[i].agency,
               community->members[i].kind, community->folder, community->members[i].agency);
    printf("try: concordat status --agent %s/agents/%s\n%sready%s\n", community->folder,
           community->members[0].agency, tone_start(cli, TONE_GOOD), tone_end(cli));
    (void)fflush(stdout);
}

static size_t member_of(const struct daemons *daemons, const struct child *child)
{
    return (size_t)(child - daemons->agents);
}

/* Brings back a child that died. */
static enum status respawn(struct daemons *daemons, struct child *child, struct reason *why)
{
    if (child == &daemons->broker)
        return daemons_start_broker(daemons, why);
    return daemons_start_agent(daemons, member_of(daemons, child), why);
}

/* Until SIGINT or SIGTERM, which must be blocked. EXIT_FAILED when a child ended by itself. */
static enum exit_code watch(struct daemons *daemons, const sigset_t *signals, bool respawning)
{
    for (;;) {
        int got = sigwaitinfo(signals, NULL);
        struct child *ended;

        if (got == SIGINT || got == SIGTERM || got == SIGHUP)
            return EXIT_DONE;
        while (got == SIGCHLD && (ended = daemons_find_ended(daemons))) {
            char ending[ENDING_SIZE];
            struct reason why = {""};

            child_ending(ended, ending);
            complain("%s ended by itself (%s); see %s/log", ended->name, ending, ended->folder);
            if (!respawning)
                return EXIT_FAILED;
            if (respawn(daemons, ended, &why) != ST_OK) {
                complain("%s", why.text);
                return EXIT_FAILED;
            }
        }
    }
}

/* Blocks the signals of a list that ends with 0; they are what `out` then holds. SIGPIPE among
 * them: who read 'ready' may have gone, which must not end us, and children would inherit that it
 * is ignored. */
static void block(const int *list, sigset_t *out)
{
    (void)sigemptyset(out);
    for (; *list; list++)
        (void)sigaddset(out, *list);
    (void)sigprocmask(SIG_BLOCK, out, NULL);
}

static enum exit_code run_sandbox(struct cli *cli, const struct command *self, int argc,
                                  char **argv)
{
    const char *agencies = NULL, *agreements = NULL;
    bool respawning = false;
    const struct option_spec specs[] = {
        {"agencies", OPTION_TEXT, &agencies, "FILE", "who is in it: lines of AGENCY KIND"},
        {"agreements", OPTION_TEXT, &agreements, "FOLDER", "instead of the example agreements"},
        {"respawn", OPTION_FLAG, &respawning, NULL, "start again what dies, instead of ending"},
    };
    static struct community community; /* large, and there is one */
    static struct daemons daemons;
    struct arguments arguments;
    struct reason why = {""};
    sigset_t signals;
    enum status status;
    enum exit_code code = EXIT_FAILED;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    block((const int[]){SIGCHLD, SIGPIPE, 0}, &signals);
    status = community_open(arguments.items[0], agencies, agreements, &community, &why);
    if (status != ST_OK) {
        complain("%s", why.text);
        return status == ST_INVALID ? EXIT_BAD_INPUT : EXIT_FAILED;
    }
    status = daemons_init(&daemons, &community, &why);
    if (status == ST_OK)
        status = daemons_start(&daemons, cli->json ? NULL : stdout, &why);
    if (status == ST_OK) {
        /* Until here ^C ended us at once, and the kernel stopped the children; from here we do. */
        block((const int[]){SIGINT, SIGTERM, SIGHUP, 0}, &signals);
        (void)sigaddset(&signals, SIGCHLD);
        show_ready(cli, &community);
        code = watch(&daemons, &signals, respawning);
    } else {
        complain("%s", why.text);
    }
    if (daemons_stop(&daemons, &why) != ST_OK) {
        complain("%s", why.text);
        code = EXIT_FAILED;
    }
    if (code == EXIT_DONE)
        printf("stopped\n");
    return code;
}

const struct command sandbox_command = {
    .name = "sandbox",
    .arguments = "DIR",
    .summary = "a whole community on this machine: broker, agents, agreements",
    .about = "Makes DIR when it is missing or empty (keys, example agreements,\n"
             "configurations), starts the broker and an agent for each agency, signs the\n"
             "agreements of DIR/agreements for all their parties, prints 'ready' and runs\n"
             "until ^C. Started again on the same DIR it goes on where it stopped,\n"
             "queues and port included.\n"
             "\n"
             "Each party of a charter has two officers, who can break the glass:\n"
             "DIR/pki/agencies/AGENCY/officers/duty-1 and duty-2.\n",
    .least = 1,
    .most = 1,
    .run = run_sandbox,
};
