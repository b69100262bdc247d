package lignin.nextflow;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import nextflow.extension.FilesEx;

/** How paths and long texts are written. */
final class Texts {
    static final int LONG = 65_536;

    private Texts() {
    }

    /** An absolute local path as it is, anything else as its URI without what would open it to others. */
    static String path(Path path) {
        if (path == null) {
            return null;
        }
        return isLocal(path) ? path.toAbsolutePath().toString() : Redaction.text(uri(path));
    }

    static boolean isLocal(Path path) {
        return path.getFileSystem() == FileSystems.getDefault();
    }

    private static String uri(Path path) {
        try {
            return FilesEx.toUriString(path);
        } catch (RuntimeException | LinkageError unknown) {
            return path.toUri().toString();
        }
    }

    /** A text without secrets, its head when it is longer than {@code limit}. */
    static String masked(Object text, int limit) {
        if (text == null) {
            return null;
        }
        String whole = text.toString();
        // What is masked is a little longer than what is kept, so that no half of a secret stands at the cut.
        String head = Redaction.text(whole.length() > limit + 4096 ? cut(whole, limit + 4096) : whole);
        return head.length() > limit || whole.length() > limit + 4096 ? cut(head, limit) + "…" : head;
    }

    static String masked(Object text) {
        return masked(text, LONG);
    }

    static String cut(String text, int length) {
        if (text.length() <= length) {
            return text;
        }
        return text.substring(0, Character.isHighSurrogate(text.charAt(length - 1)) ? length - 1 : length);
    }
}
