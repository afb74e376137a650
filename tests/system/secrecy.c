/* Nobody in the middle can read it: after load, everything the broker has is searched for what was
 * in the messages: its folder, its log, every readable page of its memory, and a core of it. Each
 * canary is looked for as it is, in base64 at its three alignments, and in UTF-16. A canary that
 * was planted on the disk and one planted in memory must be found, or the search proves nothing.
 *
 *     secrecy BIN SOURCE FOLDER [MESSAGES]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "tests/system/community.h"

#define MESSAGES 400
#define CANARY 24 /* characters */
#define FORMS 6   /* plain, UTF-16LE, UTF-16BE, base64 at three alignments */
#define CHUNK (4 << 20)
#define OVERLAP 256

static const struct member members[] = {
    {"court.a", "COURT"}, {"court.b", "COURT"}, {"nps.a", "NPS"}, {"nps.b", "NPS"}};

struct form {
    uint8_t bytes[4 * CANARY];
    size_t size;
};

struct canary {
    char text[CANARY + 1];
    struct form forms[FORMS];
};

#define BUCKETS 65536

/* All forms of all canaries, found in one pass: by a hash of their first four bytes. */
struct search {
    const struct canary *canaries;
    size_t count;
    uint32_t *first;            /* owned; BUCKETS heads of chains of forms, 0 ends */
    uint32_t *next;             /* owned; by form, 1.. */
    unsigned long long scanned; /* bytes */
    size_t found;               /* hits */
    bool loud;                  /* print where */
};

static void add_base64(struct form *form, const char *text, size_t alignment)
{
    uint8_t padded[2 + CANARY + 3] = {0};
    uint8_t encoded[4 * CANARY];

    /* What surrounds the canary is unknown: only the characters that it alone decides count. */
    memcpy(padded + alignment, text, CANARY);
    int size = EVP_EncodeBlock(encoded, padded, (int)(alignment + CANARY));
    size_t from = alignment == 0 ? 0 : alignment + 1;
    size_t until = (alignment + CANARY) * 8 / 6;
    if (until > (size_t)size)
        until = (size_t)size;
    form->size = until - from;
    memcpy(form->bytes, encoded + from, form->size);
}

static void make_canary(struct canary *canary)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789";
    uint8_t random[CANARY];

    if (RAND_bytes(random, sizeof random) != 1)
        fail("randomness");
    for (size_t i = 0; i < CANARY; i++)
        canary->text[i] = letters[random[i] % (sizeof letters - 1)];
    canary->text[CANARY] = '\0';
    canary->forms[0].size = CANARY;
    memcpy(canary->forms[0].bytes, canary->text, CANARY);
    for (size_t i = 0; i < CANARY; i++) {
        canary->forms[1].bytes[2 * i] = canary->forms[2].bytes[2 * i + 1] =
            (uint8_t)canary->text[i];
    }
    canary->forms[1].size = canary->forms[2].size = (size_t)2 * CANARY - 1;
    for (size_t alignment = 0; alignment < 3; alignment++)
        add_base64(&canary->forms[3 + alignment], canary->text, alignment);
}

static uint32_t bucket_of(const uint8_t *bytes)
{
    uint32_t start;

    memcpy(&start, bytes, sizeof start);
    return (start * 2654435761u) >> 16;
}

static const struct form *form_at(const struct search *s, uint32_t number)
{
    return &s->canaries[(number - 1) / FORMS].forms[(number - 1) % FORMS];
}

static void search_init(struct search *s, const struct canary *canaries, size_t count, bool loud)
{
    *s = (struct search){.canaries = canaries, .count = count, .loud = loud};
    s->first = calloc(BUCKETS, sizeof *s->first);
    s->next = calloc(count * FORMS + 1, sizeof *s->next);
    if (!s->first || !s->next)
        fail("memory");
    for (uint32_t number = 1; number <= count * FORMS; number++) {
        uint32_t bucket = bucket_of(form_at(s, number)->bytes);
        s->next[number] = s->first[bucket];
        s->first[bucket] = number;
    }
}

static void search_fini(struct search *s)
{
    free(s->first);
    free(s->next);
}

