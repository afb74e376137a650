/* A case from its claim to another holder, as the agents of both see it; the numbers of what is
 * said about it. The answers that come late, what crosses the transfer, alarms and what is due have
 * files of their own beside this one. */
#include "tests/unit/handover_town.h"

#include <stdio.h>
#include <string.h>

#include "agents/base64.h"
#include "agents/body.h"
#include "agents/custody.h"
#include "agents/trees.h"
#include "lib/text.h"
#include "tests/unit/town_inside.h"

/* ---- numbers ---- */

/* Until when a referral is watched, its header says as its body does, or it is not taken. */
static void a_header_that_says_another_end_of_a_watch_is_rejected(void **)
{
    static const char json[] = "{" KIT ", \"children\": [" ARI "], \"concern\": [\"NEGLECT\"], "
                               "\"orderEnd\": {\"ymd\": 20270602}, ";
    const char *rest = strstr(referral, "[\"NEGLECT\"], ") + strlen("[\"NEGLECT\"], ");
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), id;
    char watched[2048];

    (void)snprintf(watched, sizeof watched, "%s%s", json, rest);
    for (int lies = 0; lies < 2; lies++) {
        town_mischief(town)->watch_longer = lies;
        id = said(say(town, NPS,
                      (struct wish){.type = "safeguarding.referral.child",
                                    .to = agencies[CSC],
                                    .about = &handle,
                                    .json = watched}));
        town_settle(town);
        assert_string_equal(town_ladder(town, CSC, &id),
                            lies ? "accepted rejected" : "accepted delivered");
        if (lies)
            assert_string_equal(town_detail(town, CSC, &id), "HEADER_MISMATCH");
    }
}

static void numbers_go_on_without_gaps(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first = referred(town, &handle), id;

    assert_int_equal(number_of(town, NPS, &first), 1);
    id = updated(town, NPS, &first, 1);
    assert_int_equal(number_of(town, NPS, &id), 2);
    assert_string_equal(town_track(town, NPS, &id)->to, agencies[CSC]);
    assert_memory_equal(town_track(town, NPS, &id)->conversation_id.data, first.bytes, ID_SIZE);
    /* refused here: it has no number */
    (void)say(town, NPS,
              (struct wish){.type = "safeguarding.update", .conversation = &first, .json = "{}"});
    /* refused by the broker, which has counted it */
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED;
    refused(say(town, NPS,
                (struct wish){.type = "safeguarding.update",
                              .conversation = &first,
                              .json = update_of(&first, 2)}),
            CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    id = updated(town, NPS, &first, 2);
    assert_int_equal(number_of(town, NPS, &id), 4);
    town_restart(town, NPS);
    id = updated(town, NPS, &first, 3);
    assert_int_equal(number_of(town, NPS, &id), 5);
    town_settle(town);
    assert_int_equal(number_of(town, CSC, &id), 5);
}

/* What waits for a key has no number yet, so that its refusal leaves no gap. */
static void what_waits_for_a_key_takes_no_number(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first, id = id_new(town_now(town));

    town_mischief(town)->hide_keys = true;
    assert_int_equal(say(town, NPS,
                         (struct wish){.type = "safeguarding.referral.child",
                                       .to = agencies[CSC],
                                       .about = &handle,
                                       .message = &id,
                                       .json = referral})
                         ->outcome,
                     CONCORDAT__OUTCOME__QUEUED);
    assert_int_equal(number_of(town, NPS, &id), 0);
    town_mischief(town)->hide_keys = false;
    town_wait(town, 60000);
    town_settle(town);
    assert_int_equal(number_of(town, NPS, &id), 1);
    first = id;
    id = updated(town, NPS, &first, 1);
    assert_int_equal(number_of(town, NPS, &id), 2);
}

/* ---- claims ---- */

static void a_claim_is_made_until_it_is_answered(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = id_random();
    struct told told = news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED,
                               agencies[NPS], 1);
    const struct town_case *asked = town_case(town, NPS);

    town_disconnect(town, NPS);
    hold_later(town, NPS, &handle);
    assert_null(town_reply(town, NPS));
    town_wait(town, 6000);
    assert_int_equal(town_reply(town, NPS)->outcome, CONCORDAT__OUTCOME__QUEUED);
    assert_int_equal(asked->count, 0);
    town_restart(town, NPS);
    town_connect(town, NPS);
    town_settle(town);
    assert_int_equal(asked->count, 1);
    assert_true(asked->is_claim);
    assert_memory_equal(asked->claim.case_handle.bytes, handle.bytes, ID_SIZE);
    town_disconnect(town, NPS); /* the answer is lost */
    town_connect(town, NPS);
    town_settle(town);
    assert_int_equal(asked->count, 2);
    told.custody.at_ms = town_now(town);
    town_answer_case(town, NPS, CONCORDAT__REFUSAL_CODE__STALE_VERSION, &told.custody);
    town_settle(town);
    assert_string_equal(case_of(town, NPS, &handle)->holder, agencies[NPS]);
    assert_int_equal(town_entries(town, NPS, TREE_CLAIMS), 0);
    town_disconnect(town, NPS);
    town_connect(town, NPS);
    town_settle(town);
    assert_int_equal(asked->count, 2);
}

