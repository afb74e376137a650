#include "agreements/registrar.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/registrar_inside.h"
#include "lib/text.h"

bool party_pins_governance(const struct party *party, const struct digest *key)
{
    for (size_t i = 0; i < party->governance_count; i++)
        if (digest_equal(&party->governance[i], key))
            return true;
    return false;
}

enum status registrar_refuse(struct reason *why, const char *format, ...)
{
    char text[REASON_MAX];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(text, sizeof text, format, list);
    va_end(list);
    reason_set(why, "%s", text);
    return ST_INVALID;
}

/* --- life --- */

static enum status take_keys(struct key_list *own, const struct digest *keys, size_t count)
{
    if (count == 0)
        return ST_OK;
    if (!(own->keys = calloc(count, sizeof *own->keys)))
        return ST_NOMEM;
    memcpy(own->keys, keys, count * sizeof *own->keys);
    own->count = count;
    return ST_OK;
}

static enum status take_rules(struct registrar *r, const struct registrar_rules *rules)
{
    enum status st;

    if (rules->self)
        TEXT_COPY(r->self, rules->self);
    if ((st = take_keys(&r->signing, rules->signing, rules->signing_count))
        || (st = take_keys(&r->governance, rules->governance, rules->governance_count)))
        return st;
    if (rules->known_count == 0)
        return ST_OK;
    if (!(r->known = calloc(rules->known_count, sizeof *r->known)))
        return ST_NOMEM;
    memcpy(r->known, rules->known, rules->known_count * sizeof *r->known);
    r->known_count = rules->known_count;
    return ST_OK;
}

static enum status add_assumed(struct registrar *r, struct agreement *a)
{
    enum status st;

    if ((st = registrar_reserve(r))
        || (st = registrar_make_room(&r->heads, r->head_count, &r->head_room, sizeof *r->heads)))
        return st;
    struct version *v = version_new(a, true);
    if (!v)
        return ST_NOMEM;
    v->fate = FATE_IN_FORCE;
    v->counts = true;
    registrar_insert(r, v);
    r->heads[r->head_count++] = v;
    return ST_OK;
}

/* The set of what is in force, with `next` in the place of its predecessor; NULL: none. */
static enum status build_set(const struct registrar *r, struct version *next,
                             struct agreement_set **out)
{
    struct agreement **list = calloc(r->head_count + 1, sizeof(struct agreement *));
    size_t count = 0;

    if (!list)
        return ST_NOMEM;
    for (size_t i = 0; i < r->head_count; i++)
        if (!next || strcmp(r->heads[i]->agreement->id, next->agreement->id) != 0)
            list[count++] = r->heads[i]->agreement;
    if (next)
        list[count++] = next->agreement;
    enum status st = agreement_set_borrow(list, count, out);
    free(list);
    return st;
}

enum status registrar_new(const struct registrar_rules *rules, struct agreement_set *assumed,
                          struct registrar **out)
{
    OWNED(registrar) r = calloc(1, sizeof *r);
    enum status st = r ? ST_OK : ST_NOMEM;

    if (!r) {
        agreement_set_free(assumed);
        return st;
    }
    r->assumed = assumed;
    if ((st = take_rules(r, rules)) != ST_OK)
        return st;
    for (size_t i = 0; assumed && i < agreement_set_count(assumed); i++)
        if ((st = add_assumed(r, agreement_set_own(assumed, i))) != ST_OK)
            return st;
    if ((st = build_set(r, NULL, &r->set)) != ST_OK)
        return st;
    *out = GIVE(r);
    return ST_OK;
}

void registrar_free(struct registrar *r)
{
    if (!r)
        return;
    agreement_set_free(r->set);
    for (size_t i = 0; i < r->version_count; i++)
        version_free(r->versions[i]);
    free(r->versions);
    free(r->index);
    free(r->heads);
    key_changes_fini(&r->changes);
    free(r->known);
    free(r->signing.keys);
    free(r->governance.keys);
    seen_fini(&r->seen);
    agreement_set_free(r->assumed);
    free(r);
}

/* --- judging --- */

