#include "agreements/agreement.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agreements/clauses.h"
#include "agreements/document.h"
#include "agreements/fields.h"
#include "agreements/parties.h"
#include "agreements/trials.h"
#include "agreements/vocabulary.h"
#include "lib/text.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static enum status read_terms(const struct source *src, const struct node *root,
                              struct agreement *a)
{
    static const struct key keys[] = {{"floor", true}, {"ceiling", true}};
    const struct node *marking = node_child(root, "marking");
    enum status st;

    if ((st = read_name(src, node_child(root, "agreement"), true, a->id, sizeof a->id))
        || (st = read_number(src, node_child(root, "version"), VERSION_MAX, &a->version))
        || (st = read_text(src, node_child(root, "title"), a->title, sizeof a->title))
        || (st = read_text(src, node_child(root, "dpia"), a->dpia, sizeof a->dpia))
        || (st = read_day(src, node_child(root, "in-force"), &a->from_ms))
        || (st = read_day(src, node_child(root, "review"), &a->review_ms))
        || (st = read_day(src, node_child(root, "expires"), &a->until_ms))
        || (st = read_number(src, node_child(root, "retention-days"), RETENTION_DAYS_MAX,
                             &a->retention_days))
        || (st = read_keys(src, marking, "`marking'", keys, LENGTH(keys)))
        || (st = read_marking(src, node_child(marking, "floor"), &a->marking_floor))
        || (st = read_marking(src, node_child(marking, "ceiling"), &a->marking_ceiling)))
        return st;
    if (a->until_ms <= a->from_ms)
        return refuse(src, node_child(root, "expires")->line, "`expires' is not after `in-force'");
    if (a->review_ms < a->from_ms || a->review_ms > a->until_ms)
        return refuse(src, node_child(root, "review")->line,
                      "`review' is not between `in-force' and `expires'");
    if (a->marking_floor > a->marking_ceiling)
        return refuse(src, marking->line, "the marking's floor is above its ceiling");
    return ST_OK;
}

static enum status read_onward(const struct source *src, const struct node *list,
                               struct agreement *a)
{
    enum status st = read_list(src, list, 0, ONWARD_AGENCIES_MAX);

    if (st != ST_OK)
        return st;
    if (!(a->onward = calloc(list->count + 1, sizeof *a->onward)))
        return ST_NOMEM;
    for (const struct node *n = list->first; n; n = n->next) {
        if ((st = read_agency(src, n, a->onward[a->onward_count])) != ST_OK)
            return st;
        for (size_t i = 0; i < a->onward_count; i++)
            if (strcmp(a->onward[i], a->onward[a->onward_count]) == 0)
                return refuse(src, n->line, "`%s' stands here twice", a->onward[i]);
        a->onward_count++;
    }
    return ST_OK;
}

/* After the parties. */
static enum status read_owner(const struct source *src, const struct node *node,
                              struct agreement *a)
{
    enum status st;

    if (!node)
        return ST_OK;
    if ((st = read_agency(src, node, a->owner)) != ST_OK)
        return st;
    for (size_t i = 0; i < a->party_count; i++)
        if (strcmp(a->parties[i].agency, a->owner) == 0)
            return ST_OK;
    return refuse(src, node->line, "the owner `%s' is no party", a->owner);
}

/* Desks for what the law asks of those who share. */
static enum status read_desks(const struct source *src, const struct node *root,
                              struct agreement *a)
{
    const struct node *hours = node_child(root, "breach-report-hours");
    enum status st;

    if ((st = read_text(src, node_child(root, "subject-access"), a->subject_access,
                        sizeof a->subject_access))
        || (st = read_text(src, node_child(root, "foi"), a->foi, sizeof a->foi))
        || (st = read_text(src, node_child(root, "breach-contact"), a->breach_contact,
                           sizeof a->breach_contact)))
        return st;
    return hours ? read_number(src, hours, BREACH_HOURS_MAX, &a->breach_report_hours) : ST_OK;
}

