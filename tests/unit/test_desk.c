/* An agent's core: what is promised is kept over loss, repetition, restarts and bad company. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/town.h"

#define COURT "court.b35cz00"
#define NPS "nps.cambs"
#define CSC "csc.cambs"

static const char *const court_and_nps[] = {COURT, NPS};

static struct id id_of(const Concordat__Response *response)
{
    struct id id;

    assert_int_equal(response->message_id.len, ID_SIZE);
    memcpy(id.bytes, response->message_id.data, ID_SIZE);
    return id;
}

static struct id send_request(struct town *town, Concordat__Outcome expected)
{
    const Concordat__Response *r = town_send(town, 0, "psr.request", NPS, "psr.request.json", NULL);

    if (r->outcome != expected)
        fail_msg("outcome %d, expected %d: %s %s", (int)r->outcome, (int)expected,
                 r->n_problems ? r->problems[0]->where : "",
                 r->n_problems ? r->problems[0]->text : r->advice);
    return id_of(r);
}

static void a_message_goes_all_the_way_and_its_ladder_comes_back(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);
    const Concordat__Response *r;

    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
    assert_int_equal(town_status(town, 0)->outbox, 0);
    r = town_inbox(town, 1);
    assert_int_equal(r->n_items, 1);
    assert_string_equal(r->items[0]->type, "psr.request");
    assert_string_equal(r->items[0]->from, COURT);
    assert_memory_equal(r->items[0]->message_id.data, id.bytes, ID_SIZE);
    r = town_open(town, 1, &id);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_non_null(strstr(r->json, "K. Hartley"));
    assert_true(r->body.len > 0);
    assert_int_equal(town_inbox(town, 1)->n_items, 0);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__ACKNOWLEDGED, 0)->outcome,
                     CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered opened acknowledged");
    assert_string_equal(town_ladder(town, 1, &id), "accepted delivered opened acknowledged");
}

static void an_answer_answers_what_it_replies_to(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE), answer;
    const Concordat__Response *r;

    town_settle(town);
    (void)town_open(town, 1, &id);
    r = town_answer(town, 1, &id, "psr.report.json");
    if (r->outcome != CONCORDAT__OUTCOME__DONE)
        fail_msg("%s %s", r->n_problems ? r->problems[0]->text : "", r->advice);
    answer = id_of(r);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered opened answered");
    assert_string_equal(town_ladder(town, 0, &answer), "accepted delivered");
    assert_string_equal(town_inbox(town, 0)->items[0]->type, "psr.report");
}

/* The receipt for the answer does not come, and then the step that needs it does. */
static void an_answer_without_its_receipt_answers_too(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE), answer;

    town_settle(town);
    (void)town_open(town, 1, &id);
    town_mischief(town)->lose_receipts = true;
    answer = id_of(town_answer(town, 1, &id, "psr.report.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &answer), "queued accepted delivered");
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered opened answered");
}

/* A reply that claims to answer `claimed`, as the one who is asked gets it. */
static void expect_no_reply(struct town *town, const struct id *asked, const struct id *claimed)
{
    struct id answer;

    town_mischief(town)->in_reply_to = *claimed;
    answer = id_of(town_answer(town, 1, asked, "psr.report.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &answer), "accepted rejected");
    assert_string_equal(town_detail(town, 0, &answer), "REPLY_REQUIRED");
    assert_int_equal(town_inbox(town, 0)->n_items, 0);
}

static void nothing_comes_in_reply_to_what_was_never_asked(void **)
{
    static const char *const three[] = {COURT, NPS, CSC};
    OWNED(town) town = town_new(three, 3);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE), other, decision;
    const Concordat__Response *r;

    town_settle(town);
    other = id_new(town_now(town));
    expect_no_reply(town, &id, &other);
    /* Asked of somebody else, and another thing. */
    r = town_send(town, 1, "safeguarding.referral.child", CSC, "child-referral.json", NULL);
    other = id_of(r);
    town_settle(town);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    expect_no_reply(town, &id, &other);
    town_mischief(town)->in_reply_to = other;
    decision = id_of(town_answer(town, 2, &other, "referral-decision.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &decision), "accepted delivered");
    /* What has come was not asked. */
    r = town_send(town, 1, "safeguarding.referral.child", CSC, "child-referral.json", NULL);
    other = id_of(r);
    town_settle(town);
    town_mischief(town)->in_reply_to = id;
    decision = id_of(town_answer(town, 2, &other, "referral-decision.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &decision), "accepted rejected");
}

static void an_answer_is_sent_only_to_who_asked(void **)
{
    static const char *const three[] = {COURT, NPS, CSC};
    OWNED(town) town = town_new(three, 3);
    struct id referral =
        id_of(town_send(town, 1, "safeguarding.referral.child", CSC, "child-referral.json", NULL));
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char *text = town_example("psr.report.json");
    const Concordat__Response *r;

    town_settle(town);
    send.type = (char[]){"psr.report"};
    send.to = (char[]){COURT};
    send.in_reply_to = (ProtobufCBinaryData){.len = ID_SIZE, .data = referral.bytes};
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    r = town_ask(town, 1, &request);
    free(text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "in_reply_to");
}

static void opening_twice_signs_once(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);
    unsigned steps;

    town_settle(town);
    (void)town_open(town, 1, &id);
    town_settle(town);
    steps = town_counts(town).steps;
    assert_int_equal(town_open(town, 1, &id)->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__DECLINED,
                              CONCORDAT__DECLINE_REASON__NO_CAPACITY)
                         ->outcome,
                     CONCORDAT__OUTCOME__DONE);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__DECLINED,
                              CONCORDAT__DECLINE_REASON__NO_CAPACITY)
                         ->outcome,
                     CONCORDAT__OUTCOME__DONE);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__ACKNOWLEDGED, 0)->outcome,
                     CONCORDAT__OUTCOME__BAD_INPUT);
    town_settle(town);
    assert_int_equal(town_counts(town).steps, steps + 1);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered opened declined");
}

