#include "tests/system/gazette_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/pem.h>

static int passed, failures;
static char why_not[VERDICT_ROOM]; /* of the last verdict that refused */

static _Atomic int64_t *moved; /* the clock's file, mapped: how far the broker's is ahead of ours */
static char clock_path[COMMUNITY_PATH];

void stage_clock(const char *folder)
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

void stage_move_clock(int64_t ms)
{
    *moved += ms;
}

void stage_expect(bool holds, const char *what)
{
    printf("%s %s\n", holds ? "ok  " : "FAIL", what);
    passed += holds;
    failures += !holds;
}

int stage_result(void)
{
    (void)unlink(clock_path);
    printf("%d passed, %d failed\n", passed, failures);
    return failures > 0;
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

struct papers stage_papers(const struct stage *s, const char *agency, const char *use,
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

void papers_free(struct papers *p)
{
    EVP_PKEY_free(p->key);
    OPENSSL_free(p->der);
}

void stage_write_text(struct stage *s)
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

struct instrument stage_instrument(const struct stage *s, Concordat__Act act, const char *agency)
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
size_t stage_sign(const struct stage *s, const struct instrument *i, const struct papers *papers,
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
uint64_t stage_bring(struct peer *peer, struct bytes instrument, struct bytes text)
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

const char *stage_why_not(void)
{
    return why_not;
}

uint64_t stage_act(struct stage *s, struct peer *peer, Concordat__Act what, const char *agency,
                   const struct papers *papers)
{
    const struct instrument instrument = stage_instrument(s, what, agency);
    uint8_t bytes[SIGNED_INSTRUMENT_MAX];
    size_t size = stage_sign(s, &instrument, papers, bytes);
    bool proposes = what == CONCORDAT__ACT__PROPOSE;

    return stage_bring(peer, (struct bytes){bytes, size},
                       (struct bytes){(const uint8_t *)s->text, proposes ? strlen(s->text) : 0});
}

/* ---- mail ---- */

struct wire stage_submit(struct stage *s)
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

void stage_follow(struct peer *peer)
{
    struct wire wire = {.kind = WIRE_CREDIT};

    peer_follow(peer, 0);
    wire.credit.credit = 64;
    wire.credit.credit_size = 1 << 20;
    peer_say(peer, &wire, (struct bytes){NULL, 0});
}

uint64_t stage_entries_before_mail(struct stage *s, uint64_t *delivered, size_t *count)
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
            stage_expect(body.size == strlen(s->text) && memcmp(body.data, s->text, body.size) == 0,
                         "the first entry has the text as it was proposed");
        last = wire.gazette.sequence;
        ++*count;
    }
}
