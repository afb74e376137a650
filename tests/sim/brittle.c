#include "tests/sim/brittle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 64
#define PENDING_MAX 256 /* writes */
#define PIECES_MAX 4096 /* sectors and entries that may or may not survive */
#define BLOCK 4096

struct file {
    char name[NAME_SIZE];
    uint8_t *view; /* owned: what the program sees */
    uint8_t *disk; /* owned: what was synced; during a visit, what survived */
    uint64_t view_size, disk_size;
    bool entry;    /* its name is in the synced folder */
    bool lost;     /* during a visit: its name did not survive */
    uint64_t hash; /* sum over sectors of `disk` */
};

/* A write that was not synced. */
struct pending {
    size_t file;
    uint64_t offset;
    size_t size;
    uint8_t *data; /* owned */
};

/* What survives or does not, for itself: a sector of a pending write, or a file's entry. */
struct piece {
    const struct pending *write; /* NULL: an entry */
    size_t file;
    uint64_t offset;
    const uint8_t *data;
    size_t size;
    /* To put it back. */
    uint8_t old[SECTOR];
    uint64_t old_size;
    bool applied;
};

struct brittle {
    size_t file_max, size_max, file_count;
    struct file *files;
    bool folder, folder_entry, folder_lost;
    struct pending pending[PENDING_MAX];
    size_t pending_count;
    struct piece *pieces; /* owned: PIECES_MAX */
    size_t piece_count;
    uint64_t random;
    bool cut; /* during a visit */
    unsigned exhaustive, samples;
    void (*visit)(void *context);
    void *context;
};

uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t random_below(uint64_t *state, uint64_t bound)
{
    return random_next(state) % bound;
}

/* ---- life ---- */

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

struct brittle *brittle_new(size_t file_max, size_t size_max, uint64_t seed)
{
    struct brittle *b = must(calloc(1, sizeof *b));

    assert(size_max % SECTOR == 0);
    b->file_max = file_max;
    b->size_max = size_max;
    b->random = seed;
    b->files = must(calloc(file_max, sizeof *b->files));
    b->pieces = must(calloc(PIECES_MAX, sizeof *b->pieces));
    return b;
}

static struct file *add_file(struct brittle *b, const char *name)
{
    struct file *f = &b->files[b->file_count];

    assert(b->file_count < b->file_max && strlen(name) < NAME_SIZE);
    *f = (struct file){0};
    (void)snprintf(f->name, sizeof f->name, "%s", name);
    f->view = must(calloc(1, b->size_max));
    f->disk = must(calloc(1, b->size_max));
    b->file_count++;
    return f;
}

static bool survives(const struct brittle *b, const struct file *f)
{
    return b->cut ? !f->lost && !b->folder_lost : true;
}

void brittle_free(struct brittle *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->file_count; i++) {
        free(b->files[i].view);
        free(b->files[i].disk);
    }
    for (size_t i = 0; i < b->pending_count; i++)
        free(b->pending[i].data);
    free(b->files);
    free(b->pieces);
    free(b);
}

/* ---- hashing: a sum over sectors, so that a change of one costs one ---- */

static uint64_t mix(uint64_t h)
{
    return random_next(&h);
}

static uint64_t name_hash(const char *name)
{
    uint64_t hash = 2;

    while (*name)
        hash = mix(hash ^ (uint8_t)*name++);
    return hash;
}

static uint64_t sector_hash(const uint8_t *data, uint64_t sector)
{
    uint64_t hash = mix(sector + 1);

    for (size_t i = 0; i < SECTOR; i += 8) {
        uint64_t word;
        memcpy(&word, data + i, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
        hash ^= hash >> 32;
    }
    return mix(hash);
}

uint64_t brittle_hash(const struct brittle *b)
{
    uint64_t sum = b->folder && !b->folder_lost ? 1 : 0;

    for (size_t i = 0; i < b->file_count; i++)
        if (survives(b, &b->files[i]))
            sum += mix(name_hash(b->files[i].name) ^ b->files[i].hash ^ mix(b->files[i].disk_size));
    return sum;
}

/* Writes into what is on the disk; keeps its hash. Whole sectors. */
static void disk_write(struct file *f, uint64_t offset, const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size; at += SECTOR) {
        uint8_t *place = f->disk + offset + at;
        uint64_t sector = (offset + at) / SECTOR;
        f->hash -= sector_hash(place, sector);
        memcpy(place, data + at, SECTOR);
        f->hash += sector_hash(place, sector);
    }
    if (offset + size > f->disk_size)
        f->disk_size = offset + size;
}

struct brittle *brittle_copy(const struct brittle *from, uint64_t seed)
{
    struct brittle *b = brittle_new(from->file_max, from->size_max, seed);

