/* What is sealed opens for its recipient and for nothing else: every binding counts. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/chunked.h"
#include "agents/crypto.h"
#include "agents/hpke.h"
#include "agents/padme.h"
#include "agents/seal.h"
#include "agents/sections.h"
#include "proto/bodies/psr.pb-c.h"
#include "proto/categories.pb-c.h"

#define NOW_MS INT64_C(1624700000000)
#define DC(category) CONCORDAT__DATA_CATEGORY__DC_##category

/* A recipient's key, a sender and a message between them. */
struct scene {
    uint8_t private_key[SEALING_KEY_SIZE], public_key[SEALING_KEY_SIZE], key_id[KEY_ID_SIZE];
    uint8_t spki[DIGEST_SIZE];
    struct sealer *sealer;
    struct envelope envelope;
    uint8_t *body, *sealed, *opened;
    size_t body_size, sealed_size;
};

/* A serialised psr.request of five categories; `notes` bytes of the judge's. */
static size_t make_body(uint8_t *out, size_t notes)
{
    Concordat__Body__PsrRequest body = CONCORDAT__BODY__PSR_REQUEST__INIT;
    Concordat__Body__Person defendant = CONCORDAT__BODY__PERSON__INIT;
    Concordat__Body__Name name = CONCORDAT__BODY__NAME__INIT;
    Concordat__Body__Offence offence = CONCORDAT__BODY__OFFENCE__INIT, other = offence;
    Concordat__Body__Address address = CONCORDAT__BODY__ADDRESS__INIT;
    Concordat__Body__OnBehalfOf officer = CONCORDAT__BODY__ON_BEHALF_OF__INIT;
    Concordat__Body__Offence *offences[] = {&offence, &other};
    Concordat__Body__Address *addresses[] = {&address};
    char *text = malloc(notes + 1);

    assert_non_null(text);
    memset(text, 'n', notes);
    text[notes] = '\0';
    name.forename = "Wren";
    name.surname = "Halloway";
    defendant.name = &name;
    offence.cjs_code = "TH68010";
    other.title = "Going equipped";
    address.postcode = "CB1 9ZZ";
    officer.officer = "N57A001";
    body.hearing_id = "3b1f8c1e";
    body.court_ou = "B35CZ00";
    body.has_needed_by_ms = 1;
    body.needed_by_ms = NOW_MS + 86400000;
    body.defendant = &defendant;
    body.n_offences = 2;
    body.offences = offences;
    body.n_addresses = 1;
    body.addresses = addresses;
    body.judge_notes = notes > 0 ? text : NULL;
    body.on_behalf_of = &officer;
    size_t size = concordat__body__psr_request__pack(&body, out);
    free(text);
    return size;
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    assert_non_null(scene);
    *state = scene;
    assert_int_equal(hpke_keypair(scene->private_key, scene->public_key), ST_OK);
    memset(scene->key_id, 0x4b, sizeof scene->key_id);
    memset(scene->spki, 0x51, sizeof scene->spki);
    scene->sealer = sealer_new("court.b35cz00", scene->spki);
    assert_non_null(scene->sealer);
    scene->body = malloc(2 * BODY_MAX);
    scene->sealed = malloc(SEALED_MAX);
    scene->opened = malloc(BODY_MAX);
    assert_true(scene->body && scene->sealed && scene->opened);

    struct envelope *e = &scene->envelope;
    e->message_id = id_new(NOW_MS);
    e->share_id = id_random();
    e->case_handle = id_random();
    (void)strcpy(e->type, "psr.request");
    (void)strcpy(e->sender, "court.b35cz00");
    (void)strcpy(e->recipient, "nps.cambs");
    (void)strcpy(e->purpose, "sentencing");
    memset(e->agreement_hash.bytes, 0xa9, DIGEST_SIZE);
    scene->body_size = make_body(scene->body, 100);
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    sealer_free(scene->sealer);
    free(scene->body);
    free(scene->sealed);
    free(scene->opened);
    free(scene);
    return 0;
}

static enum status seal_scene(struct scene *scene)
{
    return seal(scene->sealer, &scene->envelope, (struct bytes){scene->body, scene->body_size},
                scene->key_id, scene->public_key, NOW_MS, scene->sealed, SEALED_MAX,
                &scene->sealed_size);
}

