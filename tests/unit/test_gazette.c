/* What parties sign is published once, in order, for ever; it enforces, and everybody sees it
 * before what it decides. */
#include "tests/unit/exchange_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/instrument.h"
#include "lib/bytes.h"
#include "proto/field.h"
#include "proto/notice.h"
#include "tests/unit/samples.h"

#define MAP_SIZE ((size_t)64 << 20)
#define TEXT_ROOM (1024 * 1024)

/* ---- texts and instruments ---- */

static struct digest governance_of(const char *agency)
{
    return sha256(agency, strlen(agency));
}

static const char *hex_of(const struct digest *digest, char out[static 2 * DIGEST_SIZE + 1])
{
    hex_print(digest->bytes, DIGEST_SIZE, out);
    return out;
}

/* An agreement of the court and the probation office, of about `size` bytes at least. */
struct law {
    char id[32];
    uint32_t version;
    char *text; /* owned */
    size_t size;
    struct digest hash, predecessor;
    struct id proposal;
    int64_t open_from_ms; /* when it is proposed */
};

/* `terms` are a charter's, or "". Under a charter both are police, since nothing vital goes to
 * court or probation, and a clause runs the other way too. */
static struct law law_with(const char *id, uint32_t version, const char *terms, size_t size)
{
    static uint8_t proposals;
    struct law law = {
        .version = version, .text = malloc(TEXT_ROOM), .proposal.bytes = {1}, .open_from_ms = NOW};
    const struct digest court = governance_of("court.a"), nps = governance_of("nps.a");
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

static struct law law_of(const char *id, uint32_t version, size_t size)
{
    return law_with(id, version, "", size);
}

static struct instrument instrument_of(const struct law *law, Concordat__Act act,
                                       const char *agency)
{
    static int64_t seconds;
    struct instrument instrument = {.act = act,
                                    .agreement_version = law->version,
                                    .agreement_hash = law->hash,
                                    .signed_ms = NOW + 1000 * ++seconds};

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
static size_t signed_bytes_of(const struct instrument *instrument,
                              uint8_t out[static SIGNED_INSTRUMENT_MAX], struct digest *digest)
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
static void bring(struct desk *d, session_id session, uint32_t member,
                  const struct instrument *instrument, struct bytes text)
{
    uint8_t signed_bytes[SIGNED_INSTRUMENT_MAX];
    struct digest digest;
    size_t size = signed_bytes_of(instrument, signed_bytes, &digest);
    struct command_gazette *given =
        turn_command(&d->turn, COMMAND_GAZETTE, session, sizeof *given + size + text.size);

    given->head.member = member;
    given->head.charge = 5;
    given->request = 3;
    given->instrument = *instrument;
    given->instrument.key = instrument->officer[0] ? governance_of(instrument->officer)
                                                   : governance_of(instrument->agency);
    given->instrument.digest = digest;
    given->signed_size = (uint32_t)size;
    given->text_size = (uint32_t)text.size;
    memcpy(given->bytes, signed_bytes, size);
    if (text.size > 0)
        memcpy(given->bytes + size, text.data, text.size);
}

static void act(struct desk *d, const struct law *law, Concordat__Act what, const char *agency)
{
    const struct instrument instrument = instrument_of(law, what, agency);
    const bool proposes = what == CONCORDAT__ACT__PROPOSE;

    bring(d, COURT, d->court, &instrument,
          (struct bytes){(const uint8_t *)law->text, proposes ? law->size : 0});
}

/* The sequence that the verdict names; 0: refused. */
static uint64_t verdict(const struct desk *d)
{
    const struct effect_verdict *effect = desk_effect(d, EFFECT_VERDICT, COURT, 0);

    assert_int_equal(effect->request, 3);
    assert_int_equal(effect->head.charge, 5);
    assert_int_equal(effect->head.released, 1);
    assert_int_equal(effect->sequence == 0, effect->why[0] != '\0');
    return effect->sequence;
}

static uint64_t published(struct desk *d, const struct law *law, Concordat__Act what,
                          const char *agency)
{
    act(d, law, what, agency);
    desk_run(d);
    uint64_t sequence = verdict(d);
    if (sequence == 0)
        fail_msg("%s",
                 ((const struct effect_verdict *)desk_effect(d, EFFECT_VERDICT, COURT, 0))->why);
    assert_int_equal(desk_event(d, EVENT_GAZETTE, 0)->sequence, sequence);
    return sequence;
}

static void refused(struct desk *d, const struct law *law, Concordat__Act what, const char *agency)
{
    act(d, law, what, agency);
    desk_run(d);
    assert_int_equal(verdict(d), 0);
    assert_int_equal(d->event_count, 0);
}

static struct desk *open_desk(void)
{
    struct desk *d = desk_empty();

    d->court = desk_hello(d, COURT, "court.a", 1000);
    d->nps = desk_hello(d, NPS, "nps.a", 100);
    desk_publish_key(d);
    return d;
}

/* In force, signed by both. */
static void put_in_force(struct desk *d, const struct law *law)
{
    (void)published(d, law, CONCORDAT__ACT__PROPOSE, "court.a");
    (void)published(d, law, CONCORDAT__ACT__ACCEPT, "nps.a");
    d->agreement_hash = law->hash;
}

static Concordat__RefusalCode refusal_of(struct desk *d, uint32_t n)
{
    struct envelope e = desk_envelope(d, n);

    desk_submit(d, &e);
    desk_run(d);
    const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
    return refusal->refusal.code;
}

/* ---- publishing ---- */

static void an_agreement_enforces_once_every_party_has_signed(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    d->agreement_hash = law.hash;
    assert_int_equal(refusal_of(d, 1), CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    (void)published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    assert_int_equal(refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    (void)published(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");
    (void)desk_accept(d, 3);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1);
    free(law.text);
}

static void a_key_that_is_not_pinned_signs_nothing(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    put_in_force(d, &law);
    d->signing_key.bytes[0] = 10;
    assert_int_equal(refusal_of(d, 1), CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED);
    free(law.text);
}

static void the_same_again_gets_the_first_verdict(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    const struct instrument proposal = instrument_of(&law, CONCORDAT__ACT__PROPOSE, "court.a");
    const struct bytes text = {(const uint8_t *)law.text, law.size};
    uint64_t first = 0;

    for (int i = 0; i < 3; i++) {
        bring(d, COURT, d->court, &proposal, text);
        if (i == 0)
            bring(d, COURT, d->court, &proposal, text); /* in one batch */
        desk_run(d);
        assert_int_equal(desk_events(d, EVENT_GAZETTE), i == 0);
        first = first ? first : verdict(d);
        assert_int_equal(verdict(d), first);
    }
    assert_int_equal(exchange_counts(d->x)->published, 1);
    free(law.text);
}

static void what_cannot_be_is_refused_and_leaves_no_trace(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0), other = law_of("ISA-OTHER", 1, 0);

    refused(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");  /* of no proposal */
    refused(d, &law, CONCORDAT__ACT__REVOKE, "nps.a");  /* of nothing in force */
    refused(d, &law, CONCORDAT__ACT__PROPOSE, "csc.a"); /* by no party */
    other.hash.bytes[0] ^= 1;
    refused(d, &other, CONCORDAT__ACT__PROPOSE, "court.a"); /* of another text */
    assert_int_equal(exchange_counts(d->x)->instruments_refused, 4);
    free(law.text);
    free(other.text);
}

static uint64_t brought(struct desk *d, const struct instrument *instrument, const struct law *law)
{
    const bool proposes = instrument->act == CONCORDAT__ACT__PROPOSE;

    bring(d, COURT, d->court, instrument,
          (struct bytes){(const uint8_t *)law->text, proposes ? law->size : 0});
    desk_run(d);
    return verdict(d);
}

/* The entry's time decides, which is the broker's: a date of one's own gains nothing. */
static void nobody_dates_an_act_ahead_or_back(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    struct instrument proposal = instrument_of(&law, CONCORDAT__ACT__PROPOSE, "court.a");
    struct instrument acceptance = instrument_of(&law, CONCORDAT__ACT__ACCEPT, "nps.a");

    proposal.signed_ms = d->now_ms + 5 * 60000 + 1;
    assert_int_equal(brought(d, &proposal, &law), 0);
    proposal.signed_ms--;
    assert_true(brought(d, &proposal, &law) > 0);
    d->agreement_hash = law.hash;
    assert_int_equal(refusal_of(d, 1), CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    acceptance.signed_ms = NOW - 1000 * DAY;
    assert_true(brought(d, &acceptance, &law) > 0);
    assert_int_equal(desk_event(d, EVENT_GAZETTE, 0)->at_ms, d->now_ms);
    struct envelope e = desk_envelope(d, 1); /* refused before, it stays refused */
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_REFUSAL, COURT), 1);
    (void)desk_accept(d, 2);
    free(law.text);
}

static void what_comes_after_the_proposal_ended_is_late_whatever_its_date(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    const struct instrument acceptance = instrument_of(&law, CONCORDAT__ACT__ACCEPT, "nps.a");

    (void)published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    d->now_ms = NOW + 20 * DAY;
    desk_run(d);
    assert_int_equal(brought(d, &acceptance, &law), 0);
    d->now_ms = NOW; /* and a clock set back brings no time back */
    assert_int_equal(brought(d, &acceptance, &law), 0);
    free(law.text);
}

/* Half a text is another text, whatever it says. */
static void a_text_cut_at_any_byte_is_refused(void **)
{
    struct law law = law_of("ISA-TEST", 1, 0), cut = law_of("ISA-CUTS", 1, 0);
    const struct instrument proposal = instrument_of(&cut, CONCORDAT__ACT__PROPOSE, "court.a");
    struct desk *d = NULL;

    for (size_t size = 1; size <= cut.size; size++) {
        if (!d) {
            d = open_desk();
            put_in_force(d, &law);
        }
        bring(d, COURT, d->court, &proposal, (struct bytes){(const uint8_t *)cut.text, size});
        desk_run(d);
        assert_int_equal(verdict(d) > 0, size == cut.size);
        assert_int_equal(d->event_count, size == cut.size);
        if (size % 256 != 0 && size != cut.size)
            continue;
        (void)desk_accept(d, 1); /* what was in force is */
        desk_free(d);            /* it keeps all buffers */
        d = NULL;
    }
    free(law.text);
    free(cut.text);
}

static void a_full_store_publishes_nothing(void **)
{
    OWNED(desk) d = open_desk();
    struct law first = law_of("ISA-TEST", 1, 0), second = law_of("ISA-TEST", 2, 0);
    struct exchange_alarm alarm;

    second.predecessor = first.hash;
    put_in_force(d, &first);
    (void)published(d, &second, CONCORDAT__ACT__PROPOSE, "court.a");
    exchange_set_full(d->x, true);
    refused(d, &second, CONCORDAT__ACT__ACCEPT, "nps.a");
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0);
    assert_true(exchange_next_alarm(d->x, &alarm));
    assert_int_equal(alarm.kind, ALARM_GAZETTE_FULL);
    assert_string_equal(alarm.agency, "court.a");
    exchange_set_full(d->x, false);
    (void)desk_accept(d, 1); /* the version before is in force, and this one is as it was */
    (void)published(d, &second, CONCORDAT__ACT__ACCEPT, "nps.a");
    assert_int_equal(refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE);
    free(first.text);
    free(second.text);
}

/* What is in flight must not flow on because a disk is small. */
static void who_stops_sharing_is_heard_by_a_full_store_too(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    put_in_force(d, &law);
    exchange_set_full(d->x, true);
    (void)published(d, &law, CONCORDAT__ACT__SUSPEND, "court.a");
    refused(d, &law, CONCORDAT__ACT__SUSPEND, "nps.a"); /* which would change nothing now */
    refused(d, &law, CONCORDAT__ACT__RESUME, "court.a");
    (void)published(d, &law, CONCORDAT__ACT__REVOKE, "nps.a");
    refused(d, &law, CONCORDAT__ACT__REVOKE, "court.a");
    free(law.text);
}

static void proposals_are_so_many_a_day(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = {.text = NULL};

    for (uint32_t n = 0; n <= PROPOSALS_A_DAY; n++) {
        char id[32];
        (void)snprintf(id, sizeof id, "ISA-%u", n);
        free(law.text);
        law = law_of(id, 1, 0);
        if (n == PROPOSALS_A_DAY)
            break;
        (void)published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
        (void)published(d, &law, CONCORDAT__ACT__WITHDRAW, "court.a"); /* it is not open, either */
    }
    refused(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    d->now_ms += DAY;
    act(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    desk_run(d);
    assert_true(verdict(d) > 0);
    free(law.text);
}

/* ---- enforcing ---- */

static void revoked_and_suspended_it_permits_nothing_and_hands_nothing_over(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    put_in_force(d, &law);
    desk_gone(d, NPS, d->nps, false);
    uint64_t kept = desk_accept(d, 1);
    (void)published(d, &law, CONCORDAT__ACT__SUSPEND, "nps.a");
    assert_int_equal(refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED);
    (void)published(d, &law, CONCORDAT__ACT__RESUME, "nps.a");
    (void)desk_hello(d, NPS, "nps.a", 100);
    const struct effect_item *item = desk_effect(d, EFFECT_DELIVER, NPS, 0);
    assert_int_equal(item->sequence, kept);
    desk_gone(d, NPS, d->nps, false);
    (void)desk_accept(d, 3);
    (void)published(d, &law, CONCORDAT__ACT__REVOKE, "court.a");
    (void)desk_hello(d, NPS, "nps.a", 100);
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_WITHHELD), 2);
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->code,
                     CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
    assert_int_equal(refusal_of(d, 4), CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
    free(law.text);
}

/* Whose turn came while it was suspended is withheld for good: it is not kept for a day that may
 * never come. Its sender hears it, and may send anew. */
static void what_a_suspension_withholds_no_resumption_brings_back(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    struct command_credit *credit;

    put_in_force(d, &law);
    d->nps = desk_hello(d, NPS, "nps.a", 0);
    uint64_t message = desk_accept(d, 1);
    (void)published(d, &law, CONCORDAT__ACT__SUSPEND, "nps.a");
    credit = turn_command(&d->turn, COMMAND_CREDIT, NPS, sizeof *credit);
    credit->head.member = d->nps;
    credit->credit = 10;
    credit->credit_size = 1 << 20;
    desk_run(d); /* its turn */
    (void)published(d, &law, CONCORDAT__ACT__RESUME, "nps.a");
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->message_sequence, message);
    assert_int_equal(desk_event(d, EVENT_WITHHELD, 0)->code,
                     CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 1);
    d->nps = desk_hello(d, NPS, "nps.a", 10);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
    (void)desk_accept(d, 2);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1);
    free(law.text);
}

static void a_new_version_is_needed_by_what_is_new_and_by_nothing_else(void **)
{
    OWNED(desk) d = open_desk();
    struct law first = law_of("ISA-TEST", 1, 0), second = law_of("ISA-TEST", 2, 0);

    second.predecessor = first.hash;
    put_in_force(d, &first);
    desk_gone(d, NPS, d->nps, false);
    (void)desk_accept(d, 1);
    (void)published(d, &second, CONCORDAT__ACT__PROPOSE, "nps.a");
    (void)desk_accept(d, 2); /* proposed is not in force */
    (void)published(d, &second, CONCORDAT__ACT__ACCEPT, "court.a");
    assert_int_equal(refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE);
    (void)desk_hello(d, NPS, "nps.a", 100);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 2);
    free(first.text);
    free(second.text);
}

