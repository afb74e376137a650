/* An agreement expires on a Tuesday: what was accepted in its last seconds is delivered, what comes
 * after them is refused, whoever claims what date; the next version counts with its last signature,
 * and nothing goes by itself under it. What was announced before: scenario_warnings.c.
 *
 *     scenario_d8 BIN SOURCE FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/enact.h"
#include "tests/system/scenario.h"

#define PROBATION "nps.cambs"
#define COMPANY "crc.bench"
#define POLICE "police.35"
#define CHILDREN "csc.cambs"
#define TREATMENT "tx.cambs"    /* by hand */
#define HOUSING "hou.cambridge" /* comes late */
#define WITH_AGENTS 4           /* the first of the members */
#define SIGNED 6                /* parties of ISA-IOM */
#define MINUTE_MS INT64_C(60000)

#define R                                                                                          \
    "{\"identifiers\": [{\"type\": \"CRN\", \"value\": \"X000003\"}], \"name\": {\"forename\": "   \
    "\"Ray\", \"surname\": \"Example\"}}"

static const struct member members[] = {{PROBATION, "NPS"},
                                        {POLICE, "POLICE"},
                                        {COMPANY, "CRC"},
                                        {CHILDREN, "LA_CHILDREN"},
                                        {TREATMENT, "TREATMENT_PROVIDER"},
                                        {HOUSING, "LA_HOUSING"},
                                        {"asc.cambs", "LA_ADULTS"}};
static const char *const agreements[] = {"iom.yaml", "safeguarding.yaml", NULL};

static const char week[] =
    "{\"asAt\": {\"ymd\": 20260630}, \"entries\": [{\"row\": 1, \"subject\": " R "}]}";
static const char child[] =
    "{\"subject\": " R ", \"children\": [{\"name\": {\"forename\": \"Ari\", \"surname\": "
    "\"Example\"}}], \"concern\": [\"NEGLECT\"], \"consent\": \"NOT_SOUGHT_UNSAFE\", "
    "\"whatHappened\": {\"text\": \"Left alone in the evening.\"}}";

static const uint32_t identity[] = {CONCORDAT__DATA_CATEGORY__DC_IDENTITY};

struct stage {
    struct scenario s;
    struct peer *treatment;
    struct mail share; /* treatment's, to probation */
    uint8_t key_id[KEY_ID_SIZE];
};

/* ---- by hand ---- */

/* Treatment's share as the stage has it; `created_ms` 0: now. */
static struct wire submit(struct stage *t, int64_t created_ms, struct envelope *envelope)
{
    uint8_t body[64];
    struct wire verdict;
    struct envelope e;

    if (peer_fd(t->treatment) < 0)
        peer_open(t->treatment, t->s.community.port, 64);
    peer_compose(t->treatment, &t->share, &e, body);
    if (created_ms != 0) {
        e.created_ms = created_ms;
        e.message_id = e.share_id = e.conversation_id = id_new(created_ms);
    }
    if (envelope)
        *envelope = e;
    if (peer_submit_and_wait(t->treatment, &e, (struct bytes){body, t->share.section_size},
                             &verdict, WAIT_MS)
        != ST_OK)
        fail("no verdict");
    return verdict;
}

static bool is_refused(const struct wire *verdict, Concordat__RefusalCode code)
{
    return verdict->kind == WIRE_REFUSAL && verdict->refusal.refusal.code == code;
}

/* ---- before midnight ---- */

static void start_agents(struct stage *t)
{
    for (size_t i = 0; i < WITH_AGENTS; i++)
        scenario_start_agent(&t->s, members[i].agency);
}

static struct concordat_answer *share(struct stage *t)
{
    return scenario_send(
        &t->s, PROBATION,
        (struct concordat_message){.type = "iom.cohort.share", .to = POLICE, .json = week});
}

