/* A newer version comes into force between sealing and acceptance: the message is decided about and
 * sealed once more, whenever the agent dies, and everybody is told. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"
#include "lib/limits.h"
#include "tests/unit/town.h"

#define COURT "court.b35cz00"
#define NPS "nps.cambs"
#define CSC "csc.cambs"
#define STALE "AGREEMENT_VERSION_STALE"
#define MINUTE_MS INT64_C(60000)
#define BURST 1000

enum {
    SENDER = 0,
    RECIPIENT = 1
};

static const char *const court_and_nps[] = {COURT, NPS};
static const char *const nps_and_csc[] = {NPS, CSC};

/* ---- agreements ---- */

/* An example agreement with `from` replaced by `to`, once; free() it. */
static char *text_with(const char *name, const char *from, const char *to)
{
    char path[256], *text = calloc(1, 64 * 1024), *changed = calloc(1, 64 * 1024);
    FILE *file;
    const char *at;

    (void)snprintf(path, sizeof path, SOURCE_DIR "/agreements/examples/%s", name);
    file = fopen(path, "re");
    assert_true(file && text && changed);
    assert_true(fread(text, 1, 64 * 1024 - 1, file) > 0);
    (void)fclose(file);
    at = strstr(text, from);
    assert_non_null(at);
    (void)snprintf(changed, 64 * 1024, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return changed;
}

static void agree_all(struct town *town, const char *texts[], size_t count)
{
    town_agree(town, SENDER, texts, count);
    town_agree(town, RECIPIENT, texts, count);
}

/* ISA-COURT v4, which is v3 but for what `from` and `to` change besides, for those who know it. */
static void agree_v4(struct town *town, bool sender, bool recipient, const char *from,
                     const char *to)
{
    char *v4 = text_with("court.yaml", "version: 3", "version: 4");
    char *at = strstr(v4, from), *changed = calloc(1, 64 * 1024);
    const char *texts[] = {changed};

    assert_true(at && changed);
    (void)snprintf(changed, 64 * 1024, "%.*s%s%s", (int)(at - v4), v4, to, at + strlen(from));
    if (sender)
        town_agree(town, SENDER, texts, 1);
    if (recipient)
        town_agree(town, RECIPIENT, texts, 1);
    free(v4);
    free(changed);
}

static void agree_same(struct town *town)
{
    agree_v4(town, true, true, "title: ", "title: ");
    town_mischief(town)->active_version = 4;
}

/* ---- sending ---- */

/* What a send says besides what is usual. */
struct asked {
    struct id id, in_reply_to;
    const char *purpose, *justification;
    uint32_t wait_ms;
};

static char *plain(const char *text)
{
    return (char *)(uintptr_t)(text ? text : "");
}

static ProtobufCBinaryData field_of(const struct id *id)
{
    return (ProtobufCBinaryData){.len = id_is_zero(id) ? 0 : ID_SIZE,
                                 .data = (uint8_t *)(uintptr_t)id->bytes};
}

/* A send in one turn; what it answers comes later. */
static void send_later(struct town *town, const char *type, const char *to, const char *json,
                       const struct asked *asked)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;

    send.type = plain(type);
    send.to = plain(to);
    send.message_id = field_of(&asked->id);
    send.in_reply_to = field_of(&asked->in_reply_to);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = plain(json);
    send.officer = plain("K. Hartley");
    send.purpose = plain(asked->purpose);
    send.justification = plain(asked->justification);
    send.wait_ms = asked->wait_ms;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    town_ask_later(town, SENDER, &request);
}

static void psr_later(struct town *town, const struct asked *asked)
{
    char *json = town_example("psr.request.json");

    send_later(town, "psr.request", NPS, json, asked);
    free(json);
}

/* The sender knows the recipient's key once a message has gone, and is away. */
static void leave_with_the_key(struct town *town)
{
    psr_later(town, &(struct asked){.wait_ms = 1});
    town_settle(town);
    assert_int_equal(town_counts(town).submits, 1);
    town_disconnect(town, SENDER);
}

/* One psr.request sealed under v3 while the agent is away. */
static struct id sealed_under_the_old(struct town *town)
{
    struct id id = id_new(town_now(town));