static enum status open_scene(const struct scene *scene, const struct envelope *envelope,
                              size_t *size)
{
    struct reason why = {""};
    enum status status =
        open_sealed(envelope, scene->spki, (struct bytes){scene->sealed, scene->sealed_size},
                    scene->private_key, scene->opened, BODY_MAX, size, &why);

    assert_true(status == ST_OK || why.text[0] != '\0' || status == ST_LIMIT);
    return status;
}

static void assert_opens(const struct scene *scene)
{
    size_t size = 0;

    assert_int_equal(open_scene(scene, &scene->envelope, &size), ST_OK);
    assert_int_equal(size, scene->body_size);
    assert_memory_equal(scene->opened, scene->body, size);
}

static void assert_answer(const struct scene *scene, const struct envelope *envelope,
                          enum status answer)
{
    size_t size = 77;

    memset(scene->opened, 0x55, 64);
    assert_int_equal(open_scene(scene, envelope, &size), answer);
    assert_int_equal(size, 77);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(scene->opened[i], 0x55);
}

static void a_body_becomes_one_section_per_category_and_a_body_again(void **state)
{
    struct scene *scene = *state;
    static const uint32_t categories[] = {DC(IDENTITY), DC(CONTACT_ADDRESS), DC(OFFENCE_INDEX),
                                          DC(SENTENCE_ORDER), DC(STAFF)};
    size_t total = 0;

    assert_int_equal(seal_scene(scene), ST_OK);
    assert_int_equal(scene->envelope.section_count, LENGTH(categories));
    for (size_t i = 0; i < LENGTH(categories); i++) {
        assert_int_equal(scene->envelope.sections[i].category, categories[i]);
        assert_true(scene->envelope.categories >> categories[i] & 1);
        total += scene->envelope.sections[i].sealed_size;
    }
    assert_int_equal(total, scene->sealed_size);
    assert_int_equal(scene->envelope.body_size, scene->sealed_size);
    assert_int_equal(scene->envelope.categories,
                     body_categories(catalogue_find("psr.request"),
                                     (struct bytes){scene->body, scene->body_size}));
    assert_null(memmem(scene->sealed, scene->sealed_size, "Halloway", 8));
    assert_opens(scene);
}

static void bodies_of_every_size_come_back(void **state)
{
    struct scene *scene = *state;
    static const size_t notes[] = {0, 1, 2, 100, 1000, 4000, 16300, 16384, 100000, 524288, 1048000};

    for (size_t i = 0; i < LENGTH(notes); i++) {
        scene->envelope.message_id = id_new(NOW_MS);
        scene->body_size = make_body(scene->body, notes[i]);
        assert_true(scene->body_size <= BODY_MAX);
        assert_int_equal(seal_scene(scene), ST_OK);
        assert_opens(scene);
    }
    scene->body_size = make_body(scene->body, BODY_MAX);
    assert_int_equal(seal_scene(scene), ST_LIMIT);
}

static void sizes_tell_only_their_padded_class(void **state)
{
    struct scene *scene = *state;

    for (size_t size = 0; size < 70000; size += 7)
        assert_int_equal(sealed_size(size), chunked_sealed_size(padme(4 + size)));
    scene->body_size = make_body(scene->body, 1000);
    assert_int_equal(seal_scene(scene), ST_OK);
    uint32_t size = scene->envelope.sections[3].sealed_size;
    scene->envelope.message_id = id_new(NOW_MS);
    scene->body_size = make_body(scene->body, 1010);
    assert_int_equal(seal_scene(scene), ST_OK);
    assert_int_equal(scene->envelope.sections[3].sealed_size, size);
}

static void a_room_too_small_is_said_and_nothing_changes(void **state)
{
    struct scene *scene = *state;
    struct envelope before = scene->envelope;
    size_t size;

    assert_int_equal(seal_scene(scene), ST_OK);
    size_t needed = scene->sealed_size;
    scene->envelope = before;
    assert_int_equal(seal(scene->sealer, &scene->envelope,
                          (struct bytes){scene->body, scene->body_size}, scene->key_id,
                          scene->public_key, NOW_MS, scene->sealed, needed - 1, &size),
                     ST_LIMIT);
    assert_memory_equal(&before, &scene->envelope, sizeof before);
    assert_int_equal(seal_scene(scene), ST_OK);
    assert_int_equal(open_sealed(&scene->envelope, scene->spki,
                                 (struct bytes){scene->sealed, scene->sealed_size},
                                 scene->private_key, scene->opened, scene->body_size - 1, &size,
                                 NULL),
                     ST_LIMIT);
}

