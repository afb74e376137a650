/* Break-glass at the agents: each folds its own gazette, and neither sends nor takes in what two
 * officers did not authorise. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "agents/glass.h"
#include "lib/text.h"
#include "proto/notice.h"
#include "tests/unit/governors.h"
#include "tests/unit/town.h"

#define HOUR INT64_C(3600000)
#define NPS "nps.cambs"
#define POLICE "police.35"
#define CHARTER "VITAL-INTEREST"
#define CLAUSE "risk-police"

/* ---- the fold ---- */

static const struct id first = {{1}}, second = {{2}};

static struct breach_of_glass use_of(const struct id *message)
{
    return (struct breach_of_glass){CHARTER, CLAUSE, NPS, POLICE, message};
}

static struct instrument said(Concordat__Act act, const char *agency, const struct id *message)
{
    struct instrument i = {.act = act, .message_id = *message};

    TEXT_COPY(i.agency, agency);
    TEXT_COPY(i.agreement_id, CHARTER);
    return i;
}

static void authorise(struct glass *glass, const char *officer, const struct id *message)
{
    struct instrument i = said(CONCORDAT__ACT__AUTHORISE, NPS, message);

    TEXT_COPY(i.counterpart, POLICE);
    TEXT_COPY(i.clause, CLAUSE);
    TEXT_COPY(i.officer, officer);
    i.key = sha256(officer, strlen(officer));
    assert_int_equal(glass_instrument(glass, &i, HOUR), ST_OK);
}

static void review(struct glass *glass, const char *agency, const struct id *message, bool upheld)
{
    struct instrument i = said(CONCORDAT__ACT__REVIEW, agency, message);

    i.upheld = upheld;
    assert_int_equal(glass_instrument(glass, &i, HOUR), ST_OK);
}

static size_t notice_of(Concordat__NoticeKind kind, const struct id *message,
                        uint8_t out[static NOTICE_MAX])
{
    struct notice notice = {.kind = kind, .message_id = *message, .count = 1, .to_count = 2};
    size_t size;

    TEXT_COPY(notice.agency, NPS);
    TEXT_COPY(notice.counterpart, POLICE);
    TEXT_COPY(notice.agreement_id, CHARTER);
    TEXT_COPY(notice.clause, CLAUSE);
    TEXT_COPY(notice.to[0], NPS);
    TEXT_COPY(notice.to[1], POLICE);
    notice.agreement_version = 1;
    notice.due_ms = 25 * HOUR;
    assert_int_equal(notice_write(&notice, out, NOTICE_MAX, &size), ST_OK);
    return size;
}

static void hear(struct glass *glass, Concordat__NoticeKind kind, const struct id *message)
{
    uint8_t bytes[NOTICE_MAX];
    size_t size = notice_of(kind, message, bytes);
    struct reason why = {""};

    assert_int_equal(glass_notice(glass, (struct bytes){bytes, size}, HOUR, false, &why), ST_OK);
}

static bool is_suspended(const struct glass *glass)
{
    struct id unused = {{99}};
    struct breach_of_glass use = use_of(&unused);

    return glass_now(glass, &use, 2 * HOUR - 1).suspended;
}

static void two_officers_of_the_sender_stand_behind_one_message_once(void **)
{
    OWNED(glass) glass = glass_new();
    struct breach_of_glass use = use_of(&first), other = use_of(&second);

    authorise(glass, "duty-1", &first);
    authorise(glass, "duty-1", &first);
    assert_int_equal(glass_now(glass, &use, HOUR).officers, 1);
    authorise(glass, "duty-2", &first);
    assert_int_equal(glass_now(glass, &use, HOUR).officers, 2);
    assert_int_equal(glass_now(glass, &other, HOUR).officers, 0);
    hear(glass, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED, &first);
    assert_int_equal(glass_now(glass, &use, HOUR).officers, 0); /* its id is taken */
    assert_int_equal(glass_now(glass, &other, HOUR).uses_today, 1);
}

