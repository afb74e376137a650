/* entry.c - acts on what is in force: revoking, suspending, keys, charters. Judging for
 * registrar.c.
 */
#include <string.h>

#include "agreements/privilege.h"
#include "agreements/registrar_inside.h"

static enum status judge_named(const struct version *v, const struct instrument *i,
                               struct reason *why)
{
    if (!v)
        return registrar_refuse(why, "agreement_hash: no version with it was ever in force");
    if (strcmp(v->agreement->id, i->agreement_id) != 0)
        return registrar_refuse(why, "agreement_id: not the text's");
    if (v->agreement->version != i->agreement_version)
        return registrar_refuse(why, "agreement_version: not the text's");
    return ST_OK;
}

static enum status judge_party(const struct version *v, const struct instrument *i, bool wants_pin,
                               size_t *place, struct reason *why)
{
    const struct party *p = agreement_party(v->agreement, i->agency);

    if (!p)
        return registrar_refuse(why, "agency: %s is no party of %s version %u", i->agency,
                                v->agreement->id, v->agreement->version);
    if (wants_pin && !party_pins_governance(p, &i->key))
        return registrar_refuse(why, "the key is none that %s version %u pins for %s",
                                v->agreement->id, v->agreement->version, i->agency);
    *place = (size_t)(p - v->agreement->parties);
    return ST_OK;
}

/* Of a superseded version too: what was accepted under it may be on its way yet. */
enum status judge_standing(const struct registrar *r, const struct instrument *i,
                           struct ruling *out, struct reason *why)
{
    struct version *v = registrar_find(r, &i->agreement_hash);
    struct ruling ruling = {.version = v};
    enum status st;

    if ((st = judge_named(v, i, why)) != ST_OK)
        return st;
    if (v->fate != FATE_IN_FORCE && v->fate != FATE_SUPERSEDED)
        return registrar_refuse(why, "agreement_hash: this version is not in force");
    if ((st = judge_party(v, i, true, &ruling.party, why)) != ST_OK)
        return st;
    const struct seat *seat = &v->seats[ruling.party];
#ifndef PLANT_REPLAY
    if (i->signed_ms <= seat->last_ms)
        return registrar_refuse(why, "signed_ms: not after the last act of %s on this version",
                                i->agency);
#endif
    if (i->act == CONCORDAT__ACT__SUSPEND && seat->is_suspending)
        return registrar_refuse(why, "%s has suspended it already", i->agency);
    if (i->act == CONCORDAT__ACT__RESUME && !seat->is_suspending)
        return registrar_refuse(why, "%s has not suspended it", i->agency);
    *out = ruling;
    return ST_OK;
}

/* Neither revoked nor expired; before its first day it is. */
static bool is_in_force(const struct version *v, int64_t now_ms)
{
    return v->fate == FATE_IN_FORCE && now_ms < v->agreement->until_ms;
}

enum status judge_key(const struct registrar *r, const struct instrument *i, int64_t now_ms,
                      struct reason *why)
{
    bool is_pinned = false;

    for (size_t j = 0; j < r->head_count && !is_pinned; j++) {
        const struct party *p = agreement_party(r->heads[j]->agreement, i->agency);
        is_pinned = p && is_in_force(r->heads[j], now_ms) && party_pins_governance(p, &i->key);
    }
    if (!is_pinned)
        return registrar_refuse(why, "the key is none that any version in force pins for %s",
                                i->agency);
    if (i->signed_ms <= key_changes_last(&r->changes, i->agency, &i->key))
        return registrar_refuse(why, "signed_ms: not after this key's last change of keys for %s",
                                i->agency);
    return ST_OK;
}

/* `a` is what the instrument names, `head` the newest version of it. */
static enum status judge_counterpart(const struct agreement *a, const struct agreement *head,
                                     const struct instrument *i, struct reason *why)
{
    if (!agreement_party(a, i->counterpart))
        return registrar_refuse(why, "counterpart: %s is no party of %s version %u", i->counterpart,
                                a->id, a->version);
    if (strcmp(i->counterpart, i->agency) == 0)
        return registrar_refuse(why, "counterpart: the agency itself");
    /* of the owner itself by whoever else is a party: nobody gives itself its privilege back */
    if (i->act == CONCORDAT__ACT__REINSTATE && head->owner[0] != '\0'
        && strcmp(head->owner, i->agency) != 0 && strcmp(head->owner, i->counterpart) != 0)
        return registrar_refuse(why, "agency: %s owns %s and alone may reinstate", head->owner,
                                head->id);
    return ST_OK;
}

/* An officer's key is vouched for by its certificate, not pinned; and its word is about now, not
 * one of a stock. Else by a governance key that the newest version pins as well: who has left the
 * charter has no say about it. */
static enum status judge_charter_signer(const struct version *v, const struct version *head,
                                        const struct instrument *i, int64_t now_ms, size_t *place,
                                        struct reason *why)
{
    size_t of_head;
    enum status st;

    if (i->act != CONCORDAT__ACT__AUTHORISE)
        return (st = judge_party(v, i, true, place, why))
                 ? st
                 : judge_party(head, i, true, &of_head, why);
    if (i->signed_ms < now_ms - AUTHORISED_MS)
        return registrar_refuse(why, "signed_ms: more than an hour before this entry");
    return judge_party(v, i, false, place, why);
}

/* Form and signer alone: what a review or an authorisation does is privilege.h's. Reviews may come
 * after a charter's end. */
enum status judge_charter(const struct registrar *r, const struct instrument *i, int64_t now_ms,
                          struct ruling *out, struct reason *why)
{
    struct version *v = registrar_find(r, &i->agreement_hash);
    struct ruling ruling = {.version = v};
    enum status st;

    if ((st = judge_named(v, i, why)) != ST_OK)
        return st;
    if (v->fate != FATE_IN_FORCE
        && (i->act == CONCORDAT__ACT__AUTHORISE
            || (v->fate != FATE_SUPERSEDED && v->fate != FATE_REVOKED)))
        return registrar_refuse(why, "agreement_hash: this version is not in force");
    if (!v->agreement->is_charter)
        return registrar_refuse(why, "agreement_id: %s is no charter", v->agreement->id);
    const struct version *head = registrar_head(r, v->agreement->id);
    if ((st = judge_charter_signer(v, head, i, now_ms, &ruling.party, why))
        || (i->act != CONCORDAT__ACT__REVIEW
            && (st = judge_counterpart(v->agreement, head->agreement, i, why))))
        return st;
    if (i->act == CONCORDAT__ACT__AUTHORISE && !agreement_clause(v->agreement, i->clause))
        return registrar_refuse(why, "clause: %s has no clause `%s'", v->agreement->id, i->clause);
    *out = ruling;
    return ST_OK;
}
