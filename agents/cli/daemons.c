#include "agents/cli/daemons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/cli/enact.h"
#include "agents/cli/place.h"
#include "agents/cli/show.h"
#include "agents/client.h"
#include "lib/clock.h"

#define READY_MS 30000 /* far more than it takes: slow machines and sanitizers */
#define LOOK_MS 200    /* until it is looked whether the agent has ended */
#define STOP_MS 15000  /* a drain writes what it holds and ends */

enum status daemons_init(struct daemons *d, const struct community *community, struct reason *why)
{
    *d = (struct daemons){.community = community};
    if (!place_program("concordatd", d->broker_program)) {
        reason_set(why, "cannot find concordatd beside this program or on the PATH");
        return ST_IO;
    }
    if (!place_program("concordat-agent", d->agent_program)) {
        reason_set(why, "cannot find concordat-agent beside this program or on the PATH");
        return ST_IO;
    }
    (void)snprintf(d->broker.name, sizeof d->broker.name, "broker");
    if (!path_print(d->broker.folder, "%s/broker", community->folder))
        return ST_INVALID;
    for (size_t i = 0; i < community->member_count; i++) {
        const char *agency = community->members[i].agency;
        struct child *agent = &d->agents[i];

        (void)snprintf(agent->name, sizeof agent->name, "agent %s", agency);
        if (!path_print(agent->folder, "%s/agents/%s", community->folder, agency))
            return ST_INVALID;
    }
    return ST_OK;
}

size_t daemons_member(const struct daemons *d, const char *agency)
{
    for (size_t i = 0; i < d->community->member_count; i++) {
        if (strcmp(d->community->members[i].agency, agency) == 0)
            return i;
    }
    return MEMBERS_MAX;
}