static void what_came_in_rested_on_what_was_said_before_it_was_accepted(void **)
{
    OWNED(glass) glass = glass_new();
    struct breach_of_glass use = use_of(&first), other = use_of(&second);

    authorise(glass, "duty-1", &first);
    authorise(glass, "duty-2", &first);
    assert_int_equal(glass_when_used(glass, &use).officers, 0); /* nobody was told of it */
    hear(glass, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED, &first);
    hear(glass, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED, &second);
    authorise(glass, "duty-1", &second);
    authorise(glass, "duty-2", &second);
    assert_int_equal(glass_when_used(glass, &use).officers, 2);
    assert_int_equal(glass_when_used(glass, &use).uses_today, 0);
    assert_int_equal(glass_when_used(glass, &other).officers, 0);
    assert_int_equal(glass_when_used(glass, &other).uses_today, 1);
    use.counterpart = "csc.cambs";
    assert_int_equal(glass_when_used(glass, &use).officers, 0);
}

static void others_review_and_what_they_do_not_uphold_suspends(void **)
{
    OWNED(glass) glass = glass_new();
    struct instrument back = said(CONCORDAT__ACT__REINSTATE, POLICE, &(struct id){{0}});
    struct instrument elsewhere = said(CONCORDAT__ACT__REVIEW, POLICE, &first);

    hear(glass, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED, &first);
    review(glass, POLICE, &second, false); /* of a use that nobody was told of */
    TEXT_COPY(elsewhere.agreement_id, "CHARTER-OTHER");
    assert_int_equal(glass_instrument(glass, &elsewhere, HOUR), ST_OK);
    review(glass, NPS, &first, true); /* who used it does not review it */
    assert_false(is_suspended(glass));
    review(glass, POLICE, &first, false);
    assert_true(is_suspended(glass));
    TEXT_COPY(back.counterpart, POLICE); /* somebody else's privilege */
    assert_int_equal(glass_instrument(glass, &back, HOUR), ST_OK);
    assert_true(is_suspended(glass));
    TEXT_COPY(back.counterpart, NPS);
    assert_int_equal(glass_instrument(glass, &back, HOUR), ST_OK);
    assert_false(is_suspended(glass));
}

static void what_nobody_reviews_suspends(void **)
{
    OWNED(glass) glass = glass_new();

    hear(glass, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED, &first);
    hear(glass, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED, &second);
    hear(glass, CONCORDAT__NOTICE_KIND__NOTICE_REFUSALS_OVER_QUOTA, &first);
    assert_false(is_suspended(glass));
    hear(glass, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED, &first);
    hear(glass, CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED, &first);
    assert_true(is_suspended(glass));
}

static void a_notice_that_cannot_be_read_changes_nothing(void **)
{
    OWNED(glass) glass = glass_new();
    uint8_t bytes[NOTICE_MAX];
    size_t size = notice_of(CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED, &first, bytes);
    struct breach_of_glass use = use_of(&second);
    struct reason why = {""};

    assert_int_equal(glass_notice(glass, (struct bytes){bytes, size - 1}, HOUR, true, &why),
                     ST_INVALID);
    assert_true(why.text[0] != '\0');
    assert_int_equal(glass_now(glass, &use, HOUR).uses_today, 0);
}

/* ---- two agents ---- */

enum {
    AT_NPS = 0,
    AT_POLICE = 1
};

/* A town with the charter in force, and what its gazettes have come to. */
struct night {
    struct town *town; /* owned, as all of these */
    struct agreement *charter;
    struct mint *elsewhere; /* another community's */
    uint64_t sequences[2];
    struct id message;
};

static struct night night_of(void)
{
    static const char *const agencies[] = {NPS, POLICE};
    struct night n = {.town = town_new(agencies, 2), .elsewhere = mint_new()};
    struct reason why = {""};

    if (agreement_load(SOURCE_DIR "/agreements/examples/charter.yaml", &n.charter, &why) != ST_OK)
        fail_msg("%s", why.text);
    n.message = id_new(town_now(n.town));
    return n;
}

static void end(struct night *n)
{
    town_free(n->town);
    agreement_free(n->charter);
    mint_free(n->elsewhere);
}

static void enter(struct night *n, size_t agency, struct bytes instrument, struct bytes notice)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    wire.gazette.sequence = ++n->sequences[agency];
    wire.gazette.at_ms = town_now(n->town);
    wire.gazette.instrument = instrument;
    wire.gazette.notice = notice;
    town_frame(n->town, agency, &wire);
}

