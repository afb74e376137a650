/* A company asks the police for intelligence outside the agreement: refused whole, by its own agent
 * and by the broker, and the police never learn of whom; what is covered passes. Who tries again
 * and again is slowed down and reported to the agreement's owner. A refusal is the same, in text,
 * size and time, whether the police know the subject or not.
 *
 *     scenario_d6 BIN SOURCE FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "proto/notice.h"
#include "tests/system/scenario.h"

#define COMPANY "crc.bench"
#define POLICE "police.35"
#define PROBATION "nps.cambs"
#define RETRIES 30
#define PAIRS 100   /* timed refusals of either kind */
#define ROUND 10    /* pairs within an hour: none is over the quota */
#define UNEVEN 0.2  /* as far from a half is nearly five standard deviations of 100 pairs */
#define SECTION 256 /* bytes, by hand */
#define FRAME_ROOM 65536
#define QUOTA_HOUR_MS (HOUR_MS + 60000)

#define PERSON(crn, forename)                                                                      \
    "\"subject\": {\"identifiers\": [{\"type\": \"CRN\", \"value\": \"" crn                        \
    "\"}], \"name\": {\"forename\": \"" forename "\", \"surname\": \"Example\"}}"
#define R PERSON("X000003", "Ray")
#define NOBODY PERSON("X000004", "Roy") /* of whom the police have never heard; as long */
#define WHY ", \"why\": \"RISK_REVIEW\", \"neededByMs\": \"1781085600000\""
#define ASSOCIATES                                                                                 \
    ", \"others\": [{\"person\": {\"name\": {\"forename\": \"Sam\", \"surname\": \"Dummy\"}}, "    \
    "\"relationship\": \"associate\"}], \"intelligence\": [\"Any intelligence on associates\"]"

static const struct member members[] = {{COMPANY, "CRC"},
                                        {POLICE, "POLICE"},
                                        {PROBATION, "NPS"},
                                        {"prison.pbi", "PRISON"},
                                        {"csc.cambs", "LA_CHILDREN"},
                                        {"hou.cambridge", "LA_HOUSING"},
                                        {"mh.cambs", "NHS_MENTAL_HEALTH"}};
static const char *const agreements[] = {"checks-crc.yaml", "event.yaml", "case.yaml", "mappa.yaml",
                                         NULL};

static const char convictions[] = "{" R WHY "}";
static const char intelligence[] = "{" R WHY ASSOCIATES "}";
static const char of_nobody[] = "{" NOBODY WHY ASSOCIATES "}";

/* The same by hand: identity, others, intelligence. */
static const uint32_t asked[] = {CONCORDAT__DATA_CATEGORY__DC_IDENTITY,
                                 CONCORDAT__DATA_CATEGORY__DC_THIRD_PARTY,
                                 CONCORDAT__DATA_CATEGORY__DC_INTELLIGENCE};
_Static_assert(CONCORDAT__DATA_CATEGORY__DC_THIRD_PARTY == 14
                   && CONCORDAT__DATA_CATEGORY__DC_INTELLIGENCE == 15,
               "the numbers that the agreements' readers know");

struct stage {
    struct scenario s;
    struct peer *company, *police;
    struct mail mail; /* the company's question, by hand */
    uint8_t key_id[KEY_ID_SIZE];
    struct id known; /* case handle of R's, at the police */
    struct id refused[RETRIES];
};

/* ---- at its own agent ---- */

#define OFFICER "N03A001"
#define REASON "a risk plan is due"

static struct concordat_answer *ask(struct stage *t, const char *type, const char *body)
{
    return scenario_send(&t->s, COMPANY,
                         (struct concordat_message){.type = type,
                                                    .to = POLICE,
                                                    .json = body,
                                                    .new_case = true,
                                                    .officer = OFFICER,
                                                    .justification = REASON});
}

static void nothing_reached_the_police(struct stage *t, const void *id, size_t size, size_t arrived)
{
    expect(!scenario_holds(&t->s, "agents/" POLICE, id, size)
               && scenario_arrived(&t->s, POLICE) == arrived && scenario_queued(&t->s, POLICE) == 0,
           "the police have nothing of it, nor has the broker for them");
}

