/* gazette_faults.c - what the gazette is proof against: connections cut in every place, a broker
 * out of descriptors, a store that is damaged. Parts of gazette.c's run. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/gazette_stage.h"

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
void fault_cut(struct stage *s)
{
    struct instrument proposal = stage_instrument(s, CONCORDAT__ACT__PROPOSE, "court.a");
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
    const struct bytes instrument = {bytes, stage_sign(s, &proposal, &s->court_governance, bytes)};
    for (size_t cut = 0; cut < instrument.size; cut += 29)
        passed_cut += is_published(s, (struct bytes){bytes, cut}, whole);
    /* Fewer than may be refused in an hour; unit.gazette cuts it at every byte. */
    for (size_t cut = 0; cut < size; cut += size / (PROPOSALS_REFUSED_MAX - 8) + 1)
        passed_cut += is_published(s, instrument, (struct bytes){whole.data, cut});
    stage_expect(passed_cut == 0, "a proposal that is cut is refused");
    stage_expect(is_published(s, instrument, whole), "and whole it is published");
    peer_disconnect(s->nps);
    stage_expect(stage_submit(s).kind == WIRE_RECEIPT, "what was in force is, as before");
    peer_open(s->nps, s->community.port, 0);
    stage_follow(s->nps);
    (void)stage_entries_before_mail(s, &delivered, &count);
    stage_expect(count == 3, "and nothing but the whole one was added");
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
void fault_descriptors(struct stage *s)
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
    stage_expect(daemon_said(&s->community.broker, "event=accept_rests", WAIT_MS),
                 "a broker out of descriptors says so");
    stage_expect(stage_submit(s).kind == WIRE_RECEIPT, "and decides for who is there as before");
    stage_expect(stage_act(s, s->court, CONCORDAT__ACT__SUSPEND, "court.a", &s->court_governance)
                     > 0,
                 "publishes what a party signs");
    wire = stage_submit(s);
    stage_expect(wire.kind == WIRE_REFUSAL
                     && wire.refusal.refusal.code == CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED,
                 "and heeds it");
    stage_expect(stage_act(s, s->court, CONCORDAT__ACT__RESUME, "court.a", &s->court_governance) > 0
                     && stage_submit(s).kind == WIRE_RECEIPT,
                 "both ways");
    limit_descriptors(s, before.rlim_cur, &ours);
    (void)close(knocking);
    peer_disconnect(s->nps);
    peer_open(s->nps, s->community.port, 64);
    stage_expect(true, "with descriptors again, sessions come in again");
}

/* ---- what is damaged ---- */

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

void fault_damaged(struct stage *s)
{
    peer_disconnect(s->court);
    peer_disconnect(s->nps);
    daemon_stop(&s->community.broker);
    flip_title(s);
    stage_expect(!daemon_try_start(&s->community.broker) && daemon_wait(&s->community.broker) != 0,
                 "with a damaged agreement the broker does not start");
    stage_expect(daemon_said(&s->community.broker,
                             "the gazette is damaged, or entries are missing, after entry 0", 0),
                 "and says where");
    flip_title(s);
    community_start_broker(&s->community);
    peer_open(s->court, s->community.port, 64);
    stage_expect(stage_submit(s).kind == WIRE_RECEIPT, "mended it permits as before");
}
