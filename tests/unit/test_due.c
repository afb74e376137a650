/*
 * `concordat due' says what the broker's clocks say: after each act of a long story, what each
 * agent lists is what the broker's clocks hold of that agency.
 *
 * What differs, and why (docs/clocks.md):
 *     gap, volume   never listed: of numbers that are missing, or messages that are too few, an
 * agent knows nothing, and nobody can do anything about either but send at rest       not listed:
 * what was owed has come, and lies in its recipient's queue
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/desk.h"
#include "agreements/agreement.h"
#include "tests/unit/due_story.h"

#define LINES_MAX 512
#define LINE_SIZE 320
#define SEEDS 6
#define ACTS 60
#define HOUR_MS ((int64_t)60 * 60 * 1000)

struct lines {
    char list[LINES_MAX][LINE_SIZE];
    size_t count;
};

static void add_line(struct lines *lines, const char *kind, const struct id *about,
                     const struct id *message, const char *by, const char *to, const char *type,
                     const char *expected, int64_t due_ms)
{
    char handle[ID_TEXT_SIZE] = "-", id[ID_TEXT_SIZE];

    assert_true(lines->count < LINES_MAX);
    if (!id_is_zero(about))
        id_print(about, handle);
    id_print(message, id);
    (void)snprintf(lines->list[lines->count++], LINE_SIZE,
                   "%s case=%s message=%s %s>%s due=%lld %s: %s", kind, handle, id, by, to,
                   (long long)due_ms, type, expected);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void sort(struct lines *lines)
{
    qsort(lines->list, lines->count, LINE_SIZE, compare_lines);
}

/* An answer that the agency does not have: to who held the case, who has passed it on. */
static bool is_late(struct story *s, size_t agency, const struct town_clock *c)
{
    const struct message_type *type = catalogue_find(c->type);

    return c->kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED && type && catalogue_is_answer(type)
        && !town_track(s->town, agency, &c->message);
}

static bool is_listed(const struct town_clock *c, const char *agency)
{
    return c->kind != CONCORDAT__CLOCK_KIND__CLOCK_GAP
        && c->kind != CONCORDAT__CLOCK_KIND__CLOCK_VOLUME && !c->rests
        && (strcmp(c->owed_by, agency) == 0 || strcmp(c->owed_to, agency) == 0);
}

/* But for what is late, and not among `due'. */
static void list_clocks(struct story *s, size_t agency, const struct lines *due, struct lines *out)
{
    static struct town_clock clocks[LINES_MAX];
    const size_t count = town_clocks(s->town, clocks, LINES_MAX);

    out->count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct town_clock *c = &clocks[i];

        if (!is_listed(c, story_agencies[agency]))
            continue;
        add_line(out, clock_kind_name(c->kind), &c->case_handle, &c->message, c->owed_by,
                 c->owed_to, c->type, c->expected, c->due_ms);
        if (is_late(s, agency, c)
            && !bsearch(out->list[out->count - 1], due->list, due->count, LINE_SIZE, compare_lines))
            out->count--;
    }
    sort(out);
}

static struct id id_from(const ProtobufCBinaryData *data)
{
    struct id id = {{0}};

    if (data->len == ID_SIZE)
        memcpy(id.bytes, data->data, ID_SIZE);
    return id;
}

static void list_due(struct story *s, size_t agency, struct lines *out)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__DueRequest due = CONCORDAT__DUE_REQUEST__INIT;
    const char *us = story_agencies[agency];

    due.limit = LINES_MAX;
    request.kind_case = CONCORDAT__REQUEST__KIND_DUE;
    request.due = &due;
    const Concordat__Response *r = town_ask(s->town, agency, &request);
    out->count = 0;
    assert_false(r->more);
    for (size_t i = 0; i < r->n_due; i++) {
        const Concordat__Due *d = r->due[i];
        const struct id about = id_from(&d->case_handle), message = id_from(&d->message_id);

        add_line(out, d->what, &about, &message, d->by_us ? us : d->other, d->by_us ? d->other : us,
                 d->type, d->expected, d->due_ms);
    }
    sort(out);
}

