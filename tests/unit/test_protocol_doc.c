/*
 * docs/protocol.md says what the code does: every block of its worked example is computed again.
 *
 * Blocks are fenced as ```hex NAME. Some are given (keys, bodies, what was drawn at random), the
 * others follow from them. To write the example anew after a change of format:
 *     PROTOCOL_DOC_WRITE=docs/protocol.md test_protocol_doc
 */
#include "tests/unit/unit.h"

#include <openssl/ec.h>
#include <openssl/x509.h>

#include "agents/binding.h"
#include "agents/chunked.h"
#include "agents/crypto.h"
#include "agents/hpke.h"
#include "agents/seal.h"
#include "agreements/instrument.h"
#include "lib/sign.h"
#include "proto/bodies/psr.pb-c.h"
#include "proto/categories.pb-c.h"
#include "proto/field.h"
#include "proto/frame.h"
#include "proto/notice.h"
#include "proto/wire.h"
#include "tests/unit/told_sample.h"

#define BLOCKS_MAX 80
#define BLOCK_MAX 4096 /* bytes of one block */
#define NAME_MAX_ 48
#define LINE_BYTES 32
#define EXAMPLE_CATEGORY CONCORDAT__DATA_CATEGORY__DC_STAFF

struct block {
    char name[NAME_MAX_];
    uint8_t data[BLOCK_MAX];
    size_t size;
};

struct book {
    size_t count;
    struct block blocks[BLOCKS_MAX];
};

static const struct block *find(const struct book *book, const char *name)
{
    for (size_t i = 0; i < book->count; i++)
        if (strcmp(book->blocks[i].name, name) == 0)
            return &book->blocks[i];
    return NULL;
}

static struct bytes get(const struct book *book, const char *name)
{
    const struct block *block = find(book, name);

    if (!block)
        fail_msg("no block %s", name);
    return (struct bytes){block->data, block->size};
}

static void put(struct book *book, const char *name, const void *data, size_t size)
{
    assert_true(book->count < BLOCKS_MAX && size <= BLOCK_MAX && strlen(name) < NAME_MAX_);
    struct block *block = &book->blocks[book->count++];
    strcpy(block->name, name);
    memcpy(block->data, data, size);
    block->size = size;
}

static void put_bytes(struct book *book, const char *name, struct bytes bytes)
{
    put(book, name, bytes.data, bytes.size);
}

/* A block of a fixed size into a struct. */
static void fill(const struct book *book, const char *name, void *out, size_t size)
{
    struct bytes bytes = get(book, name);

    if (bytes.size != size)
        fail_msg("%s: %zu bytes instead of %zu", name, bytes.size, size);
    memcpy(out, bytes.data, size);
}

/* ---- what is given ---- */

static size_t make_body(uint8_t *out)
{
    Concordat__Body__PsrRequest body = CONCORDAT__BODY__PSR_REQUEST__INIT;
    Concordat__Body__Person defendant = CONCORDAT__BODY__PERSON__INIT;
    Concordat__Body__Name name = CONCORDAT__BODY__NAME__INIT;
    Concordat__Body__Offence offence = CONCORDAT__BODY__OFFENCE__INIT;
    Concordat__Body__Offence *offences[] = {&offence};
    Concordat__Body__OnBehalfOf officer = CONCORDAT__BODY__ON_BEHALF_OF__INIT;
    uint8_t salt[SALT_SIZE];

    sample_fill(salt, sizeof salt, 0xa0);
    name.forename = "Wren";
    name.surname = "Halloway";
    defendant.name = &name;
    offence.cjs_code = "TH68010";
    officer.officer = "clerk-7";
    officer.has_salt = 1;
    officer.salt = (ProtobufCBinaryData){sizeof salt, salt};
    body.hearing_id = "3b1f8c1e";
    body.court_ou = "B35CZ00";
    body.has_needed_by_ms = 1;
    body.needed_by_ms = SAMPLE_NOW_MS + 5 * 3600 * 1000;
    body.defendant = &defendant;
    body.n_offences = 1;
    body.offences = offences;
    body.has_requested_format = 1;
    body.requested_format = CONCORDAT__BODY__PSR_REQUEST__FORMAT__SHORT;
    body.on_behalf_of = &officer;
    return concordat__body__psr_request__pack(&body, out);
}

