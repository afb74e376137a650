#include "agents/cli/community.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/cli/children.h"
#include "agents/cli/place.h"
#include "lib/id.h"
#include "proto/catalogue.h"

#define TEXT_MAX 4096 /* bytes of one configuration */
#define KEYS_MAX 256  /* agencies that are given keys at once */

static const struct member usual_members[] = {
    {"court.b35cz00", "COURT"},
    {"nps.cambs", "NPS"},
    {"csc.cambs", "LA_CHILDREN"},
    {"police.35", "POLICE"},
    {"crc.bench", "CRC"},
    {"asc.cambs", "LA_ADULTS"},
    {"tx.cambs", "TREATMENT_PROVIDER"},
    {"prv.worklink", "INTERVENTION_PROVIDER"}, /* its services and nothing else */
};

/* --- small file work --- */

static enum status make_folder(const char *path, struct reason *why)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return ST_OK;
    reason_set(why, "cannot make %s: %s", path, strerror(errno));
    return ST_IO;
}

enum status community_write(const char *path, const char *text, struct reason *why)
{
    FILE *file = fopen(path, "we");
    bool wrong = !file || fchmod(fileno(file), 0600) != 0 || fputs(text, file) < 0;

    if (file && fclose(file) != 0)
        wrong = true;
    if (!wrong)
        return ST_OK;
    reason_set(why, "cannot write %s: %s", path, strerror(errno));
    return ST_IO;
}

static enum status too_long(const struct community *c, struct reason *why)
{
    reason_set(why, "%s: path too long", c->folder);
    return ST_INVALID;
}

/* --- who is in it --- */

static bool has_member(const struct community *c, const char *agency)
{
    for (size_t i = 0; i < c->member_count; i++) {
        if (strcmp(c->members[i].agency, agency) == 0)
            return true;
    }
    return false;
}

/* One line of an agencies file; blank lines and comments are fine. */
static enum status read_member(struct community *c, const char *path, int number, char *line,
                               struct reason *why)
{
    char *rest = NULL, *agency = strtok_r(line, " \t\r\n", &rest);
    char *kind = agency ? strtok_r(NULL, " \t\r\n", &rest) : NULL;
    struct member *member;

    if (!agency || agency[0] == '#')
        return ST_OK;
    if (!agency_is_valid(agency)) {
        reason_set(why, "%s:%d: '%s' is not an agency id like nps.cambs", path, number, agency);
        return ST_INVALID;
    }
    if (!kind || !agency_kind_is_known(kind) || strtok_r(NULL, " \t\r\n", &rest)) {
        reason_set(why, "%s:%d: wants an agency and its kind, as nps.cambs NPS", path, number);
        return ST_INVALID;
    }
    if (has_member(c, agency) || c->member_count == MEMBERS_MAX) {
        reason_set(why, "%s:%d: %s", path, number,
                   has_member(c, agency) ? "named twice" : "too many agencies");
        return ST_INVALID;
    }
    member = &c->members[c->member_count++];
    (void)snprintf(member->agency, sizeof member->agency, "%s", agency);
    (void)snprintf(member->kind, sizeof member->kind, "%s", kind);
    return ST_OK;
}

static enum status read_members(struct community *c, const char *path, struct reason *why)
{
    FILE *file = fopen(path, "re");
    char line[512];
    enum status status = ST_OK;

    if (!file) {
        reason_set(why, "cannot read %s: %s", path, strerror(errno));
        return ST_INVALID;
    }
    for (int number = 1; status == ST_OK && fgets(line, sizeof line, file); number++)
        status = read_member(c, path, number, line, why);
    (void)fclose(file);
    if (status == ST_OK && c->member_count == 0) {
        reason_set(why, "%s: names no agency", path);
        return ST_INVALID;
    }
    return status;
}

static enum status write_members(const struct community *c, struct reason *why)
{
    char path[PATH_MAX], text[MEMBERS_MAX * (AGENCY_MAX + KIND_MAX + 3)];
    size_t at = 0;

    for (size_t i = 0; i < c->member_count; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s %s\n", c->members[i].agency,
                               c->members[i].kind);
    if (!path_print(path, "%s/community", c->folder))
        return too_long(c, why);
    return community_write(path, text, why);
}

