/*
 * place.h - where the other programs and files are, seen from this one.
 *
 * The build folder and an installation have the same shape, so one rule finds both:
 *
 *     BIN/concordat   BIN/concordatd or BIN/../broker/concordatd   BIN/concordat-agent
 *     BIN/../libexec/concordat/pki.sh
 *     BIN/roles/NAME   or BIN/../libexec/concordat/roles/NAME
 *     BIN/../share/concordat/{agreements,examples}
 *     BIN/../libexec/concordat-demo/concordat    and from there, its own BIN, all with one ../ more
 *
 * Programs are looked for on the PATH last.
 */
#ifndef AGENTS_CLI_PLACE_H
#define AGENTS_CLI_PLACE_H

#include <limits.h>
#include <stdbool.h>

/* printf into `out`; false when it does not fit. */
bool path_print(char out[static PATH_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* This program's own path. */
bool place_self(char out[static PATH_MAX]);
/* "concordatd" or "concordat-agent". */
bool place_program(const char *name, char out[static PATH_MAX]);
/* A reference system: "police". */
bool place_role(const char *name, char out[static PATH_MAX]);
/* A file or folder of the product: "libexec/concordat/pki.sh", "share/concordat/agreements". */
bool place_file(const char *name, char out[static PATH_MAX]);

#endif