static void give_sealed(struct book *book)
{
    struct envelope e = sample_envelope();
    uint8_t private_key[SEALING_KEY_SIZE], public_key[SEALING_KEY_SIZE];
    uint8_t body[BLOCK_MAX], header[HEADER_MAX], sealed[BLOCK_MAX];
    struct bytes spki = get(book, "signing-public-key");
    size_t body_size = make_body(body), size;

    sample_fill(private_key, sizeof private_key, 0x80);
    assert_int_equal(x25519_public(private_key, public_key), ST_OK);
    put(book, "recipient-private-key", private_key, sizeof private_key);
    put(book, "body", body, body_size);

    struct digest signer_spki = sha256(spki.data, spki.size);
    OWNED(sealer) sealer = sealer_new(e.sender, signer_spki.bytes);
    assert_non_null(sealer);
    assert_int_equal(seal(sealer, &e, (struct bytes){body, body_size}, e.recipient_key_id,
                          public_key, SAMPLE_NOW_MS, sealed, sizeof sealed, &size),
                     ST_OK);
    put(book, "sealed", sealed, size);
    assert_int_equal(envelope_write(&e, header, sizeof header, &size), ST_OK);
    put(book, "header", header, size);
}

static void give_batch(struct book *book, EVP_PKEY *key, enum batch_use use, const char *prefix,
                       struct bytes content)
{
    struct digest signer;
    struct proof proofs[2];
    static const uint8_t other[] = "another header or step of the batch";
    struct bytes contents[] = {{other, sizeof other}, content};
    char name[NAME_MAX_];

    fill(book, "signer", signer.bytes, DIGEST_SIZE);
    assert_int_equal(
        batch_sign(use, key, &signer, get(book, "community").data, contents, 2, proofs), ST_OK);
    (void)snprintf(name, sizeof name, "%s-salt", prefix);
    put(book, name, proofs[1].salt, SALT_SIZE);
    (void)snprintf(name, sizeof name, "%s-path", prefix);
    put(book, name, proofs[1].path, proofs[1].length * DIGEST_SIZE);
    (void)snprintf(name, sizeof name, "%s-signature", prefix);
    put(book, name, proofs[1].signature, SIGNATURE_SIZE);
}

static void give_step(struct book *book, EVP_PKEY *key)
{
    struct bytes header = get(book, "header");
    struct step step = {
        .message_id = sample_envelope().message_id,
        .header_digest = sha256(header.data, header.size),
        .kind = CONCORDAT__STEP_KIND__DELIVERED,
        .at_ms = SAMPLE_NOW_MS + 420,
        .agency = "nps.cambs",
    };
    uint8_t bytes[STEP_MAX];
    size_t size;

    assert_int_equal(step_write(&step, bytes, sizeof bytes, &size), ST_OK);
    put(book, "step", bytes, size);
    give_batch(book, key, BATCH_STEPS, "step", (struct bytes){bytes, size});
}

static void give_instrument(struct book *book)
{
    struct instrument i = {.act = CONCORDAT__ACT__ACCEPT,
                           .agency = "csc.cambs",
                           .agreement_id = "ISA-CASE",
                           .agreement_version = 6,
                           .agreement_hash = sha256("the text of version 6\n", 22),
                           .predecessor_hash = sha256("the text of version 5\n", 22),
                           .proposal_expires_ms = 1778889600000,
                           .signed_ms = 1776297600000};
    uint8_t bytes[INSTRUMENT_MAX];
    size_t size;

    sample_fill(i.proposal_id.bytes, ID_SIZE, 0x40);
    assert_int_equal(instrument_write(&i, bytes, sizeof bytes, &size), ST_OK);
    put(book, "instrument", bytes, size);
}

