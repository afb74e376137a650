/*
 * agreement_command.c - `concordat agreement`: the table of its parts, which are functions of
 * agreement.h, analysis.h, gateways.h, instrument.h, notices.h and publish.h.
 */
#include "agents/cli/agreement.h"
#include "agents/cli/analysis.h"
#include "agents/cli/arguments.h"
#include "agents/cli/gateways.h"
#include "agents/cli/instrument.h"
#include "agents/cli/notices.h"
#include "agents/cli/publish.h"

/* A part whose help needs no more than one line. */
#define PART(verb, usage, line, fewest, greatest, function)                                        \
    {                                                                                              \
        .name = "agreement " verb, .arguments = usage, .summary = line, .least = fewest,           \
        .most = greatest, .run = function                                                          \
    }
#define PUBLISHES(act) PART(act, "INSTRUMENT", "publish a signed " act, 1, 1, run_publish)

static const struct command parts[] = {
    PART("lint", "FILE|FOLDER...", "check agreement files; errors name file and line", 1,
         POSITIONALS_MAX, run_agreement_lint),
    PART("list", "[--folder DIR]",
         "the agreements in force, coming and past; what waits for our signature first", 0, 0,
         run_agreement_list),
    PART("show", "ID|FILE", "one agreement's text, with its hash", 1, 1, run_agreement_show),
    PART("gateways", "[CODE]", "the statute book: which enactment lets whom disclose to whom", 0, 1,
         gateways_run),
    {
        .name = "agreement diff",
        .arguments = "OLD NEW",
        .summary = "what NEW permits that OLD does not, and the other way round; exactly",
        .about =
            "OLD and NEW are files, or folders. Every flow (from, to, type, purpose, category)\n"
            "gained, lost, or under other conditions, and every other term that differs.\n"
            "Exit code 0, differ or not; with --quiet 1 when a flow is gained, widened or\n"
            "shifted, or a term widens what may happen.\n",
        .least = 2,
        .most = 2,
        .run = run_agreement_diff,
    },
    {
        .name = "agreement who",
        .arguments = "CATEGORY [FOLDER|FILE...]",
        .summary = "who can come to hold a category, and by which shortest chain",
        .about =
            "Chains start with each agency that may send the category, and go on by every flow\n"
            "that carries it and by onward lists. Without files of what the agent has.\n",
        .least = 1,
        .most = POSITIONALS_MAX,
        .run = run_agreement_who,
    },
    {
        .name = "agreement test",
        .arguments = "FILE...",
        .summary = "run the cases that agreements state of themselves",
        .about = "Exit code 1 when a case fails.\n",
        .least = 1,
        .most = POSITIONALS_MAX,
        .run = run_agreement_test,
    },
    {
        .name = "agreement explain",
        .arguments = "--from A --to B --type T --category C,... [FOLDER|FILE...]",
        .summary = "why a message would be refused, clause by clause",
        .about =
            "Every clause of the type in every agreement of the two, what stands against the\n"
            "message there, and with which changes it would be permitted; where no sender can\n"
            "help, what others would have to do. Without files by what the agent has. Each\n"
            "option says a circumstance that a decision looks at; none is about a person.\n"
            "Exit code 3 when it would be refused.\n",
        .most = POSITIONALS_MAX,
        .run = run_agreement_explain,
    },
    {
        .name = "agreement replay",
        .arguments = "DRAFT.yaml...",
        .summary = "what drafts would have said to what was sent",
        .about = "Recorded headers decided again, the drafts standing in the place of the\n"
                 "agreements of the same id, whatever their dates: what would now be refused, or\n"
                 "permitted, or refused for another reason.\n",
        .least = 1,
        .most = POSITIONALS_MAX,
        .run = run_agreement_replay,
    },
    PART("pin", "DRAFT.yaml --pki DIR | AGENCY=signing.pem,governance.pem... [--out FILE]",
         "write the parties' keys into a draft; what is signed then names them", 1, POSITIONALS_MAX,
         run_pin),
    {
        .name = "agreement sign",
        .arguments = "ACT FILE --agency A --key KEY --certificate CERT --trust PEM --out FILE",
        .summary = "sign an instrument with a governance or officer's key; needs no agent",
        .about =
            "  propose FILE.yaml     a new proposal; --expires DAYS, --predecessor HASH|FILE.yaml\n"
            "  accept, reject, withdraw FILE.yaml --proposal-file P.instrument\n"
            "                        of several in it the last one that is open\n"
            "                        propose and accept want --signing-certificate CERT: no other\n"
            "                        signing key may be pinned for the agency\n"
            "  revoke, suspend, resume FILE.yaml\n"
            "  roll, retire CERT.pem     a signing certificate of the agency's\n"
            "  authorise CHARTER.yaml    an officer, with the officer's own key and certificate:\n"
            "                        one message may go, --to AGENCY --type TYPE; the first makes\n"
            "                        its id, the second takes it with --message ID\n"
            "  review CHARTER.yaml   of another agency's use: --message ID --upheld|--not-upheld\n"
            "  reinstate CHARTER.yaml    the charter's owner: --of AGENCY\n",
        .least = 2,
        .most = 2,
        .run = run_sign,
    },
    {
        .name = "agreement enact",
        .arguments = "DRAFT.yaml... --pki DIR [--agent SOCKET]",
        .summary = "pin, sign for every party, and publish: where one folder holds all keys",
        .about =
            "For a community whose governance keys all lie in one folder: sandboxes, tests,\n"
            "rehearsals. Publishes through one agent and waits until that agent has each text in\n"
            "force. What is in force already with the same content is left alone, so that it may\n"
            "be repeated; a higher version supersedes.\n",
        .least = 1,
        .most = POSITIONALS_MAX,
        .run = run_enact,
    },
    {
        .name = "agreement verify",
        .arguments = "FILE.yaml... X.instrument... --trust PEM [--crls PEM] [--join-pack FILE]",
        .summary = "fold instruments in order and say what is in force and who has signed",
        .about = "Each instrument counts at the time that it says it was signed. Certificates are\n"
                 "judged at that time too; with --crls now, and by what was revoked. A text that\n"
                 "pins another key than the join pack is `not ours'. Exits 0 when every FILE.yaml\n"
                 "is active or superseded.\n",
        .least = 2,
        .most = POSITIONALS_MAX,
        .run = run_verify,
    },
    {
        .name = "agreement notices",
        .arguments = "[--since N]",
        .summary = "what the broker has made known: reviews due, refusals, break-glass",
        .about =
            "  review-due               an agreement's review comes: 60, 30 and 7 days before\n"
            "  refusals-over-quota      an agency's messages are refused again and again\n"
            "  break-glass-used         a charter was used; its review is due\n"
            "  break-glass-unreviewed, break-glass-suspended   the privilege rests\n"
            "The broker's word, signed by nobody. Also in the agent's log, event=notice.\n",
        .run = run_notices,
    },
    PART("propose", "TEXT INSTRUMENT", "publish a signed proposal with its text", 2, 2,
         run_publish),
    PUBLISHES("accept"),
    PUBLISHES("reject"),
    PUBLISHES("withdraw"),
    PUBLISHES("revoke"),
    PUBLISHES("suspend"),
    PUBLISHES("resume"),
    PUBLISHES("roll"),
    PUBLISHES("retire"),
    PUBLISHES("review"),
    PART("authorise", "INSTRUMENT...", "publish officers' signed words for one message", 1,
         POSITIONALS_MAX, run_publish),
    PUBLISHES("reinstate"),
};

