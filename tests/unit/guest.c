#include "tests/unit/guest.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>

#include "proto/frame.h"

static const char certificate[] = "certificate of nps.a";
static const uint8_t community[DIGEST_SIZE] = "a community of tests";

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* The public point of a private number that anybody may know. */
static EVP_PKEY *make_key(void)
{
    const struct digest number = sha256("guest", 5);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BIGNUM *d = BN_bin2bn(number.bytes, DIGEST_SIZE, NULL);
    EC_POINT *point = EC_POINT_new(group);
    uint8_t public[65];
    EVP_PKEY *key = NULL;

    must(EC_POINT_mul(group, point, d, NULL, NULL, NULL) == 1);
    must(
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, public, sizeof public, NULL)
        == sizeof public);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    must(OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1
         && OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public, sizeof public)
                == 1
         && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    must(EVP_PKEY_fromdata_init(context) == 1
         && EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) == 1);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EC_POINT_free(point);
    BN_free(d);
    EC_GROUP_free(group);
    return key;
}

static enum status check(void *context, struct bytes der, struct identity *out, EVP_PKEY **key,
                         struct reason *why)
{
    struct guest *guest = context;

    if (der.size != sizeof certificate || memcmp(der.data, certificate, der.size) != 0) {
        reason_set(why, "not the certificate");
        return ST_FORGED;
    }
    *out = (struct identity){.id = "nps.a", .use = USE_SIGNING, .until_ms = INT64_MAX};
    must(EVP_PKEY_up_ref(guest->key) == 1);
    *key = guest->key;
    return ST_OK;
}

static void raise_alarm(void *context, const struct session *, const char *event,
                        const struct reason *)
{
    struct guest *guest = context;

    guest->alarms++;
    guest->alarm = event;
}

void guest_start(struct guest *guest)
{
    static EVP_PKEY *key; /* one for all: fuzzing makes many guests */
    const struct identity peer = {.id = "nps.a", .use = USE_TRANSPORT};

    if (!key)
        key = make_key();
    memset(guest, 0, sizeof *guest);
    must(EVP_PKEY_up_ref(key) == 1);
    guest->key = key;
    guest->arena = arena_new(4096, HEAD_ARENA);
    guest->cache = batch_cache_new();
    guest->rules = (struct session_rules){.community = community,
                                          .broker = "broker",
                                          .context = guest,
                                          .check = check,
                                          .check_governance = check,
                                          .check_officer = check,
                                          .alarm = raise_alarm,
                                          .arena = guest->arena,
                                          .cache = guest->cache,
                                          .turn = &guest->turn};
    guest->session = session_new(GUEST_ID, &guest->rules);
    must(guest->arena && guest->cache && guest->session);
    session_identify(guest->session, &peer);
}

void guest_stop(struct guest *guest)
{
    session_free(guest->session);
    turn_fini(&guest->turn);
    batch_cache_free(guest->cache);
    arena_free(guest->arena);
    EVP_PKEY_free(guest->key);
}

enum status guest_feed(struct guest *guest, const uint8_t *data, size_t size)
{
    for (;;) {
        enum status status = session_run(guest->session, GUEST_NOW_MS);
        size_t room;

        if (status == ST_OK)
            continue;
        if (status != ST_MORE || size == 0)
            return status;
        uint8_t *into = session_room(guest->session, &room);
        must(into != NULL);
        room = room < size ? room : size;
        memcpy(into, data, room);
        session_filled(guest->session, room);
        data += room;
        size -= room;
    }
}

static enum status answer(struct guest *guest, const struct command *command)
{
    union {
        struct effect head;
        struct effect_welcome welcome;
        struct effect_receipt receipt;
        struct effect_settle settle;
        struct effect_verdict verdict;
    } e = {.head = {.size = sizeof e,
                    .kind = EFFECT_RELEASE,
                    .session = command->session,
                    .released = 1,
                    .charge = command->charge}};
    const void *whole = command;

