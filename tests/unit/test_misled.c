/* An agent that is misled about a case: by the clock of who received its message, by answers that
 * come late, by a store that fills. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "agents/trees.h"
#include "lib/text.h"
#include "tests/unit/handover_town.h"
#include "tests/unit/town_inside.h"

/* To be answered within half an hour. */
static const char *offer_of(const char *label, int64_t now_ms)
{
    static char json[2048];

    (void)snprintf(json, sizeof json,
                   "{\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], "
                   "\"name\": {\"forename\": \"Kit\", \"surname\": \"Example\"}}, \"manifest\": "
                   "{\"manifestId\": \"AAAAAAAAAAAAAAAAAAAAAQ==\"}, \"components\": [{\"number\": "
                   "1, \"kind\": \"OFFENDER\", \"label\": \"all\"}, {\"number\": 2, \"kind\": "
                   "\"REQUIREMENT\", \"label\": \"%s\"}], \"reason\": \"INITIAL_ALLOCATION\", "
                   "\"replyByMs\": \"%lld\"}",
                   label, (long long)now_ms + 1800000);
    return json;
}

/* To the other of the two; the town does not turn before the test says so. */
static void act_later(struct town *town, size_t by, const struct id *handle, const char *type,
                      const char *json)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;

    send.type = (char *)(uintptr_t)type;
    send.to = (char *)(uintptr_t)agencies[by == NPS ? CRC : NPS];
    send.case_handle = field_of(handle);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = (char *)(uintptr_t)json;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    town_ask_later(town, by, &request);
}

static void act(struct town *town, size_t by, const struct id *handle, const char *type,
                const char *json)
{
    const Concordat__Response *r;

    act_later(town, by, handle, type, json);
    town_settle(town);
    r = town_reply(town, by);
    assert_non_null(r);
    if (r->outcome != CONCORDAT__OUTCOME__DONE && r->outcome != CONCORDAT__OUTCOME__QUEUED)
        fail_msg("outcome %d: %s %s %s", (int)r->outcome,
                 r->n_problems ? r->problems[0]->where : "",
                 r->n_problems ? r->problems[0]->text : "", r->advice);
}

/* What it does is accepted, and the receipt lost with its session; the first that it hears is the
 * step of who received it, whose clock is an hour ahead. */
static void act_unheard(struct town *town, size_t by, const struct id *handle, const char *type,
                        const char *json)
{
    const unsigned before = town_counts(town).submits;

    act_later(town, by, handle, type, json);
    while (town_counts(town).submits == before) /* it asks for the key first */
        town_turn(town, by, NULL);
    town_disconnect(town, by);
    town_jump(town, 3600000);
    town_settle(town);
    town_jump(town, -3600000);
    town_connect(town, by);
    town_settle(town);
}

/* ---- the other's clock ---- */

static void a_step_says_nothing_of_when_an_act_was_accepted(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    const Concordat__CustodyState *state;

    act_unheard(town, NPS, &handle, "case.transfer.offer", offer_of("drugs", town_now(town)));
    state = case_of(town, NPS, &handle);
    assert_string_equal(state->offered_to, agencies[CRC]);
    assert_int_equal(state->offered, 3);
    assert_int_equal(state->n_components, 2);
    town_wait(town, 60000);
    act(town, CRC, &handle, "case.transfer.reject",
        "{\"replies\": [{\"component\": 2, \"reject\": \"ADDRESS_NOT_VERIFIED\"}]}");
    state = case_of(town, NPS, &handle);
    assert_int_equal(state->offered, 1);
    assert_int_equal(state->rejected, 2);
}