static enum status judge(const struct registrar *r, const struct instrument *i, struct bytes text,
                         int64_t now_ms, struct ruling *out, struct reason *why)
{
    struct digest mark = seen_instrument(&i->digest, &i->key);

    if (seen_has(&r->seen, &mark))
        return ST_MORE;
    if (i->signed_ms > now_ms + SIGNED_AHEAD_MS)
        return registrar_refuse(why, "signed_ms: more than 5 minutes ahead");
    switch (i->act) {
    case CONCORDAT__ACT__PROPOSE:
        return judge_propose(r, i, text, now_ms, out, why);
    case CONCORDAT__ACT__ACCEPT:
    case CONCORDAT__ACT__REJECT:
    case CONCORDAT__ACT__WITHDRAW:
        return judge_proposed(r, i, now_ms, out, why);
    case CONCORDAT__ACT__REVOKE:
    case CONCORDAT__ACT__SUSPEND:
    case CONCORDAT__ACT__RESUME:
        return judge_standing(r, i, out, why);
    case CONCORDAT__ACT__ROLL:
    case CONCORDAT__ACT__RETIRE:
        return judge_key(r, i, now_ms, why);
    case CONCORDAT__ACT__REVIEW:
    case CONCORDAT__ACT__AUTHORISE:
    case CONCORDAT__ACT__REINSTATE:
        return judge_charter(r, i, now_ms, out, why);
    case CONCORDAT__ACT__ACT_UNSPECIFIED:
    case _CONCORDAT__ACT_IS_INT_SIZE:
        break;
    }
    return registrar_refuse(why, "act: missing");
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum status registrar_judge(const struct registrar *r, const struct instrument *i,
                            struct bytes text, int64_t now_ms, struct reason *why)
{
    struct ruling ruling = {0};
    enum status st = judge(r, i, text, later(now_ms, r->now_ms), &ruling, why);

    agreement_free(ruling.text);
    return st;
}

/* --- taking: whatever can fail comes first --- */

static void sign(struct version *v, size_t party)
{
    assert(v->signed_count < v->agreement->party_count);
    v->signed_by[v->signed_count++] = v->agreement->parties[party].agency;
}

/* A new text, or one whose earlier proposal came to nothing. */
static enum status propose(struct registrar *r, const struct instrument *i, struct ruling *ruling)
{
    struct version *v = ruling->version;
    struct digest mark = seen_proposal(&i->proposal_id);

    if (!v) {
        if (registrar_reserve(r) != ST_OK || !(v = version_new(ruling->text, false)))
            return ST_NOMEM;
        registrar_insert(r, v);
    } else if (ruling->text && version_dress(v, ruling->text) != ST_OK) {
        return ST_NOMEM;
    }
    ruling->text = NULL;
    v->counts = registrar_may_count(r, v->agreement);
    v->fate = FATE_PROPOSED;
    v->proposal_id = i->proposal_id;
    v->predecessor_hash = i->predecessor_hash;
    v->expires_ms = i->proposal_expires_ms;
    v->signed_count = 0;
    TEXT_COPY(v->by, i->agency);
    TEXT_COPY(v->founder, i->agency);
    sign(v, ruling->party);
    seen_add(&r->seen, &mark);
    return ST_OK;
}

static void supersede(struct version *old, int64_t at_ms)
{
    old->superseded_ms = at_ms;
    if (old->fate != FATE_IN_FORCE) /* revoked: that it stays */
        return;
    old->since_ms = at_ms;
    old->fate = FATE_SUPERSEDED;
    old->agreement->standing = version_standing(old);
}

/* Who froze the predecessor has frozen this too, until it thaws this one itself: what others may
 * not lift they may not get round by a new version either. */
static void inherit_seats(struct version *v, const struct version *old)
{
#ifndef PLANT_THAW
    for (size_t i = 0; i < old->agreement->party_count; i++) {
        const struct party *p = agreement_party(v->agreement, old->agreement->parties[i].agency);
        if (p)
            v->seats[p - v->agreement->parties] = old->seats[i];
    }
#else
    (void)v, (void)old;
#endif
}

/* All or nothing: the new set is there before anything changes. */
static enum status activate(struct registrar *r, struct version *v, int64_t at_ms)
{
    struct agreement_set *set;
    enum status st;

    if ((st = registrar_make_room(&r->heads, r->head_count, &r->head_room, sizeof *r->heads))
        || (st = build_set(r, v, &set)))
        return st;
    struct version *old = registrar_head(r, v->agreement->id);
    if (old) {
        supersede(old, at_ms);
        inherit_seats(v, old);
        memcpy(v->founder, old->founder, sizeof v->founder);
    }
    size_t at = 0;
    while (at < r->head_count && r->heads[at] != old)
        at++;
    r->heads[at] = v;
    r->head_count += at == r->head_count;
    v->fate = FATE_IN_FORCE;
    v->agreement->standing = version_standing(v);
    agreement_set_free(r->set);
    r->set = set;
    return ST_OK;
}

#ifdef PLANT_ONE_LESS
#define WANTED(v) ((v)->agreement->party_count - 1)
#else
#define WANTED(v) ((v)->agreement->party_count)
#endif
#ifdef PLANT_APART
#define TAKES_PLACE(v) ((v)->counts)
#else
#define TAKES_PLACE(v) true /* ours or not: as everywhere */
#endif

static enum status accept(struct registrar *r, const struct ruling *ruling, int64_t at_ms)
{
    struct version *v = ruling->version;
    bool completes = v->signed_count + 1 >= WANTED(v);
    enum status st = completes && TAKES_PLACE(v) ? activate(r, v, at_ms) : ST_OK;

    if (st == ST_OK)
        sign(v, ruling->party);
    return st;
}

static void end_proposal(struct version *v, enum fate fate, const char *by)
{
    v->fate = fate;
    TEXT_COPY(v->by, by);
    version_strip(v);
}

static void change_standing(struct version *v, const struct instrument *i, size_t party)
{
    struct seat *seat = &v->seats[party];

    seat->last_ms = i->signed_ms;
    seat->is_suspending = i->act == CONCORDAT__ACT__SUSPEND;
    if (i->act == CONCORDAT__ACT__REVOKE)
        v->fate = FATE_REVOKED;
    v->agreement->standing = version_standing(v);
    TEXT_COPY(v->by, i->agency);
}

static enum status change_key(struct registrar *r, const struct instrument *i, int64_t at_ms)
{
    enum status st = key_changes_add(&r->changes, i, at_ms);

    if (st == ST_OK && strcmp(i->agency, r->self) == 0)
        registrar_count_again(r);
    return st;
}

static enum status apply(struct registrar *r, const struct instrument *i, struct ruling *ruling,
                         int64_t at_ms)
{
    switch (i->act) {
    case CONCORDAT__ACT__PROPOSE:
        return propose(r, i, ruling);
    case CONCORDAT__ACT__ACCEPT:
        return accept(r, ruling, at_ms);
    case CONCORDAT__ACT__REJECT:
        end_proposal(ruling->version, FATE_REJECTED, i->agency);
        return ST_OK;
    case CONCORDAT__ACT__WITHDRAW:
        end_proposal(ruling->version, FATE_WITHDRAWN, i->agency);
        return ST_OK;
    case CONCORDAT__ACT__REVOKE:
    case CONCORDAT__ACT__SUSPEND:
    case CONCORDAT__ACT__RESUME:
        change_standing(ruling->version, i, ruling->party);
        return ST_OK;
    case CONCORDAT__ACT__ROLL:
    case CONCORDAT__ACT__RETIRE:
        return change_key(r, i, at_ms);
    case CONCORDAT__ACT__REVIEW:
    case CONCORDAT__ACT__AUTHORISE:
    case CONCORDAT__ACT__REINSTATE:
    case CONCORDAT__ACT__ACT_UNSPECIFIED:
    case _CONCORDAT__ACT_IS_INT_SIZE:
        break;
    }
    return ST_OK;
}

/* What has lapsed, by time or by another's coming into force, leaves its names. O(versions). */
static void strip_dead(struct registrar *r)
{
    for (size_t i = 0; i < r->version_count; i++)
        if (!version_is_living(r, r->versions[i], r->now_ms))
            version_strip(r->versions[i]);
}

static bool changes_version(Concordat__Act act)
{
    return act >= CONCORDAT__ACT__PROPOSE && act <= CONCORDAT__ACT__RESUME;
}

enum status registrar_take(struct registrar *r, const struct instrument *i, struct bytes text,
                           int64_t at_ms, struct reason *why)
{
    struct ruling ruling = {0};
    enum status st;

    at_ms = later(at_ms, r->now_ms);
    if ((st = judge(r, i, text, at_ms, &ruling, why)) != ST_OK)
        return st;
    if ((st = seen_reserve(&r->seen, 2)) == ST_OK)
        st = apply(r, i, &ruling, at_ms);
    agreement_free(ruling.text);
    if (st != ST_OK)
        return st;
    struct digest mark = seen_instrument(&i->digest, &i->key);
    seen_add(&r->seen, &mark);
    r->now_ms = at_ms;
    struct version *v = changes_version(i->act) ? registrar_find(r, &i->agreement_hash) : NULL;
    if (v)
        v->since_ms = at_ms;
    if (i->act == CONCORDAT__ACT__PROPOSE || i->act == CONCORDAT__ACT__ACCEPT)
        strip_dead(r);
    return ST_OK;
}