static void every_byte_of_the_ciphertext_counts(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(seal_scene(scene), ST_OK);
    for (size_t i = 0; i < scene->sealed_size; i++) {
        scene->sealed[i] ^= (uint8_t)(1u << i % 8);
        assert_answer(scene, &scene->envelope, ST_FORGED);
        scene->sealed[i] ^= (uint8_t)(1u << i % 8);
    }
    scene->sealed_size--;
    assert_answer(scene, &scene->envelope, ST_FORGED);
    scene->sealed_size++;
    assert_opens(scene);
}

/* The header's hash names what arrived, so that changing both is caught by the seal itself. */
static void a_changed_ciphertext_with_a_matching_hash_is_forged_too(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(seal_scene(scene), ST_OK);
    uint32_t size = scene->envelope.sections[0].sealed_size;
    for (size_t i = 0; i < size; i++) {
        struct envelope changed = scene->envelope;
        scene->sealed[i] ^= 1;
        changed.sections[0].sealed_sha256 = sha256(scene->sealed, size);
        assert_answer(scene, &changed, ST_FORGED);
        scene->sealed[i] ^= 1;
    }
}

static void every_byte_of_every_bound_field_counts(void **state)
{
    struct scene *scene = *state;
    const struct {
        const char *name;
        size_t at, size;
    } fields[] = {
        {"message id", offsetof(struct envelope, message_id), ID_SIZE},
        {"share id", offsetof(struct envelope, share_id), ID_SIZE},
        {"case handle", offsetof(struct envelope, case_handle), ID_SIZE},
        {"type", offsetof(struct envelope, type), strlen("psr.request")},
        {"sender", offsetof(struct envelope, sender), strlen("court.b35cz00")},
        {"recipient", offsetof(struct envelope, recipient), strlen("nps.cambs")},
        {"agreement hash", offsetof(struct envelope, agreement_hash), DIGEST_SIZE},
        {"purpose", offsetof(struct envelope, purpose), strlen("sentencing")},
        {"recipient key id", offsetof(struct envelope, recipient_key_id), KEY_ID_SIZE},
        {"encapsulation", offsetof(struct envelope, encapsulation), SEALING_KEY_SIZE},
        {"hash", offsetof(struct envelope, sections[1].sealed_sha256), DIGEST_SIZE},
        {"wrap", offsetof(struct envelope, sections[1].wrap), WRAP_SIZE},
        {"last wrap", offsetof(struct envelope, sections[4].wrap), WRAP_SIZE},
    };

    assert_int_equal(seal_scene(scene), ST_OK);
    for (size_t f = 0; f < LENGTH(fields); f++)
        for (size_t i = 0; i < fields[f].size; i++) {
            struct envelope changed = scene->envelope;
            ((uint8_t *)&changed)[fields[f].at + i] ^= 1;
            assert_answer(scene, &changed, ST_FORGED);
        }
    assert_opens(scene);
}

static void names_that_run_into_each_other_are_not_the_same(void **state)
{
    struct scene *scene = *state;
    struct envelope changed;

    assert_int_equal(seal_scene(scene), ST_OK);
    changed = scene->envelope;
    (void)strcpy(changed.type, "psr.requests");
    assert_answer(scene, &changed, ST_FORGED);
    changed = scene->envelope;
    (void)strcpy(changed.purpose, "sentencin");
    assert_answer(scene, &changed, ST_FORGED);
    changed = scene->envelope;
    (void)strcpy(changed.sender, "court.b35cz0");
    assert_answer(scene, &changed, ST_FORGED);
}

static void another_category_in_the_header_is_forged(void **state)
{
    struct scene *scene = *state;
    struct envelope changed;

    assert_int_equal(seal_scene(scene), ST_OK);
    changed = scene->envelope;
    changed.sections[4].category = DC(COMPLIANCE);
    assert_answer(scene, &changed, ST_FORGED);
    changed = scene->envelope;
    changed.sections[0].category = 0;
    assert_answer(scene, &changed, ST_INVALID);
    changed = scene->envelope;
    changed.sections[1] = scene->envelope.sections[0]; /* a category twice */
    assert_answer(scene, &changed, ST_INVALID);
}