/* ---- following ---- */

static uint64_t entry(const struct desk *d, session_id session, size_t n)
{
    const struct effect_item *item = desk_effect(d, EFFECT_GAZETTE, session, n);
    struct reader r = reader_of(item->record, item->record_size);
    struct event event;

    assert_int_equal(event_read(&r, &event), ST_OK);
    assert_int_equal(event.kind, EVENT_GAZETTE);
    assert_int_equal(event.sequence, item->sequence);
    return item->sequence;
}

static void a_follower_gets_what_it_lacks_and_what_comes(void **)
{
    OWNED(desk) d = desk_empty();
    struct law law = law_of("ISA-TEST", 1, 0);
    d->court = desk_greet(d, COURT, "court.a", 1000);
    d->nps = desk_greet(d, NPS, "nps.a", 100);
    uint64_t proposal = published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    uint64_t acceptance = published(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");

    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0); /* it has not asked */
    desk_follow(d, NPS, d->nps, 0);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 2);
    assert_int_equal(entry(d, NPS, 0), proposal);
    assert_int_equal(entry(d, NPS, 1), acceptance);
    desk_follow(d, COURT, d->court, proposal);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0); /* each once */
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, COURT), 1);
    assert_int_equal(entry(d, COURT, 0), acceptance);
    uint64_t suspension = published(d, &law, CONCORDAT__ACT__SUSPEND, "nps.a");
    assert_int_equal(entry(d, COURT, 0), suspension);
    assert_int_equal(entry(d, NPS, 0), suspension);
    (void)desk_greet(d, NPS, "nps.a", 100); /* a new session follows nothing */
    (void)published(d, &law, CONCORDAT__ACT__RESUME, "nps.a");
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0);
    desk_follow(d, NPS, d->nps, UINT64_MAX); /* it claims to have more than there is */
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 0);
    free(law.text);
}