    leave_with_the_key(town);
    psr_later(town, &(struct asked){.id = id, .wait_ms = 1});
    town_wait(town, 10);
    assert_int_equal(town_reply(town, SENDER)->outcome, CONCORDAT__OUTCOME__QUEUED);
    return id;
}

static struct id id_in(ProtobufCBinaryData data)
{
    struct id id;

    assert_int_equal(data.len, ID_SIZE);
    memcpy(id.bytes, data.data, ID_SIZE);
    return id;
}

static struct id resent_as(struct town *town, const struct id *id)
{
    const Concordat__Item *item = town_track(town, SENDER, id);

    assert_non_null(item);
    return id_in(item->sent_again_as);
}

static size_t tracked(struct town *town)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    return town_ask(town, SENDER, &request)->n_items;
}

static const Concordat__Response *refusals(struct town *town, int64_t since_ms)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__RefusalsRequest list = CONCORDAT__REFUSALS_REQUEST__INIT;

    list.since_ms = since_ms;
    request.kind_case = CONCORDAT__REQUEST__KIND_REFUSALS;
    request.refusals = &list;
    return town_ask(town, SENDER, &request);
}

/* The old one refused, the new one delivered once, each naming the other, and nothing kept. */
static void expect_sent_again(struct town *town, const struct id *old)
{
    struct id again = resent_as(town, old);
    const Concordat__Item *item;

    assert_string_equal(town_ladder(town, SENDER, old), "queued refused");
    assert_string_equal(town_detail(town, SENDER, old), STALE);
    item = town_track(town, SENDER, old);
    assert_string_equal(item->sent_again_agreement, "ISA-COURT");
    assert_int_equal(item->sent_again_version, 4);
    assert_int_equal(item->agreement_version, 3);
    assert_string_equal(town_ladder(town, SENDER, &again), "queued accepted delivered");
    item = town_track(town, SENDER, &again);
    assert_int_equal(item->agreement_version, 4);
    assert_memory_equal(item->sent_again_for.data, old->bytes, ID_SIZE);
    assert_memory_equal(item->conversation_id.data, again.bytes, ID_SIZE);
    assert_int_equal(tracked(town), 3);
    assert_int_equal(town_inbox(town, RECIPIENT)->n_items, 2);
    assert_int_equal(town_status(town, SENDER)->outbox, 0);
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 0);
    assert_int_equal(town_entries(town, SENDER, TREE_STALE), 0);
    assert_int_equal(town_entries(town, SENDER, TREE_TO_SUBMIT), 0);
    assert_int_equal(town_entries(town, SENDER, TREE_REFUSALS), 1);
}

/* ---- sent again ---- */

static void a_stale_message_is_sent_again_once(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town), again;
    const Concordat__Response *r;

    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 1);
    agree_same(town);
    town_connect(town, SENDER);
    town_settle(town);
    expect_sent_again(town, &id);
    again = resent_as(town, &id);
    r = town_open(town, RECIPIENT, &again);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_non_null(strstr(r->json, "K. Hartley"));
    assert_int_equal(town_counts(town).stale, 1);
    assert_int_equal(town_counts(town).submits, 3);
}

static void what_is_accepted_is_kept_no_longer(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town);

    town_connect(town, SENDER);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued accepted delivered");
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 0);
    assert_int_equal(town_entries(town, SENDER, TREE_REFUSALS), 0);
}

/* Another refusal is final at once, and what was kept goes with it. */
static void any_other_refusal_is_final(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town);

    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED;
    town_connect(town, SENDER);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued refused");
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 0);
    assert_int_equal(town_status(town, SENDER)->outbox, 0);
    assert_int_equal(town_track(town, SENDER, &id)->sent_again_as.len, 0);
    assert_int_equal(town_entries(town, SENDER, TREE_REFUSALS), 1);
}