/* `charter`, and what goes with it and with nothing else. */
static enum status read_charter(const struct source *src, const struct node *root,
                                struct agreement *a)
{
    static const char *const terms[] = {"uses-per-day", "review-within"};
    const struct node *charter = node_child(root, "charter");
    char text[16] = "";
    enum status st;

    for (size_t i = 0; i < LENGTH(terms); i++) {
        const struct node *term = node_child(root, terms[i]);

        if (charter && !term)
            return refuse(src, charter->line, "a charter has no `%s'", terms[i]);
        if (!charter && term)
            return refuse(src, term->line, "`%s' is for a `charter'", terms[i]);
    }
    if (!charter)
        return ST_OK;
    if ((st = read_word(src, charter, text, sizeof text)) != ST_OK)
        return st;
    if (strcmp(text, "break-glass") != 0)
        return refuse(src, charter->line, "`charter' must be break-glass, not `%s'", text);
    a->is_charter = true;
    if ((st = read_number(src, node_child(root, terms[0]), USES_PER_DAY_MAX, &a->uses_per_day)))
        return st;
    return read_span(src, node_child(root, terms[1]), &a->review_within);
}

static enum status read_agreement(const struct source *src, const struct node *root,
                                  struct agreement *a)
{
    static const struct key keys[] = {{"agreement", true},       {"version", true},
                                      {"title", true},           {"in-force", true},
                                      {"review", true},          {"expires", true},
                                      {"owner", false},          {"marking", true},
                                      {"onward", true},          {"dpia", false},
                                      {"parties", true},         {"retention-days", true},
                                      {"clauses", true},         {"charter", false},
                                      {"uses-per-day", false},   {"review-within", false},
                                      {"expectations", false},   {"tests", false},
                                      {"subject-access", false}, {"foi", false},
                                      {"breach-contact", false}, {"breach-report-hours", false}};
    enum status st;

    if ((st = read_keys(src, root, "an agreement", keys, LENGTH(keys)))
        || (st = read_terms(src, root, a)) || (st = read_desks(src, root, a))
        || (st = read_charter(src, root, a))
        || (st = read_onward(src, node_child(root, "onward"), a))
        || (st = read_parties(src, node_child(root, "parties"), a))
        || (st = read_owner(src, node_child(root, "owner"), a))
        || (st = read_clauses(src, node_child(root, "clauses"), a))
        || (st = read_expectations(src, node_child(root, "expectations"), a)))
        return st;
    return read_trials(src, node_child(root, "tests"), a);
}

/* Each of these begins with its name, so one comparison sorts and finds them all. */
static_assert(offsetof(struct party, agency) == 0 && offsetof(struct clause, id) == 0
                  && offsetof(struct expectation, id) == 0,
              "the name comes first");

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

static void sort(struct agreement *a)
{
    qsort(a->onward, a->onward_count, sizeof *a->onward, by_name);
    qsort(a->parties, a->party_count, sizeof *a->parties, by_name);
    qsort(a->clauses, a->clause_count, sizeof *a->clauses, by_name);
    if (a->expectation_count > 0) /* qsort() must not see a NULL base */
        qsort(a->expectations, a->expectation_count, sizeof *a->expectations, by_name);
    for (size_t i = 0; i < a->party_count; i++) {
        struct party *p = &a->parties[i];

        qsort(p->signing, p->signing_count, sizeof *p->signing, by_digest);
        qsort(p->governance, p->governance_count, sizeof *p->governance, by_digest);
    }
}

/* The place in `order` of a role that was read in another order; it joins when it is new. */
static uint16_t place(uint16_t order[static ROLES_MAX], size_t *count, uint16_t role)
{
    for (size_t i = 0; i < *count; i++)
        if (order[i] == role)
            return (uint16_t)i;
    order[*count] = role;
    return (uint16_t)(*count)++;
}

/* In order of mention by sorted clauses, then expectations: so that their order in the text does
 * not show. */
static enum status order_roles(struct agreement *a)
{
    uint16_t order[ROLES_MAX];
    size_t count = 0;
    char(*roles)[TITLE_MAX + 1] = calloc(a->role_count + 1, sizeof *roles);