static void what_was_acknowledged_is_not_declined(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);

    town_settle(town);
    (void)town_act(town, 1, &id, CONCORDAT__STEP_KIND__ACKNOWLEDGED, 0);
    assert_int_equal(town_act(town, 1, &id, CONCORDAT__STEP_KIND__DECLINED,
                              CONCORDAT__DECLINE_REASON__NO_CAPACITY)
                         ->outcome,
                     CONCORDAT__OUTCOME__BAD_INPUT);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered acknowledged");
}

static void what_is_wrong_is_named_and_nothing_leaves(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *r;

    r = town_send(town, 0, "psr.requst", NPS, "psr.request.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "type");
    assert_non_null(strstr(r->problems[0]->text, "psr.request"));
    r = town_send(town, 0, "psr.request", "NPS!", "psr.request.json", NULL);
    assert_string_equal(r->problems[0]->where, "to");
    r = town_send(town, 0, "psr.request", NPS, "child-referral.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_int_equal(town_status(town, 0)->outbox, 0);
    assert_int_equal(town_counts(town).submits, 0);
}

static void what_no_agreement_permits_is_refused_at_once(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *r =
        town_send(town, 1, "psr.request", COURT, "psr.request.json", NULL);

    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_non_null(r->refusal);
    assert_true(r->refusal->code != 0);
    assert_true(strlen(r->advice) > 0);
    assert_int_equal(town_counts(town).submits, 0);
    assert_int_equal(town_status(town, 1)->outbox, 0);
}

static void without_a_broker_it_is_queued_and_leaves_later(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_disconnect(town, 0);
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    assert_string_equal(town_ladder(town, 0, &id), "queued");
    town_restart(town, 0);
    town_connect(town, 0);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
    assert_int_equal(town_inbox(town, 1)->n_items, 1);
}

static void what_is_sealed_together_is_signed_together(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id ids[70]; /* more than one batch holds */

    town_disconnect(town, 0);
    for (size_t i = 0; i < LENGTH(ids); i++)
        ids[i] = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    town_connect(town, 0);
    town_settle(town);
    assert_int_equal(town_counts(town).submits, LENGTH(ids));
    for (size_t i = 0; i < LENGTH(ids); i++)
        assert_string_equal(town_ladder(town, 0, &ids[i]), "queued accepted delivered");
}

static void a_lost_receipt_is_asked_for_again(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    /* The recipient is away, so that nothing but the receipt can tell. */
    (void)send_request(town, CONCORDAT__OUTCOME__DONE);
    town_disconnect(town, 1);
    town_mischief(town)->lose_receipts = true;
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    town_mischief(town)->lose_receipts = false;
    town_disconnect(town, 0);
    town_connect(town, 0);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted");
    assert_int_equal(town_counts(town).submits, 3);
    town_connect(town, 1);
    town_settle(town);
    assert_int_equal(town_inbox(town, 1)->n_items, 2);
}

static void a_restart_at_any_point_loses_and_doubles_nothing(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id ids[4];

    for (size_t i = 0; i < LENGTH(ids); i++) {
        town_mischief(town)->lose_settles = i & 1;
        ids[i] = send_request(town, CONCORDAT__OUTCOME__DONE);
        town_restart(town, i & 1);
        town_restart(town, 1);
        town_settle(town);
    }
    town_mischief(town)->lose_settles = false;
    town_restart(town, 1);
    town_restart(town, 0);
    town_settle(town);
    assert_int_equal(town_inbox(town, 1)->n_items, LENGTH(ids));
    for (size_t i = 0; i < LENGTH(ids); i++)
        assert_string_equal(town_ladder(town, 0, &ids[i]), "queued accepted delivered");
    assert_int_equal(town_status(town, 0)->outbox, 0);
}

static void delivered_twice_is_shown_once(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->twice = true;
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_int_equal(town_inbox(town, 1)->n_items, 1);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
}

static void the_same_id_is_the_same_message(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = id_new(town_now(town));
    const Concordat__Response *r = town_send(town, 0, "psr.request", NPS, "psr.request.json", &id);

    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    r = town_send(town, 0, "psr.request", NPS, "psr.request.json", &id);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_memory_equal(r->message_id.data, id.bytes, ID_SIZE);
    town_settle(town);
    assert_int_equal(town_counts(town).submits, 1);
    r = town_send(town, 0, "psr.request", "police.35", "psr.request.json", &id);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "message_id");
}

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

static void an_unknown_recipient_is_refused_a_keyless_one_waits(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->hide_agencies = true;
    (void)send_request(town, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(town_status(town, 0)->outbox, 0);
    town_mischief(town)->hide_agencies = false;
    town_mischief(town)->hide_keys = true;
    town_wait(town, 6000);
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    town_restart(town, 0);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued");
    town_mischief(town)->hide_keys = false;
    town_wait(town, 31000);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
}

/* Without a risk score: the agreement lets the police send none. */
static struct id send_referral(struct town *town, size_t from)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char type[] = "safeguarding.referral.child", to[] = CSC;
    char *text = town_example("child-referral.json");
    char *risk = strstr(text, ",\n  \"riskToChildren\"");

    assert_non_null(risk);
    memcpy(risk, "\n}\n", 4);
    send.type = type;
    send.to = to;
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    const Concordat__Response *r = town_ask(town, from, &request);

    free(text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    return id_of(r);
}

static struct id decide_referral(struct town *town, const struct id *id,
                                 Concordat__Outcome expected)
{
    assert_int_equal(town_open(town, 0, id)->outcome, CONCORDAT__OUTCOME__DONE);
    const Concordat__Response *r = town_answer(town, 0, id, "referral-decision.json");

    assert_int_equal(r->outcome, expected);
    return id_of(r);
}

static void one_that_waited_for_a_key_goes_after_those_that_overtook_it(void **)
{
    static const char *const names[] = {CSC, NPS, "police.35"};
    OWNED(town) town = town_new(names, 3);
    struct id to_nps, to_police;

    to_police = send_referral(town, 2);
    town_settle(town);
    (void)decide_referral(town, &to_police, CONCORDAT__OUTCOME__DONE); /* its key is known now */
    town_disconnect(town, 0);
    to_nps = send_referral(town, 1);
    to_police = send_referral(town, 2);
    town_mischief(town)->hide_keys = true;
    town_connect(town, 0);
    town_settle(town);
    to_nps = decide_referral(town, &to_nps, CONCORDAT__OUTCOME__QUEUED);
    (void)decide_referral(town, &to_police, CONCORDAT__OUTCOME__DONE);
    assert_string_equal(town_ladder(town, 0, &to_nps), "queued");

    town_mischief(town)->hide_keys = false;
    town_wait(town, 31000);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &to_nps), "queued accepted delivered");
}

