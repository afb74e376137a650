#include "tests/unit/law_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"
#include "proto/field.h"

#define MAP_SIZE ((size_t)64 << 20)
#define TEXT_ROOM (1024 * 1024)

/* ---- texts and instruments ---- */

struct digest law_governance(const char *agency)
{
    return sha256(agency, strlen(agency));
}

static const char *hex_of(const struct digest *digest, char out[static 2 * DIGEST_SIZE + 1])
{
    hex_print(digest->bytes, DIGEST_SIZE, out);
    return out;
}

/* `terms` are a charter's, or "". Under a charter both are police, since nothing vital goes to
 * court or probation, and a clause runs the other way too. */
struct law law_with(const char *id, uint32_t version, const char *terms, size_t size)
{
    static uint8_t proposals;
    struct law law = {
        .version = version, .text = malloc(TEXT_ROOM), .proposal.bytes = {1}, .open_from_ms = NOW};
    const struct digest court = law_governance("court.a"), nps = law_governance("nps.a");
    const struct digest signs = {{9}}, answers = {{8}};
    static const char back[] =
        "  - id: psr-back\n    type: psr.request\n    from: nps.a\n    to: court.a\n"
        "    purpose: court_advice\n    gateway: VITAL_INTEREST\n"
        "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n";
    const bool vital = terms[0] != '\0';
    char hex[4][2 * DIGEST_SIZE + 1];

    assert_non_null(law.text);
    law.proposal.bytes[1] = ++proposals;
    (void)snprintf(law.id, sizeof law.id, "%s", id);
    law.size = (size_t)snprintf(
        law.text, TEXT_ROOM,
        "agreement: %s\nversion: %u\ntitle: What this test sends\nin-force: 2020-01-01\n"
        "review: 2030-01-01\nexpires: 2035-01-01\nmarking:\n  floor: OFFICIAL\n"
        "  ceiling: OFFICIAL_SENSITIVE\nretention-days: 365\nonward: []\n%sparties:\n"
        "  - agency: court.a\n    kind: %s\n    contact: listing office\n"
        "    signing-keys:\n      - %s\n    governance-keys:\n      - %s\n"
        "  - agency: nps.a\n    kind: %s\n    contact: court team\n"
        "    signing-keys:\n      - %s\n    governance-keys:\n      - %s\n"
        "clauses:\n  - id: psr-request\n    type: psr.request\n    from: court.a\n    to: nps.a\n"
        "    purpose: court_advice\n    gateway: %s\n"
        "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n    allowed: [DC_STAFF]\n%s",
        id, version, terms, vital ? "POLICE" : "COURT", hex_of(&signs, hex[0]),
        hex_of(&court, hex[1]), vital ? "POLICE" : "NPS", hex_of(&answers, hex[2]),
        hex_of(&nps, hex[3]), vital ? "VITAL_INTEREST" : "SC2020_S30_REQUEST", vital ? back : "");
    while (law.size < size) { /* comments count for size alone */
        memcpy(law.text + law.size, "# a long line that says nothing at all\n", 39);
        law.size += 39;
    }
    law.hash = sha256(law.text, law.size);
    return law;
}

struct law law_of(const char *id, uint32_t version, size_t size)
{
    return law_with(id, version, "", size);
}

struct instrument law_instrument(const struct law *law, Concordat__Act act, const char *agency)
{
    static int64_t hundredths;
    struct instrument instrument = {.act = act,
                                    .agreement_version = law->version,
                                    .agreement_hash = law->hash,
                                    .signed_ms = NOW + 10 * ++hundredths};

    strcpy(instrument.agency, agency);
    strcpy(instrument.agreement_id, law->id);
    if (act <= CONCORDAT__ACT__WITHDRAW) {
        instrument.predecessor_hash = law->predecessor;
        instrument.proposal_id = law->proposal;
        instrument.proposal_expires_ms = law->open_from_ms + 20 * DAY;
    }
    return instrument;
}

/* A SignedInstrument, and the digest of what is in it. */
size_t law_signed(const struct instrument *instrument, uint8_t out[static SIGNED_INSTRUMENT_MAX],
                  struct digest *digest)
{
    static const uint8_t certificate[] = "a governance certificate",
                         signature[SIGNATURE_SIZE] = {1};
    uint8_t bytes[INSTRUMENT_MAX];
    struct writer w = writer_of(out, SIGNED_INSTRUMENT_MAX);
    size_t size;

    assert_int_equal(instrument_write(instrument, bytes, sizeof bytes, &size), ST_OK);
    field_bytes(&w, 1, bytes, size);
    field_bytes(&w, 2, certificate, sizeof certificate);
    field_bytes(&w, 3, signature, sizeof signature);
    *digest = sha256(bytes, size);
    return w.size;
}

