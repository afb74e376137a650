/* Of probation's reference system: who takes a case, and what came to nothing after it went. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "agents/roles/nps.h"
#include "agents/roles/wire.h"

/* --- what the officers wrote, and the case: nps.c has them --- */

static json_t *assessment, *record;

const json_t *assessment_of(const struct turn *, const json_t *)
{
    return assessment;
}

json_t *known_case(struct turn *, const struct letter *)
{
    return record;
}

/* --- the agent's tracks --- */

static struct concordat_rung rung;
static struct concordat_item tracked = {.type = "t", .to = "csc.cambs"};

/* NOLINTBEGIN: the linker asks for these names */
struct concordat_answer *__wrap_concordat_track(struct concordat *, const struct concordat_id *,
                                                uint32_t, const char *, uint32_t);

struct concordat_answer *__wrap_concordat_track(struct concordat *, const struct concordat_id *id,
                                                uint32_t, const char *, uint32_t)
{
    struct concordat_answer *answer = calloc(1, sizeof *answer);

    assert_non_null(answer);
    tracked.message_id = *id;
    tracked.agreement_id = tracked.clause = "";
    tracked.rungs = &rung;
    tracked.rung_count = 1;
    answer->item_count = 1;
    answer->items = &tracked;
    return answer;
}
void __wrap_concordat_answer_free(struct concordat_answer *answer);

void __wrap_concordat_answer_free(struct concordat_answer *answer)
{
    free(answer);
}
/* NOLINTEND */

/* --- a turn --- */

static const char handle[] = "11111111-2222-4333-8444-555555555555";
static struct turn turn;

#define WITH_COMPANIES INT64_C(1624619000000) /* 25 June 2021, 11:03 */
#define A_DAY INT64_C(86400000)

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    assert_non_null(json);
    return json;
}

static int begin(void **)
{
    turn = (struct turn){
        .book = json_object(),
        .data = parse("{\"agencies\": {\"crc\": \"crc.bench\", \"children\": \"csc.cambs\"}}"),
        .now_ms = WITH_COMPANIES,
        .events = json_array(),
    };
    record = json_pack("{s:s, s:{s:s}}", "case", handle, "defendant", "sex", "MALE");
    (void)json_object_set_new(turn.book, "cases", json_pack("{s:O}", handle, record));
    assessment = NULL;
    return 0;
}

static int end(void **)
{
    json_decref((json_t *)(uintptr_t)turn.data);
    json_decref(turn.book);
    json_decref(turn.events);
    json_decref(record);
    json_decref(assessment);
    return 0;
}

static void sentence_is(const char *sentence, int revision)
{
    static const struct concordat_item item = {
        .type = "court.sentence.result", .from = "court.b35cz00", .agreement_id = "", .clause = ""};
    struct letter letter = {.item = &item};
    json_t *body = json_pack("{s:s, s:o, s:i, s:{}}", "hearingId", "h", "sentence", parse(sentence),
                             "revision", revision, "defendant");

    assert_non_null(body);
    (void)snprintf(letter.case_handle, sizeof letter.case_handle, "%s", handle);
    letter.body = body;
    (void)json_array_clear(turn.events);
    on_sentence(&turn, &letter);
    json_decref(body);
}

/* How many messages of the type wait to go out. */
static size_t count_of(const char *type)
{
    const json_t *entry;
    size_t i, count = 0;

    json_array_foreach(wire_at(turn.book, "outgoing"), i, entry) count +=
        strcmp(wire_text(entry, "type"), type) == 0 && strcmp(wire_text(entry, "do"), "send") == 0;
    return count;
}

static const json_t *last_event(void)
{
    return json_array_get(turn.events, json_array_size(turn.events) - 1);
}

static const json_t *last_outgoing(void)
{
    const json_t *outgoing = wire_at(turn.book, "outgoing");

    return json_array_get(outgoing, json_array_size(outgoing) - 1);
}

