/* What an agent makes of the gazette: only what the parties signed counts, a restart changes
 * nothing, and a broker that plays tricks is heard of and not believed.
 *
 * Also compiled with agents/gazette.c as broken by PLANT_*: then it must fail. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/gazette.h"
#include "agents/trees.h"
#include "lib/clock.h"
#include "lib/sign.h"
#include "lib/text.h"
#include "proto/field.h"
#include "proto/notice.h"
#include "tests/unit/governors.h"
#include "tests/unit/town.h"

#define COURT "court.b35cz00"
#define NPS "nps.cambs"
#define CSC "csc.cambs"
#define BENCH_CRL_DAYS 80
#define MINUTE_MS INT64_C(60000)

/* ---- texts and what is signed about them ---- */

struct law {
    char id[32], text[TEXT_MAX];
    uint32_t version;
    size_t size;
    struct digest hash, predecessor;
    struct id proposal;
    int64_t expires_ms; /* of the proposal */
};

/* The court asks probation for a report; both pin their keys. `note` makes texts differ. */
static struct law law_of(const struct governor *court, const struct governor *nps, const char *id,
                         uint32_t version, const char *note)
{
    static uint8_t proposals;
    struct law law = {.version = version,
                      .proposal.bytes = {1, ++proposals},
                      .expires_ms = clock_wall_ms() + 30 * TOWN_DAY_MS};
    char hex[4][2 * DIGEST_SIZE + 1];

    hex_print(court->signing.bytes, DIGEST_SIZE, hex[0]);
    hex_print(court->pin.bytes, DIGEST_SIZE, hex[1]);
    hex_print(nps->signing.bytes, DIGEST_SIZE, hex[2]);
    hex_print(nps->pin.bytes, DIGEST_SIZE, hex[3]);
    TEXT_COPY(law.id, id);
    law.size = (size_t)snprintf(
        law.text, sizeof law.text,
        "# %s\nagreement: %s\nversion: %u\ntitle: What this test sends\nin-force: 2020-01-01\n"
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
        note, id, version, court->agency, hex[0], hex[1], nps->agency, hex[2], hex[3]);
    assert_true(law.size < sizeof law.text);
    law.hash = sha256(law.text, law.size);
    return law;
}

/* A SignedInstrument and the text that comes with it. */
struct made {
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    size_t size;
    struct bytes text;
};

static struct instrument instrument_of(const struct law *law, Concordat__Act act,
                                       const char *agency, int64_t now_ms)
{
    struct instrument i = {.act = act,
                           .agreement_version = law->version,
                           .agreement_hash = law->hash,
                           .signed_ms = now_ms};

    TEXT_COPY(i.agency, agency);
    TEXT_COPY(i.agreement_id, law->id);
    if (act <= CONCORDAT__ACT__WITHDRAW) {
        i.predecessor_hash = law->predecessor;
        i.proposal_id = law->proposal;
        i.proposal_expires_ms = law->expires_ms;
    }
    return i;
}

/* Signed by whomever, with whatever certificate: what no honest tool would sign too. */
static struct made forge(const struct instrument *i, EVP_PKEY *key, struct bytes certificate,
                         const struct digest *community)
{
    static const char prefix[] = "concordat/1 governance";
    uint8_t bytes[INSTRUMENT_MAX], signature[SIGNATURE_SIZE];
    struct made made = {.text = {NULL, 0}};
    struct writer w = writer_of(made.bytes, sizeof made.bytes);
    size_t size;

    assert_int_equal(instrument_write(i, bytes, sizeof bytes, &size), ST_OK);
    const struct bytes parts[] = {
        {(const uint8_t *)prefix, sizeof prefix}, {community->bytes, DIGEST_SIZE}, {bytes, size}};
    assert_int_equal(sign_parts(key, parts, LENGTH(parts), signature), ST_OK);
    field_bytes(&w, 1, bytes, size);
    field_bytes(&w, 2, certificate.data, certificate.size);
    field_bytes(&w, 3, signature, SIGNATURE_SIZE);
    assert_false(w.failed);
    made.size = w.size;
    return made;
}

static struct made sign_act(const struct governor *by, Concordat__Act act, const struct law *law,
                            const struct digest *community, int64_t now_ms)
{
    const struct instrument i = instrument_of(law, act, by->agency, now_ms);
    struct made made = {.text = {NULL, 0}};
    struct reason why = {""};

    if (instrument_sign(&i, by->key, (struct bytes){by->certificate, by->certificate_size},
                        community, made.bytes, sizeof made.bytes, &made.size, &why)
        != ST_OK)
        fail_msg("%s", why.text);
    if (act == CONCORDAT__ACT__PROPOSE)
        made.text = (struct bytes){(const uint8_t *)law->text, law->size};
    return made;
}

static struct gazette_entry entry_of(const struct made *made, uint64_t sequence, int64_t at_ms)
{
    return (struct gazette_entry){.sequence = sequence,
                                  .at_ms = at_ms,
                                  .instrument = {made->bytes, made->size},
                                  .text = made->text};
}

/* ---- a bench: one agent's gazette, of probation ---- */

struct bench {
    char folder[64], paths[4][96];
    struct mint *mint;
    struct tls_context *trust;
    struct store *store;
    struct gazette *gazette;
    struct gazette_setup setup;
    struct governor court, nps, csc;
    struct digest community;
    int64_t now_ms;
    uint64_t sequence;
};

static void load_trust(struct bench *b)
{
    struct tls_files files = {b->paths[0], b->paths[1], b->paths[2], b->paths[3]};
    struct reason why = {""};

    tls_context_free(b->trust);
    if (tls_context_new(TLS_AGENT, &files, &b->trust, &why) != ST_OK)
        fail_msg("%s", why.text);
    memcpy(b->community.bytes, tls_context_community(b->trust), DIGEST_SIZE);
}