/* unix(7): a socket's path has 107 bytes at most. Better told now than by bind(). */
static enum status check_lengths(const struct community *c, struct reason *why)
{
    for (size_t i = 0; i < c->member_count; i++) {
        size_t size =
            strlen(c->folder) + strlen("/agents//agent.sock") + strlen(c->members[i].agency);
        if (size > SOCKET_PATH_MAX) {
            reason_set(why,
                       "%s: too long a path; with /agents/%s/agent.sock it has %zu bytes of %d",
                       c->folder, c->members[i].agency, size, SOCKET_PATH_MAX);
            return ST_INVALID;
        }
    }
    return ST_OK;
}

/* --- making one --- */

#define PKI_WORDS_MAX (KEYS_MAX + 8)

/* `pki.sh VERB DIR/pki WORD...` (NULL-terminated); what it says goes to DIR/pki.log. */
static enum status run_pki(const struct community *c, const char *verb, const char *const words[],
                           struct reason *why)
{
    char script[PATH_MAX], pki[PATH_MAX], log[PATH_MAX];
    const char *arguments[PKI_WORDS_MAX] = {"sh", script, verb, pki};
    int code = 0;

    if (!place_file("libexec/concordat/pki.sh", script)) {
        reason_set(why, "cannot find libexec/concordat/pki.sh beside this program");
        return ST_IO;
    }
    if (!path_print(pki, "%s/pki", c->folder) || !path_print(log, "%s/pki.log", c->folder))
        return too_long(c, why);
    for (size_t i = 0; words[i]; i++)
        arguments[4 + i] = words[i];
    if (run_program("/bin/sh", arguments, log, NULL, &code) == ST_OK && code == 0)
        return ST_OK;
    reason_set(why, "pki.sh %s failed with exit code %d; see %s", verb, code, log);
    return ST_IO;
}

static enum status make_pki(const struct community *c, struct reason *why)
{
    enum status status = run_pki(c, "init", (const char *[]){"--community", "Sandbox", NULL}, why);

    return status == ST_OK ? run_pki(c, "broker", (const char *[]){"broker", NULL}, why) : status;
}

/* Agencies that want keys and have none. */
struct keyless {
    const struct community *community;
    size_t count;
    const char *agencies[KEYS_MAX + 1]; /* NULL-terminated */
};

static enum status want_keys(struct keyless *k, const char *agency, struct reason *why)
{
    char path[PATH_MAX];

    if (!path_print(path, "%s/pki/agencies/%s", k->community->folder, agency))
        return too_long(k->community, why);
    for (size_t i = 0; i < k->count; i++) {
        if (strcmp(k->agencies[i], agency) == 0)
            return ST_OK;
    }
    if (access(path, F_OK) == 0)
        return ST_OK;
    if (k->count == KEYS_MAX) {
        reason_set(why, "%s: more than %d agencies", k->community->folder, KEYS_MAX);
        return ST_INVALID;
    }
    k->agencies[k->count++] = agency;
    return ST_OK;
}

/* The governance keys of all, as agents are told of them; made anew when there are more. */
static enum status make_pack(const struct community *c, bool is_outdated, struct reason *why)
{
    char path[PATH_MAX];

    if (!path_print(path, "%s/pki/join.pack", c->folder))
        return too_long(c, why);
    if (!is_outdated && access(path, F_OK) == 0)
        return ST_OK;
    (void)unlink(path);
    return run_pki(c, "join-pack", (const char *[]){"--out", path, NULL}, why);
}

/* Keys for the members, and for every other party of an agreement: it signs, though no process is
 * its own. */
static enum status make_keys(const struct community *c, struct reason *why)
{
    OWNED(agreement_set) set = NULL;
    struct keyless k = {.community = c};
    char folder[PATH_MAX];

    if (!path_print(folder, "%s/agreements", c->folder))
        return too_long(c, why);
    enum status status = agreement_set_load(folder, &set, why);
    for (size_t i = 0; status == ST_OK && i < c->member_count; i++)
        status = want_keys(&k, c->members[i].agency, why);
    for (size_t i = 0; status == ST_OK && i < agreement_set_count(set); i++) {
        const struct agreement *a = agreement_set_at(set, i);
        for (size_t j = 0; status == ST_OK && j < a->party_count; j++)
            status = want_keys(&k, a->parties[j].agency, why);
    }
    if (status == ST_OK && k.count > 0)
        status = run_pki(c, "agency", k.agencies, why);
    return status == ST_OK ? make_pack(c, k.count > 0, why) : status;
}