/* The company's share, which cannot go while there is no broker. */
static struct concordat_id holds_one_back(struct stage *t)
{
    daemon_stop(&t->s.community.broker);
    struct concordat_answer *answer = concordat_send(
        scenario_client(&t->s, COMPANY), &(struct concordat_message){.type = "iom.cohort.share",
                                                                     .to = PROBATION,
                                                                     .json = week,
                                                                     .json_size = sizeof week - 1,
                                                                     .wait_ms = 1});
    struct concordat_id id = answer->message_id;
    expect(answer->outcome == CONCORDAT_QUEUED, "the company's share waits in its own agent");
    concordat_answer_free(answer);
    scenario_stop_agent(&t->s, COMPANY);
    community_start_broker(&t->s.community);
    return id;
}

/* ---- after ---- */

static void in_flight_is_delivered(struct stage *t, const struct concordat_id *id)
{
    scenario_start_agent(&t->s, POLICE);
    expect(scenario_reaches(&t->s, PROBATION, id, "delivered"),
           "what was accepted before midnight is delivered after it");
    struct concordat_answer *answer =
        concordat_track(scenario_client(&t->s, POLICE), id, 0, NULL, 0);
    expect(answer->item_count == 1 && answer->items[0].agreement_version == 7
               && strcmp(answer->items[0].agreement_id, "ISA-IOM") == 0,
           "and names the version that it was accepted under");
    expect(answer->item_count == 1 && strcmp(answer->items[0].lapse, "expired") == 0,
           "and is marked: that version has expired since");
    concordat_answer_free(answer);
}

static void nobody_goes_back(struct stage *t)
{
    struct wire verdict;

    for (size_t i = 0; i < WITH_AGENTS; i++)
        scenario_stop_agent(&t->s, members[i].agency);
    scenario_clock_to(moment_ms("2026-06-30T20:00:00Z"));
    peer_disconnect(t->treatment);
    verdict = submit(t, 0, NULL);
    expect(is_refused(&verdict, CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED),
           "by a clock that is put back: still AGREEMENT_EXPIRED");
    expect(verdict.refusal.refusal.refused_ms >= moment_ms("2026-07-01T00:00:05Z"),
           "and the broker's record does not go back");
    peer_disconnect(t->treatment);
    daemon_kill(&t->s.community.broker);
    community_start_broker(&t->s.community);
    verdict = submit(t, 0, NULL);
    expect(is_refused(&verdict, CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED),
           "nor after a kill: still AGREEMENT_EXPIRED");
    peer_disconnect(t->treatment);
    scenario_clock_to(moment_ms("2026-07-01T00:10:00Z"));
    start_agents(t);
}

/* ---- the next version ---- */

/* The example's text with later dates, without the cases about its last day. */
static struct agreement *next_draft(const struct stage *t)
{
    static char text[1 << 17];
    char path[2 * COMMUNITY_PATH], line[512];
    struct agreement *draft;
    struct reason why;
    size_t size = 0;

    (void)snprintf(path, sizeof path, "%s/agreements/examples/iom.yaml", t->s.source);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file) && strncmp(line, "tests:", 6) != 0) {
        const char *put = strncmp(line, "version:", 8) == 0  ? "version: 8\n"
                        : strncmp(line, "in-force:", 9) == 0 ? "in-force: 2026-07-01\n"
                        : strncmp(line, "review:", 7) == 0   ? "review: 2027-07-01\n"
                        : strncmp(line, "expires:", 8) == 0  ? "expires: 2028-07-01\n"
                                                             : line;
        int n = snprintf(text + size, sizeof text - size, "%s", put);
        size += (size_t)n;
        if (size >= sizeof text)
            fail("%s: too long", path);
    }
    if (!file || agreement_parse(path, text, size, &draft, &why) != ST_OK)
        fail("%s: %s", path, file ? why.text : "cannot open");
    (void)fclose(file);
    return draft;
}

static struct agreement *pinned(const struct stage *t)
{
    char path[2 * COMMUNITY_PATH];
    struct agreement *agreement;
    struct reason why;

    (void)snprintf(path, sizeof path, "%s/pinned/iom.yaml", t->s.community.folder);
    if (agreement_load(path, &agreement, &why) != ST_OK)
        fail("%s", why.text);
    return agreement;
}

