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

bool registrar_signer_counts(const struct registrar *r, const struct agreement *a,
                             const char *agency, const struct digest *signing_key)
{
    const struct party *p = agreement_party(a, agency);
    bool counts = false;

    if (!p)
        return false;
    for (size_t i = 0; i < p->signing_count; i++)
        counts |= digest_equal(&p->signing[i], signing_key);
    if (a->standing == STANDING_ASSUMED)
        return true;                             /* pins are not looked at */
    for (size_t i = 0; i < r->change_count; i++) /* in order: the last one says */
        if (strcmp(r->changes[i].agency, agency) == 0
            && digest_equal(&r->changes[i].signing, signing_key)
            && party_pins_governance(p, &r->changes[i].governance))
            counts = r->changes[i].counts;
    return counts;
}

static const char *state_name(const struct registrar *r, const struct version *v, int64_t now_ms)
{
    switch (v->fate) {
    case FATE_PROPOSED:
        if (!v->counts)
            return "not ours";
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
