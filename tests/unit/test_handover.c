/* A case from its claim to another holder, as the agents of both see it; what is said in its
 * conversations meanwhile, and the answer that comes for who held it before. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agents/base64.h"
#include "agents/body.h"
#include "agents/custody.h"
#include "agents/trees.h"
#include "agreements/calendar.h"
#include "lib/text.h"
#include "tests/unit/town.h"
#include "tests/unit/town_inside.h"

static const char *const agencies[] = {"nps.cambs", "crc.bench", "csc.cambs"};
enum {
    NPS,
    CRC,
    CSC
};

#define KIT                                                                                        \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], \"name\": "     \
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}"
#define ARI "{\"name\": {\"forename\": \"Ari\", \"surname\": \"Example\"}}"

static const char referral[] = "{" KIT ", \"children\": [" ARI "], \"concern\": [\"NEGLECT\"], "
                               "\"consent\": \"NOT_SOUGHT_UNSAFE\", \"whatHappened\": {\"text\": "
                               "\"Left alone in the evening.\"}}";
static const char check[] =
    "{" KIT ", \"why\": \"PRE_SENTENCE\", \"neededByMs\": \"1896983200000\", \"children\": "
    "[{\"person\": " ARI ", \"relationship\": \"child\"}]}";
static const char checked[] = "{\"outcome\": \"NOT_KNOWN\"}";

/* ---- the town's ---- */

struct wish {
    const char *type, *to, *json;
    const struct id *about, *conversation, *reply_to, *message;
    const char *officer;
};

static ProtobufCBinaryData field_of(const struct id *id)
{
    return (ProtobufCBinaryData){.len = id ? ID_SIZE : 0, .data = (uint8_t *)(uintptr_t)id};
}

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)(text ? text : "");
}

static const Concordat__Response *say(struct town *town, size_t agency, struct wish wish)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;

    send.type = text_of(wish.type);
    send.to = text_of(wish.to);
    send.case_handle = field_of(wish.about);
    send.conversation_id = field_of(wish.conversation);
    send.in_reply_to = field_of(wish.reply_to);
    send.message_id = field_of(wish.message);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text_of(wish.json);
    send.officer = text_of(wish.officer);
    send.wait_ms = 1000;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    return town_ask(town, agency, &request);
}

static struct id said(const Concordat__Response *r)
{
    struct id id;

    if (r->outcome != CONCORDAT__OUTCOME__DONE)
        fail_msg("outcome %d: %s %s %s", (int)r->outcome,
                 r->n_problems ? r->problems[0]->where : "",
                 r->n_problems ? r->problems[0]->text : "", r->advice);
    memcpy(id.bytes, r->message_id.data, ID_SIZE);
    return id;
}

static void refused(const Concordat__Response *r, Concordat__RefusalCode code)
{
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, code);
}

static const Concordat__CustodyState *case_of(struct town *town, size_t agency,
                                              const struct id *handle)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;

    cases.case_handle = field_of(handle);
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    return town_ask(town, agency, &request)->custody;
}

/* The `limit' soonest; 0: as many as usual. */
static const Concordat__Response *due_first(struct town *town, size_t agency, uint32_t limit)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__DueRequest due = CONCORDAT__DUE_REQUEST__INIT;

    due.limit = limit;
    request.kind_case = CONCORDAT__REQUEST__KIND_DUE;
    request.due = &due;
    return town_ask(town, agency, &request);
}

static const Concordat__Response *due_of(struct town *town, size_t agency)
{
    return due_first(town, agency, 0);
}

static void claim_later(struct town *town, size_t agency, const struct id *handle,
                        Concordat__ClaimKind kind)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__HoldRequest hold = CONCORDAT__HOLD_REQUEST__INIT;

    hold.kind = kind;
    hold.case_handle = field_of(handle);
    request.kind_case = CONCORDAT__REQUEST__KIND_HOLD;
    request.hold = &hold;
    town_ask_later(town, agency, &request);
    town_turns(town, 1);
}

static void hold_later(struct town *town, size_t agency, const struct id *handle)
{
    claim_later(town, agency, handle, CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
}

static struct told news_of(const struct town *town, const struct id *handle,
                           Concordat__CustodyChange change, const char *holder, uint64_t version)
{
    struct told told = {.kind = TOLD_CUSTODY};

    told.custody.case_handle = *handle;
    told.custody.change = change;
    told.custody.version = version;
    told.custody.at_ms = town_now(town);
    TEXT_COPY(told.custody.holder, holder);
    return told;
}

/* Probation holds the case, as the broker has told it. */
static struct id opened(struct town *town)
{
    struct id handle = id_random();
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_OPENED, agencies[NPS], 1);

    town_tell(town, NPS, &told);
    town_settle(town);
    return handle;
}

/* The broker tells who is concerned that the company holds it. */
static struct told last_moved;

