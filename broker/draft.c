#include "broker/draft.h"

#include <stdlib.h>
#include <string.h>

#include "broker/stage.h"

#define PAGE_LEAST 2048 /* bytes: a quiet broker's batches are small and many are kept */
#define PAGE_MOST ((size_t)256 * 1024) /* bytes, but for a record that is larger */

void draft_fini(struct draft *draft)
{
    for (uint32_t i = 0; i < draft->page_count; i++)
        free(draft->pages[i].data);
    free(draft->pages);
    free(draft->parts);
    memset(draft, 0, sizeof *draft);
}

static enum status count_part(struct draft *draft, const uint8_t *record, size_t size)
{
    struct iovec *last = draft->part_count > 0 ? &draft->parts[draft->part_count - 1] : NULL;

    if (last && (uint8_t *)last->iov_base + last->iov_len == record) {
        last->iov_len += size;
    } else {
        if (draft->part_count == draft->part_room) {
            int room = draft->part_room ? 2 * draft->part_room : 64;
            struct iovec *parts = reallocarray(draft->parts, (size_t)room, sizeof *parts);
            if (!parts)
                return ST_NOMEM;
            draft->parts = parts;
            draft->part_room = room;
        }
        draft->parts[draft->part_count++] = (struct iovec){(void *)(uintptr_t)record, size};
    }
    draft->records++;
    draft->size += size;
    return ST_OK;
}

enum status draft_add(struct draft *draft, const uint8_t *record, size_t size)
{
    return count_part(draft, record, size);
}

static struct page *add_page(struct draft *draft, size_t least)
{
    if (draft->page_count == draft->page_room) {
        uint32_t room = draft->page_room ? 2 * draft->page_room : 8;
        struct page *pages = reallocarray(draft->pages, room, sizeof *pages);
        if (!pages)
            return NULL;
        draft->pages = pages;
        draft->page_room = room;
    }
    size_t room = PAGE_LEAST;
    if (draft->page_count > 0)
        room = 2 * draft->pages[draft->page_count - 1].room;
    room = room > PAGE_MOST ? PAGE_MOST : room;
    room = room < least + sizeof(struct note) ? least + sizeof(struct note) : room;

    uint8_t *data = malloc(room);
    if (!data)
        return NULL;
    const struct note note = {NOTE_RECORDS, 0};
    memcpy(data, &note, sizeof note);
    draft->pages[draft->page_count] = (struct page){data, sizeof note, room};
    return &draft->pages[draft->page_count++];
}

uint8_t *draft_write(struct draft *draft, size_t size)
{
    struct page *page = draft->page_count > 0 ? &draft->pages[draft->page_count - 1] : NULL;

    if (!page || page->room - page->size < size)
        page = add_page(draft, size);
    if (!page)
        return NULL;
    uint8_t *record = page->data + page->size;
    if (count_part(draft, record, size) != ST_OK)
        return NULL;
    page->size += size;
    return record;
}

void draft_clear(struct draft *draft)
{
    draft->part_count = 0;
    draft->page_count = 0;
    draft->records = 0;
    draft->size = 0;
}