/* Tells what the one has and the other has not. */
static size_t tell_missing(const struct lines *in, const struct lines *from, const char *who)
{
    size_t missing = 0;

    for (size_t i = 0, at = 0; i < in->count; i++) {
        int order = 1;

        while (at < from->count && (order = strcmp(from->list[at], in->list[i])) < 0)
            at++;
        if (at < from->count && order == 0) {
            at++;
            continue;
        }
        print_message("%s: %s\n", who, in->list[i]);
        missing++;
    }
    return missing;
}

static size_t count_differences(struct story *s, const bool away[STORY_AGENCIES])
{
    static struct lines clocks, due;
    size_t differences = 0;

    for (size_t agency = 0; agency < STORY_AGENCIES; agency++) {
        char who[64];

        if (away[agency])
            continue;
        list_due(s, agency, &due);
        list_clocks(s, agency, &due, &clocks);
        (void)snprintf(who, sizeof who, "%s lacks", story_agencies[agency]);
        differences += tell_missing(&clocks, &due, who);
        (void)snprintf(who, sizeof who, "%s has too much", story_agencies[agency]);
        differences += tell_missing(&due, &clocks, who);
    }
    return differences;
}

static void agree(struct story *s, const char *after)
{
    if (count_differences(s, (const bool[STORY_AGENCIES]){false}) > 0)
        fail_msg("they differ after: %s", after);
}

/* ---- a story that is written down ---- */

static void a_referral_is_owed_as_the_broker_has_it(void **)
{
    OWNED(story) s = story_new();
    const struct said *first = story_refer(s, 0, true);

    assert_non_null(first);
    agree(s, "a referral");
    story_open(s, first);
    agree(s, "it is opened");
    (void)story_reply(s, CSC, "safeguarding.referral.ack", first);
    agree(s, "its acknowledgement");
    (void)story_reply(s, CSC, "safeguarding.referral.decision", first);
    agree(s, "its decision");
    (void)story_reply(s, NPS, "safeguarding.update", first);
    agree(s, "its update");
    (void)story_reply(s, CSC, "safeguarding.close", first);
    agree(s, "its recipient closes it");
}

/* Several messages of one case that expect the same of one agency give one clock, and one entry. */
static void what_is_expected_twice_is_listed_once(void **)
{
    OWNED(story) s = story_new();
    const struct said *first = story_refer(s, 0, false), *second;

    assert_non_null(first);
    story_wait(s, HOUR_MS);
    second = story_refer(s, 0, false);
    assert_non_null(second);
    agree(s, "a second referral");
    story_step(s, first, CONCORDAT__STEP_KIND__DECLINED);
    agree(s, "the first is declined");
    assert_non_null(story_notice(s, NPS, "case.officer.assigned", 0));
    agree(s, "what both waited for");
    assert_non_null(story_refer(s, 0, false));
    story_wait(s, 3 * TOWN_DAY_MS);
    agree(s, "it was missed");
    assert_non_null(story_refer(s, 0, false));
    agree(s, "after that it is waited for anew");
}

/* What its recipient cannot open has met nothing, and what waits there is listed by nobody. */
static void what_is_not_opened_is_owed_again(void **)
{
    OWNED(story) s = story_new();
    const struct said *first = story_refer(s, 0, true);

    assert_non_null(first);
    town_disconnect(s->town, NPS);
    assert_non_null(story_reply(s, CSC, "safeguarding.referral.decision", first));
    assert_int_equal(count_differences(s, (const bool[STORY_AGENCIES]){[NPS] = true}), 0);
    town_spoil(s->town, NPS, true);
    town_connect(s->town, NPS);
    story_settle(s);
    town_spoil(s->town, NPS, false);
    agree(s, "a decision that is not opened");
    town_spoil(s->town, CSC, true);
    assert_non_null(story_reply(s, NPS, "safeguarding.close", first));
    town_spoil(s->town, CSC, false);
    agree(s, "a close that is not opened");
    assert_non_null(story_reply(s, NPS, "safeguarding.close", first));
    agree(s, "one that is");
}