/* The `place`-th refusal that the company's own agent keeps, the newest being 0. */
static void was_kept(struct stage *t, const char *type, const char *code, size_t place)
{
    struct concordat_answer *answer = concordat_refusals(scenario_client(&t->s, COMPANY), 0, 0, 0);
    const struct concordat_refused *r =
        answer->refused_count > place ? &answer->refused[place] : NULL;

    expect(r && strcmp(r->type, type) == 0 && strcmp(r->code, code) == 0
               && strcmp(r->by, COMPANY) == 0 && strcmp(r->officer, OFFICER) == 0
               && strcmp(r->justification, REASON) == 0,
           "%s is kept with officer and justification", code);
    concordat_answer_free(answer);
}

static void asks_for_more_than_was_agreed(struct stage *t)
{
    struct concordat_answer *answer = ask(t, "check.police.callouts.request", convictions);
    struct concordat_id id = answer->message_id;
    expect_refused(answer, "TYPE_NOT_COVERED", "call-outs");
    nothing_reached_the_police(t, id.bytes, sizeof id.bytes, 0);

    answer = ask(t, "check.police.precons.request", intelligence);
    id = answer->message_id;
    const struct concordat_refusal *r = answer->refusal;
    expect(r && r->offending_count == 2 && strcmp(r->offending[0], "DC_THIRD_PARTY") == 0
               && strcmp(r->offending[1], "DC_INTELLIGENCE") == 0,
           "offending: others, and intelligence");
    expect(r && strcmp(r->agreement_id, "ISA-CHECK-CRC") == 0
               && strcmp(r->clause, "precons-request") == 0
               && strstr(r->advice, "does not cover DC_THIRD_PARTY, DC_INTELLIGENCE from " COMPANY
                                    " to " POLICE)
               && strstr(r->advice, "without them the message would be permitted"),
           "with advice: what this agreement does not cover to this party, and what would pass");
    expect_refused(answer, "CATEGORY_NOT_COVERED", "intelligence inside a covered type");
    nothing_reached_the_police(t, id.bytes, sizeof id.bytes, 0);
    expect(daemon_said(&t->s.community.agents[scenario_member(&t->s, COMPANY)],
                       "event=refused_here type=check.police.precons.request to=" POLICE
                       " code=CATEGORY_NOT_COVERED",
                       WAIT_MS),
           "the refusal is logged");
    was_kept(t, "check.police.callouts.request", "TYPE_NOT_COVERED", 1);
    was_kept(t, "check.police.precons.request", "CATEGORY_NOT_COVERED", 0);
}

static void asks_what_is_covered(struct stage *t)
{
    struct concordat_id id = expect_accepted(ask(t, "check.police.precons.request", convictions),
                                             "previous convictions alone pass");

    expect(scenario_reaches(&t->s, COMPANY, &id, "delivered"), "and are with the police");
    expect(scenario_holds(&t->s, "agents/" POLICE, id.bytes, sizeof id.bytes)
               && scenario_arrived(&t->s, POLICE) == 1,
           "where this one's id is found; control_caught=yes");
    struct concordat_answer *answer = concordat_take(scenario_client(&t->s, POLICE), &id);
    if (answer->item_count != 1)
        fail("the police cannot open it");
    memcpy(t->known.bytes, answer->items[0].case_handle.bytes, ID_SIZE);
    concordat_answer_free(answer);
}

/* ---- the ways that there are ---- */

static struct concordat_id passes(struct stage *t, const char *from, struct concordat_message m,
                                  const char *what)
{
    struct concordat_id id = expect_accepted(scenario_send(&t->s, from, m), what);

    expect(scenario_reaches(&t->s, from, &id, "delivered"), "and arrives");
    return id;
}