/* Brings one of its instruments; NULL: published, else why not, until the next call. */
static const char *bring(struct stage *t, const struct enact_item *item, const char *text)
{
    static char why[256];
    struct concordat_answer *answer =
        concordat_publish(scenario_client(&t->s, PROBATION), item->bytes, item->size, text);
    bool published = answer->outcome == CONCORDAT_DONE;

    (void)snprintf(why, sizeof why, "%s",
                   answer->problem_count ? answer->problems[0].text : "no reason");
    concordat_answer_free(answer);
    return published ? NULL : why;
}

/* What the parties would have signed at another time. */
static struct enactment *signed_at(struct stage *t, const struct agreement *draft,
                                   const struct agreement *predecessor, int64_t at_ms)
{
    struct enactment *enactment;
    struct reason why;

    if (enactment_sign(t->s.pki, draft, predecessor, at_ms, &enactment, &why) != ST_OK)
        fail("%s", why.text);
    return enactment;
}

static void nobody_dates_ahead_or_behind(struct stage *t, const struct agreement *draft,
                                         const struct agreement *predecessor)
{
    OWNED(enactment) ahead = signed_at(t, draft, predecessor, peer_now_ms() + HOUR_MS);
    OWNED(enactment) behind = signed_at(t, draft, predecessor, peer_now_ms() - DAY_MS);

    const char *why = bring(t, &ahead->items[0], ahead->agreement->text);
    expect(why && strstr(why, "signed_ms"), "a proposal dated ahead is refused: signed_ms");
    why = bring(t, &behind->items[0], behind->agreement->text);
    expect(why && strstr(why, "proposal_expires_ms"),
           "one dated behind, of a proposal that was over by now, too: proposal_expires_ms");
}

static const char *state_of(struct stage *t, const char *agency, unsigned version,
                            size_t *signed_count)
{
    static char state[32];
    struct concordat_answer *answer = concordat_agreements(scenario_client(&t->s, agency), NULL);

    (void)snprintf(state, sizeof state, "unknown");
    for (size_t i = 0; i < answer->agreement_count; i++)
        if (strcmp(answer->agreements[i].id, "ISA-IOM") == 0
            && answer->agreements[i].version == version) {
            (void)snprintf(state, sizeof state, "%s", answer->agreements[i].state);
            *signed_count = answer->agreements[i].signed_count;
        }
    concordat_answer_free(answer);
    return state;
}

/* Asked for under the version that is signed by `signatures` of six. */
static void is_still_refused(struct stage *t, const struct digest *hash, const char *what)
{
    struct mail before = t->share;

    expect_refused(share(t), "AGREEMENT_EXPIRED", what);
    t->share.agreement_version = 8;
    t->share.agreement_hash = *hash;
    struct wire verdict = submit(t, 0, NULL);
    expect(is_refused(&verdict, CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE),
           "named by hand, what is not in force is not the version known here");
    t->share = before;
}

static void all_agents_hear_of_it(struct stage *t)
{
    static const char *const agencies[] = {PROBATION, POLICE,    COMPANY,
                                           CHILDREN,  TREATMENT, HOUSING};
    unsigned heard = 0;

    peer_disconnect(t->treatment);
    community_start_agent(&t->s.community, scenario_member(&t->s, TREATMENT));
    community_start_agent(&t->s.community, scenario_member(&t->s, HOUSING));
    for (size_t i = 0; i < SIGNED; i++)
        heard += daemon_said(&t->s.community.agents[scenario_member(&t->s, agencies[i])],
                             "event=agreement_active id=ISA-IOM version=8 ", WAIT_MS);
    expect(heard == SIGNED, "and %u of the six parties' agents have it in force", heard);
    scenario_stop_agent(&t->s, TREATMENT);
    scenario_stop_agent(&t->s, HOUSING);
}

