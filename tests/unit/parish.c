#include "tests/unit/unit.h"

#include "tests/unit/parish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

struct parish *parish_new(void)
{
    static const char *const agencies[] = {PARISH_COURT, PARISH_NPS};
    struct parish *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->town = town_new_bare(agencies, 2);
    p->court = governor_new(town_mint(p->town), PARISH_COURT, ".2");
    p->nps = governor_new(town_mint(p->town), PARISH_NPS, ".2");
    p->court.signing = town_signing(p->town, COURT);
    p->nps.signing = town_signing(p->town, NPS);
    p->community = town_community(p->town);
    return p;
}

void parish_free(struct parish *p)
{
    if (!p)
        return;
    town_free(p->town);
    governor_fini(&p->court);
    governor_fini(&p->nps);
    free(p);
}

struct parish_text parish_text_of(const struct parish *p, const struct governor *court,
                                  const char *id, uint32_t version,
                                  const struct digest *predecessor)
{
    static uint8_t proposals;
    struct parish_text t = {.version = version, .proposal.bytes = {1, ++proposals}};
    char hex[4][2 * DIGEST_SIZE + 1];

    hex_print(court->signing.bytes, DIGEST_SIZE, hex[0]);
    hex_print(court->pin.bytes, DIGEST_SIZE, hex[1]);
    hex_print(p->nps.signing.bytes, DIGEST_SIZE, hex[2]);
    hex_print(p->nps.pin.bytes, DIGEST_SIZE, hex[3]);
    TEXT_COPY(t.id, id);
    if (predecessor)
        t.predecessor = *predecessor;
    t.size = (size_t)snprintf(
        t.text, sizeof t.text,
        "agreement: %s\nversion: %u\ntitle: What this test sends\nin-force: 2020-01-01\n"
        "review: 2030-01-01\nexpires: 2035-01-01\nmarking:\n  floor: OFFICIAL\n"
        "  ceiling: OFFICIAL_SENSITIVE\nretention-days: 365\nonward: []\nparties:\n"
        "  - agency: %s\n    kind: COURT\n    contact: listing office\n"
        "    signing-keys: [%s]\n    governance-keys: [%s]\n"
        "  - agency: %s\n    kind: NPS\n    contact: court team\n"
        "    signing-keys: [%s]\n    governance-keys: [%s]\n"
        "clauses:\n  - id: psr-request\n    type: psr.request\n    from: COURT\n    to: NPS\n"
        "    purpose: court_advice\n    gateway: SC2020_S30_REQUEST\n"
        "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n"
        "    allowed: [DC_CONTACT_ADDRESS, DC_SENTENCE_ORDER, DC_STAFF]\n",
        id, version, court->agency, hex[0], hex[1], p->nps.agency, hex[2], hex[3]);
    assert_true(t.size < sizeof t.text);
    t.hash = sha256(t.text, t.size);
    return t;
}

static struct bytes sign(const struct parish *p, const struct governor *by,
                         const struct instrument *i, uint8_t out[static SIGNED_INSTRUMENT_MAX])
{
    struct reason why = {""};
    size_t size = 0;

    if (instrument_sign(i, by->key, (struct bytes){by->certificate, by->certificate_size},
                        &p->community, out, SIGNED_INSTRUMENT_MAX, &size, &why)
        != ST_OK)
        fail_msg("%s", why.text);
    return (struct bytes){out, size};
}

static void show(struct parish *p, struct bytes instrument, struct bytes text, unsigned to)
{
    const struct gazette_entry entry = {.sequence = ++p->sequence,
                                        .at_ms = town_now(p->town),
                                        .instrument = instrument,
                                        .text = text};

    for (size_t member = 0; member < 2; member++)
        if (to >> member & 1)
            town_entry(p->town, member, &entry);
}

struct bytes parish_sign(const struct parish *p, const struct governor *by, Concordat__Act act,
                         const struct parish_text *t, uint8_t out[static SIGNED_INSTRUMENT_MAX])
{
    struct instrument i = {.act = act,
                           .agreement_version = t->version,
                           .agreement_hash = t->hash,
                           .signed_ms = town_now(p->town)};

    TEXT_COPY(i.agency, by->agency);
    TEXT_COPY(i.agreement_id, t->id);
    if (act <= CONCORDAT__ACT__WITHDRAW) {
        i.predecessor_hash = t->predecessor;
        i.proposal_id = t->proposal;
        i.proposal_expires_ms = town_now(p->town) / TOWN_DAY_MS * TOWN_DAY_MS + 30 * TOWN_DAY_MS;
    }
    return sign(p, by, &i, out);
}

void parish_act(struct parish *p, const struct governor *by, Concordat__Act act,
                const struct parish_text *t, unsigned to)
{
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    struct bytes text = {NULL, 0};

    if (act == CONCORDAT__ACT__PROPOSE)
        text = (struct bytes){(const uint8_t *)t->text, t->size};
    show(p, parish_sign(p, by, act, t, bytes), text, to);
}

void parish_enact(struct parish *p, const struct parish_text *t, unsigned to)
{
    parish_act(p, &p->court, CONCORDAT__ACT__PROPOSE, t, to);
    parish_act(p, &p->nps, CONCORDAT__ACT__ACCEPT, t, to);
}

void parish_change_key(struct parish *p, const struct governor *by, Concordat__Act act,
                       const struct digest *signing)
{
    struct instrument i = {.act = act, .signing_key = *signing, .signed_ms = town_now(p->town)};
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];

    TEXT_COPY(i.agency, by->agency);
    show(p, sign(p, by, &i, bytes), (struct bytes){NULL, 0}, TO_BOTH);
}

struct id parish_send(struct parish *p, Concordat__Outcome expected)
{
    struct id id = id_new(town_now(p->town));
    const Concordat__Response *r =
        town_send(p->town, COURT, "psr.request", PARISH_NPS, "psr.request.json", &id);

    if (r->outcome != expected)
        fail_msg("outcome %d: %s %s", (int)r->outcome,
                 r->n_problems > 0 ? r->problems[0]->text : "", r->advice);
    return id;
}
