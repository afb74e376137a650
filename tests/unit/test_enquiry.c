/* An enquiry and what belongs to it: its deadline, its answer, its case, the agreement it is made
 * under. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/deadline.h"
#include "proto/field.h"
#include "tests/unit/town.h"

#define COURT "court.b35cz00"
#define NPS "nps.cambs"
#define CSC "csc.cambs"
#define HOUR_MS ((int64_t)3600 * 1000)
#define EXAMPLE_MS INT64_C(1796983200000) /* needed_by of docs/examples/psr.request.json */

enum {
    AT_COURT = 0,
    AT_NPS = 1,
    AT_CSC = 2
};
static const char *const agencies[] = {COURT, NPS, CSC};

static struct id id_of(const Concordat__Response *r)
{
    struct id id;

    if (r->message_id.len != ID_SIZE)
        fail_msg("outcome %d: %s %s %s", (int)r->outcome,
                 r->n_problems ? r->problems[0]->where : "",
                 r->n_problems ? r->problems[0]->text : "", r->advice);
    memcpy(id.bytes, r->message_id.data, ID_SIZE);
    return id;
}

static ProtobufCBinaryData field_of(const struct id *id)
{
    return (ProtobufCBinaryData){.len = id_is_zero(id) ? 0 : ID_SIZE,
                                 .data = (uint8_t *)(uintptr_t)id->bytes};
}

/* What a test may want to say of a send; the rest is usual. */
struct wish {
    struct id id, case_handle, reply_to;
    int64_t needed_by_ms, body_ms; /* body_ms 0: as in the example */
    const char *agreement;
    bool new_case;
};

/* psr.request from the court to probation. */
static const Concordat__Response *ask(struct town *town, const struct wish *wish)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char *text = town_example("psr.request.json"), *at = strstr(text, "\"1796983200000\"");
    char number[16];
    const Concordat__Response *r;

    assert_non_null(at);
    if (wish->body_ms) {
        (void)snprintf(number, sizeof number, "\"%lld\"", (long long)wish->body_ms);
        assert_int_equal(strlen(number), 15);
        memcpy(at, number, 15);
    }
    send.type = (char[]){"psr.request"};
    send.to = (char[]){NPS};
    send.message_id = field_of(&wish->id);
    send.case_handle = field_of(&wish->case_handle);
    send.in_reply_to = field_of(&wish->reply_to);
    send.new_case = wish->new_case;
    send.needed_by_ms = wish->needed_by_ms;
    send.agreement = (char *)(uintptr_t)(wish->agreement ? wish->agreement : "");
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    r = town_ask(town, AT_COURT, &request);
    free(text);
    return r;
}

/* ---- the deadline in the body ---- */

static void the_body_s_deadline_is_the_header_s(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    struct id id = id_of(ask(town, &(struct wish){0}));

    town_settle(town);
    assert_int_equal(town_track(town, AT_COURT, &id)->needed_by_ms, EXAMPLE_MS);
    assert_int_equal(town_track(town, AT_NPS, &id)->needed_by_ms, EXAMPLE_MS);
    assert_int_equal(town_inbox(town, AT_NPS)->items[0]->needed_by_ms, EXAMPLE_MS);
    id = id_of(ask(town, &(struct wish){.needed_by_ms = EXAMPLE_MS}));
    assert_int_equal(town_track(town, AT_COURT, &id)->needed_by_ms, EXAMPLE_MS);
}

