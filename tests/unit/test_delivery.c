/* What is handed over after its version has gone: delivered, since acceptance is the point of law,
 * and everybody is told. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"
#include "lib/day.h"
#include "tests/unit/town.h"

#define COURT "court.b35cz00"
#define NPS "nps.cambs"

enum {
    SENDER = 0,
    RECIPIENT = 1
};

static const char *const court_and_nps[] = {COURT, NPS};

/* The first `from` in `text` becomes `to`; takes `text`, free() what comes. */
static char *with(char *text, const char *from, const char *to)
{
    char *changed = calloc(1, 64 * 1024), *at = strstr(text, from);

    assert_true(changed && at);
    (void)snprintf(changed, 64 * 1024, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return changed;
}

static char *court_text(void)
{
    FILE *file = fopen(SOURCE_DIR "/agreements/examples/court.yaml", "re");
    char *text = calloc(1, 64 * 1024);

    assert_true(file && text);
    assert_true(fread(text, 1, 64 * 1024 - 1, file) > 0);
    (void)fclose(file);
    return text;
}

static void agree(struct town *town, char *text)
{
    const char *texts[] = {text};

    town_agree(town, SENDER, texts, 1);
    town_agree(town, RECIPIENT, texts, 1);
    free(text);
}

/* ISA-COURT v3, in force for so many days more, from midnight on. */
static char *ending_in(const struct town *town, int days)
{
    char line[64], day[DAY_TEXT_SIZE];

    day_print(town_now(town) + days * TOWN_DAY_MS, day);
    (void)snprintf(line, sizeof line, "review: %s", day);
    char *text = with(court_text(), "review: 2027-06-01", line);
    (void)snprintf(line, sizeof line, "expires: %s", day);
    return with(text, "expires: 2031-12-01", line);
}

/* Accepted while the recipient is away. */
static struct id accepted(struct town *town)
{
    const Concordat__Response *r;
    struct id id = id_new(town_now(town));

    (void)town_send(town, SENDER, "psr.request", NPS, "psr.request.json", NULL); /* for the key */
    town_settle(town);
    town_disconnect(town, RECIPIENT);
    r = town_send(town, SENDER, "psr.request", NPS, "psr.request.json", &id);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    return id;
}

/* Delivered, opened as ever, and told of on both sides. */
static void expect_lapse(struct town *town, const struct id *id, const char *lapse)
{
    const Concordat__Response *r;

    town_connect(town, RECIPIENT);
    town_settle(town);
    assert_string_equal(town_ladder(town, RECIPIENT, id), "accepted delivered");
    r = town_inbox(town, RECIPIENT);
    assert_int_equal(r->n_items, 2);
    assert_string_equal(r->items[0]->lapse, "");
    assert_string_equal(r->items[1]->lapse, lapse);
    assert_int_equal(r->items[1]->agreement_version, 3);
    r = town_open(town, RECIPIENT, id);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_string_equal(r->items[0]->lapse, lapse);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, id), "queued accepted delivered opened");
    assert_string_equal(town_track(town, SENDER, id)->lapse, lapse);
    town_restart(town, RECIPIENT);
    assert_string_equal(town_track(town, RECIPIENT, id)->lapse, lapse);
}

static void in_force_to_the_end_nothing_is_said(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    agree(town, ending_in(town, 3));
    id = accepted(town);
    town_wait(town, TOWN_DAY_MS);
    expect_lapse(town, &id, "");
}

static void what_was_accepted_before_the_end_is_delivered_after_it(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    agree(town, ending_in(town, 2));
    id = accepted(town);
    town_wait(town, 3 * TOWN_DAY_MS);
    expect_lapse(town, &id, "expired");
}

/* The sender hears of it when all is over: the recipient's signed time says that it was in time. */
static void a_delivery_in_time_is_so_whenever_it_is_heard_of(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id;

    agree(town, ending_in(town, 2));
    id = accepted(town);
    town_disconnect(town, SENDER);
    town_connect(town, RECIPIENT);
    town_settle(town);
    town_wait(town, 3 * TOWN_DAY_MS);
    town_connect(town, SENDER);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued accepted delivered");
    assert_string_equal(town_track(town, SENDER, &id)->lapse, "");
}

static void what_was_accepted_under_the_version_before_is_delivered(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = accepted(town);

    agree(town, with(court_text(), "version: 3", "version: 4"));
    expect_lapse(town, &id, "superseded");
}

/* ---- withheld ---- */

static void track_until(struct town *town, const struct id *id, const char *until)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;

    track.message_id = (ProtobufCBinaryData){ID_SIZE, (uint8_t *)(uintptr_t)id->bytes};
    track.until = (char *)(uintptr_t)until;
    track.wait_ms = 600000;
    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    town_ask_later(town, SENDER, &request);
}