static void a_refusal_of_the_broker_is_told(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *r;
    struct id id;

    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__NO_AGREEMENT;
    r = town_send(town, 0, "psr.request", NPS, "psr.request.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    id = id_of(r);
    assert_string_equal(town_ladder(town, 0, &id), "queued refused");
    assert_int_equal(town_status(town, 0)->outbox, 0);
}

static void a_refusal_that_names_no_message_is_told_too(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *r;
    struct id id;

    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__HEADER_INVALID;
    town_mischief(town)->refuse_nameless = true;
    r = town_send(town, 0, "psr.request", NPS, "psr.request.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__HEADER_INVALID);
    id = id_of(r);
    assert_string_equal(town_ladder(town, 0, &id), "queued refused");
    assert_int_equal(town_status(town, 0)->outbox, 0);
}

static void a_full_broker_is_asked_again_later(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__STORE_FULL;
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    town_wait(town, 2500);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
}

static void an_altered_body_is_rejected_and_the_sender_knows(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->flip_body = true;
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted rejected");
    assert_int_equal(town_inbox(town, 1)->n_items, 0);
    assert_int_equal(town_open(town, 1, &id)->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
}

/* What could not be taken comes again, and nothing that is behind it comes before it. */
static void nothing_is_taken_behind_what_dropped_the_link(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id, other;

    town_mischief(town)->stray_frame = true;
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &id), "?");
    town_mischief(town)->stray_frame = false;
    other = send_request(town, CONCORDAT__OUTCOME__DONE); /* in the same session */
    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &other), "?");
    assert_int_equal(town_inbox(town, 1)->n_items, 0);
    town_disconnect(town, 1);
    town_connect(town, 1);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
    assert_string_equal(town_ladder(town, 0, &other), "queued accepted delivered");
}

