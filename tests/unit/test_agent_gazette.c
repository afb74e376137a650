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
struct heard {
    char text[16 * 1024];
    size_t size;
    const struct digest *hash; /* of the one whose state is asked; NULL: all */
};

static bool tell(void *context, const struct registrar_row *row)
{
    struct heard *t = context;
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

static void tell_all(const struct bench *b, struct heard *out)
{
    out->size = 0;
    out->text[0] = '\0';
    out->hash = NULL;
    registrar_each(gazette_registrar(b->gazette), b->now_ms, tell, out);
}

/* And through a restart too: whatever is said is said by a new process as well. */
static void expect_state(struct bench *b, const struct law *law, const char *expected)
{
    struct heard *told = calloc(1, sizeof *told);

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
    struct heard *before = calloc(1, sizeof *before), *after = calloc(1, sizeof *after);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