static void what_is_withheld_ends_the_wait_and_says_why(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = accepted(town);
    const Concordat__Item *item;

    track_until(town, &id, "delivered");
    town_settle(town);
    assert_null(town_reply(town, SENDER));
    town_withhold(town, &id, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
    town_settle(town);
    assert_non_null(town_reply(town, SENDER));
    item = town_reply(town, SENDER)->items[0];
    assert_string_equal(item->state, "withheld");
    assert_string_equal(item->rungs[item->n_rungs - 1]->detail, "AGREEMENT_REVOKED");
    assert_string_equal(item->rungs[item->n_rungs - 1]->by, "hub");
    assert_string_equal(town_ladder(town, SENDER, &id), "queued accepted withheld");
    assert_int_equal(town_status(town, SENDER)->outbox, 0);
    town_connect(town, RECIPIENT);
    town_settle(town);
    assert_string_equal(town_ladder(town, RECIPIENT, &id), "?");
    /* Told again, it is told once. */
    town_withhold(town, &id, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued accepted withheld");
}

/* The question waits again, where it can be seen. */
static void an_answer_that_is_withheld_answers_nothing(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *r;
    struct id id, answer;

    r = town_send(town, SENDER, "psr.request", NPS, "psr.request.json", NULL);
    memcpy(id.bytes, r->message_id.data, ID_SIZE);
    town_settle(town);
    (void)town_open(town, RECIPIENT, &id);
    town_settle(town);
    town_disconnect(town, SENDER);
    r = town_answer(town, RECIPIENT, &id, "psr.report.json");
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    memcpy(answer.bytes, r->message_id.data, ID_SIZE);
    assert_int_equal(town_track(town, RECIPIENT, &id)->answer.len, ID_SIZE);
    assert_int_equal(town_inbox(town, RECIPIENT)->n_items, 0);
    town_withhold(town, &answer, CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED);
    town_settle(town);
    assert_int_equal(town_track(town, RECIPIENT, &id)->answer.len, 0);
    assert_int_equal(town_inbox(town, RECIPIENT)->n_items, 1);
}

/* A type of OFFICIAL under agreements that mark nothing below OFFICIAL-SENSITIVE. */
static void what_is_marked_less_goes_as_its_agreement_marks_it(void **)
{
    static const struct {
        const char *from, *to, *type, *agreement;
    } rows[] = {
        {"nps.barnet", "csp.barnet", "stats.return.reoffending", "ISA-BARNET-OM"},
        {"prison.pbi", "police.35", "release.notice", "ISA-RECALL"},
    };
    static const char *const bodies[] = {
        "{\"measure\": \"reoffenders\", \"periodFrom\": {\"ymd\": 20261001}, \"periodTo\": "
        "{\"ymd\": 20261031}, \"area\": \"Barnet\", \"cells\": [{\"value\": \"12\"}], "
        "\"suppressionBelow\": 5}",
        "{\"subject\": {\"identifiers\": [{\"type\": \"NOMS\", \"value\": \"A0001AA\"}], "
        "\"name\": {\"forename\": \"Kit\", \"surname\": \"Example\"}}, \"releaseMs\": "
        "\"1796983200000\"}",
    };

    for (size_t i = 0; i < LENGTH(rows); i++) {
        const char *const both[] = {rows[i].from, rows[i].to};
        OWNED(town) town = town_new(both, 2);
        const Concordat__Response *r =
            town_send_text(town, SENDER, rows[i].type, rows[i].to, bodies[i]);
        const Concordat__Item *item;
        struct id id;

        if (r->outcome != CONCORDAT__OUTCOME__DONE)
            fail_msg("%s: outcome %d: %s %s %s", rows[i].type, (int)r->outcome,
                     r->n_problems ? r->problems[0]->where : "",
                     r->n_problems ? r->problems[0]->text : "", r->advice);
        memcpy(id.bytes, r->message_id.data, ID_SIZE);
        town_settle(town);
        assert_string_equal(town_state(town, SENDER, &id), "delivered");
        item = town_track(town, RECIPIENT, &id);
        assert_string_equal(item->agreement_id, rows[i].agreement);
        assert_int_equal(item->marking, CONCORDAT__MARKING__OFFICIAL_SENSITIVE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_force_to_the_end_nothing_is_said),
        cmocka_unit_test(what_was_accepted_before_the_end_is_delivered_after_it),
        cmocka_unit_test(a_delivery_in_time_is_so_whenever_it_is_heard_of),
        cmocka_unit_test(what_was_accepted_under_the_version_before_is_delivered),
        cmocka_unit_test(what_is_withheld_ends_the_wait_and_says_why),
        cmocka_unit_test(what_is_marked_less_goes_as_its_agreement_marks_it),
        cmocka_unit_test(an_answer_that_is_withheld_answers_nothing),
    };
    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
