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

bool version_is_living(const struct registrar *r, const struct version *v, int64_t now_ms)
{
    if (v->fate == FATE_PROPOSED)
        return version_is_open(r, v, now_ms);
    return v->fate != FATE_REJECTED && v->fate != FATE_WITHDRAWN;
}

/* --- PROPOSE --- */

/* What is taken already; each registrar counts the same. */
struct taken {
    size_t of_id, of_both, of_agency; /* open */
    size_t living;                    /* texts */
};

/* O(versions). */
static struct taken count_taken(const struct registrar *r, const struct instrument *i,
                                int64_t now_ms)
{
    struct taken taken = {0};

    for (size_t j = 0; j < r->version_count; j++) {
        const struct version *v = r->versions[j];
        if (!version_is_living(r, v, now_ms))
            continue;
        taken.living++;
        if (v->fate != FATE_PROPOSED)
            continue;
        bool is_of_id = strcmp(v->agreement->id, i->agreement_id) == 0,
             is_of_agency = strcmp(v->founder, i->agency) == 0;
        taken.of_id += is_of_id;
        taken.of_agency += is_of_agency;
        taken.of_both += is_of_id && is_of_agency;
    }
    return taken;
}

static enum status judge_room(const struct registrar *r, const struct instrument *i, int64_t now_ms,
                              struct reason *why)
{
    struct taken taken = count_taken(r, i, now_ms);

    if (taken.of_id >= OPEN_PROPOSALS_MAX)
        return registrar_refuse(why, "%d proposals for %s are open already", OPEN_PROPOSALS_MAX,
                                i->agreement_id);
    if (taken.of_both >= OPEN_PROPOSALS_SHARE)
        return registrar_refuse(why, "agency: %d proposals for %s by %s are open already",
                                OPEN_PROPOSALS_SHARE, i->agreement_id, i->agency);
    if (taken.of_agency >= OPEN_PROPOSALS_EACH)
        return registrar_refuse(why, "agency: %d proposals by %s are open already",
                                OPEN_PROPOSALS_EACH, i->agency);
    if (taken.living >= VERSIONS_MAX)
        return registrar_refuse(why, "%d texts are known already", VERSIONS_MAX);
    return ST_OK;
}

/* May `founder` bring one more id into force? O(heads). */
static enum status judge_founding(const struct registrar *r, const char *founder,
                                  struct reason *why)
{
    int count = 0;

    if (r->head_count >= AGREEMENTS_MAX)
        return registrar_refuse(why, "agreement_id: %d agreements are in force already",
                                AGREEMENTS_MAX);
    for (size_t j = 0; j < r->head_count; j++)
        count += strcmp(r->heads[j]->founder, founder) == 0;
    if (count >= AGREEMENTS_EACH)
        return registrar_refuse(why, "agency: %s has founded %d agreements already", founder,
                                AGREEMENTS_EACH);
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
    enum status st;

    if (!head) {
        if ((st = judge_founding(r, i->agency, why)) != ST_OK)
            return st;
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
    if ((!before || before->is_bare) && (st = parse_text(i, text, &fresh, why)) != ST_OK)
        return st;
    const struct agreement *a = fresh ? fresh : before->agreement;
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
    if (i->act == CONCORDAT__ACT__ACCEPT && v->signed_count + 1 == v->agreement->party_count
        && !registrar_head(r, v->agreement->id) && (st = judge_founding(r, v->founder, why)))
        return st;
    *out = ruling;
    return ST_OK;
}
