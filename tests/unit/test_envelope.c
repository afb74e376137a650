/* A header is read only in its one canonical form, and every field is checked. */
#include "tests/unit/unit.h"

#include "lib/clock.h"
#include "lib/day.h"
#include "tests/unit/header_sample.h"

static struct arena *arena;

static int make_arena(void **)
{
    arena = arena_new(HEAD_ARENA, HEAD_ARENA);
    return arena ? 0 : -1;
}

static int free_arena(void **)
{
    arena_free(arena);
    return 0;
}

static enum status read_back(const uint8_t *data, size_t size, struct envelope *out,
                             struct reason *why)
{
    return envelope_read((struct bytes){data, size}, arena, out, why);
}

static size_t write_sample(uint8_t out[static HEADER_MAX], const struct envelope *e)
{
    size_t size = 0;

    assert_int_equal(envelope_write(e, out, HEADER_MAX, &size), ST_OK);
    return size;
}

static void the_sample_comes_back_as_it_was(void **)
{
    struct envelope e = sample_envelope(), back;
    uint8_t bytes[HEADER_MAX];
    size_t size = write_sample(bytes, &e);
    struct reason why = {0};

    memset(&back, 0xee, sizeof back);
    assert_int_equal(read_back(bytes, size, &back, &why), ST_OK);
    assert_memory_equal(&back, &e, envelope_size(&e));
    assert_int_equal(back.categories, e.categories);
}

static void random_word(struct dice *dice, char *out, size_t max)
{
    size_t size = 1 + dice_below(dice, (uint32_t)max);

    for (size_t i = 0; i < size; i++)
        out[i] = (char)('!' + dice_below(dice, '~' - '!' + 1));
    out[size] = '\0';
}

static void random_agency(struct dice *dice, char *out, unsigned salt)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t size = (size_t)snprintf(out, AGENCY_MAX + 1, "a%u.", salt);
    size_t more = 1 + dice_below(dice, (uint32_t)(AGENCY_MAX - size));

    for (size_t i = 0; i < more; i++)
        out[size + i] = alphabet[dice_below(dice, sizeof alphabet - 1)];
    out[size + more] = '\0';
}

static uint32_t random_u32(struct dice *dice)
{
    uint32_t v = (uint32_t)dice_roll(dice) >> dice_below(dice, 32);

    return v > 0 ? v : 1;
}

static void random_sections(struct dice *dice, struct envelope *e)
{
    e->section_count = 1 + dice_below(dice, SECTIONS_MAX);
    for (uint32_t i = 0, category = 0; i < e->section_count; i++) {
        struct sealed_section *section = &e->sections[i];
        uint32_t left = e->section_count - i - 1;
        category += 1 + dice_below(dice, SECTIONS_MAX - left - category);
        section->category = category;
        section->sealed_size = 1 + dice_below(dice, SEALED_MAX / SECTIONS_MAX);
        dice_fill(dice, section->sealed_sha256.bytes, DIGEST_SIZE);
        dice_fill(dice, section->wrap, WRAP_SIZE);
        e->categories |= UINT32_C(1) << category;
        e->body_size += section->sealed_size;
    }
}

static void random_custody(struct dice *dice, enum custody_act act, struct envelope *e)
{
    struct custody_claim *c = &e->custody;

    if (act == CUSTODY_NONE)
        return;
    dice_fill(dice, e->case_handle.bytes, ID_SIZE);
    dice_fill(dice, c->transfer_id.bytes, ID_SIZE);
    c->case_version = random_u32(dice);
    if (act == CUSTODY_OFFER || act == CUSTODY_COMPLETE)
        dice_fill(dice, c->manifest.bytes, DIGEST_SIZE);
    if (act == CUSTODY_ACCEPT || act == CUSTODY_REJECT)
        c->components = random_u32(dice);
    if (act != CUSTODY_OFFER)
        return;
    c->component_count = 1 + dice_below(dice, COMPONENTS_MAX);
    c->components = 1u << dice_below(dice, c->component_count);
    c->reply_by_ms = dice_below(dice, 2) ? random_u32(dice) : 0;
    c->conversation_count = dice_below(dice, CONVERSATIONS_MAX + 1);
    for (uint32_t i = 0; i < c->conversation_count; i++) {
        dice_fill(dice, c->conversations[i].bytes, ID_SIZE);
        c->conversations[i].bytes[0] = (uint8_t)i; /* ascending */
    }
}

