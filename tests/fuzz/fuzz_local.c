/*
 * fuzz_local.c - bytes from a local system, all the way: pre-scan, request, verbs, reply.
 *
 * The desk is a real one with a store, and has a message in its inbox to be asked about; its case
 * handle is sixteen times 1. An input is a Request; one that begins with 0 is tried with the
 * message's id put in place of its last 16 bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "tests/unit/town.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct town *town;
static uint8_t known[ID_SIZE];

static void send_one(void)
{
    static char type[] = "psr.request", to[] = "nps.cambs";
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;
    uint8_t handle[ID_SIZE];
    char *text = town_example("psr.request.json");

    memset(handle, 1, sizeof handle);
    send.type = type;
    send.to = to;
    send.case_handle = (ProtobufCBinaryData){.len = sizeof handle, .data = handle};
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    memcpy(known, town_ask(town, 0, &request)->message_id.data, ID_SIZE);
    free(text);
}

static void start(void)
{
    static const char *const agencies[] = {"court.b35cz00", "nps.cambs"};

    log_start("fuzz", LOG_ERROR);
    town = town_new(agencies, 2);
    send_one();
    town_settle(town);
    town_disconnect(town, 1);
}

static void stop(void)
{
    town_free(town);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (!town) {
        start();
        (void)atexit(stop);
    }
    if (size < ID_SIZE + 1 || data[0] != 0) {
        town_raw_request(town, 1, (struct bytes){data, size});
        return 0;
    }
    copy = malloc(size - 1);
    if (!copy)
        return 0;
    memcpy(copy, data + 1, size - 1);
    memcpy(copy + size - 1 - ID_SIZE, known, ID_SIZE);
    town_raw_request(town, 1, (struct bytes){copy, size - 1});
    free(copy);
    return 0;
}