/* What it cannot judge yet it would refuse for good. */
static void nobody_gets_an_item_before_it_follows(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    put_in_force(d, &law);
    d->nps = desk_greet(d, NPS, "nps.a", 100);
    uint64_t message = desk_accept(d, 1);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
    (void)desk_step(d, 1, CONCORDAT__STEP_KIND__DELIVERED, NULL, 1);
    d->court = desk_greet(d, COURT, "court.a", 100);
    assert_int_equal(desk_events(d, EVENT_STEP), 1);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 0); /* evidence waits in the same way */
    desk_follow(d, COURT, d->court, 0);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_STEP, COURT), 1);
    (void)desk_accept(d, 2);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 0);
    desk_follow(d, NPS, d->nps, 0);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 2);
    assert_int_equal(desk_count(d, EFFECT_DELIVER, NPS), 1); /* the first has been settled */
    assert_true(((const struct effect_item *)desk_effect(d, EFFECT_DELIVER, NPS, 0))->sequence
                > message);
    free(law.text);
}

static void an_entry_waits_for_its_batch(void **)
{
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);

    desk_follow(d, NPS, d->nps, 0);
    desk_run(d);
    act(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    desk_start_batch(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 1);
    desk_finish_batch(d); /* exchange_take_effects aborts before that: unit.exchange */
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 1);
    free(law.text);
}

/* Every entry with a lower sequence has been sent before any item: looks at one batch's effects. */
static void check_order(const struct desk *d, session_id session, const uint64_t entries[],
                        size_t count, size_t *sent)
{
    for (size_t i = 0; i < d->effect_count; i++) {
        const struct effect *e = d->effects[i].effect;
        const struct effect_item *item = (const void *)e;
        if (e->session != session)
            continue;
        if (e->kind == EFFECT_GAZETTE) {
            assert_true(*sent < count);
            assert_int_equal(item->sequence, entries[(*sent)++]);
        } else if (e->kind == EFFECT_DELIVER) {
            for (size_t j = *sent; j < count; j++)
                assert_true(entries[j] > item->sequence);
        }
    }
}