static struct bytes officers_word(const struct night *n, struct mint *mint, const char *code,
                                  uint8_t bytes[static SIGNED_INSTRUMENT_MAX])
{
    struct instrument i = said(CONCORDAT__ACT__AUTHORISE, NPS, &n->message);
    const struct digest community = town_community(n->town);
    struct reason why = {""};
    char uri[128];
    size_t size;

    (void)snprintf(uri, sizeof uri, "URI:urn:concordat:officer:%s:%s", NPS, code);
    struct governor officer = governor_at(mint, NPS, uri, ".4");
    i.agreement_version = n->charter->version;
    i.agreement_hash = n->charter->hash;
    i.signed_ms = town_now(n->town);
    TEXT_COPY(i.counterpart, POLICE);
    TEXT_COPY(i.clause, CLAUSE);
    TEXT_COPY(i.officer, code);
    if (instrument_sign(&i, officer.key,
                        (struct bytes){officer.certificate, officer.certificate_size}, &community,
                        bytes, SIGNED_INSTRUMENT_MAX, &size, &why)
        != ST_OK)
        fail_msg("%s", why.text);
    governor_fini(&officer);
    return (struct bytes){bytes, size};
}

/* An officer's word, entered in one agency's gazette. */
static void officer_says(struct night *n, size_t agency, struct mint *mint, const char *code)
{
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];

    enter(n, agency, officers_word(n, mint, code, bytes), (struct bytes){NULL, 0});
}

static void both_say(struct night *n, size_t agency)
{
    officer_says(n, agency, town_mint(n->town), "duty-1");
    officer_says(n, agency, town_mint(n->town), "duty-2");
}

static void is_told(struct night *n, size_t agency)
{
    uint8_t bytes[NOTICE_MAX];
    size_t size = notice_of(CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED, &n->message, bytes);

    enter(n, agency, (struct bytes){NULL, 0}, (struct bytes){bytes, size});
}

static const Concordat__Response *break_glass(struct night *n, const char *agreement)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    char *text = town_example("threat-to-life.json");
    const Concordat__Response *response;

    send.type = (char[]){"risk.change.notice"};
    send.to = (char[]){POLICE};
    send.message_id = (ProtobufCBinaryData){.len = ID_SIZE, .data = n->message.bytes};
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    send.agreement = (char *)(uintptr_t)agreement;
    send.break_glass = true;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    response = town_ask(n->town, AT_NPS, &request);
    free(text);
    return response;
}

static void goes(struct night *n)
{
    const Concordat__Response *r = break_glass(n, "");

    if (r->outcome != CONCORDAT__OUTCOME__DONE)
        fail_msg("%d: %s %s", (int)r->outcome, r->n_problems ? r->problems[0]->text : "",
                 r->advice);
    town_settle(n->town);
}

static void is_rejected(struct night *n)
{
    assert_string_equal(town_ladder(n->town, AT_NPS, &n->message), "queued accepted rejected");
    assert_string_equal(town_detail(n->town, AT_NPS, &n->message), "BREAK_GLASS_OFFICERS");
    assert_int_equal(town_inbox(n->town, AT_POLICE)->n_items, 0);
}

static void the_recipient_opens_what_two_officers_stand_behind(void **)
{
    struct night n = night_of();

    both_say(&n, AT_NPS);
    both_say(&n, AT_POLICE);
    town_restart(n.town, AT_NPS);
    is_told(&n, AT_POLICE);
    town_restart(n.town, AT_POLICE);
    goes(&n);
    assert_string_equal(town_ladder(n.town, AT_NPS, &n.message), "queued accepted delivered");
    const Concordat__Response *inbox = town_inbox(n.town, AT_POLICE);
    assert_int_equal(inbox->n_items, 1);
    assert_true(inbox->items[0]->break_glass);
    assert_string_equal(inbox->items[0]->agreement_id, CHARTER);
    assert_true(town_track(n.town, AT_NPS, &n.message)->break_glass);
    end(&n);
}

static void the_recipient_takes_nobodys_word_for_the_officers(void **)
{
    /* the second officer's word: */
    enum {
        MISSING,
        SAME_OFFICER,
        OTHER_COMMUNITY,
        AFTER_IT_WAS_ACCEPTED,
        NEVER_TOLD, /* both are there, but not that it was used */
        CASES
    };

    for (int is = 0; is < CASES; is++) {
        struct night n = night_of();

        both_say(&n, AT_NPS);
        officer_says(&n, AT_POLICE, town_mint(n.town), "duty-1");
        if (is == SAME_OFFICER)
            officer_says(&n, AT_POLICE, town_mint(n.town), "duty-1");
        if (is == OTHER_COMMUNITY)
            officer_says(&n, AT_POLICE, n.elsewhere, "duty-2");
        if (is != NEVER_TOLD)
            is_told(&n, AT_POLICE);
        if (is == AFTER_IT_WAS_ACCEPTED || is == NEVER_TOLD)
            officer_says(&n, AT_POLICE, town_mint(n.town), "duty-2");
        goes(&n);
        is_rejected(&n);
        end(&n);
    }
}