static void two_deadlines_that_differ_are_refused(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    static const struct {
        int64_t needed_by_ms, body_ms;
        const char *text;
    } cases[] = {
        {EXAMPLE_MS + 1, 0, "the body says 2026-12-11T10:00:00Z"},
        {EXAMPLE_MS, EXAMPLE_MS + 7, "the body says 2026-12-11T10:00:00.007Z"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        const Concordat__Response *r =
            ask(town,
                &(struct wish){.needed_by_ms = cases[i].needed_by_ms, .body_ms = cases[i].body_ms});

        assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
        assert_string_equal(r->problems[0]->where, "needed_by_ms");
        assert_string_equal(r->problems[0]->text, cases[i].text);
    }
    assert_int_equal(town_counts(town).submits, 0);
}

static void a_deadline_is_settled_between_sender_and_body(void **)
{
    const struct message_type *request = catalogue_find("psr.request");
    const struct message_type *report = catalogue_find("psr.report");
    static const struct {
        bool in_body;
        int64_t body_ms, asked_ms, out;
    } cases[] = {
        {false, 0, 0, 0}, {false, 0, 5, 5}, {true, 5, 0, 5},    {true, 5, 5, 5},
        {true, 5, 6, -1}, {true, 0, 0, -1}, {true, -5, -5, -1}, {true, INT64_MAX, 1, -1},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        uint8_t bytes[32];
        struct writer w = writer_of(bytes, sizeof bytes);
        struct reason why = {""};
        int64_t out = 77;

        field_text(&w, 3, "B35CZ00");
        if (cases[i].in_body) {
            field_varint(&w, 4 << 3); /* needed_by_ms; zero is written too */
            field_varint(&w, (uint64_t)cases[i].body_ms);
        }
        struct bytes body = {bytes, w.size};
        enum status status = deadline_settle(request, body, cases[i].asked_ms, &out, &why);

        assert_int_equal(status, cases[i].out < 0 ? ST_INVALID : ST_OK);
        assert_int_equal(out, cases[i].out < 0 ? 77 : cases[i].out);
        assert_int_equal(strlen(why.text) > 0, cases[i].out < 0);
        /* a body without such a field has no say, whatever its field 4 is */
        assert_int_equal(deadline_settle(report, body, 9, &out, &why), ST_OK);
        assert_int_equal(out, 9);
    }
}

static void a_repeat_is_a_repeat_however_its_deadline_is_said(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    struct id id = id_new(town_now(town));

    assert_int_equal(ask(town, &(struct wish){.id = id})->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(ask(town, &(struct wish){.id = id})->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(ask(town, &(struct wish){.id = id, .needed_by_ms = EXAMPLE_MS})->outcome,
                     CONCORDAT__OUTCOME__DONE);
    town_settle(town);
    assert_int_equal(town_counts(town).submits, 1);
    assert_string_equal(
        ask(town, &(struct wish){.id = id, .body_ms = EXAMPLE_MS + 1})->problems[0]->where,
        "message_id");
    assert_string_equal(
        ask(town, &(struct wish){.id = id, .agreement = "ISA-COURT"})->problems[0]->where,
        "message_id");
    assert_int_equal(town_counts(town).submits, 1);
}

/* ---- late and overdue ---- */

static const Concordat__Rung *rung_of(const Concordat__Item *item, const char *name)
{
    for (size_t i = 0; i < item->n_rungs; i++)
        if (strcmp(item->rungs[i]->name, name) == 0)
            return item->rungs[i];
    return NULL;
}

static void expect_marks(struct town *town, size_t at, const struct id *id, bool late, bool overdue)
{
    const Concordat__Item *item = town_track(town, at, id);

    assert_non_null(item);
    assert_int_equal(item->late, late);
    assert_int_equal(item->overdue, overdue);
    assert_int_equal(item->late_ms > 0, late);
    for (size_t i = 0; i < item->n_rungs; i++)
        assert_int_equal(item->rungs[i]->late,
                         late && strcmp(item->rungs[i]->name, "answered") == 0);
}

static void an_answer_in_time_is_not_late_however_long_one_looks_at_it(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    struct id id = id_of(ask(town, &(struct wish){.body_ms = town_now(town) + HOUR_MS})), answer;

    town_settle(town);
    expect_marks(town, AT_COURT, &id, false, false);
    answer = id_of(town_answer(town, AT_NPS, &id, "psr.report.json"));
    town_settle(town);
    town_wait(town, 3 * HOUR_MS);
    for (size_t at = AT_COURT; at <= AT_NPS; at++) {
        expect_marks(town, at, &id, false, false);
        expect_marks(town, at, &answer, false, false);
        assert_memory_equal(town_track(town, at, &id)->answer.data, answer.bytes, ID_SIZE);
    }
}

static void a_late_answer_is_taken_and_marked_on_both_sides(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    struct id id = id_of(ask(town, &(struct wish){.body_ms = town_now(town) + HOUR_MS})), answer;
    const Concordat__Item *item;

    town_settle(town);
    town_wait(town, 2 * HOUR_MS);
    expect_marks(town, AT_COURT, &id, false, true);
    expect_marks(town, AT_NPS, &id, false, true);
    assert_true(town_inbox(town, AT_NPS)->items[0]->overdue);
    assert_string_equal(town_state(town, AT_COURT, &id), "delivered");
    answer = id_of(town_answer(town, AT_NPS, &id, "psr.report.json"));
    town_settle(town);

    for (size_t at = AT_COURT; at <= AT_NPS; at++) {
        expect_marks(town, at, &id, true, false);
        expect_marks(town, at, &answer, true, false);
        item = town_track(town, at, &id);
        assert_string_equal(item->state, "answered");
        assert_memory_equal(item->answer.data, answer.bytes, ID_SIZE);
        assert_in_range(item->late_ms, HOUR_MS, HOUR_MS + 1000);
        assert_int_equal(item->sequence, 1);
        item = town_track(town, at, &answer);
        assert_in_range(item->late_ms, HOUR_MS, HOUR_MS + 1000);
        assert_memory_equal(item->in_reply_to.data, id.bytes, ID_SIZE);
        assert_memory_equal(item->conversation_id.data, id.bytes, ID_SIZE);
        assert_int_equal(item->sequence, 1); /* the answerer's own first */
    }
    assert_true(town_inbox(town, AT_COURT)->items[0]->late);
    assert_true(town_open(town, AT_COURT, &answer)->items[0]->late);
}

/* The broker took it in time; that its sender heard of it, and signed, later is no matter. */
static void what_the_broker_took_in_time_is_in_time(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    int64_t needed_by_ms = town_now(town) + HOUR_MS;
    struct id id = id_of(ask(town, &(struct wish){.body_ms = needed_by_ms})), answer;

    town_settle(town);
    town_disconnect(town, AT_COURT);
    town_mischief(town)->lose_receipts = true;
    answer = id_of(town_answer(town, AT_NPS, &id, "psr.report.json"));
    town_wait(town, 2 * HOUR_MS);
    expect_marks(town, AT_COURT, &id, false, true); /* as far as it can know */
    town_connect(town, AT_COURT);
    town_settle(town);
    expect_marks(town, AT_COURT, &answer, false, false);
    expect_marks(town, AT_COURT, &id, false, false);
    assert_true(rung_of(town_track(town, AT_COURT, &id), "answered")->at_ms > needed_by_ms);
    /* probation was not told when the broker took it, and calls nothing late */
    expect_marks(town, AT_NPS, &answer, false, false);
    expect_marks(town, AT_NPS, &id, false, false);
}

/* The answerer has signed "answered" before it hears that nobody can read its answer. */
static void an_answer_that_was_rejected_answers_nothing(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    struct id id = id_of(ask(town, &(struct wish){.body_ms = town_now(town) + HOUR_MS})), answer;

    town_settle(town);
    (void)town_open(town, AT_NPS, &id);
    assert_int_equal(town_inbox(town, AT_NPS)->n_items, 0);
    town_mischief(town)->flip_body = true;
    answer = id_of(town_answer(town, AT_NPS, &id, "psr.report.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, AT_COURT, &answer), "accepted rejected");
    assert_int_equal(town_track(town, AT_COURT, &id)->answer.len, 0);
    town_wait(town, 2 * HOUR_MS);
    expect_marks(town, AT_COURT, &id, false, true);
    expect_marks(town, AT_NPS, &id, false, true);
    assert_int_equal(town_inbox(town, AT_NPS)->n_items, 1); /* the question is there again */

    town_mischief(town)->flip_body = false;
    answer = id_of(town_answer(town, AT_NPS, &id, "psr.report.json"));
    town_settle(town);
    for (size_t at = AT_COURT; at <= AT_NPS; at++) {
        expect_marks(town, at, &id, true, false);
        assert_memory_equal(town_track(town, at, &id)->answer.data, answer.bytes, ID_SIZE);
    }
    assert_int_equal(town_inbox(town, AT_NPS)->n_items, 0);
}

static void what_was_declined_is_not_answered(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    struct id id = id_of(ask(town, &(struct wish){0}));
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char *text = town_example("psr.report.json");
    const Concordat__Response *r;

    town_settle(town);
    (void)town_act(town, AT_NPS, &id, CONCORDAT__STEP_KIND__DECLINED,
                   CONCORDAT__DECLINE_REASON__NO_CAPACITY);
    send.type = (char[]){"psr.report"};
    send.to = (char[]){COURT};
    send.in_reply_to = field_of(&id);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    r = town_ask(town, AT_NPS, &request);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->text, "it was declined");
    free(text);
}

/* A sender of bad faith says nothing of the deadline where the broker sees it. */
static void a_header_that_hides_its_deadline_is_rejected(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    struct id id;

    town_mischief(town)->hide_deadline = true;
    id = id_of(ask(town, &(struct wish){0}));
    town_settle(town);
    assert_string_equal(town_ladder(town, AT_NPS, &id), "accepted rejected");
    assert_string_equal(town_detail(town, AT_NPS, &id), "HEADER_INVALID");
}

/* The answer is here, the step that says so is not. */
static void an_answer_in_hand_ends_the_wait(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    struct id id = id_of(ask(town, &(struct wish){.body_ms = town_now(town) + HOUR_MS})), answer;

    town_settle(town);
    town_mischief(town)->flip_step = true;
    town_wait(town, 2 * HOUR_MS);
    answer = id_of(town_answer(town, AT_NPS, &id, "psr.report.json"));
    town_settle(town);
    assert_string_equal(town_ladder(town, AT_COURT, &id), "queued accepted delivered !answered");
    const Concordat__Item *item = town_track(town, AT_COURT, &id);
    assert_true(item->late);
    assert_false(item->overdue);
    assert_string_equal(item->state, "delivered");
    assert_memory_equal(item->answer.data, answer.bytes, ID_SIZE);
    assert_false(rung_of(item, "answered")->late); /* it counts for nothing */
}

static void what_is_over_or_needs_no_answer_is_not_overdue(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    int64_t soon = town_now(town) + HOUR_MS;
    struct id declined = id_of(ask(town, &(struct wish){.body_ms = soon}));
    struct id taken = id_of(ask(town, &(struct wish){.body_ms = soon}));
    struct id rejected, report;

    town_settle(town);
    (void)town_act(town, AT_NPS, &declined, CONCORDAT__STEP_KIND__DECLINED,
                   CONCORDAT__DECLINE_REASON__NO_CAPACITY);
    (void)town_act(town, AT_NPS, &taken, CONCORDAT__STEP_KIND__ACKNOWLEDGED, 0);
    report = id_of(town_answer(town, AT_NPS, &taken, "psr.report.json"));
    town_settle(town);
    taken = id_of(ask(town, &(struct wish){.body_ms = soon}));
    town_mischief(town)->flip_body = true;
    rejected = id_of(ask(town, &(struct wish){.body_ms = soon}));
    town_settle(town);
    town_wait(town, 2 * HOUR_MS);
    expect_marks(town, AT_COURT, &declined, false, false);
    expect_marks(town, AT_NPS, &declined, false, false);
    expect_marks(town, AT_COURT, &rejected, false, false);
    expect_marks(town, AT_NPS, &rejected, false, false);
    expect_marks(town, AT_NPS, &report, false, false); /* a report is not answered */
    expect_marks(town, AT_COURT, &taken, false, true); /* acknowledged or not */
}

/* ---- cases ---- */

static const Concordat__Response *case_of(struct town *town, size_t at, const struct id *handle,
                                          uint32_t limit)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;

    cases.case_handle = field_of(handle);
    cases.limit = limit;
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    return town_ask(town, at, &request);
}

static void expect_messages(const Concordat__Response *r, const struct id *const ids[],
                            size_t count, bool more)
{
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(r->n_items, count);
    assert_int_equal(r->more, more);
    for (size_t i = 0; i < count; i++)
        assert_memory_equal(r->items[i]->message_id.data, ids[i]->bytes, ID_SIZE);
}

static void a_case_is_shown_conversation_by_conversation(void **)
{
    static const struct id none = {{0}};
    OWNED(town) town = town_new(agencies, 2);
    const Concordat__Response *r = ask(town, &(struct wish){.new_case = true});
    struct id handle, first = id_of(r), second, other, answer, later;

    assert_int_equal(r->case_handle.len, ID_SIZE);
    memcpy(handle.bytes, r->case_handle.data, ID_SIZE);
    second = id_of(ask(town, &(struct wish){.case_handle = handle}));
    other = id_of(ask(town, &(struct wish){.new_case = true}));
    (void)ask(town, &(struct wish){0}); /* about no case */
    town_settle(town);
    answer = id_of(town_answer(town, AT_NPS, &first, "psr.report.json"));
    town_settle(town);
    later = id_of(ask(town, &(struct wish){.case_handle = handle, .reply_to = second}));
    town_settle(town);

    const struct id *const all[] = {&first, &answer, &second, &later};
    const struct id *const newest[] = {&second, &answer, &later};
    for (size_t at = AT_COURT; at <= AT_NPS; at++) {
        r = case_of(town, at, &handle, 0);
        expect_messages(r, all, 4, false);
        assert_memory_equal(r->items[1]->conversation_id.data, first.bytes, ID_SIZE);
        assert_memory_equal(r->items[3]->in_reply_to.data, second.bytes, ID_SIZE);
        assert_memory_equal(r->items[3]->conversation_id.data, later.bytes, ID_SIZE);
        assert_string_equal(r->items[0]->state, "answered");
        expect_messages(case_of(town, at, &handle, 4), all, 4, false);
        expect_messages(case_of(town, at, &handle, 3), newest, 3, true);
        expect_messages(case_of(town, at, &other, 0), NULL, 0, false); /* a message's id is none */

        r = case_of(town, at, &none, 0);
        assert_int_equal(r->n_cases, 2);
        assert_false(r->more);
        assert_memory_equal(r->cases[0]->case_handle.data, handle.bytes, ID_SIZE);
        assert_int_equal(r->cases[0]->messages, 4);
        assert_in_range(r->cases[0]->last_ms, town_now(town) - 1000, town_now(town));
        assert_int_equal(r->cases[1]->messages, 1);
        r = case_of(town, at, &none, 1);
        assert_int_equal(r->n_cases, 1);
        assert_true(r->more);
    }
    town_disconnect(town, AT_COURT);
    town_restart(town, AT_COURT);
    expect_messages(case_of(town, AT_COURT, &handle, 0), all, 4, false);
    town_wait(town, 91 * TOWN_DAY_MS); /* it may have started with a clock that is wrong */
    expect_messages(case_of(town, AT_COURT, &handle, 0), all, 4, false);
    town_connect(town, AT_COURT);
    town_disconnect(town, AT_COURT);
    town_disconnect(town, AT_NPS);
    town_wait(town, 91 * TOWN_DAY_MS);
    for (size_t at = AT_COURT; at <= AT_NPS; at++) {
        expect_messages(case_of(town, at, &handle, 0), NULL, 0, false);
        assert_int_equal(case_of(town, at, &none, 0)->n_cases, 0);
    }
}

static void a_case_handle_has_sixteen_bytes(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;
    const Concordat__Response *r;
    uint8_t bytes[17] = {1};

    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    for (size_t size = 15; size <= 17; size += 2) {
        cases.case_handle = (ProtobufCBinaryData){.len = size, .data = bytes};
        r = town_ask(town, AT_COURT, &request);
        assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
        assert_string_equal(r->problems[0]->where, "case_handle");
    }
}

/* ---- under which agreement ---- */

static void a_named_agreement_judges_alone(void **)
{
    OWNED(town) town = town_new(agencies, 2);
    char large[AGREEMENT_ID_MAX + 2];
    const Concordat__Response *r;
    struct id id;

    memset(large, 'A', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    id = id_of(ask(town, &(struct wish){.agreement = "ISA-COURT"}));
    assert_string_equal(town_track(town, AT_COURT, &id)->agreement_id, "ISA-COURT");
    r = ask(town, &(struct wish){.agreement = "ISA-NONE"});
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    assert_string_equal(r->advice, "agreement ISA-NONE is not known here");
    r = ask(town, &(struct wish){.agreement = "ISA-SAFE"});
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY);
    r = ask(town, &(struct wish){.agreement = large});
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "agreement");
    assert_int_equal(town_counts(town).submits, 1);
}

#define COURT_AND_NPS(id)                                                                          \
    "agreement: " id "\nversion: 1\ntitle: Reports\nin-force: 2020-01-01\nreview: 2098-01-01\n"    \
    "expires: 2099-01-01\nmarking:\n  floor: OFFICIAL\n  ceiling: OFFICIAL_SENSITIVE\n"            \
    "retention-days: 30\nonward: []\nparties:\n"                                                   \
    "  - agency: " COURT "\n    kind: COURT\n    contact: Desk\n"                                  \
    "  - agency: " NPS "\n    kind: NPS\n    contact: Desk\n"                                      \
    "clauses:\n  - id: psr-request\n    type: psr.request\n    from: COURT\n    to: NPS\n"         \
    "    purpose: court_advice\n    gateway: SC2020_S30_REQUEST\n"                                 \
    "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n"                                              \
    "    allowed: [DC_CONTACT_ADDRESS, DC_SENTENCE_ORDER, DC_STAFF]\n"

/* Two agreements permit it. While it waits for a key, one of them ends at the sender. */
static void a_named_agreement_is_the_one_after_a_wait_too(void **)
{
    const char *both[] = {COURT_AND_NPS("ISA-A"), COURT_AND_NPS("ISA-B")};
    OWNED(town) town = town_new(agencies, 2);
    struct id named, free_to_go, named_and_there;

    town_agree(town, AT_COURT, both, 2);
    town_agree(town, AT_NPS, both, 2);
    town_mischief(town)->hide_keys = true;
    named = id_of(ask(town, &(struct wish){.agreement = "ISA-A"}));
    free_to_go = id_of(ask(town, &(struct wish){0}));
    named_and_there = id_of(ask(town, &(struct wish){.agreement = "ISA-B"}));
    assert_string_equal(town_track(town, AT_COURT, &named)->agreement_id, "ISA-A");
    assert_string_equal(town_track(town, AT_COURT, &free_to_go)->agreement_id, "ISA-A");
    assert_string_equal(town_track(town, AT_COURT, &named_and_there)->agreement_id, "ISA-B");
    town_agree(town, AT_COURT, both + 1, 1);
    town_restart(town, AT_COURT);
    town_mischief(town)->hide_keys = false;
    town_wait(town, 31000);
    town_settle(town);
    assert_string_equal(town_ladder(town, AT_COURT, &named), "queued refused");
    assert_string_equal(town_detail(town, AT_COURT, &named), "NO_AGREEMENT");
    assert_string_equal(town_ladder(town, AT_COURT, &free_to_go), "queued accepted delivered");
    assert_string_equal(town_track(town, AT_NPS, &free_to_go)->agreement_id, "ISA-B");
    assert_string_equal(town_ladder(town, AT_COURT, &named_and_there), "queued accepted delivered");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_s_deadline_is_the_header_s),
        cmocka_unit_test(two_deadlines_that_differ_are_refused),
        cmocka_unit_test(a_deadline_is_settled_between_sender_and_body),
        cmocka_unit_test(a_repeat_is_a_repeat_however_its_deadline_is_said),
        cmocka_unit_test(an_answer_in_time_is_not_late_however_long_one_looks_at_it),
        cmocka_unit_test(a_late_answer_is_taken_and_marked_on_both_sides),
        cmocka_unit_test(what_the_broker_took_in_time_is_in_time),
        cmocka_unit_test(an_answer_that_was_rejected_answers_nothing),
        cmocka_unit_test(what_was_declined_is_not_answered),
        cmocka_unit_test(a_header_that_hides_its_deadline_is_rejected),
        cmocka_unit_test(an_answer_in_hand_ends_the_wait),
        cmocka_unit_test(what_is_over_or_needs_no_answer_is_not_overdue),
        cmocka_unit_test(a_case_is_shown_conversation_by_conversation),
        cmocka_unit_test(a_case_handle_has_sixteen_bytes),
        cmocka_unit_test(a_named_agreement_judges_alone),
        cmocka_unit_test(a_named_agreement_is_the_one_after_a_wait_too),
    };
    return cmocka_run_group_tests_name("enquiry", tests, NULL, NULL);
}