/* Texts so large that neither a share nor a pass nor the window takes them all at once. */
static void no_item_overtakes_what_was_published_before_it(void **)
{
    enum {
        LAWS = 9,
        LARGE = 700 * 1024
    };
    OWNED(desk) d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0);
    uint64_t entries[LAWS + 2] = {0};
    size_t count = 0, sent = 0, delivered = 0;

    desk_gone(d, NPS, d->nps, false);
    entries[count++] = published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    entries[count++] = published(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");
    d->agreement_hash = law.hash;
    for (uint32_t n = 1; n <= LAWS; n++) {
        char id[32];
        (void)snprintf(id, sizeof id, "ISA-LARGE-%u", n);
        struct law large = law_of(id, 1, LARGE);
        (void)desk_accept(d, n);
        entries[count++] = published(d, &large, CONCORDAT__ACT__PROPOSE, "court.a");
        free(large.text);
    }
    d->nps = desk_greet(d, NPS, "nps.a", 0); /* no window before it follows */
    desk_follow(d, NPS, d->nps, 0);
    struct command_credit *credit = turn_command(&d->turn, COMMAND_CREDIT, NPS, sizeof *credit);
    credit->head.member = d->nps;
    credit->credit = 100;
    credit->credit_size = 1 << 20;
    uint64_t flying = 0;
    for (int batch = 0; batch < 100 && (sent < count || delivered < LAWS); batch++) {
        desk_run(d);
        check_order(d, NPS, entries, count, &sent);
        delivered += desk_count(d, EFFECT_DELIVER, NPS);
        for (size_t i = 0; i < desk_count(d, EFFECT_GAZETTE, NPS); i++)
            flying +=
                ((const struct effect_item *)desk_effect(d, EFFECT_GAZETTE, NPS, i))->record_size;
        assert_true(flying <= GAZETTE_WINDOW);
        if (d->more)
            continue;
        struct command_drained *drained =
            turn_command(&d->turn, COMMAND_DRAINED, NPS, sizeof *drained);
        drained->head.member = d->nps;
        drained->size = flying;
        flying = 0;
    }
    assert_int_equal(sent, count);
    assert_int_equal(delivered, LAWS);
    free(law.text);
}

/* ---- dates that come ---- */

static struct notice notice_in(const struct event *event)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    struct notice notice = {0};

    assert_int_equal(notice_read(event->notice, arena, &notice, NULL), ST_OK);
    return notice;
}

struct told {
    Concordat__NoticeKind kind;
    int64_t days; /* before the date that the clock stands at */
    uint32_t told;
};

#define REVIEW CONCORDAT__NOTICE_KIND__NOTICE_REVIEW_DUE
#define EXPIRY CONCORDAT__NOTICE_KIND__NOTICE_EXPIRY_DUE

static int64_t date_of(const struct agreement *agreement, Concordat__NoticeKind kind)
{
    return kind == REVIEW ? agreement->review_ms : agreement->until_ms;
}

/* What is announced when the clock stands so many days before the date. */
static uint32_t announced_at(struct desk *d, Concordat__NoticeKind kind, int64_t date_ms,
                             int64_t days)
{
    d->now_ms = date_ms - days * DAY;
    desk_run(d);
    if (desk_events(d, EVENT_GAZETTE) == 0)
        return 0;
    struct notice notice = notice_in(desk_event(d, EVENT_GAZETTE, 0));
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 1);
    assert_int_equal(notice.kind, kind);
    assert_string_equal(notice.agreement_id, "ISA-TEST");
    assert_int_equal(notice.due_ms, date_ms);
    assert_int_equal(notice.to_count, 2);
    return notice.count;
}

static uint32_t announced(struct desk *d, int64_t review_ms, int64_t days)
{
    return announced_at(d, REVIEW, review_ms, days);
}

static void review_and_end_are_announced_three_times_and_each_once(void **)
{
    static const struct told times[] = {
        {REVIEW, 61, 0},  {REVIEW, 60, 60}, {REVIEW, 59, 0},  {REVIEW, 30, 30}, {REVIEW, 29, 0},
        {REVIEW, 7, 7},   {REVIEW, 1, 0},   {REVIEW, 0, 0},   {REVIEW, -1, 0},  {EXPIRY, 61, 0},
        {EXPIRY, 60, 60}, {EXPIRY, 59, 0},  {EXPIRY, 30, 30}, {EXPIRY, 29, 0},  {EXPIRY, 7, 7},
        {EXPIRY, 1, 0},   {EXPIRY, 0, 0},   {EXPIRY, -1, 0}};
    OWNED(desk) d = desk_with(10);

    for (size_t i = 0; i < LENGTH(times); i++) {
        int64_t date_ms = date_of(d->agreement, times[i].kind);
        assert_int_equal(announced_at(d, times[i].kind, date_ms, times[i].days), times[i].told);
        d->now_ms += 60000;
        desk_run(d);
        assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
    }
}

static void a_date_that_is_near_when_nobody_looked_is_announced_once(void **)
{
    OWNED(desk) d = desk_with(10);

    assert_int_equal(announced(d, d->agreement->review_ms, 5), 7);
    assert_int_equal(announced(d, d->agreement->review_ms, 4), 0);
    assert_int_equal(announced_at(d, EXPIRY, d->agreement->until_ms, 12), 30);
    assert_int_equal(announced_at(d, EXPIRY, d->agreement->until_ms, 8), 0);
}

/* Both on one day: two notices, each once. */
static void both_dates_may_come_at_once(void **)
{
    OWNED(desk) d = desk_with(10);

    d->agreement->until_ms = d->agreement->review_ms + DAY;
    d->now_ms = d->agreement->review_ms - 20 * DAY;
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 2);
    assert_int_equal(notice_in(desk_event(d, EVENT_GAZETTE, 0)).kind, REVIEW);
    assert_int_equal(notice_in(desk_event(d, EVENT_GAZETTE, 1)).kind, EXPIRY);
    d->now_ms += 60000;
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
}