static void moved(struct town *town, const struct id *handle, const struct id *transfer,
                  const struct told_conversation *conversations, uint32_t count, unsigned to)
{
    struct told told =
        news_of(town, handle, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, agencies[CRC], 3);

    TEXT_COPY(told.custody.former, agencies[NPS]);
    TEXT_COPY(told.custody.offered_to, agencies[CRC]);
    told.custody.transfer_id = *transfer;
    told.custody.conversation_count = count;
    memcpy(told.custody.conversations, conversations, count * sizeof *conversations);
    last_moved = told;
    for (size_t agency = 0; agency < 3; agency++)
        if (to >> agency & 1)
            town_tell(town, agency, &told);
    town_settle(town);
}

static struct told_conversation conversation_of(const struct id *id, const char *type,
                                                uint32_t next, uint32_t next_of_other)
{
    struct told_conversation t = {
        .id = *id, .next_of_holder = next, .next_of_other = next_of_other, .asked_by_holder = true};

    TEXT_COPY(t.type, type);
    TEXT_COPY(t.other, agencies[CSC]);
    TEXT_COPY(t.before, agencies[NPS]);
    return t;
}

static uint32_t number_of(struct town *town, size_t agency, const struct id *id)
{
    return town_track(town, agency, id)->sequence;
}

/* ---- numbers ---- */

static const char *update_of(const struct id *first, unsigned number)
{
    static char json[256];
    char id[BASE64_SIZE(ID_SIZE)];

    base64_print(first->bytes, ID_SIZE, id);
    (void)snprintf(json, sizeof json,
                   "{\"referralId\": \"%s\", \"number\": %u, \"childChanges\": "
                   "[\"WORKER_CHANGED\"]}",
                   id, number);
    return json;
}

static struct id updated(struct town *town, size_t by, const struct id *first, unsigned number)
{
    return said(say(town, by,
                    (struct wish){.type = "safeguarding.update",
                                  .conversation = first,
                                  .json = update_of(first, number)}));
}

static struct id referred(struct town *town, const struct id *handle)
{
    return said(say(town, NPS,
                    (struct wish){.type = "safeguarding.referral.child",
                                  .to = agencies[CSC],
                                  .about = handle,
                                  .json = referral}));
}

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
    const struct member *nps = &town->members[NPS];
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

/* ---- the answer that comes late ---- */

struct late {
    struct id handle, question, answer;
};

/* Probation has asked, and the case has moved; social care has not been told. */
static struct late moved_on(struct town *town)
{
    struct late late = {.handle = opened(town)};
    const struct id transfer = {{7}};

    late.question = said(say(town, NPS,
                             (struct wish){.type = "check.social_care.children.request",
                                           .to = agencies[CSC],
                                           .about = &late.handle,
                                           .json = check}));
    town_settle(town);
    const struct told_conversation t =
        conversation_of(&late.question, "check.social_care.children.request", 2, 1);
    moved(town, &late.handle, &transfer, &t, 1, 1U << NPS | 1U << CRC);
    return late;
}

static void answer(struct town *town, struct late *late)
{
    late->answer = said(say(town, CSC,
                            (struct wish){.type = "check.social_care.children.response",
                                          .reply_to = &late->question,
                                          .officer = "Duty social worker",
                                          .json = checked}));
}

static unsigned count_late(struct town *town, const struct id *handle)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;
    const Concordat__Response *r;
    unsigned count = 0;

    cases.case_handle = field_of(handle);
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    r = town_ask(town, CRC, &request);
    for (size_t i = 0; i < r->n_items; i++)
        count += strcmp(r->items[i]->type, "case.late_answer") == 0;
    return count;
}

static void a_late_answer_is_passed_on_once(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct late late = moved_on(town);

    answer(town, &late);
    town_settle(town);
    assert_int_equal(count_late(town, &late.handle), 1);
    assert_string_equal(town_state(town, NPS, &late.answer), "delivered"); /* in our inbox too */
    /* Who answered is between those two. */
    assert_int_equal(town_inbox(town, NPS)->items[0]->n_shared,
                     town_inbox(town, CRC)->items[0]->n_shared + 1);
    assert_memory_equal(town_inbox(town, CRC)->items[0]->conversation_id.data, late.question.bytes,
                        ID_SIZE);
    assert_memory_equal(town_inbox(town, CRC)->items[0]->in_reply_to.data, late.question.bytes,
                        ID_SIZE);
    town_restart(town, NPS);
    town_wait(town, 60000);
    town_settle(town);
    assert_int_equal(count_late(town, &late.handle), 1);
    assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 0);
    assert_int_equal(case_of(town, CRC, &late.handle)->n_conversations, 0);
}

