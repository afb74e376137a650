/* Agreements at the real broker: signed by their parties' governance keys, published, followed,
 * enforced, still there after a kill; forged, cut and revoked ones are not, and what is damaged in
 * the store is not passed over.
 *
 *     gazette BIN SOURCE FOLDER
 *
 * BIN's daemons go by a clock that is moved here (demo/moved_clock.c), ours by the real one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/gazette_stage.h"

static const struct member members[] = {{"court.a", "COURT"}, {"nps.a", "NPS"}};

/* ---- the run ---- */

static void comes_into_force(struct stage *s)
{
    struct wire wire = stage_submit(s);
    stage_expect(wire.kind == WIRE_REFUSAL
                     && wire.refusal.refusal.code == CONCORDAT__REFUSAL_CODE__NO_AGREEMENT,
                 "what nobody has signed permits nothing");
    uint64_t proposal =
        stage_act(s, s->court, CONCORDAT__ACT__PROPOSE, "court.a", &s->court_governance);
    stage_expect(proposal > 0, "a proposal is published");
    stage_expect(stage_submit(s).kind == WIRE_REFUSAL, "one signature is not enough");
    uint64_t acceptance =
        stage_act(s, s->court, CONCORDAT__ACT__ACCEPT, "nps.a", &s->nps_governance);
    stage_expect(acceptance > proposal, "the other party's acceptance counts, whoever brings it");
    stage_expect(stage_submit(s).kind == WIRE_RECEIPT, "signed by both it permits");
}

static void is_forged_in_vain(struct stage *s)
{
    const struct instrument revocation = stage_instrument(s, CONCORDAT__ACT__REVOKE, "nps.a");
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    size_t size = stage_sign(s, &revocation, &s->nps_governance, bytes);

    bytes[size - 1] ^= 1;
    stage_expect(stage_bring(s->court, (struct bytes){bytes, size}, (struct bytes){NULL, 0}) == 0,
                 "a broken signature is refused");
    stage_expect(
        daemon_said(&s->community.broker, "event=instrument_refused agency=court.a", WAIT_MS),
        "and logged with the identity of who brought it");
    stage_expect(stage_submit(s).kind == WIRE_RECEIPT, "and changes nothing");
}

static void survives_a_kill(struct stage *s)
{
    uint64_t delivered = 0;
    size_t count;

    peer_disconnect(s->court);
    peer_disconnect(s->nps);
    daemon_kill(&s->community.broker);
    community_start_broker(&s->community);
    peer_open(s->court, s->community.port, 64);
    stage_expect(stage_submit(s).kind == WIRE_RECEIPT, "after a kill it permits as before");
    peer_open(s->nps, s->community.port, 0);
    stage_follow(s->nps);
    uint64_t last = stage_entries_before_mail(s, &delivered, &count);
    stage_expect(count == 2 && last < delivered,
                 "its entries come again, before the mail under it");
}

/* The community's authority does `what` ("revoke") with a certificate of nps.a. */
static void authority(const struct stage *s, const char *source, const char *what, const char *use)
{
    char command[4 * COMMUNITY_PATH];

    (void)snprintf(command, sizeof command,
                   "'%s/certs/pki.sh' %s '%s' '%s/agencies/nps.a/%s.pem' >/dev/null", source, what,
                   s->pki, s->pki, use);
    if (system(command) != 0) // NOLINT: our own paths
        fail("%s", command);
}

/* Until the court hears that something was withheld for this reason. */
static bool is_told(struct stage *s, Concordat__RefusalCode code)
{
    struct wire wire;
    struct bytes body;

    do {
        if (peer_next(s->court, &wire, &body, WAIT_MS) != ST_OK)
            return false;
    } while (wire.kind != WIRE_WITHHELD || wire.withheld.withheld.code != code);
    return true;
}

/* Until the broker has read all that the court said: what it answers to a ping stands behind it. */
static void is_heard(struct stage *s)
{
    struct wire wire = {.kind = WIRE_PING};
    struct bytes body;

    wire.ping.token = 9;
    peer_say(s->court, &wire, (struct bytes){NULL, 0});
    do {
        if (peer_next(s->court, &wire, &body, WAIT_MS) != ST_OK)
            fail("no answer to a ping");
    } while (wire.kind != WIRE_PING || wire.ping.token != 9);
}