const struct command agreement_command = {
    .name = "agreement",
    .arguments =
        "lint|list|show|pin|sign|propose|ACT|notices|verify|enact|gateways|diff|who|test|explain|"
        "replay ...",
    .summary = "what the parties have agreed to share",
    .about =
        "  agreement lint FILE|FOLDER...     check files; errors name file and line\n"
        "  agreement list [--folder DIR]     what the agent, or a folder, has\n"
        "  agreement show ID|FILE            one agreement's text, with its hash\n"
        "  agreement gateways [CODE]         the statute book\n"
        "  agreement diff OLD NEW            what NEW permits that OLD does not\n"
        "  agreement who CATEGORY [FILE...]  who can come to hold it, by which chain\n"
        "  agreement test FILE...            the cases that agreements state\n"
        "  agreement explain --from ...      why a message would be refused\n"
        "  agreement replay DRAFT.yaml...    what drafts would have said to what was sent\n"
        "  agreement pin DRAFT.yaml ...      write the parties' keys into a draft\n"
        "  agreement sign ACT FILE ...       sign an instrument, offline\n"
        "  agreement verify FILE... ...      what instruments make of a text\n"
        "  agreement notices [--since N]     reviews due, refusals, break-glass\n"
        "  agreement propose TEXT INSTRUMENT publish a signed proposal\n"
        "  agreement ACT INSTRUMENT          publish what was signed: accept, reject,\n"
        "                                    withdraw, revoke, suspend, resume, roll, retire,\n"
        "                                    review, authorise, reinstate\n"
        "  agreement enact DRAFT.yaml ...    all of it, with every key in one folder\n",
    .raw = true,
    .parts = parts,
    .part_count = LENGTH_OF(parts),
    .run = arguments_run_part,
};