/* What has waited, has gone, with this outcome. */
static void all_went(const char *outcome)
{
    const json_t *entry;
    json_t *outgoing = wire_at(turn.book, "outgoing");
    size_t i;

    json_array_foreach(outgoing, i, entry) post_settle(turn.book, wire_text(entry, "id"), outcome);
    (void)json_array_clear(outgoing);
}

#define RISK(rosh, scores) "{\"risk\": {" rosh "\"scores\": [" scores "]}}"
#define RSR(points) "{\"tool\": \"RSR\", \"basisPoints\": " points "}"
#define LOW RISK("\"overall\": \"ROSH_LOW\",", RSR("110"))
#define KIND(name) "{\"kind\": \"" name "\"}"

static void only_what_a_company_may_have_and_everything_known_goes_there(void **state)
{
    static const struct {
        const char *sentence, *assessment;
        const char *allocation; /* NULL: none, an officer decides or nothing follows */
        bool officer;
    } rows[] = {
        {KIND("COMMUNITY_ORDER"), LOW, "LOW_OR_MEDIUM_TO_CRC", false},
        {KIND("SUSPENDED_SENTENCE_ORDER"), LOW, "LOW_OR_MEDIUM_TO_CRC", false},
        {KIND("IMMEDIATE_CUSTODY"), LOW, "LOW_OR_MEDIUM_TO_CRC", false},
        {KIND("COMMUNITY_ORDER"), RISK("\"public\": \"ROSH_MEDIUM\",", RSR("0")),
         "LOW_OR_MEDIUM_TO_CRC", false},
        /* for the public's protection */
        {KIND("LIFE_OR_IPP"), LOW, "DEFERRED_OR_PUBLIC_INTEREST", false},
        {KIND("EXTENDED"), LOW, "DEFERRED_OR_PUBLIC_INTEREST", false},
        /* not for the table */
        {KIND("YOUTH_REHABILITATION_ORDER"), LOW, NULL, true},
        {KIND("DETENTION_AND_TRAINING"), LOW, NULL, true},
        {KIND("HOSPITAL_ORDER"), LOW, NULL, true},
        {KIND("OTHER"), LOW, NULL, true},
        {KIND("OF_TOMORROW"), LOW, NULL, true},
        {"{}", LOW, NULL, true},
        {KIND("FINE"), LOW, NULL, false},
        {KIND("DISCHARGE"), LOW, NULL, false},
        {KIND("DEFERRED"), LOW, NULL, false},
        /* the highest of all subjects */
        {KIND("COMMUNITY_ORDER"),
         RISK("\"overall\": \"ROSH_LOW\", \"children\": \"ROSH_HIGH\",", RSR("110")),
         "ROSH_HIGH_OR_ABOVE", false},
        {KIND("COMMUNITY_ORDER"), RISK("\"knownAdult\": \"ROSH_VERY_HIGH\",", RSR("110")),
         "ROSH_HIGH_OR_ABOVE", false},
        {KIND("IMMEDIATE_CUSTODY"),
         RISK("\"staff\": \"ROSH_LOW\", \"prisoners\": \"ROSH_HIGH\",", RSR("110")),
         "ROSH_HIGH_OR_ABOVE", false},
        {KIND("COMMUNITY_ORDER"), RISK("\"overall\": \"ROSH_LOW\",", RSR("690")),
         "RSR_AT_OR_OVER_6_90", false},
        /* unknown is not low */
        {KIND("COMMUNITY_ORDER"), RISK("", RSR("110")), NULL, true},
        {KIND("COMMUNITY_ORDER"), RISK("\"overall\": \"ROSH_NOT_APPLICABLE\",", RSR("110")), NULL,
         true},
        {KIND("COMMUNITY_ORDER"), RISK("\"overall\": \"ROSH_LOW\",", "{\"tool\": \"RSR\"}"), NULL,
         true},
        {KIND("COMMUNITY_ORDER"), RISK("\"overall\": \"ROSH_LOW\",", ""), NULL, true},
        {KIND("COMMUNITY_ORDER"), "{}", NULL, true},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        bool given = rows[i].allocation && strcmp(rows[i].allocation, "LOW_OR_MEDIUM_TO_CRC") == 0;

        assessment = parse(rows[i].assessment);
        sentence_is(rows[i].sentence, 1);
        assert_string_equal(wire_text(record, "allocation"),
                            rows[i].allocation ? rows[i].allocation : "");
        assert_int_equal(count_of("case.allocation.decision"), given);
        assert_int_equal(count_of("risk.rsr.result"), given);
        assert_int_equal(wire_true(last_event(), "officer"), rows[i].officer);
        end(state);
        begin(state);
    }
}