/* The version goes with it, so that it ends the offer that was seen and no later one. */
static void an_offer_is_taken_back_by_a_claim(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_OFFERED, agencies[NPS], 2);
    const struct town_case *asked = town_case(town, NPS);

    told.custody.transfer_id = id_random();
    TEXT_COPY(told.custody.offered_to, agencies[CRC]);
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_string_equal(case_of(town, NPS, &handle)->offered_to, agencies[CRC]);

    claim_later(town, NPS, &handle, CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW);
    assert_int_equal(asked->claim.kind, CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW);
    assert_int_equal(asked->claim.case_version, 2);
    told.custody.change = CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED;
    told.custody.transfer_id = (struct id){{0}};
    told.custody.offered_to[0] = '\0';
    told.custody.at_ms = town_now(town);
    town_answer_case(town, NPS, CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED, &told.custody);
    town_settle(town);
    assert_int_equal(town_reply(town, NPS)->outcome, CONCORDAT__OUTCOME__DONE);
    assert_string_equal(case_of(town, NPS, &handle)->offered_to, "");
    assert_string_equal(case_of(town, NPS, &handle)->claims[0]->kind, "withdraw");
    assert_string_equal(case_of(town, NPS, &handle)->holder, agencies[NPS]);
    assert_int_equal(town_entries(town, NPS, TREE_CLAIMS), 0);
}

/* What was said of the transfer that has gone settles no claim: it was completed. */
static void an_offer_that_was_completed_is_not_taken_back(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, agencies[CRC], 3);

    claim_later(town, NPS, &handle, CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW);
    told.custody.transfer_id = id_random();
    TEXT_COPY(told.custody.former, agencies[NPS]);
    TEXT_COPY(told.custody.offered_to, agencies[CRC]);
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(town_entries(town, NPS, TREE_CLAIMS), 1);
    town_answer_case(town, NPS, CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER, NULL);
    town_settle(town);
    refused(town_reply(town, NPS), CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER);
    assert_int_equal(town_entries(town, NPS, TREE_CLAIMS), 0);
}

/* The claim can be proved: who made it, of which case, and what the broker said. */
static void a_claim_is_kept_with_its_answer(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = id_random();
    struct told told = news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED,
                               agencies[NPS], 1);
    const Concordat__CustodyState *state;
    const struct resident *nps = &town->members[NPS];
    struct reason why = {""};
    struct claim claim;

    hold_later(town, NPS, &handle);
    town_answer_case(town, NPS, CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED, &told.custody);
    town_settle(town);
    town_restart(town, NPS);
    state = case_of(town, NPS, &handle);
    assert_int_equal(state->n_claims, 1);
    const Concordat__Claimed *kept = state->claims[0];
    const struct bytes bytes = {kept->claim.data, kept->claim.len};
    assert_int_equal(claim_read(bytes, NULL, &claim, &why), ST_OK);
    assert_memory_equal(claim.case_handle.bytes, handle.bytes, ID_SIZE);
    assert_string_equal(claim.agency, agencies[NPS]);
    assert_int_equal(kept->signature.len, SIGNATURE_SIZE);
    assert_int_equal(
        claim_verify(nps->key, tls_context_community(nps->trust), bytes, kept->signature.data),
        ST_OK);
    assert_string_equal(kept->code, "");
    assert_true(kept->answer.len > 0);
    assert_string_equal(kept->kind, "open");
    kept->signature.data[5] ^= 1;
    assert_int_equal(
        claim_verify(nps->key, tls_context_community(nps->trust), bytes, kept->signature.data),
        ST_FORGED);
}

