#include "tests/system/community.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_MS 60000

static void path_of(char out[static COMMUNITY_PATH], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void path_of(char out[static COMMUNITY_PATH], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int size = vsnprintf(out, COMMUNITY_PATH, format, args);
    va_end(args);
    if (size < 0 || size >= COMMUNITY_PATH)
        fail("path too long: %s", out);
}

static void write_file(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_file(const char *path, const char *format, ...)
{
    FILE *file = fopen(path, "w");
    va_list args;

    if (!file)
        fail("%s: %s", path, strerror(errno));
    va_start(args, format);
    if (vfprintf(file, format, args) < 0 || fclose(file) != 0)
        fail("%s: %s", path, strerror(errno));
    va_end(args);
}

static void make_folder(const char *path)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        fail("%s: %s", path, strerror(errno));
}

/* ---- the community ---- */

static void run(char *const argv[])
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(nothing, STDOUT_FILENO);
        (void)execvp(argv[0], argv);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("%s %s: status %#x", argv[0], argv[1], (unsigned)status);
}

static void make_pki(const struct community *c, const struct places *places)
{
    char script[COMMUNITY_PATH], pki[COMMUNITY_PATH], pack[COMMUNITY_PATH];

    path_of(script, "%s/certs/pki.sh", places->source);
    path_of(pki, "%s/pki", c->folder);
    run((char *[]){script, "init", pki, "--community", "Test community", NULL});
    run((char *[]){script, "broker", pki, "broker", NULL});
    for (size_t i = 0; i < c->member_count; i++)
        run((char *[]){script, "agency", pki, (char *)c->members[i].agency, NULL});
    path_of(pack, "%s/join.pack", pki);
    run((char *[]){script, "join-pack", pki, "--out", pack, NULL});
}

static void put_parties(FILE *file, const struct community *c)
{
    fputs("parties:\n", file);
    for (size_t i = 0; i < c->member_count; i++)
        fprintf(file, "  - agency: %s\n    kind: %s\n    contact: Test desk\n",
                c->members[i].agency, c->members[i].kind);
}

static void put_agreement(const struct community *c)
{
    static const char head[] = "agreement: ISA-TEST\n"
                               "version: 1\n"
                               "title: Everything the system tests send\n"
                               "in-force: 2020-01-01\n"
                               "review: 2030-01-01\n"
                               "expires: 2035-01-01\n"
                               "marking:\n"
                               "  floor: OFFICIAL\n"
                               "  ceiling: OFFICIAL_SENSITIVE\n"
                               "retention-days: 365\n"
                               "onward: []\n";
    static const char clauses[] = "clauses:\n"
                                  "  - id: psr-request\n"
                                  "    type: psr.request\n"
                                  "    from: COURT\n"
                                  "    to: NPS\n"
                                  "    purpose: court_advice\n"
                                  "    gateway: SC2020_S30_REQUEST\n"
                                  "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n"
                                  "    allowed: [DC_CONTACT_ADDRESS, "
                                  "DC_SENTENCE_ORDER, DC_STAFF]\n"
                                  "  - id: psr-report\n"
                                  "    type: psr.report\n"
                                  "    from: NPS\n"
                                  "    to: COURT\n"
                                  "    purpose: court_advice\n"
                                  "    gateway: SC2020_S30\n"
                                  "    required: [DC_IDENTITY, DC_RISK_SCORE]\n"
                                  "    allowed: [DC_OFFENCE_INDEX, "
                                  "DC_RISK_NARRATIVE, DC_SENTENCE_ORDER, "
                                  "DC_STAFF]\n"
                                  "    only-in-reply: true\n"
                                  "  - id: child-referral\n"
                                  "    type: safeguarding.referral.child\n"
                                  "    from: COURT\n"
                                  "    to: NPS\n"
                                  "    purpose: safeguard_child\n"
                                  "    gateway: CDA1998_S115\n"
                                  "    required: [DC_IDENTITY, DC_CHILD]\n"
                                  "    allowed: [DC_CONTACT_ADDRESS, "
                                  "DC_RISK_SCORE, DC_THIRD_PARTY, DC_STAFF]\n";
    char path[COMMUNITY_PATH];

    path_of(path, "%s/agreements/test.yaml", c->folder);
    FILE *file = fopen(path, "w");
    if (!file)
        fail("%s: %s", path, strerror(errno));
    fputs(head, file);
    put_parties(file, c);
    fputs(clauses, file);
    (void)fclose(file);
}

/* ---- putting agreements in force ---- */

