/* An immediate referral of a child, watched to the end of the order: a person is told every quarter
 * of an hour until somebody opens it; it is acknowledged, decided, kept up to date; it moves with
 * the case, and its numbers with it; and it is asked for when the order has ended without its
 * close. What is said twice is said once; what comes out of order waits for what is missing.
 *
 *     scenario_d2 BIN SOURCE FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/told.h"
#include "tests/system/custodians.h"

#define PROBATION "nps.cambs"
#define COMPANY "crc.bench"
#define CHILDREN "csc.cambs"
#define REFERRAL "safeguarding.referral.child"
#define UPDATE "safeguarding.update"
#define CLOSE "safeguarding.close"
#define HUB "Multi-agency safeguarding hub, Cambridgeshire" /* children's contact in ISA-SAFE */
#define MINUTE_MS INT64_C(60000)

#define K                                                                                          \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000001\"}], \"name\": "     \
    "{\"forename\": \"Kit\", \"surname\": \"Example\"}}"

static const struct member members[] = {{PROBATION, "NPS"},
                                        {COMPANY, "CRC"},
                                        {CHILDREN, "LA_CHILDREN"},
                                        {"asc.cambs", "LA_ADULTS"},
                                        {"police.35", "POLICE"}};
#define WITH_AGENTS 3
static const char *const agreements[] = {"case.yaml", "safeguarding.yaml", NULL};

static const char referral[] =
    "{" K ", \"children\": [{\"name\": {\"forename\": \"Ari\", \"surname\": \"Example\"}}], "
    "\"concern\": [\"NEGLECT\"], \"consent\": \"NOT_SOUGHT_UNSAFE\", \"whatHappened\": {\"text\": "
    "\"Left alone in the evening.\"}, \"orderEnd\": {\"ymd\": 20260930}}";
static const char closed[] = "{" K ", \"date\": {\"ymd\": 20260602}}";

struct stage {
    struct scenario s;
    struct handover h;
    struct concordat_id referral;
    char id[ID_BASE64]; /* the same, as bodies have it */
    char json[1024];
};

static struct concordat_answer *reply(struct stage *t, const char *from, const char *type,
                                      const char *json)
{
    return scenario_send(&t->s, from,
                         (struct concordat_message){.type = type,
                                                    .to = PROBATION,
                                                    .json = json,
                                                    .case_handle = t->h.case_handle,
                                                    .in_reply_to = t->referral});
}

/* Update `number` in the referral, by `from` to whoever is on its other side. */
/* `more`: members of its body, each with a comma before it. */
static struct concordat_answer *update_with(struct stage *t, const char *from, unsigned number,
                                            const char *change, const char *more)
{
    (void)snprintf(t->json, sizeof t->json,
                   "{\"referralId\": \"%s\", \"number\": %u, \"childChanges\": [\"%s\"]%s}", t->id,
                   number, change, more);
    return scenario_send(&t->s, from,
                         (struct concordat_message){.type = UPDATE,
                                                    .json = t->json,
                                                    .case_handle = t->h.case_handle,
                                                    .conversation_id = t->referral});
}

static struct concordat_answer *update(struct stage *t, const char *from, unsigned number,
                                       const char *change)
{
    return update_with(t, from, number, change, "");
}

/* Delivered, and to that agency. */
static bool came_to(struct stage *t, const char *from, const char *agency,
                    const struct concordat_id *id)
{
    struct concordat_answer *tracked =
        concordat_track(scenario_client(&t->s, from), id, 0, NULL, 0);
    bool is_its = tracked->item_count == 1 && strcmp(tracked->items[0].to, agency) == 0;

    concordat_answer_free(tracked);
    return is_its && scenario_reaches(&t->s, from, id, "delivered");
}

/* ---- nobody is there ---- */