static void sections_that_do_not_fill_the_body_are_refused(void **state)
{
    struct scene *scene = *state;
    struct envelope changed;

    assert_int_equal(seal_scene(scene), ST_OK);
    changed = scene->envelope;
    changed.section_count--;
    assert_answer(scene, &changed, ST_FORGED);
    changed = scene->envelope;
    changed.sections[4].sealed_size++;
    assert_answer(scene, &changed, ST_FORGED);
    changed = scene->envelope;
    changed.sections[0].sealed_size = UINT32_MAX;
    assert_answer(scene, &changed, ST_FORGED);
    changed = scene->envelope;
    changed.section_count = SECTIONS_MAX + 1;
    assert_answer(scene, &changed, ST_INVALID);
}

static void another_recipient_s_key_does_not_open(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(seal_scene(scene), ST_OK);
    scene->private_key[7] ^= 1;
    assert_answer(scene, &scene->envelope, ST_FORGED);
    scene->private_key[7] ^= 1;
    scene->spki[0] ^= 1; /* another signing key */
    assert_answer(scene, &scene->envelope, ST_FORGED);
}

static void a_point_of_small_order_is_forged(void **state)
{
    struct scene *scene = *state;
    struct envelope changed;

    assert_int_equal(seal_scene(scene), ST_OK);
    changed = scene->envelope;
    memset(changed.encapsulation, 0, sizeof changed.encapsulation);
    assert_answer(scene, &changed, ST_FORGED);
    memset(scene->public_key, 0, sizeof scene->public_key);
    scene->envelope.message_id = id_new(NOW_MS);
    assert_int_equal(seal_scene(scene), ST_INVALID);
}

static void a_section_moved_to_another_message_does_not_open(void **state)
{
    struct scene *scene = *state;
    struct envelope first, mixed;

    assert_int_equal(seal_scene(scene), ST_OK);
    first = scene->envelope;
    uint8_t *kept = malloc(first.sections[0].sealed_size);
    assert_non_null(kept);
    memcpy(kept, scene->sealed, first.sections[0].sealed_size);

    scene->envelope.message_id = id_new(NOW_MS); /* same encapsulation, same share */
    assert_int_equal(seal_scene(scene), ST_OK);
    assert_memory_equal(first.encapsulation, scene->envelope.encapsulation, SEALING_KEY_SIZE);
    mixed = scene->envelope;
    mixed.sections[0] = first.sections[0];
    assert_int_equal(mixed.sections[0].sealed_size, scene->envelope.sections[0].sealed_size);
    memcpy(scene->sealed, kept, mixed.sections[0].sealed_size);
    assert_answer(scene, &mixed, ST_FORGED);
    free(kept);
}

/* What a sender other than ours, or a dishonest one, could do by hand: these use the same steps as
 * seal() with a plaintext of their own. */
static struct hpke_context context_of(const struct scene *scene, const struct envelope *envelope)
{
    struct hpke_context hpke;
    struct binding info;

    seal_info(binding_start(&info), envelope, scene->spki);
    assert_int_equal(hpke_setup_recipient(HPKE_AES_256_GCM, envelope->encapsulation,
                                          scene->private_key, binding_bytes(&info), &hpke),
                     ST_OK);
    return hpke;
}

static void wrap_key(const struct scene *scene, struct envelope *envelope, size_t place,
                     const uint8_t content_key[static CHUNKED_KEY_SIZE])
{
    const uint8_t nonce[GCM_NONCE_SIZE] = {0};
    struct hpke_context hpke = context_of(scene, envelope);
    struct sealed_section *section = &envelope->sections[place];
    struct binding exporter, aad;
    uint8_t kek[GCM_KEY_SIZE];

    seal_exporter_context(binding_start(&exporter), envelope, section->category);
    assert_int_equal(hpke_export(&hpke, binding_bytes(&exporter), kek, sizeof kek), ST_OK);
    seal_wrap_aad(binding_start(&aad), envelope, section->category);
    assert_int_equal(gcm_seal(kek, nonce, binding_bytes(&aad),
                              (struct bytes){content_key, CHUNKED_KEY_SIZE}, section->wrap),
                     ST_OK);
}