static void a_second_stale_is_final(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town), again;

    agree_same(town);
    town_mischief(town)->active_version = 5;
    town_connect(town, SENDER);
    town_settle(town);
    again = resent_as(town, &id);
    assert_string_equal(town_ladder(town, SENDER, &again), "queued refused");
    assert_string_equal(town_detail(town, SENDER, &again), STALE);
    assert_int_equal(town_track(town, SENDER, &again)->sent_again_as.len, 0);
    town_wait(town, 2 * MINUTE_MS);
    town_settle(town);
    assert_int_equal(tracked(town), 3);
    assert_int_equal(town_counts(town).submits, 3);
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 0);
    assert_int_equal(town_entries(town, SENDER, TREE_REFUSALS), 2);
    assert_int_equal(town_status(town, SENDER)->outbox, 0);
}

/* The agent dies after so many turns, and so many submissions on the way are lost with it; then it
 * starts on its store. */
static void a_crash_at_any_turn_loses_nothing_and_sends_nothing_twice(void **)
{
    for (unsigned turns = 0; turns < 7; turns++)
        for (unsigned lost = 0; lost < 3; lost++) {
            OWNED(town) town = town_new(court_and_nps, 2);
            struct id id = sealed_under_the_old(town);

            agree_same(town);
            town_mischief(town)->lose_submits = lost;
            town_connect(town, SENDER);
            town_turns(town, turns);
            town_restart(town, SENDER);
            town_turns(town, turns / 2);
            town_restart(town, SENDER);
            for (unsigned i = 0; i < lost; i++) { /* what was lost is asked for by no answer */
                town_disconnect(town, SENDER);
                town_connect(town, SENDER);
                town_settle(town);
            }
            town_wait(town, 2000);
            town_settle(town);
            expect_sent_again(town, &id);
        }
}

/* Dead between the verdict and the resend: the verdict is on the disk, or comes again. */
static void a_lost_verdict_comes_again(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town);

    agree_same(town);
    town_mischief(town)->lose_verdicts = true;
    town_connect(town, SENDER);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued");
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 1);
    town_mischief(town)->lose_verdicts = false;
    town_restart(town, SENDER);
    town_settle(town);
    expect_sent_again(town, &id);
}

/* ---- the gazette is late ---- */

static void a_verdict_before_its_version_waits_for_it(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town);

    town_mischief(town)->active_version = 4;
    town_connect(town, SENDER);
    town_settle(town);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued");
    assert_int_equal(town_entries(town, SENDER, TREE_STALE), 1);
    town_restart(town, SENDER);
    town_wait(town, 2000);
    town_settle(town);
    assert_int_equal(town_counts(town).submits, 2);
    agree_same(town);
    town_wait(town, 2000);
    town_settle(town);
    expect_sent_again(town, &id);
}

static void a_version_that_does_not_come_ends_the_wait(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town);

    town_mischief(town)->active_version = 4;
    town_connect(town, SENDER);
    town_settle(town);
    town_wait(town, MINUTE_MS - 1000);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued");
    /* Away it cannot come: the time starts anew. */
    town_disconnect(town, SENDER);
    town_wait(town, 10 * MINUTE_MS);
    town_connect(town, SENDER);
    town_wait(town, 2000);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued");
    town_wait(town, MINUTE_MS);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued refused");
    assert_string_equal(town_detail(town, SENDER, &id), STALE);
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 0);
    assert_int_equal(town_entries(town, SENDER, TREE_STALE), 0);
    assert_int_equal(town_status(town, SENDER)->outbox, 0);
    assert_int_equal(tracked(town), 2);
}

/* ---- refused under the new version ---- */

#define PSR_CATEGORIES                                                                             \
    "    gateway: SC2020_S30_REQUEST # general knowledge\n"                                        \
    "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n"                                              \
    "    allowed: [DC_CONTACT_ADDRESS, DC_SENTENCE_ORDER, DC_STAFF]\n"

