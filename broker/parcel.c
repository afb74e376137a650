#include "broker/parcel.h"

#include <stdlib.h>

#define ROOM_LEAST 4096                  /* bytes: most turns of a quiet broker fit */
#define USUAL_MOST ((size_t)1024 * 1024) /* bytes: one large one makes no habit */

void parcel_fini(struct parcel *parcel)
{
    free(parcel->data);
    *parcel = (struct parcel){.usual = parcel->usual};
}

uint8_t *parcel_room(struct parcel *parcel, size_t size)
{
    if (size > parcel->room - parcel->size) {
        size_t room = parcel->room               ? 2 * parcel->room
                    : parcel->usual > ROOM_LEAST ? parcel->usual
                                                 : ROOM_LEAST;

        if (size > SIZE_MAX / 4)
            return NULL;
        while (room - parcel->size < size)
            room *= 2;
        uint8_t *data = realloc(parcel->data, room);
        if (!data)
            return NULL;
        parcel->data = data;
        parcel->room = room;
    }
    return parcel->data + parcel->size;
}

void *parcel_add(struct parcel *parcel, size_t size)
{
    size_t whole = (size + 7) & ~(size_t)7;

    if (whole < size)
        return NULL;
    uint8_t *added = parcel_room(parcel, whole);
    if (added)
        parcel->size += whole;
    return added;
}

void parcel_clear(struct parcel *parcel, size_t keep)
{
    if (parcel->room > keep)
        parcel_fini(parcel);
    parcel->size = 0;
}

uint8_t *parcel_give(struct parcel *parcel, size_t *size)
{
    uint8_t *data = parcel->data;

    *size = parcel->size;
    parcel->usual = (parcel->usual + parcel->size) / 2 + parcel->size / 4;
    if (parcel->usual > USUAL_MOST)
        parcel->usual = USUAL_MOST;
    if (parcel->size > 0 && parcel->size < parcel->room / 2) {
        uint8_t *smaller = realloc(data, parcel->size);
        data = smaller ? smaller : data;
    }
    *parcel = (struct parcel){.usual = parcel->usual};
    return data;
}
