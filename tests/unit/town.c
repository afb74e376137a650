#include "tests/unit/unit.h"

#include "tests/unit/town.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/keyring.h"
#include "agents/seal.h"
#include "agents/sections.h"
#include "agents/track.h"
#include "agents/trees.h"
#include "lib/clock.h"
#include "lib/identity.h"
#include "lib/sign.h"
#include "proto/envelope.h"
#include "tests/unit/mint.h"
#include "tests/unit/rogue_seal.h"

#define SIGNING "2.25.146622499544378802514740566792507863618.1"
#define OWED_MAX 8192
#define TURNS_MAX 2000
#define REFUSED_MAX 4096

/* What an authority has issued besides, in an agency's name. */
struct impostor {
    EVP_PKEY *key; /* owned; NULL: nobody has */
    uint8_t *der;  /* owned */
    struct bytes certificate;
    uint8_t statement[STATEMENT_MAX]; /* of a sealing key that the agency does not have */
    struct signed_statement published;
};

struct member {
    char agency[AGENCY_MAX + 1], folder[128];
    struct impostor impostor;
    char paths[4][192];
    struct tls_context *trust;
    const struct calendar_days *calendar; /* borrowed */
    struct agreement_set *agreements;
    EVP_PKEY *key;
    unsigned char *der;
    struct bytes certificate;
    struct store *store;
    struct keyring *keyring;
    struct desk *desk;
    bool connected;
    uint64_t session;
    uint8_t *incoming; /* frames of the session */
    size_t incoming_size;
    uint8_t *statement; /* its published key */
    struct signed_statement published;
    Concordat__Response *response;
    char ladder[256];
    bool followed, dropped;
    uint64_t after;
    struct reason drop_why;
    struct town_case asked;
};

/* Something the broker owes an agency until it is settled: a message or a step. */
struct owed {
    bool live, is_step;
    bool is_note; /* that it is withheld: only here to be settled */
    size_t to, from;
    struct id message;
    int64_t accepted_ms;
    uint8_t *header, *body; /* a step's bytes are its header */
    size_t header_size, body_size;
    struct proof proof;
};

struct town {
    char folder[64];
    struct mint *mint;
    size_t count;
    struct member members[TOWN_MAX];
    struct owed owed[OWED_MAX];
    size_t owed_count;
    struct town_refused {
        struct id id;
        struct digest header;
        int64_t at_ms;
    } refused[REFUSED_MAX];
    size_t refused_count;
    struct town_mischief mischief;
    struct town_counts counts;
    int64_t wall_ms, now_ms;
    bool moved;
    uint64_t published;
    struct arena *arena;
};

char *town_example(const char *name)
{
    char path[512];
    FILE *file;
    char *text = calloc(1, 64 * 1024);

    (void)snprintf(path, sizeof path, SOURCE_DIR "/docs/examples/%s", name);
    file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, 64 * 1024 - 1, file) > 0);
    (void)fclose(file);
    return text;
}

/* ---- agencies ---- */

/* Another each time: an authority may issue as many as it likes. */
static void make_signing(struct town *town, struct member *m)
{
    char name[128];
    struct minted leaf;
    struct mint_leaf signing;

    (void)snprintf(name, sizeof name, "URI:urn:concordat:agency:%s", m->agency);
    signing = (struct mint_leaf){.key = "P-256",
                                 .name = name,
                                 .constraints = "critical,CA:FALSE",
                                 .usage = "critical,digitalSignature,nonRepudiation",
                                 .purpose = SIGNING,
                                 .from_s = -MINT_DAY,
                                 .until_s = TOWN_SIGNING_DAYS * MINT_DAY};
    leaf = mint_leaf(town->mint, &signing);
    m->key = leaf.key;
    EVP_PKEY_up_ref(m->key);
    m->der = NULL;
    m->certificate.size = (size_t)i2d_X509(leaf.certificate, &m->der);
    m->certificate.data = m->der;
}

static void make_papers(struct town *town, struct member *m)
{
    char name[128];
    struct mint_leaf transport;
    struct minted leaf;

    (void)snprintf(name, sizeof name, "URI:urn:concordat:agency:%s", m->agency);
    transport = mint_transport(name);
    (void)snprintf(m->folder, sizeof m->folder, "%s/%s", town->folder, m->agency);
    leaf = mint_leaf(town->mint, &transport);
    mint_write_leaf(town->mint, town->folder, m->agency, &leaf);
    make_signing(town, m);
}

static void load_agreements(struct member *m, const char *folder)
{
    struct reason why = {""};

    if (!folder)
        return;
    if (agreement_set_load(folder, &m->agreements, &why) != ST_OK)
        fail_msg("%s", why.text);
}

static void open_member(struct town *town, struct member *m)
{
    char store[160], keys[160];
    struct reason why = {""};
    struct keyring_settings settings = {.agency = m->agency,
                                        .folder = keys,
                                        .tree = TREE_KEYS,
                                        .signer = sha256(m->certificate.data, m->certificate.size),
                                        .signing_key = m->key,
                                        .seal_ms = town->mischief.seal_days * TOWN_DAY_MS};
    struct desk_setup setup = {.agency = m->agency,
                               .signing_key = m->key,
                               .signing_certificate = m->certificate,
                               .trust = m->trust,
                               .calendar = m->calendar,
                               .agreements = m->agreements};

    (void)snprintf(store, sizeof store, "%s.store", m->folder);
    (void)snprintf(keys, sizeof keys, "%s.keys", m->folder);
    memcpy(settings.community, tls_context_community(m->trust), DIGEST_SIZE);
    if (store_open(store, 64u << 20, tree_names, TREES, &m->store, &why) != ST_OK
        || keyring_open(&settings, m->store, &m->keyring, &why) != ST_OK)
        fail_msg("%s", why.text);
    setup.store = m->store;
    setup.keyring = m->keyring;
    if (desk_new(&setup, town->wall_ms, &m->desk, &why) != ST_OK)
        fail_msg("%s", why.text);
}

static void close_member(struct member *m)
{
    desk_free(m->desk);
    keyring_close(m->keyring);
    store_close(m->store);
    m->desk = NULL;
}

