/* Frame heads, steps and key statements: there and back, and nothing malformed gets in. */
#include "tests/unit/unit.h"

#include <openssl/ec.h>

#include "lib/clock.h"
#include "lib/sign.h"
#include "proto/frame.h"
#include "proto/wire.h"
#include "tests/unit/told_sample.h"

#define FRAME_ROOM (FRAME_PREFIX + HEAD_MAX)

static struct arena *arena;
static uint8_t *room; /* FRAME_ROOM bytes */

static int make_room(void **)
{
    arena = arena_new(HEAD_ARENA, HEAD_ARENA);
    room = malloc(FRAME_ROOM);
    return arena && room ? 0 : -1;
}

static int free_room(void **)
{
    arena_free(arena);
    free(room);
    return 0;
}

static struct bytes write_head(const struct wire *wire)
{
    size_t size;

    assert_int_equal(wire_write(wire, 0, room, FRAME_ROOM, &size), ST_OK);
    struct reader r = reader_of(room, size);
    assert_int_equal(read_u32(&r), size - FRAME_PREFIX);
    assert_int_equal(read_u32(&r), 0);
    return (struct bytes){room + FRAME_PREFIX, size - FRAME_PREFIX};
}

static void read_head(struct bytes head, struct wire *out)
{
    struct reason why = {0};

    if (wire_read(head, arena, out, &why) != ST_OK)
        fail_msg("%s", why.text);
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void assert_bytes(struct bytes a, struct bytes b)
{
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
}

static void assert_proof(const struct proof *a, const struct proof *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

static struct id id_of(uint8_t start)
{
    struct id id;

    sample_fill(id.bytes, ID_SIZE, start);
    return id;
}

static struct digest digest_of(uint8_t start)
{
    struct digest digest;

    sample_fill(digest.bytes, DIGEST_SIZE, start);
    return digest;
}

static struct signed_statement sample_signed(const char *statement)
{
    struct signed_statement s = {.statement = text(statement), .signer = digest_of(1)};

    sample_fill(s.signature, SIGNATURE_SIZE, 2);
    return s;
}

#define WIRES 21

/* Where told messages and a claim lie while they are used. */
static struct bytes told_bytes(enum told_kind kind)
{
    static uint8_t kept[2][TOLD_MAX];
    struct told told = kind == TOLD_CUSTODY ? sample_custody_told() : sample_clock_told();
    uint8_t *at = kept[kind == TOLD_CLOCK];
    size_t size;

    assert_int_equal(told_write(&told, at, TOLD_MAX, &size), ST_OK);
    return (struct bytes){at + 1, size - 1};
}

static struct bytes claim_bytes(void)
{
    static uint8_t kept[CLAIM_MAX];
    struct claim claim = sample_claim();
    size_t size;

    assert_int_equal(claim_write(&claim, kept, sizeof kept, &size), ST_OK);
    return (struct bytes){kept, size};
}

static void sample_told_and_case(struct wire out[static 5])
{
    static const uint8_t handle[ID_SIZE + 1] = {7};

    for (size_t i = 0; i < 2; i++) {
        out[i].kind = WIRE_TOLD;
        out[i].told.sequence = 90 + i;
        out[i].told.kind = (uint8_t)(TOLD_CUSTODY + i);
        out[i].told.told = told_bytes((enum told_kind)(TOLD_CUSTODY + i));
    }
    out[2].kind = out[3].kind = out[4].kind = WIRE_CASE;
    out[2].case_frame.request = 4;
    out[2].case_frame.claim = claim_bytes();
    out[2].case_frame.signer = digest_of(1);
    sample_fill(out[2].case_frame.signature, SIGNATURE_SIZE, 2);
    out[3].case_frame.request = 5;
    out[3].case_frame.ask = (struct bytes){handle, ID_SIZE};
    out[4].case_frame.request = 5;
    out[4].case_frame.answered = true;
    out[4].case_frame.code = CONCORDAT__REFUSAL_CODE__STALE_VERSION;
    out[4].case_frame.custody = told_bytes(TOLD_CUSTODY);
}

/* One of each kind; `entries` and lists must outlive it. */
static void sample_wires(struct wire out[static WIRES], const struct directory_entry *entry)
{
    static const uint8_t community[DIGEST_SIZE] = {1};
    static const uint64_t sequences[] = {1, 127, 128, UINT64_MAX};
    static const char *const wanted[] = {"nps.cambs", "csc.cambs"};
    static struct digest certificates[2];

    certificates[0] = digest_of(5);
    certificates[1] = digest_of(6);
    memset(out, 0, WIRES * sizeof *out);
    out[0].kind = WIRE_HELLO;
    out[0].hello.version = 1;
    out[0].hello.community = (struct bytes){community, DIGEST_SIZE};
    out[0].hello.signing_certificate = text("a certificate");
    out[0].hello.credit = 1024;
    out[0].hello.credit_size = 1 << 23;
    out[1].kind = WIRE_WELCOME;
    out[1].welcome.version = 1;
    out[1].welcome.broker = "broker.cambs";
    out[1].welcome.now_ms = SAMPLE_NOW_MS;
    out[1].welcome.credit = 7;
    out[1].welcome.credit_size = 8;
    out[2].kind = WIRE_SUBMIT;
    out[2].submit.header = text("header bytes");
    out[2].submit.proof = sample_proof();
    out[3].kind = WIRE_RECEIPT;
    out[3].receipt.receipt = (struct receipt){
        .message_id = id_of(1),
        .header_digest = digest_of(2),
        .sequence = 99,
        .accepted_ms = SAMPLE_NOW_MS,
        .agreement_hash = digest_of(3),
        .clause = "psr-request",
    };
    out[4].kind = WIRE_REFUSAL;
    out[4].refusal.sequence = 4;
    out[4].refusal.refusal = (struct refusal){
        .message_id = id_of(1),
        .header_digest = digest_of(2),
        .code = CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED,
        .offending = 1u << 7 | 1u << 24,
        .agreement_id = "cambs-pre-sentence",
        .agreement_version = 3,
        .clause = "psr-request",
        .refused_ms = SAMPLE_NOW_MS,
    };
    out[5].kind = WIRE_STEP;
    out[5].step.sequence = UINT64_MAX;
    out[5].step.step = text("step bytes");
    out[5].step.proof = sample_proof();
    out[6].kind = WIRE_DELIVER;
    out[6].deliver.sequence = 5;
    out[6].deliver.again = true;
    out[6].deliver.accepted_ms = SAMPLE_NOW_MS;
    out[6].deliver.header = text("header bytes");
    out[6].deliver.proof = sample_proof();
    out[7].kind = WIRE_SETTLE;
    out[7].settle.count = LENGTH(sequences);
    out[7].settle.sequences = sequences;
    out[8].kind = WIRE_CREDIT;
    out[8].credit.credit = 3;
    out[8].credit.credit_size = 4096;
    out[9].kind = WIRE_DIRECTORY;
    out[9].directory.request = 12;
    out[9].directory.wanted_count = LENGTH(wanted);
    out[9].directory.wanted = wanted;
    out[9].directory.entry_count = 1;
    out[9].directory.entries = entry;
    out[9].directory.has_publish = true;
    out[9].directory.publish = sample_signed("statement 3");
    out[9].directory.certificate_count = LENGTH(certificates);
    out[9].directory.wanted_certificates = certificates;
    out[10].kind = WIRE_REFUSE;
    out[10].refuse.code = "version";
    out[10].refuse.advice = "this broker speaks version 1";
    out[11].kind = WIRE_PING;
    out[11].ping.token = UINT64_MAX;
    out[11].ping.answer = true;
    out[12].kind = WIRE_BYE;
    out[12].bye.why = "draining";
    out[13].kind = WIRE_WITHHELD;
    out[13].withheld.sequence = 9;
    sample_fill(out[13].withheld.withheld.message_id.bytes, ID_SIZE, 7);
    out[13].withheld.withheld.header_digest = sha256("header", 6);
    out[13].withheld.withheld.code = CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED;
    out[13].withheld.withheld.withheld_ms = SAMPLE_NOW_MS;
    out[14].kind = WIRE_GAZETTE;
    out[14].gazette.sequence = 77;
    out[14].gazette.at_ms = SAMPLE_NOW_MS;
    out[14].gazette.instrument = text("\n\x03"
                                      "act"
                                      "\x12\x02"
                                      "by"
                                      "\x1a\x04"
                                      "sign");
    out[15].kind = WIRE_GAZETTE;
    out[15].gazette.request = 5;
    out[15].gazette.why = "the proposal has lapsed";
    sample_told_and_case(out + 16);
}

static struct directory_entry sample_entry(void)
{
    return (struct directory_entry){
        .agency = "nps.cambs",
        .known = true,
        .certificate_count = 2,
        .key_count = 2,
        .certificates = {text("certificate 1"), text("certificate 2")},
        .keys = {sample_signed("statement 1"), sample_signed("statement 2")},
    };
}

static void assert_statement(const struct signed_statement *a, const struct signed_statement *b)
{
    assert_bytes(a->statement, b->statement);
    assert_true(digest_equal(&a->signer, &b->signer));
    assert_memory_equal(a->signature, b->signature, SIGNATURE_SIZE);
}

static void assert_directory(const struct wire *a, const struct wire *b)
{
    assert_int_equal(a->directory.request, b->directory.request);
    assert_int_equal(a->directory.wanted_count, b->directory.wanted_count);
    for (uint32_t i = 0; i < a->directory.wanted_count; i++)
        assert_string_equal(a->directory.wanted[i], b->directory.wanted[i]);
    assert_int_equal(a->directory.certificate_count, b->directory.certificate_count);
    for (uint32_t i = 0; i < a->directory.certificate_count; i++)
        assert_true(digest_equal(&a->directory.wanted_certificates[i],
                                 &b->directory.wanted_certificates[i]));
    assert_int_equal(a->directory.has_publish, b->directory.has_publish);
    assert_statement(&a->directory.publish, &b->directory.publish);
    assert_int_equal(a->directory.entry_count, b->directory.entry_count);
    const struct directory_entry *x = a->directory.entries, *y = b->directory.entries;
    assert_string_equal(x->agency, y->agency);
    assert_int_equal(x->known, y->known);
    assert_int_equal(x->certificate_count, y->certificate_count);
    assert_int_equal(x->key_count, y->key_count);
    for (uint32_t i = 0; i < x->certificate_count; i++)
        assert_bytes(x->certificates[i], y->certificates[i]);
    for (uint32_t i = 0; i < x->key_count; i++)
        assert_statement(&x->keys[i], &y->keys[i]);
}

static void every_kind_comes_back_as_it_was(void **)
{
    struct directory_entry entry = sample_entry();
    struct wire wires[WIRES], back;
    const struct wire *w = wires;

    sample_wires(wires, &entry);
    for (size_t i = 0; i < WIRES; i++) {
        read_head(write_head(&wires[i]), &back);
        assert_int_equal(back.kind, wires[i].kind);
        switch (back.kind) {
        case WIRE_HELLO:
            assert_bytes(back.hello.community, w[i].hello.community);
            assert_bytes(back.hello.signing_certificate, w[i].hello.signing_certificate);
            assert_int_equal(back.hello.version, 1);
            assert_int_equal(back.hello.credit, 1024);
            assert_int_equal(back.hello.credit_size, 1 << 23);
            break;
        case WIRE_WELCOME:
            assert_string_equal(back.welcome.broker, "broker.cambs");
            assert_int_equal(back.welcome.now_ms, SAMPLE_NOW_MS);
            assert_int_equal(back.welcome.credit, 7);
            assert_int_equal(back.welcome.credit_size, 8);
            break;
        case WIRE_SUBMIT:
            assert_bytes(back.submit.header, w[i].submit.header);
            assert_proof(&back.submit.proof, &w[i].submit.proof);
            break;
        case WIRE_RECEIPT:
            assert_memory_equal(&back.receipt, &w[i].receipt, sizeof back.receipt);
            break;
        case WIRE_REFUSAL:
            assert_memory_equal(&back.refusal, &w[i].refusal, sizeof back.refusal);
            break;
        case WIRE_STEP:
            assert_bytes(back.step.step, w[i].step.step);
            assert_proof(&back.step.proof, &w[i].step.proof);
            assert_true(back.step.sequence == UINT64_MAX);
            break;
        case WIRE_DELIVER:
            assert_bytes(back.deliver.header, w[i].deliver.header);
            assert_proof(&back.deliver.proof, &w[i].deliver.proof);
            assert_int_equal(back.deliver.sequence, 5);
            assert_true(back.deliver.again);
            assert_int_equal(back.deliver.accepted_ms, SAMPLE_NOW_MS);
            break;
        case WIRE_SETTLE:
            assert_int_equal(back.settle.count, w[i].settle.count);
            assert_memory_equal(back.settle.sequences, w[i].settle.sequences,
                                back.settle.count * sizeof(uint64_t));
            break;
        case WIRE_CREDIT:
            assert_int_equal(back.credit.credit, 3);
            assert_int_equal(back.credit.credit_size, 4096);
            break;
        case WIRE_DIRECTORY:
            assert_directory(&back, &w[i]);
            break;
        case WIRE_WITHHELD:
            assert_memory_equal(&back.withheld, &w[i].withheld, sizeof back.withheld);
            break;
        case WIRE_TOLD:
            assert_int_equal(back.told.sequence, w[i].told.sequence);
            assert_int_equal(back.told.kind, w[i].told.kind);
            assert_bytes(back.told.told, w[i].told.told);
            break;
        case WIRE_CASE:
            assert_int_equal(back.case_frame.request, w[i].case_frame.request);
            assert_bytes(back.case_frame.claim, w[i].case_frame.claim);
            assert_bytes(back.case_frame.ask, w[i].case_frame.ask);
            assert_bytes(back.case_frame.custody, w[i].case_frame.custody);
            assert_true(digest_equal(&back.case_frame.signer, &w[i].case_frame.signer));
            assert_memory_equal(back.case_frame.signature, w[i].case_frame.signature,
                                SIGNATURE_SIZE);
            assert_int_equal(back.case_frame.answered, w[i].case_frame.answered);
            assert_int_equal(back.case_frame.code, w[i].case_frame.code);
            break;
        case WIRE_GAZETTE:
            assert_int_equal(back.gazette.request, w[i].gazette.request);
            assert_int_equal(back.gazette.sequence, w[i].gazette.sequence);
            assert_int_equal(back.gazette.at_ms, w[i].gazette.at_ms);
            assert_bytes(back.gazette.instrument, w[i].gazette.instrument);
            assert_string_equal(back.gazette.why, w[i].gazette.why ? w[i].gazette.why : "");
            break;
        case WIRE_REFUSE:
            assert_string_equal(back.refuse.code, w[i].refuse.code);
            assert_string_equal(back.refuse.advice, w[i].refuse.advice);
            break;
        case WIRE_PING:
            assert_true(back.ping.token == UINT64_MAX && back.ping.answer);
            break;
        case WIRE_BYE:
            assert_string_equal(back.bye.why, "draining");
            break;
        }
    }
}

/* Of every kind: each cut, each changed byte. What is still read writes the same bytes. */
static void nothing_malformed_gets_in(void **)
{
    struct directory_entry entry = sample_entry();
    struct wire wires[WIRES], back;
    size_t cuts = 0, refused = 0, taken = 0, size;
    uint8_t *again = malloc(FRAME_ROOM);

    sample_wires(wires, &entry);
    for (size_t i = 0; i < WIRES; i++) {
        struct bytes head = write_head(&wires[i]);
        for (size_t cut = 0; cut < head.size; cut++, cuts++) {
            uint8_t *exact = malloc(cut + 1);
            memcpy(exact, head.data, cut);
            assert_int_not_equal(wire_read((struct bytes){exact, cut}, arena, &back, NULL), ST_OK);
            free(exact);
        }
        for (size_t at = 0; at < head.size; at++) {
            uint8_t was = head.data[at];
            for (unsigned flip = 1; flip < 256; flip += flip < 8 ? 1 : 5) {
                room[FRAME_PREFIX + at] = (uint8_t)(was ^ flip);
                if (wire_read(head, arena, &back, NULL) != ST_OK) {
                    refused++;
                    continue;
                }
                taken++;
                assert_int_equal(wire_write(&back, 0, again, FRAME_ROOM, &size), ST_OK);
                assert_int_equal(size, FRAME_PREFIX + head.size);
                assert_memory_equal(again + FRAME_PREFIX, head.data, head.size);
            }
            room[FRAME_PREFIX + at] = was;
        }
    }
    free(again);
    printf("%zu cuts, %zu mutations refused, %zu read as another frame\n", cuts, refused, taken);
}

static void sizes_inside_a_head_are_checked(void **)
{
    struct directory_entry entry = sample_entry();
    struct wire wires[WIRES], back;
    static const uint8_t zeroes[HEADER_MAX + 1];

#define REFUSED(index, ...)                                                                        \
    do {                                                                                           \
        sample_wires(wires, &entry);                                                               \
        struct wire *w = &wires[index];                                                            \
        __VA_ARGS__;                                                                               \
        assert_int_equal(wire_read(write_head(w), arena, &back, NULL), ST_INVALID);                \
    } while (0)

    REFUSED(0, w->hello.community.size--);
    REFUSED(0, w->hello.signing_certificate.size = 0);
    REFUSED(1, w->welcome.broker = "Broker");
    REFUSED(2, w->submit.header.size = 0);
    REFUSED(2, w->submit.header = ((struct bytes){zeroes, HEADER_MAX + 1}));
    REFUSED(2, w->submit.proof.index = 5);
    REFUSED(2, w->submit.proof.count = 0);
    REFUSED(2, w->submit.proof.count = BATCH_LEAVES_MAX + 1);
    REFUSED(2, memset(w->submit.proof.salt, 0, SALT_SIZE));
    REFUSED(2, memset(w->submit.proof.signature, 0, SIGNATURE_SIZE));
    REFUSED(2, w->submit.proof.signer = (struct digest){0});
    REFUSED(3, w->receipt.receipt.message_id = (struct id){0});
    REFUSED(3, w->receipt.receipt.header_digest = (struct digest){0});
    REFUSED(3, w->receipt.receipt.agreement_hash = (struct digest){0});
    REFUSED(3, w->receipt.receipt.clause[0] = '\0');
    REFUSED(4, w->refusal.refusal.code = 0);
    REFUSED(4, w->refusal.refusal.code = 1000);
    REFUSED(4, w->refusal.refusal.offending |= 1);
    REFUSED(4, w->refusal.refusal.header_digest = (struct digest){0});
    REFUSED(5, w->step.step.size = 0);
    REFUSED(5, w->step.step = ((struct bytes){zeroes, STEP_MAX + 1}));
    REFUSED(6, w->deliver.header = ((struct bytes){zeroes, HEADER_MAX + 1}));
    REFUSED(3, w->receipt.receipt.accepted_ms = 0);
    REFUSED(3, w->receipt.receipt.accepted_ms = INT64_MAX);
    REFUSED(6, w->deliver.accepted_ms = -1);
    REFUSED(6, w->deliver.accepted_ms = TIME_MAX_MS + 1);
    static const char *const bad[] = {"Nps", "nps.cambs"};
    REFUSED(9, w->directory.wanted = bad);
    REFUSED(9, w->directory.publish.statement = ((struct bytes){zeroes, STATEMENT_MAX + 1}));
    REFUSED(9, w->directory.publish.signer = (struct digest){0});
    struct directory_entry nameless = entry;
    nameless.agency[0] = '\0';
    REFUSED(9, w->directory.entries = &nameless);
    static const uint8_t handle[ID_SIZE + 1] = {1};
    REFUSED(16, w->told.told.size = 0);
    REFUSED(17, w->told.told.size = 0);
    REFUSED(16, w->told.sequence = 0);
    REFUSED(17, w->told.sequence = 0);
    REFUSED(18, w->case_frame.signer = (struct digest){0});
    REFUSED(18, memset(w->case_frame.signature, 0, SIGNATURE_SIZE));
    REFUSED(18, w->case_frame.claim = ((struct bytes){zeroes, CLAIM_MAX + 1}));
    REFUSED(18, w->case_frame.ask = ((struct bytes){handle, ID_SIZE}));
    REFUSED(18, w->case_frame.answered = true);
    REFUSED(18, w->case_frame.claim.size = 0);
    REFUSED(19, w->case_frame.ask.size = ID_SIZE - 1);
    REFUSED(19, w->case_frame.ask.size = ID_SIZE + 1);
    REFUSED(19, w->case_frame.ask.size = 0);
    REFUSED(19, w->case_frame.code = CONCORDAT__REFUSAL_CODE__STALE_VERSION);
    REFUSED(19, w->case_frame.custody = told_bytes(TOLD_CUSTODY));
    REFUSED(20, w->case_frame.answered = false);
    REFUSED(20, w->case_frame.code = 1000);
#undef REFUSED
}

static void a_refusal_may_lack_what_could_not_be_read(void **)
{
    struct wire back, w = {
                          .kind = WIRE_REFUSAL,
                          .refusal.refusal = {.header_digest = digest_of(2),
                                              .code = CONCORDAT__REFUSAL_CODE__HEADER_INVALID,
                                              .refused_ms = 1},
                      };

    read_head(write_head(&w), &back);
    assert_true(id_is_zero(&back.refusal.refusal.message_id));
    assert_int_equal(back.refusal.refusal.code, CONCORDAT__REFUSAL_CODE__HEADER_INVALID);
    assert_int_equal(back.refusal.refusal.offending, 0);
}

static void the_largest_settle_fits_and_no_larger_is_read(void **)
{
    static uint64_t sequences[SETTLE_MAX];
    struct wire w = {.kind = WIRE_SETTLE, .settle = {SETTLE_MAX, sequences}}, back;

    for (size_t i = 0; i < SETTLE_MAX; i++)
        sequences[i] = UINT64_MAX - i;
    read_head(write_head(&w), &back);
    assert_memory_equal(back.settle.sequences, sequences, sizeof sequences);

    uint8_t head[4 + 2 + SETTLE_MAX + 1];
    struct writer out = writer_of(head, sizeof head);
    write_bytes(&out, "\x32\x84\x08\x0a\x81\x08", 6); /* settle of 1028 bytes: a list of 1025 */
    for (size_t i = 0; i < SETTLE_MAX + 1; i++)
        write_u8(&out, 1);
    assert_int_equal(wire_read((struct bytes){head, out.size}, arena, &back, NULL), ST_INVALID);
}

/* The header must survive the arena's next use, since envelope_read resets it. */
static void headers_and_steps_lie_in_the_head(void **)
{
    struct envelope e = sample_envelope(), read;
    uint8_t header[HEADER_MAX];
    struct wire w = {.kind = WIRE_SUBMIT, .submit.proof = sample_proof()}, back;
    size_t size;

    assert_int_equal(envelope_write(&e, header, sizeof header, &size), ST_OK);
    w.submit.header = (struct bytes){header, size};
    struct bytes head = write_head(&w);
    read_head(head, &back);
    assert_true(back.submit.header.data > head.data
                && back.submit.header.data + size <= head.data + head.size);
    assert_int_equal(envelope_read(back.submit.header, arena, &read, NULL), ST_OK);
    assert_bytes(back.submit.header, w.submit.header);
    assert_memory_equal(&read, &e, envelope_size(&e));
}

static void writing_needs_room(void **)
{
    struct directory_entry entry = sample_entry();
    struct wire wires[WIRES];
    uint8_t small[4096];
    size_t size, got = 77;

    sample_wires(wires, &entry);
    for (size_t i = 0; i < WIRES; i++) {
        assert_int_equal(wire_write(&wires[i], 0, small, sizeof small, &size), ST_OK);
        for (size_t less = 0; less < size; less++) {
            uint8_t *exact = malloc(less + 1);
            assert_int_equal(wire_write(&wires[i], 0, exact, less, &got), ST_LIMIT);
            free(exact);
        }
    }
    assert_int_equal(got, 77);
    assert_int_equal(wire_write(&wires[0], SEALED_MAX + 1, small, sizeof small, &got), ST_LIMIT);
}

static struct step sample_step(Concordat__StepKind kind)
{
    struct step step = {
        .message_id = id_of(1),
        .header_digest = digest_of(2),
        .kind = kind,
        .previous = digest_of(3),
        .at_ms = SAMPLE_NOW_MS,
        .agency = "nps.cambs",
    };

    if (kind == CONCORDAT__STEP_KIND__REJECTED)
        step.rejected = CONCORDAT__REFUSAL_CODE__CANNOT_OPEN;
    if (kind == CONCORDAT__STEP_KIND__DECLINED)
        step.declined = CONCORDAT__DECLINE_REASON__NO_CAPACITY;
    if (kind == CONCORDAT__STEP_KIND__ANSWERED)
        step.reply_id = id_of(9);
    return step;
}

static void every_step_comes_back_as_it_was(void **)
{
    uint8_t bytes[STEP_MAX];
    size_t size;

    for (Concordat__StepKind kind = 1; kind <= CONCORDAT__STEP_KIND__ANSWERED; kind++) {
        struct step step = sample_step(kind), back = {0};
        assert_int_equal(step_write(&step, bytes, sizeof bytes, &size), ST_OK);
        assert_int_equal(step_read((struct bytes){bytes, size}, arena, &back, NULL), ST_OK);
        assert_memory_equal(&back, &step, sizeof step);
        assert_string_not_equal(step_name(kind), "?");
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(step_read((struct bytes){bytes, cut}, arena, &back, NULL), ST_INVALID);
    }
    assert_int_equal(step_read((struct bytes){room, STEP_MAX + 1}, arena, &(struct step){0}, NULL),
                     ST_LIMIT);
}

static void a_step_has_what_its_kind_needs_and_no_more(void **)
{
    uint8_t bytes[STEP_MAX];
    struct step back;
    size_t size;

#define REFUSED(kind_, ...)                                                                        \
    do {                                                                                           \
        struct step s = sample_step(CONCORDAT__STEP_KIND__##kind_);                                \
        __VA_ARGS__;                                                                               \
        assert_int_equal(step_write(&s, bytes, sizeof bytes, &size), ST_OK);                       \
        assert_int_equal(step_read((struct bytes){bytes, size}, arena, &back, NULL), ST_INVALID);  \
    } while (0)

    REFUSED(DELIVERED, s.kind = 0);
    REFUSED(DELIVERED, s.kind = 7);
    REFUSED(DELIVERED, s.message_id = (struct id){0});
    REFUSED(DELIVERED, s.header_digest = (struct digest){0});
    REFUSED(DELIVERED, s.at_ms = 0);
    REFUSED(DELIVERED, s.agency[0] = '\0');
    REFUSED(DELIVERED, s.rejected = CONCORDAT__REFUSAL_CODE__CANNOT_OPEN);
    REFUSED(DELIVERED, s.declined = CONCORDAT__DECLINE_REASON__NO_CAPACITY);
    REFUSED(DELIVERED, s.reply_id = id_of(1));
    REFUSED(REJECTED, s.rejected = 0);
    REFUSED(REJECTED, s.rejected = 1000);
    REFUSED(DECLINED, s.declined = 0);
    REFUSED(ANSWERED, s.reply_id = (struct id){0});
#undef REFUSED
}

static struct key_statement sample_statement(void)
{
    struct key_statement k = {
        .agency = "nps.cambs",
        .from_ms = SAMPLE_NOW_MS,
        .seal_until_ms = SAMPLE_NOW_MS + INT64_C(7) * 86400 * 1000,
        .open_until_ms = SAMPLE_NOW_MS + INT64_C(60) * 86400 * 1000,
    };

    sample_fill(k.key_id, KEY_ID_SIZE, 1);
    sample_fill(k.public_key, SEALING_KEY_SIZE, 2);
    return k;
}

static void a_key_statement_comes_back_and_verifies(void **)
{
    static const uint8_t community[DIGEST_SIZE] = {1}, elsewhere[DIGEST_SIZE] = {2};
    struct key_statement k = sample_statement(), back = {0};
    uint8_t bytes[STATEMENT_MAX];
    size_t size;
    EVP_PKEY *key = EVP_EC_gen("P-256");

    assert_non_null(key);
    assert_int_equal(key_statement_write(&k, bytes, sizeof bytes, &size), ST_OK);
    struct signed_statement s = {.statement = {bytes, size}};
    assert_int_equal(key_statement_read(s.statement, arena, &back, NULL), ST_OK);
    assert_memory_equal(&back, &k, sizeof k);
    assert_int_equal(key_statement_sign(key, community, s.statement, s.signature), ST_OK);
    assert_int_equal(key_statement_verify(key, community, &s), ST_OK);
    assert_int_equal(key_statement_verify(key, elsewhere, &s), ST_FORGED);
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= 1;
        assert_int_equal(key_statement_verify(key, community, &s), ST_FORGED);
        bytes[at] ^= 1;
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(key_statement_read((struct bytes){bytes, cut}, arena, &back, NULL),
                         ST_INVALID);
    EVP_PKEY_free(key);
}

static void a_key_statement_s_times_are_in_order(void **)
{
    static const int64_t bad[][3] = {{0, 2, 3}, {-1, 2, 3}, {2, 2, 3},
                                     {3, 2, 4}, {1, 3, 2},  {1, 0, 0}};
    uint8_t bytes[STATEMENT_MAX];
    size_t size;

    for (size_t i = 0; i < LENGTH(bad); i++) {
        struct key_statement k = sample_statement(), back;
        k.from_ms = bad[i][0];
        k.seal_until_ms = bad[i][1];
        k.open_until_ms = bad[i][2];
        assert_int_equal(key_statement_write(&k, bytes, sizeof bytes, &size), ST_OK);
        assert_int_equal(key_statement_read((struct bytes){bytes, size}, arena, &back, NULL),
                         ST_INVALID);
    }
}

static void the_longest_names_fit(void **)
{
    struct key_statement k = sample_statement(), back;
    struct step step = sample_step(CONCORDAT__STEP_KIND__ANSWERED), step_back;
    uint8_t bytes[STEP_MAX];
    size_t size;

    memset(k.agency, 'a', AGENCY_MAX);
    memset(step.agency, 'a', AGENCY_MAX);
    k.from_ms = INT64_MAX - 2;
    k.seal_until_ms = INT64_MAX - 1;
    step.at_ms = k.open_until_ms = INT64_MAX;
    assert_int_equal(key_statement_write(&k, bytes, sizeof bytes, &size), ST_OK);
    printf("key statement %zu bytes", size);
    assert_int_equal(key_statement_read((struct bytes){bytes, size}, arena, &back, NULL), ST_OK);
    assert_int_equal(step_write(&step, bytes, sizeof bytes, &size), ST_OK);
    printf(", step %zu bytes\n", size);
    assert_int_equal(step_read((struct bytes){bytes, size}, arena, &step_back, NULL), ST_OK);
}

static void every_code_has_name_and_advice(void **)
{
    const ProtobufCEnumDescriptor *codes = &concordat__refusal_code__descriptor;
    unsigned retryable = 0;

    for (unsigned i = 1; i < codes->n_values; i++) {
        Concordat__RefusalCode code = (Concordat__RefusalCode)codes->values[i].value;
        assert_string_equal(refusal_name(code), codes->values[i].name);
        assert_true(strlen(refusal_advice(code)) > 10);
        retryable += refusal_is_retryable(code);
    }
    assert_int_equal(retryable, 2);
    assert_string_equal(refusal_name((Concordat__RefusalCode)1000), "?");
    assert_string_equal(refusal_advice(0), "");
    printf("%u codes\n", codes->n_values - 1);
}

/* Not a limit, only told. */
static void it_is_quick(void **)
{
    struct envelope e = sample_envelope();
    uint8_t header[HEADER_MAX];
    struct wire w = {.kind = WIRE_SUBMIT, .submit.proof = sample_proof()}, back;
    size_t size, written;
    const int rounds = 20000;

    assert_int_equal(envelope_write(&e, header, sizeof header, &size), ST_OK);
    w.submit.header = (struct bytes){header, size};
    struct bytes head = write_head(&w);
    int64_t start = clock_monotonic_ns();
    for (int i = 0; i < rounds; i++)
        assert_int_equal(wire_read(head, arena, &back, NULL), ST_OK);
    int64_t middle = clock_monotonic_ns();
    for (int i = 0; i < rounds; i++)
        assert_int_equal(wire_write(&w, 0, room, FRAME_ROOM, &written), ST_OK);
    printf("submit of %zu bytes: read %lld ns, write %lld ns\n", head.size,
           (long long)((middle - start) / rounds),
           (long long)((clock_monotonic_ns() - middle) / rounds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back_as_it_was),
        cmocka_unit_test(nothing_malformed_gets_in),
        cmocka_unit_test(sizes_inside_a_head_are_checked),
        cmocka_unit_test(a_refusal_may_lack_what_could_not_be_read),
        cmocka_unit_test(the_largest_settle_fits_and_no_larger_is_read),
        cmocka_unit_test(headers_and_steps_lie_in_the_head),
        cmocka_unit_test(writing_needs_room),
        cmocka_unit_test(every_step_comes_back_as_it_was),
        cmocka_unit_test(a_step_has_what_its_kind_needs_and_no_more),
        cmocka_unit_test(a_key_statement_comes_back_and_verifies),
        cmocka_unit_test(a_key_statement_s_times_are_in_order),
        cmocka_unit_test(the_longest_names_fit),
        cmocka_unit_test(every_code_has_name_and_advice),
        cmocka_unit_test(it_is_quick),
    };
    return cmocka_run_group_tests_name("wire", tests, make_room, free_room);
}