/* "id=ISA-TEST version=2": of a draft or pinned text, for what agents say of it. */
static void agreement_name(const char *path, char out[static 160])
{
    FILE *file = fopen(path, "r");
    char line[512], id[64] = "";
    unsigned version = 0;

    while (file && fgets(line, sizeof line, file)) {
        (void)sscanf(line, "agreement: %63s", id);
        (void)sscanf(line, "version: %u", &version);
    }
    if (!file || !id[0] || version == 0)
        fail("%s: names no agreement and version", path);
    (void)fclose(file);
    (void)snprintf(out, 160, "event=agreement_active id=%s version=%u ", id, version);
}

/* Enacts one draft through member 0's agent; every running agent has it in force afterwards. */
static void enact(struct community *c, const char *path)
{
    char pki[COMMUNITY_PATH], socket[COMMUNITY_PATH], pinned[COMMUNITY_PATH], said[160];

    path_of(pki, "%s/pki", c->folder);
    path_of(pinned, "%s/pinned%s", c->folder, strrchr(path, '/'));
    (void)unlink(pinned); /* of an earlier version */
    run((char *[]){c->concordat, "agreement", "pin", (char *)path, "--pki", pki, "--out", pinned,
                   NULL});
    path_of(socket, "%s/agents/%s/agent.sock", c->folder, c->members[0].agency);
    run((char *[]){c->concordat, "agreement", "enact", (char *)path, "--pki", pki, "--agent",
                   socket, NULL});
    agreement_name(path, said);
    for (size_t i = 0; i < c->member_count; i++)
        if (c->agents[i].pid && !daemon_said(&c->agents[i], said, READY_MS))
            fail("%s never said '%s'; see %s", c->members[i].agency, said, c->agents[i].log);
}

void community_agreement(struct community *c, const char *name, const char *text)
{
    char path[COMMUNITY_PATH];

    path_of(path, "%s/agreements/%s", c->folder, name);
    write_file(path, "%s", text);
    if (c->is_enacted)
        enact(c, path);
}

void community_enact(struct community *c)
{
    char pattern[COMMUNITY_PATH];
    glob_t found;

    path_of(pattern, "%s/agreements/*.yaml", c->folder);
    if (glob(pattern, 0, NULL, &found) != 0)
        fail("%s: no agreements", pattern);
    for (size_t i = 0; i < found.gl_pathc; i++)
        enact(c, found.gl_pathv[i]);
    globfree(&found);
    c->is_enacted = true;
}

static void configure_broker(struct community *c, const struct places *places)
{
    const char *f = c->folder;
    struct daemon *d = &c->broker;

    daemon_init(d, "broker");
    path_of(d->program, "%s/broker/concordatd", places->bin);
    path_of(d->config, "%s/broker/broker.conf", f);
    path_of(d->log, "%s/broker/log", f);
    write_file(d->config,
               "id = broker\n"
               "listen = 127.0.0.1:%u\n"
               "folder = %s/broker\n"
               "control = %s/broker/control.sock\n"
               "chain = %s/pki/broker/broker/broker.chain.pem\n"
               "key = %s/pki/broker/broker/broker.key\n"
               "trust = %s/pki/trust.pem\n"
               "crls = %s/pki/crls.pem\n"
               "journal-segments = 4\n"
               "journal-segment-size = 4194304\n",
               c->port, f, f, f, f, f, f);
}

static void configure_agent(struct community *c, const struct places *places, size_t i)
{
    const char *f = c->folder, *id = c->members[i].agency;
    struct daemon *d = &c->agents[i];
    char folder[COMMUNITY_PATH];

    daemon_init(d, id);
    path_of(folder, "%s/agents/%s", f, id);
    make_folder(folder);
    path_of(d->program, "%s/agents/concordat-agent", places->bin);
    path_of(d->config, "%s/agents/%s/agent.conf", f, id);
    path_of(d->log, "%s/agents/%s/log", f, id);
    write_file(d->config,
               "agency = %s\n"
               "broker = 127.0.0.1:%u\n"
               "folder = %s/agents/%s\n"
               "socket = %s/agents/%s/agent.sock\n"
               "chain = %s/pki/agencies/%s/transport.chain.pem\n"
               "key = %s/pki/agencies/%s/transport.key\n"
               "signing-certificate = %s/pki/agencies/%s/signing.pem\n"
               "signing-key = %s/pki/agencies/%s/signing.key\n"
               "governance-certificate = %s/pki/agencies/%s/governance.pem\n"
               "join-pack = %s/pki/join.pack\n"
               "trust = %s/pki/trust.pem\n"
               "crls = %s/pki/crls.pem\n",
               id, c->port, f, id, f, id, f, id, f, id, f, id, f, id, f, id, f, f, f);
}