struct town *town_new(const char *const agencies[], size_t count)
{
    return town_new_under(SOURCE_DIR "/agreements/examples", agencies, count);
}

struct town *town_new_bare(const char *const agencies[], size_t count)
{
    return town_new_under(NULL, agencies, count);
}

struct town *town_new_under(const char *agreements, const char *const agencies[], size_t count)
{
    struct town *town = calloc(1, sizeof *town);

    assert_non_null(town);
    assert_true(count <= TOWN_MAX);
    (void)snprintf(town->folder, sizeof town->folder, "/tmp/concordat-town-XXXXXX");
    assert_non_null(mkdtemp(town->folder));
    town->mint = mint_new();
    town->arena = arena_new(64 * 1024, HEAD_ARENA);
    town->wall_ms = clock_wall_ms();
    town->now_ms = 1000000;
    mint_write_trust(town->mint, town->folder);
    mint_write_crls(town->mint, town->folder, &(struct mint_crl){-60, TOWN_CRL_DAYS * MINT_DAY, 1},
                    &(struct mint_crl){-60, TOWN_CRL_DAYS * MINT_DAY, 1});
    town->count = count;
    for (size_t i = 0; i < count; i++) {
        struct member *m = &town->members[i];
        struct reason why = {""};

        (void)snprintf(m->agency, sizeof m->agency, "%s", agencies[i]);
        make_papers(town, m);
        (void)snprintf(m->paths[0], sizeof m->paths[0], "%s/%s.pem", town->folder, agencies[i]);
        (void)snprintf(m->paths[1], sizeof m->paths[1], "%s/%s.key", town->folder, agencies[i]);
        (void)snprintf(m->paths[2], sizeof m->paths[2], "%s/trust.pem", town->folder);
        (void)snprintf(m->paths[3], sizeof m->paths[3], "%s/crls.pem", town->folder);
        struct tls_files files = {m->paths[0], m->paths[1], m->paths[2], m->paths[3]};
        if (tls_context_new(TLS_AGENT, &files, &m->trust, &why) != ST_OK)
            fail_msg("%s", why.text);
        load_agreements(m, agreements);
        open_member(town, m);
    }
    for (size_t i = 0; i < count; i++)
        town_connect(town, i);
    town_settle(town);
    return town;
}

void town_free(struct town *town)
{
    char command[96];

    if (!town)
        return;
    for (size_t i = 0; i < town->count; i++) {
        struct member *m = &town->members[i];

        close_member(m);
        agreement_set_free(m->agreements);
        tls_context_free(m->trust);
        EVP_PKEY_free(m->key);
        OPENSSL_free(m->der);
        EVP_PKEY_free(m->impostor.key);
        OPENSSL_free(m->impostor.der);
        free(m->incoming);
        free(m->statement);
        if (m->response)
            concordat__response__free_unpacked(m->response, NULL);
    }
    for (size_t i = 0; i < town->owed_count; i++) {
        free(town->owed[i].header);
        free(town->owed[i].body);
    }
    arena_free(town->arena);
    mint_free(town->mint);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", town->folder);
    assert_int_equal(system(command), 0);
    free(town);
}

struct town_mischief *town_mischief(struct town *town)
{
    return &town->mischief;
}

struct town_counts town_counts(const struct town *town)
{
    return town->counts;
}

void town_jump(struct town *town, int64_t ms)
{
    town->wall_ms += ms;
}

int64_t town_now(const struct town *town)
{
    return town->wall_ms;
}

/* ---- the broker ---- */

static size_t find(const struct town *town, const char *agency)
{
    for (size_t i = 0; i < town->count; i++) {
        if (strcmp(town->members[i].agency, agency) == 0)
            return i;
    }
    return SIZE_MAX;
}

static void frame_to(struct town *town, size_t to, const struct wire *wire, struct bytes body)
{
    struct member *m = &town->members[to];
    size_t size, room = FRAME_PREFIX + HEAD_MAX + body.size;

    if (!m->connected)
        return;
    m->incoming = realloc(m->incoming, m->incoming_size + room);
    assert_non_null(m->incoming);
    assert_int_equal(wire_write(wire, body.size, m->incoming + m->incoming_size, room, &size),
                     ST_OK);
    if (body.size > 0)
        memcpy(m->incoming + m->incoming_size + size, body.data, body.size);
    m->incoming_size += size + body.size;
    town->moved = true;
}

