#!/bin/sh
# man.sh CONCORDAT - concordat(1) on standard output, made from what the program says of itself.
#
# One section for each command, its text as `--help` prints it, so the page cannot be out of date.
set -eu
concordat=$1

# Text as it is: a backslash, and a dot or quote at the start of a line, mean something to roff.
plain()
{
    sed -e 's/\\/\\e/g' -e "s/^[.']/\\\\\&&/" -e 's/-/\\-/g'
}

commands=$("$concordat" help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p')
[ -n "$commands" ] || exit 1
printf '.TH CONCORDAT 1 "" "%s" "Concordat"\n' "$("$concordat" --version)"
printf '.SH NAME\nconcordat \\- case records between agencies that have agreed to share them\n'
printf '.SH SYNOPSIS\n.B concordat\n.I COMMAND\n.RI [ arguments ...]\n'
printf '.SH DESCRIPTION\n.nf\n'
"$concordat" help | sed '1,2d' | plain
printf '.fi\n.SH COMMANDS\n'
for command in $commands; do
    printf '.SS %s\n.nf\n' "$command"
    "$concordat" "$command" --help | plain
    printf '.fi\n'
    for sub in $("$concordat" "$command" --help | sed -n "s/^  $command \([a-z-]*\).*/\1/p"); do
        "$concordat" "$command" "$sub" --help >/dev/null 2>&1 || continue
        printf '.SS %s %s\n.nf\n' "$command" "$sub"
        "$concordat" "$command" "$sub" --help | plain
        printf '.fi\n'
    done
done
printf '.SH ENVIRONMENT\n.TP\n.B CONCORDAT_AGENT\nthe agent'"'"'s socket, or the folder it lies in\n'
printf '.TP\n.B NO_COLOR\nno colours, also on a terminal\n'
printf '.SH EXIT STATUS\n0 done; 1 failed; 2 bad input; 3 refused by an agreement, or unknown recipient;\n'
printf '4 safely queued, not yet accepted by the broker.\n'