    b->folder = b->folder_entry = from->folder && !(from->cut && from->folder_lost);
    for (size_t i = 0; i < from->file_count; i++) {
        const struct file *f = &from->files[i];
        struct file *copy;

        if (!survives(from, f))
            continue;
        copy = add_file(b, f->name);
        disk_write(copy, 0, from->cut ? f->disk : f->view, from->size_max);
        copy->disk_size = copy->view_size = from->cut ? f->disk_size : f->view_size;
        memcpy(copy->view, copy->disk, from->size_max);
        copy->entry = true;
    }
    return b;
}

/* ---- cuts ---- */

static void list_pieces(struct brittle *b)
{
    b->piece_count = 0;
    for (size_t i = 0; i < b->pending_count; i++) {
        const struct pending *w = &b->pending[i];
        for (size_t at = 0; at < w->size; at += SECTOR) {
            assert(b->piece_count < PIECES_MAX);
            b->pieces[b->piece_count++] = (struct piece){.write = w,
                                                         .file = w->file,
                                                         .offset = w->offset + at,
                                                         .data = w->data + at,
                                                         .size = SECTOR};
        }
    }
    for (size_t i = 0; i < b->file_count; i++)
        if (!b->files[i].entry)
            b->pieces[b->piece_count++] = (struct piece){.file = i};
}

static void keep(struct brittle *b, struct piece *p, const uint8_t *data)
{
    struct file *f = &b->files[p->file];

    if (!p->write) {
        f->lost = false;
        return;
    }
    memcpy(p->old, f->disk + p->offset, SECTOR);
    p->old_size = f->disk_size;
    disk_write(f, p->offset, data, SECTOR);
    p->applied = true;
}

/* Backwards, so that pieces over one another come off as they went on. */
static void put_back(struct brittle *b)
{
    for (size_t i = b->piece_count; i-- > 0;) {
        struct piece *p = &b->pieces[i];
        struct file *f = &b->files[p->file];
        if (!p->applied)
            continue;
        disk_write(f, p->offset, p->old, SECTOR);
        f->disk_size = p->old_size;
        p->applied = false;
    }
}

/* The image that keeps what `kept` says; piece `garbage` is neither old nor new. */
static void visit_image(struct brittle *b, const bool *kept, size_t garbage)
{
    uint8_t noise[SECTOR];

    for (size_t i = 0; i < b->file_count; i++)
        b->files[i].lost = !b->files[i].entry;
    for (size_t i = 0; i < SECTOR; i++)
        noise[i] = (uint8_t)random_next(&b->random);
    for (size_t i = 0; i < b->piece_count; i++)
        if (kept[i])
            keep(b, &b->pieces[i], i == garbage ? noise : b->pieces[i].data);
    b->visit(b->context);
    put_back(b);
}

static void visit_all(struct brittle *b, bool *kept)
{
    for (uint64_t set = 0; set < UINT64_C(1) << b->piece_count; set++) {
        for (size_t i = 0; i < b->piece_count; i++)
            kept[i] = set >> i & 1;
        visit_image(b, kept, SIZE_MAX);
    }
}

/* Blocks of 4 KiB written whole or not at all. */
static void visit_blocks(struct brittle *b, bool *kept)
{
    size_t per = BLOCK / SECTOR, blocks = (b->piece_count + per - 1) / per;

    if (blocks > b->exhaustive)
        return;
    for (uint64_t set = 0; set < UINT64_C(1) << blocks; set++) {
        for (size_t i = 0; i < b->piece_count; i++)
            kept[i] = set >> i / per & 1;
        visit_image(b, kept, SIZE_MAX);
    }
}

/* The last write torn at each sector: its beginning is there, or its end; all before it, or none.
 */
static void visit_torn(struct brittle *b, bool *kept)
{
    const struct pending *last = b->pending_count ? &b->pending[b->pending_count - 1] : NULL;
    size_t first = 0, count = 0;

    for (size_t i = 0; i < b->piece_count; i++)
        if (last && b->pieces[i].write == last) {
            if (count++ == 0)
                first = i;
        }
    for (size_t torn = 0; torn <= count; torn++)
        for (unsigned how = 0; how < 4; how++) {
            for (size_t i = 0; i < b->piece_count; i++) {
                bool in_last = i >= first && i < first + count;
                bool before = i - first < torn;
                kept[i] = in_last ? ((how & 1) != 0) == before : (how & 2) != 0;
            }
            visit_image(b, kept, SIZE_MAX);
        }
}

static void visit_random(struct brittle *b, bool *kept)
{
    for (unsigned n = 0; n < b->samples; n++) {
        uint64_t density = 1 + random_below(&b->random, 7);
        for (size_t i = 0; i < b->piece_count; i++)
            kept[i] = random_below(&b->random, 8) < density;
        visit_image(b, kept, SIZE_MAX);
    }
}

static void visit_garbage(struct brittle *b, bool *kept)
{
    size_t tries = b->piece_count < 16 ? b->piece_count : 16;

    for (size_t i = 0; i < b->piece_count; i++)
        kept[i] = true;
    for (size_t n = 0; n < tries; n++)
        visit_image(b, kept, (size_t)random_below(&b->random, b->piece_count));
}