static void goes_the_ways_that_there_are(struct stage *t)
{
    (void)passes(t, COMPANY,
                 (struct concordat_message){
                     .type = "risk.escalation.request",
                     .to = PROBATION,
                     .json = "{" R ", \"current\": {\"overall\": \"ROSH_MEDIUM\"}, \"proposed\": "
                             "\"ROSH_HIGH\", \"trigger\": {\"text\": \"Seen with a knife.\"}}"},
                 "the company tells probation that the risk is higher");
    (void)passes(t, PROBATION,
                 (struct concordat_message){
                     .type = "mappa.info.request",
                     .to = POLICE,
                     .json = "{\"meetingId\": \"AZLwwXpecACAAAAAAAAAAA==\", " R
                             ", \"neededByMs\": \"1781085600000\", \"wanted\": "
                             "[\"DC_INTELLIGENCE\"], \"intelligence\": [\"On associates\"]}"},
                 "probation asks the police for a meeting's sake");
    (void)passes(t, POLICE,
                 (struct concordat_message){.type = "police.event.notice",
                                            .to = PROBATION,
                                            .json = "{" R ", \"kind\": \"ARREST\", \"atMs\": "
                                                    "\"1780990200000\"}"},
                 "the police decide to tell of an arrest");
    struct concordat_id id =
        passes(t, PROBATION,
               (struct concordat_message){.type = "risk.change.notice",
                                          .to = COMPANY,
                                          .json = "{" R ", \"from\": \"ROSH_MEDIUM\", \"to\": "
                                                  "\"ROSH_HIGH\"}"},
               "probation tells the company the level");
    struct concordat_answer *answer = concordat_take(scenario_client(&t->s, COMPANY), &id);
    expect(answer->item_count == 1 && answer->items[0].shared_count == 2
               && strcmp(answer->items[0].shared[0], "DC_IDENTITY") == 0
               && strcmp(answer->items[0].shared[1], "DC_RISK_SCORE") == 0
               && !strstr(answer->json, "knife") && !strstr(answer->json, POLICE),
           "and no source");
    concordat_answer_free(answer);
}

/* ---- the same, known or not ---- */

static double cost_us[2][PAIRS]; /* of refusals about somebody unknown, and known */