static void who_completed_hears_that_the_case_has_moved_on(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), transfer;
    struct told told;

    act(town, NPS, &handle, "case.transfer.offer", offer_of("drugs", town_now(town)));
    act(town, CRC, &handle, "case.transfer.accept",
        "{\"replies\": [{\"component\": 1}, {\"component\": 2}]}");
    memcpy(transfer.bytes, case_of(town, CRC, &handle)->transfer_id.data, ID_SIZE);
    act_unheard(town, CRC, &handle, "case.transfer.complete", "{}");
    told = news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, agencies[CRC], 3);
    told.custody.transfer_id = transfer;
    TEXT_COPY(told.custody.former, agencies[NPS]);
    TEXT_COPY(told.custody.offered_to, agencies[CRC]);
    town_tell(town, CRC, &told);
    town_settle(town);
    assert_string_equal(case_of(town, CRC, &handle)->holder, agencies[CRC]);
    town_wait(town, 60000);
    told.custody.at_ms = town_now(town);
    told.custody.version = 5;
    told.custody.transfer_id = id_random();
    TEXT_COPY(told.custody.holder, agencies[NPS]);
    TEXT_COPY(told.custody.former, agencies[CRC]);
    TEXT_COPY(told.custody.offered_to, agencies[NPS]);
    town_tell(town, CRC, &told);
    town_settle(town);
    assert_string_equal(case_of(town, CRC, &handle)->holder, agencies[NPS]);
}

/* Its lane was the slower: what became of the offer is known before the offer. */
static void an_offer_that_comes_when_its_transfer_has_ended_opens_nothing(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_OFFERED, agencies[NPS], 2);
    const Concordat__CustodyState *state;

    told.custody.transfer_id = id_random();
    TEXT_COPY(told.custody.offered_to, agencies[CRC]);
    told.custody.components = 3;
    town_tell(town, CRC, &told);
    told.custody.change = CONCORDAT__CUSTODY_CHANGE__CASE_OFFER_LAPSED;
    told.custody.at_ms += 60000;
    town_tell(town, CRC, &told);
    town_settle(town);
    act(town, NPS, &handle, "case.transfer.offer", offer_of("drugs", town_now(town)));
    state = case_of(town, CRC, &handle);
    assert_non_null(state);
    assert_int_equal(state->transfer_id.len, 0);
    assert_int_equal(state->n_conversations, 0);
    town_wait(town, 120000);
    act(town, NPS, &handle, "case.transfer.withdraw", "{\"reason\": \"OFFERED_IN_ERROR\"}");
    act(town, NPS, &handle, "case.transfer.offer", offer_of("alcohol", town_now(town)));
    state = case_of(town, CRC, &handle);
    assert_int_equal(state->transfer_id.len, ID_SIZE);
    assert_int_equal(state->n_conversations, 1);
}

/* ---- claims ---- */

static void ask_holder_later(struct town *town, const struct id *handle)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__HolderRequest holder = CONCORDAT__HOLDER_REQUEST__INIT;

    holder.case_handle = field_of(handle);
    request.kind_case = CONCORDAT__REQUEST__KIND_HOLDER;
    request.holder = &holder;
    town_ask_later(town, NPS, &request);
}

/* Other systems of the agency ask about more cases than there is room to remember, before the
 * broker has answered the claim. */
static void a_claim_is_not_forgotten_for_questions(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = id_random();
    const struct town_case *asked = town_case(town, NPS);

    claim_later(town, NPS, &handle, CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
    assert_true(asked->is_claim);
    const struct town_case claimed = *asked;
    for (int i = 0; i < 300; i++) {
        struct id other = id_random();

        ask_holder_later(town, &other);
    }
    struct told told = news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED,
                               agencies[NPS], 1);
    town->members[NPS].asked = claimed;
    town_answer_case(town, NPS, CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED, &told.custody);
    town_settle(town);
    assert_non_null(case_of(town, NPS, &handle));
    assert_string_equal(case_of(town, NPS, &handle)->holder, agencies[NPS]);
    assert_int_equal(town_entries(town, NPS, TREE_CLAIMS), 0);
}