/* One section of `category` alone, with this plaintext as it is. */
static void craft(struct scene *scene, uint32_t category, struct bytes plain)
{
    const uint8_t content_key[CHUNKED_KEY_SIZE] = {9};
    struct envelope *envelope = &scene->envelope;
    struct sealed_section *section = &envelope->sections[0];
    struct binding context;

    envelope->section_count = 1;
    section->category = category;
    seal_content_context(binding_start(&context), envelope, category);
    assert_int_equal(chunked_seal(content_key, binding_bytes(&context), plain, scene->sealed,
                                  SEALED_MAX, &scene->sealed_size),
                     ST_OK);
    section->sealed_size = (uint32_t)scene->sealed_size;
    section->sealed_sha256 = sha256(scene->sealed, scene->sealed_size);
    wrap_key(scene, envelope, 0, content_key);
}

/* The same with prefix and padding as they should be. */
static void craft_framed(struct scene *scene, uint32_t category, struct bytes body)
{
    uint8_t plain[4096] = {0};
    struct writer w = writer_of(plain, sizeof plain);

    write_prefixed(&w, body.data, body.size);
    assert_false(w.failed);
    craft(scene, category, (struct bytes){plain, padme(4 + body.size)});
}

/* The fields of `category` in the scene's body. */
static size_t only(const struct scene *scene, uint32_t category, uint8_t *out)
{
    struct reader r = reader_of(scene->body, scene->body_size);
    const struct message_type *type = catalogue_find("psr.request");
    struct writer w = writer_of(out, 4096);
    struct field field;

    while (next_field(&r, &field))
        if (category_of_field(type->body, field.tag) == category)
            write_bytes(&w, field.whole.data, field.whole.size);
    assert_false(w.failed);
    return w.size;
}

static void a_section_with_another_category_s_field_is_invalid(void **state)
{
    struct scene *scene = *state;
    uint8_t body[4096];
    size_t size;

    assert_int_equal(seal_scene(scene), ST_OK); /* for its encapsulation */
    craft_framed(scene, DC(OFFENCE_INDEX),
                 (struct bytes){body, only(scene, DC(OFFENCE_INDEX), body)});
    assert_int_equal(open_scene(scene, &scene->envelope, &size), ST_OK); /* the crafting is right */

    craft_framed(scene, DC(OFFENCE_INDEX), (struct bytes){body, only(scene, DC(IDENTITY), body)});
    assert_answer(scene, &scene->envelope, ST_INVALID);
    craft_framed(scene, DC(IDENTITY), (struct bytes){scene->body, scene->body_size});
    assert_answer(scene, &scene->envelope, ST_INVALID);
    craft_framed(scene, DC(VICTIM), (struct bytes){body, only(scene, DC(IDENTITY), body)});
    assert_answer(scene, &scene->envelope, ST_INVALID);
}

static void a_section_that_is_no_body_is_invalid(void **state)
{
    struct scene *scene = *state;
    const uint8_t unknown[] = {0xf8, 0x07, 0x01};              /* tag 127, varint 1 */
    const uint8_t cut[] = {0x0a, 0x05, 'a'};                   /* hearing_id of 5 bytes, 1 there */
    const uint8_t descending[] = {0x1a, 1, 'a', 0x0a, 1, 'b'}; /* court_ou, hearing_id */

    assert_int_equal(seal_scene(scene), ST_OK);
    craft_framed(scene, DC(IDENTITY), (struct bytes){unknown, sizeof unknown});
    assert_answer(scene, &scene->envelope, ST_INVALID);
    craft_framed(scene, DC(IDENTITY), (struct bytes){cut, sizeof cut});
    assert_answer(scene, &scene->envelope, ST_INVALID);
    craft_framed(scene, DC(IDENTITY), (struct bytes){descending, sizeof descending});
    assert_answer(scene, &scene->envelope, ST_INVALID);
    craft_framed(scene, DC(IDENTITY), (struct bytes){NULL, 0});
    assert_answer(scene, &scene->envelope, ST_INVALID);
}

/* Adds one more section to what craft() made, its content `count` empty messages of one field. */
static void craft_list(struct scene *scene, uint32_t category, uint8_t tag, size_t count)
{
    const uint8_t content_key[CHUNKED_KEY_SIZE] = {9};
    struct envelope *envelope = &scene->envelope;
    struct sealed_section *section = &envelope->sections[envelope->section_count];
    size_t plain_size = padme(4 + 2 * count), size = 0;
    uint8_t *plain = calloc(1, plain_size);
    struct writer w = writer_of(plain, plain_size);
    struct binding context;

    assert_non_null(plain);
    write_u32(&w, (uint32_t)(2 * count));
    for (size_t i = 0; i < count; i++) {
        write_u8(&w, (uint8_t)(tag << 3 | 2));
        write_u8(&w, 0);
    }
    section->category = category;
    seal_content_context(binding_start(&context), envelope, category);
    assert_int_equal(
        chunked_seal(content_key, binding_bytes(&context), (struct bytes){plain, plain_size},
                     scene->sealed + scene->sealed_size, SEALED_MAX - scene->sealed_size, &size),
        ST_OK);
    section->sealed_size = (uint32_t)size;
    section->sealed_sha256 = sha256(scene->sealed + scene->sealed_size, size);
    wrap_key(scene, envelope, envelope->section_count++, content_key);
    scene->sealed_size += size;
    free(plain);
}