/* As the session gives it: verified. Nobody looks at the signature after that. */
void law_bring(struct desk *d, session_id session, uint32_t member,
               const struct instrument *instrument, struct bytes text)
{
    uint8_t signed_bytes[SIGNED_INSTRUMENT_MAX];
    struct digest digest;
    size_t size = law_signed(instrument, signed_bytes, &digest);
    struct command_gazette *given =
        turn_command(&d->turn, COMMAND_GAZETTE, session, sizeof *given + size + text.size);

    given->head.member = member;
    given->head.charge = 5;
    given->request = 3;
    given->instrument = *instrument;
    given->instrument.key =
        law_governance(instrument->officer[0] ? instrument->officer : instrument->agency);
    given->instrument.digest = digest;
    given->signed_size = (uint32_t)size;
    given->text_size = (uint32_t)text.size;
    memcpy(given->bytes, signed_bytes, size);
    if (text.size > 0)
        memcpy(given->bytes + size, text.data, text.size);
}

void law_act(struct desk *d, const struct law *law, Concordat__Act what, const char *agency)
{
    const struct instrument instrument = law_instrument(law, what, agency);
    const bool proposes = what == CONCORDAT__ACT__PROPOSE;

    law_bring(d, COURT, d->court, &instrument,
              (struct bytes){(const uint8_t *)law->text, proposes ? law->size : 0});
}

/* The sequence that the verdict names; 0: refused. */
uint64_t law_verdict(const struct desk *d)
{
    const struct effect_verdict *effect = desk_effect(d, EFFECT_VERDICT, COURT, 0);

    assert_int_equal(effect->request, 3);
    assert_int_equal(effect->head.charge, 5);
    assert_int_equal(effect->head.released, 1);
    assert_int_equal(effect->sequence == 0, effect->why[0] != '\0');
    return effect->sequence;
}

uint64_t law_published(struct desk *d, const struct law *law, Concordat__Act what,
                       const char *agency)
{
    law_act(d, law, what, agency);
    desk_run(d);
    uint64_t sequence = law_verdict(d);
    if (sequence == 0)
        fail_msg("%s",
                 ((const struct effect_verdict *)desk_effect(d, EFFECT_VERDICT, COURT, 0))->why);
    assert_int_equal(desk_event(d, EVENT_GAZETTE, 0)->sequence, sequence);
    return sequence;
}

uint64_t law_brought(struct desk *d, const struct instrument *instrument, const struct law *law)
{
    const bool proposes = instrument->act == CONCORDAT__ACT__PROPOSE;

    law_bring(d, COURT, d->court, instrument,
              (struct bytes){(const uint8_t *)law->text, proposes ? law->size : 0});
    desk_run(d);
    return law_verdict(d);
}

void law_refused(struct desk *d, const struct law *law, Concordat__Act what, const char *agency)
{
    law_act(d, law, what, agency);
    desk_run(d);
    assert_int_equal(law_verdict(d), 0);
    assert_int_equal(d->event_count, 0);
}

struct desk *law_desk(void)
{
    struct desk *d = desk_empty();

    d->court = desk_hello(d, COURT, "court.a", 1000);
    d->nps = desk_hello(d, NPS, "nps.a", 100);
    desk_publish_key(d);
    return d;
}

/* In force, signed by both. */
void law_put_in_force(struct desk *d, const struct law *law)
{
    (void)law_published(d, law, CONCORDAT__ACT__PROPOSE, "court.a");
    (void)law_published(d, law, CONCORDAT__ACT__ACCEPT, "nps.a");
    d->agreement_hash = law->hash;
}

Concordat__RefusalCode law_refusal_of(struct desk *d, uint32_t n)
{
    struct envelope e = desk_envelope(d, n);

    desk_submit(d, &e);
    desk_run(d);
    const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
    return refusal->refusal.code;
}

struct notice law_notice(const struct event *event)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    struct notice notice = {0};

    assert_int_equal(notice_read(event->notice, arena, &notice, NULL), ST_OK);
    return notice;
}

/* ---- stores ---- */

struct scratch_store scratch_store_open(void)
{
    struct scratch_store s = {.state = NULL};
    struct reason why = {""};

    scratch_make(s.folder);
    if (state_open(s.folder, MAP_SIZE, &s.state, &why) != ST_OK)
        fail_msg("%s", why.text);
    return s;
}

void scratch_store_close(struct scratch_store *s)
{
    state_close(s->state);
    scratch_remove(s->folder);
}
