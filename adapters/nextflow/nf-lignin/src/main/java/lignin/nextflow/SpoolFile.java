package lignin.nextflow;

import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that holds whole lines only: a line that could not be written in full is taken away again. No channel, since one is closed
 * for all when a single thread that writes is interrupted, as Nextflow does with its own.
 */
final class SpoolFile implements Closeable {
    private final Path path;
    private final RandomAccessFile file;
    private long end;
    private boolean torn;

    private SpoolFile(Path path, RandomAccessFile file) {
        this.path = path;
        this.file = file;
    }

    /** A new file in the folder, which is made; with a number in its name when the name is taken. */
    static SpoolFile create(Path folder, String stem) throws IOException {
        Files.createDirectories(folder);
        for (int number = 1;; number++) {
            Path path = folder.resolve(stem + (number == 1 ? "" : "-" + number) + ".jsonl");
            try {
                Files.createFile(path);
                return existing(path);
            } catch (FileAlreadyExistsException taken) {
                if (number == 100) {
                    throw taken;
                }
            }
        }
    }

    /** A file that is there, from its start. */
    static SpoolFile existing(Path path) throws IOException {
        return new SpoolFile(path, new RandomAccessFile(path.toFile(), "rw"));
    }

    Path path() {
        return path;
    }

    void append(byte[] line) throws IOException {
        mend();
        torn = true;
        file.write(line);
        torn = false;
        end += line.length;
    }

    private void mend() throws IOException {
        if (torn) {
            file.setLength(end);
            file.seek(end);
            torn = false;
        }
    }

    void force() throws IOException {
        file.getFD().sync();
    }

    @Override
    public void close() throws IOException {
        try (file) {
            mend();
            force();
        }
    }
}