static void open_gazette(struct bench *b)
{
    struct reason why = {""};

    if (gazette_new(&b->setup, b->store, &b->gazette, &why) != ST_OK)
        fail_msg("%s", why.text);
}

static void bench_restart(struct bench *b)
{
    gazette_free(b->gazette);
    open_gazette(b);
}

static void bench_free(struct bench *b)
{
    char command[96];

    if (!b)
        return;
    gazette_free(b->gazette);
    store_close(b->store);
    tls_context_free(b->trust);
    governor_fini(&b->court);
    governor_fini(&b->nps);
    governor_fini(&b->csc);
    mint_free(b->mint);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
    assert_int_equal(system(command), 0);
    free(b);
}
OWN(bench)

static struct bench *bench_new(void)
{
    static const char *const files[] = {"leaf.pem", "leaf.key", "trust.pem", "crls.pem"};
    struct bench *b = calloc(1, sizeof *b);
    const struct mint_crl crl = {-60, BENCH_CRL_DAYS * MINT_DAY, 1};
    const struct mint_leaf transport = mint_transport("URI:urn:concordat:agency:" NPS);
    char store[96];
    struct reason why = {""};

    assert_non_null(b);
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/concordat-gazette-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    for (size_t i = 0; i < LENGTH(files); i++)
        (void)snprintf(b->paths[i], sizeof b->paths[i], "%s/%s", b->folder, files[i]);
    b->mint = mint_new();
    mint_write_trust(b->mint, b->folder);
    mint_write_crls(b->mint, b->folder, &crl, &crl);
    const struct minted leaf = mint_leaf(b->mint, &transport);
    mint_write_leaf(b->mint, b->folder, "leaf", &leaf);
    load_trust(b);
    b->court = governor_new(b->mint, COURT, ".2");
    b->nps = governor_new(b->mint, NPS, ".2");
    b->csc = governor_new(b->mint, CSC, ".2");
    b->now_ms = clock_wall_ms();
    (void)snprintf(store, sizeof store, "%s/store", b->folder);
    if (store_open(store, 64u << 20, tree_names, TREES, &b->store, &why) != ST_OK)
        fail_msg("%s", why.text);
    b->setup =
        (struct gazette_setup){.agency = NPS, .signing = b->nps.signing, .governance = b->nps.pin};
    open_gazette(b);
    return b;
}

static enum status bench_take(struct bench *b, const struct gazette_entry *entry)
{
    struct txn *txn;

    assert_int_equal(store_begin(b->store, true, &txn), ST_OK);
    enum status status = gazette_take(b->gazette, txn, b->trust, entry, b->now_ms);
    if (status == ST_OK)
        assert_int_equal(store_commit(txn), ST_OK);
    else
        store_abort(txn);
    return status;
}

/* As the next entry, a minute after the one before. Numbers have gaps, as the broker's have. */
static void bench_bring(struct bench *b, const struct made *made)
{
    b->sequence += 3;
    b->now_ms += MINUTE_MS;
    const struct gazette_entry entry = entry_of(made, b->sequence, b->now_ms);
    assert_int_equal(bench_take(b, &entry), ST_OK);
    assert_int_equal(gazette_last(b->gazette), b->sequence);
}

static void bench_act(struct bench *b, const struct governor *by, Concordat__Act act,
                      const struct law *law)
{
    const struct made made = sign_act(by, act, law, &b->community, b->now_ms);

    bench_bring(b, &made);
}

static void put_in_force(struct bench *b, const struct law *law)
{
    bench_act(b, &b->court, CONCORDAT__ACT__PROPOSE, law);
    bench_act(b, &b->nps, CONCORDAT__ACT__ACCEPT, law);
}

/* Everything that the registrar says, as one text. */
struct told {
    char text[16 * 1024];
    size_t size;
    const struct digest *hash; /* of the one whose state is asked; NULL: all */
};

static bool tell(void *context, const struct registrar_row *row)
{
    struct told *t = context;
    char hex[4][2 * DIGEST_SIZE + 1];

    if (t->hash && !digest_equal(t->hash, &row->agreement->hash))
        return true;
    if (t->hash) {
        t->size = (size_t)snprintf(t->text, sizeof t->text, "%s", row->state);
        return false;
    }
    hex_print(row->agreement->hash.bytes, DIGEST_SIZE, hex[0]);
    hex_print(row->predecessor_hash.bytes, DIGEST_SIZE, hex[1]);
    hex_print(row->proposal_id.bytes, ID_SIZE, hex[2]);
    t->size += (size_t)snprintf(t->text + t->size, sizeof t->text - t->size,
                                "%s v%u %s %s %s %s by=%s expires=%lld since=%lld standing=%d",
                                row->agreement->id, row->agreement->version, row->state, hex[0],
                                hex[1], hex[2], row->by, (long long)row->proposal_expires_ms,
                                (long long)row->since_ms, (int)row->agreement->standing);
    for (size_t i = 0; i < row->signed_count; i++)
        t->size +=
            (size_t)snprintf(t->text + t->size, sizeof t->text - t->size, " %s", row->signed_by[i]);
    assert_true(t->size + 2 < sizeof t->text);
    t->text[t->size++] = '\n';
    t->text[t->size] = '\0';
    return true;
}

static void tell_all(const struct bench *b, struct told *out)
{
    out->size = 0;
    out->text[0] = '\0';
    out->hash = NULL;
    registrar_each(gazette_registrar(b->gazette), b->now_ms, tell, out);
}

/* And through a restart too: whatever is said is said by a new process as well. */
static void expect_state(struct bench *b, const struct law *law, const char *expected)
{
    struct told *told = calloc(1, sizeof *told);

    assert_non_null(told);
    for (int restarted = 0; restarted < 2; restarted++) {
        memcpy(told->text, "unknown", 8);
        told->hash = &law->hash;
        registrar_each(gazette_registrar(b->gazette), b->now_ms, tell, told);
        if (strcmp(told->text, expected) != 0)
            fail_msg("%s v%u is %s, not %s%s", law->id, law->version, told->text, expected,
                     restarted ? ", after a restart" : "");
        bench_restart(b);
    }
    free(told);
}

