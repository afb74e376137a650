/*
 * disk.h - what the journal asks of a disk: the seam where tests cut the power.
 *
 * `disk_system` is the real one. Offsets and sizes are bytes. A call answers ST_OK or ST_IO (errno
 * says why) unless said otherwise; after the first ST_IO nothing is tried again.
 */
#ifndef BROKER_DISK_H
#define BROKER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/status.h"

struct disk {
    void *context;
    /* Makes the folder (0700) if it is not there, and syncs its parent. */
    enum status (*make_folder)(void *context, const char *folder);
    /* Opens for reading and writing; ST_MORE when it is not there and `create` is false. 0600. */
    enum status (*open)(void *context, const char *path, bool create, int *file);
    enum status (*size)(void *context, int file, uint64_t *out);
    enum status (*write)(void *context, int file, const struct iovec *parts, int count,
                         uint64_t offset);
    enum status (*sync)(void *context, int file); /* fdatasync */
    enum status (*sync_folder)(void *context, const char *folder);
    /* Reads past the page cache; offset, size and `out` are multiples of JOURNAL_BLOCK. Short at
     * the end: *got says. */
    enum status (*read_direct)(void *context, int file, void *out, size_t size, uint64_t offset,
                               size_t *got);
    void (*close)(void *context, int file);
};

extern const struct disk disk_system;

#endif
