/* mutants - every small change to a C source that a test ought to notice.
 *
 *     mutants FILE       one line for each: number, line, function, what is changed
 *     mutants FILE N     the source with change N, to standard output
 *
 * Changes are made to tokens, so comments and texts stay: a condition is negated, a comparison
 * moved by one or turned, && and || exchanged, a ! or ~ dropped, a number raised by one, true and
 * false exchanged, a return left out, a bool that is returned negated. Only inside of functions and
 * of initialisers: what a line at the left margin opens with a brace. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_MAX (256 * 1024) /* bytes */
#define TOKENS_MAX 65536

struct token {
    size_t at, size;
    unsigned line;
};

static char source[SOURCE_MAX + 1];
static size_t source_size, token_count;
static struct token tokens[TOKENS_MAX];

static unsigned wanted, seen; /* wanted 0: list them */
static size_t where;          /* the token that names what is being changed */

static bool is(size_t t, const char *text)
{
    return t < token_count && tokens[t].size == strlen(text)
        && memcmp(source + tokens[t].at, text, tokens[t].size) == 0;
}

static bool is_one_of(size_t t, const char *const *texts)
{
    for (; *texts; texts++)
        if (is(t, *texts))
            return true;
    return false;
}

static size_t after_comment(size_t at)
{
    if (source[at + 1] == '/')
        return at + strcspn(source + at, "\n");
    const char *end = strstr(source + at + 2, "*/");
    return end ? (size_t)(end - source) + 2 : source_size;
}

static size_t after_text(size_t at)
{
    char quote = source[at++];

    while (at < source_size && source[at] != quote)
        at += source[at] == '\\' ? 2 : 1;
    return at + 1;
}

static size_t after_token(size_t at)
{
    static const char *const longer[] = {"<<=", ">>=", "...", "->", "++", "--", "<<", ">>",
                                         "<=",  ">=",  "==",  "!=", "&&", "||", "+=", "-=",
                                         "*=",  "/=",  "%=",  "&=", "|=", "^=", NULL};

    if (source[at] == '"' || source[at] == '\'')
        return after_text(at);
    if (isalnum((unsigned char)source[at]) || source[at] == '_') {
        while (isalnum((unsigned char)source[at]) || source[at] == '_')
            at++;
        return at;
    }
    for (size_t i = 0; longer[i]; i++)
        if (strncmp(source + at, longer[i], strlen(longer[i])) == 0)
            return at + strlen(longer[i]);
    return at + 1;
}

static void read_tokens(void)
{
    unsigned line = 1;
    size_t at = 0;

    while (at < source_size && token_count < TOKENS_MAX) {
        size_t from = at;

        if (isspace((unsigned char)source[at]))
            at++;
        else if (source[at] == '/' && (source[at + 1] == '/' || source[at + 1] == '*'))
            at = after_comment(at);
        else if (source[at] == '#')
            at += strcspn(source + at, "\n");
        else {
            at = after_token(at);
            tokens[token_count++] = (struct token){from, at - from, line};
        }
        for (; from < at; from++)
            line += source[from] == '\n';
    }
}

/* Instead of `first` to `last`: `before`, what stood there if `keep`, `after`. */
static void mutant(size_t first, size_t last, const char *before, bool keep, const char *after,
                   const char *what)
{
    size_t from = tokens[first].at, to = tokens[last].at + tokens[last].size;

    seen++;
    if (wanted == 0) {
        int size = to - from < 48 ? (int)(to - from) : 48;

        int line_size = (int)strcspn(source + from, "\n");

        printf("%u line %u, in %.*s: \"%.*s\" %s\n", seen, tokens[first].line,
               (int)tokens[where].size, source + tokens[where].at,
               line_size < size ? line_size : size, source + from, what);
    } else if (wanted == seen) {
        (void)fwrite(source, 1, from, stdout);
        (void)fputs(before, stdout);
        if (keep)
            (void)fwrite(source + from, 1, to - from, stdout);
        (void)fputs(after, stdout);
        (void)fwrite(source + to, 1, source_size - to, stdout);
    }
}

/* The bracket that closes the one at `open`. */
static size_t closing(size_t open)
{
    int depth = 0;

    for (size_t t = open; t < token_count; t++) {
        depth += is(t, "(") || is(t, "[") || is(t, "{");
        depth -= is(t, ")") || is(t, "]") || is(t, "}");
        if (depth == 0)
            return t;
    }
    return token_count - 1;
}

static size_t statement_end(size_t t)
{
    while (t < token_count && !is(t, ";"))
        t = is(t, "(") || is(t, "{") ? closing(t) + 1 : t + 1;
    return t;
}

