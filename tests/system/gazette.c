/* Agreements at the real broker: signed by their parties' governance keys, published, followed,
 * enforced, still there after a kill; forged, cut and revoked ones are not, and what is damaged in
 * the store is not passed over.
 *
 *     gazette BIN SOURCE FOLDER
 *
 * BIN's daemons go by a clock that is moved here (demo/moved_clock.c), ours by the real one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "agreements/instrument.h"
#include "lib/identity.h"
#include "tests/system/community.h"
#include "tests/system/peer.h"

#define SIZE 512
#define VERDICT_ROOM 256
#define WAIT_MS 20000
#define DAY_MS INT64_C(86400000)

static const struct member members[] = {{"court.a", "COURT"}, {"nps.a", "NPS"}};

/* A certificate and key of the PKI's folder. */
struct papers {
    EVP_PKEY *key;
    unsigned char *der;
    size_t der_size;
    struct digest spki;
};

struct stage {
    struct community community;
    struct digest community_id;
    char pki[COMMUNITY_PATH + 8];
    struct peer *court, *nps;
    struct papers court_governance, nps_governance, court_signing, nps_signing;
    char text[4096];
    struct digest hash;
    struct id proposal;
    int64_t proposal_expires_ms;
    uint8_t key_id[KEY_ID_SIZE];
    uint8_t body[SIZE];
};

static int passed, failures;
static char why_not[VERDICT_ROOM]; /* of the last verdict that refused */

static _Atomic int64_t *moved; /* the clock's file, mapped: how far the broker's is ahead of ours */
static char clock_path[COMMUNITY_PATH];

static void make_clock(const char *folder)
{
    (void)snprintf(clock_path, sizeof clock_path, "%s/gazette_clock.%d", folder, (int)getpid());
    int file = open(clock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(int64_t)) != 0)
        fail("%s: %s", clock_path, strerror(errno));
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
        fail("%s: %s", clock_path, strerror(errno));
    (void)close(file);
    moved = page;
    (void)setenv("CONCORDAT_TEST_CLOCK", clock_path, 1);
}

static void expect(bool holds, const char *what)
{
    printf("%s %s\n", holds ? "ok  " : "FAIL", what);
    passed += holds;
    failures += !holds;
}

/* ---- papers ---- */

static FILE *open_papers(const struct stage *s, const char *agency, const char *use,
                         const char *ending)
{
    char path[COMMUNITY_PATH + 128];

    (void)snprintf(path, sizeof path, "%s/agencies/%s/%s.%s", s->pki, agency, use, ending);
    FILE *file = fopen(path, "r");
    if (!file)
        fail("%s: cannot open", path);
    return file;
}

static struct papers papers_of(const struct stage *s, const char *agency, const char *use,
                               enum identity_use kind)
{
    FILE *file = open_papers(s, agency, use, "pem");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    struct papers p = {.der = NULL};
    struct identity identity;
    struct reason why = {""};

    (void)fclose(file);
    file = open_papers(s, agency, use, "key");
    p.key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    if (!certificate || !p.key || identity_of(certificate, kind, &identity, &why) != ST_OK)
        fail("%s's %s papers: %s", agency, use, why.text);
    p.der_size = (size_t)i2d_X509(certificate, &p.der);
    memcpy(p.spki.bytes, identity.spki, DIGEST_SIZE);
    X509_free(certificate);
    return p;
}

static void free_papers(struct papers *p)
{
    EVP_PKEY_free(p->key);
    OPENSSL_free(p->der);
}

static void write_text(struct stage *s)
{
    const struct digest *keys[] = {&s->court_signing.spki, &s->court_governance.spki,
                                   &s->nps_signing.spki, &s->nps_governance.spki};
    char hex[4][2 * DIGEST_SIZE + 1];

    for (size_t i = 0; i < 4; i++)
        hex_print(keys[i]->bytes, DIGEST_SIZE, hex[i]);
    int size = snprintf(
        s->text, sizeof s->text,
        "agreement: ISA-TEST\nversion: 1\ntitle: What this test sends\nin-force: 2020-01-01\n"
        "review: 2034-01-01\nexpires: 2035-01-01\nmarking:\n  floor: OFFICIAL\n"
        "  ceiling: OFFICIAL_SENSITIVE\nretention-days: 365\nonward: []\nparties:\n"
        "  - agency: court.a\n    kind: COURT\n    contact: Test desk\n"
        "    signing-keys:\n      - %s\n    governance-keys:\n      - %s\n"
        "  - agency: nps.a\n    kind: NPS\n    contact: Test desk\n"
        "    signing-keys:\n      - %s\n    governance-keys:\n      - %s\n"
        "clauses:\n  - id: psr-request\n    type: psr.request\n    from: COURT\n    to: NPS\n"
        "    purpose: court_advice\n    gateway: SC2020_S30_REQUEST\n"
        "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n    allowed: [DC_STAFF]\n",
        hex[0], hex[1], hex[2], hex[3]);
    s->hash = sha256(s->text, (size_t)size);
}

