/*
 * fuzz_uplink.c - bytes from the broker after its welcome: frames, session, desk.
 *
 * The desk has sent one message and received one, so that answers have something to speak of.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/uplink_session.h"
#include "lib/log.h"
#include "tests/unit/town.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct town *town;

static void start(void)
{
    static const char *const agencies[] = {"court.b35cz00", "nps.cambs"};

    log_start("fuzz", LOG_ERROR + 1);
    town = town_new(agencies, 2);
    (void)town_send(town, 0, "psr.request", "nps.cambs", "psr.request.json", NULL);
    town_settle(town);
}

static void stop(void)
{
    town_free(town);
}

static bool put(struct uplink_session *s, const uint8_t *data, size_t size)
{
    while (size > 0) {
        struct reason why = {""};
        size_t room;
        uint8_t *to = uplink_session_room(s, &room);

        if (!to)
            return false;
        room = room < size ? room : size;
        memcpy(to, data, room);
        if (uplink_session_filled(s, room, 0, &why) != ST_OK)
            return false;
        data += room;
        size -= room;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t community[DIGEST_SIZE] = {1}, certificate[64] = {0x30};
    struct uplink_hello hello = {.community = {community, sizeof community},
                                 .signing_certificate = {certificate, sizeof certificate},
                                 .broker = "hub"};
    struct wire wire = {.kind = WIRE_WELCOME};
    uint8_t welcome[256];
    struct bytes frames;
    size_t welcome_size;

    if (!town) {
        start();
        (void)atexit(stop);
    }
    wire.welcome.version = 1;
    wire.welcome.broker = "hub";
    wire.welcome.now_ms = 1;
    wire.welcome.credit = wire.welcome.credit_size = 1;
    OWNED(uplink_session) s = uplink_session_new(&hello, 0);
    if (!s || wire_write(&wire, 0, welcome, sizeof welcome, &welcome_size) != ST_OK
        || !put(s, welcome, welcome_size))
        abort();
    (void)put(s, data, size);
    frames = uplink_session_take(s);
    if (frames.size > 0)
        town_raw_frames(town, 1, frames);
    return 0;
}