static void what_is_owed_goes_with_its_case(void **)
{
    OWNED(story) s = story_new();
    const struct said *first = story_refer(s, 0, true);

    assert_non_null(first);
    assert_non_null(story_enquire(s, 0, 30 * HOUR_MS));
    story_hand_over(s, 0);
    assert_int_equal(story_holder(s, 0), CRC);
    agree(s, "a handover");
    assert_non_null(story_reply(s, CSC, "safeguarding.referral.decision", first));
    agree(s, "the decision for the new holder");
    assert_non_null(story_reply(s, CRC, "safeguarding.update", first));
    agree(s, "its update");
    assert_non_null(story_reply(s, CSC, "safeguarding.close", first));
    agree(s, "closed by its recipient");
}

static bool has_alarm(struct story *s, size_t agency, const char *kind, const struct id *message)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__AlarmsRequest alarms = CONCORDAT__ALARMS_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_ALARMS;
    request.alarms = &alarms;
    const Concordat__Response *r = town_ask(s->town, agency, &request);
    for (size_t i = 0; i < r->n_alarms; i++) {
        const struct id id = id_from(&r->alarms[i]->message_id);
        if (strcmp(r->alarms[i]->kind, kind) == 0 && id_equal(&id, message))
            return true;
    }
    return false;
}

static bool lists(struct story *s, size_t agency, const char *kind, const struct id *message)
{
    static struct lines due;
    char start[128], id[ID_TEXT_SIZE];

    list_due(s, agency, &due);
    id_print(message, id);
    (void)snprintf(start, sizeof start, "%s ", kind);
    for (size_t i = 0; i < due.count; i++)
        if (strncmp(due.list[i], start, strlen(start)) == 0 && strstr(due.list[i], id))
            return true;
    return false;
}

/* The part that was asked for in a transfer comes no more when that ends; also when the holder has
 * not heard of the question yet. */
static void what_a_transfer_asked_for_ends_with_it(void **)
{
    enum {
        WITHDRAWN,
        TAKEN_BACK,
        DECLINED,
        WAYS
    };

    for (int way = WITHDRAWN; way < WAYS; way++) {
        OWNED(story) s = story_new();
        const struct said offered = *story_offer(s, 0, 3, 0), *asked;

        asked = story_ask_part(s, 0);
        assert_non_null(asked);
        const struct id query = asked->id;
        assert_true(lists(s, NPS, "expected", &query));
        assert_true(lists(s, CRC, "expected", &query));
        agree(s, "a part is asked for");
        story_wait(s, HOUR_MS);
        if (way == WITHDRAWN)
            assert_non_null(story_withdraw(s, 0));
        else if (way == TAKEN_BACK)
            story_claim(s, NPS, 0, CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW);
        else
            story_step(s, &offered, CONCORDAT__STEP_KIND__DECLINED);
        assert_false(lists(s, NPS, "expected", &query));
        assert_false(lists(s, CRC, "expected", &query));
        agree(s, "the transfer is over");
    }
}

static void what_a_transfer_asked_for_comes_after_its_end(void **)
{
    OWNED(story) s = story_new();
    const struct said offered = *story_offer(s, 0, 3, 0), *asked;

    town_disconnect(s->town, NPS);
    asked = story_ask_part(s, 0);
    assert_non_null(asked);
    const struct id query = asked->id;
    story_wait(s, HOUR_MS);
    story_step(s, &offered, CONCORDAT__STEP_KIND__DECLINED);
    assert_false(lists(s, CRC, "expected", &query));
    town_connect(s->town, NPS);
    story_settle(s);
    assert_false(lists(s, NPS, "expected", &query));
    agree(s, "what was asked in it has come");
}

/* The step goes to who sent it; who has the case since is told, and waits for nothing any more. */
static void what_is_declined_after_a_move_its_holder_sees(void **)
{
    OWNED(story) s = story_new();
    const struct said first = *story_refer(s, 0, true);

    (void)story_refer(s, 0, false);
    story_hand_over(s, 0);
    assert_int_equal(story_holder(s, 0), CRC);
    assert_true(lists(s, CRC, "decide", &first.id));
    story_step(s, &first, CONCORDAT__STEP_KIND__DECLINED);
    assert_true(has_alarm(s, CRC, "declined", &first.id));
    assert_false(has_alarm(s, NPS, "declined", &first.id)); /* it has the step */
    assert_false(has_alarm(s, CSC, "declined", &first.id));
    assert_false(lists(s, CRC, "decide", &first.id));
    agree(s, "the referral is declined");
    assert_null(story_reply(s, CRC, "safeguarding.update", &first));
    agree(s, "nothing is said in it any more");
}

