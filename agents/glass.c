#include "agents/glass.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/log.h"
#include "proto/notice.h"

#define NOTICE_ARENA ((size_t)256 * 1024) /* a notice names at most NOTICE_TO_MAX agencies */

struct glass {
    struct privileges *privileges; /* owned */
    struct arena *arena;           /* owned; of the notice that is being read */
    struct notice notice;          /* large: not for the stack */
};

struct glass *glass_new(void)
{
    OWNED(glass) g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->privileges = privileges_new();
    g->arena = arena_new(8 * 1024, NOTICE_ARENA);
    return g->privileges && g->arena ? GIVE(g) : NULL;
}

void glass_free(struct glass *g)
{
    if (!g)
        return;
    privileges_free(g->privileges);
    arena_free(g->arena);
    free(g);
}

/* ---- instruments ---- */

/* A review counts when it is of a use that we know, under that charter, by somebody else. */
static enum status review(struct glass *g, const struct instrument *i)
{
    struct breach_of_glass use;

    if (!privilege_find(g->privileges, &i->message_id, &use)
        || strcmp(use.charter, i->agreement_id) != 0 || strcmp(use.agency, i->agency) == 0)
        return ST_OK;
    const struct credential signer = {i->officer, &i->key};
    enum status status =
        privilege_review(g->privileges, &i->message_id, i->agency, &signer, i->upheld);
    return status == ST_INVALID ? ST_OK : status; /* whoever used it does not review it */
}

enum status glass_instrument(struct glass *g, const struct instrument *i, int64_t at_ms)
{
    const struct breach_of_glass use = {.charter = i->agreement_id,
                                        .clause = i->clause,
                                        .agency = i->agency,
                                        .counterpart = i->counterpart,
                                        .message_id = &i->message_id};
    const struct credential signer = {i->officer, &i->key};
    enum status status = ST_OK;

    if (i->act == CONCORDAT__ACT__AUTHORISE)
        status = privilege_authorise(g->privileges, &use, &signer, at_ms);
    else if (i->act == CONCORDAT__ACT__REVIEW)
        status = review(g, i);
    else if (i->act == CONCORDAT__ACT__REINSTATE)
        status = privilege_reinstate(g->privileges, i->agreement_id, i->counterpart);
    return status == ST_MORE ? ST_OK : status;
}

/* ---- notices ---- */

static void tell(const struct notice *n)
{
    char id[ID_TEXT_SIZE];

    id_print(&n->message_id, id);
    if (n->kind == CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED)
        log_event(n->count >= FREQUENT_USES ? LOG_WARN : LOG_INFO, "break_glass_used",
                  "message=%s agency=%s counterpart=%s charter=%s clause=%s review_due_ms=%lld "
                  "uses_in_the_hour=%u frequent=%s",
                  id, n->agency, n->counterpart, n->agreement_id, n->clause, (long long)n->due_ms,
                  n->count, n->count >= FREQUENT_USES ? "yes" : "no");
    else if (n->kind == CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED
             || n->kind == CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_SUSPENDED)
        log_event(LOG_WARN,
                  n->kind == CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED
                      ? "break_glass_unreviewed"
                      : "break_glass_suspended",
                  "message=%s agency=%s counterpart=%s charter=%s", id, n->agency, n->counterpart,
                  n->agreement_id);
}

enum status glass_notice(struct glass *g, struct bytes bytes, int64_t at_ms, bool is_new,
                         struct reason *why)
{
    const struct notice *n = &g->notice;
    enum status status = notice_read(bytes, g->arena, &g->notice, why);

    if (status != ST_OK)
        return status == ST_NOMEM ? ST_NOMEM : ST_INVALID;
    const struct breach_of_glass use = {.charter = n->agreement_id,
                                        .clause = n->clause,
                                        .agency = n->agency,
                                        .counterpart = n->counterpart,
                                        .message_id = &n->message_id};
    if (n->kind == CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED)
        status = privilege_use(g->privileges, &use, at_ms, n->due_ms);
    else if (n->kind == CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED)
        status = privilege_lapse(g->privileges, &n->message_id);
    if (is_new)
        tell(n);
    return status == ST_MORE ? ST_OK : status;
}

/* ---- what is asked ---- */

struct privilege glass_now(const struct glass *g, const struct breach_of_glass *use, int64_t now_ms)
{
    struct privilege found = privilege_of(g->privileges, use, now_ms);
    struct breach_of_glass other;

    if (privilege_find(g->privileges, use->message_id, &other))
        found.officers = 0;
    return found;
}

struct privilege glass_when_used(const struct glass *g, const struct breach_of_glass *use)
{
    struct privilege found = {0};

    (void)privilege_when_used(g->privileges, use, &found);
    return found;
}
