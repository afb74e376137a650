#include "agents/cli/enact.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/cli/pin.h"
#include "agents/cli/place.h"
#include "agents/cli/show.h"
#include "agents/cli/trust.h"
#include "lib/clock.h"
#include "lib/sign.h"
#include "lib/text.h"

#define POLL_NS 20000000 /* between two questions of an agent that has not heard yet */

/* --- pinning and signing --- */

/* What all parties' instruments share. */
struct signing {
    const char *pki;
    const struct digest *community;
    struct instrument terms;
};

/* One party's instrument. */
static enum status sign_one(const struct signing *s, const char *agency, Concordat__Act act,
                            struct enact_item *out, struct reason *why)
{
    struct instrument instrument = s->terms;
    char certificate[PATH_MAX], key_path[PATH_MAX];
    struct identity identity;
    struct bytes der;
    EVP_PKEY *key;

    if (!path_print(certificate, "%s/agencies/%s/governance.pem", s->pki, agency)
        || !path_print(key_path, "%s/agencies/%s/governance.key", s->pki, agency)) {
        reason_set(why, "%s: path too long", s->pki);
        return ST_INVALID;
    }
    enum status status = sign_key_load(key_path, &key, why);
    if (status != ST_OK)
        return status;
    status = certificate_load(certificate, USE_GOVERNANCE, &der, &identity, why);
    if (status == ST_OK) {
        instrument.act = act;
        TEXT_COPY(instrument.agency, agency);
        status = instrument_sign(&instrument, key, der, s->community, out->bytes, sizeof out->bytes,
                                 &out->size, why);
        OPENSSL_free((void *)(uintptr_t)der.data);
    }
    EVP_PKEY_free(key);
    return status;
}

/* Index of the party that proposes. */
static size_t proposer(const struct agreement *a, const struct agreement *predecessor)
{
    size_t first = a->party_count;

    for (size_t i = 0; i < a->party_count; i++) {
        const char *agency = a->parties[i].agency;
        if (predecessor && !agreement_party(predecessor, agency))
            continue;
        if (strcmp(agency, a->owner) == 0)
            return i;
        if (first == a->party_count)
            first = i;
    }
    return first;
}

static enum status sign_all(const struct signing *s, struct enactment *e, size_t first,
                            struct reason *why)
{
    const struct party *parties = e->agreement->parties;
    enum status status =
        sign_one(s, parties[first].agency, CONCORDAT__ACT__PROPOSE, &e->items[0], why);

    e->count = 1;
    for (size_t i = 0; status == ST_OK && i < e->agreement->party_count; i++) {
        if (i != first)
            status =
                sign_one(s, parties[i].agency, CONCORDAT__ACT__ACCEPT, &e->items[e->count++], why);
    }
    return status;
}

static enum status read_community(const char *pki, struct digest *out, struct reason *why)
{
    struct authorities authorities = {0};
    char path[PATH_MAX];
    X509_STORE *store = X509_STORE_new();
    enum status status = ST_NOMEM;

    if (!path_print(path, "%s/trust.pem", pki)) {
        reason_set(why, "%s: path too long", pki);
        status = ST_INVALID;
    } else if (store) {
        status = authorities_load(&authorities, path, NULL, store, why);
    }
    if (status == ST_OK)
        memcpy(out->bytes, authorities.community, DIGEST_SIZE);
    authorities_fini(&authorities);
    X509_STORE_free(store);
    return status;
}

static enum status pin_draft(const char *pki, const struct agreement *draft, struct agreement **out,
                             struct reason *why)
{
    OWNED(agreement) copy = NULL;
    enum status status = agreement_parse(draft->name, draft->text, strlen(draft->text), &copy, why);

    if (status == ST_OK)
        status = pin_parties(NULL, copy, pki, why);
    return status == ST_OK ? pin_reprint(copy, out, why) : status;
}

enum status enactment_sign(const char *pki, const struct agreement *draft,
                           const struct agreement *predecessor, int64_t now_ms,
                           struct enactment **out, struct reason *why)
{
    OWNED(enactment) e = calloc(1, sizeof *e);
    struct digest community;
    struct signing s = {.pki = pki, .community = &community};
    enum status status = e ? read_community(pki, &community, why) : ST_NOMEM;

    if (status == ST_OK)
        status = pin_draft(pki, draft, &e->agreement, why);
    if (status != ST_OK)
        return status;
    e->items = calloc(e->agreement->party_count, sizeof *e->items);
    if (!e->items)
        return ST_NOMEM;
    size_t first = proposer(e->agreement, predecessor);
    if (first == e->agreement->party_count) {
        reason_set(why, "%s: none of its parties is party of version %u, in force", draft->name,
                   predecessor->version);
        return ST_INVALID;
    }
    s.terms.signed_ms = now_ms;
    s.terms.proposal_expires_ms = now_ms + ENACT_PROPOSAL_MS;
    s.terms.proposal_id = id_random();
    s.terms.agreement_version = e->agreement->version;
    s.terms.agreement_hash = e->agreement->hash;
    TEXT_COPY(s.terms.agreement_id, e->agreement->id);
    if (predecessor)
        s.terms.predecessor_hash = predecessor->hash;
    status = sign_all(&s, e, first, why);
    if (status == ST_OK)
        *out = GIVE(e);
    return status;
}

