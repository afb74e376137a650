/* A newer version comes into force between sealing and acceptance, and between acceptance and
 * hand-over, with the real daemons and the real gazette:
 *
 *   sent-again   what was sealed under the old version is refused, and sent again under the new one
 *   handed-over  what was accepted under the old version is delivered, and both sides are told
 *
 *     stale BIN SOURCE FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/community.h"

#define WAIT_MS 30000
#define TEXT_ROOM ((size_t)16 * 1024)

/* The first one's agent publishes, so that the others may be away. */
static const struct member members[] = {
    {"court.b", "COURT"}, {"court.a", "COURT"}, {"nps.a", "NPS"}};
enum {
    SENDER = 1,
    RECIPIENT = 2
};

static int passed, failures;

static void expect(bool holds, const char *what)
{
    printf("%s %s\n", holds ? "ok  " : "FAIL", what);
    passed += holds;
    failures += !holds;
}

/* The community's own agreement as its version `version`, in force on return. */
static void enact(struct community *c, unsigned version)
{
    static const char mark[] = "version: ";
    char path[COMMUNITY_PATH + 32], text[TEXT_ROOM], changed[TEXT_ROOM + 16];
    FILE *file;
    char *at;

    (void)snprintf(path, sizeof path, "%s/agreements/test.yaml", c->folder);
    if (!(file = fopen(path, "re")))
        fail("%s: cannot open", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    if (!(at = strstr(text, mark)))
        fail("%s: no version", path);
    at += strlen(mark);
    (void)snprintf(changed, sizeof changed, "%.*s%u%s", (int)(at - text), text, version,
                   at + strcspn(at, "\n"));
    community_agreement(c, "test.yaml", changed);
}

static struct concordat_answer *send(struct concordat *agent, struct concordat_id *id,
                                     uint32_t wait_ms)
{
    char *body = psr_body("stale", 400);
    struct concordat_message message = {.type = "psr.request",
                                        .to = "nps.a",
                                        .json = body,
                                        .json_size = strlen(body),
                                        .officer = "K. Hartley",
                                        .justification = "the list is today",
                                        .wait_ms = wait_ms};
    struct concordat_answer *answer = concordat_send(agent, &message);

    free(body);
    *id = answer->message_id;
    return answer;
}

static bool same(const struct concordat_id *a, const struct concordat_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Does the command line say so to the sender or recipient? */
static bool says(struct community *c, size_t member, const char *arguments, const char *text)
{
    char command[4 * COMMUNITY_PATH], said[TEXT_ROOM];
    FILE *pipe;

    (void)snprintf(command, sizeof command, "'%s' %s --agent '%s/agents/%s' 2>&1", c->concordat,
                   arguments, c->folder, members[member].agency);
    if (!(pipe = popen(command, "re"))) // NOLINT: our own paths
        fail("%s: cannot run", command);
    said[fread(said, 1, sizeof said - 1, pipe)] = '\0';
    (void)pclose(pipe);
    if (strstr(said, text))
        return true;
    printf("%s\n%s", command, said);
    return false;
}

/* One message all the way: the sender knows the recipient's key from here on. */
static void learn_the_key(struct community *c)
{
    struct concordat *agent = community_client(c, SENDER);
    struct concordat_id id;
    struct concordat_answer *answer = send(agent, &id, WAIT_MS);

    expect(answer->outcome == CONCORDAT_DONE, "a message is accepted under version 1");
    concordat_answer_free(answer);
    answer = concordat_track(agent, &id, 0, "delivered", WAIT_MS);
    expect(answer->item_count == 1 && strcmp(answer->items[0].state, "delivered") == 0,
           "and delivered");
    concordat_answer_free(answer);
    concordat_close(agent);
}

static void is_sent_again(struct community *c)
{
    struct concordat *agent = community_client(c, SENDER);
    struct concordat_answer *answer;
    struct concordat_id old, again;
    char id[CONCORDAT_ID_TEXT], arguments[96];

    daemon_stop(&c->agents[0]); /* so that neither takes the dead connection for a good one */
    daemon_stop(&c->agents[RECIPIENT]);
    daemon_kill(&c->broker);
    answer = send(agent, &old, 1);
    expect(answer->outcome == CONCORDAT_QUEUED, "without a broker it is queued, sealed");
    concordat_answer_free(answer);
    concordat_close(agent);
    daemon_stop(&c->agents[SENDER]);
    community_start_broker(c);
    community_start_agent(c, 0);
    community_start_agent(c, RECIPIENT);
    community_await_connected(c, 0);
    community_await_connected(c, RECIPIENT);
    enact(c, 2);
    community_start_agent(c, SENDER);
    agent = community_client(c, SENDER);
    answer = concordat_track(agent, &old, 0, "delivered", WAIT_MS);
    expect(answer->item_count == 1 && strcmp(answer->items[0].state, "delivered") == 0
               && same(&answer->items[0].sent_again_for, &old)
               && answer->items[0].agreement_version == 2,
           "who waits for it hears of what was sent again under version 2");
    again = answer->item_count == 1 ? answer->items[0].message_id : old;
    concordat_answer_free(answer);
    answer = concordat_track(agent, &old, 0, NULL, 0);
    expect(answer->item_count == 1 && strcmp(answer->items[0].state, "refused") == 0
               && same(&answer->items[0].sent_again_as, &again)
               && answer->items[0].sent_again_version == 2,
           "the old one is refused and names the new one");
    concordat_answer_free(answer);
    answer = concordat_refusals(agent, 0, 0, 0);
    expect(answer->refused_count == 1
               && strcmp(answer->refused[0].code, "AGREEMENT_VERSION_STALE") == 0
               && strcmp(answer->refused[0].officer, "K. Hartley") == 0
               && same(&answer->refused[0].sent_again_as, &again),
           "the refusal is noted with who wanted it");
    concordat_answer_free(answer);
    concordat_close(agent);
    concordat_id_print(&old, id);
    (void)snprintf(arguments, sizeof arguments, "track %s", id);
    expect(says(c, SENDER, arguments, "AGREEMENT_VERSION_STALE; sent again as"),
           "the command line says so");
    expect(says(c, SENDER, arguments, "under ISA-TEST v2"), "and under which version");
    expect(says(c, SENDER, "refusals", "the list is today"), "and lists the refusal");
}

static void is_handed_over(struct community *c)
{
    struct concordat *agent = community_client(c, SENDER);
    struct concordat_answer *answer;
    struct concordat_id id;
    char text[CONCORDAT_ID_TEXT], arguments[96];

    daemon_stop(&c->agents[RECIPIENT]);
    answer = send(agent, &id, WAIT_MS);
    expect(answer->outcome == CONCORDAT_DONE, "accepted while its recipient is away");
    concordat_answer_free(answer);
    enact(c, 3);
    community_start_agent(c, RECIPIENT);
    answer = concordat_track(agent, &id, 0, "delivered", WAIT_MS);
    expect(answer->item_count == 1 && strcmp(answer->items[0].state, "delivered") == 0
               && strcmp(answer->items[0].lapse, "superseded") == 0,
           "it is delivered after version 3, and its sender told");
    concordat_answer_free(answer);
    concordat_close(agent);
    concordat_id_print(&id, text);
    (void)snprintf(arguments, sizeof arguments, "track %s", text);
    expect(says(c, RECIPIENT, arguments,
                "accepted under ISA-TEST v2, which has been superseded since"),
           "its recipient is told");
    expect(says(c, RECIPIENT, "inbox", "ISA-TEST v2, which has been superseded since"),
           "in the inbox too");
    (void)snprintf(arguments, sizeof arguments, "open %s", text);
    expect(says(c, RECIPIENT, arguments, "ISA-TEST v2, which has been superseded since"),
           "and when it is opened");
}

int main(int argc, char **argv)
{
    static struct community c;

    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER\n", argv[0]);
        return 2;
    }
    community_make(&c, &(struct places){argv[1], argv[2]}, argv[3], members, 3);
    community_start(&c);
    learn_the_key(&c);
    is_sent_again(&c);
    is_handed_over(&c);
    community_stop(&c);
    community_free(&c);
    printf("%d passed, %d failed\n", passed, failures);
    return failures > 0;
}