/* Else a message would be delivered that no reader of the whole body takes. */
static void what_sections_hold_together_is_bounded_too(void **state)
{
    const size_t half = BODY_FIELDS_MAX / 2;
    struct scene *scene = *state;
    size_t size = 0;

    assert_int_equal(seal_scene(scene), ST_OK); /* for its encapsulation */
    for (size_t more = 0; more < 2; more++) {
        scene->envelope.section_count = 0;
        scene->sealed_size = 0;
        craft_list(scene, DC(CONTACT_ADDRESS), 12, half);
        craft_list(scene, DC(OFFENCE_INDEX), 6, half + more);
        if (more == 0)
            assert_int_equal(open_scene(scene, &scene->envelope, &size), ST_OK);
        else
            assert_answer(scene, &scene->envelope, ST_INVALID);
    }
}

static void framing_and_padding_leave_no_choice(void **state)
{
    struct scene *scene = *state;
    uint8_t plain[64] = {0, 0, 0, 12, 0x0a, 10, '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'};
    size_t size;

    assert_int_equal(padme(4 + 12), 16);
    assert_int_equal(seal_scene(scene), ST_OK);
    craft(scene, DC(IDENTITY), (struct bytes){plain, 16});
    assert_int_equal(open_scene(scene, &scene->envelope, &size), ST_OK);

    craft(scene, DC(IDENTITY), (struct bytes){plain, 18}); /* further than its class */
    assert_answer(scene, &scene->envelope, ST_INVALID);
    craft(scene, DC(IDENTITY), (struct bytes){plain, 15}); /* cut */
    assert_answer(scene, &scene->envelope, ST_INVALID);
    craft(scene, DC(IDENTITY), (struct bytes){plain, 3}); /* no size */
    assert_answer(scene, &scene->envelope, ST_INVALID);
    plain[3] = 5; /* 9 bytes are padded to 10 */
    plain[5] = 3;
    plain[9] = 0;
    craft(scene, DC(IDENTITY), (struct bytes){plain, 10});
    assert_int_equal(open_scene(scene, &scene->envelope, &size), ST_OK);
    plain[9] = 1; /* something hidden in the padding */
    craft(scene, DC(IDENTITY), (struct bytes){plain, 10});
    assert_answer(scene, &scene->envelope, ST_INVALID);
}

/* B was sent a section by A, so B knows its content key; B passes it on as its own word. */
static void a_section_wrapped_again_under_another_sender_does_not_open(void **state)
{
    struct scene *scene = *state;
    uint8_t body[4096], content_key[CHUNKED_KEY_SIZE] = {9};

    assert_int_equal(seal_scene(scene), ST_OK);
    craft_framed(scene, DC(IDENTITY), (struct bytes){body, only(scene, DC(IDENTITY), body)});
    (void)strcpy(scene->envelope.sender, "police.cambs");
    memset(scene->spki, 0x62, sizeof scene->spki);
    wrap_key(scene, &scene->envelope, 0, content_key);
    assert_answer(scene, &scene->envelope, ST_FORGED);
    (void)strcpy(scene->envelope.sender, "court.b35cz00");
    wrap_key(scene, &scene->envelope, 0, content_key);
    size_t size;
    assert_int_equal(open_scene(scene, &scene->envelope, &size), ST_OK);
}

