/*
 * files.h - the files that a command line names: files, standard input, folders of *.json.
 */
#ifndef AGENTS_CLI_FILES_H
#define AGENTS_CLI_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "lib/own.h"

struct files {
    size_t count;
    char **paths; /* owned, each too; "-" is standard input */
};

/* `names` in their order; a folder stands for its *.json, by name. NULL after telling the user: a
 * folder that cannot be read or has none, standard input twice, more than IMPORT_FILES_MAX. */
struct files *files_of(const char *const *names, size_t count);
void files_free(struct files *files); /* NULL is fine */
OWN(files)

/* A whole file of at most `most` bytes, NUL-terminated, its size in *size; free() it. NULL, with
 * `why` in words, when it cannot be read or is larger. */
char *file_read(const char *path, size_t most, size_t *size, char why[static 256]);

/* The JSON object of a whole file; NULL after telling the user, without quoting what stands in it.
 */
json_t *file_read_object(const char *path);

#endif
