/* What the broker tells of cases and clocks comes back as it was, in one form alone, and no field
 * of it goes unchecked. */
#include "tests/unit/unit.h"

#include "lib/text.h"
#include "tests/unit/told_sample.h"

static struct arena *arena;
static uint8_t bytes[TOLD_MAX + 1];

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

static size_t written(const struct told *told)
{
    size_t size = 0;

    assert_int_equal(told_write(told, bytes, sizeof bytes, &size), ST_OK);
    return size;
}

static void both_kinds_come_back_as_they_were(void **)
{
    struct told told[] = {sample_custody_told(), sample_clock_told()};

    for (size_t i = 0; i < LENGTH(told); i++) {
        static struct told back;
        struct reason why = {""};
        size_t size = written(&told[i]);
        memset(&back, 0xee, sizeof back);
        if (told_read((struct bytes){bytes, size}, arena, &back, &why) != ST_OK)
            fail_msg("%s", why.text);
        assert_int_equal(bytes[0], told[i].kind);
        assert_int_equal(back.kind, told[i].kind);
        if (i == 0)
            assert_memory_equal(&back.custody, &told[i].custody, sizeof back.custody);
        else
            assert_memory_equal(&back.clock, &told[i].clock, sizeof back.clock);
    }
}

static void the_largest_fits(void **)
{
    static struct told told, back;
    struct custody_told *c = &told.custody;

    told = sample_custody_told();
    memset(c->holder, 'h', AGENCY_MAX);
    memset(c->offered_to, 'o', AGENCY_MAX);
    memset(c->former, 'f', AGENCY_MAX);
    c->version = UINT64_MAX;
    c->components = UINT32_MAX;
    c->at_ms = INT64_MAX;
    c->conversation_count = CONVERSATIONS_MAX;
    for (uint32_t i = 0; i < CONVERSATIONS_MAX; i++) {
        struct told_conversation *at = &c->conversations[i];
        memset(at, 0, sizeof *at);
        sample_fill(at->id.bytes, ID_SIZE, (uint8_t)(i + 1));
        memset(at->type, 't', TYPE_MAX);
        memset(at->other, 'a', AGENCY_MAX);
        at->next_of_holder = at->next_of_other = UINT32_MAX;
        at->asked_by_holder = true;
        at->due = CONCORDAT__CLOCK_KIND__CLOCK_ANSWER;
        at->due_ms = INT64_MAX;
        memset(at->before, 'b', AGENCY_MAX);
        at->closed = true;
    }
    c->due_count = TOLD_DUE_COUNT;
    for (uint32_t i = 0; i < TOLD_DUE_COUNT; i++) {
        struct told_due *at = &c->due[i];
        memset(at, 0, sizeof *at);
        at->kind = CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED;
        sample_fill(at->message_id.bytes, ID_SIZE, (uint8_t)(i + 1));
        sample_fill(at->conversation_id.bytes, ID_SIZE, (uint8_t)(i + 101));
        memset(at->type, 't', TYPE_MAX);
        memset(at->expected, 'e', TYPE_MAX);
        memset(at->owed_by, 'b', AGENCY_MAX);
        memset(at->owed_to, 'o', AGENCY_MAX);
        at->due_ms = INT64_MAX;
        memset(at->role, 'r', ROLE_MAX);
    }
    size_t size = written(&told);
    assert_int_equal(told_read((struct bytes){bytes, size}, arena, &back, NULL), ST_OK);
    assert_memory_equal(&back.custody, c, sizeof *c);
    assert_true(size <= TOLD_CASE_MAX + CONVERSATIONS_MAX * TOLD_CONVERSATION_MAX
                            + TOLD_DUE_COUNT * TOLD_DUE_MAX);
}