static void give_statement(struct book *book, EVP_PKEY *key)
{
    struct key_statement k = {
        .agency = "nps.cambs",
        .from_ms = SAMPLE_NOW_MS,
        .seal_until_ms = SAMPLE_NOW_MS + INT64_C(7) * 86400 * 1000,
        .open_until_ms = SAMPLE_NOW_MS + INT64_C(60) * 86400 * 1000,
    };
    uint8_t bytes[STATEMENT_MAX], signature[SIGNATURE_SIZE];
    size_t size;

    memcpy(k.key_id, sample_envelope().recipient_key_id, KEY_ID_SIZE);
    assert_int_equal(x25519_public(get(book, "recipient-private-key").data, k.public_key), ST_OK);
    assert_int_equal(key_statement_write(&k, bytes, sizeof bytes, &size), ST_OK);
    put(book, "statement", bytes, size);
    assert_int_equal(key_statement_sign(key, get(book, "community").data,
                                        (struct bytes){bytes, size}, signature),
                     ST_OK);
    put(book, "statement-signature", signature, sizeof signature);
}

/* One signing key stands for sender's and recipient's: the example has one public key to print. */
static void give(struct book *book)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    unsigned char *spki = NULL;
    int spki_size = key ? i2d_PUBKEY(key, &spki) : 0;
    struct digest community = sha256("root certificate of the example", 31);
    struct digest signer = sha256("signing certificate of the example", 34);

    assert_true(spki_size > 0);
    put(book, "community", community.bytes, DIGEST_SIZE);
    put(book, "signer", signer.bytes, DIGEST_SIZE);
    put(book, "signing-public-key", spki, (size_t)spki_size);
    give_sealed(book);
    give_batch(book, key, BATCH_HEADERS, "batch", get(book, "header"));
    give_step(book, key);
    give_statement(book, key);
    give_instrument(book);
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
}

/* ---- what follows ---- */

static EVP_PKEY *public_key_of(const struct book *book)
{
    struct bytes spki = get(book, "signing-public-key");
    const unsigned char *at = spki.data;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki.size);

    assert_non_null(key);
    assert_ptr_equal(at, spki.data + spki.size);
    return key;
}

static struct proof proof_of(const struct book *given, const char *prefix)
{
    struct proof proof = {.index = 1, .count = 2, .length = 1};
    char name[NAME_MAX_];

    fill(given, "signer", proof.signer.bytes, DIGEST_SIZE);
    (void)snprintf(name, sizeof name, "%s-salt", prefix);
    fill(given, name, proof.salt, SALT_SIZE);
    (void)snprintf(name, sizeof name, "%s-path", prefix);
    fill(given, name, proof.path[0].bytes, DIGEST_SIZE);
    (void)snprintf(name, sizeof name, "%s-signature", prefix);
    fill(given, name, proof.signature, SIGNATURE_SIZE);
    return proof;
}

/* Leaf, root and signed bytes, from their definition; then the product's verification. */
static void follow_batch(const struct book *given, struct book *out, enum batch_use use,
                         const char *prefix, const char *label, struct bytes content)
{
    struct proof proof = proof_of(given, prefix);
    struct digest leaf = merkle_leaf(proof.salt, content.data, content.size), root;
    uint8_t signed_bytes[128];
    struct writer w = writer_of(signed_bytes, sizeof signed_bytes);
    char name[NAME_MAX_];
    EVP_PKEY *key = public_key_of(given);

    assert_true(merkle_root_from_path(&leaf, 1, 2, proof.path, 1, &root));
    write_bytes(&w, label, strlen(label));
    write_u8(&w, 0);
    write_bytes(&w, get(given, "community").data, DIGEST_SIZE);
    write_u32(&w, proof.count);
    write_bytes(&w, root.bytes, DIGEST_SIZE);
    assert_false(w.failed);
    (void)snprintf(name, sizeof name, "%s-leaf", prefix);
    put(out, name, leaf.bytes, DIGEST_SIZE);
    (void)snprintf(name, sizeof name, "%s-root", prefix);
    put(out, name, root.bytes, DIGEST_SIZE);
    (void)snprintf(name, sizeof name, "%s-signed", prefix);
    put(out, name, signed_bytes, w.size);

    struct bytes whole = {signed_bytes, w.size};
    assert_int_equal(sign_verify(key, &whole, 1, proof.signature, SIGNATURE_SIZE), ST_OK);
    assert_int_equal(batch_verify(use, NULL, key, get(given, "community").data, content, &proof),
                     ST_OK);
    EVP_PKEY_free(key);
}

