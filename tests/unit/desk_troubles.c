/* What does not go as it should: no key, refusals, a full broker, altered bodies, forged evidence.
 */
#include "tests/unit/desk_town.h"

#include <stdlib.h>
#include <string.h>

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

int desk_trouble_tests(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests_name("desk: troubles", tests, NULL, NULL);
}
