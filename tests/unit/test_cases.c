/* Cases and conversations are found again, whatever came and went; their records read back. */
#include "tests/unit/kept_names.h"

#define CASES 12
#define CONVERSATIONS 60

static struct id id_of(uint32_t n)
{
    struct id id = {.bytes = {[0] = 1}};

    for (size_t i = 0; i < 4; i++)
        id.bytes[ID_SIZE - 1 - i] = (uint8_t)(n >> 8 * i);
    return id;
}

/* What a table holds, told in the plainest way. */
struct naive {
    bool opened[CASES];
    bool there[CONVERSATIONS];
    uint32_t of[CONVERSATIONS]; /* case + 1; 0: none */
};

static bool case_is_there(const struct naive *n, uint32_t at)
{
    bool is_there = n->opened[at];

    for (uint32_t i = 0; i < CONVERSATIONS; i++)
        is_there = is_there || (n->there[i] && n->of[i] == at + 1);
    return is_there;
}

static void change(struct cases *cases, struct naive *n, uint64_t *random)
{
    uint32_t c = below(random, CASES), v = below(random, CONVERSATIONS);
    const struct id handle = id_of(c), id = id_of(1000 + v);

    switch (below(random, 8)) {
    case 0: {
        struct case_held *held = cases_add(cases, &handle);
        assert_non_null(held);
        held->custody.version = 1;
        n->opened[c] = true;
        return;
    }
    case 1:
        cases_delete(cases, &handle);
        n->opened[c] = false;
        for (uint32_t i = 0; i < CONVERSATIONS; i++)
            n->there[i] = n->there[i] && n->of[i] != c + 1;
        return;
    case 2:
    case 3:
    case 4:
        conversations_delete(cases, &id);
        n->there[v] = false;
        return;
    default: {
        struct conversation conversation = {.id = id};
        uint32_t of = below(random, 4) == 0 ? 0 : c + 1;
        if (of > 0)
            conversation.case_handle = handle;
        assert_non_null(conversations_add(cases, &conversation));
        if (!n->there[v])
            n->of[v] = of; /* what is there stays as it is */
        n->there[v] = true;
        return;
    }
    }
}

/* The case's conversations, in order of id. */
static void check_list(struct cases *cases, const struct naive *n, uint32_t at)
{
    const struct id handle = id_of(at);
    const struct case_held *held = cases_find(cases, &handle);
    const struct conversation_kept *kept;

    if (!case_is_there(n, at)) {
        assert_null(held);
        return;
    }
    assert_non_null(held);
    assert_true(id_equal(&held->handle, &handle));
    assert_int_equal(held->custody.version, n->opened[at]);
    kept = conversations_first(cases, held);
    for (uint32_t i = 0; i < CONVERSATIONS; i++) {
        const struct id id = id_of(1000 + i);
        if (!n->there[i] || n->of[i] != at + 1)
            continue;
        assert_non_null(kept);
        assert_true(id_equal(&kept->conversation.id, &id));
        kept = conversations_next(cases, kept);
    }
    assert_null(kept);
}

static void check_tables(struct cases *cases, const struct naive *n)
{
    size_t case_count = 0, conversation_count = 0, walked = 0;
    uint32_t place = 0;

    for (uint32_t i = 0; i < CONVERSATIONS; i++) {
        const struct id id = id_of(1000 + i);
        const struct conversation_kept *kept = conversations_find(cases, &id);
        assert_int_equal(kept != NULL, n->there[i]);
        assert_true(!kept || id_equal(&kept->conversation.id, &id));
        conversation_count += n->there[i];
    }
    for (uint32_t i = 0; i < CASES; i++) {
        check_list(cases, n, i);
        case_count += case_is_there(n, i);
    }
    assert_int_equal(cases_count(cases), case_count);
    assert_int_equal(conversations_count(cases), conversation_count);
    while (cases_walk(cases, &place))
        walked++;
    assert_int_equal(walked, case_count);
    while (conversations_walk(cases, &place))
        walked++;
    assert_int_equal(walked, case_count + conversation_count);
}

