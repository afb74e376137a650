#include "agreements/privilege.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

#define DAY_MS INT64_C(86400000)

/* Whose, under what: the part that everything here has in common. */
struct subject {
    char charter[AGREEMENT_ID_MAX + 1];
    char clause[CLAUSE_ID_MAX + 1];
    char agency[AGENCY_MAX + 1], counterpart[AGENCY_MAX + 1];
    struct id message_id;
};

struct officer {
    char code[OFFICER_CODE_MAX + 1];
    struct digest key;
};

struct authorisation {
    struct subject of;
    struct officer officer;
    int64_t at_ms;
};

enum use_state {
    USE_UNREVIEWED = 1,
    USE_UPHELD,
    USE_NOT_UPHELD,
    USE_LAPSED /* nobody reviewed it in time; a late review is still recorded */
};

struct use {
    struct subject of;
    enum use_state state;
    int64_t at_ms, due_ms;
    struct officer *officers; /* owned: who used it, known when authorisations stand no more */
    size_t officer_count;
    struct privilege before; /* what it rested on */
};

struct suspension {
    char charter[AGREEMENT_ID_MAX + 1];
    char agency[AGENCY_MAX + 1];
};

struct privileges {
    struct authorisation *authorisations; /* owned, as all of these; oldest first */
    struct use *uses;                     /* oldest first */
    struct suspension *suspensions;
    size_t authorisation_count, authorisation_room, use_count, use_room, suspension_count,
        suspension_room;
};

struct privileges *privileges_new(void)
{
    return calloc(1, sizeof(struct privileges));
}

void privileges_free(struct privileges *p)
{
    if (!p)
        return;
    free(p->authorisations);
    for (size_t i = 0; i < p->use_count; i++)
        free(p->uses[i].officers);
    free(p->uses);
    free(p->suspensions);
    free(p);
}

/* Room for one more element of `size` bytes in the array at `list`. */
static enum status make_room(void *list, size_t count, size_t *room, size_t size)
{
    void *old, *grown;
    size_t more = *room ? 2 * *room : 16;

    if (count < *room)
        return ST_OK;
    memcpy(&old, list, sizeof old);
    grown = reallocarray(old, more, size);
    if (!grown)
        return ST_NOMEM;
    memcpy(list, &grown, sizeof grown);
    *room = more;
    return ST_OK;
}

static struct subject subject_of(const struct breach_of_glass *from)
{
    struct subject to = {.message_id = *from->message_id};

    TEXT_COPY(to.charter, from->charter);
    TEXT_COPY(to.clause, from->clause);
    TEXT_COPY(to.agency, from->agency);
    TEXT_COPY(to.counterpart, from->counterpart);
    return to;
}

static bool is_of(const struct subject *subject, const struct breach_of_glass *use)
{
    return id_equal(&subject->message_id, use->message_id)
        && strcmp(subject->charter, use->charter) == 0 && strcmp(subject->clause, use->clause) == 0
        && strcmp(subject->agency, use->agency) == 0
        && strcmp(subject->counterpart, use->counterpart) == 0;
}

/* ---- authorisations ---- */

static void drop_authorisation(struct privileges *p, size_t at)
{
    p->authorisation_count--;
    memmove(&p->authorisations[at], &p->authorisations[at + 1],
            (p->authorisation_count - at) * sizeof *p->authorisations);
}

/* What no longer counts goes; and of an agency that holds too many its oldest, so that nobody's
 * flood takes another's room. */
static void clear_authorisations(struct privileges *p, const char *agency, int64_t now_ms)
{
    size_t own = 0, first = 0, kept = 0;

    for (size_t i = 0; i < p->authorisation_count; i++)
        if (now_ms - p->authorisations[i].at_ms < AUTHORISED_MS)
            p->authorisations[kept++] = p->authorisations[i];
    p->authorisation_count = kept;
    for (size_t i = kept; i > 0; i--) {
        if (strcmp(p->authorisations[i - 1].of.agency, agency) == 0) {
            own++;
            first = i - 1;
        }
    }
    if (own >= AUTHORISATIONS_EACH)
        drop_authorisation(p, first);
}