static void a_claim_that_is_refused_is_told(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = id_random();

    hold_later(town, NPS, &handle);
    town_answer_case(town, NPS, CONCORDAT__REFUSAL_CODE__CASE_NOT_YOURS, NULL);
    town_settle(town);
    refused(town_reply(town, NPS), CONCORDAT__REFUSAL_CODE__CASE_NOT_YOURS);
    assert_null(case_of(town, NPS, &handle));
    assert_int_equal(town_entries(town, NPS, TREE_CLAIMS), 0);
}

/* A handle that was mistyped: the broker would not read the claim, in any session. */
static void nothing_unknown_is_closed(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = id_random();

    claim_later(town, NPS, &handle, CONCORDAT__CLAIM_KIND__CLAIM_CLOSE);
    assert_int_equal(town_entries(town, NPS, TREE_CLAIMS), 0);
    assert_int_equal(town_case(town, NPS)->count, 0);
    assert_non_null(town_reply(town, NPS));
    assert_int_equal(town_reply(town, NPS)->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(town_reply(town, NPS)->problems[0]->where, "case_handle");
}

/* ---- a transfer ---- */

static const struct id manifest_id = {{9, 9, 9}};

static const char *part_of(char altered)
{
    static char json[256];
    char id[BASE64_SIZE(ID_SIZE)];

    base64_print(manifest_id.bytes, ID_SIZE, id);
    (void)snprintf(json, sizeof json,
                   "{\"manifestId\": \"%s\", \"number\": 1, \"identity\": {\"kind\": \"contact "
                   "log\", \"text\": {\"text\": \"Seen on Monday%c\"}}}",
                   id, altered);
    return json;
}

static const char *offer_of(const char *conversations)
{
    static char json[1024];
    OWNED(arena) arena = arena_new(64 * 1024, 1024 * 1024);
    struct problems problems = {0};
    const char *part = part_of('.');
    char id[BASE64_SIZE(ID_SIZE)], hash[BASE64_SIZE(DIGEST_SIZE)];
    struct bytes body;
    struct digest digest;

    assert_int_equal(body_from_json(catalogue_find("case.record.part"), part, strlen(part),
                                    1800000000000, arena, &body, &problems),
                     ST_OK);
    digest = sha256(body.data, body.size);
    base64_print(digest.bytes, DIGEST_SIZE, hash);
    base64_print(manifest_id.bytes, ID_SIZE, id);
    (void)snprintf(json, sizeof json,
                   "{" KIT ", %s\"manifest\": {\"manifestId\": \"%s\", \"parts\": [{\"number\": 1, "
                   "\"kind\": \"contact log\", \"size\": %zu, \"sha256\": \"%s\"}]}, "
                   "\"components\": [{\"number\": 1, \"kind\": \"OFFENDER\", \"label\": \"all\"}, "
                   "{\"number\": 2, \"kind\": \"REQUIREMENT\", \"label\": \"drugs\"}], \"reason\": "
                   "\"INITIAL_ALLOCATION\"}",
                   conversations, id, body.size, hash);
    return json;
}

static const Concordat__Response *offer(struct town *town, const struct id *handle,
                                        const char *conversations)
{
    return say(town, NPS,
               (struct wish){.type = "case.transfer.offer",
                             .to = agencies[CRC],
                             .about = handle,
                             .json = offer_of(conversations)});
}

static const Concordat__Response *act(struct town *town, size_t by, const struct id *handle,
                                      const char *type, const char *json)
{
    return say(
        town, by,
        (struct wish){
            .type = type, .to = agencies[by == NPS ? CRC : NPS], .about = handle, .json = json});
}

static void a_case_is_handed_over(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first = referred(town, &handle), id, offered, transfer;
    const Concordat__CustodyState *state;
    const Concordat__Response *r;
    char json[256];

    r = offer(town, &handle, "\"openConversations\": [\"AAAAAAAAAAAAAAAAAAAAAQ==\"], ");
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "open_conversations");
    offered = said(offer(town, &handle, ""));
    town_settle(town);
    assert_string_equal(town_ladder(town, NPS, &offered), "queued accepted delivered");
    refused(offer(town, &handle, ""), CONCORDAT__REFUSAL_CODE__COMPONENTS_WRONG);
    refused(offer(town, &handle, "\"transferId\": \"AAAAAAAAAAAAAAAAAAAAAQ==\", "),
            CONCORDAT__REFUSAL_CODE__STALE_VERSION);
    state = case_of(town, CRC, &handle);
    assert_string_equal(state->holder, agencies[NPS]);
    assert_int_equal(state->version, 2);
    assert_int_equal(state->offered, 3);
    assert_string_equal(state->components[1]->label, "drugs");
    assert_string_equal(state->parts[0]->state, "missing");
    memcpy(transfer.bytes, state->transfer_id.data, ID_SIZE);
    r = town_open(town, CRC, &offered); /* what goes with it was filled in */
    base64_print(first.bytes, ID_SIZE, json);
    assert_non_null(strstr(r->json, json));

    (void)said(act(town, CRC, &handle, "case.transfer.reject",
                   "{\"replies\": [{\"component\": 2, \"reject\": \"ADDRESS_NOT_VERIFIED\"}]}"));
    (void)said(
        act(town, CRC, &handle, "case.transfer.accept", "{\"replies\": [{\"component\": 1}]}"));
    town_settle(town);
    state = case_of(town, NPS, &handle);
    assert_int_equal(state->accepted, 1);
    assert_int_equal(state->rejected, 2);
    assert_string_equal(state->components[1]->reason, "ADDRESS_NOT_VERIFIED");
    assert_string_equal(state->holder, agencies[NPS]);
    refused(act(town, CRC, &handle, "case.transfer.complete", "{}"),
            CONCORDAT__REFUSAL_CODE__COMPONENTS_WRONG);
    (void)said(offer(town, &handle, "\"offered\": [2], "));
    town_settle(town);
    (void)said(
        act(town, CRC, &handle, "case.transfer.accept", "{\"replies\": [{\"component\": 2}]}"));
    town_settle(town);
    assert_int_equal(case_of(town, NPS, &handle)->accepted, 3);

    r = act(town, CRC, &handle, "case.transfer.complete", "{}");
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->text, "part 1 is missing");
    (void)said(act(town, NPS, &handle, "case.record.part", part_of(',')));
    town_settle(town);
    town_restart(town, CRC);
    assert_string_equal(case_of(town, CRC, &handle)->parts[0]->state, "differs");
    r = act(town, CRC, &handle, "case.transfer.complete", "{}");
    assert_string_equal(r->problems[0]->text, "part 1 differs from the manifest");
    (void)said(act(town, NPS, &handle, "case.record.part", part_of('.')));
    assert_string_equal(case_of(town, NPS, &handle)->parts[0]->state, "sent");
    town_settle(town);
    assert_string_equal(case_of(town, CRC, &handle)->parts[0]->state, "here");
    id = said(act(town, CRC, &handle, "case.transfer.complete", "{}"));
    town_settle(town);
    assert_string_equal(town_ladder(town, CRC, &id), "queued accepted delivered");

    const struct told_conversation t = conversation_of(&first, "safeguarding.referral.child", 2, 1);
    moved(town, &handle, &transfer, &t, 1, 7);
    for (size_t agency = 0; agency < 3; agency++)
        assert_string_equal(case_of(town, agency, &handle)->holder, agencies[CRC]);
    refused(offer(town, &handle, ""), CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER);
    refused(act(town, CRC, &handle, "case.transfer.complete",
                "{\"transferId\": \"AAAAAAAAAAAAAAAAAAAAAQ==\", \"manifestSha256\": "
                "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}"),
            CONCORDAT__REFUSAL_CODE__TRANSFER_UNKNOWN);
    id = updated(town, CRC, &first, 1); /* the conversation goes on, with its next number */
    assert_int_equal(number_of(town, CRC, &id), 2);
    assert_string_equal(town_track(town, CRC, &id)->to, agencies[CSC]);
    town_settle(town);
    assert_string_equal(town_ladder(town, CSC, &id), "accepted delivered");
    id = updated(town, CSC, &first, 1); /* to who holds the case by now */
    town_settle(town);
    assert_string_equal(town_ladder(town, CRC, &id), "accepted delivered");
    r = say(town, NPS,
            (struct wish){.type = "safeguarding.update",
                          .conversation = &first,
                          .json = update_of(&first, 2)});
    assert_string_equal(r->problems[0]->where, "conversation_id");
}