static void a_message_waits_for_its_signers_certificate(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_disconnect(town, 1);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_mischief(town)->hide_certificates = true;
    town_connect(town, 1);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted");
    assert_int_equal(town_inbox(town, 1)->n_items, 0);
    town_mischief(town)->hide_certificates = false;
    town_restart(town, 1); /* what comes with the welcome, before our key is published again */
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
}

static void forged_evidence_is_marked_and_frees_nothing(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->flip_step = true;
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted !delivered");
    assert_int_equal(town_status(town, 0)->outbox, 1);
}

static void forged_evidence_stands_in_nothings_way(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->forge_first = true;
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted !delivered delivered");
    assert_int_equal(town_status(town, 0)->outbox, 0);
    (void)town_open(town, 1, &id);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id),
                        "queued accepted !delivered delivered !opened opened");
    assert_string_equal(town_state(town, 0, &id), "opened");
}

static void forged_evidence_is_marked_once_however_often_it_comes(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->flip_step = true;
    town_mischief(town)->twice = true;
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    (void)town_open(town, 1, &id);
    (void)town_act(town, 1, &id, CONCORDAT__STEP_KIND__ACKNOWLEDGED, 0);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id),
                        "queued accepted !delivered !opened !acknowledged");
    assert_string_equal(town_state(town, 0, &id), "accepted");
    assert_int_equal(town_status(town, 0)->outbox, 1);
}

static void nobody_who_waits_is_told_of_forged_evidence(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;
    struct id id;

    town_disconnect(town, 1);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    track.message_id = (ProtobufCBinaryData){.len = ID_SIZE, .data = id.bytes};
    track.until = (char[]){"delivered"};
    track.wait_ms = 60000;
    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    town_ask_later(town, 0, &request);
    town_mischief(town)->flip_step = true;
    town_connect(town, 1);
    town_settle(town);
    assert_null(town_reply(town, 0));
}

/* The newest first, as many as asked for; the answer is the town's. */
static const Concordat__Response *track_newest_of(struct town *town, uint32_t limit,
                                                  uint64_t before)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;

    track.limit = limit;
    track.before = before;
    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    return town_ask(town, 0, &request);
}