/* The broker's clock goes on; a session that said nothing meanwhile is idle, and opened again. What
 * it said before is read before, or it were heard of at the new time. */
static void lets_pass(struct stage *s, int64_t ms)
{
    struct wire wire;
    struct bytes body;
    enum status status;

    is_heard(s);
    stage_move_clock(ms);
    do
        status = peer_next(s->court, &wire, &body, WAIT_MS);
    while (status == ST_OK); /* until the broker has seen the new time, and closed it */
    if (status == ST_MORE)
        fail("an idle session is not closed");
    peer_open(s->court, s->community.port, 64);
}

/* Its signing certificate is revoked while it is there and mail waits for it. */
static void loses_its_recipient(struct stage *s, const char *source)
{
    struct wire wire;
    struct bytes body;

    peer_disconnect(s->nps);
    peer_open(s->nps, s->community.port, 0);
    stage_expect(stage_submit(s).kind == WIRE_RECEIPT,
                 "accepted for who is there and takes nothing");
    authority(s, source, "revoke", "signing");
    (void)kill(s->community.broker.pid, SIGHUP);
    if (!daemon_said(&s->community.broker, "event=certificate_refused agency=nps.a", WAIT_MS))
        fail("a revoked certificate is let be");
    while (peer_next(s->nps, &wire, &body, WAIT_MS) == ST_OK)
        continue;
    peer_disconnect(s->nps);
    lets_pass(s, LOST_GRACE_MS); /* its end may be noticed only now, */
    lets_pass(s, LOST_GRACE_MS); /* and the hour begins with that */
    stage_expect(
        is_told(s, CONCORDAT__REFUSAL_CODE__RECIPIENT_LOST),
        "an hour after its recipient's certificate was revoked it is withheld, and its sender "
        "told");
    stage_expect(stage_submit(s).kind == WIRE_RECEIPT
                     && is_told(s, CONCORDAT__REFUSAL_CODE__RECIPIENT_LOST),
                 "so is what comes after it");
    authority(s, source, "renew", "signing");
    peer_free(s->nps);
    s->nps = peer_new(s->pki, "nps.a");
    peer_open(s->nps, s->community.port, 64);
    const struct wire receipt = stage_submit(s);
    do {
        if (peer_next(s->nps, &wire, &body, WAIT_MS) != ST_OK)
            fail("no mail for who is back");
    } while (wire.kind != WIRE_DELIVER);
    stage_expect(wire.deliver.sequence == receipt.receipt.receipt.sequence,
                 "back with another it gets what comes then, and nothing that was withheld");
}

static void is_revoked(struct stage *s)
{
    struct wire wire;

    peer_disconnect(s->nps);
    stage_expect(stage_submit(s).kind == WIRE_RECEIPT, "accepted while its recipient is away");
    stage_expect(stage_act(s, s->court, CONCORDAT__ACT__REVOKE, "court.a", &s->court_governance)
                     > 0,
                 "a party revokes");
    wire = stage_submit(s);
    stage_expect(wire.kind == WIRE_REFUSAL
                     && wire.refusal.refusal.code == CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED,
                 "revoked it permits nothing");
    peer_open(s->nps, s->community.port, 64);
    stage_expect(is_told(s, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED),
                 "and what was accepted is withheld, and its sender told");
}

/* More than may be on its way to one follower at once: the link says when it has left. */
static void large_texts_come_whole(struct stage *s)
{
    enum {
        LARGE = 700 * 1024,
        MANY = 9
    };
    static char text[LARGE + 4096];
    size_t size = strlen(s->text), whole = 0;
    struct instrument i = stage_instrument(s, CONCORDAT__ACT__PROPOSE, "court.a");
    struct wire wire;
    struct bytes body;

    peer_disconnect(s->nps);
    memcpy(text, s->text, size);
    while (size < LARGE) { /* a comment says nothing, and takes room */
        memcpy(text + size, "# nothing\n", 10);
        size += 10;
    }
    for (int n = 0; n < MANY; n++) {
        uint8_t bytes[SIGNED_INSTRUMENT_MAX];
        if (n % 2 == 0) /* two are as many bytes as it may propose in a day */
            lets_pass(s, DAY_MS);
        (void)snprintf(i.agreement_id, sizeof i.agreement_id, "ISA-TES%d", n);
        memcpy(text + strlen("agreement: "), i.agreement_id, strlen(i.agreement_id));
        i.agreement_hash = sha256(text, size);
        i.proposal_id.bytes[5] = (uint8_t)(n + 1);
        size_t signed_size = stage_sign(s, &i, &s->court_governance, bytes);
        if (stage_bring(s->court, (struct bytes){bytes, signed_size},
                        (struct bytes){(const uint8_t *)text, size})
            == 0)
            fail("a large proposal: %s", stage_why_not());
    }
    peer_open(s->nps, s->community.port, 0);
    stage_follow(s->nps);
    while (whole < MANY && peer_next(s->nps, &wire, &body, WAIT_MS) == ST_OK)
        whole += wire.kind == WIRE_GAZETTE && body.size == size;
    stage_expect(whole == MANY, "six megabytes of proposals come to a follower");
}

