package lignin.nextflow;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** The members of an event, of which one that cannot be told does not cost the others: its name stands in {@code untold}. */
final class Parts {
    private final Map<String, Object> members;
    private final List<String> untold = new ArrayList<>();
    private final Map<String, Object> cut = new LinkedHashMap<>();

    Parts(Map<String, Object> members) {
        this.members = members;
    }

    void add(String name, Object otherwise, Callable<Object> part) {
        Object value = otherwise;
        try {
            value = part.call();
        } catch (Exception | LinkageError | StackOverflowError trouble) {
            untold.add(name);
        }
        members.put(name, value);
    }

    /** Several lists at once; a list without end is cut, and its length told. */
    void addAll(List<String> names, Callable<List<List<Object>>> parts) {
        List<List<Object>> lists = null;
        try {
            lists = parts.call();
        } catch (Exception | LinkageError | StackOverflowError trouble) {
            untold.addAll(names);
        }
        for (int at = 0; at < names.size(); at++) {
            List<Object> list = lists == null ? List.of() : lists.get(at);
            if (list.size() > TaskFiles.ENTRIES) {
                cut.put(names.get(at), list.size());
                list = list.subList(0, TaskFiles.ENTRIES);
            }
            members.put(names.get(at), list);
        }
    }

    Map<String, Object> all() {
        if (!cut.isEmpty()) {
            members.put("cut", cut);
        }
        if (!untold.isEmpty()) {
            members.put("untold", untold);
        }
        return members;
    }
}