static struct envelope envelope_of(const struct book *given)
{
    OWNED(arena) arena = arena_new(HEAD_ARENA, HEAD_ARENA);
    struct envelope e;
    struct reason why = {0};

    assert_non_null(arena);
    memset(&e, 0, sizeof e);
    if (envelope_read(get(given, "header"), arena, &e, &why) != ST_OK)
        fail_msg("header: %s", why.text);
    return e;
}

static void put_binding(struct book *out, const char *name, const struct binding *binding)
{
    put_bytes(out, name, binding_bytes(binding));
}

/* Where the example's section lies. */
static struct bytes section_bytes(const struct book *given, const struct envelope *e,
                                  const struct sealed_section **section)
{
    struct bytes sealed = get(given, "sealed");
    struct reader r = reader_of(sealed.data, sealed.size);

    for (uint32_t i = 0; i < e->section_count; i++) {
        struct bytes bytes = read_bytes(&r, e->sections[i].sealed_size);
        assert_true(bytes.data != NULL);
        *section = &e->sections[i];
        if (e->sections[i].category == EXAMPLE_CATEGORY)
            return bytes;
    }
    fail_msg("no section of category %d", EXAMPLE_CATEGORY);
    return (struct bytes){NULL, 0};
}

static void follow_sealing(const struct book *given, struct book *out)
{
    static const uint8_t zero_nonce[GCM_NONCE_SIZE];
    struct envelope e = envelope_of(given);
    struct bytes spki = get(given, "signing-public-key");
    struct digest signer_spki = sha256(spki.data, spki.size);
    struct bytes private_key = get(given, "recipient-private-key");
    struct binding info, exporter, aad, context;
    const struct sealed_section *section = NULL; /* GCC cannot see that the call below sets it */
    struct bytes sealed = section_bytes(given, &e, &section);
    struct hpke_context hpke;
    uint8_t public_key[SEALING_KEY_SIZE], kek[GCM_KEY_SIZE], content_key[CHUNKED_KEY_SIZE];
    uint8_t plain[BLOCK_MAX];
    size_t size;

    seal_info(binding_start(&info), &e, signer_spki.bytes);
    seal_exporter_context(binding_start(&exporter), &e, EXAMPLE_CATEGORY);
    seal_wrap_aad(binding_start(&aad), &e, EXAMPLE_CATEGORY);
    seal_content_context(binding_start(&context), &e, EXAMPLE_CATEGORY);
    put_binding(out, "hpke-info", &info);
    put_binding(out, "exporter-context", &exporter);
    put_binding(out, "wrap-aad", &aad);
    put_binding(out, "content-context", &context);

    assert_int_equal(private_key.size, SEALING_KEY_SIZE);
    assert_int_equal(x25519_public(private_key.data, public_key), ST_OK);
    assert_int_equal(hpke_setup_recipient(HPKE_AES_256_GCM, e.encapsulation, private_key.data,
                                          binding_bytes(&info), &hpke),
                     ST_OK);
    assert_int_equal(hpke_export(&hpke, binding_bytes(&exporter), kek, sizeof kek), ST_OK);
    assert_int_equal(gcm_open(kek, zero_nonce, binding_bytes(&aad),
                              (struct bytes){section->wrap, WRAP_SIZE}, content_key),
                     ST_OK);
    assert_int_equal(
        chunked_open(content_key, binding_bytes(&context), sealed, plain, sizeof plain, &size),
        ST_OK);
    put(out, "recipient-public-key", public_key, sizeof public_key);
    put(out, "encapsulation", e.encapsulation, SEALING_KEY_SIZE);
    put(out, "exporter-secret", hpke.exporter_secret, sizeof hpke.exporter_secret);
    put(out, "wrapping-key", kek, sizeof kek);
    put(out, "wrap", section->wrap, WRAP_SIZE);
    put(out, "content-key", content_key, sizeof content_key);
    put(out, "section-plain", plain, size);
    put_bytes(out, "section-sealed", sealed);
}