enum status privilege_authorise(struct privileges *p, const struct breach_of_glass *use,
                                const struct credential *officer, int64_t at_ms)
{
    struct authorisation one = {
        .of = subject_of(use), .officer.key = *officer->key, .at_ms = at_ms};

    TEXT_COPY(one.officer.code, officer->officer);
    clear_authorisations(p, use->agency, at_ms);
    enum status status =
        make_room(&p->authorisations, p->authorisation_count, &p->authorisation_room, sizeof one);
    if (status == ST_OK)
        p->authorisations[p->authorisation_count++] = one;
    return status;
}

static bool stands_for(const struct authorisation *a, const struct breach_of_glass *use,
                       int64_t now_ms)
{
    return now_ms - a->at_ms < AUTHORISED_MS && is_of(&a->of, use);
}

/* Is there an earlier one for the same message, of the same officer or by the same key? */
static bool is_counted(const struct privileges *p, size_t at, const struct breach_of_glass *use,
                       int64_t now_ms)
{
    const struct officer *officer = &p->authorisations[at].officer;

    for (size_t i = 0; i < at; i++) {
        const struct authorisation *a = &p->authorisations[i];
        if (stands_for(a, use, now_ms)
            && (strcmp(a->officer.code, officer->code) == 0
                || digest_equal(&a->officer.key, &officer->key)))
            return true;
    }
    return false;
}

static uint32_t count_officers(const struct privileges *p, const struct breach_of_glass *use,
                               int64_t now_ms)
{
    uint32_t count = 0;

    for (size_t i = 0; i < p->authorisation_count; i++)
        count += stands_for(&p->authorisations[i], use, now_ms) && !is_counted(p, i, use, now_ms);
    return count;
}

/* ---- uses and their reviews ---- */

static struct use *find_use(const struct privileges *p, const struct id *message_id)
{
    for (size_t i = 0; i < p->use_count; i++)
        if (id_equal(&p->uses[i].of.message_id, message_id))
            return &p->uses[i];
    return NULL;
}

static void forget_settled(struct privileges *p, int64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->use_count; i++)
        if (p->uses[i].state == USE_UNREVIEWED
            || now_ms - p->uses[i].at_ms < PRIVILEGE_DAYS * DAY_MS)
            p->uses[kept++] = p->uses[i];
        else
            free(p->uses[i].officers);
    p->use_count = kept;
}

static enum status fill_officers(const struct privileges *p, const struct breach_of_glass *of,
                                 int64_t at_ms, struct use *use)
{
    size_t count = 1; /* calloc(0) may answer NULL */

    for (size_t i = 0; i < p->authorisation_count; i++)
        count += stands_for(&p->authorisations[i], of, at_ms);
    if (!(use->officers = calloc(count, sizeof *use->officers)))
        return ST_NOMEM;
    for (size_t i = 0; i < p->authorisation_count; i++)
        if (stands_for(&p->authorisations[i], of, at_ms))
            use->officers[use->officer_count++] = p->authorisations[i].officer;
    return ST_OK;
}

enum status privilege_use(struct privileges *p, const struct breach_of_glass *use, int64_t at_ms,
                          int64_t due_ms)
{
    struct use one = {.of = subject_of(use),
                      .state = USE_UNREVIEWED,
                      .at_ms = at_ms,
                      .due_ms = due_ms,
                      .before = privilege_of(p, use, at_ms)};
    enum status status;

    if (find_use(p, use->message_id))
        return ST_MORE;
    forget_settled(p, at_ms);
    if ((status = make_room(&p->uses, p->use_count, &p->use_room, sizeof one))
        || (status = fill_officers(p, use, at_ms, &one)))
        return status;
    p->uses[p->use_count++] = one;
    return ST_OK;
}

/* Was it this officer who used it, or somebody with the same key, under whatever name? */
static bool has_used(const struct use *use, const char *agency, const struct credential *by)
{
    bool is_same_agency = strcmp(use->of.agency, agency) == 0;

    for (size_t i = 0; i < use->officer_count; i++)
        if (digest_equal(&use->officers[i].key, by->key)
            || (is_same_agency && strcmp(use->officers[i].code, by->officer) == 0))
            return true;
    return false;
}