/* Two desks close a case at once: what is kept as claimed is what the broker has answered. */
static void a_second_claim_does_not_take_the_place_of_one_that_is_on_its_way(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    const struct town_case *asked = town_case(town, NPS);
    const Concordat__CustodyState *state;
    struct told told;

    claim_later(town, NPS, &handle, CONCORDAT__CLAIM_KIND__CLAIM_CLOSE);
    assert_int_equal(asked->count, 1);
    const struct claim sent = asked->claim;
    town_wait(town, 10);
    claim_later(town, NPS, &handle, CONCORDAT__CLAIM_KIND__CLAIM_CLOSE);
    assert_int_equal(asked->count, 1);
    told = news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED, "", 2);
    town_answer_case(town, NPS, CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED, &told.custody);
    town_settle(town);
    assert_int_equal(town_reply(town, NPS)->outcome, CONCORDAT__OUTCOME__DONE);
    state = case_of(town, NPS, &handle);
    assert_int_equal(state->n_claims, 1);
    assert_int_equal(state->claims[0]->at_ms, sent.at_ms);
}

/* ---- room ---- */

/* Records of nobody's, until the store is so full. */
static void fill(struct town *town, unsigned thousandths)
{
    static uint8_t filler[64 * 1024];
    struct store *store = town->members[NPS].store;

    for (uint32_t i = 0; store_fullness(store) < thousandths; i++) {
        struct txn *txn;
        uint8_t key[8] = {'f', 'i', 'l', 'l', (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

        assert_int_equal(store_begin(store, true, &txn), ST_OK);
        assert_int_equal(store_put(txn, TREE_META, (struct bytes){key, sizeof key},
                                   (struct bytes){filler, sizeof filler}),
                         ST_OK);
        assert_int_equal(store_commit(txn), ST_OK);
    }
}

/* What is told waits with the broker as messages do, else the agent would stop for want of room,
 * and start, and stop again, and no alarm be seen. */
static void what_is_told_waits_while_the_store_is_full(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct told told = {.kind = TOLD_CLOCK};
    struct reason why;

    told.clock = (struct clock_told){.clock = 1,
                                     .kind = CONCORDAT__CLOCK_KIND__CLOCK_ANSWER,
                                     .stage = CONCORDAT__CLOCK_STAGE__STAGE_BREACHED,
                                     .due_ms = town_now(town),
                                     .at_ms = town_now(town)};
    TEXT_COPY(told.clock.owed_by, agencies[NPS]);
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(town_entries(town, NPS, TREE_ALARMS), 3);
    assert_false(town_dropped(town, NPS, &why));
    const unsigned settled = town_counts(town).settles;

    fill(town, 955);
    told.clock.clock = 2;
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(town_entries(town, NPS, TREE_ALARMS), 3);
    assert_true(town_dropped(town, NPS, &why));
    assert_non_null(strstr(why.text, "full"));
    assert_int_equal(town_counts(town).settles, settled);
}

/* ---- our own clock ---- */

/* A request that nobody has looked at yet. */
static struct id unopened(struct town *town)
{
    struct id handle = opened(town), id;
    const Concordat__Response *r;

    act(town, NPS, &handle, "case.transfer.offer", offer_of("drugs", town_now(town)));
    r = town_inbox(town, CRC);
    assert_int_equal(r->n_items, 1);
    memcpy(id.bytes, r->items[0]->message_id.data, ID_SIZE);
    return id;
}

/* A clock that leaps a year ahead, as one does that has lost its battery, is put right again. */
static void a_clock_that_leaps_erases_nothing(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id id = unopened(town);
    const size_t owed = town_entries(town, CRC, TREE_OWED);

    assert_true(owed > 0);
    town_jump(town, 500 * TOWN_DAY_MS);
    town_wait(town, 61000);
    town_jump(town, -500 * TOWN_DAY_MS);
    town_settle(town);
    assert_int_equal(town_entries(town, CRC, TREE_INBOX), 1);
    assert_int_equal(town_entries(town, CRC, TREE_OWED), owed);
    town_connect(town, CRC);
    town_settle(town);
    assert_int_equal(town_open(town, CRC, &id)->outcome, CONCORDAT__OUTCOME__DONE);
}

/* Whether an offer's time is over is the broker's to say, whose clock it is. */
static void a_clock_that_is_ahead_ends_no_offer(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);

    act(town, NPS, &handle, "case.transfer.offer", offer_of("drugs", town_now(town)));
    town_jump(town, 3600000);
    act(town, CRC, &handle, "case.transfer.accept", "{\"replies\": [{\"component\": 1}]}");
    assert_int_equal(case_of(town, CRC, &handle)->accepted, 1);
}

/* What was refused, and might go again, is told within the minute, wherever the clock stands. */
static void a_clock_that_is_behind_keeps_no_refusal_back(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), id;

    town_mischief(town)->active_version = 99;
    act_later(town, NPS, &handle, "case.transfer.offer", offer_of("drugs", town_now(town)));
    town_settle(town);
    town_wait(town, 6000);
    memcpy(id.bytes, town_reply(town, NPS)->message_id.data, ID_SIZE);
    assert_string_equal(town_ladder(town, NPS, &id), "queued");
    town_jump(town, -3600000);
    town_wait(town, 61000);
    town_wait(town, 1000);
    assert_string_equal(town_ladder(town, NPS, &id), "queued refused");
}