/* The broker tells it until it knows that it has arrived: what has gone on since stays so. */
static void that_it_moved_is_told_twice(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct late late = moved_on(town);
    struct told again = last_moved;

    again.custody.conversations[0].due = CONCORDAT__CLOCK_KIND__CLOCK_ANSWER;
    again.custody.conversations[0].due_ms = again.custody.at_ms + 86400000;
    answer(town, &late);
    town_settle(town);
    assert_int_equal(case_of(town, CRC, &late.handle)->n_conversations, 0);
    town_tell(town, CRC, &again);
    town_settle(town);
    assert_int_equal(case_of(town, CRC, &late.handle)->n_conversations, 0);
    assert_int_equal(due_of(town, CRC)->n_due, 0);
}

/* What else comes for who asked, after the case has moved, is no answer. */
static void only_the_answer_is_passed_on(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first = referred(town, &handle), update, decision;
    const struct id transfer = {{7}};
    char id[BASE64_SIZE(ID_SIZE)], json[256];

    town_settle(town);
    const struct told_conversation t = conversation_of(&first, "safeguarding.referral.child", 2, 1);
    moved(town, &handle, &transfer, &t, 1, 1U << NPS | 1U << CRC);
    base64_print(first.bytes, ID_SIZE, id);
    (void)snprintf(json, sizeof json,
                   "{\"referralId\": \"%s\", \"outcome\": \"NO_FURTHER_ACTION\"}", id);
    decision = said(say(
        town, CSC,
        (struct wish){.type = "safeguarding.referral.decision", .reply_to = &first, .json = json}));
    town_settle(town);
    assert_int_equal(count_late(town, &handle), 1);
    update = updated(town, CSC, &first, 1);
    town_settle(town);
    assert_string_equal(town_state(town, NPS, &decision), "delivered");
    assert_string_equal(town_state(town, NPS, &update), "delivered");
    assert_int_equal(count_late(town, &handle), 1);
}

/* The broker refuses one: it stays in sight, and goes again when the case is another's. */
static void one_that_is_refused_waits_in_sight(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const Concordat__Due *due = NULL;
    const Concordat__Response *r;
    struct late late;

    late.handle = opened(town);
    late.question = said(say(town, NPS,
                             (struct wish){.type = "check.social_care.children.request",
                                           .to = agencies[CSC],
                                           .about = &late.handle,
                                           .json = check}));
    town_settle(town);
    const struct id transfer = {{7}};
    const struct told_conversation t =
        conversation_of(&late.question, "check.social_care.children.request", 2, 1);
    moved(town, &late.handle, &transfer, &t, 1, 1U << NPS | 1U << CRC);
    town_disconnect(town, NPS);
    late.answer = said(say(town, CSC,
                           (struct wish){.type = "check.social_care.children.response",
                                         .reply_to = &late.question,
                                         .json = checked}));
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED;
    town_connect(town, NPS);
    town_settle(town);
    r = due_of(town, NPS);
    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, "forward") == 0)
            due = r->due[i];
    assert_non_null(due);
    assert_string_equal(due->other, agencies[CRC]);
    assert_true(due->note[0] != '\0');
    assert_memory_equal(due->message_id.data, late.answer.bytes, ID_SIZE);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    town_restart(town, NPS); /* a new session tries again */
    town_settle(town);
    assert_int_equal(count_late(town, &late.handle), 1);
    assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 0);
}

/* Probation's last of the case. */
static struct id last_late(struct town *town, const struct id *handle)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;
    const Concordat__Response *r;
    struct id id = {{0}};

    cases.case_handle = field_of(handle);
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    r = town_ask(town, NPS, &request);
    for (size_t i = 0; i < r->n_items; i++)
        if (strcmp(r->items[i]->type, "case.late_answer") == 0)
            memcpy(id.bytes, r->items[i]->message_id.data, ID_SIZE);
    assert_false(id_is_zero(&id));
    return id;
}

/* Accepted is not delivered: the holder's agent cannot read it, or it is withheld from it. */
static void one_that_does_not_arrive_goes_again(void **)
{
    for (int withheld = 0; withheld < 2; withheld++) {
        OWNED(town) town = town_new(agencies, 3);
        struct late late = moved_on(town);
        struct id id;

        town_disconnect(town, CRC);
        answer(town, &late);
        town_settle(town);
        id = last_late(town, &late.handle);
        assert_string_equal(town_state(town, NPS, &id), "accepted");
        assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 1);
        if (withheld)
            town_withhold(town, &id, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
        else
            town_mischief(town)->flip_body = true;
        town_connect(town, CRC);
        town_settle(town);
        assert_string_equal(town_state(town, NPS, &id), withheld ? "withheld" : "rejected");
        assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 1);
        town_mischief(town)->flip_body = false;
        town_restart(town, NPS);
        town_settle(town);
        assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 0);
        assert_string_equal(town_inbox(town, CRC)->items[0]->type, "case.late_answer");
    }
}

