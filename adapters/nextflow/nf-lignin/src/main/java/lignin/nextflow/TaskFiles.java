package lignin.nextflow;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nextflow.file.FileHolder;

/** What went into a task and what came out: files, found at any depth of a value, and everything else. */
final class TaskFiles {
    static final int ENTRIES = 100_000;
    private static final int DEPTH = 20;

    private TaskFiles() {
    }

    /** The files that were staged, and the other inputs. */
    static List<List<Object>> inputs(Map<?, ?> inputs) {
        List<Object> files = new ArrayList<>();
        List<Object> values = new ArrayList<>();
        int position = 0;
        for (Map.Entry<?, ?> input : inputs == null ? List.<Map.Entry<?, ?>>of() : inputs.entrySet()) {
            String param = name(input.getKey());
            // Every process without an input has one of this name.
            if (!"$".equals(param)) {
                List<Object> found = new ArrayList<>();
                collect(input.getValue(), FileHolder.class, found, 0);
                for (Object holder : found) {
                    files.add(staged(entry(param, position), (FileHolder) holder));
                }
                if (found.isEmpty() && !isFileParam(input.getKey())) {
                    values.add(valued(entry(param, position), input.getValue()));
                }
                position++;
            }
        }
        return List.of(files, values);
    }

    /** The files that came out, and whole values where they are not just files. */
    static List<List<Object>> outputs(Map<?, ?> outputs) {
        List<Object> files = new ArrayList<>();
        List<Object> values = new ArrayList<>();
        int position = 0;
        for (Map.Entry<?, ?> output : outputs == null ? List.<Map.Entry<?, ?>>of() : outputs.entrySet()) {
            String param = name(output.getKey());
            List<Object> found = new ArrayList<>();
            collect(output.getValue(), Path.class, found, 0);
            for (Object path : found) {
                Map<String, Object> file = entry(param, position);
                file.put("path", Texts.path((Path) path));
                file.put("kind", kind((Path) path));
                files.add(file);
            }
            if (!isJustFiles(output.getValue()) && !(isFileParam(output.getKey()) && found.isEmpty())) {
                values.add(valued(entry(param, position), output.getValue()));
            }
            position++;
        }
        return List.of(files, values);
    }

    private static Map<String, Object> entry(String param, int position) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("param", param);
        entry.put("position", position);
        return entry;
    }

    private static Map<String, Object> staged(Map<String, Object> entry, FileHolder holder) {
        Path path = holder.getStorePath();
        Path source = holder.getSourceObj() instanceof Path given ? given : null;
        entry.put("stageName", holder.getStageName());
        entry.put("source", Texts.path(source));
        entry.put("path", Texts.path(path));
        entry.put("kind", holder.getSourceObj() instanceof CharSequence ? "text" : kind(path));
        return entry;
    }

    private static Map<String, Object> valued(Map<String, Object> entry, Object value) {
        String param = (String) entry.get("param");
        entry.put("value", Values.of(value, param == null ? "" : param));
        return entry;
    }

    private static String kind(Path path) {
        if (path == null || !Texts.isLocal(path)) {
            return path == null ? "absent" : "remote";
        }
        try {
            return Files.readAttributes(path, BasicFileAttributes.class).isDirectory() ? "directory" : "file";
        } catch (IOException gone) {
            return "absent";
        }
    }

    /** The name of a parameter; typed processes of a newer Nextflow may have a text as the key. */
    private static String name(Object param) {
        return param instanceof CharSequence ? param.toString() : Members.text(param, "getName");
    }

    private static boolean isFileParam(Object param) {
        return param != null && param.getClass().getSimpleName().startsWith("File");
    }

    private static boolean isJustFiles(Object value) {
        return value instanceof Path
            || value instanceof Collection<?> items && !items.isEmpty() && items.stream().allMatch(item -> item instanceof Path);
    }

    private static void collect(Object value, Class<?> type, List<Object> found, int depth) {
        if (type.isInstance(value)) {
            found.add(value);
        } else if (value instanceof Collection<?> items && !(value instanceof Path) && depth < DEPTH) {
            items.forEach(item -> collect(item, type, found, depth + 1));
        } else if (value instanceof Map<?, ?> map && depth < DEPTH) {
            map.values().forEach(item -> collect(item, type, found, depth + 1));
        }
    }
}
