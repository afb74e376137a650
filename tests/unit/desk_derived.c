/* Ids that follow from what a message says: the same record is one message, a version another. */
#include "tests/unit/desk_town.h"

#include <stdlib.h>
#include <string.h>

static const Concordat__Response *derive(struct town *town, size_t agency, const char *message,
                                         const char *about)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__DeriveRequest derive = CONCORDAT__DERIVE_REQUEST__INIT;

    request.version = 1;
    request.kind_case = CONCORDAT__REQUEST__KIND_DERIVE;
    request.derive = &derive;
    derive.message_of = (ProtobufCBinaryData){strlen(message), (uint8_t *)(uintptr_t)message};
    derive.case_of = (ProtobufCBinaryData){strlen(about), (uint8_t *)(uintptr_t)about};
    derive.at_ms = 1781481600000;
    return town_ask(town, agency, &request);
}

static void the_same_words_derive_the_same_ids_here_and_nowhere_else(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *r = derive(town, 0, "one", "one");
    struct id message, about;
    char endless[DERIVE_OF_MAX + 2];

    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(r->message_id.len, ID_SIZE);
    assert_int_equal(r->case_handle.len, ID_SIZE);
    memcpy(message.bytes, r->message_id.data, ID_SIZE);
    memcpy(about.bytes, r->case_handle.data, ID_SIZE);
    assert_int_equal(id_time_ms(&message), 1781481600000);
    assert_int_equal(about.bytes[6] >> 4, 4);
    assert_memory_not_equal(message.bytes + 9, about.bytes + 9, ID_SIZE - 9);
    town_restart(town, 0);
    town_settle(town);
    r = derive(town, 0, "one", "two");
    assert_memory_equal(r->message_id.data, message.bytes, ID_SIZE);
    assert_memory_not_equal(r->case_handle.data, about.bytes, ID_SIZE);
    r = derive(town, 0, "two", "one");
    assert_memory_not_equal(r->message_id.data, message.bytes, ID_SIZE);
    assert_memory_equal(r->case_handle.data, about.bytes, ID_SIZE);
    r = derive(town, 1, "one", "one");
    assert_memory_not_equal(r->message_id.data, message.bytes, ID_SIZE);
    assert_memory_not_equal(r->case_handle.data, about.bytes, ID_SIZE);
    assert_int_equal(derive(town, 0, "one", "")->case_handle.len, 0);
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    r = derive(town, 0, "one", endless);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "case_of");
}

/* The id for this version of a record. */
static struct id derive_version(struct town *town, const char *version)
{
    static const char place[] = "a record";
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__DeriveRequest derive = CONCORDAT__DERIVE_REQUEST__INIT;
    const Concordat__Response *r;

    request.version = 1;
    request.kind_case = CONCORDAT__REQUEST__KIND_DERIVE;
    request.derive = &derive;
    derive.message_of = (ProtobufCBinaryData){strlen(version), (uint8_t *)(uintptr_t)version};
    derive.place_of = (ProtobufCBinaryData){strlen(place), (uint8_t *)(uintptr_t)place};
    derive.at_ms = 1781481600000;
    r = town_ask(town, 0, &request);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    return id_of(r);
}

static struct id send_version(struct town *town, const char *version)
{
    struct id id = derive_version(town, version);

    (void)town_send(town, 0, "psr.request", NPS, "psr.request.json", &id);
    town_settle(town);
    return id;
}

static void a_version_that_is_not_the_last_is_another_message(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id a = send_version(town, "A"), again = derive_version(town, "A");
    struct id b, a2, b2;

    assert_memory_equal(again.bytes, a.bytes, ID_SIZE);
    b = derive_version(town, "B"); /* and is not sent: A is still what the recipient has */
    again = derive_version(town, "A");
    assert_memory_equal(again.bytes, a.bytes, ID_SIZE);
    again = send_version(town, "B");
    assert_memory_equal(again.bytes, b.bytes, ID_SIZE);
    town_restart(town, 0);
    town_settle(town);
    a2 = send_version(town, "A");
    assert_memory_not_equal(a2.bytes, a.bytes, ID_SIZE);
    assert_string_equal(town_ladder(town, 0, &a2), "queued accepted delivered");
    again = derive_version(town, "A");
    assert_memory_equal(again.bytes, a2.bytes, ID_SIZE);
    b2 = send_version(town, "B");
    assert_memory_not_equal(b2.bytes, b.bytes, ID_SIZE);
    assert_int_equal(id_time_ms(&b2), 1781481600000);
    assert_int_equal(town_inbox(town, 1)->n_items, 4);
}

static void a_version_that_never_arrived_gets_another_id(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id refused, rejected, third, again;

    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__NO_AGREEMENT;
    refused = send_version(town, "A");
    assert_string_equal(town_ladder(town, 0, &refused), "queued refused");
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    town_mischief(town)->flip_body = true;
    rejected = send_version(town, "A");
    assert_memory_not_equal(rejected.bytes, refused.bytes, ID_SIZE);
    assert_string_equal(town_ladder(town, 0, &rejected), "queued accepted rejected");
    town_mischief(town)->flip_body = false;
    third = send_version(town, "A");
    assert_memory_not_equal(third.bytes, rejected.bytes, ID_SIZE);
    assert_string_equal(town_ladder(town, 0, &third), "queued accepted delivered");
    again = derive_version(town, "A");
    assert_memory_equal(again.bytes, third.bytes, ID_SIZE);
}

static void a_place_is_forgotten_with_its_messages(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id a = send_version(town, "A"), b = send_version(town, "B"), again;

    (void)b;
    town_disconnect(town, 0);
    town_disconnect(town, 1);
    town_wait(town, (int64_t)93 * 24 * 60 * 60 * 1000);
    town_wait(town, (int64_t)2 * 24 * 60 * 60 * 1000);
    again = derive_version(town, "A"); /* the first again */
    assert_memory_equal(again.bytes, a.bytes, ID_SIZE);
}

int desk_derived_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_words_derive_the_same_ids_here_and_nowhere_else),
        cmocka_unit_test(a_version_that_is_not_the_last_is_another_message),
        cmocka_unit_test(a_version_that_never_arrived_gets_another_id),
        cmocka_unit_test(a_place_is_forgotten_with_its_messages),
    };
    return cmocka_run_group_tests_name("desk: derived ids", tests, NULL, NULL);
}