/* Of a version that another has replaced, or that is revoked, nobody hears any more. */
static void only_a_version_in_force_is_announced(void **)
{
    OWNED(desk) d = open_desk();
    struct law first = law_of("ISA-TEST", 1, 0), second = law_of("ISA-TEST", 2, 0);
    const int64_t review_ms = INT64_C(1893456000000); /* 2030-01-01, of both */

    second.predecessor = first.hash;
    put_in_force(d, &first);
    assert_int_equal(announced(d, review_ms, 60), 60);
    second.open_from_ms = d->now_ms;
    put_in_force(d, &second);
    d->now_ms += 60000;
    desk_run(d);
    struct notice notice = notice_in(desk_event(d, EVENT_GAZETTE, 0));
    assert_int_equal(notice.agreement_version, 2); /* its own, since it comes so near to it */
    assert_int_equal(notice.count, 60);
    assert_int_equal(announced(d, review_ms, 30), 30); /* one notice, of the second */
    assert_int_equal(notice_in(desk_event(d, EVENT_GAZETTE, 0)).agreement_version, 2);
    (void)published(d, &second, CONCORDAT__ACT__REVOKE, "nps.a");
    assert_int_equal(announced(d, review_ms, 7), 0);
    free(first.text);
    free(second.text);
}

static void a_notice_goes_to_those_it_names(void **)
{
    OWNED(desk) d = desk_with(10);
    const session_id other = 3;
    uint32_t member = desk_hello(d, other, "csc.a", 10);

    desk_follow(d, NPS, d->nps, 0);
    desk_follow(d, other, member, 0);
    assert_int_equal(announced(d, d->agreement->review_ms, 60), 60);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, NPS), 1);
    assert_int_equal(desk_count(d, EFFECT_GAZETTE, other), 0);
}

static void a_full_store_puts_notices_off(void **)
{
    OWNED(desk) d = desk_with(10);

    exchange_set_full(d->x, true);
    assert_int_equal(announced(d, d->agreement->review_ms, 60), 0);
    exchange_set_full(d->x, false);
    assert_int_equal(announced(d, d->agreement->review_ms, 59), 60);
}

/* ---- charters ---- */

#define HOUR INT64_C(3600000)

static struct law charter_of(void)
{
    return law_with("ISA-TEST", 1,
                    "owner: nps.a\ncharter: break-glass\nuses-per-day: 2\nreview-within: 24h\n", 0);
}

/* An officer of `from` lets the `n`-th message to `to` go. */
static void authorise_from(struct desk *d, const struct law *law, const char *from, const char *to,
                           const char *officer, uint32_t n)
{
    struct instrument instrument = instrument_of(law, CONCORDAT__ACT__AUTHORISE, from);

    instrument.message_id = desk_envelope(d, n).message_id;
    strcpy(instrument.counterpart, to);
    strcpy(instrument.officer, officer);
    bring(d, COURT, d->court, &instrument, (struct bytes){NULL, 0});
    desk_run(d);
    assert_true(verdict(d) > 0);
}

static void authorise(struct desk *d, const struct law *law, const char *officer, uint32_t n)
{
    authorise_from(d, law, "court.a", "nps.a", officer, n);
}

static void authorise_twice(struct desk *d, const struct law *law, uint32_t n)
{
    authorise(d, law, "duty-1", n);
    authorise(d, law, "duty-2", n);
}

static uint64_t review(struct desk *d, const struct law *law, const char *agency, uint32_t n,
                       bool upheld)
{
    struct instrument instrument = instrument_of(law, CONCORDAT__ACT__REVIEW, agency);

    instrument.message_id = desk_envelope(d, n).message_id;
    instrument.upheld = upheld;
    bring(d, COURT, d->court, &instrument, (struct bytes){NULL, 0});
    desk_run(d);
    return verdict(d);
}

static void reinstate(struct desk *d, const struct law *law)
{
    struct instrument instrument = instrument_of(law, CONCORDAT__ACT__REINSTATE, "nps.a");

    strcpy(instrument.counterpart, "court.a");
    bring(d, COURT, d->court, &instrument, (struct bytes){NULL, 0});
    desk_run(d);
    assert_true(verdict(d) > 0);
}

/* Another day for one of the text's dates. */
static void redate(struct law *law, const char *key, const char *day)
{
    char *at = strstr(law->text, key);

    assert_non_null(at);
    memcpy(at + strlen(key) + 2, day, strlen(day));
    law->hash = sha256(law->text, law->size);
}

static struct desk *chartered_desk(struct law *law)
{
    struct desk *d = open_desk();

    *law = charter_of();
    d->gateway = "VITAL_INTEREST";
    put_in_force(d, law);
    return d;
}

static void the_glass_is_broken_by_two_officers_and_everybody_hears(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    assert_int_equal(refusal_of(d, 1), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS);
    authorise(d, &law, "duty-1", 2);
    authorise(d, &law, "duty-1", 2);
    assert_int_equal(refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS);
    authorise(d, &law, "duty-2", 2);
    (void)desk_accept(d, 2);
    struct notice notice = notice_in(desk_event(d, EVENT_GAZETTE, 0));
    struct id id = desk_envelope(d, 2).message_id;
    assert_int_equal(notice.kind, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED);
    assert_string_equal(notice.agency, "court.a");
    assert_string_equal(notice.counterpart, "nps.a");
    assert_string_equal(notice.clause, "psr-request");
    assert_true(id_equal(&notice.message_id, &id));
    assert_int_equal(notice.due_ms, d->now_ms + 24 * HOUR);
    assert_int_equal(notice.to_count, 2);
    struct envelope e = desk_envelope(d, 2); /* again: the same answer, and no second use */
    desk_submit(d, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_RECEIPT, COURT), 1);
    assert_int_equal(d->event_count, 0);
    free(law.text);
}

static void so_often_a_day_and_no_more(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    for (uint32_t n = 1; n <= 2; n++) {
        authorise_twice(d, &law, n);
        (void)desk_accept(d, n);
        assert_true(review(d, &law, "nps.a", n, true) > 0);
    }
    authorise_twice(d, &law, 3);
    assert_int_equal(refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_QUOTA);
    d->now_ms += DAY;
    authorise_twice(d, &law, 4);
    (void)desk_accept(d, 4);
    free(law.text);
}

static void what_is_not_reviewed_in_time_suspends_until_its_owner_reinstates(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    authorise_twice(d, &law, 1);
    (void)desk_accept(d, 1);
    d->now_ms += 24 * HOUR - 1;
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
    d->now_ms += 1;
    desk_run(d);
    assert_int_equal(notice_in(desk_event(d, EVENT_GAZETTE, 0)).kind,
                     CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED);
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 0);
    authorise_twice(d, &law, 2);
    assert_int_equal(refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED);
    reinstate(d, &law);
    authorise_twice(d, &law, 3);
    (void)desk_accept(d, 3);
    free(law.text);
}