static void nobody_opens_it(struct stage *t)
{
    scenario_stop_agent(&t->s, CHILDREN);
    int64_t began_ms = peer_now_ms();
    t->referral =
        expect_accepted(scenario_send(&t->s, PROBATION,
                                      (struct concordat_message){.type = REFERRAL,
                                                                 .to = CHILDREN,
                                                                 .json = referral,
                                                                 .case_handle = t->h.case_handle}),
                        "probation refers the child, while social care's agent is down");
    expect(peer_now_ms() - began_ms < 1000, "the broker has it within a second");
    id_as_body(&t->referral, t->id);
    expect(scenario_queued(&t->s, CHILDREN) == 1, "and holds it");
    expect(alarms_of(&t->s, PROBATION, &(struct alarms){.kind = "open"}) == 0,
           "a quarter of an hour is not over");
    scenario_later(&t->s, "2026-03-02T09:16:00Z");
    expect_alarms(&t->s, PROBATION, &(struct alarms){.kind = "open", .role = HUB}, 1,
                  "unopened after 15 minutes: for the duty desk of the agreement, by name");
    scenario_later(&t->s, "2026-03-02T09:31:00Z");
    expect_alarms(&t->s, PROBATION, &(struct alarms){.kind = "open", .role = HUB}, 2,
                  "and again 15 minutes later");
    daemon_kill(&t->s.community.broker);
    community_start_broker(&t->s.community);
    scenario_later(&t->s, "2026-03-02T09:46:00Z");
    expect_alarms(&t->s, PROBATION, &(struct alarms){.kind = "open", .role = HUB}, 3,
                  "and again, though the broker was killed between: none twice");
    scenario_start_agent(&t->s, CHILDREN);
    expect(scenario_reaches(&t->s, PROBATION, &t->referral, "delivered"),
           "social care's agent is back, and takes it");
    expect_alarms(&t->s, CHILDREN, &(struct alarms){.kind = "open", .role = HUB}, 1,
                  "and hears the last of what was missed");
}

static void is_taken_on(struct stage *t)
{
    struct concordat_answer *opened =
        concordat_take(scenario_client(&t->s, CHILDREN), &t->referral);

    expect(opened->outcome == CONCORDAT_DONE, "a social worker opens it");
    concordat_answer_free(opened);
    (void)snprintf(
        t->json, sizeof t->json,
        "{\"referralId\": \"%s\", \"receivedMs\": \"%lld\", \"decisionDueMs\": \"%lld\"}", t->id,
        (long long)peer_now_ms(), (long long)(peer_now_ms() + DAY_MS));
    (void)expect_accepted(reply(t, CHILDREN, "safeguarding.referral.ack", t->json),
                          "and acknowledges it, with a date for the decision");
    expect(scenario_reaches(&t->s, PROBATION, &t->referral, "opened"), "probation knows");
    expect_due(&t->s, PROBATION, "decide", REFERRAL, "the decision is owed to it");
    scenario_later(&t->s, "2026-03-02T10:05:00Z");
    expect_alarms(&t->s, PROBATION, &(struct alarms){.kind = "open"}, 3,
                  "nobody is called any more");
    expect(alarms_of(&t->s, PROBATION, &(struct alarms){.kind = "acknowledge", .stage = "breached"})
               == 0,
           "it was acknowledged within the hour");
    scenario_later(&t->s, "2026-03-02T15:00:00Z");
    (void)snprintf(t->json, sizeof t->json,
                   "{\"referralId\": \"%s\", \"outcome\": \"S47_ENQUIRY\", \"wantsUpdates\": true, "
                   "\"updateIntervalDays\": 28}",
                   t->id);
    (void)expect_accepted(reply(t, CHILDREN, "safeguarding.referral.decision", t->json),
                          "decided: an enquiry under section 47; updates every 28 days");
    expect_due(&t->s, PROBATION, "close", REFERRAL, "what is owed of it now is its close");
    expect(alarms_of(&t->s, PROBATION, &(struct alarms){.kind = "decide", .stage = "breached"})
               == 0,
           "it was decided in time");
    struct concordat_id first =
        expect_accepted(update(t, PROBATION, 1, "NONE"), "probation's update number 1");
    expect(came_to(t, PROBATION, CHILDREN, &first), "comes to social care");
}

/* ---- the case moves, and the referral with it ---- */