static struct envelope random_envelope(struct dice *dice)
{
    static const char *const purposes[] = {"court_advice", "iom", "serious_further_offence"};
    struct envelope e;
    size_t types;
    const struct message_type *type = catalogue_all(&types);

    type += dice_below(dice, (uint32_t)types);
    memset(&e, 0, sizeof e);
    dice_fill(dice, e.message_id.bytes, ID_SIZE);
    e.message_id.bytes[6] = (uint8_t)(0x70 | dice_below(dice, 16));
    e.message_id.bytes[8] = (uint8_t)(0x80 | dice_below(dice, 64));
    dice_fill(dice, e.share_id.bytes, ID_SIZE);
    dice_fill(dice, e.conversation_id.bytes, ID_SIZE);
    if (dice_below(dice, 2))
        dice_fill(dice, e.case_handle.bytes, ID_SIZE);
    if (dice_below(dice, 2))
        dice_fill(dice, e.in_reply_to.bytes, ID_SIZE);
    if (dice_below(dice, 2))
        dice_fill(dice, e.officer_hash.bytes, DIGEST_SIZE);
    e.leg_count = 1 + dice_below(dice, LEGS_MAX);
    e.schema_version = 1;
    e.sequence = random_u32(dice);
    e.retention_days = dice_below(dice, 2) ? random_u32(dice) : 0;
    e.agreement_version = random_u32(dice);
    strcpy(e.type, type->name);
    random_agency(dice, e.sender, 0);
    random_agency(dice, e.recipient, 1);
    random_word(dice, e.agreement_id, AGREEMENT_ID_MAX);
    dice_fill(dice, e.agreement_hash.bytes, DIGEST_SIZE);
    random_word(dice, e.clause, CLAUSE_ID_MAX);
    strcpy(e.purpose, purposes[dice_below(dice, 3)]);
    random_word(dice, e.gateway, GATEWAY_MAX);
    e.marking = 1 + (int)dice_below(dice, 2);
    e.capacity = (int)dice_below(dice, 7);
    e.urgency = (int)dice_below(dice, (uint32_t)type->urgency + 1);
    e.created_ms = 1 + (int64_t)(dice_roll(dice) >> (2 + dice_below(dice, 60)));
    e.expires_ms = e.created_ms + random_u32(dice);
    e.needed_by_ms = dice_below(dice, 2) ? random_u32(dice) : 0; /* up to 50 days */
    e.watch_until_ms = type->watched_until && dice_below(dice, 2) ? random_u32(dice) : 0;
    e.onward_count = dice_below(dice, ONWARD_MAX + 1);
    for (unsigned i = 0; i < e.onward_count; i++)
        random_agency(dice, e.onward[i], 2 + i);
    dice_fill(dice, e.recipient_key_id, KEY_ID_SIZE);
    dice_fill(dice, e.encapsulation, SEALING_KEY_SIZE);
    random_sections(dice, &e);
    random_custody(dice, type->custody, &e);
    return e;
}

static void any_envelope_comes_back_as_it_was(void **)
{
    struct dice dice = dice_new(20210626);
    const unsigned rounds = 12000;
    uint8_t bytes[HEADER_MAX], again[HEADER_MAX];
    size_t largest = 0, size_again;

    for (unsigned i = 0; i < rounds; i++) {
        struct envelope e = random_envelope(&dice), back = {0};
        struct reason why = {0};
        size_t size = write_sample(bytes, &e);
        if (read_back(bytes, size, &back, &why) != ST_OK)
            fail_msg("round %u: %s", i, why.text);
        assert_memory_equal(&back, &e, envelope_size(&e));
        assert_int_equal(envelope_write(&back, again, sizeof again, &size_again), ST_OK);
        assert_int_equal(size_again, size);
        assert_memory_equal(again, bytes, size);
        largest = size > largest ? size : largest;
    }
    printf("%u envelopes, largest header %zu bytes\n", rounds, largest);
}

/* A header that ends behind a section is a whole header with fewer sections; the signature and the
 * body's size tell them apart. */