static void what_is_not_upheld_suspends_at_once(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    authorise_twice(d, &law, 1);
    (void)desk_accept(d, 1);
    assert_int_equal(review(d, &law, "court.a", 1, true), 0); /* its own */
    assert_int_equal(review(d, &law, "nps.a", 9, true), 0);   /* of no use */
    assert_true(review(d, &law, "nps.a", 1, false) > 0);
    assert_int_equal(notice_in(desk_event(d, EVENT_GAZETTE, 1)).kind,
                     CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_SUSPENDED);
    authorise_twice(d, &law, 2);
    assert_int_equal(refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED);
    free(law.text);
}

/* The other party's `n`-th message, to the first, under the clause that runs that way. */
static void use_by_the_other(struct desk *d, const struct law *law, uint32_t n)
{
    const struct digest answers = {{8}};
    struct envelope e = desk_envelope(d, n);

    authorise_from(d, law, "nps.a", "court.a", "duty-8", n);
    authorise_from(d, law, "nps.a", "court.a", "duty-9", n);
    strcpy(e.sender, "nps.a");
    strcpy(e.recipient, "court.a");
    strcpy(e.clause, "psr-back");
    desk_submit_as(d, NPS, d->nps, &answers, &e);
    desk_run(d);
    assert_int_equal(desk_count(d, EFFECT_RECEIPT, NPS), 1);
}

/* Who lost it gets nothing under it either. */
static void nothing_goes_to_who_lost_the_privilege(void **)
{
    struct law law;
    OWNED(desk) d = chartered_desk(&law);

    desk_publish_key_of(d, COURT, d->court, "court.a");
    use_by_the_other(d, &law, 1);
    authorise_twice(d, &law, 2);
    (void)desk_accept(d, 2);
    assert_true(review(d, &law, "nps.a", 2, true) > 0);
    assert_true(review(d, &law, "court.a", 1, false) > 0);
    d->now_ms += DAY;
    authorise_twice(d, &law, 3);
    assert_int_equal(refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED);
    free(law.text);
}