    if (command->kind == COMMAND_DRAINED)
        return ST_OK; /* nobody waits for an answer */
    if (command->kind == COMMAND_HELLO) {
        e.head.kind = EFFECT_WELCOME;
        e.welcome.member = 3;
    } else if (command->kind == COMMAND_SUBMIT) {
        e.head.kind = EFFECT_RECEIPT;
        e.receipt.receipt.message_id = ((const struct command_submit *)whole)->message_id;
        e.receipt.receipt.header_digest = ((const struct command_submit *)whole)->header_digest;
        e.receipt.receipt.agreement_hash = ((const struct command_submit *)whole)->agreement_hash;
        e.receipt.receipt.sequence = 1;
        e.receipt.receipt.accepted_ms = GUEST_NOW_MS;
        strcpy(e.receipt.receipt.clause, "clause");
    } else if (command->kind == COMMAND_STEP) {
        e.head.kind = EFFECT_SETTLE;
        e.settle.sequence = ((const struct command_step *)whole)->sequence;
    } else if (command->kind == COMMAND_GAZETTE) {
        e.head.kind = EFFECT_VERDICT;
        e.verdict.request = ((const struct command_gazette *)whole)->request;
        e.verdict.sequence = 1;
    }
    return session_effect(guest->session, &e.head, GUEST_NOW_MS);
}

enum status guest_answer(struct guest *guest, unsigned *count, unsigned *kinds)
{
    enum status status = ST_OK;
    unsigned found = 0, bits = 0;
    size_t size;

    if (guest->turn.count > 0) {
        uint8_t *data = turn_give(&guest->turn, &size);
        must(data != NULL);
        struct turn_walk walk = turn_walk_of(data, size);
        for (const struct command *c; status == ST_OK && (c = turn_next(&walk)); found++) {
            bits |= 1u << c->kind;
            status = answer(guest, c);
        }
        free(data);
    }
    if (status == ST_OK)
        status = session_flush(guest->session);
    if (count)
        *count = found;
    if (kinds)
        *kinds = bits;
    return status;
}

/* ---- frames ---- */

size_t guest_frame(const struct wire *wire, struct bytes body, uint8_t *out, size_t room)
{
    size_t size;

    must(wire_write(wire, body.size, out, room, &size) == ST_OK && room - size >= body.size);
    if (body.size > 0)
        memcpy(out + size, body.data, body.size);
    return size + body.size;
}

static const struct bytes no_body = {NULL, 0};

size_t guest_hello(uint8_t *out, size_t room)
{
    struct wire wire = {.kind = WIRE_HELLO};

    wire.hello.version = SESSION_VERSION;
    wire.hello.community = (struct bytes){community, DIGEST_SIZE};
    wire.hello.signing_certificate =
        (struct bytes){(const uint8_t *)certificate, sizeof certificate};
    wire.hello.credit = 10;
    wire.hello.credit_size = 100000;
    return guest_frame(&wire, no_body, out, room);
}

static void sign(const struct guest *guest, enum batch_use use, struct bytes content,
                 struct proof *out)
{
    const struct digest signer = sha256(certificate, sizeof certificate);

    must(batch_sign(use, guest->key, &signer, community, &content, 1, out) == ST_OK);
}

size_t guest_submit(const struct guest *guest, uint32_t number, size_t size,
                    void (*change)(struct envelope *e), uint8_t *out, size_t room)
{
    static uint8_t body[BODY_MAX], header[HEADER_MAX];
    struct envelope e = {.message_id = id_new(GUEST_NOW_MS),
                         .share_id.bytes = {1},
                         .conversation_id.bytes = {2},
                         .leg_count = 1,
                         .sequence = 1,
                         .type = "safeguarding.referral.child",
                         .schema_version = 1,
                         .sender = "nps.a",
                         .recipient = "csc.a",
                         .agreement_id = "ISA-SAFE",
                         .agreement_version = 4,
                         .agreement_hash.bytes = {3},
                         .clause = "referral-child",
                         .purpose = "safeguard_child",
                         .gateway = "CA1989_S17_S47",
                         .marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE,
                         .capacity = CONCORDAT__SUBJECT_CAPACITY__CHILD_OF_SUBJECT,
                         .urgency = CONCORDAT__URGENCY__IMMEDIATE,
                         .created_ms = GUEST_NOW_MS,
                         .expires_ms = GUEST_NOW_MS + 1000000,
                         .officer_hash.bytes = {4},
                         .recipient_key_id = {5},
                         .encapsulation = {6},
                         .section_count = 2};
    struct wire wire = {.kind = WIRE_SUBMIT};
    size_t header_size, half = size / 2;

    must(size <= sizeof body && size >= 4);
    memset(body, (int)number, size);
    e.sections[0] = (struct sealed_section){.category = CONCORDAT__DATA_CATEGORY__DC_IDENTITY,
                                            .sealed_size = (uint32_t)half,
                                            .sealed_sha256 = sha256(body, half),
                                            .wrap = {7}};
    e.sections[1] = (struct sealed_section){.category = CONCORDAT__DATA_CATEGORY__DC_CHILD,
                                            .sealed_size = (uint32_t)(size - half),
                                            .sealed_sha256 = sha256(body + half, size - half),
                                            .wrap = {8}};
    if (change)
        change(&e);
    must(envelope_write(&e, header, sizeof header, &header_size) == ST_OK);
    wire.submit.header = (struct bytes){header, header_size};
    sign(guest, BATCH_HEADERS, wire.submit.header, &wire.submit.proof);
    return guest_frame(&wire, (struct bytes){body, size}, out, room);
}

