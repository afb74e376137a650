/*
 * pem.h - opening PEM files and saying what is wrong with them, once for all who read them.
 */
#ifndef LIB_PEM_H
#define LIB_PEM_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "lib/reason.h"
#include "lib/status.h"

/* To be freed with BIO_free.
 *   ST_IO       cannot be read; `why` says so */
static inline enum status pem_open(const char *path, BIO **out, struct reason *why)
{
    errno = 0;
    *out = BIO_new_file(path, "re");
    if (*out)
        return ST_OK;
    reason_set(why, "%s: %s", path, errno ? strerror(errno) : "cannot be read");
    ERR_clear_error();
    return ST_IO;
}

/* ST_INVALID, with file and fault in `why`. */
static inline enum status pem_fault(struct reason *why, const char *path, const char *fault)
{
    reason_set(why, "%s: %s", path, fault);
    ERR_clear_error();
    return ST_INVALID;
}

/* A PEM reader's NULL is the end of the file only if it says so; else something is broken. */
static inline bool pem_ended(void)
{
    unsigned long error = ERR_peek_last_error();
    bool end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;

    ERR_clear_error();
    return end;
}

#endif