/* How often the known one took longer, of all pairs: a half when both take the same. */
static double how_often_longer(double shift_us)
{
    double longer = 0;

    for (size_t i = 0; i < PAIRS; i++)
        for (size_t j = 0; j < PAIRS; j++)
            longer += cost_us[1][i] + shift_us > cost_us[0][j];
    return longer / PAIRS / PAIRS;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* A rank statistic: no outlier counts for more than one, so a busy machine does not matter. A
 * planted difference as wide as most of the costs differ by must be seen. */
static void take_the_same_time(const char *where)
{
    double sorted[PAIRS], longer = how_often_longer(0);

    memcpy(sorted, cost_us[0], sizeof sorted);
    qsort(sorted, PAIRS, sizeof *sorted, compare);
    double width = sorted[PAIRS * 9 / 10] - sorted[PAIRS / 10];
    expect(longer > 0.5 - UNEVEN && longer < 0.5 + UNEVEN,
           "%s takes as long, known or not: longer in %.2f of %d pairs, median %.0f us", where,
           longer, PAIRS * PAIRS, sorted[PAIRS / 2]);
    expect(how_often_longer(width) > 0.5 + UNEVEN,
           "%.0f us longer would be seen; control_caught=yes", width);
}

static size_t print_answer(const struct concordat_answer *a, char *out, size_t room)
{
    const struct concordat_refusal *r = a->refusal;
    int size = snprintf(out, room, "%d %zu %zu %zu %d %d", (int)a->outcome, a->problem_count,
                        a->item_count, a->body_size, concordat_id_is_none(&a->message_id),
                        concordat_id_is_none(&a->case_handle));

    if (r)
        size += snprintf(out + size, room - (size_t)size, " %s|%s|%s|%u|%s|%zu", r->code, r->advice,
                         r->agreement_id, r->agreement_version, r->clause, r->offending_count);
    for (size_t i = 0; r && i < r->offending_count; i++)
        size += snprintf(out + size, room - (size_t)size, " %s", r->offending[i]);
    return (size_t)size;
}

static void its_agent_tells_no_difference(struct stage *t)
{
    char first[2048] = "", text[2048];
    size_t different = 0;

    for (size_t i = 0; i < 2 * PAIRS; i++) {
        bool known = (i + i / 2) % 2; /* known and unknown, unknown and known, ... */
        int64_t start_ns = clock_monotonic_ns();
        struct concordat_answer *answer =
            ask(t, "check.police.precons.request", known ? intelligence : of_nobody);
        cost_us[known][i / 2] = (double)(clock_monotonic_ns() - start_ns) / 1e3;
        (void)print_answer(answer, i == 0 ? first : text, sizeof text);
        different += i > 0 && strcmp(first, text) != 0;
        concordat_answer_free(answer);
    }
    expect(different == 0 && strstr(first, "CATEGORY_NOT_COVERED"),
           "its own agent says the same, known or not, %d times", 2 * PAIRS);
    struct concordat_answer *other = ask(t, "check.police.callouts.request", convictions);
    (void)print_answer(other, text, sizeof text);
    expect(strcmp(first, text) != 0, "another refusal would be seen; control_caught=yes");
    concordat_answer_free(other);
    take_the_same_time("its agent's refusal");
}

/* The refusal as a frame, without what differs by its nature: ids, digest, time. */
static size_t frame_of(struct wire *verdict, uint8_t out[static FRAME_ROOM])
{
    struct refusal *r = &verdict->refusal.refusal;
    size_t size;

    memset(&r->message_id, 1, sizeof r->message_id);
    memset(&r->header_digest, 1, sizeof r->header_digest);
    r->refused_ms = 1781000000000;
    if (wire_write(verdict, 0, out, FRAME_ROOM, &size) != ST_OK)
        fail("a refusal does not fit");
    return size;
}

/* Twenty an hour, so that none is over the quota. */
static void the_broker_tells_no_difference(struct stage *t)
{
    static uint8_t first[FRAME_ROOM], frame[FRAME_ROOM];
    size_t first_size = 0, different = 0;

    for (size_t i = 0; i < 2 * PAIRS; i++) {
        bool known = (i + i / 2) % 2;
        struct id case_handle = known ? t->known : id_random();
        if (i % (2 * ROUND) == 0) {
            scenario_clock_to(peer_now_ms() + QUOTA_HOUR_MS);
            peer_disconnect(t->company);
            peer_open(t->company, t->s.community.port, 64);
        }
        int64_t start_ns = clock_monotonic_ns();
        struct wire verdict = scenario_submit(t->company, &t->mail, &case_handle, NULL);
        cost_us[known][i / 2] = (double)(clock_monotonic_ns() - start_ns) / 1e3;
        if (verdict.kind != WIRE_REFUSAL
            || verdict.refusal.refusal.code != CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED)
            fail("refusal %zu of an hour is another", i % (2 * ROUND));
        size_t size = frame_of(&verdict, i == 0 ? first : frame);
        first_size = i == 0 ? size : first_size;
        different += i > 0 && (size != first_size || memcmp(first, frame, size) != 0);
    }
    expect(different == 0, "the broker's frame has the same %zu bytes, known or not, %d times",
           first_size, 2 * PAIRS);
    take_the_same_time("the broker's refusal");
}

/* ---- again and again ---- */

static void tries_again_and_again(struct stage *t)
{
    unsigned refused = 0, limited = 0, other = 0;

    for (size_t i = 0; i < RETRIES; i++) {
        struct id subject = id_random();
        struct envelope e;
        struct wire verdict = scenario_submit(t->company, &t->mail, &subject, &e);
        Concordat__RefusalCode code = verdict.refusal.refusal.code;
        t->refused[i] = e.message_id;
        if (verdict.kind == WIRE_REFUSAL && code == CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED
            && limited == 0)
            refused += verdict.refusal.refusal.offending == (1u << 14 | 1u << 15);
        else if (verdict.kind == WIRE_REFUSAL && code == CONCORDAT__REFUSAL_CODE__RATE_LIMITED)
            limited++;
        else
            other++;
    }
    expect(refused == REFUSALS_QUOTA && limited == RETRIES - REFUSALS_QUOTA && other == 0,
           "past its own agent, of %d in an hour %u are CATEGORY_NOT_COVERED, then %u RATE_LIMITED",
           RETRIES, refused, limited);
    struct mail covered = t->mail;
    covered.category_count = 1;
    covered.section_size = SECTION;
    struct wire verdict = scenario_submit(t->company, &covered, NULL, NULL);
    expect(verdict.kind == WIRE_RECEIPT, "what is covered passes all the same");
}

/* Reads what the gazette has for this agency up to its next delivery or verdict; the report among
 * it is checked. How many notices there were. */
static unsigned notices_for(struct stage *t, struct peer *peer, unsigned wanted)
{
    OWNED(arena) arena = arena_new(65536, 1 << 20);
    struct wire wire;
    struct bytes body;
    struct notice n;
    unsigned count = 0;

    peer_disconnect(peer);
    peer_open(peer, t->s.community.port, 64);
    scenario_follow(peer);
    while (peer_next(peer, &wire, &body, count < wanted || wanted == 0 ? 1000 : 0) == ST_OK) {
        if (wire.kind != WIRE_GAZETTE || wire.gazette.notice.size == 0)
            continue;
        if (notice_read(wire.gazette.notice, arena, &n, NULL) != ST_OK)
            fail("a notice cannot be read");
        count += n.kind == CONCORDAT__NOTICE_KIND__NOTICE_REFUSALS_OVER_QUOTA
              && strcmp(n.agency, COMPANY) == 0 && strcmp(n.agreement_id, "ISA-CHECK-CRC") == 0
              && n.count == REFUSALS_QUOTA && n.to_count == 1 && notice_is_for(&n, POLICE);
    }
    return count;
}

static void is_reported_and_counted(struct stage *t)
{
    unsigned long counted = scenario_counter(&t->s, "rate_limited");

    expect(notices_for(t, t->police, 1) == 1,
           "the agreement's owner has one report: whose refusals, under which agreement, how many");
    expect(notices_for(t, t->company, 0) == 0, "and nobody else has");
    expect(counted == RETRIES - REFUSALS_QUOTA, "the others are counted: %lu", counted);
    peer_disconnect(t->police);
    scenario_clock_to(peer_now_ms() + QUOTA_HOUR_MS);
    peer_disconnect(t->company);
    peer_open(t->company, t->s.community.port, 64);
    struct wire verdict = scenario_submit(t->company, &t->mail, NULL, NULL);
    expect(verdict.kind == WIRE_REFUSAL
               && verdict.refusal.refusal.code == CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED,
           "in the next hour its refusals are told again one by one");
    struct mail callouts = t->mail;
    callouts.type = "check.police.callouts.request";
    callouts.clause = "callouts-request";
    verdict = scenario_submit(t->company, &callouts, NULL, NULL);
    expect(verdict.kind == WIRE_REFUSAL
               && verdict.refusal.refusal.code == CONCORDAT__REFUSAL_CODE__TYPE_NOT_COVERED,
           "call-outs, by the broker: TYPE_NOT_COVERED");
}

static void the_police_never_learn_of_whom(struct stage *t, size_t arrived)
{
    unsigned at_broker = 0, at_police = 0;

    scenario_start_agent(&t->s, POLICE);
    for (size_t i = 0; i < REFUSALS_QUOTA; i++)
        at_broker += scenario_holds(&t->s, "broker", t->refused[i].bytes, ID_SIZE);
    for (size_t i = 0; i < RETRIES; i++)
        at_police += scenario_holds(&t->s, "agents/" POLICE, t->refused[i].bytes, ID_SIZE);
    expect(at_broker == REFUSALS_QUOTA && at_police == 0,
           "the broker has recorded %u of them; of those the police's agent holds %u", at_broker,
           at_police);
    expect(scenario_arrived(&t->s, POLICE) <= arrived + 1,
           "the police have got what is covered, and nothing else");
}

int main(int argc, char **argv)
{
    static struct stage t = {.mail = {.type = "check.police.precons.request",
                                      .to = POLICE,
                                      .clause = "precons-request",
                                      .purpose = "supervise_sentence",
                                      .gateway = "OMA2007_S14",
                                      .agreement_id = "ISA-CHECK-CRC",
                                      .urgency = CONCORDAT__URGENCY__ROUTINE,
                                      .marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE,
                                      .categories = asked,
                                      .category_count = 3,
                                      .section_size = SECTION}};

    scenario_begin(&t.s, argc, argv, "2026-06-09T10:00:00Z",
                   &(struct cast){members, sizeof members / sizeof *members, 3, agreements});
    asks_for_more_than_was_agreed(&t);
    asks_what_is_covered(&t);
    goes_the_ways_that_there_are(&t);
    its_agent_tells_no_difference(&t);
    size_t arrived = scenario_arrived(&t.s, POLICE);
    scenario_address(&t.s, COMPANY, &t.mail, t.key_id);
    scenario_stop_agent(&t.s, COMPANY);
    scenario_stop_agent(&t.s, POLICE);
    scenario_stop_agent(&t.s, PROBATION);
    t.company = peer_new(t.s.pki, COMPANY);
    t.police = peer_new(t.s.pki, POLICE);
    peer_open(t.company, t.s.community.port, 64);
    tries_again_and_again(&t);
    is_reported_and_counted(&t);
    the_broker_tells_no_difference(&t);
    peer_free(t.company);
    peer_free(t.police);
    the_police_never_learn_of_whom(&t, arrived);
    return scenario_end(&t.s);
}