static void search_bytes(struct search *s, const char *where, const uint8_t *data, size_t size)
{
    s->scanned += size;
    for (size_t at = 0; at + sizeof(uint32_t) <= size; at++)
        for (uint32_t number = s->first[bucket_of(data + at)]; number; number = s->next[number]) {
            const struct form *form = form_at(s, number);
            if (form->size > size - at || memcmp(data + at, form->bytes, form->size) != 0)
                continue;
            s->found++;
            if (s->loud)
                printf("FOUND canary %u in form %u in %s\n", (number - 1) / FORMS,
                       (number - 1) % FORMS, where);
        }
}

static void search_descriptor(struct search *s, const char *where, int fd, off_t from, off_t until)
{
    uint8_t *chunk = malloc(CHUNK);

    while (chunk && from < until) {
        size_t want = until - from < CHUNK ? (size_t)(until - from) : CHUNK;
        ssize_t got = pread(fd, chunk, want, from);
        if (got <= 0)
            break; /* a page that cannot be read (vvar) or the end */
        search_bytes(s, where, chunk, (size_t)got);
        if (from + got >= until)
            break;
        from += got > OVERLAP ? got - OVERLAP : got;
    }
    free(chunk);
}

static void search_folder(struct search *s, const char *folder)
{
    DIR *dir = opendir(folder);

    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[2 * COMMUNITY_PATH];
        struct stat info;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (lstat(path, &info) != 0)
            continue;
        if (S_ISDIR(info.st_mode))
            search_folder(s, path);
        if (!S_ISREG(info.st_mode))
            continue;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            fail("%s: %s", path, strerror(errno));
        search_descriptor(s, path, fd, 0, info.st_size);
        (void)close(fd);
    }
    if (dir)
        (void)closedir(dir);
}

static void search_memory(struct search *s, pid_t pid)
{
    char path[64], line[512];

    (void)snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "r");
    if (mem < 0 || !maps)
        fail("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, until;
        char rights[5], where[64];

        if (sscanf(line, "%lx-%lx %4s", &from, &until, rights) != 3 || rights[0] != 'r'
            || until > (1UL << 47))
            continue;
        (void)snprintf(where, sizeof where, "memory %lx-%lx", from, until);
        search_descriptor(s, where, mem, (off_t)from, (off_t)until);
    }
    (void)fclose(maps);
    (void)close(mem);
}

static bool search_core(struct search *s, pid_t pid, const char *folder)
{
    char command[2 * COMMUNITY_PATH], path[2 * COMMUNITY_PATH];

    (void)snprintf(command, sizeof command, "gcore -o %s/core %d >/dev/null 2>&1", folder, pid);
    (void)snprintf(path, sizeof path, "%s/core.%d", folder, pid);
    if (system(command) != 0) // NOLINT(cert-env33-c): a debugger, in a test
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        return false;
    search_descriptor(s, "core", fd, 0, info.st_size);
    (void)close(fd);
    (void)unlink(path);
    return true;
}

struct sender {
    struct community *community;
    const struct canary *canaries;
    size_t from, until;
};

static void *send_canaries(void *context)
{
    const struct sender *s = context;
    struct concordat *client = community_client(s->community, s->from % 2);

    for (size_t i = s->from; i < s->until; i++) {
        /* Some long enough to live in several buffers, some waiting for an agent that is down. */
        char *body = psr_body(s->canaries[i].text, i % 10 == 0 ? 200000 : 900);
        struct concordat_answer *a =
            concordat_send(client, &(struct concordat_message){.type = "psr.request",
                                                               .to = i % 5 == 0 ? "nps.b" : "nps.a",
                                                               .json = body,
                                                               .json_size = strlen(body)});
        if (a->outcome != CONCORDAT_DONE)
            fail("send: outcome %d %s", a->outcome, a->problem_count ? a->problems[0].text : "");
        concordat_answer_free(a);
        free(body);
    }
    concordat_close(client);
    return NULL;
}

/* The receiving agent does open them: the canaries are really in the traffic. */
static size_t opened_with_canary(struct community *c, const struct canary *canaries, size_t count)
{
    struct concordat *client = community_client(c, 2);
    size_t seen = 0;

    for (;;) {
        struct concordat_answer *inbox = concordat_inbox(client, 500, 100, false);
        if (inbox->item_count == 0) {
            concordat_answer_free(inbox);
            break;
        }
        for (size_t i = 0; i < inbox->item_count; i++) {
            struct concordat_answer *a = concordat_take(client, &inbox->items[i].message_id);
            for (size_t k = 0; k < count && a->json; k++)
                if (strstr(a->json, canaries[k].text)) {
                    seen++;
                    break;
                }
            concordat_answer_free(a);
        }
        concordat_answer_free(inbox);
    }
    concordat_close(client);
    return seen;
}