static uint8_t *copy_of(struct bytes bytes)
{
    uint8_t *copy = malloc(bytes.size + 1);

    assert_non_null(copy);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

static void sign_anew(const struct town *town, struct owed *o, const struct envelope *e)
{
    const struct member *sender = &town->members[o->from];
    struct digest signer = sha256(sender->certificate.data, sender->certificate.size);
    uint8_t header[HEADER_MAX];
    size_t size;

    assert_int_equal(envelope_write(e, header, sizeof header, &size), ST_OK);
    free(o->header);
    o->header = copy_of((struct bytes){header, size});
    o->header_size = size;
    assert_int_equal(batch_sign(BATCH_HEADERS, sender->key, &signer,
                                tls_context_community(sender->trust), &(struct bytes){header, size},
                                1, &o->proof),
                     ST_OK);
}

/* Seals the body again; its last field stands in the section of the first one too. */
static void misplace(const struct town *town, struct owed *o, struct envelope *e)
{
    const struct member *recipient = &town->members[o->to];
    const struct message_type *type = catalogue_find(e->type);
    struct bytes certificate = town->members[o->from].certificate;
    struct rogue *rogue = calloc(1, sizeof *rogue);
    uint8_t *body = malloc(BODY_MAX), *fields = malloc(BODY_MAX), *sealed = malloc(SEALED_MAX);
    category_set categories = e->categories;
    uint32_t first = e->sections[0].category;
    struct identity sender;
    struct reason why = {""};
    struct field field;
    size_t size;

    assert_true(rogue && body && fields && sealed);
    assert_int_equal(
        identity_of_der(certificate.data, certificate.size, USE_SIGNING, &sender, NULL, &why),
        ST_OK);
    assert_int_equal(open_sealed(e, sender.spki, (struct bytes){o->body, o->body_size},
                                 keyring_find(recipient->keyring, e->recipient_key_id), body,
                                 BODY_MAX, &size, &why),
                     ST_OK);
    rogue_begin(rogue, e, sender.spki, keyring_statement(recipient->keyring, 0)->public_key, sealed,
                SEALED_MAX);
    for (uint32_t category = first; category <= SECTIONS_MAX; category++) {
        struct reader r = reader_of(body, size);
        struct writer w = writer_of(fields, BODY_MAX);

        while (next_field(&r, &field))
            if (category_of_field(type->body, field.tag) == category
                || (category == first && r.left == 0))
                write_bytes(&w, field.whole.data, field.whole.size);
        if (categories >> category & 1)
            rogue_section(rogue, category, rogue_framed(rogue, (struct bytes){fields, w.size}));
    }
    free(o->body);
    o->body = copy_of((struct bytes){sealed, e->body_size});
    o->body_size = e->body_size;
    free(rogue);
    free(body);
    free(fields);
    free(sealed);
}

/* A sender of bad faith: its message says that it replies to something else, or is not what its
 * header says. */
static void falsify(struct town *town, struct owed *o)
{
    struct reason why = {""};
    struct envelope e;

    assert_int_equal(
        envelope_read((struct bytes){o->header, o->header_size}, town->arena, &e, &why), ST_OK);
    bool replies = !id_is_zero(&e.in_reply_to) && !id_is_zero(&town->mischief.in_reply_to);
    if (replies)
        e.in_reply_to = town->mischief.in_reply_to;
    if (town->mischief.misplace)
        misplace(town, o, &e);
    if (town->mischief.hide_deadline)
        e.needed_by_ms = 0;
    const bool lies = town->mischief.false_custody && e.custody.components != 0;
    if (lies)
        e.custody.components ^= 1;
    if (lies || replies || town->mischief.misplace || town->mischief.hide_deadline)
        sign_anew(town, o, &e);
}

/* Signs a step as the impostor of who made it. */
static void sign_falsely(const struct town *town, const struct owed *o, struct proof *out)
{
    const struct impostor *impostor = &town->members[o->from].impostor;
    struct digest signer = sha256(impostor->certificate.data, impostor->certificate.size);

    assert_int_equal(batch_sign(BATCH_STEPS, impostor->key, &signer,
                                tls_context_community(town->members[0].trust),
                                &(struct bytes){o->header, o->header_size}, 1, out),
                     ST_OK);
}

static void hand_over(struct town *town, size_t index, bool again)
{
    struct owed *o = &town->owed[index];
    struct wire wire = {.kind = o->is_step ? WIRE_STEP : WIRE_DELIVER};
    uint8_t *body = malloc(o->body_size + 1);

    assert_non_null(body);
    if (o->body_size > 0)
        memcpy(body, o->body, o->body_size);
    if (o->is_step) {
        wire.step.sequence = index + 1;
        wire.step.step = (struct bytes){o->header, o->header_size};
        wire.step.proof = o->proof;
        if (town->mischief.flip_step)
            wire.step.proof.signature[7] ^= 1;
        if (town->mischief.false_steps)
            sign_falsely(town, o, &wire.step.proof);
    } else {
        if (town->mischief.stray_frame)
            frame_to(town, o->to, &(struct wire){.kind = WIRE_PING}, (struct bytes){NULL, 0});
        wire.deliver.sequence = index + 1;
        wire.deliver.again = again;
        wire.deliver.accepted_ms = o->accepted_ms;
        wire.deliver.header = (struct bytes){o->header, o->header_size};
        wire.deliver.proof = o->proof;
        town->counts.deliveries++;
        if (town->mischief.flip_body)
            body[o->body_size / 2] ^= 1;
    }
    frame_to(town, o->to, &wire, (struct bytes){body, o->body_size});
    free(body);
}

static void owe(struct town *town, const struct owed *what)
{
    assert_true(town->owed_count < OWED_MAX);
    town->owed[town->owed_count++] = *what;
    if (what->is_note || (!what->is_step && town->mischief.hold))
        return;
    if (what->is_step && town->mischief.forge_first) {
        bool flip_step = town->mischief.flip_step;

        town->mischief.flip_step = true;
        hand_over(town, town->owed_count - 1, false);
        town->mischief.flip_step = flip_step;
    }
    hand_over(town, town->owed_count - 1, false);
    if (town->mischief.twice)
        hand_over(town, town->owed_count - 1, true);
}

static struct owed *find_message(struct town *town, const struct id *id)
{
    for (size_t i = 0; i < town->owed_count; i++) {
        if (!town->owed[i].is_step && !town->owed[i].is_note
            && id_equal(&town->owed[i].message, id))
            return &town->owed[i];
    }
    return NULL;
}

/* The first answer to a message is the answer, and its id is taken by its header. */
static const struct town_refused *remember_refused(struct town *town, const struct envelope *e,
                                                   struct bytes header)
{
    const struct digest digest = sha256(header.data, header.size);
    struct town_refused *refused = town->refused;

    for (; refused < town->refused + town->refused_count; refused++)
        if (id_equal(&refused->id, &e->message_id)) {
            assert_true(digest_equal(&refused->header, &digest));
            return refused;
        }
    assert_true(town->refused_count < REFUSED_MAX);
    town->refused_count++;
    *refused = (struct town_refused){e->message_id, digest, town->wall_ms};
    return refused;
}

static void on_stale(struct town *town, size_t from, const struct envelope *e, struct bytes header)
{
    const struct town_refused *refused = remember_refused(town, e, header);
    struct wire answer = {.kind = WIRE_REFUSAL};

    town->counts.stale++;
    answer.refusal.refusal =
        (struct refusal){.message_id = e->message_id,
                         .header_digest = refused->header,
                         .code = CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE,
                         .agreement_version = e->agreement_version,
                         .refused_ms = refused->at_ms};
    (void)snprintf(answer.refusal.refusal.agreement_id, sizeof answer.refusal.refusal.agreement_id,
                   "%s", e->agreement_id);
    if (!town->mischief.lose_verdicts)
        frame_to(town, from, &answer, (struct bytes){NULL, 0});
}

static bool is_stale(struct town *town, const struct envelope *e)
{
    if (find_message(town, &e->message_id))
        return false;
    for (size_t i = 0; i < town->refused_count; i++)
        if (id_equal(&town->refused[i].id, &e->message_id))
            return true;
    return town->mischief.active_version && e->agreement_version != town->mischief.active_version;
}

/* What the broker says of this one; 0: it is taken. */
static Concordat__RefusalCode refusal_of(struct town *town, const struct envelope *e)
{
    struct town_mischief *m = &town->mischief;

    if (m->refuse_to && strcmp(m->refuse_to, e->recipient) == 0
        && !find_message(town, &e->message_id))
        return CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN;
    if (m->refuse || !m->ended || strcmp(m->ended, e->agreement_id) != 0
        || find_message(town, &e->message_id))
        return m->refuse;
    if (m->ended_recorded > 0) {
        m->ended_recorded--;
        return CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED;
    }
    town->counts.rate_limited++;
    return CONCORDAT__REFUSAL_CODE__RATE_LIMITED;
}

static void on_submit(struct town *town, size_t from, const struct wire *wire, struct bytes body)
{
    struct wire answer = {.kind = WIRE_RECEIPT};
    struct bytes header = wire->submit.header;
    struct reason why = {""};
    OWNED(arena) arena = arena_new(64 * 1024, HEAD_ARENA);
    struct envelope e;
    struct owed owed;
    Concordat__RefusalCode refusal;

    assert_int_equal(envelope_read(header, arena, &e, &why), ST_OK);
    assert_string_equal(e.sender, town->members[from].agency);
    assert_int_equal(e.body_size, body.size);
    assert_int_equal(batch_verify(BATCH_HEADERS, NULL, town->members[from].key,
                                  tls_context_community(town->members[from].trust), header,
                                  &wire->submit.proof),
                     ST_OK);
    if (town->mischief.lose_submits > 0) {
        town->mischief.lose_submits--;
        return;
    }
    town->counts.submits++;
    if (is_stale(town, &e)) {
        on_stale(town, from, &e, header);
        return;
    }
    refusal = refusal_of(town, &e);
    if (refusal) {
        answer.kind = WIRE_REFUSAL;
        answer.refusal.refusal = (struct refusal){.message_id = e.message_id,
                                                  .header_digest = sha256(header.data, header.size),
                                                  .code = refusal,
                                                  .refused_ms = town->wall_ms};
        if (town->mischief.refuse_nameless)
            answer.refusal.refusal.message_id = (struct id){{0}};
        frame_to(town, from, &answer, (struct bytes){NULL, 0});
        return;
    }
    if (!find_message(town, &e.message_id)) {
        owed = (struct owed){.live = true,
                             .to = find(town, e.recipient),
                             .from = from,
                             .message = e.message_id,
                             .accepted_ms = town->wall_ms,
                             .header = copy_of(header),
                             .header_size = header.size,
                             .body = copy_of(body),
                             .body_size = body.size,
                             .proof = wire->submit.proof};
        assert_true(owed.to < town->count);
        falsify(town, &owed);
        owe(town, &owed);
    }
    answer.receipt.receipt =
        (struct receipt){.message_id = e.message_id,
                         .header_digest = sha256(header.data, header.size),
                         .sequence = town->owed_count,
                         .accepted_ms = find_message(town, &e.message_id)->accepted_ms,
                         .agreement_hash = e.agreement_hash};
    memcpy(answer.receipt.receipt.clause, e.clause, sizeof e.clause);
    if (!town->mischief.lose_receipts)
        frame_to(town, from, &answer, (struct bytes){NULL, 0});
}

static bool is_recorded(const struct town *town, struct bytes step)
{
    for (size_t i = 0; i < town->owed_count; i++) {
        const struct owed *o = &town->owed[i];
        if (o->is_step && o->header_size == step.size
            && memcmp(o->header, step.data, step.size) == 0)
            return true;
    }
    return false;
}

static void on_step(struct town *town, size_t from, const struct wire *wire)
{
    struct wire answer = {.kind = WIRE_SETTLE};
    uint64_t number = wire->step.sequence;
    struct bytes bytes = wire->step.step;
    struct reason why = {""};
    struct owed *message, owed;
    struct step step;

    town->counts.steps++;
    assert_int_equal(step_read(bytes, town->arena, &step, &why), ST_OK);
    assert_string_equal(step.agency, town->members[from].agency);
    assert_int_equal(batch_verify(BATCH_STEPS, NULL, town->members[from].key,
                                  tls_context_community(town->members[from].trust), bytes,
                                  &wire->step.proof),
                     ST_OK);
    message = find_message(town, &step.message_id);
    assert_non_null(message);
    message->live = false;
    owed = (struct owed){.live = true,
                         .is_step = true,
                         .to = message->from,
                         .from = from,
                         .header = copy_of(bytes),
                         .header_size = bytes.size,
                         .proof = wire->step.proof};
    if (is_recorded(town, bytes))
        free(owed.header);
    else
        owe(town, &owed);
    answer.settle.count = 1;
    answer.settle.sequences = &number;
    if (!town->mischief.lose_settles)
        frame_to(town, from, &answer, (struct bytes){NULL, 0});
}

static void fill_entry(const struct town *town, size_t index, struct directory_entry *entry)
{
    const struct member *m = &town->members[index];

    entry->known = true;
    if (!town->mischief.hide_certificates)
        entry->certificates[entry->certificate_count++] = m->certificate;
    if (m->impostor.key)
        entry->certificates[entry->certificate_count++] = m->impostor.certificate;
    if (m->impostor.key && town->mischief.false_keys)
        entry->keys[entry->key_count++] = m->impostor.published;
    if (m->statement && !town->mischief.hide_keys
        && (!town->mischief.false_keys || town->mischief.true_keys_too))
        entry->keys[entry->key_count++] = m->published;
}

static bool is_of(struct bytes certificate, const struct digest *print)
{
    struct digest digest = sha256(certificate.data, certificate.size);

    return certificate.size > 0 && digest_equal(&digest, print);
}

static void on_directory(struct town *town, size_t from, const struct wire *wire)
{
    struct directory_entry entries[DIRECTORY_ENTRIES_MAX] = {0};
    struct wire answer = {.kind = WIRE_DIRECTORY};
    struct member *m = &town->members[from];
    uint32_t count = 0;

    if (wire->directory.has_publish) {
        free(m->statement);
        m->published = wire->directory.publish;
        m->statement = copy_of(m->published.statement);
        m->published.statement.data = m->statement;
    }
    for (uint32_t i = 0; i < wire->directory.wanted_count; i++) {
        size_t index = find(town, wire->directory.wanted[i]);

        (void)snprintf(entries[count].agency, sizeof entries[count].agency, "%s",
                       wire->directory.wanted[i]);
        if (index != SIZE_MAX && !town->mischief.hide_agencies)
            fill_entry(town, index, &entries[count]);
        count++;
    }
    for (uint32_t i = 0; i < wire->directory.certificate_count; i++) {
        for (size_t j = 0; j < town->count; j++) {
            const struct digest *wanted = &wire->directory.wanted_certificates[i];

            if (!is_of(town->members[j].certificate, wanted)
                && !is_of(town->members[j].impostor.certificate, wanted))
                continue;
            (void)snprintf(entries[count].agency, sizeof entries[count].agency, "%s",
                           town->members[j].agency);
            fill_entry(town, j, &entries[count++]);
        }
    }
    answer.directory.request = wire->directory.request;
    answer.directory.entries = entries;
    answer.directory.entry_count = count;
    frame_to(town, from, &answer, (struct bytes){NULL, 0});
}

static void on_settle(struct town *town, size_t from, const struct wire *wire)
{
    for (uint32_t i = 0; i < wire->settle.count; i++) {
        uint64_t sequence = wire->settle.sequences[i];

        assert_in_range(sequence, 1, town->owed_count);
        assert_true(town->owed[sequence - 1].is_step || town->owed[sequence - 1].is_note);
        assert_int_equal(town->owed[sequence - 1].to, from);
        town->owed[sequence - 1].live = false;
        town->counts.settles++;
    }
}

/* Its own system publishes, or it follows. Others are shown what the test shows. */
static void on_gazette(struct town *town, size_t from, const struct wire *wire, struct bytes text)
{
    struct member *m = &town->members[from];
    struct wire answer = {.kind = WIRE_GAZETTE};

    if (wire->gazette.follow) {
        m->followed = true;
        m->after = wire->gazette.after;
        return;
    }
    answer.gazette.request = wire->gazette.request;
    answer.gazette.published = !town->mischief.verdict;
    answer.gazette.why = town->mischief.verdict ? town->mischief.verdict : "";
    if (answer.gazette.published)
        answer.gazette.after =
            town->mischief.publish_as ? town->mischief.publish_as : ++town->published;
    if (!town->mischief.no_verdict)
        frame_to(town, from, &answer, (struct bytes){NULL, 0});
    if (answer.gazette.published && !town->mischief.publish_as)
        town_entry(town, from,
                   &(struct gazette_entry){.sequence = answer.gazette.after,
                                           .at_ms = town->wall_ms,
                                           .instrument = wire->gazette.instrument,
                                           .text = text});
}

static void on_case(struct town *town, size_t from, const struct wire *wire)
{
    struct town_case *asked = &town->members[from].asked;
    struct bytes claim = wire->case_frame.claim;
    struct reason why = {""};

    asked->count++;
    asked->request = wire->case_frame.request;
    asked->is_claim = claim.size > 0;
    if (!asked->is_claim) {
        memcpy(asked->asked.bytes, wire->case_frame.ask.data, ID_SIZE);
        return;
    }
    assert_int_equal(claim_read(claim, town->arena, &asked->claim, &why), ST_OK);
    assert_string_equal(asked->claim.agency, town->members[from].agency);
    assert_int_equal(claim_verify(town->members[from].key,
                                  tls_context_community(town->members[from].trust), claim,
                                  wire->case_frame.signature),
                     ST_OK);
}

static void broker_takes(struct town *town, size_t from, const struct stage_frames *frames)
{
    struct reader r = reader_of(frames->bytes, frames->size);

    while (r.left > 0) {
        uint32_t head_size = read_u32(&r), body_size = read_u32(&r);
        struct bytes head = read_bytes(&r, head_size), body = read_bytes(&r, body_size);
        OWNED(arena) arena = arena_new(64 * 1024, HEAD_ARENA);
        struct reason why = {""};
        struct wire wire;

        assert_false(r.failed);
        assert_int_equal(wire_read(head, arena, &wire, &why), ST_OK);
        if (wire.kind == WIRE_SUBMIT)
            on_submit(town, from, &wire, body);
        else if (wire.kind == WIRE_STEP)
            on_step(town, from, &wire);
        else if (wire.kind == WIRE_DIRECTORY)
            on_directory(town, from, &wire);
        else if (wire.kind == WIRE_SETTLE)
            on_settle(town, from, &wire);
        else if (wire.kind == WIRE_GAZETTE)
            on_gazette(town, from, &wire, body);
        else if (wire.kind == WIRE_CASE)
            on_case(town, from, &wire);
        else
            fail_msg("frame of kind %d", (int)wire.kind);
    }
}

/* ---- turns ---- */

/* The link is lost at the next turn of the test's choice: town_dropped. */
static void take_drop(struct member *m)
{
    struct stage_link drop;

    if (!desk_take_drop(m->desk, &drop))
        return;
    m->dropped = true;
    m->drop_why = drop.why;
}

static void take_results(struct town *town, size_t index)
{
    struct member *m = &town->members[index];
    struct stage_frames *frames;
    struct stage_local *reply;
    size_t size;

    while ((reply = desk_take_reply(m->desk, &size))) {
        if (m->response)
            concordat__response__free_unpacked(m->response, NULL);
        m->response =
            concordat__response__unpack(NULL, reply->size, reply->bytes + reply->route_size);
        assert_non_null(m->response);
        free(reply);
        town->moved = true;
    }
    frames = desk_take_frames(m->desk, &size);
    take_drop(m);
    if (!frames)
        return;
    if (m->connected && frames->session == m->session) {
        town->moved = true;
        broker_takes(town, index, frames);
    }
    free(frames);
}

static void turn(struct town *town, size_t index, const Concordat__Request *request)
{
    struct member *m = &town->members[index];
    uint8_t *incoming = m->incoming;
    size_t incoming_size = m->incoming_size;

    m->incoming = NULL;
    m->incoming_size = 0;
    town->now_ms++;
    town->wall_ms++;
    assert_int_equal(desk_begin_turn(m->desk, town->wall_ms, town->now_ms), ST_OK);
    if (incoming_size > 0)
        desk_frames(m->desk, m->session, (struct bytes){incoming, incoming_size});
    free(incoming);
    if (request) {
        size_t size = concordat__request__get_packed_size(request);
        uint8_t *packed = malloc(size);
        struct reason why = {""};

        assert_non_null(packed);
        concordat__request__pack(request, packed);
        if (desk_check_request((struct bytes){packed, size}, &why) != ST_OK)
            fail_msg("%s", why.text);
        desk_request(m->desk, (struct bytes){(const uint8_t *)"route", 5},
                     (struct bytes){packed, size});
        free(packed);
    }
    desk_tick(m->desk);
    assert_int_equal(desk_end_of_turn(m->desk), ST_OK);
    take_results(town, index);
}

void town_turns(struct town *town, unsigned count)
{
    while (count-- > 0)
        for (size_t i = 0; i < town->count; i++)
            turn(town, i, NULL);
}

void town_settle(struct town *town)
{
    unsigned turns = 0;

    do {
        town->moved = false;
        for (size_t i = 0; i < town->count; i++)
            turn(town, i, NULL);
        assert_true(++turns < TURNS_MAX);
    } while (town->moved);
}

void town_wait(struct town *town, int64_t ms)
{
    town->now_ms += ms;
    town->wall_ms += ms;
    for (size_t i = 0; i < town->count; i++)
        turn(town, i, NULL);
}

void town_disconnect(struct town *town, size_t agency)
{
    struct member *m = &town->members[agency];
    struct stage_link link = {.kind = STAGE_SHUT, .session = m->session};

    m->connected = false;
    m->incoming_size = 0;
    reason_set(&link.why, "away");
    assert_int_equal(desk_begin_turn(m->desk, ++town->wall_ms, ++town->now_ms), ST_OK);
    desk_shut(m->desk, &link);
    assert_int_equal(desk_end_of_turn(m->desk), ST_OK);
    take_results(town, agency);
}

void town_connect(struct town *town, size_t agency)
{
    struct member *m = &town->members[agency];
    struct stage_link link = {.kind = STAGE_OPEN,
                              .session = ++m->session,
                              .broker = "hub",
                              .credit = SUBMIT_CREDIT,
                              .credit_size = SUBMIT_CREDIT_SIZE,
                              .broker_ms = town->wall_ms};

    m->connected = true;
    for (size_t i = 0; i < town->owed_count; i++) {
        if (town->owed[i].live && town->owed[i].to == agency)
            hand_over(town, i, true);
    }
    assert_int_equal(desk_begin_turn(m->desk, ++town->wall_ms, ++town->now_ms), ST_OK);
    desk_open(m->desk, &link);
    desk_frames(m->desk, m->session, (struct bytes){m->incoming, m->incoming_size});
    m->incoming_size = 0;
    assert_int_equal(desk_end_of_turn(m->desk), ST_OK);
    take_results(town, agency);
}

void town_agree(struct town *town, size_t agency, const char *texts[], size_t count)
{
    struct member *m = &town->members[agency];
    struct agreement *agreements[TOWN_AGREEMENTS_MAX];
    struct agreement_set *set = NULL;
    struct reason why = {""};

    assert_true(count <= TOWN_AGREEMENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (agreement_parse("town", texts[i], strlen(texts[i]), &agreements[i], &why) != ST_OK)
            fail_msg("%s", why.text);
    }
    if (agreement_set_take(agreements, count, &set, &why) != ST_OK)
        fail_msg("%s", why.text);
    desk_reload(m->desk, m->trust, set);
    agreement_set_free(m->agreements);
    m->agreements = set;
}

void town_restart(struct town *town, size_t agency)
{
    struct member *m = &town->members[agency];
    bool connected = m->connected;

    close_member(m);
    m->connected = false;
    m->incoming_size = 0;
    open_member(town, m);
    if (connected)
        town_connect(town, agency);
}

void town_withhold(struct town *town, const struct id *id, Concordat__RefusalCode code)
{
    struct owed *message = find_message(town, id);
    struct wire wire = {.kind = WIRE_WITHHELD};

    assert_non_null(message);
    message->live = false;
    owe(town, &(struct owed){.to = message->from, .from = message->to, .is_note = true});
    wire.withheld.sequence = town->owed_count;
    wire.withheld.withheld =
        (struct withheld){.message_id = *id,
                          .header_digest = sha256(message->header, message->header_size),
                          .code = code,
                          .withheld_ms = town->wall_ms};
    frame_to(town, message->from, &wire, (struct bytes){NULL, 0});
}

/* ---- cases ---- */

void town_tell(struct town *town, size_t agency, const struct told *told)
{
    static uint8_t bytes[TOLD_MAX];
    struct wire wire = {.kind = WIRE_TOLD};
    size_t size = 0;

    assert_int_equal(told_write(told, bytes, sizeof bytes, &size), ST_OK);
    owe(town, &(struct owed){.to = agency, .from = agency, .is_note = true});
    wire.told.sequence = town->owed_count;
    wire.told.kind = bytes[0];
    wire.told.told = (struct bytes){bytes + 1, size - 1};
    frame_to(town, agency, &wire, (struct bytes){NULL, 0});
    if (town->mischief.twice)
        frame_to(town, agency, &wire, (struct bytes){NULL, 0});
}

const struct town_case *town_case(const struct town *town, size_t agency)
{
    return &town->members[agency].asked;
}

void town_answer_case(struct town *town, size_t agency, Concordat__RefusalCode code,
                      const struct custody_told *custody)
{
    static uint8_t bytes[TOLD_MAX];
    struct wire wire = {.kind = WIRE_CASE};
    struct told told = {.kind = TOLD_CUSTODY};
    size_t size = 0;

    wire.case_frame.request = town->members[agency].asked.request;
    wire.case_frame.answered = true;
    wire.case_frame.code = code;
    if (custody) {
        told.custody = *custody;
        assert_int_equal(told_write(&told, bytes, sizeof bytes, &size), ST_OK);
        wire.case_frame.custody = (struct bytes){bytes + 1, size - 1};
    }
    frame_to(town, agency, &wire, (struct bytes){NULL, 0});
}

size_t town_entries(struct town *town, size_t agency, int tree)
{
    struct txn *txn;
    size_t count;

    assert_int_equal(store_begin(town->members[agency].store, false, &txn), ST_OK);
    count = store_entries(txn, tree);
    store_abort(txn);
    return count;
}

size_t town_place(const struct town *town, const struct id *id)
{
    size_t place = 0;

    for (size_t i = 0; i < town->owed_count; i++) {
        if (!town->owed[i].is_step && id_equal(&town->owed[i].message, id))
            return place;
        place += !town->owed[i].is_step && !town->owed[i].is_note;
    }
    return SIZE_MAX;
}

/* ---- the gazette ---- */

struct mint *town_mint(const struct town *town)
{
    return town->mint;
}

struct digest town_community(const struct town *town)
{
    struct digest community;

    memcpy(community.bytes, tls_context_community(town->members[0].trust), DIGEST_SIZE);
    return community;
}

struct digest town_signing(const struct town *town, size_t agency)
{
    struct bytes der = town->members[agency].certificate;
    struct identity identity;
    struct digest pin;

    assert_int_equal(identity_of_der(der.data, der.size, USE_SIGNING, &identity, NULL, NULL),
                     ST_OK);
    memcpy(pin.bytes, identity.spki, DIGEST_SIZE);
    return pin;
}

void town_entry(struct town *town, size_t agency, const struct gazette_entry *entry)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    wire.gazette.sequence = entry->sequence;
    wire.gazette.at_ms = entry->at_ms;
    wire.gazette.instrument = entry->instrument;
    wire.gazette.notice = entry->notice;
    frame_to(town, agency, &wire, entry->text);
}