static void what_is_tracked_is_read_on_to_the_end(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *page;
    struct id ids[5], seen;
    uint64_t before = 0;
    size_t count = 0;

    for (size_t i = 0; i < LENGTH(ids); i++)
        ids[i] = send_request(town, CONCORDAT__OUTCOME__DONE);
    do {
        page = track_newest_of(town, 2, before);
        assert_in_range(page->n_items, 1, 2);
        for (size_t i = 0; i < page->n_items; i++, count++) {
            assert_in_range(count, 0, LENGTH(ids) - 1);
            memcpy(seen.bytes, page->items[i]->message_id.data, ID_SIZE);
            assert_true(id_equal(&seen, &ids[LENGTH(ids) - 1 - count]));
        }
        before = page->next;
    } while (before);
    assert_int_equal(count, LENGTH(ids));
}

static void an_inbox_waits_for_something_new(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__InboxRequest inbox = CONCORDAT__INBOX_REQUEST__INIT;

    inbox.wait_ms = 60000;
    request.kind_case = CONCORDAT__REQUEST__KIND_INBOX;
    request.inbox = &inbox;
    town_ask_later(town, 1, &request);
    assert_null(town_reply(town, 1));
    (void)send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_non_null(town_reply(town, 1));
    assert_int_equal(town_reply(town, 1)->n_items, 1);
    inbox.wait_ms = 3000;
    (void)town_open(town, 1, &(struct id){{0}});
    struct id id;
    memcpy(id.bytes, town_inbox(town, 1)->items[0]->message_id.data, ID_SIZE);
    (void)town_open(town, 1, &id);
    town_ask_later(town, 1, &request);
    town_wait(town, 2000);
    assert_null(town_reply(town, 1));
    town_wait(town, 2000);
    assert_int_equal(town_reply(town, 1)->n_items, 0);
    assert_int_equal(town_reply(town, 1)->outcome, CONCORDAT__OUTCOME__DONE);
}

/* The second message of a sender whose certificate was good for the first, `days` later. */
static struct id after(struct town *town, int64_t days)
{
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);

    town_settle(town);
    assert_string_equal(town_ladder(town, 1, &id), "accepted delivered");
    town_disconnect(town, 1);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_disconnect(town, 0);
    town_wait(town, days * TOWN_DAY_MS);
    town_connect(town, 1);
    town_settle(town);
    return id;
}

static void a_certificate_is_out_of_date_when_its_day_has_come(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = after(town, TOWN_SIGNING_DAYS + 1);

    assert_string_equal(town_ladder(town, 1, &id), "accepted rejected");
    assert_string_equal(town_detail(town, 1, &id), "BAD_SIGNATURE");
}

static void with_crls_out_of_date_nothing_is_judged(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = after(town, TOWN_CRL_DAYS + 1);

    assert_string_equal(town_ladder(town, 1, &id), "?"); /* still the broker's */
}

static void a_sealing_key_ends_with_the_certificate_behind_it(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);

    town_settle(town);
    town_disconnect(town, 0);
    town_disconnect(town, 1);
    town_wait(town, TOWN_SIGNING_DAYS * TOWN_DAY_MS - 3600 * 1000);
    town_connect(town, 1); /* publishes a key for a week */
    town_connect(town, 0);
    town_settle(town);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
    town_disconnect(town, 0);
    town_wait(town, 2 * 3600 * 1000);
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    assert_string_equal(town_ladder(town, 0, &id), "queued");
    town_restart(town, 0);
    town_mischief(town)->lose_receipts = true;
    town_connect(town, 0);
    town_settle(town);
    assert_int_equal(town_counts(town).submits, 2); /* not sealed, so not sent */
}

static void a_sealing_key_that_lives_too_long_is_not_used(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    town_mischief(town)->seal_days = SEAL_UNTIL_DAYS + 2;
    town_restart(town, 1);
    town_wait(town, TOWN_DAY_MS + 1000); /* it is time for a new key */
    town_settle(town);
    id = send_request(town, CONCORDAT__OUTCOME__QUEUED);
    assert_string_equal(town_ladder(town, 0, &id), "queued");
}