static void whatever_came_and_went_what_is_there_is_found(void **context)
{
    (void)context;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        OWNED(cases) cases = cases_new(seed);
        struct naive n = {0};
        uint64_t random = seed;

        assert_non_null(cases);
        for (size_t i = 0; i < 400; i++) {
            change(cases, &n, &random);
            if (i % 7 == 0)
                check_tables(cases, &n);
        }
        check_tables(cases, &n);
    }
}

static void many_are_found_after_the_tables_have_grown(void **context)
{
    (void)context;
    OWNED(cases) cases = cases_new(7);

    for (uint32_t i = 1; i <= 3000; i++) {
        struct conversation c = {.id = id_of(100000 + i), .case_handle = id_of(i)};
        assert_non_null(conversations_add(cases, &c));
    }
    for (uint32_t i = 1; i <= 3000; i++) {
        const struct id handle = id_of(i), id = id_of(100000 + i);
        const struct case_held *held = cases_find(cases, &handle);
        assert_non_null(held);
        assert_ptr_equal(conversations_first(cases, held), conversations_find(cases, &id));
    }
}

/* ---- what is held ---- */

static struct conversation_kept held_of_many(uint32_t senders)
{
    struct conversation_kept kept = {.conversation = {.id = id_of(5),
                                                      .case_handle = id_of(6),
                                                      .opened = catalogue_all(&(size_t){0}),
                                                      .state = CONVERSATION_FORWARDING,
                                                      .asker = 1,
                                                      .other = 2,
                                                      .before = 3,
                                                      .before_was_other = true,
                                                      .next_of_asker = 4,
                                                      .next_of_other = 70000,
                                                      .answered = true,
                                                      .changed_ms = 1234567890123}};

    for (uint32_t i = 0; i < senders * HELD_MAX; i++)
        assert_int_equal(conversation_hold(&kept, &(struct held){.message = 1000 + i,
                                                                 .from = 1 + i % senders,
                                                                 .sequence = 10 + i,
                                                                 .what = i % HELD_WHAT_END}),
                         ST_OK);
    return kept;
}

static void no_more_is_held_than_a_record_has_room_for(void **context)
{
    (void)context;
    struct conversation_kept full = held_of_many(2), many = {.held_count = 0};

    assert_int_equal(conversation_hold(&full, &(struct held){.message = 9999, .from = 1}),
                     ST_LIMIT);
    assert_int_equal(full.held_count, HELD_ALL_MAX);
    assert_int_equal(conversation_held_by(&full, 2), HELD_MAX);
    for (uint32_t i = 1; i <= HELD_SENDERS_MAX; i++)
        assert_int_equal(conversation_hold(&many, &(struct held){.message = i, .from = i}), ST_OK);
    assert_int_equal(
        conversation_hold(&many, &(struct held){.message = 9, .from = HELD_SENDERS_MAX + 1}),
        ST_LIMIT);
    assert_int_equal(conversation_hold(&many, &(struct held){.message = 9, .from = 1}), ST_OK);
    free(full.held);
    free(many.held);
}

static void what_is_released_leaves_the_others_in_their_order(void **context)
{
    (void)context;
    struct conversation_kept kept = held_of_many(1);

    conversation_release(&kept, 3);
    conversation_release(&kept, 0);
    assert_int_equal(kept.held_count, HELD_MAX - 2);
    assert_int_equal(kept.held[0].message, 1001);
    assert_int_equal(kept.held[1].message, 1002);
    assert_int_equal(kept.held[2].message, 1004);
    while (kept.held_count > 0)
        conversation_release(&kept, kept.held_count - 1);
    assert_null(kept.held);
}

/* ---- records ---- */

static struct named named;

static enum status case_again(struct bytes key, struct bytes record, struct writer *w)
{
    const struct cases_names names = named_of(&named);
    struct case_held held;
    enum status status = case_read(key, record, &names, &held);

    if (status != ST_OK)
        return status;
    case_write(&held, &names, w);
    free(held.again);
    return ST_OK;
}