bool town_followed(struct town *town, size_t agency, uint64_t *after)
{
    struct member *m = &town->members[agency];
    bool followed = m->followed;

    m->followed = false;
    *after = m->after;
    return followed;
}

bool town_dropped(struct town *town, size_t agency, struct reason *why)
{
    struct member *m = &town->members[agency];
    bool dropped = m->dropped;

    *why = m->drop_why;
    m->dropped = false;
    if (dropped && m->connected)
        town_disconnect(town, agency);
    return dropped;
}

void town_recalendar(struct town *town, size_t agency, const struct calendar_days *days)
{
    town->members[agency].calendar = days;
    desk_recalendar(town->members[agency].desk, days);
}

void town_renew_crls(struct town *town, size_t agency)
{
    struct member *m = &town->members[agency];
    struct tls_files files = {m->paths[0], m->paths[1], m->paths[2], m->paths[3]};
    struct tls_context *old = m->trust;
    struct reason why = {""};
    long ahead = (long)((town->wall_ms - clock_wall_ms()) / 1000);
    struct mint_crl crl = {-60, ahead + TOWN_CRL_DAYS * MINT_DAY, 2};

    mint_write_crls(town->mint, town->folder, &crl, &crl);
    if (tls_context_new(TLS_AGENT, &files, &m->trust, &why) != ST_OK)
        fail_msg("%s", why.text);
    desk_reload(m->desk, m->trust, m->agreements);
    tls_context_free(old);
}