static void a_header_cut_anywhere_is_refused_or_whole(void **)
{
    struct envelope e = sample_envelope(), back;
    uint8_t bytes[HEADER_MAX];
    size_t size = write_sample(bytes, &e), whole = 0;

    for (size_t cut = 0; cut < size; cut++) {
        /* a buffer of its own, so that a read past the end is seen */
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, bytes, cut);
        enum status status = read_back(exact, cut, &back, NULL);
        free(exact);
        if (status != ST_OK)
            continue;
        whole++;
        assert_int_equal(back.section_count, whole);
    }
    assert_int_equal(whole, e.section_count - 1);
    printf("%zu offsets\n", size);
}

/* Each byte takes each other value: what still reads writes the same bytes, since there is only one
 * way to say a thing. */
static void a_header_with_any_byte_changed_is_refused_or_another_canonical_one(void **)
{
    struct envelope e = sample_envelope(), back;
    uint8_t bytes[HEADER_MAX], again[HEADER_MAX];
    size_t size = write_sample(bytes, &e), refused = 0, read = 0, size_again;

    for (size_t at = 0; at < size; at++) {
        uint8_t was = bytes[at];
        for (unsigned flip = 1; flip < 256; flip++) {
            bytes[at] = (uint8_t)(was ^ flip);
            if (read_back(bytes, size, &back, NULL) != ST_OK) {
                refused++;
                continue;
            }
            read++;
            assert_int_equal(envelope_write(&back, again, sizeof again, &size_again), ST_OK);
            assert_int_equal(size_again, size);
            assert_memory_equal(again, bytes, size);
        }
        bytes[at] = was;
    }
    printf("%zu mutations refused, %zu read as another header\n", refused, read);
}

static void set_text(char *to, const char *text)
{
    strcpy(to, text);
}

static void every_field_is_checked(void **)
{
    struct envelope back;
    uint8_t bytes[HEADER_MAX];

#define REFUSED(starts_with, ...)                                                                  \
    do {                                                                                           \
        struct envelope e = sample_envelope();                                                     \
        struct reason why = {0};                                                                   \
        __VA_ARGS__;                                                                               \
        size_t size = write_sample(bytes, &e);                                                     \
        assert_int_equal(read_back(bytes, size, &back, &why), ST_INVALID);                         \
        if (strncmp(why.text, starts_with, strlen(starts_with)) != 0)                              \
            fail_msg("%s: %s", starts_with, why.text);                                             \
    } while (0)

    REFUSED("message_id", e.message_id = (struct id){0});
    REFUSED("message_id", e.message_id.bytes[6] = 0x40); /* version 4 */
    REFUSED("message_id", e.message_id.bytes[8] = 0x00); /* another variant */
    REFUSED("share_id", e.share_id = (struct id){0});
    REFUSED("conversation_id", e.conversation_id = (struct id){0});
    REFUSED("leg_count", e.leg_count = 0);
    REFUSED("leg_count", e.leg_count = LEGS_MAX + 1);
    REFUSED("sequence", e.sequence = 0);
    REFUSED("type", e.type[0] = '\0');
    REFUSED("type", set_text(e.type, "psr.requests"));
    REFUSED("schema_version", e.schema_version = 0);
    REFUSED("schema_version", e.schema_version = 2);
    REFUSED("sender", set_text(e.sender, "Court.B35CZ00"));
    REFUSED("sender", e.sender[0] = '\0');
    REFUSED("recipient", set_text(e.recipient, "nps..cambs"));
    REFUSED("recipient", set_text(e.recipient, "nps.cambs."));
    REFUSED("agreement_id", e.agreement_id[0] = '\0');
    REFUSED("agreement_id", set_text(e.agreement_id, "with space"));
    REFUSED("agreement_version", e.agreement_version = 0);
    REFUSED("agreement_hash", e.agreement_hash = (struct digest){0});
    REFUSED("clause", e.clause[0] = '\0');
    REFUSED("purpose", set_text(e.purpose, "curiosity"));
    REFUSED("gateway", e.gateway[0] = '\0');
    REFUSED("marking", e.marking = 0);
    REFUSED("Header.marking", e.marking = 3);
    REFUSED("Header.capacity", e.capacity = 7);
    REFUSED("Header.urgency", e.urgency = 3);
    REFUSED("Header.urgency", e.urgency = -1);
    REFUSED("urgency", e.urgency = CONCORDAT__URGENCY__IMMEDIATE); /* a request is not */
    REFUSED("created_ms", e.created_ms = 0);
    REFUSED("created_ms", e.created_ms = -1);
    REFUSED("expires_ms", e.expires_ms = e.created_ms);
    REFUSED("needed_by_ms", e.needed_by_ms = -5);
    REFUSED("watch_until_ms", e.watch_until_ms = -1);
    REFUSED("watch_until_ms", e.watch_until_ms = 1); /* a request is not watched */
    REFUSED("onward", set_text(e.onward[0], "Police"));
    REFUSED("onward", e.onward_count = 2; set_text(e.onward[1], e.onward[0]));
    REFUSED("recipient_key_id", memset(e.recipient_key_id, 0, KEY_ID_SIZE));
    REFUSED("encapsulation", memset(e.encapsulation, 0, SEALING_KEY_SIZE));
    REFUSED("sections", e.section_count = 0);
    REFUSED("sections", e.sections[1].category = 1);
    REFUSED("sections", e.sections[2].category = 2);
    REFUSED("sections", e.sections[0].category = 0);
    REFUSED("Section.category", e.sections[2].category = 25);
    REFUSED("sections", e.sections[1].sealed_size = 0);
    REFUSED("sections", e.sections[1].sealed_size = SEALED_MAX);
    REFUSED("sections", e.sections[1].sealed_size = UINT32_MAX);
    REFUSED("sections", e.sections[1].sealed_sha256 = (struct digest){0});
    REFUSED("sections", memset(e.sections[1].wrap, 0, WRAP_SIZE));
#undef REFUSED
}