static bool is_in_force(const struct bench *b, const struct law *law)
{
    const struct agreement *a =
        agreement_set_find(registrar_set(gazette_registrar(b->gazette)), law->id);

    return a && digest_equal(&a->hash, &law->hash) && a->standing == STANDING_ACTIVE;
}

/* ---- who signs ---- */

static void what_all_have_signed_is_in_force_and_nothing_less(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");

    bench_act(b, &b->court, CONCORDAT__ACT__PROPOSE, &law);
    expect_state(b, &law, "proposed");
    assert_false(is_in_force(b, &law));
    bench_act(b, &b->court, CONCORDAT__ACT__ACCEPT, &law); /* the same party twice */
    expect_state(b, &law, "proposed");
    bench_act(b, &b->nps, CONCORDAT__ACT__ACCEPT, &law);
    expect_state(b, &law, "active");
    assert_true(is_in_force(b, &law));
}

static void a_signature_that_is_stripped_or_altered_counts_for_nothing(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    struct made made;

    bench_act(b, &b->court, CONCORDAT__ACT__PROPOSE, &law);
    for (size_t at = 1; at <= SIGNATURE_SIZE; at += 21) { /* the signature stands last */
        made = sign_act(&b->nps, CONCORDAT__ACT__ACCEPT, &law, &b->community, b->now_ms);
        made.bytes[made.size - at] ^= 1;
        bench_bring(b, &made);
        expect_state(b, &law, "proposed");
    }
    made = sign_act(&b->nps, CONCORDAT__ACT__ACCEPT, &law, &b->community, b->now_ms);
    made.size -= SIGNATURE_SIZE + 2; /* with its tag and size: no signature at all */
    bench_bring(b, &made);
    expect_state(b, &law, "proposed");
    made = sign_act(&b->nps, CONCORDAT__ACT__ACCEPT, &law, &b->community, b->now_ms);
    memset(made.bytes + made.size - SIGNATURE_SIZE, 0, SIGNATURE_SIZE);
    bench_bring(b, &made);
    expect_state(b, &law, "proposed");
    bench_act(b, &b->nps, CONCORDAT__ACT__ACCEPT, &law); /* as it is, it counts */
    expect_state(b, &law, "active");
}

static void a_byte_of_what_is_signed_makes_it_another_thing(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    const struct made good =
        sign_act(&b->nps, CONCORDAT__ACT__ACCEPT, &law, &b->community, b->now_ms);

    bench_act(b, &b->court, CONCORDAT__ACT__PROPOSE, &law);
    for (size_t at = 0; at < good.size; at += 13) {
        struct made made = good;
        made.bytes[at] ^= 4;
        bench_bring(b, &made);
        assert_false(is_in_force(b, &law));
    }
    bench_bring(b, &good);
    expect_state(b, &law, "active");
}

static void another_community_s_signature_counts_for_nothing(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    struct digest other = b->community;

    other.bytes[0] ^= 1;
    bench_act(b, &b->court, CONCORDAT__ACT__PROPOSE, &law);
    const struct made made = sign_act(&b->nps, CONCORDAT__ACT__ACCEPT, &law, &other, b->now_ms);
    bench_bring(b, &made);
    expect_state(b, &law, "proposed");
}

/* An acceptance in probation's name, signed with `key` under `certificate`. */
static void expect_no_voice(struct bench *b, const struct law *law, EVP_PKEY *key,
                            struct bytes certificate)
{
    const struct instrument i =
        instrument_of(law, CONCORDAT__ACT__ACCEPT, b->nps.agency, b->now_ms);
    const struct made made = forge(&i, key, certificate, &b->community);

    bench_bring(b, &made);
    expect_state(b, law, "proposed");
}

static struct bytes certificate_of(const struct governor *governor)
{
    return (struct bytes){governor->certificate, governor->certificate_size};
}

static void only_the_party_s_pinned_governance_key_speaks_for_it(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    const struct mint_leaf broker = mint_broker("DNS:hub");
    struct governor signing = governor_new(b->mint, NPS, ".1"); /* the operator's own key */
    struct governor second = governor_new(b->mint, NPS, ".2");  /* the CA made it just now */
    const struct minted hub = mint_leaf(b->mint, &broker);
    unsigned char *der = NULL, *authority = NULL;
    const int size = i2d_X509(hub.certificate, &der),
              authority_size = i2d_X509(mint_issuer(b->mint), &authority);

    assert_true(size > 0 && authority_size > 0);
    bench_act(b, &b->court, CONCORDAT__ACT__PROPOSE, &law);
    expect_no_voice(b, &law, b->csc.key, certificate_of(&b->csc));
    expect_no_voice(b, &law, b->csc.key, certificate_of(&b->nps));
    expect_no_voice(b, &law, b->court.key, certificate_of(&b->court));
    expect_no_voice(b, &law, signing.key, certificate_of(&signing));
    expect_no_voice(b, &law, second.key, certificate_of(&second));
    expect_no_voice(b, &law, hub.key, (struct bytes){der, (size_t)size});
    expect_no_voice(b, &law, hub.key, (struct bytes){authority, (size_t)authority_size});
    bench_act(b, &b->csc, CONCORDAT__ACT__ACCEPT, &law); /* in its own name: no party */
    expect_state(b, &law, "proposed");
    bench_act(b, &b->nps, CONCORDAT__ACT__ACCEPT, &law);
    expect_state(b, &law, "active");
    OPENSSL_free(der);
    OPENSSL_free(authority);
    governor_fini(&signing);
    governor_fini(&second);
}

static void a_text_that_pins_other_keys_for_us_never_counts_here(void **)
{
    OWNED(bench) b = bench_new();
    struct governor other = b->nps;

    other.signing.bytes[0] ^= 1;
    const struct law law = law_of(&b->court, &other, "ISA-TEST", 1, "");
    put_in_force(b, &law);
    expect_state(b, &law, "not ours");
    assert_false(is_in_force(b, &law));
}