/* ---- instruments ---- */

static struct instrument instrument_of(const struct stage *s, Concordat__Act act,
                                       const char *agency)
{
    struct instrument i = {.act = act,
                           .agreement_id = "ISA-TEST",
                           .agreement_version = 1,
                           .agreement_hash = s->hash,
                           .signed_ms = peer_now_ms()};

    (void)snprintf(i.agency, sizeof i.agency, "%s", agency);
    if (act <= CONCORDAT__ACT__WITHDRAW) {
        i.proposal_id = s->proposal;
        i.proposal_expires_ms = s->proposal_expires_ms;
    }
    return i;
}

/* Signs it, as a SignedInstrument. */
static size_t sign(const struct stage *s, const struct instrument *i, const struct papers *papers,
                   uint8_t out[static SIGNED_INSTRUMENT_MAX])
{
    struct reason why = {""};
    size_t size;

    if (instrument_sign(i, papers->key, (struct bytes){papers->der, papers->der_size},
                        &s->community_id, out, SIGNED_INSTRUMENT_MAX, &size, &why)
        != ST_OK)
        fail("sign: %s", why.text);
    return size;
}

/* Brings it and waits for the verdict: its sequence, 0 when refused. */
static uint64_t bring(struct peer *peer, struct bytes instrument, struct bytes text)
{
    struct wire wire = {.kind = WIRE_GAZETTE};
    struct bytes body;

    wire.gazette.request = 7;
    wire.gazette.instrument = instrument;
    peer_say(peer, &wire, text);
    for (;;) {
        if (peer_next(peer, &wire, &body, WAIT_MS) != ST_OK)
            fail("no verdict");
        if (wire.kind == WIRE_GAZETTE && wire.gazette.request == 7) {
            if (!wire.gazette.published)
                (void)snprintf(why_not, sizeof why_not, "%s", wire.gazette.why);
            return wire.gazette.published ? wire.gazette.after : 0;
        }
    }
}

static uint64_t act(struct stage *s, struct peer *peer, Concordat__Act what, const char *agency,
                    const struct papers *papers)
{
    const struct instrument instrument = instrument_of(s, what, agency);
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    size_t size = sign(s, &instrument, papers, bytes);
    bool proposes = what == CONCORDAT__ACT__PROPOSE;

    return bring(peer, (struct bytes){bytes, size},
                 (struct bytes){(const uint8_t *)s->text, proposes ? strlen(s->text) : 0});
}

/* ---- mail ---- */

static struct wire submit(struct stage *s)
{
    const struct mail mail = mail_request("nps.a", s->key_id, &s->hash, SIZE);
    struct envelope envelope;
    struct wire verdict = {.kind = WIRE_BYE};

    peer_compose(s->court, &mail, &envelope, s->body);
    if (peer_submit_and_wait(s->court, &envelope, (struct bytes){s->body, SIZE}, &verdict, WAIT_MS)
        != ST_OK)
        fail("no answer to a submission");
    return verdict;
}

static void follow(struct peer *peer)
{
    struct wire wire = {.kind = WIRE_CREDIT};

    peer_follow(peer, 0);
    wire.credit.credit = 64;
    wire.credit.credit_size = 1 << 20;
    peer_say(peer, &wire, (struct bytes){NULL, 0});
}

/* Entries until the first delivery: their last sequence; the delivery's in `delivered`. */
static uint64_t entries_before_mail(struct stage *s, uint64_t *delivered, size_t *count)
{
    struct wire wire;
    struct bytes body;
    uint64_t last = 0;

    *count = 0;
    for (;;) {
        if (peer_next(s->nps, &wire, &body, WAIT_MS) != ST_OK)
            fail("neither entry nor mail");
        if (wire.kind == WIRE_DELIVER) {
            *delivered = wire.deliver.sequence;
            return last;
        }
        if (wire.kind != WIRE_GAZETTE || wire.gazette.sequence == 0)
            continue;
        if (*count == 0)
            expect(body.size == strlen(s->text) && memcmp(body.data, s->text, body.size) == 0,
                   "the first entry has the text as it was proposed");
        last = wire.gazette.sequence;
        ++*count;
    }
}