static void the_longest_clock_is_as_long_as_told_h_says(void **)
{
    static struct told told, back;
    struct clock_told *c = &told.clock;

    told = sample_clock_told();
    c->clock = UINT64_MAX;
    c->agreement_version = c->count = UINT32_MAX;
    c->due_ms = c->at_ms = INT64_MAX;
    memset(c->type, 't', TYPE_MAX);
    memset(c->expected, 'e', TYPE_MAX);
    memset(c->agreement_id, 'a', AGREEMENT_ID_MAX);
    memset(c->clause, 'c', CLAUSE_ID_MAX);
    memset(c->role, 'r', ROLE_MAX);
    memset(c->owed_by, 'b', AGENCY_MAX);
    memset(c->owed_to, 'o', AGENCY_MAX);
    sample_fill(c->message_id.bytes, ID_SIZE, 1);
    sample_fill(c->case_handle.bytes, ID_SIZE, 2);
    sample_fill(c->conversation_id.bytes, ID_SIZE, 3);
    size_t size = written(&told);
    assert_int_equal(told_read((struct bytes){bytes, size}, arena, &back, NULL), ST_OK);
    assert_int_equal(size, TOLD_CLOCK_MAX);
}

/* Each cut and each changed byte is refused, or is another of its kind in the one form there is. */
static void nothing_malformed_is_read(void **)
{
    struct told told[] = {sample_custody_told(), sample_clock_told()};
    static struct told back;
    static uint8_t again[TOLD_MAX];
    size_t refused = 0, read = 0, size_again;

    for (size_t i = 0; i < LENGTH(told); i++) {
        size_t size = written(&told[i]);
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *exact = malloc(cut + 1);
            memcpy(exact, bytes, cut);
            if (told_read((struct bytes){exact, cut}, arena, &back, NULL) == ST_OK) {
                assert_int_equal(told_write(&back, again, sizeof again, &size_again), ST_OK);
                assert_int_equal(size_again, cut); /* without the fields behind: whole, too */
            }
            free(exact);
        }
        for (size_t at = 0; at < size; at++) {
            uint8_t was = bytes[at];
            for (unsigned flip = 1; flip < 256; flip++) {
                bytes[at] = (uint8_t)(was ^ flip);
                if (told_read((struct bytes){bytes, size}, arena, &back, NULL) != ST_OK) {
                    refused++;
                    continue;
                }
                read++;
                assert_int_equal(told_write(&back, again, sizeof again, &size_again), ST_OK);
                assert_int_equal(size_again, size);
                assert_memory_equal(again, bytes, size);
            }
            bytes[at] = was;
        }
    }
    assert_true(refused > 0 && read > 0);
    printf("%zu mutations refused, %zu read as another\n", refused, read);
}

#define READS(status, sample, member, starts_with, ...)                                            \
    do {                                                                                           \
        struct told t = sample();                                                                  \
        __typeof__(t.member) *c = &t.member;                                                       \
        static struct told back;                                                                   \
        struct reason why = {""};                                                                  \
        __VA_ARGS__;                                                                               \
        (void)c;                                                                                   \
        size_t size = written(&t);                                                                 \
        assert_int_equal(told_read((struct bytes){bytes, size}, arena, &back, &why), status);      \
        if (strncmp(why.text, starts_with, strlen(starts_with)) != 0)                              \
            fail_msg("%s: %s", starts_with, why.text);                                             \
    } while (0)
#define CUSTODY_REFUSED(starts_with, ...)                                                          \
    READS(ST_INVALID, sample_custody_told, custody, starts_with, __VA_ARGS__)
#define CLOCK_REFUSED(starts_with, ...)                                                            \
    READS(ST_INVALID, sample_clock_told, clock, starts_with, __VA_ARGS__)

static void set(char *to, const char *text)
{
    strcpy(to, text);
}

/* It is due with the case. */
static struct told sample_due_told(void)
{
    struct told told = sample_custody_told();
    struct told_due *due = &told.custody.due[0];

    told.custody.due_count = 1;
    *due = (struct told_due){.kind = CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED,
                             .type = "case.transfer.complete",
                             .expected = "case.first_contact",
                             .owed_by = "crc.bench",
                             .owed_to = "nps.cambs",
                             .due_ms = SAMPLE_NOW_MS,
                             .role = "Head of probation"};
    sample_fill(due->message_id.bytes, ID_SIZE, 0x30);
    sample_fill(due->conversation_id.bytes, ID_SIZE, 0x31);
    return told;
}

#define DUE_REFUSED(starts_with, ...)                                                              \
    READS(ST_INVALID, sample_due_told, custody, starts_with, __VA_ARGS__)