static void what_is_not_opened_after_a_move_its_holder_sees(void **)
{
    for (int shared = 0; shared < 2; shared++) {
        OWNED(story) s = story_new();

        town_disconnect(s->town, CSC);
        const struct said first = *story_refer(s, 0, true);
        story_wait(s, HOUR_MS);
        if (shared)
            (void)story_refer(s, 0, true);
        story_hand_over(s, 0);
        assert_int_equal(story_holder(s, 0), CRC);
        assert_true(lists(s, CRC, "decide", &first.id));
        town_spoil(s->town, CSC, true);
        town_connect(s->town, CSC);
        story_settle(s);
        town_spoil(s->town, CSC, false);
        assert_true(has_alarm(s, CRC, "rejected", &first.id));
        assert_false(lists(s, CRC, "decide", &first.id));
        assert_int_equal(count_differences(s, (const bool[STORY_AGENCIES]){false}), 0);
        town_restart(s->town, CRC);
        story_settle(s);
        assert_int_equal(count_differences(s, (const bool[STORY_AGENCIES]){false}), 0);
    }
}

/* ---- a story at random ---- */

struct tale {
    struct story *s;
    uint64_t random;
    bool away[STORY_AGENCIES];
    bool moved_unseen;  /* while social care is away */
    int64_t ends_at_ms; /* certificates end soon after */
    const char *last;   /* act */
};

static uint64_t below(struct tale *t, uint64_t bound)
{
    t->random = t->random * 6364136223846793005u + 1442695040888963407u;
    return (t->random >> 33) % bound;
}

static const struct said *any_said(struct tale *t, const char *type)
{
    const struct said *found = NULL;
    uint64_t seen = 0;

    for (size_t i = 0; i < t->s->count; i++)
        if ((!type || strcmp(t->s->said[i].type, type) == 0) && below(t, ++seen) == 0)
            found = &t->s->said[i];
    return found;
}

/* A side of a conversation, or who was one. */
static size_t any_side(struct tale *t)
{
    return below(t, 2) ? CSC : below(t, 2);
}

static void reply_somewhere(struct tale *t)
{
    static const char *const types[] = {"safeguarding.referral.ack",
                                        "safeguarding.referral.decision", "safeguarding.update",
                                        "safeguarding.update", "safeguarding.close"};
    const struct said *first = any_said(t, "safeguarding.referral.child");
    const size_t which = below(t, LENGTH(types));

    if (first)
        (void)story_reply(t->s, which < 2 ? CSC : any_side(t), types[which], first);
    t->last = types[which];
}

static void answer_somewhere(struct tale *t)
{
    const struct said *first = any_said(t, "check.social_care.children.request");

    if (first)
        (void)story_reply(t->s, CSC, "check.social_care.children.response", first);
    t->last = "an answer";
}

static void step_somewhere(struct tale *t)
{
    static const Concordat__StepKind steps[] = {CONCORDAT__STEP_KIND__ACKNOWLEDGED,
                                                CONCORDAT__STEP_KIND__DECLINED};
    const struct said *of = any_said(t, NULL);
    const size_t which = below(t, 3);

    /* Of what a former holder has sent the holder hears that alone that ends its conversation. */
    if (of && of->from != CSC && of->from != story_holder(t->s, of->about)
        && !(which == 1 && id_equal(&of->id, &of->conversation)))
        of = NULL;

    if (of && which == 2)
        story_open(t->s, of);
    else if (of)
        story_step(t->s, of, steps[which]);
    t->last = which == 2 ? "opened" : which == 1 ? "declined" : "acknowledged";
}