const Concordat__Response *town_notices(struct town *town, size_t agency, uint64_t since)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__NoticesRequest notices = CONCORDAT__NOTICES_REQUEST__INIT;

    notices.since = since;
    request.kind_case = CONCORDAT__REQUEST__KIND_NOTICES;
    request.notices = &notices;
    return town_ask(town, agency, &request);
}

const Concordat__Response *town_publish(struct town *town, size_t agency, struct bytes instrument,
                                        const char *text)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__PublishRequest publish = CONCORDAT__PUBLISH_REQUEST__INIT;

    publish.instrument.data = (uint8_t *)(uintptr_t)instrument.data;
    publish.instrument.len = instrument.size;
    publish.text = (char *)(uintptr_t)(text ? text : "");
    request.kind_case = CONCORDAT__REQUEST__KIND_PUBLISH;
    request.publish = &publish;
    return town_ask(town, agency, &request);
}

/* ---- an authority of bad faith ---- */

struct digest town_impersonate(struct town *town, size_t agency)
{
    struct member *m = &town->members[agency], other = *m;
    struct impostor *impostor = &m->impostor;
    struct key_statement statement = {.from_ms = town->wall_ms,
                                      .seal_until_ms = town->wall_ms + TOWN_DAY_MS,
                                      .open_until_ms = town->wall_ms + 2 * TOWN_DAY_MS};
    struct identity identity;
    struct digest pin;
    size_t size;