/* From 26 June 2021 every case stays, but where officers allocate against that and say why. */
static void after_the_companies_a_case_stays_or_goes_with_a_reason(void **state)
{
    static const struct {
        int64_t now_ms;
        const char *why;        /* allocation.override; NULL: none */
        const char *allocation; /* what it comes to */
        bool says_why;
    } rows[] = {
        {WITH_COMPANIES, NULL, "LOW_OR_MEDIUM_TO_CRC", false},
        {WITH_COMPANIES, "A trial.", "LOW_OR_MEDIUM_TO_CRC", false},
        {WITH_COMPANIES + A_DAY, NULL, "UNIFIED_SERVICE", false},
        {WITH_COMPANIES + A_DAY, "A trial.", "LOW_OR_MEDIUM_TO_CRC", true},
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        if (rows[i].why)
            (void)json_object_set_new((json_t *)(uintptr_t)turn.data, "allocation",
                                      json_pack("{s:s}", "override", rows[i].why));
        turn.now_ms = rows[i].now_ms;
        assessment = parse(LOW);
        sentence_is(KIND("COMMUNITY_ORDER"), 1);
        assert_string_equal(wire_text(record, "allocation"), rows[i].allocation);
        if (strcmp(rows[i].allocation, "UNIFIED_SERVICE") == 0) {
            assert_int_equal(count_of("case.allocation.decision"), 0);
        } else {
            const json_t *body = wire_at(last_outgoing(), "body");

            assert_int_equal(wire_true(body, "override"), rows[i].says_why);
            assert_string_equal(wire_text(body, "overrideReason"),
                                rows[i].says_why ? "A trial." : "");
        }
        end(state);
        begin(state);
    }
}

static void what_an_officer_had_to_decide_a_later_assessment_can(void **)
{
    assessment = parse(RISK("", RSR("110")));
    sentence_is(KIND("COMMUNITY_ORDER"), 1);
    assert_int_equal(count_of("case.allocation.decision"), 0);
    json_decref(assessment);
    assessment =
        parse(RISK("\"overall\": \"ROSH_LOW\", \"children\": \"ROSH_MEDIUM\",", RSR("110")));
    sentence_is(KIND("COMMUNITY_ORDER"), 1);
    assert_int_equal(count_of("case.allocation.decision"), 1);
    assert_string_equal(wire_text(last_outgoing(), "body.rosh"), "ROSH_MEDIUM");
}

static void a_corrected_sentence_reaches_who_has_the_case(void **)
{
    assessment = parse(LOW);
    sentence_is(KIND("COMMUNITY_ORDER"), 1);
    all_went("DONE");
    sentence_is(KIND("COMMUNITY_ORDER"), 1); /* the same again */
    assert_int_equal(count_of("case.allocation.decision"), 0);
    sentence_is(KIND("SUSPENDED_SENTENCE_ORDER"), 2);
    assert_int_equal(count_of("case.allocation.decision"), 1);
    assert_string_equal(wire_text(last_outgoing(), "to"), "crc.bench");
    assert_string_equal(wire_text(last_outgoing(), "body.sentence.kind"),
                        "SUSPENDED_SENTENCE_ORDER");
    all_went("DONE");
    sentence_is(KIND("COMMUNITY_ORDER"), 1); /* late: an older revision */
    assert_int_equal(count_of("case.allocation.decision"), 0);
    assert_string_equal(wire_text(record, "sentence.kind"), "SUSPENDED_SENTENCE_ORDER");
    sentence_is(KIND("EXTENDED"), 3); /* not theirs any more: loud, and settled by people */
    assert_int_equal(count_of("case.allocation.decision"), 0);
    assert_true(wire_true(last_event(), "officer"));
    assert_string_equal(wire_text(record, "sentence.kind"), "EXTENDED");
}