static void set_act(struct envelope *e, const char *type)
{
    strcpy(e->type, type);
    e->custody.component_count = 0;
    e->custody.reply_by_ms = 0;
    e->custody.conversation_count = 0;
    e->custody.components = 0;
    e->custody.manifest = (struct digest){0};
}

static void an_act_of_custody_says_what_it_must_and_no_more(void **)
{
    struct envelope back;
    uint8_t bytes[HEADER_MAX];
    struct custody_claim claim = sample_offer().custody;

#define READS(status, starts_with, ...)                                                            \
    do {                                                                                           \
        struct envelope e = sample_offer();                                                        \
        struct custody_claim *c = &e.custody;                                                      \
        struct reason why = {""};                                                                  \
        __VA_ARGS__;                                                                               \
        (void)c;                                                                                   \
        size_t size = write_sample(bytes, &e);                                                     \
        assert_int_equal(read_back(bytes, size, &back, &why), status);                             \
        if (strncmp(why.text, starts_with, strlen(starts_with)) != 0)                              \
            fail_msg("%s: %s", starts_with, why.text);                                             \
    } while (0)
#define REFUSED(starts_with, ...) READS(ST_INVALID, starts_with, __VA_ARGS__)

    READS(ST_OK, "", (void)0);
    READS(ST_OK, "", c->reply_by_ms = 0);
    READS(ST_OK, "", c->conversation_count = 0);
    READS(ST_OK, "", c->component_count = 32; c->components = UINT32_MAX);
    REFUSED("custody: missing", c->transfer_id = (struct id){0}); /* nothing of it is written */
    REFUSED("case_handle", e.case_handle = (struct id){0});
    REFUSED("custody.case_version", c->case_version = 0);
    REFUSED("custody.component_count", c->component_count = 0);
    REFUSED("custody.component_count", c->component_count = 33);
    REFUSED("custody.components", c->components = 0);
    REFUSED("custody.components", c->components = 1u << 3);
    REFUSED("custody.components", c->components = UINT32_MAX);
    REFUSED("custody.manifest", c->manifest = (struct digest){0});
    REFUSED("custody.reply_by_ms", c->reply_by_ms = -1);
    READS(ST_OK, "", c->reply_by_ms = INT64_MAX); /* is for acceptance to judge, as is needed_by */
    READS(ST_OK, "", e.needed_by_ms = INT64_MAX);
    READS(ST_OK, "", e.needed_by_ms = 1); /* it was missed, which is for the clocks to say */
    REFUSED("custody.conversations", c->conversations[0] = (struct id){0});
    REFUSED("custody.conversations", c->conversations[1] = c->conversations[0]);
    REFUSED("custody.conversations", c->conversations[0] = (struct id){{0xff}});
    REFUSED("custody: missing, or not for this type", e = sample_envelope(), e.custody = claim);

    static const char *const some[] = {"case.transfer.accept", "case.transfer.reject"};
    for (size_t i = 0; i < LENGTH(some); i++) {
        READS(ST_OK, "", set_act(&e, some[i]), c->components = 5);
        READS(ST_OK, "", set_act(&e, some[i]), c->components = 5, c->case_version = 0);
        REFUSED("custody.components", set_act(&e, some[i]));
        REFUSED("custody.manifest", set_act(&e, some[i]), c->components = 5,
                c->manifest = claim.manifest);
    }
    READS(ST_OK, "", set_act(&e, "case.transfer.withdraw"));
    READS(ST_OK, "", set_act(&e, "case.transfer.complete"), c->manifest = claim.manifest);
    REFUSED("custody.manifest", set_act(&e, "case.transfer.complete"));
    REFUSED("custody.manifest", set_act(&e, "case.transfer.withdraw"),
            c->manifest = claim.manifest);
    REFUSED("custody.components", set_act(&e, "case.transfer.withdraw"), c->components = 1);
    REFUSED("custody: what only", set_act(&e, "case.transfer.withdraw"), c->component_count = 1);
    REFUSED("custody: what only", set_act(&e, "case.transfer.withdraw"), c->reply_by_ms = 1);
    REFUSED("custody: what only", set_act(&e, "case.transfer.withdraw"), c->conversation_count = 1);
#undef REFUSED
#undef READS
}

