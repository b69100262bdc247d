package lignin.nextflow;

import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes secrets out, by the same names and forms as the Python side ({@code lignin.base.redact}); a test compares the two. */
final class Redaction {
    static final String REDACTED = "***";

    private static final Pattern WORD = Pattern.compile("[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+");
    private static final List<String> INSIDE = List.of("password", "passwd", "passphrase", "passcode", "credential", "apikey", "accesskey", "privatekey", "sessionid");
    private static final List<String> ENDINGS = List.of("token", "secret", "secrets", "authorization");
    private static final Set<String> LAST = Set.of("auth", "bearer", "cookie", "cookies");
    private static final Set<String> WHOLE = Set.of("pwd", "secret", "secrets", "bearer", "sig");
    private static final Set<String> PAIRS = Set.of(
        "api key", "access key", "private key", "ssh key", "encryption key", "signing key", "master key", "account key", "secret key",
        "db pass", "smtp pass", "ftp pass", "user pass", "login pass", "mysql pass", "pg pass",
        "connection string", "connection str", "conn string", "conn str",
        "session id", "amz signature", "amz credential", "token value", "token id");

    private static final int NAMES = Pattern.UNICODE_CHARACTER_CLASS;
    private static final Pattern VALUE = Pattern.compile("\"[^\"\\n]+\"|'[^'\\n]+'|[^\\s'\",;)}\\]&]+", NAMES);
    private static final List<Pattern> NAMED = List.of(
        Pattern.compile("(?<![\\w.-])(?<name>[A-Za-z_][\\w.-]{0,80})['\"]?(?<sep>\\s{0,4}[:=]\\s{0,4})", NAMES),
        Pattern.compile("(?<![^\\s'\"\\[(,])--?(?<name>[A-Za-z][\\w-]{0,60})(?<sep>[ \\t]{1,4}|=)(?!-)", NAMES),
        Pattern.compile("[?&](?<name>[\\w.-]{1,60})(?<sep>=)", NAMES));
    private static final Pattern NO_VALUE = Pattern.compile(
        "(str|int|bool|bytes|float|Any|None|True|False|null|true|false|Secret\\w*|Optional\\[?.*|\\$.*|\\{.*|\\*\\*\\*|Bearer|Basic)",
        Pattern.CASE_INSENSITIVE | NAMES);
    private static final Pattern PRIVATE_KEY = Pattern.compile("-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----");
    private static final List<Pattern> FORMS = List.of(
        Pattern.compile("(?<keep>://[^\\s:/@'\"]{0,200}:)[^\\s'\"/]{1,500}(?=@)", NAMES),
        Pattern.compile("(?<keep>\\bAuthorization['\"]?\\s{0,4}[:=]\\s{0,4}['\"]?\\w{1,20}\\s{1,4})[^\\s'\"]+", Pattern.CASE_INSENSITIVE | NAMES),
        Pattern.compile("(?<keep>\\bBearer\\s{1,4})(?=[^\\s\\d]{0,200}\\d)[\\w.~+/=-]{8,}", Pattern.CASE_INSENSITIVE | NAMES),
        Pattern.compile("(?<keep>\\bmysql(?:dump|admin)?\\s[^\\n|;]{0,200}?\\s-p)\\S+", NAMES),
        Pattern.compile("(?<keep>\\b)(?:AKIA|ASIA)[A-Z0-9]{16}\\b", NAMES),
        Pattern.compile("(?<keep>\\b)(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\\w{20,}|glpat-[\\w-]{16,})", NAMES),
        Pattern.compile("(?<keep>\\b)(?:[spr]k_(?:live|test)_[A-Za-z0-9]{16,}|sk-(?=[^\\d\\s]{0,60}\\d)[\\w-]{20,}|hf_[A-Za-z0-9]{30,}|AIza[\\w-]{30,})", NAMES),
        Pattern.compile("(?<keep>\\b)xox[abprs]-[A-Za-z0-9-]{10,}", NAMES),
        Pattern.compile("(?<keep>\\b)eyJ[\\w-]{10,}\\.[\\w-]{10,}\\.[\\w-]*", NAMES));

    private Redaction() {
    }

    /** Whether a parameter, variable or option of this name is likely to hold a secret. */
    static boolean isSecretName(String name) {
        List<String> words = WORD.matcher(name).results().map(MatchResult::group).map(String::toLowerCase).toList();
        if (words.isEmpty()) {
            return false;
        }
        String last = words.get(words.size() - 1);
        if (ENDINGS.stream().anyMatch(last::endsWith) || LAST.contains(last) || words.stream().anyMatch(WHOLE::contains)) {
            return true;
        }
        if (words.stream().anyMatch(word -> INSIDE.stream().anyMatch(word::contains))) {
            return true;
        }
        for (int at = 1; at < words.size(); at++) {
            String pair = words.get(at - 1) + " " + words.get(at);
            if (PAIRS.contains(pair) || pair.endsWith("s") && PAIRS.contains(pair.substring(0, pair.length() - 1))) {
                return true;
            }
        }
        return false;
    }

    /** The option that an item of a command line answers, as {@code --token} in {@code [--token, x]}; else nothing. */
    static String optionBefore(Object before) {
        String text = before instanceof CharSequence ? before.toString() : "";
        if (!text.startsWith("-") || text.contains("=")) {
            return "";
        }
        return text.replaceFirst("^-+", "").replace('-', '_');
    }

    /** A text (source, command line, log, error) without passwords, tokens and keys. */
    static String text(String text) {
        String clean = withoutKeys(text);
        for (Pattern form : FORMS) {
            clean = form.matcher(clean).replaceAll(found -> Matcher.quoteReplacement(found.group(1) + REDACTED));
        }
        for (Pattern named : NAMED) {
            clean = withoutNamed(named, clean);
        }
        return clean;
    }

    /** Private keys up to their last line; by hand, since a pattern's loop over a long key would use up the stack. */
    private static String withoutKeys(String text) {
        StringBuilder kept = new StringBuilder(text.length());
        int told = 0;
        Matcher begin = PRIVATE_KEY.matcher(text);
        while (told < text.length() && begin.find(told)) {
            int end = text.indexOf("-----", begin.end());
            kept.append(text, told, begin.end()).append(begin.end() < text.length() ? REDACTED : "");
            told = end < 0 ? text.length() : end;
            if (end == begin.end()) {
                kept.setLength(kept.length() - REDACTED.length());
            }
        }
        return kept.append(text, told, text.length()).toString();
    }

    private static String withoutNamed(Pattern named, String text) {
        StringBuilder kept = new StringBuilder(text.length());
        int told = 0;
        Matcher name = named.matcher(text);
        Matcher value = VALUE.matcher(text);
        while (name.find()) {
            if (name.end() < told || !isSecretName(name.group("name"))) {
                continue;
            }
            value.region(name.end(), text.length());
            if (!value.lookingAt() || NO_VALUE.matcher(value.group()).matches()) {
                continue;
            }
            char first = value.group().charAt(0);
            String quote = first == '"' || first == '\'' ? String.valueOf(first) : "";
            String separator = name.group("sep");
            if (quote.isEmpty() && separator.strip().equals("=") && !separator.equals("=")) {
                // `token = read()` in source: what is not quoted is a name.
                continue;
            }
            kept.append(text, told, name.end()).append(quote).append(REDACTED).append(quote);
            told = value.end();
        }
        return kept.append(text, told, text.length()).toString();
    }
}
