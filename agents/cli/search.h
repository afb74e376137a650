/*
 * search.h - looks for words in every file below a folder, in the forms in which bytes hide words.
 */
#ifndef AGENTS_CLI_SEARCH_H
#define AGENTS_CLI_SEARCH_H

#include <stddef.h>

#include "lib/reason.h"
#include "lib/status.h"

struct search {
    size_t found; /* words in a form, file by file */
    size_t files;
    unsigned long long bytes;
};

/* Each word as it is, in capitals and small letters, as UTF-16, in hexadecimal, and in base64 at
 * each of its three places. A word has 4 to 64 bytes. Reads what is on the disk once: O(bytes).
 *   ST_IO  a file cannot be read */
enum status search_folder(const char *folder, const char *const words[], size_t count,
                          struct search *out, struct reason *why);

#endif