/* Two cases may have transfers of one id: what the one names is not the other's. */
static void a_transfers_details_are_its_cases(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const struct id one = opened(town), other = opened(town);
    const Concordat__CustodyState *state;
    const Concordat__Response *r;
    char same[128], id[BASE64_SIZE(ID_SIZE)], json[512];

    (void)said(offer(town, &one, ""));
    town_settle(town);
    state = case_of(town, CRC, &one);
    base64_print(state->transfer_id.data, ID_SIZE, id);
    (void)snprintf(same, sizeof same, "\"transferId\": \"%s\", ", id);
    (void)snprintf(json, sizeof json,
                   "{" KIT ", %s\"manifest\": {\"manifestId\": \"AAAAAAAAAAAAAAAAAAAAAQ==\"}, "
                   "\"components\": [{\"number\": 1, \"kind\": \"OFFENDER\", "
                   "\"label\": \"other\"}], \"reason\": \"INITIAL_ALLOCATION\"}",
                   same);
    (void)said(act(town, NPS, &other, "case.transfer.offer", json));
    town_settle(town);
    state = case_of(town, CRC, &other);
    assert_int_equal(state->n_parts, 0);
    assert_string_equal(state->components[0]->label, "other");
    state = case_of(town, CRC, &one);
    assert_int_equal(state->n_parts, 1);
    assert_string_equal(state->components[0]->label, "all");
    (void)said(act(town, CRC, &one, "case.transfer.accept",
                   "{\"replies\": [{\"component\": 1}, {\"component\": 2}]}"));
    r = act(town, CRC, &one, "case.transfer.complete", "{}");
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->text, "part 1 is missing");
    (void)said(
        act(town, CRC, &other, "case.transfer.accept", "{\"replies\": [{\"component\": 1}]}"));
    (void)said(act(town, CRC, &other, "case.transfer.complete", "{}"));
}