/* ---- what is cut ---- */

/* Brings it, whatever it is: published? A session that ends over it is opened again. */
static bool is_published(struct stage *s, struct bytes instrument, struct bytes text)
{
    struct wire wire = {.kind = WIRE_GAZETTE};
    struct bytes body;

    wire.gazette.request = 7;
    wire.gazette.instrument = instrument;
    peer_say(s->court, &wire, text);
    for (;;) {
        enum status status = peer_next(s->court, &wire, &body, WAIT_MS);
        if (status == ST_MORE)
            fail("neither a verdict nor the session's end");
        if (status != ST_OK || wire.kind == WIRE_REFUSE) {
            peer_open(s->court, s->community.port, 64);
            return false;
        }
        if (wire.kind == WIRE_GAZETTE && wire.gazette.request == 7)
            return wire.gazette.published;
    }
}

/* Another agreement's proposal, cut at every byte of its text, and here and there in the
 * instrument: that ends the session, and unit.session cuts it at every byte. */
static void is_cut_in_vain(struct stage *s)
{
    struct instrument proposal = instrument_of(s, CONCORDAT__ACT__PROPOSE, "court.a");
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    char text[sizeof s->text];
    size_t size = strlen(s->text), passed_cut = 0, count;
    uint64_t delivered = 0;

    memcpy(text, s->text, size);
    memcpy(text + strlen("agreement: "), "ISA-CUTS", strlen("ISA-CUTS"));
    memcpy(proposal.agreement_id, "ISA-CUTS", sizeof "ISA-CUTS");
    proposal.agreement_hash = sha256(text, size);
    proposal.proposal_id.bytes[6] = 1;
    const struct bytes whole = {(const uint8_t *)text, size};
    const struct bytes instrument = {bytes, sign(s, &proposal, &s->court_governance, bytes)};
    for (size_t cut = 0; cut < instrument.size; cut += 29)
        passed_cut += is_published(s, (struct bytes){bytes, cut}, whole);
    /* Fewer than may be refused in an hour; unit.gazette cuts it at every byte. */
    for (size_t cut = 0; cut < size; cut += size / (PROPOSALS_REFUSED_MAX - 8) + 1)
        passed_cut += is_published(s, instrument, (struct bytes){whole.data, cut});
    expect(passed_cut == 0, "a proposal that is cut is refused");
    expect(is_published(s, instrument, whole), "and whole it is published");
    peer_disconnect(s->nps);
    expect(submit(s).kind == WIRE_RECEIPT, "what was in force is, as before");
    peer_open(s->nps, s->community.port, 0);
    follow(s->nps);
    (void)entries_before_mail(s, &delivered, &count);
    expect(count == 3, "and nothing but the whole one was added");
}

/* ---- what the machine lacks ---- */

static void limit_descriptors(const struct stage *s, rlim_t most, struct rlimit *before)
{
    if (prlimit(s->community.broker.pid, RLIMIT_NOFILE, NULL, before) != 0
        || prlimit(s->community.broker.pid, RLIMIT_NOFILE, &(struct rlimit){most, before->rlim_max},
                   NULL)
               != 0)
        fail("prlimit: %s", strerror(errno));
}

/* Nobody new comes in; who is there is decided about as before, and may change what is in force. */
static void decides_without_descriptors(struct stage *s)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(s->community.port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct rlimit before, ours;
    struct wire wire;

    limit_descriptors(s, 4, &before);
    int knocking = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (knocking < 0
        || connect(knocking, (const struct sockaddr *)(const void *)&address, sizeof address) != 0)
        fail("connect: %s", strerror(errno));
    expect(daemon_said(&s->community.broker, "event=accept_rests", WAIT_MS),
           "a broker out of descriptors says so");
    expect(submit(s).kind == WIRE_RECEIPT, "and decides for who is there as before");
    expect(act(s, s->court, CONCORDAT__ACT__SUSPEND, "court.a", &s->court_governance) > 0,
           "publishes what a party signs");
    wire = submit(s);
    expect(wire.kind == WIRE_REFUSAL
               && wire.refusal.refusal.code == CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED,
           "and heeds it");
    expect(act(s, s->court, CONCORDAT__ACT__RESUME, "court.a", &s->court_governance) > 0
               && submit(s).kind == WIRE_RECEIPT,
           "both ways");
    limit_descriptors(s, before.rlim_cur, &ours);
    (void)close(knocking);
    peer_disconnect(s->nps);
    peer_open(s->nps, s->community.port, 64);
    expect(true, "with descriptors again, sessions come in again");
}