static void moves(struct stage *t)
{
    scenario_later(&t->s, "2026-03-09T10:00:00Z");
    struct concordat_id offer =
        expect_accepted(handover_offer(&t->h, NULL), "the case is offered to the company");
    if (!scenario_reaches(&t->s, PROBATION, &offer, "delivered"))
        fail("the offer does not arrive");
    expect(conversation_is_listed(&t->s, COMPANY, &offer, &t->referral),
           "the offer lists the referral");
    expect_bad_or_refused(update(t, COMPANY, 2, "NONE"), "the company has no part in it yet");
    (void)expect_accepted(handover_accept(&t->h, NULL), "it accepts");
    struct concordat_id part =
        expect_accepted(handover_send_part(&t->h, 1, false), "the record follows");
    if (!scenario_reaches(&t->s, PROBATION, &part, "delivered")
        || !handover_part_is(&t->h, 1, "here"))
        fail("the record does not arrive");
    (void)expect_accepted(handover_complete(&t->h), "and completes");
    expect_holder(&t->s, CHILDREN, &t->h.case_handle, COMPANY, "social care sees who holds it");
    expect_open(&t->s, CHILDREN, &t->h.case_handle, &t->referral, COMPANY,
                "its referral is with the company now");
    expect_open(&t->s, COMPANY, &t->h.case_handle, &t->referral, CHILDREN,
                "which has it under the same id");
    struct concordat_id second = expect_accepted(update(t, COMPANY, 2, "WORKER_CHANGED"),
                                                 "the company's update, in the same referral");
    expect(came_to(t, COMPANY, CHILDREN, &second), "comes to social care");
    struct concordat_id back =
        expect_accepted(update(t, CHILDREN, 1, "PLAN_STARTED"), "social care's update in it");
    expect(came_to(t, CHILDREN, COMPANY, &back), "comes to the company");
    expect_bad_or_refused(update(t, PROBATION, 3, "NONE"), "probation has no part in it any more");
}

static void is_said_twice(struct stage *t)
{
    struct concordat_id id = concordat_id_new();
    struct concordat_message message = {.type = UPDATE,
                                        .conversation_id = t->referral,
                                        .case_handle = t->h.case_handle,
                                        .message_id = id};
    char json[256];
    size_t before = scenario_arrived(&t->s, CHILDREN);

    (void)snprintf(json, sizeof json,
                   "{\"referralId\": \"%s\", \"number\": 3, \"childChanges\": [\"NONE\"]}", t->id);
    message.json = json;
    struct concordat_id first =
        expect_accepted(scenario_send(&t->s, COMPANY, message), "an update is sent");
    if (!came_to(t, COMPANY, CHILDREN, &first))
        fail("the update does not arrive");
    struct concordat_id second =
        expect_accepted(scenario_send(&t->s, COMPANY, message), "and the same once more");
    expect(memcmp(&first, &second, sizeof first) == 0
               && scenario_arrived(&t->s, CHILDREN) == before + 1,
           "it is the same message, and came once");
}

/* ---- nobody says how it goes on ---- */

static void stays_silent(struct stage *t)
{
    static const struct alarms silence = {
        .kind = "expected", .stage = "breached", .expected = UPDATE};

    scenario_later(&t->s, "2026-04-06T09:45:00Z");
    expect(alarms_of(&t->s, COMPANY, &silence) == 0 && alarms_of(&t->s, CHILDREN, &silence) == 0,
           "nearly four weeks without an update, and nobody is told");
    scenario_later(&t->s, "2026-04-08T10:00:00Z");
    expect_alarms(&t->s, COMPANY, &silence, 1, "28 days without one: the company is told");
    expect_alarms(&t->s, CHILDREN, &silence, 1, "and so is social care");
    scenario_later(&t->s, "2026-04-20T10:00:00Z");
    (void)expect_accepted(update(t, COMPANY, 4, "NONE"), "the company says how it goes on");
    scenario_later(&t->s, "2026-05-16T10:00:00Z");
    (void)expect_accepted(
        update_with(t, COMPANY, 5, "ORDER_ENDING", ", \"orderEnd\": {\"ymd\": 20260602}"),
        "and again within 28 days: the order ends sooner than was thought");
    expect_alarms(&t->s, CHILDREN, &silence, 1, "one silence was told once");
}

/* ---- the order ends ---- */