/* The port that follows `mark` in `line`; 0 when there is none. */
static uint16_t port_after(const char *line, const char *mark)
{
    const char *at = strstr(line, mark);
    unsigned long port = at ? strtoul(at + strlen(mark), NULL, 10) : 0;

    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* The first port after `mark` in a line of FOLDER/name with `word`, from `offset` on. */
static uint16_t find_port(const struct daemons *d, const char *name, off_t offset, const char *word,
                          const char *mark)
{
    char path[PATH_MAX], line[1024];
    uint16_t port = 0;
    FILE *file;

    if (!path_print(path, "%s/%s", d->broker.folder, name))
        return 0;
    file = fopen(path, "re");
    if (!file)
        return 0;
    if (fseeko(file, offset, SEEK_SET) == 0) {
        while (port == 0 && fgets(line, sizeof line, file))
            port = strstr(line, word) ? port_after(line, mark) : 0;
    }
    (void)fclose(file);
    return port;
}

uint16_t daemons_port(const struct daemons *d)
{
    return find_port(d, "broker.conf", 0, "listen", "127.0.0.1:");
}

/* What the broker's ready line says. */
static uint16_t told_port(const struct daemons *d)
{
    return find_port(d, "log", d->broker.log_from, " event=ready ", "listen=127.0.0.1:");
}

static enum status start(struct child *child, const char *program, const char *config,
                         struct reason *why)
{
    char path[PATH_MAX];
    const char *const arguments[] = {program, "--config", path, NULL};

    if (!path_print(path, "%s/%s", child->folder, config)) {
        reason_set(why, "%s: path too long", child->folder);
        return ST_INVALID;
    }
    return child_start(child, program, arguments, why);
}

enum status daemons_start_broker(struct daemons *d, struct reason *why)
{
    bool first = daemons_port(d) == 0;
    enum status status = start(&d->broker, d->broker_program, "broker.conf", why);

    if (status == ST_OK)
        status = child_await_ready(&d->broker, READY_MS, why);
    if (status != ST_OK || !first)
        return status;
    if (told_port(d) == 0) {
        reason_set(why, "the broker did not say where it listens; see %s/log", d->broker.folder);
        return ST_IO;
    }
    return community_set_port(d->community, told_port(d), why);
}

enum status daemons_start_agent(struct daemons *d, size_t member, struct reason *why)
{
    return start(&d->agents[member], d->agent_program, "agent.conf", why);
}

enum status daemons_await_agent(struct daemons *d, size_t member, struct reason *why)
{
    struct child *agent = &d->agents[member];
    int64_t end_ms = clock_monotonic_ms() + READY_MS;
    char path[PATH_MAX];
    enum status status = child_await_ready(agent, READY_MS, why);
    bool connected = false;

    if (status != ST_OK)
        return status;
    if (!path_print(path, "%s/agent.sock", agent->folder))
        return ST_INVALID;
    while (!connected) {
        struct concordat *client = concordat_open(path);
        struct concordat_answer *answer = client ? concordat_status_await(client, LOOK_MS) : NULL;

        connected = answer && answer->status && answer->status->connected;
        if (!connected && (child_has_ended(agent) || clock_monotonic_ms() > end_ms)) {
            reason_set(why, "%s does not reach the broker: %s; see %s/log", agent->name,
                       answer && answer->status ? answer->status->last_error : "it has ended",
                       agent->folder);
            status = ST_LIMIT;
        }
        concordat_answer_free(answer);
        concordat_close(client);
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

/* --- agreements --- */

static struct concordat *open_agent(const struct daemons *d, size_t member, struct reason *why)
{
    char path[PATH_MAX];
    struct concordat *agent =
        path_print(path, "%s/agent.sock", d->agents[member].folder) ? concordat_open(path) : NULL;

    if (!agent)
        reason_set(why, "%s: no connection", d->agents[member].name);
    return agent;
}

/* Until every member that is a party has the text in force. */
static enum status await_parties(const struct daemons *d, const struct agreement *draft,
                                 const struct digest *hash, struct reason *why)
{
    enum status status = ST_OK;

    for (size_t i = 0; status == ST_OK && i < draft->party_count; i++) {
        size_t member = daemons_member(d, draft->parties[i].agency);
        if (member == MEMBERS_MAX)
            continue;
        OWNED_AGENT agent = open_agent(d, member, why);
        status = agent ? enact_await(agent, draft->id, hash, READY_MS, why) : ST_NOMEM;
    }
    return status;
}

/* Nobody signs a text whose time is over. */
static bool is_over(const struct agreement *draft)
{
    return draft->until_ms <= clock_wall_ms();
}

/* One text; `progress` hears what became of it. */
static enum status enact_one(const char *pki, const struct agreement *draft,
                             struct concordat *agent, struct enacted *out, FILE *progress,
                             struct reason *why)
{
    if (is_over(draft)) {
        if (progress)
            (void)fprintf(progress, "%s version %u: left out, its time is over\n", draft->id,
                          draft->version);
        return ST_OK;
    }
    enum status status = enact(pki, draft, agent, out, why);
    if (status == ST_OK && progress && !out->before)
        (void)fprintf(progress, "%s version %u: signed by its %zu parties\n", draft->id,
                      draft->version, draft->party_count);
    return status;
}

/* Publishes all, then waits: agents take the entries of one while the next is published. */
static enum status enact_set(const struct daemons *d, const struct agreement_set *set,
                             struct enacted *enacted, FILE *progress, struct reason *why)
{
    char pki[PATH_MAX];
    OWNED_AGENT agent = open_agent(d, 0, why);
    enum status status = agent ? ST_OK : ST_NOMEM;

    if (!path_print(pki, "%s/pki", d->community->folder))
        return ST_INVALID;
    for (size_t i = 0; status == ST_OK && i < agreement_set_count(set); i++)
        status = enact_one(pki, agreement_set_at(set, i), agent, &enacted[i], progress, why);
    for (size_t i = 0; status == ST_OK && i < agreement_set_count(set); i++)
        if (!is_over(agreement_set_at(set, i)))
            status = await_parties(d, agreement_set_at(set, i), &enacted[i].hash, why);
    return status;
}

enum status daemons_enact(struct daemons *d, FILE *progress, struct reason *why)
{
    OWNED(agreement_set) set = NULL;
    char folder[PATH_MAX];

    if (!path_print(folder, "%s/agreements", d->community->folder))
        return ST_INVALID;
    enum status status = agreement_set_load(folder, &set, why);
    if (status != ST_OK || agreement_set_count(set) == 0)
        return status;
    struct enacted *enacted = calloc(agreement_set_count(set), sizeof *enacted);
    if (!enacted)
        return ST_NOMEM;
    status = enact_set(d, set, enacted, progress, why);
    free(enacted);
    return status;
}

enum status daemons_start(struct daemons *d, FILE *progress, struct reason *why)
{
    size_t count = d->community->member_count;
    enum status status = daemons_start_broker(d, why);

    for (size_t i = 0; status == ST_OK && i < count; i++)
        status = daemons_start_agent(d, i, why);
    for (size_t i = 0; status == ST_OK && i < count; i++)
        status = daemons_await_agent(d, i, why);
    return status == ST_OK ? daemons_enact(d, progress, why) : status;
}

struct child *daemons_find_ended(struct daemons *d)
{
    if (child_has_ended(&d->broker))
        return &d->broker;
    for (size_t i = 0; i < d->community->member_count; i++) {
        if (child_has_ended(&d->agents[i]))
            return &d->agents[i];
    }
    return NULL;
}

/* Stops one; keeps the first complaint. */
static enum status stop(struct child *child, enum status so_far, struct reason *why)
{
    bool ran = child->pid != 0;
    enum status status = child_stop(child, STOP_MS);
    char ending[ENDING_SIZE];

    if (!ran || so_far != ST_OK)
        return so_far;
    if (status == ST_OK && (!WIFEXITED(child->ended) || WEXITSTATUS(child->ended) != 0))
        status = ST_INVALID;
    if (status != ST_OK) {
        child_ending(child, ending);
        reason_set(why, "%s did not stop cleanly (%s); see %s/log", child->name, ending,
                   child->folder);
    }
    return status;
}

enum status daemons_stop(struct daemons *d, struct reason *why)
{
    enum status status = ST_OK;

    for (size_t i = 0; i < d->community->member_count; i++)
        status = stop(&d->agents[i], status, why);
    return stop(&d->broker, status, why);
}
