#include "tests/unit/samples.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void scratch_make(char out[static SCRATCH_SIZE])
{
    (void)snprintf(out, SCRATCH_SIZE, "scratch.XXXXXX");
    if (!mkdtemp(out)) {
        perror("mkdtemp");
        abort();
    }
}

void scratch_remove(const char *folder)
{
    DIR *entries = opendir(folder);

    if (!entries)
        return;
    for (struct dirent *entry; (entry = readdir(entries));) {
        char path[4096];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (unlink(path) != 0)
            scratch_remove(path);
    }
    (void)closedir(entries);
    (void)rmdir(folder);
}

struct id sample_id(uint32_t n)
{
    struct id id = {{1}};

    for (size_t i = 0; i < 4; i++)
        id.bytes[ID_SIZE - 1 - i] = (uint8_t)(n >> 8 * i);
    return id;
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct event message(enum event_kind kind, uint64_t sequence, uint32_t n)
{
    struct event e = {.kind = kind, .sequence = sequence, .at_ms = (int64_t)sequence};

    (void)snprintf(e.sender, sizeof e.sender, "nps.cambs");
    e.message_id = sample_id(n);
    e.header_digest = sha256(&n, sizeof n);
    return e;
}

struct event sample_accepted(uint64_t sequence, uint32_t n)
{
    struct event e = message(EVENT_ACCEPTED, sequence, n);

    (void)snprintf(e.recipient, sizeof e.recipient, "csc.cambs");
    (void)snprintf(e.clause, sizeof e.clause, "psr");
    e.lane = 1;
    e.agreement_hash = sha256("agreement", 9);
    e.expires_ms = e.at_ms + 1000;
    e.header = text("header");
    e.proof = text("proof");
    e.body = text("sealed sections");
    return e;
}

struct event sample_refused(uint64_t sequence, uint32_t n)
{
    struct event e = message(EVENT_REFUSED, sequence, n);

    e.code = 7;
    e.offending = 3;
    e.agreement_version = 2;
    (void)snprintf(e.agreement_id, sizeof e.agreement_id, "cambs-psr");
    (void)snprintf(e.clause, sizeof e.clause, "psr");
    return e;
}

struct event sample_step(uint64_t sequence, uint32_t n, uint64_t message_sequence, uint8_t kind)
{
    struct event e = message(EVENT_STEP, sequence, n);

    e.lane = 1;
    e.step_kind = kind;
    e.message_sequence = message_sequence;
    e.step = text("step");
    e.step_proof = text("step proof");
    return e;
}

struct event sample_taken(uint64_t sequence, uint64_t item_sequence)
{
    struct event e = {.kind = EVENT_TAKEN, .sequence = sequence, .at_ms = (int64_t)sequence};

    (void)snprintf(e.agency, sizeof e.agency, "nps.cambs");
    e.lane = 1;
    e.item_sequence = item_sequence;
    return e;
}

struct event sample_agency(uint64_t sequence)
{
    struct event e = {.kind = EVENT_AGENCY, .sequence = sequence, .at_ms = (int64_t)sequence};

    (void)snprintf(e.agency, sizeof e.agency, "csc.cambs");
    e.certificate = text("certificate");
    return e;
}

struct event sample_key(uint64_t sequence)
{
    struct event e = {.kind = EVENT_KEY, .sequence = sequence, .at_ms = (int64_t)sequence};

    (void)snprintf(e.agency, sizeof e.agency, "csc.cambs");
    memset(e.key_id, 7, sizeof e.key_id);
    e.open_until_ms = e.at_ms + 5000;
    e.statement = text("statement");
    e.statement_proof = text("signer and signature");
    return e;
}

struct event sample_gazette(uint64_t sequence)
{
    return (struct event){.kind = EVENT_GAZETTE,
                          .sequence = sequence,
                          .at_ms = (int64_t)sequence,
                          .governance_key = sha256("governance key", 14),
                          .officer = "dci.4411",
                          .instrument = text("signed instrument"),
                          .text = text("agreement: ISA-SAMPLE")};
}

struct event sample_notice(uint64_t sequence)
{
    return (struct event){.kind = EVENT_GAZETTE,
                          .sequence = sequence,
                          .at_ms = (int64_t)sequence,
                          .notice = text("notice")};
}

struct event sample_withheld(uint64_t sequence, uint32_t n, uint64_t message_sequence)
{
    struct event e = message(EVENT_WITHHELD, sequence, n);

    e.lane = 1;
    e.code = 41;
    e.message_sequence = message_sequence;
    return e;
}

struct event sample_counted(uint64_t sequence)
{
    struct event e = {.kind = EVENT_COUNTED, .sequence = sequence, .at_ms = (int64_t)sequence};

    (void)snprintf(e.agency, sizeof e.agency, "nps.cambs");
    (void)snprintf(e.agreement_id, sizeof e.agreement_id, "cambs-psr");
    e.from_ms = e.at_ms - 1;
    e.refusals = 9;
    return e;
}

struct event sample_kept(uint64_t sequence, uint32_t n, uint8_t value)
{
    static struct id keys[256];
    static uint8_t values[256];
    struct event e = {.kind = EVENT_KEPT,
                      .sequence = sequence,
                      .at_ms = (int64_t)sequence,
                      .kept_kind = KEPT_CASE};

    keys[n % 256] = sample_id(n);
    values[value] = value;
    e.key = (struct bytes){keys[n % 256].bytes, ID_SIZE};
    if (value > 0)
        e.record = (struct bytes){&values[value], 1};
    return e;
}

struct event sample_told(uint64_t sequence)
{
    struct event e = {.kind = EVENT_TOLD, .sequence = sequence, .at_ms = (int64_t)sequence};

    (void)snprintf(e.agency, sizeof e.agency, "nps.cambs");
    e.lane = 1;
    e.told = text("what was told");
    return e;
}

struct event sample_claim(uint64_t sequence, uint8_t handle)
{
    struct event e = {.kind = EVENT_CLAIM, .sequence = sequence, .at_ms = (int64_t)sequence};

    (void)snprintf(e.agency, sizeof e.agency, "nps.cambs");
    e.case_handle.bytes[0] = handle;
    e.case_version = 3;
    e.statement = text("a claim, as it was signed");
    e.statement_proof = text("signer and signature of it");
    return e;
}

struct event sample_aged(uint64_t sequence, int64_t at_ms)
{
    return (struct event){.kind = EVENT_AGED, .sequence = sequence, .at_ms = at_ms};
}