/* One canary where a careless broker would leave it: in a file beside its store, and in its memory,
 * which holds the text of the agreements it enforces. */
static void plant(struct community *c, struct canary planted[2])
{
    char path[2 * COMMUNITY_PATH], text[1024];

    make_canary(&planted[0]);
    make_canary(&planted[1]);
    (void)snprintf(path, sizeof path, "%s/broker/planted", c->folder);
    FILE *file = fopen(path, "w");
    if (!file || fprintf(file, "careless %s\n", planted[0].text) < 0 || fclose(file) != 0)
        fail("%s: %s", path, strerror(errno));
    (void)snprintf(
        text, sizeof text,
        "agreement: ISA-PLANTED\nversion: 1\ntitle: %s\nin-force: "
        "2020-01-01\nreview: 2030-01-01\nexpires: 2035-01-01\nmarking:\n  floor: "
        "OFFICIAL\n  ceiling: OFFICIAL\nretention-days: 30\nonward: []\nparties:\n  - agency: "
        "court.a\n    kind: COURT\n    contact: Desk\n  - agency: nps.a\n    kind: "
        "NPS\n    contact: Desk\nclauses:\n  - id: planted\n    type: psr.request\n    "
        "from: COURT\n    to: NPS\n    purpose: court_advice\n    gateway: SC2020_S30_REQUEST\n"
        "    required: [DC_IDENTITY, DC_OFFENCE_INDEX]\n    allowed: [DC_STAFF]\n",
        planted[1].text);
    community_agreement(c, "planted.yaml", text);
}

int main(int argc, char **argv)
{
    static struct community c;
    struct canary planted[2];

    if (argc < 4) {
        fprintf(stderr, "usage: %s BIN SOURCE FOLDER [MESSAGES]\n", argv[0]);
        return 2;
    }
    if (geteuid() != 0) {
        puts("only root may read another process's memory: skipped");
        return 77;
    }
    size_t count = argc > 4 ? strtoul(argv[4], NULL, 10) : MESSAGES;
    struct canary *canaries = calloc(count, sizeof *canaries);
    if (!canaries)
        fail("memory");
    for (size_t i = 0; i < count; i++)
        make_canary(&canaries[i]);

    community_make(&c, &(struct places){argv[1], argv[2]}, argv[3], members, 4);
    plant(&c, planted);
    community_start(&c);
    /* nps.b has said its key; now it is away, and its mail waits in the broker's store. */
    struct concordat *client = community_client(&c, 1);
    char *body = psr_body("hello", 900);
    concordat_answer_free(concordat_send(
        client,
        &(struct concordat_message){
            .type = "psr.request", .to = "nps.b", .json = body, .json_size = strlen(body)}));
    free(body);
    concordat_close(client);
    daemon_stop(&c.agents[3]);

    struct sender senders[2] = {{&c, canaries, 0, count / 2}, {&c, canaries, count / 2, count}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, send_canaries, &senders[i]) != 0)
            fail("pthread_create");
    for (int i = 0; i < 2; i++)
        (void)pthread_join(threads[i], NULL);
    size_t opened = opened_with_canary(&c, canaries, count);

    char folder[COMMUNITY_PATH + 8];
    (void)snprintf(folder, sizeof folder, "%s/broker", c.folder);
    struct search control_disk, control_memory, real;
    search_init(&control_disk, &planted[0], 1, false);
    search_init(&control_memory, &planted[1], 1, false);
    search_init(&real, canaries, count, true);
    search_folder(&control_disk, folder);
    search_memory(&control_memory, c.broker.pid);
    search_folder(&real, folder);
    search_memory(&real, c.broker.pid);
    bool core = search_core(&real, c.broker.pid, argv[3]);
    bool caught = control_disk.found > 0 && control_memory.found > 0;
    community_free(&c);

    printf("messages=%zu opened_by_recipient=%zu bytes_scanned=%llu core=%s canaries_found=%zu "
           "control_caught=%s\n",
           count, opened, real.scanned, core ? "yes" : "no (gcore is missing)", real.found,
           caught ? "yes" : "no");
    search_fini(&control_disk);
    search_fini(&control_memory);
    search_fini(&real);
    free(canaries);
    if (real.found || !caught || opened < count * 3 / 4) {
        puts("0 passed, 1 failed");
        return 1;
    }
    puts("1 passed, 0 failed");
    return 0;
}
