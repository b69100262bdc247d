package lignin.nextflow;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import nextflow.script.ScriptMeta;

/** The files that a pipeline is made of, with their hashes: small local text files, read once at the begin. */
final class Sources {
    private static final int FILES = 1000;
    private static final long BYTES = 16 << 20;

    private Sources() {
    }

    static List<Object> of(Collection<Path> paths) {
        List<Object> found = new ArrayList<>();
        if (paths != null) {
            new LinkedHashSet<>(paths).forEach(path -> found.add(source(path)));
        }
        return found;
    }

    /** All loaded scripts, the main one first, and the folders that go with the project and its modules. */
    static Map<String, Object> ofProject(Path main, Path project) {
        Set<Path> scripts = new LinkedHashSet<>();
        if (main != null) {
            scripts.add(main);
        }
        scripts.addAll(ScriptMeta.allScriptNames().values());
        scripts.remove(null);
        Set<Path> homes = new LinkedHashSet<>();
        if (project != null) {
            homes.add(project);
        }
        scripts.forEach(script -> homes.add(script.toAbsolutePath().getParent()));
        Map<String, Object> found = new LinkedHashMap<>();
        found.put("scripts", of(scripts));
        found.put("bin", inside(homes, "bin", "resources/usr/bin"));
        found.put("lib", inside(project == null ? Set.of() : Set.of(project), "lib"));
        found.put("templates", inside(homes, "templates"));
        return found;
    }

    private static List<Object> inside(Set<Path> homes, String... names) {
        Set<Path> files = new LinkedHashSet<>();
        for (Path home : homes) {
            for (String name : names) {
                Path folder = home.resolve(name);
                if (Texts.isLocal(home) && Files.isDirectory(folder)) {
                    try (Stream<Path> walk = Files.walk(folder, 4)) {
                        walk.filter(Files::isRegularFile).sorted().limit(FILES).forEach(files::add);
                    } catch (IOException | RuntimeException unreadable) {
                        continue;
                    }
                }
            }
        }
        return of(files.stream().limit(FILES).toList());
    }

    private static Map<String, Object> source(Path path) {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("path", Texts.path(path));
        tree.put("sha256", sha256(path));
        return tree;
    }

    private static String sha256(Path path) {
        try {
            return Texts.isLocal(path) && Files.isRegularFile(path) && Files.size(path) <= BYTES ? sha256(Files.readAllBytes(path)) : null;
        } catch (IOException unreadable) {
            return null;
        }
    }

    static String sha256(String text) {
        return text == null ? null : sha256(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException never) {
            throw new IllegalStateException(never);
        }
    }
}