/* Does all that is due with it fit what is told of a case that moves? */
static bool goes_whole(struct tale *t, size_t about)
{
    static struct town_clock clocks[LINES_MAX];
    const size_t count = town_clocks(t->s->town, clocks, LINES_MAX);
    size_t all = 0, expected = 0, of_care = 0;
    bool care_is_told = false;

    for (size_t i = 0; i < count; i++) {
        const struct town_clock *c = &clocks[i];
        const bool is_expected = c->kind == CONCORDAT__CLOCK_KIND__CLOCK_EXPECTED;

        if (!id_equal(&c->case_handle, &t->s->cases[about]))
            continue;
        all++;
        expected += is_expected;
        if (strcmp(c->owed_by, story_agencies[CSC]) != 0
            && strcmp(c->owed_to, story_agencies[CSC]) != 0)
            continue;
        of_care += is_expected;
        care_is_told = care_is_told
                    || (!c->rests
                        && (c->kind == CONCORDAT__CLOCK_KIND__CLOCK_ANSWER
                            || c->kind == CONCORDAT__CLOCK_KIND__CLOCK_DECIDE
                            || c->kind == CONCORDAT__CLOCK_KIND__CLOCK_CLOSE));
    }
    return all < TOLD_DUE_COUNT - 2 && expected < TOLD_DUE_OTHERS - 2
        && (care_is_told || of_care == 0);
}

static void transfer_somehow(struct tale *t)
{
    const size_t about = below(t, STORY_CASES);
    const unsigned components = 1 + (unsigned)below(t, 3);

    t->last = "nothing";
    if (!goes_whole(t, about))
        return;
    t->moved_unseen = t->away[CSC];
    switch (below(t, 9)) {
    case 0:
        (void)story_offer(t->s, about, 3, below(t, 2) ? (int64_t)(1 + below(t, 40)) * HOUR_MS : 0);
        t->last = "an offer";
        return;
    case 1:
        (void)story_offer(t->s, about, 2, 0);
        t->last = "a component offered again";
        return;
    case 2:
        (void)story_accept(t->s, about, components);
        t->last = "an acceptance";
        return;
    case 3:
        (void)story_reject(t->s, about, components);
        t->last = "a rejection";
        return;
    case 4:
        (void)story_withdraw(t->s, about);
        t->last = "a withdrawal";
        return;
    case 5:
        (void)story_send_part(t->s, about);
        (void)story_complete(t->s, about);
        t->last = "a completion";
        return;
    case 6:
        (void)story_ask_part(t->s, about);
        t->last = "a part is asked for";
        return;
    default:
        story_hand_over(t->s, about);
        t->last = "a handover";
    }
}

static void claim_somehow(struct tale *t)
{
    const size_t about = below(t, STORY_CASES), holder = story_holder(t->s, about);
    const bool withdraws = below(t, 4) > 0;

    if (holder != STORY_AGENCIES)
        story_claim(t->s, holder, about,
                    withdraws ? CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW
                              : CONCORDAT__CLAIM_KIND__CLAIM_CLOSE);
    t->last = withdraws ? "a claim to withdraw" : "a claim to close";
}

static void come_or_go(struct tale *t)
{
    size_t agency = below(t, STORY_AGENCIES);

    for (size_t i = 0; i < STORY_AGENCIES; i++) /* who is away comes first: it says nothing */
        agency = t->away[i] ? i : agency;
    t->last = t->away[agency] ? "somebody comes" : "somebody goes";
    if (t->away[agency])
        town_connect(t->s->town, agency);
    else
        town_disconnect(t->s->town, agency);
    t->away[agency] = !t->away[agency];
    story_settle(t->s);
}

static void wait_somewhat(struct tale *t)
{
    static const int64_t spans_ms[] = {HOUR_MS / 60, HOUR_MS, 5 * HOUR_MS, 20 * HOUR_MS};
    const int64_t ms = spans_ms[below(t, LENGTH(spans_ms))];

    t->last = "time";
    if (town_now(t->s->town) + ms < t->ends_at_ms)
        story_wait(t->s, ms);
}