    assert_null(impostor->key);
    make_signing(town, &other);
    impostor->key = other.key;
    impostor->der = other.der;
    impostor->certificate = other.certificate;
    assert_int_equal(identity_of_der(other.certificate.data, other.certificate.size, USE_SIGNING,
                                     &identity, NULL, NULL),
                     ST_OK);
    memcpy(pin.bytes, identity.spki, DIGEST_SIZE);
    (void)snprintf(statement.agency, sizeof statement.agency, "%s", m->agency);
    memset(statement.public_key, 9, sizeof statement.public_key);
    memset(statement.key_id, 7, sizeof statement.key_id);
    assert_int_equal(
        key_statement_write(&statement, impostor->statement, sizeof impostor->statement, &size),
        ST_OK);
    impostor->published.statement = (struct bytes){impostor->statement, size};
    impostor->published.signer = sha256(impostor->der, impostor->certificate.size);
    assert_int_equal(key_statement_sign(impostor->key, tls_context_community(m->trust),
                                        impostor->published.statement,
                                        impostor->published.signature),
                     ST_OK);
    return pin;
}

/* ---- fuzzers ---- */

static void end_raw(struct member *m)
{
    size_t size;
    void *result;

    if (desk_end_of_turn(m->desk) != ST_OK)
        abort(); /* no input may stop an agent */
    while ((result = desk_take_reply(m->desk, &size)))
        free(result);
    free(desk_take_frames(m->desk, &size));
}