    if (!roles)
        return ST_NOMEM;
    for (size_t i = 0; i < a->clause_count; i++)
        for (size_t j = 0; j < a->clauses[i].ladder_count; j++)
            a->clauses[i].ladder[j] = place(order, &count, a->clauses[i].ladder[j]);
    for (size_t i = 0; i < a->expectation_count; i++)
        a->expectations[i].tell = place(order, &count, a->expectations[i].tell);
    assert(count == a->role_count);
    for (size_t i = 0; i < count; i++)
        memcpy(roles[i], a->roles[order[i]], sizeof roles[i]);
    free(a->roles);
    a->roles = roles;
    return ST_OK;
}

static uint32_t last_line(const char *text, size_t size)
{
    uint32_t line = 1;

    for (size_t i = 0; i < size; i++)
        line += text[i] == '\n';
    return line;
}

enum status agreement_parse(const char *name, const char *text, size_t size, struct agreement **out,
                            struct reason *why)
{
    const struct source src = {name, why};
    OWNED(arena) arena = arena_new(64 * 1024, DOCUMENT_ARENA);
    OWNED(agreement) a = calloc(1, sizeof *a);
    const struct node *root;
    enum status st;

    if (!arena || !a)
        return ST_NOMEM;
    if (size > AGREEMENT_FILE_MAX)
        return refuse(&src, 1, "longer than %d bytes", AGREEMENT_FILE_MAX);
    if (size > 0
        && text[size - 1] != '\n') /* cut inside a line, a code may still be a code: another one */
        return refuse(&src, last_line(text, size), "the last line has no end; is the file whole?");
    if (!(a->name = strdup(name)) || !(a->text = strndup(text, size)))
        return ST_NOMEM;
    if ((st = document_read(name, text, size, arena, &root, why)) != ST_OK)
        return st;
    if ((st = read_agreement(&src, root, a)) != ST_OK)
        return st;
    sort(a);
    if ((st = order_roles(a)) != ST_OK)
        return st;
    if (names_build(a->parties, sizeof *a->parties, a->party_count, &a->by_agency) != ST_OK
        || names_build(a->clauses, sizeof *a->clauses, a->clause_count, &a->by_id) != ST_OK)
        return ST_NOMEM;
    a->hash = sha256(text, size);
    *out = GIVE(a);
    return ST_OK;
}

static enum status read_file(int file, char *text, size_t room, size_t *size)
{
    *size = 0;
    while (*size < room) {
        ssize_t n = read(file, text + *size, room - *size);

        if (n == 0)
            return ST_OK;
        if (n > 0)
            *size += (size_t)n;
        else if (errno != EINTR)
            return ST_IO;
    }
    return ST_OK; /* full: the parser says that it is too long */
}

enum status agreement_load(const char *path, struct agreement **out, struct reason *why)
{
    const size_t room = AGREEMENT_FILE_MAX + 1;
    struct stat info;
    size_t size;
    /* O_NONBLOCK: a named pipe in the folder must not hang us */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *text = NULL;
    enum status st = ST_IO;

    if (file < 0) {
        reason_set(why, "%s: %s", path, strerror(errno));
        return ST_IO;
    }
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
        reason_set(why, "%s: not a file", path);
    else if (!(text = malloc(room)))
        st = ST_NOMEM;
    else if ((st = read_file(file, text, room, &size)) != ST_OK)
        reason_set(why, "%s: %s", path, strerror(errno));
    else
        st = agreement_parse(path, text, size, out, why);
    free(text);
    (void)close(file);
    return st;
}

static void free_parts(struct agreement *agreement)
{
    free(agreement->onward);
    free(agreement->parties);
    free(agreement->clauses);
    free(agreement->roles);
    free(agreement->expectations);
    free(agreement->trials);
    names_free(&agreement->by_agency);
    names_free(&agreement->by_id);
}

void agreement_free(struct agreement *agreement)
{
    if (!agreement)
        return;
    free_parts(agreement);
    free(agreement->text);
    free(agreement->name);
    free(agreement);
}

