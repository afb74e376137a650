/* A broker that puts off what an agreement has ended stops nothing but that: the others go, and
 * what our own agreements refuse by now is over. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"
#include "tests/unit/town.h"

#define COURT "court.b35cz00"
#define NPS "nps.cambs"
#define ENDED 200 /* under the agreement that ends */
#define BEHIND 50 /* under another, behind them */
#define RECORDED 20

enum {
    SENDER = 0,
    RECIPIENT = 1
};

static const char *const court_and_nps[] = {COURT, NPS};

/* ISA-COURT under an id and a version. */
static char *court_text(const char *id, unsigned version)
{
    char *text = calloc(1, 64 * 1024), *changed = calloc(1, 64 * 1024), *at;
    FILE *file = fopen(SOURCE_DIR "/agreements/examples/court.yaml", "re");

    assert_true(file && text && changed);
    assert_true(fread(text, 1, 64 * 1024 - 1, file) > 0);
    (void)fclose(file);
    at = strstr(text, "title:");
    assert_non_null(at);
    (void)snprintf(changed, 64 * 1024, "agreement: %s\nversion: %u\n%s", id, version, at);
    free(text);
    return changed;
}

/* ISA-ENDS in this version, 0: not any more; and ISA-STAYS. */
static void agree(struct town *town, size_t agency, unsigned version)
{
    char *stays = court_text("ISA-STAYS", 1), *ends = court_text("ISA-ENDS", version);
    const char *texts[] = {stays, ends};

    town_agree(town, agency, texts, version ? 2 : 1);
    free(stays);
    free(ends);
}

static struct id send_under(struct town *town, const char *agreement)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    struct id id = id_new(town_now(town));
    char *json = town_example("psr.request.json");

    send.type = (char *)(uintptr_t) "psr.request";
    send.to = (char *)(uintptr_t)NPS;
    send.agreement = (char *)(uintptr_t)agreement;
    send.message_id = (ProtobufCBinaryData){.len = ID_SIZE, .data = id.bytes};
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = json;
    send.officer = (char *)(uintptr_t) "K. Hartley";
    send.wait_ms = 1;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    town_ask_later(town, SENDER, &request);
    free(json);
    return id;
}

/* Both agreements, the recipient's key is known, and the sender is away. */
static struct town *town_away(void)
{
    struct town *town = town_new(court_and_nps, 2);

    agree(town, SENDER, 1);
    agree(town, RECIPIENT, 1);
    (void)send_under(town, "ISA-STAYS");
    town_settle(town);
    assert_int_equal(town_inbox(town, RECIPIENT)->n_items, 1);
    town_disconnect(town, SENDER);
    town_mischief(town)->ended = "ISA-ENDS";
    return town;
}

struct burst {
    struct id ended[ENDED], behind[BEHIND];
};

static void send_burst(struct town *town, struct burst *burst)
{
    for (size_t i = 0; i < ENDED; i++)
        burst->ended[i] = send_under(town, "ISA-ENDS");
    for (size_t i = 0; i < BEHIND; i++)
        burst->behind[i] = send_under(town, "ISA-STAYS");
    assert_int_equal(town_entries(town, SENDER, TREE_TO_SUBMIT), ENDED + BEHIND);
}

static void expect_behind_delivered(struct town *town, const struct burst *burst)
{
    for (size_t i = 0; i < BEHIND; i++)
        assert_string_equal(town_ladder(town, SENDER, &burst->behind[i]),
                            "queued accepted delivered");
}

static void what_is_behind_an_ended_agreement_goes_at_once(void **)
{
    OWNED(town) town = town_away();
    struct burst burst;
    unsigned refused = 0;

    send_burst(town, &burst);
    town_mischief(town)->ended_recorded = RECORDED;
    town_connect(town, SENDER);
    town_settle(town);
    expect_behind_delivered(town, &burst);
    for (size_t i = 0; i < ENDED; i++)
        refused += strcmp(town_state(town, SENDER, &burst.ended[i]), "refused") == 0;
    assert_int_equal(refused, RECORDED);
    assert_int_equal(town_counts(town).rate_limited, ENDED - RECORDED);

    agree(town, SENDER, 0); /* what the broker knew comes here too */
    town_wait(town, 2000);
    town_settle(town);
    for (size_t i = 0; i < ENDED; i++)
        assert_string_equal(town_ladder(town, SENDER, &burst.ended[i]), "queued refused");
    assert_string_equal(town_detail(town, SENDER, &burst.ended[ENDED - 1]), "NO_AGREEMENT");
    assert_int_equal(town_counts(town).rate_limited, ENDED - RECORDED);
    assert_int_equal(town_entries(town, SENDER, TREE_REFUSALS), ENDED);
    assert_int_equal(town_entries(town, SENDER, TREE_TO_SUBMIT), 0);
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 0);
    assert_int_equal(town_status(town, SENDER)->outbox, 0);
}

/* More of them than the credit would hold at once. */
static void they_hold_no_credit(void **)
{
    enum {
        MANY = SUBMIT_CREDIT + 100
    };
    OWNED(town) town = town_away();
    struct id id;

    for (size_t i = 0; i < MANY; i++)
        (void)send_under(town, "ISA-ENDS");
    id = send_under(town, "ISA-STAYS");
    town_connect(town, SENDER);
    town_settle(town);
    assert_int_equal(town_counts(town).rate_limited, MANY);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued accepted delivered");
}

/* While our own agreements permit it, each is tried on its own, later each time. */
static void what_is_permitted_here_is_tried_again_less_and_less(void **)
{
    static const unsigned expected[] = {1, 2, 2, 3, 3, 3, 3, 4};
    OWNED(town) town = town_away();
    struct id id = send_under(town, "ISA-ENDS");

    town_connect(town, SENDER);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        town_settle(town);
        assert_int_equal(town_counts(town).rate_limited, expected[i]);
        town_wait(town, 2100);
    }
    town_mischief(town)->ended = NULL;
    town_wait(town, 600000);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued accepted delivered");
    assert_int_equal(town_status(town, SENDER)->outbox, 0);
}

static void what_a_newer_version_overtook_meanwhile_is_sent_again(void **)
{
    OWNED(town) town = town_away();
    struct id id = send_under(town, "ISA-ENDS"), again;
    const Concordat__Item *item;

    town_connect(town, SENDER);
    town_settle(town);
    agree(town, SENDER, 2);
    agree(town, RECIPIENT, 2);
    town_mischief(town)->ended = NULL;
    town_wait(town, 2100);
    town_settle(town);
    item = town_track(town, SENDER, &id);
    assert_string_equal(item->state, "refused");
    assert_int_equal(item->sent_again_as.len, ID_SIZE);
    memcpy(again.bytes, item->sent_again_as.data, ID_SIZE);
    assert_string_equal(town_ladder(town, SENDER, &again), "queued accepted delivered");
    assert_int_equal(town_track(town, SENDER, &again)->agreement_version, 2);
    assert_int_equal(town_status(town, SENDER)->outbox, 0);
}

static void another_session_begins_from_the_start(void **)
{
    OWNED(town) town = town_away();
    struct id id = send_under(town, "ISA-ENDS");

    town_connect(town, SENDER);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued");
    town_mischief(town)->ended = NULL;
    town_restart(town, SENDER);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued accepted delivered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_behind_an_ended_agreement_goes_at_once),
        cmocka_unit_test(they_hold_no_credit),
        cmocka_unit_test(what_is_permitted_here_is_tried_again_less_and_less),
        cmocka_unit_test(what_a_newer_version_overtook_meanwhile_is_sent_again),
        cmocka_unit_test(another_session_begins_from_the_start),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