static void an_allocation_that_was_refused_gave_the_case_to_nobody(void **)
{
    assessment = parse(LOW);
    sentence_is(KIND("COMMUNITY_ORDER"), 1);
    all_went("QUEUED");
    rung = (struct concordat_rung){.name = "refused", .detail = "NO_AGREEMENT"};
    (void)json_array_clear(turn.events);
    assert_true(tend_followed(&turn) == INT64_MAX);
    assert_int_equal(json_array_size(turn.events), 2); /* score, decision */
    assert_string_equal(wire_text(last_event(), "event"), "refused");
    assert_string_equal(wire_text(last_event(), "code"), "NO_AGREEMENT");
    sentence_is(KIND("COMMUNITY_ORDER"), 2);
    assert_int_equal(count_of("case.allocation.decision"), 1);
}

static void a_referral_that_came_to_nothing_is_not_a_referral(void **)
{
    static const struct {
        const char *outcome, *rung; /* when it went; later */
        bool again;                 /* is it referred anew? */
    } rows[] = {
        {"", "", false},
        {"DONE", "acknowledged", false},
        {"QUEUED", "queued", false},
        {"REFUSED", "", true},
        {"BAD_INPUT", "", true},
        {"QUEUED", "refused", true},
        {"DONE", "rejected", true},
        {"DONE", "declined", true},
    };
    char *arguments[] = {(char *)(uintptr_t)handle};

    for (size_t i = 0; i < LENGTH(rows); i++) {
        assessment = parse("{\"childConcern\": {}}");
        rung = (struct concordat_rung){.name = rows[i].rung, .detail = ""};
        assert_int_equal(refer(&turn, 1, arguments), 0);
        if (*rows[i].outcome)
            all_went(rows[i].outcome);
        assert_int_equal(refer(&turn, 1, arguments), 0);
        assert_int_equal(count_of("safeguarding.referral.child"),
                         rows[i].again || !*rows[i].outcome);
        end(NULL);
        begin(NULL);
    }
}

static void a_decision_counts_from_whom_we_referred_to_only(void **)
{
    char *arguments[] = {(char *)(uintptr_t)handle};
    struct concordat_item item = {.type = "safeguarding.referral.decision",
                                  .from = "csc.other",
                                  .agreement_id = "",
                                  .clause = ""};
    struct letter letter = {.item = &item};
    json_t *body;

    assessment = parse("{\"childConcern\": {}}");
    assert_int_equal(refer(&turn, 1, arguments), 0);
    body = json_pack("{s:o, s:s}", "referralId", wire_id(wire_text(record, "referral.id")),
                     "outcome", "S47_ENQUIRY");
    letter.body = body;
    on_referral_decision(&turn, &letter);
    assert_null(wire_at(record, "referral.decision"));
    item.from = "csc.cambs";
    on_referral_decision(&turn, &letter);
    assert_non_null(wire_at(record, "referral.decision"));
    json_decref(body);
}

#define IN_A_TURN(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_TURN(only_what_a_company_may_have_and_everything_known_goes_there),
        IN_A_TURN(after_the_companies_a_case_stays_or_goes_with_a_reason),
        IN_A_TURN(what_an_officer_had_to_decide_a_later_assessment_can),
        IN_A_TURN(a_corrected_sentence_reaches_who_has_the_case),
        IN_A_TURN(an_allocation_that_was_refused_gave_the_case_to_nobody),
        IN_A_TURN(a_referral_that_came_to_nothing_is_not_a_referral),
        IN_A_TURN(a_decision_counts_from_whom_we_referred_to_only),
    };
    return cmocka_run_group_tests_name("roles_nps", tests, NULL, NULL);
}