/* Its governance certificate is revoked by the community: its word counts no more. */
static void a_revoked_certificate_signs_nothing(struct stage *s, const char *source)
{
    authority(s, source, "revoke", "governance");
    (void)kill(s->community.broker.pid, SIGHUP);
    if (!daemon_said(&s->community.broker, "event=reloaded", WAIT_MS))
        fail("no reload");
    /* Links reload on their own: until ours has, it is refused for what it says, or published. */
    uint64_t sequence = 1;
    struct instrument change = {.agency = "nps.a", .signed_ms = peer_now_ms()};
    change.signing_key.bytes[0] = 1;
    for (int i = 0; i < 10000 && sequence != 0; i++) {
        uint8_t bytes[SIGNED_INSTRUMENT_MAX];
        change.act = i % 2 ? CONCORDAT__ACT__RETIRE : CONCORDAT__ACT__ROLL;
        change.signed_ms++;
        size_t size = stage_sign(s, &change, &s->nps_governance, bytes);
        sequence = stage_bring(s->court, (struct bytes){bytes, size}, (struct bytes){NULL, 0});
    }
    stage_expect(sequence == 0 && strstr(stage_why_not(), "revoked"),
                 "a revoked governance certificate signs nothing");
}

int main(int argc, char **argv)
{
    static struct stage s = {.proposal = {.bytes = {1, 2, 3}}};

    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER\n", argv[0]);
        return 2;
    }
    stage_clock(argv[3]);
    community_make(&s.community, &(struct places){argv[1], argv[2]}, argv[3], members, 2);
    (void)snprintf(s.pki, sizeof s.pki, "%s/pki", s.community.folder);
    s.court_governance = stage_papers(&s, "court.a", "governance", USE_GOVERNANCE);
    s.nps_governance = stage_papers(&s, "nps.a", "governance", USE_GOVERNANCE);
    s.court_signing = stage_papers(&s, "court.a", "signing", USE_SIGNING);
    s.nps_signing = stage_papers(&s, "nps.a", "signing", USE_SIGNING);
    stage_write_text(&s);
    s.proposal_expires_ms = peer_now_ms() + 20 * DAY_MS;
    community_start_broker(&s.community);
    s.court = peer_new(s.pki, "court.a");
    s.nps = peer_new(s.pki, "nps.a");
    memcpy(s.community_id.bytes, peer_community(s.court), DIGEST_SIZE);
    peer_open(s.nps, s.community.port, 0);
    peer_publish_key(s.nps, s.key_id);
    struct wire wire;
    struct bytes body;
    if (peer_next(s.nps, &wire, &body, WAIT_MS) != ST_OK) /* the directory's answer: published */
        fail("publish");
    peer_open(s.court, s.community.port, 64);

    comes_into_force(&s);
    is_forged_in_vain(&s);
    survives_a_kill(&s);
    fault_cut(&s);
    fault_descriptors(&s);
    fault_damaged(&s);
    a_revoked_certificate_signs_nothing(&s, argv[2]);
    loses_its_recipient(&s, argv[2]);
    is_revoked(&s);
    large_texts_come_whole(&s);

    peer_free(s.court);
    peer_free(s.nps);
    papers_free(&s.court_governance);
    papers_free(&s.nps_governance);
    papers_free(&s.court_signing);
    papers_free(&s.nps_signing);
    daemon_stop(&s.community.broker);
    community_free(&s.community);
    return stage_result();
}