/* Two officers for each party of a charter: one alone does not break the glass. */
static enum status make_officers_of(const struct community *c, const struct agreement *charter,
                                    struct reason *why)
{
    char path[PATH_MAX];
    enum status status = ST_OK;

    for (size_t i = 0; status == ST_OK && i < charter->party_count; i++) {
        const char *agency = charter->parties[i].agency;

        if (!path_print(path, "%s/pki/agencies/%s/officers", c->folder, agency))
            return too_long(c, why);
        if (access(path, F_OK) != 0)
            status = run_pki(c, "officer", (const char *[]){agency, "duty-1", "duty-2", NULL}, why);
    }
    return status;
}

static enum status make_officers(const struct community *c, struct reason *why)
{
    OWNED(agreement_set) set = NULL;
    char folder[PATH_MAX];

    if (!path_print(folder, "%s/agreements", c->folder))
        return too_long(c, why);
    enum status status = agreement_set_load(folder, &set, why);
    for (size_t i = 0; status == ST_OK && i < agreement_set_count(set); i++)
        if (agreement_set_at(set, i)->is_charter)
            status = make_officers_of(c, agreement_set_at(set, i), why);
    return status;
}

static enum status copy_file(const char *from, const char *to, struct reason *why)
{
    OWNED(agreement) agreement = NULL;
    enum status status = agreement_load(from, &agreement, why);

    /* Read as an agreement, so that a sandbox never starts with one that its daemons refuse. */
    return status == ST_OK ? community_write(to, agreement->text, why) : status;
}

static enum status copy_agreements(const struct community *c, const char *from, struct reason *why)
{
    char examples[PATH_MAX], source[PATH_MAX], target[PATH_MAX];
    DIR *folder;
    enum status status = ST_OK;
    size_t count = 0;

    if (!from && !place_file("share/concordat/agreements", examples)) {
        reason_set(why, "cannot find share/concordat/agreements beside this program");
        return ST_IO;
    }
    from = from ? from : examples;
    folder = opendir(from);
    if (!folder) {
        reason_set(why, "cannot read %s: %s", from, strerror(errno));
        return ST_INVALID;
    }
    for (struct dirent *entry; status == ST_OK && (entry = readdir(folder));) {
        const char *end = strrchr(entry->d_name, '.');

        if (!end || strcmp(end, ".yaml") != 0)
            continue;
        if (!path_print(source, "%s/%s", from, entry->d_name)
            || !path_print(target, "%s/agreements/%s", c->folder, entry->d_name))
            status = too_long(c, why);
        else
            status = copy_file(source, target, why);
        count++;
    }
    (void)closedir(folder);
    if (status == ST_OK && count == 0) {
        reason_set(why, "%s: holds no agreement (*.yaml)", from);
        return ST_INVALID;
    }
    return status;
}

static enum status configure_broker(const struct community *c, uint16_t port, struct reason *why)
{
    char path[PATH_MAX], text[TEXT_MAX];

    (void)snprintf(text, sizeof text,
                   "# The broker of a sandbox. Paths are relative to this file.\n"
                   "id = broker\n"
                   "listen = 127.0.0.1:%u\n"
                   "folder = .\n"
                   "control = control.sock\n"
                   "chain = ../pki/broker/broker/broker.chain.pem\n"
                   "key = ../pki/broker/broker/broker.key\n"
                   "trust = ../pki/trust.pem\n"
                   "crls = ../pki/crls.pem\n"
                   "# small: this is a desk, not a data centre\n"
                   "journal-segments = 4\n"
                   "journal-segment-size = 16 MiB\n",
                   port);
    if (!path_print(path, "%s/broker/broker.conf", c->folder))
        return too_long(c, why);
    return community_write(path, text, why);
}

static enum status configure_agent(const struct community *c, size_t member, uint16_t port,
                                   struct reason *why)
{
    const char *agency = c->members[member].agency;
    char path[PATH_MAX], text[TEXT_MAX];

