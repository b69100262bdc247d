package lignin.nextflow;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Getters by name, for members that are not the same in every Nextflow from 25.04 on, or whose return type moved: one binary
 * serves all. What is not there, or throws, is null.
 */
final class Members {
    private static final Map<String, Optional<Method>> FOUND = new ConcurrentHashMap<>();

    private Members() {
    }

    static Object read(Object owner, String getter) {
        if (owner == null) {
            return null;
        }
        Class<?> type = owner.getClass();
        Optional<Method> method = FOUND.computeIfAbsent(type.getName() + "#" + getter + "@" + System.identityHashCode(type), key -> find(type, getter));
        try {
            return method.isPresent() ? method.get().invoke(owner) : null;
        } catch (InvocationTargetException | IllegalAccessException | IllegalArgumentException absent) {
            return null;
        }
    }

    static String text(Object owner, String getter) {
        Object value = read(owner, getter);
        return value == null ? null : value.toString();
    }

    static boolean flag(Object owner, String getter) {
        return Boolean.TRUE.equals(read(owner, getter));
    }

    private static Optional<Method> find(Class<?> type, String getter) {
        try {
            Method method = type.getMethod(getter);
            method.trySetAccessible();
            return Optional.of(method);
        } catch (NoSuchMethodException absent) {
            return Optional.empty();
        }
    }
}
