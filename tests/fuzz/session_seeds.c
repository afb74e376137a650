/* `session_seeds FOLDER` writes the first inputs of fuzz_session anew: whole conversations, signed
 * under the guest's key, so that the fuzzer starts beyond hello. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"
#include "tests/unit/guest.h"

static uint8_t bytes[1 << 18];
static size_t used;
static struct guest guest;

static void start(uint8_t piece)
{
    bytes[0] = piece;
    used = 1;
}

static void add(size_t size)
{
    used += size;
}

#define ROOM bytes + used, sizeof bytes - used

static void add_wire(const struct wire *wire)
{
    add(guest_frame(wire, (struct bytes){NULL, 0}, ROOM));
}

static void save(const char *folder, const char *name)
{
    char path[4096];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, used, file) != used || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void spoil(struct envelope *e)
{
    strcpy(e->sender, "nps.b");
}

int main(int argc, char **argv)
{
    static const uint64_t sequences[] = {1, 2, 300};
    static const char *const wanted[] = {"csc.a", "police.a"};
    struct wire ping = {.kind = WIRE_PING}, bye = {.kind = WIRE_BYE};
    struct wire settle = {.kind = WIRE_SETTLE}, credit = {.kind = WIRE_CREDIT};
    struct wire directory = {.kind = WIRE_DIRECTORY}, gazette = {.kind = WIRE_GAZETTE};

    if (argc != 2)
        return 2;
    guest_start(&guest);
    ping.ping.token = 5;
    bye.bye.why = "done";
    settle.settle.count = 3;
    settle.settle.sequences = sequences;
    credit.credit.credit = 4;
    directory.directory.request = 1;
    directory.directory.wanted_count = 2;
    directory.directory.wanted = wanted;

    start(0);
    add(guest_hello(ROOM));
    save(argv[1], "hello");
    add_wire(&ping);
    add_wire(&credit);
    add_wire(&settle);
    add_wire(&directory);
    gazette.gazette.follow = true;
    gazette.gazette.after = 7;
    add_wire(&gazette);
    save(argv[1], "small_frames");
    gazette.gazette.follow = false;
    gazette.gazette.after = 0;
    gazette.gazette.request = 3;
    gazette.gazette.instrument = (struct bytes){(const uint8_t *)"\n\1\b\x1a\1e", 6};
    add(guest_frame(&gazette, (struct bytes){(const uint8_t *)"agreement: ISA", 14}, ROOM));
    save(argv[1], "gazette");
    add(guest_submit(&guest, 1, 64, NULL, ROOM));
    add(guest_submit(&guest, 2, 64, spoil, ROOM));
    save(argv[1], "submit");
    start(100);
    add(guest_hello(ROOM));
    add(guest_step(&guest, 1, "nps.a", ROOM));
    add(guest_publish(&guest, "nps.a", ROOM));
    add_wire(&bye);
    save(argv[1], "step_and_publish");
    start(1);
    add(guest_hello(ROOM));
    add(guest_submit(&guest, 1, 16, NULL, ROOM));
    save(argv[1], "byte_by_byte");
    guest_stop(&guest);
    return 0;
}