    (void)snprintf(text, sizeof text,
                   "# An agency's agent in a sandbox. Paths are relative to this file.\n"
                   "agency = %s\n"
                   "broker = 127.0.0.1:%u\n"
                   "folder = .\n"
                   "socket = agent.sock\n"
                   "chain = ../../pki/agencies/%s/transport.chain.pem\n"
                   "key = ../../pki/agencies/%s/transport.key\n"
                   "signing-certificate = ../../pki/agencies/%s/signing.pem\n"
                   "signing-key = ../../pki/agencies/%s/signing.key\n"
                   "governance-certificate = ../../pki/agencies/%s/governance.pem\n"
                   "join-pack = ../../pki/join.pack\n"
                   "trust = ../../pki/trust.pem\n"
                   "crls = ../../pki/crls.pem\n",
                   agency, port, agency, agency, agency, agency, agency);
    if (!path_print(path, "%s/agents/%s/agent.conf", c->folder, agency))
        return too_long(c, why);
    return community_write(path, text, why);
}

enum status community_set_port(const struct community *c, uint16_t port, struct reason *why)
{
    enum status status = configure_broker(c, port, why);

    for (size_t i = 0; status == ST_OK && i < c->member_count; i++)
        status = configure_agent(c, i, port, why);
    return status;
}

static enum status make_folders(const struct community *c, struct reason *why)
{
    static const char *const names[] = {"agreements", "broker", "agents"};
    char path[PATH_MAX];
    enum status status = ST_OK;

    for (size_t i = 0; status == ST_OK && i < sizeof names / sizeof *names; i++) {
        if (!path_print(path, "%s/%s", c->folder, names[i]))
            return too_long(c, why);
        status = make_folder(path, why);
    }
    for (size_t i = 0; status == ST_OK && i < c->member_count; i++) {
        if (!path_print(path, "%s/agents/%s", c->folder, c->members[i].agency))
            return too_long(c, why);
        status = make_folder(path, why);
    }
    return status;
}

static enum status make(struct community *c, const char *agencies, const char *agreements,
                        struct reason *why)
{
    enum status status = ST_OK;

    if (agencies) {
        status = read_members(c, agencies, why);
    } else {
        c->member_count = sizeof usual_members / sizeof *usual_members;
        memcpy(c->members, usual_members, sizeof usual_members);
    }
    if (status == ST_OK)
        status = check_lengths(c, why);
    if (status == ST_OK)
        status = make_folders(c, why);
    if (status == ST_OK)
        status = copy_agreements(c, agreements, why);
    if (status == ST_OK)
        status = community_set_port(c, 0, why); /* the broker's choice at its first start */
    if (status == ST_OK)
        status = make_pki(c, why);
    if (status == ST_OK)
        status = make_keys(c, why);
    if (status == ST_OK)
        status = make_officers(c, why);
    return status == ST_OK ? write_members(c, why) : status;
}

static bool folder_is_empty(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    while (folder && count < 3 && readdir(folder))
        count++;
    if (folder)
        (void)closedir(folder);
    return count < 3; /* "." and ".." */
}

enum status community_open(const char *folder, const char *agencies, const char *agreements,
                           struct community *out, struct reason *why)
{
    struct community c = {.member_count = 0};
    char list[PATH_MAX];
    enum status status = make_folder(folder, why);

    if (status != ST_OK)
        return status;
    if (!realpath(folder, c.folder) || !path_print(list, "%s/community", c.folder)) {
        reason_set(why, "%s: %s", folder, strerror(errno));
        return ST_IO;
    }
    if (access(list, F_OK) == 0) {
        if (agencies || agreements) {
            reason_set(why,
                       "%s is a sandbox already; name a new folder to choose its agencies or "
                       "agreements",
                       folder);
            return ST_INVALID;
        }
        status = read_members(&c, list, why);
        if (status == ST_OK)
            status = check_lengths(&c, why); /* it may have been moved */
        if (status == ST_OK)                 /* CRLs live 14 days, a sandbox perhaps longer */
            status = run_pki(&c, "crl", (const char *[]){NULL}, why);
        if (status == ST_OK) /* for the parties of agreements that were put there since */
            status = make_keys(&c, why);
        if (status == ST_OK)
            status = make_officers(&c, why);
    } else if (folder_is_empty(c.folder)) {
        status = make(&c, agencies, agreements, why);
    } else {
        reason_set(why, "%s is neither empty nor a whole sandbox", folder);
        status = ST_INVALID;
    }
    if (status == ST_OK)
        *out = c;
    return status;
}