/* A send waits for its verdict while the version changes under it. */
static void a_sender_who_waits_is_told_the_new_refusal(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = id_new(town_now(town));
    const Concordat__Response *r;
    const Concordat__Item *item;

    leave_with_the_key(town);
    psr_later(town, &(struct asked){.id = id, .wait_ms = 30000});
    agree_v4(town, true, true, PSR_CATEGORIES,
             "    gateway: SC2020_S30_REQUEST\n"
             "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n"
             "    allowed: [DC_SENTENCE_ORDER, DC_STAFF]\n");
    town_mischief(town)->active_version = 4;
    town_connect(town, SENDER);
    town_settle(town);
    r = town_reply(town, SENDER);
    assert_non_null(r);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED);
    assert_int_equal(r->refusal->agreement_version, 4);
    assert_int_equal(r->refusal->n_offending, 1);
    assert_int_equal(r->refusal->offending[0], CONCORDAT__DATA_CATEGORY__DC_CONTACT_ADDRESS);
    assert_non_null(strstr(r->advice, "without it the message would be permitted"));
    assert_memory_equal(r->message_id.data, id.bytes, ID_SIZE);
    assert_string_equal(town_ladder(town, SENDER, &id), "queued refused refused");
    item = town_track(town, SENDER, &id);
    assert_string_equal(item->rungs[1]->detail, STALE);
    assert_string_equal(item->rungs[1]->by, "hub");
    assert_string_equal(item->rungs[2]->detail, "CATEGORY_NOT_COVERED");
    assert_string_equal(item->rungs[2]->by, COURT);
    assert_int_equal(item->sent_again_as.len, 0);
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 0);
    assert_int_equal(town_entries(town, SENDER, TREE_REFUSALS), 2);
    assert_int_equal(town_status(town, SENDER)->outbox, 0);
    assert_int_equal(town_inbox(town, RECIPIENT)->n_items, 1);
}

/* The officer's name was put in because the old clause had room for it. */
static void an_officer_goes_again_only_where_there_is_room(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town), again;
    const Concordat__Response *r;

    agree_v4(town, true, true, "DC_CONTACT_ADDRESS, DC_SENTENCE_ORDER, DC_STAFF]",
             "DC_CONTACT_ADDRESS, DC_SENTENCE_ORDER]");
    town_mischief(town)->active_version = 4;
    town_connect(town, SENDER);
    town_settle(town);
    again = resent_as(town, &id);
    assert_string_equal(town_ladder(town, SENDER, &again), "queued accepted delivered");
    r = town_open(town, RECIPIENT, &again);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_null(strstr(r->json, "K. Hartley"));
}

/* A purpose that the sender left open follows the clause; one that was named does not change. */
static void a_purpose_that_was_named_stays(void **)
{
    for (int named = 0; named < 2; named++) {
        OWNED(town) town = town_new(court_and_nps, 2);
        struct id id = id_new(town_now(town));

        leave_with_the_key(town);
        psr_later(town, &(struct asked){
                            .id = id, .wait_ms = 1, .purpose = named ? "court_advice" : NULL});
        agree_v4(town, true, true,
                 "    purpose: court_advice\n    gateway: SC2020_S30_REQUEST # general knowledge",
                 "    purpose: supervise_sentence\n    gateway: COURT_TO_PROBATION");
        town_mischief(town)->active_version = 4;
        town_connect(town, SENDER);
        town_settle(town);
        if (named) {
            assert_string_equal(town_ladder(town, SENDER, &id), "queued refused refused");
            assert_string_equal(town_detail(town, SENDER, &id), "PURPOSE_NOT_COVERED");
        } else {
            struct id again = resent_as(town, &id);
            assert_string_equal(town_track(town, SENDER, &again)->purpose, "supervise_sentence");
        }
    }
}

/* ---- who waits, and what follows ---- */

static void a_sender_who_waits_is_told_of_both(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = id_new(town_now(town)), again;
    const Concordat__Response *r;

    leave_with_the_key(town);
    psr_later(town, &(struct asked){.id = id, .wait_ms = 30000});
    agree_same(town);
    town_connect(town, SENDER);
    town_settle(town);
    r = town_reply(town, SENDER);
    assert_non_null(r);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_memory_equal(r->sent_again_for.data, id.bytes, ID_SIZE);
    assert_int_equal(r->sent_again_version, 4);
    again = id_in(r->message_id);
    assert_memory_equal(town_track(town, SENDER, &id)->sent_again_as.data, again.bytes, ID_SIZE);
    /* The same send again is the same message, however it went. */
    psr_later(town, &(struct asked){.id = id, .wait_ms = 1});
    r = town_reply(town, SENDER);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_memory_equal(r->message_id.data, again.bytes, ID_SIZE);
    assert_memory_equal(r->sent_again_for.data, id.bytes, ID_SIZE);
    assert_int_equal(tracked(town), 3);
}