/* The whole message opens with the printed key and is the printed body. */
static void check_opening(const struct book *given)
{
    struct envelope e = envelope_of(given);
    struct bytes spki = get(given, "signing-public-key"), body = get(given, "body");
    struct digest signer_spki = sha256(spki.data, spki.size);
    uint8_t opened[BLOCK_MAX];
    struct reason why = {0};
    size_t size = 0;

    if (open_sealed(&e, signer_spki.bytes, get(given, "sealed"),
                    get(given, "recipient-private-key").data, opened, sizeof opened, &size, &why)
        != ST_OK)
        fail_msg("the example does not open: %s", why.text);
    assert_int_equal(size, body.size);
    assert_memory_equal(opened, body.data, size);
}

static void follow_frame(struct book *out, const char *name, const struct wire *wire,
                         size_t body_size)
{
    OWNED(arena) arena = arena_new(HEAD_ARENA, HEAD_ARENA);
    uint8_t bytes[BLOCK_MAX];
    struct wire back;
    size_t size;

    assert_int_equal(wire_write(wire, body_size, bytes, sizeof bytes, &size), ST_OK);
    put(out, name, bytes, size);
    assert_int_equal(
        wire_read((struct bytes){bytes + FRAME_PREFIX, size - FRAME_PREFIX}, arena, &back, NULL),
        ST_OK);
    assert_int_equal(back.kind, wire->kind);
}

static void follow_frames(const struct book *given, struct book *out)
{
    struct envelope e = envelope_of(given);
    struct bytes header = get(given, "header");
    struct wire submit = {.kind = WIRE_SUBMIT}, receipt = {.kind = WIRE_RECEIPT};
    struct wire evidence = {.kind = WIRE_STEP};

    submit.submit.header = header;
    submit.submit.proof = proof_of(given, "batch");
    follow_frame(out, "submit-frame", &submit, get(given, "sealed").size);
    receipt.receipt.receipt = (struct receipt){
        .message_id = e.message_id,
        .header_digest = sha256(header.data, header.size),
        .sequence = 42,
        .accepted_ms = SAMPLE_NOW_MS + 3,
        .agreement_hash = e.agreement_hash,
    };
    strcpy(receipt.receipt.receipt.clause, e.clause);
    follow_frame(out, "receipt-frame", &receipt, 0);
    evidence.step.sequence = 1;
    evidence.step.step = get(given, "step");
    evidence.step.proof = proof_of(given, "step");
    follow_frame(out, "evidence-frame", &evidence, 0);
}

/* Nobody's keys are in these, so nothing is given. */
static void follow_notice(struct book *out)
{
    struct notice notice = {.kind = CONCORDAT__NOTICE_KIND__NOTICE_REVIEW_DUE,
                            .agreement_id = "ISA-CASE",
                            .agreement_version = 6,
                            .count = 30,
                            .due_ms = 1779494400000,
                            .to_count = 2,
                            .to = {"csc.cambs", "nps.cambs"}},
                  back;
    OWNED(arena) arena = arena_new(HEAD_ARENA, HEAD_ARENA);
    struct wire entry = {.kind = WIRE_GAZETTE};
    uint8_t bytes[512];
    size_t size;

    assert_int_equal(notice_write(&notice, bytes, sizeof bytes, &size), ST_OK);
    assert_int_equal(notice_read((struct bytes){bytes, size}, arena, &back, NULL), ST_OK);
    put(out, "notice", bytes, size);
    entry.gazette.sequence = 45;
    entry.gazette.at_ms = SAMPLE_NOW_MS + 60000;
    entry.gazette.notice = (struct bytes){bytes, size};
    follow_frame(out, "entry-frame", &entry, 0);
}

static void follow_gazette(const struct book *given, struct book *out)
{
    struct bytes header = get(given, "header");
    struct wire follow = {.kind = WIRE_GAZETTE}, verdict = {.kind = WIRE_GAZETTE};
    struct wire withheld = {.kind = WIRE_WITHHELD};

    follow.gazette.follow = true;
    follow.gazette.after = 41;
    follow_frame(out, "follow-frame", &follow, 0);
    verdict.gazette.request = 1;
    verdict.gazette.published = true;
    verdict.gazette.after = 44;
    follow_frame(out, "published-frame", &verdict, 0);
    verdict.gazette.published = false;
    verdict.gazette.after = 0;
    verdict.gazette.why = "proposal_id: used before";
    follow_frame(out, "unpublished-frame", &verdict, 0);
    follow_notice(out);
    withheld.withheld.sequence = 46;
    withheld.withheld.withheld =
        (struct withheld){.message_id = envelope_of(given).message_id,
                          .header_digest = sha256(header.data, header.size),
                          .code = CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED,
                          .withheld_ms = SAMPLE_NOW_MS + 120000};
    follow_frame(out, "withheld-frame", &withheld, 0);
}