/* The asker cannot read it: what it ended goes on, and the next one is said in it. */
static void an_answer_that_does_not_arrive_is_given_again_in_its_conversation(void **)
{
    for (int withheld = 0; withheld < 2; withheld++) {
        OWNED(town) town = town_new(agencies, 3);
        struct late late = {.handle = opened(town)};

        late.question = said(say(town, NPS,
                                 (struct wish){.type = "check.social_care.children.request",
                                               .to = agencies[CSC],
                                               .about = &late.handle,
                                               .json = check}));
        town_settle(town);
        town_disconnect(town, NPS);
        answer(town, &late);
        town_settle(town);
        if (withheld)
            town_withhold(town, &late.answer, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
        else
            town_mischief(town)->flip_body = true;
        town_connect(town, NPS);
        town_settle(town);
        town_mischief(town)->flip_body = false;
        assert_string_equal(town_state(town, CSC, &late.answer),
                            withheld ? "withheld" : "rejected");
        answer(town, &late);
        town_settle(town);
        assert_memory_equal(town_track(town, CSC, &late.answer)->conversation_id.data,
                            late.question.bytes, ID_SIZE);
        assert_int_equal(number_of(town, CSC, &late.answer), 2);
    }
}

static const char *owed_to(struct town *town)
{
    const Concordat__Response *r = due_of(town, NPS);

    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, "forward") == 0)
            return r->due[i]->other;
    fail_msg("no answer waits to be passed on");
    return NULL;
}

/* The holder that it waits for has gone: who held the case before that is not told. */
static void one_that_waits_asks_who_holds_the_case(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct late late = moved_on(town);
    const struct town_case *asked = town_case(town, NPS);
    struct told told;
    unsigned count;

    town_mischief(town)->hide_keys = true;
    town_restart(town, NPS);
    answer(town, &late);
    town_settle(town);
    assert_string_equal(owed_to(town), agencies[CRC]);
    count = asked->count;
    town_wait(town, 31000);
    town_settle(town);
    assert_int_equal(asked->count, count + 1);
    assert_false(asked->is_claim);
    assert_memory_equal(asked->asked.bytes, late.handle.bytes, ID_SIZE);
    told = news_of(town, &late.handle, CONCORDAT__CUSTODY_CHANGE__CUSTODY_CHANGE_UNSPECIFIED,
                   agencies[CSC], 5);
    town_answer_case(town, NPS, CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED, &told.custody);
    town_settle(town);
    assert_string_equal(owed_to(town), agencies[CSC]);
    town_mischief(town)->hide_keys = false;
    town_restart(town, NPS);
    town_wait(town, 60000);
    town_settle(town);
    assert_int_equal(count_late(town, &late.handle), 0); /* not to who is the holder no more */
    assert_int_equal(town_entries(town, NPS, TREE_FORWARD), 1);
}

/* ---- what is said while the case moves ---- */

/* Social care answers that it has the referral, and the broker has just moved the case. */
static struct id crossed(struct town *town, const struct id *first)
{
    struct id id = id_new(town_now(town));
    char referred_as[BASE64_SIZE(ID_SIZE)], json[256];

    base64_print(first->bytes, ID_SIZE, referred_as);
    (void)snprintf(json, sizeof json,
                   "{\"referralId\": \"%s\", \"receivedMs\": \"1795773600000\", "
                   "\"decisionDueMs\": \"1795860000000\"}",
                   referred_as);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__CONVERSATION_UNKNOWN;
    assert_int_equal(say(town, CSC,
                         (struct wish){.type = "safeguarding.referral.ack",
                                       .message = &id,
                                       .reply_to = first,
                                       .json = json})
                         ->outcome,
                     CONCORDAT__OUTCOME__QUEUED);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    return id;
}

static void what_crosses_a_transfer_goes_to_the_new_holder(void **)
{
    for (int restarted = 0; restarted < 2; restarted++) {
        OWNED(town) town = town_new(agencies, 3);
        struct id handle = opened(town), first = referred(town, &handle), old, again;
        const struct id transfer = {{7}};
        const Concordat__Item *item;

        town_settle(town);
        old = crossed(town, &first);
        if (restarted)
            town_restart(town, CSC);
        const struct told_conversation t =
            conversation_of(&first, "safeguarding.referral.child", 2, 2);
        moved(town, &handle, &transfer, &t, 1, 1U << NPS | 1U << CRC | 1U << CSC);
        item = town_track(town, CSC, &old);
        assert_string_equal(item->to, agencies[NPS]);
        assert_int_equal(item->sent_again_as.len, ID_SIZE);
        memcpy(again.bytes, item->sent_again_as.data, ID_SIZE);
        assert_string_equal(town_ladder(town, CSC, &old), "queued refused");
        assert_string_equal(town_detail(town, CSC, &old), "CONVERSATION_UNKNOWN");
        assert_string_equal(town_state(town, CSC, &again), "delivered");
        assert_string_equal(town_track(town, CSC, &again)->to, agencies[CRC]);
        assert_memory_equal(town_track(town, CSC, &again)->conversation_id.data, first.bytes,
                            ID_SIZE);
        assert_int_equal(number_of(town, CSC, &again), 2); /* the broker has counted the first */
        assert_memory_equal(town_inbox(town, CRC)->items[0]->message_id.data, again.bytes, ID_SIZE);
    }
}

