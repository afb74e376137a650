/* Evidence of a newer broker that this release cannot read: kept, shown, and read after an upgrade;
 * what comes with it goes on. */
#include "tests/unit/unit.h"

#include <string.h>

#include "agents/alarms.h"
#include "agents/trees.h"
#include "lib/text.h"
#include "tests/unit/told_sample.h"
#include "tests/unit/town.h"
#include "tests/unit/town_inside.h"

static const char *const agencies[] = {"nps.cambs", "crc.bench"};
enum {
    NPS,
    CRC
};

static const Concordat__Response *alarms(struct town *town, bool all)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__AlarmsRequest list = CONCORDAT__ALARMS_REQUEST__INIT;

    list.all = all;
    request.kind_case = CONCORDAT__REQUEST__KIND_ALARMS;
    request.alarms = &list;
    return town_ask(town, NPS, &request);
}

static struct bytes told_of(const struct told *told, uint8_t out[static TOLD_MAX])
{
    size_t size = 0;

    assert_int_equal(told_write(told, out, TOLD_MAX, &size), ST_OK);
    return (struct bytes){out + 1, size - 1};
}

static void what_a_newer_broker_tells_is_kept_and_shown(void **)
{
    OWNED(town) town = town_new(agencies, LENGTH(agencies));
    struct told clock = {.kind = TOLD_CLOCK, .clock = sample_clock_told().clock};
    uint8_t bytes[TOLD_MAX + 4];
    struct bytes told = told_of(&clock, bytes);

    /* Another kind; a field more; an enumeration's value more, in what is the last field. */
    town_tell_bytes(town, NPS, TOLD_CLOCK + 1, told);
    bytes[1 + told.size] = (31 << 3 & 0x7f) | 0x80;
    bytes[2 + told.size] = 31 << 3 >> 7;
    bytes[3 + told.size] = 1;
    town_tell_bytes(town, NPS, TOLD_CLOCK, (struct bytes){bytes + 1, told.size + 3});
    town_settle(town);
    assert_true(town->members[NPS].connected);
    for (int i = 0; i < 2; i++) {
        const Concordat__Response *r = alarms(town, false);

        assert_int_equal(r->n_alarms, 2);
        for (size_t n = 0; n < r->n_alarms; n++) {
            assert_string_equal(r->alarms[n]->kind, "unreadable");
            assert_string_equal(r->alarms[n]->stage, "kept");
            assert_int_not_equal(r->alarms[n]->owed_by[0], '\0');
        }
        town_restart(town, NPS); /* the same release: it is as unreadable as it was */
        town_settle(town);
    }
    town_tell_bytes(town, NPS, TOLD_CLOCK + 1, told); /* its receipt was lost */
    town_tell(town, NPS, &clock);                     /* what comes after it is taken */
    town_settle(town);
    const Concordat__Response *r = alarms(town, false);
    assert_int_equal(r->n_alarms, 3);
    assert_string_equal(r->alarms[0]->kind, clock_kind_name(clock.clock.kind));
}

/* As if the release before had not been able to read them. */
static void what_was_unreadable_is_read_by_a_release_that_can(void **)
{
    OWNED(town) town = town_new(agencies, LENGTH(agencies));
    struct told clock = {.kind = TOLD_CLOCK, .clock = sample_clock_told().clock};
    struct told opened = {.kind = TOLD_CUSTODY};
    uint8_t bytes[TOLD_MAX];
    struct txn *txn;
    bool is_new = false;

    opened.custody.case_handle = id_random();
    opened.custody.change = CONCORDAT__CUSTODY_CHANGE__CASE_OPENED;
    opened.custody.version = 1;
    opened.custody.at_ms = town_now(town);
    TEXT_COPY(opened.custody.holder, agencies[NPS]);
    assert_int_equal(store_begin(town->members[NPS].store, true, &txn), ST_OK);
    assert_int_equal(alarms_keep_unreadable(txn, "broker", TOLD_CLOCK, told_of(&clock, bytes),
                                            town_now(town), &is_new),
                     ST_OK);
    assert_int_equal(alarms_keep_unreadable(txn, "broker", TOLD_CUSTODY, told_of(&opened, bytes),
                                            town_now(town), &is_new),
                     ST_OK);
    assert_int_equal(store_commit(txn), ST_OK);
    town_restart(town, NPS);
    town_settle(town);

    const Concordat__Response *r = alarms(town, false);
    assert_int_equal(r->n_alarms, 1);
    assert_string_equal(r->alarms[0]->kind, clock_kind_name(clock.clock.kind));
    assert_int_equal(alarms(town, true)->n_alarms, 3); /* that they could not be read stays known */

    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;
    cases.case_handle =
        (ProtobufCBinaryData){.len = ID_SIZE, .data = opened.custody.case_handle.bytes};
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    r = town_ask(town, NPS, &request);
    assert_non_null(r->custody);
    assert_string_equal(r->custody->holder, agencies[NPS]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_newer_broker_tells_is_kept_and_shown),
        cmocka_unit_test(what_was_unreadable_is_read_by_a_release_that_can),
    };
    return cmocka_run_group_tests_name("unreadable", tests, NULL, NULL);
}
