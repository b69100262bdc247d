package lignin.nextflow;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import nextflow.Session;
import nextflow.processor.TaskRun;
import nextflow.trace.event.FilePublishEvent;
import nextflow.trace.event.TaskEvent;
import nextflow.trace.event.WorkflowOutputEvent;

/** The members of the events that tell of a run as a whole. */
final class RunEvents {
    private static final Pattern SIGNAL = Pattern.compile("SIG[A-Z0-9]+");
    private static final List<String> STATS = List.of("succeeded", "cached", "failed", "ignored", "retries", "aborted");
    private final Session session;
    private final Object metadata;
    private volatile boolean signalled;

    RunEvents(Session session) {
        this.session = session;
        this.metadata = session.getWorkflowMetadata();
    }

    /** Whether a signal ended the run: its user waits for the prompt. */
    boolean signalled() {
        return signalled;
    }

    Path launchDir() {
        return Members.read(metadata, "getLaunchDir") instanceof Path path && Texts.isLocal(path) ? path : Path.of("").toAbsolutePath();
    }

    Map<String, Object> create() {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("pluginVersion", pluginVersion());
        event.put("nextflow", nextflow());
        event.put("pid", ProcessHandle.current().pid());
        event.put("host", host());
        event.put("user", Members.text(metadata, "getUserName"));
        event.put("commandLine", Texts.masked(session.getCommandLine()));
        for (String name : List.of("launchDir", "workDir", "projectDir", "homeDir", "outputDir", "scriptFile")) {
            event.put(name, Members.read(metadata, getter(name)) instanceof Path path ? Texts.path(path) : null);
        }
        for (String name : List.of("scriptName", "projectName", "scriptId", "repository", "commitId", "revision")) {
            event.put(name, Texts.masked(Members.read(metadata, getter(name))));
        }
        event.put("profile", Members.text(metadata, "getProfile"));
        event.put("configFiles", Sources.of(session.getConfigFiles()));
        event.put("resume", session.isResumeMode());
        event.put("stub", session.isStubRun());
        event.put("preview", session.isPreview());
        event.put("containerEngine", Members.text(metadata, "getContainerEngine"));
        event.put("manifest", Values.of(manifest()));
        event.put("params", Values.of(session.getParams()));
        return event;
    }

    Map<String, Object> begin() {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("params", Values.of(session.getParams()));
        Path project = Members.read(metadata, "getProjectDir") instanceof Path path ? path : null;
        Path main = Members.read(metadata, "getScriptFile") instanceof Path path ? path : null;
        event.putAll(Sources.ofProject(main, project));
        Map<String, Object> config = new LinkedHashMap<>();
        Map<?, ?> resolved = session.getConfig() == null ? Map.of() : session.getConfig();
        resolved.forEach((key, value) -> config.put(String.valueOf(key), value));
        config.remove("params");
        event.put("config", Values.of(config));
        return event;
    }

    Map<String, Object> error(TaskEvent event) {
        Throwable error = firstError();
        String message = error == null ? null : error.getMessage();
        String signal = message != null && SIGNAL.matcher(message).matches() ? message : null;
        signalled |= signal != null;
        Object fault = Members.read(session, "getFault");
        // Mostly there is no handler, whatever the interface says; what broke the run is then known to the session.
        TaskRun task = event != null && event.getHandler() != null ? event.getHandler().getTask() : Members.read(fault, "getTask") instanceof TaskRun run ? run : null;
        Object report = Members.read(fault, "getReport");
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("message", Texts.masked(message));
        members.put("errorType", error == null ? null : error.getClass().getName());
        members.put("report", Texts.masked(report != null ? report : Members.read(metadata, "getErrorReport")));
        members.put("signal", signal);
        members.put("taskId", task == null ? null : TaskEvents.number(task.getId()));
        members.put("hash", task == null || task.getHash() == null ? null : task.getHash().toString());
        return members;
    }

    /** What ended the run; the session's own error may be one that only followed. */
    private Throwable firstError() {
        return Members.read(Members.read(session, "getFault"), "getError") instanceof Throwable fault ? fault : session.getError();
    }