/* Two officers' words do not outlive the charter. */
static void a_charter_out_of_force_permits_nothing(void **)
{
    static const struct {
        Concordat__Act act;
        Concordat__RefusalCode code;
    } cases[] = {
        {CONCORDAT__ACT__SUSPEND, CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED},
        {CONCORDAT__ACT__REVOKE, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED},
        {0, CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct law law = charter_of();
        OWNED(desk) d = open_desk();

        redate(&law, "review", "2027-01-17");
        redate(&law, "expires", "2027-01-18");
        d->gateway = "VITAL_INTEREST";
        put_in_force(d, &law);
        d->now_ms = INT64_C(1800230400000) - 60000; /* a minute before 2027-01-18 */
        authorise_twice(d, &law, 1);
        authorise_twice(d, &law, 2);
        (void)desk_accept(d, 1);
        if (cases[i].act != 0)
            (void)published(d, &law, cases[i].act, "nps.a");
        else
            d->now_ms += 60000;
        assert_int_equal(refusal_of(d, 2), cases[i].code);
        free(law.text);
    }
}

/* ---- restarts ---- */

struct store {
    char folder[SCRATCH_SIZE];
    struct state *state;
};

static struct store open_store(void)
{
    struct store s = {.state = NULL};
    struct reason why = {""};

    scratch_make(s.folder);
    if (state_open(s.folder, MAP_SIZE, &s.state, &why) != ST_OK)
        fail_msg("%s", why.text);
    return s;
}

static void close_store(struct store *s)
{
    state_close(s->state);
    scratch_remove(s->folder);
}

static void a_restart_finds_the_same_agreements_and_entries(void **)
{
    struct store s = open_store();
    struct desk *d = open_desk();
    struct law law = law_of("ISA-TEST", 1, 0), open = law_of("ISA-OPEN", 1, 0),
               stopped = law_of("ISA-STOPPED", 1, 0);
    uint64_t entries[6], last = 0;
    size_t sent = 0;

    entries[0] = published(d, &law, CONCORDAT__ACT__PROPOSE, "court.a");
    entries[1] = published(d, &law, CONCORDAT__ACT__ACCEPT, "nps.a");
    entries[2] = published(d, &stopped, CONCORDAT__ACT__PROPOSE, "nps.a");
    entries[3] = published(d, &stopped, CONCORDAT__ACT__ACCEPT, "court.a");
    entries[4] = published(d, &stopped, CONCORDAT__ACT__SUSPEND, "court.a");
    const struct instrument proposal = instrument_of(&open, CONCORDAT__ACT__PROPOSE, "court.a");
    const struct bytes text = {(const uint8_t *)open.text, open.size};
    bring(d, COURT, d->court, &proposal, text);
    desk_run(d);
    entries[5] = verdict(d);

    d = desk_restart(d, s.state, NULL);
    d->court = desk_hello(d, COURT, "court.a", 1000);
    d->nps = desk_hello(d, NPS, "nps.a", 100);
    desk_follow(d, NPS, d->nps, 0);
    d->agreement_hash = law.hash;
    last = desk_accept(d, 1); /* in force as before; entries come from the store */
    check_order(d, NPS, entries, LENGTH(entries), &sent);
    assert_int_equal(sent, LENGTH(entries));
    const struct effect_item *item = desk_effect(d, EFFECT_DELIVER, NPS, 0);
    assert_int_equal(item->sequence, last);
    bring(d, COURT, d->court, &proposal, text); /* its answer was lost */
    desk_run(d);
    assert_int_equal(verdict(d), entries[5]);
    (void)published(d, &open, CONCORDAT__ACT__ACCEPT, "nps.a"); /* and goes on from there */
    struct envelope e = desk_envelope(d, 2);
    strcpy(e.agreement_id, "ISA-STOPPED");
    e.agreement_hash = stopped.hash;
    desk_submit(d, &e);
    desk_run(d);
    const struct effect_refusal *refusal = desk_effect(d, EFFECT_REFUSAL, COURT, 0);
    assert_int_equal(refusal->refusal.code, CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED);
    desk_free(d);
    free(law.text);
    free(open.text);
    free(stopped.text);
    close_store(&s);
}

static void a_restart_announces_nothing_again(void **)
{
    struct store s = open_store();
    struct desk *d = desk_with(10);
    int64_t review_ms = d->agreement->review_ms, until_ms = d->agreement->until_ms;

    assert_int_equal(announced(d, review_ms, 60), 60);
    d = desk_restart(d, s.state, desk_agreement);
    assert_int_equal(announced(d, review_ms, 58), 0);
    assert_int_equal(announced(d, review_ms, 30), 30);
    assert_int_equal(announced_at(d, EXPIRY, until_ms, 7), 7);
    d = desk_restart(d, s.state, desk_agreement);
    assert_int_equal(announced_at(d, EXPIRY, until_ms, 6), 0);
    desk_free(d);
    close_store(&s);
}

static void a_restart_forgets_neither_use_nor_suspension(void **)
{
    struct store s = open_store();
    struct law law;
    struct desk *d = chartered_desk(&law);

    authorise_twice(d, &law, 1);
    (void)desk_accept(d, 1);
    authorise(d, &law, "duty-1", 2);
    d = desk_restart(d, s.state, NULL);
    d->agreement_hash = law.hash;
    d->court = desk_hello(d, COURT, "court.a", 1000);
    authorise(d, &law, "duty-2", 2); /* the second officer, after it */
    (void)desk_accept(d, 2);
    authorise_twice(d, &law, 3);
    assert_int_equal(refusal_of(d, 3), CONCORDAT__REFUSAL_CODE__BREAK_GLASS_QUOTA);
    d->now_ms += DAY;
    desk_run(d);
    assert_int_equal(desk_events(d, EVENT_GAZETTE), 2); /* both are overdue */
    free(law.text);
    desk_free(d);
    close_store(&s);
}

#define MANY 10000

/* One more entry as the journal would have it; *size: of all so far. */
static void write_entry(uint8_t *history, size_t room, size_t *size, uint64_t sequence,
                        const struct law *law, const struct instrument *instrument)
{
    const bool proposes = instrument->act == CONCORDAT__ACT__PROPOSE;
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    struct digest digest;
    struct writer w = writer_of(history + *size, room - *size);
    const struct event event = {
        .kind = EVENT_GAZETTE,
        .sequence = sequence,
        .at_ms = instrument->signed_ms,
        .instrument = {bytes, signed_bytes_of(instrument, bytes, &digest)},
        .text = {(const uint8_t *)law->text, proposes ? law->size : 0},
        .governance_key = governance_of(instrument->agency),
    };

    assert_int_equal(event_write(&event, &w), ST_OK);
    *size += w.size;
}

/* Put in force, then suspended and resumed, over and over. */
static uint8_t *write_history(const struct law *law, size_t *size)
{
    const size_t room = (size_t)MANY * 1024;
    uint8_t *history = malloc(room);
    struct instrument i = instrument_of(law, CONCORDAT__ACT__PROPOSE, "court.a");

    assert_non_null(history);
    *size = 0;
    write_entry(history, room, size, 1, law, &i);
    i = instrument_of(law, CONCORDAT__ACT__ACCEPT, "nps.a");
    write_entry(history, room, size, 2, law, &i);
    i = instrument_of(law, CONCORDAT__ACT__SUSPEND, "nps.a");
    for (uint64_t n = 3; n <= MANY; n++) {
        i.act = n % 2 ? CONCORDAT__ACT__SUSPEND : CONCORDAT__ACT__RESUME;
        i.signed_ms++;
        write_entry(history, room, size, n, law, &i);
    }
    return history;
}

/* Each is read once at the start, and once for each follower: the work grows as the gazette does.
 */
static void many_entries_are_each_read_once(void **)
{
    struct store s = open_store();
    struct law law = law_of("ISA-TEST", 1, 0);
    const struct journal_mark mark = {.segment = 1, .offset = 4096, .sequence = MANY};
    struct state_reader *reader;
    size_t size;
    uint8_t *history = write_history(&law, &size);

    assert_int_equal(state_gather(s.state, (struct bytes){history, size}), ST_OK);
    assert_int_equal(state_commit(s.state, &mark), ST_OK);
    assert_int_equal(state_reader_open(s.state, &reader), ST_OK);
    struct desk *d = desk_restored(NULL, reader, MANY);
    d->now_ms += DAY;
    assert_int_equal(d->entries_read, 0); /* all were walked through, none was looked for */
    d->nps = desk_hello(d, NPS, "nps.a", 10);
    for (int batch = 0; batch < 100 && d->entries_read < MANY; batch++) {
        struct command_drained *drained =
            turn_command(&d->turn, COMMAND_DRAINED, NPS, sizeof *drained);
        drained->head.member = d->nps;
        drained->size = GAZETTE_WINDOW;
        desk_run(d);
    }
    desk_run(d);
    assert_int_equal(d->entries_read, MANY);
    desk_free(d);
    close_store(&s);
    free(history);
    free(law.text);
}

/* ---- without memory ---- */

static long allocations = -1; /* that there is still memory for; -1: for all */

static bool is_out_of_memory(void)
{
    if (allocations <= 0)
        return allocations == 0;
    allocations--;
    return false;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return is_out_of_memory() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return is_out_of_memory() ? NULL : __real_calloc(count, size);
}

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size)
{
    return is_out_of_memory() ? NULL : __real_realloc(old, size);
}

void *__real_reallocarray(void *old, size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return is_out_of_memory() ? NULL : __real_reallocarray(old, count, size);
}

/* The turn's one command, with memory for so many allocations. */
static enum status run_with(struct desk *d, long enough_for)
{
    size_t size;

    assert_int_equal(exchange_begin(d->x, d->now_ms), ST_OK);
    uint8_t *data = turn_give(&d->turn, &size);
    struct turn_walk walk = turn_walk_of(data, size);
    desk_hold(d, data);
    allocations = enough_for;
    enum status status = exchange_run(d->x, data, turn_next(&walk));
    allocations = -1;
    return status;
}