static void every_field_of_what_is_due_is_checked(void **)
{
    READS(ST_OK, sample_due_told, custody, "", c->due[0].role[0] = '\0');
    READS(ST_OK, sample_due_told, custody, "", c->due[0].expected[0] = '\0');
    DUE_REFUSED("due.kind", c->due[0].kind = CONCORDAT__CLOCK_KIND__CLOCK_UNSPECIFIED);
    DUE_REFUSED("due.message_id", c->due[0].message_id = (struct id){0});
    DUE_REFUSED("due.conversation_id", c->due[0].conversation_id = (struct id){0});
    DUE_REFUSED("due.type", c->due[0].type[0] = '\0');
    DUE_REFUSED("due.expected", set(c->due[0].expected, "a type"));
    DUE_REFUSED("due.owed_by", c->due[0].owed_by[0] = '\0');
    DUE_REFUSED("due.owed_to", set(c->due[0].owed_to, "Nps"));
    DUE_REFUSED("due.due_ms", c->due[0].due_ms = 0);
    DUE_REFUSED("due.role", set(c->due[0].role, "a\nline"));
    DUE_REFUSED("due", c->change = CONCORDAT__CUSTODY_CHANGE__CASE_OFFERED; c->former[0] = '\0');
}

static void every_field_of_custody_is_checked(void **)
{
    CUSTODY_REFUSED("case_handle", c->case_handle = (struct id){0});
    CUSTODY_REFUSED("CustodyTold.change", c->change = 9);
    CUSTODY_REFUSED("holder", c->holder[0] = '\0');
    CUSTODY_REFUSED("holder", set(c->holder, "Crc"));
    CUSTODY_REFUSED("holder", c->change = CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED);
    CUSTODY_REFUSED("version", c->version = 0);
    CUSTODY_REFUSED("transfer_id", c->transfer_id = (struct id){0});
    CUSTODY_REFUSED("offered_to", set(c->offered_to, "crc..a"));
    CUSTODY_REFUSED("at_ms", c->at_ms = 0);
    CUSTODY_REFUSED("at_ms", c->at_ms = -1);
    CUSTODY_REFUSED("former", c->former[0] = '\0');
    CUSTODY_REFUSED("former", c->change = CONCORDAT__CUSTODY_CHANGE__CASE_OFFERED);
    CUSTODY_REFUSED("conversations.id", c->conversations[1].id = (struct id){0});
    CUSTODY_REFUSED("conversations.type", c->conversations[1].type[0] = '\0');
    CUSTODY_REFUSED("conversations.type", set(c->conversations[1].type, "a type"));
    CUSTODY_REFUSED("conversations.other", c->conversations[1].other[0] = '\0');
    CUSTODY_REFUSED("conversations.next_of_holder", c->conversations[1].next_of_holder = 0);
    CUSTODY_REFUSED("conversations.next_of_other", c->conversations[0].next_of_other = 0);
    CUSTODY_REFUSED("conversations.due", c->conversations[0].due_ms = 1);
    CUSTODY_REFUSED("conversations.stays", c->conversations[0].stays = true);
    CUSTODY_REFUSED("conversations.before", TEXT_COPY(c->conversations[0].before, "No agency"));
    READS(ST_OK, sample_custody_told, custody, "", c->message_id = (struct id){0});
    READS(ST_OK, sample_custody_told, custody, "", c->conversation_count = 0);
    /* an answer tells of a closed case, too, and of no transfer */
    READS(ST_OK, sample_custody_told, custody, "",
          *c = ((struct custody_told){
              .case_handle = c->case_handle, .version = 1, .at_ms = c->at_ms}));
    READS(ST_OK, sample_custody_told, custody, "",
          *c = ((struct custody_told){.case_handle = c->case_handle,
                                      .change = CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED,
                                      .version = 1,
                                      .at_ms = c->at_ms}));
}