static struct suspension *find_suspension(const struct privileges *p, const char *charter,
                                          const char *agency)
{
    for (size_t i = 0; i < p->suspension_count; i++)
        if (strcmp(p->suspensions[i].charter, charter) == 0
            && strcmp(p->suspensions[i].agency, agency) == 0)
            return &p->suspensions[i];
    return NULL;
}

static enum status suspend(struct privileges *p, const struct subject *of)
{
    struct suspension one = {0};

    if (find_suspension(p, of->charter, of->agency))
        return ST_OK;
    enum status status =
        make_room(&p->suspensions, p->suspension_count, &p->suspension_room, sizeof one);
    if (status != ST_OK)
        return status;
    TEXT_COPY(one.charter, of->charter);
    TEXT_COPY(one.agency, of->agency);
    p->suspensions[p->suspension_count++] = one;
    return ST_OK;
}

enum status privilege_review(struct privileges *p, const struct id *message_id, const char *agency,
                             const struct credential *reviewer, bool upheld)
{
    struct use *use = find_use(p, message_id);

    if (!use || use->state == USE_UPHELD || use->state == USE_NOT_UPHELD)
        return ST_MORE;
    if (has_used(use, agency, reviewer))
        return ST_INVALID;
    enum status status = upheld ? ST_OK : suspend(p, &use->of);
    if (status == ST_OK)
        use->state = upheld ? USE_UPHELD : USE_NOT_UPHELD;
    return status;
}

enum status privilege_lapse(struct privileges *p, const struct id *message_id)
{
    struct use *use = find_use(p, message_id);

    if (!use || use->state != USE_UNREVIEWED)
        return ST_MORE;
    enum status status = suspend(p, &use->of);
    if (status == ST_OK)
        use->state = USE_LAPSED;
    return status;
}

enum status privilege_reinstate(struct privileges *p, const char *charter, const char *agency)
{
    struct suspension *found = find_suspension(p, charter, agency);

    if (!found)
        return ST_MORE;
    *found = p->suspensions[--p->suspension_count];
    return ST_OK;
}

/* ---- what is asked ---- */

struct privilege privilege_of(const struct privileges *p, const struct breach_of_glass *use,
                              int64_t now_ms)
{
    struct privilege found = {
        .officers = count_officers(p, use, now_ms),
        .suspended = find_suspension(p, use->charter, use->agency) != NULL,
    };

    for (size_t i = 0; i < p->use_count; i++) {
        const struct use *other = &p->uses[i];

        if (strcmp(other->of.charter, use->charter) != 0
            || strcmp(other->of.agency, use->agency) != 0)
            continue;
        found.uses_today += now_ms - other->at_ms < USES_MS;
        found.uses_lately += now_ms - other->at_ms < FREQUENT_MS;
    }
    return found;
}

bool privilege_when_used(const struct privileges *p, const struct breach_of_glass *use,
                         struct privilege *out)
{
    const struct use *found = find_use(p, use->message_id);

    if (!found || !is_of(&found->of, use))
        return false;
    *out = found->before;
    return true;
}

static struct breach_of_glass described(const struct use *use)
{
    return (struct breach_of_glass){.charter = use->of.charter,
                                    .clause = use->of.clause,
                                    .agency = use->of.agency,
                                    .counterpart = use->of.counterpart,
                                    .message_id = &use->of.message_id};
}

bool privilege_next_overdue(const struct privileges *p, int64_t now_ms, struct breach_of_glass *out)
{
    for (size_t i = 0; i < p->use_count; i++) {
        if (p->uses[i].state == USE_UNREVIEWED && p->uses[i].due_ms <= now_ms) {
            *out = described(&p->uses[i]);
            return true;
        }
    }
    return false;
}

bool privilege_find(const struct privileges *p, const struct id *message_id,
                    struct breach_of_glass *out)
{
    const struct use *use = find_use(p, message_id);

    if (use)
        *out = described(use);
    return use;
}