/* A release that did not ask has accepted them, so they are read; acceptance asks. */
static void a_deadline_years_ahead_is_read_and_not_accepted(void **)
{
    const int64_t most = DEADLINE_AHEAD_DAYS * (int64_t)DAY_MS;
    const int64_t ahead[] = {0, most, most + 1, INT64_MAX - sample_offer().created_ms};
    struct envelope e = sample_offer();

    for (size_t i = 0; i < 2 * LENGTH(ahead); i++) {
        int64_t *deadline = i % 2 ? &e.needed_by_ms : &e.custody.reply_by_ms;
        struct envelope back;
        uint8_t bytes[HEADER_MAX];
        struct reason why = {""};

        e.needed_by_ms = e.custody.reply_by_ms = 0;
        *deadline = e.created_ms + ahead[i / 2];
        assert_int_equal(read_back(bytes, write_sample(bytes, &e), &back, &why), ST_OK);
        assert_int_equal(i % 2 ? back.needed_by_ms : back.custody.reply_by_ms, *deadline);
        assert_int_equal(envelope_check_deadlines(&back, &why),
                         ahead[i / 2] <= most ? ST_OK : ST_INVALID);
        if (ahead[i / 2] > most)
            assert_non_null(strstr(why.text, i % 2 ? "needed_by_ms" : "reply_by_ms"));
    }
}

/* As many conversations as may go with a case, and one more. */
static void an_offer_names_up_to_64_conversations(void **)
{
    struct envelope e = sample_offer(), back;
    uint8_t bytes[HEADER_MAX];
    struct reason why = {""};

    e.section_count = 0;
    e.body_size = 0;
    e.categories = 0;
    for (uint32_t i = 1; i <= SECTIONS_MAX; i++) {
        e.sections[e.section_count++] = sample_section(i, 64);
        e.categories |= 1u << i;
        e.body_size += 64;
    }
    e.custody.conversation_count = CONVERSATIONS_MAX;
    for (uint32_t i = 0; i < CONVERSATIONS_MAX; i++)
        sample_fill(e.custody.conversations[i].bytes, ID_SIZE, (uint8_t)(i + 1));
    size_t size = write_sample(bytes, &e);
    assert_int_equal(read_back(bytes, size, &back, &why), ST_OK);
    assert_memory_equal(&back, &e, envelope_size(&e));
    printf("%zu bytes\n", size);

    /* one more behind the last: its length is two bytes, behind tag 32 of two */
    uint8_t more[HEADER_MAX];
    size_t custody = 0;
    for (size_t at = 0; at + 4 < size; at++)
        if (bytes[at] == 0x82 && bytes[at + 1] == 0x02 && bytes[at + 4] == 0x0a)
            custody = at;
    size_t length = size - custody - 4 + 2 + ID_SIZE;
    memcpy(more, bytes, size);
    more[custody + 2] = (uint8_t)(length | 0x80);
    more[custody + 3] = (uint8_t)(length >> 7);
    more[size] = 0x3a;
    more[size + 1] = ID_SIZE;
    memset(more + size + 2, 0xff, ID_SIZE);
    assert_int_equal(read_back(more, size + 2 + ID_SIZE, &back, &why), ST_INVALID);
    assert_string_equal(why.text, "custody.conversations: too many");
}