void town_raw_request(struct town *town, size_t agency, struct bytes request)
{
    struct member *m = &town->members[agency];
    struct reason why = {""};

    if (desk_check_request(request, &why) != ST_OK)
        return;
    if (desk_begin_turn(m->desk, town->wall_ms, town->now_ms += 1000) != ST_OK)
        abort();
    desk_request(m->desk, (struct bytes){(const uint8_t *)"route", 5}, request);
    desk_tick(m->desk);
    end_raw(m);
}

void town_frame(struct town *town, size_t agency, const struct wire *wire)
{
    frame_to(town, agency, wire, (struct bytes){NULL, 0});
    town_settle(town);
}

void town_raw_frames(struct town *town, size_t agency, struct bytes frames)
{
    struct member *m = &town->members[agency];
    struct stage_link drop;

    if (!m->connected || desk_begin_turn(m->desk, town->wall_ms, ++town->now_ms) != ST_OK)
        abort();
    desk_frames(m->desk, m->session, frames);
    end_raw(m);
    if (desk_take_drop(m->desk, &drop)) { /* else it would listen no more */
        town_disconnect(town, agency);
        town_connect(town, agency);
    }
}

/* ---- requests ---- */

void town_ask_later(struct town *town, size_t agency, const Concordat__Request *request)
{
    struct member *m = &town->members[agency];
    Concordat__Request copy = *request;

    if (m->response)
        concordat__response__free_unpacked(m->response, NULL);
    m->response = NULL;
    copy.version = 1;
    turn(town, agency, &copy);
}

