#include "proto/identifier.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/bodies/common.pb-c.h"

/* A number's check letter is its remainder by 23, in this alphabet without I, O and S. */
static char check_letter(uint64_t number)
{
    return "ZABCDEFGHJKLMNPQRTUVWXY"[number % 23];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Does `text` fit `form`, character by character: 9 a digit, A a capital, X either, others
 * themselves? */
static bool fits(const char *text, const char *form)
{
    for (; *form; text++, form++) {
        bool ok = *form == '9' ? is_digit(*text)
                : *form == 'A' ? is_upper(*text)
                : *form == 'X' ? is_digit(*text) || is_upper(*text)
                               : *text == *form;
        if (!ok)
            return false;
    }
    return *text == '\0';
}

/* Takes up to `most` digits from *text; gives their value. */
static uint64_t take_digits(const char **text, size_t most, size_t *count)
{
    uint64_t v = 0;

    for (*count = 0; *count < most && is_digit(**text); ++*count)
        v = 10 * v + (uint64_t)(*(*text)++ - '0');
    return v;
}

static enum status bad_form(const char *what, const char *form, struct reason *why)
{
    reason_set(why, "%s should look like %s", what, form);
    return ST_INVALID;
}

static enum status bad_check(const char *what, char expected, struct reason *why)
{
    reason_set(why, "%s check character should be %c", what, expected);
    return ST_INVALID;
}

/* Copies without spaces, in capitals. */
static bool tidy(const char *text, char out[static IDENTIFIER_MAX + 1])
{
    size_t size = 0;

    for (; *text; text++) {
        if (*text == ' ')
            continue;
        if (size == IDENTIFIER_MAX)
            return false;
        out[size] = *text;
        if (*text >= 'a' && *text <= 'z')
            out[size] = (char)(*text - 'a' + 'A');
        size++;
    }
    out[size] = '\0';
    return size > 0;
}

/* YYYY/nnnnnnnC, YY/nnnC, YYnnnC, YYYYnnnnnnnC. The letter is of the two-digit year and the serial
 * padded to 7. Without a slash up to nine digits have a year of two, more a year of four. */
static enum status pnc(const char *text, int year, char *out, struct reason *why)
{
    static const char form[] = "2018/0123456P";
    size_t digits = strspn(text, "0123456789"), count, serial_count;
    bool has_slash = text[digits] == '/';
    size_t year_digits = has_slash ? digits : digits <= 9 ? 2 : 4;

    if (year_digits != 2 && year_digits != 4)
        return bad_form("PNC", form, why);
    uint64_t y = take_digits(&text, year_digits, &count);
    text += has_slash;
    uint64_t serial = take_digits(&text, 7, &serial_count);
    if (count != year_digits || serial_count == 0 || !fits(text, "A"))
        return bad_form("PNC", form, why);
    if (year_digits == 2)
        y += y <= (uint64_t)(year % 100) ? 2000 : 1900;
    if (y < 1900 || y > 2099)
        return bad_form("PNC", form, why);
    char expected = check_letter(y % 100 * 10000000 + serial);
    if (*text != expected)
        return bad_check("PNC", expected, why);
    (void)snprintf(out, IDENTIFIER_MAX + 1, "%04u/%07u%c", (unsigned)y, (unsigned)serial, expected);
    return ST_OK;
}

/* SFYY/nC: a file number. Its serial is not padded: it counts as it stands. */
static enum status cro_file(const char *text, char *out, struct reason *why)
{
    const char *rest = text + 2;
    size_t year_count, count;
    uint64_t year = take_digits(&rest, 2, &year_count);

    if (year_count != 2 || *rest++ != '/')
        return bad_form("CRO", "SF97/12F", why);
    uint64_t number = year, serial = take_digits(&rest, 6, &count);
    for (size_t i = 0; i < count; i++)
        number *= 10;
    if (count == 0 || !fits(rest, "A"))
        return bad_form("CRO", "SF97/12F", why);
    char expected = check_letter(number + serial);
    if (*rest != expected)
        return bad_check("CRO", expected, why);
    (void)snprintf(out, IDENTIFIER_MAX + 1, "%s", text);
    return ST_OK;
}

/* nnnnnn/YYC: the letter is of the year and the serial padded to 6. */
static enum status cro(const char *text, char *out, struct reason *why)
{
    size_t count;
    const char *rest = text;

    if (strncmp(text, "SF", 2) == 0)
        return cro_file(text, out, why);
    uint64_t serial = take_digits(&rest, 6, &count);
    if (count == 0 || !fits(rest, "/99A"))
        return bad_form("CRO", "012345/18K or SF97/12F", why);
    unsigned year = (unsigned)(rest[1] - '0') * 10 + (unsigned)(rest[2] - '0');
    char expected = check_letter((uint64_t)year * 1000000 + serial);
    if (rest[3] != expected)
        return bad_check("CRO", expected, why);
    (void)snprintf(out, IDENTIFIER_MAX + 1, "%06u/%02u%c", (unsigned)serial, year, expected);
    return ST_OK;
}

/* Two characters enter an ASN's number only when both are digits. */
static uint64_t append_pair(uint64_t number, const char *pair)
{
    if (!is_digit(pair[0]) || !is_digit(pair[1]))
        return number;
    return 100 * number + (uint64_t)(pair[0] - '0') * 10 + (uint64_t)(pair[1] - '0');
}

/* YY [top level letter] FFUU SS n{1..11} C, with or without slashes: YY/FFUU/SS/nC. The number is
 * force and system, where they are digits, then year, then the sequence padded to 11: up to 17
 * digits. */
static enum status asn(const char *text, char *out, struct reason *why)
{
    static const char form[] = "1835CB0100000001234C";
    char bare[IDENTIFIER_MAX + 1] = "", padded[12];
    size_t size = 0, count;
    bool has_slashes = strchr(text, '/') != NULL;
    size_t units = has_slashes && strlen(text) > 3 ? strcspn(text + 3, "/") : 0;

    for (const char *c = text; *c; c++)
        if (*c != '/')
            bare[size++] = *c;
    bare[size] = '\0';
    if (has_slashes
        && (text[2] != '/' || (units != 4 && units != 5) || text[3 + units] != '/'
            || strcspn(text + 4 + units, "/") != 2 || size + 3 != strlen(text)))
        return bad_form("ASN", form, why);
    /* a top level letter may stand after YY */
    bool has_top = has_slashes ? units == 5 : size == 21;
    const char *unit = bare + 2 + has_top, *rest = unit + 6;
    if (size < (has_top ? 11u : 10u) || !is_digit(bare[0]) || !is_digit(bare[1])
        || (has_top && !is_upper(bare[2])))
        return bad_form("ASN", form, why);
    for (const char *c = unit; c < rest; c++)
        if (!is_digit(*c) && !is_upper(*c))
            return bad_form("ASN", form, why);
    uint64_t sequence = take_digits(&rest, 11, &count);
    if (count == 0 || (!has_slashes && count != 11) || !fits(rest, "A"))
        return bad_form("ASN", form, why);

    uint64_t number = append_pair(append_pair(append_pair(0, unit), unit + 4), bare);
    char expected = check_letter(number * UINT64_C(100000000000) + sequence);
    if (*rest != expected)
        return bad_check("ASN", expected, why);
    (void)snprintf(padded, sizeof padded, "%011llu", (unsigned long long)sequence);
    (void)snprintf(out, IDENTIFIER_MAX + 1, "%.*s%s%c", (int)(unit + 6 - bare), bare, padded,
                   expected);
    return ST_OK;
}

/* Ten digits; the last is 11 less the weighted sum of the others modulo 11. */
static enum status nhs(const char *text, char *out, struct reason *why)
{
    int sum = 0;

    if (!fits(text, "9999999999"))
        return bad_form("NHS number", "ten digits", why);
    for (int i = 0; i < 9; i++)
        sum += (10 - i) * (text[i] - '0');
    int expected = (11 - sum % 11) % 11;
    if (expected == 10) {
        reason_set(why, "NHS number has no check digit: never issued");
        return ST_INVALID;
    }
    if (text[9] - '0' != expected)
        return bad_check("NHS number", (char)('0' + expected), why);
    (void)snprintf(out, IDENTIFIER_MAX + 1, "%s", text);
    return ST_OK;
}

static enum status plain_form(const char *what, const char *text, const char *form,
                              const char *example, char *out, struct reason *why)
{
    if (!fits(text, form))
        return bad_form(what, example, why);
    (void)snprintf(out, IDENTIFIER_MAX + 1, "%s", text);
    return ST_OK;
}

static enum status nino(const char *text, char *out, struct reason *why)
{
    enum status status = plain_form("NINO", text, "AA999999A", "QQ123456C", out, why);

    return status == ST_OK && text[8] > 'D' ? bad_form("NINO", "QQ123456C", why) : status;
}

static enum status copied(const char *text, char *out, struct reason *why)
{
    size_t size = strnlen(text, IDENTIFIER_MAX + 1);

    if (size == 0 || size > IDENTIFIER_MAX) {
        reason_set(why, "identifier should have 1 to %d characters", IDENTIFIER_MAX);
        return ST_INVALID;
    }
    memcpy(out, text, size + 1);
    return ST_OK;
}

static enum status normalise(int type, const char *text, int year, char *out, struct reason *why)
{
    switch (type) {
    case CONCORDAT__BODY__IDENTIFIER__TYPE__CRN:
        return plain_form("CRN", text, "A999999", "X123456", out, why);
    case CONCORDAT__BODY__IDENTIFIER__TYPE__PNC:
        return pnc(text, year, out, why);
    case CONCORDAT__BODY__IDENTIFIER__TYPE__CRO:
        return cro(text, out, why);
    case CONCORDAT__BODY__IDENTIFIER__TYPE__NOMS:
        return plain_form("NOMS number", text, "A9999AA", "A1234BC", out, why);
    case CONCORDAT__BODY__IDENTIFIER__TYPE__ASN:
        return asn(text, out, why);
    case CONCORDAT__BODY__IDENTIFIER__TYPE__NINO:
        return nino(text, out, why);
    default:
        return nhs(text, out, why);
    }
}

static bool has_rule(int type)
{
    return type == CONCORDAT__BODY__IDENTIFIER__TYPE__CRN
        || type == CONCORDAT__BODY__IDENTIFIER__TYPE__PNC
        || type == CONCORDAT__BODY__IDENTIFIER__TYPE__CRO
        || type == CONCORDAT__BODY__IDENTIFIER__TYPE__NOMS
        || type == CONCORDAT__BODY__IDENTIFIER__TYPE__ASN
        || type == CONCORDAT__BODY__IDENTIFIER__TYPE__NINO
        || type == CONCORDAT__BODY__IDENTIFIER__TYPE__NHS;
}

enum status identifier_normalise(int type, const char *text, int year,
                                 char out[static IDENTIFIER_MAX + 1], struct reason *why)
{
    char tidied[IDENTIFIER_MAX + 1] = "", result[IDENTIFIER_MAX + 1] = "";

    if (!has_rule(type))
        return copied(text, out, why);
    if (!tidy(text, tidied)) {
        reason_set(why, "identifier should have 1 to %d characters", IDENTIFIER_MAX);
        return ST_INVALID;
    }
    enum status status = normalise(type, tidied, year, result, why);
    if (status == ST_OK)
        memcpy(out, result, sizeof result);
    return status;
}

bool identifier_is_dummy(int type, const char *canonical)
{
    return type == CONCORDAT__BODY__IDENTIFIER__TYPE__ASN && strncmp(canonical, "0800NP01", 8) == 0;
}

enum status court_ou_check(const char *text, struct reason *why)
{
    if (!fits(text, "AXXXXXX") || (text[0] != 'B' && text[0] != 'C'))
        return bad_form("court code", "B01GQ00: B or C and six more", why);
    return ST_OK;
}

enum status offence_code_check(const char *text, struct reason *why)
{
    size_t size = strnlen(text, 9);
    bool has_qualifier = size == 8 && strchr("ABCI", text[7]);
    char code[8] = {0};

    if (size != 7 && !has_qualifier)
        return bad_form("CJS offence code", "TH68001, COML001 or TH68001A", why);
    memcpy(code, text, 7);
    return fits(code, "AA99999") || fits(code, "COML999")
             ? ST_OK
             : bad_form("CJS offence code", "TH68001, COML001 or TH68001A", why);
}

enum status offence_class_check(const char *text, struct reason *why)
{
    return fits(text, "999/99") ? ST_OK : bad_form("Home Office offence code", "019/07", why);
}