/* Its own answer has ended the conversation, but who sent it never heard the verdict. */
static void an_answer_said_again_is_answered_as_before(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const struct id handle = opened(town);
    const struct id question = said(say(town, NPS,
                                        (struct wish){.type = "check.social_care.children.request",
                                                      .to = agencies[CSC],
                                                      .about = &handle,
                                                      .json = check}));
    const struct id answer = id_new(town_now(town));
    const struct wish wish = {.type = "check.social_care.children.response",
                              .to = agencies[NPS],
                              .conversation = &question,
                              .reply_to = &question,
                              .message = &answer,
                              .json = checked};

    town_settle(town);
    for (int times = 0; times < 3; times++) {
        const struct id id = said(say(town, CSC, wish));
        assert_memory_equal(id.bytes, answer.bytes, ID_SIZE);
        town_settle(town);
    }
    assert_int_equal(town_inbox(town, NPS)->n_items, 1);
    const Concordat__Response *r = say(
        town, CSC,
        (struct wish){
            .type = wish.type, .conversation = &question, .reply_to = &question, .json = checked});
    assert_string_equal(r->problems[0]->text, "it has ended"); /* another one */
}

/* The broker has told of it before the refusal comes: the same. */
static void what_was_told_before_the_refusal_counts_too(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), first = referred(town, &handle), update;
    const struct id transfer = {{7}};
    const Concordat__Item *item;

    town_settle(town);
    town_mischief(town)->lose_submits = 1;
    update = id_new(town_now(town));
    (void)say(town, CSC,
              (struct wish){.type = "safeguarding.update",
                            .conversation = &first,
                            .message = &update,
                            .json = update_of(&first, 1)});
    const struct told_conversation t = conversation_of(&first, "safeguarding.referral.child", 2, 1);
    moved(town, &handle, &transfer, &t, 1, 1U << NPS | 1U << CRC | 1U << CSC);
    town_mischief(town)->refuse_to = agencies[NPS];
    town_disconnect(town, CSC);
    town_connect(town, CSC);
    town_settle(town);
    item = town_track(town, CSC, &update);
    assert_int_equal(item->sent_again_as.len, ID_SIZE);
    memcpy(update.bytes, item->sent_again_as.data, ID_SIZE);
    assert_string_equal(town_state(town, CSC, &update), "delivered");
    assert_string_equal(town_track(town, CSC, &update)->to, agencies[CRC]);
}

/* No case has moved, or nothing permits it there: refused for good, and on record. */
static void what_cannot_go_there_is_refused_in_sight(void **)
{
    for (int is_told = 0; is_told < 2; is_told++) {
        OWNED(town) town = town_new(agencies, 3);
        struct id handle = opened(town), first = referred(town, &handle), old;
        const struct id transfer = {{7}};
        struct told told =
            news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, "crc.london", 3);

        town_settle(town);
        old = crossed(town, &first);
        TEXT_COPY(told.custody.former, agencies[NPS]);
        told.custody.transfer_id = transfer;
        told.custody.conversation_count = 1;
        told.custody.conversations[0] =
            conversation_of(&first, "safeguarding.referral.child", 2, 2);
        if (is_told)
            town_tell(town, CSC, &told);
        town_settle(town);
        assert_string_equal(town_ladder(town, CSC, &old),
                            is_told ? "queued refused refused" : "queued");
        town_wait(town, 61000);
        town_settle(town);
        assert_string_equal(town_detail(town, CSC, &old),
                            is_told ? "NO_AGREEMENT" : "CONVERSATION_UNKNOWN");
        assert_int_equal(town_track(town, CSC, &old)->sent_again_as.len, 0);
        assert_int_equal(town_entries(town, CSC, TREE_REFUSALS), is_told ? 2 : 1);
        assert_int_equal(town_entries(town, CSC, TREE_OUTBOX), 0);
        assert_true(due_of(town, CSC)->n_due > 0); /* that somebody has it is still owed */
    }
}

/* ---- alarms and what is due ---- */

static const Concordat__Response *alarms_of(struct town *town, bool all, uint64_t seen)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__AlarmsRequest alarms = CONCORDAT__ALARMS_REQUEST__INIT;

    alarms.all = all;
    alarms.seen = seen;
    request.kind_case = CONCORDAT__REQUEST__KIND_ALARMS;
    request.alarms = &alarms;
    return town_ask(town, NPS, &request);
}