static void what_cannot_be_split_is_not_sealed(void **state)
{
    struct scene *scene = *state;
    static const struct {
        uint8_t bytes[8];
        size_t size;
    } bodies[] = {
        {{0}, 0},                            /* empty */
        {{0xf8, 0x07, 0x01}, 3},             /* a field that the type has not */
        {{0x1a, 1, 'a', 0x0a, 1, 'b'}, 6},   /* descending */
        {{0x0a, 5, 'a'}, 3},                 /* cut */
        {{0x0b}, 1},                         /* a group */
        {{0x00, 0x00}, 2},                   /* tag 0 */
        {{0xff, 0xff, 0xff, 0xff, 0xff}, 5}, /* a tag without an end */
    };

    for (size_t i = 0; i < LENGTH(bodies); i++) {
        memcpy(scene->body, bodies[i].bytes, bodies[i].size);
        scene->body_size = bodies[i].size;
        assert_int_equal(seal_scene(scene), ST_INVALID);
    }
    scene->body_size = make_body(scene->body, 1);
    (void)strcpy(scene->envelope.type, "psr.rumour");
    assert_int_equal(seal_scene(scene), ST_INVALID);
}

/* The encapsulation of a message sealed now. */
static void enc_of(struct scene *scene, struct id id, int64_t now_ms,
                   uint8_t enc[static SEALING_KEY_SIZE])
{
    scene->envelope.message_id = id;
    assert_int_equal(seal(scene->sealer, &scene->envelope,
                          (struct bytes){scene->body, scene->body_size}, scene->key_id,
                          scene->public_key, now_ms, scene->sealed, SEALED_MAX,
                          &scene->sealed_size),
                     ST_OK);
    memcpy(enc, scene->envelope.encapsulation, SEALING_KEY_SIZE);
    assert_opens(scene);
}

static void an_encapsulation_serves_an_hour_and_one_key(void **state)
{
    struct scene *scene = *state;
    uint8_t first[SEALING_KEY_SIZE], next[SEALING_KEY_SIZE];

    enc_of(scene, id_new(NOW_MS), NOW_MS, first);
    enc_of(scene, id_new(NOW_MS), NOW_MS + 3599999, next);
    assert_memory_equal(first, next, sizeof first);
    enc_of(scene, id_new(NOW_MS), NOW_MS + 3600000, next);
    assert_memory_not_equal(first, next, sizeof first);
    memcpy(first, next, sizeof first);
    enc_of(scene, id_new(NOW_MS), NOW_MS, next); /* the clock went back */
    assert_memory_not_equal(first, next, sizeof first);
    memcpy(first, next, sizeof first);
    scene->key_id[0] ^= 1;
    enc_of(scene, id_new(NOW_MS), NOW_MS, next);
    assert_memory_not_equal(first, next, sizeof first);
    scene->key_id[0] ^= 1;
    enc_of(scene, id_new(NOW_MS), NOW_MS, next);
    assert_memory_equal(first, next, sizeof first);
}

static void a_message_id_sealed_twice_gets_another_encapsulation(void **state)
{
    struct scene *scene = *state;
    const struct id id = id_new(NOW_MS);
    uint8_t first[SEALING_KEY_SIZE], next[SEALING_KEY_SIZE];

    enc_of(scene, id, NOW_MS, first);
    enc_of(scene, id_new(NOW_MS), NOW_MS, next);
    assert_memory_equal(first, next, sizeof first);
    enc_of(scene, id, NOW_MS, next);
    assert_memory_not_equal(first, next, sizeof first);
    memcpy(first, next, sizeof first);
    enc_of(scene, id, NOW_MS, next);
    assert_memory_not_equal(first, next, sizeof first);
}

static void an_encapsulation_serves_so_many_messages_and_recipients(void **state)
{
    struct scene *scene = *state;
    uint8_t first[SEALING_KEY_SIZE], next[SEALING_KEY_SIZE];

    scene->body_size = 0; /* one short section is enough */
    scene->body[scene->body_size++] = 0x0a;
    scene->body[scene->body_size++] = 1;
    scene->body[scene->body_size++] = 'h';
    enc_of(scene, id_new(NOW_MS), NOW_MS, first);
    for (int i = 1; i < 1024; i++) {
        enc_of(scene, id_new(NOW_MS), NOW_MS, next);
        assert_memory_equal(first, next, sizeof first);
    }
    enc_of(scene, id_new(NOW_MS), NOW_MS, next);
    assert_memory_not_equal(first, next, sizeof first);

    memcpy(first, next, sizeof first);
    for (uint8_t i = 1; i <= 64; i++) { /* as many keys as are kept: ours was the idlest */
        scene->key_id[0] = i;
        enc_of(scene, id_new(NOW_MS), NOW_MS, next);
    }
    scene->key_id[0] = 0x4b;
    enc_of(scene, id_new(NOW_MS), NOW_MS, next);
    assert_memory_not_equal(first, next, sizeof first);
}