/* Can what stands before `t` end an operand? Then an & or - at `t` has two. */
static bool follows_operand(size_t t)
{
    return t > 0
        && (isalnum((unsigned char)source[tokens[t - 1].at]) || source[tokens[t - 1].at] == '_'
            || is(t - 1, ")") || is(t - 1, "]"))
        && !is(t - 1, "return");
}

static void mutate_operator(size_t t)
{
    static const struct {
        const char *is, *becomes;
    } changes[] = {{"==", "!="}, {"!=", "=="}, {"<", "<="}, {"<", ">="},       {"<=", "<"},
                   {"<=", ">"},  {">", ">="},  {">", "<="}, {">=", ">"},       {">=", "<"},
                   {"&&", "||"}, {"||", "&&"}, {"&", "|"},  {"|", "&"},        {"<<", ">>"},
                   {">>", "<<"}, {"+", "-"},   {"-", "+"},  {"true", "false"}, {"false", "true"}};

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (is(t, changes[i].is)
            && (isalpha((unsigned char)*changes[i].is) || follows_operand(t))) {
            char what[32];

            (void)snprintf(what, sizeof what, "becomes \"%s\"", changes[i].becomes);
            mutant(t, t, changes[i].becomes, false, "", what);
        }
    if (is(t, "!") || is(t, "~"))
        mutant(t, t, "", false, "", "dropped");
    if (is(t, "?"))
        mutant(t, t, "== 0 ", true, "", "negated");
    if (isdigit((unsigned char)source[tokens[t].at]))
        mutant(t, t, "(", true, " + 1)", "raised");
}

static size_t label_end(size_t t)
{
    while (t < token_count && !is(t, ":"))
        t++;
    return t;
}

/* A label without which `default' would still lead to the same statement. */
static bool leads_to_default(size_t t)
{
    while (is(t, "case"))
        t = label_end(t) + 1;
    return is(t, "default");
}

/* A statement that asks, or returns. `in_bool`: the function returns a bool. */
static void mutate_statement(size_t t, bool in_bool)
{
    if (is(t, "if") || is(t, "while")) {
        size_t end = closing(t + 1);

        mutant(t + 1, end, "(!", true, ")", "negated");
        if (is(t, "if")) {
            mutant(t + 1, end, "(1 || ", true, ")", "always");
            mutant(t + 1, end, "(0 && ", true, ")", "never");
        }
    }
    if (is(t, "return") && !is(t + 1, ";")) {
        size_t end = statement_end(t);

        if (in_bool)
            mutant(t + 1, end - 1, "!(", true, ")", "negated");
        if (!is(end + 1, "}")) /* else what follows is no statement of the function's */
            mutant(t, end, ";", false, "", "left out");
    }
    if (is(t, "case") && !leads_to_default(t))
        mutant(t, label_end(t), "", false, "", "left out");
    if (is(t, "break"))
        mutant(t, t + 1, ";", false, "", "left out");
}

/* A declaration at the margin that has a body, from its first token to the body's last. */
static void mutate_body(size_t first, size_t open, size_t close)
{
    bool in_bool = is(first, "bool") || (is(first, "static") && is(first + 1, "bool"));

    for (where = first;
         where + 1 < open && !is(where + 1, "(") && !is(where + 1, "[") && !is(where + 1, "=");)
        where++;
    for (size_t t = open; t < close; t++) {
        mutate_operator(t);
        mutate_statement(t, in_bool);
    }
}

static void mutate_all(void)
{
    static const char *const kinds[] = {"struct", "enum", "union", NULL};

    for (size_t t = 0; t < token_count;) {
        size_t open = t;

        while (open < token_count && !is(open, "{") && !is(open, ";"))
            open++;
        size_t close = is(open, "{") ? closing(open) : open;
        /* `struct x {` declares; a function's body or an initialiser does something */
        bool declares = is(open, "{") && open - t <= 2 && is_one_of(t, kinds);
        if (is(open, "{") && !declares)
            mutate_body(t, open, close);
        t = close + 1;
        if (is(t, ";"))
            t++;
    }
}

int main(int argc, char **argv)
{
    FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;

    if (!f) {
        (void)fprintf(stderr, "usage: mutants FILE [N]\n");
        return 2;
    }
    source_size = fread(source, 1, SOURCE_MAX, f);
    (void)fclose(f);
    wanted = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    read_tokens();
    mutate_all();
    if (wanted > seen) {
        (void)fprintf(stderr, "mutants: %s has %u\n", argv[1], seen);
        return 2;
    }
    return 0;
}