void agreement_strip(struct agreement *agreement)
{
    struct agreement bare = {.version = agreement->version,
                             .hash = agreement->hash,
                             .from_ms = agreement->from_ms,
                             .review_ms = agreement->review_ms,
                             .until_ms = agreement->until_ms,
                             .name = agreement->name};

    TEXT_COPY(bare.id, agreement->id);
    TEXT_COPY(bare.title, agreement->title);
    free_parts(agreement);
    bare.text = realloc(agreement->text, 1);
    bare.text = bare.text ? bare.text : agreement->text; /* it could not shrink: it stays */
    bare.text[0] = '\0';
    *agreement = bare;
}

const struct party *agreement_party(const struct agreement *agreement, const char *agency)
{
    return names_find(&agreement->by_agency, agreement->parties, sizeof(struct party), agency);
}

/* Names of kinds are in capitals, agency ids are not: they cannot be taken for each other. */
bool agreement_fits(const struct agreement *agreement, const char *side, const char *agency)
{
    const struct party *party = agreement_party(agreement, agency);

    return party && (strcmp(side, agency) == 0 || strcmp(side, party->kind) == 0);
}

const struct clause *agreement_clause(const struct agreement *agreement, const char *id)
{
    return names_find(&agreement->by_id, agreement->clauses, sizeof(struct clause), id);
}

const struct expectation *agreement_expectation(const struct agreement *agreement, const char *id)
{
    for (size_t i = 0; i < agreement->expectation_count; i++)
        if (strcmp(agreement->expectations[i].id, id) == 0)
            return &agreement->expectations[i];
    return NULL;
}

/* Also of one that is still being read, in which no party can be found by its name yet. */
const struct party *agreement_named(const struct agreement *agreement, const struct expectation *e)
{
    for (size_t i = 0; e->at_least == 0 && i < agreement->party_count; i++) {
        const struct party *party = &agreement->parties[i];
        if (strcmp(e->from, party->agency) == 0 || strcmp(e->from, party->kind) == 0)
            return party;
    }
    return NULL;
}

const struct clause *agreement_clause_for(const struct agreement *agreement,
                                          const struct message_type *type, const char *from,
                                          const char *to)
{
    for (size_t i = 0; i < agreement->clause_count; i++) {
        const struct clause *clause = &agreement->clauses[i];
        if (clause->type == type && agreement_fits(agreement, clause->from, from)
            && agreement_fits(agreement, clause->to, to))
            return clause;
    }
    return NULL;
}

bool agreement_allows_onward(const struct agreement *agreement, const char *agency)
{
    return bsearch(agency, agreement->onward, agreement->onward_count, sizeof *agreement->onward,
                   by_name);
}

enum agreement_state agreement_state_at(const struct agreement *agreement, int64_t now_ms)
{
    switch (agreement->standing) {
    case STANDING_ASSUMED:
    case STANDING_ACTIVE:
        break;
    case STANDING_SUSPENDED:
        return AGREEMENT_STATE_SUSPENDED;
    case STANDING_REVOKED:
        return AGREEMENT_STATE_REVOKED;
    case STANDING_SUPERSEDED:
        return AGREEMENT_STATE_SUPERSEDED;
    case STANDING_DRAFT:
    default:
        return AGREEMENT_STATE_DRAFT;
    }
    if (now_ms < agreement->from_ms)
        return AGREEMENT_STATE_NOT_YET;
    return now_ms < agreement->until_ms ? AGREEMENT_STATE_ACTIVE : AGREEMENT_STATE_EXPIRED;
}

const char *agreement_state_name(enum agreement_state state)
{
    switch (state) {
    case AGREEMENT_STATE_ACTIVE:
        return "active";
    case AGREEMENT_STATE_EXPIRED:
        return "expired";
    case AGREEMENT_STATE_NOT_YET:
        return "not yet in force";
    case AGREEMENT_STATE_SUSPENDED:
        return "suspended";
    case AGREEMENT_STATE_REVOKED:
        return "revoked";
    case AGREEMENT_STATE_SUPERSEDED:
        return "superseded";
    case AGREEMENT_STATE_DRAFT:
    default:
        return "draft";
    }
}
