/* An agreement's review and its end are announced 60, 30 and 7 days before, to every party, once
 * each, though the broker is killed between.
 *
 *     scenario_warnings BIN SOURCE FOLDER
 */
#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "proto/notice.h"
#include "tests/system/scenario.h"

#define HOUSING "hou.cambridge" /* by hand: reads what is published */
#define PARTIES 6               /* of ISA-IOM */
#define MINUTE_MS INT64_C(60000)

static const struct member members[] = {{"nps.cambs", "NPS"},
                                        {"police.35", "POLICE"},
                                        {"crc.bench", "CRC"},
                                        {"csc.cambs", "LA_CHILDREN"},
                                        {"tx.cambs", "TREATMENT_PROVIDER"},
                                        {HOUSING, "LA_HOUSING"}};
static const char *const agreements[] = {"iom.yaml", NULL};

struct stage {
    struct scenario s;
    struct peer *housing;
    uint64_t heard; /* housing's last entry */
};

/* The next entry; a notice is read into `notice`, whose kind else is 0. False: none in time. */
static bool next_entry(struct stage *t, struct notice *notice, int64_t *at_ms, int wait_ms)
{
    static struct arena *arena;
    struct wire wire;
    struct bytes body;

    notice->kind = CONCORDAT__NOTICE_KIND__NOTICE_UNSPECIFIED;
    arena = arena ? arena : arena_new(65536, 1 << 20);
    while (peer_next(t->housing, &wire, &body, wait_ms) == ST_OK) {
        if (wire.kind != WIRE_GAZETTE || wire.gazette.sequence == 0)
            continue;
        t->heard = wire.gazette.sequence;
        *at_ms = wire.gazette.at_ms;
        if (wire.gazette.notice.size > 0
            && notice_read(wire.gazette.notice, arena, notice, NULL) != ST_OK)
            fail("a notice cannot be read");
        return true;
    }
    return false;
}

static void listen_again(struct stage *t, uint64_t after)
{
    struct wire wire = {.kind = WIRE_GAZETTE};

    t->heard = after;
    peer_disconnect(t->housing);
    peer_open(t->housing, t->s.community.port, 64);
    wire.gazette.follow = true;
    wire.gazette.after = after;
    peer_say(t->housing, &wire, (struct bytes){NULL, 0});
    if (peer_flush(t->housing, WAIT_MS) != ST_OK)
        fail("housing cannot follow");
}

/* A date of the agreement's that is announced. */
struct date {
    Concordat__NoticeKind kind;
    const char *name, *day;
};
static const struct date review = {CONCORDAT__NOTICE_KIND__NOTICE_REVIEW_DUE, "review",
                                   "2026-03-31T00:00:00Z"};
static const struct date end = {CONCORDAT__NOTICE_KIND__NOTICE_EXPIRY_DUE, "end",
                                "2026-07-01T00:00:00Z"};

/* On the day itself, not a minute before it. */
static void is_announced(struct stage *t, const struct date *date, const char *day, uint32_t days)
{
    int64_t due_ms = moment_ms(date->day), day_ms = moment_ms(day), at_ms = 0;
    struct notice notice;

    if (due_ms - day_ms != (int64_t)days * DAY_MS)
        fail("%s is not %u days before", day, days);
    scenario_clock_to(day_ms + 2 * MINUTE_MS);
    listen_again(t, t->heard);
    bool heard = next_entry(t, &notice, &at_ms, WAIT_MS);
    expect(heard && notice.kind == date->kind && strcmp(notice.agreement_id, "ISA-IOM") == 0
               && notice.agreement_version == 7 && notice.count == days && notice.due_ms == due_ms
               && notice.to_count == PARTIES && at_ms >= day_ms && at_ms < day_ms + DAY_MS,
           "%u days before its %s all its parties are told", days, date->name);
}

/* Each once, also past kills: all there is from the first entry on. */
static void were_announced_once(struct stage *t)
{
    struct notice notice;
    uint64_t last = t->heard;
    unsigned told[2][61] = {{0}}, others = 0;
    int64_t at_ms;

    listen_again(t, 0);
    /* What comes behind the last one would be said again. */
    while (next_entry(t, &notice, &at_ms, t->heard < last ? WAIT_MS : 500)) {
        bool ends = notice.kind == end.kind;

        if ((ends || notice.kind == review.kind) && notice.count <= 60)
            told[ends][notice.count]++;
        else
            others += notice.kind != CONCORDAT__NOTICE_KIND__NOTICE_UNSPECIFIED;
    }
    for (int i = 0; i < 2; i++)
        expect(told[i][60] == 1 && told[i][30] == 1 && told[i][7] == 1 && others == 0,
               "its %s: 60, 30 and 7 days before, once each, though the broker was killed between",
               i == 0 ? review.name : end.name);
}

int main(int argc, char **argv)
{
    static struct stage t;
    struct notice notice;
    int64_t at_ms;
    unsigned early = 0;

    scenario_begin(&t.s, argc, argv, "2026-01-29T23:50:00Z",
                   &(struct cast){members, sizeof members / sizeof *members, 1, agreements});
    scenario_stop_agent(&t.s, members[0].agency);
    t.housing = peer_new(t.s.pki, HOUSING);
    listen_again(&t, 0);
    for (unsigned i = 0; i < PARTIES; i++) { /* what brought it into force */
        if (!next_entry(&t, &notice, &at_ms, WAIT_MS))
            fail("instruments are missing");
        early += notice.kind != CONCORDAT__NOTICE_KIND__NOTICE_UNSPECIFIED;
    }
    expect(early == 0 && !next_entry(&t, &notice, &at_ms, 0), "nothing is announced too early");
    is_announced(&t, &review, "2026-01-30T00:00:00Z", 60);
    is_announced(&t, &review, "2026-03-01T00:00:00Z", 30);
    daemon_kill(&t.s.community.broker);
    community_start_broker(&t.s.community);
    is_announced(&t, &review, "2026-03-24T00:00:00Z", 7);
    is_announced(&t, &end, "2026-05-02T00:00:00Z", 60);
    daemon_kill(&t.s.community.broker);
    community_start_broker(&t.s.community);
    is_announced(&t, &end, "2026-06-01T00:00:00Z", 30);
    is_announced(&t, &end, "2026-06-24T00:00:00Z", 7);
    scenario_clock_to(moment_ms("2026-06-30T23:59:00Z"));
    daemon_kill(&t.s.community.broker);
    community_start_broker(&t.s.community);
    were_announced_once(&t);
    peer_free(t.housing);
    return scenario_end(&t.s);
}