static void a_refused_offer_leaves_nothing(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const struct id handle = opened(town), transfer = {{1}};
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_OFFERED, agencies[NPS], 2);
    char same[128], id[BASE64_SIZE(ID_SIZE)];

    base64_print(transfer.bytes, ID_SIZE, id);
    (void)snprintf(same, sizeof same, "\"transferId\": \"%s\", ", id);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__STALE_VERSION;
    refused(offer(town, &handle, same), CONCORDAT__REFUSAL_CODE__STALE_VERSION);
    town_settle(town);
    told.custody.transfer_id = transfer;
    told.custody.components = 3;
    told.custody.at_ms = town_now(town);
    TEXT_COPY(told.custody.offered_to, agencies[CRC]);
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(case_of(town, NPS, &handle)->offered, 3);
    assert_int_equal(case_of(town, NPS, &handle)->n_parts, 0);
}

static void a_header_that_says_otherwise_is_rejected(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), offered;

    town_mischief(town)->false_custody = true;
    offered = said(offer(town, &handle, ""));
    town_settle(town);
    assert_string_equal(town_ladder(town, CRC, &offered), "accepted rejected");
    assert_string_equal(town_detail(town, CRC, &offered), "HEADER_MISMATCH");
    assert_null(case_of(town, CRC, &handle));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_go_on_without_gaps),
        cmocka_unit_test(what_waits_for_a_key_takes_no_number),
        cmocka_unit_test(a_claim_is_made_until_it_is_answered),
        cmocka_unit_test(an_offer_is_taken_back_by_a_claim),
        cmocka_unit_test(an_offer_that_was_completed_is_not_taken_back),
        cmocka_unit_test(a_claim_is_kept_with_its_answer),
        cmocka_unit_test(a_claim_that_is_refused_is_told),
        cmocka_unit_test(nothing_unknown_is_closed),
        cmocka_unit_test(a_case_is_handed_over),
        cmocka_unit_test(a_transfers_details_are_its_cases),
        cmocka_unit_test(a_refused_offer_leaves_nothing),
        cmocka_unit_test(a_header_that_says_otherwise_is_rejected),
        cmocka_unit_test(a_header_that_says_another_end_of_a_watch_is_rejected),
    };
    return cmocka_run_group_tests_name("handover", tests, NULL, NULL) + late_answer_tests()
         + crossing_tests() + handover_alarm_tests() + handover_due_tests()
         + handover_watched_tests();
}