static void ends(struct stage *t)
{
    scenario_later(&t->s, "2026-06-02T10:00:00Z");
    (void)expect_accepted(
        scenario_send(&t->s, COMPANY,
                      (struct concordat_message){.type = "case.closed",
                                                 .to = CHILDREN,
                                                 .json = closed,
                                                 .case_handle = t->h.case_handle}),
        "the order ends, and social care is told");
    expect_due(&t->s, CHILDREN, "expected", CLOSE, "the referral is to be closed");
    struct concordat_answer *answer = close_case(&t->s, COMPANY, &t->h.case_handle);
    expect(answer->outcome == CONCORDAT_REFUSED, "the case is not over while its referral is open");
    concordat_answer_free(answer);
    scenario_later(&t->s, "2026-06-05T10:05:00Z");
    expect_alarms(&t->s, CHILDREN,
                  &(struct alarms){.kind = "expected", .stage = "breached", .expected = CLOSE}, 1,
                  "three days later social care is told that it was not closed");
    expect_alarms(&t->s, COMPANY,
                  &(struct alarms){.kind = "expected", .stage = "breached", .expected = CLOSE}, 1,
                  "and so is the company");
    expect(alarms_of(&t->s, COMPANY, &(struct alarms){.kind = "close"}) == 0,
           "the order's last day is three days ago at midnight");
    scenario_later(&t->s, "2026-06-06T00:05:00Z");
    expect_alarms(&t->s, CHILDREN,
                  &(struct alarms){.kind = "close", .stage = "breached", .expected = CLOSE}, 1,
                  "three days after the end that was said last, social care is told");
    expect_alarms(&t->s, COMPANY,
                  &(struct alarms){.kind = "close", .stage = "breached", .expected = CLOSE}, 1,
                  "and so is the company, though another has referred the child");
    (void)snprintf(t->json, sizeof t->json,
                   "{\"referralId\": \"%s\", \"reason\": \"ORDER_ENDED\", \"date\": {\"ymd\": "
                   "20260605}}",
                   t->id);
    (void)expect_accepted(scenario_send(&t->s, COMPANY,
                                        (struct concordat_message){.type = CLOSE,
                                                                   .json = t->json,
                                                                   .case_handle = t->h.case_handle,
                                                                   .conversation_id = t->referral}),
                          "the company closes the referral");
    expect_not_open(&t->s, CHILDREN, &t->h.case_handle, &t->referral, "it is over at social care");
    expect_not_due(&t->s, CHILDREN, CLOSE, "where nothing more is due");
    expect_bad_or_refused(update(t, COMPANY, 6, "NONE"), "and is over: no update goes in it");
    answer = close_case(&t->s, COMPANY, &t->h.case_handle);
    expect(answer->outcome == CONCORDAT_DONE, "now the case is over");
    concordat_answer_free(answer);
    expect_holder(&t->s, PROBATION, &t->h.case_handle, "", "and nobody holds it");
}

/* Who knew what when: every step of the referral, signed and in order. */
static void audit_shows_it(struct stage *t)
{
    static const char *const ladder[] = {"delivered", "opened", "answered"};
    struct concordat_answer *tracked =
        concordat_track(scenario_client(&t->s, PROBATION), &t->referral, 0, NULL, 0);
    const struct concordat_item *item = tracked->item_count == 1 ? tracked->items : NULL;
    size_t found = 0;
    int64_t last_ms = 0;

    for (size_t i = 0; item && i < item->rung_count && found < 3; i++) {
        const struct concordat_rung *rung = &item->rungs[i];
        if (strcmp(rung->name, ladder[found]) != 0)
            continue;
        found += rung->verified && rung->at_ms >= last_ms;
        last_ms = rung->at_ms;
    }
    for (size_t i = 0; found < 3 && item && i < item->rung_count; i++)
        printf("     %s by %s%s\n", item->rungs[i].name, item->rungs[i].by,
               item->rungs[i].verified ? ", verified" : "");
    expect(found == 3, "who knew what when: delivered, opened, decided, each signed");
    for (size_t i = 0; found < 3 && item && i < item->rung_count; i++)
        printf("     %s by %s, %s\n", item->rungs[i].name, item->rungs[i].by,
               item->rungs[i].verified ? "verified" : "not verified");
    concordat_answer_free(tracked);
}