static void comes_into_force(struct stage *t)
{
    OWNED(agreement) draft = next_draft(t);
    OWNED(agreement) predecessor = pinned(t);
    size_t signatures = 0;

    nobody_dates_ahead_or_behind(t, draft, predecessor);
    OWNED(enactment) next = signed_at(t, draft, predecessor, peer_now_ms());
    OWNED(enactment) twice = signed_at(t, draft, predecessor, peer_now_ms() - MINUTE_MS);
    if (next->count != SIGNED)
        fail("%zu parties, not %d", next->count, SIGNED);
    for (size_t i = 0; i < SIGNED - 1; i++)
        if (bring(t, &next->items[i], i == 0 ? next->agreement->text : NULL))
            fail("signature %zu was not taken", i + 1);
    expect(bring(t, &next->items[1], NULL) == NULL && bring(t, &twice->items[1], NULL) != NULL,
           "who signs twice has signed once; and no other proposal's acceptance counts");
    expect(daemon_said(&t->s.community.agents[scenario_member(&t->s, PROBATION)],
                       "event=agreement_published id=ISA-IOM version=8 ", WAIT_MS)
               && strcmp(state_of(t, PROBATION, 8, &signatures), "proposed") == 0,
           "the owner has published version 8: proposed");
    is_still_refused(t, &next->agreement->hash, "with five of six signatures");
    if (bring(t, &next->items[SIGNED - 1], NULL))
        fail("the sixth signature was not taken");
    for (size_t i = 0; i < WITH_AGENTS; i++)
        if (!daemon_said(&t->s.community.agents[i], "event=agreement_active id=ISA-IOM version=8 ",
                         WAIT_MS))
            fail("%s has not heard of it", members[i].agency);
    struct concordat_id id = expect_accepted(share(t), "with the sixth the share goes");
    struct concordat_answer *sent =
        concordat_track(scenario_client(&t->s, PROBATION), &id, 0, NULL, 0);
    expect(sent->item_count == 1 && sent->items[0].agreement_version == 8, "under version 8");
    concordat_answer_free(sent);
    expect(strcmp(state_of(t, PROBATION, 8, &signatures), "active") == 0 && signatures == SIGNED
               && strcmp(state_of(t, COMPANY, 7, &signatures), "superseded") == 0,
           "which is active, signed by six, and version 7 superseded");
}

static void nothing_goes_by_itself(struct stage *t, const struct concordat_id *held, size_t arrived)
{
    struct concordat_answer *answer =
        concordat_track(scenario_client(&t->s, COMPANY), held, 0, NULL, 0);

    expect(answer->item_count == 1 && strcmp(answer->items[0].state, "refused") == 0
               && scenario_arrived(&t->s, PROBATION) == arrived,
           "what was held back stays refused: its sender decides");
    concordat_answer_free(answer);
    struct concordat_id id = expect_accepted(
        scenario_send(
            &t->s, COMPANY,
            (struct concordat_message){.type = "iom.cohort.share", .to = PROBATION, .json = week}),
        "sent again it goes");
    expect(scenario_reaches(&t->s, COMPANY, &id, "delivered"), "and arrives");
}

/* A broker that was off for a month starts, one whose clock is wrong by years does not, unless its
 * operator says that the clock is right. */
static void a_clock_far_ahead_needs_a_word(struct stage *t)
{
    struct daemon *broker = &t->s.community.broker;

    for (size_t i = 0; i < t->s.community.member_count; i++)
        daemon_stop(&t->s.community.agents[i]);
    daemon_stop(broker);
    scenario_clock_to(moment_ms("2027-10-01T00:00:00Z"));
    expect(!daemon_try_start(broker)
               && daemon_said(broker, "days ahead of the newest event in the store", 0),
           "a clock 15 months ahead: the broker does not start");
    (void)daemon_wait(broker);
    scenario_clock_to(moment_ms("2026-08-01T00:00:00Z"));
    expect(daemon_try_start(broker), "a month off: it starts");
    daemon_stop(broker);
    scenario_clock_to(moment_ms("2027-11-01T00:00:00Z"));
    broker->argument = "--take-clock";
    expect(daemon_try_start(broker), "with --take-clock it starts under any");
}