/* On the day of a renewal every agreement still pins the key before it. */
static void a_signing_key_that_is_renewed_leaves_our_agreements_ours(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    const struct digest before = b->setup.signing, renewed = sha256("renewed", 7);

    put_in_force(b, &law);
    for (int times = 0; times < 2; times++) {
        b->setup.signing = renewed;
        bench_restart(b);
        expect_state(b, &law, "active");
        const struct registrar *registrar = gazette_registrar(b->gazette);
        const struct agreement *version = registrar_version(registrar, &law.hash);
        assert_true(registrar_signer_counts(registrar, version, NPS, &before, SIGNED_NOW));
        assert_false(registrar_signer_counts(registrar, version, NPS, &renewed, SIGNED_NOW));
    }
}

static void a_text_that_pins_another_key_than_the_join_pack_never_counts_here(void **)
{
    OWNED(bench) b = bench_new();
    struct known_key known = {.governance = b->csc.pin};
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");

    TEXT_COPY(known.agency, COURT);
    b->setup.known = &known;
    b->setup.known_count = 1;
    bench_restart(b);
    put_in_force(b, &law);
    expect_state(b, &law, "not ours");
    known.governance = b->court.pin;
    bench_restart(b);
    expect_state(b, &law, "active"); /* by the pack as it is now */
    bench_act(b, &b->court, CONCORDAT__ACT__SUSPEND, &law);
    expect_state(b, &law, "suspended");
    known.governance = b->csc.pin;
    bench_restart(b);
    bench_act(b, &b->court, CONCORDAT__ACT__REVOKE, &law); /* of what does not count here */
    known.governance = b->court.pin;
    bench_restart(b);
    expect_state(b, &law, "revoked"); /* nor is it forgotten when it does */
}

/* ---- what comes to an end ---- */

static void a_withdrawn_proposal_is_accepted_no_more(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");

    bench_act(b, &b->court, CONCORDAT__ACT__PROPOSE, &law);
    bench_act(b, &b->court, CONCORDAT__ACT__WITHDRAW, &law);
    bench_act(b, &b->nps, CONCORDAT__ACT__ACCEPT, &law);
    expect_state(b, &law, "withdrawn");
}

static void a_revoked_hash_never_comes_back(void **)
{
    OWNED(bench) b = bench_new();
    struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");

    put_in_force(b, &law);
    bench_act(b, &b->nps, CONCORDAT__ACT__REVOKE, &law);
    expect_state(b, &law, "revoked");
    law.predecessor = law.hash;
    law.proposal.bytes[2] = 1;
    put_in_force(b, &law);
    expect_state(b, &law, "revoked");
    law.predecessor = (struct digest){{0}};
    law.proposal.bytes[2] = 2;
    put_in_force(b, &law);
    expect_state(b, &law, "revoked");
}

static void an_older_version_never_comes_back(void **)
{
    OWNED(bench) b = bench_new();
    const struct law first = law_of(&b->court, &b->nps, "ISA-TEST", 3, "");
    struct law second = law_of(&b->court, &b->nps, "ISA-TEST", 4, "");
    struct law older = law_of(&b->court, &b->nps, "ISA-TEST", 2, "");

    put_in_force(b, &first);
    second.predecessor = first.hash;
    put_in_force(b, &second);
    expect_state(b, &first, "superseded");
    older.predecessor = second.hash;
    put_in_force(b, &older);
    expect_state(b, &second, "active");
    assert_true(is_in_force(b, &second));
    assert_false(is_in_force(b, &older));
}

/* ---- a broker that plays tricks ---- */

static void what_is_replayed_counts_once(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");

    put_in_force(b, &law);
    const struct made suspend =
        sign_act(&b->nps, CONCORDAT__ACT__SUSPEND, &law, &b->community, b->now_ms);
    bench_bring(b, &suspend);
    b->now_ms += MINUTE_MS;
    bench_act(b, &b->nps, CONCORDAT__ACT__RESUME, &law);
    expect_state(b, &law, "active");
    bench_bring(b, &suspend); /* under a new number */
    expect_state(b, &law, "active");
    const struct gazette_entry again = entry_of(&suspend, b->sequence - 6, b->now_ms);
    assert_int_equal(bench_take(b, &again), ST_OK); /* and under an old one */
    expect_state(b, &law, "active");
}

/* Behind what has come: another one under the number of the first, and one in a gap. */
static void what_comes_late_or_otherwise_is_never_folded(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    const struct made revoke =
        sign_act(&b->nps, CONCORDAT__ACT__REVOKE, &law, &b->community, b->now_ms);

    put_in_force(b, &law);
    for (uint64_t sequence = 1; sequence <= b->sequence; sequence++) {
        const struct gazette_entry entry = entry_of(&revoke, sequence, b->now_ms);
        assert_int_equal(bench_take(b, &entry), ST_OK);
        expect_state(b, &law, "active");
    }
    bench_bring(b, &revoke);
    expect_state(b, &law, "revoked");
}

static void a_text_that_is_swapped_is_not_what_was_signed(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, ""),
                     other = law_of(&b->court, &b->nps, "ISA-TEST", 1, "a second text");
    struct made made = sign_act(&b->court, CONCORDAT__ACT__PROPOSE, &law, &b->community, b->now_ms);

    made.text = (struct bytes){(const uint8_t *)other.text, other.size};
    bench_bring(b, &made);
    expect_state(b, &law, "unknown");
    expect_state(b, &other, "unknown");
    made.text = (struct bytes){NULL, 0};
    bench_bring(b, &made);
    expect_state(b, &law, "unknown");
    bench_act(b, &b->nps, CONCORDAT__ACT__ACCEPT, &law);
    expect_state(b, &law, "unknown");
}