size_t guest_step(const struct guest *guest, uint64_t sequence, const char *agency, uint8_t *out,
                  size_t room)
{
    struct step step = {.message_id = id_new(GUEST_NOW_MS),
                        .header_digest.bytes = {1},
                        .kind = CONCORDAT__STEP_KIND__DELIVERED,
                        .at_ms = GUEST_NOW_MS};
    struct wire wire = {.kind = WIRE_STEP};
    uint8_t bytes[STEP_MAX];
    size_t size;

    strcpy(step.agency, agency);
    must(step_write(&step, bytes, sizeof bytes, &size) == ST_OK);
    wire.step.sequence = sequence;
    wire.step.step = (struct bytes){bytes, size};
    sign(guest, BATCH_STEPS, wire.step.step, &wire.step.proof);
    return guest_frame(&wire, no_body, out, room);
}

size_t guest_publish(const struct guest *guest, const char *agency, uint8_t *out, size_t room)
{
    struct key_statement key = {.key_id = {1},
                                .public_key = {2},
                                .from_ms = GUEST_NOW_MS,
                                .seal_until_ms = GUEST_NOW_MS + 1000,
                                .open_until_ms = GUEST_NOW_MS + 2000};
    struct wire wire = {.kind = WIRE_DIRECTORY};
    struct signed_statement *publish = &wire.directory.publish;
    uint8_t bytes[512];
    size_t size;

    strcpy(key.agency, agency);
    must(key_statement_write(&key, bytes, sizeof bytes, &size) == ST_OK);
    wire.directory.request = 9;
    wire.directory.has_publish = true;
    publish->statement = (struct bytes){bytes, size};
    publish->signer = sha256(certificate, sizeof certificate);
    must(key_statement_sign(guest->key, community, publish->statement, publish->signature)
         == ST_OK);
    return guest_frame(&wire, no_body, out, room);
}

size_t guest_claim(const struct guest *guest, void (*change)(struct claim *claim), uint8_t *out,
                   size_t room)
{
    struct claim claim = {.agency = "nps.a",
                          .kind = CONCORDAT__CLAIM_KIND__CLAIM_OPEN,
                          .case_handle = {{5}},
                          .at_ms = GUEST_NOW_MS};
    struct wire wire = {.kind = WIRE_CASE};
    uint8_t bytes[CLAIM_MAX];
    size_t size;

    if (change)
        change(&claim);
    must(claim_write(&claim, bytes, sizeof bytes, &size) == ST_OK);
    wire.case_frame.request = 9;
    wire.case_frame.claim = (struct bytes){bytes, size};
    wire.case_frame.signer = sha256(certificate, sizeof certificate);
    must(claim_sign(guest->key, community, wire.case_frame.claim, wire.case_frame.signature)
         == ST_OK);
    return guest_frame(&wire, no_body, out, room);
}

bool guest_said(struct guest *guest, size_t *at, struct wire *out)
{
    struct bytes said = session_out(guest->session);
    struct reader r = reader_of(said.data + *at, said.size - *at);
    struct reason why = {""};

    if (r.left == 0)
        return false;
    size_t head_size = read_u32(&r), body_size = read_u32(&r);
    struct bytes head = read_bytes(&r, head_size);
    (void)read_bytes(&r, body_size);
    must(!r.failed && wire_read(head, guest->arena, out, &why) == ST_OK);
    *at = said.size - r.left;
    return true;
}