static void wait_for_inbox(struct town *town)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__InboxRequest inbox = CONCORDAT__INBOX_REQUEST__INIT;

    inbox.wait_ms = 60000;
    request.kind_case = CONCORDAT__REQUEST__KIND_INBOX;
    request.inbox = &inbox;
    town_ask_later(town, NPS, &request);
}

static void an_alarm_stands_until_somebody_has_seen_it(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct told told = {.kind = TOLD_CLOCK};

    told.clock.clock = 7;
    told.clock.kind = CONCORDAT__CLOCK_KIND__CLOCK_OPEN;
    told.clock.stage = CONCORDAT__CLOCK_STAGE__STAGE_ESCALATED;
    told.clock.message_id = id_new(town_now(town));
    TEXT_COPY(told.clock.type, "safeguarding.referral.child");
    TEXT_COPY(told.clock.agreement_id, "ISA-SAFE");
    told.clock.agreement_version = 1;
    TEXT_COPY(told.clock.clause, "referral");
    TEXT_COPY(told.clock.role, "duty manager");
    TEXT_COPY(told.clock.owed_by, agencies[CSC]);
    TEXT_COPY(told.clock.owed_to, agencies[NPS]);
    told.clock.due_ms = told.clock.at_ms = town_now(town);
    told.clock.count = 1;
    town_mischief(town)->twice = true;
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(alarms_of(town, false, 0)->n_alarms, 1);
    assert_string_equal(town_inbox(town, NPS)->alarms[0]->role, "duty manager");
    wait_for_inbox(town);
    town_wait(town, 1000);
    assert_null(town_reply(town, NPS)); /* the one that stands is nothing new */
    told.clock.count = 2;
    told.clock.at_ms += 15 * 60000;
    town_tell(town, NPS, &told);
    town_settle(town);
    assert_int_equal(town_reply(town, NPS)->n_alarms, 2);
    town_restart(town, NPS);
    assert_int_equal(alarms_of(town, false, 0)->n_alarms, 2);
    assert_int_equal(alarms_of(town, false, 0)->alarms[0]->count, 2); /* the newest first */
    assert_int_equal(alarms_of(town, false, 2)->n_alarms, 1);
    assert_int_equal(alarms_of(town, false, 9)->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_int_equal(alarms_of(town, true, 0)->n_alarms, 2);
    assert_true(alarms_of(town, true, 0)->alarms[0]->seen);
    assert_int_equal(town_inbox(town, NPS)->n_alarms, 1);
}

static void what_is_owed_is_listed_until_it_comes(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town), question;
    const Concordat__Response *r;
    size_t before;

    question = said(say(town, NPS,
                        (struct wish){.type = "check.social_care.children.request",
                                      .to = agencies[CSC],
                                      .about = &handle,
                                      .json = check}));
    town_settle(town);
    r = due_of(town, NPS);
    before = r->n_due;
    assert_true(before > 0);
    for (size_t i = 0; i < before; i++) {
        assert_false(r->due[i]->by_us);
        assert_string_equal(r->due[i]->other, agencies[CSC]);
        assert_true(i == 0 || r->due[i - 1]->due_ms <= r->due[i]->due_ms);
    }
    town_restart(town, CSC);
    r = due_of(town, CSC);
    assert_int_equal(r->n_due, before); /* the same clocks, by the same reckoning */
    assert_true(r->due[0]->by_us);
    assert_int_equal(r->due[0]->due_ms, due_of(town, NPS)->due[0]->due_ms);
    (void)said(say(town, CSC,
                   (struct wish){.type = "check.social_care.children.response",
                                 .reply_to = &question,
                                 .json = checked}));
    town_settle(town);
    assert_int_equal(due_of(town, NPS)->n_due, 0);
    assert_int_equal(due_of(town, CSC)->n_due, 0);
}

/* As the broker has it after a move: what is expected, and the decision on a referral. */
static struct told_due due_as_told(Concordat__ClockKind kind, const struct id *message,
                                   const char *expected, const char *by, const char *to,
                                   int64_t due_ms)
{
    struct told_due due = {
        .kind = kind, .message_id = *message, .conversation_id = *message, .due_ms = due_ms};

    TEXT_COPY(due.type, "safeguarding.referral.child");
    TEXT_COPY(due.expected, expected);
    TEXT_COPY(due.owed_by, by);
    TEXT_COPY(due.owed_to, to);
    TEXT_COPY(due.role, "Head of service");
    return due;
}

static const Concordat__Due *find_due(struct town *town, size_t agency, const char *what,
                                      const char *expected)
{
    const Concordat__Response *r = due_of(town, agency);

    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, what) == 0 && strcmp(r->due[i]->expected, expected) == 0)
            return r->due[i];
    return NULL;
}