/* What envelope_write cannot say: raw bytes behind or in front of a good header. */
static void bytes_that_do_not_belong_are_refused(void **)
{
    static const struct {
        const char *hex;
        bool in_front;
    } cases[] = {
        {"0801", false},         /* version again, out of order */
        {"0801", true},          /* version twice */
        {"e20100", false},       /* sender_head, out of order */
        {"8a8080800000", false}, /* a tag too long */
        {"00", false},           /* tag 0 */
        {"820200", false},       /* custody, of a type that is no act of it */
        {"8a0201", false},       /* tag 33, unknown */
        {"fa0100", false},       /* an empty section behind the last */
        {"fb01fc01", false},     /* a group */
        {"ff", false},           /* half a tag */
    };
    struct envelope e = sample_envelope(), back;
    uint8_t header[HEADER_MAX], extra[16], bytes[HEADER_MAX + 16];
    size_t size = write_sample(header, &e);

    for (size_t i = 0; i < LENGTH(cases); i++) {
        size_t more = strlen(cases[i].hex) / 2;
        assert_true(hex_parse(cases[i].hex, extra, more));
        memcpy(bytes + (cases[i].in_front ? more : 0), header, size);
        memcpy(bytes + (cases[i].in_front ? 0 : size), extra, more);
        assert_int_equal(read_back(bytes, size + more, &back, NULL), ST_INVALID);
    }
}

static void a_header_too_large_is_refused_unread(void **)
{
    uint8_t *bytes = calloc(1, HEADER_MAX + 1);
    struct envelope back;

    assert_int_equal(read_back(bytes, HEADER_MAX + 1, &back, NULL), ST_LIMIT);
    free(bytes);
}

static void writing_needs_room(void **)
{
    struct envelope e = sample_envelope();
    uint8_t bytes[HEADER_MAX];
    size_t size = write_sample(bytes, &e), got = 77;

    for (size_t room = 0; room < size; room++)
        assert_int_equal(envelope_write(&e, bytes, room, &got), ST_LIMIT);
    assert_int_equal(got, 77);
}

static void reading_leaves_out_alone_when_it_refuses(void **)
{
    struct envelope e = sample_envelope(), back, before;
    uint8_t bytes[HEADER_MAX];

    e.marking = 0;
    memset(&back, 0x5a, sizeof back);
    before = back;
    assert_int_equal(read_back(bytes, write_sample(bytes, &e), &back, NULL), ST_INVALID);
    assert_memory_equal(&back, &before, sizeof back);
}

/* Not a limit, only told: the broker reads every header once. */
static void it_is_quick(void **)
{
    struct envelope e = sample_envelope(), back;
    uint8_t bytes[HEADER_MAX];
    size_t size = write_sample(bytes, &e), got;
    const int rounds = 20000;
    int64_t start = clock_monotonic_ns();

    for (int i = 0; i < rounds; i++)
        assert_int_equal(read_back(bytes, size, &back, NULL), ST_OK);
    int64_t middle = clock_monotonic_ns();
    for (int i = 0; i < rounds; i++)
        assert_int_equal(envelope_write(&e, bytes, sizeof bytes, &got), ST_OK);
    printf("%zu bytes: read %lld ns, write %lld ns\n", size, (long long)((middle - start) / rounds),
           (long long)((clock_monotonic_ns() - middle) / rounds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_comes_back_as_it_was),
        cmocka_unit_test(any_envelope_comes_back_as_it_was),
        cmocka_unit_test(a_header_cut_anywhere_is_refused_or_whole),
        cmocka_unit_test(a_header_with_any_byte_changed_is_refused_or_another_canonical_one),
        cmocka_unit_test(every_field_is_checked),
        cmocka_unit_test(an_act_of_custody_says_what_it_must_and_no_more),
        cmocka_unit_test(a_deadline_years_ahead_is_read_and_not_accepted),
        cmocka_unit_test(an_offer_names_up_to_64_conversations),
        cmocka_unit_test(bytes_that_do_not_belong_are_refused),
        cmocka_unit_test(a_header_too_large_is_refused_unread),
        cmocka_unit_test(writing_needs_room),
        cmocka_unit_test(reading_leaves_out_alone_when_it_refuses),
        cmocka_unit_test(it_is_quick),
    };
    return cmocka_run_group_tests_name("envelope", tests, make_arena, free_arena);
}