void enactment_free(struct enactment *enactment)
{
    if (!enactment)
        return;
    agreement_free(enactment->agreement);
    free(enactment->items);
    free(enactment);
}

/* --- publishing --- */

/* What the agent answered, when that was not what was wanted. */
static enum status trouble(const struct concordat_answer *answer, const char *about,
                           struct reason *why)
{
    if (answer->problem_count > 0)
        reason_set(why, "%s: %s: %s", about, answer->problems[0].where, answer->problems[0].text);
    else
        reason_set(why, "%s: the agent does not say why not", about);
    return answer->outcome == CONCORDAT_FAILED ? ST_IO : ST_INVALID;
}

enum status enactment_publish(const struct enactment *enactment, size_t count,
                              struct concordat *agent, struct reason *why)
{
    for (size_t i = 0; i < count; i++) {
        const struct enact_item *item = &enactment->items[i];
        OWNED_ANSWER answer = concordat_publish(agent, item->bytes, item->size,
                                                i == 0 ? enactment->agreement->text : NULL);

        if (answer->outcome != CONCORDAT_DONE)
            return trouble(answer, enactment->agreement->id, why);
    }
    return ST_OK;
}

/* --- what is in force --- */

static enum status print_bare(const struct agreement *agreement, struct agreement **out,
                              struct reason *why)
{
    OWNED(agreement) copy = NULL;
    enum status status =
        agreement_parse(agreement->name, agreement->text, strlen(agreement->text), &copy, why);

    if (status != ST_OK)
        return status;
    for (size_t i = 0; i < copy->party_count; i++)
        copy->parties[i].signing_count = copy->parties[i].governance_count = 0;
    return pin_reprint(copy, out, why);
}

enum status enact_compare(const struct agreement *a, const struct agreement *b, bool *equal,
                          struct reason *why)
{
    OWNED(agreement) x = NULL;
    OWNED(agreement) y = NULL;
    enum status status = print_bare(a, &x, why);

    if (status == ST_OK)
        status = print_bare(b, &y, why);
    if (status == ST_OK)
        *equal = digest_equal(&x->hash, &y->hash);
    return status;
}

/* In force, whatever its dates say: what a proposal must name as its predecessor. */
static bool stands(const struct concordat_agreement *a)
{
    static const char *const states[] = {"active", "not yet in force", "expired", "suspended"};

    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcmp(a->state, states[i]) == 0)
            return true;
    }
    return false;
}

static const struct concordat_agreement *find(const struct concordat_answer *answer, const char *id)
{
    for (size_t i = 0; i < answer->agreement_count; i++) {
        if (strcmp(answer->agreements[i].id, id) == 0 && stands(&answer->agreements[i]))
            return &answer->agreements[i];
    }
    return NULL;
}

/* *out stays NULL when there is none. */
static enum status find_in_force(struct concordat *agent, const char *id, struct agreement **out,
                                 struct reason *why)
{
    OWNED_ANSWER list = concordat_agreements(agent, NULL);

    if (list->outcome != CONCORDAT_DONE)
        return trouble(list, id, why);
    if (!find(list, id))
        return ST_OK;
    OWNED_ANSWER one = concordat_agreements(agent, id);
    if (one->outcome != CONCORDAT_DONE)
        return trouble(one, id, why);
    const struct concordat_agreement *found = find(one, id);
    return found ? agreement_parse(id, found->text, strlen(found->text), out, why) : ST_OK;
}

enum status enact(const char *pki, const struct agreement *draft, struct concordat *agent,
                  struct enacted *out, struct reason *why)
{
    OWNED(agreement) head = NULL;
    OWNED(enactment) enactment = NULL;
    bool equal = false;
    enum status status = find_in_force(agent, draft->id, &head, why);

    if (status == ST_OK && head)
        status = enact_compare(draft, head, &equal, why);
    if (status != ST_OK)
        return status;
    if (equal) {
        *out = (struct enacted){.hash = head->hash, .before = true};
        return ST_OK;
    }
    if (head && draft->version <= head->version) {
        reason_set(why,
                   "%s: version %u of %s is in force with other content; give this a higher "
                   "version than %u",
                   draft->name, head->version, draft->id, draft->version);
        return ST_INVALID;
    }
    status = enactment_sign(pki, draft, head, clock_wall_ms(), &enactment, why);
    if (status == ST_OK)
        status = enactment_publish(enactment, enactment->count, agent, why);
    if (status == ST_OK)
        *out = (struct enacted){.hash = enactment->agreement->hash};
    return status;
}

static bool has_in_force(const struct concordat_answer *answer, const char *id,
                         const struct digest *hash)
{
    const struct concordat_agreement *found = find(answer, id);

    return found && memcmp(found->hash, hash->bytes, DIGEST_SIZE) == 0;
}

enum status enact_await(struct concordat *agent, const char *id, const struct digest *hash,
                        int64_t wait_ms, struct reason *why)
{
    int64_t end_ms = clock_monotonic_ms() + wait_ms;

    for (;;) {
        OWNED_ANSWER answer = concordat_agreements(agent, NULL);

        if (answer->outcome != CONCORDAT_DONE)
            return trouble(answer, id, why);
        if (has_in_force(answer, id, hash))
            return ST_OK;
        if (clock_monotonic_ms() >= end_ms) {
            reason_set(why,
                       "%s: every party has signed, but the agent does not count it as in "
                       "force; do its keys stand in the text?",
                       id);
            return ST_LIMIT;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
}
