package lignin.nextflow;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The lignin program that reads the spool while it grows, as a child that the run neither needs nor feels. */
final class Ingester {
    private final Process process;
    private final Path spool;

    private Ingester(Process process, Path spool) {
        this.process = process;
        this.spool = spool;
    }

    /** Starts it; null when there is none, which is fine: the spool can be read at any later time. */
    static Ingester start(Settings settings, Path spool, Path folder) throws IOException {
        Path program = find(settings.program(), settings.searchPath());
        if (program == null) {
            return null;
        }
        Path log = Path.of(spool + ".log");
        List<String> command = List.of(program.toString(), "nextflow", "ingest", "--follow", spool.toString(), "--parent-pid", String.valueOf(ProcessHandle.current().pid()));
        ProcessBuilder builder = new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        if (folder != null && Texts.isLocal(folder)) {
            builder.directory(folder.toFile());
        }
        Process process = builder.start();
        process.getOutputStream().close();
        return new Ingester(process, spool);
    }

    static Path find(String program, String searchPath) {
        if (program == null) {
            return null;
        }
        if (program.contains("/")) {
            Path named = Path.of(program).toAbsolutePath();
            return Files.isExecutable(named) ? named : null;
        }
        for (String folder : searchPath.split(":")) {
            Path candidate = Path.of(folder.isEmpty() ? "." : folder, program).toAbsolutePath();
            if (Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    /** Waits for its end, at most so long; what the user should know, or null when all is well. */
    String await(long seconds) throws InterruptedException {
        boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
        if (ended && process.exitValue() == 0 || !ended && seconds == 0) {
            return null;
        }
        String how = ended ? "the recording stopped (exit " + process.exitValue() + ", see " + spool + ".log)" : "the recording still goes on";
        return "lignin: " + how + "; if it stays incomplete: lignin nextflow ingest '" + spool + "'";
    }
}