static void follow_instrument(const struct book *given, struct book *out)
{
    struct bytes bytes = get(given, "instrument");
    uint8_t again[INSTRUMENT_MAX], signed_bytes[512];
    struct writer w = writer_of(signed_bytes, sizeof signed_bytes);
    struct instrument i;
    size_t size;

    assert_int_equal(instrument_read(bytes, &i, NULL), ST_OK);
    assert_int_equal(i.act, CONCORDAT__ACT__ACCEPT);
    assert_string_equal(i.agreement_id, "ISA-CASE");
    assert_int_equal(instrument_write(&i, again, sizeof again, &size), ST_OK);
    assert_int_equal(size, bytes.size);
    assert_memory_equal(again, bytes.data, size);
    write_bytes(&w, "concordat/1 governance", sizeof "concordat/1 governance");
    write_bytes(&w, get(given, "community").data, DIGEST_SIZE);
    write_bytes(&w, bytes.data, bytes.size);
    assert_false(w.failed);
    put(out, "instrument-signed", signed_bytes, w.size);
}

static void follow_statement(const struct book *given, struct book *out)
{
    struct bytes statement = get(given, "statement");
    struct signed_statement s = {.statement = statement};
    uint8_t signed_bytes[STATEMENT_MAX + 64];
    struct writer w = writer_of(signed_bytes, sizeof signed_bytes);
    struct key_statement k;
    EVP_PKEY *key = public_key_of(given);

    assert_int_equal(key_statement_read(statement, NULL, &k, NULL), ST_OK);
    assert_memory_equal(k.public_key, get(out, "recipient-public-key").data, SEALING_KEY_SIZE);
    write_bytes(&w, "concordat/1 key", 15);
    write_u8(&w, 0);
    write_bytes(&w, get(given, "community").data, DIGEST_SIZE);
    write_bytes(&w, statement.data, statement.size);
    assert_false(w.failed);
    put(out, "statement-signed", signed_bytes, w.size);

    struct bytes whole = {signed_bytes, w.size};
    fill(given, "statement-signature", s.signature, SIGNATURE_SIZE);
    assert_int_equal(sign_verify(key, &whole, 1, s.signature, SIGNATURE_SIZE), ST_OK);
    assert_int_equal(key_statement_verify(key, get(given, "community").data, &s), ST_OK);
    EVP_PKEY_free(key);
}

static void follow_claim(const struct book *given, struct book *out)
{
    struct claim claim = sample_claim(), back;
    uint8_t bytes[CLAIM_MAX], signed_bytes[CLAIM_MAX + 64], signature[SIGNATURE_SIZE];
    struct writer w = writer_of(signed_bytes, sizeof signed_bytes);
    const uint8_t *community = get(given, "community").data;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    size_t size;

    assert_int_equal(claim_write(&claim, bytes, sizeof bytes, &size), ST_OK);
    assert_int_equal(claim_read((struct bytes){bytes, size}, NULL, &back, NULL), ST_OK);
    put(out, "claim", bytes, size);
    write_bytes(&w, "concordat/1 claim", 17);
    write_u8(&w, 0);
    write_bytes(&w, community, DIGEST_SIZE);
    write_bytes(&w, bytes, size);
    assert_false(w.failed);
    put(out, "claim-signed", signed_bytes, w.size);
    /* What is printed is what a signature covers. */
    assert_non_null(key);
    assert_int_equal(claim_sign(key, community, (struct bytes){bytes, size}, signature), ST_OK);
    struct bytes whole = {signed_bytes, w.size};
    assert_int_equal(sign_verify(key, &whole, 1, signature, SIGNATURE_SIZE), ST_OK);
    EVP_PKEY_free(key);
}