const Concordat__Response *town_reply(struct town *town, size_t agency)
{
    return town->members[agency].response;
}

const Concordat__Response *town_ask(struct town *town, size_t agency,
                                    const Concordat__Request *request)
{
    town_ask_later(town, agency, request);
    for (unsigned i = 0; !town->members[agency].response; i++) {
        town_settle(town);
        if (!town->members[agency].response)
            town_wait(town, 500);
        assert_true(i < 120);
    }
    return town->members[agency].response;
}

static ProtobufCBinaryData id_field(const struct id *id)
{
    return (ProtobufCBinaryData){.len = id ? ID_SIZE : 0, .data = (uint8_t *)(uintptr_t)id};
}

static char *text_field(const char *text)
{
    return (char *)(uintptr_t)text;
}

const Concordat__Response *town_send(struct town *town, size_t agency, const char *type,
                                     const char *to, const char *json, const struct id *id)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char *text = town_example(json);
    const Concordat__Response *response;

    send.type = text_field(type);
    send.to = text_field(to);
    send.message_id = id_field(id);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    send.officer = text_field("K. Hartley");
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    response = town_ask(town, agency, &request);
    free(text);
    return response;
}

const Concordat__Response *town_inbox(struct town *town, size_t agency)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__InboxRequest inbox = CONCORDAT__INBOX_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_INBOX;
    request.inbox = &inbox;
    return town_ask(town, agency, &request);
}

const Concordat__Response *town_open(struct town *town, size_t agency, const struct id *id)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__OpenRequest open = CONCORDAT__OPEN_REQUEST__INIT;

    open.message_id = id_field(id);
    request.kind_case = CONCORDAT__REQUEST__KIND_OPEN;
    request.open = &open;
    return town_ask(town, agency, &request);
}

const Concordat__Response *town_act(struct town *town, size_t agency, const struct id *id,
                                    Concordat__StepKind step, Concordat__DeclineReason reason)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__ActRequest act = CONCORDAT__ACT_REQUEST__INIT;

    act.message_id = id_field(id);
    act.step = step;
    act.reason = reason;
    request.kind_case = CONCORDAT__REQUEST__KIND_ACT;
    request.act = &act;
    return town_ask(town, agency, &request);
}

const Concordat__Response *town_answer(struct town *town, size_t agency, const struct id *to,
                                       const char *json)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char *text = town_example(json);
    const Concordat__Response *response;

    send.in_reply_to = id_field(to);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    request.kind_case = CONCORDAT__REQUEST__KIND_ANSWER;
    request.answer = &send;
    response = town_ask(town, agency, &request);
    free(text);
    return response;
}

const Concordat__Item *town_track(struct town *town, size_t agency, const struct id *id)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;
    const Concordat__Response *response;

    track.message_id = id_field(id);
    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    response = town_ask(town, agency, &request);
    return response->n_items == 1 ? response->items[0] : NULL;
}

const char *town_state(struct town *town, size_t agency, const struct id *id)
{
    const Concordat__Item *item = town_track(town, agency, id);

    return item ? item->state : "?";
}

const char *town_detail(struct town *town, size_t agency, const struct id *id)
{
    const Concordat__Item *item = town_track(town, agency, id);

    return item && item->n_rungs > 0 ? item->rungs[item->n_rungs - 1]->detail : "?";
}

const char *town_ladder(struct town *town, size_t agency, const struct id *id)
{
    const Concordat__Item *item = town_track(town, agency, id);
    struct member *m = &town->members[agency];

    if (!item)
        return "?";
    m->ladder[0] = '\0';
    for (size_t i = 0; i < item->n_rungs; i++) {
        const Concordat__Rung *rung = item->rungs[i];
        bool is_signed = strcmp(rung->by, "hub") != 0 && strcmp(rung->name, "queued") != 0
                      && strcmp(rung->name, "refused") != 0;
        size_t used = strlen(m->ladder);

        (void)snprintf(m->ladder + used, sizeof m->ladder - used, "%s%s%s", i ? " " : "",
                       is_signed && !rung->verified ? "!" : "", rung->name);
    }
    return m->ladder;
}

const Concordat__Status *town_status(struct town *town, size_t agency)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__StatusRequest status = CONCORDAT__STATUS_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_STATUS;
    request.status = &status;
    return town_ask(town, agency, &request)->status;
}
