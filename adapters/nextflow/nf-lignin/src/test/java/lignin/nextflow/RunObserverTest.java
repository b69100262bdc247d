package lignin.nextflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nextflow.Session;
import nextflow.file.FileHolder;
import nextflow.trace.event.FilePublishEvent;
import nextflow.trace.event.TaskEvent;
import nextflow.trace.event.WorkflowOutputEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunObserverTest {
    @TempDir
    Path folder;

    @Test
    void anErrorHasNoHandlerAndMayHaveNoEvent() {
        RunEvents runs = new RunEvents(new Session());
        for (TaskEvent event : new TaskEvent[] {null, new TaskEvent()}) {
            Map<String, Object> told = runs.error(event);
            assertNull(told.get("taskId"));
            assertNull(told.get("hash"));
        }
        assertFalse(runs.signalled());
    }

    @Test
    void callbacksBeforeTheRunOrWithoutItsPartsPassInSilence() throws IOException {
        Settings settings = Settings.of(Map.of("LIGNIN_NEXTFLOW_SPOOL", folder.toString(), "LIGNIN_CLI", "off"), Map.of());
        RunObserver observer = new RunObserver(settings, new Guard());
        observer.onTaskComplete(null);
        observer.onFlowCreate(null);
        observer.onFlowBegin();
        observer.onTaskCached(new TaskEvent());
        observer.onFlowError(null);
        observer.onFlowComplete();
        assertFalse(observer.enableMetrics());
        try (var files = Files.list(folder)) {
            assertEquals(0, files.count());
        }
    }

    @Test
    void anIndexIsPublishedFromNowhere() throws IOException {
        Path index = Files.writeString(folder.resolve("index.csv"), "abc");
        Map<String, Object> told = RunEvents.publish(new FilePublishEvent(null, index, null));
        assertNull(told.get("source"));
        assertEquals(3L, told.get("size"));
        assertEquals(List.of(), told.get("labels"));
        assertNull(RunEvents.publish(new FilePublishEvent(index, folder.resolve("gone"), List.of("a"))).get("size"));
        assertEquals(Map.of("$path", index.toString()), RunEvents.output(new WorkflowOutputEvent("x", index, null)).get("value"));
    }

    @Test
    void inputsAreFilesOrValuesAndTheEnginesOwnIsLeftOut() throws IOException {
        Path data = Files.writeString(folder.resolve("data.txt"), "");
        Map<Object, Object> inputs = new LinkedHashMap<>();
        inputs.put("reads", List.of(new FileHolder(data), new FileHolder("a text", folder.resolve("tmp"))));
        inputs.put("$", true);
        inputs.put("token", "abc");
        Parts parts = new Parts(new LinkedHashMap<>());
        parts.addAll(List.of("inputs", "values"), () -> TaskFiles.inputs(inputs));
        parts.addAll(List.of("outputs", "outputValues"), () -> TaskFiles.outputs(Map.of("out", List.of(folder, data), "n", 3)));
        Map<String, Object> members = parts.all();
        List<?> files = (List<?>) members.get("inputs");
        assertEquals("file", ((Map<?, ?>) files.get(0)).get("kind"));
        assertEquals("text", ((Map<?, ?>) files.get(1)).get("kind"));
        assertNull(((Map<?, ?>) files.get(1)).get("source"));
        assertEquals(List.of(Map.of("param", "token", "position", 1, "value", "***")), members.get("values"));
        assertTrue(((List<?>) members.get("outputs")).contains(Map.of("param", "out", "position", ((Map<?, ?>) ((List<?>) members.get("outputs")).get(0)).get("position"), "path", folder.toString(), "kind", "directory")));
        assertEquals(1, ((List<?>) members.get("outputValues")).size());
        assertFalse(members.containsKey("cut"));
    }

    @Test
    void aListWithoutEndIsCutAndSaysHowLongItWas() {
        Map<String, Object> members = new LinkedHashMap<>();
        Map<Object, Object> inputs = new LinkedHashMap<>();
        for (int i = 0; i < TaskFiles.ENTRIES + 1; i++) {
            inputs.put("p" + i, i);
        }
        Parts parts = new Parts(members);
        parts.addAll(List.of("inputs", "values"), () -> TaskFiles.inputs(inputs));
        assertEquals(members, parts.all());
        assertEquals(TaskFiles.ENTRIES, ((List<?>) members.get("values")).size());
        assertEquals(Map.of("values", TaskFiles.ENTRIES + 1), members.get("cut"));
    }

    @Test
    void whatCannotBeToldCostsNothingElse() {
        Parts parts = new Parts(new LinkedHashMap<>());
        parts.add("exit", null, () -> {
            throw new IllegalStateException();
        });
        parts.addAll(List.of("inputs", "values"), () -> {
            throw new NoSuchMethodError();
        });
        parts.add("cpus", null, () -> 1);
        Map<String, Object> told = parts.all();
        assertNull(told.get("exit"));
        assertEquals(List.of(), told.get("inputs"));
        assertEquals(1, told.get("cpus"));
        assertEquals(List.of("exit", "inputs", "values"), told.get("untold"));
    }

    @Test
    void aFileOfAnotherFileSystemIsNotLookedAt() throws IOException {
        // An archive stands for a bucket: not the machine's own file system.
        Path archive = folder.resolve("a.zip");
        try (FileSystem remote = FileSystems.newFileSystem(archive, Map.of("create", "true"))) {
            Path path = Files.writeString(remote.getPath("/x.txt"), "abc");
            List<List<Object>> told = TaskFiles.outputs(Map.of("out", path));
            Map<?, ?> file = (Map<?, ?>) told.get(0).get(0);
            assertEquals("remote", file.get("kind"));
            assertTrue(file.get("path").toString().endsWith("a.zip!/x.txt"), file.get("path").toString());
            Map<String, Object> published = RunEvents.publish(new FilePublishEvent(path, path, List.of()));
            assertNull(published.get("isDir"));
            assertNull(published.get("size"));
            assertNull(((Map<?, ?>) Sources.of(List.of(path)).get(0)).get("sha256"));
        }
    }
}