/* A proposal that is withheld: nothing that rests on it counts. */
static void what_rests_on_a_withheld_entry_does_not_count(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");

    bench_act(b, &b->nps, CONCORDAT__ACT__ACCEPT, &law);
    expect_state(b, &law, "unknown");
    bench_act(b, &b->nps, CONCORDAT__ACT__SUSPEND, &law);
    expect_state(b, &law, "unknown");
}

static void with_crls_out_of_date_nothing_is_taken(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    const struct made made =
        sign_act(&b->court, CONCORDAT__ACT__PROPOSE, &law, &b->community, b->now_ms);

    b->now_ms += (BENCH_CRL_DAYS + 1) * TOWN_DAY_MS;
    const struct gazette_entry entry = entry_of(&made, 3, b->now_ms);
    assert_int_equal(bench_take(b, &entry), ST_CLOSED);
    assert_int_equal(gazette_last(b->gazette), 0);
    expect_state(b, &law, "unknown");
}

/* ---- a restart ---- */

static void a_verdict_is_of_the_day_the_entry_came(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    const struct mint_crl crl = {-60, BENCH_CRL_DAYS * MINT_DAY, 2};
    const uint8_t *der = b->nps.certificate;
    X509 *certificate = d2i_X509(NULL, &der, (long)b->nps.certificate_size);

    put_in_force(b, &law);
    assert_non_null(certificate);
    mint_revoke(b->mint, certificate);
    mint_write_crls(b->mint, b->folder, &crl, &crl);
    load_trust(b);
    expect_state(b, &law, "active"); /* it held when it came */
    bench_act(b, &b->nps, CONCORDAT__ACT__REVOKE, &law);
    expect_state(b, &law, "active"); /* and this did not */
    bench_act(b, &b->court, CONCORDAT__ACT__SUSPEND, &law);
    expect_state(b, &law, "suspended");
    X509_free(certificate);
}

static void who_joins_late_judges_as_of_the_day_it_was_published(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    const struct mint_crl crl = {-60, BENCH_CRL_DAYS * MINT_DAY, 2};
    const uint8_t *der = b->nps.certificate;
    X509 *certificate = d2i_X509(NULL, &der, (long)b->nps.certificate_size);
    const int64_t now_ms = b->now_ms;

    assert_non_null(certificate);
    mint_revoke(b->mint, certificate); /* today */
    mint_write_crls(b->mint, b->folder, &crl, &crl);
    load_trust(b);
    b->now_ms -= 60 * MINUTE_MS;
    put_in_force(b, &law);
    expect_state(b, &law, "active");
    b->now_ms = now_ms + MINUTE_MS;
    bench_act(b, &b->nps, CONCORDAT__ACT__REVOKE, &law);
    expect_state(b, &law, "active");
    X509_free(certificate);
}

static void a_damaged_entry_is_told_and_never_skipped(void **)
{
    OWNED(bench) b = bench_new();
    const struct law law = law_of(&b->court, &b->nps, "ISA-TEST", 1, "");
    uint8_t name[8];
    struct writer w = writer_of(name, sizeof name);
    struct reason why = {""};
    struct gazette *none = NULL;
    struct txn *txn;

    put_in_force(b, &law);
    write_u64(&w, 3);
    assert_int_equal(store_begin(b->store, true, &txn), ST_OK);
    assert_int_equal(store_put(txn, TREE_GAZETTE, (struct bytes){name, sizeof name},
                               (struct bytes){(const uint8_t *)"\1\2", 2}),
                     ST_OK);
    assert_int_equal(store_commit(txn), ST_OK);
    assert_int_equal(gazette_new(&b->setup, b->store, &none, &why), ST_INVALID);
    assert_string_equal(why.text, "entry 3 is damaged");
}

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % below;
}

struct sought {
    const struct law *law;
    bool stands;
};

static bool seek(void *context, const struct registrar_row *row)
{
    struct sought *sought = context;

    sought->stands |= digest_equal(&row->agreement->hash, &sought->law->hash)
                   && id_equal(&row->proposal_id, &sought->law->proposal);
    return true;
}

/* Has this very proposal been taken? */
static bool is_proposed(const struct bench *b, const struct law *law)
{
    struct sought sought = {.law = law};

    registrar_each(gazette_registrar(b->gazette), b->now_ms, seek, &sought);
    return sought.stands;
}

/* An instrument by chance, about some version, by somebody, perhaps spoilt. */
static void bring_any(struct bench *b, struct law laws[], size_t count, uint64_t *state)
{
    const struct governor *const who[] = {&b->court, &b->nps, &b->court, &b->nps,
                                          &b->court, &b->nps, &b->csc};
    static const Concordat__Act acts[] = {
        CONCORDAT__ACT__PROPOSE, CONCORDAT__ACT__ACCEPT,  CONCORDAT__ACT__ACCEPT,
        CONCORDAT__ACT__PROPOSE, CONCORDAT__ACT__ACCEPT,  CONCORDAT__ACT__WITHDRAW,
        CONCORDAT__ACT__REJECT,  CONCORDAT__ACT__RESUME,  CONCORDAT__ACT__ACCEPT,
        CONCORDAT__ACT__REVOKE,  CONCORDAT__ACT__SUSPEND, CONCORDAT__ACT__RESUME,
        CONCORDAT__ACT__ACCEPT,  CONCORDAT__ACT__SUSPEND, CONCORDAT__ACT__RESUME,
    };
    struct law *law = &laws[draw(state, (uint32_t)count)];
    const Concordat__Act act = acts[draw(state, LENGTH(acts))];
    const struct law before = *law;

    if (act == CONCORDAT__ACT__PROPOSE) {
        const struct agreement *head =
            agreement_set_find(registrar_set(gazette_registrar(b->gazette)), law->id);
        law->predecessor = head ? head->hash : (struct digest){{0}};
        law->proposal.bytes[3] = (uint8_t)draw(state, 8);
        law->proposal.bytes[4]++;
    }
    struct made made = sign_act(who[draw(state, LENGTH(who))], act, law, &b->community, b->now_ms);
    if (draw(state, 6) == 0)
        made.bytes[made.size - 1] ^= 1;
    if (draw(state, 20) == 0)
        b->now_ms += 31 * TOWN_DAY_MS / 4;
    bench_bring(b, &made);
    if (act == CONCORDAT__ACT__PROPOSE && !is_proposed(b, law))
        *law = before; /* what is accepted next is what stands */
}