void community_make(struct community *c, const struct places *places, const char *parent,
                    const struct member members[], size_t count)
{
    static const char *const folders[] = {"agreements", "pinned", "broker", "agents"};

    *c = (struct community){.member_count = count};
    if (count > MEMBERS_MAX)
        fail("too many members");
    memcpy(c->members, members, count * sizeof *members);
    path_of(c->folder, "%s/cc.XXXXXX", parent);
    if (!mkdtemp(c->folder))
        fail("%s: %s", c->folder, strerror(errno));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[COMMUNITY_PATH];
        path_of(path, "%s/%s", c->folder, folders[i]);
        make_folder(path);
    }
    path_of(c->concordat, "%s/agents/concordat", places->bin);
    make_pki(c, places);
    put_agreement(c);
    configure_broker(c, places); /* port 0: the system's choice, kept once known */
    for (size_t i = 0; i < count; i++)
        configure_agent(c, places, i);
    (void)setenv("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0", 0);
}

/* The broker's port is chosen at its first start; from then on everybody's configuration has it. */
static void keep_port(struct community *c)
{
    const char *colon = strrchr(c->broker.listen, ':');
    char command[3 * COMMUNITY_PATH];

    if (c->port != 0)
        return;
    if (!colon)
        fail("the broker did not say where it listens");
    c->port = (uint16_t)strtoul(colon + 1, NULL, 10);
    (void)snprintf(command, sizeof command,
                   "sed -i 's/^\\(listen\\|broker\\) = 127.0.0.1:0$/\\1 = 127.0.0.1:%u/' "
                   "%s/broker/broker.conf %s/agents/*/agent.conf",
                   c->port, c->folder, c->folder);
    run((char *[]){"sh", "-c", command, NULL});
}

void community_start_broker(struct community *c)
{
    daemon_start(&c->broker);
    keep_port(c);
}

void community_start_agent(struct community *c, size_t member)
{
    daemon_start(&c->agents[member]);
}

struct concordat *community_client(struct community *c, size_t member)
{
    char socket[COMMUNITY_PATH];

    path_of(socket, "%s/agents/%s/agent.sock", c->folder, c->members[member].agency);
    struct concordat *client = concordat_open(socket);
    if (!client)
        fail("%s: cannot open", socket);
    return client;
}

void community_await_connected(struct community *c, size_t member)
{
    if (!daemon_said(&c->agents[member], "event=session_open", READY_MS))
        fail("%s is not connected; see %s", c->members[member].agency, c->agents[member].log);
}

void community_start(struct community *c)
{
    community_start_broker(c);
    for (size_t i = 0; i < c->member_count; i++)
        community_start_agent(c, i);
    for (size_t i = 0; i < c->member_count; i++)
        community_await_connected(c, i);
    if (!c->is_enacted)
        community_enact(c);
}

void community_start_for_peers(struct community *c)
{
    community_start_broker(c);
    community_start_agent(c, 0);
    community_await_connected(c, 0);
    community_enact(c);
    daemon_stop(&c->agents[0]);
}

void community_stop(struct community *c)
{
    for (size_t i = 0; i < c->member_count; i++)
        daemon_stop(&c->agents[i]);
    daemon_stop(&c->broker);
}

void community_free(struct community *c)
{
    for (size_t i = 0; i < c->member_count; i++)
        daemon_kill(&c->agents[i]);
    daemon_kill(&c->broker);
}

/* ---- bodies ---- */

static char *padded(const char *head, const char *mark, size_t size, const char *tail)
{
    size_t padding = size > 700 ? size - 700 : 0;
    char *filler = malloc(padding + 1), *text;

    if (!filler)
        fail("memory");
    memset(filler, 'x', padding);
    filler[padding] = '\0';
    if (asprintf(&text, "%s%s %s%s", head, mark, filler, tail) < 0)
        fail("memory");
    free(filler);
    return text;
}

char *psr_body(const char *mark, size_t size)
{
    return padded(
        "{\"hearingId\": \"H-1\", \"courtOu\": \"B35CZ00\", \"neededByMs\": "
        "\"1924992000000\", \"requestedFormat\": \"ORAL\", \"defendant\": {\"identifiers\": "
        "[{\"type\": \"PNC\", \"value\": \"2018/0123456P\"}], \"name\": {\"forename\": "
        "\"Kit\", \"surname\": \"Example\"}}, \"offences\": [{\"cjsCode\": \"TH68001\", "
        "\"title\": \"Theft\"}], \"judgeNotes\": \"",
        mark, size, "\"}");
}

char *referral_body(const char *mark, size_t size)
{
    return padded("{\"subject\": {\"name\": {\"forename\": \"Kit\", \"surname\": \"Example\"}}, "
                  "\"children\": [{\"name\": {\"forename\": \"Sam\", \"surname\": \"Example\"}}], "
                  "\"concern\": [\"NEGLECT\"], \"consent\": \"NOT_SOUGHT_UNSAFE\", "
                  "\"whatHappened\": {\"text\": \"",
                  mark, size, "\"}}");
}