/* An answer that is owed to who holds the case now outlives its retention. */
static void what_is_to_be_passed_on_is_not_erased(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id id = unopened(town);
    struct txn *txn;

    assert_int_equal(store_begin(town->members[CRC].store, true, &txn), ST_OK);
    assert_int_equal(store_put(txn, TREE_FORWARD, (struct bytes){id.bytes, ID_SIZE},
                               (struct bytes){id.bytes, 1}),
                     ST_OK);
    assert_int_equal(store_commit(txn), ST_OK);
    for (int i = 0; i < 3; i++)
        town_wait(town, 91 * TOWN_DAY_MS);
    assert_int_equal(town_entries(town, CRC, TREE_INBOX), 1);
    assert_int_equal(store_begin(town->members[CRC].store, true, &txn), ST_OK);
    assert_int_equal(store_delete(txn, TREE_FORWARD, (struct bytes){id.bytes, ID_SIZE}), ST_OK);
    assert_int_equal(store_commit(txn), ST_OK);
    town_wait(town, 2 * TOWN_DAY_MS);
    assert_int_equal(town_entries(town, CRC, TREE_INBOX), 0);
}

/* ---- names ---- */

/* A label that is cut is still a text. */
static void a_long_label_is_cut_between_characters(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    char label[300];

    memset(label, 'a', 254);
    memcpy(label + 254, "\xc3\xa9z", 4);
    act(town, NPS, &handle, "case.transfer.offer", offer_of(label, town_now(town)));
    label[254] = '\0';
    assert_string_equal(case_of(town, CRC, &handle)->components[1]->label, label);
    assert_string_equal(case_of(town, NPS, &handle)->components[1]->label, label);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_says_nothing_of_when_an_act_was_accepted),
        cmocka_unit_test(an_offer_that_comes_when_its_transfer_has_ended_opens_nothing),
        cmocka_unit_test(who_completed_hears_that_the_case_has_moved_on),
        cmocka_unit_test(a_claim_is_not_forgotten_for_questions),
        cmocka_unit_test(a_second_claim_does_not_take_the_place_of_one_that_is_on_its_way),
        cmocka_unit_test(what_is_told_waits_while_the_store_is_full),
        cmocka_unit_test(a_clock_that_leaps_erases_nothing),
        cmocka_unit_test(a_clock_that_is_ahead_ends_no_offer),
        cmocka_unit_test(a_clock_that_is_behind_keeps_no_refusal_back),
        cmocka_unit_test(what_is_to_be_passed_on_is_not_erased),
        cmocka_unit_test(a_long_label_is_cut_between_characters),
    };
    return cmocka_run_group_tests_name("misled", tests, NULL, NULL);
}