/* Flips a bit of each copy of the agreement's title in the store. */
static void flip_title(const struct stage *s)
{
    static const char title[] = "hat this test sends";
    char path[COMMUNITY_PATH + 32];
    size_t found = 0;
    struct stat info;

    (void)snprintf(path, sizeof path, "%s/broker/store/data.mdb", s->community.folder);
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0 || fstat(file, &info) != 0)
        fail("%s: %s", path, strerror(errno));
    uint8_t *data = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (data == MAP_FAILED)
        fail("%s: %s", path, strerror(errno));
    for (uint8_t *at = data;
         (at = memmem(at, (size_t)(data + info.st_size - at), title, strlen(title))); at++, found++)
        at[-1] ^= 1;
    (void)munmap(data, (size_t)info.st_size);
    (void)close(file);
    if (found == 0)
        fail("%s: has no agreement", path);
}

static void starts_with_all_of_it_or_not_at_all(struct stage *s)
{
    peer_disconnect(s->court);
    peer_disconnect(s->nps);
    daemon_stop(&s->community.broker);
    flip_title(s);
    expect(!daemon_try_start(&s->community.broker) && daemon_wait(&s->community.broker) != 0,
           "with a damaged agreement the broker does not start");
    expect(daemon_said(&s->community.broker,
                       "the gazette is damaged, or entries are missing, after entry 0", 0),
           "and says where");
    flip_title(s);
    community_start_broker(&s->community);
    peer_open(s->court, s->community.port, 64);
    expect(submit(s).kind == WIRE_RECEIPT, "mended it permits as before");
}

/* ---- the run ---- */

static void comes_into_force(struct stage *s)
{
    struct wire wire = submit(s);
    expect(wire.kind == WIRE_REFUSAL
               && wire.refusal.refusal.code == CONCORDAT__REFUSAL_CODE__NO_AGREEMENT,
           "what nobody has signed permits nothing");
    uint64_t proposal = act(s, s->court, CONCORDAT__ACT__PROPOSE, "court.a", &s->court_governance);
    expect(proposal > 0, "a proposal is published");
    expect(submit(s).kind == WIRE_REFUSAL, "one signature is not enough");
    uint64_t acceptance = act(s, s->court, CONCORDAT__ACT__ACCEPT, "nps.a", &s->nps_governance);
    expect(acceptance > proposal, "the other party's acceptance counts, whoever brings it");
    expect(submit(s).kind == WIRE_RECEIPT, "signed by both it permits");
}

