/* registrar_ask.c - what registrar.h answers about versions and keys. */
#include <string.h>

#include "agreements/registrar_inside.h"

struct agreement_set *registrar_set(const struct registrar *r)
{
    return r->set;
}

const struct agreement *registrar_version(const struct registrar *r, const struct digest *hash)
{
    const struct version *v = registrar_find(r, hash);

    return v ? v->agreement : NULL;
}

const struct key_word *registrar_last_word(const struct registrar *r, const struct party *p,
                                           const struct digest *signing_key, int64_t at_ms)
{
    const struct key_word *last = NULL;

    for (size_t i = 0; i < p->governance_count; i++) {
        const struct key_name name = {p->agency, &p->governance[i], signing_key};
        const struct key_word *word = key_changes_find(&r->changes, &name, at_ms);
        if (word && (!last || word->place > last->place))
            last = word;
    }
    return last;
}

int64_t registrar_superseded_ms(const struct registrar *r, const struct digest *hash)
{
    const struct version *v = registrar_find(r, hash);

    return v ? v->superseded_ms : 0;
}

bool registrar_signer_counts(const struct registrar *r, const struct agreement *a,
                             const char *agency, const struct digest *signing_key, int64_t at_ms)
{
    const struct party *p = agreement_party(a, agency);

    if (!p)
        return false;
    if (a->standing == STANDING_ASSUMED)
        return true; /* pins are not looked at */
    const struct key_word *last = registrar_last_word(r, p, signing_key, at_ms);
    if (last)
        return last->counts;
    for (size_t i = 0; i < p->signing_count; i++)
        if (digest_equal(&p->signing[i], signing_key))
            return true;
    return false;
}

static const char *state_name(const struct registrar *r, const struct version *v, int64_t now_ms)
{
    if (!v->counts && v->fate <= FATE_SUPERSEDED)
        return "not ours";
    switch (v->fate) {
    case FATE_PROPOSED:
        return version_is_open(r, v, now_ms) ? "proposed" : "lapsed";
    case FATE_IN_FORCE:
        return agreement_state_name(agreement_state_at(v->agreement, now_ms));
    case FATE_SUPERSEDED:
        return v->agreement->standing == STANDING_SUSPENDED ? "superseded, suspended"
                                                            : "superseded";
    case FATE_REVOKED:
        return "revoked";
    case FATE_REJECTED:
        return "rejected";
    case FATE_WITHDRAWN:
        break;
    }
    return "withdrawn";
}

void registrar_each(const struct registrar *r, int64_t now_ms,
                    bool (*visit)(void *context, const struct registrar_row *row), void *context)
{
    for (size_t i = 0; i < r->version_count; i++) {
        const struct version *v = r->versions[i];
        const struct registrar_row row = {
            .agreement = v->agreement,
            .state = state_name(r, v, now_ms > r->now_ms ? now_ms : r->now_ms),
            .proposal_id = v->proposal_id,
            .predecessor_hash = v->predecessor_hash,
            .proposal_expires_ms = v->expires_ms,
            .since_ms = v->since_ms,
            .by = v->by,
            .signed_count = v->signed_count,
            .signed_by = v->signed_by,
        };
        if (!visit(context, &row))
            return;
    }
}
