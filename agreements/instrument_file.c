/* instrument_file.c - instruments as text: PEM blocks, as instrument.h promises. */
#include <stdlib.h>
#include <string.h>

#include "agreements/instrument.h"
#include "lib/pem.h"

#define BEGIN_LINE "-----BEGIN " INSTRUMENT_PEM "-----"
#define END_LINE "-----END " INSTRUMENT_PEM "-----"
#define FILE_MAX                                                                                   \
    (INSTRUMENTS_EACH_MAX * 2 * SIGNED_INSTRUMENT_MAX) /* bytes: base64 and comments               \
                                                        */

void instrument_file_free(struct instrument_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++)
        OPENSSL_free(file->memory[i]);
    free(file);
}

/* One block with its two lines around it. */
static enum status read_block(const char *text, size_t size, uint8_t **out, struct bytes *bytes,
                              const char **fault)
{
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    char *label = NULL, *header = NULL;
    unsigned char *data = NULL;
    long length = 0;

    *fault = "not a PEM block";
    if (!bio)
        return ST_NOMEM;
    int got = PEM_read_bio(bio, &label, &header, &data, &length);
    bool whole = got == 1 && strcmp(label, INSTRUMENT_PEM) == 0 && header[0] == '\0' && length > 0
              && length <= SIGNED_INSTRUMENT_MAX;
    BIO_free(bio);
    OPENSSL_free(label);
    OPENSSL_free(header);
    ERR_clear_error();
    if (!whole) {
        OPENSSL_free(data);
        return ST_INVALID;
    }
    *out = data;
    *bytes = (struct bytes){data, (size_t)length};
    return ST_OK;
}

static bool line_is(const char *line, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(line, text, size) == 0;
}

static bool is_base64(const char *line, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789+/=";

    for (size_t i = 0; i < size; i++)
        if (line[i] == '\0' || !strchr(digits, line[i]))
            return false;
    return size > 0;
}

static enum status refuse_line(struct reason *why, const char *name, size_t number,
                               const char *fault)
{
    reason_set(why, "%s:%zu: %s", name, number, fault);
    return ST_INVALID;
}

static enum status add_block(struct instrument_file *file, const char *name, size_t number,
                             const char *start, const char *end, struct reason *why)
{
    struct signed_instrument parts;
    struct reason fault = {""};
    const char *problem;

    if (file->count == INSTRUMENTS_EACH_MAX)
        return refuse_line(why, name, number, "too many instruments in one file");
    enum status st = read_block(start, (size_t)(end - start), &file->memory[file->count],
                                &file->items[file->count], &problem);
    if (st != ST_OK)
        return st == ST_INVALID ? refuse_line(why, name, number, problem) : st;
    file->count++;
    if (signed_instrument_read(file->items[file->count - 1], &parts, &fault) != ST_OK)
        return refuse_line(why, name, number, fault.text);
    return ST_OK;
}

enum status instrument_file_parse(const char *name, const char *text, size_t size,
                                  struct instrument_file **out, struct reason *why)
{
    OWNED(instrument_file) file = calloc(1, sizeof *file);
    const char *line = text, *end = text + size, *block = NULL;
    size_t number = 1, begun = 0;
    enum status st;

    if (!file)
        return ST_NOMEM;
    for (; line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            return refuse_line(why, name, number, "the last line has no end; is the file whole?");
        size_t length = (size_t)(stop - line);

        if (!block && line_is(line, length, BEGIN_LINE)) {
            block = line;
            begun = number;
        } else if (block && line_is(line, length, END_LINE)) {
            if ((st = add_block(file, name, begun, block, stop + 1, why)) != ST_OK)
                return st;
            block = NULL;
        } else if (block ? !is_base64(line, length) : length > 0 && line[0] != '#') {
            return refuse_line(why, name, number,
                               "neither a block " INSTRUMENT_PEM ", nor a comment, nor empty");
        }
        line = stop + 1;
    }
    if (block)
        return refuse_line(why, name, begun, "this block has no end");
    if (file->count == 0)
        return refuse_line(why, name, 1, "no " INSTRUMENT_PEM " in it");
    *out = GIVE(file);
    return ST_OK;
}

enum status instrument_file_read(const char *path, struct instrument_file **out, struct reason *why)
{
    BIO *bio;
    char *text;
    enum status st = pem_open(path, &bio, why);

    if (st != ST_OK)
        return st;
    if (!(text = malloc(FILE_MAX + 1))) {
        BIO_free(bio);
        return ST_NOMEM;
    }
    size_t size = 0;
    int got;
    while (size <= FILE_MAX && (got = BIO_read(bio, text + size, (int)(FILE_MAX + 1 - size))) > 0)
        size += (size_t)got;
    BIO_free(bio);
    if (size > FILE_MAX)
        st = pem_fault(why, path, "too long for a file of instruments");
    else
        st = instrument_file_parse(path, text, size, out, why);
    free(text);
    return st;
}

enum status instrument_armour(struct bytes signed_instrument, char *out, size_t room, size_t *size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    enum status st = ST_NOMEM;

    if (bio
        && PEM_write_bio(bio, INSTRUMENT_PEM, "", signed_instrument.data,
                         (long)signed_instrument.size)
               > 0) {
        long length = BIO_get_mem_data(bio, &text);
        st = ST_LIMIT;
        if (length > 0 && (size_t)length < room) {
            memcpy(out, text, (size_t)length);
            out[length] = '\0';
            *size = (size_t)length;
            st = ST_OK;
        }
    }
    BIO_free(bio);
    ERR_clear_error();
    return st;
}
