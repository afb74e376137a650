/*
 * search.h - looks for words in every file below a folder, in the forms in which bytes hide words.
 */
#ifndef AGENTS_CLI_SEARCH_H
#define AGENTS_CLI_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bytes.h"
#include "lib/reason.h"
#include "lib/status.h"

struct search {
    uint32_t found; /* bit n: word n is there, in whatever form */
    size_t files;
};

/* Each word as it is, in capitals and small letters, as UTF-16, in hexadecimal, and in base64 at
 * each of its three places. A word has 4 to 64 bytes, and there are at most 32. Reads what is on
 * the disk once: O(bytes). ST_IO     a file cannot be read ST_LIMIT  folders inside each other
 * beyond SEARCH_DEPTH_MAX */
#define SEARCH_DEPTH_MAX 16
enum status search_folder(const char *folder, const struct bytes words[], size_t count,
                          struct search *out, struct reason *why);

#endif