static void track_until(struct town *town, const struct id *id, const char *until)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__TrackRequest track = CONCORDAT__TRACK_REQUEST__INIT;

    track.message_id = field_of(id);
    track.until = plain(until);
    track.wait_ms = 600000;
    request.kind_case = CONCORDAT__REQUEST__KIND_TRACK;
    request.track = &track;
    town_ask_later(town, SENDER, &request);
}

static void who_waits_for_the_old_one_waits_for_the_new(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town), again;
    const Concordat__Response *r;

    track_until(town, &id, "opened");
    agree_same(town);
    town_connect(town, SENDER);
    town_settle(town);
    assert_null(town_reply(town, SENDER)); /* delivered, and nobody has opened it */
    r = town_inbox(town, RECIPIENT);
    again = id_in(r->items[1]->message_id);
    (void)town_open(town, RECIPIENT, &again);
    town_settle(town);
    r = town_reply(town, SENDER);
    assert_non_null(r);
    assert_int_equal(r->n_items, 1);
    assert_string_equal(r->items[0]->state, "opened");
    assert_memory_equal(r->items[0]->message_id.data, again.bytes, ID_SIZE);
    /* Who comes later follows too; who asks for the refusal gets it. */
    track_until(town, &id, "delivered");
    r = town_reply(town, SENDER);
    assert_memory_equal(r->items[0]->message_id.data, again.bytes, ID_SIZE);
    track_until(town, &id, "refused");
    r = town_reply(town, SENDER);
    assert_memory_equal(r->items[0]->message_id.data, id.bytes, ID_SIZE);
}

static void who_waits_for_the_refusal_gets_it(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town);
    const Concordat__Response *r;

    track_until(town, &id, "refused");
    agree_same(town);
    town_connect(town, SENDER);
    town_settle(town);
    r = town_reply(town, SENDER);
    assert_non_null(r);
    assert_memory_equal(r->items[0]->message_id.data, id.bytes, ID_SIZE);
    assert_string_equal(r->items[0]->state, "refused");
}

/* What replies to the old one replies to the new one, sealed before or sent after; being an enquiry
 * itself, in a conversation of its own. */
static void what_follows_goes_on_from_the_new_one(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id first = sealed_under_the_old(town), second = id_new(town_now(town)), again, next;
    const Concordat__Item *item;
    const Concordat__Response *r;

    psr_later(town, &(struct asked){.id = second, .in_reply_to = first, .wait_ms = 1});
    agree_same(town);
    town_connect(town, SENDER);
    town_settle(town);
    again = resent_as(town, &first);
    next = resent_as(town, &second);
    item = town_track(town, RECIPIENT, &next);
    assert_memory_equal(item->in_reply_to.data, again.bytes, ID_SIZE);
    assert_memory_equal(item->conversation_id.data, next.bytes, ID_SIZE);
    assert_int_equal(item->sequence, 1);
    psr_later(town, &(struct asked){.in_reply_to = first, .wait_ms = 30000});
    town_settle(town);
    r = town_reply(town, SENDER);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    next = id_in(r->message_id);
    item = town_track(town, RECIPIENT, &next);
    assert_memory_equal(item->in_reply_to.data, again.bytes, ID_SIZE);
    assert_memory_equal(item->conversation_id.data, next.bytes, ID_SIZE);
}

/* The recipient's key is gone in the meantime: the new one waits for the next, as any does. */
static void without_a_key_the_new_one_waits_for_it(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town), again;

    town_mischief(town)->hide_keys = true;
    town_mischief(town)->active_version = 4;
    town_connect(town, SENDER);
    town_settle(town); /* the verdict waits for its version */
    agree_same(town);
    town_wait(town, 8 * TOWN_DAY_MS); /* and the key that is known here has ended */
    town_settle(town);
    again = resent_as(town, &id);
    assert_string_equal(town_ladder(town, SENDER, &again), "queued");
    assert_int_equal(town_entries(town, SENDER, TREE_KEYLESS), 1);
    assert_int_equal(town_entries(town, SENDER, TREE_STALE), 0);
}