static enum status conversation_again(struct bytes key, struct bytes record, struct writer *w)
{
    const struct cases_names names = named_of(&named);
    struct conversation_kept kept;
    enum status status = conversation_read(key, record, &names, &kept);

    if (status != ST_OK)
        return status;
    conversation_write(&kept, &names, w);
    free(kept.held);
    return ST_OK;
}

static uint64_t offered_again[COMPONENTS_MAX];

static struct case_held transferring(void)
{
    for (size_t i = 0; i < COMPONENTS_MAX; i++)
        offered_again[i] = UINT64_C(0x123456789a) + i / 2;
    return (struct case_held){
        .handle = id_of(9),
        .changed_ms = 1600000000000,
        .opened_by = 5,
        .again = offered_again,
        .custody = {.holder = 1,
                    .version = 7,
                    .handed = 5,
                    .former = {2, 3, 4, 5},
                    .transfer = {.id = id_of(10),
                                 .to = 6,
                                 .count = COMPONENTS_MAX,
                                 .offered = 0x0f0,
                                 .accepted = 0x80000001,
                                 .rejected = 0x002,
                                 .manifest = {.bytes = {1, 2, 3}},
                                 .reply_by_ms = 1600000500000}},
    };
}

static void records_of_cases_read_back(void **context)
{
    (void)context;
    const struct case_held cases[] = {
        transferring(),
        {.handle = id_of(1), .opened_by = 1, .custody = {.holder = 1, .version = 1, .handed = 1}},
        {.handle = id_of(2),
         .opened_by = 3,
         .custody = {.version = 9, .handed = 9, .is_closed = true, .former = {2}}},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        uint8_t record[KEPT_RECORD_MAX];
        struct writer w = writer_of(record, sizeof record);

        named_fill(&named, 6);
        const struct cases_names names = named_of(&named);
        case_write(&cases[i], &names, &w);
        assert_false(w.failed);
        if (i == 0)
            assert_int_equal(w.size, CASE_RECORD_MAX);
        struct case_held read;
        assert_int_equal(case_read((struct bytes){cases[i].handle.bytes, ID_SIZE},
                                   (struct bytes){record, w.size}, &names, &read),
                         ST_OK);
        assert_true(id_equal(&read.handle, &cases[i].handle));
        assert_int_equal(read.changed_ms, cases[i].changed_ms);
        assert_memory_equal(&read.custody, &cases[i].custody, sizeof read.custody);
        assert_int_equal(read.opened_by, cases[i].opened_by);
        assert_int_equal(read.again != NULL, i == 0);
        if (i == 0)
            assert_memory_equal(read.again, offered_again, sizeof offered_again);
        free(read.again);
        check_record((struct bytes){cases[i].handle.bytes, ID_SIZE}, (struct bytes){record, w.size},
                     case_again);
    }
}

/* Each says something that no acts can make true. */
static void a_case_that_cannot_be_is_refused(void **context)
{
    (void)context;
    struct case_held cases[12];

    for (size_t i = 0; i < LENGTH(cases); i++)
        cases[i] = transferring();
    cases[0].custody.version = 0;
    cases[1].custody.holder = 0;
    cases[2].custody.is_closed = true;
    cases[3].custody.transfer.count = 0;
    cases[4].custody.transfer.count = COMPONENTS_MAX + 1;
    cases[5].custody.transfer.rejected |= 0x010;
    cases[6].custody.transfer.to = 1;
    cases[7].custody.transfer.id = (struct id){0};
    cases[8].custody.transfer.count = 31; /* bit 31 is accepted */
    cases[9].custody.handed = 0;
    cases[10].custody.handed = 8;
    cases[11].opened_by = 0;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        uint8_t record[KEPT_RECORD_MAX], out[KEPT_RECORD_MAX];
        struct writer w = writer_of(record, sizeof record), o = writer_of(out, sizeof out);

        named_fill(&named, 6);
        const struct cases_names names = named_of(&named);
        case_write(&cases[i], &names, &w);
        assert_int_equal(case_again((struct bytes){cases[i].handle.bytes, ID_SIZE},
                                    (struct bytes){record, w.size}, &o),
                         ST_INVALID);
    }
}

