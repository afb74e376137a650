/* proposal.c - who may propose what, and what may be said of it: the judging half of registrar.c.
 *
 * PLANT_* leave one check out, for tests/unit/test_registrar.c to notice. */
#include <string.h>

#include "agreements/registrar_inside.h"

bool version_is_open(const struct registrar *r, const struct version *v, int64_t now_ms)
{
    static const struct digest none;
    const struct version *head = registrar_head(r, v->agreement->id);

    return v->fate == FATE_PROPOSED && now_ms < v->expires_ms && now_ms < v->agreement->until_ms
        && digest_equal(&v->predecessor_hash, head ? &head->agreement->hash : &none)
        && (!head || v->agreement->version > head->agreement->version);
}

#ifdef PLANT_PINS_UNSEEN
#define PINS_ARE_SEEN 0
#else
#define PINS_ARE_SEEN 1
#endif

/* --- do our own keys, and those of the join pack, stand in a text? --- */

static bool is_own(const struct own_keys *own, const struct digest *key)
{
    for (size_t i = 0; i < own->count; i++)
        if (digest_equal(&own->keys[i], key))
            return true;
    return false;
}

/* None but ours: another key, whoever holds it, could sign as us. */
static bool pins_only(const struct digest pins[], size_t count, const struct own_keys *own)
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

