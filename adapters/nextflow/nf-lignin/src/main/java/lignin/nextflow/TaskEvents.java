package lignin.nextflow;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import nextflow.Session;
import nextflow.processor.TaskProcessor;
import nextflow.processor.TaskRun;
import nextflow.script.ScriptMeta;
import nextflow.trace.TraceRecord;
import nextflow.trace.event.TaskEvent;

/**
 * The members of the events of processes and tasks. No directive is read before its task has ended: Nextflow keeps the first value
 * that is asked for, which would freeze a dynamic one. Until then the trace record, which Nextflow itself fills, has all that is needed.
 */
final class TaskEvents {
    private static final int STDERR_LINES = 50;
    private static final int STDERR = 8192;
    private static final Set<String> ELSEWHERE = Set.of("script", "env");
    private final Session session;
    private final Map<String, Boolean> toldSources = new ConcurrentHashMap<>();

    TaskEvents(Session session) {
        this.session = session;
    }

    Map<String, Object> process(TaskProcessor process) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("name", process.getName());
        ScriptMeta owner = process.getOwnerScript() == null ? null : ScriptMeta.get(process.getOwnerScript());
        event.put("script", owner == null ? null : Texts.path(owner.getScriptPath()));
        String source = source(process);
        String hash = Sources.sha256(source);
        boolean first = hash != null && toldSources.putIfAbsent(hash, true) == null;
        event.put("sourceSha256", hash);
        event.put("source", first ? Texts.masked(source) : null);
        event.put("sourceType", process.getTaskBody() == null ? null : Members.text(process.getTaskBody(), "getType"));
        // The process's own configuration is a plain map: what is dynamic is a closure in it, which nobody calls here.
        Map<String, Object> directives = new LinkedHashMap<>();
        if (Members.read(process, "getConfig") instanceof Map<?, ?> config) {
            config.forEach((key, value) -> directives.put(String.valueOf(key), "stub".equals(key) ? true : value));
        }
        event.put("directives", Values.of(directives));
        event.put("container", Values.of(directives.get("container")));
        return event;
    }

    /** What is known of a task that has not ended. */
    Map<String, Object> light(String state, TaskEvent event) {
        TaskRun task = event.getHandler().getTask();
        Map<String, Object> trace = store(event.getTrace());
        Map<String, Object> members = always(state, task, trace);
        members.put("executor", Members.text(event.getTrace(), "getExecutorName"));
        members.put("nativeId", text(trace.get("native_id")));
        return members;
    }

    /** All of a task that has ended, was found in the cache, or in its store. */
    Map<String, Object> full(String state, TaskEvent event) {
        TaskRun task = event.getHandler().getTask();
        TraceRecord record = event.getTrace();
        Map<String, Object> trace = store(record);
        boolean failed = task.isFailed();
        Parts parts = new Parts(always(state, task, trace));
        if (state.equals("stored")) {
            parts.add("tag", null, () -> directive(task, "tag"));
        }
        parts.add("exit", null, () -> known(task.getExitStatus()));
        parts.add("failed", false, () -> failed);
        parts.add("aborted", false, () -> task.isAborted());
        parts.add("errorAction", null, () -> text(task.getErrorAction()));
        parts.add("executor", null, () -> Members.text(record, "getExecutorName"));
        parts.add("nativeId", null, () -> text(trace.get("native_id")));
        parts.add("container", null, () -> Texts.masked(trace.get("container")));
        parts.add("conda", null, () -> directive(task, "conda"));
        parts.add("queue", null, () -> text(trace.get("queue")));
        for (String name : List.of("cpus", "memory", "disk", "time")) {
            parts.add(name, null, () -> trace.get(name) instanceof Number number ? number : null);
        }
        parts.add("script", null, () -> state.equals("stored") ? null : Texts.masked(trace.get("script") != null ? trace.get("script") : task.getTraceScript()));
        parts.add("stub", false, () -> session.isStubRun() && Members.read(task.getProcessor(), "getConfig") instanceof Map<?, ?> config && config.containsKey("stub"));
        parts.add("sourceSha256", null, () -> Sources.sha256(source(task.getProcessor())));
        parts.addAll(List.of("inputs", "values"), () -> TaskFiles.inputs(task.getInputs()));
        parts.addAll(List.of("outputs", "outputValues"), () -> TaskFiles.outputs(failed || task.isAborted() ? null : task.getOutputs()));
        parts.add("trace", Map.of(), () -> raw(trace));
        parts.add("error", null, () -> failed ? error(task) : null);
        return parts.all();
    }

    private static Map<String, Object> always(String state, TaskRun task, Map<String, Object> trace) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("state", state);
        members.put("taskId", number(task.getId()));
        members.put("index", task.getIndex());
        members.put("process", task.getProcessor().getName());
        members.put("name", trace.get("name") != null ? text(trace.get("name")) : task.getName());
        members.put("hash", text(task.getHash()));
        members.put("workDir", Texts.path(task.getWorkDir()));
        members.put("tag", text(trace.get("tag")));
        members.put("attempt", trace.get("attempt") instanceof Number attempt ? attempt : 1);
        members.put("status", text(trace.get("status")));
        return members;
    }

    private static Map<String, Object> store(TraceRecord trace) {
        return trace == null || trace.getStore() == null ? Map.of() : trace.getStore();
    }

    private static Map<String, Object> raw(Map<String, Object> trace) {
        Map<String, Object> tree = new LinkedHashMap<>();
        trace.forEach((name, value) -> {
            if (name.startsWith("%")) {
                tree.put(name, decimal(value));
            } else if (!ELSEWHERE.contains(name)) {
                tree.put(name, name.equals("exit") ? known(value) : Values.of(value));
            }
        });
        if (trace.containsKey("env")) {
            tree.put("env", Texts.masked(trace.get("env")));
        }
        return tree;
    }

    private static Object decimal(Object value) {
        try {
            return value == null ? null : Double.valueOf(value.toString());
        } catch (NumberFormatException odd) {
            return null;
        }
    }

    private static Map<String, Object> error(TaskRun task) {
        Map<String, Object> tree = new LinkedHashMap<>();
        Object error = Members.read(task, "getError");
        tree.put("message", error instanceof Throwable trouble ? Texts.masked(trouble.getMessage()) : null);
        boolean local = task.getWorkDir() != null && Texts.isLocal(task.getWorkDir());
        List<String> lines = local ? new ArrayList<>(task.dumpStderr(STDERR_LINES)) : List.of();
        String tail = String.join("\n", lines);
        tree.put("stderr", lines.isEmpty() ? null : Redaction.text(tail.length() > STDERR ? tail.substring(tail.length() - STDERR) : tail));
        return tree;
    }

    /** A directive of a task that has ended, if the task has it at all. */
    private static String directive(TaskRun task, String name) {
        Map<String, Object> config = task.getConfig();
        return config != null && config.containsKey(name) ? Texts.masked(config.get(name)) : null;
    }

    private static String source(TaskProcessor process) {
        return process.getTaskBody() == null ? null : process.getTaskBody().getSource();
    }

    /** Nextflow writes the largest integer where there is no exit code. */
    private static Integer known(Object exit) {
        return exit instanceof Integer code && code != Integer.MAX_VALUE ? code : null;
    }

    static Object number(Object id) {
        return id == null ? null : Long.valueOf(id.toString());
    }

    private static String text(Object value) {
        return value == null ? null : value.toString();
    }
}
