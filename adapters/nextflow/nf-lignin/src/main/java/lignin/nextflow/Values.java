package lignin.nextflow;

import groovy.lang.Closure;
import groovy.lang.GString;
import java.io.File;
import java.lang.reflect.Array;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nextflow.file.FileHolder;

/** Any object of a pipeline as a tree that {@link Json} can write; EVENTS.md says how. */
final class Values {
    static final int ITEMS = 10_000;
    private static final int DEPTH = 20;
    private static final int NODES = 100_000;
    private int left = NODES;

    private Values() {
    }

    static Object of(Object value) {
        return new Values().tree(value, "", 0);
    }

    /** The same for a value that has a name: a secret one gives {@code ***}. */
    static Object of(Object value, String name) {
        return new Values().tree(value, name, 0);
    }

    private Object tree(Object value, String name, int depth) {
        left--;
        if (value == null || value instanceof Boolean) {
            return value;
        }
        if (!name.isEmpty() && Redaction.isSecretName(name)) {
            return Redaction.REDACTED;
        }
        if (value instanceof Number) {
            return value;
        }
        if (isDynamic(value)) {
            return Map.of("$type", value.getClass().getName());
        }
        if (value instanceof CharSequence || value instanceof Character) {
            return text(value.toString());
        }
        if (value instanceof Path path) {
            return Map.of("$path", Texts.path(path));
        }
        if (value instanceof File file) {
            return Map.of("$path", file.getAbsolutePath());
        }
        if (value instanceof FileHolder holder) {
            return tree(holder.getSourceObj() instanceof Path source ? source : holder.getStorePath(), "", depth);
        }
        if (depth >= DEPTH) {
            return Map.of("$deep", value.getClass().getName());
        }
        if (value instanceof Map<?, ?> map) {
            return map(map, depth);
        }
        if (value instanceof Collection<?> items) {
            return list(items, items.size(), depth);
        }
        return value.getClass().isArray() ? array(value, depth) : other(value);
    }

    /** A closure, or a text that calls one each time it is asked for: asking here could give another answer than the engine's. */
    private static boolean isDynamic(Object value) {
        return value instanceof Closure<?> || value instanceof GString text && Arrays.stream(text.getValues()).anyMatch(Closure.class::isInstance);
    }

    private static Object text(String text) {
        if (text.length() <= Texts.LONG) {
            return Redaction.text(text);
        }
        return truncated(text.length(), Texts.masked(text));
    }

    private Object map(Map<?, ?> map, int depth) {
        Map<String, Object> tree = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (tree.size() == ITEMS || left <= 0) {
                return truncated(map.size(), tree);
            }
            String key = String.valueOf(entry.getKey());
            tree.put(key.startsWith("$") ? "$" + key : key, tree(entry.getValue(), key, depth + 1));
        }
        return tree;
    }

    private Object list(Iterable<?> items, int size, int depth) {
        List<Object> tree = new ArrayList<>(Math.min(size, ITEMS));
        Object before = null;
        for (Object item : items) {
            if (tree.size() == ITEMS || left <= 0) {
                return truncated(size, tree);
            }
            tree.add(tree(item, Redaction.optionBefore(before), depth + 1));
            before = item;
        }
        return tree;
    }

    private Object array(Object array, int depth) {
        int size = Array.getLength(array);
        if (array instanceof byte[]) {
            return Map.of("$type", "byte[]", "$text", size + " bytes");
        }
        List<Object> items = new ArrayList<>();
        for (int at = 0; at < Math.min(size, ITEMS + 1); at++) {
            items.add(Array.get(array, at));
        }
        return list(items, size, depth);
    }

    /** The class, and the text where asking for it is sure to be cheap and to change nothing. */
    private static Object other(Object value) {
        String type = value.getClass().getName();
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("$type", type);
        boolean engine = type.startsWith("groovyx.") || type.startsWith("nextflow.") && !type.startsWith("nextflow.util.");
        if (!engine || value instanceof Enum<?>) {
            try {
                tree.put("$text", Texts.masked(value.toString(), 1000));
            } catch (RuntimeException | StackOverflowError untold) {
                tree.remove("$text");
            }
        }
        return tree;
    }

    private static Map<String, Object> truncated(int size, Object head) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("$truncated", size);
        tree.put("$head", head);
        return tree;
    }
}