/* ---- by hand, out of order ---- */

static const uint32_t about_child[] = {CONCORDAT__DATA_CATEGORY__DC_IDENTITY,
                                       CONCORDAT__DATA_CATEGORY__DC_CHILD};

struct hands {
    struct stage *t;
    struct peer *from, *to;
    struct mail mail;
    uint8_t key_id[KEY_ID_SIZE];
    struct id conversation;
    uint32_t handed; /* the last number that was handed over */
};

static void meet(struct hands *h)
{
    peer_disconnect(h->from);
    peer_disconnect(h->to);
    peer_open(h->from, h->t->s.community.port, 64);
    peer_open(h->to, h->t->s.community.port, 64);
}

/* With that number in the conversation; 1 opens it. `again`: the message that was said, to be said
 * again; NULL: a new one. */
static struct wire say(struct hands *h, uint32_t sequence, struct envelope *again)
{
    static uint8_t body[1024], kept[1024]; /* of a new one; of the one that is said again */
    struct envelope e;
    struct wire verdict = {.kind = WIRE_BYE};
    bool is_new = !again || again->sequence != sequence;

    h->mail.type = sequence == 1 ? REFERRAL : UPDATE;
    h->mail.clause = sequence == 1 ? "referral-child" : "update-child";
    h->mail.urgency = sequence == 1 ? CONCORDAT__URGENCY__IMMEDIATE : CONCORDAT__URGENCY__ROUTINE;
    peer_compose(h->from, &h->mail, &e, body);
    if (sequence == 1)
        h->conversation = e.conversation_id;
    e.conversation_id = h->conversation;
    e.sequence = sequence;
    if (!is_new)
        e = *again;
    else if (again) {
        *again = e;
        memcpy(kept, body, sizeof kept);
    }
    if (peer_submit_and_wait(
            h->from, &e,
            (struct bytes){is_new ? body : kept, h->mail.section_size * h->mail.category_count},
            &verdict, WAIT_MS)
        != ST_OK)
        fail("no verdict");
    return verdict;
}

/* The next number that is handed over, for the first time; 0: none. */
static uint32_t next_handed(struct hands *h, int wait_ms)
{
    struct wire wire;
    struct bytes body;

    while (peer_next(h->to, &wire, &body, wait_ms) == ST_OK) {
        if (wire.kind != WIRE_DELIVER)
            continue;
        struct envelope e;
        struct reason why;
        OWNED(arena) arena = arena_new(65536, 65536);
        if (!arena || envelope_read(wire.deliver.header, arena, &e, &why) != ST_OK)
            fail("a header cannot be read");
        struct taken taken = {e.message_id,
                              sha256(wire.deliver.header.data, wire.deliver.header.size)};
        peer_confirm(h->to, &taken, 1);
        if (peer_flush(h->to, WAIT_MS) != ST_OK)
            fail("no step");
        if (memcmp(&e.conversation_id, &h->conversation, sizeof e.conversation_id) == 0
            && e.sequence > h->handed)
            return h->handed = e.sequence;
    }
    return 0;
}

/* As told.h has it: its kind stands before. */
static bool read_told(const struct wire *wire, struct told *told)
{
    static uint8_t bytes[TOLD_MAX + 1];
    OWNED(arena) arena = arena_new(65536, 65536);
    struct reason why;

    if (!arena || wire->told.told.size > TOLD_MAX)
        fail("what is told is too large");
    bytes[0] = wire->told.kind;
    memcpy(bytes + 1, wire->told.told.data, wire->told.told.size);
    return told_read((struct bytes){bytes, wire->told.told.size + 1}, arena, told, &why) == ST_OK;
}

/* Is the peer told that this number is missing? */
static bool hears_of_gap(struct peer *peer, uint32_t missing)
{
    static struct told told;
    struct wire wire;
    struct bytes body;

    while (peer_next(peer, &wire, &body, WAIT_MS) == ST_OK)
        if (wire.kind == WIRE_TOLD && read_told(&wire, &told) && told.kind == TOLD_CLOCK
            && told.clock.kind == CONCORDAT__CLOCK_KIND__CLOCK_GAP)
            return told.clock.count == missing;
    return false;
}

