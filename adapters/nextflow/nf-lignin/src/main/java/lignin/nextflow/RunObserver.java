package lignin.nextflow;

import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import nextflow.Session;
import nextflow.processor.TaskProcessor;
import nextflow.trace.TraceObserverV2;
import nextflow.trace.event.FilePublishEvent;
import nextflow.trace.event.TaskEvent;
import nextflow.trace.event.WorkflowOutputEvent;

/** Turns the callbacks of one run into events of its spool. Callbacks come on many threads at once. */
final class RunObserver implements TraceObserverV2 {
    private static final long CLOSE_MS = 15_000;
    private final Settings settings;
    private final Guard guard;
    private volatile Spool spool;
    private volatile Ingester ingester;
    private volatile Map<String, Object> run = Map.of();
    private volatile RunEvents runs;
    private volatile TaskEvents tasks;
    private volatile boolean began;
    private volatile boolean completed;

    /** The members of an event that are its own. */
    private interface Body {
        Map<String, Object> tell() throws Exception;
    }

    RunObserver(Settings settings, Guard guard) {
        this.settings = settings;
        this.guard = guard;
    }

    @Override
    public void onFlowCreate(Session created) {
        guard.run("create", () -> {
            runs = new RunEvents(created);
            tasks = new TaskEvents(created);
            Object start = Members.read(created.getWorkflowMetadata(), "getStart");
            Instant startedAt = start instanceof OffsetDateTime time ? time.toInstant() : Instant.now();
            Path launchDir = runs.launchDir();
            String stem = created.getUniqueId() + "-" + created.getRunName() + "-" + startedAt.toEpochMilli();
            Map<String, Object> named = new LinkedHashMap<>();
            named.put("sessionId", created.getUniqueId().toString());
            named.put("runName", created.getRunName());
            named.put("startedAt", time(startedAt));
            run = named;
            Path other = settings.nextflowHome().resolve("lignin").resolve("nextflow");
            Path folder = settings.spoolFolder() != null ? settings.spoolFolder() : launchDir.resolve(".lignin").resolve("nextflow");
            SpoolFile file = Spool.open(folder, other, stem, guard);
            if (file == null) {
                return;
            }
            Spool opened = new Spool(file, other, stem, () -> head("spool.lost", Instant.now()), guard);
            opened.start();
            spool = opened;
            Runtime.getRuntime().addShutdownHook(new Thread(this::end, "lignin-end"));
            tell("run.create", true, () -> runs.create());
            ingester = guard.call("ingest", () -> Ingester.start(settings, file.path(), launchDir), null);
        });
    }

    @Override
    public void onFlowBegin() {
        began = true;
        tell("run.begin", true, () -> runs.begin());
    }

    @Override
    public void onProcessCreate(TaskProcessor process) {
        tell("process", false, () -> tasks.process(process));
    }

    @Override
    public void onProcessTerminate(TaskProcessor process) {
        // Says nothing that the tasks do not.
    }

    @Override
    public void onTaskPending(TaskEvent event) {
        // A task that waits has neither a hash nor a work directory yet.
    }

    @Override
    public void onTaskSubmit(TaskEvent event) {
        tellLater("task", () -> tasks.light("submit", event));
    }

    @Override
    public void onTaskStart(TaskEvent event) {
        tellLater("task", () -> tasks.light("start", event));
    }

    @Override
    public void onTaskComplete(TaskEvent event) {
        tell("task", false, () -> tasks.full("complete", event));
    }

    @Override
    public void onTaskCached(TaskEvent event) {
        tell("task", false, () -> tasks.full(event.getTrace() == null ? "stored" : "cached", event));
    }

    /** Metrics double the time of a short task: they are recorded where the user asks for them. */
    @Override
    public boolean enableMetrics() {
        return false;
    }

    @Override
    public void onFlowError(TaskEvent event) {
        tell("run.error", true, () -> runs.error(event));
    }

    @Override
    public void onWorkflowOutput(WorkflowOutputEvent event) {
        tell("output", false, () -> RunEvents.output(event));
    }

    @Override
    public void onFilePublish(FilePublishEvent event) {
        tell("publish", false, () -> RunEvents.publish(event));
    }

    @Override
    public void onFlowComplete() {
        completed = true;
        tell("run.complete", true, () -> runs.complete());
    }

    static String time(Instant instant) {
        String text = instant.truncatedTo(ChronoUnit.MILLIS).toString();
        return text.indexOf('.') < 0 ? text.replace("Z", ".000Z") : text;
    }

    private Map<String, Object> head(String type, Instant at) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("t", time(at));
        event.put("type", type);
        event.put("run", run);
        return event;
    }

    private void tell(String type, boolean force, Body body) {
        Spool open = spool;
        if (open == null) {
            return;
        }
        guard.run(type, () -> {
            Map<String, Object> event = head(type, Instant.now());
            event.putAll(body.tell());
            open.append(event, force);
        });
    }

    /**
     * The same by the writer's thread, for the callbacks of the two threads that all tasks go through. What it tells of is Nextflow's own
     * copy, made for this callback, or does not change any more.
     */
    private void tellLater(String type, Body body) {
        Spool open = spool;
        if (open == null) {
            return;
        }
        Instant at = Instant.now();
        guard.run(type, () -> open.appendLater(() -> guard.call(type, () -> {
            Map<String, Object> event = head(type, at);
            event.putAll(body.tell());
            return event;
        }, null)));
    }

    /** While the JVM ends, in whatever way but a kill: the last line, and a bounded wait for its reader. */
    private void end() {
        tell("run.exit", true, () -> runs.exit(began, completed));
        guard.run("end", () -> spool.close(CLOSE_MS));
        guard.run("ingest", () -> {
            Ingester child = ingester;
            String said = child == null ? null : child.await(runs.signalled() ? 0 : settings.waitSeconds());
            if (said != null) {
                System.err.println(said);
            }
        });
    }
}