static void follow_told(struct book *out, const char *name, const struct told *told)
{
    static uint8_t bytes[TOLD_MAX];
    struct wire wire = {.kind = WIRE_TOLD};
    size_t size;

    assert_int_equal(told_write(told, bytes, sizeof bytes, &size), ST_OK);
    wire.told.sequence = 47;
    wire.told.kind = bytes[0];
    wire.told.told = (struct bytes){bytes + 1, size - 1};
    follow_frame(out, name, &wire, 0);
}

static void follow_cases(const struct book *given, struct book *out)
{
    struct envelope offer = sample_offer();
    struct told custody = sample_custody_told(), clock = sample_clock_told();
    struct wire ask = {.kind = WIRE_CASE}, answer = {.kind = WIRE_CASE};
    uint8_t header[HEADER_MAX];
    size_t size;

    assert_int_equal(envelope_write(&offer, header, sizeof header, &size), ST_OK);
    put_bytes(out, "custody", field_find((struct bytes){header, size}, 32));
    follow_claim(given, out);
    ask.case_frame.request = 2;
    ask.case_frame.ask = (struct bytes){offer.case_handle.bytes, ID_SIZE};
    follow_frame(out, "ask-frame", &ask, 0);
    answer.case_frame.request = 2;
    answer.case_frame.answered = true;
    answer.case_frame.code = CONCORDAT__REFUSAL_CODE__CASE_NOT_YOURS;
    follow_frame(out, "not-yours-frame", &answer, 0);
    follow_told(out, "custody-frame", &custody);
    follow_told(out, "clock-frame", &clock);
}

static void follow(const struct book *given, struct book *out)
{
    struct bytes header = get(given, "header"), step = get(given, "step");
    struct bytes spki = get(given, "signing-public-key");
    struct digest digest = sha256(header.data, header.size);

    put(out, "header-digest", digest.bytes, DIGEST_SIZE);
    digest = sha256(spki.data, spki.size);
    put(out, "signer-spki", digest.bytes, DIGEST_SIZE);
    digest = sha256(step.data, step.size);
    put(out, "step-digest", digest.bytes, DIGEST_SIZE);
    follow_batch(given, out, BATCH_HEADERS, "batch", "concordat/1 batch", header);
    follow_batch(given, out, BATCH_STEPS, "step", "concordat/1 evidence", step);
    follow_sealing(given, out);
    follow_statement(given, out);
    follow_instrument(given, out);
    follow_frames(given, out);
    follow_gazette(given, out);
    follow_cases(given, out);
    check_opening(given);
}

/* ---- the document ---- */

static const char fence[] = "```hex ";

static char *read_document(void)
{
    FILE *file = fopen(SOURCE_DIR "/docs/protocol.md", "rb");
    char *text = calloc(1, 1 << 20);

    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    (void)fclose(file);
    return text;
}

static void read_block(struct book *book, const char *name, const char *from, const char *to)
{
    char hex[2 * BLOCK_MAX + 1];
    uint8_t data[BLOCK_MAX];
    size_t digits = 0;

    for (; from < to; from++)
        if (*from != '\n' && *from != ' ') {
            assert_true(digits < 2 * BLOCK_MAX);
            hex[digits++] = *from;
        }
    hex[digits] = '\0';
    if (digits == 0 || !hex_parse(hex, data, digits / 2))
        fail_msg("block %s is not hexadecimal", name);
    if (find(book, name))
        fail_msg("block %s comes twice", name);
    put(book, name, data, digits / 2);
}

static void read_blocks(const char *text, struct book *book)
{
    for (const char *at = text; (at = strstr(at, fence));) {
        const char *name_at = at + strlen(fence), *line_end = strchr(name_at, '\n');
        char name[NAME_MAX_] = "";
        assert_true(line_end && line_end - name_at < NAME_MAX_);
        memcpy(name, name_at, (size_t)(line_end - name_at));
        const char *end = strstr(line_end, "```");
        assert_non_null(end);
        read_block(book, name, line_end + 1, end);
        at = end + 3;
    }
}