static void a_restart_at_any_point_gives_the_same_set(void **)
{
    struct told *before = calloc(1, sizeof *before), *after = calloc(1, sizeof *after);
    size_t in_force = 0;

    assert_true(before && after);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        OWNED(bench) b = bench_new();
        uint64_t state = seed;
        struct law laws[] = {
            law_of(&b->court, &b->nps, "ISA-A", 1, ""),
            law_of(&b->court, &b->nps, "ISA-A", 2, ""),
            law_of(&b->court, &b->nps, "ISA-B", 1, ""),
        };
        for (int i = 0; i < 50 && b->now_ms < clock_wall_ms() + 60 * TOWN_DAY_MS; i++) {
            bring_any(b, laws, LENGTH(laws), &state);
            in_force += agreement_set_count(registrar_set(gazette_registrar(b->gazette)));
            tell_all(b, before);
            bench_restart(b);
            tell_all(b, after);
            if (strcmp(before->text, after->text) != 0)
                fail_msg("seed %llu, entry %d\n%safter a restart\n%s", (unsigned long long)seed, i,
                         before->text, after->text);
        }
    }
    assert_in_range(in_force, 41, SIZE_MAX); /* it was about something */
    free(before);
    free(after);
}

/* ---- two agents ---- */

static const char *const court_and_nps[] = {COURT, NPS};

/* A town whose agreements are signed. */
struct parish {
    struct town *town;
    struct governor court, nps;
    struct digest community;
    uint64_t sequence;
};

static void parish_free(struct parish *p)
{
    if (!p)
        return;
    town_free(p->town);
    governor_fini(&p->court);
    governor_fini(&p->nps);
    free(p);
}
OWN(parish)

static struct parish *parish_new(void)
{
    struct parish *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->town = town_new_bare(court_and_nps, 2);
    p->court = governor_new(town_mint(p->town), COURT, ".2");
    p->nps = governor_new(town_mint(p->town), NPS, ".2");
    p->court.signing = town_signing(p->town, 0);
    p->nps.signing = town_signing(p->town, 1);
    p->community = town_community(p->town);
    return p;
}

/* The next entry; shown to those of the bits in `to`. */
static void parish_act(struct parish *p, const struct governor *by, Concordat__Act act,
                       const struct law *law, unsigned to)
{
    const int64_t now_ms = town_now(p->town);
    const struct made made = sign_act(by, act, law, &p->community, now_ms);
    const struct gazette_entry entry = entry_of(&made, ++p->sequence, now_ms);

    for (size_t i = 0; i < 2; i++)
        if (to >> i & 1)
            town_entry(p->town, i, &entry);
}

static void parish_enact(struct parish *p, const struct law *law, unsigned to)
{
    parish_act(p, &p->court, CONCORDAT__ACT__PROPOSE, law, to);
    parish_act(p, &p->nps, CONCORDAT__ACT__ACCEPT, law, to);
}

static struct id parish_send(struct parish *p, Concordat__Outcome expected)
{
    const Concordat__Response *r =
        town_send(p->town, 0, "psr.request", NPS, "psr.request.json", NULL);
    struct id id = {{0}};

    if (r->outcome != expected)
        fail_msg("outcome %d: %s %s", (int)r->outcome,
                 r->n_problems > 0 ? r->problems[0]->text : "", r->advice);
    if (r->message_id.len == ID_SIZE)
        memcpy(id.bytes, r->message_id.data, ID_SIZE);
    return id;
}

static void what_is_signed_flows(void **)
{
    OWNED(parish) p = parish_new();
    const struct law law = law_of(&p->court, &p->nps, "ISA-TEST", 1, "");

    (void)parish_send(p, CONCORDAT__OUTCOME__REFUSED);
    parish_enact(p, &law, 3);
    town_settle(p->town);
    const struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, 0, &id), "queued accepted delivered");
    town_restart(p->town, 0);
    town_restart(p->town, 1);
    const struct id next = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, 0, &next), "queued accepted delivered");
}

/* The sender believes in its key; the recipient has seen what was signed. */
static void a_header_by_a_key_that_is_not_pinned_is_refused_at_the_recipient(void **)
{
    OWNED(parish) p = parish_new();
    struct governor other = p->court;

    other.signing.bytes[0] ^= 1;
    const struct law law = law_of(&other, &p->nps, "ISA-TEST", 1, "");
    const char *texts[] = {law.text};
    town_agree(p->town, 0, texts, 1);
    parish_enact(p, &law, 2);
    town_settle(p->town);
    const struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, 0, &id), "queued accepted rejected");
    assert_string_equal(town_detail(p->town, 0, &id), "SIGNER_NOT_PINNED");
    assert_int_equal(town_inbox(p->town, 1)->n_items, 0);
}

static void mail_under_a_version_is_taken_once_its_entry_has_come(void **)
{
    OWNED(parish) p = parish_new();
    const struct law first = law_of(&p->court, &p->nps, "ISA-TEST", 1, "");
    struct law second = law_of(&p->court, &p->nps, "ISA-TEST", 2, ""),
               third = law_of(&p->court, &p->nps, "ISA-TEST", 3, "");

    parish_enact(p, &first, 3);
    second.predecessor = first.hash;
    parish_enact(p, &second, 1);
    town_settle(p->town);
    struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE); /* the entry is withheld */
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, 0, &id), "queued accepted rejected");
    assert_string_equal(town_detail(p->town, 0, &id), "AGREEMENT_VERSION_STALE");
    p->sequence -= 2;
    parish_enact(p, &second, 2); /* in one batch with the mail, before it */
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, 0, &id), "queued accepted delivered");
    third.predecessor = second.hash;
    town_disconnect(p->town, 1);
    id = parish_send(p, CONCORDAT__OUTCOME__DONE); /* under the second, and then comes the third */
    town_connect(p->town, 1);
    parish_enact(p, &third, 3);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, 0, &id), "queued accepted delivered");
}