static void is_forged_in_vain(struct stage *s)
{
    const struct instrument revocation = instrument_of(s, CONCORDAT__ACT__REVOKE, "nps.a");
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    size_t size = sign(s, &revocation, &s->nps_governance, bytes);

    bytes[size - 1] ^= 1;
    expect(bring(s->court, (struct bytes){bytes, size}, (struct bytes){NULL, 0}) == 0,
           "a broken signature is refused");
    expect(daemon_said(&s->community.broker, "event=instrument_refused agency=court.a", WAIT_MS),
           "and logged with the identity of who brought it");
    expect(submit(s).kind == WIRE_RECEIPT, "and changes nothing");
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
    expect(submit(s).kind == WIRE_RECEIPT, "after a kill it permits as before");
    peer_open(s->nps, s->community.port, 0);
    follow(s->nps);
    uint64_t last = entries_before_mail(s, &delivered, &count);
    expect(count == 2 && last < delivered, "its entries come again, before the mail under it");
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

/* The broker's clock goes on; a session that said nothing meanwhile is idle, and opened again. */
static void lets_pass(struct stage *s, int64_t ms)
{
    struct wire wire;
    struct bytes body;

    *moved += ms;
    while (peer_next(s->court, &wire, &body, WAIT_MS) == ST_OK)
        continue; /* until the broker has seen the new time, and closed it */
    peer_open(s->court, s->community.port, 64);
}

/* Its signing certificate is revoked while it is there and mail waits for it. */
static void loses_its_recipient(struct stage *s, const char *source)
{
    struct wire wire;
    struct bytes body;

    peer_disconnect(s->nps);
    peer_open(s->nps, s->community.port, 0);
    expect(submit(s).kind == WIRE_RECEIPT, "accepted for who is there and takes nothing");
    authority(s, source, "revoke", "signing");
    (void)kill(s->community.broker.pid, SIGHUP);
    if (!daemon_said(&s->community.broker, "event=certificate_refused agency=nps.a", WAIT_MS))
        fail("a revoked certificate is let be");
    while (peer_next(s->nps, &wire, &body, WAIT_MS) == ST_OK)
        continue;
    peer_disconnect(s->nps);
    lets_pass(s, LOST_GRACE_MS); /* its end may be noticed only now, */
    lets_pass(s, LOST_GRACE_MS); /* and the hour begins with that */
    expect(is_told(s, CONCORDAT__REFUSAL_CODE__RECIPIENT_LOST),
           "an hour after its recipient's certificate was revoked it is withheld, and its sender "
           "told");
    expect(submit(s).kind == WIRE_RECEIPT && is_told(s, CONCORDAT__REFUSAL_CODE__RECIPIENT_LOST),
           "so is what comes after it");
    authority(s, source, "renew", "signing");
    peer_free(s->nps);
    s->nps = peer_new(s->pki, "nps.a");
    peer_open(s->nps, s->community.port, 64);
    const struct wire receipt = submit(s);
    do {
        if (peer_next(s->nps, &wire, &body, WAIT_MS) != ST_OK)
            fail("no mail for who is back");
    } while (wire.kind != WIRE_DELIVER);
    expect(wire.deliver.sequence == receipt.receipt.receipt.sequence,
           "back with another it gets what comes then, and nothing that was withheld");
}

static void is_revoked(struct stage *s)
{
    struct wire wire;

    peer_disconnect(s->nps);
    expect(submit(s).kind == WIRE_RECEIPT, "accepted while its recipient is away");
    expect(act(s, s->court, CONCORDAT__ACT__REVOKE, "court.a", &s->court_governance) > 0,
           "a party revokes");
    wire = submit(s);
    expect(wire.kind == WIRE_REFUSAL
               && wire.refusal.refusal.code == CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED,
           "revoked it permits nothing");
    peer_open(s->nps, s->community.port, 64);
    expect(is_told(s, CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED),
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
    struct instrument i = instrument_of(s, CONCORDAT__ACT__PROPOSE, "court.a");
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
        size_t signed_size = sign(s, &i, &s->court_governance, bytes);
        if (bring(s->court, (struct bytes){bytes, signed_size},
                  (struct bytes){(const uint8_t *)text, size})
            == 0)
            fail("a large proposal: %s", why_not);
    }
    peer_open(s->nps, s->community.port, 0);
    follow(s->nps);
    while (whole < MANY && peer_next(s->nps, &wire, &body, WAIT_MS) == ST_OK)
        whole += wire.kind == WIRE_GAZETTE && body.size == size;
    expect(whole == MANY, "six megabytes of proposals come to a follower");
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
        size_t size = sign(s, &change, &s->nps_governance, bytes);
        sequence = bring(s->court, (struct bytes){bytes, size}, (struct bytes){NULL, 0});
    }
    expect(sequence == 0 && strstr(why_not, "revoked"),
           "a revoked governance certificate signs nothing");
}

int main(int argc, char **argv)
{
    static struct stage s = {.proposal = {.bytes = {1, 2, 3}}};

    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER\n", argv[0]);
        return 2;
    }
    make_clock(argv[3]);
    community_make(&s.community, &(struct places){argv[1], argv[2]}, argv[3], members, 2);
    (void)snprintf(s.pki, sizeof s.pki, "%s/pki", s.community.folder);
    s.court_governance = papers_of(&s, "court.a", "governance", USE_GOVERNANCE);
    s.nps_governance = papers_of(&s, "nps.a", "governance", USE_GOVERNANCE);
    s.court_signing = papers_of(&s, "court.a", "signing", USE_SIGNING);
    s.nps_signing = papers_of(&s, "nps.a", "signing", USE_SIGNING);
    write_text(&s);
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
    is_cut_in_vain(&s);
    decides_without_descriptors(&s);
    starts_with_all_of_it_or_not_at_all(&s);
    a_revoked_certificate_signs_nothing(&s, argv[2]);
    loses_its_recipient(&s, argv[2]);
    is_revoked(&s);
    large_texts_come_whole(&s);

    peer_free(s.court);
    peer_free(s.nps);
    free_papers(&s.court_governance);
    free_papers(&s.nps_governance);
    free_papers(&s.court_signing);
    free_papers(&s.nps_signing);
    daemon_stop(&s.community.broker);
    community_free(&s.community);
    (void)unlink(clock_path);
    printf("%d passed, %d failed\n", passed, failures);
    return failures > 0;
}