    Map<String, Object> complete() {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("success", session.isSuccess());
        event.put("exit", Members.read(metadata, "getExitStatus") instanceof Integer exit && exit != Integer.MAX_VALUE ? exit : null);
        event.put("errorMessage", Texts.masked(Members.read(metadata, "getErrorMessage")));
        event.put("errorReport", Texts.masked(Members.read(metadata, "getErrorReport")));
        event.put("aborted", session.isAborted());
        event.put("cancelled", session.isCancelled());
        event.put("startedAt", time("getStart"));
        event.put("completedAt", time("getComplete"));
        event.put("duration", Members.read(Members.read(metadata, "getDuration"), "toMillis"));
        Map<String, Object> counts = new LinkedHashMap<>();
        Object stats = Members.read(metadata, "getStats");
        for (String name : STATS) {
            counts.put(name, Members.read(stats, getter(name + "Count")));
        }
        event.put("stats", counts);
        return event;
    }

    Map<String, Object> exit(boolean began, boolean completed) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("success", session.isSuccess());
        event.put("aborted", session.isAborted());
        event.put("cancelled", session.isCancelled());
        event.put("began", began);
        event.put("completed", completed);
        event.put("error", Texts.masked(firstError()));
        return event;
    }

    static Map<String, Object> output(WorkflowOutputEvent output) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("name", output.getName());
        event.put("index", Texts.path(output.getIndex()));
        event.put("value", Values.of(output.getValue()));
        return event;
    }

    static Map<String, Object> publish(FilePublishEvent publish) {
        Path target = publish.getTarget();
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("source", Texts.path(publish.getSource()));
        event.put("target", Texts.path(target));
        Collection<?> labels = publish.getLabels();
        event.put("labels", labels == null ? List.of() : labels.stream().map(String::valueOf).toList());
        BasicFileAttributes seen = attributes(target);
        event.put("isDir", seen == null ? null : seen.isDirectory());
        event.put("size", seen == null || seen.isDirectory() ? null : seen.size());
        event.put("mtime", seen == null ? null : seen.lastModifiedTime().toMillis());
        return event;
    }

    private static BasicFileAttributes attributes(Path path) {
        try {
            return path != null && Texts.isLocal(path) ? Files.readAttributes(path, BasicFileAttributes.class) : null;
        } catch (IOException gone) {
            return null;
        }
    }

    private static String getter(String name) {
        return "get" + Character.toUpperCase(name.charAt(0)) + name.substring(1);
    }

    private String time(String getter) {
        return Members.read(metadata, getter) instanceof OffsetDateTime time ? RunObserver.time(time.toInstant()) : null;
    }

    /** What the pipeline says of itself; its map leaves out the name in some versions. */
    private Map<String, Object> manifest() {
        Object manifest = Members.read(metadata, "getManifest");
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("name", Members.text(manifest, "getName"));
        if (Members.read(manifest, "toMap") instanceof Map<?, ?> map) {
            map.forEach((key, value) -> tree.put(String.valueOf(key), value));
        }
        tree.values().removeIf(value -> value == null);
        return tree;
    }

    private Map<String, Object> nextflow() {
        Object engine = Members.read(metadata, "getNextflow");
        Map<String, Object> tree = new LinkedHashMap<>();
        for (String name : List.of("version", "build", "timestamp")) {
            tree.put(name, Members.text(engine, getter(name)));
        }
        return tree;
    }

    private static String pluginVersion() {
        try (InputStream in = RunEvents.class.getResourceAsStream("/nf-lignin.properties")) {
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException | RuntimeException unknown) {
            return null;
        }
    }

    /** The machine's own name for itself; asking the network would make a run wait. */
    private static String host() {
        String named = System.getenv("HOSTNAME");
        if (named != null && !named.isBlank()) {
            return named;
        }
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException elsewhere) {
            try {
                return InetAddress.getLocalHost().getHostName();
            } catch (UnknownHostException unknown) {
                return null;
            }
        }
    }
}
