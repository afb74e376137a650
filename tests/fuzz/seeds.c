/* seeds.c - writes the first inputs of the protocol's fuzz targets: seeds CORPUS
 * Run by hand when a format changes; what it writes is kept beside it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/field.h"
#include "proto/frame.h"
#include "proto/wire.h"
#include "tests/unit/told_sample.h"

static const char *folder;

static void put(const char *target, const char *name, const uint8_t *data, size_t size)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void put_frame(const char *name, const struct wire *wire, uint8_t first)
{
    uint8_t bytes[1 + FRAME_PREFIX + 8192] = {first};
    size_t size;

    if (wire_write(wire, 0, bytes + 1, sizeof bytes - 1, &size) != ST_OK)
        exit(1);
    put("frame", name, bytes, 1 + size);
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void put_headers(void)
{
    struct envelope e = sample_envelope();
    uint8_t bytes[HEADER_MAX];
    size_t size;

    if (envelope_write(&e, bytes, sizeof bytes, &size) != ST_OK)
        exit(1);
    put("header", "request", bytes, size);
    struct wire submit = {.kind = WIRE_SUBMIT};
    submit.submit.header = (struct bytes){bytes, size};
    submit.submit.proof = sample_proof();
    put_frame("submit", &submit, 0xff);
    struct wire deliver = {.kind = WIRE_DELIVER};
    deliver.deliver.sequence = 77;
    deliver.deliver.accepted_ms = SAMPLE_NOW_MS;
    deliver.deliver.header = (struct bytes){bytes, size};
    deliver.deliver.proof = sample_proof();
    put_frame("deliver", &deliver, 0xff);

    e.onward_count = 0;
    e.section_count = 1;
    (void)snprintf(e.type, sizeof e.type, "safeguarding.referral.child");
    e.case_handle = (struct id){0};
    e.officer_hash = (struct digest){0};
    if (envelope_write(&e, bytes, sizeof bytes, &size) != ST_OK)
        exit(1);
    put("header", "referral", bytes, size);

    e = sample_offer();
    if (envelope_write(&e, bytes, sizeof bytes, &size) != ST_OK)
        exit(1);
    put("header", "offer", bytes, size);
}

static void put_answers(void)
{
    struct wire receipt = {.kind = WIRE_RECEIPT}, refusal = {.kind = WIRE_REFUSAL};
    struct receipt *r = &receipt.receipt.receipt;
    struct refusal *f = &refusal.refusal.refusal;

    sample_fill(r->message_id.bytes, ID_SIZE, 1);
    sample_fill(r->header_digest.bytes, DIGEST_SIZE, 2);
    sample_fill(r->agreement_hash.bytes, DIGEST_SIZE, 3);
    r->sequence = 300;
    r->accepted_ms = SAMPLE_NOW_MS;
    (void)snprintf(r->clause, sizeof r->clause, "psr-request");
    put_frame("receipt", &receipt, 0x90);
    f->message_id = r->message_id;
    f->header_digest = r->header_digest;
    f->code = CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED;
    f->offending = 1u << 7 | 1u << 13;
    f->refused_ms = SAMPLE_NOW_MS;
    put_frame("refusal", &refusal, 0x90);
}

static void put_step(void)
{
    struct step s = {.kind = CONCORDAT__STEP_KIND__OPENED, .at_ms = SAMPLE_NOW_MS};
    struct wire step = {.kind = WIRE_STEP};
    uint8_t bytes[STEP_MAX];
    size_t size;

    sample_fill(s.message_id.bytes, ID_SIZE, 1);
    sample_fill(s.header_digest.bytes, DIGEST_SIZE, 2);
    sample_fill(s.previous.bytes, DIGEST_SIZE, 3);
    (void)snprintf(s.agency, sizeof s.agency, "nps.cambs");
    if (step_write(&s, bytes, sizeof bytes, &size) != ST_OK)
        exit(1);
    step.step.step = (struct bytes){bytes, size};
    step.step.proof = sample_proof();
    put_frame("step", &step, 0xa0);
}

static void put_session(void)
{
    static const uint8_t community[DIGEST_SIZE] = {1};
    static const uint64_t sequences[] = {1, 2, 300, UINT64_MAX};
    static const char *const wanted[] = {"nps.cambs"};
    struct directory_entry entry = {
        .agency = "nps.cambs", .known = true, .certificate_count = 1, .key_count = 1};
    struct wire w = {.kind = WIRE_HELLO};

    w.hello.version = 1;
    w.hello.community = (struct bytes){community, DIGEST_SIZE};
    w.hello.signing_certificate = text("certificate");
    w.hello.credit = 1024;
    put_frame("hello", &w, 0x7f);
    w = (struct wire){.kind = WIRE_WELCOME};
    w.welcome.version = 1;
    w.welcome.broker = "broker.cambs";
    w.welcome.now_ms = SAMPLE_NOW_MS;
    put_frame("welcome", &w, 0x83);
    w = (struct wire){.kind = WIRE_SETTLE, .settle = {4, sequences}};
    put_frame("settle", &w, 0x80);
    w = (struct wire){.kind = WIRE_CREDIT, .credit = {5, 6}};
    put_frame("credit", &w, 0x80);
    w = (struct wire){.kind = WIRE_PING, .ping = {7, true}};
    put_frame("ping", &w, 0x80);
    w = (struct wire){.kind = WIRE_BYE, .bye = {"draining"}};
    put_frame("bye", &w, 0x80);
    w = (struct wire){.kind = WIRE_REFUSE, .refuse = {"version", "this broker speaks version 1"}};
    put_frame("refuse", &w, 0x80);

    entry.certificates[0] = text("certificate");
    entry.keys[0].statement = text("statement");
    sample_fill(entry.keys[0].signer.bytes, DIGEST_SIZE, 1);
    sample_fill(entry.keys[0].signature, SIGNATURE_SIZE, 1);
    w = (struct wire){.kind = WIRE_DIRECTORY};
    w.directory.request = 1;
    w.directory.wanted = wanted;
    w.directory.wanted_count = 1;
    w.directory.entries = &entry;
    w.directory.entry_count = 1;
    w.directory.has_publish = true;
    w.directory.publish = entry.keys[0];
    put_frame("directory", &w, 0xc0);
}

static void put_cases(void)
{
    struct told told[] = {sample_custody_told(), sample_clock_told()};
    static const char *const names[] = {"told-custody", "told-clock"};
    struct claim claim = sample_claim();
    struct wire w = {.kind = WIRE_CASE};
    uint8_t bytes[TOLD_MAX];
    size_t size;

    if (claim_write(&claim, bytes, sizeof bytes, &size) != ST_OK)
        exit(1);
    w.case_frame.request = 1;
    w.case_frame.claim = (struct bytes){bytes, size};
    sample_fill(w.case_frame.signer.bytes, DIGEST_SIZE, 1);
    sample_fill(w.case_frame.signature, SIGNATURE_SIZE, 1);
    put_frame("case-claim", &w, 0x80);
    w = (struct wire){.kind = WIRE_CASE};
    w.case_frame.ask = (struct bytes){claim.case_handle.bytes, ID_SIZE};
    put_frame("case-ask", &w, 0x80);
    for (size_t i = 0; i < 2; i++) {
        if (told_write(&told[i], bytes, sizeof bytes, &size) != ST_OK)
            exit(1);
        w = (struct wire){.kind = WIRE_TOLD};
        w.told.sequence = 8;
        w.told.kind = bytes[0];
        w.told.told = (struct bytes){bytes + 1, size - 1};
        put_frame(names[i], &w, 0x80);
        if (told[i].kind != TOLD_CUSTODY)
            continue;
        w = (struct wire){.kind = WIRE_CASE};
        w.case_frame.answered = true;
        w.case_frame.custody = (struct bytes){bytes + 1, size - 1};
        put_frame("case-answer", &w, 0x80);
    }
}

/* The first byte's low two bits choose the type, the others the category. */
static void put_sections(void)
{
    static const char *const hex[] = {
        "010a01412a0812060a0141220142", /* psr.request, any category */
        "050a01412a0812060a0141220142", /* its identity section */
        "0d32070a054a4f4e4553",         /* its offences, cut askew */
        "4da20604"
        "0a024142",   /* its officer */
        "024a020102", /* safeguarding.referral.child: packed, where it may be */
        "000a0141",   /* psr.report */
        "030a0101"
        "1001", /* safeguarding.referral.decision */
    };

    for (size_t i = 0; i < sizeof hex / sizeof *hex; i++) {
        uint8_t bytes[64];
        char name[16];
        size_t size = strlen(hex[i]) / 2;
        if (!hex_parse(hex[i], bytes, size))
            exit(1);
        (void)snprintf(name, sizeof name, "section-%zu", i);
        put("section", name, bytes, size);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    folder = argv[1];
    put_headers();
    put_answers();
    put_step();
    put_session();
    put_cases();
    put_sections();
    return 0;
}