static bool pins_ours(const struct registrar *r, const struct party *p)
{
    return !PINS_ARE_SEEN
        || (pins_only(p->signing, p->signing_count, &r->signing)
            && (r->governance.count == 0
                || pins_only(p->governance, p->governance_count, &r->governance)));
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

/* --- PROPOSE --- */

/* Open ones under the id, and open ones that the agency proposed. O(versions). */
static enum status judge_room(const struct registrar *r, const struct instrument *i, int64_t now_ms,
                              struct reason *why)
{
    size_t of_id = 0, of_agency = 0;

    for (size_t j = 0; j < r->version_count; j++) {
        const struct version *v = r->versions[j];
        bool is_of_id = strcmp(v->agreement->id, i->agreement_id) == 0,
             is_of_agency = strcmp(v->by, i->agency) == 0;
        if ((!is_of_id && !is_of_agency) || !version_is_open(r, v, now_ms))
            continue;
        of_id += is_of_id;
        of_agency += is_of_agency;
    }
    if (of_id >= OPEN_PROPOSALS_MAX)
        return registrar_refuse(why, "%d proposals for %s are open already", OPEN_PROPOSALS_MAX,
                                i->agreement_id);
    if (of_agency >= OPEN_PROPOSALS_EACH)
        return registrar_refuse(why, "agency: %d proposals by %s are open already",
                                OPEN_PROPOSALS_EACH, i->agency);
    return ST_OK;
}

/* What became of the same text before. */
static enum status judge_again(const struct registrar *r, const struct version *v, int64_t now_ms,
                               struct reason *why)
{
    switch (v->fate) {
    case FATE_PROPOSED:
        return version_is_open(r, v, now_ms)
                 ? registrar_refuse(why, "agreement_hash: this text is proposed already")
                 : ST_OK;
    case FATE_REJECTED:
        return registrar_refuse(why, "agreement_hash: this text was rejected by %s", v->by);
    case FATE_WITHDRAWN:
        return registrar_refuse(why, "agreement_hash: this text was withdrawn by %s", v->by);
    case FATE_REVOKED:
        return registrar_refuse(why, "agreement_hash: this text was revoked by %s", v->by);
    case FATE_SUPERSEDED:
        return registrar_refuse(why, "agreement_hash: this text was superseded");
    case FATE_IN_FORCE:
        break;
    }
    return registrar_refuse(why, "agreement_hash: this text is in force");
}

/* Against what is in force under the same id. Whoever is no party of that, by a key that it pins,
 * cannot put something else in its place. */
static enum status judge_succession(const struct registrar *r, const struct instrument *i,
                                    struct reason *why)
{
    static const struct digest none;
    const struct version *head = registrar_head(r, i->agreement_id);

    if (!head) {
        if (r->head_count >= AGREEMENTS_MAX)
            return registrar_refuse(why, "agreement_id: %d agreements are in force already",
                                    AGREEMENTS_MAX);
        if (!digest_equal(&i->predecessor_hash, &none))
            return registrar_refuse(why, "predecessor_hash: no version is in force");
        return ST_OK;
    }
    if (!digest_equal(&i->predecessor_hash, &head->agreement->hash))
        return registrar_refuse(why, "predecessor_hash: not that of version %u, in force",
                                head->agreement->version);
#ifndef PLANT_OLDER_VERSION
    if (i->agreement_version <= head->agreement->version)
        return registrar_refuse(why, "agreement_version: not above %u, in force",
                                head->agreement->version);
#endif
    const struct party *party = agreement_party(head->agreement, i->agency);
    if (!party || (!head->is_assumed && !party_pins_governance(party, &i->key)))
        return registrar_refuse(why, "agency: %s with this key is no party of version %u, in force",
                                i->agency, head->agreement->version);
    return ST_OK;
}

#define TEXT_IS_OVER "expires: the text's time is over"

static enum status judge_text(const struct agreement *a, const struct instrument *i, int64_t now_ms,
                              struct reason *why)
{
    if (strcmp(a->id, i->agreement_id) != 0)
        return registrar_refuse(why, "agreement_id: the text's is %s", a->id);
    if (a->version != i->agreement_version)
        return registrar_refuse(why, "agreement_version: the text's is %u", a->version);
    if (now_ms >= a->until_ms)
        return registrar_refuse(why, TEXT_IS_OVER);
    for (size_t j = 0; j < a->party_count; j++)
        if (a->parties[j].signing_count == 0 || a->parties[j].governance_count == 0)
            return registrar_refuse(why, "the text pins no %s key of %s",
                                    a->parties[j].signing_count == 0 ? "signing" : "governance",
                                    a->parties[j].agency);
    return ST_OK;
}

/* The signer's place in the text, by a key that the text pins for it. */
static enum status judge_signer(const struct agreement *a, const struct instrument *i,
                                size_t *party, struct reason *why)
{
    const struct party *p = agreement_party(a, i->agency);

    if (!p)
        return registrar_refuse(why, "agency: %s is no party of %s version %u", i->agency, a->id,
                                a->version);
#ifndef PLANT_ANY_KEY
    if (!party_pins_governance(p, &i->key))
        return registrar_refuse(why, "the key is none that %s version %u pins for %s", a->id,
                                a->version, i->agency);
#endif
    *party = (size_t)(p - a->parties);
    return ST_OK;
}

static enum status parse_text(const struct instrument *i, struct bytes text, struct agreement **out,
                              struct reason *why)
{
    struct reason fault = {""};
    enum status st =
        agreement_parse(i->agreement_id, (const char *)text.data, text.size, out, &fault);

    if (st == ST_OK || st == ST_NOMEM)
        return st;
    return registrar_refuse(why, "text: %s", fault.text);
}

/* What can be told without parsing. */
static enum status judge_outline(const struct registrar *r, const struct instrument *i,
                                 struct bytes text, int64_t now_ms, struct reason *why)
{
    struct digest mark = seen_proposal(&i->proposal_id);
    enum status st;

    if (text.size == 0 || text.size > AGREEMENT_FILE_MAX)
        return registrar_refuse(why, "text: missing or too long");
    struct digest hash = sha256(text.data, text.size);
    if (!digest_equal(&hash, &i->agreement_hash))
        return registrar_refuse(why, "agreement_hash: not the text's");
    if (seen_has(&r->seen, &mark))
        return registrar_refuse(why, "proposal_id: used before");
    if (i->proposal_expires_ms <= now_ms
        || i->proposal_expires_ms - now_ms > PROPOSAL_DAYS_MAX * DAY_MS)
        return registrar_refuse(why, "proposal_expires_ms: not within %d days from now",
                                PROPOSAL_DAYS_MAX);
    if (i->signed_ms > i->proposal_expires_ms)
        return registrar_refuse(why, "signed_ms: after the proposal's end");
    if ((st = judge_succession(r, i, why)) != ST_OK)
        return st;
    return judge_room(r, i, now_ms, why);
}

enum status judge_propose(const struct registrar *r, const struct instrument *i, struct bytes text,
                          int64_t now_ms, struct ruling *out, struct reason *why)
{
    struct version *before = registrar_find(r, &i->agreement_hash);
    OWNED(agreement) fresh = NULL;
    struct ruling ruling = {.version = before};
    enum status st;

    if ((before && (st = judge_again(r, before, now_ms, why)))
        || (st = judge_outline(r, i, text, now_ms, why)))
        return st;
    if (!before && r->version_count >= VERSIONS_MAX)
        return registrar_refuse(why, "%d texts are known already", VERSIONS_MAX);
    if (!before && (st = parse_text(i, text, &fresh, why)) != ST_OK)
        return st;
    const struct agreement *a = before ? before->agreement : fresh;
    if ((st = judge_text(a, i, now_ms, why)) || (st = judge_signer(a, i, &ruling.party, why)))
        return st;
    ruling.text = GIVE(fresh);
    *out = ruling;
    return ST_OK;
}

/* --- ACCEPT, REJECT, WITHDRAW --- */

static enum status judge_same(const struct version *v, const struct instrument *i,
                              struct reason *why)
{
    if (strcmp(v->agreement->id, i->agreement_id) != 0)
        return registrar_refuse(why, "agreement_id: not the proposal's");
    if (v->agreement->version != i->agreement_version)
        return registrar_refuse(why, "agreement_version: not the proposal's");
#ifndef PLANT_OTHER_PROPOSAL
    if (!id_equal(&v->proposal_id, &i->proposal_id))
        return registrar_refuse(why, "proposal_id: not the proposal's");
#endif
    if (!digest_equal(&v->predecessor_hash, &i->predecessor_hash))
        return registrar_refuse(why, "predecessor_hash: not the proposal's");
    if (v->expires_ms != i->proposal_expires_ms)
        return registrar_refuse(why, "proposal_expires_ms: not the proposal's");
    return ST_OK;
}

static bool has_signed(const struct version *v, const char *agency)
{
    for (size_t j = 0; j < v->signed_count; j++)
        if (strcmp(v->signed_by[j], agency) == 0)
            return true;
    return false;
}

static enum status judge_open(const struct registrar *r, const struct version *v, int64_t now_ms,
                              struct reason *why)
{
    if (v->fate != FATE_PROPOSED)
        return judge_again(r, v, now_ms, why);
#ifndef PLANT_LAPSED
    if (now_ms >= v->expires_ms)
        return registrar_refuse(why, "proposal_id: the proposal's time is over");
#endif
    if (now_ms >= v->agreement->until_ms)
        return registrar_refuse(why, TEXT_IS_OVER);
    if (!version_is_open(r, v, now_ms) && now_ms < v->expires_ms)
        return registrar_refuse(why, "proposal_id: what it was to replace is no longer in force");
    return ST_OK;
}

enum status judge_proposed(const struct registrar *r, const struct instrument *i, int64_t now_ms,
                           struct ruling *out, struct reason *why)
{
    struct version *v = registrar_find(r, &i->agreement_hash);
    struct ruling ruling = {.version = v};
    enum status st;

    if (!v || v->is_assumed)
        return registrar_refuse(why, "agreement_hash: no such proposal");
    if ((st = judge_same(v, i, why)) || (st = judge_open(r, v, now_ms, why)))
        return st;
    if (i->signed_ms > v->expires_ms)
        return registrar_refuse(why, "signed_ms: after the proposal's end");
    if ((st = judge_signer(v->agreement, i, &ruling.party, why)) != ST_OK)
        return st;
    if (i->act == CONCORDAT__ACT__WITHDRAW && strcmp(v->by, i->agency) != 0)
        return registrar_refuse(why, "agency: %s proposed it, and alone may withdraw it", v->by);
    if (i->act == CONCORDAT__ACT__ACCEPT && has_signed(v, i->agency))
        return ST_MORE;
    *out = ruling;
    return ST_OK;
}