static void what_is_expected_moves_with_its_case(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    const Concordat__ClockKind expected = CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED;
    struct id handle = opened(town), first = referred(town, &handle), other = id_random();
    const int64_t soon_ms = town_now(town) + 1000, later_ms = soon_ms + TOWN_DAY_MS;
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, agencies[CRC], 3);
    const Concordat__Due *due;

    town_settle(town);
    assert_non_null(find_due(town, NPS, "decide", "safeguarding.referral.decision"));
    town_wait(town, 1000);
    told.custody.at_ms = town_now(town);
    TEXT_COPY(told.custody.former, agencies[NPS]);
    told.custody.transfer_id = (struct id){{7}};
    told.custody.conversation_count = 1;
    told.custody.conversations[0] = conversation_of(&first, "safeguarding.referral.child", 2, 1);
    town_tell(town, NPS, &told);
    told.custody.due_count = 2;
    told.custody.due[0] =
        due_as_told(CONCORDAT__CLOCK_KIND__CLOCK_DECIDE, &first, "safeguarding.referral.decision",
                    agencies[CSC], agencies[CRC], soon_ms);
    told.custody.due[1] =
        due_as_told(expected, &other, "case.first_contact", agencies[CRC], agencies[CSC], later_ms);
    town_mischief(town)->twice = true;
    town_tell(town, CRC, &told);
    told.custody.due_count = 1;
    told.custody.due[0] = told.custody.due[1];
    town_tell(town, CSC, &told);
    town_settle(town);
    town_mischief(town)->twice = false;
    assert_int_equal(due_of(town, NPS)->n_due, 0);
    assert_int_equal(due_of(town, CRC)->n_due, 2);
    due = find_due(town, CRC, "decide", "safeguarding.referral.decision");
    assert_false(due->by_us);
    assert_int_equal(due->due_ms, soon_ms);
    due = find_due(town, CRC, "expected", "case.first_contact");
    assert_true(due->by_us);
    assert_string_equal(due->other, agencies[CSC]);
    assert_string_equal(due->role, "Head of service");
    assert_int_equal(due->due_ms, later_ms);
    due = find_due(town, CSC, "expected", "case.first_contact");
    assert_string_equal(due->other, agencies[CRC]);
    assert_string_equal(find_due(town, CSC, "decide", "safeguarding.referral.decision")->other,
                        agencies[CRC]);

    town_wait(town, 1000); /* and on, and back: the debtor is who holds it */
    told.custody.at_ms = town_now(town);
    told.custody.version = 5;
    TEXT_COPY(told.custody.former, agencies[CRC]);
    TEXT_COPY(told.custody.holder, agencies[NPS]);
    TEXT_COPY(told.custody.due[0].owed_by, agencies[NPS]);
    told.custody.conversation_count = 0;
    town_tell(town, CSC, &told);
    town_tell(town, NPS, &told);
    told.custody.due_count = 0;
    town_tell(town, CRC, &told);
    town_settle(town);
    assert_null(find_due(town, CRC, "expected", "case.first_contact"));
    assert_true(find_due(town, NPS, "expected", "case.first_contact")->by_us);
    assert_string_equal(find_due(town, CSC, "expected", "case.first_contact")->other,
                        agencies[NPS]);
}

/* What was due long before an answer waits to be passed on stands before it, and a limit cuts what
 * is due last. */
static void what_is_due_first_is_listed_first(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    const Concordat__Response *r;
    size_t all, forwards = 0;
    struct late late;

    (void)referred(town, &handle);
    town_settle(town);
    town_wait(town, 6 * TOWN_DAY_MS);
    late = moved_on(town);
    town_mischief(town)->hide_keys = true;
    town_restart(town, NPS);
    answer(town, &late);
    town_settle(town);
    (void)referred(town, &handle);
    town_settle(town);
    r = due_of(town, NPS);
    all = r->n_due;
    assert_false(r->more);
    for (size_t i = 0; i < all; i++) {
        forwards += strcmp(r->due[i]->what, "forward") == 0;
        assert_true(i == 0 || r->due[i - 1]->due_ms <= r->due[i]->due_ms);
    }
    assert_int_equal(forwards, 1);
    assert_string_not_equal(r->due[0]->what, "forward");
    assert_true(r->due[0]->overdue);
    for (uint32_t limit = 1; limit <= all + 1; limit++) {
        r = due_first(town, NPS, limit);
        assert_int_equal(r->n_due, limit < all ? limit : all);
        assert_int_equal(r->more, limit < all);
        assert_string_not_equal(r->due[0]->what, "forward");
        for (size_t i = 1; i < r->n_due; i++)
            assert_true(r->due[i - 1]->due_ms <= r->due[i]->due_ms);
    }
}