static void the_sender_is_refused_by_its_own_agent(void **)
{
    struct night n = night_of();
    const Concordat__Response *r = break_glass(&n, "");

    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS);
    officer_says(&n, AT_NPS, town_mint(n.town), "duty-1");
    officer_says(&n, AT_NPS, town_mint(n.town), "duty-1");
    assert_int_equal(break_glass(&n, CHARTER)->refusal->code,
                     CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS);
    r = break_glass(&n, "ISA-IOM");
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "agreement");
    assert_int_equal(break_glass(&n, "ISA-NOBODYS")->refusal->code,
                     CONCORDAT__REFUSAL_CODE__NO_AGREEMENT);
    officer_says(&n, AT_NPS, town_mint(n.town), "duty-2");
    /* Not unless it is asked for, and not for another message. */
    r = town_send(n.town, AT_NPS, "risk.change.notice", POLICE, "threat-to-life.json", &n.message);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    struct id authorised = n.message;
    n.message = id_new(town_now(n.town));
    assert_int_equal(break_glass(&n, "")->refusal->code,
                     CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS);
    n.message = authorised;
    assert_int_equal(town_counts(n.town).submits, 0);
    goes(&n);
    assert_int_equal(town_counts(n.town).submits, 1);
    assert_int_equal(break_glass(&n, "")->outcome, CONCORDAT__OUTCOME__DONE); /* the same one */
    assert_int_equal(town_counts(n.town).submits, 1);
    end(&n);
}

/* The verdict comes before the entry, and whoever is told goes on to send. */
static void what_is_published_is_said_when_it_can_be_relied_on(void **)
{
    struct night n = night_of();
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    struct bytes word = officers_word(&n, town_mint(n.town), "duty-2", bytes);
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__PublishRequest publish = CONCORDAT__PUBLISH_REQUEST__INIT;

    officer_says(&n, AT_NPS, town_mint(n.town), "duty-1");
    town_mischief(n.town)->publish_as = n.sequences[AT_NPS] + 1;
    publish.instrument = (ProtobufCBinaryData){word.size, bytes};
    request.kind_case = CONCORDAT__REQUEST__KIND_PUBLISH;
    request.publish = &publish;
    town_ask_later(n.town, AT_NPS, &request);
    town_settle(n.town);
    assert_null(town_reply(n.town, AT_NPS));
    enter(&n, AT_NPS, word, (struct bytes){NULL, 0});
    assert_non_null(town_reply(n.town, AT_NPS));
    assert_int_equal(town_reply(n.town, AT_NPS)->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(town_reply(n.town, AT_NPS)->sequence, n.sequences[AT_NPS]);
    goes(&n);
    /* What is there already is said at once; an entry that does not come is waited for in vain. */
    town_mischief(n.town)->publish_as = 1;
    assert_int_equal(town_ask(n.town, AT_NPS, &request)->sequence, 1);
    town_mischief(n.town)->publish_as = 99;
    assert_int_equal(town_ask(n.town, AT_NPS, &request)->sequence, 99);
    end(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_officers_of_the_sender_stand_behind_one_message_once),
        cmocka_unit_test(what_came_in_rested_on_what_was_said_before_it_was_accepted),
        cmocka_unit_test(others_review_and_what_they_do_not_uphold_suspends),
        cmocka_unit_test(what_nobody_reviews_suspends),
        cmocka_unit_test(a_notice_that_cannot_be_read_changes_nothing),
        cmocka_unit_test(the_recipient_opens_what_two_officers_stand_behind),
        cmocka_unit_test(the_recipient_takes_nobodys_word_for_the_officers),
        cmocka_unit_test(the_sender_is_refused_by_its_own_agent),
        cmocka_unit_test(what_is_published_is_said_when_it_can_be_relied_on),
    };

    return cmocka_run_group_tests_name("glass", tests, NULL, NULL);
}