static void write_block(FILE *file, const struct block *block)
{
    for (size_t at = 0; at < block->size; at += LINE_BYTES) {
        char hex[2 * LINE_BYTES + 1];
        size_t left = block->size - at;
        hex_print(block->data + at, left < LINE_BYTES ? left : LINE_BYTES, hex);
        (void)fprintf(file, "%s\n", hex);
    }
}

/* The document with the content of every block replaced. */
static void write_document(const char *path, const char *text, const struct book *given,
                           const struct book *followed)
{
    FILE *file = fopen(path, "wb");
    const char *done = text;

    assert_non_null(file);
    for (const char *at = text; (at = strstr(at, fence));) {
        const char *name_at = at + strlen(fence), *line_end = strchr(name_at, '\n');
        char name[NAME_MAX_] = "";
        assert_true(line_end && line_end - name_at < NAME_MAX_);
        memcpy(name, name_at, (size_t)(line_end - name_at));
        (void)fwrite(done, 1, (size_t)(line_end + 1 - done), file);
        const struct block *block = find(given, name);
        block = block ? block : find(followed, name);
        if (!block)
            fail_msg("no value for block %s", name);
        write_block(file, block);
        done = at = strstr(line_end, "```");
        assert_non_null(done);
        at += 3;
    }
    (void)fputs(done, file);
    assert_int_equal(fclose(file), 0);
}

static struct book doc, given_now, followed;

static void the_worked_example_is_what_the_code_does(void **)
{
    char *text = read_document();
    const char *path = getenv("PROTOCOL_DOC_WRITE");

    if (path) {
        give(&given_now);
        follow(&given_now, &followed);
        write_document(path, text, &given_now, &followed);
        free(text);
        text = read_document();
        followed.count = 0;
    }
    read_blocks(text, &doc);
    free(text);
    follow(&doc, &followed);
    for (size_t i = 0; i < followed.count; i++) {
        const struct block *want = &followed.blocks[i];
        struct bytes printed = get(&doc, want->name);
        if (printed.size != want->size || memcmp(printed.data, want->data, want->size) != 0)
            fail_msg("block %s is not what the code computes", want->name);
    }
    printf("%zu blocks read, %zu computed again\n", doc.count, followed.count);
}

/* A block that nothing reads would be wrong one day without anybody noticing. */
static void every_block_is_given_or_follows(void **)
{
    static const char *const given[] = {
        "community",
        "signer",
        "signing-public-key",
        "recipient-private-key",
        "body",
        "header",
        "sealed",
        "batch-salt",
        "batch-path",
        "batch-signature",
        "step",
        "step-salt",
        "step-path",
        "step-signature",
        "statement",
        "statement-signature",
        "instrument",
    };

    for (size_t i = 0; i < doc.count; i++) {
        bool known = find(&followed, doc.blocks[i].name) != NULL;
        for (size_t j = 0; j < LENGTH(given); j++)
            known = known || strcmp(given[j], doc.blocks[i].name) == 0;
        if (!known)
            fail_msg("block %s is of no use", doc.blocks[i].name);
    }
    assert_int_equal(doc.count, followed.count + LENGTH(given));
}

/* The given header is the sample's but for what sealing fills in; the given body is read. */
static void the_example_tells_the_sample_s_story(void **)
{
    struct envelope e = envelope_of(&doc), sample = sample_envelope();

    assert_true(id_equal(&e.message_id, &sample.message_id));
    assert_string_equal(e.sender, sample.sender);
    assert_string_equal(e.recipient, sample.recipient);
    assert_int_equal(e.created_ms, SAMPLE_NOW_MS);
    assert_int_equal(e.section_count, 3);
    assert_int_equal(e.body_size, get(&doc, "sealed").size);
    for (uint32_t i = 0, at = 0; i < e.section_count; at += e.sections[i++].sealed_size) {
        struct digest digest = sha256(get(&doc, "sealed").data + at, e.sections[i].sealed_size);
        assert_true(digest_equal(&digest, &e.sections[i].sealed_sha256));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_example_is_what_the_code_does),
        cmocka_unit_test(every_block_is_given_or_follows),
        cmocka_unit_test(the_example_tells_the_sample_s_story),
    };
    return cmocka_run_group_tests_name("protocol_doc", tests, NULL, NULL);
}