/* The process stops in the middle of it; the journal does not have the entry, so nobody has. */
static void without_memory_a_version_comes_into_force_whole_or_not_at_all(void **)
{
    struct law first = law_of("ISA-TEST", 1, 0), second = law_of("ISA-TEST", 2, 0);
    enum status status = ST_NOMEM;
    long n = 0;

    second.predecessor = first.hash;
    for (; status != ST_OK; n++) {
        struct store s = open_store();
        struct desk *d = open_desk();
        put_in_force(d, &first);
        (void)published(d, &second, CONCORDAT__ACT__PROPOSE, "court.a");
        act(d, &second, CONCORDAT__ACT__ACCEPT, "nps.a");
        status = run_with(d, n);
        if (status != ST_OK) {
            assert_int_equal(status, ST_NOMEM);
            d = desk_restart(d, s.state, NULL);
            d->court = desk_hello(d, COURT, "court.a", 1000);
            d->agreement_hash = first.hash;
            (void)desk_accept(d, 1);
            (void)published(d, &second, CONCORDAT__ACT__ACCEPT, "nps.a");
            assert_int_equal(refusal_of(d, 2), CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE);
        }
        desk_free(d);
        close_store(&s);
    }
    assert_true(n > 3); /* it was out of memory at some places */
    free(first.text);
    free(second.text);
}

static enum status restore_entry(void *context, const struct event *event)
{
    return exchange_restore_gazette(context, event);
}

static uint32_t agreements_of(const struct exchange *x)
{
    size_t size;
    struct note_status *status = exchange_status(x, &size);
    uint32_t count = status->agreements;

    free(status);
    return count;
}

static void without_memory_nothing_starts_with_fewer_agreements(void **)
{
    struct store s = open_store();
    struct desk *d = open_desk();
    struct law one = law_of("ISA-ONE", 1, 0), two = law_of("ISA-TWO", 1, 0);
    enum status status = ST_NOMEM;
    long n = 0;

    put_in_force(d, &one);
    put_in_force(d, &two);
    d = desk_restart(d, s.state, NULL);
    for (; status != ST_OK; n++) {
        const struct exchange_config config = {.links = 1};
        OWNED(exchange) x = NULL;
        assert_int_equal(exchange_new(&config, &x), ST_OK);
        allocations = n;
        status = state_each_gazette(d->reader, restore_entry, x);
        allocations = -1;
        assert_true(status == ST_NOMEM || (status == ST_OK && agreements_of(x) == 2));
    }
    assert_true(n > 10);
    desk_free(d);
    close_store(&s);
    free(one.text);
    free(two.text);
}

/* An instrument that could not have been published: the store is not this broker's. */
static void a_store_whose_gazette_does_not_add_up_is_refused(void **)
{
    OWNED(desk) d = desk_empty();
    struct event event = {.kind = EVENT_GAZETTE, .sequence = 1, .at_ms = NOW};
    struct law law = law_of("ISA-TEST", 1, 0);
    const struct instrument acceptance = instrument_of(&law, CONCORDAT__ACT__ACCEPT, "nps.a");
    uint8_t bytes[INSTRUMENT_MAX], signed_bytes[SIGNED_INSTRUMENT_MAX];
    struct writer w = writer_of(signed_bytes, sizeof signed_bytes);
    const uint8_t rest[SIGNATURE_SIZE] = {1};
    size_t size;

    assert_int_equal(instrument_write(&acceptance, bytes, sizeof bytes, &size), ST_OK);
    field_bytes(&w, 1, bytes, size);
    field_bytes(&w, 2, rest, sizeof rest);
    field_bytes(&w, 3, rest, sizeof rest);
    event.instrument = (struct bytes){signed_bytes, w.size};
    assert_int_equal(exchange_restore_gazette(d->x, &event), ST_INVALID);
    event.instrument = (struct bytes){signed_bytes, w.size - 1};
    assert_int_equal(exchange_restore_gazette(d->x, &event), ST_INVALID);
    event.instrument = (struct bytes){NULL, 0};
    event.notice = (struct bytes){rest, sizeof rest};
    assert_int_equal(exchange_restore_gazette(d->x, &event), ST_INVALID);
    free(law.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agreement_enforces_once_every_party_has_signed),
        cmocka_unit_test(a_key_that_is_not_pinned_signs_nothing),
        cmocka_unit_test(the_same_again_gets_the_first_verdict),
        cmocka_unit_test(what_cannot_be_is_refused_and_leaves_no_trace),
        cmocka_unit_test(nobody_dates_an_act_ahead_or_back),
        cmocka_unit_test(what_comes_after_the_proposal_ended_is_late_whatever_its_date),
        cmocka_unit_test(a_text_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_full_store_publishes_nothing),
        cmocka_unit_test(who_stops_sharing_is_heard_by_a_full_store_too),
        cmocka_unit_test(proposals_are_so_many_a_day),
        cmocka_unit_test(revoked_and_suspended_it_permits_nothing_and_hands_nothing_over),
        cmocka_unit_test(what_a_suspension_withholds_no_resumption_brings_back),
        cmocka_unit_test(a_new_version_is_needed_by_what_is_new_and_by_nothing_else),
        cmocka_unit_test(a_follower_gets_what_it_lacks_and_what_comes),
        cmocka_unit_test(nobody_gets_an_item_before_it_follows),
        cmocka_unit_test(an_entry_waits_for_its_batch),
        cmocka_unit_test(no_item_overtakes_what_was_published_before_it),
        cmocka_unit_test(review_and_end_are_announced_three_times_and_each_once),
        cmocka_unit_test(a_date_that_is_near_when_nobody_looked_is_announced_once),
        cmocka_unit_test(both_dates_may_come_at_once),
        cmocka_unit_test(only_a_version_in_force_is_announced),
        cmocka_unit_test(a_notice_goes_to_those_it_names),
        cmocka_unit_test(a_full_store_puts_notices_off),
        cmocka_unit_test(the_glass_is_broken_by_two_officers_and_everybody_hears),
        cmocka_unit_test(so_often_a_day_and_no_more),
        cmocka_unit_test(what_is_not_reviewed_in_time_suspends_until_its_owner_reinstates),
        cmocka_unit_test(what_is_not_upheld_suspends_at_once),
        cmocka_unit_test(nothing_goes_to_who_lost_the_privilege),
        cmocka_unit_test(a_charter_out_of_force_permits_nothing),
        cmocka_unit_test(a_restart_finds_the_same_agreements_and_entries),
        cmocka_unit_test(a_restart_forgets_neither_use_nor_suspension),
        cmocka_unit_test(a_restart_announces_nothing_again),
        cmocka_unit_test(many_entries_are_each_read_once),
        cmocka_unit_test(without_memory_a_version_comes_into_force_whole_or_not_at_all),
        cmocka_unit_test(without_memory_nothing_starts_with_fewer_agreements),
        cmocka_unit_test(a_store_whose_gazette_does_not_add_up_is_refused),
    };
    return cmocka_run_group_tests_name("gazette", tests, NULL, NULL);
}