/* ---- a burst ---- */

#define CHECK_JSON                                                                                 \
    "{\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}],"               \
    " \"name\": {\"forename\": \"Kit\", \"surname\": \"Example\"}},"                               \
    " \"why\": \"PRE_SENTENCE\", \"neededByMs\": \"1796983200000\"}"

static void agree_checks(struct town *town)
{
    char *checks = text_with("checks.yaml", "version: 2", "version: 9");
    char *safe = text_with("safeguarding.yaml", "version: 4", "version: 9");
    const char *texts[] = {checks, safe};

    agree_all(town, texts, 2);
    free(checks);
    free(safe);
    town_mischief(town)->active_version = 9;
}

static void a_burst_goes_in_order_and_an_urgent_one_does_not_wait_for_it(void **)
{
    static struct id ids[BURST];
    OWNED(town) town = town_new(nps_and_csc, 2);
    struct id urgent;
    char *referral = town_example("child-referral.json");
    size_t before = 0, place = 0;

    send_later(town, "check.social_care.children.request", CSC, CHECK_JSON,
               &(struct asked){.wait_ms = 1});
    town_settle(town);
    town_disconnect(town, SENDER);
    for (size_t i = 0; i < BURST; i++) {
        ids[i] = id_new(town_now(town));
        send_later(town, "check.social_care.children.request", CSC, CHECK_JSON,
                   &(struct asked){.id = ids[i], .wait_ms = 1});
    }
    urgent = id_new(town_now(town));
    agree_checks(town);
    town_connect(town, SENDER);
    town_turns(town, 1); /* the verdicts have come, and the first of them go again */
    send_later(town, "safeguarding.referral.child", CSC, referral,
               &(struct asked){.id = urgent, .wait_ms = 1});
    free(referral);
    town_settle(town);
    assert_int_equal(town_counts(town).stale, BURST);
    for (size_t i = 0; i < BURST; i++) {
        struct id again = resent_as(town, &ids[i]);
        size_t at = town_place(town, &again);

        assert_true(at != SIZE_MAX && (i == 0 || at > place));
        place = at;
        before += at < town_place(town, &urgent);
    }
    assert_true(town_place(town, &urgent) != SIZE_MAX);
    assert_true(before < BURST / 2);
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 0);
    assert_int_equal(town_entries(town, SENDER, TREE_STALE), 0);
    assert_int_equal(town_counts(town).submits, 1 + 2 * BURST + 1);
}

/* ---- refusals ---- */

static void what_this_agent_refuses_is_noted_too(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = id_new(town_now(town));
    int64_t before = town_now(town);
    const Concordat__RefusalRecord *one;
    const Concordat__Response *r;

    psr_later(town, &(struct asked){
                        .id = id, .purpose = "treatment", .justification = "the list is today"});
    r = town_reply(town, SENDER);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_non_null(strstr(r->advice, "is for the purpose court_advice"));
    town_restart(town, SENDER);
    r = refusals(town, before);
    assert_int_equal(r->n_refusals, 1);
    one = r->refusals[0];
    assert_string_equal(one->by, COURT);
    assert_memory_equal(one->message_id.data, id.bytes, ID_SIZE);
    assert_string_equal(one->type, "psr.request");
    assert_string_equal(one->to, NPS);
    assert_int_equal(one->code, CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED);
    assert_string_equal(one->agreement_id, "ISA-COURT");
    assert_int_equal(one->agreement_version, 3);
    assert_string_equal(one->clause, "psr-request");
    assert_string_equal(one->officer, "K. Hartley");
    assert_string_equal(one->justification, "the list is today");
    assert_int_equal(refusals(town, town_now(town) + 1)->n_refusals, 0);
}