/* Written by the release before, which did not know who had opened a case, when it had changed
 * hands, and by what it was offered again. */
static void older_cases_read_back(void **context)
{
    (void)context;
    const struct id handle = id_of(9);
    uint8_t record[KEPT_RECORD_MAX];
    struct writer w = writer_of(record, sizeof record);
    struct case_held read;

    named_fill(&named, 2);
    const struct cases_names names = named_of(&named);
    write_u8(&w, 1);
    for (uint32_t agency = 1; agency <= 2; agency++) {
        write_u8(&w, AGENCY_MAX);
        write_bytes(&w, named.names[agency - 1], AGENCY_MAX);
        if (agency == 1) {
            write_u64(&w, 5);
            write_u8(&w, 0);
        }
    }
    for (uint32_t i = 1; i < CUSTODY_FORMER_MAX; i++)
        write_u8(&w, 0);
    write_u64(&w, 1600000000000);
    write_u8(&w, 0);
    assert_int_equal(case_read((struct bytes){handle.bytes, ID_SIZE},
                               (struct bytes){record, w.size}, &names, &read),
                     ST_OK);
    assert_int_equal(read.custody.holder, 1);
    assert_int_equal(read.custody.version, 5);
    assert_int_equal(read.custody.handed, 5);
    assert_int_equal(read.opened_by, 2);
    assert_null(read.again);
    record[0] = 3; /* of a release to come */
    assert_int_equal(case_read((struct bytes){handle.bytes, ID_SIZE},
                               (struct bytes){record, w.size}, &names, &read),
                     ST_INVALID);
}

/* Takes a number out of the record. */
static void cut_out(uint8_t *record, size_t *size, uint64_t number)
{
    uint8_t one[8];
    struct writer t = writer_of(one, sizeof one);

    write_u64(&t, number);
    uint8_t *at = memmem(record, *size, one, sizeof one);
    assert_non_null(at);
    memmove(at, at + sizeof one, (size_t)(record + *size - at) - sizeof one);
    *size -= sizeof one;
}

/* Written by releases before: 3 did not know of a second answer, 2 did not know that both sides
 * were told of a silence, 1 not either by what a conversation had ended. */
static void older_conversations_read_back(void **context)
{
    (void)context;
    struct conversation_kept kept = held_of_many(2), read;
    const struct bytes key = {kept.conversation.id.bytes, ID_SIZE};
    uint8_t record[KEPT_RECORD_MAX];
    struct writer w = writer_of(record, sizeof record);

    kept.conversation.answered_in = UINT64_C(0x1122334455667788);
    kept.conversation.ended_in = UINT64_C(0x99aabbccddeeff01);
    kept.conversation.second_in = UINT64_C(0x3141516171819100);
    kept.silent_ms = INT64_C(0x2030405060708090);
    kept.silent_told = UINT64_C(0xaabbccddeeff0102);
    named_fill(&named, 3);
    const struct cases_names names = named_of(&named);
    conversation_write(&kept, &names, &w);
    size_t size = w.size;
    record[0] = 5; /* of a release to come */
    assert_int_equal(conversation_read(key, (struct bytes){record, size}, &names, &read),
                     ST_INVALID);
    for (uint8_t form = 3; form >= 1; form--) {
        if (form == 3) {
            cut_out(record, &size, kept.conversation.second_in);
            kept.conversation.second_in = 0;
        } else if (form == 2) {
            cut_out(record, &size, (uint64_t)kept.silent_ms);
            cut_out(record, &size, kept.silent_told);
            kept.silent_ms = 0;
            kept.silent_told = 0;
        } else {
            cut_out(record, &size, kept.conversation.answered_in);
            cut_out(record, &size, kept.conversation.ended_in);
        }
        if (form == 1) { /* whichever answer or end is undone may have been the one */
            kept.conversation.answered_in = kept.conversation.answered ? CONVERSATION_BY_ANY : 0;
            kept.conversation.ended_in =
                kept.conversation.state == CONVERSATION_CLOSED ? CONVERSATION_BY_ANY : 0;
        }
        record[0] = form;
        assert_int_equal(conversation_read(key, (struct bytes){record, size}, &names, &read),
                         ST_OK);
        assert_memory_equal(&read.conversation, &kept.conversation, sizeof read.conversation);
        assert_int_equal(read.held_count, kept.held_count);
        assert_int_equal(read.silent_ms, kept.silent_ms);
        assert_int_equal(read.silent_told, kept.silent_told);
        free(read.held);
    }
    free(kept.held);
}

