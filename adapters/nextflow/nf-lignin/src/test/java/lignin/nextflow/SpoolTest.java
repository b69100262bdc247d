package lignin.nextflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import lignin.nextflow.EventQueue.Event;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {
    private static final long LONG = 60_000;
    @TempDir
    Path folder;

    private Spool open(long queue, long backlog) throws IOException {
        return new Spool(SpoolFile.create(folder, "run"), folder.resolve("other"), "run", SpoolTest::event, new Guard(), queue, backlog);
    }

    private static Map<String, Object> event() {
        return new LinkedHashMap<>(Map.of("type", "spool.lost"));
    }

    private static List<Map<?, ?>> read(Path path) throws IOException {
        List<Map<?, ?>> lines = new ArrayList<>();
        for (String line : Files.readAllLines(path)) {
            lines.add(new Gson().fromJson(line, Map.class));
        }
        return lines;
    }

    @Test
    void eventsOfManyThreadsAreWrittenOnceEachAndNumberedInOrder() throws Exception {
        Spool spool = open(2000, 1 << 20);
        spool.start();
        List<Thread> threads = IntStream.range(0, 8).mapToObj(n -> new Thread(() -> {
            for (int i = 0; i < 200; i++) {
                spool.append(Map.of("thread", n, "i", i), i == 0);
                if (i % 50 == 0) {
                    Thread.currentThread().interrupt();
                }
            }
        })).toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        spool.close(LONG);
        List<Map<?, ?>> lines = read(spool.path());
        assertEquals(1600, lines.size());
        assertEquals(1600, lines.stream().map(line -> line.get("thread") + "/" + line.get("i")).distinct().count());
        assertEquals(IntStream.range(0, 1600).mapToObj(Double::valueOf).toList(), lines.stream().map(line -> line.get("seq")).toList());
    }

    @Test
    void eventsThatAreMadeLaterKeepTheirPlaceAndOneThatIsNoneLeavesNoGap() throws Exception {
        Spool spool = open(1 << 20, 1 << 20);
        for (int i = 0; i < 300; i++) {
            int n = i;
            if (i % 3 == 0) {
                spool.append(Map.of("i", i), false);
            } else {
                spool.appendLater(() -> n % 3 == 1 ? Map.of("i", n) : null);
            }
        }
        spool.start();
        spool.close(LONG);
        List<Map<?, ?>> lines = read(spool.path());
        assertEquals(IntStream.range(0, 300).filter(i -> i % 3 < 2).mapToObj(Double::valueOf).toList(), lines.stream().map(line -> line.get("i")).toList());
        assertEquals(IntStream.range(0, 200).mapToObj(Double::valueOf).toList(), lines.stream().map(line -> line.get("seq")).toList());
    }

    @Test
    void whatIsMadeLaterIsWrittenThoughNobodyWakesTheWriter() throws Exception {
        Spool spool = open(1 << 20, 1 << 20);
        spool.start();
        spool.appendLater(() -> Map.of("i", 1));
        for (long end = System.nanoTime() + LONG * 1_000_000; Files.size(spool.path()) == 0 && System.nanoTime() < end;) {
            Thread.sleep(10);
        }
        assertEquals(1, read(spool.path()).size());
        spool.close(LONG);
    }

    @Test
    void aFullQueueIsWrittenByWhoeverComesAndNothingIsLost() throws Exception {
        // No writer runs: the second event finds no room.
        Spool spool = open(10, 1 << 20);
        for (int i = 0; i < 3; i++) {
            spool.append(Map.of("i", i), false);
        }
        assertEquals(List.of(0.0, 1.0), read(spool.path()).stream().map(line -> line.get("i")).toList());
        spool.start();
        spool.close(LONG);
        assertEquals(List.of(0.0, 1.0, 2.0), read(spool.path()).stream().map(line -> line.get("i")).toList());
    }

    @Test
    void theQueueIsBoundedByItsSize() throws Exception {
        EventQueue queue = new EventQueue(10);
        assertTrue(queue.offer(new Event("x".repeat(20), false), 0));
        assertFalse(queue.offer(new Event("x", false), 1));
        assertTrue(queue.offer(new Event("x", false), 0, 30));
        assertEquals(2, queue.drain().size());
        assertTrue(queue.offer(new Event("x", false), 0));
        assertTrue(queue.await(0));
        queue.close();
        assertFalse(queue.await(LONG));
    }

    @Test
    void aFullDiskKeepsWholeLinesAndTheRestGoesElsewhere() throws Exception {
        // A device that takes nothing stands for the disk.
        Path full = Path.of("/dev/full");
        org.junit.jupiter.api.Assumptions.assumeTrue(Files.isWritable(full));
        Files.createSymbolicLink(folder.resolve("run.jsonl"), full);
        SpoolFile file = SpoolFile.existing(folder.resolve("run.jsonl"));
        Spool spool = new Spool(file, folder.resolve("other"), "run", SpoolTest::event, new Guard(), 10, 60);
        spool.start();
        for (int i = 0; i < 8; i++) {
            spool.append(Map.of("i", i), false);
        }
        spool.close(LONG);
        List<Map<?, ?>> rest = read(folder.resolve("other/run.jsonl"));
        long told = rest.stream().filter(line -> line.containsKey("i")).count();
        Map<?, ?> last = rest.get(rest.size() - 1);
        assertEquals("spool.lost", last.get("type"));
        assertEquals(8, told + (Double) last.get("count"));
        assertTrue(told >= 1);
    }

    @Test
    void anUnwritableFolderGivesTheOtherAndNoneGivesNothing() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        Guard guard = new Guard();
        assertEquals(folder.resolve("b/run.jsonl"), Spool.open(file.resolve("a"), folder.resolve("b"), "run", guard).path());
        assertEquals(folder.resolve("b/run-2.jsonl"), Spool.open(folder.resolve("b"), file, "run", guard).path());
        assertNull(Spool.open(file.resolve("a"), file.resolve("b"), "run", guard));
    }
}