/* Something is said that its recipient cannot open. */
static void spoil_something(struct tale *t)
{
    const uint64_t choice = below(t, 5);

    for (size_t i = 0; i < STORY_AGENCIES; i++)
        town_spoil(t->s->town, i, !t->away[i]);
    if (choice == 0 && !t->moved_unseen)
        (void)story_refer(t->s, below(t, STORY_CASES), true);
    else if (choice == 1)
        answer_somewhere(t);
    else if (choice == 2)
        (void)story_notice(t->s, below(t, 2), "case.officer.assigned", below(t, STORY_CASES));
    else
        reply_somewhere(t);
    for (size_t i = 0; i < STORY_AGENCIES; i++)
        town_spoil(t->s->town, i, false);
    t->last = "something that is spoilt";
}

static void act(struct tale *t)
{
    static const char *const notices[] = {"case.update", "case.first_contact",
                                          "case.officer.assigned"};
    struct story *s = t->s;
    const uint64_t choice = below(t, 100);
    const size_t about = below(t, STORY_CASES);

    t->moved_unseen = t->moved_unseen && t->away[CSC];
    if (choice < 12) {
        if (!t->moved_unseen)
            (void)story_refer(s, about, below(t, 2));
        t->last = "a referral";
    } else if (choice < 22) {
        (void)story_enquire(s, about, (int64_t)(1 + below(t, 70)) * HOUR_MS);
        t->last = "an enquiry";
    } else if (choice < 42) {
        reply_somewhere(t);
    } else if (choice < 50) {
        answer_somewhere(t);
    } else if (choice < 60) {
        step_somewhere(t);
    } else if (choice < 74) {
        transfer_somehow(t);
    } else if (choice < 76) {
        claim_somehow(t);
    } else if (choice < 84) {
        (void)story_notice(s, below(t, 2), notices[below(t, LENGTH(notices))], about);
        t->last = "a notice";
    } else if (choice < 88) {
        come_or_go(t);
    } else if (choice < 90) {
        spoil_something(t);
    } else if (choice < 91) {
        const size_t agency = below(t, STORY_AGENCIES);
        town_restart(s->town, agency);
        story_settle(s);
        t->last = "an agent starts again";
    } else if (choice < 92) {
        town_broker_dies(s->town);
        story_settle(s);
        t->last = "the broker starts again";
    } else {
        wait_somewhat(t);
    }
}

static void tell(uint64_t seed, unsigned acts)
{
    OWNED(story) s = story_new();
    struct tale t = {.s = s, .random = seed, .ends_at_ms = town_now(s->town) + 6 * TOWN_DAY_MS};

    for (unsigned i = 0; i < acts && s->count < STORY_SAID_MAX - 8; i++) {
        act(&t);
        if (getenv("STORY"))
            print_message("%u %s (%zu)\n", i, t.last, s->count);
        if (count_differences(s, t.away) > 0)
            fail_msg("seed %llu, act %u: they differ after %s", (unsigned long long)seed, i,
                     t.last);
    }
    for (size_t i = 0; i < STORY_AGENCIES; i++)
        if (t.away[i])
            town_connect(s->town, i);
    story_settle(s);
    if (count_differences(s, (const bool[STORY_AGENCIES]){false}) > 0)
        fail_msg("seed %llu: they differ when everybody is there", (unsigned long long)seed);
}

static void every_list_is_the_brokers(void **)
{
    const char *one = getenv("DUE_SEED");

    if (one) {
        tell(strtoull(one, NULL, 10), ACTS);
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        tell(seed, ACTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referral_is_owed_as_the_broker_has_it),
        cmocka_unit_test(what_is_expected_twice_is_listed_once),
        cmocka_unit_test(what_is_not_opened_is_owed_again),
        cmocka_unit_test(what_is_owed_goes_with_its_case),
        cmocka_unit_test(what_a_transfer_asked_for_ends_with_it),
        cmocka_unit_test(what_a_transfer_asked_for_comes_after_its_end),
        cmocka_unit_test(what_is_declined_after_a_move_its_holder_sees),
        cmocka_unit_test(what_is_not_opened_after_a_move_its_holder_sees),
        cmocka_unit_test(every_list_is_the_brokers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