static void records_of_conversations_read_back(void **context)
{
    (void)context;
    for (uint32_t senders = 1; senders <= HELD_SENDERS_MAX; senders++) {
        struct conversation_kept kept = held_of_many(senders), read;
        uint8_t record[KEPT_RECORD_MAX];
        struct writer w = writer_of(record, sizeof record);
        const struct bytes key = {kept.conversation.id.bytes, ID_SIZE};

        named_fill(&named, 3);
        const struct cases_names names = named_of(&named);
        conversation_write(&kept, &names, &w);
        assert_false(w.failed);
        if (senders == HELD_SENDERS_MAX)
            assert_int_equal(w.size + TYPE_MAX - strlen(kept.conversation.opened->name),
                             CONVERSATION_RECORD_MAX);
        assert_int_equal(conversation_read(key, (struct bytes){record, w.size}, &names, &read),
                         ST_OK);
        assert_memory_equal(&read.conversation, &kept.conversation, sizeof read.conversation);
        assert_int_equal(read.silent_ms, kept.silent_ms);
        assert_int_equal(read.silent_told, kept.silent_told);
        assert_int_equal(read.held_count, kept.held_count);
        for (uint32_t i = 0; i < kept.held_count; i++) {
            assert_int_equal(read.held[i].message, kept.held[i].message);
            assert_int_equal(read.held[i].from, kept.held[i].from);
            assert_int_equal(read.held[i].sequence, kept.held[i].sequence);
            assert_int_equal(read.held[i].what, kept.held[i].what);
        }
        check_record(key, (struct bytes){record, w.size}, conversation_again);
        free(kept.held);
        free(read.held);
    }
}

static void names_that_are_new_are_entered(void **context)
{
    (void)context;
    const struct case_held held = transferring();
    uint8_t record[KEPT_RECORD_MAX];
    struct writer w = writer_of(record, sizeof record);
    const struct bytes key = {held.handle.bytes, ID_SIZE};
    struct case_held read;

    named_fill(&named, 6);
    const struct cases_names names = named_of(&named);
    case_write(&held, &names, &w);
    static struct named empty;

    const struct cases_names others = named_of(&empty);
    assert_int_equal(case_read(key, (struct bytes){record, w.size}, &others, &read), ST_OK);
    free(read.again);
    assert_int_equal(empty.count, 6);
    assert_string_equal(empty.names[read.custody.holder - 1], named.names[0]);
    assert_string_equal(empty.names[read.custody.transfer.to - 1], named.names[5]);
    empty.fails = ST_NOMEM;
    assert_int_equal(case_read(key, (struct bytes){record, w.size}, &others, &read), ST_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_came_and_went_what_is_there_is_found),
        cmocka_unit_test(many_are_found_after_the_tables_have_grown),
        cmocka_unit_test(no_more_is_held_than_a_record_has_room_for),
        cmocka_unit_test(what_is_released_leaves_the_others_in_their_order),
        cmocka_unit_test(records_of_cases_read_back),
        cmocka_unit_test(a_case_that_cannot_be_is_refused),
        cmocka_unit_test(older_cases_read_back),
        cmocka_unit_test(records_of_conversations_read_back),
        cmocka_unit_test(older_conversations_read_back),
        cmocka_unit_test(names_that_are_new_are_entered),
    };
    return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