int main(int argc, char **argv)
{
    static struct stage t = {.share = {.type = "iom.cohort.share",
                                       .to = PROBATION,
                                       .clause = "share-from-treatment",
                                       .purpose = "iom",
                                       .gateway = "CDA1998_S115",
                                       .agreement_id = "ISA-IOM",
                                       .urgency = CONCORDAT__URGENCY__ROUTINE,
                                       .marking = CONCORDAT__MARKING__OFFICIAL_SENSITIVE,
                                       .categories = identity,
                                       .category_count = 1,
                                       .section_size = 64}};
    struct wire verdict;
    struct envelope e;

    scenario_begin(
        &t.s, argc, argv, "2026-06-30T23:50:00Z",
        &(struct cast){members, sizeof members / sizeof *members, WITH_AGENTS, agreements});
    t.treatment = peer_new(t.s.pki, TREATMENT);
    scenario_clock_to(moment_ms("2026-06-30T23:59:00Z")); /* no session is idle for a minute then */
    scenario_address(&t.s, PROBATION, &t.share, t.key_id);
    struct concordat_id held = holds_one_back(&t);
    scenario_stop_agent(&t.s, POLICE);

    scenario_clock_to(moment_ms("2026-06-30T23:59:50Z"));
    struct concordat_id in_flight = expect_accepted(share(&t), "ten seconds before midnight");
    verdict = submit(&t, 0, &e);
    expect(verdict.kind == WIRE_RECEIPT, "the same of treatment, by hand");

    scenario_clock_to(moment_ms("2026-07-01T00:00:05Z"));
    expect_refused(share(&t), "AGREEMENT_EXPIRED", "five seconds after it");
    verdict = submit(&t, 0, NULL);
    expect(is_refused(&verdict, CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED),
           "by the broker too: AGREEMENT_EXPIRED");
    verdict = submit(&t, moment_ms("2026-06-30T23:59:50Z"), NULL);
    expect(is_refused(&verdict, CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED),
           "dated before midnight: AGREEMENT_EXPIRED all the same");
    in_flight_is_delivered(&t, &in_flight);
    struct concordat_id referral = expect_accepted(
        scenario_send(&t.s, PROBATION,
                      (struct concordat_message){
                          .type = "safeguarding.referral.child", .to = CHILDREN, .json = child}),
        "referrals under ISA-SAFE are untouched");
    expect(scenario_reaches(&t.s, PROBATION, &referral, "delivered"), "and arrive");
    scenario_start_agent(&t.s, COMPANY);
    expect(scenario_reaches(&t.s, COMPANY, &held, "refused"), "what was held back is refused");
    struct concordat_answer *answer =
        concordat_track(scenario_client(&t.s, COMPANY), &held, 0, NULL, 0);
    const struct concordat_item *item = answer->item_count == 1 ? &answer->items[0] : NULL;
    expect(item && strcmp(item->rungs[item->rung_count - 1].detail, "AGREEMENT_EXPIRED") == 0,
           "its sender is told: AGREEMENT_EXPIRED");
    concordat_answer_free(answer);
    nobody_goes_back(&t);
    size_t arrived = scenario_arrived(&t.s, PROBATION);
    comes_into_force(&t);
    nothing_goes_by_itself(&t, &held, arrived);
    verdict = submit(&t, 0, NULL);
    expect(is_refused(&verdict, CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE),
           "a message that names version 7: AGREEMENT_VERSION_STALE");
    scenario_address(&t.s, PROBATION, &t.share, t.key_id);
    verdict = submit(&t, 0, NULL);
    expect(t.share.agreement_version == 8 && verdict.kind == WIRE_RECEIPT,
           "the same under version 8 is accepted");
    all_agents_hear_of_it(&t);
    peer_free(t.treatment);
    a_clock_far_ahead_needs_a_word(&t);
    return scenario_end(&t.s);
}