static void what_the_broker_refuses_is_noted_with_who_wanted_it(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    struct id id = sealed_under_the_old(town), again;
    const Concordat__Response *r;

    agree_same(town);
    town_connect(town, SENDER);
    town_settle(town);
    again = resent_as(town, &id);
    town_mischief(town)->refuse = CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED;
    (void)town_send(town, SENDER, "psr.request", NPS, "psr.request.json", NULL);
    r = refusals(town, 0);
    assert_int_equal(r->n_refusals, 2);
    assert_int_equal(r->refusals[0]->code, CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED);
    assert_string_equal(r->refusals[0]->by, "hub");
    assert_string_equal(r->refusals[0]->officer, "K. Hartley");
    assert_int_equal(r->refusals[1]->code, CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE);
    assert_int_equal(r->refusals[1]->agreement_version, 3);
    assert_memory_equal(r->refusals[1]->sent_again_as.data, again.bytes, ID_SIZE);
}

/* What waited for a key of somebody who is nobody: the officer's name is kept that long. Nothing
 * but the code can say what to change. */
static void what_waited_in_vain_is_noted_with_who_wanted_it(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);
    const Concordat__Response *r;

    town_mischief(town)->hide_agencies = true;
    psr_later(town, &(struct asked){.wait_ms = 30000, .justification = "it is wanted"});
    town_settle(town);
    r = town_reply(town, SENDER);
    assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__RECIPIENT_UNKNOWN);
    assert_null(strstr(r->advice, "does not permit"));
    r = refusals(town, 0);
    assert_int_equal(r->n_refusals, 1);
    assert_int_equal(r->refusals[0]->code, CONCORDAT__REFUSAL_CODE__RECIPIENT_UNKNOWN);
    assert_string_equal(r->refusals[0]->by, COURT);
    assert_string_equal(r->refusals[0]->officer, "K. Hartley");
    assert_string_equal(r->refusals[0]->justification, "it is wanted");
    assert_int_equal(town_entries(town, SENDER, TREE_KEPT), 0);
}

static void refusals_go_when_their_time_is_over(void **)
{
    OWNED(town) town = town_new(court_and_nps, 2);

    psr_later(town, &(struct asked){.purpose = "treatment"});
    town_disconnect(town, SENDER);
    town_jump(town, 364 * TOWN_DAY_MS);
    town_wait(town, 2 * MINUTE_MS);
    assert_int_equal(town_entries(town, SENDER, TREE_REFUSALS), 1);
    town_jump(town, 2 * TOWN_DAY_MS);
    town_wait(town, 2 * MINUTE_MS);
    assert_int_equal(town_entries(town, SENDER, TREE_REFUSALS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_message_is_sent_again_once),
        cmocka_unit_test(what_is_accepted_is_kept_no_longer),
        cmocka_unit_test(any_other_refusal_is_final),
        cmocka_unit_test(a_second_stale_is_final),
        cmocka_unit_test(a_crash_at_any_turn_loses_nothing_and_sends_nothing_twice),
        cmocka_unit_test(a_lost_verdict_comes_again),
        cmocka_unit_test(a_verdict_before_its_version_waits_for_it),
        cmocka_unit_test(a_version_that_does_not_come_ends_the_wait),
        cmocka_unit_test(a_sender_who_waits_is_told_the_new_refusal),
        cmocka_unit_test(an_officer_goes_again_only_where_there_is_room),
        cmocka_unit_test(a_purpose_that_was_named_stays),
        cmocka_unit_test(a_sender_who_waits_is_told_of_both),
        cmocka_unit_test(who_waits_for_the_old_one_waits_for_the_new),
        cmocka_unit_test(who_waits_for_the_refusal_gets_it),
        cmocka_unit_test(what_follows_goes_on_from_the_new_one),
        cmocka_unit_test(without_a_key_the_new_one_waits_for_it),
        cmocka_unit_test(a_burst_goes_in_order_and_an_urgent_one_does_not_wait_for_it),
        cmocka_unit_test(what_this_agent_refuses_is_noted_too),
        cmocka_unit_test(what_the_broker_refuses_is_noted_with_who_wanted_it),
        cmocka_unit_test(what_waited_in_vain_is_noted_with_who_wanted_it),
        cmocka_unit_test(refusals_go_when_their_time_is_over),
    };
    return cmocka_run_group_tests_name("resend", tests, NULL, NULL);
}