static void an_agent_asks_for_what_it_lacks(void **)
{
    OWNED(parish) p = parish_new();
    const struct law law = law_of(&p->court, &p->nps, "ISA-TEST", 1, "");
    uint64_t after = 99;

    assert_true(town_followed(p->town, 1, &after));
    assert_int_equal(after, 0);
    parish_enact(p, &law, 2);
    town_settle(p->town);
    assert_false(town_followed(p->town, 1, &after));
    town_restart(p->town, 1);
    assert_true(town_followed(p->town, 1, &after));
    assert_int_equal(after, 2);
}

static void with_crls_out_of_date_an_agent_neither_follows_nor_sends(void **)
{
    OWNED(parish) p = parish_new();
    const struct law law = law_of(&p->court, &p->nps, "ISA-TEST", 1, "");
    struct reason why;
    uint64_t after;

    parish_enact(p, &law, 3);
    town_settle(p->town);
    (void)parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    (void)town_followed(p->town, 0, &after);
    assert_false(town_dropped(p->town, 0, &why));
    const unsigned submits = town_counts(p->town).submits, steps = town_counts(p->town).steps;
    town_wait(p->town, (TOWN_CRL_DAYS + 1) * TOWN_DAY_MS);
    assert_true(town_dropped(p->town, 0, &why));
    assert_non_null(strstr(why.text, "CRLs are out of date"));
    (void)town_dropped(p->town, 1, &why);
    town_connect(p->town, 0); /* the uplink tries again, and again it is of no use */
    town_settle(p->town);
    assert_false(town_followed(p->town, 0, &after));
    (void)town_send(p->town, 0, "psr.request", NPS, "psr.request.json", NULL);
    town_settle(p->town);
    assert_true(town_dropped(p->town, 0, &why));
    assert_int_equal(town_counts(p->town).submits, submits);
    assert_int_equal(town_counts(p->town).steps, steps);
    town_renew_crls(p->town, 0);
    town_connect(p->town, 0);
    town_settle(p->town);
    assert_false(town_dropped(p->town, 0, &why));
    assert_true(town_followed(p->town, 0, &after));
    assert_int_equal(after, 2);
}

/* The first agreement in order pins another key of ours; the second one the right one. */
static void another_agreement_is_tried_when_our_key_does_not_count(void **)
{
    OWNED(parish) p = parish_new();
    const struct law first = law_of(&p->court, &p->nps, "ISA-A", 1, "");
    const struct instrument retire = {.act = CONCORDAT__ACT__RETIRE,
                                      .agency = COURT,
                                      .signing_key = p->court.signing,
                                      .signed_ms = town_now(p->town)};
    struct governor other = governor_new(town_mint(p->town), COURT, ".2");
    char hex[2 * DIGEST_SIZE + 1];

    parish_enact(p, &first, 3);
    other.signing = p->court.signing;
    const struct law own = law_of(&other, &p->nps, "ISA-B", 1, "");
    parish_act(p, &other, CONCORDAT__ACT__PROPOSE, &own, 3);
    parish_act(p, &p->nps, CONCORDAT__ACT__ACCEPT, &own, 3);
    struct made made = {.text = {NULL, 0}};
    struct reason why = {""};
    assert_int_equal(instrument_sign(&retire, p->court.key, certificate_of(&p->court),
                                     &p->community, made.bytes, sizeof made.bytes, &made.size,
                                     &why),
                     ST_OK);
    const struct gazette_entry entry = entry_of(&made, ++p->sequence, town_now(p->town));
    town_entry(p->town, 0, &entry);
    town_entry(p->town, 1, &entry);
    town_settle(p->town);
    const struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    assert_string_equal(town_track(p->town, 0, &id)->agreement_id, "ISA-B");
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, 0, &id), "queued accepted delivered");

    /* Under the first alone it is refused, with both keys' names. */
    parish_act(p, &p->nps, CONCORDAT__ACT__SUSPEND, &own, 3);
    town_settle(p->town);
    const Concordat__Response *r =
        town_send(p->town, 0, "psr.request", NPS, "psr.request.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED);
    hex_print(p->court.signing.bytes, DIGEST_SIZE, hex);
    if (!strstr(r->advice, "ISA-A v1") || !strstr(r->advice, hex))
        fail_msg("%s", r->advice);
    governor_fini(&other);
}

