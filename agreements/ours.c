/* ours.c - do our own keys, and those of the join pack, stand in a text? For the registrar.
 *
 * PLANT_* leave one check out, for tests/unit/test_registrar.c to notice. */
#include <string.h>

#include "agreements/registrar_inside.h"

#ifdef PLANT_PINS_UNSEEN
#define PINS_ARE_SEEN 0
#else
#define PINS_ARE_SEEN 1
#endif

static bool is_own(const struct key_list *own, const struct digest *key)
{
    for (size_t i = 0; i < own->count; i++)
        if (digest_equal(&own->keys[i], key))
            return true;
    return false;
}

/* None but ours: another key, whoever holds it, could sign as us. */
static bool pins_only(const struct digest pins[], size_t count, const struct key_list *own)
{
    for (size_t i = 0; i < count; i++)
        if (!is_own(own, &pins[i]))
            return false;
    return true;
}

static bool is_known(const struct registrar *r, const char *agency, const struct digest *key,
                     bool *has_any)
{
    *has_any = false;
    for (size_t i = 0; i < r->known_count; i++) {
        if (strcmp(r->known[i].agency, agency) != 0)
            continue;
        *has_any = true;
        if (digest_equal(&r->known[i].governance, key))
            return true;
    }
    return false;
}

/* Added by a ROLL of our own governance key, whatever became of it. */
static bool is_rolled(const struct registrar *r, const struct digest *key)
{
    for (size_t i = 0; i < r->governance.count; i++) {
        const struct key_name name = {r->self, &r->governance.keys[i], key};
        if (key_changes_added(&r->changes, &name))
            return true;
    }
    return false;
}

/* None that could sign as us but ours: given, added by our own governance key, or ended by it. */
static bool pins_ours(const struct registrar *r, const struct party *p)
{
    bool knows_governance = r->governance.count > 0;

    if (!PINS_ARE_SEEN)
        return true;
    if (knows_governance && !pins_only(p->governance, p->governance_count, &r->governance))
        return false;
    for (size_t i = 0; i < p->signing_count; i++) {
        const struct digest *key = &p->signing[i];
        const struct key_word *last = registrar_last_word(r, p, key, SIGNED_NOW);
        bool is_ended = knows_governance && last && !last->counts;
        if (!is_own(&r->signing, key) && !is_rolled(r, key) && !is_ended)
            return false;
    }
    return true;
}

static bool pins_known(const struct registrar *r, const struct party *p)
{
    bool has_any;

    for (size_t i = 0; i < p->governance_count; i++)
        if (!is_known(r, p->agency, &p->governance[i], &has_any) && has_any)
            return false;
    return true;
}

/* Of our own keys we know better than the join pack, which is as old as our joining. */
bool registrar_may_count(const struct registrar *r, const struct agreement *a)
{
    for (size_t i = 0; i < a->party_count; i++) {
        const struct party *p = &a->parties[i];

        if (strcmp(p->agency, r->self) == 0 ? !pins_ours(r, p) : !pins_known(r, p))
            return false;
    }
    return true;
}

#ifdef PLANT_COUNTED_ONCE
#define COUNTS_AGAIN 0
#else
#define COUNTS_AGAIN 1
#endif

void registrar_count_again(struct registrar *r)
{
    for (size_t i = 0; COUNTS_AGAIN && i < r->version_count; i++) {
        struct version *v = r->versions[i];
        if (v->is_assumed || v->is_bare)
            continue;
        v->counts = registrar_may_count(r, v->agreement);
        if (v->fate >= FATE_IN_FORCE && v->fate <= FATE_REVOKED)
            v->agreement->standing = version_standing(v);
    }
}