static bool is_refused(const struct wire *verdict, Concordat__RefusalCode code)
{
    return verdict->kind == WIRE_REFUSAL && verdict->refusal.refusal.code == code;
}

static void comes_out_of_order(struct stage *t)
{
    struct hands h = {.t = t,
                      .from = peer_new(t->s.pki, PROBATION),
                      .to = peer_new(t->s.pki, CHILDREN),
                      .mail = {.to = CHILDREN,
                               .agreement_id = "ISA-SAFE",
                               .purpose = "safeguard_child",
                               .gateway = "CA1989_S17_S47",
                               .marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE,
                               .categories = about_child,
                               .category_count = 2,
                               .section_size = 512}};
    struct envelope second = {.sequence = 0};

    scenario_address(&t->s, COMPANY, &h.mail, h.key_id);
    scenario_stop_agent(&t->s, PROBATION);
    scenario_stop_agent(&t->s, CHILDREN);
    meet(&h);
    struct wire verdict = say(&h, 1, NULL);
    bool opened = verdict.kind == WIRE_RECEIPT;
    verdict = say(&h, 2, &second);
    uint64_t receipt = verdict.kind == WIRE_RECEIPT ? verdict.receipt.receipt.sequence : 0;
    expect(opened && receipt > 0 && next_handed(&h, WAIT_MS) == 1 && next_handed(&h, WAIT_MS) == 2,
           "by hand: a referral and an update, in order");
    verdict = say(&h, 2, &second);
    expect(verdict.kind == WIRE_RECEIPT && verdict.receipt.receipt.sequence == receipt,
           "the update again: the same receipt");
    verdict = say(&h, 2, NULL);
    expect(is_refused(&verdict, CONCORDAT__REFUSAL_CODE__SEQUENCE_REUSED),
           "another with its number: SEQUENCE_REUSED");
    verdict = say(&h, 4, NULL);
    expect(verdict.kind == WIRE_RECEIPT && next_handed(&h, 500) == 0,
           "number 4 before 3 is accepted, and held");
    verdict = say(&h, 3, NULL);
    expect(verdict.kind == WIRE_RECEIPT && next_handed(&h, WAIT_MS) == 3
               && next_handed(&h, WAIT_MS) == 4,
           "with number 3 both are handed over, in order");
    verdict = say(&h, 6, NULL);
    expect(verdict.kind == WIRE_RECEIPT && next_handed(&h, 500) == 0, "number 6 before 5 is held");
    daemon_kill(&t->s.community.broker);
    community_start_broker(&t->s.community);
    meet(&h);
    expect(next_handed(&h, 500) == 0, "also past a kill");
    scenario_clock_to(peer_now_ms() + 2 * MINUTE_MS);
    meet(&h);
    expect(hears_of_gap(h.from, 5), "a minute later its sender is told that 5 is missing");
    expect(next_handed(&h, WAIT_MS) == 6, "and 6 is handed over all the same");
    verdict = say(&h, 5, NULL);
    expect(is_refused(&verdict, CONCORDAT__REFUSAL_CODE__SEQUENCE_REUSED),
           "5 comes too late to be 5");
    verdict = say(&h, 7, NULL);
    expect(verdict.kind == WIRE_RECEIPT && next_handed(&h, WAIT_MS) == 7, "7 follows");
    peer_free(h.from);
    peer_free(h.to);
}

int main(int argc, char **argv)
{
    static struct stage t;

    scenario_begin(
        &t.s, argc, argv, "2026-03-02T09:00:00Z",
        &(struct cast){members, sizeof members / sizeof *members, WITH_AGENTS, agreements});
    t.h = (struct handover){.s = &t.s,
                            .from = PROBATION,
                            .to = COMPANY,
                            .reason = "INITIAL_ALLOCATION",
                            .subject = K,
                            .components = 2,
                            .part_count = 1,
                            .case_handle = open_case(&t.s, PROBATION)};
    handover_prepare(&t.h);
    nobody_opens_it(&t);
    is_taken_on(&t);
    moves(&t);
    is_said_twice(&t);
    audit_shows_it(&t);
    stays_silent(&t);
    ends(&t);
    comes_out_of_order(&t);
    return scenario_end(&t.s);
}