static void a_forked_child_agrees_on_a_secret_of_its_own(void **state)
{
    struct scene *scene = *state;
    uint8_t first[SEALING_KEY_SIZE], next[SEALING_KEY_SIZE];
    int how = 0;

    enc_of(scene, id_new(NOW_MS), NOW_MS, first);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        enc_of(scene, id_new(NOW_MS), NOW_MS, next);
        _exit(memcmp(first, next, sizeof first) == 0);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

/* The encodings themselves, byte by byte: docs/protocol.md §7. */
static void bindings_are_written_as_the_protocol_says(void **)
{
    struct envelope e = {.type = "a.b", .sender = "s", .recipient = "r", .purpose = "p"};
    struct binding binding;
    uint8_t spki[DIGEST_SIZE];
    char hex[2 * SEAL_BINDING_MAX + 1];

    memset(e.message_id.bytes, 0x11, ID_SIZE);
    memset(e.share_id.bytes, 0x22, ID_SIZE);
    memset(e.case_handle.bytes, 0x33, ID_SIZE);
    memset(e.agreement_hash.bytes, 0x44, DIGEST_SIZE);
    memset(e.recipient_key_id, 0x55, KEY_ID_SIZE);
    memset(spki, 0x66, sizeof spki);
#define ID(digits) digits digits digits digits digits digits digits digits
#define HASH(digits) ID(digits) ID(digits)
    seal_info(binding_start(&binding), &e, spki);
    hex_print(binding_bytes(&binding).data, binding_bytes(&binding).size, hex);
    assert_string_equal(hex, "00000010"
                             "636f6e636f726461742f312077726170"
                             "0000000173"
                             "00000020" HASH("6666") "0000000172"
                                                     "00000010" ID("5555"));
    seal_exporter_context(binding_start(&binding), &e, 3);
    hex_print(binding_bytes(&binding).data, binding_bytes(&binding).size, hex);
    assert_string_equal(hex, "77726170" ID("1111") "00000003");
    seal_wrap_aad(binding_start(&binding), &e, 3);
    hex_print(binding_bytes(&binding).data, binding_bytes(&binding).size, hex);
    assert_string_equal(hex, ID("1111") "00000003612e62" HASH("4444") "00000003"
                                                                      "0000000170" ID("3333"));
    seal_content_context(binding_start(&binding), &e, 3);
    hex_print(binding_bytes(&binding).data, binding_bytes(&binding).size, hex);
    assert_string_equal(hex, "00000013"
                             "636f6e636f726461742f312073656374696f6e" ID(
                                 "2222") "00000003612e62" HASH("4444") "00000003"
                                                                       "0000000173");
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(a_body_becomes_one_section_per_category_and_a_body_again),
        SCENE(bodies_of_every_size_come_back),
        SCENE(sizes_tell_only_their_padded_class),
        SCENE(a_room_too_small_is_said_and_nothing_changes),
        SCENE(every_byte_of_the_ciphertext_counts),
        SCENE(a_changed_ciphertext_with_a_matching_hash_is_forged_too),
        SCENE(every_byte_of_every_bound_field_counts),
        SCENE(names_that_run_into_each_other_are_not_the_same),
        SCENE(another_category_in_the_header_is_forged),
        SCENE(sections_that_do_not_fill_the_body_are_refused),
        SCENE(another_recipient_s_key_does_not_open),
        SCENE(a_point_of_small_order_is_forged),
        SCENE(a_section_moved_to_another_message_does_not_open),
        SCENE(a_section_with_another_category_s_field_is_invalid),
        SCENE(a_section_that_is_no_body_is_invalid),
        SCENE(what_sections_hold_together_is_bounded_too),
        SCENE(framing_and_padding_leave_no_choice),
        SCENE(a_section_wrapped_again_under_another_sender_does_not_open),
        SCENE(what_cannot_be_split_is_not_sealed),
        SCENE(an_encapsulation_serves_an_hour_and_one_key),
        SCENE(a_message_id_sealed_twice_gets_another_encapsulation),
        SCENE(an_encapsulation_serves_so_many_messages_and_recipients),
        SCENE(a_forked_child_agrees_on_a_secret_of_its_own),
        cmocka_unit_test(bindings_are_written_as_the_protocol_says),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