static void a_clock_that_jumps_erases_no_key(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct reason why;
    struct id id;

    town_disconnect(town, 1);
    id = send_request(town, CONCORDAT__OUTCOME__DONE);
    town_jump(town,
              (int64_t)61 * 24 * 60 * 60 * 1000); /* past open-until, by the wall clock only */
    town_wait(town, 20000);
    town_jump(town, (int64_t)-61 * 24 * 60 * 60 * 1000);
    assert_true(town_dropped(town, 0, &why)); /* by that clock its CRLs were out of date */
    town_connect(town, 0);
    town_connect(town, 1);
    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
}

static void what_is_done_is_forgotten_after_its_time(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = send_request(town, CONCORDAT__OUTCOME__DONE);

    town_settle(town);
    assert_string_equal(town_ladder(town, 0, &id), "queued accepted delivered");
    town_disconnect(town, 0);
    town_disconnect(town, 1);
    town_wait(town, (int64_t)91 * 24 * 60 * 60 * 1000);
    assert_string_equal(town_ladder(town, 0, &id), "?");
    assert_string_equal(town_ladder(town, 1, &id), "?");
    assert_int_equal(town_inbox(town, 1)->n_items, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_all_the_way_and_its_ladder_comes_back),
        cmocka_unit_test(an_answer_answers_what_it_replies_to),
        cmocka_unit_test(an_answer_without_its_receipt_answers_too),
        cmocka_unit_test(nothing_comes_in_reply_to_what_was_never_asked),
        cmocka_unit_test(an_answer_is_sent_only_to_who_asked),
        cmocka_unit_test(opening_twice_signs_once),
        cmocka_unit_test(what_was_acknowledged_is_not_declined),
        cmocka_unit_test(what_is_wrong_is_named_and_nothing_leaves),
        cmocka_unit_test(what_no_agreement_permits_is_refused_at_once),
        cmocka_unit_test(without_a_broker_it_is_queued_and_leaves_later),
        cmocka_unit_test(what_is_sealed_together_is_signed_together),
        cmocka_unit_test(a_lost_receipt_is_asked_for_again),
        cmocka_unit_test(a_restart_at_any_point_loses_and_doubles_nothing),
        cmocka_unit_test(delivered_twice_is_shown_once),
        cmocka_unit_test(the_same_id_is_the_same_message),
        cmocka_unit_test(the_same_words_derive_the_same_ids_here_and_nowhere_else),
        cmocka_unit_test(a_version_that_is_not_the_last_is_another_message),
        cmocka_unit_test(a_version_that_never_arrived_gets_another_id),
        cmocka_unit_test(a_place_is_forgotten_with_its_messages),
        cmocka_unit_test(an_unknown_recipient_is_refused_a_keyless_one_waits),
        cmocka_unit_test(one_that_waited_for_a_key_goes_after_those_that_overtook_it),
        cmocka_unit_test(a_refusal_of_the_broker_is_told),
        cmocka_unit_test(a_refusal_that_names_no_message_is_told_too),
        cmocka_unit_test(a_full_broker_is_asked_again_later),
        cmocka_unit_test(an_altered_body_is_rejected_and_the_sender_knows),
        cmocka_unit_test(nothing_is_taken_behind_what_dropped_the_link),
        cmocka_unit_test(a_message_waits_for_its_signers_certificate),
        cmocka_unit_test(forged_evidence_is_marked_and_frees_nothing),
        cmocka_unit_test(forged_evidence_stands_in_nothings_way),
        cmocka_unit_test(forged_evidence_is_marked_once_however_often_it_comes),
        cmocka_unit_test(nobody_who_waits_is_told_of_forged_evidence),
        cmocka_unit_test(what_is_tracked_is_read_on_to_the_end),
        cmocka_unit_test(an_inbox_waits_for_something_new),
        cmocka_unit_test(a_certificate_is_out_of_date_when_its_day_has_come),
        cmocka_unit_test(with_crls_out_of_date_nothing_is_judged),
        cmocka_unit_test(a_sealing_key_ends_with_the_certificate_behind_it),
        cmocka_unit_test(a_sealing_key_that_lives_too_long_is_not_used),
        cmocka_unit_test(a_clock_that_jumps_erases_no_key),
        cmocka_unit_test(what_is_done_is_forgotten_after_its_time),
    };
    return cmocka_run_group_tests_name("desk", tests, NULL, NULL);
}