void brittle_cut(struct brittle *b)
{
    bool *kept;

    if (!b->visit || b->cut)
        return;
    list_pieces(b);
    kept = must(calloc(b->piece_count + 1, sizeof *kept));
    b->cut = true;
    if (b->piece_count <= b->exhaustive) {
        visit_all(b, kept);
    } else {
        visit_blocks(b, kept);
        visit_torn(b, kept);
        visit_random(b, kept);
    }
    if (b->piece_count > 0)
        visit_garbage(b, kept);
    if (b->folder && !b->folder_entry) {
        b->folder_lost = true;
        memset(kept, 0, b->piece_count * sizeof *kept);
        visit_image(b, kept, SIZE_MAX);
        b->folder_lost = false;
    }
    b->cut = false;
    free(kept);
}

void brittle_visit(struct brittle *b, unsigned exhaustive, unsigned samples,
                   void (*visit)(void *context), void *context)
{
    b->exhaustive = exhaustive;
    b->samples = samples;
    b->visit = visit;
    b->context = context;
}

bool brittle_flip(struct brittle *b, size_t file, uint64_t offset, unsigned bit)
{
    struct file *f = &b->files[file];

    if (file >= b->file_count || offset >= f->view_size)
        return false;
    f->view[offset] ^= (uint8_t)(1u << bit);
    f->disk[offset] ^= (uint8_t)(1u << bit);
    return true;
}

/* ---- the disk as the journal sees it ---- */

static enum status make_folder(void *context, const char *folder)
{
    struct brittle *b = context;

    (void)folder;
    assert(!b->cut);
    b->folder = true;
    brittle_cut(b);
    b->folder_entry = true;
    return ST_OK;
}

static enum status open_file(void *context, const char *path, bool create, int *file)
{
    struct brittle *b = context;

    for (size_t i = 0; i < b->file_count; i++)
        if (strcmp(b->files[i].name, path) == 0 && survives(b, &b->files[i])) {
            *file = (int)i;
            return ST_OK;
        }
    if (!create)
        return ST_MORE;
    assert(!b->cut && b->folder);
    (void)add_file(b, path);
    *file = (int)b->file_count - 1;
    brittle_cut(b);
    return ST_OK;
}

static enum status size_file(void *context, int file, uint64_t *out)
{
    const struct brittle *b = context;
    const struct file *f = &b->files[file];

    *out = b->cut ? f->disk_size : f->view_size;
    return ST_OK;
}

static enum status write_file(void *context, int file, const struct iovec *parts, int count,
                              uint64_t offset)
{
    struct brittle *b = context;
    struct file *f = &b->files[file];
    struct pending *w = &b->pending[b->pending_count];
    size_t size = 0;

    assert(!b->cut && b->pending_count < PENDING_MAX);
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    assert(size % SECTOR == 0 && offset % SECTOR == 0 && offset + size <= b->size_max);
    *w = (struct pending){(size_t)file, offset, size, must(malloc(size))};
    for (int i = 0, at = 0; i < count; at += (int)parts[i++].iov_len)
        if (parts[i].iov_len > 0)
            memcpy(w->data + at, parts[i].iov_base, parts[i].iov_len);
    memcpy(f->view + offset, w->data, size);
    if (offset + size > f->view_size)
        f->view_size = offset + size;
    b->pending_count++;
    brittle_cut(b);
    return ST_OK;
}

static enum status sync_file(void *context, int file)
{
    struct brittle *b = context;
    size_t left = 0;

    assert(!b->cut);
    for (size_t i = 0; i < b->pending_count; i++) {
        struct pending *w = &b->pending[i];
        if (w->file == (size_t)file) {
            disk_write(&b->files[file], w->offset, w->data, w->size);
            free(w->data);
        } else {
            b->pending[left++] = *w;
        }
    }
    b->pending_count = left;
    brittle_cut(b);
    return ST_OK;
}

static enum status sync_folder(void *context, const char *folder)
{
    struct brittle *b = context;

    (void)folder;
    assert(!b->cut);
    for (size_t i = 0; i < b->file_count; i++)
        b->files[i].entry = true;
    brittle_cut(b);
    return ST_OK;
}

static enum status read_file(void *context, int file, void *out, size_t size, uint64_t offset,
                             size_t *got)
{
    const struct brittle *b = context;
    const struct file *f = &b->files[file];
    uint64_t end = b->cut ? f->disk_size : f->view_size;

    *got = offset < end ? (size_t)(end - offset < size ? end - offset : size) : 0;
    if (*got > 0)
        memcpy(out, (b->cut ? f->disk : f->view) + offset, *got);
    return ST_OK;
}

static void close_file(void *context, int file)
{
    (void)context;
    (void)file;
}

struct disk brittle_disk(struct brittle *b)
{
    return (struct disk){
        .context = b,
        .make_folder = make_folder,
        .open = open_file,
        .size = size_file,
        .write = write_file,
        .sync = sync_file,
        .sync_folder = sync_folder,
        .read_direct = read_file,
        .close = close_file,
    };
}