static void what_is_overdue_is_listed_however_old(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct id handle = opened(town);
    const Concordat__Response *r;
    size_t before;

    (void)referred(town, &handle);
    town_settle(town);
    before = due_of(town, NPS)->n_due;
    assert_true(before > 0);
    town_wait(town, 200 * TOWN_DAY_MS);
    r = due_of(town, NPS);
    assert_int_equal(r->n_due, before);
    assert_true(r->due[0]->overdue);
}

/* A file in which each of the next days is a bank holiday. */
static struct calendar_days *closed_for(const struct town *town, int days)
{
    char path[] = "/tmp/concordat-days-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    struct calendar_days *out = NULL;
    struct reason why = {""};

    assert_non_null(file);
    for (int day = 0; day < days; day++) {
        const time_t at = (time_t)((town_now(town) + day * TOWN_DAY_MS) / 1000);
        struct tm tm;

        assert_non_null(gmtime_r(&at, &tm));
        (void)fprintf(file, "%04d-%02d-%02d  closed\n", tm.tm_year + 1900, tm.tm_mon + 1,
                      tm.tm_mday);
    }
    assert_int_equal(fclose(file), 0);
    if (calendar_load(path, &out, &why) != ST_OK)
        fail_msg("%s", why.text);
    assert_int_equal(remove(path), 0);
    return out;
}

static int64_t decided_by(struct town *town, size_t agency)
{
    const Concordat__Response *r = due_of(town, agency);

    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, "decide") == 0)
            return r->due[i]->due_ms;
    return 0;
}

/* Bank holidays are proclaimed: what is owed by working days is owed later, also by a message that
 * is there already, over a restart, and on both sides. */
static void what_is_owed_goes_by_the_bank_holidays(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct calendar_days *days = closed_for(town, 20);
    struct id handle = opened(town);
    int64_t before_ms, after_ms;

    (void)referred(town, &handle);
    town_settle(town);
    before_ms = decided_by(town, NPS);
    assert_true(before_ms > town_now(town) && before_ms < town_now(town) + 7 * TOWN_DAY_MS);
    town_recalendar(town, NPS, days);
    town_turns(town, 1);
    after_ms = decided_by(town, NPS);
    assert_true(after_ms >= town_now(town) + 19 * TOWN_DAY_MS);
    assert_int_equal(decided_by(town, CSC), before_ms);
    town_recalendar(town, CSC, days); /* and one that starts with it */
    town_restart(town, CSC);
    town_turns(town, 1);
    assert_int_equal(decided_by(town, CSC), after_ms);
    assert_int_equal(town_status(town, CSC)->holidays_end_ms, calendar_ends_ms(days));
    town_recalendar(town, NPS, NULL);
    town_recalendar(town, CSC, NULL);
    town_turns(town, 1);
    assert_int_equal(decided_by(town, NPS), before_ms);
    assert_int_equal(town_status(town, CSC)->holidays_end_ms,
                     calendar_ends_ms(calendar_built_in()));
    calendar_free(days);
}

/* More of them than a turn looks at, due at one moment. */
static void all_that_is_owed_is_reckoned(void **)
{
    OWNED(town) town = town_new(agencies, 3);
    struct calendar_days *days = closed_for(town, 20);
    struct id handle = opened(town);
    const Concordat__Response *r;

    for (int i = 0; i < 100; i++)
        (void)referred(town, &handle);
    town_settle(town);
    town_recalendar(town, NPS, days);
    town_turns(town, 20);
    r = due_of(town, NPS);
    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, "decide") == 0)
            assert_true(r->due[i]->due_ms >= town_now(town) + 19 * TOWN_DAY_MS);
    calendar_free(days);
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
        cmocka_unit_test(an_answer_that_does_not_arrive_is_given_again_in_its_conversation),
        cmocka_unit_test(a_late_answer_is_passed_on_once),
        cmocka_unit_test(that_it_moved_is_told_twice),
        cmocka_unit_test(only_the_answer_is_passed_on),
        cmocka_unit_test(one_that_is_refused_waits_in_sight),
        cmocka_unit_test(one_that_does_not_arrive_goes_again),
        cmocka_unit_test(one_that_waits_asks_who_holds_the_case),
        cmocka_unit_test(what_crosses_a_transfer_goes_to_the_new_holder),
        cmocka_unit_test(an_answer_said_again_is_answered_as_before),
        cmocka_unit_test(what_was_told_before_the_refusal_counts_too),
        cmocka_unit_test(what_cannot_go_there_is_refused_in_sight),
        cmocka_unit_test(an_alarm_stands_until_somebody_has_seen_it),
        cmocka_unit_test(what_is_owed_is_listed_until_it_comes),
        cmocka_unit_test(what_is_expected_moves_with_its_case),
        cmocka_unit_test(what_is_due_first_is_listed_first),
        cmocka_unit_test(what_is_overdue_is_listed_however_old),
        cmocka_unit_test(what_is_owed_goes_by_the_bank_holidays),
        cmocka_unit_test(all_that_is_owed_is_reckoned),
    };
    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