static void every_field_of_a_clock_is_checked(void **)
{
    CLOCK_REFUSED("clock", c->clock = 0);
    CLOCK_REFUSED("kind", c->kind = 0);
    CLOCK_REFUSED("ClockTold.kind", c->kind = CONCORDAT__CLOCK_KIND__CLOCK_WITHHELD + 1);
    CLOCK_REFUSED("stage", c->stage = 0);
    CLOCK_REFUSED("ClockTold.stage", c->stage = 5);
    CLOCK_REFUSED("type", set(c->type, "a type"));
    CLOCK_REFUSED("expected", set(c->expected, "a type"));
    CLOCK_REFUSED("agreement_id", set(c->agreement_id, "an agreement"));
    CLOCK_REFUSED("agreement_version", c->agreement_version = 0);
    CLOCK_REFUSED("agreement_version", c->agreement_id[0] = '\0');
    CLOCK_REFUSED("clause", set(c->clause, "a clause"));
    CLOCK_REFUSED("role", set(c->role, "a\nrole"));
    CLOCK_REFUSED("owed_by", set(c->owed_by, "Csc"));
    CLOCK_REFUSED("owed_by", set(c->owed_to, "Nps"));
    CLOCK_REFUSED("owed_by", c->owed_by[0] = c->owed_to[0] = '\0');
    CLOCK_REFUSED("due_ms", c->due_ms = 0);
    CLOCK_REFUSED("at_ms", c->at_ms = 0);
    /* a gap and a case's clock have no clause */
    READS(ST_OK, sample_clock_told, clock, "",
          *c = ((struct clock_told){.clock = 1,
                                    .kind = CONCORDAT__CLOCK_KIND__CLOCK_GAP,
                                    .stage = CONCORDAT__CLOCK_STAGE__STAGE_BREACHED,
                                    .owed_by = "nps.cambs",
                                    .due_ms = 1,
                                    .at_ms = 1}));
}

static void no_more_than_its_size_is_read_or_written(void **)
{
    struct told told = sample_custody_told();
    static struct told back;
    size_t size = written(&told), got = 77;
    struct reason why = {""};

    for (size_t room = 0; room < size; room++)
        assert_int_equal(told_write(&told, bytes, room, &got), ST_LIMIT);
    assert_int_equal(got, 77);
    memset(bytes, 0, sizeof bytes);
    bytes[0] = TOLD_CUSTODY;
    assert_int_equal(told_read((struct bytes){bytes, sizeof bytes}, arena, &back, &why), ST_LIMIT);
    bytes[0] = 3;
    assert_int_equal(told_read((struct bytes){bytes, 9}, arena, &back, &why), ST_INVALID);
    assert_string_equal(why.text, "told: of no known kind");
    assert_int_equal(told_read((struct bytes){bytes, 0}, arena, &back, &why), ST_INVALID);
}

static void changes_kinds_and_stages_have_names(void **)
{
    assert_string_equal(custody_change_name(CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED),
                        "transferred");
    assert_string_equal(custody_change_name(CONCORDAT__CUSTODY_CHANGE__CASE_CLOSED), "closed");
    assert_string_equal(clock_kind_name(CONCORDAT__CLOCK_KIND__CLOCK_ACKNOWLEDGE), "acknowledge");
    assert_string_equal(clock_kind_name(CONCORDAT__CLOCK_KIND__CLOCK_FORWARD), "forward");
    assert_string_equal(clock_kind_name(CONCORDAT__CLOCK_KIND__CLOCK_COMPLETE), "complete");
    assert_string_equal(clock_stage_name(CONCORDAT__CLOCK_STAGE__STAGE_BREACHED), "breached");
    assert_string_equal(clock_stage_name(CONCORDAT__CLOCK_STAGE__STAGE_LATE), "late");
    assert_string_equal(clock_stage_name((Concordat__ClockStage)5), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_come_back_as_they_were),
        cmocka_unit_test(the_largest_fits),
        cmocka_unit_test(the_longest_clock_is_as_long_as_told_h_says),
        cmocka_unit_test(nothing_malformed_is_read),
        cmocka_unit_test(every_field_of_custody_is_checked),
        cmocka_unit_test(every_field_of_what_is_due_is_checked),
        cmocka_unit_test(every_field_of_a_clock_is_checked),
        cmocka_unit_test(no_more_than_its_size_is_read_or_written),
        cmocka_unit_test(changes_kinds_and_stages_have_names),
    };
    return cmocka_run_group_tests_name("told", tests, make_arena, free_arena);
}