static void a_publisher_gets_the_broker_s_verdict_or_is_told_of_none(void **)
{
    OWNED(parish) p = parish_new();
    const struct law law = law_of(&p->court, &p->nps, "ISA-TEST", 1, "");
    const struct made made =
        sign_act(&p->court, CONCORDAT__ACT__PROPOSE, &law, &p->community, town_now(p->town));
    const struct bytes bytes = {made.bytes, made.size};
    const Concordat__Response *r = town_publish(p->town, 0, bytes, law.text);

    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(r->sequence, 1);
    town_mischief(p->town)->verdict = "not this one";
    r = town_publish(p->town, 0, bytes, law.text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_string_equal(r->problems[0]->text, "not this one");
    town_mischief(p->town)->no_verdict = true;
    r = town_publish(p->town, 0, bytes, law.text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__FAILED);
    assert_non_null(strstr(r->problems[0]->text, "no verdict"));
    town_disconnect(p->town, 0);
    r = town_publish(p->town, 0, bytes, law.text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__FAILED);
    r = town_publish(p->town, 0, (struct bytes){made.bytes, made.size - 1}, law.text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "instrument");
    /* A verdict is no entry: only what the gazette shows counts. */
    r = town_send(p->town, 0, "psr.request", NPS, "psr.request.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
}

static void notify(struct parish *p, const struct notice *notice)
{
    uint8_t bytes[NOTICE_MAX];
    size_t size;

    assert_int_equal(notice_write(notice, bytes, sizeof bytes, &size), ST_OK);
    const struct gazette_entry entry = {
        .sequence = ++p->sequence, .at_ms = town_now(p->town), .notice = {bytes, size}};
    town_entry(p->town, 1, &entry);
    town_settle(p->town);
}

static void notices_are_kept_for_those_they_name_and_change_nothing(void **)
{
    OWNED(parish) p = parish_new();
    const struct law law = law_of(&p->court, &p->nps, "ISA-TEST", 1, "");
    struct notice notice = {.kind = CONCORDAT__NOTICE_KIND__NOTICE_REVIEW_DUE,
                            .agreement_version = 1,
                            .due_ms = 86400000,
                            .to_count = 1};

    parish_enact(p, &law, 3);
    TEXT_COPY(notice.agreement_id, "ISA-TEST");
    TEXT_COPY(notice.to[0], NPS);
    notify(p, &notice);
    TEXT_COPY(notice.to[0], CSC); /* somebody else's: a broker that errs */
    notify(p, &notice);
    TEXT_COPY(notice.to[0], NPS);
    TEXT_COPY(notice.agency, COURT);
    notice.kind = CONCORDAT__NOTICE_KIND__NOTICE_REFUSALS_OVER_QUOTA;
    notice.count = 20;
    notify(p, &notice);
    town_restart(p->town, 1);
    town_settle(p->town);
    const Concordat__Response *r = town_notices(p->town, 1, 0);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(r->n_notices, 2);
    assert_string_equal(r->notices[0]->kind, "review-due");
    assert_string_equal(r->notices[0]->agreement_id, "ISA-TEST");
    assert_int_equal(r->notices[0]->sequence, 3);
    assert_string_equal(r->notices[1]->kind, "refusals-over-quota");
    assert_string_equal(r->notices[1]->agency, COURT);
    assert_int_equal(r->notices[1]->count, 20);
    r = town_notices(p->town, 1, 3);
    assert_int_equal(r->n_notices, 1);
    assert_int_equal(r->notices[0]->sequence, 5);
    assert_int_equal(town_notices(p->town, 1, 5)->n_notices, 0);
    assert_int_equal(town_notices(p->town, 1, UINT64_MAX)->n_notices, 0);
    const struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, 0, &id), "queued accepted delivered");
}

static void a_proposal_says_whose_signature_it_waits_for(void **)
{
    OWNED(parish) p = parish_new();
    const struct law law = law_of(&p->court, &p->nps, "ISA-TEST", 1, "");
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__AgreementsRequest all = CONCORDAT__AGREEMENTS_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_AGREEMENTS;
    request.agreements = &all;
    parish_act(p, &p->court, CONCORDAT__ACT__PROPOSE, &law, 3);
    town_settle(p->town);
    assert_false(town_ask(p->town, 0, &request)->agreements[0]->waits_for_us);
    assert_true(town_ask(p->town, 1, &request)->agreements[0]->waits_for_us);
    parish_act(p, &p->nps, CONCORDAT__ACT__ACCEPT, &law, 3);
    town_settle(p->town);
    assert_false(town_ask(p->town, 1, &request)->agreements[0]->waits_for_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_have_signed_is_in_force_and_nothing_less),
        cmocka_unit_test(a_signature_that_is_stripped_or_altered_counts_for_nothing),
        cmocka_unit_test(a_byte_of_what_is_signed_makes_it_another_thing),
        cmocka_unit_test(another_community_s_signature_counts_for_nothing),
        cmocka_unit_test(only_the_party_s_pinned_governance_key_speaks_for_it),
        cmocka_unit_test(a_text_that_pins_other_keys_for_us_never_counts_here),
        cmocka_unit_test(a_signing_key_that_is_renewed_leaves_our_agreements_ours),
        cmocka_unit_test(a_text_that_pins_another_key_than_the_join_pack_never_counts_here),
        cmocka_unit_test(a_withdrawn_proposal_is_accepted_no_more),
        cmocka_unit_test(a_revoked_hash_never_comes_back),
        cmocka_unit_test(an_older_version_never_comes_back),
        cmocka_unit_test(what_is_replayed_counts_once),
        cmocka_unit_test(what_comes_late_or_otherwise_is_never_folded),
        cmocka_unit_test(a_text_that_is_swapped_is_not_what_was_signed),
        cmocka_unit_test(what_rests_on_a_withheld_entry_does_not_count),
        cmocka_unit_test(with_crls_out_of_date_nothing_is_taken),
        cmocka_unit_test(a_verdict_is_of_the_day_the_entry_came),
        cmocka_unit_test(who_joins_late_judges_as_of_the_day_it_was_published),
        cmocka_unit_test(a_damaged_entry_is_told_and_never_skipped),
        cmocka_unit_test(a_restart_at_any_point_gives_the_same_set),
        cmocka_unit_test(what_is_signed_flows),
        cmocka_unit_test(a_header_by_a_key_that_is_not_pinned_is_refused_at_the_recipient),
        cmocka_unit_test(mail_under_a_version_is_taken_once_its_entry_has_come),
        cmocka_unit_test(an_agent_asks_for_what_it_lacks),
        cmocka_unit_test(with_crls_out_of_date_an_agent_neither_follows_nor_sends),
        cmocka_unit_test(another_agreement_is_tried_when_our_key_does_not_count),
        cmocka_unit_test(notices_are_kept_for_those_they_name_and_change_nothing),
        cmocka_unit_test(a_proposal_says_whose_signature_it_waits_for),
        cmocka_unit_test(a_publisher_gets_the_broker_s_verdict_or_is_told_of_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
