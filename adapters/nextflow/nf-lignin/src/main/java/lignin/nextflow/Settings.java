package lignin.nextflow;

import java.nio.file.Path;
import java.util.Map;

/** What the user may choose, from the environment first and the config scope {@code lignin} second. */
record Settings(boolean enabled, Path spoolFolder, Path nextflowHome, String program, String searchPath, long waitSeconds) {
    private static final long DEFAULT_WAIT = 60;

    static Settings of(Map<String, String> env, Map<?, ?> config) {
        Map<?, ?> scope = config != null && config.get("lignin") instanceof Map<?, ?> found ? found : Map.of();
        String spool = first(env.get("LIGNIN_NEXTFLOW_SPOOL"), scope.get("spool"));
        boolean ingest = !"false".equals(String.valueOf(scope.get("ingest")));
        String cli = env.get("LIGNIN_CLI");
        String program = !ingest || isOff(cli) ? null : cli == null ? "lignin" : cli;
        return new Settings(
            !isOff(env.get("LIGNIN_NEXTFLOW")) && !"false".equals(String.valueOf(scope.get("enabled"))),
            spool == null ? null : Path.of(spool).toAbsolutePath(),
            home(env),
            program,
            env.getOrDefault("PATH", ""),
            seconds(first(env.get("LIGNIN_NEXTFLOW_WAIT"), scope.get("wait"))));
    }

    private static boolean isOff(String value) {
        return value != null && (value.isBlank() || value.equalsIgnoreCase("off"));
    }

    private static String first(String fromEnv, Object fromConfig) {
        if (fromEnv != null && !fromEnv.isBlank()) {
            return fromEnv;
        }
        return fromConfig == null || fromConfig.toString().isBlank() ? null : fromConfig.toString();
    }

    private static Path home(Map<String, String> env) {
        String named = env.get("NXF_HOME");
        return (named == null || named.isBlank() ? Path.of(System.getProperty("user.home"), ".nextflow") : Path.of(named)).toAbsolutePath();
    }

    private static long seconds(String text) {
        try {
            return text == null ? DEFAULT_WAIT : Math.max(0, (long) Double.parseDouble(text));
        } catch (NumberFormatException unreadable) {
            return DEFAULT_WAIT;
        }
    }
}
